"""Who is free later: slots that have not begun, and couriers who come back from a tour."""

from collections.abc import Iterator, Sequence

from dispatch.core import holding, permits, posts
from dispatch.core.candidates import (
    Carrier,
    Load,
    any_choice,
    barred_of,
    carriers_of,
    chosen_of,
    enters_of,
    reach_of,
)
from dispatch.core.gates import Gates
from dispatch.core.model import Instant, Place
from dispatch.core.zone import State, replace

ASKED_LATER = 20
"""Slots that are asked at most, those of couriers nearest to the pickup."""


def later(state: State, until: Instant, now: Instant) -> Iterator[Carrier]:
    """Yield each slot until an instant of those who are not free for a tour now.

    Whoever is on a tour comes from where it ends, everybody else from home. Guards at a post are
    left out: only the day shows who of them can be spared.
    """
    free = {carrier.courier.id: carrier.slot for carrier in carriers_of(state, now)}
    for courier_id in sorted(state.availability):
        courier = state.couriers.get(courier_id)
        if courier is None:
            continue
        for slot in posts.slots_within(state, courier_id, now, until):
            is_over = slot.closes_at <= now or slot == free.get(courier_id)
            if is_over or slot.duty not in holding.IDLE_DUTIES:
                continue
            if not permits.may_work(state, courier_id, slot):
                continue
            back = _back(state, courier_id, now)
            if slot.opens_at <= now and back is None:
                continue
            place, back_at = back or (courier.home, now)
            if slot.opens_at > back_at:
                place = courier.home
            yield Carrier(courier, slot, place, max(slot.opens_at, back_at))


def _back(state: State, courier: str, now: Instant) -> tuple[Place, Instant] | None:
    """Return where and when somebody who is at work is free again; None for who is not at work."""
    if courier not in state.online:
        return None
    tour, offer = state.live_tour.get(courier), state.open_offer.get(courier)
    itinerary = None
    if tour is not None:
        itinerary = state.tours[tour].itinerary
    elif offer is not None:
        itinerary = state.offers[offer].itinerary
    if itinerary is not None:
        return itinerary.end or itinerary.stops[-1].place, max(now, itinerary.ends_at)
    free_at = max(now, state.free_at.get(courier, 0), state.cooldown.get(courier, 0))
    return state.online[courier], free_at


def nearest(
    state: State,
    carriers: Sequence[Carrier],
    loads: Sequence[Load],
    gates: Gates,
    now: Instant,
) -> list[Carrier]:
    """Return the nearest of those who could by straight lines and gates."""
    may = reach_of(carriers, loads, state.policy, now) & enters_of(carriers, loads, gates)
    policy = replace(state.policy, nearest_couriers=ASKED_LATER, max_couriers=ASKED_LATER)
    able = any_choice(loads, may) & ~barred_of(carriers, loads)
    return [carriers[row] for row in chosen_of(carriers, loads, able, able, policy)]
