"""Closures: what dispatchers close and open again."""

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.keeping import Closure, ClosureKind
from dispatch.core.model import Check
from dispatch.v1 import dispatching_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.places import renamed

_LONGEST_REF = 64
_MOST_CORNERS = 1000
_FIELDS = {"until": "end_time", "id": "name", "ring": "corners"}


def closure_in(message: pb.Closure, closure: str, actor: str, longest_reason: int) -> Closure:
    """Read a closure.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of ``closure``.
    """
    check = Check()
    kind = scalars.member_of(ClosureKind, pb.Closure.Kind, message.kind, "closure.kind", check)
    check.that(message.kind != 0, "closure.kind", "is required")
    check.that(message.HasField("end_time"), "closure.end_time", "is required")
    scalars.plain_text(message.ref, _LONGEST_REF, "closure.ref", check)
    scalars.plain_text(message.reason, longest_reason, "closure.reason", check)
    check.that(
        len(message.corners) <= _MOST_CORNERS, "closure.corners", f"more than {_MOST_CORNERS}"
    )
    if kind is not None and kind is not ClosureKind.AREA:
        check.that(not message.corners, "closure.corners", f"belong to an AREA, not a {kind}")
    check.that(kind is not ClosureKind.AREA or not message.ref, "closure.ref", "an AREA has none")
    try:
        read = Closure(
            id=closure,
            kind=kind or ClosureKind.STREET,
            until=message.end_time.seconds,
            actor=actor,
            reason=message.reason.strip(),
            ref=message.ref,
            ring=tuple((corner.latitude, corner.longitude) for corner in message.corners),
        )
    except InvalidValue as error:
        check.faults += [
            Fault(fault.field.replace("closure.ring[", "closure.corners["), fault.problem)
            for fault in renamed(error, _FIELDS, "closure")
            # Without a kind nobody knows what else is needed.
            if kind is not None or fault.field != "closure.ref"
        ]
        check.done(closure)
        raise
    check.done(closure)
    return read


def closure_out(closure: Closure, zone: str) -> pb.Closure:
    """Write a closure of a zone, given by its full name."""
    network, own = names.required(zone, names.ZONE, "zone")
    return pb.Closure(
        name=names.joined(names.CLOSURE, network, own, closure.id),
        kind=closure.kind.name,
        ref=closure.ref,
        corners=[scalars.latlng(lat=lat, lon=lon) for lat, lon in closure.ring],
        end_time=scalars.timestamp(closure.until),
        reason=closure.reason,
        actor=closure.actor,
    )
