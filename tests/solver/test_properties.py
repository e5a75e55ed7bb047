"""Random small problems: whatever the engines answer, the oracle agrees with it."""

from collections.abc import Callable
from typing import Any

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from dispatch.solver import check, insert, routing
from dispatch.solver.arrays import Lists
from dispatch.solver.plan import Plan
from dispatch.solver.problem import FOREVER, NOT_LEFT, UNREACHABLE, Problem
from dispatch.solver.solve import solve

_QUICK = settings(
    max_examples=60, deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)


def _ints(rng: np.random.Generator, low: int, high: int, size: Any) -> Any:
    return rng.integers(low, high + 1, size)


def _maybe(rng: np.random.Generator, share: float, yes: Any, no: Any) -> Any:
    return np.where(rng.random(np.shape(yes)) < share, yes, no)


def _legs(rng: np.random.Generator, legs: int, couriers: int, places: int) -> dict[str, Any]:
    option_leg = np.repeat(np.arange(legs), _ints(rng, 1, 2, legs))
    options = len(option_leg)
    committed = _maybe(rng, 0.25, _ints(rng, 0, couriers - 1, legs), -1)
    carried = (committed >= 0) & (rng.random(legs) < 0.5)
    opens = _ints(rng, -20, 60, legs)
    option_opens = _ints(rng, -20, 80, options)
    closes = option_opens + _ints(rng, 0, 150, options)
    return {
        "pickup_place": np.where(
            carried, -1, _maybe(rng, 0.9, _ints(rng, 0, places - 1, legs), -1)
        ),
        "on_board": np.where(carried, committed, -1),
        "must_courier": np.where(carried, -1, committed),
        "pickup_opens": opens,
        "pickup_closes": opens + _ints(rng, 0, 150, legs),
        "pickup_service": _ints(rng, 0, 5, legs),
        "barred": Lists.of(
            [np.flatnonzero(rng.random(couriers) < 0.1).tolist() for _ in range(legs)]
        ),
        "load": _ints(rng, 0, 4, (legs, 2)),
        "leg_skills": _ints(rng, 0, 3, legs).astype(np.uint64)
        & _ints(rng, 0, 3, legs).astype(np.uint64),
        "unassigned_cost": _ints(rng, 0, 20_000, legs),
        "lateness_cost": _ints(rng, 0, 50, legs),
        "option_leg": option_leg,
        "option_place": _ints(rng, 0, places - 1, options),
        "option_opens": option_opens,
        "option_due": closes - _ints(rng, 0, 100, options),
        "option_closes": closes,
        "option_service": _ints(rng, 0, 5, options),
        "option_cost": _ints(rng, 0, 300, options),
        "option_effort": _ints(rng, 0, 9, options),
    }


def _couriers(rng: np.random.Generator, couriers: int, places: int) -> dict[str, Any]:
    on_duty = _ints(rng, 0, 30, couriers)
    start = _ints(rng, 0, places - 1, couriers)
    left = _maybe(rng, 0.2, -_ints(rng, 0, 40, couriers), NOT_LEFT)
    return {
        "start_place": np.where(left <= 0, start, _maybe(rng, 0.8, start, -1)),
        "end_place": _maybe(rng, 0.7, _ints(rng, 0, places - 1, couriers), -1),
        "on_duty": on_duty,
        "off_duty": on_duty + _ints(rng, 20, 300, couriers),
        "left": left,
        "leash": _maybe(rng, 0.7, _ints(rng, 20, 200, couriers), FOREVER),
        "allowance": _ints(rng, 0, 100, couriers),
        "cost_over_allowance": _maybe(rng, 0.5, _ints(rng, 0, 30, couriers), 0),
        "return_reserve_permille": _maybe(rng, 0.3, _ints(rng, 0, 500, couriers), 0),
        "capacity": _ints(rng, 2, 8, (couriers, 2)),
        "most_parcels": _ints(rng, 1, 4, couriers),
        "mode": _ints(rng, 0, 1, couriers),
        "courier_skills": _ints(rng, 0, 3, couriers).astype(np.uint64),
        "fixed_cost": _ints(rng, 0, 500, couriers),
        "cost_per_travel": _ints(rng, 0, 20, couriers),
        "cost_per_away": _ints(rng, 0, 20, couriers),
        "cost_per_m": _ints(rng, 0, 5, couriers),
        "cost_per_parcel": _ints(rng, 0, 100, couriers),
        "cost_per_effort": _ints(rng, 0, 10, couriers),
    }


@st.composite
def problems(draw: Callable[[st.SearchStrategy[Any]], Any]) -> Problem:
    """Up to seven legs and four couriers, with everything that the engines honour."""
    rng = np.random.default_rng(draw(st.integers(0, 2**32)))
    legs, couriers, places = (int(draw(st.integers(1, top))) for top in (7, 4, 9))
    points = _ints(rng, 0, 60, (places, 2))
    way = np.abs(points[:, None] - points[None]).sum(axis=2)
    travel = np.stack([way, 2 * way]).astype(np.int32)
    travel[rng.random(travel.shape) < 0.03] = UNREACHABLE
    fields = {**_legs(rng, legs, couriers, places), **_couriers(rng, couriers, places)}
    personal = fields["left"] <= 0
    for leg in range(legs):
        for courier in (fields["on_board"][leg], fields["must_courier"][leg]):
            if courier >= 0:
                personal[courier] = True
    fields["count"] = np.where(personal, 1, _ints(rng, 1, 2, couriers))
    if draw(st.booleans()):
        fields["arc_cost"] = _ints(rng, 0, 500, travel.shape)
    if draw(st.booleans()):
        fields["place_gate"] = _ints(rng, -1, 1, places)
        fields["access"] = _ints(rng, 0, 1, couriers)
        fields["gate_entry"] = _maybe(rng, 0.7, _ints(rng, 0, 20, (2, 2)), -1)
    return Problem(travel=travel, distance_m=np.stack([way, way]).astype(np.int32), **fields)


def _holds(problem: Problem, plan: Plan) -> None:
    assert check.violations(problem, plan) == []
    assert plan.cost == check.cost(problem, plan)


@_QUICK
@given(problems())
def test_oracle_agrees_with_insertion(problem: Problem) -> None:
    """Insertion's plans break nothing and cost what they say, in every corner of the schema."""
    _holds(problem, insert.solve(problem))


@_QUICK
@given(problems())
def test_oracle_agrees_with_routing(problem: Problem) -> None:
    """So do OR-Tools' plans, which are never dearer than the insertion they start from."""
    plan = routing.solve(problem, solution_limit=5)
    _holds(problem, plan)
    assert plan.cost <= insert.solve(problem).cost
    assert plan.notes == (), "OR-Tools takes every warm start"


@_QUICK
@given(problems())
def test_oracle_agrees_with_the_front_door(problem: Problem) -> None:
    """Explaining a plan changes neither its tours nor its cost, and explains every leg left out."""
    plan = solve(problem, engine="insert")
    _holds(problem, plan)
    assert plan.tours == insert.solve(problem, passes=0).tours
