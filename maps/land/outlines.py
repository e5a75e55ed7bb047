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
        if not shape.is_valid:
            # A figure of eight becomes two parts; what is no land at all falls away.
            shape = shapely.buffer(shapely.make_valid(shape), 0.0)
        parts.append(shape)
    return parts[0] if len(parts) == 1 else shapely.union_all([shapely.Polygon(), *parts])


def polygons(compounds: Sequence[Compound], projection: LocalProjection) -> NDArray[np.object_]:
    """Return the land of each compound, (n,) as `polygon`; empty where it has no boundary."""
    found = np.empty(len(compounds), dtype=np.object_)
    for number, compound in enumerate(compounds):
        found[number] = polygon(compound.boundary, projection)
    return found


def rings(land: shapely.Geometry, projection: LocalProjection) -> Rings:
    """Return the outer rings of land in degrees; the inverse of `polygon` but for holes."""
    found = []
    for part in shapely.get_parts(land):
        lat, lon = projection.lat_lon(shapely.get_coordinates(shapely.get_exterior_ring(part)))
        found.append(
            tuple(zip(lat.round(_DIGITS).tolist(), lon.round(_DIGITS).tolist(), strict=True))
        )
    return tuple(found)
