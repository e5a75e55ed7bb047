"""Plan files on the command line: tours by the names that they have in their format.

`read_plan` makes a `Plan` of a plan file of any format; a plan of another problem is refused.
Where the places of a problem lie, and what its ticks are, is told here as well.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

from cli.problem_files import (
    AntmileCase,
    Case,
    DepotCase,
    OgcCase,
    Rounding,
    VroomCase,
    content_of,
    told,
)

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dispatch.sim.plan_sheet import Ticks
    from dispatch.solver.plan import Plan, Unassigned

STRUCTURE = ("index", "served_once", "pairing", "option", "on_board")
"""Constraints that a plan of another problem breaks; what breaks others can still be looked at."""

PROBLEM_KEYS = {"travel", "jobs", "shipments", "ORDERS"}
"""Keys of problems of our own, VROOM's and the Grand Challenge's, which no plan has."""

FIGURES = ("cost: says", "vehicles: says", "plan: cost: says")
"""How faults begin that tell of figures that are not those of the routes."""

SARTORI_UNIT_S = 60

Visits = list[tuple[int, int, int]]
"""Stops: leg, 0 pickup or 1 drop-off, option or -1."""


@dataclass(frozen=True, slots=True)
class Who:
    """Who makes a tour.

    Attributes
    ----------
    kind : str
        "courier", "vehicle", "route" or "rider".
    id : str
        Of the courier or the vehicle; of a route its number, of a rider its type.
    name : str
        Both, and a number where several tours are the same's.
    """

    kind: str
    id: str
    name: str


@dataclass(frozen=True, slots=True)
class PlanFile:
    """A plan file that was read.

    Attributes
    ----------
    plan : Plan
        Timed by the timing rules.
    who : tuple of Who
        One for each tour.
    worth : str
        What it costs, in the words of the format.
    faults : list of str
        What it breaks.
    """

    plan: "Plan"
    who: tuple[Who, ...]
    worth: str
    faults: list[str]


def read_plan(
    case: Case, path: Path, *, outcome: str, rounding: Rounding | None = None
) -> PlanFile:
    """Read a plan file of a problem.

    Parameters
    ----------
    outcome : str
        What is said to follow where the file is bad.
    rounding : "exact" or "dimacs", optional
        As of `Case.judged`.

    Raises
    ------
    typer.Exit
        With status 2, where it cannot be read or is a plan of another problem.
    """
    content = content_of(path)
    with told(path, outcome, hint=lambda: advice(content)):
        faults, worth, unserved = case.judged(with_cost(case, content), rounding)
        faults = [fault for fault in faults if fault not in unserved]
        _refuse_others(faults)
        plan, who = _plan_of(case, content)
        _check_structure(case, plan)
    return PlanFile(plan, who, worth, faults)


def places_of(case: Case) -> "tuple[NDArray[np.float64], bool] | None":
    """Return where the places of a problem lie.

    Returns
    -------
    ((D, 2) float64, bool) or None
        Latitude and longitude in degrees where the second is true, else coordinates of a plane,
        the one that grows upwards first; NaN for a place without any. None where no place has any.
    """
    import numpy as np

    if isinstance(case, DepotCase):
        its = case.depot
        is_earth = its.matrix is not None
        columns = (its.x, its.y) if is_earth else (its.y, its.x)
        return np.stack(columns, axis=1), is_earth
    if isinstance(case, OgcCase):
        return case.orders.places, True
    if isinstance(case, AntmileCase):
        return None if case.places is None else (case.places, True)
    places = np.full((case.problem.place_count, 2), np.nan)
    for index, (lon, lat) in _locations(case):
        places[index] = lat, lon
    return None if np.isnan(places).all() else (places, True)


def ticks_of(case: Case) -> "Ticks":
    """Return what the ticks of a problem are in its file."""
    from dispatch.sim.plan_sheet import Ticks

    if isinstance(case, DepotCase):
        has_minutes = case.depot.matrix is not None
        return Ticks(
            per_unit=case.depot.ticks(case.rounding or "exact"),
            unit_s=SARTORI_UNIT_S if has_minutes else None,
        )
    return Ticks(origin=case.model.origin if isinstance(case, VroomCase) else 0)


def _locations(case: Case) -> Iterator[tuple[int, Sequence[float]]]:
    """Give the rows of VROOM's matrices whose coordinates stand anywhere in the file."""
    if not isinstance(case, VroomCase):
        return
    file = case.model.file
    spots = [task.spot for work in file.works for task in work.tasks]
    spots += [spot for its in file.vehicles for spot in (its.start, its.end) if spot is not None]
    for spot in spots:
        if spot.location is not None:
            yield spot.index, spot.location


def advice(content: bytes) -> str:
    """Return what may be the matter with a plan file that cannot be read; nothing if unknown."""
    try:
        value = json.loads(content)
    except (ValueError, RecursionError):
        return ""
    if not isinstance(value, dict):
        return ""
    if isinstance(value.get("routes"), list):
        return "is it a plan of another problem?"
    if PROBLEM_KEYS & value.keys():
        return "it looks like a problem: give PROBLEM first, then PLAN, which antmile solve writes"
    return ""


def with_cost(case: Case, content: bytes) -> bytes:
    """Return a plan file of our own with the cost that its routes have, where it names none."""
    from dispatch.solver import check
    from dispatch.solver.formats import plans

    if not isinstance(case, AntmileCase):
        return content
    plan = plans.read(content, case.problem)
    value = json.loads(content)
    if "cost" in value:
        return content
    return json.dumps(value | {"cost": check.cost(case.problem, plan)}).encode()


def _refuse_others(faults: Sequence[str]) -> None:
    """Refuse routes through what the problem does not have, and figures of other routes."""
    from dispatch.solver.formats.faults import FormatError

    foreign = [
        fault
        for fault in faults
        if fault.startswith(FIGURES)
        or fault.endswith(("is not in the file", "is the depot", "routes"))
        or "no rider" in fault
        or "no such order" in fault
    ]
    if foreign:
        raise FormatError(foreign)


def _check_structure(case: Case, plan: "Plan") -> None:
    """Refuse a plan that does not name every leg once."""
    from dispatch.solver import check
    from dispatch.solver.formats.faults import FormatError

    broken = [
        f"{found.subject}: {found.constraint}: {found.detail}"
        for found in check.violations(case.problem, plan)
        if found.constraint in STRUCTURE
    ]
    if broken:
        raise FormatError(broken)


def _plan_of(case: Case, content: bytes) -> "tuple[Plan, tuple[Who, ...]]":
    from dispatch.solver import check
    from dispatch.solver.formats import plans
    from dispatch.solver.plan import Plan

    if isinstance(case, AntmileCase):
        plan = plans.read(with_cost(case, content), case.problem)
        return plan, named([("courier", f"{tour.courier}") for tour in plan.tours])
    if isinstance(case, VroomCase):
        return _vroom_plan(case, content)
    tours, who = _routes(case, content)
    timed = plans.timed(case.problem, tours)
    served = {stop.leg for tour in timed for stop in tour.stops}
    plan = Plan(
        tours=timed,
        unassigned=tuple(_left_out(case, content, served)),
        cost=0,
        engine="file",
    )
    return replace(plan, cost=check.cost(case.problem, plan)), named(who)


def _routes(case: Case, content: bytes) -> tuple[list[tuple[int, Visits]], list[tuple[str, str]]]:
    """Return tours sorted by courier, and whose they are, of routes of nodes or orders."""
    from dispatch.solver.formats import plans

    if isinstance(case, DepotCase):
        found = case.depot.tours([its for its in plans.read_routes(content).routes if its])
        return found, [("route", f"{number}") for number in range(1, len(found) + 1)]
    if not isinstance(case, OgcCase):
        raise TypeError(type(case).__name__)
    tours = sorted(case.orders.tours(plans.read_bundles(content).bundles), key=lambda tour: tour[0])
    return tours, [("rider", case.orders.riders[courier].type) for courier, _ in tours]


def _vroom_plan(case: VroomCase, content: bytes) -> "tuple[Plan, tuple[Who, ...]]":
    from dispatch.solver.formats.vroom import answer

    class_of = {its.id: c for c, alike in enumerate(case.model.classes) for its in alike}
    routes = [
        (class_of[vehicle], tasks, vehicle)
        for vehicle, tasks in answer.read(content).routes
        if tasks
    ]
    # As the model sorts them.
    routes.sort(key=lambda route: route[0])
    plan = case.model.plan([(courier, tasks) for courier, tasks, _ in routes])
    return plan, named([("vehicle", f"{vehicle}") for _, _, vehicle in routes])


def _left_out(case: Case, content: bytes, served: set[int]) -> "Iterator[Unassigned]":
    """Give what is served by no tour, with the reasons that the file has."""
    from dispatch.solver.plan import Reason, Unassigned

    reasons = _reasons(content)
    for leg in range(case.problem.leg_count):
        if leg not in served:
            code = reasons.get(case.name(leg), "")
            known = code if code in list(Reason) else Reason.SEARCH_LIMIT.value
            yield Unassigned(leg, Reason(known))


def _reasons(content: bytes) -> dict[str, str]:
    """Return the reasons of a file that was read without faults, by the names of legs."""
    entries: Any = json.loads(content).get("unassigned")
    found = {}
    for entry in entries if isinstance(entries, list) else []:
        if isinstance(entry, dict):
            nodes = entry.get("nodes", [entry.get("order")])
            name = "-".join(str(node) for node in nodes) if isinstance(nodes, list) else ""
            found[name] = str(entry.get("reason", ""))
    return found


def named(who: Sequence[tuple[str, str]]) -> tuple[Who, ...]:
    """Give tours names, a number where several are the same's."""
    counts, seen = Counter(who), Counter[tuple[str, str]]()
    names = []
    for kind, id_ in who:
        seen[kind, id_] += 1
        number = f" ({seen[kind, id_]})" if counts[kind, id_] > 1 else ""
        names.append(Who(kind, id_, f"{kind} {id_}{number}"))
    return tuple(names)
