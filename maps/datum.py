"""Coordinates as Chinese partners send them, and as OpenStreetMap has them.

Maps that are published in mainland China are shifted by 100 to 700 m (GCJ02), Baidu's once
more (BD09). Coordinates are converted once, where they come in; inside everything is WGS84.

The formulas are those of the public packages `coordtransform`
(https://github.com/wandergis/coordtransform) and `eviltransform`
(https://github.com/googollee/eviltransform); the authorities publish none. They shift every
point of a box around China, and so do we: that box holds Taiwan, Hong Kong and Macau, and
parts of the neighbours, whose own maps are not shifted. Say WGS84 for those.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum
from functools import lru_cache

import numpy as np
from numpy.typing import ArrayLike, NDArray

from maps.earth import Floats, haversine_m
from maps.network import RoadNetwork
from maps.snap import RoadIndex

BOX_LAT = (3.86, 53.55)
BOX_LON = (73.66, 135.05)
"""Degrees between which points are shifted, by `coordtransform`; both ends exclusive."""

NEAR_M = 30.0
"""A point as near as this to a road fits the map."""

FEWEST_POINTS = 10
"""Of fewer distinct points no datum can be told: any few lie near some road."""

CLEAR_M = 10.0
"""So much nearer to the roads than under any other datum are points whose datum is clear."""

_AXIS_M = 6_378_245.0
_ECCENTRICITY_SQUARED = 0.00669342162296594323
"""Krasovsky's ellipsoid of 1940."""
_MIDDLE_LAT, _MIDDLE_LON = 35.0, 105.0

# A shift in metres is a sum over x and y, degrees from the middle of China. Each row holds the
# factors of one term, north and east: first 1, x, y, xx, yy, xy and the root of |x| ...
_SMOOTH = np.array(
    [
        [-100.0, 300.0],
        [2.0, 1.0],
        [3.0, 2.0],
        [0.0, 0.1],
        [0.2, 0.0],
        [0.1, 0.1],
        [0.2, 0.1],
    ]
).T
# ... then sines: half turns for each degree of x and of y, and two thirds of the factors.
_WAVE_TURNS = np.array(
    [
        [6.0, 0.0],
        [2.0, 0.0],
        [0.0, 1.0],
        [0.0, 1.0 / 3.0],
        [0.0, 1.0 / 12.0],
        [0.0, 1.0 / 30.0],
        [1.0, 0.0],
        [1.0 / 3.0, 0.0],
        [1.0 / 12.0, 0.0],
        [1.0 / 30.0, 0.0],
    ]
)
_WAVES = (
    np.array(
        [
            [20.0, 20.0],
            [20.0, 20.0],
            [20.0, 0.0],
            [40.0, 0.0],
            [160.0, 0.0],
            [320.0, 0.0],
            [0.0, 20.0],
            [0.0, 40.0],
            [0.0, 150.0],
            [0.0, 300.0],
        ]
    ).T
    * 2.0
    / 3.0
)

_BAIDU_TURNS = np.pi * 3000.0 / 180.0
_BAIDU_LAT, _BAIDU_LON = 0.006, 0.0065

_TOLERANCE = 1e-9
"""Degrees, a tenth of a millimetre."""
_MOST_ROUNDS = 30
"""Each round takes off nine tenths of the error or more; six are enough anywhere in China."""
_DECIMALS = 7
"""As many as OpenStreetMap keeps, 1 cm: machines whose sines differ agree on the coordinate."""

_DISTINCT_DECIMALS = 6
"""Degrees, 10 cm: nearer points are one."""

_FARTHEST_M = 1_000.0


class Datum(StrEnum):
    """A geodetic system in which coordinates are handed in."""

    WGS84 = "WGS84"
    GCJ02 = "GCJ02"
    BD09 = "BD09"


def to_wgs84(datum: Datum, lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
    """Convert coordinates to WGS84, to a centimetre.

    Points outside the box around China stay as they are, bit by bit. The published inverse
    is off by up to 2 m; here the forward formula is inverted by iteration. Only within a
    kilometre of the box's border a way back need not exist.

    Parameters
    ----------
    datum : Datum
        The system that the coordinates are in.
    lat, lon : (n,), degrees

    Returns
    -------
    (lat, lon) : two arrays (n,) float64, WGS84 degrees
    """
    given = np.array([lat, lon], dtype=np.float64)
    inside = _in_china(given)
    if datum is Datum.WGS84 or not inside.any():
        return given[0], given[1]
    target = given[:, inside]
    found = target.copy()
    for _ in range(_MOST_ROUNDS):
        step = target - _shifted(datum, found)
        found += step
        if np.abs(step).max() < _TOLERANCE:
            break
    given[:, inside] = found.round(_DECIMALS)
    return given[0], given[1]


@lru_cache(maxsize=4096)
def point_to_wgs84(datum: Datum, *, lat: float, lon: float) -> tuple[float, float]:
    """Convert one coordinate to WGS84; see `to_wgs84`.

    What was converted last is kept: a merchant's parcels start at the same few doors.

    Parameters
    ----------
    datum : Datum
        The system that the coordinate is in.
    lat, lon : float, degrees

    Returns
    -------
    (lat, lon) : WGS84 degrees
    """
    if datum is Datum.WGS84:
        return lat, lon
    found_lat, found_lon = to_wgs84(datum, (lat,), (lon,))
    return float(found_lat[0]), float(found_lon[0])


def from_wgs84(datum: Datum, lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
    """Convert coordinates from WGS84, by the published formulas.

    Parameters
    ----------
    datum : Datum
        The system that is wanted.
    lat, lon : (n,), WGS84 degrees

    Returns
    -------
    (lat, lon) : two arrays (n,) float64, degrees
        Points outside the box around China stay as they are.
    """
    given = np.array([lat, lon], dtype=np.float64)
    inside = _in_china(given)
    given[:, inside] = _shifted(datum, given[:, inside])
    return given[0], given[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Fit:
    """How well points fit a map if they are in one datum.

    Attributes
    ----------
    datum : Datum
    median_m, p90_m : float
        Distance from the points to the nearest road, metres; inf beyond a kilometre.
    near : float
        Share of the points within `NEAR_M` of a road, 0 to 1.
    shift_m : float
        Median distance between the points read as this datum and read as WGS84, metres. What
        it costs to mistake one for the other.
    """

    datum: Datum
    median_m: float
    p90_m: float
    near: float
    shift_m: float


def distinct(lat: ArrayLike, lon: ArrayLike) -> tuple[Floats, Floats]:
    """Return points without their repetitions, rounded to a millionth of a degree.

    Thousands of parcels from one shop say no more about their datum than one does.

    Parameters
    ----------
    lat, lon : (n,), degrees

    Returns
    -------
    (lat, lon) : two arrays (m,) float64, degrees
    """
    rounded = np.round(np.array([lat, lon], dtype=np.float64), _DISTINCT_DECIMALS)
    found_lat, found_lon = np.unique(rounded, axis=1)
    return found_lat, found_lon


def is_clear(ranked: Sequence[Fit]) -> bool:
    """Say whether the best fit is `CLEAR_M` nearer to the roads than every other.

    Parameters
    ----------
    ranked : sequence of Fit
        As from `fits`, the best first.
    """
    best, *others = ranked
    return all(other.median_m - best.median_m >= CLEAR_M for other in others)


def fits(network: RoadNetwork, lat: ArrayLike, lon: ArrayLike) -> tuple[Fit, ...]:
    """Compare points with a map under each datum.

    Parameters
    ----------
    network : RoadNetwork
        WGS84, as all OpenStreetMap data are.
    lat, lon : (n,), degrees, at least one point

    Returns
    -------
    tuple of Fit
        The datum that fits best comes first: the largest share near a road, then the
        smallest median. Where all are alike, as outside China, WGS84 does.

    Raises
    ------
    ValueError
        There is no point.
    """
    given = np.array([lat, lon], dtype=np.float64)
    if given.shape[1] == 0:
        raise ValueError("lat, lon: at least one point is needed")
    index = RoadIndex(network, np.arange(network.edge_count))
    rows = []
    for datum in Datum:
        point = to_wgs84(datum, given[0], given[1])
        distance_m = index.nearest(*point, limit_m=_FARTHEST_M).distance_m
        # Of two neighbours the farther one, so that inf stays inf.
        median_m, p90_m = np.quantile(distance_m, (0.5, 0.9), method="higher").tolist()
        rows.append(
            Fit(
                datum=datum,
                median_m=median_m,
                p90_m=p90_m,
                near=float((distance_m <= NEAR_M).mean()),
                shift_m=float(np.median(haversine_m(given[0], given[1], *point))),
            )
        )
    return tuple(sorted(rows, key=lambda fit: (-fit.near, fit.median_m)))


def _in_china(point: Floats) -> NDArray[np.bool_]:
    """Return whether each point lies in the box; ``point`` is (2, n), lat and lon."""
    lat, lon = point
    inside: NDArray[np.bool_] = (
        (lat > BOX_LAT[0]) & (lat < BOX_LAT[1]) & (lon > BOX_LON[0]) & (lon < BOX_LON[1])
    )
    return inside


def _shifted(datum: Datum, point: Floats) -> Floats:
    """Return WGS84 points, (2, n) lat and lon, in another system, wherever they lie."""
    if datum is Datum.WGS84:
        return point
    lat, lon = _gcj02(point)
    if datum is Datum.GCJ02:
        return np.stack((lat, lon))
    radius = np.hypot(lon, lat) + 0.000_02 * np.sin(lat * _BAIDU_TURNS)
    angle = np.arctan2(lat, lon) + 0.000_003 * np.cos(lon * _BAIDU_TURNS)
    return np.stack((radius * np.sin(angle) + _BAIDU_LAT, radius * np.cos(angle) + _BAIDU_LON))


def _gcj02(point: Floats) -> tuple[Floats, Floats]:
    lat, lon = point
    x, y = lon - _MIDDLE_LON, lat - _MIDDLE_LAT
    smooth = np.stack((np.ones_like(x), x, y, x * x, y * y, x * y, np.sqrt(np.abs(x))))
    waves = np.sin(np.pi * (_WAVE_TURNS @ np.stack((x, y))))
    north_m, east_m = _SMOOTH @ smooth + _WAVES @ waves
    phi = np.radians(lat)
    root = np.sqrt(1.0 - _ECCENTRICITY_SQUARED * np.sin(phi) ** 2)
    along_meridian_m = _AXIS_M * (1.0 - _ECCENTRICITY_SQUARED) / root**3
    along_parallel_m = _AXIS_M / root * np.cos(phi)
    return lat + np.degrees(north_m / along_meridian_m), lon + np.degrees(east_m / along_parallel_m)
