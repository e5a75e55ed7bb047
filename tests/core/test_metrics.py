from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.metrics import Metrics, _gini, _spread
from dispatch.core.model import CourierKind, FailureCode, Mode
from tests.core.town import HOUR, NOON, Story, a_commit, slot


def kpis(story: Story) -> dict[str, Any]:
    """Return the figures of all that has happened."""
    return Metrics().fold(story.events).kpis()


def test_an_empty_day_has_figures() -> None:
    """Shares and spreads of nothing are None, never an error."""
    figures = Metrics().kpis()
    assert (figures["created"], figures["delivered"], figures["offers"]) == (0, 0, 0)
    assert figures["undelivered_share"] is None
    assert figures["click_to_door_s"] == {"mean": None, "p50": None, "p90": None, "p95": None}
    assert figures["earnings_gini"] is None
    assert figures["by_kind"] == {}


@pytest.fixture
def day() -> Story:
    """Tell a small day.

    Ann carries p1 (on time) and p2 (ten minutes late), Gus declines p3 and comes for it later,
    finds nobody, and brings it back for good; p4 is cancelled; p5 expires for its leash.
    """
    story = Story()
    story.courier("ann")
    story.courier("gus", [slot(0, 5 * HOUR)], kind=CourierKind.GUARD, mode=Mode.FOOT)
    story.parcel("p1", ready_at=NOON - 100)
    story.parcel("p2", due_at=NOON + 600)
    story.parcel("p3", max_attempts=1)
    story.parcel("p4")
    story.parcel("p5", due_at=NOON + HOUR)
    story.do(a_commit(reasons=(("m/p5/1", "LEASH"),)))
    story.offer("gus", "p3")
    story.decline("gus")
    story.courier("hal", kind=CourierKind.GUARD, mode=Mode.FOOT)
    story.offer("hal", "p3", detour_s=0)
    story.offer("ann", "p1", "p2", detour_s=240)
    story.now += 40
    story.accept("ann")
    story.accept("hal")
    story.now += 60
    for courier, parcel in (("ann", "p1"), ("ann", "p2"), ("hal", "p3")):
        story.pick_up(courier, parcel)
    story.now += 500
    story.drop_off("ann", "p1")
    story.drop_off("hal", "p3", FailureCode.ABSENT)
    story.now += 600
    story.drop_off("ann", "p2")
    story.drop_off("hal", "p3")
    story.do(m.CancelParcel(parcel="m/p4", reason="REGRET"))
    story.wait(6 * HOUR)
    return story


def test_a_small_day_by_hand(day: Story) -> None:
    """Every figure of a day of five parcels, computed on paper."""
    figures = kpis(day)
    assert {name: figures[name] for name in ("created", "delivered", "offers", "plans")} == {
        "created": 5, "delivered": 2, "offers": 3, "plans": 4,
    }  # fmt: skip
    assert figures["ended"] == {"CANCELLED": 1, "DELIVERED": 2, "EXPIRED": 1, "RETURNED": 1}
    assert figures["unserved_by_reason"] == {"ABSENT": 1, "LEASH": 1, "REGRET": 1}
    assert figures["undelivered_share"] == 0.6
    assert figures["on_time_share"] == 0.2
    assert figures["on_time_share_of_delivered"] == 0.5
    assert figures["first_attempt_success"] == 0.4
    assert figures["lateness_s"] == {"mean": 600.0, "p50": 600, "p90": 600, "p95": 600}
    assert figures["click_to_door_s"] == {"mean": 900.0, "p50": 600, "p90": 1200, "p95": 1200}
    assert figures["ready_to_door_s"]["p50"] == 700
    assert figures["ready_to_pickup_s"] == {"mean": 133.3, "p50": 100, "p90": 200, "p95": 200}
    assert figures["ready_to_assigned_s"]["mean"] == round((140 + 40 + 40) / 3, 1)
    assert figures["offers_per_assignment"] == 1.5
    assert figures["acceptance_rate"] == 0.6667
    assert figures["expired_offer_share"] == 0.0
    assert figures["parcels_per_tour"]["p90"] == 2


def test_the_money_of_a_small_day(day: Story) -> None:
    """Three parcels and four minutes of detour, borne by the two that arrived."""
    figures = kpis(day)
    assert figures["cost_cents"] == 3 * 100 + 80
    assert figures["cost_per_delivered_cents"] == 190.0
    by_kind = figures["by_kind"]
    assert list(by_kind) == ["guard", "rider"]
    assert by_kind["rider"] == {
        "couriers": 1,
        "tours": 1,
        "acceptance_rate": 1.0,
        "earned_cents": 280,
        "earned_cents_per_active_hour": round(280 * 3600 / 1100, 4),
    }
    assert by_kind["guard"]["acceptance_rate"] == 0.5
    assert by_kind["guard"]["earned_cents"] == 100
    assert figures["earnings_gini"] == round((2 * (100 + 2 * 280)) / (2 * 380) - 1.5, 4)


def test_the_way_of_a_small_day(day: Story) -> None:
    """Kilometres and hours away count what tours had, the parcel brought back included."""
    tours = [event for event in day.events if isinstance(event, m.TourCompleted)]
    figures = kpis(day)
    length_m = sum(tour.distance_m for tour in tours)
    assert figures["km_per_parcel"] == round(length_m / 1000 / 2, 4)
    assert figures["parcels_per_active_hour"] == round(
        2 * 3600 / sum(tour.away_s for tour in tours), 4
    )


def test_offers_that_ran_out_and_people_who_did_not_come() -> None:
    """Silence, no-shows and hand-backs each have their own figure."""
    story = Story()
    story.courier("ann")
    story.courier("bob")
    story.parcel("p1")
    story.parcel("p2")
    story.offer("ann", "p1")
    story.wait(60)
    story.assign("bob", "p1")
    story.wait(700)
    story.assign("ann", "p2")
    story.do(m.HandBackLegs(courier="ann", tour=story.tour("ann").id))
    figures = kpis(story)
    assert figures["expired_offer_share"] == round(1 / 3, 4)
    assert figures["no_show_share"] == 0.5
    assert figures["hand_backs"] == 1
    assert figures["acceptance_rate"] == 1.0


def test_a_second_attempt_is_not_a_first_one() -> None:
    """Delivered the second time counts as delivered, not at the first attempt."""
    story = Story()
    story.courier()
    story.parcel()
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    story.drop_off("ann", "p1")
    story.wait(HOUR)
    story.carry("ann", "p1")
    story.drop_off("ann", "p1")
    figures = kpis(story)
    assert (figures["delivered"], figures["first_attempt_success"]) == (1, 0.0)
    assert figures["unserved_by_reason"] == {}
    assert figures["ready_to_pickup_s"]["p50"] == 0


def test_a_parcel_that_was_stopped_on_its_way_says_why() -> None:
    """Cancelled after pickup it is returned, and the reason is the cancellation."""
    story = Story()
    story.courier()
    story.parcel()
    story.carry("ann", "p1")
    story.do(m.CancelParcel(parcel="m/p1", reason="REGRET"))
    assert kpis(story)["unserved_by_reason"] == {"REGRET": 1}
    story.drop_off("ann", "p1")
    figures = kpis(story)
    assert figures["ended"] == {"RETURNED": 1}
    assert figures["unserved_by_reason"] == {"REGRET": 1}


def test_a_parcel_that_nobody_decided_on_is_open() -> None:
    """Without a reason it is called open; a plan's reason replaces that, until planned again."""
    story = Story()
    story.parcel()
    assert kpis(story)["unserved_by_reason"] == {"OPEN": 1}
    story.do(a_commit(reasons=(("m/p1/1", "HOURS"),)))
    assert kpis(story)["unserved_by_reason"] == {"HOURS": 1}
    story.courier()
    story.do(a_commit(story.itinerary("ann", "p1")))
    assert kpis(story)["unserved_by_reason"] == {"OPEN": 1}


def test_percentiles_are_values_that_occurred() -> None:
    """Nearest rank: of ten values the ninth is p90, the tenth p95."""
    assert _spread([7, 1, 3, 10, 2, 9, 4, 8, 6, 5]) == {"mean": 5.5, "p50": 5, "p90": 9, "p95": 10}
    assert _spread([3]) == {"mean": 3.0, "p50": 3, "p90": 3, "p95": 3}


def test_gini_from_equal_to_one_for_all() -> None:
    """Zero where all earn alike; with one earner among n it is (n - 1) / n."""
    assert _gini([5, 5, 5, 5]) == 0.0
    assert _gini([0, 0, 0, 8]) == 0.75
    assert _gini([0, 0]) is None


def test_figures_can_be_asked_at_any_time(day: Story) -> None:
    """Folding in pieces gives the same as folding at once."""
    pieces = Metrics()
    for event in day.events:
        pieces.fold([event]).kpis()
    assert pieces.kpis() == kpis(day)
