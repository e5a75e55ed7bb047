"""A booth works while a guard of its post is there, and knows who scans: a PIN for each guard."""

import pytest

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.errors import (
    CounterLocked,
    HubClosed,
    InvalidTransition,
    KeeperMissing,
)
from dispatch.core.model import (
    ActionKind,
    Contract,
    CustodianKind,
    DeliveryOption,
    FailureCode,
    LegKind,
    Mode,
    OptionKind,
    ParcelState,
)
from tests.core.town import HOUR, Fenced, Story, names
from tests.features.compound import (
    BOOTH,
    OWNER,
    a_compound,
    a_parcel_at_the_booth,
    at_post,
    door,
    guard,
    on_patrol,
    set_out,
    walk,
)

DEVICE = "tablet"


@pytest.fixture
def booth() -> Story:
    """Have a booth with two guards, one of them on patrol, and a rider on the way there."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post())
    guard(story, "guo", on_patrol())
    story.courier("ann", mode=Mode.EBIKE)
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"))
    story.assign("ann", "p1", hub=BOOTH)
    story.pick_up("ann", "p1")
    return story


def sign_in(story: Story, guard_: str, serial: int | None = None) -> tuple[m.Event, ...]:
    """Have a guard tell the PIN at the booth's device, the right one by default."""
    known = story.state.pins.get(guard_, 0) if serial is None else serial
    return story.do(m.SignIn(hub=BOOTH, device=DEVICE, courier=guard_, pin_serial=known))


def receive(actor: str) -> m.ReceiveParcel:
    """Give the booth's scan of what ann brings."""
    return m.ReceiveParcel(hub=BOOTH, parcel="m/p1", courier="ann", actor=actor)


def test_a_guard_on_duty_scans_in_person(booth: Story) -> None:
    """Custody passes to the booth, and the guard's name stands with it."""
    booth.drop_off("ann", "p1")
    booth.do(receive("couriers/gus"))
    line = booth.state.parcel("m/p1").custody[-1]
    assert line.custodian.kind is CustodianKind.HUB
    assert (line.actor, line.witness) == ("couriers/gus", "couriers/ann")


@pytest.mark.parametrize("actor", ["hubs/booth", "couriers/guo", "couriers/ann", "gus"])
def test_nobody_else_scans(booth: Story, actor: str) -> None:
    """Neither the device alone, nor who is on patrol, nor the one who brings it."""
    booth.refused(KeeperMissing, receive(actor), "sign in")


def test_a_patrol_that_comes_by_and_signs_in_scans(booth: Story) -> None:
    """Whoever stands at the device with a PIN keeps the booth."""
    booth.do(m.IssuePin(courier="guo", actor=OWNER))
    assert names(sign_in(booth, "guo")) == ["SignedIn"]
    booth.drop_off("ann", "p1")
    booth.do(receive("couriers/guo"))
    assert booth.state.parcel("m/p1").custodian.id == BOOTH
    booth.do(m.SignOut(hub=BOOTH, device=DEVICE))
    assert not booth.state.signed_in


def test_when_the_last_keeper_walks_the_booth_rests(booth: Story) -> None:
    """It neither takes nor gives until he is back; the rider waits or goes elsewhere."""
    a_parcel_at_the_booth(booth, "p2")
    walk(booth, "gus", "p2")
    arrives = booth.report_of("ann", "p1", ActionKind.DROPOFF)
    booth.refused(HubClosed, arrives, "nobody is at hub booth")
    booth.refused(HubClosed, receive("couriers/gus"), "nobody is at")
    count = m.ReconcileInventory(hub=BOOTH, parcels=(), actor="couriers/gus")
    booth.refused(HubClosed, count, "nobody is at")
    booth.do(m.ReturnToPost(courier="gus"))
    booth.do(arrives)
    booth.do(receive("couriers/gus"))
    assert booth.state.parcel("m/p1").custodian.id == BOOTH


def test_its_last_keeper_takes_his_own_load_along(booth: Story) -> None:
    """Who leaves with parcels scans them out by himself: he is there until he goes."""
    a_parcel_at_the_booth(booth, "p2")
    set_out(booth, "gus", "p2")
    booth.pick_up("gus", "p2")
    line = booth.state.parcel("m/p2").custody[-1]
    assert line.single_actor
    assert line.custodian.id == "gus"


def test_out_of_the_roster_the_booth_is_closed() -> None:
    """Nobody is rostered at night: no plan brings anything there then."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post(0, HOUR))
    story.courier("ann", mode=Mode.EBIKE)
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"))
    story.assign("ann", "p1", hub=BOOTH)
    story.pick_up("ann", "p1")
    story.now += HOUR
    story.refused(HubClosed, story.report_of("ann", "p1", ActionKind.DROPOFF), "not manned")


def test_who_signs_in_past_the_roster_opens_the_booth() -> None:
    """The evening's last guard stays at the device for a rider who comes late."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post(0, HOUR))
    story.courier("ann", mode=Mode.EBIKE)
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"))
    story.assign("ann", "p1", hub=BOOTH)
    story.pick_up("ann", "p1")
    story.do(m.IssuePin(courier="gus", actor=OWNER))
    story.now += HOUR
    sign_in(story, "gus")
    story.drop_off("ann", "p1")
    story.do(receive("couriers/gus"))
    assert story.state.parcel("m/p1").custodian.id == BOOTH


def test_who_is_taken_off_the_roster_keeps_no_booth(booth: Story) -> None:
    """Sent home while signed in: the device's word counts no longer."""
    booth.do(m.IssuePin(courier="guo", actor=OWNER))
    sign_in(booth, "guo")
    opens_at = booth.state.availability["guo"][0].opens_at
    booth.do(m.DropSlots(courier="guo", opens_at=(opens_at,), actor=OWNER, reason="DISMISSED"))
    booth.refused(KeeperMissing, receive("couriers/guo"), "sign in")


# --- PINs --------------------------------------------------------------------------------


def test_a_wrong_pin_counts_and_the_fifth_locks_the_device(booth: Story) -> None:
    """Guessed: the device is locked for ten minutes, for whoever stands there."""
    for name in ("gus", "guo"):
        booth.do(m.IssuePin(courier=name, actor=OWNER))
    for count in range(1, 6):
        [event] = sign_in(booth, "gus", serial=-1)
        assert isinstance(event, m.PinRefused)
        assert event.failures == count
    right = m.SignIn(hub=BOOTH, device=DEVICE, courier="guo", pin_serial=1)
    booth.refused(CounterLocked, right, "600 s")
    other = m.SignIn(hub=BOOTH, device="phone", courier="guo", pin_serial=1)
    booth.do(other)
    booth.now += 600
    assert names(booth.do(right)) == ["SignedIn"]
    assert list(booth.state.signed_in) == [f"{BOOTH}~{DEVICE}"], "nobody is at two devices"


def test_the_right_pin_starts_the_count_again(booth: Story) -> None:
    """Four slips, then the right one, then four slips more: nothing is locked."""
    booth.do(m.IssuePin(courier="gus", actor=OWNER))
    for _ in range(2):
        for _ in range(4):
            sign_in(booth, "gus", serial=-1)
        assert names(sign_in(booth, "gus")) == ["SignedIn"]


def test_an_old_pin_is_worthless(booth: Story) -> None:
    """A new one makes the one before wrong."""
    for _ in range(2):
        booth.do(m.IssuePin(courier="gus", actor=OWNER))
    assert names(sign_in(booth, "gus", serial=1)) == ["PinRefused"]
    assert names(sign_in(booth, "gus", serial=2)) == ["SignedIn"]


def test_no_pin_no_sign_in(booth: Story) -> None:
    """A guard who was never given one cannot tell it."""
    assert names(sign_in(booth, "gus", serial=0)) == ["PinRefused"]


def test_only_its_keepers_sign_in(booth: Story) -> None:
    """The rider has a PIN from somewhere: she does not keep this booth."""
    booth.do(m.IssuePin(courier="ann", actor=OWNER))
    told = m.SignIn(hub=BOOTH, device=DEVICE, courier="ann", pin_serial=1)
    booth.refused(KeeperMissing, told, "does not keep")


def test_signing_in_brings_a_guard_back(booth: Story) -> None:
    """Back from a tour at the booth's device: nothing else has to be told."""
    booth.do(m.IssuePin(courier="gus", actor=OWNER))
    a_parcel_at_the_booth(booth, "p2")
    tour = set_out(booth, "gus", "p2")
    told = m.SignIn(hub=BOOTH, device=DEVICE, courier="gus", pin_serial=1)
    booth.refused(InvalidTransition, told, f"is on tour {tour.id}")
    booth.pick_up("gus", "p2")
    booth.drop_off("gus", "p2")
    booth.now += 120
    assert names(booth.do(told)) == ["CourierReturned", "SignedIn"]


def test_who_walks_is_signed_out(booth: Story) -> None:
    """A device that stays behind scans for nobody who has left."""
    booth.do(m.IssuePin(courier="gus", actor=OWNER))
    sign_in(booth, "gus")
    a_parcel_at_the_booth(booth, "p2")
    set_out(booth, "gus", "p2")
    assert not booth.state.signed_in
    booth.do(m.IssuePin(courier="guo", actor=OWNER))
    sign_in(booth, "guo")
    booth.do(m.GoOffline(courier="guo"))
    assert not booth.state.signed_in


def test_a_hub_without_a_post_is_as_before() -> None:
    """A station's counter scans by itself."""
    story = a_compound()
    story.courier("ann")
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"))
    story.assign("ann", "p1")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")


def test_a_guard_does_not_walk_to_the_station() -> None:
    """What goes back he leaves in his booth, in time for his post; somebody else takes it on."""
    story = a_compound()
    guard(story, "gus", on_patrol())
    guard(story, "guo", at_post())
    story.parcel("p1", origin_hub="station", dropoff=door(600, "p1"), max_attempts=1)
    story.carry("gus", "p1")
    story.drop_off("gus", "p1", FailureCode.ABSENT)
    last = story.tour("gus").stops[-1]
    assert last.place.hub == BOOTH
    story.drop_off("gus", "p1")
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian.id) == (ParcelState.RETURNING, BOOTH)
    back = story.state.leg(parcel.leg)
    assert (back.kind, back.dropoff.hub) == (LegKind.RETURN, "station")
    assert back.id in story.state.waiting_legs


# --- who is sent there ---------------------------------------------------------------------


def planned_ways(story: Story) -> list[str]:
    """Return who is asked for a tour."""
    story.plan()
    return sorted(story.state.open_offer)


def test_nobody_is_sent_to_fetch_from_a_booth_that_nobody_keeps() -> None:
    """By the roster it is empty for two hours: the rider is asked in time to be there then."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post(2 * HOUR, 8 * HOUR))
    story.courier("ann", mode=Mode.EBIKE, access=("lake",))
    story.do(m.PermitCourier(compound="lake", courier="ann", actor=OWNER))
    a_parcel_at_the_booth(story, due_at=story.now + 9 * HOUR)
    assert planned_ways(story) == []
    opens_at = story.now + 2 * HOUR
    assert opens_at - 600 < story.state.replan_at <= opens_at
    story.now = story.state.replan_at
    assert planned_ways(story) == ["ann"]
    offer = story.state.offers[story.state.open_offer["ann"]]
    assert offer.itinerary.stops[0].arrives_at >= opens_at - 1


@pytest.mark.parametrize(("closes", "asked"), [(8 * HOUR, ["ann"]), (60, [])])
def test_nobody_brings_to_a_booth_that_nobody_will_keep(closes: int, asked: list[str]) -> None:
    """The last guard goes home before a rider could be there: it waits for the next one."""
    story = a_compound(minimum=0, times=Fenced(), contracts=(Contract.COLLECTION,))
    guard(story, "gus", at_post(0, closes))
    story.do(m.GoOffline(courier="gus"))
    story.courier("ann", mode=Mode.EBIKE)
    there = DeliveryOption(
        kind=OptionKind.HUB,
        target=BOOTH,
        consented_by="recipient",
        consented_at=story.now,
        evidence="message 7",
    )
    story.parcel("p1", origin_hub="station", dropoff=door(450, "p1"), options=(there,))
    assert planned_ways(story) == asked


def test_who_has_signed_in_past_the_roster_keeps_it_for_plans_too() -> None:
    """Somebody is there, whatever the roster says: fetch it."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post(4 * HOUR, 8 * HOUR))
    story.courier("ann", mode=Mode.EBIKE, access=("lake",))
    story.do(m.PermitCourier(compound="lake", courier="ann", actor=OWNER))
    a_parcel_at_the_booth(story)
    story.do(m.IssuePin(courier="gus", actor=OWNER))
    story.do(m.SignIn(hub=BOOTH, device=DEVICE, courier="gus", pin_serial=1))
    assert planned_ways(story) == ["ann"]


def test_who_was_on_the_roster_last_month_signs_in_no_more() -> None:
    """A shift after the slot he may still; a day later the PIN opens nothing."""
    story = a_compound()
    guard(story, "old", at_post(0, HOUR))
    guard(story, "gus", at_post(0, 200 * HOUR))
    story.do(m.IssuePin(courier="old", actor=OWNER))
    story.now += 12 * HOUR
    assert names(sign_in(story, "old")) == ["SignedIn"]
    story.now += 20 * HOUR
    told = m.SignIn(hub=BOOTH, device="other", courier="old", pin_serial=1)
    story.refused(KeeperMissing, told, "does not keep")
    assert "old" not in posts.attending(story.state, BOOTH, story.now)
