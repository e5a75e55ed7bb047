"""A log in a database: SQLite and PostgreSQL through one SQLAlchemy Core code path."""

import threading
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from sqlalchemy.engine.interfaces import DBAPIConnection
from sqlalchemy.exc import SQLAlchemyError
from sqlalchemy.pool import ConnectionPoolEntry

from dispatch.log import sql_lines
from dispatch.log.port import LogUnavailable
from dispatch.log.rows import Fate, NewRow, OutboxRow, PersonalRow, RequestKey, RequestRow, Row
from dispatch.log.sql_lines import LINES, SqlLines, refusing

BUSY_TIMEOUT_MS = 5_000
"""How long SQLite waits for another process before an append fails."""

_SCHEMA = sa.MetaData()
_POSITION = sa.BigInteger().with_variant(sa.Integer, "sqlite")  # SQLite numbers no other type
_EVENTS = sa.Table(
    "events",
    _SCHEMA,
    sa.Column("position", _POSITION, primary_key=True, autoincrement=True),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("sequence", sa.BigInteger, nullable=False),
    sa.Column("event_id", sa.Text, nullable=False, unique=True),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("type", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("actor", sa.Text, nullable=False),
    sa.Column("causation_id", sa.Text, nullable=False),
    sa.Column("version", sa.Integer, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.UniqueConstraint("zone", "sequence"),
    sa.Index("events_by_zone", "zone", "position"),  # else each page of a zone sorts all of it
    sqlite_autoincrement=True,
)
_REQUESTS = sa.Table(
    "requests",
    _SCHEMA,
    sa.Column("principal", sa.Text, primary_key=True),
    sa.Column("method", sa.Text, primary_key=True),
    sa.Column("request_id", sa.Text, primary_key=True),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("payload_hash", sa.Text, nullable=False),
    sa.Column("response", sa.LargeBinary, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
)
_PERSONAL = sa.Table(
    "personal",
    _SCHEMA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("kind", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
)
_OUTBOX = sa.Table(
    "outbox",
    _SCHEMA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("zone", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False),
    sa.Column("due_at", sa.BigInteger, nullable=False),
    sa.Column("template", sa.Text, nullable=False),
    sa.Column("subject", sa.Text, nullable=False),
    sa.Column("payload", sa.Text, nullable=False),
    sa.Column("fate", sa.Text, nullable=False),
    sa.Column("tries", sa.Integer, nullable=False),
    sa.Column("receipt", sa.Text, nullable=False),
    sa.Index("outbox_by_subject", "subject"),
)
_PENDING = _OUTBOX.c.fate == sa.literal_column(f"'{Fate.PENDING}'")
# Few of many wait: only they are in the index that is asked after every commit.
sa.Index("outbox_pending", _OUTBOX.c.due_at, sqlite_where=_PENDING, postgresql_where=_PENDING)
_ROW_FIELDS = (
    "event_id", "at", "type", "subject", "actor", "causation_id", "version", "payload",
)  # fmt: skip
_PERSONAL_FIELDS = ("id", "zone", "subject", "kind", "payload")
_OUTBOX_FIELDS = (
    "id", "zone", "at", "due_at", "template", "subject", "payload", "fate", "tries", "receipt",
)  # fmt: skip


class SqlLog(SqlLines):
    """A log in a database.

    Sequences are counted here, from what the zone held when it was first appended to. They are
    not read again: when somebody else has written to the zone meanwhile, this log's state is
    old, the database refuses the number, and every append fails from then on. That is also the
    outcome when a commit fails so late that nobody can say what became of it.

    Parameters
    ----------
    url : str or sqlalchemy.URL
        A database URL of SQLAlchemy, for example ``sqlite:///data/log.sqlite3``.
    busy_timeout_ms : int
        How long SQLite waits for a lock.

    Raises
    ------
    LogUnavailable
        When the database cannot be opened or its tables cannot be made.
    """

    def __init__(self, url: str | sa.URL, *, busy_timeout_ms: int = BUSY_TIMEOUT_MS) -> None:
        self._writing = threading.Lock()
        self._last_sequence: dict[str, int] = {}
        self._is_closed = False
        with refusing():
            self._engine = sa.create_engine(url, hide_parameters=True)
            sa.event.listen(self._engine, "checkin", self._take_back)
            if self._engine.dialect.name == "sqlite":
                _set_up_sqlite(self._engine, busy_timeout_ms)
            try:
                _SCHEMA.create_all(self._engine)
                sql_lines.SCHEMA.create_all(self._engine)
            except SQLAlchemyError:
                self._engine.dispose()
                raise

    def append(
        self,
        zone: str,
        rows: Sequence[NewRow],
        requests: Sequence[RequestRow] = (),
        personal: Sequence[PersonalRow] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> tuple[Row, ...]:
        """Write all of it in one transaction; see `EventLog.append`."""
        with self._writing, refusing():
            first = self._sequence_of(zone) + 1
            events = [
                _values(row, _ROW_FIELDS) | {"zone": zone, "sequence": sequence}
                for sequence, row in enumerate(rows, first)
            ]
            with self._engine.begin() as connection:
                if events:
                    connection.execute(_EVENTS.insert(), events)
                if requests:
                    connection.execute(_REQUESTS.insert(), [_request_values(r) for r in requests])
                if personal:
                    connection.execute(
                        _PERSONAL.insert(), [_values(row, _PERSONAL_FIELDS) for row in personal]
                    )
                if outbox:
                    connection.execute(_OUTBOX.insert(), [_outbox_values(row) for row in outbox])
                positions = self._positions_from(connection, zone, first) if events else []
            self._last_sequence[zone] = first - 1 + len(rows)
        return tuple(
            Row(position=position, **event)
            for position, event in zip(positions, events, strict=True)
        )

    def read(
        self, zone: str | None = None, after_position: int = 0, limit: int = 1000
    ) -> list[Row]:
        """Return events after a position; see `EventLog.read`."""
        query = (
            sa.select(_EVENTS)
            .where(_EVENTS.c.position > after_position)
            .order_by(_EVENTS.c.position)
            .limit(limit)
        )
        if zone is not None:
            query = query.where(_EVENTS.c.zone == zone)
        with refusing(), self._engine.connect() as connection:
            return [Row(**row) for row in connection.execute(query).mappings()]

    def latest(
        self, zone: str, type_: str, before_position: int | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return events of one type, newest first; see `EventLog.latest`."""
        query = (
            sa.select(_EVENTS)
            .where(_EVENTS.c.zone == zone, _EVENTS.c.type == type_)
            .order_by(_EVENTS.c.position.desc())
            .limit(limit)
        )
        if before_position is not None:
            query = query.where(_EVENTS.c.position < before_position)
        with refusing(), self._engine.connect() as connection:
            return [Row(**row) for row in connection.execute(query).mappings()]

    def find_requests(self, keys: Iterable[RequestKey]) -> dict[RequestKey, RequestRow]:
        """Return the answers given under these keys; see `EventLog.find_requests`."""
        callers: dict[tuple[str, str], list[str]] = {}
        for principal, method, request_id in sorted(set(keys)):
            callers.setdefault((principal, method), []).append(request_id)
        if not callers:
            return {}
        # One condition for each caller and method, because SQLite searches its key for these
        # and reads the whole table for a list of triples.
        columns = _REQUESTS.c
        query = sa.select(_REQUESTS).where(
            sa.or_(
                *(
                    sa.and_(
                        columns.principal == principal,
                        columns.method == method,
                        columns.request_id.in_(request_ids),
                    )
                    for (principal, method), request_ids in callers.items()
                )
            )
        )
        with refusing(), self._engine.connect() as connection:
            found = [_request_row(row) for row in connection.execute(query)]
        return {row.key: row for row in found}

    def prune_requests(self, before: int) -> int:
        """Forget answers given before an instant; see `EventLog.prune_requests`."""
        with self._writing, refusing(), self._engine.begin() as connection:
            return connection.execute(_REQUESTS.delete().where(_REQUESTS.c.at < before)).rowcount

    def personal(self, ids: Iterable[str]) -> dict[str, PersonalRow]:
        """Return personal data by its ids; see `EventLog.personal`."""
        query = sa.select(_PERSONAL).where(_PERSONAL.c.id.in_(sorted(set(ids))))
        with refusing(), self._engine.connect() as connection:
            return {row["id"]: PersonalRow(**row) for row in connection.execute(query).mappings()}

    def erase_personal(self, ids: Iterable[str]) -> int:
        """Erase personal data for good; see `EventLog.erase_personal`."""
        wanted = sorted(set(ids))
        query = _PERSONAL.delete().where(_PERSONAL.c.id.in_(wanted))
        with self._writing, refusing():
            with self._engine.begin() as connection:
                count = connection.execute(query).rowcount
                connection.execute(LINES.delete().where(LINES.c.id.in_(wanted)))
            self._fold_in()
        return count

    def due_outbox(self, zones: Iterable[str], now: int, limit: int = 100) -> list[OutboxRow]:
        """Return pending messages that are due; see `EventLog.due_outbox`."""
        columns = _OUTBOX.c
        query = (
            sa.select(_OUTBOX)
            .where(_PENDING, columns.due_at <= now, columns.zone.in_(sorted(set(zones))))
            .order_by(columns.due_at, columns.at, columns.id)
            .limit(limit)
        )
        with refusing(), self._engine.connect() as connection:
            return [_outbox_row(row) for row in connection.execute(query).mappings()]

    def next_due(self, zones: Iterable[str]) -> int | None:
        """Return when the next message is due; see `EventLog.next_due`."""
        columns = _OUTBOX.c
        query = sa.select(sa.func.min(columns.due_at)).where(
            _PENDING, columns.zone.in_(sorted(set(zones)))
        )
        with refusing(), self._engine.connect() as connection:
            due_at: int | None = connection.execute(query).scalar()
        return due_at

    def settle_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Write down what became of messages; see `EventLog.settle_outbox`."""
        if not rows:
            return
        changed = ("due_at", "fate", "tries", "receipt")
        query = (
            _OUTBOX.update()
            .where(_OUTBOX.c.id == sa.bindparam("of_id"))
            .values({name: sa.bindparam(f"new_{name}") for name in changed})
        )
        values = [
            {"of_id": row.id, **{f"new_{name}": _outbox_values(row)[name] for name in changed}}
            for row in rows
        ]
        with self._writing, refusing(), self._engine.begin() as connection:
            connection.execute(query, values)

    def outbox_of(self, zone: str, subject: str) -> list[OutboxRow]:
        """Return all messages about one thing; see `EventLog.outbox_of`."""
        columns = _OUTBOX.c
        query = (
            sa.select(_OUTBOX)
            .where(columns.zone == zone, columns.subject == subject)
            .order_by(columns.at, columns.id)
        )
        with refusing(), self._engine.connect() as connection:
            return [_outbox_row(row) for row in connection.execute(query).mappings()]

    def prune_outbox(self, before: int) -> int:
        """Forget old settled messages; see `EventLog.prune_outbox`."""
        query = _OUTBOX.delete().where(~_PENDING, _OUTBOX.c.at < before)
        with self._writing, refusing(), self._engine.begin() as connection:
            return connection.execute(query).rowcount

    def close(self) -> None:
        """Let go of files and connections; those that a thread still reads with, when it has."""
        with self._writing:
            self._is_closed = True
            self._engine.dispose()

    def _take_back(self, connection: DBAPIConnection | None, record: ConnectionPoolEntry) -> None:
        """Close a connection that comes back after all others were closed: nobody else would."""
        if self._is_closed and connection is not None:
            record.invalidate()

    @staticmethod
    def _positions_from(connection: sa.Connection, zone: str, first: int) -> Sequence[int]:
        """Return the positions of a zone's events from a sequence on, in order."""
        query = (
            sa.select(_EVENTS.c.position)
            .where(_EVENTS.c.zone == zone, _EVENTS.c.sequence >= first)
            .order_by(_EVENTS.c.sequence)
        )
        return connection.execute(query).scalars().all()

    def _sequence_of(self, zone: str) -> int:
        """Return the zone's last sequence, 0 before its first event."""
        if zone not in self._last_sequence:
            query = sa.select(sa.func.max(_EVENTS.c.sequence)).where(_EVENTS.c.zone == zone)
            with self._engine.connect() as connection:
                self._last_sequence[zone] = connection.execute(query).scalar() or 0
        return self._last_sequence[zone]


def open_log(path: Path) -> SqlLog:
    """Open the SQLite log in a file, or make it, with the folders above it.

    Parameters
    ----------
    path : Path
        The database file.

    Returns
    -------
    SqlLog
        The log, with its tables.

    Raises
    ------
    LogUnavailable
        When the file cannot be made, read or written, or is no log.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise LogUnavailable(f"{path}: {error.strerror}") from error
    return SqlLog(sa.URL.create("sqlite", database=str(path)))


def _set_up_sqlite(engine: sa.Engine, busy_timeout_ms: int) -> None:
    """Make every new connection durable, patient and forgetful of what is erased."""

    @sa.event.listens_for(engine, "connect")
    def set_pragmas(connection: sa.engine.interfaces.DBAPIConnection, _record: object) -> None:
        cursor = connection.cursor()
        cursor.execute(f"PRAGMA busy_timeout={busy_timeout_ms}")
        cursor.execute("PRAGMA journal_mode=WAL")
        cursor.execute("PRAGMA synchronous=FULL")
        cursor.execute("PRAGMA secure_delete=ON")
        cursor.close()


def _values(row: NewRow | PersonalRow | OutboxRow, fields: tuple[str, ...]) -> dict[str, Any]:
    """Return the named columns of a row."""
    return {name: getattr(row, name) for name in fields}


def _outbox_values(row: OutboxRow) -> dict[str, Any]:
    """Return the columns of a message; drivers disagree about what an enum's member is."""
    return _values(row, _OUTBOX_FIELDS) | {"fate": row.fate.value}


def _outbox_row(row: sa.RowMapping) -> OutboxRow:
    """Return the message of a row of the table."""
    return OutboxRow(**{**row, "fate": Fate(row["fate"])})


def _request_values(row: RequestRow) -> dict[str, object]:
    """Return the columns of an answer."""
    return row.key._asdict() | {
        "zone": row.zone,
        "payload_hash": row.payload_hash,
        "response": row.response,
        "at": row.at,
    }


def _request_row(row: Sequence[Any]) -> RequestRow:
    """Return the answer of a row of the table."""
    principal, method, request_id, zone, payload_hash, response, at = row
    return RequestRow(
        key=RequestKey(principal, method, request_id),
        zone=zone,
        payload_hash=payload_hash,
        response=response,
        at=at,
    )
