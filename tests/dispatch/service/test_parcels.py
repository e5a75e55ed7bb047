import uuid
from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.v1 import couriers_pb2, hubs_pb2, types_pb2
from dispatch.v1 import parcels_pb2 as pb
from tests.dispatch.service.house import (
    LAT,
    LON,
    NETWORK,
    NOON,
    OFF_MAP_LAT,
    SHOP,
    House,
    details,
    parcel,
    person,
    place,
    refusal,
)

Code = grpc.StatusCode


def _request(number: int = 0, **fields: Any) -> pb.CreateParcelRequest:
    return pb.CreateParcelRequest(
        parent=SHOP, parcel_id=f"p{number}", parcel=parcel(number, **fields)
    )


async def test_two_points_suffice(house: House) -> None:
    """Everything but the two points has a default, and the answer says which."""
    got = await house.parcels.CreateParcel(
        pb.CreateParcelRequest(parent=SHOP, parcel=parcel()), metadata=house.shop
    )
    assert got.name.startswith(f"{SHOP}/parcels/p")
    assert got.zone == f"{NETWORK}/zones/all"
    assert got.state == pb.Parcel.State.READY
    assert got.ready_time.seconds == NOON
    assert got.promise.deadline_time.seconds == NOON + 3 * 3600
    assert got.custody.holder == pb.Custody.Holder.SENDER
    assert got.load.grams > 0
    assert [leg.state for leg in got.legs] == [pb.Leg.State.PLANNED]
    assert got.legs[0].name == f"{got.name}/legs/1"
    again = await house.parcels.GetParcel(pb.GetParcelRequest(name=got.name), metadata=house.shop)
    assert again == got


async def test_a_retry_gets_the_first_answer(house: House) -> None:
    """The same request id and body create one parcel, even without an id of its own."""
    request = pb.CreateParcelRequest(
        parent=SHOP, parcel=parcel(dropoff=place(1, room="12")), request_id=str(uuid.uuid4())
    )
    first = await house.parcels.CreateParcel(request, metadata=house.shop)
    second = await house.parcels.CreateParcel(request, metadata=house.shop)
    assert first == second
    assert second.dropoff.room == "12"
    listed = await house.listed()
    assert len(listed) == 1


async def test_a_request_id_belongs_to_one_body(house: House) -> None:
    """A request id that comes with another body, or is no UUID4, is refused by its name."""
    request = _request()
    request.request_id = str(uuid.uuid4())
    await house.parcels.CreateParcel(request, metadata=house.shop)
    request.parcel.load.grams = 77
    assert await refusal(house.parcels.CreateParcel(request, metadata=house.shop)) == (
        Code.INVALID_ARGUMENT,
        "REQUEST_ID_REUSED",
        ["request_id"],
    )
    request.request_id = "monday"
    assert await refusal(house.parcels.CreateParcel(request, metadata=house.shop)) == (
        Code.INVALID_ARGUMENT,
        "FIELD_INVALID",
        ["request_id"],
    )


async def test_a_taken_id_is_taken(house: House) -> None:
    """Another parcel under a taken id is ALREADY_EXISTS."""
    await house.create(1)
    code, reason, _ = await refusal(house.parcels.CreateParcel(_request(1), metadata=house.shop))
    assert (code, reason) == (Code.ALREADY_EXISTS, "PARCEL_ID_TAKEN")


async def test_a_batch_is_all_or_nothing_and_lists_every_error(house: House) -> None:
    """One batch names the faults of each of its parcels, and creates none of them."""
    bad_point, no_point, twisted = _request(1), _request(2), _request(3)
    bad_point.parcel.dropoff.point.latitude = 91
    no_point.parcel.pickup.ClearField("point")
    twisted.parcel.windows.add(open_time={"seconds": NOON + 9}, close_time={"seconds": NOON})
    batch = pb.BatchCreateParcelsRequest(
        parent=SHOP, requests=[_request(0), bad_point, no_point, twisted]
    )
    code, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert code is Code.INVALID_ARGUMENT
    assert fields == [
        "requests[1].parcel.dropoff.point.latitude",
        "requests[2].parcel.pickup.point",
        "requests[3].parcel.windows[0].close_time",
    ]
    listed = await house.listed()
    assert not listed


async def test_a_batch_names_doors_off_the_map_beside_other_faults(house: House) -> None:
    """One answer holds every fault, whichever check found it."""
    sea, twisted = _request(), _request(1, load={"grams": -1})
    sea.parcel.dropoff.point.latitude = OFF_MAP_LAT + 1
    batch = pb.BatchCreateParcelsRequest(parent=SHOP, requests=[sea, twisted])
    _, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert sorted(fields) == [
        "requests[0].parcel.dropoff.point",
        "requests[1].parcel.load.grams",
    ]


async def test_one_answer_lists_what_shape_map_hubs_and_state_refuse(house: House) -> None:
    """No kind of fault hides another one: all rows are asked all questions."""
    await house.create(9, carrier="post", waybill="W1")
    sea, no_hub, twin, lat = _request(), _request(1), _request(2), _request(3)
    sea.parcel.dropoff.point.latitude = OFF_MAP_LAT + 1
    no_hub.parcel.pickup.CopyFrom(types_pb2.Place(hub=f"{NETWORK}/hubs/none"))
    lat.parcel.pickup.point.latitude = 95
    known = _request(4, carrier="post", waybill="W1")
    batch = pb.BatchCreateParcelsRequest(
        parent=SHOP, requests=[sea, no_hub, twin, twin, _request(9), lat, known]
    )
    code, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert code is Code.INVALID_ARGUMENT
    assert fields == [
        "requests[0].parcel.dropoff.point",
        "requests[1].parcel.pickup.hub",
        "requests[3].parcel_id",
        "requests[4].parcel_id",
        "requests[5].parcel.pickup.point.latitude",
        "requests[6].parcel.waybill",
    ]


async def test_a_piece_of_a_shipment_is_handed_in_once(house: House) -> None:
    """Carrier, waybill and piece together are unique in the network, without a waybill nothing."""
    piece = {"carrier": "post", "waybill": "W1", "piece": "1"}
    await house.create(1, **piece)
    assert await refusal(house.parcels.CreateParcel(_request(2, **piece), metadata=house.shop)) == (
        Code.ALREADY_EXISTS,
        "WAYBILL_TAKEN",
        [],
    )
    other = {**piece, "piece": "2"}
    batch = pb.BatchCreateParcelsRequest(
        parent=SHOP, requests=[_request(3, **other), _request(4, **other), _request(5, **piece)]
    )
    code, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert code is Code.INVALID_ARGUMENT
    assert fields == ["requests[1].parcel.waybill", "requests[2].parcel.waybill"]
    await house.create(6, **other)
    await house.create(7, carrier="post")
    await house.create(8, carrier="post")


async def test_a_retry_after_the_promise_still_finds_its_answer(house: House) -> None:
    """A parcel that is ready by default is late at a late retry, and was created all the same."""
    request = _request(0, promise={"deadline_time": {"seconds": NOON + 600}})
    request.request_id = str(uuid.uuid4())
    item = _request(1, promise={"deadline_time": {"seconds": NOON + 600}})
    batch = pb.BatchCreateParcelsRequest(parent=SHOP, requests=[item], request_id=str(uuid.uuid4()))
    first = await house.parcels.CreateParcel(request, metadata=house.shop)
    many = await house.parcels.BatchCreateParcels(batch, metadata=house.shop)
    house.clock.instant += 3600
    assert await house.parcels.CreateParcel(request, metadata=house.shop) == first
    assert await house.parcels.BatchCreateParcels(batch, metadata=house.shop) == many
    request.request_id = str(uuid.uuid4())
    _, _, fields = await refusal(house.parcels.CreateParcel(request, metadata=house.shop))
    assert fields == ["parcel.promise.deadline_time"]


async def test_a_batch_names_ids_that_are_taken_or_given_twice(house: House) -> None:
    """Ids are checked against the state and against each other."""
    await house.create(1)
    batch = pb.BatchCreateParcelsRequest(
        parent=SHOP, requests=[_request(0), _request(1), _request(2), _request(2)]
    )
    code, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert code is Code.INVALID_ARGUMENT
    assert fields == ["requests[1].parcel_id", "requests[3].parcel_id"]


async def test_a_batch_is_retried_like_a_single_request(house: House) -> None:
    """The same batch twice makes each parcel once, and the answers are equal."""
    batch = pb.BatchCreateParcelsRequest(
        parent=SHOP, requests=[_request(n) for n in range(100)], request_id=str(uuid.uuid4())
    )
    first = await house.parcels.BatchCreateParcels(batch, metadata=house.shop)
    second = await house.parcels.BatchCreateParcels(batch, metadata=house.shop)
    assert first == second
    assert len(house.site.networks["local"].any_zone().state.parcels) == 100


async def test_a_batch_has_limits(house: House) -> None:
    """Too many, none, and fields that belong to the batch are refused by name."""
    many = [pb.CreateParcelRequest()] * 501
    for requests, field in (([], "requests"), (many, "requests")):
        batch = pb.BatchCreateParcelsRequest(parent=SHOP, requests=requests)
        code, _, fields = await refusal(
            house.parcels.BatchCreateParcels(batch, metadata=house.shop)
        )
        assert (code, fields) == (Code.INVALID_ARGUMENT, [field])
    stray = _request()
    stray.request_id = str(uuid.uuid4())
    batch = pb.BatchCreateParcelsRequest(parent=SHOP, requests=[stray])
    _, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert fields == ["requests[0].request_id"]


async def test_a_parcel_starts_at_a_hub(house: House) -> None:
    """A hub's name suffices as the pickup; the hub holds the parcel. An unknown one is named."""
    hub = hubs_pb2.Hub(kind=hubs_pb2.Hub.Kind.STATION, place=place(3), display_name="Corner")
    made = await house.hubs.CreateHub(
        hubs_pb2.CreateHubRequest(parent=NETWORK, hub_id="h1", hub=hub), metadata=house.dispatcher
    )
    assert made.display_name == "Corner"
    got = await house.create(1, pickup=types_pb2.Place(hub=made.name))
    assert got.pickup.hub == made.name
    assert got.pickup.point == place(3).point
    assert got.custody.holder == pb.Custody.Holder.HUB
    assert got.custody.custodian == made.name
    elsewhere = _request(2, pickup=types_pb2.Place(hub=f"{NETWORK}/hubs/none"))
    assert await refusal(house.parcels.CreateParcel(elsewhere, metadata=house.shop)) == (
        Code.NOT_FOUND,
        "NAME_NOT_FOUND",
        [],
    )
    elsewhere.parcel.load.grams = -1
    code, _, fields = await refusal(house.parcels.CreateParcel(elsewhere, metadata=house.shop))
    assert (code, fields) == (
        Code.INVALID_ARGUMENT,
        ["parcel.pickup.hub", "parcel.load.grams"],
    )
    foreign = _request(3, pickup=types_pb2.Place(hub="networks/twin/hubs/h1"))
    code, _, _ = await refusal(house.parcels.CreateParcel(foreign, metadata=house.shop))
    assert code is Code.PERMISSION_DENIED
    batch = pb.BatchCreateParcelsRequest(parent=SHOP, requests=[elsewhere, foreign])
    code, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=house.shop))
    assert (code, fields) == (
        Code.INVALID_ARGUMENT,
        [
            "requests[0].parcel.pickup.hub",
            "requests[0].parcel.load.grams",
            "requests[1].parcel.pickup.hub",
        ],
    )


async def test_hubs_are_read_and_listed_page_by_page(house: House) -> None:
    """A hub reads back as it was made; pages hold every hub once, by name."""
    made = [
        await house.hubs.CreateHub(
            hubs_pb2.CreateHubRequest(
                parent=NETWORK,
                hub_id=f"h{number}",
                hub=hubs_pb2.Hub(kind=hubs_pb2.Hub.Kind.SHOP, place=place(number)),
            ),
            metadata=house.dispatcher,
        )
        for number in range(3)
    ]
    ask = hubs_pb2.GetHubRequest(name=made[1].name)
    assert await house.hubs.GetHub(ask, metadata=house.dispatcher) == made[1]
    page = hubs_pb2.ListHubsRequest(parent=NETWORK, page_size=2)
    first = await house.hubs.ListHubs(page, metadata=house.dispatcher)
    page.page_token = first.next_page_token
    rest = await house.hubs.ListHubs(page, metadata=house.dispatcher)
    assert [*first.hubs, *rest.hubs] == made
    assert not rest.next_page_token


async def test_merchants_read_the_hubs_of_their_network(house: House) -> None:
    """Merchants see what hubs there are, not whom to call there; they make none."""
    contact = types_pb2.Contact(display_name="Ada", phone_number="+358401234567")
    hub = hubs_pb2.Hub(
        kind=hubs_pb2.Hub.Kind.SHOP, place=place(3, contact=contact), display_name="Corner"
    )
    make = hubs_pb2.CreateHubRequest(parent=NETWORK, hub_id="h1", hub=hub)
    made = await house.hubs.CreateHub(make, metadata=house.dispatcher)
    seen = await house.hubs.GetHub(hubs_pb2.GetHubRequest(name=made.name), metadata=house.shop)
    assert (seen.display_name, seen.place.point) == ("Corner", made.place.point)
    assert not seen.place.HasField("contact")
    ask = hubs_pb2.ListHubsRequest(parent=NETWORK)
    assert list((await house.hubs.ListHubs(ask, metadata=house.shop)).hubs) == [seen]
    for call, token in (
        (house.hubs.CreateHub(make, metadata=house.shop), "shop"),
        (house.hubs.ListHubs(ask, metadata=house.token(Role.COURIER, "c1")), "courier"),
        (house.hubs.ListHubs(ask, metadata=house.token(Role.MERCHANT, "shop", "twin")), "twin"),
    ):
        code, _, _ = await refusal(call)
        assert code is Code.PERMISSION_DENIED, token


async def test_faults_of_a_hub_and_of_a_courier_come_together(house: House) -> None:
    """What the map says stands beside what the message lacks, with a reason of its own."""
    sea = types_pb2.Place(point={"latitude": OFF_MAP_LAT + 1, "longitude": LON})
    hub = hubs_pb2.Hub(kind=hubs_pb2.Hub.Kind.SHOP, place=sea, slot_counts={"small_count": -1})
    make = hubs_pb2.CreateHubRequest(parent=NETWORK, hub=hub)
    _, _, fields = await refusal(house.hubs.CreateHub(make, metadata=house.dispatcher))
    assert fields == ["hub.slot_counts.small_count", "hub.place.point"]
    courier = person(home_anchor=sea, max_parcels=-1)
    ask = couriers_pb2.CreateCourierRequest(parent=NETWORK, courier=courier)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.couriers.CreateCourier(ask, metadata=house.dispatcher)
    _, found = details(caught.value)
    assert [(one.field, one.reason) for one in found["BadRequest"].field_violations] == [
        ("courier.max_parcels", "FIELD_INVALID"),
        ("courier.home_anchor.point", "ADDRESS_UNROUTABLE"),
    ]


async def test_a_door_that_no_road_leads_to_is_named(house: House) -> None:
    """A point off the map is INVALID_ARGUMENT with a reason of its own."""
    sea = _request()
    sea.parcel.dropoff.point.latitude = OFF_MAP_LAT + 1
    assert await refusal(house.parcels.CreateParcel(sea, metadata=house.shop)) == (
        Code.INVALID_ARGUMENT,
        "ADDRESS_UNROUTABLE",
        ["parcel.dropoff.point"],
    )


@pytest.mark.parametrize(
    ("fields", "path"),
    [
        ({"dropoff": place(1, datum=7)}, "dropoff.datum"),
        ({"dropoff": place(1, floor=400)}, "dropoff.floor"),
        ({"dropoff": place(1, hub=f"{NETWORK}/hubs/h")}, "dropoff.hub"),
        ({"load": {"grams": -1}}, "load.grams"),
        ({"ready_time": {"seconds": NOON}, "promise": {"deadline_time": {"seconds": NOON - 1}}},
         "promise.deadline_time"),
        ({"cod_amount": {"currency_code": "EUR", "units": 5}}, "cod_amount"),
        ({"declared_value": {"currency_code": "XXX", "units": 5}}, "declared_value.currency_code"),
        ({"max_attempts": 99}, "max_attempts"),
        ({"ready_time": {"seconds": 10**12}}, "ready_time"),
        ({"ready_time": {"seconds": -1}}, "ready_time"),
        ({"dropoff_proofs": [0]}, "dropoff_proofs[0]"),
        ({"pickup_proofs": [types_pb2.ProofKind.PIN]}, "pickup_proofs"),
        ({"announced": True, "waybill": "W1", "carrier": "acme"}, "announced"),
        ({"delivery_options": [{"kind": pb.DeliveryOption.Kind.HUB,
                                "target": f"{NETWORK}/hubs/none"}]},
         "delivery_options[0].target"),
        ({"handling": [pb.Parcel.Handling.FROZEN]}, "handling[0]"),
        ({"undeliverable_action": pb.Parcel.UndeliverableAction.DISPOSE}, "undeliverable_action"),
        ({"delivery_options": [{"kind": 0}]}, "delivery_options[0].kind"),
        ({"delivery_options": [{"kind": pb.DeliveryOption.Kind.HUB, "target": "the shop"}]},
         "delivery_options[0].target"),
        ({"delivery_options": [{"kind": pb.DeliveryOption.Kind.PERSON}]},
         "delivery_options[0].target"),
        ({"delivery_options": [{"kind": pb.DeliveryOption.Kind.SAFE_PLACE,
                                "consented_by": "Rita, +358 40 1",
                                "consent_evidence": "sms:1"}]},
         "delivery_options[0].consented_by"),
        ({"windows": [{}]}, "windows[0].open_time"),
        ({"waybill": "w" * 65}, "waybill"),
        ({"waybill": "W\x001"}, "waybill"),
        ({"labels": {"a": "\x1b[2J"}}, "labels"),
        ({"dropoff": place(1, address="Street\n1")}, "dropoff.address"),
        ({"dropoff": place(1, contact={"note": "bell\x07"})}, "dropoff.contact.note"),
        ({"dropoff": place(1, room="r" * 999)}, "dropoff.room"),
        ({"dropoff": place(1, compound="c" * 999)}, "dropoff.compound"),
        ({"promise": {"service_level": "s" * 999}}, "promise.service_level"),
        ({"return_to": f"{NETWORK}/hubs/h"}, "return_to"),
        ({"drop_penalty": {"currency_code": "EUR", "units": 5}}, "drop_penalty"),
    ],
)  # fmt: skip
async def test_what_cannot_be_or_is_not_honoured_yet_is_refused_by_name(
    house: House, fields: dict[str, Any], path: str
) -> None:
    """Nothing of a parcel is ignored: it counts, or the answer names it."""
    code, _, found = await refusal(
        house.parcels.CreateParcel(_request(**fields), metadata=house.shop)
    )
    assert (code, found) == (Code.INVALID_ARGUMENT, [f"parcel.{path}"])


async def test_who_may_not_is_told_before_anything_else(house: House) -> None:
    """Another network, another merchant, another role: PERMISSION_DENIED, whatever the body."""
    empty = pb.CreateParcelRequest(parent=SHOP)
    twin = pb.CreateParcelRequest(parent="networks/twin/merchants/shop")
    courier = house.token(Role.COURIER, "c1")
    for request, token in (
        (twin, house.shop),
        (twin, house.dispatcher),
        (empty, house.rival),
        (empty, courier),
    ):
        code, reason, _ = await refusal(house.parcels.CreateParcel(request, metadata=token))
        assert (code, reason) == (Code.PERMISSION_DENIED, "ACCESS_DENIED")
    ask = pb.GetParcelRequest(name=f"{SHOP}/parcels/none")
    for token in (house.rival, courier):
        code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=token))
        assert code is Code.PERMISSION_DENIED


async def test_who_may_see_is_told_what_is_not_there(house: House) -> None:
    """Unknown parcels and merchants are NOT_FOUND, malformed names INVALID_ARGUMENT."""
    for name in (f"{SHOP}/parcels/none", f"{NETWORK}/merchants/nobody/parcels/p"):
        ask = pb.GetParcelRequest(name=name)
        code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=house.dispatcher))
        assert code is Code.NOT_FOUND
    nobody = pb.CreateParcelRequest(parent=f"{NETWORK}/merchants/nobody", parcel=parcel())
    code, _, _ = await refusal(house.parcels.CreateParcel(nobody, metadata=house.dispatcher))
    assert code is Code.NOT_FOUND
    for name in ("", f"{NETWORK}/parcels/p", f"{SHOP}/parcels/"):
        ask = pb.GetParcelRequest(name=name)
        code, _, fields = await refusal(house.parcels.GetParcel(ask, metadata=house.shop))
        assert (code, fields) == (Code.INVALID_ARGUMENT, ["name"])


@pytest.mark.parametrize("token", [None, "Bearer", "Bearer nonsense", "Basic abc"])
async def test_every_call_needs_a_token(house: House, token: str | None) -> None:
    """Without a token that proves something there is no answer."""
    metadata = [("authorization", token)] if token else []
    code, reason, _ = await refusal(
        house.parcels.ListParcels(pb.ListParcelsRequest(parent=SHOP), metadata=metadata)
    )
    assert (code, reason) == (Code.UNAUTHENTICATED, "TOKEN_INVALID")


async def test_pages_hold_each_parcel_once(house: House) -> None:
    """Pages follow each other by name, without gap or repetition, also for all merchants."""
    for number in range(7):
        await house.create(number)
    for parent, token in ((SHOP, house.shop), (f"{NETWORK}/merchants/-", house.dispatcher)):
        names: list[str] = []
        page = pb.ListParcelsResponse()
        for _ in range(3):
            ask = pb.ListParcelsRequest(parent=parent, page_size=3, page_token=page.next_page_token)
            page = await house.parcels.ListParcels(ask, metadata=token)
            names += [one.name for one in page.parcels]
        assert names == [f"{SHOP}/parcels/p{number}" for number in range(7)]
        assert not page.next_page_token


async def test_a_page_token_answers_one_question(house: House) -> None:
    """A token of another list, or none of ours, is refused by its name; so is a negative size."""
    await house.create(1)
    await house.create(2)
    ask = pb.ListParcelsRequest(parent=SHOP, page_size=1)
    page = await house.parcels.ListParcels(ask, metadata=house.shop)
    everyone = f"{NETWORK}/merchants/-"
    for parent, token in ((everyone, page.next_page_token), (SHOP, "bm9uc2Vuc2U"), (SHOP, "%")):
        ask = pb.ListParcelsRequest(parent=parent, page_token=token)
        _, _, fields = await refusal(house.parcels.ListParcels(ask, metadata=house.dispatcher))
        assert fields == ["page_token"]
    ask = pb.ListParcelsRequest(parent=SHOP, page_size=-1)
    _, _, fields = await refusal(house.parcels.ListParcels(ask, metadata=house.shop))
    assert fields == ["page_size"]


async def test_a_parcel_is_cancelled_once(house: House) -> None:
    """An old etag is ABORTED, a second cancellation FAILED_PRECONDITION."""
    got = await house.create(1)
    old = pb.CancelParcelRequest(name=got.name, etag="v99")
    code, reason, _ = await refusal(house.parcels.CancelParcel(old, metadata=house.shop))
    assert (code, reason) == (Code.ABORTED, "ETAG_MISMATCH")
    ask = pb.CancelParcelRequest(name=got.name, etag=got.etag, reason="Rita moved away")
    _, _, fields = await refusal(house.parcels.CancelParcel(ask, metadata=house.shop))
    assert fields == ["reason"]
    ask.reason = "REGRET"
    done = await house.parcels.CancelParcel(ask, metadata=house.shop)
    assert done.state == pb.Parcel.State.CANCELLED
    assert done.reason_code == "REGRET"
    again = pb.CancelParcelRequest(name=got.name)
    code, reason, _ = await refusal(house.parcels.CancelParcel(again, metadata=house.shop))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "INVALID_TRANSITION")


async def test_a_failed_commit_changes_nothing(house: House) -> None:
    """While the log takes nothing, calls are UNAVAILABLE; afterwards the same request works."""
    request = _request()
    request.request_id = str(uuid.uuid4())
    house.log.is_broken = True
    code, reason, _ = await refusal(house.parcels.CreateParcel(request, metadata=house.shop))
    assert (code, reason) == (Code.UNAVAILABLE, "STORE_DOWN")
    house.log.is_broken = False
    ask = pb.GetParcelRequest(name=f"{SHOP}/parcels/p0")
    code, _, _ = await refusal(house.parcels.GetParcel(ask, metadata=house.shop))
    assert code is Code.NOT_FOUND
    got = await house.parcels.CreateParcel(request, metadata=house.shop)
    assert got.state == pb.Parcel.State.READY


async def test_a_rehearsal_creates_nothing(house: House) -> None:
    """``validate_only`` answers as the real call would, and leaves no trace."""
    request = _request()
    request.validate_only = True
    got = await house.parcels.CreateParcel(request, metadata=house.shop)
    assert got.state == pb.Parcel.State.READY
    batch = pb.BatchCreateParcelsRequest(parent=SHOP, requests=[_request()], validate_only=True)
    await house.parcels.BatchCreateParcels(batch, metadata=house.shop)
    assert not house.site.networks["local"].any_zone().state.parcels
    assert house.log.read("networks/local/zones/all")[-1].type == "PolicyAdopted"


async def test_parcels_go_to_the_zone_of_their_pickup(house: House) -> None:
    """The pickup's point chooses the zone; outside every zone, or in two at once, is named."""
    parent = "networks/twin/merchants/shop"
    token = house.token(Role.DISPATCHER, "dora", "twin")

    def at(lon: float, own: str) -> pb.CreateParcelRequest:
        here = types_pb2.Place(point={"latitude": LAT, "longitude": lon})
        return pb.CreateParcelRequest(
            parent=parent, parcel_id=own, parcel=pb.Parcel(pickup=here, dropoff=here)
        )

    got = await house.parcels.CreateParcel(at(LON, "p1"), metadata=token)
    assert got.zone == "networks/twin/zones/west"
    got = await house.parcels.CreateParcel(at(25.5, "p2"), metadata=token)
    assert got.zone == "networks/twin/zones/east"
    _, _, fields = await refusal(house.parcels.CreateParcel(at(27.0, "p3"), metadata=token))
    assert fields == ["parcel.pickup.point"]
    code, _, _ = await refusal(house.parcels.CreateParcel(at(25.5, "p1"), metadata=token))
    assert code is Code.ABORTED
    batch = pb.BatchCreateParcelsRequest(parent=parent, requests=[at(LON, "a"), at(25.5, "b")])
    _, _, fields = await refusal(house.parcels.BatchCreateParcels(batch, metadata=token))
    assert fields == ["requests[1].parcel.pickup"]
    ask = pb.ListParcelsRequest(parent=parent)
    page = await house.parcels.ListParcels(ask, metadata=token)
    assert [one.name[-2:] for one in page.parcels] == ["p1", "p2"]
    east, west = at(25.5, "e"), at(LON, "w")
    east.parcel.waybill = west.parcel.waybill = "W1"
    await house.parcels.CreateParcel(east, metadata=token)
    code, reason, _ = await refusal(house.parcels.CreateParcel(west, metadata=token))
    assert (code, reason) == (Code.ALREADY_EXISTS, "WAYBILL_TAKEN")


async def test_a_merchants_own_datum_is_converted_on_the_way_in(house: House) -> None:
    """GCJ02 in, WGS84 out; a place that says WGS84 itself stays where it is."""
    gcj02, wgs84 = (31.17530398364597, 121.531541859215), (31.1774276, 121.5272106)
    sent = parcel()
    for end, (lat, lon) in ((sent.pickup, gcj02), (sent.dropoff, wgs84)):
        end.point.latitude, end.point.longitude = lat, lon
    sent.dropoff.datum = types_pb2.Place.Datum.WGS84
    request = pb.CreateParcelRequest(parent="networks/local/merchants/old", parcel=sent)
    token = house.token(Role.MERCHANT, "old")
    got = await house.parcels.CreateParcel(request, metadata=token)
    for end in (got.pickup, got.dropoff):
        assert end.datum == types_pb2.Place.Datum.WGS84
        assert (end.point.latitude, end.point.longitude) == pytest.approx(wgs84, abs=1e-7)
