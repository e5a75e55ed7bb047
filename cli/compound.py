"""``antmile compound``: a folder that says what a compound is, begun, checked and drawn."""

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.compound_tables import tables_of
from cli.errors import fail, plain_errors
from cli.map_files import counted, open_map, replacing
from cli.points import LARGEST_LAT
from cli.progress import working

if TYPE_CHECKING:
    from dispatch.onboarding import Survey
    from maps.compounds import Compound
    from maps.network import RoadNetwork

PROBLEMS = 1
"""Exit status of a check that found something wrong."""

app = typer.Typer(
    help="Begin, check and draw a compound: its land, gates, entrances, posts and rosters.",
    no_args_is_help=True,
)
Folder = Annotated[Path, typer.Argument(metavar="DIR", help="The compound's folder.")]
MapOption = Annotated[
    Path | None, typer.Option("--map", help="A map, or an OSM file, to lay the compound over.")
]


@app.command()
@plain_errors()
def new(
    folder: Folder,
    map_file: Annotated[Path, typer.Option("--map", help="A map, or an OSM file.")],
    compound: Annotated[str, typer.Option(help="Id of a compound of the map.")] = "",
    around: Annotated[
        str, typer.Option(metavar="LAT,LON", help="A point in it; write --around=-30.03,-51.2.")
    ] = "",
) -> None:
    """Write a folder to begin with, from what the map knows of a compound.

    Example: antmile compound new garden --map city.osm.pbf --around 31.3157,121.3915
    """
    from dispatch.onboarding.starting import starting_tables
    from dispatch.sim import columns
    from dispatch.sim.folder import table_csv

    if folder.exists() and (not folder.is_dir() or any(folder.iterdir())):
        fail(f"{folder}: is not an empty folder: give a new one")
    found = _chosen(open_map(map_file), compound, around)
    tables = starting_tables(found)
    folder.mkdir(parents=True, exist_ok=True)
    for file, rows in tables.items():
        (folder / file).write_bytes(table_csv(file, rows).encode())
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{folder}: {found.id} ({found.name or 'no name'}), {counted(len(found.gates), 'gate')}, "
        f"{counted(len(found.entrances), 'entrance')} from the map; a booth, a post and four "
        "guards are a suggestion",
        markup=False,
    )
    if not found.entrances:
        console.print(f"write the entrances into {folder / columns.ENTRANCES}", markup=False)
    console.print(f"next: antmile compound check {folder} --map {map_file}", markup=False)


@app.command()
@plain_errors()
def check(folder: Folder, map_file: MapOption = None) -> None:
    """Check a compound whole and print what it is; exit status 1 where something is wrong.

    Example: antmile compound check garden --map city.osm.pbf
    """
    with _no_folder():
        found = _survey(folder, map_file)
    console = Console(highlight=False, soft_wrap=True)
    for table in tables_of(found):
        console.print(table)
    for line in found.warnings:
        console.print(f"warning: {line}", markup=False)
    for line in found.problems:
        console.print(f"problem: {line}", markup=False)
    if map_file is None:
        console.print("without --map nothing was compared with roads")
    elif found.network is None and found.problems:
        console.print("mend these, then it is laid over the map")
    console.print(
        f"{counted(len(found.problems), 'problem')}, {counted(len(found.warnings), 'warning')}"
    )
    if found.problems:
        raise typer.Exit(PROBLEMS)


@app.command()
@plain_errors()
def draw(
    folder: Folder,
    out: Annotated[Path, typer.Option("--out", "-o", help="The picture to write, FILE.svg.")],
    map_file: MapOption = None,
    width_px: Annotated[int, typer.Option("--width", max=4000, help="Pixels across.")] = 800,
) -> None:
    """Draw a compound: boundary, paths, gates by rule, entrances, lifts or stairs, posts, hubs.

    Example: antmile compound draw garden -o garden.svg --map city.osm.pbf
    """
    from dispatch.onboarding.drawing import compound_svg

    if out.suffix.lower() != ".svg":
        fail(f"{out}: end the name with .svg")
    with _no_folder():
        found = _survey(folder, map_file)
    if found.problems:
        for line in found.problems:
            typer.echo(line, err=True)
        fail(f"{counted(len(found.problems), 'problem')} in {folder}: nothing was drawn")
    with replacing(out) as sink:
        sink.write(compound_svg(found, width_px=width_px).encode())
    Console(highlight=False, soft_wrap=True).print(f"{out}: open it in a browser", markup=False)


@contextmanager
def _no_folder() -> Iterator[None]:
    """Say what is wrong with a folder that is none."""
    from dispatch.sim.folder import DayError

    try:
        yield
    except DayError as error:
        fail("; ".join(error.problems))


def _survey(folder: Path, map_file: Path | None) -> "Survey":
    from dispatch.onboarding import survey

    network = open_map(map_file) if map_file is not None else None
    with working(f"checking {folder.name}"):
        return survey(folder, network)


def _chosen(network: "RoadNetwork", own: str, around: str) -> "Compound":
    """Return the compound that the options mean."""
    from dispatch.onboarding.starting import compound_around, compound_with_id

    if bool(own) == bool(around):
        fail("give --compound ID or --around LAT,LON")
    if own:
        return compound_with_id(network, own)
    try:
        lat, lon = (float(part) for part in around.split(","))
    except ValueError:
        fail(f"--around: {around!r} is no LAT,LON: write 31.3157,121.3915")
    if abs(lat) > LARGEST_LAT >= abs(lon):
        fail(f"--around: {around!r} is the other way round: write {lon},{lat}")
    return compound_around(network, lat=lat, lon=lon)
