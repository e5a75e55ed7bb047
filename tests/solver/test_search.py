"""The compiled search: sound in every corner, repeatable, and optimal where that can be known."""

import threading
from collections.abc import Callable

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from dispatch.solver import check
from dispatch.solver.cooling import Cooling
from dispatch.solver.kernel.solution import grown
from dispatch.solver.plan import StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.search import Search, search
from tests.solver.exhaustive import best_cost
from tests.solver.kept import KEPT
from tests.solver.strategies import problems

_QUICK = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@_QUICK
@given(problems())
def test_oracle_agrees_with_search(problem: Problem) -> None:
    """Plans break nothing and cost what they say, with every constraint of the schema on."""
    plan = search(problem, iterations=60, seed=1)
    assert check.violations(problem, plan) == []


@settings(max_examples=60, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck))
@given(problems(legs=3, couriers=2, places=5))
def test_tiny_problems_are_solved_to_the_end(problem: Problem) -> None:
    """What trying everything finds to be cheapest, the search finds too.

    Where commitments bind, the oracle lets them break limits, and trying everything makes use of
    that; the search breaks none that it can keep.
    """
    cost = min(search(problem, iterations=300, seed=seed).cost for seed in (1, 2))
    best = best_cost(problem)
    assert best is not None
    if (problem.committed_to >= 0).any():
        assert cost >= best
    else:
        assert cost == best


@pytest.mark.parametrize("name", KEPT)
def test_each_field_is_honoured(name: str) -> None:
    """On a problem in which one field binds, the plan costs what the best one does."""
    kept = KEPT[name]
    plan = search(kept.problem, iterations=300, seed=1)
    assert check.violations(kept.problem, plan) == []
    assert plan.cost == kept.cost


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_same_plan(scattered: Callable[[int, int, int], Problem], threads: int) -> None:
    """Seed and iterations decide the plan, however busy the processor is beside it."""
    problem = scattered(3, 40, 8)
    idle = search(problem, seed=5, iterations=1500, threads=threads)
    stop = threading.Event()
    busy = [threading.Thread(target=_burn, args=(stop,)) for _ in range(2)]
    for thread in busy:
        thread.start()
    try:
        loaded = search(problem, seed=5, iterations=1500, threads=threads)
    finally:
        stop.set()
        for thread in busy:
            thread.join()
    assert idle == loaded
    assert search(problem, seed=6, iterations=1500, threads=threads) != idle


def _burn(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(1000))


def test_values_of_progress_repeat_a_timed_plan(
    scattered: Callable[[int, int, int], Problem],
) -> None:
    """A plan that a clock ended is made again by playing back what the clock said."""
    problem = scattered(4, 30, 6)
    said = iter([0.0, 0.01, 0.05, 0.2, 0.21, 0.4, 0.7, 0.9, 1.0])
    first = search(problem, seed=1, progress=lambda: next(said))
    assert first.stopped_by is StoppedBy.PROGRESS
    again = iter(first.progress)
    assert search(problem, seed=1, progress=lambda: next(again)) == first


def test_warm_start_is_never_worse(scattered: Callable[[int, int, int], Problem]) -> None:
    """A search from a plan answers with that plan or a cheaper one."""
    problem = scattered(5, 30, 6)
    good = search(problem, seed=1, iterations=3000)
    assert search(problem, seed=2, iterations=1, warm=good).cost <= good.cost


def test_more_room_changes_nothing(scattered: Callable[[int, int, int], Problem]) -> None:
    """Tours that outgrow their tables go on where they were."""
    problem = scattered(6, 40, 2)
    run = Search(problem, seed=1)
    cost = run.cost
    run.works = [grown(run.data, work) for work in run.works]
    assert run.cost == cost
    run.go(iterations=500)
    assert check.violations(problem, run.plan()) == []


def test_search_needs_a_limit() -> None:
    """Neither iterations nor progress: that search would never end."""
    with pytest.raises(ValueError, match="limit"):
        Cooling(None, None)


def test_nobody_and_no_mode() -> None:
    """Without couriers there may be no mode of travel either: every leg is left out."""
    nothing = np.zeros((0, 2, 2), np.int32)
    problem = Problem(
        travel=nothing,
        pickup_place=np.array([0, 0]),
        option_leg=np.array([0, 1]),
        option_place=np.array([1, 1]),
        start_place=np.zeros(0, np.int64),
        end_place=np.zeros(0, np.int64),
    )
    assert [entry.leg for entry in search(problem, iterations=10).unassigned] == [0, 1]
