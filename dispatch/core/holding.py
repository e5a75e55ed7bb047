"""Who is free, and how long a planned tour may wait for company.

A tour that leaves at once carries what is there; one that waits carries what comes. So a
plan's tour is held back until one of its promises makes it go, and replanned meanwhile with
everything that has come in since.
"""

from dispatch.core import permits, posts
from dispatch.core.model import (
    ActionKind,
    Availability,
    Courier,
    Duty,
    Instant,
    Itinerary,
    Parcel,
    Purpose,
    Seconds,
)
from dispatch.core.policy import Policy
from dispatch.core.state import State

IDLE_DUTIES = frozenset({Duty.IDLE, Duty.PATROL})


def idle_slot(state: State, courier: str, now: Instant) -> Availability | None:
    """Return the slot that leaves the courier free for tours at ``now``.

    A slot at a post does while others hold the post.
    """
    slot = posts.slot_at(state, courier, now)
    if slot is None or slot.duty in IDLE_DUTIES:
        return slot
    if slot.duty is Duty.POST and posts.may_be_asked(state, courier, slot, now):
        return slot
    return None


def is_eligible(state: State, courier: str, now: Instant) -> bool:
    """Whether the courier may be offered a tour at ``now``."""
    slot = idle_slot(state, courier, now)
    return (
        slot is not None
        and courier in state.online
        and courier not in state.open_offer
        and courier not in state.live_tour
        and courier not in state.away
        and not posts.is_held(state, courier, now)
        and permits.may_work(state, courier, slot)
        and state.cooldown.get(courier, 0) <= now
        and max(now, state.free_at.get(courier, 0)) + state.policy.least_slot_s <= slot.closes_at
    )


def leash_s(courier: Courier, policy: Policy) -> Seconds:
    """Return the courier's longest trip."""
    return courier.leash_s or policy.leash_of(courier.kind)


def offer_at(state: State, itinerary: Itinerary, now: Instant) -> Instant:
    """Return when a planned tour has to be offered; until then others may join it.

    Early enough to be answered before its departure, and no later than its tightest promise
    has only the policy's slack left or its oldest leg has waited long enough. At once where
    the courier's hands are full, or where the courier leaves before that and too few others
    are on the roster for then; a guard on a roster is asked in time before the slot ends.
    """
    policy = state.policy
    courier = state.courier(itinerary.courier)
    parcels = [state.parcel(state.leg(leg).parcel) for leg in itinerary.legs]
    in_time = itinerary.departs_at - policy.answer_s(courier.kind) - policy.epoch_s
    if _is_full(itinerary, parcels, courier, policy):
        return in_time
    oldest = min(state.leg(leg).not_before for leg in itinerary.legs)
    slack_s = _slack_s(itinerary, parcels, policy.onward_s) - policy.slack_s
    latest = min(now + slack_s, oldest + policy.most_held_s)
    span_s = itinerary.ends_at - itinerary.departs_at
    slot = idle_slot(state, courier.id, now)
    stays = slot is not None and latest + policy.answer_s(courier.kind) + span_s <= slot.closes_at
    others = 0 if stays else _others_free(state, courier.id, latest, latest + span_s)
    if stays or others >= policy.others_later:
        return max(in_time, latest)
    if slot is not None and posts.is_guard(state, courier.id):
        # Slots of a roster are short, and another one follows: what can wait waits in this one.
        late_s = span_s * policy.late_return_permille // 1000
        room_at = slot.closes_at - span_s - late_s - policy.answer_s(courier.kind) - policy.epoch_s
        return max(in_time, min(latest, room_at))
    return in_time


def _is_full(itinerary: Itinerary, parcels: list[Parcel], courier: Courier, policy: Policy) -> bool:
    """Whether the tour fills most of the courier's hands or time."""
    shares = [
        (sum(parcel.grams for parcel in parcels), courier.capacity_grams),
        (sum(parcel.ml for parcel in parcels), courier.capacity_ml),
        (len(parcels), courier.max_parcels),
        (itinerary.ends_at - itinerary.departs_at, leash_s(courier, policy)),
    ]
    return any(limit and used * 1000 >= limit * policy.full_permille for used, limit in shares)


def _slack_s(itinerary: Itinerary, parcels: list[Parcel], onward_s: Seconds) -> Seconds:
    """Return how much later the tour could go without breaking its tightest promise."""
    relayed = {
        action.leg
        for stop in itinerary.stops
        for action in stop.actions
        if action.purpose is Purpose.RELAY
    }
    arrives_at = {
        action.leg: stop.arrives_at
        for stop in itinerary.stops
        for action in stop.actions
        if action.kind is ActionKind.DROPOFF
    }
    return min(
        min(parcel.due_at, parcel.window.closes_at if parcel.window else parcel.due_at)
        - arrives_at[parcel.leg]
        - (onward_s if parcel.leg in relayed else 0)
        for parcel in parcels
    )


def _others_free(state: State, courier: str, begins_at: Instant, ends_at: Instant) -> int:
    """Count the other couriers whose rosters leave them free for the whole span."""
    return sum(
        any(
            slot.duty in IDLE_DUTIES and slot.opens_at <= begins_at and ends_at <= slot.closes_at
            for slot in slots
        )
        for other, slots in state.availability.items()
        if other != courier
    )
