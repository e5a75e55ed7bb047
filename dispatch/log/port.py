"""What every log promises, whatever holds it."""

from collections.abc import Iterable, Sequence
from typing import Protocol

from dispatch.log.rows import (
    LessonRow,
    LineRow,
    NewRow,
    OutboxRow,
    PersonalRow,
    RequestKey,
    RequestRow,
    Row,
)


class LogUnavailable(Exception):
    """The log could not take or give what was asked; nothing was written."""


class EventLog(Protocol):
    """What every log promises."""

    def append(
        self,
        zone: str,
        rows: Sequence[NewRow],
        requests: Sequence[RequestRow] = (),
        personal: Sequence[PersonalRow] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> tuple[Row, ...]:
        """Write all of it in one transaction, durable on return.

        Parameters
        ----------
        zone : str
            The zone of every row.
        rows : sequence of NewRow
            Events, in order.
        requests : sequence of RequestRow
            Answers that belong to them; a key may be written once.
        personal : sequence of PersonalRow
            Data to which they point; an id may be written once.
        outbox : sequence of OutboxRow
            Messages for which they are the reason; an id may be written once.

        Returns
        -------
        tuple of Row
            The events with their places, in the same order.

        Raises
        ------
        LogUnavailable
            When anything of it could not be written. Then nothing of it was.
        """

    def read(
        self, zone: str | None = None, after_position: int = 0, limit: int = 1000
    ) -> list[Row]:
        """Return at most ``limit`` events after a position (exclusive), in order of position."""

    def latest(
        self, zone: str, type_: str, before_position: int | None = None, limit: int = 1000
    ) -> list[Row]:
        """Return at most ``limit`` events of one type before a position (exclusive), newest first.

        Parameters
        ----------
        before_position : int, optional
            None for all that there are.
        """

    def find_requests(self, keys: Iterable[RequestKey]) -> dict[RequestKey, RequestRow]:
        """Return the answers given under these keys; keys never seen are left out."""

    def prune_requests(self, before: int) -> int:
        """Forget answers given before an instant (exclusive); return how many."""

    def personal(self, ids: Iterable[str]) -> dict[str, PersonalRow]:
        """Return personal data by its ids; what is unknown or erased is left out."""

    def erase_personal(self, ids: Iterable[str]) -> int:
        """Erase personal data for good; return how many rows were there.

        Address lines that wait under the same ids go with them.
        """

    def due_outbox(self, zones: Iterable[str], now: int, limit: int = 100) -> list[OutboxRow]:
        """Return at most ``limit`` pending messages of some zones due by an instant (inclusive).

        The one that has been due for longest comes first.
        """

    def next_due(self, zones: Iterable[str]) -> int | None:
        """Return when the next pending message of some zones is due; None where there is none."""

    def settle_outbox(self, rows: Sequence[OutboxRow]) -> None:
        """Write down what became of messages: their fate, tries, receipt and next time."""

    def outbox_of(self, zone: str, subject: str) -> list[OutboxRow]:
        """Return all messages about one thing, in order of their instants."""

    def prune_outbox(self, before: int) -> int:
        """Forget settled messages of before an instant (exclusive); return how many."""

    def keep_lines(self, rows: Sequence[LineRow]) -> None:
        """Keep address lines until somebody reads them; an id that waits already is left alone."""

    def lines(
        self, network: str, merchant: str = "", after: str = "", limit: int = 1000
    ) -> list[LineRow]:
        """Return at most ``limit`` lines that wait, by key, from the first one after a key on.

        Parameters
        ----------
        merchant : str
            Whose lines; empty for everybody's of the network.
        """

    def line(self, network: str, merchant: str, key: str) -> LineRow | None:
        """Return one line that waits; None where it is not there or another merchant's."""

    def settle_line(self, row: LineRow, lesson: LessonRow | None) -> bool:
        """Erase a line that was read, and count its lesson; return whether it was still there."""

    def lessons(self, network: str, merchant: str = "") -> list[LessonRow]:
        """Return what was taught: the network's own, and one merchant's where one is named."""

    def prune_lines(self, before: int) -> int:
        """Forget lines that have waited since before an instant (exclusive); return how many."""

    def close(self) -> None:
        """Let go of files and connections."""
