"""What a plan decided, by names and in words."""

from collections.abc import Sequence
from typing import Any

import pytest

from dispatch.core import messages as m
from dispatch.core.decisions import Made, explained, on_demand, why_not_him
from dispatch.core.epoch import commit_of, problem_of
from dispatch.core.judging import Explained, SmallestFix
from dispatch.core.model import Instant
from dispatch.core.saying import Speech, cause, condition, said
from dispatch.solver.explain import ExplainError
from dispatch.solver.fixes import FixKind
from dispatch.solver.plan import Reason
from tests.core.town import (
    HOUR,
    NOON,
    AGate,
    Fenced,
    Story,
    inserted,
    place,
    slot,
    window,
)


def clock(instant: Instant) -> str:
    """Write minutes after noon."""
    return f"12:{(instant - NOON) // 60:02}"


def money(cents: int) -> str:
    """Write euros."""
    return f"{cents / 100:.2f} EUR"


OPEN = Speech(clock, money)
VEILED = Speech(clock, money, names_couriers=False)


def plan(story: Story, most: int = 10) -> tuple[Made, tuple[Explained, ...]]:
    """Close an epoch with explanations."""
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    made = Made(story.state.epoch + 1, epoch, inserted(epoch.problem))
    found = explained(story.state, story.times, epoch, made.plan, most)
    story.do(commit_of(epoch, made.plan, explained=found))
    return made, found


def by_leg(found: Sequence[Explained]) -> dict[str, Explained]:
    """Return explanations by leg."""
    return {its.leg: its for its in found}


@pytest.fixture
def story() -> Story:
    """Give Ann, who takes one parcel at a time, and three that wait, one of them far too heavy."""
    story = Story()
    story.courier("ann", max_parcels=1)
    story.parcel("p1")
    story.parcel("p2")
    story.parcel("p3", grams=20_000)
    return story


def test_what_is_left_out_is_explained_by_names(story: Story) -> None:
    """Couriers by id, instants instead of ticks; what is served is not explained."""
    _, found = plan(story)
    its = by_leg(found)
    assert set(its) == {"m/p2/1", "m/p3/1"}
    assert its["m/p2/1"] == Explained(
        leg="m/p2/1",
        reason="CAPACITY",
        courier="ann",
        slack=1,
        fix=SmallestFix(kind="PARCELS", courier="ann", amount=1, until=2),
    )
    heavy = its["m/p3/1"].fix
    assert heavy is not None
    assert heavy.kind == "ANOTHER_COURIER"
    assert NOON < heavy.until < NOON + HOUR
    assert heavy.needs == (
        SmallestFix(kind="CAPACITY", courier="ann", subject="grams", amount=5000, until=20_000),
    )


def test_it_stands_in_the_log_and_in_the_state(story: Story) -> None:
    """The event holds it, the state keeps the last word about each leg, with its epoch."""
    _, found = plan(story)
    [event] = [its for its in story.events if isinstance(its, m.PlanMade)]
    assert event.explained == found
    assert event.left_out_count == 2
    kept = story.state.explained["m/p2/1"]
    assert (kept.epoch, kept.at, kept.explained) == (1, NOON, by_leg(found)["m/p2/1"])


def test_only_what_is_new_is_explained_again(story: Story) -> None:
    """The same reason is not told twice; another one is, and a leg that is planned has none."""
    plan(story)
    story.courier("bob", max_parcels=1)
    story.courier("cid", max_parcels=1)
    _, found = plan(story)
    assert found == ()
    assert set(story.state.explained) == {"m/p3/1"}
    assert story.state.leg("m/p2/1").reason == ""


def test_no_more_than_so_many_at_a_time() -> None:
    """The soonest due comes first, the next plan goes on, and 0 is none at all."""
    story = Story()
    story.courier("ann")
    story.parcel("later", grams=20_000)
    story.parcel("soon", grams=20_000, due_at=NOON + HOUR)
    _, none = plan(story, most=0)
    assert none == ()
    told = [[its.leg for its in plan(story, most=1)[1]] for _ in range(3)]
    assert told == [["m/soon/1"], ["m/later/1"], []]


def test_what_is_in_no_problem_is_explained_in_a_wider_one() -> None:
    """Even a leg that nobody on duty could reach in time has a nearest courier and a fix."""
    story = Story()
    story.courier("ann", slots=[slot(0, 1200)])
    story.parcel("p1")
    story.parcel("far", dropoff=place(12_000), due_at=NOON + 2 * HOUR, window=window(0, 2 * HOUR))
    made, found = plan(story)
    assert "m/far/1" in dict(made.epoch.left_out)
    its = by_leg(found)["m/far/1"]
    assert its.courier == "ann"
    assert its.fix is not None
    story.now += 60
    assert on_demand(story.state, made, "m/far/1") == Explained(
        leg="m/far/1", reason=story.state.leg("m/far/1").reason
    )


def test_a_gate_is_called_by_its_compound() -> None:
    """Who may not enter needs a permit for the compound by its name."""
    story = Story(times=Fenced(lake=AGate("PERMIT")))
    story.courier("ann")
    story.parcel("p1", pickup=place(400, compound="lake"), dropoff=place(100))
    _, [its] = plan(story)
    assert its.reason == "PERMIT"
    assert its.fix is not None
    told = said(its, OPEN)
    assert "permit for lake" in told


def test_why_not_me(story: Story) -> None:
    """Alone, about one courier; of the leg that he has there is nothing to say."""
    story.courier("bob", home=place(3000), max_parcels=1)
    story.do(m.CancelParcel(parcel="m/p3"))
    story.do(m.CancelParcel(parcel="m/p2"))
    made, _ = plan(story)
    its = why_not_him(story.state, made, "m/p1/1", "bob")
    assert its is not None
    assert (its.reason, its.courier, its.served_by) == ("NOT_WORTH_IT", "bob", "ann")
    assert its.slack > 0
    with pytest.raises(ExplainError):
        why_not_him(story.state, made, "m/p1/1", "ann")
    assert why_not_him(story.state, made, "m/p2/1", "bob") is None
    assert why_not_him(story.state, made, "m/p1/1", "nobody") is None


def test_asked_again_the_answer_is_the_same(story: Story) -> None:
    """What the log kept and what the plan in memory says agree."""
    made, found = plan(story)
    assert on_demand(story.state, made, "m/p2/1") == by_leg(found)["m/p2/1"]
    assert on_demand(story.state, made, "m/p1/1") is None


def fix(kind: FixKind, **fields: Any) -> SmallestFix:
    """Return a fix of Ann's."""
    return SmallestFix(**{"kind": kind.value, "courier": "ann", "until": NOON + 600, **fields})


@pytest.mark.parametrize(
    ("its", "words"),
    [
        (fix(FixKind.COURIER_LATER_OFF, amount=300), "ann works 5 min longer, until 12:10"),
        (fix(FixKind.COURIER_EARLIER_ON, amount=300), "ann begins 5 min earlier, at 12:10"),
        (fix(FixKind.OPTION_LATER, amount=60, subject="booth"), "booth stays open 1 min longer"),
        (fix(FixKind.OPTION_LATER, amount=60), "its window stays open 1 min longer, until 12:10"),
        (fix(FixKind.CAPACITY, amount=500, subject="grams"), "ann has room for 500 g more"),
        (fix(FixKind.UNBAR), "ann may be asked again"),
        (fix(FixKind.PERMIT, subject="lake"), "ann gets a permit for lake"),
        (fix(FixKind.PERMIT), "ann gets a permit for its compound"),
        (fix(FixKind.HUB_SLOT, subject="booth"), "booth has one more free compartment"),
        (fix(FixKind.POST, subject="east"), "one more may be away from east"),
        (fix(FixKind.PRICE, amount=430), "it is worth 4.30 EUR more"),
        (fix(FixKind.SKILL, until=1), "ann has the skills too"),
        (fix(FixKind.PRECEDENCE, subject="m/p1/1"), "it need not wait for it"),
    ],
)
def test_fixes_in_words(its: SmallestFix, words: str) -> None:
    """Each kind has a sentence, with local times and the network's money."""
    assert words in condition(its, OPEN)


def test_every_kind_and_code_can_be_said() -> None:
    """No explanation in a log has no words, and no courier is named to whom none may be."""
    for kind in FixKind:
        its = fix(kind, subject="grams")
        told = condition(its, VEILED)
        assert told
        assert "ann" not in told
    for reason in Reason:
        for courier in ("", "ann"):
            why = Explained(leg="m/p1/1", reason=reason.value, courier=courier, slack=60)
            assert "ann" not in cause(why, VEILED)


def test_a_full_hub_is_named_by_its_fix() -> None:
    """Who comes nearest has no part in it, and no door's window is taken for the hub."""
    slot = fix(FixKind.HUB_SLOT, courier="", subject="booth", until=2)
    its = Explained(leg="m/p1/1", reason="HUB_FULL", courier="ann", slack=1, fix=slot)
    assert said(its, OPEN) == (
        "no compartment of its size is free;"
        " served if booth has one more free compartment of its size"
    )


def test_one_more_courier_is_like_nobody_where_names_are_hidden() -> None:
    """Merchants read of one more courier, not of whom he resembles."""
    needs = (fix(FixKind.PERMIT, subject="lake"),)
    its = fix(FixKind.ANOTHER_COURIER, amount=600, needs=needs)
    hidden = "one more courier, with a permit for lake, works from 12:00 to 12:10"
    assert condition(its, VEILED) == hidden
    assert "like ann" in condition(its, OPEN)
