"""Car times of Porto Alegre against those that others have published.

Sartori and Buriol (2019) asked an OSRM of their time for the whole minutes between the places
of their instances. This map is not theirs, and some instances reach beyond it, so only places
within 100 m of a road count. Times go from road to road, as OSRM's do, and private roads are
closed, much as in its car profile. Then one scale factor is left (least squares). Correlation
alone proves little: straight lines stand beside, and the mean error in minutes.

Run: python -m benchmarks.maps.porto_alegre
"""

from dataclasses import replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.maps.points import Spot
from benchmarks.maps.setting import data_folder, map_file, print_table
from benchmarks.porto_alegre_day import read_instance
from maps.earth import haversine_m
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.profiles import WALK_KMH
from maps.travel import TravelTimes

INSTANCES = ("n100-1", "n100-3", "n100-5", "n200-1", "n200-3", "n200-5", "n400-1")
MODE = "car"
NEAR_ROAD_M = 100.0
FAR_M = 100_000.0

Floats = NDArray[np.float64]


def published_minutes(path: Path, count: int) -> Floats:
    """Return the table at the end of an instance, (count, count) float64, whole minutes."""
    lines = path.read_text(encoding="utf-8").splitlines()
    start = lines.index("EDGES") + 1
    return np.array([line.split() for line in lines[start : start + count]], dtype=np.float64)


def without_private_roads(network: RoadNetwork) -> RoadNetwork:
    """Return a network as a router sees it that knows no errands on private ground."""
    speed_kmh = network.speed_kmh.copy()
    speed_kmh[network.is_private] = 0
    nowhere = np.full_like(network.compound, -1)
    return replace(network, speed_kmh=speed_kmh, compound=nowhere, compounds=())


def fit(ours: Floats, theirs: Floats) -> tuple[float, float, float]:
    """Return correlation, the factor that makes ours most like theirs, and the mean error left.

    Parameters
    ----------
    ours, theirs : (pairs,) float64
        In any unit; minutes.
    """
    factor = float(ours @ theirs / (ours @ ours))
    error = float(np.abs(factor * ours - theirs).mean())
    return float(np.corrcoef(ours, theirs)[0, 1]), factor, error


def compare(times: TravelTimes, path: Path) -> list[str]:
    """Return a row of the table for one instance."""
    instance = read_instance(path)
    spots = [Spot(node.lat, node.lon) for node in instance.nodes]
    off_m = times.snap_distance_m(MODE, spots)
    near = np.flatnonzero(off_m <= NEAR_ROAD_M)
    kept = [spots[index] for index in near]
    lat, lon = np.array(kept).T
    time_s, _ = times.matrix(MODE, kept, kept)
    # The instance's times begin and end on the road; ours, at the place itself.
    walk_s = off_m[near] * 3.6 / WALK_KMH
    minutes = (time_s - walk_s[:, None] - walk_s) / 60.0
    straight_m = haversine_m(lat[:, None], lon[:, None], lat, lon)
    theirs = published_minutes(path, len(spots))[np.ix_(near, near)]
    pairs = straight_m > 0
    r, factor, error = fit(minutes[pairs], theirs[pairs])
    straight_r, _, straight_error = fit(straight_m[pairs], theirs[pairs])
    return [
        instance.name,
        f"{len(near)} of {len(spots)}",
        f"{r:.3f}",
        f"{error:.2f}",
        f"{factor:.2f}",
        f"{straight_r:.3f}",
        f"{straight_error:.2f}",
    ]


def main() -> None:
    """Compare all instances and print the table."""
    network = without_private_roads(load_map(map_file("porto_alegre.osm.pbf")))
    times = TravelTimes(network, snap_limit_m=FAR_M)
    folder = data_folder() / "pdptw_real" / "instances"
    rows = [compare(times, folder / f"poa-{name}.txt") for name in INSTANCES]
    columns = ("instance", "places", "r", "error, min", "factor", "straight: r", "error, min")
    print_table("Car times of Porto Alegre against published ones", columns, rows)


if __name__ == "__main__":
    main()
