"""Road networks as arrays, built without a file, for tests."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise

import numpy as np

from maps.compounds import Compound
from maps.earth import METRES_PER_DEGREE
from maps.network import ALWAYS, RoadNetwork
from maps.profiles import MODES

Ban = tuple[Sequence[int], Sequence[str]]
"""Arcs that may not be driven one after the other, and whom that binds."""


@dataclass(frozen=True)
class Kind:
    """A combination of tags: km/h along and against for each mode that may use it."""

    kmh: Mapping[str, tuple[float, float]]
    private: Sequence[str] = ()


@dataclass(frozen=True)
class Road:
    """An edge between two nodes; its length is that of the straight line unless given."""

    tail: int
    head: int
    kind: int = 0
    length_dm: int | None = None
    via: tuple[tuple[float, float], ...] = ()
    compound: int = -1


@dataclass(frozen=True)
class Plan:
    """A network in a few words; metres east and north of nowhere in particular."""

    nodes: Sequence[tuple[float, float]]
    roads: Sequence[Road]
    kinds: Sequence[Kind]
    bans: Sequence[Ban] = ()
    blocked: Sequence[tuple[str, int]] = ()
    compounds: tuple[Compound, ...] = field(default=())

    def network(self) -> RoadNetwork:
        """Return the arrays."""
        shapes = [
            np.array([self.nodes[road.tail], *road.via, self.nodes[road.head]])
            for road in self.roads
        ]
        metres = [np.hypot(*np.diff(shape, axis=0).T).sum() for shape in shapes]
        points = np.concatenate(shapes) / METRES_PER_DEGREE
        nodes = np.array(self.nodes, dtype=np.float64) / METRES_PER_DEGREE
        lengths = [
            max(round(10 * length), 1) if road.length_dm is None else road.length_dm
            for road, length in zip(self.roads, metres, strict=True)
        ]
        kmh = [[kind.kmh.get(mode, (0, 0)) for mode in MODES] for kind in self.kinds]
        blocked = np.zeros((len(MODES), len(nodes)), dtype=np.bool_)
        for mode, node in self.blocked:
            blocked[MODES.index(mode), node] = True
        sizes = [len(arcs) for arcs, _ in self.bans]
        return RoadNetwork(
            node_id=np.arange(len(nodes), dtype=np.int64),
            node_lat=nodes[:, 1].copy(),
            node_lon=nodes[:, 0].copy(),
            node_blocked=blocked,
            tail=np.array([road.tail for road in self.roads], dtype=np.int32),
            head=np.array([road.head for road in self.roads], dtype=np.int32),
            way_id=np.arange(len(self.roads), dtype=np.int64),
            length_dm=np.array(lengths, dtype=np.int32),
            tag_set=np.array([road.kind for road in self.roads], dtype=np.int32),
            shape_start=np.cumsum([0, *map(len, shapes)], dtype=np.int64),
            shape_lat=points[:, 1].copy(),
            shape_lon=points[:, 0].copy(),
            speed_kmh=np.array(kmh, dtype=np.float32),
            rank=np.zeros(len(self.kinds), dtype=np.uint8),
            is_private=np.array([[mode in kind.private for mode in MODES] for kind in self.kinds]),
            hours_tag_set=np.empty(0, dtype=np.int32),
            hours_minute=np.empty((0, 2), dtype=np.int32),
            hours_speed_kmh=np.empty((0, len(MODES), 2), dtype=np.float32),
            ban_start=np.cumsum([0, *sizes], dtype=np.int64),
            ban_arc=np.array([arc for arcs, _ in self.bans for arc in arcs], dtype=np.int32),
            ban_mode=np.array(
                [[mode in modes for mode in MODES] for _, modes in self.bans], dtype=np.bool_
            ).reshape(-1, len(MODES)),
            ban_minute=np.array([ALWAYS] * len(self.bans), dtype=np.int32).reshape(-1, 2),
            compound=np.array([road.compound for road in self.roads], dtype=np.int32),
            compounds=self.compounds,
            repairs={},
        )


def cut_out(network: RoadNetwork, *, share: float) -> RoadNetwork:
    """Return the edges in the middle of a network, that share of them in each direction."""
    ends = np.stack((network.tail, network.head))
    kept = np.ones(network.edge_count, dtype=np.bool_)
    for values in (network.node_lat, network.node_lon):
        low, high = np.quantile(values, [(1 - share) / 2, (1 + share) / 2])
        kept &= ((values[ends] >= low) & (values[ends] <= high)).all(axis=0)
    edges = np.flatnonzero(kept)
    number = np.cumsum(kept) - 1
    sizes = np.diff(network.shape_start)[edges]
    shape_start = np.concatenate(([0], np.cumsum(sizes)))
    shape = np.arange(shape_start[-1]) + np.repeat(
        network.shape_start[edges] - shape_start[:-1], sizes
    )
    bans = [
        (network.ban_arc[start:end], ban)
        for ban, (start, end) in enumerate(pairwise(network.ban_start.tolist()))
        if kept[network.ban_arc[start:end] >> 1].all()
    ]
    arcs = np.concatenate([np.empty(0, np.int32), *(arcs for arcs, _ in bans)])
    chosen = np.array([ban for _, ban in bans], dtype=np.int64)
    return replace(
        network,
        **{
            name: getattr(network, name)[edges]
            for name in ("tail", "head", "way_id", "length_dm", "tag_set", "compound")
        },
        shape_start=shape_start,
        shape_lat=network.shape_lat[shape],
        shape_lon=network.shape_lon[shape],
        ban_start=np.cumsum([0, *(len(arcs) for arcs, _ in bans)], dtype=np.int64),
        ban_arc=(2 * number[arcs >> 1] + (arcs & 1)).astype(np.int32),
        ban_mode=network.ban_mode[chosen],
        ban_minute=network.ban_minute[chosen],
    )
