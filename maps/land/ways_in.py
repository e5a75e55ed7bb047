"""Where roads lead into an area, and what stands there.

Geometry only: `maps.land.gated_land` decides what it means.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
import shapely
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from maps.earth import Floats, LocalProjection
from maps.land.gate_rules import NO_ENTRANCE, OPEN_BARRIERS, SHUT_BARRIERS
from maps.network import RoadNetwork
from maps.profiles import Rank
from maps.reading.sites import Sites, Spot

SET_BACK_M = 30.0
"""A barrier this far from where its road crosses the outline is that road's gate: outlines
follow the middle of streets, and gates stand back from them."""

ONE_GATE_M = 15.0
"""Crossings this near to each other, where nothing stands, are one gate: a drive and its
pavements."""

_ON_ROAD_M = 0.5
"""A node belongs to a road at this distance from its line: rounding, no more."""

_CORNER_M = 10.0
"""A road that only cuts a corner of this length does not lead in."""

_DOOR_IN_WALL_M = 3.0
"""A door this near to where a road crosses the outline is in the wall; others are in houses."""

_BARRIERS = SHUT_BARRIERS | OPEN_BARRIERS

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class WayIn:
    """A point where one gets into an area.

    Attributes
    ----------
    id : str
        ``n`` and the node's OSM id, or ``w`` and that of the way that crosses the boundary,
        with ``.2`` and so on behind it where it does so more than once.
    lat, lon : float
        Degrees.
    tags : mapping
        Of the barrier or the entrance; empty where nothing stands there.
    is_open, is_private : (M,) bool
        For each of `maps.access.MODES`, of the roads that meet there.
    """

    id: str
    lat: float
    lon: float
    tags: Mapping[str, str]
    is_open: NDArray[np.bool_]
    is_private: NDArray[np.bool_]


class Streetscape:
    """The roads of a network and what stands on them, for questions about areas.

    Parameters
    ----------
    network : RoadNetwork
    sites : Sites
    projection : LocalProjection
    """

    def __init__(self, network: RoadNetwork, sites: Sites, projection: LocalProjection) -> None:
        self.projection = projection
        self.way_id = network.way_id
        self.ends = np.column_stack((network.tail, network.head)).astype(np.int64)
        self.nodes = projection.xy(network.node_lat, network.node_lon)
        self.lines = road_lines(network, projection)
        self.tree = shapely.STRtree(self.lines)
        self.rank = network.rank[network.tag_set]
        self.is_open = (network.speed_kmh.max(axis=2) > 0)[network.tag_set]
        self.is_private = network.is_private[network.tag_set]
        # A street for residents' cars alone is still a street: people walk through it.
        self._is_private_to_all = (self.is_private | ~self.is_open).all(axis=1)
        self.is_street = (self.rank == Rank.STREET) & ~self._is_private_to_all
        self.is_main = self.rank == Rank.MAJOR
        self.spots = _passages(sites)
        self.spot_xy = projection.xy(
            [spot.lat for spot in self.spots], [spot.lon for spot in self.spots]
        )
        is_barrier = [spot.tags.get("barrier") in _BARRIERS for spot in self.spots]
        self.spot_reach_m = np.where(is_barrier, SET_BACK_M, _DOOR_IN_WALL_M)
        self._edges_at, self._spots_on = self._meetings()

    def _meetings(self) -> tuple[dict[int, list[int]], dict[int, list[int]]]:
        points = shapely.points(self.spot_xy)
        spot, edge = self.tree.query(points, predicate="dwithin", distance=_ON_ROAD_M)
        edges_at: dict[int, list[int]] = {}
        spots_on: dict[int, list[int]] = {}
        for s, e in sorted(zip(spot.tolist(), edge.tolist(), strict=True)):
            edges_at.setdefault(s, []).append(e)
            spots_on.setdefault(e, []).append(s)
        return edges_at, spots_on

    def is_near_passage(self, lands: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Say for each land whether a barrier or an entrance might be a gate of it."""
        tree = shapely.STRtree(shapely.points(self.spot_xy))
        near = np.zeros(len(lands), dtype=np.bool_)
        near[tree.query(lands, predicate="dwithin", distance=SET_BACK_M)[0]] = True
        return near

    def is_on_private_road(self, lands: NDArray[np.object_]) -> NDArray[np.bool_]:
        """Say for each land whether a road that is private to all touches it."""
        tree = shapely.STRtree(self.lines[self._is_private_to_all])
        near = np.zeros(len(lands), dtype=np.bool_)
        near[tree.query(lands, predicate="intersects")[0]] = True
        return near

    def spots_along(self, line: shapely.Geometry) -> list[int]:
        """Return the spots that stand on a line, ascending."""
        tree = shapely.STRtree(shapely.points(self.spot_xy))
        return sorted(tree.query(line, predicate="dwithin", distance=_ON_ROAD_M).tolist())

    def edges_at(self, spot: int) -> list[int]:
        """Return the edges on which a spot stands, ascending."""
        return self._edges_at.get(spot, [])

    def spots_on(self, edge: int) -> list[int]:
        """Return the spots that stand on an edge, ascending."""
        return self._spots_on.get(edge, [])

    def has_spot(self, edges: Ints) -> NDArray[np.bool_]:
        """Say for each of the edges whether anything stands on it."""
        return np.array([edge in self._spots_on for edge in edges.tolist()], dtype=np.bool_)


def road_lines(network: RoadNetwork, projection: LocalProjection) -> NDArray[np.object_]:
    """Return the edges of a network as shapely lines in metres, (E,)."""
    xy = projection.xy(network.shape_lat, network.shape_lon)
    owner = np.repeat(np.arange(network.edge_count), np.diff(network.shape_start))
    lines: NDArray[np.object_] = shapely.linestrings(xy, indices=owner)
    return lines


def _passages(sites: Sites) -> tuple[Spot, ...]:
    """Return barriers and entrances through which one may get, each node once."""
    found = {spot.id: spot for spot in sites.barriers if spot.tags.get("barrier") in _BARRIERS}
    for spot in sites.entrances:
        if spot.tags.get("entrance") not in NO_ENTRANCE:
            found.setdefault(spot.id, spot)
    return tuple(found[number] for number in sorted(found))


def streets_beside(roads: Streetscape, land: shapely.Geometry, core: shapely.Geometry) -> Ints:
    """Return the public streets that run along the outline inside it, ascending edges.

    Parameters
    ----------
    roads : Streetscape
    land, core : shapely geometry, metres
        The area, and what of it lies far from its outline.
    """
    near = roads.tree.query(land, predicate="intersects")
    near = np.sort(near[(roads.is_street | roads.is_main)[near]])
    near = near[~shapely.intersects(roads.lines[near], core) & ~roads.has_spot(near)]
    inside_m = shapely.length(shapely.intersection(roads.lines[near], land))
    # A main road is outside whatever the outline says; a street may just turn a corner.
    found: Ints = near[(inside_m >= 2 * _CORNER_M) | roads.is_main[near]]
    return found


@dataclass(slots=True)
class _Crossing:
    """An edge that crosses the boundary, and where."""

    edge: int
    xy: Floats
    spots: list[int] = field(default_factory=list)


def ways_in(
    roads: Streetscape, land: shapely.Geometry, core: shapely.Geometry
) -> tuple[WayIn, ...] | None:
    """Find where roads lead into an area.

    Parameters
    ----------
    roads : Streetscape
    land, core : shapely geometry, metres
        The area, and what of it lies far from its outline.

    Returns
    -------
    tuple of WayIn, or None
        None where a public street leads to the core past no barrier.
    """
    near = roads.tree.query(land, predicate="intersects")
    near = np.sort(near[roads.rank[near] != Rank.FERRY])
    crossings = _crossings(roads, land, core, near)
    bare_streets = [c.edge for c in crossings if not c.spots and roads.is_street[c.edge]]
    if bare_streets and _reach(roads, land, core, near, bare_streets):
        return None
    at_spots: dict[int, list[int]] = {}
    bare: list[_Crossing] = []
    for c in crossings:
        for spot in c.spots:
            at_spots.setdefault(spot, []).append(c.edge)
        if not c.spots and not roads.is_main[c.edge]:
            bare.append(c)
    found = [_way_in_at_spot(roads, spot, edges) for spot, edges in sorted(at_spots.items())]
    return (*found, *_bare_ways_in(roads, bare))


def _crossings(
    roads: Streetscape, land: shapely.Geometry, core: shapely.Geometry, near: Ints
) -> list[_Crossing]:
    """Return every point where an edge that leads in crosses the boundary."""
    crossing = near[~shapely.covered_by(roads.lines[near], land)]
    ends = roads.ends[crossing]
    xy = roads.nodes[ends]
    leads_in = shapely.contains_xy(land, xy[..., 0], xy[..., 1]).any(axis=1)
    inside_m = shapely.length(shapely.intersection(roads.lines[crossing], land))
    # A road may lead across the area with no junction in it; a street may also just touch it.
    passes = (inside_m >= _CORNER_M) & ~roads.is_street[crossing]
    passes |= shapely.intersects(roads.lines[crossing], core)
    crossing = crossing[leads_in | passes]
    meets = shapely.intersection(roads.lines[crossing], shapely.boundary(land))
    points, owner = shapely.get_coordinates(meets, return_index=True)
    by_node: dict[int, list[int]] = {}
    for edge in near.tolist():
        for node in roads.ends[edge].tolist():
            by_node.setdefault(node, []).append(edge)
    found = []
    for point, edge in zip(points, crossing[owner].tolist(), strict=True):
        own = _spots_near(roads, [edge], point)
        if not own:
            neighbours = {e for node in roads.ends[edge].tolist() for e in by_node[node]}
            own = _spots_near(roads, sorted(neighbours), point)
        else:
            own = own[:1]
        found.append(_Crossing(edge, point, own))
    passed = {spot for crossing in found for spot in crossing.spots}
    return found + [c for c in _on_outline(roads, land) if c.spots[0] not in passed]


def _on_outline(roads: Streetscape, land: shapely.Geometry) -> list[_Crossing]:
    """Return the barriers and doors that share a point with the outline and join in and out.

    The road is cut there, so neither of its pieces crosses the boundary.
    """
    found = []
    for spot in roads.spots_along(shapely.boundary(land)):
        edges = np.array(roads.edges_at(spot), dtype=np.int64)
        inside_m = shapely.length(shapely.intersection(roads.lines[edges], land))
        is_inside = inside_m > shapely.length(roads.lines[edges]) / 2.0
        if is_inside.any() and not is_inside.all():
            xy = roads.spot_xy[spot]
            found += [_Crossing(edge, xy, [spot]) for edge in edges[is_inside].tolist()]
    return found


def _spots_near(roads: Streetscape, edges: Sequence[int], point: Floats) -> list[int]:
    """Return the spots on these edges near a point, the nearest first."""
    spots = sorted({spot for edge in edges for spot in roads.spots_on(edge)})
    distance = np.hypot(*(roads.spot_xy[spots] - point).T) if spots else np.empty(0)
    reach = roads.spot_reach_m[spots]
    return [spots[i] for i in np.argsort(distance, kind="stable") if distance[i] <= reach[i]]


def _reach(
    roads: Streetscape,
    land: shapely.Geometry,
    core: shapely.Geometry,
    near: Ints,
    starts: Sequence[int],
) -> bool:
    """Say whether public streets lead from any of the starts to the core past no barrier."""
    streets = near[roads.is_street[near] & ~roads.has_spot(near)]
    nodes, ends = np.unique(roads.ends[streets], return_inverse=True)
    ends = ends.reshape(-1, 2)
    inside = shapely.contains_xy(land, roads.nodes[nodes])
    # Each edge is joined to those of its ends that lie inside: outside they may meet anyhow.
    edge, side = np.nonzero(inside[ends])
    count = len(streets) + len(nodes)
    joined = (np.ones(len(edge)), (edge, len(streets) + ends[edge, side]))
    _, part = connected_components(coo_array(joined, shape=(count, count)), directed=False)
    in_core = part[: len(streets)][shapely.intersects(roads.lines[streets], core)]
    started = part[: len(streets)][np.isin(streets, starts)]
    return bool(np.isin(started, in_core).any())


def _way_in_at_spot(roads: Streetscape, spot: int, crossing: Sequence[int]) -> WayIn:
    there = sorted({*roads.edges_at(spot), *crossing})
    place = roads.spots[spot]
    is_open, is_private = roads.is_open[there], roads.is_private[there]
    # Between two pieces of road one needs both; at a junction any two will do.
    passes = is_open.all(axis=0) if len(there) <= 2 else is_open.any(axis=0)  # noqa: PLR2004
    return WayIn(
        id=f"n{place.id}",
        lat=place.lat,
        lon=place.lon,
        tags=place.tags,
        is_open=passes,
        is_private=np.logical_or.reduce(is_private, axis=0),
    )


def _bare_ways_in(roads: Streetscape, bare: Sequence[_Crossing]) -> list[WayIn]:
    """Join crossings that lie together, say a drive and its pavements."""
    left = sorted(
        bare, key=lambda c: (int(roads.rank[c.edge]), int(roads.way_id[c.edge]), c.edge, *c.xy)
    )
    groups: list[list[_Crossing]] = []
    for crossing in left:
        for group in groups:
            if np.hypot(*(group[0].xy - crossing.xy)) <= ONE_GATE_M:
                group.append(crossing)
                break
        else:
            groups.append([crossing])
    uses: dict[int, int] = {}
    found = []
    for group in groups:
        way = int(roads.way_id[group[0].edge])
        uses[way] = uses.get(way, 0) + 1
        edges = [crossing.edge for crossing in group]
        lat, lon = roads.projection.lat_lon(group[0].xy[None, :])
        is_open = roads.is_open[edges]
        found.append(
            WayIn(
                id=f"w{way}" if uses[way] == 1 else f"w{way}.{uses[way]}",
                lat=round(float(lat[0]), 7),
                lon=round(float(lon[0]), 7),
                tags={},
                is_open=is_open.any(axis=0),
                is_private=~(is_open & ~roads.is_private[edges]).any(axis=0),
            )
        )
    return found
