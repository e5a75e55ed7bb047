"""Routes that a search has met, each once and at its cheapest order.

A table of fixed size, found by a hash of the courier class and of the drop-offs made: the order of
stops does not matter, the cheaper one stays. Where it is full the oldest of a few gives way.
Nothing is kept of tours with linked pairs: what those cost depends on other tours.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.kernel.columns import (
    AFTER,
    CLASS,
    COST,
    DEPARTS,
    DROP,
    ENDS,
    LEG,
    LENGTH,
    NEXT,
    POOLED,
    STOP,
    TOUCHED,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.tables import POOL_COLUMNS, Data, Table, Work, scrambled

# columns of `pool_of`, one row for each route
HASH = 0  # 0: no route here
OWNER = 1  # vehicle
PRICE = 2  # cost of the tour
STOPS = 3  # how many
SINCE = 4  # departure, ticks
UNTIL = 5  # end, ticks
AGE = 6  # when it was put here

PROBES = 8
"""Rows in which a route may lie."""


class Routes(NamedTuple):
    """Routes out of the pool. n routes, N stops at most.

    Attributes
    ----------
    owner, cost, since, until, length : (n,)
        Class, cost of the tour, departure and end, number of stops.
    stops : (n, N) int32
        In order; only the first `length` of a row count.
    """

    owner: Table
    cost: Table
    since: Table
    until: Table
    length: Table
    stops: NDArray[np.int32]


def marks_of(stops: int) -> Table:
    """(S,): a random number for each stop, for hashing."""
    return np.array([scrambled(stop) >> 2 for stop in range(stops)], np.int64)


def with_pool(work: Work, size: int) -> Work:
    """Give the same search with an empty pool of so many routes, a power of two."""
    width = work.tours.shape[1] - 2
    return work._replace(
        marks=marks_of(len(work.stops)),
        pool_of=np.zeros((size, POOL_COLUMNS), np.int64),
        pool=np.zeros((size, width), np.int32),
    )


@borrowing
def collect(data: Data, work: Work) -> None:
    """Keep the tours that this step made."""
    for q in range(work.counters[TOUCHED]):
        file(data, work, work.kept_of[q, 1])


@borrowing
def code_of(data: Data, work: Work, k: int) -> int:
    """Give the code of tour k: who makes it and which drop-offs; 0 where it cannot be kept."""
    n = work.heads[k, LENGTH]
    if n == 0 or n > work.pool.shape[1]:
        return 0
    code = (data.vehicles[k, CLASS] + 1) * 0x2545F4914F6CDD1D
    for i in range(1, n + 1):
        stop = work.tours[k, i, STOP]
        if work.stops[stop, DROP]:
            code += work.marks[stop]
            leg = work.stops[stop, LEG]
            if data.legs[leg, AFTER] >= 0 or data.legs[leg, NEXT] >= 0:
                return 0
    return code if code != 0 else 1


@borrowing
def file(data: Data, work: Work, k: int) -> None:
    """Put tour k into the pool, unless it is known as cheap."""
    code = code_of(data, work, k)
    row = _row_for(work, code, work.heads[k, COST]) if code != 0 else -1
    if row < 0:
        return
    n = work.heads[k, LENGTH]
    work.counters[POOLED] += 1
    work.pool_of[row, HASH] = code
    work.pool_of[row, OWNER] = k
    work.pool_of[row, PRICE] = work.heads[k, COST]
    work.pool_of[row, STOPS] = n
    work.pool_of[row, SINCE] = work.heads[k, DEPARTS]
    work.pool_of[row, UNTIL] = work.heads[k, ENDS]
    work.pool_of[row, AGE] = work.counters[POOLED]
    for i in range(n):
        work.pool[row, i] = work.tours[k, i + 1, STOP]


@borrowing
def _row_for(work: Work, code: int, cost: int) -> int:
    """Find a row for a route: its own, an empty one, the oldest; -1: it is known as cheap."""
    size = work.pool_of.shape[0]
    home = (code ^ (code >> 31)) & (size - 1)
    oldest = -1
    for probe in range(PROBES):
        row = (home + probe) & (size - 1)
        if work.pool_of[row, HASH] == code:
            return -1 if work.pool_of[row, PRICE] <= cost else row
        if work.pool_of[row, HASH] == 0:
            return row
        if oldest < 0 or work.pool_of[row, AGE] < work.pool_of[oldest, AGE]:
            oldest = row
    return oldest


def routes_of(data: Data, works: Sequence[Work]) -> Routes:
    """Give all routes of several searches, sorted, each once."""
    tables = [work.pool_of[work.pool_of[:, HASH] != 0] for work in works]
    stops = [work.pool[work.pool_of[:, HASH] != 0] for work in works]
    width = max((part.shape[1] for part in stops), default=0)
    stops = [np.pad(part, ((0, 0), (0, width - part.shape[1]))) for part in stops]
    table: Any = np.concatenate(tables)
    rows: Any = np.concatenate(stops)
    order = np.lexsort((table[:, PRICE], table[:, HASH]))
    table, rows = table[order], rows[order]
    is_first = np.ones(len(table), bool)
    is_first[1:] = table[1:, HASH] != table[:-1, HASH]
    table, rows = table[is_first], rows[is_first]
    return Routes(
        data.vehicles[table[:, OWNER], CLASS],
        table[:, PRICE],
        table[:, SINCE],
        table[:, UNTIL],
        table[:, STOPS],
        rows,
    )
