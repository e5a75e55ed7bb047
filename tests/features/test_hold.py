"""A hold: until the next attempt a parcel waits at a hub, if one is nearer than its origin.

By the operator's contract, without the recipient's consent: nobody collects it there. Where no hub
holds it, it waits where it came from.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.model import Contract, ParcelState, Purpose
from tests.core.town import HOUR, NOON, Story, a_relay_hub, names, place
from tests.features.street import next_stop, nobody_home, open_hub, tried


@pytest.fixture
def street(story: Story) -> Story:
    """Give the town a station."""
    story.hub()
    return story


def test_a_booth_nearer_than_the_station_holds_it(street: Story) -> None:
    """By the operator's contract, without the recipient's consent; in an hour it is tried again."""
    open_hub(street, a_relay_hub())
    assert tried(street) == (Purpose.HOLD, "booth")
    street.drop_off("ann", "p1")
    street.receive("booth", "p1", "ann")
    parcel = street.state.parcel("m/p1")
    assert parcel.state is ParcelState.AT_HUB
    assert not street.state.codes, "a hold is no collection: it mints no code"
    assert street.state.leg(parcel.leg).not_before == NOON + HOUR
    assert "ParcelReady" in names(street.wait(HOUR))
    assert street.parcel_state() is ParcelState.READY


def test_from_the_booth_it_is_tried_again(street: Story) -> None:
    """Bob fetches it there, and delivers it."""
    open_hub(street, a_relay_hub())
    tried(street)
    street.drop_off("ann", "p1")
    street.receive("booth", "p1", "ann")
    street.wait(HOUR)
    street.assign("bob", "p1")
    street.pick_up("bob", "p1")
    street.release("booth", "p1", courier="bob")
    street.drop_off("bob", "p1")
    assert street.parcel_state() is ParcelState.DELIVERED


def test_a_booth_behind_the_station_does_not(street: Story) -> None:
    """Farther from the door than its origin: brought back to the origin."""
    open_hub(street, a_relay_hub(place=place(-900, 0, hub="booth", is_door=False)))
    assert tried(street) == (Purpose.RETURN, "station")


def test_a_booth_without_the_contract_does_not(street: Story) -> None:
    """A relay's contract is not a hold's."""
    open_hub(street, a_relay_hub(contracts=(Contract.RELAY,)))
    assert tried(street) == (Purpose.RETURN, "station")


def test_a_full_booth_does_not(street: Story) -> None:
    """Without a free slot of its size it goes back to the station."""
    open_hub(street, a_relay_hub(slots=(0, 2, 2)))
    assert tried(street) == (Purpose.RETURN, "station")


def held(street: Story) -> None:
    """Have p1 wait at the booth after ann found nobody at home."""
    open_hub(street, a_relay_hub())
    tried(street)
    street.drop_off("ann", "p1")
    street.receive("booth", "p1", "ann")


def test_not_before_its_time(street: Story) -> None:
    """For an hour nobody is asked; then the next plan has it."""
    held(street)
    assert street.plan() == ()
    street.wait(HOUR)
    assert "OfferMade" in names(street.plan())


def test_nobody_collects_what_is_only_held(street: Story) -> None:
    """No code was minted, so none opens; it is not there for its recipient."""
    held(street)
    command = m.ReleaseParcel(hub="booth", parcel="m/p1", actor="hubs/booth", code_serial=1)
    street.refused(InvalidTransition, command, "not here for its recipient")


def test_a_hold_ends(street: Story) -> None:
    """If nobody has taken it on by the end of its time, it goes back to its sender."""
    held(street)
    for courier in ("ann", "bob"):
        street.do(m.GoOffline(courier=courier))
    street.wait(HOUR)
    street.wait(7 * HOUR)
    parcel = street.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian.id) == (ParcelState.RETURNING, "booth")
    assert street.state.leg(parcel.leg).dropoff == street.state.hub("station").place


def test_what_is_held_can_be_cancelled(street: Story) -> None:
    """It goes back from where it is."""
    held(street)
    street.do(m.CancelParcel(parcel="m/p1"))
    assert street.parcel_state() is ParcelState.RETURNING


def test_absent_again_after_a_hold(street: Story) -> None:
    """The second attempt from the booth was the last one: back to the station, for good."""
    held(street)
    street.wait(HOUR)
    street.assign("bob", "p1")
    street.pick_up("bob", "p1")
    street.release("booth", "p1", courier="bob")
    nobody_home(street, "bob")
    assert next_stop(street) == (Purpose.RETURN, "station")
    street.drop_off("bob", "p1")
    assert street.parcel_state() is ParcelState.RETURNED
