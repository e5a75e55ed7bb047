"""The loop: commands in, decisions, one transaction, replies, events out.

A group of waiting commands is decided on a state that grows with each of them; their events
are appended in one transaction, with the messages to people that they give reason for; only
then do replies go out and does the state become the zone's. A failed commit therefore leaves
the last good state, answers `Unavailable` and publishes nothing. The live service and the
replay of a day run this same code: they differ in the clock, in the minting of command ids and
in where commands come from.
"""

import asyncio
import logging
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import Protocol

import msgspec

from dispatch.clock import Clock
from dispatch.core import codec
from dispatch.core.engine import decide
from dispatch.core.errors import DispatchError, RequestIdReused, Unavailable
from dispatch.core.messages import (
    AdoptPolicy,
    Command,
    CommitPlan,
    Event,
    Tick,
    parcel_name,
)
from dispatch.core.model import Instant
from dispatch.core.notices import notices_of
from dispatch.core.policy import Policy
from dispatch.core.state import State, evolve
from dispatch.executors import Planner, ThreadedPlanner
from dispatch.log import (
    EventLog,
    LogUnavailable,
    NewRow,
    OutboxRow,
    PersonalRow,
    RequestKey,
    RequestRow,
    Row,
)

GROUP_LIMIT = 256
"""Most commands in one transaction."""
PAGE = 5000
"""Rows read at once when a state is refolded."""

logger = logging.getLogger(__name__)


class Submission(msgspec.Struct, frozen=True, kw_only=True):
    """A command and what belongs to it.

    Attributes
    ----------
    actor
        Who asks, for the log.
    request
        Key under which a retry finds the first answer; None where a retry does no harm.
    payload_hash
        Of the request's body: the same key with another hash is refused.
    personal
        Names, phones and rooms, written in the same transaction as the events.
    respond
        Makes the answer to keep with the request from the state after the command.
    """

    command: Command
    actor: str = ""
    request: RequestKey | None = None
    payload_hash: str = ""
    personal: tuple[PersonalRow, ...] = ()
    respond: Callable[[State, tuple[Event, ...]], bytes] | None = None


class Outcome(msgspec.Struct, frozen=True, kw_only=True):
    """What became of a submission.

    Attributes
    ----------
    repeated
        Whether this is the kept answer to an earlier, equal request.
    error
        Set where the command was refused; then there are no events.
    """

    events: tuple[Event, ...] = ()
    response: bytes = b""
    repeated: bool = False
    error: DispatchError | None = None


class Sink(Protocol):
    """Something that is told of every committed event, in order."""

    def __call__(self, events: Sequence[Event], /) -> None:
        """Take note."""


class _Group:
    """A group of submissions while it is decided; nothing of it counts before its commit."""

    def __init__(self, state: State, now: Instant) -> None:
        self.state = state
        self.now = now
        self.rows: list[NewRow] = []
        self.requests: dict[RequestKey, RequestRow] = {}
        self.personal: list[PersonalRow] = []
        self.outbox: list[OutboxRow] = []
        self.events: list[Event] = []


class Runtime:
    """One zone: its state, and the only writer of its log.

    Parameters
    ----------
    zone
        Full name, ``networks/{n}/zones/{z}``.
    mint
        Returns a new command id: random live, a counter in replays.
    notifies
        Whether messages to people are written with the events that are their reason; not in
        replays, where nobody reads them.

    Attributes
    ----------
    state
        After the last commit.
    position
        Position in the log of the last row of this zone.
    """

    def __init__(
        self,
        *,
        zone: str,
        log: EventLog,
        clock: Clock,
        mint: Callable[[], str],
        policy: Policy,
        notifies: bool = False,
    ) -> None:
        self.zone = zone
        self.state = State(zone=zone)
        self.position = 0
        self._log = log
        self._clock = clock
        self._mint = mint
        self._notifies = notifies
        self._sinks: list[Sink] = []
        self._last_at: Instant = 0
        self._refold()
        outcome = self.commit([Submission(command=AdoptPolicy(policy=policy))])[0]
        if outcome.error is not None:
            raise outcome.error

    def subscribe(self, sink: Sink) -> None:
        """Tell ``sink`` of every event from now on."""
        self._sinks.append(sink)

    def now(self) -> Instant:
        """Return the time; it never runs backwards within a zone."""
        return max(self._clock.now(), self._last_at)

    def commit(self, submissions: Sequence[Submission]) -> list[Outcome]:
        """Decide a group, append its events in one transaction, then make them the state.

        Returns
        -------
        list of Outcome
            One for each submission, in order. Where the log fails, all carry `Unavailable`.
        """
        group = _Group(self.state, self.now())
        try:
            keys = [item.request for item in submissions if item.request is not None]
            kept = self._log.find_requests(keys) if keys else {}
            outcomes = [self._decide(group, item, kept) for item in submissions]
            rows: Sequence[Row] = ()
            if group.rows or group.requests or group.personal:
                rows = self._log.append(
                    self.zone,
                    group.rows,
                    list(group.requests.values()),
                    group.personal,
                    group.outbox,
                )
        except LogUnavailable as problem:
            # Without its traceback: what lies below would quote what could not be written.
            logger.error("zone %s: the log took nothing: %s", self.zone, problem)  # noqa: TRY400
            error = Unavailable(f"the store is down: {problem}; nothing changed")
            return [Outcome(error=error) for _ in submissions]
        self.state, self._last_at = group.state, group.now
        if rows:
            self.position = rows[-1].position
        if group.events:
            for sink in self._sinks:
                sink(group.events)
        return outcomes

    def _decide(
        self, group: _Group, item: Submission, kept: dict[RequestKey, RequestRow]
    ) -> Outcome:
        if item.request is not None:
            known = group.requests.get(item.request) or kept.get(item.request)
            if known is not None:
                return _repeated(item, known)
        command_id = self._mint()
        try:
            events = decide(group.state, item.command, now=group.now, command_id=command_id)
            state, outbox = self._evolved(group.state, events, command_id)
            response = item.respond(state, events) if item.respond is not None else b""
        except DispatchError as error:
            return Outcome(error=error)
        except Exception as error:  # noqa: BLE001 - one broken command must not take its group along
            # By name alone: the message may quote what the command held.
            name, kind = type(item.command).__name__, type(error).__name__
            logger.error("zone %s: %s failed: %s", self.zone, name, kind)  # noqa: TRY400
            return Outcome(error=Unavailable("an internal error; nothing changed"))
        group.state = state
        group.events.extend(events)
        group.rows.extend(
            NewRow(
                event_id=f"{command_id}.{ordinal}",
                at=event.at,
                type=type(event).__name__,
                subject=event.subject,
                actor=item.actor,
                causation_id=command_id,
                version=codec.VERSION,
                payload=codec.encode(event),
            )
            for ordinal, event in enumerate(events)
        )
        group.personal.extend(item.personal)
        group.outbox.extend(outbox)
        if item.request is not None:
            group.requests[item.request] = RequestRow(
                key=item.request,
                zone=self.zone,
                payload_hash=item.payload_hash,
                response=response,
                at=group.now,
            )
        return Outcome(events=events, response=response)

    def _evolved(
        self, state: State, events: Sequence[Event], command_id: str
    ) -> tuple[State, list[OutboxRow]]:
        """Return the state after a command's events, and the messages that they give reason for."""
        outbox: list[OutboxRow] = []
        for ordinal, event in enumerate(events):
            state = evolve(state, event)
            if self._notifies:
                outbox += self._messages(state, event, f"{command_id}.{ordinal}")
        return state, outbox

    def _messages(self, state: State, event: Event, event_id: str) -> list[OutboxRow]:
        try:
            notices = notices_of(state, event)
        except Exception as error:  # noqa: BLE001 - what is told about must not undo what is done
            kinds = type(event).__name__, type(error).__name__
            logger.error("zone %s: %s told nobody: %s", self.zone, *kinds)  # noqa: TRY400
            return []
        return [
            OutboxRow(
                id=f"{event_id}/{number}",
                zone=self.zone,
                at=event.at,
                due_at=event.at,
                template=notice.kind.value,
                subject=parcel_name(notice.parcel),
                payload=msgspec.json.encode(notice).decode(),
            )
            for number, notice in enumerate(notices)
        ]

    def _refold(self) -> None:
        """Rebuild the state from the log."""
        while True:
            rows = self._log.read(zone=self.zone, after_position=self.position, limit=PAGE)
            for row in rows:
                event = codec.decode_event(row.payload, row.version)
                self.state = evolve(self.state, event)
                self._last_at = max(self._last_at, event.at)
            if rows:
                self.position = rows[-1].position
            if len(rows) < PAGE:
                return


def _repeated(item: Submission, known: RequestRow) -> Outcome:
    if known.payload_hash != item.payload_hash:
        message = "this request_id came before with another body"
        return Outcome(error=RequestIdReused(message))
    return Outcome(response=known.response, repeated=True)


_Waiting = tuple[Submission, asyncio.Future[Outcome]]


class LiveLoop:
    """Feeds a `Runtime` from an event loop: groups what waits, and closes epochs.

    Commands are decided and written on one thread of their own, so that waiting for the disk
    never holds up the network.
    """

    def __init__(self, runtime: Runtime, planner: ThreadedPlanner) -> None:
        self.runtime = runtime
        self._planner = planner
        # None tells the writer that nothing follows.
        self._queue: asyncio.Queue[_Waiting | None] = asyncio.Queue()
        self._stopping = False
        self._writer = ThreadPoolExecutor(max_workers=1, thread_name_prefix="writer")
        self._epoch = asyncio.Lock()
        self._tasks: list[asyncio.Task[None]] = []

    @property
    def planner(self) -> Planner:
        """Who makes this zone's plans, and remembers the last one."""
        return self._planner.planner

    def start(self) -> None:
        """Begin to take commands and to close epochs."""
        self._tasks = [asyncio.create_task(self._run()), asyncio.create_task(self._close_epochs())]

    async def stop(self) -> None:
        """Answer all that was taken, then stop; what comes later is `Unavailable`."""
        self._stopping = True
        for task in self._tasks[1:]:
            task.cancel()
        await self._queue.put(None)
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._planner.close()
        self._writer.shutdown()

    async def submit(self, submission: Submission) -> Outcome:
        """Wait until the submission is durable, and return what became of it.

        Raises
        ------
        DispatchError
            If the command was refused or the log failed.
        """
        if self._stopping:
            raise Unavailable("the service is stopping; nothing changed")
        future: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()
        await self._queue.put((submission, future))
        outcome = await future
        if outcome.error is not None:
            raise outcome.error
        return outcome

    async def run_epoch(self) -> CommitPlan | None:
        """Close an epoch now; return its plan, None where there was nothing to decide."""
        async with self._epoch:
            await self.submit(Submission(command=Tick()))
            runtime = self.runtime
            now = runtime.now()
            if not runtime.state.needs_plan(now):
                return None
            plan = await self._planner.plan(runtime.state, now)
            if plan is not None:
                await self.submit(Submission(command=plan))
            return plan

    async def _run(self) -> None:
        going = True
        while going:
            items = [await self._queue.get()]
            while not self._queue.empty() and len(items) < GROUP_LIMIT:
                items.append(self._queue.get_nowait())
            waiting = [item for item in items if item is not None]
            going = len(waiting) == len(items)
            if waiting:
                await self._commit(waiting)

    async def _commit(self, waiting: Sequence[_Waiting]) -> None:
        loop = asyncio.get_running_loop()
        submissions = [submission for submission, _ in waiting]
        try:
            outcomes = await loop.run_in_executor(self._writer, self.runtime.commit, submissions)
        except Exception:
            logger.exception("zone %s: a group of commands failed", self.runtime.zone)
            error = Unavailable("an internal error; nothing changed")
            outcomes = [Outcome(error=error) for _ in waiting]
        for (_, future), outcome in zip(waiting, outcomes, strict=True):
            if not future.done():
                future.set_result(outcome)

    async def _close_epochs(self) -> None:
        while True:
            epoch_s = self.runtime.state.policy.epoch_s
            await asyncio.sleep(epoch_s - self.runtime.now() % epoch_s)
            try:
                await self.run_epoch()
            except Exception:
                logger.exception("zone %s: an epoch failed", self.runtime.zone)
