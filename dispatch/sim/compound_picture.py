"""One compound as people walk it: boundary, gates by rule, entrances with what came, booths.

One SVG without scripts or styles of its own, like `dispatch.sim.picture`. Each entrance is a pie:
its area is how many parcels came for it, its slices are how they got in.
"""

import math
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from markupsafe import Markup, escape

from dispatch.core.model import Hub
from dispatch.sim import words
from maps.compounds import Compound, Gate
from maps.earth import METRES_PER_DEGREE, Bounds
from maps.network import RoadNetwork
from maps.render import Canvas, land_path, roads_svg, scale_bar_svg

WIDTH_PX, MAX_HEIGHT_PX = 760, 640
MARGIN_M, MARGIN_SHARE = 30.0, 0.05
"""Room around a compound for pies at its edge, and as a share of its height."""
ROADS_BYTES = 150_000
LEAST_PX, MOST_PX = 7.0, 30.0
"""Radius of the pie of one parcel, and of any."""
LETTER_PX, LABEL_PX = 8.0, 14.0
"""Room that a name takes."""
WHOLE = 0.9999
"""A slice of this share is drawn as a circle."""
RULES = {"OPEN": "open", "SIGN_IN": "sign in", "PERMIT": "permit only"}


@dataclass(slots=True)
class Entry:
    """An entrance, or a door whose entrance nobody knows, and what came of its parcels.

    Attributes
    ----------
    short
        Building and entrance as in ``3-2``.
    ways
        Parcels by how they got in, a key of `dispatch.core.compound_metrics.WAYS_IN`.
    vain
        Visits in vain.
    """

    name: str
    lat: float
    lon: float
    short: str = ""
    ways: Counter[str] = field(default_factory=Counter)
    vain: int = 0


def draw(
    compound: Compound,
    entries: Sequence[Entry],
    hubs: Sequence[Hub],
    rulings: Mapping[str, str],
    ways: Mapping[str, str],
    network: RoadNetwork | None,
) -> Markup:
    """Draw a compound.

    Parameters
    ----------
    hubs
        That stand in it or at its gate.
    rulings
        Rules of its gates by the company's word, by the gate's id; an empty id for all.
    ways
        Words for the keys of `Entry.ways`, in the order of slices.
    network
        The roads; None where there is no map.
    """
    canvas = Canvas(_box(compound, entries, hubs), width_px=WIDTH_PX, max_height_px=MAX_HEIGHT_PX)
    width, height = canvas.width_px, canvas.height_px
    ranked = sorted(entries, key=lambda entry: (-entry.ways.total(), entry.name))
    most = ranked[0].ways.total() if ranked else 1
    parts = [
        roads_svg(network, canvas, max_bytes=ROADS_BYTES) if network else "",
        f'<path class="land" d="{land_path(compound.boundary, canvas)}"/>'
        if compound.boundary
        else "",
        *(_unvisited(compound, entries, canvas)),
        *(_pie(entry, canvas, most, ways) for entry in ranked),
        *_names(ranked, canvas, most),
        *(_hub(hub, canvas) for hub in hubs),
        # A booth stands at its gate: both are to be seen.
        *(_gate(gate, canvas, rulings) for gate in compound.gates),
        scale_bar_svg(canvas),
    ]
    label = (
        f"Compound {compound.name or compound.id}: {words.counted(len(entries), 'entrance')} that "
        f"parcels came for, {words.counted(len(compound.gates), 'gate')}"
    )
    svg = (
        f'<svg class="compound" viewBox="0 0 {width} {height}" role="img" '
        f'aria-label="{escape(label)}" xmlns="http://www.w3.org/2000/svg">{"".join(parts)}</svg>'
    )
    # Every text in it went through an escape where it was put in.
    return Markup(svg)  # noqa: S704


@dataclass(frozen=True, slots=True)
class _Point:
    lat: float
    lon: float


def _box(compound: Compound, entries: Sequence[Entry], hubs: Sequence[Hub]) -> Bounds:
    points = [
        *(_Point(entry.lat, entry.lon) for entry in entries),
        *(_Point(gate.lat, gate.lon) for gate in compound.gates),
        *(_Point(its.lat, its.lon) for its in compound.entrances),
        *(_Point(lat, lon) for ring in compound.boundary for lat, lon in ring),
        *(_Point(hub.place.lat, hub.place.lon) for hub in hubs),
    ]
    tight = Bounds.around(points, margin_m=0.0)
    tall_m = (tight.north - tight.south) * METRES_PER_DEGREE
    return Bounds.around(points, margin_m=MARGIN_M + MARGIN_SHARE * tall_m)


def _xy(canvas: Canvas, lat: float, lon: float) -> tuple[float, float]:
    x, y = canvas.xy([lat], [lon])[0].round(1)
    return float(x), float(y)


def _unvisited(compound: Compound, entries: Sequence[Entry], canvas: Canvas) -> list[str]:
    """Draw entrances that nothing came for as small dots."""
    known = {entry.name for entry in entries}
    dots = []
    for its in compound.entrances:
        name = entrance_name(its.building, its.entrance)
        if name not in known:
            x, y = _xy(canvas, its.lat, its.lon)
            dots.append(
                f'<circle class="empty" cx="{x}" cy="{y}" r="3"><title>{escape(name)}, no parcels'
                "</title></circle>"
            )
    return dots


def entrance_name(building: str, entrance: str) -> str:
    """Return ``building 3, entrance 2``; empty where neither is known."""
    parts = (("building", building), ("entrance", entrance))
    return ", ".join(f"{kind} {its}" for kind, its in parts if its)


def _pie(entry: Entry, canvas: Canvas, most: int, ways: Mapping[str, str]) -> str:
    x, y = _xy(canvas, entry.lat, entry.lon)
    total, radius = entry.ways.total(), _radius(entry, most)
    told = [f"{entry.name}: {words.counted(total, 'parcel')}"]
    slices = []
    turned = 0.0
    for way, label in ways.items():
        if not entry.ways[way]:
            continue
        told.append(f"{label}: {entry.ways[way]}")
        share = entry.ways[way] / total
        slices.append(_slice(x, y, radius, turned, share, way))
        turned += share
    if entry.vain:
        told.append(f"visits in vain: {entry.vain}")
        slices.append(f'<circle class="vain" cx="{x}" cy="{y}" r="{radius + 3.5:.1f}"/>')
    title = escape("\n".join(told))
    return f'<g class="entry"><title>{title}</title>{"".join(slices)}</g>'


def _radius(entry: Entry, most: int) -> float:
    return max(LEAST_PX, MOST_PX * math.sqrt(entry.ways.total() / max(1, most)))


def _names(ranked: Sequence[Entry], canvas: Canvas, most: int) -> list[str]:
    """Write short names below pies, those with the most parcels first, where nothing is covered."""
    spots = [(*_xy(canvas, entry.lat, entry.lon), _radius(entry, most)) for entry in ranked]
    taken: list[tuple[float, float, float, float]] = [
        (x - r, y - r, x + r, y + r) for x, y, r in spots
    ]
    parts = []
    for entry, (x, y, radius) in zip(ranked, spots, strict=True):
        half, top = len(entry.short) * LETTER_PX / 2, y + radius + 5
        box = (x - half, top, x + half, top + LABEL_PX)
        if entry.short and not any(_overlap(box, other) for other in taken):
            taken.append(box)
            parts.append(
                f'<text class="short-name" x="{x}" y="{top + LABEL_PX - 2:.1f}" '
                f'text-anchor="middle">{escape(entry.short)}</text>'
            )
    return parts


def _overlap(a: tuple[float, float, float, float], b: tuple[float, float, float, float]) -> bool:
    return a[0] < b[2] and b[0] < a[2] and a[1] < b[3] and b[1] < a[3]


def _slice(x: float, y: float, radius: float, start: float, share: float, way: str) -> str:
    """Draw a slice from ``start``, a share of the whole turn from the top on, clockwise."""
    if share > WHOLE:
        return f'<circle class="w-{way}" cx="{x}" cy="{y}" r="{radius:.1f}"/>'
    ends = []
    for turn in (start, start + share):
        angle = 2 * math.pi * turn
        ends.append(f"{x + radius * math.sin(angle):.1f} {y - radius * math.cos(angle):.1f}")
    large = int(share > 1 / 2)
    return (
        f'<path class="w-{way}" d="M{x} {y}L{ends[0]}A{radius:.1f} {radius:.1f} 0 {large} 1 '
        f'{ends[1]}z"/>'
    )


def _gate(gate: Gate, canvas: Canvas, rulings: Mapping[str, str]) -> str:
    x, y = _xy(canvas, gate.lat, gate.lon)
    rule = rulings.get(gate.id) or rulings.get("") or gate.rule.value
    title = escape(f"gate {gate.id}: {RULES[rule]}, for {', '.join(gate.modes)}")
    is_right = x + 110 < canvas.width_px
    at, anchor = (x + 12, "start") if is_right else (x - 12, "end")
    return (
        f'<g class="gate {rule}"><title>{title}</title>'
        f'<path d="M{x} {y - 7:.1f}l7 7-7 7-7-7z"/>'
        f'<text x="{at}" y="{y + 4:.1f}" text-anchor="{anchor}">{escape(RULES[rule])}</text></g>'
    )


def _hub(hub: Hub, canvas: Canvas) -> str:
    x, y = _xy(canvas, hub.place.lat, hub.place.lon)
    # A booth stands at its gate: its name goes above, where the gate's is beside.
    return (
        f'<g class="hub"><title>{escape(f"{hub.kind} {hub.id}")}</title><rect x="{x - 9:.1f}" '
        f'y="{y - 9:.1f}" width="18" height="18" rx="4"/><text x="{x}" y="{y - 14:.1f}" '
        f'text-anchor="middle">{escape(hub.id)}</text></g>'
    )
