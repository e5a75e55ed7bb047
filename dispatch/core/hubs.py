"""When hubs give and take parcels, and which one has a place for a parcel."""

import math
from collections.abc import Iterator

from dispatch.core import posts
from dispatch.core.draft import Draft
from dispatch.core.errors import HubClosed, HubFull, NoContract
from dispatch.core.keeping import SIZES, Reservation, ReservationState, reservation_id
from dispatch.core.messages import SlotReleased, SlotReserved
from dispatch.core.model import (
    Contract,
    Hub,
    Instant,
    Leg,
    Meters,
    Parcel,
    Place,
    Purpose,
    TimeWindow,
    straight_line_m,
)
from dispatch.core.zone import State

METERS_A_DEGREE = 111_195
"""Of latitude."""
SHORTEST_S = 2
"""Nobody plans for less time than this at a counter."""
CONTRACT_FOR = {
    Purpose.COLLECTION: Contract.COLLECTION,
    Purpose.RELAY: Contract.RELAY,
    Purpose.HOLD: Contract.HOLD,
}
"""What a hub's operator must have agreed to, by what a parcel comes for."""


def hours_from(hub: Hub | None, moment: Instant) -> TimeWindow | None:
    """Return the first opening hours that have not ended at ``moment``.

    None where the hub has no hours (always open) or where there is no hub.
    A hub whose last hours are over yields a window that has closed.
    """
    if hub is None or not hub.hours:
        return None
    for window in hub.hours:
        if moment <= window.closes_at:
            return window
    return hub.hours[-1]


def kept_hours(state: State, hub: Hub | None, moment: Instant) -> TimeWindow | None:
    """Return `hours_from` as far as somebody keeps the hub, where a post's guards have to.

    By the roster, like `works`; a window that has closed where it names nobody any more.
    """
    hours = hours_from(hub, moment)
    if hub is None or not state.hub_posts.get(hub.id):
        return hours
    opens_at, closes_at = posts.kept_from(state, hub.id, moment)
    if opens_at != moment and posts.attending(state, hub.id, moment):
        return hours
    if hours is not None:
        opens_at, closes_at = max(opens_at, hours.opens_at), min(closes_at, hours.closes_at + 1)
    if closes_at - opens_at < SHORTEST_S:
        return TimeWindow(opens_at=moment - SHORTEST_S, closes_at=moment - 1)
    return TimeWindow(opens_at=opens_at, closes_at=closes_at - 1)


def is_open(hub: Hub | None, moment: Instant) -> bool:
    """Whether the hub's counter is open at ``moment``; an address always is."""
    window = hours_from(hub, moment)
    return window is None or window.opens_at <= moment <= window.closes_at


def works(state: State, hub: str, moment: Instant) -> bool:
    """Whether a hub takes and gives parcels at ``moment``: open, not paused, its post manned.

    By the roster; whether a keeper is really there is asked when somebody scans.
    """
    return not _why_shut(state, hub, moment) and posts.will_be_kept(state, hub, moment)


def check_works(state: State, hub: str, moment: Instant) -> None:
    """Raise `HubClosed` unless the hub takes and gives parcels at ``moment``.

    A keeper who is there past the roster, or has come in and signed in, opens it as well.
    """
    check_open(state, hub, moment)
    is_kept = posts.will_be_kept(state, hub, moment) or posts.attending(state, hub, moment)
    if not is_kept:
        msg = f"hub {hub} is not manned: nobody is on the roster of its post"
        raise HubClosed(msg, subject=f"hubs/{hub}")


def check_open(state: State, hub: str, moment: Instant) -> None:
    """Raise `HubClosed` where a hub is paused or out of its hours at ``moment``."""
    why = _why_shut(state, hub, moment)
    if why:
        msg = f"hub {hub} is {why}"
        raise HubClosed(msg, subject=f"hubs/{hub}")


def _why_shut(state: State, hub: str, moment: Instant) -> str:
    """Return why a hub is paused or closed; empty where it is neither."""
    pause = state.paused_hubs.get(hub)
    if pause is not None and pause.since <= moment and (pause.until == 0 or moment < pause.until):
        return f"paused: {pause.reason}"
    return "" if is_open(state.hubs.get(hub), moment) else "closed"


def free_slots(state: State, hub: Hub) -> tuple[int, int, int]:
    """Return the free slots of each size class, S, M, L."""
    used = state.hub_use.get(hub.id, (0, 0, 0))
    small, medium, large = (has - its for has, its in zip(hub.slots, used, strict=True))
    return small, medium, large


def has_slot(state: State, hub: Hub, parcel: Parcel) -> bool:
    """Whether a slot is kept for the parcel, or one of its size is free."""
    kept = reservation_id(hub.id, parcel.id) in state.reservations
    return kept or free_slots(state, hub)[SIZES.index(parcel.size_class)] > 0


def check_takes(state: State, hub: Hub, parcel: Parcel, purpose: Purpose) -> None:
    """Raise `NoContract` or `HubFull` unless the hub may keep the parcel for this purpose."""
    if CONTRACT_FOR[purpose] not in hub.contracts:
        msg = f"the operator of hub {hub.id} has not agreed to {purpose}"
        raise NoContract(msg, subject=f"hubs/{hub.id}")
    if not has_slot(state, hub, parcel):
        msg = f"hub {hub.id} has no free slot of size {parcel.size_class}"
        raise HubFull(msg, subject=f"hubs/{hub.id}")


def may_take(state: State, hub: Hub, parcel: Parcel, purpose: Purpose, at: Instant) -> bool:
    """Whether a parcel can be brought to a hub at ``at``."""
    return (
        CONTRACT_FOR[purpose] in hub.contracts
        and has_slot(state, hub, parcel)
        and works(state, hub.id, at)
    )


def in_box(a: Place, b: Place, radius_m: Meters) -> bool:
    """Whether two places may lie within a radius: a glance before the distance is worked out."""
    north = radius_m / METERS_A_DEGREE
    if abs(a.lat - b.lat) > north:
        return False
    return abs(a.lon - b.lon) * max(0.01, math.cos(math.radians(b.lat))) <= north * 1.01


def near(state: State, parcel: Parcel, purpose: Purpose, target: str = "") -> Iterator[Hub]:
    """Yield the hubs with a contract and a slot for a parcel, the nearest to its door first.

    Open or not. ``target`` names the only one that is meant; empty for any within the policy's
    radius.
    """
    radius_m = state.policy.hub_radius_m
    named = [state.hubs[target]] if target in state.hubs else []
    found = [
        (straight_line_m(hub.place, parcel.dropoff), hub.id)
        for hub in (named if target else state.hubs.values())
        if CONTRACT_FOR[purpose] in hub.contracts
        and (target or in_box(hub.place, parcel.dropoff, radius_m))
    ]
    for distance_m, hub_id in sorted(found):
        hub = state.hubs[hub_id]
        if (target or distance_m <= radius_m) and has_slot(state, hub, parcel):
            yield hub


def nearest(
    state: State, parcel: Parcel, purpose: Purpose, at: Instant, target: str = ""
) -> Iterator[Hub]:
    """Yield those of the hubs that `near` yields which take parcels at ``at``."""
    return (hub for hub in near(state, parcel, purpose, target) if works(state, hub.id, at))


def reserve(draft: Draft, hub: str, parcel: Parcel, purpose: Purpose, until: Instant) -> None:
    """Hold a slot, or hold it longer."""
    kept = draft.state.reservations.get(reservation_id(hub, parcel.id))
    if kept is not None:
        if kept.state is not ReservationState.HELD or kept.until >= until:
            return
        draft.tell(SlotReleased(at=draft.now, hub=hub, parcel=parcel.id, reason="HELD_LONGER"))
    reservation = Reservation(
        hub=hub,
        parcel=parcel.id,
        size_class=parcel.size_class,
        purpose=purpose,
        since=draft.now,
        until=until,
    )
    draft.tell(SlotReserved(at=draft.now, hub=hub, reservation=reservation))


def let_go_at_the_end(draft: Draft, parcel_id: str) -> None:
    """Give up every slot that is held for a parcel which has ended."""
    parcel = draft.state.parcels[parcel_id]
    if parcel.is_open:
        return
    for hub in parcel.slots_at:
        told = {"hub": hub, "parcel": parcel_id, "reason": parcel.state.value}
        draft.tell(SlotReleased(at=draft.now, **told))


def let_go(draft: Draft, leg: Leg, reason: str) -> None:
    """Give up the slot that was held for a leg's drop-off, if one was."""
    kept = draft.state.reservations.get(reservation_id(leg.dropoff.hub, leg.parcel))
    if kept is not None and kept.state is ReservationState.HELD:
        draft.tell(SlotReleased(at=draft.now, hub=kept.hub, parcel=leg.parcel, reason=reason))
