"""Roads and routes as pictures: SVG for the report, GeoJSON for other tools.

Exists so that a report is self-contained: it needs no tile server. It draws
and styles nothing but lines; colours are the page's CSS, by class name.
"""

from collections.abc import Iterable, Mapping, Sequence
from html import escape
from typing import Any

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from maps.earth import Bounds, Floats, LocalProjection
from maps.network import RoadNetwork
from maps.profiles import Rank

_TOLERANCE_PX = 0.4
"""A line may move by this much when points are left out."""


class Canvas:
    """A box of the earth on a picture, north up.

    Parameters
    ----------
    box : Bounds
        What the picture shows.
    width_px : int
        Width of the picture; the height follows from the box.
    max_height_px : int, optional
        A box that would be taller is drawn narrower instead.

    Attributes
    ----------
    width_px, height_px : int
    """

    def __init__(self, box: Bounds, *, width_px: int, max_height_px: int | None = None) -> None:
        self._projection = LocalProjection(box)
        corners = self._projection.xy((box.south, box.north), (box.west, box.east))
        # A box may be a single point; it still needs a picture of some size.
        width_m, height_m = np.maximum(corners[1] - corners[0], 1.0)
        scale = width_px / width_m
        if max_height_px is not None:
            scale = min(scale, max_height_px / height_m)
        self._west_m, self._north_m = float(corners[0, 0]), float(corners[1, 1])
        self._scale = float(scale)
        self.width_px = max(1, round(width_m * scale))
        self.height_px = max(1, round(height_m * scale))

    @property
    def metres_per_px(self) -> float:
        """Metres on the ground for a pixel, for a scale bar."""
        return 1.0 / self._scale

    def xy(self, lat: ArrayLike, lon: ArrayLike) -> Floats:
        """Return pixels right of and below the upper left corner, (n, 2) float64."""
        metres = self._projection.xy(lat, lon)
        return np.column_stack(
            ((metres[:, 0] - self._west_m), (self._north_m - metres[:, 1]))
        ) * np.float64(self._scale)


def roads_svg(network: RoadNetwork, canvas: Canvas, *, max_bytes: int = 600_000) -> str:
    """Draw the roads inside a canvas as a compact SVG group.

    Parameters
    ----------
    network : RoadNetwork
    canvas : Canvas
    max_bytes : int
        Ranks of roads are drawn from the most important on, each whole or not
        at all, while the group stays within this size.

    Returns
    -------
    str
        ``<g class="roads">`` with one path for each rank, the most important
        last, so that it lies on top; its class is ``road-major``,
        ``road-street``, ``road-service``, ``road-path`` or ``road-ferry``.
    """
    seen = seen_roads(network, canvas)
    edge_rank = network.rank[network.tag_set]
    paths: list[str] = []
    left = max_bytes - len('<g class="roads"></g>')
    for rank in Rank:
        data = road_path(seen[edge_rank == rank])
        if not data:
            continue
        path = f'<path class="road-{rank.name.lower()}" d="{data}"/>'
        left -= len(path)
        if left < 0:
            break
        paths.append(path)
    return f'<g class="roads">{"".join(reversed(paths))}</g>'


def seen_roads(network: RoadNetwork, canvas: Canvas) -> NDArray[np.object_]:
    """Return the edges as shapely lines in pixels, cut at the canvas, (E,); some are empty."""
    lines = _lines(canvas.xy(network.shape_lat, network.shape_lon), network.shape_start)
    # Clipping drops what lies exactly on the border, hence a pixel more on each side.
    seen: NDArray[np.object_] = shapely.clip_by_rect(
        lines, -1.0, -1.0, canvas.width_px + 1.0, canvas.height_px + 1.0
    )
    return seen


def road_path(lines: NDArray[np.object_]) -> str:
    """Join and simplify lines and write them as the data of one SVG path.

    Parameters
    ----------
    lines : (n,) shapely geometry, pixels
        As of `seen_roads`.

    Returns
    -------
    str
        Empty where nothing is long enough to be seen.
    """
    parts = shapely.get_parts(lines)
    parts = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    parts = parts[~shapely.is_empty(parts)]
    if len(parts) == 0:
        return ""
    merged = shapely.get_parts(shapely.line_merge(shapely.multilinestrings(parts)))
    simple = shapely.simplify(merged, _TOLERANCE_PX)
    # What is shorter than a pixel is a dot that nobody sees.
    simple = simple[shapely.length(simple) >= 1.0]
    xy, owner = shapely.get_coordinates(simple, return_index=True)
    pieces = np.split(xy, np.flatnonzero(np.diff(owner)) + 1)
    return _path_data(pieces) if len(xy) else ""


def land_path(rings: Iterable[ArrayLike], canvas: Canvas) -> str:
    """Write outer rings of land, each (k, 2) of latitude and longitude, as SVG path data."""
    pieces = []
    for ring in rings:
        lat_lon = np.asarray(ring, dtype=np.float64)
        pieces.append(canvas.xy(lat_lon[:, 0], lat_lon[:, 1]))
    return _path_data(pieces)


def scale_bar_svg(canvas: Canvas) -> str:
    """Draw a bar of a round length, at most a quarter of the picture, at its lower left.

    Returns
    -------
    str
        ``<g class="scale">`` with a path and a text.
    """
    most_m = canvas.metres_per_px * canvas.width_px / 4
    power = 10.0 ** np.floor(np.log10(most_m))
    length_m = float(power * max(step for step in (1, 2, 5) if step * power <= most_m))
    label = f"{length_m / 1000:g} km" if length_m >= 1000 else f"{length_m:g} m"  # noqa: PLR2004
    length_px = length_m / canvas.metres_per_px
    x, y = 16, canvas.height_px - 16
    return (
        f'<g class="scale"><path d="M{x} {y - 5}v5h{length_px:.1f}v-5"/>'
        f'<text x="{x + length_px / 2:.1f}" y="{y - 9}" text-anchor="middle">{label}</text></g>'
    )


def route_svg(
    canvas: Canvas, polyline: Sequence[tuple[float, float]], *, css_class: str, title: str = ""
) -> str:
    """Draw a route as an SVG path.

    Parameters
    ----------
    canvas : Canvas
    polyline : sequence of (lat, lon)
        As in `maps.travel.Route`.
    css_class : str
        Class of the path.
    title : str, optional
        What a browser shows when one points at the route.
    """
    line = shapely.linestrings(_pixels(canvas, polyline))
    data = _path_data([shapely.get_coordinates(shapely.simplify(line, _TOLERANCE_PX))])
    inside = f"<title>{escape(title)}</title>" if title else ""
    return f'<path class="{escape(css_class)}" d="{data}">{inside}</path>'


def roads_geojson(network: RoadNetwork) -> dict[str, Any]:
    """Return every road as a GeoJSON feature collection, with its OSM way and rank."""
    return {
        "type": "FeatureCollection",
        "features": [
            _feature(
                zip(
                    network.shape_lat[start:end].tolist(),
                    network.shape_lon[start:end].tolist(),
                    strict=True,
                ),
                {"way": way, "rank": Rank(rank).name.lower()},
            )
            for start, end, way, rank in zip(
                network.shape_start[:-1].tolist(),
                network.shape_start[1:].tolist(),
                network.way_id.tolist(),
                network.rank[network.tag_set].tolist(),
                strict=True,
            )
        ],
    }


def route_geojson(
    polyline: Iterable[tuple[float, float]], properties: Mapping[str, Any]
) -> dict[str, Any]:
    """Return a route as a GeoJSON feature."""
    return _feature(polyline, properties)


def _feature(
    polyline: Iterable[tuple[float, float]], properties: Mapping[str, Any]
) -> dict[str, Any]:
    # GeoJSON writes the longitude first (RFC 7946, 3.1.1); 1e-6 degrees are 11 cm.
    coordinates = [[round(lon, 6), round(lat, 6)] for lat, lon in polyline]
    return {
        "type": "Feature",
        "geometry": {"type": "LineString", "coordinates": coordinates},
        "properties": dict(properties),
    }


def _pixels(canvas: Canvas, polyline: Sequence[tuple[float, float]]) -> Floats:
    lat_lon = np.array(polyline, dtype=np.float64)
    return canvas.xy(lat_lon[:, 0], lat_lon[:, 1])


def _lines(xy: Floats, starts: NDArray[np.int64]) -> NDArray[np.object_]:
    owner = np.repeat(np.arange(len(starts) - 1), np.diff(starts))
    lines: NDArray[np.object_] = shapely.linestrings(xy, indices=owner)
    return lines


def _path_data(pieces: Iterable[Floats]) -> str:
    """Write polylines as SVG path data: relative steps in tenths of a pixel."""
    words: list[str] = []
    for piece in pieces:
        tenths = np.rint(piece * 10.0).astype(np.int64)
        steps = np.diff(tenths, axis=0)
        steps = steps[(steps != 0).any(axis=1)]
        words.append(f"M{_decimal(tenths[0, 0])} {_decimal(tenths[0, 1])}l")
        # A minus sign separates numbers by itself.
        row = " ".join(f"{_decimal(x)} {_decimal(y)}" for x, y in steps.tolist()) or "0 0"
        words.append(row.replace(" -", "-"))
    return "".join(words)


def _decimal(tenths: int) -> str:
    """Write tenths as the shortest decimal: 5 is ``.5``, -20 is ``-2``."""
    whole, rest = divmod(abs(int(tenths)), 10)
    sign = "-" if tenths < 0 else ""
    if rest == 0:
        return f"{sign}{whole}"
    return f"{sign}{whole or ''}.{rest}"
