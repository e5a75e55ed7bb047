"""Each reason code, on the smallest problem that has it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check, explain, insert
from dispatch.solver.arrays import FrozenStops, Lists, PostSteps
from dispatch.solver.plan import Plan, Reason, StoppedBy, Unassigned
from dispatch.solver.problem import UNREACHABLE, Problem
from dispatch.solver.solve import solve

Street = Callable[..., Problem]

_ISLAND = np.abs(np.subtract.outer([0, 10, 30], [0, 10, 30]))[None].astype(np.int32)
_NO_WAY_ON = _ISLAND.copy()
_NO_WAY_ON[0, 1, 2] = UNREACHABLE
_NO_WAY_TO = _ISLAND.copy()
_NO_WAY_TO[0, 0, 1] = UNREACHABLE

CAUSES: dict[str, tuple[Reason, dict[str, Any]]] = {
    "no way from pickup to drop-off": (Reason.UNREACHABLE, {"travel": _NO_WAY_ON}),
    "no way to the pickup": (Reason.NO_COURIER_IN_RANGE, {"travel": _NO_WAY_TO}),
    "too far to be in time": (Reason.NO_COURIER_IN_RANGE, {"pickup_closes": [9]}),
    "shut in": (Reason.PERMIT, {"place_gate": [-1, 0, -1], "gate_entry": [[-1]]}),
    "shut out": (Reason.PERMIT, {"place_gate": [-1, -1, 0], "gate_entry": [[-1]]}),
    "shut out and no skill": (
        Reason.PERMIT,
        {"place_gate": [-1, -1, 0], "gate_entry": [[-1]], "leg_skills": [1]},
    ),
    "shut out, and no way either": (
        Reason.UNREACHABLE,
        {"place_gate": [-1, -1, 0], "gate_entry": [[-1]], "travel": _NO_WAY_ON},
    ),
    "home shut": (
        Reason.NO_COURIER_IN_RANGE,
        {"place_gate": [0, -1, -1], "gate_entry": [[-1]]},
    ),
    "signing in takes too long": (
        Reason.WINDOW,
        {"place_gate": [-1, -1, 0], "gate_entry": [[5]], "option_closes": [24]},
    ),
    "skill": (Reason.SKILL, {"leg_skills": [1], "courier_skills": [2]}),
    "too heavy": (Reason.CAPACITY, {"load": [[3]], "capacity": [[2]]}),
    "no parcels at all": (Reason.CAPACITY, {"most_parcels": [0]}),
    "window too short for anybody": (Reason.WINDOW, {"option_closes": [19]}),
    "duty ends": (Reason.HOURS, {"off_duty": [59]}),
    "leash": (Reason.LEASH, {"leash": [59]}),
    "declined": (Reason.OFFERS_EXHAUSTED, {"barred": Lists.of([[0]])}),
    "too dear": (Reason.NOT_WORTH_IT, {"unassigned_cost": [59], "cost_per_travel": [1]}),
}


@pytest.mark.parametrize(("reason", "given"), CAUSES.values(), ids=CAUSES.keys())
def test_cause_is_named(street: Street, reason: Reason, given: dict[str, Any]) -> None:
    """One leg from 10 to 30, one courier at 0, one thing wrong."""
    fields: dict[str, Any] = {
        "pickup_place": [1],
        "option_place": [2],
        "start_place": [0],
        "end_place": [0],
        "on_duty": [0],
        **given,
    }
    plan = solve(street([0, 10, 30], **fields), engine="insert")
    assert plan.unassigned == (Unassigned(0, reason),)


def _reasons(problem: Problem) -> list[Reason]:
    plan = solve(problem, engine="insert")
    assert check.violations(problem, plan) == []
    return [entry.reason for entry in plan.unassigned]


def test_full_hub_is_named(street: Street) -> None:
    """One slot for two parcels, and one that has no slot of its size at all."""
    given: dict[str, Any] = {
        "pickup_place": [0, 0],
        "option_place": [1, 1],
        "option_hub": [0, 0],
        "start_place": [0],
        "end_place": [0],
    }
    one_slot = street([0, 10], hub_slots_free=[[1]], **given)
    assert _reasons(one_slot) == [Reason.HUB_FULL]
    wrong_size = street([0, 10], hub_slots_free=[[2, 0]], leg_size=[0, 1], **given)
    assert _reasons(wrong_size) == [Reason.HUB_FULL]


def test_post_is_named(street: Street) -> None:
    """Two guards, of whom none, or one at a time, may be away; each carries one parcel a tour."""
    given: dict[str, Any] = {
        "pickup_place": [0, 0],
        "option_place": [1, 1],
        "option_closes": [15, 15],
        "start_place": [0, 0],
        "end_place": [0, 0],
        "most_parcels": [1, 1],
        "post": [0, 0],
    }
    for most_away, left_out in ((0, 2), (1, 1)):
        steps = PostSteps(*(np.array(part) for part in ([0, 1], [0], [most_away])))
        assert Reason.POST in _reasons(street([0, 10], post_steps=steps, **given))
        assert len(_reasons(street([0, 10], post_steps=steps, **given))) == left_out


def test_missing_first_half_is_named(street: Street) -> None:
    """What should come first is dropped at the door: there is nothing to carry on."""
    problem = street(
        [0, 10, 30],
        pickup_place=[0, 1],
        option_leg=[0, 0, 1],
        option_place=[2, 1, 2],
        option_hub=[-1, 0, -1],
        hub_slots_free=[[1]],
        after_leg=[-1, 0],
        start_place=[0],
        end_place=[0],
    )
    assert _reasons(problem) == [Reason.PRECEDENCE]


def test_frozen_stop_in_the_way_is_named(street: Street) -> None:
    """The pickup would be in time on the way to the stop that the courier is bound for."""
    frozen = FrozenStops(*(np.array(x) for x in ([0, 1], [0], [1], [0], [0])))
    problem = street(
        [0, 10, 30],
        pickup_place=[-1, 1],
        on_board=[0, -1],
        option_place=[2, 2],
        pickup_closes=[1000, 20],
        start_place=[0],
        end_place=[0],
        frozen=frozen,
    )
    assert _reasons(problem) == [Reason.FROZEN]


def test_the_search_is_not_blamed_for_a_lack_of_couriers(
    scattered: Callable[[int, int, int], Problem],
) -> None:
    """For the many legs that too few couriers leave out, the search is not to blame."""
    problem = scattered(5, 200, 12)
    plan = insert.solve(problem, passes=0)
    reasons = {entry.reason for entry in explain.explained(problem, plan)}
    assert len(plan.unassigned) > 100
    assert Reason.SEARCH_LIMIT not in reasons


def test_who_may_enter_but_not_in_time_is_nearer_than_who_may_not(street: Street) -> None:
    """The reason is that of the courier who comes nearest to serving the leg."""
    problem = street(
        [0, 10, 30],
        pickup_place=[1],
        option_place=[2],
        start_place=[0, 0],
        end_place=[0, 0],
        off_duty=[10**6, 64],
        place_gate=[-1, -1, 0],
        access=[0, 1],
        gate_entry=[[-1], [5]],
    )
    assert solve(problem, engine="insert").unassigned == (Unassigned(0, Reason.HOURS),)


def test_no_couriers_means_nobody_in_range(street: Street) -> None:
    """With nobody there, nobody is in range."""
    problem = street([0, 1], pickup_place=[0], option_place=[1], start_place=[], end_place=[])
    assert solve(problem).unassigned == (Unassigned(0, Reason.NO_COURIER_IN_RANGE),)


def test_full_tour_is_named(street: Street) -> None:
    """Feasible alone, but the only courier has no room left: the reason is his, not the leg's."""
    problem = street(
        [0, 10],
        pickup_place=[0, 0],
        option_place=[1, 1],
        start_place=[0],
        end_place=[0],
        most_parcels=[1],
        unassigned_cost=[10**6, 10**5],
    )
    assert solve(problem, engine="insert").unassigned[0].reason is Reason.CAPACITY


def test_search_limit_is_said_where_an_insertion_would_pay(two_legs_two_couriers: Problem) -> None:
    """A plan that leaves out what one insertion would serve at a profit says so."""
    lazy = Plan(
        tours=(),
        unassigned=(Unassigned(0, Reason.SEARCH_LIMIT), Unassigned(1, Reason.SEARCH_LIMIT)),
        cost=20_000,
        engine="lazy",
    )
    reasons = explain.explained(two_legs_two_couriers, lazy)
    assert {entry.reason for entry in reasons} == {Reason.SEARCH_LIMIT}


def test_front_door_takes_either_engine(two_legs_two_couriers: Problem) -> None:
    """The engine asked for made the plan, and the plan says so."""
    assert solve(two_legs_two_couriers, engine="insert").engine == insert.ENGINE
    plan = solve(two_legs_two_couriers, seed=3, iterations=50)
    assert (plan.engine, plan.seed) == ("routing", 3)
    assert plan.stopped_by is StoppedBy.ITERATION_LIMIT
