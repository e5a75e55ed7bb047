"""A benchmark's `Instance` as our `Problem`: the same numbers under our names."""

import numpy as np

from benchmarks.solver.instance import NEVER, Instance
from dispatch.solver.arrays import FOREVER, Int32Array, Lists
from dispatch.solver.problem import Problem


def problem_of(instance: Instance, *, large: bool = False) -> Problem:
    """Return the same work for our solver; its costs are the instance's own.

    Permits are given as `barred`. All else has a field of its own.

    Parameters
    ----------
    instance : Instance
        The work.
    large : bool
        With distances and with four modes, which nothing uses, to see what they take in memory.
    """
    travel = instance.travel
    distance: Int32Array = np.broadcast_to(np.int32(0), travel.shape)
    if large:
        travel = np.concatenate([travel, travel[: max(4 - len(travel), 0)]])
        distance = 5 * travel
    is_free = instance.on_board < 0
    barred = [
        np.flatnonzero(~row).tolist() if free else []
        for row, free in zip(instance.may, is_free, strict=True)
    ]
    return Problem(
        travel=travel,
        distance_m=distance,
        pickup_place=instance.pickup_place,
        pickup_opens=instance.pickup_opens,
        pickup_closes=instance.pickup_closes,
        pickup_service=instance.pickup_service,
        on_board=instance.on_board,
        barred=Lists.of(barred),
        load=instance.load,
        unassigned_cost=instance.unassigned_cost,
        option_leg=np.arange(instance.leg_count),
        option_place=instance.drop_place,
        option_opens=instance.drop_opens,
        option_closes=instance.drop_closes,
        option_service=instance.drop_service,
        start_place=instance.start_place,
        end_place=instance.end_place,
        on_duty=instance.on_duty,
        off_duty=instance.off_duty,
        leash=np.where(instance.leash == NEVER, FOREVER, instance.leash),
        capacity=instance.capacity,
        most_parcels=instance.most_parcels,
        mode=instance.mode,
        fixed_cost=instance.fixed_cost,
        cost_per_travel=instance.cost_per_travel,
        cost_per_parcel=instance.cost_per_parcel,
    )
