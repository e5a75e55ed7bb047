"""Rows of the table on what a set partition of the routes met adds to the search alone."""

from collections.abc import Sequence
from pathlib import Path

from benchmarks.solver import challenge
from benchmarks.solver.published import data_folder
from benchmarks.solver.runs import Outcome, Run
from benchmarks.solver.table import Line, Row, at_most, by_work, chosen, gaps, mean, percent
from benchmarks.solver.table import ratio_of_means as ratio

SEEDS = range(1, 11)
ALONE, TOGETHER = {"columns": "0"}, {"columns": "1"}


def _hubs_runs(full: bool) -> list[Run]:  # noqa: FBT001
    return [
        Run(row="columns-hubs", work=f"H:200:40:{seed}", solver="ours", seconds=10.0, options=its)
        for seed in (SEEDS if full else SEEDS[:4])
        for its in (ALONE, TOGETHER)
    ]


def _hubs_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    alone = by_work(chosen(outcomes, "ours", columns="0"))
    together = by_work(chosen(outcomes, "ours", columns="1"))
    return [
        Line(
            "crowd with scarce hub slots 200 / 40, 10 s: columns against the search alone",
            "none",
            f"{(mean(list(together.values())) or 0) / 1000:.1f} k:"
            f" {percent(ratio(together, alone), 2)}",
            percent(max(gaps(together, alone), default=None), 2),
            f"search alone {(mean(list(alone.values())) or 0) / 1000:.1f} k",
            None,
        )
    ]


def _challenge_works() -> list[str]:
    files = sorted(Path(data_folder(), "bundle_ogc2024").glob("*.json"))
    return [f"ogc:bundle_ogc2024/{file.name}" for file in files]


def _challenge_runs(_: bool) -> list[Run]:  # noqa: FBT001
    return [
        Run(row="challenge", work=work, solver="ours", seconds=30.0, threads=2, options=its)
        for work in _challenge_works()
        for its in (ALONE, {})
    ]


def _challenge_lines(outcomes: Sequence[Outcome]) -> list[Line]:
    alone = by_work(chosen(outcomes, "ours", columns="0"))
    ours = [o for o in outcomes if not o.run.options and o.is_valid]
    lines = []
    for outcome in sorted(ours, key=lambda o: o.run.work):
        name = Path(outcome.run.work.partition(":")[2]).stem
        goal = challenge.GOAL[name]
        share = outcome.cost / goal - 1
        lines.append(
            Line(
                f"Grand Challenge {name}, 30 s on two cores",
                f"within 1 % of {goal}",
                f"{outcome.cost:.1f}: {percent(share, 2)}",
                "",
                f"search alone {alone.get(outcome.run.work, float('nan')):.1f}",
                at_most(share, 0.01),
            )
        )
    return lines


ROWS = (
    Row("columns-hubs", _hubs_runs, _hubs_lines),
    Row("challenge", _challenge_runs, _challenge_lines),
)
