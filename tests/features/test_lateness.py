"""Lateness is told before it happens, once for each promise, by what a tour has done so far."""

from dispatch.core import messages as m
from dispatch.core.etas import etas
from dispatch.core.model import ActionKind, ParcelState
from tests.core.town import NOON, Story, names


def foreseen(events: tuple[m.Event, ...]) -> list[m.LatenessForeseen]:
    """Return what was foreseen."""
    return [event for event in events if isinstance(event, m.LatenessForeseen)]


def under_way(story: Story, *names_and_due: tuple[str, int]) -> None:
    """Have ann set out with parcels that are due so many seconds after noon."""
    for name, due_s in names_and_due:
        story.parcel(name, due_at=NOON + due_s)
    story.assign("ann", *(name for name, _ in names_and_due))
    story.do(m.StartTour(courier="ann", tour=story.tour("ann").id))


def test_a_tour_that_stands_still_is_late_before_its_promise_is_over(story: Story) -> None:
    """Pickup after 60 s, door after 130 s, due after 300 s: at 170 s of nothing it is foreseen."""
    under_way(story, ("p1", 300))
    assert not foreseen(story.wait(200))
    (event,) = foreseen(story.wait(60))
    assert story.now < event.due_at == NOON + 300
    assert event.eta_at > event.due_at
    assert not foreseen(story.wait(60)), "told once"


def test_a_late_arrival_tells_of_all_that_follows(story: Story) -> None:
    """The stop event itself tells of the promises behind it that will break."""
    under_way(story, ("p1", 400), ("p2", 7200))
    story.now += 380
    events = story.pick_up("ann", "p1")
    (event,) = foreseen(events)
    assert event.parcel == "m/p1"


def test_in_time_nothing_is_told(story: Story) -> None:
    """A tour on plan is silent to its end."""
    under_way(story, ("p1", 600))
    for kind in (ActionKind.PICKUP, ActionKind.DROPOFF):
        assert not foreseen(story.wait(60))
        assert not foreseen(story.do(story.report_of("ann", "p1", kind)))
    assert story.parcel_state() is ParcelState.DELIVERED
    assert not foreseen(tuple(story.events))


def test_times_follow_the_stop_events(story: Story) -> None:
    """What is still to come moves by what has come late; what has come stands."""
    under_way(story, ("p1", 7200))
    tour = story.tour("ann")
    assert etas(tour, story.now) == (NOON + 60, NOON + 130)
    story.now += 100
    assert etas(tour, story.now) == (NOON + 100, NOON + 170)
    story.pick_up("ann", "p1")
    assert etas(story.tour("ann"), story.now) == (NOON + 100, NOON + 160)
    story.now += 90
    assert etas(story.tour("ann"), story.now) == (NOON + 100, NOON + 190)


def test_a_position_far_away_tells_too(story: Story) -> None:
    """Nothing of the position is kept but that it will be late."""
    under_way(story, ("p1", 900))
    assert story.do(m.RecordPosition(courier="ann", lat=0.0, lon=0.001)) == ()
    before = story.state
    (event,) = story.do(m.RecordPosition(courier="ann", lat=0.1, lon=0.1))
    assert isinstance(event, m.LatenessForeseen)
    assert "lat" not in event.__struct_fields__
    assert story.state.online == before.online
    assert story.do(m.RecordPosition(courier="bob", lat=0.1, lon=0.1)) == (), "no tour, no news"
    assert names(tuple(story.events)).count("LatenessForeseen") == 1
