"""What keeps each courier from serving a leg that is all he has to do: for all couriers at once.

Empty tours only, so that the answer depends on the problem and not on a plan. The timing rules are
those of `dispatch.solver.schedule`, for one pickup and one drop-off.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from dispatch.solver.arrays import FOREVER, UNREACHABLE, BoolArray, IntArray
from dispatch.solver.plan import Reason
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule

NEARER = (
    Reason.PRECEDENCE,
    Reason.UNREACHABLE,
    Reason.PERMIT,
    Reason.SKILL,
    Reason.NO_COURIER_IN_RANGE,
    Reason.WINDOW,
    Reason.HOURS,
    Reason.LEASH,
    Reason.CAPACITY,
    Reason.POST,
    Reason.HUB_FULL,
    Reason.FROZEN,
    Reason.OFFERS_EXHAUSTED,
    Reason.NOT_WORTH_IT,
)
"""From the farthest miss to the nearest: what is last among all couriers is the leg's reason."""

RANK = {reason: rank for rank, reason in enumerate(NEARER)}
SERVES = len(NEARER)
"""The rank of a courier who misses nothing."""


@dataclass(frozen=True, slots=True)
class Alone:
    """One leg at one drop-off, for every courier.

    Parameters
    ----------
    ranks : (C,)
        Of the reason in `NEARER`; `SERVES` where there is none.
    extra : (C,), cost
        What a tour with nothing else costs, less the way home of who is away already.

    """

    ranks: IntArray
    extra: IntArray


@dataclass(frozen=True, slots=True)
class _Trip:
    """From start to pickup, to drop-off, to the end; (C,) each, ticks."""

    places: list[IntArray]
    ways: list[IntArray]
    shut: list[BoolArray]
    starts: list[IntArray]
    departs_at: IntArray
    ends_at: IntArray
    away: IntArray


class Couriers:
    """The couriers of a problem, each with nothing to do.

    Parameters
    ----------
    schedule : Schedule
        The problem.
    allowed : (L, C) bool
        Who has the skills for a leg and is not barred from it.

    """

    def __init__(self, schedule: Schedule, allowed: BoolArray) -> None:
        self._schedule = schedule
        self._problem = problem = schedule.problem
        self._ways = schedule.ways
        self._allowed = allowed
        self._has_left: BoolArray = problem.left <= 0
        places = [problem.start_place, problem.end_place]
        home = self._times(*places)
        away = problem.on_duty + home - problem.left
        self._idle = np.where(self._has_left, self._price(places, away), 0)
        self._unmanned = list(_unmanned(problem))

    def alone(self, leg: int, dropoff: int, opens: int) -> Alone:
        """Try a leg with every courier.

        Parameters
        ----------
        leg : int
            Not committed.
        dropoff : int
            One of its options, as a stop.
        opens : int, ticks
            When the pickup opens.

        """
        problem, schedule = self._problem, self._schedule
        trip = self._trip(leg, dropoff, opens)
        blocked = [
            (way >= UNREACHABLE) & ~shut for way, shut in zip(trip.ways, trip.shut, strict=True)
        ]
        barred_gate = np.logical_or.reduce(trip.shut[:-1])
        skilled = (problem.leg_skills[leg] & ~problem.courier_skills) == 0
        over = (problem.load[leg] > problem.capacity).any(axis=1) | (problem.most_parcels < 1)
        stops = [leg, dropoff] if schedule.has_pickup[leg] else [dropoff]
        late = np.logical_or.reduce(
            [begin > schedule.closes[stop] for stop, begin in zip(stops, trip.starts, strict=True)]
        )
        hours = 1000 * trip.ends_at + problem.return_reserve_permille * trip.away
        extra = self._cost(leg, dropoff, trip) - self._idle
        causes = (
            (barred_gate, Reason.PERMIT),
            (~skilled, Reason.SKILL),
            (blocked[-2], Reason.UNREACHABLE),
            (np.logical_or.reduce([*blocked, *trip.shut]), Reason.NO_COURIER_IN_RANGE),
            (over, Reason.CAPACITY),
            (late & self._is_hopeless(leg, dropoff, opens, trip), Reason.WINDOW),
            (late, Reason.NO_COURIER_IN_RANGE),
            (hours > 1000 * problem.off_duty, Reason.HOURS),
            (trip.away > problem.leash, Reason.LEASH),
            (self._leaves_post(trip), Reason.POST),
            (np.broadcast_to(self._has_no_slot(leg, dropoff), late.shape), Reason.HUB_FULL),
            (~self._allowed[leg], Reason.OFFERS_EXHAUSTED),
            (extra >= schedule.left_out_cost[leg], Reason.NOT_WORTH_IT),
        )
        ranks = np.select(
            [misses for misses, _ in causes], [RANK[reason] for _, reason in causes], SERVES
        )
        return Alone(ranks, extra)

    def _trip(self, leg: int, dropoff: int, opens: int) -> _Trip:
        problem, schedule = self._problem, self._schedule
        everywhere = np.zeros(problem.courier_count, np.int64)
        last = problem.end_place
        if schedule.place[dropoff] >= 0:
            last = everywhere + schedule.place[dropoff]
        places = [problem.start_place, last, problem.end_place]
        stops, opening = [dropoff], [schedule.opens[dropoff]]
        if schedule.has_pickup[leg]:
            places.insert(1, everywhere + schedule.place[leg])
            stops, opening = [leg, dropoff], [opens, *opening]
        pairs = list(pairwise(places))
        ways = [self._times(*pair) for pair in pairs]
        clock: IntArray = problem.on_duty
        starts = []
        for stop, way, opens_at in zip(stops, ways, opening, strict=False):
            starts.append(np.maximum(clock + way, opens_at))
            clock = starts[-1] + schedule.service[stop]
        ends_at = clock + ways[-1]
        latest = starts[-1]
        if len(stops) > 1:
            bound = np.maximum(starts[0], schedule.not_delayed_past[leg])
            latest = np.minimum(bound, latest - schedule.service[leg] - ways[1])
        departs_at = np.where(self._has_left, problem.on_duty, latest - ways[0])
        away = ends_at - np.where(self._has_left, problem.left, departs_at)
        shut = [self._shut(*pair) for pair in pairs]
        return _Trip(places, ways, shut, starts, departs_at, ends_at, away)

    def _times(self, tails: IntArray, heads: IntArray) -> IntArray:
        return self._ways.times(self._problem.mode, self._problem.access, tails, heads)

    def _shut(self, tails: IntArray, heads: IntArray) -> BoolArray:
        problem = self._problem
        if not problem.is_gated:
            return np.zeros(len(tails), np.bool_)
        gate = problem.place_gate[heads]
        passes = (gate >= 0) & (tails >= 0) & (heads >= 0) & (gate != problem.place_gate[tails])
        shut: BoolArray = (
            passes
            & (problem.gate_entry[problem.access, gate] < 0)
            & (self._ways.travel(problem.mode, tails, heads) < UNREACHABLE)
        )
        return shut

    def _price(self, places: list[IntArray], away: IntArray) -> IntArray:
        """Price the way and the time away."""
        problem = self._problem
        cost = problem.cost_per_away * away
        cost = cost + problem.cost_over_allowance * np.maximum(0, away - problem.allowance)
        for tails, heads in pairwise(places):
            if problem.arc_cost is not None:
                cost = cost + self._ways.between(problem.arc_cost, problem.mode, tails, heads)
                continue
            travel = self._ways.travel(problem.mode, tails, heads)
            cost = cost + problem.cost_per_travel * travel
            if problem.cost_per_m.any():
                metres = self._ways.between(problem.distance_m, problem.mode, tails, heads)
                cost = cost + problem.cost_per_m * metres
        priced: IntArray = cost
        return priced

    def _cost(self, leg: int, dropoff: int, trip: _Trip) -> IntArray:
        problem, schedule = self._problem, self._schedule
        cost = self._price(trip.places, trip.away) + schedule.price[dropoff]
        cost = cost + np.where(self._has_left, 0, problem.fixed_cost) + problem.cost_per_parcel
        cost = cost + problem.cost_per_effort * schedule.effort[dropoff]
        late = np.maximum(0, trip.starts[-1] - schedule.due[dropoff])
        cost = cost + schedule.lateness_cost[dropoff] * late
        seen = int(problem.seen_courier[leg])
        if seen >= 0:
            strangers = np.arange(problem.courier_count) != seen
            cost = cost + int(problem.move_cost[leg]) * strangers
        priced: IntArray = cost
        return priced

    def _is_hopeless(self, leg: int, dropoff: int, opens: int, trip: _Trip) -> BoolArray:
        """Say whether even a courier who stands at the pickup when it opens would be late."""
        problem, schedule = self._problem, self._schedule
        closes = schedule.closes[dropoff]
        if not schedule.has_pickup[leg]:
            hopeless: BoolArray = closes < problem.on_duty
            return hopeless
        earliest = max(opens, int(problem.on_duty.min(initial=FOREVER)))
        too_late: BoolArray = earliest + schedule.service[leg] + trip.ways[1] > closes
        return too_late | (earliest > schedule.closes[leg])

    def _leaves_post(self, trip: _Trip) -> BoolArray:
        """Say who would leave a post at a time when nobody may."""
        leaves = np.zeros(self._problem.courier_count, np.bool_)
        for couriers, begins, ends in self._unmanned:
            departs_at, ends_at = trip.departs_at[couriers], trip.ends_at[couriers]
            clash = (departs_at < ends) & (ends_at > begins) & (departs_at < ends_at)
            leaves[couriers] |= clash & ~self._has_left[couriers]
        return leaves

    def _has_no_slot(self, leg: int, dropoff: int) -> bool:
        problem = self._problem
        hub = int(problem.option_hub[dropoff - self._schedule.leg_count])
        return hub >= 0 and problem.hub_slots_free[hub, problem.leg_size[leg]] < 1


def _unmanned(problem: Problem) -> Iterator[tuple[IntArray, int, int]]:
    """Give the couriers of a post, and from when to when none of them may leave it."""
    steps = problem.post_steps
    for post, bounds in enumerate(pairwise(steps.indptr.tolist())):
        row = slice(*bounds)
        starts_at: list[int] = steps.starts_at[row].tolist()
        most_away: list[int] = steps.most_away[row].tolist()
        for begins, ends, most in zip(
            starts_at, [*starts_at[1:], 2 * FOREVER], most_away, strict=False
        ):
            if most < 1:
                yield np.flatnonzero(problem.post == post), begins, ends
