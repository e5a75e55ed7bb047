"""Ruin and recreate over the whole `Problem`, compiled.

The search stands on one solution, takes strings of legs out of neighbouring tours and puts them
back where they cost least; `dispatch.solver.kernel` does that, on tables. This module starts it
(from commitments alone, or from an earlier plan), cools it, ends it, exchanges what two threads
found, and writes the best solution out as a `Plan`.

It reads no clock: it asks `progress` between chunks of steps. The plan records what `progress`
gave, and those values alone decide how long the chunks are: played back, they repeat the plan.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from typing import Protocol

import numpy as np

from dispatch.solver import split
from dispatch.solver.cooling import CHUNKS, Cooling
from dispatch.solver.kernel import anneal, fleet, solution, steps, tables
from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel.compiled import AVAILABLE
from dispatch.solver.kernel.pool import with_pool
from dispatch.solver.kernel.tables import Work
from dispatch.solver.plan import Plan, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule, plan_of
from dispatch.solver.tabled import tabled
from dispatch.solver.tours import Tours

__all__ = ["AVAILABLE", "ENGINE", "Search", "search"]

ENGINE = "search"

HOTTEST = 1.0
"""First temperature, in mean costs of a served leg."""
HOTTEST_BIG = 2.0
"""The same in a big zone."""
HOTTEST_WARM = 0.02
"""The same of a search that starts from a plan and has little time."""
STEPS_TO_FORGET = 100
"""Steps a leg from which on a search from a plan may start as hot as one from nothing."""
COLDEST = 0.003
"""Last temperature, in first ones."""
COLDEST_BIG = 0.005
"""The same in a big zone."""
BLINK = 0.01
"""Share of positions that an insertion passes over."""
EXCHANGES = 3
"""Exchanges of ends tried for each string taken out."""
AGREEMENTS = 10
"""How often threads agree on the better solution."""
FLEET_SHARE = 0.35
"""Part of a search that may be spent on fewer tours, where those come first."""
FLEET_TEMPERATURE = 0.1
"""While it is, in first temperatures."""
ROOM = 62
"""Stops that a tour has room for at first; the tables grow."""
ROUNDS = (40, 200)
"""The parts that a big zone is searched in are made anew so often at least and at most."""
LEGS_DEALT = 200_000
"""In all rounds together: making parts takes time too."""
WHOLE_SHARE = 0.02
"""Part of a search of a big zone that goes over all of it."""

POOL = 1 << 17
"""Routes that are kept for `improve`, by thread."""
POOL_FROM = 0.1
"""How far a search is when it begins to keep routes: before, they are far from good."""

Watch = Callable[[int, int], None]
"""Told the best cost and the iterations so far."""


class Improve(Protocol):
    """Makes a better solution of the routes that a search has met (`dispatch.solver.recombine`)."""

    def wants(self, run: "Search", /) -> bool:
        """Say whether the search should keep its routes."""

    def is_due(self, before: float, now: float, /) -> bool:
        """Say whether to be called, once the search has come from one progress to another."""

    def __call__(self, run: "Search", /) -> None:
        """Improve the search's best solution."""


def search(  # noqa: PLR0913 (as the front door)
    problem: Problem,
    *,
    seed: int = 0,
    iterations: int | None = None,
    threads: int = 1,
    progress: Callable[[], float] | None = None,
    warm: Plan | None = None,
    reduce_fleet: bool = False,
    watch: Watch | None = None,
    improve: Improve | None = None,
) -> Plan:
    """Plan by the compiled search alone.

    Parameters
    ----------
    problem : Problem
        What to plan.
    seed : int
        Of the random numbers. The same seed and iterations give the same plan.
    iterations : int, optional
        Steps of each thread after which the search ends.
    threads : int
        Searches side by side.
    progress : callable, optional
        From 0 to 1; at 1 the search ends. One of the two limits is needed.
    warm : Plan, optional
        A plan of the same problem to start from.
    reduce_fleet : bool
        Whether fewer tours come first.
    watch : callable, optional
        Told the best cost and the iterations so far.
    improve : Improve, optional
        Puts routes together anew; zones of `split.BIG` legs go without.

    Returns
    -------
    Plan
        Legs left out say SEARCH_LIMIT until `dispatch.solver.explain` knows better.

    """
    run = Search(problem, seed=seed, threads=threads, warm=warm)
    run.go(
        iterations=iterations,
        progress=progress,
        reduce_fleet=reduce_fleet,
        watch=watch,
        improve=improve,
    )
    return run.plan()


class Search:
    """A search: its memory, its best solution, and how it went.

    Parameters
    ----------
    problem : Problem
        What to plan.
    seed : int
        Of the random numbers.
    threads : int
        Searches side by side; they agree on the better solution `AGREEMENTS` times.
    warm : Plan, optional
        A plan of the same problem to start from.

    """

    def __init__(
        self, problem: Problem, *, seed: int = 0, threads: int = 1, warm: Plan | None = None
    ) -> None:
        self.problem = problem
        self.seed = seed
        self.threads = threads
        self.schedule = Schedule(problem)
        tours = Tours(self.schedule)
        self.couriers = tours.couriers
        self.data, stops = tabled(problem, tours)
        self.stops = stops
        is_warm = False
        if warm is not None:
            found = tours.found_in(warm)
            for courier, vehicle in tours.vehicle_of.items():
                own = self.schedule.committed(found[vehicle])
                bound = courier in tours.widened or problem.post[courier] >= 0
                if bound and own != tours.stops[vehicle]:
                    del found[vehicle]
            is_warm = tours.adopt(found)
        room = max(ROOM, 2 * max(map(len, tours.stops), default=0))
        self.works: list[Work] = []
        for thread in range(threads):
            work = tables.work_of(self.data, stops, seed=1009 * seed + thread, room=room)
            solution.load(self.data, work, tours.stops)
            work.counters[at.BEST] = work.counters[at.CURRENT]
            steps.remember(work)
            anneal.construct(self.data, work)
            self.works.append(work)
        self._is_warm = is_warm
        self._notes: list[str] = []
        self._cooling: Cooling | None = None

    @property
    def cost(self) -> int:
        """Cost of the best solution, minor currency units x 1000."""
        return min(int(work.counters[at.BEST]) for work in self.works)

    @property
    def iterations(self) -> int:
        """Steps taken by all threads together."""
        return sum(int(work.counters[at.ITERATIONS]) for work in self.works)

    def best(self) -> list[list[int]]:
        """Give the stops of each vehicle in the best solution, numbered as in `Schedule`."""
        return solution.best_of(self._leader())

    def plan(self) -> Plan:
        """Write the best solution out."""
        plan = plan_of(self.schedule, zip(self.couriers, self.best(), strict=True), engine=ENGINE)
        cooling = self._cooling
        if cooling is None:
            return plan
        return replace(
            plan,
            seed=self.seed,
            threads=self.threads,
            iterations=self.iterations,
            stopped_by=cooling.stopped_by,
            progress=tuple(cooling.asked),
            chunks=tuple(cooling.chunks),
            notes=tuple(self._notes),
        )

    def go(
        self,
        *,
        iterations: int | None = None,
        progress: Callable[[], float] | None = None,
        reduce_fleet: bool = False,
        watch: Watch | None = None,
        improve: Improve | None = None,
    ) -> None:
        """Search until so many iterations are done, or until `progress` gives 1; as `search`."""
        big = split.is_big(self.data)
        rounds = min(ROUNDS[1], max(ROUNDS[0], LEGS_DEALT // max(1, len(self.data.legs))))
        cooling = self._cooling = Cooling(
            iterations, progress, chunk_count=rounds if big else CHUNKS
        )
        if not len(self.data.legs) or not len(self.data.vehicles):
            cooling.stopped_by = StoppedBy.DONE
            return
        with ThreadPoolExecutor(len(self.works)) as pool:
            hottest = self._hottest(iterations)
            if reduce_fleet:
                warmth = hottest * FLEET_TEMPERATURE * self._temperature(reduce_fleet=True)
                self._press(pool, cooling, warmth, watch)
            hot = hottest * self._temperature(reduce_fleet=reduce_fleet)
            coldest = COLDEST_BIG if big else COLDEST
            began = cooling.at

            def heat(progress: float) -> float:
                return float(hot * coldest ** ((progress - began) / max(1e-9, 1 - began)))

            until = WHOLE_SHARE if big else 1.0
            while cooling.at < until:
                chunk = cooling.next_chunk()
                arguments = (chunk, heat(cooling.at), heat(cooling.expected(chunk)))
                before = cooling.at
                self._side_by_side(pool, anneal.anneal, *arguments, BLINK, EXCHANGES)
                self._settle(cooling, chunk, watch)
                if int(before * AGREEMENTS) < int(cooling.at * AGREEMENTS):
                    self._agree()
                if improve is not None and not big:
                    self._improve(improve, before, cooling.at)
            if big:
                if improve is not None and improve.wants(self):
                    self.note("columns: not in zones that are searched in parts")
                self._in_parts(pool, cooling, heat, watch)

    def _press(
        self, pool: ThreadPoolExecutor, cooling: Cooling, warmth: float, watch: Watch | None
    ) -> None:
        """Spend the first part of a search on fewer tours."""
        allowed = None
        smallest = _fewest(self.problem)
        while cooling.at < FLEET_SHARE and self._used() > smallest:
            chunk = cooling.next_chunk()
            absent = min(int(work.counters[at.ABSENT]) for work in self.works)
            allowed = absent if allowed is None else min(allowed, absent)
            before = self.iterations
            self._side_by_side(pool, fleet.reduce, chunk, warmth, BLINK, allowed)
            self._settle(cooling, chunk, watch)
            if self.iterations == before:
                # Only promised tours are left.
                break
        best = self.best()
        for work in self.works:
            solution.load(self.data, work, best)
            if work.counters[at.CURRENT] < work.counters[at.BEST]:
                steps.remember(work)

    def _improve(self, improve: Improve, before: float, now: float) -> None:
        """Begin to keep routes, or have them put together anew, where it is time to."""
        if before < POOL_FROM <= now and improve.wants(self):
            self.works = [with_pool(work, POOL) for work in self.works]
            for work in self.works:
                work.counters[at.IS_POOLING] = 1
        if self.works[0].counters[at.IS_POOLING] and improve.is_due(before, now):
            improve(self)

    def note(self, text: str) -> None:
        """Keep what the reader of the plan should know; nothing twice."""
        if text and text not in self._notes:
            self._notes.append(text)

    def _in_parts(
        self,
        pool: ThreadPoolExecutor,
        cooling: Cooling,
        heat: Callable[[float], float],
        watch: Watch | None,
    ) -> None:
        """Search a big zone in parts, other ones each round; the first work keeps the best."""
        stands_on = min(self.works, key=lambda work: int(work.counters[at.CURRENT]))
        tours = [tour.tolist() for tour in solution.current_of(stands_on)]
        keeper = self._leader()
        del self.works[:]
        self.works.append(keeper)
        while cooling.at < 1:
            chunk = cooling.next_chunk()
            longest = 2 * max(map(len, tours))
            played = split.play_round(
                pool,
                self.data,
                self.stops,
                tours,
                steps=chunk * self.threads,
                heat=split.Heat(heat(cooling.at), heat(cooling.expected(chunk)), BLINK, EXCHANGES),
                room=max(ROOM, longest),
                threads=self.threads,
                seed=1009 * self.seed + len(cooling.chunks),
            )
            tours = played.tours
            if played.best_cost < keeper.counters[at.BEST]:
                while keeper.tours.shape[1] < longest + 2:
                    keeper = self.works[0] = solution.grown(self.data, keeper)
                solution.load(self.data, keeper, played.best)
                if keeper.counters[at.CURRENT] < keeper.counters[at.BEST]:
                    steps.remember(keeper)
            keeper.counters[at.ITERATIONS] += played.steps
            cooling.finish_chunk(chunk)
            if watch is not None:
                watch(self.cost, self.iterations)
        # What no courier of its own part could take, another one may.
        solution.load(self.data, keeper, solution.best_of(keeper))
        anneal.construct(self.data, keeper)

    def _side_by_side(
        self, pool: ThreadPoolExecutor, function: Callable[..., None], *arguments: float
    ) -> None:
        """Call a compiled function for every thread's search, and wait for all."""
        calls = [pool.submit(function, self.data, work, *arguments) for work in self.works]
        for call in calls:
            call.result()

    def _settle(self, cooling: Cooling, chunk: int, watch: Watch | None) -> None:
        """Count a chunk; give tours more room where they wanted it."""
        cooling.finish_chunk(chunk)
        if any(work.counters[at.CRAMPED] for work in self.works):
            self.works = [solution.grown(self.data, work) for work in self.works]
        if watch is not None:
            watch(self.cost, self.iterations)

    def _agree(self) -> None:
        """Let every thread go on from the best solution that the threads stand on."""
        leader = min(self.works, key=lambda work: int(work.counters[at.CURRENT]))
        tours = [
            leader.tours[k, 1 : n + 1, at.STOP].tolist()
            for k, n in enumerate(leader.heads[:, at.LENGTH].tolist())
        ]
        for work in self.works:
            if work is not leader:
                solution.load(self.data, work, tours)
                if work.counters[at.CURRENT] < work.counters[at.BEST]:
                    steps.remember(work)

    def _leader(self) -> Work:
        return min(self.works, key=lambda work: int(work.counters[at.BEST]))

    def _used(self) -> int:
        return int((self._leader().best_length > 0).sum())

    def _hottest(self, iterations: int | None) -> float:
        """Give the first temperature: what an earlier plan knows is not thrown away in haste."""
        if not self._is_warm:
            return HOTTEST_BIG if split.is_big(self.data) else HOTTEST
        known = (iterations or 0) / (STEPS_TO_FORGET * len(self.data.legs))
        return min(HOTTEST, max(HOTTEST_WARM, known))

    def _temperature(self, *, reduce_fleet: bool) -> float:
        """Give the mean cost of a served leg; fixed costs aside where they only count tours."""
        work = self._leader()
        total = float(work.heads[:, at.COST].sum())
        if reduce_fleet:
            used = work.heads[:, at.LENGTH] > 0
            total -= float(self.data.vehicles[used, at.FIXED].sum())
        served = len(self.data.legs) - int(work.counters[at.ABSENT])
        return float(max(1.0, total / max(1, served)))


def _fewest(problem: Problem) -> int:
    """Give a bound on the number of tours: what the loads need of the largest couriers."""
    if not problem.load_dimension_count or not problem.leg_count:
        return 1
    if (problem.pickup_place >= 0).any():
        return 1
    needed = problem.load.sum(axis=0)
    largest = np.maximum(problem.capacity.max(axis=0), 1)
    return max(1, int((-(-needed // largest)).max()))
