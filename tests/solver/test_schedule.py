"""The timing rules, on tours short enough to be timed by hand."""

import tracemalloc
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check
from dispatch.solver.arrays import FrozenStops
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule, plan_of

Street = Callable[..., Problem]

_PICKUP, _DROPOFF = 0, 1


def _one_leg(street: Street, **given: Any) -> Schedule:
    """One leg from 10 to 30, service 2 and 3; the courier's home is at 0, a tick per metre."""
    fields: dict[str, Any] = {
        "pickup_place": [1],
        "option_place": [2],
        "start_place": [0],
        "end_place": [0],
        "pickup_service": [2],
        "option_service": [3],
        "cost_per_away": [1],
        **given,
    }
    return Schedule(street([0, 10, 30], **fields))


def _times(schedule: Schedule) -> list[int]:
    tour = schedule.tour(0, [_PICKUP, _DROPOFF])
    inner = [at for stop in tour.stops for at in (stop.arrives_at, stop.starts_at, stop.leaves_at)]
    return [tour.departs_at, *inner, tour.ends_at]


def test_nothing_waits_without_windows(street: Street) -> None:
    """From home at 0: 10 there, 2 to load, 20 on, 3 to hand over, 30 back."""
    assert _times(_one_leg(street)) == [0, 10, 10, 12, 32, 32, 35, 65]


def test_departure_is_delayed_until_the_pickup_opens(street: Street) -> None:
    """Who would wait at the pickup leaves later instead, and is away no longer than needed."""
    schedule = _one_leg(street, pickup_opens=[50])
    assert _times(schedule) == [40, 50, 50, 52, 72, 72, 75, 105]
    measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
    assert measures is not None
    assert (measures.away, measures.cost) == (65, 65)


def test_delay_moves_the_pickup_up_to_its_closing(street: Street) -> None:
    """Waiting before the drop-off moves to home, as far as the pickup's closing time allows."""
    assert _times(_one_leg(street, option_opens=[100]))[:4] == [68, 78, 78, 80]
    late = _one_leg(street, option_opens=[100], pickup_closes=[40])
    assert _times(late) == [30, 40, 40, 42, 62, 100, 103, 133]


def test_delay_makes_no_dropoff_late(street: Street) -> None:
    """A drop-off before the one that waits is delayed to its due time, not past it."""
    schedule = Schedule(
        street(
            [0, 10, 30],
            pickup_place=[-1, -1],
            option_place=[1, 2],
            start_place=[0],
            end_place=[0],
            option_opens=[0, 100],
            option_due=[25, 200],
            lateness_cost=[9, 9],
        )
    )
    tour = schedule.tour(0, [2, 3])
    assert [stop.starts_at for stop in tour.stops] == [25, 100]
    assert tour.departs_at == 15


def test_a_stop_late_anyway_is_not_made_later(street: Street) -> None:
    """Past its due time already, a drop-off keeps its earliest time, and lateness is priced."""
    schedule = _one_leg(street, option_due=[20], lateness_cost=[100])
    assert _times(schedule) == [0, 10, 10, 12, 32, 32, 35, 65]
    measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
    assert measures is not None
    assert measures.cost == 65 + 100 * 12


def test_free_start_begins_at_the_first_pickup(street: Street) -> None:
    """Without a start place the tour begins with service, and waiting before it is unpaid."""
    schedule = _one_leg(street, start_place=[-1], pickup_opens=[50])
    assert _times(schedule) == [50, 50, 50, 52, 72, 72, 75, 105]


def test_open_end_is_the_last_service(street: Street) -> None:
    """Without an end place the tour ends where the last service does."""
    assert _times(_one_leg(street, end_place=[-1]))[-1] == 35


def test_who_has_left_cannot_wait(street: Street) -> None:
    """Time away runs from when he left, the departure is his arrival, the fixed cost is sunk."""
    schedule = _one_leg(street, left=[-20], on_duty=[5], pickup_opens=[50], fixed_cost=[1000])
    assert _times(schedule)[:3] == [5, 15, 50]
    measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
    assert measures is not None
    assert (measures.away, measures.cost) == (125, 125)


@pytest.mark.parametrize(
    ("limit", "enough"),
    [("leash", 65), ("off_duty", 65), ("option_closes", 32), ("pickup_closes", 10)],
)
def test_limits_are_inclusive(street: Street, limit: str, enough: int) -> None:
    """A limit may be reached, and one tick less is broken."""
    for value, kept in ((enough, True), (enough - 1, False)):
        schedule = _one_leg(street, **{limit: [value]})
        measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
        assert (measures is not None) is kept


def test_reserve_grows_with_the_time_away(street: Street) -> None:
    """65 ticks away with a reserve of 200 permille must end 13 ticks before the duty does."""
    for off_duty, kept in ((78, True), (77, False)):
        schedule = _one_leg(street, off_duty=[off_duty], return_reserve_permille=[200])
        measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
        assert (measures is not None) is kept


def test_every_price_counts_once(street: Street) -> None:
    """Fixed, travel, metres, time away, over the allowance, parcel, option and effort add up."""
    schedule = _one_leg(
        street,
        fixed_cost=[10**6],
        cost_per_travel=[10],
        cost_per_m=[3],
        allowance=[60],
        cost_over_allowance=[1000],
        cost_per_parcel=[7],
        option_cost=[5],
        option_effort=[4],
        cost_per_effort=[2],
    )
    measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
    assert measures is not None
    assert measures.cost == 10**6 + 600 + 180 + 65 + 5000 + 7 + 5 + 8


def test_arc_cost_replaces_travel_and_metres(street: Street) -> None:
    """Given prices of ways stand instead of those by tick and by metre."""
    schedule = _one_leg(
        street,
        arc_cost=[[[0, 1, 2], [3, 0, 4], [5, 6, 0]]],
        cost_per_travel=[10],
        cost_per_m=[3],
    )
    measures = schedule.measure(0, [_PICKUP, _DROPOFF], schedule.limits)
    assert measures is not None
    assert measures.cost == 65 + 1 + 4 + 5


# --- fields that concern several stops or tours ---------------------------------------------


def _frozen(*stops: tuple[int, int, int, int], couriers: int = 1) -> FrozenStops:
    """Give courier 0 a beginning of (leg, action, option, not before)."""
    columns = np.array(stops, np.int64).T
    return FrozenStops(np.array([0, *[len(stops)] * couriers]), *columns)


def test_a_frozen_stop_opens_no_earlier_than_it_says(street: Street) -> None:
    """Whichever is later binds: the window or the frozen row; the departure is delayed for both."""
    for not_before, begins in ((40, 50), (70, 70)):
        frozen = _frozen((0, 0, -1, not_before))
        assert _times(_one_leg(street, pickup_opens=[50], frozen=frozen))[2] == begins


def test_a_load_is_carried_to_the_tours_end(street: Street) -> None:
    """Without a place of its own the drop-off is at home; with an open end it takes no way."""
    assert _times(_one_leg(street, option_place=[-1])) == [0, 10, 10, 12, 22, 22, 25, 25]
    open_end = _one_leg(street, option_place=[-1], end_place=[-1], cost_per_m=[100])
    assert _times(open_end) == [0, 10, 10, 12, 12, 12, 15, 15]
    measures = open_end.measure(0, [_PICKUP, _DROPOFF], open_end.limits)
    assert measures is not None
    assert measures.cost == 15 + 1000


def _two_legs(street: Street, **given: Any) -> Schedule:
    fields: dict[str, Any] = {
        "pickup_place": [1, 1],
        "option_place": [2, 2],
        "start_place": [0],
        "end_place": [0],
        **given,
    }
    return Schedule(street([0, 10, 30], **fields))


@pytest.mark.parametrize(
    ("given", "good", "bad"),
    [
        ({"pickups_first": [True]}, [0, 1, 2, 3], [0, 2, 1, 3]),
        ({"option_place": [-1, 2]}, [0, 1, 3, 2], [0, 1, 2, 3]),
    ],
)
def test_some_tours_have_an_order(
    street: Street, given: dict[str, Any], good: list[int], bad: list[int]
) -> None:
    """Pickups first, and drop-offs at the tour's end last; commitments excuse their own order."""
    schedule = _two_legs(street, **given)
    assert schedule.measure(0, good, schedule.limits) is not None
    assert schedule.measure(0, bad, schedule.limits) is None
    committed = _two_legs(street, must_courier=[0, 0], **given)
    measures = committed.measure(0, bad)
    assert measures is not None
    assert committed.excuses(0, bad, measures)
    assert not schedule.excuses(0, bad, measures)


def test_a_stranger_pays_for_the_move(street: Street) -> None:
    """Who has seen a leg takes it for nothing; another, or nobody, for the price of change."""
    schedule = Schedule(
        street(
            [0, 10, 30],
            pickup_place=[1],
            option_place=[2],
            start_place=[0, 0],
            end_place=[0, 0],
            seen_courier=[1],
            move_cost=[77],
            unassigned_cost=[1000],
        )
    )
    costs = [
        plan_of(schedule, tours, engine="").cost for tours in ([(0, [0, 1])], [(1, [0, 1])], [])
    ]
    assert costs == [77, 0, 1077]


def _relay(street: Street) -> Schedule:
    """Leg 0 from 10 to the hub at 30 (option 0) or elsewhere (1); leg 1 from there to 50."""
    return Schedule(
        street(
            [0, 10, 30, 50],
            pickup_place=[1, 2],
            option_leg=[0, 0, 1],
            option_place=[2, 3, 3],
            option_hub=[0, -1, -1],
            hub_slots_free=[[1]],
            option_due=[500, 500, 500],
            option_service=[3, 3, 3],
            after_leg=[-1, 0],
            after_gap=[0, 20],
            start_place=[0, 2],
            end_place=[0, 2],
            unassigned_cost=[1000, 100],
            cost_per_away=[1, 1],
        )
    )


def _starts(plan: Plan) -> list[list[int]]:
    return [[stop.starts_at for stop in tour.stops] for tour in plan.tours]


def test_a_pickup_waits_for_the_drop_off_before_it(street: Street) -> None:
    """The second tour begins when the first one is done, and so does the rest of one tour."""
    schedule = _relay(street)
    apart = plan_of(schedule, [(1, [1, 4]), (0, [0, 2])], engine="")
    assert _starts(apart) == [[10, 30], [53, 73]]
    assert apart.tours[1].departs_at == 53
    together = plan_of(schedule, [(0, [0, 2, 1, 4])], engine="")
    assert _starts(together) == [[10, 30, 53, 73]]
    for plan in (apart, together):
        assert check.violations(schedule.problem, plan) == []


def test_a_drop_off_that_is_waited_for_is_not_delayed(street: Street) -> None:
    """The wait of one tour for another would be moved to its start: not past that drop-off."""
    schedule = _relay(street)
    alone = plan_of(schedule, [(0, [0, 2])], engine="")
    assert (_starts(alone), alone.cost) == ([[10, 30]], 63 + 100)
    waits = plan_of(schedule, [(0, [0, 2, 1, 4])], engine="")
    assert waits.tours[0].departs_at == 0


def test_who_does_not_exist_costs_nothing(street: Street) -> None:
    """The second leg is missed only where the first one is at the hub."""
    schedule = _relay(street)
    assert plan_of(schedule, [], engine="").cost == 1000
    assert plan_of(schedule, [(0, [0, 3])], engine="").cost == 103


def test_a_schedule_copies_no_matrix(street: Street) -> None:
    """Timing tours of a large problem takes memory by stops and couriers, not by places."""
    problem = street(
        range(1500), pickup_place=[1], option_place=[2], start_place=[0], end_place=[0]
    )
    tracemalloc.start()
    tour = Schedule(problem).tour(0, [0, 1])
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert tour.ends_at == 4
    assert peak < problem.travel.nbytes / 20
