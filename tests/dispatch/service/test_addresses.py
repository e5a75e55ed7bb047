"""Address lines over the port: read, filled in at intake, queued, corrected, learned."""

import uuid
from typing import Any

import grpc
import pytest

from dispatch.v1 import addresses_pb2 as pb
from dispatch.v1 import addresses_pb2_grpc, parcels_pb2, types_pb2
from tests.dispatch.service.house import NETWORK, SHOP, House, parcel, place, refusal

ALL = f"{NETWORK}/merchants/-"
RIVAL = f"{NETWORK}/merchants/rival"
Certainty = pb.AddressReading.Certainty
Lesson = pb.CorrectAddressResponse.Lesson


@pytest.fixture
def lines(house: House) -> Any:
    """Give the service's stub for address lines."""
    return addresses_pb2_grpc.AddressServiceStub(house.channel)


async def waiting(lines: Any, caller: Any, parent: str = SHOP) -> list[pb.UnreadAddress]:
    """Return the lines that wait."""
    page = await lines.ListUnreadAddresses(
        pb.ListUnreadAddressesRequest(parent=parent), metadata=caller
    )
    return list(page.unread_addresses)


def correction(name: str, building: str, room: str, **fields: Any) -> pb.CorrectAddressRequest:
    """Return what somebody says a line of 晨光里 means."""
    return pb.CorrectAddressRequest(
        name=name, compound="晨光里", building=building, room=room, **fields
    )


async def test_each_line_of_a_batch_has_its_answer(house: House, lines: Any) -> None:
    """Good, doubtful and bad lines stand side by side; nothing is refused for one of them."""
    given = ["阳光花园3号楼2单元501", "12-1801x", "", "阳" * 10_240, "3-2-501,5-1-302", "🏠"]
    answer = await lines.ParseAddresses(
        pb.ParseAddressesRequest(parent=SHOP, lines=given), metadata=house.shop
    )
    first, *others = answer.readings
    assert (first.certainty, first.compound, first.building) == (Certainty.CERTAIN, "阳光花园", "3")
    assert (first.entrance, first.floor, first.room, first.why) == ("2", 4, "501", "")
    assert all(one.certainty != Certainty.CERTAIN and one.why for one in others)
    within = await lines.ParseAddresses(
        pb.ParseAddressesRequest(parent=ALL, lines=["3-2-501"], compound="阳光花园"),
        metadata=house.dispatcher,
    )
    assert within.readings[0].compound == "阳光花园"
    code, _, fields = await refusal(
        lines.ParseAddresses(
            pb.ParseAddressesRequest(parent=SHOP, lines=["3-2-501"] * 1001), metadata=house.shop
        )
    )
    assert (code, fields) == (grpc.StatusCode.INVALID_ARGUMENT, ["lines"])


async def test_a_certain_line_becomes_the_door(house: House, lines: Any) -> None:
    """Columns and line give the same door; what was filled in is marked as read from the line."""
    by_line = await house.create(1, dropoff=place(2, address="阳光花园3号楼2单元501室"))
    door = {"compound": "阳光花园", "building": "3", "entrance": "2", "floor": 4, "room": "501"}
    by_parts = await house.create(2, dropoff=place(2, **door))
    assert by_line.dropoff.building == "3"
    assert by_line.dropoff.room == "501"
    assert by_line.dropoff.confidence == types_pb2.Place.Confidence.PARSED
    keys = {
        parcel.id: parcel.dropoff.door_key
        for zone in house.site.networks["local"].zones.values()
        for parcel in zone.state.parcels.values()
    }
    assert keys["shop/p1"] == keys["shop/p2"] != ""
    assert by_parts.dropoff.confidence == types_pb2.Place.Confidence.GEOCODED
    assert await waiting(lines, house.shop) == []


async def test_other_lines_wait_for_whom_they_belong_to(house: House, lines: Any) -> None:
    """A merchant sees its own lines, a dispatcher all, another merchant none."""
    await house.create(1, dropoff=place(2, address="晨光里甲排3号"))
    [own] = await waiting(lines, house.shop)
    assert own.line == "晨光里甲排3号"
    assert own.guess.certainty == Certainty.UNREAD
    assert own.create_time.seconds == house.clock.now()
    assert await waiting(lines, house.dispatcher, ALL) == [own]
    assert await waiting(lines, house.rival, RIVAL) == []
    for parent in (SHOP, ALL):
        request = pb.ListUnreadAddressesRequest(parent=parent)
        code, _, _ = await refusal(lines.ListUnreadAddresses(request, metadata=house.rival))
        assert code is grpc.StatusCode.PERMISSION_DENIED
    code, _, _ = await refusal(
        lines.CorrectAddress(correction(own.name, "甲", "3"), metadata=house.rival)
    )
    assert code is grpc.StatusCode.PERMISSION_DENIED
    assert "晨光里" not in str([row.payload for row in house.log.read()])


async def test_two_corrections_make_a_form_certain(house: House, lines: Any) -> None:
    """The first makes it likely, the second certain; then parcels have their door at once."""
    for number, line in enumerate(("晨光里甲排3号", "晨光里乙排14号"), 1):
        await house.create(number, dropoff=place(2, address=line))
    found = {one.line: one.name for one in await waiting(lines, house.shop)}
    first = correction(found["晨光里甲排3号"], "甲", "3", floor=0, request_id=str(uuid.uuid4()))
    answer = await lines.CorrectAddress(first, metadata=house.dispatcher)
    assert answer.lesson == Lesson.LEARNED
    assert await lines.CorrectAddress(first, metadata=house.dispatcher) == answer
    [left] = await waiting(lines, house.shop)
    assert (left.guess.certainty, left.guess.building) == (Certainty.LIKELY, "乙")
    second = correction(left.name, "乙", "14", floor=0)
    answer = await lines.CorrectAddress(second, metadata=house.dispatcher)
    assert answer.lesson == Lesson.CONFIRMED
    got = await house.create(3, dropoff=place(2, address="晨光里丁排29号"))
    assert (got.dropoff.building, got.dropoff.room, got.dropoff.floor) == ("丁", "29", 0)
    assert await waiting(lines, house.shop) == []
    code, _, _ = await refusal(lines.CorrectAddress(second, metadata=house.dispatcher))
    assert code is grpc.StatusCode.NOT_FOUND


async def test_a_merchant_teaches_itself_alone(house: House, lines: Any) -> None:
    """What a merchant says does not change how another merchant's lines are read."""
    await house.create(1, dropoff=place(2, address="晨光里甲排3号"))
    [one] = await waiting(lines, house.shop)
    await lines.CorrectAddress(correction(one.name, "甲", "3"), metadata=house.shop)
    for parent, caller, certainty in (
        (SHOP, house.shop, Certainty.LIKELY),
        (RIVAL, house.rival, Certainty.UNREAD),
    ):
        request = pb.ParseAddressesRequest(parent=parent, lines=["晨光里乙排7号"])
        answer = await lines.ParseAddresses(request, metadata=caller)
        assert answer.readings[0].certainty == certainty


async def test_corrections_that_contradict_or_teach_nothing_say_so(
    house: House, lines: Any
) -> None:
    """The line is settled all the same; the answer tells what came of it."""
    texts = ("晨光里甲排3号", "晨光里乙排4号", "晨光里丙排5号")
    for number, line in enumerate(texts, 1):
        await house.create(number, dropoff=place(2, address=line))
    found = {one.line: one.name for one in await waiting(lines, house.shop)}
    outcomes = []
    for line, building, room in zip(texts, ("甲", "4", "9"), ("3", "乙", "101"), strict=True):
        answer = await lines.CorrectAddress(
            correction(found[line], building, room), metadata=house.dispatcher
        )
        outcomes.append(answer.lesson)
    assert outcomes == [Lesson.LEARNED, Lesson.CONTRADICTED, Lesson.NOT_LEARNED]
    assert await waiting(lines, house.shop) == []


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"compound": ""}, {"compound"}),
        ({"building": "", "room": ""}, {"building"}),
        ({"room": "9" * 41}, {"room"}),
        ({"building": "3\x00"}, {"building"}),
        ({"floor": 999}, {"floor"}),
    ],
)
async def test_bad_corrections_change_nothing(
    house: House, lines: Any, fields: dict[str, Any], bad: set[str]
) -> None:
    """Each fault is named, and the line still waits."""
    await house.create(1, dropoff=place(2, address="晨光里甲排3号"))
    [one] = await waiting(lines, house.shop)
    request = pb.CorrectAddressRequest(
        **{"name": one.name, "compound": "晨光里", "building": "甲", "room": "3", **fields}
    )
    code, _, named = await refusal(lines.CorrectAddress(request, metadata=house.shop))
    assert (code, set(named)) == (grpc.StatusCode.INVALID_ARGUMENT, bad)
    assert await waiting(lines, house.shop) == [one]


async def test_a_rehearsal_and_a_retry_leave_no_line_behind(house: House, lines: Any) -> None:
    """Only what was created waits, and once."""
    request = parcels_pb2.CreateParcelRequest(
        parent=SHOP, parcel_id="p1", validate_only=True,
        parcel=parcel(1, dropoff=place(2, address="晨光里甲排3号")),
    )  # fmt: skip
    await house.parcels.CreateParcel(request, metadata=house.shop)
    assert await waiting(lines, house.shop) == []
    request.validate_only, request.request_id = False, str(uuid.uuid4())
    await house.parcels.CreateParcel(request, metadata=house.shop)
    [one] = await waiting(lines, house.shop)
    await lines.CorrectAddress(correction(one.name, "甲", "3"), metadata=house.shop)
    await house.parcels.CreateParcel(request, metadata=house.shop)
    assert await waiting(lines, house.shop) == []


async def test_a_batch_fills_and_queues_each_of_its_parcels(house: House, lines: Any) -> None:
    """Lines of a batch are told apart, pickups too; pages follow each other."""
    texts = ("阳光花园3号楼2单元501", "晨光里甲排3号", "晨光里乙排4号")
    request = parcels_pb2.BatchCreateParcelsRequest(
        parent=SHOP,
        requests=[
            parcels_pb2.CreateParcelRequest(
                parcel_id=f"p{number}", parcel=parcel(number, dropoff=place(2, address=text))
            )
            for number, text in enumerate(texts)
        ],
    )
    answer = await house.parcels.BatchCreateParcels(request, metadata=house.shop)
    assert [one.dropoff.building for one in answer.parcels] == ["3", "", ""]
    ask = pb.ListUnreadAddressesRequest(parent=SHOP, page_size=1)
    found = []
    while True:
        page = await lines.ListUnreadAddresses(ask, metadata=house.shop)
        found += [one.line for one in page.unread_addresses]
        ask.page_token = page.next_page_token
        if not ask.page_token:
            break
    assert sorted(found) == sorted(texts[1:])
