"""The oracle accepts a good plan and rejects one broken plan for each constraint, by name."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check
from dispatch.solver.arrays import Lists
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import UNREACHABLE, Problem

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
