"""Compounds of a day: ``compounds.csv``, ``gates.csv`` and ``entrances.csv`` to values of the map.

They add to what the map knows, or correct it: whoever puts travel times together for the day
lays them over the map's own. A compound that only gates or entrances name is one too.
"""

from collections.abc import Hashable, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime

import msgspec

from dispatch.addresses import CompoundBook, KnownCompound
from dispatch.core.model import Mode, Parcel, Place
from dispatch.sim import columns
from dispatch.sim.rows import Known, once, own_id
from dispatch.sim.table import Row
from maps.compounds import ALL_DAY, Compound, Entrance, Gate, GateRule
from maps.datum import point_to_wgs84
from maps.land.compound_files import boundary_of_wkt
from maps.network import MapError

Tables = Mapping[str, list[Row]]


def compounds_of(tables: Tables, known: Known) -> tuple[Compound, ...]:
    """Return the compounds of a day by id, noting what is wrong with their rows."""
    names = names_of(tables)
    found = _named(tables[columns.COMPOUNDS], known)
    gates = _gates(tables[columns.GATES], known, names)
    entrances = _entrances(tables[columns.ENTRANCES], known, names)
    for compound in {*gates, *entrances} - found.keys():
        found[compound] = Compound(id=compound)
    return tuple(
        replace(
            compound,
            gates=tuple(sorted(gates.get(id_, ()), key=lambda gate: gate.id)),
            entrances=tuple(sorted(entrances.get(id_, ()), key=Entrance.sort_key)),
        )
        for id_, compound in sorted(found.items())
    )


def book_of(compounds: Iterable[Compound]) -> CompoundBook:
    """Return what address lines of the day are read by; a line may name another compound."""
    return CompoundBook(map(known_compound, compounds))


def known_compound(compound: Compound) -> KnownCompound:
    """Return what address lines are checked against of a compound."""
    floors: dict[str, dict[str, int | None]] = {}
    for entrance in compound.entrances:
        if entrance.building:
            floors.setdefault(entrance.building, {})[entrance.entrance] = entrance.floors
    names = (compound.name,) if compound.name else ()
    return KnownCompound(id=compound.id, names=names, entrances=floors)


def names_of(tables: Tables) -> frozenset[str] | None:
    """Return what rows may name as a compound.

    None where no list of compounds is given: then their names are only names.
    """
    rows = tables[columns.COMPOUNDS]
    return frozenset(row.text("id") for row in rows) if rows else None


def check_compound(row: Row, names: frozenset[str] | None) -> str:
    """Return the compound that a row names, noting one that does not exist."""
    found = row.needed("compound")
    if found and names is not None and found not in names:
        row.note("compound", f"there is no compound {found[:80]!r}")
    return found


def with_known_lifts(
    parcels: Iterable[Parcel], compounds: Sequence[Compound]
) -> tuple[Parcel, ...]:
    """Return parcels whose doors have a lift where their entrance is known to have one.

    What a parcel says itself stands. How many floors a building has does not say on which of
    them a door is.
    """
    has_lift = {
        (compound.id, entrance.building, entrance.entrance): entrance.has_lift
        for compound in compounds
        for entrance in compound.entrances
    }

    def filled(place: Place) -> Place:
        if place.has_lift is not None or not place.is_door:
            return place
        found = has_lift.get((place.compound, place.building, place.entrance))
        return place if found is None else msgspec.structs.replace(place, has_lift=found)

    return tuple(
        msgspec.structs.replace(
            parcel, pickup=filled(parcel.pickup), dropoff=filled(parcel.dropoff)
        )
        for parcel in parcels
    )


def _named(rows: Iterable[Row], known: Known) -> dict[str, Compound]:
    seen: dict[Hashable, int] = {}
    found = {}
    for row in rows:
        compound = own_id(row, seen)
        name = row.needed("name")
        found[compound] = Compound(id=compound, name=name, boundary=_boundary(row, known))
    return found


def _boundary(row: Row, known: Known) -> tuple[tuple[tuple[float, float], ...], ...]:
    if not row.has("boundary"):
        return ()
    try:
        rings = boundary_of_wkt(row.text("boundary"))
    except MapError as error:
        row.note("boundary", str(error).removeprefix("boundary "))
        return ()
    return tuple(
        tuple(point_to_wgs84(known.datum, lat=lat, lon=lon) for lat, lon in ring) for ring in rings
    )


def _gates(
    rows: Iterable[Row], known: Known, names: frozenset[str] | None
) -> dict[str, list[Gate]]:
    """Return gates by compound."""
    seen: dict[Hashable, int] = {}
    found: dict[str, list[Gate]] = {}
    for row in rows:
        gate = own_id(row, seen)
        compound = check_compound(row, names)
        place = known.place(row)
        rule = row.choice("rule", tuple(GateRule), GateRule.OPEN)
        sign_in_s = row.whole("sign_in_s", 0) if row.has("sign_in_s") else None
        if sign_in_s is not None and sign_in_s < 0:
            row.note("sign_in_s", f"{sign_in_s} is negative")
        modes = _modes(row)
        opens_s, closes_s = _hours(row)
        found.setdefault(compound, []).append(
            Gate(
                id=gate,
                lat=place.lat,
                lon=place.lon,
                modes=modes,
                rule=rule,
                sign_in_s=sign_in_s,
                opens_s=opens_s,
                closes_s=closes_s,
            )
        )
    return found


def _modes(row: Row) -> tuple[str, ...]:
    """Return the modes that fit through a gate; all where the cell is empty."""
    given = row.items("modes")
    for mode in given:
        if mode not in tuple(Mode):
            row.note("modes", f"{mode[:80]!r} is none of {', '.join(Mode)}")
    return tuple(mode.value for mode in Mode if not given or mode.value in given)


def _hours(row: Row) -> tuple[int, int]:
    """Return the seconds of the local day at which a gate opens and closes, every day."""
    if not (row.has("opens_at") or row.has("closes_at")):
        return ALL_DAY
    opens_s, closes_s = (
        _second_of_day(row, row.instant(column, 0)) for column in ("opens_at", "closes_at")
    )
    if row.is_bad("opens_at") or row.is_bad("closes_at"):
        return ALL_DAY
    if opens_s == closes_s:
        row.note("closes_at", "the gate closes when it opens: leave both empty for always")
    return opens_s, closes_s


def _second_of_day(row: Row, at: int) -> int:
    local = datetime.fromtimestamp(at, row.calendar.zone)
    return 3600 * local.hour + 60 * local.minute + local.second


def _entrances(
    rows: Iterable[Row], known: Known, names: frozenset[str] | None
) -> dict[str, list[Entrance]]:
    """Return entrances by compound."""
    seen: dict[Hashable, int] = {}
    found: dict[str, list[Entrance]] = {}
    for row in rows:
        compound = check_compound(row, names)
        building, entrance = row.needed("building"), row.needed("entrance")
        parts = (compound, building, entrance)
        if all(parts):
            once(row, "entrance", parts, " ".join(map(repr, parts)), seen)
        place = known.place(row)
        floors = row.whole("floors")
        if floors < 0:
            row.note("floors", f"{row.text('floors')} is negative")
        row.needed("lift")
        found.setdefault(compound, []).append(
            Entrance(
                building=building,
                entrance=entrance,
                lat=place.lat,
                lon=place.lon,
                floors=floors,
                has_lift=row.flag("lift"),
            )
        )
    return found
