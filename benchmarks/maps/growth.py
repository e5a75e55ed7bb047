"""How building and asking grow with the map and with the number of points.

Run: taskset -c 0 python -m benchmarks.maps.growth
"""

from functools import partial

from benchmarks.maps.points import MODES, random_spots
from benchmarks.maps.setting import MAIN_MAP, cores, map_file, print_table
from benchmarks.maps.timing import interleaved
from maps.graph import ModeGraph
from maps.hierarchy import Hierarchy
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.travel import TravelTimes

MAPS = ("monaco.osm.gz", "krems.osm.gz", "porto_alegre.osm.pbf", MAIN_MAP)
POINTS = 1000
COUNTS = (500, 1000, 2000, 4000)


def built(network: RoadNetwork, mode: str) -> Hierarchy:
    """Build a mode's graph and its hierarchy."""
    return ModeGraph(network, mode).hierarchy


def by_map() -> list[list[str]]:
    """Return a row for each mode and map."""
    rows = []
    for mode in MODES:
        for name in MAPS:
            network = load_map(map_file(name))
            hierarchy = built(network, mode)
            times = TravelTimes(network, threads=cores())
            spots = random_spots(network, POINTS, seed=1)
            took = interleaved(
                {
                    "build": partial(built, network, mode),
                    "matrix": partial(times.matrix, mode, spots, spots),
                }
            )
            rows.append(
                [
                    mode,
                    name.partition(".")[0],
                    f"{hierarchy.node_count:,}",
                    f"{hierarchy.arc_count:,}",
                    f"{hierarchy.fill:.1f}",
                    f"{took['build']:.2f}",
                    f"{took['matrix']:.3f}",
                ]
            )
    return rows


def by_points() -> list[list[str]]:
    """Return a row for each mode, its columns the numbers of points."""
    network = load_map(map_file(MAIN_MAP))
    times = TravelTimes(network, threads=cores())
    rows = []
    for mode in MODES:
        row = [mode]
        for count in COUNTS:
            spots = random_spots(network, count, seed=count)
            took = interleaved({"matrix": partial(times.matrix, mode, spots, spots)})
            row.append(f"{took['matrix']:.3f}")
        rows.append(row)
    return rows


def main() -> None:
    """Measure and print both tables."""
    print_table(
        f"How it grows with the map, {cores()} core(s), seconds",
        ("mode", "map", "states", "moves", "fill", "graph and hierarchy", f"{POINTS} x {POINTS}"),
        by_map(),
    )
    print_table(
        f"How it grows with the points, {MAIN_MAP}, {cores()} core(s), seconds",
        ("mode", *(f"{count} x {count}" for count in COUNTS)),
        by_points(),
    )


if __name__ == "__main__":
    main()
