"""Lines that wait for a reader, in every log: found, settled once, erased and forgotten."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.log import EventLog, InMemoryLog, LessonRow, LineRow, PersonalRow, open_log

ROOM = "晨光里甲排3号"
LESSON = LessonRow(
    network="local", merchant="acme", compound="晨光里", form="@甲排0号", rule="b=0;u=;r=1;f="
)


def waiting(key: str, merchant: str = "acme", at: int = 100) -> LineRow:
    """Return a line that waits."""
    return LineRow(
        id=f"pointer of {key}",
        key=key,
        network="local",
        merchant=merchant,
        compound="",
        line=ROOM,
        why="no rule reads this form",
        at=at,
    )


@pytest.fixture(params=["sqlite", "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """Give each kind of log in turn, empty."""
    made: EventLog = (
        open_log(tmp_path / "log.sqlite3") if request.param == "sqlite" else InMemoryLog()
    )
    yield made
    made.close()


def test_lines_are_found_by_those_whose_they_are(log: EventLog) -> None:
    """By key, page by page; another merchant's and another network's are not there."""
    log.keep_lines([waiting("b"), waiting("a"), waiting("c", "other")])
    log.keep_lines([replace(waiting("a"), line="another text")])
    assert [row.key for row in log.lines("local")] == ["a", "b", "c"]
    assert log.lines("local", "acme", after="a") == [waiting("b")]
    assert log.lines("local", limit=1) == [waiting("a")]
    assert log.lines("twin") == []
    assert log.line("local", "acme", "a") == waiting("a")
    assert log.line("local", "acme", "c") is None


def test_a_line_is_settled_once_and_its_lesson_counted(log: EventLog) -> None:
    """The second of two readers is told that it is gone, and does not count."""
    log.keep_lines([waiting("a"), waiting("b"), waiting("c")])
    assert log.settle_line(waiting("a"), LESSON)
    assert not log.settle_line(waiting("a"), LESSON)
    assert log.settle_line(waiting("b"), LESSON)
    assert log.settle_line(waiting("c"), None)
    assert log.lessons("local", "acme") == [replace(LESSON, votes=2)]
    assert log.lessons("local") == []
    assert log.lines("local") == []


def test_a_lesson_of_the_network_is_everybodys(log: EventLog) -> None:
    """What a dispatcher taught counts for each merchant, a merchant's only for itself."""
    everybodys = replace(LESSON, merchant="")
    log.keep_lines([waiting("a"), waiting("b")])
    log.settle_line(waiting("a"), LESSON)
    log.settle_line(waiting("b"), everybodys)
    assert log.lessons("local", "acme") == [everybodys, LESSON]
    assert log.lessons("local", "other") == [everybodys]
    assert log.lessons("twin", "acme") == []


def test_lines_go_with_the_personal_data_of_their_place(log: EventLog) -> None:
    """Whoever is erased is erased from the queue too, and old lines are forgotten."""
    row = waiting("a")
    contact = PersonalRow(
        id=row.id, zone="networks/local/zones/z", subject="s", kind="contact", payload="{}"
    )
    log.append("networks/local/zones/z", [], personal=[contact])
    log.keep_lines([row, waiting("b", at=200), waiting("c", at=300)])
    assert log.erase_personal([row.id]) == 1
    assert log.prune_lines(300) == 1
    assert [row.key for row in log.lines("local")] == ["c"]


def test_what_is_erased_is_not_in_the_file(tmp_path: Path) -> None:
    """SQLite would keep the old pages: a settled line is gone from the disk."""
    log = open_log(tmp_path / "log.sqlite3")
    log.keep_lines([waiting("a")])
    assert log.settle_line(waiting("a"), LESSON)
    found = b"".join(path.read_bytes() for path in sorted(tmp_path.iterdir()))
    assert ROOM.encode() not in found
    log.close()
