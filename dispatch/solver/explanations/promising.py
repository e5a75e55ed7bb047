"""Which ways of putting a leg into many long tours are worth a closer look.

Bounds only, from each stop's gap alone: who is late, over hours or too dear by them is so in truth.
`dispatch.solver.explanations.trials` times those that miss least, so that a leg costs milliseconds.
"""

from dataclasses import dataclass

import numpy as np

from dispatch.solver.arrays import UNREACHABLE, BoolArray, IntArray
from dispatch.solver.explanations.clocks import Crew, Stops, Timed
from dispatch.solver.schedule import Schedule
from dispatch.solver.terms import NEVER

_FAR = 100
"""So many misses is a way that does not exist worth."""


@dataclass(frozen=True, slots=True)
class _Around:
    """One stop in every gap; (V, gaps): how much is missed at least, and what follows from it."""

    misses: IntArray
    begins: IntArray
    way_in: IntArray
    way_out: IntArray
    far: BoolArray


class Promising:
    """The gaps of all tours, each by itself.

    Parameters
    ----------
    schedule : Schedule
        The problem.
    stops, crew : Stops, Crew
        What is asked of them.
    order : (V, longest) stops
        The tours, padded with the stop that is none.
    timed : Timed
        The same tours, by vehicle.

    """

    def __init__(
        self, schedule: Schedule, stops: Stops, crew: Crew, order: IntArray, timed: Timed
    ) -> None:
        self._schedule, self._stops, self._crew = schedule, stops, crew
        problem = schedule.problem
        courier = crew.courier
        self._mode = problem.mode[courier][:, None]
        self._access = problem.access[courier][:, None]
        end = problem.end_place[courier][:, None]
        place = np.where(stops.is_carried[order], end, stops.place[order])
        none = order == len(stops.place) - 1
        self._before = np.hstack([problem.start_place[courier][:, None], place])
        self._after = np.hstack([place, end])
        self._after[:, :-1] = np.where(none, end, self._after[:, :-1])
        self._way = timed.ways.T.copy()
        stays, people = (~none).sum(axis=1), np.arange(len(order))
        # The way home stands behind the padding.
        home = self._way[:, -1].copy()
        self._way[:, -1] = 0
        self._way[people, stays] = home
        self._is_idle = stays == 0
        self._dropped = stops.is_dropoff[order].sum(axis=1)
        self._on_board = _loads(stops, order)
        leaves = np.where(none, -NEVER, timed.starts.T + stops.service[order])
        self._leaves = np.hstack([crew.on_duty[:, None], leaves])
        self._reach, self._tail, self._opened = _tails(stops, order, self._way)
        self._length = self._way.sum(axis=1) + stops.service[order].sum(axis=1)

    def best(
        self, leg: int, dropoff: int, places: tuple[IntArray, IntArray, IntArray], most: int
    ) -> IntArray:
        """Give those that miss least, ascending.

        Parameters
        ----------
        leg, dropoff : leg, stop
            What is to be served.
        places : vehicle, first and last gap; (K,) each
            How.
        most : int
            At most so many.

        """
        vehicle, first, last = places
        there = self._around(dropoff, self._leaves)
        misses, detour = there.misses, there.way_in + there.way_out - self._way
        if self._schedule.has_pickup[leg]:
            here = self._around(leg, self._leaves)
            at_once = self._around(dropoff, here.begins + self._stops.service[leg], leg)
            apart = first < last
            misses = here.misses[vehicle, first] + np.where(
                apart, there.misses[vehicle, last], at_once.misses[vehicle, last]
            )
            misses = misses + self._full(leg)[vehicle, first]
            single = here.way_in + at_once.way_in + at_once.way_out - self._way
            detour = (here.way_in + here.way_out - self._way)[vehicle, first] + detour[
                vehicle, last
            ]
            detour = np.where(apart, detour, single[vehicle, first])
        else:
            misses, detour = misses[vehicle, last], detour[vehicle, last]
        misses = misses + self._unfit(leg)[vehicle]
        over = self._length[vehicle] + detour > self._crew.leash[vehicle]
        key = (misses + over) * UNREACHABLE + np.minimum(detour, UNREACHABLE - 1)
        # Who has nothing to do is always asked.
        key = np.where(self._is_idle[vehicle], -1, key)
        return np.sort(np.argpartition(key, most)[:most])

    def _unfit(self, leg: int) -> IntArray:
        """(V,): how much is missed whatever the order."""
        problem, courier = self._schedule.problem, self._crew.courier
        unskilled = (problem.leg_skills[leg] & ~problem.courier_skills[courier]) != 0
        over = (problem.load[leg] > self._crew.capacity).any(axis=1)
        barred = np.isin(courier, problem.barred.row(leg))
        over = over.astype(np.int64) + (self._dropped >= self._crew.parcels)
        count: IntArray = unskilled.astype(np.int64) + over + barred
        return count

    def _full(self, leg: int) -> BoolArray:
        """(V, gaps): where there is no room to pick it up."""
        load = self._schedule.problem.load[leg][:, None, None]
        capacity = self._crew.capacity.T[:, :, None]
        full: BoolArray = (self._on_board + load > capacity).any(axis=0)
        return full

    def _around(self, stop: int, leaves: IntArray, tail: int = -1) -> _Around:
        """Put a stop into every gap, after what is before it or after another stop there."""
        stops, crew = self._stops, self._crew
        before: IntArray | int = self._before
        if tail >= 0:
            before = int(stops.place[tail])
        place: IntArray | int = int(stops.place[stop])
        if stops.is_carried[stop]:
            place = self._schedule.problem.end_place[crew.courier][:, None]
        way_in, shut_in = self._times(before, place)
        way_out, shut_out = self._times(place, self._after)
        begins = np.maximum(leaves + way_in, stops.opens[stop])
        on = begins + stops.service[stop] + way_out
        ends = np.maximum(self._opened, on + self._tail)
        misses = (begins > stops.latest[stop]).astype(np.int64) + (on > self._reach)
        misses += (1000 * ends > crew.hours[:, None]).astype(np.int64) + shut_in + shut_out
        far = (way_in >= UNREACHABLE) | (way_out >= UNREACHABLE) | (leaves <= -NEVER // 2)
        return _Around(misses + _FAR * far, begins, way_in, way_out, far)

    def _times(self, tails: IntArray | int, heads: IntArray | int) -> tuple[IntArray, IntArray]:
        """Give the ways, shut gates passed at once, and which are shut."""
        ways = self._schedule.ways
        travel = ways.travel(self._mode, tails, heads)
        if not ways.is_gated:
            return travel, np.zeros_like(travel)
        added = ways.added(self._access, tails, heads)
        shut = added >= UNREACHABLE
        return travel + np.where(shut, 0, added), shut.astype(np.int64)


def _loads(stops: Stops, order: IntArray) -> IntArray:
    """(W, V, gaps): what is on board in every gap."""
    start = stops.at_start[:, order].sum(axis=2)[:, :, None]
    change = stops.change[:, order].cumsum(axis=2)
    loads: IntArray = np.concatenate([start, start + change], axis=2)
    return loads


def _tails(stops: Stops, order: IntArray, way: IntArray) -> tuple[IntArray, IntArray, IntArray]:
    """Give, by gap, what comes after it: when it must be reached, how long it takes, its end.

    Returns
    -------
    reach, tail, opened : (V, gaps)
        The latest start at the next stop for all windows; from there to the end without a wait;
        the earliest end for the openings alone.

    """
    people, longest = order.shape
    reach = np.full((people, longest + 1), NEVER)
    tail = np.zeros((people, longest + 1), np.int64)
    opened = np.full((people, longest + 1), -NEVER)
    none = len(stops.place) - 1
    for gap in range(longest - 1, -1, -1):
        here, then = order[:, gap], way[:, gap + 1]
        spent = stops.service[here] + then
        reach[:, gap] = np.where(
            here == none, NEVER, np.minimum(stops.latest[here], reach[:, gap + 1] - spent)
        )
        tail[:, gap] = np.where(here == none, 0, spent + tail[:, gap + 1])
        opened[:, gap] = np.where(
            here == none,
            -NEVER,
            np.maximum(opened[:, gap + 1], stops.opens[here] + tail[:, gap]),
        )
    return reach, tail, opened
