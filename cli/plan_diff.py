"""``antmile plan diff``: what one plan does otherwise than another."""

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import fail, plain_errors
from cli.plan_differences import SAME_ASSIGNMENT, Difference, Kind, differences
from cli.plan_files import read_plan, ticks_of
from cli.plan_trips import Trips, trips_of, trips_with
from cli.problem_files import Format, content_of, format_of, read_case, told

if TYPE_CHECKING:
    from dispatch.sim.plan_sheet import Ticks

DIFFERENT = 1

SMALLEST_PERCENT = 0.05
"""What is less would read as nothing."""
OUTCOME = "nothing was compared"

WORDS: dict[Kind, str] = {
    "moved": "moved",
    "left out": "left out",
    "served": "served",
    "drop-off": "another drop-off",
    "order": "another order",
    "time": "another time",
}

COUNTED: dict[Kind, str] = {
    "moved": "moved",
    "left out": "left out in B only",
    "served": "served in B only",
    "drop-off": "to another drop-off",
    "order": "in another order",
    "time": "at another time",
}

SHAPES = {"antmile": "antmile", "vroom": "vroom", "bundles": "ogc", "nodes": "routes of nodes"}


@plain_errors()
def diff(
    a_file: Annotated[Path, typer.Argument(metavar="A", help="A plan.")],
    b_file: Annotated[Path, typer.Argument(metavar="B", help="Another of the same problem.")],
    problem_file: Annotated[
        Path | None,
        typer.Option("--problem", help="What both plan: names the legs and times the stops."),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Of the problem; by default how it begins says."),
    ] = None,
) -> None:
    """Compare two plans of a problem: what moved, what only one serves, and the cost.

    Example: antmile plan diff yesterday.json today.json --problem problem.json

    A line for each leg that differs: moved to somebody else, left out or served by
    B only, brought to another drop-off, in another order or at another time. Times
    are compared where they are known: with --problem, and in answers of VROOM's.

    Exit status: 0 everybody serves the same legs, 1 they do not, 2 a file cannot be read.
    """
    if problem_file is None:
        if format_ is not None:
            fail("--format: is that of the problem: give --problem too")
        a, b, ticks = _alone(a_file), _alone(b_file), None
        if a.shape and b.shape and a.shape != b.shape:
            shapes = f"{SHAPES[a.shape]}, {SHAPES[b.shape]}"
            fail(f"{a_file} and {b_file} are of different formats ({shapes}): {OUTCOME}")
    else:
        a, b, ticks = _of_problem(problem_file, format_, a_file, b_file)
    found = differences(a, b)
    console = Console(highlight=False, soft_wrap=True)
    if found:
        console.print(_table(found, _headings(a_file, b_file), ticks))
    for line in _summary(a, b, found):
        console.print(line, markup=False)
    if any(its.kind not in SAME_ASSIGNMENT for its in found):
        raise typer.Exit(DIFFERENT)


def _alone(path: Path) -> Trips:
    content = content_of(path)
    with told(path, OUTCOME):
        return trips_of(content)


def _of_problem(
    problem_file: Path, format_: Format | None, *plan_files: Path
) -> "tuple[Trips, Trips, Ticks]":
    case = read_case(problem_file, format_ or format_of(problem_file), outcome=OUTCOME)
    a, b = (
        trips_with(case, read_plan(case, path, outcome=OUTCOME), content_of(path))
        for path in plan_files
    )
    return a, b, ticks_of(case)


def _headings(a: Path, b: Path) -> tuple[str, str]:
    """Return what the plans are called: their files' names where these tell them apart."""
    names = (a.name, b.name) if a.name != b.name else (str(a), str(b))
    return f"A: {names[0]}", f"B: {names[1]}"


def _table(found: Sequence[Difference], names: tuple[str, str], ticks: "Ticks | None") -> Table:
    table = Table("leg", "", *(escape(name) for name in names))
    for its in found:
        before, after = _cells(its, ticks)
        table.add_row(*(escape(cell) for cell in (its.leg, WORDS[its.kind], before, after)))
    return table


def _cells(its: Difference, ticks: "Ticks | None") -> tuple[str, str]:
    """Return what stands in the plans' columns."""
    from dispatch.sim.plan_sheet import Ticks

    if its.stops is None:
        return its.before, its.after
    clock = ticks or Ticks()
    cells = []
    for moment in its.stops:
        told = f"{its.before}: stop {moment.number}, {moment.stop.action}"
        if its.kind == "drop-off":
            told += f" {moment.stop.option}"
        elif moment.stop.starts_at is not None:
            told += f" at {clock.moment(moment.stop.starts_at)}"
        cells.append(told)
    was, comes = (moment.stop.starts_at for moment in its.stops)
    if its.kind == "time" and was is not None and comes is not None:
        word = "later" if comes > was else "earlier"
        cells[1] += f", {clock.duration(abs(comes - was))} {word}"
    return cells[0], cells[1]


def _summary(a: Trips, b: Trips, found: Sequence[Difference]) -> list[str]:
    """Count what differs, and say what it costs."""
    legs = {leg for trips in (a, b) for trip in trips.trips for leg in trip.legs}
    counts = Counter(its.kind for its in found)
    words = [f"{count} {COUNTED[kind]}" for kind, count in counts.items()]
    same = len(legs) - len(found)
    both = len(a.left_out.keys() & b.left_out.keys())
    words += [f"{same} as they were"] * (same > 0) + [f"{both} left out by both"] * (both > 0)
    lines = [", ".join(words) or "nobody serves anything"]
    lines.append(f"tours: {len(a.trips)} -> {len(b.trips)}")
    if a.cost is None or b.cost is None:
        lines.append("cost: not in both files")
    else:
        lines.append(_cost(a.cost, b.cost))
    return lines


def _cost(before: float, after: float) -> str:
    """Say what both cost, to two decimals where they are no whole numbers."""
    decimals = 0 if all(float(cost).is_integer() for cost in (before, after)) else 2
    extra = round(after - before, decimals)
    if not extra:
        return f"cost: {before:,.{decimals}f} -> {after:,.{decimals}f} (the same)"
    percent = 100 * extra / before if before else 0.0
    share = f", {percent:+.1f} %" if abs(percent) >= SMALLEST_PERCENT else ""
    change = f"({extra:+,.{decimals}f}{share})"
    return f"cost: {before:,.{decimals}f} -> {after:,.{decimals}f} {change}"
