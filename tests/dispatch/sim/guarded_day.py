"""A day of a guarded compound: a booth at its gate, a post with three guards, two entrances."""

import dataclasses

from msgspec.structs import replace

from dispatch.clock import SystemClock
from dispatch.core.compounds import Compound, Post
from dispatch.core.model import (
    Availability,
    Contract,
    Courier,
    CourierKind,
    Duty,
    Hub,
    HubKind,
    Mode,
    Parcel,
    Place,
)
from dispatch.core.policy import Policy
from dispatch.sim.day import Replay, Result
from dispatch.sim.folder import Day
from dispatch.sim.guarding import permits_of
from maps.compounds import GateRule
from tests.dispatch.sim.small_day import HOUR, MINUTE, NINE, Walled, small_day

GUARDS = ("g1", "g2", "g3")
GATE = Place(lat=60.1715, lon=24.942, is_door=False)
STATION = Place(lat=60.170, lon=24.940, hub="h1", is_door=False)
POST = Post(id="q1", compound="G", hub="booth", minimum=1)
STOCK = Contract.RELAY, Contract.HOLD, Contract.COLLECTION


def door(building: int, floor: int) -> Place:
    """Return a door of one of two buildings, the first beside the gate."""
    return Place(
        lat=60.1716 + building * 0.0008,
        lon=24.9422,
        compound="G",
        building=str(building),
        entrance="1",
        floor=floor,
        has_lift=True,
        door_key=f"{building}-{floor}",
    )


def rotating(hours: int = 8, stretch_s: int = 40 * MINUTE) -> list[tuple[str, Availability]]:
    """Let three guards take turns: two at the post and one on the rounds."""
    slots = []
    for turn in range(hours * HOUR // stretch_s):
        for number, guard in enumerate(GUARDS):
            duty = Duty.PATROL if (turn + number) % len(GUARDS) == 0 else Duty.POST
            opens_at = NINE + turn * stretch_s
            slots.append(
                (
                    guard,
                    Availability(
                        opens_at=opens_at, closes_at=opens_at + stretch_s, post="q1", duty=duty
                    ),
                )
            )
    return sorted(slots, key=lambda item: (item[0], item[1].opens_at))


def guarded_day(*, rider: bool = False, parcels: int = 12, **behaviour: object) -> Day:
    """Return a day whose parcels start at the station for guards of the compound to bring in.

    Parameters
    ----------
    rider
        Whether a rider without a permit works too.
    """
    values = {
        "no_show_share": 0.0,
        "hand_back_share": 0.0,
        "hassle_cents": 1.0,
        "away_share": 0.0,
        **behaviour,
    }
    day = small_day(**values)
    couriers = [
        Courier(
            id=guard,
            kind=CourierKind.GUARD,
            mode=Mode.FOOT,
            home=GATE,
            party="acme",
            pay_fixed_cents=500,
            leash_s=40 * MINUTE,
            allowance_s=30 * MINUTE,
        )
        for guard in GUARDS
    ]
    availability = rotating()
    if rider:
        couriers.append(replace(day.couriers[1], party="carrier-a"))
        availability += [it for it in day.availability if it[0] == "r1"]
    companies = (Compound(id="G", name="Garden", company="acme"),)
    booth = Hub(
        id="booth",
        kind=HubKind.BOOTH,
        place=replace(GATE, hub="booth"),
        operator="acme",
        slots=(20, 5, 1),
        contracts=STOCK,
        attended=True,
    )
    doors = [door(building, floor) for building in (1, 2) for floor in (0, 3, 8)]
    created = NINE + 30 * MINUTE
    return dataclasses.replace(
        day,
        hubs=(*day.hubs, booth),
        couriers=tuple(couriers),
        availability=tuple(sorted(availability, key=lambda it: (it[0], it[1].opens_at))),
        posts=(POST,),
        companies=companies,
        permits=permits_of(companies, (POST,), couriers, availability),
        parcels=tuple(
            Parcel(
                id=f"m/p{index:02d}",
                merchant="m",
                pickup=STATION,
                dropoff=doors[index // 2 % len(doors)],
                origin_hub="h1",
                household=f"h{index // 2 % len(doors)}",
                created_at=created,
                ready_at=created + 5 * MINUTE,
                due_at=NINE + 7 * HOUR,
            )
            for index in range(parcels)
        ),
    )


def play(day: Day, seed: int = 1, rule: GateRule = GateRule.PERMIT, **policy: object) -> Result:
    """Replay with insertion alone, on straight lines through one gate."""
    values = Policy(engine="insert", give_up_s=4 * HOUR, **policy)  # type: ignore[arg-type]
    return Replay(day, Walled(rule), seed=seed, policy=values, clock=SystemClock()).run()
