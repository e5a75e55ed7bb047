"""Rules of the state machine: parcels come in, are planned, offered, carried and cancelled."""

from typing import Any

import pytest
from hypothesis import strategies as st
from hypothesis.stateful import precondition, rule

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.model import (
    DeclineReason,
    DeliveryOption,
    FailureCode,
    Place,
    ProofKind,
    SizeClass,
    TourState,
)
from tests.core.town import HOUR, NOON, a_parcel, plan_epoch, window
from tests.properties.walking import (
    CAREFUL,
    Mood,
    Walking,
    codes,
    failures,
    many_outcomes,
    moods,
    outcomes,
)
from tests.properties.zone import DOORS, LADDERS, TIMES, checked, choices, couriers, pick

ANSWERS = st.lists(st.sampled_from(["yes", "yes", "go", "no", ""]), min_size=1, max_size=5)
ASKED = [(), (), (), (ProofKind.SIGNATURE,), (ProofKind.PIN,), (ProofKind.PHOTO, ProofKind.PIN)]
DRAWN = st.fixed_dictionaries(
    {
        "grams": st.sampled_from([0, 1500, 5000]),
        "max_attempts": st.integers(1, 3),
        "options": st.sampled_from(LADDERS),
        "size_class": st.sampled_from([SizeClass.S, SizeClass.S, SizeClass.M, SizeClass.L]),
        "proofs": st.sampled_from(ASKED),
        "household": st.sampled_from(["", "", "H1"]),
    }
)
"""What else may be said of a parcel that is handed in."""
PARCELS = st.lists(
    st.tuples(st.sampled_from(DOORS[:4]), st.sampled_from(LADDERS)), min_size=1, max_size=4
)
"""Doors and ladders of parcels that come in."""
MINUTE = 60


class Dispatching(Walking):
    """What merchants, couriers and the clock do."""

    @rule(
        doors=st.lists(st.sampled_from(DOORS), min_size=1, max_size=4),
        hub=st.sampled_from(["", "station", "shop", "booth"]),
        wait_s=st.sampled_from([0, 0, 600]),
        promise_s=st.sampled_from([1200, HOUR, 3 * HOUR]),
        has_window=st.sampled_from([False, False, True]),
        fields=DRAWN,
    )
    def hand_in(
        self,
        doors: list[Place],
        hub: str,
        wait_s: int,
        promise_s: int,
        has_window: bool,  # noqa: FBT001 - drawn
        fields: dict[str, Any],
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
                    **fields,
                )
            )
        self.do(m.CreateParcels(parcels=tuple(parcels)))

    @rule(seconds=st.sampled_from([1, 30, 60, 60, 60, 200, 200, 700, 900, HOUR, 2 * HOUR]))
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
            if answer in {"yes", "go"}:
                self.attempt(m.AcceptOffer(courier=courier, offer=offer))
            if answer == "go" and courier in self.state.live_tour:
                self.attempt(m.StartTour(courier=courier, tour=self.state.live_tour[courier]))
            if answer == "no":
                self.attempt(m.DeclineOffer(courier=courier, offer=offer))

    @precondition(lambda self: self.state.open_parcels)
    @rule(choice=choices, delay_s=st.sampled_from([0, 60, 600]))
    def commit_an_old_plan(self, choice: int, delay_s: int) -> None:
        """Bring a plan back after the world has moved on under it."""
        plan = plan_epoch(self.state, TIMES, self.now, checked)
        self.now += delay_s
        self.do(m.Tick())
        self.attempt(m.CancelParcel(parcel=pick(self.state.parcels, choice)))
        if plan is not None:
            self.do(plan)

    @precondition(lambda self: self.state.open_offer)
    @rule(choice=choices, late_s=st.sampled_from([0, 0, 30, 70]))
    def say_yes(self, choice: int, late_s: int) -> None:
        """Accept an open offer, perhaps too late."""
        courier = pick(self.state.open_offer, choice)
        offer = self.state.open_offer[courier]
        self.now += late_s
        in_time = self.now < self.state.offer(offer).expires_at
        events = self.attempt(m.AcceptOffer(courier=courier, offer=offer))
        assert bool(events) is in_time

    @precondition(lambda self: self.state.open_offer)
    @rule(choice=choices, reason=st.sampled_from(DeclineReason))
    def say_no(self, choice: int, reason: DeclineReason) -> None:
        """Decline an open offer."""
        courier = pick(self.state.open_offer, choice)
        offer = self.state.open_offer[courier]
        self.attempt(m.DeclineOffer(courier=courier, offer=offer, reason=reason))

    @rule(answers=ANSWERS, outcomes=outcomes, parcels=PARCELS, mood=moods)
    def live_on(
        self,
        answers: list[str],
        outcomes: list[FailureCode | None],
        parcels: list[tuple[Place, tuple[DeliveryOption, ...]]],
        mood: Mood,
    ) -> None:
        """Let some usual minutes pass: parcels come in, epochs close, people work."""
        for door, ladder in parcels:
            self.created += 1
            parcel = a_parcel(
                f"p{self.created}",
                dropoff=door,
                origin_hub="station",
                ready_at=self.now,
                due_at=self.now + 2 * HOUR,
                options=ladder,
            )
            self.do(m.CreateParcels(parcels=(parcel,)))
        self.close_an_epoch(answers)
        self.work(outcomes, mood)

    @rule(outcomes=many_outcomes, parcels=PARCELS, told=codes)
    def a_good_hour(
        self,
        outcomes: list[FailureCode | None],
        parcels: list[tuple[Place, tuple[DeliveryOption, ...]]],
        told: list[str],
    ) -> None:
        """Let an hour pass in which everybody says yes and works with care; some collect."""
        for _ in range(3):
            self.now += 20 * MINUTE
            self.live_on(["yes"] * 5, outcomes, parcels, CAREFUL)
        for parcel in self.awaiting()[::2]:
            self.tell_codes(parcel, told)

    @precondition(lambda self: self.state.live_tour)
    @rule(outcomes=outcomes, mood=moods)
    def work(self, outcomes: list[FailureCode | None], mood: Mood) -> None:
        """Do the next few things of each tour, some of them in vain."""
        for failure in outcomes:
            for courier in sorted(self.state.live_tour):
                if courier in self.state.live_tour:
                    self.now += 20
                    self.walk(courier, failure, mood)

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, failure=failures, mood=moods, steps=st.integers(1, 8))
    def one_works(self, choice: int, failure: FailureCode | None, mood: Mood, steps: int) -> None:
        """Let one courier do some things, the last perhaps in vain."""
        courier = pick(self.state.live_tour, choice)
        for step in range(steps, 0, -1):
            if courier in self.state.live_tour:
                self.now += 20
                self.walk(courier, failure if step == 1 else None, mood)

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices, some=choices)
    def hand_back(self, choice: int, some: int) -> None:
        """Give back one leg of a tour, or all that can be."""
        courier = pick(self.state.live_tour, choice)
        tour = self.tour_of(courier)
        legs = ((), *((leg,) for leg in tour.itinerary.legs))
        self.attempt(m.HandBackLegs(courier=courier, tour=tour.id, legs=legs[some % len(legs)]))

    @precondition(lambda self: self.state.live_tour)
    @rule(choice=choices)
    def set_out(self, choice: int) -> None:
        """Start a tour."""
        courier = pick(self.state.live_tour, choice)
        self.attempt(m.StartTour(courier=courier, tour=self.state.live_tour[courier]))

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
        self.attempt(m.CancelParcel(parcel=pick(self.state.open_parcels, choice)))

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
