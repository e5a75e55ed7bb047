"""Big zones in parts: nothing lost, nothing broken, the same plan again."""

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings

from dispatch.solver import check, split
from dispatch.solver import search as whole
from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel.parts import part_of
from dispatch.solver.plan import StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.search import Search, search
from tests.solver.strategies import problems

_QUICK = settings(
    max_examples=100, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


@pytest.fixture(autouse=True)
def _small_parts(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let every problem be a big one, of parts with a few legs."""
    monkeypatch.setattr(split, "BIG", 2)
    monkeypatch.setattr(split, "PART_LEGS", 3)
    monkeypatch.setattr(whole, "ROUNDS", (8, 8))


@_QUICK
@given(problems(legs=12, couriers=6))
def test_oracle_agrees_with_parts(problem: Problem) -> None:
    """Searched in parts, plans break nothing, with every constraint of the schema on."""
    plan = search(problem, iterations=120, seed=1, threads=2)
    assert check.violations(problem, plan) == []


@_QUICK
@given(problems(legs=12, couriers=6))
def test_everything_is_in_one_part(problem: Problem) -> None:
    """Every vehicle and leg once; posts and linked pairs whole; no more slots than there are."""
    run = Search(problem, seed=2)
    tours = run.best()
    members = split.dealt(run.data, run.stops, tours, seed=3)
    vehicles = np.concatenate([its for its, _ in members])
    legs = np.concatenate([its for _, its in members])
    assert sorted(vehicles.tolist()) == list(range(len(run.data.vehicles)))
    assert sorted(legs.tolist()) == list(range(problem.leg_count))
    part = np.zeros(problem.leg_count, np.int64)
    for number, (its, those) in enumerate(members):
        part[those] = number
        posts = set(run.data.vehicles[its, at.POST].tolist()) - {-1}
        others = np.setdiff1d(vehicles, its)
        assert posts.isdisjoint(run.data.vehicles[others, at.POST].tolist())
    linked = np.flatnonzero(problem.after_leg >= 0)
    assert (part[linked] == part[problem.after_leg[linked]]).all()
    shares = split.slots_of(run.data, run.stops, tours, members, 3)
    if len(run.data.slots):
        assert (np.sum(shares, axis=0) <= run.data.slots).all()


@_QUICK
@given(problems(legs=12, couriers=6))
def test_parts_cost_what_the_whole_does(problem: Problem) -> None:
    """Cut into parts and put together untouched, a solution costs what it did."""
    run = Search(problem, seed=2)
    heat = split.Heat(1.0, 1.0, 0.0, 0)
    with ThreadPoolExecutor(1) as pool:
        played = split.play_round(
            pool, run.data, run.stops, run.best(), steps=0, heat=heat, room=40, seed=1
        )
    assert played.cost == run.cost
    assert played.tours == run.best()


def test_a_part_keeps_its_numbers(scattered: Callable[[int, int, int], Problem]) -> None:
    """A part's tables say of its stops what the whole's do."""
    problem = scattered(3, 20, 6)
    run = Search(problem, seed=1)
    vehicles, legs = split.dealt(run.data, run.stops, run.best(), seed=1)[0]
    part = part_of(run.data, run.stops, vehicles, legs, run.data.slots)
    tours = part.inwards(run.best())
    for vehicle, tour in zip(vehicles.tolist(), tours, strict=True):
        assert part.outwards(tour) == run.best()[vehicle]
        places = part.stops[tour, at.PLACE]
        real = run.stops[np.array(run.best()[vehicle], np.int64), at.PLACE]
        its = part.data.travel[0][np.ix_(places, places)]
        assert (its == problem.travel[0][np.ix_(real, real)]).all()


@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_same_plan(scattered: Callable[[int, int, int], Problem], threads: int) -> None:
    """Seed and steps decide the plan, however busy the processor is beside it."""
    problem = scattered(3, 40, 8)
    idle = search(problem, seed=5, iterations=900, threads=threads)
    stop = threading.Event()
    busy = threading.Thread(target=_burn, args=(stop,))
    busy.start()
    try:
        assert search(problem, seed=5, iterations=900, threads=threads) == idle
    finally:
        stop.set()
        busy.join()


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
