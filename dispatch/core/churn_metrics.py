"""Key figures of stable plans as a fold over events: a part of `dispatch.core.metrics`.

Counted over legs that wait for their offer, because nothing else is planned twice. A leg that two
plans gave to the same courier was planned again; one that the second gave to another was moved.
Couriers have seen neither: the figures tell how much they would, were plans shown to them.
"""

from typing import Any

from dispatch.core import messages as m

Figures = dict[str, Any]
"""As in `dispatch.core.metrics`."""


class ChurnMetrics:
    """Takes events in order and gives the figures of stable plans at any time."""

    def __init__(self) -> None:
        self._again_count = 0
        self._moved_count = 0

    def take(self, event: m.Event) -> None:
        """Take note of one event."""
        if isinstance(event, m.PlanMade):
            self._again_count += event.again_count
            self._moved_count += event.moved_count

    def figures(self, created: int) -> Figures:
        """Return the figures, None for each share of nothing.

        Parameters
        ----------
        created
            Parcels.
        """
        return {
            "replanned": self._again_count,
            "moved": self._moved_count,
            "moved_share": _ratio(self._moved_count, self._again_count),
            "moves_per_parcel": _ratio(self._moved_count, created),
        }


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None
