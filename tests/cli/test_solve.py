"""``antmile solve``: every format to a plan that its own rules accept, and what is refused."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

import cli.solve
from cli.main import app
from cli.problem_files import FAULTS_TOLD, Format, VroomCase, read_case
from cli.solve import STOPPED_BY, Falling
from dispatch.clock import VirtualClock
from dispatch.solver.arrays import UNREACHABLE
from dispatch.solver.formats import antmile
from dispatch.solver.plan import Plan, Reason, StoppedBy, Unassigned
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve as planned
from tests.solver.formats.texts import ANTMILE, OGC, STREET, TEXTS, VROOM

FORMATS: tuple[Format, ...] = ("vrptw", "lilim", "sartori", "ogc", "vroom", "antmile")


@pytest.fixture
def insertion(monkeypatch: pytest.MonkeyPatch) -> list[dict[str, Any]]:
    """Put cheapest insertion in the place of the search; give what came before it, and its call."""
    calls: list[dict[str, Any]] = []

    def compiles(engine: str) -> None:
        calls.append({"compiles": engine})

    def insert(problem: Problem, limits: object, **options: Any) -> Plan:
        calls.append({"problem": problem, "limits": limits, **options})
        return planned(problem, engine="insert")

    monkeypatch.setattr("dispatch.solver.warmup.warm_up", compiles)
    monkeypatch.setattr(cli.solve, "_planned", insert)
    return calls


def _one_way(ways: list[list[int]], tail: int, head: int) -> list[list[int]]:
    """Give the same ways but for one, which does not exist."""
    changed = [list(row) for row in ways]
    changed[tail][head] = UNREACHABLE
    return changed


def _written(folder: Path, format_: str, text: str | None = None) -> Path:
    path = folder / f"problem.{format_}"
    path.write_text(TEXTS[format_] if text is None else text)
    return path


def _solve(path: Path, format_: str, *more: str) -> Result:
    out = path.with_name("plan.json")
    return CliRunner().invoke(app, ["solve", str(path), "-f", format_, "-o", str(out), *more])


def _plan(path: Path) -> dict[str, Any]:
    text = path.with_name("plan.json").read_text()
    assert text.endswith("}\n")
    value: dict[str, Any] = json.loads(text)
    return value


@pytest.mark.usefixtures("insertion")
@pytest.mark.parametrize("format_", FORMATS)
def test_every_format_becomes_a_plan_that_its_rules_accept(tmp_path: Path, format_: Format) -> None:
    """What solve writes, plan check reads: nothing is broken, nothing left out."""
    path = _written(tmp_path, format_)
    result = _solve(path, format_, "--iterations", "5")
    assert result.exit_code == 0, result.output
    assert "left out" in result.stdout
    checked = CliRunner().invoke(app, ["plan", "check", str(path), str(tmp_path / "plan.json")])
    assert checked.exit_code == 0, checked.output
    assert checked.stdout.startswith("breaks nothing: ")
    plan = _plan(path)
    if format_ == "vroom":
        assert set(plan) == {"code", "summary", "unassigned", "routes"}
        return
    wanted = {"routes", "cost", "vehicles", "unassigned", "iterations", "stopped_by", "cpu_s"}
    assert wanted <= set(plan)
    assert plan["unassigned"] == []


def test_the_solver_itself_plans(tmp_path: Path) -> None:
    """Two vehicles are enough; 0-1-0 is 10, 0-2-3-0 is 17 and the root of 37."""
    path = _written(tmp_path, "vrptw")
    result = _solve(path, "vrptw", "--iterations", "50", "--seed", "3")
    assert result.exit_code == 0, result.output
    plan = _plan(path)
    assert (plan["vehicles"], plan["rounding"]) == (2, "exact")
    assert plan["cost"] == pytest.approx(27 + 37**0.5, abs=1e-9)
    assert sorted(map(sorted, plan["routes"])) == [[1], [2, 3]]
    assert "2 vehicles, cost 33.08" in result.stdout


def test_the_same_seed_and_iterations_give_the_same_plan(tmp_path: Path) -> None:
    """Only the CPU time differs."""
    path = _written(tmp_path, "lilim")
    plans = []
    for _ in range(2):
        assert _solve(path, "lilim", "--iterations", "20").exit_code == 0
        plans.append({key: value for key, value in _plan(path).items() if key != "cpu_s"})
    assert plans[0] == plans[1]


@pytest.mark.usefixtures("insertion")
def test_an_npz_is_our_own_format_too(tmp_path: Path) -> None:
    """By its name's end."""
    problem = antmile.read(TEXTS["antmile"])
    path = tmp_path / "problem.npz"
    path.write_bytes(antmile.write_npz(problem))
    assert _solve(path, "antmile").exit_code == 0
    assert _plan(path)["routes"] == [{"courier": 0, "stops": [[0, 0, -1], [0, 1, 0]]}]
    assert _plan(path)["cost"] == 2 * 30


@pytest.mark.usefixtures("insertion")
@pytest.mark.parametrize(
    ("format_", "old", "new", "told"),
    [
        ("vrptw", "7          4 ", "7         40 ", "CAPACITY: 1"),
        ("lilim", "\t90\t2\t3\t0", "\t2\t2\t3\t0", "WINDOW: 1"),
        ("antmile", '"pickup_place"', '"leg_skills": [1], "pickup_place"', "SKILL: 1"),
        ("vroom", '"amount": [2]', '"amount": [9]', "pickup 1 and delivery 2"),
    ],
)
def test_what_nobody_can_serve_is_left_out_with_a_reason(
    tmp_path: Path, format_: Format, old: str, new: str, told: str
) -> None:
    """It is no error: the table says why, and so does the plan."""
    assert old in TEXTS[format_]
    path = _written(tmp_path, format_, TEXTS[format_].replace(old, new))
    result = _solve(path, format_)
    assert result.exit_code == 0, result.output
    assert told in result.stdout
    if format_ == "vrptw":
        assert _plan(path)["unassigned"] == [{"nodes": [3], "reason": "CAPACITY"}]


@pytest.mark.parametrize(
    ("changes", "left_out"),
    [
        ({"start_place": [], "end_place": [], "cost_per_travel": []}, ["NO_COURIER_IN_RANGE"]),
        ({"pickup_place": [], "option_leg": [], "option_place": []}, []),
        ({"travel": [_one_way(STREET, 1, 2)]}, ["UNREACHABLE"]),
        ({"travel": [_one_way(STREET, 2, 3)]}, ["NO_COURIER_IN_RANGE"]),
        ({"option_closes": [5]}, ["WINDOW"]),
        ({"option_closes": [15]}, ["NO_COURIER_IN_RANGE"]),
        ({"barred": [[0]]}, ["OFFERS_EXHAUSTED"]),
        ({"unassigned_cost": [10]}, ["NOT_WORTH_IT"]),
    ],
)
def test_nobody_nothing_and_no_way_are_answers(
    tmp_path: Path, changes: dict[str, Any], left_out: list[str]
) -> None:
    """Zero couriers, zero legs, a matrix with a way one way only, hopeless windows: no errors."""
    path = _written(tmp_path, "antmile", json.dumps(ANTMILE | changes))
    result = _solve(path, "antmile", "--iterations", "3")
    assert result.exit_code == 0, result.output
    assert [entry["reason"] for entry in _plan(path)["unassigned"]] == left_out


def test_a_time_limit_is_asked_by_the_wall_clock_after_compiling(
    tmp_path: Path, insertion: list[dict[str, Any]]
) -> None:
    """What compiles is called first, without a clock; then the share of the limit rises."""
    path = _written(tmp_path, "vrptw")
    assert _solve(path, "vrptw", "--time-limit", "0.001").exit_code == 0
    first, second = insertion
    assert first == {"compiles": "routing"}
    assert second["problem"].leg_count == 3
    assert second["limits"].iterations is None
    assert second["progress"]() == 1.0
    assert second["reduce_fleet"] is True


def test_iterations_ask_no_clock(tmp_path: Path, insertion: list[dict[str, Any]]) -> None:
    """So the plan is the same again, however busy the machine is; the options reach the solver."""
    path = _written(tmp_path, "vrptw")
    options = ("--iterations", "7", "--threads", "2", "--seed", "5", "--objective", "distance")
    assert _solve(path, "vrptw", *options).exit_code == 0
    call = insertion[1]
    assert call["progress"] is None
    assert call["reduce_fleet"] is False
    limits = call["limits"]
    assert (limits.iterations, limits.threads, limits.seed) == (7, 2, 5)
    assert int(call["problem"].fixed_cost[0]) == 0


def test_steps_of_vroom_are_where_the_search_begins(
    tmp_path: Path, insertion: list[dict[str, Any]]
) -> None:
    """The plan that the file begins with is handed to the solver."""
    value = json.loads(json.dumps(VROOM))
    value["vehicles"][0]["steps"] = [{"type": "job", "id": 1}]
    assert _solve(_written(tmp_path, "vroom", json.dumps(value)), "vroom").exit_code == 0
    assert [entry.leg for entry in insertion[1]["warm"].unassigned] == [1]


@pytest.mark.parametrize(
    ("format_", "options", "told"),
    [
        ("vrptw", ("--time-limit", "1", "--iterations", "5"), "--time-limit, --iterations: give"),
        ("vrptw", ("--time-limit", "0"), "--time-limit: 0 seconds"),
        ("vrptw", ("--time-limit", "-1"), "--time-limit: -1 seconds: give more than none"),
        ("vrptw", ("--time-limit", "nan"), "--time-limit: nan: give a finite number of seconds"),
        ("vrptw", ("--time-limit", "inf"), "--time-limit: inf: give a finite number of seconds"),
        ("vrptw", ("--iterations", "0"), "greater than or equal"),
        ("vrptw", ("--threads", "0"), "greater than or equal"),
        ("ogc", ("--objective", "vehicles"), "--objective: ogc says itself what counts"),
        ("lilim", ("--rounding", "dimacs"), "--rounding: only vrptw files are scored in two ways"),
        ("solomon", (), "is not one of"),
    ],
)
def test_options_that_do_not_go_together_are_refused(
    tmp_path: Path, format_: str, options: tuple[str, ...], told: str
) -> None:
    """Status 2, and nothing is written."""
    path = _written(tmp_path, format_ if format_ in TEXTS else "vrptw")
    result = _solve(path, format_, *options)
    assert result.exit_code == 2
    assert told in result.output
    assert not (tmp_path / "plan.json").exists()


@pytest.mark.parametrize("format_", FORMATS)
def test_a_file_cut_short_is_refused_by_where_it_ends(tmp_path: Path, format_: Format) -> None:
    """Status 2, the fault on stderr with the file's name, and nothing is written."""
    path = _written(tmp_path, format_, TEXTS[format_][:20])
    result = _solve(path, format_)
    assert result.exit_code == 2
    assert f"{path}: " in result.stderr
    assert "line " in result.stderr
    assert f"1 fault in {path}: nothing was planned" in result.stderr
    assert [file.name for file in tmp_path.iterdir()] == [path.name]


def test_every_fault_is_told_at_once(tmp_path: Path) -> None:
    """Bad fields of a problem that can be read are listed too."""
    bad = {**ANTMILE, "pickup_place": [9], "travel": [[[-1]]]}
    path = _written(tmp_path, "antmile", json.dumps(bad))
    result = _solve(path, "antmile")
    assert result.exit_code == 2
    assert f"{path}: travel: " in result.stderr
    assert f"{path}: pickup_place: " in result.stderr
    assert "faults in" in result.stderr


@pytest.mark.parametrize(
    ("format_", "content", "told"),
    [
        ("vrptw", b"\xff\xfe\x00", "byte 0: is not UTF-8 text"),
        ("antmile", b'{"travel": "\xff"}', "is not UTF-8"),
        ("vroom", b"[]", "the file: expected an object, found a list"),
        ("ogc", b"[" * 100_000, "lists within lists too deep"),
    ],
)
def test_what_is_no_text_and_no_object_is_refused(
    tmp_path: Path, format_: Format, content: bytes, told: str
) -> None:
    """No traceback."""
    path = tmp_path / "problem"
    path.write_bytes(content)
    result = _solve(path, format_)
    assert result.exit_code == 2
    assert told in result.stderr


def test_files_that_cannot_be_read_or_written_are_refused(tmp_path: Path) -> None:
    """A problem that is not there, a folder that is not there: no traceback."""
    result = _solve(tmp_path / "none.txt", "vrptw")
    assert result.exit_code == 2
    assert "none.txt: no such file: give the path of one that is there" in result.stderr
    result = _solve(tmp_path, "vrptw")
    assert result.exit_code == 2
    assert f"{tmp_path}: is a folder" in result.stderr
    path = _written(tmp_path, "vrptw")
    result = _solve(path, "vrptw", "-o", str(tmp_path / "no" / "plan.json"))
    assert result.exit_code == 2
    assert f"error: {tmp_path / 'no'}: no such folder: make it" in result.stderr


@pytest.mark.parametrize("link", ["itself", "symbolic", "hard"])
def test_a_plan_does_not_take_the_place_of_its_problem(tmp_path: Path, link: str) -> None:
    """Also not through links: status 2, and the problem is as it was."""
    path = _written(tmp_path, "vrptw")
    out = path if link == "itself" else tmp_path / "link"
    if link == "symbolic":
        out.symlink_to(path)
    elif link == "hard":
        out.hardlink_to(path)
    result = _solve(path, "vrptw", "-o", str(out))
    assert result.exit_code == 2
    assert f"--out: {out} is the problem itself" in result.stderr
    assert path.read_text() == out.read_text() == TEXTS["vrptw"]


def test_of_many_faults_ten_are_told_and_the_format_that_would_fit(tmp_path: Path) -> None:
    """A file of Solomon's read as one of Li and Lim's: one line says so."""
    path = _written(tmp_path, "vrptw", TEXTS["vrptw"] + "    4 0 0 0 0 60 10\n" * 100)
    result = _solve(path, "lilim")
    assert result.exit_code == 2
    *faults, more, hint, last = result.stderr.splitlines()
    assert len(faults) == FAULTS_TOLD
    assert more.startswith("and ")
    assert more.endswith(" more")
    assert hint == "this looks like vrptw: --format vrptw"
    assert last.endswith("nothing was planned")


@pytest.mark.usefixtures("insertion")
def test_the_table_tells_the_fleet_of_the_file(tmp_path: Path) -> None:
    """Though no more vehicles are planned with than there are customers."""
    text = TEXTS["vrptw"].replace("   3          10", "   5000       10")
    result = _solve(_written(tmp_path, "vrptw", text), "vrptw")
    assert result.exit_code == 0, result.output
    assert "5,000" in result.stdout


def test_whatever_ends_a_search_has_plain_words() -> None:
    """Each code of the solver stands in the table's list."""
    assert set(STOPPED_BY) == set(StoppedBy)


def test_a_plan_that_breaks_something_is_told_and_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The solver's word is not taken for it: status 1."""

    def broken(problem: Problem, *_: object, **__: object) -> Plan:
        plan = planned(problem, engine="insert")
        return Plan(
            tours=(*plan.tours, plan.tours[0]), unassigned=(), cost=plan.cost, engine="insert"
        )

    monkeypatch.setattr(cli.solve, "_planned", broken)
    result = _solve(_written(tmp_path, "vrptw"), "vrptw")
    assert result.exit_code == 1
    assert "a defect of ours: node " in result.stderr
    assert "is served 2 times" in result.stderr


def test_a_leg_that_the_plan_forgets_is_a_defect(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of our own problems each leg is served or said to be left out."""

    def forgetful(problem: Problem, *_: object, **__: object) -> Plan:
        return Plan(tours=(), unassigned=(), cost=0, engine="insert")

    monkeypatch.setattr(cli.solve, "_planned", forgetful)
    result = _solve(_written(tmp_path, "antmile"), "antmile")
    assert result.exit_code == 1
    assert "a defect of ours: leg 0: served_once" in result.stderr


def test_progress_is_told_line_by_line_without_a_terminal(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On stderr: the first cost at once, the last one at the end, in the format's words."""

    def watched(
        problem: Problem,
        *_: object,
        watch: Callable[[int, int], None] | None,
        **__: object,
    ) -> Plan:
        if watch is not None:
            price, fixed = int(problem.unassigned_cost[0]), int(problem.fixed_cost[0])
            for count, cost in enumerate((price + fixed, 3 * fixed + 50 * 10**7, 2 * fixed)):
                watch(cost, 1000 * count)
        return planned(problem, engine="insert")

    monkeypatch.setattr(cli.solve, "_planned", watched)
    result = _solve(_written(tmp_path, "vrptw"), "vrptw", "--progress")
    assert result.exit_code == 0, result.output
    lines = [line for line in result.stderr.splitlines() if "best" in line]
    assert lines[0].endswith("0 iterations  best 1 vehicle, 0.00, 1 left out")
    assert lines[-1].endswith("2,000 iterations  best 2 vehicles, 0.00")


def test_falling_tells_only_news_and_not_too_often(tmp_path: Path) -> None:
    """A cost that does not fall is no news; a second must pass between lines."""
    clock = VirtualClock()
    falling = Falling(read_case(_written(tmp_path, "antmile"), "antmile"), clock)
    assert "nothing yet" in falling.line()
    clock.advance_to(2)
    assert not falling.is_worth_a_line()
    falling.note(90, 10)
    assert falling.is_worth_a_line()
    assert falling.line() == "    2.0 s          10 iterations  best 90"
    falling.note(80, 20)
    assert falling.has_news
    assert not falling.is_worth_a_line()
    clock.advance_to(3)
    assert falling.is_worth_a_line()
    falling.line()
    falling.note(85, 30)
    assert not falling.has_news


@pytest.mark.parametrize(
    ("format_", "legs", "worth"),
    [("ogc", 2, "2500.00, 1 left out"), ("vroom", 2, "5"), ("antmile", 1, "5")],
)
def test_costs_are_shown_in_the_words_of_the_format(
    tmp_path: Path, format_: Format, legs: int, worth: str
) -> None:
    """An average, VROOM's cost, or the cost as it is."""
    case = read_case(_written(tmp_path, format_), format_)
    assert case.problem.leg_count == legs
    cost = 5_000_000 + int(case.problem.unassigned_cost[0]) if format_ == "ogc" else 5
    assert case.shown(cost) == worth


@pytest.mark.parametrize(
    ("job", "legs", "worth"),
    [
        ({}, 1, "11,602, some left out"),
        (None, 0, "11,602"),
        (None, 1, "11,602, 1 left out"),
        ({"unassigned_cost": 5}, 0, "11,602, the price of what is left out included"),
    ],
)
def test_what_vroom_leaves_out_is_told_apart_from_cost(
    tmp_path: Path, job: dict[str, int] | None, legs: int, worth: str
) -> None:
    """Unless the file itself gives the price; jobs and shipments count differently."""
    value = json.loads(json.dumps(VROOM))
    value["vehicles"][0]["costs"] = {"fixed": 100_000}
    if job is None:
        value["shipments"] = []
    else:
        value["jobs"][0] |= job
    case = read_case(_written(tmp_path, "vroom", json.dumps(value)), "vroom")
    assert isinstance(case, VroomCase)
    cost = 11_602 * case.unit + legs * int(case.problem.unassigned_cost[0])
    assert case.shown(cost) == worth


def test_legs_left_out_are_named_as_in_the_file(tmp_path: Path) -> None:
    """A node, a pair of nodes, an order, a job or a shipment, a leg."""
    names = {
        format_: read_case(_written(tmp_path, format_), format_).name(0) for format_ in FORMATS
    }
    assert names == {
        "vrptw": "1",
        "lilim": "1-2",
        "sartori": "1-3",
        "ogc": "0",
        "vroom": "job 1",
        "antmile": "0",
    }
    case = read_case(_written(tmp_path, "ogc", json.dumps(OGC)), "ogc")
    plan = Plan(tours=(), unassigned=(Unassigned(1, Reason.WINDOW),), cost=0, engine="insert")
    assert case.document(plan, 0.0)["unassigned"] == [{"order": 1, "reason": "WINDOW"}]
