"""Published rules: routes judged and scored from the file's own numbers, in its own arithmetic.

Nothing here looks at the `Problem` that was solved, at ticks or at a plan: only at what stands in
the file, as `depot.Depot` and `ogc.Orders` hold it, and at routes. So rounding and mistakes on the
way through the solver show up here.
"""

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise

from dispatch.solver.formats.depot import Depot, Rounding
from dispatch.solver.formats.ogc import Orders, Rider, Route

TOLERANCE = 1e-6
"""How much later than a window double precision may be, in the file's unit of time."""


@dataclass(frozen=True, slots=True)
class Score:
    """What routes are worth by the published rules.

    Parameters
    ----------
    vehicles : int
        Routes that serve anybody.
    cost : float
        Length of all ways, or for the Grand Challenge the average pay of an order.
    faults : tuple of str
        What the routes break; then the figures mean nothing.

    """

    vehicles: int
    cost: float
    faults: tuple[str, ...]


def depot_score(
    depot: Depot, routes: Sequence[Sequence[int]], *, rounding: Rounding = "exact"
) -> Score:
    """Score routes of node numbers from one depot.

    Parameters
    ----------
    depot : Depot
        The file.
    routes : sequence of sequence of int
        The file's node numbers, without the depot.
    rounding : "exact" or "dimacs"
        Double precision, or distances (times as well) truncated to one decimal. Where the file has
        a matrix, that is what counts.

    """
    used = [route for route in routes if route]
    faults = list(_unknown(depot, used))
    if faults:
        return Score(len(used), math.nan, tuple(faults))
    faults += _served(depot, used)
    if len(used) > depot.vehicles:
        faults.append(f"{len(used)} routes, but {depot.vehicles} vehicles")
    ways = _Ways(depot, rounding)
    total = 0.0
    for number, route in enumerate(used):
        stops = [depot.index[node] for node in route]
        faults += [f"route {number}: {what}" for what in _route(depot, ways, stops)]
        total += sum(ways.length(tail, head) for tail, head in pairwise([0, *stops, 0]))
    return Score(len(used), total / ways.unit, tuple(faults))


class _Ways:
    """Lengths of ways and durations in one unit: tenths where distances are truncated to them."""

    def __init__(self, depot: Depot, rounding: Rounding) -> None:
        self._depot = depot
        self._truncates = depot.matrix is None and rounding == "dimacs"
        self.unit = 10 if self._truncates else 1

    def length(self, tail: int, head: int) -> float:
        depot = self._depot
        if depot.matrix is not None:
            return int(depot.matrix[tail, head])
        exact = math.dist(
            (float(depot.x[tail]), float(depot.y[tail])),
            (float(depot.x[head]), float(depot.y[head])),
        )
        return math.floor(10.0 * exact) if self._truncates else exact


def _unknown(depot: Depot, routes: Sequence[Sequence[int]]) -> Iterator[str]:
    for number, route in enumerate(routes):
        for node in route:
            if depot.index.get(node, 0) == 0:
                what = "is the depot" if node in depot.index else "is not in the file"
                yield f"route {number}: node {node} {what}"


def _served(depot: Depot, routes: Sequence[Sequence[int]]) -> Iterator[str]:
    times = dict.fromkeys(depot.nodes[1:].tolist(), 0)
    for route in routes:
        for node in route:
            times[node] += 1
    for node, count in times.items():
        if count != 1:
            yield f"node {node} is {'not served' if count == 0 else f'served {count} times'}"


def _route(depot: Depot, ways: _Ways, stops: Sequence[int]) -> Iterator[str]:
    """Drive a route: load, windows, and each pickup before its delivery in this route."""
    unit = ways.unit
    node = depot.nodes.tolist()
    origin = {int(delivery): int(pickup) for pickup, delivery in depot.requests.tolist()}
    has_pairs = bool((depot.requests[:, 0] > 0).any())
    load = 0 if has_pairs else sum(int(depot.demand[stop]) for stop in stops)
    if load > depot.capacity:
        yield f"starts with {load}, capacity is {depot.capacity}"
    clock = float(depot.opens[0]) * unit
    seen = {0}
    for tail, stop in pairwise([0, *stops]):
        clock = max(clock + ways.length(tail, stop), float(depot.opens[stop]) * unit)
        if clock > float(depot.closes[stop]) * unit + TOLERANCE:
            yield f"node {node[stop]} at {clock / unit:.3f}, closes at {depot.closes[stop]:g}"
        clock += float(depot.service[stop]) * unit
        load += int(depot.demand[stop]) if has_pairs else -int(depot.demand[stop])
        if has_pairs and load > depot.capacity:
            yield f"carries {load} after node {node[stop]}, capacity is {depot.capacity}"
        if origin.get(stop, 0) not in seen:
            yield f"node {node[stop]} before its pickup {node[origin[stop]]}"
        seen.add(stop)
    for delivery, pickup in origin.items():
        if pickup in seen - {0} and delivery not in seen:
            yield f"node {node[pickup]} without its delivery {node[delivery]}"
    clock += ways.length(stops[-1], 0)
    if clock > float(depot.closes[0]) * unit + TOLERANCE:
        yield f"is back at {clock / unit:.3f}, the depot closes at {depot.closes[0]:g}"


def ogc_score(orders: Orders, routes: Sequence[Route]) -> Score:
    """Score bundles by the rules of the Grand Challenge: the average pay of an order.

    Parameters
    ----------
    orders : Orders
        The file.
    routes : sequence of (type, pickups, drop-offs)
        One for each bundle.

    """
    riders = {rider.type: rider for rider in orders.riders}
    count = len(orders.ready)
    faults: list[str] = []
    served = dict.fromkeys(range(count), 0)
    used = dict.fromkeys(riders, 0)
    pay = 0.0
    for number, (name, pickups, dropoffs) in enumerate(routes):
        if name not in riders or set(pickups) - served.keys() or not pickups:
            what = f"no rider {name}" if name not in riders else "no such order, or none"
            faults.append(f"route {number}: {what}")
            continue
        if sorted(pickups) != sorted(dropoffs):
            faults.append(f"route {number}: picks up other orders than it drops off")
            continue
        used[name] += 1
        for order in pickups:
            served[order] += 1
        bundle = _Bundle(orders, riders[name], pickups, dropoffs)
        faults += [f"route {number}: {what}" for what in bundle.faults()]
        pay += bundle.pay()
    faults += [
        f"order {order} is {'not served' if times == 0 else f'served {times} times'}"
        for order, times in served.items()
        if times != 1
    ]
    faults += [
        f"{used[name]} routes of {name}, of whom there are {rider.count}"
        for name, rider in riders.items()
        if used[name] > rider.count
    ]
    return Score(len(routes), pay / count if count else 0.0, tuple(faults))


@dataclass(frozen=True, slots=True)
class _Bundle:
    orders: Orders
    rider: Rider
    pickups: Sequence[int]
    dropoffs: Sequence[int]

    def _ways(self) -> list[float]:
        count = len(self.orders.ready)
        places = [*self.pickups, *(count + order for order in self.dropoffs)]
        return [float(self.orders.distance[a, b]) for a, b in pairwise(places)]

    def pay(self) -> float:
        return self.rider.pay + sum(self._ways()) / 100.0 * self.rider.pay_for_100_m

    def faults(self) -> Iterator[str]:
        volume = sum(int(self.orders.volume[order]) for order in self.pickups)
        if volume > self.rider.capacity:
            yield f"volume {volume}, capacity is {self.rider.capacity}"
        times = [round(way / self.rider.speed + self.rider.service) for way in self._ways()]
        clock = int(self.orders.ready[self.pickups[0]])
        for order, took in zip(self.pickups[1:], times, strict=False):
            clock = max(clock + took, int(self.orders.ready[order]))
        rest = times[len(self.pickups) - 1 :]
        for order, took in zip(self.dropoffs, rest, strict=True):
            clock += took
            if clock > int(self.orders.deadline[order]):
                yield f"order {order} at {clock}, deadline is {self.orders.deadline[order]}"
