"""One big zone in parts, and back: routes and their neighbours, never areas.

A search of the whole zone reads matrices of hundreds of megabytes, and two threads that search it
side by side find the same things twice. So the routes of a solution are dealt into parts of some
hundred legs that lie close together, each part is searched by itself for a fixed number of steps,
on as many threads as there are, and put back; then other parts are made (POPMUSIC: Taillard and
Voss 2002, doi 10.1007/978-1-4615-1507-4_27). Idle couriers and legs left out go with the routes
near them. Couriers of one post and linked pairs stay together; free compartments of hubs are dealt
out. What comes of it does not depend on how many threads there are, only on how many steps.
"""

from collections.abc import Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import chain
from typing import NamedTuple

import numpy as np

from dispatch.solver.kernel import anneal, solution, tables
from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel.parts import Part, part_of
from dispatch.solver.kernel.steps import remember
from dispatch.solver.kernel.tables import Data, Table, scrambled

__all__ = ["PART_LEGS", "Heat", "Round", "is_big", "play_round"]

PART_LEGS = 250
"""Legs in a part, about, at least."""
MOST_PARTS = 10
"""About; beyond that parts are larger."""
BIG = 2 * PART_LEGS
"""From so many legs on a zone is searched in parts."""


@dataclass(frozen=True, slots=True)
class Heat:
    """How a stretch of annealing goes: temperatures in units of cost, as `anneal.anneal` says."""

    hot: float
    cold: float
    blink: float
    exchanges: int


@dataclass(frozen=True, slots=True)
class Round:
    """What a round over all parts came to.

    Parameters
    ----------
    tours, best : list of stops, by vehicle
        The solution that the searches stand on in the end, and the best ones that they met,
        put together.
    cost, best_cost : int
        Of both.
    steps : int
        Taken by all searches together.
    """

    tours: list[list[int]]
    best: list[list[int]]
    cost: int
    best_cost: int
    steps: int


def is_big(data: Data) -> bool:
    """Say whether a zone is searched in parts."""
    return len(data.legs) >= BIG and len(data.vehicles) > 1


def play_round(  # noqa: PLR0913 (what a round is made of)
    pool: ThreadPoolExecutor,
    data: Data,
    stops: Table,
    tours: Sequence[Sequence[int]],
    *,
    steps: int,
    heat: Heat,
    room: int,
    seed: int,
    threads: int = 1,
) -> Round:
    """Deal the routes into parts, search each, and put them together again.

    Parameters
    ----------
    pool : ThreadPoolExecutor
        Where the searches run.
    data, stops : Data, (S, STOP_COLUMNS)
        The zone.
    tours : sequence of stops, by vehicle
        A solution of it that keeps to every rule.
    steps : int
        Of all searches together.
    heat : Heat
        How they anneal.
    room : int, stops
        Most in a tour.
    seed : int
        Of the parts and of the searches; another one for each round.
    threads : int
        At most so many at the same time; the answer does not depend on it.
    """
    members = dealt(data, stops, tours, seed=seed)
    shares = slots_of(data, stops, tours, members, seed)
    total = max(1, sum(len(legs) for _, legs in members))
    jobs = [
        _job(
            part_of(data, stops, vehicles, legs, slots),
            tours,
            max(min(1, steps), steps * len(legs) // total),
            room,
            1009 * seed + number,
        )
        for number, ((vehicles, legs), slots) in enumerate(zip(members, shares, strict=True))
    ]
    for running in [pool.submit(_search, some, heat) for some in _evenly(jobs, threads)]:
        running.result()
    kept: list[list[int]] = [list(tour) for tour in tours]
    best = [list(tour) for tour in tours]
    for part, work, _ in jobs:
        pairs = zip(solution.current_of(work), solution.best_of(work), strict=True)
        for vehicle, (now, known) in zip(part.vehicles.tolist(), pairs, strict=True):
            kept[vehicle] = part.outwards(now)
            best[vehicle] = part.outwards(np.asarray(known, np.int64))
    return Round(
        kept,
        best,
        sum(int(job.work.counters[at.CURRENT]) for job in jobs),
        sum(int(job.work.counters[at.BEST]) for job in jobs),
        sum(int(job.work.counters[at.ITERATIONS]) for job in jobs),
    )


class _Job(NamedTuple):
    """A part, its search, and how many steps that takes."""

    part: Part
    work: tables.Work
    steps: int


def _job(part: Part, tours: Sequence[Sequence[int]], steps: int, room: int, seed: int) -> _Job:
    """Make a search of one part that stands on the solution given."""
    work = tables.work_of(part.data, part.stops, seed=seed, room=room)
    solution.load(part.data, work, part.inwards(tours))
    work.counters[at.BEST] = work.counters[at.CURRENT]
    remember(work)
    return _Job(part, work, steps)


def _evenly(jobs: Sequence[_Job], threads: int) -> list[list[_Job]]:
    """Share jobs out, the longest first, each to whom has least to do.

    A thread takes all of its jobs at once: waking up between two of them, it would wait for
    whoever runs Python just then.
    """
    shares: list[list[_Job]] = [[] for _ in range(threads)]
    for job in sorted(jobs, key=lambda job: -job.steps):
        min(shares, key=lambda share: sum(its.steps for its in share)).append(job)
    return shares


def _search(jobs: Sequence[_Job], heat: Heat) -> None:
    """Search some parts, one after the other."""
    for part, work, steps in jobs:
        if len(part.data.legs) and len(part.data.vehicles):
            anneal.anneal(part.data, work, steps, heat.hot, heat.cold, heat.blink, heat.exchanges)


def dealt(
    data: Data, stops: Table, tours: Sequence[Sequence[int]], *, seed: int
) -> list[tuple[Table, Table]]:
    """Deal vehicles and legs into parts of neighbours.

    Returns
    -------
    list of ((k,) vehicles, (l,) legs)
        Ascending; every vehicle and every leg in one of them.
    """
    things = _Things(data, stops, tours, seed)
    part_legs = max(PART_LEGS, len(data.legs) // MOST_PARTS)
    found: list[Table] = []
    waiting = [np.arange(len(things.weight))]
    while waiting:
        group = waiting.pop()
        parts = max(1, round(int(things.weight[group].sum()) / part_legs))
        halves = things.halved(group, parts) if parts > 1 else None
        if halves is None:
            found.append(group)
        else:
            waiting += reversed(halves)
    return [things.members(group) for group in found]


class _Things:
    """What is dealt: vehicles with their legs, and legs left out; bound ones as one thing.

    Attributes
    ----------
    weight : (n,)
        Legs in each.
    """

    def __init__(self, data: Data, stops: Table, tours: Sequence[Sequence[int]], seed: int) -> None:
        self._data = data
        self._seed = seed
        count = len(data.legs)
        where = np.full(count, -1, np.int64)
        for vehicle, tour in enumerate(tours):
            drops = np.asarray([stop for stop in tour if stop >= count], np.int64)
            where[stops[drops, at.LEG]] = vehicle
        absent = np.flatnonzero(where < 0)
        where[absent] = len(data.vehicles) + np.arange(len(absent))
        self._thing_of_leg = where
        places = np.concatenate(
            [
                [self._place(stops, vehicle, tour) for vehicle, tour in enumerate(tours)],
                [
                    _first_place(stops, (leg, int(data.legs[leg, at.FIRST])))
                    for leg in absent.tolist()
                ],
            ]
        ).astype(np.int64)
        bound = _bound(data, where, len(places))
        _, self._atom = np.unique(bound, return_inverse=True)
        self.weight = np.bincount(self._atom[where], minlength=int(self._atom.max()) + 1)
        # Where several are bound together the busiest stands for all.
        busy = np.bincount(where, minlength=len(places))
        order = np.lexsort((-np.arange(len(places)), busy, places >= 0))
        self._place_of = np.zeros(len(self.weight), np.int64)
        self._place_of[self._atom[order]] = places[order]

    def _place(self, stops: Table, vehicle: int, tour: Sequence[int]) -> int:
        """Give a place on a route, another one each time; of an idle courier the start."""
        if not len(tour):
            ends = self._data.vehicles[vehicle, [at.START, at.END]]
            return int(max(ends[0], -1) if ends[0] >= 0 else ends[1])
        drawn = scrambled(self._seed * 65_537 + vehicle) % len(tour)
        return _first_place(stops, (*tour[drawn:], *tour[:drawn]))

    def halved(self, group: Table, parts: int) -> tuple[Table, Table] | None:
        """Split things in two by which of two far places they are nearer to; None: cannot be."""
        travel = self._data.travel[0]
        places = self._place_of[group]
        known = places >= 0
        if not known.any():
            return None
        drawn = scrambled(self._seed + 7919 * int(group[0]) + len(group)) % int(known.sum())
        one = int(places[known][drawn])
        other = int(places[known][np.argmax(travel[one, places[known]])])
        nearer = np.where(known, travel[one, places].astype(np.int64) - travel[other, places], 0)
        # Those who are nowhere in particular are spread evenly.
        lost = np.flatnonzero(~known)
        if len(lost):
            ranks = np.sort(nearer[known])
            nearer[lost] = ranks[np.arange(len(lost)) * len(ranks) // len(lost)]
        order = np.argsort(nearer, kind="stable")
        heaped = np.cumsum(self.weight[group][order])
        wanted = heaped[-1] * (parts // 2) // parts
        cut = int(np.searchsorted(heaped, wanted, side="right"))
        if not 0 < cut < len(group):
            return None
        return np.sort(group[order[:cut]]), np.sort(group[order[cut:]])

    def members(self, group: Table) -> tuple[Table, Table]:
        """Give the vehicles and legs in some things."""
        chosen = np.zeros(len(self.weight), bool)
        chosen[group] = True
        vehicles = np.flatnonzero(chosen[self._atom[: len(self._data.vehicles)]])
        return vehicles, np.flatnonzero(chosen[self._atom[self._thing_of_leg]])


def _first_place(stops: Table, some: Iterable[int]) -> int:
    """Give the first real place among some stops; -1: there is none."""
    return next((place for stop in some if (place := int(stops[stop, at.PLACE])) >= 0), -1)


def _bound(data: Data, where: Table, count: int) -> Table:
    """(count,): the lowest of the things that each must stay with: posts and linked pairs."""
    root = list(range(count))

    def find(thing: int) -> int:
        while root[thing] != thing:
            root[thing] = root[root[thing]]
            thing = root[thing]
        return thing

    pairs = []
    posts = data.vehicles[:, at.POST]
    kept = np.flatnonzero(posts >= 0)
    _, first = np.unique(posts[kept], return_index=True)
    keeper = dict(zip(posts[kept[first]].tolist(), kept[first].tolist(), strict=True))
    pairs += [(keeper[int(posts[vehicle])], vehicle) for vehicle in kept.tolist()]
    linked = np.flatnonzero(data.legs[:, at.AFTER] >= 0)
    pairs += zip(where[linked].tolist(), where[data.legs[linked, at.AFTER]].tolist(), strict=True)
    homes = np.flatnonzero(data.legs[:, at.HOME] >= 0)
    pairs += zip(where[homes].tolist(), data.legs[homes, at.HOME].tolist(), strict=True)
    for one, other in pairs:
        low, high = sorted((find(one), find(other)))
        root[high] = low
    return np.array([find(thing) for thing in range(count)], np.int64)


def slots_of(
    data: Data,
    stops: Table,
    tours: Sequence[Sequence[int]],
    members: Sequence[tuple[Table, Table]],
    seed: int,
) -> list[Table]:
    """Deal free compartments out: to each part what it fills now, and its share of the rest."""
    if not len(data.slots):
        return [data.slots] * len(members)
    wants = np.zeros((len(members), len(data.slots)), np.int64)
    used = np.zeros_like(wants)
    part_of_leg = np.zeros(len(data.legs), np.int64)
    for number, (vehicles, legs) in enumerate(members):
        part_of_leg[legs] = number
        its = np.fromiter(chain.from_iterable(tours[v] for v in vehicles.tolist()), np.int64)
        slots = stops[its, at.SLOT]
        np.add.at(used[number], slots[slots >= 0], 1)
    fills = np.flatnonzero(stops[:, at.SLOT] >= 0)
    np.add.at(wants, (part_of_leg[stops[fills, at.LEG]], stops[fills, at.SLOT]), 1)
    spare = np.maximum(data.slots - used.sum(axis=0), 0)
    # By how many could fill them; the remainder goes round.
    share = spare * wants // np.maximum(wants.sum(axis=0), 1)
    rest = spare - share.sum(axis=0)
    for slot in np.flatnonzero(rest > 0).tolist():
        able = np.flatnonzero(wants[:, slot])
        if len(able):
            turns = (np.arange(rest[slot]) + scrambled(seed + slot) % len(able)) % len(able)
            np.add.at(share[:, slot], able[turns], 1)
    return list(used + share)
