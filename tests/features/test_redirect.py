"""Another door, or another ladder, while the parcel is on its way.

What was planned for the old door is planned again; a courier who has the parcel takes it to the new
one on the same tour, as the last stop. Too late is too late: what waits for collection or goes back
is not redirected.
"""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.errors import EtagMismatch, InvalidTransition, InvalidValue, NotFound
from dispatch.core.model import (
    ActionKind,
    DeliveryOption,
    LegState,
    OptionKind,
    ParcelState,
    ProofKind,
    Purpose,
)
from tests.core.town import HOUR, Story, a_relay_hub, consent, names, place
from tests.features.street import DOOR_M, a_shop, next_stop, nobody_home, open_hub, to_the_shop

OFFICE = place(200, 300, door_key="office", contact="c-9")
DOOR = DeliveryOption(kind=OptionKind.DOOR)
HUB = consent(OptionKind.HUB)


def redirect(parcel: str = "p1", **fields: Any) -> m.RedirectParcel:
    """Give the recipient's wish to have it at the office, or what ``fields`` say."""
    given = {"actor": "recipient", "reason": "at work", **(fields or {"dropoff": OFFICE})}
    return m.RedirectParcel(parcel=f"m/{parcel}", **given)


def ends(story: Story, courier: str) -> list[str]:
    """Return the doors that a courier still has to go to, in order."""
    return [
        stop.place.door_key or stop.place.hub
        for stop in story.tour(courier).stops
        for action in stop.actions
        if action.kind is ActionKind.DROPOFF and action.state.value == "PENDING"
    ]


# --- before anybody has it -------------------------------------------------------------


def test_before_anybody_was_asked(story: Story) -> None:
    """The next plan goes to the new door; who asked and why is in the event."""
    story.parcel("p1")
    (event,) = story.do(redirect())
    assert isinstance(event, m.ParcelRedirected)
    assert (event.actor, event.reason, event.dropoff) == ("recipient", "at work", OFFICE)
    assert story.state.leg("m/p1/1").dropoff == OFFICE
    story.plan()
    (offer,) = story.state.open_offer.values()
    assert story.state.offer(offer).itinerary.stops[-1].place == OFFICE


def test_while_it_is_offered(story: Story) -> None:
    """The offer was for another way: it is taken back, without blame."""
    story.parcel("p1")
    story.offer("ann", "p1")
    assert names(story.do(redirect())) == ["OfferWithdrawn", "ParcelRedirected"]
    assert story.state.leg("m/p1/1").declined_by == ()


def test_while_it_is_assigned(story: Story) -> None:
    """Nobody is made to go farther than agreed: the leg is planned again, for anybody."""
    story.parcel("p1")
    story.assign("ann", "p1")
    events = story.do(redirect())
    assert names(events) == ["LegReassigned", "TourCompleted", "ParcelRedirected"]
    assert story.leg_state() is LegState.PLANNED
    story.assign("ann", "p1")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    assert story.state.parcel("m/p1").dropoff == OFFICE
    assert story.parcel_state() is ParcelState.DELIVERED


def test_a_parcel_that_has_not_come_yet(story: Story) -> None:
    """Announced and not there: its first leg will go to the new door."""
    story.hub()
    story.parcel("p1", origin_hub="station", announced=True, carrier="sf", waybill="W1")
    story.do(redirect())
    assert story.state.leg("m/p1/1").dropoff == OFFICE


# --- on the way ------------------------------------------------------------------------


def test_in_the_couriers_bag(story: Story) -> None:
    """The old door is off the tour, the new one is its last stop, and it is paid once."""
    story.parcel("p1")
    story.parcel("p2")
    story.carry("ann", "p1", "p2")
    assert names(story.do(redirect())) == ["ParcelRedirected", "ParcelDiverted"]
    assert ends(story, "ann") == ["door-of-p2", "office"]
    story.drop_off("ann", "p2")
    story.drop_off("ann", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED


def test_who_brings_it_to_the_new_door_is_paid_for_it(story: Story) -> None:
    """The courier was offered a parcel and delivered it, to another door."""
    story.parcel("p1")
    story.carry("ann", "p1")
    story.do(redirect())
    story.drop_off("ann", "p1")
    assert story.earned("ann") >= 100


def test_after_nobody_was_at_home(story: Story) -> None:
    """On its way back for another attempt it turns to the office, and is delivered today."""
    story.parcel("p1")
    story.carry("ann", "p1")
    nobody_home(story)
    assert next_stop(story)[0] is Purpose.RETURN
    story.do(redirect())
    assert ends(story, "ann") == ["office"]
    story.drop_off("ann", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED


def test_on_the_way_to_the_shop(story: Story) -> None:
    """The slot is free again: it goes to the office instead."""
    open_hub(story, a_shop())
    story.parcel("p1", options=(DOOR, HUB))
    story.carry("ann", "p1")
    nobody_home(story)
    assert "SlotReleased" in names(story.do(redirect()))
    assert next_stop(story) == (Purpose.DOOR, "")
    assert not story.state.reservations


def test_the_door_code_is_still_the_parcels(story: Story) -> None:
    """The code that the recipient has opens the new door too."""
    story.parcel("p1", proofs=(ProofKind.PIN,))
    story.carry("ann", "p1")
    story.do(redirect())
    story.drop_off("ann", "p1", evidence=m.Evidence(proofs=(ProofKind.PIN,), code_serial=1))
    assert story.parcel_state() is ParcelState.DELIVERED


def test_the_same_door_again_changes_nothing_on_the_way(story: Story) -> None:
    """Where it already goes it goes on."""
    story.parcel("p1")
    story.carry("ann", "p1")
    dropoff = story.state.parcel("m/p1").dropoff
    assert names(story.do(redirect(dropoff=dropoff))) == ["ParcelRedirected"]
    assert ends(story, "ann") == ["door-of-p1"]


def test_held_at_a_booth(story: Story) -> None:
    """From the booth where it waits for another attempt it goes to the new door."""
    story.hub()
    open_hub(story, a_relay_hub())
    story.parcel("p1", origin_hub="station")
    story.carry("ann", "p1")
    nobody_home(story)
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    story.do(redirect())
    story.wait(HOUR)
    story.assign("bob", "p1")
    assert ends(story, "bob") == ["office"]


# --- another ladder --------------------------------------------------------------------


def test_another_ladder_is_used_from_then_on(story: Story) -> None:
    """The shop, agreed to on the way, is the next rung at the empty door."""
    open_hub(story, a_shop())
    story.parcel("p1")
    story.carry("ann", "p1")
    assert names(story.do(redirect(options=(DOOR, HUB)))) == ["ParcelRedirected"]
    nobody_home(story)
    assert next_stop(story) == (Purpose.COLLECTION, "shop")


def test_a_rung_that_is_gone(story: Story) -> None:
    """On the way to a shop that the new ladder does not name: on to the next that it does."""
    open_hub(story, a_shop())
    story.parcel("p1", options=(DOOR, HUB))
    story.carry("ann", "p1")
    nobody_home(story)
    story.do(redirect(options=(DOOR, consent(OptionKind.SAFE_PLACE))))
    assert next_stop(story)[0] is Purpose.SAFE_PLACE
    assert not story.state.reservations


def test_a_rung_that_still_stands(story: Story) -> None:
    """On the way to nina, who is on the new ladder too: nothing turns."""
    story.courier("nina", home=place(DOOR_M + 20, 0))
    nina = consent(OptionKind.PERSON, "nina")
    story.parcel("p1", options=(DOOR, nina))
    story.carry("ann", "p1")
    nobody_home(story)
    assert names(story.do(redirect(options=(nina, DOOR)))) == ["ParcelRedirected"]
    assert next_stop(story)[0] is Purpose.PERSON


# --- too late, or nonsense -------------------------------------------------------------


def test_what_waits_for_collection(story: Story) -> None:
    """It is collected there or goes back."""
    to_the_shop(story, "p1")
    story.refused(InvalidTransition, redirect(), "waits at its hub")


def test_what_goes_back_or_is_over(story: Story) -> None:
    """A return is not turned round, and a delivery is one."""
    story.parcel("p1")
    story.parcel("p2")
    story.carry("ann", "p1", "p2")
    story.do(m.CancelParcel(parcel="m/p1"))
    story.drop_off("ann", "p2")
    for parcel in ("p1", "p2"):
        story.refused(InvalidTransition, redirect(parcel), "too late")


def test_what_waits_to_be_fetched_from_a_courier(story: Story) -> None:
    """Its courier has vanished: first it has to be found."""
    story.parcel("p1")
    tour = story.carry("ann", "p1").id
    story.do(m.RescueTour(courier="ann", tour=tour, actor="users/dora", reason="no answer"))
    story.refused(InvalidTransition, redirect(), "waits to be fetched")


def test_nonsense(story: Story) -> None:
    """Nothing asked for, no ladder at all, a shop that does not exist, an older state."""
    version = story.parcel("p1").version
    nothing = m.RedirectParcel(parcel="m/p1", actor="recipient")
    story.refused(InvalidValue, nothing, "nothing is asked for")
    story.refused(InvalidValue, redirect(options=()), "1 to 10 rungs")
    ghost = (DOOR, consent(OptionKind.HUB, "nowhere"))
    story.refused(InvalidValue, redirect(options=ghost), r"options\[1\].target: there is no")
    story.refused(NotFound, redirect("p9"))
    story.do(redirect(dropoff=OFFICE, version=version))
    story.refused(EtagMismatch, redirect(dropoff=OFFICE, version=version))
