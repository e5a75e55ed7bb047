from typing import Any

import pytest
from hypothesis import given, settings

from dispatch.solver import insert
from dispatch.solver.costs import CostKind, left_out_terms, tour_terms
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from tests.solver.strategies import problems


def _total(problem: Problem, plan: Plan) -> int:
    total = left_out_terms(problem, plan)
    for tour in plan.tours:
        total.update(tour_terms(problem, tour))
    return total.total()


@settings(max_examples=150, deadline=None)
@given(problem=problems())
def test_the_terms_add_up_to_the_cost(problem: Problem) -> None:
    """Whatever a problem has a price for, nothing is forgotten and nothing counted twice."""
    plan = insert.solve(problem)
    assert _total(problem, plan) == plan.cost


@pytest.mark.parametrize("is_served", [True, False])
def test_a_term_tells_what_is_paid_for(*, is_served: bool) -> None:
    """A tour pays for its ways and its drop-off, a leg left out only for being left out."""
    arrays: dict[str, Any] = {
        "travel": [[[0, 10], [10, 0]]],
        "pickup_place": [0],
        "option_leg": [0],
        "option_place": [1],
        "start_place": [0],
        "end_place": [0],
        "cost_per_travel": [3],
        "cost_per_parcel": [7],
        "unassigned_cost": [1000 if is_served else 1],
    }
    problem = Problem(**arrays)
    plan = insert.solve(problem)
    terms = left_out_terms(problem, plan)
    for tour in plan.tours:
        terms.update(tour_terms(problem, tour))
    wanted = {CostKind.TRAVEL: 60, CostKind.PARCELS: 7} if is_served else {CostKind.UNASSIGNED: 1}
    assert {kind: cost for kind, cost in terms.items() if cost} == wanted
