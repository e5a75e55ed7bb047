"""``antmile solve``: a plan for a problem file, of whichever format."""

import json
import math
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.live import Live
from rich.table import Table

from cli.errors import fail, plain_errors
from cli.map_files import counted, replacing
from cli.problem_files import Case, Format, Objective, Rounding, read_case
from cli.progress import told_of_compiling, working

if TYPE_CHECKING:
    from dispatch.clock import Clock
    from dispatch.solver.plan import Plan
    from dispatch.solver.problem import Problem

DEFAULT_LIMIT_S = 10.0
"""How long is searched where nobody says."""

BETWEEN_LINES_S = 1.0
"""Without a terminal the best cost is told at most this often."""

LEGS_NAMED = 8
"""So many legs left out are named for each reason."""

STOPPED_BY = {
    "DONE": "nothing left to improve",
    "ITERATION_LIMIT": "the number of iterations",
    "SOLUTION_LIMIT": "the number of solutions",
    "STEP_LIMIT": "a long while without a new solution",
    "PROGRESS": "the time limit",
}
"""What ended the search (`dispatch.solver.plan.StoppedBy`), in plain words."""

BROKEN = 1


@plain_errors()
def solve(
    file: Annotated[Path, typer.Argument(metavar="FILE", help="A problem.")],
    format_: Annotated[Format, typer.Option("--format", "-f", help="What FILE is.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="File for the plan, JSON.")],
    *,
    time_limit: Annotated[
        float | None,
        typer.Option(help="Seconds to search; 10 where no limit is given.", show_default=False),
    ] = None,
    iterations: Annotated[
        int | None,
        typer.Option(
            min=1,
            help="Instead of a time limit: steps of the search on each thread. The same number"
            " gives the same plan again, however busy the machine is.",
        ),
    ] = None,
    threads: Annotated[
        int, typer.Option(min=1, max=64, help="How many threads search at the same time.")
    ] = 1,
    seed: Annotated[
        int,
        typer.Option(
            min=0, max=2**31 - 1, help="Another number makes the search draw other random numbers."
        ),
    ] = 0,
    objective: Annotated[
        Objective | None,
        typer.Option(
            help="What comes first in vrptw, lilim and sartori files.", show_default=False
        ),
    ] = None,
    rounding: Annotated[
        Rounding | None,
        typer.Option(
            help="Distances of vrptw files: double precision, or truncated to one decimal.",
            show_default=False,
        ),
    ] = None,
    columns: Annotated[
        bool | None,
        typer.Option(
            help="Put the routes that the search meets together anew, by a set partition. By"
            " default where couriers are of few kinds and tours are short.",
            show_default=False,
        ),
    ] = None,
    progress: Annotated[
        bool, typer.Option("--progress", help="Show the best cost as it falls.")
    ] = False,
) -> None:
    """Plan a problem and write the plan.

    Example: antmile solve R101.txt -f vrptw --time-limit 10 -o plan.json

    Formats: vrptw (Solomon, Gehring and Homberger), lilim (Li and Lim), sartori
    (Sartori and Buriol), ogc (Optimization Grand Challenge 2024), vroom (VROOM's
    JSON; the plan is VROOM's own answer), antmile (our own, JSON or .npz).

    Compiling, which happens once on a machine, comes before the time limit.
    Published problems are scored by their published rules. What nobody could
    serve is left out and told with its reason.

    Exit status: 0 a plan was written, also where legs are left out, 1 it breaks
    something, 2 a file or an option is bad.
    """
    _check_limits(time_limit, iterations)
    _check_out(out, file)
    with working(f"reading {file.name}"):
        case = read_case(file, format_, objective=objective, rounding=rounding)
        warm = case.warm()
    with replacing(out) as sink:
        _compile()
        limits = _Limits(
            iterations=iterations,
            time_limit_s=None if iterations else time_limit or DEFAULT_LIMIT_S,
            threads=threads,
            seed=seed,
            columns=columns,
        )
        plan, took = _search(case, limits, warm=warm, shows=progress)
        document = case.document(plan, took.cpu_s)
        content = json.dumps(document).encode() + b"\n"
        sink.write(content)
    faults, worth, unserved = case.judged(content)
    Console(highlight=False, soft_wrap=True).print(_table(file, case, plan, worth, took))
    for note in plan.notes:
        typer.echo(note, err=True)
    defects = [fault for fault in faults if fault not in unserved]
    for defect in defects:
        typer.echo(f"a defect of ours: {defect}", err=True)
    if defects:
        raise typer.Exit(BROKEN)


def _check_limits(time_limit_s: float | None, iterations: int | None) -> None:
    if time_limit_s is None:
        return
    if iterations is not None:
        fail("--time-limit, --iterations: give one of them, not both")
    if not math.isfinite(time_limit_s):
        fail(f"--time-limit: {time_limit_s:g}: give a finite number of seconds")
    if time_limit_s <= 0.0:
        fail(f"--time-limit: {time_limit_s:g} seconds: give more than none")


def _check_out(out: Path, file: Path) -> None:
    """End the program, before any work, where the plan cannot or must not be written."""
    if not out.parent.is_dir():
        fail(f"{out.parent}: no such folder: make it, or choose another")
    if out.is_file() and file.exists() and out.samefile(file):
        fail(f"--out: {out} is the problem itself, which a plan would destroy: choose another name")


@dataclass(frozen=True)
class _Limits:
    """Where the search stops, and what its course depends on; one of the first two is None."""

    iterations: int | None
    time_limit_s: float | None
    threads: int
    seed: int
    columns: bool | None


@dataclass(frozen=True)
class _Took:
    """How long the search took."""

    wall_s: float
    cpu_s: float


def _planned(
    problem: "Problem",
    limits: _Limits,
    *,
    progress: Callable[[], float] | None,
    warm: "Plan | None",
    reduce_fleet: bool,
    watch: Callable[[int, int], None] | None,
) -> "Plan":
    """Call the solver: the only place that does."""
    from dispatch.solver.solve import solve as planned

    return planned(
        problem,
        seed=limits.seed,
        iterations=limits.iterations,
        threads=limits.threads,
        columns=limits.columns,
        progress=progress,
        warm=warm,
        reduce_fleet=reduce_fleet,
        watch=watch,
    )


def _compile() -> None:
    """Load and compile the solver before any limit starts."""
    from dispatch.solver.warmup import warm_up

    with working("loading the solver") as work, told_of_compiling(work, "dispatch.solver"):
        warm_up("routing")


def _search(
    case: Case, limits: _Limits, *, warm: "Plan | None", shows: bool
) -> "tuple[Plan, _Took]":
    """Search within the limits, the wall clock being asked through `progress`."""
    from dispatch.clock import SystemClock

    clock = SystemClock()
    began, began_cpu = clock.monotonic(), time.process_time()

    def share() -> float:
        return min(1.0, (clock.monotonic() - began) / (limits.time_limit_s or 1.0))

    with _watching(case, clock, shows=shows) as watch:
        plan = _planned(
            case.problem,
            limits,
            progress=None if limits.time_limit_s is None else share,
            warm=warm,
            reduce_fleet=case.reduce_fleet,
            watch=watch,
        )
    return plan, _Took(clock.monotonic() - began, time.process_time() - began_cpu)


@contextmanager
def _watching(
    case: Case, clock: "Clock", *, shows: bool
) -> Iterator[Callable[[int, int], None] | None]:
    """Show the best cost on stderr as it falls: in one line of a terminal, else line by line."""
    if not shows:
        yield None
        return
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    falling = Falling(case, clock)
    if console.is_terminal:
        with Live(console=console, get_renderable=falling.line, refresh_per_second=5):
            yield falling.note
        return

    def told(cost: int, iterations: int) -> None:
        falling.note(cost, iterations)
        if falling.is_worth_a_line():
            console.print(falling.line(), markup=False)

    yield told
    if falling.has_news:
        console.print(falling.line(), markup=False)


class Falling:
    """The best cost so far, told as it falls.

    Parameters
    ----------
    case : Case
        Whose words it is told in.
    clock : Clock
        By which it is told when.
    """

    def __init__(self, case: Case, clock: "Clock") -> None:
        self._case = case
        self._clock = clock
        self._began = clock.monotonic()
        self._told_at = float("-inf")
        self._best: int | None = None
        self._iterations = 0
        self.has_news = False

    def note(self, cost: int, iterations: int) -> None:
        """Take what the search has found after so many iterations."""
        self._iterations = iterations
        if self._best is None or cost < self._best:
            self._best = cost
            self.has_news = True

    def is_worth_a_line(self) -> bool:
        """Say whether the cost has fallen, and a while after the last line."""
        return self.has_news and self._clock.monotonic() - self._told_at >= BETWEEN_LINES_S

    def line(self) -> str:
        """Return the time, the best cost and the iterations."""
        self.has_news = False
        self._told_at = self._clock.monotonic()
        best = "nothing yet" if self._best is None else self._case.shown(self._best)
        took_s = self._told_at - self._began
        return f"{took_s:7.1f} s  {self._iterations:>10,} iterations  best {best}"


def _table(file: Path, case: Case, plan: "Plan", worth: str, took: _Took) -> Table:
    """Return the main figures, and what is left out by its reasons."""
    table = Table("problem", file.name)
    table.columns[1].justify = "right"
    for name, value in (
        ("legs", f"{case.problem.leg_count:,}"),
        ("couriers", f"{case.fleet():,}"),
        ("plan", worth),
        ("left out", f"{len(plan.unassigned):,}"),
    ):
        table.add_row(name, value)
    by_reason = Counter(entry.reason for entry in plan.unassigned)
    for reason, count in sorted(by_reason.items()):
        legs = [entry.leg for entry in plan.unassigned if entry.reason is reason]
        named = ", ".join(case.name(leg) for leg in legs[:LEGS_NAMED])
        table.add_row(f"  {reason.value}: {count:,}", named + ", ..." * (count > LEGS_NAMED))
    for name, value in (
        ("engine", plan.engine),
        ("iterations", f"{plan.iterations:,}"),
        ("stopped by", STOPPED_BY[plan.stopped_by.value]),
        ("wall clock", f"{took.wall_s:.1f} s"),
        ("CPU", f"{took.cpu_s:.1f} s on {counted(plan.threads, 'thread')}"),
    ):
        table.add_row(name, value)
    return table
