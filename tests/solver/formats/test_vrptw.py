"""Solomon's files: what they become, what of them is refused, how routes are scored."""

import math
from collections.abc import Callable

import pytest

from dispatch.solver import check
from dispatch.solver.formats import plans, vrptw
from dispatch.solver.formats.depot import Rounding
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.formats.scores import depot_score
from dispatch.solver.plan import Plan
from dispatch.solver.problem import FOREVER

Change = Callable[[str, int, str | None], str]


def test_reads_the_numbers_of_the_file(vrptw_text: str) -> None:
    """Fleet, windows and demands are the file's own, whatever ends its lines."""
    depot = vrptw.read(vrptw_text.replace("\n", "\r\n"))
    assert (depot.name, depot.vehicles, depot.capacity) == ("TINY", 3, 10)
    assert depot.nodes.tolist() == [0, 1, 2, 3]
    assert depot.closes.tolist() == [100, 60, 60, 60]
    assert depot.requests.tolist() == [[0, 1], [0, 2], [0, 3]]


def test_exact_ticks_are_the_finest_that_fit_and_ways_are_rounded_up(
    vrptw_text: str, change: Change
) -> None:
    """Horizon 100 leaves room for seven digits; the root of 13 is not whole and goes up."""
    depot = vrptw.read(change(vrptw_text, 11, "1 3 2 4 0 60 10"))
    problem = depot.problem()
    assert depot.ticks("exact") == 10**7
    assert int(problem.off_duty[0]) < FOREVER
    ticks = depot.ticks("exact")
    assert int(problem.travel[0, 0, 1]) == math.ceil(13**0.5 * ticks)
    assert int(problem.travel[0, 0, 2]) == 10 * ticks


def test_dimacs_truncates_to_one_decimal(vrptw_text: str, change: Change) -> None:
    """The root of 13 is 3.6 and ticks are tenths."""
    problem = vrptw.read(change(vrptw_text, 11, "1 3 2 4 0 60 10")).problem(rounding="dimacs")
    assert int(problem.travel[0, 0, 1]) == 36
    assert int(problem.option_service[0]) == 100
    assert int(problem.off_duty[0]) == 1000


def test_a_vehicle_outweighs_every_way_and_a_customer_every_vehicle(vrptw_text: str) -> None:
    """Vehicles come first, but never before serving everybody."""
    depot = vrptw.read(vrptw_text)
    problem = depot.problem(objective="vehicles")
    there_and_back = 2 * int(problem.travel[0, 0].sum())
    assert int(problem.fixed_cost[0]) > there_and_back
    assert int(problem.unassigned_cost[0]) > 3 * int(problem.fixed_cost[0])
    alone = depot.problem(objective="distance")
    assert int(alone.fixed_cost[0]) == 0
    assert int(alone.unassigned_cost[0]) > there_and_back


def test_more_vehicles_than_customers_are_not_planned_with(vrptw_text: str, change: Change) -> None:
    """Prices stay what they are for three; the score goes by the file's number."""
    depot = vrptw.read(change(vrptw_text, 5, "2000000000 10"))
    assert depot.vehicles == 2_000_000_000
    assert depot.problem().digest() == vrptw.read(vrptw_text).problem().digest()
    assert depot_score(depot, [[1], [2], [3]]).faults == ()


@pytest.mark.parametrize("rounding", ["exact", "dimacs"])
def test_routes_become_a_plan_without_violations_and_come_back(
    vrptw_text: str, rounding: Rounding
) -> None:
    """The oracle accepts what the published rules accept, and prices it alike."""
    depot = vrptw.read(vrptw_text)
    problem = depot.problem(rounding=rounding)
    routes = [[1, 2], [3]]
    tours = plans.timed(problem, depot.tours(routes))
    cost = 2 * int(problem.fixed_cost[0]) + 34 * depot.ticks(rounding)
    plan = Plan(tours=tours, unassigned=(), cost=cost, engine="hand")
    assert check.violations(problem, plan) == []
    assert depot.routes(plan) == routes
    score = depot_score(depot, routes, rounding=rounding)
    assert (score.vehicles, score.cost, score.faults) == (2, 34.0, ())


def test_dimacs_scores_truncated_ways(vrptw_text: str, change: Change) -> None:
    """There and back to the root of 13 is 7.2, not 7.21."""
    depot = vrptw.read(change(vrptw_text, 11, "1 3 2 4 0 60 10"))
    routes = [[1], [2], [3]]
    assert depot_score(depot, routes, rounding="dimacs").cost == 41.2
    assert depot_score(depot, routes).cost == pytest.approx(34 + 2 * 13**0.5, abs=1e-12)


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([[1, 2]], "node 3 is not served"),
        ([[1, 2], [3, 3]], "node 3 is served 2 times"),
        ([[1, 2, 3]], "route 0: starts with 12, capacity is 10"),
        ([[9]], "route 0: node 9 is not in the file"),
        ([[0, 1]], "route 0: node 0 is the depot"),
    ],
)
def test_bad_routes_are_told_by_route_and_node(
    vrptw_text: str, routes: list[list[int]], fault: str
) -> None:
    """Each rule of the published problem has its line."""
    assert fault in depot_score(vrptw.read(vrptw_text), routes).faults


@pytest.mark.parametrize(
    ("number", "line", "fault"),
    [
        (11, "1 3 4 4 0 4 10", "route 0: node 1 at 5.000, closes at 4"),
        (10, "0 0 0 0 0 30 0", "route 0: is back at 40.000, the depot closes at 30"),
        (5, "1 10", "2 routes, but 1 vehicles"),
    ],
)
def test_late_routes_and_too_many_are_told(
    vrptw_text: str, change: Change, number: int, line: str, fault: str
) -> None:
    """A customer after his window, a return after the depot's, a second vehicle of one."""
    depot = vrptw.read(change(vrptw_text, number, line))
    assert fault in depot_score(depot, [[1, 2], [3]]).faults


@pytest.mark.parametrize(
    ("number", "line", "fault"),
    [
        (13, "3 0 7 4", "line 13: expected 7 numbers, found 4"),
        (12, "1 6 8 4 0 60 10", "line 12: id: node 1 stands on line 11 already"),
        (13, "3 0 7 4 70 60 10", "line 13: closes at 60 before it opens at 70"),
        (13, "3 nan 7 4 20 60 10", "line 13: x: 'nan' is not a number"),
        (13, "3 0 inf 4 20 60 10", "line 13: y: 'inf' is not a number"),
        (13, "3 0 7 -4 20 60 10", "line 13: demand: is negative"),
        (13, "3 0 7 4.5 20 60 10", "line 13: demand: 4.5 is not a whole number"),
        (13, "3 0 7 4e9 20 60 10", "line 13: demand: 4e9 does not fit into 32 bits"),
        (13, "3 0 7 4 20 60 -1", "line 13: service: is negative"),
        (10, "0 0 0 5 0 100 0", "line 10: the depot has a demand or a service time"),
        (5, "0 10", "line 5: vehicles: 0, expected at least 1"),
        (5, "3", "line 5: expected 2 numbers, found 1"),
        (7, None, "line 7: expected CUSTOMER, found 'CUST NO."),
    ],
)
def test_bad_lines_are_named(
    vrptw_text: str, change: Change, number: int, line: str | None, fault: str
) -> None:
    """Cut short, doubled, contradictory, not a number, too large: each by its line."""
    with pytest.raises(FormatError) as error:
        vrptw.read(change(vrptw_text, number, line))
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


def test_every_bad_line_is_told_at_once(vrptw_text: str, change: Change) -> None:
    """Two bad customers are two faults."""
    text = change(change(vrptw_text, 11, "1 3 4 x 0 60 10"), 13, "3 0 7 4 70 60 10")
    with pytest.raises(FormatError) as error:
        vrptw.read(text)
    assert [fault.split(":")[0] for fault in error.value.faults] == ["line 11", "line 13"]


@pytest.mark.parametrize("kept", range(9))
def test_a_file_cut_before_the_depot_is_refused(vrptw_text: str, kept: int) -> None:
    """What is missing is named."""
    text = "".join(vrptw_text.splitlines(keepends=True)[:kept])
    with pytest.raises(FormatError, match="ends"):
        vrptw.read(text)


def test_a_horizon_beyond_ticks_is_refused(vrptw_text: str, change: Change) -> None:
    """Two thousand million units leave no room for one decimal."""
    with pytest.raises(FormatError, match="horizon 2e"):
        vrptw.read(change(vrptw_text, 10, "0 0 0 0 0 2000000000 0")).problem()


def test_prices_beyond_a_problem_are_refused_in_words_of_the_file(vrptw_text: str) -> None:
    """Fifteen hundred customers and vehicles on ways of fifty million units."""
    lines = vrptw_text.replace("   3 ", "9999 ").splitlines()[:9]
    lines.append("0 0 0 0 0 100000000 0")
    lines += [f"{node} 50000000 0 1 0 100000000 0" for node in range(1, 1501)]
    with pytest.raises(FormatError, match="TINY: 1500 vehicles on so long ways are too many"):
        vrptw.read("\n".join(lines)).problem()


def test_a_depot_alone_is_a_problem_with_nothing_to_do(vrptw_text: str) -> None:
    """Zero customers are no error."""
    depot = vrptw.read("".join(vrptw_text.splitlines(keepends=True)[:10]))
    assert depot.problem().leg_count == 0
    assert depot_score(depot, []).cost == 0.0


def test_decimals_are_rounded_to_the_safe_side(vrptw_text: str, change: Change) -> None:
    """In tenths an opening of 0.25 is 0.3, a closing of 60.75 is 60.7, a service of 9.99 is 10."""
    depot = vrptw.read(change(vrptw_text, 11, "1 3 4 4 0.25 60.75 9.99"))
    problem = depot.problem(rounding="dimacs")
    assert int(problem.option_opens[0]) == 3
    assert int(problem.option_closes[0]) == 607
    assert int(problem.option_service[0]) == 100
    exact = depot.problem()
    assert int(exact.option_opens[0]) == 2_500_000
    assert int(exact.option_service[0]) == 99_900_000
