"""What events of hubs, hand-overs, consent and levers do to the state: a part of `evolve`'s table.

One function for each event, as in `dispatch.core.state`, which is where they are looked up.
"""

from collections.abc import Callable
from typing import Any

from dispatch.core import messages as m
from dispatch.core import steps
from dispatch.core.deadlines import last_moment
from dispatch.core.keeping import (
    Code,
    Pause,
    Proxy,
    ReservationState,
    Session,
    code_key,
    reservation_id,
)
from dispatch.core.model import (
    Attempt,
    Custodian,
    CustodianKind,
    FailureCode,
    Holding,
    Instant,
    LegKind,
    LegState,
    ParcelState,
    ProofKind,
    Purpose,
    StopState,
    TourState,
)
from dispatch.core.zone import State, replace

# --- hand-overs ------------------------------------------------------------------------


def _handover_scanned(state: State, event: m.HandoverScanned) -> State:
    return replace(state, halves=state.halves.set(event.parcel, event.half))


def _parcel_received(state: State, event: m.ParcelReceivedAtHub) -> State:
    parcel = state.parcel(event.parcel)
    holding = Holding(
        custodian=Custodian(kind=CustodianKind.HUB, id=event.hub),
        since=event.happened_at,
        noted_at=event.at,
        actor=event.actor,
        witness=event.witness,
        single_actor=event.single_actor,
        leg=event.leg,
    )
    state = steps.custody_moved(state, parcel.id, holding)
    state = steps.leg_set(state, event.leg, LegState.COMPLETED)
    if event.tour:
        state = steps.actions_marked(
            state, event.tour, event.leg, StopState.COMPLETED, event.happened_at
        )
    state = steps.occupied(
        state, parcel, event.hub, event.purpose, until=event.keep_until, shelf=event.shelf
    )
    state = _shelved(state, event.hub)
    if event.next_leg is not None:
        state = steps.leg_added(state, event.next_leg)
    state = steps.moved(state, parcel.id, ParcelState.AT_HUB)
    if event.purpose is Purpose.COLLECTION:
        state = steps.moved(state, parcel.id, ParcelState.AWAITING_COLLECTION)
    return steps.changed(state)


def _shelved(state: State, hub: str) -> State:
    return replace(state, shelves=state.shelves.set(hub, state.shelves.get(hub, 0) + 1))


def _parcel_checked_in(state: State, event: m.ParcelCheckedIn) -> State:
    holding = Holding(
        custodian=Custodian(kind=CustodianKind.HUB, id=event.hub),
        since=event.at,
        noted_at=event.at,
        actor=event.actor,
    )
    state = steps.custody_moved(state, event.parcel, holding)
    state = steps.announced_set(state, state.parcel(event.parcel), is_awaited=False)
    state = steps.parcel_set(state, state.parcel(event.parcel), announced=False)
    return _shelved(state, event.hub)


def _parcel_collected(state: State, event: m.ParcelCollected) -> State:
    state = steps.moved(state, event.parcel, ParcelState.DELIVERED, reason="")
    holding = Holding(
        custodian=Custodian(kind=CustodianKind.RECIPIENT),
        since=event.happened_at,
        noted_at=event.at,
        actor=event.proxy or "recipient",
        witness=event.actor,
        proofs=(ProofKind.PIN,),
    )
    session = f"{event.hub}~{event.actor}"
    if session in state.sessions:
        state = replace(state, sessions=state.sessions.delete(session))
    return steps.custody_moved(state, event.parcel, holding)


# --- what comes next for a parcel ------------------------------------------------------


def _parcel_diverted(state: State, event: m.ParcelDiverted) -> State:
    state = steps.leg_dropped(state, state.parcel(event.parcel).leg, event.at)
    state = steps.leg_added(state, event.leg)
    state = steps.parcel_set(state, state.parcel(event.parcel), reason=event.reason)
    return steps.stop_added(state, event.tour, event.stop, event.position)


def _leg_released(state: State, event: m.LegReleased) -> State:
    state = steps.leg_dropped(state, state.parcel(event.parcel).leg, event.at)
    state = steps.leg_added(state, event.leg)
    parcel = state.parcel(event.parcel)
    if event.state is not None and event.state is not parcel.state:
        state = steps.moved(state, parcel.id, event.state, reason=event.reason)
    else:
        state = steps.parcel_set(state, parcel, reason=event.reason)
    return steps.changed(state)


def _recipient_contacted(state: State, event: m.RecipientContacted) -> State:
    return steps.parcel_set(state, state.parcel(event.parcel), contacted_at=event.at)


def _attempt_overridden(state: State, event: m.AttemptOverridden) -> State:
    why = f"{event.actor}: {event.reason}"
    return steps.parcel_set(state, state.parcel(event.parcel), override=why)


def _outcome_corrected(state: State, event: m.OutcomeCorrected) -> State:
    holding = Holding(
        custodian=event.custodian,
        since=event.at,
        noted_at=event.at,
        actor=event.actor,
        proofs=event.proofs,
        leg=event.leg,
    )
    if event.now == ParcelState.DELIVERED.value:
        state = steps.action_corrected(state, event.tour, event.leg, StopState.COMPLETED)
        return _delivered_after_all(state, event, holding)
    state = steps.action_corrected(state, event.tour, event.leg, StopState.FAILED)
    parcel = state.parcel(event.parcel)
    failure = FailureCode(event.now)
    attempt = Attempt(
        at=event.at,
        courier=event.courier,
        failure=failure,
        counts=event.counts,
        noted_at=event.at,
    )
    state = steps.parcel_set(
        state,
        parcel,
        state=ParcelState.ATTEMPT_FAILED,
        attempts=(*parcel.attempts, attempt),
        reason=event.now,
    )
    state = replace(state, open_parcels=state.open_parcels.set(parcel.id, None))
    state = steps.custody_moved(state, parcel.id, holding)
    state = steps.leg_set(state, event.leg, LegState.FAILED)
    return _tour_reopened(state, event.courier, event.tour)


def _tour_reopened(state: State, courier: str, tour: str) -> State:
    """Let a tour go on that had ended, unless its courier is on another one."""
    found = state.tour(tour)
    if found.state is not TourState.COMPLETED or courier in state.live_tour:
        return state
    state = steps.tour_set(state, found, state=TourState.ACTIVE, ended_at=0, is_reopened=True)
    return replace(state, live_tour=state.live_tour.set(courier, tour))


def _delivered_after_all(state: State, event: m.OutcomeCorrected, holding: Holding) -> State:
    parcel = state.parcel(event.parcel)
    state = steps.leg_dropped(state, parcel.leg, event.at)
    state = steps.parcel_set(
        state,
        state.parcel(parcel.id),
        state=ParcelState.DELIVERED,
        attempts=parcel.attempts[:-1],
        reason="",
    )
    state = replace(state, open_parcels=state.open_parcels.delete(parcel.id))
    state = steps.custody_moved(state, parcel.id, holding)
    return steps.leg_set(state, event.leg, LegState.COMPLETED)


def _consent_given(state: State, event: m.ConsentGiven) -> State:
    state = steps.parcel_set(state, state.parcel(event.parcel), options=event.options)
    return steps.changed(state)


def _consent_withdrawn(state: State, event: m.ConsentWithdrawn) -> State:
    state = steps.parcel_set(state, state.parcel(event.parcel), options=event.options)
    return steps.changed(state)


def _parcel_redirected(state: State, event: m.ParcelRedirected) -> State:
    parcel = state.parcel(event.parcel)
    # Whoever was called to the door before has not been called to this one.
    contacted_at = parcel.contacted_at if event.dropoff == parcel.dropoff else 0
    told = {"dropoff": event.dropoff, "options": event.options, "contacted_at": contacted_at}
    state = steps.parcel_set(state, parcel, **told)
    leg = state.leg(parcel.leg)
    if leg.state is LegState.PLANNED and leg.kind is not LegKind.RETURN:
        state = steps.leg_set(state, leg.id, leg.state, dropoff=event.dropoff)
    return steps.changed(state)


def _parcel_rescheduled(state: State, event: m.ParcelRescheduled) -> State:
    parcel = state.parcel(event.parcel)
    state = steps.parcel_set(state, parcel, due_at=event.due_at, window=event.window)
    kept = steps.slot_of(state, parcel)
    if kept is not None and kept.purpose in {Purpose.HOLD, Purpose.RELAY}:
        until = max(last_moment(state.parcels[parcel.id], state.policy), event.at) + 1
        occupied = replace(kept, state=ReservationState.OCCUPIED, until=until)
        state = steps.slot_taken(state, occupied)
    return steps.changed(state)


def _parcel_written_off(state: State, event: m.ParcelWrittenOff) -> State:
    parcel = state.parcel(event.parcel)
    state = steps.leg_dropped(state, parcel.leg, event.at)
    state = steps.moved(state, parcel.id, event.to, reason=event.reason)
    if parcel.custodian.kind is not CustodianKind.HUB:
        return state
    if steps.slot_of(state, parcel) is not None:
        state = steps.slot_freed(state, parcel.custodian.id, parcel.id)
    return steps.taken_off_stock(state, parcel.custodian.id, parcel.id)


def _lateness_foreseen(state: State, event: m.LatenessForeseen) -> State:
    tour = state.tour(event.tour)
    return steps.tour_set(state, tour, late=tuple(sorted({*tour.late, event.leg})))


# --- hubs ------------------------------------------------------------------------------


def _slot_reserved(state: State, event: m.SlotReserved) -> State:
    return steps.slot_taken(state, event.reservation)


def _slot_released(state: State, event: m.SlotReleased) -> State:
    return steps.changed(steps.slot_freed(state, event.hub, event.parcel))


def _slot_overdue(state: State, event: m.SlotOverdue) -> State:
    old = state.reservations[reservation_id(event.hub, event.parcel)]
    late = replace(old, state=ReservationState.OVERDUE, until=event.returns_at)
    return steps.slot_taken(state, late)


def _unchanged(state: State, _event: m.Event) -> State:
    return state


def _code_minted(state: State, event: m.CodeMinted) -> State:
    key = code_key(event.hub, event.recipient)
    return replace(state, codes=state.codes.set(key, Code(serial=event.serial, minted_at=event.at)))


def _code_refused(state: State, event: m.CodeRefused) -> State:
    session = Session(failures=event.failures, locked_until=event.locked_until)
    return replace(state, sessions=state.sessions.set(f"{event.hub}~{event.actor}", session))


def _proxy_granted(state: State, event: m.ProxyGranted) -> State:
    proxy = Proxy(
        id=event.proxy, parcel=event.parcel, expires_at=event.until, contact=event.contact
    )
    return replace(state, proxies=state.proxies.set(event.proxy, proxy))


def _proxy_revoked(state: State, event: m.ProxyRevoked) -> State:
    return replace(state, proxies=state.proxies.delete(event.proxy))


def _hub_paused(state: State, event: m.HubPaused) -> State:
    pause = Pause(since=event.at, until=event.until, actor=event.actor, reason=event.reason)
    state = replace(state, paused_hubs=state.paused_hubs.set(event.hub, pause))
    return steps.changed(steps.scheduled(state, f"h:{event.hub}", event.until))


def _hub_resumed(state: State, event: m.HubResumed) -> State:
    state = replace(state, paused_hubs=state.paused_hubs.delete(event.hub))
    return steps.changed(steps.scheduled(state, f"h:{event.hub}", 0))


def _way_closed(state: State, event: m.WayClosed) -> State:
    closure = event.closure
    state = replace(state, closures=state.closures.set(closure.id, closure))
    return steps.changed(steps.scheduled(state, f"w:{closure.id}", closure.until))


def _way_opened(state: State, event: m.WayOpened) -> State:
    state = replace(state, closures=state.closures.delete(event.closure))
    return steps.changed(steps.scheduled(state, f"w:{event.closure}", 0))


# --- levers on legs --------------------------------------------------------------------


def _pinned(state: State, leg: str, courier: str) -> State:
    old = state.leg(leg)
    return steps.changed(steps.leg_set(state, leg, old.state, pinned_to=courier))


def _leg_pinned(state: State, event: m.LegPinned) -> State:
    return _pinned(state, event.leg, event.courier)


def _leg_unpinned(state: State, event: m.LegUnpinned) -> State:
    return _pinned(state, event.leg, "")


def _refusals_forgotten(state: State, event: m.RefusalsForgotten) -> State:
    leg = state.leg(event.leg)
    holder = state.parcel(leg.parcel).custodian
    kept = (holder.id,) if holder.kind is CustodianKind.COURIER else ()
    state = steps.leg_set(state, leg.id, leg.state, declined_by=kept)
    return steps.changed(steps.scheduled(state, f"d:{leg.id}", 0))


def _leg_reassigned(state: State, event: m.LegReassigned) -> State:
    at: Instant = event.at
    state = steps.actions_marked(state, event.tour, event.leg, StopState.SKIPPED, at)
    # Nobody's doing but the recipient's: then its courier may be asked again.
    barred = event.courier if event.actor else ""
    state = steps.released(state, [event.leg], event.at, declined_by=barred)
    return _pinned(state, event.leg, event.to)


TABLE: dict[type[m.Event], Callable[[State, Any], State]] = {
    m.HandoverScanned: _handover_scanned,
    m.ParcelReceivedAtHub: _parcel_received,
    m.ParcelCheckedIn: _parcel_checked_in,
    m.ParcelCollected: _parcel_collected,
    m.ParcelDiverted: _parcel_diverted,
    m.LegReleased: _leg_released,
    m.RecipientContacted: _recipient_contacted,
    m.AttemptOverridden: _attempt_overridden,
    m.OutcomeCorrected: _outcome_corrected,
    m.ConsentGiven: _consent_given,
    m.ConsentWithdrawn: _consent_withdrawn,
    m.ParcelRedirected: _parcel_redirected,
    m.ParcelRescheduled: _parcel_rescheduled,
    m.ParcelWrittenOff: _parcel_written_off,
    m.LatenessForeseen: _lateness_foreseen,
    m.SlotReserved: _slot_reserved,
    m.SlotReleased: _slot_released,
    m.SlotOverdue: _slot_overdue,
    m.ManifestReceived: _unchanged,
    m.InventoryReconciled: _unchanged,
    m.CodeMinted: _code_minted,
    m.CodeRefused: _code_refused,
    m.ProxyGranted: _proxy_granted,
    m.ProxyRevoked: _proxy_revoked,
    m.HubPaused: _hub_paused,
    m.HubResumed: _hub_resumed,
    m.WayClosed: _way_closed,
    m.WayOpened: _way_opened,
    m.LegPinned: _leg_pinned,
    m.LegUnpinned: _leg_unpinned,
    m.LegReassigned: _leg_reassigned,
    m.RefusalsForgotten: _refusals_forgotten,
}
