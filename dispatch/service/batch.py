"""Batches: whole problems that come with a call, are solved on a thread, and are forgotten.

Pure: no command, no event, no row of the log. A solve ends early when its call does: by its
deadline, or because the caller has hung up.
"""

import asyncio
import threading
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor

import numpy as np
from numpy.typing import NDArray

from dispatch.clock import Clock
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.keeping import Closure
from dispatch.service.site import HostedNetwork, HostedZone, Site, Ways
from dispatch.service.status import AddressUnroutable, OffRoad, SolvesRunning
from dispatch.solver.arrays import UNREACHABLE
from dispatch.solver.locks import LockError, locked, overfilled
from dispatch.solver.plan import Plan
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire import names
from dispatch.wire.batch import LONGEST_S, Batch, answer, batch_in, check_size, lock_faults
from maps.network import MapError

MOST_AT_ONCE = 2
"""Batches of all networks that are solved at the same time; one of each network."""
SPARE_SHARE, LEAST_SPARE_S = 0.1, 0.3
"""What of a call's time is kept back for all that comes after the search."""


class _Abandoned(Exception):
    """Nobody waits for the plan any more."""


class _TooLong(Exception):
    """The search took longer than a search may."""


class BatchDesk:
    """Solves batches, few at a time.

    Parameters
    ----------
    site
        Whose map and clock are asked.
    most
        How many at the same time.
    """

    def __init__(self, site: Site, *, most: int = MOST_AT_ONCE) -> None:
        self._site = site
        self._most = most
        self._pool = ThreadPoolExecutor(max_workers=most, thread_name_prefix="batch")
        self._running: set[str] = set()
        self._lock = threading.Lock()

    async def solve(
        self,
        network: HostedNetwork,
        request: pb.SolveBatchRequest,
        *,
        find_zone: Callable[[], HostedZone],
        remaining_s: float | None,
    ) -> pb.SolveBatchResponse:
        """Solve a batch.

        Parameters
        ----------
        find_zone
            Returns whose closures hold, where there are no matrices; may raise `InvalidValue`.
        remaining_s
            Until the call's deadline; None: it has none.

        Raises
        ------
        InvalidValue, NotFound
            If the request is bad.
        SolvesRunning
            If as many are being solved as may be.
        """
        check_size(request)
        faults: Sequence[Fault] = ()
        closures: Sequence[Closure] = ()
        if not request.matrices:
            try:
                closed = find_zone().state.closures
                closures = [closed[key] for key in sorted(closed)]
            except InvalidValue as error:
                faults = error.faults
        run = _Run(self._site, network.currency, request, closures, faults, remaining_s)
        return await self._off_loop(network.id, run)

    async def _off_loop(self, network: str, run: "_Run") -> pb.SolveBatchResponse:
        """Run on a thread; who goes away stops the run, and its place is free when it is over."""
        self._take(network)
        try:
            future = self._pool.submit(run)
        except RuntimeError:
            self._give_back(network)
            raise
        future.add_done_callback(lambda _done: self._give_back(network))
        try:
            return await asyncio.wrap_future(future)
        except asyncio.CancelledError:
            run.abandon()
            raise

    def _take(self, network: str) -> None:
        with self._lock:
            if network in self._running:
                subject = names.joined(names.NETWORK, network)
                message = "a batch of this network is being solved: one at a time"
                raise SolvesRunning(message, subject=subject)
            if len(self._running) >= self._most:
                message = f"{self._most} batches are being solved here: no more at a time"
                raise SolvesRunning(message)
            self._running.add(network)

    def _give_back(self, network: str) -> None:
        with self._lock:
            self._running.discard(network)


class _Run:
    """One solve: read, find the ways, lock, search, write; called on a thread."""

    def __init__(
        self,
        site: Site,
        currency: str,
        request: pb.SolveBatchRequest,
        closures: Sequence[Closure],
        faults: Sequence[Fault],
        remaining_s: float | None,
    ) -> None:
        self._clock: Clock = site.clock
        self._ways = site.ways
        self._currency = currency
        self._request = request
        self._closures = closures
        self._faults = faults
        self._remaining_s = remaining_s
        self._began = site.clock.monotonic()
        self._is_abandoned = threading.Event()

    def abandon(self) -> None:
        """Stop as soon as can be: nobody waits any more."""
        self._is_abandoned.set()

    def __call__(self) -> pb.SolveBatchResponse:
        """Solve; raise `InvalidValue` with every fault."""
        modes = self._ways.modes if self._ways is not None else ()
        batch = batch_in(
            self._request, now=self._clock.now(), currency=self._currency, map_modes=modes
        )
        matrices = self._checked(batch)
        self._go_on()
        problem = unlocked = batch.problem(matrices)
        notes: tuple[str, ...] = ()
        if batch.locks:
            try:
                held = locked(problem, batch.locks, relax_after=batch.relax_after)
            except LockError as error:
                raise InvalidValue(lock_faults(error)) from error
            problem, notes = held.problem, tuple(str(strain) for strain in held.strains)
        self._go_on()
        plan = self._planned(problem, batch)
        if batch.locks:
            notes += tuple(overfilled(unlocked, plan))
        return answer(batch, problem, plan, self._currency, notes)

    def _checked(self, batch: Batch) -> dict[str, NDArray[np.int32]]:
        """Return the ways where they are the map's; raise with all faults so far."""
        faults = [*self._faults, *batch.faults]
        if not batch.needs_map:
            if faults:
                raise InvalidValue(faults)
            return {}
        if self._ways is None:
            faults.append(Fault("matrices", "is required: this service has no map"))
            raise InvalidValue(faults)
        if not batch.points:
            faults.append(Fault("places", "is required: without places there are no ways"))
        ways = self._ways.closed(self._closures)
        off, found = _routed(ways, batch)
        if off and not faults and all(isinstance(fault, OffRoad) for fault in off):
            raise AddressUnroutable(off)
        if faults or off:
            raise InvalidValue([*faults, *off])
        return found

    def _planned(self, problem: Problem, batch: Batch) -> Plan:
        limits = batch.limits
        try:
            return solve(
                problem,
                seed=limits.seed,
                iterations=limits.iterations,
                threads=limits.threads,
                progress=self._progress(limits.time_limit_s),
                watch=self._watch if limits.time_limit_s is None else self._looked_up,
                columns=limits.columns,
            )
        except _TooLong as error:
            problem_of_it = f"takes more than {LONGEST_S} s here: fewer, or give a time limit"
            raise InvalidValue([Fault("limits.iterations", problem_of_it)]) from error

    def _progress(self, time_limit_s: float | None) -> Callable[[], float] | None:
        """Return how far the time is used up; None where only steps count.

        By steps alone a plan is the same again, so no clock may look in; a deadline then ends the
        call and not the search.
        """
        if time_limit_s is None:
            return None
        if self._remaining_s is not None:
            spare_s = max(LEAST_SPARE_S, SPARE_SHARE * self._remaining_s)
            time_limit_s = min(time_limit_s, max(0.0, self._remaining_s - spare_s))
        began = self._began

        def used() -> float:
            took_s = self._clock.monotonic() - began
            return 1.0 if took_s >= time_limit_s else took_s / time_limit_s

        return used

    def _looked_up(self, _cost: int, _iterations: int) -> None:
        """Look up after each chunk of steps whether somebody still waits."""
        self._go_on()

    def _watch(self, cost: int, iterations: int) -> None:
        """Look also at the time where nothing else does."""
        self._looked_up(cost, iterations)
        if self._clock.monotonic() - self._began > LONGEST_S:
            raise _TooLong

    def _go_on(self) -> None:
        if self._is_abandoned.is_set():
            raise _Abandoned


def _routed(ways: Ways, batch: Batch) -> tuple[list[Fault], dict[str, NDArray[np.int32]]]:
    """Return what lies off the map, and the ways between all places by every mode."""
    shape = (len(batch.modes), len(batch.points), len(batch.points))
    travel, distance_m = (np.empty(shape, np.int32) for _ in range(2))
    # Where a point is bad by itself, only a stand-in is there.
    bad = {fault.field.partition(".")[0] for fault in batch.faults}
    off: dict[str, Fault] = {}
    for row, mode in enumerate(batch.modes):
        try:
            away_m = ways.snap_distance_m(mode, batch.points, at=batch.start)
        except MapError as error:
            for courier in np.flatnonzero(batch.given["mode"] == row).tolist():
                off[f"{mode}{courier}"] = Fault(f"couriers[{courier}].mode", str(error))
            continue
        for at in np.flatnonzero(np.isinf(away_m)).tolist():
            if f"places[{at}]" not in bad:
                path = f"places[{at}].point"
                off.setdefault(path, OffRoad(path, f"lies off the map: no road for {mode} is near"))
        if off or bad:
            continue
        found = ways.matrix(mode, batch.points, batch.points, at=batch.start)
        for target, values in zip((travel, distance_m), found, strict=True):
            target[row] = np.where(np.isfinite(values), np.rint(values), UNREACHABLE)
    return list(off.values()), {"travel": travel, "distance_m": distance_m}
