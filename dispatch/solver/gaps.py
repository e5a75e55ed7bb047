"""Where a leg could go into the tours: a quick estimate that puts promising insertions first.

Only the order of the candidates is decided here, and that some cannot work;
`dispatch.solver.schedule` prices those that are tried. Kept apart from `tours` because this is the
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
from dispatch.solver.links import Links
from dispatch.solver.schedule import Measures, Schedule
from dispatch.solver.served import Served

_Array = NDArray[Any]


class _Tours(Protocol):
    """What the estimate reads of the tours under construction."""

    schedule: Schedule
    couriers: list[int]
    stops: list[list[int]]
    measures: list[Measures]
    widened: set[int]
    served: Served

    @property
    def links(self) -> Links:
        """What the tours must know of each other."""

    def opening(self, leg: int) -> int:
        """Give when a linked leg may be picked up, ticks."""


@dataclass(frozen=True, slots=True)
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
    takes: _Array
    """(3, gaps) bool: whether a pickup, a drop-off, one at the tour's end may stand there."""
    first: _Array
    """(pairs,): gap of the pickup, where the drop-off comes in a later one."""
    last: _Array
    """(pairs,): gap of the drop-off."""


_PICKUP, _DROPOFF, _AT_END = range(3)


@dataclass(frozen=True, slots=True)
class _Detour:
    """One stop in every gap: whether it can work, and an estimate of its price."""

    feasible: _Array
    price: _Array
    begins: _Array
    way_out: _Array
    arc_in: _Array
    arc_out: _Array
    open: _Array
    """Whether the stop may stand there at all."""


class Gaps:
    """The gaps of all tours, kept up to date tour by tour.

    Parameters
    ----------
    tours : Tours
        Read again, tour by tour, after `changed` was called.

    """

    def __init__(self, tours: _Tours) -> None:
        self._tours = tours
        self._schedule = tours.schedule
        problem = tours.schedule.problem
        self._ways = tours.schedule.ways
        self._distance = problem.distance_m if problem.cost_per_m.any() else None
        self._arcs = problem.arc_cost
        self._load = problem.load
        self._rows = [self._row(vehicle) for vehicle in range(len(tours.couriers))]
        self._changed: set[int] = set()
        self._is_stale = True

    def changed(self, vehicle: int) -> None:
        """Read a tour again before the next estimate."""
        self._changed.add(vehicle)
        self._is_stale = True

    def insertions(
        self, leg: int, options: Sequence[int], vehicles: Sequence[int], most_per_vehicle: int
    ) -> Iterator[tuple[int, list[int]]]:
        """Give (vehicle, new stops) for promising insertions of a leg, the best estimate first.

        Parameters
        ----------
        leg : int
            Has no stop in the tours yet, or only a frozen pickup.
        options : sequence of int
            Drop-offs that may be used, as stops.
        vehicles : sequence of int
            Who may take it.
        most_per_vehicle : int
            At most so many for each of them.

        """
        if not vehicles or not options:
            return
        self._refresh()
        allowed = np.zeros(len(self._tours.couriers), bool)
        allowed[list(vehicles)] = True
        open_gaps = allowed[self._vehicle]
        has_pickup = self._schedule.has_pickup[leg] and leg not in self._schedule.is_frozen
        if has_pickup or not self._schedule.has_pickup[leg]:
            open_gaps &= (self._room >= self._load[leg]).all(axis=1)
        here = self._pickup(leg, open_gaps) if has_pickup else None
        found = [
            found
            for stop in options
            for found in self._of_option(leg, stop, open_gaps, here)
            if len(found[0])
        ]
        if not found:
            return
        price, first, last, dropoff = (np.concatenate(parts) for parts in zip(*found, strict=True))
        tried: Counter[int] = Counter()
        # Changes while the caller tries must not move what is still to come.
        vehicle_of, offset_of = self._vehicle, self._offset
        # One by one: a few of what may be millions are asked for.
        for pick in np.argsort(price, kind="stable"):
            vehicle = int(vehicle_of[last[pick]])
            if tried[vehicle] >= most_per_vehicle:
                continue
            tried[vehicle] += 1
            offset = int(offset_of[vehicle])
            stops = self._tours.stops[vehicle]
            i, j = int(first[pick]) - offset, int(last[pick]) - offset
            pickup = [leg] if has_pickup else []
            yield vehicle, [*stops[:i], *pickup, *stops[i:j], int(dropoff[pick]), *stops[j:]]

    def _row(self, vehicle: int) -> _Row:
        schedule, tours = self._schedule, self._tours
        courier, stops = tours.couriers[vehicle], tours.stops[vehicle]
        places = [
            schedule.start[courier],
            *(schedule.place_of(courier, stop) for stop in stops),
            schedule.end[courier],
        ]
        ways = [schedule.way(courier, tail, head) for tail, head in pairwise(places)]
        leaves = [schedule.on_duty[courier]]
        for stop, begin in zip(stops, tours.measures[vehicle].starts, strict=True):
            leaves.append(begin + schedule.service[stop])
        latest = list(map(schedule.limits.latest.__getitem__, stops))
        hours, capacity = schedule.limits.hours[courier], schedule.limits.capacity[courier]
        if courier in tours.widened:
            # What commitments break by themselves the tour may break by as much.
            own = schedule.committed(stops)
            alone = schedule.measure(courier, own, None, tours.links)
            assert alone is not None, "no tour breaks limits that do not exist"  # noqa: S101
            begun = dict(zip(own, alone.starts, strict=True))
            latest = [
                max(bound, begun.get(stop, bound))
                for stop, bound in zip(stops, latest, strict=True)
            ]
            hours = max(hours, alone.hours)
            capacity = [max(pair) for pair in zip(capacity, alone.load, strict=True)]
        reach_by = [hours // 1000]
        for stop, way, bound in zip(
            reversed(stops), reversed(ways), reversed(latest), strict=False
        ):
            reach_by.append(min(bound, reach_by[-1] - way - schedule.service[stop]))
        first, last = np.triu_indices(len(stops) + 1, 1)
        return _Row(
            before=np.array(places[:-1]),
            after=np.array(places[1:]),
            leaves=np.array(leaves),
            reach_by=np.array(reach_by[::-1]),
            room=self._room_in(capacity, stops),
            takes=self._takes(courier, stops),
            first=first,
            last=last,
        )

    def _takes(self, courier: int, stops: Sequence[int]) -> _Array:
        """(3, gaps): nothing stands between frozen stops, nor out of the order of the tour."""
        schedule = self._schedule
        gaps = np.arange(len(stops) + 1)
        takes = np.broadcast_to(gaps >= len(schedule.prefix[courier]), (3, len(gaps))).copy()
        at_end = [schedule.place[stop] < 0 for stop in stops]
        if True in at_end:
            takes[[_PICKUP, _DROPOFF]] &= gaps <= at_end.index(True)
        takes[_AT_END] &= np.array([all(at_end[gap:]) for gap in gaps])
        if schedule.pickups_first[courier]:
            is_dropoff = [schedule.is_dropoff[stop] for stop in stops]
            if 1 in is_dropoff:
                first = is_dropoff.index(1)
                takes[_PICKUP] &= gaps <= first
                # No further pickup may come after the first drop-off; some frozen ones do.
                takes[[_DROPOFF, _AT_END]] &= np.array(
                    [gap > first or 0 not in is_dropoff[gap:first] for gap in gaps]
                )
            else:
                takes[[_DROPOFF, _AT_END]] &= gaps == len(stops)
        return takes

    def _room_in(self, most: Sequence[int], stops: Sequence[int]) -> _Array:
        schedule = self._schedule
        capacity = np.array(most, np.int64)
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
        if not self._is_stale:
            return
        for vehicle in self._changed:
            self._rows[vehicle] = self._row(vehicle)
        self._changed.clear()
        rows = self._rows
        lengths = np.array([len(row.before) for row in rows])
        self._offset = np.cumsum(lengths) - lengths
        self._vehicle = np.repeat(np.arange(len(rows)), lengths)
        self._before = np.concatenate([row.before for row in rows])
        self._after = np.concatenate([row.after for row in rows])
        self._leaves = np.concatenate([row.leaves for row in rows])
        self._reach_by = np.concatenate([row.reach_by for row in rows])
        self._room = np.concatenate([row.room for row in rows])
        self._takes_here = np.concatenate([row.takes for row in rows], axis=1)
        pairs = np.repeat(self._offset, [len(row.first) for row in rows])
        self._first = np.concatenate([row.first for row in rows]) + pairs
        self._last = np.concatenate([row.last for row in rows]) + pairs
        problem, couriers = self._schedule.problem, np.array(self._tours.couriers)
        courier = couriers[self._vehicle]
        self._courier = courier
        self._home = problem.end_place[courier]
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
        self._is_stale = False

    def _travel(self, tails: _Array | int, heads: _Array | int) -> _Array:
        return self._ways.travel(self._mode, tails, heads)

    def _with_gates(self, tails: _Array | int, heads: _Array | int, travel: _Array) -> _Array:
        if not self._ways.is_gated:
            return travel
        return np.minimum(travel + self._ways.added(self._access, tails, heads), UNREACHABLE)

    def _arc_costs(self, tails: _Array | int, heads: _Array | int, travel: _Array) -> _Array:
        if self._arcs is not None:
            return self._ways.between(self._arcs, self._mode, tails, heads)
        cost: _Array = self._per_travel * travel
        if self._distance is not None:
            metres = self._ways.between(self._distance, self._mode, tails, heads)
            cost = cost + self._per_m * metres
        return cost

    def _detour(self, stop: int, open_gaps: _Array, opens: int) -> _Detour:
        schedule = self._schedule
        place: _Array | int = schedule.place[stop]
        service = schedule.service[stop]
        if schedule.place[stop] < 0:
            place = self._home
        travel_in, travel_out = self._travel(self._before, place), self._travel(place, self._after)
        way_in = self._with_gates(self._before, place, travel_in)
        way_out = self._with_gates(place, self._after, travel_out)
        arc_in = self._arc_costs(self._before, place, travel_in)
        arc_out = self._arc_costs(place, self._after, travel_out)
        begins = np.maximum(self._leaves + way_in, opens)
        feasible = open_gaps & (begins <= schedule.limits.latest[stop])
        feasible &= begins + service + way_out <= self._reach_by
        longer = way_in + way_out - self._way + service
        price = arc_in + arc_out - self._arc + self._per_away * longer
        price += schedule.lateness_cost[stop] * np.maximum(begins - schedule.due[stop], 0)
        return _Detour(feasible, price, begins, way_out, arc_in, arc_out, open_gaps)

    def _pickup(self, leg: int, open_gaps: _Array) -> _Detour:
        """Estimate the pickup; one that waits for a drop-off of the same tour comes after it."""
        schedule, tours = self._schedule, self._tours
        gaps = open_gaps & self._takes_here[_PICKUP]
        opens = schedule.opens[leg]
        before = schedule.predecessor.get(leg, -1)
        if before >= 0:
            opens = max(opens, tours.opening(leg))
            vehicle = tours.served.where[before]
            first = int(self._offset[vehicle])
            gaps[first : first + tours.stops[vehicle].index(tours.served.dropped[before]) + 1] = (
                False
            )
        return self._detour(leg, gaps, opens)

    def _of_option(
        self, leg: int, dropoff: int, open_gaps: _Array, here: _Detour | None
    ) -> Iterator[tuple[_Array, _Array, _Array, _Array]]:
        schedule = self._schedule
        kind = _AT_END if schedule.place[dropoff] < 0 else _DROPOFF
        takes = self._takes_here[kind]
        there = self._detour(dropoff, open_gaps & takes, schedule.opens[dropoff])
        problem = schedule.problem
        extra = self._opening + schedule.price[dropoff] + problem.cost_per_parcel[self._courier]
        extra = extra + problem.cost_per_effort[self._courier] * schedule.effort[dropoff]
        if problem.seen_courier[leg] >= 0:
            moves = self._courier != problem.seen_courier[leg]
            extra = extra + problem.move_cost[leg] * moves
        if here is None:
            gaps = np.flatnonzero(there.feasible)
            yield there.price[gaps] + extra[gaps], gaps, gaps, np.full(len(gaps), dropoff)
            return
        works = here.feasible[self._first] & there.feasible[self._last]
        first, last = self._first[works], self._last[works]
        yield (
            here.price[first] + there.price[last] + extra[last],
            first,
            last,
            np.full(len(first), dropoff),
        )
        yield self._at_once(leg, dropoff, here, there, extra)

    def _at_once(
        self, leg: int, dropoff: int, here: _Detour, there: _Detour, extra: _Array
    ) -> tuple[_Array, _Array, _Array, _Array]:
        """Estimate the drop-off right after the pickup, in one gap."""
        schedule = self._schedule
        tail, head = schedule.place[leg], schedule.place[dropoff]
        heads: _Array | int = self._home if head < 0 else head
        travel = self._travel(tail, heads)
        way = self._with_gates(tail, heads, travel)
        arc = self._arc_costs(tail, heads, travel)
        begins = np.maximum(here.begins + schedule.service[leg] + way, schedule.opens[dropoff])
        ends = begins + schedule.service[dropoff]
        works = here.open & there.open & (here.begins <= schedule.limits.latest[leg])
        works &= (begins <= schedule.limits.latest[dropoff]) & (
            ends + there.way_out <= self._reach_by
        )
        price = here.arc_in + arc + there.arc_out - self._arc + extra
        price += self._per_away * (ends - self._leaves + there.way_out - self._way)
        price += schedule.lateness_cost[leg] * np.maximum(begins - schedule.due[dropoff], 0)
        gaps = np.flatnonzero(works)
        return price[gaps], gaps, gaps, np.full(len(gaps), dropoff)
