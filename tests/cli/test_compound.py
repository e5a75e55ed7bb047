from pathlib import Path
from types import SimpleNamespace
from typing import TYPE_CHECKING, cast

import pytest
from typer.testing import CliRunner

from cli.compound_days import told
from cli.main import app
from tests.dispatch.onboarding.lake import town, write

if TYPE_CHECKING:
    from dispatch.sim.generate import Drawn


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "cache"))


def _run(*args: str | Path) -> tuple[int, str]:
    result = CliRunner().invoke(app, ["compound", *map(str, args)])
    return result.exit_code, result.output


def test_check_tells_what_a_compound_is(tmp_path: Path) -> None:
    """Gates, entrances with their walks and posts with their hours, and no problem: status 0."""
    code, said = _run("check", write(tmp_path / "lake"), "--map", town(tmp_path))
    assert code == 0, said
    for part in ("SIGN_IN", "stairs", "lift", "gate-post", "08:00-20:00", "new", "0 problems"):
        assert part in said


def test_check_ends_with_status_1_where_something_is_wrong(tmp_path: Path) -> None:
    """Problems are listed after the tables; warnings alone are no failure."""
    folder = write(tmp_path / "lake", posts=("booth", "kiosk"))
    code, said = _run("check", folder)
    assert code == 1
    assert "problem: posts.csv:2: hub: there is no hub 'kiosk'" in said
    code, said = _run("check", tmp_path / "none")
    assert code == 2
    assert "no such folder" in said


def test_draw_writes_a_picture_or_nothing(tmp_path: Path) -> None:
    """A good folder becomes an SVG; a bad one leaves no file behind."""
    picture = tmp_path / "lake.svg"
    code, said = _run("draw", write(tmp_path / "lake"), "-o", picture, "--map", town(tmp_path))
    assert code == 0, said
    assert picture.read_text().startswith("<svg")
    other = tmp_path / "other.svg"
    assert _run("draw", write(tmp_path / "b", posts=("booth", "kiosk")), "-o", other)[0] == 2
    assert not other.exists()
    assert _run("draw", tmp_path / "lake", "-o", tmp_path / "lake.png")[0] == 2


def test_new_begins_a_folder_that_can_be_checked(tmp_path: Path) -> None:
    """Where the map has no compound, a square with gates on its streets; it checks at once."""
    streets, folder = town(tmp_path), tmp_path / "begun"
    code, said = _run("new", folder, "--map", streets, "--around", "60.171,24.9440")
    assert code == 0, said
    assert "a booth, a post and four guards are a suggestion" in said
    code, said = _run("check", folder, "--map", streets)
    assert code == 0, said
    code, said = _run("new", folder, "--map", streets, "--around", "60.171,24.9440")
    assert code == 2
    assert "is not an empty folder" in said


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("--around", "121.3915,31.3157"), "the other way round: write 31.3157,121.3915"),
        ((), "give --compound ID or --around LAT,LON"),
        (("--around", "here"), "'here' is no LAT,LON"),
        (("--compound", "w1"), "no compound 'w1' in the map; it has none: give --around"),
        (("--around", "10,10"), "no street crosses a square"),
        (("--around", "95,200"), "no street crosses a square"),
    ],
)
def test_new_says_what_it_cannot_begin(tmp_path: Path, args: tuple[str, ...], said: str) -> None:
    """Each wrong way to say which compound is answered, and no folder appears."""
    code, words = _run("new", tmp_path / "x", "--map", town(tmp_path), *args)
    assert code == 2
    assert said in words
    assert not (tmp_path / "x").exists()


def test_a_day_without_entrances_says_what_is_missing() -> None:
    """Nobody lives there, so that there is no parcel: the answer names the file to fill."""
    scenario = {"parcels": 0, "households": 0, "real_compounds": True}
    drawn = SimpleNamespace(header={"scenario": scenario}, tables={"compounds.csv": [{}]})
    lines = list(told(cast("Drawn", drawn), 1))
    assert lines[1:] == [
        "1 compound, real",
        "no parcels: the compounds have no entrances; write them into entrances.csv",
    ]
