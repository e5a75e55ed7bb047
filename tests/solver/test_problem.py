"""A `Problem` is complete, checked and unchangeable, or it does not exist."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dispatch.solver.arrays import FOREVER, NO_LIMIT, FrozenStops, Lists, PostSteps
from dispatch.solver.problem import UNREACHABLE, Problem, ProblemError

Street = Callable[..., Problem]


def _bare(street: Street, **given: Any) -> Problem:
    """One leg from 0 to 5, one courier at 0; only what must be given, and `given`."""
    fields: dict[str, Any] = {
        "pickup_place": [0],
        "option_place": [1],
        "start_place": [0],
        "end_place": [0],
        **given,
    }
    return street([0, 5], **fields)


def test_neutral_defaults_change_nothing(street: Street) -> None:
    """What is not given is filled in with the neutral values of the schema."""
    problem = _bare(street)
    assert problem.in_use == frozenset()
    assert problem.place_count == 2
    assert (problem.mode_count, problem.leg_count, problem.option_count) == (1, 1, 1)
    assert (problem.courier_count, problem.load_dimension_count) == (1, 0)
    assert problem.arc_cost is None
    neutral = {
        "on_board": -1,
        "must_courier": -1,
        "pickup_opens": -FOREVER,
        "pickup_closes": FOREVER,
        "option_due": FOREVER,
        "option_closes": FOREVER,
        "off_duty": FOREVER,
        "left": 1,
        "leash": FOREVER,
        "most_parcels": NO_LIMIT,
        "count": 1,
        "unassigned_cost": 10**12,
        "fixed_cost": 0,
    }
    for name, value in neutral.items():
        assert getattr(problem, name).tolist() == [value], name
    assert problem.barred.row(0).tolist() == []


def test_capacity_follows_the_load(street: Street) -> None:
    """Loads without capacities fit everywhere; due follows closes."""
    problem = _bare(street, load=[[3, 4]], option_closes=[9])
    assert problem.capacity.tolist() == [[NO_LIMIT, NO_LIMIT]]
    assert problem.option_due.tolist() == [9]


def test_arrays_cannot_be_changed(street: Street) -> None:
    """Neither the fields nor what they were made from can change a problem later."""
    mine = np.array([7])
    problem = _bare(street, unassigned_cost=mine)
    mine[0] = 8
    assert problem.unassigned_cost.tolist() == [7]
    for array in (problem.travel, problem.unassigned_cost, problem.leash, problem.barred.values):
        with pytest.raises(ValueError, match="read-only"):
            array[...] = 0
    with pytest.raises(AttributeError):
        problem.leash = mine  # type: ignore[misc]


def test_digest_tells_problems_apart(street: Street) -> None:
    """Equal arrays have equal digests, and one tick more is another problem."""
    assert _bare(street).digest() == _bare(street).digest()
    assert _bare(street).digest() == _bare(street, leash=[FOREVER]).digest()
    assert _bare(street).digest() != _bare(street, leash=[99]).digest()
    assert _bare(street).digest() != _bare(street, barred=Lists.of([[0]])).digest()


def test_options_are_found_by_leg(street: Street) -> None:
    """A leg's options are one range of the option arrays."""
    problem = _bare(street, pickup_place=[0, 0], option_leg=[0, 0, 1], option_place=[1, 0, 1])
    assert (problem.options_of(0), problem.options_of(1)) == (range(2), range(2, 3))


_FROZEN = FrozenStops(*(np.array(part) for part in ([0, 1], [0], [1], [-1], [0])))
_POSTS = PostSteps(*(np.array(part) for part in ([0, 2], [5, 5], [1, 1])))
BAD: dict[str, tuple[str, dict[str, Any]]] = {
    "floats": ("travel", {"travel": np.array([[[0.0, 1.0], [1.0, 0.0]]])}),
    "negative travel": ("travel", {"travel": np.array([[[0, -1], [1, 0]]])}),
    "beyond unreachable": ("travel", {"travel": np.full((1, 2, 2), UNREACHABLE + 1)}),
    "too large for its type": ("travel", {"travel": np.full((1, 2, 2), 2**40)}),
    "missing": ("pickup_place", {"pickup_place": None}),
    "wrong length": ("pickup_opens", {"pickup_opens": [0, 0]}),
    "wrong dimensions": ("load", {"load": [1]}),
    "no such place": ("option_place", {"option_place": [2]}),
    "no such courier": ("on_board", {"on_board": [1], "pickup_place": [-1]}),
    "no such mode": ("mode", {"mode": [1]}),
    "no such leg": ("option_leg", {"option_leg": [1]}),
    "no option": ("option_leg", {"pickup_place": [0, 0], "option_leg": [0]}),
    "options out of order": (
        "option_leg",
        {"pickup_place": [0, 0], "option_leg": [1, 0], "option_place": [1, 1]},
    ),
    "pickup closes early": ("pickup_closes", {"pickup_opens": [5], "pickup_closes": [4]}),
    "option closes early": ("option_closes", {"option_opens": [5], "option_closes": [4]}),
    "duty ends early": ("off_duty", {"on_duty": [5], "off_duty": [4]}),
    "on board and waiting": ("on_board", {"on_board": [0]}),
    "two owners": (
        "must_courier",
        {
            "pickup_place": [-1],
            "on_board": [0],
            "must_courier": [1],
            "start_place": [0, 0],
            "end_place": [0, 0],
        },
    ),
    "away from nowhere": ("left", {"left": [0], "start_place": [-1]}),
    "a class with commitments": ("count", {"count": [2], "must_courier": [0]}),
    "after itself": ("after_leg", {"after_leg": [0]}),
    "negative price": ("fixed_cost", {"fixed_cost": [-1]}),
    "barred stranger": ("barred", {"barred": Lists.of([[1]])}),
    "barred rows": ("barred", {"barred": Lists.of([[], []])}),
    "frozen without option": ("frozen", {"frozen": _FROZEN}),
    "post steps out of order": ("post_steps", {"post_steps": _POSTS}),
    "no such post": ("post", {"post": [0]}),
    "no such size": ("leg_size", {"leg_size": [1]}),
}


@pytest.mark.parametrize(("field", "given"), BAD.values(), ids=BAD.keys())
def test_bad_field_is_named(street: Street, field: str, given: dict[str, Any]) -> None:
    """Each bad field is refused at construction, by its name."""
    with pytest.raises(ProblemError) as caught:
        _bare(street, **given)
    assert [name for name, _ in caught.value.faults] == [field]
    assert caught.value.field == field


def test_every_bad_field_is_listed(street: Street) -> None:
    """One look at the error shows everything that is wrong."""
    with pytest.raises(ProblemError, match=r"leash: .*mode: "):
        _bare(street, leash=[-1], mode=[4])
