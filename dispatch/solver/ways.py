"""How long couriers take from place to place: travel by mode, and what gates add by access class.

The two are added only where both are asked for. Residents and guards of many compounds make nearly
one access class for each courier, and a matrix for each of them would fill the memory; for the same
reason no matrix of the problem is copied here. `dispatch.solver.check` must not import this module:
it adds gates up by itself.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import UNREACHABLE, BoolArray, IntArray
from dispatch.solver.problem import Problem

_OPEN, _NOWHERE = -1, -2
"""No gates either: open ground, and a free start or an open end."""


class Ways:
    """Travel and gate entry of a problem, for arrays of places that know one that is nowhere.

    Nowhere (free start, open end) is -1 or D; from and to nowhere every way is 0.

    Parameters
    ----------
    problem : Problem
        Whose couriers are on their way.

    Attributes
    ----------
    gate : (D + 1,), gate
        The gate that each place lies behind; negative: none.
    entry : (A, G + 2), ticks
        What each gate takes each access class, `UNREACHABLE` where it is shut. The columns that
        negative gates pick out, the last two, are 0.

    """

    def __init__(self, problem: Problem) -> None:
        self._problem = problem
        self.gate: IntArray = np.append(problem.place_gate, _NOWHERE)
        entry = np.where(problem.gate_entry < 0, UNREACHABLE, problem.gate_entry)
        self.entry: IntArray = np.pad(entry, ((0, 0), (0, 2)))
        self.is_gated = problem.is_gated

    def travel(
        self, mode: IntArray | int, tails: IntArray | int, heads: IntArray | int
    ) -> IntArray:
        """Give the time between places, gates left out, ticks; the arguments are broadcast."""
        return self.between(self._problem.travel, mode, tails, heads)

    def between(
        self,
        matrix: NDArray[Any],
        mode: IntArray | int,
        tails: IntArray | int,
        heads: IntArray | int,
    ) -> IntArray:
        """Read an (M, D, D) matrix between places, 0 from and to nowhere; int64."""
        last = matrix.shape[1] - 1
        real = _is_real(tails, last) & _is_real(heads, last)
        if real.all():
            plain: IntArray = matrix[mode, tails, heads].astype(np.int64)
            return plain
        if last < 0:
            return np.zeros(np.broadcast(mode, tails, heads).shape, np.int64)
        found = matrix[mode, np.clip(tails, 0, last), np.clip(heads, 0, last)]
        ticks: IntArray = np.where(real, found, 0).astype(np.int64)
        return ticks

    def added(
        self, access: IntArray | int, tails: IntArray | int, heads: IntArray | int
    ) -> IntArray:
        """Give what gates add on the way between places, ticks; the arguments are broadcast.

        Parameters
        ----------
        access : int or array of int
            Access class of whoever goes.
        tails, heads : int or array of int
            Places, also nowhere.

        Returns
        -------
        array of int64
            `UNREACHABLE` where the gate is shut.

        """
        behind, ahead = self.gate[tails], self.gate[heads]
        # A free start has passed its gate already.
        passes = (behind != ahead) & (behind != _NOWHERE)
        ticks: IntArray = np.where(passes, self.entry[access, ahead], 0)
        return ticks

    def times(
        self,
        mode: IntArray | int,
        access: IntArray | int,
        tails: IntArray | int,
        heads: IntArray | int,
    ) -> IntArray:
        """Give the time between places, gates included, ticks; the arguments are broadcast.

        Parameters
        ----------
        mode, access : int or array of int
            Of whoever goes.
        tails, heads : int or array of int
            Places, also nowhere.

        Returns
        -------
        array of int64
            `UNREACHABLE` where there is no way or a gate is shut.

        """
        travel = self.travel(mode, tails, heads)
        if not self.is_gated:
            return travel
        ticks: IntArray = np.minimum(travel + self.added(access, tails, heads), UNREACHABLE)
        return ticks


def _is_real(places: IntArray | int, last: int) -> BoolArray:
    real: BoolArray = (np.asarray(places) >= 0) & (np.asarray(places) <= last)
    return real
