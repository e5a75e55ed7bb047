"""What is missed, by whom, in the words of the reason codes; which fix is the smallest."""

from collections.abc import Iterable

import numpy as np

from dispatch.solver.alone import RANK
from dispatch.solver.arrays import UNREACHABLE, IntArray
from dispatch.solver.explanations.attempts import Attempts
from dispatch.solver.explanations.trials import Miss, Trials
from dispatch.solver.fixes import Fix, FixKind
from dispatch.solver.plan import Reason
from dispatch.solver.problem import Problem

LONG = 3600
"""Of more ticks than these nothing is asked for but one more person."""

_REASONS = {
    Miss.NO_WAY: Reason.NO_COURIER_IN_RANGE,
    Miss.SHUT: Reason.PERMIT,
    Miss.SKILL: Reason.SKILL,
    Miss.BARRED: Reason.OFFERS_EXHAUSTED,
    Miss.PICKUP_LATE: Reason.WINDOW,
    Miss.DROPOFF_LATE: Reason.WINDOW,
    Miss.OTHERS_LATE: Reason.WINDOW,
    Miss.HOURS: Reason.HOURS,
    Miss.LEASH: Reason.LEASH,
    Miss.LOAD: Reason.CAPACITY,
    Miss.PARCELS: Reason.CAPACITY,
    Miss.ORDER: Reason.FROZEN,
    Miss.POST: Reason.POST,
    Miss.HUB: Reason.HUB_FULL,
    Miss.COST: Reason.NOT_WORTH_IT,
}

_TICKS = (
    FixKind.COURIER_LATER_OFF,
    FixKind.COURIER_EARLIER_ON,
    FixKind.PICKUP_LATER,
    FixKind.OPTION_LATER,
    FixKind.LEASH,
)
_PIECES = (FixKind.PARCELS, FixKind.HUB_SLOT, FixKind.POST, FixKind.CAPACITY)
_PAPERS = (FixKind.UNBAR, FixKind.PRECEDENCE, FixKind.SKILL, FixKind.PERMIT)
_ORDER = (_TICKS, _PIECES, _PAPERS, (FixKind.PRICE,), (FixKind.ANOTHER_COURIER,))
"""What is asked for sooner: a little more time, more room, papers, money, one more person."""

_WAITS = (FixKind.OPTION_LATER, FixKind.PICKUP_LATER, FixKind.COURIER_EARLIER_ON)
_ANSWERS: dict[Reason, tuple[FixKind, ...]] = {
    Reason.PERMIT: (FixKind.PERMIT,),
    Reason.SKILL: (FixKind.SKILL,),
    Reason.WINDOW: _WAITS,
    Reason.NO_COURIER_IN_RANGE: _WAITS,
    Reason.HOURS: (FixKind.COURIER_LATER_OFF,),
    Reason.LEASH: (FixKind.LEASH,),
    Reason.CAPACITY: (FixKind.PARCELS, FixKind.CAPACITY),
    Reason.POST: (FixKind.POST,),
    Reason.HUB_FULL: (FixKind.HUB_SLOT,),
    Reason.OFFERS_EXHAUSTED: (FixKind.UNBAR,),
    Reason.NOT_WORTH_IT: (FixKind.PRICE,),
}
"""Which fixes move the very limit that a reason names."""


def answers(reason: Reason | None, fix: Fix) -> bool:
    """Say whether a fix moves the very limit that a reason names."""
    return reason is not None and fix.kind in _ANSWERS.get(reason, ())


def reason_answered(fixes: Iterable[Fix]) -> Reason | None:
    """Name the reason that the smallest of some fixes answers; None where it answers none."""
    for fix in smallest_first(None, fixes):
        return next((reason for reason in _ANSWERS if answers(reason, fix)), None)
    return None


def smallest_first(reason: Reason | None, fixes: Iterable[Fix]) -> list[Fix]:
    """Order fixes: those that answer the reason, then by what is asked for, then how much of it."""

    def size(fix: Fix) -> tuple[bool, int, int, int]:
        kinds = next(n for n, kinds in enumerate(_ORDER) if fix.kind in kinds)
        if fix.kind not in _TICKS:
            return not answers(reason, fix), kinds, _ORDER[kinds].index(fix.kind), fix.amount
        if fix.amount > LONG:
            return True, len(_ORDER) - 1, 0, fix.amount
        return not answers(reason, fix), kinds, 0, fix.amount

    return sorted(fixes, key=size)


def reason_in(problem: Problem, leg: int, trials: Trials) -> Reason:
    """Name the reason of the way that is nearest: the farthest of its misses.

    Parameters
    ----------
    problem, leg
        Of what.
    trials : Trials
        None of them works.

    """
    nearest = Reason.PRECEDENCE
    for misses in np.unique(trials.misses).tolist():
        reasons = [reason for miss, reason in _REASONS.items() if miss in Miss(misses)]
        farthest = min(reasons, key=RANK.__getitem__, default=nearest)
        nearest = max(nearest, farthest, key=RANK.__getitem__)
    if nearest is not Reason.NO_COURIER_IN_RANGE:
        return nearest
    place = int(problem.pickup_place[leg])
    ends = problem.option_place[problem.options_of(leg)]
    ways = [problem.travel[:, place, end].min() for end in ends.tolist() if min(place, end) >= 0]
    return Reason.UNREACHABLE if ways and min(ways) >= UNREACHABLE else nearest


def nearest_miss(attempts: Attempts, reason: Reason, trials: Trials) -> tuple[int, int, int]:
    """Give who misses least of what the reason names, the drop-off, and how much."""
    bits = sum(int(miss) for miss, named in _REASONS.items() if named is reason)
    if reason in {Reason.WINDOW, Reason.NO_COURIER_IN_RANGE}:
        bits = int(Miss.PICKUP_LATE | Miss.DROPOFF_LATE | Miss.OTHERS_LATE)
    ways = np.flatnonzero(trials.misses & bits)
    if not len(ways):
        return -1, -1, 0
    count = np.array([int(m).bit_count() for m in trials.misses[ways].tolist()])
    amount = _missed(attempts, reason, trials)[ways]
    pick = int(ways[np.lexsort((trials.extra[ways], amount, count))[0]])
    crew = attempts.conditions.crew
    courier = int(crew.courier[trials.places.vehicle[pick]])
    option = int(trials.dropoff[pick]) - attempts.schedule.leg_count
    return courier, option, max(0, int(_missed(attempts, reason, trials)[pick]))


def _missed(attempts: Attempts, reason: Reason, trials: Trials) -> IntArray:
    crew, vehicle = attempts.conditions.crew, trials.places.vehicle
    match reason:
        case Reason.HOURS:
            late: IntArray = -(-(trials.hours - crew.hours[vehicle]) // 1000)
            return late
        case Reason.LEASH:
            return trials.away - crew.leash[vehicle]
        case Reason.CAPACITY:
            over = np.maximum(trials.load - crew.capacity[vehicle].T, 0).sum(axis=0)
            room: IntArray = over + np.maximum(trials.parcels - crew.parcels[vehicle], 0)
            return room
        case Reason.WINDOW | Reason.NO_COURIER_IN_RANGE:
            return np.maximum(trials.late_pickup, trials.late_dropoff)
        case Reason.NOT_WORTH_IT:
            return trials.extra + 1
        case Reason.POST:
            return trials.needed
    return np.ones(len(vehicle), np.int64)
