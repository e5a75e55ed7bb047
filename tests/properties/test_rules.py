"""Whatever people do, in whatever order: what must hold in a zone after every command."""

import re
from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
)

from dispatch.core import absence, codec
from dispatch.core import messages as m
from dispatch.core.engine import decide
from dispatch.core.errors import DispatchError, InvalidTransition
from dispatch.core.model import (
    TERMINAL,
    TRANSITIONS,
    ActionKind,
    CourierKind,
    Custodian,
    CustodianKind,
    DeclineReason,
    Duty,
    FailureCode,
    LegState,
    Mode,
    OfferState,
    ParcelState,
    Place,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.state import State, evolve
from dispatch.solver import check
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from maps.travel import StraightLine
from tests.core.town import (
    HOUR,
    NOON,
    ZONE,
    a_courier,
    a_hub,
    a_parcel,
    a_policy,
    inserted,
    place,
    plan_epoch,
    slot,
    window,
)

DOORS = (
    place(300, 0, building="1", entrance="A", floor=2, door_key="1A2"),
    place(300, 0, building="1", entrance="A", floor=5, door_key="1A5"),
    place(-400, 200, door_key="x"),
    place(900, -300, door_key="y"),
    place(15_000, 0, door_key="far"),
)
PEOPLE: dict[str, dict[str, Any]] = {
    "ann": {"kind": CourierKind.RIDER, "mode": Mode.EBIKE},
    "bob": {"kind": CourierKind.NEIGHBOUR, "mode": Mode.FOOT, "max_parcels": 2},
    "gus": {"kind": CourierKind.GUARD, "mode": Mode.FOOT, "capacity_grams": 4000},
    "stu": {"kind": CourierKind.STUDENT, "mode": Mode.BICYCLE, "end": place(800, 800)},
}
ROSTERS = {
    "ann": (slot(0, 12 * HOUR),),
    "bob": (slot(0, 2 * HOUR), slot(2 * HOUR, 3 * HOUR, duty=Duty.BREAK), slot(3 * HOUR, 9 * HOUR)),
    "gus": (slot(0, HOUR, duty=Duty.POST), slot(HOUR, 5 * HOUR, duty=Duty.PATROL)),
    "stu": (slot(600, 4 * HOUR),),
}
AT_ORIGIN = {
    ParcelState.PENDING,
    ParcelState.READY,
    ParcelState.ASSIGNED,
    ParcelState.CANCELLED,
    ParcelState.EXPIRED,
    ParcelState.RETURNED,
}
WITH_COURIER = {ParcelState.COLLECTED, ParcelState.ATTEMPT_FAILED, ParcelState.RETURNING}
LIVE = {TourState.COMMITTED, TourState.ACTIVE}
TIMES = StraightLine()

ANSWERS = st.lists(st.sampled_from(["yes", "yes", "yes", "no", ""]), min_size=1, max_size=4)
OUTCOMES = st.lists(
    st.sampled_from([None] * 8 + [FailureCode.ABSENT, FailureCode.REFUSED, FailureCode.HUB_CLOSED]),
    min_size=1,
    max_size=6,
)
couriers = st.sampled_from(sorted(PEOPLE))
choices = st.integers(0, 1_000_000)
"""Picks one of what there is, whatever their number."""


def checked(problem: Problem) -> Plan:
    """Solve by insertion; the oracle has to agree."""
    plan = inserted(problem)
    assert check.violations(problem, plan) == []
    return plan


class Zone(RuleBasedStateMachine):
    """A zone in which anybody may do anything at any time."""

    def __init__(self) -> None:
        super().__init__()
        self.state = State(zone=ZONE)
        self.twin = State(zone=ZONE)
        self.lines: list[str] = []
        self.now = NOON
        self.count = 0
        self.created = 0
        self.refused: set[tuple[str, str]] = set()

    # --- how commands are carried out --------------------------------------------------

    def do(self, command: m.Command) -> tuple[m.Event, ...]:
        """Carry out a command, and prove what holds for each one by itself."""
        self.count += 1
        command_id = f"c{self.count}"
        before = self.state
        try:
            events = decide(before, command, now=self.now, command_id=command_id)
        except DispatchError as error:
            with pytest.raises(type(error), match=re.escape(str(error))):
                decide(before, command, now=self.now, command_id=command_id)
            assert before == self.twin, "a refused command changed the state"
            raise
        assert decide(before, command, now=self.now, command_id=command_id) == events
        read_again = codec.decode_command(codec.encode(command))
        assert decide(before, read_again, now=self.now, command_id=command_id) == events
        for event in events:
            self._follow(event)
        return events

    def attempt(self, command: m.Command) -> tuple[m.Event, ...]:
        """Carry out a command that may be refused."""
        try:
            return self.do(command)
        except DispatchError:
            return ()

    def _follow(self, event: m.Event) -> None:
        assert event.at == self.now
        if isinstance(event, m.TourCompleted):
            assert event.away_s >= 0
            assert event.distance_m >= 0
        if isinstance(event, m.OfferMade):
            offered = {(event.offer.courier, leg) for leg in event.offer.itinerary.legs}
            assert not offered & self.refused, "offered again to somebody who declined"
        old, self.state = self.state, evolve(self.state, event)
        line = codec.encode(event)
        self.lines.append(line)
        self.twin = evolve(self.twin, codec.decode_event(line))
        self._note_refusals(old, event)
        for parcel_id, parcel in self.state.parcels.items():
            was = old.parcels.get(parcel_id)
            if was is None or was.state is parcel.state:
                continue
            steps = TRANSITIONS.get(was.state, frozenset())
            if isinstance(event, m.ParcelBroughtBack):
                # Two steps at once: no attempt is left, so it turns round and arrives.
                steps = steps.union(*(TRANSITIONS.get(step, frozenset()) for step in steps))
            assert parcel.state in steps, f"{was.state} to {parcel.state} by {event}"
            assert parcel.version > was.version

    def _note_refusals(self, before: State, event: m.Event) -> None:
        match event:
            case m.OfferDeclined(courier=courier, offer=offer):
                legs: Sequence[str] = before.offer(offer).itinerary.legs
            case m.LegsHandedBack(courier=courier):
                legs = event.legs
            case m.TourAborted(courier=courier, tour=tour):
                legs = [
                    leg
                    for leg in before.tour(tour).itinerary.legs
                    if before.leg(leg).state is LegState.ASSIGNED
                ]
            case _:
                return
        self.refused |= {(courier, leg) for leg in legs}

    # --- what people do ----------------------------------------------------------------

    @initialize(slack_s=st.sampled_from([0, 1800, 24 * HOUR]))
    def open_the_zone(self, slack_s: int) -> None:
        """Two hubs, four people, a policy with short times."""
        policy = a_policy(
            version="p", engine="insert", slack_s=slack_s, give_up_s=HOUR, reattempt_s=900
        )
        self.do(m.AdoptPolicy(policy=policy))
        self.do(m.CreateHub(hub=a_hub()))
        shop = a_hub("shop", place=place(200, 200, hub="shop"), hours=(window(900, 2 * HOUR),))
        self.do(m.CreateHub(hub=shop))
        for name, fields in PEOPLE.items():
            self.do(m.CreateCourier(courier=a_courier(name, **fields)))
            self.do(m.AddAvailability(courier=name, slots=ROSTERS[name]))
            self.do(m.GoOnline(courier=name))

    @rule(
        doors=st.lists(st.sampled_from(DOORS), min_size=1, max_size=4),
        hub=st.sampled_from(["", "station", "shop"]),
        wait_s=st.sampled_from([0, 0, 600]),
        promise_s=st.sampled_from([1200, HOUR, 3 * HOUR]),
        has_window=st.sampled_from([False, False, True]),
        grams=st.sampled_from([0, 1500, 5000]),
        max_attempts=st.integers(1, 3),
    )
    def hand_in(
        self,
        doors: list[Place],
        hub: str,
        wait_s: int,
        promise_s: int,
        has_window: bool,  # noqa: FBT001 - drawn
        grams: int,
        max_attempts: int,
    ) -> None:
        """Hand in some parcels at once."""
        ready_at = self.now + wait_s
        parcels = []
        for door in doors:
            self.created += 1
            opens = ready_at - NOON + 300
            parcels.append(
                a_parcel(
                    f"p{self.created}",
                    dropoff=door,
                    origin_hub=hub,
                    ready_at=ready_at,
                    due_at=ready_at + promise_s,
                    window=window(opens, opens + promise_s) if has_window else None,
                    grams=grams,
                    max_attempts=max_attempts,
                )
            )
        self.do(m.CreateParcels(parcels=tuple(parcels)))

    @rule(seconds=st.sampled_from([1, 30, 60, 60, 60, 200, 200, 700, 900, 2 * HOUR]))
    def let_time_pass(self, seconds: int) -> None:
        """Move the clock and tick."""
        self.now += seconds
        self.do(m.Tick())

    @rule(answers=ANSWERS)
    def close_an_epoch(self, answers: list[str]) -> None:
        """Tick and plan, as the service does; some people answer at once."""
        self.now += 60
        self.do(m.Tick())
        if self.state.needs_plan(self.now):
            plan = plan_epoch(self.state, TIMES, self.now, checked)
            if plan is not None:
                self.do(plan)
        for (courier, offer), answer in zip(
            sorted(self.state.open_offer.items()), answers, strict=False
        ):
            if answer == "yes":
                self.attempt(m.AcceptOffer(courier=courier, offer=offer))
            elif answer == "no":
                self.attempt(m.DeclineOffer(courier=courier, offer=offer))

    @precondition(lambda self: self.state.open_parcels)
    @rule(choice=choices, delay_s=st.sampled_from([0, 60, 600]))
    def commit_an_old_plan(self, choice: int, delay_s: int) -> None:
        """Bring a plan back after the world has moved on under it."""
        plan = plan_epoch(self.state, TIMES, self.now, checked)
        self.now += delay_s
        self.do(m.Tick())
        parcel = sorted(self.state.parcels)[choice % len(self.state.parcels)]
        self.attempt(m.CancelParcel(parcel=parcel))
        if plan is not None:
            self.do(plan)

    @precondition(lambda self: self.state.open_offer)
    @rule(choice=choices, late_s=st.sampled_from([0, 0, 30, 70]))
    def say_yes(self, choice: int, late_s: int) -> None:
        """Accept an open offer, perhaps too late."""
        courier, offer = sorted(self.state.open_offer.items())[choice % len(self.state.open_offer)]
        self.now += late_s
        in_time = self.now < self.state.offer(offer).expires_at
        events = self.attempt(m.AcceptOffer(courier=courier, offer=offer))
        assert bool(events) is in_time

    @precondition(lambda self: self.state.open_offer)
    @rule(choice=choices, reason=st.sampled_from(DeclineReason))
    def say_no(self, choice: int, reason: DeclineReason) -> None:
        """Decline an open offer."""
        courier, offer = sorted(self.state.open_offer.items())[choice % len(self.state.open_offer)]
        self.attempt(m.DeclineOffer(courier=courier, offer=offer, reason=reason))

    @rule(answers=ANSWERS, outcomes=OUTCOMES, door=st.sampled_from(DOORS[:4]))
    def live_on(self, answers: list[str], outcomes: list[FailureCode | None], door: Place) -> None:
        """Let a usual minute pass: a parcel comes in, an epoch closes, people work."""
        self.created += 1
        parcel = a_parcel(
            f"p{self.created}",
            dropoff=door,
            origin_hub="station",
            ready_at=self.now,
            due_at=self.now + 2 * HOUR,
        )
        self.do(m.CreateParcels(parcels=(parcel,)))
        self.close_an_epoch(answers)
        self.work(outcomes)

    @precondition(lambda self: self.state.live_tour)
    @rule(outcomes=OUTCOMES)
    def work(self, outcomes: list[FailureCode | None]) -> None:
        """Do the next few things of each tour, some of them in vain."""
        for failure in outcomes:
            for courier in sorted(self.state.live_tour):
                self.now += 20
                self._next_action(courier, failure)

    def _next_action(self, courier: str, failure: FailureCode | None) -> None:
        tour = self.state.tour(self.state.live_tour[courier])
        index, action = next(
            (index, action)
            for index, stop in enumerate(tour.stops)
            for action in stop.actions
            if action.state is StopState.PENDING
        )
        report = m.StopReport(
            id=f"r{self.count}",
            at=self.now,
            stop=index,
            leg=action.leg,
            action=action.kind,
            failure=failure,
        )
        command = m.RecordStop(courier=courier, tour=tour.id, report=report)
        if self.attempt(command):
            assert self.do(command) == (), "the same report was taken twice"

    @precondition(lambda self: self.state.live_tour)
    @rule(
        choice=choices,
        leg=choices,
        action=st.sampled_from(ActionKind),
        skew_s=st.sampled_from([-NOON, -HOUR, -9, 0, 100, 200]),
    )
    def report_anything(self, choice: int, leg: int, action: ActionKind, skew_s: int) -> None:
        """Report something, in order or not."""
        courier = sorted(self.state.live_tour)[choice % len(self.state.live_tour)]
        tour = self.state.tour(self.state.live_tour[courier])
        legs = [*self.state.legs, ""]
        report = m.StopReport(
            id=f"x{self.count}",
            at=self.now + skew_s,
            stop=choice % (len(tour.stops) + 1),
            leg=sorted(legs)[leg % len(legs)],
            action=action,
        )
        self.attempt(m.RecordStop(courier=courier, tour=tour.id, report=report))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, some=choices)
    def hand_back(self, choice: int, some: int) -> None:
        """Give back one leg of a tour, or all that can be."""
        courier = sorted(self.state.live_tour)[choice % len(self.state.live_tour)]
        tour = self.state.tour(self.state.live_tour[courier])
        legs = ((), *((leg,) for leg in tour.itinerary.legs))
        self.attempt(m.HandBackLegs(courier=courier, tour=tour.id, legs=legs[some % len(legs)]))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices)
    def set_out(self, choice: int) -> None:
        """Start a tour."""
        courier = sorted(self.state.live_tour)[choice % len(self.state.live_tour)]
        tour = self.state.live_tour[courier]
        self.attempt(m.StartTour(courier=courier, tour=tour))

    @precondition(lambda self: self.state.live_tour)
    @rule()
    def nobody_sets_out(self) -> None:
        """Wait so long that every tour that has not begun is taken back."""
        tours = [self.state.tour(tour) for tour in self.state.live_tour.values()]
        latest = max(max(tour.itinerary.departs_at, tour.accepted_at) for tour in tours)
        self.now = max(self.now, latest + self.state.policy.no_show_s + 1)
        self.do(m.Tick())
        assert all(
            self.state.tour(tour).state is TourState.ACTIVE
            for tour in self.state.live_tour.values()
        )

    @precondition(lambda self: self.state.open_parcels)
    @rule(choice=choices)
    def cancel(self, choice: int) -> None:
        """Cancel a parcel, wherever it is."""
        parcel = sorted(self.state.open_parcels)[choice % len(self.state.open_parcels)]
        self.attempt(m.CancelParcel(parcel=parcel))

    @rule(courier=couriers, online=st.sampled_from([True, True, False]))
    def come_or_go(self, courier: str, online: bool) -> None:  # noqa: FBT001 - drawn
        """Go on- or offline."""
        self.do(m.GoOnline(courier=courier) if online else m.GoOffline(courier=courier))

    @rule(pauses=st.sampled_from([False, False, True]))
    def steer(self, pauses: bool) -> None:  # noqa: FBT001 - drawn
        """Pause, or resume and ask for a plan."""
        if pauses:
            self.do(m.PauseDispatch())
            with pytest.raises(InvalidTransition):
                self.do(m.RequestPlan())
        else:
            self.do(m.ResumeDispatch())
            self.do(m.RequestPlan())

    @rule(courier=couriers, choice=choices)
    def meddle(self, courier: str, choice: int) -> None:
        """Try to act on whatever offer or tour there ever was, one's own or not."""
        offers, tours = sorted(self.state.offers), sorted(self.state.tours)
        if offers:
            offer = offers[choice % len(offers)]
            mine = self.state.offer(offer).courier == courier
            events = self.attempt(m.AcceptOffer(courier=courier, offer=offer))
            assert mine or not events
        if tours:
            tour = tours[choice % len(tours)]
            mine = self.state.tour(tour).courier == courier
            events = self.attempt(m.HandBackLegs(courier=courier, tour=tour))
            assert mine or not events

    # --- what must hold ----------------------------------------------------------------

    @invariant()
    def the_log_tells_all(self) -> None:
        """Compare the state with its events, written down, read again and folded."""
        assert self.state == self.twin

    @invariant()
    def each_parcel_is_in_one_persons_hands(self) -> None:
        """Exactly one custodian, the one that the parcel's state says."""
        for parcel in self.state.parcels.values():
            if parcel.state in AT_ORIGIN:
                assert parcel.custodian == absence.origin_of(parcel)
            elif parcel.state in WITH_COURIER:
                leg = self.state.leg(parcel.leg)
                assert parcel.custodian == Custodian(kind=CustodianKind.COURIER, id=leg.courier)
                assert leg.state is LegState.ACTIVE
                tour = self.state.tour(self.state.live_tour[leg.courier])
                assert (leg.id, ActionKind.DROPOFF) in pending(tour)
            else:
                assert parcel.state is ParcelState.DELIVERED
                assert parcel.custodian == Custodian(kind=CustodianKind.RECIPIENT)

    @invariant()
    def each_leg_has_one_taker_at_most(self) -> None:
        """At most one live acceptance of a leg, at most one offer of it, and never both."""
        takers = Counter(
            leg
            for tour in self.state.tours.values()
            if tour.state in LIVE
            for leg in {leg for leg, _ in pending(tour)}
        )
        offered = Counter(
            leg
            for offer in self.state.offers.values()
            if offer.state is OfferState.OPEN
            for leg in offer.itinerary.legs
        )
        assert all(count == 1 for count in (takers + offered).values())
        parcels = Counter(self.state.leg(leg).parcel for leg in takers)
        assert all(count == 1 for count in parcels.values()), "a parcel is on two errands"
        for leg in self.state.legs.values():
            assert (leg.id in offered) == (leg.state is LegState.OFFERED)
            assert (leg.id in takers) == (leg.state in {LegState.ASSIGNED, LegState.ACTIVE})
            assert bool(leg.courier) or leg.state not in {LegState.OFFERED, LegState.ASSIGNED}

    @invariant()
    def indexes_are_what_they_index(self) -> None:
        """Each index equals what a look at everything finds."""
        state = self.state
        assert dict(state.open_offer) == {
            offer.courier: offer.id
            for offer in state.offers.values()
            if offer.state is OfferState.OPEN
        }
        live = [tour for tour in state.tours.values() if tour.state in LIVE]
        assert dict(state.live_tour) == {tour.courier: tour.id for tour in live}
        assert len(state.live_tour) == len(live)
        assert not set(state.live_tour) & set(state.open_offer)
        assert set(state.open_parcels) == {
            parcel.id for parcel in state.parcels.values() if parcel.state not in TERMINAL
        }
        assert set(state.waiting_legs) == {
            leg.id for leg in state.legs.values() if leg.state is LegState.PLANNED
        }
        for parcel in state.parcels.values():
            legs = [leg for leg in state.legs.values() if leg.parcel == parcel.id]
            assert len(legs) == parcel.leg_count
            open_legs = [leg for leg in legs if leg.state not in ENDED]
            assert [leg.id for leg in open_legs] == ([parcel.leg] if parcel.is_open else [])

    @invariant()
    def money_is_only_moved(self) -> None:
        """Accounts sum to zero; only the operator pays."""
        assert sum(self.state.balances.values()) == 0
        assert all(
            cents >= 0 for account, cents in self.state.balances.items() if account != "operator"
        )

    @invariant()
    def live_tours_have_something_to_do(self) -> None:
        """See that a tour ends with its last action, not later."""
        for tour in self.state.live_tour.values():
            assert pending(self.state.tour(tour))

    # --- how it ends -------------------------------------------------------------------

    def teardown(self) -> None:
        """Drive to the end: every tour is walked, and time runs out for the rest."""
        while self.state.live_tour:
            for courier in sorted(self.state.live_tour):
                before = self.state
                self._next_action(courier, None)
                if self.state is before:
                    self._next_action(courier, FailureCode.HUB_CLOSED)
        self.now += 24 * HOUR
        self.do(m.Tick())
        for parcel in self.state.parcels.values():
            assert parcel.state in TERMINAL
            if parcel.state is not ParcelState.DELIVERED:
                assert parcel.reason, f"{parcel.id} is {parcel.state} without a reason"
        assert not self.state.open_offer
        assert not self.state.waiting_legs
        refolded = State(zone=ZONE)
        for line in self.lines:
            refolded = evolve(refolded, codec.decode_event(line))
        assert refolded == self.state


ENDED = {LegState.COMPLETED, LegState.FAILED, LegState.CANCELLED}


def pending(tour: Tour) -> set[tuple[str, ActionKind]]:
    """Return what is left to do on a tour."""
    return {
        (action.leg, action.kind)
        for stop in tour.stops
        for action in stop.actions
        if action.state is StopState.PENDING
    }


TestZone = Zone.TestCase
TestZone.settings = settings(
    derandomize=True,
    deadline=None,
    database=None,
    max_examples=120,
    stateful_step_count=50,
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.filter_too_much],
)
