"""A benchmark's `Instance` as our `Problem`: the same numbers under our names."""

import numpy as np

from benchmarks.solver.instance import NEVER, Instance
from benchmarks.solver.street import HUB_COST, HUB_SERVICE, LATENESS_COST, Street
from dispatch.solver.arrays import FOREVER, Int32Array, IntArray, Lists, PostSteps
from dispatch.solver.problem import Problem

METRES_PER_TICK = 5
"""Of distances that stand there for their size alone."""


def problem_of(instance: Instance, *, has_distances: bool = False) -> Problem:
    """Return the same work for our solver; its costs are the instance's own.

    Permits are given as `barred`. All else has a field of its own.

    Parameters
    ----------
    instance : Instance
        The work.
    has_distances : bool
        With metres, which cost nothing, to see what they take in memory.
    """
    travel = instance.travel
    distance: Int32Array = np.broadcast_to(np.int32(0), travel.shape)
    if has_distances:
        distance = METRES_PER_TICK * travel
        distance.setflags(write=False)
    return Problem(
        travel=travel,
        distance_m=distance,
        pickup_place=instance.pickup_place,
        pickup_opens=instance.pickup_opens,
        pickup_closes=instance.pickup_closes,
        pickup_service=instance.pickup_service,
        on_board=instance.on_board,
        barred=_barred(instance),
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


def _barred(instance: Instance) -> Lists:
    """List who may not have a leg; nothing about those on board."""
    is_free = instance.on_board < 0
    rows = [
        np.flatnonzero(~row).tolist() if free else []
        for row, free in zip(instance.may, is_free, strict=True)
    ]
    return Lists.of(rows)


def street_problem_of(street: Street) -> Problem:
    """Return a work of the street for our solver: doors are even options, hubs odd ones."""
    base = street.base
    legs = np.arange(base.leg_count)
    kinds, access = np.unique(street.entry, axis=0, return_inverse=True)
    posts = int(street.post.max(initial=-1)) + 1
    starts_at, most_away = zip(*street.most_away, strict=True)

    def options(door: IntArray | int, hub: IntArray | int) -> IntArray:
        both = np.stack([np.broadcast_to(door, len(legs)), np.broadcast_to(hub, len(legs))], axis=1)
        return both.astype(np.int64).ravel()

    return Problem(
        travel=base.travel,
        place_gate=street.gate,
        access=access.ravel().astype(np.int64),
        gate_entry=kinds,
        pickup_place=base.pickup_place,
        pickup_opens=base.pickup_opens,
        pickup_closes=base.pickup_closes,
        pickup_service=base.pickup_service,
        barred=_barred(base),
        load=base.load,
        leg_size=street.size,
        unassigned_cost=base.unassigned_cost,
        lateness_cost=np.full(len(legs), LATENESS_COST),
        option_leg=np.repeat(legs, 2),
        option_place=options(base.drop_place, street.hub_place[street.hub]),
        option_opens=np.repeat(base.drop_opens, 2),
        option_due=np.repeat(street.due, 2),
        option_closes=np.repeat(base.drop_closes, 2),
        option_service=options(base.drop_service, HUB_SERVICE),
        option_cost=options(0, HUB_COST),
        option_hub=options(-1, street.hub),
        start_place=base.start_place,
        end_place=base.end_place,
        on_duty=base.on_duty,
        off_duty=base.off_duty,
        leash=np.where(base.leash == NEVER, FOREVER, base.leash),
        capacity=base.capacity,
        most_parcels=base.most_parcels,
        mode=base.mode,
        fixed_cost=base.fixed_cost,
        cost_per_travel=base.cost_per_travel,
        cost_per_parcel=base.cost_per_parcel,
        hub_slots_free=street.slots,
        post=street.post,
        post_steps=PostSteps(
            indptr=len(starts_at) * np.arange(posts + 1),
            starts_at=np.tile(np.array(starts_at), posts),
            most_away=np.tile(np.array(most_away), posts),
        ),
    )
