"""The rows of the log: events, answers, personal data, and messages to be sent.

Kept apart from the databases that hold them, so that whoever makes rows need not know one.
Payloads are text here. Must not import anything of the package.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import NamedTuple


@dataclass(frozen=True, slots=True, kw_only=True)
class NewRow:
    """An event on its way into the log.

    Attributes
    ----------
    event_id : str
        Unique among all events of all zones.
    at : int
        When it happened, seconds since 1970-01-01 UTC.
    type : str
        Name of the event's class.
    subject : str
        Name of that to which it happened.
    actor : str
        Who caused it.
    causation_id : str
        Id of the command or event that led to it.
    version : int
        Version of the payload's format.
    payload : str
        The event's fields as the codec writes them.
    """

    event_id: str
    at: int
    type: str
    subject: str
    actor: str
    causation_id: str
    version: int
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Row(NewRow):
    """An event in the log.

    Attributes
    ----------
    position : int
        Its place in the whole log; grows, with gaps.
    zone : str
        The zone that it belongs to.
    sequence : int
        Its place in its zone: 1, 2, 3 and so on without a gap.
    """

    position: int
    zone: str
    sequence: int


class RequestKey(NamedTuple):
    """What makes two requests the same one."""

    principal: str
    method: str
    request_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class RequestRow:
    """An answer that was given, kept so that a retry gets it again.

    Attributes
    ----------
    key : RequestKey
        Who asked what under which id.
    zone : str
        The zone whose events it caused.
    payload_hash : str
        Hash of the request's body: the same id with another body is an error.
    response : bytes
        The answer.
    at : int
        When it was given, seconds since 1970-01-01 UTC.
    """

    key: RequestKey
    zone: str
    payload_hash: str
    response: bytes
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class PersonalRow:
    """Personal data to which events point, erasable without touching them.

    Attributes
    ----------
    id : str
        The pointer; unique.
    zone : str
        The zone that it belongs to.
    subject : str
        Name of that which it describes.
    kind : str
        What it is, for example ``contact``.
    payload : str
        The data as JSON.
    """

    id: str
    zone: str
    subject: str
    kind: str
    payload: str


@dataclass(frozen=True, slots=True, kw_only=True)
class LineRow:
    """An address line that no rule read for certain: personal data, until a person has read it.

    Attributes
    ----------
    id : str
        The pointer of the place that it belongs to; unique.
    key : str
        What it is called to those who may see it; unique.
    network, merchant : str
        Ids of whose it is.
    compound : str
        What is known or guessed of its compound; empty where nothing is.
    line : str
        The line.
    why : str
        Why it is here.
    at : int
        Since when, seconds since 1970-01-01 UTC.
    """

    id: str
    key: str
    network: str
    merchant: str
    compound: str
    line: str
    why: str
    at: int


@dataclass(frozen=True, slots=True, kw_only=True)
class LessonRow:
    """How often people said that a form of a compound's lines is read by a rule.

    It holds no number and no name of any line.

    Attributes
    ----------
    network : str
        Id of the network.
    merchant : str
        For whose lines it counts; empty for all of the network's.
    compound, form, rule : str
        As in `dispatch.addresses.templates.Lesson`.
    votes : int
        How often.
    """

    network: str
    merchant: str
    compound: str
    form: str
    rule: str
    votes: int = 1


class Fate(StrEnum):
    """What became of a message.

    DROPPED: it was never sent, because there was nobody to send it to or nothing left to say.
    """

    PENDING = "PENDING"
    SENT = "SENT"
    DROPPED = "DROPPED"


@dataclass(frozen=True, slots=True, kw_only=True)
class OutboxRow:
    """A message that has to be sent, written together with the event that is its reason.

    It names a template and what to fill in: never a code, a name or a phone.

    Attributes
    ----------
    id : str
        The event's id and a number: the same event never makes two.
    zone : str
        The zone that it belongs to.
    at : int
        When there was reason for it, seconds since 1970-01-01 UTC.
    due_at : int
        When it is to be sent, or tried again.
    template : str
        Name of the text.
    subject : str
        Name of that which it is about.
    payload : str
        What to fill in, as JSON.
    fate : Fate
        What became of it.
    tries : int
        How often sending it has failed.
    receipt : str
        What the sender gave for it; for a dropped one, why it was dropped.
    """

    id: str
    zone: str
    at: int
    due_at: int
    template: str
    subject: str
    payload: str
    fate: Fate = Fate.PENDING
    tries: int = 0
    receipt: str = ""
