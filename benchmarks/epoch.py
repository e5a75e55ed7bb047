"""How long one epoch takes: 200 legs and 40 couriers on real streets, by engine and limit.

The legs and couriers come from a drawn day in central Helsinki, all of them ready and on duty
at once, which no day has: a worst case. Timed is what the service does between two ticks:
problem, matrices, search, reasons, check. ``first`` has to ask the streets for every door and
starts from nothing, ``next`` finds doors and the last plan known. Compiling comes before.

Run: python -m benchmarks.epoch [--legs 200] [--couriers 40]
"""

import argparse
import itertools
import platform
import statistics
import tempfile
from pathlib import Path

import msgspec
from rich.console import Console
from rich.table import Table

from cli.demo import helsinki
from dispatch.clock import SystemClock
from dispatch.core import messages as m
from dispatch.core.engine import decide
from dispatch.core.model import Availability, Instant
from dispatch.core.policy import Policy
from dispatch.core.state import State, fold
from dispatch.executors import Planner
from dispatch.sim.folder import Day, read_day, write_day
from dispatch.sim.generate import generate
from dispatch.solver.warmup import warm_up
from maps.osm import load_map
from maps.travel import TravelTimes

RUNS = 5
CASES = (
    Policy(engine="insert"),
    Policy(engine="search"),
    Policy(engine="routing", most_iterations=2_000),
    Policy(engine="routing"),
    Policy(engine="routing", threads=2),
    Policy(engine="routing", most_iterations=20_000),
)

COLUMNS = (
    "engine",
    "steps",
    "threads",
    "first",
    "next, median",
    "next, worst",
    "cost, first",
    "cost, second",
)


def everybody_at_once(day: Day, now: Instant) -> State:
    """Return the zone with all parcels ready and all couriers idle for four hours."""
    counter = itertools.count(1)
    state = State(zone="networks/benchmark/zones/all")
    slot = Availability(opens_at=now - 60, closes_at=now + 4 * 3600)
    commands: list[m.Command] = [m.CreateHub(hub=hub) for hub in day.hubs]
    for courier in day.couriers:
        commands += [
            m.CreateCourier(courier=courier),
            m.AddAvailability(courier=courier.id, slots=(slot,)),
            m.GoOnline(courier=courier.id),
        ]
    for parcel in day.parcels:
        promise_s = parcel.due_at - parcel.ready_at
        ready = msgspec.structs.replace(parcel, ready_at=now - 60, due_at=now + promise_s)
        commands.append(m.CreateParcels(parcels=(ready,)))
    for command in commands:
        state = fold(state, decide(state, command, now=now, command_id=f"c{next(counter)}"))
    return state


def main() -> None:
    """Measure and print the table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--legs", type=int, default=200)
    parser.add_argument("--couriers", type=int, default=40)
    options = parser.parse_args()
    network = load_map(helsinki())
    drawn = generate(network, parcels=options.legs, couriers=options.couriers, seed=1)
    with tempfile.TemporaryDirectory() as folder:
        write_day(Path(folder), drawn.header, drawn.tables)
        day = read_day(Path(folder))
    # Noon: every station and shop is open.
    now = day.parcels[len(day.parcels) // 2].ready_at
    start = everybody_at_once(day, now)
    table = Table(title=f"An epoch: {options.legs} legs, {options.couriers} couriers, seconds")
    for column in COLUMNS:
        table.add_column(column, justify="right")
    warm_up()
    for policy in CASES:
        state = msgspec.structs.replace(start, policy=policy)
        planner = Planner(TravelTimes(network), SystemClock())
        plans = [planner.plan(state, now) for _ in range(RUNS + 1)]
        costs = [plan.cost / 100_000 for plan in plans if plan is not None]
        first, *later = planner.latency_s
        is_insertion = policy.engine == "insert"
        table.add_row(
            policy.engine,
            "" if is_insertion else f"{policy.iterations_of(options.legs):,}",
            "" if is_insertion else str(policy.threads),
            f"{first:.2f}",
            f"{statistics.median(later):.2f}",
            f"{max(later):.2f}",
            f"{costs[0]:.1f}",
            f"{costs[1]:.1f}",
        )
    Console().print(table)
    Console().print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
