"""Fields that are not honoured yet are refused by name, never ignored."""

from collections.abc import Callable
from dataclasses import fields
from typing import Any

import numpy as np
import pytest

from dispatch.solver import routing
from dispatch.solver.arrays import FrozenStops, PostSteps
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

REFUSERS: dict[str, Callable[[Problem], object]] = {
    "routing": routing.solve,
    "front door": solve,
}


@pytest.mark.parametrize("refuser", REFUSERS.values(), ids=REFUSERS.keys())
@pytest.mark.parametrize("field", routing.NOT_HONOURED)
def test_field_is_refused_by_name(
    two_legs_two_couriers: Problem, field: str, refuser: Callable[[Problem], object]
) -> None:
    """Engines say which field they cannot honour."""
    given = {f.name: getattr(two_legs_two_couriers, f.name) for f in fields(two_legs_two_couriers)}
    problem = Problem(**given | NOT_NEUTRAL[field])
    assert problem.in_use == {field}
    with pytest.raises(UnsupportedError, match=field) as caught:
        refuser(problem)
    assert caught.value.field == field


def test_lists_agree() -> None:
    """Engines refuse the same fields, and every one of them is known above."""
    assert set(routing.NOT_HONOURED) == set(routing.NOT_HONOURED) <= set(NOT_NEUTRAL)
