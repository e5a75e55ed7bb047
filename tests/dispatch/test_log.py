"""One suite for every log; what only a database can show stands below it."""

import signal
import sqlite3
import subprocess
import sys
import threading
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from dispatch.log import (
    EventLog,
    Fate,
    InMemoryLog,
    LogUnavailable,
    NewRow,
    OutboxRow,
    PersonalRow,
    RequestKey,
    RequestRow,
    SqlLog,
    open_log,
)

NORTH = "networks/local/zones/north"
SOUTH = "networks/local/zones/south"


def event(event_id: str, payload: str = "{}") -> NewRow:
    """Return an event whose only interesting part is its id."""
    return NewRow(
        event_id=event_id,
        at=1_700_000_000,
        type="ParcelCreated",
        subject="networks/local/merchants/default/parcels/p1",
        actor="merchants/default",
        causation_id="c1",
        version=1,
        payload=payload,
    )


def answer(request_id: str, at: int = 1_700_000_000) -> RequestRow:
    """Return an answer to a request of the default merchant."""
    return RequestRow(
        key=RequestKey("merchants/default", "CreateParcel", request_id),
        zone=NORTH,
        payload_hash="abc",
        response=b"\x00\xff",
        at=at,
    )


def contact(pointer: str) -> PersonalRow:
    """Return a recipient's phone number."""
    return PersonalRow(
        id=pointer,
        zone=NORTH,
        subject="networks/local/merchants/default/parcels/p1",
        kind="contact",
        payload='{"phone":"+358401234567"}',
    )


def message(id_: str, due_at: int = 1_700_000_000, zone: str = NORTH) -> OutboxRow:
    """Return a message that waits."""
    return OutboxRow(
        id=id_,
        zone=zone,
        at=1_700_000_000,
        due_at=due_at,
        template="RETURNED",
        subject="merchants/default/parcels/p1",
        payload="{}",
    )


@pytest.fixture(params=["sqlite", "memory"])
def log(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[EventLog]:
    """Give each kind of log in turn, empty."""
    made: EventLog = (
        open_log(tmp_path / "log.sqlite3") if request.param == "sqlite" else InMemoryLog()
    )
    yield made
    made.close()


def test_what_was_appended_is_read_back(log: EventLog) -> None:
    """Every field returns as it went in, with its place added."""
    placed = log.append(NORTH, [event("e1", '{"name":"户"}'), event("e2")])
    assert log.read() == list(placed)
    assert [(row.zone, row.sequence, row.event_id) for row in placed] == [
        (NORTH, 1, "e1"),
        (NORTH, 2, "e2"),
    ]
    assert placed[0].payload == '{"name":"户"}'
    assert placed[0].position < placed[1].position


def test_each_zone_counts_its_own_events(log: EventLog) -> None:
    """Sequences are gapless in a zone while positions order the whole log."""
    log.append(NORTH, [event("e1")])
    log.append(SOUTH, [event("e2")])
    log.append(NORTH, [event("e3")])
    assert [(row.event_id, row.sequence) for row in log.read()] == [("e1", 1), ("e2", 1), ("e3", 2)]
    assert [row.event_id for row in log.read(NORTH)] == ["e1", "e3"]
    assert log.read("networks/local/zones/nowhere") == []


def test_a_reader_goes_on_where_it_stopped(log: EventLog) -> None:
    """Pages of any size meet without a gap and without a repeat."""
    log.append(NORTH, [event(f"e{count}") for count in range(7)])
    seen: list[str] = []
    position = 0
    while page := log.read(NORTH, after_position=position, limit=3):
        seen += [row.event_id for row in page]
        position = page[-1].position
    assert seen == [f"e{count}" for count in range(7)]


def test_the_latest_of_a_type_come_first(log: EventLog) -> None:
    """One type of one zone is read backwards, page by page."""
    log.append(NORTH, [replace(event(f"p{count}"), type="PlanMade") for count in range(3)])
    log.append(SOUTH, [replace(event("s"), type="PlanMade")])
    log.append(NORTH, [event("e"), replace(event("p3"), type="PlanMade")])
    seen: list[str] = []
    before: int | None = None
    while page := log.latest(NORTH, "PlanMade", before, limit=3):
        seen += [row.event_id for row in page]
        before = page[-1].position
    assert seen == ["p3", "p2", "p1", "p0"]
    assert log.latest("networks/local/zones/none", "PlanMade") == []


def test_nothing_is_written_when_an_event_id_repeats(log: EventLog) -> None:
    """A refused append leaves no event, no answer, no personal data and no gap."""
    log.append(NORTH, [event("e1")])
    with pytest.raises(LogUnavailable):
        log.append(NORTH, [event("e2"), event("e1")], [answer("r1")], [contact("c1")])
    assert [row.event_id for row in log.read()] == ["e1"]
    assert log.find_requests([answer("r1").key]) == {}
    assert log.personal(["c1"]) == {}
    assert log.append(NORTH, [event("e3")])[0].sequence == 2


@pytest.mark.parametrize("repeated", ["answer", "contact"])
def test_nothing_is_written_when_a_key_repeats(log: EventLog, repeated: str) -> None:
    """An answer or a pointer that is there already takes the events with it."""
    log.append(NORTH, [event("e1")], [answer("r1")], [contact("c1")])
    requests = [answer("r1")] if repeated == "answer" else []
    personal = [contact("c1")] if repeated == "contact" else []
    with pytest.raises(LogUnavailable):
        log.append(NORTH, [event("e2")], requests, personal)
    with pytest.raises(LogUnavailable):
        log.append(NORTH, [event("e3"), event("e3")])
    assert [row.event_id for row in log.read()] == ["e1"]


def test_an_answer_without_events_is_kept(log: EventLog) -> None:
    """A command that changes nothing still answers its retry alike."""
    assert log.append(NORTH, [], [answer("r1")]) == ()
    assert log.find_requests([answer("r1").key]) == {answer("r1").key: answer("r1")}


def test_answers_are_found_by_their_whole_key(log: EventLog) -> None:
    """The same id of another caller or method is another request."""
    log.append(NORTH, [event("e1")], [answer("r1"), answer("r2")])
    other = RequestKey("merchants/other", "CreateParcel", "r1")
    unknown = RequestKey("merchants/default", "CancelParcel", "r1")
    found = log.find_requests([answer("r2").key, other, unknown, answer("r1").key])
    assert found == {answer("r1").key: answer("r1"), answer("r2").key: answer("r2")}
    assert log.find_requests([]) == {}


def test_old_answers_are_forgotten(log: EventLog) -> None:
    """Pruning takes what is older than the instant and nothing else."""
    log.append(NORTH, [], [answer("r1", at=100), answer("r2", at=200)])
    assert log.prune_requests(before=200) == 1
    assert list(log.find_requests([answer("r1").key, answer("r2").key])) == [answer("r2").key]


def test_personal_data_is_erased_and_the_events_stay(log: EventLog) -> None:
    """Erasing empties the pointer's target and leaves the log as it was."""
    rows = log.append(NORTH, [event("e1", '{"contact":"c1"}')], (), [contact("c1"), contact("c2")])
    assert log.personal(["c1", "c3"]) == {"c1": contact("c1")}
    assert log.erase_personal(["c1", "c3"]) == 1
    assert log.personal(["c1", "c2"]) == {"c2": contact("c2")}
    assert log.read() == list(rows)


def test_messages_are_written_with_their_event_or_not_at_all(log: EventLog) -> None:
    """A refused event leaves no message, and a message that is there refuses its event."""
    log.append(NORTH, [event("e1")], outbox=[message("e1/0")])
    with pytest.raises(LogUnavailable):
        log.append(NORTH, [event("e1")], outbox=[message("e2/0")])
    with pytest.raises(LogUnavailable):
        log.append(NORTH, [event("e3")], outbox=[message("e1/0")])
    assert [row.event_id for row in log.read()] == ["e1"]
    assert log.due_outbox([NORTH], 1_700_000_000) == [message("e1/0")]


def test_due_messages_come_in_order_and_by_zone(log: EventLog) -> None:
    """The longest due first; what is not due yet or belongs to another zone is left."""
    log.append(NORTH, [], outbox=[message("a", 30), message("b", 10), message("c", 20)])
    log.append(SOUTH, [], outbox=[message("d", 5, SOUTH)])
    assert [row.id for row in log.due_outbox([NORTH], 20)] == ["b", "c"]
    assert [row.id for row in log.due_outbox([NORTH, SOUTH], 30, limit=2)] == ["d", "b"]
    assert (log.next_due([NORTH]), log.next_due([SOUTH]), log.next_due([])) == (10, 5, None)
    assert log.due_outbox([], 30) == []


def test_what_became_of_a_message_is_kept_with_its_receipt(log: EventLog) -> None:
    """Sent and dropped ones wait no longer; a failed one waits for its next time."""
    rows = [message("a", 10), message("b", 10), message("c", 10)]
    log.append(NORTH, [], outbox=rows)
    settled = [
        replace(rows[0], fate=Fate.SENT, receipt="sms-17"),
        replace(rows[1], fate=Fate.DROPPED, receipt="NO_CONTACT"),
        replace(rows[2], tries=1, due_at=70),
    ]
    log.settle_outbox(settled)
    log.settle_outbox([])
    assert log.due_outbox([NORTH], 69) == []
    assert log.due_outbox([NORTH], 70) == [settled[2]]
    assert log.next_due([NORTH]) == 70
    assert log.outbox_of(NORTH, rows[0].subject) == settled
    assert log.outbox_of(SOUTH, rows[0].subject) == []


def test_old_messages_are_forgotten_once_they_are_settled(log: EventLog) -> None:
    """One that still waits stays, however old it is."""
    rows = [message("a"), message("b")]
    log.append(NORTH, [], outbox=rows)
    log.settle_outbox([replace(rows[0], fate=Fate.SENT)])
    assert log.prune_outbox(before=1_700_000_000) == 0
    assert log.prune_outbox(before=1_700_000_001) == 1
    assert log.outbox_of(NORTH, rows[0].subject) == [rows[1]]


def test_any_thread_may_read(log: EventLog) -> None:
    """A reader in another thread sees whole groups while one thread writes."""
    counts: list[int] = []

    def read_all() -> None:
        while not counts or counts[-1] < 100:
            counts.append(len(log.read(NORTH)))

    reader = threading.Thread(target=read_all)
    reader.start()
    for group in range(20):
        log.append(NORTH, [event(f"e{group}-{count}") for count in range(5)])
    reader.join()
    assert counts == sorted(counts)
    assert not [count for count in counts if count % 5]


def test_a_reopened_log_goes_on(tmp_path: Path) -> None:
    """After a restart rows, answers and personal data are there and sequences go on."""
    first = open_log(tmp_path / "data" / "log.sqlite3")
    rows = first.append(NORTH, [event("e1")], [answer("r1")], [contact("c1")])
    first.close()
    second = open_log(tmp_path / "data" / "log.sqlite3")
    assert second.read() == list(rows)
    assert list(second.find_requests([answer("r1").key]).values()) == [answer("r1")]
    assert second.personal(["c1"]) == {"c1": contact("c1")}
    assert second.append(NORTH, [event("e2")])[0].sequence == 2
    second.close()


def test_sqlite_waits_for_the_disk(tmp_path: Path) -> None:
    """Every connection writes ahead, syncs on commit and overwrites what it deletes."""
    log = open_log(tmp_path / "log.sqlite3")
    with log._engine.connect() as one, log._engine.connect() as other:
        for connection in (one, other):
            settings = [
                connection.exec_driver_sql(f"PRAGMA {name}").scalar()
                for name in ("journal_mode", "synchronous", "secure_delete")
            ]
            assert settings == ["wal", 2, 1]
    log.close()


def test_a_reader_may_end_after_the_log_is_closed(tmp_path: Path) -> None:
    """A service stops while a thread still reads: its connection is closed, not forgotten."""
    log = open_log(tmp_path / "log.sqlite3")
    with log._engine.connect() as reading:
        raw = reading.connection.dbapi_connection
        assert isinstance(raw, sqlite3.Connection)
        log.close()
        assert reading.exec_driver_sql("SELECT 1").scalar() == 1
    with pytest.raises(sqlite3.ProgrammingError, match="closed"):
        raw.execute("SELECT 1")


def test_erased_data_leaves_the_files(tmp_path: Path) -> None:
    """Once erased, a phone number is in no file of the database any more."""
    log = open_log(tmp_path / "log.sqlite3")
    log.append(NORTH, [event("e1")], (), [contact("c1")])
    log.erase_personal(["c1"])
    files = sorted(tmp_path.iterdir())
    assert files
    assert not [path.name for path in files if b"401234567" in path.read_bytes()]
    log.close()


def test_a_locked_database_refuses_and_recovers(tmp_path: Path) -> None:
    """While another process holds the lock appends fail; afterwards no number is missing."""
    path = tmp_path / "log.sqlite3"
    log = SqlLog(f"sqlite:///{path}", busy_timeout_ms=20)
    log.append(NORTH, [event("e1")])
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    with pytest.raises(LogUnavailable, match="locked"):
        log.append(NORTH, [event("e2")], [answer("r2")])
    other.execute("ROLLBACK")
    other.close()
    assert log.append(NORTH, [event("e2")], [answer("r2")])[0].sequence == 2
    log.close()


def test_a_full_disk_writes_nothing(tmp_path: Path) -> None:
    """A group that does not fit leaves nothing behind, and a smaller one still goes in."""
    log = open_log(tmp_path / "log.sqlite3")
    log.append(NORTH, [event("e1")])
    with log._engine.connect() as connection:
        connection.exec_driver_sql("PRAGMA max_page_count=32")
    with pytest.raises(LogUnavailable, match="full"):
        log.append(NORTH, [event(f"big{count}", "x" * 4000) for count in range(40)])
    assert [row.event_id for row in log.read()] == ["e1"]
    assert log.append(NORTH, [event("e2")])[0].sequence == 2
    log.close()


def test_a_writer_with_an_old_state_is_refused(tmp_path: Path) -> None:
    """Of two writers of one zone the second to write fails, now and later."""
    one, other = (open_log(tmp_path / "log.sqlite3") for _ in range(2))
    one.append(NORTH, [event("e1")])
    other.append(NORTH, [event("e2")])
    for count in range(2):
        with pytest.raises(LogUnavailable):
            one.append(NORTH, [event(f"late{count}")])
    assert [(row.event_id, row.sequence) for row in other.read()] == [("e1", 1), ("e2", 2)]
    one.close()
    other.close()


@pytest.mark.parametrize("case", ["no database", "a file as folder", "a folder as file"])
def test_a_log_that_cannot_be_opened_says_so(tmp_path: Path, case: str) -> None:
    """Whatever lies in the way, the error is the log's own."""
    path = tmp_path / "log.sqlite3"
    if case == "no database":
        path.write_bytes(b"these are not the bytes of a database" * 100)
    elif case == "a file as folder":
        path.write_text("")
        path = path / "log.sqlite3"
    else:
        path.mkdir()
    with pytest.raises(LogUnavailable):
        open_log(path)


WRITER = """
import itertools, sys
from pathlib import Path
from dispatch.log import NewRow, RequestKey, RequestRow, open_log

log = open_log(Path(sys.argv[1]))
for group in itertools.count():
    rows = [
        NewRow(event_id=f"{group}/{row}", at=0, type="T", subject="s", actor="a",
               causation_id="c", version=1, payload="x" * 300)
        for row in range(10)
    ]
    request = RequestRow(key=RequestKey("p", "m", str(group)), zone="z", payload_hash="h",
                         response=b"r", at=0)
    log.append("z", rows, [request])
    print(group, flush=True)
"""


def test_what_was_acknowledged_survives_a_kill(tmp_path: Path) -> None:
    """Killed while it writes, a log keeps all acknowledged groups, and only whole ones."""
    path = tmp_path / "log.sqlite3"
    with subprocess.Popen(
        [sys.executable, "-c", WRITER, str(path)], stdout=subprocess.PIPE, text=True
    ) as writer:
        assert writer.stdout is not None
        acknowledged = [int(writer.stdout.readline()) for _ in range(40)]
        writer.send_signal(signal.SIGKILL)
        acknowledged += [int(line) for line in writer.stdout.read().splitlines()]
    log = open_log(path)
    rows = log.read("z", limit=1_000_000)
    groups = len(rows) // 10
    assert groups > acknowledged[-1]
    assert [row.event_id for row in rows] == [
        f"{group}/{row}" for group in range(groups) for row in range(10)
    ]
    assert [row.sequence for row in rows] == list(range(1, len(rows) + 1))
    keys = [RequestKey("p", "m", str(group)) for group in range(groups + 1)]
    assert len(log.find_requests(keys)) == groups
    assert log.append("z", [event("next")])[0].sequence == len(rows) + 1
    log.close()
