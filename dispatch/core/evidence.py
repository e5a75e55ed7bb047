"""What has to be shown for a hand-over or for a failed attempt to count."""

from collections.abc import Iterator

from dispatch.core.compounds import entrance_key
from dispatch.core.draft import Draft
from dispatch.core.errors import ConsentMissing, OutsideGeofence, ProofMissing, WrongCode
from dispatch.core.handover import CLOCK_SKEW_S
from dispatch.core.keeping import code_key
from dispatch.core.ladder import (
    IN_PERSON,
    NOT_AN_ATTEMPT,
    RETURNS_AT_ONCE,
    consent_for,
    may_be_left,
    may_leave,
)
from dispatch.core.messages import Evidence, StopReport, parcel_name
from dispatch.core.model import (
    FailureCode,
    Hub,
    Instant,
    Leg,
    Meters,
    OptionKind,
    Parcel,
    Place,
    ProofKind,
    Purpose,
    Stop,
    Tour,
    straight_line_m,
)
from dispatch.core.zone import State

STANDS_FOR_SOMEBODY = IN_PERSON | {ProofKind.RECEIVER_NAME}
"""At a door one of these stands for the recipient; a photo alone is a safe place."""


def distance_m(evidence: Evidence, place: Place) -> Meters:
    """Return how far the phone was from a place; -1 where it does not say."""
    if evidence.lat is None or evidence.lon is None:
        return -1
    here = Place(lat=evidence.lat, lon=evidence.lon)
    return round(straight_line_m(here, place))


def fence_m(draft: Draft, evidence: Evidence) -> Meters:
    """Return how far from a stop a phone may be that is there: the fix may be less exact."""
    return max(draft.state.policy.geofence_m, evidence.accuracy_m)


def is_at(draft: Draft, stop: Stop, evidence: Evidence) -> bool:
    """Whether the phone shows that it was at a stop, or at one of its doors."""
    limit_m = fence_m(draft, evidence)
    places = {stop.place, *(stop.place_of(action.leg) for action in stop.actions)}
    return any(0 <= distance_m(evidence, place) <= limit_m for place in places)


def check_fence(
    draft: Draft,
    place: Place,
    evidence: Evidence,
    *,
    required: bool = False,
    at_most_m: Meters = 0,
) -> None:
    """Raise `OutsideGeofence` where the phone was not at a place, `ProofMissing` if unknown.

    ``at_most_m`` is how near it has to be, where not the policy's fence.
    """
    away_m = distance_m(evidence, place)
    if away_m < 0:
        if required:
            raise ProofMissing("point: say where the attempt was made")
        return
    limit_m = max(fence_m(draft, evidence), at_most_m)
    if away_m > limit_m:
        msg = f"the phone was {away_m} m from the stop; {limit_m} m are allowed"
        raise OutsideGeofence(msg)


def check_tag(draft: Draft, courier: str, place: Place, evidence: Evidence) -> None:
    """Raise `ProofMissing` where only the entrance's tag shows that a keeper left the booth.

    Who keeps a booth within the fence of a door is at the door by the phone, without a step.
    """
    tag = entrance_key(place)
    if not tag or evidence.entrance == tag:
        return
    for hub in _kept_hubs(draft.state, courier):
        if straight_line_m(hub.place, place) <= fence_m(draft, evidence):
            told = "is another entrance's" if evidence.entrance else "is missing"
            msg = f"entrance: its tag {told}: hub {hub.id}, which you keep, is too near for the fix"
            raise ProofMissing(msg)


def _kept_hubs(state: State, courier: str) -> Iterator[Hub]:
    """Yield the hubs that a courier keeps, by word or by the roster of a post, by id."""
    named = {slot.post for slot in state.availability.get(courier, ())}
    kept = {state.posts[post].hub for post in named if post in state.posts}
    kept |= {hub.id for hub in state.hubs.values() if hub.host == courier}
    for hub in sorted(kept | {state.courier(courier).host_of}):
        if hub in state.hubs:
            yield state.hubs[hub]


def check_attempt(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> str:
    """Check a failed attempt; return why nothing had to be shown, empty for the usual rule.

    Raises
    ------
    ProofMissing
        Without a point, a contact, or the wait.
    OutsideGeofence
        If the phone was somewhere else.
    """
    if report.failure in NOT_AN_ATTEMPT:
        return ""
    parcel = draft.state.parcel(leg.parcel)
    if parcel.override:
        return parcel.override
    stop = tour.stops[report.stop]
    place = stop.place_of(leg.id)
    is_outside = report.failure is FailureCode.NO_ACCESS
    # Whoever was not let in stands at the gate, which the rules do not know.
    near_m = draft.state.policy.relay_radius_m if is_outside else 0
    check_fence(draft, place, report.evidence, required=True, at_most_m=near_m)
    if leg.purpose is Purpose.DOOR and not is_outside:
        check_tag(draft, tour.courier, place, report.evidence)
    if report.failure in RETURNS_AT_ONCE:
        return ""
    contacted_at = max(parcel.contacted_at, _call_of(parcel, report))
    arrived_at = contacted_at if is_outside else stop.arrived_at or report.at
    if not contacted_at or contacted_at > report.at:
        raise ProofMissing("contact: call or write to the recipient first, then report")
    waited_s = report.at - max(arrived_at, contacted_at)
    if waited_s < draft.state.policy.absent_wait_s:
        wait_s = draft.state.policy.absent_wait_s
        msg = f"wait: {waited_s} of {wait_s} s at the door are over; wait, then report"
        raise ProofMissing(msg)
    return ""


def _call_of(parcel: Parcel, report: StopReport) -> Instant:
    """Return when the phone called; 0 for a call from before its courier had the parcel."""
    called_at = report.evidence.contacted_at
    return called_at if called_at >= parcel.custody[-1].since - CLOCK_SKEW_S else 0


def check_code(draft: Draft, leg: Leg, evidence: Evidence) -> None:
    """Raise `WrongCode` where a door code was told that is not the parcel's."""
    if not evidence.code_serial and ProofKind.PIN not in evidence.proofs:
        return
    code = draft.state.codes.get(code_key("", leg.parcel))
    if code is None or code.serial != evidence.code_serial:
        raise WrongCode("the code is not the recipient's", subject=parcel_name(leg.parcel))


def purpose_of(draft: Draft, leg: Leg, evidence: Evidence) -> Purpose:
    """Return what a hand-over at a door was, by its proofs.

    Raises
    ------
    ProofMissing
        If nothing stands for the recipient, or something that the merchant asks for is missing.
    ConsentMissing
        If it was left to somebody or somewhere that the recipient has not agreed to.
    """
    parcel = draft.state.parcel(leg.parcel)
    given = set(evidence.proofs)
    purpose = leg.purpose
    if purpose not in {Purpose.GATE, Purpose.PERSON, Purpose.SAFE_PLACE}:
        purpose = Purpose.DOOR
    if purpose is Purpose.DOOR and not given & STANDS_FOR_SOMEBODY and ProofKind.PHOTO in given:
        purpose = Purpose.SAFE_PLACE
    if purpose is Purpose.SAFE_PLACE:
        _check_safe_place(parcel, given)
        return purpose
    if not given & STANDS_FOR_SOMEBODY:
        raise ProofMissing("proofs: a code, a signature or the receiver's name is required")
    missing = set(parcel.proofs) - given
    if missing:
        named = ", ".join(sorted(missing))
        msg = f"proofs: the merchant asks for {named} too"
        raise ProofMissing(msg)
    is_agreed = may_leave(parcel) and agreed_person(draft.state, parcel, leg)
    if purpose is Purpose.PERSON and not is_agreed:
        raise ConsentMissing("the recipient has not agreed to a neighbour")
    return purpose


def agreed_person(state: State, parcel: Parcel, leg: Leg) -> bool:
    """Whether the recipient has agreed to the neighbour whom a leg goes to."""
    return any(
        option.kind is OptionKind.PERSON
        and option.is_open
        and option.target in state.couriers
        and state.couriers[option.target].home == leg.dropoff
        for option in parcel.options
    )


def _check_safe_place(parcel: Parcel, given: set[ProofKind]) -> None:
    if not may_be_left(parcel):
        raise ProofMissing("proofs: this parcel is never left: somebody has to take it")
    if consent_for(parcel, Purpose.SAFE_PLACE, "") is None:
        raise ConsentMissing(
            "a photo alone means a safe place, and the recipient has not agreed to one"
        )
    if ProofKind.PHOTO not in given:
        raise ProofMissing("proofs: a photo of where it was left is required")
