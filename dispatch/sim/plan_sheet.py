"""What a picture of a plan shows, and how its parts look: colours, marks, measures.

Shared by the map (`plan_map`), the timelines (`plan_lanes`) and the page around them
(`plan_picture`). Reads plans and problems; must not import the engine.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour
from dispatch.solver.problem import Problem
from maps.network import RoadNetwork

Floats: TypeAlias = NDArray[np.float64]
Span: TypeAlias = tuple[int, int]

WIDTH_PX = 720
"""Of the drawing's own measure; a browser scales it to the page."""

LETTER_PX = 9.6
"""Room for a letter where the page is narrow and letters are large against the drawing."""

_COLOURS = (
    "#0067a8", "#c84b00", "#00805d", "#9c3587", "#5b50b8", "#8a6500",
    "#b81f4f", "#2d7d9a", "#4f7a1c", "#7a4a21", "#3f51d0", "#a0522d",
)  # fmt: skip
"""All dark enough for white digits; after Okabe and Ito's, told apart by most eyes."""
_GOLDEN_TURN = 137.508
_HOUR_S, _MINUTE_S, _DAY_S = 3600, 60, 86_400


@dataclass(frozen=True, slots=True, kw_only=True)
class Ticks:
    """What the ticks of a problem are in its file.

    Attributes
    ----------
    per_unit : int
        So many ticks are one unit of the file.
    unit_s : int or None
        Seconds that a unit has; None where it has no name.
    origin : int
        The file's time of tick 0, units.
    """

    per_unit: int = 1
    unit_s: int | None = 1
    origin: int = 0

    def moment(self, tick: int) -> str:
        """Return a tick as ``1:05`` in hours and minutes, or as a number of units."""
        value = tick / self.per_unit + self.origin
        if self.unit_s is None:
            return f"{value:.4g}"
        seconds = round(value * self.unit_s)
        # Seconds since 1970 are told as the time of their day, UTC.
        sign, size = ("-" if seconds < 0 else ""), abs(seconds) % (365 * _DAY_S)
        size = size % _DAY_S if abs(seconds) > 365 * _DAY_S else size
        return f"{sign}{size // _HOUR_S}:{size % _HOUR_S // _MINUTE_S:02}"

    def duration(self, ticks: int) -> str:
        """Return a length of time as ``1 h 05 min``, ``12 min``, ``40 s``, or in units."""
        value = ticks / self.per_unit
        if self.unit_s is None:
            return f"{value:.4g}"
        seconds = round(value * self.unit_s)
        if seconds < _MINUTE_S:
            return f"{seconds} s"
        hours, minutes = divmod(round(seconds / _MINUTE_S), 60)
        return f"{hours} h {minutes:02} min" if hours else f"{minutes} min"


@dataclass(frozen=True, slots=True, kw_only=True)
class Sheet:
    """A plan and all that a picture of it needs.

    Attributes
    ----------
    title, worth : str
        What is planned, and what it costs.
    problem, plan : Problem, Plan
    names : tuple of str
        Of the tours of the plan.
    shown : tuple of int
        The tours that are drawn, by their place in the plan.
    leg_name : callable
        What a leg is called.
    ticks : Ticks
        For whoever reads the times.
    places : (D, 2) float64
        Latitude and longitude; or coordinates of a plane, the one that grows upwards first.
    is_earth : bool
        Which of the two.
    lines : sequence of sequence of (k, 2) float64
        For each tour that is drawn its ways from place to place, in coordinates like `places`.
    network : RoadNetwork or None
        The streets below them.
    faults : tuple of str
        What the plan breaks.
    """

    title: str
    worth: str
    problem: Problem
    plan: Plan
    names: tuple[str, ...]
    shown: tuple[int, ...]
    leg_name: Callable[[int], str]
    ticks: Ticks
    places: Floats
    is_earth: bool
    lines: Sequence[Sequence[Floats]]
    network: RoadNetwork | None = None
    faults: tuple[str, ...] = ()

    @property
    def tours(self) -> list[PlannedTour]:
        """The tours that are drawn."""
        return [self.plan.tours[index] for index in self.shown]

    def leg(self, leg: int) -> str:
        """Return what a leg is called, ``leg 7`` where its name is no more than a number."""
        name = self.leg_name(leg)
        return f"leg {name}" if name[:1].isdigit() else name

    def stop_line(self, number: int, stop: PlannedStop) -> str:
        """Say what happens at a stop, and when, in one line."""
        opens, due, _ = bounds_of(self.problem, stop)
        moment = self.ticks.moment
        told = f"{number}: {_ACTIONS[stop.action]} of {self.leg(stop.leg)}, "
        told += f"{moment(stop.starts_at)} to {moment(stop.leaves_at)}"
        if stop.starts_at > due:
            return f"{told}, {self.ticks.duration(stop.starts_at - due)} late"
        if opens > stop.arrives_at:
            told += f", opens {moment(opens)}"
        is_soon = due < max(tour.ends_at for tour in self.plan.tours)
        return f"{told}, due {moment(due)}" if is_soon else told


_ACTIONS = {Action.PICKUP: "pickup", Action.DROPOFF: "drop-off"}


def colour_of(index: int) -> str:
    """Return a colour for a tour: chosen ones first, then as many as are wanted."""
    if index < len(_COLOURS):
        return _COLOURS[index]
    return f"hsl({index * _GOLDEN_TURN % 360:.0f} 60% 33%)"


def bounds_of(problem: Problem, stop: PlannedStop) -> tuple[int, int, int]:
    """Return when a stop opens, is due and closes, ticks."""
    if stop.action is Action.PICKUP:
        closes = int(problem.pickup_closes[stop.leg])
        return int(problem.pickup_opens[stop.leg]), closes, closes
    columns = (problem.option_opens, problem.option_due, problem.option_closes)
    opens, due, closes = (int(column[stop.option]) for column in columns)
    return opens, due, closes


def place_of(problem: Problem, stop: PlannedStop) -> int:
    """Return the place of a stop; -1 where it is the tour's end."""
    if stop.action is Action.PICKUP:
        return int(problem.pickup_place[stop.leg])
    return int(problem.option_place[stop.option])


def places_of(problem: Problem, tour: PlannedTour) -> list[int]:
    """Return the places that a tour comes to, in order, from its start to its end."""
    ends = [int(problem.start_place[tour.courier]), int(problem.end_place[tour.courier])]
    visited = [place_of(problem, stop) for stop in tour.stops]
    found = [place for place in (ends[0], *visited, ends[1]) if place >= 0]
    return [place for k, place in enumerate(found) if k == 0 or place != found[k - 1]]


def ends_of_leg(problem: Problem, leg: int) -> tuple[int, int]:
    """Return a leg's pickup and the first of its drop-offs; -1 where there is no such place."""
    dropoffs = problem.option_place[problem.options_of(leg)]
    known = dropoffs[dropoffs >= 0]
    return int(problem.pickup_place[leg]), int(known[0]) if len(known) else -1


def used_places(problem: Problem, plan: Plan, shown: Sequence[int]) -> list[int]:
    """Return every place that a picture shows, sorted."""
    found = {place for index in shown for place in places_of(problem, plan.tours[index])}
    for entry in plan.unassigned:
        found |= {place for place in ends_of_leg(problem, entry.leg) if place >= 0}
    return sorted(found)
