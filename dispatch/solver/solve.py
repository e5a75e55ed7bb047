"""The front door: a problem in, an explained plan out, by the engine asked for."""

from collections.abc import Callable
from dataclasses import replace

from dispatch.solver import explain, insert, routing
from dispatch.solver.plan import Engine, Plan
from dispatch.solver.problem import Problem


def solve(
    problem: Problem,
    *,
    engine: Engine = "routing",
    seed: int = 0,
    solution_limit: int = 100,
    progress: Callable[[], float] | None = None,
) -> Plan:
    """Plan one epoch.

    Parameters
    ----------
    problem : Problem
        What to plan.
    engine : "routing" or "insert"
        OR-Tools from a warm start by insertion and reinsertion, or one cheapest insertion of each
        leg alone. Where OR-Tools does not take the warm start, the plan is the warm start itself:
        `Plan.engine` and `Plan.notes` say so.
    seed : int
        Of OR-Tools' random numbers.
    solution_limit : int, solutions
        Where OR-Tools stops.
    progress : callable, optional
        From 0 to 1; at 1 the search ends. Insertion does not ask.

    Returns
    -------
    Plan
        With a reason for each leg left out.

    Raises
    ------
    UnsupportedError
        Where the problem uses a field that the engine does not honour.

    """
    if engine == "insert":
        plan = insert.solve(problem, passes=0)
    else:
        plan = routing.solve(problem, seed=seed, solution_limit=solution_limit, progress=progress)
    return replace(plan, unassigned=explain.explained(problem, plan))
