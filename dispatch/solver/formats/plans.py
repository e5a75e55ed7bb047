"""Plans as files: what `antmile solve` writes and `antmile plan check` reads.

A plan file is a JSON object with ``routes`` and figures that say how it was found. What a route is
depends on the problem's format: a list of node numbers without the depot where there is one, the
contest's [type, pickups, drop-offs] for the Grand Challenge, and for our own problems ``{"courier":
c, "stops": [[leg, 0 pickup or 1 drop-off, option or -1], ...]}``. Of the figures only ``cost`` and
``vehicles`` are compared with what the routes are worth; ``unassigned`` belongs to the plan of our
own problems.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, get_args

from dispatch.solver import check
from dispatch.solver.formats.depot import Rounding
from dispatch.solver.formats.faults import Faults
from dispatch.solver.formats.ogc import Route
from dispatch.solver.formats.tree import Node, parsed
from dispatch.solver.plan import Action, Plan, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import Problem

KEYS = (
    "routes",
    "rounding",
    "cost",
    "vehicles",
    "unassigned",
    "iterations",
    "stopped_by",
    "cpu_s",
    "engine",
    "seed",
    "threads",
    "notes",
)

Tours = Sequence[tuple[int, Sequence[tuple[int, int, int]]]]
"""Each a courier and stops; each stop a leg, 0 pickup or 1 drop-off, and an option or -1."""

_DEAREST = 2**62


@dataclass(frozen=True, slots=True)
class Routes:
    """Routes as a file has them, and the figures that it gives for them, None where it does not.

    Parameters
    ----------
    routes : list of list of int
        Node numbers without the depot.
    bundles : list of (type, pickups, drop-offs)
        The same of the Grand Challenge; only one of the two is filled.
    cost : float or None
    vehicles : int or None
    rounding : str or None
        How distances were rounded.

    """

    routes: list[list[int]]
    bundles: list[Route]
    cost: float | None
    vehicles: int | None
    rounding: Rounding | None


def figures(plan: Plan, *, cpu_s: float) -> dict[str, Any]:
    """Give what a plan file says about how the plan was found.

    Parameters
    ----------
    plan : Plan
        What was found.
    cpu_s : float, seconds
        CPU time that it took.

    """
    return {
        "iterations": plan.iterations,
        "stopped_by": plan.stopped_by.value,
        "cpu_s": round(cpu_s, 3),
        "engine": plan.engine,
        "seed": plan.seed,
        "threads": plan.threads,
        "notes": list(plan.notes),
    }


def document(plan: Plan, *, cpu_s: float) -> dict[str, Any]:
    """Write a plan of one of our own problems, as an object for JSON."""
    return {
        "routes": [
            {
                "courier": tour.courier,
                "stops": [
                    [stop.leg, int(stop.action is Action.DROPOFF), stop.option]
                    for stop in tour.stops
                ],
            }
            for tour in plan.tours
        ],
        "cost": plan.cost,
        "vehicles": len(plan.tours),
        "unassigned": [
            {"leg": entry.leg, "reason": entry.reason.value} for entry in plan.unassigned
        ],
        **figures(plan, cpu_s=cpu_s),
    }


def read(text: str | bytes, problem: Problem) -> Plan:
    """Read a plan of one of our own problems and time it by the timing rules.

    A plan that leaves out ``unassigned`` leaves out no leg; its cost is then what it says, or 0.

    Raises
    ------
    FormatError
        Naming every bad field, also where there is no such leg, courier or option.

    """
    faults = Faults()
    root = _root(text, faults)
    tours = [_tour(node, problem) for node in root.need("routes").items()]
    unassigned = [_left_out(node, problem) for node in _list(root, "unassigned")]
    cost = root.at("cost").whole(highest=_DEAREST) if root.has("cost") else 0
    faults.raise_any()
    return Plan(
        tours=timed(problem, tours),
        unassigned=tuple(sorted(unassigned, key=lambda entry: entry.leg)),
        cost=cost,
        engine=root.at("engine").text() if root.has("engine") else "file",
    )


def timed(problem: Problem, tours: Tours) -> tuple[PlannedTour, ...]:
    """Time tours by the timing rules, sorted by courier."""
    actions = (Action.PICKUP, Action.DROPOFF)
    return check.timed(
        problem,
        [
            (courier, [(leg, actions[action], option) for leg, action, option in stops])
            for courier, stops in sorted(tours, key=lambda tour: tour[0])
        ],
    )


def read_routes(text: str | bytes) -> Routes:
    """Read routes of node numbers.

    Raises
    ------
    FormatError
        Naming every bad field.

    """
    faults = Faults()
    root = _root(text, faults)
    routes = [route.wholes() for route in root.need("routes").items()]
    return _said(root, faults, routes, [])


def read_bundles(text: str | bytes) -> Routes:
    """Read the Grand Challenge's bundles.

    Raises
    ------
    FormatError
        Naming every bad field.

    """
    faults = Faults()
    root = _root(text, faults)
    bundles = [_bundle(node) for node in root.need("routes").items()]
    return _said(root, faults, [], bundles)


def _root(text: str | bytes, faults: Faults) -> Node:
    root = parsed(text, faults)
    root.keys(KEYS)
    return root


def _list(root: Node, key: str) -> list[Node]:
    return list(root.at(key).items()) if root.has(key) else []


def _said(root: Node, faults: Faults, routes: list[list[int]], bundles: list[Route]) -> Routes:
    cost = root.at("cost").number(highest=2.0**63) if root.has("cost") else None
    vehicles = root.at("vehicles").whole() if root.has("vehicles") else None
    word = root.at("rounding").text() if root.has("rounding") else None
    rounding = next((known for known in get_args(Rounding) if known == word), None)
    if word is not None and rounding is None:
        root.at("rounding").refuse(f"{word!r} is none of {', '.join(get_args(Rounding))}")
    faults.raise_any()
    return Routes(routes, bundles, cost, vehicles, rounding)


def _bundle(node: Node) -> Route:
    parts = list(node.items())
    if len(parts) != len(("type", "pickups", "drop-offs")):
        node.refuse(f"{len(parts)} values, expected type, pickups, drop-offs")
        return "", [], []
    return parts[0].text(), parts[1].wholes(), parts[2].wholes()


def _tour(node: Node, problem: Problem) -> tuple[int, list[tuple[int, int, int]]]:
    node.keys(("courier", "stops"))
    courier = node.need("courier").whole(highest=problem.courier_count - 1)
    return courier, [_stop(stop, problem) for stop in node.need("stops").items()]


def _stop(node: Node, problem: Problem) -> tuple[int, int, int]:
    parts = list(node.items())
    if len(parts) != len(("leg", "action", "option")):
        node.refuse(f"{len(parts)} values, expected leg, 0 pickup or 1 drop-off, option or -1")
        return 0, 0, -1
    leg = parts[0].whole(highest=problem.leg_count - 1)
    action = parts[1].whole(highest=1)
    option = parts[2].whole(lowest=-1, highest=problem.option_count - 1)
    if action == 0 and (option >= 0 or problem.pickup_place[leg : leg + 1].max(initial=-1) < 0):
        node.refuse("a pickup has no option, and only a leg with a pickup place has a pickup")
    if action == 1 and option not in problem.options_of(leg):
        parts[2].refuse(f"is no option of leg {leg}")
    return leg, action, option


def _left_out(node: Node, problem: Problem) -> Unassigned:
    node.keys(("leg", "reason"))
    leg = node.need("leg").whole(highest=problem.leg_count - 1)
    reason = node.at("reason").text() if node.has("reason") else Reason.SEARCH_LIMIT.value
    if reason not in list(Reason):
        node.at("reason").refuse(f"{reason!r} is no reason")
        reason = Reason.SEARCH_LIMIT.value
    return Unassigned(leg, Reason(reason))
