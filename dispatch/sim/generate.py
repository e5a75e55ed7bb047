"""A day drawn on a real map, in the form in which recorded days are read.

The streets are real; stations, shops, compounds, people, parcels and hours are drawn from
the distributions of `dispatch.sim.scenario`, and the day says so: ``generated = true`` and
every value stand in its ``day.toml``, and its ids begin with ``gen-``. The same map, counts
and seed give the same bytes. Reads no clock and writes no file: `folder.write_day` does.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from itertools import accumulate
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.core.model import CourierKind, Duty, HubKind
from dispatch.sim import columns
from dispatch.sim.consents import ConsentKind
from dispatch.sim.draws import Draws
from dispatch.sim.scenario import KINDS, Scenario
from dispatch.sim.streets import Spot, Streets
from dispatch.sim.town import PREFIX, Counter, Door, Town, bounded, build_town, whole
from dispatch.sim.workers import Worker, booth_of, hire, kind_counts, nearest
from maps.network import RoadNetwork

DAY = date(2026, 3, 2)
"""A Monday. A drawn day has to have some date, and the clock must not choose it."""
NETWORK = "generated"
OPERATOR = "generated"
CONTRACTS = {HubKind.STATION: "", HubKind.SHOP: "HOLD;COLLECTION", HubKind.BOOTH: "HOLD;RELAY"}
"""What the operators of drawn hubs have agreed to; a station is an origin alone."""
SLOTS = {HubKind.STATION: (400, 200, 80), HubKind.SHOP: (60, 20, 5), HubKind.BOOTH: (40, 10, 0)}

Table = list[dict[str, object]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Drawn:
    """A drawn day, ready to be written.

    Attributes
    ----------
    header
        Content of ``day.toml``.
    tables
        Rows by file.
    capacity
        Parcels that all idle hours are reckoned to carry.
    idle_h
        All idle hours.
    """

    header: Mapping[str, Any]
    tables: Mapping[str, Table]
    capacity: float
    idle_h: float

    @property
    def capacity_to_demand(self) -> float:
        """Capacity by parcels."""
        return self.capacity / len(self.tables[columns.PARCELS])


def generate(
    network: RoadNetwork,
    *,
    parcels: int,
    couriers: int,
    seed: int,
    day: date = DAY,
    timezone: str = "",
    map_name: str = "",
    scenario: Scenario | None = None,
) -> Drawn:
    """Draw a day.

    Parameters
    ----------
    network
        The map.
    parcels, couriers
        How many of each, exactly; at least one.
    timezone
        IANA name; by default the nautical zone of the map, whole hours from UTC.
    map_name
        Path of the map relative to the folder, so that a replay finds it.
    scenario
        The values to draw from.

    Raises
    ------
    maps.network.MapError
        Where the map has no street that all modes get to.
    """
    if parcels < 1 or couriers < 1:
        raise ValueError("a day needs at least one parcel and one courier")
    values = scenario or Scenario()
    zone = timezone or nautical_zone(network)
    draws = Draws(seed)
    streets = Streets(network)
    shops = kind_counts(couriers)[CourierKind.SHOPKEEPER]
    town = build_town(streets, values, draws, parcels=parcels, shops=shops)
    workers = hire(streets, values, draws, town, couriers)
    tables: dict[str, Table] = {
        columns.PARCELS: _parcels(values, draws, town),
        columns.COURIERS: [_courier(worker) for worker in workers],
        columns.AVAILABILITY: _availability(workers),
        columns.HUBS: _hubs(town, workers),
        columns.HUB_HOURS: _hub_hours(values, town, day, zone),
        columns.COMPOUNDS: [{"id": item.id, "name": item.name} for item in town.compounds],
        columns.CONSENTS: _consents(values, draws, town),
    }
    capacity = sum(worker.capacity for worker in workers)
    scenario_told = {
        "seed": seed,
        "parcels": parcels,
        "couriers": couriers,
        "capacity": round(capacity, 1),
        "capacity_to_demand": round(capacity / parcels, 3),
        **({"behaviour": {"absence": values.absence}} if values.absence else {}),
        "drawn": values.table(),
    }
    header = header_of(day, zone, map_name, scenario_told)
    idle_h = sum(worker.idle_min for worker in workers) / 60
    return Drawn(header=header, tables=tables, capacity=capacity, idle_h=idle_h)


def header_of(day: date, zone: str, map_name: str, scenario: Mapping[str, Any]) -> dict[str, Any]:
    """Return the content of a drawn day's ``day.toml``; it says that the day is drawn."""
    return {
        "date": day,
        "timezone": zone,
        "network": NETWORK,
        "zone": "all",
        "currency": "CNY",
        "datum": "WGS84",
        "epoch_s": 60,
        **({"map": map_name} if map_name else {}),
        "scenario": {"generated": True, **scenario},
    }


def nautical_zone(network: RoadNetwork) -> str:
    """Return the zone of whole hours that the middle of a map lies in, an IANA name."""
    hours = round((network.bounds.west + network.bounds.east) / 2 / 15)
    # In these names the sign says how far UTC is, not how far the place is.
    return f"Etc/GMT{-hours:+d}" if hours else "Etc/GMT"


def _parcels(values: Scenario, draws: Draws, town: Town) -> Table:
    created = sorted(
        _created_s(values, draws.uniform("parcel", index, "created"))
        for index in range(len(town.doors))
    )
    return [
        _parcel(values, draws, town, index, created_s, door)
        for index, (created_s, door) in enumerate(zip(created, town.doors, strict=True))
    ]


def _created_s(values: Scenario, share: float) -> int:
    """Return the second of the day before which a share of all parcels is handed in."""
    total = sum(values.arrivals_weight)
    ends = list(accumulate(values.arrivals_weight))
    index = next(i for i, end in enumerate(ends) if share * total < end)
    weight = values.arrivals_weight[index]
    part = (share * total - (ends[index] - weight)) / weight
    length_s = 60 * (values.arrivals_to - values.arrivals_from) / len(ends)
    return int(60 * values.arrivals_from + (index + part) * length_s)


def _parcel(
    values: Scenario, draws: Draws, town: Town, index: int, created_s: int, door: Door
) -> dict[str, object]:
    key = ("parcel", index)
    ready_s = created_s + 60 * bounded(draws, values.ready_after_min, *key, "ready")
    promise_s = 60 * whole(draws, values.promise_min, *key, "promise")
    origin = _origin(values, draws, town, index, created_s, door)
    return {
        "id": f"{PREFIX}{index + 1:04d}",
        "created_at": _clock(created_s),
        "ready_at": _clock(ready_s),
        "origin": origin.id,
        **_point(door.spot),
        "due_at": _clock(ready_s + promise_s),
        "grams": bounded(draws, values.grams, *key, "grams"),
        "ml": bounded(draws, values.ml, *key, "ml"),
        "compound": door.compound,
        "building": door.building,
        "entrance": door.entrance,
        # Rooms are numbered from the first storey; the column counts floors above the entrance.
        "floor": door.floor - 1,
        "room": door.room,
        "lift": "yes" if door.has_lift else "no",
        "household": door.household,
    }


def _origin(
    values: Scenario, draws: Draws, town: Town, index: int, created_s: int, door: Door
) -> Counter:
    """Return a shop near the door while shops are open, for their share; else the station."""
    opens_min, closes_min = values.shop_hours
    within = [shop for shop in town.shops if shop.spot.distance_m(door.spot) <= values.shop_reach_m]
    is_open = 60 * opens_min <= created_s < 60 * closes_min
    if within and is_open and draws.uniform("parcel", index, "shop") < values.shop_share:
        return within[whole(draws, (0, len(within) - 1), "parcel", index, "which shop")]
    return nearest(town.stations, door.spot)


def _courier(worker: Worker) -> dict[str, object]:
    end = {} if worker.end is None else {"end_lat": worker.end.lat, "end_lon": worker.end.lon}
    return {
        "id": worker.id,
        "kind": worker.kind.value,
        "mode": worker.mode.value,
        **_point(worker.spot),
        **end,
        "host_of": worker.hosts,
        "capacity_grams": worker.capacity_grams,
        "capacity_ml": worker.capacity_ml,
        "max_parcels": KINDS[worker.kind].max_parcels,
        "pay_fixed_cents": worker.pay_fixed_cents,
        "pay_per_min_cents": worker.pay_per_min_cents,
    }


def _availability(workers: Sequence[Worker]) -> Table:
    return [
        {
            "courier_id": worker.id,
            "opens_at": _clock(60 * opens),
            "closes_at": _clock(60 * closes),
            "duty": "" if worker.duty is Duty.IDLE else worker.duty.value,
        }
        for worker in workers
        for opens, closes in worker.slots
    ]


def _hubs(town: Town, workers: Sequence[Worker]) -> Table:
    """Return stations, shops, and the booths that some guard keeps."""
    host_of = {worker.hosts: worker.id for worker in workers if worker.hosts}
    hubs = [_hub(station, HubKind.STATION, host_of) for station in town.stations]
    hubs += [_hub(shop, HubKind.SHOP, host_of) for shop in town.shops]
    for compound in town.compounds:
        booth = Counter(booth_of(compound), compound.spot)
        if booth.id in host_of:
            hubs.append({**_hub(booth, HubKind.BOOTH, host_of), "compound": compound.id})
    return hubs


def _hub(counter: Counter, kind: HubKind, host_of: Mapping[str, str]) -> dict[str, object]:
    return {
        "id": counter.id,
        "kind": kind.value,
        "operator": OPERATOR,
        **_point(counter.spot),
        **{f"slots_{size}": slots for size, slots in zip("sml", SLOTS[kind], strict=True)},
        "host": host_of.get(counter.id, ""),
        "contracts": CONTRACTS[kind],
    }


def _hub_hours(values: Scenario, town: Town, day: date, zone: str) -> Table:
    """Return opening hours; booths have none, for somebody is always at the gate."""
    hours: Table = [
        {"hub": counter.id, "opens_at": _clock(60 * opens), "closes_at": _clock(60 * closes)}
        for counters, (opens, closes) in (
            (town.stations, values.station_hours),
            (town.shops, values.shop_hours),
        )
        for counter in counters
    ]
    tomorrow = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(zone))
    opens, closes = (
        (tomorrow + timedelta(minutes=minute)).isoformat() for minute in values.shop_hours
    )
    return hours + [{"hub": shop.id, "opens_at": opens, "closes_at": closes} for shop in town.shops]


def _consents(values: Scenario, draws: Draws, town: Town) -> Table:
    """Return the consent of a share of all households; who agrees at 20 % does so at 50 %."""
    households = dict.fromkeys(door.household for door in town.doors)
    return [
        {
            "household": household,
            "kind": ConsentKind.COLLECTION.value,
            "target": "",
            "given_at": _clock(0),
            "evidence": f"{PREFIX}consent",
        }
        for household in households
        if draws.uniform("consent", household) < values.consent_share
    ]


def _point(spot: Spot) -> dict[str, object]:
    return {"lat": spot.lat, "lon": spot.lon}


def _clock(second: int) -> str:
    """Return ``HH:MM:SS``; the drawn day ends before midnight."""
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}"
