"""``antmile warmup``: pay for loading and compiling once, in plain sight.

Python compiles a package's files when they are first imported, which for the solver and the
map libraries takes seconds; the first user of a fresh install should not wonder at them.
"""

import importlib
import time
from collections.abc import Callable
from functools import partial

import numpy as np
import typer

from cli.errors import plain_errors

LIBRARIES = {
    "numpy and scipy": ("numpy", "scipy.sparse.csgraph"),
    "maps": ("osmium", "shapely", "maps.travel"),
    "report": ("matplotlib.font_manager", "dispatch.sim.report"),
    "log and service": ("sqlalchemy", "grpc", "grpc_health.v1.health"),
}


@plain_errors()
def warmup() -> None:
    """Load what is heavy and solve one small problem, saying how long each step takes."""
    for name, modules in LIBRARIES.items():
        _timed(f"load {name}", partial(_load, modules))
    _timed("load OR-Tools and solve a small problem", _solve)
    typer.echo("warm")


def _timed(label: str, step: Callable[[], None]) -> None:
    typer.echo(f"{label} ... ", nl=False)
    began = time.perf_counter()
    step()
    typer.echo(f"{time.perf_counter() - began:.1f} s")


def _load(modules: tuple[str, ...]) -> None:
    for module in modules:
        importlib.import_module(module)


def _solve() -> None:
    """Plan one leg for one courier: places 0 (start and end), 1 (pickup), 2 (door)."""
    from dispatch.solver import routing
    from dispatch.solver.problem import Problem

    minutes = np.array([[[0, 5, 9], [5, 0, 4], [9, 4, 0]]], dtype=np.int32)
    problem = Problem(
        travel=60 * minutes,
        pickup_place=np.array([1]),
        option_leg=np.array([0]),
        option_place=np.array([2]),
        start_place=np.array([0]),
        end_place=np.array([0]),
    )
    plan = routing.solve(problem, seed=0, solution_limit=10)
    if len(plan.tours) != 1:
        raise RuntimeError("the solver left a leg out that anybody could carry")
