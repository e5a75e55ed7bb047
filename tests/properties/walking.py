"""How couriers walk their tours in the zone: reports with evidence, the other side's scans."""

from dataclasses import dataclass

from hypothesis import strategies as st

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.compounds import entrance_key
from dispatch.core.keeping import Side, code_key
from dispatch.core.model import (
    ActionKind,
    CustodianKind,
    FailureCode,
    ParcelState,
    ProofKind,
    Purpose,
    Stop,
    StopAction,
    StopState,
    Tour,
)
from tests.properties.zone import ZoneBase


@dataclass(frozen=True)
class Mood:
    """How carefully a courier works.

    Attributes
    ----------
    place
        ``here``, ``far`` or "" for a phone that does not know.
    has_proof, waits
        Whether the recipient's proof is taken; whether contact and wait come before a failure.
    other_side
        Whether the one on the other side scans at once.
    """

    place: str = "here"
    has_proof: bool = True
    waits: bool = True
    other_side: bool = True


CAREFUL = Mood()
moods = st.one_of(
    st.just(CAREFUL),
    st.just(CAREFUL),
    st.builds(
        Mood,
        place=st.sampled_from(["here", "here", "far", ""]),
        has_proof=st.sampled_from([True, True, False]),
        waits=st.booleans(),
        other_side=st.booleans(),
    ),
)
failures = st.sampled_from(
    [None] * 9
    + [FailureCode.ABSENT] * 3
    + [FailureCode.REFUSED, FailureCode.DAMAGED, FailureCode.NO_ACCESS, FailureCode.BAD_ADDRESS]
    + [FailureCode.HUB_CLOSED, FailureCode.HUB_FULL, FailureCode.PIN_FAILED, FailureCode.WEATHER]
)
outcomes = st.lists(failures, min_size=1, max_size=10)
many_outcomes = st.lists(failures, min_size=8, max_size=14)

codes = st.lists(
    st.sampled_from(["right", "right", "wrong", "wrong", "old", "none"]), min_size=1, max_size=5
)


class Walking(ZoneBase):
    """Gives the steps of tours; no rules of its own."""

    def tour_of(self, courier: str) -> Tour:
        """Return the courier's tour under way."""
        return self.state.tour(self.state.live_tour[courier])

    def next_of(self, courier: str) -> tuple[int, Stop, StopAction]:
        """Return the next thing to do on a tour, with its stop."""
        return next(
            (index, stop, action)
            for index, stop in enumerate(self.tour_of(courier).stops)
            for action in stop.actions
            if action.state is StopState.PENDING
        )

    def walk(self, courier: str, failure: FailureCode | None = None, mood: Mood = CAREFUL) -> bool:
        """Do the next thing of a tour, perhaps in vain; say whether anything came of it."""
        index, stop, action = self.next_of(courier)
        at_pickup = action.kind is ActionKind.PICKUP
        if at_pickup and failure not in {FailureCode.HUB_CLOSED, FailureCode.DAMAGED}:
            failure = None
        if failure is not None and mood.waits and not at_pickup:
            self._knock(courier, index, action)
        report = m.StopReport(
            id=f"r{self.count}",
            at=self.now,
            stop=index,
            leg=action.leg,
            action=action.kind,
            failure=failure,
            evidence=self.evidence(stop, action, failure, mood),
        )
        command = m.RecordStop(courier=courier, tour=self.tour_of(courier).id, report=report)
        events = self.attempt(command)
        if events:
            assert self.attempt(command) == (), "the same report was taken twice"
        if mood.other_side:
            self.now += 5
            self.other_side(self.state.leg(action.leg).parcel)
        return bool(events)

    def _knock(self, courier: str, index: int, action: StopAction) -> None:
        """Arrive, let the recipient know, and wait."""
        tour = self.tour_of(courier).id
        arrival = m.StopReport(id=f"a{self.count}", at=self.now, stop=index)
        self.attempt(m.RecordStop(courier=courier, tour=tour, report=arrival))
        if courier in self.state.live_tour:
            self.attempt(m.ContactRecipient(courier=courier, tour=tour, leg=action.leg))
        self.now += self.state.policy.absent_wait_s + 1

    def evidence(
        self, stop: Stop, action: StopAction, failure: FailureCode | None, mood: Mood
    ) -> m.Evidence:
        """Return what a phone shows for a thing done, or tried."""
        parcel = self.state.parcel(self.state.leg(action.leg).parcel)
        proofs: tuple[ProofKind, ...] = ()
        if action.kind is ActionKind.DROPOFF and failure is None and mood.has_proof:
            usual = ProofKind.RECEIVER_NAME
            if action.purpose is Purpose.SAFE_PLACE:
                usual = ProofKind.PHOTO
            proofs = tuple(sorted({*parcel.proofs, usual}))
        code = self.state.codes.get(code_key("", parcel.id))
        here = stop.place_of(action.leg)
        off = 0.02 if mood.place == "far" else 0
        return m.Evidence(
            lat=here.lat + off if mood.place else None,
            lon=here.lon if mood.place else None,
            entrance=entrance_key(here),
            accuracy_m=20 if mood.place else 0,
            proofs=proofs,
            receiver="personal/1" if ProofKind.RECEIVER_NAME in proofs else "",
            code_serial=code.serial if code and ProofKind.PIN in proofs else 0,
        )

    def awaiting(self) -> list[str]:
        """Return the parcels that wait for their recipients."""
        return [
            parcel.id
            for parcel in self.state.parcels.values()
            if parcel.state is ParcelState.AWAITING_COLLECTION
        ]

    def code_of(self, parcel: str) -> tuple[str, int]:
        """Return the hub where a parcel waits, and the serial of its recipient's code."""
        waiting = self.state.parcel(parcel)
        hub = waiting.custodian.id
        return hub, self.state.codes[code_key(hub, waiting.recipient)].serial

    def tell_codes(self, parcel: str, told: list[str], actor: str = "counter") -> None:
        """Come for a parcel and tell one code after the other; only the right one opens."""
        hub, serial = self.code_of(parcel)
        for code in told:
            code_serial = {"right": serial, "old": serial - 1, "wrong": -1}.get(code, 0)
            events = self.attempt(
                m.ReleaseParcel(hub=hub, parcel=parcel, actor=actor, code_serial=code_serial)
            )
            collected = any(isinstance(event, m.ParcelCollected) for event in events)
            assert not collected or code == "right"

    def other_side(self, parcel: str, actor: str = "counter") -> tuple[m.Event, ...]:
        """Scan for whoever has still to scan a parcel that changes hands, if anybody has."""
        half = self.state.halves.get(parcel)
        if half is None:
            return ()
        giver, taker = half.giver, half.taker
        hub = taker.id if taker.kind is CustodianKind.HUB else giver.id
        there = sorted(posts.attending(self.state, hub, self.now))
        if there:
            actor = f"couriers/{there[0]}"
        if taker.kind is CustodianKind.HUB and half.side is Side.GIVER:
            return self.attempt(
                m.ReceiveParcel(hub=taker.id, parcel=parcel, courier=giver.id, actor=actor)
            )
        if giver.kind is CustodianKind.HUB and half.side is Side.TAKER:
            return self.attempt(
                m.ReleaseParcel(hub=giver.id, parcel=parcel, courier=taker.id, actor=actor)
            )
        if half.side is Side.TAKER and CustodianKind.COURIER is giver.kind is taker.kind:
            return self.attempt(
                m.GiveParcel(courier=giver.id, parcel=parcel, taker=taker.id, at=self.now)
            )
        courier = taker.id if half.side is Side.GIVER else giver.id
        if courier in self.state.live_tour:
            return self._scan_of(courier, parcel)
        return ()

    def _scan_of(self, courier: str, parcel: str) -> tuple[m.Event, ...]:
        """Report a courier's next thing to do with a parcel, wherever on the tour it is."""
        for index, stop in enumerate(self.tour_of(courier).stops):
            for action in stop.actions:
                is_its = self.state.leg(action.leg).parcel == parcel
                if is_its and action.state is StopState.PENDING:
                    report = m.StopReport(
                        id=f"s{self.count}",
                        at=self.now,
                        stop=index,
                        leg=action.leg,
                        action=action.kind,
                        evidence=self.evidence(stop, action, None, CAREFUL),
                    )
                    tour = self.tour_of(courier).id
                    return self.attempt(m.RecordStop(courier=courier, tour=tour, report=report))
        return ()
