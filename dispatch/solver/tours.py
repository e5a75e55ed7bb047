"""Tours under construction: who serves which stops, and where one more leg would cost least.

Insertion builds with it, the routing model starts from it and hands its answer back to it,
`explain` asks it why a leg is left out. It decides no strategy: which leg comes next is up to those
who use it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.gaps import Gaps
from dispatch.solver.plan import Action, Plan, PlannedTour
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Limits, Measures, Schedule

TRIED = 64
"""Insertions priced exactly for each leg at most, in the order of an estimate."""

ENOUGH = 6
"""So many feasible ones suffice: the cheapest is nearly always among the first."""

TRIED_PER_VEHICLE = 3
"""At most so many of them in one tour: what the estimate overlooks (leash) often bars all of it."""


@dataclass(frozen=True)
class Placing:
    """One way of serving a leg: a vehicle's new stops, and what they cost more than before."""

    extra_cost: int
    vehicle: int
    stops: list[int]
    cost: int


@dataclass(frozen=True)
class Snapshot:
    """Tours as they were at one moment."""

    stops: list[list[int]]
    costs: list[int]
    cost: int


class Tours:
    """Tours under construction.

    A vehicle is one person of a courier class: `couriers[vehicle]` is the class. `widened` holds
    the couriers whose commitments already break a limit; their limits allow what is broken already
    and nothing more.

    Parameters
    ----------
    schedule : Schedule
        The problem and its timing rules.

    """

    def __init__(self, schedule: Schedule) -> None:
        self.schedule = schedule
        problem = schedule.problem
        people = np.minimum(problem.count, max(1, problem.leg_count))
        self.couriers: list[int] = np.repeat(np.arange(problem.courier_count), people).tolist()
        self.vehicle_of = {
            courier: vehicle for vehicle, courier in reversed(list(enumerate(self.couriers)))
        }
        self.stops: list[list[int]] = [[] for _ in self.couriers]
        self.limits: Limits = schedule.strict()
        self.widened: set[int] = set()
        self._take_commitments()
        self.costs = [
            self._measured(vehicle, stops).cost for vehicle, stops in enumerate(self.stops)
        ]
        self._parcels = [sum(map(schedule.is_dropoff.__getitem__, stops)) for stops in self.stops]
        self.allowed = _allowed_couriers(problem)
        self._gaps = Gaps(self)

    @property
    def cost(self) -> int:
        """Cost of all tours and of the legs left out."""
        return sum(self.costs) + sum(self.schedule.unassigned_cost[leg] for leg in self.left_out())

    def left_out(self) -> list[int]:
        """Give the legs that no tour has, ascending."""
        served = {self.schedule.leg[stop] for stops in self.stops for stop in stops}
        return [leg for leg in range(self.schedule.leg_count) if leg not in served]

    def best(self, leg: int) -> Placing | None:
        """Find the cheapest insertion of a leg into the tours; None where none is feasible."""
        best: Placing | None = None
        feasible = 0
        for vehicle, stops in self._gaps.insertions(
            leg, self._vehicles_for(leg), TRIED, TRIED_PER_VEHICLE
        ):
            measures = self._try(vehicle, stops)
            if measures is None:
                continue
            extra = measures.cost - self.costs[vehicle]
            if best is None or extra < best.extra_cost:
                best = Placing(extra, vehicle, stops, measures.cost)
            feasible += 1
            if feasible == ENOUGH:
                break
        return best

    def put(self, placing: Placing) -> None:
        """Carry out an insertion."""
        self._set(placing.vehicle, placing.stops, placing.cost)

    def replace(self, vehicle: int, stops: Sequence[int]) -> bool:
        """Give a vehicle another tour, if that keeps to its limits."""
        measures = self._try(vehicle, stops)
        if measures is not None:
            self._set(vehicle, list(stops), measures.cost)
        return measures is not None

    def insert_all(self, legs: Iterable[int]) -> None:
        """Insert each leg where it costs least, if that is cheaper than leaving it out."""
        for leg in legs:
            placing = self.best(leg)
            if placing is not None and placing.extra_cost < self.schedule.unassigned_cost[leg]:
                self.put(placing)

    def insert_left_out(self) -> None:
        """Insert what no tour has yet, the most urgent leg first."""
        missing = set(self.left_out())
        self.insert_all(leg for leg in by_urgency(self.schedule) if leg in missing)

    def reinsert_all(self, legs: Iterable[int]) -> bool:
        """Take each leg out, put it back where it costs least; say whether that saved anything."""
        before = self.cost
        vehicle_of = {
            self.schedule.leg[stop]: vehicle
            for vehicle, stops in enumerate(self.stops)
            for stop in stops
        }
        for leg in legs:
            vehicle = vehicle_of.get(leg)
            if vehicle is None:
                self.insert_all([leg])
                continue
            old_stops, old_cost = self.stops[vehicle], self.costs[vehicle]
            rest = [stop for stop in old_stops if self.schedule.leg[stop] != leg]
            if self._committed_here(leg, vehicle) or not self.replace(vehicle, rest):
                continue
            saved = old_cost - self.costs[vehicle]
            placing = self.best(leg)
            free = self.schedule.committed_to[leg] < 0
            if placing is not None and placing.extra_cost < saved:
                self.put(placing)
            elif not free or saved <= self.schedule.unassigned_cost[leg]:
                self._set(vehicle, old_stops, old_cost)
        return self.cost < before

    def planned(self) -> tuple[PlannedTour, ...]:
        """Write out the tours, sorted by courier."""
        used = [
            self.schedule.tour(courier, stops)
            for courier, stops in zip(self.couriers, self.stops, strict=True)
            if stops or self.schedule.left[courier] <= 0
        ]
        return tuple(
            sorted(
                used,
                key=lambda tour: (
                    tour.courier,
                    tour.departs_at,
                    tour.stops[:1] and tour.stops[0].leg,
                ),
            )
        )

    def snapshot(self) -> "Snapshot":
        """Remember the tours as they are."""
        return Snapshot([list(stops) for stops in self.stops], list(self.costs), self.cost)

    def restore(self, snapshot: "Snapshot") -> None:
        """Go back to remembered tours."""
        for vehicle, (stops, cost) in enumerate(zip(snapshot.stops, snapshot.costs, strict=True)):
            if stops != self.stops[vehicle]:
                self._set(vehicle, list(stops), cost)

    def found_in(self, plan: Plan) -> dict[int, list[int]]:
        """Give each vehicle's stops in a plan of the same problem; empty without a tour."""
        result: dict[int, list[int]] = {vehicle: [] for vehicle in range(len(self.couriers))}
        following = dict(self.vehicle_of)
        for tour in plan.tours:
            result[following[tour.courier]] = [
                stop.leg if stop.action is Action.PICKUP else self.schedule.leg_count + stop.option
                for stop in tour.stops
            ]
            following[tour.courier] += 1
        return result

    def adopt(self, found: Mapping[int, Sequence[int]]) -> bool:
        """Take over tours from elsewhere.

        A tour that breaks a limit by the timing rules keeps its commitments only; what it loses is
        inserted anew.

        Parameters
        ----------
        found : mapping of vehicle to stops
            Vehicles that are not named keep their tours.

        Returns
        -------
        bool
            False where even the commitments of a tour break a limit in the order given.

        """
        lost = False
        for vehicle, stops in found.items():
            if not self.replace(vehicle, stops):
                lost = True
                commitments = [
                    stop
                    for stop in stops
                    if self.schedule.committed_to[self.schedule.leg[stop]] >= 0
                ]
                if not self.replace(vehicle, commitments):
                    return False
        if lost:
            self.insert_left_out()
        return True

    def _committed_here(self, leg: int, vehicle: int) -> bool:
        """Say whether the leg must stay: widened limits hold for one order of commitments only."""
        return self.schedule.committed_to[leg] >= 0 and self.couriers[vehicle] in self.widened

    def _vehicles_for(self, leg: int) -> list[int]:
        committed = self.schedule.committed_to[leg]
        if committed >= 0:
            return [self.vehicle_of[committed]]
        allowed = self.allowed[leg]
        result, seen_empty = [], set()
        for vehicle, courier in enumerate(self.couriers):
            if (
                not allowed[courier]
                or courier in seen_empty
                or self._parcels[vehicle] >= self.limits.parcels[courier]
            ):
                continue
            if not self.stops[vehicle]:
                seen_empty.add(courier)
            result.append(vehicle)
        return result

    def _try(self, vehicle: int, stops: Sequence[int]) -> Measures | None:
        return self.schedule.measure(self.couriers[vehicle], stops, self.limits)

    def _measured(self, vehicle: int, stops: Sequence[int]) -> Measures:
        measures = self.schedule.measure(self.couriers[vehicle], stops, self.schedule.unlimited())
        assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
        return measures

    def _set(self, vehicle: int, stops: list[int], cost: int) -> None:
        self.stops[vehicle] = stops
        self.costs[vehicle] = cost
        self._parcels[vehicle] = sum(map(self.schedule.is_dropoff.__getitem__, stops))
        self._gaps.changed(vehicle)

    def _take_commitments(self) -> None:
        """Give every courier what he carries or has accepted, before anybody gets anything new."""
        legs_of: dict[int, list[int]] = {
            c: [] for c, left in enumerate(self.schedule.left) if left <= 0
        }
        for leg in by_urgency(self.schedule):
            if self.schedule.committed_to[leg] >= 0:
                legs_of.setdefault(self.schedule.committed_to[leg], []).append(leg)
        strict = self.limits
        for courier in sorted(legs_of):
            stops = _ordered(self.schedule, courier, legs_of[courier], strict)
            vehicle = self.vehicle_of[courier]
            measures = self._measured(vehicle, stops)
            if self.schedule.measure(courier, stops, strict) is None:
                self.widened.add(courier)
                self.limits = self.schedule.widened(self.limits, courier, stops, measures)
            self.stops[vehicle] = stops


def by_urgency(schedule: Schedule) -> list[int]:
    """Order the legs: the earliest last chance first."""
    last_chance = [max(schedule.closes[stop] for stop in options) for options in schedule.options]
    return sorted(range(schedule.leg_count), key=lambda leg: (last_chance[leg], leg))


def _allowed_couriers(problem: Problem) -> NDArray[np.bool_]:
    """(L, C): who has the skills for a leg and is not barred from it."""
    missing = problem.leg_skills[:, None] & ~problem.courier_skills[None, :]
    allowed: NDArray[np.bool_] = missing == 0
    rows = np.repeat(np.arange(problem.leg_count), np.diff(problem.barred.indptr))
    allowed[rows, problem.barred.values] = False
    return allowed


def _ordered(schedule: Schedule, courier: int, legs: Sequence[int], strict: Limits) -> list[int]:
    """Order a courier's commitments: within the limits, else breaking them least."""
    for limits in (strict, schedule.unlimited()):
        stops: list[int] = []
        for leg in legs:
            ways = [
                (_broken(measures, strict, courier, tried), measures.cost, tried)
                for tried in _all_insertions(schedule, leg, stops)
                if (measures := schedule.measure(courier, tried, limits)) is not None
            ]
            if not ways:
                break
            stops = min(ways)[2]
        else:
            return stops
    message = "no tour breaks limits that do not exist"
    raise AssertionError(message)


def _all_insertions(schedule: Schedule, leg: int, stops: list[int]) -> Iterable[list[int]]:
    for dropoff in schedule.options[leg]:
        for last in range(len(stops) + 1):
            rest = [dropoff, *stops[last:]]
            if not schedule.has_pickup[leg]:
                yield [*stops[:last], *rest]
                continue
            for first in range(last + 1):
                yield [*stops[:first], leg, *stops[first:last], *rest]


def _broken(measures: Measures, limits: Limits, courier: int, stops: Sequence[int]) -> int:
    """Sum up in ticks by how much a tour breaks its limits; 0 where it breaks none in time."""
    late = sum(
        max(0, begin - limits.latest[stop])
        for stop, begin in zip(stops, measures.starts, strict=True)
    )
    over = max(0, measures.hours - limits.hours[courier]) + 1000 * max(
        0, measures.away - limits.leash[courier]
    )
    return 1000 * late + over
