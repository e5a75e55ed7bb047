"""Solutions in and out of the search's memory."""

from collections.abc import Sequence
from itertools import chain

import numpy as np

from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel import recreate, steps
from dispatch.solver.kernel.tables import Data, Table, Work


def load(data: Data, work: Work, tours: Sequence[Sequence[int] | Table]) -> None:
    """Stand on a solution, and take it for the best one if it is.

    Parameters
    ----------
    data, work : Data, Work
        The search.
    tours : sequence of sequences of stops, one for each vehicle
        With every promised leg; keeping to all limits.

    """
    counters = work.counters
    counters[at.STAMPS] += 1
    work.where[:] = -1
    work.choice[:] = -1
    work.used[:] = 0
    legs = len(data.legs)
    for k, tour in enumerate(tours):
        work.heads[k, at.LENGTH] = len(tour)
        work.tours[k, 1 : len(tour) + 1, at.STOP] = tour
    stops = np.fromiter(chain.from_iterable(tours), np.int64)
    makers = np.repeat(np.arange(len(tours)), [len(tour) for tour in tours])
    drops = stops >= legs
    served = work.stops[stops[drops], at.LEG]
    work.where[served], work.choice[served] = makers[drops], stops[drops]
    slots = work.stops[stops[drops], at.SLOT]
    np.add.at(work.used, slots[slots >= 0], 1)
    _time(data, work)
    work.heads[: len(tours), at.KEPT] = work.heads[: len(tours), at.COST]
    work.heads[: len(tours), at.DIRTY] = 1
    work.dirty[: len(tours)] = np.arange(len(tours))
    counters[at.DIRTIES] = len(tours)
    absent = np.flatnonzero(work.where < 0)
    work.absent[:] = -1
    work.absent[0, : len(absent)] = absent
    work.absent[1, absent] = np.arange(len(absent))
    counters[at.ABSENT] = len(absent)
    counters[at.CURRENT] = work.heads[:, at.COST].sum() + steps.price_all(data, work)


def _time(data: Data, work: Work) -> None:
    """Time all tours; those with linked pickups again, until no opening moves."""
    steps.renew_all(data, work)
    linked = [
        leg for leg in np.flatnonzero(data.legs[:, at.AFTER] >= 0).tolist() if work.where[leg] >= 0
    ]
    moved = bool(linked)
    while moved:
        moved = False
        for leg in linked:
            if not steps.exists(data, work, leg):
                continue
            before = work.stops[leg, at.OPENS]
            recreate.follow(data, work, leg)
            if work.stops[leg, at.OPENS] != before:
                moved = True
                steps.renew(data, work, work.where[leg])


def current_of(work: Work) -> list[Table]:
    """Give each vehicle's stops in the solution that the search stands on."""
    return [
        work.tours[k, 1 : n + 1, at.STOP].copy() for k, n in enumerate(work.heads[:, at.LENGTH])
    ]


def best_of(work: Work) -> list[list[int]]:
    """Give each vehicle's stops in the best solution."""
    return [work.best[k, 1 : n + 1].tolist() for k, n in enumerate(work.best_length.tolist())]


def grown(data: Data, work: Work) -> Work:
    """Give the same search with tours that may be twice as long."""
    room = 2 * (work.tours.shape[1] - 2)

    def wider(table: Table) -> Table:
        shape = (table.shape[0], room + 2, *table.shape[2:])
        result = np.zeros(shape, np.int64)
        result[:, : table.shape[1]] = table
        return result

    work.counters[at.CRAMPED] = 0
    return work._replace(
        tours=wider(work.tours),
        loads=wider(work.loads),
        kept=wider(work.kept),
        best=wider(work.best),
        string=np.zeros(max(room, len(data.vehicles)) + 2, np.int64),
        detours=np.zeros(room + 4, np.int64),
    )
