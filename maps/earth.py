"""The shape of the earth, as far as a city needs it.

Exists so that every module measures metres in the same way. It imports numpy
and nothing else of the package.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol, TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray

EARTH_RADIUS_M = 6_371_008.8
"""Mean radius of the WGS84 ellipsoid (IUGG), metres."""

METRES_PER_DEGREE = float(np.pi) * EARTH_RADIUS_M / 180.0

Floats: TypeAlias = NDArray[np.float64]


class Point(Protocol):
    """Anything with a WGS84 latitude and longitude in degrees."""

    @property
    def lat(self) -> float:
        """Latitude in degrees, north positive."""

    @property
    def lon(self) -> float:
        """Longitude in degrees, east positive."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Bounds:
    """A box of WGS84 degrees; all four sides belong to it."""

    south: float
    west: float
    north: float
    east: float

    @classmethod
    def around(cls, points: "Sequence[Point]", *, margin_m: float) -> "Bounds":
        """Return the smallest box that holds the points, widened on all four sides.

        Parameters
        ----------
        points : at least one point
        margin_m : float
            Metres added on each side.
        """
        lat, lon = coordinates(points)
        north_margin = margin_m / METRES_PER_DEGREE
        east_margin = north_margin / float(np.cos(np.radians(lat.mean())))
        return cls(
            south=float(lat.min()) - north_margin,
            west=float(lon.min()) - east_margin,
            north=float(lat.max()) + north_margin,
            east=float(lon.max()) + east_margin,
        )

    def contains(self, *, lat: float, lon: float) -> bool:
        """Say whether a coordinate lies in the box or on its border."""
        return self.south <= lat <= self.north and self.west <= lon <= self.east


EVERYWHERE = Bounds(south=-90.0, west=-180.0, north=90.0, east=180.0)


def coordinates(points: Sequence[Point]) -> tuple[Floats, Floats]:
    """Return the latitudes and longitudes of points.

    Parameters
    ----------
    points : sequence of n points

    Returns
    -------
    (lat, lon) : two arrays (n,) float64, degrees
    """
    lat = np.fromiter((point.lat for point in points), dtype=np.float64, count=len(points))
    lon = np.fromiter((point.lon for point in points), dtype=np.float64, count=len(points))
    return lat, lon


SWAPPED = "it looks like lon, lat order: give the latitude first"
"""What to add to a message about a coordinate of which `looks_swapped` is true."""


def looks_swapped(*, lat: float, lon: float, bounds: Bounds | None = None) -> bool:
    """Say whether a bad coordinate would be a good one in the other order.

    Parameters
    ----------
    lat, lon : float, degrees
        As given.
    bounds : Bounds, optional
        Where coordinates are expected; without it, anywhere on earth.
    """
    area = bounds or EVERYWHERE
    return area.contains(lat=lon, lon=lat) and not area.contains(lat=lat, lon=lon)


def haversine_m(lat_a: ArrayLike, lon_a: ArrayLike, lat_b: ArrayLike, lon_b: ArrayLike) -> Floats:
    """Return great-circle distances in metres; the arguments broadcast.

    Parameters
    ----------
    lat_a, lon_a, lat_b, lon_b : degrees

    Returns
    -------
    float64 array of the broadcast shape, metres
    """
    phi_a, phi_b = np.radians(lat_a), np.radians(lat_b)
    half_lat = (phi_b - phi_a) / 2.0
    half_lon = (np.radians(lon_b) - np.radians(lon_a)) / 2.0
    chord = np.sin(half_lat) ** 2 + np.cos(phi_a) * np.cos(phi_b) * np.sin(half_lon) ** 2
    arc: Floats = 2.0 * EARTH_RADIUS_M * np.arcsin(np.sqrt(np.minimum(chord, 1.0)))
    return arc


class LocalProjection:
    """Degrees to metres on a plane that touches the map's middle.

    Equirectangular: over 50 km the error of a short distance stays under one
    percent at city latitudes, which is below what a snapped point means.

    Parameters
    ----------
    bounds : Bounds
        The box whose middle becomes the origin.
    """

    def __init__(self, bounds: Bounds) -> None:
        self.lat_0 = (bounds.south + bounds.north) / 2.0
        self.lon_0 = (bounds.west + bounds.east) / 2.0
        self._east_scale = METRES_PER_DEGREE * float(np.cos(np.radians(self.lat_0)))

    def xy(self, lat: ArrayLike, lon: ArrayLike) -> Floats:
        """Return metres east and north of the origin, (n, 2) float64."""
        east = (np.asarray(lon, dtype=np.float64) - self.lon_0) * self._east_scale
        north = (np.asarray(lat, dtype=np.float64) - self.lat_0) * METRES_PER_DEGREE
        return np.column_stack((east, north))

    def lat_lon(self, xy: Floats) -> tuple[Floats, Floats]:
        """Return degrees for metres; the inverse of `xy`."""
        return (
            xy[:, 1] / METRES_PER_DEGREE + self.lat_0,
            xy[:, 0] / self._east_scale + self.lon_0,
        )
