"""How a parcel changes hands: two scans, in either order, make one transfer.

Between couriers, and between a courier and a hub that is attended, both sides scan; custody stays
with the giver until the second scan. Where nobody stands on the hub's side (a locker, a station's
shelves) the courier's scan stands alone, and a courier who keeps the hub scans once for both,
which is marked.
"""

from dispatch.core import absence, deadlines, hubs, ladder, posts
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    ConsentMissing,
    CustodyMismatch,
    Fault,
    InvalidTransition,
    InvalidValue,
)
from dispatch.core.keeping import HalfScan, Side, code_key, reservation_id
from dispatch.core.messages import (
    HandoverScanned,
    ParcelBroughtBack,
    ParcelPickedUp,
    ParcelReady,
    ParcelReceivedAtHub,
    parcel_name,
)
from dispatch.core.minting import mint, mint_door_code
from dispatch.core.model import (
    Custodian,
    CustodianKind,
    Hub,
    Instant,
    Leg,
    LegKind,
    Parcel,
    ParcelState,
    Purpose,
    Tour,
)

CLOCK_SKEW_S = 120
"""How far a device's clock may run ahead or behind."""


def keeps(draft: Draft, courier: str, hub: Hub) -> bool:
    """Whether a courier is the hub's keeper, or one of them by the roster now."""
    return (
        hub.host == courier
        or draft.state.courier(courier).host_of == hub.id
        or posts.is_kept_by(draft.state, hub.id, courier, draft.now)
    )


def of_courier(courier: str) -> Custodian:
    """Return a courier as custodian."""
    return Custodian(kind=CustodianKind.COURIER, id=courier)


def of_hub(hub: str) -> Custodian:
    """Return a hub as custodian."""
    return Custodian(kind=CustodianKind.HUB, id=hub)


def check_holds(parcel: Parcel, giver: Custodian) -> None:
    """Raise `CustodyMismatch` unless ``giver`` has the parcel.

    It says what kind of hands the parcel is in, not whose: whoever scans need not know.
    """
    if parcel.custodian != giver:
        kind = parcel.custodian.kind
        other = "another" if kind is giver.kind else "a"
        msg = f"parcel {parcel.id} is with {other} {kind}, not with {giver.kind} {giver.id}"
        raise CustodyMismatch(msg, subject=parcel_name(parcel.id))


def check_order(parcel: Parcel, at: Instant) -> None:
    """Raise `InvalidValue` for a scan from before its giver had the parcel."""
    since = parcel.custody[-1].since if parcel.custody else parcel.created_at
    if at < since - CLOCK_SKEW_S:
        problem = "lies before the parcel came to who gives it"
        raise InvalidValue([Fault("event_time", problem)], subject=parcel_name(parcel.id))


def meet(
    draft: Draft, parcel: Parcel, half: HalfScan, *, is_enough: bool = False
) -> HalfScan | None:
    """Return the other side's scan if it is there; else this one if it is enough, or keep it."""
    other = draft.state.halves.get(parcel.id)
    if (
        other is not None
        and (other.giver, other.taker) == (half.giver, half.taker)
        and other.side is not half.side
        and abs(other.at - half.at) <= draft.state.policy.handover_s
    ):
        return other
    if is_enough:
        return half
    if other != half:
        draft.tell(HandoverScanned(at=draft.now, parcel=parcel.id, half=half))
    return None


def check_time(draft: Draft, at: Instant) -> Instant:
    """Return a scanner's time, now for 0; raise `InvalidValue` if it lies in the future."""
    if at > draft.now + CLOCK_SKEW_S:
        raise InvalidValue([Fault("event_time", "lies in the future")])
    return at or draft.now


# --- into a courier's hands ------------------------------------------------------------


def pick_up(draft: Draft, tour: Tour, leg: Leg, half: HalfScan) -> bool:
    """Carry out one side of a pickup by a tour; return whether the parcel has changed hands."""
    parcel = draft.state.parcel(leg.parcel)
    check_holds(parcel, half.giver)
    check_order(parcel, half.at)
    if half.giver == half.taker:
        msg = f"courier {tour.courier} has parcel {parcel.id} already"
        raise CustodyMismatch(msg, subject=parcel_name(parcel.id))
    other: HalfScan | None = half
    single = False
    if half.giver.kind is CustodianKind.HUB:
        hub = draft.state.hub(half.giver.id)
        single = keeps(draft, tour.courier, hub)
        _check_open(draft, hub, half, single=single)
        alone = _stands_alone(hub, half, Side.TAKER, single=single)
        other = meet(draft, parcel, half, is_enough=alone)
    elif half.giver.kind is CustodianKind.COURIER:
        other = meet(draft, parcel, half)
    if other is None:
        return False
    witness = "" if other is half else _scan_of(Side.GIVER, half, other).actor
    draft.tell(
        ParcelPickedUp(
            at=draft.now,
            parcel=parcel.id,
            leg=leg.id,
            courier=tour.courier,
            tour=tour.id,
            happened_at=max(half.at, other.at),
            giver=half.giver,
            witness=witness,
            single_actor=single,
        )
    )
    if leg.purpose in {Purpose.DOOR, Purpose.GATE}:
        mint_door_code(draft, parcel)
    return True


def _stands_alone(hub: Hub, half: HalfScan, of_courier: Side, *, single: bool) -> bool:
    """Whether one scan is enough: the courier's own, where nobody else is on the hub's side.

    A counter's word alone moves nothing: it would give a courier what the courier has not taken.
    """
    return half.side is of_courier and (single or not hub.attended)


def _check_open(draft: Draft, hub: Hub, half: HalfScan, *, single: bool) -> None:
    """Raise `HubClosed` unless a hub works and somebody is there; its keeper brings a hand along.

    Whether somebody was there when a scan is told that is long past, nobody knows any more.
    """
    if single and hub.id in draft.state.hub_posts:
        hubs.check_open(draft.state, hub.id, half.at)
        return
    hubs.check_works(draft.state, hub.id, half.at)
    if half.at >= draft.now - CLOCK_SKEW_S:
        posts.check_attended(draft.state, hub.id, draft.now)


def _scan_of(side: Side, one: HalfScan, other: HalfScan) -> HalfScan:
    return one if one.side is side else other


# --- into a hub's hands ----------------------------------------------------------------


def put_in(draft: Draft, leg: Leg, hub: Hub, half: HalfScan) -> bool:
    """Carry out one side of a drop-off at a hub; return whether the parcel has changed hands."""
    parcel = draft.state.parcel(leg.parcel)
    check_holds(parcel, half.giver)
    check_order(parcel, half.at)
    if hub.id != leg.dropoff.hub:
        msg = f"parcel {parcel.id} is not bound for hub {hub.id}"
        raise InvalidTransition(msg, subject=parcel_name(parcel.id))
    is_return = leg.kind is LegKind.RETURN
    single = keeps(draft, half.giver.id, hub)
    if not is_return:
        _check_open(draft, hub, half, single=single)
        check_may_stay(draft, parcel, hub, leg.purpose)
    alone = _stands_alone(hub, half, Side.GIVER, single=single)
    other = meet(draft, parcel, half, is_enough=alone)
    if other is None:
        return False
    taker = _scan_of(Side.TAKER, half, other)
    told: dict[str, object] = {
        "at": draft.now,
        "parcel": parcel.id,
        "leg": leg.id,
        "happened_at": max(half.at, other.at),
        "tour": draft.state.live_tour.get(half.giver.id, ""),
        "actor": taker.actor,
        "witness": "" if other is half else _scan_of(Side.GIVER, half, other).actor,
        "single_actor": single,
    }
    if is_return:
        draft.tell(brought_back(draft, parcel, half.giver.id, **told))
    else:
        _received(draft, parcel, leg, hub, taker.shelf, half.giver, told)
    return True


def check_may_stay(draft: Draft, parcel: Parcel, hub: Hub, purpose: Purpose) -> None:
    """Raise `ConsentMissing`, `NoContract` or `HubFull` unless a hub may keep a parcel for this."""
    if purpose is Purpose.COLLECTION and ladder.consent_for(parcel, purpose, hub.id) is None:
        msg = f"the recipient of {parcel.id} has not agreed to hub {hub.id}"
        raise ConsentMissing(msg, subject=parcel_name(parcel.id))
    hubs.check_takes(draft.state, hub, parcel, purpose)


def brought_back(
    draft: Draft, parcel: Parcel, courier: str, /, **told: object
) -> ParcelBroughtBack:
    """Return the event of a parcel that is back at its origin."""
    policy = draft.state.policy
    final = parcel.state is ParcelState.RETURNING
    following = None if final else absence.next_attempt(parcel, policy, draft.now)
    return ParcelBroughtBack(
        courier=courier,
        custodian=absence.origin_of(parcel),
        next_leg=following,
        **told,  # type: ignore[arg-type]
    )


def _received(
    draft: Draft,
    parcel: Parcel,
    leg: Leg,
    hub: Hub,
    shelf: str,
    giver: Custodian,
    told: dict[str, object],
) -> None:
    policy, now = draft.state.policy, draft.now
    following = None
    keep_until = max(deadlines.last_moment(parcel, policy), now) + 1
    if leg.purpose is Purpose.COLLECTION:
        keep_until = now + policy.keep_s
    else:
        wait_s = policy.reattempt_s if leg.purpose is Purpose.HOLD else 0
        following = absence.next_leg(
            parcel,
            LegKind.FORWARD,
            pickup=hub.place,
            dropoff=parcel.dropoff,
            not_before=now + wait_s,
        )
    if reservation_id(hub.id, parcel.id) not in draft.state.reservations:
        # Whoever comes without a reservation, or after it lapsed, takes a free slot now.
        hubs.reserve(draft, hub.id, parcel, leg.purpose, now + policy.reserve_s)
    draft.tell(
        ParcelReceivedAtHub(
            hub=hub.id,
            giver=giver,
            purpose=leg.purpose,
            shelf=shelf or next_shelf(draft, hub, parcel),
            keep_until=keep_until,
            next_leg=following,
            **told,  # type: ignore[arg-type]
        )
    )
    if leg.purpose is Purpose.COLLECTION:
        if not _has_code(draft, parcel, hub.id):
            mint(draft, parcel, hub.id, parcel.recipient)
    elif leg.purpose is Purpose.HOLD and not deadlines.may_try_again(parcel, policy, now):
        # Its keeper has left it here on the way back: somebody else takes it to its origin.
        absence.release_return(draft, draft.state.parcel(parcel.id), parcel.reason or "RETURN")
    elif following is not None and following.not_before <= now:
        draft.tell(ParcelReady(at=now, parcel=parcel.id))


def _has_code(draft: Draft, parcel: Parcel, hub: str) -> bool:
    """Whether another parcel waits there for the same recipient: one code is for all of them."""
    parcels = draft.state.parcels
    return code_key(hub, parcel.recipient) in draft.state.codes and any(
        other != parcel.id
        and parcels[other].recipient == parcel.recipient
        and parcels[other].state is ParcelState.AWAITING_COLLECTION
        for other in draft.state.stock[hub]
    )


def next_shelf(draft: Draft, hub: Hub, parcel: Parcel) -> str:
    """Return the next shelf code of a hub: size class and a number that is easy to call."""
    kept = draft.state.reservations.get(reservation_id(hub.id, parcel.id))
    if kept is not None and kept.shelf:
        return kept.shelf
    number = draft.state.shelves.get(hub.id, 0) % 999 + 1
    return f"{parcel.size_class}{number:03d}"
