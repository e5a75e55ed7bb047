import pytest

from dispatch.core import messages as m
from dispatch.core.errors import HubClosed
from dispatch.core.model import ActionKind, CustodianKind, FailureCode, ParcelState
from tests.core.town import HOUR, NOON, Story, names, window


@pytest.fixture
def station(story: Story) -> Story:
    """Give the town a station that is open from half past twelve to one, with p1 in it."""
    story.hub(hours=(window(1800, HOUR),))
    story.parcel("p1", origin_hub="station")
    return story


def test_a_tour_is_planned_for_when_the_counter_opens(station: Story) -> None:
    """Before the hours a tour is held back, then offered in time for the counter to open."""
    assert names(station.plan()) == ["PlanMade"]
    assert NOON < station.state.replan_at < NOON + 1800
    station.now = station.state.replan_at
    station.plan()
    (courier,) = station.state.open_offer
    offer = station.state.offer(station.state.open_offer[courier])
    first = offer.itinerary.stops[0]
    assert first.leaves_at >= NOON + 1800
    assert offer.expires_at < offer.itinerary.departs_at


def test_before_it_opens_nothing_is_handed_over(station: Story) -> None:
    """Too early at the counter: refused, and a minute later it works."""
    station.assign("ann", "p1")
    station.now = NOON + 1799
    station.refused(HubClosed, station.report_of("ann", "p1", ActionKind.PICKUP))
    assert station.state.parcel("m/p1").custodian.kind is CustodianKind.HUB
    station.now += 1
    station.pick_up("ann", "p1")
    assert station.parcel_state() is ParcelState.COLLECTED


def test_in_front_of_a_closed_counter_the_pickup_fails(station: Story) -> None:
    """The courier reports it, the tour ends, and the parcel waits at the station."""
    station.now = NOON + 1800
    tour = station.assign("ann", "p1").id
    station.do(m.StartTour(courier="ann", tour=tour))
    station.now = NOON + HOUR + 1
    station.refused(HubClosed, station.report_of("ann", "p1", ActionKind.PICKUP))
    events = station.pick_up("ann", "p1", FailureCode.HUB_CLOSED)
    assert "PickupFailed" in names(events)
    parcel = station.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian.kind) == (ParcelState.READY, CustodianKind.HUB)


def test_after_its_last_hours_nothing_is_planned(station: Story) -> None:
    """Once closed for good no courier is sent there, with the reason; other parcels go on."""
    station.now = NOON + HOUR + 1
    assert names(station.plan()) == ["PlanMade"]
    assert station.state.leg("m/p1/1").reason == "HOURS"
    station.parcel("p2")
    station.plan()
    (offer,) = station.state.open_offer.values()
    assert station.state.offer(offer).itinerary.legs == ("m/p2/1",)


def test_bringing_back_to_a_closed_hub_is_taken(station: Story) -> None:
    """A parcel on its way back is taken whenever the courier gets there."""
    station.now = NOON + 1800
    station.carry("ann", "p1")
    station.drop_off("ann", "p1", FailureCode.ABSENT)
    station.now = NOON + 2 * HOUR
    station.drop_off("ann", "p1")
    assert station.state.parcel("m/p1").custodian.kind is CustodianKind.HUB
