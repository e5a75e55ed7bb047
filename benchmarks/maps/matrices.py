"""Matrices beside OSRM's: coordinates in, times and distances out, on the cores given.

Both engines take turns on the same points, on one core in this very process; snapping is part
of both. OSRM gets its question ready-made, and its answer, a document of numbers, is left as
it is; filling that document is part of its time. On several cores OSRM has a process on each.

Run: taskset -c 0 python -m benchmarks.maps.matrices [--points 1000 3000 5000]
"""

import argparse
from functools import partial
from pathlib import Path

from benchmarks.maps.osrm_peer import Engine, prepare, shared_table
from benchmarks.maps.points import MODES, Spot, random_spots
from benchmarks.maps.setting import CACHE, MAIN_MAP, cores, map_file, print_table
from benchmarks.maps.timing import ROUNDS, interleaved
from maps.osm import load_map
from maps.travel import TravelTimes

OURS, PEER = "antmile", "OSRM"


def on_one_core(
    times: TravelTimes, data: Path, mode: str, sets: list[list[Spot]]
) -> list[dict[str, float]]:
    """Return the seconds of each set of points."""
    engine = Engine(data)
    return [
        interleaved({OURS: partial(times.matrix, mode, spots, spots), PEER: engine.table(spots)})
        for spots in sets
    ]


def on_several(
    times: TravelTimes, data: Path, mode: str, sets: list[list[Spot]]
) -> list[dict[str, float]]:
    """Return the seconds of each set of points, OSRM's with a process for each core."""
    found = []
    for spots in sets:
        with shared_table(data, spots, processes=cores()) as peer:
            found.append(interleaved({OURS: partial(times.matrix, mode, spots, spots), PEER: peer}))
    return found


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, nargs="+", default=[1000, 3000, 5000])
    parser.add_argument("--modes", nargs="+", choices=MODES, default=MODES)
    options = parser.parse_args()
    path = map_file(MAIN_MAP)
    network = load_map(path)
    times = TravelTimes(network, threads=cores())
    sets = [random_spots(network, count, seed=count) for count in options.points]
    measure = on_one_core if cores() == 1 else on_several
    rows = []
    for mode in options.modes:
        data, _ = prepare(path, mode, Path(CACHE, "osrm"))
        for spots, took in zip(sets, measure(times, data, mode, sets), strict=True):
            ours, theirs = took[OURS], took[PEER]
            row = [mode, f"{len(spots):,}", f"{ours:.3f}", f"{theirs:.2f}"]
            rows.append([*row, f"{theirs / ours:.1f}"])
    print_table(
        f"Matrices of n x n points on {cores()} core(s), seconds, medians of {ROUNDS} pairs",
        ("mode", "n", OURS, PEER, "OSRM / antmile"),
        rows,
    )


if __name__ == "__main__":
    main()
