"""``antmile map matrix`` and ``antmile map route``: times and distances out of a map."""

import csv
import io
import json
import time
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Any

import numpy as np
import typer
from rich.console import Console

from cli.errors import fail, plain_errors
from cli.map_files import MapFile, Mode, open_map, replacing, sized
from cli.points import NamedPoint, point_of, read_points, refuse_off, told_of_exchange
from cli.progress import told_of_compiling, working

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from maps.network import RoadNetwork
    from maps.travel import TravelTimes

At = Annotated[
    str,
    typer.Option(
        help="A moment with its offset, 2026-03-02T08:00+01:00, so that roads keep their hours; "
        "without it none counts."
    ),
]

CELLS_AT_ONCE = 10_000_000
"""Cells between two steps of the progress bar: a fraction of a second, and 80 MB of memory."""

SWEPT_AT_ONCE = 64
"""Columns that cost as much as one."""

IDS_SHOWN = 5
"""So many ids of points off the network are told."""


@dataclass(frozen=True, slots=True)
class _Side:
    """The points along one side of a matrix, and which of them lie near a road."""

    points: list[NamedPoint]
    snap_m: "NDArray[np.float64]"

    @property
    def on(self) -> "NDArray[np.int64]":
        """Indices of the points that lie near a road."""
        return np.flatnonzero(np.isfinite(self.snap_m))

    @property
    def off(self) -> list[NamedPoint]:
        """The points that do not."""
        return [self.points[i] for i in np.flatnonzero(~np.isfinite(self.snap_m))]

    @property
    def ids(self) -> list[str]:
        return [point.id for point in self.points]


@plain_errors()
def matrix(
    file: MapFile,
    points_file: Annotated[
        Path, typer.Argument(metavar="POINTS.csv", help="Where from: columns id, lat, lon.")
    ],
    mode: Annotated[Mode, typer.Option("--mode", "-m", help="Mode of travel.")],
    out: Annotated[Path, typer.Option("--out", "-o", help="An .npz or a .csv file.")],
    targets_file: Annotated[
        Path | None, typer.Option("--targets", help="Where to; by default the same points.")
    ] = None,
    strict: Annotated[
        bool, typer.Option("--strict", help="Refuse points off the network instead of inf.")
    ] = False,
    at: At = "",
    threads: Annotated[int, typer.Option(min=1, max=64, help="The result is the same.")] = 1,
) -> None:
    """Compute times and distances between all points.

    Example: antmile map matrix porto.map points.csv --mode car -o times.npz

    The .npz holds ids, time_s and distance_m (row: from, column: to), and
    snap_m, the metres from each point to its road; with --targets also
    target_ids and target_snap_m. The .csv has a line for each pair:
    from,to,time_s,distance_m. A point to itself is 0. What cannot be reached
    is inf, and so is all from and to a point too far from every road.

    Memory: 8 bytes a pair, 200 MB for 5000 points, and half a gigabyte for
    the roads of a city.
    """
    began = time.perf_counter()
    if out.suffix not in (".npz", ".csv"):
        fail(f"{out}: end the name with .npz or .csv")
    moment = _moment(at)
    points = read_points(points_file)
    targets = read_points(targets_file) if targets_file else points
    network = open_map(file)
    with replacing(out) as sink:
        times = _times(network, moment, threads)
        rows = _side(times, mode, points, moment)
        columns = _side(times, mode, targets, moment) if targets_file else rows
        off = rows.off + (columns.off if targets_file else [])
        if strict:
            refuse_off(off, mode, network.bounds)
        time_s, distance_m = _filled(times, mode, rows, columns, moment)
        if out.suffix == ".npz":
            with working(f"writing {out.name}"):
                _write_npz(sink, rows, columns if targets_file else None, time_s, distance_m)
        else:
            _write_csv(sink, out.name, rows.ids, columns.ids, time_s, distance_m)
    _tell_off(off, mode, network)
    console = Console(highlight=False, soft_wrap=True)
    console.print(
        f"{out}: {len(points)} x {len(targets)} times and distances for {mode} "
        f"in {time.perf_counter() - began:.1f} s{sized(out)}",
        markup=False,
    )


@plain_errors()
def route(
    file: MapFile,
    origin: Annotated[str, typer.Argument(metavar="LAT,LON", help="Where from.")],
    target: Annotated[str, typer.Argument(metavar="LAT,LON", help="Where to.")],
    mode: Annotated[Mode, typer.Option("--mode", "-m", help="Mode of travel.")],
    geojson: Annotated[
        Path | None, typer.Option("--geojson", help="File for the line, to look at on any map.")
    ] = None,
    at: At = "",
) -> None:
    """Find the fastest way from one coordinate to another.

    Example: antmile map route poa.map -m ebike -30.033,-51.22 -30.04,-51.208
    """
    from maps.render import route_geojson

    moment = _moment(at)
    ends = [point_of(origin), point_of(target)]
    network = open_map(file)
    times = _times(network, moment)
    refuse_off(_side(times, mode, ends, moment).off, mode, network.bounds)
    with working(f"finding the way for {mode}"):
        found = times.route(mode, *ends, at=_epoch(moment))
    console = Console(highlight=False, soft_wrap=True)
    console.print(f"time      {_clock(found.time_s)} ({found.time_s:.1f} s)")
    console.print(f"distance  {found.distance_m / 1000.0:.3f} km")
    console.print(f"points    {len(found.polyline)}")
    if geojson is not None:
        figures = {"mode": mode, "time_s": found.time_s, "distance_m": found.distance_m}
        feature = route_geojson(found.polyline, {k: _short(v) for k, v in figures.items()})
        with replacing(geojson) as sink:
            sink.write(json.dumps(feature).encode())
        console.print(f"written to {geojson}", markup=False)


def _moment(text: str) -> datetime | None:
    if not text:
        return None
    try:
        moment = datetime.fromisoformat(text)
    except ValueError:
        moment = None
    if moment is None or moment.tzinfo is None:
        fail(f"--at: {text!r} is not a moment with an offset from UTC: 2026-03-02T08:00+01:00 is")
    return moment


def _epoch(moment: datetime | None) -> int | None:
    return None if moment is None else int(moment.timestamp())


def _times(network: "RoadNetwork", moment: datetime | None, threads: int = 1) -> "TravelTimes":
    from maps.travel import TravelTimes

    # Hours on signs are local time, which is what the offset of the moment says.
    zone = moment.tzinfo if moment and moment.tzinfo else UTC
    return TravelTimes(network, timezone=zone, threads=threads)


def _side(
    times: "TravelTimes", mode: str, points: list[NamedPoint], moment: datetime | None
) -> _Side:
    """Find the roads beside points; the first call builds the mode's index."""
    with working(f"finding the roads for {mode}"):
        return _Side(points, times.snap_distance_m(mode, points, at=_epoch(moment)))


def _filled(
    times: "TravelTimes", mode: str, rows: _Side, columns: _Side, moment: datetime | None
) -> "tuple[NDArray[np.float32], NDArray[np.float32]]":
    """Return both matrices, inf in the rows and columns of points off the network."""
    shape = (len(rows.points), len(columns.points))
    time_s = np.full(shape, np.inf, dtype=np.float32)
    distance_m = np.full(shape, np.inf, dtype=np.float32)
    sources = [rows.points[i] for i in rows.on]
    # By columns, which the kernel sweeps by the dozen, whatever the number of rows.
    step = max(SWEPT_AT_ONCE, CELLS_AT_ONCE // max(1, len(sources)))
    label = f"computing {shape[0]} x {shape[1]} for {mode}"
    with working(label, total=len(columns.on)) as work, told_of_compiling(work, "maps"):
        for first in range(0, len(columns.on) if sources else 0, step):
            some = columns.on[first : first + step]
            cells = np.ix_(rows.on, some)
            goals = [columns.points[i] for i in some]
            time_s[cells], distance_m[cells] = times.matrix(mode, sources, goals, at=_epoch(moment))
            work.advance(len(some))
    return time_s, distance_m


def _write_npz(
    sink: IO[bytes],
    rows: _Side,
    columns: _Side | None,
    time_s: "NDArray[np.float32]",
    distance_m: "NDArray[np.float32]",
) -> None:
    arrays: dict[str, Any] = {
        "ids": np.array(rows.ids),
        "time_s": time_s,
        "distance_m": distance_m,
        "snap_m": rows.snap_m,
    }
    if columns is not None:
        arrays |= {"target_ids": np.array(columns.ids), "target_snap_m": columns.snap_m}
    np.savez(sink, **arrays)


def _write_csv(
    sink: IO[bytes],
    name: str,
    from_ids: Sequence[str],
    to_ids: Sequence[str],
    time_s: "NDArray[np.float32]",
    distance_m: "NDArray[np.float32]",
) -> None:
    """Write a line for each pair, milliseconds and decimetres being the last digits."""
    with working(f"writing {name}", total=len(from_ids)) as work:
        text = io.TextIOWrapper(sink, encoding="utf-8", newline="")
        writer = csv.writer(text, lineterminator="\n")
        writer.writerow(("from", "to", "time_s", "distance_m"))
        for origin, seconds, metres in zip(
            from_ids, time_s.tolist(), distance_m.tolist(), strict=True
        ):
            writer.writerows(
                (origin, target, f"{s:.3f}", f"{m:.1f}")
                for target, s, m in zip(to_ids, seconds, metres, strict=True)
            )
            work.advance(1)
        # Flushes, and leaves the file to whoever opened it.
        text.detach()


def _tell_off(off: Sequence[NamedPoint], mode: str, network: "RoadNetwork") -> None:
    """Count on stderr the points that got nothing but inf."""
    if not off:
        return
    first = ", ".join(point.id for point in off[:IDS_SHOWN])
    more = ", ..." if len(off) > IDS_SHOWN else ""
    noun = "point lies" if len(off) == 1 else "points lie"
    advice = told_of_exchange(off, network.bounds)
    typer.echo(
        f"{len(off)} {noun} too far from every road for {mode} and got inf: {first}{more}"
        + (f"; {advice}" if advice else ""),
        err=True,
    )


def _clock(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    hours, minutes = divmod(minutes, 60)
    return f"{hours} h {minutes} min" if hours else f"{minutes} min {rest} s"


def _short(value: object) -> object:
    return round(value, 3) if isinstance(value, float) else value
