"""A courier who has vanished: the parcels are fetched, and custody moves only by scan."""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import CustodyMismatch, InvalidTransition, InvalidValue
from dispatch.core.model import (
    Custodian,
    CustodianKind,
    FailureCode,
    LegKind,
    LegState,
    OptionKind,
    ParcelState,
    TourState,
)
from tests.core.town import HOUR, Story, consent, names

ANN = Custodian(kind=CustodianKind.COURIER, id="ann")


@pytest.fixture
def vanished(story: Story) -> Story:
    """Have ann vanish with p1, and with p2 not picked up."""
    story.parcel("p1")
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2").id
    story.pick_up("ann", "p1")
    story.do(m.RescueTour(courier="ann", tour=tour, actor="ops", reason="no answer for an hour"))
    return story


def test_what_was_held_waits_to_be_fetched(vanished: Story) -> None:
    """Ann still answers for p1; a leg from where she was last waits for somebody else."""
    parcel = vanished.state.parcel("m/p1")
    leg = vanished.state.leg(parcel.leg)
    assert (parcel.state, parcel.custodian) == (ParcelState.COLLECTED, ANN)
    assert (leg.state, leg.kind, leg.declined_by) == (
        LegState.PLANNED,
        LegKind.FORWARD,
        ("ann",),
    )
    assert vanished.parcel_state("p2") is ParcelState.READY
    assert "ann" not in vanished.state.online
    (tour,) = vanished.state.tours.values()
    assert tour.state is TourState.ABORTED


def test_what_was_handed_back_is_somebody_elses(story: Story) -> None:
    """A rescue leaves alone what another courier carries by now."""
    story.parcel("p1")
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2").id
    story.do(m.HandBackLegs(courier="ann", tour=tour, legs=("m/p1/1",)))
    story.carry("bob", "p1")
    story.do(m.RescueTour(courier="ann", tour=tour, actor="ops", reason="gone"))
    assert story.state.leg("m/p1/1").state is LegState.ACTIVE
    story.drop_off("bob", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED


def test_a_dispatcher_stands_in_for_the_scan(vanished: Story) -> None:
    """Her phone is dead: the rescuer scans, and the dispatcher's word is the other side."""
    vanished.plan()
    vanished.accept("bob")
    vanished.pick_up("bob", "p1")
    assert vanished.state.parcel("m/p1").custodian == ANN, "one scan moves nothing"
    command = m.AttestHandover(parcel="m/p1", taker="bob", actor="ops", reason="phone is dead")
    assert "ParcelPickedUp" in names(vanished.do(command))
    last = vanished.state.parcel("m/p1").custody[-1]
    assert (last.custodian.id, last.actor, last.witness) == ("bob", "couriers/bob", "ops")
    vanished.pick_up("bob", "p2")
    for name in ("p1", "p2"):
        vanished.drop_off("bob", name)
        assert vanished.parcel_state(name) is ParcelState.DELIVERED


def test_a_return_stays_a_return(story: Story) -> None:
    """What was on its way back is fetched and goes on going back."""
    story.parcel("p1")
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.REFUSED)
    tour = story.tour("ann").id
    story.do(m.RescueTour(courier="ann", tour=tour, actor="ops", reason="gone"))
    parcel = story.state.parcel("m/p1")
    assert parcel.state is ParcelState.RETURNING
    assert story.state.leg(parcel.leg).kind is LegKind.RETURN
    story.plan()
    story.accept("bob")
    story.pick_up("bob", "p1")
    story.do(m.AttestHandover(parcel="m/p1", taker="bob", actor="ops", reason="gone"))
    story.drop_off("bob", "p1")
    assert story.parcel_state() is ParcelState.RETURNED


def test_what_was_tried_in_vain_is_fetched_too(story: Story) -> None:
    """After a closed door ann vanishes on her way back: somebody is asked for it at once."""
    story.parcel("p1")
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    tour = story.tour("ann").id
    story.do(m.RescueTour(courier="ann", tour=tour, actor="ops", reason="gone"))
    assert story.state.parcel("m/p1").custodian == ANN
    story.plan()
    story.accept("bob")
    story.pick_up("bob", "p1")
    story.do(m.AttestHandover(parcel="m/p1", taker="bob", actor="ops", reason="gone"))
    story.drop_off("bob", "p1")
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, len(parcel.attempts)) == (ParcelState.READY, 1), "for another attempt"


def test_only_who_was_asked_may_fetch(vanished: Story) -> None:
    """Nobody takes over a parcel without having accepted its leg."""
    command = m.AttestHandover(parcel="m/p1", taker="bob", actor="ops", reason="x")
    vanished.refused(CustodyMismatch, command, "is not for courier bob")
    give = m.GiveParcel(courier="ann", parcel="m/p1", taker="bob", at=vanished.now)
    vanished.refused(CustodyMismatch, give, "is not for courier bob")


def test_why_is_asked_for(story: Story) -> None:
    """A rescue without a reason is refused, and so is one of a tour that is over."""
    story.parcel("p1")
    tour = story.carry("ann", "p1").id
    rescue = m.RescueTour(courier="ann", tour=tour, actor="ops", reason=" ")
    story.refused(InvalidValue, rescue, "reason: is required")
    story.drop_off("ann", "p1")
    rescue = m.RescueTour(courier="ann", tour=tour, actor="ops", reason="gone")
    story.refused(InvalidTransition, rescue, "is COMPLETED")


def test_nobody_fetches_it_from_itself(vanished: Story) -> None:
    """Back on duty, ann is not asked to fetch what she has, not even for the way back."""
    vanished.do(m.CancelParcel(parcel="m/p1"))
    vanished.do(m.GoOnline(courier="ann"))
    vanished.do(m.GoOffline(courier="bob"))
    vanished.plan()
    legs = {leg for offer in vanished.state.offers.values() for leg in offer.itinerary.legs[:1]}
    assert vanished.state.leg(vanished.state.parcel("m/p1").leg).state is LegState.PLANNED, legs


def test_what_nobody_fetches_in_time_goes_back(vanished: Story) -> None:
    """After its last moment it is fetched to be returned."""
    vanished.do(m.GoOffline(courier="bob"))
    vanished.wait(7 * HOUR)
    parcel = vanished.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian) == (ParcelState.RETURNING, ANN)
    assert vanished.state.leg(parcel.leg).kind is LegKind.RETURN


def test_an_offer_does_not_make_its_time_forgotten(vanished: Story) -> None:
    """What changes while somebody is asked to fetch it still goes back after its last moment."""
    vanished.plan()
    assert vanished.leg_state() is LegState.OFFERED
    vanished.do(m.GiveConsent(parcel="m/p1", option=consent(OptionKind.SAFE_PLACE)))
    vanished.decline("bob")
    vanished.wait(7 * HOUR)
    assert vanished.parcel_state() is ParcelState.RETURNING


def test_it_can_be_cancelled_and_written_off(vanished: Story) -> None:
    """Cancelled, it is fetched to go back; lost, ann answers for it."""
    vanished.do(m.CancelParcel(parcel="m/p1"))
    parcel = vanished.state.parcel("m/p1")
    assert parcel.state is ParcelState.RETURNING
    assert vanished.state.leg(parcel.leg).state is LegState.PLANNED
    vanished.do(
        m.WriteOffParcel(parcel="m/p1", to=ParcelState.LOST, actor="ops", reason="not found")
    )
    parcel = vanished.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian) == (ParcelState.LOST, ANN)
