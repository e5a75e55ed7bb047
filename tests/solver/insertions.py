"""Whether one insertion into a plan serves a leg, by trying every one: an oracle for fixes."""

from dispatch.solver.commitments import insertions
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours


def one_serves(problem: Problem, plan: Plan, leg: int, courier: int = -1) -> bool:
    """Say whether an insertion serves a leg at a profit.

    Parameters
    ----------
    problem : Problem
        What was planned, or what it has become by a fix.
    plan : Plan
        Leaves the leg out.
    leg, courier : int
        Which leg; with whom, -1: with anybody.

    """
    tours = Tours(Schedule(problem))
    assert tours.adopt(tours.found_in(plan))
    assert tours.served.dropped[leg] < 0
    if not tours.served.exists(leg):
        return False
    for vehicle, who in enumerate(tours.couriers):
        if not tours.allowed[leg, who] or courier not in {-1, who}:
            continue
        begun = len(tours.schedule.prefix[who])
        for stops in insertions(tours.schedule, leg, tours.stops[vehicle], begun):
            change = tours.change({vehicle: stops})
            if change is not None and change.extra_cost < 0:
                return True
    # A leg may bring the one along that waits for it.
    best = tours.best(leg) if tours.schedule.calls and courier < 0 else None
    return best is not None and best.extra_cost < 0
