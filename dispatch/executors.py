"""Where a solve runs, and what it took.

Threads here; many machines later. The only reader of a clock around a solve: what it measures
stands under ``system`` in reports and never enters an event. In a replay the search ends by
its count of solutions alone; live, a guard of wall time may end it earlier, and the plan says
so.
"""

import asyncio
from collections import deque
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dispatch.clock import Clock
from dispatch.core.epoch import TravelTimes, plan_epoch
from dispatch.core.errors import DispatchError
from dispatch.core.messages import CommitPlan
from dispatch.core.model import Instant, Seconds
from dispatch.core.policy import Policy
from dispatch.core.state import State
from dispatch.solver import check
from dispatch.solver.plan import Engine, Plan
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve

LATENCIES_KEPT = 100_000
"""More than two months of epochs; a service must not grow with its age."""


class PlanRejectedError(DispatchError):
    """A plan breaks a constraint of its own problem. It is never committed."""


class Planner:
    """Makes the plan of an epoch.

    Parameters
    ----------
    times
        Travel times of the zone's map.
    clock
        Measures each epoch: the machine's, in replays too.
    guard_s
        Wall time after which a search is asked to stop; None for never, as replays need it.

    Attributes
    ----------
    latency_s
        Wall time of the last epochs, seconds: problem, matrices, search and check together.
    """

    def __init__(self, times: TravelTimes, clock: Clock, *, guard_s: Seconds | None = None) -> None:
        self._times = times
        self._clock = clock
        self._guard_s = guard_s
        self.latency_s: deque[float] = deque(maxlen=LATENCIES_KEPT)

    def plan(self, state: State, now: Instant) -> CommitPlan | None:
        """Plan an epoch; None where there is nothing to decide.

        Raises
        ------
        PlanRejectedError
            If even the insertion's plan breaks a constraint.
        """
        began = self._clock.monotonic()
        progress = self._progress(began)
        found = plan_epoch(
            state, self._times, now, lambda problem: _checked(problem, state.policy, progress)
        )
        if found is not None:
            self.latency_s.append(self._clock.monotonic() - began)
        return found

    def _progress(self, began: float) -> Callable[[], float]:
        guard_s = self._guard_s
        if guard_s is None:
            return lambda: 0.0
        return lambda: min(1.0, (self._clock.monotonic() - began) / guard_s)


def _checked(problem: Problem, policy: Policy, progress: Callable[[], float]) -> Plan:
    """Solve; fall back to insertion where the answer does not hold."""
    engines: tuple[Engine, ...] = (policy.engine, "insert")
    for engine in dict.fromkeys(engines):
        plan = solve(
            problem,
            engine=engine,
            seed=policy.seed,
            solution_limit=policy.solution_limit,
            progress=progress,
        )
        violations = check.violations(problem, plan)
        if not violations:
            return plan
    message = f"the plan breaks {violations[0]} and {len(violations) - 1} more"
    raise PlanRejectedError(message)


class ThreadedPlanner:
    """Runs a `Planner` off the event loop, one epoch at a time."""

    def __init__(self, planner: Planner) -> None:
        self.planner = planner
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="planner")

    async def plan(self, state: State, now: Instant) -> CommitPlan | None:
        """As `Planner.plan`."""
        loop = asyncio.get_running_loop()
        return await loop.run_in_executor(self._pool, self.planner.plan, state, now)

    def close(self) -> None:
        """Let a running epoch end, then stop."""
        self._pool.shutdown()
