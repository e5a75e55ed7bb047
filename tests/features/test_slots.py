"""A hub's slots: held before anybody is sent there, taken by the scan, free again afterwards.

Each parcel takes a slot of its own size. Held and occupied together are never more than there are;
what starts at a hub stands on the floor and takes none.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import (
    ConsentMissing,
    HubFull,
    InvalidTransition,
    InvalidValue,
    NoContract,
    NotFound,
)
from dispatch.core.keeping import ReservationState, reservation_id
from dispatch.core.model import (
    Contract,
    FailureCode,
    OptionKind,
    ParcelState,
    Purpose,
    SizeClass,
)
from tests.core.town import HOUR, NOON, Story, a_commit, a_relay_hub, consent, names
from tests.features.street import a_shop, next_stop, nobody_home, open_hub, to_the_shop

S, L = SizeClass.S, SizeClass.L


@pytest.fixture
def booth(story: Story) -> Story:
    """Give the town a station, and a booth with one small, one medium and no large slot."""
    story.hub()
    open_hub(story, a_relay_hub(slots=(1, 1, 0)))
    return story


def use(story: Story, hub: str = "booth") -> tuple[int, int, int]:
    """Return the slots of a hub that are held or occupied."""
    return story.state.hub_use.get(hub, (0, 0, 0))


def reserve(
    parcel: str = "p1", purpose: Purpose = Purpose.HOLD, hub: str = "booth", until: int = HOUR
) -> m.ReserveSlot:
    """Give the command that holds a slot by hand until so long after noon."""
    return m.ReserveSlot(hub=hub, parcel=f"m/{parcel}", purpose=purpose, until=NOON + until)


def offered(story: Story, parcel: str = "p1") -> None:
    """Offer ann a tour from the station to the booth."""
    story.parcel(parcel, origin_hub="station")
    story.offer("ann", parcel, hub="booth")


def at_the_booth(story: Story) -> None:
    """Have ann bring p1 to the booth."""
    offered(story)
    story.accept("ann")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")


# --- before dispatch -------------------------------------------------------------------


def test_held_before_the_offer_is_made(booth: Story) -> None:
    """For half an hour longer than the planned arrival, whatever the courier answers."""
    booth.parcel("p1", origin_hub="station")
    itinerary = booth.itinerary("ann", "p1", hub="booth")
    events = booth.do(a_commit(itinerary))
    assert names(events) == ["PlanMade", "SlotReserved", "OfferMade"]
    kept = booth.state.reservations[reservation_id("booth", "m/p1")]
    assert (kept.state, kept.size_class, kept.purpose) == (
        ReservationState.HELD,
        S,
        Purpose.RELAY,
    )
    assert kept.until >= itinerary.stops[-1].arrives_at + booth.state.policy.reserve_s
    assert use(booth) == (1, 0, 0)


def test_the_second_of_two_plans_finds_it_full(booth: Story) -> None:
    """Two tours of one plan for one slot: one is offered, the other is planned again."""
    for parcel in ("p1", "p2"):
        booth.parcel(parcel, origin_hub="station")
    plans = [
        booth.itinerary(courier, parcel, hub="booth")
        for courier, parcel in (("ann", "p1"), ("bob", "p2"))
    ]
    events = booth.do(a_commit(*plans))
    assert names(events) == ["PlanMade", "SlotReserved", "OfferMade"]
    assert list(booth.state.open_offer) == ["ann"]
    assert use(booth) == (1, 0, 0)


def test_two_of_one_tour_need_two_slots(booth: Story) -> None:
    """One tour with two small parcels for one small slot is not offered at all."""
    for parcel in ("p1", "p2"):
        booth.parcel(parcel, origin_hub="station")
    events = booth.do(a_commit(booth.itinerary("ann", "p1", "p2", hub="booth")))
    assert names(events) == ["PlanMade"]
    assert use(booth) == (0, 0, 0)


def test_the_scan_turns_held_into_occupied(booth: Story) -> None:
    """It is the same slot, with a shelf that the counter reads."""
    at_the_booth(booth)
    kept = booth.state.reservations[reservation_id("booth", "m/p1")]
    assert (kept.state, kept.shelf, use(booth)) == (ReservationState.OCCUPIED, "S001", (1, 0, 0))


def test_what_starts_here_takes_none(booth: Story) -> None:
    """Three parcels of the station's own stand on its floor."""
    for parcel in ("p1", "p2", "p3"):
        booth.parcel(parcel, origin_hub="station")
    assert use(booth, "station") == (0, 0, 0)
    assert len(booth.state.stock["station"]) == 3


# --- free again ------------------------------------------------------------------------


def test_declined(booth: Story) -> None:
    """Ann says no: the slot is free in the same moment."""
    offered(booth)
    assert names(booth.decline("ann")) == ["SlotReleased", "OfferDeclined"]
    assert use(booth) == (0, 0, 0)


def test_not_answered(booth: Story) -> None:
    """So is it when nobody answers."""
    offered(booth)
    assert names(booth.wait(60)) == ["SlotReleased", "OfferExpired"]
    assert use(booth) == (0, 0, 0)


def test_handed_back(booth: Story) -> None:
    """Or when ann gives the leg back."""
    offered(booth)
    tour = booth.accept("ann").id
    events = booth.do(m.HandBackLegs(courier="ann", tour=tour))
    assert names(events) == ["SlotReleased", "LegsHandedBack", "TourCompleted"]
    assert use(booth) == (0, 0, 0)


def test_never_set_out(booth: Story) -> None:
    """Or does not come at all."""
    offered(booth)
    booth.accept("ann")
    assert "SlotReleased" in names(booth.wait(HOUR // 2))
    assert use(booth) == (0, 0, 0)


@pytest.mark.parametrize("is_accepted", [False, True], ids=["offered", "accepted"])
def test_cancelled(booth: Story, *, is_accepted: bool) -> None:
    """Before pickup a cancelled parcel needs no slot."""
    offered(booth)
    if is_accepted:
        booth.accept("ann")
    booth.do(m.CancelParcel(parcel="m/p1"))
    assert use(booth) == (0, 0, 0)


def test_cancelled_on_the_way(booth: Story) -> None:
    """After pickup too: it turns round."""
    offered(booth)
    booth.accept("ann")
    booth.pick_up("ann", "p1")
    assert names(booth.do(m.CancelParcel(parcel="m/p1"))) == ["SlotReleased", "ReturnPlanned"]
    assert use(booth) == (0, 0, 0)


def test_sent_away_at_the_counter(booth: Story) -> None:
    """The books said that there was room: the counter knows better."""
    offered(booth)
    booth.accept("ann")
    booth.pick_up("ann", "p1")
    events = nobody_home(booth, failure=FailureCode.HUB_FULL)
    assert "SlotReleased" in names(events)
    assert next_stop(booth)[1] != "booth"


def test_taken_on_by_the_next_courier(booth: Story) -> None:
    """Free when the parcel leaves, not when somebody says yes to it."""
    at_the_booth(booth)
    booth.assign("bob", "p1")
    booth.release("booth", "p1", courier="bob")
    assert use(booth) == (1, 0, 0)
    booth.pick_up("bob", "p1")
    assert use(booth) == (0, 0, 0)
    assert not booth.state.reservations


def test_collected(story: Story) -> None:
    """Free when the recipient has it."""
    to_the_shop(story, "p1")
    assert use(story, "shop") == (1, 0, 0)
    story.release("shop", "p1", code_serial=1)
    assert use(story, "shop") == (0, 0, 0)


def test_lost(story: Story) -> None:
    """What is not there takes no slot."""
    to_the_shop(story, "p1")
    lost = m.WriteOffParcel(parcel="m/p1", to=ParcelState.LOST, actor="users/dora", reason="fire")
    story.do(lost)
    assert use(story, "shop") == (0, 0, 0)
    assert not story.state.reservations


# --- by hand ---------------------------------------------------------------------------


def test_held_by_hand_and_given_up(booth: Story) -> None:
    """A dispatcher holds a slot, and gives it up again."""
    booth.parcel("p1")
    (held,) = booth.do(reserve())
    assert isinstance(held, m.SlotReserved)
    assert use(booth) == (1, 0, 0)
    (freed,) = booth.do(m.ReleaseSlot(hub="booth", parcel="m/p1"))
    assert isinstance(freed, m.SlotReleased)
    assert freed.reason == "RELEASED"
    assert use(booth) == (0, 0, 0)


def test_held_twice_is_one_slot(booth: Story) -> None:
    """Held longer, not held double; a shorter wish changes nothing."""
    booth.parcel("p1")
    booth.do(reserve())
    booth.do(reserve(until=2 * HOUR))
    assert booth.do(reserve(until=HOUR)) == ()
    assert use(booth) == (1, 0, 0)
    (kept,) = booth.state.reservations.values()
    assert kept.until == NOON + 2 * HOUR


def test_the_last_slot_is_for_whom_it_is_held(story: Story) -> None:
    """A plan may bring a parcel into the last slot, if it is held for that parcel."""
    open_hub(story, a_shop(slots=(1, 0, 0)))
    story.parcel("p1", options=(consent(OptionKind.HUB),))
    story.do(reserve("p1", Purpose.COLLECTION, "shop"))
    assert "OfferMade" in names(story.plan())
    assert next_stop(story) == (Purpose.COLLECTION, "shop")
    assert use(story, "shop") == (1, 0, 0)


def test_it_lapses(booth: Story) -> None:
    """At its time the slot is free, and said to be."""
    booth.parcel("p1")
    booth.do(reserve())
    assert booth.wait(HOUR - 1) == ()
    (freed,) = booth.wait(1)
    assert isinstance(freed, m.SlotReleased)
    assert (freed.reason, use(booth)) == ("EXPIRED", (0, 0, 0))


def test_the_last_slot_is_the_last(booth: Story) -> None:
    """Held is as good as taken; another size is another shelf."""
    booth.parcel("p1")
    booth.parcel("p2")
    booth.parcel("p3", size_class=SizeClass.M)
    booth.do(reserve("p1"))
    booth.refused(HubFull, reserve("p2"), "no free slot of size S")
    booth.do(reserve("p3"))
    assert use(booth) == (1, 1, 0)


def test_a_size_that_does_not_fit(booth: Story) -> None:
    """There is no large slot at all."""
    booth.parcel("p1", size_class=L)
    booth.refused(HubFull, reserve(), "no free slot of size L")


def test_only_what_the_operator_has_agreed_to(booth: Story) -> None:
    """A booth that holds and relays does not collect, consent or not."""
    booth.parcel("p1", options=(consent(OptionKind.DOOR), consent(OptionKind.HUB)))
    booth.refused(NoContract, reserve(purpose=Purpose.COLLECTION), "has not agreed to COLLECTION")
    open_hub(booth, a_relay_hub("depot", contracts=(Contract.RELAY,)))
    booth.refused(NoContract, reserve(hub="depot"), "has not agreed to HOLD")
    booth.refused(NoContract, reserve(hub="station"))


def test_only_what_the_recipient_has_agreed_to(booth: Story) -> None:
    """No slot for collection without consent to that shop."""
    open_hub(booth, a_shop())
    open_hub(booth, a_shop("corner"))
    booth.parcel("p1", options=(consent(OptionKind.DOOR), consent(OptionKind.HUB, "corner")))
    command = reserve(purpose=Purpose.COLLECTION, hub="shop")
    booth.refused(ConsentMissing, command, "has not agreed to hub shop")
    booth.do(reserve(purpose=Purpose.COLLECTION, hub="corner"))


def test_nonsense(booth: Story) -> None:
    """A slot for the door, until yesterday, for what is over, of what is not held."""
    booth.parcel("p1")
    booth.refused(InvalidValue, reserve(purpose=Purpose.DOOR), "DOOR needs no slot")
    booth.refused(InvalidValue, reserve(until=0), "until: lies in the past")
    booth.refused(NotFound, m.ReleaseSlot(hub="booth", parcel="m/p1"), "no reservation")
    booth.do(m.CancelParcel(parcel="m/p1"))
    booth.refused(InvalidTransition, reserve(), "CANCELLED")


def test_what_goes_back_needs_no_slot(booth: Story) -> None:
    """A parcel on its way back comes to no hub on its way any more."""
    booth.parcel("p1")
    booth.carry("ann", "p1")
    booth.drop_off("ann", "p1", FailureCode.REFUSED)
    booth.refused(InvalidTransition, reserve(), "is RETURNING")


def test_what_stands_there_is_not_released_by_hand(booth: Story) -> None:
    """An occupied slot is freed by a scan alone."""
    at_the_booth(booth)
    command = m.ReleaseSlot(hub="booth", parcel="m/p1")
    booth.refused(InvalidTransition, command, "the parcel stands in it")


# --- never more than there are ---------------------------------------------------------


def test_who_comes_without_a_slot_takes_a_free_one(booth: Story) -> None:
    """Later than held for: the scan takes one if one is free."""
    offered(booth)
    booth.accept("ann")
    booth.pick_up("ann", "p1")
    booth.wait(HOUR)
    assert use(booth) == (0, 0, 0)
    booth.drop_off("ann", "p1")
    events = booth.receive("booth", "p1", "ann")
    assert names(events)[:2] == ["SlotReserved", "ParcelReceivedAtHub"]
    assert use(booth) == (1, 0, 0)


def test_who_comes_too_late_is_refused(booth: Story) -> None:
    """Held for ann until it lapsed, then for somebody else: ann's scan is told that it is full."""
    offered(booth)
    booth.accept("ann")
    booth.pick_up("ann", "p1")
    booth.wait(HOUR)
    booth.parcel("p2")
    booth.do(reserve("p2", until=3 * HOUR))
    command = m.ReceiveParcel(hub="booth", parcel="m/p1", courier="ann", actor="hubs/booth")
    booth.refused(HubFull, command, "no free slot of size S")
    assert booth.state.parcel("m/p1").custodian.id == "ann"
    assert use(booth) == (1, 0, 0)
    nobody_home(booth, failure=FailureCode.HUB_FULL)
    assert next_stop(booth)[1] != "booth"


def test_a_hub_that_bears_its_senders_name(story: Story) -> None:
    """A slot that is held there is not one that the parcel stands in."""
    open_hub(story, a_relay_hub("m"))
    story.parcel("p1")
    story.do(reserve("p1", hub="m"))
    story.do(m.RescheduleParcel(parcel="m/p1", due_at=NOON + 3 * HOUR, actor="m"))
    (kept,) = story.state.reservations.values()
    assert (kept.state, kept.until) == (ReservationState.HELD, NOON + HOUR)


def test_an_overdue_parcel_still_takes_its_slot(story: Story) -> None:
    """Until it has left nobody else can stand there."""
    open_hub(story, a_shop(slots=(1, 1, 1)))
    to_the_shop(story, "p1")
    story.wait(24 * HOUR)
    (kept,) = story.state.reservations.values()
    assert (kept.state, use(story, "shop")) == (ReservationState.OVERDUE, (1, 0, 0))
    story.parcel(
        "p2", options=(consent(OptionKind.DOOR), consent(OptionKind.HUB)), due_at=NOON + 30 * HOUR
    )
    command = reserve("p2", Purpose.COLLECTION, "shop", until=26 * HOUR)
    story.refused(HubFull, command)


def test_a_slot_by_hand_ends_with_its_parcel(story: Story) -> None:
    """Wherever a slot was kept for it, a parcel that has ended keeps none."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1", origin_hub="station")
    until = story.now + HOUR
    story.do(m.ReserveSlot(hub="booth", parcel="m/p1", purpose=Purpose.HOLD, until=until))
    assert story.state.parcel("m/p1").slots_at == ("booth",)
    assert names(story.do(m.CancelParcel(parcel="m/p1")))[-1] == "SlotReleased"
    assert not story.state.reservations


def test_who_wants_no_visit_waits_for_a_slot(story: Story) -> None:
    """A ladder of hubs alone: with the shop full the parcel waits, and goes when a slot is free."""
    story.hub()
    open_hub(story, a_shop(slots=(1, 0, 0)))
    shop = (consent(OptionKind.HUB, "shop"),)
    story.parcel("p1", origin_hub="station", options=shop)
    story.parcel("p2", origin_hub="station", options=shop)
    until = story.now + HOUR
    story.do(m.ReserveSlot(hub="shop", parcel="m/p1", purpose=Purpose.COLLECTION, until=until))
    story.do(m.PinLeg(leg="m/p1/1", courier="bob", actor="ops", reason="another day"))
    story.do(m.GoOffline(courier="bob"))
    story.plan()
    assert not story.state.open_offer
    assert story.state.leg("m/p2/1").reason == "HUB_FULL"
    story.do(m.CancelParcel(parcel="m/p1"))
    story.plan()
    offer = story.state.offer(story.state.open_offer["ann"])
    assert offer.itinerary.stops[-1].place.hub == "shop"
