"""Cheapest insertion: the same plan every time, and within every limit (see `test_properties`)."""

from collections.abc import Callable

from dispatch.solver import check, insert
from dispatch.solver.arrays import Lists
from dispatch.solver.plan import StoppedBy
from dispatch.solver.problem import Problem

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
