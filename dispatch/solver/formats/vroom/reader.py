"""VROOM's JSON read and checked; what of it is refused stands in the package's docstring."""

from itertools import pairwise

import numpy as np

from dispatch.solver.arrays import UNREACHABLE, IntArray
from dispatch.solver.formats.faults import Faults
from dispatch.solver.formats.tree import Node, parsed
from dispatch.solver.formats.vroom.file import (
    Input,
    Kind,
    Matrices,
    Spot,
    Task,
    Vehicle,
    Window,
    Work,
    kind_of,
)

HIGHEST = 2**32 - 1
"""VROOM's numbers have 32 bits."""

PROFILE = "car"
"""What VROOM takes where a vehicle names no profile."""

_LONGEST = UNREACHABLE - 1
_MOST_PRIORITY = 100
_PER_TYPE = ("setup_per_type", "service_per_type")
_STEP_KEYS = (
    "id",
    "description",
    "location",
    "location_index",
    "setup",
    "service",
    "time_windows",
    *_PER_TYPE,
)
_SHARED_KEYS = ("skills", "priority", "unassigned_cost")
_JOB_KEYS = (*_STEP_KEYS, *_SHARED_KEYS, "delivery", "pickup")
_SHIPMENT_KEYS = ("pickup", "delivery", "amount", *_SHARED_KEYS)
_VEHICLE_KEYS = (
    "id",
    "profile",
    "description",
    "start",
    "start_index",
    "end",
    "end_index",
    "capacity",
    "costs",
    "skills",
    "type",
    "time_window",
    "breaks",
    "speed_factor",
    "max_tasks",
    "steps",
)
_COSTS = {"fixed": 0, "per_hour": 3600, "per_task_hour": 0, "per_km": 0}


def read(text: str | bytes) -> Input:
    """Read a file.

    Raises
    ------
    FormatError
        Naming every bad field.

    """
    faults = Faults()
    root = parsed(text, faults)
    root.keys(("jobs", "shipments", "vehicles", "matrices", "matrix"))
    matrices = _matrices(root)
    size = min((len(its.durations) for its in matrices.values()), default=0)
    reader = _Reader(size)
    works = [reader.job(node) for node in _list(root, "jobs")]
    works += [reader.shipment(node) for node in _list(root, "shipments")]
    vehicles = [reader.vehicle(node) for node in root.need("vehicles").items()]
    faults.raise_any()
    _check_ids(works, vehicles, faults)
    _check_profiles(vehicles, matrices, faults)
    dimensions = _check_amounts(works, vehicles, faults)
    _check_prices(works, faults)
    faults.raise_any()
    return Input(
        works=tuple(works), vehicles=tuple(vehicles), matrices=matrices, dimensions=dimensions
    )


def _list(root: Node, key: str) -> list[Node]:
    return list(root.at(key).items()) if root.has(key) else []


def _matrices(root: Node) -> dict[str, Matrices]:
    if root.has("matrix"):
        if root.has("matrices"):
            root.at("matrix").refuse("stands beside matrices: leave it out")
        return {PROFILE: Matrices(_matrix(root.at("matrix"), _LONGEST), None, None)}
    if not root.has("matrices"):
        root.at("matrices").stop("is missing: ways between coordinates need matrices of durations")
    found = {}
    for profile, node in root.at("matrices").fields():
        node.keys(("durations", "distances", "costs"))
        durations = _matrix(node.need("durations"), _LONGEST) if node.has("durations") else None
        if durations is None:
            node.at("durations").refuse("is missing")
            continue
        distances = _matrix(node.at("distances"), _LONGEST) if node.has("distances") else None
        costs = _matrix(node.at("costs"), HIGHEST) if node.has("costs") else None
        found[profile] = Matrices(durations, distances, costs)
        for name, matrix in (("distances", distances), ("costs", costs)):
            if matrix is not None and matrix.shape != durations.shape:
                node.at(name).refuse(f"{len(matrix)} rows, durations have {len(durations)}")
    sizes = {profile: len(its.durations) for profile, its in found.items()}
    for profile, size in sizes.items():
        if size != next(iter(sizes.values())):
            first = next(iter(sizes))
            root.at("matrices").refuse(f"{profile} has {size} rows, {first} has {sizes[first]}")
    return found


def _matrix(node: Node, most: int) -> IntArray:
    """Read a square matrix; what nobody could ever travel is no way."""
    rows = list(node.items())
    matrix = np.zeros((len(rows), len(rows)), np.int64)
    for index, row in enumerate(rows):
        values = row.wholes(highest=HIGHEST)
        if len(values) == len(rows):
            matrix[index] = values
        else:
            row.refuse(f"{len(values)} numbers, expected {len(rows)}")
    return matrix if most == HIGHEST else np.minimum(matrix, UNREACHABLE)


class _Reader:
    """Reads tasks and vehicles whose places are rows of matrices of a size."""

    def __init__(self, size: int) -> None:
        self._size = size

    def job(self, node: Node) -> Work:
        node.keys(_JOB_KEYS, ("amount",))
        delivery = node.at("delivery").wholes(highest=HIGHEST) if node.has("delivery") else []
        pickup = node.at("pickup").wholes(highest=HIGHEST) if node.has("pickup") else []
        is_collected = any(pickup)
        if is_collected and any(delivery):
            node.at("pickup").refuse("is not supported beside a delivery in the same job")
        task = self._task(node, "job")
        if is_collected and len(task.windows) > 1:
            node.at("time_windows").refuse("several are not supported where a job picks up")
        return _work(node, (task,), pickup if is_collected else delivery, is_collected=is_collected)

    def shipment(self, node: Node) -> Work:
        node.keys(_SHIPMENT_KEYS)
        for key in ("pickup", "delivery"):
            if not node.has(key):
                node.at(key).stop("is missing")
            node.at(key).keys(_STEP_KEYS)
        tasks = (
            self._task(node.at("pickup"), "pickup"),
            self._task(node.at("delivery"), "delivery"),
        )
        if len(tasks[0].windows) > 1:
            node.at("pickup").at("time_windows").refuse("several are not supported at a pickup")
        amount = node.at("amount").wholes(highest=HIGHEST) if node.has("amount") else []
        return _work(node, tasks, amount, is_collected=False)

    def _task(self, node: Node, kind: Kind) -> Task:
        for key in _PER_TYPE:
            if node.has(key) and node.at(key).value != {}:
                node.at(key).refuse("is not supported")
        if node.has("setup") and node.at("setup").whole(highest=_LONGEST) != 0:
            node.at("setup").refuse("is not supported")
        windows = [_window(item) for item in _list(node, "time_windows")]
        for index, (before, after) in enumerate(pairwise(windows), start=1):
            if after[0] <= before[1]:
                node.at("time_windows").refuse(f"number {index} begins before the last has ended")
        return Task(
            path=node.path,
            kind=kind,
            id=node.need("id").whole(highest=2**64 - 1),
            description=node.at("description").text() if node.has("description") else "",
            spot=self._spot(node, "location", "location_index") or Spot(0),
            service=node.at("service").whole(highest=_LONGEST) if node.has("service") else 0,
            windows=tuple(windows),
        )

    def _spot(self, node: Node, location: str, index: str) -> Spot | None:
        """Read a place; None where neither of its keys is there."""
        where = node.at(location).value
        if where is not None:
            _check_coordinates(node.at(location))
        if not node.has(index):
            if where is not None or location == "location":
                node.at(index).refuse("is missing: the row in the matrices")
            return None
        return Spot(node.at(index).whole(highest=max(0, self._size - 1)), where)

    def vehicle(self, node: Node) -> Vehicle:
        node.keys(_VEHICLE_KEYS, ("max_travel_time", "max_distance"))
        if node.has("breaks") and node.at("breaks").value != []:
            node.at("breaks").refuse("is not supported")
        if node.has("speed_factor") and node.at("speed_factor").number() != 1.0:
            node.at("speed_factor").refuse("is not supported, only 1")
        if node.has("type"):
            node.at("type").text()
        costs = dict(_COSTS)
        if node.has("costs"):
            node.at("costs").keys(tuple(_COSTS))
            for key, its in node.at("costs").fields():
                costs[key] = its.whole(highest=HIGHEST)
        start, end = self._spot(node, "start", "start_index"), self._spot(node, "end", "end_index")
        if start is None and end is None:
            node.refuse("has neither start_index nor end_index")
        most_tasks = node.at("max_tasks").whole(highest=HIGHEST) if node.has("max_tasks") else None
        return Vehicle(
            path=node.path,
            id=node.need("id").whole(highest=2**64 - 1),
            profile=node.at("profile").text() if node.has("profile") else PROFILE,
            description=node.at("description").text() if node.has("description") else "",
            start=start,
            end=end,
            capacity=node.at("capacity").wholes(highest=HIGHEST) if node.has("capacity") else [],
            skills=node.at("skills").wholes(highest=HIGHEST) if node.has("skills") else [],
            window=_window(node.at("time_window")) if node.has("time_window") else None,
            most_tasks=most_tasks,
            costs=costs,
            steps=tuple(step for item in _list(node, "steps") for step in _step(item)),
        )


def _work(node: Node, tasks: tuple[Task, ...], amount: list[int], *, is_collected: bool) -> Work:
    priced = node.has("unassigned_cost")
    return Work(
        path=node.path,
        tasks=tasks,
        amount=amount,
        is_collected=is_collected,
        skills=node.at("skills").wholes(highest=HIGHEST) if node.has("skills") else [],
        priority=node.at("priority").whole(highest=_MOST_PRIORITY) if node.has("priority") else 0,
        unassigned_cost=node.at("unassigned_cost").whole(highest=10**10) if priced else None,
    )


def _window(node: Node) -> Window:
    ends = node.wholes(highest=HIGHEST)
    if len(ends) != len(("start", "end")):
        node.refuse(f"{len(ends)} numbers, expected start and end")
        return 0, 0
    if ends[1] < ends[0]:
        node.refuse("ends before it starts")
    return ends[0], ends[1]


def _check_coordinates(node: Node) -> None:
    pair = [item.number(lowest=-180.0, highest=180.0) for item in node.items()]
    if len(pair) != len(("lon", "lat")):
        node.refuse(f"{len(pair)} numbers, expected [lon, lat]")


def _step(node: Node) -> list[tuple[Kind, int]]:
    """Read a step of a route to begin with; nothing where it is its start or its end."""
    node.keys(("type", "id"), ("service_at", "service_after", "service_before"))
    word = node.need("type").text()
    kind = kind_of(word)
    if kind is None:
        if word not in ("start", "end"):
            node.at("type").refuse(f"{word!r} is not supported")
        return []
    number = node.need("id").whole(highest=2**64 - 1)
    return [(kind, number)]


def _check_ids(works: list[Work], vehicles: list[Vehicle], faults: Faults) -> None:
    seen: dict[tuple[str, int], str] = {}
    named: list[tuple[str, int, str]] = [("vehicle", its.id, its.path) for its in vehicles]
    named += [(task.kind, task.id, task.path) for work in works for task in work.tasks]
    for kind, number, path in named:
        first = seen.setdefault((kind, number), path)
        if first != path:
            faults.add(f"{path}.id", f"{number} is that of {first} already")
    for vehicle in vehicles:
        for kind, number in vehicle.steps:
            if (kind, number) not in seen:
                faults.add(f"{vehicle.path}.steps", f"there is no {kind} {number}")
    steps = [step for vehicle in vehicles for step in vehicle.steps]
    for kind, number in sorted({step for step in steps if steps.count(step) > 1}):
        faults.add("vehicles.steps", f"{kind} {number} stands there twice")


def _check_profiles(vehicles: list[Vehicle], matrices: dict[str, Matrices], faults: Faults) -> None:
    for vehicle in vehicles:
        its = matrices.get(vehicle.profile)
        if its is None:
            faults.add(f"matrices.{vehicle.profile}", f"is missing, {vehicle.path} needs it")
            continue
        if vehicle.costs["per_km"] and its.distances is None and its.costs is None:
            faults.add(
                f"matrices.{vehicle.profile}.distances",
                f"is missing, {vehicle.path}.costs.per_km needs it",
            )
        for key in ("per_hour", "per_km"):
            if its.costs is not None and vehicle.costs[key] != _COSTS[key]:
                faults.add(f"{vehicle.path}.costs.{key}", "contradicts the costs of its profile")
        if vehicle.costs["per_task_hour"] != vehicles[0].costs["per_task_hour"]:
            faults.add(
                f"{vehicle.path}.costs.per_task_hour",
                f"is not supported where it differs from that of {vehicles[0].path}",
            )


def _check_amounts(works: list[Work], vehicles: list[Vehicle], faults: Faults) -> int:
    """Give how many numbers amounts have."""
    sized = [(vehicle.path, "capacity", vehicle.capacity) for vehicle in vehicles]
    sized += [(work.path, "amount", work.amount) for work in works]
    dimensions = next((len(amount) for _, _, amount in sized if amount), 0)
    for path, name, amount in sized:
        if amount and len(amount) != dimensions:
            faults.add(path, f"{name} of {len(amount)} numbers, elsewhere there are {dimensions}")
        elif not amount and dimensions and name == "capacity":
            faults.add(f"{path}.capacity", f"is missing, amounts have {dimensions} numbers")
    return dimensions


def _check_prices(works: list[Work], faults: Faults) -> None:
    if all(work.unassigned_cost is None for work in works):
        return
    for work in works:
        if work.priority:
            faults.add(f"{work.path}.priority", "is not supported beside any unassigned_cost")
