"""The part of a hierarchy that does not depend on weights: order, chordal fill, triangles.

Nodes are eliminated one by one, the least important first; eliminating one joins its remaining
neighbours to each other. The arcs of all these joins together are the *chordal* graph. How few
they are is decided by the order alone: minimum degree, as sparse matrix factorisations use it.

Each node's first remaining neighbour is its parent in the *elimination tree*, and all its
neighbours above are its ancestors there. Nodes are renumbered in pre-order of that tree: 0 is
the last one eliminated, a parent comes before its children, a subtree is one range of numbers.

Knows node numbers and arcs only. Imports numba: see `maps.kernel.compiled`.
"""

from typing import Any, NamedTuple, TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array, csc_array
from scipy.sparse.linalg import spilu

from maps.kernel.compiled import compiled
from maps.network import MapError

MAX_FILL = 40
"""Chordal arcs for each edge. Roads need 3 and their turns 5, those of a perfect chessboard of
10,000 crossings 19; a wrong order needs hundreds."""

MAX_TRIANGLES = 1_000_000_000
"""Two bytes each are kept, and a little more while they are made. A city has some ten million,
the turns of a perfect chessboard of 10,000 crossings 200 million."""

Int32s: TypeAlias = NDArray[np.int32]
Int64s: TypeAlias = NDArray[np.int64]


class Topology(NamedTuple):
    """The chordal graph of n nodes and m arcs, each of which stands for both directions.

    Attributes
    ----------
    number : (n,) int32
        A node's place in pre-order of the elimination tree.
    node : (n,) int32
        The node at each place; below, nodes are meant by their numbers.
    parent : (n,) int32
        -1 at a root.
    depth : (n,) int32
        0 at a root.
    levels : int
        Depths that occur.
    first : (n + 1,) int64
        The arcs from node v upwards are ``first[v]`` to ``first[v + 1]``.
    head : (m,) int32
        Their upper ends, ascending: the root's side first, the parent last.
    corner : (triangles,) uint16
        For each node, each pair i < j of its arcs: where the upper end of i stands among the
        upward arcs of the upper end of j. Ordered by node, j, i. The limit on the fill keeps
        every node's arcs far below 65,536.
    slot : (arcs,) int64
        Where each given arc's weight belongs: twice its chordal arc, and 1 more if it leads
        downwards; -1 for a loop.
    below_first : (n + 1,) int64
    below : (m,) int32
        The chordal arcs again, by their upper ends: those of node v are
        ``below[below_first[v]:below_first[v + 1]]``, ordered by their lower ends, descending.
    tail : (m,) int32
        Lower ends of the chordal arcs.
    edge_count : int
        Pairs of nodes that are joined by arcs in either direction.
    """

    number: Int32s
    node: Int32s
    parent: Int32s
    depth: Int32s
    levels: int
    first: Int64s
    head: Int32s
    corner: NDArray[np.uint16]
    slot: Int64s
    below_first: Int64s
    below: Int32s
    tail: Int32s
    edge_count: int


def eliminated(node_count: int, tail: Int64s, head: Int64s) -> Topology:
    """Return the chordal graph of some arcs.

    Parameters
    ----------
    node_count : int
    tail, head : (arcs,) int64
        Nodes, below the count; loops and parallel arcs may be among them.

    Raises
    ------
    MapError
        If the graph is unlike a road network, or so large and regular that the hierarchy
        would not fit into memory: past `MAX_FILL` or `MAX_TRIANGLES`.
    """
    loose = tail != head
    low, high = np.minimum(tail, head)[loose], np.maximum(tail, head)[loose]
    edges = np.unique(low * np.int64(node_count) + high)
    low, high = edges // max(node_count, 1), edges % max(node_count, 1)
    first, around, rank = _ordered(node_count, low, high)
    number, node, parent, depth = _numbered(first, around, rank)
    limit = MAX_FILL * len(edges)
    first, above = _filled(first, around, number, node, parent, limit)
    if len(above) > limit:
        raise MapError(
            f"a hierarchy over {node_count:,} nodes and {len(edges):,} edges would need more than "
            f"{MAX_FILL} arcs for each edge: this graph is no road network"
        )
    size = np.diff(first)
    triangles = int((size * (size - 1) // 2).sum())
    if triangles > MAX_TRIANGLES:
        raise MapError(
            f"a hierarchy over {node_count:,} nodes would need {triangles / 1e9:.1f} billion "
            "triangles, more than memory is meant for: cut a smaller map"
        )
    above, below_first, below, lower = _sorted(first, above)
    return Topology(
        number=number,
        node=node,
        parent=parent,
        depth=depth,
        levels=int(depth.max(initial=0)) + 1,
        first=first,
        head=above,
        corner=_corners(first, above),
        slot=_slots(lower, above, number, tail, head),
        below_first=below_first,
        below=below,
        tail=lower,
        edge_count=len(edges),
    )


def _ordered(node_count: int, low: Int64s, high: Int64s) -> tuple[Int64s, Int32s, Int32s]:
    """Return the neighbours of all nodes, each among its own, and the rank of elimination.

    SuperLU's column order is that rank; taking its inverse for the rank is the classic mistake
    and fills a city's graph with millions of arcs. The order is all we want: an incomplete
    factorisation that drops what it can costs half of a complete one.
    """
    diagonal = np.arange(node_count)
    rows = np.concatenate((low, high, diagonal))
    columns = np.concatenate((high, low, diagonal))
    # A dominant diagonal keeps SuperLU from pivoting away from the order.
    values = np.where(rows == columns, 2.0 * node_count, -1.0)
    shape = (node_count, node_count)
    matrix = csc_array(coo_array((values, (rows, columns)), shape=shape))
    first, around = matrix.indptr.astype(np.int64), matrix.indices.astype(np.int32)
    if not len(low):
        return first, around, diagonal.astype(np.int32)
    factors: Any = spilu(
        matrix,
        drop_tol=1.0,
        fill_factor=1,
        drop_rule="basic",
        permc_spec="MMD_AT_PLUS_A",
        diag_pivot_thresh=0,
        options={"SymmetricMode": True},
    )
    return first, around, factors.perm_c.astype(np.int32)


@compiled
def _numbered(first: Int64s, around: Int32s, rank: Int32s) -> tuple[Int32s, Int32s, Int32s, Int32s]:
    """Return number, node, parent and depth from the order of elimination.

    The tree is found without the fill, with shortcuts to the roots so far (Liu, *A compact row
    storage scheme for Cholesky factors using elimination trees*, doi 10.1145/6497.6499).
    """
    count = len(rank)
    ranked = np.empty(count, np.int32)
    for node in range(count):
        ranked[rank[node]] = node
    above = np.full(count, -1, np.int32)
    shortcut = np.full(count, -1, np.int32)
    for upper in range(count):
        node = ranked[upper]
        for arc in range(first[node], first[node + 1]):
            lower = rank[around[arc]]
            while lower < upper and lower >= 0:
                further = shortcut[lower]
                shortcut[lower] = upper
                if further < 0:
                    above[lower] = upper
                    break
                lower = further
    size = np.ones(count, np.int32)
    for lower in range(count):
        if above[lower] >= 0:
            size[above[lower]] += size[lower]
    place = np.empty(count, np.int32)
    free = np.empty(count, np.int32)
    parent = np.full(count, -1, np.int32)
    depth = np.zeros(count, np.int32)
    root = 0
    for lower in range(count - 1, -1, -1):
        upper = above[lower]
        if upper < 0:
            place[lower] = root
            root += size[lower]
        else:
            place[lower] = free[upper]
            free[upper] += size[lower]
            parent[place[lower]] = place[upper]
            depth[place[lower]] = depth[place[upper]] + 1
        free[lower] = place[lower] + 1
    number = np.empty(count, np.int32)
    inverse = np.empty(count, np.int32)
    for node in range(count):
        number[node] = place[rank[node]]
        inverse[number[node]] = node
    return number, inverse, parent, depth


@compiled
def _filled(
    first: Int64s, around: Int32s, number: Int32s, node: Int32s, parent: Int32s, limit: int
) -> tuple[Int64s, Int32s]:
    """Return the upward arcs of the chordal graph, each node's in any order.

    Stops at the first node with which they exceed the limit.
    """
    count = len(number)
    start = np.zeros(count, np.int64)
    size = np.zeros(count, np.int64)
    store = np.empty(len(around) * 2 + 16, np.int32)
    seen = np.full(count, -1, np.int32)
    child = np.full(count, -1, np.int32)
    sibling = np.full(count, -1, np.int32)
    used = 0
    for v in range(count - 1, -1, -1):
        if used + v > len(store):
            larger = np.empty(2 * len(store) + v, np.int32)
            larger[:used] = store[:used]
            store = larger
        start[v] = used
        for arc in range(first[node[v]], first[node[v] + 1]):
            x = number[around[arc]]
            if x < v and seen[x] != v:
                seen[x] = v
                store[used] = x
                used += 1
        below = child[v]
        while below >= 0:
            for arc in range(start[below], start[below] + size[below]):
                x = store[arc]
                if x < v and seen[x] != v:
                    seen[x] = v
                    store[used] = x
                    used += 1
            below = sibling[below]
        size[v] = used - start[v]
        if parent[v] >= 0:
            sibling[v] = child[parent[v]]
            child[parent[v]] = v
        if used > limit:
            break
    upward = np.zeros(count + 1, np.int64)
    head = np.empty(used, np.int32)
    for v in range(count):
        upward[v + 1] = upward[v] + size[v]
        head[upward[v] : upward[v + 1]] = store[start[v] : start[v] + size[v]]
    return upward, head


@compiled
def _corners(first: Int64s, head: Int32s) -> NDArray[np.uint16]:
    """Return `Topology.corner`, found by walking along two sorted lists at once."""
    total = 0
    for v in range(len(first) - 1):
        degree = first[v + 1] - first[v]
        total += degree * (degree - 1) // 2
    corner = np.empty(total, np.uint16)
    done = 0
    for v in range(len(first) - 1):
        for j in range(first[v], first[v + 1]):
            base = first[head[j]]
            at = base
            for i in range(first[v], j):
                while head[at] < head[i]:
                    at += 1
                corner[done] = at - base
                done += 1
    return corner


@compiled
def _sorted(first: Int64s, head: Int32s) -> tuple[Int32s, Int64s, Int32s, Int32s]:
    """Return `Topology.head`, `below_first`, `below` and `tail`, by two bucket sorts."""
    count = len(first) - 1
    below_first = np.zeros(count + 1, np.int64)
    for upper in head:
        below_first[upper + 1] += 1
    for v in range(count):
        below_first[v + 1] += below_first[v]
    free = below_first.copy()
    lower = np.empty(len(head), np.int32)
    for v in range(count - 1, -1, -1):
        for arc in range(first[v], first[v + 1]):
            lower[free[head[arc]]] = v
            free[head[arc]] += 1
    free[:] = first
    ascending = np.empty(len(head), np.int32)
    below = np.empty(len(head), np.int32)
    tail = np.empty(len(head), np.int32)
    for upper in range(count):
        for at in range(below_first[upper], below_first[upper + 1]):
            v = lower[at]
            arc = free[v]
            free[v] += 1
            ascending[arc] = upper
            tail[arc] = v
            below[at] = arc
    return ascending, below_first, below, tail


def _slots(lower: Int32s, upper: Int32s, number: Int32s, tail: Int64s, head: Int64s) -> Int64s:
    """Return `Topology.slot`."""
    a, b = number[tail].astype(np.int64), number[head].astype(np.int64)
    count = max(len(number), 1)
    arc = np.searchsorted(
        lower * np.int64(count) + upper, np.maximum(a, b) * count + np.minimum(a, b)
    )
    return np.where(a == b, -1, 2 * arc + (a < b))
