"""What events of compounds, posts, rosters and gates do to the state.

With `dispatch.core.state` and `dispatch.core.kept` the transition table.
"""

from collections.abc import Callable
from typing import Any

from immutables import Map

from dispatch.core import messages as m
from dispatch.core import posts, steps
from dispatch.core.compounds import Absence, Away, Stoppage
from dispatch.core.keeping import Session
from dispatch.core.model import Availability, Duty, Instant
from dispatch.core.zone import State, replace


def rostered(state: State, courier: str, slots: tuple[Availability, ...]) -> State:
    """Give a courier a roster, and let the posts know whom theirs names."""
    state = replace(state, availability=state.availability.set(courier, slots))
    named = {slot.post for slot in slots if slot.post}
    guards = state.guards
    for post in sorted({*named, *(post for post, its in guards.items() if courier in its)}):
        its = guards.get(post, Map())
        its = its.set(courier, None) if post in named else its.delete(courier)
        guards = guards.set(post, its) if its else guards.delete(post)
    return replace(state, guards=guards)


def came_online(state: State, courier: str, at: Instant) -> State:
    """Note since when a courier is there."""
    if courier in state.online:
        return state
    return replace(state, came_at=state.came_at.set(courier, at))


def left(state: State, courier: str, at: Instant) -> State:
    """Note that a tour has begun: its guard is away from the post, and from every counter."""
    if not posts.is_guard(state, courier):
        return state
    post, slot = posts.post_of(state, courier, at), posts.slot_at(state, courier, at)
    away = Away(since=at)
    if post is not None and slot is not None:
        away = Away(since=at, post=post.id, opens_at=slot.opens_at)
    state = signed_out(state, courier)
    return replace(
        state, away=state.away.set(courier, away), left_at=state.left_at.set(courier, at)
    )


def done(state: State, courier: str, at: Instant) -> State:
    """Note that a tour has ended; its guard is away until back."""
    away = state.away.get(courier)
    if away is None:
        return state
    return replace(state, away=state.away.set(courier, replace(away, done_at=at)))


def signed_out(state: State, courier: str) -> State:
    """Take a courier who goes away from every counter."""
    devices = [device for device, who in state.signed_in.items() if who == courier]
    signed_in = state.signed_in
    for device in devices:
        signed_in = signed_in.delete(device)
    return replace(state, signed_in=signed_in) if devices else state


def _compound_created(state: State, event: m.CompoundCreated) -> State:
    compound = event.compound
    return steps.changed(replace(state, compounds=state.compounds.set(compound.id, compound)))


def _post_set(state: State, event: m.PostSet) -> State:
    post = event.post
    hub_posts = state.hub_posts
    if post.hub:
        its = tuple(sorted({*hub_posts.get(post.hub, ()), post.id}))
        hub_posts = hub_posts.set(post.hub, its)
    return steps.changed(replace(state, posts=state.posts.set(post.id, post), hub_posts=hub_posts))


def _courier_permitted(state: State, event: m.CourierPermitted) -> State:
    its = state.permits.get(event.compound, Map()).set(event.courier, None)
    return steps.changed(replace(state, permits=state.permits.set(event.compound, its)))


def _courier_forbidden(state: State, event: m.CourierForbidden) -> State:
    state = signed_out(state, event.courier)
    its = state.permits[event.compound].delete(event.courier)
    permits = (
        state.permits.set(event.compound, its) if its else state.permits.delete(event.compound)
    )
    return steps.changed(replace(state, permits=permits))


def _gate_ruled(state: State, event: m.GateRuled) -> State:
    ruling = event.ruling
    return steps.changed(replace(state, gate_rulings=state.gate_rulings.set(ruling.id, ruling)))


def _compound_stopped(state: State, event: m.CompoundStopped) -> State:
    stoppage = Stoppage(since=event.at, actor=event.actor, reason=event.reason, hubs=event.hubs)
    return replace(state, stopped=state.stopped.set(event.compound, stoppage))


def _compound_resumed(state: State, event: m.CompoundResumed) -> State:
    return steps.changed(replace(state, stopped=state.stopped.delete(event.compound)))


def _slots_swapped(state: State, event: m.SlotsSwapped) -> State:
    state = _relieved(state, event.courier, event.slots, event.at)
    state = _relieved(state, event.other, event.other_slots, event.at)
    state = rostered(state, event.courier, event.slots)
    return steps.changed(rostered(state, event.other, event.other_slots))


def _slots_dropped(state: State, event: m.SlotsDropped) -> State:
    state = _relieved(state, event.courier, event.slots, event.at)
    return steps.changed(rostered(state, event.courier, event.slots))


def _relieved(state: State, courier: str, slots: tuple[Availability, ...], at: Instant) -> State:
    """Note that a guard is taken off a watch: no earlier one keeps this guard there any more."""
    slot = posts.slot_at(state, courier, at)
    if slot is None or slot.duty is not Duty.POST or slot in slots:
        return state
    return replace(state, came_at=state.came_at.set(courier, at))


def _courier_returned(state: State, event: m.CourierReturned) -> State:
    state = replace(
        state,
        away=state.away.delete(event.courier),
        back_at=state.back_at.set(event.courier, event.happened_at),
        free_at=state.free_at.set(event.courier, event.happened_at),
    )
    if event.post:
        key = f"{event.post}~{event.courier}~{event.slot_opens_at}"
        old = state.absences.get(key) or Absence(
            post=event.post, courier=event.courier, opens_at=event.slot_opens_at
        )
        new = replace(old, away_s=old.away_s + event.away_s, tours=old.tours + 1)
        state = replace(state, absences=state.absences.set(key, new))
    return steps.changed(state)


def _pin_issued(state: State, event: m.PinIssued) -> State:
    return replace(state, pins=state.pins.set(event.courier, event.serial))


def pin_session(hub: str, device: str) -> str:
    """Return the key of a device's count of wrong PINs."""
    return f"{hub}~{device}~pin"


def _signed_in(state: State, event: m.SignedIn) -> State:
    state = signed_out(state, event.courier)
    sessions, key = state.sessions, pin_session(event.hub, event.device)
    if key in sessions:
        sessions = sessions.delete(key)
    signed_in = state.signed_in.set(f"{event.hub}~{event.device}", event.courier)
    return replace(state, signed_in=signed_in, sessions=sessions)


def _counter_left(state: State, event: m.SignedOut) -> State:
    return replace(state, signed_in=state.signed_in.delete(f"{event.hub}~{event.device}"))


def _pin_refused(state: State, event: m.PinRefused) -> State:
    session = Session(failures=event.failures, locked_until=event.locked_until)
    key = pin_session(event.hub, event.device)
    return replace(state, sessions=state.sessions.set(key, session))


TABLE: dict[type[m.Event], Callable[[State, Any], State]] = {
    m.CompoundCreated: _compound_created,
    m.PostSet: _post_set,
    m.CourierPermitted: _courier_permitted,
    m.CourierForbidden: _courier_forbidden,
    m.GateRuled: _gate_ruled,
    m.CompoundStopped: _compound_stopped,
    m.CompoundResumed: _compound_resumed,
    m.SlotsSwapped: _slots_swapped,
    m.SlotsDropped: _slots_dropped,
    m.CourierReturned: _courier_returned,
    m.PinIssued: _pin_issued,
    m.SignedIn: _signed_in,
    m.SignedOut: _counter_left,
    m.PinRefused: _pin_refused,
}
