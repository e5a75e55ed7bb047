"""The timing rules and the costs of one tour, for the solvers that build tours stop by stop.

Insertion and the routing model both end here, so that a plan's times and cost come from one place
whatever found it. `dispatch.solver.check` must not import this module: it judges it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import accumulate, pairwise
from operator import gt

import numpy as np

from dispatch.solver.arrays import IntArray
from dispatch.solver.plan import Action, PlannedStop, PlannedTour
from dispatch.solver.problem import UNREACHABLE, Problem
from dispatch.solver.ways import Ways

NOT_HONOURED = (
    "after_leg",
    "move_cost",
    "option_place",
    "option_hub",
    "pickups_first",
    "frozen",
    "post",
)
"""Fields that the solvers built on these rules refuse where they are not neutral."""

_NEVER = 2**60


@dataclass(frozen=True)
class Limits:
    """What a tour must keep to; commitments that already break a limit have widened it.

    Parameters
    ----------
    latest : list of int, by stop
        Latest start of service, ticks.
    hours : list of int, by courier
        Most of 1000 x end + `return_reserve_permille` x time away, ticks / 1000.
    leash : list of int, by courier
        Longest time away, ticks.
    capacity : list of list of int, by courier and load dimension
        Most carried at once.
    parcels : list of int, by courier
        Most drop-offs in a tour.
    blocked : list of int, by courier
        Ways that do not exist and are in the tour all the same.
    shut : list of int, by courier
        Gates that the courier may not pass and are in the tour all the same.

    """

    latest: list[int]
    hours: list[int]
    leash: list[int]
    capacity: list[list[int]]
    parcels: list[int]
    blocked: list[int]
    shut: list[int]


@dataclass(frozen=True)
class Measures:
    """What `Limits` bounds, as one tour has it: `starts` by position, the rest as in `Limits`."""

    starts: list[int]
    hours: int
    away: int
    load: list[int]
    parcels: int
    blocked: int
    shut: int
    departs_at: int
    ends_at: int
    cost: int


class Schedule:
    """The problem unrolled into lists, and the timing rules over them.

    A stop is a number: stop s < L is the pickup of leg s, stop L + p the drop-off at option p.

    Parameters
    ----------
    problem : Problem
        Must not use a field of `NOT_HONOURED`.

    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        legs = problem.leg_count
        self.leg_count = legs
        self.leg: list[int] = [*range(legs), *problem.option_leg.tolist()]
        self.place = _joined(problem.pickup_place, problem.option_place)
        self.opens = _joined(problem.pickup_opens, problem.option_opens)
        self.closes = _joined(problem.pickup_closes, problem.option_closes)
        self.service = _joined(problem.pickup_service, problem.option_service)
        soft = np.minimum(problem.option_due, problem.option_closes)
        self.not_delayed_past = _joined(problem.pickup_closes, soft)
        nothing = np.zeros(legs, np.int64)
        self.due = _joined(nothing + _NEVER, problem.option_due)
        self.price = _joined(nothing, problem.option_cost)
        self.effort = _joined(nothing, problem.option_effort)
        self.is_dropoff = _joined(nothing, np.ones_like(problem.option_leg))
        self.lateness_cost: list[int] = problem.lateness_cost[self.leg].tolist()
        self.has_pickup: list[bool] = (problem.pickup_place >= 0).tolist()
        self.options: list[list[int]] = [
            [legs + p for p in problem.options_of(leg)] for leg in range(legs)
        ]
        self.unassigned_cost: list[int] = problem.unassigned_cost.tolist()
        self.committed_to: list[int] = problem.committed_to.tolist()
        self._read_loads()
        self._read_matrices()
        self._read_couriers()

    def _read_loads(self) -> None:
        """Keep, for each load dimension, how each stop changes what is on board or was at start."""
        problem = self.problem
        dropped = problem.load[problem.option_leg]
        at_start = np.where((problem.pickup_place >= 0)[problem.option_leg, None], 0, dropped)
        dimensions = range(problem.load_dimension_count)
        self.change = [_joined(problem.load[:, w], -dropped[:, w]) for w in dimensions]
        nothing = np.zeros(problem.leg_count, np.int64)
        self._at_start = [_joined(nothing, at_start[:, w]) for w in dimensions]

    def _read_matrices(self) -> None:
        problem = self.problem
        self.ways = Ways(problem)
        modes: list[int] = np.unique(problem.mode).tolist()
        self._travel: dict[int, list[list[int]]] = {m: self.ways.travel[m].tolist() for m in modes}
        self._gate: list[int] = self.ways.gate.tolist()
        self._entry: list[list[int]] = self.ways.entry.tolist()
        self._access: list[int] = problem.access.tolist()
        self._is_gated = problem.is_gated
        self._distance = (
            {m: _padded(problem.distance_m[m]) for m in modes} if problem.cost_per_m.any() else {}
        )
        arcs = problem.arc_cost
        self._arcs = {} if arcs is None else {m: _padded(arcs[m]) for m in modes}

    def _read_couriers(self) -> None:
        problem = self.problem
        self.mode: list[int] = problem.mode.tolist()
        self.start: list[int] = problem.start_place.tolist()
        self.end: list[int] = problem.end_place.tolist()
        self.on_duty: list[int] = problem.on_duty.tolist()
        self.left: list[int] = problem.left.tolist()
        self.fixed_cost: list[int] = problem.fixed_cost.tolist()
        self.per_travel: list[int] = problem.cost_per_travel.tolist()
        self.per_away: list[int] = problem.cost_per_away.tolist()
        self.per_m: list[int] = problem.cost_per_m.tolist()
        self.allowance: list[int] = problem.allowance.tolist()
        self.over_allowance: list[int] = problem.cost_over_allowance.tolist()
        self.reserve: list[int] = problem.return_reserve_permille.tolist()
        self.per_parcel: list[int] = problem.cost_per_parcel.tolist()
        self.per_effort: list[int] = problem.cost_per_effort.tolist()

    def strict(self) -> Limits:
        """Give the limits as the problem has them."""
        problem = self.problem
        return Limits(
            latest=list(self.closes),
            hours=(1000 * problem.off_duty).tolist(),
            leash=problem.leash.tolist(),
            capacity=problem.capacity.tolist(),
            parcels=problem.most_parcels.tolist(),
            blocked=[0] * problem.courier_count,
            shut=[0] * problem.courier_count,
        )

    def unlimited(self) -> Limits:
        """Give limits that nothing breaks."""
        couriers = self.problem.courier_count
        return Limits(
            latest=[_NEVER] * len(self.leg),
            hours=[_NEVER] * couriers,
            leash=[_NEVER] * couriers,
            capacity=[[_NEVER] * self.problem.load_dimension_count] * couriers,
            parcels=[_NEVER] * couriers,
            blocked=[_NEVER] * couriers,
            shut=[_NEVER] * couriers,
        )

    def way(self, courier: int, tail: int, head: int) -> int:
        """Give the time from one place to another for a courier, gate included, ticks."""
        way = self._travel[self.mode[courier]][tail][head]
        gate = self._gate[head]
        if gate < 0 or tail < 0 or gate == self._gate[tail]:
            return way
        return min(way + self._entry[self._access[courier]][gate], UNREACHABLE)

    def is_shut(self, courier: int, tail: int, head: int) -> bool:
        """Say whether there is a way between two places, but through a gate shut to the courier."""
        problem = self.problem
        gate = int(problem.place_gate[head])
        return (
            min(tail, head, gate) >= 0
            and gate != int(problem.place_gate[tail])
            and int(problem.gate_entry[problem.access[courier], gate]) < 0
            and int(problem.travel[self.mode[courier], tail, head]) < UNREACHABLE
        )

    def stop_cost(self, courier: int, stop: int) -> int:
        """Give what a stop costs wherever it stands in the tour."""
        paid = self.per_parcel[courier] * self.is_dropoff[stop]
        return self.price[stop] + paid + self.per_effort[courier] * self.effort[stop]

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

    def measure(self, courier: int, stops: Sequence[int], limits: Limits) -> Measures | None:
        """Time and price a tour by the timing rules.

        Parameters
        ----------
        courier : int
            Whose tour.
        stops : sequence of int
            In order; may be empty.
        limits : Limits
            What to keep to.

        Returns
        -------
        Measures or None
            None where a limit is broken.

        """
        travel = self._travel[self.mode[courier]]
        is_gated = self._is_gated
        at = self.start[courier]
        clock = self.on_duty[courier]
        starts: list[int] = []
        ways: list[int] = []
        late = driven = blocked = shut = 0
        for stop in stops:
            place = self.place[stop]
            # Spelled out where there are no gates: this runs for every insertion that is tried.
            way = self.way(courier, at, place) if is_gated else travel[at][place]
            if way >= UNREACHABLE:
                is_shut = self.is_shut(courier, at, place)
                shut, blocked = shut + is_shut, blocked + (not is_shut)
            begin = max(clock + way, self.opens[stop])
            if begin > limits.latest[stop]:
                return None
            if begin > self.due[stop]:
                late += (begin - self.due[stop]) * self.lateness_cost[stop]
            starts.append(begin)
            ways.append(way)
            driven += way
            clock = begin + self.service[stop]
            at = place
        way = self.way(courier, at, self.end[courier])
        if way >= UNREACHABLE:
            is_shut = self.is_shut(courier, at, self.end[courier])
            shut, blocked = shut + is_shut, blocked + (not is_shut)
        if blocked > limits.blocked[courier] or shut > limits.shut[courier]:
            return None
        ends_at = clock + way
        departs_at = self._departure(courier, stops, starts, ways)
        away = ends_at - (departs_at if self.left[courier] > 0 else self.left[courier])
        hours = 1000 * ends_at + self.reserve[courier] * away
        parcels = sum(map(self.is_dropoff.__getitem__, stops))
        if (
            away > limits.leash[courier]
            or hours > limits.hours[courier]
            or parcels > limits.parcels[courier]
        ):
            return None
        load = self.carried_most(stops)
        if any(map(gt, load, limits.capacity[courier])):
            return None
        cost = late + self._cost(courier, stops, driven + way, away)
        return Measures(
            starts, hours, away, load, parcels, blocked, shut, departs_at, ends_at, cost
        )

    def _departure(
        self, courier: int, stops: Sequence[int], starts: list[int], ways: list[int]
    ) -> int:
        """Delay the departure as far as the end and every stop's bound allow."""
        if self.left[courier] <= 0 or not stops:
            return self.on_duty[courier]
        latest = starts[-1]
        for position in range(len(stops) - 2, -1, -1):
            stop = stops[position]
            bound = max(starts[position], self.not_delayed_past[stop])
            latest = min(bound, latest - self.service[stop] - ways[position + 1])
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
        # Pay by travel leaves gates out.
        is_paid_apart = self._is_gated and self.per_travel[courier] > 0
        if not self._arcs and not self.per_m[courier] and not is_paid_apart:
            return cost + self.per_travel[courier] * driven
        places = [self.start[courier], *(self.place[stop] for stop in stops), self.end[courier]]
        mode = self.mode[courier]
        if self._arcs:
            return cost + sum(self._arcs[mode][tail][head] for tail, head in pairwise(places))
        if is_paid_apart:
            driven = sum(self._travel[mode][tail][head] for tail, head in pairwise(places))
        if self.per_m[courier]:
            metres = self._distance[mode]
            cost += self.per_m[courier] * sum(metres[a][b] for a, b in pairwise(places))
        return cost + self.per_travel[courier] * driven

    def widened(
        self, limits: Limits, courier: int, stops: Sequence[int], measures: Measures
    ) -> Limits:
        """Widen the limits to what a courier's commitments break of them, in this order."""
        latest = list(limits.latest)
        for stop, begin in zip(stops, measures.starts, strict=True):
            latest[stop] = max(latest[stop], begin)
        return replace(
            limits,
            latest=latest,
            hours=_raised(limits.hours, courier, measures.hours),
            leash=_raised(limits.leash, courier, measures.away),
            capacity=[
                [max(pair) for pair in zip(most, measures.load, strict=True)]
                if index == courier
                else most
                for index, most in enumerate(limits.capacity)
            ],
            parcels=_raised(limits.parcels, courier, measures.parcels),
            blocked=_raised(limits.blocked, courier, measures.blocked),
            shut=_raised(limits.shut, courier, measures.shut),
        )

    def tour(self, courier: int, stops: Sequence[int]) -> PlannedTour:
        """Write a tour out with its times."""
        measures = self.measure(courier, stops, self.unlimited())
        assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
        clock, at = measures.departs_at, self.start[courier]
        planned = []
        for stop in stops:
            arrives_at = clock + self.way(courier, at, self.place[stop])
            starts_at = max(arrives_at, self.opens[stop])
            clock, at = starts_at + self.service[stop], self.place[stop]
            option = stop - self.leg_count
            action = Action.PICKUP if option < 0 else Action.DROPOFF
            planned.append(
                PlannedStop(self.leg[stop], action, max(option, -1), arrives_at, starts_at, clock)
            )
        return PlannedTour(courier, measures.departs_at, measures.ends_at, tuple(planned))


def _joined(of_pickups: IntArray, of_options: IntArray) -> list[int]:
    """Put the values of the pickups before those of the drop-off options."""
    values: list[int] = np.concatenate([of_pickups, of_options]).tolist()
    return values


def _padded(matrix: np.ndarray[tuple[int, ...], np.dtype[np.integer]]) -> list[list[int]]:
    """Append a place that is nowhere, so that index -1 (free start, open end) costs nothing."""
    padded: list[list[int]] = np.pad(matrix, ((0, 1), (0, 1))).tolist()
    return padded


def _raised(limits: list[int], courier: int, value: int) -> list[int]:
    return [max(limit, value) if index == courier else limit for index, limit in enumerate(limits)]
