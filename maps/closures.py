"""Streets, areas and gates that nobody passes for a while, as parts of a road network.

A closure changes no map: it names edges that no way uses and gates that nobody gets through,
and `maps.graph` gives those moves the weight of no way. What is closed has the attributes of
`ClosureLike`, whoever's class it is.
"""

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.compounds import Compound
from maps.earth import Floats, haversine_m
from maps.kernel.entries import Ints
from maps.network import RoadNetwork

Flags: TypeAlias = NDArray[np.bool_]

GATE_NODE_M = 50.0
"""A gate that is no node of the map is closed at the nearest way in within this, metres."""

_WAY = re.compile(r"(?:way/|w)?(\d+)")
_NODE = re.compile(r"(?:node/|n)?(\d+)")


class ClosureLike(Protocol):
    """What is closed.

    STREET: ``ref`` is the OSM id of a way, ``way/42``, ``w42`` or ``42``. AREA: ``ring`` holds
    its corners. GATE: ``ref`` is the id of a compound, of one of its gates, or of a node.
    """

    @property
    def kind(self) -> str:
        """STREET, AREA or GATE."""

    @property
    def ref(self) -> str:
        """Empty for an area."""

    @property
    def ring(self) -> Sequence[tuple[float, float]]:
        """(lat, lon) in degrees, in order; empty for all but areas."""


Key: TypeAlias = tuple[str, str, tuple[tuple[float, float], ...]]


def key_of(closures: Iterable[ClosureLike]) -> frozenset[Key]:
    """Return what is equal for closures of the same things."""
    return frozenset(
        (str(closure.kind), closure.ref, tuple((lat, lon) for lat, lon in closure.ring))
        for closure in closures
    )


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Closed:
    """What closures close on one network of E edges.

    Attributes
    ----------
    edge : (E,) bool
        Edges that no way uses.
    gate_node, gate_compound : (g,) int64
        Nodes that nobody passes, and the number of the compound that is entered there; -1 for
        none.
    gates : frozenset of (str, str)
        Compound and gate, by their ids, by which nobody gets in.
    areas : tuple of shapely.Polygon
        Of (lon, lat).
    unknown : frozenset of Key
        Closures that close nothing on this map.
    """

    edge: Flags
    gate_node: Ints
    gate_compound: Ints
    gates: frozenset[tuple[str, str]]
    areas: tuple[shapely.Polygon, ...]
    unknown: frozenset[Key]

    @classmethod
    def on(cls, network: RoadNetwork, closures: Iterable[Key]) -> "Closed":
        """Find closures on a network."""
        edge = np.zeros(network.edge_count, np.bool_)
        nodes: list[tuple[int, int]] = []
        gates: set[tuple[str, str]] = set()
        areas: list[shapely.Polygon] = []
        unknown: set[Key] = set()
        for closure in sorted(closures):
            kind, ref, ring = closure
            if kind == "AREA":
                areas.append(_area(ring))
                edge |= _crossed(network, areas[-1])
                is_known = _is_on(network, areas[-1])
            elif kind == "STREET":
                found = _way(network, ref)
                edge |= found
                is_known = bool(found.any())
            else:
                its_gates, its_nodes = _gate(network, ref)
                gates |= its_gates
                nodes += its_nodes
                is_known = bool(its_gates or its_nodes)
            if not is_known:
                unknown.add(closure)
        columns = np.array(nodes, dtype=np.int64).reshape(-1, 2)
        return cls(
            edge=edge,
            gate_node=columns[:, 0],
            gate_compound=columns[:, 1],
            gates=frozenset(gates),
            areas=tuple(areas),
            unknown=frozenset(unknown),
        )

    def holds(self, lat: Floats, lon: Floats) -> Flags:
        """Say which points lie in a closed area, (n,) bool."""
        inside = np.zeros(len(lat), np.bool_)
        for area in self.areas:
            inside |= shapely.intersects_xy(area, lon, lat)
        return inside

    def at_gates(self, node: Ints, compound: Ints) -> Flags:
        """Say which arcs may not be used at the end that lies at a node.

        Where a compound is entered there it is its own arcs; the street before it stays open.

        Parameters
        ----------
        node : (arcs,) int64
            At which an arc ends, or begins.
        compound : (arcs,) int64
            Number of the compound that it lies in; -1 for none.
        """
        shut = np.zeros(len(node), np.bool_)
        for at, entered in zip(self.gate_node.tolist(), self.gate_compound.tolist(), strict=True):
            here = node == at
            shut |= here & (compound == entered) if entered >= 0 else here
        return shut


def _area(ring: Sequence[tuple[float, float]]) -> shapely.Polygon:
    # A drawn line that crosses itself still means what it goes around.
    return shapely.make_valid(shapely.Polygon([(lon, lat) for lat, lon in ring]))


def _crossed(network: RoadNetwork, area: shapely.Polygon) -> Flags:
    """Say which edges touch an area."""
    west, south, east, north = area.bounds
    starts = network.shape_start[:-1]
    beside = (
        (np.maximum.reduceat(network.shape_lat, starts) < south)
        | (np.minimum.reduceat(network.shape_lat, starts) > north)
        | (np.maximum.reduceat(network.shape_lon, starts) < west)
        | (np.minimum.reduceat(network.shape_lon, starts) > east)
    )
    crossed: Flags = ~beside
    for edge in np.flatnonzero(crossed).tolist():
        shape = slice(network.shape_start[edge], network.shape_start[edge + 1])
        points = np.column_stack((network.shape_lon[shape], network.shape_lat[shape]))
        crossed[edge] = bool(shapely.intersects(shapely.linestrings(points), area))
    return crossed


def _is_on(network: RoadNetwork, area: shapely.Polygon) -> bool:
    """Say whether an area touches the rectangle that holds all roads."""
    lat, lon = network.shape_lat, network.shape_lon
    return len(lat) > 0 and bool(
        shapely.intersects(area, shapely.box(lon.min(), lat.min(), lon.max(), lat.max()))
    )


def _way(network: RoadNetwork, ref: str) -> Flags:
    """Say which edges belong to a way."""
    found = _WAY.fullmatch(ref)
    if found is None:
        return np.zeros(network.edge_count, np.bool_)
    flags: Flags = network.way_id == int(found[1])
    return flags


def _gate(network: RoadNetwork, ref: str) -> tuple[set[tuple[str, str]], list[tuple[int, int]]]:
    """Return the gates that a reference means, and the nodes where they stand."""
    gates: set[tuple[str, str]] = set()
    nodes: list[tuple[int, int]] = []
    for number, compound in enumerate(network.compounds):
        if compound.id == ref:
            gates |= {(compound.id, gate.id) for gate in compound.gates}
            nodes += [(node, number) for node in _ways_in(network, number).tolist()]
            # Land whose roads are not on the map is closed all the same.
            gates.add((compound.id, ""))
        elif any(gate.id == ref for gate in compound.gates):
            gates.add((compound.id, ref))
            nodes += [(node, number) for node in _stands_at(network, compound, number, ref)]
    node = _node(network, ref)
    if node >= 0 and not nodes:
        nodes.append((node, -1))
    return gates, nodes


def _node(network: RoadNetwork, ref: str) -> int:
    """Return the index of a node by its OSM id; -1 where there is none."""
    found = _NODE.fullmatch(ref)
    if found is None:
        return -1
    at = int(np.searchsorted(network.node_id, int(found[1])))
    is_there = at < network.node_count and network.node_id[at] == int(found[1])
    return at if is_there else -1


def _stands_at(network: RoadNetwork, compound: Compound, number: int, ref: str) -> list[int]:
    """Return the node of a gate: its own, else the way in that is nearest to it."""
    [gate] = [gate for gate in compound.gates if gate.id == ref][:1]
    ways_in = _ways_in(network, number)
    own = _node(network, ref)
    if own in ways_in.tolist():
        return [own]
    if not len(ways_in):
        return []
    away_m = haversine_m(gate.lat, gate.lon, network.node_lat[ways_in], network.node_lon[ways_in])
    nearest = int(np.argmin(away_m))
    return [int(ways_in[nearest])] if away_m[nearest] <= GATE_NODE_M else []


def _ways_in(network: RoadNetwork, number: int) -> Ints:
    """Return the nodes where a compound's own edges meet others, ascending."""
    ends = np.stack((network.tail, network.head)).astype(np.int64)
    own = np.unique(ends[:, network.compound == number])
    others = np.unique(ends[:, network.compound != number])
    return np.intersect1d(own, others)
