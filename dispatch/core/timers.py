"""What the passing of time brings: offers lapse, parcels become ready, keeping ends.

A tick looks only at what the agenda has for it (`State.agenda`), so that its work does not grow
with the zone.
"""

from collections.abc import Callable
from typing import Any

from dispatch.core import absence, company, hubs, lateness, offers, posts, steps
from dispatch.core import messages as m
from dispatch.core.deadlines import last_moment
from dispatch.core.draft import Draft
from dispatch.core.keeping import ReservationState
from dispatch.core.model import (
    CustodianKind,
    LegState,
    Parcel,
    ParcelState,
    Purpose,
    TourState,
)
from dispatch.solver.plan import Reason

TIME = "TIME"
"""Actor of what happens by itself."""


def tick(draft: Draft, _command: m.Tick) -> None:
    """Let everything happen whose time has come."""
    keys = steps.due_keys(draft.state, draft.now)
    for kind, act in _ACTS:
        for key in keys:
            if key[0] == kind:
                act(draft, key[2:])


def _offer(draft: Draft, offer_id: str) -> None:
    offer = draft.state.offers[offer_id]
    if offer_id != draft.state.open_offer.get(offer.courier):
        return
    offers.run_out(draft, offer)


def _tour(draft: Draft, tour_id: str) -> None:
    tour = draft.state.tours[tour_id]
    if tour.state is TourState.COMMITTED and not posts.may_leave(
        draft.state, tour.courier, draft.now
    ):
        # A guard whom the post keeps has not failed to show up, and still stands there.
        company.take_back(draft, tour.courier, "kept at the post")
    elif tour.state is TourState.COMMITTED:
        offers.abort(draft, tour)
    elif tour.state is TourState.ACTIVE:
        lateness.foresee(draft, tour_id)


def _parcel(draft: Draft, parcel_id: str) -> None:
    parcel = draft.state.parcels[parcel_id]
    leg = draft.state.legs[parcel.leg]
    if parcel.state is ParcelState.AT_HUB:
        if leg.not_before <= draft.now:
            draft.tell(m.ParcelReady(at=draft.now, parcel=parcel_id))
    elif parcel.state in {ParcelState.COLLECTED, ParcelState.ATTEMPT_FAILED}:
        if leg.state in {LegState.PLANNED, LegState.OFFERED}:
            absence.release_return(draft, parcel, leg.reason or parcel.reason)
    elif parcel.state not in {ParcelState.PENDING, ParcelState.READY}:
        return
    elif draft.now > last_moment(parcel, draft.state.policy):
        _end(draft, parcel)
    elif parcel.state is ParcelState.PENDING and not parcel.announced:
        draft.tell(m.ParcelReady(at=draft.now, parcel=parcel_id))


def _end(draft: Draft, parcel: Parcel) -> None:
    """Give a parcel up whose time is over: where it began it expires, elsewhere it goes back."""
    leg = draft.state.leg(parcel.leg)
    asked = Reason.OFFERS_EXHAUSTED if leg.offer_count else Reason.NO_COURIER_IN_RANGE
    reason = leg.reason or parcel.reason or asked.value
    if not absence.is_at_origin(parcel):
        absence.release_return(draft, parcel, reason)
        return
    absence.withdraw_offer_of(draft, leg, "EXPIRED")
    hubs.let_go(draft, leg, "EXPIRED")
    draft.tell(m.ParcelExpired(at=draft.now, parcel=parcel.id, reason=reason))


def _reservation(draft: Draft, key: str) -> None:
    kept = draft.state.reservations.get(key)
    if kept is None:
        return
    told: dict[str, Any] = {"at": draft.now, "hub": kept.hub, "parcel": kept.parcel}
    if kept.state is ReservationState.HELD:
        draft.tell(m.SlotReleased(**told, reason="EXPIRED"))
        return
    policy, parcel = draft.state.policy, draft.state.parcels[kept.parcel]
    if kept.purpose is Purpose.COLLECTION and kept.state is ReservationState.OCCUPIED:
        draft.tell(m.SlotOverdue(**told, returns_at=draft.now + policy.overdue_s))
        return
    goes_back = parcel.custodian.kind is CustodianKind.HUB and parcel.state in {
        ParcelState.AT_HUB,
        ParcelState.READY,
        ParcelState.AWAITING_COLLECTION,
    }
    is_taken = draft.state.legs[parcel.leg].state is LegState.ASSIGNED
    again_at = draft.now + policy.reserve_s if is_taken else 0
    draft.tell(m.SlotOverdue(**told, returns_at=again_at))
    if goes_back and not is_taken:
        absence.release_return(draft, parcel, "OVERDUE")


def _pause(draft: Draft, hub: str) -> None:
    draft.tell(m.HubResumed(at=draft.now, hub=hub, actor=TIME, reason="its time is over"))


def _closure(draft: Draft, closure: str) -> None:
    draft.tell(m.WayOpened(at=draft.now, closure=closure, actor=TIME, reason="its time is over"))


def _refusals(draft: Draft, leg_id: str) -> None:
    leg = draft.state.legs[leg_id]
    draft.tell(m.RefusalsForgotten(at=draft.now, parcel=leg.parcel, leg=leg_id))


_ACTS: tuple[tuple[str, Callable[[Draft, str], None]], ...] = (
    ("o", _offer),
    ("t", _tour),
    ("h", _pause),
    ("w", _closure),
    ("p", _parcel),
    ("r", _reservation),
    ("d", _refusals),
)
"""By kind of agenda key, in the order in which they are looked at."""
