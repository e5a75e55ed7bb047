"""The day on its map: roads, hubs, couriers, tours along the streets, and every door.

One SVG without scripts or styles of its own; colours and layers are the page's CSS, by class
name. Drawn from the final state, so that tours show what was visited, not what was planned.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Protocol

from markupsafe import Markup, escape

from dispatch.core.model import (
    ActionKind,
    Courier,
    Hub,
    HubKind,
    Place,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.state import State
from dispatch.sim import words
from dispatch.sim.story import Story
from maps.earth import Bounds
from maps.network import MapError, RoadNetwork
from maps.render import Canvas, roads_svg, route_svg
from maps.travel import Route

WIDTH_PX, MAX_HEIGHT_PX = 820, 960
TALL, WIDE = 1.25, 0.7
"""Height by width from which a picture is tall, and below which it is wide."""
MARGIN_M = 120.0
MAX_TOURS = 400
"""More tours than this would only blacken the map and swell the page."""
MAX_ROUTES = 1_200
"""Ways between two stops that are looked up; each is one search on the map."""
ROADS_BYTES = 700_000
LABEL_HEIGHT_PX, LETTER_PX, LABEL_GAP_PX = 16, 8, 11
"""Room that a hub's label takes, and its distance from the hub's middle."""
MOST_LABELS = 10
"""With more hubs than this, only stations are labelled."""
KILOMETRE_M = 1000

_STATUSES = ("on-time", "late", "undelivered")


class Routes(Protocol):
    """What a picture needs of the map: `maps.travel.TravelTimes` or its twin."""

    def route(self, mode: str, a: Place, b: Place) -> Route:
        """Return the fastest way between two places."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Picture:
    """A map of the day.

    Attributes
    ----------
    svg
        Safe to put into a page.
    shape
        ``tall``, ``square`` or ``wide``, for the page to lay out the rest around it.
    tours_drawn, tours
        How many of how many.
    """

    svg: Markup
    shape: str
    tours_drawn: int
    tours: int


def draw(
    state: State,
    stories: Sequence[Story],
    calendar: words.Calendar,
    times: Routes,
    network: RoadNetwork | None,
) -> Picture:
    """Draw a day.

    Parameters
    ----------
    state
        At the end of the day.
    times
        Finds the ways along the streets.
    network
        The roads; None where there is no map, then lines are straight.
    """
    places = [
        *(story.parcel.dropoff for story in stories),
        *(hub.place for _, hub in sorted(state.hubs.items())),
        *(courier.home for _, courier in sorted(state.couriers.items())),
    ]
    canvas = Canvas(
        Bounds.around(places, margin_m=MARGIN_M), width_px=WIDTH_PX, max_height_px=MAX_HEIGHT_PX
    )
    tours = [
        tour
        for _, tour in sorted(state.tours.items())
        if tour.state in {TourState.ACTIVE, TourState.COMPLETED}
    ]
    lines = _Ways(times).of(tours, state, canvas, calendar)
    width, height = canvas.width_px, canvas.height_px
    parts = [
        roads_svg(network, canvas, max_bytes=ROADS_BYTES) if network else "",
        f'<g class="tours">{"".join(lines)}</g>',
        f'<g class="doors">{_doors(stories, canvas, calendar)}</g>',
        f'<g class="couriers">{_couriers(state.couriers, canvas)}</g>',
        f'<g class="hubs">{_hubs(state.hubs, canvas)}</g>',
        _scale_bar(canvas),
    ]
    label = (
        f"Map of the day: {words.counted(len(stories), 'door')}, "
        f"{words.counted(len(state.hubs), 'hub')}, {words.counted(len(lines), 'tour')}"
    )
    svg = (
        f'<svg class="map" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
    return Picture(
        # Every text in it went through an escape where it was put in.
        svg=Markup(svg),  # noqa: S704
        shape="tall" if height > TALL * width else "square" if height > WIDE * width else "wide",
        tours_drawn=len(lines),
        tours=len(tours),
    )


class _Ways:
    """Looks up ways along the streets, each pair of places once."""

    def __init__(self, times: Routes) -> None:
        self._times = times
        self._known: dict[tuple[str, float, float, float, float], list[tuple[float, float]]] = {}

    def of(
        self, tours: Sequence[Tour], state: State, canvas: Canvas, calendar: words.Calendar
    ) -> list[str]:
        """Draw tours while the limits hold."""
        lines = []
        for tour in tours[:MAX_TOURS]:
            courier = state.courier(tour.courier)
            if len(self._known) >= MAX_ROUTES:
                break
            lines.append(
                route_svg(
                    canvas,
                    self._line(courier.mode.value, _visited(tour)),
                    css_class=f"tour {courier.kind.value}",
                    title=_tour_title(tour, courier, calendar),
                )
            )
        return lines

    def _line(self, mode: str, places: Sequence[Place]) -> list[tuple[float, float]]:
        line = [(places[0].lat, places[0].lon)]
        for a, b in pairwise(places):
            line += self._way(mode, a, b)
        return line if len(line) > 1 else line * 2

    def _way(self, mode: str, a: Place, b: Place) -> list[tuple[float, float]]:
        key = (mode, a.lat, a.lon, b.lat, b.lon)
        if key not in self._known:
            try:
                self._known[key] = list(self._times.route(mode, a, b).polyline)
            except MapError:
                self._known[key] = [(a.lat, a.lon), (b.lat, b.lon)]
        return self._known[key]


def _visited(tour: Tour) -> list[Place]:
    """Return the start, every stop that was reached, and the end if the tour came to it."""
    itinerary = tour.itinerary
    places = [itinerary.start, *(stop.place for stop in tour.stops if stop.arrived_at)]
    if tour.state is TourState.COMPLETED and itinerary.end is not None:
        places.append(itinerary.end)
    return places


def _tour_title(tour: Tour, courier: Courier, calendar: words.Calendar) -> str:
    delivered = sum(
        action.kind is ActionKind.DROPOFF and action.state is StopState.COMPLETED
        for stop in tour.stops
        for action in stop.actions
    )
    return (
        f"{courier.kind} {courier.id}: {calendar.clock(tour.started_at)} to "
        f"{calendar.clock(tour.ended_at) if tour.ended_at else words.NONE}, "
        f"{words.counted(delivered, 'drop-off')} (offered: {tour.itinerary.summary})"
    )


def _doors(stories: Sequence[Story], canvas: Canvas, calendar: words.Calendar) -> str:
    """Draw one marker for each coordinate; what went wrong comes last and lies on top."""
    doors: dict[tuple[float, float], list[Story]] = {}
    for story in stories:
        place = story.parcel.dropoff
        doors.setdefault((place.lat, place.lon), []).append(story)
    drawn = []
    for (lat, lon), its in sorted(doors.items()):
        worst = max((story.status for story in its), key=_STATUSES.index)
        x, y = canvas.xy([lat], [lon])[0].round(1)
        title = escape("\n".join(_door_line(story, calendar) for story in its))
        size = 3.0 + 0.7 * min(len(its) - 1, 6)
        shape = f'<circle cx="{x}" cy="{y}" r="{size:.1f}"/>'
        if worst == "undelivered":
            shape = f'<path d="M{x - 4} {y - 4}l8 8m0-8l-8 8"/>'
        rank = _STATUSES.index(worst)
        drawn.append((rank, f'<g class="door {worst}"><title>{title}</title>{shape}</g>'))
    return "".join(shape for _, shape in sorted(drawn, key=lambda item: item[0]))


def _door_line(story: Story, calendar: words.Calendar) -> str:
    due = calendar.clock(story.parcel.due_at)
    if story.delivered_at:
        late = f", {words.duration(story.late_s)} late" if story.late_s else ""
        came = f"delivered {calendar.clock(story.delivered_at)}{late}"
    else:
        came = f"not delivered: {words.reason(story.reason)}"
    return f"{story.parcel.id}: {came} (promised by {due})"


def _couriers(couriers: Mapping[str, Courier], canvas: Canvas) -> str:
    parts = []
    for _, courier in sorted(couriers.items()):
        x, y = canvas.xy([courier.home.lat], [courier.home.lon])[0].round(1)
        title = escape(f"{courier.kind} {courier.id}, {courier.mode}")
        parts.append(
            f'<path class="home {courier.kind}" d="M{x} {y - 5.5}l5.5 5.5-5.5 5.5-5.5-5.5z">'
            f"<title>{title}</title></path>"
        )
    return "".join(parts)


def _hubs(hubs: Mapping[str, Hub], canvas: Canvas) -> str:
    """Draw hubs as squares, stations larger and labelled where no label is covered."""
    parts: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for _, hub in sorted(hubs.items(), key=lambda item: (item[1].kind is HubKind.STATION, item[0])):
        x, y = canvas.xy([hub.place.lat], [hub.place.lon])[0].round(1)
        is_station = hub.kind is HubKind.STATION
        half = 7 if is_station else 5
        name = f"{hub.kind} {hub.id}" + (f", {hub.operator}" if hub.operator else "")
        parts.append(
            f'<g class="hub"><title>{escape(name)}</title><rect x="{x - half:.1f}" '
            f'y="{y - half:.1f}" width="{2 * half}" height="{2 * half}" rx="{half / 2.5:g}"/>'
        )
        if is_station or len(hubs) <= MOST_LABELS:
            parts.append(_label(hub.id, x, y, canvas, taken))
        parts.append("</g>")
    return "".join(parts)


def _label(
    text: str, x: float, y: float, canvas: Canvas, taken: list[tuple[float, float, float]]
) -> str:
    """Write a hub's name beside it; nothing where that would cover another."""
    width = len(text) * LETTER_PX
    is_right = x + LABEL_GAP_PX + width < canvas.width_px
    left = x + LABEL_GAP_PX if is_right else x - LABEL_GAP_PX - width
    if any(
        abs(y - other_y) < LABEL_HEIGHT_PX and left < other_right and other_left < left + width
        for other_left, other_right, other_y in taken
    ):
        return ""
    taken.append((left, left + width, y))
    at, anchor = (x + LABEL_GAP_PX, "start") if is_right else (x - LABEL_GAP_PX, "end")
    return f'<text x="{at:.1f}" y="{y + 4.5:.1f}" text-anchor="{anchor}">{escape(text)}</text>'


def _scale_bar(canvas: Canvas) -> str:
    """Draw a bar of a round length, at most a quarter of the picture."""
    most_m = canvas.metres_per_px * canvas.width_px / 4
    length_m = max(
        (
            step * 10**power
            for power in range(7)
            for step in (1, 2, 5)
            if step * 10**power <= most_m
        ),
        default=1,
    )
    length_px = length_m / canvas.metres_per_px
    label = f"{length_m / KILOMETRE_M:g} km" if length_m >= KILOMETRE_M else f"{length_m} m"
    x, y = 16, canvas.height_px - 16
    return (
        f'<g class="scale"><path d="M{x} {y - 5}v5h{length_px:.1f}v-5"/>'
        f'<text x="{x + length_px / 2:.1f}" y="{y - 9}" text-anchor="middle">{label}</text></g>'
    )
