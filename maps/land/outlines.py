"""Outlines of land as shapes in metres, and back.

Compounds keep their boundaries in degrees, as files do; areas, distances and cuts need metres.
"""

from collections.abc import Sequence
from typing import TypeAlias

import numpy as np
import shapely
from numpy.typing import ArrayLike, NDArray

from maps.compounds import Compound
from maps.earth import LocalProjection

Rings: TypeAlias = tuple[tuple[tuple[float, float], ...], ...]
"""As `maps.compounds.Compound.boundary`."""

_DIGITS = 7
"""OSM's own resolution in degrees, about a centimetre."""

_LEAST_CORNERS = 3
"""A closed ring has one point more."""


def polygon(rings: Sequence[ArrayLike], projection: LocalProjection) -> shapely.Geometry:
    """Return the land within outer rings.

    Parameters
    ----------
    rings : sequence of (k, 2) latitudes and longitudes, degrees
    projection : LocalProjection

    Returns
    -------
    shapely Polygon or MultiPolygon, metres
        Valid; empty where the rings hold no land.
    """
    parts = []
    for ring in rings:
        lat_lon = np.asarray(ring, dtype=np.float64)
        if len(lat_lon) <= _LEAST_CORNERS:
            continue
        shape = shapely.polygons(projection.xy(lat_lon[:, 0], lat_lon[:, 1]))
        parts.append(_mended(shape))
    return parts[0] if len(parts) == 1 else shapely.union_all([shapely.Polygon(), *parts])


def polygons(compounds: Sequence[Compound], projection: LocalProjection) -> NDArray[np.object_]:
    """Return the land of each compound, (n,) as `polygon`; empty where it has no boundary."""
    found = np.empty(len(compounds), dtype=np.object_)
    for number, compound in enumerate(compounds):
        found[number] = polygon(compound.boundary, projection)
    return found


def rings(land: shapely.Geometry, projection: LocalProjection) -> Rings:
    """Return the outer rings of land in degrees; the inverse of `polygon` but for holes.

    Every ring is one that `is_ring` accepts.
    """
    in_degrees = shapely.transform(land, lambda xy: np.column_stack(projection.lat_lon(xy)))
    # What only just holds in metres may cross itself in degrees, and rounding each corner by
    # itself could make a narrow neck do so.
    rounded = shapely.set_precision(_mended(in_degrees), 10.0**-_DIGITS)
    parts = shapely.get_parts(rounded)
    outer = shapely.get_exterior_ring(parts[~shapely.is_empty(parts)])
    found = (shapely.get_coordinates(ring).round(_DIGITS).tolist() for ring in outer)
    return tuple(tuple((lat, lon) for lat, lon in ring) for ring in found)


def is_ring(ring: Sequence[tuple[float, float]]) -> bool:
    """Say whether points are a ring as a file may have it: closed, and not crossing itself."""
    is_closed = len(ring) > _LEAST_CORNERS and ring[0] == ring[-1]
    return is_closed and bool(shapely.Polygon(ring).is_valid)


def _mended(land: shapely.Geometry) -> shapely.Geometry:
    """Make land valid: a figure of eight becomes two parts; what is no land falls away."""
    return land if land.is_valid else shapely.buffer(shapely.make_valid(land), 0.0)
