"""What a mode can reach and come back from, and which of it is private ground.

The largest strongly connected part of the public roads is the town; private ground belongs to
it where one can enter from the town and get out again. Public roads that hang on private ones
alone, such as the paths inside a gate, are private ground as well: nobody else gets there.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from maps.arcs import ModeArcs
from maps.kernel.entries import Ints
from maps.turns import States


@dataclass(frozen=True, slots=True, eq=False)
class Reach:
    """Which states and arcs of a mode can be used.

    Attributes
    ----------
    state : (states,) bool
    arc : (2 K,) bool
    is_public : (K,) bool
    is_border : (N,) bool
        Whether a public edge ends there, or private ground of different compounds meets.
    """

    state: NDArray[np.bool_]
    arc: NDArray[np.bool_]
    is_public: NDArray[np.bool_]
    is_border: NDArray[np.bool_]

    @classmethod
    def of(cls, arcs: ModeArcs, states: States) -> "Reach":
        """Return what is connected both ways."""
        is_errand = arcs.is_private[states.arc >> 1]
        public = _largest(states, ~is_errand)
        if not public.any():
            # An extract without a public road is nobody's shortcut.
            is_errand = np.zeros_like(is_errand)
            public = _largest(states, ~is_errand)
        state = _component_of(states, public)
        arc = np.zeros(len(arcs.time_ms), np.bool_)
        arc[states.arc[state[states.origin] & state[states.target]]] = True
        # A way is any sequence of these arcs that breaks no ban. It may begin on one that is
        # driven into from a single side, or end where that ban leaves no way on.
        state[states.arc_state[np.repeat(arc, np.diff(states.arc_first))]] = True
        through = public[states.origin] & public[states.target] & ~is_errand
        is_public = np.zeros(len(arcs.length_dm), np.bool_)
        is_public[states.arc[through] >> 1] = True
        edge = np.flatnonzero(is_public)
        is_border = _where_compounds_meet(arcs, arc)
        is_border[np.concatenate((arcs.tail[2 * edge], arcs.head[2 * edge]))] = True
        return cls(state, arc, is_public, is_border)

    def grounds(self, arcs: ModeArcs) -> Ints:
        """Return the number of the piece of private ground of each edge, (K,) int64; -1 for none.

        A piece is connected without touching a border.
        """
        used = self.arc[::2] | self.arc[1::2]
        ground = np.full(len(used), -1, np.int64)
        errand = np.flatnonzero(used & ~self.is_public)
        ends = np.stack((arcs.tail[2 * errand], arcs.head[2 * errand]))
        # A border does not join the grounds around it: each gets a copy.
        copies = self.is_border[ends]
        ends[copies] = arcs.node_count + np.arange(int(copies.sum()))
        size = arcs.node_count + int(copies.sum())
        joined = coo_array((np.ones(len(errand)), (ends[0], ends[1])), shape=(size, size))
        ground[errand] = connected_components(joined.tocsr(), directed=False)[1][ends[0]]
        return ground


def _where_compounds_meet(arcs: ModeArcs, used: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the nodes where edges of different compounds end, or of one and of none, (N,) bool."""
    if not (arcs.compound >= 0).any():
        return np.zeros(arcs.node_count, np.bool_)
    edge = np.flatnonzero(used[::2] | used[1::2])
    compound = np.concatenate((arcs.compound[edge], arcs.compound[edge]))
    ends = np.concatenate((arcs.tail[2 * edge], arcs.head[2 * edge]))
    least = np.full(arcs.node_count, np.iinfo(np.int64).max)
    most = np.full(arcs.node_count, -1)
    np.minimum.at(least, ends, compound)
    np.maximum.at(most, ends, compound)
    meet: NDArray[np.bool_] = least < most
    return meet


def _largest(states: States, moves: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark the largest strongly connected part of some moves; none where there are no moves."""
    label = _labels(states, moves)
    size = np.bincount(label)
    if size.max() == 1:
        # Nothing but one-way streets; at most a loop leads back to where it began.
        alone = np.zeros(states.count, np.bool_)
        alone[states.origin[moves & (states.origin == states.target)][:1]] = True
        return alone
    # Of equally large parts the one with the smallest state is taken.
    chosen: NDArray[np.bool_] = label == label[np.flatnonzero(size[label] == size.max())[0]]
    return chosen


def _component_of(states: States, some: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Mark all states that are strongly connected with those marked."""
    if not some.any():
        return some
    label = _labels(states, np.ones(len(states.arc), np.bool_))
    chosen: NDArray[np.bool_] = label == label[np.flatnonzero(some)[0]]
    return chosen


def _labels(states: States, moves: NDArray[np.bool_]) -> Ints:
    shape = (states.count, states.count)
    pairs = (states.origin[moves], states.target[moves])
    matrix = coo_array((np.ones(int(moves.sum())), pairs), shape=shape)
    _, label = connected_components(matrix.tocsr(), directed=True, connection="strong")
    return label.astype(np.int64)
