"""Simulated couriers on their tours: on the way, at doors, and at counters.

A courier does one thing after the other. What cannot be done is reported with its reason, as a
real courier would; whatever follows (the next rung, a way back) is the engine's business and
comes as another stop of the same tour.
"""

import functools

from dispatch.core.errors import (
    DispatchError,
    HubClosed,
    HubFull,
    KeeperMissing,
    NoContract,
    OutsideGeofence,
    PostMinimum,
)
from dispatch.core.messages import (
    Evidence,
    RecordStop,
    RescueTour,
    StartTour,
    StopReport,
)
from dispatch.core.model import (
    ActionKind,
    FailureCode,
    Instant,
    Leg,
    Parcel,
    Place,
    Purpose,
    Seconds,
    Stop,
    StopAction,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.policy import Policy
from dispatch.sim import counters
from dispatch.sim.behaviour import Behaviour, People, arrival, earliest, next_action
from dispatch.sim.counters import DISPATCHER
from dispatch.sim.households import Households
from dispatch.sim.passing import Passing
from dispatch.sim.showing import attempt_of, evidence_of, is_for_recipient, together
from dispatch.sim.stage import Act, Stage


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
        self,
        stage: Stage,
        people: People,
        households: Households,
        passing: Passing,
        policy: Policy,
        behaviour: Behaviour,
    ) -> None:
        self._stage = stage
        self._people = people
        self._households = households
        self._passing = passing
        self._policy = policy
        self._values = behaviour
        self._waiting_since: dict[tuple[str, str, ActionKind], Instant] = {}
        self._reached: set[tuple[str, str, ActionKind]] = set()
        self.vanished: set[str] = set()
        self.stuck: list[tuple[str, str, str]] = []

    def set_out(self, tour: Tour) -> None:
        """Begin a tour, if it is still the courier's; a guard waits until the post allows it."""
        if self._stage.state.tours[tour.id].state is not TourState.COMMITTED:
            return
        refused = self._stage.submit(StartTour(courier=tour.courier, tour=tour.id))
        if isinstance(refused, PostMinimum):
            at = self._stage.now + self._values.post_retry_s
            self._stage.at(at, functools.partial(self.set_out, tour))
            return
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
            at = now + self._passing.way_s(state, tour, index, now)
            self._stage.at(at, functools.partial(self._arrive, tour_id, index))
            return
        key = (tour_id, action.leg, action.kind)
        if key not in self._reached:
            # From door to door at one entrance, once.
            self._reached.add(key)
            now += self._passing.step_s(state, tour, stop, action, now)
        at = earliest(state, action, now)
        at += self._service_s(action, together(state, stop, action, at))
        self._stage.at(at, functools.partial(self._act, tour_id, action))

    def _service_s(self, action: StopAction, others: tuple[StopAction, ...]) -> Seconds:
        """Return how long it takes to scan and hand over, or to scan and stow away."""
        policy = self._policy
        is_pickup = action.kind is ActionKind.PICKUP
        planned_s = policy.scan_s + (policy.shelve_s if is_pickup else policy.hand_over_s)
        # Each parcel is scanned; they are handed over at once.
        return self._people.service_s(planned_s, action.leg, action.kind) + sum(
            self._people.service_s(policy.scan_s, its.leg, its.kind) for its in others
        )

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
        stop, leg = found[1], state.legs[action.leg]
        place = stop.place_of(leg.id)
        if is_for_recipient(leg, action):
            parcel = state.parcels[leg.parcel]
            shut_at = self._passing.turned_away(tour_id, place)
            wait_s = 0 if contacted_at else self._wait_s(leg, parcel, shut_at)
            if wait_s:
                at = now + wait_s
                self._stage.at(at, functools.partial(self._act, tour_id, action, now))
                return
            failure = self._failure(leg, parcel, shut_at, contacted_at)
            if failure is not None:
                its = attempt_of(shut_at or place, contacted_at, tag=shut_at is None)
                self._fail(tour_id, (action, *together(state, stop, action, now)), its, failure)
                return
        evidence = evidence_of(state, leg, place, contacted_at)
        refused = self._hand_over(tour_id, stop, action, evidence)
        if refused is not None:
            again = functools.partial(self._act, tour_id, action, contacted_at)
            self._wait_or_give_up(tour_id, action, refused, again)
        elif self._is_open(tour_id, action):
            after_s = self._people.counter_s(leg.pickup.hub or leg.dropoff.hub, leg.id)
            self._stage.at(now + after_s, functools.partial(self._scan, tour_id, action))
        else:
            self._go_on(tour_id)

    # --- recipients --------------------------------------------------------------------

    def _wait_s(self, leg: Leg, parcel: Parcel, shut_at: Place | None) -> Seconds:
        """Return how long a courier waits who has just called; 0 where somebody opens."""
        now, absent_s = self._stage.now, self._policy.absent_wait_s
        if shut_at is not None:
            return absent_s
        if leg.purpose is Purpose.GATE:
            return self._households.comes_down_after_s(parcel, now) or absent_s
        return 0 if self._households.is_home(parcel, now) else absent_s

    def _failure(
        self, leg: Leg, parcel: Parcel, shut_at: Place | None, contacted_at: Instant
    ) -> FailureCode | None:
        """Return why the recipient cannot be met after all; None where that is done."""
        if shut_at is not None:
            return FailureCode.NO_ACCESS
        if leg.purpose is Purpose.GATE:
            comes = self._households.comes_down_after_s(parcel, contacted_at) is not None
        else:
            comes = self._households.is_home(parcel, self._stage.now)
        return None if comes else FailureCode.ABSENT

    def _fail(
        self,
        tour_id: str,
        actions: tuple[StopAction, ...],
        evidence: Evidence,
        failure: FailureCode,
    ) -> None:
        """Report a visit in vain, for each parcel of it."""
        for action in actions:
            if self._is_open(tour_id, action):
                refused = self._report(tour_id, action, evidence, failure)
                if isinstance(refused, OutsideGeofence):
                    self._report(tour_id, action, evidence, FailureCode.NOT_ATTEMPTED)
        self._go_on_from(tour_id, actions[0])

    # --- reports -----------------------------------------------------------------------

    def _hand_over(
        self, tour_id: str, stop: Stop, action: StopAction, evidence: Evidence
    ) -> DispatchError | None:
        """Confirm what is done, all parcels of one recipient at once where that is taken."""
        others = together(self._stage.state, stop, action, self._stage.now)
        legs = tuple(its.leg for its in others)
        if legs and self._report(tour_id, action, evidence, None, legs) is None:
            return None
        return self._report(tour_id, action, evidence, None)

    def _report(
        self,
        tour_id: str,
        action: StopAction,
        evidence: Evidence,
        failure: FailureCode | None,
        legs: tuple[str, ...] = (),
    ) -> DispatchError | None:
        """Send one report; return why it was refused."""
        tour, now = self._stage.state.tours[tour_id], self._stage.now
        index = next(i for i, stop in enumerate(tour.stops) if _pending(stop, action))
        what = failure.value if failure is not None else "DONE"
        report = StopReport(
            id=f"{index}-{action.leg}-{action.kind}-{what}",
            at=now,
            stop=index,
            leg=action.leg,
            action=action.kind,
            failure=failure,
            evidence=evidence,
            legs=legs,
        )
        return self._stage.submit(RecordStop(courier=tour.courier, tour=tour_id, report=report))

    def _wait_or_give_up(
        self, tour_id: str, action: StopAction, refused: DispatchError, again: Act
    ) -> None:
        """Wait a while for a keeper who is on the rounds or on a tour; else report why not."""
        state, now = self._stage.state, self._stage.now
        hub = counters.hub_of(state, action)
        is_closed = isinstance(refused, HubClosed | KeeperMissing)
        if is_closed and hub and counters.is_left_alone(state, hub, now):
            key = (tour_id, action.leg, action.kind)
            since = self._waiting_since.setdefault(key, now)
            if now - since < self._values.keeper_wait_s:
                self._stage.at(now + self._values.post_retry_s, again)
                return
        self._give_up(tour_id, action, refused)

    def _give_up(self, tour_id: str, action: StopAction, refused: DispatchError) -> None:
        """Report why something cannot be done, and go on with the tour."""
        failure = FailureCode.NOT_ATTEMPTED
        if isinstance(refused, HubClosed | KeeperMissing):
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
        return any(_pending(stop, action) for stop in self._stage.state.tours[tour_id].stops)

    def _scan(self, tour_id: str, action: StopAction) -> None:
        """Let the other side scan: a counter, a courier, or a dispatcher for one who is gone."""
        state, now = self._stage.state, self._stage.now
        tour = state.tours[tour_id]
        if not self._is_open(tour_id, action) or tour.state is not TourState.ACTIVE:
            self._go_on(tour_id)
            return
        command = counters.other_side(state, action, tour.courier, self.vanished, now)
        refused = None if command is None else self._stage.submit(command)
        if refused is not None:
            again = functools.partial(self._scan, tour_id, action)
            self._wait_or_give_up(tour_id, action, refused, again)
        else:
            self._go_on_from(tour_id, action)

    # --- couriers who vanish -----------------------------------------------------------

    def _vanish(self, tour: Tour) -> None:
        self.vanished.add(tour.courier)
        self._stage.at(
            self._stage.now + self._values.rescue_after_s, functools.partial(self._rescue, tour)
        )

    def _rescue(self, tour: Tour) -> None:
        self._stage.submit(
            RescueTour(
                courier=tour.courier, tour=tour.id, actor=DISPATCHER, reason="does not answer"
            )
        )


def _pending(stop: Stop, action: StopAction) -> bool:
    """Whether a stop still has an action of that leg and kind to do."""
    return any(
        (its.leg, its.kind) == (action.leg, action.kind) and its.state is StopState.PENDING
        for its in stop.actions
    )


def _has_picked_up(tour: Tour) -> bool:
    return any(
        action.kind is ActionKind.PICKUP and action.state is StopState.COMPLETED
        for stop in tour.stops
        for action in stop.actions
    )
