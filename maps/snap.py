"""Coordinates to places on roads.

Exists so that the router never meets a coordinate: a point becomes an edge
and a fraction of it. Uses shapely's STRtree; knows nothing of modes or
weights.
"""

from dataclasses import dataclass

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.earth import Floats, LocalProjection
from maps.network import RoadNetwork


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
        (asked, found), distances = self._tree.query_nearest(
            points, max_distance=limit_m, return_distance=True
        )
        order = np.lexsort((found, asked))
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
