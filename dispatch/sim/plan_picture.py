"""A plan as one picture: the map of its tours, their timelines, a key, cost and counts.

The document is whole: it needs no script, no stylesheet, no font and no tile server. It scales
with the page, and letters grow against the drawing where the page is narrow.
"""

import re
from collections.abc import Iterator, Sequence
from html import escape
from itertools import pairwise
from textwrap import wrap
from typing import Protocol

import numpy as np

from dispatch.sim import words
from dispatch.sim.plan_lanes import lanes_svg
from dispatch.sim.plan_map import Plane, canvas_of, cross_svg, home_svg, map_svg, stop_svg
from dispatch.sim.plan_sheet import (
    LETTER_PX,
    WIDTH_PX,
    Floats,
    Sheet,
    bounds_of,
    places_of,
)
from dispatch.solver.plan import Action, PlannedTour
from dispatch.solver.problem import Problem
from maps.earth import Point
from maps.straight import Route

_CREDIT = "\N{COPYRIGHT SIGN} OpenStreetMap contributors"
"""What the licence of the data asks of every picture (https://www.openstreetmap.org/copyright)."""

_STYLE = """
svg{font:13px system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC",sans-serif;\
fill:#20262e}
.paper{fill:#fff}.ground{fill:#f4f2ec}.plane{fill:#f7f8fa}
.title{font-size:20px;font-weight:700}.worth{font-size:15px;font-weight:600}
.note,.small-note,.hour{fill:#555d68}.fault,.head{font-weight:600}.fault{fill:#b3161b}
.roads path{fill:none;stroke-linecap:round;stroke-linejoin:round}
.road-major{stroke:#f3cd85;stroke-width:5}.road-street{stroke:#fff;stroke-width:4}
.road-service{stroke:#fff;stroke-width:2}.road-path{stroke:#d6cfc0;stroke-width:1}
.road-ferry{stroke:#9fbdd6;stroke-width:1;stroke-dasharray:5 4}
.way path{fill:none;stroke:var(--c);stroke-width:3;stroke-linejoin:round;stroke-linecap:round}
.way .case{stroke:#fff;stroke-width:5.5;stroke-opacity:.75}.way .arrow{stroke-width:2.2}
.home path{fill:var(--c);stroke:#fff;stroke-width:2}
.thread{stroke:var(--c);stroke-width:1.2}.foot{fill:var(--c);stroke:#fff;stroke-width:1}
.stop rect{stroke:var(--c);stroke-width:2}.pickup rect{fill:#fff}.dropoff rect{fill:var(--c);\
stroke:#fff;stroke-width:1.5}.stop.late rect{stroke:#d4141c;stroke-width:3}
.stop text{font-size:12px;font-weight:700;text-anchor:middle;dominant-baseline:central}
.stop.small text{font-size:9.5px}.pickup text{fill:var(--c)}.dropoff text{fill:#fff}
.cross{fill:none;stroke:#d4141c;stroke-width:3;stroke-linecap:round}.cross.back{stroke:#fff;\
stroke-width:6.5}
.left-thread{fill:none;stroke:#d4141c;stroke-width:1.3;stroke-dasharray:2 4;stroke-opacity:.7}
.why{fill:#b3161b;font-weight:600}.why,.scale text,.credit{stroke:#f4f2ec;stroke-width:3.5px;\
paint-order:stroke;stroke-linejoin:round}
.scale path{fill:none;stroke:#333;stroke-width:1.6}.scale text{font-size:12px}
.credit{font-size:11px;fill:#555;text-anchor:end}
.grid{stroke:#e3e6ea}.rule{stroke:#e3e6ea}.hour,.number{text-anchor:middle}
.number{font-size:10.5px;font-weight:600;fill:var(--c)}.who{font-weight:600}
.chip,.service,.travel{fill:var(--c)}.travel{fill-opacity:.55}.duty{fill:#eef0f3}
.waiting{fill:url(#hatch)}.service.late{stroke:#d4141c;stroke-width:2}
.window{stroke:var(--c);stroke-width:2.4;stroke-opacity:.4}
.grace{stroke:var(--c);stroke-width:1.2;stroke-opacity:.6;stroke-dasharray:2 3}
.late-line{stroke:#d4141c;stroke-width:2.4}.dot{fill:var(--c)}.dot.late{fill:#d4141c}
@media(max-width:560px){svg{font-size:18px}.title{font-size:24px}.worth{font-size:19px}
.stop text{font-size:15px}.stop.small text{font-size:11.5px}.number{font-size:15px}
.scale text,.credit{font-size:15px}.why{font-size:16.5px}}
"""
_HATCH = (
    '<defs><pattern id="hatch" width="5" height="5" patternUnits="userSpaceOnUse" '
    'patternTransform="rotate(45)"><rect width="5" height="5" fill="#fff"/>'
    '<rect width="2" height="5" fill="#9aa2ad"/></pattern></defs>'
)

_LEFT_PX, _LINE_PX, _KEY_PX = 12.0, 22.0, 28.0

NO_BREAK = "\N{NO-BREAK SPACE}"
"""Between a number and its unit."""
MOST_LEFT_OUT = 12
"""So many legs left out are named below the picture."""
WIDEST_PX = 1040
_KEY_COLOUR = "#4a5563"


class Routes(Protocol):
    """What a picture needs of the map: `maps.travel.TravelTimes` or its twin."""

    def route(self, mode: str, a: Point, b: Point) -> Route:
        """Return the fastest way between two points."""


def ways_of(
    problem: Problem,
    tours: Sequence[PlannedTour],
    points: Sequence[Point],
    mode: str,
    routes: Routes,
) -> list[list[Floats]]:
    """Find the ways of tours along the streets, for `Sheet.lines`.

    Parameters
    ----------
    problem : Problem
    tours : sequence of PlannedTour
    points : D points
        Where the places lie.
    mode : str
        Of travel.
    routes : Routes
        Asked once for each pair of places.

    Raises
    ------
    maps.network.MapError
        A place lies too far from every road.
    """
    known: dict[tuple[int, int], Floats] = {}
    found = []
    for tour in tours:
        pairs = list(pairwise(places_of(problem, tour)))
        for a, b in pairs:
            if (a, b) not in known:
                known[a, b] = np.array(routes.route(mode, points[a], points[b]).polyline)
        found.append([known[pair] for pair in pairs])
    return found


def straight_ways_of(
    problem: Problem, tours: Sequence[PlannedTour], places: Floats
) -> list[list[Floats]]:
    """Return the ways of tours as straight lines, for `Sheet.lines`."""
    return [[places[[a, b]] for a, b in pairwise(places_of(problem, tour))] for tour in tours]


def plan_svg(sheet: Sheet) -> str:
    """Draw a plan as an SVG document."""
    head, y = _head(sheet)
    canvas = canvas_of(sheet)
    height = canvas.height_px
    ground = "plane" if isinstance(canvas, Plane) or sheet.network is None else "ground"
    credit = (
        f'<text class="credit" x="{WIDTH_PX - 6}" y="{height - 6}">{_CREDIT}</text>'
        if sheet.network is not None
        else ""
    )
    framed = (
        f'<svg y="{y:.0f}" width="{WIDTH_PX}" height="{height}">'
        f'<rect class="{ground}" width="{WIDTH_PX}" height="{height}"/>'
        f"{map_svg(sheet, canvas)}{credit}</svg>"
    )
    parts = [head, framed]
    for draw in (_key, lanes_svg, _left_out):
        part, y = draw(sheet, y + height + 10 if draw is _key else y + 12)
        parts.append(part)
    return _document(sheet, "".join(parts), round(y + 14))


def _document(sheet: Sheet, body: str, height: int) -> str:
    label = escape(f"{sheet.title}: {sheet.worth}; {'; '.join(_counts(sheet))}", quote=True)
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH_PX} {height}" role="img" '
        f'aria-label="{label}" style="display:block;margin:0 auto;width:100%;height:auto;'
        f'max-width:{WIDEST_PX}px;aspect-ratio:{WIDTH_PX}/{height}"><style>{_STYLE}</style>{_HATCH}'
        f'<rect class="paper" width="{WIDTH_PX}" height="{height}"/>{body}</svg>\n'
    )


def _head(sheet: Sheet) -> tuple[str, float]:
    """Write title, cost, counts and what is broken, each on lines that a narrow page can hold."""
    rows = [("title", sheet.title, 30.0), ("worth", sheet.worth, 26.0)]
    rows += [("note", line, _LINE_PX) for line in _wrapped("; ".join(_counts(sheet)))]
    if sheet.faults:
        count = words.counted(len(sheet.faults), "fault")
        told = f"{count}: {'; '.join(sheet.faults[:3])}"
        rows += [("fault", line, _LINE_PX) for line in _wrapped(told)]
    parts, y = [], 4.0
    for css_class, text, height in rows:
        y += height
        parts.append(
            f'<text class="{css_class}" x="{_LEFT_PX:.0f}" y="{y - 6:.0f}">{escape(text)}</text>'
        )
    return "".join(parts), y + 8


def _wrapped(text: str) -> list[str]:
    whole = re.sub(r"(?<=\d) (?=(s|min|h)\b)|(?<= h) (?=\d)", NO_BREAK, text)
    lines = wrap(whole, int((WIDTH_PX - 2 * _LEFT_PX) / (LETTER_PX * 0.9)))
    return [line.replace(NO_BREAK, " ") for line in lines]


def _counts(sheet: Sheet) -> Iterator[str]:
    """Tell what is served, how late, and what the couriers' time goes into."""
    plan, problem, ticks = sheet.plan, sheet.problem, sheet.ticks
    served = problem.leg_count - len(plan.unassigned)
    yield f"{served:,} of {words.counted(problem.leg_count, 'leg')} served"
    late = [
        stop.starts_at - bounds_of(problem, stop)[1]
        for tour in plan.tours
        for stop in tour.stops
        if stop.starts_at > bounds_of(problem, stop)[1]
    ]
    if late:
        yield f"{len(late)} late, by {ticks.duration(max(late))} at the most"
    stops = [stop for tour in plan.tours for stop in tour.stops]
    away = sum(tour.ends_at - tour.departs_at for tour in plan.tours)
    waiting = sum(stop.starts_at - stop.arrives_at for stop in stops)
    service = sum(stop.leaves_at - stop.starts_at for stop in stops)
    yield (
        f"away {ticks.duration(away)} in all: travel {ticks.duration(away - waiting - service)}, "
        f"waiting {ticks.duration(waiting)}, service {ticks.duration(service)}"
    )
    if len(sheet.shown) < len(plan.tours):
        yield f"{len(sheet.shown)} of {words.counted(len(plan.tours), 'tour')} drawn"


def _key(sheet: Sheet, top: float) -> tuple[str, float]:
    """Say what marks and bars mean, those that the picture has."""
    parts, x, y = [], _LEFT_PX, top
    for swatch, text in _swatches(sheet):
        width = 40 + LETTER_PX * 0.96 * len(text) + 14
        if x > _LEFT_PX and x + width > WIDTH_PX:
            x, y = _LEFT_PX, y + _KEY_PX
        parts.append(
            f'<g transform="translate({x:.0f} {y:.0f})" style="--c:{_KEY_COLOUR}">{swatch}'
            f'<text x="38" y="18">{escape(text)}</text></g>'
        )
        x += width
    return "".join(parts), y + _KEY_PX


def _swatches(sheet: Sheet) -> Iterator[tuple[str, str]]:
    stops = [stop for tour in sheet.tours for stop in tour.stops]
    late = [stop for stop in stops if stop.starts_at > bounds_of(sheet.problem, stop)[1]]
    for action, text in ((Action.PICKUP, "pickup"), (Action.DROPOFF, "drop-off")):
        if any(stop.action is action for stop in stops):
            yield stop_svg((18, 13), (10.5, 10.5), action, _KEY_COLOUR, text="1"), text
    ends = (sheet.problem.start_place, sheet.problem.end_place)
    if any(its[tour.courier] >= 0 for tour in sheet.tours for its in ends):
        yield home_svg(18, 13, _KEY_COLOUR), "start, end"
    if sheet.plan.unassigned:
        yield cross_svg(18, 13), "left out"
    yield '<rect class="travel" x="2" y="11" width="30" height="4"/>', "travel"
    yield '<rect class="service" x="2" y="6" width="30" height="14" rx="1.5"/>', "service"
    if any(stop.starts_at > stop.arrives_at for stop in stops):
        yield '<rect class="waiting" x="2" y="6" width="30" height="14"/>', "waiting"
    yield '<rect class="duty" x="2" y="4" width="30" height="18" rx="3"/>', "on duty"
    yield (
        '<path class="window" d="M2 13H32"/><circle class="dot" cx="14" cy="13" r="2.6"/>',
        "window and start",
    )
    if late:
        line = '<path class="window" d="M2 13H16"/><path class="late-line" d="M16 13H30"/>'
        yield f'{line}<circle class="dot late" cx="30" cy="13" r="2.6"/>', "late"


def _left_out(sheet: Sheet, top: float) -> tuple[str, float]:
    """Name what is left out, and why."""
    entries = sheet.plan.unassigned
    if not entries:
        return "", top
    lines = [("head", f"{words.counted(len(entries), 'leg')} left out")]
    for entry in entries[:MOST_LEFT_OUT]:
        told = f"{sheet.leg(entry.leg)}: {words.reason(entry.reason)} ({entry.reason.value})"
        lines += [("note", line) for line in _wrapped(told)]
    if len(entries) > MOST_LEFT_OUT:
        lines.append(("note", f"and {len(entries) - MOST_LEFT_OUT} more"))
    parts, y = [], top
    for css_class, text in lines:
        y += _LINE_PX
        parts.append(
            f'<text class="{css_class}" x="{_LEFT_PX:.0f}" y="{y - 6:.0f}">{escape(text)}</text>'
        )
    return "".join(parts), y
