"""All rows of the benchmark: those of the goals, and what starting takes."""

from collections.abc import Sequence

from benchmarks.solver import rows_crowd, rows_published
from benchmarks.solver.runs import Outcome, Run
from benchmarks.solver.table import Line, Row


def _start_runs(_: bool) -> list[Run]:  # noqa: FBT001
    return [
        Run(row="start", work="C:40:8:1", solver="start", options={"cache": cache})
        for cache in ("empty", "filled")
    ]


def _start_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    took = {o.run.options["cache"]: o.wall_s for o in outcomes if not o.error}
    if len(took) < 2:
        return []
    text = f"{took['empty']:.1f} s; from the cache {took['filled']:.2f} s"
    return [Line("process to first answer, compiling", "", text, "", "", None)]


ROWS = (*rows_crowd.ROWS, *rows_published.ROWS, Row("start", _start_runs, _start_lines))
