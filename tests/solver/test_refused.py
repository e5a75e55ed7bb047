"""Fields that are not honoured yet are refused by name, never ignored."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check, insert, routing
from dispatch.solver.arrays import FrozenStops, PostSteps
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem, UnsupportedError
from dispatch.solver.solve import solve

_FROZEN = FrozenStops(*(np.array(part) for part in ([0, 1, 1], [0], [0], [-1], [0])))
_POSTS = PostSteps(*(np.array(part) for part in ([0, 1], [0], [1])))
NOT_NEUTRAL: dict[str, dict[str, Any]] = {
    "after_leg": {"after_leg": np.array([-1, 0])},
    "move_cost": {"seen_courier": np.array([0, -1]), "move_cost": np.array([5, 0])},
    "option_place": {"option_place": np.array([-1, 4])},
    "option_hub": {"option_hub": np.array([0, -1]), "hub_slots_free": np.array([[1]])},
    "pickups_first": {"pickups_first": np.array([True, False])},
    "frozen": {"frozen": _FROZEN},
    "post": {"post": np.array([0, -1]), "post_steps": _POSTS},
}

_NO_PLAN = Plan(tours=(), unassigned=(), cost=0, engine="")
REFUSERS: dict[str, Callable[[Problem], object]] = {
    "insert": insert.solve,
    "routing": routing.solve,
    "front door": solve,
    "violations": lambda problem: check.violations(problem, _NO_PLAN),
    "cost": lambda problem: check.cost(problem, _NO_PLAN),
}


@pytest.mark.parametrize("refuser", REFUSERS.values(), ids=REFUSERS.keys())
@pytest.mark.parametrize("field", NOT_NEUTRAL)
def test_field_is_refused_by_name(
    two_legs_two_couriers: Problem, field: str, refuser: Callable[[Problem], object]
) -> None:
    """Engines and oracle alike say which field they cannot honour."""
    given = {f.name: getattr(two_legs_two_couriers, f.name) for f in fields(two_legs_two_couriers)}
    problem = Problem(**given | NOT_NEUTRAL[field])
    assert problem.in_use == {field}
    with pytest.raises(UnsupportedError, match=field) as caught:
        refuser(problem)
    assert caught.value.field == field


def test_lists_agree() -> None:
    """Engines and oracle refuse the same fields, and every one of them is tried above."""
    assert set(insert.NOT_HONOURED) == set(routing.NOT_HONOURED) == set(check.NOT_HONOURED)
    assert set(check.NOT_HONOURED) == set(NOT_NEUTRAL)
