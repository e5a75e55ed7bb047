"""A post keeps its minimum: no tour, and no late return, leaves fewer there."""

import pytest

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.epoch import problem_of
from dispatch.core.errors import PostMinimum
from dispatch.core.model import ActionKind, TourState
from tests.core.town import HOUR, NOON, AGate, Fenced, Story, names, slot
from tests.features.compound import (
    OWNER,
    POST,
    a_compound,
    a_parcel_at_the_booth,
    at_post,
    guard,
    on_patrol,
    set_out,
    walk,
)


def here(story: Story) -> list[str]:
    """Return who stands at the post."""
    return posts.present(story.state, POST, story.now)


def test_two_who_alternate_deliver_nothing() -> None:
    """One at the post and one on patrol, with a minimum of two on duty: nobody is asked."""
    story = a_compound(minimum=2)
    guard(story, "gus", at_post())
    guard(story, "guo", at_post())
    a_parcel_at_the_booth(story)
    story.plan()
    assert not story.state.open_offer
    assert here(story) == ["guo", "gus"]


def test_the_one_to_spare_is_asked_and_nobody_else() -> None:
    """Two on duty, a minimum of one: two parcels in two directions still send out one guard."""
    story = a_compound()
    for name in ("gus", "guo"):
        guard(story, name)
    for name in ("p1", "p2"):
        a_parcel_at_the_booth(story, name)
    story.plan()
    assert len(story.state.open_offer) == 1
    story.wait(30)
    story.plan()
    assert len(story.state.open_offer) == 1, "who is asked may leave any moment"


def test_a_patrol_is_free() -> None:
    """The guard on patrol is asked whatever the minimum is: he does not count there."""
    story = a_compound(minimum=1)
    guard(story, "gus", at_post())
    guard(story, "guo", on_patrol())
    a_parcel_at_the_booth(story)
    story.plan()
    assert list(story.state.open_offer) == ["guo"]


def test_setting_out_is_refused_where_somebody_has_left_meanwhile() -> None:
    """Three on duty, two with tours, and the third goes home: the second one has to stay."""
    story = a_compound()
    for name in ("gus", "guo", "gil"):
        guard(story, name)
    for name in ("p1", "p2"):
        a_parcel_at_the_booth(story, name)
    set_out(story, "gus", "p1")
    tour = story.assign("guo", "p2")
    story.do(m.GoOffline(courier="gil"))
    start = m.StartTour(courier="guo", tour=tour.id)
    story.refused(PostMinimum, start, "needs 1, and 0 would be left")
    story.refused(PostMinimum, story.report_of("guo", "p2", ActionKind.PICKUP), "wait")
    story.pick_up("gus", "p1")
    story.drop_off("gus", "p1")
    story.do(m.ReturnToPost(courier="gus"))
    story.do(start)
    assert story.state.tour(tour.id).state is TourState.ACTIVE


def test_away_until_back() -> None:
    """The last door ends the tour, not the absence: the walk back belongs to it."""
    story = a_compound()
    for name in ("gus", "guo"):
        guard(story, name)
    a_parcel_at_the_booth(story)
    walk(story, "gus", "p1")
    assert here(story) == ["guo"]
    a_parcel_at_the_booth(story, "p2")
    story.plan()
    assert not story.state.open_offer, "gus is not back, and guo is the last one"
    story.now += 300
    [event] = story.do(m.ReturnToPost(courier="gus"))
    assert isinstance(event, m.CourierReturned)
    assert (event.post, event.away_s) == (POST, 300)
    assert here(story) == ["guo", "gus"]
    assert story.do(m.ReturnToPost(courier="gus")) == (), "back is back"


def test_who_was_on_a_tour_before_the_roster_came_is_not_there() -> None:
    """A rider on the way is put on the roster: nobody is at two places at once."""
    story = a_compound()
    guard(story, "gus", slot())
    a_parcel_at_the_booth(story)
    set_out(story, "gus", "p1")
    drop = m.DropSlots(courier="gus", opens_at=(NOON,), actor=OWNER)
    story.do(drop)
    story.do(m.AddAvailability(courier="gus", slots=(at_post(),)))
    assert here(story) == []
    story.pick_up("gus", "p1")
    story.drop_off("gus", "p1")
    assert here(story) == ["gus"]


def test_minutes_away_are_kept_by_slot() -> None:
    """What the company looks at: how long, how often, by guard and slot of the roster."""
    story = a_compound()
    guard(story, "gus", at_post(0, HOUR), on_patrol(HOUR, 2 * HOUR))
    guard(story, "guo")
    for name, pause in (("p1", 120), ("p2", 180)):
        a_parcel_at_the_booth(story, name)
        walk(story, "gus", name)
        story.now += pause
        story.do(m.ReturnToPost(courier="gus"))
    [absence] = story.state.absences.values()
    assert (absence.post, absence.courier, absence.away_s, absence.tours) == (POST, "gus", 300, 2)


def test_who_is_not_relieved_stays() -> None:
    """The relief is late from a tour: the one before stays on, and is asked for nothing."""
    story = a_compound()
    guard(story, "gus", at_post(0, HOUR), on_patrol(HOUR, 2 * HOUR))
    guard(story, "guo", on_patrol(0, HOUR), at_post(HOUR, 2 * HOUR))
    a_parcel_at_the_booth(story)
    walk(story, "guo", "p1")
    story.now += HOUR + 60
    assert here(story) == ["gus"], "his slot was over a minute ago"
    a_parcel_at_the_booth(story, "p2")
    story.plan()
    assert not story.state.open_offer
    story.do(m.ReturnToPost(courier="guo"))
    assert here(story) == ["guo"]
    story.plan()
    assert list(story.state.open_offer) == ["gus"], "relieved, and on patrol now"


def test_who_is_not_relieved_does_not_set_out() -> None:
    """A tour that was agreed before the relief was late waits for it."""
    story = a_compound()
    guard(story, "gus", at_post(0, HOUR), on_patrol(HOUR, 2 * HOUR))
    guard(story, "guo", on_patrol(0, HOUR), at_post(HOUR, 2 * HOUR))
    guard(story, "gil", at_post(0, HOUR))
    for name in ("p1", "p2"):
        a_parcel_at_the_booth(story, name)
    story.now += HOUR - 300
    walk(story, "guo", "p1")
    tour = story.assign("gus", "p2")
    story.now += 301
    story.do(m.GoOffline(courier="gil"))
    start = m.StartTour(courier="gus", tour=tour.id)
    story.refused(PostMinimum, start, "relieved")
    story.do(m.ReturnToPost(courier="guo"))
    story.do(start)


def test_no_slot_no_stay() -> None:
    """At the end of the day nobody is rostered: nobody is kept."""
    story = a_compound()
    guard(story, "gus", at_post(0, HOUR), slot(HOUR, 2 * HOUR))
    story.now += HOUR
    assert here(story) == []


def test_the_plan_keeps_a_reserve_for_late_returns() -> None:
    """A third of the way over: so much earlier the guard has to be back before his turn."""
    story = a_compound()
    guard(story, "gus", on_patrol(0, HOUR), at_post(HOUR, 2 * HOUR))
    guard(story, "guo", at_post(0, HOUR))
    a_parcel_at_the_booth(story)
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    assert epoch.problem.return_reserve_permille.tolist() == [330]
    assert epoch.problem.off_duty.tolist() == [HOUR]
    assert epoch.problem.post.tolist() == [-1], "on patrol he leaves no post unmanned"


def test_the_plan_knows_when_the_others_leave() -> None:
    """Two on duty until one, one after that: a tour may begin now, and has to be over in time."""
    story = a_compound()
    guard(story, "gus", at_post(0, 2 * HOUR))
    guard(story, "guo", at_post(0, HOUR // 3))
    a_parcel_at_the_booth(story)
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    steps = epoch.problem.post_steps
    leash_s = story.state.policy.leash_guard_s
    early_s = HOUR // 3 - leash_s * 330 // 1000
    pairs = list(zip(steps.starts_at.tolist(), steps.most_away.tolist(), strict=True))
    assert pairs[0] == (0, 1)
    assert (early_s, 0) in pairs


def test_the_next_hour_of_the_roster_is_planned_by_itself() -> None:
    """Nobody can go now; when the relief's hour begins somebody can, and no event tells of it."""
    story = a_compound(times=Fenced(lake=AGate("OPEN")))
    guard(story, "gus", at_post())
    guard(story, "guo", at_post(HOUR, 2 * HOUR))
    a_parcel_at_the_booth(story)
    story.parcel("p2", origin_hub="station", due_at=NOON + 9 * HOUR)
    story.courier("ann")
    story.plan()
    assert story.state.replan_at == NOON + HOUR


def test_another_minimum_takes_offers_back() -> None:
    """The company wants two there: who was asked may stay."""
    story = a_compound()
    for name in ("gus", "guo"):
        guard(story, name)
    a_parcel_at_the_booth(story)
    story.offer("gus", "p1")
    events = story.do(m.SetMinimum(post=POST, minimum=2, actor=OWNER))
    assert names(events) == ["PostSet", "OfferWithdrawn"]
    story.plan()
    assert not story.state.open_offer
    assert story.do(m.SetMinimum(post=POST, minimum=2, actor=OWNER)) == ()


def test_a_smaller_minimum_takes_nothing_back() -> None:
    """Who was asked is asked still: one more may go, not one less."""
    story = a_compound(minimum=1)
    for name in ("gus", "guo"):
        guard(story, name)
    a_parcel_at_the_booth(story)
    story.offer("gus", "p1")
    assert names(story.do(m.SetMinimum(post=POST, minimum=0, actor=OWNER))) == ["PostSet"]


def test_who_is_kept_at_the_post_is_no_no_show() -> None:
    """The minimum rises after he has agreed: others get the tour, and he is at his post still."""
    story = a_compound(minimum=1)
    for name in ("gus", "guo"):
        guard(story, name)
    a_parcel_at_the_booth(story)
    tour = story.assign("gus", "p1")
    story.do(m.SetMinimum(post=POST, minimum=2, actor=OWNER))
    story.refused(PostMinimum, m.StartTour(courier="gus", tour=tour.id), "wait")
    story.wait(2 * HOUR)
    assert "gus" not in story.state.live_tour
    assert here(story) == ["guo", "gus"]
    assert story.state.leg("m/p1/1").declined_by == ()


@pytest.mark.parametrize("minimum", [0, 1])
def test_a_post_without_a_minimum_may_stand_empty(minimum: int) -> None:
    """Minimum 0: the only guard may go; with one, he stays."""
    story = a_compound(minimum=minimum)
    guard(story, "gus")
    a_parcel_at_the_booth(story)
    story.plan()
    assert bool(story.state.open_offer) is (minimum == 0)
