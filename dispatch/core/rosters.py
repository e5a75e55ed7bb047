"""Rosters: slots that come, go and are swapped, and guards who are back from a tour."""

from collections.abc import Iterable, Iterator
from itertools import pairwise

from dispatch.core import messages as m
from dispatch.core import offers
from dispatch.core.compounds import Post
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    Fault,
    InvalidTransition,
    InvalidValue,
    NotFound,
    NotPermitted,
)
from dispatch.core.handover import check_time
from dispatch.core.model import Availability, Instant, TourState
from dispatch.core.zone import State

ROSTER_LIMIT = 5000
"""Most rows of one import."""


def add(draft: Draft, command: m.AddAvailability) -> None:
    """Add slots to a courier's days."""
    draft.state.courier(command.courier)
    slots = _in_order((*draft.state.availability.get(command.courier, ()), *command.slots))
    _check_apart(command.courier, slots, "opens_at")
    draft.tell(m.AvailabilityAdded(at=draft.now, courier=command.courier, slots=slots))


def import_all(draft: Draft, command: m.ImportRoster) -> None:
    """Add a whole roster; what is there already stays as it is."""
    count = len(command.rows)
    if not 0 < count <= ROSTER_LIMIT:
        problem = f"{count} rows: a roster has 1 to {ROSTER_LIMIT}"
        raise InvalidValue([Fault("rows", problem)])
    faults: list[tuple[int, str, str]] = []
    added: dict[str, list[tuple[int, Availability]]] = {}
    for index, row in enumerate(command.rows):
        if row.courier not in draft.state.couriers:
            faults.append((index, "courier", f"there is no courier {row.courier!r}"))
        if row.slot.post and row.slot.post not in draft.state.posts:
            faults.append((index, "post", f"there is no post {row.slot.post!r}"))
        if row.slot not in draft.state.availability.get(row.courier, ()):
            added.setdefault(row.courier, []).append((index, row.slot))
    for courier, rows in added.items():
        faults += _overlaps(draft.state, courier, rows)
    if faults:
        raise InvalidValue([Fault(f"rows[{at}].{it}", why) for at, it, why in sorted(faults)])
    for courier in sorted(added):
        own = draft.state.availability.get(courier, ())
        slots = _in_order((*own, *(slot for _, slot in added[courier])))
        draft.tell(m.AvailabilityAdded(at=draft.now, courier=courier, slots=slots))


def _overlaps(
    state: State, courier: str, rows: Iterable[tuple[int, Availability]]
) -> Iterator[tuple[int, str, str]]:
    """Yield index, field and problem of each row that overlaps another slot of its courier."""
    known = [(slot, -1) for slot in state.availability.get(courier, ())]
    slots = sorted(
        [*known, *((slot, index) for index, slot in rows)],
        key=lambda item: (item[0].opens_at, item[0].closes_at, item[1]),
    )
    last, last_index = slots[0]
    for slot, index in slots[1:]:
        if slot.opens_at < last.closes_at:
            bad, other = (index, last_index) if index >= 0 else (last_index, index)
            where = f"rows[{other}]" if other >= 0 else "a slot that is known"
            problem = f"overlaps {where}: courier {courier} is not at two places at once"
            yield bad, "interval", problem
        if slot.closes_at > last.closes_at:
            last, last_index = slot, index


def swap(draft: Draft, command: m.SwapSlots) -> None:
    """Let another guard have a slot, and that one's slot in turn if one is named."""
    state = draft.state
    if command.courier == command.other:
        raise InvalidValue([Fault("other", "is the same guard: name another one")])
    state.courier(command.courier)
    state.courier(command.other)
    given = [_own_slot(state, command.courier, command.opens_at, draft.now)]
    taken: list[Availability] = []
    if command.other_opens_at:
        taken = [_own_slot(state, command.other, command.other_opens_at, draft.now)]
    _check_colleagues(state, command, (*given, *taken))
    _check_not_under_way(state, command.courier, given, draft.now)
    _check_not_under_way(state, command.other, taken, draft.now)
    own = _exchanged(state, command.courier, given, taken)
    others = _exchanged(state, command.other, taken, given)
    _check_apart(command.courier, own, "other_opens_at")
    _check_apart(command.other, others, "opens_at")
    _withdraw(draft, command.courier, given)
    _withdraw(draft, command.other, taken)
    draft.tell(
        m.SlotsSwapped(
            at=draft.now,
            courier=command.courier,
            other=command.other,
            slots=own,
            other_slots=others,
            actor=command.actor,
        )
    )


def drop(draft: Draft, command: m.DropSlots) -> None:
    """Take slots out of a courier's days. A tour under way goes on; nothing more is offered."""
    state = draft.state
    state.courier(command.courier)
    if not command.opens_at:
        raise InvalidValue([Fault("opens_at", "names no slot")], subject=command.courier)
    gone = [_own_slot(state, command.courier, at, draft.now) for at in command.opens_at]
    kept = _exchanged(state, command.courier, gone, ())
    told = {"courier": command.courier, "actor": command.actor, "reason": command.reason}
    _withdraw(draft, command.courier, gone)
    draft.tell(m.SlotsDropped(at=draft.now, slots=kept, **told))


def returned(draft: Draft, command: m.ReturnToPost) -> None:
    """Note that a courier is back; who was not away is back already."""
    state = draft.state
    courier = state.courier(command.courier)
    if courier.id not in state.away:
        return
    tour = state.live_tour.get(courier.id)
    if tour is not None and state.tour(tour).state is TourState.ACTIVE:
        msg = f"tour {tour} is under way: report its stops or hand them back first"
        raise InvalidTransition(msg, subject=tour)
    back(draft, courier.id, check_time(draft, command.at))


def back(draft: Draft, courier: str, at: Instant) -> None:
    """Tell that a guard is back, and how long the post was without this one."""
    away = draft.state.away[courier]
    # By a late or a doubled word of an earlier tour nobody is back before this one has ended.
    at = max(at, away.since, away.done_at)
    draft.tell(
        m.CourierReturned(
            at=draft.now,
            courier=courier,
            happened_at=at,
            away_s=at - away.since,
            post=away.post,
            slot_opens_at=away.opens_at,
        )
    )


def _in_order(slots: Iterable[Availability]) -> tuple[Availability, ...]:
    return tuple(sorted(slots, key=lambda slot: (slot.opens_at, slot.closes_at)))


def _check_apart(courier: str, slots: tuple[Availability, ...], field: str) -> None:
    for before, after in pairwise(slots):
        if after.opens_at < before.closes_at:
            problem = "overlaps another slot of the courier: nobody is at two places at once"
            raise InvalidValue([Fault(field, problem)], subject=courier)


def _own_slot(state: State, courier: str, opens_at: Instant, now: Instant) -> Availability:
    """Return a courier's slot by when it opens; raise where there is none or it is over."""
    for slot in state.availability.get(courier, ()):
        if slot.opens_at == opens_at:
            if slot.closes_at <= now:
                problem = "names a slot that is over"
                raise InvalidValue([Fault("opens_at", problem)], subject=courier)
            return slot
    msg = f"courier {courier} has no slot that opens then"
    raise NotFound(msg, subject=f"couriers/{courier}")


def _check_colleagues(state: State, command: m.SwapSlots, slots: tuple[Availability, ...]) -> None:
    """Raise `NotPermitted` unless both guard the compound whose posts they exchange."""
    for slot in slots:
        post = state.posts.get(slot.post)
        for courier in (command.courier, command.other):
            if not _belongs(state, courier, post):
                where = f"compound {post.compound}" if post is not None else "the other's party"
                msg = f"courier {courier} does not work for {where}: a stranger takes no slot"
                raise NotPermitted(msg, subject=f"couriers/{courier}")
    parties = {state.couriers[its].party for its in (command.courier, command.other)}
    if any(slot.post not in state.posts for slot in slots) and (len(parties) > 1 or "" in parties):
        msg = f"couriers {command.courier} and {command.other} do not work for the same party"
        raise NotPermitted(msg, subject=f"couriers/{command.other}")


def _belongs(state: State, courier: str, post: Post | None) -> bool:
    if post is None:
        return True
    compound = post.compound
    return courier in state.permits.get(compound, ()) or any(
        courier in state.guards.get(other.id, ())
        for other in state.posts.values()
        if other.compound == compound
    )


def _check_not_under_way(
    state: State, courier: str, slots: Iterable[Availability], now: Instant
) -> None:
    """Raise `InvalidTransition` where a slot is given away in which its holder is on a tour."""
    is_out = courier in state.live_tour or courier in state.away
    if is_out and any(slot.opens_at <= now for slot in slots):
        msg = f"courier {courier} is on a tour in that slot: come back first"
        raise InvalidTransition(msg, subject=f"couriers/{courier}")


def _withdraw(draft: Draft, courier: str, gone: Iterable[Availability]) -> None:
    """Take back the offer of a courier who loses the slot in which it was made."""
    offer = draft.state.open_offer.get(courier)
    if offer is not None and any(slot.opens_at <= draft.now for slot in gone):
        offers.withdraw(draft, draft.state.offer(offer), "SLOT_GONE")


def _exchanged(
    state: State,
    courier: str,
    given: Iterable[Availability],
    taken: Iterable[Availability],
) -> tuple[Availability, ...]:
    gone = set(given)
    left = (slot for slot in state.availability.get(courier, ()) if slot not in gone)
    return _in_order((*left, *taken))
