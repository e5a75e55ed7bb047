"""Lost or destroyed: a dispatcher says so, by name and with a reason; who had it answers for it.

Only what is in somebody's custody can be written off; what its sender still has is cancelled.
"""

from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition, InvalidValue, NotFound
from dispatch.core.model import Custodian, CustodianKind, LegState, ParcelState
from tests.core.town import DAY, HOUR, Story, a_relay_hub, names
from tests.features.street import nobody_home, open_hub, to_the_shop

LOST, DISPOSED = ParcelState.LOST, ParcelState.DISPOSED
ANN = Custodian(kind=CustodianKind.COURIER, id="ann")
BOOTH = Custodian(kind=CustodianKind.HUB, id="booth")


def write_off(parcel: str = "p1", **fields: Any) -> m.WriteOffParcel:
    """Give a dispatcher's word that a parcel is gone."""
    given = {"to": LOST, "actor": "users/dora", "reason": "never seen again", **fields}
    return m.WriteOffParcel(parcel=f"m/{parcel}", **given)


def at_the_booth(story: Story) -> None:
    """Have ann bring p1 to the booth, where it waits to be taken on."""
    story.hub()
    open_hub(story, a_relay_hub())
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")


@pytest.mark.parametrize("to", [LOST, DISPOSED])
def test_with_a_courier(story: Story, to: ParcelState) -> None:
    """Ann had it last, and the ledger keeps saying so; her tour has nothing left to do."""
    story.parcel("p1")
    story.carry("ann", "p1")
    events = story.do(write_off(to=to))
    assert names(events)[:2] == ["ParcelWrittenOff", "TourCompleted"]
    (written, *_) = events
    assert isinstance(written, m.ParcelWrittenOff)
    assert (written.actor, written.reason) == ("users/dora", "never seen again")
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian, parcel.reason) == (to, ANN, "never seen again")
    assert story.leg_state() is LegState.CANCELLED


def test_before_its_time(story: Story) -> None:
    """What stands at its origin and is not to leave yet is in custody, too."""
    story.hub()
    story.parcel("p1", origin_hub="station", ready_at=story.now + HOUR)
    assert story.parcel_state() is ParcelState.PENDING
    story.do(write_off())
    assert story.parcel_state() is LOST
    assert not story.state.stock


def test_the_rest_of_the_tour_goes_on(story: Story) -> None:
    """One parcel fell into the river, the other is delivered."""
    story.parcel("p1")
    story.parcel("p2")
    story.carry("ann", "p1", "p2")
    assert names(story.do(write_off())) == ["ParcelWrittenOff"]
    assert "TourCompleted" in names(story.drop_off("ann", "p2"))


def test_on_the_way_to_the_shop(story: Story) -> None:
    """The slot that was held for it is free."""
    to_the_shop(story, "p0")
    story.parcel("p1", options=story.state.parcel("m/p0").options)
    story.carry("ann", "p1")
    nobody_home(story)
    assert "SlotReleased" in names(story.do(write_off()))
    assert story.state.hub_use["shop"] == (1, 0, 0)


def test_in_a_hub(story: Story) -> None:
    """Missing from the shelf: the slot is free, the booth answers for it, nobody is sent."""
    at_the_booth(story)
    story.do(write_off())
    assert story.state.parcel("m/p1").custodian == BOOTH
    assert story.state.hub_use["booth"] == (0, 0, 0)
    assert "booth" not in story.state.stock
    assert story.plan() == ()
    assert story.wait(2 * DAY) == ()


def test_while_a_courier_is_asked(story: Story) -> None:
    """The offer is taken back: there is nothing to fetch."""
    at_the_booth(story)
    story.offer("bob", "p1")
    assert names(story.do(write_off())) == ["OfferWithdrawn", "ParcelWrittenOff"]
    assert not story.state.open_offer


def test_while_a_courier_is_on_the_way_to_fetch_it(story: Story) -> None:
    """Bob need not come: his tour is over, and he is not left waiting for a stop."""
    at_the_booth(story)
    story.assign("bob", "p1")
    events = story.do(write_off())
    assert names(events) == ["LegReassigned", "TourCompleted", "ParcelWrittenOff"]
    assert "bob" not in story.state.live_tour


def test_on_the_way_back(story: Story) -> None:
    """A return that somebody was sent to fetch can be lost too."""
    at_the_booth(story)
    story.do(m.CancelParcel(parcel="m/p1"))
    story.assign("bob", "p1")
    story.do(write_off())
    assert story.parcel_state() is LOST
    assert "bob" not in story.state.live_tour


def test_in_the_station_where_it_begins(story: Story) -> None:
    """The station had it, so the station answers for it: to cancel it would say nothing of that."""
    story.hub()
    story.parcel("p1", origin_hub="station")
    story.do(write_off())
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian.id) == (LOST, "station")


def test_at_the_shop_it_cannot_be_collected_any_more(story: Story) -> None:
    """A code opens nothing that is gone."""
    to_the_shop(story, "p1")
    story.do(write_off(to=DISPOSED))
    released = m.ReleaseParcel(hub="shop", parcel="m/p1", actor="hubs/shop", code_serial=1)
    story.refused(InvalidTransition, released, "DISPOSED")


def test_with_a_courier_who_vanished(story: Story) -> None:
    """Given up on, with the parcel: it stays on her account."""
    story.parcel("p1")
    tour = story.carry("ann", "p1").id
    story.do(m.RescueTour(courier="ann", tour=tour, actor="users/dora", reason="no answer"))
    story.assign("bob", "p1")
    story.do(write_off())
    assert story.state.parcel("m/p1").custodian == ANN
    assert "bob" not in story.state.live_tour


def test_what_the_sender_has_is_cancelled(story: Story) -> None:
    """Nobody else ever had it."""
    story.parcel("p1")
    story.refused(InvalidTransition, write_off(), "only what is in custody is written off")


def test_what_is_over(story: Story) -> None:
    """Delivered, returned, or gone already."""
    for parcel in ("p1", "p2", "p3"):
        story.parcel(parcel)
    story.carry("ann", "p1", "p2", "p3")
    story.drop_off("ann", "p1")
    story.do(m.CancelParcel(parcel="m/p2"))
    story.drop_off("ann", "p2")
    story.do(write_off("p3"))
    story.now += HOUR
    for parcel in ("p1", "p2", "p3"):
        story.refused(InvalidTransition, write_off(parcel), "only what is in custody")


def test_it_says_what_and_why(story: Story) -> None:
    """Lost or disposed of, nothing else, and never without a reason."""
    story.parcel("p1")
    story.carry("ann", "p1")
    for to in (ParcelState.DELIVERED, ParcelState.CANCELLED, ParcelState.RETURNED):
        story.refused(InvalidValue, write_off(to=to), "neither LOST nor DISPOSED")
    story.refused(InvalidValue, write_off(reason=" "), "reason: is required")
    story.refused(NotFound, write_off("p9"))
