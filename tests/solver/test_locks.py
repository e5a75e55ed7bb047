"""Locks hold what they name, relax by themselves, and say at once what cannot be."""

from collections.abc import Callable, Sequence
from dataclasses import replace

import numpy as np
import pytest

from dispatch.solver import check
from dispatch.solver.arrays import FOREVER, UNREACHABLE, FrozenStops, Lists
from dispatch.solver.locks import (
    TOGETHER,
    Lock,
    LockedStop,
    LockError,
    LockLevel,
    locked,
    overfilled,
)
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve
from dispatch.solver.strains import Strain

PICKUP, DROPOFF = Action.PICKUP, Action.DROPOFF
COURIER, ORDER, FULL = LockLevel


def both(
    first: int, option: int, *, starts: Sequence[int] = (-FOREVER, -FOREVER)
) -> tuple[LockedStop, LockedStop]:
    """Give a leg's pickup and drop-off, one right after the other."""
    return (
        LockedStop(first, PICKUP, starts_at=starts[0]),
        LockedStop(first + 1, DROPOFF, option, starts[1]),
    )


def solved(problem: Problem) -> Plan:
    """Plan by search, and let the checker have its word."""
    plan = solve(
        problem, engine="search", seed=0, iterations=200, threads=1, progress=lambda: 0.0,
        solution_limit=1,
    )  # fmt: skip
    assert check.violations(problem, plan) == []
    return plan


def stops_of(plan: Plan, courier: int) -> list[tuple[int, Action]]:
    """Give the stops of a courier's tour."""
    return [
        (stop.leg, stop.action)
        for tour in plan.tours
        if tour.courier == courier
        for stop in tour.stops
    ]


def faults(problem: Problem, *locks: Lock) -> list[tuple[int, str]]:
    """Give what is wrong with locks."""
    with pytest.raises(LockError) as caught:
        locked(problem, locks)
    return list(caught.value.faults)


def reasons(problem: Problem, *locks: Lock) -> list[str]:
    """Give the reasons alone."""
    return [message.split(": ", 1)[1] for _, message in faults(problem, *locks)]


def test_no_lock_changes_nothing(two_legs_two_couriers: Problem) -> None:
    """Without locks, and with lapsed ones alone, it is the very same problem."""
    assert locked(two_legs_two_couriers, []).problem is two_legs_two_couriers
    lapsed = locked(two_legs_two_couriers, [Lock(0, 1, since=-60)], relax_after=60)
    assert (lapsed.problem, lapsed.levels) == (two_legs_two_couriers, (None,))


def test_the_courier_stays(two_legs_two_couriers: Problem) -> None:
    """Who is locked carries the leg though another would be cheaper."""
    result = locked(two_legs_two_couriers, [Lock(0, 1), Lock(1, 0)])
    plan = solved(result.problem)
    assert [{leg for leg, _ in stops_of(plan, courier)} for courier in (0, 1)] == [{1}, {0}]
    assert plan.cost > solved(two_legs_two_couriers).cost
    assert result.strains == ()


def test_the_order_stays(two_legs_two_couriers: Problem) -> None:
    """The locked stops begin the tour as they were given, however far around that is."""
    locks = [Lock(0, 0, ORDER, stops=both(2, 0)), Lock(1, 0, ORDER, stops=both(0, 1))]
    plan = solved(locked(two_legs_two_couriers, locks).problem)
    assert stops_of(plan, 0) == [(1, PICKUP), (1, DROPOFF), (0, PICKUP), (0, DROPOFF)]


def test_what_is_new_comes_after(two_legs_two_couriers: Problem) -> None:
    """A free leg is put behind the locked stops; a locked pickup leaves its drop-off free."""
    barred = replace(two_legs_two_couriers, barred=Lists.of([[1], [1]]))
    lock = Lock(1, 0, ORDER, stops=(LockedStop(7, PICKUP),))
    stops = stops_of(solved(locked(barred, [lock]).problem), 0)
    assert stops[0] == (1, PICKUP)
    assert len(stops) == 4


def test_in_full_nothing_starts_earlier(two_legs_two_couriers: Problem) -> None:
    """The stated starts bind from below, and only in full."""
    stops = both(0, 0, starts=(50, 90))
    for level, starts in ((ORDER, [10, 22]), (FULL, [78, 90])):
        result = locked(two_legs_two_couriers, [Lock(0, 0, level, stops=stops), Lock(1, 1)])
        tour = solved(result.problem).tours[0]
        assert [stop.starts_at for stop in tour.stops] == starts


@pytest.mark.parametrize(
    ("since", "level"),
    [(5, FULL), (0, FULL), (-99, FULL), (-100, ORDER), (-200, COURIER), (-300, None), (-900, None)],
)
def test_a_lock_loses_one_level_after_the_other(since: int, level: LockLevel | None) -> None:
    """Every 100 ticks one level; what was locked a moment ago, or will be, is locked in full."""
    assert Lock(0, 0, FULL, since).relaxed(100) is level
    if level is FULL:
        assert Lock(0, 0, COURIER, since).relaxed(100) is COURIER


def test_what_has_relaxed_is_told(two_legs_two_couriers: Problem) -> None:
    """The result says what each lock still means, in the order given."""
    locks = [Lock(0, 0, FULL, -150, both(0, 0)), Lock(1, 0, FULL, -250, both(2, 1))]
    result = locked(two_legs_two_couriers, locks, relax_after=100)
    assert result.levels == (ORDER, COURIER)
    assert result.problem.frozen.leg.tolist() == [0, 0]
    assert result.problem.must_courier.tolist() == [0, 0]
    with pytest.raises(ValueError, match="relax_after is 0"):
        locked(two_legs_two_couriers, locks, relax_after=0)


def test_locked_stops_follow_on_those_begun(two_legs_two_couriers: Problem) -> None:
    """A tour that has begun goes on: locks come after it, and repeat nothing of it."""
    begun = FrozenStops(*(np.array(column) for column in ([0, 1, 1], [0], [0], [-1], [5])))
    problem = replace(two_legs_two_couriers, frozen=begun)
    locks = [Lock(0, 0, ORDER, stops=both(3, 0)), Lock(1, 0, ORDER, stops=both(0, 1))]
    frozen = locked(problem, locks).problem.frozen
    assert list(zip(frozen.leg.tolist(), frozen.action.tolist(), strict=True)) == [
        (0, 0), (1, 0), (1, 1), (0, 1),
    ]  # fmt: skip
    assert frozen.not_before.tolist()[0] == 5
    assert frozen.indptr.tolist() == [0, 4, 4]


def test_all_infeasible_locks_are_told_at_once(two_legs_two_couriers: Problem) -> None:
    """One error names every lock by its number, in words."""
    locks = [Lock(9, 0), Lock(0, 7), Lock(1, 0), Lock(1, 1)]
    assert faults(two_legs_two_couriers, *locks) == [
        (0, "leg 9 cannot be locked to courier 0: there is no such leg"),
        (1, "leg 0 cannot be locked to courier 7: there is no such courier"),
        (2, "leg 1 cannot be locked to courier 0: courier 1 is locked to it too"),
        (3, "leg 1 cannot be locked to courier 1: courier 0 is locked to it too"),
    ]
    assert reasons(two_legs_two_couriers, Lock(0, 0), Lock(0, 0)) == ["it is locked twice"]


def test_what_others_have_is_theirs(street: Callable[..., Problem]) -> None:
    """On board, accepted, begun: each with its own words; one's own may be locked again."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 1, 1],
        option_place=[2, 2, 2],
        start_place=[0, 0],
        end_place=[0, 0],
        on_board=[1, -1, -1],
        must_courier=[-1, 1, -1],
        frozen=FrozenStops(*(np.array(column) for column in ([0, 0, 1], [2], [0], [-1], [0]))),
        barred=Lists.of([[1], [1], [1]]),
    )
    assert reasons(problem, *(Lock(leg, 0) for leg in range(3))) == [
        "it is on board of courier 1",
        "courier 1 has accepted it",
        "courier 1's tour begins with it",
    ]
    again = locked(problem, [Lock(leg, 1) for leg in range(3)])
    assert again.problem.must_courier.tolist() == [1, 1, 1]


def test_who_may_not_or_cannot(two_legs_two_couriers: Problem) -> None:
    """Barred, unskilled, before a shut gate, without a way, or several people at once."""
    base = two_legs_two_couriers
    cut = base.travel.copy()
    cut[0, 1, 2] = UNREACHABLE
    skilled = np.array([5, 0], np.uint64)
    gated = replace(
        base,
        place_gate=np.array([-1, -1, 0, -1, -1, -1]),
        gate_entry=np.array([[-1], [3]]),
        access=np.array([0, 1]),
    )
    for problem, reason in (
        (replace(base, barred=Lists.of([[0], []])), "the courier is barred from it"),
        (replace(base, leg_skills=skilled), "the courier lacks skills 0, 2"),
        (gated, "on the way to the drop-off gate 0 is shut to the courier"),
        (
            replace(base, travel=cut),
            "on the way to the drop-off there is no way from place 1 to place 2",
        ),
        (replace(base, count=np.array([3, 1])), "3 people stand behind that number"),
    ):
        assert reasons(problem, Lock(0, 0)) == [reason]
        assert locked(problem, [Lock(1, 1)]).levels == (COURIER,)
    assert locked(gated, [Lock(0, 1)]).strains == ()


def test_one_open_drop_off_is_enough(street: Callable[..., Problem]) -> None:
    """Behind one of two doors the gate is shut: the courier may be locked, that door not."""
    problem = street(
        [0, 10, 20, 30],
        pickup_place=[1],
        option_leg=[0, 0],
        option_place=[2, 3],
        start_place=[0],
        end_place=[0],
        place_gate=[-1, -1, 0, -1],
        gate_entry=[[-1]],
    )
    assert locked(problem, [Lock(0, 0, ORDER, stops=both(0, 1))]).strains == ()
    assert reasons(problem, Lock(0, 0, ORDER, stops=both(0, 0))) == [
        "on the way to the drop-off gate 0 is shut to the courier"
    ]


@pytest.mark.parametrize(
    ("stops", "reason"),
    [
        ((), "COURIER_AND_ORDER says nothing of its stops: list them"),
        (both(0, 0)[::-1][:1], "its drop-off has an order, but not its pickup"),
        (
            (LockedStop(1, PICKUP), LockedStop(0, DROPOFF, 0)),
            "its drop-off comes before its pickup",
        ),
        (both(0, 1), "option 1 is not one of its drop-offs"),
        (
            (LockedStop(3, PICKUP), LockedStop(3, DROPOFF, 0)),
            "two of its stops are at the same position",
        ),
        ((LockedStop(0, PICKUP), LockedStop(1, PICKUP)), "it has two pickups"),
        (both(-1, 0), "position -1 is before the first"),
    ],
)
def test_an_order_that_cannot_be(
    two_legs_two_couriers: Problem, stops: tuple[LockedStop, ...], reason: str
) -> None:
    """Stops out of order, missing or unknown; a lock of the courier alone does not look at them."""
    assert reasons(two_legs_two_couriers, Lock(0, 0, ORDER, stops=stops)) == [reason]
    assert locked(two_legs_two_couriers, [Lock(0, 0, COURIER, stops=stops)]).levels == (COURIER,)


def test_two_legs_at_one_position(two_legs_two_couriers: Problem) -> None:
    """Each of the two is told whose stop it meets; another courier's positions are its own."""
    locks = [Lock(0, 0, ORDER, stops=both(0, 0)), Lock(1, 0, ORDER, stops=both(1, 1))]
    assert reasons(two_legs_two_couriers, *locks) == [
        "stop 1 of courier 0 is leg 1's too",
        "stop 1 of courier 0 is leg 0's too",
    ]
    apart = [locks[0], Lock(1, 1, ORDER, stops=both(1, 1))]
    assert locked(two_legs_two_couriers, apart).levels == (ORDER, ORDER)


def test_limits_that_locks_break_are_told_not_refused(two_legs_two_couriers: Problem) -> None:
    """A lock is a promise: what it breaks by itself is said, by how much, and planned."""
    tight = replace(
        two_legs_two_couriers,
        leash=np.array([30, 150]),
        most_parcels=np.array([1, 2]),
        capacity=np.array([[2], [0]]),
        off_duty=np.array([80, 300]),
    )
    result = locked(tight, [Lock(0, 0), Lock(1, 0)])
    assert result.strains == (
        Strain("hours", 0, 10),
        Strain("leash", 0, 60),
        Strain("most_parcels", 0, 1),
    )
    assert str(result.strains[1]) == (
        "courier 0: the promises alone take 60 ticks more than the longest time away"
    )
    solved(result.problem)
    (strain,) = locked(tight, [Lock(1, 1)]).strains
    assert strain == Strain("capacity", 1, 1, dimension=0)


def test_a_window_that_a_lock_breaks(two_legs_two_couriers: Problem) -> None:
    """The leg is named, with the ticks; so is it where the stated start is too late."""
    closed = replace(
        two_legs_two_couriers, option_due=np.array([15, 100]), option_closes=np.array([15, 200])
    )
    assert locked(closed, [Lock(0, 0)]).strains == (Strain("window", 0, 7, leg=0),)
    stated = Lock(0, 0, FULL, stops=both(0, 0, starts=(0, 250)))
    assert locked(two_legs_two_couriers, [stated]).strains == (Strain("window", 0, 50, leg=0),)


def test_what_was_broken_before_is_not_the_locks_doing(two_legs_two_couriers: Problem) -> None:
    """A tour that was too long without the lock, and is no longer with it, is not told."""
    late = replace(two_legs_two_couriers, must_courier=np.array([0, -1]), leash=np.array([30, 150]))
    assert locked(late, [Lock(0, 0)]).strains == ()
    assert locked(late, [Lock(1, 0)]).strains == (Strain("leash", 0, 60),)


def test_a_locked_drop_off_takes_its_slot(two_legs_two_couriers: Problem) -> None:
    """The other leg does not get the last slot of the hub that a lock has named."""
    problem = replace(
        two_legs_two_couriers, option_hub=np.array([0, 0]), hub_slots_free=np.array([[1]])
    )
    result = locked(problem, [Lock(0, 0, ORDER, stops=both(0, 0))])
    assert result.problem.hub_slots_free.tolist() == [[0]]
    assert [entry.leg for entry in solved(result.problem).unassigned] == [1]


def test_a_hub_that_locks_overfill_is_told(two_legs_two_couriers: Problem) -> None:
    """Two legs are promised to one compartment: planned, and said; without locks one waits."""
    problem = replace(
        two_legs_two_couriers, option_hub=np.array([0, 0]), hub_slots_free=np.array([[1]])
    )
    result = locked(problem, [Lock(0, 0), Lock(1, 0)])
    [told] = overfilled(problem, solved(result.problem))
    assert told == "hub 0: the promises fill 1 more of size class 0 than are free"
    assert not list(overfilled(problem, solved(problem)))


def test_locks_that_cannot_be_together(street: Callable[..., Problem]) -> None:
    """A leg that follows on a relay needs the leg before it to be locked to that relay."""
    problem = street(
        [0, 10, 20],
        pickup_place=[0, 1],
        option_place=[1, 2],
        start_place=[0, 1],
        end_place=[0, 1],
        after_leg=[-1, 0],
        option_hub=[0, -1],
        hub_slots_free=[[4]],
    )
    ((number, message),) = faults(problem, Lock(1, 1))
    assert number == TOGETHER
    assert "the leg before it need not be dropped at the hub" in message
    assert locked(problem, [Lock(0, 0), Lock(1, 1)]).strains == ()
