"""Problems with one depot from which equal vehicles start and to which they return.

Solomon, Gehring and Homberger, Li and Lim, Sartori and Buriol all published such problems: nodes
with a demand, a window and a service time; either each customer is served from the depot, or
pickups and deliveries come in pairs. Their readers make a `Depot`; what becomes of it as a
`Problem`, and what a plan of that means in the file's node numbers, is the same for all of them.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import FOREVER, UNREACHABLE, Int32Array, IntArray
from dispatch.solver.fields import DEAREST
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem

FloatArray = NDArray[np.float64]

Objective = Literal["vehicles", "distance"]
"""Fewest vehicles and then the shortest way, or the shortest way alone."""

Rounding = Literal["exact", "dimacs"]
"""Distances in double precision, or truncated to one decimal."""

NODE_COLUMNS = ("id", "x", "y", "demand", "opens", "closes", "service")

_MOST_DIGITS = 7


@dataclass(frozen=True, eq=False, kw_only=True)
class Depot:
    """A file with one depot, in the file's own numbers. N nodes, the depot first; R requests.

    Parameters
    ----------
    name : str
        What the file calls itself.
    vehicles, capacity : int
        Most vehicles and the load of each.
    nodes : (N,) int64
        The file's node numbers.
    x, y : (N,) float64
        Where they lie.
    demand : (N,) int64
        Taken up at a pickup, positive; let down at a delivery of a pair, negative; at a customer of
        a file without pairs positive.
    opens, closes, service : (N,) float64, the file's unit of time
        Window of the start of service, inclusive, and its duration. The depot's window is the
        horizon.
    requests : (R, 2) int64, node indices
        Pickup and delivery; pickup 0 where the depot is where it comes from.
    matrix : (N, N) int64, optional
        Times between nodes, where the file has them; otherwise they follow from x and y.

    """

    name: str
    vehicles: int
    capacity: int
    nodes: IntArray
    x: FloatArray
    y: FloatArray
    demand: IntArray
    opens: FloatArray
    closes: FloatArray
    service: FloatArray
    requests: IntArray
    matrix: IntArray | None = None

    @cached_property
    def index(self) -> dict[int, int]:
        """Index of each node number."""
        return {number: index for index, number in enumerate(self.nodes.tolist())}

    def distances(self, rounding: Rounding) -> FloatArray:
        """Give the (N, N) distances between nodes, in the file's unit.

        Parameters
        ----------
        rounding : "exact" or "dimacs"
            See `Rounding`; a file with a matrix knows no other distances.

        """
        if self.matrix is not None:
            return self.matrix.astype(np.float64)
        exact = np.hypot(self.x[:, None] - self.x[None, :], self.y[:, None] - self.y[None, :])
        distances: FloatArray = np.floor(10.0 * exact) / 10.0 if rounding == "dimacs" else exact
        return distances

    def ticks(self, rounding: Rounding) -> int:
        """Give how many ticks a unit of the file has: a power of ten, 1 where all is whole.

        Parameters
        ----------
        rounding : "exact" or "dimacs"
            Tenths suffice for the latter.

        Raises
        ------
        FormatError
            Where the horizon or a distance is beyond what ticks can hold.

        """
        longest = float(self.distances(rounding).max(initial=0.0))
        horizon = float(
            max(np.abs(self.opens).max(), np.abs(self.closes).max(), self.service.max())
        )
        fitting = [
            10**digits
            for digits in range(_MOST_DIGITS + 1)
            if horizon * 10**digits < FOREVER and longest * 10**digits < UNREACHABLE
        ]
        needed = 1 if self.matrix is not None else 10
        if needed not in fitting:
            raise FormatError(
                [f"{self.name}: horizon {horizon:g} and longest way {longest:g} are too long"]
            )
        return needed if self.matrix is not None or rounding == "dimacs" else fitting[-1]

    def problem(
        self, *, objective: Objective = "vehicles", rounding: Rounding = "exact"
    ) -> Problem:
        """Make it a `Problem` with one class of couriers.

        Leg r is request r, place n is node n. A plan that keeps to the windows in ticks keeps to
        them in the file's own arithmetic: ways, openings and service are rounded up, closings down.

        Parameters
        ----------
        objective : "vehicles" or "distance"
            For the former a vehicle costs more than any way, so that fewer vehicles always win.
        rounding : "exact" or "dimacs"
            See `Rounding`.

        Returns
        -------
        Problem
            Cost 1 for each tick of a way, `fixed_cost` for each vehicle, and a leg left out costs
            more than all vehicles on all ways together. Vehicles are no more than requests: others
            would never leave.

        Raises
        ------
        FormatError
            As `ticks`, and where prices would be beyond what a `Problem` can hold.

        """
        count = max(1, min(self.vehicles, len(self.requests)))
        ticks = self.ticks(rounding)
        travel = _up(self.distances(rounding) * ticks).astype(np.int32)[None]
        opens, service = _up(self.opens * ticks), _up(self.service * ticks)
        closes = np.floor(self.closes * ticks + _NOISE).astype(np.int64)
        pickup, delivery = self.requests[:, 0], self.requests[:, 1]
        is_pair = pickup > 0
        longest = self._longest(travel[0], int(closes[0] - opens[0]), count)
        fixed_cost = longest + 1 if objective == "vehicles" else 0
        price = count * fixed_cost + longest + 1
        if price > DEAREST:
            raise FormatError([f"{self.name}: {count} vehicles on so long ways are too many"])
        load = np.where(is_pair, self.demand[pickup], self.demand[delivery])
        return Problem(
            travel=travel,
            pickup_place=np.where(is_pair, pickup, -1),
            pickup_opens=np.where(is_pair, opens[pickup], -FOREVER),
            pickup_closes=np.where(is_pair, closes[pickup], FOREVER),
            pickup_service=np.where(is_pair, service[pickup], 0),
            option_leg=np.arange(len(self.requests)),
            option_place=delivery,
            option_opens=opens[delivery],
            option_closes=closes[delivery],
            option_service=service[delivery],
            load=load[:, None],
            unassigned_cost=np.full(len(self.requests), price),
            start_place=np.zeros(1, np.int64),
            end_place=np.zeros(1, np.int64),
            on_duty=opens[:1],
            off_duty=closes[:1],
            capacity=np.full((1, 1), self.capacity),
            count=np.full(1, count),
            fixed_cost=np.full(1, fixed_cost),
            cost_per_travel=np.ones(1, np.int64),
        )

    def _longest(self, travel: Int32Array, horizon: int, count: int) -> int:
        """Bound the length of all ways of any plan: nodes left once, vehicles home in time."""
        from_each = travel.max(axis=1, initial=0).astype(np.int64)
        by_nodes = int(from_each[1:].sum() + count * from_each[0])
        return min(by_nodes, count * max(0, horizon))

    def routes(self, plan: Plan) -> list[list[int]]:
        """Write a plan's tours as the file's node numbers, without the depot."""
        return [
            [
                int(self.nodes[self.requests[stop.leg, int(stop.action is Action.DROPOFF)]])
                for stop in tour.stops
            ]
            for tour in plan.tours
        ]

    def tours(
        self, routes: Sequence[Sequence[int]]
    ) -> list[tuple[int, list[tuple[int, int, int]]]]:
        """Read routes of node numbers as tours of the `Problem`.

        Parameters
        ----------
        routes : sequence of sequence of int
            Node numbers without the depot, each one of the file's.

        Returns
        -------
        list of (courier, stops)
            Each stop a leg, 0 for its pickup or 1 for its drop-off, and its option or -1.

        """
        stops = {int(self.requests[leg, 1]): (leg, 1, leg) for leg in range(len(self.requests))}
        stops |= {
            int(pickup): (leg, 0, -1)
            for leg, pickup in enumerate(self.requests[:, 0].tolist())
            if pickup > 0
        }
        return [(0, [stops[self.index[node]] for node in route]) for route in routes]

    def nodes_of(self, leg: int) -> list[int]:
        """Give a leg's node numbers: the customer, or pickup and delivery."""
        pickup, delivery = self.requests[leg].tolist()
        indices = [pickup, delivery] if pickup > 0 else [delivery]
        return [int(self.nodes[index]) for index in indices]


_NOISE = 1e-6
"""What products of decimals and powers of ten may be off, ticks."""


def _up(values: FloatArray) -> IntArray:
    """Round up what is not whole already but for noise."""
    near = np.rint(values)
    rounded: IntArray = np.where(np.abs(values - near) < _NOISE, near, np.ceil(values)).astype(
        np.int64
    )
    return rounded
