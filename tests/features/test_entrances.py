"""Same entrance, same door: one stop, many scans, one confirmation; a tag shows the visit."""

from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.compounds import entrance_key
from dispatch.core.errors import InvalidValue, ProofMissing
from dispatch.core.model import (
    ActionKind,
    CourierKind,
    FailureCode,
    Mode,
    ParcelState,
    Place,
    ProofKind,
    StopState,
)
from tests.core.town import Story, a_relay_hub, place


def flat(room: str, entrance: str = "2", east_m: float = 500) -> Place:
    """Give a door of building 3, as its sender knows it: places differ by a metre or two."""
    offset = sum(map(ord, room)) % 3
    return place(
        east_m + offset,
        0,
        compound="lake",
        building="3",
        entrance=entrance,
        floor=int(room) // 100 - 1,
        door_key=f"lake-3-{entrance}-{room}",
    )


@pytest.fixture
def building() -> Story:
    """Have four parcels of two carriers and two merchants for three doors of two entrances."""
    story = Story()
    story.hub()
    doors = {
        "p1": flat("501"),
        "p2": flat("501"),
        "p3": flat("302"),
        "p4": flat("101", "1", 540),
    }
    for number, (name, at) in enumerate(doors.items()):
        carrier = ("sf", "yto")[number % 2]
        story.parcel(name, origin_hub="station", dropoff=at, carrier=carrier, waybill=name)
    story.courier("ann", mode=Mode.FOOT)
    return story


def confirm(story: Story, *names: str, kind: ActionKind, **fields: Any) -> m.RecordStop:
    """Give one report that confirms several parcels at once."""
    one = story.report_of("ann", names[0], kind)
    legs = tuple(f"m/{name}/1" for name in names[1:])
    report = m.StopReport(
        id=f"{kind}-{names[0]}",
        at=story.now,
        stop=one.report.stop,
        leg=one.report.leg,
        legs=legs,
        action=kind,
        evidence=fields.get("evidence", one.report.evidence),
    )
    return m.RecordStop(courier="ann", tour=one.tour, report=report)


def out(story: Story) -> None:
    """Have ann accept all and fetch all with one confirmation at the counter."""
    story.plan()
    story.accept("ann")
    story.do(confirm(story, "p1", "p2", "p3", "p4", kind=ActionKind.PICKUP))


def test_an_entrance_is_one_stop(building: Story) -> None:
    """Counter, entrance 2 with its two doors, entrance 1: three stops for four parcels."""
    building.plan()
    offer = building.state.offers[building.state.open_offer["ann"]]
    stops = offer.itinerary.stops
    assert len(stops[0].actions) == 4
    assert sorted(len(stop.actions) for stop in stops[1:]) == [1, 3]
    big = next(stop for stop in stops[1:] if len(stop.actions) == 3)
    assert len({big.place_of(action.leg).door_key for action in big.actions}) == 2
    assert all(action.travel_s >= 0 for action in big.actions)


def test_the_offer_says_so(building: Story) -> None:
    """What anybody wants to know first, in one line."""
    building.plan()
    offer = building.state.offers[building.state.open_offer["ann"]]
    span_s = offer.itinerary.ends_at - offer.itinerary.departs_at
    assert offer.itinerary.summary == f"4 parcels, 2 entrances, {-(-span_s // 60)} min"


def test_one_confirmation_for_one_door(building: Story) -> None:
    """Two carriers' parcels, one signature: both are delivered, each with its own event."""
    out(building)
    events = building.do(confirm(building, "p1", "p2", kind=ActionKind.DROPOFF))
    given = [event.parcel for event in events if isinstance(event, m.ParcelDelivered)]
    assert given == ["m/p1", "m/p2"]
    assert building.do(confirm_again(building)) == (), "told twice"


def confirm_again(story: Story) -> m.RecordStop:
    """Give the first confirmation of p1 and p2 as a phone repeats it."""
    tour = story.tour("ann")
    report = m.StopReport(
        id="DROPOFF-p1",
        at=story.now,
        stop=1,
        leg="m/p1/1",
        legs=("m/p2/1",),
        action=ActionKind.DROPOFF,
    )
    return m.RecordStop(courier="ann", tour=tour.id, report=report)


def test_two_doors_are_two_confirmations(building: Story) -> None:
    """The neighbour upstairs does not sign for the one below."""
    out(building)
    both = confirm(building, "p1", "p3", kind=ActionKind.DROPOFF)
    building.refused(InvalidValue, both, "confirm each door by itself")
    assert building.parcel_state("p1") is ParcelState.COLLECTED


@pytest.mark.parametrize(
    ("legs", "told"),
    [(("m/p1/1",), "twice"), (("m/p9/1",), "no such action")],
    ids=["twice", "not on the tour"],
)
def test_a_confirmation_is_all_or_nothing(
    building: Story, legs: tuple[str, ...], told: str
) -> None:
    """One bad scan among them, and nothing is taken."""
    out(building)
    good = confirm(building, "p1", "p2", kind=ActionKind.DROPOFF)
    report = m.StopReport(
        id="bad",
        at=building.now,
        stop=good.report.stop,
        leg="m/p1/1",
        legs=("m/p2/1", *legs),
        action=ActionKind.DROPOFF,
        evidence=good.report.evidence,
    )
    building.refused(InvalidValue, m.RecordStop(courier="ann", tour=good.tour, report=report), told)
    assert building.parcel_state("p1") is ParcelState.COLLECTED


def test_who_is_absent_at_one_door_is_absent_there(building: Story) -> None:
    """One door of the entrance fails, the others do not."""
    out(building)
    building.do(confirm(building, "p1", "p2", kind=ActionKind.DROPOFF))
    tour = building.tour("ann")
    pending = [
        action.leg
        for stop in tour.stops
        for action in stop.actions
        if action.state is StopState.PENDING
    ]
    assert sorted(pending) == ["m/p3/1", "m/p4/1"]


# --- the entrance's tag --------------------------------------------------------------------


def a_booth_beside_the_door() -> Story:
    """Have a guard whose booth is 30 m from the entrance, and a parcel for it."""
    story = Story()
    story.do(m.CreateHub(hub=a_relay_hub("booth", host="gus")))
    story.courier(
        "gus",
        kind=CourierKind.GUARD,
        mode=Mode.FOOT,
        home=place(350, is_door=False),
        host_of="booth",
    )
    story.parcel("p1", origin_hub="booth", dropoff=flat("501", east_m=380))
    story.assign("gus", "p1")
    story.pick_up("gus", "p1")
    return story


def in_the_booth(tag: str = "", **fields: Any) -> m.Evidence:
    """Show a phone that lies in the booth."""
    here = place(352)
    return m.Evidence(lat=here.lat, lon=here.lon, entrance=tag, **fields)


@pytest.mark.parametrize("tag", ["", "?", "lake\x1f3\x1f1"], ids=["none", "foreign", "another's"])
def test_an_attempt_is_not_faked_from_the_booth(tag: str) -> None:
    """The fix says that he is at the door, as it does all day: only the tag shows the visit."""
    story = a_booth_beside_the_door()
    called_at, story.now = story.now, story.now + 120
    shown = in_the_booth(tag, contacted_at=called_at)
    report = story.report_of("gus", "p1", ActionKind.DROPOFF, FailureCode.ABSENT, evidence=shown)
    story.refused(ProofMissing, report, "tag")


def test_a_delivery_is_not_faked_from_the_booth() -> None:
    """Nor is a name that somebody wrote down there."""
    story = a_booth_beside_the_door()
    shown = in_the_booth(proofs=(ProofKind.RECEIVER_NAME,))
    report = story.report_of("gus", "p1", ActionKind.DROPOFF, evidence=shown)
    story.refused(ProofMissing, report, "tag")


def test_with_the_tag_it_counts() -> None:
    """He was there."""
    story = a_booth_beside_the_door()
    shown = in_the_booth(entrance_key(flat("501")), proofs=(ProofKind.SIGNATURE,))
    story.drop_off("gus", "p1", evidence=shown)
    assert story.parcel_state() is ParcelState.DELIVERED


def test_whoever_keeps_no_booth_needs_no_tag(building: Story) -> None:
    """A rider's fix at the door says enough."""
    out(building)
    building.drop_off("ann", "p4")
    assert building.parcel_state("p4") is ParcelState.DELIVERED
