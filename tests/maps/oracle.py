"""Cheapest ways by the rules alone: plain Dijkstra over tuples, for tests to compare with.

Shares nothing with `maps.graph`, `maps.turns` and `maps.locations`. A state is the list of the
last arcs driven, as many as the longest ban needs; a weight is (crossings, ms, dm).
"""

import heapq
import math
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from maps.network import RoadNetwork
from maps.profiles import MODES, WALK_KMH

Node = tuple[int, int, int]
"""A junction, or one edge's own end of it where the mode cannot pass."""

Weight = tuple[int, int, int]
"""Crossings, milliseconds, decimetres."""

History = tuple[int, ...]
"""Arcs driven, the last one last: 2 * edge along its drawing, 2 * edge + 1 against it."""

Piece = tuple[int, float, float]

TURN_SECONDS = {0: 0.0, 30: 0.5, 60: 1.5, 90: 3.0, 120: 5.0, 150: 6.5, 180: 7.5}
TURN_ROUND_MS = 20_000


@dataclass(frozen=True)
class Arc:
    """One direction of an edge."""

    tail: Node
    head: Node
    ms: int
    dm: int
    is_private: bool


@dataclass(frozen=True)
class Spot:
    """A place on an edge, and the walk that leads to it."""

    edge: int
    at_dm: int
    walk_dm: int = 0


class Oracle:
    """The ways of one mode.

    Attributes
    ----------
    used : the arcs of the graph
    public : the edges of the largest part that needs no private ground
    is_unclear : whether a second part is nearly as large
    """

    def __init__(self, network: RoadNetwork, mode: str) -> None:
        self.network, self._mode = network, MODES.index(mode)
        self._ends = network.tail.tolist(), network.head.tolist()
        self._blocked = set(network.node_blocked[self._mode].nonzero()[0].tolist())
        self.arcs = dict(self._read())
        self._bans = self._banned()
        self._memory = max([len(ban) - 1 for ban in self._bans], default=1)
        self._banning = {ban[-2] for ban in self._bans}
        self._leaving: dict[Node, list[int]] = {}
        self._coming: dict[Node, list[int]] = {}
        self._degree: dict[Node, int] = {}
        for arc, about in self.arcs.items():
            self._leaving.setdefault(about.tail, []).append(arc)
            self._coming.setdefault(about.head, []).append(arc)
        for edge in {arc >> 1 for arc in self.arcs}:
            for side in (0, 1):
                node = self._node(edge, side)
                self._degree[node] = self._degree.get(node, 0) + 1
        self._pays_turns = mode == "car"
        self._turns_round = {
            arc
            for arc, about in self.arcs.items()
            if not self._pays_turns or self._degree[about.head] == 1
        }
        self._connect()
        if self._pays_turns:
            stuck = {arc >> 1 for arc in self.arcs.keys() - self.used}
            self._turns_round |= {arc for arc in self.arcs if arc >> 1 in stuck}
            self._connect()

    # --- the graph ---------------------------------------------------------------------

    def _read(self) -> Iterator[tuple[int, Arc]]:
        network, mode = self.network, self._mode
        kmh = network.speed_kmh[:, mode].tolist()
        is_errand = network.is_private[network.tag_set, mode] | (network.compound >= 0)
        rows = zip(
            network.tag_set.tolist(), is_errand.tolist(), network.length_dm.tolist(), strict=True
        )
        for edge, (tags, is_private, length) in enumerate(rows):
            for against in (0, 1):
                if kmh[tags][against] > 0:
                    ends = self._node(edge, against), self._node(edge, 1 - against)
                    ms = max(round(360 * length / kmh[tags][against]), 1)
                    yield 2 * edge + against, Arc(*ends, ms, length, is_private)

    def _node(self, edge: int, side: int) -> Node:
        node = self._ends[side][edge]
        return (node, edge, side) if node in self._blocked else (node, -1, -1)

    def _banned(self) -> set[History]:
        network = self.network
        found = set()
        for start, end, modes in zip(
            network.ban_start[:-1].tolist(),
            network.ban_start[1:].tolist(),
            network.ban_mode.tolist(),
            strict=True,
        ):
            if modes[self._mode]:
                found.add(tuple(network.ban_arc[start:end].tolist()))
        return {ban for ban in found if all(arc in self.arcs for arc in ban)}

    def onward(self, driven: History) -> list[int]:
        """Return the arcs that may be driven next."""
        last = driven[-1]
        return [
            arc
            for arc in self._leaving.get(self.arcs[last].head, [])
            if (arc != last ^ 1 or last in self._turns_round)
            and not (last in self._banning and self._is_banned((*driven, arc)))
        ]

    def _is_banned(self, driven: History) -> bool:
        return any(driven[-size:] in self._bans for size in range(2, len(driven) + 1))

    def turn_ms(self, before: int, after: int) -> int:
        """Return what a turn costs, by the table."""
        if not self._pays_turns:
            return 0
        if after == before ^ 1:
            return TURN_ROUND_MS
        if self._degree[self.arcs[before].head] < 3:
            return 0
        away = self._bearing(after, is_end=False) - self._bearing(before, is_end=True)
        angle = abs((away + 180.0) % 360.0 - 180.0)
        for (low, low_s), (high, high_s) in pairwise(TURN_SECONDS.items()):
            if angle <= high:
                return round(1000 * (low_s + (high_s - low_s) / (high - low) * (angle - low)))
        raise AssertionError(angle)

    def _bearing(self, arc: int, *, is_end: bool) -> float:
        network = self.network
        first, beyond = network.shape_start[arc >> 1 : (arc >> 1) + 2].tolist()
        at = beyond - 2 if is_end != bool(arc % 2) else first
        lat, lon = network.shape_lat, network.shape_lon
        north = float(lat[at + 1] - lat[at])
        east = float(lon[at + 1] - lon[at]) * math.cos(math.radians(float(lat[at])))
        return math.degrees(math.atan2(east, north)) + 180.0 * (arc % 2)

    def _connect(self) -> None:
        """Find the largest public part, and what can be entered from there and left again."""
        errand = {arc for arc, about in self.arcs.items() if about.is_private}
        parts = self._parts(self.arcs.keys() - errand) or self._parts(self.arcs.keys())
        sizes = [len({driven[-1] for driven in part}) for part in parts]
        parts = [parts[i] for i in sorted(range(len(parts)), key=lambda i: -sizes[i])]
        sizes.sort(reverse=True)
        self.is_unclear = not parts or sizes[0] < 6 or (len(sizes) > 1 and 3 * sizes[1] > sizes[0])
        largest = parts[0] if parts else set()
        public = {driven[-1] for driven in largest}
        self.public = {arc >> 1 for arc in public}
        whole = [part for part in self._parts(self.arcs.keys()) if part & largest]
        self.used = {driven[-1] for part in whole for driven in part}
        self._borders = {
            node for arc in public for node in (self.arcs[arc].tail, self.arcs[arc].head)
        }
        land: dict[Node, set[int]] = {}
        for arc in self.used:
            for node in (self.arcs[arc].tail, self.arcs[arc].head):
                land.setdefault(node, set()).add(int(self.network.compound[arc >> 1]))
        self._borders |= {node for node, lands in land.items() if len(lands) > 1}

    def _parts(self, arcs: Iterable[int]) -> list[set[History]]:
        """Return the strongly connected parts of what is driven on some arcs."""
        allowed = set(arcs)
        after: dict[History, list[History]] = {}
        waiting: list[History] = [(arc,) for arc in sorted(allowed)]
        while waiting:
            driven = waiting.pop()
            if driven not in after:
                after[driven] = [
                    (*driven, arc)[-self._memory :] for arc in self.onward(driven) if arc in allowed
                ]
                waiting += after[driven]
        return strong_parts(after)

    # --- weights -----------------------------------------------------------------------

    def is_behind(self, arc: int) -> bool:
        """Say whether an arc lies on private ground, or beyond it."""
        return arc >> 1 not in self.public

    def on_street(self, spot: Spot) -> bool:
        """Say whether a spot lies on a public road or on a corner of one."""
        return any(not self.is_behind(arc) for arc, _ in self.places(spot))

    def weight(self, arc: int, from_dm: int, to_dm: int) -> Weight:
        """Return the weight of a part of an arc, measured from the arc's beginning."""
        about = self.arcs[arc]
        enters = from_dm == 0 and about.tail in self._borders
        leaves = to_dm == about.dm and about.head in self._borders
        crossings = self.is_behind(arc) * (enters + leaves)
        until, since = (round(about.ms * (dm / about.dm)) for dm in (to_dm, from_dm))
        return crossings, until - since, to_dm - from_dm

    def places(self, spot: Spot) -> list[tuple[int, int]]:
        """Return where on each of the graph's arcs a spot lies: in one place, or on a corner."""
        length = int(self.network.length_dm[spot.edge])
        if 0 < spot.at_dm < length:
            both = ((2 * spot.edge, spot.at_dm), (2 * spot.edge + 1, length - spot.at_dm))
            return [(arc, at) for arc, at in both if arc in self.used]
        node = self._node(spot.edge, int(spot.at_dm == length))
        leaving = [(arc, 0) for arc in self._leaving.get(node, [])]
        coming = [(arc, self.arcs[arc].dm) for arc in self._coming.get(node, [])]
        return [(arc, at) for arc, at in leaving + coming if arc in self.used]

    def search(self, source: Spot) -> Callable[[Spot], Weight | None]:
        """Return a function that gives the weight of the cheapest way to a target."""
        starts = self.places(source)
        done = self._settled(starts)
        at_end: dict[Node, list[tuple[History, Weight]]] = {}
        for driven, weight in done.items():
            at_end.setdefault(self.arcs[driven[-1]].head, []).append((driven, weight))

        def to(target: Spot) -> Weight | None:
            found = []
            for arc, at in self.places(target):
                for begin, since in starts:
                    if begin == arc and since <= at:
                        found.append(self.weight(arc, since, at) if since < at else (0, 0, 0))
                for driven, weight in at_end.get(self.arcs[arc].tail, []):
                    if at > 0 and arc in self.onward(driven):
                        found.append(_sum(weight, self._after(driven, arc, at)))
            if not found:
                return None
            return with_walks(min(found), source, target)

        return to

    def _settled(self, starts: Sequence[tuple[int, int]]) -> dict[History, Weight]:
        """Return the weight of every end of an arc, by the arcs driven last."""
        waiting: list[tuple[Weight, History]] = [
            (self.weight(arc, at, self.arcs[arc].dm), (arc,))
            for arc, at in starts
            if at < self.arcs[arc].dm
        ]
        heapq.heapify(waiting)
        done: dict[History, Weight] = {}
        while waiting:
            weight, driven = heapq.heappop(waiting)
            if driven in done:
                continue
            done[driven] = weight
            for arc in self.onward(driven):
                if arc in self.used:
                    more = self._after(driven, arc, self.arcs[arc].dm)
                    entry = (_sum(weight, more), (*driven, arc)[-self._memory :])
                    heapq.heappush(waiting, entry)
        return done

    def _after(self, driven: History, arc: int, to_dm: int) -> Weight:
        return _sum(self.weight(arc, 0, to_dm), (0, self.turn_ms(driven[-1], arc), 0))

    def driven(self, pieces: Sequence[Piece]) -> Weight:
        """Return the weight of a way that is given in pieces; every step has to be allowed."""
        total: Weight = (0, 0, 0)
        history: History = ()
        for edge, leaves, enters in pieces:
            length = int(self.network.length_dm[edge])
            since, until = round(leaves * length), round(enters * length)
            if since == until:
                assert len(pieces) == 1
                return total
            arc = 2 * edge + (since > until)
            if arc % 2:
                since, until = length - since, length - until
            assert arc in self.used
            if history:
                assert since == 0
                assert arc in self.onward(history)
                total = _sum(total, (0, self.turn_ms(history[-1], arc), 0))
            total = _sum(total, self.weight(arc, since, until))
            history = (*history, arc)
            assert until == length or len(history) == len(pieces)
        return total


def strong_parts(after: dict[History, list[History]]) -> list[set[History]]:
    """Return the strongly connected parts with an arc inside, by Kosaraju's two passes."""
    order: list[History] = []
    seen: set[History] = set()
    for root, first in after.items():
        stack = [(root, iter(first))] if root not in seen else []
        seen.add(root)
        while stack:
            at, others = stack[-1]
            fresh = next((other for other in others if other not in seen), None)
            if fresh is None:
                order.append(at)
                stack.pop()
            else:
                seen.add(fresh)
                stack.append((fresh, iter(after[fresh])))
    before: dict[History, list[History]] = {at: [] for at in after}
    for at, onward in after.items():
        for other in onward:
            before[other].append(at)
    parts = []
    for root in reversed(order):
        part: set[History] = set()
        stacked = [root]
        while stacked:
            at = stacked.pop()
            if at in seen:
                seen.remove(at)
                part.add(at)
                stacked += before[at]
        if len(part) > 1 or (part and root in after[root]):
            parts.append(part)
    return parts


def with_walks(weight: Weight, a: Spot, b: Spot) -> Weight:
    """Return the weight of a way with the walks at both its ends."""
    return _sum(weight, _sum(_walk(a), _walk(b)))


def _walk(spot: Spot) -> Weight:
    return 0, round(360 * spot.walk_dm / WALK_KMH), spot.walk_dm


def _sum(a: Weight, b: Weight) -> Weight:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]
