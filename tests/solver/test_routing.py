"""OR-Tools commits what the search proposes, refuses what its model forbids, and repeats itself.

By itself (`alone`) it finds the optimum where all plans can be listed, and stops when told.
"""

import gc
import threading
import weakref
from collections.abc import Callable, Iterator
from dataclasses import replace
from functools import partial
from itertools import permutations, product
from typing import ClassVar, NoReturn

import pytest
from hypothesis import HealthCheck, given, settings

from dispatch.solver import check, insert, routing, search
from dispatch.solver.limiter import CHUNK, STEPS_PER_SOLUTION
from dispatch.solver.plan import Action, Plan, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.routing import alone as by_itself
from dispatch.solver.routing import groups, inside
from dispatch.solver.routing.model import Model, Stops
from dispatch.solver.routing.nodes import Nodes, Promised
from dispatch.solver.schedule import Schedule
from dispatch.solver.solve import solve
from dispatch.solver.tours import Tours
from tests.solver.kept import KEPT
from tests.solver.strategies import problems

Street = Callable[..., Problem]
Scattered = Callable[[int, int, int], Problem]

_alone = partial(routing.solve, alone=True)
_QUICK = settings(
    max_examples=40, deadline=None, derandomize=True, suppress_health_check=list(HealthCheck)
)


def _all_tours(schedule: Schedule, courier: int, legs: tuple[int, ...]) -> Iterator[int]:
    """Cost of every feasible order of the legs' stops."""
    limits = schedule.limits
    stops = [*legs, *(schedule.leg_count + leg for leg in legs)]
    for order in permutations(stops):
        paired = all(order.index(leg) < order.index(schedule.leg_count + leg) for leg in legs)
        measures = schedule.measure(courier, order, limits) if paired else None
        if measures is not None:
            yield measures.cost


def _optimum(problem: Problem) -> int:
    """Try every courier (or nobody) for every leg, and every order of every tour."""
    schedule = Schedule(problem)
    legs, couriers = problem.leg_count, problem.courier_count
    best = {}
    for courier in range(couriers):
        for taken in product((False, True), repeat=legs):
            chosen = tuple(leg for leg in range(legs) if taken[leg])
            best[courier, chosen] = min(_all_tours(schedule, courier, chosen), default=2**60)
    return min(
        sum(
            best[courier, tuple(leg for leg in range(legs) if who[leg] == courier)]
            for courier in range(couriers)
        )
        + sum(schedule.unassigned_cost[leg] for leg in range(legs) if who[leg] < 0)
        for who in product(range(-1, couriers), repeat=legs)
    )


@pytest.mark.parametrize("seed", range(4))
def test_small_problems_are_solved_to_the_optimum(scattered: Scattered, seed: int) -> None:
    """Three legs and two couriers: no plan that anybody could list is cheaper."""
    problem = scattered(seed, 3, 2)
    assert _alone(problem, solution_limit=40).cost == _optimum(problem)


def test_search_improves_on_insertion(scattered: Scattered) -> None:
    """With room to improve, OR-Tools does; it never returns anything dearer than its start."""
    problem = scattered(7, 20, 8)
    start = insert.solve(problem)
    costs = [_alone(problem, solution_limit=limit).cost for limit in (1, 10, 40)]
    assert start.cost >= costs[0] >= costs[1] >= costs[2]
    assert start.cost > costs[2]


def test_same_seed_and_limit_give_the_same_plan(scattered: Scattered) -> None:
    """Everything in the plan repeats, to the last tick."""
    problem = scattered(3, 15, 6)
    first, second = (_alone(problem, seed=5, solution_limit=30) for _ in range(2))
    assert first == second
    assert (first.seed, first.solution_limit, first.engine) == (5, 30, "routing")


def test_solutions_limit_the_search(scattered: Scattered) -> None:
    """The plan says that its solutions ran out."""
    assert _alone(scattered(7, 20, 8), solution_limit=2).stopped_by is (StoppedBy.SOLUTION_LIMIT)


def test_steps_limit_the_search(scattered: Scattered) -> None:
    """Where there are fewer solutions than allowed, the search ends all the same."""
    plan = _alone(scattered(0, 1, 1), solution_limit=20)
    assert plan.stopped_by is StoppedBy.STEP_LIMIT


def test_progress_stops_the_search_and_repeats_it(scattered: Scattered) -> None:
    """At 1 the search ends; its recorded values, played back, give the same plan."""
    problem = scattered(7, 20, 8)
    values = iter([0.0, 0.2, 0.4, 0.6, 0.8])
    plan = _alone(problem, solution_limit=10_000, progress=lambda: next(values, 1.0))
    assert plan.stopped_by is StoppedBy.PROGRESS
    assert plan.progress == (0.0, 0.2, 0.4, 0.6, 0.8, 1.0)
    again = iter(plan.progress)
    assert plan == _alone(problem, solution_limit=10_000, progress=lambda: next(again))


def test_no_time_at_all_gives_insertion(scattered: Scattered) -> None:
    """With `progress` at 1 from the start the plan is the warm start."""
    problem = scattered(7, 20, 8)
    plan = _alone(problem, progress=lambda: 1.0)
    assert (plan.tours, plan.stopped_by) == (insert.solve(problem).tours, StoppedBy.PROGRESS)


def test_progress_is_asked_between_solutions(scattered: Scattered) -> None:
    """A search that finds nothing new still asks, once in every chunk of steps."""
    plan = _alone(scattered(0, 1, 1), solution_limit=20, progress=lambda: 0.0)
    assert len(plan.progress) >= 20 * STEPS_PER_SOLUTION // CHUNK


def test_warm_start_is_kept(scattered: Scattered) -> None:
    """A given plan of the same problem is a start that the answer is never dearer than."""
    problem = scattered(7, 20, 8)
    good = _alone(problem, solution_limit=60)
    assert _alone(problem, solution_limit=1, warm=good).cost <= good.cost


def test_cheaper_option_is_taken(street: Street) -> None:
    """With several drop-off options the tour goes where way and option cost least together."""
    for near_cost, option in ((0, 0), (1000, 1)):
        problem = street(
            [0, 10, 20],
            pickup_place=[0],
            option_leg=[0, 0],
            option_place=[1, 2],
            option_cost=[near_cost, 0],
            start_place=[0],
            end_place=[0],
            cost_per_travel=[10],
        )
        plan = _alone(problem, solution_limit=5)
        assert check.violations(problem, plan) == []
        assert [stop.option for stop in plan.tours[0].stops] == [-1, option]


def test_class_of_couriers_makes_several_tours(street: Street) -> None:
    """A class of two with room for one parcel each serves two legs in two tours."""
    problem = street(
        [0, 10],
        pickup_place=[0, 0],
        option_place=[1, 1],
        start_place=[0],
        end_place=[0],
        most_parcels=[1],
        count=[2],
    )
    plan = _alone(problem, solution_limit=5)
    assert check.violations(problem, plan) == []
    assert [tour.courier for tour in plan.tours] == [0, 0]


def test_late_commitment_keeps_its_place(street: Street) -> None:
    """A courier who is late already gets new work only behind what he carries."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, 0],
        on_board=[0, -1],
        option_place=[2, 1],
        start_place=[0],
        end_place=[-1],
        option_closes=[4, 900],
        cost_per_travel=[10],
    )
    for plan in (insert.solve(problem), _alone(problem, solution_limit=5)):
        assert check.violations(problem, plan) == []
        assert plan.tours[0].stops[-1].leg in {0, 1}
        assert sum(stop.action is Action.DROPOFF for stop in plan.tours[0].stops) == 2


def test_nobody_on_duty_leaves_everything_out(street: Street) -> None:
    """A problem without couriers has a plan, too."""
    problem = street([0, 1], pickup_place=[0], option_place=[1], start_place=[], end_place=[])
    for plan in (insert.solve(problem), _alone(problem), routing.solve(problem)):
        assert [entry.leg for entry in plan.unassigned] == [0]
        assert check.violations(problem, plan) == []


def test_no_legs_are_planned_at_once(street: Street) -> None:
    """Neither are problems without legs, nor those without couriers, a reason to search."""
    nothing: dict[str, list[int]] = {"pickup_place": [], "option_place": []}
    empty = street([0, 1], **nothing, start_place=[0], end_place=[0])
    away = street([0, 1], **nothing, start_place=[1], end_place=[0], left=[-5])
    for problem, tours in ((empty, 0), (away, 1)):
        for plan in (_alone(problem), routing.solve(problem, progress=lambda: 0.0)):
            assert check.violations(problem, plan) == []
            assert (len(plan.tours), plan.iterations, plan.notes) == (tours, 0, ())


# --- with the search inside --------------------------------------------------------------------


class Watched(inside.Proposal):
    """A proposal that remembers every solution that OR-Tools stood on."""

    made: ClassVar[list["Watched"]] = []

    def __init__(self, model: Model, propose: Callable[[], Stops]) -> None:
        super().__init__(model, propose)
        self.model = model
        self.stood_on: list[list[int]] = []
        self.made.append(self)

    def look(self) -> None:
        """Remember where OR-Tools stands."""
        super().look()
        self.stood_on.append([variable.Value() for variable in self.model.variables()])


@pytest.fixture
def proposals(monkeypatch: pytest.MonkeyPatch) -> list[Watched]:
    """All proposals made to OR-Tools from now on."""
    made: list[Watched] = []
    monkeypatch.setattr(Watched, "made", made)
    monkeypatch.setattr(inside, "Proposal", Watched)
    return made


def test_search_runs_as_an_operator_and_its_plan_is_committed(
    scattered: Scattered, proposals: list[Watched], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OR-Tools asks the search for a neighbour, and stands on its plan right afterwards."""
    found: list[Stops] = []
    best = search.Search.best

    def kept(self: search.Search) -> list[list[int]]:
        found.append(dict(enumerate(best(self))))
        return best(self)

    monkeypatch.setattr(search.Search, "best", kept)
    problem = scattered(7, 20, 8)
    plan = routing.solve(problem, iterations=300)
    (proposal,) = proposals
    before, after = proposal.stood_on[0], proposal.stood_on
    assert before == proposal.model.values({}), "it begins with nothing, as nothing is promised"
    assert proposal.model.values(found[0]) in after
    assert proposal.is_committed
    assert (plan.engine, plan.notes, plan.iterations) == ("routing", (), 300)
    assert check.violations(problem, plan) == []


def _committed(problem: Problem, tours: Stops) -> bool:
    promised = Promised(Schedule(problem))
    nodes = Nodes(promised, promised.open_vehicles())
    return inside.commit(nodes, lambda: tours).is_committed


NOT_HELD = {"after_leg", "hub_full", "post"}
"""What the oracle says to plans that break what the model does not hold."""


@pytest.mark.parametrize("name", KEPT)
def test_model_holds_what_its_docstring_says(name: str) -> None:
    """OR-Tools commits the best plan and refuses the one that would do without the field."""
    kept = KEPT[name]
    tours = Tours(Schedule(kept.problem))
    good, mutant = tours.found_in(kept.good), tours.found_in(kept.mutant)
    assert _committed(kept.problem, good)
    if mutant != good and kept.broken not in {"cost", "count"}:
        assert _committed(kept.problem, mutant) == (kept.broken in NOT_HELD)


@pytest.mark.parametrize("name", KEPT)
@pytest.mark.parametrize("engine", [routing.solve, _alone], ids=["with search", "alone"])
def test_each_field_is_honoured(name: str, engine: Callable[..., Plan]) -> None:
    """With the search and without, the best plan is found where one field binds."""
    kept = KEPT[name]
    plan = engine(kept.problem, iterations=100, solution_limit=20)
    assert check.violations(kept.problem, plan) == []
    assert (plan.cost, plan.notes) == (kept.cost, ())


@_QUICK
@given(problems())
def test_proposals_are_committed_in_every_corner(problem: Problem) -> None:
    """Whatever the constraints, OR-Tools takes the search's plan, in one model or in groups."""
    alike = search.search(problem, iterations=60, seed=1)
    for group_legs in (routing.GROUP_LEGS, 3):
        plan = routing.solve(problem, iterations=60, seed=1, group_legs=group_legs)
        assert check.violations(problem, plan) == []
        assert not any("refused" in note for note in plan.notes)
        assert plan.cost <= alike.cost
        how = ("iterations", "threads", "chunks", "stopped_by", "seed")
        assert [getattr(plan, name) for name in how] == [getattr(alike, name) for name in how]


@_QUICK
@given(problems())
def test_alone_it_is_sound_in_every_corner(problem: Problem) -> None:
    """What its model does not hold is looked at afterwards; its start is never refused."""
    plan = _alone(problem, solution_limit=5)
    assert check.violations(problem, plan) == []
    assert plan.cost <= insert.solve(problem).cost
    assert plan.notes == ()


@pytest.mark.parametrize("group_legs", [250, 8])
@pytest.mark.parametrize("threads", [1, 2])
def test_same_seed_and_iterations_give_the_same_plan(
    scattered: Scattered, threads: int, group_legs: int
) -> None:
    """Everything in the plan repeats, to the last tick, however busy the processor is."""
    problem = scattered(3, 24, 8)
    solved = partial(routing.solve, seed=5, iterations=600, threads=threads, group_legs=group_legs)
    idle = solved(problem)
    stop = threading.Event()
    busy = threading.Thread(target=_burn, args=(stop,))
    busy.start()
    try:
        loaded = solved(problem)
    finally:
        stop.set()
        busy.join()
    assert idle == loaded
    assert (idle.seed, idle.threads, idle.stopped_by) == (5, threads, StoppedBy.ITERATION_LIMIT)


def _burn(stop: threading.Event) -> None:
    while not stop.is_set():
        sum(range(1000))


def test_values_of_progress_repeat_a_timed_plan(scattered: Scattered) -> None:
    """The plan keeps what `progress` gave, not what its share was made to be."""
    problem = scattered(7, 20, 8)
    values = (min(1.0, 0.03 * step) for step in range(1000))
    plan = routing.solve(problem, seed=2, progress=lambda: next(values))
    assert plan.stopped_by is StoppedBy.PROGRESS
    assert routing.SHARE <= plan.progress[-1] < 1
    again = iter(plan.progress)
    assert plan == routing.solve(problem, seed=2, progress=lambda: next(again))


def test_routes_are_committed_in_groups(scattered: Scattered, proposals: list[Watched]) -> None:
    """With more legs than a model may have, each group of routes has one, and is committed."""
    problem = scattered(1, 24, 8)
    plan = routing.solve(problem, iterations=100 * routing.ITERATIONS_PER_NODE, group_legs=8)
    assert check.violations(problem, plan) == []
    assert len(proposals) >= 3
    assert all(proposal.is_committed for proposal in proposals)
    sizes = [len(proposal.model.nodes.legs) for proposal in proposals]
    assert max(sizes) <= 8
    assert sum(sizes) == problem.leg_count - len(plan.unassigned)
    assert plan.notes == ()


def test_short_searches_commit_fewer_groups_and_say_so(scattered: Scattered) -> None:
    """Groups are as many as the search was long enough for, counted in nodes."""
    plan = routing.solve(scattered(1, 60, 20), iterations=50, group_legs=16)
    (note,) = plan.notes
    assert note.endswith(
        "legs were not committed through OR-Tools: the search had too few steps for all"
    )


def test_groups_that_did_not_change_are_not_committed_again(
    scattered: Scattered, proposals: list[Watched]
) -> None:
    """A warm start that stands as it was has gone through OR-Tools before."""
    problem = scattered(1, 24, 8)
    good = routing.solve(problem, iterations=3000, group_legs=8)
    proposals.clear()
    plan = routing.solve(problem, iterations=1, warm=good, group_legs=8)
    assert (plan.tours, proposals) == (good.tours, [])


def test_groups_hold_every_route_once(scattered: Scattered) -> None:
    """Routes stay whole; a group has no more legs than it may, unless one route has."""
    schedule = Schedule(scattered(2, 40, 16))
    tours = insert.build(schedule).stops
    busy = {vehicle: stops for vehicle, stops in enumerate(tours) if stops}
    found = groups.groups_of(Promised(schedule), busy, most_legs=10, most_nodes=1000)
    assert sorted(vehicle for group in found for vehicle in group) == sorted(busy)
    legs = [sum(len(busy[vehicle]) // 2 for vehicle in group) for group in found]
    assert max(legs) <= 10
    for limits in ((1, 1000), (1000, 1)):
        most = dict(zip(("most_legs", "most_nodes"), limits, strict=True))
        single = groups.groups_of(Promised(schedule), busy, **most)
        assert single == [[vehicle] for vehicle in busy]


def test_what_ortools_finds_is_taken_where_it_is_cheaper(scattered: Scattered) -> None:
    """After a search of one step there is much to find: the plan is cheaper than the search's."""
    problem = scattered(7, 20, 8)
    plan = routing.solve(problem, iterations=1, seed=1)
    assert plan.cost < search.search(problem, iterations=1, seed=1).cost
    assert check.violations(problem, plan) == []


def test_what_ortools_finds_is_left_where_it_breaks_a_rule(
    scattered: Scattered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Stops that OR-Tools' model would let pass do not reach the plan if our rules say no."""
    problem = scattered(7, 20, 8)

    def wild(nodes: Nodes, propose: Callable[[], Stops], **_: object) -> inside.Outcome:
        tours = {vehicle: list(stops) for vehicle, stops in propose().items()}
        longest = max(tours, key=lambda vehicle: len(tours[vehicle]))
        other = next(vehicle for vehicle in tours if vehicle != longest)
        moved = [*tours[other], *tours[longest]]
        wrong = tours | {longest: [], other: moved}
        return inside.Outcome(is_committed=True, stops=wrong)

    monkeypatch.setattr(routing, "commit", wild)
    plan = routing.solve(problem, iterations=300, seed=1)
    assert plan.tours == search.search(problem, iterations=300, seed=1).tours


def test_refused_proposals_are_told(scattered: Scattered, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where OR-Tools does not take the search's plan, that plan stands, with a note."""
    monkeypatch.setattr(Nodes, "times", _slower)
    problem = scattered(7, 20, 8)
    plan = routing.solve(problem, iterations=300, seed=1)
    alike = search.search(problem, iterations=300, seed=1)
    assert (plan.tours, plan.cost, plan.engine) == (alike.tours, alike.cost, "routing")
    assert plan.notes == ("OR-Tools refused 1 of 1 parts of the search's plan",)


_times = Nodes.times


def _slower(nodes: Nodes, number: int) -> object:
    return 20 * _times(nodes, number)


def test_errors_come_out_of_the_search(scattered: Scattered) -> None:
    """What `progress` or `watch` raises inside OR-Tools' search is raised by `solve`."""
    problem = scattered(7, 20, 8)

    def stop(*_: int) -> NoReturn:
        raise KeyError("stopped")

    with pytest.raises(KeyError, match="stopped"):
        routing.solve(problem, iterations=300, progress=stop)
    with pytest.raises(KeyError, match="stopped"):
        routing.solve(problem, iterations=300, watch=stop)


def test_watch_and_warm_start_reach_the_search(scattered: Scattered) -> None:
    """The best cost is told as it falls, from the warm start's on; the plan is never dearer."""
    problem = scattered(7, 20, 8)
    warm = routing.solve(problem, iterations=2000, seed=1)
    told: list[tuple[int, int]] = []
    plan = solve(
        problem,
        iterations=200,
        threads=2,
        warm=warm,
        watch=lambda cost, steps: told.append((cost, steps)),
    )
    assert all(cost <= warm.cost for cost, _ in told)
    assert told[-1][1] == plan.iterations == 400
    assert (plan.threads, plan.cost <= warm.cost) == (2, True)


def test_fewer_tours_come_first_where_asked(street: Street) -> None:
    """`reduce_fleet` reaches the search: one tour where two would be as good."""
    problem = street(
        [0, 10, 20],
        pickup_place=[-1, -1],
        option_place=[1, 2],
        start_place=[0, 0],
        end_place=[0, 0],
        fixed_cost=[10**6, 10**6],
        cost_per_travel=[1, 1],
    )
    plan = routing.solve(problem, iterations=200, reduce_fleet=True)
    assert len(plan.tours) == 1


def test_without_numba_ortools_plans_alone_and_says_what_that_costs(
    scattered: Scattered, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same plan as `alone` gives, which says nothing of it."""
    problem = scattered(7, 20, 8)
    alone = _alone(problem, solution_limit=10)
    assert alone.notes == ()
    monkeypatch.setattr(search, "AVAILABLE", False)
    plan = routing.solve(problem, iterations=1000, solution_limit=10)
    assert plan == replace(alone, notes=(routing.MISSING,))
    assert "a quarter more" in routing.MISSING
    assert plan.iterations == 0


@pytest.mark.parametrize("engine", [routing.solve, _alone], ids=["with search", "alone"])
def test_models_are_freed(
    scattered: Scattered, engine: Callable[..., Plan], monkeypatch: pytest.MonkeyPatch
) -> None:
    """OR-Tools keeps its callbacks, and they do not keep the model: a service would fill up."""
    made: list[weakref.ref[Model]] = []

    def remembered(nodes: Nodes, seed: int) -> Model:
        model = Model(nodes, seed)
        made.append(weakref.ref(model))
        return model

    monkeypatch.setattr(inside, "Model", remembered)
    monkeypatch.setattr(by_itself, "Model", remembered)
    engine(scattered(7, 20, 8), iterations=20, solution_limit=2)
    gc.collect()
    assert [model() for model in made] == [None]
