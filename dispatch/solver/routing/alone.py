"""OR-Tools by itself: what plans where the compiled search is missing, and what we compare with.

Guided local search from the tours of insertion; limited by solutions, by steps and by `progress()`,
never by a clock.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

from dispatch.solver import insert
from dispatch.solver.limiter import Limiter
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.routing.model import Model, parameters
from dispatch.solver.routing.nodes import Nodes, Promised, time_key
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours

CELLS = 40_000_000
"""Most cells in the matrices of time together; OR-Tools keeps 8 bytes for each of them."""

REFUSED = "OR-Tools refused the warm start: this is insertion's plan"


def solve(
    problem: Problem,
    *,
    engine: str,
    seed: int,
    solution_limit: int,
    progress: Callable[[], float] | None,
    warm: Plan | None,
) -> Plan:
    """Plan by OR-Tools' own search from a warm start.

    Parameters
    ----------
    problem, seed, solution_limit, progress, warm
        As in `dispatch.solver.routing.solve`.
    engine : str
        What the plan says it was found by.

    Returns
    -------
    Plan
        Never dearer than its warm start, and the same for the same arguments, as long as `progress`
        gives the same.
    """
    schedule = Schedule(problem)
    tours = insert.build(schedule) if warm is None else insert.resume(schedule, warm)
    limiter = Limiter(solution_limit, progress)
    notes: tuple[str, ...] = ()
    if not limiter.reached():
        before = tours.snapshot()
        nodes, notes = _nodes_of(Promised(schedule), tours)
        found = _search(nodes, tours, seed, limiter)
        if found is None:
            engine, notes = insert.ENGINE, (REFUSED,)
        elif not tours.adopt(found) or tours.cost >= before.cost:
            tours.restore(before)
    return replace(
        tours.plan(engine),
        notes=notes,
        stopped_by=limiter.stopped_by,
        seed=seed,
        solution_limit=solution_limit,
        progress=tuple(limiter.asked),
    )


def _nodes_of(promised: Promised, tours: Tours) -> tuple[Nodes, tuple[str, ...]]:
    """Leave out closed vehicles, those of the rarest classes beyond `CELLS`, and their legs."""
    schedule = promised.schedule
    able = promised.open_vehicles()
    by_end = -1 in schedule.place[schedule.leg_count :]
    kind_of = {v: time_key(schedule, promised.couriers[v], by_end=by_end) for v in able}
    stops = sum(schedule.has_pickup) + sum(map(len, schedule.options))
    room = max(1, CELLS // max(1, stops + 2 * len(able)) ** 2)
    kept = {kind for kind, _ in Counter(kind_of.values()).most_common(room)}
    vehicles = [vehicle for vehicle in able if kind_of[vehicle] in kept]
    elsewhere = {
        schedule.leg[stop]
        for vehicle, stops_of in enumerate(tours.stops)
        if kind_of.get(vehicle) not in kept
        for stop in stops_of
    }
    notes: tuple[str, ...] = ()
    if len(vehicles) < len(able):
        rare = len(able) - len(vehicles)
        notes = (f"{rare} couriers with gates of their own keep insertion's tours",)
    return Nodes(promised, vehicles, set(range(schedule.leg_count)) - elsewhere), notes


def _search(nodes: Nodes, tours: Tours, seed: int, limiter: Limiter) -> dict[int, list[int]] | None:
    """Give each modelled vehicle its stops; None where OR-Tools refuses the warm start."""
    if not nodes.vehicles or not nodes.legs:
        return {}
    model = Model(nodes, seed)
    model.end_at(limiter.at_solution)
    chosen = parameters("GUIDED_LOCAL_SEARCH")
    model.routing.CloseModelWithParameters(chosen)
    model.routing.AddSearchMonitor(model.solver.CustomLimit(limiter.steps()))
    return model.solve(dict(enumerate(tours.stops)), chosen)
