"""OR-Tools' routing model alone, without our search in it: a process of the benchmark.

The configuration is the best of those tried on these works: matrices instead of callbacks, parallel
cheapest insertion (local cheapest cost insertion where there are trip limits or loads on board),
guided local search.

Run: python -m benchmarks.solver.with_ortools C:200:40:1 --seconds 2
"""

from typing import Any

import numpy as np
from ortools.constraint_solver import pywrapcp, routing_enums_pb2

from benchmarks.solver.answer import Answer, Order, Stopwatch, serve
from benchmarks.solver.instance import DROPOFF, NEVER, PICKUP, Instance, Ints
from benchmarks.solver.works import instance, routes_for

WALL_OVER_CPU = 2.5
"""Its own limit is on the wall: so much longer, because the CPU seconds end it."""


class Model:
    """The routing model of an instance: pickups come first among the nodes, then drop-offs.

    Parameters
    ----------
    given : Instance
        The work.
    """

    def __init__(self, given: Instance) -> None:
        self.given = given
        pairs = np.flatnonzero(given.pickup_place >= 0)
        self.stops = [(int(leg), PICKUP) for leg in pairs]
        self.stops += [(leg, DROPOFF) for leg in range(given.leg_count)]
        self.pickup_node = dict(zip(pairs.tolist(), range(len(pairs)), strict=True))
        self.first_drop = len(pairs)
        count, couriers = len(self.stops), given.courier_count
        places = [*given.pickup_place[pairs], *given.drop_place]
        places += [*given.start_place, *given.end_place]
        self.place = np.array(places, np.int64)
        starts = range(count, count + couriers)
        ends = range(count + couriers, count + 2 * couriers)
        if given.is_alike and given.start_place[0] == given.end_place[0]:
            # One depot is one node, which makes a much smaller matrix.
            self.place = self.place[: count + 1]
            starts = ends = [count] * couriers  # type: ignore[assignment]
        self.manager = pywrapcp.RoutingIndexManager(
            len(self.place), couriers, list(starts), list(ends)
        )
        self.routing = pywrapcp.RoutingModel(self.manager)
        self._add_costs()
        self._add_time()
        self._add_loads()
        self._add_legs()

    def index(self, node: int) -> int:
        """Return the solver's index of a node."""
        return int(self.manager.NodeToIndex(node))

    def _of_stops(self, pickup: Ints, drop: Ints) -> Ints:
        """Return a value for each node; 0 for starts and ends."""
        values = np.zeros(len(self.place), np.int64)
        values[: self.first_drop] = pickup[[leg for leg, _ in self.stops[: self.first_drop]]]
        values[self.first_drop : len(self.stops)] = drop
        return values

    def _add_costs(self) -> None:
        given = self.given
        one = np.ones(given.leg_count, np.int64)
        is_drop = self._of_stops(0 * one, one)
        service = self._of_stops(given.pickup_service, given.drop_service)
        self.times: dict[int, int] = {}
        costs: dict[tuple[int, int, int], int] = {}
        for who in range(given.courier_count):
            mode = int(given.mode[who])
            per_tick, per_parcel = int(given.cost_per_travel[who]), int(given.cost_per_parcel[who])
            key = (mode, per_tick, per_parcel)
            if key not in costs:
                here = np.ix_(self.place, self.place)
                if mode not in self.times:
                    travel = given.travel[mode][here].astype(np.int64)
                    self.times[mode] = self._register(travel + service[:, None])
                priced = given.priced_ways(who)[here].astype(np.int64)
                costs[key] = self._register(priced * per_tick + is_drop[None] * per_parcel)
            self.routing.SetArcCostEvaluatorOfVehicle(costs[key], who)
            if given.fixed_cost[who]:
                self.routing.SetFixedCostOfVehicle(int(given.fixed_cost[who]), who)

    def _register(self, matrix: Ints) -> int:
        return int(self.routing.RegisterTransitMatrix(matrix.tolist()))

    def _add_time(self) -> None:
        given = self.given
        last = int(max(given.off_duty.max(), given.drop_closes.max()))
        transits = [self.times[int(mode)] for mode in given.mode]
        self.routing.AddDimensionWithVehicleTransits(transits, last, last, False, "time")  # noqa: FBT003
        self.time = self.routing.GetDimensionOrDie("time")
        opens = self._of_stops(given.pickup_opens, given.drop_opens)
        closes = self._of_stops(given.pickup_closes, given.drop_closes)
        for node in range(len(self.stops)):
            self.time.CumulVar(self.index(node)).SetRange(int(opens[node]), int(closes[node]))
        for who in range(given.courier_count):
            for index in (self.routing.Start(who), self.routing.End(who)):
                hours = int(given.on_duty[who]), int(given.off_duty[who])
                self.time.CumulVar(index).SetRange(*hours)
            if given.leash[who] < NEVER:
                self.time.SetSpanUpperBoundForVehicle(int(given.leash[who]), who)

    def _add_loads(self) -> None:
        given = self.given
        for dimension in range(given.load.shape[1]):
            load = given.load[:, dimension]
            if not load.any():
                continue
            # Without pairs the load counts up from the depot: the same, and easier to propagate.
            sign = -1 if self.first_drop else 1
            change = self._unary(self._of_stops(load, sign * load))
            capacity = given.capacity[:, dimension].tolist()
            name = f"load {dimension}"
            is_from_zero = not self.first_drop
            self.routing.AddDimensionWithVehicleCapacity(change, 0, capacity, is_from_zero, name)
            for who in range(given.courier_count if self.first_drop else 0):
                on_board = int(load[given.on_board == who].sum())
                start = self.routing.Start(who)
                self.routing.GetDimensionOrDie(name).CumulVar(start).SetValue(on_board)
        if self.has_trip_limits:
            one = np.ones(given.leg_count, np.int64)
            change = self._unary(self._of_stops(0 * one, one))
            limits = given.most_parcels.tolist()
            self.routing.AddDimensionWithVehicleCapacity(change, 0, limits, True, "parcels")  # noqa: FBT003

    @property
    def has_trip_limits(self) -> bool:
        """Whether a courier may not have as many parcels as there are."""
        return bool((self.given.most_parcels < min(self.given.leg_count, 1000)).any())

    def _unary(self, change: Ints) -> int:
        return int(self.routing.RegisterUnaryTransitVector(change.tolist()))

    def _add_legs(self) -> None:
        given, solver = self.given, self.routing.solver()
        for leg in range(given.leg_count):
            drop = self.index(self.first_drop + leg)
            price = int(given.unassigned_cost[leg])
            indices = [drop]
            if leg in self.pickup_node:
                pickup = self.index(self.pickup_node[leg])
                indices.append(pickup)
                self.routing.AddPickupAndDelivery(pickup, drop)
                vehicle = self.routing.VehicleVar
                solver.Add(vehicle(pickup) == vehicle(drop))
                solver.Add(self.time.CumulVar(pickup) <= self.time.CumulVar(drop))
            if not given.is_required:
                self.routing.AddDisjunction([indices[-1]], price)
                if len(indices) > 1:
                    self.routing.AddDisjunction([drop], 0)
            if not given.may[leg].all():
                allowed = np.flatnonzero(given.may[leg]).tolist()
                for index in indices:
                    self.routing.VehicleVar(index).SetValues([-1, *allowed])

    def tours(self, solution: Any) -> list[Any]:  # noqa: ANN401 - untyped
        """Return a solution as tours of legs."""
        tours = []
        for who in range(self.given.courier_count):
            index, stops = solution.Value(self.routing.NextVar(self.routing.Start(who))), []
            while not self.routing.IsEnd(index):
                stops.append(self.stops[self.manager.IndexToNode(index)])
                index = solution.Value(self.routing.NextVar(index))
            tours.append((who, stops))
        return tours


def solve(order: Order) -> Answer:
    """Answer one order; its one thread gets the CPU seconds of all."""
    given = instance(order.work)
    limit = order.seconds * order.threads
    answer, watch = Answer(), Stopwatch()
    model = Model(given)
    answer.notes.append(f"the model took {watch.cpu_s():.2f} s")
    left = max(limit - watch.cpu_s(), 0.1)
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.time_limit.FromMilliseconds(int(1000 * left * WALL_OVER_CPU))
    parameters.lns_time_limit.FromMilliseconds(50)
    strategies = routing_enums_pb2.FirstSolutionStrategy
    is_bound = model.has_trip_limits or bool((given.on_board >= 0).any())
    parameters.first_solution_strategy = (
        strategies.LOCAL_CHEAPEST_COST_INSERTION
        if is_bound
        else strategies.PARALLEL_CHEAPEST_INSERTION
    )
    parameters.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )

    def on_solution() -> None:
        cost = model.routing.CostVar().Max()
        if not answer.trace or cost < answer.trace[-1][1]:
            answer.trace.append((watch.cpu_s(), cost))
        if watch.cpu_s() > limit:
            model.routing.solver().FinishCurrentSearch()

    model.routing.AddAtSolutionCallback(on_solution)
    solution = model.routing.SolveWithParameters(parameters)
    answer.cpu_s, answer.wall_s = watch.cpu_s(), watch.wall_s()
    if solution is None:
        answer.notes.append("found no answer")
        return answer
    answer.claimed = float(solution.ObjectiveValue())
    answer.routes = routes_for(order.work, given, model.tours(solution))
    return answer


if __name__ == "__main__":
    serve(solve, __doc__)
