"""Times between few places spread over the many doors at them, each cell written once.

The hot end of `maps.doors.door_to_door`: a city's doors share entrances, so the matrix of its
doors is that of their entrances, read again and again. Imports nothing of the package but the
compiler.
"""

import numpy as np
from numpy.typing import NDArray

from maps.kernel.compiled import compiled


@compiled
def spread(
    spots: tuple[NDArray[np.float64], NDArray[np.float32]],
    spot: NDArray[np.int64],
    leave_s: NDArray[np.float64],
    reach_s: NDArray[np.float64],
    result: tuple[NDArray[np.float32], NDArray[np.float32]],
) -> None:
    """Fill matrices of n doors from those of s spots.

    Parameters
    ----------
    spots : (s, s) float64 and float32, seconds and metres
    spot : (n,) int64
        Where each door is.
    leave_s, reach_s : (n,) float64, seconds
        Added to a door's row and to its column.
    result : (n, n) float32, seconds and metres
    """
    time_s, distance_m = spots
    door_time_s, door_distance_m = result
    for row in range(len(spot)):
        from_s, from_m = time_s[spot[row]], distance_m[spot[row]]
        to_s, to_m = door_time_s[row], door_distance_m[row]
        leaves_s = leave_s[row]
        for column in range(len(spot)):
            at = spot[column]
            to_s[column] = from_s[at] + (leaves_s + reach_s[column])
            to_m[column] = from_m[at]
