"""When stops are reached, for what is written at one moment.

Positions are never stored: they come from the service's memory, and only fresh ones count.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field

from dispatch.core.etas import etas, to_next_s
from dispatch.core.model import Instant, Place, Seconds, Tour
from dispatch.core.zone import State

FRESH_S: Seconds = 300
"""An older position tells nothing of where a courier is."""


@dataclass(frozen=True, slots=True)
class Fix:
    """Where a courier was, and when."""

    place: Place
    at: Instant


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant, and where couriers are by then.

    Attributes
    ----------
    now
        0: by what has been reported alone.
    fixes
        The last position of each courier, by id.
    """

    now: Instant = 0
    fixes: Mapping[str, Fix] = field(default_factory=dict)

    def etas(self, state: State, tour: Tour) -> tuple[Instant, ...]:
        """Return when each stop of a tour is reached; a past one as it was."""
        fix = self.fixes.get(tour.courier)
        if fix is None or fix.at + FRESH_S < self.now or not tour.started_at:
            return etas(tour, self.now)
        mode = state.courier(tour.courier).mode
        return etas(tour, self.now, to_next_s(tour, fix.place, mode, state.policy))


PLANNED = Moment()
"""Knows neither the time nor where anybody is."""
