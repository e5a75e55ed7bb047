"""Compounds: taken in, ruled and stopped; their posts stand in `posts`, their tags in `tags`."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
from typing import Any

import grpc
from immutables import Map

from dispatch.auth import Principal, Role, issue
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import (
    Command,
    CreateCompound,
    Event,
    ForbidCourier,
    PermitCourier,
    ResumeCompound,
    RuleGate,
    StopCompound,
)
from dispatch.core.model import Check
from dispatch.core.zone import State
from dispatch.service.access import COMPANIES, DISPATCHERS, allowed
from dispatch.service.couriers import chosen_id, token_expiry
from dispatch.service.dispatching import zone_named
from dispatch.service.grounds import Ground, ground_of, runs
from dispatch.service.paging import page
from dispatch.service.posts import Posts
from dispatch.service.reasons import said
from dispatch.service.site import Site
from dispatch.service.tags import Tags
from dispatch.service.writing import Request, rehearse, submit
from dispatch.v1 import compounds_pb2 as pb
from dispatch.v1 import compounds_pb2_grpc
from dispatch.wire import names, scalars
from dispatch.wire.compounds import compound_in, compound_out, permit_out, ruling_in

Context = grpc.aio.ServicerContext[object, object]


class CompoundService(Posts, Tags, compounds_pb2_grpc.CompoundServiceServicer):
    """Compounds of a network, for dispatchers and for the companies that run them."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def CreateCompound(
        self, request: pb.CreateCompoundRequest, context: Context
    ) -> pb.Compound:
        """Take in a compound."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        zone = zone_named(network, request.zone, "zone")
        own = chosen_id(request.compound_id, "compound_id", "")
        command = CreateCompound(compound=compound_in(request.compound, own))

        def build(state: State, _events: tuple[Event, ...]) -> pb.Compound:
            return compound_out(state, state.compound(own), network.id)

        if request.validate_only:
            return rehearse(zone, command, build)
        with network.claims(_compounds, "compound", [own], zone.name):
            answer, _ = await submit(self._site, zone, caller, request, command, build, pb.Compound)
        return answer

    async def GetCompound(self, request: pb.GetCompoundRequest, context: Context) -> pb.Compound:
        """Return a compound."""
        ground = ground_of(self._site, request.name, names.COMPOUND)
        state = ground.zone.state
        return compound_out(state, state.compound(ground.compound), ground.network.id)

    async def ListCompounds(
        self, request: pb.ListCompoundsRequest, context: Context
    ) -> pb.ListCompoundsResponse:
        """List compounds by name; a company's own for a company."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", COMPANIES)
        network = self._site.network(caller)
        states = {
            compound: zone.state
            for zone in network.zones.values()
            for compound in zone.state.compounds
            if runs(caller, zone.state, compound)
        }
        keys, token = page(sorted(states), "compounds", request)
        return pb.ListCompoundsResponse(
            compounds=[
                compound_out(states[key], states[key].compound(key), network.id) for key in keys
            ],
            next_page_token=token,
        )

    async def StopCompound(self, request: pb.StopCompoundRequest, context: Context) -> pb.Compound:
        """Stop everything in a compound."""
        ground = ground_of(self._site, request.name, names.COMPOUND)
        reason = said(request.reason)
        command = StopCompound(compound=ground.compound, actor=ground.caller.name, reason=reason)
        return await self._changed(ground, request, command)

    async def ResumeCompound(
        self, request: pb.ResumeCompoundRequest, context: Context
    ) -> pb.Compound:
        """Let it go on."""
        ground = ground_of(self._site, request.name, names.COMPOUND)
        reason = said(request.reason, is_required=False)
        command = ResumeCompound(compound=ground.compound, actor=ground.caller.name, reason=reason)
        return await self._changed(ground, request, command)

    async def RuleGate(self, request: pb.RuleGateRequest, context: Context) -> pb.Compound:
        """Give a gate another rule."""
        ground = ground_of(self._site, request.name, names.COMPOUND)
        ruling = ruling_in(request.ruling, ground.compound)
        if ruling.gate and not await self._site.read(lambda: self._site.has_gate(ruling.gate)):
            problem = (
                f"{ruling.gate!r} is no gate of the map; leave it out for all of the compound's"
            )
            raise InvalidValue([Fault("ruling.gate", problem)])
        command = RuleGate(ruling=ruling, actor=ground.caller.name)
        return await self._changed(ground, request, command)

    async def _changed(self, ground: Ground, request: Request, command: Command) -> pb.Compound:
        def build(state: State, _events: tuple[Event, ...]) -> pb.Compound:
            return compound_out(state, state.compound(ground.compound), ground.network.id)

        answer, _ = await submit(
            self._site, ground.zone, ground.caller, request, command, build, pb.Compound
        )
        return answer

    async def PermitCourier(self, request: pb.PermitCourierRequest, context: Context) -> pb.Permit:
        """Let a courier work in a compound."""
        ground = ground_of(self._site, request.name, names.COMPOUND)
        courier = names.own_id(ground.network.id, request.courier, names.COURIER, "courier")
        command = PermitCourier(compound=ground.compound, courier=courier, actor=ground.caller.name)
        return await self._permitted(ground, courier, request, command)

    async def ForbidCourier(self, request: pb.ForbidCourierRequest, context: Context) -> pb.Permit:
        """Take a permit back."""
        ground = ground_of(self._site, request.name, names.COMPOUND)
        courier = names.own_id(ground.network.id, request.courier, names.COURIER, "courier")
        command = ForbidCourier(
            compound=ground.compound,
            courier=courier,
            actor=ground.caller.name,
            reason=said(request.reason, is_required=False),
        )
        return await self._permitted(ground, courier, request, command)

    async def _permitted(
        self, ground: Ground, courier: str, request: Request, command: Command
    ) -> pb.Permit:
        def build(state: State, _events: tuple[Event, ...]) -> pb.Permit:
            return permit_out(state, ground.compound, courier, ground.network.id)

        answer, _ = await submit(
            self._site, ground.zone, ground.caller, request, command, build, pb.Permit
        )
        return answer

    async def ListPermits(
        self, request: pb.ListPermitsRequest, context: Context
    ) -> pb.ListPermitsResponse:
        """List who may work in a compound."""
        ground = ground_of(self._site, request.parent, names.COMPOUND, "parent")
        state = ground.zone.state
        keys, token = page(sorted(state.permits.get(ground.compound, ())), "permits", request)
        return pb.ListPermitsResponse(
            permits=[permit_out(state, ground.compound, key, ground.network.id) for key in keys],
            next_page_token=token,
        )

    async def CreateCompanyToken(
        self, request: pb.CreateCompanyTokenRequest, context: Context
    ) -> pb.CompanyToken:
        """Make the token of a property company."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        check = Check()
        check.identifier(request.company, "company")
        check.done()
        if not any(
            compound.company == request.company
            for zone in network.zones.values()
            for compound in zone.state.compounds.values()
        ):
            problem = f"no compound of this network is run by {request.company!r}"
            raise InvalidValue([Fault("company", problem)])
        expires_at = token_expiry(self._site, request)
        principal = Principal(caller.network, Role.PROPERTY_COMPANY, request.company)
        return pb.CompanyToken(
            token=issue(principal, self._site.secret, expires_at),
            expire_time=scalars.timestamp(expires_at),
        )


def _compounds(state: State) -> Map[str, Any]:
    return state.compounds
