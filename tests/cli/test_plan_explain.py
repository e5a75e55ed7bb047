"""``antmile plan explain``: reasons and fixes by the names that legs and couriers have in files."""

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from tests.solver.formats.texts import ANTMILE, OGC, STREET, TEXTS, VRPTW

VEHICLES = [
    {"id": 7, "start_index": 0, "end_index": 0, "capacity": [2], "time_window": [0, 60]},
    {"id": 9, "start_index": 0, "end_index": 0, "capacity": [1]},
]
JOBS = [{"id": i, "location_index": i, "service": 5, "delivery": [2]} for i in (1, 2)]
VROOM: dict[str, Any] = {
    "vehicles": VEHICLES,
    "jobs": JOBS,
    "matrices": {"car": {"durations": STREET}},
}
STEPS = [{"type": "start"}, {"type": "job", "id": 1}, {"type": "end"}]
VROOM_PLAN = {"routes": [{"vehicle": 7, "steps": STEPS}], "summary": {"cost": 20}}


def _explain(folder: Path, problem: object, plan: object, *more: str) -> Result:
    files = folder / "problem", folder / "plan.json"
    for file, content in zip(files, (problem, plan), strict=True):
        file.write_text(content if isinstance(content, str) else json.dumps(content))
    return CliRunner().invoke(app, ["plan", "explain", *map(str, files), *more])


OURS = ANTMILE | {"off_duty": [59], "unassigned_cost": [1000]}
OUR_PLAN = {"routes": [], "unassigned": [{"leg": 0, "reason": "HOURS"}], "cost": 1000}


def test_a_leg_left_out_is_told_in_a_row(tmp_path: Path) -> None:
    """Its reason, who is nearest, what he misses and the smallest fix."""
    problem = OURS | {"off_duty": [20]}
    result = _explain(tmp_path, problem, OUR_PLAN)
    assert result.exit_code == 0, result.output
    words = " ".join(result.stdout.replace("│", " ").split())
    assert "leg 0 HOURS courier 0 10 s courier 0 works 10 s longer" in words
    assert result.stdout.splitlines()[-1] == "1 leg left out"


def test_one_leg_is_told_in_full(tmp_path: Path) -> None:
    """The cause, the fix, and what else would do."""
    result = _explain(tmp_path, OURS | {"off_duty": [20]}, OUR_PLAN, "0")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines() == [
        "leg 0: HOURS: courier 0 would be back 10 s after he goes off duty",
        "served if courier 0 works 10 s longer, until 0:00:30",
        "       or one more courier like courier 0 works from 0:00 to 0:00:30",
    ]


def test_vroom_jobs_and_vehicles_have_their_names(tmp_path: Path) -> None:
    """Legs are jobs; a vehicle can be asked why not, also for what another serves."""
    result = _explain(tmp_path, VROOM, VROOM_PLAN, "job 2")
    assert result.exit_code == 0, result.output
    assert result.stdout.splitlines()[1] == "served if vehicle 9 has room for 1 more"
    result = _explain(tmp_path, VROOM, VROOM_PLAN, "job 1", "--courier", "9")
    assert result.stdout.splitlines() == [
        "job 1: CAPACITY: vehicle 9 has no room for 1 more",
        "served if vehicle 9 has room for 1 more",
    ]
    result = _explain(tmp_path, VROOM, VROOM_PLAN, "1", "--courier", "7")
    assert result.exit_code == 2, result.output
    assert "job 1 is served by vehicle 7: ask about another" in result.stderr


def test_nodes_and_riders_have_theirs(tmp_path: Path) -> None:
    """Published formats have plans that leave something out, too."""
    text = VRPTW.replace("   3          10", "   1          8")
    result = _explain(tmp_path, text, {"routes": [[1, 2]]})
    assert result.exit_code == 0, result.output
    assert "leg 3" in result.stdout
    assert "CAPACITY" in result.stdout
    bundles = {"routes": [["BIKE", [0], [0]]]}
    result = _explain(tmp_path, json.dumps(OGC), bundles, "1", "--courier", "WALK")
    assert result.exit_code == 0, result.output
    assert result.stdout.startswith("leg 1: ")


@pytest.mark.parametrize(
    ("more", "told"),
    [
        (("5",), "error: LEG: 5 is not in PROBLEM; it has 0"),
        (("0", "--courier", "3"), "error: --courier: 3 is not in PROBLEM; it has 0"),
        (("--courier", "0"), "error: --courier: name the leg too"),
    ],
)
def test_a_question_without_an_answer_is_refused(
    tmp_path: Path, more: tuple[str, ...], told: str
) -> None:
    """Status 2, and what there is instead."""
    result = _explain(tmp_path, OURS, OUR_PLAN, *more)
    assert result.exit_code == 2, result.output
    assert result.stderr.splitlines()[-1] == told


def test_a_served_leg_has_no_reason(tmp_path: Path) -> None:
    """Status 2, and who serves it."""
    plan = {"routes": [{"courier": 0, "stops": [[0, 0, -1], [0, 1, 0]]}]}
    result = _explain(tmp_path, TEXTS["antmile"], plan, "0")
    assert result.exit_code == 2, result.output
    assert "0 is served by courier 0" in result.stderr
    result = _explain(tmp_path, TEXTS["antmile"], plan)
    assert (result.exit_code, result.stdout) == (0, "no leg is left out\n")


def test_a_plan_that_breaks_something_is_not_explained(tmp_path: Path) -> None:
    """Status 1, every fault, and nothing more."""
    plan = {"routes": [{"courier": 0, "stops": [[0, 0, -1], [0, 1, 0]]}]}
    result = _explain(tmp_path, OURS | {"off_duty": [20]}, plan)
    assert result.exit_code == 1, result.output
    assert "courier 0: hours: exceeded by" in result.stdout


def test_a_plan_of_another_problem_is_refused(tmp_path: Path) -> None:
    """Status 2, before anything is explained."""
    result = _explain(tmp_path, OURS, {"routes": [{"courier": 4, "stops": []}]})
    assert result.exit_code == 2, result.output
    assert "nothing was explained" in result.stderr
