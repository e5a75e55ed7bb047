"""What the price of change, and locks, do to a day: how much plans move, and what that costs.

Days in Jinan, drawn on its real streets: a town, or with ``--compounds`` compounds with guards.
Each is replayed with each price of giving a leg to another courier than the last plan did, and with
couriers locked instead. The same seed has the same people, parcels and chance in all of them. They
part ways all the same once one tour is another one: a single day says little about cost, and a few
say what the table says.

Run: ANTMILE_DATA=... python -m benchmarks.churn --seeds 3
"""

import argparse
import os
import statistics
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path
from zoneinfo import ZoneInfo

from rich.console import Console
from rich.table import Table

from dispatch.clock import SystemClock
from dispatch.core.policy import Policy
from dispatch.sim.compound_day import draw_compound_day
from dispatch.sim.day import Replay
from dispatch.sim.folder import Day, read_day, write_day
from dispatch.sim.generate import generate
from dispatch.solver.locks import LockLevel
from dispatch.solver.warmup import warm_up
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.travel import TravelTimes

TIMEZONE = "Asia/Shanghai"
NO_PRICE = "no price"
LOCKED = "no price, couriers locked"

Row = Mapping[str, float]
FIGURES = (
    ("replanned", "planned again", "{:,.0f}"),
    ("moved", "moved", "{:,.0f}"),
    ("moved_share", "moved, of these", "{:.1%}"),
    ("moves_per_parcel", "moves a parcel", "{:.2f}"),
    ("cost_per_delivered_cents", "fen a delivered parcel", "{:,.1f}"),
    ("undelivered_share", "undelivered", "{:.1%}"),
    ("on_time_share", "on time", "{:.1%}"),
)


def drawn(network: RoadNetwork, arguments: argparse.Namespace, seed: int) -> Day:
    """Draw a day, by way of its folder as any other day comes."""
    if arguments.compounds:
        its = draw_compound_day(network, seed=seed, timezone=TIMEZONE)
    else:
        size = {"parcels": arguments.parcels, "couriers": arguments.couriers}
        its = generate(network, seed=seed, timezone=TIMEZONE, **size)
    with tempfile.TemporaryDirectory() as folder:
        write_day(Path(folder), its.header, its.tables)
        return read_day(Path(folder))


def cases(prices: Sequence[int]) -> dict[str, dict[str, int | str]]:
    """Give the policy's values of each case, by its name."""
    found: dict[str, dict[str, int | str]] = {NO_PRICE: {"move_cents": 0}}
    found |= {f"{price} fen a move": {"move_cents": price} for price in prices}
    return found | {LOCKED: {"move_cents": 0, "lock_level": LockLevel.COURIER.value}}


def played(day: Day, times: TravelTimes, seed: int, values: Mapping[str, int | str]) -> Row:
    """Replay a day and give its figures."""
    given = {"seed": seed, "epoch_s": day.epoch_s, **day.scenario.get("policy", {}), **values}
    policy = Policy(**given)
    kpis = Replay(day, times, seed=seed, policy=policy, clock=SystemClock()).run().kpis
    return {key: kpis[key] or 0.0 for key, _, _ in FIGURES}


def cells(row: Row) -> list[str]:
    """Give the figures of a row as they stand in the table."""
    return [form.format(row[key]) for key, _, form in FIGURES]


def main() -> None:
    """Replay and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=3)
    parser.add_argument("--parcels", type=int, default=300)
    parser.add_argument("--couriers", type=int, default=60)
    parser.add_argument("--compounds", action="store_true")
    parser.add_argument("--prices", type=int, nargs="+", default=[Policy().move_cents])
    arguments = parser.parse_args()
    network = load_map(Path(os.environ["ANTMILE_DATA"]) / "osm" / "jinan.osm.pbf")
    warm_up("routing")
    wanted = cases(arguments.prices)
    rows: dict[str, list[Row]] = {name: [] for name in wanted}
    town = f"{arguments.parcels} parcels, {arguments.couriers} couriers"
    what = "compounds with guards" if arguments.compounds else town
    table = Table("seed", "case", title=f"Jinan, {what}")
    for _, label, _ in FIGURES:
        table.add_column(label, justify="right")
    for seed in range(arguments.seeds):
        times = TravelTimes(network, timezone=ZoneInfo(TIMEZONE))
        day = drawn(network, arguments, seed)
        for name, values in wanted.items():
            rows[name].append(played(day, times, seed, values))
            table.add_row(str(seed), name, *cells(rows[name][-1]))
        table.add_section()
    for name, its in rows.items():
        means = {key: statistics.fmean(row[key] for row in its) for key, _, _ in FIGURES}
        table.add_row("mean", name, *cells(means))
    Console().print(table)


if __name__ == "__main__":
    main()
