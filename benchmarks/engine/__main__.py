"""How long the rules take: `decide` by command in a full zone, and a refold of a million events.

200 hubs, 1,000 couriers and 10,000 open legs in one zone, every command but `CommitPlan` in a mix
(`benchmarks.engine.load`); then the events that this made are read and folded again in a process
of their own. Times are of the processor, so that they hold on a machine that does other things
too; memory is what the process holds (RSS).

Run: python -m benchmarks.engine [--events 1000000]
"""

import argparse
import gc
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from rich.console import Console
from rich.table import Table

from benchmarks.engine.load import Load
from benchmarks.engine.others import OTHERS, commands_left_out
from dispatch.core import codec
from dispatch.core.state import State, evolve

ONCE = {
    "CreateHub",
    "CreateCourier",
    "AddAvailability",
    "CreateCompound",
    "CreatePost",
    "IssuePin",
}
"""Given only while the zone fills and its compound is set up."""
GOAL_MS = 1.0
GOAL_S = 60
PLANNED = "CommitPlan"
"""The solver's command, made by hand here: its time depends on the plan, not on the rules."""
GARBAGE_THRESHOLDS = (50_000, 20, 100)
"""As in `dispatch.serve`, which would bring its own memory in."""
WARM_UP_EVENTS = 60_000
"""Not measured: until what happens at once in a new zone (all pick up, nobody delivers) is past."""


def rss_mb() -> float:
    """Return what the process holds now, MB."""
    for line in Path("/proc/self/status").read_text().splitlines():
        if line.startswith("VmRSS:"):
            return int(line.split()[1]) / 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def busy_day(options: argparse.Namespace, log: Path) -> None:
    """Carry out the load, write its events down, print the table of times."""
    before_mb = rss_mb()
    began = time.process_time()
    with log.open("w") as lines:
        sizes = (options.hubs, options.couriers, options.legs)
        load = Load(sizes, lambda line: lines.write(line + "\n"), OTHERS)
        full_mb = rss_mb()
        # As the service does when it starts.
        gc.collect()
        gc.freeze()
        gc.set_threshold(*GARBAGE_THRESHOLDS)
        while load.event_count < min(WARM_UP_EVENTS, options.events // 2):
            load.step()
        for name in set(load.took_ns) - ONCE:
            del load.took_ns[name]
        load.refused.clear()
        while load.event_count < options.events:
            load.step()
    took_s = time.process_time() - began
    table = Table(title="decide, ms")
    for column in ("command", "count", "refused", "p50", "p95", "p99", "max"):
        table.add_column(column, justify="left" if column == "command" else "right")
    slow = []
    for name, took in sorted(load.took_ns.items()):
        if not took:
            continue
        p50, p95, p99 = np.percentile(took, (50, 95, 99)) / 1e6
        figures = [f"{value:.3f}" for value in (p50, p95, p99, max(took) / 1e6)]
        table.add_row(name, f"{len(took):,}", f"{load.refused[name]:,}", *figures)
        if p99 > GOAL_MS and name != PLANNED:
            slow.append(name)
    console = Console(width=100)
    console.print(table)
    left_out = ", ".join(commands_left_out(load)) or "none"
    console.print(f"never given: {left_out}; p99 above {GOAL_MS} ms: {', '.join(slow) or 'none'}")
    console.print(
        f"{load.event_count:,} events in {took_s:.0f} s; {len(load.state.open_parcels):,} open and "
        f"{len(load.state.parcels):,} parcels in all; RSS {before_mb:.0f} MB before, "
        f"{full_mb:.0f} MB with the zone full, {rss_mb():.0f} MB at the end"
    )


def refold(log: Path) -> None:
    """Read and fold a log, print what it took."""
    before_mb = rss_mb()
    state = State(zone="networks/load/zones/all")
    count = 0
    began = time.process_time()
    # What a refold builds stays: looking through all of it again and again is time for nothing.
    gc.disable()
    with log.open() as lines:
        for line in lines:
            state = evolve(state, codec.decode_event(line))
            count += 1
    took_s = time.process_time() - began
    Console(width=100).print(
        f"refold: {count:,} events in {took_s:.1f} s ({count / took_s:,.0f} a second, the goal for "
        f"a million is {GOAL_S} s), RSS {before_mb:.0f} MB before and {rss_mb():.0f} MB after; "
        f"{len(state.parcels):,} parcels, {log.stat().st_size / 1e6:.0f} MB of log"
    )


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--events", type=int, default=1_000_000)
    parser.add_argument("--legs", type=int, default=10_000)
    parser.add_argument("--hubs", type=int, default=200)
    parser.add_argument("--couriers", type=int, default=1000)
    parser.add_argument("--refold", type=Path, help="fold this log and do nothing else")
    options = parser.parse_args()
    if options.refold:
        refold(options.refold)
        return
    with tempfile.TemporaryDirectory() as folder:
        log = Path(folder) / "events.jsonl"
        busy_day(options, log)
        command = [sys.executable, "-m", "benchmarks.engine", "--refold", str(log)]
        subprocess.run(command, check=True)
    Console().print(
        f"{platform.processor() or platform.machine()}, Python {platform.python_version()}"
    )


if __name__ == "__main__":
    main()
