"""Points on the command line: a CSV file of ``id,lat,lon``, or ``LAT,LON`` in one word.

Who writes longitude first gets told so: no road lies there, and the figures look right.
"""

import csv
import re
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import typer

from cli.errors import BAD_INPUT, fail
from cli.map_files import counted

if TYPE_CHECKING:
    from dispatch.sim.table import Problems, Row
    from maps.earth import Bounds

COLUMNS = ("id", "lat", "lon")
"""What the file must have; further columns are left alone."""

LARGEST_LAT, LARGEST_LON = 90.0, 180.0

_PAIR = re.compile(r"([+-]?\d+(?:\.\d*)?),\s*([+-]?\d+(?:\.\d*)?)", re.ASCII)


@dataclass(frozen=True, slots=True, kw_only=True)
class NamedPoint:
    """A coordinate with a name.

    Attributes
    ----------
    id : str
    lat, lon : float
        WGS84, degrees.
    """

    id: str
    lat: float
    lon: float


def read_points(path: Path) -> list[NamedPoint]:
    """Read a CSV file of points, in its order.

    Raises
    ------
    typer.Exit
        With status 2, every bad row told on stderr by line and column.
    """
    from dispatch.sim.table import Calendar, Columns, Problems, read_rows

    if not path.is_file():
        fail(f"{path}: no such file: give a CSV file with the columns {','.join(COLUMNS)}")
    problems = Problems()
    # Points have no clock times; a row of a day folder may.
    timeless = Calendar(date.min, ZoneInfo("UTC"))
    rows = read_rows(path, Columns(COLUMNS, _further_columns(path)), problems, timeless)
    seen: dict[str, int] = {}
    points = [_point(row, seen) for row in rows]
    _note_faults(path.name, rows, points, problems)
    if not points and not problems:
        problems.add(path.name, "holds no point")
    if problems:
        for line in problems.lines():
            typer.echo(line, err=True)
        noun = "problem" if len(problems) == 1 else "problems"
        fail(f"{len(problems)} {noun} in {path}: nothing was computed")
    return points


def point_of(text: str) -> NamedPoint:
    """Read ``LAT,LON``; the text becomes the point's id.

    Raises
    ------
    typer.Exit
        With status 2: it is no such pair, or does not lie on the earth.
    """
    found = _PAIR.fullmatch(text.strip())
    if found is None:
        fail(f"{text!r} is not LAT,LON in degrees: 60.17,24.94 is")
    lat, lon = float(found[1]), float(found[2])
    for fault in (_fault("lat", lat, lon), _fault("lon", lat, lon)):
        if fault:
            fail(f"{text!r}: {fault}")
    return NamedPoint(id=text, lat=lat, lon=lon)


def told_of_exchange(points: Sequence[NamedPoint], bounds: "Bounds") -> str:
    """Return what to say where points off the map lie on it with lat and lon exchanged.

    Parameters
    ----------
    points : points far from every road
    bounds : Bounds
        Of the map.

    Returns
    -------
    str
        A sentence, empty where it is not so.
    """
    from maps.earth import looks_swapped

    count = sum(looks_swapped(lat=point.lat, lon=point.lon, bounds=bounds) for point in points)
    if count == 0:
        return ""
    who = "it lies" if len(points) == 1 else f"{count} of {len(points)} lie"
    return f"with lat and lon exchanged {who} on the map: write the latitude first"


def refuse_off(points: Sequence[NamedPoint], mode: str, bounds: "Bounds") -> None:
    """End the program with every point that lies too far from the roads of a mode.

    Raises
    ------
    typer.Exit
        With status 2, where there is such a point.
    """
    if not points:
        return
    for point in points:
        typer.echo(f"{point.id}: lat {point.lat:.6f}, lon {point.lon:.6f}", err=True)
    them = "it" if len(points) == 1 else "them"
    advice = told_of_exchange(points, bounds) or f"correct {them} or use a map that covers {them}"
    noun = "point lies" if len(points) == 1 else "points lie"
    typer.echo(
        f"error: {len(points)} {noun} too far from every road for {mode}: {advice}", err=True
    )
    raise typer.Exit(BAD_INPUT)


def _further_columns(path: Path) -> tuple[str, ...]:
    """Return the names in the header that are not ours, so that they are let through."""
    with path.open(encoding="utf-8-sig", errors="replace", newline="") as file:
        try:
            header = next(csv.reader(file), [])
        except csv.Error:
            # Whoever reads the file in earnest says what is wrong with it.
            return ()
    return tuple(name.strip() for name in header if name.strip() not in COLUMNS)


def _point(row: "Row", seen: dict[str, int]) -> NamedPoint:
    point_id = row.needed("id")
    if point_id in seen:
        row.note("id", f"{point_id!r} stands in line {seen[point_id]} as well")
    elif point_id:
        seen[point_id] = row.line
    lat, lon = row.degrees("lat"), row.degrees("lon")
    return NamedPoint(id=point_id, lat=lat, lon=lon)


def _note_faults(
    file: str, rows: "Sequence[Row]", points: Sequence[NamedPoint], problems: "Problems"
) -> None:
    """Note points that are off the earth; where the order is to blame, in one line for all."""
    from maps.earth import looks_swapped

    pairs = [
        (row, point)
        for row, point in zip(rows, points, strict=True)
        if not row.is_bad("lat") and not row.is_bad("lon")
    ]
    swapped = {row.line for row, point in pairs if looks_swapped(lat=point.lat, lon=point.lon)}
    told_at_once = swapped if len(swapped) > 1 else set()
    if told_at_once:
        problems.add(
            file,
            f"{len(swapped)} of {counted(len(points), 'point')} lie off the earth, and on it with "
            "lat and lon exchanged: write the latitude first",
        )
    for row, point in pairs:
        for column in ("lat", "lon"):
            fault = _fault(column, point.lat, point.lon)
            if fault and row.line not in told_at_once:
                row.note(column, fault)


def _fault(column: str, lat: float, lon: float) -> str:
    """Return what is wrong with a coordinate's latitude or longitude, or nothing."""
    if column == "lat" and abs(lat) > LARGEST_LAT:
        from maps.earth import looks_swapped

        advice = ": are lat and lon exchanged?" if looks_swapped(lat=lat, lon=lon) else ""
        return f"{lat:g} is not between -90 and 90{advice}"
    if column == "lon" and abs(lon) > LARGEST_LON:
        return f"{lon:g} is not between -180 and 180"
    return ""
