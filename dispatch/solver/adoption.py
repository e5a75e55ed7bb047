"""Whether tours from elsewhere can be taken over at all, before they are timed."""

from collections import Counter
from collections.abc import Sequence

from dispatch.solver.schedule import Schedule


def is_whole(schedule: Schedule, couriers: Sequence[int], tours: Sequence[Sequence[int]]) -> bool:
    """Say whether tours serve legs wholly, once, and all that is committed by whom it is.

    Parameters
    ----------
    schedule : Schedule
        The problem.
    couriers : sequence of int, by vehicle
        Who makes each tour.
    tours : sequence of stops, by vehicle
        Frozen stops are where they belong, or these are no tours of this problem.

    """
    dropped = Counter(
        schedule.leg[stop] for stops in tours for stop in stops if schedule.is_dropoff[stop]
    )
    return (
        max(dropped.values(), default=1) == 1
        and all(leg in dropped for leg, by in enumerate(schedule.committed_to) if by >= 0)
        and all(
            _is_whole(schedule, courier, stops)
            for courier, stops in zip(couriers, tours, strict=True)
        )
    )


def without_orphans(schedule: Schedule, tours: Sequence[Sequence[int]]) -> list[list[int]]:
    """Take out the free legs that do not exist: what they come after is not dropped at its hub."""
    called = {schedule.calls.get(stop, -1) for stops in tours for stop in stops}
    orphans = {leg for leg in schedule.gap if leg not in called and schedule.committed_to[leg] < 0}
    return [[stop for stop in stops if schedule.leg[stop] not in orphans] for stops in tours]


def _is_whole(schedule: Schedule, courier: int, stops: Sequence[int]) -> bool:
    """Say whether a tour begins as it is frozen, and drops what it picks up, later, and no more."""
    prefix = schedule.prefix[courier]
    picked: set[int] = set()
    dropped: set[int] = set()
    for stop in stops:
        leg = schedule.leg[stop]
        if schedule.committed_to[leg] not in {-1, courier} or leg in dropped:
            return False
        if stop < schedule.leg_count:
            if leg in picked:
                return False
            picked.add(leg)
        elif schedule.has_pickup[leg] and leg not in picked:
            return False
        else:
            dropped.add(leg)
    return list(stops[: len(prefix)]) == prefix and picked <= dropped
