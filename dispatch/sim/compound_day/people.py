"""Who works on a compound day: guards on rotating rosters, riders, neighbours.

Rows of ``couriers.csv`` and ``availability.csv``.
"""

from collections.abc import Iterator
from typing import Any

from dispatch.core.model import CourierKind, Mode
from dispatch.sim.compound_day.sites import Site
from dispatch.sim.compound_day.values import CompoundDay, Range, Stretch
from dispatch.sim.draws import Draws
from dispatch.sim.streets import Spot
from dispatch.sim.town import PREFIX, whole

Row = dict[str, object]
DAY_MIN = 1440
POST, PATROL, BREAK = "POST", "PATROL", "BREAK"


def post_of(site: Site) -> str:
    """Return the id of a compound's post."""
    return f"{site.id}-post"


def booth_of(site: Site) -> str:
    """Return the id of a compound's booth."""
    return f"{site.id}-booth"


def company_of(site: Site) -> str:
    """Return the id of a compound's property company."""
    return f"{PREFIX}company-{site.id.removeprefix(PREFIX)}"


def guards(site: Site, values: CompoundDay, draws: Draws) -> Iterator[tuple[Row, list[Row]]]:
    """Yield the guards of a compound's post with their rosters."""
    for shift, hours in enumerate(values.shifts):
        for number in range(values.guards):
            name = f"{site.id}-guard-{shift + 1}{number + 1}"
            row = _courier(
                name,
                CourierKind.GUARD,
                Mode.FOOT,
                site.booth,
                (15_000, 60_000),
                values.guard_parcels,
                (values.guard_pay_cents, values.guard_per_min_cents),
                draws,
            )
            row |= {"party": company_of(site), "access": site.id}
            slots = list(_turns(name, post_of(site), values, hours, number))
            if shift == 0:
                # What was held over night is tried again before people leave.
                opens, closes = values.next_morning
                later = (opens + DAY_MIN, closes + DAY_MIN)
                slots += list(_turns(name, post_of(site), values, later, number))
            yield row, slots


def _turns(
    guard: str, post: str, values: CompoundDay, hours: Stretch, number: int
) -> Iterator[Row]:
    """Yield the turns of one guard: duties rotate, and each has one break in a shift.

    Breaks follow each other, so that never two of a shift have one at once.
    """
    opens, closes = hours
    for turn, begin in enumerate(range(opens, closes, values.turn)):
        duty = values.duties[(turn + number) % len(values.duties)]
        if turn == values.break_turn + number and duty == POST:
            duty = BREAK
        yield {
            "courier_id": guard,
            "opens_at": begin,
            "closes_at": min(closes, begin + values.turn),
            "post": post,
            "duty": duty,
        }


def riders(
    station: Spot, values: CompoundDay, draws: Draws, parcels: int
) -> Iterator[tuple[Row, list[Row]]]:
    """Yield riders of carriers whom gates know and do not permit; they carry for all carriers."""
    for number in range(max(1, -(-parcels // values.riders))):
        carrier, _ = values.carriers[number % len(values.carriers)]
        name = f"{PREFIX}rider-{number + 1}"
        row = _courier(
            name,
            CourierKind.RIDER,
            Mode.EBIKE,
            station,
            (60_000, 240_000),
            values.rider_parcels,
            (values.rider_pay_cents, values.rider_per_min_cents),
            draws,
        )
        row["party"] = carrier
        yield row, [_slot(name, hours) for hours in values.rider_shifts]


def neighbours(site: Site, values: CompoundDay, draws: Draws) -> Iterator[tuple[Row, list[Row]]]:
    """Yield people who live in a compound and carry in it of an evening."""
    for number in range(values.neighbours):
        name = f"{site.id}-neighbour-{number + 1}"
        door = site.land.entrances[number % len(site.land.entrances)]
        spot = Spot(door.lat, door.lon, 0.0, 0.0)
        row = _courier(
            name,
            CourierKind.NEIGHBOUR,
            Mode.FOOT,
            spot,
            (10_000, 45_000),
            3,
            (values.neighbour_pay_cents, values.neighbour_per_min_cents),
            draws,
        )
        row["access"] = site.id
        yield row, [_slot(name, values.neighbour_hours)]


def _slot(name: str, hours: Stretch) -> Row:
    return {"courier_id": name, "opens_at": hours[0], "closes_at": hours[1]}


def _courier(
    name: str,
    kind: CourierKind,
    mode: Mode,
    spot: Spot,
    capacity: tuple[int, int],
    max_parcels: int,
    pay: tuple[Range, Range],
    draws: Draws,
) -> dict[str, Any]:
    fixed, per_min = pay
    return {
        "id": name,
        "kind": kind.value,
        "mode": mode.value,
        "lat": spot.lat,
        "lon": spot.lon,
        "capacity_grams": capacity[0],
        "capacity_ml": capacity[1],
        "max_parcels": max_parcels,
        "pay_fixed_cents": whole(draws, fixed, name, "fixed"),
        "pay_per_min_cents": whole(draws, per_min, name, "per minute"),
    }
