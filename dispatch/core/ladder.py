"""The recipient's ladder: where a parcel may end, in the recipient's own order.

A door needs no consent; neighbour, hub and safe place do, on record at the moment of use.
REATTEMPT and RETURN stand at the end of every ladder that does not name them.
"""

from collections.abc import Iterator

from dispatch.core.model import (
    Attempt,
    DeliveryOption,
    FailureCode,
    Leg,
    OptionKind,
    Parcel,
    ProofKind,
    Purpose,
)

LAST_RUNGS = (
    DeliveryOption(kind=OptionKind.REATTEMPT),
    DeliveryOption(kind=OptionKind.RETURN),
)
IN_PERSON = frozenset({ProofKind.SIGNATURE, ProofKind.PIN, ProofKind.IDENTITY})
"""Proofs that only the recipient can give: with one of these asked for, nobody else may do."""
RETURNS_AT_ONCE = frozenset({FailureCode.REFUSED, FailureCode.DAMAGED})
RECIPIENT_ALONE = frozenset({FailureCode.ID_FAILED, FailureCode.PIN_FAILED, FailureCode.COD_UNPAID})
"""After these nobody else may take it: it is tried again, or goes back."""
NOT_AN_ATTEMPT = frozenset(
    {
        FailureCode.NOT_ATTEMPTED,
        FailureCode.WEATHER,
        FailureCode.COURIER_INCIDENT,
        FailureCode.HUB_FULL,
        FailureCode.HUB_CLOSED,
    }
)
"""The recipient had no part in these: they are no attempts."""
_KIND_OF = {
    Purpose.DOOR: OptionKind.DOOR,
    Purpose.GATE: OptionKind.DOOR,
    Purpose.PERSON: OptionKind.PERSON,
    Purpose.COLLECTION: OptionKind.HUB,
    Purpose.SAFE_PLACE: OptionKind.SAFE_PLACE,
}


def rungs(parcel: Parcel) -> tuple[DeliveryOption, ...]:
    """Return the whole ladder."""
    named = {option.kind for option in parcel.options}
    return (*parcel.options, *(last for last in LAST_RUNGS if last.kind not in named))


def may_leave(parcel: Parcel) -> bool:
    """Whether somebody other than the recipient may have it at all."""
    return not IN_PERSON.intersection(parcel.proofs)


def may_be_left(parcel: Parcel) -> bool:
    """Whether it may stay where nobody takes it: then a photo is all that can be shown."""
    return {ProofKind.PHOTO}.issuperset(parcel.proofs)


def below(parcel: Parcel, leg: Leg, failure: FailureCode) -> Iterator[DeliveryOption]:
    """Yield the rungs that may follow on a leg's failure, best first; RETURN is always last."""
    ladder = rungs(parcel)
    if failure in RETURNS_AT_ONCE:
        yield LAST_RUNGS[1]
        return
    tried = _tried(parcel)
    stands = _index(ladder, leg)
    # Where the plan itself chose a lower rung, those above it come first: nobody has tried them.
    above = ladder[:stands] if stands > 0 and len(tried) <= 1 else ()
    follows = (*_deliveries(above), *ladder[stands + 1 :])
    is_attempt = failure not in NOT_AN_ATTEMPT
    was_at_door = any(attempt.counts for attempt in tried)
    alone = any(its in RECIPIENT_ALONE for its in (failure, *(its.failure for its in tried)))
    for option in follows:
        if option.kind is OptionKind.RETURN:
            break
        if option.kind is OptionKind.REATTEMPT:
            yield option
        elif alone or not option.is_open or (option.kind is OptionKind.DOOR and was_at_door):
            continue
        elif is_attempt or leg.purpose not in {Purpose.DOOR, Purpose.GATE}:
            yield option
    yield LAST_RUNGS[1]


def _deliveries(options: tuple[DeliveryOption, ...]) -> tuple[DeliveryOption, ...]:
    last = {OptionKind.REATTEMPT, OptionKind.RETURN}
    return tuple(option for option in options if option.kind not in last)


def _tried(parcel: Parcel) -> tuple[Attempt, ...]:
    """Return the failures since its courier has it; those that count were at its door."""
    since = parcel.custody[-1].since if parcel.custody else 0
    return tuple(attempt for attempt in parcel.attempts if attempt.at >= since)


def _index(ladder: tuple[DeliveryOption, ...], leg: Leg) -> int:
    """Return the rung on which a leg stands; -1 for one that stands on none (a hold)."""
    kind = _KIND_OF.get(leg.purpose)
    for index, option in enumerate(ladder):
        if option.kind is kind and option.target in {"", leg.dropoff.hub}:
            return index
    for index, option in enumerate(ladder):
        if option.kind is kind:
            return index
    return -1


def consent_for(parcel: Parcel, purpose: Purpose, target: str) -> DeliveryOption | None:
    """Return the consent on record for a delivery, None where there is none."""
    kind = _KIND_OF[purpose]
    for option in parcel.options:
        if option.kind is kind and option.is_open and option.target in {"", target}:
            return option
    return None
