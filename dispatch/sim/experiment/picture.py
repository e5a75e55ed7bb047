"""Delivered against cost, every variant a cross of its two intervals, as SVG."""

from collections.abc import Mapping, Sequence
from itertools import count, takewhile

from markupsafe import escape

from dispatch.sim.experiment.comparing import Estimate, by_variant, means
from dispatch.sim.experiment.runs import Run
from dispatch.sim.experiment.settings import DEFAULT
from dispatch.sim.experiment.variants import ALL, OURS

WIDTH, HEIGHT = 800, 440
LEFT, RIGHT, TOP, BOTTOM = 64, 150, 24, 56
X, Y = "delivered_share", "cost_cents"
STEPS = (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000)
MOST_STEPS = 7
NAMES_GAP = 15
"""Least distance of two names, which stand beside the picture, pixels."""
COLOURS = ("#33557a", "#7a5c33", "#33745a", "#6b4a86", "#8a6d00", "#3f7f93", "#5c5c5c")
OUR_COLOUR = "#b3261e"


def picture(runs: Sequence[Run]) -> str:
    """Return the picture of the default setting; empty where there is nothing to show."""
    found = means(by_variant(runs, DEFAULT))
    points = {its.name: found[its.name] for its in ALL if {X, Y} <= found.get(its.name, {}).keys()}
    if not points:
        return ""
    xs = [100 * value for its in points.values() for value in (its[X].low, its[X].high)]
    ys = [value for its in points.values() for value in (its[Y].low, its[Y].high)]
    x_ticks, y_ticks = _ticks(min(xs), max(xs)), _ticks(min(0.0, *ys), max(ys))
    across = _Scale(x_ticks[0], x_ticks[-1], LEFT, WIDTH - RIGHT)
    upward = _Scale(y_ticks[0], y_ticks[-1], HEIGHT - BOTTOM, TOP)
    parts = [
        (
            f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {HEIGHT}" '
            f'width="{WIDTH}" height="{HEIGHT}" font-family="sans-serif" font-size="13">'
        ),
        f'<rect width="{WIDTH}" height="{HEIGHT}" fill="#fff"/>',
        *_axes(x_ticks, y_ticks, across, upward),
        *_crosses(points, across, upward),
        "</svg>",
    ]
    return "\n".join(parts) + "\n"


class _Scale:
    """From values to pixels."""

    def __init__(self, low: float, high: float, start: float, end: float) -> None:
        self._low, self._start = low, start
        self._pixels = (end - start) / (high - low)

    def at(self, value: float) -> float:
        return round(self._start + (value - self._low) * self._pixels, 1)


def _ticks(low: float, high: float) -> list[int]:
    """Return round numbers around a range."""
    step = next((its for its in STEPS if (high - low) / its <= MOST_STEPS), STEPS[-1])
    first = int(low // step) * step
    return [*takewhile(lambda its: its < high + step, count(first, step)), first + step][
        : max(2, int((high - first) // step) + 2)
    ]


def _axes(x_ticks: list[int], y_ticks: list[int], across: _Scale, upward: _Scale) -> list[str]:
    bottom, right = HEIGHT - BOTTOM, WIDTH - RIGHT
    parts = []
    for tick in x_ticks:
        x = across.at(tick)
        parts += [
            f'<line x1="{x}" y1="{TOP}" x2="{x}" y2="{bottom}" stroke="#e4e4e4"/>',
            f'<text x="{x}" y="{bottom + 18}" text-anchor="middle" fill="#555">{tick}</text>',
        ]
    for tick in y_ticks:
        y = upward.at(tick)
        parts += [
            f'<line x1="{LEFT}" y1="{y}" x2="{right}" y2="{y}" stroke="#e4e4e4"/>',
            f'<text x="{LEFT - 8}" y="{y + 4}" text-anchor="end" fill="#555">{tick}</text>',
        ]
    middle = (LEFT + right) / 2
    parts += [
        (
            f'<text x="{middle}" y="{HEIGHT - 12}" text-anchor="middle">delivered, % of all '
            "parcels</text>"
        ),
        (
            f'<text transform="translate(18 {(TOP + bottom) / 2}) rotate(-90)" '
            'text-anchor="middle">fen a delivered parcel</text>'
        ),
    ]
    return parts


def _crosses(
    points: Mapping[str, Mapping[str, Estimate]], across: _Scale, upward: _Scale
) -> list[str]:
    """Draw every variant's cross, and a line from it to its name, the names from top to bottom."""
    parts: list[str] = []
    others = (name for name in points if name != OURS)
    colours = {name: COLOURS[index % len(COLOURS)] for index, name in enumerate(others)}
    colours[OURS] = OUR_COLOUR
    spot = {
        name: (across.at(100 * its[X].mean), upward.at(its[Y].mean)) for name, its in points.items()
    }
    named_at = _spread({name: y for name, (_, y) in spot.items()})
    for name, its in points.items():
        colour, (x, y) = colours[name], spot[name]
        low_x, high_x = across.at(100 * its[X].low), across.at(100 * its[X].high)
        low_y, high_y = upward.at(its[Y].low), upward.at(its[Y].high)
        end, at = WIDTH - RIGHT + 12, named_at[name]
        text = escape(name.replace("_", " "))
        line = f'stroke="{colour}"'
        parts += [
            f'<line x1="{x}" y1="{y}" x2="{end}" y2="{at}" {line} stroke-opacity=".3"/>',
            f'<line x1="{low_x}" y1="{y}" x2="{high_x}" y2="{y}" {line} stroke-width="2"/>',
            f'<line x1="{x}" y1="{low_y}" x2="{x}" y2="{high_y}" {line} stroke-width="2"/>',
            f'<circle cx="{x}" cy="{y}" r="4" fill="{colour}"/>',
            f'<text x="{end + 4}" y="{at + 4}" fill="{colour}">{text}</text>',
        ]
    return parts


def _spread(heights: Mapping[str, float]) -> dict[str, float]:
    """Return heights, from top to bottom, that are far enough from each other to be read."""
    found: dict[str, float] = {}
    last = -float(NAMES_GAP)
    for name in sorted(heights, key=lambda its: (heights[its], its)):
        last = max(heights[name], last + NAMES_GAP)
        found[name] = last
    over = max(found.values()) - (HEIGHT - BOTTOM)
    return {name: at - max(0.0, over) for name, at in found.items()}
