"""What one courier's phone asks and hears; what it reports from stops is in `reports`."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
from collections.abc import AsyncIterator, Iterator
from dataclasses import dataclass, replace

import grpc
import msgspec

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import (
    AcceptOffer,
    Command,
    DeclineOffer,
    Event,
    GoOffline,
    GoOnline,
    HandBackLegs,
    ReturnToPost,
    StartTour,
)
from dispatch.core.model import Check
from dispatch.core.zone import State
from dispatch.service import cursors
from dispatch.service.desk import Desk, desk_of, submit_tour
from dispatch.service.reports import StopReports
from dispatch.service.rosters import Swaps
from dispatch.service.status import AddressUnroutable
from dispatch.service.times import faults_named
from dispatch.service.writing import Request, show, submit
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import courier_app_pb2_grpc, couriers_pb2, types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.couriers import spot
from dispatch.wire.work import decline_reason

Context = grpc.aio.ServicerContext[object, object]


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


class CourierAppService(StopReports, Swaps, courier_app_pb2_grpc.CourierAppServiceServicer):
    """For one courier, with that courier's token."""

    async def GoOnline(self, request: pb.GoOnlineRequest, context: Context) -> couriers_pb2.Courier:
        """Take note that the courier can be asked."""
        desk = desk_of(self._site, request.name, names.COURIER)
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
        desk = desk_of(self._site, request.name, names.COURIER)
        return await self._presence(desk, request, GoOffline(courier=desk.courier))

    async def ReturnToPost(
        self, request: pb.ReturnToPostRequest, context: Context
    ) -> couriers_pb2.Courier:
        """Take note that a guard is back at the post."""
        desk = desk_of(self._site, request.name, names.COURIER)
        at = 0
        if request.HasField("return_time"):
            check = Check()
            at = request.return_time.seconds
            check.instant(at, "return_time")
            check.done()
        with faults_named({"at": "return_time", "event_time": "return_time"}):
            return await self._presence(desk, request, ReturnToPost(courier=desk.courier, at=at))

    async def _presence(
        self, desk: Desk, request: Request, command: Command
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
        desk = desk_of(self._site, request.name, names.OFFER)
        offer = desk.zone.state.offer(request.name.rpartition("/")[2])
        legs = {names.leg_name(desk.network.id, leg) for leg in offer.itinerary.legs}
        if request.leg_subset and set(request.leg_subset) != legs:
            problem = "an offer is taken whole for now: leave it empty"
            raise InvalidValue([Fault("leg_subset", problem)])
        version = scalars.version_of(request.etag, request.name)
        command = AcceptOffer(courier=desk.courier, offer=offer.id, version=version)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Tour:
            return desk.tour_out(state, state.tour(state.offer(offer.id).tour))

        return await submit_tour(self._site, desk, request, command, build)

    async def DeclineOffer(self, request: pb.DeclineOfferRequest, context: Context) -> pb.Offer:
        """Refuse an offer."""
        desk = desk_of(self._site, request.name, names.OFFER)
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
        desk = desk_of(self._site, request.name, names.TOUR)
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

        return await submit_tour(self._site, desk, request, command, build)

    async def StartTour(self, request: pb.StartTourRequest, context: Context) -> pb.Tour:
        """Start a tour."""
        desk = desk_of(self._site, request.name, names.TOUR)
        version = scalars.version_of(request.etag, request.name)
        tour = desk.tour(request.name)
        command = StartTour(courier=desk.courier, tour=tour.id, version=version)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Tour:
            return desk.tour_out(state, state.tour(tour.id))

        return await submit_tour(self._site, desk, request, command, build)

    async def WatchWork(
        self, request: pb.WatchWorkRequest, context: Context
    ) -> AsyncIterator[pb.WatchWorkResponse]:
        """Send the courier's work as it stands, then every change.

        Changes are compared with what was sent, so a slow phone skips what is out of date and
        never holds anybody up.
        """
        desk = desk_of(self._site, request.name, names.COURIER)
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


def _news(desk: Desk, seen: _Seen) -> Iterator[pb.WatchWorkResponse]:
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
