"""All tables of the road matrices, each in a process of its own: ``make bench-maps``.

One core unless the table is about two; see `benchmarks.maps.setting` for what is needed.
"""

import subprocess
import sys

from benchmarks.maps.setting import MAIN_MAP, limited_to, machine, map_file

TABLES = (
    ("ready", 2),
    ("matrices", 1),
    ("matrices", 2),
    ("memory", 1),
    ("updates", 1),
    ("growth", 1),
    ("doors", 1),
    ("peers", 1),
    ("porto_alegre", 2),
)
"""Modules and the cores that they may use; the first has OSRM prepare its data."""

map_file(MAIN_MAP)
print(machine(), flush=True)
for name, count in TABLES:
    with limited_to(count):
        subprocess.run([sys.executable, "-m", f"benchmarks.maps.{name}"], check=True)
