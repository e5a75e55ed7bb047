"""Many-to-many searches over a customized hierarchy, many lanes at a time.

One side of a matrix, the *rows*, is prepared once: the part of the graph that can be reached by
climbing from its nodes is copied, in pre-order of the elimination tree. The other side's
locations are taken some at a time, each a *lane*. Every lane climbs alone, which touches a few
hundred nodes. Then one pass over the prepared part carries the weights of all lanes down, from
each node's upper neighbours to itself: plain additions and minima over rows of lanes, which the
compiler turns into vector instructions.

A node's upper neighbours are its ancestors, and in pre-order all that was visited since an
ancestor lies below it. So the weights need one row of lanes for each depth, not for each node,
and the pass works in the processor's own cache.

Imports numba: see `maps.kernel.compiled`.
"""

from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from maps.kernel.compiled import compiled
from maps.kernel.customize import Upward
from maps.kernel.elimination import Int32s, Int64s
from maps.kernel.weight import DISTANCE_BITS, DISTANCE_MASK, INF, TIME_MASK, Weights

LANES = 64
"""Lanes in one pass: a row of them is eight cache lines, and the rows of all depths fit L2."""

_THOUSAND = np.float32(1000.0)
_TEN = np.float32(10.0)
_NEVER = np.float32(np.inf)


class Entered(NamedTuple):
    """Locations by the numbers of the nodes where they are entered.

    Attributes
    ----------
    first : (l + 1,) int64
    node : (e,) int32, numbers
    weight : (e,) int64, below INF
    """

    first: Int64s
    node: Int32s
    weight: Weights


class Prepared(NamedTuple):
    """The part of a graph that the rows need: k nodes in pre-order, a arcs upwards.

    Attributes
    ----------
    place : (n,) int32
        A node's place among the k; -1 outside.
    depth : (k,) int32
        In the elimination tree.
    keep : (k,) int32
        Where a row's node puts its weights; -1 where no row enters.
    kept : int
        How many do.
    first : (k + 1,) int64
    head : (a,) int32
        Depth of an arc's upper end.
    weight : (a,) int64
    row_first : (r + 1,) int64
    row_keep : (e,) int32
        Which of the kept weights a row's entries take.
    row_weight : (e,) int64
    """

    place: Int32s
    depth: Int32s
    keep: Int32s
    kept: int
    first: Int64s
    head: Int32s
    weight: Weights
    row_first: Int64s
    row_keep: Int32s
    row_weight: Weights


class Found(NamedTuple):
    """What the climbs of one pass's lanes found: a linked list for each of the k nodes.

    Attributes
    ----------
    latest : (k,) int32
        The last link of each node's list; -1 at its end.
    before, lane : (links,) int32
    weight : (links,) int64
    reached : (n,) int64
        For a climb's own use; INF everywhere between climbs.
    walker : (entries,) int32
        The same.
    """

    latest: Int32s
    before: Int32s
    lane: Int32s
    weight: Weights
    reached: Weights
    walker: Int32s


@compiled
def prepared(climb: Upward, depth: Int32s, rows: Entered) -> Prepared:
    """Return the part of a graph above some rows.

    Parameters
    ----------
    climb : Upward
        In the rows' own direction: forwards where they are sources.
    depth : (n,) int32
        In the elimination tree.
    rows : Entered
    """
    count = len(depth)
    entered = np.zeros(count, np.bool_)
    for node in rows.node:
        entered[node] = True
    needed = entered.copy()
    nodes = 0
    arcs = 0
    for v in range(count - 1, -1, -1):
        if needed[v]:
            nodes += 1
            arcs += climb.first[v + 1] - climb.first[v]
            for arc in range(climb.first[v], climb.first[v + 1]):
                needed[climb.head[arc]] = True
    place = np.full(count, -1, np.int32)
    own_depth = np.empty(nodes, np.int32)
    keep = np.full(nodes, -1, np.int32)
    first = np.zeros(nodes + 1, np.int64)
    head = np.empty(arcs, np.int32)
    weight = np.empty(arcs, np.int64)
    nodes = 0
    arcs = 0
    kept = 0
    for v in range(count):
        if not needed[v]:
            continue
        place[v] = nodes
        own_depth[nodes] = depth[v]
        if entered[v]:
            keep[nodes] = kept
            kept += 1
        for arc in range(climb.first[v], climb.first[v + 1]):
            head[arcs] = depth[climb.head[arc]]
            weight[arcs] = climb.weight[arc]
            arcs += 1
        nodes += 1
        first[nodes] = arcs
    row_keep = np.empty(len(rows.node), np.int32)
    for entry in range(len(rows.node)):
        row_keep[entry] = keep[place[rows.node[entry]]]
    return Prepared(
        place, own_depth, keep, kept, first, head, weight, rows.first, row_keep, rows.weight
    )


@compiled
def sweep(
    part: Prepared,
    climb: Upward,
    parent: Int32s,
    lanes: Entered,
    span: tuple[int, int, int, int],
    result: tuple[NDArray[np.float32], NDArray[np.float32], Weights],
) -> None:
    """Fill some columns of a matrix.

    Parameters
    ----------
    part : Prepared
        The rows.
    climb : Upward
        In the lanes' direction, the other one than the rows'.
    parent : (n,) int32
        The elimination tree.
    lanes : Entered
        All columns.
    span : four int
        Lanes from (inclusive) and to (exclusive), lanes in one pass, levels of the tree.
    result : (rows, columns) float32, float32 and int64
        Seconds, metres and packed weights; each is left alone where it has no rows.
    """
    begin, end, width, levels = span
    entries = 1
    for lane in range(begin, end):
        entries = max(entries, lanes.first[lane + 1] - lanes.first[lane])
    longest = min(len(parent), entries * levels)
    found = Found(
        np.full(len(part.depth), -1, np.int32),
        np.empty(longest * width, np.int32),
        np.empty(longest * width, np.int32),
        np.empty(longest * width, np.int64),
        np.full(len(parent), INF, np.int64),
        np.empty(entries, np.int32),
    )
    stack = np.empty((levels, width), np.int64)
    kept = np.empty((part.kept, width), np.int64)
    for low in range(begin, end, width):
        high = min(low + width, end)
        links = 0
        for lane in range(low, high):
            links = _climbed(climb, parent, lanes, lane, lane - low, part.place, found, links)
        _descend(part, found, stack, kept)
        _write(part, kept, low, high, result)


@compiled
def _climbed(
    climb: Upward,
    parent: Int32s,
    lanes: Entered,
    location: int,
    lane: int,
    place: Int32s,
    found: Found,
    links: int,
) -> int:
    """Put the weights of all needed nodes above one location into the lists; return their length.

    Nodes are settled from the bottom up, along the tree's paths from all entries at once: the
    lowest of the walkers goes next.
    """
    reached, walker = found.reached, found.walker
    begin = lanes.first[location]
    count = lanes.first[location + 1] - begin
    for w in range(count):
        node = lanes.node[begin + w]
        walker[w] = node
        reached[node] = min(reached[node], lanes.weight[begin + w])
    while True:
        v = -1
        for w in range(count):
            v = max(v, walker[w])
        if v < 0:
            return links
        for w in range(count):
            if walker[w] == v:
                walker[w] = parent[v]
        weight = reached[v]
        reached[v] = INF
        if weight >= INF:
            continue
        at = place[v]
        if at >= 0:
            found.lane[links] = lane
            found.weight[links] = weight
            found.before[links] = found.latest[at]
            found.latest[at] = links
            links += 1
        for arc in range(climb.first[v], climb.first[v + 1]):
            x = climb.head[arc]
            reached[x] = min(reached[x], weight + climb.weight[arc])


@compiled
def _descend(part: Prepared, found: Found, stack: Weights, kept: Weights) -> None:
    """Carry the weights of all lanes from the top to the rows' nodes; empty the lists."""
    width = stack.shape[1]
    row = np.empty(width, np.int64)
    for v in range(len(part.depth)):
        arc, end = part.first[v], part.first[v + 1]
        # Two arcs at a time, so that the row is loaded and stored half as often.
        if (end - arc) % 2:
            above = stack[part.head[arc]]
            more = part.weight[arc]
            for z in range(width):
                row[z] = min(INF, above[z] + more)
            arc += 1
        else:
            for z in range(width):
                row[z] = INF
        while arc < end:
            above, beside = stack[part.head[arc]], stack[part.head[arc + 1]]
            more, extra = part.weight[arc], part.weight[arc + 1]
            for z in range(width):
                row[z] = min(row[z], above[z] + more, beside[z] + extra)
            arc += 2
        link = found.latest[v]
        found.latest[v] = -1
        while link >= 0:
            lane = found.lane[link]
            row[lane] = min(row[lane], found.weight[link])
            link = found.before[link]
        own = part.depth[v]
        for z in range(width):
            stack[own, z] = row[z]
        keep = part.keep[v]
        if keep >= 0:
            for z in range(width):
                kept[keep, z] = row[z]


@compiled
def _write(
    part: Prepared,
    kept: Weights,
    low: int,
    high: int,
    result: tuple[NDArray[np.float32], NDArray[np.float32], Weights],
) -> None:
    """Write the columns of one pass: for each row the best of its entries.

    The same as `maps.kernel.weight.unpacked` for the whole, but while the weights are at hand.
    """
    time_s, distance_m, exact = result
    width = kept.shape[1]
    row = np.empty(width, np.int64)
    seconds = np.empty(width, np.float32)
    metres = np.empty(width, np.float32)
    for r in range(len(part.row_first) - 1):
        for z in range(width):
            row[z] = INF
        for entry in range(part.row_first[r], part.row_first[r + 1]):
            weights = kept[part.row_keep[entry]]
            more = part.row_weight[entry]
            for z in range(width):
                row[z] = min(row[z], weights[z] + more)
        if len(exact) > 0:
            for z in range(high - low):
                exact[r, low + z] = row[z]
        if len(time_s) > 0:
            for z in range(width):
                value = np.float32(np.int32((row[z] >> DISTANCE_BITS) & TIME_MASK))
                seconds[z] = value / _THOUSAND if row[z] < INF else _NEVER
            for z in range(width):
                value = np.float32(np.int32(row[z] & DISTANCE_MASK))
                metres[z] = value / _TEN if row[z] < INF else _NEVER
            for z in range(high - low):
                time_s[r, low + z] = seconds[z]
                distance_m[r, low + z] = metres[z]
