"""Short routes made one leg at a time, beside those that the search happens to meet.

Where tours have few legs the good ones can be listed: from each route of m legs come those of m + 1
by putting in, where it costs least, one of the legs near it. What each leg is worth (the duals of
`dispatch.solver.columns`) says which routes are worth going on from, and which are worth keeping.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.kernel.columns import (
    AFTER,
    CLOSED,
    COST,
    DROP,
    HOME,
    LEFT,
    LEG,
    LENGTH,
    NEVER,
    NEXT,
    POOLED,
    SLOT,
    STAMPS,
    STOP,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.pool import code_of, file
from dispatch.solver.kernel.recreate import best_place, put
from dispatch.solver.kernel.steps import renew
from dispatch.solver.kernel.tables import Data, Floats, Table, Work, own, work_of

DEPTH = 4
"""Most legs in a listed route."""
LEAST_BEAM, MOST_BEAM = 20, 3000
"""Bounds on `beam`."""
NEAREST = 30
"""Legs near each leg of a route that are put in."""
TRIED_PER_PARENT = DEPTH * 2 * NEAREST
"""Insertions into the routes of one class for each route of the beam, about."""
ROOM = 2 * DEPTH + 6
"""Stops in a listed route at most."""


def list_bundles(
    data: Data, stops: Table, work: Work, worth: Floats, gap: float, *, beam: int = MOST_BEAM
) -> None:
    """Put short routes into a search's pool.

    Parameters
    ----------
    data, stops : Data, (S, STOP_COLUMNS)
        The problem.
    work : Work
        Whose pool.
    worth : (L,)
        What serving each leg is worth, in units of cost.
    gap : float
        Routes that cost more than their legs are worth by more than this are not kept.
    beam : int
        Routes of one class that are gone on from, of each length.
    """
    scratch = work_of(data, stops, seed=0, room=ROOM)._replace(
        marks=work.marks, pool_of=work.pool_of, pool=work.pool
    )
    scratch.counters[POOLED] = work.counters[POOLED]
    committed = np.isin(np.arange(len(data.vehicles)), data.legs[:, HOME])
    for vehicle in data.first_of[:-1].tolist():
        is_bound = data.vehicles[vehicle, LEFT] <= 0 or data.vehicles[vehicle, CLOSED]
        if is_bound or committed[vehicle]:
            continue
        legs = data.legs.copy()
        legs[data.legs[:, HOME] < 0, HOME] = vehicle
        legs[(legs[:, HOME] != vehicle) | (legs[:, AFTER] >= 0) | (legs[:, NEXT] >= 0), HOME] = -1
        its = data._replace(legs=own(legs, np.int64))
        _list_of(its, scratch, vehicle, worth, gap, min(MOST_BEAM, max(LEAST_BEAM, beam)))
    work.counters[POOLED] = scratch.counters[POOLED]


def _list_of(data: Data, scratch: Work, vehicle: int, worth: Floats, gap: float, beam: int) -> None:
    """List the routes of one vehicle, level by level."""
    parents = np.zeros((1, ROOM), np.int32)
    lengths = np.zeros(1, np.int64)
    for _ in range(DEPTH):
        room = max(len(data.legs), len(parents) * 2 * NEAREST)
        children = np.zeros((room, ROOM), np.int32)
        child_of = np.zeros((room, 3), np.int64)
        made = grow(data, scratch, vehicle, parents, lengths, worth, gap, children, child_of)
        # Each set of drop-offs once, at its best order.
        child_of, children = child_of[:made], children[:made]
        order = np.lexsort((child_of[:, 1], child_of[:, 2]))
        fresh = np.ones(made, bool)
        fresh[1:] = child_of[order[1:], 2] != child_of[order[:-1], 2]
        order = order[fresh]
        order = order[np.argsort(child_of[order, 1], kind="stable")[:beam]]
        parents, lengths = children[order], child_of[order, 0]
        if not len(parents):
            break


@borrowing
def grow(
    data: Data,
    work: Work,
    k: int,
    parents: NDArray[np.int32],
    lengths: Table,
    worth: Floats,
    gap: float,
    children: NDArray[np.int32],
    child_of: Table,
) -> int:
    """Put one leg more into each route; give how many routes came of it.

    Parameters
    ----------
    parents, lengths : (n, N), (n,)
        Stops of the routes, and how many; a route without stops takes any leg.
    children : (m, N)
        Filled with the stops of longer routes.
    child_of : (m, 3)
        Filled with how many, cost less worth, and code.
    """
    made = 0
    for parent in range(parents.shape[0]):
        n = lengths[parent]
        work.counters[STAMPS] += 1
        value = _stand_on(data, work, k, parents, parent, n, worth)
        for i in range(max(n, 1)):
            near = data.legs.shape[0] if n == 0 else min(NEAREST, data.near.shape[1])
            if n > 0 and work.stops[parents[parent, i], DROP] == 0:
                continue
            for rank in range(near):
                leg = rank
                if n > 0:
                    leg = data.near[work.stops[parents[parent, i], LEG], rank]
                if work.listed[1, leg] == work.counters[STAMPS] or data.legs[leg, HOME] != k:
                    continue
                work.listed[1, leg] = work.counters[STAMPS]
                if made == children.shape[0]:
                    work.heads[k, LENGTH] = 0
                    return made
                its_k, row, behind, stop = best_place(data, work, leg, NEVER, 0.0, 0.0, 0)
                if its_k < 0:
                    continue
                put(data, work, leg, k, row, behind, stop)
                reduced = work.heads[k, COST] - value - worth[leg]
                if reduced <= gap:
                    file(data, work, k)
                if work.heads[k, LENGTH] <= children.shape[1]:
                    _note(data, work, k, reduced, children, child_of, made)
                    made += 1
                if work.stops[stop, SLOT] >= 0:
                    work.used[work.stops[stop, SLOT]] -= 1
                work.where[leg] = -1
                _stand_on(data, work, k, parents, parent, n, worth)
        for i in range(n):
            work.where[work.stops[parents[parent, i], LEG]] = -1
    work.heads[k, LENGTH] = 0
    return made


@borrowing
def _note(
    data: Data, work: Work, k: int, reduced: float, children: Any, child_of: Table, row: int
) -> None:
    """Write tour k down as a route to go on from."""
    length = work.heads[k, LENGTH]
    for q in range(length):
        children[row, q] = work.tours[k, q + 1, STOP]
    child_of[row, 0] = length
    child_of[row, 1] = int(reduced)
    child_of[row, 2] = code_of(data, work, k)


@borrowing
def _stand_on(
    data: Data, work: Work, k: int, parents: Any, parent: int, n: int, worth: Floats
) -> float:
    """Make a route tour k; give what its legs are worth, and let none of them be put in again."""
    value = 0.0
    for i in range(n):
        stop = parents[parent, i]
        work.tours[k, i + 1, STOP] = stop
        if work.stops[stop, DROP]:
            leg = work.stops[stop, LEG]
            value += worth[leg]
            work.listed[1, leg] = work.counters[STAMPS]
    work.heads[k, LENGTH] = n
    renew(data, work, k)
    return value
