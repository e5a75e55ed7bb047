"""A day on which nothing leaves the station: recipients come and collect.

The engine has no collection at the hub where a parcel starts. So each station gets a counter at the
same place, and a clerk who brings over what recipients will collect: a tour without a way, whose
scans and shelves are the clerk's paid time.
"""

import dataclasses
from collections.abc import Iterable

from msgspec.structs import replace

from dispatch.core.model import (
    Availability,
    Contract,
    Courier,
    CourierKind,
    DeliveryOption,
    Hub,
    HubKind,
    Mode,
    OptionKind,
    Parcel,
    TimeWindow,
)
from dispatch.sim.experiment.crews import GRAMS, ML, midnight
from dispatch.sim.folder import Day

OPEN_MIN = (480, 1320)
"""08:00 to 22:00 (A)."""
DAYS = 3
"""What is not collected on the day itself is on one of the next."""
SLOTS = (10_000, 10_000, 10_000)
DAY_S = 86_400
MOST_ON_A_TOUR, TOUR_S = 30, 900
"""A clerk's armful, and the longest tour: too short for another station (A)."""
COUNTER, CLERK = "{}-counter", "{}-clerk"


def at_the_station(day: Day) -> Day:
    """Return a day on which those who agreed to collection come to the station.

    The parcels of all others are not in it: nothing is done for them, and they count as undelivered
    all the same (`Run.figures` are shares of all parcels of the drawn day).
    """
    parcels = tuple(_to_collect(day.parcels))
    stations = [hub for hub in day.hubs if hub.id in {its.origin_hub for its in parcels}]
    hours = tuple(_hours(day))
    shift = [Availability(opens_at=its.opens_at - 1800, closes_at=its.closes_at) for its in hours]
    clerks = [_clerk(hub) for hub in stations]
    return dataclasses.replace(
        day,
        parcels=parcels,
        hubs=(*day.hubs, *(_counter(hub, hours) for hub in stations)),
        couriers=tuple(clerks),
        availability=tuple((clerk.id, slot) for clerk in clerks for slot in shift),
        posts=(),
        companies=(),
        permits=(),
        consents=(),
    )


def consent_of(parcel: Parcel) -> DeliveryOption | None:
    """Return a recipient's yes to collection, None where there is none."""
    return next((its for its in parcel.options if its.kind is OptionKind.HUB and its.is_open), None)


def _to_collect(parcels: Iterable[Parcel]) -> Iterable[Parcel]:
    for parcel in parcels:
        consent = consent_of(parcel)
        if consent is not None and parcel.origin_hub:
            yes = replace(consent, target=COUNTER.format(parcel.origin_hub))
            yield replace(parcel, options=(yes,))


def _hours(day: Day) -> Iterable[TimeWindow]:
    for number in range(DAYS):
        begins = midnight(day) + number * DAY_S
        opens, closes = (begins + 60 * minute for minute in OPEN_MIN)
        yield TimeWindow(opens_at=opens, closes_at=closes)


def _counter(station: Hub, hours: tuple[TimeWindow, ...]) -> Hub:
    name = COUNTER.format(station.id)
    return Hub(
        id=name,
        kind=HubKind.STATION,
        place=replace(station.place, hub=name),
        operator=station.operator,
        host=CLERK.format(station.id),
        hours=hours,
        slots=SLOTS,
        contracts=(Contract.COLLECTION,),
        attended=True,
    )


def _clerk(station: Hub) -> Courier:
    return Courier(
        id=CLERK.format(station.id),
        kind=CourierKind.SHOPKEEPER,
        mode=Mode.FOOT,
        home=station.place,
        host_of=COUNTER.format(station.id),
        capacity_grams=GRAMS,
        capacity_ml=ML,
        max_parcels=MOST_ON_A_TOUR,
        allowance_s=TOUR_S,
        leash_s=TOUR_S,
        pay_fixed_cents=0,
        pay_per_min_cents=0,
    )
