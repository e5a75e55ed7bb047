"""How long explanations take: fifty legs of a plan by insertion, each with its smallest fixes.

So many are left out where a work of 200 legs has fewer couriers, or 40 couriers have more legs:
option ``more`` says which. Answers nothing; the median seconds are `Answer.wall_s`.

Run: python -m benchmarks.solver.explained C:200:40:1 --option more=legs
"""

import statistics
import time
from collections import Counter

from benchmarks.solver.answer import Answer, Order, serve
from benchmarks.solver.problems import problem_of, street_problem_of
from benchmarks.solver.works import STREET, drawn_street, family_of, generated
from dispatch.solver import insert
from dispatch.solver.explain import explain
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem

ASKED = 50
RUNS = 5


def _problem(work: str) -> Problem:
    if family_of(work) == STREET:
        return street_problem_of(drawn_street(work))
    return problem_of(generated(work))


def _crowded(work: str, more: str) -> tuple[Problem, Plan]:
    """Return the first problem like a work that leaves enough out, and its plan."""
    family, legs, couriers, seed = work.split(":")
    sizes = (
        ((int(legs), fewer) for fewer in range(int(couriers), 0, -4))
        if more == "couriers"
        else ((many, int(couriers)) for many in range(int(legs), 4 * int(legs), 40))
    )
    for its_legs, its_couriers in sizes:
        problem = _problem(f"{family}:{its_legs}:{its_couriers}:{seed}")
        plan = insert.solve(problem, passes=0)
        if len(plan.unassigned) >= ASKED:
            return problem, plan
    raise AssertionError(work)


def solve(order: Order) -> Answer:
    """Measure the seconds."""
    problem, plan = _crowded(order.work, order.options["more"])
    legs = [entry.leg for entry in plan.unassigned][:ASKED]
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        found = explain(problem, plan, legs)
        took.append(time.perf_counter() - began)
    kinds = Counter(its.fix.kind.value if its.fix else "no fix" for its in found)
    told = [f"{count} {kind}" for kind, count in kinds.most_common()]
    return Answer(wall_s=statistics.median(took), notes=told)


if __name__ == "__main__":
    serve(solve, __doc__)
