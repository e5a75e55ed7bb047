"""The values behind a drawn day: every distribution that `dispatch.sim.generate` draws from.

They stand apart from the drawing so that they can be read at a glance, and they are written
into the day's ``day.toml``. All are assumptions unless a comment names a source; none was
measured in a real day. Must not draw anything.
"""

from dataclasses import asdict, dataclass
from typing import Any

from dispatch.core.model import CourierKind, Mode

Range = tuple[int, int]
"""Least and most, both included; uniform between them."""


@dataclass(frozen=True, slots=True, kw_only=True)
class KindValues:
    """One kind of courier.

    Attributes
    ----------
    share
        Of all couriers.
    modes
        (mode, weight).
    capacity_grams, capacity_ml
        By mode, in the order of ``modes``.
    max_parcels
        On one tour.
    parcels_per_h
        What one idle hour is reckoned to carry, by mode; only for the ratio of capacity to
        demand.
    idle
        Stretches of a day in which an idle slot may lie, (from, to) in minutes after
        midnight; each courier has ``slots`` of them.
    slot_min
        Length of a slot before it is scaled to the wanted capacity, minutes.
    least_min, most_min
        Bounds of the scaled length.
    pay_fixed_cents, pay_per_min_cents
        For a parcel; for a minute of detour.
    """

    share: float
    modes: tuple[tuple[Mode, float], ...]
    capacity_grams: tuple[int, ...]
    capacity_ml: tuple[int, ...]
    max_parcels: int
    parcels_per_h: tuple[float, ...]
    idle: tuple[Range, ...]
    slots: int
    slot_min: Range
    least_min: int
    most_min: int
    pay_fixed_cents: Range
    pay_per_min_cents: Range


KINDS: dict[CourierKind, KindValues] = {
    # Riders work shifts; theirs are spread over the day so that somebody is always there.
    CourierKind.RIDER: KindValues(
        share=0.18,
        modes=((Mode.EBIKE, 1.0),),
        capacity_grams=(40_000,),
        capacity_ml=(160_000,),
        max_parcels=12,
        parcels_per_h=(8.0,),
        idle=((465, 1320),),
        slots=1,
        slot_min=(210, 300),
        least_min=150,
        most_min=600,
        pay_fixed_cents=(100, 120),  # an industry page: 120
        pay_per_min_cents=(18, 28),
    ),
    # A guard walks between two turns at the gate.
    CourierKind.GUARD: KindValues(
        share=0.27,
        modes=((Mode.FOOT, 1.0),),
        capacity_grams=(15_000,),
        capacity_ml=(60_000,),
        max_parcels=6,
        parcels_per_h=(2.5,),
        idle=((465, 640), (640, 815), (815, 990), (990, 1150), (1150, 1290)),
        slots=4,
        slot_min=(35, 50),
        least_min=30,
        most_min=90,
        pay_fixed_cents=(60, 100),
        pay_per_min_cents=(14, 20),  # a guard's wage, 850 to 1,200 an hour
    ),
    CourierKind.SHOPKEEPER: KindValues(
        share=0.15,
        modes=((Mode.FOOT, 0.6), (Mode.BICYCLE, 0.4)),
        capacity_grams=(12_000, 15_000),
        capacity_ml=(50_000, 60_000),
        max_parcels=5,
        parcels_per_h=(2.5, 3.5),
        idle=((560, 690), (810, 970), (1080, 1260)),
        slots=3,
        slot_min=(40, 60),
        least_min=35,
        most_min=120,
        pay_fixed_cents=(80, 140),
        pay_per_min_cents=(18, 28),
    ),
    CourierKind.NEIGHBOUR: KindValues(
        share=0.20,
        modes=((Mode.FOOT, 0.5), (Mode.BICYCLE, 0.5)),
        capacity_grams=(10_000, 12_000),
        capacity_ml=(45_000, 50_000),
        max_parcels=3,
        parcels_per_h=(2.5, 3.5),
        idle=((540, 720), (960, 1110), (1110, 1275)),
        slots=2,
        slot_min=(45, 75),
        least_min=40,
        most_min=150,
        pay_fixed_cents=(100, 200),
        pay_per_min_cents=(20, 30),
    ),
    CourierKind.STUDENT: KindValues(
        share=0.20,
        modes=((Mode.BICYCLE, 0.5), (Mode.EBIKE, 0.5)),
        capacity_grams=(12_000, 18_000),
        capacity_ml=(50_000, 70_000),
        max_parcels=6,
        parcels_per_h=(4.0, 5.0),
        idle=((500, 650), (640, 800), (870, 1040), (1040, 1240)),
        slots=2,
        slot_min=(50, 80),
        least_min=45,
        most_min=160,
        pay_fixed_cents=(150, 200),
        pay_per_min_cents=(20, 30),
    ),
}


def at_work(daytime: float) -> tuple[tuple[int, int, float], ...]:
    """Return a working day's absence by its share between nine and five.

    People come home from five on: the shares of the evening stand to the daytime's as in the
    compound day's assumptions, .55, .40 and .20.
    """
    return ((540, 1020, daytime), (1020, 1140, daytime * 8 / 11), (1140, 1290, daytime * 4 / 11))


@dataclass(frozen=True, slots=True, kw_only=True)
class Scenario:
    """Everything else that is drawn. Lengths in metres, times in minutes after midnight.

    Attributes
    ----------
    capacity_to_demand
        Wanted ratio: idle hours times ``parcels_per_h`` over all couriers, by parcels.
    arrivals_from, arrivals_to, arrivals_weight
        Handing-in is a Poisson process whose rate is constant in equal parts of this
        stretch, in these proportions, given its total.
    ready_after_min
        Lognormal median and sigma, least and most, of minutes from creation to ready.
    promise_min
        Minutes from ready to due.
    shop_share
        Of parcels that start in a shop.
    compound_share
        Of parcels for a door in a compound; the others go to doors on streets.
    same_household_share
        Of a compound's parcels that go to a household which already has one.
    district_m
        Stations lie so far from the densest point of the map at most.
    station_gap_m
        Wanted least distance between stations.
    door_m
        Lognormal median and sigma, and most, of a door's distance from its station.
    shop_reach_m
        Farthest that a shop's parcels go.
    shop_m, courier_m
        Farthest that a shop, and a neighbour's or student's home, lie from some door.
    errand_m
        Farthest that neighbours and students are going anyway.
    rider_reach_m
        Stations farther than this from every door have no riders.
    off_street_m
        A door's distance from the middle of the street.
    parcels_per_station, parcels_per_shop, parcels_per_compound, stations
        How many of each are drawn; stations within these bounds.
    compound_radius_m, buildings, entrances, rooms
        Of a compound; entrances of a building; rooms of a floor.
    tower_share, tower_floors, walk_up_floors
        Towers have lifts, the others none.
    street_floors
        Floors of doors on streets, without lifts.
    grams, ml
        Lognormal median and sigma, least and most.
    neighbour_errand_share
        Of neighbours who are on their way somewhere and do not return.
    station_hours, shop_hours
        Opening hours; shops open again the next day, so that recipients can fetch what is there.
    consent_share
        Of households that agreed, before the day, to fetch parcels from the nearest hub.
    absence
        (from, to, share): so many households are out between these minutes after midnight. Without
        any, few are, because recipients are called ahead; see `Behaviour.absence`.
    """

    capacity_to_demand: float = 1.6
    arrivals_from: int = 480
    arrivals_to: int = 1200
    arrivals_weight: tuple[float, ...] = (5, 9, 12, 11, 8, 7, 9, 10, 11, 10, 7, 4)
    ready_after_min: tuple[float, float, int, int] = (10.0, 0.5, 3, 40)
    promise_min: Range = (60, 180)
    shop_share: float = 0.3
    compound_share: float = 0.7
    same_household_share: float = 0.1
    district_m: float = 2200.0
    station_gap_m: float = 900.0
    door_m: tuple[float, float, float] = (450.0, 0.6, 2900.0)
    shop_reach_m: float = 1500.0
    shop_m: float = 600.0
    courier_m: float = 500.0
    errand_m: float = 1000.0
    rider_reach_m: float = 1500.0
    off_street_m: tuple[float, float] = (8.0, 25.0)
    parcels_per_station: int = 120
    stations: Range = (2, 6)
    parcels_per_shop: int = 30
    parcels_per_compound: int = 18
    compound_radius_m: tuple[float, float] = (20.0, 110.0)
    buildings: Range = (3, 8)
    entrances: Range = (1, 3)
    rooms: Range = (2, 4)
    tower_share: float = 0.5
    tower_floors: Range = (11, 33)
    walk_up_floors: Range = (5, 7)
    street_floors: Range = (1, 5)
    grams: tuple[float, float, int, int] = (900.0, 0.9, 50, 9000)
    ml: tuple[float, float, int, int] = (3000.0, 0.9, 200, 40_000)
    neighbour_errand_share: float = 0.5
    station_hours: Range = (450, 1335)
    shop_hours: Range = (480, 1335)
    consent_share: float = 0.5
    absence: tuple[tuple[int, int, float], ...] = ()

    def table(self) -> dict[str, Any]:
        """Return all values, those of the kinds included, as ``day.toml`` holds them."""
        kinds = {}
        for kind, values in KINDS.items():
            kinds[kind.value] = {
                **asdict(values),
                "modes": [mode.value for mode, _ in values.modes],
                "mode_weights": [weight for _, weight in values.modes],
            }
        return {**asdict(self), "couriers": kinds}
