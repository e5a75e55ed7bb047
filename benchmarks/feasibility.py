"""How long slot advice takes: ten windows for one parcel, beside 200 legs and 40 couriers.

The day of `benchmarks.epoch`: all legs ready and all couriers on duty at once, in central Helsinki.
Each question is about another door. ``first`` has to ask the streets for that door, ``again`` finds
it known.

Run: python -m benchmarks.feasibility [--legs 200] [--couriers 40]
"""

import argparse
import dataclasses
import statistics
import tempfile
from pathlib import Path

import msgspec

from benchmarks.epoch import everybody_at_once
from cli.demo import helsinki
from dispatch.clock import SystemClock
from dispatch.core.model import TimeWindow
from dispatch.core.policy import Policy
from dispatch.executors import Planner
from dispatch.sim.folder import read_day, write_day
from dispatch.sim.generate import generate
from dispatch.solver.warmup import warm_up
from maps.osm import load_map
from maps.travel import TravelTimes

WINDOWS = 10
STEP_S = 1800
ASKED = 15


def main() -> None:
    """Measure and print the medians."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, default=200)
    parser.add_argument("--couriers", type=int, default=40)
    options = parser.parse_args()
    network = load_map(helsinki())
    drawn = generate(network, parcels=options.legs + ASKED, couriers=options.couriers, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        write_day(Path(folder), drawn.header, drawn.tables)
        day = read_day(Path(folder))
    now = day.parcels[len(day.parcels) // 2].ready_at
    asked = day.parcels[:: max(1, len(day.parcels) // ASKED)][:ASKED]
    # The parcels that are asked about are not there yet.
    rest = dataclasses.replace(
        day, parcels=tuple(parcel for parcel in day.parcels if parcel not in asked)
    )
    state = msgspec.structs.replace(everybody_at_once(rest, now), policy=Policy(engine="search"))
    clock = SystemClock()
    planner = Planner(TravelTimes(network), clock)
    warm_up("search")
    planner.plan(state, now)
    windows = [
        TimeWindow(opens_at=now + step * STEP_S, closes_at=now + (step + 1) * STEP_S)
        for step in range(WINDOWS)
    ]
    taken_ms: dict[str, list[float]] = {"first": [], "again": []}
    kept = 0
    for parcel in asked:
        ready = msgspec.structs.replace(parcel, ready_at=now, due_at=now + 3 * 3600, window=None)
        for kind, values in taken_ms.items():
            began = clock.monotonic()
            found = planner.advise(state, ready, windows, now)
            values.append(1000 * (clock.monotonic() - began))
            kept += kind == "first" and sum(advice.is_feasible for advice in found)
    print(f"{WINDOWS} windows, {options.legs} legs, {options.couriers} couriers")
    for kind, values in taken_ms.items():
        print(f"{kind}: median {statistics.median(values):.0f} ms, worst {max(values):.0f} ms")
    print(f"{kept} of {WINDOWS * len(asked)} windows can be kept")


if __name__ == "__main__":
    main()
