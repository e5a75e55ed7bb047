"""Who is told what, and when a message that waits is no longer worth sending."""

from typing import Any

import msgspec
import pytest
from immutables import Map

from dispatch.codes import proxy_key
from dispatch.core import messages as m
from dispatch.core.keeping import (
    Code,
    Proxy,
    Reservation,
    ReservationState,
    code_key,
    reservation_id,
)
from dispatch.core.model import (
    ActionKind,
    Attempt,
    Custodian,
    CustodianKind,
    FailureCode,
    Holding,
    HubKind,
    Leg,
    LegKind,
    OptionKind,
    Parcel,
    ParcelState,
    Purpose,
    SizeClass,
    Stop,
    StopAction,
)
from dispatch.core.notices import Audience, Notice, NoticeKind, is_overtaken, notices_of
from dispatch.core.policy import Policy
from dispatch.core.state import State
from tests.core.town import HOUR, NOON, ZONE, a_hub, a_parcel, place

AT_BOOTH = Custodian(kind=CustodianKind.HUB, id="booth")
DOOR = place(400, door_key="d1", contact="z/p1#dropoff")
KEY = code_key("booth", "d1")
BOOTH = a_hub("booth", kind=HubKind.BOOTH, place=place(50, hub="booth", compound="Garden"))
STOP = Stop(
    place=BOOTH.place,
    actions=(StopAction(leg="m/p1/2", kind=ActionKind.DROPOFF),),
    arrives_at=NOON,
    leaves_at=NOON,
    travel_s=0,
    distance_m=0,
)
SCAN: dict[str, Any] = {"leg": "m/p1/1", "courier": "ann", "tour": "t1", "happened_at": NOON - 9}


def a_leg(kind: LegKind = LegKind.FORWARD) -> Leg:
    """Give the parcel's next leg."""
    return Leg(id="m/p1/2", parcel="m/p1", kind=kind, pickup=DOOR, dropoff=DOOR, not_before=NOON)


def a_state(parcel: Parcel, **fields: Any) -> State:
    """Give a zone with one parcel, its booth, and the slot that it stands in."""
    slot = Reservation(
        hub="booth",
        parcel="m/p1",
        size_class=SizeClass.S,
        purpose=Purpose.COLLECTION,
        since=NOON,
        until=NOON + 24 * HOUR,
        state=ReservationState.OCCUPIED,
    )
    return State(
        zone=ZONE,
        policy=Policy(reattempt_s=HOUR),
        parcels=Map({parcel.id: parcel}),
        hubs=Map({"booth": BOOTH}),
        legs=Map({"m/p1/2": a_leg()}),
        reservations=Map({reservation_id("booth", "m/p1"): slot}),
        **fields,
    )


def waiting(noted_at: int = NOON) -> Parcel:
    """Give a parcel that its recipient can collect from the booth."""
    holding = Holding(custodian=AT_BOOTH, since=noted_at, noted_at=noted_at)
    return a_parcel(
        "p1",
        dropoff=DOOR,
        state=ParcelState.AWAITING_COLLECTION,
        custodian=AT_BOOTH,
        custody=(holding,),
    )


def failed(failure: FailureCode = FailureCode.ABSENT) -> Parcel:
    """Give a parcel that its courier has just tried to hand over in vain."""
    return a_parcel(
        "p1",
        dropoff=DOOR,
        state=ParcelState.ATTEMPT_FAILED,
        attempts=(Attempt(at=NOON, courier="ann", failure=failure),),
    )


def in_state(state: ParcelState) -> Parcel:
    """Give a parcel in some state."""
    return a_parcel("p1", dropoff=DOOR, waybill="W-7", state=state)


def kinds(notices: tuple[Notice, ...]) -> list[tuple[NoticeKind, str, Audience]]:
    """Return kind, variant and audience of each."""
    return [(notice.kind, notice.variant, notice.audience) for notice in notices]


# --- collection ------------------------------------------------------------------------


def test_a_code_that_comes_with_its_parcel_says_that_it_is_ready() -> None:
    """With the hub, until when it is kept, and which code: by serial, never the code itself."""
    event = m.CodeMinted(at=NOON, hub="booth", recipient="d1", parcel="m/p1", serial=3)
    (notice,) = notices_of(a_state(waiting()), event)
    assert notice == Notice(
        kind=NoticeKind.COLLECTION_READY,
        parcel="m/p1",
        label="p1",
        contact=DOOR.contact,
        hub="booth",
        hub_kind=HubKind.BOOTH,
        hub_compound="Garden",
        code_key=KEY,
        code_serial=3,
        until=NOON + 24 * HOUR,
    )


def test_a_code_that_comes_later_replaces_the_old_one() -> None:
    """The parcel was there before: the recipient knows of it."""
    event = m.CodeMinted(at=NOON + 60, hub="booth", recipient="d1", parcel="m/p1", serial=2)
    (notice,) = notices_of(a_state(waiting()), event)
    assert notice.kind is NoticeKind.CODE_REISSUED


def test_a_second_parcel_is_told_with_the_code_that_is_known() -> None:
    """One code for each recipient and hub: nothing is minted, and still somebody must be told."""
    event = m.ParcelReceivedAtHub(
        at=NOON,
        parcel="m/p1",
        leg="m/p1/1",
        hub="booth",
        giver=Custodian(kind=CustodianKind.COURIER, id="ann"),
        actor="guard",
        purpose=Purpose.COLLECTION,
        shelf="A1",
        keep_until=NOON + HOUR,
        happened_at=NOON,
    )
    known = Map({KEY: Code(serial=4, minted_at=NOON - HOUR)})
    alone = a_state(waiting(), codes=known, stock=Map({"booth": Map({"m/p1": None})}))
    assert notices_of(alone, event) == ()
    other = msgspec.structs.replace(waiting(), id="m/p0")
    both = msgspec.structs.replace(
        alone,
        parcels=alone.parcels.set("m/p0", other),
        stock=Map({"booth": Map({"m/p0": None, "m/p1": None})}),
    )
    (notice,) = notices_of(both, event)
    assert (notice.kind, notice.code_serial) == (NoticeKind.COLLECTION_READY, 4)
    assert notice.until == NOON + HOUR
    assert notices_of(a_state(waiting()), event) == ()
    relayed = msgspec.structs.replace(event, purpose=Purpose.RELAY)
    assert notices_of(both, relayed) == ()


def test_who_has_not_come_is_reminded() -> None:
    """Of a parcel that waits for its recipient; one that is held for a courier is nobody's."""
    event = m.SlotOverdue(at=NOON, hub="booth", parcel="m/p1", returns_at=NOON + HOUR)
    codes = Map({KEY: Code(serial=1, minted_at=NOON)})
    (notice,) = notices_of(a_state(waiting(), codes=codes), event)
    assert (notice.kind, notice.until) == (NoticeKind.COLLECTION_REMINDER, NOON + HOUR)
    assert (notice.code_key, notice.code_serial) == (KEY, 1)
    assert notices_of(a_state(in_state(ParcelState.AT_HUB)), event) == ()


def test_what_was_collected_is_confirmed() -> None:
    """To its recipient, who may have given the code to somebody."""
    event = m.ParcelCollected(
        at=NOON, parcel="m/p1", hub="booth", actor="guard", proof="CODE", happened_at=NOON
    )
    state = a_state(in_state(ParcelState.DELIVERED))
    assert kinds(notices_of(state, event)) == [
        (NoticeKind.DELIVERED_TO, "COLLECTED", Audience.RECIPIENT)
    ]
    by_proxy = msgspec.structs.replace(event, proxy="x1")
    assert kinds(notices_of(state, by_proxy)) == [
        (NoticeKind.DELIVERED_TO, "PROXY", Audience.RECIPIENT)
    ]


def test_a_merchant_hears_that_nothing_comes_back_after_all() -> None:
    """Told of a failure before, the sender is told when the report was wrong."""
    event = m.OutcomeCorrected(
        at=NOON,
        parcel="m/p1",
        leg="m/p1/1",
        courier="ann",
        tour="t1",
        was="REFUSED",
        now="DELIVERED",
        custodian=Custodian(kind=CustodianKind.RECIPIENT),
        actor="ann",
        reason="wrong button",
    )
    state = a_state(in_state(ParcelState.DELIVERED))
    assert kinds(notices_of(state, event)) == [
        (NoticeKind.DELIVERED_TO, "CORRECTED", Audience.MERCHANT)
    ]
    other_way = msgspec.structs.replace(event, was="DELIVERED", now="ABSENT")
    assert notices_of(state, other_way) == ()


def test_a_proxy_gets_a_code_of_its_own() -> None:
    """By the pointer that was given; without one the recipient gets it, to pass it on."""
    event = m.ProxyGranted(
        at=NOON, parcel="m/p1", proxy="x1", until=NOON + HOUR, contact="z/p1#proxy"
    )
    (notice,) = notices_of(a_state(waiting()), event)
    assert (notice.audience, notice.contact) == (Audience.PROXY, "z/p1#proxy")
    assert (notice.code_key, notice.code_serial) == (proxy_key("x1"), 1)
    assert notice.hub == "booth"
    alone = msgspec.structs.replace(event, contact="")
    (notice,) = notices_of(a_state(in_state(ParcelState.COLLECTED)), alone)
    assert (notice.audience, notice.contact) == (Audience.RECIPIENT, DOOR.contact)
    assert notice.hub == ""


# --- at the door -----------------------------------------------------------------------


def test_a_door_code_and_a_knock_are_told() -> None:
    """An empty hub stands for the parcel's own door."""
    state = a_state(in_state(ParcelState.COLLECTED))
    minted = m.CodeMinted(at=NOON, hub="", recipient="m/p1", parcel="m/p1", serial=1)
    (notice,) = notices_of(state, minted)
    assert (notice.kind, notice.code_key) == (NoticeKind.DOOR_CODE, code_key("", "m/p1"))
    assert notice.label == "W-7"
    knock = m.RecipientContacted(at=NOON, parcel="m/p1", courier="ann", tour="t1")
    assert kinds(notices_of(state, knock)) == [(NoticeKind.COURIER_AT_DOOR, "", Audience.RECIPIENT)]


@pytest.mark.parametrize(
    ("purpose", "until"),
    [(Purpose.COLLECTION, 0), (Purpose.HOLD, NOON + HOUR), (Purpose.PERSON, 0)],
)
def test_a_failed_attempt_says_what_comes_next(purpose: Purpose, until: int) -> None:
    """Which is known with the next rung, not with the failure."""
    event = m.ParcelDiverted(
        at=NOON,
        parcel="m/p1",
        leg=a_leg(),
        tour="t1",
        stop=STOP,
        purpose=purpose,
        reason="ABSENT",
    )
    (notice,) = notices_of(a_state(failed()), event)
    assert (notice.kind, notice.variant) == (NoticeKind.ATTEMPT_FAILED, purpose.value)
    assert (notice.hub, notice.until) == ("booth", until)
    # Who refused a parcel was there, and who redirected one knows.
    assert notices_of(a_state(failed(FailureCode.REFUSED)), event) == ()
    assert notices_of(a_state(in_state(ParcelState.COLLECTED)), event) == ()


def test_a_return_is_told_on_both_ends() -> None:
    """The merchant hears of it when it is for good; a second attempt is the recipient's affair."""
    event = m.ReturnPlanned(
        at=NOON, parcel="m/p1", leg=a_leg(LegKind.RETURN), tour="t1", stop=STOP, final=True
    )
    event = msgspec.structs.replace(event, reason="ABSENT")
    assert kinds(notices_of(a_state(failed()), event)) == [
        (NoticeKind.ATTEMPT_FAILED, "RETURN", Audience.RECIPIENT),
        (NoticeKind.RETURNING, "", Audience.MERCHANT),
    ]
    again = msgspec.structs.replace(event, final=False)
    (notice,) = notices_of(a_state(failed()), again)
    assert (notice.variant, notice.until) == ("HOLD", NOON + HOUR)
    cancelled = msgspec.structs.replace(event, reason="CANCELLED")
    assert kinds(notices_of(a_state(failed()), cancelled)) == [
        (NoticeKind.RETURNING, "", Audience.RECIPIENT),
        (NoticeKind.RETURNING, "", Audience.MERCHANT),
    ]
    refused = msgspec.structs.replace(event, reason="REFUSED")
    assert kinds(notices_of(a_state(failed(FailureCode.REFUSED)), refused)) == [
        (NoticeKind.RETURNING, "", Audience.MERCHANT)
    ]
    overdue = m.LegReleased(
        at=NOON,
        parcel="m/p1",
        leg=a_leg(LegKind.RETURN),
        reason="OVERDUE",
        state=ParcelState.RETURNING,
    )
    assert kinds(notices_of(a_state(waiting()), overdue)) == [
        (NoticeKind.RETURNING, "", Audience.RECIPIENT),
        (NoticeKind.RETURNING, "", Audience.MERCHANT),
    ]
    rescued = msgspec.structs.replace(overdue, leg=a_leg(), state=None)
    assert notices_of(a_state(waiting()), rescued) == ()


def test_the_merchant_hears_when_a_parcel_is_back() -> None:
    """For good; one that is tried again is not."""
    event = m.ParcelBroughtBack(at=NOON, parcel="m/p1", custodian=AT_BOOTH, **SCAN)
    state = a_state(in_state(ParcelState.RETURNED))
    assert kinds(notices_of(state, event)) == [(NoticeKind.RETURNED, "", Audience.MERCHANT)]
    assert notices_of(state, msgspec.structs.replace(event, next_leg=a_leg())) == ()


def test_a_delivery_elsewhere_is_told_and_one_at_the_door_is_not() -> None:
    """Who stood at the door knows."""
    state = a_state(in_state(ParcelState.DELIVERED))
    for purpose, expected in (
        (Purpose.DOOR, []),
        (Purpose.PERSON, ["PERSON"]),
        (Purpose.SAFE_PLACE, ["SAFE_PLACE"]),
    ):
        event = m.ParcelDelivered(at=NOON, parcel="m/p1", purpose=purpose, **SCAN)
        assert [notice.variant for notice in notices_of(state, event)] == expected


def test_lateness_and_withdrawn_consent_are_told() -> None:
    """Lateness with the instant that is expected now."""
    state = a_state(in_state(ParcelState.COLLECTED))
    late = m.LatenessForeseen(
        at=NOON,
        parcel="m/p1",
        courier="ann",
        tour="t1",
        leg="m/p1/2",
        eta_at=NOON + HOUR,
        due_at=NOON,
    )
    (notice,) = notices_of(state, late)
    assert (notice.kind, notice.until) == (NoticeKind.RUNNING_LATE, NOON + HOUR)
    withdrawn = m.ConsentWithdrawn(
        at=NOON,
        parcel="m/p1",
        kind=OptionKind.HUB,
        target="",
        actor="recipient",
        evidence="sms",
        options=(),
    )
    (notice,) = notices_of(state, withdrawn)
    assert (notice.kind, notice.variant) == (NoticeKind.CONSENT_WITHDRAWN, "HUB")


def test_other_events_tell_nobody() -> None:
    """Most of what happens is not a recipient's affair."""
    state = a_state(in_state(ParcelState.READY))
    assert notices_of(state, m.ParcelReady(at=NOON, parcel="m/p1")) == ()


# --- overtaken -------------------------------------------------------------------------


def a_notice(kind: NoticeKind, **fields: Any) -> Notice:
    """Give a notice about the parcel."""
    return Notice(kind=kind, parcel="m/p1", label="p1", contact=DOOR.contact, **fields)


def test_a_message_with_an_old_code_is_overtaken() -> None:
    """A reissued code is told by a message of its own, and the old one must not follow it."""
    codes = Map({KEY: Code(serial=2, minted_at=NOON)})
    state = a_state(waiting(), codes=codes)
    for serial in (1, 2):
        notice = a_notice(
            NoticeKind.COLLECTION_READY, hub="booth", code_key=KEY, code_serial=serial
        )
        assert is_overtaken(state, notice) is (serial == 1)


@pytest.mark.parametrize(
    ("kind", "state", "expected"),
    [
        (NoticeKind.COLLECTION_REMINDER, ParcelState.DELIVERED, True),
        (NoticeKind.COURIER_AT_DOOR, ParcelState.COLLECTED, False),
        (NoticeKind.COURIER_AT_DOOR, ParcelState.DELIVERED, True),
        (NoticeKind.ATTEMPT_FAILED, ParcelState.ATTEMPT_FAILED, False),
        (NoticeKind.ATTEMPT_FAILED, ParcelState.AWAITING_COLLECTION, True),
        (NoticeKind.RUNNING_LATE, ParcelState.DELIVERED, True),
        (NoticeKind.DELIVERED_TO, ParcelState.DELIVERED, False),
        (NoticeKind.DELIVERED_TO, ParcelState.ATTEMPT_FAILED, True),
        (NoticeKind.RETURNED, ParcelState.RETURNED, False),
    ],
)
def test_what_is_no_longer_true_is_overtaken(
    kind: NoticeKind, state: ParcelState, *, expected: bool
) -> None:
    """By the state of the parcel when the message is about to go out."""
    assert is_overtaken(a_state(in_state(state)), a_notice(kind)) is expected


def test_a_revoked_proxy_gets_no_code() -> None:
    """Nor does one whose parcel is gone."""
    notice = a_notice(NoticeKind.PROXY_CODE, proxy="x1")
    granted = Map({"x1": Proxy(id="x1", parcel="m/p1", expires_at=NOON + HOUR)})
    assert not is_overtaken(a_state(waiting(), proxies=granted), notice)
    assert is_overtaken(a_state(waiting()), notice)
    assert is_overtaken(State(zone=ZONE), notice)
