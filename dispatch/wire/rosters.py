"""Rosters: rows that come in at once, and slots by the names of their windows."""

import re
from collections.abc import Iterable, Sequence

from dispatch.core.errors import Fault, InvalidValue, NotFound
from dispatch.core.messages import RosterRow
from dispatch.core.model import Availability, Check, Duty, Instant
from dispatch.core.rosters import ROSTER_LIMIT
from dispatch.v1 import couriers_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.couriers import availability_out
from dispatch.wire.places import window_in

_WINDOW = re.compile(r"w([1-9][0-9]{0,10})")


def rows_in(messages: Sequence[pb.RosterRow], network: str) -> tuple[RosterRow, ...]:
    """Read the rows of a roster.

    Raises
    ------
    InvalidValue
        With every fault of every row, by the fields of ``rows``.
    """
    count = len(messages)
    if not 0 < count <= ROSTER_LIMIT:
        problem = f"{count} rows: a roster has 1 to {ROSTER_LIMIT}"
        raise InvalidValue([Fault("rows", problem)])
    check = Check()
    rows = [_row_in(message, f"rows[{at}]", network, check) for at, message in enumerate(messages)]
    check.done()
    return tuple(row for row in rows if row is not None)


def _row_in(message: pb.RosterRow, path: str, network: str, check: Check) -> RosterRow | None:
    courier = ""
    try:
        courier = names.own_id(network, message.courier, names.COURIER, f"{path}.courier")
    except InvalidValue as error:
        check.faults += error.faults
    window = window_in(message.interval, f"{path}.interval", check)
    duty = scalars.member_of(Duty, pb.AvailabilityWindow.Duty, message.duty, f"{path}.duty", check)
    if message.post:
        check.identifier(message.post, f"{path}.post")
    stands = duty not in {Duty.POST, Duty.PATROL}
    check.that(stands or bool(message.post), f"{path}.post", f"is required of {duty}")
    if window is None:
        return None
    slot = Availability(
        opens_at=window.opens_at,
        closes_at=window.closes_at,
        post=message.post,
        duty=duty or Duty.IDLE,
    )
    return RosterRow(courier=courier, slot=slot)


def slot_named(network: str, name: str, field: str) -> tuple[str, Instant]:
    """Return whose slot a window's name means, and when it opens.

    Raises
    ------
    InvalidValue, NotFound
        If it is no such name, or no window can bear it.
    """
    courier, own = names.own_id(network, name, names.WINDOW, field).split("/")
    found = _WINDOW.fullmatch(own)
    if found is None:
        raise NotFound(f"there is no window {own!r}", subject=name)
    return courier, int(found[1])


def windows_out(
    slots: Iterable[Availability], courier: str, network: str
) -> list[pb.AvailabilityWindow]:
    """Write a courier's slots, in order."""
    return [availability_out(slot, courier, network) for slot in slots]
