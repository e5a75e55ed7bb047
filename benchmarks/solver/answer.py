"""How a solver's process is called and what it hands back: a JSON file.

Each solver runs in a process of its own, so that its memory is its own and peers need no more than
their venv: this module needs the standard library alone.

    python -m benchmarks.solver.<solver> WORK --seconds 2 --seed 1 --threads 1 --out answer.json
"""

import argparse
import json
import time
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any


@dataclass(kw_only=True)
class Answer:
    """What a solver found.

    Parameters
    ----------
    routes : list
        Of a generated work `[courier, [[leg, 0 or 1], ...]]`; of a published one lists of the
        file's node numbers; of the Grand Challenge `[type, pickups, drop-offs]`.
    claimed : float, optional
        What the solver says that it costs, in whatever it counts.
    trace : list of (float, float)
        CPU seconds and best cost so far.
    cpu_s, wall_s : float
        From the instance in memory to the answer: models are built inside, imports, reading and
        compiling are not.
    rss_mb : int
        The most memory the process held.
    iterations : int
        As the solver counts them.
    notes : list of str
        What else it said.
    """

    routes: list[Any] = field(default_factory=list)
    claimed: float | None = None
    trace: list[tuple[float, float]] = field(default_factory=list)
    cpu_s: float = 0.0
    wall_s: float = 0.0
    rss_mb: int = 0
    iterations: int = 0
    notes: list[str] = field(default_factory=list)


class Stopwatch:
    """CPU and wall seconds since it was made."""

    def __init__(self) -> None:
        self._cpu, self._wall = time.process_time(), time.perf_counter()

    def cpu_s(self) -> float:
        """Return CPU seconds, of all threads together."""
        return time.process_time() - self._cpu

    def wall_s(self) -> float:
        """Return seconds on the wall."""
        return time.perf_counter() - self._wall

    def spent(self, seconds: float, threads: int) -> float:
        """Return the share of a limit that is used up; 1 and more: all of it.

        On one thread CPU seconds alone count, so that whatever else the machine does is not held
        against a solver. On more, whichever of the two is first.
        """
        share = self.cpu_s() / (seconds * threads)
        return share if threads == 1 else max(share, self.wall_s() / seconds)


@dataclass(frozen=True, slots=True)
class Order:
    """What a solver is asked for."""

    work: str
    seconds: float
    seed: int
    threads: int
    options: dict[str, str]


def serve(solve: Callable[[Order], Answer], description: str | None) -> None:
    """Read the command line, solve and write the answer; what every solver's process does."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("work", help="for example C:200:40:1; see benchmarks.solver.works")
    parser.add_argument("--seconds", type=float, default=2.0, help="CPU seconds of each thread")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--option", nargs="*", default=[], metavar="NAME=VALUE")
    parser.add_argument("--out", type=Path)
    given = parser.parse_args()
    options = dict(option.split("=", 1) for option in given.option)
    answer = solve(Order(given.work, given.seconds, given.seed, given.threads, options))
    answer.rss_mb = peak_mb()
    if given.out:
        given.out.write_text(json.dumps(asdict(answer)), encoding="utf-8")
    else:
        shown = asdict(answer)
        shown.update(routes=len(answer.routes), trace=answer.trace[-3:])
        print(json.dumps(shown))


def peak_mb() -> int:
    """Return the most memory that this process has held so far, RSS in MB (Linux)."""
    for line in Path("/proc/self/status").read_text(encoding="ascii").splitlines():
        if line.startswith("VmHWM:"):
            return int(line.split()[1]) // 1024
    raise OSError("the kernel tells no VmHWM")
