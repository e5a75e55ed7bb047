"""Slot advice: what keeping a window would take."""

from itertools import pairwise
from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.epoch import problem_of
from dispatch.core.errors import InvalidValue, WaybillTaken
from dispatch.core.feasibility import (
    STEP_S,
    STEPS,
    Advice,
    advise,
    coming_windows,
    on_time_permille,
)
from dispatch.core.model import CourierKind, Duty, TimeWindow
from dispatch.core.state import State
from dispatch.core.warm import KeptPlan, kept
from dispatch.solver import insert
from tests.core.town import (
    DAY,
    HOUR,
    NOON,
    AGate,
    Fenced,
    Story,
    a_parcel,
    a_policy,
    a_relay_hub,
    place,
    slot,
    window,
)

SOON = window(0, HOUR)
LATER = window(5 * HOUR, 6 * HOUR)


def ask(story: Story, *windows: TimeWindow, last: KeptPlan | None = None, **fields: Any) -> Any:
    """Return what is known of each window, in the order of the question."""
    parcel = a_parcel("new", **fields)
    found = advise(story.state, story.times, last, parcel, windows or (SOON,), story.now)
    by_window = {advice.window: advice for advice in found}
    assert len(found) == len(by_window) == len(windows or (SOON,))
    return [by_window[its] for its in (windows or (SOON,))]


def planned(story: Story) -> KeptPlan:
    """Return the plan that insertion makes now, by name."""
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    return kept(epoch, insert.solve(epoch.problem))


def test_a_courier_who_is_free_can_keep_a_window() -> None:
    """The cost is that of the tour: the trouble, the pay, the time; the state stays as it is."""
    story = Story()
    story.courier("ann")
    before = story.state
    [advice] = ask(story)
    assert advice.is_feasible
    assert advice.couriers == ("ann",)
    policy = story.state.policy
    # 25 s to the pickup and 200 s to the door, at 2 m/s, and the services.
    away_s = 25 + 4 + 200 + 14
    fixed = policy.nuisance_cents + story.state.courier("ann").pay_fixed_cents
    assert advice.cost_cents == pytest.approx(fixed + away_s * 20 / 60, abs=1)
    assert advice.arrives_at == NOON + 229
    assert advice.on_time_permille == 1000
    assert story.state is before


def test_nobody_at_all_is_no_error() -> None:
    """Without a courier no window can be kept, and each says so."""
    story = Story()
    found = ask(story, SOON, LATER)
    assert [advice.is_feasible for advice in found] == [False, False]
    assert {advice.reason for advice in found} == {"NO_COURIER_IN_RANGE"}
    assert {advice.couriers for advice in found} == {()}


def test_the_tours_of_the_last_plan_are_in_the_way() -> None:
    """Whose hands are full by the last plan cannot take it; without that plan he could."""
    story = Story()
    story.courier("ann", max_parcels=1)
    story.parcel("p1")
    [alone] = ask(story)
    [beside] = ask(story, last=planned(story))
    assert alone.is_feasible
    assert not beside.is_feasible
    assert beside.reason == "CAPACITY"


def test_a_detour_costs_less_than_a_tour() -> None:
    """Who goes there anyway takes it along: only what is added counts."""
    story = Story()
    story.courier("ann")
    story.parcel("p1")
    [alone] = ask(story)
    [beside] = ask(story, last=planned(story))
    assert 0 < beside.cost_cents < alone.cost_cents
    assert beside.couriers == ("ann",)


def test_who_comes_later_is_asked_alone() -> None:
    """A slot in five hours can keep a window then, and none before."""
    story = Story()
    story.courier("ann", slots=[slot(5 * HOUR, 8 * HOUR)])
    soon, later = ask(story, SOON, LATER)
    assert not soon.is_feasible
    assert later.is_feasible
    assert later.couriers == ("ann",)
    assert later.window.opens_at <= later.arrives_at <= later.window.closes_at


def test_who_is_on_a_tour_is_free_when_it_ends() -> None:
    """A courier under way is asked from where, and when, the tour ends."""
    story = Story()
    story.courier("ann")
    story.parcel("p1")
    story.assign("ann", "p1")
    ends_at = story.tour("ann").itinerary.ends_at
    [advice] = ask(story)
    assert advice.is_feasible
    assert advice.couriers == ("ann",)
    assert advice.arrives_at > ends_at
    too_early = TimeWindow(opens_at=NOON, closes_at=ends_at)
    [refused] = ask(story, too_early)
    assert not refused.is_feasible


def test_who_does_not_come_and_who_keeps_a_post_are_not_counted() -> None:
    """A running slot of somebody who is not there promises nothing; nor does a watch."""
    story = Story()
    story.courier("ann")
    story.do(m.GoOffline(courier="ann"))
    story.courier("bob", slots=[slot(5 * HOUR, 8 * HOUR, duty=Duty.POST)])
    assert not any(advice.is_feasible for advice in ask(story, SOON, LATER))


def test_both_are_counted_once() -> None:
    """Somebody who is free now and has a later slot too is one courier."""
    story = Story()
    story.courier("ann", slots=[slot(0, 3 * HOUR), slot(4 * HOUR, 8 * HOUR)])
    story.courier("bob", home=place(0, 900))
    soon, later = ask(story, SOON, LATER)
    assert soon.couriers == ("ann", "bob")
    assert sorted(later.couriers) == ["ann", "bob"]


def test_reasons_are_those_of_the_plans() -> None:
    """Too heavy, too far to be back in time, closed to all: what a plan would say."""
    story = Story(times=Fenced(lake=AGate("PERMIT")))
    story.courier("ann", capacity_grams=1000, slots=[slot(0, HOUR)])
    [heavy] = ask(story, grams=5000)
    assert heavy.reason == "CAPACITY"
    [late] = ask(story, window(HOUR - 5, 2 * HOUR))
    assert late.reason == "HOURS"
    [beyond] = ask(story, LATER)
    assert beyond.reason in {"HOURS", "NO_COURIER_IN_RANGE"}


def test_at_a_gate_that_lets_nobody_in_it_is_handed_over_outside() -> None:
    """The recipient's way to the gate is in the cost."""
    story = Story(times=Fenced(lake=AGate("PERMIT")))
    story.courier("ann")
    [open_ground] = ask(story)
    [fenced] = ask(story, dropoff=place(400, compound="lake", door_key="k"))
    assert fenced.is_feasible
    assert fenced.cost_cents > open_ground.cost_cents


def test_by_a_relay_where_nobody_goes_all_the_way() -> None:
    """Ann may be away for the booth and not for the door; its keeper goes on from there."""
    story = Story()
    story.do(m.CreateHub(hub=a_relay_hub(host="bob")))
    story.courier("ann", leash_s=230)
    [unkept] = ask(story, window(0, 3 * HOUR))
    guard: dict[str, Any] = {"kind": CourierKind.GUARD, "home": place(350), "host_of": "booth"}
    story.courier("bob", leash_s=300, **guard)
    [kept_by_bob] = ask(story, window(0, 3 * HOUR))
    assert unkept.couriers == kept_by_bob.couriers == ("ann",)
    # Without a keeper the policy's price of the rest of the way stands in for the keeper's tour.
    assert kept_by_bob.cost_cents < unkept.cost_cents
    assert kept_by_bob.arrives_at > unkept.arrives_at


def test_a_dearer_way_than_the_backup_is_not_worth_it() -> None:
    """Feasible and dearer than leaving it out is what a plan would not do either."""
    story = Story(a_policy(version="cheap", engine="insert", unassigned_cents=1))
    story.courier("ann")
    [advice] = ask(story)
    assert not advice.is_feasible
    assert advice.reason == "NOT_WORTH_IT"


def test_the_best_comes_first() -> None:
    """Cheap before dear, likely before unlikely at the same price, what cannot be last."""
    story = Story()
    story.courier("ann", slots=[slot(0, 2 * HOUR)])
    narrow = window(0, 240)
    found = advise(
        story.state, story.times, None, a_parcel("new"), (LATER, narrow, SOON), story.now
    )
    assert [advice.window for advice in found] == [SOON, narrow, LATER]
    assert found[1].on_time_permille < 1000


def test_readiness_and_closures_are_kept_to() -> None:
    """Nobody comes before the parcel is ready."""
    story = Story()
    story.courier("ann")
    [advice] = ask(story, window(0, 2 * HOUR), ready_at=NOON + HOUR)
    assert advice.arrives_at >= NOON + HOUR + 204


def test_what_could_not_be_handed_in_is_refused() -> None:
    """An unknown hub and a waybill that is taken are the same errors as at creation."""
    story = Story()
    story.courier("ann")
    story.parcel("p1", carrier="post", waybill="1")
    with pytest.raises(WaybillTaken):
        ask(story, carrier="post", waybill="1")
    with pytest.raises(InvalidValue, match="origin_hub"):
        ask(story, origin_hub="nowhere")


def test_chances_follow_the_normal_distribution() -> None:
    """No slack is one half, a deviation 84 %, two 97.7 %; at once is certain."""
    assert on_time_permille(0, 1000, 200) == 500
    assert on_time_permille(200, 1000, 200) == 841
    assert on_time_permille(400, 1000, 200) == 977
    assert on_time_permille(-200, 1000, 200) == 159
    assert on_time_permille(0, 0, 200) == 1000
    assert on_time_permille(-1, 0, 200) == 0
    assert on_time_permille(5, 1000, 0) == 1000


def test_windows_that_nobody_named_are_the_next_hours() -> None:
    """They begin when the parcel is ready, on the half hours, one after the other."""
    found = coming_windows(NOON + DAY, NOON)
    assert len(found) == STEPS
    assert found[0].opens_at >= NOON + DAY
    assert all(its.opens_at % STEP_S == 0 for its in found)
    assert all(a.closes_at == b.opens_at for a, b in pairwise(found))
    assert coming_windows(NOON - DAY, NOON)[0].opens_at >= NOON


def test_nothing_is_left_of_the_question() -> None:
    """The draft enters no state, also beside a plan whose tours do not hold any more."""
    story = Story()
    story.courier("ann")
    story.parcel("p1", window=window(0, 2000))
    last = planned(story)
    story.now += 1900
    state: State = story.state
    found = ask(story, window(0, 2 * HOUR), window(0, 3 * HOUR), last=last)
    assert all(isinstance(advice, Advice) for advice in found)
    assert story.state is state
    assert set(state.parcels) == {"m/p1"}
