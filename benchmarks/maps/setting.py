"""Where the benchmark finds its maps, on which cores it runs, and how it prints.

Imports nothing heavy: the process that starts all others imports it too.
"""

import os
import platform
import sys
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

MAIN_MAP = "porto.osm.pbf"
CACHE = Path("out/bench-maps")
"""Keeps what peers prepare from a map; `make clean` leaves it alone."""


def data_folder() -> Path:
    """Return the folder of published data.

    Raises
    ------
    SystemExit
        ``ANTMILE_DATA`` is not set or holds no maps; says so.
    """
    given = os.environ.get("ANTMILE_DATA")
    if not given:
        sys.exit(f"set ANTMILE_DATA to the folder of published data: it holds osm/{MAIN_MAP}")
    return Path(given)


def map_file(name: str) -> Path:
    """Return the path of a published map.

    Raises
    ------
    SystemExit
        It is not there; says where it was looked for.
    """
    path = data_folder() / "osm" / name
    if not path.is_file():
        sys.exit(f"{path} is missing: put the extract there, or point ANTMILE_DATA elsewhere")
    return path


def cores() -> int:
    """Return how many cores this process may use."""
    return len(os.sched_getaffinity(0))


@contextmanager
def limited_to(count: int) -> Iterator[None]:
    """Let processes started meanwhile use so many cores."""
    before = os.sched_getaffinity(0)
    os.sched_setaffinity(0, sorted(before)[:count])
    try:
        yield
    finally:
        os.sched_setaffinity(0, before)


def peak_mb() -> int:
    """Return the most memory that this process has held so far, RSS in MB (Linux).

    ``ru_maxrss`` would not do: a new process inherits it from the one that started it.
    """
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise OSError("the kernel tells no VmHWM")


def print_table(title: str, columns: Sequence[str], rows: Sequence[Sequence[str]]) -> None:
    """Print a table in Markdown, its first column to the left, the others to the right."""
    print(f"\n{title}\n")
    print(f"| {' | '.join(columns)} |")
    print(f"|---|{'---:|' * (len(columns) - 1)}")
    for row in rows:
        print(f"| {' | '.join(row)} |")
    sys.stdout.flush()


def machine() -> str:
    """Name processor, cores and Python."""
    names = [
        line.partition(":")[2].strip()
        for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        if line.startswith("model name")
    ]
    name = names[0] if names else platform.machine()
    return f"{name}, {os.cpu_count()} cores, Python {platform.python_version()}"
