"""Who stands at a post, who may leave it, and who keeps its booth.

A post has a minimum. Guards whose roster says POST are on duty there while they are online and not
on a tour. A guard whose slot is over stays on until relieved, as guards do: so a relief that comes
late from a tour leaves no post below its minimum, and is seen as somebody else's longer day. No
tour begins that would leave a post with fewer than its minimum.
"""

from bisect import bisect_right
from operator import attrgetter

from dispatch.core.compounds import Post
from dispatch.core.errors import HubClosed, KeeperMissing, PostMinimum
from dispatch.core.model import Availability, Duty, Instant, TourState
from dispatch.core.zone import State

AT_WORK = frozenset({Duty.POST, Duty.PATROL})
"""Duties in which a guard is at hand: at the post, or on the rounds."""
SHIFT_S = 12 * 3600
"""No plan looks further ahead than this into who keeps a hub, and nobody signs in earlier or later
than this before or after a slot."""
_OPENS_AT = attrgetter("opens_at")


def slot_at(state: State, courier: str, at: Instant) -> Availability | None:
    """Return the slot of a courier's roster that covers an instant."""
    slots = state.availability.get(courier, ())
    # They are in order and apart: the last one that has begun, or none.
    begun = bisect_right(slots, at, key=_OPENS_AT)
    return slots[begun - 1] if begun and at < slots[begun - 1].closes_at else None


def slots_within(
    state: State, courier: str, begin: Instant, end: Instant
) -> tuple[Availability, ...]:
    """Return the slots of a courier's roster of which some part lies between two instants."""
    slots = state.availability.get(courier, ())
    first = max(0, bisect_right(slots, begin, key=_OPENS_AT) - 1)
    return slots[first : bisect_right(slots, end, key=_OPENS_AT)]


def post_of(state: State, courier: str, at: Instant) -> Post | None:
    """Return the post that a courier's roster names at an instant, on POST or PATROL."""
    slot = slot_at(state, courier, at)
    if slot is None or slot.duty not in AT_WORK:
        return None
    return state.posts.get(slot.post)


def is_guard(state: State, courier: str) -> bool:
    """Whether a courier's roster names a post that is known."""
    return any(slot.post in state.posts for slot in state.availability.get(courier, ()))


def rostered(state: State, post: str, at: Instant) -> list[str]:
    """Return who has a POST slot at a post at an instant, by id."""
    found = []
    for courier in sorted(state.guards.get(post, ())):
        slot = slot_at(state, courier, at)
        if slot is not None and slot.post == post and slot.duty is Duty.POST:
            found.append(courier)
    return found


def is_out(state: State, courier: str) -> bool:
    """Whether a courier is on a tour, or not back from one.

    Who set out before a roster named the courier is on a tour like everybody else.
    """
    tour = state.live_tour.get(courier)
    is_under_way = tour is not None and state.tours[tour].state is TourState.ACTIVE
    return is_under_way or courier in state.away


def on_duty(state: State, post: str, now: Instant) -> list[str]:
    """Return those of the rostered who are there: online, and on no tour."""
    return [
        courier
        for courier in rostered(state, post, now)
        if courier in state.online and not is_out(state, courier)
    ]


def staying_on(state: State, post: str, now: Instant) -> list[str]:
    """Return those who are kept at a post past their slot, because the relief is not there.

    So many as the post lacks of its minimum, as far as somebody is rostered at all; those whose
    slot ended last.
    """
    lacking = min(state.posts[post].minimum, len(rostered(state, post, now)))
    lacking -= len(on_duty(state, post, now))
    if lacking <= 0:
        return []
    waiting = []
    for courier in sorted(state.guards.get(post, ())):
        ended_at = _stood_until(state, courier, post, now)
        if ended_at:
            waiting.append((-ended_at, courier))
    return [courier for _, courier in sorted(waiting)[:lacking]]


def _stood_until(state: State, courier: str, post: str, now: Instant) -> Instant:
    """Return when a courier's last POST slot ended, at whose post the courier still is; else 0."""
    if courier not in state.online or is_out(state, courier):
        return 0
    last = _last_post_slot(state, courier, now)
    if last is None or last.post != post or last.closes_at > now:
        return 0
    was_there = state.came_at.get(courier, now) < last.closes_at
    # Who has been on a tour at its end or since did not stand there when it ended.
    moved_at = max(state.left_at.get(courier, 0), state.back_at.get(courier, 0))
    return last.closes_at if was_there and moved_at < last.closes_at else 0


def _last_post_slot(state: State, courier: str, now: Instant) -> Availability | None:
    """Return the POST slot of a courier's roster that has begun last."""
    slots = state.availability.get(courier, ())
    begun = bisect_right(slots, now, key=_OPENS_AT)
    return next((slots[i] for i in range(begun - 1, -1, -1) if slots[i].duty is Duty.POST), None)


def present(state: State, post: str, now: Instant) -> list[str]:
    """Return who is at a post."""
    return [*on_duty(state, post, now), *staying_on(state, post, now)]


def is_held(state: State, courier: str, now: Instant) -> bool:
    """Whether a courier has to stay at a post past the end of a slot."""
    last = _last_post_slot(state, courier, now)
    if last is None or last.closes_at > now or last.post not in state.posts:
        return False
    return courier in staying_on(state, last.post, now)


def spare_count(state: State, post: str, now: Instant) -> int:
    """Return how many more of those on duty may leave a post, those left out who are about to."""
    there = on_duty(state, post, now)
    leaving = sum(courier in state.open_offer or courier in state.live_tour for courier in there)
    return len(there) - leaving - state.posts[post].minimum


def may_be_asked(state: State, courier: str, slot: Availability, now: Instant) -> bool:
    """Whether a guard on POST may be asked for a tour: others hold the post."""
    return (
        slot.post in state.posts
        and courier in on_duty(state, slot.post, now)
        and spare_count(state, slot.post, now) > 0
    )


def check_may_leave(state: State, courier: str, now: Instant) -> None:
    """Raise `PostMinimum` where a tour of this courier would leave a post below its minimum."""
    slot = slot_at(state, courier, now)
    post = state.posts.get(slot.post) if slot is not None and slot.duty is Duty.POST else None
    if post is not None:
        left = [other for other in on_duty(state, post.id, now) if other != courier]
        if len(left) < post.minimum:
            msg = f"post {post.id} needs {post.minimum}, and {len(left)} would be left: wait"
            raise PostMinimum(msg, subject=f"couriers/{courier}")
    if is_held(state, courier, now):
        msg = f"courier {courier} is not relieved yet: wait until the next one is there"
        raise PostMinimum(msg, subject=f"couriers/{courier}")


def may_leave(state: State, courier: str, now: Instant) -> bool:
    """Whether a tour of this courier may begin, as far as posts go."""
    try:
        check_may_leave(state, courier, now)
    except PostMinimum:
        return False
    return True


# --- the booth ---------------------------------------------------------------------------


def keepers(state: State, hub: str) -> set[str]:
    """Return the guards whose roster names a post that keeps a hub."""
    return {
        courier for post in state.hub_posts.get(hub, ()) for courier in state.guards.get(post, ())
    }


def keeps(state: State, hub: str, courier: str, now: Instant) -> bool:
    """Whether a courier may stand at a hub's counter now: by the roster, give or take a shift.

    Who was on it last month keeps the hub no more.
    """
    its = state.hub_posts.get(hub, ())
    return any(
        slot.post in its and slot.closes_at > now - SHIFT_S
        for slot in slots_within(state, courier, now - SHIFT_S, now + SHIFT_S)
    )


def is_kept_by(state: State, hub: str, courier: str, at: Instant) -> bool:
    """Whether a courier keeps a hub at an instant, by the roster of one of its posts."""
    post = post_of(state, courier, at) if state.hub_posts.get(hub) else None
    return post is not None and post.hub == hub


def attending(state: State, hub: str, now: Instant) -> set[str]:
    """Return who can scan at a hub with a post: those present, and its keepers signed in there.

    Who is taken off the roster keeps it no longer, whatever a device says.
    """
    found = {
        courier for post in state.hub_posts.get(hub, ()) for courier in present(state, post, now)
    }
    for device, courier in state.signed_in.items():
        is_here = device.startswith(f"{hub}~") and courier in state.online
        if is_here and keeps(state, hub, courier, now) and not is_out(state, courier):
            found.add(courier)
    return found


def will_be_kept(state: State, hub: str, at: Instant) -> bool:
    """Whether somebody is rostered at a hub's posts at an instant; True for a hub without any."""
    posts = state.hub_posts.get(hub, ())
    return not posts or any(rostered(state, post, at) for post in posts)


def kept_from(state: State, hub: str, at: Instant) -> tuple[Instant, Instant]:
    """Return from when to when a hub's guards are at work, by the roster, without a break.

    The first such time that has not ended; (0, 0) where there is none. A guard on patrol counts,
    who takes what there is at the booth by oneself.
    """
    guards = keepers(state, hub)
    begins = [
        slot.opens_at
        for guard in guards
        if (slot := _next_at_work(state, guard, hub, at)) is not None
    ]
    if not begins:
        return 0, 0
    opens_at = max(at, min(begins))
    closes_at = opens_at
    while closes_at < opens_at + SHIFT_S:
        ends = [
            slot.closes_at
            for guard in guards
            if (slot := slot_at(state, guard, closes_at)) is not None
            and is_kept_by(state, hub, guard, closes_at)
        ]
        if not ends:
            break
        closes_at = max(ends)
    return opens_at, closes_at


def _next_at_work(state: State, courier: str, hub: str, at: Instant) -> Availability | None:
    """Return the first slot of a hub's keeper, at work there, that has not ended."""
    slots = state.availability.get(courier, ())
    first = max(0, bisect_right(slots, at, key=_OPENS_AT) - 1)
    its = state.hub_posts.get(hub, ())
    return next(
        (
            slots[i]
            for i in range(first, len(slots))
            if slots[i].closes_at > at and slots[i].duty in AT_WORK and slots[i].post in its
        ),
        None,
    )


def check_attended(state: State, hub: str, now: Instant) -> None:
    """Raise `HubClosed` while nobody is at a hub that is kept by a post."""
    if state.hub_posts.get(hub) and not attending(state, hub, now):
        msg = f"nobody is at hub {hub}: its keepers are on their way or off duty"
        raise HubClosed(msg, subject=f"hubs/{hub}")


def check_keeper(state: State, hub: str, actor: str, now: Instant) -> None:
    """Raise `KeeperMissing` unless a scan at a hub with a post is by a guard who is there."""
    if not state.hub_posts.get(hub):
        return
    check_attended(state, hub, now)
    there = attending(state, hub, now)
    if actor.removeprefix("couriers/") not in there or not actor.startswith("couriers/"):
        msg = f"who scans at hub {hub} has to sign in there as a guard on duty"
        raise KeeperMissing(msg, subject=f"hubs/{hub}")
