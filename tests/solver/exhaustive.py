"""The best plan of a tiny problem, by trying every one: an oracle for whatever searches.

All assignments, orders and drop-off options are timed, priced and judged by the oracle, `check`.
Two couriers with three legs of two options each take half a second, with four legs of one option
each two seconds. Where tours do not depend on each other (no linked legs, posts or hubs), each is
judged by itself.
"""

from collections.abc import Iterable, Iterator, Sequence
from itertools import combinations, pairwise, product

from dispatch.solver import check
from dispatch.solver.plan import Action, Plan, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import Problem

Visit = tuple[int, Action, int]
Tour = tuple[int, Sequence[Visit]]
_Found = dict[frozenset[int], tuple[int, tuple[PlannedTour, ...]]]
"""The cheapest tours by the legs that they serve."""

_OF_THE_WHOLE = {"served_once", "committed", "missing_tour", "cost"}
"""Constraints that a tour cannot break or keep by itself."""


def best_plan(problem: Problem) -> Plan | None:
    """Find the cheapest plan that breaks nothing.

    Parameters
    ----------
    problem : Problem
        A tiny one.

    Returns
    -------
    Plan or None
        One of those that cost least, legs left out without an honest reason; None where every plan
        breaks something.

    """
    if problem.in_use & {"after_leg", "post", "option_hub"}:
        return best_whole(problem)
    return _best_of_parts(problem)


def best_cost(problem: Problem) -> int | None:
    """Give what the cheapest plan costs; None where every plan breaks something."""
    plan = best_plan(problem)
    return None if plan is None else plan.cost


def plan_of(problem: Problem, tours: Iterable[Tour], *, engine: str = "by hand") -> Plan:
    """Time and price tours given as orders of stops; legs that are in none are left out."""
    orders = list(tours)
    served = {leg for _, visits in orders for leg, _, _ in visits}
    return _plan(
        check.timed(problem, orders), set(range(problem.leg_count)) - served, problem, engine
    )


def _plan(
    tours: Sequence[PlannedTour], left_out: Iterable[int], problem: Problem, engine: str
) -> Plan:
    unassigned = tuple(Unassigned(leg, Reason.NOT_WORTH_IT) for leg in sorted(left_out))
    draft = Plan(tours=tuple(tours), unassigned=unassigned, cost=0, engine=engine)
    return Plan(
        tours=draft.tours, unassigned=unassigned, cost=check.cost(problem, draft), engine=engine
    )


def best_whole(problem: Problem) -> Plan | None:
    """As `best_plan`, plan by plan: dearer to ask, and blind to whether tours are independent."""
    plans = [plan_of(problem, tours, engine="exhaustive") for tours in _all_tours(problem)]
    plans.sort(key=lambda plan: plan.cost)
    return next((plan for plan in plans if not check.violations(problem, plan)), None)


def _all_tours(problem: Problem) -> Iterator[list[Tour]]:
    people = _people(problem)
    committed = problem.committed_to.tolist()
    for owners in product(range(-1, len(people)), repeat=problem.leg_count):
        kept = all(
            who < 0 or (owner >= 0 and people[owner] == who)
            for owner, who in zip(owners, committed, strict=True)
        )
        if not kept or _is_mirrored(people, owners):
            continue
        shares = [
            (courier, [leg for leg, owner in enumerate(owners) if owner == person])
            for person, courier in enumerate(people)
        ]
        busy = [(who, legs) for who, legs in shares if legs or _must_go(problem, who)]
        for orders in product(*(list(_orders(problem, who, legs)) for who, legs in busy)):
            yield [(who, order) for (who, _), order in zip(busy, orders, strict=True)]


def _is_mirrored(people: Sequence[int], owners: Sequence[int]) -> bool:
    """Say whether people of one class could change places; one of the two ways is enough."""
    first = [
        owners.index(person) if person in owners else len(owners) for person in range(len(people))
    ]
    return any(
        people[one] == people[other] and first[one] > first[other]
        for one, other in pairwise(range(len(people)))
    )


def _best_of_parts(problem: Problem) -> Plan | None:
    """Find each courier's best tour for each set of legs, then the best union of such sets."""
    legs = range(problem.leg_count)
    committed = problem.committed_to.tolist()
    free = [leg for leg in legs if committed[leg] < 0]
    mine = {
        courier: [leg for leg in legs if committed[leg] == courier] for courier in _people(problem)
    }
    best_tours: dict[int, _Found] = {courier: {} for courier in mine}
    for courier, kept in mine.items():
        for size in range(len(free) + 1):
            for more in combinations(free, size):
                tour = _best_tour(problem, courier, sorted([*kept, *more]))
                if tour is not None:
                    best_tours[courier][frozenset([*kept, *more])] = tour
    found: _Found = {frozenset(): (0, ())}
    for courier in _people(problem):
        found = _joined(found, best_tours[courier])
    plans = [
        _plan(tours, set(legs) - served, problem, "exhaustive")
        for served, (_, tours) in found.items()
        if all(leg in served for leg in legs if committed[leg] >= 0)
    ]
    return min(plans, key=lambda plan: plan.cost, default=None)


def _joined(found: _Found, tours: _Found) -> _Found:
    """Add one more person's tour to tours found before."""
    joined: _Found = {}
    for (served, (cost, before)), (more, (extra, tour)) in product(found.items(), tours.items()):
        both = served | more
        if not served & more and (both not in joined or cost + extra < joined[both][0]):
            joined[both] = (cost + extra, (*before, *tour))
    return joined


def _best_tour(
    problem: Problem, courier: int, legs: Sequence[int]
) -> tuple[int, tuple[PlannedTour, ...]] | None:
    """Find the cheapest tour with exactly these legs that breaks nothing; None where all do."""
    if not legs and not _must_go(problem, courier):
        return 0, ()
    others = set(range(problem.leg_count)) - set(legs)
    tours = []
    for order in _orders(problem, courier, legs):
        timed = check.timed(problem, [(courier, order)])
        tours.append((_plan(timed, (), problem, ""), timed))
    tours.sort(key=lambda tour: tour[0].cost)
    for plan, timed in tours:
        broken = check.violations(problem, _plan(timed, others, problem, ""))
        if all(violation.constraint in _OF_THE_WHOLE for violation in broken):
            return plan.cost, timed
    return None


def _people(problem: Problem) -> list[int]:
    most = max(1, problem.leg_count)
    return [
        courier
        for courier, count in enumerate(problem.count.tolist())
        for _ in range(min(count, most))
    ]


def _must_go(problem: Problem, courier: int) -> bool:
    frozen = problem.frozen
    begun = frozen.indptr[courier] < frozen.indptr[courier + 1]
    return bool(begun or problem.left[courier] <= 0)


def _orders(problem: Problem, courier: int, legs: Sequence[int]) -> Iterator[list[Visit]]:
    """Give every order of pickups and drop-offs, at every option, that begins as is frozen."""
    frozen = problem.frozen
    row = range(int(frozen.indptr[courier]), int(frozen.indptr[courier + 1]))
    begun: list[Visit] = [
        (
            int(frozen.leg[at]),
            Action.DROPOFF if frozen.action[at] else Action.PICKUP,
            int(frozen.option[at]),
        )
        for at in row
    ]
    picked = {leg for leg, action, _ in begun if action is Action.PICKUP}
    dropped = {leg for leg, action, _ in begun if action is Action.DROPOFF}
    waiting = [
        leg for leg in legs if problem.pickup_place[leg] >= 0 and leg not in picked | dropped
    ]
    carried = [leg for leg in legs if leg not in dropped and leg not in waiting]
    yield from _rest(problem, begun, waiting, carried)


def _rest(
    problem: Problem, begun: list[Visit], waiting: list[int], carried: list[int]
) -> Iterator[list[Visit]]:
    if not waiting and not carried:
        yield begun
    for leg in waiting:
        later = [other for other in waiting if other != leg]
        yield from _rest(problem, [*begun, (leg, Action.PICKUP, -1)], later, [*carried, leg])
    for leg in carried:
        later = [other for other in carried if other != leg]
        for option in problem.options_of(leg):
            yield from _rest(problem, [*begun, (leg, Action.DROPOFF, option)], waiting, later)
