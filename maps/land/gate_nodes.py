"""Gates bind roads: whom a gate does not admit is stopped where it stands.

The tags of a barrier stop modes on its node already, and a gate that was found there has just
the modes that are left. A gate from a file may have fewer, so it stops the others:

- Only at nodes, as roads are cut nowhere else: a gate where a road just crosses a boundary has
  one only if there happens to be a junction. Elsewhere its modes say who is led to it, and the
  road stays as it is.
- Only modes that could pass: two roads there are open to them outside of hours.
- Where three roads or more meet, only if just one road that the mode may use lies outside the
  compound: else it may pass by without passing the gate.
- What is stopped stays so. A gate from a file opens nothing that a tag shuts, nor what an
  earlier correction shut: that takes the map as it was built from OpenStreetMap.
"""

from collections.abc import Collection, Sequence

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.compounds import Compound
from maps.earth import LocalProjection
from maps.network import RoadNetwork
from maps.profiles import MODES

AT_NODE_M = 1.0
"""A gate this near to a node stands on it."""


def blocked_by_gates(
    network: RoadNetwork,
    compounds: Sequence[Compound],
    projection: LocalProjection,
    tree: shapely.STRtree,
    behind: Collection[tuple[int, int]],
) -> NDArray[np.bool_]:
    """Return whom the nodes of a network stop, its own blocks and those of gates.

    Parameters
    ----------
    network : RoadNetwork
    compounds : sequence of Compound
    projection : LocalProjection
    tree : shapely.STRtree
        Of all edges as lines in metres.
    behind : collection of (compound, edge)
        Indices of which edges lie in which compounds, nested ones included.

    Returns
    -------
    (M, N) bool
        As `maps.network.RoadNetwork.node_blocked`. Several gates of a compound at one node
        admit what any of them does.
    """
    blocked = network.node_blocked.copy()
    is_open: NDArray[np.bool_] = np.any(network.speed_kmh > 0, axis=2)
    for (owner, node), (admitted, edges) in _at_nodes(network, compounds, projection, tree).items():
        usable = is_open[network.tag_set[edges]]
        outside = np.array([(owner, edge) not in behind for edge in edges])
        for index, mode in enumerate(MODES):
            can_pass = np.count_nonzero(usable[:, index]) > 1
            passes_it = len(edges) <= 2 or usable[outside, index].sum() == 1  # noqa: PLR2004
            if mode not in admitted and can_pass and passes_it:
                blocked[index, node] = True
    return blocked


def _at_nodes(
    network: RoadNetwork,
    compounds: Sequence[Compound],
    projection: LocalProjection,
    tree: shapely.STRtree,
) -> dict[tuple[int, int], tuple[set[str], list[int]]]:
    """Return the modes that a compound's gates at a node admit, and the edges that end there.

    By index of the compound and of the node; an edge that begins and ends there is twice in it.
    """
    gates = [(owner, gate) for owner, compound in enumerate(compounds) for gate in compound.gates]
    xy = projection.xy([gate.lat for _, gate in gates], [gate.lon for _, gate in gates])
    # Whatever ends at a node within reach is itself within reach.
    at, edge = tree.query(shapely.points(xy), predicate="dwithin", distance=AT_NODE_M)
    admitted: dict[tuple[int, int], set[str]] = {}
    ends: dict[tuple[int, int], set[tuple[int, int]]] = {}
    for side, nodes in enumerate((network.tail[edge], network.head[edge])):
        node_xy = projection.xy(network.node_lat[nodes], network.node_lon[nodes])
        is_there = np.hypot(*(node_xy - xy[at]).T) <= AT_NODE_M
        there = (part[is_there].tolist() for part in (at, edge, nodes))
        for gate, road, node in zip(*there, strict=True):
            key = gates[gate][0], node
            admitted.setdefault(key, set()).update(gates[gate][1].modes)
            ends.setdefault(key, set()).add((road, side))
    return {key: (admitted[key], [road for road, _ in sorted(ends[key])]) for key in admitted}
