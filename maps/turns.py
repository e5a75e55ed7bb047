"""From junctions to states: what a mode must remember so that turns can be judged.

A walker at a junction may leave by any road; a driver's next road depends on the last one.
Where that matters a junction is *expanded*: instead of one state for the junction there is
one for each road that leaves it, meaning "about to drive this road, the turn into it paid".
One rule serves all modes: nothing expanded is the plain graph of people on foot, everything
expanded the car's.

A ban of three roads or more needs memory: whoever has driven its beginning is in a shadow of
the usual state, from which the last road is missing. The shadows are the prefixes of all such
bans, as in Aho and Corasick's automaton (doi 10.1145/360825.360855).

Knows arcs and junctions only: arc ``2 * k`` goes along edge k, ``2 * k + 1`` against it.
"""

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps.kernel.entries import Ints, rows_of, spread

TurnCost = Callable[[Ints, Ints], Ints]
"""Milliseconds of turning from arcs into arcs, elementwise."""

Ban = tuple[int, ...]
"""Arcs that may not be driven one after the other."""


@dataclass(frozen=True, slots=True)
class Junctions:
    """A mode's directed graph before turns are looked at; N nodes, K edges, 2 K arcs.

    Attributes
    ----------
    tail, head : (2 K,) int64, nodes of each arc
    is_open : (2 K,) bool
    expanded : (N,) bool
    turns_back : (2 K,) bool
        Whether one may turn round at the end of the arc.
    """

    tail: Ints
    head: Ints
    is_open: NDArray[np.bool_]
    expanded: NDArray[np.bool_]
    turns_back: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class States:
    """States of a mode and the moves between them.

    Attributes
    ----------
    count : int
        Numbers of states, some of them unused.
    origin : (m,) int64, target : (m,) int64
        States between which the moves lead.
    arc : (m,) int64
        The arc that a move drives.
    turn_ms : (m,) int64
        What the turn at its end costs.
    begin : (2 K,) int64
        The state in which an arc begins; for moves that remember nothing.
    arc_first, arc_state
        All states in which each arc begins, shadows included, in compressed rows.
    """

    count: int
    origin: Ints
    target: Ints
    arc: Ints
    turn_ms: Ints
    begin: Ints
    arc_first: Ints
    arc_state: Ints


def states_of(junctions: Junctions, bans: Sequence[Ban], turn_cost: TurnCost) -> States:
    """Return the states of a mode.

    Parameters
    ----------
    junctions : Junctions
        Every node inside a ban must be expanded.
    bans : sequence of Ban
    turn_cost : TurnCost
        Asked for turns at expanded nodes.
    """
    node_count, arc_count = len(junctions.expanded), len(junctions.tail)
    arcs = np.flatnonzero(junctions.is_open)
    begin = np.where(
        junctions.expanded[junctions.tail], node_count + np.arange(arc_count), junctions.tail
    )
    plain = arcs[~junctions.expanded[junctions.head[arcs]]]
    before, after = _turns(junctions, arcs[junctions.expanded[junctions.head[arcs]]])
    pairs = {ban for ban in bans if len(ban) == 2}  # noqa: PLR2004 - a ban of two arcs
    keep = ~_listed(before, after, pairs, arc_count)
    before, after = before[keep], after[keep]
    cost = turn_cost(before, after)

    longer = sorted({ban for ban in bans if len(ban) > 2})  # noqa: PLR2004
    shadow = _Shadows(longer, first_state=node_count + arc_count, begin=begin)
    target = shadow.entered(before, after, begin[after])
    moves = shadow.moves(before, after, cost)
    nothing = np.zeros(len(plain), np.int64)
    shadow_arc = np.array([prefix[-1] for prefix in shadow.prefixes], dtype=np.int64)
    shadow_state = node_count + arc_count + np.arange(len(shadow_arc))
    arc_first, member = rows_of(np.concatenate((np.arange(arc_count), shadow_arc)), arc_count)
    return States(
        count=node_count + arc_count + len(shadow_arc),
        origin=np.concatenate((begin[plain], begin[before], moves[0])),
        target=np.concatenate((junctions.head[plain], target, moves[1])),
        arc=np.concatenate((plain, before, moves[2])),
        turn_ms=np.concatenate((nothing, cost, moves[3])),
        begin=begin,
        arc_first=arc_first,
        arc_state=np.concatenate((begin, shadow_state))[member],
    )


def _turns(junctions: Junctions, arcs: Ints) -> tuple[Ints, Ints]:
    """Return all turns out of some arcs: the arc before and the arc after."""
    is_open = np.flatnonzero(junctions.is_open)
    first, member = rows_of(junctions.tail[is_open], len(junctions.expanded))
    starts, leaving = spread(first, junctions.head[arcs])
    before = np.repeat(arcs, np.diff(starts))
    after = is_open[member[leaving]]
    keep = (after != (before ^ 1)) | junctions.turns_back[before]
    return before[keep], after[keep]


def _listed(before: Ints, after: Ints, pairs: Iterable[Ban], arc_count: int) -> NDArray[np.bool_]:
    """Say which turns are among the pairs."""
    keys = np.array(sorted(a * arc_count + b for a, b in pairs), dtype=np.int64)
    found: NDArray[np.bool_] = np.isin(before * arc_count + after, keys)
    return found


class _Shadows:
    """The states that remember the beginning of a ban of three arcs or more."""

    def __init__(self, bans: Sequence[Ban], *, first_state: int, begin: Ints) -> None:
        self._bans = frozenset(bans)
        self.prefixes = sorted({ban[:size] for ban in bans for size in range(2, len(ban))})
        self._state = {prefix: first_state + i for i, prefix in enumerate(self.prefixes)}
        self._begin = begin

    def entered(self, before: Ints, after: Ints, usual: Ints) -> Ints:
        """Return the states that turns lead to: a shadow where a ban begins with the turn."""
        target = usual.copy()
        for prefix, state in self._state.items():
            if len(prefix) == 2:  # noqa: PLR2004 - a turn is two arcs
                target[(before == prefix[0]) & (after == prefix[1])] = state
        return target

    def moves(self, before: Ints, after: Ints, cost: Ints) -> tuple[Ints, Ints, Ints, Ints]:
        """Return the moves out of shadows: origin, target, arc, turn."""
        found: list[tuple[int, int, int, int]] = []
        for prefix, state in self._state.items():
            for turn in np.flatnonzero(before == prefix[-1]).tolist():
                target = self._next((*prefix, int(after[turn])))
                if target is not None:
                    found.append((state, target, prefix[-1], int(cost[turn])))
        columns = np.array(found, dtype=np.int64).reshape(-1, 4).T
        return columns[0], columns[1], columns[2], columns[3]

    def _next(self, driven: Ban) -> int | None:
        """Return the state after these arcs; None where they end in a ban."""
        tails = [driven[start:] for start in range(len(driven) - 1)]
        if any(tail in self._bans for tail in tails):
            return None
        for tail in tails:
            if tail in self._state:
                return self._state[tail]
        return int(self._begin[driven[-1]])
