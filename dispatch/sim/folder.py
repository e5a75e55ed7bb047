"""A day as a folder of files: the form in which anyone can hand us one.

`read_day` is all or nothing: a `Day`, or every problem with its file, line and column.
`write_day` is its counterpart for days that were drawn or converted. Nothing is read here
but the folder; maps are passed in.
"""

import csv
import io
import json
from collections.abc import Hashable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from typing import Any, Protocol

from numpy import float64, isinf
from numpy.typing import NDArray

from dispatch.core import compounds as run
from dispatch.core.errors import InvalidValue
from dispatch.core.model import Availability, Courier, Hub, Parcel, Place
from dispatch.sim import columns, rows
from dispatch.sim.columns import FILES, HEADER
from dispatch.sim.compounds import book_of, compounds_of, with_known_lifts
from dispatch.sim.consents import Consent, consents_of, with_ladder
from dispatch.sim.extras import unused_notes
from dispatch.sim.guarding import companies_of, permits_of, posts_of
from dispatch.sim.header import Header, local_hours, map_path, read_header
from dispatch.sim.table import Problems, Row, read_rows
from maps.compounds import Compound
from maps.earth import SWAPPED

__all__ = [
    "Day",
    "DayError",
    "Roads",
    "local_hours",
    "map_path",
    "read_day",
    "table_csv",
    "write_day",
]


class DayError(Exception):
    """A day folder that cannot be used.

    Attributes
    ----------
    problems
        One line for each problem, sorted by file and line.
    """

    def __init__(self, problems: Sequence[str]) -> None:
        super().__init__("\n".join(problems))
        self.problems = list(problems)


class Roads(Protocol):
    """The map, as far as a day has to lie on it: `maps.travel.TravelTimes`."""

    def snap_distance_m(self, mode: str, points: Sequence[Place]) -> NDArray[float64]:
        """Return (n,) metres to the nearest road, inf where there is none near enough."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Day:
    """One day of one zone, all of it checked.

    Attributes
    ----------
    timezone
        IANA name; the day's clock times are meant in it.
    map
        Path of the map that the day names, None where it names none.
    scenario
        Values of every drawn distribution; empty where nothing was drawn.
    availability
        (courier, slot) by courier and time.
    parcels
        By creation and id.
    compounds
        By id, with the gates and entrances that the day knows of; what it knows better than
        the map, to be laid over the map's own.
    posts, companies
        Posts that have to be manned, and the compounds that they are in or that somebody runs, by
        id.
    permits
        (compound, courier) of those who may work where somebody runs the compound.
    consents
        What recipients agreed to, in order; what stood when a parcel was handed in is in its
        ladder already.
    unused
        What was read and checked but changes nothing yet, for the report.
    """

    date: date
    timezone: str
    network: str
    zone: str
    currency: str
    datum: str
    epoch_s: int
    map: Path | None
    scenario: dict[str, Any]
    hubs: tuple[Hub, ...]
    couriers: tuple[Courier, ...]
    availability: tuple[tuple[str, Availability], ...]
    parcels: tuple[Parcel, ...]
    compounds: tuple[Compound, ...] = ()
    posts: tuple[run.Post, ...] = ()
    companies: tuple[run.Compound, ...] = ()
    permits: tuple[tuple[str, str], ...] = ()
    consents: tuple[Consent, ...] = ()
    unused: tuple[str, ...]

    @property
    def is_generated(self) -> bool:
        """Whether the day was drawn rather than recorded."""
        return self.scenario.get("generated") is True


def read_day(path: Path, *, roads: Roads | None = None) -> Day:
    """Read a day folder.

    Parameters
    ----------
    path
        The folder.
    roads
        A map. Where one is given, every coordinate must lie near a road of every mode that
        the day's couriers use.

    Raises
    ------
    DayError
        With everything that is wrong.
    """
    if not path.is_dir():
        raise DayError([f"{path}: no such folder: give one that holds {HEADER}"])
    problems = Problems()
    header = read_header(path, problems)
    tables = {
        file: read_rows(path / file, allowed, problems, header.calendar)
        for file, allowed in FILES.items()
    }
    known = rows.Known(
        secret=header.network,
        hubs=_ids(tables[columns.HUBS], columns.HUBS, problems),
        couriers=_ids(tables[columns.COURIERS], columns.COURIERS, problems),
        posts=_ids(tables[columns.POSTS], columns.POSTS, problems) or None,
        datum=header.datum,
    )
    seen: dict[str, dict[Hashable, int]] = {file: {} for file in FILES}
    hours = rows.hours_of(tables[columns.HUB_HOURS], known)
    hubs = [
        rows.hub_of(row, known, seen[columns.HUBS], hours.get(row.text("id"), ()))
        for row in tables[columns.HUBS]
    ]
    couriers = [
        rows.courier_of(row, known, seen[columns.COURIERS]) for row in tables[columns.COURIERS]
    ]
    compounds = compounds_of(tables, known)
    known.lines.book = book_of(compounds)
    parcels = [rows.parcel_of(row, known, seen[columns.PARCELS]) for row in tables[columns.PARCELS]]
    availability = rows.availability_of(tables[columns.AVAILABILITY], known)
    consents = consents_of(tables, known)
    posts = posts_of(tables, known)
    companies = companies_of(tables, posts)
    if not tables[columns.PARCELS] and not problems:
        problems.add(columns.PARCELS, "holds no parcel: there is nothing to do")
    if roads is not None:
        _check_on_map(known, roads, sorted({courier.mode for courier in couriers if courier}))
    if problems:
        raise DayError(problems.lines())
    return _day(
        path,
        header,
        hubs=tuple(hub for hub in hubs if hub),
        couriers=tuple(courier for courier in couriers if courier),
        availability=tuple(availability),
        parcels=with_known_lifts(
            sorted(
                (with_ladder(parcel, consents) for parcel in parcels if parcel),
                key=lambda parcel: (parcel.created_at, parcel.id),
            ),
            compounds,
        ),
        compounds=compounds,
        posts=posts,
        companies=companies,
        permits=permits_of(companies, posts, (it for it in couriers if it), availability),
        consents=consents,
        unused=(*unused_notes(tables), *known.lines.notes()),
    )


def _ids(table: Sequence[Row], file: str, problems: Problems) -> frozenset[str] | None:
    """Return what other files may refer to, None where the table could not be read whole."""
    return None if problems.touches_file(file) else frozenset(row.text("id") for row in table)


def _day(path: Path, header: Header, **things: Any) -> Day:  # noqa: ANN401
    return Day(
        date=header.date,
        timezone=header.timezone,
        network=header.network,
        zone=header.zone,
        currency=header.currency,
        datum=header.datum,
        epoch_s=header.epoch_s,
        map=path / header.map if header.map else None,
        scenario=header.scenario,
        **things,
    )


def _check_on_map(known: rows.Known, roads: Roads, modes: Sequence[str]) -> None:
    """Note the coordinates that a courier of some mode could not get to."""
    places = [place for _, _, place in known.points]
    if not places:
        return
    for mode in modes:
        distance_m = roads.snap_distance_m(mode, places)
        for (row, column, place), off in zip(known.points, isinf(distance_m), strict=True):
            if off and not row.is_bad(column):
                at = f"{place.lat}, {place.lon}"
                swapped = f" ({SWAPPED})" if _is_swapped(roads, mode, place) else ""
                row.note(column, f"{at} is off the map: no road for {mode} is near{swapped}")


def _is_swapped(roads: Roads, mode: str, place: Place) -> bool:
    """Whether a place off the map would lie on it with its coordinates in the other order."""
    try:
        other = Place(lat=place.lon, lon=place.lat)
    except InvalidValue:
        return False
    [distance_m] = roads.snap_distance_m(mode, [other])
    return not isinf(distance_m)


def write_day(
    path: Path, header: Mapping[str, Any], tables: Mapping[str, Sequence[Mapping[str, object]]]
) -> None:
    """Write a day folder; the same values give the same bytes.

    Parameters
    ----------
    path
        The folder; made where it is missing. Files of another day that would stay beside
        the new ones are refused.
    header
        Content of ``day.toml``.
    tables
        By file name: rows by column. Columns that no row has are left out.

    Raises
    ------
    OSError
        Where the folder cannot be written.
    """
    path.mkdir(parents=True, exist_ok=True)
    for file in FILES:
        if file not in tables and (path / file).exists():
            raise FileExistsError(17, "belongs to another day; give an empty folder", path / file)
    (path / HEADER).write_bytes(_toml(header).encode())
    for file, written in sorted(tables.items()):
        (path / file).write_bytes(table_csv(file, written).encode())


def table_csv(file: str, written: Sequence[Mapping[str, object]]) -> str:
    """Return rows as the text of a file of a day; columns that no row has are left out."""
    allowed = FILES[file]
    used = {name for row in written for name, value in row.items() if value != ""}
    header = [name for name in allowed.all if name in allowed.needed or name in used]
    text = io.StringIO()
    writer = csv.DictWriter(text, header, restval="", lineterminator="\n", extrasaction="ignore")
    writer.writeheader()
    for row in written:
        unknown = sorted(row.keys() - set(allowed.all))
        if unknown:
            raise ValueError(f"{file} has no column {', '.join(unknown)}")
        writer.writerow(row)
    return text.getvalue()


def _toml(table: Mapping[str, Any], prefix: str = "") -> str:
    """Write numbers, texts, flags, dates, lists of these, and tables of all that."""
    lines, below = [], []
    for key, value in table.items():
        if isinstance(value, Mapping):
            name = f"{prefix}{key}"
            below.append(f"\n[{name}]\n{_toml(value, f'{name}.')}")
        else:
            lines.append(f"{key} = {_toml_value(value)}\n")
    return "".join(lines + below)


def _toml_value(value: object) -> str:
    if isinstance(value, date):
        return value.isoformat()
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml_value(item) for item in value)}]"
    # JSON writes text, numbers and flags as TOML does.
    return json.dumps(value, ensure_ascii=False).replace("\x7f", "\\u007f")
