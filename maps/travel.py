"""Travel times, distances and routes between coordinates.

The door of the package: the composition root builds one `TravelTimes` from a
map, or a `StraightLine` where there is none, and passes it on. Both have the
same methods. Imports no OSM library.
"""

import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps.doors import Climb, DoorLike, door_to_door
from maps.earth import Floats, Point, coordinates, haversine_m
from maps.graph import PACK, Ints, Locations, ModeGraph, NodePath, unpack
from maps.network import MapError, OffMapError, RoadNetwork
from maps.profiles import MODES, WALK_KMH
from maps.snap import RoadIndex, Snapped

SNAP_LIMIT_M = 500.0
"""Farthest that a coordinate may lie from a road, metres."""

KNOWN_POINTS = 6000
"""Most points of a mode whose rows and columns `TravelTimes.doors` keeps: 288 MB."""

DETOUR = 1.3
"""Road metres for each straight metre in a city, an assumption."""

STRAIGHT_KMH: Mapping[str, float] = {"foot": WALK_KMH, "bicycle": 14.0, "ebike": 20.0, "car": 25.0}
"""Door-to-door speeds of `StraightLine`, an assumption."""

MAX_EXTENT_M = 250_000.0
"""Largest diagonal of a map, metres: past it packed weights might not be exact."""

Matrices = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Seconds and metres, two arrays of the same shape."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way from one point to another.

    Attributes
    ----------
    polyline : tuple of (lat, lon)
        Degrees, from the first point to the last, both included.
    time_s, distance_m : float
        Seconds and metres; those of the matrix between the two points.
    """

    polyline: tuple[tuple[float, float], ...]
    time_s: float
    distance_m: float


class _Mode:
    """What is computed once for a mode: its graph, its index and the points it knows."""

    def __init__(self, network: RoadNetwork, mode: str) -> None:
        self.graph = ModeGraph(network, mode)
        self.index = RoadIndex(network, self.graph.edge)
        self.known: dict[tuple[float, float], int] = {}
        nothing = np.empty(0)
        self.locations = self.graph.locate(
            nothing, nothing, np.empty(0, dtype=np.int64), nothing, nothing
        )
        # Only the first len(known) rows and columns are in use; the rest is room to grow.
        self.packed = np.empty((0, 0))


class TravelTimes:
    """Times, distances and routes over a road network.

    A point far from the road is reached on foot: the straight way between
    point and road at walking speed belongs to every time and distance. Equal
    coordinates are 0 apart. All methods may be called from several threads.

    Parameters
    ----------
    network : RoadNetwork
    snap_limit_m : float
        Farthest that a point may lie from a road of the mode, metres.
    known_points : int
        Most points of a mode that `doors` keeps; past it, all that the call
        at hand does not ask for are forgotten.

    Raises
    ------
    MapError
        The map covers more than a city and its surroundings.
    """

    def __init__(
        self,
        network: RoadNetwork,
        *,
        snap_limit_m: float = SNAP_LIMIT_M,
        known_points: int = KNOWN_POINTS,
    ) -> None:
        box = network.bounds
        extent_m = float(haversine_m(box.south, box.west, box.north, box.east))
        if extent_m > MAX_EXTENT_M:
            raise MapError(
                f"the map is {extent_m / 1000:.0f} km across, more than "
                f"{MAX_EXTENT_M / 1000:.0f}: cut a city out of it"
            )
        self.network = network
        self._snap_limit_m = snap_limit_m
        self._known_points = known_points
        self._by_mode: dict[str, _Mode] = {}
        self._lock = threading.RLock()

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes of travel."""
        return MODES

    def matrix(self, mode: str, sources: Sequence[Point], targets: Sequence[Point]) -> Matrices:
        """Return times and distances from every source to every target.

        Parameters
        ----------
        mode : str
        sources, targets : S and T points

        Returns
        -------
        (time_s, distance_m) : two arrays (S, T) float32, seconds and metres
            The distance is that of the fastest way, the shortest of equally
            fast ones. Every point lies in one connected network, so all
            entries are finite.

        Raises
        ------
        OffMapError
            A point is too far from every road of the mode.
        MapError
            The map has no connected road for the mode.
        """
        kept = self._mode(mode)
        from_here = self._locate(mode, kept, *coordinates(sources))
        to_there = self._locate(mode, kept, *coordinates(targets))
        return unpack(kept.graph.packed(from_here, to_there))

    def doors(self, mode: str, doors: Sequence[DoorLike], climb: Climb) -> Matrices:
        """Return door-to-door times and distances, floors and knocking included.

        Rows and columns of the points asked for are kept, so that k new
        points among n known ones cost 2k searches instead of n + k.

        Parameters
        ----------
        mode : str
        doors : n places; see `maps.doors.Door`
        climb : `maps.doors.Climb`
            How fast this kind of courier climbs and knocks.

        Returns
        -------
        (time_s, distance_m) : two arrays (n, n) float32, seconds and metres
            inf to and from a point that is too far from every road of the
            mode: one such door must not keep all others from being planned.

        Raises
        ------
        MapError
            The map has no connected road for the mode.
        """
        lat, lon = coordinates(doors)
        place, slot = _distinct(lat, lon)
        with self._lock:
            rows = self._known_rows(mode, lat[place], lon[place])[slot]
            is_on = rows >= 0
            on = rows[is_on]
            time_s = np.full((len(rows), len(rows)), np.inf, dtype=np.float32)
            distance_m = time_s.copy()
            both = np.ix_(is_on, is_on)
            time_s[both], distance_m[both] = unpack(self._mode(mode).packed[on[:, None], on])
        return door_to_door(doors, climb, time_s, distance_m)

    def route(self, mode: str, a: Point, b: Point) -> Route:
        """Return the fastest way from one point to another.

        Raises
        ------
        OffMapError, MapError
            As `matrix`.
        """
        kept = self._mode(mode)
        ends = self._locate(mode, kept, *coordinates((a, b)))
        here, there = (a.lat, a.lon), (b.lat, b.lon)
        if here == there:
            return Route(polyline=(here, there), time_s=0.0, distance_m=0.0)
        start, end = ends.take(np.array([0])), ends.take(np.array([1]))
        path = kept.graph.path(start, end)
        line = [here, *self._draw(kept.graph, path, start, end), there]
        time_s, distance_m = unpack(np.array([path.packed]))
        polyline = [
            point for point, last in zip(line, [None, *line], strict=False) if point != last
        ]
        return Route(
            polyline=tuple(polyline), time_s=float(time_s[0]), distance_m=float(distance_m[0])
        )

    def snap_distance_m(self, mode: str, points: Sequence[Point]) -> Floats:
        """Return how far points lie from the nearest road of a mode.

        Returns
        -------
        (n,) float64, metres; inf beyond the limit
        """
        return self._snap(self._mode(mode), *coordinates(points)).distance_m

    def _mode(self, mode: str) -> _Mode:
        with self._lock:
            if mode not in self._by_mode:
                _check_mode(mode, MODES)
                self._by_mode[mode] = _Mode(self.network, mode)
            return self._by_mode[mode]

    def _snap(self, kept: _Mode, lat: Floats, lon: Floats) -> Snapped:
        return kept.index.nearest(lat, lon, limit_m=self._snap_limit_m)

    def _locate(self, mode: str, kept: _Mode, lat: Floats, lon: Floats) -> Locations:
        snapped = self._snap(kept, lat, lon)
        off = np.flatnonzero(snapped.edge < 0)
        if len(off):
            worst = off[0]
            raise OffMapError(
                lat=float(lat[worst]),
                lon=float(lon[worst]),
                mode=mode,
                limit_m=self._snap_limit_m,
            )
        access_dm = np.rint(snapped.distance_m * 10.0)
        access = np.rint(360.0 * access_dm / WALK_KMH) * PACK + access_dm
        return kept.graph.locate(lat, lon, snapped.edge, snapped.fraction, access)

    def _known_rows(self, mode: str, lat: Floats, lon: Floats) -> Ints:
        """Return the rows of distinct points in the kept matrix, adding those that are new.

        A point off the map has row -1.
        """
        kept = self._mode(mode)
        keys = list(zip(lat.tolist(), lon.tolist(), strict=True))
        new = np.array([i for i, key in enumerate(keys) if key not in kept.known], dtype=np.int64)
        if len(new):
            new = new[self._snap(kept, lat[new], lon[new]).edge >= 0]
        if len(new):
            added = self._locate(mode, kept, lat[new], lon[new])
            if len(kept.known) + len(new) > self._known_points:
                _forget_all_but(kept, keys)
            _extend(kept, [keys[i] for i in new], added, limit=self._known_points)
        return np.array([kept.known.get(key, -1) for key in keys], dtype=np.int64)

    def _draw(
        self, graph: ModeGraph, path: NodePath, start: Locations, end: Locations
    ) -> list[tuple[float, float]]:
        """Return the points of a path from road to road, its partial edges included."""
        first, last = int(start.edge[0]), int(end.edge[0])
        leaves = int(start.at_dm[0]) / graph.length_dm(first)
        enters = int(end.at_dm[0]) / graph.length_dm(last)
        if not path.nodes:
            return self._piece(graph, first, leaves, enters)
        line = self._piece(graph, first, leaves, _exit(start.depart, start.node, path.nodes[0]))
        for origin, target in zip(path.nodes[:-1], path.nodes[1:], strict=True):
            edge, is_forward = graph.edge_of(origin, target)
            line += self._piece(graph, edge, 0.0 if is_forward else 1.0, 1.0 * is_forward)
        return line + self._piece(graph, last, _exit(end.arrive, end.node, path.nodes[-1]), enters)

    def _piece(
        self, graph: ModeGraph, edge: int, leaves: float, enters: float
    ) -> list[tuple[float, float]]:
        """Return the shape of a part of an edge, between two fractions of its length."""
        road = graph.edge[edge]
        shape = slice(self.network.shape_start[road], self.network.shape_start[road + 1])
        lat, lon = self.network.shape_lat[shape], self.network.shape_lon[shape]
        steps = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
        along = np.concatenate(([0.0], np.cumsum(steps)))
        low, high = sorted((leaves, enters))
        total = along[-1]
        inner = (along > low * total) & (along < high * total)
        at = np.concatenate(([low * total], along[inner], [high * total]))
        points = list(
            zip(
                np.interp(at, along, lat).tolist(),
                np.interp(at, along, lon).tolist(),
                strict=True,
            )
        )
        return points if leaves <= enters else points[::-1]


def _check_mode(mode: str, modes: Sequence[str]) -> None:
    if mode not in modes:
        raise ValueError(f"mode: {mode!r} is none of {', '.join(modes)}")


def _exit(cost: Floats, node: Ints, chosen: int) -> float:
    """Return the end of an edge, 0 or 1, by which a path uses it."""
    reach = np.where(node[0] == chosen, cost[0], np.inf)
    return float(reach.argmin())


def _distinct(lat: Floats, lon: Floats) -> tuple[Ints, Ints]:
    """Return the first index of each distinct coordinate, and each point's slot among those."""
    first: dict[tuple[float, float], int] = {}
    slot = [
        first.setdefault(key, len(first)) for key in zip(lat.tolist(), lon.tolist(), strict=True)
    ]
    slots = np.array(slot, dtype=np.int64)
    return np.unique(slots, return_index=True)[1], slots


def _forget_all_but(kept: _Mode, keys: Sequence[tuple[float, float]]) -> None:
    names = [key for key in keys if key in kept.known]
    rows = np.array([kept.known[key] for key in names], dtype=np.int64)
    kept.packed = kept.packed[rows[:, None], rows]
    kept.locations = kept.locations.take(rows)
    kept.known = {key: row for row, key in enumerate(names)}


def _extend(
    kept: _Mode, keys: Sequence[tuple[float, float]], added: Locations, *, limit: int
) -> None:
    """Add points to the kept matrix, which grows by doubling so that it is seldom copied."""
    old, size = len(kept.known), len(kept.known) + len(keys)
    if size > len(kept.packed):
        room = max(size, min(2 * len(kept.packed), limit))
        larger = np.empty((room, room))
        larger[:old, :old] = kept.packed[:old, :old]
        kept.packed = larger
    everyone = kept.locations.joined(added)
    kept.packed[:old, old:size] = kept.graph.packed(kept.locations, added)
    kept.packed[old:size, :size] = kept.graph.packed(added, everyone)
    kept.locations = everyone
    kept.known.update({key: old + i for i, key in enumerate(keys)})


class StraightLine:
    """The twin of `TravelTimes` for tests and for days without a map.

    Parameters
    ----------
    speed_kmh : mapping, optional
        Speed of each mode, km/h; its keys become the modes.
    detour : float
        Metres travelled for each metre of great-circle distance.
    """

    def __init__(
        self, *, speed_kmh: Mapping[str, float] = STRAIGHT_KMH, detour: float = DETOUR
    ) -> None:
        self._speed_kmh = dict(speed_kmh)
        self._detour = detour

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes of travel."""
        return tuple(self._speed_kmh)

    def matrix(self, mode: str, sources: Sequence[Point], targets: Sequence[Point]) -> Matrices:
        """Return times and distances; see `TravelTimes.matrix`."""
        from_lat, from_lon = coordinates(sources)
        straight_m = haversine_m(from_lat[:, None], from_lon[:, None], *coordinates(targets))
        distance_m = straight_m * self._detour
        time_s = distance_m * 3.6 / self._kmh(mode)
        return time_s.astype(np.float32), distance_m.astype(np.float32)

    def doors(self, mode: str, doors: Sequence[DoorLike], climb: Climb) -> Matrices:
        """Return door-to-door times and distances; see `TravelTimes.doors`."""
        return door_to_door(doors, climb, *self.matrix(mode, doors, doors))

    def route(self, mode: str, a: Point, b: Point) -> Route:
        """Return the straight line with its time and distance; see `TravelTimes.route`."""
        time_s, distance_m = self.matrix(mode, (a,), (b,))
        return Route(
            polyline=((a.lat, a.lon), (b.lat, b.lon)),
            time_s=float(time_s[0, 0]),
            distance_m=float(distance_m[0, 0]),
        )

    def snap_distance_m(self, mode: str, points: Sequence[Point]) -> Floats:
        """Return zeros, (n,) float64: every point on earth is good."""
        self._kmh(mode)
        return np.zeros(len(points))

    def _kmh(self, mode: str) -> float:
        _check_mode(mode, self.modes)
        return self._speed_kmh[mode]
