"""The Optimization Grand Challenge 2024: its files, read and scored by its published rules.

A bundle starts free at its first pickup, leaves no pickup before the order is prepared, visits all
pickups before all drop-offs and ends at the last one. Riders come in types; each takes at most one
bundle. Shares nothing with `dispatch.solver.formats`.
"""

import json
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

from benchmarks.solver.score import Score

SOURCE = "design note of the solver: bundles of up to four enumerated, chosen by CP-SAT"
GOAL = {
    "STAGE1_1": 3501.6,
    "STAGE1_3": 2876.5,
    "STAGE1_5": 2390.0,
    "STAGE1_13": 4818.0,
    "STAGE1_15": 3946.1,
    "STAGE1_17": 3216.0,
}
"""Average costs to stay within 1 % of; where they come from is in `SOURCE`."""

Bundle = tuple[str, Sequence[int], Sequence[int]]
"""Type of the rider, orders in the order of pickup, and of drop-off."""


def read(path: Path) -> dict[str, Any]:
    """Read a file as it is."""
    work: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    return work


def score(work: dict[str, Any], bundles: Sequence[Bundle]) -> Score:
    """Score bundles; the cost is the average over all orders."""
    riders = {row[0]: row for row in work["RIDERS"]}
    faults: list[str] = []
    total = 0.0
    served: list[int] = []
    for number, (kind, pickups, drops) in enumerate(bundles):
        faults.extend(
            f"bundle {number}: {fault}" for fault in _broken(work, riders[kind], pickups, drops)
        )
        _, _, _, per_100_m, fixed, _, _ = riders[kind]
        total += fixed + per_100_m * _metres(work, pickups, drops) / 100
        served.extend(drops)
    for kind, count in Counter(bundle[0] for bundle in bundles).items():
        if count > riders[kind][6]:
            faults.append(f"{count} riders of type {kind}")
    left_out = set(range(work["K"])).difference(served)
    if left_out:
        faults.append(f"{len(left_out)} orders are left out")
    if len(served) != len(set(served)):
        faults.append("an order is served twice")
    return Score(total / work["K"], len(left_out), len(bundles), tuple(faults))


def _stops(work: dict[str, Any], pickups: Sequence[int], drops: Sequence[int]) -> list[int]:
    return [*pickups, *(order + work["K"] for order in drops)]


def _metres(work: dict[str, Any], pickups: Sequence[int], drops: Sequence[int]) -> int:
    stops = _stops(work, pickups, drops)
    return sum(work["DIST"][tail][head] for tail, head in pairwise(stops))


def _broken(
    work: dict[str, Any], rider: Sequence[Any], pickups: Sequence[int], drops: Sequence[int]
) -> Iterator[str]:
    _, speed, capacity, _, _, service, _ = rider
    if sorted(pickups) != sorted(drops) or not pickups:
        yield "pickups and drop-offs differ"
    if sum(work["ORDERS"][order][7] for order in pickups) > capacity:
        yield "too much to carry"
    now, place = None, -1
    for stop in _stops(work, pickups, drops):
        order = work["ORDERS"][stop % work["K"]]
        if now is not None:
            now += round(work["DIST"][place][stop] / speed + service)
        if stop < work["K"]:
            ready = order[1] + order[6]
            now = ready if now is None else max(now, ready)
        elif now is None or now > order[8]:
            yield f"order {order[0]} comes at {now}, after {order[8]}"
        place = stop
