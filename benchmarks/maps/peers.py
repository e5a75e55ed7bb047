"""What a reader would have used instead: SciPy, NetworkX, pandana, pyroutingkit.

All get the same graph for cars, without turns, and nodes instead of coordinates: they neither
snap nor know distances beside times, so their task is the smaller one. Engines that
search from every source are asked for some of the sources, and their time is scaled up.
A peer that is not installed has a row that says so.

Run: taskset -c 0 python -m benchmarks.maps.peers
"""

import os
import sys
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from importlib import import_module
from typing import Any

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components, dijkstra

from benchmarks.maps.setting import MAIN_MAP, cores, map_file, print_table
from maps.network import RoadNetwork
from maps.osm import load_map

SIZES = (1000, 3000)

Ints = NDArray[np.int64]
Search = Callable[[Ints, Ints], object]
"""Times from nodes to nodes, in whatever shape the engine has."""


@dataclass(frozen=True, slots=True)
class Streets:
    """A strongly connected graph: arcs with milliseconds between numbered nodes."""

    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    tail: Ints
    head: Ints
    time_ms: Ints


def streets_of(network: RoadNetwork, mode: str) -> Streets:
    """Return the largest strongly connected part of what a mode may use."""
    along, against = network.speeds(mode)
    tail = np.concatenate((network.tail[along > 0], network.head[against > 0])).astype(np.int64)
    head = np.concatenate((network.head[along > 0], network.tail[against > 0])).astype(np.int64)
    length = np.concatenate((network.length_dm[along > 0], network.length_dm[against > 0]))
    speed = np.concatenate((along[along > 0], against[against > 0]))
    time_ms = np.maximum(np.rint(360.0 * length / speed), 1).astype(np.int64)
    arcs = coo_array((np.ones(len(tail)), (tail, head)), shape=(network.node_count,) * 2)
    _, label = connected_components(arcs.tocsr(), connection="strong")
    inside = label == np.bincount(label).argmax()
    number = np.cumsum(inside) - 1
    keep = np.flatnonzero(inside[tail] & inside[head] & (tail != head))
    # The fastest of parallel arcs stays: not every peer can tell them apart.
    keep = keep[np.lexsort((time_ms[keep], head[keep], tail[keep]))]
    pair = np.column_stack((tail[keep], head[keep]))
    keep = keep[np.concatenate(([True], (np.diff(pair, axis=0) != 0).any(axis=1)))]
    return Streets(
        lat=network.node_lat[inside],
        lon=network.node_lon[inside],
        tail=number[tail[keep]],
        head=number[head[keep]],
        time_ms=time_ms[keep],
    )


def with_scipy(streets: Streets) -> Search:
    """SciPy's Dijkstra, compiled, one search a source."""
    count = len(streets.lat)
    weights = streets.time_ms.astype(np.float64)
    arcs = coo_array((weights, (streets.tail, streets.head)), shape=(count, count)).tocsr()
    return lambda sources, targets: dijkstra(arcs, indices=sources)[:, targets]


def with_networkx(streets: Streets) -> Search:
    """NetworkX's Dijkstra, in Python, one search a source."""
    networkx = import_module("networkx")
    graph = networkx.DiGraph()
    arcs = zip(streets.tail.tolist(), streets.head.tolist(), streets.time_ms.tolist(), strict=True)
    graph.add_weighted_edges_from(arcs)

    def search(sources: Ints, targets: Ints) -> list[list[float]]:
        wanted = targets.tolist()
        reached = (
            networkx.single_source_dijkstra_path_length(graph, source)
            for source in sources.tolist()
        )
        return [[row[target] for target in wanted] for row in reached]

    return search


def with_pandana(streets: Streets) -> Search:
    """Pandana's contraction hierarchy, asked pair by pair: it has no table.

    It gets seconds: with milliseconds its whole numbers overflow, and it never gets ready.
    """
    pandana, pandas = import_module("pandana"), import_module("pandas")
    network = pandana.Network(
        pandas.Series(streets.lon),
        pandas.Series(streets.lat),
        pandas.Series(streets.tail),
        pandas.Series(streets.head),
        pandas.DataFrame({"time_s": streets.time_ms / 1000.0}),
        twoway=False,
    )

    def search(sources: Ints, targets: Ints) -> Any:  # noqa: ANN401 - untyped
        origins = np.repeat(sources, len(targets)).tolist()
        ends = np.tile(targets, len(sources)).tolist()
        return network.shortest_path_lengths(origins, ends, "time_s")

    return search


def with_pyroutingkit(streets: Streets) -> Search:
    """RoutingKit's customizable contraction hierarchy, which has a table of times."""
    hierarchy = import_module("pyroutingkit").CCH()
    hierarchy.build_topology(
        streets.tail.astype(np.uint32),
        streets.head.astype(np.uint32),
        streets.lat.astype(np.float32),
        streets.lon.astype(np.float32),
        node_count=len(streets.lat),
    )
    hierarchy.customize_weights(streets.time_ms.astype(np.uint32))

    def search(sources: Ints, targets: Ints) -> Any:  # noqa: ANN401 - untyped
        return hierarchy.distances_many_to_many(
            sources.astype(np.uint32), targets.astype(np.uint32)
        )

    return search


PEERS: dict[str, tuple[Callable[[Streets], Search], int | None]] = {
    "SciPy Dijkstra": (with_scipy, 50),
    "NetworkX Dijkstra": (with_networkx, 5),
    "pandana": (with_pandana, 20),
    "pyroutingkit": (with_pyroutingkit, None),
}
"""How each is set up, and how many sources it is asked for; None for all."""


@contextmanager
def silent() -> Iterator[None]:
    """Drop what compiled code prints: pandana reports its progress between the tables."""
    sys.stdout.flush()
    before = os.dup(1)
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, 1)
    try:
        yield
    finally:
        os.dup2(before, 1)
        os.close(before)
        os.close(nowhere)


def main() -> None:
    """Measure and print the table."""
    streets = streets_of(load_map(map_file(MAIN_MAP)), "car")
    rng = np.random.default_rng(1)
    rows = []
    for name, (set_up, sample) in PEERS.items():
        try:
            began = time.perf_counter()
            with silent():
                search = set_up(streets)
            row = [name, f"{time.perf_counter() - began:.1f}"]
        except ImportError as error:
            rows.append([name, f"left out: {error}", *("" for _ in SIZES), ""])
            continue
        for size in SIZES:
            nodes = rng.choice(len(streets.lat), size, replace=False)
            asked = nodes[:sample]
            began = time.perf_counter()
            search(asked, nodes)
            row.append(f"{(time.perf_counter() - began) * size / len(asked):.2f}")
        rows.append([*row, f"{sample} sources, scaled up" if sample else "all sources"])
    print_table(
        f"What others do: car, node to node, times alone, {cores()} core(s), seconds",
        ("engine", "set up", *(f"{size} x {size}" for size in SIZES), "asked for"),
        rows,
    )


if __name__ == "__main__":
    main()
