"""What a phone shows for a hand-over: proofs, a position, a contact.

Codes and names are read here and go no further: the service compares the one and puts the other
into the table of personal data, so that commands and events hold neither.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import TypeAlias

from dispatch.codes import is_code
from dispatch.core.errors import InvalidValue
from dispatch.core.messages import Evidence
from dispatch.core.model import Check, Place, ProofKind, Seconds
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import scalars
from dispatch.wire.options import reference
from dispatch.wire.places import renamed

LARGEST_ACCURACY_M = 100_000
WORST_ACCURACY_M = 500
"""A position that is less exact shows nothing, and is left out."""
_LONGEST_NAME = 200
_LONGEST_VALUE = 500
_LONGEST_CODE = 20
_LONGEST_TAG = 4000
_POINT_FIELDS = {"lat": "latitude", "lon": "longitude"}

Shown: TypeAlias = pb.StopEvent | pb.CorrectStopEventRequest
"""Messages that carry a position and proofs."""


@dataclass(frozen=True, slots=True)
class Told:
    """What must not enter a command as it is: a code, who took the parcel, an entrance's tag."""

    pin: str = field(default="", repr=False)
    receiver: str = field(default="", repr=False)
    tag: str = field(default="", repr=False)


def evidence_in(message: Shown, check: Check, *, shift_s: Seconds = 0) -> Evidence:
    """Read a message's evidence but for what `told_in` returns; faults go into ``check``.

    Parameters
    ----------
    shift_s
        Added to times: the difference between the phone's clock and the service's.
    """
    kinds = proofs_in(message.proofs, "proofs", check)
    lat, lon = point_in(message, "point", check)
    accuracy_m = metres_in(message.accuracy_meters, "accuracy_meters", check)
    if accuracy_m > WORST_ACCURACY_M:
        lat = lon = None
    scalars.plain_text(message.entrance_tag, _LONGEST_TAG, "entrance_tag", check)
    contacted_at = 0
    receipt = ""
    if isinstance(message, pb.StopEvent):
        receipt = reference(message.contact_receipt, "contact_receipt", check)
        if message.HasField("contact_time"):
            contacted_at = message.contact_time.seconds + shift_s
            check.instant(contacted_at, "contact_time")
            check.that(bool(receipt), "contact_receipt", "is required with contact_time")
    return Evidence(
        lat=lat,
        lon=lon,
        accuracy_m=accuracy_m,
        contacted_at=contacted_at,
        contact=receipt,
        proofs=kinds,
    )


def told_in(message: Shown) -> Told:
    """Return the code and the name among a message's proofs, and the tag."""
    values = {proof.kind: proof.value for proof in message.proofs}
    return Told(
        pin=values.get(types_pb2.ProofKind.PIN, ""),
        receiver=values.get(types_pb2.ProofKind.RECEIVER_NAME, ""),
        tag=message.entrance_tag,
    )


def proofs_in(
    messages: Sequence[types_pb2.Proof], path: str, check: Check
) -> tuple[ProofKind, ...]:
    """Read which proofs there are, each kind once."""
    found = []
    for index, proof in enumerate(messages):
        where = f"{path}[{index}]"
        kind = scalars.member_of(ProofKind, types_pb2.ProofKind, proof.kind, f"{where}.kind", check)
        check.that(proof.kind != 0, f"{where}.kind", "is required")
        named = kind in {ProofKind.PIN, ProofKind.RECEIVER_NAME}
        check.that(not named or bool(proof.value.strip()), f"{where}.value", "is required")
        is_slip = kind is ProofKind.PIN and bool(proof.value.strip()) and not is_code(proof.value)
        check.that(not is_slip, f"{where}.value", "is not six digits")
        longest = {ProofKind.PIN: _LONGEST_CODE, ProofKind.RECEIVER_NAME: _LONGEST_NAME}
        most = longest.get(kind, _LONGEST_VALUE) if kind else _LONGEST_VALUE
        scalars.plain_text(proof.value, most, f"{where}.value", check)
        if kind in found:
            check.that(False, f"{where}.kind", f"{kind} is there twice")  # noqa: FBT003
        elif kind is not None:
            found.append(kind)
    return tuple(found)


def kinds_in(numbers: Sequence[int], path: str, check: Check) -> tuple[ProofKind, ...]:
    """Read which proofs are asked for, each kind once."""
    kinds = [
        scalars.member_of(ProofKind, types_pb2.ProofKind, number, f"{path}[{index}]", check)
        for index, number in enumerate(numbers)
    ]
    for index, number in enumerate(numbers):
        check.that(number != 0, f"{path}[{index}]", "is required")
    return tuple(dict.fromkeys(kind for kind in kinds if kind is not None))


def point_in(
    message: Shown | pb.LocationPoint, path: str, check: Check
) -> tuple[float | None, float | None]:
    """Read where the phone was; two None where it does not say, or not of this earth."""
    if not message.HasField("point"):
        return None, None
    try:
        place = Place(lat=message.point.latitude, lon=message.point.longitude)
    except InvalidValue as error:
        check.faults += renamed(error, _POINT_FIELDS, path)
        return None, None
    return place.lat, place.lon


def metres_in(value: float, path: str, check: Check) -> int:
    """Read a length, rounded up to metres."""
    sane = math.isfinite(value) and 0 <= value <= LARGEST_ACCURACY_M
    check.that(sane, path, f"{value} is not between 0 and {LARGEST_ACCURACY_M} metres")
    return math.ceil(value) if sane else 0
