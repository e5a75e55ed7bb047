"""Which planned tours are offered, when, and what ends an offer.

One offer at a time for each courier and each leg. A leg is never offered again to somebody
who declined it or handed it back today. Accepted work is frozen: only the courier gives it
back, or it is taken back when nobody sets out.
"""

from dispatch.core import pay
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    AccessDenied,
    EtagMismatch,
    InvalidTransition,
    OfferExpired,
    OfferTaken,
)
from dispatch.core.holding import idle_slot, is_eligible, offer_at
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
    Instant,
    Itinerary,
    LegState,
    Offer,
    OfferState,
    ParcelState,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.state import State


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
        )
    )
    for itinerary in offered:
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
            and state.parcel(state.leg(leg).parcel).state is ParcelState.READY
            for leg in itinerary.legs
        )
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
    draft.tell(
        OfferDeclined(at=draft.now, courier=offer.courier, offer=offer.id, reason=command.reason)
    )


def withdraw(draft: Draft, offer: Offer, reason: str) -> None:
    """Take an open offer back."""
    draft.tell(OfferWithdrawn(at=draft.now, courier=offer.courier, offer=offer.id, reason=reason))


def expire(draft: Draft) -> None:
    """End the offers whose time is over."""
    for courier, offer_id in sorted(draft.state.open_offer.items()):
        if draft.state.offer(offer_id).expires_at <= draft.now:
            draft.tell(
                OfferRanOut(
                    at=draft.now,
                    courier=courier,
                    offer=offer_id,
                    cooldown_until=draft.now + draft.state.policy.cooldown_s,
                )
            )


def abort_no_shows(draft: Draft) -> None:
    """Take tours back that should have begun long ago; their couriers go offline."""
    for courier, tour_id in sorted(draft.state.live_tour.items()):
        tour = draft.state.tour(tour_id)
        begun = tour.state is not TourState.COMMITTED
        late_s = draft.now - max(tour.itinerary.departs_at, tour.accepted_at)
        if begun or late_s <= draft.state.policy.no_show_s:
            continue
        draft.tell(TourAborted(at=draft.now, courier=courier, tour=tour_id, reason="NO_SHOW"))
        if courier in draft.state.online:
            draft.tell(CourierWentOffline(at=draft.now, courier=courier))


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
