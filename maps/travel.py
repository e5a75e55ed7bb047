"""Travel times, distances and routes between coordinates.

The door of the package: the composition root builds one `TravelTimes` from a map, or a
`StraightLine` where there is none, and passes it on. Both have the same methods. Imports no
OSM library.
"""

import threading
from collections.abc import Hashable, Iterable, Mapping, Sequence
from copy import copy
from datetime import UTC, datetime, tzinfo

import numpy as np
from numpy.typing import NDArray

from maps.arcs import LONGEST_DM
from maps.closures import Closed, ClosureLike, Key, key_of
from maps.compounds import Gate
from maps.doors import Climb, DoorLike, Whereabouts, door_to_door
from maps.earth import Floats, Point, coordinates, haversine_m
from maps.graph import ModeGraph, Way
from maps.grounds import Grounds
from maps.kernel.entries import Ints
from maps.locations import Locations
from maps.network import MapError, OffMapError, RoadNetwork
from maps.profiles import MODES
from maps.snap import Reached, Snapper
from maps.straight import Matrices, Route, StraightLine, check_mode

__all__ = ["Matrices", "Route", "StraightLine", "TravelTimes"]

SNAP_LIMIT_M = 500.0
"""Farthest that a coordinate may lie from a road, metres."""

KNOWN_POINTS = 6000
"""Most points of a mode whose rows and columns `TravelTimes.doors` keeps: 288 MB."""

MAX_EXTENT_M = 250_000.0
"""Largest diagonal of a map, metres: past it a weight's fields might overflow."""

PERIODS = 6
"""Most variants of a mode's graph, by the hours of its roads, that are kept at a time."""

CLOSED_VIEWS = 4
"""Most sets of closures whose graphs and matrices are kept at a time."""

HOURS = 24


class _Mode:
    """What is computed once for a mode: its graph, its snapper and the points it knows."""

    def __init__(self, network: RoadNetwork, mode: str, grounds: Grounds) -> None:
        self.graph = ModeGraph(network, mode)
        self.snapper = Snapper(network, self.graph.edge, grounds, mode)
        self.forget()

    def closed(self, closed: Closed) -> "_Mode":
        """Return the same where some of it is closed: another graph, and no known points."""
        other = copy(self)
        other.graph = self.graph.closed(closed)
        other.forget()
        return other

    def forget(self) -> None:
        """Know no point."""
        self.known: dict[tuple[float, float, int], int] = {}
        nothing, none = np.empty(0), np.empty(0, dtype=np.int64)
        self.locations = self.graph.locate(nothing, nothing, none, nothing, none)
        # Only the first len(known) rows and columns are in use; the rest is room to grow.
        self.time_s = np.empty((0, 0), dtype=np.float32)
        self.distance_m = np.empty((0, 0), dtype=np.float32)


class TravelTimes:
    """Times, distances and routes over a road network.

    A point far from the road is reached on foot: the straight way between point and road at
    walking speed belongs to every time and distance. A point in a compound is reached by the
    compound's own roads, or on foot from its nearest gate; the gate's own delay is the
    caller's affair (`gates`, `gate`). Equal coordinates are 0 apart. All methods may be
    called from several threads.

    Parameters
    ----------
    network : RoadNetwork
    snap_limit_m : float
        Farthest that a point may lie from a road of the mode, metres.
    known_points : int
        Most points of a mode that `doors` keeps; past it, all that the call at hand does not
        ask for are forgotten.
    timezone : tzinfo
        In which roads and gates keep their hours.
    factors : mapping of mode to 24 floats, optional
        What free-flow times are multiplied by in each local hour.
    threads : int
        Threads that one large matrix may use.

    Raises
    ------
    MapError
        The map covers more than a city and its surroundings.
    """

    def __init__(
        self,
        network: RoadNetwork,
        *,
        snap_limit_m: float = SNAP_LIMIT_M,
        known_points: int = KNOWN_POINTS,
        timezone: tzinfo = UTC,
        factors: Mapping[str, Sequence[float]] | None = None,
        threads: int = 1,
    ) -> None:
        extent_m = _extent_m(network)
        if extent_m > MAX_EXTENT_M:
            raise MapError(
                f"the map is {extent_m / 1000:.0f} km across, more than "
                f"{MAX_EXTENT_M / 1000:.0f}: cut a city out of it"
            )
        self.network = network
        self._snap_limit_m = snap_limit_m
        self._known_points = known_points
        self._timezone = timezone
        self._factors = {mode: tuple(values) for mode, values in (factors or {}).items()}
        self._threads = threads
        self._grounds = Grounds(network.compounds)
        self._kept: dict[tuple[str, bytes], _Mode] = {}
        self._lock = threading.RLock()
        self._opened = self
        self._closed: Closed | None = None
        self._views: dict[frozenset[Key], TravelTimes] = {}

    def closed(self, closures: Iterable[ClosureLike]) -> "TravelTimes":
        """Return the times while some streets, areas and gates are closed.

        Equal closures give the same view, which keeps its matrices as the open times keep
        theirs; those of the last `CLOSED_VIEWS` sets are kept. The graphs are not built again:
        their hierarchies get other weights. In a view every time and distance may be inf:
        nobody gets to or from a place whose road is closed, or that lies in a closed area.

        Parameters
        ----------
        closures : see `maps.closures.ClosureLike`
            All that is closed; those of this view, if it is one, do not count.
        """
        key = key_of(closures)
        return self._opened._view(key) if key else self._opened  # noqa: SLF001 - of the same class

    def _view(self, key: frozenset[Key]) -> "TravelTimes":
        with self._lock:
            view = self._views.pop(key, None)
            if view is None:
                view = copy(self)
                view._close(key)  # noqa: SLF001 - of the same class
            # The least recently used comes first.
            self._views[key] = view
            for old in list(self._views)[:-CLOSED_VIEWS]:
                del self._views[old]
        return view

    def _close(self, key: frozenset[Key]) -> None:
        self._closed = Closed.on(self.network, key)
        self._kept, self._views, self._lock = {}, {}, threading.RLock()

    def knows(self, closure: ClosureLike) -> bool:
        """Say whether what a closure names is on the map: else it closes nothing."""
        return not Closed.on(self.network, key_of([closure])).unknown

    @property
    def modes(self) -> tuple[str, ...]:
        """Names of the modes of travel."""
        return MODES

    def matrix(
        self,
        mode: str,
        sources: Sequence[Point],
        targets: Sequence[Point],
        *,
        at: int | None = None,
    ) -> Matrices:
        """Return times and distances from every source to every target.

        Parameters
        ----------
        mode : str
        sources, targets : S and T points
        at : int, optional
            Epoch seconds; None for free flow, without the hours of roads.

        Returns
        -------
        (time_s, distance_m) : two arrays (S, T) float32, seconds and metres
            The distance is that of the fastest way, the shortest of equally fast ones. Every
            point lies in one connected network, so all entries are finite unless something
            is `closed`.

        Raises
        ------
        OffMapError
            A point is too far from every road of the mode.
        MapError
            The map has no connected road for the mode.
        """
        kept = self._mode(mode, at)
        from_here = self._all_located(mode, kept, sources)
        to_there = from_here if targets is sources else self._all_located(mode, kept, targets)
        time_s, distance_m = kept.graph.matrix(from_here, to_there, threads=self._threads)
        if self._closed is not None:
            shut = self._closed.holds(from_here.lat, from_here.lon)[:, None]
            shut = shut | self._closed.holds(to_there.lat, to_there.lon)
            shut &= time_s > 0
            time_s[shut], distance_m[shut] = np.inf, np.inf
        return self._slowed(mode, time_s, at), distance_m

    def doors(
        self, mode: str, doors: Sequence[DoorLike], climb: Climb, *, at: int | None = None
    ) -> Matrices:
        """Return door-to-door times and distances, floors and knocking included.

        Rows and columns of the points asked for are kept, so that k new points among n known
        ones cost 2k searches instead of n + k.

        Parameters
        ----------
        mode : str
        doors : n places; see `maps.doors.Door`
        climb : `maps.doors.Climb`
            How fast this kind of courier climbs and knocks.
        at : int, optional
            As in `matrix`.

        Returns
        -------
        (time_s, distance_m) : two arrays (n, n) float32, seconds and metres
            inf to and from a point that is too far from every road of the mode: one such
            door must not keep all others from being planned.

        Raises
        ------
        MapError
            The map has no connected road for the mode.
        """
        number, lat, lon, has_lift = self._entered(doors)
        names = [
            self._grounds.all[found].id if found >= 0 else door.compound
            for door, found in zip(doors, number.tolist(), strict=True)
        ]
        # Doors of one entrance are one place on the road, and one spot unless their addresses
        # name different compounds that the map does not know.
        place, slot = _distinct(lat, lon, number)
        first, spot = _first_of(list(zip(slot.tolist(), names, strict=True)))
        with self._lock:
            kept = self._mode(mode, at)
            known = self._known_rows(kept, lat[place], lon[place], number[place])
            rows = known[slot[first]]
            is_on = rows >= 0
            on = rows[is_on]
            time_s, distance_m = _taken(kept.time_s, on), _taken(kept.distance_m, on)
            if len(on) < len(rows):
                time_s, distance_m = (_with_gaps(its, is_on) for its in (time_s, distance_m))
            ground = np.full(len(rows), -1, dtype=np.int64)
            ground[is_on] = kept.graph.ground_in(kept.locations.take(on), number[first][is_on])
        where = Whereabouts(
            spot=spot,
            lat=lat[first],
            lon=lon[first],
            compound=[names[index] for index in first.tolist()],
            ground=ground,
            has_lift=has_lift,
        )
        return door_to_door(doors, climb, self._slowed(mode, time_s, at), distance_m, where)

    def extend(self, mode: str, doors: Sequence[DoorLike], *, at: int | None = None) -> None:
        """Compute rows and columns of places ahead of the `doors` that will ask for them.

        Parameters
        ----------
        mode : str
        doors : k places; those off the map are left out
        at : int, optional
            As in `matrix`.
        """
        number, lat, lon, _ = self._entered(doors)
        place, _ = _distinct(lat, lon, number)
        with self._lock:
            self._known_rows(self._mode(mode, at), lat[place], lon[place], number[place])

    def route(self, mode: str, a: Point, b: Point, *, at: int | None = None) -> Route:
        """Return the fastest way from one point to another.

        Where what is `closed` leaves none, its time and distance are inf.

        Raises
        ------
        OffMapError, MapError
            As `matrix`.
        """
        kept = self._mode(mode, at)
        ends = self._all_located(mode, kept, (a, b))
        here, there = (a.lat, a.lon), (b.lat, b.lon)
        if here == there:
            return Route(polyline=(here, there), time_s=0.0, distance_m=0.0)
        start, end = ends.take(np.array([0])), ends.take(np.array([1]))
        time_s, distance_m = kept.graph.matrix(start, end)
        if self._closed is not None and (
            self._closed.holds(ends.lat, ends.lon).any() or not np.isfinite(time_s).all()
        ):
            return Route(polyline=(here, there), time_s=np.inf, distance_m=np.inf)
        line = [here, *self._drawn(kept.graph.way(start, end)), there]
        polyline = [
            point for point, last in zip(line, [None, *line], strict=False) if point != last
        ]
        return Route(
            polyline=tuple(polyline),
            time_s=float(self._slowed(mode, time_s, at)[0, 0]),
            distance_m=float(distance_m[0, 0]),
        )

    def snap_distance_m(
        self, mode: str, points: Sequence[Point], *, at: int | None = None
    ) -> Floats:
        """Return how far points lie from the roads by which a mode reaches them.

        Parameters
        ----------
        mode : str
        points : n points
        at : int, optional
            As in `matrix`.

        Returns
        -------
        (n,) float64, metres; inf beyond the limit
        """
        return self._reached(self._mode(mode, at), points).distance_m

    def gates(self, doors: Sequence[DoorLike]) -> tuple[str, ...]:
        """Return the compound whose gate stands before each place, its id; empty for none."""
        numbers = self._grounds.of_doors(doors).tolist()
        return tuple(
            self._grounds.all[number].id
            if number >= 0 and self._grounds.is_behind(number, door)
            else ""
            for door, number in zip(doors, numbers, strict=True)
        )

    def gate(self, compound: str, mode: str, *, at: int | None = None) -> Gate | None:
        """Return the gate by which couriers of a mode get into a compound.

        Parameters
        ----------
        compound : str, an id that `gates` gave
        mode : str
        at : int, optional
            Epoch seconds; None leaves the gates' hours out.

        Returns
        -------
        Gate or None
            None where no gate is open to them, or where all that are have been `closed`.
        """
        return next(iter(self.ways_in(compound, mode, at=at)), None)

    def ways_in(self, compound: str, mode: str, *, at: int | None = None) -> Sequence[Gate]:
        """Return all gates of which `gate` gives the first, the easiest first."""
        second = None if at is None else self._minute(at) % (24 * 60) * 60
        shut = () if self._closed is None else self._closed.gates
        return self._grounds.ways_in(compound, mode, second, shut)

    # --- modes and hours ---------------------------------------------------------------

    def _minute(self, at: int) -> int:
        """Return the minute of the local week, Monday 00:00 is 0."""
        local = datetime.fromtimestamp(at, self._timezone)
        return (local.weekday() * 24 + local.hour) * 60 + local.minute

    def _mode(self, mode: str, at: int | None) -> _Mode:
        check_mode(mode, MODES)
        minute = None if at is None else self._minute(at)
        with self._lock:
            key = (mode, self.network.hours_of(mode, minute))
            if key in self._kept:
                # The least recently used comes first.
                self._kept[key] = self._kept.pop(key)
            else:
                mine = [other for other in self._kept if other[0] == mode]
                for old in mine[: max(0, len(mine) - PERIODS + 1)]:
                    del self._kept[old]
                self._kept[key] = (
                    _Mode(self.network.at(minute), mode, self._grounds)
                    if self._closed is None
                    else self._opened._mode(mode, at).closed(self._closed)  # noqa: SLF001
                )
            return self._kept[key]

    def prepare(self, mode: str, *, at: int | None = None) -> None:
        """Build now what the first large call of a mode would wait for.

        Raises
        ------
        MapError
            The map has no connected road for the mode.
        """
        kept = self._mode(mode, at)
        self._reached(kept, ())
        _ = kept.graph.hierarchy

    def _slowed(
        self, mode: str, time_s: NDArray[np.float32], at: int | None
    ) -> NDArray[np.float32]:
        """Return times multiplied by the factor of the hour."""
        if at is None or mode not in self._factors:
            return time_s
        return time_s * np.float32(self._factors[mode][self._minute(at) // 60 % HOURS])

    # --- places ------------------------------------------------------------------------

    def _reached(self, kept: _Mode, points: Sequence[Point]) -> Reached:
        lat, lon = coordinates(points)
        return kept.snapper.reach(lat, lon, self._grounds.of(points), limit_m=self._snap_limit_m)

    def _all_located(self, mode: str, kept: _Mode, points: Sequence[Point]) -> Locations:
        """Return locations of points, all of which have to be on the map."""
        lat, lon = coordinates(points)
        reached = self._reached(kept, points)
        off = np.flatnonzero(reached.edge < 0)
        if len(off):
            raise OffMapError(
                lat=float(lat[off[0]]),
                lon=float(lon[off[0]]),
                mode=mode,
                limit_m=self._snap_limit_m,
                bounds=self.network.bounds,
            )
        return _located(kept, lat, lon, reached)

    def _entered(self, doors: Sequence[DoorLike]) -> tuple[Ints, Floats, Floats, NDArray[np.bool_]]:
        """Return compounds, points of entry and lifts: the map's where it knows the entrance."""
        number = self._grounds.of_doors(doors)
        lat, lon = coordinates(doors)
        has_lift = [bool(door.has_lift) for door in doors]
        for index, (door, found) in enumerate(zip(doors, number.tolist(), strict=True)):
            entrance = self._grounds.entrance(found, door) if found >= 0 else None
            if entrance is not None:
                lat[index], lon[index] = entrance.lat, entrance.lon
                if door.has_lift is None:
                    has_lift[index] = bool(entrance.has_lift)
        return number, lat, lon, np.array(has_lift, dtype=np.bool_)

    def _known_rows(self, kept: _Mode, lat: Floats, lon: Floats, number: Ints) -> Ints:
        """Return the rows of distinct points in the kept matrices, adding those that are new.

        A point off the map has row -1.
        """
        keys = list(zip(lat.tolist(), lon.tolist(), number.tolist(), strict=True))
        new = np.array([i for i, key in enumerate(keys) if key not in kept.known], dtype=np.int64)
        if len(new):
            limit_m = self._snap_limit_m
            reached = kept.snapper.reach(lat[new], lon[new], number[new], limit_m=limit_m)
            on = np.flatnonzero(reached.edge >= 0)
            new, reached = new[on], reached.take(on)
        if len(new):
            added = _located(kept, lat[new], lon[new], reached)
            if len(kept.known) + len(new) > self._known_points:
                _forget_all_but(kept, keys)
            self._add(kept, [keys[i] for i in new], added)
        rows = np.array([kept.known.get(key, -1) for key in keys], dtype=np.int64)
        return rows if self._closed is None else np.where(self._closed.holds(lat, lon), -1, rows)

    def _add(self, kept: _Mode, keys: Sequence[tuple[float, float, int]], added: Locations) -> None:
        """Add points to the kept matrices, which grow by doubling: they are seldom copied."""
        old, size = len(kept.known), len(kept.known) + len(keys)
        if size > len(kept.time_s):
            room = max(size, min(2 * len(kept.time_s), self._known_points))
            for name in ("time_s", "distance_m"):
                larger = np.empty((room, room), dtype=np.float32)
                larger[:old, :old] = getattr(kept, name)[:old, :old]
                setattr(kept, name, larger)
        everyone = kept.locations.joined(added)
        for rows, columns, sources, targets in (
            (slice(0, old), slice(old, size), kept.locations, added),
            (slice(old, size), slice(0, size), added, everyone),
        ):
            if len(sources):
                found = kept.graph.matrix(sources, targets, threads=self._threads)
                kept.time_s[rows, columns], kept.distance_m[rows, columns] = found
        kept.locations = everyone
        kept.known.update({key: old + i for i, key in enumerate(keys)})

    # --- drawing -----------------------------------------------------------------------

    def _drawn(self, way: Way) -> list[tuple[float, float]]:
        """Return the points of a way from road to road, its partial edges included."""
        return [point for piece in way.pieces for point in self._piece(*piece)]

    def _piece(self, edge: int, leaves: float, enters: float) -> list[tuple[float, float]]:
        """Return the shape of a part of an edge, between two shares of its length."""
        shape = slice(self.network.shape_start[edge], self.network.shape_start[edge + 1])
        lat, lon = self.network.shape_lat[shape], self.network.shape_lon[shape]
        steps = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
        along = np.concatenate(([0.0], np.cumsum(steps)))
        low, high = sorted((leaves, enters))
        total = along[-1]
        inner = (along > low * total) & (along < high * total)
        at = np.concatenate(([low * total], along[inner], [high * total]))
        points = list(
            zip(
                np.interp(at, along, lat).tolist(),
                np.interp(at, along, lon).tolist(),
                strict=True,
            )
        )
        return points if leaves <= enters else points[::-1]


def _located(kept: _Mode, lat: Floats, lon: Floats, reached: Reached) -> Locations:
    return kept.graph.locate(lat, lon, reached.edge, reached.fraction, reached.access)


def _extent_m(network: RoadNetwork) -> float:
    """Return the diagonal of the box that holds all roads that an errand may take, metres."""
    short = network.length_dm <= LONGEST_DM
    ends = np.concatenate((network.tail[short], network.head[short]))
    if not len(ends):
        return 0.0
    lat, lon = network.node_lat[ends], network.node_lon[ends]
    return float(haversine_m(lat.min(), lon.min(), lat.max(), lon.max()))


def _distinct(lat: Floats, lon: Floats, number: Ints) -> tuple[Ints, Ints]:
    """Return the first index of each distinct place, and each point's slot among those."""
    return _first_of(list(zip(lat.tolist(), lon.tolist(), number.tolist(), strict=True)))


def _first_of(keys: Sequence[Hashable]) -> tuple[Ints, Ints]:
    """Return the first index of each distinct key, and each key's number among those."""
    numbers: dict[Hashable, int] = {}
    slots = np.array([numbers.setdefault(key, len(numbers)) for key in keys], dtype=np.int64)
    return np.unique(slots, return_index=True)[1], slots


def _taken(matrix: NDArray[np.float32], rows: Ints) -> NDArray[np.float32]:
    """Return some rows and the same columns; a copy, which others may not change meanwhile."""
    size = len(rows)
    if np.array_equal(rows, np.arange(size)):
        return matrix[:size, :size].copy()
    # Whole rows are copied faster than cells are picked, unless most of each is not wanted.
    is_small = 4 * size < len(matrix)
    return matrix[rows[:, None], rows] if is_small else matrix[rows].take(rows, axis=1)


def _with_gaps(found: NDArray[np.float32], is_on: NDArray[np.bool_]) -> NDArray[np.float32]:
    """Return a matrix with rows and columns of inf where no place is on the map."""
    result = np.full((len(is_on), len(is_on)), np.inf, dtype=np.float32)
    result[np.ix_(is_on, is_on)] = found
    return result


def _forget_all_but(kept: _Mode, keys: Sequence[tuple[float, float, int]]) -> None:
    names = [key for key in keys if key in kept.known]
    rows = np.array([kept.known[key] for key in names], dtype=np.int64)
    kept.time_s = kept.time_s[rows[:, None], rows]
    kept.distance_m = kept.distance_m[rows[:, None], rows]
    kept.locations = kept.locations.take(rows)
    kept.known = {key: row for row, key in enumerate(names)}
