"""The tours of a plan on their map: streets, ways, numbered stops, and what is left out.

Marks that would cover each other move apart and keep a thread to where they belong. Knows no
page: `plan_picture` puts the map between its title and its key.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from html import escape
from itertools import pairwise

import numpy as np

from dispatch.sim.plan_sheet import (
    LETTER_PX,
    WIDTH_PX,
    Floats,
    Sheet,
    bounds_of,
    colour_of,
    ends_of_leg,
    place_of,
    used_places,
)
from dispatch.solver.plan import Action, PlannedStop, PlannedTour
from maps.earth import METRES_PER_DEGREE, Bounds
from maps.render import Canvas, roads_svg, scale_bar_svg

LEAST_SHAPE, MOST_SHAPE = 0.55, 1.15
"""Height by width of a map."""
ROADS_BYTES = 400_000
MARGIN_SHARE = 0.07
LEAST_SPAN_M = 300.0
MANY, TOO_MANY = 60, 240
"""Marks are smaller above the one, and without numbers above the other."""
APART_PX = 1.3
"""Ways of tours on one street lie so far apart."""
ARROW_FROM_PX = 60.0
TURNS = 12

Box = tuple[float, float, float, float]


class Plane:
    """A part of a plane on a picture, as `maps.render.Canvas` is one of the earth."""

    def __init__(self, low: Floats, high: Floats, *, width_px: int) -> None:
        self._west, self._north = float(low[1]), float(high[0])
        self._scale = width_px / float(high[1] - low[1])
        self.width_px = width_px
        self.height_px = round(float(high[0] - low[0]) * self._scale)

    def xy(self, up: Floats, right: Floats) -> Floats:
        """Return pixels right of and below the upper left corner, (n, 2) float64."""
        return (
            np.column_stack((np.atleast_1d(right) - self._west, self._north - np.atleast_1d(up)))
            * self._scale
        )


@dataclass(frozen=True, slots=True)
class _Mark:
    """A mark for stops in a row at one place."""

    x: float
    y: float
    text: str
    colour: str
    action: Action
    title: str
    is_late: bool


def canvas_of(sheet: Sheet) -> Canvas | Plane:
    """Return a canvas around all that is shown, neither too flat nor too tall."""
    places = sheet.places[used_places(sheet.problem, sheet.plan, sheet.shown)]
    inner = [line for ways in sheet.lines for line in ways]
    points = np.concatenate([places, *inner]) if len(places) else np.zeros((1, 2))
    low, high = points.min(axis=0), points.max(axis=0)
    # Degrees of longitude are shorter than those of latitude.
    squeeze = math.cos(math.radians((low[0] + high[0]) / 2)) if sheet.is_earth else 1.0
    size = (high - low) * (1.0, squeeze)
    least = LEAST_SPAN_M / METRES_PER_DEGREE if sheet.is_earth else 1e-6
    size = size + 2 * MARGIN_SHARE * max(size.max(), least)
    size = np.array((max(size[0], LEAST_SHAPE * size[1]), max(size[1], size[0] / MOST_SHAPE))) / (
        1.0,
        squeeze,
    )
    middle = (low + high) / 2
    low, high = middle - size / 2, middle + size / 2
    if not sheet.is_earth:
        return Plane(low, high, width_px=WIDTH_PX)
    box = Bounds(south=float(low[0]), west=float(low[1]), north=float(high[0]), east=float(high[1]))
    return Canvas(box, width_px=WIDTH_PX)


def map_svg(sheet: Sheet, canvas: Canvas | Plane) -> str:
    """Draw the map as SVG elements; classes are styled by the page."""
    parts: list[str] = []
    if isinstance(canvas, Canvas) and sheet.network is not None:
        parts.append(roads_svg(sheet.network, canvas, max_bytes=ROADS_BYTES))
    marks = [mark for row in range(len(sheet.shown)) for mark in _marks(sheet, canvas, row)]
    parts += [_ways(sheet, canvas, row) for row in range(len(sheet.shown))]
    crosses = _Crosses(sheet, canvas)
    homes = list(_homes(sheet, canvas))
    parts += [crosses.threads(), *(svg for _, svg in homes)]
    spread = _Spread(canvas.width_px, canvas.height_px, _radius(len(marks)))
    spread.keep_clear([*crosses.boxes(), *(box for box, _ in homes)])
    parts += spread.drawn(marks)
    parts.append(crosses.drawn(spread.taken))
    if isinstance(canvas, Canvas):
        parts.append(scale_bar_svg(canvas))
    return "".join(parts)


def _radius(count: int) -> float:
    if count > TOO_MANY:
        return 4.0
    return 8.0 if count > MANY else 11.5


def _xy(sheet: Sheet, canvas: Canvas | Plane, place: int) -> tuple[float, float]:
    x, y = canvas.xy(sheet.places[place, 0], sheet.places[place, 1])[0].tolist()
    return x, y


def _ways(sheet: Sheet, canvas: Canvas | Plane, row: int) -> str:
    """Draw a tour's ways, moved a little aside, so that two tours on a street are both seen."""
    turn = 2 * math.pi * row / max(1, len(sheet.shown))
    reach = APART_PX if len(sheet.shown) > 1 else 0.0
    aside = np.array((math.cos(turn), math.sin(turn))) * reach
    lines = [canvas.xy(line[:, 0], line[:, 1]) + aside for line in sheet.lines[row]]
    data = "".join(_path(line) for line in lines)
    if not data:
        return ""
    name = escape(sheet.names[sheet.shown[row]])
    arrows = "".join(_arrow(line) for line in lines)
    return (
        f'<g class="way" style="--c:{colour_of(sheet.shown[row])}"><title>{name}</title>'
        f'<path class="case" d="{data}"/><path d="{data}"/><path class="arrow" d="{arrows}"/></g>'
    )


def _path(line: Floats) -> str:
    """Write a line as path data; points nearer than half a pixel are left out."""
    kept = [line[0]]
    for point in line[1:]:
        if math.dist(point, kept[-1]) >= 1 / 2:
            kept.append(point)
    kept = kept if len(kept) > 1 else [*kept, line[-1]]
    return "M" + "L".join(f"{x:.1f} {y:.1f}" for x, y in kept)


def _arrow(line: Floats) -> str:
    """Write a chevron half-way along a line that is long enough for one."""
    steps = np.hypot(*np.diff(line, axis=0).T)
    total = float(steps.sum())
    if total < ARROW_FROM_PX:
        return ""
    before = np.concatenate(([0.0], np.cumsum(steps)))
    k = int(np.searchsorted(before, total / 2, side="right")) - 1
    share = (total / 2 - before[k]) / steps[k]
    x, y = line[k] + share * (line[k + 1] - line[k])
    along = (line[k + 1] - line[k]) / steps[k]
    across = np.array((-along[1], along[0]))
    a, b = (-3.5 * along + side * 4.0 * across for side in (1, -1))
    tip = 3.5 * along
    ends = [f"{x + dx:.1f} {y + dy:.1f}" for dx, dy in (a, tip, b)]
    return "M" + "L".join(ends)


def _marks(sheet: Sheet, canvas: Canvas | Plane, row: int) -> Iterator[_Mark]:
    """Give a mark for all stops in a row that do the same at one place."""
    index = sheet.shown[row]
    tour = sheet.plan.tours[index]
    for group in grouped(sheet, tour):
        numbers = [number for number, _ in group]
        stops = [stop for _, stop in group]
        place = _place(sheet, tour, stops[0])
        if place < 0:
            continue
        x, y = _xy(sheet, canvas, place)
        lines = [sheet.names[index], *(sheet.stop_line(*its) for its in group)]
        span = f"{numbers[0]}" if len(numbers) == 1 else f"{numbers[0]}\N{EN DASH}{numbers[-1]}"
        late = any(stop.starts_at > bounds_of(sheet.problem, stop)[1] for stop in stops)
        yield _Mark(x, y, span, colour_of(index), stops[0].action, "\n".join(lines), late)


def grouped(sheet: Sheet, tour: PlannedTour) -> list[list[tuple[int, PlannedStop]]]:
    """Return a tour's stops with their numbers, those together that do the same at one place."""
    groups: list[list[tuple[int, PlannedStop]]] = []
    key: tuple[int, Action] | None = None
    for number, stop in enumerate(tour.stops, start=1):
        its = (place_of(sheet.problem, stop), stop.action)
        if its != key:
            groups.append([])
        groups[-1].append((number, stop))
        key = its
    return groups


def _place(sheet: Sheet, tour: PlannedTour, stop: PlannedStop) -> int:
    """Return where a stop is drawn: what is carried to the tour's end, at that end."""
    place = place_of(sheet.problem, stop)
    return place if place >= 0 else int(sheet.problem.end_place[tour.courier])


def _homes(sheet: Sheet, canvas: Canvas | Plane) -> Iterator[tuple[Box, str]]:
    """Draw where tours start and end, once for each place; tell what each covers."""
    tours: dict[int, list[int]] = {}
    for index in sheet.shown:
        courier = sheet.plan.tours[index].courier
        for ends in (sheet.problem.start_place, sheet.problem.end_place):
            place = int(ends[courier])
            if place >= 0 and index not in tours.setdefault(place, []):
                tours[place].append(index)
    for place, whose in sorted(tours.items()):
        x, y = _xy(sheet, canvas, place)
        colour = colour_of(whose[0]) if len(whose) == 1 else "#20262e"
        title = "start or end of " + ", ".join(sheet.names[index] for index in whose)
        yield (x - 8, y - 8, x + 8, y + 8), home_svg(x, y, colour, title)


def home_svg(x: float, y: float, colour: str, title: str = "") -> str:
    """Draw where a tour starts or ends."""
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<g class="home" style="--c:{colour}">{inside}'
        f'<path d="M{x:.1f} {y - 10:.1f}l10 10-10 10-10-10z"/></g>'
    )


class _Crosses:
    """Legs left out: a cross at their drop-off, a thread from their pickup, name and reason."""

    def __init__(self, sheet: Sheet, canvas: Canvas | Plane) -> None:
        self._sheet = sheet
        self._width, self._height = canvas.width_px, canvas.height_px
        self._ends: list[tuple[int, str, list[tuple[float, float]]]] = []
        for entry in sheet.plan.unassigned:
            places = [place for place in ends_of_leg(sheet.problem, entry.leg) if place >= 0]
            reason = entry.reason.value.replace("_", " ").lower()
            spots = [_xy(sheet, canvas, place) for place in places]
            if spots:
                self._ends.append((entry.leg, reason, spots))

    def boxes(self) -> list[Box]:
        return [(x - 8, y - 8, x + 8, y + 8) for _, _, spots in self._ends for x, y in spots[-1:]]

    def threads(self) -> str:
        data = "".join(
            f"M{a[0]:.1f} {a[1]:.1f}L{b[0]:.1f} {b[1]:.1f}"
            for _, _, spots in self._ends
            for a, b in pairwise(spots)
        )
        return f'<path class="left-thread" d="{data}"/>' if data else ""

    def drawn(self, taken: list[Box]) -> str:
        parts = []
        for leg, reason, spots in self._ends:
            x, y = spots[-1]
            title = escape(f"{self._sheet.leg(leg)} is left out: {reason}")
            parts.append(f"<g><title>{title}</title>{cross_svg(x, y)}</g>")
            if len(self._ends) <= MANY:
                text = f"{self._sheet.leg_name(leg)}: {reason}"
                parts.append(self._label(x, y, text, taken))
        return "".join(parts)

    def _label(self, x: float, y: float, text: str, taken: list[Box]) -> str:
        """Write which and why beside its cross, where it covers nothing."""
        width = len(text) * LETTER_PX * 0.9
        for left, top in (
            (x + 10, y - 9),
            (x - 10 - width, y - 9),
            (x - width / 2, y + 9),
            (x - width / 2, y - 27),
        ):
            box = (left, top, left + width, top + 18)
            is_inside = left > 2 and top > 2 and box[2] < self._width and box[3] < self._height  # noqa: PLR2004
            if is_inside and not any(overlap(box, other) for other in taken):
                taken.append(box)
                anchor = "end" if box[2] < x else "start" if left > x else "middle"
                at = {"end": box[2], "start": left, "middle": x}[anchor]
                return (
                    f'<text class="why" x="{at:.1f}" y="{top + 14:.1f}" '
                    f'text-anchor="{anchor}">{escape(text)}</text>'
                )
        return ""


def cross_svg(x: float, y: float) -> str:
    """Draw what stands for a leg left out."""
    d = f"M{x - 6:.1f} {y - 6:.1f}l12 12m0-12l-12 12"
    return f'<path class="cross back" d="{d}"/><path class="cross" d="{d}"/>'


class _Spread:
    """Puts marks where they cover none of the others.

    Attributes
    ----------
    taken : list of (left, top, right, bottom)
        What is covered so far.
    """

    def __init__(self, width_px: float, height_px: float, radius: float) -> None:
        self._width, self._height, self._radius = width_px, height_px, radius
        self.taken: list[Box] = []

    def keep_clear(self, boxes: Sequence[Box]) -> None:
        self.taken += boxes

    def drawn(self, marks: Sequence[_Mark]) -> list[str]:
        """Return threads below all marks, then the marks."""
        threads: list[str] = []
        drawn: list[str] = []
        for mark in marks:
            half = self._half(mark)
            x, y = self._free_spot(mark, half)
            self.taken.append((x - half, y - self._radius, x + half, y + self._radius))
            if (x, y) != (mark.x, mark.y):
                threads.append(
                    f'<path class="thread" style="--c:{mark.colour}" '
                    f'd="M{mark.x:.1f} {mark.y:.1f}L{x:.1f} {y:.1f}"/>'
                    f'<circle class="foot" style="--c:{mark.colour}" cx="{mark.x:.1f}" '
                    f'cy="{mark.y:.1f}" r="2.6"/>'
                )
            drawn.append(self._mark(mark, x, y, half))
        return [*threads, *drawn]

    def _half(self, mark: _Mark) -> float:
        """Return half of a mark's width: one or two digits fill a circle."""
        spare = max(0, len(mark.text) - 2) if self._radius > 4 else 0  # noqa: PLR2004
        return self._radius + spare * 4.6

    def _free_spot(self, mark: _Mark, half: float) -> tuple[float, float]:
        """Look at the place itself, then in growing circles around it."""
        for ring in range(7):
            reach = ring * self._radius * 1.1 + (self._radius if ring else 0.0)
            for step in range(TURNS if ring else 1):
                turn = 2 * math.pi * step / TURNS
                x = mark.x + reach * math.cos(turn) * max(1.0, half / self._radius * 0.8)
                y = mark.y + reach * math.sin(turn)
                box = (x - half, y - self._radius, x + half, y + self._radius)
                fits = box[0] >= 0 and box[1] >= 0
                fits = fits and box[2] <= self._width and box[3] <= self._height
                if fits and not any(overlap(box, other) for other in self.taken):
                    return x, y
        return mark.x, mark.y

    def _mark(self, mark: _Mark, x: float, y: float, half: float) -> str:
        text = mark.text if self._radius > 4 else ""  # noqa: PLR2004
        return stop_svg(
            (x, y), (half, self._radius), mark.action, mark.colour,
            text=text, title=mark.title, is_late=mark.is_late,
        )  # fmt: skip


def stop_svg(
    at: tuple[float, float],
    halves: tuple[float, float],
    action: Action,
    colour: str,
    *,
    text: str = "",
    title: str = "",
    is_late: bool = False,
) -> str:
    """Draw a stop: a white square for a pickup, a filled disc for a drop-off, a red rim if late."""
    (x, y), (half, high) = at, halves
    kind = "pickup" if action is Action.PICKUP else "dropoff"
    round_px = 3.0 if action is Action.PICKUP else high
    inside = f"<title>{escape(title)}</title>" if title else ""
    digits = f'<text x="{x:.1f}" y="{y:.1f}">{escape(text)}</text>' if text else ""
    size = "" if high > 8 else " small"  # noqa: PLR2004
    late = " late" if is_late else ""
    return (
        f'<g class="stop {kind}{size}{late}" style="--c:{colour}">{inside}<rect '
        f'x="{x - half:.1f}" y="{y - high:.1f}" width="{2 * half:.1f}" height="{2 * high:.1f}" '
        f'rx="{round_px:.1f}"/>{digits}</g>'
    )


def overlap(a: Box, b: Box) -> bool:
    """Say whether two boxes cover each other."""
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]
