"""Key figures of hubs as a fold over events: a part of `dispatch.core.metrics`.

What starts at a hub stands on its floor and is not counted; only what comes in on its way is.
"""

from collections import Counter
from collections.abc import Callable, Sequence
from typing import Any

from dispatch.core import messages as m
from dispatch.core.model import FailureCode, HubKind, Instant, LegKind, Purpose, Seconds

Figures = dict[str, Any]
"""As in `dispatch.core.metrics`."""
STAYS = (Purpose.RELAY, Purpose.HOLD, Purpose.COLLECTION)
"""What parcels stand in a hub for."""


class HubMetrics:
    """Takes events in order and gives the figures of hubs at any time."""

    def __init__(self) -> None:
        self._slots: dict[str, int] = {}
        self._kinds: dict[str, HubKind] = {}
        self._inside: dict[str, tuple[str, Purpose, Instant]] = {}
        self._now: Counter[str] = Counter()
        self._peak: Counter[str] = Counter()
        self._received: Counter[str] = Counter()
        self._purposes: Counter[Purpose] = Counter()
        self._diverted: Counter[Purpose] = Counter()
        self._overdue: set[tuple[str, str]] = set()
        self._count: Counter[str] = Counter()
        self._dwell_s: dict[Purpose, list[Seconds]] = {purpose: [] for purpose in STAYS}

    def take(self, event: m.Event) -> None:
        """Take note of one event."""
        match event:
            case m.HubCreated(hub=hub):
                self._slots[hub.id], self._kinds[hub.id] = sum(hub.slots), hub.kind
            case m.ParcelReceivedAtHub(parcel=parcel, hub=hub_id, happened_at=at):
                self._purposes[event.purpose] += 1
                self._come(parcel, hub_id, event.purpose, at)
            case m.ParcelPickedUp(parcel=parcel, happened_at=at):
                self._leave(parcel, at)
            case m.ParcelCollected(parcel=parcel, happened_at=at):
                self._count["collected"] += 1
                self._leave(parcel, at)
            case m.ParcelWrittenOff(parcel=parcel, at=at):
                self._leave(parcel, at)
            case m.SlotOverdue(hub=hub_id, parcel=parcel):
                # Told again when it does go back.
                self._overdue.add((hub_id, parcel))
            case m.ParcelDiverted(purpose=purpose):
                self._diverted[purpose] += 1
            case m.LegReleased(leg=leg) if leg.kind is LegKind.RETURN:
                self._count["sent_back"] += 1
            case m.AttemptFailed(failure=failure) | m.PickupFailed(failure=failure):
                self._count[failure.value] += 1
            case _:
                pass

    def _come(self, parcel: str, hub: str, purpose: Purpose, at: Instant) -> None:
        self._inside[parcel] = (hub, purpose, at)
        self._received[hub] += 1
        self._now[hub] += 1
        self._peak[hub] = max(self._peak[hub], self._now[hub])

    def _leave(self, parcel: str, at: Instant) -> None:
        if parcel in self._inside:
            hub, purpose, since = self._inside.pop(parcel)
            self._now[hub] -= 1
            self._dwell_s[purpose].append(max(0, at - since))

    def figures(self, spread: Callable[[Sequence[int]], Figures]) -> Figures:
        """Return the figures.

        Parameters
        ----------
        spread
            Makes a mean and percentiles of numbers.
        """
        used = sorted(self._received)
        shares = [self._peak[hub] / self._slots[hub] for hub in used if self._slots.get(hub)]
        return {
            "received": {purpose.value: self._purposes[purpose] for purpose in STAYS},
            "diverted": {purpose.value: count for purpose, count in sorted(self._diverted.items())},
            "collected": self._count["collected"],
            "overdue": len(self._overdue),
            "sent_back": self._count["sent_back"],
            "refused_full": self._count[FailureCode.HUB_FULL.value],
            "refused_closed": self._count[FailureCode.HUB_CLOSED.value],
            "peak_occupancy": max(self._peak.values(), default=0),
            "peak_occupancy_share": round(max(shares), 4) if shares else None,
            "dwell_s": {purpose.value: spread(its) for purpose, its in self._dwell_s.items()},
            "left_inside": len(self._inside),
            "by_hub": {
                hub: {
                    "kind": self._kinds[hub].value,
                    "slots": self._slots[hub],
                    "received": self._received[hub],
                    "peak": self._peak[hub],
                }
                for hub in used
            },
        }
