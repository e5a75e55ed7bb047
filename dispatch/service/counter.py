"""A hub's counter: scans of parcels that come and go, manifests and counted shelves.

Whoever works there sees what the counter needs of a parcel, and nobody's name, door or phone.
"""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import grpc

from dispatch.codes import is_code
from dispatch.core.counter import MANIFEST_LIMIT
from dispatch.core.errors import CounterLocked, Fault, InvalidValue, WrongCode
from dispatch.core.messages import (
    CodeRefused,
    Command,
    Event,
    InventoryReconciled,
    ReceiveManifest,
    ReceiveParcel,
    ReconcileInventory,
    ReleaseParcel,
)
from dispatch.core.model import Check, Custodian, CustodianKind, Parcel
from dispatch.core.zone import State
from dispatch.service.codes import WRONG, counter_serial, told_proxy
from dispatch.service.site import Site
from dispatch.service.till import Till, till_of
from dispatch.service.times import SCAN, faults_named, scan_time
from dispatch.service.writing import submit
from dispatch.v1 import hubs_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.counter import (
    found_by,
    item_out,
    label,
    manifest_out,
    parcels_out,
    rows_in,
    scan_in,
    scanned,
)

LONGEST_SHELF = 40
LONGEST_CODE = 20

Context = grpc.aio.ServicerContext[object, object]


class Counter:
    """What is scanned at a counter."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def ReceiveParcel(
        self, request: pb.ReceiveParcelRequest, context: Context
    ) -> pb.ReceiveParcelResponse:
        """Scan a parcel that a courier hands in."""
        till = till_of(self._site, request.name)
        parcel = scanned(till.zone.state, request.scan, "scan", till.network.id)
        check = Check()
        scalars.plain_text(request.shelf, LONGEST_SHELF, "shelf", check)
        check.done()
        command = ReceiveParcel(
            hub=till.hub,
            parcel=parcel.id,
            courier=names.own_id(till.network.id, request.courier, names.COURIER, "courier"),
            actor=till.actor,
            shelf=request.shelf,
            at=scan_time(request, self._site.clock.now()),
        )
        holder = Custodian(kind=CustodianKind.HUB, id=till.hub)

        def build(state: State, _events: tuple[Event, ...]) -> pb.ReceiveParcelResponse:
            its = state.parcel(parcel.id)
            # A parcel back at its origin is with its sender, who has it at this counter.
            is_home = its.custodian.kind is CustodianKind.SENDER
            return pb.ReceiveParcelResponse(
                item=item_out(state, its, till.hub, till.network.id),
                transferred=its.custodian == holder or is_home,
            )

        with faults_named(SCAN):
            answer, _ = await submit(
                self._site, till.zone, till.caller, request, command, build,
                pb.ReceiveParcelResponse,
            )  # fmt: skip
        return answer

    async def ReleaseParcel(
        self, request: pb.ReleaseParcelRequest, context: Context
    ) -> pb.ReleaseParcelResponse:
        """Scan a parcel that leaves: with a courier, or with whoever tells its code."""
        till = till_of(self._site, request.name)
        parcel = scanned(till.zone.state, request.scan, "scan", till.network.id)
        command = self._release(till, request, parcel)

        def build(state: State, events: tuple[Event, ...]) -> pb.ReleaseParcelResponse:
            if any(isinstance(event, CodeRefused) for event in events):
                return pb.ReleaseParcelResponse()
            its = state.parcel(parcel.id)
            is_gone = its.custodian != Custodian(kind=CustodianKind.HUB, id=till.hub)
            return pb.ReleaseParcelResponse(
                item=item_out(state, its, till.hub, till.network.id), transferred=is_gone
            )

        with faults_named(SCAN):
            answer, _ = await submit(
                self._site, till.zone, till.caller, request, command, build,
                pb.ReleaseParcelResponse,
            )  # fmt: skip
        if not answer.HasField("item"):
            raise self._refused(till, parcel)
        return answer

    def _release(self, till: Till, request: pb.ReleaseParcelRequest, parcel: Parcel) -> Command:
        """Read who takes a parcel; codes are compared here and go no further."""
        courier, proxy, serial = "", "", 0
        taker = request.WhichOneof("taker")
        if taker == "courier":
            courier = names.own_id(till.network.id, request.courier, names.COURIER, "courier")
        elif taker is None:
            raise InvalidValue([Fault("taker", "is required: code, proxy_code or courier")])
        else:
            check = Check()
            told = str(getattr(request, taker))
            scalars.plain_text(told, LONGEST_CODE, taker, check)
            check.that(bool(told.strip()), taker, "is required")
            check.done()
            # What cannot be a code is a slip of the finger: told at once, and not counted.
            check.that(is_code(told), taker, "is not six digits")
            check.done()
            if taker == "code":
                secret = self._site.secret
                serial = counter_serial(till.zone, secret, till.hub, parcel, told)
            else:
                proxy = told_proxy(till.zone, self._site.secret, parcel.id, told)
                serial = 0 if proxy else WRONG
        return ReleaseParcel(
            hub=till.hub,
            parcel=parcel.id,
            actor=till.actor,
            courier=courier,
            code_serial=serial,
            proxy=proxy,
            at=scan_time(request, self._site.clock.now()),
        )

    def _refused(self, till: Till, parcel: Parcel) -> WrongCode | CounterLocked:
        """Return the error of a code that was refused, and counted."""
        subject = names.parcel_name(till.network.id, parcel.id)
        session = till.zone.state.sessions.get(f"{till.hub}~{till.actor}")
        left_s = session.locked_until - self._site.clock.now() if session is not None else 0
        if left_s > 0:
            msg = f"too many wrong codes at this counter; try again in {left_s} s"
            return CounterLocked(msg, subject=subject, wait_s=left_s)
        return WrongCode("the code is not the one of this parcel", subject=subject)

    async def ReceiveManifest(
        self, request: pb.ReceiveManifestRequest, context: Context
    ) -> pb.ReceiveManifestResponse:
        """Take in what a carrier delivers, all at once."""
        till = till_of(self._site, request.name)
        rows = rows_in(request)
        command = ReceiveManifest(
            hub=till.hub, carrier=request.carrier, rows=rows, actor=till.actor
        )

        def build(state: State, events: tuple[Event, ...]) -> pb.ReceiveManifestResponse:
            return manifest_out(state, command, events, till.network.id)

        answer, _ = await submit(
            self._site, till.zone, till.caller, request, command, build, pb.ReceiveManifestResponse
        )
        return answer

    async def ReconcileInventory(
        self, request: pb.ReconcileInventoryRequest, context: Context
    ) -> pb.ReconcileInventoryResponse:
        """Compare counted shelves with the books."""
        till = till_of(self._site, request.name)
        command = ReconcileInventory(
            hub=till.hub,
            parcels=_counted(till.zone.state, request, till.network.id),
            actor=till.actor,
        )

        def build(_state: State, events: tuple[Event, ...]) -> pb.ReconcileInventoryResponse:
            message = pb.ReconcileInventoryResponse()
            for event in events:
                if isinstance(event, InventoryReconciled):
                    message.counted_count = event.counted
                    message.missing.extend(parcels_out(event.missing, till.network.id))
                    message.surplus.extend(parcels_out(event.surplus, till.network.id))
                    message.unknown.extend(event.unknown)
            return message

        answer, _ = await submit(
            self._site, till.zone, till.caller, request, command, build,
            pb.ReconcileInventoryResponse,
        )  # fmt: skip
        return answer


def _counted(state: State, request: pb.ReconcileInventoryRequest, network: str) -> tuple[str, ...]:
    """Read what stands on the shelves: ids of parcels, and labels of what is none.

    Raises
    ------
    InvalidValue
        With every scan that is none.
    """
    count = len(request.scans)
    if count > MANIFEST_LIMIT:
        raise InvalidValue([Fault("scans", f"{count} scans: at most {MANIFEST_LIMIT}")])
    faults: list[Fault] = []
    found: list[str] = []
    for index, message in enumerate(request.scans):
        try:
            scan = scan_in(message, f"scans[{index}]", network)
        except InvalidValue as error:
            faults += error.faults
        else:
            found.append(found_by(state, scan) or label(scan))
    if faults:
        raise InvalidValue(faults, subject=request.name)
    return tuple(found)
