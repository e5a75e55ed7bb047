"""Plan files as trips, whichever format has written them, read without their problem.

So plans can be compared by themselves (`plan_differences`). With the problem, legs have their names
and stops their times.
"""

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from cli.plan_files import PlanFile, Who, named
from cli.problem_files import Case

if TYPE_CHECKING:
    from dispatch.solver.formats.faults import Faults
    from dispatch.solver.formats.tree import Node

Action: TypeAlias = Literal["pickup", "drop-off", "visit"]
"""What happens at a stop; a node of a file that does not say is a visit."""

Shape: TypeAlias = Literal["antmile", "vroom", "bundles", "nodes"]

NO_REASON = "left out"


@dataclass(frozen=True, slots=True)
class Stop:
    """A stop of a trip.

    Attributes
    ----------
    leg : str
        Its name.
    action : "pickup", "drop-off" or "visit"
    option : int
        Which of the leg's drop-offs; -1 where there is no choice or the file does not say.
    starts_at : int or None
        When service starts, ticks or the file's seconds; None where that is not known.
    """

    leg: str
    action: Action
    option: int = -1
    starts_at: int | None = None


@dataclass(frozen=True, slots=True)
class Trip:
    """A tour of a plan file."""

    who: Who
    stops: tuple[Stop, ...]

    @property
    def legs(self) -> set[str]:
        """Names of the legs that it serves."""
        return {stop.leg for stop in self.stops}


@dataclass(frozen=True, slots=True)
class Trips:
    """A plan file.

    Attributes
    ----------
    trips : tuple of Trip
    left_out : dict of str to str
        Reasons by the names of legs.
    cost : float or None
        None where the file does not say.
    shape : str or None
        What wrote it; None where it has no tour that would tell.
    """

    trips: tuple[Trip, ...]
    left_out: Mapping[str, str]
    cost: float | None
    shape: Shape | None = None


def trips_of(content: bytes) -> Trips:
    """Read a plan file without its problem.

    Raises
    ------
    FormatError
        Naming every bad field.
    """
    from dispatch.solver.formats.faults import Faults
    from dispatch.solver.formats.tree import parsed

    faults = Faults()
    root = parsed(content, faults)
    routes = root.need("routes")
    nodes = list(routes.items())
    faults.raise_any()
    shape = _shape(nodes)
    if nodes and shape is None:
        routes.stop("are of no format that antmile solve writes")
    whose, stops = _READERS[shape](content, faults) if shape else ([], [])
    faults.raise_any()
    trips = [Trip(who, its) for who, its in zip(named(whose), stops, strict=True) if its]
    served = set().union(*(trip.legs for trip in trips))
    left_out = {leg: its for leg, its in _left_out(content) if leg not in served}
    return Trips(tuple(trips), left_out, _cost(json.loads(content)), shape)


def trips_with(case: Case, read: PlanFile, content: bytes) -> Trips:
    """Give a plan file of a problem that was read, with times and with the names of legs."""
    from dispatch.solver.plan import Action as Planned

    trips = tuple(
        Trip(
            who,
            tuple(
                Stop(
                    case.name(stop.leg),
                    "pickup" if stop.action is Planned.PICKUP else "drop-off",
                    stop.option if len(case.problem.options_of(stop.leg)) > 1 else -1,
                    stop.starts_at,
                )
                for stop in tour.stops
            ),
        )
        for who, tour in zip(read.who, read.plan.tours, strict=True)
    )
    left_out = {case.name(entry.leg): entry.reason.value for entry in read.plan.unassigned}
    return Trips(trips, left_out, _cost(json.loads(content)))


def _shape(routes: "Sequence[Node]") -> Shape | None:
    """Tell what wrote routes by the first of them."""
    first: Any = routes[0].value if routes else None
    if isinstance(first, dict):
        return "antmile" if "courier" in first else "vroom" if "vehicle" in first else None
    if isinstance(first, list):
        return "bundles" if first and isinstance(first[0], str) else "nodes"
    return None


_Read: TypeAlias = tuple[list[tuple[str, str]], list[tuple[Stop, ...]]]


def _antmile(content: bytes, faults: "Faults") -> _Read:
    from dispatch.solver.formats.tree import parsed

    whose, trips = [], []
    for route in parsed(content, faults).at("routes").items():
        whose.append(("courier", f"{route.need('courier').whole()}"))
        trips.append(tuple(_antmile_stop(node) for node in route.need("stops").items()))
    return whose, trips


def _antmile_stop(node: "Node") -> Stop:
    parts = list(node.items())
    if len(parts) != len(("leg", "action", "option")):
        node.refuse(f"{len(parts)} values, expected leg, 0 pickup or 1 drop-off, option or -1")
        return Stop("", "visit")
    is_dropoff = parts[1].whole(highest=1) == 1
    option = parts[2].whole(lowest=-1)
    return Stop(f"{parts[0].whole()}", "drop-off" if is_dropoff else "pickup", option)


def _vroom(content: bytes, faults: "Faults") -> _Read:
    from dispatch.solver.formats.tree import parsed
    from dispatch.solver.formats.vroom import answer

    read = answer.read(content)
    nodes = parsed(content, faults).at("routes").items()
    trips = []
    for route, (_, tasks) in zip(nodes, read.routes, strict=True):
        steps = [step for step in route.at("steps").items() if step.at("type").value not in _ENDS]
        trips.append(
            tuple(
                Stop(_task_name(kind, id_), _ACTIONS.get(kind, "visit"), -1, _starts_at(step))
                for step, (kind, id_) in zip(steps, tasks, strict=True)
            )
        )
    return [("vehicle", f"{vehicle}") for vehicle, _ in read.routes], trips


_ENDS = ("start", "end")
_ACTIONS: dict[str, Action] = {"pickup": "pickup", "delivery": "drop-off"}


def _task_name(kind: str, number: object) -> str:
    return f"{kind} {number}"


def _starts_at(step: "Node") -> int | None:
    if not step.has("arrival"):
        return None
    waits = step.at("waiting_time").whole() if step.has("waiting_time") else 0
    return step.at("arrival").whole() + waits


def _bundles(content: bytes, faults: "Faults") -> _Read:
    from dispatch.solver.formats import plans

    del faults
    whose, trips = [], []
    for name, pickups, dropoffs in plans.read_bundles(content).bundles:
        whose.append(("rider", name))
        ends: list[tuple[Sequence[int], Action]] = [(pickups, "pickup"), (dropoffs, "drop-off")]
        trips.append(tuple(Stop(f"{leg}", action) for legs, action in ends for leg in legs))
    return whose, trips


def _nodes(content: bytes, faults: "Faults") -> _Read:
    from dispatch.solver.formats import plans

    del faults
    routes = [route for route in plans.read_routes(content).routes if route]
    trips = [tuple(Stop(f"{node}", "visit") for node in route) for route in routes]
    return [("route", f"{number}") for number in range(1, len(routes) + 1)], trips


_READERS = {"antmile": _antmile, "vroom": _vroom, "bundles": _bundles, "nodes": _nodes}


def _left_out(content: bytes) -> Iterator[tuple[str, str]]:
    """Give what a file that was read says to be left out, each leg or node by itself."""
    entries: Any = json.loads(content).get("unassigned")
    for entry in entries if isinstance(entries, list) else []:
        if not isinstance(entry, dict):
            continue
        reason = str(entry.get("reason", NO_REASON))
        nodes = entry.get("nodes", ())
        yield from ((f"{node}", reason) for node in (nodes if isinstance(nodes, list) else ()))
        yield from ((f"{entry[key]}", reason) for key in ("leg", "order") if key in entry)
        if "id" in entry:
            yield _task_name(str(entry.get("type", "job")), entry["id"]), reason


def _cost(value: dict[str, Any]) -> float | None:
    """Return the cost that a file gives, VROOM's in its summary."""
    summary = value.get("summary")
    cost = value.get("cost", summary.get("cost") if isinstance(summary, dict) else None)
    return cost if isinstance(cost, int | float) and not isinstance(cost, bool) else None
