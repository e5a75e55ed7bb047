"""What a plan gave a courier stays with the courier for a while, where the policy says so.

The levels and how they relax are those of `dispatch.solver.locks`. Nobody has been told of these
tours yet, so a lock that cannot hold, or that would break a limit, is simply dropped.
"""

from collections.abc import Iterator

from dispatch.core.itineraries import Epoch
from dispatch.core.policy import Policy
from dispatch.core.warm import KeptPlan
from dispatch.core.zone import replace
from dispatch.solver.locks import TOGETHER, Lock, LockedStop, LockError, LockLevel, locked


def steadied(epoch: Epoch, last: KeptPlan | None, policy: Policy) -> Epoch:
    """Return an epoch in whose problem the policy's locks hold.

    Parameters
    ----------
    last
        The last plan, for the order of its tours; without it only couriers are locked.
    """
    locks = list(_locks_of(epoch, last, policy)) if policy.lock_level else []
    while locks:
        try:
            result = locked(epoch.problem, locks, relax_after=policy.lock_relax_s)
        except LockError as error:
            numbers = {number for number, _ in error.faults}
            if TOGETHER in numbers:
                break
            locks = [lock for number, lock in enumerate(locks) if number not in numbers]
            continue
        overdone = {strain.courier for strain in result.strains}
        if not overdone:
            return replace(epoch, problem=result.problem)
        locks = [lock for lock in locks if lock.courier not in overdone]
    return epoch


def _locks_of(epoch: Epoch, last: KeptPlan | None, policy: Policy) -> Iterator[Lock]:
    """Yield a lock for each leg that was planned to a courier who is in the problem.

    A leg that could go to a hub is free: who is locked is committed, and the solver gives what is
    committed no slot at a hub.
    """
    problem, wanted = epoch.problem, LockLevel(policy.lock_level)
    couriers = {courier.id: index for index, courier in enumerate(epoch.couriers)}
    orders = _orders(epoch, last)
    for index, leg in enumerate(epoch.legs[: epoch.real_count]):
        options = problem.options_of(index)
        courier = couriers.get(leg.planned_to)
        if courier is None or (problem.option_hub[options] >= 0).any():
            continue
        order = orders.get((leg.planned_to, leg.id), ())
        stops = tuple(
            LockedStop(
                stop.position,
                stop.action,
                options[stop.option] if stop.option in range(len(options)) else -1,
                stop.starts_at,
            )
            for stop in order
        )
        level = wanted if stops else LockLevel.COURIER
        yield Lock(index, courier, level, leg.planned_at - epoch.now, stops)


def _orders(epoch: Epoch, last: KeptPlan | None) -> dict[tuple[str, str], tuple[LockedStop, ...]]:
    """Return the stops of each (courier, leg) of the last plan; options count from the first."""
    found: dict[tuple[str, str], tuple[LockedStop, ...]] = {}
    for tour in last.tours if last is not None else ():
        for position, stop in enumerate(tour.stops):
            key = (tour.courier, stop.leg)
            its = LockedStop(position, stop.action, stop.option, stop.starts_at - epoch.now)
            found[key] = (*found.get(key, ()), its)
    return found
