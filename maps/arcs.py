"""One mode's arcs, as the network has them: before turns, private ground and reach.

Arc ``2 * k`` goes along edge k of those open to the mode, ``2 * k + 1`` against it.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps.kernel.entries import Ints
from maps.network import RoadNetwork
from maps.profiles import MODES
from maps.turns import Ban, TurnCost

TURN_S = ((0.0, 30.0, 60.0, 90.0, 120.0, 150.0, 180.0), (0.0, 0.5, 1.5, 3.0, 5.0, 6.5, 7.5))
"""Degrees of a turn, and the seconds that it costs where three roads or more meet. An
assumption, of the size of the public car profile of OSRM."""

LONGEST_DM = 500_000
"""No errand takes a road, or a ferry, of more than 50 km without a junction."""

TURN_BACK_S = 20.0
"""Seconds for turning round, an assumption."""


@dataclass(frozen=True, slots=True, eq=False)
class ModeArcs:
    """Arcs of one mode; K edges, N nodes.

    Attributes
    ----------
    edge : (K,) int64
        The network's edges that are open to the mode, ascending.
    tail, head : (2 K,) int64, nodes
        A node that the mode cannot pass is several: one for each edge that ends there.
    time_ms : (2 K,) int64
        At least 1; -1 where closed.
    length_dm : (K,) int64
    is_private : (K,) bool
        For errands only, by its tags or because it lies in a compound.
    compound : (K,) int64
        Number of the compound that the edge lies in; -1 for none.
    node_count : int
    bans : sequence of Ban
    """

    edge: Ints
    tail: Ints
    head: Ints
    time_ms: Ints
    length_dm: Ints
    is_private: NDArray[np.bool_]
    compound: Ints
    node_count: int
    bans: Sequence[Ban]

    @classmethod
    def of(cls, network: RoadNetwork, mode: str) -> "ModeArcs":
        """Return the arcs of a mode."""
        index = MODES.index(mode)
        forward_kmh, backward_kmh = network.speeds(mode)
        is_open = (forward_kmh > 0) | (backward_kmh > 0)
        edge = np.flatnonzero(is_open & (network.length_dm <= LONGEST_DM))
        tail, head, node_count = _cut_at_barriers(network, edge, index)
        length_dm = network.length_dm[edge].astype(np.int64)
        kmh = np.column_stack((forward_kmh[edge], backward_kmh[edge])).ravel()
        time_ms = _milliseconds(np.repeat(length_dm, 2), kmh)
        by_tags = network.is_private[network.tag_set[edge], index]
        return cls(
            edge=edge,
            tail=np.column_stack((tail, head)).ravel(),
            head=np.column_stack((head, tail)).ravel(),
            time_ms=time_ms,
            length_dm=length_dm,
            is_private=by_tags | (network.compound[edge] >= 0),
            compound=network.compound[edge].astype(np.int64),
            node_count=node_count,
            bans=_bans(network, edge, time_ms >= 0, index),
        )

    @property
    def degree(self) -> Ints:
        """How many edges meet at each node, (N,) int64."""
        ends = np.concatenate((self.tail[::2], self.head[::2]))
        return np.bincount(ends, minlength=self.node_count)

    def turn_cost(self, network: RoadNetwork) -> TurnCost:
        """Return what turns cost, by their angle."""
        leaving, coming = _bearings(network, self.edge)
        degree = self.degree

        def turn_ms(before: Ints, after: Ints) -> Ints:
            angle = np.abs((leaving[after] - coming[before] + 180.0) % 360.0 - 180.0)
            is_crossing = degree[self.head[before]] > 2  # noqa: PLR2004 - two roads are one road
            seconds = np.where(is_crossing, np.interp(angle, *TURN_S), 0.0)
            seconds = np.where(after == before ^ 1, TURN_BACK_S, seconds)
            return np.rint(seconds * 1000.0).astype(np.int64)

        return turn_ms


def _bans(
    network: RoadNetwork, edge: Ints, is_open: NDArray[np.bool_], mode_index: int
) -> Sequence[Ban]:
    """Return the bans that bind a mode, as arcs of its own edges."""
    number = np.full(network.edge_count, -1, np.int64)
    number[edge] = np.arange(len(edge))
    found = []
    for ban in np.flatnonzero(network.ban_mode[:, mode_index]).tolist():
        arcs = network.ban_arc[network.ban_start[ban] : network.ban_start[ban + 1]].astype(np.int64)
        own = 2 * number[arcs >> 1] + (arcs & 1)
        # A road that the mode does not have cannot be turned into.
        if (number[arcs >> 1] >= 0).all() and is_open[own].all():
            found.append(tuple(own.tolist()))
    return found


def _cut_at_barriers(network: RoadNetwork, edge: Ints, mode_index: int) -> tuple[Ints, Ints, int]:
    """Give every edge its own copy of an end that the mode cannot pass.

    Returns tails, heads and the number of nodes, the copies included.
    """
    blocked = network.node_blocked[mode_index]
    ends = np.stack((network.tail[edge], network.head[edge])).astype(np.int64)
    is_cut = blocked[ends]
    copies = int(is_cut.sum())
    ends[is_cut] = network.node_count + np.arange(copies)
    return ends[0], ends[1], network.node_count + copies


def _milliseconds(length_dm: Ints, kmh: NDArray[np.float32]) -> Ints:
    """Return travel times, at least 1 ms; -1 where closed."""
    is_open = kmh > 0
    time_ms = np.full(len(kmh), -1, dtype=np.int64)
    exact = 360.0 * length_dm[is_open] / kmh[is_open].astype(np.float64)
    time_ms[is_open] = np.maximum(np.rint(exact), 1.0).astype(np.int64)
    return time_ms


def _bearings(network: RoadNetwork, edge: Ints) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Return the compass directions in which arcs begin and end, two arrays (2 K,), degrees."""
    first, last = network.shape_start[edge], network.shape_start[edge + 1] - 1
    start = _bearing(network, first, first + 1)
    end = _bearing(network, last - 1, last)
    leaving = np.column_stack((start, end + 180.0)).ravel()
    coming = np.column_stack((end, start + 180.0)).ravel()
    return leaving, coming


def _bearing(network: RoadNetwork, a: Ints, b: Ints) -> NDArray[np.float64]:
    north = network.shape_lat[b] - network.shape_lat[a]
    east = (network.shape_lon[b] - network.shape_lon[a]) * np.cos(np.radians(network.shape_lat[a]))
    bearing: NDArray[np.float64] = np.degrees(np.arctan2(east, north))
    return bearing
