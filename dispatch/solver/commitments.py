"""The tours that are promised already, before anybody gets anything new.

What a courier carries, has accepted or begins with is put in an order that keeps to his limits, or,
where none does, in one that breaks them little.
"""

from collections.abc import Iterable, Iterator, Sequence

from dispatch.solver.links import NO_LINKS, Links, linked
from dispatch.solver.schedule import Measures, Schedule
from dispatch.solver.terms import Limits


def committed_tours(schedule: Schedule) -> dict[int, list[int]]:
    """Order every courier's commitments.

    Parameters
    ----------
    schedule : Schedule
        The problem and its timing rules.

    Returns
    -------
    dict of courier to stops
        Of everybody with commitments, the frozen stops first.

    """
    legs_of: dict[int, list[int]] = {}
    # Drop-offs that others wait for come first: no two tours then wait for each other.
    order = sorted(
        by_urgency(schedule), key=lambda leg: (leg in schedule.gap, leg not in schedule.successor)
    )
    for leg in order:
        if schedule.committed_to[leg] >= 0:
            legs_of.setdefault(schedule.committed_to[leg], []).append(leg)
    tours = {
        courier: _ordered(schedule, courier, legs_of[courier], NO_LINKS)
        for courier in sorted(legs_of)
    }
    waiting = [
        courier for courier, legs in legs_of.items() if any(leg in schedule.gap for leg in legs)
    ]
    if waiting:
        links = linked(schedule, list(tours.items())) or NO_LINKS
        for courier in sorted(waiting):
            tours[courier] = _ordered(schedule, courier, legs_of[courier], links)
    return tours


def by_urgency(schedule: Schedule) -> list[int]:
    """Order the legs: the earliest last chance first."""
    last_chance = [max(schedule.closes[stop] for stop in options) for options in schedule.options]
    return sorted(range(schedule.leg_count), key=lambda leg: (last_chance[leg], leg))


def insertions(
    schedule: Schedule, leg: int, stops: Sequence[int], first_gap: int
) -> Iterator[list[int]]:
    """Give every way of putting a leg into a tour, from a gap on (gap g lies before stop g).

    Parameters
    ----------
    schedule : Schedule
        The problem.
    leg : int
        Of which the tour has at most a frozen pickup.
    stops : sequence of int
        The tour.
    first_gap : int
        The first gap that is open.

    """
    stops = list(stops)
    has_pickup = schedule.has_pickup[leg] and leg not in stops
    for dropoff in schedule.options[leg]:
        for last in range(first_gap, len(stops) + 1):
            rest = [dropoff, *stops[last:]]
            if not has_pickup:
                yield [*stops[:last], *rest]
                continue
            for first in range(first_gap, last + 1):
                yield [*stops[:first], leg, *stops[first:last], *rest]


def _ordered(schedule: Schedule, courier: int, legs: Sequence[int], links: Links) -> list[int]:
    """Order a courier's commitments: within the limits, else breaking them least."""
    prefix = schedule.prefix[courier]
    begun = {schedule.leg[stop] for stop in prefix if schedule.is_dropoff[stop]}
    for limits in (schedule.limits, None):
        stops = list(prefix)
        for leg in legs:
            if leg in begun:
                continue
            ways = list(_tried(schedule, courier, _in_turn(schedule, leg, stops), limits, links))
            if not ways:
                break
            stops = min(ways)[2]
        else:
            return stops
    message = "no tour breaks limits that do not exist"
    raise AssertionError(message)


def _in_turn(schedule: Schedule, leg: int, stops: Sequence[int]) -> Iterable[list[int]]:
    """Leave out the insertions by which two tours might wait for each other."""
    frozen = len([stop for stop in stops if stop in schedule.is_frozen])
    for tried in insertions(schedule, leg, stops, frozen):
        waited_for = [n for n, stop in enumerate(tried) if stop in schedule.calls and n >= frozen]
        waits = [n for n, stop in enumerate(tried) if stop in schedule.gap and n >= frozen]
        if not waits or not waited_for or max(waited_for) < min(waits):
            yield tried


def _tried(
    schedule: Schedule,
    courier: int,
    tours: Iterable[list[int]],
    limits: Limits | None,
    links: Links,
) -> Iterator[tuple[tuple[int, int], int, list[int]]]:
    for stops in tours:
        own = linked(schedule, [(courier, stops)]) or NO_LINKS
        known = Links({**links.opens, **own.opens}, {**links.held, **own.held})
        measures = schedule.measure(courier, stops, limits, known)
        if measures is not None:
            yield _broken(schedule, courier, stops, measures), measures.cost, stops


def _broken(
    schedule: Schedule, courier: int, stops: Sequence[int], measures: Measures
) -> tuple[int, int]:
    """Sum up what a tour breaks: stops out of order, then ticks beyond its limits."""
    limits = schedule.limits
    late = sum(
        max(0, begin - limits.latest[stop])
        for stop, begin in zip(stops, measures.starts, strict=True)
    )
    over = max(0, measures.hours - limits.hours[courier]) + 1000 * max(
        0, measures.away - limits.leash[courier]
    )
    return sum(measures.disorder), 1000 * late + over
