"""The other side of a hand-over: counters, couriers, and a dispatcher for one who is gone.

At a booth that a post keeps, a guard who is there scans. Where nobody is, whoever comes waits, or
comes again.
"""

from dispatch.core import posts
from dispatch.core.messages import AttestHandover, Command, GiveParcel, ReceiveParcel, ReleaseParcel
from dispatch.core.model import (
    ActionKind,
    CustodianKind,
    Duty,
    Instant,
    StopAction,
)
from dispatch.core.zone import State

DISPATCHER = "dispatcher"
"""Who gives up on couriers that have vanished, and attests what is fetched from them."""


def keeper(state: State, hub: str, now: Instant) -> str:
    """Return who scans at a hub, as an actor: a guard where a post keeps it; empty for nobody."""
    if not state.hub_posts.get(hub):
        return f"hubs/{hub}"
    there = sorted(posts.attending(state, hub, now))
    return f"couriers/{there[0]}" if there else ""


def is_left_alone(state: State, hub: str, now: Instant) -> bool:
    """Whether a hub's keepers are all away for the moment, though the roster has some."""
    return not keeper(state, hub, now) and posts.will_be_kept(state, hub, now)


def manned_at(state: State, hub: str, now: Instant) -> Instant:
    """Return when the roster has somebody at a hub's posts again; 0 for never, now for already."""
    if posts.will_be_kept(state, hub, now):
        return now
    opens_at = [
        slot.opens_at
        for post in state.hub_posts.get(hub, ())
        for courier in state.guards.get(post, ())
        for slot in state.availability.get(courier, ())
        if slot.post == post and slot.duty is Duty.POST and slot.opens_at > now
    ]
    return min(opens_at, default=0)


def hub_of(state: State, action: StopAction) -> str:
    """Return the hub at whose counter an action is; empty for none."""
    leg = state.legs[action.leg]
    if action.kind is ActionKind.DROPOFF:
        return leg.dropoff.hub
    holder = state.parcels[leg.parcel].custodian
    return holder.id if holder.kind is CustodianKind.HUB else ""


def other_side(
    state: State, action: StopAction, courier: str, gone: set[str], now: Instant
) -> Command | None:
    """Return the scan that answers a courier's; None where nobody has to.

    Parameters
    ----------
    gone
        Couriers who are never heard of again.
    """
    leg = state.legs[action.leg]
    parcel = state.parcels[leg.parcel]
    if action.kind is ActionKind.DROPOFF:
        hub = leg.dropoff.hub
        actor = keeper(state, hub, now)
        return ReceiveParcel(hub=hub, parcel=parcel.id, courier=courier, actor=actor, at=now)
    holder = parcel.custodian
    if holder.kind is CustodianKind.HUB:
        actor = keeper(state, holder.id, now)
        return ReleaseParcel(hub=holder.id, parcel=parcel.id, courier=courier, actor=actor, at=now)
    if holder.kind is not CustodianKind.COURIER:
        return None
    if holder.id in gone:
        return AttestHandover(
            parcel=parcel.id, taker=courier, actor=DISPATCHER, reason="fetched from the courier"
        )
    return GiveParcel(courier=holder.id, parcel=parcel.id, taker=courier, at=now)
