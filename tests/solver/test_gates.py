"""Gates: entry is paid once a visit, in time and not in pay, and nobody passes without a permit."""

from collections.abc import Callable
from dataclasses import fields, replace
from typing import Any

import numpy as np
import pytest

from dispatch.solver import check, insert, routing
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour
from dispatch.solver.problem import NOT_LEFT, UNREACHABLE, Problem
from dispatch.solver.routing import alone
from dispatch.solver.schedule import Schedule
from dispatch.solver.ways import Ways

Street = Callable[..., Problem]
Engine = Callable[[Problem], Plan]

ENGINES: dict[str, Engine] = {
    "insert": insert.solve,
    "routing": lambda problem: routing.solve(problem, iterations=100),
    "OR-Tools alone": lambda problem: routing.solve(problem, solution_limit=10, alone=True),
}
both = pytest.mark.parametrize("engine", ENGINES.values(), ids=ENGINES.keys())


@pytest.fixture
def two_parcels_one_compound(street: Street) -> Problem:
    """Two parcels at 0 for the doors at 50 and 60, both behind gate 0; it takes 7 to get in."""
    return street(
        [0, 50, 60],
        pickup_place=[0, 0],
        option_place=[1, 2],
        start_place=[0],
        end_place=[0],
        place_gate=[-1, 0, 0],
        gate_entry=[[7]],
        cost_per_travel=[10],
        cost_per_away=[1],
    )


def _with(problem: Problem, **changes: Any) -> Problem:
    given = {field.name: getattr(problem, field.name) for field in fields(problem)}
    return Problem(**given | {name: np.array(value) for name, value in changes.items()})


@both
def test_entry_is_paid_once_for_two_parcels(
    two_parcels_one_compound: Problem, engine: Engine
) -> None:
    """Both doors on one visit: 120 of way and 7 at the gate; pay by travel knows only the way."""
    plan = engine(two_parcels_one_compound)
    assert check.violations(two_parcels_one_compound, plan) == []
    (tour,) = plan.tours
    assert tour.ends_at - tour.departs_at == 127
    assert plan.cost == 10 * 120 + 127


@both
def test_entry_is_paid_again_after_leaving(street: Street, engine: Engine) -> None:
    """Who must go out to fetch the second parcel signs in twice."""
    problem = street(
        [0, 50, 60],
        pickup_place=[0, 0],
        option_place=[1, 2],
        start_place=[0],
        end_place=[0],
        load=[[1], [1]],
        capacity=[[1]],
        place_gate=[-1, 0, 0],
        gate_entry=[[7]],
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    assert plan.tours[0].ends_at - plan.tours[0].departs_at == 220 + 2 * 7


@both
def test_a_parcel_inside_pays_no_gate_for_who_is_inside(street: Street, engine: Engine) -> None:
    """Pickup, drop-off and start behind one gate: it is never passed, so it may well be shut."""
    problem = street(
        [0, 5, 9],
        pickup_place=[1],
        option_place=[2],
        start_place=[0],
        end_place=[0],
        place_gate=[0, 0, 0],
        gate_entry=[[-1]],
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    assert plan.tours[0].ends_at - plan.tours[0].departs_at == 18


@both
def test_the_way_home_leads_through_a_gate_too(street: Street, engine: Engine) -> None:
    """Start and end are places like others: who lives behind a gate passes it on the way back."""
    problem = street(
        [0, 5, 9],
        pickup_place=[1],
        option_place=[2],
        start_place=[0],
        end_place=[0],
        place_gate=[0, -1, -1],
        gate_entry=[[4]],
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    assert plan.tours[0].ends_at - plan.tours[0].departs_at == 18 + 4


@both
def test_only_who_has_a_permit_gets_the_leg(street: Street, engine: Engine) -> None:
    """The forbidden courier stands at the pickup, the permitted one far away."""
    problem = street(
        [0, 10, 400],
        pickup_place=[0],
        option_place=[1],
        start_place=[0, 2],
        end_place=[0, 2],
        place_gate=[-1, 0, -1],
        access=[0, 1],
        gate_entry=[[-1], [0]],
        cost_per_travel=[1, 1],
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    assert [tour.courier for tour in plan.tours] == [1]
    nobody = _with(problem, access=[0, 0])
    left_out = engine(nobody)
    assert left_out.tours == ()
    assert [entry.leg for entry in left_out.unassigned] == [0]


@both
@pytest.mark.parametrize("seed", range(3))
def test_nobody_is_sent_where_he_may_not_go(
    scattered: Callable[[int, int, int], Problem], engine: Engine, seed: int
) -> None:
    """Twelve legs, four compounds, six couriers of three access classes: no stop is forbidden."""
    rng = np.random.default_rng(seed)
    plain = scattered(seed, 12, 6)
    entry = np.where(rng.random((3, 4)) < 0.4, -1, rng.integers(0, 90, (3, 4)))
    problem = _with(
        plain,
        place_gate=np.append(rng.integers(-1, 4, 24), [-1] * 6),
        access=rng.integers(0, 3, 6),
        gate_entry=entry,
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    visited = [
        entry[problem.access[tour.courier], gate]
        for tour in plan.tours
        for stop in tour.stops
        for gate in [problem.place_gate[_place(problem, stop)]]
        if gate >= 0
    ]
    assert visited
    assert min(visited) >= 0


def _place(problem: Problem, stop: PlannedStop) -> int:
    if stop.action is Action.PICKUP:
        return int(problem.pickup_place[stop.leg])
    return int(problem.option_place[stop.option])


@both
def test_a_free_start_has_passed_its_gate(street: Street, engine: Engine) -> None:
    """Who starts at the first stop pays no entry there, and no gate on an open end."""
    problem = street(
        [0, 10],
        pickup_place=[0],
        option_place=[1],
        start_place=[-1],
        end_place=[-1],
        place_gate=[0, 1],
        gate_entry=[[-1, 3]],
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    assert plan.tours[0].ends_at - plan.tours[0].departs_at == 13


@both
def test_a_commitment_behind_a_shut_gate_stays(street: Street, engine: Engine) -> None:
    """What a courier carries is never refused, and excuses no second forbidden gate."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 0],
        on_board=[0, -1],
        option_place=[1, 2],
        start_place=[0],
        end_place=[-1],
        left=[0],
        place_gate=[-1, 0, 1],
        gate_entry=[[-1, -1]],
    )
    plan = engine(problem)
    assert check.violations(problem, plan) == []
    assert [stop.leg for stop in plan.tours[0].stops] == [0]
    assert [entry.leg for entry in plan.unassigned] == [1]


def test_a_gate_is_added_where_it_is_passed(two_parcels_one_compound: Problem) -> None:
    """Once on the way in, never on the way out, to nowhere or from a free start."""
    ways = Ways(two_parcels_one_compound)
    all_places = np.arange(3)
    matrix = [[0, 57, 67], [50, 0, 10], [60, 10, 0]]
    assert ways.times(0, 0, all_places[:, None], all_places).tolist() == matrix
    assert ways.times(0, 0, -1, all_places).tolist() == [0, 0, 0]
    assert ways.times(0, 0, all_places, -1).tolist() == [0, 0, 0]
    schedule = Schedule(two_parcels_one_compound)
    assert [[schedule.way(0, tail, head) for head in range(3)] for tail in range(3)] == matrix
    assert [schedule.way(0, -1, head) for head in range(3)] == [0, 0, 0]
    assert [schedule.way(0, tail, -1) for tail in range(3)] == [0, 0, 0]


def test_where_no_place_is_gated_access_makes_no_difference(
    two_parcels_one_compound: Problem,
) -> None:
    """Whatever the class would pay at a gate, the way takes what the matrix says."""
    open_ground = _with(two_parcels_one_compound, place_gate=[-1, -1, -1])
    ways = Ways(open_ground)
    all_places = np.arange(3)
    times = ways.times(0, 0, all_places[:, None], all_places)
    assert times.tolist() == open_ground.travel[0].tolist()


def test_time_goes_by_mode_and_by_access(street: Street) -> None:
    """The quick mode signs in for 3, and a shut gate is as good as no way for both modes."""
    problem = street(
        [0, 10],
        travel=np.array([[[0, 10], [10, 0]], [[0, 5], [5, 0]]], np.int32),
        distance_m=np.zeros((2, 2, 2), np.int32),
        pickup_place=[0],
        option_place=[1],
        start_place=[0] * 4,
        end_place=[0] * 4,
        mode=[0, 1, 1, 0],
        place_gate=[-1, 0],
        access=[1, 0, 1, 1],
        gate_entry=[[3], [-1]],
    )
    ways, schedule = Ways(problem), Schedule(problem)
    pairs = zip(problem.mode.tolist(), problem.access.tolist(), strict=True)
    expected = [UNREACHABLE, 8, UNREACHABLE, UNREACHABLE]
    assert [int(ways.times(*pair, 0, 1)) for pair in pairs] == expected
    assert [schedule.way(courier, 0, 1) for courier in range(4)] == expected


def test_routing_models_the_commonest_classes_and_says_so(
    scattered: Callable[[int, int, int], Problem], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Room for one matrix: four couriers share it, the other two keep insertion's tours."""
    problem = _with(
        scattered(1, 12, 6),
        place_gate=[*(number % 3 for number in range(24)), *[-1] * 6],
        access=[0, 1, 1, 2, 1, 1],
        gate_entry=[[0, 9, 9], [30, 30, 30], [9, 0, 9]],
    )
    monkeypatch.setattr(alone, "CELLS", 36 * 36)
    warm = insert.solve(problem)
    plan = routing.solve(problem, solution_limit=10, warm=warm, alone=True)
    assert check.violations(problem, plan) == []
    assert plan.notes == ("2 couriers with gates of their own keep insertion's tours",)
    assert plan.cost <= warm.cost
    monkeypatch.setattr(alone, "CELLS", 3 * 36 * 36)
    assert routing.solve(problem, solution_limit=10, warm=warm, alone=True).notes == ()


# --- the oracle, against plans made by hand ----------------------------------------------


def _by_hand(entries: tuple[int, int], cost: int) -> Plan:
    """Give the tour of `two_parcels_one_compound`, so much time spent before each door."""
    first, second = entries
    at_first = 50 + first
    at_second = at_first + 10 + second
    stops = (
        PlannedStop(0, Action.PICKUP, -1, 0, 0, 0),
        PlannedStop(1, Action.PICKUP, -1, 0, 0, 0),
        PlannedStop(0, Action.DROPOFF, 0, at_first, at_first, at_first),
        PlannedStop(1, Action.DROPOFF, 1, at_second, at_second, at_second),
    )
    tour = PlannedTour(0, 0, at_second + 60, stops)
    return Plan(tours=(tour,), unassigned=(), cost=cost, engine="by hand")


GOOD = _by_hand((7, 0), 10 * 120 + 127)
BROKEN = {
    "gate forgotten": ("times", _by_hand((0, 0), 10 * 120 + 120)),
    "entry paid twice": ("times", _by_hand((7, 7), 10 * 120 + 134)),
    "entry paid for as travel": ("cost", replace(GOOD, cost=10 * 127 + 127)),
}


def test_oracle_accepts_a_plan_through_a_gate(two_parcels_one_compound: Problem) -> None:
    """The plan made by hand breaks nothing and costs what a pencil says."""
    assert check.violations(two_parcels_one_compound, GOOD) == []
    assert check.cost(two_parcels_one_compound, GOOD) == GOOD.cost


@pytest.mark.parametrize(("constraint", "plan"), BROKEN.values(), ids=BROKEN.keys())
def test_oracle_names_what_is_wrong_at_a_gate(
    two_parcels_one_compound: Problem, constraint: str, plan: Plan
) -> None:
    """Times and cost through a gate are recomputed, not believed."""
    found = check.violations(two_parcels_one_compound, plan)
    assert {violation.constraint for violation in found} == {constraint}


@pytest.mark.parametrize(
    ("changes", "constraint"),
    [
        ({"gate_entry": [[-1]]}, "permit"),
        ({"gate_entry": [[-1], [7]], "access": [0]}, "permit"),
        ({"leash": [126]}, "leash"),
        ({"option_closes": [56, 900]}, "window"),
        ({"off_duty": [126]}, "hours"),
    ],
)
def test_oracle_counts_the_gate_against_every_limit(
    two_parcels_one_compound: Problem, changes: dict[str, Any], constraint: str
) -> None:
    """One tick less than the gate needs is a violation, and so is a permit taken away."""
    problem = _with(two_parcels_one_compound, **changes)
    names = {violation.constraint for violation in check.violations(problem, GOOD)}
    assert constraint in names
    assert ("permit" in names) == (constraint == "permit")


def test_oracle_excuses_what_a_commitment_needs_and_no_more(
    two_parcels_one_compound: Problem,
) -> None:
    """An accepted leg behind a shut gate is no violation; a missing way has its own name."""
    shut = _with(two_parcels_one_compound, gate_entry=[[-1]], must_courier=[0, 0], left=[NOT_LEFT])
    assert check.violations(shut, insert.solve(shut)) == []
    cut = two_parcels_one_compound.travel.copy()
    cut[0, 0, 1:] = UNREACHABLE
    missing = _with(shut, travel=cut, must_courier=[-1, -1])
    names = {violation.constraint for violation in check.violations(missing, GOOD)}
    assert "reachability" in names
    assert "permit" not in names
