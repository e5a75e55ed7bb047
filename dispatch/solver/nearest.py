"""Who comes nearest to serving a leg that was left out, and the one code that says what he lacks.

The leg is tried in the tours of the plan, then with every courier alone in an empty tour, then
behind all that the cheapest of those have to do.
"""

import numpy as np

from dispatch.solver.alone import NEARER, RANK, SERVES, Alone, Couriers
from dispatch.solver.commitments import insertions
from dispatch.solver.plan import Reason
from dispatch.solver.schedule import Measures, Schedule
from dispatch.solver.tours import Tours

ASKED = 40
"""Vehicles asked what keeps them from a leg at most, the cheapest alone first."""


def reason_of(tours: Tours, couriers: Couriers, leg: int) -> Reason:
    """Name what keeps a leg from being served.

    Parameters
    ----------
    tours : Tours
        Of the plan.
    couriers : Couriers
        Each with nothing to do.
    leg : int
        Left out.

    """
    if not tours.served.exists(leg):
        return Reason.PRECEDENCE
    if not tours.couriers:
        return Reason.NO_COURIER_IN_RANGE
    change = tours.best(leg)
    if change is not None:
        return Reason.SEARCH_LIMIT if change.extra_cost < 0 else Reason.NOT_WORTH_IT
    return binding(tours, couriers, leg)


def binding(tours: Tours, couriers: Couriers, leg: int) -> Reason:
    """Name what keeps a leg that exists from being served, where no insertion is feasible.

    Parameters
    ----------
    tours, couriers, leg
        As in `reason_of`; there is a courier.

    """
    schedule = tours.schedule
    opens = schedule.opens[leg]
    if leg in schedule.gap:
        opens = max(opens, tours.opening(leg))
    alone = {stop: couriers.alone(leg, stop, opens) for stop in schedule.options[leg]}
    nearest = max(int(found.ranks.max()) for found in alone.values())
    if nearest < SERVES:
        return NEARER[nearest]
    misses = [_miss(tours, leg, dropoff, vehicle) for vehicle, dropoff in _able(tours, alone)]
    if Reason.SEARCH_LIMIT in misses:
        return Reason.SEARCH_LIMIT
    return max(misses, key=RANK.__getitem__)


def _able(tours: Tours, alone: dict[int, Alone]) -> list[tuple[int, int]]:
    """Give the vehicles that could serve the leg alone, and where it would be dropped."""
    extra = np.stack([found.extra for found in alone.values()])
    works = np.stack([found.ranks == SERVES for found in alone.values()])
    dropoffs = list(alone)
    order = np.argsort(np.where(works, extra, np.iinfo(np.int64).max), axis=None, kind="stable")
    result: list[tuple[int, int]] = []
    for pick in order[: int(works.sum())].tolist():
        option, courier = divmod(pick, works.shape[1])
        vehicle = tours.vehicle_of[courier]
        while vehicle < len(tours.couriers) and tours.couriers[vehicle] == courier:
            result.append((vehicle, dropoffs[option]))
            if len(result) == ASKED:
                return result
            if not tours.stops[vehicle]:
                break
            vehicle += 1
    return result


def _miss(tours: Tours, leg: int, dropoff: int, vehicle: int) -> Reason:
    """Say what keeps a vehicle from serving a leg after everything else that it has to do."""
    if tours.served.is_full(dropoff):
        return Reason.HUB_FULL
    schedule, courier = tours.schedule, tours.couriers[vehicle]
    stops = _appended(tours, leg, dropoff, vehicle)
    change = tours.change({vehicle: stops})
    if change is not None:
        return Reason.SEARCH_LIMIT if change.extra_cost < 0 else Reason.NOT_WORTH_IT
    measures = schedule.measure(courier, stops, None, tours.links)
    assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
    reason = _broken_limit(schedule, courier, stops, measures)
    if reason is not Reason.CAPACITY and schedule.prefix[courier]:
        before = insertions(schedule, leg, tours.stops[vehicle], 0)
        if any(
            schedule.measure(courier, tried, schedule.limits, tours.links) is not None
            for tried in before
            if dropoff in tried
        ):
            return Reason.FROZEN
    if reason is not None:
        return reason
    return Reason.POST if int(schedule.problem.post[courier]) >= 0 else Reason.PRECEDENCE


def _appended(tours: Tours, leg: int, dropoff: int, vehicle: int) -> list[int]:
    """Put a leg at the end of a tour, as far as the order of its stops allows."""
    schedule, courier = tours.schedule, tours.couriers[vehicle]
    stops = tours.stops[vehicle]
    end = len(stops)
    while end and schedule.place[stops[end - 1]] < 0:
        end -= 1
    if schedule.place[dropoff] < 0:
        stops = [*stops, dropoff]
    else:
        stops = [*stops[:end], dropoff, *stops[end:]]
    if not schedule.has_pickup[leg]:
        return stops
    if schedule.pickups_first[courier]:
        end = next(n for n, stop in enumerate(stops) if schedule.is_dropoff[stop])
        end = max(end, len(schedule.prefix[courier]))
    return [*stops[:end], leg, *stops[end:]]


def _broken_limit(
    schedule: Schedule, courier: int, stops: list[int], measures: Measures
) -> Reason | None:
    """Name the first limit that a tour breaks: load, reach, windows, hours, leash, order."""
    limits = schedule.limits
    too_much = any(
        load > most for load, most in zip(measures.load, limits.capacity[courier], strict=True)
    )
    if too_much or measures.parcels > limits.parcels[courier]:
        return Reason.CAPACITY
    late = any(
        begin > limits.latest[stop] for stop, begin in zip(stops, measures.starts, strict=True)
    )
    if late:
        return Reason.WINDOW
    if measures.blocked or measures.shut:
        return Reason.NO_COURIER_IN_RANGE
    if measures.hours > limits.hours[courier]:
        return Reason.HOURS
    if measures.away > limits.leash[courier]:
        return Reason.LEASH
    return Reason.FROZEN if any(measures.disorder) else None
