"""The timing rules, on tours short enough to be timed by hand."""

from collections.abc import Callable
from typing import Any

import pytest

from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule

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
