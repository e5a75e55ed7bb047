"""Tours under construction: who serves which stops, and where one more leg would cost least.

Insertion builds with it, the routing model starts from it and hands its answer back to it,
`explain` asks it why a leg is left out. It decides no strategy: which leg comes next is up to those
who use it.
"""

from collections.abc import Iterable, Mapping, Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.adoption import is_whole, without_orphans
from dispatch.solver.changes import Change, Snapshot
from dispatch.solver.commitments import by_urgency, committed_tours
from dispatch.solver.gaps import Gaps
from dispatch.solver.links import NO_LINKS, Links, Pairs, linked
from dispatch.solver.plan import Action, Plan, PlannedTour
from dispatch.solver.posts import NOT_AWAY, PRESENT, Absence, Posts
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Measures, Schedule, plan_of
from dispatch.solver.served import Served
from dispatch.solver.terms import NEVER

__all__ = ["Change", "Snapshot", "Tours", "by_urgency"]

TRIED = 64
"""Insertions priced exactly for each leg at most, in the order of an estimate."""

ENOUGH = 6
"""So many feasible ones suffice: the cheapest is nearly always among the first."""

TRIED_PER_VEHICLE = 3
"""At most so many of them in one tour, or its even share: what the estimate overlooks (leash) often
bars all of it."""


class Tours:
    """Tours under construction.

    A vehicle is one person of a courier class: `couriers[vehicle]` is the class. `widened` holds
    the couriers whose commitments already break a limit; they may break it by as much, and their
    commitments stay in one order.

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
        self.allowed = _allowed_couriers(problem)
        self.widened: set[int] = set()
        committed = committed_tours(schedule)
        stops: list[list[int]] = [[] for _ in self.couriers]
        for courier, tour in committed.items():
            stops[self.vehicle_of[courier]] = tour
        self._gaps: Gaps | None = None
        self._begin(stops)

    def _begin(self, stops: list[list[int]]) -> None:
        """Take whole tours over, whatever they break; nothing but counting is done here."""
        schedule = self.schedule
        self.stops = stops
        self._pairs = Pairs(schedule, self.couriers, stops)
        self.measures = [
            self._unbound(vehicle, tour, self.links) for vehicle, tour in enumerate(stops)
        ]
        self.served = Served(schedule, stops)
        self._posts = Posts(schedule.problem, self.couriers)
        for vehicle, tour in enumerate(stops):
            if vehicle in self._posts.post:
                absence = self._absence(vehicle, tour, self.measures[vehicle], self.links)
                self._posts.set(vehicle, absence)
            courier = self.couriers[vehicle]
            own = schedule.committed(tour)
            if (own or schedule.left[courier] <= 0) and (
                schedule.measure(courier, own, schedule.limits, self.links) is None
            ):
                self.widened.add(courier)
        tours_cost = sum(measures.cost for measures in self.measures)
        self.cost = tours_cost + self.served.left_out_cost()
        self._gaps = None

    @property
    def links(self) -> Links:
        """What the tours must know of each other."""
        return self._pairs.links

    @property
    def costs(self) -> list[int]:
        """Cost of each vehicle's tour."""
        return [measures.cost for measures in self.measures]

    def left_out(self) -> list[int]:
        """Give the legs that no tour has, ascending."""
        return self.served.left_out()

    def opening(self, leg: int) -> int:
        """Give when a linked leg may be picked up, by the drop-off that it comes after; ticks."""
        schedule = self.schedule
        before = schedule.predecessor[leg]
        vehicle, stop = self.served.where[before], self.served.dropped[before]
        begin = self.measures[vehicle].starts[self.stops[vehicle].index(stop)]
        return begin + schedule.service[stop] + schedule.gap[leg]

    def best(self, leg: int) -> Change | None:
        """Find the cheapest insertion of a leg into the tours; None where none is feasible.

        A leg that another one comes after may bring that one along.
        """
        if not self.served.exists(leg):
            return None
        schedule = self.schedule
        options = [stop for stop in schedule.options[leg] if not self.served.is_full(stop)]
        calling = [stop for stop in options if stop in schedule.calls]
        if not calling:
            return self._cheapest(leg, options)
        found = [self._cheapest(leg, [stop for stop in options if stop not in schedule.calls])]
        first = self._cheapest(leg, calling)
        if first is not None:
            undo = self.put(first)
            second = self.best(schedule.successor[leg])
            self.put(undo)
            found += [first, first.then(second) if second is not None else None]
        feasible = [change for change in found if change is not None]
        return min(feasible, key=lambda change: change.extra_cost, default=None)

    def _cheapest(self, leg: int, options: Sequence[int]) -> Change | None:
        best: Change | None = None
        tried = feasible = 0
        vehicles = self._vehicles_for(leg)
        most = max(TRIED_PER_VEHICLE, TRIED // max(1, len(vehicles)))
        for vehicle, stops in self.gaps.insertions(leg, options, vehicles, most):
            tried += 1
            if tried > TRIED:
                break
            change = self.change({vehicle: stops})
            if change is None:
                # Too few at a post is no fault of this insertion: others are looked for.
                tried -= not self.stops[vehicle] and vehicle in self._posts.post
                continue
            if best is None or change.extra_cost < best.extra_cost:
                best = change
            feasible += 1
            if feasible == ENOUGH:
                break
        return best

    @property
    def gaps(self) -> Gaps:
        """The gaps of the tours as they are."""
        if self._gaps is None:
            self._gaps = Gaps(self)
        return self._gaps

    def change(self, tours: Mapping[int, Sequence[int]]) -> Change | None:
        """Weigh other tours for some vehicles; None where the plan would break something.

        Parameters
        ----------
        tours : mapping of vehicle to stops
            All other tours keep their stops.

        """
        schedule = self.schedule
        stops = {vehicle: list(tour) for vehicle, tour in tours.items()}
        links = NO_LINKS
        scope = self._pairs.scope(stops, self.stops, self.served.where)
        if scope:
            linked_tours = [(v, stops.get(v, self.stops[v])) for v in sorted(scope)]
            timed = linked(schedule, [(self.couriers[v], tour) for v, tour in linked_tours])
            if timed is None:
                return None
            links = timed
            changes = [(v, tour) for v, tour in linked_tours if self._pairs.changes(tour, links)]
            stops.update((v, list(tour)) for v, tour in changes)
        measures: dict[int, Measures] = {}
        for vehicle, tour in stops.items():
            courier = self.couriers[vehicle]
            prefix = schedule.prefix[courier]
            if tour[: len(prefix)] != prefix:
                return None
            measured = self._bound(vehicle, tour, links)
            if measured is None:
                return None
            measures[vehicle] = measured
        absences = {
            vehicle: self._absence(vehicle, tour, measures[vehicle], links)
            for vehicle, tour in stops.items()
            if vehicle in self._posts.post
        }
        if absences and not self._posts.allow(absences):
            return None
        old = {stop for v in stops for stop in self.stops[v] if stop >= self._legs}
        new = {stop for tour in stops.values() for stop in tour if stop >= self._legs}
        absent = self.served.difference(old - new, new - old)
        if absent is None:
            return None
        extra = sum(measures[v].cost - self.measures[v].cost for v in stops)
        return Change(extra + absent, stops, measures, links, scope)

    def put(self, change: Change) -> Change:
        """Carry out a change, and give the one that undoes it."""
        undo = Change(
            -change.extra_cost,
            {vehicle: self.stops[vehicle] for vehicle in change.stops},
            {vehicle: self.measures[vehicle] for vehicle in change.stops},
            self._pairs.within(change.scope, self.served.where),
            change.scope,
        )
        if change.scope:
            self._pairs.replace(undo.links, change.links)
        for vehicle in change.stops:
            self.served.remove(self.stops[vehicle])
        for vehicle, stops in change.stops.items():
            self.stops[vehicle] = stops
            self.measures[vehicle] = change.measures[vehicle]
            self.served.add(vehicle, stops)
            if vehicle in self._posts.post:
                absence = self._absence(vehicle, stops, self.measures[vehicle], self.links)
                self._posts.set(vehicle, absence)
            if self._gaps is not None:
                self._gaps.changed(vehicle)
        self.cost += change.extra_cost
        return undo

    def insert_all(self, legs: Iterable[int]) -> None:
        """Insert each leg where it costs least, if that is cheaper than leaving it out."""
        for leg in legs:
            if self.served.dropped[leg] >= 0:
                continue
            change = self.best(leg)
            if change is not None and change.extra_cost < 0:
                self.put(change)

    def insert_left_out(self) -> None:
        """Insert what no tour has yet, the most urgent leg first."""
        self.insert_all(by_urgency(self.schedule))

    def reinsert_all(self, legs: Iterable[int]) -> bool:
        """Take each leg out, put it back where it costs least; say whether that saved anything."""
        before = self.cost
        for leg in legs:
            if self.served.dropped[leg] < 0:
                self.insert_all([leg])
            else:
                self._reinsert(leg)
        return self.cost < before

    def _reinsert(self, leg: int) -> None:
        schedule = self.schedule
        unit = [leg]
        successor = schedule.calls.get(self.served.dropped[leg], -1)
        if successor >= 0 and self.served.dropped[successor] >= 0:
            unit.append(successor)
        if any(self._stays(member) for member in unit):
            return
        gone = {
            stop
            for member in unit
            for stop in (member, self.served.dropped[member])
            if stop not in schedule.is_frozen
        }
        before = self.cost
        removal = self.change(
            {
                vehicle: [stop for stop in self.stops[vehicle] if stop not in gone]
                for vehicle in sorted({self.served.where[member] for member in unit})
            }
        )
        if removal is None:
            return
        undo = [self.put(removal)]
        change = self.best(leg)
        if change is not None and (change.extra_cost < 0 or schedule.committed_to[leg] >= 0):
            undo.append(self.put(change))
        is_broken = any(
            self.served.dropped[member] < 0 <= schedule.committed_to[member] for member in unit
        )
        if is_broken or self.cost >= before:
            for change in reversed(undo):
                self.put(change)

    def _stays(self, leg: int) -> bool:
        """Say whether a leg must stay: frozen, or in an order that excuses what it breaks."""
        schedule = self.schedule
        committed = schedule.committed_to[leg]
        return self.served.dropped[leg] in schedule.is_frozen or (
            committed >= 0 and committed in self.widened
        )

    def planned(self) -> tuple[PlannedTour, ...]:
        """Write out the tours, sorted by courier."""
        return self.plan("").tours

    def plan(self, engine: str) -> Plan:
        """Write out the plan; `explain` finds out why legs are left out."""
        return plan_of(self.schedule, zip(self.couriers, self.stops, strict=True), engine=engine)

    def snapshot(self) -> Snapshot:
        """Remember the tours as they are."""
        return Snapshot([list(stops) for stops in self.stops], self.cost)

    def restore(self, snapshot: Snapshot) -> None:
        """Go back to remembered tours."""
        self._begin([list(stops) for stops in snapshot.stops])

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

        A tour that breaks something keeps its commitments only; what it loses is inserted anew.

        Parameters
        ----------
        found : mapping of vehicle to stops
            Vehicles that are not named keep their tours.

        Returns
        -------
        bool
            False, and nothing is taken over, where legs are served by halves, or commitments are
            missing or not where they belong.

        """
        schedule = self.schedule
        stops = [list(found.get(vehicle, tour)) for vehicle, tour in enumerate(self.stops)]
        if not is_whole(schedule, self.couriers, stops):
            return False
        self._begin(without_orphans(schedule, stops))
        lost = self.stops != stops
        while (vehicle := self._first_broken()) >= 0:
            lost = True
            stops = list(self.stops)
            stops[vehicle] = schedule.committed(stops[vehicle])
            self._begin(without_orphans(schedule, stops))
        if lost:
            self.insert_left_out()
        return True

    @property
    def _legs(self) -> int:
        return self.schedule.leg_count

    def _first_broken(self) -> int:
        """Give the first vehicle whose free legs break something; -1: none."""
        schedule = self.schedule
        for vehicle, stops in enumerate(self.stops):
            courier = self.couriers[vehicle]
            if len(stops) == len(schedule.committed(stops)):
                continue
            late = schedule.measure(courier, stops, schedule.limits, self.links) is None and (
                not schedule.excuses(courier, stops, self.measures[vehicle], self.links)
            )
            endless = any(self.links.opens.get(stop) == -NEVER for stop in stops)
            barred = any(
                not self.allowed[leg, courier]
                for leg in {schedule.leg[stop] for stop in stops}
                if schedule.committed_to[leg] < 0
            )
            if late or endless or barred or self.served.is_overfull(stops):
                return vehicle
            post = self._posts.post.get(vehicle, -1)
            if post >= 0 and not self._posts.holds(post):
                return vehicle
        return -1

    def _vehicles_for(self, leg: int) -> list[int]:
        committed = self.schedule.committed_to[leg]
        if committed >= 0:
            return [self.vehicle_of[committed]]
        allowed = self.allowed[leg].tolist()
        most = self.schedule.limits.parcels
        result, seen_empty = [], set()
        for vehicle, courier in enumerate(self.couriers):
            if not allowed[courier] or self.measures[vehicle].parcels >= most[courier]:
                continue
            if not self.stops[vehicle]:
                if courier in seen_empty or self._posts.is_full(vehicle):
                    continue
                seen_empty.add(courier)
            result.append(vehicle)
        return result

    def _unbound(self, vehicle: int, stops: Sequence[int], links: Links) -> Measures:
        measures = self.schedule.measure(self.couriers[vehicle], stops, None, links)
        assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
        return measures

    def _bound(self, vehicle: int, stops: Sequence[int], links: Links) -> Measures | None:
        """Measure a tour; None where it breaks a limit, and its commitments do not by as much."""
        schedule, courier = self.schedule, self.couriers[vehicle]
        measures = schedule.measure(courier, stops, schedule.limits, links)
        if measures is None and courier in self.widened:
            measures = self._unbound(vehicle, stops, links)
            if not schedule.excuses(courier, stops, measures, links):
                return None
        return measures

    def _absence(
        self, vehicle: int, stops: Sequence[int], measures: Measures, links: Links
    ) -> Absence:
        courier = self.couriers[vehicle]
        own = self.schedule.committed(stops)
        has_left = self.schedule.left[courier] <= 0
        if not stops and not has_left:
            return PRESENT
        span = (-NEVER if has_left else measures.departs_at, measures.ends_at)
        if not own and not has_left:
            return Absence(span, NOT_AWAY)
        alone = self._unbound(vehicle, own, links)
        return Absence(span, (-NEVER if has_left else alone.departs_at, alone.ends_at))


def _allowed_couriers(problem: Problem) -> NDArray[np.bool_]:
    """(L, C): who has the skills for a leg and is not barred from it."""
    missing = problem.leg_skills[:, None] & ~problem.courier_skills[None, :]
    allowed: NDArray[np.bool_] = missing == 0
    rows = np.repeat(np.arange(problem.leg_count), np.diff(problem.barred.indptr))
    allowed[rows, problem.barred.values] = False
    return allowed
