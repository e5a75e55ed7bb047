"""Who carries a day: ours and the baselines, each a change of the day and of the policy.

The engine, the solver, the map, the households and their chance are the same in all of them. What a
variant changes stands in one sentence beside it, and goes into the tables.
"""

import dataclasses
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

from msgspec.structs import replace

from dispatch.core.model import Contract, Courier, CourierKind
from dispatch.sim.experiment.crews import EMPLOYED, one_for_all, one_per_carrier
from dispatch.sim.experiment.stations import at_the_station
from dispatch.sim.experiment.staying import NOBODY, behaving
from dispatch.sim.folder import Day

OURS = "ours"
NEAREST: Mapping[str, Any] = MappingProxyType(
    {"engine": "insert", "nearest_couriers": 1, "most_held_s": 0}
)
"""Policy of the nearest: only who is nearest to the pickup is thought of, and asked at once."""

AT_ONCE: Mapping[str, Any] = MappingProxyType({"most_held_s": 600})
"""Policy of `station_only`: the clerk does not wait for more than ten minutes of parcels."""


@dataclasses.dataclass(frozen=True, slots=True)
class Variant:
    """One way to carry a day.

    Attributes
    ----------
    says
        What is changed, in a sentence.
    policy
        Fields of the policy that are not to have their default.
    """

    name: str
    says: str
    change: Callable[[Day], Day]
    policy: Mapping[str, Any] = dataclasses.field(default_factory=dict)


def unchanged(day: Day) -> Day:
    """Return the day as it was drawn."""
    return day


def today(day: Day) -> Day:
    """Return the day as it is carried today: each carrier sends a rider of its own."""
    return behaving(one_per_carrier(without_relay(day)), EMPLOYED)


def one_rider(day: Day) -> Day:
    """Return the day with riders who carry for all carriers."""
    return behaving(one_for_all(without_relay(day)), EMPLOYED)


def station_only(day: Day) -> Day:
    """Return the day with a counter at each station where those who agreed to it collect."""
    return behaving(at_the_station(day), EMPLOYED)


def nearest_guard(day: Day) -> Day:
    """Return the day with its guards alone; the policy thinks only of the nearest."""
    couriers = tuple(its if its.kind is CourierKind.GUARD else barred(its) for its in day.couriers)
    return dataclasses.replace(without_relay(day), couriers=couriers)


def without_guards(day: Day) -> Day:
    """Return the day with guards who stay at their posts; they still keep their booths."""
    couriers = tuple(barred(its) if its.kind is CourierKind.GUARD else its for its in day.couriers)
    return dataclasses.replace(day, couriers=couriers)


def without_relay(day: Day) -> Day:
    """Return the day without contracts to hand parcels on."""
    hubs = tuple(
        replace(hub, contracts=tuple(its for its in hub.contracts if its is not Contract.RELAY))
        for hub in day.hubs
    )
    return dataclasses.replace(day, hubs=hubs)


def barred(courier: Courier) -> Courier:
    """Return a courier who carries nothing: for a carrier that has no parcels."""
    return replace(courier, carriers=(NOBODY,))


ALL = (
    Variant(OURS, "Guards, riders, neighbours and hubs as drawn.", unchanged),
    Variant(
        "rider_per_carrier",
        "Today: each carrier's own permitted rider carries that carrier's parcels to the door, and "
        "leaves them where recipients agreed to collect; guards stay at their posts.",
        today,
    ),
    Variant(
        "one_rider",
        "Permitted riders carry for all carriers, one for every 180 parcels; the rest as today.",
        one_rider,
    ),
    Variant(
        "station_only",
        "Nothing is carried: who agreed to collection comes to the station's counter, and the "
        "parcels of all others stay undelivered.",
        station_only,
        AT_ONCE,
    ),
    Variant(
        "nearest_guard",
        "Guards alone; each parcel is offered at once to the guard nearest to it, no relay.",
        nearest_guard,
        NEAREST,
    ),
    Variant(
        "nearest",
        "Everybody as in ours, and no plan: each parcel is offered at once to whoever is nearest.",
        unchanged,
        NEAREST,
    ),
    Variant("no_guards", "Ours, but guards never leave their posts.", without_guards),
    Variant("no_relay", "Ours, but no hub hands parcels on.", without_relay),
)
BY_NAME: Mapping[str, Variant] = MappingProxyType({variant.name: variant for variant in ALL})
