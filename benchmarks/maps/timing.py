"""Seconds of several things that are to be compared, measured in turns."""

import gc
import statistics
import time
from collections.abc import Callable, Mapping

ROUNDS = 5


def interleaved(
    calls: Mapping[str, Callable[[], object]], *, rounds: int = ROUNDS
) -> dict[str, float]:
    """Return the median seconds of each call.

    One call of each goes ahead unmeasured. Then they take turns, so that whatever else the
    machine does meets all of them. Freeing a result is not measured.
    """
    seconds: dict[str, list[float]] = {name: [] for name in calls}
    for turn in range(rounds + 1):
        for name, call in calls.items():
            gc.collect()
            began = time.perf_counter()
            result = call()
            took = time.perf_counter() - began
            del result
            if turn:
                seconds[name].append(took)
    return {name: statistics.median(took) for name, took in seconds.items()}
