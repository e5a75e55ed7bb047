"""All benchmarks, one after the other, each in a process of its own: ``make bench``."""

import subprocess
import sys

NAMES = ("replay", "epoch", "engine", "ingest", "addresses")

for name in NAMES:
    subprocess.run([sys.executable, "-m", f"benchmarks.{name}"], check=True)
