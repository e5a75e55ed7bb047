"""Groups of neighbouring routes, each small enough for a routing model of its own.

Routes, not areas: couriers and demand are never balanced within an area. Nothing here imports
OR-Tools.
"""

from collections.abc import Mapping, Sequence
from copy import copy

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.routing.nodes import Nodes, Promised, kinds_of

CELLS = 4_000_000
"""Most cells in a model's matrices together; 0.05 us each, and OR-Tools keeps 8 bytes for each."""

_LOOKED_AT = 3
"""Places that stand for a route: first, middle and last stop."""


def groups_of(
    promised: Promised, tours: Mapping[int, Sequence[int]], *, most_legs: int, most_nodes: int
) -> list[list[int]]:
    """Split routes into groups of neighbours.

    Parameters
    ----------
    promised : Promised
        The problem.
    tours : mapping of vehicle to stops
        Routes with at least one stop, of vehicles that are not closed.
    most_legs, most_nodes : int
        In a group: legs, and pickups, drop-off options, starts and ends together. A single route
        may have more.

    Returns
    -------
    list of list of vehicle
        Every vehicle in one group, ascending; the same for the same tours.
    """
    vehicles = sorted(tours)
    routes = [_Group(promised, [vehicle], tours[vehicle]) for vehicle in vehicles]
    places = np.array([_places(promised, vehicle, tours[vehicle]) for vehicle in vehicles])
    waiting = np.ones(len(vehicles), bool)
    found = []
    while waiting.any():
        first = int(np.argmax(waiting))
        waiting[first] = False
        group = routes[first]
        far = _distances(promised, places, first)
        for other in np.argsort(far, kind="stable").tolist():
            if not waiting[other]:
                continue
            larger = group.with_route(routes[other])
            if larger.legs <= most_legs and larger.nodes <= most_nodes and larger.cells() <= CELLS:
                group, waiting[other] = larger, False
        found.append(sorted(group.vehicles))
    return found


class _Group:
    """Some routes together, and what a model of them would take."""

    def __init__(self, promised: Promised, vehicles: list[int], stops: Sequence[int]) -> None:
        schedule = promised.schedule
        legs = {schedule.leg[stop] for stop in stops}
        self.vehicles = vehicles
        self.legs = len(legs)
        self.nodes = 2 + sum(schedule.has_pickup[leg] + len(schedule.options[leg]) for leg in legs)
        by_end = -1 in schedule.place[schedule.leg_count :]
        couriers = [promised.couriers[vehicle] for vehicle in vehicles]
        self.kinds = kinds_of(schedule, couriers, by_end=by_end)

    def cells(self) -> int:
        """Give the size of all matrices together."""
        return len(self.kinds) * self.nodes**2

    def with_route(self, other: "_Group") -> "_Group":
        """Give both together."""
        both = copy(self)
        both.vehicles = self.vehicles + other.vehicles
        both.legs = self.legs + other.legs
        both.nodes = self.nodes + other.nodes
        both.kinds = self.kinds | other.kinds
        return both


def nodes_of(
    promised: Promised, vehicles: Sequence[int], tours: Mapping[int, Sequence[int]]
) -> Nodes:
    """Give the nodes of a group: its vehicles, and the legs that they serve."""
    legs = {promised.schedule.leg[stop] for vehicle in vehicles for stop in tours[vehicle]}
    return Nodes(promised, vehicles, legs)


def _places(promised: Promised, vehicle: int, stops: Sequence[int]) -> list[int]:
    schedule, courier = promised.schedule, promised.couriers[vehicle]
    last = len(stops) - 1
    looked_at = (stops[last * part // (_LOOKED_AT - 1)] for part in range(_LOOKED_AT))
    return [max(0, schedule.place_of(courier, stop)) for stop in looked_at]


def _distances(promised: Promised, places: NDArray[np.int64], first: int) -> NDArray[np.int64]:
    """(routes,): sum of the ways from the places of one route to the nearest of each other's."""
    travel = promised.schedule.problem.travel[0]
    ways = travel[places[first][:, None, None], places[None, :, :]]
    nearest: NDArray[np.int64] = ways.min(axis=2).sum(axis=0, dtype=np.int64)
    return nearest
