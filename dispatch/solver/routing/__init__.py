"""OR-Tools' routing solver as the loop that the compiled search runs in.

The routing model of a problem begins with commitments alone. The search is one of its local search
operators: its plan goes through OR-Tools' filters and propagation like any other neighbour, is
committed, and OR-Tools' own operators descend from it. What they find is timed and priced again by
`dispatch.solver.tours` and taken where it keeps to every rule and costs less. Beyond `GROUP_LEGS`
legs the search comes first, over the whole problem; then groups of neighbouring routes, each in a
model of its own, are committed and improved in the same way.

The model holds: travel, gates, costs of ways and stops, pickup and drop-off pairs with several
options (one that is carried to the tour's end, too), windows hard and soft, service, all load
dimensions, parcels in a tour, duty, leash, allowance, return reserve, free starts and open ends,
couriers away, work on board, skills, bars, frozen beginnings, pickups first, prices of change and
of leaving out.

It does not hold: posts; hub slots; linked pairs (neither the wait, nor that a leg exists only by
another's drop-off); the last detail of the timing rules, by which a departure is never delayed so
far that a stop is late; the order of commitments beyond their starts where it excuses what they
break. There it allows more than the rules. Couriers whose commitments go where there is no way,
or stand in a forbidden order, are not in it: nobody gives them anything.

The search is limited by iterations and by `progress()`, all that OR-Tools does by counts. No clock
is read. Only this package imports OR-Tools.
"""

from collections.abc import Callable, Sequence
from dataclasses import replace
from functools import partial

from dispatch.solver import search
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.routing import alone as by_itself
from dispatch.solver.routing.groups import CELLS, groups_of, nodes_of
from dispatch.solver.routing.inside import Outcome, commit
from dispatch.solver.routing.model import Stops
from dispatch.solver.routing.nodes import Nodes, Promised
from dispatch.solver.search import Improve, Search
from dispatch.solver.tours import Tours

__all__ = ["ENGINE", "solve"]

ENGINE = "routing"

GROUP_LEGS = 250
"""Most legs in one model."""

ITERATIONS = 10_000
"""Of the search, where it is given no limit at all."""

ITERATIONS_PER_NODE = 40
"""Of each thread, for each node that may be committed afterwards in groups: the groups then take a
tenth of the search's time at most."""

FEWEST_NODES = 100
"""So many are committed however short the search was."""

SHARE = 0.95
"""Of `progress`, for the search; the rest is OR-Tools' at 200 legs in 2 s."""

GROUPED_SHARE = 0.91
"""Likewise where groups come after it."""

MISSING = (
    "numba is missing: OR-Tools plans without the compiled search; at 200 legs its plans cost"
    " half as much again after 2 s, and a quarter more after 10 s (docs/benchmarks.md)"
)


def solve(  # noqa: PLR0913 (as the front door)
    problem: Problem,
    *,
    seed: int = 0,
    iterations: int | None = None,
    solution_limit: int = 100,
    threads: int = 1,
    progress: Callable[[], float] | None = None,
    warm: Plan | None = None,
    reduce_fleet: bool = False,
    watch: Callable[[int, int], None] | None = None,
    improve: Improve | None = None,
    alone: bool = False,
    group_legs: int = GROUP_LEGS,
) -> Plan:
    """Plan by OR-Tools with the compiled search inside.

    Parameters
    ----------
    problem : Problem
        What to plan.
    seed : int
        Of all random numbers.
    iterations : int, optional
        Steps of each thread after which the search ends. None: when `progress` says so, or after
        `ITERATIONS` where there is no `progress` either.
    solution_limit : int, solutions
        Of OR-Tools alone: it ends after so many, or after `limiter.STEPS_PER_SOLUTION` times as
        many steps.
    threads : int
        Searches side by side.
    progress : callable, optional
        From 0 to 1. The search ends at `SHARE` (`GROUPED_SHARE`), so that all is over at about 1.
    warm : Plan, optional
        A plan of the same problem to start from.
    reduce_fleet : bool
        Whether fewer tours come first.
    watch : callable, optional
        Told the best cost and the iterations so far.
    improve : Improve, optional
        Puts the search's routes together anew.
    alone : bool
        Without the search, as where numba is missing.
    group_legs : int
        Most legs in one model.

    Returns
    -------
    Plan
        Never dearer than the search's. By iterations alone the same for the same arguments; else as
        long as `progress` gives the same.
    """
    if alone or not search.AVAILABLE:
        plan = by_itself.solve(
            problem,
            engine=ENGINE,
            seed=seed,
            solution_limit=solution_limit,
            progress=progress,
            warm=warm,
        )
        return plan if search.AVAILABLE else replace(plan, notes=(MISSING, *plan.notes))
    if iterations is None and progress is None:
        iterations = ITERATIONS
    run = Search(problem, seed=seed, threads=threads, warm=warm)
    promised = Promised(run.schedule)
    whole = _whole(promised, group_legs)
    share = GROUPED_SHARE if whole is None else SHARE
    asked: list[float] = []

    def searched() -> Stops:
        run.go(
            iterations=iterations,
            progress=progress and _scaled(progress, share, asked),
            reduce_fleet=reduce_fleet,
            watch=watch,
            improve=improve,
        )
        return _open_tours(promised, run)

    notes: tuple[str, ...] = ()
    if whole is not None:
        outcomes = [commit(whole, searched, seed=seed)]
    else:
        outcomes, notes = _in_groups(promised, searched(), run, warm, group_legs)
    refused = sum(not outcome.is_committed for outcome in outcomes)
    if refused:
        notes = (
            f"OR-Tools refused {refused} of {len(outcomes)} parts of the search's plan",
            *notes,
        )
    plan = _improved(run, [outcome.stops for outcome in outcomes if outcome.stops is not None])
    return replace(plan, progress=tuple(asked), notes=(*plan.notes, *notes))


def _scaled(ask: Callable[[], float], share: float, asked: list[float]) -> Callable[[], float]:
    """Make a share of the progress all of it; keep what was asked."""

    def scaled() -> float:
        asked.append(float(ask()))
        return asked[-1] / share

    return scaled


def _whole(promised: Promised, group_legs: int) -> Nodes | None:
    """Give the nodes of the whole problem; None where they are too many for one model."""
    if promised.schedule.leg_count > group_legs:
        return None
    nodes = Nodes(promised, promised.open_vehicles())
    return nodes if nodes.cells() <= CELLS else None


def _open_tours(promised: Promised, run: Search) -> Stops:
    """Give the search's tours of vehicles that a model may have."""
    best = run.best()
    return {vehicle: best[vehicle] for vehicle in promised.open_vehicles() if best[vehicle]}


def _in_groups(
    promised: Promised, tours: Stops, run: Search, warm: Plan | None, group_legs: int
) -> tuple[list[Outcome], tuple[str, ...]]:
    """Commit the tours group by group, as many as the search was long enough for."""
    known = Tours(run.schedule).found_in(warm) if warm is not None else {}
    most = max(FEWEST_NODES, run.iterations // (run.threads * ITERATIONS_PER_NODE))
    # Even groups, of which as many as may be fit: most legs have two nodes.
    even = most // -(-most // (2 * group_legs))
    groups = [
        group
        for group in groups_of(promised, tours, most_legs=group_legs, most_nodes=even)
        if any(tours[vehicle] != known.get(vehicle) for vehicle in group)
    ]
    outcomes = []
    legs = left = 0
    for group in groups:
        nodes = nodes_of(promised, group, tours)
        legs += len(nodes.legs)
        if nodes.count > most or nodes.cells() > CELLS:
            left += len(nodes.legs)
            continue
        most -= nodes.count
        outcomes.append(commit(nodes, partial(_chosen, tours, group), seed=run.seed))
    beyond = "legs were not committed through OR-Tools: the search had too few steps for all"
    notes = (f"{left} of {legs} {beyond}",) if left else ()
    return outcomes, notes


def _chosen(tours: Stops, vehicles: Sequence[int]) -> Stops:
    return {vehicle: tours[vehicle] for vehicle in vehicles}


def _improved(run: Search, found: Sequence[Stops]) -> Plan:
    """Give the search's plan, with what OR-Tools improved where our own rules agree."""
    plan = replace(run.plan(), engine=ENGINE)
    best = run.best()
    changed = [{v: tour for v, tour in stops.items() if tour != best[v]} for stops in found]
    if not any(changed):
        return plan
    tours = Tours(run.schedule)
    if not tours.adopt(dict(enumerate(best))) or tours.stops != best:
        # The search broke a rule: `solve` finds that out and says so.
        return plan
    for stops in changed:
        change = tours.change(stops)
        if change is not None and change.extra_cost < 0:
            tours.put(change)
    better = tours.plan(ENGINE)
    if better.cost >= plan.cost:
        return plan
    return replace(plan, tours=better.tours, unassigned=better.unassigned, cost=better.cost)
