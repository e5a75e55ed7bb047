"""Which planned tours are offered, when, and what ends an offer.

One offer at a time for each courier and each leg. A leg is never offered again to somebody
who declined it or handed it back today. Accepted work is frozen: only the courier gives it
back, or it is taken back when nobody sets out.
"""

from dispatch.core import hubs, pay, stability
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    AccessDenied,
    EtagMismatch,
    InvalidTransition,
    OfferExpired,
    OfferTaken,
)
from dispatch.core.holding import idle_slot, is_eligible, offer_at
from dispatch.core.keeping import SIZES, reservation_id
from dispatch.core.messages import (
    AcceptOffer,
    CommitPlan,
    CourierWentOffline,
    DeclineOffer,
    HandBackLegs,
    LegsHandedBack,
    OfferAccepted,
    OfferDeclined,
    OfferMade,
    OfferWithdrawn,
    PlanMade,
    TourAborted,
)
from dispatch.core.messages import OfferExpired as OfferRanOut
from dispatch.core.model import (
    ActionKind,
    Instant,
    Itinerary,
    LegState,
    Offer,
    OfferState,
    ParcelState,
    SizeClass,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.state import State

PLANNABLE = frozenset({ParcelState.READY, ParcelState.RETURNING, ParcelState.COLLECTED})
"""States of parcels whose leg may wait for a plan; COLLECTED is one to be fetched from a courier
who is gone."""
UNSTARTED = frozenset({LegState.OFFERED, LegState.ASSIGNED})


def commit_plan(draft: Draft, command: CommitPlan) -> None:
    """Offer those tours of a plan that are due and still possible."""
    state, now = draft.state, draft.now
    offered: list[Itinerary] = []
    replan_at = [command.replan_at] if command.replan_at else []
    for itinerary in command.itineraries:
        if not _still_possible(state, itinerary, now):
            replan_at.append(now + state.policy.epoch_s)
            continue
        due_at = offer_at(state, itinerary, now)
        if due_at <= now:
            offered.append(itinerary)
        else:
            replan_at.append(due_at)
    known = dict(command.reasons)
    for itinerary in command.itineraries:
        known.update(dict.fromkeys(itinerary.legs, ""))
    change = stability.change_of(state, command)
    draft.tell(
        PlanMade(
            at=now,
            epoch=state.epoch + 1,
            changes=command.changes,
            tour_count=len(command.itineraries),
            leg_count=sum(len(itinerary.legs) for itinerary in command.itineraries),
            held_count=len(command.itineraries) - len(offered),
            reasons=tuple(
                (leg, reason)
                for leg, reason in sorted(known.items())
                if leg in state.legs and state.legs[leg].reason != reason
            ),
            replan_at=min(replan_at, default=0),
            engine=command.engine,
            seed=command.seed,
            digest=command.digest,
            cost=command.cost,
            stopped_by=command.stopped_by,
            policy=state.policy.version,
            notes=command.notes,
            warm=command.warm,
            iterations=command.iterations,
            threads=command.threads,
            solution_limit=command.solution_limit,
            progress=command.progress,
            chunks=command.chunks,
            planned=change.planned,
            again_count=change.again_count,
            moved_count=change.moved_count,
            left_out_count=len(command.reasons),
            explained=command.explained,
        )
    )
    for itinerary in offered:
        # The offers before it may have taken the last slots, or the last guard to spare.
        slot = idle_slot(draft.state, itinerary.courier, now)
        if slot is not None and _hubs_take(draft.state, itinerary):
            _make(draft, itinerary)


def _still_possible(state: State, itinerary: Itinerary, now: Instant) -> bool:
    """Whether courier and legs are still free, and the courier's slot still holds the tour."""
    slot = idle_slot(state, itinerary.courier, now)
    return (
        slot is not None
        and not state.paused
        and itinerary.ends_at <= slot.closes_at
        and is_eligible(state, itinerary.courier, now)
        and all(
            state.leg(leg).state is LegState.PLANNED
            and itinerary.courier not in state.leg(leg).declined_by
            and state.leg(leg).pinned_to in {"", itinerary.courier}
            and state.parcel(state.leg(leg).parcel).state in PLANNABLE
            for leg in itinerary.legs
        )
        and _hubs_take(state, itinerary)
    )


def _hubs_take(state: State, itinerary: Itinerary) -> bool:
    """Whether the hubs that an itinerary brings parcels to still may take all of them."""
    wanted: dict[tuple[str, SizeClass], int] = {}
    for stop in itinerary.stops:
        for action in stop.actions:
            if action.kind is not ActionKind.DROPOFF or action.purpose not in hubs.CONTRACT_FOR:
                continue
            hub, parcel = state.hub(stop.place.hub), state.parcel(state.leg(action.leg).parcel)
            if not hubs.may_take(state, hub, parcel, action.purpose, stop.arrives_at):
                return False
            if reservation_id(hub.id, parcel.id) not in state.reservations:
                key = (hub.id, parcel.size_class)
                wanted[key] = wanted.get(key, 0) + 1
    return all(
        count <= hubs.free_slots(state, state.hub(hub))[SIZES.index(size)]
        for (hub, size), count in wanted.items()
    )


def _make(draft: Draft, itinerary: Itinerary) -> None:
    courier = draft.state.courier(itinerary.courier)
    rounds = max(draft.state.leg(leg).offer_count for leg in itinerary.legs) + 1
    offer = Offer(
        id=draft.mint("o"),
        courier=courier.id,
        itinerary=itinerary,
        pay=pay.lines_of(courier, itinerary),
        made_at=draft.now,
        expires_at=draft.now + draft.state.policy.answer_s(courier.kind),
        epoch=draft.state.epoch,
        round=rounds,
    )
    for stop in itinerary.stops:
        for action in stop.actions:
            if action.kind is ActionKind.DROPOFF and action.purpose in hubs.CONTRACT_FOR:
                parcel = draft.state.parcel(draft.state.leg(action.leg).parcel)
                until = max(offer.expires_at, stop.arrives_at) + draft.state.policy.reserve_s
                hubs.reserve(draft, stop.place.hub, parcel, action.purpose, until)
    draft.tell(OfferMade(at=draft.now, offer=offer))


def _own_open_offer(draft: Draft, courier: str, offer: str) -> Offer:
    found = draft.state.offer(offer)
    if found.courier != courier:
        msg = f"offer {offer} is not the caller's"
        raise AccessDenied(msg, subject=offer)
    if found.state is OfferState.WITHDRAWN:
        msg = f"offer {offer} was withdrawn"
        raise OfferTaken(msg, subject=offer)
    if found.state is OfferState.EXPIRED or (
        found.state is OfferState.OPEN and found.expires_at <= draft.now
    ):
        msg = f"offer {offer} has expired"
        raise OfferExpired(msg, subject=offer)
    if found.state is not OfferState.OPEN:
        msg = f"offer {offer} is {found.state}, not OPEN"
        raise InvalidTransition(msg, subject=offer)
    return found


def accept(draft: Draft, command: AcceptOffer) -> None:
    """Turn an open offer into a tour."""
    offer = _own_open_offer(draft, command.courier, command.offer)
    if command.version and command.version != offer.version:
        msg = f"offer {offer.id} has changed since it was read"
        raise EtagMismatch(msg, subject=offer.id)
    tour = Tour(
        id=draft.mint("t"),
        courier=offer.courier,
        offer=offer.id,
        itinerary=offer.itinerary,
        accepted_at=draft.now,
    )
    draft.tell(OfferAccepted(at=draft.now, courier=offer.courier, offer=offer.id, tour=tour))


def decline(draft: Draft, command: DeclineOffer) -> None:
    """End an open offer by the courier's no."""
    offer = _own_open_offer(draft, command.courier, command.offer)
    _let_go(draft, offer.itinerary, "DECLINED")
    draft.tell(
        OfferDeclined(at=draft.now, courier=offer.courier, offer=offer.id, reason=command.reason)
    )


def withdraw(draft: Draft, offer: Offer, reason: str) -> None:
    """Take an open offer back."""
    _let_go(draft, offer.itinerary, reason)
    draft.tell(OfferWithdrawn(at=draft.now, courier=offer.courier, offer=offer.id, reason=reason))


def run_out(draft: Draft, offer: Offer) -> None:
    """End an offer whose time is over; its courier rests a while."""
    _let_go(draft, offer.itinerary, "OFFER_EXPIRED")
    draft.tell(
        OfferRanOut(
            at=draft.now,
            courier=offer.courier,
            offer=offer.id,
            cooldown_until=draft.now + draft.state.policy.cooldown_s,
        )
    )


def abort(draft: Draft, tour: Tour) -> None:
    """Take a tour back that should have begun long ago; its courier goes offline."""
    _let_go(draft, tour.itinerary, "NO_SHOW")
    draft.tell(TourAborted(at=draft.now, courier=tour.courier, tour=tour.id, reason="NO_SHOW"))
    if tour.courier in draft.state.online:
        draft.tell(CourierWentOffline(at=draft.now, courier=tour.courier))


def _let_go(draft: Draft, itinerary: Itinerary, reason: str) -> None:
    """Give up the slots that were held for an itinerary's drop-offs."""
    for leg_id in itinerary.legs:
        leg = draft.state.leg(leg_id)
        if leg.courier == itinerary.courier and leg.state in UNSTARTED:
            hubs.let_go(draft, leg, reason)


def hand_back(draft: Draft, command: HandBackLegs) -> bool:
    """Give back legs before pickup; return whether the tour has nothing left to do."""
    tour = own_tour(draft.state, command.courier, command.tour, version=command.version)
    if tour.state not in {TourState.COMMITTED, TourState.ACTIVE}:
        msg = f"tour {tour.id} is {tour.state}"
        raise InvalidTransition(msg, subject=tour.id)
    held = [leg for leg in tour.itinerary.legs if _is_held(draft.state, leg, tour)]
    legs = command.legs or tuple(held)
    for leg in legs:
        if leg not in held:
            msg = f"leg {leg} has been picked up or is not on tour {tour.id}"
            raise InvalidTransition(msg, subject=leg)
    if not legs:
        msg = f"tour {tour.id} has no leg that can be handed back"
        raise InvalidTransition(msg, subject=tour.id)
    for leg in sorted(set(legs)):
        hubs.let_go(draft, draft.state.leg(leg), "HANDED_BACK")
    draft.tell(
        LegsHandedBack(
            at=draft.now,
            courier=tour.courier,
            tour=tour.id,
            legs=tuple(sorted(set(legs))),
            reason=command.reason,
        )
    )
    return is_done(draft.state.tour(tour.id))


def _is_held(state: State, leg: str, tour: Tour) -> bool:
    found = state.leg(leg)
    return found.state is LegState.ASSIGNED and found.courier == tour.courier


def own_tour(state: State, courier: str, tour: str, *, version: int = 0) -> Tour:
    """Return a tour of this courier, or raise `NotFound`, `AccessDenied` or `EtagMismatch`.

    ``version`` is the one that the caller knows; 0 for whichever is current.
    """
    found = state.tour(tour)
    if found.courier != courier:
        msg = f"tour {tour} is not the caller's"
        raise AccessDenied(msg, subject=tour)
    if version not in {0, found.version}:
        msg = f"tour {tour} has changed since it was read"
        raise EtagMismatch(msg, subject=tour)
    return found


def is_done(tour: Tour) -> bool:
    """Whether no action is left."""
    return all(
        action.state is not StopState.PENDING for stop in tour.stops for action in stop.actions
    )
