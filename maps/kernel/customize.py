"""Weights for a hierarchy's arcs, in time proportional to its triangles.

*Basic* customization gives each chordal arc the weight of the cheapest way between its ends
that runs through lower nodes only. *Perfect* customization then finds each arc's true
distance; where that is strictly less, another way over upper nodes is better, no search needs
the arc, and it is left out of the two graphs that are searched.

Both directions of an arc stand beside each other: ``weight[arc, 0]`` upwards, ``weight[arc, 1]``
downwards. Imports numba: see `maps.kernel.compiled`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maps.kernel.compiled import compiled
from maps.kernel.elimination import Topology
from maps.kernel.weight import INF, Weights


class Upward(NamedTuple):
    """The arcs along which one direction of search climbs, nodes by their numbers.

    Attributes
    ----------
    first : (n + 1,) int64
    head : (k,) int32
        Upper ends.
    weight : (k,) int64
    """

    first: NDArray[np.int64]
    head: NDArray[np.int32]
    weight: Weights


def customized(topology: Topology, weight: Weights) -> tuple[Weights, Upward, Upward]:
    """Return the basic weights, and what to climb forwards and backwards.

    Parameters
    ----------
    topology : Topology
    weight : (arcs,) int64
        One for each arc given to the topology; INF closes one.

    Returns
    -------
    basic : (m, 2) int64
        Upwards and downwards.
    forward, backward : Upward
        From a source upwards; from a target upwards against the arcs.
    """
    first, head, corner = topology.first, topology.head, topology.corner
    basic = given(topology.slot, weight, len(head))
    _lower_triangles(first, head, corner, basic)
    perfect = basic.copy()
    _upper_triangles(first, head, corner, perfect)
    forward = _pruned(first, head, basic, perfect, 0)
    backward = _pruned(first, head, basic, perfect, 1)
    return basic, forward, backward


@compiled
def given(slot: NDArray[np.int64], weight: Weights, count: int) -> Weights:
    """Return ``(count, 2)`` weights of the given arcs alone: the cheapest of parallel ones."""
    flat = np.full(2 * count, INF, np.int64)
    for arc in range(len(slot)):
        at = slot[arc]
        if at >= 0:
            flat[at] = min(flat[at], weight[arc])
    return flat.reshape((count, 2))


@compiled
def _lower_triangles(
    first: NDArray[np.int64], head: NDArray[np.int32], corner: NDArray[np.uint16], w: Weights
) -> None:
    """Relax every arc over the nodes below it, the lowest nodes first."""
    done = len(corner)
    for v in range(len(first) - 2, -1, -1):
        begin, end = first[v], first[v + 1]
        done -= (end - begin) * (end - begin - 1) // 2
        at = done
        for j in range(begin, end):
            base = first[head[j]]
            up = w[j, 0]
            down = w[j, 1]
            for i in range(begin, j):
                arc = base + corner[at]
                at += 1
                w[arc, 0] = min(w[arc, 0], down + w[i, 0])
                w[arc, 1] = min(w[arc, 1], up + w[i, 1])


@compiled
def _upper_triangles(
    first: NDArray[np.int64], head: NDArray[np.int32], corner: NDArray[np.uint16], w: Weights
) -> None:
    """Relax every arc over the nodes above it, the highest nodes first."""
    at = 0
    for v in range(len(first) - 1):
        begin, end = first[v], first[v + 1]
        for j in range(begin, end):
            base = first[head[j]]
            up = w[j, 0]
            down = w[j, 1]
            for i in range(begin, j):
                arc = base + corner[at]
                at += 1
                w[i, 0] = min(w[i, 0], up + w[arc, 0])
                w[i, 1] = min(w[i, 1], down + w[arc, 1])
                up = min(up, w[i, 0] + w[arc, 1])
                down = min(down, w[i, 1] + w[arc, 0])
            w[j, 0] = up
            w[j, 1] = down


@compiled
def _pruned(
    first: NDArray[np.int64],
    head: NDArray[np.int32],
    basic: Weights,
    perfect: Weights,
    direction: int,
) -> Upward:
    """Return the arcs of one direction that searches need."""
    start = np.zeros(len(first), np.int64)
    kept_head = np.empty(len(head), np.int32)
    kept_weight = np.empty(len(head), np.int64)
    kept = 0
    for v in range(len(first) - 1):
        for arc in range(first[v], first[v + 1]):
            weight = basic[arc, direction]
            if weight < INF and weight == perfect[arc, direction]:
                kept_head[kept] = head[arc]
                kept_weight[kept] = weight
                kept += 1
        start[v + 1] = kept
    return Upward(start, kept_head[:kept].copy(), kept_weight[:kept].copy())
