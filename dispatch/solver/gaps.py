"""Where a leg could go into the tours: a quick estimate that puts promising insertions first.

Only the order of the candidates is decided here, and that some cannot work;
`dispatch.solver.schedule` prices those that are tried. Kept apart from `insert` because this is the
only part of it that must be fast.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import UNREACHABLE
from dispatch.solver.schedule import Limits, Schedule

_Array = NDArray[Any]


class _Tours(Protocol):
    """What the estimate reads of the tours under construction."""

    schedule: Schedule
    limits: Limits
    couriers: list[int]
    stops: list[list[int]]


@dataclass(frozen=True)
class _Row:
    """The gaps of one tour: gap g lies before stop g, the last one before the end; (gaps,)."""

    before: _Array
    after: _Array
    leaves: _Array
    """Earliest end of service before the gap, ticks."""
    reach_by: _Array
    """Latest start of service after the gap, ticks."""
    room: _Array
    """(gaps, W): what can still be loaded there."""
    first: _Array
    """(pairs,): gap of the pickup, where the drop-off comes in a later one."""
    last: _Array
    """(pairs,): gap of the drop-off."""


@dataclass(frozen=True)
class _Detour:
    """One stop in every gap: whether it can work, and an estimate of its price."""

    feasible: _Array
    price: _Array
    begins: _Array
    way_out: _Array
    arc_in: _Array
    arc_out: _Array


class Gaps:
    """The gaps of all tours, kept up to date tour by tour.

    Parameters
    ----------
    tours : Tours
        Read whenever `changed` is called.

    """

    def __init__(self, tours: _Tours) -> None:
        self._tours = tours
        self._schedule = tours.schedule
        problem = tours.schedule.problem
        pad = ((0, 0), (0, 1), (0, 1))
        self._ways = tours.schedule.ways
        self._distance = np.pad(problem.distance_m, pad) if problem.cost_per_m.any() else None
        self._arcs = None if problem.arc_cost is None else np.pad(problem.arc_cost, pad)
        self._load = problem.load
        self._rows = [self._row(vehicle) for vehicle in range(len(tours.couriers))]
        self._stale = True

    def changed(self, vehicle: int) -> None:
        """Read a tour again."""
        self._rows[vehicle] = self._row(vehicle)
        self._stale = True

    def insertions(
        self, leg: int, vehicles: Sequence[int], most: int, most_per_vehicle: int
    ) -> Iterator[tuple[int, list[int]]]:
        """Give (vehicle, new stops) for promising insertions of a leg, the best estimate first."""
        if not vehicles:
            return
        self._refresh()
        allowed = np.zeros(len(self._tours.couriers), bool)
        allowed[list(vehicles)] = True
        open_gaps = allowed[self._vehicle] & (self._room >= self._load[leg]).all(axis=1)
        found = [
            found
            for stop in self._schedule.options[leg]
            for found in self._of_option(leg, stop, open_gaps)
            if len(found[0])
        ]
        if not found:
            return
        price, first, last, dropoff = (np.concatenate(parts) for parts in zip(*found, strict=True))
        tried: Counter[int] = Counter()
        for pick in np.argsort(price, kind="stable").tolist():
            vehicle = int(self._vehicle[last[pick]])
            if tried[vehicle] >= most_per_vehicle:
                continue
            if tried.total() >= most:
                return
            tried[vehicle] += 1
            offset = int(self._offset[vehicle])
            stops = self._tours.stops[vehicle]
            i, j = int(first[pick]) - offset, int(last[pick]) - offset
            pickup = [leg] if self._schedule.has_pickup[leg] else []
            yield vehicle, [*stops[:i], *pickup, *stops[i:j], int(dropoff[pick]), *stops[j:]]

    def _row(self, vehicle: int) -> _Row:
        schedule, limits = self._schedule, self._tours.limits
        courier, stops = self._tours.couriers[vehicle], self._tours.stops[vehicle]
        places = [
            schedule.start[courier],
            *(schedule.place[stop] for stop in stops),
            schedule.end[courier],
        ]
        ways = [schedule.way(courier, tail, head) for tail, head in pairwise(places)]
        leaves = [schedule.on_duty[courier]]
        for stop, way in zip(stops, ways, strict=False):
            leaves.append(max(leaves[-1] + way, schedule.opens[stop]) + schedule.service[stop])
        reach_by = [limits.hours[courier] // 1000]
        for stop, way in zip(reversed(stops), reversed(ways), strict=False):
            reach_by.append(min(limits.latest[stop], reach_by[-1] - way - schedule.service[stop]))
        first, last = np.triu_indices(len(stops) + 1, 1)
        return _Row(
            before=np.array(places[:-1]),
            after=np.array(places[1:]),
            leaves=np.array(leaves),
            reach_by=np.array(reach_by[::-1]),
            room=self._room_in(courier, stops),
            first=first,
            last=last,
        )

    def _room_in(self, courier: int, stops: Sequence[int]) -> _Array:
        schedule = self._schedule
        capacity = np.array(self._tours.limits.capacity[courier], np.int64)
        if not len(capacity) or not stops:
            return np.broadcast_to(capacity, (len(stops) + 1, len(capacity)))
        legs = np.array([schedule.leg[stop] for stop in stops])
        dropoff = np.array(stops) >= schedule.leg_count
        change = np.where(dropoff, -1, 1)[:, None] * self._load[legs]
        loaded_at_start = dropoff & ~np.array(schedule.has_pickup)[legs]
        at_start = self._load[legs[loaded_at_start]].sum(axis=0)
        room: _Array = capacity - (
            at_start + np.vstack([np.zeros_like(at_start), change.cumsum(axis=0)])
        )
        return room

    def _refresh(self) -> None:
        """Put the tours' gaps one after the other."""
        if not self._stale:
            return
        rows = self._rows
        lengths = np.array([len(row.before) for row in rows])
        self._offset = np.cumsum(lengths) - lengths
        self._vehicle = np.repeat(np.arange(len(rows)), lengths)
        self._before = np.concatenate([row.before for row in rows])
        self._after = np.concatenate([row.after for row in rows])
        self._leaves = np.concatenate([row.leaves for row in rows])
        self._reach_by = np.concatenate([row.reach_by for row in rows])
        self._room = np.concatenate([row.room for row in rows])
        self._first = np.concatenate(
            [row.first + offset for row, offset in zip(rows, self._offset, strict=True)]
        )
        self._last = np.concatenate(
            [row.last + offset for row, offset in zip(rows, self._offset, strict=True)]
        )
        problem, couriers = self._schedule.problem, np.array(self._tours.couriers)
        courier = couriers[self._vehicle]
        self._courier = courier
        self._mode = problem.mode[courier]
        self._access = problem.access[courier]
        self._per_travel = problem.cost_per_travel[courier]
        self._per_m = problem.cost_per_m[courier]
        self._per_away = problem.cost_per_away[courier]
        empty = np.array([not stops for stops in self._tours.stops])[self._vehicle]
        self._opening = np.where(
            empty & (problem.left[courier] > 0), problem.fixed_cost[courier], 0
        )
        travel = self._travel(self._before, self._after)
        self._way = self._with_gates(self._before, self._after, travel)
        self._arc = self._arc_costs(self._before, self._after, travel)
        self._stale = False

    def _travel(self, tails: _Array | int, heads: _Array | int) -> _Array:
        travel: _Array = self._ways.travel[self._mode, tails, heads]
        return travel

    def _with_gates(self, tails: _Array | int, heads: _Array | int, travel: _Array) -> _Array:
        if not self._ways.is_gated:
            return travel
        return np.minimum(travel + self._ways.added(self._access, tails, heads), UNREACHABLE)

    def _arc_costs(self, tails: _Array | int, heads: _Array | int, travel: _Array) -> _Array:
        if self._arcs is not None:
            arcs: _Array = self._arcs[self._mode, tails, heads]
            return arcs
        cost: _Array = self._per_travel * travel
        if self._distance is not None:
            cost = cost + self._per_m * self._distance[self._mode, tails, heads]
        return cost

    def _detour(self, stop: int, open_gaps: _Array) -> _Detour:
        schedule = self._schedule
        place, service = schedule.place[stop], schedule.service[stop]
        travel_in, travel_out = self._travel(self._before, place), self._travel(place, self._after)
        way_in = self._with_gates(self._before, place, travel_in)
        way_out = self._with_gates(place, self._after, travel_out)
        arc_in = self._arc_costs(self._before, place, travel_in)
        arc_out = self._arc_costs(place, self._after, travel_out)
        begins = np.maximum(self._leaves + way_in, schedule.opens[stop])
        feasible = open_gaps & (begins <= self._tours.limits.latest[stop])
        feasible &= begins + service + way_out <= self._reach_by
        longer = way_in + way_out - self._way + service
        price = arc_in + arc_out - self._arc + self._per_away * longer
        price += schedule.lateness_cost[stop] * np.maximum(begins - schedule.due[stop], 0)
        return _Detour(feasible, price, begins, way_out, arc_in, arc_out)

    def _of_option(
        self, leg: int, dropoff: int, open_gaps: _Array
    ) -> Iterator[tuple[_Array, _Array, _Array, _Array]]:
        schedule = self._schedule
        there = self._detour(dropoff, open_gaps)
        problem = schedule.problem
        extra = self._opening + schedule.price[dropoff] + problem.cost_per_parcel[self._courier]
        extra = extra + problem.cost_per_effort[self._courier] * schedule.effort[dropoff]
        if not schedule.has_pickup[leg]:
            gaps = np.flatnonzero(there.feasible)
            yield there.price[gaps] + extra[gaps], gaps, gaps, np.full(len(gaps), dropoff)
            return
        here = self._detour(leg, open_gaps)
        works = here.feasible[self._first] & there.feasible[self._last]
        first, last = self._first[works], self._last[works]
        yield (
            here.price[first] + there.price[last] + extra[last],
            first,
            last,
            np.full(len(first), dropoff),
        )

        tail, head = schedule.place[leg], schedule.place[dropoff]
        travel = self._travel(tail, head)
        way = self._with_gates(tail, head, travel)
        arc = self._arc_costs(tail, head, travel)
        begins = np.maximum(here.begins + schedule.service[leg] + way, schedule.opens[dropoff])
        ends = begins + schedule.service[dropoff]
        works = open_gaps & (here.begins <= self._tours.limits.latest[leg])
        works &= (begins <= self._tours.limits.latest[dropoff]) & (
            ends + there.way_out <= self._reach_by
        )
        price = here.arc_in + arc + there.arc_out - self._arc + extra
        price += self._per_away * (
            here.begins - self._leaves + (ends - here.begins) + there.way_out - self._way
        )
        price += schedule.lateness_cost[leg] * np.maximum(begins - schedule.due[dropoff], 0)
        gaps = np.flatnonzero(works)
        yield price[gaps], gaps, gaps, np.full(len(gaps), dropoff)
