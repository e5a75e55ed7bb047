"""Which routes together: the best choice of small sets, and never a dearer one than at hand."""

from collections.abc import Callable, Iterator
from itertools import combinations, product
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.solver import check
from dispatch.solver.columns import Columns, Rows, choose, cost_of
from dispatch.solver.problem import Problem
from dispatch.solver.recombine import Improver
from dispatch.solver.search import search
from tests.solver.strategies import problems

_QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def columns(routes: list[tuple[int, int, list[int]]], **more: Any) -> Columns:
    """Write (courier, cost, legs) down as columns."""
    legs = [leg for _, _, its in routes for leg in its]
    own: dict[str, Any] = {
        "owner": np.array([owner for owner, _, _ in routes]),
        "cost": np.array([cost for _, cost, _ in routes]),
        "indptr": np.cumsum([0, *(len(its) for _, _, its in routes)]),
        "leg": np.array(legs, np.int64),
        "slot": np.full(len(legs), -1),
        "since": np.zeros(len(routes), np.int64),
        "until": np.ones(len(routes), np.int64),
    }
    return Columns(**{**own, **{name: np.array(value) for name, value in more.items()}})


def rows(legs: int, couriers: int, **more: Any) -> Rows:
    """Give rows that ask for nothing but each leg and courier once."""
    own: dict[str, Any] = {
        "wait": np.full(legs, 100),
        "backup": np.full(legs, 100),
        "must": np.zeros(legs, np.bool_),
        "ignored": np.zeros(legs, np.bool_),
        "count": np.ones(couriers, np.int64),
        "always": np.zeros(couriers, np.bool_),
        "free": np.zeros(0, np.int64),
        "post": np.full(couriers, -1),
        "steps": np.zeros((0, 3), np.int64),
    }
    return Rows(**{**own, **{name: np.array(value) for name, value in more.items()}})


TWO = [(0, 50, [0]), (1, 50, [1]), (0, 60, [0, 1]), (1, 20, [0])]


def test_the_best_routes_together() -> None:
    """One leg each is at hand; both with one courier cost less."""
    found = choose(columns(TWO), rows(2, 2), [0, 1])
    assert (found.routes.tolist(), found.cost) == ([2], 60)
    assert found.bound <= found.cost


def test_a_dear_leg_waits_or_goes_to_the_backup() -> None:
    """What no route carries cheaply enough waits; where the backup is cheaper, it goes there."""
    found = choose(columns(TWO), rows(2, 2, wait=[100, 5], backup=[100, 3]), [0, 1])
    assert (found.routes.tolist(), found.backups.tolist(), found.cost) == ([3], [1], 23)
    found = choose(columns(TWO), rows(2, 2, wait=[100, 3], backup=[100, 5]), [0, 1])
    assert found.waits.tolist() == [1]


def test_a_promise_is_kept_at_any_price() -> None:
    """A leg that must be served does not wait."""
    found = choose(columns(TWO), rows(2, 2, wait=[1, 1], must=[True, False]), [0, 1])
    assert (found.routes.tolist(), found.waits.tolist()) == ([3], [1])


def test_expected_costs_are_handed_in() -> None:
    """Costs are whatever whoever asks makes of them: here the cheap route is likely refused."""
    table = columns(TWO)
    dear = columns([(o, c + 90 * (len(its) > 1), its) for o, c, its in TWO])
    assert choose(table, rows(2, 2), [0, 1]).routes.tolist() == [2]
    assert choose(dear, rows(2, 2), [0, 1]).routes.tolist() == [0, 1]


def test_a_class_makes_as_many_routes_as_it_has_people() -> None:
    """Two of one class may go, not three."""
    routes = [(0, 10, [leg]) for leg in range(3)]
    found = choose(columns(routes), rows(3, 1, count=[2]), [0])
    assert (len(found.routes), found.cost) == (2, 120)


def test_hub_slots_are_a_row() -> None:
    """Both routes fill the one free compartment: one of them goes."""
    table = columns([(0, 10, [0]), (1, 20, [1])], slot=[0, 0])
    assert choose(table, rows(2, 2, free=[1]), []).routes.tolist() == [0]
    assert choose(table, rows(2, 2, free=[2]), []).routes.tolist() == [0, 1]


def test_posts_are_rows() -> None:
    """Two guards of one post go one after the other, not at the same time."""
    routes = [(0, 10, [0]), (1, 10, [1]), (1, 15, [1])]
    table = columns(routes, since=[0, 5, 10], until=[10, 15, 20])
    post = {"post": [0, 0], "steps": [(0, 0, 1)]}
    assert choose(table, rows(2, 2, **post), []).routes.tolist() == [0, 2]
    free = {"post": [0, 0], "steps": [(0, 0, 1), (0, 5, 2)]}
    assert choose(table, rows(2, 2, **free), []).routes.tolist() == [0, 1]


def test_fixed_routes_stay() -> None:
    """A tour that must not be touched is in the answer, however dear it is."""
    assert choose(columns(TWO), rows(2, 2), [0, 1], fixed=[0]).routes.tolist() == [0, 1]


def test_nothing_found_in_the_limit_leaves_the_plan() -> None:
    """CP-SAT without time finds nothing: the solution at hand stands, and the note says so."""
    found = choose(columns(TWO), rows(2, 2), [0, 1], limit=0.0)
    assert found.routes.tolist() == [0, 1]
    assert "the plan stands" in found.note


@pytest.mark.parametrize(
    ("at_hand", "more", "said"),
    [
        ([], {"must": [True, True]}, "leg 0"),
        ([0, 2], {}, "leg 0"),
        ([0], {"always": [True, True]}, "courier 1"),
    ],
)
def test_a_pool_without_a_cover_is_refused(
    at_hand: list[int], more: dict[str, Any], said: str
) -> None:
    """There is no plan to go back to: the row that nobody covers is named."""
    with pytest.raises(ValueError, match=said):
        choose(columns(TWO), rows(2, 2, **more), at_hand)


def _allowed(table: Columns, its: Rows) -> Iterator[tuple[int, ...]]:
    for count in range(len(table) + 1):
        for routes in combinations(range(len(table)), count):
            cells = [slice(table.indptr[r], table.indptr[r + 1]) for r in routes]
            legs = [leg for cell in cells for leg in table.leg[cell]]
            slots = [slot for cell in cells for slot in table.slot[cell] if slot >= 0]
            made = np.bincount(table.owner[list(routes)], minlength=len(its.count))
            filled = np.bincount(np.array(slots, np.int64), minlength=len(its.free))
            away = [
                sum(
                    its.post[table.owner[r]] == post and table.since[r] <= at < table.until[r]
                    for r in routes
                )
                for (post, _, _), at in product(its.steps.tolist(), range(12))
            ]
            most = [most for _, _, most in its.steps.tolist() for _ in range(12)]
            if (
                len(legs) == len(set(legs))
                and set(np.flatnonzero(its.must)) <= set(legs)
                and (made <= its.count).all()
                and (filled <= its.free).all()
                and all(a <= m for a, m in zip(away, most, strict=True))
            ):
                yield routes


@_QUICK
@given(st.integers(0, 2**32))
def test_no_choice_is_cheaper(seed: int) -> None:
    """On random small sets with all kinds of rows, trying everything finds nothing better."""
    rng = np.random.default_rng(seed)
    legs, couriers, count = 5, 4, 9
    routes = [
        (
            int(rng.integers(couriers)),
            int(rng.integers(1, 200)),
            sorted(rng.choice(legs, int(rng.integers(1, 4)), replace=False).tolist()),
        )
        for _ in range(count)
    ]
    since = rng.integers(0, 8, count)
    cells = sum(len(its) for _, _, its in routes)
    table = columns(
        routes,
        slot=rng.integers(-1, 2, cells),
        since=since,
        until=since + rng.integers(1, 5, count),
    )
    its = rows(
        legs,
        couriers,
        wait=rng.integers(1, 150, legs),
        backup=rng.integers(1, 150, legs),
        count=rng.integers(1, 3, couriers),
        free=rng.integers(0, 3, 2),
        post=rng.integers(-1, 2, couriers),
        steps=[(0, 0, 1), (1, 0, int(rng.integers(0, 3)))],
    )
    found = choose(table, its, [])
    best = min(cost_of(table, its, routes) for routes in _allowed(table, its))
    assert found.cost == cost_of(table, its, found.routes.tolist()) == best
    assert found.bound <= best + 1e-6 * best
    assert tuple(found.routes.tolist()) in set(_allowed(table, its))


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_same_plan(scattered: Callable[[int, int, int], Problem], threads: int) -> None:
    """Seed and steps decide also what is put together anew, on one thread and on two."""
    problem = scattered(3, 20, 6)
    first, again = (
        search(problem, seed=5, iterations=400, threads=threads, improve=Improver(always=True))
        for _ in range(2)
    )
    assert again == first


def test_it_is_due_a_few_times_and_never_too_late() -> None:
    """At its marks, once where two are passed at a time, and not where it would end too late."""
    its = Improver(always=True)
    assert not its.is_due(0.0, 0.2)
    assert its.is_due(0.2, 0.6)
    assert not its.is_due(0.6, 0.7)
    assert its.is_due(0.7, 0.8)
    assert not its.is_due(0.2, 0.97)


@_QUICK
@given(problems())
def test_the_oracle_agrees_with_what_is_put_together(problem: Problem) -> None:
    """With every constraint of the schema on, what comes of the pool breaks nothing."""
    plan = search(problem, iterations=60, seed=1, improve=Improver(always=True))
    assert check.violations(problem, plan) == []
