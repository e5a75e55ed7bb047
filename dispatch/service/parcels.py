"""Parcels: handed in, read, listed, cancelled; other changes of them stand in `wishes`."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import asyncio
import heapq
from collections.abc import Iterator, Sequence
from contextlib import contextmanager

import grpc

from dispatch.auth import Principal, Role
from dispatch.core.engine import BATCH_LIMIT
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import CancelParcel, CreateParcels, Event
from dispatch.core.model import Parcel
from dispatch.core.state import State
from dispatch.service import cursors
from dispatch.service.access import ALL, MERCHANTS, allowed, denied
from dispatch.service.intake import Reader
from dispatch.service.lines import Addresses
from dispatch.service.paging import page_size
from dispatch.service.reasons import coded
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.wishes import Wishes
from dispatch.service.writing import carries, kept, rehearse, show, submit
from dispatch.v1 import parcels_pb2 as pb
from dispatch.v1 import parcels_pb2_grpc
from dispatch.wire import names, scalars
from dispatch.wire.moment import PLANNED, Moment
from dispatch.wire.parcels import parcel_out

Context = grpc.aio.ServicerContext[object, object]


class ParcelService(Wishes, parcels_pb2_grpc.ParcelServiceServicer):
    """Parcels of a merchant."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._addresses = Addresses(site)

    async def CreateParcel(self, request: pb.CreateParcelRequest, context: Context) -> pb.Parcel:
        """Create a parcel."""
        caller, network = self._merchant(request.parent)
        reader = Reader(self._site, network, caller, request.parent)
        merchant = request.parent.rpartition("/")[2]
        [filled], unread = await self._addresses.filled(network, merchant, [request])
        reader.read(filled)
        try:
            zone = reader.checked_one()
        except InvalidValue:
            earlier = await kept(self._site, caller, request, pb.Parcel)
            if earlier is None:
                raise
            await show(self._site, network, caller, [earlier])
            return earlier
        [intake] = reader.intakes
        command = CreateParcels(parcels=(intake.parcel,))

        def build(state: State, _events: tuple[Event, ...]) -> pb.Parcel:
            return _written(state, network, intake.parcel.id)

        if request.validate_only:
            answer, known = rehearse(zone, command, build), intake.personal
        else:
            with _claimed(network, [intake.parcel], zone):
                answer, known = await submit(
                    self._site, zone, caller, request, command, build, pb.Parcel,
                    personal=intake.personal,
                )  # fmt: skip
            if known:
                await self._addresses.keep(zone, merchant, [intake.parcel.id], unread)
        await show(self._site, network, caller, [answer], known)
        return answer

    async def BatchCreateParcels(
        self, request: pb.BatchCreateParcelsRequest, context: Context
    ) -> pb.BatchCreateParcelsResponse:
        """Create many parcels, all or none."""
        caller, network = self._merchant(request.parent)
        if len(request.requests) > BATCH_LIMIT:
            problem = f"{len(request.requests)} parcels; a batch holds at most {BATCH_LIMIT}"
            raise InvalidValue([Fault("requests", problem)])
        reader = Reader(self._site, network, caller, request.parent)
        merchant = request.parent.rpartition("/")[2]
        filled, unread = await self._addresses.filled(network, merchant, request.requests)
        reader.read_batch(filled)
        try:
            zone = reader.checked()
        except InvalidValue:
            earlier = await kept(self._site, caller, request, pb.BatchCreateParcelsResponse)
            if earlier is None:
                raise
            await show(self._site, network, caller, earlier.parcels)
            return earlier
        command = CreateParcels(parcels=tuple(intake.parcel for intake in reader.intakes))
        personal = [row for intake in reader.intakes for row in intake.personal]
        ids = [intake.parcel.id for intake in reader.intakes]

        def build(state: State, _events: tuple[Event, ...]) -> pb.BatchCreateParcelsResponse:
            return pb.BatchCreateParcelsResponse(
                parcels=[_written(state, network, own) for own in ids]
            )

        if request.validate_only:
            answer, known = rehearse(zone, command, build), tuple(personal)
        else:
            with _claimed(network, command.parcels, zone):
                answer, known = await submit(
                    self._site, zone, caller, request, command, build,
                    pb.BatchCreateParcelsResponse, personal=personal,
                )  # fmt: skip
            if known:
                await self._addresses.keep(zone, merchant, ids, unread)
        await show(self._site, network, caller, answer.parcels, known)
        return answer

    async def GetParcel(self, request: pb.GetParcelRequest, context: Context) -> pb.Parcel:
        """Return a parcel."""
        caller, (_, *ids) = allowed(request.name, names.PARCEL, "name", ALL)
        network, parcel = self._site.network(caller), "/".join(ids)
        if caller.role is Role.COURIER and not carries(network, caller, parcel):
            raise denied(caller)
        state = network.zone_of_parcel(parcel).state
        moment = network.moment(self._site.clock.now())
        answer = _written(state, network, parcel, moment)
        if caller.role is Role.COURIER and not carries(network, caller, parcel, to_recipient=True):
            _hide_door(answer)
        await show(self._site, network, caller, [answer])
        return answer

    async def ListParcels(
        self, request: pb.ListParcelsRequest, context: Context
    ) -> pb.ListParcelsResponse:
        """List parcels by name."""
        caller, (_, merchant) = allowed(
            request.parent, names.MERCHANT, "parent", MERCHANTS, wildcard=True
        )
        network = self._site.network(caller)
        if merchant != names.ANY:
            network.check_merchant(merchant)
        after = ""
        if request.page_token:
            question = ("parcels", request.parent)
            after = cursors.unseal(request.page_token, "page_token", str, *question)
        size = page_size(request.page_size)
        moment = network.moment(self._site.clock.now())
        page = await asyncio.to_thread(_page, network, merchant, after, size)
        answer = pb.ListParcelsResponse(
            parcels=[
                parcel_out(state, parcel, network.id, network.currency, moment)
                for state, parcel in page[:size]
            ]
        )
        if len(page) > size:
            last = page[size - 1][1].id
            answer.next_page_token = cursors.seal(last, "parcels", request.parent)
        await show(self._site, network, caller, answer.parcels)
        return answer

    async def CancelParcel(self, request: pb.CancelParcelRequest, context: Context) -> pb.Parcel:
        """Cancel a parcel; one that is under way turns back."""
        caller, (_, *ids) = allowed(request.name, names.PARCEL, "name", MERCHANTS)
        network, parcel = self._site.network(caller), "/".join(ids)
        zone = network.zone_of_parcel(parcel)
        version = scalars.version_of(request.etag, request.name)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Parcel:
            return _written(state, network, parcel)

        command = CancelParcel(parcel=parcel, reason=coded(request.reason), version=version)
        answer, _ = await submit(self._site, zone, caller, request, command, build, pb.Parcel)
        await show(self._site, network, caller, [answer])
        return answer

    def _merchant(self, parent: str) -> tuple[Principal, HostedNetwork]:
        caller, (_, merchant) = allowed(parent, names.MERCHANT, "parent", MERCHANTS)
        network = self._site.network(caller)
        network.check_merchant(merchant)
        return caller, network


def _hide_door(message: pb.Parcel) -> None:
    """Leave of a parcel's way the present leg alone: it does not lead to the recipient."""
    leg = message.legs[-1]
    message.dropoff.CopyFrom(leg.dropoff)
    del message.legs[:-1]


@contextmanager
def _claimed(network: HostedNetwork, parcels: Sequence[Parcel], zone: HostedZone) -> Iterator[None]:
    """Hold the ids and waybills of new parcels for their zone while it takes them."""
    ids = [parcel.id for parcel in parcels]
    shipments = [parcel.shipment for parcel in parcels if parcel.shipment]
    with (
        network.claims(lambda state: state.parcels, "parcel", ids, zone.name),
        network.claims(lambda state: state.shipments, "shipment", shipments, zone.name),
    ):
        yield


def _written(
    state: State, network: HostedNetwork, parcel: str, moment: Moment = PLANNED
) -> pb.Parcel:
    return parcel_out(state, state.parcel(parcel), network.id, network.currency, moment)


def _page(
    network: HostedNetwork, merchant: str, after: str, size: int
) -> list[tuple[State, Parcel]]:
    """Return up to ``size`` + 1 parcels by id, from the first one after ``after`` on."""
    prefix = "" if merchant == names.ANY else f"{merchant}/"
    found = [
        (parcel, state)
        for state in [zone.state for zone in network.zones.values()]
        for parcel in state.parcels
        if parcel > after and parcel.startswith(prefix)
    ]
    first = heapq.nsmallest(size + 1, found, key=lambda item: item[0])
    return [(state, state.parcels[parcel]) for parcel, state in first]
