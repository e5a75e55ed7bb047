"""Our solver as a process of the benchmark: one work, one answer.

Compiling is done, on a small work, before any clock runs. Options: ``engine`` (routing, search or
insert), ``columns`` (0: routes are not put together anew, 1: always), ``large`` (four modes and
distances, for its memory), ``known`` (so many of the legs have been planned before: the answer
starts from a plan of those, found in `KNOWN_S` seconds that do not count).

Run: python -m benchmarks.solver.ours C:200:40:1 --seconds 2
"""

from collections.abc import Callable
from dataclasses import replace
from importlib import import_module
from typing import Any

from benchmarks.solver.answer import Answer, Order, Stopwatch, serve
from benchmarks.solver.instance import DROPOFF, PICKUP
from benchmarks.solver.problems import problem_of, street_problem_of
from benchmarks.solver.works import GENERATED, STREETS, drawn_street, family_of, generated, path_of
from dispatch.solver import insert
from dispatch.solver.formats import lilim, ogc, sartori, vrptw
from dispatch.solver.plan import Action, Plan, Reason, Unassigned
from dispatch.solver.problem import Problem

KNOWN_S = 2.0
WARM_UP_STEPS = 500
VEHICLES_FIRST = ("vrptw", "lilim", "sartori")

Write = Callable[[Plan], list[Any]]


def read(order: Order) -> tuple[Problem, Write]:
    """Return an order's problem, and what writes a plan as the work's answers are written."""
    family = family_of(order.work)
    if family in STREETS:
        return street_problem_of(drawn_street(order.work)), street_tours_of
    if family in GENERATED:
        is_large = "large" in order.options
        instance = generated(order.work, has_car=is_large)
        return problem_of(instance, has_distances=is_large), tours_of
    text = path_of(order.work).read_text(encoding="utf-8")
    if family == "ogc":
        orders = ogc.read(text)
        return orders.problem(), lambda plan: list(orders.routes(plan))
    if family == "dimacs":
        depot = vrptw.read(text)
        return depot.problem(objective="distance", rounding="dimacs"), depot.routes
    depot = {"vrptw": vrptw.read, "lilim": lilim.read, "sartori": sartori.read}[family](text)
    return depot.problem(objective="vehicles", rounding="exact"), depot.routes


def tours_of(plan: Plan) -> list[Any]:
    """Return a plan's tours as answers to generated works are written."""
    action = {Action.PICKUP: PICKUP, Action.DROPOFF: DROPOFF}
    return [
        [tour.courier, [[stop.leg, action[stop.action]] for stop in tour.stops]]
        for tour in plan.tours
    ]


def street_tours_of(plan: Plan) -> list[Any]:
    """Return a plan's tours with a third number at each stop, 1 at a hub: the odd options."""
    return [
        [
            courier,
            [[*stop, planned.option % 2 if stop[1] == DROPOFF else 0] for stop, planned in pairs],
        ]
        for (courier, stops), tour in zip(tours_of(plan), plan.tours, strict=True)
        for pairs in [list(zip(stops, tour.stops, strict=True))]
    ]


def plan_of(
    problem: Problem,
    order: Order,
    answer: Answer,
    *,
    watch: Stopwatch | None = None,
    warm: Plan | None = None,
) -> Plan:
    """Solve within the order's seconds; without a watch for a few steps. The trace is recorded."""
    engine = order.options.get("engine", "routing")
    if engine == "insert":
        return insert.solve(problem, passes=0)

    more: dict[str, Any] = {"iterations": WARM_UP_STEPS}
    if watch is not None:
        clock = watch
        more = {
            "progress": lambda: clock.spent(order.seconds, order.threads),
            "watch": lambda cost, _: answer.trace.append((clock.cpu_s(), cost)),
        }
    search = import_module("dispatch.solver.search").search
    if engine == "routing":
        search = import_module("dispatch.solver.solve").solve
        more |= {"engine": engine}
        if "columns" in order.options:
            more |= {"columns": order.options["columns"] == "1"}
    plan: Plan = search(
        problem,
        seed=order.seed,
        threads=order.threads,
        warm=warm,
        reduce_fleet=family_of(order.work) in VEHICLES_FIRST,
        **more,
    )
    return plan


def known_plan(order: Order, known: int) -> Plan:
    """Return a plan of the first legs, the others left out: the epoch before."""
    before = generated(order.work).first_legs(known)
    earlier = replace(order, seconds=KNOWN_S)
    plan = plan_of(problem_of(before), earlier, Answer(), watch=Stopwatch())
    legs = generated(order.work).leg_count
    new = (Unassigned(leg, Reason.SEARCH_LIMIT) for leg in range(known, legs))
    return replace(plan, unassigned=(*plan.unassigned, *new))


def warm_up(order: Order) -> None:
    """Have everything compiled that an order of this kind needs.

    By a few steps on a small work of the same family, or on the file itself: steps and not
    seconds, which compiling alone would use up before everything has been called.
    """
    import_module("dispatch.solver.warmup").warm_up("routing")
    family, _, rest = order.work.partition(":")
    work = f"{family}:40:8:1" if family in GENERATED else f"{family}:{rest}"
    small = replace(order, work=work)
    plan_of(read(small)[0], small, Answer())


def solve(order: Order) -> Answer:
    """Answer one order."""
    warm_up(order)
    problem, write = read(order)
    known = int(order.options.get("known", "0"))
    warm = known_plan(order, known) if known else None
    answer, watch = Answer(), Stopwatch()
    plan = plan_of(problem, order, answer, watch=watch, warm=warm)
    answer.cpu_s, answer.wall_s = watch.cpu_s(), watch.wall_s()
    answer.routes, answer.claimed = write(plan), float(plan.cost)
    answer.iterations = plan.iterations
    answer.notes = list(plan.notes)
    return answer


if __name__ == "__main__":
    serve(solve, __doc__)
