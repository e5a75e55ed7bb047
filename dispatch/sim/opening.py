"""What is true when a day begins: its hubs, people, compounds, posts, permits and rosters."""

import itertools
from collections.abc import Iterator

from dispatch.core import messages as m
from dispatch.sim.folder import Day

SETTER_UP = "day folder"
"""Whose word the permits of a day are."""


def opening(day: Day) -> Iterator[m.Command]:
    """Yield what puts a day's people and places into the zone, rosters last."""
    for hub in day.hubs:
        yield m.CreateHub(hub=hub)
    for courier in day.couriers:
        yield m.CreateCourier(courier=courier)
    for compound in day.companies:
        yield m.CreateCompound(compound=compound)
    for post in day.posts:
        yield m.CreatePost(post=post)
    for compound_id, courier_id in day.permits:
        yield m.PermitCourier(compound=compound_id, courier=courier_id, actor=SETTER_UP)
    for courier_id, slots in itertools.groupby(day.availability, key=lambda item: item[0]):
        yield m.AddAvailability(courier=courier_id, slots=tuple(slot for _, slot in slots))
