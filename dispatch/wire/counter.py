"""A hub's counter: scans that come in, and as much of a parcel as it needs to see.

Nothing that is written here tells a door, a name or a phone number.
"""

from collections.abc import Iterable, Sequence

from dispatch.core.counter import MANIFEST_LIMIT, announced
from dispatch.core.errors import Fault, InvalidValue, NotFound
from dispatch.core.keeping import ManifestRow, Reservation, ReservationState, reservation_id
from dispatch.core.messages import (
    Event,
    ManifestReceived,
    ParcelCheckedIn,
    ReceiveManifest,
)
from dispatch.core.model import Check, Parcel
from dispatch.core.zone import State
from dispatch.v1 import hubs_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.parcels import SIZES

_LONGEST = {"carrier": 200, "waybill": 64, "piece": 64}


def scan_in(message: pb.Scan, path: str, network: str) -> str | ManifestRow:
    """Read what a scanner read: a parcel's id, ``m/p``, or a carrier's number.

    Raises
    ------
    InvalidValue
        With every fault, by the message's fields.
    """
    check = Check()
    match message.WhichOneof("label"):
        case "parcel":
            return names.parcel_id(network, message.parcel, f"{path}.parcel")
        case "shipment":
            row = row_in(message.shipment, f"{path}.shipment", "", check)
            check.done()
            return row
        case _:
            raise InvalidValue([Fault(path, "is required: parcel or shipment")])


def found_by(state: State, scan: str | ManifestRow) -> str:
    """Return the parcel's id behind a scan, as far as its label tells; it may not be there."""
    if isinstance(scan, str):
        return scan
    return state.shipments.get(scan.shipment, "")


def scanned(state: State, message: pb.Scan, path: str, network: str) -> Parcel:
    """Return the parcel behind a scan.

    Raises
    ------
    InvalidValue, NotFound
        If it is no scan; if no parcel of this zone bears the label.
    """
    scan = scan_in(message, path, network)
    found = state.parcels.get(found_by(state, scan))
    if found is None:
        raise NotFound(f"no parcel bears this label: {label(scan)}", subject="parcels")
    return found


def label(scan: str | ManifestRow) -> str:
    """Return a scan as a text to be read."""
    if isinstance(scan, str):
        return scan
    return " ".join(part for part in (scan.carrier, scan.waybill, scan.piece) if part)


def row_in(message: pb.Shipment, path: str, carrier: str, check: Check) -> ManifestRow:
    """Read a carrier's number; faults go into ``check``.

    Parameters
    ----------
    carrier
        The only one that it may be of; empty for any.
    """
    for field, longest in _LONGEST.items():
        scalars.plain_text(getattr(message, field), longest, f"{path}.{field}", check)
    check.that(bool(message.waybill.strip()), f"{path}.waybill", "is required")
    if carrier:
        is_theirs = message.carrier in {"", carrier}
        check.that(is_theirs, f"{path}.carrier", f"is not {carrier!r}, who brings them")
    return ManifestRow(
        carrier=message.carrier or carrier, waybill=message.waybill, piece=message.piece
    )


def rows_in(request: pb.ReceiveManifestRequest) -> tuple[ManifestRow, ...]:
    """Read a manifest.

    Raises
    ------
    InvalidValue
        With every fault of every row.
    """
    check = Check()
    scalars.plain_text(request.carrier, _LONGEST["carrier"], "carrier", check)
    check.that(bool(request.carrier.strip()), "carrier", "is required")
    count = len(request.rows)
    check.that(0 < count <= MANIFEST_LIMIT, "rows", f"{count} rows: needs 1 to {MANIFEST_LIMIT}")
    rows = tuple(
        row_in(message, f"rows[{index}]", request.carrier, check)
        for index, message in enumerate(request.rows[:MANIFEST_LIMIT])
    )
    check.done(request.name)
    return rows


def manifest_out(
    state: State, command: ReceiveManifest, events: Iterable[Event], network: str
) -> pb.ReceiveManifestResponse:
    """Write how a manifest and what was announced agree, from the state after it."""
    message = pb.ReceiveManifestResponse()
    known = {row.shipment for row in command.rows} | set(
        announced(state, command.hub, command.carrier)
    )
    # Events name shipments for people; here they are taken apart again.
    by_text = {" ".join(text.split("\x1f")).strip(): text for text in known}
    for event in events:
        if isinstance(event, ParcelCheckedIn):
            message.received.append(names.parcel_name(network, event.parcel))
        elif isinstance(event, ManifestReceived):
            for field in ("unknown", "missing", "doubled"):
                getattr(message, field).extend(
                    _shipment_out(by_text[text]) for text in getattr(event, field)
                )
    return message


def _shipment_out(text: str) -> pb.Shipment:
    """Write a carrier's number as `Parcel.shipment` has it."""
    carrier, waybill, piece = text.split("\x1f")
    return pb.Shipment(carrier=carrier, waybill=waybill, piece=piece)


def item_out(state: State, parcel: Parcel, hub: str, network: str) -> pb.InventoryItem:
    """Write a parcel as a hub's counter sees it."""
    message = pb.InventoryItem(
        parcel=names.parcel_name(network, parcel.id),
        shipment=pb.Shipment(carrier=parcel.carrier, waybill=parcel.waybill, piece=parcel.piece),
        state=parcel.state.name,
        size_class=SIZES[parcel.size_class],
        start_time=scalars.timestamp(
            parcel.custody[-1].since if parcel.custody else parcel.created_at
        ),
    )
    held = state.reservations.get(reservation_id(hub, parcel.id))
    if held is not None and held.state in {ReservationState.OCCUPIED, ReservationState.OVERDUE}:
        stands = pb.InventoryItem(
            shelf=held.shelf,
            purpose=held.purpose.name,
            expire_time=scalars.timestamp(held.until),
        )
        message.MergeFrom(stands)
    return message


def reservation_out(reservation: Reservation, network: str) -> pb.Reservation:
    """Write a reservation."""
    return pb.Reservation(
        hub=names.joined(names.HUB, network, reservation.hub),
        parcel=names.parcel_name(network, reservation.parcel),
        size_class=SIZES[reservation.size_class],
        purpose=reservation.purpose.name,
        state=reservation.state.name,
        start_time=scalars.timestamp(reservation.since),
        expire_time=scalars.timestamp(reservation.until),
        shelf=reservation.shelf,
    )


def parcels_out(parcels: Iterable[str], network: str) -> Sequence[str]:
    """Write parcels by their names."""
    return [names.parcel_name(network, parcel) for parcel in parcels]
