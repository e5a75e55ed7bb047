"""Locks, and what is wrong with them."""

from collections.abc import Sequence

from dispatch.core.errors import Fault
from dispatch.solver.arrays import FOREVER
from dispatch.solver.locks import TOGETHER, Lock, LockedStop, LockError, LockLevel
from dispatch.solver.plan import Action
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire import scalars
from dispatch.wire.batch.couriers import stop_in
from dispatch.wire.batch.reader import Names, Reader

ACTIONS = (Action.PICKUP, Action.DROPOFF)


def locks_in(
    locks: Sequence[pb.BatchLock],
    legs: Names,
    couriers: Names,
    firsts: Sequence[int],
    reader: Reader,
) -> tuple[Lock, ...]:
    """Read locks; whether they can hold is for `dispatch.solver.locks` to say.

    Parameters
    ----------
    firsts
        As in `dispatch.wire.batch.couriers.frozen_in`.
    """
    found = []
    for at, lock in enumerate(locks):
        path = f"locks[{at}]"
        level = scalars.member_of(
            LockLevel, pb.BatchLock.Level, lock.level, f"{path}.level", reader.check
        )
        reader.check.that(lock.level != 0, f"{path}.level", "is required")
        leg = reader.needed(lock.leg, legs, f"{path}.leg")
        stops = tuple(
            _stop(stop, leg, f"{path}.stops[{number}]", firsts, reader)
            for number, stop in enumerate(lock.stops)
        )
        found.append(
            Lock(
                leg=leg,
                courier=reader.needed(lock.courier, couriers, f"{path}.courier"),
                level=level or LockLevel.COURIER,
                since=reader.ticks(lock, "since_time", path, 0),
                stops=stops,
            )
        )
    return tuple(found)


def _stop(
    stop: pb.BatchLockedStop, leg: int, path: str, firsts: Sequence[int], reader: Reader
) -> LockedStop:
    action, option = stop_in(stop.action, stop.option, leg, path, firsts, reader)
    return LockedStop(
        position=stop.position,
        action=ACTIONS[action],
        option=option,
        starts_at=reader.ticks(stop, "start_time", path, -FOREVER),
    )


def lock_faults(error: LockError) -> list[Fault]:
    """Return the faults by the fields of the request."""
    return [
        Fault("locks" if number == TOGETHER else f"locks[{number}]", message)
        for number, message in error.faults
    ]
