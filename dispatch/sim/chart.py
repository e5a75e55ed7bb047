"""Charts of a day as SVG that takes its colours from the page, light or dark.

The only module that imports matplotlib. Colours are stand-ins while it draws; in the SVG they
become the CSS variables of the page. Text stays text, in the page's font.
"""

import io
import re
from collections.abc import Sequence
from typing import Any, TypeAlias

import matplotlib as mpl
import numpy as np
from markupsafe import Markup, escape
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import FuncFormatter, MaxNLocator, MultipleLocator
from numpy.typing import NDArray

from dispatch.core.model import CourierKind, Purpose
from dispatch.sim import words
from dispatch.sim.story import Chronicle
from dispatch.sim.ways import Span

Moments: TypeAlias = NDArray[np.int64]

SIZE_IN = (5.2, 2.5)
DAY_S, HOUR_S, MINUTE_S = 86_400, 3600, 60
BIN_MIN = 10
"""Width of a bar of `promises_kept`."""

COLOURS = {
    "ink": "#010101",
    "muted": "#020202",
    "line": "#030303",
    "guard": "#010204",
    "shopkeeper": "#010205",
    "neighbour": "#010206",
    "student": "#010207",
    "rider": "#010208",
    "good": "#010209",
    "bad": "#01020a",
    "created": "#01020b",
    "picked-up": "#01020c",
}
"""Stand-ins, by the name of the CSS variable that takes their place."""

_STYLE: dict[Any, Any] = {
    "svg.fonttype": "none",
    "font.size": 11,
    "axes.edgecolor": COLOURS["line"],
    "axes.labelcolor": COLOURS["muted"],
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.spines.left": False,
    "axes.grid": True,
    "axes.grid.axis": "y",
    "axes.axisbelow": True,
    "grid.color": COLOURS["line"],
    "grid.linewidth": 0.8,
    "text.color": COLOURS["ink"],
    "xtick.color": COLOURS["line"],
    "ytick.color": COLOURS["line"],
    "xtick.labelcolor": COLOURS["muted"],
    "ytick.labelcolor": COLOURS["muted"],
    "ytick.major.size": 0,
    "legend.frameon": False,
    "legend.fontsize": 11,
}
_METADATA = dict.fromkeys(("Creator", "Date", "Format", "Type"))


_TO_PAGE = (
    # A style inside an SVG holds for the whole page.
    (re.compile(r"<style.*?</style>", re.DOTALL), ""),
    # Groups of several charts would share their ids; nothing refers to them.
    (re.compile(r'<g id="[^"]+"'), "<g"),
    (re.compile(r"font: (?:\S+ )?([0-9.]+px)[^;\"]*"), r"font-size: \1"),
    (re.compile(r"font-family: [^;\"]*;?"), ""),
    (re.compile(r'(<svg[^>]*) width="[^"]+" height="[^"]+"'), r"\1"),
    (re.compile(r"\s*\n\s*"), "\n"),
)
"""What matplotlib writes for a file of its own, and what a page needs instead."""


def parcels_over_the_day(chronicle: Chronicle, calendar: words.Calendar) -> Markup:
    """Draw how many parcels were created, picked up and delivered until each moment."""
    stories = chronicle.parcels
    lines = (
        ("created", "created", [s.parcel.created_at for s in stories]),
        ("picked up", "picked-up", [s.picked_up_at for s in stories if s.picked_up_at]),
        ("delivered", "good", [s.delivered_at for s in stories if s.delivered_at]),
    )
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "parcels"}):
        figure, axes = _axes()
        for label, colour, moments in lines:
            ranked = sorted(moments)
            axes.step(
                ranked,
                range(1, len(ranked) + 1),
                where="post",
                label=label,
                linewidth=2,
                color=COLOURS[colour],
            )
        axes.legend(loc="upper left")
        axes.set_ylim(bottom=0)
        _hours(axes, calendar)
        delivered = len(lines[2][2])
        return _svg(figure, f"Parcels over the day: {len(stories)} created, {delivered} delivered")


def couriers_over_the_day(chronicle: Chronicle, calendar: words.Calendar) -> Markup:
    """Draw how many couriers of each kind were on tours, and how many were present at all."""
    spans = [span for its in chronicle.online.values() for span in its]
    if not spans:
        return Markup()
    grid = np.arange(
        min(start for start, _ in spans) // 300 * 300,
        max(end for _, end in spans) + 300,
        300,
    )
    kinds = [kind for kind in CourierKind if kind in chronicle.away]
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "couriers"}):
        figure, axes = _axes()
        if kinds:
            axes.stackplot(
                grid,
                [_present(chronicle.away[kind], grid) for kind in kinds],
                step="post",
                labels=[words.KINDS[kind] for kind in kinds],
                colors=[COLOURS[kind] for kind in kinds],
                linewidth=0,
            )
        axes.step(
            grid, _present(spans, grid), where="post", color=COLOURS["muted"], linewidth=1.5,
            label="present", linestyle=(0, (4, 2)),
        )  # fmt: skip
        axes.legend(loc="upper left", ncols=3, bbox_to_anchor=(0, 1.3), borderaxespad=0)
        axes.set_ylim(0, 1.1 * _present(spans, grid).max())
        _hours(axes, calendar)
        return _svg(figure, "Couriers on tours by kind, and couriers present, over the day")


_INSIDE = (
    (Purpose.RELAY, "on the way", "guard"),
    (Purpose.HOLD, "held", "neighbour"),
    (Purpose.COLLECTION, "for recipients", "good"),
)
"""What parcels stand in hubs for, with a legend and a colour."""


def hubs_over_the_day(chronicle: Chronicle, calendar: words.Calendar) -> Markup:
    """Draw how many parcels that had come to hubs stood there at each moment, by what for.

    A day long from the first at the most: the few that nobody fetches would stretch it.
    """
    spans = [span for its in chronicle.ways.inside.values() for span in its]
    if not spans:
        return Markup()
    grid = np.arange(
        min(start for start, _ in spans) // 300 * 300 - 300,
        min(max(end for _, end in spans) + 600, min(start for start, _ in spans) + DAY_S),
        300,
    )
    present = [item for item in _INSIDE if item[0] in chronicle.ways.inside]
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "hubs"}):
        figure, axes = _axes()
        axes.stackplot(
            grid,
            [_present(chronicle.ways.inside[purpose], grid) for purpose, _, _ in present],
            step="post",
            labels=[label for _, label, _ in present],
            colors=[COLOURS[colour] for _, _, colour in present],
            linewidth=0,
        )
        axes.legend(loc="upper left", ncols=3, bbox_to_anchor=(0, 1.18), borderaxespad=0)
        axes.set_ylim(0, max(1, 1.1 * _present(spans, grid).max()))
        axes.set_xlim(grid[0], grid[-1])
        _hours(axes, calendar)
        most = int(_present(spans, grid).max())
        return _svg(figure, f"Parcels in hubs over the day by what for, {most} at the most")


def promises_kept(chronicle: Chronicle) -> Markup:
    """Draw how many minutes before or after the promise parcels were delivered."""
    slack_min = [
        (story.parcel.due_at - story.brought_at) / MINUTE_S
        for story in chronicle.parcels
        if story.delivered_at
    ]
    if not slack_min:
        return Markup()
    low = int(min(0, *slack_min) // BIN_MIN * BIN_MIN)
    high = int(max(slack_min) // BIN_MIN * BIN_MIN) + BIN_MIN
    edges = np.arange(low, high + BIN_MIN, BIN_MIN)
    counts, _ = np.histogram(slack_min, edges)
    colours = [COLOURS["bad" if edge < 0 else "good"] for edge in edges[:-1]]
    late = sum(value < 0 for value in slack_min)
    with mpl.rc_context({**_STYLE, "svg.hashsalt": "promises"}):
        figure, axes = _axes()
        axes.bar(edges[:-1], counts, width=BIN_MIN * 0.88, align="edge", color=colours)
        axes.axvline(0, color=COLOURS["ink"], linewidth=1.2)
        axes.set_xlabel("minutes left of the promise at the door")
        axes.xaxis.set_major_locator(MaxNLocator(8, integer=True, steps=[1, 3, 6, 10]))
        return _svg(
            figure,
            f"Minutes left of the promise: {len(slack_min) - late} parcels in time, {late} late",
        )


def _axes() -> tuple[Figure, Axes]:
    figure = Figure(figsize=SIZE_IN, layout="constrained")
    axes = figure.add_subplot()
    axes.yaxis.set_major_locator(MaxNLocator(5, integer=True, steps=[1, 2, 5, 10]))
    return figure, axes


def _hours(axes: Axes, calendar: words.Calendar) -> None:
    low, high = axes.get_xlim()
    # The next day's hours are written wider.
    labels = 7 if calendar.local(int(low)).date() == calendar.local(int(high)).date() else 4
    step_h = max(1, round((high - low) / HOUR_S / labels))
    axes.xaxis.set_major_locator(MultipleLocator(step_h * HOUR_S))
    axes.xaxis.set_major_formatter(FuncFormatter(lambda at, _: calendar.clock(int(at))))


def _present(spans: Sequence[Span], grid: Moments) -> Moments:
    """Count the spans that hold each moment of the grid."""
    starts = np.sort([start for start, _ in spans])
    ends = np.sort([end for _, end in spans])
    return np.searchsorted(starts, grid, "right") - np.searchsorted(ends, grid, "right")


def _svg(figure: Figure, label: str) -> Markup:
    """Write a figure as an SVG element for the middle of a page."""
    text = io.StringIO()
    figure.savefig(text, format="svg", transparent=True, metadata=_METADATA)
    svg = text.getvalue()
    svg = svg[svg.index("<svg") :]
    for pattern, replacement in _TO_PAGE:
        svg = pattern.sub(replacement, svg)
    for name, colour in COLOURS.items():
        svg = svg.replace(colour, f"var(--{name})")
    opening = f'<svg class="chart" role="img" aria-label="{escape(label)}"'
    # matplotlib escapes the text that it is given; nothing else in it comes from a day.
    return Markup(svg.replace("<svg", opening, 1))  # noqa: S704
