"""The only place that reads the time, so that a replay can live in its own.

Whoever needs an instant is handed a clock: the service's own, or the virtual one of a replayed
day. It must not import the rest of the engine.
"""

import time
from typing import Protocol


class Clock(Protocol):
    """What the runtime asks for the time."""

    def now(self) -> int:
        """Return the instant: whole seconds since 1970-01-01 UTC."""

    def monotonic(self) -> float:
        """Return seconds since an arbitrary start; it never goes back."""


class SystemClock:
    """The machine's clock."""

    def now(self) -> int:
        """Return the machine's instant, whole seconds since 1970-01-01 UTC, rounded down."""
        return int(time.time())

    def monotonic(self) -> float:
        """Return the machine's monotonic seconds, for durations only."""
        return time.monotonic()


class VirtualClock:
    """A clock that stands still until it is moved.

    Parameters
    ----------
    start : int
        The first instant, seconds since 1970-01-01 UTC.
    """

    def __init__(self, start: int = 0) -> None:
        self._start = start
        self._now = start

    def now(self) -> int:
        """Return the instant to which the clock was last moved."""
        return self._now

    def monotonic(self) -> float:
        """Return the virtual seconds since the clock's first instant."""
        return float(self._now - self._start)

    def advance_to(self, instant: int) -> None:
        """Move the clock.

        Parameters
        ----------
        instant : int
            Seconds since 1970-01-01 UTC, at or after the present one.

        Raises
        ------
        ValueError
            When the instant lies in the past: events out of order would be the silent result.
        """
        if instant < self._now:
            raise ValueError(f"the clock stands at {self._now} and cannot go back to {instant}")
        self._now = instant
