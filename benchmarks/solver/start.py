"""How long it takes until the first answer: compiling from nothing, and from the cache.

Counted in a process that has numpy loaded, up to its first answer to a small work. The cache of
compiled code is a folder of its own, so that the user's stays as it is. Answers nothing; the
seconds are `Answer.wall_s`. Option ``cache``: empty, or filled by an earlier process.

Run: python -m benchmarks.solver.start C:40:8:1 --option cache=empty
"""

import os
import subprocess
import sys
import tempfile

from benchmarks.solver.answer import Answer, Order, serve

FIRST_ANSWER = """
import time
import numpy
from benchmarks.solver.answer import Order
began = time.perf_counter()
from benchmarks.solver.ours import warm_up
warm_up(Order("C:40:8:1", 0.1, 1, 1, {}))
print(time.perf_counter() - began)
"""


def seconds_to_first_answer(*, is_cached: bool) -> float:
    """Return the seconds of a process that starts with an empty cache, or of the next one."""
    with tempfile.TemporaryDirectory() as cache:
        took = [
            subprocess.run(
                [sys.executable, "-c", FIRST_ANSWER],
                check=True,
                env={**os.environ, "NUMBA_CACHE_DIR": cache},
                stdout=subprocess.PIPE,
                text=True,
            ).stdout
            for _ in range(2 if is_cached else 1)
        ]
    return float(took[-1].split()[-1])


def solve(order: Order) -> Answer:
    """Measure the seconds."""
    return Answer(wall_s=seconds_to_first_answer(is_cached=order.options["cache"] == "filled"))


if __name__ == "__main__":
    serve(solve, __doc__)
