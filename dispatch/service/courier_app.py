"""What one courier's phone asks and hears."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import asyncio
from collections.abc import AsyncIterator, Callable, Iterator
from dataclasses import dataclass, replace

import grpc
import msgspec

from dispatch.auth import Principal
from dispatch.core.errors import (
    DispatchError,
    Fault,
    InvalidValue,
    NotFound,
    Unavailable,
)
from dispatch.core.messages import (
    AcceptOffer,
    Command,
    DeclineOffer,
    Event,
    GoOffline,
    GoOnline,
    HandBackLegs,
    StartTour,
)
from dispatch.core.model import Offer, Tour
from dispatch.core.state import State
from dispatch.runtime import Outcome, Submission
from dispatch.service import cursors
from dispatch.service.access import COURIERS, allowed
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.status import AddressUnroutable, status_of
from dispatch.service.writing import Request, show, submit
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import courier_app_pb2_grpc, couriers_pb2, types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.couriers import courier_out, spot
from dispatch.wire.work import decline_reason, offer_out, stop_commands, tour_out

MOST_STOP_EVENTS = 500

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True, slots=True)
class _Desk:
    """Who asks, about which courier, in which zone."""

    caller: Principal
    network: HostedNetwork
    zone: HostedZone
    courier: str

    def tour(self, name: str) -> Tour:
        """Return a tour as it stands."""
        return self.zone.state.tour(name.rpartition("/")[2])

    def offer_out(self, state: State, offer: Offer) -> pb.Offer:
        """Write an offer."""
        return offer_out(state, offer, self.network.id, self.network.currency)

    def tour_out(self, state: State, tour: Tour) -> pb.Tour:
        """Write a tour."""
        return tour_out(state, tour, self.network.id)

    def courier_out(self, state: State) -> couriers_pb2.Courier:
        """Write the courier."""
        courier = state.courier(self.courier)
        return courier_out(state, courier, self.network.id, self.network.currency)


class _Told(msgspec.Struct, frozen=True, array_like=True):
    """What a resume token holds; see `_Seen`."""

    offer: tuple[str, int]
    tour: tuple[str, int]
    presence: int


@dataclass(slots=True)
class _Seen:
    """What a phone has been told last.

    Attributes
    ----------
    offer, tour
        Id and version; an empty id for none.
    presence
        As a number; -1 for not told.
    """

    question: tuple[str, ...]
    offer: tuple[str, int] = ("", 0)
    tour: tuple[str, int] = ("", 0)
    presence: int = -1

    def token(self) -> str:
        """Return the token with which the stream goes on from here."""
        told = _Told(self.offer, self.tour, self.presence)
        return cursors.seal(told, *self.question)


class CourierAppService(courier_app_pb2_grpc.CourierAppServiceServicer):
    """For one courier, with that courier's token."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def GoOnline(self, request: pb.GoOnlineRequest, context: Context) -> couriers_pb2.Courier:
        """Take note that the courier can be asked."""
        desk = self._desk(request.name, names.COURIER)
        mode = desk.zone.state.courier(desk.courier).mode
        if request.travel_mode not in {0, types_pb2.TravelMode.Value(mode.name)}:
            raise InvalidValue([Fault("travel_mode", f"only the courier's own, {mode.name}")])
        place = None
        if request.HasField("point"):
            place = spot(lat=request.point.latitude, lon=request.point.longitude)
            if not self._site.is_near_road(mode, place):
                problem = f"no way for {mode.name} near it on this map"
                raise AddressUnroutable([Fault("point", problem)])
        return await self._presence(desk, request, GoOnline(courier=desk.courier, place=place))

    async def GoOffline(
        self, request: pb.GoOfflineRequest, context: Context
    ) -> couriers_pb2.Courier:
        """Take note that the courier cannot be asked any more."""
        desk = self._desk(request.name, names.COURIER)
        return await self._presence(desk, request, GoOffline(courier=desk.courier))

    async def _presence(
        self, desk: _Desk, request: Request, command: Command
    ) -> couriers_pb2.Courier:
        answer, _ = await submit(
            self._site,
            desk.zone,
            desk.caller,
            request,
            command,
            lambda state, _events: desk.courier_out(state),
            couriers_pb2.Courier,
        )
        await show(self._site, desk.network, desk.caller, [answer])
        return answer

    async def AcceptOffer(self, request: pb.AcceptOfferRequest, context: Context) -> pb.Tour:
        """Turn an offer into a tour."""
        desk = self._desk(request.name, names.OFFER)
        offer = desk.zone.state.offer(request.name.rpartition("/")[2])
        legs = {names.leg_name(desk.network.id, leg) for leg in offer.itinerary.legs}
        if request.leg_subset and set(request.leg_subset) != legs:
            problem = "an offer is taken whole for now: leave it empty"
            raise InvalidValue([Fault("leg_subset", problem)])
        version = scalars.version_of(request.etag, request.name)
        command = AcceptOffer(courier=desk.courier, offer=offer.id, version=version)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Tour:
            return desk.tour_out(state, state.tour(state.offer(offer.id).tour))

        return await self._tour(desk, request, command, build)

    async def DeclineOffer(self, request: pb.DeclineOfferRequest, context: Context) -> pb.Offer:
        """Refuse an offer."""
        desk = self._desk(request.name, names.OFFER)
        offer = request.name.rpartition("/")[2]
        reason = decline_reason(request.reason)
        answer, _ = await submit(
            self._site,
            desk.zone,
            desk.caller,
            request,
            DeclineOffer(courier=desk.courier, offer=offer, reason=reason),
            lambda state, _events: desk.offer_out(state, state.offer(offer)),
            pb.Offer,
        )
        return answer

    async def HandBackLegs(self, request: pb.HandBackLegsRequest, context: Context) -> pb.Tour:
        """Give legs back that are not picked up yet."""
        desk = self._desk(request.name, names.TOUR)
        version = scalars.version_of(request.etag, request.name)
        tour = desk.tour(request.name)
        if not request.legs:
            raise InvalidValue([Fault("legs", "is required")])
        legs = [
            names.leg_id(desk.network.id, leg, f"legs[{index}]")
            for index, leg in enumerate(request.legs)
        ]
        reason = decline_reason(request.reason).value
        command = HandBackLegs(
            courier=desk.courier, tour=tour.id, legs=tuple(legs), reason=reason, version=version
        )

        def build(state: State, _events: tuple[Event, ...]) -> pb.Tour:
            return desk.tour_out(state, state.tour(tour.id))

        return await self._tour(desk, request, command, build)

    async def StartTour(self, request: pb.StartTourRequest, context: Context) -> pb.Tour:
        """Start a tour."""
        desk = self._desk(request.name, names.TOUR)
        version = scalars.version_of(request.etag, request.name)
        tour = desk.tour(request.name)
        command = StartTour(courier=desk.courier, tour=tour.id, version=version)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Tour:
            return desk.tour_out(state, state.tour(tour.id))

        return await self._tour(desk, request, command, build)

    async def _tour(
        self,
        desk: _Desk,
        request: Request,
        command: Command,
        build: Callable[[State, tuple[Event, ...]], pb.Tour],
    ) -> pb.Tour:
        answer, _ = await submit(
            self._site, desk.zone, desk.caller, request, command, build, pb.Tour
        )
        await show(self._site, desk.network, desk.caller, [answer])
        return answer

    async def RecordStopEvents(
        self, request: pb.RecordStopEventsRequest, context: Context
    ) -> pb.RecordStopEventsResponse:
        """Record what happened at stops; one answer for each event, in the request's order."""
        desk = self._desk(request.name, names.TOUR)
        tour = desk.tour(request.name)
        if not 0 < len(request.events) <= MOST_STOP_EVENTS:
            problem = f"needs 1 to {MOST_STOP_EVENTS} events"
            raise InvalidValue([Fault("events", problem)])
        order = sorted(
            range(len(request.events)),
            key=lambda index: (
                request.events[index].event_time.seconds,
                request.events[index].event_time.nanos,
                request.events[index].device_seq,
                index,
            ),
        )
        # Queued one after the other without waiting, so that they share a transaction and
        # are decided in the order in which they happened.
        waiting = {
            index: asyncio.ensure_future(_record(desk, tour, request.events[index]))
            for index in order
        }
        await asyncio.gather(*waiting.values())
        return pb.RecordStopEventsResponse(
            results=[waiting[index].result() for index in range(len(request.events))],
            tour_version=desk.zone.state.tour(tour.id).version,
        )

    async def WatchWork(
        self, request: pb.WatchWorkRequest, context: Context
    ) -> AsyncIterator[pb.WatchWorkResponse]:
        """Send the courier's work as it stands, then every change.

        Changes are compared with what was sent, so a slow phone skips what is out of date and
        never holds anybody up.
        """
        desk = self._desk(request.name, names.COURIER)
        seen = _Seen(question=("work", request.name))
        if request.resume_token:
            told = cursors.unseal(request.resume_token, "resume_token", _Told, *seen.question)
            seen = replace(seen, offer=told.offer, tour=told.tour, presence=told.presence)
        is_first = True
        while True:
            version = desk.network.news.version
            for message in _news(desk, seen):
                if message.HasField("tour"):
                    await show(self._site, desk.network, desk.caller, [message.tour])
                elif message.HasField("courier"):
                    await show(self._site, desk.network, desk.caller, [message.courier])
                yield message
            if is_first:
                yield pb.WatchWorkResponse(
                    resume_token=seen.token(), snapshot_end=types_pb2.SnapshotEnd()
                )
                is_first = False
            if not await desk.network.news.later_than(version, self._site.heartbeat_s):
                now = scalars.timestamp(self._site.clock.now())
                yield pb.WatchWorkResponse(
                    resume_token=seen.token(), bookmark=types_pb2.Bookmark(read_time=now)
                )

    def _desk(self, name: str, shape: names.Shape) -> _Desk:
        caller, ids = allowed(name, shape, "name", COURIERS)
        network = self._site.network(caller)
        desk = _Desk(caller, network, network.zone_of_courier(ids[1]), ids[1])
        if shape != names.COURIER:
            state = desk.zone.state
            offer_or_tour: Offer | Tour | None = (
                state.offers.get(ids[2]) if shape == names.OFFER else state.tours.get(ids[2])
            )
            if offer_or_tour is None or offer_or_tour.courier != desk.courier:
                raise NotFound(f"there is no {name}", subject=name)
        return desk


async def _record(desk: _Desk, tour: Tour, message: pb.StopEvent) -> pb.StopEventResult:
    """Record one event of a phone.

    Raises
    ------
    Unavailable
        If the log failed: the phone sends the whole batch again.
    """
    result = pb.StopEventResult(event_id=message.event_id)
    dispositions = pb.StopEventResult.Disposition
    try:
        commands = stop_commands(message, tour, desk.network.id)
        outcomes: list[Outcome] = await asyncio.gather(
            *(
                desk.zone.loop.submit(Submission(command=command, actor=desk.caller.name))
                for command in commands
            )
        )
    except Unavailable:
        raise
    except DispatchError as error:
        result.disposition = dispositions.REJECTED
        result.status.CopyFrom(status_of(error))
        return result
    is_new = any(outcome.events for outcome in outcomes)
    result.disposition = dispositions.RECORDED if is_new else dispositions.DUPLICATE
    return result


def _news(desk: _Desk, seen: _Seen) -> Iterator[pb.WatchWorkResponse]:
    """Yield what has changed since the phone was told last, and take note of it."""
    state = desk.zone.state
    courier = desk.courier_out(state)
    if courier.presence != seen.presence:
        seen.presence = courier.presence
        yield pb.WatchWorkResponse(resume_token=seen.token(), courier=courier)
    for own in dict.fromkeys((seen.offer[0], state.open_offer.get(desk.courier, ""))):
        offer = state.offers.get(own)
        if offer is not None and (offer.id, offer.version) != seen.offer:
            seen.offer = (offer.id, offer.version)
            yield pb.WatchWorkResponse(
                resume_token=seen.token(), offer=desk.offer_out(state, offer)
            )
    for own in dict.fromkeys((seen.tour[0], state.live_tour.get(desk.courier, ""))):
        tour = state.tours.get(own)
        if tour is not None and (tour.id, tour.version) != seen.tour:
            seen.tour = (tour.id, tour.version)
            yield pb.WatchWorkResponse(resume_token=seen.token(), tour=desk.tour_out(state, tour))
