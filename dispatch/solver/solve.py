"""The front door: a problem in, an explained plan out, by the engine asked for.

No plan leaves here that `check` rejects: insertion's stands in for it, and the notes tell of the
defect with the seed that shows it.
"""

from collections.abc import Callable
from dataclasses import replace

from dispatch.solver import check, explain, insert, routing, search
from dispatch.solver.plan import DEFECT, Engine, Plan
from dispatch.solver.problem import Problem
from dispatch.solver.recombine import Improver


def solve(  # noqa: PLR0913 (the front door names every choice)
    problem: Problem,
    *,
    engine: Engine = "routing",
    seed: int = 0,
    iterations: int | None = None,
    solution_limit: int = 100,
    threads: int = 1,
    progress: Callable[[], float] | None = None,
    warm: Plan | None = None,
    reduce_fleet: bool = False,
    watch: Callable[[int, int], None] | None = None,
    columns: bool | None = None,
) -> Plan:
    """Plan one epoch.

    Parameters
    ----------
    problem : Problem
        What to plan.
    engine : "routing", "search" or "insert"
        OR-Tools with the compiled search inside it; that search alone; or one cheapest insertion
        of each leg.
    seed : int
        Of all random numbers.
    iterations : int, optional
        Where the search ends; None: when `progress` says so.
    solution_limit : int, solutions
        Where OR-Tools stops if it has to do without the search.
    threads : int
        Searches side by side.
    progress : callable, optional
        From 0 to 1; at 1 the search ends. Insertion does not ask.
    warm : Plan, optional
        A plan of the same problem to start from.
    reduce_fleet : bool
        Whether fewer tours come first; the problem's fixed costs must say the same.
    watch : callable, optional
        Told the best cost and the iterations so far.
    columns : bool, optional
        Whether the routes that the search meets are put together anew by a set partition. None:
        where that is known to help, with few kinds of couriers and few legs in a tour.

    Returns
    -------
    Plan
        With a reason for each leg left out.

    """
    improve = None if columns is False else Improver(always=columns is True)
    if engine == "insert":
        plan = insert.solve(problem, passes=0)
    elif engine == "search":
        plan = search.search(
            problem,
            seed=seed,
            iterations=iterations,
            threads=threads,
            progress=progress,
            warm=warm,
            reduce_fleet=reduce_fleet,
            watch=watch,
            improve=improve,
        )
    else:
        plan = routing.solve(
            problem,
            seed=seed,
            iterations=iterations,
            solution_limit=solution_limit,
            threads=threads,
            progress=progress,
            warm=warm,
            reduce_fleet=reduce_fleet,
            watch=watch,
            improve=improve,
        )
    plan = _sound(problem, plan)
    return replace(plan, unassigned=explain.explained(problem, plan))


def _sound(problem: Problem, plan: Plan) -> Plan:
    """Give the plan, or insertion's where the plan breaks something."""
    broken = check.violations(problem, plan)
    if not broken:
        return plan
    what = f"{broken[0].constraint} of {broken[0].subject}: {broken[0].detail}"
    note = (
        f"{DEFECT}{plan.engine} with seed {plan.seed} broke {what}"
        f" ({len(broken)} in all); this is insertion's plan"
    )
    return replace(insert.solve(problem), seed=plan.seed, notes=(*plan.notes, note))
