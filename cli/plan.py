"""``antmile plan``: plans looked at."""

from pathlib import Path
from typing import Annotated

import typer

from cli.errors import plain_errors
from cli.plan_diff import diff
from cli.plan_draw import draw
from cli.plan_explain import explain
from cli.plan_files import advice, with_cost
from cli.problem_files import Format, Rounding, content_of, format_of, read_case, told

BROKEN = 1

app = typer.Typer(help="Look at plans of problem files.", no_args_is_help=True)


@app.command("check")
@plain_errors()
def check(
    problem_file: Annotated[Path, typer.Argument(metavar="PROBLEM", help="What was planned.")],
    plan_file: Annotated[
        Path, typer.Argument(metavar="PLAN", help="What antmile solve wrote, or the like.")
    ],
    format_: Annotated[
        Format | None,
        typer.Option("--format", "-f", help="Of PROBLEM; by default how it begins says."),
    ] = None,
    rounding: Annotated[
        Rounding | None,
        typer.Option(help="Of vrptw files; by default as PLAN says, or exact."),
    ] = None,
) -> None:
    """Say what a plan breaks, and what it is worth.

    Published formats are judged by their published rules, from the numbers of
    their files, which want everybody served; the others by the oracle that judges
    every plan of ours.

    Exit status: 0 nothing is broken, 1 something is, 2 a file cannot be read.
    """
    outcome = "nothing was checked"
    format_ = format_ or format_of(problem_file)
    case = read_case(problem_file, format_, rounding=rounding, outcome=outcome)
    content = content_of(plan_file)
    with told(plan_file, outcome, hint=lambda: advice(content)):
        faults, worth, _ = case.judged(with_cost(case, content), rounding)
    for fault in faults:
        typer.echo(fault)
    if faults:
        noun = "fault" if len(faults) == 1 else "faults"
        typer.echo(f"{len(faults)} {noun}: {worth}")
        raise typer.Exit(BROKEN)
    typer.echo(f"breaks nothing: {worth}")


app.command("draw")(draw)
app.command("diff")(diff)
app.command("explain")(explain)
