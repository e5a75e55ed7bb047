"""A relay: a rider brings a parcel to the booth, its keeper brings it to the door.

Legs are assigned, not parcels: one open leg at a time, the next released by the receiving scan.
"""

from dispatch.core import messages as m
from dispatch.core.keeping import ReservationState, reservation_id
from dispatch.core.model import (
    CourierKind,
    Custodian,
    CustodianKind,
    LegKind,
    LegState,
    Mode,
    Parcel,
    ParcelState,
    Purpose,
    SizeClass,
)
from dispatch.core.state import replace
from dispatch.solver.check import violations
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve
from tests.core.town import (
    AT_ONCE,
    HOUR,
    NOON,
    Story,
    a_commit,
    a_relay_hub,
    names,
    place,
    plan_epoch,
)

BOOTH = Custodian(kind=CustodianKind.HUB, id="booth")


def to_the_booth(story: Story) -> Parcel:
    """Have ann bring p1 from the station to the booth, where both scan."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    story.now += 60
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    return story.state.parcel("m/p1")


def test_the_receiving_scan_releases_the_next_leg(story: Story) -> None:
    """At the booth the first leg is done, the second waits for a plan and depends on the first."""
    parcel = to_the_booth(story)
    assert (parcel.state, parcel.custodian, parcel.leg) == (ParcelState.READY, BOOTH, "m/p1/2")
    first, second = story.state.leg("m/p1/1"), story.state.leg("m/p1/2")
    assert (first.kind, first.purpose, first.state) == (
        LegKind.RELAY,
        Purpose.RELAY,
        LegState.COMPLETED,
    )
    assert (second.kind, second.state, second.depends_on) == (
        LegKind.FORWARD,
        LegState.PLANNED,
        ("m/p1/1",),
    )
    assert second.pickup == story.state.hub("booth").place
    assert second.dropoff == parcel.dropoff
    assert not story.state.codes, "a relay is custody on the way: it mints no code"


def test_before_the_receiving_scan_there_is_one_open_leg(story: Story) -> None:
    """While ann is on the way nobody is asked for the second leg."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub(host="bob")))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    assert [leg.id for leg in story.state.legs.values() if leg.parcel == "m/p1"] == ["m/p1/1"]
    assert story.plan() == ()


def test_the_keeper_takes_it_on_with_one_scan(story: Story) -> None:
    """From the own booth nobody else scans, and the ledger says so."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub(host="gus")))
    story.courier("gus", home=place(350, 0, is_door=False), host_of="booth")
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    story.assign("gus", "p1")
    picked = story.pick_up("gus", "p1")
    assert "ParcelPickedUp" in names(picked)
    story.drop_off("gus", "p1")
    parcel = story.state.parcel("m/p1")
    assert parcel.state is ParcelState.DELIVERED
    assert [holding.custodian.kind.value for holding in parcel.custody] == [
        "HUB",
        "COURIER",
        "HUB",
        "COURIER",
        "RECIPIENT",
    ]
    assert [holding.single_actor for holding in parcel.custody] == [
        False,
        False,
        False,
        True,
        False,
    ]
    assert not story.state.reservations, "its slot is free again"


def test_each_leg_is_paid_to_who_carried_it(story: Story) -> None:
    """The rider for the way to the booth, the keeper for the last one."""
    to_the_booth(story)
    story.assign("bob", "p1")
    story.pick_up("bob", "p1")
    story.release("booth", "p1", courier="bob")
    story.drop_off("bob", "p1")
    assert story.earned("ann") > 0
    assert story.earned("bob") > 0


def test_a_slot_is_held_before_anybody_is_asked(story: Story) -> None:
    """The reservation stands before the offer, and is occupied by the scan."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1", origin_hub="station")
    events = story.do(a_commit(story.itinerary("ann", "p1", hub="booth")))
    assert names(events) == ["PlanMade", "SlotReserved", "OfferMade"]
    key = reservation_id("booth", "m/p1")
    assert story.state.reservations[key].state is ReservationState.HELD
    story.accept("ann")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    assert story.state.reservations[key].state is ReservationState.OCCUPIED
    assert story.state.reservations[key].shelf == "S001"


def searched(problem: Problem) -> Plan:
    """Plan by the search: insertion takes one leg after the other, and never sees a pair."""
    plan = solve(problem, engine="search", iterations=300)
    assert violations(problem, plan) == []
    return plan


def test_the_plan_itself_chooses_the_relay() -> None:
    """A rider is spared the last stretch where a keeper goes it for less."""
    story = Story(replace(AT_ONCE, keeping_cents=0, nuisance_cents=0))
    story.courier("ann")
    booth = a_relay_hub(host="gus", place=place(2400, 0, hub="booth", is_door=False))
    story.hub()
    story.do(m.CreateHub(hub=booth))
    story.courier(
        "gus",
        kind=CourierKind.GUARD,
        mode=Mode.FOOT,
        home=place(2400, 0, is_door=False),
        host_of="booth",
        pay_per_min_cents=1,
        pay_fixed_cents=1,
    )
    story.parcel("p1", origin_hub="station", dropoff=place(2690, 0, door_key="far"))
    plan = plan_epoch(story.state, story.times, story.now, searched)
    assert plan is not None
    story.do(plan)
    offer = story.state.offer(story.state.open_offer["ann"])
    (action,) = [
        action
        for stop in offer.itinerary.stops
        for action in stop.actions
        if action.purpose is Purpose.RELAY
    ]
    assert action.leg == "m/p1/1"
    assert "gus" not in story.state.open_offer, "nobody is asked before the parcel is there"


def test_without_a_contract_there_is_no_relay(story: Story) -> None:
    """A booth that only collects is never a stop on the way."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub(contracts=())))
    story.parcel("p1", origin_hub="station")
    story.plan()
    (courier,) = story.state.open_offer
    offer = story.state.offer(story.state.open_offer[courier])
    assert {stop.place.hub for stop in offer.itinerary.stops} == {"station", ""}


def test_a_full_booth_is_no_choice(story: Story) -> None:
    """With no slot of its size free, a parcel goes to the door."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub(slots=(0, 5, 5))))
    story.parcel("p1", origin_hub="station", size_class=SizeClass.S)
    story.plan()
    (offer,) = story.state.open_offer.values()
    stops = story.state.offer(offer).itinerary.stops
    assert "booth" not in {stop.place.hub for stop in stops}


def test_a_relay_that_nobody_takes_on_goes_back(story: Story) -> None:
    """At the end of its time a parcel at the booth is returned, not forgotten there."""
    to_the_booth(story)
    for courier in ("ann", "bob"):
        story.do(m.GoOffline(courier=courier))
    story.wait(7 * HOUR)
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian) == (ParcelState.RETURNING, BOOTH)
    leg = story.state.leg(parcel.leg)
    assert (leg.kind, leg.state) == (LegKind.RETURN, LegState.PLANNED)
    assert leg.dropoff == story.state.hub("station").place


def test_the_way_back_from_a_booth_is_a_tour_like_any_other(story: Story) -> None:
    """It is planned, offered, accepted, scanned out and brought to the origin."""
    to_the_booth(story)
    story.do(m.CancelParcel(parcel="m/p1"))
    assert story.parcel_state() is ParcelState.RETURNING
    story.plan()
    (courier,) = story.state.open_offer
    story.accept(courier)
    story.pick_up(courier, "p1")
    story.release("booth", "p1", courier=courier)
    story.drop_off(courier, "p1")
    parcel = story.state.parcel("m/p1")
    assert parcel.state is ParcelState.RETURNED
    assert parcel.custodian == Custodian(kind=CustodianKind.HUB, id="station")
    assert story.now == NOON + 60
