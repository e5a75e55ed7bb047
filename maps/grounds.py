"""Which compound a place lies in, and by which gate and entrance it is reached.

The index over `maps.compounds` that travel times are asked through: points go in, numbers of
compounds come out. Knows no roads.
"""

from collections.abc import Collection, Sequence

import numpy as np
import shapely

from maps.compounds import ALL_DAY, Compound, Entrance, Gate, GateRule
from maps.doors import DoorLike
from maps.earth import Point, coordinates, haversine_m
from maps.kernel.entries import Ints

GATE_REACH_M = 30.0
"""A counter as near to a gate as this stands at the gate: nobody has to enter for it."""

NAMED_REACH_M = 500.0
"""An address is believed about its compound as far from the land as this, metres."""

_EASIEST = (GateRule.OPEN, GateRule.SIGN_IN, GateRule.PERMIT)


class Grounds:
    """The compounds of a map, by place and by name.

    Parameters
    ----------
    compounds : sequence of Compound
    """

    def __init__(self, compounds: Sequence[Compound]) -> None:
        self.all = tuple(compounds)
        self._number = {compound.id: number for number, compound in enumerate(self.all)}
        rings = [
            (number, shapely.Polygon([(lon, lat) for lat, lon in ring]))
            for number, compound in enumerate(self.all)
            for ring in compound.boundary
        ]
        self._outline = {
            number: np.array([*(p for ring in compound.boundary for p in ring), *gates])
            for number, compound in enumerate(self.all)
            if (gates := [(gate.lat, gate.lon) for gate in compound.gates]) or compound.boundary
        }
        self._owner = np.array([number for number, _ in rings], dtype=np.int64)
        self._area = np.array([ring.area for _, ring in rings])
        self._tree = shapely.STRtree([ring for _, ring in rings])
        self._entrances = {
            (number, item.building, item.entrance): item
            for number, compound in enumerate(self.all)
            for item in compound.entrances
            if item.building or item.entrance
        }

    def of(self, points: Sequence[Point]) -> Ints:
        """Return the number of the compound that each point lies in, (n,) int64; -1 for none.

        Where several hold it, the smallest.
        """
        number = np.full(len(points), -1, np.int64)
        if not len(self._owner) or not len(points):
            return number
        lat, lon = coordinates(points)
        askable = np.flatnonzero(np.isfinite(lat) & np.isfinite(lon))
        point, ring = self._tree.query(
            shapely.points(lon[askable], lat[askable]), predicate="intersects"
        )
        order = np.lexsort((ring, -self._area[ring]))
        # The last one written stays: the smallest.
        number[askable[point[order]]] = self._owner[ring[order]]
        return number

    def of_doors(self, doors: Sequence[DoorLike]) -> Ints:
        """Return the compound of each door, (n,) int64: by its address, else by its point.

        An address that lies far from the land it names is not believed, and one whose
        compound is but a name does not overrule the land.
        """
        number = self.of(doors)
        for index, (door, lies_in) in enumerate(zip(doors, number.tolist(), strict=True)):
            named = self._number.get(door.compound, -1)
            if named < 0 or named == lies_in:
                continue
            outline = self._outline.get(named)
            if outline is None:
                number[index] = named if number[index] < 0 else number[index]
            elif haversine_m(door.lat, door.lon, *outline.T).min() <= NAMED_REACH_M:
                number[index] = named
        return number

    def entrance(self, number: int, door: DoorLike) -> Entrance | None:
        """Return the entrance of a door's address in a compound, None where it is unknown."""
        return self._entrances.get((number, door.building, door.entrance))

    def is_behind(self, number: int, door: DoorLike) -> bool:
        """Say whether somebody has to pass a gate of the compound to get to a place in it."""
        gates = self.all[number].gates
        if not gates or door.is_door:
            return bool(gates)
        lat, lon = coordinates(gates)
        return bool((haversine_m(door.lat, door.lon, lat, lon) > GATE_REACH_M).all())

    def nearest_gate(self, number: int, mode: str, lat: float, lon: float) -> Gate | None:
        """Return the gate at which a mode's way on roads ends, for a place inside.

        The nearest of the easiest that the mode fits through, whatever the hour; where there
        is none, of those for people on foot, who leave their vehicle outside.
        """
        gates = _fitting(self.all[number].gates, mode)
        if not gates:
            return None
        easiest = min(_EASIEST.index(gate.rule) for gate in gates)
        gates = [gate for gate in gates if _EASIEST.index(gate.rule) == easiest]
        away = haversine_m(lat, lon, *coordinates(gates))
        return gates[int(np.argmin(away))]

    def gate(
        self,
        compound: str,
        mode: str,
        second: int | None,
        shut: Collection[tuple[str, str]] = (),
    ) -> Gate | None:
        """Return the gate by which couriers of a mode get in, None where there is none.

        The easiest of `ways_in`: everybody knows it.
        """
        return next(iter(self.ways_in(compound, mode, second, shut)), None)

    def ways_in(
        self,
        compound: str,
        mode: str,
        second: int | None,
        shut: Collection[tuple[str, str]] = (),
    ) -> list[Gate]:
        """Return the gates that couriers of a mode fit through, the easiest first.

        Those that are open at that second of the day. Gates that are ``shut``, by the ids of
        compound and gate, are as if they were not there.
        """
        number = self._number.get(compound)
        if number is None:
            return []
        there = [gate for gate in self.all[number].gates if (compound, gate.id) not in shut]
        gates = [gate for gate in _fitting(there, mode) if second is None or _is_open(gate, second)]
        return sorted(gates, key=_effort)


def _fitting(gates: Sequence[Gate], mode: str) -> Sequence[Gate]:
    return [gate for gate in gates if mode in gate.modes] or [
        gate for gate in gates if "foot" in gate.modes
    ]


def _effort(gate: Gate) -> tuple[int, float, str]:
    usual = float("inf") if gate.sign_in_s is None else gate.sign_in_s
    return _EASIEST.index(gate.rule), usual, gate.id


def _is_open(gate: Gate, second: int) -> bool:
    opens, closes = gate.opens_s, gate.closes_s
    if (opens, closes) == ALL_DAY or opens == closes:
        return True
    if opens < closes:
        return opens <= second < closes
    return second >= opens or second < closes
