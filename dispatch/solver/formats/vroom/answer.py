"""VROOM's answers: a plan written as VROOM writes one, and an answer of any of the two read back.

Times, costs and loads are computed from what the file says, not from the `Problem`. The cost of a
route is rounded to whole ones of VROOM's as VROOM 1.15 does it: the cost of its ways half up, that
of its task time down. A route without a start or an end in the file starts or ends at its first or
last task.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dispatch.solver import check
from dispatch.solver.formats.faults import Faults
from dispatch.solver.formats.tree import Node, parsed
from dispatch.solver.formats.vroom.file import Kind, Spot, Task, Vehicle, kind_of
from dispatch.solver.formats.vroom.model import Model
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour

Route = tuple[int, list[tuple[Kind, int]]]
"""A vehicle's id, and its tasks by kind and id."""

_HOUR_S = 3600
_KM_M = 1000


def write(model: Model, plan: Plan, *, loading_ms: int = 0, solving_ms: int = 0) -> dict[str, Any]:
    """Write a plan as VROOM's answer, an object for JSON.

    Parameters
    ----------
    model : Model
        What was planned.
    plan : Plan
        A plan of its problem.
    loading_ms, solving_ms : int, milliseconds
        How long it took to read the file, and to plan.

    """
    free = [list(its) for its in model.classes]
    order = {vehicle.id: number for number, vehicle in enumerate(model.file.vehicles)}
    routes = [
        _Trip(model, free[tour.courier].pop(0), tour).written() for tour in plan.tours if tour.stops
    ]
    routes.sort(key=lambda route: order[route["vehicle"]])
    left_out = [task for entry in plan.unassigned for task in model.file.works[entry.leg].tasks]
    summary: dict[str, Any] = {
        "cost": _sum(routes, "cost"),
        "routes": len(routes),
        "unassigned": len(left_out),
    }
    for key in ("delivery", "pickup"):
        if model.file.dimensions:
            rows = [route[key] for route in routes] or [[0] * model.file.dimensions]
            summary[key] = [sum(column) for column in zip(*rows, strict=True)]
    for key in ("setup", "service", "duration", "waiting_time", "priority"):
        summary[key] = _sum(routes, key)
    if any(its.distances is not None for its in model.file.matrices.values()):
        summary["distance"] = _sum(routes, "distance")
    summary["violations"] = []
    summary["computing_times"] = {"loading": loading_ms, "solving": solving_ms}
    return {
        "code": 0,
        "summary": summary,
        "unassigned": [
            {"id": task.id, "type": task.kind, **_told(task.description, task.spot)}
            for task in left_out
        ],
        "routes": routes,
    }


def _sum(routes: Sequence[dict[str, Any]], key: str) -> int:
    return sum(route.get(key, 0) for route in routes)


def _told(description: str, spot: Spot) -> dict[str, Any]:
    """Hand through what the file says of a place."""
    told: dict[str, Any] = {"description": description} if description else {}
    if spot.location is not None:
        told["location"] = spot.location
    return told | {"location_index": spot.index}


class _Trip:
    """A tour being written as a route."""

    def __init__(self, model: Model, vehicle: Vehicle, tour: PlannedTour) -> None:
        self._model = model
        self._vehicle = vehicle
        self._tour = tour
        self._matrices = model.file.matrices[vehicle.profile]
        self._duration = self._metres = self._arcs = 0
        works = [model.file.works[stop.leg] for stop in tour.stops]
        self._load = [0] * model.file.dimensions
        for work in works:
            if len(work.tasks) == 1 and not work.is_collected:
                self._change(work.amount, 1)

    def written(self) -> dict[str, Any]:
        vehicle, tour = self._vehicle, self._tour
        steps = []
        visits = [(stop, task) for stop in tour.stops if (task := self._task_at(stop)) is not None]
        served = [task for _, task in visits]
        self._at = vehicle.start or served[0].spot
        steps.append(self._step("start", self._at, tour.departs_at))
        steps += [self._visit(stop, task) for stop, task in visits]
        self._go(vehicle.end or self._at)
        steps.append(self._step("end", self._at, tour.ends_at))
        waited = sum(stop.starts_at - stop.arrives_at for stop, _ in visits)
        service = sum(task.service for task in served)
        route: dict[str, Any] = {"vehicle": vehicle.id, "cost": self._cost(service)}
        if vehicle.description:
            route["description"] = vehicle.description
        route |= self._carried()
        works = {stop.leg: self._model.file.works[stop.leg] for stop in tour.stops}
        route |= {
            "setup": 0,
            "service": service,
            "duration": self._duration,
            "waiting_time": waited,
            "priority": sum(work.priority * len(work.tasks) for work in works.values()),
        }
        if self._matrices.distances is not None:
            route["distance"] = self._metres
        return route | {"steps": steps, "violations": []}

    def _task_at(self, stop: PlannedStop) -> Task | None:
        """Give what a stop is in the file; nothing where a load comes to the tour's end."""
        work = self._model.file.works[stop.leg]
        if stop.action is Action.PICKUP:
            return work.tasks[0]
        return None if work.is_collected else work.tasks[-1]

    def _visit(self, stop: PlannedStop, task: Task) -> dict[str, Any]:
        self._go(task.spot)
        sign = 1 if stop.action is Action.PICKUP else -1
        self._change(self._model.file.works[stop.leg].amount, sign)
        step = self._step(task.kind, task.spot, stop.arrives_at, task.description)
        return step | {
            "id": task.id,
            "service": task.service,
            "waiting_time": stop.starts_at - stop.arrives_at,
        }

    def _step(
        self, kind: str, spot: Spot, arrives_at: int, description: str = ""
    ) -> dict[str, Any]:
        step: dict[str, Any] = {"type": kind, **_told(description, spot)}
        step |= {"setup": 0, "service": 0, "waiting_time": 0}
        if self._load:
            step["load"] = list(self._load)
        step |= {"arrival": arrives_at + self._model.origin, "duration": self._duration}
        if self._matrices.distances is not None:
            step["distance"] = self._metres
        return step | {"violations": []}

    def _go(self, spot: Spot) -> None:
        way = (self._at.index, spot.index)
        its = self._matrices
        if self._at is not spot:
            self._duration += int(its.durations[way])
            self._metres += 0 if its.distances is None else int(its.distances[way])
            self._arcs += 0 if its.costs is None else int(its.costs[way])
        self._at = spot

    def _change(self, amount: Sequence[int], sign: int) -> None:
        for dimension, value in enumerate(amount):
            self._load[dimension] += sign * value

    def _cost(self, service: int) -> int:
        costs = self._vehicle.costs
        tasks = costs["per_task_hour"] * service // _HOUR_S
        if self._matrices.costs is not None:
            return costs["fixed"] + tasks + self._arcs
        whole = _KM_M * _HOUR_S
        parts = _KM_M * costs["per_hour"] * self._duration
        parts += _HOUR_S * costs["per_km"] * self._metres
        return costs["fixed"] + tasks + (2 * parts + whole) // (2 * whole)

    def _carried(self) -> dict[str, Any]:
        """Sum up what is delivered and what is picked up, shipments being both."""
        dimensions = self._model.file.dimensions
        if not dimensions:
            return {}
        works = [self._model.file.works[leg] for leg in {stop.leg for stop in self._tour.stops}]
        totals = {}
        for key, counted in (
            ("delivery", [work for work in works if not work.is_collected]),
            ("pickup", [work for work in works if work.is_collected or len(work.tasks) > 1]),
        ):
            rows = [work.amount for work in counted if work.amount] or [[0] * dimensions]
            totals[key] = [sum(column) for column in zip(*rows, strict=True)]
        return totals


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer that was read: its routes, and the cost that it says, None where it does not."""

    routes: list[Route]
    cost: int | None


def read(text: str | bytes) -> Answer:
    """Read an answer of VROOM's; what it says beside vehicles, steps and cost is not looked at.

    Raises
    ------
    FormatError
        Naming every bad field.

    """
    faults = Faults()
    root = parsed(text, faults)
    routes = [_route(node) for node in root.need("routes").items()]
    summary = root.at("summary")
    cost = summary.at("cost").whole() if root.has("summary") and summary.has("cost") else None
    faults.raise_any()
    return Answer(routes, cost)


def _route(node: Node) -> Route:
    tasks: list[tuple[Kind, int]] = []
    for step in node.need("steps").items():
        word = step.need("type").text()
        kind = kind_of(word)
        if kind is not None:
            tasks.append((kind, step.need("id").whole(highest=2**64 - 1)))
        elif word not in ("start", "end"):
            step.at("type").refuse(f"{word!r} is not supported")
    return node.need("vehicle").whole(highest=2**64 - 1), tasks


def broken(model: Model, answer: Answer) -> list[str]:
    """Say what an answer breaks, in the file's words; nothing where it may be carried out."""
    class_of = {vehicle.id: c for c, its in enumerate(model.classes) for vehicle in its}
    faults = list(_unknown(model, answer, class_of))
    if faults:
        return faults
    plan = model.plan([(class_of[vehicle], tasks) for vehicle, tasks in answer.routes if tasks])
    for found in check.violations(model.problem, plan):
        subject = found.subject
        kind, _, number = subject.partition(" ")
        if kind == "leg" and number.isdecimal():
            subject = model.name(int(number))
        elif kind == "courier" and number.isdecimal():
            subject = f"vehicle {model.classes[int(number)][0].id} or alike"
        faults.append(f"{subject}: {found.constraint}: {found.detail}")
    if not faults and answer.cost is not None:
        cost = write(model, plan)["summary"]["cost"]
        # Versions of VROOM differ in how they round.
        if abs(cost - answer.cost) > len(answer.routes):
            faults.append(f"cost: says {answer.cost}, is {cost}")
    return faults


def _unknown(model: Model, answer: Answer, class_of: dict[int, int]) -> Iterator[str]:
    for vehicle, tasks in answer.routes:
        if vehicle not in class_of:
            yield f"vehicle {vehicle}: is not in the file"
        for kind, number in tasks:
            if (kind, number) not in model.leg_of:
                yield f"{kind} {number}: is not in the file"
    for vehicle, count in Counter(vehicle for vehicle, _ in answer.routes).items():
        if count > 1:
            yield f"vehicle {vehicle}: has {count} routes"
