"""Why a leg was left out, in one honest code.

Each leg left out is tried with every courier, first alone in an empty tour, then in the tours of
the plan. The courier who comes nearest to serving it names the reason. Fixes ("thirty minutes later
and it would work") come later.
"""

from itertools import pairwise

from dispatch.solver.plan import Plan, Reason, Unassigned
from dispatch.solver.problem import UNREACHABLE, Problem
from dispatch.solver.schedule import Limits, Schedule
from dispatch.solver.tours import Tours

_NEARER = (
    Reason.UNREACHABLE,
    Reason.PERMIT,
    Reason.SKILL,
    Reason.NO_COURIER_IN_RANGE,
    Reason.WINDOW,
    Reason.HOURS,
    Reason.LEASH,
    Reason.CAPACITY,
    Reason.OFFERS_EXHAUSTED,
    Reason.NOT_WORTH_IT,
)
"""From the farthest miss to the nearest: what is last among all couriers is the leg's reason."""


def explained(problem: Problem, plan: Plan) -> tuple[Unassigned, ...]:
    """Give the plan's unassigned legs with their reasons.

    Reasons given here: UNREACHABLE (no way from pickup to drop-off), PERMIT (a gate that lets
    nobody in), SKILL, NO_COURIER_IN_RANGE (nobody there, or all too far to come in time), WINDOW
    (not in time even from next door), HOURS, LEASH, CAPACITY, OFFERS_EXHAUSTED (all who could are
    barred), NOT_WORTH_IT (feasible, but dearer than `unassigned_cost`) and SEARCH_LIMIT (one
    insertion into this plan would serve the leg at a profit).

    Parameters
    ----------
    problem : Problem
        What was planned.
    plan : Plan
        A plan without violations.

    Returns
    -------
    tuple of Unassigned
        Sorted by leg.

    """
    if not plan.unassigned:
        return ()
    schedule = Schedule(problem)
    tours = Tours(schedule)
    tours.adopt(tours.found_in(plan))
    strict = schedule.strict()
    return tuple(
        Unassigned(entry.leg, _reason(tours, strict, entry.leg)) for entry in plan.unassigned
    )


def _reason(tours: Tours, strict: Limits, leg: int) -> Reason:
    schedule = tours.schedule
    misses = [
        miss
        for courier in range(schedule.problem.courier_count)
        for option in schedule.options[leg]
        for miss in [_miss_alone(tours, strict, leg, option, courier)]
    ]
    if None not in misses:
        return max(
            (miss for miss in misses if miss), key=_NEARER.index, default=Reason.NO_COURIER_IN_RANGE
        )
    placing = tours.best(leg)
    if placing is not None:
        worth_it = placing.extra_cost < schedule.unassigned_cost[leg]
        return Reason.SEARCH_LIMIT if worth_it else Reason.NOT_WORTH_IT
    return max(
        (
            _miss_at_end(tours, leg, option, vehicle)
            for vehicle in _willing(tours, leg)
            for option in schedule.options[leg]
        ),
        key=_NEARER.index,
    )


def _miss_alone(
    tours: Tours, strict: Limits, leg: int, dropoff: int, courier: int
) -> Reason | None:
    """Say what keeps a courier with an empty tour from serving a leg; None where nothing does."""
    schedule = tours.schedule
    problem = schedule.problem
    stops = [leg, dropoff] if schedule.has_pickup[leg] else [dropoff]
    if _is_shut_out(schedule, courier, stops):
        return Reason.PERMIT
    if int(problem.leg_skills[leg]) & ~int(problem.courier_skills[courier]):
        return Reason.SKILL
    measures = schedule.measure(courier, stops, strict)
    if measures is None:
        return _broken_limit(schedule, courier, stops, strict)
    if not tours.allowed[leg][courier]:
        return Reason.OFFERS_EXHAUSTED
    # Who is away comes home anyway: only what the leg adds is its price.
    idle = schedule.measure(courier, (), schedule.unlimited())
    extra = measures.cost - (idle.cost if idle is not None else 0)
    return Reason.NOT_WORTH_IT if extra >= schedule.unassigned_cost[leg] else None


def _broken_limit(schedule: Schedule, courier: int, stops: list[int], limits: Limits) -> Reason:
    """Name the first limit that a tour breaks: reach, gates, load, windows, hours, leash."""
    measures = schedule.measure(courier, stops, schedule.unlimited())
    assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
    if measures.blocked > limits.blocked[courier] or measures.shut > limits.shut[courier]:
        if _no_way(schedule, courier, stops):
            return Reason.UNREACHABLE
        shut_out = _is_shut_out(schedule, courier, stops)
        return Reason.PERMIT if shut_out else Reason.NO_COURIER_IN_RANGE
    too_much = any(
        load > most for load, most in zip(measures.load, limits.capacity[courier], strict=True)
    )
    if too_much or measures.parcels > limits.parcels[courier]:
        return Reason.CAPACITY
    late = any(
        begin > limits.latest[stop] for stop, begin in zip(stops, measures.starts, strict=True)
    )
    if late:
        return Reason.WINDOW if _hopeless(schedule, courier, stops) else Reason.NO_COURIER_IN_RANGE
    return Reason.HOURS if measures.hours > limits.hours[courier] else Reason.LEASH


def _no_way(schedule: Schedule, courier: int, stops: list[int]) -> bool:
    """Say whether the leg's own way is missing, for this courier's mode."""
    if not schedule.has_pickup[schedule.leg[stops[-1]]]:
        return not _is_shut_out(schedule, courier, stops)
    tail, head = (schedule.place[stop] for stop in stops[-2:])
    is_missing = schedule.way(courier, tail, head) >= UNREACHABLE
    return is_missing and not schedule.is_shut(courier, tail, head)


def _is_shut_out(schedule: Schedule, courier: int, stops: list[int]) -> bool:
    """Say whether a gate on the way to any of the stops is shut to the courier."""
    if not schedule.problem.is_gated:
        return False
    places = [schedule.start[courier], *(schedule.place[stop] for stop in stops)]
    return any(schedule.is_shut(courier, tail, head) for tail, head in pairwise(places))


def _hopeless(schedule: Schedule, courier: int, stops: list[int]) -> bool:
    """Say whether even a courier who stands at the pickup when it opens would be late."""
    leg, dropoff = schedule.leg[stops[-1]], stops[-1]
    if not schedule.has_pickup[leg]:
        return schedule.closes[dropoff] < schedule.on_duty[courier]
    earliest = max(schedule.opens[leg], min(schedule.on_duty))
    arrival = (
        earliest
        + schedule.service[leg]
        + schedule.way(courier, schedule.place[leg], schedule.place[dropoff])
    )
    return earliest > schedule.closes[leg] or arrival > schedule.closes[dropoff]


def _willing(tours: Tours, leg: int) -> list[int]:
    """Give the vehicles whose couriers are allowed to take a leg."""
    return [
        vehicle for vehicle, courier in enumerate(tours.couriers) if tours.allowed[leg][courier]
    ]


def _miss_at_end(tours: Tours, leg: int, dropoff: int, vehicle: int) -> Reason:
    """Say what keeps a vehicle from serving a leg after everything else that it has to do."""
    schedule = tours.schedule
    pickup = [leg] if schedule.has_pickup[leg] else []
    stops = [*tours.stops[vehicle], *pickup, dropoff]
    if schedule.measure(tours.couriers[vehicle], stops, tours.limits) is not None:
        return Reason.NOT_WORTH_IT
    return _broken_limit(schedule, tours.couriers[vehicle], stops, tours.limits)
