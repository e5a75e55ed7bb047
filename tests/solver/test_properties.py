"""Random small problems: whatever the engines answer, the oracle agrees with it."""

from hypothesis import HealthCheck, given, settings

from dispatch.solver import check, explain, insert, routing
from dispatch.solver.plan import Plan, Reason
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule, plan_of
from dispatch.solver.solve import solve
from dispatch.solver.tours import Tours
from tests.solver.exhaustive import best_plan
from tests.solver.strategies import problems

_QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
_MANY = settings(_QUICK, max_examples=250)


def _holds(problem: Problem, plan: Plan) -> None:
    assert check.violations(problem, plan) == []
    assert plan.cost == check.cost(problem, plan)


@_MANY
@given(problems())
def test_oracle_agrees_with_insertion(problem: Problem) -> None:
    """Insertion's plans break nothing and cost what they say, in every corner of the schema."""
    tours = insert.build(Schedule(problem))
    plan = tours.plan(insert.ENGINE)
    _holds(problem, plan)
    assert tours.cost == plan.cost, "what moves were said to save they did save"


@_QUICK
@given(problems())
def test_oracle_agrees_with_routing(problem: Problem) -> None:
    """So do the plans that OR-Tools commits."""
    plan = routing.solve(problem, iterations=60)
    _holds(problem, plan)
    assert plan.notes == (), "OR-Tools takes every plan of the search"


@_QUICK
@given(problems())
def test_oracle_agrees_with_the_front_door(problem: Problem) -> None:
    """Explaining a plan changes neither its tours nor its cost, and explains every leg left out."""
    plan = solve(problem, engine="insert")
    _holds(problem, plan)
    assert plan.tours == insert.solve(problem, passes=0).tours


@_MANY
@given(problems())
def test_a_plan_is_taken_over_as_it_is(problem: Problem) -> None:
    """A plan without violations loses nothing when insertion goes on from it."""
    plan = insert.solve(problem, passes=1)
    tours = Tours(Schedule(problem))
    assert tours.adopt(tours.found_in(plan))
    assert (tours.planned(), tours.cost) == (plan.tours, plan.cost)
    found = list(tours.found_in(plan).items())
    again = plan_of(tours.schedule, [(tours.couriers[v], stops) for v, stops in found], engine="")
    assert (again.tours, again.cost) == (plan.tours, plan.cost)


@settings(_QUICK, max_examples=40)
@given(problems(legs=2, couriers=2, places=5))
def test_nothing_beats_the_best_plan(problem: Problem) -> None:
    """On tiny problems insertion is never cheaper than the best of all plans, nor is it refused."""
    best = best_plan(problem)
    plan = insert.solve(problem)
    assert best is not None
    assert plan.cost >= best.cost
    explained = explain.explained(problem, best)
    assert Reason.SEARCH_LIMIT not in {entry.reason for entry in explained}
