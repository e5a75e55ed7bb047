import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

import cli.demo
from cli.main import app
from dispatch.sim import custody_check
from dispatch.sim.folder import write_day

HEADER = {
    "date": "2026-03-02",
    "timezone": "Europe/Helsinki",
    "network": "n",
    "zone": "z",
    "currency": "EUR",
    "datum": "WGS84",
    "epoch_s": 60,
}
PARCEL = {
    "id": "p1",
    "created_at": "09:00",
    "ready_at": "09:10",
    "origin": "h1",
    "lat": 60.172,
    "lon": 24.943,
    "due_at": "11:00",
    "grams": 500,
    "ml": 1000,
}
COURIER = {"id": "r1", "kind": "rider", "mode": "ebike", "lat": 60.171, "lon": 24.941}
HUB = {"id": "h1", "kind": "station", "operator": "", "lat": 60.17, "lon": 24.94}


@pytest.fixture
def one_parcel_day(tmp_path: Path) -> Path:
    """Write a day with one parcel, one rider and one station that never closes."""
    folder = tmp_path / "day"
    write_day(
        folder,
        HEADER,
        {
            "parcels.csv": [PARCEL],
            "couriers.csv": [COURIER],
            "availability.csv": [{"courier_id": "r1", "opens_at": "08:00", "closes_at": "18:00"}],
            "hubs.csv": [{**HUB, "slots_s": 1, "slots_m": 1, "slots_l": 1}],
            "hub_hours.csv": [],
        },
    )
    return folder


def test_a_day_ends_with_a_table_and_the_path(one_parcel_day: Path, tmp_path: Path) -> None:
    """A day without a map goes in straight lines, is reported, and says what to open."""
    out = tmp_path / "out"
    args = ["replay", str(one_parcel_day), "--out", str(out), "--seed", "3", "--engine", "insert"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    assert "straight lines" in result.output
    assert "parcels created" in result.output
    assert f"open {out / 'report.html'}" in result.output
    told = json.loads((out / "report.json").read_text())
    assert (told["settings"]["seed"], told["settings"]["engine"]) == (3, "insert")
    assert told["kpis"]["custody_gaps"] == 0
    assert "breaks in custody" in result.output


def test_breaks_in_custody_are_told(
    one_parcel_day: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What the independent checker finds is counted and shown, the first few in full."""
    monkeypatch.setattr(custody_check, "gaps", lambda _lines: ["p1 was nowhere"] * 12)
    args = ["replay", str(one_parcel_day), "-o", str(tmp_path), "--engine", "insert"]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 0, result.output
    assert result.output.count("custody is broken: p1 was nowhere") == 10
    assert "custody is broken: and 2 more" in result.output
    assert json.loads((tmp_path / "report.json").read_text())["kpis"]["custody_gaps"] == 12


def test_policy_values_come_from_a_file(one_parcel_day: Path, tmp_path: Path) -> None:
    """Values of a TOML file are used and reported; the option for the engine wins."""
    policy = tmp_path / "policy.toml"
    policy.write_text('version = "mine-1"\nengine = "routing"\nslack_s = 60\n')
    args = ["replay", str(one_parcel_day), "-o", str(tmp_path), "--policy", str(policy)]
    result = CliRunner().invoke(app, [*args, "--engine", "insert"])
    assert result.exit_code == 0, result.output
    used = json.loads((tmp_path / "report.json").read_text())["settings"]["policy"]
    assert (used["version"], used["engine"], used["slack_s"]) == ("mine-1", "insert", 60)


def test_a_bad_day_is_refused_with_every_problem(one_parcel_day: Path, tmp_path: Path) -> None:
    """Both bad cells are named by line and column, the status is 2, nothing is written."""
    file = one_parcel_day / "parcels.csv"
    file.write_text(file.read_text().replace("60.172", "ninety").replace("500", "-5"))
    result = CliRunner().invoke(app, ["replay", str(one_parcel_day), "-o", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "parcels.csv:2: lat: 'ninety' is not a number" in result.stderr
    assert "parcels.csv:2: grams" in result.stderr
    assert not (tmp_path / "out").exists()


@pytest.mark.parametrize(
    ("option", "content", "said"),
    [
        ("--policy", "slack_s = -1", "slack_s: -1 is negative"),
        ("--policy", 'slack_s = "x"', "slack_s"),
        ("--policy", "slack = 4", "slack is none of its values: slack_s?"),
        ("--policy", "= 3", "is not TOML"),
        ("--map", "", "not an OSM file"),
        ("--out", "", "is a file, not a folder"),
    ],
)
def test_bad_options_are_one_line(
    one_parcel_day: Path, tmp_path: Path, option: str, content: str, said: str
) -> None:
    """What is wrong with a file that an option names is told in one line, before any work."""
    given = tmp_path / "given.toml"
    given.write_text(content)
    args = ["replay", str(one_parcel_day), "--out", str(tmp_path / "out"), option, str(given)]
    result = CliRunner().invoke(app, args)
    assert result.exit_code == 2
    assert said in result.stderr
    assert len(result.stderr.splitlines()) == 1
    assert not (tmp_path / "out").exists()


def test_a_demo_without_its_map_says_what_to_install(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The package that carries the map is an extra; without it one line names the extra."""
    monkeypatch.setattr(cli.demo, "find_spec", lambda _name: None)
    result = CliRunner().invoke(app, ["demo", "--out", str(tmp_path / "out")])
    assert result.exit_code == 2
    assert "antmile[demo]" in result.stderr
    assert not (tmp_path / "out").exists()
