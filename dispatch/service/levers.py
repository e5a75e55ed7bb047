"""What a dispatcher does by hand: legs, tours, hubs, ways. Who, when and why stand in the log."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import grpc

from dispatch.auth import Principal
from dispatch.core.errors import Fault, InvalidValue, NotFound
from dispatch.core.keeping import Closure, ClosureKind
from dispatch.core.messages import (
    AttestHandover,
    CloseWay,
    Command,
    Event,
    OpenWay,
    OverrideAttempt,
    PauseHub,
    PinLeg,
    ReassignLeg,
    RescueTour,
    ResumeHub,
    UnpinLeg,
)
from dispatch.core.model import Check
from dispatch.core.zone import State
from dispatch.service.access import DISPATCHERS, allowed
from dispatch.service.couriers import chosen_id
from dispatch.service.paging import page
from dispatch.service.reasons import LONGEST_REASON, said
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.times import faults_named
from dispatch.service.writing import Request, rehearse, show, submit
from dispatch.v1 import courier_app_pb2, hubs_pb2, parcels_pb2
from dispatch.v1 import dispatching_pb2 as pb
from dispatch.wire import names
from dispatch.wire.couriers import hub_out
from dispatch.wire.levers import closure_in, closure_out
from dispatch.wire.parcels import leg_out, parcel_out
from dispatch.wire.work import tour_out

Context = grpc.aio.ServicerContext[object, object]


class Levers:
    """Everything here is a dispatcher's, and asks why."""

    _site: Site

    async def PinLeg(self, request: pb.PinLegRequest, context: Context) -> parcels_pb2.Leg:
        """Let nobody but one courier have a leg."""
        caller, network, leg = self._leg(request.name)
        command = PinLeg(
            leg=leg,
            courier=names.own_id(network.id, request.courier, names.COURIER, "courier"),
            actor=caller.name,
            reason=said(request.reason),
        )
        return await self._leg_changed(caller, network, leg, request, command)

    async def UnpinLeg(self, request: pb.UnpinLegRequest, context: Context) -> parcels_pb2.Leg:
        """Let anybody have it again."""
        caller, network, leg = self._leg(request.name)
        command = UnpinLeg(leg=leg, actor=caller.name, reason=said(request.reason))
        return await self._leg_changed(caller, network, leg, request, command)

    async def ReassignLeg(
        self, request: pb.ReassignLegRequest, context: Context
    ) -> parcels_pb2.Leg:
        """Take a leg that is not picked up from its courier."""
        caller, network, leg = self._leg(request.name)
        to = ""
        if request.courier:
            to = names.own_id(network.id, request.courier, names.COURIER, "courier")
        command = ReassignLeg(leg=leg, actor=caller.name, reason=said(request.reason), courier=to)
        return await self._leg_changed(caller, network, leg, request, command)

    async def RescueTour(
        self, request: pb.RescueTourRequest, context: Context
    ) -> courier_app_pb2.Tour:
        """Give up on a courier who has vanished."""
        caller, (_, courier, tour) = allowed(request.name, names.TOUR, "name", DISPATCHERS)
        network = self._site.network(caller)
        zone = network.zone_of_courier(courier)
        command = RescueTour(
            courier=courier, tour=tour, actor=caller.name, reason=said(request.reason)
        )

        def build(state: State, _events: tuple[Event, ...]) -> courier_app_pb2.Tour:
            moment = network.moment(self._site.clock.now())
            return tour_out(state, state.tour(tour), network.id, moment)

        answer, _ = await submit(
            self._site, zone, caller, request, command, build, courier_app_pb2.Tour
        )
        await show(self._site, network, caller, [answer])
        return answer

    async def AttestHandover(
        self, request: pb.AttestHandoverRequest, context: Context
    ) -> parcels_pb2.Parcel:
        """Stand for the scan that a courier who gives a parcel cannot make."""
        caller, network, parcel = self._parcel(request.name)
        command = AttestHandover(
            parcel=parcel,
            taker=names.own_id(network.id, request.taker, names.COURIER, "taker"),
            actor=caller.name,
            reason=said(request.reason),
        )
        return await self._parcel_changed(caller, network, parcel, request, command)

    async def OverrideAttempt(
        self, request: pb.OverrideAttemptRequest, context: Context
    ) -> parcels_pb2.Parcel:
        """Let a parcel's next failed attempt count without evidence."""
        caller, network, parcel = self._parcel(request.name)
        command = OverrideAttempt(parcel=parcel, actor=caller.name, reason=said(request.reason))
        return await self._parcel_changed(caller, network, parcel, request, command)

    async def PauseHub(self, request: pb.PauseHubRequest, context: Context) -> hubs_pb2.Hub:
        """Let a hub take and give nothing for a while."""
        caller, (_, hub) = allowed(request.name, names.HUB, "name", DISPATCHERS)
        until = 0
        if request.HasField("end_time"):
            check = Check()
            until = request.end_time.seconds
            check.instant(until, "end_time")
            check.done()
        command = PauseHub(hub=hub, actor=caller.name, reason=said(request.reason), until=until)
        with faults_named({"until": "end_time"}):
            return await self._hub_changed(caller, hub, request, command)

    async def ResumeHub(self, request: pb.ResumeHubRequest, context: Context) -> hubs_pb2.Hub:
        """Let it work again."""
        caller, (_, hub) = allowed(request.name, names.HUB, "name", DISPATCHERS)
        reason = said(request.reason, is_required=False)
        command = ResumeHub(hub=hub, actor=caller.name, reason=reason)
        return await self._hub_changed(caller, hub, request, command)

    async def CreateClosure(self, request: pb.CreateClosureRequest, context: Context) -> pb.Closure:
        """Close a street, an area or a gate."""
        caller, zone = self._zone(request.parent, names.ZONE, "parent")
        own = chosen_id(request.closure_id, "closure_id", self._site.mint("w"))
        closure = closure_in(request.closure, own, caller.name, LONGEST_REASON)
        if not await self._site.read(lambda: self._site.closes_something(closure)):
            named = "corners" if closure.kind is ClosureKind.AREA else "ref"
            problem = "is not on the map: it would close nothing"
            raise InvalidValue([Fault(f"closure.{named}", problem)])
        command = CloseWay(closure=closure)

        def build(_state: State, _events: tuple[Event, ...]) -> pb.Closure:
            return closure_out(closure, zone.name)

        with faults_named({"until": "closure.end_time"}):
            if request.validate_only:
                return rehearse(zone, command, build)
            answer, _ = await submit(self._site, zone, caller, request, command, build, pb.Closure)
        return answer

    async def DeleteClosure(self, request: pb.DeleteClosureRequest, context: Context) -> pb.Closure:
        """Open something before its time."""
        caller, zone = self._zone(request.name, names.CLOSURE, "name")
        own = request.name.rpartition("/")[2]
        before = zone.state.closures.get(own)
        reason = said(request.reason, is_required=False)
        command = OpenWay(closure=own, actor=caller.name, reason=reason)

        def build(_state: State, _events: tuple[Event, ...]) -> pb.Closure:
            return _closed(before, zone.name, request.name)

        answer, _ = await submit(self._site, zone, caller, request, command, build, pb.Closure)
        return answer

    async def ListClosures(
        self, request: pb.ListClosuresRequest, context: Context
    ) -> pb.ListClosuresResponse:
        """List what is closed, by name."""
        _, zone = self._zone(request.parent, names.ZONE, "parent")
        closures = zone.state.closures
        keys, token = page(sorted(closures), "closures", request)
        return pb.ListClosuresResponse(
            closures=[closure_out(closures[key], zone.name) for key in keys],
            next_page_token=token,
        )

    def _leg(self, name: str) -> tuple[Principal, HostedNetwork, str]:
        caller, (_, *ids) = allowed(name, names.LEG, "name", DISPATCHERS)
        return caller, self._site.network(caller), "/".join(ids)

    def _parcel(self, name: str) -> tuple[Principal, HostedNetwork, str]:
        caller, (_, *ids) = allowed(name, names.PARCEL, "name", DISPATCHERS)
        return caller, self._site.network(caller), "/".join(ids)

    def _zone(self, name: str, shape: names.Shape, field: str) -> tuple[Principal, HostedZone]:
        caller, ids = allowed(name, shape, field, DISPATCHERS)
        zone = self._site.network(caller).zones.get(ids[1])
        if zone is None:
            raise NotFound(f"there is no zone {ids[1]!r}", subject=name)
        return caller, zone

    async def _leg_changed(
        self,
        caller: Principal,
        network: HostedNetwork,
        leg: str,
        request: Request,
        command: Command,
    ) -> parcels_pb2.Leg:
        zone = network.zone_of_parcel(leg.rpartition("/")[0])

        def build(state: State, _events: tuple[Event, ...]) -> parcels_pb2.Leg:
            return leg_out(state.leg(leg), network.id)

        answer, _ = await submit(self._site, zone, caller, request, command, build, parcels_pb2.Leg)
        await show(self._site, network, caller, [answer])
        return answer

    async def _parcel_changed(
        self,
        caller: Principal,
        network: HostedNetwork,
        parcel: str,
        request: Request,
        command: Command,
    ) -> parcels_pb2.Parcel:
        zone = network.zone_of_parcel(parcel)

        def build(state: State, _events: tuple[Event, ...]) -> parcels_pb2.Parcel:
            moment = network.moment(self._site.clock.now())
            its = state.parcel(parcel)
            return parcel_out(state, its, network.id, network.currency, moment)

        answer, _ = await submit(
            self._site, zone, caller, request, command, build, parcels_pb2.Parcel
        )
        await show(self._site, network, caller, [answer])
        return answer

    async def _hub_changed(
        self, caller: Principal, hub: str, request: Request, command: Command
    ) -> hubs_pb2.Hub:
        network = self._site.network(caller)
        zone = network.zone_of_hub(hub)

        def build(state: State, _events: tuple[Event, ...]) -> hubs_pb2.Hub:
            return hub_out(state, state.hub(hub), network.id)

        answer, _ = await submit(self._site, zone, caller, request, command, build, hubs_pb2.Hub)
        await show(self._site, network, caller, [answer])
        return answer


def _closed(before: Closure | None, zone: str, name: str) -> pb.Closure:
    """Write what was closed until now."""
    return pb.Closure(name=name) if before is None else closure_out(before, zone)
