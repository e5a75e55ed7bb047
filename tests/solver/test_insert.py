"""Cheapest insertion: the same plan every time, and within every limit (see `test_properties`)."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check, insert
from dispatch.solver.arrays import FrozenStops, Lists, PostSteps
from dispatch.solver.plan import Plan, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours
from tests.solver.kept import KEPT, Kept

Street = Callable[..., Problem]


def test_each_leg_goes_to_the_nearer_courier(two_legs_two_couriers: Problem) -> None:
    """One tour is cheaper than two: leg 1 lies on the way of whoever takes leg 0."""
    plan = insert.solve(two_legs_two_couriers)
    assert check.violations(two_legs_two_couriers, plan) == []
    assert plan.cost == 100 + 80 * 11 + 90 + 14
    assert (plan.engine, plan.stopped_by, plan.progress) == ("insert", StoppedBy.DONE, ())


def test_same_plan_every_time(two_legs_two_couriers: Problem) -> None:
    """Insertion draws nothing and reads no clock."""
    assert insert.solve(two_legs_two_couriers) == insert.solve(two_legs_two_couriers)


def test_second_pass_repairs_the_first(scattered: Callable[[int, int, int], Problem]) -> None:
    """Taking legs out and putting them back finds what inserting one by one overlooked."""
    problem = scattered(11, 8, 3)
    first, second = (insert.solve(problem, passes=passes) for passes in (0, 1))
    assert second.cost < first.cost
    assert check.violations(problem, second) == []


def test_declined_leg_goes_to_another(street: Street) -> None:
    """A barred courier never gets the leg, however near."""
    problem = street(
        [0, 1, 50],
        pickup_place=[0],
        option_place=[1],
        start_place=[0, 2],
        end_place=[0, 2],
        barred=Lists.of([[0]]),
        cost_per_travel=[10, 10],
    )
    assert [tour.courier for tour in insert.solve(problem).tours] == [1]


def test_who_is_away_comes_home(street: Street) -> None:
    """A courier who has left has a tour even with nothing to do: the way home, priced."""
    problem = street(
        [0, 10],
        pickup_place=[0],
        option_place=[0],
        start_place=[1],
        end_place=[0],
        left=[-5],
        on_duty=[2],
        unassigned_cost=[0],
        cost_per_away=[1],
    )
    plan = insert.solve(problem)
    assert check.violations(problem, plan) == []
    assert [(tour.departs_at, tour.ends_at, tour.stops) for tour in plan.tours] == [(2, 12, ())]
    assert plan.cost == 17


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT.keys())
def test_every_field_is_honoured(kept: Kept) -> None:
    """On the smallest problems in which a field binds, insertion finds the best plan."""
    plan = insert.solve(kept.problem)
    assert check.violations(kept.problem, plan) == []
    assert plan.cost == kept.good.cost


# --- linked pairs ---------------------------------------------------------------------------


def _relay(street: Street, **given: Any) -> Problem:
    """Leg 0 from 0 to its door at 90, or to the hub at 50, from where leg 1 goes on to 90.

    Courier 0 lives at 0 and must be home by 110, courier 1 lives at 90.
    """
    values: dict[str, Any] = {
        "pickup_place": [0, 1],
        "option_leg": [0, 0, 1],
        "option_place": [2, 1, 2],
        "option_hub": [-1, 0, -1],
        "hub_slots_free": [[1]],
        "after_leg": [-1, 0],
        "after_gap": [0, 7],
        "start_place": [0, 2],
        "end_place": [0, 2],
        "off_duty": [110, 300],
        "unassigned_cost": [1000, 1000],
        "cost_per_travel": [1, 1],
        "barred": Lists.of([[1], []]),
        **given,
    }
    return street([0, 50, 90], **values)


def test_a_relay_is_planned_as_one(street: Street) -> None:
    """Neither half pays without the other: together they enter, the second one after the gap."""
    problem = _relay(street)
    plan = insert.solve(problem, passes=0)
    assert check.violations(problem, plan) == []
    assert (plan.cost, plan.unassigned) == (100 + 80, ())
    assert plan.tours[1].stops[0].starts_at == plan.tours[0].stops[1].leaves_at + 7


def test_a_relay_that_does_not_pay_costs_nothing(street: Street) -> None:
    """Left out, the first half takes the second one's price with it."""
    problem = _relay(street, unassigned_cost=[30, 500])
    plan = insert.solve(problem)
    assert check.violations(problem, plan) == []
    assert (plan.cost, plan.tours) == (30, ())


def test_the_hub_is_left_where_the_door_is_cheaper(street: Street) -> None:
    """A relay built first is undone once the courier may go all the way himself."""
    problem = _relay(street, cost_per_travel=[1, 8])
    tours = Tours(Schedule(problem))
    tours.insert_all([0])
    relay = tours.plan("")
    assert {stop.option for stop in relay.tours[0].stops} == {-1, 1}
    free = _with(problem, off_duty=np.array([300, 300]))
    again = Tours(Schedule(free))
    assert again.adopt(again.found_in(relay))
    again.reinsert_all([0, 1])
    plan = again.plan("")
    assert check.violations(free, plan) == []
    assert (plan.cost, [tour.courier for tour in plan.tours]) == (180, [0])


def test_who_is_waited_for_is_not_delayed_beyond_the_other_tours_limits(street: Street) -> None:
    """A leg on the way to the hub delays the second half: where that is too late, one gives way."""
    values: dict[str, Any] = {
        "pickup_place": [0, 1, 0],
        "option_leg": [0, 0, 1, 2],
        "option_place": [2, 1, 2, 3],
        "option_hub": [-1, 0, -1, -1],
        "after_leg": [-1, 0, -1],
        "after_gap": [0, 7, 0],
        "option_service": [0, 0, 0, 20],
        "unassigned_cost": [1000, 1000, 900],
        "off_duty": [300, 300],
        "barred": Lists.of([[1], [0], [1]]),
        "most_parcels": [2, 2],
    }
    for closes, served in ((200, {0, 1, 2}), (107, {2})):
        problem = street(
            [0, 50, 90, 30],
            **{
                "start_place": [0, 2],
                "end_place": [0, 2],
                "hub_slots_free": [[1]],
                "cost_per_travel": [1, 1],
                **values,
                "option_closes": [10, 300, closes, 45],
            },
        )
        plan = insert.solve(problem)
        assert check.violations(problem, plan) == []
        assert {stop.leg for tour in plan.tours for stop in tour.stops} == served


# --- commitments ----------------------------------------------------------------------------


def test_frozen_stops_come_first_whatever_they_cost(street: Street) -> None:
    """Nothing is put before or between frozen stops, and the free drop-off comes after them."""
    frozen = FrozenStops(*(np.array(x) for x in ([0, 2], [0, 1], [0, 0], [-1, -1], [0, 60])))
    problem = street(
        [0, 10, 40, 50, 60],
        pickup_place=[2, 1, 0],
        option_place=[4, 3, 1],
        start_place=[0],
        end_place=[0],
        cost_per_travel=[1],
        frozen=frozen,
    )
    plan = insert.solve(problem)
    assert check.violations(problem, plan) == []
    assert [stop.leg for stop in plan.tours[0].stops[:2]] == [0, 1]
    assert plan.tours[0].stops[1].starts_at == 70
    assert plan.unassigned == ()


def test_new_work_makes_late_commitments_no_later(street: Street) -> None:
    """What is late by itself excuses itself; a new leg goes behind it, though before is nearer."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 1],
        on_board=[0, -1],
        option_place=[2, 1],
        option_closes=[15, 100],
        pickup_service=[0, 5],
        start_place=[0],
        end_place=[0],
        left=[-5],
        leash=[30],
        cost_per_travel=[1],
    )
    plan = insert.solve(problem)
    assert check.violations(problem, plan) == []
    assert [entry.leg for entry in plan.unassigned] == [1], "the leash is passed already"
    free = _with(problem, leash=np.array([200]))
    plan = insert.solve(free)
    assert check.violations(free, plan) == []
    assert [stop.leg for stop in plan.tours[0].stops] == [0, 1, 1]


# --- plans from elsewhere -------------------------------------------------------------------


def _with(problem: Problem, **changes: Any) -> Problem:
    given = {field.name: getattr(problem, field.name) for field in fields(problem)}
    return Problem(**given | changes)


def _taken_over(problem: Problem, plan: Plan) -> Plan | None:
    tours = Tours(Schedule(problem))
    return tours.plan("") if tours.adopt(tours.found_in(plan)) else None


@pytest.mark.parametrize(
    "changes",
    [
        {"barred": Lists.of([[0], []])},
        {"leg_skills": np.array([1, 0], np.uint64)},
        {"option_closes": np.array([19, 200])},
        {"most_parcels": np.array([1, 2])},
        {"option_hub": np.array([0, 0]), "hub_slots_free": np.array([[1]])},
        {
            "post": np.array([0, 0]),
            "post_steps": PostSteps(*(np.array(part) for part in ([0, 1], [0], [0]))),
        },
    ],
    ids=lambda changes: next(iter(changes)),
)
def test_what_a_plan_breaks_now_is_planned_anew(
    two_legs_two_couriers: Problem, changes: dict[str, Any]
) -> None:
    """A plan made before something changed is taken over as far as it still holds."""
    plan = insert.solve(two_legs_two_couriers)
    changed = _with(two_legs_two_couriers, **changes)
    assert check.violations(changed, plan) != []
    kept = _taken_over(changed, plan)
    assert kept is not None
    assert check.violations(changed, kept) == []
    assert check.violations(changed, insert.resume(Schedule(changed), plan).plan("")) == []


def test_orphans_are_left_out(street: Street) -> None:
    """A second half whose first half is dropped elsewhere by now is not taken over."""
    problem = _relay(street)
    plan = insert.solve(problem)
    cut = _with(problem, option_hub=np.array([-1, -1, -1]))
    kept = _taken_over(cut, plan)
    assert kept is not None
    assert check.violations(cut, kept) == []
    assert [entry.leg for entry in kept.unassigned] == [1]


def test_a_plan_that_lacks_commitments_is_refused(two_legs_two_couriers: Problem) -> None:
    """Who must serve a leg must have it; insertion then starts afresh."""
    plan = insert.solve(two_legs_two_couriers)
    (tour,) = plan.tours
    elsewhere = _with(two_legs_two_couriers, must_courier=np.array([1 - tour.courier, -1]))
    assert _taken_over(elsewhere, plan) is None
    resumed = insert.resume(Schedule(elsewhere), plan).plan("")
    assert check.violations(elsewhere, resumed) == []
