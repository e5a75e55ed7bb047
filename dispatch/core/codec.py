"""Messages to JSON and back: the one format of the log, ``events.jsonl`` and old logs.

A message is written as ``{"type": ..., fields...}``; fields with their default value are
left out, and fields that a version does not know are refused. `VERSION` stands in every row
of the log. It grows when a field changes its meaning; adding one with a default does not.
"""

import msgspec

from dispatch.core.messages import AnyCommand, AnyEvent, Command, Event

VERSION = 1

_ENCODER = msgspec.json.Encoder(order="deterministic")
_EVENTS: msgspec.json.Decoder[Event] = msgspec.json.Decoder(AnyEvent)
_COMMANDS: msgspec.json.Decoder[Command] = msgspec.json.Decoder(AnyCommand)


def encode(message: Event | Command) -> str:
    """Write a message as one line of JSON."""
    return _ENCODER.encode(message).decode()


def decode_event(text: str, version: int = VERSION) -> Event:
    """Read an event of a given version.

    Raises
    ------
    msgspec.ValidationError
        If the text is no event of that version; the message names the field.
    """
    if version != VERSION:
        msg = f"events of version {version} cannot be read; this build reads {VERSION}"
        raise msgspec.ValidationError(msg)
    return _EVENTS.decode(text)


def decode_command(text: str) -> Command:
    """Read a command; raises `msgspec.ValidationError` like `decode_event`."""
    return _COMMANDS.decode(text)
