"""From road points to doors: entrances, floors, knocking.

A courier does not deliver to a road. This module adds what lies between the
road and the door to a matrix of road times, so that the search sees shared
set-ups (one walk up for two parcels) without knowing of them. It knows no
roads and no modes.

Between two doors a and b::

    travel        = leave(a) + road(a, b) + reach(b)
    leave         = floors down
    reach         = floors up + knock and wait
    floors        = the cheaper of stairs and (lift wait + ride)
    same compound : leave(a) + inside(a, b) + reach(b), no gate
    inside        : the map's own paths in the compound, or the straight line x 1.3 on foot
    same entrance : the floors between + knock and wait
    same door     : nothing

Who gets through a compound's gate, and how fast, is the courier's affair and not the
matrix's.
"""

from collections.abc import Hashable, Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import NDArray

from maps.earth import Floats, coordinates, haversine_m
from maps.profiles import WALK_KMH

INSIDE_DETOUR = 1.3
"""Metres walked for each straight metre inside a compound, an assumption."""

FEW_DOORS = 200
"""Up to so many doors are not worth loading the compiler for."""


class DoorLike(Protocol):
    """Anything with the attributes of `Door`."""

    @property
    def lat(self) -> float:
        """Latitude, degrees."""

    @property
    def lon(self) -> float:
        """Longitude, degrees."""

    @property
    def compound(self) -> str:
        """Name or id of the compound; empty where unknown."""

    @property
    def building(self) -> str:
        """Building; empty where unknown."""

    @property
    def entrance(self) -> str:
        """Entrance or staircase; empty where unknown."""

    @property
    def floor(self) -> int | None:
        """Floors above the entrance's level; None where unknown."""

    @property
    def door_key(self) -> str:
        """Anything that is equal for equal doors; empty where the room is unknown."""

    @property
    def has_lift(self) -> bool | None:
        """Whether the entrance has a lift; None where unknown."""

    @property
    def is_door(self) -> bool:
        """Whether somebody has to be knocked for."""


class Climb(Protocol):
    """How fast a kind of courier gets from the street to a door; the caller's values."""

    @property
    def up_s_per_floor(self) -> float:
        """Seconds for a floor up the stairs."""

    @property
    def down_s_per_floor(self) -> float:
        """Seconds for a floor down the stairs."""

    @property
    def lift_wait_s(self) -> float:
        """Seconds until the lift is there."""

    @property
    def lift_s_per_floor(self) -> float:
        """Seconds for a floor in the lift."""

    @property
    def knock_s(self) -> float:
        """Seconds from knocking until the door opens."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """A place that a courier stops at. Every part but the point may be unknown.

    Attributes
    ----------
    lat, lon : float
        WGS84, degrees.
    compound, building, entrance : str
        Parts of the address; empty where unknown.
    floor : int or None
        0 is the level of the entrance, -1 one below it. None is taken for 0.
    door_key : str
        Equal for equal doors, such as a hash of the address with its room;
        empty where the room is unknown.
    has_lift : bool or None
        None is taken for no lift.
    is_door : bool
        False for a station, a shop, a courier's post or start: nobody is
        knocked for and its floor does not count.
    """

    lat: float
    lon: float
    compound: str = ""
    building: str = ""
    entrance: str = ""
    floor: int | None = None
    door_key: str = ""
    has_lift: bool | None = None
    is_door: bool = True


@dataclass(frozen=True, slots=True, kw_only=True)
class Whereabouts:
    """What the map knows of n doors, at s spots, that they do not say themselves.

    Attributes
    ----------
    spot : (n,) int64
        Where each door is entered, one of s spots; doors of one entrance share theirs.
    lat, lon : (s,) float64, degrees
    compound : s texts
        Id of the compound that each spot lies in; empty for none.
    ground : (s,) int64
        Number of the private ground, inside that compound, whose paths lead to it; -1 for
        none.
    has_lift : (n,) bool
        As the door says, else as its entrance does; unknown is none.
    """

    spot: NDArray[np.int64]
    lat: Floats
    lon: Floats
    compound: Sequence[str]
    ground: NDArray[np.int64]
    has_lift: NDArray[np.bool_]

    @classmethod
    def said_by(cls, doors: Sequence[DoorLike]) -> "Whereabouts":
        """Return what doors say themselves, where there is no map."""
        lat, lon = coordinates(doors)
        return cls(
            spot=np.arange(len(doors)),
            lat=lat,
            lon=lon,
            compound=tuple(door.compound for door in doors),
            ground=np.full(len(doors), -1),
            has_lift=np.array([bool(door.has_lift) for door in doors], dtype=np.bool_),
        )


def door_to_door(
    doors: Sequence[DoorLike],
    climb: Climb,
    road_time_s: NDArray[np.float32],
    road_distance_m: NDArray[np.float32],
    where: Whereabouts | None = None,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Turn times between road points into times between doors.

    Parameters
    ----------
    doors : n places
    climb : Climb
    road_time_s, road_distance_m : (s, s) float32, seconds and metres
        Between the spots of the places, by the mode of the courier.
    where : Whereabouts, optional
        What the map knows of the places; by default what they say, each at a spot of its own.

    Returns
    -------
    (time_s, distance_m) : two arrays (n, n) float32
        A distance carries no floors.
    """
    level = np.array([_level(door) for door in doors], dtype=np.int64)
    knock_s = np.array([climb.knock_s if door.is_door else 0.0 for door in doors])
    where = Whereabouts.said_by(doors) if where is None else where
    has_lift = where.has_lift
    street = np.zeros_like(level)
    leave_s = _floors_s(climb, level, street, has_lift)
    reach_s = _floors_s(climb, street, level, has_lift) + knock_s

    row, column = _pairs([compound or None for compound in where.compound])
    # Paths of one private ground never leave it: they are the compound's own.
    inside = (where.ground[row] != where.ground[column]) | (where.ground[row] < 0)
    row, column = row[inside], column[inside]
    walks = row, column, _inside_m(where, row, column)
    time_s, distance_m = _spread((road_time_s, road_distance_m), walks, where, leave_s, reach_s)

    # The pairs that share an entrance are few: only they are computed.
    entrances = [_entrance_key(door) for door in doors]
    row, column = _pairs(entrances)
    between_s = _floors_s(climb, level[row], level[column], has_lift[row] | has_lift[column])
    time_s[row, column] = between_s + knock_s[column]
    distance_m[row, column] = 0.0
    same = _pairs(
        [_door_key(*its) for its in zip(doors, entrances, range(len(doors)), strict=True)]
    )
    time_s[same] = 0.0
    distance_m[same] = 0.0
    return time_s, distance_m


def _spread(
    road: tuple[NDArray[np.float32], NDArray[np.float32]],
    walks: tuple[NDArray[np.int64], NDArray[np.int64], Floats],
    where: Whereabouts,
    leave_s: Floats,
    reach_s: Floats,
) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
    """Return matrices of doors from those of their spots; many by compiled code.

    ``walks`` are rows, columns and metres of the pairs of spots between which one walks inside.
    """
    row, column, walked_m = walks
    walked_s, spot = walked_m * 3.6 / WALK_KMH, where.spot
    if len(spot) <= FEW_DOORS:
        spot_time_s, spot_distance_m = road[0].astype(np.float64), road[1].astype(np.float32)
        spot_time_s[row, column], spot_distance_m[row, column] = walked_s, walked_m
        both = (spot[:, None], spot)
        time_s = spot_time_s[both] + (leave_s[:, None] + reach_s)
        return time_s.astype(np.float32), spot_distance_m[both]
    # Numba is slow to load: who asks for a few doors does without.
    from maps.kernel.spread import spread  # noqa: PLC0415

    size = (len(spot), len(spot))
    result = np.empty(size, dtype=np.float32), np.empty(size, dtype=np.float32)
    order = np.argsort(spot, kind="stable")
    spread(road, (row, column, walked_s, walked_m), (spot, order), (leave_s, reach_s), result)
    return result


def _level(door: DoorLike) -> int:
    """Return floors above the entrance."""
    return (door.floor or 0) if door.is_door else 0


def _floors_s(
    climb: Climb,
    from_level: NDArray[np.int64],
    to_level: NDArray[np.int64],
    has_lift: NDArray[np.bool_],
) -> Floats:
    """Return seconds between levels by the cheaper of stairs and lift; the arrays broadcast."""
    floors = (to_level - from_level).astype(np.float64)
    stairs_s = np.where(floors > 0, floors * climb.up_s_per_floor, -floors * climb.down_s_per_floor)
    lift_s = climb.lift_wait_s + np.abs(floors) * climb.lift_s_per_floor
    cheaper: Floats = np.where(has_lift, np.minimum(stairs_s, lift_s), stairs_s)
    return cheaper


def _inside_m(where: Whereabouts, row: NDArray[np.int64], column: NDArray[np.int64]) -> Floats:
    """Return metres walked between pairs of spots in one compound, (pairs,) float64."""
    lat, lon = where.lat, where.lon
    straight_m = haversine_m(lat[row], lon[row], lat[column], lon[column])
    return straight_m * INSIDE_DETOUR


def _entrance_key(door: DoorLike) -> Hashable:
    """Return what is equal for doors behind one entrance.

    Building 3 of one compound is not building 3 of another. Where no compound
    or neither building nor entrance is known, only equal coordinates count.
    """
    parts = (door.compound, door.building, door.entrance)
    if door.compound and (door.building or door.entrance):
        return parts
    return (*parts, door.lat, door.lon)


def _door_key(door: DoorLike, entrance: Hashable, index: int) -> Hashable:
    """Return what is equal for places that are the same place.

    Where an address is known but not its room, two doors of a floor may be
    neighbours: each is a place of its own. The entrance stands beside the
    door's key because a key made without a compound may be found in two streets.
    """
    has_address = bool(door.compound or door.building or door.entrance)
    if door.is_door and has_address and not door.door_key:
        return index
    return (door.is_door, entrance, _level(door), door.door_key)


def _pairs(keys: Sequence[Hashable]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Return which pairs have equal keys, as rows and columns; None equals nothing."""
    numbers: dict[Hashable, int] = {}
    number = np.array(
        [-1 if key is None else numbers.setdefault(key, len(numbers)) for key in keys],
        dtype=np.int64,
    )
    order = np.argsort(number, kind="stable")[np.count_nonzero(number < 0) :]
    size = np.bincount(number[order], minlength=len(numbers))
    first = np.cumsum(size) - size
    # Each member of a group is paired with all of it.
    fellows = size[number[order]]
    row = np.repeat(order, fellows)
    begins = np.repeat(first[number[order]], fellows)
    ends = np.cumsum(fellows)
    within = np.arange(len(row)) - np.repeat(ends - fellows, fellows)
    return row, order[begins + within]
