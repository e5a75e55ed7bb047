"""What plans an epoch: from what it starts, what ends it, and what the log hears of it."""

import dataclasses
import itertools
import logging
from collections.abc import Callable
from typing import Any

import msgspec
import pytest

from dispatch import executors
from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.epoch import problem_of
from dispatch.core.policy import Policy
from dispatch.executors import Planner, PlanRejectedError
from dispatch.solver import insert
from dispatch.solver.plan import DEFECT, Engine, Plan, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve
from tests.core.town import AT_ONCE, NOON, Story, Straight, place

BY_SEARCH = msgspec.structs.replace(
    AT_ONCE, version="search", engine="search", most_iterations=1_000_000
)


class Ticking:
    """A clock that goes on by so much whenever it is asked."""

    def __init__(self, step_s: float = 0.0) -> None:
        self._ticks = itertools.count()
        self._step_s = step_s

    def now(self) -> int:
        """Return the time; it stands still."""
        return NOON

    def monotonic(self) -> float:
        """Return seconds."""
        return next(self._ticks) * self._step_s


def a_town(policy: Policy = BY_SEARCH) -> Story:
    """Give a town with three couriers and nine parcels."""
    story = Story(policy)
    for number in range(3):
        story.courier(f"c{number}", home=place(600 * number))
    for number in range(9):
        story.parcel(
            f"p{number}",
            pickup=place(170 * number, 40 * (number % 4)),
            dropoff=place(1600 - 150 * number, 300),
        )
    return story


def planned(story: Story, planner: Planner) -> m.CommitPlan:
    """Plan an epoch in which there is something to decide."""
    plan = planner.plan(story.state, story.now)
    assert plan is not None
    return plan


def a_planner(**options: Any) -> Planner:
    """Give a planner of the town."""
    return Planner(Straight(2.0), options.pop("clock", Ticking()), **options)


# --- limits ----------------------------------------------------------------------------


def test_the_policy_sets_the_steps() -> None:
    """So many for each leg, on each thread, and the plan says so."""
    policy = msgspec.structs.replace(BY_SEARCH, iterations_per_leg=7, threads=2, seed=5)
    plan = planned(a_town(policy), a_planner())
    assert (plan.engine, plan.seed, plan.threads) == ("search", 5, 2)
    assert plan.iterations == 2 * 7 * 9
    assert plan.stopped_by == "ITERATION_LIMIT"
    assert (plan.progress, plan.chunks) == ((), ())


@pytest.mark.parametrize("engine", ["search", "routing"])
def test_a_clock_with_time_to_spare_changes_nothing(engine: Engine) -> None:
    """Live, within half of the guard, a plan is the one that a replay makes."""
    story = a_town(msgspec.structs.replace(BY_SEARCH, engine=engine))
    replayed = planned(story, a_planner())
    live = planned(story, a_planner(clock=Ticking(1e-4), guard_s=10))
    assert live == replayed


@pytest.mark.parametrize("engine", ["search", "routing"])
def test_a_plan_ended_by_the_clock_can_be_repeated(engine: Engine) -> None:
    """What the clock gave stands in the plan, and gives the same plan once more without it."""
    policy = msgspec.structs.replace(BY_SEARCH, engine=engine, iterations_per_leg=1_000)
    story = a_town(policy)
    timed = planned(story, a_planner(clock=Ticking(0.5), guard_s=10))
    assert timed.stopped_by == "PROGRESS"
    assert 0 < timed.iterations < policy.iterations_of(9)
    assert timed.progress[-1] > 0.9
    assert sum(timed.chunks) == timed.iterations
    assert len([value for value in timed.progress if value == 0.0]) > 5
    epoch = problem_of(story.state, Straight(2.0), story.now)
    assert epoch is not None
    assert epoch.problem.digest() == timed.digest
    again = solve(
        epoch.problem,
        engine=engine,
        seed=timed.seed,
        iterations=policy.iterations_of(9),
        progress=iter(timed.progress).__next__,
        columns=False,
    )
    assert (again.cost, again.chunks) == (timed.cost, timed.chunks)


def test_an_epoch_takes_its_steps_and_no_more(monkeypatch: pytest.MonkeyPatch) -> None:
    """Routes are not put together anew: that takes seconds beside the steps of the policy."""
    given: list[Any] = []

    def noted(problem: Problem, **options: Any) -> Plan:
        given.append(options["columns"])
        return solve(problem, **options)

    monkeypatch.setattr(executors, "solve", noted)
    planned(a_town(), a_planner())
    assert given == [False]


def test_how_it_was_made_enters_the_log() -> None:
    """With the plan, and comes back from the log's text."""
    story = a_town(msgspec.structs.replace(BY_SEARCH, iterations_per_leg=1_000))
    plan = planned(story, a_planner(clock=Ticking(0.5), guard_s=10))
    made = story.do(plan)[0]
    assert isinstance(made, m.PlanMade)
    assert codec.decode_event(codec.encode(made)) == made
    for name in ("engine", "seed", "digest", "warm", "iterations", "threads", "progress", "chunks"):
        assert getattr(made, name) == getattr(plan, name)


# --- from what it starts ---------------------------------------------------------------


@pytest.mark.parametrize("level", ["COURIER", "COURIER_AND_ORDER", "FULL"])
def test_a_policy_may_lock_what_was_planned(level: str) -> None:
    """While the lock holds no leg goes to the newcomer next to it; without one some do."""
    moved = {}
    for wanted in (level, ""):
        held = msgspec.structs.replace(
            BY_SEARCH, slack_s=1800, move_cents=0, lock_level=wanted, lock_relax_s=600
        )
        story, planner = a_town(held), a_planner()
        story.do(planned(story, planner))
        story.now += 60
        story.courier("c9", home=place(100, 100), pay_fixed_cents=0, pay_per_min_cents=0)
        made = story.do(planned(story, planner))[0]
        assert isinstance(made, m.PlanMade)
        assert made.again_count == 9
        moved[wanted] = made.moved_count
    assert moved[level] == 0
    assert moved[""] > 0


def test_an_epoch_starts_from_the_last() -> None:
    """The first plan starts from nothing; the next names the problem whose plan it started from."""
    story, planner = a_town(), a_planner()
    first = planned(story, planner)
    assert first.warm == ""
    story.parcel("p9", pickup=place(100, 100), dropoff=place(500, 500))
    second = planned(story, planner)
    assert second.warm == first.digest
    assert second.digest != first.digest


def test_a_warm_start_is_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """The solver is given the old tours: with next to no steps the old plan comes back."""
    story = a_town(msgspec.structs.replace(BY_SEARCH, iterations_per_leg=2_000))
    planner = a_planner()
    first = planned(story, planner)
    hasty = msgspec.structs.replace(BY_SEARCH, iterations_per_leg=1)
    state = msgspec.structs.replace(story.state, policy=hasty)
    again = planner.plan(state, story.now)
    cold = a_planner().plan(state, story.now)
    assert again is not None
    assert cold is not None
    assert again.cost == first.cost < cold.cost


def test_a_restart_starts_from_nothing() -> None:
    """A planner without a past plans the same epoch cold, and the same every time."""
    story, planner = a_town(), a_planner()
    planned(story, planner)
    story.parcel("p9", pickup=place(100, 100), dropoff=place(500, 500))
    fresh = [planned(story, a_planner()) for _ in range(2)]
    assert fresh[0] == fresh[1]
    assert fresh[0].warm == ""


def test_epochs_repeat() -> None:
    """Two planners that see the same epochs make the same plans."""

    def day() -> list[m.CommitPlan]:
        story, planner = a_town(), a_planner()
        plans = [planned(story, planner)]
        for number in range(9, 12):
            story.parcel(f"p{number}", pickup=place(90 * number), dropoff=place(0, 90 * number))
            plans.append(planned(story, planner))
        return plans

    assert day() == day()


# --- what is told ----------------------------------------------------------------------


def solving(monkeypatch: pytest.MonkeyPatch, answer: Callable[[Problem, str], Plan]) -> None:
    """Let plans come from a function of problem and engine."""

    def answered(problem: Problem, *, engine: str, **_: object) -> Plan:
        return answer(problem, engine)

    monkeypatch.setattr(executors, "solve", answered)


def with_notes(*notes: str) -> Callable[[Problem, str], Plan]:
    """Give what plans by insertion and says so."""

    def answer(problem: Problem, _engine: str) -> Plan:
        return dataclasses.replace(insert.solve(problem), notes=notes)

    return answer


def test_a_defect_is_a_warning(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """With the problem's digest, every time; it stands in the plan's notes as well."""
    defect = f"{DEFECT}search with seed 3 broke window of leg 1"
    solving(monkeypatch, with_notes("slower than usual", defect))
    story, planner = a_town(), a_planner()
    with caplog.at_level(logging.INFO):
        plans = [planned(story, planner) for _ in range(2)]
    assert plans[0].notes == ("slower than usual", defect)
    warnings = [each.getMessage() for each in caplog.records if each.levelno == logging.WARNING]
    assert len(warnings) == 2
    assert all(defect in said and plans[0].digest in said for said in warnings)
    told = [each for each in caplog.messages if "slower than usual" in each]
    assert len(told) == 1


def test_what_ended_the_search_is_told(caplog: pytest.LogCaptureFixture) -> None:
    """Each epoch in one line; the clock's interference is a warning."""
    story = a_town(msgspec.structs.replace(BY_SEARCH, iterations_per_leg=1_000))
    with caplog.at_level(logging.INFO):
        planned(a_town(), a_planner())
        planned(story, a_planner(clock=Ticking(0.5), guard_s=10))
    first, *_, last = caplog.messages
    assert "9 legs, 3 couriers" in first
    assert "900 steps, ended by ITERATION_LIMIT" in first
    assert "ended by PROGRESS" in last
    levels = [each.levelno for each in caplog.records]
    assert levels == [logging.INFO, logging.WARNING, logging.INFO]


def test_a_broken_plan_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    """What the oracle rejects is never committed: insertion plans instead."""

    def answer(problem: Problem, engine: str) -> Plan:
        plan = insert.solve(problem)
        return plan if engine == "insert" else dataclasses.replace(plan, cost=plan.cost + 1)

    solving(monkeypatch, answer)
    assert planned(a_town(), a_planner()).engine == "insert"


def test_nothing_sound_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    """If even insertion's plan breaks something, there is no plan."""

    def answer(problem: Problem, _engine: str) -> Plan:
        return dataclasses.replace(insert.solve(problem), cost=-1, stopped_by=StoppedBy.DONE)

    solving(monkeypatch, answer)
    with pytest.raises(PlanRejectedError, match="cost"):
        a_planner().plan(a_town().state, NOON)


def test_latency_is_measured() -> None:
    """One figure for each plan, none where there was nothing to decide."""
    planner = a_planner(clock=Ticking(0.5))
    assert planner.plan(Story(BY_SEARCH).state, NOON) is None
    assert list(planner.latency_s) == []
    planned(a_town(msgspec.structs.replace(BY_SEARCH, engine="insert")), planner)
    (took_s,) = planner.latency_s
    assert took_s > 0


# --- explanations ----------------------------------------------------------------------


def too_heavy(policy: Policy = BY_SEARCH) -> Story:
    """Give the town with three parcels that nobody can carry."""
    story = a_town(policy)
    for number in range(3):
        story.parcel(f"q{number}", grams=99_000)
    return story


def test_a_plan_says_why_legs_are_left_out_few_at_a_time() -> None:
    """The policy's number in each plan, until all are explained; 0 is none."""
    few = msgspec.structs.replace(BY_SEARCH, explained_legs=2)
    story, planner = too_heavy(few), a_planner()
    told = []
    for _ in range(3):
        plan = planned(story, planner)
        told.append([its.leg for its in plan.explained])
        story.do(msgspec.structs.replace(plan, itineraries=()))
        story.now += 60
    assert told == [["m/q0/1", "m/q1/1"], ["m/q2/1"], []]
    silent = msgspec.structs.replace(BY_SEARCH, explained_legs=0)
    assert planned(too_heavy(silent), a_planner()).explained == ()


def test_the_last_plan_is_kept_for_questions() -> None:
    """With the number that its epoch gets, and the problem that it solves."""
    story, planner = too_heavy(), a_planner()
    assert planner.made is None
    plan = planned(story, planner)
    story.do(plan)
    assert planner.made is not None
    assert planner.made.number == story.state.epoch == 1
    assert planner.made.epoch.problem.digest() == plan.digest


def test_without_an_explanation_a_plan_is_still_a_plan(
    monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    """Where nothing can be explained the log hears of it, and the epoch goes on."""

    def broken(*_given: object) -> None:
        raise IndexError("is no plan of this problem")

    monkeypatch.setattr(executors, "explained", broken)
    plan = planned(too_heavy(), a_planner())
    assert plan.itineraries
    assert plan.explained == ()
    assert "nothing is explained: IndexError('is no plan of this problem')" in caplog.text
