"""A compound's folder to values of the map and of the engine, all or nothing.

The columns are those of a day folder (`dispatch.sim.columns`), so that files can be carried
from one to the other. Land, gates, entrances, posts and hubs may stand in one
``compound.geojson`` in the place of their CSV files; rosters stay CSV.
"""

from collections.abc import Hashable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from dispatch.core import compounds as run
from dispatch.core.model import Availability, Courier, Hub
from dispatch.onboarding.features import GEOJSON, add_features
from dispatch.onboarding.heading import read_heading
from dispatch.sim import columns, rows
from dispatch.sim.columns import FILES
from dispatch.sim.compounds import compounds_of
from dispatch.sim.folder import DayError
from dispatch.sim.guarding import companies_of, permits_of, posts_of
from dispatch.sim.table import Calendar, Columns, Problems, Row, read_rows
from maps.compounds import Compound

Tables = Mapping[str, list[Row]]

NEEDED = (columns.COMPOUNDS, columns.GATES)
"""Files without which there is no compound to speak of, unless `GEOJSON` is there."""

_DRAWN = (columns.COMPOUNDS, columns.GATES, columns.ENTRANCES, columns.POSTS, columns.HUBS)
_PEOPLE = (columns.HUB_HOURS, columns.COURIERS, columns.AVAILABILITY)
PARTS = _DRAWN + _PEOPLE
"""The files of a folder, in the order in which people think of them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Onboarding:
    """One folder, all of it read.

    Attributes
    ----------
    compounds
        By id, with gates and entrances: what the folder knows better than the map.
    posts, companies
        By id; the compounds that somebody runs or that have posts.
    permits
        (compound, courier) of those who may work there.
    hubs, couriers
        By id.
    availability
        (courier, slot) by courier and time, on the calendar's day.
    calendar
        The day on which the rosters' clock times stand.
    tables
        The rows that all this came from, by file.
    """

    compounds: tuple[Compound, ...]
    posts: tuple[run.Post, ...]
    companies: tuple[run.Compound, ...]
    permits: tuple[tuple[str, str], ...]
    hubs: tuple[Hub, ...]
    couriers: tuple[Courier, ...]
    availability: tuple[tuple[str, Availability], ...]
    calendar: Calendar
    tables: Tables


def read_parts(path: Path, problems: Problems, calendar: Calendar | None) -> Onboarding:
    """Read what can be read of a folder, noting what is wrong in itself or with its references.

    Raises
    ------
    DayError
        There is no folder, or nothing of a compound in it.
    """
    if not path.is_dir():
        raise DayError([f"{path}: no such folder: give one that holds {columns.COMPOUNDS}"])
    heading = read_heading(path, problems, calendar)
    tables = _tables(path, problems, heading.calendar)
    known = rows.Known(
        secret="onboarding",  # noqa: S106 - no door's hash leaves this package
        hubs=_ids(tables, columns.HUBS, problems),
        couriers=_ids(tables, columns.COURIERS, problems),
        posts=_ids(tables, columns.POSTS, problems) or None,
        datum=heading.datum,
    )
    seen: dict[str, dict[Hashable, int]] = {file: {} for file in PARTS}
    hours = rows.hours_of(tables[columns.HUB_HOURS], known)
    hubs = [
        rows.hub_of(row, known, seen[columns.HUBS], hours.get(row.text("id"), ()))
        for row in tables[columns.HUBS]
    ]
    couriers = [
        rows.courier_of(row, known, seen[columns.COURIERS]) for row in tables[columns.COURIERS]
    ]
    availability = rows.availability_of(tables[columns.AVAILABILITY], known)
    compounds = _compounds(tables, known)
    posts = posts_of(tables, known)
    companies = companies_of(tables, posts)
    good = [courier for courier in couriers if courier]
    return Onboarding(
        compounds=compounds,
        posts=posts,
        companies=companies,
        permits=permits_of(companies, posts, good, availability),
        hubs=tuple(sorted((hub for hub in hubs if hub), key=lambda hub: hub.id)),
        couriers=tuple(sorted(good, key=lambda courier: courier.id)),
        availability=tuple(availability),
        calendar=heading.calendar,
        tables=tables,
    )


def _tables(path: Path, problems: Problems, calendar: Calendar) -> dict[str, list[Row]]:
    has_geojson = (path / GEOJSON).is_file()
    if not has_geojson and not any((path / file).is_file() for file in PARTS):
        wanted = f"write {columns.COMPOUNDS} and {columns.GATES}, or {GEOJSON}"
        raise DayError([f"{path}: holds no compound: {wanted}"])
    tables = {}
    for file in PARTS:
        optional = has_geojson or file not in NEEDED
        tables[file] = read_rows(path / file, _allowed(file, optional=optional), problems, calendar)
    for file in sorted(item.name for item in path.glob("*.csv")):
        if file not in PARTS:
            problems.add(file, f"is no part of a compound: it holds {', '.join(PARTS)}")
    if has_geojson:
        for file in _DRAWN:
            if (path / file).is_file():
                problems.add(file, f"stands beside {GEOJSON}: put all of the land in one of them")
        add_features(path / GEOJSON, tables, problems, calendar)
    if not tables[columns.COMPOUNDS] and not problems:
        file = GEOJSON if has_geojson else columns.COMPOUNDS
        problems.add(file, "holds no compound: there is nothing to check")
    return tables


def _allowed(file: str, *, optional: bool) -> Columns:
    """Return a file's columns; how high an entrance is may be unknown here."""
    allowed = replace(FILES[file], optional_file=optional)
    if file == columns.ENTRANCES:
        unknown = ("floors", "lift")
        needed = tuple(name for name in allowed.needed if name not in unknown)
        return replace(allowed, needed=needed, optional=unknown)
    return allowed


def _ids(tables: Tables, file: str, problems: Problems) -> frozenset[str] | None:
    """Return what other files may refer to, None where the table could not be read whole."""
    return (
        None if problems.touches_file(file) else frozenset(row.text("id") for row in tables[file])
    )


def _compounds(tables: Tables, known: rows.Known) -> tuple[Compound, ...]:
    """Return compounds whose entrances keep what they do not say as unknown."""
    unknown: dict[tuple[str, str, str], tuple[bool, bool]] = {}
    filled = []
    for row in tables[columns.ENTRANCES]:
        door = (row.text("compound"), row.text("building"), row.text("entrance"))
        unknown[door] = (not row.has("floors"), not row.has("lift"))
        cells = {
            **row.cells,
            "floors": row.text("floors", "0"),
            "lift": row.text("lift", "no"),
        }
        filled.append(replace(row, cells=cells))
    found = compounds_of({**tables, columns.ENTRANCES: filled}, known)
    return tuple(
        replace(
            compound,
            entrances=tuple(
                replace(
                    door,
                    floors=None if no_floors else door.floors,
                    has_lift=None if no_lift else door.has_lift,
                )
                for door in compound.entrances
                for no_floors, no_lift in [
                    unknown.get((compound.id, door.building, door.entrance), (False, False))
                ]
            ),
        )
        for compound in found
    )
