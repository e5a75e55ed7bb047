"""A request for a plan: all of its fields, and what is wrong with them."""

from collections.abc import Iterable, Sequence, Sized
from dataclasses import dataclass
from typing import Any

import numpy as np

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Check, Instant, Place, Seconds
from dispatch.solver.arrays import FOREVER, ProblemError
from dispatch.solver.locks import Lock
from dispatch.solver.problem import Problem
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire.batch.couriers import (
    MOST_CLASSES,
    couriers_in,
    frozen_in,
    loads_in,
    posts_in,
)
from dispatch.wire.batch.faults import problem_faults
from dispatch.wire.batch.legs import hubs_in, legs_in, options_in
from dispatch.wire.batch.locks import locks_in
from dispatch.wire.batch.reader import Names, Reader
from dispatch.wire.batch.ways import gates_in, matrices_in, points_in

MOST_LEGS = 5_000
MOST_COURIERS = 1_000
MOST_PLACES = 5_000
MOST_OPTIONS = 20_000
MOST_CELLS = 25_000_000
"""Numbers of all matrices together: a quarter of a gigabyte."""
MOST_ITERATIONS = 5_000_000
LONGEST_S: Seconds = 300
DEFAULT_S: Seconds = 10
"""How long is searched where nobody says."""
MOST_THREADS = 2
MOST_SKILLS = 64
MOST_LOADS = 16
"""Units in which loads are told."""


@dataclass(frozen=True, slots=True)
class Limits:
    """How long is searched, and by what chances.

    Attributes
    ----------
    iterations
        None: no such limit.
    time_limit_s
        Seconds; None: by iterations alone.
    columns
        As `dispatch.solver.solve` wants it.
    """

    iterations: int | None
    time_limit_s: float | None
    seed: int
    threads: int
    columns: bool | None


@dataclass(frozen=True, slots=True)
class Batch:
    """A request that was read.

    Attributes
    ----------
    start
        The moment of planning: tick 0.
    firsts
        The number of the first option of each leg, and behind the last one of all.
    modes
        Names of the matrices, or of the map's modes that couriers travel by.
    points
        Where the places are; empty where there are matrices.
    locks, relax_after
        As `dispatch.solver.locks.locked` wants them.
    faults
        What is wrong so far.
    """

    message: pb.SolveBatchRequest
    start: Instant
    legs: tuple[str, ...]
    couriers: tuple[str, ...]
    firsts: tuple[int, ...]
    modes: tuple[str, ...]
    points: tuple[Place, ...]
    limits: Limits
    locks: tuple[Lock, ...]
    relax_after: Seconds
    faults: tuple[Fault, ...]
    given: dict[str, Any]

    @property
    def needs_map(self) -> bool:
        """Whether the ways have to be found on the map."""
        return not self.message.matrices

    def problem(self, ways: dict[str, Any]) -> Problem:
        """Return the problem.

        Parameters
        ----------
        ways
            ``travel`` and ``distance_m`` from the map; empty where there are matrices.

        Raises
        ------
        InvalidValue
            With every fault, by the fields of the request.
        """
        if self.faults:
            raise InvalidValue(self.faults)
        try:
            return Problem(**self.given, **ways)
        except ProblemError as error:
            raise InvalidValue(problem_faults(error, self.message)) from error


def check_size(message: pb.SolveBatchRequest) -> None:
    """Refuse what is too large to be read.

    Raises
    ------
    InvalidValue
        Naming each limit.
    """
    check = Check()
    modes = len(message.matrices) or len({courier.mode for courier in message.couriers})
    for field, noun, count, most in (
        ("legs", "legs", len(message.legs), MOST_LEGS),
        ("couriers", "couriers", len(message.couriers), MOST_COURIERS),
        ("places", "places", len(message.places), MOST_PLACES),
        ("legs.options", "options", sum(len(leg.options) for leg in message.legs), MOST_OPTIONS),
        ("matrices", "numbers", max(1, modes) * len(message.places) ** 2, MOST_CELLS),
        ("hubs", "hubs", len(message.hubs), MOST_PLACES),
        ("posts", "posts", len(message.posts), MOST_COURIERS),
        ("gates", "gates", len(message.gates), MOST_COURIERS),
        ("skills", "skills", len(message.skills), MOST_SKILLS),
        ("locks", "locks", len(message.locks), MOST_LEGS),
        (
            "couriers.frozen_stops",
            "stops",
            sum(len(courier.frozen_stops) for courier in message.couriers),
            2 * MOST_LEGS,
        ),
        ("legs.loads", "numbers", _longest(leg.loads for leg in message.legs), MOST_LOADS),
        (
            "couriers.capacities",
            "numbers",
            _longest(courier.capacities for courier in message.couriers),
            MOST_LOADS,
        ),
        (
            "hubs.free_slots",
            "numbers",
            _longest(hub.free_slots for hub in message.hubs),
            MOST_CLASSES,
        ),
        (
            "gates.entry_seconds",
            "numbers",
            _longest(gate.entry_seconds for gate in message.gates),
            MOST_CLASSES,
        ),
    ):
        check.that(count <= most, field, f"{count} {noun}, at most {most} (the limit of {field})")
    check.done()


def _longest(lists: Iterable[Sized]) -> int:
    return max(map(len, lists), default=0)


def batch_in(
    message: pb.SolveBatchRequest, *, now: Instant, currency: str, map_modes: Sequence[str]
) -> Batch:
    """Read a request whose size is good; its faults stand in the result.

    Parameters
    ----------
    now
        The moment of planning where the request does not say.
    currency
        The network's.
    map_modes
        What the map knows, the usual one first.
    """
    check = Check()
    start = message.start_time.seconds if message.HasField("start_time") else now
    check.instant(start, "start_time")
    reader = Reader(start, currency, check)
    reader.place_count = len(message.places)
    legs = Names("legs", (leg.id for leg in message.legs), check)
    couriers = Names("couriers", (courier.id for courier in message.couriers), check)
    firsts = _firsts(message)
    modes, given = _fields(message, legs, couriers, firsts, map_modes, reader)
    locks = locks_in(message.locks, legs, couriers, firsts, reader)
    relax_after = FOREVER
    if message.HasField("lock_relax_duration"):
        relax_after = reader.within(
            message.lock_relax_duration.seconds, "lock_relax_duration", 1, FOREVER
        )
    return Batch(
        message=message,
        start=start,
        legs=tuple(leg.id for leg in message.legs),
        couriers=tuple(courier.id for courier in message.couriers),
        firsts=firsts,
        modes=modes,
        points=() if message.matrices else tuple(points_in(message.places, reader)),
        limits=limits_in(message.limits, reader),
        locks=locks,
        relax_after=relax_after,
        faults=tuple(check.faults),
        given=given,
    )


def _firsts(message: pb.SolveBatchRequest) -> tuple[int, ...]:
    counts = [len(leg.options) for leg in message.legs]
    return tuple(np.cumsum([0, *counts], dtype=np.int64).tolist())


def _fields(
    message: pb.SolveBatchRequest,
    legs: Names,
    couriers: Names,
    firsts: Sequence[int],
    map_modes: Sequence[str],
    reader: Reader,
) -> tuple[tuple[str, ...], dict[str, Any]]:
    """Read all fields of the problem but ways by the map; and the names of its modes."""
    check = reader.check
    skills = Names("skills", message.skills, check, field="")
    hubs = Names("hubs", (hub.id for hub in message.hubs), check)
    posts = Names("posts", (post.id for post in message.posts), check)
    gates = Names("gates", (gate.id for gate in message.gates), check)
    sizes = max([
        reader.within(message.size_class_count, "size_class_count", 0, MOST_CLASSES),
        *(len(hub.free_slots) for hub in message.hubs),
    ])  # fmt: skip
    modes = _modes(message, map_modes, reader)
    of_legs = legs_in(message.legs, legs, couriers, skills, sizes, reader)
    of_options = options_in(message.legs, hubs, reader)
    of_couriers = couriers_in(message.couriers, skills, posts, modes, reader)
    given = {
        **of_legs,
        **of_options,
        **of_couriers,
        **loads_in(message.legs, message.couriers, reader),
        **frozen_in(message.couriers, legs, firsts, reader),
        **hubs_in(message.hubs, sizes, reader),
        **posts_in(message.posts, reader),
        **gates_in(message.places, message.gates, gates, of_couriers["access"], reader),
    }
    if message.matrices:
        given |= matrices_in(message.matrices, len(message.places), reader)
        return tuple(modes.numbers), given
    # On the map only those modes are asked for that somebody travels by.
    used = sorted({int(mode) for mode in of_couriers["mode"]}) or [0]
    given["mode"] = np.searchsorted(used, of_couriers["mode"])
    return tuple(map_modes[mode] for mode in used if mode < len(map_modes)), given


def _modes(message: pb.SolveBatchRequest, map_modes: Sequence[str], reader: Reader) -> Names:
    """Name the modes of travel: those of the matrices, else those of the map."""
    if not message.matrices:
        return Names("the map's modes", map_modes, Check())
    reader.check.that(
        not message.zone, "zone", "is for batches without matrices: these say what the ways are"
    )
    # A single matrix needs no name.
    check = reader.check if len(message.matrices) > 1 else Check()
    return Names("matrices", (one.mode for one in message.matrices), check, field=".mode")


def limits_in(message: pb.BatchLimits, reader: Reader) -> Limits:
    """Read how long is searched."""
    iterations = reader.within(message.iterations, "limits.iterations", 0, MOST_ITERATIONS)
    time_limit_s: float | None = None if iterations else DEFAULT_S
    if message.HasField("time_limit_duration"):
        given = message.time_limit_duration
        time_limit_s = given.seconds + given.nanos / 1e9
        reader.check.that(
            0 < time_limit_s <= LONGEST_S,
            "limits.time_limit_duration",
            f"{time_limit_s:g} s is not more than 0 and at most {LONGEST_S} s",
        )
    return Limits(
        iterations=iterations or None,
        time_limit_s=time_limit_s,
        seed=reader.within(message.seed, "limits.seed", 0, 2**31 - 1),
        threads=max(1, reader.within(message.threads, "limits.threads", 0, MOST_THREADS)),
        columns=message.columns if message.HasField("columns") else None,
    )
