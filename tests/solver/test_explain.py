"""Each reason code, on the smallest problem that has it."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from dispatch.solver import explain, insert
from dispatch.solver.arrays import Lists
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
    plan = solve(two_legs_two_couriers, seed=3, solution_limit=5)
    assert (plan.engine, plan.seed) == ("routing", 3)
    assert plan.stopped_by in {StoppedBy.SOLUTION_LIMIT, StoppedBy.STEP_LIMIT}
