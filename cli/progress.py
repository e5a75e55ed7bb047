"""What the program is busy with, shown on stderr while it takes its time.

Stdout belongs to results, so that they can be piped on.
"""

import sys
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager

from rich.console import Console
from rich.progress import (
    BarColumn,
    Progress,
    ProgressColumn,
    SpinnerColumn,
    TextColumn,
    TimeElapsedColumn,
)

WORTH_TELLING_S = 1.0
"""What took longer is told in a line that stays, also where no terminal shows a bar."""

PATIENCE_S = 3.0
"""After so long somebody wonders what takes the time."""


class Work:
    """Something that is being done, for whoever does it to say how far it is."""

    def __init__(self, bar: Progress, label: str, total: float | None) -> None:
        self._bar = bar
        self._label = label
        self._task = bar.add_task(label, total=total)

    def advance(self, count: float) -> None:
        """Say that so much more of the total is done."""
        self._bar.advance(self._task, count)

    def note(self, line: str) -> None:
        """Say something that stays, above the bar."""
        self._bar.console.print(line, markup=False)

    def tell(self, stage: str) -> None:
        """Say what begins, in a few words."""
        self._bar.update(self._task, description=f"{self._label}: {stage}")


@contextmanager
def working(label: str, *, total: float | None = None) -> Iterator[Work]:
    """Show on stderr that something is being done, until the block ends.

    Parameters
    ----------
    label : str
        What is being done, as in ``reading porto.osm.pbf``.
    total : float, optional
        How much there is to do; without it only time passes.
    """
    console = Console(stderr=True, highlight=False, soft_wrap=True)
    columns: list[ProgressColumn] = [
        SpinnerColumn(),
        TextColumn("{task.description}", markup=False),
    ]
    if total is not None:
        columns.append(BarColumn())
    began = time.perf_counter()
    columns.append(TimeElapsedColumn())
    # Nobody watches a pipe, and a bar there leaves an empty line behind.
    hidden = not console.is_terminal
    with Progress(*columns, console=console, transient=True, disable=hidden) as bar:
        yield Work(bar, label, total)
    took_s = time.perf_counter() - began
    if took_s >= WORTH_TELLING_S:
        console.print(f"{label}: {took_s:.1f} s", markup=False)


@contextmanager
def told_of_compiling(work: Work, package: str) -> Iterator[None]:
    """Say, where the wait is long because the search is being compiled, that it is.

    Parameters
    ----------
    work : Work
        What is waited for.
    package : str
        Whose ``kernel`` it is that may be compiled, as in ``maps``.
    """

    def tell() -> None:
        if _is_compiled_here(f"{package}.kernel."):
            work.note("compiling the search, once; antmile warmup does it beforehand")

    timer = threading.Timer(PATIENCE_S, tell)
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _is_compiled_here(prefix: str) -> bool:
    """Say whether this process compiles kernels itself, having found none on disk."""
    # Small matrices do without numba, which takes a second to load: look, and import nothing.
    kernels = [its for name, its in [*sys.modules.items()] if name.startswith(prefix)]
    functions = [value for module in kernels for value in [*vars(module).values()]]
    return any(f.stats.cache_misses for f in functions if hasattr(f, "stats"))
