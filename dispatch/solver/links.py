"""Linked pairs across tours: since when a pickup may begin that waits for another leg's drop-off.

The two may be in different tours, so that tours wait for each other. Here they are walked through
together, each as far as it can go; `dispatch.solver.schedule` then times every tour by itself with
what came out. `dispatch.solver.check` must not import this module: it judges it.
"""

from collections.abc import Container, Iterable, Mapping, Sequence
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

    leg: list[int]
    calls: dict[int, int]
    """Drop-offs at a hub where a successor waits -> that leg."""
    predecessor: dict[int, int]
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


class Pairs:
    """The linked pairs of tours under construction.

    Parameters
    ----------
    schedule : Schedule
        The problem and its timing rules.
    couriers, stops : sequence, by vehicle
        All tours.

    Attributes
    ----------
    links : Links
        Of all tours as they are.

    """

    def __init__(
        self, schedule: Clock, couriers: Sequence[int], stops: Sequence[Sequence[int]]
    ) -> None:
        self._schedule = schedule
        self._couriers = couriers
        self._stops: frozenset[int] = frozenset(schedule.calls) | frozenset(schedule.gap)
        self.links = linked(schedule, zip(couriers, stops, strict=True), cut=True) or NO_LINKS

    def scope(
        self,
        new: Mapping[int, Sequence[int]],
        old: Sequence[Sequence[int]],
        where: Sequence[int],
    ) -> frozenset[int]:
        """Give the vehicles that new tours wait for or that wait for them, before or after.

        Parameters
        ----------
        new : mapping of vehicle to stops
            The new tours; included, unless nothing linked is in them or was.
        old : sequence of stops, by vehicle
            All tours as they are.
        where : sequence of int, by leg
            Which of them serves it; -1: none.

        """
        if not self._stops:
            return frozenset()
        schedule = self._schedule
        found: set[int] = set()
        waiting = [
            vehicle
            for vehicle, stops in new.items()
            if not (self._stops.isdisjoint(stops) and self._stops.isdisjoint(old[vehicle]))
        ]
        if waiting:
            found.update(new)
        while waiting:
            vehicle = waiting.pop()
            for stop in self._stops.intersection((*old[vehicle], *new.get(vehicle, ()))):
                leg = schedule.leg[stop]
                other = (
                    schedule.calls[stop] if stop in schedule.calls else schedule.predecessor[leg]
                )
                partner = where[other]
                if partner >= 0 and partner not in found:
                    found.add(partner)
                    waiting.append(partner)
        return frozenset(found)

    def changes(self, stops: Sequence[int], links: Links) -> bool:
        """Say whether a tour would wait otherwise, or be waited for, than now."""
        old = self.links
        return any(
            links.opens.get(stop) != old.opens.get(stop)
            or (stop in links.held) != (stop in old.held)
            for stop in self._stops.intersection(stops)
        )

    def within(self, scope: Container[int], where: Sequence[int]) -> Links:
        """Give the links of the pairs whose pickup is in some tours."""
        opens = {leg: at for leg, at in self.links.opens.items() if where[leg] in scope}
        return Links(opens, {stop: leg for stop, leg in self.links.held.items() if leg in opens})

    def replace(self, old: Links, new: Links) -> None:
        """Put new links in the place of some old ones."""
        opens = {s: at for s, at in self.links.opens.items() if s not in old.opens}
        held = {d: leg for d, leg in self.links.held.items() if d not in old.held}
        self.links = Links({**opens, **new.opens}, {**held, **new.held})
