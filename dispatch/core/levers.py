"""What a dispatcher may move by hand: legs, hubs, streets, and couriers who are gone.

Each says who did it, when and why. Nothing here moves custody but a scan, or a dispatcher's word in
the place of a scan that nobody can make.
"""

from dispatch.core import absence, custody, handover, hubs, offers, wishes
from dispatch.core import messages as m
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    AlreadyExists,
    CustodyMismatch,
    Fault,
    InvalidTransition,
    InvalidValue,
    NotFound,
)
from dispatch.core.keeping import HalfScan, Side
from dispatch.core.model import (
    CustodianKind,
    FailureCode,
    Leg,
    LegKind,
    LegState,
    Parcel,
    ParcelState,
    Place,
    TourState,
)
from dispatch.core.steps import UNSTARTED


def _check_reason(reason: str) -> None:
    if not reason.strip():
        raise InvalidValue([Fault("reason", "is required: say why")])


def _open_leg(draft: Draft, leg_id: str) -> Leg:
    """Return a parcel's open leg that nobody has picked up."""
    leg = draft.state.leg(leg_id)
    if leg.state not in UNSTARTED:
        msg = f"leg {leg.id} is {leg.state}: it has been picked up or is over"
        raise InvalidTransition(msg, subject=leg.id)
    return leg


# --- legs ------------------------------------------------------------------------------


def pin(draft: Draft, command: m.PinLeg) -> None:
    """Let nobody but one courier have a leg; one that another courier is asked for comes back."""
    _check_reason(command.reason)
    leg = _open_leg(draft, command.leg)
    courier = draft.state.courier(command.courier)
    if leg.state is LegState.ASSIGNED and leg.courier != courier.id:
        msg = f"leg {leg.id} is {leg.courier}'s already; reassign it"
        raise InvalidTransition(msg, subject=leg.id)
    if courier.id in leg.declined_by:
        msg = f"courier {courier.id} has declined leg {leg.id} or handed it back"
        raise InvalidTransition(msg, subject=leg.id)
    if leg.courier != courier.id:
        absence.withdraw_offer_of(draft, leg, "PINNED")
    draft.tell(
        m.LegPinned(
            at=draft.now,
            parcel=leg.parcel,
            leg=leg.id,
            actor=command.actor,
            reason=command.reason,
            courier=courier.id,
        )
    )


def unpin(draft: Draft, command: m.UnpinLeg) -> None:
    """Let anybody have it again."""
    leg = draft.state.leg(command.leg)
    if not leg.pinned_to:
        return
    draft.tell(
        m.LegUnpinned(
            at=draft.now,
            parcel=leg.parcel,
            leg=leg.id,
            actor=command.actor,
            reason=command.reason,
        )
    )


def reassign(draft: Draft, command: m.ReassignLeg) -> None:
    """Take a leg from its courier, before pickup, for another one or for anybody."""
    _check_reason(command.reason)
    leg = _open_leg(draft, command.leg)
    if command.courier:
        draft.state.courier(command.courier)
    if leg.state is not LegState.ASSIGNED:
        msg = f"leg {leg.id} is {leg.state}: nobody has it yet; pin it"
        raise InvalidTransition(msg, subject=leg.id)
    if command.courier == leg.courier or command.courier in leg.declined_by:
        msg = f"courier {command.courier} has it, has declined it or has handed it back"
        raise InvalidTransition(msg, subject=leg.id)
    tour = draft.state.live_tour[leg.courier]
    hubs.let_go(draft, leg, "REASSIGNED")
    draft.tell(
        m.LegReassigned(
            at=draft.now,
            parcel=leg.parcel,
            leg=leg.id,
            courier=leg.courier,
            tour=tour,
            to=command.courier,
            actor=command.actor,
            reason=command.reason,
        )
    )
    custody.complete_if_done(draft, tour, draft.now)


# --- couriers who are gone -------------------------------------------------------------


def rescue(draft: Draft, command: m.RescueTour) -> None:
    """Give up on a courier; custody stays with the courier until somebody scans."""
    _check_reason(command.reason)
    tour = offers.own_tour(draft.state, command.courier, command.tour)
    if tour.state not in {TourState.COMMITTED, TourState.ACTIVE}:
        msg = f"tour {tour.id} is {tour.state}"
        raise InvalidTransition(msg, subject=tour.id)
    for leg_id in tour.itinerary.legs:
        leg = draft.state.leg(leg_id)
        if leg.state is LegState.ASSIGNED and leg.courier == tour.courier:
            hubs.let_go(draft, leg, "RESCUED")
    held = [
        draft.state.leg(action.leg)
        for stop in tour.stops
        for action in stop.actions
        if draft.state.leg(action.leg).state is LegState.ACTIVE
        and draft.state.leg(action.leg).courier == tour.courier
    ]
    reached = [stop.place for stop in tour.stops if stop.arrived_at]
    place = reached[-1] if reached else tour.itinerary.start
    for leg in {leg.id: leg for leg in held}.values():
        hubs.let_go(draft, leg, "RESCUED")
    draft.tell(
        m.TourAborted(
            at=draft.now, courier=tour.courier, tour=tour.id, reason=f"RESCUED: {command.reason}"
        )
    )
    for leg in {leg.id: leg for leg in held}.values():
        _to_fetch(draft, leg, tour.courier, place)
    if tour.courier in draft.state.online:
        draft.tell(m.CourierWentOffline(at=draft.now, courier=tour.courier))


def _to_fetch(draft: Draft, leg: Leg, courier: str, place: Place) -> None:
    """Let what a vanished courier holds wait to be fetched from where the courier was last."""
    parcel = draft.state.parcel(leg.parcel)
    returns = leg.kind is LegKind.RETURN
    fetched = absence.next_leg(
        parcel,
        LegKind.RETURN if returns else LegKind.FORWARD,
        pickup=place,
        dropoff=parcel.pickup if returns else parcel.dropoff,
        not_before=draft.now,
        declined_by=(courier,),
    )
    # Plans look for what is READY, not at what was tried.
    state = ParcelState.READY if parcel.state is ParcelState.ATTEMPT_FAILED else None
    draft.tell(
        m.LegReleased(at=draft.now, parcel=parcel.id, leg=fetched, reason="RESCUED", state=state)
    )


def give(draft: Draft, command: m.GiveParcel) -> None:
    """Take a courier's scan of a parcel that another courier takes over."""
    parcel = draft.state.parcel(command.parcel)
    giver = handover.of_courier(draft.state.courier(command.courier).id)
    at = handover.check_time(draft, command.at)
    _pass_on(draft, parcel, giver.id, command.taker, f"couriers/{giver.id}", at)


def attest(draft: Draft, command: m.AttestHandover) -> None:
    """Take a dispatcher's word for the scan of a courier who cannot make it."""
    _check_reason(command.reason)
    parcel = draft.state.parcel(command.parcel)
    if parcel.custodian.kind is not CustodianKind.COURIER:
        msg = f"parcel {parcel.id} is with no courier"
        raise CustodyMismatch(msg, subject=m.parcel_name(parcel.id))
    _pass_on(draft, parcel, parcel.custodian.id, command.taker, command.actor, draft.now)


def _pass_on(draft: Draft, parcel: Parcel, giver: str, taker: str, actor: str, at: int) -> None:
    leg = draft.state.leg(parcel.leg)
    if parcel.custodian == handover.of_courier(draft.state.courier(taker).id):
        if leg.state is LegState.ACTIVE:
            return
        msg = f"parcel {parcel.id} is with {taker}: somebody else has to fetch it"
        raise CustodyMismatch(msg, subject=m.parcel_name(parcel.id))
    handover.check_holds(parcel, handover.of_courier(giver))
    tour = draft.state.live_tour.get(taker, "")
    if leg.courier != taker or leg.state is not LegState.ASSIGNED or not tour:
        msg = f"parcel {parcel.id} is not for courier {taker}"
        raise CustodyMismatch(msg, subject=m.parcel_name(parcel.id))
    half = HalfScan(
        giver=handover.of_courier(giver),
        taker=handover.of_courier(taker),
        side=Side.GIVER,
        actor=actor,
        at=at,
    )
    if handover.pick_up(draft, draft.state.tour(tour), leg, half):
        custody.settle_pickup(draft, tour, leg.id, at)


def override(draft: Draft, command: m.OverrideAttempt) -> None:
    """Let the next failed attempt count without evidence; who and why stand with it."""
    _check_reason(command.reason)
    parcel = draft.state.parcel(command.parcel)
    if wishes.tour_with(draft, parcel) is None:
        msg = f"parcel {parcel.id} is not on its way to its door"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    draft.tell(
        m.AttemptOverridden(
            at=draft.now, parcel=parcel.id, actor=command.actor, reason=command.reason
        )
    )


# --- hubs and streets ------------------------------------------------------------------


def pause_hub(draft: Draft, command: m.PauseHub) -> None:
    """Let a hub take and give nothing; what is on its way there goes elsewhere."""
    _check_reason(command.reason)
    hub = draft.state.hub(command.hub)
    if command.until and command.until <= draft.now:
        raise InvalidValue([Fault("until", "lies in the past")], subject=f"hubs/{hub.id}")
    draft.tell(
        m.HubPaused(
            at=draft.now,
            hub=hub.id,
            until=command.until,
            actor=command.actor,
            reason=command.reason,
        )
    )
    for parcel_id in sorted(draft.state.bound.get(hub.id, ())):
        _turn_away(draft, draft.state.parcel(parcel_id), hub.id)
    for parcel_id in sorted(draft.state.stock.get(hub.id, ())):
        leg = draft.state.leg(draft.state.parcel(parcel_id).leg)
        absence.withdraw_offer_of(draft, leg, "HUB_PAUSED")


def _turn_away(draft: Draft, parcel: Parcel, hub: str) -> None:
    """Send a parcel elsewhere that is bound for a hub and not there yet."""
    leg = draft.state.leg(parcel.leg)
    if leg.dropoff.hub != hub or parcel.custodian == handover.of_hub(hub):
        return
    tour = wishes.tour_with(draft, parcel)
    if tour is None:
        wishes.pull_back(draft, parcel, "HUB_PAUSED")
    elif leg.kind is not LegKind.RETURN:
        wishes.divert(draft, parcel, tour, leg, FailureCode.HUB_CLOSED)


def resume_hub(draft: Draft, command: m.ResumeHub) -> None:
    """Let it work again."""
    hub = draft.state.hub(command.hub)
    if hub.id in draft.state.paused_hubs:
        told = {"hub": hub.id, "actor": command.actor, "reason": command.reason}
        draft.tell(m.HubResumed(at=draft.now, **told))


def close_way(draft: Draft, command: m.CloseWay) -> None:
    """Close a street, an area or a gate; plans from now on go round it."""
    closure = command.closure
    if closure.id in draft.state.closures:
        msg = f"closure id {closure.id!r} is taken"
        raise AlreadyExists(msg, subject=closure.id)
    if closure.until <= draft.now:
        raise InvalidValue([Fault("until", "lies in the past")], subject=closure.id)
    draft.tell(m.WayClosed(at=draft.now, closure=closure))
    for offer_id in sorted(draft.state.open_offer.values()):
        offer = draft.state.offers[offer_id]
        leg = draft.state.leg(offer.itinerary.legs[0])
        absence.withdraw_offer_of(draft, leg, "WAY_CLOSED")


def open_way(draft: Draft, command: m.OpenWay) -> None:
    """Open it before its time."""
    if command.closure not in draft.state.closures:
        msg = f"there is no closure {command.closure!r}"
        raise NotFound(msg, subject=command.closure)
    told = {"closure": command.closure, "actor": command.actor, "reason": command.reason}
    draft.tell(m.WayOpened(at=draft.now, **told))
