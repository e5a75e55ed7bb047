"""The independent oracle: what is wrong with a plan, and what it costs.

Everything is recomputed from the `Problem` and the `Plan`. This module shares no code with the
solvers (it may import `problem` and `plan` only), so that a mistake in their timing or pricing
shows up here as a difference.

Commitments (legs on board or accepted, couriers already away) are never refused: where they break a
limit by themselves, the plan may break it by as much, and by no more. "By themselves" means the
same tour, in the same order, without its free legs.
"""

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour
from dispatch.solver.problem import UNREACHABLE, Problem, UnsupportedError

NOT_HONOURED = (
    "after_leg",
    "move_cost",
    "option_place",
    "option_hub",
    "pickups_first",
    "frozen",
    "post",
)
"""Fields that this oracle cannot judge yet: it refuses problems that use them."""


@dataclass(frozen=True, slots=True)
class Violation:
    """One constraint that a plan breaks.

    Parameters
    ----------
    constraint : str
        Its name, one of those that `violations` lists.
    subject : str
        Which leg or courier, as in "leg 3".
    detail : str
        What is wrong, with the numbers.

    """

    constraint: str
    subject: str
    detail: str


def violations(problem: Problem, plan: Plan) -> list[Violation]:
    """List everything that a plan breaks; an empty list means that it may be carried out.

    Constraints, by name: "index", "served_once", "count", "empty_tour", "missing_tour", "pairing",
    "option", "on_board", "must_courier", "committed", "barred", "skills",
    "reachability", "permit", "window", "hours", "leash", "capacity", "most_parcels", "times",
    "cost".

    Parameters
    ----------
    problem : Problem
        What was to be planned.
    plan : Plan
        What came out.

    Raises
    ------
    UnsupportedError
        Where the problem uses a field of `NOT_HONOURED`.

    """
    _refuse(problem)
    broken = list(_indices(problem, plan))
    if broken:
        return broken
    broken += _served(problem, plan)
    broken += _fleet(problem, plan)
    for tour in plan.tours:
        broken += _pairs(problem, tour)
        broken += _may_carry(problem, tour)
        broken += _limits(problem, tour)
        broken += _times(problem, tour)
    if not broken:
        true_cost = cost(problem, plan)
        if true_cost != plan.cost:
            broken.append(Violation("cost", "plan", f"says {plan.cost}, is {true_cost}"))
    return broken


def cost(problem: Problem, plan: Plan) -> int:
    """Price a plan anew, by the stops' order alone.

    Parameters
    ----------
    problem : Problem
        What was to be planned.
    plan : Plan
        Must name real legs, options and couriers.

    Returns
    -------
    int
        Minor currency units x 1000, `unassigned_cost` included.

    Raises
    ------
    UnsupportedError
        Where the problem uses a field of `NOT_HONOURED`.

    """
    _refuse(problem)
    left_out = sum(int(problem.unassigned_cost[entry.leg]) for entry in plan.unassigned)
    return left_out + sum(_tour_cost(problem, tour) for tour in plan.tours)


def _refuse(problem: Problem) -> None:
    for field in NOT_HONOURED:
        if field in problem.in_use:
            raise UnsupportedError(field, "check")


def _indices(problem: Problem, plan: Plan) -> Iterator[Violation]:
    legs, options = range(problem.leg_count), range(problem.option_count)
    for entry in plan.unassigned:
        if entry.leg not in legs:
            yield Violation("index", f"leg {entry.leg}", "there is no such leg")
    for tour in plan.tours:
        if tour.courier not in range(problem.courier_count):
            yield Violation("index", f"courier {tour.courier}", "there is no such courier")
        for stop in tour.stops:
            if stop.leg not in legs:
                yield Violation("index", f"leg {stop.leg}", "there is no such leg")
            elif stop.action is Action.PICKUP:
                if stop.option != -1 or problem.pickup_place[stop.leg] < 0:
                    yield Violation("index", f"leg {stop.leg}", "has no such pickup")
            elif stop.option not in options:
                yield Violation("index", f"leg {stop.leg}", f"there is no option {stop.option}")


def _served(problem: Problem, plan: Plan) -> Iterator[Violation]:
    dropped = Counter(
        s.leg for tour in plan.tours for s in tour.stops if s.action is Action.DROPOFF
    )
    picked = Counter(s.leg for tour in plan.tours for s in tour.stops if s.action is Action.PICKUP)
    left_out = Counter(entry.leg for entry in plan.unassigned)
    for leg in range(problem.leg_count):
        if dropped[leg] + left_out[leg] != 1 or picked[leg] > 1:
            detail = (
                f"{picked[leg]} pickups, {dropped[leg]} drop-offs, {left_out[leg]} times unassigned"
            )
            yield Violation("served_once", f"leg {leg}", detail)
        if left_out[leg] and (problem.on_board[leg] >= 0 or problem.must_courier[leg] >= 0):
            yield Violation("committed", f"leg {leg}", "is promised to a courier, yet left out")


def _fleet(problem: Problem, plan: Plan) -> Iterator[Violation]:
    tours = Counter(tour.courier for tour in plan.tours)
    for courier in range(problem.courier_count):
        if tours[courier] > problem.count[courier]:
            yield Violation(
                "count",
                f"courier {courier}",
                f"{tours[courier]} tours, {problem.count[courier]} people",
            )
        if problem.left[courier] <= 0 and not tours[courier]:
            yield Violation("missing_tour", f"courier {courier}", "is away and has no way home")
    for tour in plan.tours:
        if not tour.stops and problem.left[tour.courier] > 0:
            yield Violation("empty_tour", f"courier {tour.courier}", "departs for nothing")


def _pairs(problem: Problem, tour: PlannedTour) -> Iterator[Violation]:
    picked: set[int] = set()
    dropped: set[int] = set()
    for stop in tour.stops:
        subject = f"leg {stop.leg}"
        if stop.action is Action.PICKUP:
            picked.add(stop.leg)
            continue
        dropped.add(stop.leg)
        if problem.option_leg[stop.option] != stop.leg:
            yield Violation(
                "option",
                subject,
                f"option {stop.option} belongs to leg {problem.option_leg[stop.option]}",
            )
        if problem.pickup_place[stop.leg] >= 0 and stop.leg not in picked:
            yield Violation(
                "pairing",
                subject,
                f"is dropped by courier {tour.courier} before he has picked it up",
            )
    for leg in sorted(picked - dropped):
        yield Violation("pairing", f"leg {leg}", f"stays with courier {tour.courier}")


def _may_carry(problem: Problem, tour: PlannedTour) -> Iterator[Violation]:
    courier = tour.courier
    for leg in sorted({stop.leg for stop in tour.stops}):
        subject = f"leg {leg}"
        carrier, chosen = int(problem.on_board[leg]), int(problem.must_courier[leg])
        if carrier not in {-1, courier}:
            yield Violation(
                "on_board", subject, f"is with courier {carrier}, planned for {courier}"
            )
        if chosen not in {-1, courier}:
            yield Violation(
                "must_courier", subject, f"was accepted by courier {chosen}, planned for {courier}"
            )
        if carrier >= 0 or chosen >= 0:
            continue
        if courier in problem.barred.row(leg).tolist():
            yield Violation("barred", subject, f"courier {courier} may not have it")
        missing = int(problem.leg_skills[leg]) & ~int(problem.courier_skills[courier])
        if missing:
            yield Violation("skills", subject, f"courier {courier} lacks bits {missing:#x}")


@dataclass(frozen=True)
class _Way:
    """A way between two places; both 0 where one of them is nowhere."""

    travel: int
    """By the matrix, ticks."""
    entry: int
    """What the gate takes, ticks; -1 where it is shut to the courier."""

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


@dataclass(frozen=True)
class _Course:
    """A tour as the timing rules make it: the three instants of each stop, and both ends."""

    departs_at: int
    ends_at: int
    stops: list[tuple[int, int, int]]
    ways: list[_Way]
    """Before each stop and, last, before the end."""
    away: int


def _place(problem: Problem, stop: PlannedStop) -> int:
    return int(
        problem.pickup_place[stop.leg]
        if stop.action is Action.PICKUP
        else problem.option_place[stop.option]
    )


def _window(problem: Problem, stop: PlannedStop) -> tuple[int, int, int, int]:
    """Give opens, due, closes and the service of a stop."""
    if stop.action is Action.PICKUP:
        closes = int(problem.pickup_closes[stop.leg])
        return (
            int(problem.pickup_opens[stop.leg]),
            closes,
            closes,
            int(problem.pickup_service[stop.leg]),
        )
    option = stop.option
    closes = int(problem.option_closes[option])
    due = min(int(problem.option_due[option]), closes)
    return int(problem.option_opens[option]), due, closes, int(problem.option_service[option])


def _follow(
    problem: Problem, stops: Sequence[PlannedStop], ways: list[int], depart: int
) -> list[int]:
    """Give the starts of service, and last the end, of a tour that departs at a given time."""
    instants = []
    clock = depart
    for stop, way in zip(stops, ways, strict=False):
        opens, _, _, service = _window(problem, stop)
        instants.append(max(clock + way, opens))
        clock = instants[-1] + service
    return [*instants, clock + ways[-1]]


def _course(problem: Problem, courier: int, stops: Sequence[PlannedStop]) -> _Course:
    """Apply the timing rules: earliest times, then the departure as late as end and stops allow."""
    places = [
        int(problem.start_place[courier]),
        *(_place(problem, s) for s in stops),
        int(problem.end_place[courier]),
    ]
    passed = [_way(problem, courier, tail, head) for tail, head in pairwise(places)]
    ways = [way.ticks for way in passed]
    depart = int(problem.on_duty[courier])
    earliest = _follow(problem, stops, ways, depart)
    left = int(problem.left[courier])
    if left > 0 and stops:
        bounds = [
            max(begin, _window(problem, stop)[1])
            for begin, stop in zip(earliest, stops, strict=False)
        ]
        depart = _latest_departure(problem, courier, stops, ways, depart, [*bounds, earliest[-1]])
    starts = _follow(problem, stops, ways, depart)
    rows = []
    clock = depart
    for stop, way, begin in zip(stops, ways, starts, strict=False):
        leaves = begin + _window(problem, stop)[3]
        rows.append((clock + way, begin, leaves))
        clock = leaves
    return _Course(
        depart,
        starts[-1],
        rows,
        passed,
        starts[-1] - min(left, depart) if left <= 0 else starts[-1] - depart,
    )


def _way(problem: Problem, courier: int, tail: int, head: int) -> _Way:
    if tail < 0 or head < 0:
        return _Way(0, 0)
    gate = int(problem.place_gate[head])
    entry = 0
    if gate >= 0 and gate != problem.place_gate[tail]:
        entry = int(problem.gate_entry[problem.access[courier], gate])
    return _Way(int(problem.travel[problem.mode[courier], tail, head]), entry)


def _latest_departure(
    problem: Problem,
    courier: int,
    stops: Sequence[PlannedStop],
    ways: list[int],
    earliest: int,
    bounds: list[int],
) -> int:
    """Search by halves: a departure keeps to the bounds if every earlier one does."""
    good, bad = earliest, bounds[-1] + 1
    while bad - good > 1:
        middle = (good + bad) // 2
        instants = _follow(problem, stops, ways, middle)
        if all(instant <= bound for instant, bound in zip(instants, bounds, strict=True)):
            good = middle
        else:
            bad = middle
    if problem.start_place[courier] < 0:
        # A free start waits for its first stop to open, unpaid.
        good = max(good, _window(problem, stops[0])[0])
    return good


def _excesses(
    problem: Problem, courier: int, stops: Sequence[PlannedStop]
) -> dict[tuple[str, str], int]:
    """By how much a tour passes each limit: (constraint, subject) -> excess, where there is one."""
    course = _course(problem, courier, stops)
    who = f"courier {courier}"
    over: dict[tuple[str, str], int] = {}
    for stop, (_, begin, _) in zip(stops, course.stops, strict=True):
        over["window", f"leg {stop.leg} {stop.action}"] = begin - _window(problem, stop)[2]
    reserve = int(problem.return_reserve_permille[courier]) * course.away
    over["hours", who] = 1000 * course.ends_at + reserve - 1000 * int(problem.off_duty[courier])
    over["leash", who] = course.away - int(problem.leash[courier])
    dropoffs = sum(stop.action is Action.DROPOFF for stop in stops)
    over["most_parcels", who] = dropoffs - int(problem.most_parcels[courier])
    over["reachability", who] = sum(way.is_missing for way in course.ways)
    over["permit", who] = sum(way.is_shut for way in course.ways)
    for dimension in range(problem.load_dimension_count):
        on_board = sum(
            int(problem.load[stop.leg, dimension])
            for stop in stops
            if stop.action is Action.DROPOFF and problem.pickup_place[stop.leg] < 0
        )
        most = on_board
        for stop in stops:
            sign = 1 if stop.action is Action.PICKUP else -1
            on_board += sign * int(problem.load[stop.leg, dimension])
            most = max(most, on_board)
        over["capacity", f"{who} dimension {dimension}"] = most - int(
            problem.capacity[courier, dimension]
        )
    return {key: excess for key, excess in over.items() if excess > 0}


def _limits(problem: Problem, tour: PlannedTour) -> Iterator[Violation]:
    """Compare the tour's excesses with those of its commitments alone."""
    found = _excesses(problem, tour.courier, tour.stops)
    if not found:
        return
    committed = [
        s for s in tour.stops if problem.on_board[s.leg] >= 0 or problem.must_courier[s.leg] >= 0
    ]
    alone = committed or problem.left[tour.courier] <= 0
    excused = _excesses(problem, tour.courier, committed) if alone else {}
    for (constraint, subject), excess in found.items():
        allowed = excused.get((constraint, subject), 0)
        if excess > allowed:
            yield Violation(
                constraint, subject, f"exceeded by {excess}, of which commitments explain {allowed}"
            )


def _times(problem: Problem, tour: PlannedTour) -> Iterator[Violation]:
    course = _course(problem, tour.courier, tour.stops)
    said: list[tuple[str, int, int]] = [
        ("departure", tour.departs_at, course.departs_at),
        ("end", tour.ends_at, course.ends_at),
    ]
    for stop, row in zip(tour.stops, course.stops, strict=True):
        names = ("arrival", "start", "leaving")
        for name, told, true in zip(
            names, (stop.arrives_at, stop.starts_at, stop.leaves_at), row, strict=True
        ):
            said.append((f"{name} at the {stop.action} of leg {stop.leg}", told, true))
    for name, told, true in said:
        if told != true:
            yield Violation("times", f"courier {tour.courier}", f"{name}: says {told}, is {true}")


def _tour_cost(problem: Problem, tour: PlannedTour) -> int:
    courier = tour.courier
    course = _course(problem, courier, tour.stops)
    total = int(problem.fixed_cost[courier]) if problem.left[courier] > 0 else 0
    places = [int(problem.start_place[courier])]
    places += [_place(problem, stop) for stop in tour.stops]
    places.append(int(problem.end_place[courier]))
    mode = int(problem.mode[courier])
    for (tail, head), way in zip(pairwise(places), course.ways, strict=True):
        if tail < 0 or head < 0:
            continue
        if problem.arc_cost is not None:
            total += int(problem.arc_cost[mode, tail, head])
        else:
            total += int(problem.cost_per_travel[courier]) * way.travel
            total += int(problem.cost_per_m[courier]) * int(problem.distance_m[mode, tail, head])
    total += int(problem.cost_per_away[courier]) * course.away
    overrun = max(0, course.away - int(problem.allowance[courier]))
    total += int(problem.cost_over_allowance[courier]) * overrun
    for stop, (_, begin, _) in zip(tour.stops, course.stops, strict=True):
        if stop.action is Action.DROPOFF:
            late = max(0, begin - int(problem.option_due[stop.option]))
            total += int(problem.lateness_cost[stop.leg]) * late + int(
                problem.option_cost[stop.option]
            )
            total += int(problem.cost_per_parcel[courier])
            total += int(problem.cost_per_effort[courier]) * int(problem.option_effort[stop.option])
    return total
