"""What follows when a parcel cannot be handed over: the next rung of the recipient's ladder.

It is planned at once, on the same parcel and, while its courier is on the way, on the same tour:
a hub or a neighbour that the recipient has agreed to, a hub that holds it by contract until it is
tried again, or its origin, for another attempt or for good. The rules know no streets: times of
added stops are estimates without a map.
"""

from dispatch.core import hubs, ladder, posts
from dispatch.core.deadlines import last_moment, may_try_again
from dispatch.core.draft import Draft
from dispatch.core.messages import (
    LegReleased,
    OfferWithdrawn,
    ParcelDiverted,
    ReturnPlanned,
)
from dispatch.core.minting import has_door_code, mint_door_code
from dispatch.core.model import (
    ActionKind,
    Custodian,
    CustodianKind,
    DeliveryOption,
    FailureCode,
    Instant,
    Leg,
    LegKind,
    LegState,
    Meters,
    OptionKind,
    Parcel,
    ParcelState,
    Place,
    Purpose,
    Seconds,
    Stop,
    StopAction,
    StopState,
    Tour,
    straight_line_m,
)
from dispatch.core.policy import Policy

__all__ = [
    "last_moment",
    "may_try_again",
    "next_attempt",
    "origin_of",
    "plan_next",
    "plan_return",
    "release_return",
    "to_door",
]


def origin_of(parcel: Parcel) -> Custodian:
    """Return who holds the parcel when it is back where it came from."""
    if parcel.origin_hub:
        return Custodian(kind=CustodianKind.HUB, id=parcel.origin_hub)
    return Custodian(kind=CustodianKind.SENDER, id=parcel.merchant)


def is_at_origin(parcel: Parcel) -> bool:
    """Whether it has not left yet, or is back."""
    return parcel.custodian.kind is CustodianKind.SENDER or parcel.custodian == origin_of(parcel)


def next_leg(parcel: Parcel, kind: LegKind, **fields: object) -> Leg:
    """Return a parcel's next leg, from where it is told to be."""
    given: dict[str, object] = {
        "id": f"{parcel.id}/{parcel.leg_count + 1}",
        "parcel": parcel.id,
        "kind": kind,
        "depends_on": (parcel.leg,) if parcel.leg else (),
        **fields,
    }
    return Leg(**given)  # type: ignore[arg-type]


def plan_next(
    draft: Draft, parcel: Parcel, tour: Tour, leg: Leg, failure: FailureCode, *, at_stop: int
) -> None:
    """Take the next rung that is possible, on the courier's tour."""
    hubs.let_go(draft, leg, failure.value)
    for option in ladder.below(parcel, leg, failure):
        if _take(draft, parcel, tour, leg, option, failure, at_stop):
            return


def _take(
    draft: Draft,
    parcel: Parcel,
    tour: Tour,
    leg: Leg,
    option: DeliveryOption,
    failure: FailureCode,
    at_stop: int,
) -> bool:
    """Plan one rung; return whether it was possible. The hub that has just failed is not."""
    why, avoid = failure.value, leg.dropoff.hub
    is_inside = option.kind in {OptionKind.PERSON, OptionKind.SAFE_PLACE}
    if leg.purpose is Purpose.GATE and is_inside:
        # Whoever stands before the gate gets to no neighbour and to no place behind it.
        return False
    if option.kind is OptionKind.HUB:
        return _to_hub(draft, parcel, tour, Purpose.COLLECTION, why, option.target, avoid)
    if option.kind is OptionKind.PERSON:
        return _to_person(draft, parcel, tour, option.target, why, at_stop)
    if option.kind is OptionKind.SAFE_PLACE:
        return _to_safe_place(draft, parcel, tour, why, at_stop)
    if option.kind is OptionKind.REATTEMPT:
        return _try_again(draft, parcel, tour, why, avoid)
    if option.kind is OptionKind.DOOR:
        # After a visit to the door it is no way out; after a full booth or shop it is.
        if leg.purpose in {Purpose.RELAY, Purpose.COLLECTION}:
            to_door(draft, parcel, tour, why)
        return leg.purpose in {Purpose.RELAY, Purpose.COLLECTION}
    if not _leave_with_oneself(draft, parcel, tour, why, avoid):
        plan_return(draft, parcel, tour, final=True, reason=why)
    return True


def _leave_with_oneself(draft: Draft, parcel: Parcel, tour: Tour, why: str, avoid: str) -> bool:
    """Leave what goes back in the hub that the courier keeps, if its origin is too far.

    A guard has a post to be back at: where the way there and back is longer than the allowance,
    somebody else takes it from the booth to where it came from.
    """
    state = draft.state
    courier = state.courier(tour.courier)
    _, origin_s, origin_m = _arrival(draft, tour, parcel.pickup)
    if 2 * origin_s <= (courier.allowance_s or state.policy.allowance_of(courier.kind)):
        return False
    post = posts.post_of(state, courier.id, draft.now)
    kept = {courier.host_of, post.hub if post is not None else ""} - {"", avoid, parcel.origin_hub}
    if not courier.returns_home:
        return False
    near = sorted((_arrival(draft, tour, state.hubs[hub].place)[2], hub) for hub in kept)
    return any(
        hub_m < origin_m and _to_hub(draft, parcel, tour, Purpose.HOLD, why, hub, avoid)
        for hub_m, hub in near
    )


def _to_safe_place(draft: Draft, parcel: Parcel, tour: Tour, why: str, at_stop: int) -> bool:
    """Leave it at the door that the recipient has agreed to, on the spot or on the way."""
    if not ladder.may_be_left(parcel):
        return False
    is_there = tour.stops[at_stop].place_of(parcel.leg) == parcel.dropoff
    position = at_stop + 1 if is_there else -1
    _divert(draft, parcel, tour, parcel.dropoff, Purpose.SAFE_PLACE, why, position)
    return True


def _try_again(draft: Draft, parcel: Parcel, tour: Tour, why: str, avoid: str) -> bool:
    """Keep it for another attempt, if one is left: at a hub that holds it, or at its origin."""
    if not may_try_again(parcel, draft.state.policy, draft.now):
        return False
    if not _hold_nearby(draft, parcel, tour, why, avoid):
        plan_return(draft, parcel, tour, final=False, reason=why)
    return True


def _to_hub(
    draft: Draft,
    parcel: Parcel,
    tour: Tour,
    purpose: Purpose,
    why: str,
    target: str,
    avoid: str,
) -> bool:
    arrives_at, _, _ = _arrival(draft, tour, parcel.dropoff)
    for hub in hubs.nearest(draft.state, parcel, purpose, arrives_at, target):
        if hub.id == avoid or _was_tried(draft, parcel, tour, purpose, hub.place):
            continue
        at, _, _ = _arrival(draft, tour, hub.place)
        if hubs.may_take(draft.state, hub, parcel, purpose, at):
            hubs.reserve(draft, hub.id, parcel, purpose, at + draft.state.policy.reserve_s)
            _divert(draft, parcel, tour, hub.place, purpose, why, -1)
            return True
    return False


def _hold_nearby(draft: Draft, parcel: Parcel, tour: Tour, why: str, avoid: str) -> bool:
    """Bring it to a hub that holds it, unless its origin is nearer."""
    arrives_at, _, origin_m = _arrival(draft, tour, parcel.pickup)
    for hub in hubs.nearest(draft.state, parcel, Purpose.HOLD, arrives_at):
        if hub.id == avoid or _was_tried(draft, parcel, tour, Purpose.HOLD, hub.place):
            continue
        _, _, hub_m = _arrival(draft, tour, hub.place)
        if hub.id == parcel.origin_hub or hub_m >= origin_m:
            return False
        return _to_hub(draft, parcel, tour, Purpose.HOLD, why, hub.id, avoid)
    return False


def _to_person(
    draft: Draft, parcel: Parcel, tour: Tour, person: str, why: str, at_stop: int
) -> bool:
    """Bring it to a neighbour who is at home now, who is not the courier, and near."""
    state = draft.state
    neighbour = state.couriers.get(person)
    if neighbour is None or person not in state.online or person in state.live_tour:
        return False
    if person == tour.courier or not ladder.may_leave(parcel):
        return False
    if _was_tried(draft, parcel, tour, Purpose.PERSON, neighbour.home):
        return False
    if straight_line_m(neighbour.home, parcel.dropoff) > state.policy.hub_radius_m:
        return False
    _divert(draft, parcel, tour, neighbour.home, Purpose.PERSON, why, at_stop + 1)
    return True


def _was_tried(draft: Draft, parcel: Parcel, tour: Tour, purpose: Purpose, place: Place) -> bool:
    """Whether a tour has been somewhere with a parcel for the same purpose already, in vain."""
    return any(
        action.purpose is purpose
        and action.state is StopState.FAILED
        and draft.state.leg(action.leg).parcel == parcel.id
        for stop in draft.state.tour(tour.id).stops
        if stop.place == place
        for action in stop.actions
    )


def _divert(
    draft: Draft,
    parcel: Parcel,
    tour: Tour,
    place: Place,
    purpose: Purpose,
    why: str,
    position: int,
) -> None:
    leg = next_leg(
        parcel,
        LegKind.FORWARD,
        pickup=parcel.dropoff,
        dropoff=place,
        not_before=draft.now,
        state=LegState.ACTIVE,
        courier=tour.courier,
        purpose=purpose,
    )
    stop = _stop(draft, tour, leg, purpose, after=position - 1 if position > 0 else -1)
    draft.tell(
        ParcelDiverted(
            at=draft.now,
            parcel=parcel.id,
            leg=leg,
            tour=tour.id,
            stop=stop,
            purpose=purpose,
            reason=why,
            position=position,
        )
    )


def _arrival(
    draft: Draft, tour: Tour, place: Place, after: int = -1
) -> tuple[Instant, Seconds, Meters]:
    """Return when a tour would reach a place after one of its stops, and the way there."""
    state = draft.state
    last = state.tour(tour.id).stops[after]
    mode = state.courier(tour.courier).mode
    travel_s, distance_m = state.policy.estimate(mode, straight_line_m(last.place, place))
    return max(draft.now, last.leaves_at) + travel_s, travel_s, distance_m


def _stop(draft: Draft, tour: Tour, leg: Leg, purpose: Purpose, after: int = -1) -> Stop:
    policy = draft.state.policy
    arrives_at, travel_s, distance_m = _arrival(draft, tour, leg.dropoff, after)
    if after >= 0:
        arrives_at = draft.now + travel_s
    return Stop(
        place=leg.dropoff,
        actions=(StopAction(leg=leg.id, kind=ActionKind.DROPOFF, purpose=purpose),),
        arrives_at=arrives_at,
        leaves_at=arrives_at + policy.scan_s + policy.shelve_s,
        travel_s=travel_s,
        distance_m=distance_m,
    )


def to_door(draft: Draft, parcel: Parcel, tour: Tour, why: str) -> None:
    """Take a parcel that a courier has to its door, which is another one now."""
    hubs.let_go(draft, draft.state.leg(parcel.leg), why)
    _divert(draft, parcel, tour, parcel.dropoff, Purpose.DOOR, why, -1)
    if not has_door_code(draft, parcel):
        # It was bound for a counter, which has codes of its own.
        mint_door_code(draft, parcel)


def plan_return(draft: Draft, parcel: Parcel, tour: Tour, *, final: bool, reason: str) -> None:
    """Add the way back to the origin to the courier's tour."""
    hubs.let_go(draft, draft.state.leg(parcel.leg), reason)
    leg = next_leg(
        parcel,
        LegKind.RETURN,
        depends_on=(),
        pickup=parcel.dropoff,
        dropoff=parcel.pickup,
        not_before=draft.now,
        state=LegState.ACTIVE,
        courier=tour.courier,
        purpose=Purpose.RETURN,
    )
    draft.tell(
        ReturnPlanned(
            at=draft.now,
            parcel=parcel.id,
            leg=leg,
            tour=tour.id,
            stop=_stop(draft, tour, leg, Purpose.RETURN),
            final=final,
            reason=reason,
        )
    )


def withdraw_offer_of(draft: Draft, leg: Leg, reason: str) -> None:
    """Take back the offer that a leg is in, if it is in one."""
    if leg.state is not LegState.OFFERED:
        return
    offer = draft.state.offer(draft.state.open_offer[leg.courier])
    for other in offer.itinerary.legs:
        hubs.let_go(draft, draft.state.leg(other), reason)
    draft.tell(OfferWithdrawn(at=draft.now, courier=offer.courier, offer=offer.id, reason=reason))


def release_return(draft: Draft, parcel: Parcel, reason: str) -> None:
    """Let the way back wait for a plan, from the hub or the courier who has the parcel."""
    leg = draft.state.leg(parcel.leg)
    withdraw_offer_of(draft, leg, reason)
    hubs.let_go(draft, leg, reason)
    holder = parcel.custodian
    vanished = (holder.id,) if holder.kind is CustodianKind.COURIER else ()
    back = next_leg(
        parcel,
        LegKind.RETURN,
        declined_by=vanished,
        pickup=place_of(draft, parcel),
        dropoff=parcel.pickup,
        not_before=draft.now,
        purpose=Purpose.RETURN,
    )
    draft.tell(
        LegReleased(
            at=draft.now,
            parcel=parcel.id,
            leg=back,
            reason=reason,
            state=ParcelState.RETURNING,
        )
    )


def place_of(draft: Draft, parcel: Parcel) -> Place:
    """Return where a parcel is, by its custodian: a hub's counter, or where a courier was last."""
    state, holder = draft.state, parcel.custodian
    if holder.kind is CustodianKind.HUB:
        return state.hub(holder.id).place
    if holder.kind is CustodianKind.COURIER:
        return state.online.get(holder.id) or state.courier(holder.id).home
    return parcel.pickup


def next_attempt(parcel: Parcel, policy: Policy, now: Instant) -> Leg | None:
    """Return the leg of another attempt from the origin, if one is left."""
    if not may_try_again(parcel, policy, now):
        return None
    return next_leg(
        parcel,
        LegKind.FORWARD,
        depends_on=(),
        pickup=parcel.pickup,
        dropoff=parcel.dropoff,
        not_before=now + policy.reattempt_s,
    )
