"""The command line: what it prints, and how it ends when something is wrong."""

from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from cli.errors import plain_errors
from cli.main import app
from dispatch.sim.folder import DayError, map_path, read_day


@pytest.fixture
def run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> CliRunner:
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "cache"))
    return CliRunner()


def test_generate_writes_a_day_and_tells_the_ratio(
    run: CliRunner, grid_map: Path, tmp_path: Path
) -> None:
    """The written day reads back, names its map, and the ratio of capacity to demand is shown."""
    out = tmp_path / "day"
    arguments = ["generate", "--map", str(grid_map), "--parcels", "40", "--couriers", "8"]
    result = run.invoke(app, [*arguments, "--seed", "7", "-o", str(out)])
    assert result.exit_code == 0, result.output
    assert "generated day: 40 parcels, 8 couriers, seed 7" in result.output
    assert "capacity to demand 1." in result.output
    assert len(read_day(out).parcels) == 40
    found = map_path(out)
    assert found is not None
    assert found.samefile(grid_map)


def test_generate_draws_consent_and_absence(run: CliRunner, grid_map: Path, tmp_path: Path) -> None:
    """Their shares are options; a share above one is refused."""
    day = tmp_path / "day"
    arguments = ["generate", "--map", str(grid_map), "--parcels", "20", "--couriers", "6"]
    arguments += ["-o", str(day), "--consent", "1"]
    result = run.invoke(app, [*arguments, "--absence", "0.5"])
    assert result.exit_code == 0, result.output
    assert "100% of households fetch from the nearest, 50% are out" in result.output
    assert (day / "consents.csv").read_text().count("COLLECTION") >= 15
    assert "absence = [[540, 1020, 0.5]" in (day / "day.toml").read_text()
    assert run.invoke(app, [*arguments, "--absence", "1.5"]).exit_code == 2


@pytest.mark.parametrize(
    ("couriers", "said"), [("1", "(short: more couriers"), ("60", "(slack: fewer couriers")]
)
def test_generate_says_when_the_day_is_tight_or_slack(
    run: CliRunner, grid_map: Path, tmp_path: Path, couriers: str, said: str
) -> None:
    """Counts that no hours can bring into proportion are drawn all the same, and named."""
    parcels = "600" if couriers == "1" else "5"
    arguments = ["generate", "--map", str(grid_map), "--parcels", parcels, "--couriers", couriers]
    result = run.invoke(app, [*arguments, "-o", str(tmp_path / "day")])
    assert result.exit_code == 0, result.output
    assert said in result.output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file: give the path of an OSM file"),
        (b"", "the file is empty: download or export it again"),
        (b"<osm version='0.6'><node id='1'", "this OSM file is damaged"),
        (b"<osm version='0.6'></osm>", "the file has no roads"),
    ],
)
def test_bad_map_is_one_line(
    run: CliRunner, tmp_path: Path, content: bytes | None, said: str
) -> None:
    """A missing, empty, damaged or roadless map: one line that says what to do, status 2."""
    file = tmp_path / "city.osm"
    if content is not None:
        file.write_bytes(content)
    result = run.invoke(app, ["generate", "--map", str(file), "-o", str(tmp_path / "day")])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {file}: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "day").exists()


def test_unwritable_output_is_one_line(run: CliRunner, grid_map: Path, tmp_path: Path) -> None:
    """A folder that cannot be made is named, with what to do about it."""
    taken = tmp_path / "file"
    taken.write_text("something else")
    out = taken / "day"
    arguments = ["generate", "--map", str(grid_map), "--parcels", "1", "--couriers", "1"]
    result = run.invoke(app, [*arguments, "-o", str(out)])
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: {out}: Not a directory: choose another path or make this one usable\n"
    )


@pytest.mark.parametrize(
    "bad", [["--parcels", "0"], ["--couriers", "x"], ["--date", "soon"], ["--timezone", "Mars"]]
)
def test_bad_option_is_refused(
    run: CliRunner, grid_map: Path, tmp_path: Path, bad: list[str]
) -> None:
    """Options are checked before anything is drawn."""
    arguments = ["generate", "--map", str(grid_map), "-o", str(tmp_path / "day"), *bad]
    assert run.invoke(app, arguments).exit_code == 2
    assert not (tmp_path / "day").exists()


def test_day_problems_are_all_listed(capsys: pytest.CaptureFixture[str]) -> None:
    """Every bad row stands on a line of its own, then how many there were."""
    with pytest.raises(typer.Exit) as caught, plain_errors():
        raise DayError(["parcels.csv:5: lat: 'ninety' is not a number", "hubs.csv: x"])
    assert caught.value.exit_code == 2
    assert capsys.readouterr().err == (
        "parcels.csv:5: lat: 'ninety' is not a number\n"
        "hubs.csv: x\n"
        "error: 2 problems in the day folder: nothing was written\n"
    )


def test_bugs_are_not_hidden() -> None:
    """What no user can mend keeps its traceback."""
    with pytest.raises(ZeroDivisionError), plain_errors():
        raise ZeroDivisionError


def test_map_info_shows_what_each_mode_gets_to(run: CliRunner, grid_map: Path) -> None:
    """The grid's 30 streets are open to all four modes."""
    result = run.invoke(app, ["map", "info", str(grid_map)])
    assert result.exit_code == 0, result.output
    assert "420 roads, 225 junctions" in result.output
    for mode in ("foot", "bicycle", "ebike", "car"):
        assert mode in result.output


def test_warmup_shows_its_steps(run: CliRunner) -> None:
    """What takes long on a fresh install is named, and a problem is really solved."""
    result = run.invoke(app, ["warmup"])
    assert result.exit_code == 0, result.output
    assert "load OR-Tools and solve a small problem ... " in result.output
    assert result.output.endswith("warm\n")


def test_health_without_a_service(run: CliRunner) -> None:
    """Nobody listens: one line, status 1."""
    result = run.invoke(app, ["health", "--address", "localhost:1", "--timeout", "2"])
    assert result.exit_code == 1
    assert result.stderr.startswith("error: localhost:1 does not answer (")
