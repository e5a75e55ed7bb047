"""Couriers, the posts that they leave and the stops that they have begun with, as fields."""

from collections.abc import Sequence
from itertools import accumulate
from typing import Any

import numpy as np

from dispatch.solver.arrays import (
    FOREVER,
    NO_LIMIT,
    NOT_LEFT,
    FrozenStops,
    IntArray,
    PostSteps,
)
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire.batch.reader import KILO, MINUTE, Names, Reader, column

MOST_ALIKE = 10**6
MOST_CLASSES = 1000
LONGEST_RESERVE = 10**6
_PAY = {
    "fixed_cost": ("fixed_cost", 1),
    "cost_per_travel": ("travel_minute_cost", MINUTE),
    "cost_per_away": ("away_minute_cost", MINUTE),
    "cost_over_allowance": ("over_allowance_minute_cost", MINUTE),
    "cost_per_m": ("kilometer_cost", KILO),
    "cost_per_parcel": ("parcel_cost", 1),
    "cost_per_effort": ("kilogram_floor_cost", KILO),
}
"""Fields of the problem, those of `BatchPay`, and for how many units these are."""


def couriers_in(
    couriers: Sequence[pb.BatchCourier],
    skills: Names,
    posts: Names,
    modes: Names,
    reader: Reader,
) -> dict[str, Any]:
    """Read the couriers, but for what they can load and have begun with."""

    def each(read: Any) -> IntArray:  # noqa: ANN401 - one reader for each field
        return np.array(column(couriers, read, "couriers"), np.int64)

    bits = column(
        couriers, lambda one, path: reader.bits(one.skills, skills, f"{path}.skills"), "couriers"
    )
    return {
        "start_place": each(lambda one, path: reader.place(one, "start_place", path)),
        "end_place": each(lambda one, path: reader.place(one, "end_place", path)),
        "on_duty": each(lambda one, path: reader.ticks(one, "duty_start_time", path, 0)),
        "off_duty": each(lambda one, path: reader.ticks(one, "duty_end_time", path, FOREVER)),
        "left": each(lambda one, path: _left(one, path, reader)),
        "leash": each(lambda one, path: reader.span(one, "leash_duration", path, FOREVER)),
        "allowance": each(lambda one, path: reader.span(one, "allowance_duration", path, FOREVER)),
        "return_reserve_permille": each(
            lambda one, path: reader.within(
                one.return_reserve_permille, f"{path}.return_reserve_permille", 0, LONGEST_RESERVE
            )
        ),
        "most_parcels": each(
            lambda one, path: (
                reader.within(one.most_parcels, f"{path}.most_parcels", 0, NO_LIMIT)
                if one.HasField("most_parcels")
                else NO_LIMIT
            )
        ),
        "count": each(
            lambda one, path: max(1, reader.within(one.count, f"{path}.count", 0, MOST_ALIKE))
        ),
        "mode": each(lambda one, path: max(0, reader.reference(one.mode, modes, f"{path}.mode"))),
        "access": each(
            lambda one, path: reader.within(
                one.access_class, f"{path}.access_class", 0, MOST_CLASSES - 1
            )
        ),
        "pickups_first": np.array([one.pickups_first for one in couriers], np.bool_),
        "courier_skills": np.array(bits, np.uint64),
        "post": each(lambda one, path: reader.reference(one.post, posts, f"{path}.post")),
        **{
            field: each(
                lambda one, path, name=name, per=per: reader.price(
                    one.pay, name, f"{path}.pay", per=per
                )
            )
            for field, (name, per) in _PAY.items()
        },
    }


def _left(courier: pb.BatchCourier, path: str, reader: Reader) -> int:
    """Read since when a courier is away."""
    left = reader.ticks(courier, "left_time", path, NOT_LEFT)
    if left <= 0 or not courier.HasField("left_time"):
        return left
    reader.fault(f"{path}.left_time", "is after start_time: who has not left yet has none")
    return NOT_LEFT


def loads_in(
    legs: Sequence[pb.BatchLeg], couriers: Sequence[pb.BatchCourier], reader: Reader
) -> dict[str, Any]:
    """Read what legs take up and couriers can carry; the first that says anything sets how many."""
    said = [len(leg.loads) for leg in legs if leg.loads]
    said += [len(courier.capacities) for courier in couriers if courier.capacities]
    width = said[0] if said else 0
    load = np.zeros((len(legs), width), np.int64)
    capacity = np.full((len(couriers), width), NO_LIMIT, np.int64)
    for rows, given in (
        (load, [(leg.loads, f"legs[{at}].loads") for at, leg in enumerate(legs)]),
        (
            capacity,
            [(one.capacities, f"couriers[{at}].capacities") for at, one in enumerate(couriers)],
        ),
    ):
        for at, (values, path) in enumerate(given):
            if len(values) not in {0, width}:
                reader.fault(path, f"{len(values)} numbers, wanted {width} as in the first list")
            elif values:
                rows[at] = reader.all_within(values, path, 0, NO_LIMIT)
    return {"load": load, "capacity": capacity}


def frozen_in(
    couriers: Sequence[pb.BatchCourier],
    legs: Names,
    firsts: Sequence[int],
    reader: Reader,
) -> dict[str, Any]:
    """Read the stops that tours begin with.

    Parameters
    ----------
    firsts
        The number of the first option of each leg, and behind the last one of all.
    """
    rows = [
        _frozen_stop(stop, f"couriers[{at}].frozen_stops[{number}]", legs, firsts, reader)
        for at, courier in enumerate(couriers)
        for number, stop in enumerate(courier.frozen_stops)
    ]
    columns = np.array(rows, np.int64).reshape(-1, 4).T
    counts = [len(courier.frozen_stops) for courier in couriers]
    indptr = np.array([0, *accumulate(counts)], np.int64)
    return {"frozen": FrozenStops(indptr, *columns)}


def _frozen_stop(
    stop: pb.BatchFrozenStop, path: str, legs: Names, firsts: Sequence[int], reader: Reader
) -> tuple[int, int, int, int]:
    leg = reader.needed(stop.leg, legs, f"{path}.leg")
    action, option = stop_in(stop.action, stop.option, leg, path, firsts, reader)
    return leg, action, option, reader.ticks(stop, "not_before_time", path, -FOREVER)


def stop_in(
    action: int, option: int, leg: int, path: str, firsts: Sequence[int], reader: Reader
) -> tuple[int, int]:
    """Read what happens at a stop.

    Returns
    -------
    (int, int)
        0 for a pickup and 1 for a drop-off; the number of its option among all, -1 at a pickup.
    """
    if action == pb.BatchStop.Action.PICKUP:
        if option:
            reader.fault(f"{path}.option", "a pickup has none")
        return 0, -1
    if action != pb.BatchStop.Action.DROPOFF:
        reader.fault(f"{path}.action", "is required: PICKUP or DROPOFF")
        return 0, -1
    # Without legs the reference to one has been refused already.
    count = firsts[leg + 1] - firsts[leg] if leg + 1 < len(firsts) else 0
    if not count:
        return 1, -1
    return 1, firsts[leg] + reader.within(option, f"{path}.option", 0, count - 1)


def posts_in(posts: Sequence[pb.BatchPost], reader: Reader) -> dict[str, Any]:
    """Read how many may be away from each post."""
    rows = [
        _step(step, f"posts[{at}].steps[{number}]", reader)
        for at, post in enumerate(posts)
        for number, step in enumerate(post.steps)
    ]
    columns = np.array(rows, np.int64).reshape(-1, 2).T
    indptr = np.array([0, *accumulate(len(post.steps) for post in posts)], np.int64)
    return {"post_steps": PostSteps(indptr, *columns)}


def _step(step: pb.BatchPostStep, path: str, reader: Reader) -> tuple[int, int]:
    if not step.HasField("start_time"):
        reader.fault(f"{path}.start_time", "is required")
    return (
        reader.ticks(step, "start_time", path, 0),
        reader.within(step.most_away, f"{path}.most_away", 0, NO_LIMIT),
    )
