"""How long couriers take from place to place: the matrix, and what its gates add for each of them.

Apart from the timing rules because insertion's estimate and the routing model want the same
numbers as arrays. `dispatch.solver.check` must not import this module: it adds gates up by itself.
"""

from dataclasses import dataclass

import numpy as np

from dispatch.solver.arrays import UNREACHABLE, Int32Array
from dispatch.solver.problem import Problem


@dataclass(frozen=True)
class Ways:
    """Times by class of couriers who go alike.

    Parameters
    ----------
    class_of : list of int, by courier
        Index into `times`.
    times : list of (D, D) int32, ticks
        `travel` and gate entry together; `UNREACHABLE` where there is no way or no permit.

    """

    class_of: list[int]
    times: list[Int32Array]


def ways_of(problem: Problem) -> Ways:
    """Give one matrix for each mode in use, and where there are gates for each access class too."""
    access = problem.access if problem.is_gated else np.zeros_like(problem.access)
    pairs, class_of = np.unique(
        np.stack([problem.mode, access], axis=1), axis=0, return_inverse=True
    )
    times = [
        _through_gates(problem, mode, row) if problem.is_gated else problem.travel[mode]
        for mode, row in pairs.tolist()
    ]
    return Ways(class_of.reshape(-1).tolist(), times)


def _through_gates(problem: Problem, mode: int, access: int) -> Int32Array:
    gate = problem.place_gate
    entry = np.where(gate >= 0, problem.gate_entry[access][gate], 0)
    passes = gate[:, None] != gate[None, :]
    # Wide enough for the sum of the longest way and the longest entry.
    times = problem.travel[mode].astype(np.int64) + np.where(passes, entry, 0)
    times[passes & (entry < 0)] = UNREACHABLE
    matrix: Int32Array = np.minimum(times, UNREACHABLE).astype(np.int32)
    return matrix
