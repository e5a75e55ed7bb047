"""Random points near the roads of a map, and their way into another process."""

import json
import sys
from typing import NamedTuple

import numpy as np

from maps.earth import METRES_PER_DEGREE
from maps.network import RoadNetwork
from maps.travel import TravelTimes

MODES = ("foot", "car")
SCATTER_M = 30.0
"""Standard deviation of how far a point lies from the road's shape point it was drawn at."""


class Spot(NamedTuple):
    """A coordinate, degrees."""

    lat: float
    lon: float


def random_spots(network: RoadNetwork, count: int, *, seed: int) -> list[Spot]:
    """Draw points over the whole map, dense where the roads are.

    Each lies within reach of connected roads for all of `MODES`.
    """
    rng = np.random.default_rng(seed)
    # Some roads of an extract are cut off from the rest: more are drawn than wanted.
    drawn = rng.integers(0, len(network.shape_lat), 2 * count + 100)
    north, east = rng.normal(0.0, SCATTER_M / METRES_PER_DEGREE, (2, len(drawn)))
    lat = network.shape_lat[drawn] + north
    lon = network.shape_lon[drawn] + east / np.cos(np.radians(network.shape_lat[drawn]))
    spots = [Spot(*pair) for pair in zip(lat.tolist(), lon.tolist(), strict=True)]
    times = TravelTimes(network)
    is_near = np.isfinite([times.snap_distance_m(mode, spots) for mode in MODES]).all(axis=0)
    found = [spots[index] for index in np.flatnonzero(is_near)[:count]]
    assert len(found) == count, f"only {len(found)} of {count} points lie near roads"
    return found


def written(spots: list[Spot]) -> str:
    """Return points as text for `read_from_stdin` in another process."""
    return json.dumps(spots)


def read_from_stdin() -> list[Spot]:
    """Read what `written` gave."""
    return [Spot(*pair) for pair in json.load(sys.stdin)]
