"""The map as one picture: roads, gated land, gates and entrances, with a key and a scale.

For a look at what was found, so that gates can be corrected by hand. The document is whole:
it needs no stylesheet, no font and no tile server.
"""

from collections.abc import Iterable, Sequence
from html import escape

import numpy as np
import shapely
from numpy.typing import NDArray

from maps.compounds import ALL_DAY, Compound, Gate, GateRule
from maps.earth import Bounds, LocalProjection
from maps.network import MapError, RoadNetwork
from maps.profiles import MODES, Rank
from maps.render import Canvas, land_path, road_path, scale_bar_svg, seen_roads

LEAST_WIDTH_PX = 200
"""Below this neither key nor scale can be read."""

_MARGIN_SHARE = 0.02
"""Empty ground around the roads, as a share of the picture's longer side."""

_STYLE = """
svg{font:13px system-ui,"Segoe UI",Roboto,"Noto Sans","Noto Sans CJK SC","PingFang SC",sans-serif}
.ground{fill:#f4f2ec}.strip{fill:#fff}.rule{stroke:#dcd8cd}
.road{fill:none;stroke-linecap:round;stroke-linejoin:round}
.major{stroke:#f6d38f}.street,.service{stroke:#fff}.path{stroke:#a89f8e}
.road.private{stroke:#e3d3ee}.road.private.path{stroke:#8d6aa8}
.road.case{stroke:#aca595}.road.case.major{stroke:#c9a15a}.road.case.private{stroke:#8d6aa8}
.ferry{stroke:#6f9fc4}.closed{stroke:#e3dfd6}
.land{fill:#8d6aa8;fill-opacity:.13;stroke:#8d6aa8;stroke-opacity:.75;stroke-dasharray:5 3}
.name{font-weight:600;fill:#4c2f66;text-anchor:middle}
.name,.scale text{stroke:#f4f2ec;stroke-width:3.5px;paint-order:stroke;stroke-linejoin:round}
.gate{stroke:#fff}.OPEN{fill:#12875a}.SIGN_IN{fill:#e08a00}.PERMIT{fill:#c4302b}
.entrance{fill:#333a45;stroke:#fff;stroke-width:.6}
.scale path{fill:none;stroke:#4a4a4a;stroke-width:1.5}.scale text{font-size:12px;fill:#333}
.key{fill:#33363d}
.credit text{font-size:11px;fill:#555;text-anchor:end;stroke:#f4f2ec;stroke-width:3px;\
paint-order:stroke;stroke-linejoin:round}
"""

_CREDIT = "\N{COPYRIGHT SIGN} OpenStreetMap contributors"
"""What the licence of the data asks of every picture (https://www.openstreetmap.org/copyright)."""

_WIDTHS_PX = {Rank.MAJOR: 5.0, Rank.STREET: 3.6, Rank.SERVICE: 2.4, Rank.PATH: 1.1, Rank.FERRY: 1.3}
"""Of roads where a pixel is `_FULL_M` of ground or less."""

_FULL_M = 2.0
_LEAST_SCALE = 0.3
_CASE_PX = 1.6

_KEY_LEFT_PX = 12.0
_KEY_HEIGHT_PX = 26
_SWATCH_PX = 24
_LETTER_PX = 7.0
_WIDE_LETTER_PX = 13.0
_NAME_HEIGHT_PX = 16.0

_RANK_WORDS = {
    Rank.MAJOR: "main road",
    Rank.STREET: "street",
    Rank.SERVICE: "service road",
    Rank.PATH: "path",
    Rank.FERRY: "ferry",
}
_RULE_WORDS = {
    GateRule.OPEN: "open gate",
    GateRule.SIGN_IN: "gate: sign in",
    GateRule.PERMIT: "gate: permit only",
}


def map_svg(network: RoadNetwork, *, width_px: int = 1200, mode: str | None = None) -> str:
    """Draw a map as an SVG document.

    Parameters
    ----------
    network : RoadNetwork
    width_px : int
        At least `LEAST_WIDTH_PX`; the height follows from the map and never exceeds twice
        the width.
    mode : str, optional
        One of `maps.profiles.MODES`: roads closed to it are pale, gates that are not for it
        are left out, and a road is private if it is so for it. Without it a road is private
        if it is so for all who may use it.

    Returns
    -------
    str
        Roads by rank, private ones and those inside compounds in another colour, compounds
        as tinted land with their names, gates coloured by rule, entrances as small dots.
        Pointing at a gate or an entrance tells what it is. The lower right corner credits
        the contributors of the data.

    Raises
    ------
    MapError
        The mode is unknown or the picture too narrow.
    """
    if mode is not None and mode not in MODES:
        raise MapError(f"{mode}: no such mode: use one of {', '.join(MODES)}")
    if width_px < LEAST_WIDTH_PX:
        raise MapError(f"{width_px} px is too narrow for a map: use at least {LEAST_WIDTH_PX}")
    canvas = Canvas(_with_margin(network.bounds), width_px=width_px, max_height_px=2 * width_px)
    scale = max(_LEAST_SCALE, min(1.0, (_FULL_M / canvas.metres_per_px) ** 0.5))
    roads, road_key = _roads(network, canvas, mode, scale)
    gates = [g for c in network.compounds for g in c.gates if mode is None or mode in g.modes]
    has_land = any(compound.boundary for compound in network.compounds)
    has_doors = any(compound.entrances for compound in network.compounds)
    dots = [
        (f'<circle class="gate {rule}" cx="12" cy="13" r="5.5"/>', _RULE_WORDS[rule])
        for rule in GateRule
        if any(gate.rule is rule for gate in gates)
    ]
    key = [
        *road_key,
        *([('<rect class="land" x="2" y="6" width="20" height="14"/>', "compound")] * has_land),
        *dots,
        *([('<circle class="entrance" cx="12" cy="13" r="3"/>', "entrance")] * has_doors),
    ]
    body = (
        _lands(network.compounds, canvas)
        + roads
        + _names(network.compounds, canvas)
        + _entrances(network.compounds, canvas, scale)
        + _gates(gates, canvas, scale)
        + scale_bar_svg(canvas)
        + _credit(canvas)
    )
    return _document(canvas, body, key)


def _with_margin(box: Bounds) -> Bounds:
    projection = LocalProjection(box)
    corners = projection.xy((box.south, box.north), (box.west, box.east))
    margin_m = _MARGIN_SHARE * max(float((corners[1] - corners[0]).max()), 50.0)
    lat, lon = projection.lat_lon(corners + np.array([[-margin_m], [margin_m]]))
    south, north = lat.tolist()
    west, east = lon.tolist()
    return Bounds(south=south, west=west, north=north, east=east)


def _roads(
    network: RoadNetwork, canvas: Canvas, mode: str | None, scale: float
) -> tuple[str, list[tuple[str, str]]]:
    """Draw the roads, the least important below; return what the key says of them too."""
    seen = seen_roads(network, canvas)
    rank = network.rank[network.tag_set]
    is_open, is_private = _use(network, mode)
    layers: list[str] = []
    key: list[tuple[str, str]] = []
    closed = road_path(seen[~is_open])
    if closed:
        layers.append(_stroke("closed", closed, 1.2 * scale))
        key.append((_swatch("closed", 1.4), f"closed to {mode}" if mode else "closed"))
    cases: list[str] = []
    cores: list[str] = []
    for its in sorted(Rank, reverse=True):
        for private in (True, False):
            data = road_path(seen[is_open & (rank == its) & (is_private == private)])
            if not data:
                continue
            name = its.name.lower() + (" private" if private else "")
            width = _WIDTHS_PX[its] * scale
            has_case = its <= Rank.SERVICE
            if has_case:
                cases.append(_stroke(f"case {name}", data, width + _CASE_PX * scale))
            cores.append(_stroke(name, data, width))
            if not private:
                full = _WIDTHS_PX[its]
                case = _swatch(f"case {name}", full + _CASE_PX) if has_case else ""
                key.append((case + _swatch(name, full), _RANK_WORDS[its]))
    key.reverse()
    if (is_open & is_private).any():
        width = _WIDTHS_PX[Rank.SERVICE]
        case = _swatch("case service private", width + _CASE_PX)
        key.append((case + _swatch("service private", width), "private or behind a gate"))
    return "".join((*layers, *cases, *cores)), key


def _use(network: RoadNetwork, mode: str | None) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Say which edges are open and which private, (E,) each."""
    chosen = list(range(len(MODES))) if mode is None else [MODES.index(mode)]
    is_open = (network.speed_kmh.max(axis=2) > 0)[:, chosen]
    is_private = (network.is_private[:, chosen] | ~is_open).all(axis=1)
    edge = network.tag_set
    return is_open.any(axis=1)[edge], is_private[edge] | (network.compound >= 0)


def _stroke(name: str, data: str, width: float) -> str:
    dashes = ""
    if name.startswith("ferry"):
        dashes = ' stroke-dasharray="6 5"'
    return f'<path class="road {name}" stroke-width="{width:.2f}"{dashes} d="{data}"/>'


def _swatch(name: str, width: float) -> str:
    return _stroke(name, "M3 13h18", width)


def _lands(compounds: Iterable[Compound], canvas: Canvas) -> str:
    return "".join(
        f'<path class="land" d="{land_path(compound.boundary, canvas)}">'
        f"<title>{escape(compound.name or compound.id)}</title></path>"
        for compound in compounds
        if compound.boundary
    )


def _gates(gates: Sequence[Gate], canvas: Canvas, scale: float) -> str:
    """Draw gates; of several at one point the one for fewer modes lies within the others."""
    taken: dict[tuple[float, float], int] = {}
    drawn = []
    for gate in sorted(gates, key=lambda gate: (-len(gate.modes), gate.id)):
        within = taken.setdefault((gate.lat, gate.lon), 0)
        taken[gate.lat, gate.lon] += 1
        x, y = canvas.xy(gate.lat, gate.lon)[0]
        radius = max(2.2, 5.5 * scale) * 0.55**within
        drawn.append(
            f'<circle class="gate {gate.rule}" cx="{x:.1f}" cy="{y:.1f}" r="{radius:.1f}" '
            f'stroke-width="{1.4 * scale:.1f}"><title>{escape(_gate_line(gate))}</title></circle>'
        )
    return "".join(drawn)


def _gate_line(gate: Gate) -> str:
    words = [f"{gate.id}: {gate.rule}", ", ".join(gate.modes)]
    if (gate.opens_s, gate.closes_s) != ALL_DAY:
        words.append(f"{_clock(gate.opens_s)} to {_clock(gate.closes_s)}")
    return "\n".join(words)


def _clock(second: int) -> str:
    return f"{second // 3600:02}:{second % 3600 // 60:02}"


def _entrances(compounds: Iterable[Compound], canvas: Canvas, scale: float) -> str:
    drawn = []
    for compound in compounds:
        for door in compound.entrances:
            x, y = canvas.xy(door.lat, door.lon)[0]
            title = escape(f"entrance {door.building} {door.entrance}".rstrip())
            drawn.append(
                f'<circle class="entrance" cx="{x:.1f}" cy="{y:.1f}" '
                f'r="{max(1.2, 2.6 * scale):.1f}"><title>{title}</title></circle>'
            )
    return "".join(drawn)


def _names(compounds: Iterable[Compound], canvas: Canvas) -> str:
    """Write each name in its land, or below it where it is too wide for it.

    The larger land comes first; a name that would cover another is left out.
    """
    spots = []
    for compound in compounds:
        if compound.name and compound.boundary:
            rings = (np.asarray(ring) for ring in compound.boundary)
            parts = [shapely.Polygon(canvas.xy(ring[:, 0], ring[:, 1])) for ring in rings]
            largest = max(parts, key=shapely.area)
            middle = shapely.point_on_surface(shapely.make_valid(largest))
            west, _, east, bottom = largest.bounds
            fits = _text_px(compound.name) < east - west
            y = middle.y if fits else bottom + _NAME_HEIGHT_PX
            spots.append((float(largest.area), compound.name, middle.x, y))
    drawn: list[str] = []
    taken: list[tuple[float, float, float]] = []
    for _, name, x, y in sorted(spots, reverse=True):
        half = _text_px(name) / 2
        if any(abs(y - b) < _NAME_HEIGHT_PX and abs(x - a) < half + w for a, b, w in taken):
            continue
        taken.append((x, y, half))
        at = min(max(x, half + 4), canvas.width_px - half - 4)
        drawn.append(f'<text class="name" x="{at:.1f}" y="{y + 4.5:.1f}">{escape(name)}</text>')
    return "".join(drawn)


def _credit(canvas: Canvas) -> str:
    """Name whose data these are, below the line of the scale, which it never meets."""
    x, y = canvas.width_px - 6, canvas.height_px - 4
    return f'<g class="credit"><text x="{x}" y="{y}">{_CREDIT}</text></g>'


def _text_px(text: str) -> float:
    """Estimate how wide a text is: Chinese and Japanese letters fill a square."""
    first_wide = "\u2e80"
    return sum(_WIDE_LETTER_PX if letter >= first_wide else _LETTER_PX for letter in text)


def _document(canvas: Canvas, body: str, key: Sequence[tuple[str, str]]) -> str:
    """Put the map above its key."""
    items: list[str] = []
    x, y = _KEY_LEFT_PX, canvas.height_px + 7.0
    for swatch, words in key:
        width = _SWATCH_PX + 6 + _text_px(words) + 18
        if x > _KEY_LEFT_PX and x + width > canvas.width_px:
            x, y = _KEY_LEFT_PX, y + _KEY_HEIGHT_PX
        items.append(
            f'<g transform="translate({x:.0f} {y:.0f})">{swatch}'
            f'<text class="key" x="{_SWATCH_PX + 6}" y="17.5">{escape(words)}</text></g>'
        )
        x += width
    height = round(y + _KEY_HEIGHT_PX + 7)
    width, top = canvas.width_px, canvas.height_px
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="{height}" '
        f'viewBox="0 0 {width} {height}"><style>{_STYLE}</style>'
        f'<rect class="ground" width="{width}" height="{height}"/>{body}'
        f'<rect class="strip" y="{top}" width="{width}" height="{height - top}"/>'
        f'<path class="rule" d="M0 {top}h{width}"/>{"".join(items)}</svg>\n'
    )
