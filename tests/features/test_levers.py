"""What a dispatcher moves by hand: pins, reassignments, paused hubs, closed streets.

Who did it, when and why stands in the log with each.
"""

from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import AlreadyExists, HubClosed, InvalidTransition, InvalidValue, NotFound
from dispatch.core.keeping import Closure, ClosureKind
from dispatch.core.model import FailureCode, LegState, OptionKind, ParcelState, Purpose
from tests.core.town import (
    HOUR,
    NOON,
    Story,
    Straight,
    a_relay_hub,
    consent,
    names,
    place,
)


def pin(leg: str, courier: str, reason: str = "knows the door") -> m.PinLeg:
    """Give the lever."""
    return m.PinLeg(leg=leg, courier=courier, actor="ops", reason=reason)


# --- pins ---


def test_a_pinned_leg_is_for_one_courier(story: Story) -> None:
    """Whoever is nearer is not asked; unpinned, anybody is."""
    story.parcel("p1")
    (event,) = story.do(pin("m/p1/1", "bob"))
    assert isinstance(event, m.LegPinned)
    assert (event.actor, event.reason, event.courier) == ("ops", "knows the door", "bob")
    story.plan()
    assert list(story.state.open_offer) == ["bob"]
    story.do(m.UnpinLeg(leg="m/p1/1", actor="ops", reason="he is ill"))
    assert story.state.leg("m/p1/1").pinned_to == ""


def test_a_pin_takes_an_open_offer_back(story: Story) -> None:
    """What another courier is being asked comes back; what the right one is asked stays."""
    story.parcel("p1")
    story.offer("ann", "p1")
    assert names(story.do(pin("m/p1/1", "bob"))) == ["OfferWithdrawn", "LegPinned"]
    story.offer("bob", "p1")
    assert names(story.do(pin("m/p1/1", "bob", "again"))) == ["LegPinned"]


def test_a_pin_to_somebody_who_is_away_waits(story: Story) -> None:
    """Nobody else gets it meanwhile."""
    story.parcel("p1")
    story.do(pin("m/p1/1", "bob"))
    story.do(m.GoOffline(courier="bob"))
    story.plan()
    assert not story.state.open_offer
    story.do(m.GoOnline(courier="bob"))
    story.plan()
    assert list(story.state.open_offer) == ["bob"]


def test_what_cannot_be_pinned(story: Story) -> None:
    """Picked up, declined, somebody else's, without a reason, or unknown."""
    for name in ("p1", "p2", "p3"):
        story.parcel(name)
    story.carry("ann", "p1")
    story.refused(InvalidTransition, pin("m/p1/1", "bob"), "has been picked up")
    story.offer("bob", "p2")
    story.decline("bob")
    story.refused(InvalidTransition, pin("m/p2/1", "bob"), "has declined")
    story.assign("bob", "p3")
    story.refused(InvalidTransition, pin("m/p3/1", "ann"), "reassign it")
    story.refused(InvalidValue, pin("m/p2/1", "ann", " "), "reason: is required")
    story.refused(NotFound, pin("m/p9/1", "ann"))
    story.refused(NotFound, pin("m/p2/1", "zoe"))


# --- reassignments ---


def test_a_leg_is_taken_for_another_courier(story: Story) -> None:
    """Before the pickup only; the first one does not get it again, the new one alone does."""
    story.parcel("p1")
    story.parcel("p2")
    story.assign("ann", "p1", "p2")
    story.pick_up("ann", "p2")
    command = m.ReassignLeg(leg="m/p1/1", courier="bob", actor="ops", reason="nearer")
    (event,) = [e for e in story.do(command) if isinstance(e, m.LegReassigned)]
    assert (event.courier, event.to, event.actor, event.reason) == ("ann", "bob", "ops", "nearer")
    leg = story.state.leg("m/p1/1")
    assert (leg.state, leg.pinned_to, leg.declined_by) == (LegState.PLANNED, "bob", ("ann",))
    assert story.parcel_state("p2") is ParcelState.COLLECTED, "the rest of the tour goes on"
    story.plan()
    assert list(story.state.open_offer) == ["bob"]


def test_what_cannot_be_reassigned(story: Story) -> None:
    """What nobody has, what is picked up, and to the one who has it."""
    story.parcel("p1")
    give = m.ReassignLeg(leg="m/p1/1", courier="bob", actor="ops", reason="x")
    story.refused(InvalidTransition, give, "nobody has it yet; pin it")
    story.assign("bob", "p1")
    story.refused(InvalidTransition, give, "has it, has declined it")
    story.pick_up("bob", "p1")
    story.refused(InvalidTransition, give, "has been picked up")


def test_the_last_leg_ends_the_tour(story: Story) -> None:
    """A courier whose only leg is taken away is free at once."""
    story.parcel("p1")
    story.assign("ann", "p1")
    command = m.ReassignLeg(leg="m/p1/1", actor="ops", reason="wrong bike")
    assert "TourCompleted" in names(story.do(command))
    assert "ann" not in story.state.live_tour


# --- hubs ---


@pytest.fixture
def town(story: Story) -> Story:
    """Have a station, a booth, and a shop that the recipient of p1 has agreed to."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    return story


def test_a_paused_hub_is_no_choice_and_takes_nothing(town: Story) -> None:
    """Offers to it come back, what is on its way there goes elsewhere, scans are refused."""
    town.parcel("p1", origin_hub="station")
    town.parcel("p2", origin_hub="station")
    town.offer("bob", "p2", hub="booth")
    town.assign("ann", "p1", hub="booth")
    town.pick_up("ann", "p1")
    events = town.do(m.PauseHub(hub="booth", actor="ops", reason="flood", until=NOON + HOUR))
    assert names(events)[0] == "HubPaused"
    assert "OfferWithdrawn" in names(events)
    assert not town.state.reservations
    parcel = town.state.parcel("m/p1")
    leg = town.state.leg(parcel.leg)
    assert (leg.purpose, leg.dropoff) == (Purpose.DOOR, parcel.dropoff), "ann goes on to the door"
    command = m.ReceiveParcel(hub="booth", parcel="m/p1", courier="ann", actor="hubs/booth")
    town.refused(InvalidTransition, command)


def test_a_hub_closed_with_parcels_inside(town: Story) -> None:
    """They stay where they are; nothing is released, planned or lost until it is open again."""
    town.parcel("p1", origin_hub="station")
    town.assign("ann", "p1", hub="booth")
    town.pick_up("ann", "p1")
    town.drop_off("ann", "p1")
    town.receive("booth", "p1", "ann")
    town.do(m.PauseHub(hub="booth", actor="ops", reason="flood"))
    town.plan()
    assert not town.state.open_offer
    assert town.state.stock["booth"] == {"m/p1": None} or list(town.state.stock["booth"]) == [
        "m/p1"
    ]
    town.do(m.ResumeHub(hub="booth", actor="ops", reason="dry"))
    town.plan()
    (courier,) = town.state.open_offer
    town.accept(courier)
    town.pick_up(courier, "p1")
    town.do(m.PauseHub(hub="booth", actor="ops", reason="flood again"))
    command = m.ReleaseParcel(hub="booth", parcel="m/p1", actor="hubs/booth", courier=courier)
    town.refused(HubClosed, command, "hub booth is paused: flood again")


def test_a_pause_ends_by_itself(town: Story) -> None:
    """At its time the hub works again, and the log says why."""
    town.do(m.PauseHub(hub="booth", actor="ops", reason="lunch", until=NOON + HOUR))
    assert town.wait(HOUR - 1) == ()
    (event,) = town.wait(1)
    assert isinstance(event, m.HubResumed)
    assert event.actor == "TIME"
    past = m.PauseHub(hub="booth", actor="ops", reason="x", until=NOON)
    town.refused(InvalidValue, past, "until: lies in the past")
    town.refused(InvalidValue, m.PauseHub(hub="booth", actor="ops", reason=""), "reason")


def test_a_parcel_for_a_paused_shop_takes_the_next_rung(town: Story) -> None:
    """On its way to the shop it turns to the booth, which holds it until it is tried again."""
    town.do(
        m.CreateHub(
            hub=a_relay_hub("shop", place=place(500, 0, hub="shop"), contracts=("COLLECTION",))
        )
    )
    town.parcel("p1", origin_hub="station", options=(consent(OptionKind.HUB, "shop"),))
    town.assign("ann", "p1", hub="shop", purpose=Purpose.COLLECTION)
    town.pick_up("ann", "p1")
    events = town.do(m.PauseHub(hub="shop", actor="ops", reason="fire"))
    (diverted,) = [event for event in events if isinstance(event, m.ParcelDiverted)]
    assert (diverted.purpose, diverted.leg.dropoff.hub) == (Purpose.HOLD, "booth")
    assert diverted.reason == FailureCode.HUB_CLOSED.value


# --- streets ---


def closure(name: str = "market", **fields: Any) -> Closure:
    """Give an area that is closed for an hour."""
    ring = ((0.0, 0.0), (0.0, 0.01), (0.01, 0.01))
    given: dict[str, Any] = {
        "kind": ClosureKind.AREA,
        "until": NOON + HOUR,
        "actor": "ops",
        "reason": "market day",
        "ring": ring,
        **fields,
    }
    return Closure(id=name, **given)


def test_plans_go_round_what_is_closed() -> None:
    """Offers that went through come back, and the next plan asks the map with the closure."""
    times = Straight(2.0)
    story = Story(times=times)
    story.courier("ann")
    story.parcel("p1")
    story.plan()
    assert "ann" in story.state.open_offer
    assert names(story.do(m.CloseWay(closure=closure()))) == ["WayClosed", "OfferWithdrawn"]
    story.plan()
    assert [its.id for its in times.closures] == ["market"]
    assert "ann" in story.state.open_offer


def test_a_closure_ends_by_itself_or_by_hand(story: Story) -> None:
    """At its time, or before; twice the same name is refused."""
    story.do(m.CloseWay(closure=closure()))
    story.refused(AlreadyExists, m.CloseWay(closure=closure()), "is taken")
    (event,) = story.wait(HOUR)
    assert isinstance(event, m.WayOpened)
    assert event.actor == "TIME"
    story.do(m.CloseWay(closure=closure(until=NOON + 3 * HOUR)))
    story.do(m.OpenWay(closure="market", actor="ops", reason="over"))
    assert not story.state.closures
    story.refused(NotFound, m.OpenWay(closure="market", actor="ops"), "no closure 'market'")


@pytest.mark.parametrize(
    ("fields", "named"),
    [
        ({"ring": ((0.0, 0.0),)}, "ring: needs three corners"),
        ({"kind": ClosureKind.STREET, "ring": ()}, "ref: a STREET needs an id"),
        ({"kind": ClosureKind.GATE, "ring": ()}, "ref: a GATE needs an id"),
        ({"reason": ""}, "reason: is required"),
        ({"until": -1}, "until"),
        ({"ring": ((91.0, 0.0), (0.0, 0.0), (0.0, 1.0))}, "is not on earth"),
    ],
)
def test_a_closure_says_what_is_closed_and_why(fields: dict[str, Any], named: str) -> None:
    """A value that does not is refused with the field's name."""
    with pytest.raises(InvalidValue, match=named):
        closure(**fields)
