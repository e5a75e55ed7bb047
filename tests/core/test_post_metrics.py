"""Seconds that posts were short and guards stayed on: figures by hand, from events alone."""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.compounds import Post
from dispatch.core.metrics import Metrics
from dispatch.core.model import Availability, Duty
from tests.core.town import NOON, place, slot

GATE = Post(id="gate", compound="garden", hub="booth")


def shift(opens: int, closes: int, duty: Duty = Duty.POST) -> Availability:
    """Give a slot at the gate by seconds after noon."""
    return slot(opens, closes, post="gate", duty=duty)


def opened(minimum: int = 1, **rosters: list[Availability]) -> list[m.Event]:
    """Give the beginning of a day: a post, and guards who are there."""
    events: list[m.Event] = [
        m.PostSet(at=NOON, post=Post(id="gate", compound="garden", minimum=minimum))
    ]
    for courier, slots in rosters.items():
        events.append(m.AvailabilityAdded(at=NOON, courier=courier, slots=tuple(slots)))
        events.append(m.CourierWentOnline(at=NOON, courier=courier, place=place()))
    return events


def left(courier: str, at: int) -> m.Event:
    return m.TourStarted(at=NOON + at, courier=courier, tour=f"t{at}", happened_at=NOON + at)


def back(courier: str, at: int, away_s: int, post: str = "gate") -> m.Event:
    return m.CourierReturned(
        at=NOON + at, courier=courier, happened_at=NOON + at, away_s=away_s, post=post
    )


def gone(courier: str, at: int) -> m.Event:
    return m.CourierWentOffline(at=NOON + at, courier=courier)


def ended(at: int) -> m.Event:
    """Give something that happens last, so that time is counted until then."""
    return m.PlanRequested(at=NOON + at)


def figures(*events: m.Event) -> tuple[int, int, dict[str, Any]]:
    """Return the seconds short, the seconds stayed on, and what is said of the gate."""
    kpis = Metrics().fold(events).kpis()
    return kpis["post_below_minimum_s"], kpis["stayed_on_s"], kpis["posts"]["gate"]


def test_a_tour_from_a_patrol_leaves_the_post_as_it_was() -> None:
    """Who is on patrol is not counted on; the minutes away are the post's all the same."""
    day = opened(gus=[shift(0, 600)], hal=[shift(0, 600, Duty.PATROL)])
    below_s, stayed_s, gate = figures(*day, left("hal", 100), back("hal", 250, 150), ended(900))
    assert (below_s, stayed_s) == (0, 0)
    assert (gate["away_s"], gate["tours"], gate["away_s_by_guard"]) == (150, 1, {"hal": 150})


def test_a_relief_on_a_tour_keeps_the_guard_who_stands_there() -> None:
    """Hal is 50 s late: Gus stays on for them, and the post is not short."""
    day = opened(gus=[shift(0, 600)], hal=[shift(0, 600, Duty.PATROL), shift(600, 1200)])
    events = (*day, left("hal", 500), back("hal", 650, 150), gone("gus", 700), ended(1300))
    assert figures(*events)[:2] == (0, 50)


def test_a_post_is_short_where_nobody_stays() -> None:
    """Gus goes home 20 s after his slot though his relief is not there: 30 s are short."""
    day = opened(gus=[shift(0, 600)], hal=[shift(0, 600, Duty.PATROL), shift(600, 1200)])
    events = (*day, left("hal", 500), gone("gus", 620), back("hal", 650, 150), ended(1300))
    assert figures(*events)[:2] == (30, 20)


def test_a_tour_of_one_who_cannot_be_spared_is_counted() -> None:
    """Two are needed and two are rostered: every second of Gus's tour is short."""
    day = opened(minimum=2, gus=[shift(0, 600)], hal=[shift(0, 600)])
    assert figures(*day, left("gus", 100), back("gus", 180, 80))[0] == 80


def test_who_is_late_for_work_is_counted_nowhere() -> None:
    """A post that lacks its guard while nobody of it tours is its company's affair."""
    day = opened(gus=[shift(0, 600)], hal=[shift(600, 1200)])
    assert figures(*day, gone("hal", 1), gone("gus", 650), ended(1200))[:2] == (0, 0)


def test_who_has_toured_or_stands_elsewhere_does_not_stay() -> None:
    """Only who stood there to the end of the slot, and has not gone since, counts as staying."""
    late = [shift(0, 600, Duty.PATROL), shift(600, 1200)]
    elsewhere = slot(600, 1200, post="side", duty=Duty.POST)
    day = opened(gus=[shift(0, 600), elsewhere], hal=late)
    assert figures(*day, left("hal", 500), back("hal", 700, 200))[:2] == (100, 0)
    day = opened(gus=[shift(0, 600)], hal=late, ida=[shift(0, 600)])
    toured = (left("gus", 550), back("gus", 560, 10), left("gus", 601), back("gus", 640, 39))
    events = sorted((left("hal", 500), *toured, back("hal", 700, 200)), key=lambda e: e.at)
    assert figures(*day, *events)[:2] == (0, 100)


def test_a_swap_counts_from_the_moment_it_is_made() -> None:
    """Hal tours from his patrol; from the swap on he should stand there, and is counted short."""
    day = opened(gus=[shift(0, 600)], hal=[shift(0, 600, Duty.PATROL)])
    swapped = m.SlotsSwapped(
        at=NOON + 200,
        courier="gus",
        other="hal",
        slots=(shift(0, 600, Duty.PATROL),),
        other_slots=(shift(0, 600),),
        actor="boss",
    )
    assert figures(*day, left("hal", 100), swapped, back("hal", 250, 150))[0] == 50
    dropped = m.SlotsDropped(at=NOON + 220, courier="hal", slots=(), actor="boss")
    assert figures(*day, left("hal", 100), swapped, dropped, back("hal", 250, 150))[0] == 20


def test_figures_may_be_asked_for_at_any_time() -> None:
    """Asking twice counts nothing twice; a higher minimum counts from when it is set."""
    day = opened(gus=[shift(0, 600)], hal=[shift(0, 600)])
    metrics = Metrics().fold((*day, left("gus", 100)))
    assert metrics.kpis()["post_below_minimum_s"] == 0
    metrics.fold([m.PostSet(at=NOON + 150, post=Post(id="gate", compound="garden", minimum=2))])
    metrics.fold([ended(190)])
    assert [metrics.kpis()["post_below_minimum_s"] for _ in range(2)] == [40, 40]
    metrics.fold([back("gus", 200, 100)])
    assert metrics.kpis()["post_below_minimum_s"] == 50


def test_a_day_without_posts_has_zeros() -> None:
    """Couriers without a post that is known are nobody's guards."""
    kpis = Metrics().fold(opened(gus=[shift(0, 600)])[1:]).kpis()
    assert (kpis["post_below_minimum_s"], kpis["stayed_on_s"], kpis["posts"]) == (0, 0, {})
