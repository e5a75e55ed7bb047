"""The works of the benchmark by name.

``C:200:40:1`` is the plain crowd of 200 legs and 40 couriers with seed 1, ``F:`` the full one.
"""

from benchmarks.solver.crowd import crowd
from benchmarks.solver.instance import Instance


def generated(work: str) -> Instance:
    """Draw the generated work of a name."""
    family, legs, couriers, seed = work.split(":")
    return crowd(int(legs), int(couriers), int(seed), full=family == "F")
