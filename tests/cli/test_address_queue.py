"""The queue of unread lines from the command line, in a service that runs beside the test."""

from collections.abc import Iterator

import pytest
from typer.testing import CliRunner

from cli.main import app
from dispatch.log import LineRow
from tests.cli.test_levers import NETWORK, Service, token

NAME = f"{NETWORK}/merchants/shop/unreadAddresses"


def waiting(key: str, line: str) -> LineRow:
    """Return a line of the shop that waits."""
    return LineRow(
        id=f"pointer of {key}",
        key=key,
        network="local",
        merchant="shop",
        compound="",
        line=line,
        why="no rule reads this form",
        at=1_700_000_000,
    )


@pytest.fixture
def service(monkeypatch: pytest.MonkeyPatch) -> Iterator[Service]:
    """Serve a queue of two lines to a dispatcher."""
    made = Service()
    made.log.keep_lines([waiting("k1", "晨光里甲排3号"), waiting("k2", "晨光里乙排4号")])
    monkeypatch.setenv("ANTMILE_TOKEN", token())
    monkeypatch.setenv("ANTMILE_ADDRESS", made.address)
    yield made
    made.stop()


def run(*arguments: str) -> tuple[int, str]:
    """Return status and output of ``antmile address``."""
    result = CliRunner().invoke(app, ["address", *arguments])
    return result.exit_code, result.output


def correct(key: str, building: str, room: str) -> tuple[int, str]:
    """Say what one of the lines means."""
    name = f"merchants/shop/unreadAddresses/{key}"
    return run("correct", name, "--compound", "晨光里", "--building", building, "--room", room)


def test_lines_are_listed_corrected_and_learned(service: Service) -> None:
    """Each command says what came of it, and the queue ends empty."""
    status, said = run("queue", "shop")
    assert status == 0
    assert [line.strip() for line in said.splitlines()] == [
        f"{NAME}/k1  晨光里甲排3号  unread: no rule reads this form",
        f"{NAME}/k2  晨光里乙排4号  unread: no rule reads this form",
    ]
    status, said = correct("k1", "甲", "3")
    assert (status, said.split(":")[0]) == (0, "learned")
    _, said = run("queue")
    assert "likely: only one correction says so  compound=晨光里 building=乙 room=4" in said
    status, said = correct("k2", "乙", "4")
    assert (status, said.split(":")[0]) == (0, "confirmed")
    assert run("queue") == (0, f"{NETWORK}/merchants/-: no line waits\n")


def test_what_is_refused_says_why(service: Service) -> None:
    """A line that is gone and a correction without a door end with status 2."""
    status, said = correct("k9", "甲", "3")
    assert status == 2
    assert "there is no such line" in said
    status, said = correct("k1", "", "")
    assert status == 2
    assert "give a building, an entrance or a room" in said
