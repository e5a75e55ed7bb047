"""Slot advice: which windows a merchant could promise. Nothing is written."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context

import grpc

from dispatch.auth import Role
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.feasibility import coming_windows
from dispatch.service.access import MERCHANTS, allowed
from dispatch.service.intake import Reader
from dispatch.service.lines import Addresses
from dispatch.service.site import Site
from dispatch.v1 import feasibility_pb2 as pb
from dispatch.v1 import parcels_pb2
from dispatch.wire import names, scalars
from dispatch.wire.feasibility import advice_out, windows_in

Context = grpc.aio.ServicerContext[object, object]


class SlotAdvice:
    """Questions about parcels that are not there yet."""

    _site: Site
    _addresses: Addresses

    async def CheckFeasibility(
        self, request: pb.CheckFeasibilityRequest, context: Context
    ) -> pb.CheckFeasibilityResponse:
        """Tell which windows could be kept for a parcel."""
        caller, (_, merchant) = allowed(request.parent, names.MERCHANT, "parent", MERCHANTS)
        network = self._site.network(caller)
        network.check_merchant(merchant)
        now = self._site.clock.now()
        windows = windows_in(request, now)
        if not request.HasField("parcel"):
            raise InvalidValue([Fault("parcel", "is required")])
        if request.parcel.windows:
            raise InvalidValue([Fault("parcel.windows", "belong into candidate_windows")])
        reader = Reader(self._site, network, caller, request.parent)
        new = parcels_pb2.CreateParcelRequest(parent=request.parent, parcel=request.parcel)
        [filled], _ = await self._addresses.filled(network, merchant, [new])
        reader.read(filled)
        zone = reader.checked_one()
        if request.zone and request.zone != zone.name:
            names.own_id(network.id, request.zone, names.ZONE, "zone")
            raise InvalidValue([Fault("zone", f"the pickup lies in {zone.name}")])
        [intake] = reader.intakes
        windows = windows or coming_windows(intake.parcel.ready_at, now)
        state, planner = zone.state, zone.loop.planner
        # Before the question: a plan that is made meanwhile had no part in the answer.
        made = planner.made
        found = await self._site.read(lambda: planner.advise(state, intake.parcel, windows, now))
        answer = pb.CheckFeasibilityResponse(
            zone=zone.name,
            windows=[
                advice_out(
                    advice,
                    network.id,
                    network.currency,
                    names_couriers=caller.role is Role.DISPATCHER,
                )
                for advice in found
            ],
        )
        if made is not None:
            answer.plan_time.CopyFrom(scalars.timestamp(made.epoch.now))
        return answer
