"""Events of the log, and what came of a plan, as messages."""

import msgspec
from google.protobuf import struct_pb2

from dispatch.core.messages import CommitPlan
from dispatch.core.model import Instant
from dispatch.core.state import State
from dispatch.log import Row
from dispatch.v1 import dispatching_pb2, events_pb2
from dispatch.wire import names, scalars

MILLE = 1000
"""Costs of a plan are minor units times this."""


def event_out(row: Row, network: str) -> events_pb2.Event:
    """Write an event of the log. Its payload holds no personal data, only pointers."""
    fields = msgspec.json.decode(row.payload, type=dict)
    payload = struct_pb2.Struct()
    payload.update(fields)
    return events_pb2.Event(
        id=row.event_id,
        type=row.type,
        subject=f"networks/{network}/{row.subject}" if row.subject else row.zone,
        sequence=row.sequence,
        event_time=scalars.timestamp(fields.get("happened_at", row.at)),
        ingest_time=scalars.timestamp(row.at),
        actor=row.actor,
        payload=payload,
        causation_id=row.causation_id,
        zone=row.zone,
        payload_version=row.version,
    )


def zone_out(state: State) -> dispatching_pb2.Zone:
    """Write a zone."""
    states = dispatching_pb2.Zone.State
    return dispatching_pb2.Zone(
        name=state.zone, state=states.PAUSED if state.paused else states.ACTIVE
    )


def run_out(
    state: State, plan: CommitPlan | None, run: str, network: str, currency: str, now: Instant
) -> dispatching_pb2.DispatchRun:
    """Write what a plan came to; nothing was computed where ``plan`` is None."""
    message = dispatching_pb2.DispatchRun(
        name=names.joined(names.RUN, network, run),
        zone=state.zone,
        epoch_time=scalars.timestamp(now),
        policy_version=state.policy.version,
    )
    if plan is None:
        return message
    legs = {leg for itinerary in plan.itineraries for leg in itinerary.legs}
    message.leg_count = len(legs | {leg for leg, _ in plan.reasons})
    message.courier_count = len(plan.itineraries)
    message.offers.extend(
        names.joined(names.OFFER, network, courier, offer)
        for courier, offer in sorted(state.open_offer.items())
        if state.offers[offer].epoch == state.epoch
    )
    message.unassigned.extend(
        dispatching_pb2.Unassigned(
            leg=names.leg_name(network, leg),
            reasons=[dispatching_pb2.UnassignedReason(code=code)],
        )
        for leg, code in plan.reasons
    )
    message.cost.CopyFrom(scalars.money(plan.cost // MILLE, currency))
    return message
