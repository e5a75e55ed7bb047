import asyncio
import json
import uuid
from collections.abc import AsyncIterator
from typing import Any

import grpc

from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import couriers_pb2, parcels_pb2, types_pb2
from tests.dispatch.service.house import (
    NETWORK,
    NOON,
    SHOP,
    SIGNED,
    House,
    person,
    place,
    refusal,
)

CAI = f"{NETWORK}/couriers/cai"
Code = grpc.StatusCode
Action = pb.StopEvent.Action
Disposition = pb.StopEventResult.Disposition


async def _offered(house: House, **fields: Any) -> tuple[list[tuple[str, str]], pb.Offer]:
    """Bring a courier online who is offered the parcels that there are."""
    cai = await house.courier(**fields)
    await house.phone.GoOnline(pb.GoOnlineRequest(name=CAI), metadata=cai)
    run = await house.plan()
    assert len(run.offers) == 1
    watch = house.phone.WatchWork(pb.WatchWorkRequest(name=CAI), metadata=cai)
    async for message in watch:
        if message.HasField("offer"):
            watch.cancel()
            return cai, message.offer
    raise AssertionError("no offer came")


def _accept(offer: pb.Offer) -> pb.AcceptOfferRequest:
    return pb.AcceptOfferRequest(name=offer.name, etag=offer.etag, request_id=str(uuid.uuid4()))


def _event(stop: str, action: Action, at: int = NOON, **fields: Any) -> pb.StopEvent:
    return pb.StopEvent(
        event_id=str(uuid.uuid4()), stop=stop, action=action, event_time={"seconds": at}, **fields
    )


async def _until(
    stream: AsyncIterator[pb.WatchWorkResponse], field: str
) -> tuple[Any, pb.WatchWorkResponse]:
    async for message in stream:
        if message.HasField(field):
            return getattr(message, field), message
    raise AssertionError(f"no {field} came")


async def test_watch_accept_pick_up_deliver(house: House) -> None:
    """A courier hears of an offer, takes it and delivers; the merchant sees each step."""
    got = await house.create(1)
    cai, offer = await _offered(house)
    assert offer.state == pb.Offer.State.OPEN
    assert list(offer.legs) == [f"{got.name}/legs/1"]
    assert sum(line.amount.units * 100 + line.amount.nanos // 10_000_000
               for line in offer.pay_lines) > 0  # fmt: skip
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    assert tour.state == pb.Tour.State.COMMITTED
    assert [stop.actions[0].kind for stop in tour.stops] == [
        pb.StopAction.Kind.PICKUP,
        pb.StopAction.Kind.DROPOFF,
    ]
    answer = await house.phone.RecordStopEvents(
        pb.RecordStopEventsRequest(
            name=tour.name,
            events=[
                _event("0", Action.ARRIVE),
                _event("0", Action.PICK_UP),
                _event("1", Action.DROP_OFF, at=NOON + 60, proofs=SIGNED),
            ],
        ),
        metadata=cai,
    )
    assert [one.disposition for one in answer.results] == [Disposition.RECORDED] * 3
    assert answer.tour_version > tour.version
    ask = parcels_pb2.GetParcelRequest(name=got.name)
    seen = await house.parcels.GetParcel(ask, metadata=house.shop)
    assert seen.state == parcels_pb2.Parcel.State.DELIVERED
    assert seen.custody.holder == parcels_pb2.Custody.Holder.RECIPIENT


async def test_late_and_repeated_reports_are_harmless(house: House) -> None:
    """A batch sent twice is DUPLICATE, one out of order is put in order, a bad one REJECTED."""
    await house.create(1)
    cai, offer = await _offered(house)
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    drop = _event("1", Action.DROP_OFF, at=NOON + 60, proofs=SIGNED)
    pick = _event("0", Action.PICK_UP, at=NOON)
    bad = _event("7", Action.DROP_OFF)
    batch = pb.RecordStopEventsRequest(name=tour.name, events=[drop, pick, bad])
    first = await house.phone.RecordStopEvents(batch, metadata=cai)
    second = await house.phone.RecordStopEvents(batch, metadata=cai)
    assert [one.disposition for one in first.results] == [
        Disposition.RECORDED,
        Disposition.RECORDED,
        Disposition.REJECTED,
    ]
    assert [one.event_id for one in first.results] == [e.event_id for e in batch.events]
    assert first.results[2].status.code == Code.INVALID_ARGUMENT.value[0]
    assert [one.disposition for one in second.results] == [
        Disposition.DUPLICATE,
        Disposition.DUPLICATE,
        Disposition.REJECTED,
    ]


async def test_a_failure_at_the_door_brings_the_parcel_back(house: House) -> None:
    """A failed hand-over adds the way back to the tour, and the merchant sees the attempt."""
    got = await house.create(1)
    cai, offer = await _offered(house)
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    absent = _event(
        "1",
        Action.DROP_OFF,
        at=NOON + 130,
        outcome=pb.StopEvent.Outcome.FAILED,
        failure_code=types_pb2.FailureCode.ABSENT,
        point=place(2).point,
        contact_time={"seconds": NOON + 5},
        contact_receipt="call:17",
    )
    house.clock.instant = NOON + 130
    batch = pb.RecordStopEventsRequest(
        name=tour.name,
        events=[
            _event("0", Action.PICK_UP, at=NOON - 9),
            _event("1", Action.ARRIVE, at=NOON),
            absent,
        ],
    )
    answer = await house.phone.RecordStopEvents(batch, metadata=cai)
    assert [one.disposition for one in answer.results] == [Disposition.RECORDED] * 3
    ask = parcels_pb2.GetParcelRequest(name=got.name)
    seen = await house.parcels.GetParcel(ask, metadata=house.shop)
    assert seen.attempts[0].failure_code == types_pb2.FailureCode.ABSENT
    assert seen.legs[-1].kind == parcels_pb2.Leg.Kind.RETURN
    back = pb.RecordStopEventsRequest(name=tour.name, events=[_event("2", Action.DROP_OFF)])
    answer = await house.phone.RecordStopEvents(back, metadata=cai)
    assert answer.results[0].disposition == Disposition.RECORDED


async def test_a_retried_acceptance_gets_the_same_tour(house: House) -> None:
    """Whoever repeats an acceptance after a lost answer gets the tour again, not an error."""
    await house.create(1)
    cai, offer = await _offered(house)
    request = _accept(offer)
    first = await house.phone.AcceptOffer(request, metadata=cai)
    second = await house.phone.AcceptOffer(request, metadata=cai)
    assert first == second
    request.request_id = str(uuid.uuid4())
    request.etag = ""
    code, reason, _ = await refusal(house.phone.AcceptOffer(request, metadata=cai))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "INVALID_TRANSITION")


async def test_a_retried_start_gets_the_same_tour(house: House) -> None:
    """A retry finds its answer although the etag that it carries is old by then."""
    await house.create(1)
    cai, offer = await _offered(house)
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    ask = pb.StartTourRequest(name=tour.name, etag=tour.etag, request_id=str(uuid.uuid4()))
    first = await house.phone.StartTour(ask, metadata=cai)
    assert first.etag != tour.etag
    assert await house.phone.StartTour(ask, metadata=cai) == first


async def test_a_whole_tour_is_told_in_one_batch(house: House) -> None:
    """A phone without a network tells of every departure later, each with its own time."""
    await house.create(1)
    cai, offer = await _offered(house)
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    house.clock.instant = NOON + 600
    batch = pb.RecordStopEventsRequest(
        name=tour.name,
        events=[
            _event("0", Action.DEPART, at=NOON + 10),
            _event("0", Action.PICK_UP, at=NOON + 60),
            _event("1", Action.DEPART, at=NOON + 70),
            _event("1", Action.DROP_OFF, at=NOON + 200, proofs=SIGNED),
        ],
    )
    answer = await house.phone.RecordStopEvents(batch, metadata=cai)
    assert [one.disposition for one in answer.results] == [Disposition.RECORDED] * 4
    [done] = [row for row in house.log.read() if row.type == "TourStarted"]
    assert json.loads(done.payload)["happened_at"] == NOON + 10
    answer = await house.phone.RecordStopEvents(batch, metadata=cai)
    assert [one.disposition for one in answer.results] == [Disposition.DUPLICATE] * 4


async def test_a_declined_offer_does_not_come_back(house: House) -> None:
    """Declining ends the offer with its reason; the next plan leaves its leg out by a code."""
    got = await house.create(1)
    cai, offer = await _offered(house)
    declined = await house.phone.DeclineOffer(
        pb.DeclineOfferRequest(name=offer.name, reason=pb.Offer.DeclineReason.TOO_HEAVY),
        metadata=cai,
    )
    assert declined.state == pb.Offer.State.DECLINED
    assert declined.decline_reason == pb.Offer.DeclineReason.TOO_HEAVY
    run = await house.plan()
    assert not run.offers
    ask = parcels_pb2.GetParcelRequest(name=got.name)
    assert (await house.parcels.GetParcel(ask, metadata=house.shop)).legs[0].courier == ""


async def test_an_expired_offer_is_too_late(house: House) -> None:
    """After its time an offer is OFFER_EXPIRED, even before a tick has taken note."""
    await house.create(1)
    cai, offer = await _offered(house)
    house.clock.instant = offer.expire_time.seconds
    code, reason, _ = await refusal(house.phone.AcceptOffer(_accept(offer), metadata=cai))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "OFFER_EXPIRED")


async def test_legs_are_handed_back(house: House) -> None:
    """A leg that is handed back waits again, and its recipient is no longer shown."""
    contact = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")
    got = await house.create(1, dropoff=place(2, contact=contact))
    cai, offer = await _offered(house)
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    assert tour.stops[-1].place.contact == contact
    old = pb.HandBackLegsRequest(name=tour.name, legs=offer.legs, etag="v77")
    code, reason, _ = await refusal(house.phone.HandBackLegs(old, metadata=cai))
    assert (code, reason) == (Code.ABORTED, "ETAG_MISMATCH")
    ask = pb.HandBackLegsRequest(name=tour.name, legs=offer.legs, etag=tour.etag)
    after = await house.phone.HandBackLegs(ask, metadata=cai)
    assert after.state == pb.Tour.State.COMPLETED
    assert not after.stops[-1].place.HasField("contact")
    code, reason, _ = await refusal(house.phone.HandBackLegs(ask, metadata=cai))
    assert (code, reason) == (Code.ABORTED, "ETAG_MISMATCH")
    seen = await house.parcels.GetParcel(
        parcels_pb2.GetParcelRequest(name=got.name), metadata=house.shop
    )
    assert seen.state == parcels_pb2.Parcel.State.READY


async def test_the_stream_begins_with_the_work_and_goes_on_where_it_ended(house: House) -> None:
    """Snapshot, its end, changes, heartbeats; a resume token skips what was heard before."""
    await house.create(1)
    cai = await house.courier()
    watch = house.phone.WatchWork(pb.WatchWorkRequest(name=CAI), metadata=cai)
    stream = aiter(watch)
    courier, _ = await _until(stream, "courier")
    assert courier.presence == couriers_pb2.Courier.Presence.OFFLINE
    await _until(stream, "snapshot_end")
    await house.phone.GoOnline(pb.GoOnlineRequest(name=CAI), metadata=cai)
    courier, _ = await _until(stream, "courier")
    assert courier.presence == couriers_pb2.Courier.Presence.ONLINE
    await house.plan()
    offer, heard = await _until(stream, "offer")
    await _until(stream, "bookmark")
    watch.cancel()
    await house.phone.DeclineOffer(pb.DeclineOfferRequest(name=offer.name), metadata=cai)
    again = house.phone.WatchWork(
        pb.WatchWorkRequest(name=CAI, resume_token=heard.resume_token), metadata=cai
    )
    first = await anext(aiter(again))
    assert first.offer.name == offer.name
    assert first.offer.state == pb.Offer.State.DECLINED
    again.cancel()


async def test_a_courier_acts_for_no_other(house: House) -> None:
    """Another courier's offers, tours and stream are out of reach, and so are the merchants'."""
    got = await house.create(1)
    _, offer = await _offered(house)
    bea = await house.courier("bea")
    for call in (
        house.phone.AcceptOffer(_accept(offer), metadata=bea),
        house.phone.WatchWork(pb.WatchWorkRequest(name=CAI), metadata=bea),
        house.couriers.GetCourier(couriers_pb2.GetCourierRequest(name=CAI), metadata=bea),
        house.parcels.GetParcel(parcels_pb2.GetParcelRequest(name=got.name), metadata=bea),
        house.couriers.CreateCourierToken(
            couriers_pb2.CreateCourierTokenRequest(parent=f"{NETWORK}/couriers/bea"), metadata=bea
        ),
    ):
        code, _, _ = await refusal(call)
        assert code is Code.PERMISSION_DENIED
    none = pb.AcceptOfferRequest(name=f"{NETWORK}/couriers/bea/offers/none")
    code, _, _ = await refusal(house.phone.AcceptOffer(none, metadata=bea))
    assert code is Code.NOT_FOUND


async def test_a_tour_starts_by_itself_or_by_word(house: House) -> None:
    """StartTour makes it ACTIVE, a second time is FAILED_PRECONDITION."""
    await house.create(1)
    cai, offer = await _offered(house)
    tour = await house.phone.AcceptOffer(_accept(offer), metadata=cai)
    ask = pb.StartTourRequest(name=tour.name)
    started = await house.phone.StartTour(ask, metadata=cai)
    assert started.state == pb.Tour.State.ACTIVE
    code, _, _ = await refusal(house.phone.StartTour(ask, metadata=cai))
    assert code is Code.FAILED_PRECONDITION


async def test_what_a_courier_cannot_be_is_named(house: House) -> None:
    """Couriers, their windows and places are checked field by field."""
    for fields, path in (
        ({"kind": 0}, "kind"),
        ({"home_anchor": types_pb2.Place()}, "home_anchor.point"),
        ({"modes": [types_pb2.TravelMode.FOOT, types_pb2.TravelMode.CAR]}, "modes"),
        ({"areas": ["north"]}, "areas"),
        ({"capacity": {"grams": -5}}, "capacity.grams"),
        ({"pay_rule": {"parcel_amount": {"currency_code": "XXX"}}},
         "pay_rule.parcel_amount.currency_code"),
    ):  # fmt: skip
        request = couriers_pb2.CreateCourierRequest(parent=NETWORK, courier=person(**fields))
        code, _, found = await refusal(
            house.couriers.CreateCourier(request, metadata=house.dispatcher)
        )
        assert (code, found) == (Code.INVALID_ARGUMENT, [f"courier.{path}"])
    await house.courier()
    again = couriers_pb2.AvailabilityWindow(
        interval={"open_time": {"seconds": NOON}, "close_time": {"seconds": NOON + 9}}
    )
    overlap = couriers_pb2.CreateAvailabilityWindowRequest(parent=CAI, availability_window=again)
    code, _, found = await refusal(
        house.couriers.CreateAvailabilityWindow(overlap, metadata=house.dispatcher)
    )
    assert code is Code.INVALID_ARGUMENT
    assert found == ["availability_window.interval.open_time"]


async def test_many_couriers_race_for_nothing(house: House) -> None:
    """Acceptances that come at once make one tour: the others are refused."""
    await house.create(1)
    cai, offer = await _offered(house)
    answers = await asyncio.gather(
        *(house.phone.AcceptOffer(_accept(offer), metadata=cai) for _ in range(5)),
        return_exceptions=True,
    )
    assert sum(isinstance(answer, pb.Tour) for answer in answers) == 1


async def test_couriers_and_windows_are_listed(house: House) -> None:
    """Dispatchers page through couriers; a courier's windows have names."""
    for courier in ("ann", "bob", "cai"):
        await house.courier(courier)
    names: list[str] = []
    token = ""
    for _ in range(2):
        page = await house.couriers.ListCouriers(
            couriers_pb2.ListCouriersRequest(parent=NETWORK, page_size=2, page_token=token),
            metadata=house.dispatcher,
        )
        names += [one.name.rpartition("/")[2] for one in page.couriers]
        token = page.next_page_token
    assert names == ["ann", "bob", "cai"]
    windows = await house.couriers.ListAvailabilityWindows(
        couriers_pb2.ListAvailabilityWindowsRequest(parent=CAI), metadata=house.dispatcher
    )
    assert [one.name for one in windows.availability_windows] == [
        f"{CAI}/availabilityWindows/w{NOON - 60}"
    ]
    everybody = await house.couriers.ListAvailabilityWindows(
        couriers_pb2.ListAvailabilityWindowsRequest(parent=f"{NETWORK}/couriers/-"),
        metadata=house.dispatcher,
    )
    assert len(everybody.availability_windows) == 3
    assert SHOP not in str(everybody)
