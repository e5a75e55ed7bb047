"""The oracle's clock against the timing rules taken at their word, tick by tick."""

from collections.abc import Sequence

import numpy as np
import pytest

from dispatch.solver import check
from dispatch.solver.plan import Action, PlannedTour
from dispatch.solver.problem import FOREVER, Problem
from tests.solver.exhaustive import Visit
from tests.solver.kept import KEPT
from tests.solver.streets import street

_Orders = Sequence[tuple[int, Sequence[Visit]]]
_Openings = dict[tuple[int, Action], int]


def _follow(
    problem: Problem, courier: int, visits: Sequence[Visit], departs_at: int, openings: _Openings
) -> list[int]:
    """Give the starts of service, and last the end, of a tour without gates."""
    home, mode = int(problem.end_place[courier]), int(problem.mode[courier])
    at, clock, instants = int(problem.start_place[courier]), departs_at, []
    for leg, action, option in visits:
        is_pickup = action is Action.PICKUP
        place = int(problem.pickup_place[leg] if is_pickup else problem.option_place[option])
        place = home if place < 0 else place
        clock += int(problem.travel[mode, at, place]) if min(at, place) >= 0 else 0
        opens = int(problem.pickup_opens[leg] if is_pickup else problem.option_opens[option])
        instants.append(max(clock, opens, openings.get((leg, action), -FOREVER)))
        service = problem.pickup_service[leg] if is_pickup else problem.option_service[option]
        clock = instants[-1] + int(service)
        at = place if place >= 0 else at
    return [*instants, clock + (int(problem.travel[mode, at, home]) if min(at, home) >= 0 else 0)]


def _bound(problem: Problem, visit: Visit, earliest: int, *, awaited: bool) -> int:
    leg, action, option = visit
    if action is Action.PICKUP:
        return max(earliest, int(problem.pickup_closes[leg]))
    due = min(int(problem.option_due[option]), int(problem.option_closes[option]))
    return earliest if awaited else max(earliest, due)


def _openings(problem: Problem, orders: _Orders) -> tuple[_Openings, set[int]]:
    """Start every tour as early as can be, again and again, until nothing moves any more."""
    frozen = problem.frozen
    actions = (Action.PICKUP, Action.DROPOFF)
    openings: _Openings = {
        (int(leg), actions[action]): int(at)
        for leg, action, at in zip(frozen.leg, frozen.action, frozen.not_before, strict=True)
    }
    begun = dict(openings)
    options = {v[0]: v[2] for _, visits in orders for v in visits if v[1] is Action.DROPOFF}
    pairs = {
        before: leg
        for leg, before in enumerate(problem.after_leg.tolist())
        if leg in options
        and problem.option_hub[options.get(before, 0)] >= 0
        and before in options
        and problem.option_place[options[before]] == problem.pickup_place[leg]
    }
    for _ in range(sum(len(visits) for _, visits in orders) + 1):
        for courier, visits in orders:
            on_duty = int(problem.on_duty[courier])
            starts = _follow(problem, courier, visits, on_duty, openings)
            for (leg, action, option), start in zip(visits, starts, strict=False):
                if action is Action.DROPOFF and leg in pairs:
                    after = (pairs[leg], Action.PICKUP)
                    ready = start + int(problem.option_service[option])
                    ready += int(problem.after_gap[after[0]])
                    openings[after] = max(ready, begun.get(after, -FOREVER))
    return openings, set(pairs)


def _departure(
    problem: Problem, courier: int, visits: Sequence[Visit], openings: _Openings, awaited: set[int]
) -> int:
    """Try to depart a tick later until the end or a stop says no."""
    departs_at = int(problem.on_duty[courier])
    earliest = _follow(problem, courier, visits, departs_at, openings)
    if problem.left[courier] <= 0 or not visits:
        return departs_at
    while True:
        later = _follow(problem, courier, visits, departs_at + 1, openings)
        if later[-1] != earliest[-1] or any(
            start > _bound(problem, visit, first, awaited=visit[0] in awaited)
            for visit, start, first in zip(visits, later, earliest, strict=False)
        ):
            return departs_at
        departs_at += 1


def _by_the_rules(problem: Problem, orders: _Orders) -> list[tuple[int, list[int]]]:
    openings, awaited = _openings(problem, orders)
    departures = [
        _departure(problem, courier, visits, openings, awaited) for courier, visits in orders
    ]
    return [
        (departs_at, _follow(problem, courier, visits, departs_at, openings))
        for departs_at, (courier, visits) in zip(departures, orders, strict=True)
    ]


def _told(tours: Sequence[PlannedTour]) -> list[tuple[int, list[int]]]:
    return [
        (tour.departs_at, [*(stop.starts_at for stop in tour.stops), tour.ends_at])
        for tour in tours
    ]


@pytest.mark.parametrize("name", [name for name, kept in KEPT.items() if not kept.problem.is_gated])
def test_kept_plans_keep_time(name: str) -> None:
    """The good plan of each kept problem is timed as the rules say."""
    kept = KEPT[name]
    orders = [(t.courier, [(s.leg, s.action, s.option) for s in t.stops]) for t in kept.good.tours]
    assert _told(kept.good.tours) == _by_the_rules(kept.problem, orders)


def _thrown(rng: np.random.Generator) -> tuple[Problem, _Orders]:
    """Throw four legs on a street, two of them a relay, and let two couriers share them."""
    points = rng.integers(0, 40, 6).tolist()
    hub = int(rng.integers(0, 6))
    opens, until = rng.integers(-10, 60, 4), rng.integers(-10, 90, 4)
    problem = street(
        points,
        pickup_place=[*rng.integers(0, 6, 3).tolist(), hub],
        option_place=[hub, *np.where(rng.random(3) < 0.2, -1, rng.integers(0, 6, 3)).tolist()],
        after_leg=[-1, -1, -1, 0],
        after_gap=rng.integers(0, 9, 4),
        option_hub=[0, -1, -1, -1],
        hub_slots_free=[[1]],
        pickup_opens=opens,
        pickup_closes=opens + rng.integers(0, 50, 4),
        pickup_service=rng.integers(0, 5, 4),
        option_opens=until,
        option_due=until + rng.integers(0, 40, 4),
        option_service=rng.integers(1, 5, 4),
        start_place=np.where(rng.random(2) < 0.3, -1, rng.integers(0, 6, 2)),
        end_place=np.where(rng.random(2) < 0.3, -1, rng.integers(0, 6, 2)),
        on_duty=rng.integers(-5, 20, 2),
    )
    tours: list[list[Visit]] = [[], []]
    for leg in rng.permutation(3).tolist():
        tour = tours[int(rng.integers(0, 2))]
        first = int(rng.integers(0, len(tour) + 1))
        tour.insert(first, (leg, Action.PICKUP, -1))
        tour.insert(int(rng.integers(first + 1, len(tour) + 1)), (leg, Action.DROPOFF, leg))
    # The second half of the relay comes last, so that nobody waits in a circle.
    tours[int(rng.integers(0, 2))] += [(3, Action.PICKUP, -1), (3, Action.DROPOFF, 3)]
    return problem, list(enumerate(tours))


def test_any_tours_keep_time() -> None:
    """So are two hundred pairs of tours with waits, dues, free starts and a relay."""
    rng = np.random.default_rng(5)
    for _ in range(200):
        problem, orders = _thrown(rng)
        assert _told(check.timed(problem, orders)) == _by_the_rules(problem, orders)
