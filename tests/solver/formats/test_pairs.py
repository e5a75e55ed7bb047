"""Li and Lim's and Sartori and Buriol's files: pairs with windows from one depot."""

from collections.abc import Callable

import pytest

from dispatch.solver import check
from dispatch.solver.formats import lilim, plans, sartori
from dispatch.solver.formats.depot import Depot
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.formats.scores import depot_score
from dispatch.solver.plan import Plan

Change = Callable[[str, int, str | None], str]


def _plan(depot: Depot, routes: list[list[int]]) -> Plan:
    problem = depot.problem()
    tours = plans.timed(problem, depot.tours(routes))
    unpriced = Plan(tours=tours, unassigned=(), cost=0, engine="hand")
    return Plan(tours=tours, unassigned=(), cost=check.cost(problem, unpriced), engine="hand")


def test_li_and_lim_becomes_pairs(lilim_text: str) -> None:
    """Places are nodes, loads are what the pickup takes up."""
    depot = lilim.read(lilim_text)
    problem = depot.problem()
    assert depot.requests.tolist() == [[1, 2], [3, 4]]
    assert problem.pickup_place.tolist() == [1, 3]
    assert problem.load.tolist() == [[6], [5]]
    assert int(problem.count[0]) == 2
    assert depot.nodes_of(1) == [3, 4]


def test_li_and_lim_is_scored_in_double_precision(lilim_text: str) -> None:
    """Two vehicles: 5 + 5 + 10 and 1 + 1 + 2; one after the other: from (0, 2) to (3, 4)."""
    depot = lilim.read(lilim_text)
    score = depot_score(depot, [[1, 2], [3, 4]])
    assert (score.vehicles, score.cost, score.faults) == (2, 24.0, ())
    one = [[3, 4, 1, 2]]
    assert depot_score(depot, one).cost == pytest.approx(2 + 13**0.5 + 5 + 10, abs=1e-12)
    assert check.violations(depot.problem(), _plan(depot, one)) == []
    assert depot.routes(_plan(depot, one)) == one


@pytest.mark.parametrize(
    ("routes", "fault"),
    [
        ([[1, 3, 2, 4]], "route 0: carries 11 after node 3, capacity is 10"),
        ([[2, 1], [3, 4]], "route 0: node 2 before its pickup 1"),
        ([[1], [3, 4, 2]], "route 0: node 1 without its delivery 2"),
    ],
)
def test_broken_pairs_are_told(lilim_text: str, routes: list[list[int]], fault: str) -> None:
    """Overloaded, the wrong way round, torn apart."""
    assert fault in depot_score(lilim.read(lilim_text), routes).faults


@pytest.mark.parametrize(
    ("number", "line", "fault"),
    [
        (1, "2 10 5", "line 1: speed: 5 is not supported"),
        (1, "2 10", "line 1: expected 3 numbers, found 2"),
        (4, "2 6 8 -6 0 60 2 1", "line 4: expected 9 numbers, found 8"),
        (4, "2 6 8 -6 0 60 2 1 3", "line 4: expected either a pickup or a delivery"),
        (4, "2 6 8 -5 0 60 2 1 0", "line 3: takes up 6, line 4 lets down 5"),
        (4, "2 6 8 -6 0 60 2 3 0", "line 3: line 4 does not name this node in turn"),
        (4, "2 6 8 -6 0 60 2 7 0", "line 4: there is no node 7 to go with this one"),
        (4, None, "line 3: there is no node 2 to go with this one"),
        (5, "3 0 1 5 0 90 2 0 4 1", "line 5: expected 9 numbers, found 10"),
    ],
)
def test_bad_lines_of_li_and_lim_are_named(
    lilim_text: str, change: Change, number: int, line: str | None, fault: str
) -> None:
    """Pairs that do not fit together are told by the line of either."""
    with pytest.raises(FormatError) as error:
        lilim.read(change(lilim_text, number, line))
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


def test_a_file_of_one_line_is_cut_short(lilim_text: str) -> None:
    """There is no depot."""
    with pytest.raises(FormatError, match="line 1: the file ends here"):
        lilim.read(lilim_text.splitlines()[0])


def test_sartori_has_its_own_matrix_and_horizon(sartori_text: str) -> None:
    """Minutes as they stand, ROUTE-TIME before the depot's window, as many vehicles as pairs."""
    depot = sartori.read(sartori_text)
    problem = depot.problem()
    assert depot.name == "tiny-n4"
    assert problem.travel[0, 0].tolist() == [0, 5, 6, 7, 8]
    assert problem.travel[0, :, 0].tolist() == [0, 5, 6, 7, 3]
    assert int(problem.off_duty[0]) == 100
    assert int(problem.count[0]) == 2


def test_sartori_is_scored_by_vehicles_and_minutes(sartori_text: str) -> None:
    """0-1-3-0 is 5 + 4 + 7; 0-2-4-0 is 6 + 9 + 3, home from node 4 being shorter than out."""
    depot = sartori.read(sartori_text)
    routes = [[1, 3], [2, 4]]
    score = depot_score(depot, routes)
    assert (score.vehicles, score.cost, score.faults) == (2, 34.0, ())
    plan = _plan(depot, routes)
    assert check.violations(depot.problem(), plan) == []
    assert plan.cost == 2 * int(depot.problem().fixed_cost[0]) + 34


@pytest.mark.parametrize(
    ("number", "line", "fault"),
    [
        (5, "SIZE: 6", "line 17: expected a node's 9 numbers, found EDGES: 5 of 6 lines"),
        (5, "SIZE: 4", "line 16: expected EDGES after 4 nodes, found '4'"),
        (5, None, "line 10: SIZE is missing above"),
        (5, "SIZE: 0", "SIZE: not even a depot"),
        (5, "SIZE: many", "line 5: SIZE: 'many' is not a whole number"),
        (10, "CAPACITY: 99999999999", "line 10: CAPACITY: '99999999999' is not a whole number of"),
        (9, "COLOUR: red", "line 9: unknown key 'COLOUR'"),
        (13, "1 41.2 2.2 6 0.5 50 2 0 3", "line 13: opens: 0.5 is not a whole number"),
        (13, "1 41.2 2.2 6 0 50 2 0 4", "line 13: line 16 does not name this node in turn"),
        (18, "0 5 6 7", "line 18: expected 5 numbers, found 4"),
        (19, "5 0 -1 4 9", "line 19: column 3: -1 is negative"),
        (19, "5 0 1.5 4 9", "line 19: column 3: '1.5' is not a whole number of 32 bits"),
        (19, "5 0 nan 4 9", "line 19: column 3: 'nan' is not a whole number of 32 bits"),
        (19, "5 0 9999999999 4 9", "line 19: column 3: 9999999999 does not fit into 32 bits"),
        (19, f"5 0 {10**30} 4 9", f"line 19: column 3: '{10**30}' is not a whole number"),
        (22, None, "line 22: expected 5 times, found EOF: 4 of 5 lines"),
        (23, None, "line 22: the file ends here, expected EOF"),
    ],
)
def test_bad_lines_of_sartori_are_named(
    sartori_text: str, change: Change, number: int, line: str | None, fault: str
) -> None:
    """Sizes that do not agree, a matrix that is none, a file cut short."""
    with pytest.raises(FormatError) as error:
        sartori.read(change(sartori_text, number, line))
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


@pytest.mark.parametrize("kept", range(23))
def test_a_file_cut_after_any_line_is_refused(sartori_text: str, kept: int) -> None:
    """It says how long it is, so every cut shows."""
    with pytest.raises(FormatError, match="line"):
        sartori.read("".join(sartori_text.splitlines(keepends=True)[:kept]))


def test_a_depot_alone_is_a_problem_with_nothing_to_do(sartori_text: str) -> None:
    """Zero pairs are no error."""
    lines = sartori_text.splitlines(keepends=True)
    text = "".join([*lines[:4], "SIZE: 1\n", *lines[5:12], "EDGES\n", "0\n", "EOF\n"])
    assert sartori.read(text).problem().leg_count == 0
