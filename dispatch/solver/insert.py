"""Cheapest insertion: the baseline, the fallback, and the start that the routing model improves on.

Legs enter one by one, the tightest first, each where it costs least; then each is taken out and put
back where it costs least now, up to `PASSES` times over. Ties are broken by index, so the same
problem always gives the same plan. No clock, no randomness, no OR-Tools.
"""

from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours, by_urgency

ENGINE = "insert"

PASSES = 3
"""How often every leg is taken out and put back at most; a pass that saves nothing is the last."""


def build(schedule: Schedule, *, passes: int = PASSES) -> Tours:
    """Insert everything, then reinsert everything up to `passes` times."""
    tours = Tours(schedule)
    order = by_urgency(schedule)
    tours.insert_left_out()
    for _ in range(passes):
        if not tours.reinsert_all(order):
            break
    return tours


def resume(schedule: Schedule, plan: Plan) -> Tours:
    """Start from an earlier plan of the same problem and insert what it leaves out."""
    tours = Tours(schedule)
    if not tours.adopt(tours.found_in(plan)):
        return build(schedule)
    tours.insert_left_out()
    return tours


def solve(problem: Problem, *, passes: int = PASSES) -> Plan:
    """Plan by cheapest insertion.

    Parameters
    ----------
    problem : Problem
        What to plan.
    passes : int
        How often every leg is taken out and put back.

    Returns
    -------
    Plan
        The same for the same problem, always.

    """
    return build(Schedule(problem), passes=passes).plan(ENGINE)
