"""One number that orders ways: crossings of private ground, then time, then distance.

Three bit fields in one integer, so that one addition and one comparison carry all three,
exactly, and ties in time are broken by distance. Whoever enters or leaves private ground pays
a *crossing*, which outweighs any time: the cheapest way uses private roads only at its ends,
and stays inside where both ends lie on the same ground.

The whole fits into 53 bits, so float64, which SciPy's Dijkstra adds in, is exact as well.
Imports numpy alone: numba reads the constants.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

DISTANCE_BITS = 22
"""Decimetres below 419 km."""

TIME_BITS = 28
"""Milliseconds below 74 h."""

TIME_MASK = (1 << TIME_BITS) - 1
DISTANCE_MASK = (1 << DISTANCE_BITS) - 1

CROSSING = 1 << (DISTANCE_BITS + TIME_BITS)
"""One crossing. Seven fit into float64, many more into int64: a way through more than three
grounds at each of its ends may be a decimetre off in SciPy's sums."""

INF = 1 << 60
"""No way. Twice this still fits into int64."""

Weights: TypeAlias = NDArray[np.int64]


def packed(
    time_ms: NDArray[np.int64],
    distance_dm: NDArray[np.int64],
    crossings: NDArray[np.int64] | int = 0,
) -> Weights:
    """Return weights of times and distances; the arrays broadcast.

    Parameters
    ----------
    time_ms : int64, below ``2**28``
    distance_dm : int64, below ``2**22``
    crossings : int64
    """
    weight: Weights = crossings * CROSSING + (time_ms << DISTANCE_BITS) + distance_dm
    return weight


def unpacked(weight: Weights) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return seconds and metres of weights, float32 of the same shape, inf where there is no way.

    Crossings are an order among ways, not a delay: they are left out.
    """
    time_s = ((weight >> DISTANCE_BITS) & TIME_MASK).astype(np.float32) / np.float32(1000.0)
    distance_m = (weight & DISTANCE_MASK).astype(np.float32) / np.float32(10.0)
    no_way = weight >= INF
    time_s[no_way] = np.inf
    distance_m[no_way] = np.inf
    return time_s, distance_m
