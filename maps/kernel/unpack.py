"""One way through a hierarchy: found, and unpacked into the nodes of the original graph.

Both ends climb the elimination tree; the best node that both reach is the way's highest. Each
arc on the two climbs then either is a given arc, or is replaced by the two sides of the lower
triangle that gave it its weight, until only given arcs are left. Of several triangles that
would do, the lowest is taken, and a given arc before any: so no node is met twice.

Imports numba: see `maps.kernel.compiled`.
"""

import numpy as np

from maps.kernel.compiled import compiled
from maps.kernel.customize import Upward
from maps.kernel.elimination import Int32s, Int64s, Topology
from maps.kernel.sweep import Entered
from maps.kernel.weight import INF, Weights


def shortest(
    topology: Topology,
    climbs: tuple[Upward, Upward],
    weights: tuple[Weights, Weights],
    source: Entered,
    target: Entered,
) -> tuple[int, Int64s]:
    """Return the weight of the cheapest way, and its nodes.

    Parameters
    ----------
    topology : Topology
    climbs : two Upward
        Forwards and backwards.
    weights : two (m, 2) int64
        The weights of the given arcs alone, and the basic ones.
    source, target : Entered
        One location each.

    Returns
    -------
    weight : int
        With those of the two entries; INF where there is no way.
    nodes : (length,) int64
        In the caller's numbering, from the source's entry to the target's; empty where there
        is no way.
    """
    parent = topology.parent
    nodes_up, weight_up, via_up = _climbed(climbs[0], parent, source.node, source.weight)
    nodes_down, weight_down, via_down = _climbed(climbs[1], parent, target.node, target.weight)
    weight, up, down = _met(nodes_up, weight_up, nodes_down, weight_down)
    if weight >= INF:
        return INF, np.empty(0, np.int64)
    chain = _chain(nodes_up, via_up, up)[::-1] + _chain(nodes_down, via_down, down)[1:]
    numbers = _unpacked(
        topology.first,
        topology.head,
        topology.below_first,
        topology.below,
        topology.tail,
        *weights,
        np.array(chain, np.int64),
    )
    return int(weight), topology.node[numbers].astype(np.int64)


def _chain(nodes: Int32s, via: Int32s, at: int) -> list[int]:
    """Return the nodes from one place of a climb back to where it was entered."""
    chain = []
    while at >= 0:
        chain.append(int(nodes[at]))
        at = int(via[at])
    return chain


@compiled
def _above(parent: Int32s, entry: Int32s) -> Int32s:
    """Return some nodes and all their ancestors, each once, the lowest first."""
    walker = entry.copy()
    # As long as most ways to the root; it doubles where there are more.
    nodes = np.empty(512, np.int32)
    count = 0
    while True:
        v = -1
        for at in walker:
            v = max(v, at)
        if v < 0:
            return nodes[:count].copy()
        for w in range(len(walker)):
            if walker[w] == v:
                walker[w] = parent[v]
        if count == len(nodes):
            longer = np.empty(2 * count, np.int32)
            longer[:count] = nodes
            nodes = longer
        nodes[count] = v
        count += 1


@compiled
def _climbed(
    climb: Upward, parent: Int32s, entry: Int32s, weight: Weights
) -> tuple[Int32s, Weights, Int32s]:
    """Return all nodes above some entries, the lowest first, their weights and predecessors."""
    nodes = _above(parent, entry)
    count = len(nodes)
    # Filled where it is read: all upper ends are among the nodes.
    place = np.empty(len(parent), np.int32)
    for at in range(count):
        place[nodes[at]] = at
    reached = np.full(count, INF, np.int64)
    via = np.full(count, -1, np.int32)
    for e in range(len(entry)):
        at = place[entry[e]]
        reached[at] = min(reached[at], weight[e])
    for at in range(count):
        if reached[at] >= INF:
            continue
        for arc in range(climb.first[nodes[at]], climb.first[nodes[at] + 1]):
            x = place[climb.head[arc]]
            further = reached[at] + climb.weight[arc]
            if further < reached[x]:
                reached[x] = further
                via[x] = at
    return nodes, reached, via


@compiled
def _met(
    nodes_up: Int32s, weight_up: Weights, nodes_down: Int32s, weight_down: Weights
) -> tuple[int, int, int]:
    """Return the least weight over a common node, and its places; both lists descend."""
    best = INF
    best_up = -1
    best_down = -1
    up = 0
    down = 0
    while up < len(nodes_up) and down < len(nodes_down):
        if nodes_up[up] > nodes_down[down]:
            up += 1
        elif nodes_up[up] < nodes_down[down]:
            down += 1
        else:
            weight = weight_up[up] + weight_down[down]
            if weight < best:
                best, best_up, best_down = weight, up, down
            up += 1
            down += 1
    return best, best_up, best_down


@compiled
def _arc(first: Int64s, head: Int32s, a: int, b: int) -> int:
    """Return the chordal arc between two nodes; -1 where there is none."""
    lower = max(a, b)
    upper = min(a, b)
    low, high = first[lower], first[lower + 1]
    while low < high:
        middle = (low + high) // 2
        if head[middle] < upper:
            low = middle + 1
        else:
            high = middle
    return low if low < first[lower + 1] and head[low] == upper else -1


@compiled
def _unpacked(
    first: Int64s,
    head: Int32s,
    below_first: Int64s,
    below: Int32s,
    tail: Int32s,
    given: Weights,
    basic: Weights,
    chain: Int64s,
) -> Int64s:
    """Return the nodes of the original arcs behind a chain of chordal ones."""
    nodes = [chain[0]]
    # What is still to do, the next on top: each entry leads on from the one above it.
    todo = list(chain[:0:-1])
    while len(todo) > 0:
        a = nodes[-1]
        b = todo[-1]
        arc = _arc(first, head, a, b)
        direction = 0 if a > b else 1
        weight = basic[arc, direction]
        middle = -1
        if given[arc, direction] != weight:
            size_a = below_first[a + 1] - below_first[a]
            size_b = below_first[b + 1] - below_first[b]
            near, far = (a, b) if size_a < size_b else (b, a)
            for at in range(below_first[near], below_first[near + 1]):
                side = below[at]
                other = _arc(first, head, tail[side], far)
                if other < 0:
                    continue
                if near == a:
                    total = basic[side, 1] + basic[other, 0]
                else:
                    total = basic[other, 1] + basic[side, 0]
                if total == weight:
                    middle = tail[side]
                    break
        if middle < 0:
            nodes.append(b)
            todo.pop()
        else:
            todo.append(np.int64(middle))
    return np.array(nodes)
