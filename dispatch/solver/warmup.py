"""Everything that compiles, compiled before anybody waits for a plan.

numba compiles a function at its first call and keeps the result on disk. Whoever sets a limit in
seconds, serves, or measures, calls this first: a minute on a fresh install, a second from then
on. No clock is read here: callers say how long it took.
"""

from concurrent.futures import ThreadPoolExecutor
from typing import Any

import numpy as np

from dispatch.solver import search, split
from dispatch.solver.plan import Engine
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve


def warm_up(engine: Engine = "routing") -> None:
    """Load and compile all that an engine calls, by two problems of three legs.

    Parameters
    ----------
    engine : "routing", "search" or "insert"
        The first two share the compiled search. Insertion has nothing to compile.

    Raises
    ------
    RuntimeError
        If the engine leaves out what anybody could carry.

    """
    if engine == "insert":
        return
    pairs, carried = _problems()
    if search.AVAILABLE:
        _plan(pairs, "search")
        _plan(carried, "search")
        _in_parts(pairs)
    if engine == "routing":
        _plan(pairs, "routing")


def _plan(problem: Problem, engine: Engine) -> None:
    """Plan from nothing, and from that with all that a search can be asked for."""
    cold = solve(problem, engine=engine, iterations=2, solution_limit=2)
    plan = solve(
        problem,
        engine=engine,
        iterations=40,
        solution_limit=2,
        threads=2,
        warm=cold,
        reduce_fleet=True,
        progress=lambda: 0.0,
        columns=True,
    )
    if plan.unassigned:
        message = f"{engine} left a leg out that anybody could carry"
        raise RuntimeError(message)


def _in_parts(problem: Problem) -> None:
    """Search as big zones are searched."""
    run = search.Search(problem)
    heat = split.Heat(1.0, 0.1, 0.0, 1)
    with ThreadPoolExecutor(1) as pool:
        split.play_round(
            pool, run.data, run.stops, run.best(), steps=2, heat=heat, room=search.ROOM, seed=0
        )


def _problems() -> tuple[Problem, Problem]:
    """Three legs for three who can take one each: with pickups; without, one to the tour's end."""
    minutes = 60 * np.array([[[0, 5, 9], [5, 0, 4], [9, 4, 0]]], dtype=np.int32)
    ways: dict[str, Any] = {
        "travel": minutes,
        "start_place": np.array([0, 0, 0]),
        "end_place": np.array([0, 0, 0]),
        "most_parcels": np.array([1, 1, 1]),
        "cost_per_travel": np.array([1, 1, 1]),
    }
    return (
        Problem(
            pickup_place=np.array([1, 2, -1]),
            option_leg=np.array([0, 1, 2]),
            option_place=np.array([2, 1, 2]),
            **ways,
        ),
        Problem(
            pickup_place=np.array([-1, -1, -1]),
            option_leg=np.array([0, 1, 2]),
            option_place=np.array([-1, 1, 2]),
            **ways,
        ),
    )
