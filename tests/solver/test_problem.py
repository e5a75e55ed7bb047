"""A `Problem` is complete, checked and unchangeable, or it does not exist."""

from collections.abc import Callable, Sequence
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


def _frozen(*rows: Sequence[tuple[int, int, int]]) -> FrozenStops:
    """Make frozen rows of (leg, action, option)."""
    flat = np.array([stop for row in rows for stop in row], np.int64).reshape(-1, 3)
    return FrozenStops(
        indptr=np.cumsum([0, *(len(row) for row in rows)]),
        leg=flat[:, 0],
        action=flat[:, 1],
        option=flat[:, 2],
        not_before=np.zeros(len(flat), np.int64),
    )


_TWO_LEGS: dict[str, Any] = {"pickup_place": [0, 1], "option_place": [1, 0]}
_TWO_COURIERS: dict[str, Any] = {"start_place": [0, 0], "end_place": [0, 0]}
_LINKED: dict[str, Any] = {
    **_TWO_LEGS,
    "after_leg": [-1, 0],
    "option_hub": [0, -1],
    "hub_slots_free": [[1]],
}
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
    "frozen without option": ("frozen", {"frozen": _frozen([(0, 0, -1), (0, 1, -1)])}),
    "frozen with another's option": (
        "frozen",
        {**_TWO_LEGS, "frozen": _frozen([(0, 0, -1), (0, 1, 1)])},
    ),
    "frozen pickup with an option": ("frozen", {"frozen": _frozen([(0, 0, 0)])}),
    "frozen drop-off before its pickup": (
        "frozen",
        {"frozen": _frozen([(0, 1, 0), (0, 0, -1)])},
    ),
    "frozen drop-off without its pickup": ("frozen", {"frozen": _frozen([(0, 1, 0)])}),
    "frozen pickup in another row": (
        "frozen",
        {**_TWO_COURIERS, "frozen": _frozen([(0, 0, -1)], [(0, 1, 0)])},
    ),
    "frozen twice": ("frozen", {"frozen": _frozen([(0, 0, -1), (0, 0, -1)])}),
    "frozen in two rows": (
        "frozen",
        {**_TWO_COURIERS, "frozen": _frozen([(0, 0, -1)], [(0, 0, -1)])},
    ),
    "frozen pickup without a place": (
        "frozen",
        {"pickup_place": [-1], "frozen": _frozen([(0, 0, -1)])},
    ),
    "frozen, yet accepted by another": (
        "frozen",
        {**_TWO_COURIERS, "must_courier": [1], "frozen": _frozen([(0, 0, -1)], [])},
    ),
    "frozen, yet on board of another": (
        "frozen",
        {
            **_TWO_COURIERS,
            "pickup_place": [-1],
            "on_board": [1],
            "frozen": _frozen([(0, 1, 0)], []),
        },
    ),
    "frozen rows of strangers": ("frozen", {"frozen": _frozen([], [])}),
    "frozen leg that is none": ("frozen", {"frozen": _frozen([(1, 0, -1)])}),
    "frozen pickup that waits for a later stop": (
        "frozen",
        {
            **_LINKED,
            "must_courier": [0, -1],
            "frozen": _frozen([(1, 0, -1), (0, 0, -1), (0, 1, 0)]),
        },
    ),
    "a class with a frozen beginning": (
        "count",
        {"count": [2], "frozen": _frozen([(0, 0, -1)])},
    ),
    "away later than on duty": ("left", {"left": [-3], "on_duty": [-5]}),
    "after a leg, without a place": ("after_leg", {**_LINKED, "pickup_place": [0, -1]}),
    "after a leg that comes after a leg": (
        "after_leg",
        {
            "pickup_place": [0, 1, 1],
            "option_place": [1, 1, 0],
            "after_leg": [-1, 0, 1],
            "option_hub": [0, 0, -1],
            "hub_slots_free": [[3]],
        },
    ),
    "two legs after one": (
        "after_leg",
        {
            "pickup_place": [0, 1, 1],
            "option_place": [1, 0, 0],
            "after_leg": [-1, 0, 0],
            "option_hub": [0, -1, -1],
            "hub_slots_free": [[1]],
        },
    ),
    "promised after a leg that is free": ("after_leg", {**_LINKED, "must_courier": [-1, 0]}),
    "promised after a leg that ends elsewhere": (
        "after_leg",
        {**_LINKED, "must_courier": [0, 0], "option_hub": [-1, -1]},
    ),
    "dearer than 64 bits": (
        "cost_per_away",
        {"cost_per_away": [10**15], "pickup_opens": [10**6]},
    ),
    "lateness dearer than 64 bits": (
        "lateness_cost",
        {"lateness_cost": [10**10], "option_opens": [2**29], "option_due": [-9]},
    ),
    "left out dearer than 64 bits": (
        "unassigned_cost",
        {
            "pickup_place": np.zeros(4700, np.int64),
            "option_place": np.ones(4700, np.int64),
            "unassigned_cost": np.full(4700, 10**15),
        },
    ),
    "not a number": ("leash", {"leash": np.array([np.nan])}),
    "beyond 64 bits": ("leash", {"leash": np.array([2**64], object)}),
    "neither true nor false": ("pickups_first", {"pickups_first": np.array([2])}),
    "text": ("leash", {"leash": np.array(["5"])}),
    "no list at all": ("frozen", {"frozen": [[]]}),
    "post steps out of order": ("post_steps", {"post_steps": _POSTS}),
    "no such post": ("post", {"post": [0]}),
    "no such size": ("leg_size", {"leg_size": [1]}),
    "no compartments of any size": ("option_hub", {"option_hub": [0], "hub_slots_free": [[]]}),
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
    with pytest.raises(ProblemError) as caught:
        _bare(
            street,
            pickup_place=np.array([0.5]),
            load=[1],
            leash=[-1],
            mode=[4],
            off_duty=[4],
            on_duty=[5],
            fixed_cost=[1, 2],
            frozen=_frozen([(0, 0, 0)]),
        )
    fields = [name for name, _ in caught.value.faults]
    assert fields == ["pickup_place", "load", "off_duty", "leash", "mode", "fixed_cost", "frozen"]


def test_committed_legs_are_known(street: Street) -> None:
    """On board, accepted and frozen legs are committed to their courier, all others free."""
    problem = street(
        [0, 5],
        pickup_place=[-1, 0, 0, 0],
        on_board=[1, -1, -1, -1],
        must_courier=[-1, 0, -1, -1],
        option_place=[1, 1, 1, 1],
        start_place=[0, 0],
        end_place=[0, 0],
        frozen=_frozen([], [(2, 0, -1)]),
    )
    assert problem.committed_to.tolist() == [1, 0, 1, -1]


def test_promise_after_a_promise_is_fine(street: Street) -> None:
    """A linked pair may be promised as a whole: its first half can only end at the hub."""
    problem = _bare(street, **{**_LINKED, "must_courier": [0, 0]})
    assert problem.committed_to.tolist() == [0, 0]
    frozen = _frozen([(0, 0, -1), (0, 1, 0), (1, 0, -1)])
    assert _bare(street, **_LINKED, frozen=frozen).committed_to.tolist() == [0, 0]


@pytest.mark.parametrize(
    "given",
    [
        {"pickup_place": [], "option_place": [], "start_place": [], "end_place": []},
        {"pickup_place": [], "option_place": []},
        {"start_place": [], "end_place": []},
    ],
    ids=["nothing", "no legs", "no couriers"],
)
def test_nothing_to_do_is_a_problem(street: Street, given: dict[str, Any]) -> None:
    """Zero legs and zero couriers are problems like any other."""
    problem = _bare(street, **given)
    assert len(problem.committed_to) == problem.leg_count


def test_large_city_is_not_refused() -> None:
    """Real prices for thousands of promises fit into 64 bits, where the map has gaps too."""
    legs, couriers = 5000, 1000
    gap = np.array([[[0, 3600, 2**29], [3600, 0, 3600], [3600, 3600, 0]]])
    problem = Problem(
        travel=gap.astype(np.int32),
        pickup_place=np.zeros(legs, np.int64),
        option_leg=np.arange(legs),
        option_place=np.ones(legs, np.int64),
        option_due=np.full(legs, 3600),
        must_courier=np.maximum(np.arange(legs) % (2 * couriers) - couriers, -1),
        start_place=np.zeros(couriers, np.int64),
        end_place=np.zeros(couriers, np.int64),
        lateness_cost=np.full(legs, 100_000),
        cost_per_travel=np.full(couriers, 20_000),
        cost_per_away=np.full(couriers, 10_000),
        cost_over_allowance=np.full(couriers, 10_000),
    )
    assert problem.leg_count == legs
