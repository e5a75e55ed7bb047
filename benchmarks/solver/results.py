"""What was measured, as a JSON file that is added to row by row.

A row that is run again replaces what was there of it, so that rows can be run on different days;
the report says of each when it is not the newest.
"""

import json
import os
import platform
from collections.abc import Sequence
from importlib.metadata import version
from pathlib import Path
from typing import Any

from benchmarks.solver.rows import ROWS
from benchmarks.solver.runs import PEERS_PYTHON, Outcome
from benchmarks.solver.table import Line

FILE = Path("out/bench-solver/results.json")


def machine() -> str:
    """Name processor, cores, Python and the solvers' versions."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    name = names[0] if names else platform.machine()
    parts = [name, f"{os.cpu_count()} cores", f"Python {platform.python_version()}"]
    parts += [f"OR-Tools {version('ortools')}", f"numba {version('numba')}", *_peers()]
    return ", ".join(parts)


def _peers() -> list[str]:
    """Read the peers' versions without starting their venv."""
    found = Path(PEERS_PYTHON.parent.parent, "lib").glob("python*/site-packages/py*.dist-info")
    names = (path.name.removesuffix(".dist-info").split("-") for path in sorted(found))
    titles = {"pyvrp": "PyVRP", "pyvroom": "VROOM (pyvroom)"}
    return [f"{titles[name]} {number}" for name, number in names if name in titles]


def load(path: Path) -> dict[str, Any]:
    """Read results, or start with none."""
    if not path.is_file():
        return {"rows": {}}
    kept: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return kept


def keep(path: Path, row: str, outcomes: Sequence[Outcome], *, is_whole: bool) -> None:
    """Put a row's outcomes into the file, in place of what it has of that row."""
    kept = load(path)
    kept["rows"][row] = {
        "machine": machine(),
        "is_whole": is_whole,
        "outcomes": [outcome.as_json() for outcome in outcomes],
    }
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(json.dumps(kept), encoding="utf-8")


def outcomes_of(kept: dict[str, Any], row: str) -> list[Outcome]:
    """Return a row's outcomes."""
    return [Outcome.from_json(one) for one in kept["rows"].get(row, {}).get("outcomes", [])]


def lines_of(kept: dict[str, Any]) -> list[Line]:
    """Return the lines of all rows that there are."""
    measured = (row for row in ROWS if row.name in kept["rows"])
    return [line for row in measured for line in row.lines(outcomes_of(kept, row.name))]
