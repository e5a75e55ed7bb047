"""Instants, money, texts, enums, etags: the small change between messages and the core."""

import re
from enum import StrEnum
from typing import Protocol, TypeVar

from google.protobuf import duration_pb2, timestamp_pb2
from google.type import latlng_pb2, money_pb2

from dispatch.core.errors import EtagMismatch
from dispatch.core.model import Cents, Check, Instant, Seconds
from dispatch.v1 import types_pb2

MINOR_UNITS = 100
"""Minor units of a unit of money. Currencies without cents come with their own rule later."""
NANOS_PER_MINOR_UNIT = 10_000_000

Member = TypeVar("Member", bound=StrEnum)


def timestamp(instant: Instant) -> timestamp_pb2.Timestamp:
    """Return an instant as a message."""
    return timestamp_pb2.Timestamp(seconds=instant)


def duration(seconds: Seconds) -> duration_pb2.Duration:
    """Return a length of time as a message."""
    return duration_pb2.Duration(seconds=seconds)


def latlng(*, lat: float, lon: float) -> latlng_pb2.LatLng:
    """Return WGS84 degrees as a message."""
    return latlng_pb2.LatLng(latitude=lat, longitude=lon)


_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f]")
_NEWLINES = str.maketrans("", "", "\r\n")


def plain_text(
    text: str, longest: int, field: str, check: Check, *, has_lines: bool = False
) -> None:
    """Note a fault of a text that is too long or holds control characters.

    Parameters
    ----------
    longest
        Most characters.
    has_lines
        Whether it may run over several lines, as a note does.
    """
    check.that(len(text) <= longest, field, f"is longer than {longest} characters")
    seen = text.translate(_NEWLINES) if has_lines else text
    check.that(_CONTROL.search(seen) is None, field, "holds control characters")


def money(cents: Cents, currency: str) -> money_pb2.Money:
    """Return minor units as a message."""
    units, rest = divmod(abs(cents), MINOR_UNITS)
    sign = -1 if cents < 0 else 1
    return money_pb2.Money(
        currency_code=currency, units=sign * units, nanos=sign * rest * NANOS_PER_MINOR_UNIT
    )


def cents(message: money_pb2.Money, currency: str, field: str, check: Check) -> Cents:
    """Return minor units; note a fault for another currency or parts of a minor unit."""
    given = message.currency_code or currency
    check.that(given == currency, f"{field}.currency_code", f"is not {currency}")
    minor, rest = divmod(message.nanos, NANOS_PER_MINOR_UNIT)
    check.that(rest == 0, f"{field}.nanos", "is finer than a minor unit")
    return int(message.units * MINOR_UNITS + minor)


class ProtoEnum(Protocol):
    """What every generated enum can tell of itself."""

    def Name(self, number: int) -> str:  # noqa: N802 - the generated name
        """Return the name of a number."""

    def values(self) -> list[int]:
        """Return every number."""


def member_of(
    kind: type[Member], proto: ProtoEnum, number: int, field: str, check: Check
) -> Member | None:
    """Return the core's member for a number of a proto enum; both bear the same names.

    Parameters
    ----------
    proto
        The generated enum. Its zero, or what the core does not know, yields None; the latter
        with a fault.
    """
    if number == 0:
        return None
    name = proto.Name(number) if number in proto.values() else str(number)
    if name in kind.__members__:
        return kind[name]
    check.that(False, field, f"{name} is none of {', '.join(kind.__members__)}")  # noqa: FBT003
    return None


def etag(version: int) -> str:
    """Return the etag of a version."""
    return f"v{version}"


def version_of(given: str, subject: str) -> int:
    """Return the version behind an etag, 0 where none was given.

    Raises
    ------
    EtagMismatch
        If it was never an etag of this service.
    """
    if not given:
        return 0
    digits = given.removeprefix("v")
    if digits == given or not digits.isascii() or not digits.isdigit() or int(digits) == 0:
        raise EtagMismatch(
            f"{given[:40]!r} is no etag of {subject}: read it again", subject=subject
        )
    return int(digits)


def datum_number(name: str) -> int:
    """Return the proto's number of a datum, such as ``WGS84``."""
    return types_pb2.Place.Datum.Value(name)
