"""The routes that a search has met, put together anew: from its pool to columns and back.

`dispatch.solver.columns` chooses, this module tells it what the search's tables say: which routes
there are, what they fill, who is away from a post meanwhile, what is promised. Tours with linked
pairs, and those that stay as they are, keep their place in every choice.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import numpy as np

from dispatch.solver import columns as choice
from dispatch.solver.kernel import anneal, bundles, solution, steps
from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel.pool import Routes, routes_of
from dispatch.solver.kernel.posts import ALONE_FROM, ALONE_TO, STEP_FROM, STEP_MOST, STEP_POST
from dispatch.solver.kernel.tables import Data, Floats, Table, Work, own
from dispatch.solver.search import Search

__all__ = ["Improver", "Recombined", "recombined"]

LEAST_STEPS = 10_000
"""After fewer this is not worth its time, from `LEGS` on; with fewer legs steps are quicker, and it
takes so many more of them."""
WORK_PER_STEP = 1e-5
"""Deterministic time of CP-SAT for each step that the search has taken, from `LEGS` on."""
LEGS = 200
"""With fewer, a step takes less time and so much less may be spent for it."""
MOST_LIMIT = 8.0
"""The same for all steps, about seconds at most."""
LISTED_PER_STEP = 10
"""Insertions tried for listing short routes, for each step that the search has taken: each takes a
thirtieth of its time."""
FEW_KINDS = 10
"""Of couriers: with more, short routes are too many to be listed."""
MARKS = (0.25, 0.5, 0.75)
"""How far a search is when its routes are put together anew."""
LATEST = 0.95
"""How far it may be at the end of that."""
PRICING = 0.1
"""Steps that search for routes at the duals' prizes, as a share of those taken."""
PRICING_HEAT = (0.1, 0.01)
"""Their first and last temperature, in mean costs of a served leg."""


@dataclass(frozen=True, slots=True)
class Recombined:
    """What came of it.

    Parameters
    ----------
    tours : list of stops, by vehicle
        A solution that costs no more than the one at hand.
    duals : (L,) float64
        What serving each leg is worth.
    gain : int
        By how much it is cheaper.
    gap : float
        No choice among the routes of the relaxation is cheaper by more than this.
    column_count : int
        Among how many routes was chosen.
    note : str
        What the reader should know; empty where all went well.
    """

    tours: list[list[int]]
    duals: Floats
    gain: int
    gap: float
    column_count: int
    note: str


class Improver:
    """Puts the routes of a search together anew, some times while it goes on.

    Parameters
    ----------
    always : bool
        Also where tours are long or couriers of many kinds: there the search alone does as well
        (docs/benchmarks.md), and this takes a good part of its time.
    """

    def __init__(self, *, always: bool = False) -> None:
        self._always = always
        self._took = 0.0
        self._is_new = False

    def wants(self, run: Search) -> bool:
        """Say whether the search should keep its routes."""
        return self._always or _is_listed(run)

    def is_due(self, before: float, now: float) -> bool:
        """Say whether the search has come past a point where this is worth its time.

        Not where it would be over later than the search: it takes as long as the last time.
        """
        if self._is_new:
            self._took, self._is_new = now - before, False
        return any(before < mark <= now for mark in MARKS) and now + self._took <= LATEST

    def __call__(self, run: Search) -> None:
        """Choose among the routes met, look for what the choice lacks, and choose again.

        What it lacks is found with the duals as prizes: by listing short routes where tours are
        short, else by a search that is charged the dual, not the full price, for leaving a leg
        out. The searches stand on the answer afterwards.
        """
        data, works = run.data, run.works
        taken = sum(int(work.counters[at.ITERATIONS]) for work in works)
        share = min(1.0, len(data.legs) / LEGS)
        if share * taken < LEAST_STEPS and not self._always:
            return
        self._is_new = True
        limit = min(MOST_LIMIT, WORK_PER_STEP * share * taken)
        again = partial(recombined, data, works, seed=run.seed)
        first = again(run.best(), limit=limit / 4)
        if _is_listed(run):
            kinds = len(data.first_of) - 1
            bundles.list_bundles(
                data,
                run.stops,
                works[0],
                first.duals,
                first.gap,
                beam=int(LISTED_PER_STEP * share * taken) // (kinds * bundles.TRIED_PER_PARENT),
            )
        else:
            _search_at(data, works[0], first, max(1, int(PRICING * taken / len(works))))
        second = again(first.tours, limit=limit)
        for work in works:
            solution.load(data, work, second.tours)
            if work.counters[at.CURRENT] < work.counters[at.BEST]:
                steps.remember(work)
        run.note(second.note)


def _is_listed(run: Search) -> bool:
    """Say whether short routes can be listed: few kinds of couriers, and few legs in a tour."""
    tours = run.best()
    served = sum(stop >= len(run.data.legs) for tour in tours for stop in tour)
    made = sum(1 for tour in tours if tour)
    return len(run.data.first_of) - 1 <= FEW_KINDS and served <= bundles.DEPTH * made


def _search_at(data: Data, work: Work, known: Recombined, count: int) -> None:
    """Search with the duals as prizes: its routes are wanted, not its solution."""
    full = data.legs[:, at.UNASSIGNED]
    prizes = np.clip(known.duals, 0, full).astype(np.int64)
    legs = data.legs.copy()
    legs[:, at.UNASSIGNED] = prizes
    cheaper = data._replace(legs=own(legs, np.int64))
    before = work.counters[at.BEST]
    solution.load(cheaper, work, known.tours)
    # Nothing is remembered as the best: that is another problem's.
    work.counters[at.BEST] = -at.NEVER
    served = max(1, len(legs) - int(work.counters[at.ABSENT]))
    heat = float(work.heads[:, at.COST].sum()) / served
    hot, cold = (share * max(heat, 1.0) for share in PRICING_HEAT)
    anneal.anneal(cheaper, work, count, hot, cold, 0.01, 0)
    work.counters[at.BEST] = before


def recombined(
    data: Data,
    works: Sequence[Work],
    best: Sequence[Sequence[int]],
    *,
    limit: float = choice.LIMIT,
    seed: int = 0,
) -> Recombined:
    """Choose among all routes in the searches' pools; the first work stands on the answer.

    Parameters
    ----------
    data, works : Data, sequence of Work
        Searches of one problem, with pools.
    best : sequence of stops, by vehicle
        The solution at hand.
    limit : float
        Deterministic time of CP-SAT, about seconds.
    seed : int
        Of its random numbers.
    """
    work = works[0]
    solution.load(data, work, best)
    known = _Known(data, work, routes_of(data, works))
    table, rows = known.columns(), known.rows()
    found = choice.choose(table, rows, known.incumbent, fixed=known.fixed, limit=limit, seed=seed)
    tours = known.tours(found.routes, best)
    solution.load(data, work, tours)
    before = choice.cost_of(table, rows, known.incumbent)
    gap = max(0.0, found.cost - found.bound)
    return Recombined(tours, found.duals, before - found.cost, gap, len(table), found.note)


class _Known:
    """The routes of the solution at hand, then those of the pool."""

    def __init__(self, data: Data, work: Work, routes: Routes) -> None:
        self._data, self._stops = data, work.stops
        lengths = work.heads[:, at.LENGTH]
        away = data.vehicles[:, at.LEFT] <= 0
        self._makers = np.flatnonzero((lengths > 0) | away)
        linked = (data.legs[:, at.AFTER] >= 0) | (data.legs[:, at.NEXT] >= 0)
        self._is_linked = linked
        stays = data.vehicles[:, at.CLOSED] > 0
        stays[work.where[linked & (work.where >= 0)]] = True
        self.incumbent = list(range(len(self._makers)))
        self.fixed = np.flatnonzero(stays[self._makers]).tolist()
        count = np.diff(data.first_of)
        bound = np.zeros(len(count), bool)
        bound[data.vehicles[stays, at.CLASS]] = True
        # Who makes one route at most and keeps it cannot make another.
        free = ~(bound & (count == 1))[routes.owner]
        self._routes = Routes(*(part[free] for part in routes))
        self._own = [work.tours[k, 1 : lengths[k] + 1, at.STOP].copy() for k in self._makers]
        self._heads = work.heads[self._makers].copy()

    def columns(self) -> choice.Columns:
        """Write the columns down."""
        routes = self._routes
        width = routes.stops.shape[1]
        is_real = np.arange(width)[None] < routes.length[:, None]
        flat = np.concatenate(
            [*self._own, np.zeros(0, np.int64), routes.stops[is_real].astype(np.int64)]
        )
        lengths = np.concatenate([[len(tour) for tour in self._own], routes.length])
        route = np.repeat(np.arange(len(lengths)), lengths.astype(np.int64))
        drops = self._stops[flat, at.DROP] > 0
        counts = np.bincount(route[drops], minlength=len(lengths))
        vehicles, heads = self._data.vehicles, self._heads
        owner = np.concatenate([vehicles[self._makers, at.CLASS], routes.owner])
        since = np.concatenate([heads[:, at.DEPARTS], routes.since])
        first = vehicles[self._data.first_of[owner]]
        return choice.Columns(
            owner=owner,
            cost=np.concatenate([heads[:, at.COST], routes.cost]),
            indptr=np.concatenate([[0], np.cumsum(counts)]),
            leg=self._stops[flat[drops], at.LEG],
            slot=self._stops[flat[drops], at.SLOT],
            since=np.where(first[:, at.LEFT] <= 0, -at.NEVER, since),
            until=np.concatenate([heads[:, at.ENDS], routes.until]),
        )

    def rows(self) -> choice.Rows:
        """Write down what a choice must keep to."""
        data = self._data
        price = data.legs[:, at.UNASSIGNED]
        first = data.first_of[:-1]
        personal = data.vehicles[first]
        away = personal[:, at.LEFT] <= 0
        return choice.Rows(
            wait=price,
            backup=price,
            must=(data.legs[:, at.HOME] >= 0) & ~self._is_linked,
            ignored=self._is_linked,
            count=np.diff(data.first_of),
            always=away,
            free=data.slots,
            post=personal[:, at.POST],
            steps=_steps(data),
        )

    def tours(self, routes: Table, best: Sequence[Sequence[int]]) -> list[list[int]]:
        """Give the stops of each vehicle once these routes are chosen."""
        data = self._data
        tours: list[list[int]] = [[] for _ in best]
        own = len(self._own)
        chosen = routes.tolist()
        # Who has a route in the solution at hand and in the choice keeps it.
        for route in (route for route in chosen if route < own):
            tours[int(self._makers[route])] = self._own[route].tolist()
        for route in (route - own for route in chosen if route >= own):
            owner = int(self._routes.owner[route])
            vehicle = next(
                k
                for k in range(int(data.first_of[owner]), int(data.first_of[owner + 1]))
                if not tours[k]
            )
            length = int(self._routes.length[route])
            tours[vehicle] = self._routes.stops[route, :length].tolist()
        return tours


def _steps(data: Data) -> Table:
    """(s, 3): post, from, most away; what commitments alone keep away is always allowed."""
    found = []
    for post in np.unique(data.vehicles[:, at.POST]).tolist():
        if post < 0:
            continue
        alone = data.posts[data.vehicles[:, at.POST] == post]
        alone = alone[alone[:, ALONE_FROM] < alone[:, ALONE_TO]]
        steps = data.steps[data.steps[:, STEP_POST] == post]
        moments = np.unique(
            np.concatenate([steps[:, STEP_FROM], alone[:, ALONE_FROM], alone[:, ALONE_TO]])
        )
        for moment in moments.tolist():
            begun = steps[steps[:, STEP_FROM] <= moment]
            most = int(begun[-1, STEP_MOST]) if len(begun) else at.NEVER
            away = int(((alone[:, ALONE_FROM] <= moment) & (moment < alone[:, ALONE_TO])).sum())
            found.append((post, moment, max(most, away)))
    return np.array(found, np.int64).reshape(-1, 3)
