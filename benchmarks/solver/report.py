"""The results as tables in Markdown and as curves, into `docs/benchmarks.md`.

The page has a pair of comments between which the tables stand; what is around them is written by
hand. Without ``--write`` the tables are printed and nothing is changed.

Run: python -m benchmarks.solver.report [--json FILE] [--write]
"""

import argparse
from pathlib import Path
from typing import Any

from benchmarks.solver import results
from benchmarks.solver.curves import draw
from benchmarks.solver.table import Line

PAGE = Path("docs/benchmarks.md")
IMAGES = Path("docs/images")
BEGIN = "<!-- solver tables: python -m benchmarks.solver.report --write -->"
END = "<!-- end of solver tables -->"
CURVES = (
    ("crowd-200", "C:200:40:1", "Crowd of 200 legs and 40 couriers, seed 1", "solver-200.png"),
    ("crowd-1000", "C:1000:200:1", "Crowd of 1,000 legs, 200 couriers, seed 1", "solver-1000.png"),
)
"""Row, work, title and file of each picture."""


def tables(kept: dict[str, Any]) -> str:
    """Return the goals' table and what was measured on, in Markdown."""
    short = [name for name, row in kept["rows"].items() if not row["is_whole"]]
    machines = sorted({row["machine"] for row in kept["rows"].values()})
    text = [
        "| work | goal | ours, mean | worst | peers, same run | |",
        "|---|---|---|---|---|---|",
        *map(_row, results.lines_of(kept)),
        "",
        f"Measured on {'; '.join(machines)}.",
    ]
    if short:
        text.append(f"Short form, a few works each: {', '.join(short)}.")
    return "\n".join(text)


def _row(line: Line) -> str:
    mark = {True: "met", False: "**missed**", None: ""}[line.is_met]
    cells = (line.work, line.goal, line.ours, line.worst, line.peers, mark)
    return f"| {' | '.join(cells)} |"


def main() -> None:
    """Print or write."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--json", type=Path, default=results.FILE, metavar="FILE")
    parser.add_argument("--write", action="store_true", help=f"into {PAGE} and {IMAGES}")
    options = parser.parse_args()
    kept = results.load(options.json)
    text = tables(kept)
    if not options.write:
        print(text)
        return
    for row, work, title, image in CURVES:
        if draw(results.outcomes_of(kept, row), work, title, IMAGES / image):
            text += f"\n\n![{title}: best cost over CPU seconds](images/{image})"
    before, _, rest = PAGE.read_text(encoding="utf-8").partition(BEGIN)
    _, found, after = rest.partition(END)
    assert found, f"{PAGE} has no place for the tables"
    PAGE.write_text(f"{before}{BEGIN}\n\n{text}\n\n{END}{after}", encoding="utf-8")


if __name__ == "__main__":
    main()
