"""Places on a mode's graph, chosen without snapping, for tests of the searches."""

from collections.abc import Sequence

import numpy as np

from maps.graph import ModeGraph
from maps.kernel.weight import CROSSING, DISTANCE_BITS, DISTANCE_MASK, INF, TIME_MASK, packed
from maps.locations import Locations
from maps.network import RoadNetwork
from maps.profiles import WALK_KMH
from tests.maps.oracle import Spot, Weight


def spots(graph: ModeGraph, network: RoadNetwork, seed: int, count: int) -> list[Spot]:
    """Return places on the graph's edges, many of them on corners, some of them equal."""
    rng = np.random.default_rng(seed)
    edges = rng.choice(graph.edge, size=count)
    share = rng.choice([0.0, 1.0, 0.5, -1.0, -1.0], size=count)
    share = np.where(share < 0, rng.random(count), share)
    at_dm = np.rint(share * network.length_dm[edges]).astype(int)
    walks_dm = rng.choice([0, 0, 37, 1200], size=count)
    return [Spot(*spot) for spot in np.column_stack((edges, at_dm, walks_dm)).tolist()]


def placed(graph: ModeGraph, network: RoadNetwork, chosen: Sequence[Spot]) -> Locations:
    """Return the locations of spots. No two have equal coordinates, even where they are equal."""
    edge = np.array([spot.edge for spot in chosen])
    at_dm = np.array([spot.at_dm for spot in chosen], dtype=np.float64)
    fraction = at_dm / network.length_dm[edge].astype(np.float64)
    walk_dm = np.array([spot.walk_dm for spot in chosen])
    walk_ms = np.rint(360 * walk_dm / WALK_KMH).astype(np.int64)
    lat = np.arange(len(chosen), dtype=np.float64)
    own = np.searchsorted(graph.edge, edge)
    return graph.locate(lat, lat, own, fraction, packed(walk_ms, walk_dm))


def one(places: Locations, index: int) -> Locations:
    """Return one of some locations."""
    return places.take(np.array([index]))


def split(weight: int) -> Weight | None:
    """Return the parts of a packed weight, None where there is no way."""
    if weight >= INF:
        return None
    return weight // CROSSING, weight >> DISTANCE_BITS & TIME_MASK, weight & DISTANCE_MASK
