"""Land, barriers and entrances on drawn road graphs."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from maps.earth import METRES_PER_DEGREE
from maps.reading.sites import Area, Sites, Spot

CELL_M = 50.0
"""As in drawings."""


def degrees(column: float, row: float) -> tuple[float, float]:
    """Return the latitude and longitude of a place on a drawing, in cells."""
    return -row * CELL_M / METRES_PER_DEGREE, column * CELL_M / METRES_PER_DEGREE


def box(left: float, top: float, right: float, bottom: float) -> tuple[tuple[float, float], ...]:
    """Return a closed ring round columns and rows of a drawing."""
    corners = ((left, top), (right, top), (right, bottom), (left, bottom), (left, top))
    return tuple(degrees(column, row) for column, row in corners)


def area(id_: str, left: float, top: float, right: float, bottom: float, **tags: str) -> Area:
    """Return residential land between columns and rows, unless the tags say otherwise."""
    return Area(
        id=id_,
        name=tags.pop("name", ""),
        tags=tags if "amenity" in tags else {"landuse": "residential", **tags},
        rings=(np.array(box(left, top, right, bottom)),),
    )


def spot(drawing: Any, name: str, **tags: str) -> Spot:
    """Return a node of the drawing with tags; its id is that in the drawn file."""
    at = drawing.at(name)
    number = sorted(drawing.cells).index(name) + 1
    return Spot(id=number, lat=at.lat, lon=at.lon, tags=tags)


def sites(
    areas: Sequence[Area], *, barriers: Sequence[Spot] = (), entrances: Sequence[Spot] = ()
) -> Sites:
    """Return what a file would say of them."""
    return Sites(areas=tuple(areas), barriers=tuple(barriers), entrances=tuple(entrances))
