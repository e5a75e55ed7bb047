"""One work of the benchmark as plain arrays: what the peers read and what answers are scored by.

Needs numpy alone, so that it can be read in the peers' venv. It is not our `Problem`, though the
words are the same: `benchmarks.solver.ours` makes one of it.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Bools = NDArray[np.bool_]

PICKUP, DROPOFF = 0, 1
NEVER = 10**9
"""A leash that nobody feels."""

Stop = tuple[int, int]
"""Leg, and `PICKUP` or `DROPOFF`."""
Routes = Sequence[tuple[int, Sequence[Stop]]]
"""Couriers with the stops of their tours, in order."""


@dataclass(frozen=True, kw_only=True)
class Instance:
    """Legs and couriers; M modes, D places, L legs, C couriers, two load dimensions.

    Windows bind the start of service, and who is early waits. A tour leaves its start and is back
    at its end between `on_duty` and `off_duty`; its span, waits and service included, is at most
    `leash`. Costs are whole numbers without a unit.

    Parameters
    ----------
    name : str
        Shown in tables.
    travel : (M, D, D) int32, ticks
        From row to column.
    pickup_place, pickup_opens, pickup_closes, pickup_service : (L,)
        Place -1: no pickup; the load is on board from the start.
    drop_place, drop_opens, drop_closes, drop_service : (L,)
        The one place of drop-off.
    load : (L, 2)
        Taken up between pickup and drop-off.
    unassigned_cost, priority : (L,)
        Price of leaving it out; the same as ranks from 0 up, for who knows no prices.
    on_board : (L,), courier
        Who has the load already; -1: nobody.
    may : (L, C) bool
        Who is allowed to carry what.
    priced_travel : (M, D, D) int32, optional
        Ticks that `cost_per_travel` is paid for, where those of `travel` are not: what gates take.
    is_required : bool
        Whether an answer that leaves a leg out is none.
    start_place, end_place, on_duty, off_duty, leash, most_parcels, mode : (C,)
        As above; `most_parcels` counts drop-offs.
    capacity : (C, 2)
        As `load`.
    fixed_cost, cost_per_travel, cost_per_parcel : (C,)
        For a tour with a stop; for a tick of travel; for a drop-off.
    """

    name: str
    travel: NDArray[np.int32]

    pickup_place: Ints
    pickup_opens: Ints
    pickup_closes: Ints
    pickup_service: Ints
    drop_place: Ints
    drop_opens: Ints
    drop_closes: Ints
    drop_service: Ints
    load: Ints
    unassigned_cost: Ints
    priority: Ints
    on_board: Ints
    may: Bools

    start_place: Ints
    end_place: Ints
    on_duty: Ints
    off_duty: Ints
    leash: Ints
    most_parcels: Ints
    mode: Ints
    capacity: Ints
    fixed_cost: Ints
    cost_per_travel: Ints
    cost_per_parcel: Ints

    priced_travel: NDArray[np.int32] | None = None
    is_required: bool = False

    @property
    def leg_count(self) -> int:
        """L: legs."""
        return len(self.drop_place)

    @property
    def courier_count(self) -> int:
        """C: couriers."""
        return len(self.start_place)

    @property
    def is_alike(self) -> bool:
        """Whether one courier is like any other."""
        rows = (self.start_place, self.end_place, self.on_duty, self.off_duty, self.leash)
        more = (self.most_parcels, self.mode, self.fixed_cost, self.cost_per_travel)
        return all(len(np.unique(row)) <= 1 for row in (*rows, *more)) and bool(self.may.all())

    def priced_ways(self, courier: int) -> NDArray[np.int32]:
        """Return (D, D): the ticks that a courier is paid for."""
        priced = self.travel if self.priced_travel is None else self.priced_travel
        ways: NDArray[np.int32] = priced[self.mode[courier]]
        return ways

    def first_legs(self, count: int) -> "Instance":
        """Return the same couriers with the first legs alone."""
        names: tuple[str, ...] = ("load", "unassigned_cost", "priority", "on_board", "may")
        names += tuple(
            f"{where}_{what}"
            for where in ("pickup", "drop")
            for what in ("place", "opens", "closes", "service")
        )
        return replace(self, **{name: getattr(self, name)[:count] for name in names})
