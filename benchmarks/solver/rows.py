"""All rows of the benchmark: those of the goals, and what starting takes."""

import statistics
from collections.abc import Sequence

from benchmarks.solver import rows_columns, rows_crowd, rows_published
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


def _explained_runs(_: bool) -> list[Run]:  # noqa: FBT001
    return [
        Run(row="explain", work=f"{family}:200:40:1", solver="explained", options={"more": more})
        for family in ("C", "F", "R")
        for more in ("legs", "couriers")
    ]


def _explained_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    took = [o.wall_s for o in outcomes if not o.error]
    if not took:
        return []
    return [
        Line(
            "why 50 legs are left out, with the smallest fix, 200 / 40",
            "under 1 s",
            f"{statistics.mean(took):.2f} s",
            f"{max(took):.2f} s",
            "",
            max(took) < 1.0,
        )
    ]


ROWS = (
    *rows_crowd.ROWS,
    *rows_published.ROWS,
    *rows_columns.ROWS,
    Row("explain", _explained_runs, _explained_lines),
    Row("start", _start_runs, _start_lines),
)
