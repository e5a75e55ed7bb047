"""Which limits promises break by themselves: planned all the same, but somebody should know.

Commitments are never refused, so a plan that has to begin with too much is no mistake of the
solver's. Here the promises are put in their best order, without anything new, and measured.
"""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from dispatch.solver.commitments import committed_tours
from dispatch.solver.links import NO_LINKS, linked
from dispatch.solver.problem import Problem
from dispatch.solver.schedule import Measures, Schedule


@dataclass(frozen=True, slots=True)
class Strain:
    """A limit that promises break by themselves.

    Parameters
    ----------
    limit : str
        "window", "hours", "leash", "capacity", "most_parcels", "pickups_first", "carried",
        "reachability" or "permit", as `dispatch.solver.check` names them.
    courier : int
        Whose tour.
    amount : int
        By how much: ticks, units of load, drop-offs, stops or ways.
    leg : int
        Whose window it is; -1 for all other limits.
    dimension : int
        Of the load; -1 for all other limits.

    """

    limit: str
    courier: int
    amount: int
    leg: int = -1
    dimension: int = -1

    def __str__(self) -> str:
        """Say it in plain words."""
        return f"courier {self.courier}: the promises alone {_WORDS[self.limit].format(self)}"


_WORDS = {
    "window": "start leg {0.leg} {0.amount} ticks after it closes",
    "hours": "end {0.amount} ticks after the end of duty",
    "leash": "take {0.amount} ticks more than the longest time away",
    "capacity": "load {0.amount} more than fits, in dimension {0.dimension}",
    "most_parcels": "bring {0.amount} parcels more than one tour may",
    "pickups_first": "pick up {0.amount} times after the first drop-off",
    "carried": "stop {0.amount} times after what is carried to the end",
    "reachability": "take {0.amount} ways that do not exist",
    "permit": "pass {0.amount} gates that are shut",
}


def strains(before: Problem, after: Problem, couriers: Iterable[int]) -> Iterator[Strain]:
    """Say which limits some couriers' promises break that they did not, or not so far, before.

    Parameters
    ----------
    before, after : Problem
        The same legs and couriers, with fewer and with more promises.
    couriers : iterable of int
        Whose tours to look at.

    """
    its = set(couriers)
    broken = _broken(after, its)
    had_work = its & set(before.committed_to.tolist())
    known = _broken(before, had_work) if broken and had_work else {}
    for (limit, courier, leg, dimension), amount in sorted(broken.items()):
        if amount > known.get((limit, courier, leg, dimension), 0):
            yield Strain(limit, courier, amount, leg, dimension)


_Key = tuple[str, int, int, int]
"""Limit, courier, leg and load dimension."""


def _broken(problem: Problem, couriers: set[int]) -> Mapping[_Key, int]:
    """By how much the commitments of some couriers pass each limit, in their best order."""
    schedule = Schedule(problem)
    tours = committed_tours(schedule)
    links = linked(schedule, list(tours.items()), cut=True) or NO_LINKS
    found: dict[_Key, int] = {}
    for courier in sorted(couriers & tours.keys()):
        measures = schedule.measure(courier, tours[courier], None, links)
        assert measures is not None, "no tour breaks limits that do not exist"  # noqa: S101
        found.update(_excesses(schedule, courier, tours[courier], measures))
    return {key: amount for key, amount in found.items() if amount > 0}


def _excesses(
    schedule: Schedule, courier: int, stops: Sequence[int], measures: Measures
) -> Iterator[tuple[_Key, int]]:
    limits = schedule.limits
    late: dict[int, int] = {}
    for stop, begin in zip(stops, measures.starts, strict=True):
        leg = schedule.leg[stop]
        late[leg] = max(late.get(leg, 0), begin - limits.latest[stop])
    for leg, ticks in late.items():
        yield ("window", courier, leg, -1), ticks
    for dimension, load in enumerate(measures.load):
        over = load - limits.capacity[courier][dimension]
        yield ("capacity", courier, -1, dimension), over
    behind, carried = measures.disorder
    for limit, amount in (
        ("hours", -((limits.hours[courier] - measures.hours) // 1000)),
        ("leash", measures.away - limits.leash[courier]),
        ("most_parcels", measures.parcels - limits.parcels[courier]),
        ("pickups_first", behind),
        ("carried", carried),
        ("reachability", measures.blocked),
        ("permit", measures.shut),
    ):
        yield (limit, courier, -1, -1), amount
