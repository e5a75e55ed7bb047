"""What the `Problem` is made of: array types, constants with a meaning, rows, and errors.

It imports numpy and nothing else.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

IntArray = NDArray[np.int64]
Int32Array = NDArray[np.int32]
UIntArray = NDArray[np.uint64]
BoolArray = NDArray[np.bool_]
AnyArray = NDArray[Any]

UNREACHABLE = 2**29
"""Travel time and distance where there is no way."""
FOREVER = 2**30
"""No instant and no duration of a problem is longer."""
NO_LIMIT = 2**40
"""A capacity that nothing fills."""
NOT_LEFT = 1
"""The value of `left` for a courier who has not left yet."""


class ProblemError(ValueError):
    """A `Problem` that cannot be constructed.

    Parameters
    ----------
    faults : sequence of (field, message)
        Every bad field, in the order of the fields.

    """

    def __init__(self, faults: Sequence[tuple[str, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(f"{field}: {message}" for field, message in self.faults))

    @property
    def field(self) -> str:
        """The first bad field."""
        return self.faults[0][0]


@dataclass(frozen=True, eq=False)
class Lists:
    """A list of integers for each row: row r is `values[indptr[r]:indptr[r + 1]]`.

    Parameters
    ----------
    indptr : (rows + 1,) int64
        From 0, ascending.
    values : (indptr[-1],) int64
        All rows, one after the other.

    """

    indptr: IntArray
    values: IntArray

    @classmethod
    def of(cls, rows: Sequence[Sequence[int]]) -> "Lists":
        """Make it from ordinary lists."""
        return cls(
            indptr=np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64),
            values=np.array([value for row in rows for value in row], dtype=np.int64),
        )

    def row(self, index: int) -> IntArray:
        """Give one row."""
        return self.values[self.indptr[index] : self.indptr[index + 1]]


@dataclass(frozen=True, eq=False)
class FrozenStops:
    """The first stops of each courier's tour, in order; row c belongs to courier c.

    Parameters
    ----------
    indptr : (C + 1,) int64
        Rows, as in `Lists`.
    leg, option : (F,) int64
        The leg and its drop-off option (-1 at a pickup).
    action : (F,) int64
        0: pickup, 1: drop-off.
    not_before : (F,) int64, ticks
        Service does not start earlier.

    """

    indptr: IntArray
    leg: IntArray
    action: IntArray
    option: IntArray
    not_before: IntArray


@dataclass(frozen=True, eq=False)
class PostSteps:
    """How many couriers may be away from each post; row q belongs to post q.

    Parameters
    ----------
    indptr : (Q + 1,) int64
        Rows, as in `Lists`.
    starts_at : (R,) int64, ticks
        From when on; ascending within a row.
    most_away : (R,) int64, couriers
        How many may be away from then on.

    """

    indptr: IntArray
    starts_at: IntArray
    most_away: IntArray
