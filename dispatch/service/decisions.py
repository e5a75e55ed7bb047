"""What plans decided, and why: from the log, and of the last plan from memory."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context

from typing import cast

import grpc

from dispatch.auth import Principal, Role
from dispatch.core import codec
from dispatch.core.decisions import Made, on_demand, why_not_him
from dispatch.core.errors import Fault, InvalidValue, NotFound, PlanForgotten
from dispatch.core.events import PlanMade
from dispatch.core.judging import Explained
from dispatch.core.model import Leg, LegState
from dispatch.log import Row
from dispatch.service import cursors
from dispatch.service.access import DISPATCHERS, allowed, denied
from dispatch.service.paging import page_size
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.solver.explain import ExplainError
from dispatch.v1 import decisions_pb2 as pb
from dispatch.wire import names
from dispatch.wire.decisions import (
    Reader,
    decision_name,
    decision_out,
    explanation_out,
    named_out,
)

PLANS = PlanMade.__name__
ASKERS = frozenset({Role.DISPATCHER, Role.MERCHANT, Role.COURIER})

Context = grpc.aio.ServicerContext[object, object]


class Decisions:
    """Decisions of the zones of a network."""

    _site: Site

    async def ListDecisions(
        self, request: pb.ListDecisionsRequest, context: Context
    ) -> pb.ListDecisionsResponse:
        """List what each plan decided, newest first."""
        caller, ids = allowed(request.parent, names.ZONE, "parent", DISPATCHERS)
        network = self._site.network(caller)
        zone = _zone(network, ids[1], request.parent)
        question = ("decisions", request.parent)
        before = None
        if request.page_token:
            before = cursors.unseal(request.page_token, "page_token", int, *question)
        size = page_size(request.page_size)
        log = self._site.log
        rows = await self._site.read(lambda: log.latest(zone.name, PLANS, before, size + 1))
        token = cursors.seal(rows[size - 1].position, *question) if len(rows) > size else ""
        reader = self._reader(network, caller)
        return pb.ListDecisionsResponse(
            decisions=[decision_out(_plan(row), zone.name, reader) for row in rows[:size]],
            next_page_token=token,
        )

    async def ExplainDecision(
        self, request: pb.ExplainDecisionRequest, context: Context
    ) -> pb.ExplainDecisionResponse:
        """Tell what a decision was, why a leg is left out, or why somebody does not have it."""
        if request.courier and not request.leg:
            raise InvalidValue([Fault("leg", "is required: which one does the courier not have?")])
        if not request.leg and not request.name:
            raise InvalidValue([Fault("leg", "is required, or the name of a decision")])
        if not request.leg:
            return await self._decision(request)
        caller, ids = allowed(request.leg, names.LEG, "leg", ASKERS)
        network = self._site.network(caller)
        zone = _zone_of_leg(network, caller, "/".join(ids[1:]))
        if request.courier:
            return await self._why_not(request, caller, network, zone)
        if caller.role is Role.COURIER:
            raise denied(caller)
        return await self._about_leg(request, caller, network, zone)

    async def _decision(self, request: pb.ExplainDecisionRequest) -> pb.ExplainDecisionResponse:
        caller, ids = allowed(request.name, names.DECISION, "name", DISPATCHERS)
        network = self._site.network(caller)
        zone = _zone(network, ids[1], request.name)
        plan = await self._found(zone, _number(ids[2]), request.name)
        message = decision_out(plan, zone.name, self._reader(network, caller))
        return pb.ExplainDecisionResponse(decision=message)

    async def _about_leg(
        self,
        request: pb.ExplainDecisionRequest,
        caller: Principal,
        network: HostedNetwork,
        zone: HostedZone,
    ) -> pb.ExplainDecisionResponse:
        """Explain a leg by the last plan, if it is in memory, else by what was found out before.

        A decision that is named tells what it has kept.
        """
        state = zone.state
        leg_id = names.leg_id(network.id, request.leg, "leg")
        reader = self._reader(network, caller)
        if request.name:
            number = _number(self._of_zone(request, network, zone))
            plan = await self._found(zone, number, request.name)
            found = next((its for its in plan.explained if its.leg == leg_id), None)
            if found is None:
                raise NotFound(f"{request.name} found out nothing of it", subject=request.leg)
            return _answer(zone, number, plan.at, found, reader)
        kept = state.explained.get(leg_id)
        leg, made = state.legs[leg_id], zone.loop.planner.made
        # Kept is what was found out when the reason was new: who was nearest then may be gone.
        is_newer = made is not None and (kept is None or kept.epoch < made.number)
        if made is not None and is_newer and leg.reason and leg.state is LegState.PLANNED:
            fresh = await self._site.read(lambda: on_demand(state, made, leg_id))
            if fresh is not None:
                return _answer(zone, made.number, made.epoch.now, fresh, reader)
        if kept is not None:
            return _answer(zone, kept.epoch, kept.at, kept.explained, reader)
        if leg.reason:
            bare = Explained(leg=leg_id, reason=leg.reason)
            return pb.ExplainDecisionResponse(explanation=explanation_out(bare, reader))
        message = pb.LegExplanation(leg=request.leg, text=_not_left_out(leg))
        message.served_by = reader.courier(leg.courier or leg.planned_to)
        return pb.ExplainDecisionResponse(explanation=message)

    async def _why_not(
        self,
        request: pb.ExplainDecisionRequest,
        caller: Principal,
        network: HostedNetwork,
        zone: HostedZone,
    ) -> pb.ExplainDecisionResponse:
        """Say why a courier does not have a leg; only the last plan knows, and only in memory."""
        courier = names.own_id(network.id, request.courier, names.COURIER, "courier")
        is_own = caller.role is Role.COURIER and caller.subject == courier
        if caller.role is not Role.DISPATCHER and not is_own:
            raise denied(caller)
        state = zone.state
        if courier not in state.couriers:
            raise NotFound(f"there is no courier {courier!r}", subject=request.courier)
        made = self._in_memory(request, network, zone)
        leg_id = names.leg_id(network.id, request.leg, "leg")
        try:
            found = await self._site.read(lambda: why_not_him(state, made, leg_id, courier))
        except ExplainError as error:
            problem = f"{decision_name(zone.name, made.number)} gives it to this courier"
            raise InvalidValue([Fault("courier", problem)]) from error
        if found is None and is_own:
            # As for a leg that there is not: whether there is one is not for couriers to find out.
            raise denied(caller)
        if found is None:
            problem = f"{decision_name(zone.name, made.number)} did not look at both of them"
            raise PlanForgotten(
                f"{problem}: the leg did not wait, or the courier was not free or too far away",
                subject=request.leg,
            )
        if is_own:
            answer = pb.ExplainDecisionResponse(
                decision=named_out(zone.name, made.number, made.epoch.now)
            )
            # Of nobody else, and not what would serve it: that tells where it goes.
            answer.explanation.CopyFrom(
                pb.LegExplanation(
                    leg=request.leg,
                    reason_code=found.reason,
                    courier=request.courier,
                    slack=found.slack,
                )
            )
            return answer
        reader = self._reader(network, caller)
        return _answer(zone, made.number, made.epoch.now, found, reader)

    def _in_memory(
        self, request: pb.ExplainDecisionRequest, network: HostedNetwork, zone: HostedZone
    ) -> Made:
        made = zone.loop.planner.made
        number = _number(self._of_zone(request, network, zone)) if request.name else 0
        if made is None:
            raise PlanForgotten(
                "no plan has been made since the service was started; ask again after the next",
                subject=request.leg,
            )
        if number and number != made.number:
            last = decision_name(zone.name, made.number)
            raise PlanForgotten(
                f"the plan of epoch {number} is no longer in memory; the last one is {last}",
                subject=request.name,
            )
        return made

    def _of_zone(
        self, request: pb.ExplainDecisionRequest, network: HostedNetwork, zone: HostedZone
    ) -> str:
        """Return the last part of the decision's name, which has to be of the leg's zone."""
        own = names.own_id(network.id, request.name, names.DECISION, "name")
        zone_id, _, number = own.partition("/")
        if zone_id != zone.id:
            raise InvalidValue([Fault("name", f"the leg is of {zone.name}")])
        return number

    async def _found(self, zone: HostedZone, number: int, name: str) -> PlanMade:
        """Return the plan of an epoch, by halves: later plans have higher numbers."""
        newest = await self._plan_before(zone, None)
        first, last = 0, newest.position + 1 if newest is not None else 0
        while first < last:
            middle = (first + last + 1) // 2
            row = await self._plan_before(zone, middle)
            if row is None or row.position < first:
                first = middle
                continue
            plan = _plan(row)
            if plan.epoch == number:
                return plan
            if plan.epoch < number:
                first = middle
            else:
                last = row.position
        raise NotFound(f"there is no decision {number}", subject=name)

    async def _plan_before(self, zone: HostedZone, position: int | None) -> Row | None:
        """Return the newest plan before a position (exclusive)."""
        log = self._site.log
        rows = await self._site.read(lambda: log.latest(zone.name, PLANS, position, 1))
        return rows[0] if rows else None

    def _reader(self, network: HostedNetwork, caller: Principal) -> Reader:
        is_dispatcher = caller.role is Role.DISPATCHER
        return Reader(network.id, network.currency, self._site.timezone, is_dispatcher)


def _answer(
    zone: HostedZone, number: int, at: int, found: Explained, reader: Reader
) -> pb.ExplainDecisionResponse:
    return pb.ExplainDecisionResponse(
        decision=named_out(zone.name, number, at), explanation=explanation_out(found, reader)
    )


def _not_left_out(leg: Leg) -> str:
    if leg.state is not LegState.PLANNED:
        return f"no plan leaves it out: it is {leg.state.value}"
    if leg.planned_to:
        return "a courier is planned for it"
    if leg.offer_count:
        return "nobody took the offers so far, and no plan has looked at it since the last one"
    return "no plan has looked at it yet"


def _plan(row: Row) -> PlanMade:
    return cast(PlanMade, codec.decode_event(row.payload, row.version))


def _number(part: str) -> int:
    if not part.isascii() or not part.isdigit() or len(part) > 9:  # noqa: PLR2004 (an epoch)
        raise InvalidValue([Fault("name", f"{part[:40]!r} is no epoch's number")])
    return int(part)


def _zone(network: HostedNetwork, own: str, name: str) -> HostedZone:
    found = network.zones.get(own)
    if found is None:
        raise NotFound(f"there is no zone {own!r}", subject=name)
    return found


def _zone_of_leg(network: HostedNetwork, caller: Principal, leg: str) -> HostedZone:
    """Return the zone of a leg; couriers do not learn which legs there are."""
    try:
        zone = network.zone_of_parcel(leg.rpartition("/")[0])
        zone.state.leg(leg)
    except NotFound as error:
        if caller.role is Role.COURIER:
            raise denied(caller) from error
        raise
    return zone
