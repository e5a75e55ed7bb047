"""The durable log of events, with answers already given, personal data and messages to send.

What is appended here has happened; all else can be computed again from it. `SqlLog` speaks SQL
through SQLAlchemy Core, so that SQLite and PostgreSQL share its code; `InMemoryLog` keeps the
same promises in memory, for replays and tests. Payloads are text here: it must not import
`dispatch.core` or generated messages.

One thread writes to a log at a time, any thread may read.
"""

from dispatch.log.memory import InMemoryLog
from dispatch.log.port import EventLog, LogUnavailable
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
from dispatch.log.sql import SqlLog, open_log

__all__ = [
    "EventLog",
    "Fate",
    "InMemoryLog",
    "LessonRow",
    "LineRow",
    "LogUnavailable",
    "NewRow",
    "OutboxRow",
    "PersonalRow",
    "RequestKey",
    "RequestRow",
    "Row",
    "SqlLog",
    "open_log",
]
