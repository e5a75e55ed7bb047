"""Which legs lie close to a leg, and who could serve it alone for least.

Both keep a search from looking at everything: strings are taken from the tours of close legs, and a
leg is tried in their tours and, cheapest first, in empty ones.
"""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import UNREACHABLE
from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel.compiled import compiled
from dispatch.solver.kernel.tables import Data, Table, own
from dispatch.solver.kernel.timing import arc_of, stop_price
from dispatch.solver.problem import Problem

NEAR = 70
"""Neighbours of a leg."""
CLASSES = 60
"""Courier classes in whose empty tours a leg is tried."""


def acquainted(data: Data, stops: Table, problem: Problem) -> Data:
    """Fill in who is near whom."""
    count = min(CLASSES, problem.courier_count)
    classes, bounds = _cheapest(
        data.travel,
        data.metres,
        data.arcs,
        data.switches,
        data.legs,
        stops,
        data.vehicles,
        data.first_of,
        data.allowed,
        count,
    )
    return data._replace(
        near=own(near(problem), np.int32),
        classes=own(classes, np.int32),
        bounds=own(bounds, np.int64),
    )


def near(problem: Problem) -> NDArray[np.int32]:
    """(L, NEAR): the legs whose drop-offs, and by half their pickups, are closest."""
    legs = problem.leg_count
    count = max(0, min(NEAR, legs - 1))
    if count == 0:
        return np.zeros((legs, 0), np.int32)
    first = np.searchsorted(problem.option_leg, np.arange(legs))
    drop = problem.option_place[first]
    pickup = np.where(problem.pickup_place >= 0, problem.pickup_place, drop)
    drop = np.where(drop >= 0, drop, pickup)
    if (drop < 0).any() or not problem.mode_count:
        # Brought to the end of whatever tour: nobody is nearer than anybody else.
        nowhere = np.zeros(legs, np.int64)
        return _nearest(np.zeros((1, 1), np.int32), nowhere, nowhere, count)
    return _nearest(problem.travel[0], drop, pickup, count)


@compiled
def _nearest(travel: Any, drop: Any, pickup: Any, count: Any) -> Any:
    """Keep the `count` nearest of each leg in a sorted list: most others never enter it."""
    legs = len(drop)
    near = np.empty((legs, count), np.int32)
    apart = np.empty(count + 1, np.float64)
    for leg in range(legs):
        held = 0
        for other in range(legs):
            if other == leg:
                continue
            distance = travel[drop[leg], drop[other]] + 0.5 * travel[pickup[leg], pickup[other]]
            if held == count and distance >= apart[held - 1]:
                continue
            rank = min(held, count - 1)
            while rank > 0 and apart[rank - 1] > distance:
                apart[rank] = apart[rank - 1]
                near[leg, rank] = near[leg, rank - 1]
                rank -= 1
            apart[rank] = distance
            near[leg, rank] = other
            held = min(held + 1, count)
    return near


@compiled
def _cheapest(
    travel: Any,
    metres: Any,
    arcs: Any,
    switches: Any,
    legs: Any,
    stops: Any,
    vehicles: Any,
    first_of: Any,
    allowed: Any,
    count: Any,
) -> Any:
    """Give the cheapest classes for each leg alone, and bounds on what they cost."""
    classes = np.full((legs.shape[0], count), -1, np.int32)
    bounds = np.full((legs.shape[0], count), at.NEVER, np.int64)
    price = np.empty(len(first_of) - 1, np.int64)
    for leg in range(legs.shape[0]):
        source = stops[leg, at.PLACE]
        for c in range(len(price)):
            price[c] = at.NEVER
            k = first_of[c]
            if allowed[leg, c] == 0:
                continue
            if vehicles[k, at.LEFT] <= 0:
                # Away already: what the leg adds depends on the way home.
                price[c] = -at.NEVER
                continue
            mode = vehicles[k, at.MODE]
            for stop in range(legs[leg, at.FIRST], legs[leg, at.LAST] + 1):
                cost = vehicles[k, at.FIXED] + stop_price(stops, legs, vehicles, k, stop)
                here = vehicles[k, at.START]
                reachable = True
                for place in (source, stops[stop, at.PLACE], vehicles[k, at.END]):
                    if place < 0:
                        continue
                    cost += arc_of(travel, metres, arcs, switches, vehicles, k, here, place)
                    if here >= 0:
                        way = travel[mode, here, place]
                        reachable = reachable and way < UNREACHABLE
                        cost += vehicles[k, at.PER_AWAY] * way
                    here = place
                if reachable:
                    price[c] = min(price[c], cost)
        order = np.argsort(price, kind="mergesort")
        for rank in range(count):
            if price[order[rank]] < at.NEVER:
                classes[leg, rank] = order[rank]
                bounds[leg, rank] = price[order[rank]]
    return classes, bounds
