"""The loop: groups, retries, failed commits, recovery, and the live service's use of it."""

import asyncio
import itertools
from collections.abc import AsyncIterator, Callable, Iterable, Iterator, Sequence
from pathlib import Path

import msgspec
import pytest

from dispatch.clock import VirtualClock
from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.errors import (
    AlreadyExists,
    DispatchError,
    InvalidTransition,
    NotFound,
    RequestIdReused,
    Unavailable,
)
from dispatch.core.notices import Notice, NoticeKind
from dispatch.core.policy import Policy
from dispatch.core.state import State, fold
from dispatch.executors import Planner, ThreadedPlanner
from dispatch.log import (
    EventLog,
    InMemoryLog,
    LogUnavailable,
    NewRow,
    OutboxRow,
    PersonalRow,
    RequestKey,
    RequestRow,
    Row,
    open_log,
)
from dispatch.runtime import GROUP_LIMIT, LiveLoop, Outcome, Runtime, Submission
from maps.travel import StraightLine
from tests.core.town import AT_ONCE, NOON, ZONE, a_courier, a_hub, a_parcel, names, slot


class FailingLog(InMemoryLog):
    """A log in memory that refuses while ``fails`` is set, and counts its transactions."""

    def __init__(self) -> None:
        super().__init__()
        self.fails = False
        self.appends = 0

    def append(
        self,
        zone: str,
        rows: Sequence[NewRow],
        requests: Sequence[RequestRow] = (),
        personal: Sequence[PersonalRow] = (),
        outbox: Sequence[OutboxRow] = (),
    ) -> tuple[Row, ...]:
        """Append, or fail as a full disk does."""
        if self.fails:
            raise LogUnavailable("the disk is full")
        self.appends += 1
        return super().append(zone, rows, requests, personal, outbox)

    def find_requests(self, keys: Iterable[RequestKey]) -> dict[RequestKey, RequestRow]:
        """Find answers, or fail as a lost connection does."""
        if self.fails:
            raise LogUnavailable("the connection is lost")
        return super().find_requests(keys)


def a_runtime(log: EventLog, clock: VirtualClock, policy: Policy = AT_ONCE) -> Runtime:
    """Open the zone on a log; command ids go on where the log's rows end."""
    numbers = itertools.count(len(log.read(limit=1_000_000)))
    return Runtime(zone=ZONE, log=log, clock=clock, mint=lambda: f"c{next(numbers)}", policy=policy)


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(NOON)


@pytest.fixture
def failing() -> FailingLog:
    return FailingLog()


@pytest.fixture
def runtime(failing: FailingLog, clock: VirtualClock) -> Runtime:
    """Give a new zone on a log that can be told to fail."""
    return a_runtime(failing, clock)


Reopen = Callable[[], EventLog]


@pytest.fixture(params=["sqlite", "memory"])
def reopen(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Reopen]:
    """Give what opens the same log again, of each kind in turn."""
    opened: list[EventLog] = []
    memory = InMemoryLog()

    def opens() -> EventLog:
        if request.param == "memory":
            return memory
        for log in opened:
            log.close()
        opened.append(open_log(tmp_path / "log.sqlite3"))
        return opened[-1]

    yield opens
    for log in opened:
        log.close()


def asks(
    command: m.Command,
    request_id: str = "",
    body: str = "body",
    personal: tuple[PersonalRow, ...] = (),
) -> Submission:
    """Give a submission, with a request id that of a merchant's call."""
    return Submission(
        command=command,
        actor="merchants/m",
        request=RequestKey("merchants/m", "CreateParcel", request_id) if request_id else None,
        payload_hash=body,
        personal=personal,
        respond=lambda state, events: f"{len(state.parcels)} {len(events)}".encode(),
    )


def creating(name: str) -> m.CreateParcels:
    """Give the command that hands in one parcel."""
    return m.CreateParcels(parcels=(a_parcel(name),))


def told(runtime: Runtime) -> list[m.Event]:
    """Return the list that every event from now on is published to."""
    events: list[m.Event] = []
    runtime.subscribe(events.extend)
    return events


def errors_of(outcomes: Iterable[Outcome]) -> list[type[DispatchError] | None]:
    """Return the kind of each outcome's error."""
    return [None if outcome.error is None else type(outcome.error) for outcome in outcomes]


# --- groups ----------------------------------------------------------------------------


def test_a_new_zone_begins_with_its_policy(runtime: Runtime, failing: FailingLog) -> None:
    """The first row of every log says which values decisions use."""
    (row,) = failing.read()
    assert (row.type, row.zone, row.sequence, row.version) == ("PolicyAdopted", ZONE, 1, 1)
    assert runtime.state.policy == AT_ONCE
    assert runtime.position == row.position


def test_a_group_is_one_transaction(runtime: Runtime, failing: FailingLog) -> None:
    """Later commands see what the earlier ones did; one refusal does not spoil the others."""
    events = told(runtime)
    before = failing.appends
    outcomes = runtime.commit(
        [
            asks(creating("p1")),
            asks(m.CancelParcel(parcel="m/p1")),
            asks(m.CancelParcel(parcel="m/p1")),
            asks(m.CancelParcel(parcel="m/p9")),
            asks(creating("p1")),
            asks(creating("p2")),
        ]
    )
    assert errors_of(outcomes) == [None, None, InvalidTransition, NotFound, AlreadyExists, None]
    assert failing.appends == before + 1
    assert names(events) == ["ParcelCreated", "ParcelCancelled", "ParcelCreated"]
    assert [row.type for row in failing.read()][1:] == names(events)
    assert outcomes[0].response == b"1 1"
    assert outcomes[-1].response == b"2 1"
    assert sorted(runtime.state.parcels) == ["m/p1", "m/p2"]


def test_a_row_says_who_when_and_why(runtime: Runtime, failing: FailingLog) -> None:
    """Every event stands in the log with its subject, actor, command and a unique id."""
    runtime.commit([asks(m.CreateParcels(parcels=(a_parcel("p1"), a_parcel("p2"))))])
    first, second = failing.read()[1:]
    assert first.subject == "merchants/m/parcels/p1"
    assert (first.actor, first.at) == ("merchants/m", NOON)
    assert first.causation_id == second.causation_id
    assert (first.event_id, second.event_id) == (
        f"{first.causation_id}.0",
        f"{first.causation_id}.1",
    )
    as_handed_in = {"leg": "", "leg_count": 0, "custody": ()}
    assert codec.decode_event(first.payload, first.version) == m.ParcelCreated(
        at=NOON,
        parcel=msgspec.structs.replace(runtime.state.parcel("m/p1"), **as_handed_in),
        leg=runtime.state.leg("m/p1/1"),
    )


def test_what_changes_nothing_is_not_written(runtime: Runtime, failing: FailingLog) -> None:
    """A silent tick costs no transaction and publishes nothing."""
    events, appends = told(runtime), failing.appends
    (outcome,) = runtime.commit([Submission(command=m.Tick())])
    assert outcome == Outcome()
    assert (events, failing.appends) == ([], appends)


def test_personal_data_is_written_beside_the_events(runtime: Runtime, failing: FailingLog) -> None:
    """In the same transaction, and only if the command was carried out."""
    rows = [
        PersonalRow(id=f"c{n}", zone=ZONE, subject="m/p1", kind="contact", payload="{}")
        for n in range(2)
    ]
    runtime.commit(
        [
            asks(creating("p1"), personal=(rows[0],)),
            asks(creating("p1"), personal=(rows[1],)),
        ]
    )
    assert failing.personal(["c0", "c1"]) == {"c0": rows[0]}


# --- messages --------------------------------------------------------------------------


@pytest.fixture
def telling(
    failing: FailingLog, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> Callable[..., Runtime]:
    """Return a function that opens the zone with a rule: every new parcel is told of."""

    def told_of(state: State, event: m.Event) -> tuple[Notice, ...]:
        if not isinstance(event, m.ParcelCreated):
            return ()
        # Fails on a state that does not follow on the event.
        parcel = state.parcel(event.parcel.id)
        if parcel.waybill == "broken":
            raise KeyError(parcel.id)
        return (Notice(kind=NoticeKind.RUNNING_LATE, parcel=parcel.id, label="x"),) * 2

    monkeypatch.setattr("dispatch.runtime.notices_of", told_of)

    def opened(*, notifies: bool = True) -> Runtime:
        mint = itertools.count().__next__
        return Runtime(
            zone=ZONE,
            log=failing,
            clock=clock,
            mint=lambda: f"c{mint()}",
            policy=AT_ONCE,
            notifies=notifies,
        )

    return opened


def test_messages_are_written_with_their_events(
    telling: Callable[..., Runtime], failing: FailingLog
) -> None:
    """In one transaction, with ids that follow from the event's; a failed one leaves neither."""
    runtime, before = telling(), failing.appends
    runtime.commit([asks(m.CreateParcels(parcels=(a_parcel("p1"), a_parcel("p2"))))])
    assert failing.appends == before + 1
    rows = failing.due_outbox([ZONE], NOON)
    assert [row.id for row in rows] == ["c1.0/0", "c1.0/1", "c1.1/0", "c1.1/1"]
    assert {(row.zone, row.at, row.template) for row in rows} == {(ZONE, NOON, "RUNNING_LATE")}
    assert [row.subject for row in rows[::2]] == [
        "merchants/m/parcels/p1",
        "merchants/m/parcels/p2",
    ]
    assert msgspec.json.decode(rows[0].payload, type=Notice).parcel == "m/p1"
    failing.fails = True
    runtime.commit([asks(creating("p3"))])
    failing.fails = False
    assert failing.due_outbox([ZONE], NOON) == rows


def test_a_retry_and_a_refusal_tell_nobody(
    telling: Callable[..., Runtime], failing: FailingLog
) -> None:
    """One message for one event, however often it is asked for."""
    runtime = telling()
    runtime.commit([asks(creating("p1"), "r1")])
    runtime.commit([asks(creating("p1"), "r1"), asks(creating("p1"))])
    assert len(failing.due_outbox([ZONE], NOON)) == 2


def test_what_is_told_never_undoes_what_is_done(
    telling: Callable[..., Runtime], failing: FailingLog
) -> None:
    """A rule of notices that breaks costs its message alone."""
    runtime = telling()
    (outcome,) = runtime.commit(
        [asks(m.CreateParcels(parcels=(a_parcel("p1", waybill="broken"), a_parcel("p2"))))]
    )
    assert outcome.error is None
    assert [row.id for row in failing.due_outbox([ZONE], NOON)] == ["c1.1/0", "c1.1/1"]


def test_a_replay_tells_nobody(telling: Callable[..., Runtime], failing: FailingLog) -> None:
    """Nobody reads what it would write."""
    telling(notifies=False).commit([asks(creating("p1"))])
    assert failing.due_outbox([ZONE], NOON) == []


def test_time_never_runs_backwards(failing: FailingLog, clock: VirtualClock) -> None:
    """After a restart with a slow clock the zone goes on at the time of its last event."""
    clock.advance_to(NOON + 500)
    a_runtime(failing, clock).commit([asks(creating("p1"))])
    runtime = a_runtime(failing, VirtualClock(NOON))
    assert runtime.now() == NOON + 500
    (outcome,) = runtime.commit([asks(creating("p2"))])
    assert outcome.events[0].at == NOON + 500


# --- retries ---------------------------------------------------------------------------


def test_a_retry_gets_the_first_answer(runtime: Runtime, failing: FailingLog) -> None:
    """The same id and body are carried out once, however often they come."""
    (first,) = runtime.commit([asks(creating("p1"), "r1")])
    runtime.commit([asks(creating("p2"))])
    state, rows = runtime.state, failing.read()
    (again,) = runtime.commit([asks(creating("p1"), "r1")])
    assert again.response == first.response == b"1 1"
    assert (first.repeated, again.repeated) == (False, True)
    assert again.events == ()
    assert runtime.state is state
    assert failing.read() == rows


def test_a_retry_with_another_body_is_refused(runtime: Runtime) -> None:
    """An id stands for one request; nothing is changed by the second."""
    runtime.commit([asks(creating("p1"), "r1")])
    state = runtime.state
    outcomes = runtime.commit([asks(creating("p2"), "r1", body="other")])
    assert errors_of(outcomes) == [RequestIdReused]
    assert runtime.state is state


def test_retries_meet_in_one_group(runtime: Runtime, failing: FailingLog) -> None:
    """The second of two equal requests in a group waits for nothing and does nothing."""
    outcomes = runtime.commit(
        [
            asks(creating("p1"), "r1"),
            asks(creating("p1"), "r1"),
            asks(creating("p2"), "r1", body="other"),
            asks(creating("p2"), "r2"),
        ]
    )
    assert errors_of(outcomes) == [None, None, RequestIdReused, None]
    assert [outcome.repeated for outcome in outcomes] == [False, True, False, False]
    assert outcomes[1].response == outcomes[0].response
    assert [row.type for row in failing.read()][1:] == ["ParcelCreated"] * 2


def test_the_same_id_of_another_caller_is_another_request(runtime: Runtime) -> None:
    """Ids are kept by caller and method."""
    first = asks(creating("p1"), "r1")
    other = msgspec.structs.replace(
        asks(creating("p2"), "r1"), request=RequestKey("merchants/n", "CreateParcel", "r1")
    )
    assert errors_of(runtime.commit([first, other])) == [None, None]


def test_a_refusal_is_not_kept(runtime: Runtime) -> None:
    """What was refused may be tried again under its id once it has become possible."""
    cancelling = asks(m.CancelParcel(parcel="m/p1"), "r1")
    assert errors_of(runtime.commit([cancelling])) == [NotFound]
    runtime.commit([asks(creating("p1"))])
    assert errors_of(runtime.commit([cancelling])) == [None]


def test_an_answer_without_events_is_kept_too(runtime: Runtime) -> None:
    """A command that changed nothing answers its retry alike."""
    paused = asks(m.ResumeDispatch(), "r1")
    (first,) = runtime.commit([paused])
    (again,) = runtime.commit([paused])
    assert (first.response, again.response, again.repeated) == (b"0 0", b"0 0", True)


# --- a log that fails ------------------------------------------------------------------


def test_a_failed_commit_changes_nothing(runtime: Runtime, failing: FailingLog) -> None:
    """Every command of the group is Unavailable, nothing is published, the state stays."""
    runtime.commit([asks(creating("p1"), "r1")])
    events = told(runtime)
    state, position, rows = runtime.state, runtime.position, failing.read()
    failing.fails = True
    group = [asks(creating("p2")), asks(m.CancelParcel(parcel="m/p9")), asks(creating("p1"), "r1")]
    assert errors_of(runtime.commit(group[:2])) == [Unavailable] * 2
    assert errors_of(runtime.commit(group)) == [Unavailable] * 3
    assert runtime.state is state
    assert runtime.position == position
    assert events == []
    assert failing.read() == rows


def test_after_a_failed_commit_it_goes_on(runtime: Runtime, failing: FailingLog) -> None:
    """The same command works when the log does again, under the same request id, once."""
    failing.fails = True
    runtime.commit([asks(creating("p1"), "r1")])
    failing.fails = False
    events = told(runtime)
    assert errors_of(runtime.commit([asks(creating("p1"), "r1")])) == [None]
    assert names(events) == ["ParcelCreated"]
    assert [row.sequence for row in failing.read()] == [1, 2]
    assert fold(State(zone=ZONE), decoded(failing)) == runtime.state


def test_a_zone_cannot_open_on_a_log_that_fails(failing: FailingLog, clock: VirtualClock) -> None:
    """Without its first row a zone does not exist."""
    failing.fails = True
    with pytest.raises(Unavailable, match="disk is full"):
        a_runtime(failing, clock)


# --- recovery --------------------------------------------------------------------------


def decoded(log: EventLog) -> list[m.Event]:
    """Return all events of a log."""
    return [codec.decode_event(row.payload, row.version) for row in log.read(limit=1_000_000)]


def test_a_restart_finds_everything_again(reopen: Reopen, clock: VirtualClock) -> None:
    """State, position and kept answers are there after a restart, and ids do not clash."""
    runtime = a_runtime(reopen(), clock)
    runtime.commit([asks(m.CreateHub(hub=a_hub())), asks(m.CreateCourier(courier=a_courier()))])
    runtime.commit([asks(m.AddAvailability(courier="ann", slots=(slot(),)))])
    runtime.commit([asks(m.GoOnline(courier="ann"))])
    runtime.commit([asks(creating(f"p{n}"), f"r{n}") for n in range(5)])
    clock.advance_to(NOON + 60)
    plan = Planner(StraightLine(), clock).plan(runtime.state, runtime.now())
    assert plan is not None
    runtime.commit([Submission(command=plan)])
    assert dict(runtime.state.open_offer)

    again = a_runtime(reopen(), clock)
    assert again.state == runtime.state
    assert again.position == runtime.position
    (kept,) = again.commit([asks(creating("p3"), "r3")])
    assert (kept.repeated, kept.response) == (True, b"4 1")
    assert errors_of(again.commit([asks(creating("p9"))])) == [None]


def test_a_restart_reads_pages(
    reopen: Reopen, clock: VirtualClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A log that is longer than a page is folded page by page, to the same state."""
    runtime = a_runtime(reopen(), clock)
    runtime.commit([asks(creating(f"p{n}")) for n in range(11)])
    for page in (1, 4, 12, 13):
        monkeypatch.setattr("dispatch.runtime.PAGE", page)
        assert a_runtime(reopen(), clock).state == runtime.state


def test_a_restart_with_another_policy_adopts_it(reopen: Reopen, clock: VirtualClock) -> None:
    """Only a policy that has changed makes a row."""
    log = reopen()
    a_runtime(log, clock)
    a_runtime(log, clock)
    runtime = a_runtime(log, clock, Policy(version="next", engine="insert"))
    assert [row.type for row in log.read()] == ["PolicyAdopted"] * 2
    assert runtime.state.policy.version == "next"


def test_zones_of_one_log_do_not_see_each_other(reopen: Reopen, clock: VirtualClock) -> None:
    """Each zone refolds its own rows."""
    log = reopen()
    here = a_runtime(log, clock)
    ids = itertools.count()
    there = Runtime(
        zone="networks/local/zones/other",
        log=log,
        clock=clock,
        mint=lambda: f"other{next(ids)}",
        policy=AT_ONCE,
    )
    here.commit([asks(creating("p1"))])
    there.commit([asks(creating("p1"))])
    assert a_runtime(log, clock).state == here.state
    assert [row.sequence for row in log.read(zone=ZONE)] == [1, 2]


def test_rows_of_a_later_version_stop_a_restart(failing: FailingLog, clock: VirtualClock) -> None:
    """A build that cannot read its log does not pretend to."""
    row = NewRow(
        event_id="e", at=NOON, type="PolicyAdopted", subject="", actor="", causation_id="c",
        version=99, payload="{}",
    )  # fmt: skip
    failing.append(ZONE, [row])
    with pytest.raises(msgspec.ValidationError, match="version 99"):
        a_runtime(failing, clock)


# --- live ------------------------------------------------------------------------------


@pytest.fixture
async def live(runtime: Runtime, clock: VirtualClock) -> AsyncIterator[LiveLoop]:
    """Give a zone that takes commands from an event loop."""
    loop = LiveLoop(runtime, ThreadedPlanner(Planner(StraightLine(), clock)))
    loop.start()
    yield loop
    await loop.stop()


async def staffed(live: LiveLoop) -> None:
    """Bring in Ann and a parcel."""
    for command in (
        m.CreateCourier(courier=a_courier()),
        m.AddAvailability(courier="ann", slots=(slot(),)),
        m.GoOnline(courier="ann"),
        creating("p1"),
    ):
        await live.submit(asks(command))


async def test_what_is_answered_is_durable(live: LiveLoop, failing: FailingLog) -> None:
    """When submit returns, the event is in the log and in the state."""
    outcome = await live.submit(asks(creating("p1"), "r1"))
    assert outcome.response == b"1 1"
    assert [row.type for row in failing.read()][-1] == "ParcelCreated"
    assert "m/p1" in live.runtime.state.parcels


async def test_a_refusal_is_raised(live: LiveLoop, failing: FailingLog) -> None:
    """Whoever asked gets the error, and a log that fails is one."""
    with pytest.raises(NotFound):
        await live.submit(asks(m.CancelParcel(parcel="m/p9")))
    failing.fails = True
    with pytest.raises(Unavailable):
        await live.submit(asks(creating("p1")))
    failing.fails = False
    await live.submit(asks(creating("p1")))


async def test_many_callers_share_transactions(live: LiveLoop, failing: FailingLog) -> None:
    """What waits at the same time is committed together, in order, up to the limit."""
    before = failing.appends
    count = GROUP_LIMIT + 40
    outcomes = await asyncio.gather(
        *(live.submit(asks(creating(f"p{n}"), f"r{n}")) for n in range(count))
    )
    assert [outcome.response for outcome in outcomes] == [
        f"{n + 1} 1".encode() for n in range(count)
    ]
    assert failing.appends - before <= 3


async def test_a_mistake_of_ours_is_not_the_end(live: LiveLoop) -> None:
    """A group that breaks in an unforeseen way is answered, and the next one works."""

    def broken(_state: State, _events: tuple[m.Event, ...]) -> bytes:
        raise ZeroDivisionError

    submission = msgspec.structs.replace(asks(creating("p1")), respond=broken)
    with pytest.raises(Unavailable, match="internal error"):
        await live.submit(submission)
    assert "m/p1" not in live.runtime.state.parcels
    await live.submit(asks(creating("p1")))


async def test_an_epoch_on_demand(live: LiveLoop) -> None:
    """It ticks, plans and commits; with nothing new it does not plan."""
    assert await live.run_epoch() is None
    await staffed(live)
    plan = await live.run_epoch()
    assert plan is not None
    assert [itinerary.legs for itinerary in plan.itineraries] == [("m/p1/1",)]
    assert list(live.runtime.state.open_offer) == ["ann"]
    assert await live.run_epoch() is None


async def test_an_epoch_by_request(live: LiveLoop) -> None:
    """Asked for, an epoch is closed even where nothing has changed; paused it is refused."""
    await staffed(live)
    await live.run_epoch()
    [offer] = live.runtime.state.open_offer.values()
    await live.submit(asks(m.DeclineOffer(courier="ann", offer=offer)))
    assert await live.run_epoch() is not None
    assert await live.run_epoch() is None
    await live.submit(asks(m.RequestPlan()))
    assert await live.run_epoch() is not None
    await live.submit(asks(m.PauseDispatch()))
    with pytest.raises(InvalidTransition, match="paused"):
        await live.submit(asks(m.RequestPlan()))


async def test_epochs_close_by_themselves(failing: FailingLog) -> None:
    """With an epoch of a second, an offer appears without anybody asking for it."""
    clock = VirtualClock(NOON)
    policy = msgspec.structs.replace(AT_ONCE, epoch_s=1)
    runtime = a_runtime(failing, clock, policy)
    live = LiveLoop(runtime, ThreadedPlanner(Planner(StraightLine(), clock)))
    offered, loop = asyncio.Event(), asyncio.get_running_loop()

    def listen(events: Sequence[m.Event]) -> None:
        if any(isinstance(event, m.OfferMade) for event in events):
            loop.call_soon_threadsafe(offered.set)

    runtime.subscribe(listen)
    live.start()
    await staffed(live)
    async with asyncio.timeout(30):
        await offered.wait()
    await live.stop()
    assert list(runtime.state.open_offer) == ["ann"]


async def test_stopping_answers_what_was_taken(
    runtime: Runtime, failing: FailingLog, clock: VirtualClock
) -> None:
    """What was asked before the stop is carried out and answered; what comes later is refused."""
    live = LiveLoop(runtime, ThreadedPlanner(Planner(StraightLine(), clock)))
    live.start()
    asked = [asyncio.ensure_future(live.submit(asks(creating(f"p{n}")))) for n in range(3)]
    await asyncio.sleep(0)
    await live.stop()
    async with asyncio.timeout(5):
        outcomes = await asyncio.gather(*asked)
    assert [names(outcome.events) for outcome in outcomes] == [["ParcelCreated"]] * 3
    assert len(failing.read()) == 4
    with pytest.raises(Unavailable):
        await live.submit(asks(creating("p9")))


def test_a_broken_command_does_not_take_its_group_along(runtime: Runtime) -> None:
    """What fails inside is refused alone and changes nothing; the others are decided."""

    def fails(_state: State, _events: Sequence[m.Event]) -> bytes:
        raise ZeroDivisionError

    good, broken, after = runtime.commit(
        [
            asks(creating("p1")),
            Submission(command=creating("p2"), respond=fails),
            asks(creating("p3")),
        ]
    )
    assert (good.error, after.error) == (None, None)
    assert isinstance(broken.error, Unavailable)
    assert sorted(runtime.state.parcels) == ["m/p1", "m/p3"]
