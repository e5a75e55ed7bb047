"""Plan files: there and back, and what is refused."""

import json
from dataclasses import replace
from typing import Any

import pytest

from dispatch.solver import check
from dispatch.solver.formats import plans
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.plan import Plan, Reason, Unassigned
from dispatch.solver.problem import Problem


@pytest.fixture
def plan(two_legs_two_couriers: Problem) -> Plan:
    """Courier 1 has leg 1, leg 0 is left out."""
    tours = plans.timed(two_legs_two_couriers, [(1, [(1, 0, -1), (1, 1, 1)])])
    left_out = (Unassigned(0, Reason.NOT_WORTH_IT),)
    unpriced = Plan(tours=tours, unassigned=left_out, cost=0, engine="search", iterations=7)
    return replace(unpriced, cost=check.cost(two_legs_two_couriers, unpriced))


def test_a_plan_comes_back_timed_and_priced(two_legs_two_couriers: Problem, plan: Plan) -> None:
    """What the file says is enough to time the tours anew."""
    value = plans.document(plan, cpu_s=1.23456)
    assert value["routes"] == [{"courier": 1, "stops": [[1, 0, -1], [1, 1, 1]]}]
    assert value["unassigned"] == [{"leg": 0, "reason": "NOT_WORTH_IT"}]
    assert (value["vehicles"], value["iterations"], value["cpu_s"]) == (1, 7, 1.235)
    back = plans.read(json.dumps(value), two_legs_two_couriers)
    assert (back.tours, back.unassigned, back.cost) == (plan.tours, plan.unassigned, plan.cost)
    assert check.violations(two_legs_two_couriers, back) == []


@pytest.mark.parametrize(
    ("changes", "fault"),
    [
        ({"colour": 1}, "colour: unknown key"),
        ({"routes": None}, "routes: is missing"),
        ({"routes": [{"courier": 2, "stops": []}]}, "routes[0].courier: 2 is more than 1"),
        ({"routes": [{"stops": []}]}, "routes[0].courier: is missing"),
        ({"routes": [{"courier": 0, "stops": [[0, 1]]}]}, "routes[0].stops[0]: 2 values"),
        ({"routes": [{"courier": 0, "stops": [[5, 0, -1]]}]}, "routes[0].stops[0][0]: 5 is more"),
        ({"routes": [{"courier": 0, "stops": [[0, 0, 0]]}]}, "routes[0].stops[0]: a pickup has no"),
        ({"routes": [{"courier": 0, "stops": [[0, 1, 1]]}]}, "routes[0].stops[0][2]: is no option"),
        ({"unassigned": [{"leg": 0, "reason": "RAIN"}]}, "unassigned[0].reason: 'RAIN' is no"),
        ({"cost": -1}, "cost: -1 is less than 0"),
    ],
)
def test_bad_fields_are_named(
    two_legs_two_couriers: Problem, plan: Plan, changes: dict[str, Any], fault: str
) -> None:
    """No such leg, courier or option; no such key."""
    value = plans.document(plan, cpu_s=0.0) | changes
    with pytest.raises(FormatError) as error:
        plans.read(json.dumps(value), two_legs_two_couriers)
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


def test_routes_of_nodes_are_read_with_their_figures() -> None:
    """The figures may be missing; what stands there must be numbers."""
    read = plans.read_routes('{"routes": [[1, 2], [3]], "cost": 34.5, "vehicles": 2}')
    assert (read.routes, read.cost, read.vehicles) == ([[1, 2], [3]], 34.5, 2)
    assert plans.read_routes('{"routes": []}').cost is None
    with pytest.raises(FormatError, match=r"routes\[0\]\[1\]: expected a whole number"):
        plans.read_routes('{"routes": [[1, "2"]]}')


def test_bundles_are_read() -> None:
    """The contest's own lists."""
    read = plans.read_bundles('{"routes": [["BIKE", [0, 1], [1, 0]]]}')
    assert read.bundles == [("BIKE", [0, 1], [1, 0])]
    with pytest.raises(FormatError, match=r"routes\[0\]: 2 values, expected type"):
        plans.read_bundles('{"routes": [["BIKE", [0, 1]]]}')
