"""One mode's graph and the searches over it.

Knows nodes, arcs and weights of one mode, never OSM tags or coordinates. A
weight carries milliseconds and decimetres in one float64,
``time_ms * 2**25 + distance_dm``: sums stay whole numbers under 2**52, so they
are exact, one search gives both figures, ties in time are broken by distance,
and the result does not depend on the order in which points were asked for.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csr_array
from scipy.sparse.csgraph import connected_components, dijkstra

from maps.earth import Floats
from maps.network import MapError, RoadNetwork
from maps.profiles import MODES

PACK = float(2**25)
"""One millisecond in a packed weight; distances stay under 2**25 dm (3,355 km)."""

_BLOCK_CELLS = 2**22
"""Cells of a search's result kept at a time: 32 MiB of float64."""

# SciPy may take an explicit zero in a sparse matrix for a missing arc, so the
# arcs that leave a located point are one decimetre longer than they are.
_LIFT = 1.0

Ints: TypeAlias = NDArray[np.int64]
Arcs: TypeAlias = "csr_array[np.float64, tuple[int, int]]"


@dataclass(frozen=True, slots=True)
class Locations:
    """Places on edges, for n points, as the router needs them.

    Attributes
    ----------
    lat, lon : (n,) float64
        The points themselves, degrees.
    edge : (n,) int64, index into the graph's edges
    at_dm : (n,) int64
        Decimetres from the edge's tail.
    access : (n,) float64
        Packed weight between the point and the road.
    node : (n, 2) int64
        The edge's tail and head.
    depart, arrive : (n, 2) float64
        Packed weights to and from those nodes; inf against a one-way street.
    """

    lat: Floats
    lon: Floats
    edge: Ints
    at_dm: Ints
    access: Floats
    node: Ints
    depart: Floats
    arrive: Floats

    def __len__(self) -> int:
        """Return n."""
        return len(self.edge)

    def take(self, indices: Ints) -> "Locations":
        """Return the locations with these indices, in their order."""
        return Locations(*(getattr(self, name)[indices] for name in self.__slots__))

    def joined(self, other: "Locations") -> "Locations":
        """Return these locations followed by others."""
        return Locations(
            *(
                np.concatenate((getattr(self, name), getattr(other, name)))
                for name in self.__slots__
            )
        )


@dataclass(frozen=True, slots=True)
class NodePath:
    """A cheapest way between two locations.

    Attributes
    ----------
    packed : float
        Its weight, access included.
    nodes : tuple of int
        The nodes it passes; empty when it stays on one edge.
    """

    packed: float
    nodes: tuple[int, ...]


class ModeGraph:
    """The largest strongly connected part of a network for one mode.

    Whoever is in it reaches all of it, so no matrix has holes.

    Parameters
    ----------
    network : RoadNetwork
    mode : str
        One of `maps.profiles.MODES`.

    Attributes
    ----------
    edge : (K,) int64
        The network's edges that belong to the graph, ascending.

    Raises
    ------
    MapError
        The map has no connected road for the mode.
    """

    def __init__(self, network: RoadNetwork, mode: str) -> None:
        forward_kmh, backward_kmh = network.speeds(mode)
        is_open = (forward_kmh > 0) | (backward_kmh > 0)
        edge = np.flatnonzero(is_open)
        tail, head, count = _cut_at_barriers(network, edge, MODES.index(mode))
        component = _largest_component(
            tail, head, forward_kmh[edge] > 0, backward_kmh[edge] > 0, count
        )
        inside = component[tail] & component[head]
        if not inside.any():
            raise MapError(
                f"the map has no connected road for {mode}: use a larger or newer extract"
            )
        number = np.cumsum(component) - 1
        self.edge: Ints = edge[inside]
        self._tail: Ints = number[tail[inside]]
        self._head: Ints = number[head[inside]]
        self._node_count = int(component.sum())
        self._length_dm: Ints = network.length_dm[self.edge].astype(np.int64)
        self._forward_ms = _milliseconds(self._length_dm, forward_kmh[self.edge])
        self._backward_ms = _milliseconds(self._length_dm, backward_kmh[self.edge])
        self._build_arcs()

    def _build_arcs(self) -> None:
        """Make the arcs, keeping the cheapest of several between the same two nodes."""
        along = np.flatnonzero(self._forward_ms > 0)
        against = np.flatnonzero(self._backward_ms > 0)
        origin = np.concatenate((self._tail[along], self._head[against]))
        target = np.concatenate((self._head[along], self._tail[against]))
        arc_edge = np.concatenate((along, against))
        is_forward = np.arange(len(arc_edge)) < len(along)
        time_ms = np.concatenate((self._forward_ms[along], self._backward_ms[against]))
        weight = time_ms * PACK + self._length_dm[arc_edge]
        order = np.lexsort((~is_forward, arc_edge, weight, target, origin))
        origin, target = origin[order], target[order]
        first = np.ones(len(order), dtype=np.bool_)
        first[1:] = (origin[1:] != origin[:-1]) | (target[1:] != target[:-1])
        first &= origin != target
        kept = order[first]
        self._arc_key: Ints = origin[first] * self._node_count + target[first]
        self._arc_edge: Ints = arc_edge[kept]
        self._arc_is_forward = is_forward[kept]
        shape = (self._node_count, self._node_count)
        arcs = weight[kept].astype(np.float64)
        self._outward: Arcs = csr_array((arcs, (origin[first], target[first])), shape=shape)
        self._inward: Arcs = csr_array((arcs, (target[first], origin[first])), shape=shape)

    def edge_of(self, origin: int, target: int) -> tuple[int, bool]:
        """Return the graph's edge of the arc between two nodes, and whether it goes along it."""
        arc = int(np.searchsorted(self._arc_key, origin * self._node_count + target))
        return int(self._arc_edge[arc]), bool(self._arc_is_forward[arc])

    def length_dm(self, edge: int) -> int:
        """Return the length of one of the graph's edges, decimetres."""
        return int(self._length_dm[edge])

    def locate(
        self, lat: Floats, lon: Floats, edge: Ints, fraction: Floats, access: Floats
    ) -> Locations:
        """Return locations for points that were snapped to the graph's edges.

        Parameters
        ----------
        lat, lon : (n,) float64, degrees
        edge : (n,) int64, index into `edge`
        fraction : (n,) float64, 0 at the tail
        access : (n,) float64, packed weight between point and road
        """
        length = self._length_dm[edge]
        at_dm = np.rint(fraction * length).astype(np.int64)
        before, after = self._offsets(edge, at_dm)
        depart = np.column_stack((before[1], after[0]))
        arrive = np.column_stack((before[0], after[1]))
        # Who stands on a junction may leave by every road of it.
        at_node = np.column_stack((at_dm == 0, at_dm == length))
        depart[at_node] = 0.0
        arrive[at_node] = 0.0
        return Locations(
            lat=lat,
            lon=lon,
            edge=edge,
            at_dm=at_dm,
            access=access,
            node=np.column_stack((self._tail[edge], self._head[edge])),
            depart=depart,
            arrive=arrive,
        )

    def _offsets(
        self, edge: Ints, at_dm: Ints
    ) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats]]:
        """Return packed weights of the parts of edges before and after a place on them.

        Each part comes as (along the edge, against it). The two parts of a
        direction add up to the edge exactly.
        """
        length = self._length_dm[edge]
        before, after = [], []
        for full_ms in (self._forward_ms[edge], self._backward_ms[edge]):
            part_ms = np.rint(full_ms * (at_dm / length))
            is_open = full_ms > 0
            before.append(np.where(is_open, part_ms * PACK + at_dm, np.inf))
            after.append(np.where(is_open, (full_ms - part_ms) * PACK + length - at_dm, np.inf))
        return (before[0], before[1]), (after[0], after[1])

    def packed(self, sources: Locations, targets: Locations) -> Floats:
        """Return cheapest packed weights from every source to every target.

        Parameters
        ----------
        sources, targets : S and T locations

        Returns
        -------
        (S, T) float64; 0 between equal coordinates
        """
        result = np.empty((len(sources), len(targets)))
        # Either side can do the searching; the smaller one does.
        if len(sources) <= len(targets):
            for rows, reached in self._searches(self._outward, sources.node, sources.depart):
                result[rows] = _through(reached, targets.node, targets.arrive)
        else:
            for columns, reached in self._searches(self._inward, targets.node, targets.arrive):
                result[:, columns] = _through(reached, sources.node, sources.depart).T
        self._add_direct(result, sources, targets)
        result += sources.access[:, None]
        result += targets.access
        same_lat = sources.lat[:, None] == targets.lat
        result[same_lat & (sources.lon[:, None] == targets.lon)] = 0.0
        return result

    def _searches(self, arcs: Arcs, node: Ints, cost: Floats) -> Iterator[tuple[slice, Floats]]:
        """Search from located points, some at a time; yields their rows and (rows, nodes)."""
        size = max(1, _BLOCK_CELLS // self._node_count)
        for start in range(0, len(node), size):
            rows = slice(start, min(start + size, len(node)))
            extended, first = _with_points(arcs, node[rows], cost[rows])
            points = np.arange(first, extended.shape[0])
            yield rows, dijkstra(extended, indices=points)[:, :first] - _LIFT

    def _add_direct(self, result: Floats, sources: Locations, targets: Locations) -> None:
        """Lower the weights between places on one edge to the way along it."""
        row, column = np.nonzero(sources.edge[:, None] == targets.edge)
        direct = self._along(sources.edge[row], sources.at_dm[row], targets.at_dm[column])
        result[row, column] = np.minimum(result[row, column], direct)

    def _along(self, edge: Ints, from_dm: Ints, to_dm: Ints) -> Floats:
        """Return packed weights from place to place on the same edge; inf against one-ways."""
        from_before, from_after = self._offsets(edge, from_dm)
        to_before, to_after = self._offsets(edge, to_dm)
        along, against = np.full(len(edge), np.inf), np.full(len(edge), np.inf)
        is_along = (self._forward_ms[edge] > 0) & (from_dm <= to_dm)
        is_against = (self._backward_ms[edge] > 0) & (from_dm >= to_dm)
        along[is_along] = from_after[0][is_along] - to_after[0][is_along]
        against[is_against] = from_before[1][is_against] - to_before[1][is_against]
        cheaper: Floats = np.minimum(along, against)
        return cheaper

    def path(self, source: Locations, target: Locations) -> NodePath:
        """Return a cheapest way from one location to another.

        Parameters
        ----------
        source, target : one location each
        """
        extended, first = _with_points(self._outward, source.node, source.depart)
        points = np.array([first])
        found = dijkstra(extended, indices=points, return_predecessors=True)
        reached, before = found[0][0], found[1][0]
        ends = reached[target.node[0]] - _LIFT + target.arrive[0]
        through = float(ends.min())
        direct = np.inf
        if source.edge[0] == target.edge[0]:
            direct = float(self._along(source.edge, source.at_dm, target.at_dm)[0])
        access = float(source.access[0] + target.access[0])
        if direct <= through:
            return NodePath(packed=direct + access, nodes=())
        node = int(target.node[0, int(ends.argmin())])
        nodes = []
        while node != first:
            nodes.append(node)
            node = int(before[node])
        return NodePath(packed=through + access, nodes=tuple(reversed(nodes)))


def unpack(packed: Floats) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return seconds and metres of packed weights, float32 of the same shape."""
    time_ms = np.floor(packed / PACK)
    distance_dm = packed - time_ms * PACK
    return (time_ms / 1000.0).astype(np.float32), (distance_dm / 10.0).astype(np.float32)


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


def _largest_component(
    tail: Ints,
    head: Ints,
    forward: NDArray[np.bool_],
    backward: NDArray[np.bool_],
    node_count: int,
) -> NDArray[np.bool_]:
    """Mark the nodes of the largest strongly connected component, (nodes,) bool."""
    origin = np.concatenate((tail[forward], head[backward]))
    target = np.concatenate((head[forward], tail[backward]))
    arcs = coo_array((np.ones(len(origin)), (origin, target)), shape=(node_count, node_count))
    _, label = connected_components(arcs.tocsr(), directed=True, connection="strong")
    size = np.bincount(label)
    # Of equally large components the one with the smallest node is taken.
    first_of_largest = np.flatnonzero(size[label] == size.max())[0]
    chosen: NDArray[np.bool_] = label == label[first_of_largest]
    return chosen


def _milliseconds(length_dm: Ints, kmh: NDArray[np.float32]) -> Ints:
    """Return travel times, at least 1 ms; -1 where closed."""
    is_open = kmh > 0
    time_ms = np.full(len(kmh), -1, dtype=np.int64)
    exact = 360.0 * length_dm[is_open] / kmh[is_open].astype(np.float64)
    time_ms[is_open] = np.maximum(np.rint(exact), 1.0).astype(np.int64)
    return time_ms


def _through(reached: Floats, node: Ints, cost: Floats) -> Floats:
    """Return (searches, points) weights from searches over nodes to points on edges."""
    by_tail: Floats = reached[:, node[:, 0]] + cost[:, 0]
    by_head: Floats = reached[:, node[:, 1]] + cost[:, 1]
    return np.minimum(by_tail, by_head, out=by_tail)


def _with_points(arcs: Arcs, node: Ints, cost: Floats) -> tuple[Arcs, int]:
    """Append points as nodes that nothing leads to; returns the arcs and the first point's number.

    Parameters
    ----------
    node, cost : (n, 2), where each point leads and how far; inf for not there
    """
    first = arcs.shape[0]
    size = first + len(node)
    is_open = np.isfinite(cost)
    # The two ends of a loop are one node; a sparse matrix has room for one arc to it.
    is_loop = node[:, 0] == node[:, 1]
    cheapest = np.where(is_loop, cost.min(axis=1), cost[:, 0])
    cost = np.column_stack((cheapest, cost[:, 1]))
    is_open[:, 0] = np.isfinite(cheapest)
    is_open[is_loop, 1] = False
    indptr = np.concatenate((arcs.indptr, arcs.indptr[-1] + np.cumsum(is_open.sum(axis=1))))
    indices = np.concatenate((arcs.indices, node[is_open]))
    weights = np.concatenate((arcs.data, cost[is_open] + _LIFT))
    extended = csr_array(
        (weights, indices.astype(np.int32), indptr.astype(np.int32)), shape=(size, size)
    )
    return extended, first
