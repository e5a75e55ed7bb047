"""The most memory that a process holds that makes one large matrix, ours and OSRM's.

Run: python -m benchmarks.maps.memory [--points 5000]
"""

import argparse
import subprocess
import sys
from pathlib import Path

from benchmarks.maps.osrm_peer import Engine, prepare
from benchmarks.maps.points import MODES, Spot, random_spots, read_from_stdin, written
from benchmarks.maps.setting import CACHE, MAIN_MAP, map_file, peak_mb, print_table
from maps.osm import load_map
from maps.travel import TravelTimes

ENGINES = ("antmile", "OSRM")


def hold(engine: str, mode: str, spots: list[Spot]) -> None:
    """Make the matrix in this process and print its memory, before and at its peak."""
    path = map_file(MAIN_MAP)
    if engine == "OSRM":
        data, _ = prepare(path, mode, Path(CACHE, "osrm"))
        peer = Engine(data)
        peer.table(spots[:100])()
        before = peak_mb()
        peer.table(spots)()
    else:
        times = TravelTimes(load_map(path))
        times.matrix(mode, spots[:100], spots[:100])
        before = peak_mb()
        times.matrix(mode, spots, spots)
    print(before, peak_mb())


def main() -> None:
    """Start a process for each engine and mode, and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--points", type=int, default=5000)
    parser.add_argument("--hold", nargs=2, metavar=("ENGINE", "MODE"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.hold:
        engine, mode = options.hold
        hold(engine, mode, read_from_stdin())
        return
    spots = written(random_spots(load_map(map_file(MAIN_MAP)), options.points, seed=1))
    rows = []
    for mode in MODES:
        for engine in ENGINES:
            command = [sys.executable, "-m", "benchmarks.maps.memory", "--hold", engine, mode]
            done = subprocess.run(
                command, check=True, input=spots, stdout=subprocess.PIPE, text=True
            )
            before, after = done.stdout.split()
            rows.append([mode, engine, before, after])
    print_table(
        f"Memory for {options.points} x {options.points} points, peak RSS in MB",
        ("mode", "engine", "after 100 x 100", "after the matrix"),
        rows,
    )


if __name__ == "__main__":
    main()
