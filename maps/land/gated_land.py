"""Which land is gated, where its gates are, and which roads lie behind them.

OpenStreetMap draws the use of land, not who owns it: ``landuse=residential`` may be a
compound with a guard or a quarter of a city with streets through it. `find` tells them apart.

An area is a compound only if all of this holds:

- It is no building and no larger than `LARGEST_M2`.
- No public street leads into it. Tertiary roads and above always rule it out; unclassified,
  residential and living streets do where they come in past no barrier. Streets within
  `BESIDE_M` of the outline run beside the area: the boundary is drawn back behind those that
  run along it.
- Something says that it is closed: a wall, a fence or restricted access in its own tags; for
  a campus, one gate; for other land a gate or a private road, and at least half of the ways
  in for cars.
- There is a way in. Each is a gate: the barrier or entrance on that road not far from the
  boundary, else the point where a service road or a path crosses it (`maps.land.ways_in`).

Of two areas of which one all but fills the other, the smaller stays. Of nested compounds the
smallest has the roads and the entrances. Who passes a gate is for `maps.land.gate_rules` to say,
whom it stops on the road for `maps.land.gate_nodes`.

Pages of the OpenStreetMap wiki: Tag:landuse=residential, Key:amenity, Key:residential,
Key:barrier, Key:entrance, Key:access.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

import numpy as np
import shapely

from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.earth import LocalProjection
from maps.land import outlines
from maps.land.gate_nodes import blocked_by_gates
from maps.land.gate_rules import NO_ENTRANCE, SIGNS_OF_A_WALL, gates_at
from maps.land.ways_in import Streetscape, WayIn, road_lines, streets_beside, ways_in
from maps.network import RoadNetwork
from maps.profiles import Rank
from maps.reading.sites import Area, Sites, Spot

LARGEST_M2 = 1_500_000.0
"""Larger than this is a district, whatever its tags say."""

BESIDE_M = 15.0
"""As far as an outline may be drawn from the street that it follows."""

_CLOSING_TAGS: Mapping[str, frozenset[str]] = {
    "access": frozenset({"customers", "no", "permit", "private", "residents"}),
    "barrier": frozenset({"city_wall", "fence", "hedge", "retaining_wall", "wall"}),
    "residential": frozenset({"gated"}),
}
"""What an area may say of itself to be closed."""

_SAME_LAND = 0.8
"""An area of which a smaller compound fills this share is the same land drawn twice."""

_BEHIND_M = 2.0
"""The boundary stands this far from the middle of a street that it was drawn back behind."""


@dataclass(frozen=True, slots=True, eq=False)
class _Land:
    """An area in metres; ``core`` is what of it lies far from its outline."""

    area: Area
    whole: shapely.Geometry
    core: shapely.Geometry


def find(network: RoadNetwork, sites: Sites) -> tuple[Compound, ...]:
    """Find the compounds of a map by the rules of this module.

    Parameters
    ----------
    network : RoadNetwork
    sites : Sites
        From the same file.

    Returns
    -------
    tuple of Compound, by id
    """
    projection = LocalProjection(network.bounds)
    lands = [land for area in sites.areas if (land := _land(area, projection)) is not None]
    if not lands:
        return ()
    roads = Streetscape(network, sites, projection)
    found = []
    for land in _without_main_roads(_maybe_closed(lands, roads), roads):
        compound = _compound(land, roads)
        if compound is not None:
            found.append(compound)
    found = _drawn_once(found, projection)
    return _with_entrances(found, sites.entrances, projection)


def marked(network: RoadNetwork, compounds: Sequence[Compound]) -> RoadNetwork:
    """Return the network with these compounds, and with the edges that lie in them.

    An edge lies in the smallest compound that holds at least half of its length. Main roads
    and ferries lie in none. Whom the gates at a node do not admit is stopped there, by the
    rules of `maps.land.gate_nodes`.

    Parameters
    ----------
    network : RoadNetwork
        The compounds it has are replaced; what its nodes stop already stays stopped.
    compounds : sequence of Compound
        One without a boundary has no edges.
    """
    ordered = tuple(sorted(compounds, key=lambda compound: compound.id))
    owner = np.full(network.edge_count, -1, dtype=np.int32)
    if not ordered:
        return replace(network, compound=owner, compounds=())
    projection = LocalProjection(network.bounds)
    lines = road_lines(network, projection)
    tree = shapely.STRtree(lines)
    lands = outlines.polygons(ordered, projection)
    land, edge = tree.query(lands, predicate="intersects")
    common_m = shapely.length(shapely.intersection(lines[edge], lands[land]))
    rank = network.rank[network.tag_set[edge]]
    is_inside = (
        (common_m >= shapely.length(lines[edge]) / 2) & (rank != Rank.MAJOR) & (rank != Rank.FERRY)
    )
    land, edge = land[is_inside], edge[is_inside]
    # The smallest is written last and stays.
    order = np.lexsort((land, -shapely.area(lands[land])))
    owner[edge[order]] = land[order]
    behind = frozenset(zip(land.tolist(), edge.tolist(), strict=True))
    blocked = blocked_by_gates(network, ordered, projection, tree, behind)
    return replace(network, node_blocked=blocked, compound=owner, compounds=ordered)


def _land(area: Area, projection: LocalProjection) -> _Land | None:
    """Return the area in metres; None for a building and what is too large or no land."""
    if area.tags.get("building", "no") != "no":
        return None
    whole = outlines.polygon(area.rings, projection)
    size_m2 = float(shapely.area(whole))
    if not 0.0 < size_m2 <= LARGEST_M2:
        return None
    # Small land has a core too.
    depth_m = min(BESIDE_M, math.sqrt(size_m2) / 8.0)
    return _Land(area, whole, shapely.buffer(whole, -depth_m))


def _maybe_closed(lands: Sequence[_Land], roads: Streetscape) -> list[_Land]:
    """Leave out areas with no sign near them that they are closed, which are most in a city."""
    wholes = np.array([land.whole for land in lands], dtype=np.object_)
    maybe = roads.is_near_passage(wholes) | roads.is_on_private_road(wholes)
    return [
        land
        for land, its in zip(lands, maybe.tolist(), strict=True)
        if its or _says_closed(land.area.tags)
    ]


def _says_closed(tags: Mapping[str, str]) -> bool:
    return any(tags.get(key) in values for key, values in _CLOSING_TAGS.items())


def _without_main_roads(lands: Sequence[_Land], roads: Streetscape) -> list[_Land]:
    cores = np.array([land.core for land in lands], dtype=np.object_)
    land, edge = roads.tree.query(cores, predicate="intersects")
    crossed = set(land[roads.is_main[edge]].tolist())
    return [its for number, its in enumerate(lands) if number not in crossed]


def _compound(land: _Land, roads: Streetscape) -> Compound | None:
    """Return the compound that an area is, or None where it is none."""
    beside = streets_beside(roads, land.whole, land.core)
    whole = land.whole
    boundary = tuple(tuple((lat, lon) for lat, lon in ring.tolist()) for ring in land.area.rings)
    if len(beside):
        strips = shapely.union_all(shapely.buffer(roads.lines[beside], _BEHIND_M))
        parts = shapely.get_parts(shapely.difference(whole, strips))
        whole = shapely.union_all(parts[shapely.intersects(parts, land.core)])
    if len(beside) or not all(map(outlines.is_ring, boundary)):
        boundary = outlines.rings(whole, roads.projection)
    ways = ways_in(roads, whole, land.core)
    if not ways:
        return None
    gates_of_ways = [_gates(way, land.area.tags) for way in ways]
    if not _is_closed(land.area.tags, ways, gates_of_ways):
        return None
    return Compound(
        id=land.area.id,
        name=land.area.name,
        boundary=boundary,
        gates=tuple(sorted((g for gates in gates_of_ways for g in gates), key=lambda g: g.id)),
    )


def _gates(way: WayIn, area: Mapping[str, str]) -> tuple[Gate, ...]:
    return gates_at(
        way.id,
        (way.lat, way.lon),
        way.tags,
        open_to=way.is_open.tolist(),
        private_to=way.is_private.tolist(),
        area=area,
    )


def _is_closed(
    area: Mapping[str, str], ways: Sequence[WayIn], gates_of_ways: Sequence[Sequence[Gate]]
) -> bool:
    """Say whether anything but its use says that an area is closed; False without gates."""
    if not any(gates_of_ways):
        return False
    if _says_closed(area):
        return True
    if "amenity" in area:
        return any(way.tags.get("barrier") in SIGNS_OF_A_WALL for way in ways)
    shut = cars = shut_to_cars = 0
    for way, gates in zip(ways, gates_of_ways, strict=True):
        is_ruled = bool(way.tags) and any(gate.rule is not GateRule.OPEN for gate in gates)
        is_private = bool((way.is_private | ~way.is_open).all())
        is_shut = is_ruled or is_private or way.tags.get("barrier") in SIGNS_OF_A_WALL
        takes_cars = any("car" in gate.modes for gate in gates)
        shut += is_shut and bool(gates)
        cars += takes_cars
        shut_to_cars += takes_cars and is_shut
    return shut > 0 and 2 * shut_to_cars >= cars


def _drawn_once(found: Sequence[Compound], projection: LocalProjection) -> list[Compound]:
    """Leave out compounds that a smaller one all but fills."""
    lands = outlines.polygons(found, projection)
    size_m2 = shapely.area(lands)
    outer, inner = shapely.STRtree(lands).query(lands, predicate="intersects")
    rank = np.empty(len(found), dtype=np.int64)
    rank[np.lexsort((np.arange(len(found)), size_m2))] = np.arange(len(found))
    pairs = rank[inner] < rank[outer]
    outer, inner = outer[pairs], inner[pairs]
    common_m2 = shapely.area(shapely.intersection(lands[outer], lands[inner]))
    double = set(outer[common_m2 >= _SAME_LAND * size_m2[outer]].tolist())
    return [compound for number, compound in enumerate(found) if number not in double]


def _with_entrances(
    compounds: Sequence[Compound], spots: Sequence[Spot], projection: LocalProjection
) -> tuple[Compound, ...]:
    """Give each entrance to the smallest compound around it; sort the compounds by id."""
    gates = {gate.id.partition(":")[0] for compound in compounds for gate in compound.gates}
    doors = [
        spot
        for spot in spots
        if spot.tags.get("entrance") not in NO_ENTRANCE and f"n{spot.id}" not in gates
    ]
    lands = outlines.polygons(compounds, projection)
    points = shapely.points(projection.xy([d.lat for d in doors], [d.lon for d in doors]))
    door, land = shapely.STRtree(lands).query(points, predicate="within")
    order = np.lexsort((land, -shapely.area(lands[land])))
    home = dict(zip(door[order].tolist(), land[order].tolist(), strict=True))
    inside: dict[int, list[Entrance]] = {}
    for number, owner in sorted(home.items()):
        inside.setdefault(owner, []).append(_entrance(doors[number]))
    full = [
        replace(compound, entrances=tuple(sorted(inside.get(number, ()), key=Entrance.sort_key)))
        for number, compound in enumerate(compounds)
    ]
    return tuple(sorted(full, key=lambda compound: compound.id))


def _entrance(spot: Spot) -> Entrance:
    """Read building and entrance from the tags; one tag never stands for both."""
    tags = spot.tags
    names = [tags[key] for key in ("addr:staircase", "ref", "addr:unit") if key in tags]
    building = tags.get("addr:housenumber", "")
    if not building and len(names) > 1:
        building = names[-1]
    return Entrance(
        building=building, entrance=names[0] if names else "", lat=spot.lat, lon=spot.lon
    )
