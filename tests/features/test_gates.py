"""Gates: who has no permit is not asked, who signs in is asked for the time that it takes."""

from dispatch.core.model import CourierKind
from tests.core.town import AGate, Fenced, Story, place


def a_walled_town(rule: str | None) -> Story:
    """Give a parcel for a door behind a gate, and a rider whom nobody there knows.

    None for a compound without a gate that is open now.
    """
    story = Story(times=Fenced(lake=AGate(rule) if rule else None))
    story.parcel(dropoff=place(400, compound="lake", door_key="p1"))
    story.courier("ann")
    return story


def test_a_parcel_behind_a_shut_gate_waits_with_its_reason() -> None:
    """Nobody on duty may enter: no offer is made, and the leg says why."""
    story = a_walled_town(None)
    story.plan()
    assert not story.state.open_offer
    assert story.state.leg("m/p1/1").reason == "PERMIT"


def test_the_guard_of_the_compound_is_asked() -> None:
    """His post stands inside: the gate is his own."""
    story = a_walled_town("PERMIT")
    story.courier("gus", kind=CourierKind.GUARD, home=place(300, 0, compound="lake", is_door=False))
    story.plan()
    assert list(story.state.open_offer) == ["gus"]


def test_a_permit_lets_a_rider_in() -> None:
    """The compound is listed in the courier's access."""
    story = a_walled_town("PERMIT")
    story.courier("bob", access=("lake",))
    story.plan()
    assert list(story.state.open_offer) == ["bob"]


def test_who_signs_in_is_offered_the_time_that_it_takes() -> None:
    """The same trip, 45 seconds longer than where the gate stands open."""
    spans = {}
    for rule in ("OPEN", "SIGN_IN"):
        story = a_walled_town(rule)
        story.plan()
        itinerary = story.state.offer(story.state.open_offer["ann"]).itinerary
        spans[rule] = itinerary.ends_at - itinerary.departs_at
    assert spans["SIGN_IN"] == spans["OPEN"] + 45


def test_the_reason_goes_when_somebody_may_enter() -> None:
    """A guard who comes on duty later is asked in the next epoch."""
    story = a_walled_town(None)
    story.plan()
    story.courier("gus", kind=CourierKind.GUARD, home=place(300, compound="lake", is_door=False))
    story.now += 60
    story.plan()
    assert list(story.state.open_offer) == ["gus"]
    assert not story.state.leg("m/p1/1").reason
