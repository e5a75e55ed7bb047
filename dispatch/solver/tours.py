"""Tours under construction: who serves which stops, and where one more leg would cost least.

Insertion builds with it, the routing model starts from it and hands its answer back to it,
`explain` asks it why a leg is left out. It decides no strategy: which leg comes next is up to those
who use it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.commitments import by_urgency, committed_tours
from dispatch.solver.gaps import Gaps
from dispatch.solver.links import NO_LINKS, Links, linked
from dispatch.solver.plan import Action, Plan, PlannedTour
from dispatch.solver.posts import NOT_AWAY, PRESENT, Absence, Posts
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Measures, Schedule, plan_of
from dispatch.solver.terms import NEVER

__all__ = ["Change", "Snapshot", "Tours", "by_urgency"]

TRIED = 64
"""Insertions priced exactly for each leg at most, in the order of an estimate."""

ENOUGH = 6
"""So many feasible ones suffice: the cheapest is nearly always among the first."""

TRIED_PER_VEHICLE = 3
"""At most so many of them in one tour, or its even share: what the estimate overlooks (leash) often
bars all of it."""


@dataclass(frozen=True, slots=True)
class Change:
    """A move that keeps to everything, and what the plan costs more by it.

    Parameters
    ----------
    extra_cost : int
        Costs of tours and of legs left out, after less before.
    stops : dict of vehicle to stops
        New tours, and those that are timed anew because they wait for one of them.
    measures : dict of vehicle to Measures
        Of the same.
    links : Links
        Of all pairs with a pickup in one of `scope`.
    scope : set of int, vehicles
        Tours that are linked with the new ones, before or after.

    """

    extra_cost: int
    stops: dict[int, list[int]]
    measures: dict[int, Measures]
    links: Links = NO_LINKS
    scope: frozenset[int] = frozenset()

    def then(self, other: "Change") -> "Change":
        """Put another change, made after this one, into one with it."""
        return Change(
            self.extra_cost + other.extra_cost,
            {**self.stops, **other.stops},
            {**self.measures, **other.measures},
            Links(
                {**self.links.opens, **other.links.opens}, {**self.links.held, **other.links.held}
            ),
            self.scope | other.scope,
        )


@dataclass(frozen=True, slots=True)
class Snapshot:
    """Tours as they were at one moment."""

    stops: list[list[int]]
    cost: int


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
        self._slots: NDArray[np.int64] = problem.hub_slots_free
        self._hub: list[int] = problem.option_hub.tolist()
        self._size: list[int] = problem.leg_size.tolist()
        self._link_stops = schedule.calls.keys() | schedule.gap.keys()
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
        self.links = linked(schedule, zip(self.couriers, stops, strict=True), cut=True) or NO_LINKS
        self.measures = [
            self._unbound(vehicle, tour, self.links) for vehicle, tour in enumerate(stops)
        ]
        self.dropped = [-1] * schedule.leg_count
        self.where = [-1] * schedule.leg_count
        self._used: dict[tuple[int, int], int] = {}
        self._posts = Posts(schedule.problem, self.couriers)
        for vehicle, tour in enumerate(stops):
            self._count(vehicle, tour, 1)
            if vehicle in self._posts.post:
                absence = self._absence(vehicle, tour, self.measures[vehicle], self.links)
                self._posts.set(vehicle, absence)
            courier = self.couriers[vehicle]
            own = schedule.committed(tour)
            if (own or schedule.left[courier] <= 0) and (
                schedule.measure(courier, own, schedule.limits, self.links) is None
            ):
                self.widened.add(courier)
        absent = (leg for leg, stop in enumerate(self.dropped) if stop < 0)
        self.cost = sum(measures.cost for measures in self.measures) + sum(
            schedule.absent_cost(leg, self.dropped) for leg in absent
        )
        self._gaps = None

    @property
    def costs(self) -> list[int]:
        """Cost of each vehicle's tour."""
        return [measures.cost for measures in self.measures]

    def left_out(self) -> list[int]:
        """Give the legs that no tour has, ascending."""
        return [leg for leg, stop in enumerate(self.dropped) if stop < 0]

    def exists(self, leg: int) -> bool:
        """Say whether a leg is there to be served: what it comes after is dropped at its hub."""
        before = self.schedule.predecessor.get(leg, -1)
        return before < 0 or self.schedule.calls.get(self.dropped[before]) == leg

    def opening(self, leg: int) -> int:
        """Give when a linked leg may be picked up, by the drop-off that it comes after; ticks."""
        schedule = self.schedule
        before = schedule.predecessor[leg]
        vehicle, stop = self.where[before], self.dropped[before]
        begin = self.measures[vehicle].starts[self.stops[vehicle].index(stop)]
        return begin + schedule.service[stop] + schedule.gap[leg]

    def is_full(self, stop: int, leg: int) -> bool:
        """Say whether a drop-off's hub has no slot left for a leg."""
        hub = self._hub[stop - self.schedule.leg_count]
        if hub < 0 or self.schedule.committed_to[leg] >= 0:
            return False
        size = self._size[leg]
        return self._used.get((hub, size), 0) >= int(self._slots[hub, size])

    def best(self, leg: int) -> Change | None:
        """Find the cheapest insertion of a leg into the tours; None where none is feasible.

        A leg that another one comes after may bring that one along.
        """
        if not self.exists(leg):
            return None
        schedule = self.schedule
        options = [stop for stop in schedule.options[leg] if not self.is_full(stop, leg)]
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
        links, scope = NO_LINKS, frozenset[int]()
        if schedule.calls and self._touches_links(stops):
            scope = self._scope(stops)
            after = [(v, stops.get(v, self.stops[v])) for v in sorted(scope)]
            timed = linked(schedule, [(self.couriers[v], tour) for v, tour in after])
            if timed is None:
                return None
            links = timed
            stops.update((v, list(tour)) for v, tour in after if self._waits_anew(tour, links))
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
        absent = self._absent_change(stops)
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
            self._links_within(change.scope),
            change.scope,
        )
        if change.scope:
            within = undo.links
            self.links = Links(
                {s: at for s, at in self.links.opens.items() if s not in within.opens}
                | dict(change.links.opens),
                {d: s for d, s in self.links.held.items() if d not in within.held}
                | dict(change.links.held),
            )
        for vehicle in change.stops:
            self._count(vehicle, self.stops[vehicle], -1)
        for vehicle, stops in change.stops.items():
            self.stops[vehicle] = stops
            self.measures[vehicle] = change.measures[vehicle]
            self._count(vehicle, stops, 1)
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
            if self.dropped[leg] >= 0:
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
            if self.dropped[leg] < 0:
                self.insert_all([leg])
            else:
                self._reinsert(leg)
        return self.cost < before

    def _reinsert(self, leg: int) -> None:
        schedule = self.schedule
        unit = [leg]
        successor = schedule.calls.get(self.dropped[leg], -1)
        if successor >= 0 and self.dropped[successor] >= 0:
            unit.append(successor)
        if any(self._stays(member) for member in unit):
            return
        gone = {
            stop
            for member in unit
            for stop in (member, self.dropped[member])
            if stop not in schedule.is_frozen
        }
        before = self.cost
        removal = self.change(
            {
                vehicle: [stop for stop in self.stops[vehicle] if stop not in gone]
                for vehicle in sorted({self.where[member] for member in unit})
            }
        )
        if removal is None:
            return
        undo = [self.put(removal)]
        change = self.best(leg)
        if change is not None and (change.extra_cost < 0 or schedule.committed_to[leg] >= 0):
            undo.append(self.put(change))
        is_broken = any(
            self.dropped[member] < 0 <= schedule.committed_to[member] for member in unit
        )
        if is_broken or self.cost >= before:
            for change in reversed(undo):
                self.put(change)

    def _stays(self, leg: int) -> bool:
        """Say whether a leg must stay: frozen, or in an order that excuses what it breaks."""
        schedule = self.schedule
        committed = schedule.committed_to[leg]
        return self.dropped[leg] in schedule.is_frozen or (
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
            False, and nothing is taken over, where commitments are missing or not where they are
            frozen.

        """
        schedule = self.schedule
        stops = [list(found.get(vehicle, tour)) for vehicle, tour in enumerate(self.stops)]
        served = {schedule.leg[stop] for tour in stops for stop in tour if stop >= self._legs}
        misses = any(
            leg not in served for leg, courier in enumerate(schedule.committed_to) if courier >= 0
        )
        if misses or any(
            tour[: len(prefix)] != prefix
            for tour, courier in zip(stops, self.couriers, strict=True)
            for prefix in [schedule.prefix[courier]]
        ):
            return False
        self._begin(self._without_orphans(stops))
        lost = self.stops != stops
        while (vehicle := self._first_broken()) >= 0:
            lost = True
            stops = list(self.stops)
            stops[vehicle] = schedule.committed(stops[vehicle])
            self._begin(self._without_orphans(stops))
        if lost:
            self.insert_left_out()
        return True

    @property
    def _legs(self) -> int:
        return self.schedule.leg_count

    def _first_broken(self) -> int:
        """Give the first vehicle whose free legs break something; -1: none."""
        schedule = self.schedule
        spare: dict[tuple[int, int], int] = {}
        for vehicle, stops in enumerate(self.stops):
            courier = self.couriers[vehicle]
            if len(stops) == len(schedule.committed(stops)):
                continue
            for stop in stops:
                if stop >= self._legs and (slot := self._slot(stop)) is not None:
                    spare[slot] = spare.get(slot, int(self._slots[slot])) - 1
            late = schedule.measure(courier, stops, schedule.limits, self.links) is None and (
                not schedule.excuses(courier, stops, self.measures[vehicle], self.links)
            )
            if late or min(spare.values(), default=0) < 0:
                return vehicle
            post = self._posts.post.get(vehicle, -1)
            if post >= 0 and not self._posts.holds(post):
                return vehicle
        return -1

    def _without_orphans(self, stops: list[list[int]]) -> list[list[int]]:
        """Take out the free legs that do not exist any more."""
        schedule = self.schedule
        called = {schedule.calls.get(stop, -1) for tour in stops for stop in tour}
        return [
            [
                stop
                for stop in tour
                if schedule.leg[stop] not in schedule.gap
                or schedule.leg[stop] in called
                or schedule.committed_to[schedule.leg[stop]] >= 0
            ]
            for tour in stops
        ]

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

    # --- linked pairs, hubs -------------------------------------------------------------------

    def _touches_links(self, tours: Mapping[int, Sequence[int]]) -> bool:
        linked_stops = self._link_stops
        return any(
            not linked_stops.isdisjoint(tour) or not linked_stops.isdisjoint(self.stops[vehicle])
            for vehicle, tour in tours.items()
        )

    def _scope(self, tours: Mapping[int, Sequence[int]]) -> frozenset[int]:
        """Give the vehicles that wait for each other, before or after; the given ones included."""
        schedule = self.schedule
        scope, waiting = set(tours), list(tours)
        while waiting:
            vehicle = waiting.pop()
            stops = {*self.stops[vehicle], *tours.get(vehicle, ())}
            for stop in stops & self._link_stops:
                leg = schedule.leg[stop]
                other = (
                    schedule.calls[stop] if stop in schedule.calls else schedule.predecessor[leg]
                )
                partner = self.where[other]
                if partner >= 0 and partner not in scope:
                    scope.add(partner)
                    waiting.append(partner)
        return frozenset(scope)

    def _waits_anew(self, stops: Sequence[int], links: Links) -> bool:
        """Say whether a tour's openings, or what it must not delay, are not as they were."""
        old = self.links
        return any(
            links.opens.get(stop) != old.opens.get(stop)
            or (stop in links.held) != (stop in old.held)
            for stop in self._link_stops.intersection(stops)
        )

    def _links_within(self, scope: frozenset[int]) -> Links:
        if not scope:
            return NO_LINKS
        opens = {s: at for s, at in self.links.opens.items() if self.where[s] in scope}
        return Links(opens, {d: s for d, s in self.links.held.items() if s in opens})

    def _absent_change(self, tours: Mapping[int, Sequence[int]]) -> int | None:
        """Give how much more the legs left out cost; None where a leg or a slot does not exist."""
        schedule, legs = self.schedule, self._legs
        before = {stop for v in tours for stop in self.stops[v] if stop >= legs}
        after = {stop for tour in tours.values() for stop in tour if stop >= legs}
        if before == after:
            return 0
        changed = {schedule.leg[stop]: -1 for stop in before - after}
        changed.update((schedule.leg[stop], stop) for stop in after - before)
        if not self._fits_hubs(before - after, after - before):
            return None
        concerned = set(changed)
        concerned.update(schedule.successor[leg] for leg in changed if leg in schedule.successor)
        old = {leg: self.dropped[leg] for leg in changed}
        cost = -self._absent_cost(concerned)
        for leg, stop in changed.items():
            self.dropped[leg] = stop
        cost += self._absent_cost(concerned)
        exist = all(self.exists(leg) for leg in concerned if self.dropped[leg] >= 0)
        for leg, stop in old.items():
            self.dropped[leg] = stop
        return cost if exist else None

    def _absent_cost(self, legs: Iterable[int]) -> int:
        return sum(
            self.schedule.absent_cost(leg, self.dropped) for leg in legs if self.dropped[leg] < 0
        )

    def _slot(self, stop: int) -> tuple[int, int] | None:
        """Give the hub and the size of the slot that a drop-off takes; None: it takes none."""
        leg = self.schedule.leg[stop]
        hub = self._hub[stop - self._legs]
        if hub < 0 or self.schedule.committed_to[leg] >= 0:
            return None
        return hub, self._size[leg]

    def _fits_hubs(self, gone: Iterable[int], come: Iterable[int]) -> bool:
        more: dict[tuple[int, int], int] = {}
        for stops, step in ((gone, -1), (come, 1)):
            for stop in stops:
                slot = self._slot(stop)
                if slot is not None:
                    more[slot] = more.get(slot, 0) + step
        return all(
            added <= 0 or self._used.get(slot, 0) + added <= int(self._slots[slot])
            for slot, added in more.items()
        )

    def _count(self, vehicle: int, stops: Sequence[int], step: int) -> None:
        """Note which legs a tour serves and which slots it takes; a step of -1 takes it back."""
        for stop in stops:
            leg = self.schedule.leg[stop]
            self.where[leg] = vehicle if step > 0 else -1
            if stop >= self._legs:
                self.dropped[leg] = stop if step > 0 else -1
                slot = self._slot(stop)
                if slot is not None:
                    self._used[slot] = self._used.get(slot, 0) + step


def _allowed_couriers(problem: Problem) -> NDArray[np.bool_]:
    """(L, C): who has the skills for a leg and is not barred from it."""
    missing = problem.leg_skills[:, None] & ~problem.courier_skills[None, :]
    allowed: NDArray[np.bool_] = missing == 0
    rows = np.repeat(np.arange(problem.leg_count), np.diff(problem.barred.indptr))
    allowed[rows, problem.barred.values] = False
    return allowed
