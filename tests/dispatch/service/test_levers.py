import uuid
from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import dispatching_pb2 as pb
from dispatch.v1 import hubs_pb2, parcels_pb2, types_pb2
from tests.dispatch.service.errands import CAI, MART, Action, Disposition, errand, event
from tests.dispatch.service.house import NETWORK, NOON, SHOP, House, place, refusal

Code = grpc.StatusCode
BEA = f"{NETWORK}/couriers/bea"
ZONE = f"{NETWORK}/zones/all"
LEG = f"{SHOP}/parcels/p1/legs/1"
RITA = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")


async def test_a_leg_is_pinned_and_unpinned(house: House) -> None:
    """Only that courier is asked; the log says who did it and why, the answer shows nobody."""
    await house.create(1, dropoff=place(2, contact=RITA))
    await house.courier("bea")
    cai = await house.courier()
    ask = pb.PinLegRequest(
        name=LEG, courier=BEA, reason="knows the house", request_id=str(uuid.uuid4())
    )
    answers = [await house.dispatch.PinLeg(ask, metadata=house.dispatcher) for _ in range(2)]
    assert answers[0] == answers[1]
    assert (answers[0].pinned, answers[0].pinned_courier) == (True, BEA)
    assert "Rita" not in str(answers)
    await house.phone.GoOnline(app.GoOnlineRequest(name=CAI), metadata=cai)
    assert not (await house.plan()).offers
    [row] = [row for row in house.log.read(limit=100) if row.type == "LegPinned"]
    assert "knows the house" in row.payload
    assert f"{NETWORK}/dispatchers/dora" in row.payload
    free = await house.dispatch.UnpinLeg(
        pb.UnpinLegRequest(name=LEG, reason="she is ill"), metadata=house.dispatcher
    )
    assert not free.pinned
    assert len((await house.plan()).offers) == 1


async def test_a_leg_is_taken_from_its_courier(house: House) -> None:
    """It waits again, and its recipient is no longer shown to the courier it was taken from."""
    one = await errand(house, dropoff=place(2, contact=RITA))
    ask = pb.ReassignLegRequest(name=LEG, reason="puncture", request_id=str(uuid.uuid4()))
    answers = [await house.dispatch.ReassignLeg(ask, metadata=house.dispatcher) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].state == parcels_pb2.Leg.State.PLANNED
    assert answers[0].courier == ""
    code, _, _ = await refusal(
        house.parcels.GetParcel(parcels_pb2.GetParcelRequest(name=one.parcel), metadata=one.phone)
    )
    assert code is Code.PERMISSION_DENIED


async def test_a_vanished_courier_is_rescued_by_scans(house: House) -> None:
    """What the courier holds waits to be fetched; custody moves when both have scanned."""
    one = await errand(house)
    await one.recorded(event(0, Action.PICK_UP))
    ask = pb.RescueTourRequest(
        name=one.tour.name, reason="no answer for an hour", request_id=str(uuid.uuid4())
    )
    for _ in range(2):
        rescued = await house.dispatch.RescueTour(ask, metadata=house.dispatcher)
        assert rescued.state in {app.Tour.State.ABORTED, app.Tour.State.COMPLETED}
    assert (await house.seen(one.parcel)).custody.custodian == CAI
    bea = await house.courier("bea")
    await house.phone.GoOnline(app.GoOnlineRequest(name=BEA), metadata=bea)
    run = await house.plan()
    tour = await house.phone.AcceptOffer(app.AcceptOfferRequest(name=run.offers[0]), metadata=bea)
    batch = app.RecordStopEventsRequest(name=tour.name, events=[event(0, Action.PICK_UP)])
    answer = await house.phone.RecordStopEvents(batch, metadata=bea)
    assert answer.results[0].disposition == Disposition.RECORDED
    assert (await house.seen(one.parcel)).custody.custodian == CAI
    give = app.GiveParcelRequest(
        name=CAI, parcel=one.parcel, taker=BEA, request_id=str(uuid.uuid4())
    )
    code, _, _ = await refusal(house.phone.GiveParcel(give, metadata=bea))
    assert code is Code.PERMISSION_DENIED
    for _ in range(2):
        given = await house.phone.GiveParcel(give, metadata=one.phone)
        assert given.transferred
    assert (await house.seen(one.parcel)).custody.custodian == BEA
    give.request_id = str(uuid.uuid4())
    give.taker = CAI
    code, reason, _ = await refusal(house.phone.GiveParcel(give, metadata=one.phone))
    assert code is Code.FAILED_PRECONDITION
    assert reason in {"CUSTODY_MISMATCH", "INVALID_TRANSITION"}


async def test_a_dispatchers_word_stands_for_a_scan(house: House) -> None:
    """Where the phone that should give is at the bottom of a river."""
    one = await errand(house)
    await one.recorded(event(0, Action.PICK_UP))
    rescue = pb.RescueTourRequest(name=one.tour.name, reason="accident")
    await house.dispatch.RescueTour(rescue, metadata=house.dispatcher)
    bea = await house.courier("bea")
    await house.phone.GoOnline(app.GoOnlineRequest(name=BEA), metadata=bea)
    run = await house.plan()
    tour = await house.phone.AcceptOffer(app.AcceptOfferRequest(name=run.offers[0]), metadata=bea)
    batch = app.RecordStopEventsRequest(name=tour.name, events=[event(0, Action.PICK_UP)])
    await house.phone.RecordStopEvents(batch, metadata=bea)
    ask = pb.AttestHandoverRequest(
        name=one.parcel, taker=BEA, reason="seen at the scene", request_id=str(uuid.uuid4())
    )
    answers = [
        await house.dispatch.AttestHandover(ask, metadata=house.dispatcher) for _ in range(2)
    ]
    assert answers[0] == answers[1]
    assert answers[0].custody.custodian == BEA
    ledger = await house.parcels.ListCustodyEvents(
        parcels_pb2.ListCustodyEventsRequest(parent=one.parcel), metadata=house.dispatcher
    )
    assert ledger.custody_events[-1].witness == f"{NETWORK}/dispatchers/dora"


async def test_evidence_is_waived_once_and_by_name(house: House) -> None:
    """A failed attempt without contact is refused, and taken after a dispatcher's word."""
    one = await errand(house)
    house.clock.instant = NOON + 100
    await one.recorded(event(0, Action.PICK_UP))
    absent = event(
        1,
        Action.DROP_OFF,
        NOON + 90,
        outcome=app.StopEvent.Outcome.FAILED,
        failure_code=types_pb2.FailureCode.ABSENT,
        point=place(2).point,
    )
    [refused] = await one.report(absent)
    assert "PROOF_MISSING" in str(refused.status)
    ask = pb.OverrideAttemptRequest(
        name=one.parcel, reason="her phone is broken", request_id=str(uuid.uuid4())
    )
    for _ in range(2):
        await house.dispatch.OverrideAttempt(ask, metadata=house.dispatcher)
    await one.recorded(absent)
    [row] = [row for row in house.log.read(limit=100) if row.type == "AttemptFailed"]
    assert "her phone is broken" in row.payload


async def test_hubs_are_paused_with_a_reason(house: House) -> None:
    """Until an instant or until resumed; an instant that is over is refused."""
    await house.hub("mart")
    ask = pb.PauseHubRequest(
        name=MART, reason="stocktaking", end_time={"seconds": NOON + 60},
        request_id=str(uuid.uuid4()),
    )  # fmt: skip
    answers = [await house.dispatch.PauseHub(ask, metadata=house.dispatcher) for _ in range(2)]
    assert answers[0] == answers[1]
    assert answers[0].pause.end_time.seconds == NOON + 60
    bad = pb.PauseHubRequest(name=MART, reason="x", end_time={"seconds": NOON})
    _, _, found = await refusal(house.dispatch.PauseHub(bad, metadata=house.dispatcher))
    assert found == ["end_time"]
    resumed = await house.dispatch.ResumeHub(
        pb.ResumeHubRequest(name=MART), metadata=house.dispatcher
    )
    assert not resumed.HasField("pause")


async def test_ways_are_closed_listed_and_opened(house: House) -> None:
    """A closure has a name, an end, a reason and an author; it is gone when it is opened."""
    closure = pb.Closure(
        kind=pb.Closure.Kind.STREET, ref="4711", end_time={"seconds": NOON + 600}, reason="flood"
    )
    ask = pb.CreateClosureRequest(
        parent=ZONE, closure_id="quay", closure=closure, request_id=str(uuid.uuid4())
    )
    rehearsed = pb.CreateClosureRequest(parent=ZONE, closure=closure, validate_only=True)
    await house.dispatch.CreateClosure(rehearsed, metadata=house.dispatcher)
    assert "WayClosed" not in house.types()
    made = [await house.dispatch.CreateClosure(ask, metadata=house.dispatcher) for _ in range(2)]
    assert made[0] == made[1]
    assert made[0].name == f"{ZONE}/closures/quay"
    assert made[0].actor == f"{NETWORK}/dispatchers/dora"
    area = pb.Closure(
        kind=pb.Closure.Kind.AREA,
        corners=[place(n).point for n in range(2)] + [{"latitude": 60, "longitude": 24}],
        end_time={"seconds": NOON + 600},
        reason="fair",
    )
    await house.dispatch.CreateClosure(
        pb.CreateClosureRequest(parent=ZONE, closure_id="square", closure=area),
        metadata=house.dispatcher,
    )
    names: list[str] = []
    token = ""
    for _ in range(2):
        page = await house.dispatch.ListClosures(
            pb.ListClosuresRequest(parent=ZONE, page_size=1, page_token=token),
            metadata=house.dispatcher,
        )
        names += [one.name.rpartition("/")[2] for one in page.closures]
        token = page.next_page_token
    assert (names, token) == (["quay", "square"], "")
    gone = pb.DeleteClosureRequest(
        name=made[0].name, reason="dry again", request_id=str(uuid.uuid4())
    )
    for _ in range(2):
        opened = await house.dispatch.DeleteClosure(gone, metadata=house.dispatcher)
        assert opened.name == made[0].name
    left = await house.dispatch.ListClosures(
        pb.ListClosuresRequest(parent=ZONE), metadata=house.dispatcher
    )
    assert [one.name for one in left.closures] == [f"{ZONE}/closures/square"]
    gone.request_id = str(uuid.uuid4())
    code, _, _ = await refusal(house.dispatch.DeleteClosure(gone, metadata=house.dispatcher))
    assert code is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"closure": {}}, "closure.kind"),
        ({"closure": {"kind": 1, "ref": "1", "reason": "x", "end_time": {"seconds": NOON}}},
         "closure.end_time"),
        ({"closure_id": "no id"}, "closure_id"),
        ({"closure": {"kind": 1, "ref": "404", "reason": "x", "end_time": {"seconds": NOON + 9}}},
         "closure.ref"),
    ],
)  # fmt: skip
async def test_a_bad_closure_is_named(house: House, fields: dict[str, Any], path: str) -> None:
    """Nothing is closed for no reason, without an end or for the past."""
    ask = pb.CreateClosureRequest(**{"parent": ZONE, **fields})
    code, _, found = await refusal(house.dispatch.CreateClosure(ask, metadata=house.dispatcher))
    assert code is Code.INVALID_ARGUMENT
    assert path in found


async def test_every_lever_asks_why(house: House) -> None:
    """Without a reason nothing moves; with five hundred characters too many neither."""
    one = await errand(house)
    for reason in ("", "  ", "r" * 501):
        for call in (
            house.dispatch.PinLeg(
                pb.PinLegRequest(name=LEG, courier=CAI, reason=reason), metadata=house.dispatcher
            ),
            house.dispatch.UnpinLeg(
                pb.UnpinLegRequest(name=LEG, reason=reason), metadata=house.dispatcher
            ),
            house.dispatch.ReassignLeg(
                pb.ReassignLegRequest(name=LEG, reason=reason), metadata=house.dispatcher
            ),
            house.dispatch.RescueTour(
                pb.RescueTourRequest(name=one.tour.name, reason=reason), metadata=house.dispatcher
            ),
            house.dispatch.AttestHandover(
                pb.AttestHandoverRequest(name=one.parcel, taker=CAI, reason=reason),
                metadata=house.dispatcher,
            ),
            house.dispatch.OverrideAttempt(
                pb.OverrideAttemptRequest(name=one.parcel, reason=reason),
                metadata=house.dispatcher,
            ),
            house.dispatch.PauseHub(
                pb.PauseHubRequest(name=MART, reason=reason), metadata=house.dispatcher
            ),
        ):
            code, _, found = await refusal(call)
            assert (code, found) == (Code.INVALID_ARGUMENT, ["reason"])


async def test_levers_are_for_dispatchers_of_the_network(house: House) -> None:
    """Merchants, couriers, counters and other networks' dispatchers: PERMISSION_DENIED."""
    one = await errand(house)
    twin = house.token(Role.DISPATCHER, "tom", "twin")
    dispatch = house.dispatch
    for stranger in (house.shop, one.phone, one.till, twin):
        for call in (
            dispatch.PinLeg(pb.PinLegRequest(name=LEG), metadata=stranger),
            dispatch.UnpinLeg(pb.UnpinLegRequest(name=LEG), metadata=stranger),
            dispatch.ReassignLeg(pb.ReassignLegRequest(name=LEG), metadata=stranger),
            dispatch.RescueTour(pb.RescueTourRequest(name=one.tour.name), metadata=stranger),
            dispatch.AttestHandover(pb.AttestHandoverRequest(name=one.parcel), metadata=stranger),
            dispatch.OverrideAttempt(pb.OverrideAttemptRequest(name=one.parcel), metadata=stranger),
            dispatch.PauseHub(pb.PauseHubRequest(name=MART), metadata=stranger),
            dispatch.ResumeHub(pb.ResumeHubRequest(name=MART), metadata=stranger),
            dispatch.CreateClosure(pb.CreateClosureRequest(parent=ZONE), metadata=stranger),
            dispatch.DeleteClosure(
                pb.DeleteClosureRequest(name=f"{ZONE}/closures/x"), metadata=stranger
            ),
            dispatch.ListClosures(pb.ListClosuresRequest(parent=ZONE), metadata=stranger),
        ):
            code, _, _ = await refusal(call)
            assert code is Code.PERMISSION_DENIED


async def test_what_is_asked_twice_is_done_once(house: House) -> None:
    """Every verb with a request_id: the same answer, and no further event."""
    till = await house.hub("mart")
    got = await house.create(1)
    await house.courier("bea")
    await house.dispatch.PinLeg(
        pb.PinLegRequest(name=LEG, courier=BEA, reason="knows the house"),
        metadata=house.dispatcher,
    )
    await house.dispatch.PauseHub(
        pb.PauseHubRequest(name=MART, reason="lunch"), metadata=house.dispatcher
    )
    fresh = [str(uuid.uuid4()) for _ in range(3)]
    unpin = pb.UnpinLegRequest(name=LEG, reason="she is ill", request_id=fresh[0])
    resume = pb.ResumeHubRequest(name=MART, request_id=fresh[1])
    reserve = hubs_pb2.ReserveSlotRequest(
        name=MART, parcel=got.name, purpose=types_pb2.Purpose.HOLD, request_id=fresh[2]
    )
    until = {"seconds": NOON + 60}
    pause = pb.PauseHubRequest(
        name=MART, reason="tea", end_time=until, request_id=str(uuid.uuid4())
    )
    street = pb.Closure(kind=pb.Closure.Kind.STREET, ref="4711", end_time=until, reason="flood")
    close = pb.CreateClosureRequest(parent=ZONE, closure=street, request_id=str(uuid.uuid4()))
    calls: list[tuple[Any, Any, Any]] = [
        (house.dispatch.UnpinLeg, unpin, house.dispatcher),
        (house.dispatch.ResumeHub, resume, house.dispatcher),
        (house.hubs.ReserveSlot, reserve, till),
    ]
    for call, request, token in calls:
        first = await call(request, metadata=token)
        count = len(house.types())
        assert await call(request, metadata=token) == first
        assert len(house.types()) == count
    await house.dispatch.PauseHub(pause, metadata=house.dispatcher)
    await house.dispatch.CreateClosure(close, metadata=house.dispatcher)
    house.clock.instant += 120
    count = len(house.types())
    await house.dispatch.PauseHub(pause, metadata=house.dispatcher)
    await house.dispatch.CreateClosure(close, metadata=house.dispatcher)
    assert len(house.types()) == count, "a retry gets its answer after the end, too"
    reserve.purpose = types_pb2.Purpose.RELAY
    code, reason, _ = await refusal(house.hubs.ReserveSlot(reserve, metadata=till))
    assert (code, reason) == (Code.INVALID_ARGUMENT, "REQUEST_ID_REUSED")
