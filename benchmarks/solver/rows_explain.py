"""How long explanations take: ``python -m benchmarks.solver.rows_explain``.

Fifty legs of a plan by insertion, with the reason, who is nearest and the smallest fixes of each.
So many are left out where a work of 200 legs has fewer couriers, or 40 couriers have more legs.
"""

import statistics
import time
from collections import Counter
from collections.abc import Iterator

from benchmarks.solver.problems import problem_of, street_problem_of
from benchmarks.solver.works import STREET, drawn_street, family_of, generated
from dispatch.solver import insert
from dispatch.solver.explain import Explanation, explain
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem

FAMILIES = ("C", "F", STREET)
LEGS, COURIERS, SEED = 200, 40, 1
ASKED = 50
RUNS = 5


def _problem(work: str) -> Problem:
    if family_of(work) == STREET:
        return street_problem_of(drawn_street(work))
    return problem_of(generated(work))


def _works(family: str) -> Iterator[str]:
    """Give the works of a family that leave enough out: fewer couriers, then more legs."""
    sizes = (
        [(LEGS, couriers) for couriers in range(COURIERS, 0, -4)],
        [(legs, COURIERS) for legs in range(LEGS, 4 * LEGS, 40)],
    )
    for some in sizes:
        works = (f"{family}:{legs}:{couriers}:{SEED}" for legs, couriers in some)
        yield next(work for work in works if len(_planned(work)[1].unassigned) >= ASKED)


def _planned(work: str) -> tuple[Problem, Plan]:
    problem = _problem(work)
    return problem, insert.solve(problem, passes=0)


def _measured(work: str) -> tuple[list[float], tuple[Explanation, ...]]:
    problem, plan = _planned(work)
    legs = [entry.leg for entry in plan.unassigned][:ASKED]
    took = []
    for _ in range(RUNS):
        began = time.perf_counter()
        found = explain(problem, plan, legs)
        took.append(time.perf_counter() - began)
    return took, found


def main() -> None:
    """Print a line for each work."""
    for family in FAMILIES:
        for work in _works(family):
            took, found = _measured(work)
            kinds = Counter(its.fix.kind.value if its.fix else "no fix" for its in found)
            told = ", ".join(f"{count} {kind}" for kind, count in kinds.most_common())
            print(f"{work:12} {statistics.median(took):.2f} s for {len(found)} legs: {told}")


if __name__ == "__main__":
    main()
