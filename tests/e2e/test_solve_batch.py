"""A call and a file are planned alike, by the real service in its own process."""

import json
import re
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

from dispatch.solver.formats import antmile
from tests.e2e.test_serve import ROOT, _example, _rows, _serving
from tests.solver.strategies import SHARED, drawn

ITERATIONS, SEED = "3000", "5"

pytestmark = [pytest.mark.slow, pytest.mark.timeout(180)]


def _problem(folder: Path) -> Path:
    """Write a problem that uses everything a problem can have."""
    rng = np.random.default_rng(11)
    problems = (drawn(rng, 40, 8, 12, [*SHARED, "arc_cost"]) for _ in range(100))
    problem = next(one for one in problems if one is not None and one.in_use >= {"frozen", "post"})
    path = folder / "problem.json"
    path.write_text(antmile.write(problem), encoding="utf-8")
    return path


def _solved(problem: Path) -> dict[str, object]:
    """Return the plan of ``antmile solve``."""
    out = problem.with_name("plan.json")
    command = [
        sys.executable, "-c", "from cli.main import app; app()", "solve", str(problem),
        "--format", "antmile", "--iterations", ITERATIONS, "--seed", SEED, "--out", str(out),
    ]  # fmt: skip
    done = subprocess.run(
        command, cwd=ROOT, capture_output=True, text=True, check=False, timeout=120
    )
    assert done.returncode == 0, done.stdout + done.stderr
    plan: dict[str, object] = json.loads(out.read_text(encoding="utf-8"))
    return plan


def test_a_call_costs_what_the_file_costs(grid_map: Path, tmp_path: Path) -> None:
    """The example sends a file's arrays and gets the cost of ``antmile solve``; its map works too.

    Nothing of it stands in the log afterwards.
    """
    problem = _problem(tmp_path)
    digest = antmile.read(problem.read_bytes()).digest()
    wanted = _solved(problem)
    limits = ("--iterations", ITERATIONS, "--seed", SEED)
    with _serving(grid_map, tmp_path / "data") as service:
        before = _rows(service.data, "SELECT count(*) FROM events")
        client = _example("solve_batch", service, "--problem", str(problem), *limits)
        said, _ = client.communicate(timeout=60)
        assert client.returncode == 0, said
        found = re.search(r"^cost (\d+) by routing, (\d+) iterations", said, re.MULTILINE)
        assert found is not None, said
        assert (int(found[1]), int(found[2])) == (wanted["cost"], wanted["iterations"])
        assert f"problem {digest}" in said
        client = _example("solve_batch", service, *limits)
        said, _ = client.communicate(timeout=60)
        assert client.returncode == 0, said
        assert "fetch parcel-1 at place" in said
        client = _example("solve_batch", service, "--lat", "50", *limits)
        said, _ = client.communicate(timeout=60)
        assert client.returncode == 1
        assert "INVALID_ARGUMENT: places[0].point: lies off the map" in said
        assert _rows(service.data, "SELECT count(*) FROM events") == before
