"""``antmile map build``: a map out of an OSM file or from the network."""

import tempfile
import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from rich.console import Console

from cli.errors import fail, plain_errors
from cli.map_files import check_map_name, counted, open_map, save, with_corrections
from cli.progress import working

if TYPE_CHECKING:
    from maps.download import Area
    from maps.earth import Bounds
    from maps.network import RoadNetwork


@plain_errors()
def build(
    *,
    out: Annotated[Path, typer.Option("--out", "-o", help="The map to write, X.map.")],
    source: Annotated[
        Path | None, typer.Argument(metavar="SOURCE", help="An OSM file; or one of the below.")
    ] = None,
    place: Annotated[str, typer.Option(help="Download a place that has a boundary.")] = "",
    address: Annotated[str, typer.Option(help="Download what lies around an address.")] = "",
    distance_m: Annotated[
        int, typer.Option("--distance", min=50, help="Metres from the address to each side.")
    ] = 2000,
    box: Annotated[str, typer.Option(metavar="S,W,N,E", help="Download a box of degrees.")] = "",
    keep_osm: Annotated[
        Path | None, typer.Option("--keep-osm", help="Keep the download as this .osm file.")
    ] = None,
    settings: Annotated[
        Path, typer.Option(help="Settings file that may name other servers to download from.")
    ] = Path("antmile.toml"),
    compounds_file: Annotated[
        Path | None,
        typer.Option("--compounds", help="GeoJSON that corrects the compounds that are found."),
    ] = None,
) -> None:
    """Build a map from an OpenStreetMap file, or download one.

    Example: antmile map build porto.osm.pbf -o porto.map

    Example: antmile map build --place Monaco -o monaco.map
    """
    began = time.perf_counter()
    console = Console(highlight=False, soft_wrap=True)
    check_map_name(out)
    given = [bool(source), bool(place), bool(address), bool(box)]
    if sum(given) != 1:
        fail("give one of SOURCE, --place, --address and --box: where is the map to come from?")
    if source is not None:
        # Another map may be the source, for corrections; a file is read anew, not from a cache.
        network = open_map(source) if source.suffix == out.suffix else _imported(source)
    else:
        network = _downloaded(_area(place, address, distance_m, box), keep_osm, settings)
    if compounds_file is not None:
        network, said = with_corrections(network, compounds_file)
        console.print(said, markup=False)
    save(network, out)
    console.print(
        f"{out}: {counted(network.edge_count, 'road')}, "
        f"{counted(network.node_count, 'junction')}, "
        f"{counted(len(network.compounds), 'compound')} in {time.perf_counter() - began:.1f} s; "
        f"look at it with: antmile map info {out}",
        markup=False,
    )


def _area(place: str, address: str, distance_m: int, box: str) -> "Area":
    from maps.download import Around

    if box:
        return _bounds(box)
    return Around(address=address, distance_m=distance_m) if address else place


def _bounds(text: str) -> "Bounds":
    """Read ``S,W,N,E``."""
    from maps.earth import Bounds

    try:
        south, west, north, east = (float(part) for part in text.split(","))
    except ValueError:
        fail(f"--box: {text!r} is not south,west,north,east in degrees: 43.72,7.4,43.75,7.44 is")
    return Bounds(south=south, west=west, north=north, east=east)


def _downloaded(area: "Area", keep_osm: Path | None, settings: Path) -> "RoadNetwork":
    """Download an OSM file, to keep or for the moment, and import it."""
    from dispatch.settings import SettingsError, dev_settings, load_settings
    from maps.download import download

    try:
        servers = load_settings(settings) if settings.exists() else dev_settings()
    except SettingsError as error:
        fail(str(error))
    with tempfile.TemporaryDirectory(prefix="antmile-") as folder:
        with working("downloading") as work:
            file = download(
                area,
                keep_osm or Path(folder) / "download.osm",
                overpass_url=servers.overpass_url,
                nominatim_url=servers.nominatim_url,
                progress=work.tell,
            )
        return _imported(file)


def _imported(file: Path) -> "RoadNetwork":
    from maps.osm import import_osm

    with working(f"reading {file.name}") as work:
        return import_osm(file, progress=work.tell)
