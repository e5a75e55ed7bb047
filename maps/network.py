"""The road network as arrays.

One frozen value that every other module reads: what the importer writes, what
the cache stores, what the router searches. Imports no OSM library.
"""

from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from maps.earth import Bounds
from maps.profiles import MODES


class MapError(Exception):
    """The map cannot serve; the message is one line that says what to do."""


class OffMapError(MapError):
    """A coordinate lies too far from every road of a mode.

    Attributes
    ----------
    lat, lon : float
        The coordinate, degrees.
    mode : str
        The mode of travel.
    """

    def __init__(self, *, lat: float, lon: float, mode: str, limit_m: float) -> None:
        super().__init__(
            f"lat {lat:.6f}, lon {lon:.6f} lies farther than {limit_m:.0f} m from any road "
            f"for {mode}: correct the coordinate or use a map that covers it"
        )
        self.lat = lat
        self.lon = lon
        self.mode = mode


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """Junctions, the roads between them, and who may use them how fast.

    N nodes are junctions, ends of ways and barriers; E edges are pieces of
    ways between them, drawn from tail to head; T is the number of distinct
    combinations of tags; M is ``len(MODES)``. All arrays are read-only.

    Attributes
    ----------
    node_id : (N,) int64, OSM ids, ascending
    node_lat, node_lon : (N,) float64, degrees
    node_blocked : (M, N) bool
        Nodes that a mode cannot pass, only reach.
    tail, head : (E,) int32, indices of nodes
    way_id : (E,) int64, OSM ids
    length_dm : (E,) int32, decimetres
    tag_set : (E,) int32, index into the T combinations
    shape_start : (E + 1,) int64
        Edge e has the shape points ``shape_start[e]:shape_start[e + 1]``, its
        two end nodes included.
    shape_lat, shape_lon : (G,) float64, degrees
    speed_kmh : (T, M, 2) float32
        Along the edge and against it, 0 where closed.
    rank : (T,) uint8, `maps.profiles.Rank`
    """

    node_id: NDArray[np.int64]
    node_lat: NDArray[np.float64]
    node_lon: NDArray[np.float64]
    node_blocked: NDArray[np.bool_]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    way_id: NDArray[np.int64]
    length_dm: NDArray[np.int32]
    tag_set: NDArray[np.int32]
    shape_start: NDArray[np.int64]
    shape_lat: NDArray[np.float64]
    shape_lon: NDArray[np.float64]
    speed_kmh: NDArray[np.float32]
    rank: NDArray[np.uint8]

    def __post_init__(self) -> None:
        """Make every array read-only: the value is shared between threads."""
        for field in fields(self):
            getattr(self, field.name).setflags(write=False)

    @property
    def node_count(self) -> int:
        """Number of nodes."""
        return len(self.node_id)

    @property
    def edge_count(self) -> int:
        """Number of edges."""
        return len(self.tail)

    @property
    def bounds(self) -> Bounds:
        """The smallest box that holds every road."""
        return Bounds(
            south=float(self.shape_lat.min()),
            west=float(self.shape_lon.min()),
            north=float(self.shape_lat.max()),
            east=float(self.shape_lon.max()),
        )

    def speeds(self, mode: str) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Return the speeds of a mode along and against every edge.

        Parameters
        ----------
        mode : str
            One of `maps.profiles.MODES`.

        Returns
        -------
        (forward, backward) : two arrays (E,) float32, km/h, 0 where closed
        """
        pair = self.speed_kmh[self.tag_set, MODES.index(mode)]
        return pair[:, 0], pair[:, 1]
