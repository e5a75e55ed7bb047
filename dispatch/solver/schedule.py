"""The timing rules and the costs of tours, for whatever builds them stop by stop.

Insertion, the routing model and the compiled search all end here, so that a plan's times and cost
come from one place whatever found it: `plan_of` writes them out. `dispatch.solver.check` must not
import this module: it judges it.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import accumulate, pairwise
from operator import gt

from dispatch.solver.links import NO_LINKS, Links, linked
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import UNREACHABLE
from dispatch.solver.terms import Limits, Terms


@dataclass(frozen=True, slots=True)
class Measures:
    """A tour's times, its cost, and what limits bound.

    Parameters
    ----------
    starts : list of int, ticks, by position
        Earliest starts of service.
    hours, away, load, parcels
        As in `Limits`.
    blocked, shut : int, ways
        Ways that do not exist, and ways through a gate that the courier may not pass.
    disorder : tuple of int
        Pickups after the first drop-off, where the courier makes all pickups first; other stops
        after the first drop-off at the tour's end.
    departs_at, ends_at : int, ticks
        Both ends.
    cost : int
        Of the tour.

    """

    starts: list[int]
    hours: int
    away: int
    load: list[int]
    parcels: int
    blocked: int
    shut: int
    disorder: tuple[int, int]
    departs_at: int
    ends_at: int
    cost: int


_IN_ORDER = (0, 0)


class Schedule(Terms):
    """The timing rules and prices over the lists of a problem.

    Making one copies no matrix, so that single tours of large problems are cheap to time.

    Parameters
    ----------
    problem : Problem
        What is to be planned.

    """

    def carried_most(self, stops: Sequence[int]) -> list[int]:
        """Give the most that is on board at once, by load dimension."""
        # Maps over bound methods: this runs for every insertion that is tried.
        return [
            max(
                accumulate(
                    map(change.__getitem__, stops),
                    initial=sum(map(at_start.__getitem__, stops)),
                )
            )
            for change, at_start in zip(self.change, self._at_start, strict=True)
        ]

    def openings(
        self, stops: Sequence[int], links: Links = NO_LINKS
    ) -> Sequence[int] | dict[int, int]:
        """Give the earliest that stops may start, ticks, by stop."""
        if not links.opens:
            return self.opens
        known = {stop: self.opens[stop] for stop in stops}
        return {stop: max(opens, links.opens.get(stop, opens)) for stop, opens in known.items()}

    def measure(
        self,
        courier: int,
        stops: Sequence[int],
        limits: Limits | None = None,
        links: Links = NO_LINKS,
    ) -> Measures | None:
        """Time and price a tour by the timing rules.

        Parameters
        ----------
        courier : int
            Whose tour.
        stops : sequence of int
            In order; may be empty.
        limits : Limits, optional
            What to keep to; None: nothing.
        links : Links
            What the tour must know of others, and of itself, to time its linked pairs.

        Returns
        -------
        Measures or None
            None where a limit is broken.

        """
        # Names of its own for what the loop reads: this runs for every insertion that is tried.
        travel, is_gated = self._travel[self.mode[courier]], self._is_gated
        opens, places, service, due = (
            self.openings(stops, links),
            self.place,
            self.service,
            self.due,
        )
        latest = self._no_limit if limits is None else limits.latest
        at, end = self.start[courier], self.end[courier]
        clock = self.on_duty[courier]
        starts: list[int] = []
        ways: list[int] = []
        late = blocked = shut = 0
        for stop in stops:
            place = places[stop]
            if place < 0:
                place = end
            if is_gated or at < 0 or place < 0:
                way = self.way(courier, at, place)
            else:
                way = travel[at, place]
            if way >= UNREACHABLE:
                is_shut = self.is_shut(courier, at, place)
                shut, blocked = shut + is_shut, blocked + (not is_shut)
            begin = max(clock + way, opens[stop])
            if begin > latest[stop]:
                return None
            if begin > due[stop]:
                late += (begin - due[stop]) * self.lateness_cost[stop]
            starts.append(begin)
            ways.append(way)
            clock = begin + service[stop]
            if place >= 0:
                at = place
        way = self.way(courier, at, end)
        if way >= UNREACHABLE:
            is_shut = self.is_shut(courier, at, end)
            shut, blocked = shut + is_shut, blocked + (not is_shut)
        ends_at = clock + way
        departs_at = self._departure(courier, stops, starts, ways, links)
        away = ends_at - (departs_at if self.left[courier] > 0 else self.left[courier])
        hours = 1000 * ends_at + self.reserve[courier] * away
        parcels = sum(map(self.is_dropoff.__getitem__, stops))
        if limits is not None and (
            blocked
            or shut
            or away > limits.leash[courier]
            or hours > limits.hours[courier]
            or parcels > limits.parcels[courier]
        ):
            return None
        load, disorder = self.carried_most(stops), self._disorder(courier, stops)
        if limits is not None and (
            disorder != _IN_ORDER or any(map(gt, load, limits.capacity[courier]))
        ):
            return None
        cost = late + self._cost(courier, stops, sum(ways) + way, away)
        return Measures(
            starts, hours, away, load, parcels, blocked, shut, disorder, departs_at, ends_at, cost
        )

    def excuses(
        self, courier: int, stops: Sequence[int], measures: Measures, links: Links = NO_LINKS
    ) -> bool:
        """Say whether a tour breaks no limit by more than its commitments do by themselves.

        Parameters
        ----------
        courier, stops, measures, links
            The tour as it would be, and what `measure` says of it without limits.

        """
        own = self.committed(stops)
        if not own and self.left[courier] > 0:
            return False
        alone = self.measure(courier, own, None, links)
        assert alone is not None, "no tour breaks limits that do not exist"  # noqa: S101
        limits = self.limits
        begun = dict(zip(own, alone.starts, strict=True))
        return (
            measures.blocked <= alone.blocked
            and measures.shut <= alone.shut
            and measures.hours <= max(limits.hours[courier], alone.hours)
            and measures.away <= max(limits.leash[courier], alone.away)
            and measures.parcels <= max(limits.parcels[courier], alone.parcels)
            and not any(map(gt, measures.disorder, alone.disorder))
            and not any(
                load > max(most, excused)
                for load, most, excused in zip(
                    measures.load, limits.capacity[courier], alone.load, strict=True
                )
            )
            and not any(
                begin > max(limits.latest[stop], begun.get(stop, begin - 1))
                for stop, begin in zip(stops, measures.starts, strict=True)
            )
        )

    def committed(self, stops: Sequence[int]) -> list[int]:
        """Give the stops of committed legs, in the same order."""
        return [stop for stop in stops if self.committed_to[self.leg[stop]] >= 0]

    def _disorder(self, courier: int, stops: Sequence[int]) -> tuple[int, int]:
        behind = 0
        if self.pickups_first[courier]:
            flags = list(map(self.is_dropoff.__getitem__, stops))
            if 1 in flags:
                behind = flags[flags.index(1) :].count(0)
        if not self._has_carried:
            return behind, 0
        carried = [self.place[stop] < 0 for stop in stops]
        if True not in carried:
            return behind, 0
        return behind, carried[carried.index(True) :].count(False)

    def _departure(
        self,
        courier: int,
        stops: Sequence[int],
        starts: list[int],
        ways: list[int],
        links: Links,
    ) -> int:
        """Delay the departure as far as the end and every stop's bound allow."""
        if self.left[courier] <= 0 or not stops:
            return self.on_duty[courier]
        held, service, bounds = links.held, self.service, self.not_delayed_past
        latest = starts[-1]
        for position in range(len(stops) - 2, -1, -1):
            stop, begin = stops[position], starts[position]
            latest -= service[stop] + ways[position + 1]
            if latest > begin and (latest > bounds[stop] or stop in held):
                latest = begin if stop in held else max(begin, bounds[stop])
        return latest - ways[0]

    def _cost(self, courier: int, stops: Sequence[int], driven: int, away: int) -> int:
        if not stops and self.left[courier] > 0:
            return 0
        cost = self.fixed_cost[courier] if self.left[courier] > 0 else 0
        cost += self.per_away[courier] * away
        cost += self.over_allowance[courier] * max(0, away - self.allowance[courier])
        cost += sum(map(self.price.__getitem__, stops))
        cost += self.per_parcel[courier] * sum(map(self.is_dropoff.__getitem__, stops))
        if self.per_effort[courier]:
            cost += self.per_effort[courier] * sum(map(self.effort.__getitem__, stops))
        if self._has_moves:
            cost += sum(self._move[stop] for stop in stops if self._seen[stop] != courier)
        # Pay by travel leaves gates out.
        is_paid_apart = self._is_gated and self.per_travel[courier] > 0
        if not self._arcs and not self.per_m[courier] and not is_paid_apart:
            return cost + self.per_travel[courier] * driven
        mode = self.mode[courier]
        if self._arcs:
            arcs = self._arcs[mode].__getitem__
            return cost + sum(map(arcs, self._arcs_of(courier, stops)))
        if is_paid_apart:
            ways = self._travel[mode].__getitem__
            driven = sum(map(ways, self._arcs_of(courier, stops)))
        if self.per_m[courier]:
            metres = self._distance[mode].__getitem__
            cost += self.per_m[courier] * sum(map(metres, self._arcs_of(courier, stops)))
        return cost + self.per_travel[courier] * driven

    def _arcs_of(self, courier: int, stops: Sequence[int]) -> Iterator[tuple[int, int]]:
        """Give the ways between real places, in order."""
        places = [place for stop in stops if (place := self.place_of(courier, stop)) >= 0]
        ends = [place for place in (self.start[courier],) if place >= 0]
        home = [place for place in (self.end[courier],) if place >= 0]
        return pairwise([*ends, *places, *home])

    def tour(self, courier: int, stops: Sequence[int], links: Links = NO_LINKS) -> PlannedTour:
        """Write a tour out with its times."""
        return self._written(courier, stops, links)[0]

    def _written(
        self, courier: int, stops: Sequence[int], links: Links
    ) -> tuple[PlannedTour, Measures]:
        measures = self.measure(courier, stops, None, links)
        assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
        clock, at = measures.departs_at, self.start[courier]
        planned = []
        opens = self.openings(stops, links)
        for stop in stops:
            place = self.place_of(courier, stop)
            arrives_at = clock + self.way(courier, at, place)
            starts_at = max(arrives_at, opens[stop])
            clock, at = starts_at + self.service[stop], at if place < 0 else place
            option = stop - self.leg_count
            action = Action.PICKUP if option < 0 else Action.DROPOFF
            planned.append(
                PlannedStop(self.leg[stop], action, max(option, -1), arrives_at, starts_at, clock)
            )
        tour = PlannedTour(courier, measures.departs_at, measures.ends_at, tuple(planned))
        return tour, measures

    def absent_cost(self, leg: int, dropped: Sequence[int]) -> int:
        """Give what a leg costs that no tour has: nothing where it does not exist.

        Parameters
        ----------
        leg : int
            Not served.
        dropped : sequence of int, by leg
            The drop-off that each leg is served at; -1 where it is not.

        """
        before = self.predecessor.get(leg, -1)
        exists = before < 0 or self.calls.get(dropped[before]) == leg
        return self.left_out_cost[leg] if exists else 0


def plan_of(schedule: Schedule, tours: Iterable[tuple[int, Sequence[int]]], *, engine: str) -> Plan:
    """Write out a plan: every time and the cost come from here, whoever found the tours.

    Parameters
    ----------
    schedule : Schedule
        Of the problem.
    tours : iterable of (courier, stops)
        Stops numbered as in `Schedule`, in order, one entry for each tour; tours without stops may
        be left out. Nothing is checked here.
    engine : str
        What found them.

    Returns
    -------
    Plan
        Whoever has left has a tour in it. The reason of every leg left out is SEARCH_LIMIT until
        `dispatch.solver.explain` has found a better one; `dataclasses.replace` says how the search
        went.

    """
    given = [(courier, stops) for courier, stops in tours if len(stops)]
    links = linked(schedule, given, cut=True) or NO_LINKS
    busy = {courier for courier, _ in given}
    homeward = [c for c, left in enumerate(schedule.left) if left <= 0 and c not in busy]
    written = [
        schedule._written(courier, stops, links)  # noqa: SLF001 (one module)
        for courier, stops in [*given, *((courier, ()) for courier in homeward)]
    ]
    dropped = [-1] * schedule.leg_count
    for _, stops in given:
        for stop in stops:
            if stop >= schedule.leg_count:
                dropped[schedule.leg[stop]] = stop
    absent = [leg for leg, stop in enumerate(dropped) if stop < 0]
    cost = sum(measures.cost for _, measures in written)
    return Plan(
        tours=tuple(sorted((tour for tour, _ in written), key=_by_courier)),
        unassigned=tuple(Unassigned(leg, Reason.SEARCH_LIMIT) for leg in absent),
        cost=cost + sum(schedule.absent_cost(leg, dropped) for leg in absent),
        engine=engine,
    )


def _by_courier(tour: PlannedTour) -> tuple[int, int, int]:
    first = tour.stops[0].leg if tour.stops else -1
    return tour.courier, tour.departs_at, first
