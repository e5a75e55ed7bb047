"""Cheapest ways between many places at once: an in-memory customizable contraction hierarchy.

A Dijkstra search for each of a thousand places walks the whole city a thousand times. A
hierarchy walks it once, beforehand:

1. *Order* (`maps.kernel.elimination`). Nodes are taken out one by one, dead ends first, the great
   junctions last, and the neighbours of each are joined to each other. Every cheapest way then
   has a twin that first only climbs to later nodes and then only descends. The order comes from
   the street plan alone, so it outlives every change of weights.
2. *Customization* (`maps.kernel.customize`). The joins get their weights from the triangles
   that made them. A city takes some hundredths of a second, so closures and other speeds are
   new weights on the same order. Joins that turn out not to be the cheapest are left out.
3. *Search*. Above one place lie a few hundred nodes. Two places' climbs meet at the top of
   their cheapest way; it is unpacked by undoing the joins (`maps.kernel.unpack`).
4. *Sweep* (`maps.kernel.sweep`). For a matrix one side's climbs are undone for all its places
   together: the part of the graph above them is copied, and one pass from the top down carries the
   weights from 64 places of the other side at once.

Weights are packed integers of `maps.kernel.weight`: every answer is exact, in time and in
distance, and does not depend on what else was asked or on the number of threads. This module
knows nodes ``0 ... n - 1``, arcs and weights only: neither roads nor modes. Importing it imports
numba.

References
----------
Dibbelt, Strasser, Wagner, *Customizable Contraction Hierarchies*, doi 10.1145/2886843.
Delling, Goldberg, Werneck, *Faster Batched Shortest Paths in Road Networks* (RPHAST),
doi 10.4230/OASIcs.ATMOS.2011.52.
"""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from copy import copy
from functools import cached_property
from itertools import pairwise
from typing import TypeAlias, TypeVar

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maps.kernel.customize import Upward, customized, given
from maps.kernel.elimination import Topology, eliminated
from maps.kernel.entries import Entries, Ints
from maps.kernel.sweep import LANES, Entered, prepared, sweep
from maps.kernel.unpack import shortest
from maps.kernel.weight import INF, Weights

Matrix: TypeAlias = NDArray[np.float32]
_Number = TypeVar("_Number", bound=np.generic)


class Hierarchy:
    """Cheapest ways in one directed graph.

    Parameters
    ----------
    node_count : int
    tail, head : (arcs,) integers
        Loops and parallel arcs may be among them; loops serve nobody.
    weight : (arcs,) int64
        Packed, see `maps.kernel.weight`; INF closes an arc.

    Raises
    ------
    MapError
        If the graph is unlike a road network: a hierarchy would not be small.
    ValueError
        If a node is out of range or a weight negative.

    Attributes
    ----------
    node_count, arc_count : int
    fill : float
        Chordal arcs for each edge; 3 for roads, 5 for their turns.
    """

    def __init__(
        self, node_count: int, tail: ArrayLike, head: ArrayLike, weight: ArrayLike
    ) -> None:
        tails, heads = _plain(tail, np.int64), _plain(head, np.int64)
        ends = np.concatenate((tails, heads))
        if len(tails) != len(heads):
            raise ValueError(f"{len(tails)} tails, but {len(heads)} heads")
        if len(ends) and not 0 <= ends.min() <= ends.max() < node_count:
            raise ValueError(f"an arc ends outside the {node_count} nodes")
        self._topology: Topology = eliminated(node_count, tails, heads)
        self._customize(weight)

    def customized(self, weight: ArrayLike) -> "Hierarchy":
        """Return the same graph with other weights; the order and the joins are shared.

        Parameters
        ----------
        weight : (arcs,) int64
            In the order of the arcs given first; INF closes one.

        Raises
        ------
        ValueError
            If the number of weights is another or one is negative.
        """
        other = copy(self)
        other.__dict__.pop("_given", None)
        other._customize(weight)  # noqa: SLF001 - of the same class
        return other

    def _customize(self, weight: ArrayLike) -> None:
        # A copy: paths look at the weights later, when the caller may have changed them.
        self._weight: Weights = np.array(weight, np.int64)
        if len(self._weight) != self.arc_count:
            raise ValueError(f"{self.arc_count} arcs, but {len(self._weight)} weights")
        if self.arc_count and self._weight.min() < 0:
            raise ValueError("a weight is negative")
        self._basic, *climbs = customized(self._topology, self._weight)
        self._climbs: tuple[Upward, Upward] = (climbs[0], climbs[1])

    @property
    def node_count(self) -> int:
        """Nodes of the graph."""
        return len(self._topology.number)

    @property
    def arc_count(self) -> int:
        """Arcs that were given, loops among them."""
        return len(self._topology.slot)

    @property
    def fill(self) -> float:
        """Chordal arcs for each edge; 0 where there is no edge."""
        return len(self._topology.head) / max(self._topology.edge_count, 1)

    def matrix(
        self, sources: Entries, targets: Entries, *, threads: int = 1
    ) -> tuple[Matrix, Matrix]:
        """Return times and distances of the cheapest ways.

        Parameters
        ----------
        sources, targets : Entries
        threads : int
            The result does not depend on it.

        Returns
        -------
        time_s, distance_m : (sources, targets) float32
            Seconds and metres; inf where there is no way.
        """
        restriction, others = self._swept(sources, targets)
        return restriction.matrix(others, threads=threads)

    def packed(self, sources: Entries, targets: Entries) -> Weights:
        """Return ``(sources, targets)`` packed weights of the cheapest ways; INF where none."""
        restriction, others = self._swept(sources, targets)
        return restriction.packed(others)

    def restricted_to_sources(self, sources: Entries) -> "Restriction":
        """Prepare matrices from known sources to targets that are named later."""
        return Restriction(self._topology, self._climbs, sources, rows_are_sources=True)

    def restricted_to_targets(self, targets: Entries) -> "Restriction":
        """Prepare matrices to known targets from sources that are named later."""
        return Restriction(self._topology, self._climbs, targets, rows_are_sources=False)

    def path(self, source: Entries, target: Entries) -> tuple[int, Ints]:
        """Return the cheapest way between two locations, one in each argument.

        Returns
        -------
        weight : int
            Packed, with those of the two entries; INF where there is no way.
        nodes : (length,) int64
            From the node where the source is left to the one where the target is entered;
            empty where there is no way.
        """
        return shortest(
            self._topology,
            self._climbs,
            (self._given, self._basic),
            _entered(source, self._topology.number),
            _entered(target, self._topology.number),
        )

    @cached_property
    def _given(self) -> Weights:
        return given(self._topology.slot, self._weight, len(self._topology.head))

    def _swept(self, sources: Entries, targets: Entries) -> tuple["Restriction", Entries]:
        """Return one side prepared and the other one, whichever way is the quicker."""
        # A pass serves 64 lanes, so the smaller side makes the better lanes. But only rows of
        # sources are written as the caller wants them; the other way costs a transposition.
        if len(targets) < 2 * len(sources):
            return self.restricted_to_sources(sources), targets
        return self.restricted_to_targets(targets), sources


class Restriction:
    """The part of a hierarchy that one known side of a matrix needs, for many other sides.

    Made by `Hierarchy.restricted_to_sources` and `Hierarchy.restricted_to_targets`; k new places
    against the known ones then cost two sweeps of k lanes.
    """

    def __init__(
        self,
        topology: Topology,
        climbs: tuple[Upward, Upward],
        known: Entries,
        *,
        rows_are_sources: bool,
    ) -> None:
        # The known side climbs in its own direction, and the lanes in the other.
        forward, backward = climbs
        ours, self._climb = (forward, backward) if rows_are_sources else (backward, forward)
        self._topology = topology
        self._rows_are_sources = rows_are_sources
        self._row_count = len(known)
        self._part = prepared(ours, topology.depth, _entered(known, topology.number))

    def matrix(self, others: Entries, *, threads: int = 1) -> tuple[Matrix, Matrix]:
        """Return times and distances between the known side and the other one.

        Parameters
        ----------
        others : Entries
            Targets where sources are known, sources where targets are.
        threads : int
            The result does not depend on it.

        Returns
        -------
        time_s, distance_m : (sources, targets) float32
            Seconds and metres; inf where there is no way.
        """
        shape = (self._row_count, len(others))
        time_s, distance_m = np.empty(shape, np.float32), np.empty(shape, np.float32)
        self._sweep(others, (time_s, distance_m, np.empty((0, 0), np.int64)), threads)
        return self._turned(time_s), self._turned(distance_m)

    def packed(self, others: Entries) -> Weights:
        """Return ``(sources, targets)`` packed weights; INF where there is no way."""
        shape = (self._row_count, len(others))
        weight = np.empty(shape, np.int64)
        none = np.empty((0, 0), np.float32)
        self._sweep(others, (none, none, weight), 1)
        return self._turned(weight)

    def _sweep(self, others: Entries, out: tuple[Matrix, Matrix, Weights], threads: int) -> None:
        """Fill the columns of the lanes, rows being the known side."""
        topology = self._topology
        lanes = _entered(others, topology.number)
        # A few places do not pay for 64 lanes; whole vectors of eight keep the loops quick.
        width = min(LANES, -(-len(others) // 8) * 8)

        def run(span: tuple[int, int]) -> None:
            shape = (*span, width, topology.levels)
            sweep(self._part, self._climb, topology.parent, lanes, shape, out)

        spans = list(_spans(len(others), width, threads))
        if len(spans) <= 1:
            for span in spans:
                run(span)
        else:
            with ThreadPoolExecutor(len(spans)) as pool:
                list(pool.map(run, spans))

    def _turned(self, matrix: NDArray[_Number]) -> NDArray[_Number]:
        return matrix if self._rows_are_sources else np.ascontiguousarray(matrix.T)


def _spans(count: int, width: int, threads: int) -> Iterator[tuple[int, int]]:
    """Yield the lanes of each thread: whole passes, as evenly as they go."""
    passes = -(-count // width) if count else 0
    parts = max(1, min(threads, passes))
    bounds = [width * (passes * part // parts) for part in range(parts)]
    for low, high in pairwise((*bounds, count)):
        if low < high:
            yield low, high


def _entered(entries: Entries, number: NDArray[np.int32]) -> Entered:
    """Return entries by the numbers of the hierarchy, without those that are closed."""
    first, node, weight = entries.first, entries.node, entries.weight
    if len(node) and not 0 <= node.min() <= node.max() < len(number):
        raise ValueError(f"a location is entered outside the {len(number)} nodes")
    closed = weight >= INF
    if closed.any():
        kept = np.concatenate((np.zeros(1, np.int64), np.cumsum(~closed, dtype=np.int64)))
        first, node, weight = kept[first], node[~closed], weight[~closed]
    return Entered(_plain(first, np.int64), number[node], _plain(weight, np.int64))


def _plain(values: ArrayLike, dtype: type[_Number]) -> NDArray[_Number]:
    """Return an array as the compiled code takes it; one of another kind would compile anew."""
    return np.require(values, dtype, ("C", "W"))
