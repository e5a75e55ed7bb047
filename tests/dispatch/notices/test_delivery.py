"""The outbox is emptied: at least once, at decent hours, and never with what is no longer true."""

import asyncio
import json
import logging
import signal
import subprocess
import sys
from collections.abc import Callable
from datetime import UTC, datetime, time
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import msgspec
import pytest
from immutables import Map

from dispatch.clock import VirtualClock
from dispatch.codes import code_of
from dispatch.core import messages as m
from dispatch.core.keeping import Code, code_key
from dispatch.core.model import Custodian, CustodianKind, HubKind, Parcel, ParcelState
from dispatch.core.notices import Audience, Notice, NoticeKind
from dispatch.core.state import State
from dispatch.log import (
    EventLog,
    Fate,
    InMemoryLog,
    LogUnavailable,
    OutboxRow,
    PersonalRow,
    open_log,
)
from dispatch.notices.delivery import BATCH, GIVE_UP_S, Delivery, Manners
from dispatch.notices.senders import FileSender, Message
from tests.core.town import HOUR, NOON, ZONE, a_parcel, place

SECRET = "a-secret-that-is-long-enough-for-tests"
PHONE = "+358401234567"
POINTER = "z/p1#dropoff"
KEY = code_key("booth", "m/p1")
SUBJECT = "merchants/m/parcels/p1"


class ASender:
    """Keeps what it is given, unless it fails or hangs."""

    def __init__(self) -> None:
        self.sent: list[Message] = []
        self.fails = 0

    async def send(self, message: Message) -> str:
        """Take a message, or fail as a gateway does that quotes it."""
        if self.fails:
            self.fails -= 1
            raise ConnectionError(f"no route for {message.to}: {message.text}")
        self.sent.append(message)
        return f"receipt-{len(self.sent)}"


def waiting(**fields: Any) -> Parcel:
    """Give a parcel that waits at the booth."""
    given = {
        "dropoff": place(400, contact=POINTER),
        "state": ParcelState.AWAITING_COLLECTION,
        "custodian": Custodian(kind=CustodianKind.HUB, id="booth"),
        **fields,
    }
    return a_parcel("p1", **given)


def a_notice(kind: NoticeKind = NoticeKind.COLLECTION_READY, **fields: Any) -> Notice:
    """Give a notice about it."""
    given = {
        "contact": POINTER,
        "hub": "booth",
        "hub_kind": HubKind.BOOTH,
        "code_key": KEY,
        "code_serial": 1,
        "until": NOON,
        **fields,
    }
    return Notice(kind=kind, parcel="m/p1", label="p1", **given)


def a_row(notice: Notice, id_: str = "e1/0", at: int = NOON) -> OutboxRow:
    """Give the row of a notice as a commit writes it."""
    return OutboxRow(
        id=id_,
        zone=ZONE,
        at=at,
        due_at=at,
        template=notice.kind.value,
        subject=SUBJECT,
        payload=msgspec.json.encode(notice).decode(),
    )


class House:
    """A log with a recipient's phone, a sender, and the loop between them."""

    def __init__(self, log: EventLog | None = None, manners: Manners | None = None) -> None:
        self.log = log or InMemoryLog()
        self.sender = ASender()
        self.clock = VirtualClock(NOON)
        codes = Map({KEY: Code(serial=1, minted_at=NOON)})
        self.state = State(zone=ZONE, parcels=Map({"m/p1": waiting()}), codes=codes)
        self.delivery = Delivery(
            log=self.log,
            sender=self.sender,
            clock=self.clock,
            secret=SECRET,
            states={ZONE: lambda: self.state},
            manners=manners or Manners(),
        )

    def write(self, *rows: OutboxRow) -> None:
        """Write messages, as a commit does."""
        self.log.append(ZONE, [], outbox=rows)

    def row(self) -> OutboxRow:
        """Return the only message."""
        (row,) = self.log.outbox_of(ZONE, SUBJECT)
        return row

    async def later(self, seconds: int) -> int:
        """Let time pass, then send what is due."""
        self.clock.advance_to(self.clock.now() + seconds)
        return await self.delivery.send_due()


def someone(pointer: str = POINTER, **fields: str) -> PersonalRow:
    """Give personal data, by default a phone."""
    payload = json.dumps(fields or {"phone": PHONE})
    return PersonalRow(id=pointer, zone=ZONE, subject=SUBJECT, kind="contact", payload=payload)


@pytest.fixture
def house() -> House:
    made = House()
    made.log.append(ZONE, [], personal=[someone()])
    return made


async def test_code_and_phone_are_put_in_when_it_is_sent(house: House) -> None:
    """The row holds neither; the message both, and the row its receipt afterwards."""
    house.write(a_row(a_notice()))
    code = code_of(SECRET, ZONE, KEY, 1)
    assert code not in house.row().payload
    assert PHONE not in house.row().payload
    assert await house.delivery.send_due() == 1
    (message,) = house.sender.sent
    assert (message.to, message.code, message.id) == (PHONE, code, "e1/0")
    assert code in message.text
    assert message.parcel == "networks/local/merchants/m/parcels/p1"
    assert (house.row().fate, house.row().receipt) == (Fate.SENT, "receipt-1")
    assert await house.delivery.send_due() == 0


async def test_a_hub_is_called_what_people_call_it(house: House) -> None:
    """That name may be a person's, so it is looked up like a phone."""
    house.log.append(ZONE, [], personal=[someone("z/booth#place", label="Wang's")])
    house.write(a_row(a_notice(hub_contact="z/booth#place")))
    await house.delivery.send_due()
    assert "at the booth Wang's" in house.sender.sent[0].text


async def test_a_merchant_is_addressed_by_name(house: House) -> None:
    """What carries it knows where its web hook is."""
    house.write(a_row(a_notice(NoticeKind.RETURNED, audience=Audience.MERCHANT, contact="")))
    await house.delivery.send_due()
    assert house.sender.sent[0].to == "networks/local/merchants/m"


async def test_who_has_no_phone_gets_nothing(house: House) -> None:
    """Nor who had the phone erased; the row says why."""
    house.log.erase_personal([POINTER])
    house.write(a_row(a_notice()))
    assert await house.delivery.send_due() == 0
    assert (house.row().fate, house.row().receipt) == (Fate.DROPPED, "NO_CONTACT")


async def test_a_sender_that_fails_is_asked_again_later(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """With longer and longer waits, and without a word of the message in the output."""
    caplog.set_level(logging.DEBUG)
    house.sender.fails = 3
    house.write(a_row(a_notice()))
    waits = []
    for _ in range(3):
        assert await house.delivery.send_due() == 0
        waits.append(house.row().due_at - house.clock.now())
        house.clock.advance_to(house.row().due_at)
    assert waits == [10, 20, 40]
    assert await house.delivery.send_due() == 1
    assert (house.row().fate, house.row().tries) == (Fate.SENT, 3)
    assert "ConnectionError" in caplog.text
    for secret in (PHONE, code_of(SECRET, ZONE, KEY, 1)):
        assert secret not in caplog.text


async def test_one_bad_message_holds_up_nobody(house: House) -> None:
    """A row that cannot be read waits for its next try; the others go out."""
    house.write(a_broken_row("e0/0"), *(a_row(a_notice(), f"e{n}/0") for n in range(1, BATCH + 3)))
    assert await house.delivery.send_due() == BATCH + 2
    assert await house.later(GIVE_UP_S + 1) == 0
    assert house.log.outbox_of(ZONE, SUBJECT)[0].receipt == "TOO_LATE"


def a_broken_row(id_: str) -> OutboxRow:
    """Give a row whose payload is no notice."""
    return OutboxRow(
        id=id_,
        zone=ZONE,
        at=NOON,
        due_at=NOON,
        template="?",
        subject=SUBJECT,
        payload='{"kind":"UNHEARD_OF"}',
    )


async def test_what_is_no_longer_true_is_not_sent(house: House) -> None:
    """Collected meanwhile; the state may be a commit behind, so young ones are looked at twice."""
    house.state = msgspec.structs.replace(
        house.state, parcels=Map({"m/p1": waiting(state=ParcelState.DELIVERED)})
    )
    house.write(a_row(a_notice()))
    assert await house.delivery.send_due() == 0
    assert house.row().fate is Fate.PENDING
    assert await house.later(5) == 0
    assert (house.row().fate, house.row().receipt) == (Fate.DROPPED, "OVERTAKEN")


async def test_a_message_younger_than_the_state_is_sent_after_all(house: House) -> None:
    """The state that it follows on is seen a moment later."""
    known = house.state
    house.state = State(zone=ZONE)
    house.write(a_row(a_notice()))
    assert await house.delivery.send_due() == 0
    house.state = known
    assert await house.later(5) == 1


async def test_a_knock_that_nobody_heard_in_time_is_dropped(house: House) -> None:
    """After a quarter of an hour the courier is gone."""
    house.state = msgspec.structs.replace(
        house.state, parcels=Map({"m/p1": waiting(state=ParcelState.COLLECTED)})
    )
    house.sender.fails = 1
    house.write(a_row(a_notice(NoticeKind.COURIER_AT_DOOR)))
    assert await house.delivery.send_due() == 0
    assert await house.later(901) == 0
    assert house.row().receipt == "TOO_LATE"


# --- quiet hours -----------------------------------------------------------------------


NIGHT = Manners(timezone=ZoneInfo("Europe/Helsinki"), quiet_from=time(21), quiet_until=time(7, 30))


@pytest.mark.parametrize(
    ("utc", "ends"),
    [
        ("2023-11-14T18:59", ""),
        ("2023-11-14T19:00", "2023-11-15T05:30"),
        ("2023-11-15T05:29", "2023-11-15T05:30"),
        ("2023-11-15T05:30", ""),
    ],
)
def test_quiet_hours_are_local_and_pass_midnight(utc: str, ends: str) -> None:
    """From nine in the evening until half past seven in Helsinki, two hours ahead of UTC."""
    expected = int(datetime.fromisoformat(f"{ends}+00:00").timestamp()) if ends else 0
    now = int(datetime.fromisoformat(f"{utc}+00:00").timestamp())
    assert NIGHT.quiet_ends(now) == expected


def test_quiet_hours_may_lie_within_a_day() -> None:
    """A rest at noon; without hours there is none."""
    rest = Manners(timezone=UTC, quiet_from=time(12), quiet_until=time(14))
    day = NOON - NOON % 86_400
    assert rest.quiet_ends(day + 13 * HOUR) == day + 14 * HOUR
    assert rest.quiet_ends(day + 14 * HOUR) == 0
    assert Manners().quiet_ends(day) == 0


async def test_at_night_only_what_is_urgent_goes_out() -> None:
    """NOON is a quarter past midnight in Helsinki: the new code goes out, the rest at half past."""
    house = House(manners=NIGHT)
    house.log.append(ZONE, [], personal=[someone()])
    house.write(
        a_row(a_notice(), "e1/0"),
        a_row(a_notice(NoticeKind.CODE_REISSUED), "e2/0"),
    )
    assert await house.delivery.send_due() == 1
    assert [message.template for message in house.sender.sent] == ["CODE_REISSUED"]
    morning = NIGHT.quiet_ends(NOON)
    assert house.log.next_due([ZONE]) == morning
    house.clock.advance_to(morning)
    assert await house.delivery.send_due() == 1


# --- the loop --------------------------------------------------------------------------


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds."""
    async with asyncio.timeout(10):
        while not holds():  # noqa: ASYNC110 - nothing tells of it
            await asyncio.sleep(0.01)


async def test_a_commit_wakes_the_loop(house: House) -> None:
    """At once, and not only when the next message is due; other events let it sleep."""
    loop = asyncio.create_task(house.delivery.run())
    sink = house.delivery.sink(asyncio.get_running_loop())
    await asyncio.sleep(0.05)
    house.write(a_row(a_notice()))
    sink([m.ParcelReady(at=NOON, parcel="m/p1")])
    await asyncio.sleep(0.05)
    assert house.sender.sent == []
    await asyncio.to_thread(
        sink, [m.CodeMinted(at=NOON, hub="booth", recipient="m/p1", parcel="m/p1", serial=1)]
    )
    await until(lambda: len(house.sender.sent) == 1)
    loop.cancel()


@pytest.mark.parametrize("error", [LogUnavailable, KeyError])
async def test_the_loop_outlives_a_log_that_fails(
    house: House, monkeypatch: pytest.MonkeyPatch, error: type[Exception]
) -> None:
    """A full disk is waited for; what was sent and could not be marked is sent again."""
    monkeypatch.setattr("dispatch.notices.delivery.BROKEN_SLEEP_S", 0.01)
    settle = house.log.settle_outbox

    def failing(rows: Any) -> None:
        monkeypatch.setattr(house.log, "settle_outbox", settle)
        raise error("the disk is full")

    monkeypatch.setattr(house.log, "settle_outbox", failing)
    house.write(a_row(a_notice()))
    loop = asyncio.create_task(house.delivery.run())
    await until(lambda: house.row().fate is Fate.SENT)
    assert [message.id for message in house.sender.sent] == ["e1/0", "e1/0"]
    loop.cancel()


CRASH = """
import asyncio, os, signal, sys
from pathlib import Path
import tests.dispatch.notices.test_delivery as t
from dispatch.log import open_log

class Killer:
    async def send(self, message):
        await t.FileSender(Path(sys.argv[2])).send(message)
        os.kill(os.getpid(), signal.SIGKILL)

house = t.House(open_log(Path(sys.argv[1])))
house.log.append(t.ZONE, [], personal=[t.someone()])
house.write(t.a_row(t.a_notice(), "e1/0"), t.a_row(t.a_notice(), "e2/0"))
house.delivery._sender = Killer()
asyncio.run(house.delivery.send_due())
"""


async def test_after_a_kill_everything_that_waits_is_sent(tmp_path: Path) -> None:
    """Killed between sending and marking: the first goes out twice under one id, none is lost."""
    log, out = tmp_path / "log.sqlite3", tmp_path / "outbox.jsonl"
    command = [sys.executable, "-c", CRASH, str(log), str(out)]
    died = await asyncio.to_thread(subprocess.run, command, check=False)
    assert died.returncode == -signal.SIGKILL
    house = House(open_log(log))
    house.delivery._sender = FileSender(out)
    assert await house.delivery.send_due() == 2
    lines = out.read_text(encoding="utf-8").splitlines()
    assert [json.loads(line)["id"] for line in lines] == ["e1/0", "e1/0", "e2/0"]
    house.log.close()
