"""What was reported wrongly at a door, put right by a compensating event.

Nothing in the log is changed. For half an hour a courier, or a dispatcher, may say that a parcel
reported as given was not, or the other way round; custody has to agree.
"""

from dispatch.core import absence, custody, hubs, offers
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    CustodyMismatch,
    DispatchError,
    Fault,
    InvalidTransition,
    InvalidValue,
    NotFound,
    TooLate,
)
from dispatch.core.evidence import check_attempt, check_code, purpose_of
from dispatch.core.handover import of_courier
from dispatch.core.ladder import NOT_AN_ATTEMPT
from dispatch.core.messages import (
    CorrectStop,
    OutcomeCorrected,
    StopReport,
    TourStarted,
    parcel_name,
)
from dispatch.core.model import (
    ActionKind,
    Custodian,
    CustodianKind,
    FailureCode,
    Instant,
    Leg,
    LegState,
    Parcel,
    ParcelState,
    StopAction,
    StopState,
    Tour,
    TourState,
)

REOPENED = "TOUR_REOPENED"
"""Why an offer is taken back whose courier is on the last tour again."""


def correct(draft: Draft, command: CorrectStop) -> None:
    """Say what really became of a drop-off."""
    tour = offers.own_tour(draft.state, command.courier, command.tour)
    if not command.reason.strip():
        raise InvalidValue([Fault("reason", "is required: say why")], subject=tour.id)
    at_stop, action = _action(tour, command.leg)
    leg = draft.state.leg(command.leg)
    parcel = draft.state.parcel(leg.parcel)
    if draft.now - _noted_at(draft, parcel, leg) > draft.state.policy.correct_s:
        minutes = draft.state.policy.correct_s // 60
        msg = f"it was reported more than {minutes} min ago"
        raise TooLate(msg, subject=tour.id)
    was_given = action.state is StopState.COMPLETED
    if was_given and command.failure is not None:
        _not_given(draft, command, tour, leg, parcel, at_stop)
        _go_on(draft, tour, leg, command.failure, at_stop)
    elif not was_given and command.failure is None:
        _given(draft, command, tour, leg, parcel)
    else:
        msg = f"leg {leg.id} was reported so already"
        raise InvalidTransition(msg, subject=tour.id)


def _go_on(draft: Draft, tour: Tour, leg: Leg, failure: FailureCode, at_stop: int) -> None:
    """Plan the next rung on the tour that the courier is on, by now perhaps another one."""
    parcel = draft.state.parcel(leg.parcel)
    live_id = draft.state.live_tour.get(tour.courier)
    if live_id is None:
        absence.release_return(draft, parcel, failure.value)
        return
    live = draft.state.tour(live_id)
    where = at_stop if live_id == tour.id else len(live.stops) - 1
    if live.state is TourState.COMMITTED:
        # With a parcel of this tour in hand the courier cannot be one who never set out.
        draft.tell(
            TourStarted(at=draft.now, courier=tour.courier, tour=live_id, happened_at=draft.now)
        )
    absence.plan_next(draft, parcel, live, leg, failure, at_stop=where)


def _action(tour: Tour, leg: str) -> tuple[int, StopAction]:
    """Return the drop-off at a door that was reported, and its stop."""
    for index, stop in enumerate(tour.stops):
        for action in stop.actions:
            if action.leg == leg and action.kind is ActionKind.DROPOFF:
                reported = action.state in {StopState.COMPLETED, StopState.FAILED}
                if reported and action.purpose in custody.TO_A_DOOR:
                    return index, action
                msg = f"leg {leg}: only what was reported at a door can be corrected"
                raise InvalidTransition(msg, subject=tour.id)
    msg = f"tour {tour.id} has no leg {leg!r}"
    raise NotFound(msg, subject=tour.id)


def _noted_at(draft: Draft, parcel: Parcel, leg: Leg) -> Instant:
    """Return when the engine first heard of a leg's end; the phone may have told it late.

    By the ledger's line where it was given, by the leg that was planned at once where it was not:
    corrections that came between do not count.
    """
    noted = [
        line.noted_at
        for line in parcel.custody
        if line.leg == leg.id and line.custodian.kind is CustodianKind.RECIPIENT
    ]
    _, _, number = leg.id.rpartition("/")
    following = draft.state.legs.get(f"{parcel.id}/{int(number) + 1}")
    if following is not None:
        noted.append(following.not_before)
    return min(noted)


def _is_attempt(draft: Draft, command: CorrectStop, tour: Tour, leg: Leg, at_stop: int) -> bool:
    """Whether a visit that was in vain after all has the evidence of an attempt.

    One visit is one attempt: whoever went to a neighbour has been at the door before.
    """
    if command.failure in NOT_AN_ATTEMPT or leg.purpose not in custody.TO_THE_RECIPIENT:
        return False
    at = draft.state.parcel(leg.parcel).custody[-1].since
    told = StopReport(
        id="", at=at, stop=at_stop, failure=command.failure, evidence=command.evidence
    )
    try:
        check_attempt(draft, tour, leg, told)
    except DispatchError:
        return False
    return True


def _not_given(
    draft: Draft, command: CorrectStop, tour: Tour, leg: Leg, parcel: Parcel, at_stop: int
) -> None:
    if parcel.state is not ParcelState.DELIVERED or parcel.custody[-1].leg != leg.id:
        msg = f"parcel {parcel.id} is {parcel.state}"
        raise InvalidTransition(msg, subject=tour.id)
    if parcel.custodian.kind is not CustodianKind.RECIPIENT:
        msg = f"parcel {parcel.id} is in other hands"
        raise CustodyMismatch(msg, subject=parcel_name(parcel.id))
    offer = draft.state.open_offer.get(tour.courier)
    if offer is not None and tour.state is TourState.COMPLETED:
        offers.withdraw(draft, draft.state.offer(offer), REOPENED)
    failure = command.failure
    draft.tell(
        OutcomeCorrected(
            at=draft.now,
            parcel=parcel.id,
            leg=leg.id,
            courier=tour.courier,
            tour=tour.id,
            was=ParcelState.DELIVERED.value,
            now=failure.value if failure is not None else "",
            custodian=of_courier(tour.courier),
            actor=command.actor,
            reason=command.reason,
            counts=_is_attempt(draft, command, tour, leg, at_stop),
        )
    )


def _has_failed_since(draft: Draft, parcel: Parcel, leg: Leg) -> bool:
    """Whether a later leg of the parcel has failed too: then that was the last attempt."""
    number = int(leg.id.rpartition("/")[2])
    later = (f"{parcel.id}/{ordinal}" for ordinal in range(number + 1, parcel.leg_count + 1))
    return any(draft.state.leg(leg_id).state is LegState.FAILED for leg_id in later)


def _given(draft: Draft, command: CorrectStop, tour: Tour, leg: Leg, parcel: Parcel) -> None:
    following = draft.state.leg(parcel.leg)
    if parcel.custodian != of_courier(tour.courier) or following.state is not LegState.ACTIVE:
        msg = f"parcel {parcel.id} is in other hands by now"
        raise CustodyMismatch(msg, subject=parcel_name(parcel.id))
    if _has_failed_since(draft, parcel, leg):
        msg = f"leg {leg.id} was not the last attempt of parcel {parcel.id}"
        raise InvalidTransition(msg, subject=tour.id)
    check_code(draft, leg, command.evidence)
    purpose_of(draft, leg, command.evidence)
    hubs.let_go(draft, following, "CORRECTED")
    draft.tell(
        OutcomeCorrected(
            at=draft.now,
            parcel=parcel.id,
            leg=leg.id,
            courier=tour.courier,
            tour=tour.id,
            was=parcel.attempts[-1].failure.value,
            now=ParcelState.DELIVERED.value,
            custodian=Custodian(kind=CustodianKind.RECIPIENT),
            actor=command.actor,
            reason=command.reason,
            proofs=command.evidence.proofs,
            receiver=command.evidence.receiver,
        )
    )
    custody.settle(draft, tour.id, leg, draft.now)
    live = draft.state.live_tour.get(tour.courier)
    if live is not None:
        custody.complete_if_done(draft, live, draft.now)
