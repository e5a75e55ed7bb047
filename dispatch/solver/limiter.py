"""When a search ends: by solutions met, by steps taken, or because `progress()` says so.

No clock is read here: what stands behind `progress` is its owner's business.
"""

from collections.abc import Callable, Iterator
from itertools import chain, repeat

from dispatch.solver.plan import StoppedBy

STEPS_PER_SOLUTION = 1000
"""Steps that a search may take for each solution it may meet: small problems have few solutions."""

CHUNK = 1000
"""Steps between two questions to `progress`; it is asked at every solution too."""


class Limiter:
    """Says when the search must end, and remembers why.

    Parameters
    ----------
    solution_limit : int, solutions
        The search ends after so many, or after `STEPS_PER_SOLUTION` times as many steps.
    progress : callable or None
        From 0 to 1; at 1 the search ends.

    """

    def __init__(self, solution_limit: int, progress: Callable[[], float] | None) -> None:
        self.solution_limit = solution_limit
        self.asked: list[float] = []
        self.stopped_by = StoppedBy.DONE
        self._progress = progress
        self._solutions = 0

    def reached(self) -> bool:
        """Ask `progress`."""
        if self._progress is None:
            return False
        self.asked.append(float(self._progress()))
        if self.asked[-1] >= 1:
            self.stopped_by = StoppedBy.PROGRESS
        return self.stopped_by is StoppedBy.PROGRESS

    def steps(self) -> Callable[[], bool]:
        """Give a function that counts a step of the search and says whether to end it.

        OR-Tools calls it some ten thousand times a search. Between two chunks it therefore is
        an iterator of C, and no line of Python runs.
        """
        return chain.from_iterable(self._chunks()).__next__

    def _chunks(self) -> Iterator[Iterator[bool]]:
        for _ in range(self.solution_limit * STEPS_PER_SOLUTION // CHUNK):
            yield repeat(False, CHUNK)  # noqa: FBT003 (positional in itertools)
            if self.reached():
                break
        if self.stopped_by is StoppedBy.DONE:
            self.stopped_by = StoppedBy.STEP_LIMIT
        yield repeat(True)  # noqa: FBT003

    def at_solution(self) -> bool:
        """Count a solution; say whether it ends the search."""
        self._solutions += 1
        if (
            self.stopped_by is StoppedBy.DONE
            and not self.reached()
            and self._solutions >= self.solution_limit
        ):
            self.stopped_by = StoppedBy.SOLUTION_LIMIT
        return self.stopped_by is not StoppedBy.DONE
