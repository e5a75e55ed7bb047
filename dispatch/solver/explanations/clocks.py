"""Many tours timed and priced at once, by the rules of `dispatch.solver.schedule`.

One leg can go into the tours of a plan in thousands of ways, and why it cannot is known only when
all have been looked at. Here they are columns of arrays: row t holds every tour's stop t. A gate
that is shut to somebody is counted, and passed all the same, as fast as others pass it, so that
what else is wrong can be seen too. `dispatch.solver.check` must not import this module.
"""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import UNREACHABLE, BoolArray, IntArray
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.terms import NEVER
from dispatch.solver.tours import Tours

_NOWHERE = -2
"""The gate of no place at all."""


@dataclass(frozen=True, slots=True)
class Stops:
    """What is asked of every stop; (stops + 1,), the last one stands for no stop.

    Parameters
    ----------
    place : place
        -1: no stop, or carried to the end.
    opens, latest, due, bound : ticks
        Earliest and latest start, start from which on it is late, start up to which a departure may
        delay it.
    service, lateness_cost
        As in `Problem`.
    is_dropoff, is_carried : bool
        Carried is what is dropped wherever the tour ends.
    change, at_start : (W, stops + 1)
        What it adds to the load, and what of it was there at the start.

    """

    place: IntArray
    opens: IntArray
    latest: IntArray
    due: IntArray
    bound: IntArray
    service: IntArray
    lateness_cost: IntArray
    is_dropoff: BoolArray
    is_carried: BoolArray
    change: IntArray
    at_start: IntArray


@dataclass(frozen=True, slots=True)
class Crew:
    """Who makes the tours, and what he must keep to; (V,) each.

    Parameters
    ----------
    courier : courier class
    on_duty, left, hours, leash, parcels, capacity
        As in `dispatch.solver.terms.Limits`, with what commitments excuse.
    blocked, shut, behind, carried : ways and stops
        How many of these commitments excuse.
    sees_through : bool
        Whether shut gates are passed.

    """

    courier: IntArray
    on_duty: IntArray
    left: IntArray
    hours: IntArray
    leash: IntArray
    parcels: IntArray
    capacity: IntArray
    blocked: IntArray
    shut: IntArray
    behind: IntArray
    carried: IntArray
    sees_through: BoolArray


@dataclass(frozen=True, slots=True)
class Columns:
    """Tours, the longest first.

    Parameters
    ----------
    vehicle : (K,)
        Index into the crew.
    stops : (N, K)
        Padded with the stop that is none.
    active : list of int
        How many tours have more than t stops, for t < N.

    """

    vehicle: IntArray
    stops: IntArray
    active: list[int]


@dataclass(frozen=True, slots=True)
class Timed:
    """The measures of all tours, as in `dispatch.solver.schedule.Measures`; (K,) and (N, K).

    Parameters
    ----------
    ways : (N + 1, K), ticks
        Between the stops.
    tails, heads : (N + 1, K), places
        Where each way begins and ends; -1: nowhere.
    cost : (K,)
        Of the ways, the time away and lateness.

    """

    starts: IntArray
    ways: IntArray
    tails: IntArray
    heads: IntArray
    departs_at: IntArray
    ends_at: IntArray
    away: IntArray
    hours: IntArray
    load: IntArray
    blocked: IntArray
    shut: IntArray
    behind: IntArray
    carried: IntArray
    cost: IntArray


def stops_of(tours: Tours) -> Stops:
    """Unroll the stops of a problem as the tours leave them: linked pairs wait as they do now."""
    schedule, links = tours.schedule, tours.links
    opens, latest = list(schedule.opens), list(schedule.closes)
    bound = list(schedule.not_delayed_past)
    for stop, at in links.opens.items():
        opens[stop] = max(opens[stop], at)
    for stop in links.held:
        bound[stop] = -NEVER
    for vehicle, courier in enumerate(tours.couriers):
        if courier in tours.widened:
            own = schedule.committed(tours.stops[vehicle])
            alone = schedule.measure(courier, own, None, links)
            assert alone is not None, "no tour breaks limits that do not exist"  # noqa: S101
            for stop, begin in zip(own, alone.starts, strict=True):
                latest[stop] = max(latest[stop], begin)
    none = len(schedule.place)
    change = np.array(schedule.change, np.int64).reshape(-1, none)
    return Stops(
        place=_with(schedule.place, -1),
        opens=_with(opens, 0),
        latest=_with(latest, NEVER),
        due=_with(schedule.due, NEVER),
        bound=_with(bound, NEVER),
        service=_with(schedule.service, 0),
        lateness_cost=_with(schedule.lateness_cost, 0),
        is_dropoff=_with(schedule.is_dropoff, 0).astype(np.bool_),
        is_carried=_with([int(place < 0) for place in schedule.place], 0).astype(np.bool_),
        change=np.pad(change, ((0, 0), (0, 1))),
        at_start=np.pad(_at_start(schedule), ((0, 0), (0, 1))),
    )


def _with(values: list[int], none: int) -> IntArray:
    return np.array([*values, none], np.int64)


def _at_start(schedule: Schedule) -> IntArray:
    problem = schedule.problem
    waits = (problem.pickup_place >= 0)[problem.option_leg]
    dropped = np.where(waits[:, None], 0, problem.load[problem.option_leg])
    start: IntArray = np.vstack([np.zeros_like(problem.load), dropped]).T
    return start


def crew_of(tours: Tours) -> Crew:
    """Unroll the vehicles of the tours: what commitments break by themselves is no limit."""
    schedule = tours.schedule
    limits, couriers = schedule.limits, np.array(tours.couriers, np.int64)
    crew = plain_crew(schedule.problem, couriers)
    for vehicle, courier in enumerate(tours.couriers):
        if courier not in tours.widened:
            continue
        own = schedule.committed(tours.stops[vehicle])
        alone = schedule.measure(courier, own, None, tours.links)
        assert alone is not None, "no tour breaks limits that do not exist"  # noqa: S101
        crew.hours[vehicle] = max(limits.hours[courier], alone.hours)
        crew.leash[vehicle] = max(limits.leash[courier], alone.away)
        crew.parcels[vehicle] = max(limits.parcels[courier], alone.parcels)
        crew.capacity[vehicle] = np.maximum(crew.capacity[vehicle], alone.load)
        crew.blocked[vehicle], crew.shut[vehicle] = alone.blocked, alone.shut
        crew.behind[vehicle], crew.carried[vehicle] = alone.disorder
        crew.sees_through[vehicle] = alone.blocked + alone.shut == 0
    return crew


def plain_crew(problem: Problem, couriers: IntArray) -> Crew:
    """Unroll couriers who have no commitments."""
    nothing = np.zeros(len(couriers), np.int64)
    return Crew(
        courier=couriers,
        on_duty=problem.on_duty[couriers],
        left=problem.left[couriers],
        hours=1000 * problem.off_duty[couriers],
        leash=problem.leash[couriers],
        parcels=problem.most_parcels[couriers],
        capacity=problem.capacity[couriers],
        blocked=nothing.copy(),
        shut=nothing.copy(),
        behind=nothing.copy(),
        carried=nothing.copy(),
        sees_through=np.ones(len(couriers), np.bool_),
    )


class Clocks:
    """Times batches of tours of one problem.

    Parameters
    ----------
    schedule : Schedule
        The problem.

    """

    def __init__(self, schedule: Schedule) -> None:
        self._problem = problem = schedule.problem
        self._ways = schedule.ways
        self._has_carried = bool((problem.option_place < 0).any())
        self._is_priced = bool(problem.lateness_cost.any())
        self.entry: IntArray = np.pad(fastest_entry(problem), ((0, 0), (0, 2)))

    def timed(self, stops: Stops, crew: Crew, columns: Columns) -> Timed:
        """Time and price tours.

        Parameters
        ----------
        stops, crew : Stops, Crew
            What is asked of them.
        columns : Columns
            The tours.

        """
        problem, vehicle, order = self._problem, columns.vehicle, columns.stops
        courier = crew.courier[vehicle]
        tails, heads = self._path(stops, courier, order)
        travel = self._ways.travel(problem.mode[courier], tails, heads)
        ways, shut = self._ways_in(crew, columns, travel, (tails, heads))
        starts, ends_at = _starts(stops, crew, columns, ways)
        has_left = crew.left[vehicle] <= 0
        departs_at = _departures(stops, columns, starts, ways, crew.on_duty[vehicle])
        departs_at = np.where(has_left, crew.on_duty[vehicle], departs_at)
        away = ends_at - np.where(has_left, crew.left[vehicle], departs_at)
        late = np.int64(0)
        if self._is_priced:
            over = np.maximum(starts - stops.due[order], 0)
            late = (over * stops.lateness_cost[order]).sum(axis=0)
        behind, carried = self._disorder(stops, courier, order)
        return Timed(
            starts=starts,
            ways=ways,
            tails=tails,
            heads=heads,
            departs_at=departs_at,
            ends_at=ends_at,
            away=away,
            hours=1000 * ends_at + problem.return_reserve_permille[courier] * away,
            load=_most_on_board(stops, order),
            blocked=(ways >= UNREACHABLE).sum(axis=0) - (shut & (ways >= UNREACHABLE)).sum(axis=0),
            shut=shut.sum(axis=0),
            behind=behind,
            carried=carried,
            cost=late + self._price(courier, travel, (tails, heads), away),
        )

    def _path(self, stops: Stops, courier: IntArray, order: IntArray) -> tuple[IntArray, IntArray]:
        """Give where each way begins and ends; who passes a stop that is nowhere stays."""
        problem = self._problem
        end = problem.end_place[courier]
        places = stops.place[order]
        if self._has_carried:
            places = np.where(stops.is_carried[order], end, places)
        path = np.vstack([problem.start_place[courier], places, end])
        if (path[:-1] >= 0).all():
            return path[:-1], path[1:]
        steps = np.arange(len(path))[:, None]
        last = np.maximum.accumulate(np.where(path >= 0, steps, 0), axis=0)
        return np.take_along_axis(path, last, axis=0)[:-1], path[1:]

    def _ways_in(
        self, crew: Crew, columns: Columns, travel: IntArray, ends: tuple[IntArray, IntArray]
    ) -> tuple[IntArray, BoolArray]:
        """Add the gates, and say which ways are shut."""
        problem, (tails, heads) = self._problem, ends
        if not problem.is_gated:
            return travel, np.zeros(travel.shape, np.bool_)
        behind, ahead = self._ways.gate[tails], self._ways.gate[heads]
        passes = (behind != ahead) & (behind != _NOWHERE) & (ahead >= 0)
        access = problem.access[crew.courier[columns.vehicle]]
        entry = np.where(passes, self._ways.entry[access, ahead], 0)
        shut: BoolArray = passes & (entry >= UNREACHABLE) & (travel < UNREACHABLE)
        seen = np.where(shut & crew.sees_through[columns.vehicle], self.entry[access, ahead], entry)
        ways: IntArray = np.minimum(travel + seen, UNREACHABLE)
        return ways, shut

    def _disorder(
        self, stops: Stops, courier: IntArray, order: IntArray
    ) -> tuple[IntArray, IntArray]:
        nothing = np.zeros(order.shape[1], np.int64)
        behind = carried = nothing
        first = self._problem.pickups_first[courier]
        if first.any():
            dropped = np.logical_or.accumulate(stops.is_dropoff[order], axis=0)
            picks = ~stops.is_dropoff[order] & (order < len(stops.place) - 1)
            behind = np.where(first, (dropped & picks).sum(axis=0), 0)
        if self._has_carried:
            ended = np.logical_or.accumulate(stops.is_carried[order], axis=0)
            others = ~stops.is_carried[order] & (order < len(stops.place) - 1)
            carried = (ended & others).sum(axis=0)
        return behind, carried

    def _price(
        self,
        courier: IntArray,
        travel: IntArray,
        ends: tuple[IntArray, IntArray],
        away: IntArray,
    ) -> IntArray:
        problem = self._problem
        cost = problem.cost_per_away[courier] * away
        over = np.maximum(0, away - problem.allowance[courier])
        cost = cost + problem.cost_over_allowance[courier] * over
        mode = problem.mode[courier]
        if problem.arc_cost is not None:
            arcs: IntArray = cost + self._ways.between(problem.arc_cost, mode, *ends).sum(axis=0)
            return arcs
        cost = cost + problem.cost_per_travel[courier] * travel.sum(axis=0)
        if problem.cost_per_m.any():
            metres = self._ways.between(problem.distance_m, mode, *ends).sum(axis=0)
            cost = cost + problem.cost_per_m[courier] * metres
        priced: IntArray = cost
        return priced


def fastest_entry(problem: Problem) -> IntArray:
    """Give how long gates take, (A, G); where one is shut, as long as whoever is quickest there."""
    entry = problem.gate_entry
    known = np.where(entry < 0, UNREACHABLE, entry)
    best = known.min(axis=0, initial=UNREACHABLE)
    opened: NDArray[Any] = np.where(entry < 0, np.where(best < UNREACHABLE, best, 0), entry)
    return opened.astype(np.int64)


def _starts(
    stops: Stops, crew: Crew, columns: Columns, ways: IntArray
) -> tuple[IntArray, IntArray]:
    order = columns.stops
    opens, service = stops.opens[order], stops.service[order]
    starts = np.zeros(order.shape, np.int64)
    clock = crew.on_duty[columns.vehicle].copy()
    for t, active in enumerate(columns.active):
        begin = np.maximum(clock[:active] + ways[t, :active], opens[t, :active])
        starts[t, :active] = begin
        clock[:active] = begin + service[t, :active]
    return starts, clock + ways[-1]


def _departures(
    stops: Stops, columns: Columns, starts: IntArray, ways: IntArray, on_duty: IntArray
) -> IntArray:
    """Delay each departure as far as the end and every stop's bound allow."""
    order, active = columns.stops, columns.active
    latest = on_duty + ways[0]
    for t in range(len(active) - 1, -1, -1):
        longer = active[t + 1] if t + 1 < len(active) else 0
        latest[longer : active[t]] = starts[t, longer : active[t]]
        if longer:
            here = order[t, :longer]
            moved = latest[:longer] - stops.service[here] - ways[t + 1, :longer]
            bound = np.maximum(starts[t, :longer], stops.bound[here])
            latest[:longer] = np.minimum(moved, bound)
    departs_at: IntArray = latest - ways[0]
    return departs_at


def _most_on_board(stops: Stops, order: IntArray) -> IntArray:
    """(W, K): the most that is carried at once."""
    most = np.zeros((len(stops.change), order.shape[1]), np.int64)
    for dimension, (change, at_start) in enumerate(zip(stops.change, stops.at_start, strict=True)):
        loaded = at_start[order].sum(axis=0)
        running = loaded + change[order].cumsum(axis=0)
        most[dimension] = np.maximum(loaded, running.max(axis=0, initial=-NEVER))
    return most
