"""What merchants and recipients ask for while a parcel is on its way.

Consent given and withdrawn, another door, another time, no delivery at all: each changes what may
happen next, and where a courier already has the parcel, the tour too.
"""

from dispatch.core import absence, custody, evidence, hubs, ladder
from dispatch.core import messages as m
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    ConsentMissing,
    EtagMismatch,
    Fault,
    InvalidTransition,
    InvalidValue,
)
from dispatch.core.model import (
    CONSENTED,
    CustodianKind,
    DeliveryOption,
    FailureCode,
    Leg,
    LegState,
    OptionKind,
    Parcel,
    ParcelState,
    Purpose,
    Tour,
)
from dispatch.core.zone import replace

ON_THE_WAY = frozenset({ParcelState.COLLECTED, ParcelState.ATTEMPT_FAILED})
MOST_RUNGS = 10
NEW_DOOR = "REDIRECTED"
NOT_AGREED = "CONSENT_WITHDRAWN"


def _current(draft: Draft, parcel_id: str, version: int) -> Parcel:
    """Return an open parcel; raise `EtagMismatch` if it is not the one that was read."""
    parcel = draft.state.parcel(parcel_id)
    if version and version != parcel.version:
        msg = f"parcel {parcel.id} has changed since it was read"
        raise EtagMismatch(msg, subject=m.parcel_name(parcel.id))
    return parcel


def _open(draft: Draft, parcel_id: str, version: int) -> Parcel:
    parcel = _current(draft, parcel_id, version)
    if not parcel.is_open or parcel.state is ParcelState.RETURNING:
        msg = f"parcel {parcel.id} is {parcel.state}: too late"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    return parcel


def tour_with(draft: Draft, parcel: Parcel) -> Tour | None:
    """Return the live tour whose courier has the parcel in hand, None where there is none."""
    holder = parcel.custodian
    if holder.kind is not CustodianKind.COURIER:
        return None
    leg = draft.state.leg(parcel.leg)
    tour = draft.state.live_tour.get(holder.id)
    if tour is None or leg.state is not LegState.ACTIVE or leg.courier != holder.id:
        return None
    return draft.state.tour(tour)


# --- consent ---------------------------------------------------------------------------


def give_consent(draft: Draft, command: m.GiveConsent) -> None:
    """Put a rung with consent into the ladder, or consent to one that stands there."""
    parcel = _open(draft, command.parcel, command.version)
    option = command.option
    if option.kind in CONSENTED and not (option.consented_by and option.evidence):
        problem = "needs who agreed (consented_by) and by what message (evidence)"
        raise InvalidValue([Fault("option", problem)], subject=m.parcel_name(parcel.id))
    option = replace(option, consented_at=option.consented_at or draft.now)
    same = [
        index
        for index, its in enumerate(parcel.options)
        if (its.kind, its.target) == (option.kind, option.target)
    ]
    rungs = list(parcel.options)
    if same and command.position < 0:
        rungs[same[0]] = option
    else:
        rungs = [its for index, its in enumerate(rungs) if index not in same]
        rungs.insert(_position(rungs, command.position), option)
    _check_ladder(parcel, tuple(rungs))
    _check_targets(draft, {"option": option})
    draft.tell(m.ConsentGiven(at=draft.now, parcel=parcel.id, option=option, options=tuple(rungs)))


def _position(rungs: list[DeliveryOption], position: int) -> int:
    if position >= 0:
        return position
    last = {OptionKind.REATTEMPT, OptionKind.RETURN}
    return next((i for i, its in enumerate(rungs) if its.kind in last), len(rungs))


def _check_ladder(parcel: Parcel, options: tuple[DeliveryOption, ...]) -> None:
    """Raise `InvalidValue` unless the rungs make a ladder."""
    if not 0 < len(options) <= MOST_RUNGS:
        raise InvalidValue([Fault("options", f"needs 1 to {MOST_RUNGS} rungs")])
    replace(parcel, options=options).check()


def _check_targets(draft: Draft, options: dict[str, DeliveryOption]) -> None:
    """Raise `InvalidValue` for new rungs, by their fields, whose hub or courier does not exist."""
    known = {OptionKind.HUB: draft.state.hubs, OptionKind.PERSON: draft.state.couriers}
    faults = [
        Fault(f"{field}.target", f"there is no {option.target!r}")
        for field, option in options.items()
        if option.target and option.target not in known.get(option.kind, ())
    ]
    if faults:
        raise InvalidValue(faults)


def withdraw_consent(draft: Draft, command: m.WithdrawConsent) -> None:
    """Take consent back; a parcel on its way there goes to the next rung instead."""
    parcel = _open(draft, command.parcel, command.version)
    hit = [
        its
        for its in parcel.options
        if its.kind is command.kind and command.target in {"", its.target} and its.consented_by
    ]
    if not hit:
        msg = f"there is no consent to {command.kind} on record"
        raise ConsentMissing(msg, subject=m.parcel_name(parcel.id))
    options = tuple(
        replace(its, consented_by="", consented_at=0, evidence="") if its in hit else its
        for its in parcel.options
    )
    draft.tell(
        m.ConsentWithdrawn(
            at=draft.now,
            parcel=parcel.id,
            kind=command.kind,
            target=command.target,
            actor=command.actor,
            evidence=command.evidence,
            options=options,
        )
    )
    _leave_rung(draft, draft.state.parcel(parcel.id))


def _leave_rung(draft: Draft, parcel: Parcel) -> None:
    """Turn a parcel round that is on a rung without consent."""
    leg = draft.state.leg(parcel.leg)
    purpose = leg.purpose
    consented = {Purpose.COLLECTION, Purpose.PERSON, Purpose.SAFE_PLACE}
    if parcel.state is ParcelState.AWAITING_COLLECTION:
        holder = parcel.custodian.id
        if ladder.consent_for(parcel, Purpose.COLLECTION, holder) is None:
            absence.release_return(draft, parcel, NOT_AGREED)
        return
    if purpose not in consented or leg.state in {LegState.PLANNED, LegState.COMPLETED}:
        return
    if purpose is Purpose.PERSON:
        is_agreed = evidence.agreed_person(draft.state, parcel, leg)
    else:
        is_agreed = ladder.consent_for(parcel, purpose, leg.dropoff.hub) is not None
    if is_agreed:
        return
    tour = tour_with(draft, parcel)
    if tour is not None:
        divert(draft, parcel, tour, leg, FailureCode.NOT_ATTEMPTED)
    else:
        pull_back(draft, parcel, NOT_AGREED)


def divert(draft: Draft, parcel: Parcel, tour: Tour, leg: Leg, why: FailureCode) -> None:
    """Send a parcel that a courier has to the next rung."""
    at_stop = next(
        (
            index
            for index, stop in enumerate(tour.stops)
            if any(action.leg == leg.id for action in stop.actions)
        ),
        len(tour.stops) - 1,
    )
    absence.plan_next(draft, parcel, tour, leg, why, at_stop=at_stop)
    custody.complete_if_done(draft, tour.id, draft.now)


def pull_back(draft: Draft, parcel: Parcel, reason: str) -> None:
    """Take a leg that nobody has picked up out of its offer or tour; it waits for a new plan."""
    leg = draft.state.leg(parcel.leg)
    if leg.state is LegState.OFFERED:
        absence.withdraw_offer_of(draft, leg, reason)
    elif leg.state is LegState.ASSIGNED:
        tour = draft.state.live_tour[leg.courier]
        hubs.let_go(draft, leg, reason)
        draft.tell(
            m.LegReassigned(
                at=draft.now,
                parcel=parcel.id,
                leg=leg.id,
                courier=leg.courier,
                tour=tour,
                to=leg.pinned_to,
                actor="",
                reason=reason,
            )
        )
        custody.complete_if_done(draft, tour, draft.now)


# --- another door, another time --------------------------------------------------------


def redirect(draft: Draft, command: m.RedirectParcel) -> None:
    """Send a parcel to another door, or give it another ladder."""
    parcel = _open(draft, command.parcel, command.version)
    if command.dropoff is None and command.options is None:
        raise InvalidValue([Fault("dropoff", "nothing is asked for: give a door or options")])
    if parcel.state is ParcelState.AWAITING_COLLECTION:
        msg = f"parcel {parcel.id} waits at its hub; it is collected there, or returned"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    options = parcel.options if command.options is None else command.options
    _check_ladder(parcel, options)
    new = enumerate(command.options or ())
    _check_targets(draft, {f"options[{index}]": option for index, option in new})
    dropoff = command.dropoff or parcel.dropoff
    if parcel.state in ON_THE_WAY and tour_with(draft, parcel) is None:
        msg = f"parcel {parcel.id} waits to be fetched from its courier"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    if parcel.state not in ON_THE_WAY:
        pull_back(draft, parcel, NEW_DOOR)
    draft.tell(
        m.ParcelRedirected(
            at=draft.now,
            parcel=parcel.id,
            dropoff=dropoff,
            options=options,
            actor=command.actor,
            reason=command.reason,
        )
    )
    fresh = draft.state.parcel(parcel.id)
    tour = tour_with(draft, fresh)
    if tour is not None and dropoff != parcel.dropoff:
        absence.to_door(draft, fresh, tour, NEW_DOOR)
    elif tour is not None:
        _leave_rung(draft, fresh)


def reschedule(draft: Draft, command: m.RescheduleParcel) -> None:
    """Promise another time; what was planned for the old one is planned again."""
    parcel = _open(draft, command.parcel, command.version)
    if parcel.state in {*ON_THE_WAY, ParcelState.AWAITING_COLLECTION}:
        msg = f"parcel {parcel.id} is {parcel.state}: redirect or cancel it instead"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    if command.due_at <= draft.now:
        raise InvalidValue([Fault("due_at", "lies in the past")], subject=m.parcel_name(parcel.id))
    if command.window is not None and command.window.closes_at <= draft.now:
        raise InvalidValue(
            [Fault("window.closes_at", "lies in the past")], subject=m.parcel_name(parcel.id)
        )
    replace(parcel, due_at=command.due_at, window=command.window).check()
    pull_back(draft, parcel, "RESCHEDULED")
    draft.tell(
        m.ParcelRescheduled(
            at=draft.now,
            parcel=parcel.id,
            due_at=command.due_at,
            window=command.window,
            actor=command.actor,
            reason=command.reason,
        )
    )


# --- no delivery at all ----------------------------------------------------------------


def cancel(draft: Draft, command: m.CancelParcel) -> None:
    """Stop a parcel: at once before it has left its origin, else by the way back."""
    parcel = _current(draft, command.parcel, command.version)
    reason = command.reason or "CANCELLED"
    if not parcel.is_open or parcel.state is ParcelState.RETURNING:
        msg = f"parcel {parcel.id} is {parcel.state}: too late to cancel"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    leg = draft.state.leg(parcel.leg)
    tour = tour_with(draft, parcel)
    if tour is not None:
        absence.plan_return(draft, parcel, tour, final=True, reason=reason)
        return
    live = draft.state.live_tour.get(leg.courier) if leg.state is LegState.ASSIGNED else None
    if absence.is_at_origin(parcel):
        absence.withdraw_offer_of(draft, leg, "CANCELLED")
        hubs.let_go(draft, leg, "CANCELLED")
        draft.tell(m.ParcelCancelled(at=draft.now, parcel=parcel.id, reason=reason))
    else:
        absence.release_return(draft, parcel, reason)
    if live is not None:
        custody.complete_if_done(draft, live, draft.now)


def write_off(draft: Draft, command: m.WriteOffParcel) -> None:
    """Declare a parcel lost or disposed of; who had it last answers for it."""
    parcel = draft.state.parcel(command.parcel)
    faults = []
    if command.to not in {ParcelState.LOST, ParcelState.DISPOSED}:
        faults.append(Fault("to", f"{command.to} is neither LOST nor DISPOSED"))
    if not command.reason.strip():
        faults.append(Fault("reason", "is required: say why"))
    if faults:
        raise InvalidValue(faults, subject=m.parcel_name(parcel.id))
    if not parcel.is_open or parcel.custodian.kind is CustodianKind.SENDER:
        msg = f"parcel {parcel.id} is {parcel.state}: only what is in custody is written off"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    why = command.to.value
    pull_back(draft, parcel, why)
    tour = tour_with(draft, parcel)
    hubs.let_go(draft, draft.state.leg(parcel.leg), why)
    draft.tell(
        m.ParcelWrittenOff(
            at=draft.now,
            parcel=parcel.id,
            to=command.to,
            actor=command.actor,
            reason=command.reason,
        )
    )
    if tour is not None:
        custody.complete_if_done(draft, tour.id, draft.now)
