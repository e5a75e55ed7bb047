"""Cheapest insertion: the baseline, the fallback, and the start that the routing model improves on.

Legs enter one by one, the tightest first, each where it costs least; then each is taken out and put
back where it costs least now, up to `PASSES` times over. Ties are broken by index, so the same
problem always gives the same plan. No clock, no randomness, no OR-Tools.
"""

from dispatch.solver.plan import Plan, Reason, Unassigned
from dispatch.solver.problem import Problem, UnsupportedError
from dispatch.solver.schedule import NOT_HONOURED, Schedule
from dispatch.solver.tours import Tours, by_urgency

__all__ = ["ENGINE", "NOT_HONOURED", "PASSES", "build", "refuse", "resume", "solve"]

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

    Raises
    ------
    UnsupportedError
        Where the problem uses a field of `NOT_HONOURED`.

    """
    refuse(problem, ENGINE)
    tours = build(Schedule(problem), passes=passes)
    return Plan(
        tours=tours.planned(), unassigned=unexplained(tours), cost=tours.cost, engine=ENGINE
    )


def unexplained(tours: Tours) -> tuple[Unassigned, ...]:
    """Name the legs left out; `explain` finds out why, until then the search is to blame."""
    return tuple(Unassigned(leg, Reason.SEARCH_LIMIT) for leg in tours.left_out())


def refuse(problem: Problem, engine: str) -> None:
    """Raise `UnsupportedError` for the first field that is used and not honoured."""
    for field in NOT_HONOURED:
        if field in problem.in_use:
            raise UnsupportedError(field, engine)
