"""Whether one insertion into a plan would serve a leg at a profit, and whether a fix is tight."""

from dataclasses import replace

import numpy as np

from dispatch.solver.attempts import Attempts
from dispatch.solver.changes import Change
from dispatch.solver.fixes import Fix, applied
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem, ProblemError
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours
from dispatch.solver.trials import Trials

CONFIRMED = 50
"""Ways asked for in full at most, the cheapest first, where tours wait for each other."""


def serving(attempts: Attempts, leg: int, trials: Trials) -> Change | None:
    """Find an insertion that serves a leg at a profit; None where there is none.

    Parameters
    ----------
    attempts : Attempts
        Into the tours as they are.
    leg : int
        Left out.
    trials : Trials
        Every way of it.

    """
    tours = attempts.tours
    ways = np.flatnonzero(trials.works())
    for way in ways[np.argsort(trials.extra[ways], kind="stable")][:CONFIRMED].tolist():
        vehicle, stops = attempts.stops_at(leg, trials, way)
        change = tours.change({vehicle: stops})
        if change is not None and change.extra_cost < 0:
            return change
    if tours.schedule.calls:
        # A leg may bring the one along that comes after it.
        change = tours.best(leg)
        if change is not None and change.extra_cost < 0:
            return change
    return None


def is_served(problem: Problem, plan: Plan, leg: int) -> bool:
    """Say whether one insertion into a plan would serve a leg at a profit."""
    tours = Tours(Schedule(problem))
    tours.adopt(tours.found_in(plan))
    if tours.served.dropped[leg] >= 0:
        return True
    if not tours.served.exists(leg):
        return False
    attempts = Attempts(tours)
    return serving(attempts, leg, attempts.tried(leg)) is not None


def is_tight(problem: Problem, plan: Plan, fix: Fix) -> bool:
    """Say whether a fix serves its leg, and one unit less of it does not.

    Parameters
    ----------
    problem, plan : Problem, Plan
        What it was found for.
    fix : Fix
        Tried in problems of its own: dear, and sure where tours wait for each other, too.

    """
    try:
        if not is_served(applied(problem, fix), plan, fix.leg):
            return False
        less = applied(problem, replace(fix, amount=fix.amount - 1))
    except ProblemError:
        return False
    return not is_served(less, plan, fix.leg)
