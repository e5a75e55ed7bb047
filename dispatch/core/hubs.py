"""When hubs give and take parcels."""

from dispatch.core.model import Hub, Instant, TimeWindow


def hours_from(hub: Hub | None, moment: Instant) -> TimeWindow | None:
    """Return the first opening hours that have not ended at ``moment``.

    None where the hub has no hours (always open) or where there is no hub.
    A hub whose last hours are over yields a window that has closed.
    """
    if hub is None or not hub.hours:
        return None
    for window in hub.hours:
        if moment <= window.closes_at:
            return window
    return hub.hours[-1]


def is_open(hub: Hub | None, moment: Instant) -> bool:
    """Whether the hub's counter is open at ``moment``; an address always is."""
    window = hours_from(hub, moment)
    return window is None or window.opens_at <= moment <= window.closes_at
