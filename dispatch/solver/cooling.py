"""How far a search is, and how long its next chunk of steps may be. No clock is read here."""

from collections.abc import Callable
from dataclasses import dataclass, field

from dispatch.solver.plan import StoppedBy

CHUNKS = 50
"""A search has about so many chunks."""
_FIRST_CHUNK = 20


@dataclass
class Cooling:
    """Progress by iterations or by what `progress` says, whichever is farther.

    Parameters
    ----------
    iterations : int or None
        The search ends after so many.
    ask : callable or None
        From 0 to 1; at 1 the search ends. Asked at the beginning and after every chunk.
    chunk_count : int
        About how many chunks there will be.

    Attributes
    ----------
    at : float
        From 0 to 1.
    asked : list of float
        All that `ask` gave. Together with `iterations` it decides all chunks.
    chunks : list of int
        Their lengths, iterations.

    """

    iterations: int | None
    ask: Callable[[], float] | None
    chunk_count: int = CHUNKS
    at: float = 0.0
    done: int = 0
    asked: list[float] = field(default_factory=list)
    chunks: list[int] = field(default_factory=list)
    stopped_by: StoppedBy = StoppedBy.ITERATION_LIMIT
    _speed: float = 0.0

    def __post_init__(self) -> None:
        if self.iterations is None and self.ask is None:
            message = "a search needs a limit: iterations, progress, or both"
            raise ValueError(message)
        if self.iterations is not None and self.iterations < 0:
            message = f"iterations: {self.iterations} is negative"
            raise ValueError(message)
        self._look()

    def next_chunk(self) -> int:
        """Give the length of the next chunk, iterations."""
        if self.ask is None or not self._speed:
            chunk = max(1, self.iterations // self.chunk_count) if self.iterations else _FIRST_CHUNK
            chunk = chunk if self.ask is None else min(chunk, _FIRST_CHUNK)
        else:
            wanted = min(1 / self.chunk_count, 1 - self.at) / self._speed
            chunk = max(1, int(min(wanted, 4.0 * self.chunks[-1])))
        return chunk if self.iterations is None else min(chunk, self.iterations - self.done)

    def expected(self, chunk: int) -> float:
        """Give the progress after a chunk, by the speed so far."""
        ahead = chunk / self.iterations if self.iterations else 1 / self.chunk_count
        if self.ask is not None and self._speed:
            ahead = max(chunk * self._speed, chunk / self.iterations if self.iterations else 0.0)
        return min(1.0, self.at + ahead)

    def finish_chunk(self, chunk: int) -> None:
        """Count a chunk and ask how far the search is."""
        before = self.at
        self.done += chunk
        self.chunks.append(chunk)
        self._look()
        came = max(self.at - before, 1e-9) / chunk
        self._speed = came if not self._speed else 0.5 * (self._speed + came)

    def _look(self) -> None:
        by_count = 0.0 if self.iterations is None else self.done / max(1, self.iterations)
        if self.iterations == 0:
            by_count = 1.0
        by_ask = 0.0
        if self.ask is not None:
            by_ask = float(self.ask())
            self.asked.append(by_ask)
        if by_ask >= 1 > by_count:
            self.stopped_by = StoppedBy.PROGRESS
        self.at = min(1.0, max(self.at, by_count, by_ask))
