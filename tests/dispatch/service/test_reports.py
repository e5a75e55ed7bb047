import json
import uuid
from dataclasses import replace
from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.core.keeping import code_key
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import parcels_pb2, types_pb2
from tests.dispatch.service.errands import (
    AT_DOOR,
    CAI,
    MART,
    TO_MART,
    Action,
    Disposition,
    absent,
    errand,
    event,
)
from tests.dispatch.service.house import NETWORK, NOON, SHOP, SIGNED, House, place, refusal

Code = grpc.StatusCode
State = parcels_pb2.Parcel.State
Kind = types_pb2.ProofKind
Outcome = pb.StopEvent.Outcome
HOUR = 3600
LEG = f"{SHOP}/parcels/p1/legs/1"
RITA = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")


def _happened(house: House, kind: str) -> list[int]:
    return [
        json.loads(row.payload)["happened_at"]
        for row in house.log.read(limit=1000)
        if row.type == kind
    ]


def _pin(code: str) -> list[types_pb2.Proof]:
    return [types_pb2.Proof(kind=Kind.PIN, value=code)]


async def test_a_clock_an_hour_off_is_put_right(house: House) -> None:
    """All times of a batch move by what the phone's clock differs; their order stays."""
    one = await errand(house)
    house.clock.instant = NOON + 600
    for ahead_s in (HOUR, -HOUR):
        events = [
            event(0, Action.PICK_UP, NOON + 100 + ahead_s),
            event(1, Action.DROP_OFF, NOON + 500 + ahead_s, proofs=SIGNED),
        ]
        await one.report(*reversed(events), sent_time={"seconds": NOON + 600 + ahead_s})
    assert _happened(house, "ParcelPickedUp") == [NOON + 100]
    assert _happened(house, "ParcelDelivered") == [NOON + 500]


async def test_a_clock_that_is_nearly_right_is_left_alone(house: House) -> None:
    """Two minutes are no error; without a sent_time the service believes the phone."""
    one = await errand(house)
    house.clock.instant = NOON + 600
    await one.report(event(0, Action.PICK_UP, NOON + 100), sent_time={"seconds": NOON + 540})
    assert _happened(house, "ParcelPickedUp") == [NOON + 100]


async def test_a_drop_off_may_come_before_its_pickup(house: House) -> None:
    """Two batches in the wrong order end as one delivery, each with its own time."""
    one = await errand(house)
    house.clock.instant = NOON + 600
    late = event(1, Action.DROP_OFF, NOON + 500, proofs=SIGNED)
    await one.recorded(late)
    assert (await house.seen(one.parcel)).state != State.DELIVERED
    await one.recorded(event(0, Action.PICK_UP, NOON + 100))
    assert (await house.seen(one.parcel)).state == State.DELIVERED
    [again] = await one.report(late)
    assert again.disposition == Disposition.DUPLICATE


async def test_a_day_offline_is_told_at_its_end(house: House) -> None:
    """Hours later, in any order and twice: each event counts at its own time, once."""
    one = replace(await errand(house), phone=house.token(Role.COURIER, "cai"))
    house.clock.instant = NOON + 9 * HOUR
    events = [
        event(0, Action.ARRIVE, NOON + 40),
        event(0, Action.PICK_UP, NOON + 60),
        event(1, Action.ARRIVE, NOON + 200),
        event(1, Action.DROP_OFF, NOON + 240, proofs=SIGNED),
    ]
    sent = {"seconds": NOON + 9 * HOUR}
    first = await one.report(*reversed(events), sent_time=sent)
    assert {each.disposition for each in first} == {Disposition.RECORDED}
    second = await one.report(*events, sent_time=sent)
    assert {each.disposition for each in second} == {Disposition.DUPLICATE}
    assert _happened(house, "ParcelDelivered") == [NOON + 240]
    assert (await house.seen(one.parcel)).state == State.DELIVERED


async def test_a_door_code_is_compared_and_forgotten(house: House) -> None:
    """Where its merchant asks for a PIN only the recipient's opens; it stands nowhere."""
    one = await errand(house, dropoff_proofs=[Kind.PIN])
    house.clock.instant = NOON + 100
    await one.recorded(event(0, Action.PICK_UP))
    code = house.code(code_key("", "shop/p1"))
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    [slip] = await one.report(event(1, Action.DROP_OFF, NOON + 50, proofs=_pin(code[:5])))
    assert "is not six digits" in slip.status.message
    [refused] = await one.report(event(1, Action.DROP_OFF, NOON + 50, proofs=_pin(wrong)))
    assert "WRONG_CODE" in str(refused.status)
    [refused] = await one.report(event(1, Action.DROP_OFF, NOON + 50, proofs=SIGNED))
    assert "PROOF_MISSING" in str(refused.status)
    await one.recorded(event(1, Action.DROP_OFF, NOON + 50, proofs=_pin(code)))
    rows = house.log.read(limit=1000)
    assert not [row for row in rows if code in row.payload]


async def test_a_door_code_is_not_guessed(house: House) -> None:
    """After five wrong ones not even the right one is looked at for a while."""
    one = await errand(house, dropoff_proofs=[Kind.PIN])
    house.clock.instant = NOON + 100
    await one.recorded(event(0, Action.PICK_UP))
    code = house.code(code_key("", "shop/p1"))
    wrong = f"{(int(code) + 1) % 10**6:06d}"
    for told in ("12345", *[wrong] * 5):
        await one.report(event(1, Action.DROP_OFF, NOON + 50, proofs=_pin(told)))
    [locked] = await one.report(event(1, Action.DROP_OFF, NOON + 50, proofs=_pin(code)))
    assert locked.status.code == Code.RESOURCE_EXHAUSTED.value[0]
    assert "PIN_ATTEMPTS" in str(locked.status)
    house.clock.instant = NOON + 800
    await one.recorded(event(1, Action.DROP_OFF, NOON + 790, proofs=_pin(code)))


async def test_who_took_it_is_personal_data(house: House) -> None:
    """The name stands in the table of personal data; events have a pointer to it."""
    one = await errand(house)
    house.clock.instant = NOON + 100
    named = [types_pb2.Proof(kind=Kind.RECEIVER_NAME, value="Uncle Quirin Zwetschge")]
    await one.recorded(event(0, Action.PICK_UP), event(1, Action.DROP_OFF, NOON + 50, proofs=named))
    rows = house.log.read(limit=1000)
    assert "Zwetschge" not in str(rows)
    [done] = [json.loads(row.payload) for row in rows if row.type == "ParcelDelivered"]
    [row] = house.log.personal([done["receiver"]]).values()
    assert "Zwetschge" in row.payload


async def test_a_delivery_two_kilometres_away_is_refused(house: House) -> None:
    """OUTSIDE_GEOFENCE, however inexact the phone says its position is."""
    one = await errand(house)
    house.clock.instant = NOON + 100
    await one.recorded(event(0, Action.PICK_UP))
    far = place(22).point
    fields: dict[str, Any] = {"proofs": SIGNED, "point": far, "accuracy_meters": 8}
    [refused] = await one.report(event(1, Action.DROP_OFF, NOON + 50, **fields))
    assert "OUTSIDE_GEOFENCE" in str(refused.status)
    assert (await house.seen(one.parcel)).state == State.COLLECTED
    near = {**fields, "point": place(2).point}
    await one.recorded(event(1, Action.DROP_OFF, NOON + 50, **near))


async def test_a_recipient_is_told_before_an_attempt_counts(house: House) -> None:
    """ContactRecipient gives the receipt, and the wait runs from it."""
    one = await errand(house, dropoff=place(2, contact=RITA))
    house.clock.instant = NOON + 60
    await one.recorded(event(0, Action.PICK_UP), event(1, Action.ARRIVE, NOON + 50))
    ask = pb.ContactRecipientRequest(name=one.tour.name, leg=LEG, request_id=str(uuid.uuid4()))
    for _ in range(2):
        told = await house.phone.ContactRecipient(ask, metadata=one.phone)
        assert told.contact_time.seconds == NOON + 60
    fields: dict[str, Any] = {
        "outcome": Outcome.FAILED,
        "failure_code": types_pb2.FailureCode.ABSENT,
        "point": place(2).point,
    }
    house.clock.instant = NOON + 200
    [refused] = await one.report(event(1, Action.DROP_OFF, NOON + 170, **fields))
    assert "PROOF_MISSING" in str(refused.status)
    await one.recorded(event(1, Action.DROP_OFF, NOON + 185, **fields))
    assert (await house.seen(one.parcel)).attempts[0].failure_code == types_pb2.FailureCode.ABSENT


async def test_a_wrong_report_is_corrected_within_half_an_hour(house: House) -> None:
    """Reported as given, and was not: the parcel is the courier's again; later it is TOO_LATE."""
    one = await errand(house)
    house.clock.instant = NOON + 100
    await one.recorded(
        event(0, Action.PICK_UP), event(1, Action.DROP_OFF, NOON + 90, proofs=SIGNED)
    )
    ask = pb.CorrectStopEventRequest(
        name=one.tour.name,
        leg=LEG,
        outcome=Outcome.FAILED,
        failure_code=types_pb2.FailureCode.REFUSED,
        reason="WRONG_BUTTON",
        request_id=str(uuid.uuid4()),
    )
    code, _, _ = await refusal(house.phone.CorrectStopEvent(ask, metadata=house.shop))
    assert code is Code.PERMISSION_DENIED
    for fields, path in (
        ({"reason": ""}, "reason"),
        ({"reason": "pressed the wrong one"}, "reason"),
        ({"outcome": 0}, "outcome"),
        ({"failure_code": 0}, "failure_code"),
        ({"leg": "l"}, "leg"),
    ):
        bad = pb.CorrectStopEventRequest()
        bad.CopyFrom(ask)
        for field, value in fields.items():
            setattr(bad, field, value)
        _, _, found = await refusal(house.phone.CorrectStopEvent(bad, metadata=one.phone))
        assert path in found
    for _ in range(2):
        await house.phone.CorrectStopEvent(ask, metadata=one.phone)
    seen = await house.seen(one.parcel)
    assert seen.custody.custodian == CAI
    assert house.types().count("OutcomeCorrected") == 1
    house.clock.instant = NOON + 100 + 1801
    given = pb.CorrectStopEventRequest(
        name=one.tour.name, leg=LEG, outcome=Outcome.SUCCEEDED, proofs=SIGNED, reason="SORRY"
    )
    code, reason, _ = await refusal(house.phone.CorrectStopEvent(given, metadata=one.phone))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "TOO_LATE")


async def test_positions_are_used_and_not_kept(house: House) -> None:
    """The last good one moves the expected arrival; the log holds none of them."""
    one = await errand(house)
    await one.recorded(event(0, Action.PICK_UP))
    before = (await house.seen(one.parcel)).eta.p50_time.seconds
    far = place(52).point
    points = [
        {"fix_time": {"seconds": NOON + 30}, "point": far, "accuracy_meters": 9},
        {"fix_time": {"seconds": NOON + 40}, "point": place(2).point, "mocked": True},
        {"fix_time": {"seconds": NOON + 50}, "point": place(2).point, "accuracy_meters": 900},
        {"fix_time": {"seconds": NOON + 9000}, "point": place(2).point},
        {"fix_time": {"seconds": NOON - 9000}, "point": place(2).point},
    ]
    house.clock.instant = NOON + 60
    ask = pb.ReportLocationsRequest(name=CAI, points=points)
    answer = await house.phone.ReportLocations(ask, metadata=one.phone)
    assert answer.accepted_count == 1
    assert answer.next_duration.seconds > 0
    assert (await house.seen(one.parcel)).eta.p50_time.seconds > before
    assert str(far.latitude) not in str(house.log.read(limit=1000))


@pytest.mark.parametrize(
    ("points", "path"),
    [
        ([], "points"),
        ([{}] * 101, "points"),
        ([{"fix_time": {"seconds": NOON}}], "points[0].point"),
        ([{"point": {"latitude": 1}}], "points[0].fix_time"),
        ([{"fix_time": {"seconds": NOON}, "point": {"latitude": 91}}], "points[0].point.latitude"),
        (
            [{"fix_time": {"seconds": NOON}, "point": {}, "accuracy_meters": -1}],
            "points[0].accuracy_meters",
        ),
    ],
)
async def test_a_bad_position_is_named(
    house: House, points: list[dict[str, Any]], path: str
) -> None:
    """A phone that sends nonsense hears which."""
    cai = await house.courier()
    ask = pb.ReportLocationsRequest(name=CAI, points=points)
    code, _, found = await refusal(house.phone.ReportLocations(ask, metadata=cai))
    assert (code, found) == (Code.INVALID_ARGUMENT, [path])


async def test_a_courier_reports_for_no_other(house: House) -> None:
    """Tours, parcels and positions of others are out of reach, and so are counters'."""
    one = await errand(house)
    bea = await house.courier("bea")
    twin = house.token(Role.COURIER, "cai", "twin")
    for stranger in (bea, twin, house.shop, one.till):
        for call in (
            house.phone.ContactRecipient(
                pb.ContactRecipientRequest(name=one.tour.name), metadata=stranger
            ),
            house.phone.CorrectStopEvent(
                pb.CorrectStopEventRequest(name=one.tour.name), metadata=stranger
            ),
            house.phone.GiveParcel(pb.GiveParcelRequest(name=CAI), metadata=stranger),
            house.phone.ReportLocations(pb.ReportLocationsRequest(name=CAI), metadata=stranger),
        ):
            code, _, _ = await refusal(call)
            assert code is Code.PERMISSION_DENIED
    # A scan of a parcel that the scanner never had, whether it exists or not.
    for parcel in (one.parcel, f"{SHOP}/parcels/none"):
        give = pb.GiveParcelRequest(name=f"{NETWORK}/couriers/bea", parcel=parcel, taker=CAI)
        code, _, _ = await refusal(house.phone.GiveParcel(give, metadata=bea))
        assert code is Code.PERMISSION_DENIED


async def test_whoever_brings_a_parcel_to_a_hub_has_nobody_to_call(house: House) -> None:
    """On the way to the shop the courier no longer sees the recipient's phone or door."""
    one = await errand(
        house, dropoff=place(2, contact=RITA, room="9B"), delivery_options=[AT_DOOR, TO_MART]
    )
    ask = parcels_pb2.GetParcelRequest(name=one.parcel)
    seen = await house.parcels.GetParcel(ask, metadata=one.phone)
    assert seen.dropoff.contact == RITA
    await absent(one)
    seen = await house.parcels.GetParcel(ask, metadata=one.phone)
    assert seen.dropoff.hub == MART
    assert "Rita" not in str(seen)
    assert "9B" not in str(seen)
    assert (await house.seen(one.parcel)).dropoff.contact == RITA
