"""``antmile experiment``: the same drawn days carried by guards and by others, compared."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer
from rich.console import Console

from cli.errors import fail, plain_errors
from cli.progress import working
from cli.replay import read_policy

if TYPE_CHECKING:
    from dispatch.sim.experiment.playing import Batch, Experiment
    from dispatch.sim.experiment.runs import Failure

SWEPT_AGAINST = ("ours", "rider_per_carrier", "one_rider")
"""What is replayed where values are swept."""
STOPPED = 130
"""The exit status of a program that ctrl-C has ended."""


@plain_errors()
def experiment(  # noqa: PLR0917 - one parameter for each option
    map_file: Annotated[Path, typer.Option("--map", help="An OpenStreetMap file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for runs and tables.")],
    scenario: Annotated[  # noqa: ARG001 - the only one that is compared so far
        Literal["compound-day"], typer.Option(help="What kind of day is drawn.")
    ] = "compound-day",
    seeds: Annotated[int, typer.Option(min=1, help="How many days.")] = 30,
    first: Annotated[int, typer.Option(min=0, help="The first seed.")] = 0,
    only: Annotated[
        str,
        typer.Option(metavar="NAMES", help="Variants, such as ours,no_relay; by default all."),
    ] = "",
    workers: Annotated[int, typer.Option(min=0, help="Processes; 0 plays in this one.")] = 2,
    households: Annotated[int | None, typer.Option(min=1, help="About so many a day.")] = None,
    price: Annotated[
        int | None, typer.Option(min=0, help="Fen that a delivered parcel brings, for the margin.")
    ] = None,
    sensitivity: Annotated[
        bool, typer.Option("--sensitivity", help="Sweep absence, consent and share instead.")
    ] = False,
    only_tables: Annotated[
        bool, typer.Option("--only-tables", help="Replay nothing; tables of what is there.")
    ] = False,
    policy_file: Annotated[
        Path | None, typer.Option("--policy", help="Values of the policy, as TOML or JSON.")
    ] = None,
) -> None:
    """Replay drawn days in several variants and compare them, day by day.

    What was replayed stands in runs.jsonl in the folder; a stopped experiment goes on from there.
    """
    from dispatch.sim.compound_day import CompoundDay
    from dispatch.sim.experiment import runs as lines
    from dispatch.sim.experiment.compound_days import draw, values
    from dispatch.sim.experiment.playing import Experiment, missing
    from dispatch.sim.experiment.settings import SWEPT, Setting, sized

    names = _variants(only, SWEPT_AGAINST if sensitivity else ())
    settings = [sized(its, households) for its in (SWEPT if sensitivity else (Setting(),))]
    trial = Experiment(
        map_file=map_file,
        draw=draw,
        values=values,
        policy={**CompoundDay().policy(), **(read_policy(policy_file) if policy_file else {})},
        price_cents=price,
    )
    trial.check()
    out.mkdir(parents=True, exist_ok=True)
    file = out / lines.FILE
    failures: list[Failure] = []
    if not only_tables:
        batches = missing(trial, settings, range(first, first + seeds), names, lines.read(file))
        try:
            failures = _play(trial, batches, file, workers=workers)
        except KeyboardInterrupt:
            typer.echo(
                f"stopped: what was replayed stands in {file}; run it again to go on", err=True
            )
            raise typer.Exit(STOPPED) from None
    _conclude(out, file, failures)


def _variants(only: str, default: Sequence[str]) -> tuple[str, ...]:
    """Return the names of the variants that are wanted, in their order."""
    from dispatch.sim.experiment.variants import ALL, BY_NAME

    wanted = [name.strip() for name in only.split(",") if name.strip()] or [*default]
    for name in wanted:
        if name not in BY_NAME:
            known = ", ".join(BY_NAME)
            raise typer.BadParameter(f"{name!r} is none of {known}", param_hint="--only")
    return tuple(its.name for its in ALL if its.name in wanted or not wanted)


def _play(
    trial: "Experiment", batches: Sequence["Batch"], file: Path, *, workers: int
) -> list["Failure"]:
    """Replay what is missing; every run is on the disk before the next is waited for."""
    from dispatch.sim.experiment import runs as lines
    from dispatch.sim.experiment.workers import played

    failures = []
    total = sum(len(batch.variants) for batch in batches)
    with working(f"replaying {total} days", total=total) as work:
        for outcome in played(trial, batches, workers=workers):
            if isinstance(outcome, lines.Failure):
                failures.append(outcome)
                work.note(f"{outcome.setting}, seed {outcome.seed}, {outcome.variant}: failed")
            else:
                lines.append(file, outcome)
            work.advance(1)
    return failures


def _conclude(out: Path, file: Path, failures: Sequence["Failure"]) -> None:
    """Write the tables of all runs in the file, and say where they are and what is not in them."""
    from dispatch.sim.experiment import runs as lines
    from dispatch.sim.experiment.tables import markdown
    from dispatch.sim.experiment.writing import write

    found = lines.latest(lines.read(file))
    if not found and not failures:
        fail(f"{file}: holds no run yet")
    console = Console(highlight=False, soft_wrap=True)
    if found:
        written = write(out, found)
        console.print(markdown(found), markup=False)
        console.print("written: " + ", ".join(map(str, [file, *written])), markup=False)
    for failure in failures:
        where = f"{failure.setting}, seed {failure.seed}, {failure.variant}"
        typer.echo(f"not replayed: {where}: {failure.why}", err=True)
    if failures:
        raise typer.Exit(1)
