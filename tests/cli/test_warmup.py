"""``antmile warmup``: what a fresh install pays once."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pytest

# All that couriers and matrices ask, by the compiled search even where the map is small.
REAL_WORK = """
import sys
from pathlib import Path
import maps.graph
from cli.points import NamedPoint
from maps.doors import Door
from maps.osm import load_map
from maps.travel import TravelTimes

maps.graph.SMALL_WORK = -1
times = TravelTimes(load_map(Path(sys.argv[1])), threads=2)
spots = [NamedPoint(id="", lat=48 + i * 1e-4, lon=15 + i * 1e-4) for i in range(150)]
for mode in ("foot", "car"):
    times.matrix(mode, spots, spots)
    times.matrix(mode, spots[:3], spots)
    times.matrix(mode, spots, spots[:3])
    doors = [Door(lat=spot.lat, lon=spot.lon) for spot in spots]
    times.extend(mode, doors[:100])
    times.extend(mode, doors)
    assert len(times.route(mode, spots[0], spots[-1]).polyline) > 2
"""

# All that epochs, `antmile solve` and its formats ask: every field of a problem, each in its turn.
REAL_PLANS = """
from dispatch.solver.solve import solve
from tests.solver.kept import KEPT

for kept in KEPT.values():
    plan = solve(kept.problem, engine="search", iterations=100, progress=lambda: 0.0)
    solve(kept.problem, engine="search", iterations=100, threads=2, warm=plan, reduce_fleet=True)
    solve(kept.problem, engine="routing", iterations=100, warm=plan)
"""


@pytest.mark.slow
@pytest.mark.timeout(600)
def test_warmup_compiles_all_and_once(tmp_path: Path, grid_map: Path) -> None:
    """An empty folder is filled; neither a second run nor real work compiles anything more."""
    cache = tmp_path / "numba"
    said = _python(cache, "from cli.main import app; app()", "warmup")
    assert re.search(r"compile the search for travel times \.\.\. [\d.]+ s\n", said)
    assert re.search(r"compile the solver \.\.\. [\d.]+ s\n", said)
    assert said.endswith("warm\n")
    written = {file: file.stat().st_mtime_ns for file in cache.rglob("*.nb?")}
    assert written
    _python(cache, "from cli.main import app; app()", "warmup")
    _python(cache, REAL_WORK, str(grid_map))
    _python(cache, REAL_PLANS)
    assert {file: file.stat().st_mtime_ns for file in cache.rglob("*.nb?")} == written


def _python(cache: Path, program: str, *arguments: str) -> str:
    """Run a program in a process of its own, with a folder for what it compiles."""
    result = subprocess.run(
        [sys.executable, "-c", program, *arguments],
        env={**os.environ, "NUMBA_CACHE_DIR": str(cache), "ANTMILE_CACHE_DIR": str(cache / "maps")},
        capture_output=True,
        check=False,
        text=True,
    )
    assert result.returncode == 0, result.stderr
    return result.stdout
