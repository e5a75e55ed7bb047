"""The oracle accepts a good plan and rejects one broken plan for each constraint, by name."""

import re
from collections.abc import Callable, Sequence
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check
from dispatch.solver.arrays import FrozenStops, Lists, PostSteps
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import UNREACHABLE, Problem
from tests.solver import exhaustive
from tests.solver.exhaustive import Visit, plan_of
from tests.solver.kept import KEPT, Kept

Street = Callable[..., Problem]


def _stop(leg: int, action: Action, option: int, arrives: int, service: int) -> PlannedStop:
    return PlannedStop(leg, action, option, arrives, arrives, arrives + service)


def _tour(*legs: int) -> PlannedTour:
    """Courier 0 of `two_legs_two_couriers` serves the legs one after the other, timed by hand."""
    clock, at, stops = 0, 0, []
    for leg in legs:
        for action, option, place, service in (
            (Action.PICKUP, -1, 10 + 20 * leg, 2),
            (Action.DROPOFF, leg, 20 + 20 * leg, 3),
        ):
            stops.append(_stop(leg, action, option, clock + abs(place - at), service))
            clock, at = stops[-1].leaves_at, place
    return PlannedTour(0, 0, clock + at, tuple(stops))


GOOD = Plan(
    tours=(_tour(0),),
    unassigned=(Unassigned(1, Reason.NOT_WORTH_IT),),
    cost=10_000 + 100 + 40 * 11 + 45 + 7,
    engine="by hand",
)
BOTH = Plan(tours=(_tour(0, 1),), unassigned=(), cost=100 + 80 * 11 + 90 + 14, engine="by hand")


def _with(problem: Problem, **changes: Any) -> Problem:
    given = {field.name: getattr(problem, field.name) for field in fields(problem)}
    return Problem(**given | changes)


def _in_order(plan: Plan, *positions: int) -> Plan:
    """Put the stops of the plan's only tour into another order, times left as they are."""
    tour = plan.tours[0]
    stops = tuple(tour.stops[position] for position in positions)
    return replace(plan, tours=(replace(tour, stops=stops),))


def _names(problem: Problem, plan: Plan) -> set[str]:
    return {violation.constraint for violation in check.violations(problem, plan)}


@pytest.mark.parametrize("plan", [GOOD, BOTH], ids=["one leg", "both legs"])
def test_good_plan_is_accepted(two_legs_two_couriers: Problem, plan: Plan) -> None:
    """Plans made by hand break nothing and cost what a pencil says."""
    assert check.violations(two_legs_two_couriers, plan) == []
    assert check.cost(two_legs_two_couriers, plan) == plan.cost


_CUT = np.array([[[0 if a == b else abs(a - b) * 10 for b in range(6)] for a in range(6)]])
_CUT[0, 2, 3] = UNREACHABLE
TIGHTENED: dict[str, dict[str, Any]] = {
    "window": {"option_closes": np.array([200, 46])},
    "hours": {"off_duty": np.array([89, 300])},
    "leash": {"leash": np.array([89, 150])},
    "capacity": {"capacity": np.array([[0], [2]])},
    "most_parcels": {"most_parcels": np.array([1, 2])},
    "skills": {
        "leg_skills": np.array([0, 6], np.uint64),
        "courier_skills": np.array([2, 6], np.uint64),
    },
    "barred": {"barred": Lists.of([[], [0]])},
    "must_courier": {"must_courier": np.array([-1, 1])},
    "reachability": {"travel": _CUT.astype(np.int32)},
    "permit": {
        "place_gate": np.array([-1, -1, -1, -1, 0, -1]),
        "gate_entry": np.array([[-1]]),
    },
    "missing_tour": {"left": np.array([1, 0])},
    "committed": {"must_courier": np.array([-1, 0])},
    "cost": {"unassigned_cost": np.array([10_000, 9_999])},
}


@pytest.mark.parametrize("constraint", TIGHTENED)
def test_limit_that_plan_breaks_is_named(two_legs_two_couriers: Problem, constraint: str) -> None:
    """The same plan is rejected, by name, once the problem allows less than it needs."""
    plan = GOOD if constraint in {"committed", "cost"} else BOTH
    names = _names(_with(two_legs_two_couriers, **TIGHTENED[constraint]), plan)
    # Where a way is missing there are no honest times either.
    assert names - {"times", "hours", "leash", "window"} == {constraint} or names == {constraint}


_HOME = PlannedTour(0, 0, 0, ())
_TOUR = BOTH.tours[0]
BROKEN: dict[str, tuple[str, Plan]] = {
    "leg served twice": ("served_once", replace(BOTH, unassigned=GOOD.unassigned)),
    "leg forgotten": ("served_once", replace(GOOD, unassigned=())),
    "drop-off before pickup": ("pairing", _in_order(BOTH, 1, 0, 2, 3)),
    "never dropped": ("pairing", _in_order(BOTH, 0, 1, 2)),
    "dropped by another": (
        "pairing",
        replace(
            BOTH,
            tours=(
                replace(_TOUR, stops=_TOUR.stops[:3]),
                replace(_TOUR, courier=1, stops=_TOUR.stops[3:]),
            ),
        ),
    ),
    "another leg's option": (
        "option",
        replace(
            GOOD,
            tours=(replace(_tour(0), stops=(_TOUR.stops[0], replace(_TOUR.stops[1], option=1))),),
        ),
    ),
    "one person, two tours": (
        "count",
        replace(BOTH, tours=(_tour(0), _tour(1))),
    ),
    "a tour for nothing": (
        "empty_tour",
        replace(GOOD, tours=(*GOOD.tours, replace(_HOME, courier=1))),
    ),
    "wrong departure": ("times", replace(BOTH, tours=(replace(_TOUR, departs_at=1),))),
    "wrong end": ("times", replace(BOTH, tours=(replace(_TOUR, ends_at=91),))),
    "service too early": (
        "times",
        replace(
            BOTH,
            tours=(replace(_TOUR, stops=(replace(_TOUR.stops[0], starts_at=9), *_TOUR.stops[1:])),),
        ),
    ),
    "wrong cost": ("cost", replace(BOTH, cost=BOTH.cost + 1)),
    "no such leg": ("index", replace(GOOD, unassigned=(Unassigned(2, Reason.WINDOW),))),
    "no such courier": ("index", replace(GOOD, tours=(replace(_TOUR, courier=2),))),
    "no such option": (
        "index",
        replace(GOOD, tours=(replace(_TOUR, stops=(replace(_TOUR.stops[1], option=2),)),)),
    ),
    "pickup with an option": (
        "index",
        replace(GOOD, tours=(replace(_TOUR, stops=(replace(_TOUR.stops[0], option=0),)),)),
    ),
}


@pytest.mark.parametrize(("constraint", "plan"), BROKEN.values(), ids=BROKEN.keys())
def test_broken_plan_is_named(two_legs_two_couriers: Problem, constraint: str, plan: Plan) -> None:
    """Each broken plan is rejected by the name of what it breaks."""
    assert constraint in _names(two_legs_two_couriers, plan)


def test_load_on_board_stays_with_its_courier(street: Street) -> None:
    """A leg that is on board of one courier cannot be dropped by another."""
    problem = street(
        [0, 5],
        pickup_place=[-1],
        on_board=[1],
        option_place=[1],
        start_place=[0, 0],
        end_place=[-1] * 2,
    )
    stop = _stop(0, Action.DROPOFF, 0, 5, 0)
    for courier, broken in ((0, {"on_board"}), (1, set())):
        plan = Plan(tours=(PlannedTour(courier, 0, 5, (stop,)),), unassigned=(), cost=0, engine="")
        assert _names(problem, plan) == broken


def test_lateness_in_commitments_is_no_violation(street: Street) -> None:
    """What a courier carries may be late by itself; what the plan adds to that is rejected."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 2],
        on_board=[0, -1],
        option_place=[1, 2],
        start_place=[0],
        end_place=[-1],
        option_closes=[4, 900],
        left=[0],
    )
    carried = _stop(0, Action.DROPOFF, 0, 10, 0)
    after = (_stop(1, Action.PICKUP, -1, 20, 0), _stop(1, Action.DROPOFF, 1, 20, 0))
    plan = Plan(tours=(PlannedTour(0, 0, 20, (carried, *after)),), unassigned=(), cost=0, engine="")
    assert check.violations(problem, plan) == []
    before = (*after, _stop(0, Action.DROPOFF, 0, 30, 0))
    worse = replace(plan, tours=(PlannedTour(0, 0, 30, before),))
    assert [str(v.constraint) for v in check.violations(problem, worse)] == ["window"]


def _orders(plan: Plan) -> list[tuple[int, list[Visit]]]:
    return [
        (tour.courier, [(stop.leg, stop.action, stop.option) for stop in tour.stops])
        for tour in plan.tours
    ]


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT.keys())
def test_field_binds(kept: Kept) -> None:
    """In each kept problem the good plan holds, and the mutant is told by one name alone."""
    assert check.violations(kept.problem, kept.good) == []
    assert kept.good.cost == check.cost(kept.problem, kept.good) == kept.cost
    assert _names(kept.problem, kept.mutant) == {kept.broken}


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT.keys())
def test_field_is_what_breaks_the_mutant(kept: Kept) -> None:
    """Where the field does not bind, the mutant's stops do not break that constraint."""
    if kept.unbound is None:
        assert kept.field == "option_leg"
        return
    assert kept.broken not in _names(kept.unbound, plan_of(kept.unbound, _orders(kept.mutant)))


@pytest.mark.parametrize("kept", KEPT.values(), ids=KEPT.keys())
def test_good_plan_is_the_best(kept: Kept) -> None:
    """No plan of a kept problem is cheaper than the good one, whichever way all are tried."""
    assert exhaustive.best_cost(kept.problem) == kept.cost
    whole = exhaustive.best_whole(kept.problem)
    assert whole is not None
    assert whole.cost == kept.cost


def test_every_field_is_kept() -> None:
    """Each field of the schema has its small problem."""
    assert {kept.field for kept in KEPT.values()} == {field.name for field in fields(Problem)}


def test_every_constraint_has_a_mutant() -> None:
    """Each name that the oracle says it uses is the name of a rejected mutant."""
    promised = re.findall(r'"(\w+)"', (check.violations.__doc__ or "").split("Parameters")[0])
    tried = {kept.broken for kept in KEPT.values()} | TIGHTENED.keys()
    assert set(promised) == tried | {constraint for constraint, _ in BROKEN.values()}


def _pick(*legs: int) -> list[Visit]:
    return [(leg, Action.PICKUP, -1) for leg in legs]


def _drop(*legs: int) -> list[Visit]:
    """Drop legs, each at the option of its own number."""
    return [(leg, Action.DROPOFF, leg) for leg in legs]


def _frozen(indptr: Sequence[int], *stops: tuple[int, int, int, int]) -> FrozenStops:
    columns = np.array(stops, np.int64).reshape(-1, 4).T
    return FrozenStops(np.array(indptr), *columns)


@pytest.fixture
def two_relays(street: Street) -> Problem:
    """Legs 1 and 3 come after 0 and 2, which end at the hubs at 20 and 30."""
    return street(
        [0, 10, 20, 30, 40],
        pickup_place=[1, 2, 4, 3],
        option_place=[2, 1, 3, 4],
        after_leg=[-1, 0, -1, 2],
        option_hub=[0, -1, 1, -1],
        hub_slots_free=[[1], [1]],
        start_place=[0, 4],
        end_place=[0, 4],
    )


def test_tours_may_wait_for_each_other(two_relays: Problem) -> None:
    """Two couriers who each bring what the other takes on: the later start is the true one."""
    plan = plan_of(
        two_relays,
        [
            (0, [*_pick(0), *_drop(0), *_pick(3), *_drop(3)]),
            (1, [*_pick(2), *_drop(2), *_pick(1), *_drop(1)]),
        ],
    )
    assert check.violations(two_relays, plan) == []
    assert [stop.starts_at for tour in plan.tours for stop in tour.stops] == [
        *(10, 20, 30, 40),
        *(0, 10, 20, 30),
    ]


def test_tours_cannot_wait_in_a_circle(two_relays: Problem) -> None:
    """Two couriers who each want first what the other brings last never start."""
    circle = plan_of(
        two_relays,
        [
            (0, [*_pick(3), *_drop(3), *_pick(0), *_drop(0)]),
            (1, [*_pick(1), *_drop(1), *_pick(2), *_drop(2)]),
        ],
    )
    assert _names(two_relays, circle) == {"after_leg"}
    alone = plan_of(two_relays, [(0, [*_pick(1, 0), *_drop(0, 1)])])
    assert _names(two_relays, alone) == {"after_leg"}


def test_leg_does_not_exist_without_the_leg_before(two_relays: Problem) -> None:
    """Of a pair left out, only the first half costs something."""
    nothing = plan_of(two_relays, [])
    assert check.violations(two_relays, nothing) == []
    assert nothing.cost == 2 * 10**12
    half = plan_of(two_relays, [(0, [*_pick(0), *_drop(0)])])
    assert half.cost == 2 * 10**12, "leg 1 exists now, and is left out"


def test_hand_over_is_not_delayed(two_relays: Problem) -> None:
    """A drop-off that a served leg comes after starts as early as it can; else it may wait."""
    due = _with(two_relays, pickup_opens=np.array([0, 0, 0, 90]))
    first = [*_pick(0), *_drop(0)]
    others = (1, [*_pick(2), *_drop(2)])
    later = plan_of(due, [(0, [*first, *_pick(3), *_drop(3)]), others])
    assert later.tours[0].stops[1].starts_at == 80, "nobody waits for leg 0"
    with_pair = plan_of(
        due, [(0, [*first, *_pick(3), *_drop(3)]), (1, [*others[1], *_pick(1), *_drop(1)])]
    )
    assert with_pair.tours[0].stops[1].starts_at == 20


def test_commitments_are_excused(street: Street) -> None:
    """Whatever limit commitments break by themselves, the plan may break by as much."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 1, 1],
        on_board=[0, -1, -1],
        must_courier=[-1, 0, -1],
        option_place=[1, 2, 2],
        start_place=[0],
        end_place=[0],
        load=[[1], [1], [1]],
        capacity=[[1]],
        off_duty=[39],
        leash=[39],
        most_parcels=[1],
        option_closes=[9, 19, 99],
        pickups_first=[True],
        barred=Lists.of([[0], [0], []]),
        leg_skills=[1, 1, 0],
    )
    promised = [*_drop(0), *_pick(1), *_drop(1)]
    assert check.violations(problem, plan_of(problem, [(0, promised)])) == []
    more = plan_of(problem, [(0, [*_drop(0), *_pick(1, 2), *_drop(1, 2)])])
    assert _names(problem, more) == {"most_parcels", "pickups_first", "capacity"}


def test_frozen_beginning_is_excused(street: Street) -> None:
    """Frozen stops may carry a load home too early; others must not stand after it."""
    problem = street(
        [0, 10],
        pickup_place=[1, 1],
        option_place=[-1, 0],
        start_place=[0, 0],
        end_place=[0, 0],
        frozen=_frozen([0, 3, 3], (0, 0, -1, 0), (0, 1, 0, 0), (1, 0, -1, 0)),
        leg_skills=[1, 0],
        barred=Lists.of([[0], []]),
    )
    begun = [*_pick(0), *_drop(0), *_pick(1)]
    good = plan_of(problem, [(0, [*begun, *_drop(1)])])
    assert check.violations(problem, good) == []
    assert _names(problem, plan_of(problem, [])) == {"committed", "missing_tour"}
    elsewhere = plan_of(problem, [(0, [*_pick(0), *_drop(0)]), (1, [*_pick(1), *_drop(1)])])
    assert _names(problem, elsewhere) == {"frozen"}


def test_committed_legs_fill_no_hub(street: Street) -> None:
    """A slot is taken only by legs that were free to go elsewhere."""
    problem = street(
        [0, 10],
        pickup_place=[0, 0],
        option_place=[1, 1],
        must_courier=[0, -1],
        start_place=[0],
        end_place=[0],
        option_hub=[0, 0],
        hub_slots_free=[[1]],
    )
    both = plan_of(problem, [(0, [*_pick(0, 1), *_drop(0, 1)])])
    assert check.violations(problem, both) == []
    full = _with(problem, hub_slots_free=np.array([[0]]))
    assert _names(full, both) == {"hub_full"}


def test_post_may_be_left_for_promises(street: Street) -> None:
    """Who is away for what he promised is no violation; who goes too is one, and only then."""
    problem = street(
        [0, 10, 20],
        pickup_place=[1, 1],
        option_place=[2, 2],
        must_courier=[0, -1],
        pickup_opens=[0, 100],
        start_place=[0, 0],
        end_place=[0, 0],
        post=[0, 0],
        post_steps=PostSteps(*(np.array(part) for part in ([0, 2], [0, 131], [0, 1]))),
    )
    first = (0, [*_pick(0), *_drop(0)])
    assert check.violations(problem, plan_of(problem, [first])) == []
    second = (1, [*_pick(1), *_drop(1)])
    assert _names(problem, plan_of(problem, [first, second])) == {"post"}
    later = _with(problem, pickup_opens=np.array([0, 141]))
    assert check.violations(later, plan_of(later, [first, second])) == []
    # Who has left for ever counts, and does not come back for others.
    gone = _with(later, left=np.array([0, 1]), on_duty=np.array([200, 0]))
    assert check.violations(gone, plan_of(gone, [first])) == []
    assert _names(gone, plan_of(gone, [first, second])) == {"post"}


def test_lateness_by_waiting_is_excused(street: Street) -> None:
    """A promise that waits for another tour is as late as that tour makes it."""
    problem = street(
        [0, 10, 20],
        pickup_place=[0, 1],
        option_place=[1, 2],
        after_leg=[-1, 0],
        after_gap=[0, 50],
        must_courier=[0, 1],
        option_hub=[0, -1],
        hub_slots_free=[[0]],
        option_closes=[99, 40],
        start_place=[0, 1],
        end_place=[-1, -1],
    )
    tours = [(0, [*_pick(0), *_drop(0)]), (1, [*_pick(1), *_drop(1)])]
    plan = plan_of(problem, tours)
    assert plan.tours[1].stops[-1].starts_at == 70
    assert check.violations(problem, plan) == []
    free = _with(problem, must_courier=np.array([0, -1]))
    assert _names(free, plan) == {"window"}
