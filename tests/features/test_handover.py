"""Two scans make a transfer, between courier and hub and between couriers.

Until both have scanned custody stays where it was. Who had it when is one look at the ledger.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import (
    AccessDenied,
    CustodyMismatch,
    InvalidTransition,
    InvalidValue,
    NotFound,
)
from dispatch.core.model import (
    ActionKind,
    Contract,
    Custodian,
    CustodianKind,
    FailureCode,
    HubKind,
    ParcelState,
    Purpose,
)
from tests.core.town import HOUR, NOON, Story, a_relay_hub, names
from tests.features.street import next_stop, nobody_home, open_hub

ANN = Custodian(kind=CustodianKind.COURIER, id="ann")
BOOTH = Custodian(kind=CustodianKind.HUB, id="booth")


@pytest.fixture
def bound(story: Story) -> Story:
    """Have ann carry p1 towards the booth."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    return story


def test_the_courier_may_scan_first(bound: Story) -> None:
    """Until the counter has scanned, ann answers for it and her tour is not over."""
    events = bound.drop_off("ann", "p1")
    assert "HandoverScanned" in names(events)
    assert bound.state.parcel("m/p1").custodian == ANN
    assert "ann" in bound.state.live_tour
    bound.now += 30
    events = bound.receive("booth", "p1", "ann")
    assert names(events)[:2] == ["ParcelReceivedAtHub", "ParcelReady"]
    assert "TourCompleted" in names(events)
    assert bound.state.parcel("m/p1").custodian == BOOTH


def test_the_counter_may_scan_first(bound: Story) -> None:
    """The other way round it is the courier's scan that completes it."""
    assert names(bound.receive("booth", "p1", "ann", shelf="B7")) == ["HandoverScanned"]
    assert bound.state.parcel("m/p1").custodian == ANN
    events = bound.drop_off("ann", "p1")
    assert "ParcelReceivedAtHub" in names(events)
    (reservation,) = bound.state.reservations.values()
    assert reservation.shelf == "B7", "the counter says where it stands"
    last = bound.state.parcel("m/p1").custody[-1]
    assert (last.actor, last.witness) == ("hubs/booth", "couriers/ann")


def test_scans_too_far_apart_do_not_meet(bound: Story) -> None:
    """A quarter of an hour later it is another hand-over: both scan again."""
    bound.drop_off("ann", "p1")
    bound.now += 16 * 60
    assert names(bound.receive("booth", "p1", "ann")) == ["HandoverScanned"]
    assert bound.state.parcel("m/p1").custodian == ANN
    assert "ParcelReceivedAtHub" in names(bound.drop_off("ann", "p1"))


def test_a_counter_may_be_ahead_of_a_phone_that_was_off(story: Story) -> None:
    """The booth scans in time; ann's phone tells of it all hours later, and the scans meet."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    tour = story.tour("ann").id
    story.do(m.StartTour(courier="ann", tour=tour))
    start = story.now
    told = [
        story.report_of("ann", "p1", kind, at=start + seconds)
        for seconds, kind in ((30, ActionKind.PICKUP), (300, ActionKind.DROPOFF))
    ]
    story.now += 310
    assert names(story.receive("booth", "p1", "ann")) == ["HandoverScanned"]
    assert story.state.parcel("m/p1").custodian.id == "station", "nothing has moved yet"
    assert story.receive("booth", "p1", "ann") == ()
    story.now += 3 * HOUR
    for command in told:
        story.do(command)
    parcel = story.state.parcel("m/p1")
    assert parcel.custodian == BOOTH
    assert [line.since - start for line in parcel.custody[1:]] == [30, 310]


def test_the_same_scan_twice_changes_nothing(bound: Story) -> None:
    """A counter that scans again, before or after, is told the same and moves nothing."""
    bound.drop_off("ann", "p1")
    bound.receive("booth", "p1", "ann")
    ledger = bound.state.parcel("m/p1").custody
    assert bound.receive("booth", "p1", "ann") == ()
    assert bound.state.parcel("m/p1").custody == ledger


def test_who_does_not_hold_it_cannot_give_it(bound: Story) -> None:
    """A scan of a parcel that the scanner does not hold is refused, and does not say who has it."""
    command = m.ReceiveParcel(hub="booth", parcel="m/p1", courier="bob", actor="hubs/booth")
    bound.refused(CustodyMismatch, command, "is with another COURIER, not with COURIER bob")
    command = m.ReceiveParcel(hub="station", parcel="m/p1", courier="ann", actor="hubs/station")
    bound.refused(InvalidTransition, command, "not bound for hub station")
    released = m.ReleaseParcel(hub="booth", parcel="m/p1", actor="hubs/booth", code_serial=1)
    bound.refused(CustodyMismatch, released, "not with HUB booth")


def test_nobody_reports_on_another_couriers_tour(bound: Story) -> None:
    """A courier who asks for another's parcel or tour is not told anything about it."""
    report = bound.report_of("ann", "p1", ActionKind.DROPOFF).report
    tour = bound.tour("ann").id
    bound.refused(
        AccessDenied, m.RecordStop(courier="bob", tour=tour, report=report), "not the caller's"
    )
    bound.refused(AccessDenied, m.HandBackLegs(courier="bob", tour=tour), "not the caller's")
    bound.refused(
        AccessDenied,
        m.ContactRecipient(courier="bob", tour=tour, leg="m/p1/1"),
        "not the caller's",
    )
    released = m.ReleaseParcel(hub="station", parcel="m/p1", actor="hubs/station", courier="bob")
    bound.refused(CustodyMismatch, released)


def test_a_locker_needs_the_couriers_scan_alone(story: Story) -> None:
    """Where nobody stands behind the counter there is one actor, and no witness."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub("box", kind=HubKind.LOCKER, attended=False)))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="box")
    story.pick_up("ann", "p1")
    assert "ParcelReceivedAtHub" in names(story.drop_off("ann", "p1"))
    last = story.state.parcel("m/p1").custody[-1]
    assert (last.actor, last.witness, last.single_actor) == ("couriers/ann", "", False)


def test_a_counters_word_alone_moves_nothing(story: Story) -> None:
    """Not even where it is unattended: nobody is given what the own phone has not scanned."""
    story.hub()
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1")
    assert names(story.release("station", "p1", courier="ann")) == ["HandoverScanned"]
    assert story.state.parcel("m/p1").custodian.id == "station"
    assert "ParcelPickedUp" in names(story.pick_up("ann", "p1"))


def test_an_attended_counter_gives_with_two_scans(bound: Story) -> None:
    """Out of the booth both scan too, in either order."""
    bound.drop_off("ann", "p1")
    bound.receive("booth", "p1", "ann")
    bound.assign("bob", "p1")
    assert names(bound.release("booth", "p1", courier="bob")) == ["HandoverScanned"]
    assert bound.state.parcel("m/p1").custodian == BOOTH
    assert "ParcelPickedUp" in names(bound.pick_up("bob", "p1"))
    last = bound.state.parcel("m/p1").custody[-1]
    assert (last.custodian.id, last.actor, last.witness) == ("bob", "couriers/bob", "hubs/booth")


def test_a_scan_from_tomorrow_is_refused(bound: Story) -> None:
    """A scanner's clock may be two minutes off, not an hour ahead."""
    command = m.ReceiveParcel(
        hub="booth", parcel="m/p1", courier="ann", actor="hubs/booth", at=NOON + HOUR
    )
    bound.refused(InvalidValue, command, "lies in the future")


def test_unknown_names_are_named(bound: Story) -> None:
    """Hub, parcel and courier: whichever does not exist is said."""
    for hub, parcel, courier in (
        ("nowhere", "m/p1", "ann"),
        ("booth", "m/p9", "ann"),
        ("booth", "m/p1", "zoe"),
    ):
        bound.refused(
            NotFound,
            m.ReceiveParcel(hub=hub, parcel=parcel, courier=courier, actor="x"),
            "there is no",
        )


def test_the_ledger_tells_who_had_it_when(bound: Story) -> None:
    """Every line has a holder and a time; lines follow each other without a gap."""
    bound.now += 60
    bound.drop_off("ann", "p1")
    bound.receive("booth", "p1", "ann")
    bound.now += 600
    bound.assign("bob", "p1")
    bound.release("booth", "p1", courier="bob")
    bound.pick_up("bob", "p1")
    bound.now += 60
    bound.drop_off("bob", "p1")
    parcel = bound.state.parcel("m/p1")
    assert [(line.custodian.id, line.since - NOON) for line in parcel.custody] == [
        ("station", 0),
        ("ann", 0),
        ("booth", 60),
        ("bob", 660),
        ("", 720),
    ]
    assert parcel.custody[-1].custodian == parcel.custodian
    assert parcel.state is ParcelState.DELIVERED


def test_two_acceptances_in_one_moment(story: Story) -> None:
    """One offer, one tour: the second yes is told what became of it, and nothing is double."""
    story.parcel("p1")
    offer = story.offer("ann", "p1")
    tour = story.accept("ann").id
    again = m.AcceptOffer(courier="ann", offer=offer.id)
    story.refused(InvalidTransition, again, "is ACCEPTED, not OPEN")
    story.refused(AccessDenied, m.AcceptOffer(courier="bob", offer=offer.id))
    assert story.state.live_tour == {"ann": tour} or dict(story.state.live_tour) == {"ann": tour}


def test_a_meeting_of_two_couriers(story: Story) -> None:
    """From hand to hand on the street: the giver and the taker scan; until then ann has it."""
    story.parcel("p1")
    tour = story.carry("ann", "p1").id
    rescue = m.RescueTour(courier="ann", tour=tour, actor="ops", reason="flat tyre")
    story.do(rescue)
    assert story.state.parcel("m/p1").custodian == ANN
    story.assign("bob", "p1")
    assert names(story.pick_up("bob", "p1")).count("ParcelPickedUp") == 0
    give = m.GiveParcel(courier="ann", parcel="m/p1", taker="bob", at=story.now)
    assert "ParcelPickedUp" in names(story.do(give))
    last = story.state.parcel("m/p1").custody[-1]
    assert (last.actor, last.witness) == ("couriers/bob", "couriers/ann")
    story.drop_off("bob", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED


def test_a_scan_that_nobody_answered_ends_with_the_way_on(story: Story) -> None:
    """Put on the booth's counter, sent away: the one scan is forgotten, also on the way back."""
    story.hub()
    open_hub(story, a_relay_hub(contracts=(Contract.HOLD,)))
    story.parcel("p1", origin_hub="station")
    story.carry("ann", "p1")
    nobody_home(story)
    assert next_stop(story) == (Purpose.HOLD, "booth")
    story.drop_off("ann", "p1")
    assert "m/p1" in story.state.halves
    nobody_home(story, failure=FailureCode.HUB_FULL)
    assert next_stop(story) == (Purpose.RETURN, "station")
    assert "m/p1" not in story.state.halves


def test_what_the_counter_scanned_before_is_not_lost(story: Story) -> None:
    """Ann keeps the booth: her phone's scan is enough, and the till's shelf stands with it."""
    story.hub()
    open_hub(story, a_relay_hub(host="ann"))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    story.receive("booth", "p1", "ann", shelf="B7")
    assert story.parcel_state() is ParcelState.COLLECTED
    story.drop_off("ann", "p1")
    line = story.state.parcel("m/p1").custody[-1]
    assert (line.actor, line.witness, line.single_actor) == ("hubs/booth", "couriers/ann", True)
    (slot,) = story.state.reservations.values()
    assert slot.shelf == "B7"
