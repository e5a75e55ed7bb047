"""Turn restrictions in, banned sequences of arcs out.

After the OpenStreetMap wiki's Relation:restriction and Conditional_restrictions; what the
relations leave open is settled in `banned`.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, product

import numpy as np
from numpy.typing import NDArray

from maps.network import ALWAYS, RoadNetwork
from maps.profiles import MODES
from maps.reading import hours
from maps.reading.drawn import Relation
from maps.reading.hours import Hours, Span

_CYCLE_KEYS = ("restriction:bicycle", "restriction:vehicle", "restriction")
_KEYS: Mapping[str, tuple[str, ...]] = {
    "bicycle": _CYCLE_KEYS,
    "ebike": _CYCLE_KEYS,
    "car": (
        "restriction:motorcar",
        "restriction:motor_vehicle",
        "restriction:vehicle",
        "restriction",
    ),
}
"""Whom a restriction may bind and by which keys, the one that decides first.

People on foot are never bound; e-bikes follow bicycles.
"""

_EXCEPT: Mapping[str, frozenset[str]] = {
    "bicycle": frozenset({"bicycle", "vehicle"}),
    "ebike": frozenset({"bicycle", "vehicle"}),
    "car": frozenset({"motorcar", "motor_vehicle", "vehicle"}),
}
"""Values of ``except`` that set a mode free."""

_Arcs = tuple[int, ...]


class _BrokenError(Exception):
    """The relation cannot be understood; the message says why."""


@dataclass(frozen=True, slots=True, kw_only=True)
class _Rule:
    """One sentence of a relation to one mode, an index into `MODES`."""

    mode: int
    is_only: bool
    spans: tuple[Span, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class _Members:
    """The ways and the node of a relation, in its order."""

    froms: tuple[int, ...]
    nodes: tuple[int, ...]
    ways: tuple[int, ...]
    tos: tuple[int, ...]


class _Streets:
    """Which arcs each node and way has, and who may drive them at any hour."""

    def __init__(self, network: RoadNetwork) -> None:
        speed = network.speed_kmh > 0
        np.logical_or.at(speed, network.hours_tag_set, network.hours_speed_kmh > 0)
        self._open = speed[network.tag_set]
        self._node_id = network.node_id
        self._way_id = network.way_id
        # Arc 2e leads along edge e, arc 2e + 1 against it.
        self.tail = np.stack([network.tail, network.head], axis=1).reshape(-1)
        self.head = np.stack([network.head, network.tail], axis=1).reshape(-1)
        self._by_tail = np.argsort(self.tail, kind="stable")
        self._start = np.searchsorted(self.tail[self._by_tail], np.arange(network.node_count + 1))

    def node(self, osm_id: int) -> int:
        """Return the index of a junction."""
        place = int(np.searchsorted(self._node_id, osm_id))
        if place == len(self._node_id) or self._node_id[place] != osm_id:
            raise _BrokenError("the via node is not where its ways meet")
        return place

    def edges(self, way: int) -> range:
        """Return the edges of a way, in the order of its drawing."""
        first, last = np.searchsorted(self._way_id, [way, way + 1])
        if first == last:
            raise _BrokenError("a way is missing or no road")
        return range(int(first), int(last))

    def ends(self, way: int) -> tuple[int, int]:
        """Return the nodes where a way begins and ends."""
        edges = self.edges(way)
        return int(self.tail[2 * edges[0]]), int(self.head[2 * edges[-1]])

    def is_open(self, arc: int, mode: int) -> bool:
        """Say whether a mode may ever drive an arc."""
        return bool(self._open[arc >> 1, mode, arc & 1])

    def leaving(self, node: int, mode: int) -> list[int]:
        """Return the arcs on which a mode may leave a node."""
        arcs = self._by_tail[self._start[node] : self._start[node + 1]].tolist()
        return [arc for arc in arcs if self.is_open(arc, mode)]

    def starting(self, way: int, node: int, mode: int) -> list[int]:
        """Return the arcs of a way that start at a node; not in its middle, if two do."""
        edges = self.edges(way)
        arcs = [arc for arc in self.leaving(node, mode) if (arc >> 1) in edges]
        return self._unambiguous(arcs, way, node)

    def arriving(self, way: int, node: int, mode: int) -> list[int]:
        """Return the arcs of a way that end at a node; not in its middle, if two do."""
        arcs = [
            arc
            for edge in self.edges(way)
            for arc in (2 * edge, 2 * edge + 1)
            if self.head[arc] == node and self.is_open(arc, mode)
        ]
        return self._unambiguous(arcs, way, node)

    def along(self, way: int, node: int, mode: int) -> _Arcs:
        """Return the arcs of a whole way from one of its ends; none where broken or closed."""
        edges = self.edges(way)
        is_start = node == self.ends(way)[0]
        arcs = [2 * e for e in edges] if is_start else [2 * e + 1 for e in reversed(edges)]
        is_whole = all(self.head[a] == self.tail[b] for a, b in pairwise(arcs))
        return tuple(arcs) if is_whole and all(self.is_open(a, mode) for a in arcs) else ()

    def _unambiguous(self, arcs: list[int], way: int, node: int) -> list[int]:
        if len(arcs) > 1 and node not in self.ends(way):
            raise _BrokenError("a way is not split at the via node")
        return arcs


def banned(
    network: RoadNetwork, relations: Sequence[Relation], repairs: Counter[str]
) -> RoadNetwork:
    """Return the network with the bans that turn restrictions put on it.

    - ``no_*`` bans the turn from any ``from`` by the ``via`` to any ``to``. ``no_entry``
      and ``no_exit`` have several of one; elsewhere several are what an editor left when it
      split a way, and those that meet at the ``via`` count.
    - ``only_*`` bans, wherever one could leave the way that it commands, all other arcs but
      the way straight back. After a ``from`` one has to enter the ``via`` way and follow it
      to the ``to``. It does not bind a mode that could not obey.
    - A ``from`` or ``to`` way ought to end at the ``via`` node. Where it passes through,
      it counts if only one of its directions is open to the mode, so that nothing is left
      to guess; a U-turn within one way counts too.
    - ``via`` ways are driven whole, in any order that connects.
    - ``restriction`` binds cars, bicycles and e-bikes; the key closest to a mode decides for
      it, ``except`` sets it free, nobody on foot is bound. ``restriction:conditional`` and
      the like bind within plain hours.

    Parameters
    ----------
    network : RoadNetwork
        Without bans.
    relations : sequence of Relation
        Those of ``type=restriction``, by id.
    repairs : Counter
        Restrictions ignored are added to it by reason.
    """
    streets = _Streets(network)
    bans: dict[tuple[_Arcs, Span], set[int]] = {}
    for relation in relations:
        try:
            members = _members(relation)
            for rule, arcs in _sequences(streets, members, _rules(relation, repairs)):
                for span in rule.spans:
                    bans.setdefault((arcs, span), set()).add(rule.mode)
        except _BrokenError as error:
            repairs[f"turn restrictions ignored: {error}"] += 1
    return _with_bans(network, bans)


def _with_bans(network: RoadNetwork, bans: Mapping[tuple[_Arcs, Span], set[int]]) -> RoadNetwork:
    ordered = sorted(bans)
    is_bound = np.zeros((len(ordered), len(MODES)), dtype=np.bool_)
    for ban, key in enumerate(ordered):
        is_bound[ban, sorted(bans[key])] = True
    sizes = [len(arcs) for arcs, _ in ordered]
    minutes: NDArray[np.int32] = np.array([span for _, span in ordered], dtype=np.int32)
    return replace(
        network,
        ban_start=np.concatenate(([0], np.cumsum(sizes))).astype(np.int64),
        ban_arc=np.array([arc for arcs, _ in ordered for arc in arcs], dtype=np.int32),
        ban_mode=is_bound,
        ban_minute=minutes.reshape(-1, 2),
    )


def _members(relation: Relation) -> _Members:
    roles: dict[tuple[str, str], list[int]] = {}
    for member in relation.members:
        roles.setdefault((member.role, member.kind), []).append(member.ref)
    members = _Members(
        froms=tuple(roles.get(("from", "w"), ())),
        nodes=tuple(roles.get(("via", "n"), ())),
        ways=tuple(roles.get(("via", "w"), ())),
        tos=tuple(roles.get(("to", "w"), ())),
    )
    if not members.froms or not members.tos or not (members.nodes or members.ways):
        raise _BrokenError("no from, via or to")
    if len(members.nodes) > 1 or (members.nodes and members.ways):
        raise _BrokenError("more than one via node")
    return members


def _rules(relation: Relation, repairs: Counter[str]) -> list[_Rule]:
    """Read every sentence that speaks of our modes and holds in plain hours."""
    free = {value.strip() for value in relation.tags.get("except", "").split(";")}
    rules: list[_Rule] = []
    words: set[str] = set()
    ignored: set[tuple[str, str]] = set()
    for mode, name in enumerate(MODES):
        if name not in _KEYS or free & _EXCEPT[name]:
            continue
        for key, value, condition in _sentences(relation.tags, _KEYS[name]):
            plain = Hours((ALWAYS,)) if condition is None else hours.parse(condition)
            if plain is None:
                ignored.add((key, hours.kind(condition or "")))
                continue
            word = value.split("_")[0]
            words.add(word)
            if word in ("no", "only"):
                rules.append(_Rule(mode=mode, is_only=word == "only", spans=plain.spans))
    repairs.update(f"conditions ignored: {kind}" for _, kind in ignored)
    if words - {"no", "only", "none"}:
        raise _BrokenError("unknown kind")
    if not rules:
        raise _BrokenError("nothing for our modes that holds in plain hours")
    return rules


def _sentences(
    tags: Mapping[str, str], keys: Sequence[str]
) -> Iterator[tuple[str, str, str | None]]:
    """Return key, value and condition of what decides for a mode; no condition means always."""
    for key in keys:
        if key in tags:
            yield key, tags[key], None
            break
    for key in keys:
        if f"{key}:conditional" in tags:
            for value, condition in hours.clauses(tags[f"{key}:conditional"]):
                yield key, value, condition
            break


def _sequences(
    streets: _Streets, members: _Members, rules: Sequence[_Rule]
) -> list[tuple[_Rule, _Arcs]]:
    """Return the bans of the rules; at least one can be understood, or all are broken."""
    found: list[tuple[_Rule, _Arcs]] = []
    broken: list[_BrokenError] = []
    for rule in rules:
        try:
            named = _named(streets, members, rule.mode)
        except _BrokenError as error:
            broken.append(error)
            continue
        bans = _others(streets, named, rule.mode) if rule.is_only else named
        found += [(rule, arcs) for arcs in bans]
    if len(broken) == len(rules):
        # A car is what such signs are made for: its reason, which comes last, is the one.
        raise broken[-1]
    return found


def _named(streets: _Streets, members: _Members, mode: int) -> list[_Arcs]:
    """Return the sequences of arcs that the members name, which a mode could drive."""
    for way in (*members.froms, *members.ways, *members.tos):
        streets.edges(way)
    found: list[_Arcs] = []
    broken: list[_BrokenError] = []
    for origin, target in product(members.froms, members.tos):
        try:
            if members.ways:
                found += _by_ways(streets, origin, members.ways, target, mode)
            else:
                found += _by_node(streets, origin, members.nodes[0], target, mode)
        except _BrokenError as error:
            broken.append(error)
    if not found:
        raise broken[0] if broken else _BrokenError("nobody could drive that anyway")
    return sorted(set(found))


def _by_node(streets: _Streets, origin: int, via: int, target: int, mode: int) -> Iterator[_Arcs]:
    node = streets.node(via)
    for way in (origin, target):
        if not any(node in (streets.tail[2 * e], streets.head[2 * e]) for e in streets.edges(way)):
            raise _BrokenError("the via node is not where its ways meet")
    if origin == target:
        for arc in streets.leaving(node, mode):
            if (arc >> 1) in streets.edges(origin) and streets.is_open(arc ^ 1, mode):
                yield arc ^ 1, arc
        return
    for before in streets.arriving(origin, node, mode):
        for after in streets.starting(target, node, mode):
            yield before, after


def _by_ways(
    streets: _Streets, origin: int, vias: tuple[int, ...], target: int, mode: int
) -> list[_Arcs]:
    """Follow the via ways from the end of one road to the start of another."""
    found: list[_Arcs] = []
    waiting: list[tuple[int, tuple[int, ...], _Arcs]] = [
        (end, vias, (arc,))
        for end in sorted({end for via in vias for end in streets.ends(via)})
        if _touches(streets, origin, end)
        for arc in streets.arriving(origin, end, mode)
    ]
    while waiting:
        node, left, arcs = waiting.pop()
        if not left and _touches(streets, target, node):
            found += [(*arcs, arc) for arc in streets.starting(target, node, mode)]
        for via in left:
            if node in streets.ends(via):
                on = streets.along(via, node, mode)
                rest = tuple(other for other in left if other != via)
                if on:
                    waiting.append((int(streets.head[on[-1]]), rest, (*arcs, *on)))
    if not found:
        raise _BrokenError("the via ways do not lead from the from to the to")
    return found


def _touches(streets: _Streets, way: int, node: int) -> bool:
    return any(
        node in (streets.tail[2 * edge], streets.head[2 * edge]) for edge in streets.edges(way)
    )


def _others(streets: _Streets, commanded: Sequence[_Arcs], mode: int) -> set[_Arcs]:
    """Return every way to leave the commanded ones, but for turning back."""
    on = {arcs[:size] for arcs in commanded for size in range(1, len(arcs) + 1)}
    return {
        (*arcs, arc)
        for arcs in on - set(commanded)
        for arc in streets.leaving(int(streets.head[arcs[-1]]), mode)
        if (*arcs, arc) not in on and arc != arcs[-1] ^ 1
    }
