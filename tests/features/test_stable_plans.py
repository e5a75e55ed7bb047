"""Plans that change no more than they have to: counted, priced, and locked where wanted."""

import msgspec
import pytest

from dispatch.core import messages as m
from dispatch.core.epoch import Epoch, problem_of
from dispatch.core.errors import InvalidValue
from dispatch.core.locks import steadied
from dispatch.core.metrics import Metrics
from dispatch.core.model import CourierKind, LegState
from dispatch.core.policy import Policy
from dispatch.core.state import State, fold
from dispatch.core.warm import kept
from dispatch.solver.plan import Action
from tests.core.town import (
    NOON,
    ZONE,
    Story,
    Straight,
    a_commit,
    a_policy,
    a_relay_hub,
    inserted,
    place,
    slot,
)

HELD = Policy(version="held", engine="insert", absent_wait_s=0, move_cents=100)
"""Tours wait for company, so that their legs are planned more than once."""


@pytest.fixture
def story() -> Story:
    """Give a town with Ann at the square and Bob 60 m from her, and tours that wait."""
    story = Story(HELD)
    story.courier("ann", home=place(0), pay_per_min_cents=60)
    story.courier("bob", home=place(-60), pay_per_min_cents=60)
    return story


def planned(story: Story, courier: str, *parcels: str) -> m.PlanMade:
    """Bring in a plan by hand in which a courier waits with some parcels."""
    tour = story.itinerary(courier, *parcels)
    event, *offers = story.do(a_commit(tour, changes=story.state.changes))
    assert isinstance(event, m.PlanMade)
    assert not offers
    return event


def replanned(story: Story) -> m.PlanMade:
    """Plan by insertion; nothing is offered yet."""
    (event,) = story.plan()
    assert isinstance(event, m.PlanMade)
    return event


def epoch_of(story: Story) -> Epoch:
    """Return the epoch that closes now; there has to be one."""
    epoch = problem_of(story.state, Straight(), story.now)
    assert epoch is not None
    return epoch


# --- what changes is told and counted ---


def test_a_plan_says_who_is_new(story: Story) -> None:
    """First everybody, then nobody, then the one that moved; the state knows since when."""
    story.parcel("p1")
    story.parcel("p2")
    first = planned(story, "ann", "p1", "p2")
    assert first.planned == (("m/p1/1", "ann"), ("m/p2/1", "ann"))
    assert (first.again_count, first.moved_count) == (0, 0)
    story.wait(60)
    again = planned(story, "ann", "p1", "p2")
    assert (again.planned, again.again_count, again.moved_count) == ((), 2, 0)
    moved = planned(story, "bob", "p2")
    assert (moved.planned, moved.again_count, moved.moved_count) == ((("m/p2/1", "bob"),), 1, 1)
    legs = [story.state.leg(f"m/p{number}/1") for number in (1, 2)]
    assert [(leg.planned_to, leg.planned_at) for leg in legs] == [
        ("ann", NOON), ("bob", NOON + 60),
    ]  # fmt: skip


def test_a_leg_that_is_left_out_has_nobody(story: Story) -> None:
    """It is told once, and is no move when somebody takes it up again."""
    story.parcel("p1")
    planned(story, "ann", "p1")
    (event,) = story.do(a_commit(reasons=(("m/p1/1", "CAPACITY"),)))
    assert isinstance(event, m.PlanMade)
    assert event.planned == (("m/p1/1", ""),)
    assert (event.again_count, event.moved_count) == (0, 0)
    leg = story.state.leg("m/p1/1")
    assert (leg.planned_to, leg.planned_at) == ("", 0)
    assert planned(story, "bob", "p1").moved_count == 0


def test_an_offer_ends_it(story: Story) -> None:
    """What is offered is planned to nobody, and stays so when the courier says no."""
    story.parcel("p1")
    planned(story, "ann", "p1")
    story.do(m.AdoptPolicy(policy=msgspec.structs.replace(HELD, slack_s=24 * 3600)))
    story.offer("ann", "p1")
    assert story.state.leg("m/p1/1").planned_to == ""
    story.decline("ann")
    leg = story.state.leg("m/p1/1")
    assert (leg.state, leg.planned_to, leg.planned_at) == (LegState.PLANNED, "", 0)


def test_a_stale_plan_changes_nothing_that_is_offered(story: Story) -> None:
    """A leg that was offered while the plan was made is left alone."""
    story.parcel("p1")
    story.do(m.AdoptPolicy(policy=msgspec.structs.replace(HELD, slack_s=24 * 3600)))
    late = story.itinerary("bob", "p1")
    story.offer("ann", "p1")
    event, *_ = story.do(a_commit(late))
    assert isinstance(event, m.PlanMade)
    assert event.planned == ()


def test_the_figures_count_moves(story: Story) -> None:
    """One of three legs that were planned again went to somebody else."""
    assert Metrics().kpis()["moved_share"] is None
    for name in ("p1", "p2"):
        story.parcel(name)
    planned(story, "ann", "p1", "p2")
    planned(story, "ann", "p1", "p2")
    planned(story, "bob", "p2")
    figures = Metrics().fold(story.events).kpis()
    assert (figures["replanned"], figures["moved"]) == (3, 1)
    assert (figures["moved_share"], figures["moves_per_parcel"]) == (0.3333, 0.5)


def test_it_stands_in_the_log(story: Story) -> None:
    """The state comes out of the events alone."""
    story.parcel("p1")
    planned(story, "bob", "p1")
    assert fold(State(zone=ZONE), story.events) == story.state


# --- the price of change ---


def test_a_small_gain_is_not_worth_a_move(story: Story) -> None:
    """Ann is a minute nearer; that costs less than the move, so Bob keeps the leg."""
    story.parcel("p1")
    planned(story, "bob", "p1")
    assert replanned(story).planned == ()
    story.do(m.AdoptPolicy(policy=msgspec.structs.replace(HELD, move_cents=0)))
    assert replanned(story).planned == (("m/p1/1", "ann"),)


def test_a_large_gain_is(story: Story) -> None:
    """Cid is far from it, and the price is no lock."""
    story.courier("cid", home=place(-3000), pay_per_min_cents=60)
    story.parcel("p1")
    planned(story, "cid", "p1")
    assert replanned(story).moved_count == 1


def test_the_problem_knows_who_had_it(story: Story) -> None:
    """Nobody at first; then its courier, as long as the courier is there."""
    story.parcel("p1")
    story.parcel("p2")
    assert "move_cost" not in epoch_of(story).problem.in_use
    planned(story, "bob", "p1")
    epoch = epoch_of(story)
    names = {leg.id: index for index, leg in enumerate(epoch.legs)}
    seen = [int(epoch.problem.seen_courier[names[f"m/p{number}/1"]]) for number in (1, 2)]
    assert (epoch.couriers[seen[0]].id, seen[1]) == ("bob", -1)
    assert sorted(epoch.problem.move_cost.tolist()) == [0, 100_000]
    story.do(m.GoOffline(courier="bob"))
    assert "move_cost" not in epoch_of(story).problem.in_use


# --- locks ---


def locked_policy(level: str, **fields: int) -> Policy:
    """Give a policy that locks, without a price."""
    return msgspec.structs.replace(HELD, move_cents=0, lock_level=level, **fields)


def test_who_is_locked_keeps_the_leg_for_a_while(story: Story) -> None:
    """The far courier has it until the lock has lapsed."""
    policy = locked_policy("COURIER", lock_relax_s=120)
    story.courier("cid", home=place(-3000), pay_per_min_cents=60)
    story.parcel("p1")
    planned(story, "cid", "p1")
    for waited, keeper in ((0, "cid"), (119, "cid"), (1, "ann")):
        story.wait(waited)
        epoch = steadied(epoch_of(story), None, policy)
        (tour,) = inserted(epoch.problem).tours
        assert epoch.couriers[tour.courier].id == keeper


def test_without_a_level_nothing_is_locked(story: Story) -> None:
    """The epoch is the very same."""
    story.parcel("p1")
    planned(story, "bob", "p1")
    epoch = epoch_of(story)
    assert steadied(epoch, None, HELD) is epoch


@pytest.mark.parametrize("level", ["COURIER_AND_ORDER", "FULL"])
def test_the_order_of_the_last_plan_stays(story: Story, level: str) -> None:
    """A new leg comes after the tour that was planned; in full its stops start no earlier."""
    story.parcel("p1")
    first = epoch_of(story)
    plan = inserted(first.problem)
    (tour,) = plan.tours
    planned(story, first.couriers[tour.courier].id, "p1")
    story.wait(60)
    story.parcel("p2", dropoff=place(200))
    epoch = steadied(epoch_of(story), kept(first, plan), locked_policy(level))
    index = [leg.id for leg in epoch.legs].index("m/p1/1")
    frozen = epoch.problem.frozen
    assert (frozen.leg.tolist(), frozen.action.tolist()) == ([index, index], [0, 1])
    starts = [stop.starts_at - 60 for stop in tour.stops]
    assert (frozen.not_before.tolist() == starts) is (level == "FULL")
    again = inserted(epoch.problem)
    its = next(tour for tour in again.tours if tour.stops[0].leg == index)
    assert [stop.action for stop in its.stops[:2]] == [Action.PICKUP, Action.DROPOFF]


def test_after_a_restart_couriers_are_locked_without_an_order(story: Story) -> None:
    """The order was in memory alone; who was to carry stands in the log."""
    story.parcel("p1")
    planned(story, "bob", "p1")
    problem = steadied(epoch_of(story), None, locked_policy("FULL")).problem
    assert (problem.must_courier >= 0).tolist() == [True]
    assert not len(problem.frozen.leg)


def test_a_lock_that_would_break_a_limit_is_dropped(story: Story) -> None:
    """Nobody has been promised anything: Dan, who has to go, does not keep the far leg."""
    story.courier("dan", [slot(0, 900)], home=place(-500), kind=CourierKind.GUARD)
    story.parcel("p1")
    story.parcel("p2")
    planned(story, "dan", "p1")
    planned(story, "bob", "p2")
    epoch = epoch_of(story)
    problem = steadied(epoch, None, locked_policy("COURIER")).problem
    held = {
        epoch.legs[index].id: epoch.couriers[courier].id
        for index, courier in enumerate(problem.must_courier.tolist())
        if courier >= 0
    }
    assert held == {"m/p2/1": "bob"}


def test_a_leg_that_may_go_to_a_hub_is_not_locked(story: Story) -> None:
    """What is committed takes no slot in the solver's eyes, and the hub would be overfull."""
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1")
    planned(story, "bob", "p1")
    epoch = epoch_of(story)
    assert epoch.problem.option_count > 1
    assert steadied(epoch, None, locked_policy("COURIER")) is epoch


def test_a_level_has_to_be_one() -> None:
    """The policy names those there are, and a lock that never holds is refused."""
    with pytest.raises(InvalidValue, match="'SOME' is none of COURIER, COURIER_AND_ORDER, FULL"):
        a_policy(lock_level="SOME")
    with pytest.raises(InvalidValue, match="lock_relax_s: must be at least 1"):
        a_policy(lock_relax_s=0)
