"""All goals of the solver, row by row, beside PyVRP, VROOM and OR-Tools: ``make bench-solver``.

The short form takes some twenty minutes on two cores and says nothing final; ``--full`` runs at
least ten works of everything, for hours. Runs on one thread are started on all cores at once,
``--jobs`` at a time: limits are CPU seconds. Runs on two threads have the machine to themselves.
The results go to `out/bench-solver/results.json`, from which `benchmarks.solver.report` makes the
tables and the curves.

Run: python -m benchmarks.solver [--full] [--only ROW ...] [--jobs N] [--json FILE] [--scale 0.1]
"""

import argparse
import os
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

from rich.console import Console
from rich.progress import MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from benchmarks.solver import results
from benchmarks.solver.published import data_folder
from benchmarks.solver.rows import ROWS
from benchmarks.solver.runs import Outcome, Run, outcome_of
from benchmarks.solver.table import Line, Row

MARK = {True: "[green]met[/]", False: "[red]missed[/]", None: "-"}


def measured(
    row: Row, runs: list[Run], console: Console, *, jobs: int, scale: float
) -> list[Outcome]:
    """Run all of a row, with a bar; runs on several threads come last and alone."""
    columns = (TextColumn("{task.description:<12}"), MofNCompleteColumn(), TimeElapsedColumn())
    outcomes: list[Outcome] = []
    with Progress(*columns, TextColumn("{task.fields[last]}"), console=console) as progress:
        bar = progress.add_task(row.name, total=len(runs), last="")

        def run(one: Run) -> Outcome:
            outcome = outcome_of(one, scale=scale)
            text = outcome.error or f"{outcome.cost:,.1f}, {outcome.unassigned} left out"
            progress.update(bar, advance=1, last=f"{one.label} {one.work}: {text}"[:90])
            return outcome

        single = [one for one in runs if one.threads == 1]
        with ThreadPoolExecutor(jobs) as pool:
            outcomes += pool.map(run, single)
        outcomes += map(run, (one for one in runs if one.threads > 1))
    return outcomes


def show(lines: list[Line], console: Console) -> None:
    """Print the table of goals."""
    table = Table(title="Goals")
    for name in ("work", "goal", "ours, mean", "worst", "peers, same run", ""):
        table.add_column(name, overflow="fold")
    for line in lines:
        cells = (line.work, line.goal, line.ours, line.worst, line.peers)
        table.add_row(*cells, MARK[line.is_met])
    console.print(table)


def main() -> None:
    """Run the rows asked for and print what all results so far say of them."""
    names = [row.name for row in ROWS]
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0] if __doc__ else None)
    parser.add_argument("--full", action="store_true", help="at least ten works of everything")
    parser.add_argument("--only", nargs="+", choices=names, default=names, metavar="ROW")
    parser.add_argument("--jobs", type=int, default=len(os.sched_getaffinity(0)))
    parser.add_argument("--json", type=Path, default=results.FILE, metavar="FILE")
    parser.add_argument(
        "--scale", type=float, default=1.0, help="of all limits, to try the benchmark out"
    )
    options = parser.parse_args()
    data_folder()
    # A table for people is not read through a pipe of 80 columns.
    console = Console() if sys.stdout.isatty() else Console(width=180)
    console.print(results.machine())
    for row in ROWS:
        if row.name not in options.only:
            continue
        outcomes = measured(
            row, row.runs(options.full), console, jobs=options.jobs, scale=options.scale
        )
        results.keep(options.json, row.name, outcomes, is_whole=options.full)
        for outcome in outcomes:
            trouble = outcome.error or "; ".join(outcome.faults)
            if trouble:
                console.print(f"{outcome.run.label} {outcome.run.work}: {trouble}", style="yellow")
    kept = results.load(options.json)
    lines = [
        line
        for row in ROWS
        if row.name in options.only
        for line in row.lines(results.outcomes_of(kept, row.name))
    ]
    show(lines, console)


if __name__ == "__main__":
    main()
