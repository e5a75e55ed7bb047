"""What would have to change for a leg to be served: one limit moved by one amount, and no more.

A fix is a statement about a problem; `applied` makes the problem in which it is true. How fixes are
found stands in `dispatch.solver.explanations.remedies` and `dispatch.solver.explanations.hiring`.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from enum import StrEnum
from typing import Any

import numpy as np

from dispatch.solver.arrays import NOT_LEFT, AnyArray, FrozenStops, Lists, PostSteps
from dispatch.solver.problem import Problem

Fields = dict[str, Any]


class FixKind(StrEnum):
    """Which limit is moved."""

    COURIER_LATER_OFF = "COURIER_LATER_OFF"
    """`off_duty` of a courier, ticks later."""
    COURIER_EARLIER_ON = "COURIER_EARLIER_ON"
    """`on_duty` of a courier, ticks earlier."""
    PICKUP_LATER = "PICKUP_LATER"
    """`pickup_closes` of the leg, ticks later."""
    OPTION_LATER = "OPTION_LATER"
    """`option_closes` of a drop-off, ticks later; due goes along where it is the same instant."""
    LEASH = "LEASH"
    """`leash` of a courier, ticks longer."""
    CAPACITY = "CAPACITY"
    """`capacity` of a courier in the load dimension `index`, more by that."""
    PARCELS = "PARCELS"
    """`most_parcels` of a courier, more by so many."""
    SKILL = "SKILL"
    """Bits for a courier: the lowest `amount` of those in `until`."""
    PERMIT = "PERMIT"
    """The gate `index` opens for all of a courier's access class, and takes `until` ticks."""
    UNBAR = "UNBAR"
    """A courier is barred from the leg no more."""
    HUB_SLOT = "HUB_SLOT"
    """Free compartments of the leg's size at the hub `index`, more by so many."""
    POST = "POST"
    """So many more may be away from the post `index`, at any time."""
    PRICE = "PRICE"
    """`unassigned_cost` of the leg, dearer by that."""
    ANOTHER_COURIER = "ANOTHER_COURIER"
    """One more courier like the one named, on duty `amount` ticks, up to `until`."""
    PRECEDENCE = "PRECEDENCE"
    """The leg no longer waits for the leg `index`."""


@dataclass(frozen=True, slots=True)
class Fix:
    """One limit, and by how much it would have to give way.

    Parameters
    ----------
    kind : FixKind
        Which limit.
    leg : int
        The leg that is served then.
    courier : int
        The courier (class) whose limit it is, or whom one more resembles; -1: nobody's.
    option : int
        The drop-off option by which the leg is served; -1: none in particular.
    index : int
        The load dimension, gate, hub, post or leg, as the kind says; else -1.
    amount : int
        By how much: ticks, pieces, bits, compartments, people, cost. One less does not do.
    until : int
        The value that results, where it is one.
    needs : tuple of Fix
        What else must be so. Of ANOTHER_COURIER, where `courier` is set: what he must have that not
        everybody has, though the one whom he resembles may.

    """

    kind: FixKind
    leg: int
    courier: int = -1
    option: int = -1
    index: int = -1
    amount: int = 1
    until: int = 0
    needs: "tuple[Fix, ...]" = ()


def applied(problem: Problem, fix: Fix) -> Problem:
    """Make the problem in which a fix has been made.

    Parameters
    ----------
    problem : Problem
        What the fix was found for.
    fix : Fix
        With an amount of 0 it changes nothing.

    Raises
    ------
    ProblemError
        Where there can be no such problem.

    """
    if fix.kind is FixKind.ANOTHER_COURIER:
        grown = replace(problem, **_with_one_more(problem, fix))
        newest = problem.courier_count
        for need in fix.needs:
            grown = applied(grown, _for(newest, need))
        return grown
    changed = replace(problem, **_CHANGES[fix.kind](problem, fix)) if fix.amount else problem
    for need in fix.needs:
        changed = applied(changed, need)
    return changed


def least(fails: int, works: int, does: Callable[[int], bool]) -> int:
    """Give an amount that does where one unit less does not.

    Parameters
    ----------
    fails, works : int
        An amount that does not do, and a higher one that does.
    does : callable
        Says whether an amount does.

    """
    while works - fails > 1:
        middle = (fails + works) // 2
        if does(middle):
            works = middle
        else:
            fails = middle
    return works


def _for(courier: int, need: Fix) -> Fix:
    return replace(need, courier=courier) if need.courier >= 0 else need


def _raised(array: AnyArray, at: int | tuple[int, ...], amount: int) -> AnyArray:
    raised = array.copy()
    raised[at] += amount
    return raised


def _option_later(problem: Problem, fix: Fix) -> Fields:
    at = fix.option
    closes = _raised(problem.option_closes, at, fix.amount)
    if problem.option_due[at] != problem.option_closes[at]:
        return {"option_closes": closes}
    return {"option_closes": closes, "option_due": _raised(problem.option_due, at, fix.amount)}


def _skilled(problem: Problem, fix: Fix) -> Fields:
    bits = [1 << bit for bit in range(64) if fix.until >> bit & 1][: fix.amount]
    skills = problem.courier_skills.copy()
    skills[fix.courier] |= np.uint64(sum(bits))
    return {"courier_skills": skills}


def _permitted(problem: Problem, fix: Fix) -> Fields:
    entry = problem.gate_entry.copy()
    entry[problem.access[fix.courier], fix.index] = fix.until
    return {"gate_entry": entry}


def _unbarred(problem: Problem, fix: Fix) -> Fields:
    rows = [problem.barred.row(leg).tolist() for leg in range(problem.leg_count)]
    rows[fix.leg] = [courier for courier in rows[fix.leg] if courier != fix.courier]
    return {"barred": Lists.of(rows)}


def _manned(problem: Problem, fix: Fix) -> Fields:
    steps = problem.post_steps
    row = slice(*steps.indptr[fix.index : fix.index + 2].tolist())
    most_away = steps.most_away.copy()
    most_away[row] += fix.amount
    return {"post_steps": PostSteps(steps.indptr, steps.starts_at, most_away)}


def _alone(problem: Problem, fix: Fix) -> Fields:
    after = problem.after_leg.copy()
    after[fix.leg] = -1
    return {"after_leg": after}


_CHANGES: dict[FixKind, Callable[[Problem, Fix], Fields]] = {
    FixKind.COURIER_LATER_OFF: lambda p, f: {"off_duty": _raised(p.off_duty, f.courier, f.amount)},
    FixKind.COURIER_EARLIER_ON: lambda p, f: {"on_duty": _raised(p.on_duty, f.courier, -f.amount)},
    FixKind.PICKUP_LATER: lambda p, f: {"pickup_closes": _raised(p.pickup_closes, f.leg, f.amount)},
    FixKind.OPTION_LATER: _option_later,
    FixKind.LEASH: lambda p, f: {"leash": _raised(p.leash, f.courier, f.amount)},
    FixKind.CAPACITY: lambda p, f: {
        "capacity": _raised(p.capacity, (f.courier, f.index), f.amount)
    },
    FixKind.PARCELS: lambda p, f: {"most_parcels": _raised(p.most_parcels, f.courier, f.amount)},
    FixKind.SKILL: _skilled,
    FixKind.PERMIT: _permitted,
    FixKind.UNBAR: _unbarred,
    FixKind.HUB_SLOT: lambda p, f: {
        "hub_slots_free": _raised(p.hub_slots_free, (f.index, int(p.leg_size[f.leg])), f.amount)
    },
    FixKind.POST: _manned,
    FixKind.PRICE: lambda p, f: {"unassigned_cost": _raised(p.unassigned_cost, f.leg, f.amount)},
    FixKind.PRECEDENCE: _alone,
}

_OF_COURIERS = (
    "courier_skills",
    "start_place",
    "end_place",
    "on_duty",
    "off_duty",
    "left",
    "leash",
    "allowance",
    "cost_over_allowance",
    "return_reserve_permille",
    "capacity",
    "most_parcels",
    "count",
    "access",
    "mode",
    "pickups_first",
    "fixed_cost",
    "cost_per_travel",
    "cost_per_away",
    "cost_per_m",
    "cost_per_parcel",
    "cost_per_effort",
    "post",
)
"""Fields with a value for each courier."""


def _with_one_more(problem: Problem, fix: Fix) -> Fields:
    """Add a courier like another one, at no post, with an access class of his own."""
    fields: Fields = {}
    for name in _OF_COURIERS:
        values = getattr(problem, name)
        fields[name] = np.concatenate([values, values[fix.courier : fix.courier + 1]])
    fields["on_duty"][-1] = fix.until - fix.amount
    fields["off_duty"][-1] = fix.until
    fields["left"][-1], fields["post"][-1], fields["count"][-1] = NOT_LEFT, -1, 1
    entry = problem.gate_entry
    fields["gate_entry"] = np.vstack([entry, entry[problem.access[fix.courier]]])
    fields["access"][-1] = len(entry)
    frozen = problem.frozen
    fields["frozen"] = FrozenStops(
        np.append(frozen.indptr, frozen.indptr[-1]),
        frozen.leg,
        frozen.action,
        frozen.option,
        frozen.not_before,
    )
    return fields
