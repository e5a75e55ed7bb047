"""Small changes of a day that several variants make."""

import dataclasses
from collections.abc import Mapping
from typing import Any

from msgspec.structs import replace

from dispatch.core.model import Availability, Courier
from dispatch.sim.folder import Day

NOBODY = "gen-no-carrier"
"""A carrier without parcels: whoever carries for it alone is asked for nothing."""


def behaving(day: Day, values: Mapping[str, Any]) -> Day:
    """Return a day on which people behave by other values, the rest as in its scenario."""
    behaviour = {**day.scenario.get("behaviour", {}), **values}
    return dataclasses.replace(day, scenario={**day.scenario, "behaviour": behaviour})


def keepers_of(day: Day) -> frozenset[str]:
    """Return who keeps a hub or stands at a post, by the day's lists."""
    posts = {post.id for post in day.posts}
    found = {hub.host for hub in day.hubs if hub.host}
    found |= {courier.id for courier in day.couriers if courier.host_of}
    found |= {courier for courier, slot in day.availability if slot.post in posts}
    return frozenset(found)


Slots = tuple[tuple[str, Availability], ...]


def staffed(day: Day, people: tuple[Courier, ...], slots: Slots) -> Day:
    """Return a day on which these carry and nobody else does; keepers keep, the others stay away.

    Everybody remains known, because a recipient may have named a neighbour.
    """
    keepers = keepers_of(day)
    others = tuple(replace(its, carriers=(NOBODY,)) for its in day.couriers)
    kept = tuple(item for item in day.availability if item[0] in keepers)
    return dataclasses.replace(
        day,
        couriers=(*others, *people),
        availability=tuple(sorted((*kept, *slots), key=lambda it: (it[0], it[1].opens_at))),
    )
