"""Points on the streets of a real map, drawn by length.

Doors, counters and homes of a drawn day lie along streets that people on foot, on bicycles
and on e-bikes all get to, so that no drawn parcel is out of reach. Reads the road network's
arrays and draws nothing itself: chance comes in as numbers between 0 and 1.
"""

import math
from dataclasses import dataclass
from functools import reduce

import numpy as np
from numpy.typing import NDArray

from maps.earth import Floats, LocalProjection
from maps.graph import ModeGraph
from maps.network import MapError, RoadNetwork
from maps.profiles import Rank

MODES = ("foot", "bicycle", "ebike")
QUIET = (Rank.STREET, Rank.SERVICE)
LEAST_QUIET_SHARE = 0.05
"""Maps with fewer quiet streets than this do not tell them apart: any street will do."""
DIGITS = 6
"""Digits of a coordinate: a decimetre."""


@dataclass(frozen=True, slots=True, order=True)
class Spot:
    """A point, degrees and metres.

    Attributes
    ----------
    x, y
        Metres east and north of the map's middle.
    """

    lat: float
    lon: float
    x: float
    y: float

    def distance_m(self, other: "Spot") -> float:
        """Return the straight distance in metres."""
        return math.hypot(self.x - other.x, self.y - other.y)


class Streets:
    """The streets that every mode gets to.

    Parameters
    ----------
    network
        A map.

    Raises
    ------
    MapError
        Where no street is open to all modes.
    """

    def __init__(self, network: RoadNetwork) -> None:
        self._network = network
        self._projection = LocalProjection(network.bounds)
        edges = reduce(np.intersect1d, (ModeGraph(network, mode).edge for mode in MODES))
        if len(edges) == 0:
            raise MapError(
                "the map has no street that is open on foot, by bicycle and by e-bike: "
                "use a larger extract"
            )
        rank = network.rank[network.tag_set[edges]]
        quiet = edges[np.isin(rank, QUIET)]
        length_dm = network.length_dm
        is_told_apart = length_dm[quiet].sum() >= LEAST_QUIET_SHARE * length_dm[edges].sum()
        self._any = self._kept(edges)
        self._quiet = self._kept(quiet) if is_told_apart else self._any

    def _kept(self, edges: NDArray[np.int64]) -> "_Edges":
        start = self._network.shape_start
        middle = (start[edges] + start[edges + 1] - 1) // 2
        xy = self._projection.xy(self._network.shape_lat[middle], self._network.shape_lon[middle])
        return _Edges(edges, xy, self._network.length_dm[edges].astype(np.int64))

    def spot(self, *, east_m: float, north_m: float) -> Spot:
        """Return the point at metres from the map's middle, rounded as it will be written."""
        lat, lon = self._projection.lat_lon(np.array([[east_m, north_m]]))
        rounded = (round(float(lat[0]), DIGITS), round(float(lon[0]), DIGITS))
        x, y = self._projection.xy([rounded[0]], [rounded[1]])[0].tolist()
        return Spot(*rounded, x, y)

    def at(self, *, lat: float, lon: float) -> Spot:
        """Return a point by its degrees, wherever it lies."""
        east_m, north_m = self._projection.xy([lat], [lon])[0].tolist()
        return self.spot(east_m=east_m, north_m=north_m)

    def anywhere(self, share: float) -> Spot:
        """Return the point that lies after ``share`` of the length of all quiet streets."""
        return self._at(self._quiet, np.arange(len(self._quiet.edge)), share)

    def near(self, centre: Spot, radius_m: float, share: float, *, quiet: bool = True) -> Spot:
        """Return a point on a street within a circle.

        Parameters
        ----------
        share
            Which one: the share of the length of the streets in the circle that lies before.
        quiet
            Whether main roads are left out.

        Notes
        -----
        A street counts where its middle lies in the circle; a point of it that lies outside
        gives way to that middle. With no street in the circle, the nearest middle is it.
        """
        edges = self._quiet if quiet else self._any
        inside = np.flatnonzero(self._distance_m(edges, centre) <= radius_m)
        if len(inside):
            found = self._at(edges, inside, share)
            if found.distance_m(centre) <= radius_m:
                return found
            # The same street by its middle, which lies inside.
            chosen = inside[self._chosen(edges, inside, share)[0]]
        else:
            chosen = self._distance_m(edges, centre).argmin()
        east_m, north_m = edges.middle_xy[chosen].tolist()
        return self.spot(east_m=east_m, north_m=north_m)

    def length_near_m(self, centre: Spot, radius_m: float) -> int:
        """Return metres of quiet streets around a point."""
        inside = self._distance_m(self._quiet, centre) <= radius_m
        return int(self._quiet.length_dm[inside].sum()) // 10

    def beside(self, spot: Spot, off_m: float, angle: float) -> Spot:
        """Return the point ``off_m`` metres away, at an angle in turns."""
        east_m = spot.x + off_m * math.cos(2 * math.pi * angle)
        north_m = spot.y + off_m * math.sin(2 * math.pi * angle)
        return self.spot(east_m=east_m, north_m=north_m)

    @staticmethod
    def _distance_m(edges: "_Edges", centre: Spot) -> Floats:
        x, y = edges.middle_xy.T
        distance_m: Floats = np.hypot(x - centre.x, y - centre.y)
        return distance_m

    @staticmethod
    def _chosen(edges: "_Edges", among: NDArray[np.int64], share: float) -> tuple[int, float]:
        """Return the index in ``among`` at a share of their length, and the share of that edge."""
        ends = np.cumsum(edges.length_dm[among])
        at_dm = share * int(ends[-1])
        index = min(int(np.searchsorted(ends, at_dm, side="right")), len(among) - 1)
        length = int(edges.length_dm[among[index]])
        return index, min(1.0, max(0.0, (at_dm - (int(ends[index]) - length)) / length))

    def _at(self, edges: "_Edges", among: NDArray[np.int64], share: float) -> Spot:
        index, part = self._chosen(edges, among, share)
        edge = edges.edge[among[index]]
        start = self._network.shape_start
        shape = slice(start[edge], start[edge + 1])
        xy = self._projection.xy(self._network.shape_lat[shape], self._network.shape_lon[shape])
        along = np.concatenate(([0.0], np.cumsum(np.hypot(*np.diff(xy, axis=0).T))))
        at_m = part * along[-1]
        return self.spot(
            east_m=float(np.interp(at_m, along, xy[:, 0])),
            north_m=float(np.interp(at_m, along, xy[:, 1])),
        )


@dataclass(frozen=True, slots=True)
class _Edges:
    """Some edges of the network, with a point near the middle of each.

    Attributes
    ----------
    edge : (K,) int64
    middle_xy : (K, 2) float64, metres
    length_dm : (K,) int64
    """

    edge: NDArray[np.int64]
    middle_xy: Floats
    length_dm: NDArray[np.int64]
