"""The sender that writes into a file."""

import asyncio
import json
import stat
from pathlib import Path

import pytest

from dispatch.notices.senders import FileSender, Message


def a_message(id_: str = "e1/0", **fields: str) -> Message:
    """Give a message to a recipient."""
    given = {
        "template": "COLLECTION_READY",
        "parcel": "networks/n/merchants/m/parcels/p1",
        "to": "+358401234567",
        "text": "您的包裹 012345",
        **fields,
    }
    return Message(id=id_, at=17, **given)


async def test_a_message_is_a_line_that_its_owner_alone_reads(tmp_path: Path) -> None:
    """With the code where there is one; the receipt says where the line begins."""
    path = tmp_path / "outbox.jsonl"
    sender = FileSender(path)
    receipts = [await sender.send(a_message(code="012345")), await sender.send(a_message("e2/0"))]
    first, second = path.read_bytes().splitlines(keepends=True)
    assert json.loads(first) == {
        "id": "e1/0",
        "at": 17,
        "template": "COLLECTION_READY",
        "parcel": "networks/n/merchants/m/parcels/p1",
        "to": "+358401234567",
        "text": "您的包裹 012345",
        "code": "012345",
    }
    assert "code" not in json.loads(second)
    assert receipts == ["outbox.jsonl:0", f"outbox.jsonl:{len(first)}"]
    assert stat.S_IMODE(path.stat().st_mode) == 0o600


async def test_half_a_line_does_not_spoil_the_next(tmp_path: Path) -> None:
    """A process that was killed while it wrote leaves one bad line, not two."""
    path = tmp_path / "outbox.jsonl"
    path.write_bytes(b'{"id":"e0/0","at":1')
    await FileSender(path).send(a_message())
    broken, whole = path.read_bytes().splitlines()
    assert broken == b'{"id":"e0/0","at":1'
    assert json.loads(whole)["id"] == "e1/0"


async def test_messages_at_once_are_lines_of_their_own(tmp_path: Path) -> None:
    """Nothing is mixed, nothing is lost."""
    sender = FileSender(tmp_path / "outbox.jsonl")
    await asyncio.gather(*(sender.send(a_message(f"e{n}/0")) for n in range(20)))
    lines = (tmp_path / "outbox.jsonl").read_text(encoding="utf-8").splitlines()
    assert {json.loads(line)["id"] for line in lines} == {f"e{n}/0" for n in range(20)}


async def test_a_file_that_cannot_be_written_is_an_error(tmp_path: Path) -> None:
    """So that the message is tried again."""
    with pytest.raises(OSError, match="directory"):
        await FileSender(tmp_path / "nowhere" / "outbox.jsonl").send(a_message())
