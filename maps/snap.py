"""Coordinates to places on roads.

Exists so that the router never meets a coordinate: a point becomes an edge, a fraction of it
and the walk between the two. Uses shapely's STRtree.
"""

import threading
from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.doors import INSIDE_DETOUR
from maps.earth import Floats, LocalProjection, haversine_m
from maps.grounds import Grounds
from maps.kernel.weight import packed
from maps.network import RoadNetwork
from maps.profiles import WALK_KMH

NEAR_M = 40.0
"""Within this box most points have a road, metres."""

_OUTSIDE = -1


@dataclass(frozen=True, slots=True)
class Snapped:
    """The nearest place on a road for each of n points.

    Attributes
    ----------
    edge : (n,) int64
        Index into the edges given to `RoadIndex`; -1 beyond the limit.
    fraction : (n,) float64
        0 at the edge's tail, 1 at its head.
    distance_m : (n,) float64
        Metres from the point to that place; inf beyond the limit.
    """

    edge: NDArray[np.int64]
    fraction: Floats
    distance_m: Floats


class RoadIndex:
    """Finds the nearest of some edges of a network.

    Parameters
    ----------
    network : RoadNetwork
    edges : (K,) int64
        The edges that count, indices into the network.
    """

    def __init__(self, network: RoadNetwork, edges: NDArray[np.int64]) -> None:
        self._projection = LocalProjection(network.bounds)
        sizes = network.shape_start[edges + 1] - network.shape_start[edges]
        owner = np.repeat(np.arange(len(edges)), sizes)
        first = np.cumsum(sizes) - sizes
        shape = np.arange(len(owner)) + np.repeat(network.shape_start[edges] - first, sizes)
        xy = self._projection.xy(network.shape_lat[shape], network.shape_lon[shape])
        self._lines = shapely.linestrings(xy, indices=owner)
        self._tree = shapely.STRtree(self._lines)

    def nearest(self, lat: Floats, lon: Floats, *, limit_m: float) -> Snapped:
        """Return the nearest place on a road within a limit.

        Among edges that are equally near, which is common at junctions, the
        one with the smallest index is taken.

        Parameters
        ----------
        lat, lon : (n,) float64, degrees
        limit_m : float
            Metres, inclusive.
        """
        edge = np.full(len(lat), -1, dtype=np.int64)
        fraction = np.zeros(len(lat))
        distance_m = np.full(len(lat), np.inf)
        askable = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        points = shapely.points(self._projection.xy(lat[askable], lon[askable]))
        asked, found, distances = self._candidates(points, limit_m)
        order = np.lexsort((found, distances, asked))
        asked, found, distances = asked[order], found[order], distances[order]
        # unique returns the first of each group: the smallest edge, after the sort.
        hit, first = np.unique(asked, return_index=True)
        target = askable[hit]
        edge[target] = found[first]
        distance_m[target] = distances[first]
        fraction[target] = shapely.line_locate_point(
            self._lines[found[first]], points[hit], normalized=True
        )
        return Snapped(edge=edge, fraction=fraction, distance_m=distance_m)

    def _candidates(
        self, points: NDArray[np.object_], limit_m: float
    ) -> tuple[NDArray[np.int64], NDArray[np.int64], Floats]:
        """Return edges within the limit, the nearest of each point among them.

        Most points are doors beside a road: looking through a small box is three times as
        quick as the tree's own search for the nearest, which is left the others.
        """
        near_m = min(NEAR_M, limit_m)
        x, y = shapely.get_x(points), shapely.get_y(points)
        boxes = shapely.box(x - near_m, y - near_m, x + near_m, y + near_m)
        asked, found = self._tree.query(boxes)
        distances = shapely.distance(points[asked], self._lines[found])
        is_near = distances <= near_m
        asked, found, distances = asked[is_near], found[is_near], distances[is_near]
        far = np.setdiff1d(np.arange(len(points)), asked)
        (rest, others), rest_m = self._tree.query_nearest(
            points[far], max_distance=limit_m, return_distance=True
        )
        return (
            np.concatenate((asked, far[rest])),
            np.concatenate((found, others)),
            np.concatenate((distances, rest_m)),
        )


@dataclass(frozen=True, slots=True)
class Reached:
    """How a mode's roads reach each of n points.

    Attributes
    ----------
    edge, fraction
        As in `Snapped`.
    distance_m : (n,) float64
        Metres on foot between road and point; inf beyond the limit.
    access : (n,) int64
        Packed weight of that walk; see `maps.kernel.weight`.
    """

    edge: NDArray[np.int64]
    fraction: Floats
    distance_m: Floats
    access: NDArray[np.int64]

    def take(self, indices: NDArray[np.int64]) -> "Reached":
        """Return what is known of the points with these indices."""
        return Reached(*(getattr(self, name)[indices] for name in self.__slots__))


class Snapper:
    """Brings points to a mode's roads, through gates where they stand behind one.

    A point in a compound is reached from the compound's own roads, or, where the mode has
    none near it there, on foot from the nearest gate: never across the wall. A point outside
    is reached from roads outside.

    Parameters
    ----------
    network : RoadNetwork
    edges : (K,) int64
        The edges of the mode's graph, indices into the network.
    grounds : Grounds
    mode : str
    """

    def __init__(
        self, network: RoadNetwork, edges: NDArray[np.int64], grounds: Grounds, mode: str
    ) -> None:
        self._network = network
        self._edges = edges
        self._grounds = grounds
        self._mode = mode
        compound = network.compound[edges]
        outside = np.flatnonzero(compound < 0)
        self._outside = outside if len(outside) else np.arange(len(edges))
        self._inside = {
            number: np.flatnonzero(compound == number) for number in np.unique(compound).tolist()
        }
        self._index: dict[int, RoadIndex] = {}
        self._lock = threading.Lock()

    def reach(
        self, lat: Floats, lon: Floats, compound: NDArray[np.int64], *, limit_m: float
    ) -> Reached:
        """Return how points are reached.

        Parameters
        ----------
        lat, lon : (n,) float64, degrees
        compound : (n,) int64, number of the compound that each lies in; -1 for none
        limit_m : float
            Farthest that a point, or the gate before it, may lie from a road, metres.
        """
        at_lat, at_lon, walk_m = lat.copy(), lon.copy(), np.zeros(len(lat))
        edge = np.full(len(lat), -1, np.int64)
        fraction, distance_m = np.zeros(len(lat)), np.full(len(lat), np.inf)
        left = np.ones(len(lat), np.bool_)
        for number in np.unique(compound[compound >= 0]).tolist():
            here = np.flatnonzero(compound == number)
            if number in self._inside:
                found = self._snapped(number, lat[here], lon[here], limit_m)
                edge[here], fraction[here] = found.edge, found.fraction
                distance_m[here] = found.distance_m
                left[here] = found.edge < 0
            for point in here[left[here]].tolist():
                gate = self._grounds.nearest_gate(number, self._mode, lat[point], lon[point])
                if gate is not None:
                    straight_m = haversine_m(gate.lat, gate.lon, lat[point], lon[point])
                    walk_m[point] = float(straight_m) * INSIDE_DETOUR
                    at_lat[point], at_lon[point] = gate.lat, gate.lon
        rest = np.flatnonzero(left)
        found = self._snapped(_OUTSIDE, at_lat[rest], at_lon[rest], limit_m)
        edge[rest], fraction[rest] = found.edge, found.fraction
        distance_m[rest] = found.distance_m + walk_m[rest]
        access_dm = np.rint(np.where(edge >= 0, distance_m, 0.0) * 10.0).astype(np.int64)
        access_ms = np.rint(360.0 * access_dm / WALK_KMH).astype(np.int64)
        return Reached(edge, fraction, distance_m, packed(access_ms, access_dm))

    def _snapped(self, number: int, lat: Floats, lon: Floats, limit_m: float) -> Snapped:
        """Return the nearest roads among those of one compound, or those outside."""
        members = self._outside if number == _OUTSIDE else self._inside[number]
        with self._lock:
            if number not in self._index:
                self._index[number] = RoadIndex(self._network, self._edges[members])
            index = self._index[number]
        found = index.nearest(lat, lon, limit_m=limit_m)
        edge = np.where(found.edge >= 0, members[found.edge], -1)
        return Snapped(edge=edge, fraction=found.fraction, distance_m=found.distance_m)
