"""A problem as the kernel's tables, with room for what is promised.

Commitments are never refused: what those of a courier break by themselves, that courier's tour may
break by as much. The search knows no exception; it gets limits as wide as that.
"""

import numpy as np

from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel import neighbours, tables
from dispatch.solver.kernel.tables import Data, Table
from dispatch.solver.problem import Problem
from dispatch.solver.terms import Limits
from dispatch.solver.tours import Tours

__all__ = ["tabled"]


def tabled(problem: Problem, tours: Tours) -> tuple[Data, Table]:
    """Write the problem down; what commitments break by themselves, their couriers may break."""
    schedule = tours.schedule
    strict = schedule.limits
    limits = Limits(
        latest=list(strict.latest),
        hours=list(strict.hours),
        leash=list(strict.leash),
        capacity=[list(row) for row in strict.capacity],
        parcels=list(strict.parcels),
    )
    posts = np.zeros((len(tours.couriers), 2), np.int64)
    closed: set[int] = set()
    kept: set[int] = set()
    for courier, vehicle in tours.vehicle_of.items():
        measures = tours.measures[vehicle]
        if problem.post[courier] >= 0 and (tours.stops[vehicle] or schedule.left[courier] <= 0):
            kept.add(courier)
            since = -at.NEVER if schedule.left[courier] <= 0 else measures.departs_at
            posts[vehicle] = since, measures.ends_at
        if courier not in tours.widened:
            continue
        kept.add(courier)
        if measures.blocked or measures.shut or any(measures.disorder):
            closed.add(courier)
        for stop, begin in zip(tours.stops[vehicle], measures.starts, strict=True):
            limits.latest[stop] = max(limits.latest[stop], begin)
        limits.hours[courier] = max(limits.hours[courier], measures.hours)
        limits.leash[courier] = max(limits.leash[courier], measures.away)
        limits.parcels[courier] = max(limits.parcels[courier], measures.parcels)
        limits.capacity[courier] = [
            max(pair) for pair in zip(limits.capacity[courier], measures.load, strict=True)
        ]
    pinned = [
        leg for leg, courier in enumerate(schedule.committed_to) if courier >= 0 and courier in kept
    ]
    data = tables.data_of(problem, limits, sorted(closed), pinned)
    data = data._replace(posts=tables.own(posts, np.int64))
    stops = tables.stops_of(problem, limits)
    return neighbours.acquainted(data, stops, problem), stops
