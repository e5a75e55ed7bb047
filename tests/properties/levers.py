"""Rules of the state machine: what dispatchers do, what is corrected, lost or reported late."""

from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from dispatch.core import messages as m
from dispatch.core.keeping import Closure, ClosureKind
from dispatch.core.model import (
    ActionKind,
    CustodianKind,
    FailureCode,
    ParcelState,
    ProofKind,
    StopState,
)
from tests.core.town import HOUR
from tests.properties.dispatching import Dispatching
from tests.properties.walking import CAREFUL, Mood
from tests.properties.zone import choices, couriers, hubs, pick

BOSS = {"actor": "dispatcher", "reason": "because"}


class Levers(Dispatching):
    """What dispatchers may do to legs, tours, hubs and ways."""

    @precondition(lambda self: self.state.open_parcels)
    @rule(choice=choices, courier=couriers, pins=st.sampled_from([True, True, False]))
    def pin(self, choice: int, courier: str, pins: bool) -> None:  # noqa: FBT001 - drawn
        """Let only one courier have a leg, or anybody again."""
        leg = self.state.parcel(pick(self.state.open_parcels, choice)).leg
        if pins:
            self.attempt(m.PinLeg(leg=leg, courier=courier, **BOSS))
        else:
            self.attempt(m.UnpinLeg(leg=leg, **BOSS))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, courier=st.sampled_from(["", "ann", "bob", "stu"]))
    def reassign(self, choice: int, courier: str) -> None:
        """Take a leg from its courier."""
        legs = [leg.id for leg in self.state.legs.values() if leg.courier]
        self.attempt(m.ReassignLeg(leg=pick(legs, choice), courier=courier, **BOSS))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, is_fetched=st.booleans(), attests=st.booleans())
    def a_courier_vanishes(self, choice: int, is_fetched: bool, attests: bool) -> None:  # noqa: FBT001
        """Give up on a courier; what is in the bag waits to be fetched, and perhaps is."""
        courier = pick(self.state.live_tour, choice)
        tour = self.state.live_tour[courier]
        events = self.attempt(m.RescueTour(courier=courier, tour=tour, **BOSS))
        assert not events or courier not in self.state.live_tour
        if not is_fetched:
            return
        self.close_an_epoch(["yes"] * 5)
        for taker in sorted(self.state.live_tour):
            self.walk(taker, None, Mood(other_side=False))
        for parcel in sorted(self.state.halves):
            if attests:
                taker = self.state.halves[parcel].taker.id
                self.attempt(m.AttestHandover(parcel=parcel, taker=taker, **BOSS))
            self.other_side(parcel)

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, attests=st.booleans())
    def a_courier_gives(self, choice: int, attests: bool) -> None:  # noqa: FBT001 - drawn
        """Hand what one courier has to the one who comes for it, or attest that it was."""
        courier = pick(self.state.live_tour, choice)
        _, _, action = self.next_of(courier)
        parcel = self.state.parcel(self.state.leg(action.leg).parcel)
        if parcel.custodian.kind is not CustodianKind.COURIER:
            return
        giver = parcel.custodian.id
        if attests:
            self.attempt(m.AttestHandover(parcel=parcel.id, taker=courier, **BOSS))
        else:
            self.attempt(m.GiveParcel(courier=giver, parcel=parcel.id, taker=courier, at=self.now))
        self.other_side(parcel.id)

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices)
    def override(self, choice: int) -> None:
        """Let the next failed attempt count without evidence."""
        _, _, action = self.next_of(pick(self.state.live_tour, choice))
        parcel = self.state.leg(action.leg).parcel
        self.attempt(m.OverrideAttempt(parcel=parcel, **BOSS))

    @rule(hub=hubs, pauses=st.booleans(), for_s=st.sampled_from([0, 600, 2 * HOUR]))
    def pause_a_hub(self, hub: str, pauses: bool, for_s: int) -> None:  # noqa: FBT001 - drawn
        """Let a hub take and give nothing, or work again."""
        if pauses:
            until = self.now + for_s if for_s else 0
            self.attempt(m.PauseHub(hub=hub, until=until, **BOSS))
        else:
            self.attempt(m.ResumeHub(hub=hub, **BOSS))

    @rule(
        kind=st.sampled_from(ClosureKind),
        for_s=st.sampled_from([60, HOUR]),
        opens=st.booleans(),
    )
    def close_a_way(self, kind: ClosureKind, for_s: int, opens: bool) -> None:  # noqa: FBT001
        """Close a street, an area or a gate, or open it before its time."""
        if opens:
            self.attempt(m.OpenWay(closure=kind.value, **BOSS))
            return
        is_area = kind is ClosureKind.AREA
        closure = Closure(
            id=kind.value,
            kind=kind,
            until=self.now + for_s,
            ref="" if is_area else "17",
            ring=((0.0, 0.0), (0.0, 0.001), (0.001, 0.0)) if is_area else (),
            **BOSS,
        )
        self.attempt(m.CloseWay(closure=closure))

    def done_at_doors(self) -> list[str]:
        """Return tour and leg of what was reported at doors in the last hour."""
        return [
            f"{tour.id} {action.leg}"
            for tour in self.state.tours.values()
            for stop in tour.stops
            for action in stop.actions
            if action.kind is ActionKind.DROPOFF
            and action.state in {StopState.COMPLETED, StopState.FAILED}
            and action.done_at > self.now - HOUR
        ]

    @precondition(lambda self: self.done_at_doors())
    @rule(choice=choices, failure=st.sampled_from([FailureCode.ABSENT, FailureCode.REFUSED]))
    def correct(self, choice: int, failure: FailureCode) -> None:
        """Say that a drop-off went otherwise than reported, and perhaps the opposite again."""
        tour, leg = pick(self.done_at_doors(), choice).split()
        for said in (failure, None):
            self.attempt(
                m.CorrectStop(
                    courier=self.state.tour(tour).courier,
                    tour=tour,
                    leg=leg,
                    failure=said,
                    evidence=m.Evidence(proofs=(ProofKind.RECEIVER_NAME, ProofKind.SIGNATURE)),
                    **BOSS,
                )
            )

    @precondition(lambda self: self.state.parcels)
    @rule(choice=choices, to=st.sampled_from([ParcelState.LOST, ParcelState.DISPOSED]))
    def write_off(self, choice: int, to: ParcelState) -> None:
        """Give a parcel up."""
        moved = [parcel.id for parcel in self.state.parcels.values() if len(parcel.custody) > 1]
        parcel = pick(moved or self.state.parcels, choice)
        self.attempt(m.WriteOffParcel(parcel=parcel, to=to, **BOSS))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, far=st.booleans())
    def tell_where_one_is(self, choice: int, far: bool) -> None:  # noqa: FBT001 - drawn
        """Tell a position, near or so far that promises break."""
        courier = pick(self.state.live_tour, choice)
        lat = 0.3 if far else 0.001
        before = self.state.parcels
        self.attempt(m.RecordPosition(courier=courier, lat=lat, lon=0.0))
        assert self.state.parcels == before

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, late_s=st.sampled_from([60, 900, 2 * HOUR]), turned=st.booleans())
    def a_day_offline(self, choice: int, late_s: int, turned: bool) -> None:  # noqa: FBT001
        """Send the reports of a tour's next things together, late and perhaps turned round."""
        courier = pick(self.state.live_tour, choice)
        tour = self.tour_of(courier)
        began_at = max(self.now, tour.accepted_at)
        self.now += late_s
        reports: list[m.StopReport] = []
        for index, stop in enumerate(tour.stops):
            for action in stop.actions:
                if action.state is StopState.PENDING:
                    began_at = min(began_at + 20, self.now)
                    reports.append(
                        m.StopReport(
                            id=f"o{self.count}-{len(reports)}",
                            at=began_at,
                            stop=index,
                            leg=action.leg,
                            action=action.kind,
                            sequence=len(reports),
                            evidence=self.evidence(stop, action, None, CAREFUL),
                        )
                    )
        for report in reversed(reports) if turned else reports:
            self.attempt(m.RecordStop(courier=courier, tour=tour.id, report=report))
