"""Published files, read and scored by their own published rules.

Shares nothing with `dispatch.solver.formats`, by which our solver reads the same files. Best-known
values come from the tables beside the files when they are wanted and are never kept.
"""

import csv
import os
import sys
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.solver.instance import NEVER, Instance, Ints, Routes
from benchmarks.solver.score import Score

Floats = NDArray[np.float64]

EPSILON = 1e-6
"""What double precision may get wrong in a sum of distances."""
NO_CUSTOMER = -1


@dataclass(frozen=True, kw_only=True)
class Sites:
    """A depot (node 0) with equal vehicles, and customers or pairs of pickup and drop-off.

    Parameters
    ----------
    name : str
        As in the tables of best-known values.
    fleet, capacity : int
        Vehicles there are; what each holds.
    ways : (n, n)
        Time and cost alike, from row to column.
    demand, opens, closes, service : (n,)
        Of each node, in the unit of `ways`; the windows bind the start of service.
    drop_of : (n,)
        The drop-off of a pickup; `NO_CUSTOMER` for a drop-off, the depot and a lone customer.
    """

    name: str
    fleet: int
    capacity: int
    ways: Floats
    demand: Floats
    opens: Floats
    closes: Floats
    service: Floats
    drop_of: Ints


def data_folder() -> Path:
    """Return the folder of published data; ends the program where it is not named."""
    given = os.environ.get("ANTMILE_DATA")
    if not given:
        sys.exit("set ANTMILE_DATA to the folder of published data: it holds vrptw, pdptw_lilim, …")
    return Path(given)


def sites_of(kind: str, path: Path, *, rounding: str = "exact") -> Sites:
    """Read a file.

    Parameters
    ----------
    kind : "vrptw", "lilim" or "sartori"
        Its format.
    path : Path
        The file.
    rounding : "exact" or "dimacs"
        Of ``vrptw``: distances in double precision, or truncated to one decimal; then everything
        is in tenths.
    """
    lines = [line.split() for line in path.read_text(encoding="utf-8").splitlines()]
    lines = [line for line in lines if line]
    name = path.stem.lower()
    if kind == "sartori":
        return _sartori(name, lines)
    if kind == "lilim":
        head, rows = lines[0], lines[1:]
    else:
        head = lines[3]
        rows = [line for line in lines[4:] if len(line) == 7 and line[0].isdigit()]
    table = np.array(rows, dtype=np.float64)
    points = table[:, 1:3]
    ways = np.linalg.norm(points[:, None] - points[None], axis=2)
    times = table[:, 4:7].T
    if rounding == "dimacs":
        ways, times = np.floor(10 * ways), 10 * times
    drop_of = np.full(len(table), NO_CUSTOMER)
    if kind == "lilim":
        drop_of = np.where(table[:, 8] > 0, table[:, 8], NO_CUSTOMER).astype(np.int64)
    return Sites(
        name=name,
        fleet=int(head[0]),
        capacity=int(head[1]),
        ways=ways,
        demand=table[:, 3],
        opens=times[0],
        closes=times[1],
        service=times[2],
        drop_of=drop_of,
    )


def _sartori(name: str, lines: Sequence[Sequence[str]]) -> Sites:
    heads = {line[0].rstrip(":"): line[1:] for line in lines[:10]}
    size = int(heads["SIZE"][0])
    nodes = [line[0] for line in lines].index("NODES") + 1
    table = np.array(lines[nodes : nodes + size], dtype=np.float64)
    ways = np.array(lines[nodes + size + 1 : nodes + 2 * size + 1], dtype=np.float64)
    assert ways.shape == (size, size)
    return Sites(
        name=name,
        fleet=size // 2,
        capacity=int(heads["CAPACITY"][0]),
        ways=ways,
        demand=table[:, 3],
        opens=table[:, 4],
        closes=table[:, 5],
        service=table[:, 6],
        drop_of=np.where(table[:, 8] > 0, table[:, 8], NO_CUSTOMER).astype(np.int64),
    )


def score_sites(sites: Sites, routes: Sequence[Sequence[int]]) -> Score:
    """Score routes of node numbers, the depot left out, in the unit of `Sites.ways`."""
    faults: list[str] = []
    visits = [node for route in routes for node in route]
    customers = range(1, len(sites.demand))
    left_out = set(customers).difference(visits)
    if left_out:
        faults.append(f"{len(left_out)} nodes are left out")
    if len(visits) != len(set(visits)) or not set(visits) <= set(customers):
        faults.append("a node is visited twice or does not exist")
    driven = [route for route in routes if len(route)]
    for number, route in enumerate(driven):
        faults.extend(f"route {number}: {fault}" for fault in _broken(sites, route))
    if len(driven) > sites.fleet:
        faults.append(f"{len(driven)} vehicles, there are {sites.fleet}")
    cost = sum(
        float(sites.ways[tail, head])
        for route in driven
        for tail, head in zip([0, *route], [*route, 0], strict=True)
    )
    return Score(cost, len(left_out), len(driven), tuple(faults))


def _broken(sites: Sites, route: Sequence[int]) -> Iterator[str]:
    now, place = float(sites.opens[0]), 0
    is_paired = bool((sites.drop_of >= 0).any())
    load = 0.0 if is_paired else float(sites.demand[list(route)].sum())
    if load > sites.capacity:
        yield f"load {load}"
    awaited: set[int] = set()
    for node in route:
        now = max(now + float(sites.ways[place, node]), float(sites.opens[node]))
        if now > float(sites.closes[node]) + EPSILON:
            yield f"node {node} is served at {now}"
        now, place = now + float(sites.service[node]), node
        if not is_paired:
            continue
        load += float(sites.demand[node])
        if load > sites.capacity:
            yield f"load {load} after node {node}"
        if sites.drop_of[node] >= 0:
            awaited.add(int(sites.drop_of[node]))
        elif node in awaited:
            awaited.remove(node)
        else:
            yield f"node {node} is dropped before its pickup"
    if awaited:
        yield f"nodes {sorted(awaited)} are picked up and not dropped"
    if now + float(sites.ways[place, 0]) > float(sites.closes[0]) + EPSILON:
        yield "back after the depot has closed"


def instance_of(sites: Sites, *, vehicles_first: bool) -> Instance:
    """Return the same work for the peers, in whole numbers.

    Parameters
    ----------
    sites : Sites
        The file. What is not whole is taken times 1000, and ways are rounded up.
    vehicles_first : bool
        A vehicle costs as much as five of the longest tours, so that none is worth its saving.
    """
    is_whole = bool((sites.ways == np.floor(sites.ways)).all())
    scale = 1 if is_whole else 1000
    times = [np.rint(scale * row).astype(np.int64) for row in (sites.opens, sites.closes)]
    service = np.rint(scale * sites.service).astype(np.int64)
    horizon = int(times[1][0])
    starts = np.flatnonzero(sites.drop_of >= 0)
    drops = sites.drop_of[starts]
    if not len(starts):
        drops = np.arange(1, len(sites.demand))
        starts = np.full(len(drops), NO_CUSTOMER)
    legs, fleet = len(drops), sites.fleet
    load = np.zeros((legs, 2), np.int64)
    load[:, 0] = sites.demand[np.where(starts >= 0, starts, drops)]
    capacity = np.zeros((fleet, 2), np.int64)
    capacity[:, 0] = sites.capacity

    def same(value: int, count: int = fleet) -> Ints:
        return np.full(count, value, np.int64)

    return Instance(
        name=sites.name,
        travel=np.ceil(scale * sites.ways - EPSILON).astype(np.int32)[None],
        is_required=True,
        pickup_place=starts,
        pickup_opens=times[0][starts],
        pickup_closes=times[1][starts],
        pickup_service=service[starts],
        drop_place=drops,
        drop_opens=times[0][drops],
        drop_closes=times[1][drops],
        drop_service=service[drops],
        load=load,
        unassigned_cost=same(20 * horizon, legs),
        priority=same(0, legs),
        on_board=same(-1, legs),
        may=np.ones((legs, fleet), bool),
        start_place=same(0),
        end_place=same(0),
        on_duty=same(int(times[0][0])),
        off_duty=same(horizon),
        leash=same(NEVER),
        most_parcels=same(1000),
        mode=same(0),
        capacity=capacity,
        fixed_cost=same(5 * horizon if vehicles_first else 0),
        cost_per_travel=same(1),
        cost_per_parcel=same(0),
    )


def nodes_of(instance: Instance, routes: Routes) -> list[list[int]]:
    """Return tours of legs as routes of node numbers."""
    places = (instance.pickup_place, instance.drop_place)
    return [[int(places[action][leg]) for leg, action in stops] for _, stops in routes if stops]


@dataclass(frozen=True, slots=True)
class BestKnown:
    """The best answer known of a file."""

    vehicles: int
    cost: float


def best_known(kind: str, name: str, *, convention: str = "") -> BestKnown:
    """Look up a file's best-known answer.

    Parameters
    ----------
    kind : "vrptw", "lilim" or "sartori"
        Its format.
    name : str
        Its name, in small letters.
    convention : str
        Word of the table's column of that name, where it has several: never mix them.

    Raises
    ------
    LookupError
        The table has none.
    """
    tables = {
        "vrptw": "vrptw/gh_bks.csv",
        "solomon": "vrptw/solomon_bks.csv",
        "lilim": "pdptw_lilim/bks.csv",
        "sartori": "pdptw_real/bks.csv",
    }
    with (data_folder() / tables[kind]).open(encoding="utf-8", newline="") as file:
        for row in csv.DictReader(file):
            if row["instance"].lower() == name and convention in row["convention"]:
                return BestKnown(int(row["vehicles"]), float(row["cost"]))
    raise LookupError(f"{name}: no best-known value")
