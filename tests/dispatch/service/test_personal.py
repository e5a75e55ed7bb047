import logging
import uuid

import grpc
import pytest

from dispatch.auth import Role
from dispatch.log import RequestKey
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import couriers_pb2, types_pb2
from dispatch.v1 import parcels_pb2 as pb
from tests.dispatch.service.house import NETWORK, NOON, SHOP, SIGNED, House, parcel, place, refusal

NAME, PHONE, ROOM, LINE = "Quirin Zwetschge", "+358409876543", "4711B", "Wurmfortsatzgasse 12"
SECRETS = (NAME, PHONE, ROOM, LINE)
CAI = f"{NETWORK}/couriers/cai"
DOOR = place(
    1,
    room=ROOM,
    address=LINE,
    contact=types_pb2.Contact(display_name=NAME, phone_number=PHONE, note="ring twice"),
)


def _shown(message: object) -> set[str]:
    return {secret for secret in SECRETS if secret in str(message)}


async def test_only_the_merchant_and_the_courier_who_accepted_see_the_recipient(
    house: House,
) -> None:
    """Merchant and accepting courier see all; dispatcher and offered courier a masked phone."""
    got = await house.create(1, dropoff=DOOR)
    assert _shown(got) == set(SECRETS)
    ask = pb.GetParcelRequest(name=got.name)
    for_dispatcher = await house.parcels.GetParcel(ask, metadata=house.dispatcher)
    assert not _shown(for_dispatcher)
    assert for_dispatcher.dropoff.contact_set
    assert for_dispatcher.dropoff.masked_phone == "+35********43"
    cai = await house.courier()
    await house.phone.GoOnline(app.GoOnlineRequest(name=CAI), metadata=cai)
    run = await house.plan()
    assert not _shown(run)
    code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=cai))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    tour = await house.phone.AcceptOffer(app.AcceptOfferRequest(name=run.offers[0]), metadata=cai)
    assert _shown(tour.stops[1]) == set(SECRETS)
    assert _shown(await house.parcels.GetParcel(ask, metadata=cai)) == set(SECRETS)
    await _deliver(house, tour, cai)
    code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=cai))
    assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_a_courier_sees_nobody_after_the_merchant_has_cancelled(house: House) -> None:
    """A cancelled parcel shows its recipient to the courier neither itself nor in the tour."""
    got = await house.create(1, dropoff=DOOR)
    await house.create(2)
    cai = await house.courier(max_parcels=2)
    await house.phone.GoOnline(app.GoOnlineRequest(name=CAI), metadata=cai)
    run = await house.plan()
    accept = app.AcceptOfferRequest(name=run.offers[0], request_id=str(uuid.uuid4()))
    tour = await house.phone.AcceptOffer(accept, metadata=cai)
    ask = pb.GetParcelRequest(name=got.name)
    assert _shown(tour) == set(SECRETS)
    assert _shown(await house.parcels.GetParcel(ask, metadata=cai)) == set(SECRETS)
    await house.parcels.CancelParcel(pb.CancelParcelRequest(name=got.name), metadata=house.shop)
    code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=cai))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    again = await house.phone.AcceptOffer(accept, metadata=cai)
    assert again.state == app.Tour.State.COMMITTED
    assert not _shown(again)


async def test_a_courier_sees_nobody_after_handing_back(house: House) -> None:
    """Whoever gives a leg back has no business with its recipient any more."""
    got = await house.create(1, dropoff=DOOR)
    await house.create(2)
    cai = await house.courier(max_parcels=2)
    await house.phone.GoOnline(app.GoOnlineRequest(name=CAI), metadata=cai)
    run = await house.plan()
    tour = await house.phone.AcceptOffer(app.AcceptOfferRequest(name=run.offers[0]), metadata=cai)
    back = app.HandBackLegsRequest(name=tour.name, legs=[got.legs[0].name])
    assert not _shown(await house.phone.HandBackLegs(back, metadata=cai))
    ask = pb.GetParcelRequest(name=got.name)
    code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=cai))
    assert code is grpc.StatusCode.PERMISSION_DENIED


async def _deliver(house: House, tour: app.Tour, cai: list[tuple[str, str]]) -> None:
    actions = app.StopEvent.Action
    events = [
        app.StopEvent(
            event_id=str(uuid.uuid4()),
            stop=stop,
            action=action,
            event_time={"seconds": NOON},
            proofs=proofs,
        )
        for stop, action, proofs in (("0", actions.PICK_UP, []), ("1", actions.DROP_OFF, SIGNED))
    ]
    answer = await house.phone.RecordStopEvents(
        app.RecordStopEventsRequest(name=tour.name, events=events), metadata=cai
    )
    assert not any(one.HasField("status") for one in answer.results)


async def test_an_old_answer_shows_nothing_after_the_tour(house: House) -> None:
    """A retried acceptance after the delivery no longer tells who lives there."""
    await house.create(1, dropoff=DOOR)
    cai = await house.courier()
    await house.phone.GoOnline(app.GoOnlineRequest(name=CAI), metadata=cai)
    run = await house.plan()
    accept = app.AcceptOfferRequest(name=run.offers[0], request_id=str(uuid.uuid4()))
    tour = await house.phone.AcceptOffer(accept, metadata=cai)
    await _deliver(house, tour, cai)
    assert not _shown(await house.phone.AcceptOffer(accept, metadata=cai))


async def test_events_requests_and_output_hold_no_personal_data(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the log's tables of events and requests nor the output quote a recipient."""
    caplog.set_level(logging.DEBUG)
    single, batch = str(uuid.uuid4()), str(uuid.uuid4())
    requests = [
        pb.CreateParcelRequest(
            parent=SHOP, parcel_id="p1", parcel=parcel(1, dropoff=DOOR), request_id=single
        )
    ]
    await house.parcels.CreateParcel(requests[0], metadata=house.shop)
    await house.parcels.BatchCreateParcels(
        pb.BatchCreateParcelsRequest(
            parent=SHOP,
            requests=[pb.CreateParcelRequest(parcel=parcel(2, dropoff=DOOR))],
            request_id=batch,
        ),
        metadata=house.shop,
    )
    house.log.is_broken = True
    requests[0].request_id = str(uuid.uuid4())
    await refusal(house.parcels.CreateParcel(requests[0], metadata=house.shop))
    bad = pb.CreateParcelRequest(parent=SHOP, parcel=parcel(1, dropoff=DOOR))
    bad.parcel.dropoff.point.latitude = 99
    await refusal(house.parcels.CreateParcel(bad, metadata=house.shop))
    rows = house.log.read(limit=100)
    assert sum(row.type == "ParcelCreated" for row in rows) == 2
    answers = house.log.find_requests(
        [
            RequestKey(SHOP, "CreateParcelRequest", single),
            RequestKey(SHOP, "BatchCreateParcelsRequest", batch),
        ]
    )
    assert len(answers) == 2
    for secret in SECRETS:
        assert secret not in str(rows)
        assert secret.encode() not in b"".join(row.response for row in answers.values())
        assert secret not in caplog.text


async def test_erased_data_stays_erased(house: House) -> None:
    """After erasure the parcel is still there and shows nobody, also on a retry."""
    request = pb.CreateParcelRequest(
        parent=SHOP, parcel_id="p1", parcel=parcel(1, dropoff=DOOR), request_id=str(uuid.uuid4())
    )
    await house.parcels.CreateParcel(request, metadata=house.shop)
    pointer = house.site.networks["local"].any_zone().state.parcels["shop/p1"].dropoff.contact
    assert house.log.erase_personal([pointer]) == 1
    again = await house.parcels.CreateParcel(request, metadata=house.shop)
    assert not _shown(again)
    assert not again.dropoff.masked_phone
    assert again.state == pb.Parcel.State.READY


async def test_equal_doors_are_known_without_their_rooms(house: House) -> None:
    """Two parcels for one flat have one door key; the flat next to it has another."""
    here = {"compound": "Lakeside", "building": "3", "floor": 5}
    for number, room in enumerate(("501", "501", "502")):
        await house.create(number, dropoff=place(1, room=room, **here))
    parcels = house.site.networks["local"].any_zone().state.parcels
    keys = [parcels[f"shop/p{number}"].dropoff.door_key for number in range(3)]
    assert keys[0] == keys[1] != keys[2]


async def test_a_couriers_contact_is_for_dispatchers_and_the_courier(house: House) -> None:
    """Who runs the network can call a courier; so can the courier; nobody else asks."""
    cai = await house.courier(contact=types_pb2.Contact(display_name="Cai", phone_number=PHONE))
    ask = couriers_pb2.GetCourierRequest(name=CAI)
    for token in (house.dispatcher, cai):
        seen = await house.couriers.GetCourier(ask, metadata=token)
        assert seen.contact.phone_number == PHONE
    code, _, _ = await refusal(house.couriers.GetCourier(ask, metadata=house.shop))
    assert code is grpc.StatusCode.PERMISSION_DENIED
    auditor = house.token(Role.AUDITOR, "ada")
    code, _, _ = await refusal(house.couriers.GetCourier(ask, metadata=auditor))
    assert code is grpc.StatusCode.PERMISSION_DENIED
