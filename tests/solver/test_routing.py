"""OR-Tools finds the optimum where all plans can be listed, repeats itself, and stops when told."""

from collections.abc import Callable, Iterator
from itertools import permutations, product

import pytest

from dispatch.solver import check, insert, routing
from dispatch.solver.limiter import CHUNK, STEPS_PER_SOLUTION
from dispatch.solver.plan import Action, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule

Street = Callable[..., Problem]
Scattered = Callable[[int, int, int], Problem]


def _all_tours(schedule: Schedule, courier: int, legs: tuple[int, ...]) -> Iterator[int]:
    """Cost of every feasible order of the legs' stops."""
    limits = schedule.limits
    stops = [*legs, *(schedule.leg_count + leg for leg in legs)]
    for order in permutations(stops):
        paired = all(order.index(leg) < order.index(schedule.leg_count + leg) for leg in legs)
        measures = schedule.measure(courier, order, limits) if paired else None
        if measures is not None:
            yield measures.cost


def _optimum(problem: Problem) -> int:
    """Try every courier (or nobody) for every leg, and every order of every tour."""
    schedule = Schedule(problem)
    legs, couriers = problem.leg_count, problem.courier_count
    best = {}
    for courier in range(couriers):
        for taken in product((False, True), repeat=legs):
            chosen = tuple(leg for leg in range(legs) if taken[leg])
            best[courier, chosen] = min(_all_tours(schedule, courier, chosen), default=2**60)
    return min(
        sum(
            best[courier, tuple(leg for leg in range(legs) if who[leg] == courier)]
            for courier in range(couriers)
        )
        + sum(schedule.unassigned_cost[leg] for leg in range(legs) if who[leg] < 0)
        for who in product(range(-1, couriers), repeat=legs)
    )


@pytest.mark.parametrize("seed", range(4))
def test_small_problems_are_solved_to_the_optimum(scattered: Scattered, seed: int) -> None:
    """Three legs and two couriers: no plan that anybody could list is cheaper."""
    problem = scattered(seed, 3, 2)
    assert routing.solve(problem, solution_limit=40).cost == _optimum(problem)


def test_search_improves_on_insertion(scattered: Scattered) -> None:
    """With room to improve, OR-Tools does; it never returns anything dearer than its start."""
    problem = scattered(7, 20, 8)
    start = insert.solve(problem)
    costs = [routing.solve(problem, solution_limit=limit).cost for limit in (1, 10, 40)]
    assert start.cost >= costs[0] >= costs[1] >= costs[2]
    assert start.cost > costs[2]


def test_same_seed_and_limit_give_the_same_plan(scattered: Scattered) -> None:
    """Everything in the plan repeats, to the last tick."""
    problem = scattered(3, 15, 6)
    first, second = (routing.solve(problem, seed=5, solution_limit=30) for _ in range(2))
    assert first == second
    assert (first.seed, first.solution_limit, first.engine) == (5, 30, "routing")


def test_solutions_limit_the_search(scattered: Scattered) -> None:
    """The plan says that its solutions ran out."""
    assert routing.solve(scattered(7, 20, 8), solution_limit=2).stopped_by is (
        StoppedBy.SOLUTION_LIMIT
    )


def test_steps_limit_the_search(scattered: Scattered) -> None:
    """Where there are fewer solutions than allowed, the search ends all the same."""
    plan = routing.solve(scattered(0, 1, 1), solution_limit=20)
    assert plan.stopped_by is StoppedBy.STEP_LIMIT


def test_progress_stops_the_search_and_repeats_it(scattered: Scattered) -> None:
    """At 1 the search ends; its recorded values, played back, give the same plan."""
    problem = scattered(7, 20, 8)
    values = iter([0.0, 0.2, 0.4, 0.6, 0.8])
    plan = routing.solve(problem, solution_limit=10_000, progress=lambda: next(values, 1.0))
    assert plan.stopped_by is StoppedBy.PROGRESS
    assert plan.progress == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    again = iter(plan.progress)
    assert plan == routing.solve(problem, solution_limit=10_000, progress=lambda: next(again))


def test_no_time_at_all_gives_insertion(scattered: Scattered) -> None:
    """With `progress` at 1 from the start the plan is the warm start."""
    problem = scattered(7, 20, 8)
    plan = routing.solve(problem, progress=lambda: 1.0)
    assert (plan.tours, plan.stopped_by) == (insert.solve(problem).tours, StoppedBy.PROGRESS)


def test_progress_is_asked_between_solutions(scattered: Scattered) -> None:
    """A search that finds nothing new still asks, once in every chunk of steps."""
    plan = routing.solve(scattered(0, 1, 1), solution_limit=20, progress=lambda: 0.0)
    assert len(plan.progress) >= 20 * STEPS_PER_SOLUTION // CHUNK


def test_warm_start_is_kept(scattered: Scattered) -> None:
    """A given plan of the same problem is a start that the answer is never dearer than."""
    problem = scattered(7, 20, 8)
    good = routing.solve(problem, solution_limit=60)
    assert routing.solve(problem, solution_limit=1, warm=good).cost <= good.cost


def test_cheaper_option_is_taken(street: Street) -> None:
    """With several drop-off options the tour goes where way and option cost least together."""
    for near_cost, option in ((0, 0), (1000, 1)):
        problem = street(
            [0, 10, 20],
            pickup_place=[0],
            option_leg=[0, 0],
            option_place=[1, 2],
            option_cost=[near_cost, 0],
            start_place=[0],
            end_place=[0],
            cost_per_travel=[10],
        )
        plan = routing.solve(problem, solution_limit=5)
        assert check.violations(problem, plan) == []
        assert [stop.option for stop in plan.tours[0].stops] == [-1, option]


def test_class_of_couriers_makes_several_tours(street: Street) -> None:
    """A class of two with room for one parcel each serves two legs in two tours."""
    problem = street(
        [0, 10],
        pickup_place=[0, 0],
        option_place=[1, 1],
        start_place=[0],
        end_place=[0],
        most_parcels=[1],
        count=[2],
    )
    plan = routing.solve(problem, solution_limit=5)
    assert check.violations(problem, plan) == []
    assert [tour.courier for tour in plan.tours] == [0, 0]


def test_late_commitment_keeps_its_place(street: Street) -> None:
    """A courier who is late already gets new work only behind what he carries."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 0],
        on_board=[0, -1],
        option_place=[2, 1],
        start_place=[0],
        end_place=[-1],
        option_closes=[4, 900],
        cost_per_travel=[10],
    )
    for plan in (insert.solve(problem), routing.solve(problem, solution_limit=5)):
        assert check.violations(problem, plan) == []
        assert plan.tours[0].stops[-1].leg in {0, 1}
        assert sum(stop.action is Action.DROPOFF for stop in plan.tours[0].stops) == 2


def test_nobody_on_duty_leaves_everything_out(street: Street) -> None:
    """A problem without couriers has a plan, too."""
    problem = street([0, 1], pickup_place=[0], option_place=[1], start_place=[], end_place=[])
    for plan in (insert.solve(problem), routing.solve(problem)):
        assert [entry.leg for entry in plan.unassigned] == [0]
        assert check.violations(problem, plan) == []
