"""Gated land: its boundary, its gates, its entrances, and who is let in.

A courier on an errand passes a gate; nobody else does. So a compound is three things to the
router: roads that are never a through route, points where one gets in, and a rule for each
of those points. They come from OpenStreetMap (`maps.land.gated_land`), or from a file or a day
folder, which add to what was found or correct it (`maps.land.compound_files`). Values only.

Tags by the OpenStreetMap wiki: Tag:landuse=residential, Key:barrier, Tag:barrier=gate,
Tag:barrier=lift_gate, Key:entrance, Key:access.
"""

from dataclasses import dataclass
from enum import StrEnum

ALL_DAY = (0, 86_400)


class GateRule(StrEnum):
    """Who passes a gate."""

    OPEN = "OPEN"
    SIGN_IN = "SIGN_IN"
    PERMIT = "PERMIT"


@dataclass(frozen=True, slots=True, kw_only=True)
class Gate:
    """A point where one gets into a compound.

    Attributes
    ----------
    id : str
        ``n`` and the OSM id, or the id in the file it came from.
    lat, lon : float
        Degrees.
    modes : tuple of str
        Who fits through, of `maps.profiles.MODES`.
    rule : GateRule
        For those modes.
    sign_in_s : int or None
        Seconds that signing in takes; None for the caller's usual figure.
    opens_s, closes_s : int
        Seconds of the local day between which it can be passed; closing before opening
        means over midnight, `ALL_DAY` always.
    """

    id: str
    lat: float
    lon: float
    modes: tuple[str, ...]
    rule: GateRule
    sign_in_s: int | None = None
    opens_s: int = ALL_DAY[0]
    closes_s: int = ALL_DAY[1]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entrance:
    """A door of a building, where the stairs begin.

    Attributes
    ----------
    building, entrance : str
        As in an address; empty where unknown.
    lat, lon : float
        Degrees.
    floors : int or None
        Floors of the building above the entrance's level.
    has_lift : bool or None
    """

    building: str
    entrance: str
    lat: float
    lon: float
    floors: int | None = None
    has_lift: bool | None = None

    def sort_key(self) -> tuple[str, str, float, float]:
        """Return what entrances of one compound are ordered by."""
        return self.building, self.entrance, self.lat, self.lon


@dataclass(frozen=True, slots=True, kw_only=True)
class Compound:
    """Land behind gates.

    Attributes
    ----------
    id : str
        ``w`` or ``r`` and the OSM id, or the id in the file it came from.
    name : str
        Empty where unknown.
    boundary : tuple of rings, each a tuple of (lat, lon)
        Outer rings, closed; empty where only the gates are known.
    gates : tuple of Gate, by id
    entrances : tuple of Entrance, by building and entrance
    """

    id: str
    name: str = ""
    boundary: tuple[tuple[tuple[float, float], ...], ...] = ()
    gates: tuple[Gate, ...] = ()
    entrances: tuple[Entrance, ...] = ()
