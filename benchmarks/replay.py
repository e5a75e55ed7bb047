"""How long the demo takes as a whole command, once installed.

Run: python -m benchmarks.replay
"""

import json
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from rich.console import Console
from rich.table import Table


def main() -> None:
    """Run the demo in a process of its own and print the table."""
    with tempfile.TemporaryDirectory() as folder:
        out = Path(folder) / "demo"
        began = time.perf_counter()
        subprocess.run(
            [sys.executable, "-c", "from cli.main import app; app()", "demo", "--out", str(out)],
            check=True,
            stdout=subprocess.DEVNULL,
        )
        whole_s = time.perf_counter() - began
        report = json.loads((out / "report.json").read_text())
    table = Table(title="The demo: 300 parcels, 60 couriers, one day")
    for column in ("whole command s", "replay s", "times real time", "epochs", "p50 s", "p95 s"):
        table.add_column(column, justify="right")
    system = report["system"]
    latency = system["epoch_latency_s"]
    table.add_row(
        f"{whole_s:.1f}",
        f"{system['wall_s']:.1f}",
        f"{system['times_real_time']:.0f}",
        str(system["epochs"]),
        f"{latency['p50']:.3f}",
        f"{latency['p95']:.3f}",
    )
    Console().print(table)


if __name__ == "__main__":
    main()
