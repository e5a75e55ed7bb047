"""Locks: what has to stay as it was planned, and for how long it has to.

A plan that is made anew every minute may turn everything around for a few cents. A lock says what
of it must not change: who carries a leg, then in which order, then not before when. It relaxes by
itself, one level after the other, so that nothing stays locked for ever by oversight.

Locks become fields that every problem has, `must_courier` and `frozen`: no solver and no checker
knows of them. It reads no clock and must not import `dispatch.core`.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import StrEnum

import numpy as np

from dispatch.solver.arrays import FOREVER, UNREACHABLE, FrozenStops, IntArray
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem, ProblemError
from dispatch.solver.strains import Strain, strains

TOGETHER = -1
"""Stands for a lock's number where no single one is to blame."""


class LockLevel(StrEnum):
    """How much of what was planned for a leg stays."""

    COURIER = "COURIER"
    """Who carries it, in whatever order."""
    COURIER_AND_ORDER = "COURIER_AND_ORDER"
    """And its stops begin the courier's tour, in their order; what is new comes after them."""
    FULL = "FULL"
    """And they do not start earlier than was said."""


LEVELS = tuple(LockLevel)
"""From the weakest to the strongest."""


@dataclass(frozen=True, slots=True)
class LockedStop:
    """A stop that stays where it is in its courier's tour.

    Parameters
    ----------
    position : int
        From 0; among the locked stops of one courier only the order of these counts.
    action : Action
        Pickup or drop-off.
    option : int
        Index of the drop-off option; -1 at a pickup.
    starts_at : int, ticks
        The stated start of service. Only a lock in full looks at it.

    """

    position: int
    action: Action
    option: int = -1
    starts_at: int = -FOREVER


@dataclass(frozen=True, slots=True)
class Lock:
    """What has to stay of the plan for one leg.

    Parameters
    ----------
    leg, courier : int
        Who carries what.
    level : LockLevel
        How much of it stays.
    since : int, ticks
        When it was locked; before the moment of planning, tick 0, it is negative.
    stops : tuple of LockedStop
        The leg's stops, or its pickup alone; needed above the level of the courier.

    """

    leg: int
    courier: int
    level: LockLevel = LockLevel.COURIER
    since: int = 0
    stops: tuple[LockedStop, ...] = ()

    def relaxed(self, relax_after: int) -> LockLevel | None:
        """Give the level that is left at tick 0; None where the lock has lapsed.

        Parameters
        ----------
        relax_after : int, ticks
            It loses one level for each of these that has passed since it was locked.

        """
        rank = LEVELS.index(self.level) - max(0, -self.since) // relax_after
        return LEVELS[rank] if rank >= 0 else None


class LockError(ValueError):
    """Locks that cannot hold.

    Parameters
    ----------
    faults : sequence of (lock, message)
        Every infeasible lock, by its number, with each reason in words; `TOGETHER` where only all
        of them at once cannot be.

    """

    def __init__(self, faults: Sequence[tuple[int, str]]) -> None:
        self.faults = tuple(faults)
        super().__init__("; ".join(message for _, message in self.faults))


@dataclass(frozen=True, slots=True)
class Locked:
    """A problem with its locks.

    Parameters
    ----------
    problem : Problem
        To be solved. It is the very same where no lock is left.
    levels : tuple of LockLevel or None, by lock
        What each lock still means; None for one that has lapsed.
    strains : tuple of Strain
        What the locks, with all that was promised before, break by themselves.

    """

    problem: Problem
    levels: tuple[LockLevel | None, ...]
    strains: tuple[Strain, ...] = ()


def locked(problem: Problem, locks: Sequence[Lock], *, relax_after: int = FOREVER) -> Locked:
    """Put locks into a problem.

    Whoever is locked is committed, with all that means: never left out, `barred` and skills not
    looked at by the solvers, and no slot taken at a hub (of the hub that a locked drop-off names
    one slot less is free). A lock of a leg that its courier carries or has accepted already can
    only add an order.

    Parameters
    ----------
    problem : Problem
        What is to be planned; tick 0 is the moment of planning.
    locks : sequence of Lock
        At most one for each leg.
    relax_after : int, ticks
        Each lock loses one level for each of these that has passed since it was locked.

    Returns
    -------
    Locked
        The problem, what is left of each lock, and the limits that the locks break.

    Raises
    ------
    LockError
        Listing every lock that cannot hold. What a lock that has lapsed says is not looked at,
        but its leg and its courier must exist.
    ValueError
        Where `relax_after` is not positive.

    """
    if relax_after < 1:
        message = f"relax_after is {relax_after}, must be at least 1"
        raise ValueError(message)
    levels = tuple(lock.relaxed(relax_after) for lock in locks)
    faults = _faults(problem, locks, levels)
    refused = {number for number, _ in faults}
    held = [
        (lock, level)
        for number, (lock, level) in enumerate(zip(locks, levels, strict=True))
        if level is not None and number not in refused
    ]
    result = problem
    try:
        result = _with(problem, held) if held else problem
    except ProblemError as error:
        faults += [(TOGETHER, f"together: {field} {message}") for field, message in error.faults]
    if faults:
        raise LockError(faults)
    couriers = sorted({lock.courier for lock, _ in held})
    return Locked(result, levels, tuple(strains(problem, result, couriers)) if held else ())


def overfilled(problem: Problem, plan: Plan) -> Iterator[str]:
    """Say which hubs a plan with locks fills beyond what is free.

    Whoever is locked is committed, and no solver counts a slot for what is committed.

    Parameters
    ----------
    problem : Problem
        As it was before the locks.
    plan : Plan
        Of the problem with them.

    """
    filled = Counter(
        (int(problem.option_hub[stop.option]), int(problem.leg_size[stop.leg]))
        for tour in plan.tours
        for stop in tour.stops
        if stop.action is Action.DROPOFF and problem.committed_to[stop.leg] < 0
    )
    for (hub, size), count in sorted(filled.items()):
        over = count - int(problem.hub_slots_free[hub, size]) if hub >= 0 else 0
        if over > 0:
            yield f"hub {hub}: the promises fill {over} more of size class {size} than are free"


# --- what cannot be -----------------------------------------------------------------------


def _faults(
    problem: Problem, locks: Sequence[Lock], levels: Sequence[LockLevel | None]
) -> list[tuple[int, str]]:
    """List what is wrong with each lock, and with each beside the others."""
    holders: dict[int, set[int]] = {}
    places: dict[tuple[int, int], set[int]] = {}
    for lock, level in zip(locks, levels, strict=True):
        if level is not None:
            holders.setdefault(lock.leg, set()).add(lock.courier)
        for stop in lock.stops if level in _ORDERED else ():
            places.setdefault((lock.courier, stop.position), set()).add(lock.leg)
    seen: set[int] = set()
    found: list[tuple[int, str]] = []
    for number, (lock, level) in enumerate(zip(locks, levels, strict=True)):
        reasons = list(_unknown(problem, lock))
        if not reasons and level is not None:
            others = sorted(holders[lock.leg] - {lock.courier})
            reasons += [f"courier {other} is locked to it too" for other in others]
            if lock.leg in seen and not others:
                reasons.append("it is locked twice")
            seen.add(lock.leg)
            reasons += _owned(problem, lock)
            if problem.committed_to[lock.leg] != lock.courier:
                reasons += _unfit(problem, lock, level)
            if level in _ORDERED:
                reasons += _misordered(problem, lock)
                reasons += [
                    f"stop {stop.position} of courier {lock.courier} is leg {leg}'s too"
                    for stop in lock.stops
                    for leg in sorted(places[lock.courier, stop.position] - {lock.leg})
                ]
        found += [
            (number, f"leg {lock.leg} cannot be locked to courier {lock.courier}: {reason}")
            for reason in reasons
        ]
    return found


_ORDERED = frozenset({LockLevel.COURIER_AND_ORDER, LockLevel.FULL})


def _unknown(problem: Problem, lock: Lock) -> Iterator[str]:
    if lock.leg not in range(problem.leg_count):
        yield "there is no such leg"
    if lock.courier not in range(problem.courier_count):
        yield "there is no such courier"


def _owned(problem: Problem, lock: Lock) -> Iterator[str]:
    """Say who has the leg already, and whether the courier is one person at all."""
    owner = int(problem.committed_to[lock.leg])
    if owner not in {-1, lock.courier}:
        if problem.on_board[lock.leg] >= 0:
            yield f"it is on board of courier {owner}"
        elif problem.must_courier[lock.leg] >= 0:
            yield f"courier {owner} has accepted it"
        else:
            yield f"courier {owner}'s tour begins with it"
    if problem.count[lock.courier] > 1:
        yield f"{problem.count[lock.courier]} people stand behind that number"


def _unfit(problem: Problem, lock: Lock, level: LockLevel) -> Iterator[str]:
    """Say why the courier may not have the leg, or cannot get to its places."""
    leg, courier = lock.leg, lock.courier
    if courier in problem.barred.row(leg):
        yield "the courier is barred from it"
    missing = int(problem.leg_skills[leg]) & ~int(problem.courier_skills[courier])
    if missing:
        bits = [str(bit) for bit in range(missing.bit_length()) if missing >> bit & 1]
        yield f"the courier lacks {'skill' if len(bits) == 1 else 'skills'} {', '.join(bits)}"
    start, pickup = int(problem.start_place[courier]), int(problem.pickup_place[leg])
    barrier = _barrier(problem, courier, start, pickup)
    if barrier:
        yield f"on the way to the pickup {barrier}"
    options: Iterable[int] = problem.options_of(leg)
    chosen = [stop.option for stop in lock.stops if stop.action is Action.DROPOFF]
    if level in _ORDERED and chosen:
        options = [option for option in chosen if option in problem.options_of(leg)]
    tail = pickup if pickup >= 0 else start
    barriers = [
        _barrier(problem, courier, tail, int(problem.option_place[option])) for option in options
    ]
    if barriers and all(barriers):
        yield f"on the way to the drop-off {barriers[0]}"


def _barrier(problem: Problem, courier: int, tail: int, head: int) -> str:
    """Say what keeps the courier from going from one place to another; empty for nothing."""
    if tail < 0 or head < 0 or tail == head:
        return ""
    gate = int(problem.place_gate[head])
    is_new = gate >= 0 and gate != int(problem.place_gate[tail])
    if is_new and problem.gate_entry[problem.access[courier], gate] < 0:
        return f"gate {gate} is shut to the courier"
    if problem.travel[problem.mode[courier], tail, head] >= UNREACHABLE:
        return f"there is no way from place {tail} to place {head}"
    return ""


def _misordered(problem: Problem, lock: Lock) -> Iterator[str]:
    """Say what is wrong with the leg's own stops."""
    leg = lock.leg
    if not lock.stops:
        yield f"{lock.level} says nothing of its stops: list them"
    if len({stop.position for stop in lock.stops}) < len(lock.stops):
        yield "two of its stops are at the same position"
    actions = [stop.action for stop in sorted(lock.stops, key=lambda stop: stop.position)]
    for action in sorted({action for action in actions if actions.count(action) > 1}):
        yield f"it has two {action}s"
    has_pickup = problem.pickup_place[leg] >= 0
    begun = problem.frozen.leg[problem.frozen.action == 0]
    if Action.PICKUP in actions and not has_pickup:
        yield "it has no pickup"
    elif Action.DROPOFF in actions and has_pickup and leg not in begun:
        if Action.PICKUP not in actions:
            yield "its drop-off has an order, but not its pickup"
        elif actions.index(Action.DROPOFF) < actions.index(Action.PICKUP):
            yield "its drop-off comes before its pickup"
    for stop in lock.stops:
        if stop.action is Action.DROPOFF and stop.option not in problem.options_of(leg):
            yield f"option {stop.option} is not one of its drop-offs"
        if stop.position < 0:
            yield f"position {stop.position} is before the first"


# --- the problem with its locks -----------------------------------------------------------


def _with(problem: Problem, held: Sequence[tuple[Lock, LockLevel]]) -> Problem:
    must_courier = problem.must_courier.copy()
    for lock, _ in held:
        must_courier[lock.leg] = lock.courier
    ordered = [(lock, level) for lock, level in held if level in _ORDERED]
    return replace(
        problem,
        must_courier=must_courier,
        frozen=_frozen(problem, ordered) if ordered else problem.frozen,
        hub_slots_free=_slots_left(problem, [lock for lock, _ in ordered]),
    )


def _frozen(problem: Problem, held: Sequence[tuple[Lock, LockLevel]]) -> FrozenStops:
    """Put locked stops behind those that the tours begin with already."""
    old = problem.frozen
    rows: list[list[tuple[int, int, int, int]]] = [
        list(
            zip(
                *(
                    column[first:last].tolist()
                    for column in (old.leg, old.action, old.option, old.not_before)
                ),
                strict=True,
            )
        )
        for first, last in zip(old.indptr[:-1], old.indptr[1:], strict=True)
    ]
    begun = {(leg, action) for row in rows for leg, action, _, _ in row}
    stops = sorted(
        (lock.courier, stop.position, lock.leg, int(stop.action is Action.DROPOFF),
         stop.option, stop.starts_at if level is LockLevel.FULL else -FOREVER)
        for lock, level in held
        for stop in lock.stops
    )  # fmt: skip
    for courier, _, leg, action, option, not_before in stops:
        if (leg, action) not in begun:
            rows[courier].append((leg, action, option if action else -1, not_before))
    columns = np.array([stop for row in rows for stop in row], np.int64).reshape(-1, 4).T
    return FrozenStops(np.cumsum([0, *map(len, rows)], dtype=np.int64), *columns)


def _slots_left(problem: Problem, held: Sequence[Lock]) -> IntArray:
    """Take the slots that locked drop-offs fill: committed legs take none by themselves."""
    left = problem.hub_slots_free.copy()
    for lock in held:
        for stop in lock.stops:
            hub = int(problem.option_hub[stop.option]) if stop.action is Action.DROPOFF else -1
            size = int(problem.leg_size[lock.leg])
            if hub >= 0 and problem.committed_to[lock.leg] < 0 and left[hub, size] > 0:
                left[hub, size] -= 1
    return left
