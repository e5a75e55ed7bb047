"""Where a solve runs, from what it starts, and what it took.

Threads here; many machines later. The only reader of a clock around a solve: what it measures
stands under ``system`` in reports and never enters an event. In a replay the search ends by
its count of steps alone; live, a guard of wall time may end it earlier, and then the plan says
so, with what the clock gave.
"""

import asyncio
import logging
from collections import deque
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

from dispatch.clock import Clock
from dispatch.core.decisions import Made, explained
from dispatch.core.epoch import Epoch, TravelTimes, commit_of, problem_of
from dispatch.core.errors import DispatchError
from dispatch.core.feasibility import Advice, advise
from dispatch.core.judging import Explained
from dispatch.core.locks import steadied
from dispatch.core.messages import CommitPlan
from dispatch.core.model import Instant, Parcel, Seconds, TimeWindow
from dispatch.core.policy import Policy
from dispatch.core.state import State
from dispatch.core.warm import KeptPlan, kept, started_from
from dispatch.solver import check
from dispatch.solver.plan import Engine, Plan, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve

LATENCIES_KEPT = 100_000
"""More than two months of epochs; a service must not grow with its age."""
UNHURRIED = 0.5
"""So much of the guard's time the search goes by its count of steps alone."""

logger = logging.getLogger(__name__)


class PlanRejectedError(DispatchError):
    """A plan breaks a constraint of its own problem. It is never committed."""


class Planner:
    """Makes the plans of one zone, each from the last.

    The last plan is kept in memory alone: after a restart the first plan starts from nothing,
    and says so.

    Parameters
    ----------
    times
        Travel times of the zone's map.
    clock
        Measures each epoch: the machine's, in replays too.
    guard_s
        Wall time after which a search is asked to stop; None for never, as replays need it. In
        the first half of it the clock changes nothing; in the second the search cools down, so
        that it ends well.

    Attributes
    ----------
    latency_s
        Wall time of the last epochs, seconds: problem, matrices, search and check together.
    made
        The last plan, for questions about it; None after a restart.
    """

    def __init__(self, times: TravelTimes, clock: Clock, *, guard_s: Seconds | None = None) -> None:
        self._times = times
        self._clock = clock
        self._guard_s = guard_s
        self._last: KeptPlan | None = None
        self._told: frozenset[str] = frozenset()
        self.latency_s: deque[float] = deque(maxlen=LATENCIES_KEPT)
        self.made: Made | None = None

    def plan(self, state: State, now: Instant) -> CommitPlan | None:
        """Plan an epoch; None where there is nothing to decide.

        Raises
        ------
        PlanRejectedError
            If even the insertion's plan breaks a constraint.
        """
        began = self._clock.monotonic()
        epoch = problem_of(state, self._times, now)
        if epoch is None:
            return None
        last = self._last
        epoch = steadied(epoch, last, state.policy)
        warm = None if last is None else started_from(last, epoch)
        plan = _checked(epoch.problem, state.policy, self._progress(began), warm)
        self._last = kept(epoch, plan)
        self.made = Made(state.epoch + 1, epoch, plan)
        found = commit_of(
            epoch,
            plan,
            warm="" if last is None or warm is None else last.digest,
            explained=self._explained(state, epoch, plan),
        )
        took_s = self._clock.monotonic() - began
        self.latency_s.append(took_s)
        self._tell(state.zone, epoch, plan, took_s)
        return found

    def _explained(self, state: State, epoch: Epoch, plan: Plan) -> tuple[Explained, ...]:
        """Explain what is left out; a plan without explanations is better than none."""
        try:
            return explained(state, self._times, epoch, plan, state.policy.explained_legs)
        except (ValueError, LookupError, AssertionError) as error:
            logger.warning("zone %s: nothing is explained: %r", state.zone, error)
            return ()

    def advise(
        self, state: State, parcel: Parcel, windows: Sequence[TimeWindow], now: Instant
    ) -> list[Advice]:
        """Say which windows could be kept for a parcel, beside the tours of the last plan.

        As `dispatch.core.feasibility.advise`. May be called while an epoch is planned.
        """
        return advise(state, self._times, self._last, parcel, windows, now)

    def _progress(self, began: float) -> Callable[[], float]:
        guard_s = self._guard_s
        if guard_s is None:
            return lambda: 0.0
        unhurried_s = UNHURRIED * guard_s

        def hurry() -> float:
            over_s = self._clock.monotonic() - began - unhurried_s
            return min(1.0, max(0.0, over_s / (guard_s - unhurried_s)))

        return hurry

    def _tell(self, zone: str, epoch: Epoch, plan: Plan, took_s: float) -> None:
        """Log how the plan came about; a note that stays the same is told once."""
        for note in plan.notes:
            if note in plan.defects:
                digest = epoch.problem.digest()
                logger.warning("zone %s: problem %s: %s", zone, digest, note)
            elif note not in self._told:
                logger.info("zone %s: %s", zone, note)
        self._told = frozenset(plan.notes)
        if plan.stopped_by is StoppedBy.PROGRESS:
            logger.warning("zone %s: the search was ended by the clock, short of its steps", zone)
        logger.info(
            "zone %s: %d legs, %d couriers: %d tours, %d legs left out;"
            " %s, %d steps, ended by %s, %.2f s",
            zone, len(epoch.legs), len(epoch.couriers), len(plan.tours), len(plan.unassigned),
            plan.engine, plan.iterations, plan.stopped_by.value, took_s,
        )  # fmt: skip


def _checked(
    problem: Problem, policy: Policy, progress: Callable[[], float], warm: Plan | None
) -> Plan:
    """Solve; fall back to insertion where the answer does not hold."""
    engines: tuple[Engine, ...] = (policy.engine, "insert")
    for engine in dict.fromkeys(engines):
        plan = solve(
            problem,
            engine=engine,
            seed=policy.seed,
            iterations=policy.iterations_of(problem.leg_count),
            threads=policy.threads,
            solution_limit=policy.solution_limit,
            progress=progress,
            warm=warm,
            # Putting routes together takes seconds that no count of steps holds, and no guard ends.
            columns=False,
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
