"""Files of the Optimization Grand Challenge: what they become, and their rules."""

import json
from typing import Any

import pytest

from dispatch.solver import check
from dispatch.solver.formats import ogc, plans
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.formats.ogc import Route
from dispatch.solver.formats.scores import ogc_score
from dispatch.solver.plan import Plan

BUNDLE: list[Route] = [("BIKE", [0, 1], [0, 1])]
APART: list[Route] = [("BIKE", [0], [0]), ("WALK", [1], [1])]


def _plan(orders: ogc.Orders, routes: list[Route]) -> Plan:
    problem = orders.problem()
    tours = plans.timed(problem, orders.tours(routes))
    unpriced = Plan(tours=tours, unassigned=(), cost=0, engine="hand")
    return Plan(tours=tours, unassigned=(), cost=check.cost(problem, unpriced), engine="hand")


def test_orders_become_legs_and_types_become_classes(ogc_text: str) -> None:
    """Service is inside the ways, which are rounded; pay is times 1000."""
    problem = ogc.read(ogc_text).problem()
    assert problem.pickup_opens.tolist() == [110, 140]
    assert problem.travel[0, 0].tolist() == [60, 110, 260, 310]
    assert problem.travel[1, 0].tolist() == [30, 230, 830, 1030]
    assert problem.arc_cost is not None
    assert int(problem.arc_cost[0, 0, 1]) == 150_000
    assert problem.fixed_cost.tolist() == [5_000_000, 4_000_000]
    assert problem.pickups_first.all()
    assert problem.start_place.tolist() == [-1, -1]


def test_the_average_pay_is_the_files_own(ogc_text: str) -> None:
    """5000 and 60 for each of 250 + 750 + 500 metres by 100, over two orders."""
    orders = ogc.read(ogc_text)
    score = ogc_score(orders, BUNDLE)
    assert (score.vehicles, score.faults) == (1, ())
    assert score.cost == pytest.approx((5000 + 15 * 60) / 2)
    plan = _plan(orders, BUNDLE)
    assert check.violations(orders.problem(), plan) == []
    assert plan.cost == pytest.approx(2 * 1000 * score.cost)
    assert orders.routes(plan) == BUNDLE


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([("BIKE", [0], [0])], "order 1 is not served"),
        ([*APART, ("BIKE", [0], [0])], "order 0 is served 2 times"),
        ([*APART, ("BIKE", [0], [0])], "2 routes of BIKE, of whom there are 1"),
        ([("CAR", [0, 1], [0, 1])], "route 0: no rider CAR"),
        ([("BIKE", [0, 7], [0, 7])], "route 0: no such order, or none"),
        ([("BIKE", [], [])], "route 0: no such order, or none"),
        ([("BIKE", [0, 1], [0])], "route 0: picks up other orders than it drops off"),
        ([("WALK", [0, 1], [0, 1])], "route 0: volume 9, capacity is 6"),
        ([("WALK", [0, 1], [0, 1])], "route 0: order 1 at 1400, deadline is 1300"),
    ],
)
def test_bundles_that_break_a_rule_are_told(
    ogc_value: dict[str, Any], routes: list[Route], fault: str
) -> None:
    """Each rule of the contest has its line."""
    ogc_value["ORDERS"][1][8] = 1300
    assert fault in ogc_score(ogc.read(json.dumps(ogc_value)), routes).faults


def test_a_type_of_whom_there_is_nobody_is_left_out(ogc_value: dict[str, Any]) -> None:
    """A count of 0 is no class of couriers; no rider at all is no error either."""
    ogc_value["RIDERS"][1][6] = 0
    assert ogc.read(json.dumps(ogc_value)).problem().courier_count == 1
    ogc_value["RIDERS"] = []
    assert ogc.read(json.dumps(ogc_value)).problem().courier_count == 0


def test_no_orders_are_nothing_to_do() -> None:
    """Zero orders are no error."""
    orders = ogc.read(
        '{"K": 0, "RIDERS": [["BIKE", 5, 10, 60, 5000, 60, 1]], "ORDERS": [], "DIST": []}'
    )
    assert orders.problem().leg_count == 0
    assert ogc_score(orders, []).cost == 0.0


@pytest.mark.parametrize(
    ("path", "value", "fault"),
    [
        (("K",), 3, "ORDERS: 2 orders, but K is 3"),
        (("K",), None, "K: is missing"),
        (("DIST",), [[0]], "DIST: 1 rows, expected 4"),
        (("DIST", 1), [0, 1], "DIST[1]: 2 numbers, expected 4"),
        (("DIST", 1, 2), -5, "DIST[1][2]: -5 is not from 0 to 5.36871e+08"),
        (("DIST", 1, 2), float("nan"), "DIST[1][2]: NaN is not from 0"),
        (("DIST", 1, 2), 2**40, "DIST[1][2]: 1099511627776 is not from 0"),
        (("ORDERS", 1), [1, 2], "ORDERS[1]: expected 9 values, found 2"),
        (("ORDERS", 1, 0), 0, "ORDERS[1][0] (id): expected 1"),
        (("ORDERS", 1, 7), 2.5, "ORDERS[1][7] (volume): 2.5 is not a whole number"),
        (("ORDERS", 1, 8), 2**33, "ORDERS[1][8] (deadline): 8589934592 is more than"),
        (("ORDERS", 1, 8), 1e999, "ORDERS[1][8] (deadline): Infinity is not a whole number"),
        (("RIDERS", 1, 1), 0, "RIDERS[1][1] (speed): nobody gets anywhere"),
        (("RIDERS", 1, 0), "BIKE", "RIDERS: BIKE stands there twice"),
        (("COLOUR",), "red", "COLOUR: unknown key"),
    ],
)
def test_bad_fields_are_named(
    ogc_value: dict[str, Any], path: tuple[Any, ...], value: object, fault: str
) -> None:
    """Sizes that do not agree, contradictions, numbers that are none."""
    at: Any = ogc_value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = value
    with pytest.raises(FormatError) as error:
        ogc.read(json.dumps(ogc_value))
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


def test_a_file_cut_short_is_refused(ogc_text: str) -> None:
    """Where it ends is named."""
    for kept in range(0, len(ogc_text), 40):
        with pytest.raises(FormatError, match=r"line 1, column .*is not JSON"):
            ogc.read(ogc_text[:kept])


def test_a_doubled_key_is_refused() -> None:
    """JSON itself would let the last one win."""
    with pytest.raises(FormatError, match="K: stands twice"):
        ogc.read('{"K": 1, "K": 2}')
