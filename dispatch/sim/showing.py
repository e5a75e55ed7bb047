"""What a courier's phone shows of a hand-over, and which parcels one confirmation is about."""

from dispatch.core.compounds import entrance_key
from dispatch.core.keeping import code_key
from dispatch.core.messages import Evidence
from dispatch.core.model import (
    ActionKind,
    Instant,
    Leg,
    LegKind,
    Parcel,
    Place,
    ProofKind,
    Purpose,
    Stop,
    StopAction,
    StopState,
)
from dispatch.core.zone import State
from dispatch.sim.behaviour import earliest

ACCURACY_M = 10
"""What a simulated phone says of its own fix (A)."""
TO_THE_RECIPIENT = frozenset({Purpose.DOOR, Purpose.GATE})


def is_for_recipient(leg: Leg, action: StopAction) -> bool:
    """Whether an action needs the recipient, at the door or at a gate."""
    return (
        action.kind is ActionKind.DROPOFF
        and leg.kind is not LegKind.RETURN
        and leg.purpose in TO_THE_RECIPIENT
    )


def evidence_of(state: State, leg: Leg, place: Place, contacted_at: Instant = 0) -> Evidence:
    """Return what the phone shows: where it is, the entrance's tag, who stands for the recipient.

    Parameters
    ----------
    contacted_at
        When the recipient was called; 0 for not at all.
    """
    parcel = state.parcels[leg.parcel]
    proofs: tuple[ProofKind, ...] = ()
    serial = 0
    if leg.purpose in {Purpose.DOOR, Purpose.GATE, Purpose.PERSON}:
        proofs = tuple(sorted({*parcel.proofs, ProofKind.RECEIVER_NAME}))
    elif leg.purpose is Purpose.SAFE_PLACE:
        proofs = (ProofKind.PHOTO,)
    if ProofKind.PIN in proofs:
        code = state.codes.get(code_key("", parcel.id))
        serial = code.serial if code is not None else 0
    return Evidence(
        lat=place.lat,
        lon=place.lon,
        accuracy_m=ACCURACY_M,
        contacted_at=contacted_at,
        contact="call" if contacted_at else "",
        proofs=proofs,
        code_serial=serial,
        entrance=entrance_key(place) if leg.purpose is Purpose.DOOR else "",
    )


def attempt_of(place: Place, contacted_at: Instant, *, tag: bool) -> Evidence:
    """Return what the phone shows of a visit in vain at a place.

    Parameters
    ----------
    tag
        Whether the courier stands at the entrance and scans its tag.
    """
    return Evidence(
        lat=place.lat,
        lon=place.lon,
        accuracy_m=ACCURACY_M,
        contacted_at=contacted_at,
        contact="call",
        entrance=entrance_key(place) if tag else "",
    )


def together(state: State, stop: Stop, action: StopAction, now: Instant) -> tuple[StopAction, ...]:
    """Return the actions that are confirmed with one: the same recipient's, at the same door.

    Those that follow it at once and may be done by now. Each code is told by itself.
    """
    leg = state.legs[action.leg]
    parcel = state.parcels[leg.parcel]
    if not is_for_recipient(leg, action) or ProofKind.PIN in parcel.proofs:
        return ()
    door = _door(stop.place_of(action.leg))
    found: list[StopAction] = []
    is_behind = False
    for its in stop.actions:
        if (its.leg, its.kind) == (action.leg, action.kind):
            is_behind = True
            continue
        if not is_behind or its.state is not StopState.PENDING:
            continue
        other = state.legs[its.leg]
        is_alike = (
            is_for_recipient(other, its)
            and other.purpose is leg.purpose
            and _door(stop.place_of(its.leg)) == door
            and _is_alike(state.parcels[other.parcel], parcel)
            and earliest(state, its, now) <= now
        )
        if not is_alike:
            break
        found.append(its)
    return tuple(found)


def _is_alike(one: Parcel, other: Parcel) -> bool:
    return one.recipient == other.recipient and one.proofs == other.proofs


def _door(place: Place) -> str | Place:
    return place.door_key or place
