"""OSM tags to speeds, for each mode of travel.

One place for every judgement about how fast a road is and in which direction, with
`maps.access` for who may use it, so that the importer only reads files and the router
only adds numbers.

Speeds are free-flow averages in km/h, 0 where the mode may not go. Where a
table below gives a number that no tag gave, it is an assumption. The rules
follow these pages of the OpenStreetMap wiki: Key:highway, Key:oneway,
Key:oneway:bicycle, Key:cycleway, Key:maxspeed, Key:surface, Key:motorroad,
Tag:highway=steps, Key:ramp, Tag:route=ferry.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

from maps.access import (
    CLOSED_VALUES,
    MODES,
    NODE_KEYS,
    OPENING_VALUES,
    blocked_modes,
    deciding,
    private_modes,
)

__all__ = [
    "MODES",
    "NODE_KEYS",
    "WALK_KMH",
    "WAY_KEYS",
    "Rank",
    "SpeedPair",
    "blocked_modes",
    "has_absurd_limit",
    "is_road",
    "private_modes",
    "rank",
    "speeds",
]

WALK_KMH = 5.0
"""Walking speed: on roads, and between a road and a point beside it."""

PUSH_KMH = 4.0
"""A cyclist on foot beside the bicycle."""

FERRY_KMH = 10.0
"""A ferry, its waiting time included."""

SpeedPair: TypeAlias = tuple[float, float]
"""Speed along the way and against it, km/h, 0 where closed."""


class Rank(IntEnum):
    """How much a road matters on a picture of the map, most first."""

    MAJOR = 0
    STREET = 1
    SERVICE = 2
    PATH = 3
    FERRY = 4


@dataclass(frozen=True, slots=True)
class _RoadClass:
    """Speeds on one value of ``highway``, and whether a mode is there by default."""

    rank: Rank
    foot: float
    bicycle: float
    ebike: float
    car: float


_MAJOR, _STREET, _SERVICE, _PATH = Rank.MAJOR, Rank.STREET, Rank.SERVICE, Rank.PATH

_CLASSES: Mapping[str, _RoadClass] = {
    "motorway": _RoadClass(_MAJOR, 0, 0, 0, 90),
    "motorway_link": _RoadClass(_MAJOR, 0, 0, 0, 50),
    "trunk": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 65),
    "trunk_link": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 40),
    "primary": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 45),
    "primary_link": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 35),
    "secondary": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 40),
    "secondary_link": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 30),
    "tertiary": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 35),
    "tertiary_link": _RoadClass(_MAJOR, WALK_KMH, 16, 25, 25),
    "unclassified": _RoadClass(_STREET, WALK_KMH, 16, 25, 30),
    "residential": _RoadClass(_STREET, WALK_KMH, 16, 25, 25),
    "road": _RoadClass(_STREET, WALK_KMH, 16, 25, 25),
    "living_street": _RoadClass(_STREET, WALK_KMH, 12, 15, 10),
    "busway": _RoadClass(_STREET, 0, 0, 0, 0),
    "service": _RoadClass(_SERVICE, WALK_KMH, 14, 15, 15),
    "track": _RoadClass(_SERVICE, WALK_KMH, 12, 15, 0),
    "cycleway": _RoadClass(_PATH, WALK_KMH, 16, 25, 0),
    "pedestrian": _RoadClass(_PATH, WALK_KMH, PUSH_KMH, PUSH_KMH, 0),
    "footway": _RoadClass(_PATH, WALK_KMH, PUSH_KMH, PUSH_KMH, 0),
    "path": _RoadClass(_PATH, WALK_KMH, 12, 15, 0),
    "bridleway": _RoadClass(_PATH, WALK_KMH, 0, 0, 0),
    "corridor": _RoadClass(_PATH, WALK_KMH, 0, 0, 0),
    "steps": _RoadClass(_PATH, 2.5, 0, 0, 0),
}

_OPENED_KMH = {"foot": WALK_KMH, "bicycle": 12.0, "ebike": 15.0, "car": 10.0}
"""Speed where the class alone would close the road and a tag opens it."""

_FERRY_CLASSES_WITH_CARS = frozenset({"trunk", "primary", "secondary", "tertiary", "express"})

_SURFACE_CAPS: Mapping[str, tuple[float, float, float, float]] = {
    "unpaved": (5, 12, 18, 40),
    "compacted": (5, 14, 20, 80),
    "fine_gravel": (5, 14, 20, 80),
    "gravel": (5, 10, 15, 40),
    "pebblestone": (5, 10, 15, 40),
    "ground": (5, 10, 15, 40),
    "dirt": (5, 10, 15, 40),
    "earth": (5, 10, 15, 20),
    "grass": (4.5, 8, 12, 40),
    "grass_paver": (5, 10, 15, 40),
    "mud": (3, 5, 8, 10),
    "sand": (3.5, 5, 8, 20),
    "rock": (4, 6, 10, 20),
    "cobblestone": (5, 10, 15, 30),
    "unhewn_cobblestone": (5, 8, 12, 30),
    "sett": (5, 12, 18, 40),
    "wood": (5, 12, 15, 40),
    "metal": (5, 12, 18, 60),
}
"""The most that a surface allows, km/h, one figure per mode.

The car's figures are those of OSRM's public profile (profiles/car.lua of
Project-OSRM/osrm-backend); with them, times in Porto Alegre fit published ones best
(`benchmarks/maps`). The others are assumptions.
"""

_UNIT_KMH = {"": 1.0, "km/h": 1.0, "kmh": 1.0, "kph": 1.0, "mph": 1.609344, "knots": 1.852}
"""Units of a limit; none means km/h."""

_LIMIT = re.compile(rf"(\d+(?:\.\d+)?) ?({'|'.join(sorted(_UNIT_KMH))})")

_FASTEST_LIMIT_KMH = 300.0
"""No road has a higher limit: whatever says so is a slip of the mapper's hand."""

_LIMIT_WORDS = re.compile(r"walk|none|signals|variable|[A-Z]{2}(-[A-Z]+)?:.+")
"""Limits that are no numbers but mean something, such as the country's default."""

_LIMIT_KEYS = ("maxspeed", "maxspeed:backward", "maxspeed:forward")

_SIGNED_SHARE = 0.8
"""Share of the signed limit that a car drives on average between junctions."""

WAY_KEYS = (
    "access",
    "bicycle",
    "cycleway",
    "cycleway:both",
    "cycleway:left",
    "cycleway:right",
    "ferry",
    "foot",
    "highway",
    "junction",
    "maxspeed",
    "maxspeed:backward",
    "maxspeed:forward",
    "motor_vehicle",
    "motorcar",
    "motorroad",
    "oneway",
    "oneway:bicycle",
    "oneway:foot",
    "ramp:bicycle",
    "route",
    "surface",
    "vehicle",
)
"""Every tag of a way that a rule here or in `maps.access` reads, sorted."""


def is_road(tags: Mapping[str, str]) -> bool:
    """Say whether a way with these tags belongs in a road network."""
    return tags.get("highway") in _CLASSES or tags.get("route") == "ferry"


def rank(tags: Mapping[str, str]) -> Rank:
    """Return how much a road with these tags matters on a picture."""
    road = _CLASSES.get(tags.get("highway", ""))
    return Rank.FERRY if road is None else road.rank


def has_absurd_limit(tags: Mapping[str, str]) -> bool:
    """Say whether a speed limit of a way is nonsense, which `speeds` then passes over.

    Zero, more than 300 km/h, negative, several at once, or words that say nothing.
    """
    return any(
        _signed_kmh(tags[key]) is None and not _LIMIT_WORDS.fullmatch(tags[key])
        for key in _LIMIT_KEYS
        if key in tags
    )


def speeds(tags: Mapping[str, str]) -> tuple[SpeedPair, ...]:
    """Return the speeds of every mode on a way.

    Parameters
    ----------
    tags : mapping
        The way's tags; only those in `WAY_KEYS` are read.

    Returns
    -------
    tuple of (forward, backward), km/h, one for each of `MODES`
        Forward is the direction in which the way is drawn; 0 means closed.

    Notes
    -----
    - ``access=private``, ``destination`` and the like stay open: a courier's errand is
      an errand to that place. `private_modes` says where.
    - Base tags alone are read; `maps.reading.hours` says what they are at each hour.
    - ``ebike`` is China's new-standard electric bicycle (GB 17761-2018): it
      goes where a bicycle goes, at no more than 25 km/h.
    - A cyclist who may not ride on a footway pushes, at `PUSH_KMH`.
    - One-way streets bind the vehicles. ``oneway:bicycle=no`` and the
      ``cycleway=opposite*`` family open them to bicycles and e-bikes.
    """
    return tuple(_speed_pair(tags, mode) for mode in MODES)


def _speed_pair(tags: Mapping[str, str], mode: str) -> SpeedPair:
    speed = _ferry_speed(tags, mode) if tags.get("route") == "ferry" else _road_speed(tags, mode)
    if speed <= 0:
        return 0.0, 0.0
    forward_open, backward_open = _directions(tags, mode)
    forward = _capped(tags, mode, speed, "maxspeed:forward") if forward_open else 0.0
    backward = _capped(tags, mode, speed, "maxspeed:backward") if backward_open else 0.0
    return forward, backward


def _ferry_speed(tags: Mapping[str, str], mode: str) -> float:
    _, value = deciding(tags, mode)
    if value in CLOSED_VALUES:
        return 0.0
    if mode == "car":
        # A ferry that says nothing of cars is as likely a passenger boat.
        carries = value in OPENING_VALUES or tags.get("ferry") in _FERRY_CLASSES_WITH_CARS
        return FERRY_KMH if carries else 0.0
    return FERRY_KMH


def _road_speed(tags: Mapping[str, str], mode: str) -> float:
    """Return the speed by class and access, before surface and signs; 0 where closed."""
    highway = tags.get("highway", "")
    road = _CLASSES.get(highway)
    if road is None:
        return 0.0
    key, value = deciding(tags, mode)
    if value in CLOSED_VALUES:
        return 0.0
    if tags.get("motorroad") == "yes" and mode != "car" and key in ("", "access"):
        return 0.0
    wheels = mode in ("bicycle", "ebike")
    if highway == "steps":
        return _steps_speed(tags, mode, road)
    if wheels and value == "dismount":
        return PUSH_KMH
    by_class: float = getattr(road, mode)
    explicit = key not in ("", "access") and value in OPENING_VALUES
    if wheels and explicit and by_class == PUSH_KMH:
        return _OPENED_KMH[mode]
    if by_class == 0 and explicit:
        return _OPENED_KMH[mode]
    return by_class


def _steps_speed(tags: Mapping[str, str], mode: str, road: _RoadClass) -> float:
    if mode == "foot":
        return road.foot
    # A ramp beside the steps lets one push a bicycle up, slowly.
    has_ramp = tags.get("ramp:bicycle") == "yes"
    return 2.0 if has_ramp and mode != "car" else 0.0


def _directions(tags: Mapping[str, str], mode: str) -> tuple[bool, bool]:
    """Say whether the way is open along its drawing and against it."""
    if mode == "foot":
        # Key:oneway binds vehicles; only oneway:foot binds people on foot.
        return _oneway(tags.get("oneway:foot", "no"))
    implied = tags.get("junction") in ("roundabout", "circular") or (
        tags.get("highway") == "motorway"
    )
    general = _oneway(tags.get("oneway", "yes" if implied else "no"))
    if mode == "car":
        return general
    if "oneway:bicycle" in tags:
        return _oneway(tags["oneway:bicycle"])
    contraflow = any(
        tags.get(key, "").startswith("opposite")
        for key in ("cycleway", "cycleway:both", "cycleway:left", "cycleway:right")
    )
    return (True, True) if contraflow else general


def _oneway(value: str) -> tuple[bool, bool]:
    if value in ("yes", "true", "1"):
        return True, False
    if value in ("-1", "reverse"):
        return False, True
    if value == "reversible":
        # Open in one direction at a time, by a timetable the tag does not give.
        return False, False
    return True, True


def _capped(tags: Mapping[str, str], mode: str, speed: float, direction_key: str) -> float:
    """Apply the surface and the signed limit to a speed by class."""
    caps = _SURFACE_CAPS.get(tags.get("surface", "").split(":")[0])
    signed = _signed_kmh(tags.get(direction_key, tags.get("maxspeed", "")))
    if signed is not None and mode == "car":
        # On a proper street the sign is better evidence than the class; in a
        # yard or a shared space nobody drives at the limit.
        slow = tags.get("highway") in ("service", "living_street", "track", "pedestrian")
        speed = min(speed, signed) if slow else signed * _SIGNED_SHARE
    elif signed is not None and mode in ("bicycle", "ebike"):
        speed = min(speed, signed)
    if caps is not None:
        speed = min(speed, caps[MODES.index(mode)])
    return speed


def _signed_kmh(value: str) -> float | None:
    """Read a maxspeed in km/h; None where it says no number that can be true.

    ``walk`` and whatever is slower read as walking speed.
    """
    if value == "walk":
        return WALK_KMH
    match = _LIMIT.fullmatch(value.strip())
    if match is None:
        return None
    kmh = float(match[1]) * _UNIT_KMH[match[2]]
    return max(kmh, WALK_KMH) if 0 < kmh <= _FASTEST_LIMIT_KMH else None
