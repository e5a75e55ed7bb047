"""Where things stand in a drawn day: stations, compounds, shops and doors.

The streets are real, everything on them is drawn. Ids begin with ``gen-`` so that every row
of every file says so. Chance is keyed by what it is about (`dispatch.sim.draws`): one parcel
more leaves the rest of the town as it is, up to the counts that follow from the number of
parcels. Must not know of couriers' days or of files.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass

from dispatch.sim.draws import Draws
from dispatch.sim.scenario import Range, Scenario
from dispatch.sim.streets import Spot, Streets

PREFIX = "gen-"
CENTRE_TRIES = 48
STATION_TRIES = 200
RING_TRIES = 6


@dataclass(frozen=True, slots=True)
class Counter:
    """A station or a shop."""

    id: str
    spot: Spot


@dataclass(frozen=True, slots=True)
class Compound:
    """A drawn compound.

    Attributes
    ----------
    floors
        Of all its buildings.
    """

    id: str
    name: str
    spot: Spot
    buildings: int
    floors: int
    has_lift: bool


@dataclass(frozen=True, slots=True)
class Door:
    """A door that parcels go to."""

    spot: Spot
    household: str
    compound: str = ""
    building: str = ""
    entrance: str = ""
    floor: int = 1
    room: str = ""
    has_lift: bool = False


@dataclass(frozen=True, slots=True)
class Town:
    """What was drawn, each in the order of its number.

    Attributes
    ----------
    doors
        One for each parcel; two parcels of one household have equal doors.
    """

    stations: tuple[Counter, ...]
    compounds: tuple[Compound, ...]
    shops: tuple[Counter, ...]
    doors: tuple[Door, ...]


def whole(draws: Draws, bounds: Range, *key: object) -> int:
    """Return a whole number between bounds, both included."""
    least, most = bounds
    return least + int((most - least + 1) * draws.uniform(*key))


def bounded(draws: Draws, values: tuple[float, float, int, int], *key: object) -> int:
    """Return a lognormal draw of (median, sigma), held between (least, most)."""
    median, sigma, least, most = values
    return min(most, max(least, round(draws.lognormal(median, sigma, *key))))


def build_town(
    streets: Streets, scenario: Scenario, draws: Draws, *, parcels: int, shops: int
) -> Town:
    """Draw a town for a number of parcels, with at least so many shops."""
    stations = _stations(streets, scenario, draws, parcels)
    compounds = tuple(
        _compound(streets, scenario, draws, stations[index % len(stations)].spot, index)
        for index in range(max(len(stations), round(parcels / scenario.parcels_per_compound)))
    )
    doors = _doors(streets, scenario, draws, stations, compounds, parcels)
    count = max(shops, math.ceil(parcels / scenario.parcels_per_shop))
    return Town(
        stations=stations,
        compounds=compounds,
        shops=tuple(_shop(streets, scenario, draws, doors, index) for index in range(count)),
        doors=doors,
    )


def _stations(
    streets: Streets, scenario: Scenario, draws: Draws, parcels: int
) -> tuple[Counter, ...]:
    """Put stations around the place with the most streets, apart from each other."""
    tries = [streets.anywhere(draws.uniform("centre", index)) for index in range(CENTRE_TRIES)]
    centre = max(tries, key=lambda spot: (streets.length_near_m(spot, scenario.district_m), spot))
    least, most = scenario.stations
    wanted = min(most, max(least, round(parcels / scenario.parcels_per_station)))
    found: list[Spot] = []
    gap_m = scenario.station_gap_m
    for index in range(STATION_TRIES):
        if len(found) == wanted:
            break
        share = draws.uniform("station", index)
        spot = streets.near(centre, scenario.district_m, share, quiet=False)
        if all(spot.distance_m(other) >= gap_m for other in found):
            found.append(spot)
        else:
            # A small map holds fewer that are far apart.
            gap_m *= 0.95
    return tuple(Counter(f"{PREFIX}station-{i}", spot) for i, spot in enumerate(found, 1))


def _ring(streets: Streets, scenario: Scenario, draws: Draws, station: Spot, *key: object) -> Spot:
    """Return a point on a quiet street whose distance from the station is as drawn, if it can."""
    median, sigma, most = scenario.door_m
    wanted_m = min(most, draws.lognormal(median, sigma, *key, "distance"))
    tries = [
        streets.near(station, min(most, 1.3 * wanted_m), draws.uniform(*key, "at", index))
        for index in range(RING_TRIES)
    ]
    return min(tries, key=lambda spot: (abs(spot.distance_m(station) - wanted_m), spot))


def _compound(
    streets: Streets, scenario: Scenario, draws: Draws, station: Spot, index: int
) -> Compound:
    is_tower = draws.uniform("compound", index, "tower") < scenario.tower_share
    floors = scenario.tower_floors if is_tower else scenario.walk_up_floors
    return Compound(
        id=f"{PREFIX}compound-{index + 1:02d}",
        name=f"generated compound {index + 1}",
        spot=_ring(streets, scenario, draws, station, "compound", index),
        buildings=whole(draws, scenario.buildings, "compound", index, "buildings"),
        floors=whole(draws, floors, "compound", index, "floors"),
        has_lift=is_tower,
    )


def _shop(
    streets: Streets, scenario: Scenario, draws: Draws, doors: Sequence[Door], index: int
) -> Counter:
    spot = near_some_door(streets, draws, doors, scenario.shop_m, "shop", index)
    return Counter(f"{PREFIX}shop-{index + 1:02d}", spot)


def near_some_door(
    streets: Streets, draws: Draws, doors: Sequence[Door], radius_m: float, *key: object
) -> Spot:
    """Return a point on a street near a drawn door, so more often where more parcels go."""
    door = doors[whole(draws, (0, len(doors) - 1), *key, "door")]
    return streets.near(door.spot, radius_m, draws.uniform(*key, "place"), quiet=False)


def _doors(
    streets: Streets,
    scenario: Scenario,
    draws: Draws,
    stations: Sequence[Counter],
    compounds: Sequence[Compound],
    parcels: int,
) -> tuple[Door, ...]:
    doors: list[Door] = []
    by_compound: dict[str, list[Door]] = {}
    for index in range(parcels):
        household = f"{PREFIX}household-{index + 1:04d}"
        if draws.uniform("door", index, "compound") >= scenario.compound_share:
            station = stations[whole(draws, (0, len(stations) - 1), "door", index, "station")].spot
            doors.append(_street_door(streets, scenario, draws, station, index, household))
            continue
        # Squared: some compounds get several times the parcels of others.
        share = draws.uniform("door", index, "which") ** 2
        compound = compounds[int(share * len(compounds))]
        earlier = by_compound.setdefault(compound.id, [])
        is_same = draws.uniform("door", index, "same") < scenario.same_household_share
        if earlier and is_same:
            doors.append(earlier[whole(draws, (0, len(earlier) - 1), "door", index, "earlier")])
            continue
        doors.append(_compound_door(streets, scenario, draws, compound, index, household))
        earlier.append(doors[-1])
    return tuple(doors)


def _street_door(
    streets: Streets, scenario: Scenario, draws: Draws, station: Spot, index: int, household: str
) -> Door:
    spot = _ring(streets, scenario, draws, station, "door", index)
    near, far = scenario.off_street_m
    off_m = near + (far - near) * draws.uniform("door", index, "off")
    return Door(
        spot=streets.beside(spot, off_m, draws.uniform("door", index, "angle")),
        household=household,
        floor=whole(draws, scenario.street_floors, "door", index, "floor"),
    )


def _compound_door(
    streets: Streets,
    scenario: Scenario,
    draws: Draws,
    compound: Compound,
    index: int,
    household: str,
) -> Door:
    building = whole(draws, (1, compound.buildings), "door", index, "building")
    key = (compound.id, building)
    entrances = whole(draws, scenario.entrances, *key, "entrances")
    entrance = whole(draws, (1, entrances), "door", index, "entrance")
    near, far = scenario.compound_radius_m
    off_m = near + (far - near) * draws.uniform(*key, "off")
    corner = streets.beside(compound.spot, off_m, draws.uniform(*key, "angle"))
    floor = whole(draws, (1, compound.floors), "door", index, "floor")
    room = whole(draws, (1, whole(draws, scenario.rooms, *key, "rooms")), "door", index, "room")
    # Entrances stand in a row along the building.
    spot = streets.beside(corner, 12.0 * entrance, draws.uniform(*key, "row"))
    return Door(
        spot=spot,
        household=household,
        compound=compound.id,
        building=str(building),
        entrance=str(entrance),
        floor=floor,
        room=f"{floor}{room:02d}",
        has_lift=compound.has_lift,
    )
