from typing import Any

import grpc

from dispatch.codes import tag_of
from dispatch.v1 import compounds_pb2 as pb
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import couriers_pb2, types_pb2
from tests.dispatch.service.errands import Action, Disposition, event
from tests.dispatch.service.house import NETWORK, SECRET, SHOP, SIGNED, House, place, refusal
from tests.dispatch.service.manor import GARDEN, Manor, manor

Code = grpc.StatusCode
STAIRS = {"compound": "garden", "building": "3", "entrance": "2"}
RITA = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")
RUDI = types_pb2.Contact(display_name="Rudi Recipient", phone_number="+358407654321")


async def _stairs(house: House, *doors: dict[str, Any]) -> Manor:
    """Let parcels for doors behind one entrance wait for guards; two are on duty."""
    one = await manor(house)
    await one.online("ann", "ben")
    for number, door in enumerate(doors, 1):
        given = {"room": f"{number}01", "floor": number - 1, "contact": RITA, **STAIRS}
        await house.create(number, dropoff=place(5, **{**given, **door}))
    return one


def _legs(stop: app.Stop, *parcels: int) -> list[str]:
    """Return the legs of parcels by their numbers."""
    wanted = {f"{SHOP}/parcels/p{number}" for number in parcels}
    return [action.leg for action in stop.actions if action.parcel in wanted]


async def test_doors_behind_one_entrance_are_one_stop_each_with_its_own_recipient(
    house: House,
) -> None:
    """The offer says so; rooms and phones stand with their own doors, for the guard alone."""
    one = await _stairs(house, {}, {"contact": RUDI})
    run = await house.plan()
    [name] = run.offers
    courier = name.split("/")[3]
    watch = house.phone.WatchWork(
        app.WatchWorkRequest(name=f"{NETWORK}/couriers/{courier}"), metadata=one.phones[courier]
    )
    offer = app.Offer()
    async for news in watch:
        if news.HasField("offer"):
            offer = news.offer
            break
    watch.cancel()
    assert offer.summary.startswith("2 parcels, 1 entrance, ")
    assert "Recipient" not in str(offer)
    assert "101" not in str(offer)
    tour = await house.phone.AcceptOffer(
        app.AcceptOfferRequest(name=name), metadata=one.phones[courier]
    )
    assert tour.summary == offer.summary
    _, stairs = tour.stops
    assert (stairs.place.building, stairs.place.entrance) == ("3", "2")
    assert not stairs.place.room
    assert not stairs.place.contact.display_name
    seen = {
        action.parcel[-2:]: (place.room, place.floor, place.contact.display_name)
        for action in stairs.actions
        for place in (action.place,)
    }
    assert seen == {"p1": ("101", 0, "Rita Recipient"), "p2": ("201", 1, "Rudi Recipient")}
    back = await house.phone.HandBackLegs(
        app.HandBackLegsRequest(name=tour.name, legs=_legs(stairs, 1)),
        metadata=one.phones[courier],
    )
    assert "Rudi" in str(back)
    assert "Rita" not in str(back), "what was handed back is somebody else's"


async def test_parcels_of_one_door_are_confirmed_together(house: House) -> None:
    """One report each at the counter and at the door; two doors with one report are refused."""
    one = await _stairs(house, {}, {"room": "101", "floor": 0}, {"contact": RUDI})
    tour = await one.accepts("ann")
    _, stairs = tour.stops
    [taken] = await one.report(tour, event(0, Action.PICK_UP))
    assert taken.disposition == Disposition.RECORDED
    assert house.types().count("ParcelPickedUp") == 3
    given: dict[str, Any] = {"proofs": SIGNED, "entrance_tag": _tag("3", "2")}
    [vague] = await one.report(tour, event(1, Action.DROP_OFF, **given))
    assert vague.disposition == Disposition.REJECTED
    all_doors = event(1, Action.DROP_OFF, legs=_legs(stairs, 1, 2, 3), **given)
    [mixed] = await one.report(tour, all_doors)
    assert mixed.disposition == Disposition.REJECTED
    assert "ParcelDelivered" not in house.types()
    door = event(1, Action.DROP_OFF, legs=_legs(stairs, 1, 2), **given)
    for wanted in (Disposition.RECORDED, Disposition.DUPLICATE):
        [told] = await one.report(tour, door)
        assert told.disposition == wanted, told
    assert house.types().count("ParcelDelivered") == 2
    [last] = await one.report(tour, event(1, Action.DROP_OFF, **given))
    assert last.disposition == Disposition.RECORDED, "one door is left: no doubt which"
    assert house.types().count("ParcelDelivered") == 3


def _tag(building: str, entrance: str, compound: str = "garden", secret: str = SECRET) -> str:
    return tag_of(secret, "local", f"{compound}\x1f{building}\x1f{entrance}")


async def test_tags_are_printed_for_a_compound(house: House) -> None:
    """By naming entrances, or all that the map has; short ids differ, texts prove the entrance."""
    one = await manor(house)
    house.site.entrances = lambda compound: [("9", "1")] if compound == "Garden Court" else []
    named = [pb.Entrance(building="3", entrance=own) for own in ("2", "1", "2")]
    ask = pb.ListEntranceTagsRequest(parent=GARDEN, entrances=named)
    page = await house.compounds.ListEntranceTags(ask, metadata=one.company)
    assert [tag.entrance.entrance for tag in page.entrance_tags] == ["1", "2"]
    assert page.entrance_tags[1].text == _tag("3", "2")
    assert len({tag.tag_id for tag in page.entrance_tags}) == 2
    page = await house.compounds.ListEntranceTags(
        pb.ListEntranceTagsRequest(parent=GARDEN), metadata=one.company
    )
    assert [tag.text for tag in page.entrance_tags] == [_tag("9", "1")]
    bad = pb.ListEntranceTagsRequest(parent=GARDEN, entrances=[pb.Entrance(building="x\x00")])
    assert (await refusal(house.compounds.ListEntranceTags(bad, metadata=one.company)))[2] == [
        "entrances[0].building"
    ]
    bad = pb.ListEntranceTagsRequest(parent=GARDEN, entrances=[pb.Entrance()])
    assert (await refusal(house.compounds.ListEntranceTags(bad, metadata=one.company)))[2] == [
        "entrances[0]"
    ]


async def test_a_guard_of_a_booth_next_door_scans_the_entrances_tag(house: House) -> None:
    """Within the fence of the booth the fix proves nothing: the right tag does, no other one."""
    one = await manor(house)
    await one.online("ann", "ben")
    near = place(0, **STAIRS, room="101", floor=0)
    await house.create(1, dropoff=near, pickup=place(3))
    tour = await one.accepts("ann")
    await one.report(tour, event(0, Action.PICK_UP))
    tags = ["", _tag("3", "1"), _tag("3", "2", secret="s" * 40), "antmile-entrance:x", "\U0001f6aa"]
    for tag in tags:
        faked = event(1, Action.DROP_OFF, proofs=SIGNED, point=near.point, entrance_tag=tag)
        [told] = await one.report(tour, faked)
        assert told.disposition == Disposition.REJECTED
        assert "tag" in told.status.message
    [too_long] = await one.report(
        tour, event(1, Action.DROP_OFF, proofs=SIGNED, entrance_tag="x" * 5000)
    )
    assert too_long.status.code == Code.INVALID_ARGUMENT.value[0]
    scanned = event(
        1, Action.DROP_OFF, proofs=SIGNED, point=near.point, entrance_tag=_tag("3", "2")
    )
    [told] = await one.report(tour, scanned)
    assert told.disposition == Disposition.RECORDED, told


async def test_a_tag_is_right_where_addresses_name_the_compound(house: House) -> None:
    """A sender writes `Garden Court`, the tag knows `garden`: both are one entrance."""
    one = await manor(house)
    await one.online("ann", "ben")
    near = place(0, **{**STAIRS, "compound": "Garden Court"}, room="101", floor=0)
    await house.create(1, dropoff=near, pickup=place(3))
    tour = await one.accepts("ann")
    await one.report(tour, event(0, Action.PICK_UP))
    scanned = event(
        1, Action.DROP_OFF, proofs=SIGNED, point=near.point, entrance_tag=_tag("3", "2")
    )
    [told] = await one.report(tour, scanned)
    assert told.disposition == Disposition.RECORDED, told


async def test_couriers_have_carriers(house: House) -> None:
    """Whose parcels a courier may have is kept and returned, and checked."""
    made = await house.couriers.CreateCourier(
        couriers_pb2.CreateCourierRequest(
            parent=NETWORK,
            courier_id="rico",
            courier=couriers_pb2.Courier(
                kind=couriers_pb2.Courier.Kind.RIDER, home_anchor=place(), carriers=["acme"]
            ),
        ),
        metadata=house.dispatcher,
    )
    assert list(made.carriers) == ["acme"]
    bad = couriers_pb2.CreateCourierRequest(
        parent=NETWORK,
        courier=couriers_pb2.Courier(
            kind=couriers_pb2.Courier.Kind.RIDER, home_anchor=place(), carriers=["\x00"]
        ),
    )
    found = await refusal(house.couriers.CreateCourier(bad, metadata=house.dispatcher))
    assert found[2] == ["courier.carriers[0]"]
