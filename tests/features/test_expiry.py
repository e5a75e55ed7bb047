from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.model import CourierKind, LegState, Mode, ParcelState
from tests.core.town import HOUR, Story, names, place

END = 2 * HOUR + 4 * HOUR
"""Promise and grace: when a parcel of two hours without a window ends."""


def expired(events: tuple[m.Event, ...]) -> m.ParcelExpired:
    """Return the one end of a parcel among events."""
    (found,) = [event for event in events if isinstance(event, m.ParcelExpired)]
    return found


def test_nobody_was_there() -> None:
    """Without any courier the reason is that nobody was in range."""
    story = Story()
    story.parcel()
    assert story.wait(END) == ()
    event = expired(story.wait(1))
    assert event.reason == "NO_COURIER_IN_RANGE"
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.reason) == (ParcelState.EXPIRED, event.reason)
    assert story.leg_state() is LegState.CANCELLED
    assert story.wait(24 * HOUR) == ()


@pytest.mark.parametrize(
    ("courier", "parcel", "reason"),
    [
        ({"capacity_grams": 1000}, {"grams": 1001}, "CAPACITY"),
        (
            {"kind": CourierKind.NEIGHBOUR, "mode": Mode.FOOT, "leash_s": 640},
            {"dropoff": place(600)},
            "LEASH",
        ),
        ({"pay_fixed_cents": 2999}, {}, "NOT_WORTH_IT"),
    ],
    ids=["too heavy", "too far for the leash", "too dear"],
)
def test_the_last_plan_said_why(
    courier: dict[str, Any], parcel: dict[str, Any], reason: str
) -> None:
    """What kept the parcel out of the plans is what it expires with."""
    story = Story()
    story.courier(**courier)
    story.parcel(**parcel)
    story.plan()
    assert story.state.leg("m/p1/1").reason == reason
    assert story.state.parcel("m/p1").is_open
    assert expired(story.wait(END + 1)).reason == reason


def test_a_parcel_that_was_never_ready_expires_too() -> None:
    """Its time is over before it could be fetched: ended without ever becoming ready."""
    story = Story()
    story.parcel("p1", ready_at=story.now + HOUR)
    told = story.wait(END + 1)
    assert names(told) == ["ParcelExpired"]


def test_what_somebody_has_taken_does_not_expire(story: Story) -> None:
    """Assigned and on its way, a parcel is late, never expired."""
    for name in ("p1", "p2"):
        story.parcel(name)
    story.carry("ann", "p1")
    tour = story.assign("bob", "p2").id
    story.do(m.StartTour(courier="bob", tour=tour))
    assert set(names(story.wait(END + 1))) == {"LatenessForeseen"}
    story.drop_off("ann", "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED


def test_an_open_offer_ends_with_its_parcel(story: Story) -> None:
    """The offer is taken back in the same moment, before the parcel ends."""
    story.parcel("p1")
    story.now += END - 30
    story.offer("ann", "p1")
    assert names(story.wait(31)) == ["OfferWithdrawn", "ParcelExpired"]
    assert dict(story.state.open_offer) == {}
