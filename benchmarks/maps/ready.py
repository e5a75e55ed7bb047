"""From the file of a map to the first answer in all four modes: time and peak memory.

Each run is a process of its own that reads the file, not the cache, and then asks every mode
for a matrix that is too large for a plain search. Loading the libraries is not counted,
compiled code comes from numba's cache, as after ``antmile warmup``. Below stands what OSRM's own
tools take to prepare the same file for one mode.

Run: python -m benchmarks.maps.ready
"""

import argparse
import statistics
import subprocess
import sys
import time
from pathlib import Path

from benchmarks.maps.osrm_peer import prepare
from benchmarks.maps.points import MODES, random_spots, read_from_stdin, written
from benchmarks.maps.setting import CACHE, MAIN_MAP, cores, map_file, peak_mb, print_table
from maps.osm import import_osm, load_map
from maps.travel import TravelTimes

RUNS = 3
POINTS = 100


def once() -> None:
    """Get ready in this process; print the seconds to the arrays, to the answers, and MB."""
    spots = read_from_stdin()
    began = time.perf_counter()
    network = import_osm(map_file(MAIN_MAP))
    imported = time.perf_counter() - began
    times = TravelTimes(network, threads=cores())
    for mode in times.modes:
        times.matrix(mode, spots, spots)
    print(imported, time.perf_counter() - began, peak_mb())


def main() -> None:
    """Start the processes and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--once", action="store_true", help=argparse.SUPPRESS)
    if parser.parse_args().once:
        once()
        return
    command = [sys.executable, "-m", "benchmarks.maps.ready", "--once"]
    spots = written(random_spots(load_map(map_file(MAIN_MAP)), POINTS, seed=1))
    lines = []
    for _ in range(RUNS):
        done = subprocess.run(command, check=True, input=spots, stdout=subprocess.PIPE, text=True)
        lines.append([float(value) for value in done.stdout.split()])
    columns = zip(*lines, strict=True)
    imported, ready, peak = (statistics.median(column) for column in columns)
    rows = [
        ["antmile, arrays of the roads", f"{imported:.1f}", ""],
        ["antmile, answers in four modes", f"{ready:.1f}", f"{peak:.0f}"],
    ]
    for mode in MODES:
        _, seconds = prepare(map_file(MAIN_MAP), mode, Path(CACHE, "osrm"))
        rows.append([f"OSRM, extract and contract for {mode}", f"{seconds:.0f}", ""])
    print_table(
        f"From {MAIN_MAP} to ready, {cores()} core(s), median of {RUNS} processes",
        ("", "seconds", "peak RSS, MB"),
        rows,
    )


if __name__ == "__main__":
    main()
