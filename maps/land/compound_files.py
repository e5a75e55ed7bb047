"""Compounds as a GeoJSON file for correction by hand, and what a correction means.

One feature collection: a polygon (or multipolygon, or no geometry at all) of kind
``compound``, and points of kind ``gate`` and ``entrance`` that name their compound. Any map
editor can move them. GeoJSON is RFC 7946: longitude first, WGS84.

===========  =============================================================================
kind         other properties
===========  =============================================================================
compound     ``id``, ``name``, ``removed`` (true takes a found one away, with all of its own)
gate         ``compound``, ``id``, ``modes`` (a list; all where it is left out or empty),
             ``rule``, ``sign_in_s`` or null,
             ``opens_at`` and ``closes_at`` as HH:MM, 00:00 and 24:00 where left out
entrance     ``compound``, ``building``, ``entrance``, ``floors`` or null, ``lift`` or null
===========  =============================================================================

A mode that is taken out of a gate is stopped at it; one that is added is led to the gate, but
not past tags that stop it there (`maps.land.gate_nodes`).
"""

import json
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.compounds import Compound, Entrance, Gate
from maps.earth import Bounds, LocalProjection
from maps.land import outlines
from maps.land.feature_fields import Feature, rings_of
from maps.land.outlines import Rings
from maps.network import MapError

NEAR_LAND_M = 30.0
"""Gates and entrances this far outside a found boundary still say which one is meant."""

_SAME_LAND = 0.5
"""Share of the land of both together that two outlines of one compound have in common."""

FARTHEST_GATE_M = 200.0
"""A gate farther from the boundary of its compound was put in the wrong place."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Corrections:
    """What a file says about compounds.

    Attributes
    ----------
    compounds : tuple of Compound, by id
        To be laid over the found ones, see `corrected`.
    removed : tuple of str, ascending
        Ids of found compounds that are none, see `without`.
    """

    compounds: tuple[Compound, ...]
    removed: tuple[str, ...]


def compounds_geojson(compounds: Iterable[Compound]) -> dict[str, Any]:
    """Return compounds as a GeoJSON feature collection; `read_corrections` is its inverse.

    Coordinates keep every digit, so that nothing changes on the way there and back.
    """
    features = []
    for compound in sorted(compounds, key=lambda compound: compound.id):
        of = {"compound": compound.id}
        features.append(
            _feature(
                _land(compound.boundary),
                {"kind": "compound", "id": compound.id, "name": compound.name},
            )
        )
        features += [
            _feature(_point(gate.lat, gate.lon), {"kind": "gate", **of, **_gate_fields(gate)})
            for gate in compound.gates
        ]
        features += [
            _feature(
                _point(door.lat, door.lon),
                {
                    "kind": "entrance",
                    **of,
                    "building": door.building,
                    "entrance": door.entrance,
                    "floors": door.floors,
                    "lift": door.has_lift,
                },
            )
            for door in compound.entrances
        ]
    return {"type": "FeatureCollection", "features": features}


def read_corrections(path: Path) -> Corrections:
    """Read compounds from a GeoJSON file.

    Parameters
    ----------
    path : Path
        As written from `compounds_geojson`.

    Returns
    -------
    Corrections

    Raises
    ------
    MapError
        The file is missing or no feature collection; or one line for each bad feature and
        field: ``FILE: feature 3: rule: ...``, the first feature being 1.
    """
    features = [Feature(number, value) for number, value in enumerate(_features(path), start=1)]
    lands: dict[str, tuple[str, Rings]] = {}
    gates: dict[str, dict[str, Gate]] = {}
    doors: dict[str, list[Entrance]] = {}
    removed: set[str] = set()
    kinds = {feature: feature.kind() for feature in features}
    for feature in (f for f in features if kinds[f] == "compound"):
        own = feature.required("id")
        if own in lands:
            feature.fault("id", f"{own!r} is there twice")
        lands[own] = (feature.text("name"), feature.boundary())
        if feature.is_removed():
            removed.add(own)
    for feature in (f for f in features if kinds[f] in ("gate", "entrance")):
        owner = feature.required("compound")
        if owner and owner not in lands:
            feature.fault("compound", f"no compound {owner!r} in this file")
        if kinds[feature] == "entrance":
            doors.setdefault(owner, []).append(feature.entrance())
            continue
        gate = feature.gate()
        if gate is not None:
            if gate.id in gates.setdefault(owner, {}):
                feature.fault("id", f"{gate.id!r} is there twice in compound {owner!r}")
            gates[owner][gate.id] = gate
            _check_place(feature, gate, owner, lands.get(owner, ("", ()))[1])
    faults = [f"{path}: {fault}" for feature in features for fault in feature.faults]
    if faults:
        raise MapError("\n".join(faults))
    compounds = tuple(
        Compound(
            id=own,
            name=name,
            boundary=boundary,
            gates=tuple(gate for _, gate in sorted(gates.get(own, {}).items())),
            entrances=tuple(sorted(doors.get(own, ()), key=Entrance.sort_key)),
        )
        for own, (name, boundary) in sorted(lands.items())
        if own not in removed
    )
    return Corrections(compounds=compounds, removed=tuple(sorted(removed)))


def _check_place(feature: Feature, gate: Gate, owner: str, boundary: Rings) -> None:
    """Note a gate that lies far from the boundary of its compound, where that is known."""
    corners = np.array([*(corner for ring in boundary for corner in ring), (gate.lat, gate.lon)])
    (south, west), (north, east) = corners.min(axis=0), corners.max(axis=0)
    projection = LocalProjection(Bounds(south=south, west=west, north=north, east=east))
    at = shapely.points(projection.xy(gate.lat, gate.lon)[0])
    lines = [shapely.LineString(projection.xy(*np.array(ring).T)) for ring in boundary]
    far_m = min((float(shapely.distance(line, at)) for line in lines), default=0.0)
    if far_m > FARTHEST_GATE_M:
        feature.fault(
            "geometry",
            f"gate {gate.id!r} is {far_m:.0f} m from the boundary of {owner!r}: "
            f"put it within {FARTHEST_GATE_M:.0f} m",
        )


def boundary_of_wkt(text: str) -> Rings:
    """Read a boundary from well-known text.

    Parameters
    ----------
    text : str
        ``POLYGON`` or ``MULTIPOLYGON``, longitude first; ``""`` means none.

    Returns
    -------
    tuple of rings
        As `maps.compounds.Compound.boundary`.

    Raises
    ------
    MapError
        It is no such text, has holes, crosses itself or lies off the earth.
    """
    if not text.strip():
        return ()
    try:
        shape = shapely.from_wkt(text)
    except shapely.errors.GEOSException as error:
        reason = " ".join(str(error).split())
        raise MapError(f"boundary is not well-known text ({reason}): write POLYGON(...)") from error
    if shape.is_empty:
        raise MapError("boundary has no land: leave it out where it is unknown")
    kind = shapely.get_type_id(shape)
    if kind not in (shapely.GeometryType.POLYGON, shapely.GeometryType.MULTIPOLYGON):
        raise MapError(f"boundary is a {shape.geom_type}: write POLYGON(...) or MULTIPOLYGON(...)")
    parts = [
        [shapely.get_coordinates(ring).tolist() for ring in (part.exterior, *part.interiors)]
        for part in shapely.get_parts(shape)
    ]
    try:
        return rings_of(parts)
    except ValueError as error:
        raise MapError(f"boundary {error}") from error


def without(found: Sequence[Compound], removed: Sequence[str]) -> tuple[Compound, ...]:
    """Take compounds away.

    Parameters
    ----------
    found : sequence of Compound
        Of the map.
    removed : sequence of str
        Ids.

    Returns
    -------
    tuple of Compound
        Those that are left, in their order.

    Raises
    ------
    MapError
        An id is not there.
    """
    missing = sorted(set(removed) - {compound.id for compound in found})
    if missing:
        names = ", ".join(map(repr, missing))
        raise MapError(f"no compound {names} in the map to remove: leave the feature out")
    return tuple(compound for compound in found if compound.id not in removed)


def corrected(found: Sequence[Compound], given: Sequence[Compound]) -> tuple[Compound, ...]:
    """Lay given compounds over found ones.

    Parameters
    ----------
    found : sequence of Compound
        Of the map.
    given : sequence of Compound
        From a file or a day folder.

    Returns
    -------
    tuple of Compound, by id

    Notes
    -----
    A given compound is the found one

    - that has its id; or else
    - whose land, together with its own, is more than half common to both; or else, where it
      has no boundary,
    - that holds all its gates and entrances, or has them within `NEAR_LAND_M` of its boundary,
      the smallest of several,

    unless another given compound is it already, the first by id. Then it replaces the found
    one under its own id; where it says nothing of name, boundary, gates or entrances, those
    found remain. Any other given compound is new, a name alone too.
    """
    left = {compound.id: compound for compound in found}
    own = {compound.id for compound in given}
    result = []
    for compound in sorted(given, key=lambda compound: (compound.id not in left, compound.id)):
        twin = left.get(compound.id)
        if twin is None:
            twin = _twin(found, compound)
            # What another one has taken is not there to be taken twice.
            twin = None if twin is None or twin.id in own else left.get(twin.id)
        if twin is not None:
            del left[twin.id]
        result.append(compound if twin is None else _over(twin, compound))
    return tuple(sorted((*result, *left.values()), key=lambda compound: compound.id))


def _over(found: Compound, given: Compound) -> Compound:
    return replace(
        given,
        name=given.name or found.name,
        boundary=given.boundary or found.boundary,
        gates=given.gates or found.gates,
        entrances=given.entrances or found.entrances,
    )


def _twin(found: Sequence[Compound], given: Compound) -> Compound | None:
    """Return the found compound that a given one with another id means."""
    places = [(gate.lat, gate.lon) for gate in given.gates]
    places += [(door.lat, door.lon) for door in given.entrances]
    lat_lon = np.array([*(p for ring in given.boundary for p in ring), *places])
    if not found or len(lat_lon) == 0:
        return None
    (south, west), (north, east) = lat_lon.min(axis=0), lat_lon.max(axis=0)
    projection = LocalProjection(Bounds(south=south, west=west, north=north, east=east))
    lands = outlines.polygons(found, projection)
    size_m2 = shapely.area(lands)
    if given.boundary:
        own = outlines.polygon(given.boundary, projection)
        common_m2 = shapely.area(shapely.intersection(lands, own))
        both_m2 = size_m2 + shapely.area(own) - common_m2
        share = common_m2 / np.maximum(both_m2, 1.0)
        best = int(np.argmax(share))
        return found[best] if share[best] > _SAME_LAND else None
    points = shapely.points(projection.xy([p[0] for p in places], [p[1] for p in places]))
    near: NDArray[np.bool_] = (
        shapely.distance(lands[:, None], points[None, :]) <= NEAR_LAND_M
    ).all(axis=1)
    if not near.any():
        return None
    return found[int(np.argmin(np.where(near, size_m2, np.inf)))]


def _features(path: Path) -> list[object]:
    try:
        document = json.loads(path.read_bytes())
    except OSError as error:
        raise MapError(f"{path}: cannot be read ({error.strerror}): check the path") from error
    except ValueError as error:
        raise MapError(f"{path}: not JSON ({error}): save it as GeoJSON again") from error
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        raise MapError(f"{path}: no feature collection: save it as GeoJSON again")
    return features


def _feature(geometry: Mapping[str, Any] | None, properties: Mapping[str, Any]) -> dict[str, Any]:
    return {"type": "Feature", "geometry": geometry, "properties": dict(properties)}


def _point(lat: float, lon: float) -> dict[str, Any]:
    return {"type": "Point", "coordinates": [lon, lat]}


def _land(boundary: Rings) -> dict[str, Any] | None:
    parts = [[[[lon, lat] for lat, lon in ring]] for ring in boundary]
    if not parts:
        return None
    if len(parts) == 1:
        return {"type": "Polygon", "coordinates": parts[0]}
    return {"type": "MultiPolygon", "coordinates": parts}


def _gate_fields(gate: Gate) -> dict[str, Any]:
    return {
        "id": gate.id,
        "modes": list(gate.modes),
        "rule": gate.rule.value,
        "sign_in_s": gate.sign_in_s,
        "opens_at": _clock(gate.opens_s),
        "closes_at": _clock(gate.closes_s),
    }


def _clock(second: int) -> str:
    text = f"{second // 3600:02}:{second % 3600 // 60:02}"
    return f"{text}:{second % 60:02}" if second % 60 else text
