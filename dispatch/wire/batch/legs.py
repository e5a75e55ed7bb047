"""Legs, their options and the hubs that these fill, as fields of a `Problem`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dispatch.solver.arrays import FOREVER, NO_LIMIT, Lists
from dispatch.solver.fields import DEAREST
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire.batch.reader import MINUTE, Names, Reader, column

DEAR = 10**12
"""The price of leaving a leg out where none is said: more than any way."""


def legs_in(
    legs: Sequence[pb.BatchLeg],
    own: Names,
    couriers: Names,
    skills: Names,
    sizes: int,
    reader: Reader,
) -> dict[str, Any]:
    """Read the legs themselves.

    Parameters
    ----------
    sizes
        How many size classes there are.
    """

    def each(read: Any) -> Any:  # noqa: ANN401 - one reader for each field
        return np.array(column(legs, read, "legs"), np.int64)

    bits = column(legs, lambda leg, path: reader.bits(leg.skills, skills, f"{path}.skills"), "legs")
    return {
        "pickup_place": each(lambda leg, path: reader.place(leg, "pickup_place", path)),
        "pickup_opens": each(
            lambda leg, path: reader.ticks(leg, "pickup_open_time", path, -FOREVER)
        ),
        "pickup_closes": each(
            lambda leg, path: reader.ticks(leg, "pickup_close_time", path, FOREVER)
        ),
        "pickup_service": each(lambda leg, path: reader.span(leg, "pickup_duration", path)),
        "on_board": each(
            lambda leg, path: reader.reference(
                leg.on_board_courier, couriers, f"{path}.on_board_courier"
            )
        ),
        "must_courier": each(
            lambda leg, path: reader.reference(
                leg.required_courier, couriers, f"{path}.required_courier"
            )
        ),
        "seen_courier": each(
            lambda leg, path: reader.reference(leg.seen_courier, couriers, f"{path}.seen_courier")
        ),
        "move_cost": each(lambda leg, path: reader.price(leg, "move_cost", path)),
        "after_leg": each(
            lambda leg, path: reader.reference(leg.after_leg, own, f"{path}.after_leg")
        ),
        "after_gap": each(lambda leg, path: reader.span(leg, "after_duration", path)),
        "leg_size": each(
            lambda leg, path: reader.within(
                leg.size_class, f"{path}.size_class", 0, max(sizes, 1) - 1
            )
        ),
        "leg_skills": np.array(bits, np.uint64),
        "unassigned_cost": each(lambda leg, path: reader.price(leg, "unassigned_cost", path, DEAR)),
        "lateness_cost": each(
            lambda leg, path: reader.price(leg, "lateness_minute_cost", path, per=MINUTE)
        ),
        "barred": Lists.of([_barred(leg, at, couriers, reader) for at, leg in enumerate(legs)]),
    }


def _barred(leg: pb.BatchLeg, at: int, couriers: Names, reader: Reader) -> list[int]:
    return [
        reader.needed(courier, couriers, f"legs[{at}].barred_couriers[{number}]")
        for number, courier in enumerate(leg.barred_couriers)
    ]


def options_in(legs: Sequence[pb.BatchLeg], hubs: Names, reader: Reader) -> dict[str, Any]:
    """Read all options, those of a leg one after the other."""
    rows: list[tuple[int, ...]] = []
    for at, leg in enumerate(legs):
        if not leg.options:
            reader.fault(f"legs[{at}].options", "is required: a leg ends somewhere")
        rows += [
            (at, *_option(option, f"legs[{at}].options[{number}]", hubs, reader))
            for number, option in enumerate(leg.options)
        ]
    columns = np.array(rows, np.int64).reshape(-1, len(_OPTION)).T
    return dict(zip(_OPTION, columns, strict=True))


_OPTION = (
    "option_leg",
    "option_place",
    "option_opens",
    "option_due",
    "option_closes",
    "option_service",
    "option_cost",
    "option_hub",
    "option_effort",
)


def _option(option: pb.BatchOption, path: str, hubs: Names, reader: Reader) -> tuple[int, ...]:
    place = reader.place(option, "place", path)
    is_said = option.HasField("place")
    if not is_said and not option.at_tour_end:
        reader.fault(f"{path}.place", "is required without at_tour_end")
    if is_said and option.at_tour_end:
        reader.fault(f"{path}.place", "must not be set with at_tour_end")
    closes = reader.ticks(option, "close_time", path, FOREVER)
    return (
        place,
        reader.ticks(option, "open_time", path, -FOREVER),
        reader.ticks(option, "due_time", path, closes),
        closes,
        reader.span(option, "service_duration", path),
        reader.price(option, "cost", path),
        reader.reference(option.hub, hubs, f"{path}.hub"),
        reader.within(option.effort_gram_floors, f"{path}.effort_gram_floors", 0, DEAREST),
    )


def hubs_in(hubs: Sequence[pb.BatchHub], sizes: int, reader: Reader) -> dict[str, Any]:
    """Read how many compartments are free: as many sizes at each hub.

    Parameters
    ----------
    sizes
        How many size classes there are.
    """
    free = np.zeros((len(hubs), sizes), np.int64)
    for at, hub in enumerate(hubs):
        path = f"hubs[{at}].free_slots"
        if len(hub.free_slots) not in {0, sizes}:
            reader.fault(path, f"{len(hub.free_slots)} numbers, wanted {sizes}: one for each size")
        elif hub.free_slots:
            free[at] = reader.all_within(hub.free_slots, path, 0, NO_LIMIT)
    return {"hub_slots_free": free}
