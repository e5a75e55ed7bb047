"""Couriers, their windows and their tokens, set up by dispatchers; whole rosters in `rosters`."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import heapq
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from typing import Any

import grpc
from immutables import Map

from dispatch.auth import Principal, Role, issue
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import AddAvailability, CreateCourier, Event
from dispatch.core.model import Check, Instant
from dispatch.core.state import State
from dispatch.service import cursors
from dispatch.service.access import COURIERS, DISPATCHERS, allowed, denied
from dispatch.service.paging import page_size
from dispatch.service.rosters import Rosters
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.status import AddressUnroutable
from dispatch.service.writing import rehearse, show, submit
from dispatch.v1 import compounds_pb2, couriers_pb2_grpc, hubs_pb2, types_pb2
from dispatch.v1 import couriers_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.couriers import (
    availability_id,
    availability_in,
    availability_out,
    courier_in,
    courier_out,
)
from dispatch.wire.places import WGS84, spot_of

LONGEST_TOKEN_S = 366 * 86_400

Context = grpc.aio.ServicerContext[object, object]


class CourierService(Rosters, couriers_pb2_grpc.CourierServiceServicer):
    """Couriers of a network."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def CreateCourier(self, request: pb.CreateCourierRequest, context: Context) -> pb.Courier:
        """Create a courier."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        own = chosen_id(request.courier_id, "courier_id", self._site.mint("c"))
        zone = zone_here(network, request.courier.home_anchor, "courier.home_anchor")
        places = {
            "courier.home_anchor": request.courier.home_anchor,
            "courier.end_anchor": request.courier.end_anchor,
        }
        with roads_checked(self._site, places):
            courier, personal = courier_in(request.courier, own, zone.name, network.terms())
        if not self._site.is_near_road(courier.mode, courier.home):
            problem = f"no way for {courier.mode.name} near home_anchor on this map"
            raise AddressUnroutable([Fault("courier.modes[0]", problem)])
        command = CreateCourier(courier=courier)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Courier:
            return courier_out(state, state.courier(own), network.id, network.currency)

        if request.validate_only:
            answer, known = rehearse(zone, command, build), personal
        else:
            with network.claims(_couriers, "courier", [own], zone.name):
                answer, known = await submit(
                    self._site, zone, caller, request, command, build, pb.Courier,
                    personal=personal,
                )  # fmt: skip
        await show(self._site, network, caller, [answer], known)
        return answer

    async def GetCourier(self, request: pb.GetCourierRequest, context: Context) -> pb.Courier:
        """Return a courier."""
        caller, (_, own) = allowed(request.name, names.COURIER, "name", COURIERS)
        network = self._site.network(caller)
        state = network.zone_of_courier(own).state
        answer = courier_out(state, state.courier(own), network.id, network.currency)
        await show(self._site, network, caller, [answer])
        return answer

    async def ListCouriers(
        self, request: pb.ListCouriersRequest, context: Context
    ) -> pb.ListCouriersResponse:
        """List couriers by name."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        page, token = page_of(network, _couriers, "couriers", request)
        answer = pb.ListCouriersResponse(
            couriers=[
                courier_out(state, state.courier(own), network.id, network.currency)
                for own, state in page
            ],
            next_page_token=token,
        )
        await show(self._site, network, caller, answer.couriers)
        return answer

    async def CreateAvailabilityWindow(
        self, request: pb.CreateAvailabilityWindowRequest, context: Context
    ) -> pb.AvailabilityWindow:
        """Add a time in which a courier can be asked."""
        caller, (_, own) = allowed(request.parent, names.COURIER, "parent", COURIERS)
        network = self._site.network(caller)
        zone = network.zone_of_courier(own)
        slot = availability_in(request.availability_window, request.availability_window_id)
        if caller.role is Role.COURIER and slot.post:
            # Nobody makes oneself the guard of a booth: its roster is the company's word.
            raise denied(caller)
        command = AddAvailability(courier=own, slots=(slot,))

        def build(_state: State, _events: tuple[Event, ...]) -> pb.AvailabilityWindow:
            return availability_out(slot, own, network.id)

        try:
            if request.validate_only:
                return rehearse(zone, command, build)
            answer, _ = await submit(
                self._site, zone, caller, request, command, build, pb.AvailabilityWindow
            )
        except InvalidValue as error:
            fields = {"opens_at": "availability_window.interval.open_time"}
            faults = [
                Fault(fields.get(fault.field, fault.field), fault.problem) for fault in error.faults
            ]
            raise InvalidValue(faults, subject=error.subject) from error
        return answer

    async def ListAvailabilityWindows(
        self, request: pb.ListAvailabilityWindowsRequest, context: Context
    ) -> pb.ListAvailabilityWindowsResponse:
        """List a courier's windows by name."""
        caller, (_, own) = allowed(request.parent, names.COURIER, "parent", COURIERS, wildcard=True)
        network = self._site.network(caller)
        zones = network.zones.values() if own == names.ANY else [network.zone_of_courier(own)]
        found = sorted(
            (courier, availability_id(slot), slot)
            for state in [zone.state for zone in zones]
            for courier, slots in state.availability.items()
            if own in {names.ANY, courier}
            for slot in slots
        )
        question = ("windows", request.parent)
        after: tuple[str, str] = ("", "")
        if request.page_token:
            after = cursors.unseal(request.page_token, "page_token", tuple[str, str], *question)
        size = page_size(request.page_size)
        page = [item for item in found if item[:2] > after]
        answer = pb.ListAvailabilityWindowsResponse(
            availability_windows=[
                availability_out(slot, courier, network.id) for courier, _, slot in page[:size]
            ]
        )
        if len(page) > size:
            answer.next_page_token = cursors.seal(page[size - 1][:2], *question)
        return answer

    async def CreateCourierToken(
        self, request: pb.CreateCourierTokenRequest, context: Context
    ) -> pb.CourierToken:
        """Make the token of a courier's phone."""
        caller, (_, own) = allowed(request.parent, names.COURIER, "parent", DISPATCHERS)
        self._site.network(caller).zone_of_courier(own)
        expires_at = token_expiry(self._site, request)
        principal = Principal(caller.network, Role.COURIER, own)
        return pb.CourierToken(
            token=issue(principal, self._site.secret, expires_at),
            expire_time=scalars.timestamp(expires_at),
        )


def token_expiry(
    site: Site,
    request: pb.CreateCourierTokenRequest
    | hubs_pb2.CreateHubTokenRequest
    | compounds_pb2.CreateCompanyTokenRequest,
) -> Instant:
    """Return when a new token ends.

    Raises
    ------
    InvalidValue
        If it was to last too long, or no time at all.
    """
    ttl_s = site.courier_token_s
    if request.HasField("ttl"):
        ttl_s = request.ttl.seconds
        if not 0 < ttl_s <= LONGEST_TOKEN_S:
            problem = f"{ttl_s} s is not between 1 and {LONGEST_TOKEN_S} s"
            raise InvalidValue([Fault("ttl", problem)])
    return site.clock.now() + ttl_s


def _couriers(state: State) -> Map[str, Any]:
    return state.couriers


def chosen_id(given: str, field: str, fresh: str) -> str:
    """Return the id that was given, else the fresh one.

    Raises
    ------
    InvalidValue
        If the given one is no id.
    """
    own = given or fresh
    check = Check()
    check.identifier(own, field)
    check.done()
    return own


def zone_here(network: HostedNetwork, place: types_pb2.Place, path: str) -> HostedZone:
    """Return the zone of a place; where its point is none, any: reading it will tell.

    Raises
    ------
    InvalidValue
        If the point lies outside every zone.
    """
    spot = spot_of(place)
    if spot is None:
        return network.any_zone()
    zone = network.zone_at(lat=spot.lat, lon=spot.lon)
    if zone is None:
        raise InvalidValue([Fault(f"{path}.point", "lies outside every zone of the network")])
    return zone


@contextmanager
def roads_checked(
    site: Site, places: Mapping[str, types_pb2.Place], datum: int = WGS84
) -> Iterator[None]:
    """Look places, given by their paths, up on the map; whatever the block finds comes first.

    Parameters
    ----------
    datum
        What holds where a place does not say.

    Raises
    ------
    AddressUnroutable
        With every place that lies off the map.
    InvalidValue
        With the block's faults and the places, where there are both.
    """
    spots = [
        (path, spot)
        for path, place in places.items()
        for spot in [spot_of(place, datum)]
        if spot is not None
    ]
    off = site.off_road(spots)
    try:
        yield
    except InvalidValue as error:
        raise InvalidValue([*error.faults, *off], subject=error.subject) from error
    if off:
        raise AddressUnroutable(off)


def page_of(
    network: HostedNetwork,
    things: Callable[[State], Map[str, Any]],
    collection: str,
    request: pb.ListCouriersRequest | hubs_pb2.ListHubsRequest,
) -> tuple[list[tuple[str, State]], str]:
    """Return the ids of a page with their states, and the token of the next page."""
    question = (collection, request.parent)
    after = ""
    if request.page_token:
        after = cursors.unseal(request.page_token, "page_token", str, *question)
    size = page_size(request.page_size)
    found = (
        (own, zone.state)
        for zone in network.zones.values()
        for own in things(zone.state)
        if own > after
    )
    page = heapq.nsmallest(size + 1, found, key=lambda item: item[0])
    token = cursors.seal(page[size - 1][0], *question) if len(page) > size else ""
    return page[:size], token
