"""A day of four parcels, and its replay, for the tests of what follows from one."""

import dataclasses
from collections.abc import Sequence
from datetime import UTC, date, datetime

from msgspec.structs import replace

from dispatch.clock import SystemClock
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
    Place,
)
from dispatch.core.policy import Policy
from dispatch.sim.day import Replay, Result
from dispatch.sim.folder import Day
from maps.compounds import Gate, GateRule
from maps.doors import DoorLike
from maps.profiles import MODES
from maps.travel import StraightLine

NINE = int(datetime(2026, 3, 2, 9, tzinfo=UTC).timestamp())
HOUR, MINUTE = 3600, 60
EVIL = "<script>alert('x')</script>"
TIMES = StraightLine()
AGREED = DeliveryOption(
    kind=OptionKind.HUB, consented_by="recipient", consented_at=NINE, evidence="text"
)
DOOR = DeliveryOption(kind=OptionKind.DOOR)
ALL_DAY = ((0, 1440, 1.0),)


class Walled(StraightLine):
    """Straight lines through one gate, behind which every door of compound G lies."""

    def __init__(self, rule: GateRule, sign_in_s: int | None = None) -> None:
        super().__init__()
        self._gate = Gate(
            id="g", lat=60.1715, lon=24.942, modes=MODES, rule=rule, sign_in_s=sign_in_s
        )

    def gates(self, doors: Sequence[DoorLike]) -> tuple[str, ...]:
        """Return the compound that each door says."""
        return tuple(door.compound for door in doors)

    def gate(self, compound: str, mode: str, *, at: int | None = None) -> Gate | None:
        """Return the gate."""
        return self._gate if compound == "G" else None


def small_day(**behaviour: object) -> Day:
    """Return four parcels from one station for a rider and a neighbour who are near."""
    station = Place(lat=60.170, lon=24.940, hub="h1", is_door=False)
    kinds = (("n1", CourierKind.NEIGHBOUR, Mode.FOOT), ("r1", CourierKind.RIDER, Mode.EBIKE))
    home = Place(lat=60.171, lon=24.941, is_door=False)
    return Day(
        date=date(2026, 3, 2),
        timezone="Europe/Helsinki",
        network="n",
        zone="z",
        currency="EUR",
        datum="WGS84",
        epoch_s=60,
        map=None,
        scenario={"generated": True, "note": EVIL, "behaviour": behaviour},
        hubs=(Hub(id="h1", kind=HubKind.STATION, place=station, operator=EVIL),),
        couriers=tuple(
            Courier(id=id_, kind=kind, mode=mode, home=home, pay_fixed_cents=500)
            for id_, kind, mode in kinds
        ),
        availability=tuple(
            (id_, Availability(opens_at=NINE, closes_at=NINE + 6 * HOUR)) for id_, *_ in kinds
        ),
        parcels=tuple(
            Parcel(
                id=f"m/p{index}",
                merchant="m",
                pickup=station,
                dropoff=Place(lat=60.172 + index / 2000, lon=24.943),
                origin_hub="h1",
                created_at=NINE + 20 * MINUTE * index,
                ready_at=NINE + 20 * MINUTE * index + 5 * MINUTE,
                due_at=NINE + 20 * MINUTE * index + 80 * MINUTE,
            )
            for index in range(4)
        ),
        unused=("gates.csv: 3 gates",),
    )


def a_shop(**fields: object) -> Hub:
    """Give an attended shop beside the doors that takes four small parcels for recipients."""
    given = {
        "kind": HubKind.SHOP,
        "place": Place(lat=60.1725, lon=24.944, hub="shop", is_door=False),
        "operator": "shop",
        "slots": (4, 0, 0),
        "contracts": (Contract.COLLECTION, Contract.HOLD),
        "attended": True,
        **fields,
    }
    return Hub(id="shop", **given)  # type: ignore[arg-type]


def a_day(*hubs: Hub, options: tuple[DeliveryOption, ...] = (DOOR,), **behaviour: object) -> Day:
    """Give the day of four parcels with more hubs; everybody is out and every courier willing."""
    values = {
        "absence": ALL_DAY,
        "no_show_share": 0.0,
        "hand_back_share": 0.0,
        "hassle_cents": 1.0,
        "never_collects_share": 0.0,
        **behaviour,
    }
    day = small_day(**values)
    return dataclasses.replace(
        day,
        hubs=(*day.hubs, *hubs),
        parcels=tuple(replace(parcel, options=options) for parcel in day.parcels),
    )


def play(day: Day, seed: int = 1) -> Result:
    """Replay a day with insertion alone, on straight lines."""
    policy = Policy(engine="insert", give_up_s=HOUR)
    return Replay(day, TIMES, seed=seed, policy=policy, clock=SystemClock()).run()
