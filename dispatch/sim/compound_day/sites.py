"""Where a compound day takes place: the station, and compounds with gates, entrances and a booth.

On a map that knows compounds with gates the largest of them are used, with their real boundary and
gates; the gates' rules are the scenario's, because no map says whom a guard lets in. Elsewhere
compounds are drawn beside a quiet street: a gate on it, the buildings in rows behind, no boundary,
because the real streets run where they run.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace

import shapely

from dispatch.sim.compound_day.values import Buildings, CompoundDay
from dispatch.sim.draws import Draws
from dispatch.sim.streets import Spot, Streets
from dispatch.sim.town import PREFIX
from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.earth import LocalProjection
from maps.land import outlines
from maps.network import RoadNetwork
from maps.profiles import MODES

TRIES = 60
LEAST_AREA_M2 = 3000.0
"""Smaller land behind gates is a yard, not a compound."""
SIDE_HOURS_S = (6 * 3600, 22 * 3600)


@dataclass(frozen=True, slots=True)
class Site:
    """A compound of the day.

    Attributes
    ----------
    land
        With gates and entrances; those of the map where it is a real one.
    is_real
        Whether it stands in the map or was surveyed.
    booth, shop
        Where they are.
    """

    land: Compound
    kind: Buildings
    is_real: bool
    booth: Spot
    shop: Spot

    @property
    def id(self) -> str:
        """Of the compound."""
        return self.land.id


def sites_of(
    network: RoadNetwork,
    streets: Streets,
    values: CompoundDay,
    draws: Draws,
    own: Sequence[Compound] = (),
) -> tuple[Spot, tuple[Site, ...]]:
    """Return the station and the compounds, those of one's own if there are any."""
    if own:
        return _around(network, streets, values, draws, list(own))
    real = _real(network)[: len(values.kinds)]
    if real:
        built = [
            replace(
                land,
                gates=tuple(replace(gate, rule=GateRule(kind.rule)) for gate in land.gates),
                entrances=_inside(streets, network, land, kind, draws),
            )
            for land, (_, kind) in zip(real, values.kinds, strict=False)
        ]
        return _around(network, streets, values, draws, built)
    station = _busiest(streets, values, draws)
    sites = tuple(
        _drawn(streets, values, draws, station, name, kind) for name, kind in values.kinds
    )
    return station, sites


def _busiest(streets: Streets, values: CompoundDay, draws: Draws) -> Spot:
    """Return the place with the most quiet streets around, of some."""
    tries = [streets.anywhere(draws.uniform("station", index)) for index in range(TRIES // 2)]
    return max(tries, key=lambda spot: (streets.length_near_m(spot, values.station_m[1]), spot))


def _drawn(
    streets: Streets, values: CompoundDay, draws: Draws, station: Spot, name: str, kind: Buildings
) -> Site:
    least_m, most_m = values.station_m
    tries = [
        streets.near(station, most_m, draws.uniform("gate", name, index)) for index in range(TRIES)
    ]
    gate = next((spot for spot in tries if least_m <= spot.distance_m(station) <= most_m), tries[0])
    angle = draws.uniform("angle", name)
    id_ = f"{PREFIX}{name}"
    rows = max(1, round(math.sqrt(kind.buildings * kind.across_m / kind.deep_m)))
    entrances = tuple(
        Entrance(
            building=str(number + 1),
            entrance=str(entrance + 1),
            lat=spot.lat,
            lon=spot.lon,
            floors=kind.floors,
            has_lift=kind.has_lift,
        )
        for number in range(kind.buildings)
        for entrance in range(kind.entrances)
        for spot in [
            _behind(
                streets,
                gate,
                angle,
                deep_m=30.0 + kind.deep_m * (number % rows),
                across_m=kind.across_m * (number // rows - (kind.buildings // rows - 1) / 2)
                + kind.apart_m * (entrance - (kind.entrances - 1) / 2),
            )
        ]
    )
    side = _side(streets, draws, gate, entrances, name)
    land = Compound(
        id=id_,
        name=f"generated {name}",
        gates=(
            Gate(
                id=f"{id_}-main", lat=gate.lat, lon=gate.lon, modes=MODES, rule=GateRule(kind.rule)
            ),
            Gate(
                id=f"{id_}-side",
                lat=side.lat,
                lon=side.lon,
                modes=("foot",),
                rule=GateRule(kind.side_rule),
                opens_s=SIDE_HOURS_S[0],
                closes_s=SIDE_HOURS_S[1],
            ),
        ),
        entrances=entrances,
    )
    shop = _shop(streets, values, draws, gate, name)
    return Site(land, kind, is_real=False, booth=gate, shop=shop)


def _behind(streets: Streets, gate: Spot, angle: float, *, deep_m: float, across_m: float) -> Spot:
    """Return the point so far behind a gate and to its side."""
    turn = 2 * math.pi * angle
    return streets.spot(
        east_m=gate.x + deep_m * math.cos(turn) - across_m * math.sin(turn),
        north_m=gate.y + deep_m * math.sin(turn) + across_m * math.cos(turn),
    )


def _side(
    streets: Streets,
    draws: Draws,
    gate: Spot,
    entrances: tuple[Entrance, ...],
    name: str,
) -> Spot:
    """Return a point of a street near the compound and away from its main gate."""
    middle = streets.at(
        lat=sum(door.lat for door in entrances) / len(entrances),
        lon=sum(door.lon for door in entrances) / len(entrances),
    )
    reach_m = max(80.0, 1.5 * middle.distance_m(gate))
    tries = [
        streets.near(middle, reach_m, draws.uniform("side", name, index)) for index in range(8)
    ]
    return max(tries, key=lambda spot: (spot.distance_m(gate), spot))


def _shop(streets: Streets, values: CompoundDay, draws: Draws, gate: Spot, name: str) -> Spot:
    return streets.near(gate, values.shop_m, draws.uniform("shop", name), quiet=False)


# --- real compounds ----------------------------------------------------------------------


def _real(network: RoadNetwork) -> list[Compound]:
    """Return the map's compounds with gates and enough land, the largest first."""
    found = [land for land in network.compounds if land.gates and land.boundary]
    if not found:
        return []
    areas = shapely.area(outlines.polygons(found, LocalProjection(network.bounds)))
    ranked = sorted(zip(areas.tolist(), found, strict=True), key=lambda its: (-its[0], its[1].id))
    return [land for area, land in ranked if area >= LEAST_AREA_M2]


def _around(
    network: RoadNetwork,
    streets: Streets,
    values: CompoundDay,
    draws: Draws,
    lands: list[Compound],
) -> tuple[Spot, tuple[Site, ...]]:
    """Return real compounds with their own gates, and a station outside of all of them."""
    sites = []
    for number, land in enumerate(lands):
        name, kind = values.kinds[number % len(values.kinds)]
        gate = land.gates[0]
        booth = streets.at(lat=gate.lat, lon=gate.lon)
        shop = _shop(streets, values, draws, booth, name)
        sites.append(Site(land, kind, is_real=True, booth=booth, shop=shop))
    first = sites[0].booth
    tries = [
        streets.near(first, values.station_m[1], draws.uniform("station", index), quiet=False)
        for index in range(TRIES)
    ]
    projection = LocalProjection(network.bounds)
    ground = shapely.union_all(outlines.polygons(list(network.compounds), projection))
    outside = [
        spot
        for spot in tries
        if not shapely.intersects_xy(ground, spot.x, spot.y)
        and spot.distance_m(first) >= min(values.station_m[0], 150.0)
    ]
    return (outside or tries)[0], tuple(sites)


def _inside(
    streets: Streets, network: RoadNetwork, land: Compound, kind: Buildings, draws: Draws
) -> tuple[Entrance, ...]:
    """Return entrances strewn over the land, inside its boundary and the map's."""
    projection = LocalProjection(network.bounds)
    bounds = network.bounds
    (west, south), (east, north) = projection.xy(
        [bounds.south, bounds.north], [bounds.west, bounds.east]
    ).tolist()
    whole = outlines.polygon(land.boundary, projection)
    whole = shapely.intersection(whole, shapely.box(west, south, east, north))
    inner = whole.buffer(-12.0)
    ground = whole if inner.is_empty else inner
    west, south, east, north = ground.bounds
    found: list[Entrance] = []
    for number in range(kind.buildings):
        for attempt in range(TRIES):
            key = ("building", land.id, number, attempt)
            x = west + (east - west) * draws.uniform(*key, "x")
            y = south + (north - south) * draws.uniform(*key, "y")
            row = [(x + kind.apart_m * entrance, y) for entrance in range(kind.entrances)]
            if all(shapely.intersects_xy(ground, *at) for at in row):
                break
        else:
            # Narrow land: one building less.
            continue
        for entrance, (east_m, north_m) in enumerate(row):
            spot = streets.spot(east_m=east_m, north_m=north_m)
            found.append(
                Entrance(
                    building=str(number + 1),
                    entrance=str(entrance + 1),
                    lat=spot.lat,
                    lon=spot.lon,
                    floors=kind.floors,
                    has_lift=kind.has_lift,
                )
            )
    return tuple(found)
