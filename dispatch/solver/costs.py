"""What a plan's price is made of, told by what is paid for.

The plan must be sound and timed, as `dispatch.solver.solve` gives it; then all terms together are
its cost. `dispatch.solver.check` prices plans by itself and shares nothing with this module.
"""

from collections import Counter
from collections.abc import Iterator
from enum import StrEnum
from itertools import pairwise

from dispatch.solver.plan import Action, Plan, PlannedTour
from dispatch.solver.problem import Problem


class CostKind(StrEnum):
    """What is paid for."""

    TRAVEL = "TRAVEL"
    DISTANCE = "DISTANCE"
    ARCS = "ARCS"
    AWAY = "AWAY"
    OVER_ALLOWANCE = "OVER_ALLOWANCE"
    FIXED = "FIXED"
    PARCELS = "PARCELS"
    EFFORT = "EFFORT"
    OPTIONS = "OPTIONS"
    LATENESS = "LATENESS"
    MOVES = "MOVES"
    UNASSIGNED = "UNASSIGNED"


def tour_terms(problem: Problem, tour: PlannedTour) -> Counter[CostKind]:
    """Give what a tour costs, minor currency units x 1000, by what is paid for."""
    courier, found = tour.courier, Counter[CostKind]()
    left = int(problem.left[courier])
    away = tour.ends_at - (left if left <= 0 else tour.departs_at)
    if left > 0:
        found[CostKind.FIXED] += int(problem.fixed_cost[courier])
    found[CostKind.AWAY] += int(problem.cost_per_away[courier]) * away
    over = max(0, away - int(problem.allowance[courier]))
    found[CostKind.OVER_ALLOWANCE] += int(problem.cost_over_allowance[courier]) * over
    found.update(_of_ways(problem, tour))
    for stop in tour.stops:
        if stop.action is Action.PICKUP:
            continue
        leg, option = stop.leg, stop.option
        late = max(0, stop.starts_at - int(problem.option_due[option]))
        effort = int(problem.cost_per_effort[courier]) * int(problem.option_effort[option])
        found[CostKind.LATENESS] += int(problem.lateness_cost[leg]) * late
        found[CostKind.OPTIONS] += int(problem.option_cost[option])
        found[CostKind.PARCELS] += int(problem.cost_per_parcel[courier])
        found[CostKind.EFFORT] += effort
        found[CostKind.MOVES] += _move(problem, leg, courier)
    return found


def left_out_terms(problem: Problem, plan: Plan) -> Counter[CostKind]:
    """Give what the legs cost that a plan leaves out; those that do not exist cost nothing."""
    found = Counter[CostKind]()
    option_of = {
        stop.leg: stop.option
        for tour in plan.tours
        for stop in tour.stops
        if stop.action is Action.DROPOFF
    }
    for entry in plan.unassigned:
        before = int(problem.after_leg[entry.leg])
        if before >= 0:
            option = option_of.get(before, -1)
            place = int(problem.pickup_place[entry.leg])
            if option < 0 or problem.option_hub[option] < 0:
                continue
            if int(problem.option_place[option]) != place:
                continue
        found[CostKind.UNASSIGNED] += int(problem.unassigned_cost[entry.leg])
        found[CostKind.MOVES] += _move(problem, entry.leg, -1)
    return found


def places_of(problem: Problem, tour: PlannedTour) -> list[int]:
    """Give where each stop of a tour is: -1 where the load is carried to an open end."""
    end = int(problem.end_place[tour.courier])
    places = [
        int(
            problem.pickup_place[stop.leg]
            if stop.action is Action.PICKUP
            else problem.option_place[stop.option]
        )
        for stop in tour.stops
    ]
    return [place if place >= 0 else end for place in places]


def _of_ways(problem: Problem, tour: PlannedTour) -> Counter[CostKind]:
    """Give what the ways of a tour cost."""
    courier, found = tour.courier, Counter[CostKind]()
    mode = int(problem.mode[courier])
    for tail, head in _ways(problem, tour):
        if problem.arc_cost is not None:
            found[CostKind.ARCS] += int(problem.arc_cost[mode, tail, head])
            continue
        ticks, metres = (
            int(matrix[mode, tail, head]) for matrix in (problem.travel, problem.distance_m)
        )
        found[CostKind.TRAVEL] += int(problem.cost_per_travel[courier]) * ticks
        found[CostKind.DISTANCE] += int(problem.cost_per_m[courier]) * metres
    return found


def _ways(problem: Problem, tour: PlannedTour) -> Iterator[tuple[int, int]]:
    """Yield the ways from place to place; none leads from or to nowhere."""
    start, end = int(problem.start_place[tour.courier]), int(problem.end_place[tour.courier])
    # What is carried to an open end is dropped where the tour is by then.
    stops = [place for place in places_of(problem, tour) if place >= 0]
    for tail, head in pairwise([start, *stops, end]):
        if tail >= 0 and head >= 0:
            yield tail, head


def _move(problem: Problem, leg: int, courier: int) -> int:
    """Give the price of who has a leg; -1: nobody."""
    seen = int(problem.seen_courier[leg])
    return int(problem.move_cost[leg]) if seen not in {-1, courier} else 0
