"""The timing rules as the oracle applies them: when each stop of a whole plan begins.

Part of `dispatch.solver.check` and of nothing else: no solver may import it, and it imports no
solver's code, so that a mistake in their clocks shows up as a difference. All tours are timed
together, because the pickup of a leg with `after_leg` waits for a drop-off that may be in another
tour.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from dispatch.solver.plan import Action
from dispatch.solver.problem import UNREACHABLE, Problem

Visit = tuple[int, Action, int]
"""Leg, action, and the drop-off option (-1 at a pickup)."""

_NOWHERE = -1
_STAYS = -2
"""Where a load carried to an open end is dropped: wherever the tour is by then."""


@dataclass(frozen=True, slots=True)
class Way:
    """A way between two places; both 0 where one of them is nowhere.

    Parameters
    ----------
    travel : int, ticks
        By the matrix.
    entry : int, ticks
        What the gate takes; -1 where it is shut to the courier.
    tail, head : int, place
        From where and where to; -1: nowhere, and nothing is paid.

    """

    travel: int
    entry: int
    tail: int
    head: int

    @property
    def is_shut(self) -> bool:
        """Whether there is a way, but no permit."""
        return self.travel < UNREACHABLE and self.entry < 0

    @property
    def is_missing(self) -> bool:
        """Whether there is no way."""
        return self.travel + max(self.entry, 0) >= UNREACHABLE

    @property
    def ticks(self) -> int:
        """How long it takes."""
        blocked = self.is_shut or self.is_missing
        return UNREACHABLE if blocked else self.travel + self.entry


@dataclass(frozen=True, slots=True)
class Stop:
    """A visit with what the problem says about it.

    Parameters
    ----------
    leg, option : int
        As in `Visit`.
    is_pickup : bool
        Pickup or drop-off.
    opens, bound, closes : int, ticks
        Earliest start of service; how far a later departure may delay it; the hard limit.
    service : int, ticks
        Duration of service.

    """

    leg: int
    option: int
    is_pickup: bool
    opens: int
    bound: int
    closes: int
    service: int


@dataclass(frozen=True, slots=True)
class Course:
    """A tour as the timing rules make it.

    Parameters
    ----------
    courier : int
        Whose tour.
    is_away : bool
        Whether he has left already.
    departs_at, ends_at, away : int, ticks
        Both ends, and the time away.
    stops : list of Stop
        In order.
    rows : list of (int, int, int), ticks
        Arrival, start and end of service of each stop.
    ways : list of Way
        Before each stop and, last, before the end.

    """

    courier: int
    is_away: bool
    departs_at: int
    ends_at: int
    away: int
    stops: list[Stop]
    rows: list[tuple[int, int, int]]
    ways: list[Way]


@dataclass(slots=True)
class _Walk:
    """A tour on its way through the earliest starts."""

    courier: int
    stops: list[Stop]
    ways: list[Way]
    clock: int
    starts: list[int] = field(default_factory=list)


class Timetable:
    """All tours of a plan, timed together.

    Parameters
    ----------
    problem : Problem
        What was planned.
    tours : sequence of (courier, visits)
        Real legs, couriers and options, in any order.

    Attributes
    ----------
    option_of : dict of leg to option
        Where each leg that is served is dropped.
    courses : list of Course
        As `tours`.
    cyclic : list of leg
        Legs with `after_leg` that wait for themselves; they are timed as if they did not wait.

    """

    def __init__(self, problem: Problem, tours: Sequence[tuple[int, Sequence[Visit]]]) -> None:
        self._problem = problem
        self.option_of = {
            leg: option
            for _, visits in tours
            for leg, action, option in visits
            if action is Action.DROPOFF
        }
        self._not_before = _frozen_openings(problem)
        self._waits_for = _live_links(problem, self.option_of, tours)
        self._held = set(self._waits_for.values())
        self._ready: dict[int, int] = {}
        self.cyclic: list[int] = []
        walks = [self._walk(courier, visits) for courier, visits in tours]
        self._run(walks)
        self.courses = [self._finished(walk) for walk in walks]

    def exists(self, leg: int) -> bool:
        """Say whether a leg exists in this plan: what it comes after is dropped at its hub."""
        before = int(self._problem.after_leg[leg])
        option = self.option_of.get(before, -1)
        return before < 0 or (option >= 0 and _hands_over(self._problem, option, leg))

    def alone(self, courier: int, visits: Iterable[Visit]) -> Course:
        """Time another tour while all others stay as they are: what waits, waits as long."""
        walk = self._walk(courier, list(visits))
        self._go(walk)
        return self._finished(walk)

    def _run(self, walks: list[_Walk]) -> None:
        """Let every tour go on until its next stop waits for a drop-off not timed yet."""
        pending = walks
        while pending:
            seen = len(self._ready)
            blocked = [walk for walk in pending if not self._go(walk)]
            if len(blocked) == len(pending) and len(self._ready) == seen:
                self._cut(blocked)
            pending = blocked

    def _cut(self, blocked: list[_Walk]) -> None:
        """Stop waiting where all tours wait for each other."""
        for walk in blocked:
            leg = walk.stops[len(walk.starts)].leg
            self.cyclic.append(leg)
            del self._waits_for[leg]

    def _go(self, walk: _Walk) -> bool:
        """Append earliest starts as far as they are known; say whether that is to the end."""
        while len(walk.starts) < len(walk.stops):
            stop, way = walk.stops[len(walk.starts)], walk.ways[len(walk.starts)]
            begin = max(walk.clock + way.ticks, stop.opens)
            before = self._waits_for.get(stop.leg, -1) if stop.is_pickup else -1
            if before >= 0:
                if before not in self._ready:
                    return False
                begin = max(begin, self._ready[before] + int(self._problem.after_gap[stop.leg]))
            walk.starts.append(begin)
            walk.clock = begin + stop.service
            if stop.leg in self._held and not stop.is_pickup:
                self._ready.setdefault(stop.leg, walk.clock)
        return True

    def _finished(self, walk: _Walk) -> Course:
        """Delay the departure as long as the end stays the same and every stop keeps its bound."""
        problem, courier = self._problem, walk.courier
        ends_at = walk.clock + walk.ways[-1].ticks
        left = int(problem.left[courier])
        departs_at = int(problem.on_duty[courier])
        latest = ends_at
        for stop, begin, way in zip(
            reversed(walk.stops), reversed(walk.starts), reversed(walk.ways), strict=False
        ):
            latest = min(max(begin, stop.bound), latest - way.ticks - stop.service)
        if left > 0 and walk.stops:
            departs_at = latest - walk.ways[0].ticks
        rows = []
        clock = departs_at
        for stop, begin, way in zip(walk.stops, walk.starts, walk.ways, strict=False):
            arrives_at = clock + way.ticks
            # Nothing is earlier than its earliest start: what it waited for, it waits for still.
            starts_at = max(arrives_at, begin)
            clock = starts_at + stop.service
            rows.append((arrives_at, starts_at, clock))
        away = ends_at - (left if left <= 0 else departs_at)
        return Course(courier, left <= 0, departs_at, ends_at, away, walk.stops, rows, walk.ways)

    def _walk(self, courier: int, visits: Sequence[Visit]) -> _Walk:
        stops = [self._stop(visit) for visit in visits]
        return _Walk(
            courier,
            stops,
            _ways(self._problem, courier, visits),
            int(self._problem.on_duty[courier]),
        )

    def _stop(self, visit: Visit) -> Stop:
        problem = self._problem
        leg, action, option = visit
        not_before = self._not_before.get((leg, action))
        if action is Action.PICKUP:
            opens, closes = int(problem.pickup_opens[leg]), int(problem.pickup_closes[leg])
            bound, service = closes, int(problem.pickup_service[leg])
        else:
            opens, closes = int(problem.option_opens[option]), int(problem.option_closes[option])
            bound, service = (
                min(int(problem.option_due[option]), closes),
                int(problem.option_service[option]),
            )
            if leg in self._held:
                bound = opens
        if not_before is not None:
            opens = max(opens, not_before)
        return Stop(leg, option, action is Action.PICKUP, opens, bound, closes, service)


def _frozen_openings(problem: Problem) -> dict[tuple[int, Action], int]:
    frozen = problem.frozen
    actions = (Action.PICKUP, Action.DROPOFF)
    return {
        (leg, actions[action]): not_before
        for leg, action, not_before in zip(
            frozen.leg.tolist(), frozen.action.tolist(), frozen.not_before.tolist(), strict=True
        )
    }


def _hands_over(problem: Problem, option: int, leg: int) -> bool:
    """Say whether a drop-off brings the load to the hub where a leg picks it up."""
    return bool(
        problem.option_hub[option] >= 0
        and problem.option_place[option] == problem.pickup_place[leg]
    )


def _live_links(
    problem: Problem,
    option_of: Mapping[int, int],
    tours: Sequence[tuple[int, Sequence[Visit]]],
) -> dict[int, int]:
    """Give, for each leg picked up that exists by what it comes after, that other leg."""
    if not (problem.after_leg >= 0).any():
        return {}
    links: dict[int, int] = {}
    for _, visits in tours:
        for leg, action, _ in visits:
            before = int(problem.after_leg[leg])
            if action is Action.PICKUP and before >= 0:
                option = option_of.get(before, -1)
                if option >= 0 and _hands_over(problem, option, leg):
                    links[leg] = before
    return links


def _ways(problem: Problem, courier: int, visits: Sequence[Visit]) -> list[Way]:
    home = int(problem.end_place[courier])
    places = [int(problem.start_place[courier])]
    for leg, action, option in visits:
        place = int(
            problem.pickup_place[leg] if action is Action.PICKUP else problem.option_place[option]
        )
        if place == _NOWHERE:
            place = home if home >= 0 else _STAYS
        places.append(place)
    places.append(home)
    ways = []
    at = places[0]
    for head in places[1:]:
        ways.append(_way(problem, courier, at, head))
        at = at if head == _STAYS else head
    return ways


def _way(problem: Problem, courier: int, tail: int, head: int) -> Way:
    if tail < 0 or head < 0:
        return Way(0, 0, _NOWHERE, _NOWHERE)
    gate = int(problem.place_gate[head])
    entry = 0
    if gate >= 0 and gate != problem.place_gate[tail]:
        entry = int(problem.gate_entry[problem.access[courier], gate])
    return Way(int(problem.travel[problem.mode[courier], tail, head]), entry, tail, head)
