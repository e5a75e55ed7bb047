"""A part of a problem as tables of its own: some vehicles, some legs, the places between them.

A search of a part reads a matrix that is small enough for the processor's caches, and two parts can
be searched side by side without knowing of each other: what is shared between them (hub slots) is
dealt out beforehand, what cannot be (a post, a linked pair) lies in one part.
"""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.kernel import columns as at
from dispatch.solver.kernel.compiled import compiled
from dispatch.solver.kernel.tables import Data, Table, own

__all__ = ["Part", "part_of"]


class Part(NamedTuple):
    """Some vehicles and legs under numbers of their own.

    Attributes
    ----------
    data : Data
        The part's tables.
    stops : (s, STOP_COLUMNS)
        Its stops, as `tables.stops_of` writes them.
    vehicles : (k,)
        Numbers in the whole of the part's vehicles, ascending.
    rows : (s,)
        Numbers in the whole of the part's stops.
    numbers : (S + 1,)
        The other way round; -1 for stops of other parts.
    """

    data: Data
    stops: Table
    vehicles: Table
    rows: Table
    numbers: Table

    def inwards(self, tours: Sequence[Sequence[int]]) -> list[Table]:
        """Give the part's tours of a whole solution, in its own numbers."""
        return [self.numbers[np.asarray(tours[k], np.int64)] for k in self.vehicles.tolist()]

    def outwards(self, tour: Table) -> list[int]:
        """Give one of its tours in the numbers of the whole."""
        stops: list[int] = self.rows[tour].tolist()
        return stops


def part_of(data: Data, stops: Table, vehicles: Table, legs: Table, slots: Table) -> Part:
    """Cut a part out.

    Parameters
    ----------
    data, stops : Data, (S, STOP_COLUMNS)
        The whole.
    vehicles, legs : (k,), (l,)
        What belongs to the part, ascending: with a vehicle all legs of its tour and all vehicles
        of its post, with a leg the one that it comes after.
    slots : (H * S,)
        Free compartments that the part may fill.
    """
    rows = _rows_of(data, legs)
    its_stops, its_legs, its_vehicles = stops[rows], data.legs[legs], data.vehicles[vehicles]
    classes, class_of = np.unique(its_vehicles[:, at.CLASS], return_inverse=True)
    ends = its_vehicles[:, [at.START, at.END]].reshape(-1)
    places = np.unique(np.concatenate([its_stops[:, at.PLACE], ends]))
    places = places[places >= 0]
    stop_no, leg_no = _numbers(rows, len(stops)), _numbers(legs, len(data.legs))
    vehicle_no = _numbers(vehicles, len(data.vehicles))
    place_no, class_no = _numbers(places, len(data.gates)), _numbers(classes, len(data.first_of))

    _renumber(its_stops, {at.PLACE: place_no, at.LEG: leg_no, at.LINKS: leg_no})
    _renumber(its_vehicles, {at.START: place_no, at.END: place_no, at.CLASS: class_no})
    seen = its_legs[:, at.SEEN].copy()
    _renumber(
        its_legs,
        {
            at.FIRST: stop_no,
            at.LAST: stop_no,
            at.AFTER: leg_no,
            at.NEXT: leg_no,
            at.HOME: vehicle_no,
            at.SEEN: class_no,
        },
    )
    # Seen by somebody in another part: everybody here is another one.
    its_legs[(seen >= 0) & (its_legs[:, at.SEEN] < 0), at.SEEN] = len(classes)
    ranked, bounds = _packed(class_no[data.classes[legs]], data.bounds[legs])
    travel = gathered(data.travel, places)
    is_symmetric = data.back.ctypes.data == data.travel.ctypes.data
    cut = Data(
        travel=travel,
        back=travel if is_symmetric else gathered(data.back, places),
        metres=gathered(data.metres, places) if data.switches[at.HAS_METRES] else data.metres,
        arcs=gathered(data.arcs, places) if data.switches[at.HAS_ARCS] else data.arcs,
        gates=data.gates[places],
        entry=data.entry,
        switches=data.switches,
        legs=its_legs,
        load=data.load[legs],
        vehicles=its_vehicles,
        capacity=data.capacity[vehicles],
        allowed=data.allowed[np.ix_(legs, classes)],
        near=_near(data, legs, leg_no),
        classes=ranked.astype(np.int32),
        bounds=bounds,
        first_of=np.concatenate([[0], np.cumsum(np.bincount(class_of))]).astype(np.int64),
        slots=slots,
        posts=data.posts[vehicles],
        steps=data.steps,
    )
    return Part(
        Data(*(own(table, table.dtype) for table in cut)), its_stops, vehicles, rows, stop_no
    )


def _rows_of(data: Data, legs: Table) -> Table:
    """Give the stops of some legs: their pickups, then their drop-off options."""
    first, last = data.legs[legs, at.FIRST], data.legs[legs, at.LAST]
    counts = last - first + 1
    before = np.cumsum(counts) - counts
    options = np.repeat(first - before, counts) + np.arange(counts.sum())
    return np.concatenate([legs, options])


def _near(data: Data, legs: Table, numbers: Table) -> NDArray[np.int32]:
    """Give the legs near each that are in the part; in the place of others the leg itself."""
    near = _packed(numbers[data.near[legs]])[0]
    return np.where(near < 0, np.arange(len(legs))[:, None], near).astype(np.int32)


@compiled
def gathered(matrices: Any, places: Any) -> Any:
    """Give the rows and columns of some places: (M, D, D) -> (M, d, d)."""
    count = len(places)
    found = np.empty((matrices.shape[0], count, count), matrices.dtype)
    for mode in range(matrices.shape[0]):
        for i in range(count):
            for j in range(count):
                found[mode, i, j] = matrices[mode, places[i], places[j]]
    return found


def _numbers(kept: Table, count: int) -> Table:
    """(count + 1,): the new number of each old one; -1 for those left out, and for -1 itself."""
    numbers = np.full(count + 1, -1, np.int64)
    numbers[kept] = np.arange(len(kept))
    return numbers


def _renumber(table: Table, columns: dict[int, Table]) -> None:
    for column, numbers in columns.items():
        table[:, column] = numbers[table[:, column]]


def _packed(table: NDArray[Any], beside: NDArray[Any] | None = None) -> tuple[Table, Table]:
    """Move what is -1 to the end of each row, and the cells of another table with it."""
    order = np.argsort(table < 0, axis=1, kind="stable")
    packed = np.take_along_axis(table, order, axis=1)
    return packed, packed if beside is None else np.take_along_axis(beside, order, axis=1)
