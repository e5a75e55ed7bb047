"""Where a search may begin or end: for each of n locations, some nodes with a weight each.

Kept apart from the kernel so that who only builds locations does not wait for numba.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps.kernel.weight import Weights

Ints = NDArray[np.int64]


@dataclass(frozen=True, slots=True, eq=False)
class Entries:
    """Where n locations touch the graph, m times in all, in compressed rows.

    Location i is entered at the nodes ``node[first[i]:first[i + 1]]``, each at a weight of its
    own; where that is empty or all INF, there is no way to it.

    Attributes
    ----------
    first : (n + 1,) int64
    node : (m,) int64
    weight : (m,) int64
        Packed; see `maps.kernel.weight`.
    """

    first: Ints
    node: Ints
    weight: Weights

    def __len__(self) -> int:
        """Return n."""
        return len(self.first) - 1

    def take(self, indices: Ints) -> "Entries":
        """Return the entries of the locations with these indices, in their order."""
        first, member = spread(self.first, indices)
        return Entries(first, self.node[member], self.weight[member])

    def joined(self, other: "Entries") -> "Entries":
        """Return these locations followed by others."""
        return Entries(
            np.concatenate((self.first, self.first[-1] + other.first[1:])),
            np.concatenate((self.node, other.node)),
            np.concatenate((self.weight, other.weight)),
        )


def spread(first: Ints, rows: Ints) -> tuple[Ints, Ints]:
    """Return the compressed rows of some rows: their own starts, and the members of each.

    Parameters
    ----------
    first : (n + 1,) int64, starts of compressed rows
    rows : (r,) int64

    Returns
    -------
    (starts, member) : (r + 1,) and (m,) int64
    """
    counts = first[rows + 1] - first[rows]
    starts = np.concatenate((np.zeros(1, np.int64), np.cumsum(counts)))
    member = np.arange(starts[-1]) + np.repeat(first[rows] - starts[:-1], counts)
    return starts, member


def rows_of(key: Ints, count: int) -> tuple[Ints, Ints]:
    """Group members by key.

    Parameters
    ----------
    key : (m,) int64, each from 0 to ``count - 1``

    Returns
    -------
    (first, member) : (count + 1,) and (m,) int64
        Members of key k are ``member[first[k]:first[k + 1]]``, ascending.
    """
    first = np.concatenate((np.zeros(1, np.int64), np.cumsum(np.bincount(key, minlength=count))))
    return first, np.argsort(key, kind="stable")
