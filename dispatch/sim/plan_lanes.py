"""The tours of a plan as lanes over time: duty, travel, waiting, service, windows, lateness.

Every stop with a window has a line of its own below its tour's bar, and a dot where service
starts, so that one sees how much room there was. Knows no page.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from html import escape

from dispatch.sim.plan_sheet import (
    LETTER_PX,
    WIDTH_PX,
    Sheet,
    Span,
    Ticks,
    bounds_of,
    colour_of,
)
from dispatch.solver.plan import PlannedStop, PlannedTour

LEFT_PX, RIGHT_PX = 150.0, 22.0
"""Room for names, and right of the last hour."""
AXIS_PX = 26.0
NUMBERS_PX, BAR_PX, ROW_PX, WINDOWS_PX, GAP_PX = 16.0, 14.0, 4.5, 72.0, 12.0
"""Heights in a lane: stop numbers, the bar, a window's line, all of them at most, air."""
LEAST_LANE_PX = 54.0
NUMBER_APART_PX = 21.0
MOST_LABELS = 7
MOST_LANES = 60

_STEPS_S = (
    1, 2, 5, 10, 30, 60, 120, 300, 600, 900, 1800,
    3600, 7200, 10_800, 14_400, 21_600, 43_200, 86_400,
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Axis:
    """Ticks from left to right.

    Attributes
    ----------
    first, last : int, ticks
        Of all that is drawn.
    """

    first: int
    last: int

    def x(self, tick: int) -> float:
        """Return where a tick lies; what is outside lies at the border."""
        within = min(max(tick, self.first), self.last)
        width = WIDTH_PX - LEFT_PX - RIGHT_PX
        return LEFT_PX + width * (within - self.first) / max(1, self.last - self.first)


def axis_of(sheet: Sheet) -> Axis:
    """Return an axis from the first departure to the last end."""
    tours = sheet.tours
    if not tours:
        return Axis(0, 1)
    first = min(tour.departs_at for tour in tours)
    last = max(tour.ends_at for tour in tours)
    spare = max(1, (last - first) // 40)
    return Axis(first - spare, last + spare)


def lanes_svg(sheet: Sheet, top: float) -> tuple[str, float]:
    """Draw the lanes below each other.

    Parameters
    ----------
    sheet : Sheet
    top : float, pixels
        Where they begin.

    Returns
    -------
    (str, float)
        The elements, and where they end.
    """
    axis = axis_of(sheet)
    y = top + AXIS_PX
    parts: list[str] = []
    for index in sheet.shown[:MOST_LANES]:
        tour = sheet.plan.tours[index]
        height = _height(sheet, axis, tour)
        parts.append(_lane(sheet, axis, index, y))
        y += height
    hidden = len(sheet.shown) - MOST_LANES
    if hidden > 0:
        parts.append(f'<text class="note" x="12" y="{y + 18:.0f}">and {hidden} more tours</text>')
        y += 26
    return _grid(axis, sheet.ticks, top, y) + "".join(parts), y


def nice_step(ticks: Ticks, span: int) -> int:
    """Return ticks between labels: a round time, few enough to be read."""
    if ticks.unit_s is None:
        power = 1
        while True:
            for digit in (1, 2, 5):
                step = digit * power
                if span / step <= MOST_LABELS:
                    return step
            power *= 10
    per_s = ticks.per_unit / ticks.unit_s
    days = [86_400 * count for count in (2, 5, 10, 50, 100, 1000)]
    for seconds in (*_STEPS_S, *days):
        if span <= MOST_LABELS * seconds * per_s:
            return max(1, round(seconds * per_s))
    return span


def _grid(axis: Axis, ticks: Ticks, top: float, bottom: float) -> str:
    step = nice_step(ticks, axis.last - axis.first)
    # Labels are round in the file's time, of which tick 0 need not be.
    origin = ticks.origin * ticks.per_unit
    first = -(-(axis.first + origin) // step) * step - origin
    parts = []
    for tick in range(first, axis.last + 1, step):
        x = axis.x(tick)
        parts.append(
            f'<path class="grid" d="M{x:.1f} {top + AXIS_PX - 6:.1f}V{bottom:.1f}"/>'
            f'<text class="hour" x="{x:.1f}" y="{top + 14:.1f}">{ticks.moment(tick)}</text>'
        )
    return "".join(parts)


def _height(sheet: Sheet, axis: Axis, tour: PlannedTour) -> float:
    rows = min(WINDOWS_PX, ROW_PX * len(list(_windows(sheet, axis, tour))))
    return max(LEAST_LANE_PX, NUMBERS_PX + BAR_PX + rows + GAP_PX)


def _lane(sheet: Sheet, axis: Axis, index: int, top: float) -> str:
    tour, colour = sheet.plan.tours[index], colour_of(index)
    bar = top + NUMBERS_PX
    parts = [
        f'<path class="rule" d="M0 {top:.1f}H{WIDTH_PX}"/>',
        _label(sheet, index, bar),
        _duty(sheet, axis, tour, bar),
        *_course(sheet, axis, tour, bar),
        *_numbers(axis, tour, bar),
        *_window_lines(sheet, axis, tour, bar + BAR_PX + 5),
    ]
    return f'<g style="--c:{colour}">{"".join(parts)}</g>'


def _label(sheet: Sheet, index: int, bar: float) -> str:
    tour, name = sheet.plan.tours[index], sheet.names[index]
    most = int((LEFT_PX - 34) / LETTER_PX)
    # Without "rider" or "vehicle" it may fit.
    short = name if len(name) <= most else name.partition(" ")[2] or name
    short = short if len(short) <= most else short[: most - 1] + "\N{HORIZONTAL ELLIPSIS}"
    count, noun = len(tour.stops), "stop" if len(tour.stops) == 1 else "stops"
    away = sheet.ticks.duration(tour.ends_at - tour.departs_at)
    return (
        f'<rect class="chip" x="12" y="{bar + 1:.1f}" width="12" height="12" rx="2.5"/>'
        f'<text class="who" x="30" y="{bar + 12:.1f}"><title>{escape(name)}</title>'
        f'{escape(short)}</text><text class="small-note" x="30" y="{bar + 30:.1f}">{count} {noun}'
        f"<title>away for {escape(away)}</title></text>"
    )


def _duty(sheet: Sheet, axis: Axis, tour: PlannedTour, bar: float) -> str:
    on, off = (int(its[tour.courier]) for its in (sheet.problem.on_duty, sheet.problem.off_duty))
    a, b = axis.x(on), axis.x(off)
    title = f"on duty from {sheet.ticks.moment(on)}" if on > axis.first else "on duty before"
    title += f" to {sheet.ticks.moment(off)}" if off < axis.last else ", and after"
    return (
        f'<rect class="duty" x="{a:.1f}" y="{bar - 2:.1f}" width="{max(0.0, b - a):.1f}" '
        f'height="{BAR_PX + 4}" rx="3"><title>{title}</title></rect>'
    )


def _course(sheet: Sheet, axis: Axis, tour: PlannedTour, bar: float) -> Iterator[str]:
    """Draw travel as a thin line, waiting hatched, service as a block."""
    at = tour.departs_at
    for number, stop in enumerate(tour.stops, start=1):
        yield _travel(axis, (at, stop.arrives_at), bar)
        if stop.starts_at > stop.arrives_at:
            told = f"waits {sheet.ticks.duration(stop.starts_at - stop.arrives_at)}"
            yield _block("waiting", axis, (stop.arrives_at, stop.starts_at), bar, told)
        is_late = stop.starts_at > bounds_of(sheet.problem, stop)[1]
        kind = "service late" if is_late else "service"
        served = (stop.starts_at, stop.leaves_at)
        yield _block(kind, axis, served, bar, sheet.stop_line(number, stop))
        at = stop.leaves_at
    yield _travel(axis, (at, tour.ends_at), bar)


def _travel(axis: Axis, span: Span, bar: float) -> str:
    a, b = axis.x(span[0]), axis.x(span[1])
    y = bar + BAR_PX / 2 - 2
    return f'<rect class="travel" x="{a:.1f}" y="{y:.1f}" width="{b - a:.1f}" height="4"/>'


def _block(kind: str, axis: Axis, span: Span, bar: float, title: str) -> str:
    a, b = axis.x(span[0]), axis.x(span[1])
    # What takes no time is still to be seen.
    return (
        f'<rect class="{kind}" x="{a:.1f}" y="{bar}" width="{max(2.5, b - a):.1f}" '
        f'height="{BAR_PX}" rx="1.5"><title>{escape(title)}</title></rect>'
    )


def _numbers(axis: Axis, tour: PlannedTour, bar: float) -> Iterator[str]:
    """Write the stops' numbers above the bar, as on the map, where there is room."""
    free = LEFT_PX - NUMBER_APART_PX
    for number, stop in enumerate(tour.stops, start=1):
        x = (axis.x(stop.starts_at) + axis.x(stop.leaves_at)) / 2
        if x - free >= NUMBER_APART_PX:
            free = x
            yield f'<text class="number" x="{x:.1f}" y="{bar - 4:.1f}">{number}</text>'


def _windows(
    sheet: Sheet, axis: Axis, tour: PlannedTour
) -> Iterator[tuple[int, PlannedStop, tuple[int, int, int]]]:
    """Give the stops whose window begins or ends within the axis, or was missed."""
    for number, stop in enumerate(tour.stops, start=1):
        opens, due, closes = bounds_of(sheet.problem, stop)
        if opens > axis.first or min(due, closes) < axis.last:
            yield number, stop, (opens, due, closes)


def _window_lines(sheet: Sheet, axis: Axis, tour: PlannedTour, top: float) -> Iterator[str]:
    rows = list(_windows(sheet, axis, tour))
    apart = min(ROW_PX, WINDOWS_PX / max(1, len(rows)))
    for row, (number, stop, (opens, due, closes)) in enumerate(rows):
        y = top + row * apart
        a, b, c, at = (axis.x(tick) for tick in (opens, min(due, closes), closes, stop.starts_at))
        is_late = stop.starts_at > min(due, closes)
        late = f'<path class="late-line" d="M{b:.1f} {y:.1f}H{at:.1f}"/>' if is_late else ""
        grace = f'<path class="grace" d="M{b:.1f} {y:.1f}H{c:.1f}"/>' if c > b else ""
        yield (
            f"<g><title>{escape(sheet.stop_line(number, stop))}</title>"
            f'<path class="window" d="M{a:.1f} {y:.1f}H{max(b, a + 1):.1f}"/>{grace}{late}'
            f'<circle class="dot{" late" if is_late else ""}" cx="{at:.1f}" cy="{y:.1f}" '
            'r="2.2"/></g>'
        )
