"""Cheapest ways by SciPy's Dijkstra: for calls too small to be worth a hierarchy.

The twin of `maps.hierarchy.Hierarchy`, with nothing to build and nothing to compile, and the
oracle that the hierarchy is tested against. Weights of `maps.kernel.weight` stay whole numbers
below 2**53, which float64 adds exactly.
"""

import math
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from maps.kernel.entries import Entries, Ints
from maps.kernel.weight import INF, Weights

_BLOCK_CELLS = 2**22
"""Cells of a search's result kept at a time: 32 MiB of float64."""

# SciPy may take an explicit zero in a sparse matrix for a missing arc, so the arcs that
# leave a location are one decimetre longer than they are.
_LIFT = 1.0

_Arcs: TypeAlias = "csr_array[np.float64, tuple[int, int]]"


class Dijkstra:
    """Cheapest ways in one directed graph, a search for each location.

    Parameters
    ----------
    node_count : int
    tail, head : (arcs,) int64
        No loops, no parallel arcs.
    weight : (arcs,) int64
    """

    def __init__(self, node_count: int, tail: Ints, head: Ints, weight: Weights) -> None:
        shape = (node_count, node_count)
        values = weight.astype(np.float64)
        self._node_count = node_count
        self._outward: _Arcs = csr_array((values, (tail, head)), shape=shape)
        self._inward: _Arcs = csr_array((values, (head, tail)), shape=shape)

    def packed(self, sources: Entries, targets: Entries) -> Weights:
        """Return ``(sources, targets)`` packed weights of the cheapest ways; INF where none.

        Every location needs an entry.
        """
        result = np.empty((len(sources), len(targets)))
        # Either side can do the searching; the smaller one does.
        if len(sources) <= len(targets):
            self._search(self._outward, sources, targets, result)
        else:
            self._search(self._inward, targets, sources, result.T)
        weights = np.full(result.shape, INF, dtype=np.int64)
        found = np.isfinite(result)
        weights[found] = result[found].astype(np.int64)
        return weights

    def _search(
        self, arcs: _Arcs, begin: Entries, end: Entries, result: NDArray[np.float64]
    ) -> None:
        """Fill (begins, ends) with weights of the ways between them, some rows at a time."""
        size = max(1, _BLOCK_CELLS // self._node_count)
        for start in range(0, len(begin), size):
            rows = np.arange(start, min(start + size, len(begin)))
            extended, points = _with_locations(arcs, begin.take(rows))
            reached = dijkstra(extended, indices=points)[:, : self._node_count] - _LIFT
            through = reached[:, end.node] + end.weight
            result[rows] = np.minimum.reduceat(through, end.first[:-1], axis=1)

    def path(self, source: Entries, target: Entries) -> tuple[int, Ints]:
        """Return the cheapest way between two locations, as `Hierarchy.path` does."""
        extended, points = _with_locations(self._outward, source)
        found = dijkstra(extended, indices=points, return_predecessors=True)
        reached, before = found[0][0], found[1][0]
        ends = reached[target.node] - _LIFT + target.weight
        best = int(ends.argmin())
        if not math.isfinite(ends[best]):
            return INF, np.empty(0, np.int64)
        nodes = [int(target.node[best])]
        while before[nodes[-1]] != points[0]:
            nodes.append(int(before[nodes[-1]]))
        return int(ends[best]), np.array(nodes[::-1], dtype=np.int64)


def _with_locations(arcs: _Arcs, entries: Entries) -> tuple[_Arcs, Ints]:
    """Append locations as nodes that nothing leads to; returns the arcs and their numbers."""
    first = arcs.shape[0]
    size = first + len(entries)
    place = np.repeat(np.arange(len(entries)), np.diff(entries.first))
    order = np.lexsort((entries.weight, entries.node, place))
    # A sparse matrix has room for one arc between two nodes.
    cheapest = np.ones(len(order), np.bool_)
    key = (place * first + entries.node)[order]
    cheapest[1:] = key[1:] != key[:-1]
    order = order[cheapest]
    counts = np.bincount(place[order], minlength=len(entries))
    indptr = np.concatenate((arcs.indptr, arcs.indptr[-1] + np.cumsum(counts)))
    indices = np.concatenate((arcs.indices, entries.node[order]))
    weights = np.concatenate((arcs.data, entries.weight[order] + _LIFT))
    extended = csr_array(
        (weights, indices.astype(np.int32), indptr.astype(np.int32)), shape=(size, size)
    )
    return extended, np.arange(first, size)
