"""Two plans compared: which legs moved, which only one of them serves, what else is not the same.

Knows trips (`plan_trips`), neither files nor problems.
"""

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, TypeAlias

from cli.plan_files import Who
from cli.plan_trips import NO_REASON, Action, Stop, Trip, Trips

Kind: TypeAlias = Literal["moved", "left out", "served", "drop-off", "order", "time"]
KINDS: tuple[Kind, ...] = ("moved", "left out", "served", "drop-off", "order", "time")
"""How a leg can differ, the first that holds; the last two leave the assignment as it was."""

SAME_ASSIGNMENT: tuple[Kind, ...] = ("order", "time")

_WITHIN: tuple[Kind, ...] = ("drop-off", "order", "time")

_Key: TypeAlias = tuple[str, Action]


@dataclass(frozen=True, slots=True)
class Moment:
    """A stop and its number in its tour, from 1."""

    number: int
    stop: Stop


@dataclass(frozen=True, slots=True)
class Difference:
    """A leg that is not as it was.

    Attributes
    ----------
    leg : str
    kind : str
        One of `KINDS`.
    before, after : str
        Who serves it, or why nobody does.
    stops : (Moment, Moment) or None
        Where the same serves it in both: the stop that differs.
    """

    leg: str
    kind: Kind
    before: str
    after: str
    stops: tuple[Moment, Moment] | None = None


def differences(a: Trips, b: Trips) -> list[Difference]:
    """List what is not the same in two plans, by kind and then by leg.

    Tours of one courier, vehicle or type of rider, and routes that are nobody's, are taken for
    the same where they share most legs.
    """
    pairs = _matched(a.trips, b.trips)
    names = _names(a.trips, b.trips, pairs)
    in_a = {leg: number for number, trip in enumerate(a.trips) for leg in trip.legs}
    in_b = {leg: number for number, trip in enumerate(b.trips) for leg in trip.legs}
    found = []
    for leg in in_a.keys() | in_b.keys():
        was, comes = in_a.get(leg), in_b.get(leg)
        if was is None and comes is not None:
            why = a.left_out.get(leg, NO_REASON)
            found.append(Difference(leg, "served", why, names[comes]))
        elif was is not None and comes is None:
            why = b.left_out.get(leg, NO_REASON)
            found.append(Difference(leg, "left out", a.trips[was].who.name, why))
        elif was is not None and comes is not None and pairs.get(comes) != was:
            found.append(Difference(leg, "moved", a.trips[was].who.name, names[comes]))
    for comes, was in pairs.items():
        found += _within(a.trips[was], b.trips[comes])
    return sorted(found, key=lambda its: (KINDS.index(its.kind), _natural(its.leg)))


def _group(who: Who) -> tuple[str, str]:
    """Return what tours have in common that may be taken for each other."""
    return who.kind, "" if who.kind == "route" else who.id


def _matched(a: Sequence[Trip], b: Sequence[Trip]) -> dict[int, int]:
    """Return which trip of A a trip of B is: most legs in common first."""
    shared = []
    for comes, its in enumerate(b):
        for was, other in enumerate(a):
            if _group(its.who) == _group(other.who) and (count := len(its.legs & other.legs)):
                shared.append((-count, was, comes))
    pairs: dict[int, int] = {}
    for _, was, comes in sorted(shared):
        if comes not in pairs and was not in pairs.values():
            pairs[comes] = was
    return pairs


def _names(a: Sequence[Trip], b: Sequence[Trip], pairs: Mapping[int, int]) -> list[str]:
    """Name the trips of B as those of A that they are; others by what tells them apart."""
    names = []
    taken = {a[was].who.name for was in pairs.values()}
    for comes, trip in enumerate(b):
        if comes in pairs:
            names.append(a[pairs[comes]].who.name)
        else:
            is_other = trip.who.name in taken or trip.who.kind == "route"
            names.append(f"{trip.who.name} of B" if is_other else trip.who.name)
    return names


def _within(a: Trip, b: Trip) -> Iterator[Difference]:
    """Give what differs of legs that one tour serves in both plans, one difference a leg."""
    before, after = (
        {(stop.leg, stop.action): Moment(number, stop) for number, stop in enumerate(its.stops, 1)}
        for its in (a, b)
    )
    both = [key for key in before if key in after]
    moved = _out_of_order(both, [key for key in after if key in before])
    told: dict[str, tuple[int, int, _Key]] = {}
    for key in both:
        was, comes = before[key].stop, after[key].stop
        shift = _shift(was, comes)
        checks = (was.option != comes.option, key in moved, shift > 0)
        # Of the same kind the stop counts that is moved the farthest in time.
        for rank, differs in enumerate(checks):
            if differs and (key[0] not in told or (rank, -shift) < told[key[0]][:2]):
                told[key[0]] = rank, -shift, key
    for leg, (rank, _, key) in told.items():
        yield Difference(leg, _WITHIN[rank], a.who.name, a.who.name, (before[key], after[key]))


def _shift(before: Stop, after: Stop) -> int:
    """Return by how much a stop starts at another time, or 1 where only one has a time."""
    if before.starts_at is None or after.starts_at is None:
        return int(before.starts_at is not after.starts_at)
    return abs(after.starts_at - before.starts_at)


def _out_of_order(before: Sequence[_Key], after: Sequence[_Key]) -> set[_Key]:
    """Return the fewest stops without which all others follow each other as before."""
    position = {key: number for number, key in enumerate(before)}
    # The longest run of stops that rises in both: patience sorting, with links back.
    ends: list[int] = []
    tops: list[int] = []
    back: list[int] = []
    for number, key in enumerate(after):
        pile = bisect_left(ends, position[key])
        back.append(tops[pile - 1] if pile else -1)
        ends[pile : pile + 1] = [position[key]]
        tops[pile : pile + 1] = [number]
    kept = set()
    at = tops[-1] if tops else -1
    while at >= 0:
        kept.add(after[at])
        at = back[at]
    return set(after) - kept


def _natural(name: str) -> list[tuple[int, int, str]]:
    """Sort ``leg 9`` before ``leg 10``."""
    words = name.replace("-", " ").split()
    return [(0, int(word), "") if word.isdecimal() else (1, 0, word) for word in words]
