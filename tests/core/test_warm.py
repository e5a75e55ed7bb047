"""A plan by name: what of it the next epoch can start from."""

import msgspec
import numpy as np
import pytest

from dispatch.core import messages as m
from dispatch.core.epoch import Epoch, problem_of
from dispatch.core.warm import KeptPlan, KeptStop, KeptTour, kept, started_from
from dispatch.solver import check, insert
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Schedule
from tests.core.town import NOON, Story, Straight, place

Stops = dict[str, list[str]]
"""By courier, P and the leg or D and the leg."""


def epoch_of(story: Story) -> Epoch:
    """Return the epoch that closes now; there has to be one."""
    epoch = problem_of(story.state, Straight(), story.now)
    assert epoch is not None
    return epoch


def stops_of(epoch: Epoch, plan: Plan) -> Stops:
    """Return a plan by the names of its epoch."""
    return {
        epoch.couriers[tour.courier].id: [
            f"{'P' if stop.action is Action.PICKUP else 'D'} {epoch.legs[stop.leg].id}"
            for stop in tour.stops
        ]
        for tour in plan.tours
    }


@pytest.fixture
def story() -> Story:
    """Give a town with Bob and Cid, far from each other, and a parcel or two beside each."""
    story = Story()
    story.courier("bob", home=place(0))
    story.courier("cid", home=place(3000))
    for name, east_m in (("p2", 100), ("p3", 3100), ("p4", 3200)):
        story.parcel(name, pickup=place(east_m - 50), dropoff=place(east_m, 100))
    return story


def test_the_same_epoch_again_is_the_same_plan(story: Story) -> None:
    """Nothing is lost and nothing is added on the way through the names."""
    epoch = epoch_of(story)
    plan = insert.solve(epoch.problem)
    again = started_from(kept(epoch, plan), epoch)
    assert again is not None
    assert stops_of(epoch, again) == stops_of(epoch, plan)
    assert set(stops_of(epoch, plan)) == {"bob", "cid"}
    assert insert.resume(Schedule(epoch.problem), again).cost == plan.cost


def test_tours_survive_other_numbers(story: Story) -> None:
    """New legs and couriers stand before the old ones: tours are the same by name."""
    before = epoch_of(story)
    plan = insert.solve(before.problem)
    last = kept(before, plan)
    story.courier("ann", home=place(1500))
    story.parcel("p1", pickup=place(1500), dropoff=place(1600), due_at=NOON + 1800)
    after = epoch_of(story)
    assert [courier.id for courier in after.couriers] == ["ann", "bob", "cid"]
    assert after.legs[0].id == "m/p1/1"
    start = started_from(last, after)
    assert start is not None
    assert stops_of(after, start) == stops_of(before, plan)
    assert [entry.leg for entry in start.unassigned] == [0]
    tours = insert.resume(Schedule(after.problem), start)
    assert check.violations(after.problem, tours.plan("insert")) == []


def test_what_is_gone_is_taken_out(story: Story) -> None:
    """A cancelled parcel leaves its tour, a courier who went offline takes his along."""
    before = epoch_of(story)
    last = kept(before, insert.solve(before.problem))
    story.do(m.CancelParcel(parcel="m/p3"))
    after = epoch_of(story)
    start = started_from(last, after)
    assert start is not None
    assert stops_of(after, start)["cid"] == ["P m/p4/1", "D m/p4/1"]
    story.do(m.GoOffline(courier="bob"))
    after = epoch_of(story)
    start = started_from(last, after)
    assert start is not None
    assert set(stops_of(after, start)) == {"cid"}
    assert [after.legs[entry.leg].id for entry in start.unassigned] == ["m/p2/1"]


def test_a_decline_breaks_one_leg_out_of_a_tour(story: Story) -> None:
    """Who said no does not get the leg again by way of the last plan; the rest stays."""
    before = epoch_of(story)
    last = kept(before, insert.solve(before.problem))
    story.offer("cid", "p3")
    story.decline("cid")
    after = epoch_of(story)
    start = started_from(last, after)
    assert start is not None
    assert stops_of(after, start)["cid"] == ["P m/p4/1", "D m/p4/1"]


def test_nothing_left_is_no_start(story: Story) -> None:
    """Another day's plan means nothing: the search starts from nothing, and the log says so."""
    epoch = epoch_of(story)
    other = KeptPlan("d", (KeptTour("dan", (KeptStop("m/p2/1", Action.DROPOFF, 0),)),))
    assert started_from(other, epoch) is None
    assert started_from(KeptPlan("d", (KeptTour("bob", ()),)), epoch) is None
    assert started_from(KeptPlan("d", ()), epoch) is None


def test_an_option_keeps_its_place_among_its_legs_options(story: Story) -> None:
    """The second option of a leg is the second still, whatever stands before the leg."""
    epoch = epoch_of(story)
    problem = epoch.problem
    values = {
        name: getattr(problem, name)
        for name in ("travel", "pickup_place", "start_place", "end_place")
    }
    two_each = Problem(
        option_leg=np.repeat(np.arange(problem.leg_count), 2),
        option_place=np.repeat(problem.option_place, 2),
        option_cost=np.tile([5, 0], problem.leg_count),
        **values,
    )
    before = msgspec.structs.replace(epoch, problem=two_each)
    plan = insert.solve(two_each)
    again = started_from(kept(before, plan), before)
    assert again is not None
    for tour, its in zip(again.tours, plan.tours, strict=True):
        assert [stop.option for stop in tour.stops] == [stop.option for stop in its.stops]
    assert {stop.option % 2 for tour in again.tours for stop in tour.stops if stop.option >= 0} == {
        1
    }
