"""Whether one insertion into a plan serves a leg at a profit; fixes cut to what they must be."""

from dataclasses import replace

import numpy as np

from dispatch.solver.changes import Change
from dispatch.solver.explanations.attempts import Attempts
from dispatch.solver.explanations.trials import Trials
from dispatch.solver.fixes import Fix, FixKind, applied, least
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem, ProblemError
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours

CONFIRMED = 50
"""Ways asked for in full at most, the cheapest first, where tours wait for each other."""


def serving(
    attempts: Attempts, leg: int, trials: Trials, *, just_it: bool = False
) -> Change | None:
    """Find an insertion that serves a leg at a profit; None where there is none.

    Parameters
    ----------
    attempts : Attempts
        Into the tours as they are.
    leg : int
        Left out.
    trials : Trials
        Every way of it.
    just_it : bool
        It may not bring the leg along that waits for it.

    """
    tours = attempts.tours
    ways = np.flatnonzero(trials.works())
    for way in ways[np.argsort(trials.extra[ways], kind="stable")][:CONFIRMED].tolist():
        vehicle, stops = attempts.stops_at(leg, trials, way)
        change = tours.change({vehicle: stops})
        if change is not None and change.extra_cost < 0:
            return change
    if tours.schedule.calls and not just_it:
        # A leg may bring the one along that comes after it.
        change = tours.best(leg)
        if change is not None and change.extra_cost < 0:
            return change
    return None


def is_served(problem: Problem, plan: Plan, leg: int, courier: int = -1) -> bool:
    """Say whether one insertion into a plan would serve a leg at a profit.

    Parameters
    ----------
    problem, plan : Problem, Plan
        The plan leaves the leg out.
    leg, courier : int
        Which leg; by whom, -1: by anybody.

    """
    tours = Tours(Schedule(problem))
    tours.adopt(tours.found_in(plan))
    if tours.served.dropped[leg] >= 0:
        return True
    if not tours.served.exists(leg):
        return False
    attempts = Attempts(tours)
    if courier < 0:
        return serving(attempts, leg, attempts.tried(leg)) is not None
    vehicles = [v for v, who in enumerate(tours.couriers) if who == courier]
    trials = attempts.tried(leg, vehicles)
    return serving(attempts, leg, trials, just_it=True) is not None


def tightened(problem: Problem, plan: Plan, fix: Fix, courier: int = -1) -> Fix | None:
    """Make a fix that serves its leg one of which one unit less does not.

    Parameters
    ----------
    problem, plan : Problem, Plan
        What it was found for.
    fix : Fix
        Tried in problems of its own: dear, and sure where tours wait for each other, too.
    courier : int
        Who must be able to serve it; -1: anybody.

    Returns
    -------
    Fix or None
        The same, less of it, or what it needs alone; None where it does not serve the leg.

    """

    def serves(amount: int) -> bool:
        try:
            changed = applied(problem, replace(fix, amount=amount))
        except ProblemError:
            return False
        return is_served(changed, plan, fix.leg, courier)

    if not serves(fix.amount):
        return None
    if not serves(fix.amount - 1):
        return fix
    if fix.kind is FixKind.ANOTHER_COURIER:
        return None
    if serves(0):
        if not fix.needs:
            return None
        needed = replace(fix.needs[0], needs=fix.needs[1:])
        return tightened(problem, plan, needed, courier)
    amount = least(0, fix.amount - 1, serves)
    return replace(fix, amount=amount, until=fix.until - fix.amount + amount)
