"""What VROOM's JSON says, as values; `reader` makes them."""

from dataclasses import dataclass, field
from typing import Any, Literal

from dispatch.solver.arrays import IntArray

Kind = Literal["job", "pickup", "delivery"]

KINDS: tuple[Kind, ...] = ("job", "pickup", "delivery")

Window = tuple[int, int]


@dataclass(frozen=True, slots=True)
class Spot:
    """A place: its row in the matrices, and its coordinates, which are only handed through."""

    index: int
    location: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Task:
    """A stop: a job, or one end of a shipment. Seconds."""

    path: str
    kind: Kind
    id: int
    description: str
    spot: Spot
    service: int
    windows: tuple[Window, ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """A job or a shipment.

    Parameters
    ----------
    path : str
        Where it stands, as in ``jobs[3]``.
    tasks : tuple of Task
        The job, or pickup and delivery.
    amount : list of int
        What it takes up.
    is_collected : bool
        A job that is picked up and stays on board until the tour's end.
    skills : list of int
    priority : int
    unassigned_cost : int or None
        Our own: what it costs to leave it out.

    """

    path: str
    tasks: tuple[Task, ...]
    amount: list[int]
    is_collected: bool
    skills: list[int]
    priority: int
    unassigned_cost: int | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Vehicle:
    """A vehicle; `steps` is a route to begin with, by kind and id of its tasks."""

    path: str
    id: int
    profile: str
    description: str
    start: Spot | None
    end: Spot | None
    capacity: list[int]
    skills: list[int]
    window: Window | None
    most_tasks: int | None
    costs: dict[str, int]
    steps: tuple[tuple[Kind, int], ...]


@dataclass(frozen=True, slots=True)
class Matrices:
    """The matrices of a profile, (D, D) each: seconds, metres, cost; those not given are None."""

    durations: IntArray
    distances: IntArray | None
    costs: IntArray | None


@dataclass(frozen=True, kw_only=True)
class Input:
    """A whole file.

    Parameters
    ----------
    works : tuple of Work
        Jobs, then shipments.
    vehicles : tuple of Vehicle
    matrices : dict of str to Matrices
        By profile.
    dimensions : int
        How many numbers an amount has.

    """

    works: tuple[Work, ...]
    vehicles: tuple[Vehicle, ...]
    matrices: dict[str, Matrices] = field(repr=False)
    dimensions: int


def kind_of(word: str) -> Kind | None:
    """Give the kind of task that a step's type names; None where it names none."""
    return next((kind for kind in KINDS if kind == word), None)
