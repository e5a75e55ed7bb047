"""What a solver answers: tours, and a coded reason for every leg left out.

A plan says how it was made (engine, seed, limits, the values that `progress` gave), so that it can
be made again. Nothing here knows how plans are found or checked.
"""

from dataclasses import dataclass
from enum import StrEnum
from typing import Literal

Engine = Literal["routing", "search", "insert"]
"""Who plans: OR-Tools' loop with the compiled search inside, that search alone, or insertion."""


class Action(StrEnum):
    """What happens at a stop."""

    PICKUP = "pickup"
    DROPOFF = "dropoff"


class Reason(StrEnum):
    """Why a leg was left out: the one list of codes, for the whole product."""

    NO_COURIER_IN_RANGE = "NO_COURIER_IN_RANGE"
    PERMIT = "PERMIT"
    SKILL = "SKILL"
    CAPACITY = "CAPACITY"
    WINDOW = "WINDOW"
    HOURS = "HOURS"
    LEASH = "LEASH"
    POST = "POST"
    HUB_FULL = "HUB_FULL"
    AREA = "AREA"
    FROZEN = "FROZEN"
    UNREACHABLE = "UNREACHABLE"
    PRECEDENCE = "PRECEDENCE"
    NOT_WORTH_IT = "NOT_WORTH_IT"
    OFFERS_EXHAUSTED = "OFFERS_EXHAUSTED"
    SEARCH_LIMIT = "SEARCH_LIMIT"


class StoppedBy(StrEnum):
    """What ended the search."""

    DONE = "DONE"
    """It found nothing more to improve."""
    ITERATION_LIMIT = "ITERATION_LIMIT"
    """It took as many steps as it was allowed to."""
    SOLUTION_LIMIT = "SOLUTION_LIMIT"
    """It met as many solutions as it was allowed to."""
    STEP_LIMIT = "STEP_LIMIT"
    """It met no further solution in a fixed, large number of steps."""
    PROGRESS = "PROGRESS"
    """`progress()` gave 1. Where a clock stands behind it, the plan may differ next time."""


DEFECT = "defect: "
"""How a note begins that tells of a mistake of the engine."""


@dataclass(frozen=True, slots=True)
class PlannedStop:
    """One pickup or drop-off, in ticks of the problem.

    Parameters
    ----------
    leg : int
        Index of the leg.
    action : Action
        Pickup or drop-off.
    option : int
        Index of the drop-off option; -1 at a pickup.
    arrives_at, starts_at, leaves_at : int, ticks
        Arrival, start of service (after waiting), end of service.

    """

    leg: int
    action: Action
    option: int
    arrives_at: int
    starts_at: int
    leaves_at: int


@dataclass(frozen=True, slots=True)
class PlannedTour:
    """One courier's way.

    Parameters
    ----------
    courier : int
        Index of the courier (or class: as many tours as its `count` may name it).
    departs_at, ends_at : int, ticks
        Departure from the start place (from the first stop where the start is free), and the end.
    stops : tuple of PlannedStop
        In order. Empty only for a courier who is already away: the way home.

    """

    courier: int
    departs_at: int
    ends_at: int
    stops: tuple[PlannedStop, ...]


@dataclass(frozen=True, slots=True)
class Unassigned:
    """A leg left out, and why."""

    leg: int
    reason: Reason


@dataclass(frozen=True, slots=True, kw_only=True)
class Plan:
    """Tours for one `Problem`, sorted by courier.

    Parameters
    ----------
    tours : tuple of PlannedTour
        Sorted by courier.
    unassigned : tuple of Unassigned
        Sorted by leg; with `tours` it names every leg exactly once.
    cost : int, minor currency units x 1000
        All costs of the problem, `unassigned_cost` included.
    engine : str
        What found it: "routing", "search" or "insert".
    notes : tuple of str
        What the reader should know, in plain English.
    stopped_by : StoppedBy
        What ended the search.
    seed, solution_limit : int
        What the search was given; 0 where it uses none.
    progress : tuple of float
        Every value that `progress()` gave, in order: played back, they repeat the plan.
    iterations : int
        How many moves the search tried; 0 where there was no search.
    threads : int
        On how many threads it ran.
    chunks : tuple of int, iterations
        How long each stretch between two values of `progress` was; with them a timed plan can be
        repeated.

    """

    tours: tuple[PlannedTour, ...]
    unassigned: tuple[Unassigned, ...]
    cost: int
    engine: str
    notes: tuple[str, ...] = ()
    stopped_by: StoppedBy = StoppedBy.DONE
    seed: int = 0
    solution_limit: int = 0
    progress: tuple[float, ...] = ()
    iterations: int = 0
    threads: int = 1
    chunks: tuple[int, ...] = ()

    @property
    def defects(self) -> tuple[str, ...]:
        """Those notes that tell of a mistake of the engine."""
        return tuple(note for note in self.notes if note.startswith(DEFECT))
