"""One leg put into the tours of a plan in every way, on paper.

Linked pairs are timed as they wait now: where tours wait for each other, `Tours.change` has the
last word (`dispatch.solver.explanations.serving`).
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from dispatch.solver.arrays import NOT_LEFT, BoolArray, IntArray
from dispatch.solver.explanations.absences import Absences
from dispatch.solver.explanations.clocks import (
    Clocks,
    Columns,
    Crew,
    Stops,
    Timed,
    crew_of,
    plain_crew,
    stops_of,
)
from dispatch.solver.explanations.promising import Promising
from dispatch.solver.explanations.trials import Miss, Places, Trials, joined
from dispatch.solver.terms import NEVER
from dispatch.solver.tours import Tours

CELLS = 12_000
"""Stops timed for one drop-off at most, in all ways together; of more, the promising ways."""

LEAST = 200
"""So many ways are always looked at."""


@dataclass(frozen=True, slots=True)
class Conditions:
    """What is tried otherwise than the problem has it.

    Parameters
    ----------
    stops, crew : Stops, Crew
        What is asked of stops and couriers.
    base : (V,), cost
        Of the ways, times and lateness of the tours as they are.

    """

    stops: Stops
    crew: Crew
    base: IntArray


class Attempts:
    """Puts legs into tours, one at a time and on paper only.

    Parameters
    ----------
    tours : Tours
        As they stay.
    spare : bool
        Into no tours at all: of each courier class one more, who has nothing to do, no post, and
        is on duty from `since` on for as long as he likes.

    """

    def __init__(self, tours: Tours, *, spare: bool = False) -> None:
        self.tours = tours
        self.schedule = schedule = tours.schedule
        problem = schedule.problem
        self.clocks = Clocks(schedule)
        self.since = min(0, int(problem.on_duty.min(initial=0)))
        self._is_spare = spare
        self._absences = None if spare else Absences(tours)
        self._none = len(schedule.place)
        self._stops = [[] for _ in range(problem.courier_count)] if spare else tours.stops
        lengths = [len(stops) for stops in self._stops]
        self._longest = max(lengths, default=0)
        self._order = np.full((len(lengths), self._longest + 3), self._none, np.int64)
        for vehicle, stops in enumerate(self._stops):
            self._order[vehicle, : len(stops)] = stops
        self._length = np.array(lengths, np.int64)
        dropped = [0] * len(lengths) if spare else [found.parcels for found in tours.measures]
        self._dropoffs = np.array(dropped, np.int64)
        couriers = list(range(problem.courier_count)) if spare else tours.couriers
        self._asked = self._whose(couriers)
        self._places = {has: self._every_place(couriers, has_pickup=has) for has in (True, False)}
        asked, crew = stops_of(tours), self._spare() if spare else crew_of(tours)
        self._whole = vehicles, _, cost = self.priced(asked, crew)
        base = np.zeros(len(lengths), np.int64)
        base[vehicles] = cost
        self.conditions = Conditions(asked, crew, base)

    def _spare(self) -> Crew:
        problem = self.schedule.problem
        crew = plain_crew(problem, np.arange(problem.courier_count))
        everybody = np.zeros(problem.courier_count, np.int64)
        return replace(
            crew,
            on_duty=everybody + self.since,
            left=everybody + NOT_LEFT,
            hours=everybody + NEVER,
        )

    def _whose(self, couriers: Sequence[int]) -> list[int]:
        """Give the vehicles, the longest tours first; of those who are at home one of a class."""
        seen: set[int] = set()
        asked = []
        for vehicle, courier in enumerate(couriers):
            if self._stops[vehicle] or courier not in seen:
                asked.append(vehicle)
            if not self._stops[vehicle]:
                seen.add(courier)
        return sorted(asked, key=lambda vehicle: -int(self._length[vehicle]))

    def _every_place(self, couriers: Sequence[int], *, has_pickup: bool) -> Places:
        parts = []
        for vehicle in self._asked:
            begun = 0 if self._is_spare else len(self.schedule.prefix[couriers[vehicle]])
            gaps = int(self._length[vehicle]) + 1 - begun
            first, last = np.triu_indices(gaps) if has_pickup else (np.arange(gaps),) * 2
            parts.append((np.full(len(first), vehicle), first + begun, last + begun))
        if not parts:
            return Places(*(np.zeros(0, np.int64),) * 3)
        return Places(*(np.concatenate(part) for part in zip(*parts, strict=True)))

    def priced(
        self, stops: Stops, crew: Crew, vehicles: IntArray | None = None
    ) -> tuple[IntArray, Timed, IntArray]:
        """Time and price tours as they are, without what no order changes.

        Parameters
        ----------
        stops, crew : Stops, Crew
            What is asked of them.
        vehicles : (K,), optional
            Whose; by default all.

        Returns
        -------
        vehicles : (K,)
            The longest tours first.
        timed, cost : Timed, (K,)
            Of each.

        """
        if vehicles is None:
            vehicles = np.arange(len(self._length))
        vehicles = vehicles[np.argsort(-self._length[vehicles], kind="stable")]
        length = self._length[vehicles]
        longest = int(length.max(initial=0))
        active = (length[None] > np.arange(longest)[:, None]).sum(axis=1).tolist()
        columns = Columns(vehicles, self._order[vehicles, :longest].T, active)
        timed = self.clocks.timed(stops, crew, columns)
        idle = (length == 0) & (crew.left[vehicles] > 0)
        return vehicles, timed, np.where(idle, 0, timed.cost)

    def tried(
        self,
        leg: int,
        vehicles: Sequence[int] | None = None,
        options: Sequence[int] | None = None,
        given: Conditions | None = None,
    ) -> Trials:
        """Try a leg everywhere.

        Parameters
        ----------
        leg : int
            In no tour, and not committed.
        vehicles : sequence of int, optional
            With whom; by default with all.
        options : sequence of int, optional
            Drop-offs, as stops; by default all of the leg.
        given : Conditions, optional
            Under which conditions; by default those of the problem.

        """
        places = self._places[self.schedule.has_pickup[leg]]
        if vehicles is not None:
            places = places.only(np.isin(places.vehicle, np.array(vehicles, np.int64)))
        stops = self.schedule.options[leg] if options is None else options
        parts = []
        for dropoff in stops:
            some = self._promising(leg, dropoff, places)
            parts.append(self.weighed(leg, dropoff, some, given))
        return joined(parts)

    def weighed(
        self, leg: int, dropoff: int, places: Places, given: Conditions | None = None
    ) -> Trials:
        """Try a leg in some places: what is wrong with each, and what it would cost."""
        given = given or self.conditions
        stops, crew = self._opened(leg, given.stops), given.crew
        has_pickup = self.schedule.has_pickup[leg]
        columns = self.columns(leg, dropoff, places)
        timed = self.clocks.timed(stops, crew, columns)
        at = places.last + 1 if has_pickup else places.last
        column = np.arange(len(at))
        late = np.maximum(timed.starts - stops.latest[columns.stops], 0)
        late_dropoff = late[at, column] if len(late) else np.zeros(0, np.int64)
        late_pickup = np.zeros_like(late_dropoff)
        if has_pickup:
            late_pickup = late[places.first, column]
        others = (late > 0).sum(axis=0) - (late_pickup > 0) - (late_dropoff > 0)
        extra = timed.cost - given.base[places.vehicle]
        extra = extra + self._constant(leg, dropoff, crew, places.vehicle)
        extra = extra - self._excused(dropoff, stops, late_dropoff)
        parcels = self._dropoffs[places.vehicle] + 1
        needed = np.zeros_like(extra)
        if self._absences is not None:
            needed = self._absences.needed(places.vehicle, timed, crew)
        trials = Trials(
            places,
            np.full(len(at), dropoff),
            np.zeros(len(at), np.int64),
            extra,
            late_pickup,
            late_dropoff,
            timed.away,
            timed.hours,
            parcels,
            timed.load,
            needed,
            timed.departs_at,
        )
        return replace(trials, misses=self._misses(leg, crew, trials, timed, others))

    def _opened(self, leg: int, stops: Stops) -> Stops:
        """Let a leg that waits for another one begin when that one is there."""
        if leg not in self.schedule.gap or not self.tours.served.exists(leg):
            return stops
        opens = stops.opens.copy()
        opens[leg] = max(int(opens[leg]), self.tours.opening(leg))
        return replace(stops, opens=opens)

    def columns(self, leg: int, dropoff: int, places: Places) -> Columns:
        """Write out the tours with the leg in them."""
        has_pickup = self.schedule.has_pickup[leg]
        more = 2 if has_pickup else 1
        order = self._order.copy()
        pick, drop, none = self._longest, self._longest + 1, self._longest + 2
        order[:, pick], order[:, drop] = leg, dropoff
        length = self._length[places.vehicle] + more
        longest = int(length.max(initial=0))
        t = np.arange(longest)[:, None]
        first, last = places.first, places.last
        if has_pickup:
            column = np.where(t <= first, np.where(t == first, pick, t), t - 1)
            column = np.where(t == last + 1, drop, np.where(t > last + 1, t - 2, column))
        else:
            column = np.where(t == last, drop, np.where(t > last, t - 1, t))
        column = np.where(t >= length, none, column)
        active = (length[None] > t).sum(axis=1).tolist()
        return Columns(places.vehicle, order[places.vehicle, column], active)

    def stops_at(self, leg: int, trials: Trials, pick: int) -> tuple[int, list[int]]:
        """Give who would do one of the ways, and his stops then."""
        places = trials.places
        vehicle, dropoff = int(places.vehicle[pick]), int(trials.dropoff[pick])
        first, last = int(places.first[pick]), int(places.last[pick])
        stops = self._stops[vehicle]
        pickup = [leg] if self.schedule.has_pickup[leg] else []
        return vehicle, [*stops[:first], *pickup, *stops[first:last], dropoff, *stops[last:]]

    def _constant(self, leg: int, dropoff: int, crew: Crew, vehicle: IntArray) -> IntArray:
        """Price what no order changes, less what the leg costs when it is left out."""
        schedule, problem = self.schedule, self.schedule.problem
        courier = crew.courier[vehicle]
        starts = (self._length[vehicle] == 0) & (crew.left[vehicle] > 0)
        cost = np.where(starts, problem.fixed_cost[courier], 0) + problem.cost_per_parcel[courier]
        cost = cost + problem.cost_per_effort[courier] * schedule.effort[dropoff]
        seen = int(problem.seen_courier[leg])
        if seen >= 0:
            cost = cost + int(problem.move_cost[leg]) * ((courier != seen) | self._is_spare)
        called = schedule.calls.get(dropoff, -1)
        absent = -schedule.left_out_cost[leg]
        if called >= 0 and self.tours.served.dropped[called] < 0:
            absent += schedule.left_out_cost[called]
        priced: IntArray = cost + (schedule.price[dropoff] + absent)
        return priced

    def _excused(self, dropoff: int, stops: Stops, late: IntArray) -> IntArray | int:
        """Price the lateness that goes where the drop-off closes later: due goes along."""
        closes, due = int(stops.latest[dropoff]), int(stops.due[dropoff])
        return late * int(stops.lateness_cost[dropoff]) if due == closes else 0

    def _misses(
        self, leg: int, crew: Crew, trials: Trials, timed: Timed, others: IntArray
    ) -> IntArray:
        problem, vehicle = self.schedule.problem, trials.places.vehicle
        courier = crew.courier[vehicle]
        unskilled = (problem.leg_skills[leg] & ~problem.courier_skills[courier]) != 0
        barred = np.isin(courier, problem.barred.row(leg))
        full = self.tours.served.is_full(int(trials.dropoff[0])) if len(courier) else False
        over = (timed.load > crew.capacity[vehicle].T).any(axis=0)
        disorder = (timed.behind > crew.behind[vehicle]) | (timed.carried > crew.carried[vehicle])
        tests = {
            Miss.NO_WAY: timed.blocked > crew.blocked[vehicle],
            Miss.SHUT: timed.shut > crew.shut[vehicle],
            Miss.SKILL: unskilled,
            Miss.BARRED: barred,
            Miss.PICKUP_LATE: trials.late_pickup > 0,
            Miss.DROPOFF_LATE: trials.late_dropoff > 0,
            Miss.OTHERS_LATE: others > 0,
            Miss.HOURS: timed.hours > crew.hours[vehicle],
            Miss.LEASH: timed.away > crew.leash[vehicle],
            Miss.LOAD: over,
            Miss.PARCELS: trials.parcels > crew.parcels[vehicle],
            Miss.ORDER: disorder | self._waits_for_itself(leg, trials.places),
            Miss.POST: trials.needed > 0,
            Miss.HUB: np.broadcast_to(np.bool_(full), vehicle.shape),
            Miss.COST: trials.extra >= 0,
        }
        misses = np.zeros(len(vehicle), np.int64)
        for miss, is_missed in tests.items():
            misses |= np.where(is_missed, int(miss), 0)
        return misses

    def _waits_for_itself(self, leg: int, places: Places) -> BoolArray | bool:
        """Say where a leg would be picked up before what it waits for is there."""
        schedule, served = self.schedule, self.tours.served
        if self._is_spare or leg not in schedule.gap or not served.exists(leg):
            return False
        before = schedule.predecessor[leg]
        vehicle = served.where[before]
        position = self.tours.stops[vehicle].index(served.dropped[before])
        early: BoolArray = (places.vehicle == vehicle) & (places.first <= position)
        return early

    def latest_begin(self, leg: int, dropoff: int, places: Places) -> IntArray:
        """Give how late a courier could begin for all windows and his hours; `-NEVER`: at no time.

        Parameters
        ----------
        leg, dropoff, places
            As in `weighed`.

        """
        stops, crew = self._opened(leg, self.conditions.stops), self.conditions.crew
        columns = self.columns(leg, dropoff, places)
        ways = self.clocks.timed(stops, crew, columns).ways
        order, latest = columns.stops, crew.hours[places.vehicle] // 1000 - ways[-1]
        for t in range(len(columns.active) - 1, -1, -1):
            active = columns.active[t]
            here = order[t, :active]
            reached = np.minimum(stops.latest[here], latest[:active] - stops.service[here])
            reached = np.where(reached < stops.opens[here], -NEVER, reached)
            latest[:active] = reached - ways[t, :active]
        begins: IntArray = np.maximum(latest, -NEVER)
        return begins

    def beginning(self, courier: int, amount: int) -> Conditions | None:
        """Let a courier begin some ticks earlier; None where his tours would break something."""
        given = self.conditions
        mine = given.crew.courier == courier
        on_duty = given.crew.on_duty - np.where(mine, amount, 0)
        crew = replace(given.crew, on_duty=on_duty)
        vehicles, timed, cost = self.priced(given.stops, crew, np.flatnonzero(mine))
        over = (timed.away > crew.leash[vehicles]) | (timed.hours > crew.hours[vehicles])
        if self._absences is not None:
            over |= self._absences.needed(vehicles, timed, crew) > 0
        if (over & (self._length[vehicles] > 0)).any():
            return None
        base = given.base.copy()
        base[vehicles] = cost
        return Conditions(given.stops, crew, base)

    def _promising(self, leg: int, dropoff: int, places: Places) -> Places:
        """Keep the places that miss least, where there are too many."""
        most = max(LEAST, CELLS // (self._longest + 2))
        if len(places.vehicle) <= most:
            return places
        asked = (places.vehicle, places.first, places.last)
        return places.only(self._quick.best(leg, dropoff, asked, most))

    @cached_property
    def _quick(self) -> Promising:
        stops, crew = self.conditions.stops, self.conditions.crew
        vehicles, timed, _ = self._whole
        back = np.argsort(vehicles, kind="stable")
        by_vehicle = replace(timed, starts=timed.starts[:, back], ways=timed.ways[:, back])
        order = self._order[:, : self._longest]
        return Promising(self.schedule, stops, crew, order, by_vehicle)
