"""What a hub holds and keeps free: inventory, reservations, pickup codes."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context

import grpc
from msgspec.structs import replace

from dispatch.auth import Role
from dispatch.core.keeping import ReservationState, code_key, reservation_id
from dispatch.core.messages import Event, ReissueCode, ReleaseSlot, ReserveSlot
from dispatch.core.model import Check, Purpose
from dispatch.core.zone import State
from dispatch.service.access import COUNTERS, MERCHANTS, allowed, denied
from dispatch.service.paging import page
from dispatch.service.site import Site
from dispatch.service.till import till_of
from dispatch.service.times import faults_named
from dispatch.service.writing import submit
from dispatch.v1 import hubs_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.counter import item_out, reservation_out

LONGEST_RESERVATION_S = 7 * 86_400
_KEPT_FOR = frozenset({Purpose.COLLECTION, Purpose.RELAY, Purpose.HOLD})

Context = grpc.aio.ServicerContext[object, object]


class Slots:
    """Places of a hub, and what stands in them."""

    _site: Site

    async def ListInventory(
        self, request: pb.ListInventoryRequest, context: Context
    ) -> pb.ListInventoryResponse:
        """List what a hub holds, by parcel."""
        till = till_of(self._site, request.parent, "parent")
        state = till.zone.state
        keys, token = page(sorted(state.stock.get(till.hub, ())), "inventory", request)
        return pb.ListInventoryResponse(
            items=[item_out(state, state.parcel(key), till.hub, till.network.id) for key in keys],
            next_page_token=token,
        )

    async def ListReservations(
        self, request: pb.ListReservationsRequest, context: Context
    ) -> pb.ListReservationsResponse:
        """List the slots that are kept or occupied, by parcel."""
        till = till_of(self._site, request.parent, "parent")
        state = till.zone.state
        keys, token = page(sorted(state.bound.get(till.hub, ())), "reservations", request)
        return pb.ListReservationsResponse(
            reservations=[
                reservation_out(state.reservations[reservation_id(till.hub, key)], till.network.id)
                for key in keys
            ],
            next_page_token=token,
        )

    async def ReserveSlot(self, request: pb.ReserveSlotRequest, context: Context) -> pb.Reservation:
        """Keep a slot free for a parcel."""
        till = till_of(self._site, request.name)
        parcel = names.parcel_id(till.network.id, request.parcel, "parcel")
        check = Check()
        purpose = scalars.member_of(Purpose, types_pb2.Purpose, request.purpose, "purpose", check)
        check.that(purpose in _KEPT_FOR, "purpose", "is required: COLLECTION, RELAY or HOLD")
        ttl_s = till.zone.state.policy.reserve_s
        if request.HasField("ttl"):
            ttl_s = request.ttl.seconds
            is_sane = 0 < ttl_s <= LONGEST_RESERVATION_S
            check.that(is_sane, "ttl", f"is not between 1 and {LONGEST_RESERVATION_S} s")
        check.done()
        command = ReserveSlot(
            hub=till.hub,
            parcel=parcel,
            purpose=purpose or Purpose.HOLD,
            until=self._site.clock.now() + ttl_s,
        )
        own = reservation_id(till.hub, parcel)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Reservation:
            return reservation_out(state.reservations[own], till.network.id)

        with faults_named({"until": "ttl"}):
            answer, _ = await submit(
                self._site, till.zone, till.caller, request, command, build, pb.Reservation
            )
        return answer

    async def ReleaseReservation(
        self, request: pb.ReleaseReservationRequest, context: Context
    ) -> pb.Reservation:
        """Give up a slot that is kept and still empty."""
        till = till_of(self._site, request.name)
        parcel = names.parcel_id(till.network.id, request.parcel, "parcel")
        held = till.zone.state.reservations.get(reservation_id(till.hub, parcel))

        def build(_state: State, _events: tuple[Event, ...]) -> pb.Reservation:
            if held is None:
                return pb.Reservation(hub=request.name, parcel=request.parcel, state="RELEASED")
            return reservation_out(replace(held, state=ReservationState.RELEASED), till.network.id)

        command = ReleaseSlot(hub=till.hub, parcel=parcel)
        answer, _ = await submit(
            self._site, till.zone, till.caller, request, command, build, pb.Reservation
        )
        return answer

    async def ReissueCode(
        self, request: pb.ReissueCodeRequest, context: Context
    ) -> pb.ReissueCodeResponse:
        """Send a recipient a new code; a merchant may ask for the own parcels."""
        caller, (_, hub) = allowed(request.name, names.HUB, "name", MERCHANTS | COUNTERS)
        network = self._site.network(caller)
        parcel = names.parcel_id(network.id, request.parcel, "parcel")
        if caller.role is Role.MERCHANT and parcel.partition("/")[0] != caller.subject:
            raise denied(caller)
        zone = network.zone_of_hub(hub)
        recipient = zone.state.parcel(parcel).recipient

        def build(state: State, _events: tuple[Event, ...]) -> pb.ReissueCodeResponse:
            at = state.codes[code_key(hub, recipient)].minted_at
            return pb.ReissueCodeResponse(mint_time=scalars.timestamp(at))

        answer, _ = await submit(
            self._site, zone, caller, request,
            ReissueCode(hub=hub, parcel=parcel), build, pb.ReissueCodeResponse,
        )  # fmt: skip
        return answer
