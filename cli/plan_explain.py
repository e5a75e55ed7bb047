"""``antmile plan explain``: why legs are left out, and what would serve them."""

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from cli.errors import fail, plain_errors
from cli.map_files import counted
from cli.plan_files import PlanFile, read_plan, ticks_of
from cli.problem_files import (
    Case,
    DepotCase,
    Format,
    OgcCase,
    Rounding,
    VroomCase,
    format_of,
    read_case,
)

if TYPE_CHECKING:
    from cli.plan_words import FileNames
    from dispatch.solver.explain import Explanation

BROKEN = 1
OUTCOME = "nothing was explained"
NAMES_TOLD = 12


@plain_errors()
def explain(
    problem_file: Annotated[Path, typer.Argument(metavar="PROBLEM", help="What was planned.")],
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="What antmile solve wrote, or the like.")
    ],
    leg: Annotated[
        str | None,
        typer.Argument(metavar="[LEG]", help="Only this one, by its name in PROBLEM: in full."),
    ] = None,
    *,
    courier: Annotated[
        str | None,
        typer.Option(metavar="C", help="Why not he: courier, vehicle or type of rider."),
    ] = None,
    format_: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Of PROBLEM; by default how it begins says."),
    ] = None,
    rounding: Annotated[
        Rounding | None,
        typer.Option(help="Of vrptw files; by default as PLAN says, or exact."),
    ] = None,
) -> None:
    """Say why a plan leaves legs out, who comes nearest, and the smallest change that serves them.

    Example: antmile plan explain problem.json plan.json 17 --courier 3

    A fix is tight: with it one insertion into this plan serves the leg, with one
    second, piece or cent less none does. Each holds by itself.

    Exit status: 0 explained, 1 the plan breaks something, 2 a file cannot be read,
    or there is no such leg or courier.
    """
    if courier is not None and leg is None:
        fail("--courier: name the leg too")
    case = read_case(
        problem_file, format_ or format_of(problem_file), rounding=rounding, outcome=OUTCOME
    )
    read = read_plan(case, plan_file, outcome=OUTCOME, rounding=rounding)
    _check(case, read)
    from cli.plan_words import FileNames

    names = FileNames(case, ticks_of(case))
    console = Console(highlight=False, soft_wrap=True)
    if leg is None:
        found = _asked(case, read, None)
        if found:
            console.print(_table(found, names))
        console.print(_count(found))
        return
    which = _leg(case, leg)
    found = _asked(case, read, which) if courier is None else _why_not(case, read, which, courier)
    for line in _lines(found[0], names):
        console.print(line, markup=False)


def _check(case: Case, read: PlanFile) -> None:
    """Refuse a plan that breaks something, by our own rules."""
    from dispatch.solver import check

    broken = check.violations(case.problem, read.plan)
    if not broken:
        return
    for found in broken:
        typer.echo(f"{found.subject}: {found.constraint}: {found.detail}")
    typer.echo(f"{counted(len(broken), 'fault')}: {OUTCOME}")
    raise typer.Exit(BROKEN)


def _asked(case: Case, read: PlanFile, leg: int | None) -> "Sequence[Explanation]":
    from dispatch.solver.explain import ExplainError, explain

    if leg is not None:
        server = _server(read, leg)
        if server:
            others = "the vehicles are all alike, so nobody else is asked"
            if not isinstance(case, DepotCase):
                others = "ask why not another, --courier C"
            fail(f"{case.name(leg)} is served by {server}: {others}")
    try:
        return explain(case.problem, read.plan, None if leg is None else [leg])
    except ExplainError as error:
        fail(str(error))


def _why_not(case: Case, read: PlanFile, leg: int, courier: str) -> "Sequence[Explanation]":
    from dispatch.solver.explain import ExplainError, why_not

    try:
        return [why_not(case.problem, read.plan, leg, _courier(case, courier))]
    except ExplainError as error:
        server = _server(read, leg)
        fail(f"{case.name(leg)} is served by {server}: ask about another" if server else str(error))


def _server(read: PlanFile, leg: int) -> str:
    """Return the name of who serves a leg; nothing where it is left out."""
    for who, tour in zip(read.who, read.plan.tours, strict=True):
        if any(stop.leg == leg for stop in tour.stops):
            return who.name
    return ""


def _leg(case: Case, name: str) -> int:
    """Return the leg of that name; an id or a node in it suffices where no other has it."""
    known = [case.name(leg) for leg in range(case.problem.leg_count)]
    if name in known:
        return known.index(name)
    legs = [leg for leg, its in enumerate(known) if name in re.split("[ -]", its)]
    if not legs:
        fail(f"LEG: {name} is not in PROBLEM; it has {_few(known)}")
    if len(legs) > 1:
        fail(f"LEG: {name} may be {' or '.join(repr(known[leg]) for leg in legs)}: say which")
    return legs[0]


def _courier(case: Case, name: str) -> int:
    """Return the courier class of who is called so in the file."""
    if isinstance(case, DepotCase):
        fail("--courier: the vehicles of PROBLEM are all alike: leave it out")
    known = list(_couriers(case))
    found = [courier for courier, its in known if its == name]
    if not found:
        its = list(dict.fromkeys(its for _, its in known))
        fail(f"--courier: {name} is not in PROBLEM; it has {_few(its)}")
    return found[0]


def _few(names: Sequence[str]) -> str:
    more = ", ..." if len(names) > NAMES_TOLD else ""
    return (", ".join(names[:NAMES_TOLD]) or "none") + more


def _couriers(case: Case) -> Iterator[tuple[int, str]]:
    for courier in range(case.problem.courier_count):
        if isinstance(case, VroomCase):
            yield from ((courier, str(its.id)) for its in case.model.classes[courier])
        elif isinstance(case, OgcCase):
            yield courier, case.orders.riders[courier].type
        else:
            yield courier, str(courier)


def _table(found: "Sequence[Explanation]", names: "FileNames") -> Table:
    from dispatch.solver.wording import fix_in_words, in_words

    table = Table("leg", "reason", "nearest", "missing", "served if")
    for its in found:
        who = names.courier(its.courier) if its.courier >= 0 else ""
        fix = fix_in_words(its.fix, names) if its.fix is not None else f"({in_words(its, names)})"
        cells = (names.leg(its.leg), its.reason.value, who, names.missing(its), fix)
        table.add_row(*map(escape, cells))
    return table


def _count(found: "Sequence[Explanation]") -> str:
    """Say how many legs are left out, and of several why."""
    if not found:
        return "no leg is left out"
    told = f"{counted(len(found), 'leg')} left out"
    if len(found) == 1:
        return told
    reasons = Counter(its.reason.value for its in found).most_common()
    why = ", ".join(f"{count} {reason}" for reason, count in reasons)
    return f"{told}: {why}; each fix holds by itself"


def _lines(its: "Explanation", names: "FileNames") -> Iterator[str]:
    from dispatch.solver.wording import cause_in_words, fix_in_words

    yield f"{names.leg(its.leg)}: {its.reason.value}: {cause_in_words(its, names)}"
    if its.fix is not None:
        yield f"served if {fix_in_words(its.fix, names)}"
    for fix in its.others:
        yield f"       or {fix_in_words(fix, names)}"
