"""Linked pairs across tours: since when a pickup may begin that waits for another leg's drop-off.

The two may be in different tours, so that tours wait for each other. Here they are walked through
together, each as far as it can go; `dispatch.solver.schedule` then times every tour by itself with
what came out. `dispatch.solver.check` must not import this module: it judges it.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from dispatch.solver.terms import NEVER

Tour = tuple[int, Sequence[int]]
"""A courier and his stops, numbered as in `dispatch.solver.schedule.Schedule`."""


@dataclass(frozen=True, slots=True)
class Links:
    """What tours must know of each other to be timed one by one.

    Parameters
    ----------
    opens : mapping of pickup to ticks
        Earliest start of the pickups that wait for a drop-off.
    held : mapping of drop-off to leg
        The drop-offs that a pickup waits for, and whose: these are not delayed at all.

    """

    opens: Mapping[int, int] = field(default_factory=dict)
    held: Mapping[int, int] = field(default_factory=dict)

    def __bool__(self) -> bool:
        return bool(self.held)


NO_LINKS = Links()


class Clock(Protocol):
    """What the walk reads of `Schedule`."""

    calls: dict[int, int]
    """Drop-offs at a hub where a successor waits -> that leg."""
    gap: dict[int, int]
    """Legs that wait -> ticks between the drop-off and their pickup."""
    on_duty: list[int]
    start: list[int]
    service: list[int]

    def arrival(self, courier: int, at: int, clock: int, stop: int) -> tuple[int, int]:
        """Give the place after going on to a stop, and the earliest start of service there."""


@dataclass(slots=True)
class _Walk:
    courier: int
    stops: Sequence[int]
    at: int
    clock: int
    position: int = 0


def linked(schedule: Clock, tours: Iterable[Tour], *, cut: bool = False) -> Links | None:
    """Time the pairs that are served in some tours.

    Parameters
    ----------
    schedule : Schedule
        The problem and its timing rules.
    tours : iterable of (courier, stops)
        Of each pair both tours, or none.
    cut : bool
        Let a pickup that would wait for itself not wait at all: commitments may be as bad as that.

    Returns
    -------
    Links or None
        None where a pickup would wait for itself.

    """
    if not schedule.calls:
        return NO_LINKS
    tours = list(tours)
    waiting = {stop for _, stops in tours for stop in stops if stop in schedule.gap}
    held = {
        stop: schedule.calls[stop]
        for _, stops in tours
        for stop in stops
        if schedule.calls.get(stop) in waiting
    }
    if not held:
        return NO_LINKS
    opens: dict[int, int] = {}
    awaited = set(held.values())
    pending = [
        _Walk(courier, stops, schedule.start[courier], schedule.on_duty[courier])
        for courier, stops in tours
        if any(stop in held or stop in awaited for stop in stops)
    ]
    while pending:
        known = len(opens)
        pending = [walk for walk in pending if not _go(schedule, walk, held, awaited, opens)]
        if pending and len(opens) == known:
            if not cut:
                return None
            opens.update((walk.stops[walk.position], -NEVER) for walk in pending)
    return Links(opens, held)


def _go(
    schedule: Clock,
    walk: _Walk,
    held: Mapping[int, int],
    awaited: set[int],
    opens: dict[int, int],
) -> bool:
    """Walk on as far as all openings are known; say whether that is to the end."""
    while walk.position < len(walk.stops):
        stop = walk.stops[walk.position]
        if stop in awaited and stop not in opens:
            return False
        place, begin = schedule.arrival(walk.courier, walk.at, walk.clock, stop)
        begin = max(begin, opens.get(stop, begin))
        walk.at, walk.clock = place, begin + schedule.service[stop]
        walk.position += 1
        if stop in held and held[stop] not in opens:
            opens[held[stop]] = walk.clock + schedule.gap[held[stop]]
    return True
