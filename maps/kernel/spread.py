"""Times between few places spread over the many doors at them, each cell written once.

The hot end of `maps.doors.door_to_door`: a city's doors share entrances, so the matrix of its
doors is that of their entrances, read again and again. Imports nothing of the package but the
compiler.
"""

import numpy as np
from numpy.typing import NDArray

from maps.kernel.compiled import compiled

Floats = NDArray[np.float64]
Ints = NDArray[np.int64]
Matrices = tuple[NDArray[np.float32], NDArray[np.float32]]


@compiled
def spread(
    road: Matrices,
    walks: tuple[Ints, Ints, Floats, Floats],
    doors: tuple[Ints, Ints],
    floors_s: tuple[Floats, Floats],
    result: Matrices,
) -> None:
    """Fill matrices of n doors from those of s spots.

    Parameters
    ----------
    road : (s, s) float32, seconds and metres
    walks : four (pairs,) arrays: row, column, seconds, metres
        What replaces the road between two spots; the pairs of a row stand together.
    doors : two (n,) int64
        The spot of each door, and the doors ordered by it.
    floors_s : two (n,) float64, seconds
        Added to a door's row and to its column.
    result : (n, n) float32, seconds and metres
    """
    row, column, walked_s, walked_m = walks
    spot, order = doors
    leave_s, reach_s = floors_s
    first, count = np.zeros(len(road[0]), np.int64), np.zeros(len(road[0]), np.int64)
    for pair in range(len(row)):
        if count[row[pair]] == 0:
            first[row[pair]] = pair
        count[row[pair]] += 1
    # One row of the spots at a time: wide, so that seconds are rounded once, at the end.
    from_s, from_m = np.empty(len(road[0]), np.float64), np.empty(len(road[0]), np.float32)
    here = -1
    for door in order:
        if spot[door] != here:
            here = spot[door]
            for there in range(len(from_s)):
                from_s[there] = road[0][here, there]
                from_m[there] = road[1][here, there]
            for pair in range(first[here], first[here] + count[here]):
                from_s[column[pair]] = walked_s[pair]
                from_m[column[pair]] = walked_m[pair]
        to_s, to_m, leaves_s = result[0][door], result[1][door], leave_s[door]
        for other in range(len(spot)):
            to_s[other] = from_s[spot[other]] + (leaves_s + reach_s[other])
            to_m[other] = from_m[spot[other]]
