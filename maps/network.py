"""The road network as arrays.

One frozen value that every other module reads: what the importer writes, what
the cache stores, what the router searches. Imports no OSM library.
"""

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace

import numpy as np
from numpy.typing import NDArray

from maps.compounds import Compound
from maps.earth import SWAPPED, Bounds, looks_swapped
from maps.profiles import MODES

WEEK_MINUTES = 7 * 24 * 60
ALWAYS = (0, WEEK_MINUTES)
"""Minutes of the week of what has no hours."""


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

    def __init__(
        self, *, lat: float, lon: float, mode: str, limit_m: float, bounds: Bounds
    ) -> None:
        advice = "correct the coordinate or use a map that covers it"
        if looks_swapped(lat=lat, lon=lon, bounds=bounds):
            advice = SWAPPED
        super().__init__(
            f"lat {lat:.6f}, lon {lon:.6f} lies farther than {limit_m:.0f} m from any road "
            f"for {mode}: {advice}"
        )
        self.lat = lat
        self.lon = lon
        self.mode = mode


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class RoadNetwork:
    """Junctions, the roads between them, and who may use them how fast.

    N nodes are junctions, ends of ways and barriers; E edges are pieces of
    ways between them, drawn from tail to head; T is the number of distinct
    combinations of tags; M is ``len(MODES)``; H changes of speed by the hour and B banned
    turns. All arrays are read-only.

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
    is_private : (T, M) bool
        Only for errands to a place on it (private, destination, customers and the like):
        never part of a way through.
    hours_tag_set : (H,) int32, index into the T combinations
    hours_minute : (H, 2) int32
        Minutes of the week, Monday 00:00 is 0, from and until, until exclusive.
    hours_speed_kmh : (H, M, 2) float32
        What replaces `speed_kmh` of that combination within those minutes.
    ban_start : (B + 1,) int64
        Ban b is the sequence ``ban_arc[ban_start[b]:ban_start[b + 1]]``, two arcs or more,
        that may not be driven one after the other. ``only_*`` restrictions are bans of all
        other ways on.
    ban_arc : (A,) int32
        ``2 * edge`` along the edge, ``2 * edge + 1`` against it.
    ban_mode : (B, M) bool, whom the ban binds
    ban_minute : (B, 2) int32, as `hours_minute`; 0 and 10080 for always
    compound : (E,) int32
        Index into `compounds` of the one that the edge lies in; -1 for none.
    compounds : tuple of `maps.compounds.Compound`, by id
    repairs : mapping of str to int
        What the file held that was ignored or mended, with its count.
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
    is_private: NDArray[np.bool_]
    hours_tag_set: NDArray[np.int32]
    hours_minute: NDArray[np.int32]
    hours_speed_kmh: NDArray[np.float32]
    ban_start: NDArray[np.int64]
    ban_arc: NDArray[np.int32]
    ban_mode: NDArray[np.bool_]
    ban_minute: NDArray[np.int32]
    compound: NDArray[np.int32]
    compounds: tuple[Compound, ...]
    repairs: Mapping[str, int]

    def __post_init__(self) -> None:
        """Make every array read-only: the value is shared between threads."""
        for field in fields(self):
            value = getattr(self, field.name)
            if isinstance(value, np.ndarray):
                value.setflags(write=False)

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

    def hours_of(self, mode: str, minute: int | None) -> bytes:
        """Return what is equal for minutes at which a mode finds the same roads and turns.

        Parameters
        ----------
        mode : str
        minute : int or None
            Of the week, Monday 00:00 is 0; None for no hour.
        """
        if not len(self.hours_minute) and (self.ban_minute == ALWAYS).all():
            return b""
        index = MODES.index(mode)
        then = self.at(minute)
        speeds = then.speed_kmh[np.unique(self.hours_tag_set), index]
        bans = np.flatnonzero(then.ban_mode[:, index])
        arcs = [
            then.ban_arc[then.ban_start[ban] : then.ban_start[ban + 1]].tobytes()
            for ban in bans.tolist()
        ]
        return b"/".join((speeds.tobytes(), *sorted(set(arcs))))

    def at(self, minute: int | None) -> "RoadNetwork":
        """Return the network as it is in one minute of the week.

        Parameters
        ----------
        minute : int or None
            None leaves out all speeds and bans that have hours.
        """
        bans = np.flatnonzero(self._bans_in_force(minute))
        hours = np.flatnonzero(_in_force(self.hours_minute, minute))
        if not len(hours) and len(bans) == len(self.ban_mode):
            return self
        speed_kmh = self.speed_kmh.copy()
        speed_kmh[self.hours_tag_set[hours]] = self.hours_speed_kmh[hours]
        sizes = np.diff(self.ban_start)[bans]
        ban_start = np.concatenate((np.zeros(1, np.int64), np.cumsum(sizes)))
        arcs = np.arange(ban_start[-1]) + np.repeat(self.ban_start[bans] - ban_start[:-1], sizes)
        return replace(
            self,
            speed_kmh=speed_kmh,
            hours_tag_set=self.hours_tag_set[:0],
            hours_minute=self.hours_minute[:0],
            hours_speed_kmh=self.hours_speed_kmh[:0],
            ban_start=ban_start,
            ban_arc=self.ban_arc[arcs],
            ban_mode=self.ban_mode[bans],
            ban_minute=np.tile(np.array(ALWAYS, dtype=np.int32), (len(bans), 1)),
        )

    def _bans_in_force(self, minute: int | None) -> NDArray[np.bool_]:
        always: NDArray[np.bool_] = (self.ban_minute == ALWAYS).all(axis=1)
        return always | _in_force(self.ban_minute, minute)

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


def _in_force(minutes: NDArray[np.int32], minute: int | None) -> NDArray[np.bool_]:
    """Say which intervals hold a minute, (n,) bool."""
    if minute is None:
        return np.zeros(len(minutes), np.bool_)
    held: NDArray[np.bool_] = (minutes[:, 0] <= minute) & (minute < minutes[:, 1])
    return held
