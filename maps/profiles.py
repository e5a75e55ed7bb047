"""OSM tags to speeds, for each mode of travel.

One place for every judgement about who may use a road, in which direction and
how fast, so that the importer only reads files and the router only adds
numbers. Imports nothing of the package.

Speeds are free-flow averages in km/h, 0 where the mode may not go. Where a
table below gives a number that no tag gave, it is an assumption. The rules
follow these pages of the OpenStreetMap wiki: Key:highway, Key:access,
OSM_tags_for_routing/Access_restrictions, Key:oneway, Key:oneway:bicycle,
Key:cycleway, Key:maxspeed, Key:surface, Key:barrier, Tag:highway=steps,
Tag:route=ferry.

Not used yet: conditional tags, turn restrictions, the rules of gates.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import TypeAlias

MODES = ("foot", "bicycle", "ebike", "car")
"""The modes of travel. The order is the order of every per-mode array axis."""

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

_ACCESS_KEYS: Mapping[str, tuple[str, ...]] = {
    "foot": ("foot", "access"),
    "bicycle": ("bicycle", "vehicle", "access"),
    "ebike": ("bicycle", "vehicle", "access"),
    "car": ("motorcar", "motor_vehicle", "vehicle", "access"),
}
"""Most specific key first: the first that is set decides."""

_CLOSED_VALUES = frozenset(
    {"no", "agricultural", "forestry", "military", "emergency", "psv", "bus", "use_sidepath"}
)
_OPENING_VALUES = frozenset(
    {"yes", "designated", "permissive", "official", "destination", "delivery", "private", "permit"}
)

_SURFACE_CAPS: Mapping[str, tuple[float, float, float, float]] = {
    "unpaved": (5, 12, 18, 30),
    "compacted": (5, 14, 20, 40),
    "fine_gravel": (5, 14, 20, 35),
    "gravel": (5, 10, 15, 25),
    "pebblestone": (5, 10, 15, 25),
    "ground": (5, 10, 15, 20),
    "dirt": (5, 10, 15, 20),
    "earth": (5, 10, 15, 20),
    "grass": (4.5, 8, 12, 15),
    "grass_paver": (5, 10, 15, 20),
    "mud": (3, 5, 8, 10),
    "sand": (3.5, 5, 8, 10),
    "rock": (4, 6, 10, 10),
    "cobblestone": (5, 10, 15, 25),
    "unhewn_cobblestone": (5, 8, 12, 20),
    "sett": (5, 12, 18, 30),
    "wood": (5, 12, 15, 20),
    "metal": (5, 12, 18, 25),
}
"""The most that a surface allows, km/h, one figure per mode."""

_MPH_IN_KMH = 1.609344

_SIGNED_SHARE = 0.8
"""Share of the signed limit that a car drives on average between junctions."""

_BARRIER_BLOCKS: Mapping[str, tuple[str, ...]] = {
    "bollard": ("car",),
    "block": ("car",),
    "bus_trap": ("car",),
    "sump_buster": ("car",),
    "cycle_barrier": ("car",),
    "motorcycle_barrier": ("car",),
    "planter": ("car",),
    "debris": ("car",),
    "jersey_barrier": ("car",),
    "chain": ("car",),
    "log": ("car",),
    "bar": ("car",),
    "kissing_gate": ("bicycle", "ebike", "car"),
    "turnstile": ("bicycle", "ebike", "car"),
    "full-height_turnstile": ("bicycle", "ebike", "car"),
    "stile": ("bicycle", "ebike", "car"),
    "horse_stile": ("bicycle", "ebike", "car"),
}
"""Modes that a barrier on a road stops. All others let everyone pass, gates too."""

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
"""Every tag of a way that a rule here reads, sorted."""

NODE_KEYS = ("access", "barrier", "bicycle", "foot", "motor_vehicle", "motorcar", "vehicle")
"""Every tag of a node that a rule here reads, sorted."""


def is_road(tags: Mapping[str, str]) -> bool:
    """Say whether a way with these tags belongs in a road network."""
    return tags.get("highway") in _CLASSES or tags.get("route") == "ferry"


def rank(tags: Mapping[str, str]) -> Rank:
    """Return how much a road with these tags matters on a picture."""
    road = _CLASSES.get(tags.get("highway", ""))
    return Rank.FERRY if road is None else road.rank


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
    - ``access=private`` and ``destination`` stay open: a courier's errand is
      an errand to that place.
    - ``ebike`` is China's new-standard electric bicycle (GB 17761-2018): it
      goes where a bicycle goes, at no more than 25 km/h.
    - A cyclist who may not ride on a footway pushes, at `PUSH_KMH`.
    - One-way streets bind the vehicles. ``oneway:bicycle=no`` and the
      ``cycleway=opposite*`` family open them to bicycles and e-bikes.
    """
    return tuple(_speed_pair(tags, mode) for mode in MODES)


def blocked_modes(tags: Mapping[str, str]) -> tuple[bool, ...]:
    """Say which modes a node with these tags stops, one flag for each of `MODES`.

    Gates let everyone pass unless their access tags say ``no``; bollards stop
    cars, kissing gates and stiles all wheels. An access tag of the mode itself
    decides before the kind of barrier does.
    """
    barrier = tags.get("barrier")
    if barrier is None:
        return (False,) * len(MODES)
    stopped = _BARRIER_BLOCKS.get(barrier, ())
    return tuple(_is_stopped(tags, mode, by_default=mode in stopped) for mode in MODES)


def _is_stopped(tags: Mapping[str, str], mode: str, *, by_default: bool) -> bool:
    key, value = _access(tags, mode)
    if value in _CLOSED_VALUES:
        return True
    # access=yes on a bollard speaks of the road's public nature, not of cars
    # that could pass it: only a key of the mode itself opens a barrier.
    if key not in ("", "access") and value in _OPENING_VALUES:
        return False
    return by_default


def _access(tags: Mapping[str, str], mode: str) -> tuple[str, str]:
    """Return the most specific access key that is set, and its value, or two empty strings."""
    for key in _ACCESS_KEYS[mode]:
        if key in tags:
            return key, tags[key]
    return "", ""


def _speed_pair(tags: Mapping[str, str], mode: str) -> SpeedPair:
    speed = _ferry_speed(tags, mode) if tags.get("route") == "ferry" else _road_speed(tags, mode)
    if speed <= 0:
        return 0.0, 0.0
    forward_open, backward_open = _directions(tags, mode)
    forward = _capped(tags, mode, speed, "maxspeed:forward") if forward_open else 0.0
    backward = _capped(tags, mode, speed, "maxspeed:backward") if backward_open else 0.0
    return forward, backward


def _ferry_speed(tags: Mapping[str, str], mode: str) -> float:
    _, value = _access(tags, mode)
    if value in _CLOSED_VALUES:
        return 0.0
    if mode == "car":
        # A ferry that says nothing of cars is as likely a passenger boat.
        carries = value in _OPENING_VALUES or tags.get("ferry") in _FERRY_CLASSES_WITH_CARS
        return FERRY_KMH if carries else 0.0
    return FERRY_KMH


def _road_speed(tags: Mapping[str, str], mode: str) -> float:
    """Return the speed by class and access, before surface and signs; 0 where closed."""
    highway = tags.get("highway", "")
    road = _CLASSES.get(highway)
    if road is None:
        return 0.0
    key, value = _access(tags, mode)
    if value in _CLOSED_VALUES:
        return 0.0
    if tags.get("motorroad") == "yes" and mode != "car" and key in ("", "access"):
        return 0.0
    wheels = mode in ("bicycle", "ebike")
    if highway == "steps":
        return _steps_speed(tags, mode, road)
    if wheels and value == "dismount":
        return PUSH_KMH
    by_class: float = getattr(road, mode)
    explicit = key not in ("", "access") and value in _OPENING_VALUES
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
    """Read a maxspeed in km/h; None where it says no number.

    ``walk`` reads as walking speed, a value under walking speed too: a limit
    of zero is a mapping error, not a closed road.
    """
    if value == "walk":
        return WALK_KMH
    number, _, unit = value.strip().partition(" ")
    if value.endswith("mph") and not unit:
        number, unit = value.removesuffix("mph"), "mph"
    if not number.isdecimal() or unit not in ("", "mph", "km/h", "kmh"):
        return None
    kmh = float(number) * (_MPH_IN_KMH if unit == "mph" else 1.0)
    return max(kmh, WALK_KMH)
