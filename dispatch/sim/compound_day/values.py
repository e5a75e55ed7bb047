"""The values behind a drawn compound day, each with its basis.

``A`` is an assumption, ``press`` a press or industry page and indicative. They are written into the
day's ``day.toml``, with the basis beside each. Must not draw anything.
"""

from dataclasses import asdict, dataclass
from typing import Any

Range = tuple[int, int]
"""Least and most, both included."""
Stretch = tuple[int, int]
"""From and to, minutes after midnight."""
Hours = tuple[tuple[int, int, float], ...]
"""(from, to, share), minutes after midnight."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Buildings:
    """How a kind of compound is built (A).

    Attributes
    ----------
    buildings, entrances, floors, rooms
        Buildings of the compound, entrances of each, floors above the ground's counted from one,
        flats of a floor behind each entrance.
    across_m, deep_m, apart_m
        Between buildings along the wall, between rows of them, and between entrances.
    rule, side_rule
        Of the main gate, for all modes, and of a gate for people on foot at another side.
    """

    buildings: int
    entrances: int
    floors: int
    rooms: int
    has_lift: bool
    across_m: float
    deep_m: float
    apart_m: float
    rule: str
    side_rule: str

    @property
    def households(self) -> int:
        """How many flats it has."""
        return self.buildings * self.entrances * self.floors * self.rooms


TOWERS = Buildings(
    buildings=3,
    entrances=1,
    floors=18,
    rooms=4,
    has_lift=True,
    across_m=60.0,
    deep_m=70.0,
    apart_m=25.0,
    rule="PERMIT",
    side_rule="PERMIT",
)
WALK_UPS = Buildings(
    buildings=6,
    entrances=3,
    floors=6,
    rooms=2,
    has_lift=False,
    across_m=70.0,
    deep_m=35.0,
    apart_m=18.0,
    rule="SIGN_IN",
    side_rule="OPEN",
)
ABSENCE: Hours = ((540, 1020, 0.55), (1020, 1140, 0.40), (1140, 1290, 0.20))
WEEKEND_ABSENCE: Hours = ((540, 1290, 0.35),)

BASIS = {
    "lorries": "a Ningbo outlet's 1,500 and 600 a day (press); times A",
    "parcels_per_household": "174.5 bn parcels in 2024 (press)",
    "share": "A; sweep .2 to .6",
    "absence": "A; sweep +-.15",
    "weekend_absence": "A",
    "consent": "A; sweep .2, .5, .8",
    "phone": "industry page",
    "rider_pay_cents": "industry page: 120",
    "guard_per_min_cents": "2,200 a month of 10 h on 26 days (press)",
    "gate": "food riders +10 min in Shanghai (press); rest A",
}
"""Whatever is not named here is an assumption."""


@dataclass(frozen=True, slots=True, kw_only=True)
class CompoundDay:
    """All that is drawn. Lengths in metres, times in minutes after midnight, money in fen.

    Attributes
    ----------
    kinds
        The compounds; each of them once.
    station_m
        How far each gate lies from the station.
    shop_m
        How far a shop lies from a gate.
    parcels_per_household, share
        Parcels that a household gets on a day, and the network's share of them.
    lorries
        (when, share): parcels come in bulk and are known in bulk.
    sorted_after
        Minutes from then until a parcel is ready.
    due
        Until when all of the day is promised.
    carriers
        (name, share).
    consent
        Share of households that agreed to collection before the day.
    guards
        Of one shift at each post.
    shifts
        Of guards, and the next morning for what has been held.
    turn
        Minutes until duties rotate.
    duties
        Of one guard turn after turn; the others of a shift are one turn ahead each.
    minimum
        Of each post.
    riders, rider_shifts
        So many parcels need one more rider, without a permit; when they work.
    neighbours, neighbour_hours
        Of each compound, who carry in it; when.
    booth_hours, station_hours, shop_hours
        Opening hours.
    booth_slots, shop_slots
        S, M, L.
    grams, ml
        Lognormal median and sigma, least and most.
    """

    kinds: tuple[tuple[str, Buildings], ...] = (("towers", TOWERS), ("walk-ups", WALK_UPS))
    station_m: tuple[float, float] = (300.0, 1500.0)
    shop_m: float = 250.0
    parcels_per_household: float = 0.9
    share: float = 0.4
    lorries: tuple[tuple[int, float], ...] = ((450, 0.72), (810, 0.28))
    sorted_after: Range = (10, 40)
    due: int = 1260
    carriers: tuple[tuple[str, float], ...] = (
        ("carrier-a", 0.4),
        ("carrier-b", 0.3),
        ("carrier-c", 0.3),
    )
    consent: float = 0.5
    absence: Hours = ABSENCE
    weekend_absence: Hours = WEEKEND_ABSENCE
    phone: float = 0.9
    guards: int = 3
    shifts: tuple[Stretch, ...] = ((420, 900), (900, 1380))
    next_morning: Stretch = (420, 600)
    turn: int = 60
    duties: tuple[str, ...] = ("POST", "PATROL", "POST")
    break_turn: int = 4
    minimum: int = 1
    guard_pay_cents: Range = (60, 100)
    guard_per_min_cents: Range = (14, 20)
    guard_parcels: int = 12
    riders: int = 60
    rider_shifts: tuple[Stretch, ...] = ((450, 750), (810, 1080))
    rider_pay_cents: Range = (100, 120)
    rider_per_min_cents: Range = (18, 24)
    rider_parcels: int = 30
    neighbours: int = 2
    neighbour_hours: Stretch = (1050, 1260)
    neighbour_pay_cents: Range = (100, 200)
    neighbour_per_min_cents: Range = (20, 28)
    booth_hours: Stretch = (420, 1380)
    booth_slots: tuple[int, int, int] = (120, 40, 10)
    shop_hours: Stretch = (480, 1320)
    shop_slots: tuple[int, int, int] = (60, 20, 5)
    station_hours: Stretch = (420, 1320)
    grams: tuple[float, float, int, int] = (900.0, 0.9, 50, 9000)
    ml: tuple[float, float, int, int] = (3000.0, 0.9, 200, 40_000)
    gate_known_s: Range = (0, 10)
    gate_slow_share: float = 0.08
    gate_slow_s: Range = (300, 900)
    gate_refused_share: float = 0.02
    lift_median_s: float = 30.0
    lift_peak_s: float = 60.0
    doors_per_h: int = 25

    def policy(self) -> dict[str, Any]:
        """Return the policy's values that suit such a day, where nobody gives others.

        Everything is known at once and waits for hours: a short search on the soonest sixty legs
        finds in seconds what a long one on all of them finds in minutes.
        """
        return {
            "engine": "search",
            "most_iterations": 500,
            "max_legs": 60,
            "absent_permille": 400,
        }

    def behaviour(self) -> dict[str, Any]:
        """Return what simulated people do otherwise than by default."""
        return {
            "absence": self.absence,
            "weekend_absence": self.weekend_absence,
            "phone_share": self.phone,
            "says_when": True,
            "gate_known_s": self.gate_known_s,
            "gate_slow_share": self.gate_slow_share,
            "gate_slow_s": self.gate_slow_s,
            "gate_refused_share": self.gate_refused_share,
            "lift_median_s": self.lift_median_s,
            "lift_peak_s": self.lift_peak_s,
        }

    def table(self) -> dict[str, Any]:
        """Return all values as ``day.toml`` holds them, and what they rest on."""
        found = asdict(self)
        found["kinds"] = {name: asdict(kind) for name, kind in self.kinds}
        for name in ("lorries", "carriers", "absence", "weekend_absence"):
            found[name] = [list(row) for row in found[name]]
        return {**found, "basis": {"otherwise": "A", **BASIS}}
