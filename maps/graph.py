"""One mode's graph: what a search needs of a road network, and the searches over it.

Joins what `maps.arcs`, `maps.turns` and `maps.reach` say into states and packed weights. Large
calls go through the contraction hierarchy, calls too small to be worth building it through
SciPy's Dijkstra; both add the same integers, so the answers are the same to the last bit.
"""

import threading
from copy import copy
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
from numpy.typing import NDArray

from maps.arcs import ModeArcs
from maps.closures import Closed, Flags
from maps.kernel.dijkstra import Dijkstra
from maps.kernel.entries import Entries, Ints, rows_of
from maps.kernel.weight import CROSSING, INF, Weights, packed, unpacked
from maps.locations import Locations, Placer, direct, direct_piece, share
from maps.network import MapError, RoadNetwork
from maps.reach import Reach
from maps.turns import Junctions, States, TurnCost, states_of

if TYPE_CHECKING:
    from maps.hierarchy import Hierarchy

SMALL_WORK = 1_000_000
"""Searches times states up to which SciPy answers while the hierarchy is not built."""

TURNING_MODES = frozenset({"car"})
"""Modes that pay for turns and turn back at dead ends only."""

Matrices = tuple[NDArray[np.float32], NDArray[np.float32]]


@dataclass(frozen=True, slots=True)
class Way:
    """A cheapest way between two locations.

    Attributes
    ----------
    weight : int
        Packed, access included; `maps.kernel.weight.INF` where there is none.
    pieces : tuple of (edge, from, to)
        The network's edges that it drives, with the shares of their length at which it
        comes and goes: from 0 to 1 is the whole edge along its drawing.
    """

    weight: int
    pieces: tuple[tuple[int, float, float], ...]


class ModeGraph:
    """What a mode can reach and come back from.

    Cars pay for turns and turn round at dead ends only, or where they could not get out of a
    road otherwise. The graph is the largest strongly connected part of the public roads, and
    the private ground that can be entered from there and left again. Whoever is in it reaches
    all of it, so no matrix has holes.

    Parameters
    ----------
    network : RoadNetwork
    mode : str
        One of `maps.profiles.MODES`.

    Attributes
    ----------
    edge : (E,) int64
        The network's edges that belong to the graph, ascending.
    ground : (K,) int64, by the edges of `Locations`
        Number of the private ground that an edge belongs to; -1 for a public road.
    tail, head, arc_ms, length_dm, enters, leaves, node_count
        As `maps.locations.Roads` says.

    Raises
    ------
    MapError
        The map has no connected road for the mode.
    """

    def __init__(self, network: RoadNetwork, mode: str) -> None:
        self._lock = threading.Lock()
        self._hierarchy: Hierarchy | None = None
        self._opened: ModeGraph | None = None
        self._leaves_shut: Flags | None = None
        self._reaches_shut: Flags | None = None
        arcs = ModeArcs.of(network, mode)
        expanded, states, reach = _reached(network, arcs, turning=mode in TURNING_MODES)
        if not reach.arc.any():
            raise MapError(
                f"the map has no connected road for {mode}: use a larger or newer extract"
            )
        self.node_count = arcs.node_count
        self.tail, self.head, self.length_dm = arcs.tail, arcs.head, arcs.length_dm
        self.arc_ms: Ints = np.where(reach.arc, arcs.time_ms, -1)
        self._is_public = reach.is_public
        behind = ~np.repeat(reach.is_public, 2)
        self.enters: Ints = (behind & reach.is_border[arcs.tail]).astype(np.int64)
        self.leaves: Ints = (behind & reach.is_border[arcs.head]).astype(np.int64)
        self.ground: Ints = reach.grounds(arcs)
        self._network_edge = arcs.edge
        self._compound = arcs.compound
        self._own: Ints = np.flatnonzero(reach.arc[::2] | reach.arc[1::2])
        self.edge: Ints = arcs.edge[self._own]
        self._index_states(states, reach)
        number = np.where(reach.state, np.cumsum(reach.state) - 1, -1)
        self.node_state: Ints = np.where(expanded, -1, number[: arcs.node_count])
        self._placer = Placer(self)

    def _index_states(self, states: States, reach: Reach) -> None:
        """Renumber the states that are kept; list moves by arc and arcs by state."""
        self.state_count = int(reach.state.sum())
        number = np.where(reach.state, np.cumsum(reach.state) - 1, -1)
        moves = reach.state[states.origin] & reach.state[states.target] & reach.arc[states.arc]
        origin, target = number[states.origin[moves]], number[states.target[moves]]
        arc, turn_ms = states.arc[moves], states.turn_ms[moves]
        from_begin = states.origin[moves] == states.begin[arc]
        first, member = rows_of(arc[from_begin], len(self.arc_ms))
        chosen = np.flatnonzero(from_begin)[member]
        self.onward_first: Ints = first
        self.onward_state: Ints = target[chosen]
        self.onward_ms: Ints = turn_ms[chosen]
        state = number[states.arc_state]
        owner = np.repeat(np.arange(len(self.arc_ms)), np.diff(states.arc_first))
        keep = (state >= 0) & reach.arc[owner]
        self.arrive_first: Ints = rows_of(owner[keep], len(self.arc_ms))[0]
        self.arrive_state: Ints = state[keep]
        weight = packed(
            self.arc_ms[arc] + turn_ms,
            self.length_dm[arc >> 1],
            self.enters[arc] + self.leaves[arc],
        )
        self._keep_moves(origin, target, arc, weight)

    def _keep_moves(self, origin: Ints, target: Ints, arc: Ints, weight: Weights) -> None:
        """Keep the cheapest of several moves between the same two states."""
        key = origin * self.state_count + target
        order = np.lexsort((arc, weight, key))
        cheapest = np.ones(len(order), np.bool_)
        cheapest[1:] = key[order][1:] != key[order][:-1]
        cheapest &= (origin != target)[order]
        order = order[cheapest]
        self._moves = (origin[order], target[order], weight[order])
        self._move_key: Ints = key[order]
        self._move_arc: Ints = arc[order]
        self._dijkstra = Dijkstra(self.state_count, *self._moves)

    def locate(
        self,
        lat: NDArray[np.float64],
        lon: NDArray[np.float64],
        edge: Ints,
        fraction: NDArray[np.float64],
        access: Weights,
    ) -> Locations:
        """Return locations for points that were snapped to the graph's edges.

        Parameters
        ----------
        lat, lon : (n,) float64, degrees
        edge : (n,) int64, index into `edge`
        fraction : (n,) float64, 0 at the tail
        access : (n,) int64, packed weight between point and road
        """
        found = self._placer.locate(lat, lon, self._own[edge], fraction, access)
        if self._leaves_shut is None or self._reaches_shut is None:
            return found
        depart = _shut(found.depart, found.depart_arc, self._leaves_shut)
        return replace(
            found, depart=depart, arrive=_shut(found.arrive, found.arrive_arc, self._reaches_shut)
        )

    def closed(self, closed: Closed) -> "ModeGraph":
        """Return the same graph where nobody passes what is closed.

        States, order and joins are shared: only weights are others. Nobody gets to a place on
        a closed edge, nor away from it.
        """
        other = copy(self)
        other._close(self, closed)  # noqa: SLF001 - of the same class
        return other

    def _close(self, opened: "ModeGraph", closed: Closed) -> None:
        shut = np.repeat(closed.edge[self._network_edge], 2)
        compound = np.repeat(self._compound, 2)
        self._leaves_shut = shut | closed.at_gates(self.head, compound)
        self._reaches_shut = shut | closed.at_gates(self.tail, compound)
        self.arc_ms = np.where(shut, -1, self.arc_ms)
        is_open = ~(self._leaves_shut | self._reaches_shut)[self._move_arc]
        origin, target, weight = self._moves
        self._moves = (origin, target, np.where(is_open, weight, INF))
        self._dijkstra = Dijkstra(
            self.state_count, origin[is_open], target[is_open], weight[is_open]
        )
        self._lock = threading.Lock()
        self._hierarchy, self._opened = None, opened

    def ground_in(self, locations: Locations, compound: Ints) -> Ints:
        """Return the private ground of locations, -1 unless it is in the compound given.

        Parameters
        ----------
        locations : n locations
        compound : (n,) int64, numbers of compounds
        """
        inside = (compound >= 0) & (self._compound[locations.edge] == compound)
        return np.where(inside, self.ground[locations.edge], -1)

    @property
    def hierarchy(self) -> "Hierarchy":
        """The graph's contraction hierarchy, built at the first use."""
        with self._lock:
            if self._hierarchy is None and self._opened is not None:
                self._hierarchy = self._opened.hierarchy.customized(self._moves[2])
            if self._hierarchy is None:
                from maps.hierarchy import Hierarchy  # noqa: PLC0415 - numba takes a second

                self._hierarchy = Hierarchy(self.state_count, *self._moves)
            return self._hierarchy

    def _is_small(self, searches: int) -> bool:
        """Say whether SciPy is done before a hierarchy would be built."""
        return self._hierarchy is None and searches * self.state_count <= SMALL_WORK

    def matrix(self, sources: Locations, targets: Locations, *, threads: int = 1) -> Matrices:
        """Return times and distances of the cheapest ways from every source to every target.

        Parameters
        ----------
        sources, targets : S and T locations
        threads : int

        Returns
        -------
        (time_s, distance_m) : two arrays (S, T) float32
            0 between equal coordinates.
        """
        if self._is_small(min(len(sources), len(targets))):
            return unpacked(self.packed(sources, targets))
        time_s, distance_m = self.hierarchy.matrix(sources.depart, targets.arrive, threads=threads)
        row, column, weight = direct(self, sources, targets)
        along_s, along_m = unpacked(weight)
        through_s, through_m = time_s[row, column], distance_m[row, column]
        wins = (along_s < through_s) | ((along_s == through_s) & (along_m < through_m))
        is_public = self._is_public[sources.edge[row]] & self._is_public[targets.edge[column]]
        errand = np.flatnonzero(~is_public | (weight >= CROSSING))
        if len(errand):
            # Off the public road the way around may cross its border: only the weights know.
            wins[errand] = weight[errand] < self._weights_of(
                sources, targets, row[errand], column[errand]
            )
        row, column = row[wins], column[wins]
        time_s[row, column], distance_m[row, column] = along_s[wins], along_m[wins]
        return time_s, distance_m

    def _weights_of(
        self, sources: Locations, targets: Locations, row: Ints, column: Ints
    ) -> Weights:
        """Return packed weights of some pairs, ways along one edge left out."""
        rows, row_at = np.unique(row, return_inverse=True)
        columns, column_at = np.unique(column, return_inverse=True)
        weights = self.hierarchy.packed(sources.depart.take(rows), targets.arrive.take(columns))
        chosen: Weights = weights[row_at, column_at]
        return chosen

    def packed(self, sources: Locations, targets: Locations) -> Weights:
        """Return cheapest packed weights by SciPy, (S, T) int64: the oracle of `matrix`."""
        weights = self._dijkstra.packed(sources.depart, targets.arrive)
        row, column, weight = direct(self, sources, targets)
        weights[row, column] = np.minimum(weights[row, column], weight)
        return weights

    def way(self, source: Locations, target: Locations) -> Way:
        """Return a cheapest way from one location to another.

        Parameters
        ----------
        source, target : one location each
        """
        searcher = self._dijkstra if self._is_small(1) else self.hierarchy
        weight, states = searcher.path(source.depart, target.arrive)
        *_, along = direct(self, source, target)
        if len(along) and along[0] <= weight:
            edge, leaves, enters = direct_piece(self, source, target)
            return Way(
                weight=int(along[0]), pieces=((int(self._network_edge[edge]), leaves, enters),)
            )
        if weight >= INF:
            return Way(weight=INF, pieces=())
        moves = np.searchsorted(self._move_key, states[:-1] * self.state_count + states[1:])
        pieces = [self._piece(arc, 0.0, 1.0) for arc in self._move_arc[moves].tolist()]
        first = _entered(source.depart, source.depart_arc, int(states[0]))
        if first >= 0:
            leaves = share(source, self.length_dm, first)
            pieces.insert(0, self._piece(first, leaves, 1.0))
        last = _entered(target.arrive, target.arrive_arc, int(states[-1]))
        if last >= 0:
            pieces.append(self._piece(last, 0.0, share(target, self.length_dm, last)))
        return Way(weight=weight, pieces=tuple(pieces))

    def _piece(self, arc: int, leaves: float, enters: float) -> tuple[int, float, float]:
        """Return a piece of an arc in terms of the network's edge."""
        edge = int(self._network_edge[arc >> 1])
        return (edge, 1.0 - leaves, 1.0 - enters) if arc % 2 else (edge, leaves, enters)


def _reached(
    network: RoadNetwork, arcs: ModeArcs, *, turning: bool
) -> tuple[NDArray[np.bool_], States, Reach]:
    """Return which nodes are expanded, the states, and what of them is connected."""
    is_open = arcs.time_ms >= 0
    if not turning:
        expanded = np.zeros(arcs.node_count, np.bool_)
        expanded[[arcs.head[arc] for ban in arcs.bans for arc in ban[:-1]]] = True
        junctions = Junctions(arcs.tail, arcs.head, is_open, expanded, np.ones_like(is_open))
        states = states_of(junctions, arcs.bans, lambda before, _: np.zeros_like(before))
        return expanded, states, Reach.of(arcs, states)
    expanded = np.ones(arcs.node_count, np.bool_)
    turn_cost: TurnCost = arcs.turn_cost(network)
    turns_back = (arcs.degree == 1)[arcs.head]
    junctions = Junctions(arcs.tail, arcs.head, is_open, expanded, turns_back)
    states = states_of(junctions, arcs.bans, turn_cost)
    reach = Reach.of(arcs, states)
    stuck = np.repeat((is_open & ~reach.arc).reshape(-1, 2).any(axis=1), 2)
    if stuck.any():
        # Whoever could not get out of a road otherwise turns round at its end.
        junctions = Junctions(arcs.tail, arcs.head, is_open, expanded, turns_back | stuck)
        states = states_of(junctions, arcs.bans, turn_cost)
        reach = Reach.of(arcs, states)
    return expanded, states, reach


def _shut(entries: Entries, arc: Ints, shut: Flags) -> Entries:
    """Return entries without those by closed arcs: they stay, at the weight of no way."""
    is_shut = (arc >= 0) & shut[arc]
    return replace(entries, weight=np.where(is_shut, INF, entries.weight))


def _entered(entries: Entries, arc: Ints, state: int) -> int:
    """Return the arc by which one location is left or reached through a state."""
    at = np.flatnonzero(entries.node == state)
    return int(arc[at[entries.weight[at].argmin()]])
