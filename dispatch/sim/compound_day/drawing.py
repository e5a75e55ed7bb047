"""A compound day put together: households and their parcels, and the tables of the day's folder.

Chance is keyed by whose it is, so that a day with another share or consent has the same compounds,
people and households. The same map, values and seed give the same bytes.
"""

import math
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date, datetime, time, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.core.model import HubKind
from dispatch.sim import columns
from dispatch.sim.compound_day import people
from dispatch.sim.compound_day.sites import Site, sites_of
from dispatch.sim.compound_day.values import Buildings, CompoundDay, Stretch
from dispatch.sim.consents import ConsentKind
from dispatch.sim.draws import Draws
from dispatch.sim.generate import DAY, OPERATOR, Drawn, Table, header_of, nautical_zone
from dispatch.sim.streets import Spot, Streets
from dispatch.sim.town import PREFIX, bounded, whole
from maps.compounds import ALL_DAY, Compound, Entrance
from maps.network import RoadNetwork

NAME = "compound-day"
STATION = f"{PREFIX}station"
DAY_MIN, HOUR_MIN = 1440, 60
MOST_A_HOUSEHOLD = 8
Row = dict[str, object]


@dataclass(frozen=True, slots=True)
class Own:
    """Compounds that somebody has surveyed, with their posts, hubs and people.

    Attributes
    ----------
    tables
        Rows by file of a day folder, as they are to stand in the day.
    """

    lands: tuple[Compound, ...]
    tables: Mapping[str, Table]


def draw_compound_day(
    network: RoadNetwork,
    *,
    seed: int,
    values: CompoundDay | None = None,
    households: int | None = None,
    day: date = DAY,
    timezone: str = "",
    map_name: str = "",
    own: Own | None = None,
) -> Drawn:
    """Draw a compound day.

    Parameters
    ----------
    households
        About so many, by more or fewer buildings; None for those of the values.
    timezone, map_name
        As of `dispatch.sim.generate.generate`.
    own
        Compounds with their people that somebody has surveyed, in the place of drawn ones.

    Raises
    ------
    maps.network.MapError
        Where the map has no street that all modes get to.
    """
    values = _sized(values or CompoundDay(), households)
    zone = timezone or nautical_zone(network)
    draws = Draws(seed)
    lands = own.lands if own is not None else ()
    station, sites = sites_of(network, Streets(network), values, draws, lands)
    clock = _Clock(day, zone)
    flats = [flat for site in sites for flat in _flats(site)]
    parcels = list(_parcels(flats, values, draws))
    drawn_sites = sites if own is None else ()
    workers = _workers(station, drawn_sites, values, draws, len(parcels))
    tables: dict[str, Table] = {
        columns.PARCELS: parcels,
        columns.COURIERS: [row for row, _ in workers],
        columns.AVAILABILITY: [clock.timed(slot) for _, slots in workers for slot in slots],
        columns.CONSENTS: _consents(flats, values, draws),
        **_grounds(station, drawn_sites, values, clock),
    }
    for file, rows in (own.tables if own is not None else {}).items():
        tables[file] = [*rows, *tables.get(file, [])]
    idle_h = _free_min(workers) / HOUR_MIN
    scenario = {
        "name": NAME,
        "seed": seed,
        "parcels": len(parcels),
        "households": len(flats),
        "real_compounds": sum(site.is_real for site in sites),
        "hours_needed": round(len(parcels) / values.doors_per_h, 1),
        "hours_free": round(idle_h, 1),
        "policy": values.policy(),
        "behaviour": values.behaviour(),
        "drawn": values.table(),
    }
    return Drawn(
        header=header_of(day, zone, map_name, scenario),
        tables=tables,
        capacity=idle_h * values.doors_per_h,
        idle_h=idle_h,
    )


def _workers(
    station: Spot, sites: Sequence[Site], values: CompoundDay, draws: Draws, parcels: int
) -> list[tuple[Row, list[Row]]]:
    """Return everybody who works, with their slots."""
    return [
        *(pair for site in sites for pair in people.guards(site, values, draws)),
        *people.riders(station, values, draws, parcels),
        *(pair for site in sites for pair in people.neighbours(site, values, draws)),
    ]


def _grounds(
    station: Spot, sites: Sequence[Site], values: CompoundDay, clock: "_Clock"
) -> dict[str, Table]:
    """Return the rows of all places, by file."""
    return {
        columns.HUBS: _hubs(station, sites, values),
        columns.HUB_HOURS: [clock.timed(row) for row in _hours(sites, values)],
        columns.COMPOUNDS: [_compound(site) for site in sites],
        columns.GATES: [row for site in sites for row in _gates(site)],
        columns.ENTRANCES: [
            _entrance(site, door) for site in sites for door in site.land.entrances
        ],
        columns.POSTS: [_post(site, values) for site in sites],
    }


def _sized(values: CompoundDay, households: int | None) -> CompoundDay:
    """Return values with about so many households."""
    if households is None:
        return values
    scale = households / sum(kind.households for _, kind in values.kinds)
    kinds = tuple((name, _scaled(kind, scale)) for name, kind in values.kinds)
    return replace(values, kinds=kinds)


def _scaled(kind: Buildings, scale: float) -> Buildings:
    return replace(kind, buildings=max(1, round(kind.buildings * scale)))


@dataclass(frozen=True, slots=True)
class _Clock:
    """Writes minutes after the day's midnight."""

    day: date
    zone: str

    def timed(self, row: Row) -> Row:
        """Return a row whose opening and closing are written out."""
        told = {name: self.text(int(str(row[name]))) for name in ("opens_at", "closes_at")}
        return {**row, **told}

    def text(self, minute: int) -> str:
        """Return ``HH:MM`` of the day itself, an instant of any other."""
        if minute < DAY_MIN:
            return f"{minute // HOUR_MIN:02d}:{minute % HOUR_MIN:02d}"
        midnight = datetime.combine(self.day, time(), ZoneInfo(self.zone))
        return (midnight + timedelta(minutes=minute)).isoformat()


@dataclass(frozen=True, slots=True)
class _Flat:
    """A household's door."""

    site: Site
    door: Entrance
    floor: int
    room: str

    @property
    def household(self) -> str:
        """Its pseudonym."""
        own = self.site.id.removeprefix(PREFIX)
        return f"{PREFIX}{own}-{self.door.building}-{self.door.entrance}-{self.room}"


def _flats(site: Site) -> Iterator[_Flat]:
    for door in site.land.entrances:
        for floor in range(1, (door.floors or site.kind.floors) + 1):
            for room in range(1, site.kind.rooms + 1):
                yield _Flat(site, door, floor, f"{floor}{room:02d}")


def _parcels(flats: Iterable[_Flat], values: CompoundDay, draws: Draws) -> Iterator[Row]:
    """Yield the parcels of the day, by household; how many share an entrance comes of itself."""
    mean = values.parcels_per_household * values.share
    for flat in flats:
        count = _poisson(mean, draws.uniform("parcels", flat.household))
        for number in range(count):
            yield _parcel(flat, number, values, draws)


def _poisson(mean: float, chance: float) -> int:
    """Return the count up to which a chance reaches, few at the most."""
    term = total = math.exp(-mean)
    count = 0
    while chance > total and count < MOST_A_HOUSEHOLD:
        count += 1
        term *= mean / count
        total += term
    return count


def _parcel(flat: _Flat, number: int, values: CompoundDay, draws: Draws) -> Row:
    key = ("parcel", flat.household, number)
    comes = _weighted(draws.uniform(*key, "lorry"), values.lorries)
    ready = comes + whole(draws, values.sorted_after, *key, "sorted")
    carrier = _weighted(draws.uniform(*key, "carrier"), values.carriers)
    own = f"{flat.household}-{number + 1}"
    return {
        "id": own,
        "created_at": _minute(comes),
        "ready_at": _minute(ready),
        "origin": STATION,
        "lat": flat.door.lat,
        "lon": flat.door.lon,
        "due_at": _minute(values.due),
        "grams": bounded(draws, values.grams, *key, "grams"),
        "ml": bounded(draws, values.ml, *key, "ml"),
        "compound": flat.site.id,
        "building": flat.door.building,
        "entrance": flat.door.entrance,
        # Rooms are numbered from the first storey; the column counts floors above the entrance.
        "floor": flat.floor - 1,
        "room": flat.room,
        "lift": "yes" if flat.door.has_lift else "no",
        "household": flat.household,
        "carrier": carrier,
        "waybill": own,
    }


def _weighted(chance: float, choices: Sequence[tuple[Any, float]]) -> Any:  # noqa: ANN401
    left = chance * sum(weight for _, weight in choices)
    for choice, weight in choices:
        left -= weight
        if left < 0:
            return choice
    return choices[-1][0]


def _minute(minute: int) -> str:
    return f"{minute // HOUR_MIN:02d}:{minute % HOUR_MIN:02d}"


def _consents(flats: Iterable[_Flat], values: CompoundDay, draws: Draws) -> Table:
    """Return the consent of a share of households; who agrees at .2 does so at .5."""
    return [
        {
            "household": flat.household,
            "kind": ConsentKind.COLLECTION.value,
            "target": "",
            "given_at": "00:00",
            "evidence": f"{PREFIX}consent",
        }
        for flat in flats
        if draws.uniform("consent", flat.household) < values.consent
    ]


def _free_min(workers: Iterable[tuple[Row, list[Row]]]) -> int:
    """Return minutes of the day in which somebody is free for tours by the roster."""
    return sum(
        int(str(slot["closes_at"])) - int(str(slot["opens_at"]))
        for _, slots in workers
        for slot in slots
        if slot.get("duty", people.PATROL) == people.PATROL and int(str(slot["opens_at"])) < DAY_MIN
    )


# --- places ------------------------------------------------------------------------------


def _hubs(station: Spot, sites: Iterable[Site], values: CompoundDay) -> Table:
    found = [_hub(STATION, HubKind.STATION, station, (9999, 9999, 9999), "", attended="no")]
    for site in sites:
        booth = _hub(
            people.booth_of(site),
            HubKind.BOOTH,
            site.booth,
            values.booth_slots,
            "HOLD;RELAY;COLLECTION",
            operator=people.company_of(site),
            compound=site.id,
        )
        shop = _hub(_shop(site), HubKind.SHOP, site.shop, values.shop_slots, "HOLD;COLLECTION")
        found += [booth, shop]
    return found


def _shop(site: Site) -> str:
    return f"{PREFIX}shop-{site.id.removeprefix(PREFIX)}"


def _hub(
    name: str,
    kind: HubKind,
    spot: Spot,
    slots: tuple[int, int, int],
    contracts: str,
    **fields: object,
) -> Row:
    return {
        "id": name,
        "kind": kind.value,
        "operator": OPERATOR,
        "lat": spot.lat,
        "lon": spot.lon,
        **{f"slots_{size}": count for size, count in zip("sml", slots, strict=True)},
        "contracts": contracts,
        **fields,
    }


def _hours(sites: Iterable[Site], values: CompoundDay) -> Iterator[Row]:
    """Yield opening hours of the day and the next one, on which people collect."""
    kept: list[tuple[str, Stretch]] = [(STATION, values.station_hours)]
    for site in sites:
        kept.append((people.booth_of(site), values.booth_hours))
        kept.append((_shop(site), values.shop_hours))
    for number in range(2):
        for hub, (opens, closes) in kept:
            later = number * DAY_MIN
            yield {"hub": hub, "opens_at": opens + later, "closes_at": closes + later}


def _compound(site: Site) -> Row:
    return {
        "id": site.id,
        "name": site.land.name or f"compound {site.id}",
        "property_company": people.company_of(site),
    }


def _gates(site: Site) -> Iterator[Row]:
    for gate in site.land.gates:
        hours = {}
        if (gate.opens_s, gate.closes_s) != ALL_DAY:
            hours = {
                "opens_at": _minute(gate.opens_s // 60),
                "closes_at": _minute(gate.closes_s // 60),
            }
        yield {
            "id": gate.id,
            "compound": site.id,
            "lat": gate.lat,
            "lon": gate.lon,
            "modes": ";".join(gate.modes),
            "rule": gate.rule.value,
            **hours,
        }


def _entrance(site: Site, door: Entrance) -> Row:
    return {
        "compound": site.id,
        "building": door.building,
        "entrance": door.entrance,
        "lat": door.lat,
        "lon": door.lon,
        "floors": door.floors or site.kind.floors,
        "lift": "yes" if door.has_lift else "no",
    }


def _post(site: Site, values: CompoundDay) -> Row:
    return {
        "id": people.post_of(site),
        "compound": site.id,
        "hub": people.booth_of(site),
        "minimum": values.minimum,
    }
