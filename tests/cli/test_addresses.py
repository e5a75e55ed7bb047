"""Address lines from the command line."""

from pathlib import Path

import pytest
from typer.testing import CliRunner

from cli.main import app

LINES = "阳光花园3号楼2单元501\n阳光花园12-1\n晨光里甲排3号\n"


def run(*arguments: str, text: str | bytes = "") -> tuple[int, str]:
    """Return status and output of ``antmile address``."""
    result = CliRunner().invoke(app, ["address", *arguments], input=text)
    return result.exit_code, result.output


def test_lines_are_read_from_standard_input_with_a_summary() -> None:
    """Plain lines need no header, and GB18030 is read as well."""
    for text in (LINES.encode(), LINES.encode("gb18030"), f"address\n{LINES}".encode()):
        status, said = run("parse", "-", text=text)
        assert status == 0
        assert "3 lines: 1 certain (33.3 %), 1 likely (33.3 %), 1 unread (33.3 %)" in said
        assert "no rule reads this form" in said


def test_a_csv_is_read_and_written(tmp_path: Path) -> None:
    """The column line counts, whatever else the file has."""
    given, out = tmp_path / "lines.csv", tmp_path / "read.csv"
    given.write_text("id,line\n1,阳光花园3号楼2单元501\n2,\n", encoding="utf-8")
    status, said = run("parse", str(given), "-o", str(out))
    assert (status, said) == (
        0,
        "2 lines: 1 certain (50.0 %), 0 likely (0.0 %), 1 unread (50.0 %)\n",
    )
    rows = out.read_text(encoding="utf-8").splitlines()
    assert rows[0] == "certainty,compound,building,entrance,floor,room,why,line"
    assert rows[1] == "CERTAIN,阳光花园,3,2,4,501,,阳光花园3号楼2单元501"
    assert rows[2].startswith("UNREAD,")


def test_known_compounds_are_a_folder(tmp_path: Path) -> None:
    """A building that the compound does not have, another city: likely at most."""
    (tmp_path / "compounds.csv").write_text("id,name,city\nc1,阳光花园,济南市\n", encoding="utf-8")
    (tmp_path / "entrances.csv").write_text(
        "compound,building,entrance,lat,lon,floors,lift\nc1,3,2,36.65,117.0,5,no\n",
        encoding="utf-8",
    )
    text = "阳光花园3号楼2单元501\n阳光花园9号楼2单元501\n南京市阳光花园3号楼2单元501\n"
    status, said = run("parse", "-", "--compounds", str(tmp_path), text=text)
    assert status == 0
    assert "1 certain" in said
    assert "the compound has no such building" in said
    assert "the line names another city" in said


@pytest.mark.parametrize(
    ("name", "content", "problem"),
    [
        ("a.csv", b"id,text\n1,2\n", "has no column line or address"),
        ("b.txt", b"\xff\xff\xff", "is neither UTF-8 nor GB18030 text"),
    ],
)
def test_a_file_that_cannot_be_used_says_why(
    tmp_path: Path, name: str, content: bytes, problem: str
) -> None:
    """One line that says what is wrong, and status 2."""
    (tmp_path / name).write_bytes(content)
    status, said = run("parse", str(tmp_path / name))
    assert status == 2
    assert problem in said


def test_a_terminal_is_not_at_the_mercy_of_a_line() -> None:
    """Control characters and markup of a line are shown, not obeyed."""
    status, said = run("parse", "-", text="\x1b[31m3号楼[bold]2单元501\n")
    assert status == 0
    assert "\x1b[31m3" not in said
    assert "[bold]" in said
