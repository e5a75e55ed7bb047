"""Why a parcel waits: who is told what, from the first plan to the one that takes it along."""

from dispatch.core import messages as m
from dispatch.core.decisions import Made, explained
from dispatch.core.epoch import commit_of, problem_of
from dispatch.core.model import ParcelState
from dispatch.core.saying import Speech, said
from dispatch.solver.explain import explain
from dispatch.solver.fixes import applied
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours
from tests.core.town import HOUR, NOON, Story, inserted, place, slot, window

SPEECH = Speech(
    clock=lambda at: f"{12 + (at - NOON) // HOUR}:{(at - NOON) % HOUR // 60:02}",
    money=lambda cents: f"{cents / 100:.2f} EUR",
)


def plan(story: Story) -> Made:
    """Close an epoch, with explanations of all that is new."""
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    made = Made(story.state.epoch + 1, epoch, inserted(epoch.problem))
    found = explained(story.state, story.times, epoch, made.plan, 50)
    story.do(commit_of(epoch, made.plan, explained=found))
    return made


def told(story: Story, leg: str) -> str:
    """Return what a dispatcher reads of a leg."""
    return said(story.state.explained[leg].explained, SPEECH)


def test_ann_would_have_to_stay_a_little_longer() -> None:
    """Her slot ends too early by minutes that can be counted; with them she takes it."""
    story = Story()
    story.courier("ann", slots=[slot(0, 20 * 60)])
    story.parcel("p1", dropoff=place(2400), window=window(0, HOUR))
    made = plan(story)
    assert story.parcel_state("p1") is ParcelState.READY
    judged = story.state.explained["m/p1/1"]
    fix = judged.explained.fix
    assert (judged.explained.reason, judged.explained.courier) == ("HOURS", "ann")
    assert fix is not None
    assert fix.kind == "COURIER_LATER_OFF"
    assert fix.amount == judged.explained.slack == fix.until - (NOON + 20 * 60)
    # The amount is tight: with it the leg is served, with a second less it is not.
    assert not made.plan.tours
    short = Story()
    short.courier("ann", slots=[slot(0, 20 * 60 + fix.amount - 1)])
    short.parcel("p1", dropoff=place(2400), window=window(0, HOUR))
    short.plan()
    assert not short.state.open_offer
    enough = Story()
    enough.courier("ann", slots=[slot(0, 20 * 60 + fix.amount)])
    enough.parcel("p1", dropoff=place(2400), window=window(0, HOUR))
    epoch = problem_of(enough.state, enough.times, enough.now)
    assert epoch is not None
    assert len(inserted(epoch.problem).tours) == 1
    assert told(story, "m/p1/1") == (
        "ann would be back 43 s after he goes off duty;"
        " served if ann works 43 s longer, until 12:21"
    )


def test_a_fix_that_is_made_is_no_longer_told(story: Story) -> None:
    """A second courier comes, the parcel goes along, and nothing is left to explain."""
    story.do(m.GoOffline(courier="bob"))
    story.parcel("p1", grams=20_000)
    plan(story)
    assert "served if" in told(story, "m/p1/1")
    assert "5000 g more" in told(story, "m/p1/1")
    story.courier("strong", capacity_grams=20_000)
    plan(story)
    assert "m/p1/1" not in story.state.explained
    assert story.state.leg("m/p1/1").reason == ""


def test_the_fix_serves_the_leg_in_the_problem_that_was_planned(story: Story) -> None:
    """What the log says is what the solver found: applied, one insertion serves the leg."""
    story.do(m.GoOffline(courier="bob"))
    story.parcel("p1", grams=20_000)
    made = plan(story)
    [its] = explain(made.epoch.problem, made.plan)
    assert its.fix is not None
    problem = applied(made.epoch.problem, its.fix)
    tours = Tours(Schedule(problem))
    tours.adopt(tours.found_in(made.plan))
    change = tours.best(its.leg)
    assert change is not None
    assert change.extra_cost < 0
