"""The independent oracle: what is wrong with a plan, and what it costs.

Everything is recomputed from the `Problem` and the `Plan`. This module and its clock,
`dispatch.solver.timetable`, share no code with the solvers (they may import `problem` and `plan`
only), so that a mistake in their timing or pricing shows up here as a difference.

Commitments (legs on board, accepted or frozen, couriers already away) are never refused: where they
break a limit by themselves, the plan may break it by as much, and by no more. "By themselves" means
the same tour, in the same order, without its free legs, while all other tours stay as they are.
"""

from bisect import bisect_right
from collections import Counter
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour
from dispatch.solver.problem import Problem
from dispatch.solver.timetable import Course, Timetable, Visit

__all__ = ["Violation", "cost", "timed", "violations"]


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
    "option", "on_board", "must_courier", "committed", "frozen", "barred", "skills", "after_leg",
    "reachability", "permit", "window", "hours", "leash", "capacity", "most_parcels",
    "pickups_first", "carried", "hub_full", "post", "times", "cost".

    Parameters
    ----------
    problem : Problem
        What was to be planned.
    plan : Plan
        What came out.

    Returns
    -------
    list of Violation
        What is named more than once or does not exist keeps the rest from being looked at; a cost
        is compared only where nothing else is wrong.

    """
    broken = list(_indices(problem, plan))
    if broken:
        return broken
    broken += _served(problem, plan)
    broken += _fleet(problem, plan)
    table = Timetable(problem, [(tour.courier, _visits(tour.stops)) for tour in plan.tours])
    free = (problem.committed_to < 0).tolist()
    alone: list[Course | None] = []
    for tour, course in zip(plan.tours, table.courses, strict=True):
        broken += _pairs(problem, tour)
        broken += _may_carry(problem, tour)
        broken += _begins_as_frozen(problem, tour)
        alone.append(_commitments(table, tour, course, free))
        broken += _limits(problem, course, alone[-1])
        broken += _times(tour, course)
    broken += _waits(table)
    broken += _hubs(problem, table, free)
    broken += _posts(problem, table.courses, [course for course in alone if course is not None])
    if not broken:
        true_cost = _plan_cost(problem, plan, table)
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
        Minor currency units x 1000, `unassigned_cost` and `move_cost` included.

    """
    tours = [(tour.courier, _visits(tour.stops)) for tour in plan.tours]
    return _plan_cost(problem, plan, Timetable(problem, tours))


def timed(
    problem: Problem, tours: Iterable[tuple[int, Sequence[Visit]]]
) -> tuple[PlannedTour, ...]:
    """Apply the timing rules to tours that are only orders of stops.

    Parameters
    ----------
    problem : Problem
        What is planned.
    tours : iterable of (courier, sequence of (leg, action, option))
        Real legs, couriers and options (-1 at a pickup).

    Returns
    -------
    tuple of PlannedTour
        In the order given, with the times that `violations` compares a plan's with.

    """
    orders = list(tours)
    return tuple(
        PlannedTour(
            course.courier,
            course.departs_at,
            course.ends_at,
            tuple(
                PlannedStop(*visit, *row) for visit, row in zip(visits, course.rows, strict=True)
            ),
        )
        for (_, visits), course in zip(orders, Timetable(problem, orders).courses, strict=True)
    )


def _visits(stops: Iterable[PlannedStop]) -> list[Visit]:
    return [(stop.leg, stop.action, stop.option) for stop in stops]


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
        if left_out[leg] and problem.committed_to[leg] >= 0:
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
        if tours[courier]:
            continue
        if problem.left[courier] <= 0:
            yield Violation("missing_tour", f"courier {courier}", "is away and has no way home")
        elif len(_frozen_row(problem, courier)):
            yield Violation("missing_tour", f"courier {courier}", "has begun a tour and has none")
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
        if problem.committed_to[leg] >= 0:
            continue
        if courier in problem.barred.row(leg).tolist():
            yield Violation("barred", subject, f"courier {courier} may not have it")
        missing = int(problem.leg_skills[leg]) & ~int(problem.courier_skills[courier])
        if missing:
            yield Violation("skills", subject, f"courier {courier} lacks bits {missing:#x}")


def _frozen_row(problem: Problem, courier: int) -> list[Visit]:
    frozen = problem.frozen
    row = slice(int(frozen.indptr[courier]), int(frozen.indptr[courier + 1]))
    actions = (Action.PICKUP, Action.DROPOFF)
    return [
        (leg, actions[action], option)
        for leg, action, option in zip(
            frozen.leg[row].tolist(),
            frozen.action[row].tolist(),
            frozen.option[row].tolist(),
            strict=True,
        )
    ]


def _begins_as_frozen(problem: Problem, tour: PlannedTour) -> Iterator[Violation]:
    row = _frozen_row(problem, tour.courier)
    for position, wanted in enumerate(row):
        if _visits(tour.stops[position : position + 1]) != [wanted]:
            leg, action, _ = wanted
            detail = f"stop {position} is not the {action} of leg {leg}, with which he has begun"
            yield Violation("frozen", f"courier {tour.courier}", detail)
            return


def _commitments(
    table: Timetable, tour: PlannedTour, course: Course, free: Sequence[bool]
) -> Course | None:
    """Time the tour without its free legs; None where nothing is left of it."""
    committed = [visit for visit in _visits(tour.stops) if not free[visit[0]]]
    if len(committed) == len(tour.stops):
        return course
    alone = table.alone(tour.courier, committed)
    return alone if committed or alone.is_away else None


def _excesses(problem: Problem, course: Course) -> dict[tuple[str, str], int]:
    """By how much a tour passes each limit: (constraint, subject) -> excess, where there is one."""
    courier, stops = course.courier, course.stops
    who = f"courier {courier}"
    over: dict[tuple[str, str], int] = {}
    for stop, (_, begin, _) in zip(stops, course.rows, strict=True):
        if begin > stop.closes:
            action = "pickup" if stop.is_pickup else "dropoff"
            over["window", f"leg {stop.leg} {action}"] = begin - stop.closes
    reserve = int(problem.return_reserve_permille[courier]) * course.away
    over["hours", who] = 1000 * course.ends_at + reserve - 1000 * int(problem.off_duty[courier])
    over["leash", who] = course.away - int(problem.leash[courier])
    dropoffs = sum(not stop.is_pickup for stop in stops)
    over["most_parcels", who] = dropoffs - int(problem.most_parcels[courier])
    over["reachability", who] = sum(way.is_missing for way in course.ways)
    over["permit", who] = sum(way.is_shut for way in course.ways)
    if problem.pickups_first[courier]:
        over["pickups_first", who] = _after_first(
            (not stop.is_pickup for stop in stops), (stop.is_pickup for stop in stops)
        )
    carried = [not stop.is_pickup and problem.option_place[stop.option] < 0 for stop in stops]
    over["carried", who] = _after_first(carried, (not at_end for at_end in carried))
    for dimension in range(problem.load_dimension_count):
        on_board = sum(
            int(problem.load[stop.leg, dimension])
            for stop in stops
            if not stop.is_pickup and problem.pickup_place[stop.leg] < 0
        )
        most = on_board
        for stop in stops:
            change = int(problem.load[stop.leg, dimension])
            on_board += change if stop.is_pickup else -change
            most = max(most, on_board)
        over["capacity", f"{who} dimension {dimension}"] = most - int(
            problem.capacity[courier, dimension]
        )
    return {key: excess for key, excess in over.items() if excess > 0}


def _after_first(opening: Iterable[bool], counted: Iterable[bool]) -> int:
    """Count the stops of one kind after the first one of another kind."""
    has_opened, count = False, 0
    for opens, counts in zip(opening, counted, strict=True):
        count += has_opened and counts
        has_opened = has_opened or opens
    return count


def _limits(problem: Problem, course: Course, alone: Course | None) -> Iterator[Violation]:
    """Compare the tour's excesses with those of its commitments alone."""
    found = _excesses(problem, course)
    if not found:
        return
    excused = _excesses(problem, alone) if alone is not None else {}
    for (constraint, subject), excess in found.items():
        allowed = excused.get((constraint, subject), 0)
        if excess > allowed:
            yield Violation(
                constraint, subject, f"exceeded by {excess}, of which commitments explain {allowed}"
            )


def _times(tour: PlannedTour, course: Course) -> Iterator[Violation]:
    said: list[tuple[str, int, int]] = [
        ("departure", tour.departs_at, course.departs_at),
        ("end", tour.ends_at, course.ends_at),
    ]
    for stop, row in zip(tour.stops, course.rows, strict=True):
        names = ("arrival", "start", "leaving")
        for name, told, true in zip(
            names, (stop.arrives_at, stop.starts_at, stop.leaves_at), row, strict=True
        ):
            if told != true:
                said.append((f"{name} at the {stop.action} of leg {stop.leg}", told, true))
    for name, told, true in said:
        if told != true:
            yield Violation("times", f"courier {tour.courier}", f"{name}: says {told}, is {true}")


def _waits(table: Timetable) -> Iterator[Violation]:
    for leg in sorted(table.option_of):
        if not table.exists(leg):
            yield Violation("after_leg", f"leg {leg}", "is served, but nothing brings it there")
    for leg in sorted(table.cyclic):
        yield Violation("after_leg", f"leg {leg}", "waits for a tour that waits for its own")


def _hubs(problem: Problem, table: Timetable, free: Sequence[bool]) -> Iterator[Violation]:
    filled = Counter(
        (int(problem.option_hub[option]), int(problem.leg_size[leg]))
        for leg, option in table.option_of.items()
        if free[leg] and problem.option_hub[option] >= 0
    )
    for (hub, size), legs in sorted(filled.items()):
        slots = int(problem.hub_slots_free[hub, size])
        if legs > slots:
            yield Violation("hub_full", f"hub {hub}", f"{legs} legs of size {size}, {slots} free")


def _posts(
    problem: Problem, courses: Sequence[Course], alone: Sequence[Course]
) -> Iterator[Violation]:
    """Count who is away from each post at every moment at which that changes."""
    steps = problem.post_steps
    for post in range(len(steps.indptr) - 1):
        row = slice(int(steps.indptr[post]), int(steps.indptr[post + 1]))
        starts_at, most_away = steps.starts_at[row].tolist(), steps.most_away[row].tolist()
        planned, excused = (
            _Absences([course for course in kind if problem.post[course.courier] == post])
            for kind in (courses, alone)
        )
        for moment in sorted({*starts_at, *planned.moments, *excused.moments}):
            step = bisect_right(starts_at, moment) - 1
            if step < 0:
                continue
            most = max(most_away[step], excused.at(moment))
            if planned.at(moment) > most:
                detail = f"{planned.at(moment)} are away at {moment}, {most} may be"
                yield Violation("post", f"post {post}", detail)
                break


class _Absences:
    """How many of a post's couriers are away, from departure up to, not including, the end."""

    def __init__(self, courses: Sequence[Course]) -> None:
        self._since_ever = sum(course.is_away for course in courses)
        self._departures = sorted(c.departs_at for c in courses if not c.is_away)
        self._ends = sorted(course.ends_at for course in courses)
        self.moments = (*self._departures, *self._ends)

    def at(self, moment: int) -> int:
        """Count them at one moment."""
        departed = self._since_ever + bisect_right(self._departures, moment)
        return departed - bisect_right(self._ends, moment)


def _plan_cost(problem: Problem, plan: Plan, table: Timetable) -> int:
    total = sum(_tour_cost(problem, course) for course in table.courses)
    for entry in plan.unassigned:
        if table.exists(entry.leg):
            total += int(problem.unassigned_cost[entry.leg]) + _move_cost(problem, entry.leg, -1)
    return total


def _move_cost(problem: Problem, leg: int, courier: int) -> int:
    seen = int(problem.seen_courier[leg])
    return int(problem.move_cost[leg]) if seen not in {-1, courier} else 0


def _tour_cost(problem: Problem, course: Course) -> int:
    courier = course.courier
    mode = int(problem.mode[courier])
    total = 0 if course.is_away else int(problem.fixed_cost[courier])
    for way in course.ways:
        if way.tail < 0:
            continue
        if problem.arc_cost is not None:
            total += int(problem.arc_cost[mode, way.tail, way.head])
        else:
            metres = int(problem.distance_m[mode, way.tail, way.head])
            total += int(problem.cost_per_travel[courier]) * way.travel
            total += int(problem.cost_per_m[courier]) * metres
    total += int(problem.cost_per_away[courier]) * course.away
    overrun = max(0, course.away - int(problem.allowance[courier]))
    total += int(problem.cost_over_allowance[courier]) * overrun
    for stop, (_, begin, _) in zip(course.stops, course.rows, strict=True):
        if stop.is_pickup:
            continue
        late = max(0, begin - int(problem.option_due[stop.option]))
        total += int(problem.lateness_cost[stop.leg]) * late
        total += int(problem.option_cost[stop.option])
        total += int(problem.cost_per_parcel[courier])
        total += int(problem.cost_per_effort[courier]) * int(problem.option_effort[stop.option])
        total += _move_cost(problem, stop.leg, courier)
    return total
