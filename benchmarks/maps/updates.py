"""What changes while a service runs: ten new points among known ones, and other speeds.

*New points* is `TravelTimes.extend`: snapping, rows and columns, and putting them beside those
of the points already known. *Speeds* is `Hierarchy.customized` with a new weight on every arc;
the hierarchy it returns is ready for questions.

Run: taskset -c 0 python -m benchmarks.maps.updates
"""

from functools import partial

import numpy as np

from benchmarks.maps.points import MODES, Spot, random_spots
from benchmarks.maps.setting import MAIN_MAP, cores, map_file, print_table
from benchmarks.maps.timing import ROUNDS, interleaved
from maps.doors import Door
from maps.graph import ModeGraph
from maps.hierarchy import Hierarchy
from maps.kernel.weight import DISTANCE_BITS, TIME_MASK, Weights
from maps.osm import load_map
from maps.travel import TravelTimes

KNOWN, NEW = 3000, 10


def slowed(hierarchy: Hierarchy, *, seed: int) -> Weights:
    """Return the weights of a hierarchy with every arc's time changed by up to 30 %."""
    before: Weights = hierarchy._weight  # noqa: SLF001 - nobody else needs them
    share = np.random.default_rng(seed).uniform(0.7, 1.3, len(before))
    time_ms = (before >> DISTANCE_BITS) & TIME_MASK
    changed_ms = np.maximum(np.rint(time_ms * share), 1).astype(np.int64)
    return before + ((changed_ms - time_ms) << DISTANCE_BITS)


def _doors(spots: list[Spot]) -> list[Door]:
    return [Door(lat=spot.lat, lon=spot.lon) for spot in spots]


def main() -> None:
    """Measure and print the table."""
    network = load_map(map_file(MAIN_MAP))
    times = TravelTimes(network, threads=cores())
    known = _doors(random_spots(network, KNOWN, seed=1))
    drawn = _doors(random_spots(network, NEW * len(MODES) * (ROUNDS + 1), seed=2))
    fresh = iter([drawn[start : start + NEW] for start in range(0, len(drawn), NEW)])

    def extend(mode: str) -> None:
        times.extend(mode, next(fresh))

    rows = []
    for mode in MODES:
        times.extend(mode, known)
        hierarchy = ModeGraph(network, mode).hierarchy
        weights = slowed(hierarchy, seed=3)
        took = interleaved(
            {
                "new": partial(extend, mode),
                "speeds": partial(hierarchy.customized, weights),
            }
        )
        rows.append([mode, f"{took['new'] * 1000:.1f} ms", f"{took['speeds']:.3f} s"])
    print_table(
        f"What changes in the day, {cores()} core(s), medians of {ROUNDS}",
        ("mode", f"{NEW} new points among {KNOWN:,}", "other speeds to ready"),
        rows,
    )


if __name__ == "__main__":
    main()
