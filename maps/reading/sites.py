"""What an OSM file says of gated land: areas, barriers and entrances as they were drawn.

Between the reader, which knows OSM, and `maps.compounds`, which decides what is a compound
and where its gates are. Plain values; imports nothing of the package.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Area:
    """Land with an outline that may turn out to be a compound.

    Attributes
    ----------
    id : str
        ``w`` or ``r`` and the OSM id of the closed way or the multipolygon.
    name : str
        Empty where unknown.
    tags : mapping
        All tags of the way or the relation.
    rings : tuple of (k, 2) float64, latitude and longitude in degrees
        Outer rings; the last row repeats the first.
    """

    id: str
    name: str
    tags: Mapping[str, str]
    rings: tuple[NDArray[np.float64], ...]


@dataclass(frozen=True, slots=True, kw_only=True)
class Spot:
    """A node with a meaning of its own.

    Attributes
    ----------
    id : int
        OSM id.
    lat, lon : float
        Degrees.
    tags : mapping
        All its tags.
    """

    id: int
    lat: float
    lon: float
    tags: Mapping[str, str]


@dataclass(frozen=True, slots=True, kw_only=True, eq=False)
class Sites:
    """Everything in a file that compounds are found from.

    Attributes
    ----------
    areas : tuple of Area, by id
        Ways and multipolygon relations that are residential land, a campus, a school or a
        hospital.
    barriers : tuple of Spot, by id
        Nodes with any ``barrier``.
    entrances : tuple of Spot, by id
        Nodes with any ``entrance``.
    """

    areas: tuple[Area, ...] = ()
    barriers: tuple[Spot, ...] = ()
    entrances: tuple[Spot, ...] = ()


AREA_KEYS = ("amenity", "landuse", "residential")
"""Keys that may make an area a site."""

_SMALLEST_RING = 4
"""Three corners and the first again."""

_AMENITIES = frozenset({"college", "hospital", "school", "university"})


def is_site(tags: Mapping[str, str]) -> bool:
    """Say whether land with these tags may be a compound.

    Tag:landuse=residential, Tag:residential=gated, Tag:amenity=university, college, school
    and hospital.
    """
    return (
        tags.get("landuse") == "residential"
        or tags.get("residential") == "gated"
        or tags.get("amenity") in _AMENITIES
    )


def rings(lines: Sequence[Sequence[int]]) -> tuple[list[list[int]], int]:
    """Join lines end to end into closed rings (Relation:multipolygon).

    Parameters
    ----------
    lines : sequence of node ids in order, each two or more
        Each may be turned round.

    Returns
    -------
    closed : list of node ids, the last the same as the first
    open_count : int
        Lines left over that close nothing.
    """
    left = [list(line) for line in lines]
    closed: list[list[int]] = []
    open_count = 0
    while left:
        ring, used = left.pop(0), 1
        while ring[0] != ring[-1]:
            following = next((line for line in left if ring[-1] in (line[0], line[-1])), None)
            if following is None:
                break
            left.remove(following)
            used += 1
            ring += following[1:] if following[0] == ring[-1] else following[-2::-1]
        if ring[0] == ring[-1] and len(ring) >= _SMALLEST_RING:
            closed.append(ring)
        else:
            open_count += used
    return closed, open_count
