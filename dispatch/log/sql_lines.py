"""Address lines that wait for a reader, and what was taught by reading them, in a database.

Both stand in tables of their own: lines are personal data, and lessons hold none.
"""

import threading
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict

import sqlalchemy as sa
from sqlalchemy.exc import SQLAlchemyError

from dispatch.log.port import LogUnavailable
from dispatch.log.rows import LessonRow, LineRow

SCHEMA = sa.MetaData()
LINES = sa.Table(
    "address_lines",
    SCHEMA,
    sa.Column("id", sa.Text, primary_key=True),
    sa.Column("key", sa.Text, nullable=False, unique=True),
    sa.Column("network", sa.Text, nullable=False),
    sa.Column("merchant", sa.Text, nullable=False),
    sa.Column("compound", sa.Text, nullable=False),
    sa.Column("line", sa.Text, nullable=False),
    sa.Column("why", sa.Text, nullable=False),
    sa.Column("at", sa.BigInteger, nullable=False, index=True),
    sa.Index("address_lines_by_merchant", "network", "merchant", "key"),
)
_LESSONS = sa.Table(
    "address_lessons",
    SCHEMA,
    sa.Column("network", sa.Text, primary_key=True),
    sa.Column("merchant", sa.Text, primary_key=True),
    sa.Column("compound", sa.Text, primary_key=True),
    sa.Column("form", sa.Text, primary_key=True),
    sa.Column("rule", sa.Text, primary_key=True),
    sa.Column("votes", sa.BigInteger, nullable=False),
)
_IDS_AT_ONCE = 500
"""SQLite takes no more than some thousand values in one statement."""


class SqlLines:
    """The part of a log in a database that keeps address lines; see `EventLog`."""

    _engine: sa.Engine
    _writing: threading.Lock

    def keep_lines(self, rows: Sequence[LineRow]) -> None:
        """Keep address lines; see `EventLog.keep_lines`."""
        with self._writing, refusing(), self._engine.begin() as connection:
            for first in range(0, len(rows), _IDS_AT_ONCE):
                new = {row.id: row for row in rows[first : first + _IDS_AT_ONCE]}
                query = sa.select(LINES.c.id).where(LINES.c.id.in_(sorted(new)))
                for known in connection.execute(query).scalars():
                    del new[known]
                if new:
                    connection.execute(LINES.insert(), [asdict(row) for row in new.values()])

    def lines(
        self, network: str, merchant: str = "", after: str = "", limit: int = 1000
    ) -> list[LineRow]:
        """Return lines that wait; see `EventLog.lines`."""
        columns = LINES.c
        query = (
            sa.select(LINES)
            .where(columns.network == network, columns.key > after)
            .order_by(columns.key)
            .limit(limit)
        )
        if merchant:
            query = query.where(columns.merchant == merchant)
        with refusing(), self._engine.connect() as connection:
            return [LineRow(**row) for row in connection.execute(query).mappings()]

    def line(self, network: str, merchant: str, key: str) -> LineRow | None:
        """Return one line; see `EventLog.line`."""
        columns = LINES.c
        query = sa.select(LINES).where(
            columns.network == network, columns.merchant == merchant, columns.key == key
        )
        with refusing(), self._engine.connect() as connection:
            found = connection.execute(query).mappings().first()
        return None if found is None else LineRow(**found)

    def settle_line(self, row: LineRow, lesson: LessonRow | None) -> bool:
        """Erase a line and count its lesson; see `EventLog.settle_line`."""
        with self._writing, refusing():
            with self._engine.begin() as connection:
                erased = connection.execute(LINES.delete().where(LINES.c.id == row.id)).rowcount
                if erased and lesson is not None:
                    _count(connection, lesson)
            self._fold_in()
        return bool(erased)

    def lessons(self, network: str, merchant: str = "") -> list[LessonRow]:
        """Return what was taught; see `EventLog.lessons`."""
        columns = _LESSONS.c
        query = (
            sa.select(_LESSONS)
            .where(columns.network == network, columns.merchant.in_(sorted({"", merchant})))
            .order_by(*_LESSONS.primary_key.columns)
        )
        with refusing(), self._engine.connect() as connection:
            return [LessonRow(**row) for row in connection.execute(query).mappings()]

    def prune_lines(self, before: int) -> int:
        """Forget old lines; see `EventLog.prune_lines`."""
        with self._writing, refusing():
            with self._engine.begin() as connection:
                count = connection.execute(LINES.delete().where(LINES.c.at < before)).rowcount
            if count:
                self._fold_in()
        return count

    def _fold_in(self) -> None:
        """Fold SQLite's write-ahead file in: it still holds the old pages of what was erased."""
        if self._engine.dialect.name == "sqlite":
            with self._engine.connect() as connection:
                connection.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def _count(connection: sa.Connection, lesson: LessonRow) -> None:
    """Add a lesson's votes to those that it has."""
    key = {name: value for name, value in asdict(lesson).items() if name != "votes"}
    same = sa.and_(*(_LESSONS.c[name] == value for name, value in key.items()))
    more = _LESSONS.update().where(same).values(votes=_LESSONS.c.votes + lesson.votes)
    if not connection.execute(more).rowcount:
        connection.execute(_LESSONS.insert(), asdict(lesson))


@contextmanager
def refusing() -> Iterator[None]:
    """Turn whatever the database says into the one error that callers know."""
    try:
        yield
    except (SQLAlchemyError, OverflowError, UnicodeError) as error:
        # The last two are a driver's answer to a value that it cannot store.
        reason = getattr(error, "orig", None) or error
        raise LogUnavailable(f"the log is not available: {reason}") from error
