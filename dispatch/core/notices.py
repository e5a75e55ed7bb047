"""What people are told, and why: the notices that each event gives reason for.

Pure, like all rules: a notice names its kind, whom it is for and what to fill in. A pickup code,
a name or a phone is never in it; whoever sends it derives the code and looks the contact up.
Words stand in `dispatch.notices.texts`.
"""

from collections.abc import Callable
from enum import StrEnum
from typing import Any

from dispatch.core import messages as m
from dispatch.core.keeping import code_key, reservation_id
from dispatch.core.model import (
    FailureCode,
    HubKind,
    Instant,
    LegKind,
    Parcel,
    ParcelState,
    Purpose,
    Seconds,
    Value,
)
from dispatch.core.state import State


class NoticeKind(StrEnum):
    """What is told, by the name of its text."""

    COLLECTION_READY = "COLLECTION_READY"
    CODE_REISSUED = "CODE_REISSUED"
    COLLECTION_REMINDER = "COLLECTION_REMINDER"
    COURIER_AT_DOOR = "COURIER_AT_DOOR"
    DOOR_CODE = "DOOR_CODE"
    PROXY_CODE = "PROXY_CODE"
    ATTEMPT_FAILED = "ATTEMPT_FAILED"
    DELIVERED_TO = "DELIVERED_TO"
    RUNNING_LATE = "RUNNING_LATE"
    CONSENT_WITHDRAWN = "CONSENT_WITHDRAWN"
    RETURNING = "RETURNING"
    RETURNED = "RETURNED"


URGENT = frozenset(
    {
        NoticeKind.COURIER_AT_DOOR,
        NoticeKind.DOOR_CODE,
        NoticeKind.PROXY_CODE,
        NoticeKind.CODE_REISSUED,
    }
)
"""Somebody stands there and waits for it: it goes out at night, too."""

GOOD_FOR_S: dict[NoticeKind, Seconds] = {
    NoticeKind.COURIER_AT_DOOR: 900,
    NoticeKind.RUNNING_LATE: 3600,
}
"""How long a notice is worth sending; kinds that are not named, for as long as they are true."""


class Audience(StrEnum):
    """Whom a notice is for."""

    RECIPIENT = "RECIPIENT"
    MERCHANT = "MERCHANT"
    PROXY = "PROXY"


class Notice(Value):
    """Something to tell somebody.

    Attributes
    ----------
    kind, variant
        Which text: ATTEMPT_FAILED has one for each next step, DELIVERED_TO for each receiver,
        COURIER_AT_DOOR one for a courier whom a gate keeps out.
    label
        What people call the parcel: its waybill, else its own id.
    contact
        Pointer to whom it goes in the table of personal data; empty for a merchant.
    hub, hub_kind, hub_compound, hub_contact
        The hub that it speaks of, and the pointer to what people call it; empty for none.
    code_key, code_serial
        Of the code that belongs into it; serial 0 for none.
    until
        The instant that it speaks of; 0 for none.
    receiver
        Pointer to the name of who took it.
    proxy
        Id of the proxy, for a proxy's code.
    """

    kind: NoticeKind
    parcel: str
    label: str
    audience: Audience = Audience.RECIPIENT
    contact: str = ""
    variant: str = ""
    hub: str = ""
    hub_kind: HubKind | None = None
    hub_compound: str = ""
    hub_contact: str = ""
    code_key: str = ""
    code_serial: int = 0
    until: Instant = 0
    receiver: str = ""
    proxy: str = ""


def notices_of(state: State, event: m.Event) -> tuple[Notice, ...]:
    """Return what an event gives reason to tell.

    Parameters
    ----------
    state
        After the event.
    """
    rule = _RULES.get(type(event))
    return () if rule is None else rule(state, event)


def is_overtaken(state: State, notice: Notice) -> bool:
    """Say whether a notice that waits is no longer true, or no longer worth a message.

    Parameters
    ----------
    state
        Of now, when it is about to be sent.
    """
    parcel = state.parcels.get(notice.parcel)
    if parcel is None:
        return True
    code = state.codes.get(notice.code_key) if notice.code_key else None
    if code is not None and code.serial != notice.code_serial:
        return True
    return not _IS_TRUE.get(notice.kind, _always)(state, parcel, notice)


# --- what is still true ----------------------------------------------------------------


def _always(_state: State, _parcel: Parcel, _notice: Notice) -> bool:
    return True


def _is_waiting(_state: State, parcel: Parcel, notice: Notice) -> bool:
    return parcel.state is ParcelState.AWAITING_COLLECTION and parcel.custodian.id == notice.hub


def _is_on_the_way(_state: State, parcel: Parcel, _notice: Notice) -> bool:
    return parcel.is_open and parcel.state is not ParcelState.AWAITING_COLLECTION


def _is_with_courier(_state: State, parcel: Parcel, _notice: Notice) -> bool:
    return parcel.state in {ParcelState.COLLECTED, ParcelState.ATTEMPT_FAILED}


def _is_delivered(_state: State, parcel: Parcel, _notice: Notice) -> bool:
    return parcel.state is ParcelState.DELIVERED


def _is_granted(state: State, parcel: Parcel, notice: Notice) -> bool:
    return parcel.is_open and notice.proxy in state.proxies


_IS_TRUE: dict[NoticeKind, Callable[[State, Parcel, Notice], bool]] = {
    NoticeKind.COLLECTION_READY: _is_waiting,
    NoticeKind.CODE_REISSUED: _is_waiting,
    NoticeKind.COLLECTION_REMINDER: _is_waiting,
    NoticeKind.COURIER_AT_DOOR: _is_with_courier,
    NoticeKind.DOOR_CODE: _is_with_courier,
    NoticeKind.PROXY_CODE: _is_granted,
    NoticeKind.ATTEMPT_FAILED: _is_on_the_way,
    NoticeKind.DELIVERED_TO: _is_delivered,
    NoticeKind.RUNNING_LATE: _is_on_the_way,
}


# --- one rule for each event -----------------------------------------------------------


def _notice(state: State, parcel: Parcel, kind: NoticeKind, **fields: Any) -> Notice:  # noqa: ANN401
    """Return a notice for the recipient, unless ``fields`` say otherwise."""
    hub = state.hubs.get(fields.get("hub", ""))
    if hub is not None:
        fields |= {
            "hub_kind": hub.kind,
            "hub_compound": hub.place.compound,
            "hub_contact": hub.place.contact,
        }
    label = parcel.waybill or parcel.id.partition("/")[2]
    given = {"contact": parcel.dropoff.contact, "label": label, **fields}
    return Notice(kind=kind, parcel=parcel.id, **given)


def _to_merchant(state: State, parcel: Parcel, kind: NoticeKind) -> Notice:
    return _notice(state, parcel, kind, audience=Audience.MERCHANT, contact="")


def _code_minted(state: State, event: m.CodeMinted) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    key = code_key(event.hub, event.recipient)
    code = {"code_key": key, "code_serial": event.serial}
    if not event.hub:
        return (_notice(state, parcel, NoticeKind.DOOR_CODE, **code),)
    # One that comes with its parcel is the first that is heard of both.
    is_new = bool(parcel.custody) and parcel.custody[-1].noted_at == event.at
    kind = NoticeKind.COLLECTION_READY if is_new else NoticeKind.CODE_REISSUED
    return (_notice(state, parcel, kind, hub=event.hub, until=_kept_until(state, parcel), **code),)


def _received(state: State, event: m.ParcelReceivedAtHub) -> tuple[Notice, ...]:
    """Tell of another parcel that the code that is known already collects."""
    parcel = state.parcel(event.parcel)
    key = code_key(event.hub, parcel.recipient)
    code = state.codes.get(key)
    if event.purpose is not Purpose.COLLECTION or code is None:
        return ()
    others = (state.parcels[other] for other in state.stock.get(event.hub, ()))
    if not any(
        other.recipient == parcel.recipient
        and other.id != parcel.id
        and other.state is ParcelState.AWAITING_COLLECTION
        for other in others
    ):
        # Nothing else waits: a new code is minted, which tells of it.
        return ()
    fields = {"hub": event.hub, "until": event.keep_until, "code_key": key}
    kind = NoticeKind.COLLECTION_READY
    return (_notice(state, parcel, kind, code_serial=code.serial, **fields),)


def _kept_until(state: State, parcel: Parcel) -> Instant:
    held = state.reservations.get(reservation_id(parcel.custodian.id, parcel.id))
    return held.until if held is not None else 0


def _overdue(state: State, event: m.SlotOverdue) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    if parcel.state is not ParcelState.AWAITING_COLLECTION or not event.returns_at:
        # Without an instant it goes back now, which is told by another event.
        return ()
    key = code_key(event.hub, parcel.recipient)
    code = state.codes.get(key)
    fields = {"hub": event.hub, "until": event.returns_at}
    if code is not None:
        fields |= {"code_key": key, "code_serial": code.serial}
    return (_notice(state, parcel, NoticeKind.COLLECTION_REMINDER, **fields),)


def _contacted(state: State, event: m.RecipientContacted) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    leg = state.legs.get(parcel.leg)
    is_at_gate = leg is not None and leg.purpose is Purpose.GATE
    variant = Purpose.GATE.value if is_at_gate else ""
    return (_notice(state, parcel, NoticeKind.COURIER_AT_DOOR, variant=variant),)


def _has_failed(parcel: Parcel) -> bool:
    """Whether its recipient has to hear of a visit in vain; who refused it was there."""
    return (
        parcel.state is ParcelState.ATTEMPT_FAILED
        and bool(parcel.attempts)
        and parcel.attempts[-1].failure is not FailureCode.REFUSED
    )


def _diverted(state: State, event: m.ParcelDiverted) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    if not _has_failed(parcel):
        return ()
    fields: dict[str, object] = {"variant": event.purpose.value, "hub": event.stop.place.hub}
    if event.purpose is Purpose.HOLD:
        fields["until"] = event.at + state.policy.reattempt_s
    return (_notice(state, parcel, NoticeKind.ATTEMPT_FAILED, **fields),)


def _return_planned(state: State, event: m.ReturnPlanned) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    last = parcel.attempts[-1].failure if parcel.attempts else None
    told: list[Notice] = []
    if last is not None and last is not FailureCode.REFUSED and event.reason == last:
        purpose = Purpose.RETURN if event.final else Purpose.HOLD
        until = 0 if event.final else event.at + state.policy.reattempt_s
        kind = NoticeKind.ATTEMPT_FAILED
        told.append(_notice(state, parcel, kind, variant=purpose.value, until=until))
    elif event.final and event.reason != FailureCode.REFUSED:
        told.append(_notice(state, parcel, NoticeKind.RETURNING))
    if event.final:
        told.append(_to_merchant(state, parcel, NoticeKind.RETURNING))
    return tuple(told)


def _leg_released(state: State, event: m.LegReleased) -> tuple[Notice, ...]:
    if event.leg.kind is not LegKind.RETURN or event.state is not ParcelState.RETURNING:
        return ()
    parcel = state.parcel(event.parcel)
    return (
        _notice(state, parcel, NoticeKind.RETURNING),
        _to_merchant(state, parcel, NoticeKind.RETURNING),
    )


def _brought_back(state: State, event: m.ParcelBroughtBack) -> tuple[Notice, ...]:
    if event.next_leg is not None:
        return ()
    return (_to_merchant(state, state.parcel(event.parcel), NoticeKind.RETURNED),)


def _delivered(state: State, event: m.ParcelDelivered) -> tuple[Notice, ...]:
    if event.purpose not in {Purpose.PERSON, Purpose.SAFE_PLACE}:
        return ()
    fields = {"variant": event.purpose.value, "receiver": event.receiver}
    return (_notice(state, state.parcel(event.parcel), NoticeKind.DELIVERED_TO, **fields),)


def _collected(state: State, event: m.ParcelCollected) -> tuple[Notice, ...]:
    variant = "PROXY" if event.proxy else "COLLECTED"
    parcel = state.parcel(event.parcel)
    return (_notice(state, parcel, NoticeKind.DELIVERED_TO, variant=variant, hub=event.hub),)


def _corrected(state: State, event: m.OutcomeCorrected) -> tuple[Notice, ...]:
    """Tell a merchant who has heard of a return that there is none."""
    if event.now != ParcelState.DELIVERED.value:
        return ()
    parcel = state.parcel(event.parcel)
    told = {"audience": Audience.MERCHANT, "contact": "", "variant": "CORRECTED"}
    return (_notice(state, parcel, NoticeKind.DELIVERED_TO, **told),)


def _late(state: State, event: m.LatenessForeseen) -> tuple[Notice, ...]:
    parcel, leg = state.parcel(event.parcel), state.leg(event.leg)
    if leg.kind is not LegKind.FORWARD:
        return ()
    return (_notice(state, parcel, NoticeKind.RUNNING_LATE, until=event.eta_at),)


def _proxy_granted(state: State, event: m.ProxyGranted) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    is_waiting = parcel.state is ParcelState.AWAITING_COLLECTION
    fields = {
        "hub": parcel.custodian.id if is_waiting else "",
        "until": event.until,
        "proxy": event.proxy,
        "code_key": f"proxy~{event.proxy}",
        "code_serial": 1,
    }
    if event.contact:
        fields |= {"contact": event.contact, "audience": Audience.PROXY}
    return (_notice(state, parcel, NoticeKind.PROXY_CODE, **fields),)


def _consent_withdrawn(state: State, event: m.ConsentWithdrawn) -> tuple[Notice, ...]:
    parcel = state.parcel(event.parcel)
    return (_notice(state, parcel, NoticeKind.CONSENT_WITHDRAWN, variant=event.kind.value),)


_RULES: dict[type[m.Event], Callable[[State, Any], tuple[Notice, ...]]] = {
    m.CodeMinted: _code_minted,
    m.ParcelReceivedAtHub: _received,
    m.SlotOverdue: _overdue,
    m.RecipientContacted: _contacted,
    m.ParcelDiverted: _diverted,
    m.ReturnPlanned: _return_planned,
    m.LegReleased: _leg_released,
    m.ParcelBroughtBack: _brought_back,
    m.ParcelDelivered: _delivered,
    m.ParcelCollected: _collected,
    m.OutcomeCorrected: _corrected,
    m.LatenessForeseen: _late,
    m.ProxyGranted: _proxy_granted,
    m.ConsentWithdrawn: _consent_withdrawn,
}

NOTIFYING = frozenset(_RULES)
"""Events that may give reason for a notice."""
