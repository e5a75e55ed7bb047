"""``antmile plan diff``: what is told of two plans, and the status that says if they differ."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.solver.formats.texts import TEXTS

STREET: dict[str, Any] = {
    "travel": [[[abs(a - b) * 60 for b in range(5)] for a in range(5)]],
    "pickup_place": [-1, -1, -1],
    "option_leg": [0, 0, 1, 2],
    "option_place": [1, 4, 2, 3],
    "start_place": [0, 0],
    "end_place": [0, 0],
    "cost_per_travel": [1, 1],
    "unassigned_cost": [1000, 1000, 1000],
}
"""Three legs that couriers 0 and 1 load at the start; the first may be dropped at 1 or at 4."""


def _plan(*tours: tuple[int, list[tuple[int, int]]], **more: object) -> dict[str, Any]:
    """Give a plan: couriers, and for each leg its option."""
    routes = [
        {"courier": courier, "stops": [[leg, 1, option] for leg, option in stops]}
        for courier, stops in tours
    ]
    return {"routes": routes, **more}


ALL_BY_0 = _plan((0, [(0, 0), (1, 2), (2, 3)]), cost=360)
TWO_AND_ONE = _plan((0, [(0, 0), (1, 2)]), (1, [(2, 3)]), cost=600)


def _diff(folder: Path, a: object, b: object, *more: str) -> Result:
    for name, plan in (("a.json", a), ("b.json", b)):
        (folder / name).write_text(json.dumps(plan))
    arguments = ["plan", "diff", str(folder / "a.json"), str(folder / "b.json"), *more]
    return CliRunner().invoke(app, arguments, env={"COLUMNS": "200"})


def _rows(result: Result) -> list[list[str]]:
    """Return the cells of the table, row by row."""
    lines = [line for line in result.stdout.splitlines() if line.startswith("│")]
    return [[cell.strip() for cell in line.strip("│").split("│")] for line in lines]


@pytest.fixture
def problem(tmp_path: Path) -> str:
    file = tmp_path / "problem.json"
    file.write_text(json.dumps(STREET))
    return str(file)


def test_a_plan_is_no_other_than_itself(tmp_path: Path, problem: str) -> None:
    """Status 0, with and without the problem."""
    for more in ((), ("--problem", problem)):
        result = _diff(tmp_path, ALL_BY_0, ALL_BY_0, *more)
        assert result.exit_code == 0, result.output
        assert result.stdout == "3 as they were\ntours: 1 -> 1\ncost: 360 -> 360 (the same)\n"


def test_who_has_a_leg_in_either_plan_is_told(tmp_path: Path, problem: str) -> None:
    """Status 1; the cost after less before."""
    for more in ((), ("--problem", problem)):
        result = _diff(tmp_path, ALL_BY_0, TWO_AND_ONE, *more)
        assert result.exit_code == 1, result.output
        assert _rows(result) == [["2", "moved", "courier 0", "courier 1"]]
        assert "1 moved, 2 as they were" in result.stdout
        assert "tours: 1 -> 2\ncost: 360 -> 600 (+240, +66.7 %)" in result.stdout


def test_what_only_one_plan_serves_is_told_with_the_reason(tmp_path: Path, problem: str) -> None:
    """Left out by the second, by the first, by both."""
    a = _plan((0, [(0, 0)]), unassigned=[{"leg": 1, "reason": "WINDOW"}, {"leg": 2}])
    b = _plan((0, [(1, 2)]), unassigned=[{"leg": 0, "reason": "HOURS"}, {"leg": 2}])
    for more in ((), ("--problem", problem)):
        result = _diff(tmp_path, a, b, *more)
        assert result.exit_code == 1, result.output
        assert _rows(result) == [
            ["0", "left out", "courier 0", "HOURS"],
            ["1", "served", "WINDOW", "courier 0"],
        ]
        told = "1 left out in B only, 1 served in B only, 1 left out by both\n"
        assert told in result.stdout
        assert "cost: not in both files" in result.stdout


def test_another_order_or_time_is_no_other_assignment(tmp_path: Path, problem: str) -> None:
    """Status 0; the fewest legs that explain the order are named, and with it the time is."""
    b = _plan((0, [(1, 2), (2, 3), (0, 0)]), cost=360)
    result = _diff(tmp_path, ALL_BY_0, b)
    assert result.exit_code == 0, result.output
    assert _rows(result) == [
        ["0", "another order", "courier 0: stop 1, drop-off", "courier 0: stop 3, drop-off"]
    ]
    result = _diff(tmp_path, ALL_BY_0, b, "--problem", problem)
    assert result.exit_code == 0, result.output
    row = ["courier 0: stop 1, drop-off at 0:01", "courier 0: stop 3, drop-off at 0:05"]
    assert _rows(result) == [["0", "another order", *row]]


def test_who_comes_later_is_told_with_the_problem(tmp_path: Path, problem: str) -> None:
    """Legs that follow each other as before, but after a longer way."""
    b = _plan((0, [(0, 0), (2, 3)]), unassigned=[{"leg": 1}])
    a = _plan((0, [(0, 1), (2, 3)]), unassigned=[{"leg": 1}])
    result = _diff(tmp_path, a, b, "--problem", problem)
    assert result.exit_code == 1
    rows = _rows(result)
    assert rows[0][:2] == ["0", "another drop-off"]
    assert rows[0][2:] == ["courier 0: stop 1, drop-off 1", "courier 0: stop 1, drop-off 0"]
    late = [
        "courier 0: stop 2, drop-off at 0:05",
        "courier 0: stop 2, drop-off at 0:03, 2 min earlier",
    ]
    assert rows[1] == ["2", "another time", *late]


def test_routes_are_the_same_where_they_share_most(tmp_path: Path) -> None:
    """Routes have no names: that they stand in another order moves nothing."""
    a = {"routes": [[1, 2, 3], [4, 5, 6]]}
    result = _diff(tmp_path, a, {"routes": [[4, 5, 6], [1, 2, 3]]})
    assert result.exit_code == 0, result.output
    result = _diff(tmp_path, a, {"routes": [[4, 5], [1, 2, 3, 6]]})
    assert result.exit_code == 1
    assert _rows(result) == [["6", "moved", "route 2", "route 1"]]
    result = _diff(tmp_path, a, {"routes": [[4, 5, 6], [1, 2], [3]]})
    assert _rows(result) == [["3", "moved", "route 1", "route 3 of B"]]


def test_alike_couriers_are_matched(tmp_path: Path) -> None:
    """Two tours of one class of couriers may stand in any order."""
    a = _plan((0, [(0, 0), (1, 2)]), (0, [(2, 3)]))
    b = _plan((0, [(2, 3)]), (0, [(0, 0), (1, 2)]))
    assert _diff(tmp_path, a, b).exit_code == 0


def test_answers_of_vroom_have_their_times(tmp_path: Path) -> None:
    """Arrivals and waits are in them; what is left out is told by type and id."""

    def answer(vehicle: int, arrival: int, **more: object) -> dict[str, Any]:
        steps = [
            {"type": "start"},
            {"type": "job", "id": 5, "arrival": arrival, "waiting_time": 60},
            {"type": "end"},
        ]
        return {"routes": [{"vehicle": vehicle, "steps": steps}], "summary": {"cost": 9}, **more}

    result = _diff(tmp_path, answer(1, 3600), answer(1, 3660))
    assert result.exit_code == 0
    at = ["vehicle 1: stop 1, visit at 1:01", "vehicle 1: stop 1, visit at 1:02, 1 min later"]
    assert _rows(result) == [["job 5", "another time", *at]]
    result = _diff(tmp_path, answer(1, 0), answer(2, 0))
    assert _rows(result) == [["job 5", "moved", "vehicle 1", "vehicle 2"]]
    nobody = {"routes": [], "unassigned": [{"id": 5, "type": "job"}], "summary": {"cost": 0}}
    result = _diff(tmp_path, answer(1, 0), nobody)
    assert result.exit_code == 1
    assert _rows(result) == [["job 5", "left out", "vehicle 1", "left out"]]


def test_bundles_go_by_the_type_of_rider(tmp_path: Path) -> None:
    """An order that another type takes has moved."""
    a = {"routes": [["BIKE", [0, 1], [0, 1]]]}
    result = _diff(tmp_path, a, {"routes": [["BIKE", [1], [1]], ["CAR", [0], [0]]]})
    assert _rows(result) == [["0", "moved", "rider BIKE", "rider CAR"]]
    result = _diff(tmp_path, a, {"routes": [["BIKE", [0, 1], [1, 0]]]})
    assert result.exit_code == 0
    assert len(_rows(result)) == 1


def test_the_problem_gives_legs_their_names(tmp_path: Path) -> None:
    """A pair of nodes is one leg."""
    (tmp_path / "lilim.txt").write_text(TEXTS["lilim"])
    a, b = {"routes": [[3, 4, 1, 2]]}, {"routes": [[1, 2], [3, 4]]}
    more = ("--problem", str(tmp_path / "lilim.txt"), "--format", "lilim")
    result = _diff(tmp_path, a, b, *more)
    assert result.exit_code == 1, result.output
    assert _rows(result)[0] == ["3-4", "moved", "route 1", "route 2 of B"]


@pytest.mark.parametrize(
    ("a", "b", "told"),
    [
        ({"routes": [[1]]}, {"cost": 1}, "b.json: routes: is missing"),
        ({"routes": [[1]]}, {"routes": [[1, "2"]]}, "routes[0][1]: expected a whole number"),
        ({"routes": [7]}, {"routes": []}, "are of no format that antmile solve writes"),
        (ALL_BY_0, {"routes": [[1]]}, "are of different formats (antmile, routes of nodes)"),
        (ALL_BY_0, _plan((0, [(0, -3)])), "b.json: routes[0].stops[0][2]: -3 is less than -1"),
        ([], {"routes": []}, "a.json: the file: expected an object"),
    ],
)
def test_what_cannot_be_read_is_refused(tmp_path: Path, a: object, b: object, told: str) -> None:
    """Status 2: nothing was compared."""
    result = _diff(tmp_path, a, b)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert result.stderr.endswith("nothing was compared\n")


def test_plans_of_another_problem_are_refused(tmp_path: Path, problem: str) -> None:
    """As are a format without a problem and a file that is not there."""
    other = _plan((7, [(0, 0)]))
    result = _diff(tmp_path, ALL_BY_0, other, "--problem", problem)
    assert result.exit_code == 2
    assert "is it a plan of another problem?" in result.stderr
    result = _diff(tmp_path, ALL_BY_0, other, "--format", "antmile")
    assert result.exit_code == 2
    assert "--format: is that of the problem: give --problem too" in result.stderr
    result = _diff(tmp_path, ALL_BY_0, other, "--problem", str(tmp_path / "none.json"))
    assert result.exit_code == 2
    assert "no such file" in result.stderr
