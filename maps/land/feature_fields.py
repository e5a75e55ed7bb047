"""One feature of a GeoJSON file, read field by field, with every fault it has."""

import json
import math
import re
from collections.abc import Sequence
from typing import Any

import shapely

from maps.compounds import ALL_DAY, Entrance, Gate, GateRule
from maps.earth import Bounds, looks_swapped
from maps.land.outlines import Rings
from maps.profiles import MODES

KINDS = ("compound", "gate", "entrance")

NEEDED = (
    "a gate needs kind, compound, id and rule, an entrance kind and compound, "
    "a compound kind and id"
)
"""Properties without which a feature says nothing."""

_EARTH = Bounds(south=-90.0, west=-180.0, north=90.0, east=180.0)
_LEAST_RING = 4
_MOST_SHOWN = 60

_CLOCK = re.compile(r"(\d\d):([0-5]\d)(?::([0-5]\d))?")


def rings_of(parts: Sequence[Any]) -> Rings:
    """Check the polygons of a boundary.

    Parameters
    ----------
    parts : sequence of polygons
        As the coordinates of a GeoJSON ``MultiPolygon``: longitude first.

    Returns
    -------
    tuple of rings
        As `maps.compounds.Compound.boundary`: latitude first.

    Raises
    ------
    ValueError
        With words that read on after "boundary" or "geometry:".
    """
    found = []
    for part in parts:
        if not (isinstance(part, list) and part and isinstance(part[0], list)):
            raise ValueError("has a polygon without corners")
        if len(part) > 1:
            raise ValueError("has a hole: a boundary is its outer rings only")
        ring = tuple(lat_lon(position) for position in part[0])
        if len(ring) < _LEAST_RING or ring[0] != ring[-1]:
            raise ValueError("has a ring that is not closed: repeat the first of 3 or more corners")
        shape = shapely.Polygon(ring)
        if not shape.is_valid:
            raise ValueError(f"crosses itself ({shapely.is_valid_reason(shape)} as lat lon)")
        found.append(ring)
    return tuple(found)


def lat_lon(position: object) -> tuple[float, float]:
    """Read a GeoJSON position, longitude first; a height is left out.

    Raises
    ------
    ValueError
        It is no pair of numbers or not on earth.
    """
    numbers = position[:2] if isinstance(position, list) else []
    if len(numbers) != 2 or not all(map(_is_number, numbers)):  # noqa: PLR2004
        raise ValueError(f"has no position at {_shown(position)}: write [lon, lat]")
    lon, lat = (float(number) for number in numbers)
    if not _EARTH.contains(lat=lat, lon=lon):
        order = ": write the longitude first" if looks_swapped(lat=lat, lon=lon) else ""
        raise ValueError(f"is off the earth at lat {lat:g}, lon {lon:g}{order}")
    return lat, lon


class Feature:
    """A feature whose properties and geometry are read one after the other.

    What cannot be read is noted in `faults` and replaced by something harmless, so that all
    faults of a file come to light at once.

    Parameters
    ----------
    number : int
        In its file, the first being 1.
    value : object
        As JSON gave it.

    Attributes
    ----------
    faults : list of str
        ``feature 3: rule: ...``
    """

    def __init__(self, number: int, value: object) -> None:
        self.number = number
        self.faults: list[str] = []
        its = value if isinstance(value, dict) else {}
        properties, geometry = its.get("properties"), its.get("geometry")
        self._properties: dict[str, Any] = properties if isinstance(properties, dict) else {}
        self._geometry: dict[str, Any] = geometry if isinstance(geometry, dict) else {}

    def fault(self, field: str, words: str) -> None:
        """Note what is wrong with a field."""
        self.faults.append(f"feature {self.number}: {field}: {words}")

    def kind(self) -> str:
        """Return one of `KINDS`; empty with a fault."""
        kind = self._properties.get("kind")
        if kind in KINDS:
            return str(kind)
        self.fault("kind", f"{_shown(kind)} is none of {', '.join(KINDS)}; {NEEDED}")
        return ""

    def is_removed(self) -> bool:
        """Return whether the compound is to be taken away."""
        value = self._properties.get("removed")
        if not (value is None or isinstance(value, bool)):
            self.fault("removed", f"{_shown(value)} is none of true, false, null")
        return value is True

    def text(self, field: str) -> str:
        """Return a text; empty where it is missing or null. A whole number is text too."""
        value = self._properties.get(field)
        if value is None:
            return ""
        if isinstance(value, str):
            return value
        if isinstance(value, int) and not isinstance(value, bool):
            return str(value)
        self.fault(field, f"{_shown(value)} is no text")
        return ""

    def required(self, field: str) -> str:
        """Return a text that may not be empty; empty with a fault."""
        before = len(self.faults)
        text = self.text(field)
        if not text and len(self.faults) == before:
            self.fault(field, "is missing")
        return text

    def boundary(self) -> Rings:
        """Return the outer rings of a polygon or multipolygon; empty without a geometry."""
        if not self._geometry:
            return ()
        kind, parts = self._geometry.get("type"), self._geometry.get("coordinates")
        if kind not in ("Polygon", "MultiPolygon") or not isinstance(parts, list):
            self.fault("geometry", f"{_shown(kind)} is neither Polygon nor MultiPolygon")
            return ()
        try:
            return rings_of([parts] if kind == "Polygon" else parts)
        except ValueError as error:
            self.fault("geometry", str(error))
            return ()

    def gate(self) -> Gate | None:
        """Return the gate that this feature is; None with a fault where it is none."""
        before = len(self.faults)
        lat, lon = self._point()
        own, modes, rule = self.required("id"), self._modes(), self._rule()
        sign_in_s = self._whole("sign_in_s")
        opens_s = self._clock("opens_at", ALL_DAY[0])
        closes_s = self._clock("closes_at", ALL_DAY[1])
        if len(self.faults) > before:
            return None
        return Gate(
            id=own,
            lat=lat,
            lon=lon,
            modes=modes,
            rule=rule,
            sign_in_s=sign_in_s,
            opens_s=opens_s,
            closes_s=closes_s,
        )

    def entrance(self) -> Entrance:
        """Return the entrance that this feature is."""
        lat, lon = self._point()
        lift = self._properties.get("lift")
        if not (lift is None or isinstance(lift, bool)):
            self.fault("lift", f"{_shown(lift)} is none of true, false, null")
        return Entrance(
            building=self.text("building"),
            entrance=self.text("entrance"),
            lat=lat,
            lon=lon,
            floors=self._whole("floors"),
            has_lift=lift,
        )

    def _point(self) -> tuple[float, float]:
        if self._geometry.get("type") != "Point":
            self.fault("geometry", f"{_shown(self._geometry.get('type'))} is no Point")
            return 0.0, 0.0
        try:
            return lat_lon(self._geometry.get("coordinates"))
        except ValueError as error:
            self.fault("geometry", str(error))
            return 0.0, 0.0

    def _modes(self) -> tuple[str, ...]:
        value = self._properties.get("modes")
        if value is None or value in ("", []):
            return MODES
        if not isinstance(value, list):
            self.fault("modes", f"{_shown(value)} is no list of {', '.join(MODES)}")
            return ()
        strange = [mode for mode in value if mode not in MODES]
        if strange:
            self.fault("modes", f"{_shown(strange[0])} is none of {', '.join(MODES)}")
        return tuple(mode for mode in MODES if mode in value)

    def _rule(self) -> GateRule:
        value = self._properties.get("rule")
        if value in tuple(GateRule):
            return GateRule(value)
        self.fault("rule", f"{_shown(value)} is none of {', '.join(GateRule)}")
        return GateRule.OPEN

    def _whole(self, field: str) -> int | None:
        value = self._properties.get(field)
        if value is None:
            return None
        if _is_number(value) and value == int(value) and value >= 0:
            return int(value)
        self.fault(field, f"{_shown(value)} is neither a whole number from 0 nor null")
        return None

    def _clock(self, field: str, missing: int) -> int:
        value = self._properties.get(field)
        if value is None:
            return missing
        match = _CLOCK.fullmatch(value) if isinstance(value, str) else None
        if match is not None:
            hours, minutes, seconds = (int(text or 0) for text in match.groups())
            second = hours * 3600 + minutes * 60 + seconds
            if second <= ALL_DAY[1]:
                return second
        self.fault(field, f"{_shown(value)} is no time of day: write HH:MM, up to 24:00")
        return missing


def _is_number(value: object) -> bool:
    is_number = isinstance(value, int | float) and not isinstance(value, bool)
    return is_number and math.isfinite(value)  # type: ignore[arg-type]


def _shown(value: object) -> str:
    text = json.dumps(value, ensure_ascii=False)
    return text if len(text) <= _MOST_SHOWN else text[: _MOST_SHOWN - 3] + "..."
