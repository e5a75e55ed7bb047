from dispatch.core import messages as m
from dispatch.core.model import ActionKind, ParcelState
from tests.core.town import HOUR, NOON, Story, names, place, window


def hand_overs(story: Story) -> dict[str, int]:
    """Return when the offers so far plan to leave each door, in seconds after noon."""
    return {
        action.leg.split("/")[1]: stop.leaves_at - NOON
        for event in story.events
        if isinstance(event, m.OfferMade)
        for stop in event.offer.itinerary.stops
        for action in stop.actions
        if action.kind is ActionKind.DROPOFF
    }


def test_a_plan_comes_within_the_window(story: Story) -> None:
    """A hand-over begins in its window; the tour for a later one is offered later."""
    story.parcel("early", window=window(0, 1200), dropoff=place(0, 500))
    story.parcel("late", window=window(1800, 2400), dropoff=place(500))
    story.plan()
    assert list(hand_overs(story)) == ["early"]
    story.now = story.state.replan_at
    story.plan()
    service_s = story.state.policy.scan_s + story.state.policy.hand_over_s
    leaves = hand_overs(story)
    assert service_s <= leaves["early"] <= 1200 + service_s
    assert 1800 + service_s <= leaves["late"] <= 2400 + service_s


def test_a_window_that_nobody_can_keep_is_told(story: Story) -> None:
    """Far away and soon over: no offer, and the parcel says why it was left out."""
    story.parcel("far", dropoff=place(4000), window=window(0, 900))
    story.parcel("near")
    story.plan()
    assert list(hand_overs(story)) == ["near"]
    assert story.state.leg("m/far/1").reason == "WINDOW"


def test_after_its_window_a_parcel_expires(story: Story) -> None:
    """The window is hard: its last second still counts, the next one ends the parcel."""
    for courier in ("ann", "bob"):
        story.do(m.GoOffline(courier=courier))
    story.parcel("p1", window=window(0, HOUR))
    assert story.wait(HOUR) == ()
    assert names(story.wait(1)) == ["ParcelExpired"]
    assert story.parcel_state("p1") is ParcelState.EXPIRED


def test_a_promise_alone_is_soft(story: Story) -> None:
    """Late is dear, not forbidden: an overdue parcel is still offered and delivered."""
    story.parcel("p1", due_at=NOON + 60)
    story.now += HOUR
    story.plan()
    (courier,) = story.state.open_offer
    story.accept(courier)
    story.pick_up(courier, "p1")
    story.drop_off(courier, "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED
