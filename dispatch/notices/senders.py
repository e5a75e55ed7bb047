"""The port through which messages leave, and a sender that writes them into a file.

A real one (SMS, an app's push, a merchant's web hook) implements `Sender` and is handed to the
service in its place. It must not import anything that knows parcels.
"""

import asyncio
import os
from pathlib import Path
from typing import Protocol

import msgspec


class Message(msgspec.Struct, frozen=True, kw_only=True, omit_defaults=True):
    """A message, ready to be sent. It holds personal data and belongs into no log.

    Attributes
    ----------
    id
        The same for every try: who receives a message twice knows it by this.
    at
        When there was reason for it, seconds since 1970-01-01 UTC.
    template
        Name of the text.
    parcel
        Resource name of the parcel.
    to
        A phone number; of a merchant, its resource name.
    code
        The code in the text; empty for none.
    """

    id: str
    at: int
    template: str
    parcel: str
    to: str
    text: str
    code: str = ""


class Sender(Protocol):
    """Whatever carries messages."""

    async def send(self, message: Message) -> str:
        """Send a message, and return a receipt once it is out of our hands.

        It may be handed the same message again: after a crash nobody knows whether it went out.
        Any exception means that it did not, and that it is to be tried again later.
        """


class FileSender:
    """Appends each message to a file, a line of JSON: for trying out, and for tests.

    Only the owner may read the file. A line is on the disk when its receipt is given.

    Parameters
    ----------
    path : Path
    """

    def __init__(self, path: Path) -> None:
        self._path = path
        self._writing = asyncio.Lock()

    async def send(self, message: Message) -> str:
        """Append a message; return the file's name and the line's place in it, in bytes.

        Raises
        ------
        OSError
            When it cannot be written.
        """
        async with self._writing:
            return await asyncio.to_thread(self._append, msgspec.json.encode(message) + b"\n")

    def _append(self, line: bytes) -> str:
        flags = os.O_RDWR | os.O_CREAT | os.O_APPEND
        with os.fdopen(os.open(self._path, flags, 0o600), "ab+", buffering=0) as file:
            place = file.seek(0, os.SEEK_END)
            if place:
                # A process that died while it wrote has left half a line.
                file.seek(place - 1)
                line = line if file.read(1) == b"\n" else b"\n" + line
            file.write(line)
            os.fsync(file.fileno())
        return f"{self._path.name}:{place}"
