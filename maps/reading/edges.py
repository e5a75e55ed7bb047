"""Ways cut at junctions into the edges of a network.

All ways are handled as one long array of places, so that a city takes milliseconds.
"""

from collections import Counter
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps.earth import haversine_m
from maps.reading.drawn import Nodes, Ways


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Edges:
    """The columns of `maps.network.RoadNetwork` that have one row per node, edge or shape point."""

    node_id: NDArray[np.int64]
    node_lat: NDArray[np.float64]
    node_lon: NDArray[np.float64]
    node_blocked: NDArray[np.bool_]
    tail: NDArray[np.int32]
    head: NDArray[np.int32]
    way_id: NDArray[np.int64]
    length_dm: NDArray[np.int32]
    tag_set: NDArray[np.int32]
    shape_start: NDArray[np.int64]
    shape_lat: NDArray[np.float64]
    shape_lon: NDArray[np.float64]


@dataclass(frozen=True, slots=True)
class _Chain:
    """All ways one after the other, cut where a node is missing; P places in all.

    ``run`` numbers the unbroken stretches: two neighbours in the chain belong
    together only if they have the same run.
    """

    node: NDArray[np.int64]
    way: NDArray[np.int64]
    run: NDArray[np.int64]


def cut(ways: Ways, nodes: Nodes, repairs: Counter[str]) -> Edges:
    """Cut ways at junctions, ends and barriers.

    The edges of a way stand next to each other in the order of its drawing, ways in the
    order of their ids. A way breaks where a node is missing. A road that leads back to where
    it began gets a node half way, so that no edge is a loop; no edge is shorter than a
    decimetre.

    Parameters
    ----------
    ways : Ways
    nodes : Nodes
        Others than those of the ways do no harm.
    repairs : Counter
        What was mended is added to it.
    """
    chain = _chain(ways, nodes, repairs)
    run_starts = np.ones(len(chain.run), dtype=np.bool_)
    run_starts[1:] = chain.run[1:] != chain.run[:-1]
    is_junction = _junctions(chain, nodes, run_starts)
    first, last = _pieces(chain, is_junction)
    loops = chain.node[first] == chain.node[last]
    repairs["roads back to their own start, cut in two"] += int(loops.sum())
    is_junction[chain.node[(first[loops] + last[loops]) // 2]] = True
    first, last = _pieces(chain, is_junction)

    lat, lon = nodes.lat[chain.node], nodes.lon[chain.node]
    steps = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    along = np.concatenate(([0.0], np.cumsum(np.where(run_starts[1:], 0.0, steps))))
    length_dm = np.rint((along[last] - along[first]) * 10.0)
    repairs["roads of no length, made a decimetre long"] += int((length_dm < 1).sum())

    sizes = last - first + 1
    shape_start = np.concatenate(([0], np.cumsum(sizes)))
    shape = np.arange(shape_start[-1]) + np.repeat(first - shape_start[:-1], sizes)
    junctions = np.flatnonzero(is_junction)
    number = np.cumsum(is_junction) - 1
    return Edges(
        node_id=nodes.node_id[junctions],
        node_lat=nodes.lat[junctions],
        node_lon=nodes.lon[junctions],
        node_blocked=np.ascontiguousarray(nodes.blocked[junctions].T),
        tail=number[chain.node[first]].astype(np.int32),
        head=number[chain.node[last]].astype(np.int32),
        way_id=ways.way_id[chain.way[first]],
        length_dm=np.maximum(length_dm, 1.0).astype(np.int32),
        tag_set=ways.tag_set[chain.way[first]],
        shape_start=shape_start,
        shape_lat=lat[shape],
        shape_lon=lon[shape],
    )


def _chain(ways: Ways, nodes: Nodes, repairs: Counter[str]) -> _Chain:
    """Join all ways into one chain, without missing nodes, repeated nodes and lone places."""
    way = np.repeat(np.arange(len(ways.way_id)), ways.ref_count)
    if len(nodes.node_id) == 0:
        empty = np.empty(0, dtype=np.int64)
        return _Chain(empty, empty, empty)
    node = np.minimum(np.searchsorted(nodes.node_id, ways.refs), len(nodes.node_id) - 1)
    present = nodes.node_id[node] == ways.refs
    starts = np.ones(len(way), dtype=np.bool_)
    starts[1:] = (way[1:] != way[:-1]) | ~present[:-1]
    run = np.cumsum(starts)
    repeated = np.zeros(len(way), dtype=np.bool_)
    repeated[1:] = (node[1:] == node[:-1]) & ~starts[1:] & present[1:]
    keep = present & ~repeated
    long_enough = np.bincount(run[keep], minlength=len(way) + 1) > 1
    keep &= long_enough[run]
    repairs["ways with missing nodes, cut there"] += len(np.unique(way[~present]))
    repairs["nodes repeated in a way"] += int(repeated.sum())
    repairs["ways with fewer than two nodes, ignored"] += len(ways.way_id) - len(
        np.unique(way[keep])
    )
    return _Chain(node=node[keep], way=way[keep], run=run[keep])


def _junctions(chain: _Chain, nodes: Nodes, run_starts: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Say of each node whether roads meet, end or pass a barrier there."""
    uses = np.bincount(chain.node, minlength=len(nodes.node_id))
    is_junction = (uses > 1) | (nodes.is_barrier & (uses > 0))
    is_junction[chain.node[run_starts | np.roll(run_starts, -1)]] = True
    return is_junction


def _pieces(
    chain: _Chain, is_junction: NDArray[np.bool_]
) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return the places in the chain where each edge begins and ends."""
    cuts = np.flatnonzero(is_junction[chain.node])
    whole = chain.run[cuts[:-1]] == chain.run[cuts[1:]]
    return cuts[:-1][whole], cuts[1:][whole]
