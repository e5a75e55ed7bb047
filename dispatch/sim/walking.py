"""Simulated couriers on their tours: on the way, at doors, and at counters.

A courier does one thing after the other. What cannot be done is reported with its reason, as a
real courier would; whatever follows (the next rung, a way back) is the engine's business and
comes as another stop of the same tour.
"""

import functools

from dispatch.core import hubs
from dispatch.core.errors import DispatchError, HubClosed, HubFull, NoContract
from dispatch.core.keeping import code_key
from dispatch.core.messages import (
    AttestHandover,
    Command,
    Evidence,
    GiveParcel,
    ReceiveParcel,
    RecordStop,
    ReleaseParcel,
    RescueTour,
    StartTour,
    StopReport,
)
from dispatch.core.model import (
    ActionKind,
    CustodianKind,
    FailureCode,
    Instant,
    Leg,
    LegKind,
    Parcel,
    ProofKind,
    Purpose,
    StopAction,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.policy import Policy
from dispatch.sim.behaviour import People, arrival, earliest, next_action
from dispatch.sim.households import Households
from dispatch.sim.stage import Stage

DISPATCHER = "dispatcher"
"""Who gives up on couriers that have vanished, and attests what is fetched from them."""
ACCURACY_M = 10
"""What a simulated phone says of its own fix (A)."""


class Walks:
    """All tours of a day.

    Attributes
    ----------
    vanished
        Couriers who are never heard of again.
    stuck
        (tour, leg, why) of what a courier could neither do nor report: faults, not fate.
    """

    def __init__(
        self, stage: Stage, people: People, households: Households, policy: Policy, rescue_s: int
    ) -> None:
        self._stage = stage
        self._people = people
        self._households = households
        self._policy = policy
        self._rescue_s = rescue_s
        self.vanished: set[str] = set()
        self.stuck: list[tuple[str, str, str]] = []

    def set_out(self, tour: Tour) -> None:
        """Begin a tour, if it is still the courier's."""
        if self._stage.state.tours[tour.id].state is TourState.COMMITTED:
            self._stage.submit(StartTour(courier=tour.courier, tour=tour.id))
            self._go_on(tour.id)

    def _go_on(self, tour_id: str) -> None:
        """Take the next step of a tour: the way to a stop, or an action at it."""
        state, now = self._stage.state, self._stage.now
        tour = state.tours[tour_id]
        found = next_action(tour)
        if tour.state is not TourState.ACTIVE or found is None or tour.courier in self.vanished:
            return
        if self._people.vanishes(tour) and _has_picked_up(tour):
            self._vanish(tour)
            return
        index, stop, action = found
        if not stop.arrived_at:
            at = now + self._people.travel_s(stop, now)
            self._stage.at(at, functools.partial(self._arrive, tour_id, index))
            return
        policy = self._policy
        planned_s = policy.scan_s + (
            policy.shelve_s if action.kind is ActionKind.PICKUP else policy.hand_over_s
        )
        at = earliest(state, action, now) + self._people.service_s(
            planned_s, action.leg, action.kind
        )
        self._stage.at(at, functools.partial(self._act, tour_id, action))

    def _arrive(self, tour_id: str, index: int) -> None:
        tour = self._stage.state.tours[tour_id]
        found = next_action(tour)
        if tour.state is not TourState.ACTIVE:
            return
        if found is not None and found[0] == index:
            self._stage.submit(arrival(tour, index, self._stage.now))
        self._go_on(tour_id)

    def _act(self, tour_id: str, action: StopAction, contacted_at: Instant = 0) -> None:
        """Do what is to do at a stop, unless it has changed since the courier began."""
        state, now = self._stage.state, self._stage.now
        tour = state.tours[tour_id]
        found = next_action(tour)
        if found is None or found[2] != action or tour.state is not TourState.ACTIVE:
            self._go_on(tour_id)
            return
        leg = state.legs[action.leg]
        parcel = state.parcels[leg.parcel]
        evidence = self._evidence(leg, parcel, tour, found[0])
        if self._is_at_door(leg, action) and not self._households.is_home(parcel, now):
            if not contacted_at:
                at = now + self._policy.absent_wait_s
                self._stage.at(at, functools.partial(self._act, tour_id, action, now))
                return
            called = Evidence(
                lat=evidence.lat,
                lon=evidence.lon,
                accuracy_m=ACCURACY_M,
                contacted_at=contacted_at,
                contact="call",
            )
            self._report(tour_id, action, called, FailureCode.ABSENT)
            self._go_on_from(tour_id, action)
            return
        refused = self._report(tour_id, action, evidence, None)
        if refused is not None:
            self._give_up(tour_id, action, refused)
        elif self._is_open(tour_id, action):
            after_s = self._people.counter_s(leg.pickup.hub or leg.dropoff.hub, leg.id)
            self._stage.at(now + after_s, functools.partial(self._scan, tour_id, action))
        else:
            self._go_on(tour_id)

    def _is_at_door(self, leg: Leg, action: StopAction) -> bool:
        return (
            action.kind is ActionKind.DROPOFF
            and leg.kind is not LegKind.RETURN
            and leg.purpose is Purpose.DOOR
        )

    def _evidence(self, leg: Leg, parcel: Parcel, tour: Tour, index: int) -> Evidence:
        """Return what the phone shows: where it is, and what stands for the recipient."""
        place = tour.stops[index].place
        proofs: tuple[ProofKind, ...] = ()
        serial = 0
        if leg.purpose in {Purpose.DOOR, Purpose.PERSON}:
            proofs = tuple(sorted({*parcel.proofs, ProofKind.RECEIVER_NAME}))
        elif leg.purpose is Purpose.SAFE_PLACE:
            proofs = (ProofKind.PHOTO,)
        if ProofKind.PIN in proofs:
            code = self._stage.state.codes.get(code_key("", parcel.id))
            serial = code.serial if code is not None else 0
        return Evidence(
            lat=place.lat, lon=place.lon, accuracy_m=ACCURACY_M, proofs=proofs, code_serial=serial
        )

    def _report(
        self, tour_id: str, action: StopAction, evidence: Evidence, failure: FailureCode | None
    ) -> DispatchError | None:
        """Send one report; return why it was refused."""
        tour, now = self._stage.state.tours[tour_id], self._stage.now
        index = next(i for i, stop in enumerate(tour.stops) if action in stop.actions)
        what = failure.value if failure is not None else "DONE"
        report = StopReport(
            id=f"{index}-{action.leg}-{action.kind}-{what}",
            at=now,
            stop=index,
            leg=action.leg,
            action=action.kind,
            failure=failure,
            evidence=evidence,
        )
        return self._stage.submit(RecordStop(courier=tour.courier, tour=tour_id, report=report))

    def _give_up(self, tour_id: str, action: StopAction, refused: DispatchError) -> None:
        """Report why something cannot be done, and go on with the tour."""
        failure = FailureCode.NOT_ATTEMPTED
        if isinstance(refused, HubClosed):
            failure = FailureCode.HUB_CLOSED
        elif isinstance(refused, HubFull | NoContract):
            failure = FailureCode.HUB_FULL
        again = self._report(tour_id, action, Evidence(), failure)
        if again is not None:
            self.stuck.append((tour_id, action.leg, f"{refused}; {again}"))
            return
        self._go_on_from(tour_id, action)

    def _go_on_from(self, tour_id: str, action: StopAction) -> None:
        """Go on, unless what was just reported is still to be done: then nothing ever changes."""
        if self._is_open(tour_id, action):
            self.stuck.append((tour_id, action.leg, "a report changed nothing"))
            return
        self._go_on(tour_id)

    def _is_open(self, tour_id: str, action: StopAction) -> bool:
        """Whether an action is still to be done."""
        return any(
            own.state is StopState.PENDING
            for stop in self._stage.state.tours[tour_id].stops
            for own in stop.actions
            if (own.leg, own.kind) == (action.leg, action.kind)
        )

    # --- the other side of a hand-over -------------------------------------------------

    def _scan(self, tour_id: str, action: StopAction) -> None:
        """Let the other side scan: a counter, a courier, or a dispatcher for one who is gone."""
        state = self._stage.state
        if not self._is_open(tour_id, action) or state.tours[tour_id].state is not TourState.ACTIVE:
            self._go_on(tour_id)
            return
        command = self._other_side(tour_id, action)
        refused = None if command is None else self._stage.submit(command)
        if refused is not None:
            self._give_up(tour_id, action, refused)
        else:
            self._go_on_from(tour_id, action)

    def _other_side(self, tour_id: str, action: StopAction) -> Command | None:
        state, now = self._stage.state, self._stage.now
        courier = state.tours[tour_id].courier
        leg = state.legs[action.leg]
        parcel = state.parcels[leg.parcel]
        if action.kind is ActionKind.DROPOFF:
            hub = leg.dropoff.hub
            return ReceiveParcel(
                hub=hub, parcel=parcel.id, courier=courier, actor=f"hubs/{hub}", at=now
            )
        holder = parcel.custodian
        if holder.kind is CustodianKind.HUB:
            return ReleaseParcel(
                hub=holder.id, parcel=parcel.id, courier=courier, actor=f"hubs/{holder.id}", at=now
            )
        if holder.kind is not CustodianKind.COURIER:
            return None
        if holder.id in self.vanished:
            return AttestHandover(
                parcel=parcel.id, taker=courier, actor=DISPATCHER, reason="fetched from the courier"
            )
        return GiveParcel(courier=holder.id, parcel=parcel.id, taker=courier, at=now)

    # --- couriers who vanish -----------------------------------------------------------

    def _vanish(self, tour: Tour) -> None:
        self.vanished.add(tour.courier)
        self._stage.at(self._stage.now + self._rescue_s, functools.partial(self._rescue, tour))

    def _rescue(self, tour: Tour) -> None:
        self._stage.submit(
            RescueTour(
                courier=tour.courier, tour=tour.id, actor=DISPATCHER, reason="does not answer"
            )
        )


def _has_picked_up(tour: Tour) -> bool:
    return any(
        action.kind is ActionKind.PICKUP and action.state is StopState.COMPLETED
        for stop in tour.stops
        for action in stop.actions
    )


class Collections:
    """All recipients who fetch their parcels from hubs."""

    def __init__(self, stage: Stage, households: Households) -> None:
        self._stage = stage
        self._households = households

    def expect(self, parcel_id: str, hub: str) -> None:
        """Let a recipient come for a parcel that has just been put into a hub."""
        parcel = self._stage.state.parcels[parcel_id]
        after_s = self._households.fetches_after_s(parcel)
        if after_s is not None:
            self._stage.at(self._stage.now + after_s, functools.partial(self._come, parcel_id, hub))

    def _come(self, parcel_id: str, hub: str) -> None:
        state, now = self._stage.state, self._stage.now
        parcel = state.parcels[parcel_id]
        if parcel.custodian.kind is not CustodianKind.HUB or parcel.custodian.id != hub:
            return
        if not hubs.works(state, hub, now):
            opens_at = self._opens_at(hub, now)
            if opens_at:
                at = opens_at + self._households.comes_after_opening_s(parcel)
                self._stage.at(at, functools.partial(self._come, parcel_id, hub))
            return
        code = state.codes.get(code_key(hub, parcel.recipient))
        self._stage.submit(
            ReleaseParcel(
                hub=hub,
                parcel=parcel_id,
                actor=f"hubs/{hub}",
                code_serial=code.serial if code is not None else 0,
                at=now,
            )
        )

    def _opens_at(self, hub: str, now: Instant) -> Instant:
        """Return when a hub that is closed works again; 0 for never."""
        pause = self._stage.state.paused_hubs.get(hub)
        after = now
        if pause is not None:
            if not pause.until:
                return 0
            after = max(now, pause.until)
        hours = hubs.hours_from(self._stage.state.hubs[hub], after)
        if hours is None:
            return after
        return max(after, hours.opens_at) if after <= hours.closes_at else 0
