"""A log in memory, for replays and tests: it makes the same promises for as long as it lives."""

import threading
from bisect import bisect_right
from collections.abc import Container, Hashable, Iterable, Sequence
from itertools import islice

from dispatch.log.port import LogUnavailable
from dispatch.log.rows import (
    Fate,
    LessonRow,
    LineRow,
    NewRow,
    OutboxRow,
    PersonalRow,
    RequestKey,
    RequestRow,
    Row,
)


class InMemoryLog:
    """A log that lives as long as its process and makes the same promises otherwise."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rows: list[Row] = []
        self._zones: dict[str, list[Row]] = {}
        self._event_ids: set[str] = set()
        self._requests: dict[RequestKey, RequestRow] = {}
        self._personal: dict[str, PersonalRow] = {}
        self._outbox: dict[str, OutboxRow] = {}
        self._lines: dict[str, LineRow] = {}
        self._lessons: dict[tuple[str, ...], int] = {}

    def append(
        self,
        zone: str,
        rows: Sequence[NewRow],
        requests: Sequence[RequestRow] = (),
        personal: Sequence[PersonalRow] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> tuple[Row, ...]:
        """Keep all of it or nothing; see `EventLog.append`."""
        with self._lock:
            _refuse_known("event_id", [row.event_id for row in rows], self._event_ids)
            _refuse_known("request", [row.key for row in requests], self._requests.keys())
            _refuse_known("personal id", [row.id for row in personal], self._personal.keys())
            _refuse_known("message", [row.id for row in outbox], self._outbox.keys())
            of_zone = self._zones.setdefault(zone, [])
            placed = tuple(
                Row(
                    position=len(self._rows) + count,
                    zone=zone,
                    sequence=len(of_zone) + count,
                    event_id=row.event_id,
                    at=row.at,
                    type=row.type,
                    subject=row.subject,
                    actor=row.actor,
                    causation_id=row.causation_id,
                    version=row.version,
                    payload=row.payload,
                )
                for count, row in enumerate(rows, 1)
            )
            self._rows.extend(placed)
            of_zone.extend(placed)
            self._event_ids.update(row.event_id for row in placed)
            self._requests.update((row.key, row) for row in requests)
            self._personal.update((row.id, row) for row in personal)
            self._outbox.update((row.id, row) for row in outbox)
        return placed

    def read(
        self, zone: str | None = None, after_position: int = 0, limit: int = 1000
    ) -> list[Row]:
        """Return events after a position; see `EventLog.read`."""
        with self._lock:
            rows = self._rows if zone is None else self._zones.get(zone, [])
            start = bisect_right(rows, after_position, key=lambda row: row.position)
            return rows[start : start + limit]

    def latest(
        self, zone: str, type_: str, before_position: int | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return events of one type, newest first; see `EventLog.latest`."""
        with self._lock:
            rows = self._zones.get(zone, [])
            found = (
                row
                for row in reversed(rows)
                if row.type == type_ and (before_position is None or row.position < before_position)
            )
            return list(islice(found, limit))

    def find_requests(self, keys: Iterable[RequestKey]) -> dict[RequestKey, RequestRow]:
        """Return the answers given under these keys; see `EventLog.find_requests`."""
        with self._lock:
            return {key: self._requests[key] for key in keys if key in self._requests}

    def prune_requests(self, before: int) -> int:
        """Forget answers given before an instant; see `EventLog.prune_requests`."""
        with self._lock:
            old = [key for key, row in self._requests.items() if row.at < before]
            for key in old:
                del self._requests[key]
        return len(old)

    def personal(self, ids: Iterable[str]) -> dict[str, PersonalRow]:
        """Return personal data by its ids; see `EventLog.personal`."""
        with self._lock:
            return {id_: self._personal[id_] for id_ in ids if id_ in self._personal}

    def erase_personal(self, ids: Iterable[str]) -> int:
        """Erase personal data; see `EventLog.erase_personal`."""
        with self._lock:
            wanted = set(ids)
            for id_ in wanted:
                self._lines.pop(id_, None)
            return sum(self._personal.pop(id_, None) is not None for id_ in wanted)

    def due_outbox(self, zones: Iterable[str], now: int, limit: int = 100) -> list[OutboxRow]:
        """Return pending messages that are due; see `EventLog.due_outbox`."""
        due = [row for row in self._pending(zones) if row.due_at <= now]
        return sorted(due, key=lambda row: (row.due_at, row.at, row.id))[:limit]

    def next_due(self, zones: Iterable[str]) -> int | None:
        """Return when the next message is due; see `EventLog.next_due`."""
        return min((row.due_at for row in self._pending(zones)), default=None)

    def _pending(self, zones: Iterable[str]) -> list[OutboxRow]:
        wanted = frozenset(zones)
        with self._lock:
            return [
                row
                for row in self._outbox.values()
                if row.fate is Fate.PENDING and row.zone in wanted
            ]

    def settle_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Write down what became of messages; see `EventLog.settle_outbox`."""
        with self._lock:
            self._outbox.update((row.id, row) for row in rows if row.id in self._outbox)

    def outbox_of(self, zone: str, subject: str) -> list[OutboxRow]:
        """Return all messages about one thing; see `EventLog.outbox_of`."""
        with self._lock:
            found = [
                row for row in self._outbox.values() if (row.zone, row.subject) == (zone, subject)
            ]
        return sorted(found, key=lambda row: (row.at, row.id))

    def prune_outbox(self, before: int) -> int:
        """Forget old settled messages; see `EventLog.prune_outbox`."""
        with self._lock:
            old = [
                row.id
                for row in self._outbox.values()
                if row.fate is not Fate.PENDING and row.at < before
            ]
            for id_ in old:
                del self._outbox[id_]
        return len(old)

    def keep_lines(self, rows: Sequence[LineRow]) -> None:
        """Keep address lines; see `EventLog.keep_lines`."""
        with self._lock:
            for row in rows:
                self._lines.setdefault(row.id, row)

    def lines(
        self, network: str, merchant: str = "", after: str = "", limit: int = 1000
    ) -> list[LineRow]:
        """Return lines that wait; see `EventLog.lines`."""
        with self._lock:
            found = [
                row
                for row in self._lines.values()
                if row.network == network and merchant in {"", row.merchant} and row.key > after
            ]
        return sorted(found, key=lambda row: row.key)[:limit]

    def line(self, network: str, merchant: str, key: str) -> LineRow | None:
        """Return one line; see `EventLog.line`."""
        with self._lock:
            for row in self._lines.values():
                if (row.network, row.merchant, row.key) == (network, merchant, key):
                    return row
        return None

    def settle_line(self, row: LineRow, lesson: LessonRow | None) -> bool:
        """Erase a line and count its lesson; see `EventLog.settle_line`."""
        with self._lock:
            if self._lines.pop(row.id, None) is None:
                return False
            if lesson is not None:
                key = (
                    lesson.network, lesson.merchant, lesson.compound, lesson.form, lesson.rule,
                )  # fmt: skip
                self._lessons[key] = self._lessons.get(key, 0) + lesson.votes
        return True

    def lessons(self, network: str, merchant: str = "") -> list[LessonRow]:
        """Return what was taught; see `EventLog.lessons`."""
        with self._lock:
            return [
                LessonRow(
                    network=key[0],
                    merchant=key[1],
                    compound=key[2],
                    form=key[3],
                    rule=key[4],
                    votes=votes,
                )
                for key, votes in sorted(self._lessons.items())
                if key[0] == network and key[1] in {"", merchant}
            ]

    def prune_lines(self, before: int) -> int:
        """Forget old lines; see `EventLog.prune_lines`."""
        with self._lock:
            old = [id_ for id_, row in self._lines.items() if row.at < before]
            for id_ in old:
                del self._lines[id_]
        return len(old)

    def close(self) -> None:
        """Do nothing: there is nothing to let go of."""


def _refuse_known(what: str, new: Sequence[Hashable], known: Container[Hashable]) -> None:
    """Refuse what a database's unique constraint would refuse."""
    seen: set[Hashable] = set()
    for value in new:
        if value in known or value in seen:
            raise LogUnavailable(f"the log is not available: {what} {value!r} is there already")
        seen.add(value)
