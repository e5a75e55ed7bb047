"""Places on edges as a search needs them: states to leave by, states to arrive by.

A place in the middle of an edge is left along it or against it, and the turn at the end is
paid on the way out. A place on a junction is left by every road of the junction, because
whoever stands on the corner may. Between two places on one edge the way along it counts as
well, which no search over states would find.
"""

from dataclasses import dataclass
from typing import Protocol

import numpy as np

from maps.earth import Floats
from maps.kernel.entries import Entries, Ints, rows_of, spread
from maps.kernel.weight import INF, Weights, packed


@dataclass(frozen=True, slots=True)
class Locations:
    """Places on edges, for n points.

    Attributes
    ----------
    lat, lon : (n,) float64
        The points themselves, degrees.
    edge : (n,) int64, edges of the graph
    at_dm : (n,) int64
        Decimetres from the edge's tail.
    access : (n,) int64
        Packed weight between the point and the road, part of all entries.
    depart, arrive : Entries of n places
    depart_arc, arrive_arc : int64, by entry
        The directed arc on which the place is left or reached; -1 where it is the state
        itself. Only drawing a way needs it.
    spot_first : (n + 1,) int64
    spot_edge, spot_at_dm : int64
        All edges that each place lies on, in compressed rows: several on a junction.
    """

    lat: Floats
    lon: Floats
    edge: Ints
    at_dm: Ints
    access: Weights
    depart: Entries
    arrive: Entries
    depart_arc: Ints
    arrive_arc: Ints
    spot_first: Ints
    spot_edge: Ints
    spot_at_dm: Ints

    def __len__(self) -> int:
        """Return n."""
        return len(self.edge)

    def take(self, indices: Ints) -> "Locations":
        """Return the locations with these indices, in their order."""
        spot_first, member = spread(self.spot_first, indices)
        return Locations(
            lat=self.lat[indices],
            lon=self.lon[indices],
            edge=self.edge[indices],
            at_dm=self.at_dm[indices],
            access=self.access[indices],
            depart=self.depart.take(indices),
            arrive=self.arrive.take(indices),
            depart_arc=self.depart_arc[spread(self.depart.first, indices)[1]],
            arrive_arc=self.arrive_arc[spread(self.arrive.first, indices)[1]],
            spot_first=spot_first,
            spot_edge=self.spot_edge[member],
            spot_at_dm=self.spot_at_dm[member],
        )

    def joined(self, other: "Locations") -> "Locations":
        """Return these locations followed by others."""
        return Locations(
            lat=np.concatenate((self.lat, other.lat)),
            lon=np.concatenate((self.lon, other.lon)),
            edge=np.concatenate((self.edge, other.edge)),
            at_dm=np.concatenate((self.at_dm, other.at_dm)),
            access=np.concatenate((self.access, other.access)),
            depart=self.depart.joined(other.depart),
            arrive=self.arrive.joined(other.arrive),
            depart_arc=np.concatenate((self.depart_arc, other.depart_arc)),
            arrive_arc=np.concatenate((self.arrive_arc, other.arrive_arc)),
            spot_first=np.concatenate(
                (self.spot_first, self.spot_first[-1] + other.spot_first[1:])
            ),
            spot_edge=np.concatenate((self.spot_edge, other.spot_edge)),
            spot_at_dm=np.concatenate((self.spot_at_dm, other.spot_at_dm)),
        )


class Roads(Protocol):
    """What placing points needs to know of a graph with N nodes, K edges and 2 K arcs.

    Attributes
    ----------
    tail, head : (2 K,) int64, nodes
    arc_ms : (2 K,) int64, milliseconds; -1 where no way uses the arc
    length_dm : (K,) int64, decimetres
    enters, leaves : (2 K,) int64
        Crossings paid at the beginning and at the end of an arc.
    arrive_first, arrive_state
        States in which each arc begins, in compressed rows.
    onward_first, onward_state, onward_ms
        States after each arc and the milliseconds of the turns there, in compressed rows.
    node_state : (N,) int64
        State of a junction that is not expanded, else -1.
    node_count : int
    """

    tail: Ints
    head: Ints
    arc_ms: Ints
    length_dm: Ints
    enters: Ints
    leaves: Ints
    arrive_first: Ints
    arrive_state: Ints
    onward_first: Ints
    onward_state: Ints
    onward_ms: Ints
    node_state: Ints
    node_count: int


class _Pieces:
    """Entries of places, gathered piece by piece."""

    def __init__(self) -> None:
        self._place: list[Ints] = []
        self._columns: list[tuple[Ints, Weights, Ints]] = []

    def add(self, place: Ints, node: Ints, weight: Weights, arc: Ints) -> None:
        """Add entries for some places."""
        self._place.append(place)
        self._columns.append((node, weight, arc))

    def entries(self, access: Weights) -> tuple[Entries, Ints]:
        """Return the entries of all places, access included, and the arc of each."""
        place = np.concatenate(self._place)
        first, order = rows_of(place, len(access))
        node, weight, arc = (
            np.concatenate(column)[order] for column in zip(*self._columns, strict=True)
        )
        return Entries(first, node, weight + access[place[order]]), arc


class Placer:
    """Places points on the edges of one graph.

    Parameters
    ----------
    roads : Roads
    """

    def __init__(self, roads: Roads) -> None:
        self._roads = roads
        used = np.flatnonzero(roads.arc_ms >= 0)
        first, member = rows_of(roads.tail[used], roads.node_count)
        self._out_first, self._out_arc = first, used[member]
        first, member = rows_of(roads.head[used], roads.node_count)
        self._in_first, self._in_arc = first, used[member]

    def locate(
        self, lat: Floats, lon: Floats, edge: Ints, fraction: Floats, access: Weights
    ) -> Locations:
        """Return locations for points that were snapped to edges.

        Parameters
        ----------
        lat, lon : (n,) float64, degrees
        edge : (n,) int64, edges of the graph
        fraction : (n,) float64, 0 at the tail
        access : (n,) int64, packed weight between point and road
        """
        roads = self._roads
        length = roads.length_dm[edge]
        at_dm = np.rint(fraction * length).astype(np.int64)
        node = np.where(at_dm == 0, roads.tail[2 * edge], -1)
        node = np.where(at_dm == length, roads.head[2 * edge], node)
        inside = np.flatnonzero(node < 0)
        corner = np.flatnonzero(node >= 0)
        depart, arrive = _Pieces(), _Pieces()
        for direction in (0, 1):
            self._on_edge(depart, arrive, inside, 2 * edge[inside] + direction, at_dm[inside])
        self._on_corner(depart, arrive, corner, node[corner])
        spot_first, spot_edge, spot_at_dm = self._spots(edge, at_dm, node)
        departing, depart_arc = depart.entries(access)
        arriving, arrive_arc = arrive.entries(access)
        return Locations(
            lat=lat,
            lon=lon,
            edge=edge,
            at_dm=at_dm,
            access=access,
            depart=departing,
            arrive=arriving,
            depart_arc=depart_arc,
            arrive_arc=arrive_arc,
            spot_first=spot_first,
            spot_edge=spot_edge,
            spot_at_dm=spot_at_dm,
        )

    def _on_edge(
        self, depart: _Pieces, arrive: _Pieces, place: Ints, arc: Ints, at_dm: Ints
    ) -> None:
        """Add what leaves and reaches places inside an edge by one of its arcs."""
        roads = self._roads
        used = roads.arc_ms[arc] >= 0
        place, arc, at_dm = place[used], arc[used], at_dm[used]
        length = roads.length_dm[arc >> 1]
        behind_dm = np.where(arc & 1, length - at_dm, at_dm)
        behind_ms = part_ms(roads.arc_ms[arc], behind_dm, length)
        starts, member = spread(roads.onward_first, arc)
        row = np.repeat(np.arange(len(arc)), np.diff(starts))
        ahead_ms = (roads.arc_ms[arc] - behind_ms)[row] + roads.onward_ms[member]
        depart.add(
            place[row],
            roads.onward_state[member],
            packed(ahead_ms, (length - behind_dm)[row], roads.leaves[arc[row]]),
            arc[row],
        )
        starts, member = spread(roads.arrive_first, arc)
        row = np.repeat(np.arange(len(arc)), np.diff(starts))
        arrive.add(
            place[row],
            roads.arrive_state[member],
            packed(behind_ms, behind_dm, roads.enters[arc])[row],
            arc[row],
        )

    def _on_corner(self, depart: _Pieces, arrive: _Pieces, place: Ints, node: Ints) -> None:
        """Add what leaves and reaches places on junctions."""
        roads = self._roads
        state = roads.node_state[node]
        plain = state >= 0
        nothing = np.zeros(int(plain.sum()), np.int64)
        for pieces in (depart, arrive):
            pieces.add(place[plain], state[plain], nothing, nothing - 1)
        place, node = place[~plain], node[~plain]
        starts, member = spread(self._out_first, node)
        row = np.repeat(np.arange(len(node)), np.diff(starts))
        leaving = self._out_arc[member]
        begins, begin = spread(roads.arrive_first, leaving)
        # The first state in which an arc begins is the one that remembers nothing.
        state = roads.arrive_state[begin[begins[:-1]]]
        free = np.zeros(len(state), np.int64)
        depart.add(place[row], state, free, free - 1)
        starts, member = spread(self._in_first, node)
        row = np.repeat(np.arange(len(node)), np.diff(starts))
        coming = self._in_arc[member]
        starts, begin = spread(roads.arrive_first, coming)
        again = np.repeat(np.arange(len(coming)), np.diff(starts))
        arc = coming[again]
        arrive.add(place[row[again]], roads.arrive_state[begin], self._whole(arc), arc)

    def _whole(self, arc: Ints) -> Weights:
        """Return packed weights of whole arcs, turns left out."""
        roads = self._roads
        crossings = roads.enters[arc] + roads.leaves[arc]
        return packed(roads.arc_ms[arc], roads.length_dm[arc >> 1], crossings)

    def _spots(self, edge: Ints, at_dm: Ints, node: Ints) -> tuple[Ints, Ints, Ints]:
        """Return all edges that places lie on, in compressed rows."""
        inside = np.flatnonzero(node < 0)
        corner = np.flatnonzero(node >= 0)
        place, edges, at = [inside], [edge[inside]], [at_dm[inside]]
        for first, arcs, at_end in (
            (self._out_first, self._out_arc, False),
            (self._in_first, self._in_arc, True),
        ):
            starts, member = spread(first, node[corner])
            arc = arcs[member]
            place.append(np.repeat(corner, np.diff(starts)))
            edges.append(arc >> 1)
            is_far = ((arc & 1) == 0) == at_end
            at.append(np.where(is_far, self._roads.length_dm[arc >> 1], 0))
        first, order = rows_of(np.concatenate(place), len(edge))
        return first, np.concatenate(edges)[order], np.concatenate(at)[order]


def direct(roads: Roads, sources: Locations, targets: Locations) -> tuple[Ints, Ints, Weights]:
    """Return the ways along a single edge, for all pairs that share one.

    Returns
    -------
    (row, column, weight) : three arrays (p,) int64
        Each pair once, by row and column, with the cheapest such way; access included.
    """
    order = np.argsort(targets.spot_edge, kind="stable")
    by_edge = targets.spot_edge[order]
    low = np.searchsorted(by_edge, sources.spot_edge, "left")
    count = np.searchsorted(by_edge, sources.spot_edge, "right") - low
    here = np.repeat(np.arange(len(count)), count)
    there = order[np.arange(len(here)) + np.repeat(low - (np.cumsum(count) - count), count)]
    row = np.repeat(np.arange(len(sources)), np.diff(sources.spot_first))[here]
    column = np.repeat(np.arange(len(targets)), np.diff(targets.spot_first))[there]
    weight = _along(
        roads, sources.spot_edge[here], sources.spot_at_dm[here], targets.spot_at_dm[there]
    )
    same = (sources.lat[row] == targets.lat[column]) & (sources.lon[row] == targets.lon[column])
    weight = np.where(same, 0, weight + sources.access[row] + targets.access[column])
    open_ = weight < INF
    key, weight = (row * len(targets) + column)[open_], weight[open_]
    order = np.argsort(key, kind="stable")
    key = key[order]
    first = np.flatnonzero(np.concatenate((np.ones(1, np.bool_), key[1:] != key[:-1]))[: len(key)])
    row, column = np.divmod(key[first], max(len(targets), 1))
    return row, column, np.minimum.reduceat(weight[order], first) if len(first) else weight


def direct_piece(roads: Roads, source: Locations, target: Locations) -> tuple[int, float, float]:
    """Return the cheapest way along a single edge between two locations that share one.

    Returns
    -------
    (edge, from, to) : the graph's edge and the shares of its length
    """
    here, there = np.nonzero(source.spot_edge[:, None] == target.spot_edge)
    edge, from_dm = source.spot_edge[here], source.spot_at_dm[here]
    to_dm = target.spot_at_dm[there]
    best = int(np.argmin(_along(roads, edge, from_dm, to_dm)))
    length = float(roads.length_dm[edge[best]])
    return int(edge[best]), from_dm[best] / length, to_dm[best] / length


def share(location: Locations, length_dm: Ints, arc: int) -> float:
    """Return where one location lies on an arc, 0 at the arc's beginning, 1 at its end.

    A corner is the end of the arcs by which it is reached, even where it is their beginning too.
    """
    part = location.spot_at_dm[location.spot_edge == arc >> 1] / length_dm[arc >> 1]
    return float((1.0 - part if arc % 2 else part).max())


def _along(roads: Roads, edge: Ints, from_dm: Ints, to_dm: Ints) -> Weights:
    """Return packed weights from place to place on one edge; INF against one-way streets."""
    arc = 2 * edge + (from_dm > to_dm)
    # Standing still needs no open direction.
    arc = np.where((from_dm == to_dm) & (roads.arc_ms[arc] < 0), arc ^ 1, arc)
    length = roads.length_dm[edge]
    behind = np.where(arc & 1, length - from_dm, from_dm)
    beyond = np.where(arc & 1, length - to_dm, to_dm)
    full_ms = roads.arc_ms[arc]
    time_ms = part_ms(full_ms, beyond, length) - part_ms(full_ms, behind, length)
    # From a corner one enters private ground, and to a corner one leaves it.
    moves = beyond > behind
    enters = roads.enters[arc] * (moves & (behind == 0))
    leaves = roads.leaves[arc] * (moves & (beyond == length))
    weight = packed(time_ms, beyond - behind, enters + leaves)
    return np.where(full_ms >= 0, weight, INF)


def part_ms(full_ms: Ints, part_dm: Ints, length_dm: Ints) -> Ints:
    """Return milliseconds of the first part of arcs, rounded as everywhere."""
    time_ms: Ints = np.rint(full_ms * (part_dm / length_dm)).astype(np.int64)
    return time_ms
