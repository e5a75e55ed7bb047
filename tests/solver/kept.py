"""One small problem for each field of the `Problem` in which that field binds.

Each has a plan that is best (unless it says otherwise) and a mutant that would do without the
field: what `broken` names is what the oracle says to it. Places lie on a street, a tick and a metre
apart; most problems have one leg from 10 to 20 and a courier who lives at 0, for whom that is a way
of 40 at a price of 1 a tick.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, fields
from typing import Any

import numpy as np

from dispatch.solver.arrays import FOREVER, FrozenStops, Lists, PostSteps
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem
from tests.solver.exhaustive import Visit, plan_of
from tests.solver.streets import street


@dataclass(frozen=True)
class Kept:
    """A problem in which one field binds.

    Parameters
    ----------
    field : str
        The field.
    problem : Problem
        Small.
    good : Plan
        Breaks nothing, and no plan is cheaper.
    mutant : Plan
        As good or better where the field is not looked at.
    broken : str
        The violation that tells the mutant.
    cost : int
        What `good` costs, by hand.
    unbound : Problem or None
        The same problem, but the field does not bind: there the mutant's stops do not break
        `broken`. None where that cannot be said.

    """

    field: str
    problem: Problem
    good: Plan
    mutant: Plan
    broken: str
    cost: int
    unbound: Problem | None


_Tours = Sequence[tuple[int, Sequence[Visit]]]


def _pick(*legs: int) -> list[Visit]:
    return [(leg, Action.PICKUP, -1) for leg in legs]


def _drop(leg: int, option: int | None = None) -> list[Visit]:
    return [(leg, Action.DROPOFF, leg if option is None else option)]


def _carry(leg: int, option: int | None = None) -> list[Visit]:
    return [*_pick(leg), *_drop(leg, option)]


def _by(courier: int, *parts: Iterable[Visit]) -> tuple[int, list[Visit]]:
    return courier, [visit for part in parts for visit in part]


def _kept(
    field: str,
    cost: int,
    good: _Tours,
    broken: str,
    mutant: _Tours | None = None,
    *,
    as_if: object = None,
    free: object = None,
    **given: Any,
) -> Kept:
    """Keep a problem; a mutant without tours of its own has those of the good plan.

    `as_if`: the mutant is timed and priced as if the field had this value. `free`: a value with
    which the field does not bind, where that is neither `as_if` nor the neutral one.
    """
    problem = street(given.pop("points", _ONE_POINTS), **{**_ONE, **given})
    values = {each.name: getattr(problem, each.name) for each in fields(problem)}
    values[field] = free if as_if is None else as_if
    if isinstance(values[field], list):
        values[field] = np.array(values[field])
    unbound = None if free is None and field in _NEEDED and as_if is None else Problem(**values)
    judged = problem if as_if is None or unbound is None else unbound
    return Kept(
        field,
        problem,
        plan_of(problem, good),
        plan_of(judged, good if mutant is None else mutant),
        broken,
        cost,
        unbound,
    )


_NEEDED = {"travel", "pickup_place", "option_leg", "option_place", "start_place", "end_place"}
"""Fields without a neutral value."""


_ONE_POINTS = [0, 10, 20]
_ONE: dict[str, Any] = {
    "pickup_place": [1],
    "option_place": [2],
    "start_place": [0],
    "end_place": [0],
    "cost_per_travel": [1],
    "unassigned_cost": [1000],
}
_TWO_COURIERS: dict[str, Any] = {
    "points": [0, 10, 20, 50],
    "start_place": [0, 3],
    "end_place": [0, 3],
    "cost_per_travel": [1, 1],
}
"""The second lives at 50: for him the leg is a way of 80."""
_TWO_LEGS: dict[str, Any] = {
    "points": [0, 10, 20, 30],
    "pickup_place": [1, 1],
    "option_place": [2, 3],
    "unassigned_cost": [1000, 1000],
}
"""Both start at 10, the second ends at 30: a way of 60."""
_TWO_OPTIONS: dict[str, Any] = {
    "points": [0, 10, 20, 30],
    "option_leg": [0, 0],
    "option_place": [2, 3],
}
"""The near option at 20 is a way of 40, the far one at 30 a way of 60."""
_OVERLAPPING: dict[str, Any] = {
    **_TWO_LEGS,
    "pickup_place": [1, 2],
    "option_place": [3, 3],
}
"""From 10 and from 20 to 30: a way of 60 for both at once, of 80 one after the other."""
_RELAY: dict[str, Any] = {
    "points": [0, 10, 20, 30, 40],
    "pickup_place": [1, 2],
    "option_place": [2, 3],
    "after_leg": [-1, 0],
    "option_hub": [0, -1],
    "hub_slots_free": [[1]],
    "barred": Lists.of([[1], [0]]),
    "start_place": [0, 4],
    "end_place": [0, 4],
    "cost_per_travel": [1, 1],
    "unassigned_cost": [1000, 1000],
    "pickup_service": [4, 0],
}
"""From 10 to the hub at 20 with one, from there to 30 with another who lives at 40."""

_NOBODY: _Tours = []
_FIRST = [_by(0, _carry(0))]
_SECOND = [_by(1, _carry(0))]
_ONE_STREET = street(_ONE_POINTS, **_ONE).travel


def _changed(matrix: Any, tail: int, head: int, value: int) -> Any:
    changed = np.array(matrix)
    changed[0, tail, head] = value
    return changed


def _frozen(*stops: tuple[int, int, int, int]) -> FrozenStops:
    """Make the frozen row of the only courier: leg, action, option, not before."""
    columns = np.array(stops).T
    return FrozenStops(np.array([0, len(stops)]), *columns)


def _post(most_away: int) -> PostSteps:
    return PostSteps(np.array([0, 1]), np.array([-FOREVER]), np.array([most_away]))


_STREET_50 = street([0, 10, 20, 50], **_ONE).travel
_SLOWER = np.concatenate([_ONE_STREET, 2 * _ONE_STREET])

KEPT: dict[str, Kept] = {
    # Ways.
    "travel": _kept(
        "travel", 55, _FIRST, "times", travel=_changed(_ONE_STREET, 1, 2, 25),
        as_if=_ONE_STREET,
    ),
    "distance_m": _kept(
        "distance_m", 120, _FIRST, "cost", cost_per_m=[2],
        as_if=0 * _ONE_STREET,
    ),
    "arc_cost": _kept(
        "arc_cost", 80, _SECOND, "cost", _FIRST, **_TWO_COURIERS,
        arc_cost=_changed(_STREET_50, 0, 1, 100).astype(np.int64),
        as_if=_STREET_50.astype(np.int64),
    ),
    "place_gate": _kept(
        "place_gate", 40, _FIRST, "times", place_gate=[-1, -1, 0], gate_entry=[[5]],
        as_if=[-1, -1, -1],
    ),
    "access": _kept(
        "access", 80, _SECOND, "permit", _FIRST, **_TWO_COURIERS,
        place_gate=[-1, -1, 0, -1], gate_entry=[[-1], [5]], access=[0, 1], free=[1, 1],
    ),
    "gate_entry": _kept(
        "gate_entry", 1000, _NOBODY, "permit", _FIRST, place_gate=[-1, -1, 0], gate_entry=[[-1]],
        free=[[0]],
    ),
    # Legs.
    "pickup_place": _kept(
        "pickup_place", 40, _FIRST, "pairing", [_by(0, _drop(0))],
        as_if=[-1],
    ),
    "pickup_place of nobody": _kept(
        "pickup_place", 40, [_by(0, _drop(0))], "index", _FIRST, pickup_place=[-1],
        as_if=[1],
    ),
    "on_board": _kept(
        "on_board", 60, [_by(1, _drop(0))], "on_board", [_by(0, _drop(0))], **_TWO_COURIERS,
        pickup_place=[-1], on_board=[1],
    ),
    "pickup_opens": _kept(
        "pickup_opens", 40, _FIRST, "times", pickup_opens=[30],
        as_if=[-FOREVER],
    ),
    "pickup_closes": _kept("pickup_closes", 1000, _NOBODY, "window", _FIRST, pickup_closes=[9]),
    "pickup_service": _kept(
        "pickup_service", 40, _FIRST, "times", pickup_service=[4],
        as_if=[0],
    ),
    "must_courier": _kept(
        "must_courier", 80, _SECOND, "must_courier", _FIRST, **_TWO_COURIERS, must_courier=[1]
    ),
    "must_courier, whatever it costs": _kept(
        "must_courier", 40, _FIRST, "committed", _NOBODY, must_courier=[0], unassigned_cost=[7]
    ),
    "barred": _kept(
        "barred", 80, _SECOND, "barred", _FIRST, **_TWO_COURIERS, barred=Lists.of([[0]])
    ),
    "after_leg": _kept(
        "after_leg", 60, [_by(0, _carry(0, 1))], "after_leg",
        [_by(0, _pick(0, 1), _drop(0, 1), _drop(1, 2))],
        points=[0, 10, 20, 30], pickup_place=[1, 2], option_leg=[0, 0, 1], option_place=[2, 3, 3],
        after_leg=[-1, 0], option_hub=[0, -1, -1], hub_slots_free=[[1]], option_cost=[5, 0, 0],
        unassigned_cost=[1000, 1000],
    ),
    "after_leg, two couriers": _kept(
        "after_leg", 80, [_by(0, _carry(0)), _by(1, _carry(1))], "times", **_RELAY,
        as_if=[-1, -1],
    ),
    "after_gap": _kept(
        "after_gap", 80, [_by(0, _carry(0)), _by(1, _carry(1))], "times", **_RELAY,
        after_gap=[0, 5], as_if=[0, 0],
    ),
    "load": _kept(
        "load", 80, [_by(0, _carry(0), _carry(1))], "capacity",
        [_by(0, _pick(0, 1), _drop(0), _drop(1))],
        **_OVERLAPPING, load=[[1], [2]], capacity=[[2]],
    ),
    "leg_size": _kept(
        "leg_size", 60, [_by(0, _carry(0, 1))], "hub_full", [_by(0, _carry(0, 0))], **_TWO_OPTIONS,
        option_hub=[0, -1], leg_size=[1], hub_slots_free=[[1, 0]],
    ),
    "leg_skills": _kept(
        "leg_skills", 80, _SECOND, "skills", _FIRST, **_TWO_COURIERS,
        leg_skills=[1], courier_skills=[0, 1],
    ),
    "courier_skills": _kept(
        "courier_skills", 80, _SECOND, "skills", _FIRST, **_TWO_COURIERS,
        leg_skills=[2], courier_skills=[5, 3], free=np.array([7, 3], np.uint64),
    ),
    "unassigned_cost": _kept(
        "unassigned_cost", 30, _NOBODY, "cost", unassigned_cost=[30],
        as_if=[1000],
    ),
    "lateness_cost": _kept(
        "lateness_cost", 55, _FIRST, "cost", lateness_cost=[3], option_due=[15],
        as_if=[0],
    ),
    "seen_courier": _kept(
        "seen_courier", 80, _SECOND, "cost", _FIRST, **_TWO_COURIERS,
        seen_courier=[1], move_cost=[50], as_if=[-1],
    ),
    "move_cost": _kept(
        "move_cost", 70, _FIRST, "cost", **_TWO_COURIERS,
        seen_courier=[1], move_cost=[30], as_if=[0],
    ),
    "move_cost of a leg left out": _kept(
        "move_cost", 35, _NOBODY, "cost", seen_courier=[0], move_cost=[5], unassigned_cost=[30],
        as_if=[0],
    ),
    # Options.
    "option_leg": _kept(
        "option_leg", 60, [_by(0, _pick(0, 1), _drop(0), _drop(1))], "option",
        [_by(0, _pick(0, 1), _drop(1, 0), _drop(0, 1))], **_TWO_LEGS,
    ),
    "option_place": _kept(
        "option_place", 40, [_by(0, _pick(0, 1), _drop(1), _drop(0))], "carried",
        [_by(0, _carry(0), _carry(1))], **{**_TWO_LEGS, "option_place": [-1, 2]}, free=[0, 2],
    ),
    "option_place, open end": _kept(
        "option_place", 20, [_by(0, _pick(0, 1), _drop(1), _drop(0))], "times",
        **{**_TWO_LEGS, "option_place": [-1, 2]}, end_place=[-1],
        as_if=[3, 2],
    ),
    "option_opens": _kept(
        "option_opens", 40, _FIRST, "times", option_opens=[30],
        as_if=[-FOREVER],
    ),
    "option_due": _kept(
        "option_due", 55, _FIRST, "cost", lateness_cost=[3], option_due=[15],
        as_if=[FOREVER],
    ),
    "option_due, no later departure": _kept(
        "option_due", 60, [_by(0, _carry(0), _carry(1))], "times",
        **{**_OVERLAPPING, "option_place": [2, 3]}, pickup_opens=[0, 90], option_due=[20, 200],
        as_if=[200, 200],
    ),
    "option_closes": _kept("option_closes", 1000, _NOBODY, "window", _FIRST, option_closes=[19]),
    "option_service": _kept(
        "option_service", 40, _FIRST, "times", option_service=[4],
        as_if=[0],
    ),
    "option_cost": _kept(
        "option_cost", 60, [_by(0, _carry(0, 1))], "cost", [_by(0, _carry(0, 0))], **_TWO_OPTIONS,
        option_cost=[30, 0], as_if=[0, 0],
    ),
    "option_hub": _kept(
        "option_hub", 60, [_by(0, _carry(0, 1))], "hub_full", [_by(0, _carry(0, 0))],
        **_TWO_OPTIONS, option_hub=[0, -1], hub_slots_free=[[0]],
    ),
    "option_effort": _kept(
        "option_effort", 60, [_by(0, _carry(0, 1))], "cost", [_by(0, _carry(0, 0))], **_TWO_OPTIONS,
        option_effort=[15, 0], cost_per_effort=[2], as_if=[0, 0],
    ),
    # Couriers.
    "start_place": _kept(
        "start_place", 30, _FIRST, "times", start_place=[-1], as_if=[0]
    ),
    "end_place": _kept(
        "end_place", 20, _FIRST, "times", end_place=[-1], as_if=[0]
    ),
    "on_duty": _kept("on_duty", 40, _FIRST, "times", on_duty=[7], as_if=[0]),
    "off_duty": _kept("off_duty", 1000, _NOBODY, "hours", _FIRST, off_duty=[39]),
    "left": _kept(
        "left", 85, _FIRST, "cost", left=[-5], fixed_cost=[100], cost_per_away=[1],
        as_if=[1],
    ),
    "left, nothing to do": _kept(
        "left", 120, [_by(0)], "missing_tour", _NOBODY, pickup_closes=[0], left=[0], on_duty=[5],
        end_place=[2], unassigned_cost=[100],
    ),
    "leash": _kept("leash", 1000, _NOBODY, "leash", _FIRST, leash=[39]),
    "allowance": _kept(
        "allowance", 60, _FIRST, "cost", allowance=[30], cost_over_allowance=[2],
        as_if=[FOREVER],
    ),
    "cost_over_allowance": _kept(
        "cost_over_allowance", 90, _FIRST, "cost", allowance=[30], cost_over_allowance=[5],
        as_if=[0],
    ),
    "return_reserve_permille": _kept(
        "return_reserve_permille", 1000, _NOBODY, "hours", _FIRST,
        return_reserve_permille=[500], off_duty=[59],
    ),
    "capacity": _kept(
        "capacity", 80, [_by(0, _carry(0), _carry(1))], "capacity",
        [_by(0, _pick(0, 1), _drop(0), _drop(1))], **_OVERLAPPING, load=[[1], [1]], capacity=[[1]],
    ),
    "most_parcels": _kept(
        "most_parcels", 1040, _FIRST, "most_parcels", [_by(0, _pick(0, 1), _drop(0), _drop(1))],
        **_TWO_LEGS, most_parcels=[1],
    ),
    "count": _kept(
        "count", 1080, [_by(0, _carry(0)), _by(0, _carry(1))], "count",
        [_by(0, _carry(0)), _by(0, _carry(1)), _by(0, _carry(2))],
        pickup_place=[1, 1, 1], option_place=[2, 2, 2], unassigned_cost=[1000, 1000, 1000],
        most_parcels=[1], count=[2], free=[3],
    ),
    "mode": _kept(
        "mode", 80, _FIRST, "times", travel=_SLOWER, distance_m=_SLOWER, mode=[1], as_if=[0],
    ),
    "pickups_first": _kept(
        "pickups_first", 60, [_by(0, _pick(0, 1), _drop(0), _drop(1))], "pickups_first",
        [_by(0, _carry(0), _carry(1))],
        points=[0, 10, 20, 30, 40], pickup_place=[1, 3], option_place=[2, 4], end_place=[-1],
        unassigned_cost=[1000, 1000], pickups_first=[True],
    ),
    "fixed_cost": _kept(
        "fixed_cost", 140, _FIRST, "cost", fixed_cost=[100], as_if=[0]
    ),
    "cost_per_travel": _kept(
        "cost_per_travel", 120, _FIRST, "cost", cost_per_travel=[3],
        as_if=[0],
    ),
    "cost_per_away": _kept(
        "cost_per_away", 120, _FIRST, "cost", cost_per_away=[2],
        as_if=[0],
    ),
    "cost_per_m": _kept(
        "cost_per_m", 200, _FIRST, "cost", cost_per_m=[4], as_if=[0]
    ),
    "cost_per_parcel": _kept(
        "cost_per_parcel", 49, _FIRST, "cost", cost_per_parcel=[9],
        as_if=[0],
    ),
    "cost_per_effort": _kept(
        "cost_per_effort", 50, _FIRST, "cost", cost_per_effort=[2], option_effort=[5],
        as_if=[0],
    ),
    "frozen": _kept(
        "frozen", 80, [_by(0, _carry(1), _carry(0))], "frozen", [_by(0, _carry(0), _carry(1))],
        **{**_TWO_LEGS, "pickup_place": [1, 2]}, frozen=_frozen((1, 0, -1, 0)),
    ),
    "frozen, not before": _kept(
        "frozen", 40, _FIRST, "times", frozen=_frozen((0, 0, -1, 30)),
        as_if=_frozen((0, 0, -1, 0)),
    ),
    # Shared.
    "hub_slots_free": _kept(
        "hub_slots_free", 60, [_by(0, _pick(0, 1), _drop(0, 0), _drop(1, 3))], "hub_full",
        [_by(0, _pick(0, 1), _drop(0, 0), _drop(1, 2))],
        points=[0, 10, 20, 30], pickup_place=[1, 1], option_leg=[0, 0, 1, 1],
        option_place=[2, 3, 2, 3], option_hub=[0, -1, 0, -1], hub_slots_free=[[1]], free=[[2]],
        unassigned_cost=[1000, 1000],
    ),
    "post": _kept(
        "post", 80, _SECOND, "post", _FIRST, **_TWO_COURIERS, post=[0, -1], post_steps=_post(0)
    ),
    "post_steps": _kept(
        "post_steps", 1040, _FIRST, "post", [_by(0, _carry(0)), _by(1, _carry(1))], **_TWO_COURIERS,
        pickup_place=[1, 1], option_place=[2, 2], unassigned_cost=[1000, 1000],
        most_parcels=[1, 1], post=[0, 0], post_steps=_post(1), free=_post(2),
    ),
    "post_steps, one after the other": _kept(
        "post_steps", 120, [_by(0, _carry(0)), _by(1, _carry(1))], "post",
        [_by(0, _carry(1)), _by(1, _carry(0))], **_TWO_COURIERS,
        pickup_place=[1, 1], option_place=[2, 2], unassigned_cost=[1000, 1000],
        pickup_opens=[0, 80], most_parcels=[1, 1], post=[0, 0], post_steps=_post(1), free=_post(2),
    ),
}  # fmt: skip
"""By name; most are named for their field."""
