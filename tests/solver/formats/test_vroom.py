"""VROOM's JSON: what becomes of it, what is refused by name, and its answers."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from dispatch.solver import check
from dispatch.solver.arrays import NO_LIMIT, UNREACHABLE, ProblemError
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.formats.vroom import answer
from dispatch.solver.formats.vroom.model import Model
from dispatch.solver.formats.vroom.reader import read
from dispatch.solver.plan import Plan

Value = dict[str, Any]
Task = tuple[Any, int]


def _street(points: list[int]) -> list[list[int]]:
    return [[abs(a - b) for b in points] for a in points]


@pytest.fixture
def value() -> Value:
    """Two jobs, one of which picks up, a shipment and two vehicles alike on a street."""
    return {
        "vehicles": [
            {
                "id": 7,
                "start_index": 0,
                "end_index": 0,
                "capacity": [4],
                "skills": [3, 9],
                "time_window": [100, 1000],
                "description": "van",
            },
            {
                "id": 8,
                "start_index": 0,
                "end_index": 0,
                "capacity": [4],
                "skills": [9, 3],
                "time_window": [100, 1000],
            },
        ],
        "jobs": [
            {
                "id": 1,
                "location_index": 1,
                "service": 5,
                "delivery": [2],
                "skills": [9],
                "time_windows": [[0, 50], [200, 300]],
                "location": [2.1, 48.5],
            },
            {"id": 2, "location_index": 2, "service": 6, "pickup": [1], "priority": 10},
        ],
        "shipments": [
            {
                "amount": [2],
                "pickup": {"id": 1, "location_index": 3, "service": 7},
                "delivery": {"id": 2, "location_index": 1, "time_windows": [[0, 900]]},
            }
        ],
        "matrices": {"car": {"durations": _street([0, 10, 20, 30])}},
    }


Read = Callable[[Value], Model]


@pytest.fixture
def model_of() -> Read:
    return lambda value: Model(read(json.dumps(value)))


TASKS: list[Task] = [("job", 1), ("job", 2), ("pickup", 1), ("delivery", 2)]


def test_jobs_and_shipments_become_legs(value: Value, model_of: Read) -> None:
    """A job is loaded at the start, one that picks up is carried to the end; a window an option."""
    problem = model_of(value).problem
    assert problem.pickup_place.tolist() == [-1, 2, 3]
    assert problem.option_leg.tolist() == [0, 0, 1, 2]
    assert problem.option_place.tolist() == [1, 1, -1, 1]
    assert problem.option_closes.tolist()[:2] == [50, 300]
    assert problem.pickup_service.tolist() == [0, 6, 7]
    assert problem.option_service.tolist() == [5, 5, 0, 0]
    assert problem.load.tolist() == [[2], [1], [2]]
    assert problem.count.tolist() == [2]
    assert (int(problem.on_duty[0]), int(problem.off_duty[0])) == (100, 1000)
    assert problem.leg_skills.tolist() == [1, 0, 0]
    assert problem.courier_skills.tolist() == [1]
    assert problem.cost_per_travel.tolist() == [1]
    assert problem.fixed_cost.tolist() == [0]


def test_priorities_come_before_the_number_of_tasks_and_that_before_cost(
    value: Value, model_of: Read
) -> None:
    """Priority 10 of one task outweighs everything else; a shipment is two tasks."""
    model = model_of(value)
    job, urgent, shipment = model.problem.unassigned_cost.tolist()
    assert shipment == 2 * job
    assert urgent > 10 * (job + shipment)
    # Places 1, 2, 3 and 1 left by their longest ways, the depot twice, and one more.
    assert job == 20 + 20 + 30 + 20 + 2 * 30 + 1


def test_our_own_prices_are_used_as_they_are(value: Value, model_of: Read) -> None:
    """In VROOM's unit of cost; what has none is dearer than all that have one."""
    del value["jobs"][1]["priority"]
    value["jobs"][0]["unassigned_cost"] = 50
    value["jobs"][1]["unassigned_cost"] = 70
    problem = model_of(value).problem
    assert problem.unassigned_cost.tolist()[:2] == [50, 70]
    assert int(problem.unassigned_cost[2]) == 151 + 120


def test_costs_are_whole_in_one_unit(value: Value, model_of: Read) -> None:
    """7 an hour and 11 a kilometre: 35 a second and 198 a metre, 18,000 being 1."""
    for vehicle in value["vehicles"]:
        vehicle["costs"] = {"fixed": 3, "per_hour": 7, "per_km": 11, "per_task_hour": 13}
    value["matrices"]["car"]["distances"] = _street([0, 100, 200, 300])
    model = model_of(value)
    problem = model.problem
    assert model.unit == 18_000
    assert problem.cost_per_travel.tolist() == [35]
    assert problem.cost_per_m.tolist() == [198]
    assert problem.fixed_cost.tolist() == [54_000]
    assert problem.option_cost.tolist() == [325, 325, 390, 455]
    plan = model.plan([(0, TASKS)])
    exact = 3 + 7 * 60 / 3600 + 11 * 600 / 1000 + 13 * 18 / 3600
    assert plan.cost / model.unit == pytest.approx(exact)
    assert answer.write(model, plan)["summary"]["cost"] == 3 + 13 * 18 // 3600 + round(
        7 * 60 / 3600 + 11 * 600 / 1000
    )
    assert answer.write(model, plan)["summary"]["distance"] == 600


def test_costs_of_a_profile_replace_those_of_time(value: Value, model_of: Read) -> None:
    """A profile without costs of its own keeps its vehicles' rates, on the same problem."""
    value["matrices"]["bike"] = {"durations": _street([0, 20, 40, 60])}
    value["matrices"]["car"]["costs"] = _street([0, 1000, 2000, 3000])
    value["vehicles"][1]["profile"] = "bike"
    value["vehicles"][1]["costs"] = {"per_hour": 7200}
    problem = model_of(value).problem
    assert problem.arc_cost is not None
    assert problem.arc_cost[:, 0, 1].tolist() == [1000, 40]
    assert problem.travel[:, 0, 1].tolist() == [10, 20]
    assert problem.mode.tolist() == [0, 1]


def test_timestamps_are_moved_and_moved_back(value: Value, model_of: Read) -> None:
    """Seconds since 1970 do not fit into ticks; the answer has them all the same."""
    plain = answer.write(model_of(value), model_of(value).plan([(0, TASKS)]))
    shift = 1_750_000_000
    for vehicle in value["vehicles"]:
        vehicle["time_window"] = [end + shift for end in vehicle["time_window"]]
    value["jobs"][0]["time_windows"] = [[shift, shift + 50], [shift + 200, shift + 300]]
    value["shipments"][0]["delivery"]["time_windows"] = [[0, shift + 900]]
    model = model_of(value)
    moved = answer.write(model, model.plan([(0, TASKS)]))
    for before, after in zip(plain["routes"][0]["steps"], moved["routes"][0]["steps"], strict=True):
        assert after["arrival"] == before["arrival"] + shift


def test_an_answer_is_vrooms_own(value: Value, model_of: Read) -> None:
    """By hand: wait for the second window, collect, fetch, bring back, home."""
    model = model_of(value)
    plan = model.plan([(0, TASKS)])
    assert check.violations(model.problem, plan) == []
    written = answer.write(model, plan, solving_ms=9)
    (route,) = written["routes"]
    assert written["code"] == 0
    assert written["unassigned"] == []
    assert route["vehicle"] == 7
    assert route["description"] == "van"
    assert [step["type"] for step in route["steps"]] == [
        "start",
        "job",
        "job",
        "pickup",
        "delivery",
        "end",
    ]
    assert [step.get("id") for step in route["steps"]] == [None, 1, 2, 1, 2, None]
    assert [step["load"] for step in route["steps"]] == [[2], [0], [1], [3], [1], [1]]
    assert [step["duration"] for step in route["steps"]] == [0, 10, 20, 30, 50, 60]
    assert [step["waiting_time"] for step in route["steps"]] == [0] * 6
    assert route["steps"][1]["location"] == [2.1, 48.5]
    start, end = route["steps"][0]["arrival"], route["steps"][-1]["arrival"]
    assert end - start == route["duration"] + route["service"] + route["waiting_time"]
    summary = written["summary"]
    assert summary["computing_times"] == {"loading": 0, "solving": 9}
    assert {key: summary[key] for key in ("cost", "routes", "unassigned", "service")} == {
        "cost": 60,
        "routes": 1,
        "unassigned": 0,
        "service": 18,
    }
    assert (summary["delivery"], summary["pickup"], summary["priority"]) == ([4], [3], 10)


def test_what_is_left_out_is_listed_by_task(value: Value, model_of: Read) -> None:
    """Both ends of a shipment, and counts of zero routes."""
    model = model_of(value)
    written = answer.write(model, model.plan([]))
    assert [(task["type"], task["id"]) for task in written["unassigned"]] == TASKS
    assert written["summary"]["unassigned"] == 4
    assert written["summary"]["cost"] == 0
    assert written["routes"] == []


def test_an_answer_is_read_back_and_judged(value: Value, model_of: Read) -> None:
    """Its own answer breaks nothing; another cost, order, vehicle or task is told."""
    model = model_of(value)
    written = answer.write(model, model.plan([(0, TASKS)]))
    assert answer.broken(model, answer.read(json.dumps(written))) == []

    def broken(change: Callable[[Value], object]) -> str:
        changed: Value = json.loads(json.dumps(written))
        change(changed)
        return "\n".join(answer.broken(model, answer.read(json.dumps(changed))))

    assert "cost: says 5, is 60" in broken(lambda its: its["summary"].update(cost=5))
    assert "delivery 2: pairing" in broken(lambda its: its["routes"][0]["steps"].pop(3))
    assert "vehicle 9: is not in the file" in broken(lambda its: its["routes"][0].update(vehicle=9))
    assert "job 5: is not in the file" in broken(
        lambda its: its["routes"][0]["steps"][1].update(id=5)
    )
    assert "vehicle 7: has 2 routes" in broken(lambda its: its["routes"].append(its["routes"][0]))
    late = json.loads(json.dumps(written))
    late["routes"][0]["steps"].insert(5, late["routes"][0]["steps"].pop(1))
    assert answer.broken(model, answer.read(json.dumps(late))) != []
    with pytest.raises(FormatError, match=r"routes\[0\].steps\[0\].type: 'break' is not"):
        answer.read('{"routes": [{"vehicle": 1, "steps": [{"type": "break", "id": 1}]}]}')


def test_steps_are_a_plan_to_begin_with(value: Value, model_of: Read) -> None:
    """A valid route is one; an invalid one is refused, as by VROOM."""
    value["vehicles"][1]["steps"] = [
        {"type": "start"},
        {"type": "job", "id": 1},
        {"type": "pickup", "id": 1},
        {"type": "delivery", "id": 2},
        {"type": "end"},
    ]
    warm = model_of(value).warm()
    assert isinstance(warm, Plan)
    assert [stop.leg for stop in warm.tours[0].stops] == [0, 2, 2]
    assert [entry.leg for entry in warm.unassigned] == [1]
    value["vehicles"][1]["steps"].pop(2)
    with pytest.raises(FormatError, match=r"vehicles\.steps: leg 2: pairing"):
        model_of(value).warm()
    value["vehicles"][1]["steps"] = []
    assert model_of(value).warm() is None


def test_limits_of_tasks(value: Value, model_of: Read) -> None:
    """Where all are jobs one is a drop-off; a limit that nothing reaches is none."""
    for vehicle in value["vehicles"]:
        vehicle["max_tasks"] = 4
    assert model_of(value).problem.most_parcels.tolist() == [NO_LIMIT]
    value["vehicles"][0]["max_tasks"] = 3
    with pytest.raises(FormatError, match=r"vehicles\[0\].max_tasks: is not supported where jobs"):
        model_of(value)
    shipments = value.pop("shipments")
    value["vehicles"][0]["max_tasks"] = 1
    assert model_of(value).problem.most_parcels.tolist() == [1, NO_LIMIT]
    value |= {"jobs": [], "shipments": shipments}
    assert model_of(value).problem.most_parcels.tolist() == [0, NO_LIMIT]


def test_free_starts_and_open_ends(value: Value, model_of: Read) -> None:
    """A vehicle needs only one of the two; without them a route has no way to or from there."""
    del value["vehicles"][0]["start_index"]
    del value["vehicles"][1]["end_index"]
    model = model_of(value)
    assert model.problem.start_place.tolist() == [-1, 0]
    assert model.problem.end_place.tolist() == [0, -1]
    routes: Any = [(0, [("job", 1)]), (1, [("job", 2), ("pickup", 1), ("delivery", 2)])]
    plan = model.plan(routes)
    assert check.violations(model.problem, plan) == []
    written = answer.write(model, plan)
    kinds = [[step["type"] for step in route["steps"]] for route in written["routes"]]
    assert kinds == [["start", "job", "end"], ["start", "job", "pickup", "delivery", "end"]]
    assert written["routes"][0]["steps"][0]["location_index"] == 1
    assert written["routes"][1]["steps"][-1]["location_index"] == 1
    assert [route["duration"] for route in written["routes"]] == [10, 50]


def test_nothing_to_do_and_nobody_to_do_it(value: Value, model_of: Read) -> None:
    """Zero tasks, zero vehicles and both are problems."""
    for missing in (("jobs", "shipments"), ("vehicles",), ("jobs", "shipments", "vehicles")):
        smaller = {key: [] if key in missing else its for key, its in value.items()}
        problem = model_of(smaller).problem
        assert problem.leg_count == (3 if missing == ("vehicles",) else 0)
        assert problem.courier_count == (0 if "vehicles" in missing else 1)


def test_what_nobody_can_travel_is_no_way(value: Value, model_of: Read) -> None:
    """Large durations stand for none, one way or both."""
    value["matrices"]["car"]["durations"][0][3] = 2**31
    problem = model_of(value).problem
    assert int(problem.travel[0, 0, 3]) == UNREACHABLE
    assert int(problem.travel[0, 3, 0]) == 30


@pytest.mark.parametrize(
    ("path", "new", "fault"),
    [
        (("colour",), 1, "colour: unknown key"),
        (("jobs", 0, "colour"), 1, "jobs[0].colour: unknown key"),
        (("jobs", 0, "amount"), [1], "jobs[0].amount: is not supported"),
        (("jobs", 0, "setup"), 4, "jobs[0].setup: is not supported"),
        (("jobs", 0, "service_per_type"), {"a": 1}, "jobs[0].service_per_type: is not supported"),
        (("jobs", 0, "service"), -1, "jobs[0].service: -1 is less than 0"),
        (("jobs", 0, "service"), 2**40, "jobs[0].service: 1099511627776 is more than"),
        (("jobs", 0, "service"), float("nan"), "jobs[0].service: NaN is not a whole number"),
        (("jobs", 0, "service"), "5", 'jobs[0].service: expected a whole number, found "5"'),
        (("jobs", 0, "pickup"), [1], "jobs[0].pickup: is not supported beside a delivery"),
        (("jobs", 0, "id"), 2, "jobs[1].id: 2 is that of jobs[0] already"),
        (("jobs", 0, "id"), None, "jobs[0].id: is missing"),
        (("jobs", 0, "location_index"), None, "jobs[0].location_index: is missing"),
        (("jobs", 0, "location_index"), 4, "jobs[0].location_index: 4 is more than 3"),
        (("jobs", 0, "location"), [1], "jobs[0].location: 1 numbers, expected [lon, lat]"),
        (("jobs", 0, "delivery"), [1, 2], "jobs[0]: amount of 2 numbers, elsewhere there are 1"),
        (("jobs", 0, "time_windows"), [[0, 9], [5, 20]], "jobs[0].time_windows: number 1 begins"),
        (("jobs", 0, "time_windows"), [[9, 0]], "jobs[0].time_windows[0]: ends before it starts"),
        (("jobs", 0, "time_windows"), [[9]], "jobs[0].time_windows[0]: 1 numbers"),
        (("jobs", 1, "time_windows"), [[0, 9], [15, 20]], "jobs[1].time_windows: several are not"),
        (("jobs", 1, "priority"), 101, "jobs[1].priority: 101 is more than 100"),
        (("jobs", 0, "unassigned_cost"), 5, "jobs[1].priority: is not supported beside any"),
        (("shipments", 0, "delivery"), None, "shipments[0].delivery: is missing"),
        (("shipments", 0, "pickup", "priority"), 1, "shipments[0].pickup.priority: unknown key"),
        (
            ("shipments", 0, "pickup", "time_windows"),
            [[0, 9], [15, 20]],
            "shipments[0].pickup.time_windows: several are not",
        ),
        (("vehicles", 0, "breaks"), [{"id": 1}], "vehicles[0].breaks: is not supported"),
        (("vehicles", 0, "speed_factor"), 1.5, "vehicles[0].speed_factor: is not supported"),
        (("vehicles", 0, "max_travel_time"), 9, "vehicles[0].max_travel_time: is not supported"),
        (("vehicles", 0, "max_distance"), 9, "vehicles[0].max_distance: is not supported"),
        (("vehicles", 0, "time_window"), [9, 1], "vehicles[0].time_window: ends before it starts"),
        (("vehicles", 0, "capacity"), None, "vehicles[0].capacity: is missing"),
        (("vehicles", 0, "capacity"), [1, 2], "vehicles[1].path"),
        (("vehicles", 0, "profile"), "bike", "matrices.bike: is missing, vehicles[0] needs it"),
        (("vehicles", 0, "costs"), {"per_mile": 1}, "vehicles[0].costs.per_mile: unknown key"),
        (("vehicles", 0, "costs"), {"per_km": 1}, "matrices.car.distances: is missing"),
        (
            ("vehicles", 1, "costs"),
            {"per_task_hour": 1},
            "vehicles[1].costs.per_task_hour: is not supported where it differs",
        ),
        (("vehicles", 1, "id"), 7, "vehicles[1].id: 7 is that of vehicles[0] already"),
        (
            ("vehicles", 0, "steps"),
            [{"type": "job", "id": 1, "service_at": 5}],
            "vehicles[0].steps[0].service_at: is not supported",
        ),
        (("vehicles", 0, "steps"), [{"type": "break"}], "vehicles[0].steps[0].type: 'break' is"),
        (("vehicles", 0, "steps"), [{"type": "job", "id": 5}], "vehicles[0].steps: there is no"),
        (("vehicles", 0, "start"), [1.0, 2.0], None),
        (("matrices",), None, "matrices: is missing"),
        (("matrices", "car", "durations", 1), [0, 1], "matrices.car.durations[1]: 2 numbers"),
        (("matrices", "car", "durations", 1, 2), -4, "matrices.car.durations[1][2]: -4 is less"),
        (("matrices", "car", "durations", 1, 2), 2**40, "matrices.car.durations[1][2]: 1099"),
        (("matrices", "car", "durations"), None, "matrices.car.durations: is missing"),
        (("matrices", "car", "distances"), [[0]], "matrices.car.distances: 1 rows, durations"),
        (("matrices", "bike"), {"durations": [[0]]}, "matrices: bike has 1 rows, car has 4"),
        (("matrix",), [[0]], "matrix: stands beside matrices"),
        (("vehicles",), None, "vehicles: is missing"),
    ],
)
def test_what_cannot_be_honoured_is_refused_by_name(
    value: Value, path: tuple[Any, ...], new: object, fault: str | None
) -> None:
    """Never ignored: each by its field."""
    at: Any = value
    for key in path[:-1]:
        at = at[key]
    at[path[-1]] = new
    if path == ("vehicles", 0, "capacity") and new == [1, 2]:
        fault = "vehicles[1]: capacity of 1 numbers, elsewhere there are 2"
    if fault is None:
        assert read(json.dumps(value)).vehicles[0].start is not None
        return
    with pytest.raises(FormatError) as error:
        read(json.dumps(value))
    assert any(told.startswith(fault) for told in error.value.faults), error.value.faults


def test_coordinates_alone_name_what_is_missing() -> None:
    """No routing engine is asked."""
    value = {
        "vehicles": [{"id": 1, "start": [2.3, 48.7]}],
        "jobs": [{"id": 1, "location": [2.3, 48.8]}],
    }
    with pytest.raises(FormatError, match="matrices: is missing: ways between coordinates"):
        read(json.dumps(value))
    value["matrices"] = {"car": {"durations": [[0]]}}  # type: ignore[assignment]
    with pytest.raises(FormatError) as error:
        read(json.dumps(value))
    assert error.value.faults == (
        "jobs[0].location_index: is missing: the row in the matrices",
        "vehicles[0].start_index: is missing: the row in the matrices",
        "vehicles[0]: has neither start_index nor end_index",
    )


def test_what_cannot_be_told_apart_is_refused(value: Value, model_of: Read) -> None:
    """Priorities on huge costs, windows centuries apart, more skills than bits."""
    dear: Value = json.loads(json.dumps(value))
    for vehicle in dear["vehicles"]:
        vehicle["costs"] = {"fixed": 2**32 - 1}
    dear["jobs"][1]["priority"] = 100
    dear["jobs"] += [{"id": 9 + n, "location_index": 1} for n in range(2500)]
    with pytest.raises(FormatError, match="priority: so many tasks"):
        model_of(dear)
    far: Value = json.loads(json.dumps(value))
    far["vehicles"][0]["time_window"] = [2**31, 2**31 + 5]
    with pytest.raises(FormatError, match=r"vehicles\[0\]: a window begins at 2147483648"):
        model_of(far)
    skilled: Value = json.loads(json.dumps(value))
    skilled["jobs"][0]["skills"] = list(range(65))
    with pytest.raises(FormatError, match="skills: 65 different ones, at most 64"):
        model_of(skilled)


def test_prices_that_overflow_are_refused(value: Value, model_of: Read) -> None:
    """The problem itself refuses sums beyond 64 bits, and no number wraps."""
    for vehicle in value["vehicles"]:
        vehicle["costs"] = {"fixed": 2**32 - 1, "per_hour": 2**32 - 1}
    value["matrices"]["car"]["durations"][0][1] = 2**28
    with pytest.raises((FormatError, ProblemError)):
        model_of(value)
