from typing import Any

import grpc
from google.protobuf.json_format import MessageToDict

from dispatch.v1 import events_pb2 as pb
from tests.dispatch.service.house import NETWORK, NOON, SHOP, House, refusal


async def _heard(
    house: House, token: list[tuple[str, str]], count: int, **fields: Any
) -> list[pb.StreamEventsResponse]:
    """Return the first messages of a stream."""
    stream = house.events.StreamEvents(
        pb.StreamEventsRequest(**{"parent": NETWORK, **fields}), metadata=token
    )
    heard = []
    async for message in stream:
        heard.append(message)
        if len(heard) == count:
            break
    stream.cancel()
    return heard


async def test_from_an_instant_on_everything_comes_in_order(house: House) -> None:
    """A stream from the beginning tells every event with its place, then a bookmark."""
    got = await house.create(1)
    policy, created, bookmark = await _heard(house, house.dispatcher, 3, start_time={"seconds": 1})
    assert policy.event.type == "PolicyAdopted"
    event = created.event
    assert (event.type, event.subject) == ("ParcelCreated", got.name)
    assert event.actor == SHOP
    assert event.zone == f"{NETWORK}/zones/all"
    assert event.sequence == 2
    assert event.event_time.seconds == NOON
    assert MessageToDict(event.payload)["parcel"]["id"] == "shop/p1"
    assert bookmark.HasField("bookmark")


async def test_a_stream_without_a_start_is_live(house: House) -> None:
    """It says at once that it listens, tells what happens, and breathes when nothing does."""
    await house.create(1)
    stream = house.events.StreamEvents(
        pb.StreamEventsRequest(parent=NETWORK), metadata=house.dispatcher
    )
    messages = aiter(stream)
    assert (await anext(messages)).HasField("bookmark")
    await house.create(2)
    message = await anext(messages)
    while not message.HasField("event"):
        message = await anext(messages)
    assert message.event.subject == f"{SHOP}/parcels/p2"
    assert (await anext(messages)).HasField("bookmark")
    stream.cancel()


async def test_a_resumed_stream_misses_nothing(house: House) -> None:
    """From any message's token the stream goes on right after it."""
    await house.create(1)
    _, created, _ = await _heard(house, house.dispatcher, 3, start_time={"seconds": 1})
    await house.create(2)
    after = await _heard(house, house.dispatcher, 1, resume_token=created.resume_token)
    assert after[0].event.subject == f"{SHOP}/parcels/p2"
    wrong = pb.StreamEventsRequest(
        parent=NETWORK, filter='type = "OfferMade"', resume_token=created.resume_token
    )
    _, _, fields = await refusal(house.events.StreamEvents(wrong, metadata=house.dispatcher))
    assert fields == ["resume_token"]


async def test_a_filter_names_types(house: House) -> None:
    """Only the named types come; what is no such filter is refused by name."""
    await house.create(1)
    [only] = await _heard(
        house,
        house.dispatcher,
        1,
        start_time={"seconds": 1},
        filter='type = "OfferMade" OR type = "ParcelCreated"',
    )
    assert only.event.type == "ParcelCreated"
    for text in ("weight > 3", 'type = "parcelcreated"', 'type = "OfferMade" OR type = "Nothing"'):
        odd = pb.StreamEventsRequest(parent=NETWORK, filter=text)
        _, _, fields = await refusal(house.events.StreamEvents(odd, metadata=house.dispatcher))
        assert fields == ["filter"]


async def test_a_merchant_hears_of_its_own_parcels_only(house: House) -> None:
    """A merchant's stream holds nothing of others; wider parents are denied."""
    await house.create(1)
    heard = await _heard(house, house.shop, 2, parent=SHOP, start_time={"seconds": 1})
    assert [message.event.type for message in heard] == ["ParcelCreated", ""]
    rival = f"{NETWORK}/merchants/rival"
    heard = await _heard(house, house.rival, 1, parent=rival, start_time={"seconds": 1})
    assert heard[0].HasField("bookmark")
    for token, parent in (
        (house.rival, SHOP),
        (house.shop, NETWORK),
        (house.shop, f"{SHOP}-2"),
        (house.shop, f"{NETWORK}/couriers/c"),
        (house.dispatcher, "networks/twin"),
    ):
        ask = pb.StreamEventsRequest(parent=parent)
        code, _, _ = await refusal(house.events.StreamEvents(ask, metadata=token))
        assert code is grpc.StatusCode.PERMISSION_DENIED


async def test_streams_end_when_the_service_stops(house: House) -> None:
    """A waiting stream ends with UNAVAILABLE, so that its client goes elsewhere."""
    stream = house.events.StreamEvents(
        pb.StreamEventsRequest(parent=NETWORK), metadata=house.dispatcher
    )
    await stream.read()
    house.site.networks["local"].news.close()
    code, reason, _ = await refusal(stream)
    assert (code, reason) == (grpc.StatusCode.UNAVAILABLE, "DRAINING")
