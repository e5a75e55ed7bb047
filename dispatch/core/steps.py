"""Steps of the state that several events share: a parcel moved, a leg set, custody changed.

Each returns the state after it. `dispatch.core.state` and `dispatch.core.keeping_events` put them
together, one function for each event.
"""

from collections.abc import Iterable
from typing import Any

from immutables import Map

from dispatch.core import etas
from dispatch.core.deadlines import last_moment
from dispatch.core.errors import InvalidTransition
from dispatch.core.keeping import SIZES, Reservation, ReservationState, reservation_id
from dispatch.core.messages import parcel_name
from dispatch.core.model import (
    TRANSITIONS,
    ActionKind,
    CustodianKind,
    Holding,
    Instant,
    Leg,
    LegState,
    OfferState,
    Parcel,
    ParcelState,
    Purpose,
    Stop,
    StopAction,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.zone import State, replace

MINUTE_S = 60
OVER = frozenset({LegState.COMPLETED, LegState.FAILED, LegState.CANCELLED})
WITH_COURIER = frozenset({ParcelState.COLLECTED, ParcelState.ATTEMPT_FAILED})
UNSTARTED = frozenset({LegState.PLANNED, LegState.OFFERED, LegState.ASSIGNED})


def changed(state: State) -> State:
    """Note that a plan could come out differently now."""
    return replace(state, changes=state.changes + 1)


# --- the agenda ------------------------------------------------------------------------


def scheduled(state: State, key: str, at: Instant) -> State:
    """Let ``key`` be looked at from ``at`` on; 0 takes it off the agenda."""
    old = state.due.get(key, 0)
    if old == at:
        return state
    agenda, due, first = state.agenda, state.due, state.agenda_from
    if old:
        minute = old // MINUTE_S
        bucket = agenda[minute].delete(key)
        agenda = agenda.set(minute, bucket) if bucket else agenda.delete(minute)
        due = due.delete(key)
        if not bucket and minute == first:
            first = minute + 1
    if at:
        minute = at // MINUTE_S
        first = min(first, minute) if agenda else minute
        agenda = agenda.set(minute, agenda.get(minute, Map()).set(key, None))
        due = due.set(key, at)
    return replace(state, agenda=agenda, due=due, agenda_from=first)


def due_keys(state: State, now: Instant) -> list[str]:
    """Return what has to be looked at by now, by the letter of its kind and its id."""
    agenda, last = state.agenda, now // MINUTE_S
    minutes: Iterable[int] = range(state.agenda_from, last + 1)
    if last - state.agenda_from >= len(agenda):
        # Fewer entries than minutes since the first of them.
        minutes = [minute for minute in agenda if minute <= last]
    return sorted(
        key for minute in minutes for key in agenda.get(minute, ()) if state.due[key] <= now
    )


def parcel_timed(state: State, parcel: Parcel) -> State:
    """Put the next moment of a parcel on the agenda."""
    at = 0
    if parcel.state is ParcelState.PENDING:
        at = last_moment(parcel, state.policy) + 1
        if not parcel.announced:
            at = min(parcel.ready_at, at)
    elif parcel.state is ParcelState.READY:
        at = last_moment(parcel, state.policy) + 1
    elif parcel.state is ParcelState.AT_HUB:
        at = state.legs[parcel.leg].not_before
    elif parcel.state in WITH_COURIER and state.legs[parcel.leg].state in UNSTARTED:
        # Its courier is gone: it waits to be fetched.
        at = last_moment(parcel, state.policy) + 1
    return scheduled(state, f"p:{parcel.id}", at)


def tour_timed(state: State, tour: Tour) -> State:
    """Put the next moment of a tour on the agenda: nobody sets out, or it begins to be late."""
    at = 0
    if tour.state is TourState.COMMITTED:
        at = max(tour.itinerary.departs_at, tour.accepted_at) + state.policy.no_show_s + 1
    elif tour.state is TourState.ACTIVE:
        at = etas.late_from(tour, dues_of(state, tour))
    return scheduled(state, f"t:{tour.id}", at)


def dues_of(state: State, tour: Tour) -> dict[str, Instant]:
    """Return the promise of each leg that a tour still has to bring and is not known to be late."""
    return {
        action.leg: state.parcels[state.legs[action.leg].parcel].due_at
        for stop in tour.stops
        for action in stop.actions
        if action.kind is ActionKind.DROPOFF
        and action.state is StopState.PENDING
        and action.purpose not in {Purpose.HOLD, Purpose.RETURN}
        and action.leg not in tour.late
    }


# --- parcels and legs ------------------------------------------------------------------


def parcel_set(state: State, old: Parcel, /, **changes: Any) -> State:  # noqa: ANN401
    """Change a parcel's fields; each change is a version."""
    new = replace(old, version=old.version + 1, **changes)
    return parcel_timed(replace(state, parcels=state.parcels.set(old.id, new)), new)


def moved(state: State, parcel: str, to: ParcelState, **changes: Any) -> State:  # noqa: ANN401
    """Bring a parcel into another state, if `TRANSITIONS` allows."""
    old = state.parcel(parcel)
    if to not in TRANSITIONS.get(old.state, ()):
        msg = f"parcel {parcel} cannot go from {old.state} to {to}"
        raise InvalidTransition(msg, subject=parcel_name(parcel))
    state = parcel_set(state, old, state=to, **changes)
    if not state.parcels[parcel].is_open:
        state = replace(state, open_parcels=state.open_parcels.delete(parcel))
        if old.announced:
            state = announced_set(state, old, is_awaited=False)
    return state


def leg_set(state: State, leg: str, to: LegState, **changes: Any) -> State:  # noqa: ANN401
    """Bring a leg into another state, keeping `State.waiting_legs` true."""
    old = state.leg(leg)
    if old.planned_to and to is not LegState.PLANNED:
        changes.update(planned_to="", planned_at=0)
    new = replace(old, state=to, **changes)
    waiting = state.waiting_legs
    if to is LegState.PLANNED:
        waiting = waiting.set(leg, None)
    elif leg in waiting:
        waiting = waiting.delete(leg)
    state = replace(state, legs=state.legs.set(leg, new), waiting_legs=waiting)
    if new.declined_by and to in OVER:
        state = scheduled(state, f"d:{leg}", 0)
    return state


def leg_added(state: State, leg: Leg) -> State:
    """Add a parcel's next leg, which is its open one from now on."""
    parcel = state.parcel(leg.parcel)
    parcel = replace(parcel, leg=leg.id, leg_count=parcel.leg_count + 1)
    state = replace(
        state,
        legs=state.legs.set(leg.id, leg),
        parcels=state.parcels.set(parcel.id, parcel),
    )
    return leg_set(state, leg.id, leg.state)


def released(state: State, legs: Iterable[str], at: Instant, declined_by: str = "") -> State:
    """Let legs wait for the next plan; ``declined_by`` is not offered them again today."""
    for leg in legs:
        old = state.leg(leg)
        state = half_dropped(state, old.parcel)
        barred = old.declined_by
        if declined_by and declined_by not in barred:
            barred = tuple(sorted((*barred, declined_by)))
        if state.parcel(old.parcel).state is ParcelState.ASSIGNED:
            state = moved(state, old.parcel, ParcelState.READY)
        if state.parcel(old.parcel).is_open:
            state = leg_set(state, leg, LegState.PLANNED, courier="", declined_by=barred)
            if declined_by:
                state = scheduled(state, f"d:{leg}", at + state.policy.forget_s)
    return state


def half_dropped(state: State, parcel: str) -> State:
    """Forget the one side of a hand-over that will not take place."""
    if parcel not in state.halves:
        return state
    return replace(state, halves=state.halves.delete(parcel))


def leg_dropped(state: State, leg: str, at: Instant) -> State:
    """End a leg that is not done, on its tour too."""
    old = state.leg(leg)
    state = half_dropped(state, old.parcel)
    if old.state in OVER:
        return state
    tour = state.live_tour.get(old.courier)
    state = leg_set(state, leg, LegState.CANCELLED)
    if tour is not None and old.state in {LegState.ASSIGNED, LegState.ACTIVE}:
        state = actions_marked(state, tour, leg, StopState.SKIPPED, at)
    return state


# --- offers and tours ------------------------------------------------------------------


def offer_closed(state: State, offer: str, to: OfferState, **changes: Any) -> State:  # noqa: ANN401
    """End an open offer."""
    old = state.offer(offer)
    if old.state is not OfferState.OPEN:
        msg = f"offer {offer} is {old.state}, not OPEN"
        raise InvalidTransition(msg, subject=offer)
    new = replace(old, state=to, version=old.version + 1, **changes)
    state = replace(
        state,
        offers=state.offers.set(offer, new),
        open_offer=state.open_offer.delete(old.courier),
    )
    return scheduled(state, f"o:{offer}", 0)


def tour_set(state: State, tour: Tour, /, **changes: Any) -> State:  # noqa: ANN401
    """Change a tour's fields; each change is a version."""
    new = replace(tour, version=tour.version + 1, **changes)
    return tour_timed(replace(state, tours=state.tours.set(tour.id, new)), new)


def stops_set(state: State, tour: str, stops: tuple[Stop, ...]) -> State:
    """Change a tour's stops."""
    old = state.tour(tour)
    return tour_set(state, old, itinerary=replace(old.itinerary, stops=stops))


def stop_added(state: State, tour: str, stop: Stop, position: int = -1) -> State:
    """Put a stop into a tour, or its actions to a stop at the same place that is still to come."""
    stops = state.tour(tour).stops
    for index, other in enumerate(stops):
        if other.place == stop.place and not other.arrived_at and index >= position:
            joined = replace(other, actions=(*other.actions, *stop.actions))
            return stops_set(state, tour, (*stops[:index], joined, *stops[index + 1 :]))
    if position < 0:
        return stops_set(state, tour, (*stops, stop))
    return stops_set(state, tour, (*stops[:position], stop, *stops[position:]))


def actions_marked(
    state: State,
    tour: str,
    leg: str,
    to: StopState,
    at: Instant,
    kind: ActionKind | None = None,
) -> State:
    """Mark a leg's pending actions on a tour, those of one ``kind`` or all."""

    def marked(action: StopAction) -> StopAction:
        hit = action.leg == leg and action.state is StopState.PENDING
        if hit and kind in {None, action.kind}:
            return replace(action, state=to, done_at=at)
        return action

    stops = tuple(
        replace(stop, actions=tuple(marked(action) for action in stop.actions))
        if any(action.leg == leg for action in stop.actions)
        else stop
        for stop in state.tour(tour).stops
    )
    return stops_set(state, tour, stops)


def action_corrected(state: State, tour: str, leg: str, to: StopState) -> State:
    """Mark a leg's reported drop-off the other way."""

    def marked(action: StopAction) -> StopAction:
        told = action.state in {StopState.COMPLETED, StopState.FAILED}
        if action.leg == leg and action.kind is ActionKind.DROPOFF and told:
            return replace(action, state=to)
        return action

    stops = tuple(
        replace(stop, actions=tuple(marked(action) for action in stop.actions))
        for stop in state.tour(tour).stops
    )
    return stops_set(state, tour, stops)


# --- custody and slots -----------------------------------------------------------------


def custody_moved(state: State, parcel: str, holding: Holding) -> State:
    """Write the next line of a parcel's ledger, and free the slot that it leaves."""
    old = state.parcel(parcel)
    if old.custodian.kind is CustodianKind.HUB:
        hub = old.custodian.id
        state = _stocked(state, hub, parcel, is_there=False)
        if slot_of(state, old) is not None:
            state = slot_freed(state, hub, parcel)
    if holding.custodian.kind is CustodianKind.HUB:
        state = _stocked(state, holding.custodian.id, parcel, is_there=True)
    new = replace(
        state.parcel(parcel),
        custodian=holding.custodian,
        custody=(*old.custody, holding),
        override="",
        contacted_at=0,
    )
    state = replace(state, parcels=state.parcels.set(parcel, new))
    half = state.halves.get(parcel)
    # A counter may have scanned before the late report of the pickup: that scan is still good.
    is_next = half is not None and half.giver == holding.custodian
    return state if is_next else half_dropped(state, parcel)


def _stocked(state: State, hub: str, parcel: str, *, is_there: bool) -> State:
    return replace(state, stock=_noted(state.stock, hub, parcel, is_there=is_there))


def _noted(
    by_hub: Map[str, Map[str, None]], hub: str, parcel: str, *, is_there: bool
) -> Map[str, Map[str, None]]:
    """Return an index by hub with a parcel in it or not; empty ones are left out."""
    there = by_hub.get(hub, Map())
    if is_there:
        return by_hub.set(hub, there.set(parcel, None))
    if parcel not in there:
        return by_hub
    there = there.delete(parcel)
    return by_hub.set(hub, there) if there else by_hub.delete(hub)


def taken_off_stock(state: State, hub: str, parcel: str) -> State:
    """Take a parcel out of a hub's stock without anybody's getting it."""
    return _stocked(state, hub, parcel, is_there=False)


def slot_of(state: State, parcel: Parcel) -> Reservation | None:
    """Return the slot that a parcel stands in, None where it is in no hub or takes none."""
    if parcel.custodian.kind is not CustodianKind.HUB:
        return None
    return state.reservations.get(reservation_id(parcel.custodian.id, parcel.id))


def slot_taken(state: State, reservation: Reservation) -> State:
    """Hold or occupy a slot; one that is held already is the same slot."""
    if reservation.id not in state.reservations:
        state = _used(state, reservation, 1)
        bound = _noted(state.bound, reservation.hub, reservation.parcel, is_there=True)
        state = _slots_noted(replace(state, bound=bound), reservation.parcel, reservation.hub)
    state = replace(state, reservations=state.reservations.set(reservation.id, reservation))
    return scheduled(state, f"r:{reservation.id}", reservation.until)


def slot_freed(state: State, hub: str, parcel: str) -> State:
    """Free a slot."""
    key = reservation_id(hub, parcel)
    state = _used(state, state.reservations[key], -1)
    state = replace(
        state,
        reservations=state.reservations.delete(key),
        bound=_noted(state.bound, hub, parcel, is_there=False),
    )
    return scheduled(_slots_noted(state, parcel, hub), f"r:{key}", 0)


def _slots_noted(state: State, parcel: str, hub: str) -> State:
    """Keep `Parcel.slots_at` true for one hub."""
    old = state.parcels[parcel]
    others = tuple(its for its in old.slots_at if its != hub)
    has_slot = parcel in state.bound.get(hub, ())
    new = replace(old, slots_at=(*others, hub) if has_slot else others)
    return replace(state, parcels=state.parcels.set(parcel, new))


def _used(state: State, reservation: Reservation, by: int) -> State:
    use = list(state.hub_use.get(reservation.hub, (0, 0, 0)))
    use[SIZES.index(reservation.size_class)] += by
    small, medium, large = use
    return replace(state, hub_use=state.hub_use.set(reservation.hub, (small, medium, large)))


def occupied(
    state: State, parcel: Parcel, hub: str, purpose: Purpose, *, until: Instant, shelf: str
) -> State:
    """Put a parcel into its slot at a hub, the held one or a free one."""
    since = state.parcels[parcel.id].custody[-1].since
    return slot_taken(
        state,
        Reservation(
            hub=hub,
            parcel=parcel.id,
            size_class=parcel.size_class,
            purpose=purpose,
            since=since,
            until=until,
            state=ReservationState.OCCUPIED,
            shelf=shelf,
        ),
    )


def announced_set(state: State, parcel: Parcel, *, is_awaited: bool) -> State:
    """Keep `State.announced` true for one parcel."""
    key = f"{parcel.origin_hub}~{parcel.carrier}"
    its = state.announced.get(key, Map())
    if is_awaited:
        return replace(
            state, announced=state.announced.set(key, its.set(parcel.shipment, parcel.id))
        )
    if parcel.shipment not in its:
        return state
    its = its.delete(parcel.shipment)
    rest = state.announced.set(key, its) if its else state.announced.delete(key)
    return replace(state, announced=rest)
