"""How long couriers take from place to place: travel by mode, and what gates add by access class.

The two are added only where both are asked for. Residents and guards of many compounds make nearly
one access class for each courier, and a matrix for each of them would fill the memory.
`dispatch.solver.check` must not import this module: it adds gates up by itself.
"""

import numpy as np

from dispatch.solver.arrays import UNREACHABLE, IntArray
from dispatch.solver.problem import Problem

_OPEN, _NOWHERE = -1, -2
"""No gates either: open ground, and a free start or an open end."""


class Ways:
    """Travel and gate entry of a problem, as arrays that know the place that is nowhere.

    Nowhere (free start, open end) comes after all places, so its index is D or -1.

    Parameters
    ----------
    problem : Problem
        Whose couriers are on their way.

    Attributes
    ----------
    travel : (M, D + 1, D + 1), ticks
        Without gates; 0 from and to nowhere.
    gate : (D + 1,), gate
        The gate that each place lies behind; negative: none.
    entry : (A, G + 2), ticks
        What each gate takes each access class, `UNREACHABLE` where it is shut. The columns that
        negative gates pick out, the last two, are 0.

    """

    def __init__(self, problem: Problem) -> None:
        self.travel: IntArray = np.pad(problem.travel, ((0, 0), (0, 1), (0, 1))).astype(np.int64)
        self.gate: IntArray = np.append(problem.place_gate, _NOWHERE)
        entry = np.where(problem.gate_entry < 0, UNREACHABLE, problem.gate_entry)
        self.entry: IntArray = np.pad(entry, ((0, 0), (0, 2)))
        self.is_gated = problem.is_gated

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
        self, mode: int, access: int, tails: IntArray | int, heads: IntArray | int
    ) -> IntArray:
        """Give the time between places, gates included, ticks; the places are broadcast.

        Parameters
        ----------
        mode, access : int
            Of whoever goes.
        tails, heads : int or array of int
            Places, also nowhere.

        Returns
        -------
        array of int64
            `UNREACHABLE` where there is no way or a gate is shut.

        """
        travel: IntArray = self.travel[mode, tails, heads]
        if not self.is_gated:
            return travel
        ticks: IntArray = np.minimum(travel + self.added(access, tails, heads), UNREACHABLE)
        return ticks
