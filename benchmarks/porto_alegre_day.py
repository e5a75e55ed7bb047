"""Turn a published instance on real addresses into a day folder.

The requests are those of Sartori and Buriol (2019): pickups and
deliveries in Porto Alegre with windows of an hour. Requests whose ends do not both lie near a
road of the map are left out, by name. What a day folder cannot say is left out too: the end
of a pickup's window, and service times (the engine has its own).

    python benchmarks/porto_alegre_day.py poa-n200-1.txt porto_alegre.osm.pbf -o day
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path

from dispatch.sim import columns
from dispatch.sim.folder import write_day
from maps.osm import load_map
from maps.travel import SNAP_LIMIT_M, TravelTimes

DAY = date(2026, 3, 2)
OPENS_MIN = 480
"""Minute 0 of the instance, in minutes after midnight."""
MODE = "ebike"
PAY_FIXED_CENTS = 120
PAY_PER_MIN_CENTS = 40
"""The instance knows no pay; long ways need a fair price a minute (an assumption)."""
UNIT_GRAMS = 100
UNIT_ML = 200
"""What one unit of demand is taken for."""
FAR_M = 100_000.0


@dataclass(frozen=True, slots=True)
class Node:
    """A line of the instance: a point, its demand, its window in minutes and its delivery."""

    number: int
    lat: float
    lon: float
    demand: int
    opens_min: int
    closes_min: int
    delivery: int


@dataclass(frozen=True, slots=True)
class Instance:
    """What the day is made of; node 0 is the depot."""

    name: str
    horizon_min: int
    capacity: int
    nodes: tuple[Node, ...]

    def requests(self) -> Iterator[tuple[Node, Node]]:
        """Yield pickups with their deliveries."""
        for node in self.nodes:
            if node.delivery:
                yield node, self.nodes[node.delivery]


def read_instance(path: Path) -> Instance:
    """Read an instance; the format stands in its README."""
    lines = iter(path.read_text(encoding="utf-8").splitlines())
    head: dict[str, str] = {}
    for line in lines:
        if line.strip() == "NODES":
            break
        key, _, value = line.partition(":")
        head[key.strip()] = value.strip()
    nodes = []
    for _ in range(int(head["SIZE"])):
        number, lat, lon, demand, opens, closes, _service, _pickup, delivery = next(lines).split()
        nodes.append(
            Node(
                int(number),
                float(lat),
                float(lon),
                int(demand),
                int(opens),
                int(closes),
                int(delivery),
            )
        )
    return Instance(head["NAME"], int(head["ROUTE-TIME"]), int(head["CAPACITY"]), tuple(nodes))


def write(instance: Instance, map_file: Path, out: Path, *, couriers: int) -> None:
    """Write the day folder, saying what is left out."""
    times = TravelTimes(load_map(map_file), snap_limit_m=FAR_M)
    off_m = times.snap_distance_m(MODE, instance.nodes)
    kept, left_out = [], []
    for pickup, delivery in instance.requests():
        far = [node for node in (pickup, delivery) if off_m[node.number] > SNAP_LIMIT_M]
        if not far:
            kept.append((pickup, delivery))
            continue
        left_out.append(pickup.number)
        where = ", ".join(f"node {node.number} is {off_m[node.number]:.0f} m off" for node in far)
        print(f"left out: request {pickup.number}: {where}")
    header = {
        "date": DAY,
        "timezone": "America/Sao_Paulo",
        "network": "porto-alegre",
        "zone": instance.name,
        "currency": "BRL",
        "datum": "WGS84",
        "epoch_s": 60,
        "map": os.path.relpath(map_file.resolve(), out.resolve()),
        "scenario": {"source": f"Sartori and Buriol (2019), {instance.name}", "left_out": left_out},
    }
    riders = [f"rider-{index + 1:02d}" for index in range(couriers)]
    tables: dict[str, list[dict[str, object]]] = {
        columns.PARCELS: [_parcel(pickup, delivery) for pickup, delivery in kept],
        columns.COURIERS: [_rider(rider, instance) for rider in riders],
        columns.AVAILABILITY: [
            {"courier_id": rider, "opens_at": _clock(0), "closes_at": _clock(instance.horizon_min)}
            for rider in riders
        ],
        columns.HUBS: [],
        columns.HUB_HOURS: [],
    }
    write_day(out, header, tables)
    print(
        f"{len(kept)} of {len(kept) + len(left_out)} requests of {instance.name} have both ends "
        f"within {SNAP_LIMIT_M:.0f} m of a road for {MODE}; with {couriers} riders in {out}"
    )


def _parcel(pickup: Node, delivery: Node) -> dict[str, object]:
    return {
        "id": f"request-{pickup.number:03d}",
        "created_at": _clock(0),
        "ready_at": _clock(pickup.opens_min),
        "pickup_lat": pickup.lat,
        "pickup_lon": pickup.lon,
        "lat": delivery.lat,
        "lon": delivery.lon,
        "due_at": _clock(delivery.closes_min),
        "window_opens_at": _clock(delivery.opens_min),
        "window_closes_at": _clock(delivery.closes_min),
        "grams": pickup.demand * UNIT_GRAMS,
        "ml": pickup.demand * UNIT_ML,
    }


def _rider(rider: str, instance: Instance) -> dict[str, object]:
    depot = instance.nodes[0]
    return {
        "id": rider,
        "kind": "rider",
        "mode": MODE,
        "lat": depot.lat,
        "lon": depot.lon,
        "capacity_grams": instance.capacity * UNIT_GRAMS,
        "capacity_ml": instance.capacity * UNIT_ML,
        # The instance knows one limit of time, its horizon.
        "allowance_min": instance.horizon_min,
        "leash_min": instance.horizon_min,
        "pay_fixed_cents": PAY_FIXED_CENTS,
        "pay_per_min_cents": PAY_PER_MIN_CENTS,
    }


def _clock(minute: int) -> str:
    hours, minutes = divmod(OPENS_MIN + minute, 60)
    return f"{hours:02d}:{minutes:02d}"


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line and write the day."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0])
    parser.add_argument("instance", type=Path)
    parser.add_argument("map", type=Path)
    parser.add_argument("-o", "--out", type=Path, required=True)
    parser.add_argument("--couriers", type=int, default=20)
    given = parser.parse_args(arguments)
    write(read_instance(given.instance), given.map, given.out, couriers=given.couriers)


if __name__ == "__main__":
    main()
