"""Why a leg was left out, in one honest code, and what would have to change for it to be served.

Each leg left out is tried in the tours of the plan, then with every courier alone in an empty tour,
then behind all that the cheapest of those have to do. The courier who comes nearest to serving it
names the reason. `explain` looks at every insertion and finds the smallest fix; `explained` gives
the codes alone, at the cost of a few insertions a leg.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace

import numpy as np

from dispatch.solver import check
from dispatch.solver.alone import Couriers
from dispatch.solver.explanations.attempts import Attempts
from dispatch.solver.explanations.hiring import Hiring
from dispatch.solver.explanations.misses import (
    answers,
    nearest_miss,
    reason_answered,
    reason_in,
    smallest_first,
)
from dispatch.solver.explanations.remedies import Remedies
from dispatch.solver.explanations.serving import serving, tightened
from dispatch.solver.explanations.trials import Miss, Trials
from dispatch.solver.fixes import Fix, FixKind, applied
from dispatch.solver.nearest import binding, reason_of
from dispatch.solver.plan import Plan, Reason, Unassigned
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours

OTHERS = 3
"""So many more fixes are told at most."""


class ExplainError(ValueError):
    """A question that has no answer: about another problem's plan, or a leg that is served."""


@dataclass(frozen=True, slots=True)
class Explanation:
    """Why a leg is not served, or not by somebody.

    Parameters
    ----------
    leg : int
        Which.
    reason : Reason
        The code.
    courier, option : int
        Who comes nearest, and to which drop-off; -1: nobody, or none in particular.
    slack : int
        What he misses in the limit that the reason names: ticks (WINDOW, NO_COURIER_IN_RANGE,
        HOURS, LEASH), pieces (CAPACITY), compartments, people, bits, gates, or cost (NOT_WORTH_IT).
        0 where it is no number. Never negative: where there is room, nothing is missed.
    fix : Fix or None
        The smallest change that serves the leg by one insertion; None where it needs none
        (SEARCH_LIMIT) or none is known.
    others : tuple of Fix
        At most `OTHERS` of other kinds, the smallest first.
    served_by : int
        Who serves the leg; -1: it is left out.

    """

    leg: int
    reason: Reason
    courier: int = -1
    option: int = -1
    slack: int = 0
    fix: Fix | None = None
    others: tuple[Fix, ...] = ()
    served_by: int = -1


def explained(problem: Problem, plan: Plan) -> tuple[Unassigned, ...]:
    """Give the plan's unassigned legs with their reasons.

    Reasons given here: PRECEDENCE (what the leg comes after is not dropped at its hub, or would
    come too late there for others), UNREACHABLE (no way from pickup to drop-off), PERMIT (a gate
    that lets nobody in), SKILL, NO_COURIER_IN_RANGE (nobody there, or all too far to come in time),
    WINDOW (not in time even from next door, or not behind what everybody has to do), HOURS, LEASH,
    CAPACITY, POST (too many would be away),
    HUB_FULL, FROZEN (it would fit, were it not for stops that may not be moved), OFFERS_EXHAUSTED
    (all who could are barred), NOT_WORTH_IT (feasible, but dearer than leaving it out) and
    SEARCH_LIMIT (one insertion into this plan would serve the leg at a profit). A problem does not
    say why somebody is barred: who knows that it is for his area calls OFFERS_EXHAUSTED AREA.

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
    tours = Tours(Schedule(problem))
    tours.adopt(tours.found_in(plan))
    couriers = Couriers(tours.schedule, tours.allowed)
    return tuple(
        Unassigned(entry.leg, reason_of(tours, couriers, entry.leg)) for entry in plan.unassigned
    )


def explain(
    problem: Problem, plan: Plan, legs: Iterable[int] | None = None
) -> tuple[Explanation, ...]:
    """Say why legs are left out, who comes nearest, and what would serve them.

    Parameters
    ----------
    problem : Problem
        What was planned.
    plan : Plan
        A plan of it.
    legs : iterable of int, optional
        Which, all of them left out; by default all that are.

    Returns
    -------
    tuple of Explanation
        In the order of `legs`, else sorted by leg.

    Raises
    ------
    ExplainError
        Where a leg is unknown or served, or the plan is none of this problem.

    """
    tours = _tours_of(problem, plan)
    asked = [entry.leg for entry in plan.unassigned] if legs is None else list(legs)
    for leg in asked:
        _check(leg, problem.leg_count, "leg")
        vehicle = tours.served.where[leg]
        if vehicle >= 0:
            raise ExplainError(f"leg {leg} is served by courier {tours.couriers[vehicle]}")
    if not asked:
        return ()
    desk = _Desk(tours, plan)
    return tuple(desk.explained(leg) for leg in asked)


def why_not(problem: Problem, plan: Plan, leg: int, courier: int) -> Explanation:
    """Say why somebody does not have a leg, be it left out or served by another.

    Parameters
    ----------
    problem, plan
        As in `explain`.
    leg, courier : int
        Which leg, and who has it not.

    Returns
    -------
    Explanation
        About this courier alone. Where another serves the leg, NOT_WORTH_IT says by how much the
        plan would be dearer (`slack`), FROZEN that the leg is promised to the other; a fix would
        make it possible for this one, were it not for the other.

    Raises
    ------
    ExplainError
        Where there is no such leg or courier, he serves it himself, or the plan is none of this
        problem.

    """
    tours = _tours_of(problem, plan)
    _check(leg, problem.leg_count, "leg")
    _check(courier, problem.courier_count, "courier")
    vehicle = tours.served.where[leg]
    if vehicle < 0:
        return _Desk(tours, plan).why_not(leg, courier, None)
    server = tours.couriers[vehicle]
    if server == courier:
        raise ExplainError(f"leg {leg} is served by courier {courier}")
    gone = (leg, tours.served.dropped[leg])
    removal = None
    if tours.schedule.committed_to[leg] < 0:
        stops = [stop for stop in tours.stops[vehicle] if stop not in gone]
        removal = tours.change({vehicle: stops})
    if removal is None:
        return Explanation(leg, Reason.FROZEN, courier, served_by=server)
    tours.put(removal)
    found = _Desk(tours, tours.plan("")).why_not(leg, courier, removal.extra_cost)
    return replace(found, served_by=server)


def _check(index: int, count: int, noun: str) -> None:
    if index not in range(count):
        raise ExplainError(f"there is no {noun} {index}: the problem has {count}")


def _tours_of(problem: Problem, plan: Plan) -> Tours:
    broken = check.violations(problem, plan)
    if broken:
        first = broken[0]
        told = f"{first.subject}: {first.constraint}: {first.detail}"
        more = f", and {len(broken) - 1} more" if len(broken) > 1 else ""
        raise ExplainError(f"is no plan of this problem: {told}{more}")
    tours = Tours(Schedule(problem))
    tours.adopt(tours.found_in(plan))
    return tours


class _Desk:
    """Answers questions about one plan.

    Parameters
    ----------
    tours : Tours
        Those of the plan.
    plan : Plan
        The same.

    """

    def __init__(self, tours: Tours, plan: Plan) -> None:
        self._tours, self._plan = tours, plan
        self._problem = tours.schedule.problem
        self._attempts = Attempts(tours)
        self._hiring = Hiring(tours)
        self._couriers = Couriers(tours.schedule, tours.allowed)

    def explained(self, leg: int) -> Explanation:
        """Explain a leg that is left out."""
        if not self._tours.served.exists(leg):
            return self._orphan(leg)
        trials = self._attempts.tried(leg)
        found = self._served(leg, trials)
        if found is not None:
            return found
        if not self._tours.couriers:
            return Explanation(leg, Reason.NO_COURIER_IN_RANGE)
        reason = self._reason(leg, trials)
        if reason in {Reason.SEARCH_LIMIT, Reason.UNREACHABLE}:
            return Explanation(leg, reason)
        remedies = Remedies(self._attempts, leg, trials)
        fixes = remedies.found()
        hired = self._hiring.one_more(leg, just_him=bool(fixes))
        fixes += self._together(hired, remedies) if hired is not None else []
        if reason is Reason.NOT_WORTH_IT and not len(trials.just(Miss.COST)):
            # Too dear for whoever has nothing else to do; those with a tour lack something else.
            reason = reason_answered(fixes) or reason_in(self._problem, leg, trials)
        return self._told(leg, reason, trials, self._sure(fixes))

    def _together(self, hired: Fix, remedies: Remedies) -> list[Fix]:
        """Let one more courier go where what he needs beside himself does without him."""
        beside = [need for need in hired.needs if need.courier < 0]
        if not beside or not remedies.serve_with(beside):
            return [hired]
        alone = replace(beside[0], needs=tuple(beside[1:]))
        tight = tightened(self._problem, self._plan, alone)
        return [] if tight is None else [tight]

    def why_not(self, leg: int, courier: int, lost: int | None) -> Explanation:
        """Explain why somebody does not serve a leg that nobody serves now.

        Parameters
        ----------
        leg, courier : int
            Which, and who.
        lost : cost or None
            What the plan cost less while somebody else served it; None: nobody did.

        """
        tours = self._tours
        if not tours.served.exists(leg):
            return self._orphan(leg, courier)
        vehicles = [v for v, other in enumerate(tours.couriers) if other == courier]
        trials = self._attempts.tried(leg, vehicles)
        if tours.schedule.calls and serving(self._attempts, leg, trials, just_it=True) is None:
            trials = trials.only(~trials.works())
        able = np.flatnonzero(trials.works())
        if lost is not None:
            able = np.concatenate([able, trials.just(Miss.COST)])
        if len(able):
            best = int(able[np.argmin(trials.extra[able])])
            option = int(trials.dropoff[best]) - tours.schedule.leg_count
            dearer = int(trials.extra[best]) + (lost or 0)
            if lost is not None and dearer > 0:
                return Explanation(leg, Reason.NOT_WORTH_IT, courier, option, dearer)
            return Explanation(leg, Reason.SEARCH_LIMIT, courier, option)
        reason = reason_in(self._problem, leg, trials)
        fixes = self._sure(Remedies(self._attempts, leg, trials).found(), courier)
        return replace(self._told(leg, reason, trials, fixes), courier=courier)

    def _served(self, leg: int, trials: Trials) -> Explanation | None:
        """Say that an insertion would serve the leg, where one would."""
        change = serving(self._attempts, leg, trials)
        if change is None:
            return None
        new = {stop for stops in change.stops.values() for stop in stops}
        dropped = [stop for stop in self._tours.schedule.options[leg] if stop in new]
        by = next(v for v, stops in change.stops.items() if dropped[0] in stops)
        option = dropped[0] - self._tours.schedule.leg_count
        return Explanation(leg, Reason.SEARCH_LIMIT, self._tours.couriers[by], option)

    def _orphan(self, leg: int, courier: int = -1) -> Explanation:
        """Explain a leg whose load does not come to where it begins: to all, or to somebody."""
        freed = Fix(FixKind.PRECEDENCE, leg, index=self._tours.schedule.predecessor[leg])
        tours = Tours(Schedule(applied(self._problem, freed)))
        tours.adopt(tours.found_in(self._plan))
        desk = _Desk(tours, self._plan)
        free = desk.explained(leg) if courier < 0 else desk.why_not(leg, courier, None)
        fix: Fix | None = freed
        if free.reason is not Reason.SEARCH_LIMIT:
            # It would have to be free, and something else besides.
            whole = free.fix
            fix = whole and replace(whole, needs=(*whole.needs, freed))
        return Explanation(leg, Reason.PRECEDENCE, courier, fix=fix)

    def _reason(self, leg: int, trials: Trials) -> Reason:
        if self._tours.schedule.calls:
            return reason_of(self._tours, self._couriers, leg)
        if len(trials.just(Miss.COST)):
            return Reason.NOT_WORTH_IT
        return binding(self._tours, self._couriers, leg)

    def _told(self, leg: int, reason: Reason, trials: Trials, fixes: Sequence[Fix]) -> Explanation:
        """Put the smallest fix first, and say who comes nearest."""
        fixes = smallest_first(reason, fixes)
        fix = fixes[0] if fixes else None
        if fix is not None and fix.courier >= 0 and answers(reason, fix):
            near = (fix.courier, fix.option, fix.amount)
        else:
            near = nearest_miss(self._attempts, reason, trials)
        return Explanation(leg, reason, *near, fix, tuple(fixes[1 : 1 + OTHERS]))

    def _sure(self, fixes: Sequence[Fix], courier: int = -1) -> list[Fix]:
        """Keep what holds where tours wait for each other: they are timed in full then."""
        if not self._tours.schedule.calls:
            return list(fixes)
        tight = (tightened(self._problem, self._plan, fix, courier) for fix in fixes)
        return [fix for fix in tight if fix is not None]
