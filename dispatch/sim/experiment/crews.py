"""Riders who carry a day instead of the network: what they are given.

As in reality: 150 to 200 doors a day each, at 20 to 30 an hour, with a three-wheeler that holds a
morning's parcels, a lunch break, and a permit for every compound.
"""

import dataclasses
from collections.abc import Iterable, Mapping
from datetime import datetime, time
from types import MappingProxyType
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.core.model import Availability, Courier, CourierKind, Instant, Mode, Place
from dispatch.sim.experiment.staying import staffed
from dispatch.sim.folder import Day

PARCELS_A_RIDER = 180
"""One rider's day (industry pages: 150 to 200 doors)."""
MOST_ON_A_TOUR = 60
GRAMS, ML = 300_000, 1_500_000
"""What a three-wheeler holds (A)."""
SHIFTS_MIN = ((450, 735), (795, 1290))
"""07:30 to 12:15 and 13:15 to 21:30, minutes after midnight (A)."""
TOUR_S = 14_400
"""Longest tour of such a rider: half a shift (A)."""
PAY_CENTS, PAY_PER_MIN_CENTS = 110, 0
"""Where the day has no rider to go by: so much a parcel, and nothing a minute."""
SURE = 50.0
"""Log-odds of somebody who does not choose."""
EMPLOYED: Mapping[str, Any] = MappingProxyType(
    {
        "willingness": [[kind.value, SURE] for kind in CourierKind],
        "no_show_share": 0.0,
        "hand_back_share": 0.0,
    }
)
"""Employed riders and clerks take what there is, and come (A)."""


def one_per_carrier(day: Day) -> Day:
    """Return a day on which each carrier has riders of its own, and nobody else carries."""
    carriers = sorted({parcel.carrier for parcel in day.parcels})
    riders = [
        _rider(day, f"gen-rider-{number}-{turn}", carrier)
        for number, carrier in enumerate(carriers, 1)
        for turn in range(_riders_for(sum(its.carrier == carrier for its in day.parcels)))
    ]
    return _with_riders(day, riders)


def one_for_all(day: Day) -> Day:
    """Return a day on which riders carry for all carriers, and nobody else does."""
    count = _riders_for(len(day.parcels))
    return _with_riders(day, [_rider(day, f"gen-rider-all-{turn}", None) for turn in range(count)])


def midnight(day: Day) -> Instant:
    """Return when a day begins in its time zone."""
    return int(datetime.combine(day.date, time(), ZoneInfo(day.timezone)).timestamp())


def _riders_for(parcels: int) -> int:
    return max(1, -(-parcels // PARCELS_A_RIDER))


def _with_riders(day: Day, riders: Iterable[Courier]) -> Day:
    people = tuple(riders)
    begins = midnight(day)
    slots = tuple(
        (rider.id, Availability(opens_at=begins + 60 * start, closes_at=begins + 60 * end))
        for rider in people
        for start, end in SHIFTS_MIN
    )
    permits = {(compound.id, rider.id) for compound in day.companies for rider in people}
    found = staffed(day, people, slots)
    return dataclasses.replace(found, permits=tuple(sorted({*day.permits, *permits})))


def _rider(day: Day, name: str, carrier: str | None) -> Courier:
    """Return a rider of one carrier, or of all; paid as the day's first rider."""
    drawn = next((its for its in day.couriers if its.kind is CourierKind.RIDER), None)
    return Courier(
        id=name,
        kind=CourierKind.RIDER,
        mode=Mode.EBIKE,
        home=_start(day, carrier),
        capacity_grams=GRAMS,
        capacity_ml=ML,
        max_parcels=MOST_ON_A_TOUR,
        allowance_s=TOUR_S,
        leash_s=TOUR_S,
        access=tuple(compound.id for compound in day.compounds),
        carriers=() if carrier is None else (carrier,),
        party=carrier or "all-carriers",
        pay_fixed_cents=drawn.pay_fixed_cents if drawn else PAY_CENTS,
        pay_per_min_cents=drawn.pay_per_min_cents if drawn else PAY_PER_MIN_CENTS,
    )


def _start(day: Day, carrier: str | None) -> Place:
    """Return the station where most of a carrier's parcels start."""
    count: dict[str, int] = {}
    for parcel in day.parcels:
        if carrier in {None, parcel.carrier} and parcel.origin_hub:
            count[parcel.origin_hub] = count.get(parcel.origin_hub, 0) + 1
    places = {hub.id: hub.place for hub in day.hubs}
    if not count:
        return day.parcels[0].pickup
    return places[min(count, key=lambda hub: (-count[hub], hub))]
