"""What posts ask of an epoch's problem: how many guards may be away from each of them, and when.

The roster says how many will be there; tours that are under way or agreed take guards out of it
until they are back, with a reserve for ways that take longer than planned.
"""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from dispatch.core import holding, posts
from dispatch.core.candidates import Carrier
from dispatch.core.compounds import Post
from dispatch.core.model import Duty, Instant, Seconds
from dispatch.core.zone import State
from dispatch.solver.problem import PostSteps

MILLE = 1000


def fields_of(state: State, carriers: Sequence[Carrier], now: Instant) -> dict[str, Any]:
    """Return the fields of a `Problem` that keep posts manned; none in a zone without posts."""
    if not state.posts:
        return {}
    left = [c.slot.post if c.slot.duty is Duty.POST else "" for c in carriers]
    names = sorted({post for post in left if post})
    number = {name: index for index, name in enumerate(names)}
    rows = [_steps(state, state.posts[name], now) for name in names]
    reserve = state.policy.late_return_permille
    return {
        "post": np.array([number.get(post, -1) for post in left], np.int64),
        "post_steps": PostSteps(
            indptr=np.array([0, *accumulate(len(row) for row in rows)], np.int64),
            starts_at=np.array([at for row in rows for at, _ in row], np.int64),
            most_away=np.array([most for row in rows for _, most in row], np.int64),
        ),
        "return_reserve_permille": np.array(
            [reserve if posts.is_guard(state, c.courier.id) else 0 for c in carriers], np.int64
        ),
    }


def _steps(state: State, post: Post, now: Instant) -> list[tuple[int, int]]:
    """Return (tick, how many may be away from then on) of a post.

    Wherever somebody less will be there, it counts so much earlier as the longest tour may be late.
    """
    guards = sorted(state.guards.get(post.id, ()))
    leash_s = max(
        (holding.leash_s(state.couriers[guard], state.policy) for guard in guards), default=0
    )
    reserve_s = leash_s * state.policy.late_return_permille // MILLE
    horizon = now + 2 * leash_s
    back_at = {guard: _back_at(state, guard, now) for guard in guards}
    moments = {now, *back_at.values()}
    for guard in guards:
        for slot in posts.slots_within(state, guard, now, horizon):
            moments |= {slot.opens_at, slot.closes_at}
    known = sorted(moment for moment in moments if now <= moment <= horizon)
    spare = {moment: _spare(state, post, moment, back_at) for moment in known}
    begins = sorted({*known, *(max(now, moment - reserve_s) for moment in known)})
    return [
        (begin - now, min(spare[moment] for moment in _within(known, begin, begin + reserve_s)))
        for begin in begins
    ]


def _within(known: Sequence[Instant], begin: Instant, end: Instant) -> list[Instant]:
    """Return the last known moment by ``begin``, and those after it until ``end``."""
    return [max(at for at in known if at <= begin), *(at for at in known if begin < at <= end)]


def _spare(state: State, post: Post, at: Instant, back_at: dict[str, Instant]) -> int:
    """Return how many of those rostered at an instant, and back by then, are over the minimum."""
    there = [guard for guard in posts.rostered(state, post.id, at) if back_at[guard] <= at]
    return max(0, len(there) - post.minimum)


def _back_at(state: State, guard: str, now: Instant) -> Instant:
    """Return when a guard is at hand: now, or back from a tour that is agreed or under way."""
    tour = state.live_tour.get(guard)
    offer = state.open_offer.get(guard)
    itinerary = None
    if tour is not None:
        itinerary = state.tours[tour].itinerary
    elif offer is not None:
        itinerary = state.offers[offer].itinerary
    if itinerary is not None:
        span_s: Seconds = itinerary.ends_at - itinerary.departs_at
        late_s = span_s * state.policy.late_return_permille // MILLE
        return max(now + 1, itinerary.ends_at + late_s)
    if guard in state.away:
        return max(now + 1, state.free_at.get(guard, now))
    slot = posts.slot_at(state, guard, now)
    if guard not in state.online and slot is not None:
        # On the roster and not there: nobody knows when.
        return slot.closes_at
    return now
