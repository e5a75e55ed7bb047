"""Our solver as a process of the benchmark: one work, one answer.

Compiling is done, on a small work, before any clock runs. Options: ``engine`` (search, routing or
insert), ``reduce_fleet``, ``large`` (four modes and distances).

Run: python -m benchmarks.solver.ours C:200:40:1 --seconds 2
"""

from importlib import import_module

from benchmarks.solver.answer import Answer, Order, Stopwatch, serve
from benchmarks.solver.crowd import crowd
from benchmarks.solver.instance import DROPOFF, PICKUP
from benchmarks.solver.problems import problem_of
from benchmarks.solver.works import generated
from dispatch.solver import solve as solver
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem


def plan_of(problem: Problem, order: Order, watch: Stopwatch, answer: Answer) -> Plan:
    """Solve within the order's limits; the answer gets the trace."""

    def on_better(cost: int, iterations: int) -> None:
        answer.trace.append((watch.cpu_s(), cost))
        answer.iterations = iterations

    engine = order.options.get("engine", "search")
    search = import_module("dispatch.solver.search").search if engine == "search" else None
    if search is None:
        return solver.solve(problem, engine="insert")
    plan: Plan = search(
        problem,
        seed=order.seed,
        threads=order.threads,
        progress=lambda: watch.spent(order.seconds, order.threads),
        reduce_fleet="reduce_fleet" in order.options,
        watch=on_better,
    )
    return plan


def warm_up(order: Order) -> None:
    """Have everything compiled that an order of this kind needs."""
    small = Order(order.work, 0.05, 1, order.threads, order.options)
    plan_of(problem_of(crowd(40, 8, 1)), small, Stopwatch(), Answer())


def tours_of(plan: Plan) -> list[list[object]]:
    """Return a plan's tours as the benchmark writes them."""
    return [
        [
            tour.courier,
            [
                [stop.leg, PICKUP if stop.action is Action.PICKUP else DROPOFF]
                for stop in tour.stops
            ],
        ]
        for tour in plan.tours
    ]


def solve(order: Order) -> Answer:
    """Answer one order."""
    warm_up(order)
    instance = generated(order.work)
    problem = problem_of(instance, large="large" in order.options)
    answer = Answer()
    watch = Stopwatch()
    plan = plan_of(problem, order, watch, answer)
    answer.cpu_s, answer.wall_s = watch.cpu_s(), watch.wall_s()
    answer.routes, answer.claimed = tours_of(plan), plan.cost
    answer.notes = list(plan.notes)
    return answer


if __name__ == "__main__":
    serve(solve, __doc__)
