"""What of a folder was found on the map, and how far it moved what stood there."""

from collections.abc import Sequence
from dataclasses import dataclass

import shapely

from maps.compounds import Compound
from maps.earth import Bounds, LocalProjection, coordinates, haversine_m
from maps.land import outlines
from maps.land.compound_files import corrected


@dataclass(frozen=True, slots=True, kw_only=True)
class Match:
    """A compound of the folder against the map's.

    Attributes
    ----------
    compound
        Id in the folder.
    found
        Id on the map of the one that it replaces; empty where it is new.
    common
        Share of the land of both that is common to both, percent; None where one of them has
        no boundary.
    gates, entrances
        (what, metres from the nearest of the map's); None where the map has none.
    left_out
        Gates of the map, none of the folder's within `NEAR_M` of them, that are no gates any more.
    """

    compound: str
    found: str
    common: float | None = None
    gates: tuple[tuple[str, float | None], ...] = ()
    entrances: tuple[tuple[str, float | None], ...] = ()
    left_out: tuple[str, ...] = ()


NEAR_M = 30.0
"""A gate this near to another is the same gate."""


def matches_of(
    found: Sequence[Compound], given: Sequence[Compound], every: Sequence[Compound]
) -> tuple[Match, ...]:
    """Say what each given compound is on the map.

    Parameters
    ----------
    found
        Of the map.
    given
        Of the folder.
    every
        What `maps.land.compound_files.corrected` made of both.
    """
    by_id = {compound.id: compound for compound in found}
    gone = by_id.keys() - {compound.id for compound in every}
    result = []
    for compound in given:
        twin = by_id.get(compound.id)
        if twin is None and gone:
            alone = {its.id for its in corrected(found, [compound])}
            twin = next((by_id[its] for its in sorted(gone) if its not in alone), None)
        result.append(
            Match(compound=compound.id, found="") if twin is None else _of(compound, twin)
        )
    return tuple(result)


def _of(given: Compound, found: Compound) -> Match:
    doors = [door for door in found.entrances if door.building or door.entrance]
    placed = {(door.building, door.entrance): door for door in doors}
    entrances: list[tuple[str, float | None]] = []
    for door in given.entrances:
        twin = placed.get((door.building, door.entrance))
        away_m = (
            None if twin is None else float(haversine_m(door.lat, door.lon, twin.lat, twin.lon))
        )
        entrances.append((f"{door.building} {door.entrance}".strip(), away_m))
    gates: list[tuple[str, float | None]] = []
    left_out: list[str] = []
    for gate in given.gates:
        away_m = None
        if found.gates:
            away_m = float(haversine_m(gate.lat, gate.lon, *coordinates(found.gates)).min())
        gates.append((gate.id, away_m))
    if given.gates:
        lat, lon = coordinates(given.gates)
        left_out = [
            gate.id
            for gate in found.gates
            if haversine_m(gate.lat, gate.lon, lat, lon).min() > NEAR_M
        ]
    return Match(
        compound=given.id,
        found=found.id,
        common=_common(given, found),
        gates=tuple(gates),
        entrances=tuple(entrances),
        left_out=tuple(left_out),
    )


def _common(a: Compound, b: Compound) -> float | None:
    corners = [corner for compound in (a, b) for ring in compound.boundary for corner in ring]
    if not a.boundary or not b.boundary:
        return None
    lat, lon = zip(*corners, strict=True)
    projection = LocalProjection(
        Bounds(south=min(lat), west=min(lon), north=max(lat), east=max(lon))
    )
    one, other = (outlines.polygon(compound.boundary, projection) for compound in (a, b))
    both_m2 = float(shapely.area(shapely.union(one, other)))
    return 100.0 * float(shapely.area(shapely.intersection(one, other))) / max(both_m2, 1.0)
