"""What follows when a parcel cannot be handed over: one more attempt, or back to the sender.

The courier who stands at the door brings the parcel back to its origin as the last stop of
the same tour. From there another attempt starts, unless it was the last or its time is over.
"""

from dispatch.core.draft import Draft
from dispatch.core.messages import ReturnPlanned
from dispatch.core.model import (
    ActionKind,
    Custodian,
    CustodianKind,
    Instant,
    Leg,
    LegKind,
    LegState,
    Parcel,
    Stop,
    StopAction,
    Tour,
    straight_line_m,
)
from dispatch.core.policy import Policy


def last_moment(parcel: Parcel, policy: Policy) -> Instant:
    """Return the latest start of a hand-over: the window's end, else the promise plus grace."""
    if parcel.window is not None:
        return parcel.window.closes_at
    return parcel.due_at + policy.give_up_s


def may_try_again(parcel: Parcel, policy: Policy, now: Instant) -> bool:
    """Whether another attempt is left and would come before the parcel's last moment."""
    return len(parcel.attempts) < parcel.max_attempts and now + policy.reattempt_s <= last_moment(
        parcel, policy
    )


def origin_of(parcel: Parcel) -> Custodian:
    """Return who holds the parcel when it is back where it came from."""
    if parcel.origin_hub:
        return Custodian(kind=CustodianKind.HUB, id=parcel.origin_hub)
    return Custodian(kind=CustodianKind.SENDER, id=parcel.merchant)


def plan_return(draft: Draft, parcel: Parcel, tour: Tour, *, final: bool, reason: str) -> None:
    """Add the way back to the courier's tour.

    Times of the added stop are estimates without a map: the rules know no streets.
    """
    policy, state = draft.state.policy, draft.state
    courier = state.courier(tour.courier)
    leg = Leg(
        id=f"{parcel.id}/{parcel.leg_count + 1}",
        parcel=parcel.id,
        kind=LegKind.RETURN,
        pickup=parcel.dropoff,
        dropoff=parcel.pickup,
        not_before=draft.now,
        state=LegState.ACTIVE,
        courier=courier.id,
    )
    last = state.tour(tour.id).stops[-1]
    travel_s, distance_m = policy.estimate(courier.mode, straight_line_m(last.place, parcel.pickup))
    arrives_at = max(draft.now, last.leaves_at) + travel_s
    stop = Stop(
        place=parcel.pickup,
        actions=(StopAction(leg=leg.id, kind=ActionKind.DROPOFF),),
        arrives_at=arrives_at,
        leaves_at=arrives_at + policy.scan_s + policy.shelve_s,
        travel_s=travel_s,
        distance_m=distance_m,
    )
    draft.tell(
        ReturnPlanned(
            at=draft.now,
            parcel=parcel.id,
            leg=leg,
            tour=tour.id,
            stop=stop,
            final=final,
            reason=reason,
        )
    )


def next_attempt(parcel: Parcel, policy: Policy, now: Instant) -> Leg | None:
    """Return the leg of another attempt from the origin, if one is left."""
    if not may_try_again(parcel, policy, now):
        return None
    return Leg(
        id=f"{parcel.id}/{parcel.leg_count + 1}",
        parcel=parcel.id,
        kind=LegKind.FORWARD,
        pickup=parcel.pickup,
        dropoff=parcel.dropoff,
        not_before=now + policy.reattempt_s,
    )
