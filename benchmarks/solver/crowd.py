"""Generated works of a crowd of couriers around compounds: guards, shopkeepers, students, riders.

Parcels wait at stations and go to compounds, some of which admit only their own guards and who
has a badge. Guards and shopkeepers walk for an hour; students and riders have bikes and more time.
The plain family holds only what OR-Tools, PyVRP and VROOM can all express; the full one has
leashes inside longer windows, trip limits and loads on board, too. A seed gives the same work
for ever: `docs/benchmarks.md` compares costs over versions. Needs numpy alone.
"""

import math
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.solver.instance import NEVER, Instance, Ints

Floats = NDArray[np.float64]

HORIZON = 9000
"""Ticks (seconds) in which all parcels are wanted."""
GUARD, SHOP, STUDENT, RIDER = range(4)
SHARES = (0.35, 0.25, 0.25, 0.15)
MODE = np.array([0, 0, 1, 2])
MODES = ((1.3, 1.2), (4.0, 1.3), (6.5, 1.35))
"""Metres a second and detour of each mode: on foot, by bike, by electric bike."""
CAR = (9.0, 1.45)
"""A fourth mode, which nobody uses."""
TICK_COST = np.array([2, 3, 4, 6])
PARCEL_COST = np.array([1000, 1000, 1200, 1500])
FIXED_COST = np.array([1000, 1000, 2000, 5000])
UNASSIGNED_COST = np.array([8000, 15000, 30000])
ON_BOARD_COST = 200_000
ANY_COUNT = 1000
"""A trip limit that nobody reaches."""


def crowd(
    legs: int,
    couriers: int,
    seed: int,
    *,
    full: bool = False,
    modes: tuple[tuple[float, float], ...] = MODES,
) -> Instance:
    """Draw a work.

    Parameters
    ----------
    legs, couriers : int
        How many.
    seed : int
        The work's number.
    full : bool
        With leashes, trip limits and loads on board.
    modes : tuple of (speed, detour)
        More of them than `MODES` serve nobody and only take memory.

    Returns
    -------
    Instance
    """
    rng = np.random.default_rng(seed)
    town = draw_town(rng, legs, full=full)
    people = draw_people(rng, town, couriers, legs)
    points = np.vstack([town.stations, town.doors, people.starts, people.ends])
    parts = parts_of(town, people, draw_orders(rng, legs))
    gated = town.is_gated[town.compound]
    may = np.ones((legs, couriers), bool)
    own = town.compound[gated][:, None] == people.compound[None]
    may[gated] = own | people.has_badge[None]
    if full:
        _put_on_board(rng, parts, may, town, people)
    name = f"{'F' if full else 'C'}:{legs}:{couriers}:{seed}"
    return assembled(name, parts, travel_between(points, modes), may)


def parts_of(town: "Town", people: "People", orders: "Orders") -> dict[str, Ints]:
    """Return the columns of an `Instance`; places are stations, doors, starts, ends."""
    kind = people.kind
    stations, legs, couriers = len(town.stations), len(town.doors), len(kind)
    return {
        "pickup_place": town.station.copy(),
        "pickup_opens": orders.ready,
        "pickup_closes": np.full(legs, HORIZON),
        "pickup_service": np.full(legs, 30),
        "drop_place": stations + np.arange(legs),
        "drop_opens": orders.ready.copy(),
        "drop_closes": np.minimum(orders.due, HORIZON),
        "drop_service": np.full(legs, 90),
        "load": np.stack([np.ones(legs, np.int64), orders.grams], axis=1),
        "unassigned_cost": UNASSIGNED_COST[orders.priority],
        "priority": orders.priority,
        "on_board": np.full(legs, -1),
        "start_place": stations + legs + np.arange(couriers),
        "end_place": stations + legs + couriers + np.arange(couriers),
        "on_duty": people.on_duty,
        "off_duty": people.off_duty,
        "leash": people.leash,
        "most_parcels": people.most_parcels,
        "mode": MODE[kind],
        "capacity": people.capacity,
        "fixed_cost": FIXED_COST[kind],
        "cost_per_travel": TICK_COST[kind],
        "cost_per_parcel": PARCEL_COST[kind],
    }


def assembled(
    name: str, parts: dict[str, Ints], travel: NDArray[np.int32], may: NDArray[np.bool_]
) -> Instance:
    """Return an instance of its columns."""
    arrays: dict[str, Any] = {
        part: np.ascontiguousarray(values, np.int64) for part, values in parts.items()
    }
    return Instance(name=name, travel=travel, may=may, **arrays)


def travel_between(
    points: Floats, modes: tuple[tuple[float, float], ...] = MODES
) -> NDArray[np.int32]:
    """Return (M, D, D) ticks between points in metres, a few rows at a time to spare memory."""
    count = len(points)
    travel = np.empty((len(modes), count, count), np.int32)
    for first in range(0, count, 256):
        rows = slice(first, first + 256)
        metres = np.linalg.norm(points[rows, None] - points[None], axis=2)
        for mode, (speed, detour) in enumerate(modes):
            travel[mode, rows] = np.round(metres * detour / speed)
    # A `Problem` copies what could still change.
    travel.setflags(write=False)
    return travel


@dataclass(frozen=True)
class Town:
    """Where things are, metres, and from where to where each leg goes."""

    side: float
    stations: Floats
    compounds: Floats
    is_gated: NDArray[np.bool_]
    compound: Ints
    doors: Floats
    station: Ints
    full: bool
    """Whether what is drawn belongs to the full family."""


def draw_town(rng: np.random.Generator, legs: int, *, full: bool) -> Town:
    """Draw stations and compounds, and from where to where each leg goes."""
    side = 4000.0 * math.sqrt(legs / 200.0)
    station_count, compound_count = max(3, legs // 50), max(6, legs // 12)
    stations = rng.uniform(0.1 * side, 0.9 * side, (station_count, 2))
    compounds = rng.uniform(0, side, (compound_count, 2))
    is_gated = rng.random(compound_count) < 0.4
    compound = rng.integers(0, compound_count, legs)
    doors = compounds[compound] + rng.normal(0, 90, (legs, 2))
    # Mostly the nearest station, sometimes the second or third.
    away = np.linalg.norm(compounds[compound][:, None] - stations[None], axis=2)
    rank = rng.choice(3, legs, p=[0.6, 0.3, 0.1])
    station = np.argsort(away, axis=1)[np.arange(legs), rank]
    return Town(side, stations, compounds, is_gated, compound, doors, station, full)


@dataclass(frozen=True)
class Orders:
    """When legs are ready and due, ticks; what they weigh; how dear they are."""

    ready: Ints
    due: Ints
    grams: Ints
    priority: Ints


def draw_orders(rng: np.random.Generator, legs: int) -> Orders:
    """Draw when legs are ready and due, and what they weigh."""
    ready = np.where(rng.random(legs) < 0.3, rng.integers(0, 1800, legs), 0)
    is_urgent = rng.random(legs) < 0.4
    urgent = ready + rng.integers(45, 80, legs) * 60
    due = np.where(is_urgent, urgent, rng.integers(6000, HORIZON + 1, legs))
    grams = np.clip(rng.lognormal(7.0, 0.9, legs), 100, 10000).astype(np.int64)
    return Orders(ready, due, grams, rng.choice(3, legs, p=[0.7, 0.2, 0.1]))


@dataclass(frozen=True)
class People:
    """Everything about couriers (C,), and where students live; `compound` -1: no guard."""

    kind: Ints
    campuses: Floats
    starts: Floats
    ends: Floats
    on_duty: Ints
    off_duty: Ints
    leash: Ints
    capacity: Ints
    most_parcels: Ints
    compound: Ints
    has_badge: NDArray[np.bool_]


def draw_people(rng: np.random.Generator, town: Town, count: int, legs: int) -> People:
    """Draw couriers of all kinds."""
    kind = rng.choice(4, count, p=SHARES)
    campuses = rng.uniform(0, town.side, (max(1, legs // 200), 2))
    people = People(
        kind=kind,
        campuses=campuses,
        starts=np.zeros((count, 2)),
        ends=np.zeros((count, 2)),
        on_duty=np.zeros(count, np.int64),
        off_duty=np.zeros(count, np.int64),
        leash=np.full(count, NEVER),
        capacity=np.zeros((count, 2), np.int64),
        most_parcels=np.full(count, ANY_COUNT),
        compound=np.full(count, -1),
        has_badge=np.zeros(count, bool),
    )
    for who in range(count):
        draw = (_draw_guard, _draw_shop, _draw_student, _draw_rider)[kind[who]]
        draw(rng, people, who, town)
    if town.full:
        people.most_parcels[:] = np.array([6, 10, 15, 15])[kind]
    return people


def _draw_guard(rng: np.random.Generator, people: People, who: int, town: Town) -> None:
    home = rng.integers(0, len(town.compounds))
    people.compound[who] = home
    people.starts[who] = people.ends[who] = town.compounds[home]
    people.leash[who] = rng.integers(30, 61) * 60
    people.on_duty[who] = rng.integers(0, 5400)
    people.off_duty[who] = people.on_duty[who] + people.leash[who]
    if town.full:
        people.off_duty[who] += rng.integers(3600, 7200)
    people.capacity[who] = (rng.integers(4, 7), 12000)


def _draw_shop(rng: np.random.Generator, people: People, who: int, town: Town) -> None:
    near = rng.integers(0, len(town.stations))
    people.starts[who] = people.ends[who] = town.stations[near] + rng.normal(0, 200, 2)
    people.on_duty[who] = rng.integers(0, 4800)
    people.off_duty[who] = people.on_duty[who] + rng.integers(60, 91) * 60
    if town.full:
        people.leash[who] = 4500
    people.capacity[who] = (rng.integers(5, 9), 15000)


def _draw_student(rng: np.random.Generator, people: People, who: int, town: Town) -> None:
    people.starts[who] = people.campuses[rng.integers(0, len(people.campuses))]
    people.starts[who] += rng.normal(0, 300, 2)
    returns = rng.random() < 0.5
    people.ends[who] = people.starts[who] if returns else rng.uniform(0, town.side, 2)
    people.on_duty[who] = rng.integers(0, 3600)
    people.off_duty[who] = people.on_duty[who] + rng.integers(60, 121) * 60
    people.capacity[who] = (rng.integers(8, 13), 20000)


def _draw_rider(rng: np.random.Generator, people: People, who: int, town: Town) -> None:
    people.starts[who] = rng.uniform(0, town.side, 2)
    returns = rng.random() < 0.6
    people.ends[who] = people.starts[who] if returns else rng.uniform(0, town.side, 2)
    people.on_duty[who] = rng.integers(0, 900)
    people.off_duty[who] = HORIZON + 1800
    people.has_badge[who] = rng.random() < 0.5
    people.capacity[who] = (15, 40000)


def _put_on_board(
    rng: np.random.Generator,
    parts: dict[str, Ints],
    may: NDArray[np.bool_],
    town: Town,
    people: People,
) -> None:
    """Give two in five students and riders the nearest leg that they may carry."""
    away = np.linalg.norm(town.doors[:, None] - people.starts[None], axis=2)
    nearest = np.argsort(away, axis=0)
    for who in np.flatnonzero(people.kind >= STUDENT):
        if rng.random() >= 0.4:
            continue
        free = may[:, who] & (parts["on_board"] < 0)
        candidates = [leg for leg in nearest[:, who] if free[leg]]
        if not candidates:
            continue
        leg = candidates[0]
        parts["pickup_place"][leg] = -1
        parts["on_board"][leg] = who
        parts["unassigned_cost"][leg] = ON_BOARD_COST
        parts["drop_opens"][leg], parts["drop_closes"][leg] = 0, HORIZON
        may[leg] = False
        may[leg, who] = True
