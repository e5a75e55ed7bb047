"""The problems of the Optimization Grand Challenge 2024: bundles of city orders for three modes.

JSON: ``K`` orders; ``RIDERS``, each [type, speed m/s, capacity, pay for 100 m, pay for a bundle,
service s, count]; ``ORDERS``, each [id, placed s, pickup lat, lon, drop-off lat, lon, preparation
s, volume, deadline s]; ``DIST``, 2K x 2K metres, pickups first. A bundle starts free at its first
pickup, visits all pickups before all drop-offs and ends at the last drop-off; each rider takes one.
A way takes round(distance / speed + service) seconds, the service being that of the stop at its
end. Every order is served; what counts is the pay of all bundles by order.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import UNREACHABLE, IntArray
from dispatch.solver.formats.faults import Faults
from dispatch.solver.formats.tree import Node, parsed
from dispatch.solver.plan import Action, Plan
from dispatch.solver.problem import Problem

Route = tuple[str, list[int], list[int]]
"""Type of rider, orders in the sequence of their pickups, orders in that of their drop-offs."""

_ORDER_FIELDS = (
    "id",
    "placed",
    "pickup lat",
    "pickup lon",
    "drop-off lat",
    "drop-off lon",
    "preparation",
    "volume",
    "deadline",
)
_RIDER_FIELDS = ("type", "speed", "capacity", "pay for 100 m", "pay", "service", "count")

_MOST = 2**31 - 1
_LONGEST = UNREACHABLE - 1


@dataclass(frozen=True, slots=True)
class Rider:
    """A type of rider: metres and seconds, pay in the file's money."""

    type: str
    speed: float
    capacity: int
    pay_for_100_m: float
    pay: float
    service: float
    count: int


@dataclass(frozen=True, eq=False, kw_only=True)
class Orders:
    """A file, in its own numbers. K orders.

    Parameters
    ----------
    name : str
        What the file calls itself.
    riders : tuple of Rider
        All types.
    ready, deadline, volume : (K,) int64
        When an order can be picked up, when it must be dropped off, s; what it takes up.
    distance : (2 K, 2 K) float64, metres
        Pickup of order k at k, drop-off at K + k.
    places : (2 K, 2) float64, degrees
        Latitude and longitude of the same; `distance` alone says how far they are apart.

    """

    name: str
    riders: tuple[Rider, ...]
    ready: IntArray
    deadline: IntArray
    volume: IntArray
    distance: NDArray[np.float64]
    places: NDArray[np.float64]

    def travel(self, rider: Rider) -> IntArray:
        """Give the (2 K, 2 K) times of ways, s."""
        times: IntArray = np.rint(self.distance / rider.speed + rider.service).astype(np.int64)
        return times

    def problem(self) -> Problem:
        """Make it a `Problem`: leg k is order k, courier class r rider type r, costs x 1000.

        `unassigned_cost` is more than all pay together.
        """
        count = len(self.ready)
        modes = np.arange(len(self.riders))
        shape = (len(modes), *self.distance.shape)
        travel, pay = np.zeros(shape, np.int64), np.zeros(shape, np.int64)
        for mode, rider in enumerate(self.riders):
            travel[mode] = self.travel(rider)
            pay[mode] = np.rint(10.0 * rider.pay_for_100_m * self.distance)
        fixed = np.array([round(1000 * rider.pay) for rider in self.riders])
        longest = pay.max(axis=(0, 2), initial=0).sum()
        return Problem(
            travel=np.minimum(travel, UNREACHABLE).astype(np.int32),
            arc_cost=pay,
            pickup_place=np.arange(count),
            pickup_opens=self.ready,
            option_leg=np.arange(count),
            option_place=count + np.arange(count),
            option_closes=self.deadline,
            load=self.volume[:, None],
            unassigned_cost=np.full(count, int(longest) + count * int(fixed.max(initial=0)) + 1),
            start_place=np.full(len(modes), -1),
            end_place=np.full(len(modes), -1),
            capacity=np.array([rider.capacity for rider in self.riders])[:, None],
            count=np.array([rider.count for rider in self.riders]),
            mode=modes,
            pickups_first=np.ones(len(modes), np.bool_),
            fixed_cost=fixed,
        )

    def routes(self, plan: Plan) -> list[Route]:
        """Write a plan's tours as the contest does."""
        return [
            (
                self.riders[tour.courier].type,
                [stop.leg for stop in tour.stops if stop.action is Action.PICKUP],
                [stop.leg for stop in tour.stops if stop.action is Action.DROPOFF],
            )
            for tour in plan.tours
        ]

    def tours(self, routes: list[Route]) -> list[tuple[int, list[tuple[int, int, int]]]]:
        """Read the contest's routes as tours of the `Problem`: a courier class and stops."""
        types = [rider.type for rider in self.riders]
        return [
            (
                types.index(name),
                [*((leg, 0, -1) for leg in pickups), *((leg, 1, leg) for leg in dropoffs)],
            )
            for name, pickups, dropoffs in routes
        ]


def read(text: str | bytes) -> Orders:
    """Read a file.

    Raises
    ------
    FormatError
        Naming every bad field.

    """
    faults = Faults()
    root = parsed(text, faults)
    root.keys(("name", "K", "RIDERS", "ORDERS", "DIST"))
    name = root.at("name").text() if root.has("name") else "ogc"
    count = root.need("K").whole(highest=_MOST)
    faults.raise_any()
    riders = [_rider(node) for node in root.need("RIDERS").items()]
    orders = [_order(node, index) for index, node in enumerate(root.need("ORDERS").items())]
    if len(orders) != count:
        root.at("ORDERS").refuse(f"{len(orders)} orders, but K is {count}")
    types = [rider.type for rider in riders]
    for index, type_ in enumerate(types):
        if type_ in types[:index]:
            root.at("RIDERS").refuse(f"{type_} stands there twice")
    distance = _distances(root.need("DIST"), 2 * count)
    faults.raise_any()
    ready, deadline, volume = np.array([whole for whole, _ in orders], np.int64).reshape(-1, 3).T
    ends = np.array([degrees for _, degrees in orders], np.float64).reshape(-1, 2, 2)
    return Orders(
        name=name,
        # A type of which there is nobody takes no bundle.
        riders=tuple(rider for rider in riders if rider.count),
        ready=ready,
        deadline=deadline,
        volume=volume,
        distance=distance,
        places=np.concatenate([ends[:, 0], ends[:, 1]]),
    )


def _rider(node: Node) -> Rider:
    parts = _parts(node, _RIDER_FIELDS)
    if not parts:
        return Rider("", 1.0, 0, 0.0, 0.0, 0.0, 0)
    speed = parts["speed"].number()
    if speed <= 0.0:
        parts["speed"].refuse("nobody gets anywhere")
    return Rider(
        type=parts["type"].text(),
        speed=speed,
        capacity=parts["capacity"].whole(highest=_MOST),
        pay_for_100_m=parts["pay for 100 m"].number(),
        pay=parts["pay"].number(),
        service=parts["service"].number(),
        count=parts["count"].whole(highest=10**6),
    )


def _order(node: Node, index: int) -> tuple[tuple[int, int, int], list[float]]:
    """Read when an order is ready, its deadline and its volume; and where its ends lie."""
    parts = _parts(node, _ORDER_FIELDS)
    if not parts:
        return (0, 0, 0), [0.0] * 4
    if parts["id"].whole() != index:
        parts["id"].refuse(f"expected {index}, the orders' ids being 0, 1, 2, ...")
    degrees = [parts[name].number(lowest=-360.0, highest=360.0) for name in _ORDER_FIELDS[2:6]]
    placed = parts["placed"].whole(highest=_LONGEST)
    ready = placed + parts["preparation"].whole(highest=_LONGEST)
    deadline = parts["deadline"].whole(highest=_LONGEST)
    return (ready, deadline, parts["volume"].whole(highest=_MOST)), degrees


def _parts(node: Node, names: tuple[str, ...]) -> dict[str, Node]:
    """Name the elements of a list; nothing where there are too few or too many."""
    items = list(node.items())
    if not isinstance(node.value, list) or len(items) != len(names):
        node.refuse(f"expected {len(names)} values, found {len(items)}")
        return {}
    for name, item in zip(names, items, strict=True):
        item.path = f"{item.path} ({name})"
    return dict(zip(names, items, strict=True))


def _distances(node: Node, size: int) -> NDArray[np.float64]:
    rows = list(node.items())
    distance = np.zeros((size, size))
    if len(rows) != size:
        node.refuse(f"{len(rows)} rows, expected {size}: pickups and drop-offs of K orders")
        return distance
    for index, row in enumerate(rows):
        values = [item.number(highest=_LONGEST) for item in row.items()]
        if len(values) != size:
            row.refuse(f"{len(values)} numbers, expected {size}")
        else:
            distance[index] = values
    return distance
