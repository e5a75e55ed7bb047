"""Files of problems on the command line: read by their format, planned, scored by its rules.

A `Case` is one file that was read. What differs between formats stands in its classes, so that the
commands need not know them.
"""

import json
import math
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeAlias, get_args

import typer

from cli.errors import fail
from cli.map_files import counted

if TYPE_CHECKING:
    import numpy as np
    from numpy.typing import NDArray

    from dispatch.solver.formats.depot import Depot
    from dispatch.solver.formats.ogc import Orders
    from dispatch.solver.formats.plans import Routes
    from dispatch.solver.formats.scores import Score
    from dispatch.solver.formats.vroom.model import Model
    from dispatch.solver.plan import Plan
    from dispatch.solver.problem import Problem

Format: TypeAlias = Literal["vrptw", "lilim", "sartori", "ogc", "vroom", "antmile"]
Objective: TypeAlias = Literal["vehicles", "distance"]
Rounding: TypeAlias = Literal["exact", "dimacs"]

WITH_DEPOT = ("vrptw", "lilim", "sartori")
"""Formats that are planned for fewest vehicles or for distance alone."""

FAULTS_TOLD = 10
"""So many faults of a file are told one by one."""

CENT = 0.01
"""Published costs are told to this."""


class Case(ABC):
    """A problem file that was read.

    Parameters
    ----------
    problem : Problem
        What it says.
    reduce_fleet : bool
        Whether fewer vehicles come before shorter ways.
    """

    def __init__(self, problem: "Problem", *, reduce_fleet: bool = False) -> None:
        self.problem = problem
        self.reduce_fleet = reduce_fleet

    def warm(self) -> "Plan | None":
        """Return the plan that the file itself begins with."""
        return None

    def fleet(self) -> int:
        """Return how many couriers the file has."""
        return int(self.problem.count.sum())

    @abstractmethod
    def shown(self, cost: int) -> str:
        """Return a cost of the problem in the words of the format."""

    @abstractmethod
    def name(self, leg: int) -> str:
        """Return what a leg is in the file."""

    @abstractmethod
    def document(self, plan: "Plan", cpu_s: float) -> dict[str, Any]:
        """Return a plan in the form in which the format has plans, for JSON."""

    @abstractmethod
    def judged(
        self, content: bytes, rounding: Rounding | None = None
    ) -> tuple[list[str], str, set[str]]:
        """Read a plan file and judge it by the format's own rules.

        Parameters
        ----------
        rounding : "exact" or "dimacs", optional
            Where the format knows both; by default as the plan file says.

        Returns
        -------
        faults : list of str
            What it breaks.
        worth : str
            What it costs.
        unserved : set of str
            Those of the faults that only say what is left out.
        """


class DepotCase(Case):
    """A file of Solomon's, Li and Lim's or Sartori and Buriol's.

    Attributes
    ----------
    depot : Depot
        What was read.
    rounding : "exact", "dimacs" or None
        None where the format has one only.
    """

    def __init__(self, depot: "Depot", objective: Objective, rounding: Rounding | None) -> None:
        self.depot = depot
        self.rounding = rounding
        problem = depot.problem(objective=objective, rounding=rounding or "exact")
        super().__init__(problem, reduce_fleet=objective == "vehicles")

    def fleet(self) -> int:
        """Return the file's own number, of which no more than can be of use are planned with."""
        return self.depot.vehicles

    def shown(self, cost: int) -> str:
        """Return vehicles where they count, the distance, and how many are left out."""
        left_out, rest = _without(cost, self.problem.unassigned_cost)
        vehicles, ticks = divmod(rest, int(self.problem.fixed_cost[0]) or rest + 1)
        words = [f"{ticks / self.depot.ticks(self.rounding or 'exact'):.2f}"]
        if self.reduce_fleet:
            words.insert(0, counted(vehicles, "vehicle"))
        return ", ".join([*words, *left_out])

    def name(self, leg: int) -> str:
        """Return the node or the pair of nodes."""
        return "-".join(str(node) for node in self.depot.nodes_of(leg))

    def document(self, plan: "Plan", cpu_s: float) -> dict[str, Any]:
        """Return routes of node numbers, scored by the published rules."""
        from dispatch.solver.formats import plans
        from dispatch.solver.formats.scores import depot_score

        routes = self.depot.routes(plan)
        score = depot_score(self.depot, routes, rounding=self.rounding or "exact")
        rounding = {} if self.rounding is None else {"rounding": self.rounding}
        return {
            "routes": routes,
            "cost": score.cost,
            "vehicles": score.vehicles,
            "unassigned": [
                {"nodes": self.depot.nodes_of(entry.leg), "reason": entry.reason.value}
                for entry in plan.unassigned
            ],
            **rounding,
            **plans.figures(plan, cpu_s=cpu_s),
        }

    def judged(
        self, content: bytes, rounding: Rounding | None = None
    ) -> tuple[list[str], str, set[str]]:
        """Judge routes of node numbers."""
        from dispatch.solver.formats import plans
        from dispatch.solver.formats.scores import depot_score

        read = plans.read_routes(content)
        score = depot_score(self.depot, read.routes, rounding=rounding or read.rounding or "exact")
        return _verdict(read, score, "vehicle")


class OgcCase(Case):
    """A file of the Grand Challenge; what was read is ``orders``."""

    def __init__(self, orders: "Orders") -> None:
        self.orders = orders
        super().__init__(orders.problem())

    def shown(self, cost: int) -> str:
        """Return the average pay, and how many are left out."""
        left_out, pay = _without(cost, self.problem.unassigned_cost)
        return ", ".join([f"{pay / 1000 / max(1, self.problem.leg_count):.2f}", *left_out])

    def name(self, leg: int) -> str:
        """Return the order's number."""
        return str(leg)

    def document(self, plan: "Plan", cpu_s: float) -> dict[str, Any]:
        """Return the contest's bundles and their average pay."""
        from dispatch.solver.formats import plans
        from dispatch.solver.formats.scores import ogc_score

        routes = self.orders.routes(plan)
        return {
            "routes": [list(route) for route in routes],
            "cost": ogc_score(self.orders, routes).cost,
            "vehicles": len(routes),
            "unassigned": [
                {"order": entry.leg, "reason": entry.reason.value} for entry in plan.unassigned
            ],
            **plans.figures(plan, cpu_s=cpu_s),
        }

    def judged(
        self, content: bytes, rounding: Rounding | None = None
    ) -> tuple[list[str], str, set[str]]:
        """Judge bundles."""
        from dispatch.solver.formats import plans
        from dispatch.solver.formats.scores import ogc_score

        del rounding
        read = plans.read_bundles(content)
        return _verdict(read, ogc_score(self.orders, read.bundles), "bundle")


class VroomCase(Case):
    """A file of VROOM's; what was read is ``model``."""

    def __init__(self, model: "Model") -> None:
        self.model = model
        self.unit = model.unit
        super().__init__(model.problem)

    def warm(self) -> "Plan | None":
        """Return the routes that the vehicles' steps describe."""
        return self.model.warm()

    def shown(self, cost: int) -> str:
        """Return VROOM's cost, without the price of what is left out unless the file gives it."""
        unit, prices = self.unit, self.problem.unassigned_cost.tolist()
        if self.model.has_prices:
            return f"{cost // unit:,}, the price of what is left out included"
        # The model's prices are multiples of what is more than all routes can cost.
        step = math.gcd(*prices) or cost + 1
        left_out, rest = divmod(cost, step)
        if not left_out:
            return f"{rest // unit:,}"
        count = "some" if len(set(prices)) > 1 else f"{left_out}"
        return f"{rest // unit:,}, {count} left out"

    def name(self, leg: int) -> str:
        """Return the job, or both ends of the shipment."""
        return self.model.name(leg)

    def document(self, plan: "Plan", cpu_s: float) -> dict[str, Any]:
        """Return VROOM's own answer."""
        from dispatch.solver.formats.vroom import answer

        return answer.write(self.model, plan, solving_ms=round(1000 * cpu_s))

    def judged(
        self, content: bytes, rounding: Rounding | None = None
    ) -> tuple[list[str], str, set[str]]:
        """Judge an answer of VROOM's."""
        from dispatch.solver.formats.vroom import answer

        del rounding
        read = answer.read(content)
        worth = counted(len(read.routes), "route")
        if read.cost is not None:
            worth += f", cost {read.cost}"
        return answer.broken(self.model, read), worth, set()


class AntmileCase(Case):
    """A file of our own.

    Parameters
    ----------
    problem : Problem
        What it says.
    places : (D, 2) float64, degrees, or None
        Latitude and longitude of each place, where the file says.
    """

    def __init__(self, problem: "Problem", places: "NDArray[np.float64] | None") -> None:
        super().__init__(problem)
        self.places = places

    def shown(self, cost: int) -> str:
        """Return the cost as it is."""
        return f"{cost}"

    def name(self, leg: int) -> str:
        """Return the leg's index."""
        return str(leg)

    def document(self, plan: "Plan", cpu_s: float) -> dict[str, Any]:
        """Return couriers and stops."""
        from dispatch.solver.formats import plans

        return plans.document(plan, cpu_s=cpu_s)

    def judged(
        self, content: bytes, rounding: Rounding | None = None
    ) -> tuple[list[str], str, set[str]]:
        """Judge couriers and stops by the oracle."""
        from dispatch.solver import check
        from dispatch.solver.formats import plans

        del rounding
        plan = plans.read(content, self.problem)
        faults = [
            f"{found.subject}: {found.constraint}: {found.detail}"
            for found in check.violations(self.problem, plan)
        ]
        return faults, f"{counted(len(plan.tours), 'tour')}, cost {plan.cost}", set()


def read_case(
    path: Path,
    format_: Format,
    *,
    objective: Objective | None = None,
    rounding: Rounding | None = None,
    outcome: str = "nothing was planned",
) -> Case:
    """Read a problem file.

    Parameters
    ----------
    objective : "vehicles" or "distance", optional
        Where the format has a depot; by default the former.
    rounding : "exact" or "dimacs", optional
        Where the format is ``vrptw``; by default the former.
    outcome : str
        What is said to follow where the file is bad.

    Raises
    ------
    typer.Exit
        With status 2, the first faults told on stderr by their lines or fields, how many more
        there are, and which other format the file looks like.
    """
    if objective is not None and format_ not in WITH_DEPOT:
        fail(f"--objective: {format_} says itself what counts; leave it out")
    if rounding is not None and format_ != "vrptw":
        fail(f"--rounding: only vrptw files are scored in two ways; {format_} has one")
    content = content_of(path)
    with told(path, outcome, hint=lambda: _other_format(path, content, format_)):
        return _case(path, content, format_, objective or "vehicles", rounding)


def _case(
    path: Path, content: bytes, format_: Format, objective: Objective, rounding: Rounding | None
) -> Case:
    from dispatch.solver.formats import antmile, ogc
    from dispatch.solver.formats.vroom.model import Model
    from dispatch.solver.formats.vroom.reader import read

    if format_ in WITH_DEPOT:
        depot = _depot(path, content, format_)
        if format_ == "vrptw":
            rounding = rounding or "exact"
        return DepotCase(depot, objective, rounding)
    if format_ == "ogc":
        return OgcCase(ogc.read(content))
    if format_ == "vroom":
        return VroomCase(Model(read(content)))
    is_archive = path.suffix == ".npz"
    read_placed = antmile.read_npz_placed if is_archive else antmile.read_placed
    return AntmileCase(*read_placed(content))


def _depot(path: Path, content: bytes, format_: Format) -> "Depot":
    from dispatch.solver.formats import lilim, sartori, vrptw
    from dispatch.solver.formats.faults import FormatError

    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise FormatError([f"byte {error.start}: is not UTF-8 text"]) from None
    if format_ == "lilim":
        return lilim.read(text, name=path.stem)
    return vrptw.read(text) if format_ == "vrptw" else sartori.read(text)


def content_of(path: Path) -> bytes:
    """Read a file that was named on the command line.

    Raises
    ------
    typer.Exit
        With status 2, where there is none.
    """
    try:
        return path.read_bytes()
    except (FileNotFoundError, NotADirectoryError):
        fail(f"{path}: no such file: give the path of one that is there")
    except IsADirectoryError:
        fail(f"{path}: is a folder: give the path of a file")


@contextmanager
def told(path: Path, outcome: str, *, hint: Callable[[], str] = str) -> Iterator[None]:
    """Turn what is wrong with a file into lines on stderr and exit status 2.

    Parameters
    ----------
    outcome : str
        What follows from it.
    hint : callable, optional
        Asked where something is wrong: a line on how to go on, or nothing.
    """
    from dispatch.solver.formats.faults import FormatError
    from dispatch.solver.problem import ProblemError

    try:
        yield
    except FormatError as error:
        faults = list(error.faults)
    except ProblemError as error:
        faults = [f"{field}: {message}" for field, message in error.faults]
    else:
        return
    for fault in faults[:FAULTS_TOLD]:
        typer.echo(f"{path}: {fault}", err=True)
    if len(faults) > FAULTS_TOLD:
        typer.echo(f"and {len(faults) - FAULTS_TOLD} more", err=True)
    if line := hint():
        typer.echo(line, err=True)
    fail(f"{counted(len(faults), 'fault')} in {path}: {outcome}")


def format_of(path: Path) -> Format:
    """Tell a problem file's format by how it begins.

    Raises
    ------
    typer.Exit
        With status 2, where it looks like none.
    """
    found = _looks_like(path, content_of(path))
    if found is None:
        fail(f"{path}: looks like none of {', '.join(get_args(Format))}: name its --format")
    return found


def _other_format(path: Path, content: bytes, format_: Format) -> str:
    """Return a line that names the format a file looks like, where it is another than given."""
    found = _looks_like(path, content)
    if found is None or found == format_:
        return ""
    return f"this looks like {found}: --format {found}"


def _looks_like(path: Path, content: bytes) -> Format | None:
    if path.suffix == ".npz":
        return "antmile"
    words = content.decode("utf-8-sig", errors="replace").split()
    if words and words[0].startswith("{"):
        keys = _keys(content)
        for format_, key in (("ogc", "RIDERS"), ("vroom", "vehicles"), ("antmile", "travel")):
            if key in keys:
                return next(known for known in get_args(Format) if known == format_)
    elif "VEHICLE" in words:
        return "vrptw"
    elif "NODES" in words:
        return "sartori"
    elif words and words[0].isdecimal():
        return "lilim"
    return None


def _keys(content: bytes) -> set[str]:
    try:
        value = json.loads(content.decode("utf-8-sig", errors="replace"))
    except (ValueError, RecursionError):
        return set()
    return set(value) if isinstance(value, dict) else set()


def _without(cost: int, prices: "NDArray[np.int64]") -> tuple[list[str], int]:
    """Split a cost into how many legs are left out, all at one price, and the rest."""
    left_out, rest = divmod(cost, int(prices[0]) if len(prices) else cost + 1)
    return [f"{left_out} left out"] if left_out else [], rest


def _verdict(read: "Routes", score: "Score", noun: str) -> tuple[list[str], str, set[str]]:
    """Compare what a plan file says of its routes with what they are worth."""
    faults = list(score.faults)
    if read.cost is not None and not abs(read.cost - score.cost) <= CENT:
        faults.append(f"cost: says {read.cost:.2f}, is {score.cost:.2f}")
    if read.vehicles is not None and read.vehicles != score.vehicles:
        faults.append(f"vehicles: says {read.vehicles}, is {score.vehicles}")
    unserved = {fault for fault in faults if fault.endswith(" is not served")}
    return faults, f"{counted(score.vehicles, noun)}, cost {score.cost:.2f}", unserved
