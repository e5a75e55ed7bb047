"""``antmile generate``: draw a day on a real map."""

import os
import tomllib
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated
from zoneinfo import ZoneInfo

import typer
from rich.console import Console

from cli.errors import fail, plain_errors
from cli.map_files import counted

WANTED = (1.2, 2.0)
"""Outside of this ratio of capacity to demand a day is called slack or short."""


PARCELS, COURIERS = 300, 60
"""Of a town, where nothing is said."""


class Kind(StrEnum):
    """What kind of day is drawn."""

    TOWN = "town"
    COMPOUND_DAY = "compound-day"


@plain_errors()
def generate(  # noqa: PLR0917 - one parameter for each option
    map_file: Annotated[Path, typer.Option("--map", help="An OpenStreetMap file.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="Folder for the day.")],
    scenario: Annotated[
        Kind, typer.Option(help="A town with all kinds of couriers, or compounds with guards.")
    ] = Kind.TOWN,
    parcels: Annotated[int | None, typer.Option(min=1, max=100_000, help="Of a town; 300.")] = None,
    couriers: Annotated[int | None, typer.Option(min=1, max=10_000, help="Of a town; 60.")] = None,
    households: Annotated[
        int | None, typer.Option(min=50, max=20_000, help="Of compounds: about so many.")
    ] = None,
    share: Annotated[
        float | None,
        typer.Option(min=0.01, max=3, help="Of compounds: the network's share of all parcels."),
    ] = None,
    compound: Annotated[
        Path | None,
        typer.Option(help="Of compounds: a folder with your own (`antmile compound new`)."),
    ] = None,
    seed: Annotated[int, typer.Option(help="Another seed is another day.")] = 0,
    date: Annotated[
        datetime | None, typer.Option(formats=["%Y-%m-%d"], help="The day; 2026-03-02.")
    ] = None,
    timezone: Annotated[
        str, typer.Option(help="IANA name; by default whole hours from UTC by longitude.")
    ] = "",
    consent: Annotated[
        float,
        typer.Option(min=0, max=1, help="Share of households that fetch from the nearest hub."),
    ] = 0.5,
    absence: Annotated[
        float | None,
        typer.Option(
            min=0, max=1, help="Share out from nine to five; by default few are: called ahead."
        ),
    ] = None,
) -> None:
    """Draw a day on the streets of a real map and write it as a day folder."""
    towns = {"--parcels": parcels, "--couriers": couriers}
    grounds = {"--households": households, "--share": share, "--compound": compound}
    _refuse_others(scenario, towns if scenario is Kind.COMPOUND_DAY else grounds)
    if scenario is Kind.COMPOUND_DAY:
        _compound_day(
            map_file,
            out,
            seed=seed,
            date=date,
            timezone=timezone,
            households=households,
            folder=compound,
            changes={"share": share, "consent": consent, "absence": absence},
        )
        return
    parcels, couriers = parcels or PARCELS, couriers or COURIERS
    from dispatch.sim import generate as drawing
    from dispatch.sim.folder import write_day
    from dispatch.sim.scenario import Scenario, at_work
    from maps.osm import load_map

    _check_timezone(timezone)
    _spare_recorded_days(out)
    drawn = drawing.generate(
        load_map(map_file),
        parcels=parcels,
        couriers=couriers,
        seed=seed,
        day=date.date() if date else drawing.DAY,
        timezone=timezone,
        map_name=_seen_from(out, map_file),
        scenario=Scenario(
            consent_share=consent, absence=at_work(absence) if absence is not None else ()
        ),
    )
    write_day(out, drawn.header, drawn.tables)
    console = Console(highlight=False, soft_wrap=True)
    size = f"{counted(parcels, 'parcel')}, {counted(couriers, 'courier')}"
    console.print(f"generated day: {size}, seed {seed}")
    console.print(
        f"capacity to demand {drawn.capacity_to_demand:.2f}{_verdict(drawn.capacity_to_demand)}: "
        f"{drawn.idle_h:.0f} idle hours are reckoned to carry {drawn.capacity:.0f} parcels"
    )
    console.print(
        f"{len(drawn.tables['hubs.csv'])} hubs; {consent:.0%} of households fetch from the nearest"
        + ("" if absence is None else f", {absence:.0%} are out from nine to five")
    )
    console.print(f"written to {out}", markup=False)


def _refuse_others(scenario: Kind, given: Mapping[str, object]) -> None:
    """Refuse options that mean nothing for a kind of day."""
    for option, value in given.items():
        if value is not None:
            other = next(kind for kind in Kind if kind is not scenario)
            msg = f"is an option of --scenario {other.value}, not of {scenario.value}"
            raise typer.BadParameter(msg, param_hint=option)


def _compound_day(
    map_file: Path,
    out: Path,
    *,
    seed: int,
    date: datetime | None,
    timezone: str,
    households: int | None,
    folder: Path | None,
    changes: dict[str, float | None],
) -> None:
    from cli.compound_days import draw, told
    from dispatch.sim.folder import write_day

    _check_timezone(timezone)
    _spare_recorded_days(out)
    drawn = draw(
        map_file,
        seed=seed,
        day=date.date() if date else None,
        timezone=timezone,
        households=households,
        folder=folder,
        map_name=_seen_from(out, map_file),
        changes=changes,
    )
    write_day(out, drawn.header, drawn.tables)
    console = Console(highlight=False, soft_wrap=True)
    for line in told(drawn, seed):
        console.print(line)
    console.print(f"written to {out}", markup=False)


def _check_timezone(name: str) -> None:
    try:
        ZoneInfo(name or "UTC")
    except (KeyError, ValueError, OSError):
        raise typer.BadParameter(
            f"{name!r} is not a known time zone", param_hint="--timezone"
        ) from None


def _spare_recorded_days(folder: Path) -> None:
    """Refuse to draw over a day that somebody has recorded or changed the label of."""
    header = folder / "day.toml"
    if not header.exists():
        return
    try:
        is_drawn = tomllib.loads(header.read_text("utf-8"))["scenario"]["generated"] is True
    except (OSError, ValueError, KeyError, TypeError):
        is_drawn = False
    if not is_drawn:
        fail(f"{folder} holds a day that was not generated: give another folder")


def _seen_from(folder: Path, map_file: Path) -> str:
    """Return the map's path relative to the day folder, so that both may move together."""
    try:
        return Path(os.path.relpath(map_file.resolve(), folder.resolve())).as_posix()
    except ValueError:  # on another drive
        return map_file.resolve().as_posix()


def _verdict(ratio: float) -> str:
    low, high = WANTED
    if ratio < low:
        return f" (short: more couriers or fewer parcels give {low} to {high})"
    return f" (slack: fewer couriers or more parcels give {low} to {high})" if ratio > high else ""
