"""``antmile plan check``: what plans of every format break, and what they are worth."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from dispatch.solver.formats import antmile
from tests.solver.formats.texts import TEXTS

GOOD: dict[str, tuple[Any, str]] = {
    "vrptw": ({"routes": [[1, 2], [3]], "cost": 34.0, "vehicles": 2}, "2 vehicles, cost 34.00"),
    "lilim": ({"routes": [[3, 4, 1, 2]]}, "1 vehicle, cost 20.61"),
    "sartori": ({"routes": [[1, 3], [2, 4]]}, "2 vehicles, cost 34.00"),
    "ogc": ({"routes": [["BIKE", [0, 1], [0, 1]]]}, "1 bundle, cost 2950.00"),
    "vroom": (
        {
            "routes": [
                {
                    "vehicle": 7,
                    "steps": [
                        {"type": "start"},
                        {"type": "job", "id": 1},
                        {"type": "pickup", "id": 1},
                        {"type": "delivery", "id": 2},
                        {"type": "end"},
                    ],
                }
            ],
            "summary": {"cost": 60},
        },
        "1 route, cost 60",
    ),
    "antmile": (
        {"routes": [{"courier": 0, "stops": [[0, 0, -1], [0, 1, 0]]}], "cost": 60},
        "1 tour, cost 60",
    ),
}


def _check(folder: Path, format_: str, plan: object, *more: str) -> Result:
    problem, file = folder / "problem", folder / "plan.json"
    problem.write_text(TEXTS[format_])
    file.write_text(json.dumps(plan))
    return CliRunner().invoke(app, ["plan", "check", str(problem), str(file), *more])


@pytest.mark.parametrize("format_", TEXTS)
@pytest.mark.parametrize("option", [("--format",), ()])
def test_a_good_plan_breaks_nothing(tmp_path: Path, format_: str, option: tuple[str, ...]) -> None:
    """Status 0 and what it is worth, whether the format is named or guessed."""
    plan, worth = GOOD[format_]
    result = _check(tmp_path, format_, plan, *option, *(format_,) * len(option))
    assert result.exit_code == 0, result.output
    assert result.stdout == f"breaks nothing: {worth}\n"


@pytest.mark.parametrize(
    ("format_", "plan", "fault"),
    [
        ("vrptw", {"routes": [[1, 2]]}, "node 3 is not served"),
        ("vrptw", {"routes": [[1, 2], [3]], "cost": 30}, "cost: says 30.00, is 34.00"),
        ("vrptw", {"routes": [[1, 2], [3]], "vehicles": 3}, "vehicles: says 3, is 2"),
        ("lilim", {"routes": [[2, 1], [3, 4]]}, "route 0: node 2 before its pickup 1"),
        ("sartori", {"routes": [[1, 3], [2, 4, 9]]}, "route 1: node 9 is not in the file"),
        ("ogc", {"routes": [["WALK", [0, 1], [0, 1]]]}, "route 0: volume 9, capacity is 6"),
        ("vroom", {"routes": [{"vehicle": 9, "steps": []}]}, "vehicle 9: is not in the file"),
        ("antmile", {"routes": []}, "leg 0: served_once"),
        ("antmile", GOOD["antmile"][0] | {"cost": 5}, "plan: cost: says 5, is 60"),
    ],
)
def test_what_a_plan_breaks_is_told(tmp_path: Path, format_: str, plan: object, fault: str) -> None:
    """Status 1, a line for each fault and one that counts them."""
    result = _check(tmp_path, format_, plan)
    assert result.exit_code == 1, result.output
    *faults, last = result.stdout.splitlines()
    assert any(line.startswith(fault) for line in faults), faults
    assert last.startswith(f"{len(faults)} fault")


def test_distances_are_rounded_as_the_plan_says_unless_told_otherwise(tmp_path: Path) -> None:
    """(3, 4) to (0, 7) is the root of 18: 4.24 and, truncated, 4.2."""
    routes = [[1, 3], [2]]
    for said, option, cost in (
        ({}, (), "36.24"),
        ({"rounding": "dimacs"}, (), "36.20"),
        ({"rounding": "dimacs"}, ("--rounding", "exact"), "36.24"),
        ({}, ("--rounding", "dimacs"), "36.20"),
    ):
        result = _check(tmp_path, "vrptw", {"routes": routes, **said}, *option)
        assert result.stdout == f"breaks nothing: 2 vehicles, cost {cost}\n"


def test_an_npz_problem_is_known_by_its_name(tmp_path: Path) -> None:
    """It needs no --format either."""
    problem, file = tmp_path / "problem.npz", tmp_path / "plan.json"
    problem.write_bytes(antmile.write_npz(antmile.read(TEXTS["antmile"])))
    file.write_text(json.dumps(GOOD["antmile"][0]))
    result = CliRunner().invoke(app, ["plan", "check", str(problem), str(file)])
    assert result.exit_code == 0, result.output


@pytest.mark.parametrize(
    ("plan", "told"),
    [
        ({"routes": [[1, "2"]]}, "plan.json: routes[0][1]: expected a whole number"),
        ({"cost": 1}, "plan.json: routes: is missing"),
        ({"routes": [], "colour": 1}, "plan.json: colour: unknown key"),
        ({"routes": [], "rounding": "up"}, "plan.json: rounding: 'up' is none of exact, dimacs"),
        ([], "plan.json: the file: expected an object"),
    ],
)
def test_a_plan_that_cannot_be_read_is_refused(tmp_path: Path, plan: object, told: str) -> None:
    """Status 2: nothing was checked."""
    result = _check(tmp_path, "vrptw", plan)
    assert result.exit_code == 2
    assert told in result.stderr
    assert "nothing was checked" in result.stderr


def test_what_is_missing_is_told_once(tmp_path: Path) -> None:
    """That it is no list either is no second fault; nor is a bad value's length."""
    for plan, count in (({"cost": 1}, 1), ({"routes": [7]}, 1), ({"routes": [{}, 7]}, 2)):
        result = _check(tmp_path, "ogc", plan)
        assert result.exit_code == 2
        faults = [line for line in result.stderr.splitlines() if ": routes" in line]
        assert len(faults) == count, result.stderr


def test_what_may_be_the_matter_is_asked(tmp_path: Path) -> None:
    """A plan of another format, and a problem in place of a plan, say so."""
    result = _check(tmp_path, "ogc", {"routes": [7]})
    assert "is it a plan of another problem?" in result.stderr
    result = _check(tmp_path, "ogc", json.loads(TEXTS["antmile"]))
    assert "it looks like a problem" in result.stderr


@pytest.mark.parametrize("name", ["problem", "plan.json"])
def test_files_that_are_not_there_have_their_sentence(tmp_path: Path, name: str) -> None:
    """Status 2, for the problem and for the plan."""
    (tmp_path / "problem").write_text(TEXTS["vrptw"])
    (tmp_path / "plan.json").write_text("{}")
    (tmp_path / name).unlink()
    result = CliRunner().invoke(
        app, ["plan", "check", str(tmp_path / "problem"), str(tmp_path / "plan.json")]
    )
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: {tmp_path / name}: no such file: give the path of one that is there\n"
    )


def test_a_bad_problem_was_not_checked(tmp_path: Path) -> None:
    """Nobody wanted it planned."""
    result = _check(tmp_path, "vrptw", GOOD["vrptw"][0], "--format", "sartori")
    assert result.exit_code == 2
    assert "this looks like vrptw: --format vrptw" in result.stderr
    assert result.stderr.endswith("nothing was checked\n")


def test_a_problem_that_looks_like_nothing_wants_its_format(tmp_path: Path) -> None:
    """Status 2, all formats named."""
    for text in ("", "hello", '{"a": 1}', "[]", "{"):
        (tmp_path / "problem").write_text(text)
        (tmp_path / "plan.json").write_text("{}")
        result = CliRunner().invoke(
            app, ["plan", "check", str(tmp_path / "problem"), str(tmp_path / "plan.json")]
        )
        assert result.exit_code == 2
        assert "looks like none of vrptw, lilim, sartori, ogc, vroom, antmile" in result.stderr


def test_routes_alone_suffice(tmp_path: Path) -> None:
    """Of our own plans too: the cost is then what they are worth."""
    result = _check(tmp_path, "antmile", {"routes": GOOD["antmile"][0]["routes"]})
    assert result.exit_code == 0, result.output
    assert "breaks nothing: 1 tour, cost 60" in result.stdout
