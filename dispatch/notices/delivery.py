"""The loop that empties the outbox.

Messages were written with the events that are their reason, so none is lost; this loop sends
each at least once, whatever happens to the sender, the disk or the process. Neither codes nor
phones are in the outbox: they are put in here, at the last moment, and leave with the message.
"""

import asyncio
import logging
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import UTC, datetime, time, timedelta, tzinfo

import msgspec

from dispatch.clock import Clock
from dispatch.codes import code_of
from dispatch.core.messages import Event
from dispatch.core.model import Instant, Seconds
from dispatch.core.notices import (
    GOOD_FOR_S,
    NOTIFYING,
    URGENT,
    Audience,
    Notice,
    is_overtaken,
)
from dispatch.core.state import State
from dispatch.log import EventLog, Fate, LogUnavailable, OutboxRow
from dispatch.notices.senders import Message, Sender
from dispatch.notices.texts import Language, text_of
from dispatch.wire.places import Personal

BATCH = 50
"""Messages that are sent between two marks in the log."""
SEND_S = 30.0
"""A sender that takes longer has failed."""
FIRST_WAIT_S = 10
LONGEST_WAIT_S = 3600
"""Waits between tries double from the first to the longest."""
GIVE_UP_S = 3 * 86_400
"""A message that nobody took for so long is dropped."""
SETTLING_S = 5
"""A state may be a commit older than the outbox: no younger message is dropped as overtaken."""
LONGEST_SLEEP_S = 60
BROKEN_SLEEP_S = 5.0

logger = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True, kw_only=True)
class Manners:
    """How people are written to.

    Attributes
    ----------
    language : Language
    timezone : tzinfo
        In which times are told, and quiet hours kept.
    quiet_from, quiet_until : time, optional
        What is not urgent waits from the first until the second, over midnight where that is
        earlier; None for no quiet hours.
    """

    language: Language = "en"
    timezone: tzinfo = UTC
    quiet_from: time | None = None
    quiet_until: time | None = None

    def quiet_ends(self, now: Instant) -> Instant:
        """Return when the quiet hours end that an instant lies in; 0 for a waking hour."""
        begin, end = self.quiet_from, self.quiet_until
        if begin is None or end is None or begin == end:
            return 0
        local = datetime.fromtimestamp(now, self.timezone)
        is_late = local.time() >= begin
        is_early = local.time() < end
        is_quiet = (is_late and is_early) if begin < end else (is_late or is_early)
        if not is_quiet:
            return 0
        day = local.date() + timedelta(days=0 if is_early else 1)
        return int(datetime.combine(day, end, self.timezone).timestamp())


class Delivery:
    """Sends what is due in the outbox of some zones.

    Parameters
    ----------
    states : mapping of str to function
        By the zone's full name: gives its state of now.
    secret : str
        From which codes are derived.
    """

    def __init__(
        self,
        *,
        log: EventLog,
        sender: Sender,
        clock: Clock,
        secret: str,
        states: Mapping[str, Callable[[], State]],
        manners: Manners,
    ) -> None:
        self._log = log
        self._sender = sender
        self._clock = clock
        self._secret = secret
        self._states = dict(states)
        self._manners = manners
        self._woken = asyncio.Event()

    def sink(self, loop: asyncio.AbstractEventLoop) -> Callable[[Sequence[Event]], None]:
        """Return a sink for a runtime, whose commits happen on another thread."""

        def told(events: Sequence[Event]) -> None:
            if any(type(event) in NOTIFYING for event in events):
                loop.call_soon_threadsafe(self._woken.set)

        return told

    async def run(self) -> None:
        """Send what is due, now and after every commit, until cancelled."""
        while True:
            self._woken.clear()
            try:
                await self.send_due()
                sleep_s = await self._sleep_s()
            except LogUnavailable as problem:
                logger.warning("the outbox cannot be read: %s", problem)
                sleep_s = BROKEN_SLEEP_S
            except Exception as problem:  # noqa: BLE001 - the outermost loop: nobody restarts it
                logger.error("the outbox failed: %s", type(problem).__name__)  # noqa: TRY400
                sleep_s = BROKEN_SLEEP_S
            try:
                async with asyncio.timeout(sleep_s):
                    await self._woken.wait()
            except TimeoutError:
                pass

    async def send_due(self) -> int:
        """Send all that is due; return how many messages a sender has taken.

        Raises
        ------
        LogUnavailable
            When the outbox cannot be read or written. What was sent meanwhile is sent again.
        """
        count = 0
        while True:
            now = self._clock.now()
            rows = await asyncio.to_thread(self._log.due_outbox, self._states, now, BATCH)
            if not rows:
                return count
            # Messages about one parcel go out one after the other, those about others beside.
            by_subject: dict[tuple[str, str], list[OutboxRow]] = {}
            for row in rows:
                by_subject.setdefault((row.zone, row.subject), []).append(row)
            settled = await asyncio.gather(
                *(self._settle_all(of_one, now) for of_one in by_subject.values())
            )
            done = [row for of_one in settled for row in of_one]
            await asyncio.to_thread(self._log.settle_outbox, done)
            count += sum(row.fate is Fate.SENT for row in done)

    async def _sleep_s(self) -> float:
        due_at = await asyncio.to_thread(self._log.next_due, self._states)
        if due_at is None:
            return LONGEST_SLEEP_S
        return min(LONGEST_SLEEP_S, max(1, due_at - self._clock.now()))

    async def _settle_all(self, rows: Sequence[OutboxRow], now: Instant) -> list[OutboxRow]:
        return [await self._settled(row, now) for row in rows]

    async def _settled(self, row: OutboxRow, now: Instant) -> OutboxRow:
        """Send one message, or put it off; return its row as it is to be kept."""
        try:
            notice = msgspec.json.decode(row.payload, type=Notice)
            if now - row.at > GOOD_FOR_S.get(notice.kind, GIVE_UP_S):
                return replace(row, fate=Fate.DROPPED, receipt="TOO_LATE")
            if is_overtaken(self._states[row.zone](), notice):
                if now - row.at < SETTLING_S:
                    return replace(row, due_at=row.at + SETTLING_S)
                return replace(row, fate=Fate.DROPPED, receipt="OVERTAKEN")
            morning = 0 if notice.kind in URGENT else self._manners.quiet_ends(now)
            if morning:
                return replace(row, due_at=morning)
            message = await asyncio.to_thread(self._message, row, notice)
            if message is None:
                return replace(row, fate=Fate.DROPPED, receipt="NO_CONTACT")
            async with asyncio.timeout(SEND_S):
                receipt = await self._sender.send(message)
        except LogUnavailable:
            raise
        except Exception as problem:  # noqa: BLE001 - one message must not hold up the others
            # By its kind alone: a sender's error may quote the message.
            logger.warning("message %s was not sent: %s", row.id, type(problem).__name__)
            if now - row.at > GIVE_UP_S:
                return replace(row, fate=Fate.DROPPED, receipt="TOO_LATE")
            tries = row.tries + 1
            return replace(row, tries=tries, due_at=now + _wait_s(tries))
        return replace(row, fate=Fate.SENT, receipt=receipt)

    def _message(self, row: OutboxRow, notice: Notice) -> Message | None:
        """Return the message with what only its receiver may know; None where there is nobody."""
        pointers = (notice.contact, notice.hub_contact, notice.receiver)
        rows = self._log.personal(pointer for pointer in pointers if pointer)
        people = {
            pointer: msgspec.json.decode(found.payload, type=Personal)
            for pointer, found in rows.items()
        }
        nobody = Personal()
        to = people.get(notice.contact, nobody).phone
        if notice.audience is Audience.MERCHANT:
            to = row.subject.rpartition("/parcels/")[0]
        if not to:
            return None
        code = ""
        if notice.code_serial:
            code = code_of(self._secret, row.zone, notice.code_key, notice.code_serial)
        text = text_of(
            notice,
            self._manners.language,
            self._manners.timezone,
            code=code,
            hub_name=people.get(notice.hub_contact, nobody).label,
            receiver=people.get(notice.receiver, nobody).name,
        )
        network = row.zone.partition("/zones/")[0]
        return Message(
            id=row.id,
            at=row.at,
            template=row.template,
            parcel=f"{network}/{row.subject}",
            to=f"{network}/{to}" if notice.audience is Audience.MERCHANT else to,
            text=text,
            code=code,
        )


def _wait_s(tries: int) -> Seconds:
    """Return seconds until the next try after so many failures."""
    return min(LONGEST_WAIT_S, FIRST_WAIT_S << min(tries - 1, 16))
