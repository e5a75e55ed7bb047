"""Straight lines in place of roads: the twin of `maps.travel.TravelTimes`.

For tests, and for days that have no map: the same methods, no network.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from maps.closures import ClosureLike
from maps.compounds import Gate
from maps.doors import Climb, DoorLike, door_to_door
from maps.earth import Floats, Point, coordinates, haversine_m
from maps.profiles import WALK_KMH

DETOUR = 1.3
"""Road metres for each straight metre in a city, an assumption."""

STRAIGHT_KMH: Mapping[str, float] = {"foot": WALK_KMH, "bicycle": 14.0, "ebike": 20.0, "car": 25.0}
"""Door-to-door speeds of `StraightLine`, an assumption."""

Matrices = tuple[NDArray[np.float32], NDArray[np.float32]]
"""Seconds and metres, two arrays of the same shape."""


@dataclass(frozen=True, slots=True)
class Route:
    """A way from one point to another.

    Attributes
    ----------
    polyline : tuple of (lat, lon)
        Degrees, from the first point to the last, both included.
    time_s, distance_m : float
        Seconds and metres; those of the matrix between the two points.
    """

    polyline: tuple[tuple[float, float], ...]
    time_s: float
    distance_m: float


class StraightLine:
    """The twin of `TravelTimes` for tests and for days without a map.

    Parameters
    ----------
    speed_kmh : mapping, optional
        Speed of each mode, km/h; its keys become the modes.
    detour : float
        Metres travelled for each metre of great-circle distance.
    """

    def __init__(
        self, *, speed_kmh: Mapping[str, float] = STRAIGHT_KMH, detour: float = DETOUR
    ) -> None:
        self._speed_kmh = dict(speed_kmh)
        self._detour = detour

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes of travel."""
        return tuple(self._speed_kmh)

    def matrix(
        self,
        mode: str,
        sources: Sequence[Point],
        targets: Sequence[Point],
        *,
        at: int | None = None,  # noqa: ARG002 - the same at all hours
    ) -> Matrices:
        """Return times and distances; see `TravelTimes.matrix`."""
        from_lat, from_lon = coordinates(sources)
        straight_m = haversine_m(from_lat[:, None], from_lon[:, None], *coordinates(targets))
        distance_m = straight_m * self._detour
        time_s = distance_m * 3.6 / self._kmh(mode)
        return time_s.astype(np.float32), distance_m.astype(np.float32)

    def doors(
        self, mode: str, doors: Sequence[DoorLike], climb: Climb, *, at: int | None = None
    ) -> Matrices:
        """Return door-to-door times and distances; see `TravelTimes.doors`."""
        return door_to_door(doors, climb, *self.matrix(mode, doors, doors, at=at))

    def closed(self, closures: Iterable[ClosureLike]) -> "StraightLine":  # noqa: ARG002
        """Return itself: there are no streets to close."""
        return self

    def knows(self, closure: ClosureLike) -> bool:  # noqa: ARG002
        """Return True: nothing is wrong about closing what is not here."""
        return True

    def extend(self, mode: str, doors: Sequence[DoorLike], *, at: int | None = None) -> None:
        """Do nothing: there is nothing to keep."""

    def prepare(self, mode: str, *, at: int | None = None) -> None:
        """Do nothing: there is nothing to build."""

    def route(self, mode: str, a: Point, b: Point, *, at: int | None = None) -> Route:
        """Return the straight line with its time and distance; see `TravelTimes.route`."""
        time_s, distance_m = self.matrix(mode, (a,), (b,), at=at)
        return Route(
            polyline=((a.lat, a.lon), (b.lat, b.lon)),
            time_s=float(time_s[0, 0]),
            distance_m=float(distance_m[0, 0]),
        )

    def snap_distance_m(
        self,
        mode: str,
        points: Sequence[Point],
        *,
        at: int | None = None,  # noqa: ARG002
    ) -> Floats:
        """Return zeros, (n,) float64: every point on earth is good."""
        self._kmh(mode)
        return np.zeros(len(points))

    def gates(self, doors: Sequence[DoorLike]) -> tuple[str, ...]:
        """Return empty names: nothing is behind a gate."""
        return ("",) * len(doors)

    def gate(
        self,
        compound: str,  # noqa: ARG002 - there are none
        mode: str,  # noqa: ARG002
        *,
        at: int | None = None,  # noqa: ARG002
    ) -> Gate | None:
        """Return None: there are no gates."""
        return None

    def ways_in(self, compound: str, mode: str, *, at: int | None = None) -> Sequence[Gate]:
        """Return what `gate` finds."""
        found = self.gate(compound, mode, at=at)
        return () if found is None else (found,)

    def _kmh(self, mode: str) -> float:
        check_mode(mode, self.modes)
        return self._speed_kmh[mode]


def check_mode(mode: str, modes: Sequence[str]) -> None:
    """Raise ValueError where a mode is none of those that are known."""
    if mode not in modes:
        raise ValueError(f"mode: {mode!r} is none of {', '.join(modes)}")
