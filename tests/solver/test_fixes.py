"""The smallest fix of every leg left out: right on the smallest problems, tight on random ones."""

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check, insert
from dispatch.solver.arrays import FrozenStops, PostSteps
from dispatch.solver.explain import ExplainError, Explanation, explain, why_not
from dispatch.solver.fixes import Fix, FixKind, applied
from dispatch.solver.plan import Plan, Reason, Unassigned
from dispatch.solver.problem import Problem, ProblemError
from dispatch.solver.schedule import Schedule
from dispatch.solver.solve import solve
from dispatch.solver.tours import Tours
from dispatch.solver.wording import Indices, cause_in_words, fix_in_words, in_words
from tests.solver.insertions import one_serves
from tests.solver.strategies import SHARED, drawn
from tests.solver.test_explain import CAUSES

Street = Callable[..., Problem]

ONE_COURIER: dict[str, Any] = {"start_place": [0], "end_place": [0], "on_duty": [0]}

ANSWERS: dict[str, tuple[FixKind | None, int, str]] = {
    "no way from pickup to drop-off": (None, 0, "there is no way from its pickup to its drop-off"),
    "no way to the pickup": (None, 0, "nobody can be there in time"),
    "too far to be in time": (
        FixKind.PICKUP_LATER,
        1,
        "served if it may be picked up 1 tick later, until tick 10",
    ),
    "shut in": (FixKind.PERMIT, 1, "served if courier 0 gets a permit for gate 0"),
    "shut out": (FixKind.PERMIT, 1, "served if courier 0 gets a permit for gate 0"),
    "shut out and no skill": (
        FixKind.ANOTHER_COURIER,
        60,
        (
            "served if one more courier like courier 0, with a permit for gate 0 and skill 0,"
            " works from tick 0 to tick 60"
        ),
    ),
    "shut out, and no way either": (
        None,
        0,
        "there is no way from its pickup to its drop-off",
    ),
    "home shut": (FixKind.PERMIT, 1, "served if courier 0 gets a permit for gate 0"),
    "signing in takes too long": (
        FixKind.OPTION_LATER,
        11,
        "served if drop-off 0 stays open 11 ticks longer, until tick 35",
    ),
    "skill": (FixKind.SKILL, 1, "served if courier 0 has skill 0 too"),
    "too heavy": (FixKind.CAPACITY, 1, "served if courier 0 has room for 1 of dimension 0 more"),
    "no parcels at all": (
        FixKind.PARCELS,
        1,
        "served if courier 0 takes one more parcel in a tour",
    ),
    "window too short for anybody": (
        FixKind.OPTION_LATER,
        11,
        "served if drop-off 0 stays open 11 ticks longer, until tick 30",
    ),
    "duty ends": (
        FixKind.COURIER_LATER_OFF,
        1,
        "served if courier 0 works 1 tick longer, until tick 60",
    ),
    "leash": (
        FixKind.LEASH,
        1,
        "served if courier 0 may be away 1 tick longer, 60 ticks in all",
    ),
    "declined": (FixKind.UNBAR, 1, "served if courier 0 is no longer barred from it"),
    "too dear": (FixKind.PRICE, 2, "served if it is worth 2 more"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_one_thing_wrong_has_its_fix(street: Street, cause: str) -> None:
    """One leg from 10 to 30, one courier at 0, one thing wrong: its fix, and that in words."""
    reason, given = CAUSES[cause]
    kind, amount, words = ANSWERS[cause]
    problem = street(
        [0, 10, 30], **{"pickup_place": [1], "option_place": [2], **ONE_COURIER, **given}
    )
    plan = solve(problem, engine="insert")
    [told] = explain(problem, plan)
    assert told.reason is reason
    assert in_words(told) == words
    assert (told.fix and told.fix.kind) == kind
    if told.fix is not None:
        assert told.fix.amount == amount
        _assert_tight(problem, plan, told.fix)


def _assert_tight(problem: Problem, plan: Plan, fix: Fix) -> None:
    assert one_serves(applied(problem, fix), plan, fix.leg), fix
    try:
        less = applied(problem, replace(fix, amount=fix.amount - 1))
    except ProblemError:
        return
    assert not one_serves(less, plan, fix.leg), fix


def _explained(problem: Problem) -> tuple[Plan, tuple[Explanation, ...]]:
    plan = insert.solve(problem)
    assert check.violations(problem, plan) == []
    return plan, explain(problem, plan)


def test_who_comes_too_late_could_begin_earlier(street: Street) -> None:
    """Nobody else may wait; a courier who begins at 50 would have to at 21, or others later."""
    problem = street(
        [0, 10, 30],
        pickup_place=[1],
        option_place=[2],
        pickup_closes=[31],
        **{**ONE_COURIER, "on_duty": [50]},
    )
    plan, [told] = _explained(problem)
    kinds = {fix.kind: fix for fix in (told.fix, *told.others) if fix is not None}
    earlier = kinds[FixKind.COURIER_EARLIER_ON]
    assert (earlier.amount, earlier.until) == (29, 21)
    assert fix_in_words(earlier) == "courier 0 begins 29 ticks earlier, at tick 21"
    for fix in kinds.values():
        _assert_tight(problem, plan, fix)


def test_full_hub_wants_a_slot(street: Street) -> None:
    """One slot for two parcels."""
    problem = street(
        [0, 10],
        pickup_place=[0, 0],
        option_place=[1, 1],
        option_hub=[0, 0],
        hub_slots_free=[[1]],
        **ONE_COURIER,
    )
    plan, [told] = _explained(problem)
    assert told.reason is Reason.HUB_FULL
    assert told.fix is not None
    assert in_words(told) == "served if hub 0 has one more free compartment of its size"
    assert cause_in_words(told) == f"drop-off {told.option} has no free compartment of its size"
    _assert_tight(problem, plan, told.fix)


def test_post_wants_one_more_away(street: Street) -> None:
    """Two guards, of whom one may be away at a time; each carries one parcel a tour."""
    problem = street(
        [0, 10],
        pickup_place=[0, 0],
        option_place=[1, 1],
        option_closes=[15, 15],
        start_place=[0, 0],
        end_place=[0, 0],
        most_parcels=[1, 1],
        post=[0, 0],
        post_steps=PostSteps(*(np.array(part) for part in ([0, 1], [0], [1]))),
    )
    plan, [told] = _explained(problem)
    assert told.reason is Reason.POST
    assert told.fix is not None
    assert in_words(told) == "served if one more may be away from post 0"
    _assert_tight(problem, plan, told.fix)


def test_missing_first_half_wants_to_be_free(street: Street) -> None:
    """What should come first is dropped at the door: the second half waits for nothing."""
    problem = street(
        [0, 10, 30],
        pickup_place=[0, 1],
        option_leg=[0, 0, 1],
        option_place=[2, 1, 2],
        option_hub=[-1, 0, -1],
        hub_slots_free=[[1]],
        after_leg=[-1, 0],
        start_place=[0],
        end_place=[0],
    )
    plan, [told] = _explained(problem)
    assert told.reason is Reason.PRECEDENCE
    assert told.fix is not None
    assert in_words(told) == "served if it need not wait for leg 0"
    _assert_tight(problem, plan, told.fix)


def test_frozen_stop_in_the_way_wants_time(street: Street) -> None:
    """The pickup would be in time on the way to the stop that the courier is bound for."""
    problem = street(
        [0, 10, 30],
        pickup_place=[-1, 1],
        on_board=[0, -1],
        option_place=[2, 2],
        pickup_closes=[1000, 20],
        start_place=[0],
        end_place=[0],
        frozen=FrozenStops(*(np.array(x) for x in ([0, 1], [0], [1], [0], [0]))),
    )
    plan, [told] = _explained(problem)
    assert told.reason is Reason.FROZEN
    assert told.fix is not None
    assert told.fix.kind is FixKind.PICKUP_LATER
    assert in_words(told) == "served if it may be picked up 30 ticks later, until tick 50"
    _assert_tight(problem, plan, told.fix)


def test_search_limit_wants_more_search(two_legs_two_couriers: Problem) -> None:
    """Where an insertion would serve the leg, there is nothing to mend."""
    lazy = _lazy(two_legs_two_couriers)
    told = explain(two_legs_two_couriers, lazy)
    assert {its.reason for its in told} == {Reason.SEARCH_LIMIT}
    assert all(its.fix is None and not its.others for its in told)
    assert in_words(told[0]).endswith("would serve it: search longer")


def _lazy(problem: Problem) -> Plan:
    legs = range(problem.leg_count)
    return Plan(
        tours=(),
        unassigned=tuple(Unassigned(leg, Reason.SEARCH_LIMIT) for leg in legs),
        cost=int(problem.unassigned_cost.sum()),
        engine="lazy",
    )


def test_every_reason_has_words() -> None:
    """Of every code, also those that only others give, with and without a courier."""
    for reason in Reason:
        assert cause_in_words(Explanation(0, reason))
        assert cause_in_words(Explanation(0, reason, courier=1, option=0, slack=3))


def test_instants_and_spans_are_those_of_the_reader() -> None:
    """With ticks of a second, spans are rounded up to minutes and instants are hours."""
    names = Indices(tick_s=1)
    fix = Fix(FixKind.COURIER_LATER_OFF, 0, courier=2, amount=661, until=65400)
    assert fix_in_words(fix, names) == "courier 2 works 12 min longer, until 18:10"
    assert names.span(45) == "45 s"
    assert names.span(3660) == "1 h 1 min"


def test_served_leg_is_not_explained(two_legs_two_couriers: Problem) -> None:
    """What is served has no reason for being left out; unknown numbers have none either."""
    plan = insert.solve(two_legs_two_couriers)
    with pytest.raises(ExplainError, match="leg 0 is served by courier 0"):
        explain(two_legs_two_couriers, plan, [0])
    with pytest.raises(ExplainError, match="there is no leg 2: the problem has 2"):
        explain(two_legs_two_couriers, plan, [2])
    with pytest.raises(ExplainError, match="there is no courier -1: the problem has 2"):
        why_not(two_legs_two_couriers, plan, 0, -1)


def test_plan_of_another_problem_is_refused(street: Street, two_legs_two_couriers: Problem) -> None:
    """Numbers out of range, and limits that have changed since."""
    plan = insert.solve(two_legs_two_couriers)
    small = street([0, 10], pickup_place=[0], option_place=[1], **ONE_COURIER)
    with pytest.raises(ExplainError, match="is no plan of this problem: "):
        explain(small, plan)
    shorter = replace(two_legs_two_couriers, leash=np.array([1, 1]))
    with pytest.raises(ExplainError, match="leash: exceeded"):
        why_not(shorter, plan, 0, 1)


def test_why_not_me_names_who_is_cheaper(two_legs_two_couriers: Problem) -> None:
    """Courier 0 serves both legs; were leg 0 courier 1's, each would make a tour."""
    plan = insert.solve(two_legs_two_couriers)
    told = why_not(two_legs_two_couriers, plan, 0, 1)
    assert (told.reason, told.courier, told.served_by) == (Reason.NOT_WORTH_IT, 1, 0)
    assert in_words(told) == f"courier 0 does it {told.slack} cheaper"
    tours = Tours(Schedule(two_legs_two_couriers))
    assert tours.adopt({0: [1, 3], 1: [0, 2]})
    assert told.slack == tours.cost - plan.cost


def test_why_not_me_where_i_could_not(two_legs_two_couriers: Problem) -> None:
    """A courier whose leash is too short hears how much, though another serves the leg."""
    problem = replace(two_legs_two_couriers, leash=np.array([150, 50]))
    plan = insert.solve(problem)
    told = why_not(problem, plan, 0, 1)
    assert (told.reason, told.served_by) == (Reason.LEASH, 0)
    assert told.fix is not None
    assert told.fix.kind is FixKind.LEASH
    with pytest.raises(ExplainError, match="leg 0 is served by courier 0"):
        why_not(problem, plan, 0, 0)


def test_why_not_me_where_it_is_promised(street: Street) -> None:
    """A leg that somebody has accepted is his."""
    problem = street(
        [0, 10],
        pickup_place=[0],
        option_place=[1],
        must_courier=[1],
        start_place=[0, 0],
        end_place=[0, 0],
    )
    told = why_not(problem, insert.solve(problem), 0, 0)
    assert (told.reason, told.served_by) == (Reason.FROZEN, 1)
    assert in_words(told) == "leg 0 is promised to courier 1"


def _drawn(seeds: range) -> Iterator[tuple[Problem, Plan]]:
    """Draw problems of every kind, half of them with plans that insertion made."""
    for seed in seeds:
        rng = np.random.default_rng(seed)
        parts = {part for part in (*SHARED, "arc_cost") if rng.random() < 0.4}
        legs, couriers, places = (int(rng.integers(1, top)) for top in (8, 5, 10))
        problem = drawn(rng, legs, couriers, places, parts)
        if problem is None:
            continue
        if rng.random() < 0.4:
            problem = replace(problem, unassigned_cost=problem.unassigned_cost + 20_000)
        schedule = Schedule(problem)
        tours = insert.build(schedule) if rng.random() < 0.5 else Tours(schedule)
        yield problem, tours.plan("drawn")


def _assert_all_tight(seeds: range) -> None:
    kinds: Counter[FixKind] = Counter()
    for problem, plan in _drawn(seeds):
        for told in explain(problem, plan):
            serves = one_serves(problem, plan, told.leg)
            assert serves == (told.reason is Reason.SEARCH_LIMIT), told
            assert told.slack >= 0
            assert in_words(told)
            for fix in (told.fix, *told.others):
                if fix is not None:
                    kinds[fix.kind] += 1
                    _assert_tight(problem, plan, fix)
    assert len(kinds) > len(FixKind) // 2


def test_fixes_are_tight() -> None:
    """Every fix serves its leg by one insertion, and one unit less of it does not."""
    _assert_all_tight(range(40))


@pytest.mark.slow
def test_fixes_are_tight_on_many() -> None:
    """As above, on enough problems that every kind of fix is met."""
    _assert_all_tight(range(40, 260))


@pytest.mark.slow
def test_fixes_are_tight_in_long_tours(scattered: Callable[[int, int, int], Problem]) -> None:
    """Where only the promising insertions are looked at, no other one does with less either."""
    problem = scattered(5, 200, 8)
    problem = replace(problem, most_parcels=problem.most_parcels + 20, leash=2 * problem.leash)
    plan = insert.solve(problem, passes=0)
    legs = [entry.leg for entry in plan.unassigned][:8]
    for told in explain(problem, plan, legs):
        for fix in (told.fix, *told.others):
            if fix is not None:
                _assert_tight(problem, plan, fix)


def test_why_not_agrees_with_every_insertion() -> None:
    """Somebody could serve a leg left out if, and only if, an insertion into his tours does."""
    for problem, plan in _drawn(range(300, 340)):
        for entry in plan.unassigned:
            for courier in range(problem.courier_count):
                told = why_not(problem, plan, entry.leg, courier)
                serves = one_serves(problem, plan, entry.leg, courier)
                assert serves == (told.reason is Reason.SEARCH_LIMIT), told
                if told.fix is not None:
                    fixed = applied(problem, told.fix)
                    assert one_serves(fixed, plan, entry.leg, courier), told


def test_where_nobody_is_nothing_helps(street: Street) -> None:
    """Without couriers there is nobody whom one more could be like."""
    problem = street([0, 1], pickup_place=[0], option_place=[1], start_place=[], end_place=[])
    _, [told] = _explained(problem)
    assert told == Explanation(0, Reason.NO_COURIER_IN_RANGE)
    assert in_words(told) == "nobody can be there in time"


def test_one_more_courier_has_what_the_leg_asks_for(street: Street) -> None:
    """Behind a gate that is shut to some, the one more has a permit, as the one like him has."""
    problem = street(
        [0, 10, 30],
        pickup_place=[1, 1],
        option_place=[2, 2],
        pickup_closes=[10, 10],
        start_place=[0, 0],
        end_place=[0, 0],
        most_parcels=[1, 1],
        place_gate=[-1, -1, 0],
        access=[0, 1],
        gate_entry=[[-1], [5]],
    )
    plan, [told] = _explained(problem)
    hired = next(fix for fix in told.others if fix.kind is FixKind.ANOTHER_COURIER)
    assert fix_in_words(hired) == (
        "one more courier like courier 1, with a permit for gate 0, works from tick 0 to tick 65"
    )
    _assert_tight(problem, plan, hired)
