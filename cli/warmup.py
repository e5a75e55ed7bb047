"""``antmile warmup``: pay for loading and compiling once, in plain sight.

Python compiles a package's files when they are first imported, and numba compiles the search for
travel times and the solver when they are first called; together that takes a minute, at which the
first user of a fresh install should not wonder. Both keep what they compiled on disk, so that a
second run takes seconds: Python beside the files, numba in ``NUMBA_CACHE_DIR``, or beside the files
where that is not set, or in the user's own cache folder where nothing can be written there.
"""

import importlib
import time
from collections.abc import Callable
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import typer

from cli.errors import plain_errors

if TYPE_CHECKING:
    from dispatch.solver.plan import Engine

LIBRARIES = {
    "numpy and scipy": ("numpy", "scipy.sparse.csgraph", "scipy.sparse.linalg"),
    "maps": ("osmium", "shapely", "maps.travel"),
    "numba": ("maps.hierarchy",),
    "report": ("matplotlib.font_manager", "dispatch.sim.report"),
    "log and service": ("sqlalchemy", "grpc", "grpc_health.v1.health"),
}


@plain_errors()
def warmup() -> None:
    """Load and compile what is heavy, saying how long each step takes.

    Run it once after an install; the first map and the first plan are then as quick as all others.
    """
    for name, modules in LIBRARIES.items():
        _timed(f"load {name}", partial(_load, modules))
    _timed("compile the search for travel times", _search)
    _timed("compile the solver", partial(_solve, "search"))
    _timed("load OR-Tools and solve a small problem", partial(_solve, "routing"))
    typer.echo("warm")


def _timed(label: str, step: Callable[[], None]) -> None:
    typer.echo(f"{label} ... ", nl=False)
    began = time.perf_counter()
    step()
    typer.echo(f"{time.perf_counter() - began:.1f} s")


def _load(modules: tuple[str, ...]) -> None:
    for module in modules:
        importlib.import_module(module)


def _search() -> None:
    """Search a ring of one-way roads by every kernel of the hierarchy, each of which compiles."""
    from maps.hierarchy import Hierarchy
    from maps.kernel.entries import Entries
    from maps.kernel.spread import spread
    from maps.kernel.weight import packed, unpacked

    count = 100
    node = np.arange(count)
    road = packed(np.full(count, 1000), np.full(count, 100))
    ring = Hierarchy(count, node, np.roll(node, -1), road).customized(road)
    places = Entries(np.arange(count + 1), node, np.zeros(count, np.int64))
    first, last = places.take(node[:1]), places.take(node[-1:])
    all_s, all_m = ring.matrix(places, places)
    _, one_m = unpacked(ring.packed(first, last))
    weight, way = ring.path(first, last)
    _, way_m = unpacked(np.array([weight]))
    if not all_m[0, -1] == one_m[0, 0] == way_m[0] == 10.0 * (len(way) - 1):
        raise RuntimeError("the compiled search does not find the way round a ring")
    doors = np.full((count, count), 0, np.float32)
    none, no_s = np.empty(0, np.int64), np.empty(0)
    zero_s = np.zeros(count)
    spread((all_s, all_m), (none, none, no_s, no_s), (node, node), (zero_s, zero_s), (doors, all_m))
    if not np.array_equal(doors, all_s):
        raise RuntimeError("the compiled matrix of doors is not that of the roads to them")


def _solve(engine: "Engine") -> None:
    """Plan small problems by an engine; what it calls for large ones is then compiled, too."""
    from dispatch.solver.warmup import warm_up

    warm_up(engine)
