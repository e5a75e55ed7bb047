"""Hubs: set up, read and listed; their counters, slots and PINs stand in files of their own."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
from typing import Any

import grpc
from immutables import Map

from dispatch.auth import Principal, Role, issue
from dispatch.core.messages import CreateHub, Event
from dispatch.core.model import Check
from dispatch.core.zone import State
from dispatch.service.access import COUNTERS, DISPATCHERS, MERCHANTS, allowed
from dispatch.service.counter import Counter
from dispatch.service.couriers import chosen_id, page_of, roads_checked, token_expiry, zone_here
from dispatch.service.pins import Pins
from dispatch.service.slots import Slots
from dispatch.service.writing import rehearse, show, submit
from dispatch.v1 import hubs_pb2 as pb
from dispatch.v1 import hubs_pb2_grpc
from dispatch.wire import names, scalars
from dispatch.wire.couriers import hub_in, hub_out

Context = grpc.aio.ServicerContext[object, object]


class HubService(Counter, Slots, Pins, hubs_pb2_grpc.HubServiceServicer):
    """Hubs of a network."""

    async def CreateHub(self, request: pb.CreateHubRequest, context: Context) -> pb.Hub:
        """Create a hub."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        own = chosen_id(request.hub_id, "hub_id", self._site.mint("h"))
        zone = zone_here(network, request.hub.place, "hub.place")
        with roads_checked(self._site, {"hub.place": request.hub.place}):
            hub, personal = hub_in(request.hub, own, zone.name, network.terms())
        command = CreateHub(hub=hub)

        def build(state: State, _events: tuple[Event, ...]) -> pb.Hub:
            return hub_out(state, state.hub(own), network.id)

        if request.validate_only:
            answer, known = rehearse(zone, command, build), personal
        else:
            with network.claims(_hubs, "hub", [own], zone.name):
                answer, known = await submit(
                    self._site, zone, caller, request, command, build, pb.Hub,
                    personal=personal,
                )  # fmt: skip
        await show(self._site, network, caller, [answer], known)
        return answer

    async def GetHub(self, request: pb.GetHubRequest, context: Context) -> pb.Hub:
        """Return a hub."""
        caller, (_, own) = allowed(request.name, names.HUB, "name", MERCHANTS | COUNTERS)
        network = self._site.network(caller)
        state = network.zone_of_hub(own).state
        answer = hub_out(state, state.hub(own), network.id)
        await show(self._site, network, caller, [answer])
        return answer

    async def ListHubs(self, request: pb.ListHubsRequest, context: Context) -> pb.ListHubsResponse:
        """List hubs by name."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", MERCHANTS)
        network = self._site.network(caller)
        page, token = page_of(network, _hubs, "hubs", request)
        answer = pb.ListHubsResponse(
            hubs=[hub_out(state, state.hub(own), network.id) for own, state in page],
            next_page_token=token,
        )
        await show(self._site, network, caller, answer.hubs)
        return answer

    async def CreateHubToken(
        self, request: pb.CreateHubTokenRequest, context: Context
    ) -> pb.HubToken:
        """Make the token of a hub's counter."""
        caller, (_, own) = allowed(request.parent, names.HUB, "parent", DISPATCHERS)
        self._site.network(caller).zone_of_hub(own)
        check = Check()
        if request.device:
            check.identifier(request.device, "device")
        check.done()
        expires_at = token_expiry(self._site, request)
        principal = Principal(caller.network, Role.HUB_OPERATOR, own, request.device)
        return pb.HubToken(
            token=issue(principal, self._site.secret, expires_at),
            expire_time=scalars.timestamp(expires_at),
        )


def _hubs(state: State) -> Map[str, Any]:
    return state.hubs
