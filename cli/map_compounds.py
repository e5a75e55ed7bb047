"""``antmile map compounds`` and ``draw``: what was found behind gates, to correct and look at."""

import json
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from cli.errors import fail, plain_errors
from cli.map_files import (
    MapFile,
    Mode,
    check_map_name,
    counted,
    open_map,
    replacing,
    save,
    with_corrections,
)
from cli.progress import working

_PICTURE = ".svg"
_GEOJSON = (".geojson", ".json")
"""Endings of what `draw` writes; the latter are no pictures."""


@plain_errors()
def compounds(
    file: MapFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="A .geojson to write, or with --read a map.")
    ],
    read: Annotated[
        Path | None, typer.Option("--read", help="GeoJSON with corrections to put into the map.")
    ] = None,
) -> None:
    """Write the compounds that were found as GeoJSON, for correction by hand; or read it back.

    Example: antmile map compounds campus.map -o campus.geojson

    Example: antmile map compounds campus.map --read campus.geojson -o corrected.map
    """
    from maps.land.compound_files import compounds_geojson

    console = Console(highlight=False, soft_wrap=True)
    if read is not None:
        check_map_name(out)
        network, said = with_corrections(open_map(file), read)
        save(network, out)
        console.print(said, markup=False)
        console.print(f"{out}: {counted(len(network.compounds), 'compound')}", markup=False)
        return
    found = open_map(file).compounds
    with replacing(out) as sink:
        sink.write(json.dumps(compounds_geojson(found), ensure_ascii=False, indent=1).encode())
    console.print(
        f"{out}: {counted(len(found), 'compound')}; correct them, on geojson.io for example, then: "
        f"antmile map compounds {file} --read {out} -o corrected.map",
        markup=False,
    )


@plain_errors()
def draw(
    file: MapFile,
    out: Annotated[
        Path, typer.Option("--out", "-o", help="The picture to write, map.svg, or map.geojson.")
    ],
    width_px: Annotated[
        int, typer.Option("--width", max=20_000, help="Pixels across, of a picture.")
    ] = 1200,
    mode: Annotated[
        Mode | None,
        typer.Option("--mode", "-m", help="Roads and gates of this mode only, of a picture."),
    ] = None,
) -> None:
    """Draw a map: its roads, private ones marked, compounds, and gates with their rules.

    A name that ends in .geojson or .json gets all roads as lines instead, for other tools.

    Example: antmile map draw campus.map -o campus.svg

    Example: antmile map draw campus.map -o roads.geojson
    """
    from maps.picture import map_svg
    from maps.render import roads_geojson

    suffix = out.suffix.lower()
    if suffix not in (_PICTURE, *_GEOJSON):
        fail(f"{out}: end the name with {_PICTURE}, or with {' or '.join(_GEOJSON)} for the roads")
    is_picture = suffix == _PICTURE
    if mode is not None and not is_picture:
        fail(f"{out}: has the roads of all modes: leave out --mode, or end the name with .svg")
    network = open_map(file)
    with replacing(out) as sink, working(f"drawing {out.name}"):
        if is_picture:
            sink.write(map_svg(network, width_px=width_px, mode=mode).encode())
        else:
            sink.write(json.dumps(roads_geojson(network)).encode())
    what = "open it in a browser" if is_picture else counted(network.edge_count, "road")
    if mode is not None and not any(speed.any() for speed in network.speeds(mode)):
        what += f"; no road in it is open to {mode}"
    Console(highlight=False, soft_wrap=True).print(f"{out}: {what}", markup=False)
