"""When a tour comes to its stops, by what it has done so far.

Without a map: the ways are those that were planned, moved by what has been reported. With a
position the way to the next stop is a straight line made longer as streets are.
"""

from collections.abc import Mapping

from dispatch.core.model import (
    ActionKind,
    Instant,
    Mode,
    Place,
    Seconds,
    Stop,
    StopState,
    Tour,
    straight_line_m,
)
from dispatch.core.policy import Policy

NEVER: Instant = 0


def etas(tour: Tour, now: Instant, to_next_s: Seconds | None = None) -> tuple[Instant, ...]:
    """Return when each stop is reached, (stops,) epoch seconds; a past one as it was.

    Parameters
    ----------
    to_next_s
        Way to the next stop from where the courier is now, if that is known.
    """
    found: list[Instant] = []
    leaves_at = _sets_out(tour, now)
    is_next = True
    for stop in tour.stops:
        if stop.arrived_at:
            found.append(stop.arrived_at)
            leaves_at = _left(stop, now)
            continue
        if stop.state is StopState.SKIPPED:
            found.append(leaves_at)
            continue
        at = leaves_at + stop.travel_s
        if is_next:
            at = now + to_next_s if to_next_s is not None else max(at, now)
            is_next = False
        found.append(at)
        leaves_at = at + _stay_s(stop)
    return tuple(found)


def late_from(tour: Tour, dues: Mapping[str, Instant]) -> Instant:
    """Return from when on a tour that reports nothing more will break a promise; 0 for never.

    Parameters
    ----------
    dues
        By leg: the promise of what is still to bring.
    """
    if not dues:
        return NEVER
    progress = _progress_at(tour)
    times = etas(tour, progress)
    slack_s = min(
        (
            dues[action.leg] - at
            for stop, at in zip(tour.stops, times, strict=True)
            for action in stop.actions
            if action.kind is ActionKind.DROPOFF and action.leg in dues
        ),
        default=None,
    )
    if slack_s is None:
        return NEVER
    following = next(
        (
            at
            for stop, at in zip(tour.stops, times, strict=True)
            if stop.state in {StopState.PENDING, StopState.ARRIVED}
        ),
        progress,
    )
    return max(1, following + slack_s + 1)


def to_next_s(tour: Tour, here: Place, mode: Mode, policy: Policy) -> Seconds | None:
    """Return the way from a position to the next stop; None where none is left."""
    for stop in tour.stops:
        if not stop.arrived_at and stop.state is StopState.PENDING:
            return policy.estimate(mode, straight_line_m(here, stop.place))[0]
    return None


def _sets_out(tour: Tour, now: Instant) -> Instant:
    return tour.started_at or max(tour.itinerary.departs_at, now)


def _progress_at(tour: Tour) -> Instant:
    """Return the last moment of which a tour has told."""
    told = [tour.started_at, *(stop.arrived_at for stop in tour.stops)]
    told += [action.done_at for stop in tour.stops for action in stop.actions]
    return max(told)


def _left(stop: Stop, now: Instant) -> Instant:
    """Return when a stop that was reached is left."""
    if stop.state is StopState.ARRIVED:
        return max(now, stop.arrived_at + _stay_s(stop))
    return max([stop.arrived_at, *(action.done_at for action in stop.actions)])


def _stay_s(stop: Stop) -> Seconds:
    return max(0, stop.leaves_at - stop.arrives_at)
