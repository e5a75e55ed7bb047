"""A compound as one picture, entrance by entrance: for whoever walks there tomorrow.

The document is whole: it needs no stylesheet, no font and no tile server. It scales with the
page; letters are large enough for a phone.
"""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np

from dispatch.core.model import Place
from dispatch.onboarding.labels import Labels, text_px
from dispatch.onboarding.survey import Survey
from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.earth import METRES_PER_DEGREE, Bounds
from maps.network import MapError
from maps.render import Canvas, land_path, roads_svg, scale_bar_svg

LEAST_WIDTH_PX = 320
"""Below this no label can be read."""

_MARGIN_M = 25.0
_MARGIN_SHARE = 0.06
_CREDIT = "\N{COPYRIGHT SIGN} OpenStreetMap contributors"
"""What the licence of the data asks of every picture (https://www.openstreetmap.org/copyright)."""

_STYLE = """
svg{font:14px system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC",sans-serif}
.ground{fill:#f4f2ec}.strip{fill:#fff}
.roads path{fill:none;stroke-linecap:round;stroke-linejoin:round}
.road-major{stroke:#f3cd85;stroke-width:9}.road-street{stroke:#fff;stroke-width:7}
.road-service{stroke:#fff;stroke-width:5}
.road-path,path.road-path{stroke:#a3957d;stroke-width:1.6;stroke-dasharray:4 3}
.road-ferry{stroke:#6f9fc4;stroke-width:1.5}
.land{fill:#8d6aa8;fill-opacity:.1;stroke:#6d4a8a;stroke-width:2;stroke-dasharray:7 4}
.gate{stroke:#fff;stroke-width:2}.OPEN{fill:#12875a}.SIGN_IN{fill:#d97f00}.PERMIT{fill:#c4302b}
.door{stroke:#fff;stroke-width:1.2}.lift{fill:#1f5fa8}.stairs{fill:#7a4a21}.unknown{fill:#6b6f76}
.hub{fill:#fff;stroke:#1c2733;stroke-width:2}.post{fill:#1c2733}
.glyph{fill:none;stroke:#fff;stroke-width:1.5;stroke-linecap:round;stroke-linejoin:round}
.label{fill:#20262e}.gates{font-weight:600}.name{font-weight:700;font-size:17px;fill:#4c2f66}
.label,.name,.scale text,.credit{stroke:#f4f2ec;stroke-width:3.5px;paint-order:stroke;\
stroke-linejoin:round}
.scale path{fill:none;stroke:#333;stroke-width:1.8}.scale text{fill:#333;font-size:13px}
.credit{font-size:11px;fill:#555;text-anchor:end}
"""

_RULES = {
    GateRule.OPEN: "gate: open",
    GateRule.SIGN_IN: "gate: sign in",
    GateRule.PERMIT: "gate: permit only",
}
_GLYPHS = {
    "lift": "M-2.6 -1.2L0 -4L2.6 -1.2M-2.6 1.2L0 4L2.6 1.2",
    "stairs": "M-4 3.5h2.7v-2.5h2.7v-2.5h2.6v-2.5",
    "unknown": "M-2 -2.2a2 2 0 1 1 2 2.2v1M0 3.6v.2",
}
_WAYS_UP = {
    "lift": "entrance, lift",
    "stairs": "entrance, stairs",
    "unknown": "entrance, not known",
}
_KEY_ROW_PX = 28
_TITLE_PX = 32
_LEFT_PX = 12.0
_NAME_SCALE = 1.25
_BOLD_SCALE = 1.25
_CROWDED_PX = 45.0
"""Entrances of one building nearer to each other share a label."""


def compound_svg(found: Survey, *, width_px: int = 560) -> str:
    """Draw the compounds of a survey as an SVG document.

    Parameters
    ----------
    found : Survey
        Of a map, where roads and paths are to be drawn.
    width_px : int
        Of the drawing's own measure, at least `LEAST_WIDTH_PX`; a browser scales it to the
        page. The wider, the smaller the letters are against the land.

    Raises
    ------
    MapError
        The picture is too narrow, or there is no point to draw.
    """
    if width_px < LEAST_WIDTH_PX:
        raise MapError(f"{width_px} px is too narrow for labels: use at least {LEAST_WIDTH_PX}")
    canvas = Canvas(_box(found), width_px=width_px, max_height_px=round(1.6 * width_px))
    labels = Labels(canvas.width_px, canvas.height_px)
    read = found.onboarding
    gates = [gate for compound in found.compounds for gate in compound.gates]
    doors = [door for compound in found.compounds for door in compound.entrances]
    places = {hub.id: hub.place for hub in read.hubs}
    posts = [(post.id, post.minimum, places[post.hub]) for post in read.posts if post.hub in places]
    hubs = [(hub.id, *canvas.xy(hub.place.lat, hub.place.lon)[0].tolist()) for hub in read.hubs]
    things: list[Gate | Entrance] = [*gates, *doors]
    spots = [canvas.xy(its.lat, its.lon)[0].tolist() for its in things]
    for x, y in (*spots, *((x, y) for _, x, y in hubs)):
        labels.keep_clear(x, y, 8.0)
    body = "".join(
        (
            _lands(found.compounds, canvas),
            roads_svg(found.network, canvas) if found.network is not None else "",
            _doors(doors, canvas),
            _gates(gates, canvas),
            _hubs(hubs),
            _posts(posts, canvas),
            *(_gate_label(gate, canvas, labels) for gate in gates),
            *(_hub_label(name, x, y, labels) for name, x, y in hubs),
            _door_labels(doors, canvas, labels),
            scale_bar_svg(canvas),
            _credit(canvas) if found.network is not None else "",
        )
    )
    title = " · ".join(compound.name or compound.id for compound in found.compounds)
    key = _key(gates, doors, has_hubs=bool(hubs), has_posts=bool(posts))
    return _document(canvas, title, body, key)


def way_up(door: Entrance) -> str:
    """Return ``lift``, ``stairs`` or ``unknown``."""
    return "unknown" if door.has_lift is None else ("lift" if door.has_lift else "stairs")


def _box(found: Survey) -> Bounds:
    points = [
        *(p for compound in found.compounds for ring in compound.boundary for p in ring),
        *((gate.lat, gate.lon) for compound in found.compounds for gate in compound.gates),
        *((door.lat, door.lon) for compound in found.compounds for door in compound.entrances),
        *((hub.place.lat, hub.place.lon) for hub in found.onboarding.hubs),
    ]
    if not points:
        raise MapError("the compound has neither boundary, gate nor entrance: nothing to draw")
    (south, west), (north, east) = np.min(points, axis=0), np.max(points, axis=0)
    squeeze = float(np.cos(np.radians((south + north) / 2)))
    side = max(north - south, (east - west) * squeeze)
    margin = _MARGIN_M / METRES_PER_DEGREE + _MARGIN_SHARE * side
    return Bounds(
        south=float(south - margin),
        west=float(west - margin / squeeze),
        north=float(north + margin),
        east=float(east + margin / squeeze),
    )


def _lands(compounds: Iterable[Compound], canvas: Canvas) -> str:
    return "".join(
        f'<path class="land" d="{land_path(compound.boundary, canvas)}">'
        f"<title>{escape(compound.name or compound.id)}</title></path>"
        for compound in compounds
        if compound.boundary
    )


def _doors(doors: Iterable[Entrance], canvas: Canvas) -> str:
    drawn = []
    for door in doors:
        x, y = canvas.xy(door.lat, door.lon)[0]
        floors = "floors not known" if door.floors is None else f"{door.floors} floors"
        title = f"{door.building} {door.entrance}: {floors}, {_WAYS_UP[way_up(door)]}"
        drawn.append(_door_mark(way_up(door), x, y, title))
    return "".join(drawn)


def _door_mark(how: str, x: float, y: float, title: str = "") -> str:
    inside = f"<title>{escape(title)}</title>" if title else ""
    return (
        f'<g transform="translate({x:.1f} {y:.1f})">{inside}'
        f'<rect class="door {how}" x="-7" y="-7" width="14" height="14" rx="3"/>'
        f'<path class="glyph" d="{_GLYPHS[how]}"/></g>'
    )


def _gates(gates: Sequence[Gate], canvas: Canvas) -> str:
    drawn = []
    for gate in gates:
        x, y = canvas.xy(gate.lat, gate.lon)[0]
        title = f"{gate.id}: {gate.rule}, {', '.join(gate.modes)}"
        drawn.append(
            f'<circle class="gate {gate.rule}" cx="{x:.1f}" cy="{y:.1f}" r="7.5">'
            f"<title>{escape(title)}</title></circle>"
        )
    return "".join(drawn)


def _hub_mark(x: float, y: float) -> str:
    return f'<path class="hub" d="M{x - 7:.1f} {y + 6:.1f}v-8l7 -6l7 6v8z"/>'


def _post_mark(x: float, y: float) -> str:
    return f'<path class="post" d="M{x:.1f} {y - 7:.1f}l6 2v5q0 5 -6 7q-6 -2 -6 -7v-5z"/>'


def _hubs(hubs: Iterable[tuple[str, float, float]]) -> str:
    """Draw hubs a little above their points, beside the gates that they often stand at."""
    return "".join(_hub_mark(x + 13, y - 11) for _, x, y in hubs)


def _posts(posts: Iterable[tuple[str, int, Place]], canvas: Canvas) -> str:
    drawn = []
    for name, minimum, place in posts:
        x, y = canvas.xy(place.lat, place.lon)[0]
        drawn.append(
            f"<g><title>{escape(f'{name}: at least {minimum}')}</title>"
            f"{_post_mark(x + 29, y - 12)}</g>"
        )
    return "".join(drawn)


def _gate_label(gate: Gate, canvas: Canvas, labels: Labels) -> str:
    x, y = canvas.xy(gate.lat, gate.lon)[0]
    return labels.beside(x, y, gate.id, css_class="label gates", scale=_BOLD_SCALE)


def _hub_label(name: str, x: float, y: float, labels: Labels) -> str:
    return labels.beside(x + 20, y - 11, name, css_class="label")


def _door_labels(doors: Iterable[Entrance], canvas: Canvas, labels: Labels) -> str:
    """Write each entrance beside its mark, or a building once where its entrances are crowded."""
    buildings: dict[str, list[Entrance]] = {}
    for door in doors:
        buildings.setdefault(door.building, []).append(door)
    drawn = []
    for building, its in sorted(buildings.items()):
        xy = canvas.xy([door.lat for door in its], [door.lon for door in its])
        apart = np.hypot(*(xy[:, None] - xy).transpose(2, 0, 1))
        np.fill_diagonal(apart, np.inf)
        if float(apart.min()) < _CROWDED_PX:
            names = [(building, its[0])]
            spots = [xy[int(xy[:, 0].argmax())]]
        else:
            names = [(f"{building}-{door.entrance}".strip("-"), door) for door in its]
            spots = list(xy)
        for (name, door), (x, y) in zip(names, spots, strict=True):
            floors = "" if door.floors is None else f" {door.floors}F"
            drawn.append(labels.beside(x, y, f"{name}{floors}", css_class="label"))
    return "".join(drawn)


def _credit(canvas: Canvas) -> str:
    x, y = canvas.width_px - 6, canvas.height_px - 5
    return f'<text class="credit" x="{x}" y="{y}">{_CREDIT}</text>'


def _key(
    gates: Sequence[Gate], doors: Sequence[Entrance], *, has_hubs: bool, has_posts: bool
) -> list[tuple[str, str]]:
    key = [
        (f'<circle class="gate {rule}" cx="12" cy="13" r="7.5"/>', words)
        for rule, words in _RULES.items()
        if any(gate.rule is rule for gate in gates)
    ]
    key += [
        (_door_mark(how, 12, 13), words)
        for how, words in _WAYS_UP.items()
        if any(way_up(door) == how for door in doors)
    ]
    key += [(_hub_mark(12, 14), "hub")] if has_hubs else []
    return key + ([(_post_mark(12, 13), "post")] if has_posts else [])


def _document(canvas: Canvas, title: str, body: str, key: Sequence[tuple[str, str]]) -> str:
    """Put the drawing between its title and its key."""
    items, x, y = [], _LEFT_PX, canvas.height_px + _TITLE_PX + 8.0
    for swatch, words in key:
        width = 30 + text_px(words) + 16
        if x > _LEFT_PX and x + width > canvas.width_px:
            x, y = _LEFT_PX, y + _KEY_ROW_PX
        items.append(
            f'<g transform="translate({x:.0f} {y:.0f})">{swatch}'
            f'<text x="28" y="18">{escape(words)}</text></g>'
        )
        x += width
    width, height = canvas.width_px, round(y + _KEY_ROW_PX + 6)
    squeezed = ""
    if text_px(title, _NAME_SCALE) > width - 2 * _LEFT_PX:
        squeezed = f' textLength="{width - 2 * _LEFT_PX:.0f}" lengthAdjust="spacingAndGlyphs"'
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" '
        f'style="max-width:{2 * width}px;width:100%"><style>{_STYLE}</style>'
        f'<rect class="strip" width="{width}" height="{height}"/>'
        f'<text class="name" x="{_LEFT_PX:.0f}" y="22"{squeezed}>{escape(title)}</text>'
        f'<svg y="{_TITLE_PX}" width="{width}" height="{canvas.height_px}">'
        f'<rect class="ground" width="{width}" height="{canvas.height_px}"/>{body}</svg>'
        f"{''.join(items)}</svg>\n"
    )
