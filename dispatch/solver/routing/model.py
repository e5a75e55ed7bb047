"""A part of a problem as an OR-Tools routing model.

What it holds and what it does not is said in `dispatch.solver.routing`. Where it does not hold a
rule it allows more than the rule does, so that no sound plan is refused.
"""

import weakref
from collections.abc import Callable, Mapping, Sequence
from functools import cached_property
from itertools import pairwise
from typing import Any

from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from dispatch.solver.routing.nodes import HORIZON, Nodes

OPERATORS = (
    "use_light_relocate_pair",
    "use_exchange_pair",
    "use_make_active",
    "use_swap_active",
    "use_or_opt",
    "use_relocate_subtrip",
    "use_exchange_subtrip",
)
"""Local search operators; OR-Tools' other defaults look at many neighbours that split a pair."""

_DAYS_S = 3 * 86_400

Stops = Mapping[int, Sequence[int]]
"""Stops of vehicles, numbered as in `Schedule`."""


class Model:
    """The routing model of some nodes.

    Parameters
    ----------
    nodes : Nodes
        At least one leg and one vehicle.
    seed : int
        Of OR-Tools' random numbers.
    """

    def __init__(self, nodes: Nodes, seed: int) -> None:
        self.nodes = nodes
        self.schedule = nodes.schedule
        self.problem = nodes.problem
        stops, people = len(nodes.stop_of), len(nodes.vehicles)
        starts = list(range(stops, stops + people))
        ends = list(range(stops + people, stops + 2 * people))
        self.manager = pywrapcp.RoutingIndexManager(nodes.count, people, starts, ends)
        given = pywrapcp.DefaultRoutingModelParameters()
        # Whose tour a stop is in stays a variable, even where all couriers cost the same.
        given.reduce_vehicle_cost_model = False
        self.routing = pywrapcp.RoutingModel(self.manager, given)
        self.solver = self.routing.solver()
        self.solver.ReSeed(seed)
        self._add_costs()
        self._add_moves()
        self._add_time()
        self._add_loads()
        for leg in nodes.legs:
            self._add_leg(leg)
        for number, vehicle in enumerate(nodes.vehicles):
            self._add_promises(number, vehicle)

    @cached_property
    def index_of(self) -> dict[int, int]:
        """OR-Tools' index of each stop."""
        return {
            stop: self.manager.NodeToIndex(node) for node, stop in enumerate(self.nodes.stop_of)
        }

    def values(self, tours: Stops) -> list[int] | None:
        """Give the next index of each index, then its vehicle; -1: in no tour.

        Parameters
        ----------
        tours : mapping of vehicle to stops
            Of the model's vehicles, at least those with stops.

        Returns
        -------
        list of int or None
            None where a stop is none of the model's.

        """
        size = self.routing.Size()
        following, vehicles = list(range(size)), [-1] * size
        for number, vehicle in enumerate(self.nodes.vehicles):
            try:
                indices = [self.index_of[stop] for stop in tours.get(vehicle, ())]
            except KeyError:
                return None
            way = [self.routing.Start(number), *indices, self.routing.End(number)]
            for tail, head in pairwise(way):
                following[tail], vehicles[tail] = head, number
        return following + vehicles

    def stops(self, following: Callable[[int], int]) -> dict[int, list[int]]:
        """Give each vehicle's stops, by the next index of each index."""
        routing = self.routing
        stop_at = {index: stop for stop, index in self.index_of.items()}
        result = {}
        for number, vehicle in enumerate(self.nodes.vehicles):
            tour = []
            index = following(routing.Start(number))
            while not routing.IsEnd(index):
                tour.append(stop_at[index])
                index = following(index)
            result[vehicle] = tour
        return result

    def variables(self) -> list[Any]:
        """Give what `values` has values for."""
        size = range(self.routing.Size())
        following = [self.routing.NextVar(index) for index in size]
        return following + [self.routing.VehicleVar(index) for index in size]

    def end_at(self, is_last: Callable[[], bool]) -> None:
        """End a search at the first solution of which that is said.

        OR-Tools keeps what is called here as long as the model lives. If that knew the model
        neither would ever be freed; so it must not.
        """
        solver = weakref.ref(self.solver)

        def at_solution() -> None:
            if is_last() and (searching := solver()) is not None:
                searching.FinishCurrentSearch()

        self.routing.AddAtSolutionCallback(at_solution)

    def solve(
        self, start: Stops, parameters: pywrapcp.DefaultRoutingSearchParameters
    ) -> dict[int, list[int]] | None:
        """Search from a start; None where OR-Tools refuses it. The model must be closed."""
        routing = self.routing
        routes = [[self.index_of[stop] for stop in start[v]] for v in self.nodes.vehicles]
        first = routing.ReadAssignmentFromRoutes(routes, True)  # noqa: FBT003 (positional in OR-Tools)
        if first is None:
            return None
        found = routing.SolveFromAssignmentWithParameters(first, parameters)
        if found is None:
            return None
        return self.stops(lambda index: found.Value(routing.NextVar(index)))

    def _add_costs(self) -> None:
        """Add a cost matrix for each rate of pay; a stop's price lies on the arcs leaving it."""
        known: dict[tuple[int, ...], int] = {}
        for number, courier in enumerate(self.nodes.couriers):
            key = self.nodes.cost_key(courier)
            if key not in known:
                cost = self.nodes.costs(number).tolist()
                known[key] = self.routing.RegisterTransitMatrix(cost)
            self.routing.SetArcCostEvaluatorOfVehicle(known[key], number)
            if self.schedule.left[courier] > 0:
                self.routing.SetFixedCostOfVehicle(self.schedule.fixed_cost[courier], number)
            else:
                self.routing.SetVehicleUsedWhenEmpty(True, number)  # noqa: FBT003 (positional in OR-Tools)

    def _add_moves(self) -> None:
        """Sum up, along each tour, what it costs that others have seen its legs."""
        by_courier = {
            courier: self.nodes.moves(number) for number, courier in enumerate(self.nodes.couriers)
        }
        if not any(map(any, by_courier.values())):
            return
        self._add_tally("moves", [by_courier[courier] for courier in self.nodes.couriers])
        moves = self.routing.GetDimensionOrDie("moves")
        for number in range(len(self.nodes.vehicles)):
            moves.SetSpanCostCoefficientForVehicle(1, number)

    def _add_tally(self, name: str, amounts: Sequence[Sequence[int]]) -> None:
        """Add a dimension that sums up what each vehicle's nodes amount to; equal ones may be one.

        OR-Tools finds no solution with a stop left out where all of several transits depend on one
        node only (google/or-tools#5283), so that one of them is told as a matrix.
        """
        known: dict[int, int] = {}
        transits = []
        for amount in amounts:
            if not known:
                matrix = [[part] * self.nodes.count for part in amount]
                known[id(amount)] = self.routing.RegisterTransitMatrix(matrix)
            if id(amount) not in known:
                known[id(amount)] = self.routing.RegisterUnaryTransitVector(amount)
            transits.append(known[id(amount)])
        most = max(map(sum, amounts))
        self.routing.AddDimensionWithVehicleTransits(transits, 0, most, True, name)  # noqa: FBT003

    def _add_time(self) -> None:
        """Count starts of service from `base`; ways that do not exist outlast the horizon."""
        known: dict[tuple[int, ...], int] = {}
        transits = []
        for number, courier in enumerate(self.nodes.couriers):
            key = self.nodes.time_key(courier)
            if key not in known:
                times = self.nodes.times(number).tolist()
                known[key] = self.routing.RegisterTransitMatrix(times)
            transits.append(known[key])
        self.routing.AddDimensionWithVehicleTransits(transits, HORIZON, HORIZON, False, "time")  # noqa: FBT003
        self.time = self.routing.GetDimensionOrDie("time")
        for number, vehicle in enumerate(self.nodes.vehicles):
            self._add_duty(number, vehicle)

    def _add_duty(self, number: int, vehicle: int) -> None:
        schedule, time, base = self.schedule, self.time, self.nodes.base
        courier = self.nodes.couriers[number]
        promised = self.nodes.promised.measures[vehicle]
        on_duty = schedule.on_duty[courier]
        hours = max(1000 * int(self.problem.off_duty[courier]), promised.hours)
        leash = max(int(self.problem.leash[courier]), promised.away)
        start = time.CumulVar(self.routing.Start(number))
        end = time.CumulVar(self.routing.End(number))
        away_already = 0
        if schedule.left[courier] <= 0:
            away_already = on_duty - schedule.left[courier]
            start.SetValue(on_duty - base)
        else:
            start.SetRange(on_duty - base, hours // 1000 - base)
        end.SetRange(on_duty - base, hours // 1000 - base)
        time.SetSpanUpperBoundForVehicle(leash - away_already, number)
        if schedule.per_away[courier]:
            time.SetSpanCostCoefficientForVehicle(schedule.per_away[courier], number)
        if schedule.over_allowance[courier]:
            bound = max(0, schedule.allowance[courier] - away_already)
            cost = pywrapcp.BoundCost(bound, schedule.over_allowance[courier])
            time.SetSoftSpanUpperBoundForVehicle(cost, number)
        reserve = schedule.reserve[courier]
        if reserve:
            most = hours - 1000 * base - reserve * away_already
            self.solver.Add((1000 + reserve) * end - reserve * start <= most)

    def _add_loads(self) -> None:
        """Let every tour end empty: what needs no pickup lies in its starting load."""
        schedule, problem, routing = self.schedule, self.problem, self.routing
        couriers, stop_of = self.nodes.couriers, self.nodes.stop_of
        promised = [self.nodes.promised.measures[vehicle] for vehicle in self.nodes.vehicles]
        none_at_start = all(schedule.has_pickup[leg] for leg in self.nodes.legs)
        nothing = [0] * (2 * len(couriers))
        for dimension in range(problem.load_dimension_count):
            change = [schedule.change[dimension][stop] for stop in stop_of]
            capacity = [
                max(int(problem.capacity[courier, dimension]), measures.load[dimension])
                for courier, measures in zip(couriers, promised, strict=True)
            ]
            transit = routing.RegisterUnaryTransitVector(change + nothing)
            name = f"load {dimension}"
            routing.AddDimensionWithVehicleCapacity(transit, 0, capacity, none_at_start, name)
            load = routing.GetDimensionOrDie(name)
            for number in range(len(couriers)):
                load.CumulVar(routing.End(number)).SetValue(0)
        dropoffs = [schedule.is_dropoff[stop] for stop in stop_of]
        transit = routing.RegisterUnaryTransitVector(dropoffs + nothing)
        most = [
            min(max(int(problem.most_parcels[courier]), measures.parcels), len(dropoffs))
            for courier, measures in zip(couriers, promised, strict=True)
        ]
        routing.AddDimensionWithVehicleCapacity(transit, 0, most, True, "parcels")  # noqa: FBT003
        if any(schedule.pickups_first[courier] for courier in couriers):
            self._add_order(dropoffs + nothing)

    def _add_order(self, dropoffs: list[int]) -> None:
        """Let no pickup come after a drop-off where that is the courier's rule."""
        nothing = [0] * len(dropoffs)
        is_first = [self.schedule.pickups_first[courier] for courier in self.nodes.couriers]
        self._add_tally("pickups first", [dropoffs if first else nothing for first in is_first])
        before = self.routing.GetDimensionOrDie("pickups first")
        for stop, index in self.index_of.items():
            if not self.schedule.is_dropoff[stop]:
                before.CumulVar(index).SetMax(0)

    def _add_leg(self, leg: int) -> None:
        schedule, routing = self.schedule, self.routing
        dropoffs = [self.index_of[stop] for stop in schedule.options[leg]]
        pickups = [self.index_of[leg]] if schedule.has_pickup[leg] else []
        vehicles = self.nodes.takers(leg)
        is_free = schedule.committed_to[leg] < 0
        if is_free:
            routing.AddDisjunction(dropoffs, schedule.left_out_cost[leg])
            for pickup in pickups:
                routing.AddDisjunction([pickup], 0)
        elif len(dropoffs) > 1:
            routing.AddDisjunction(dropoffs)
        for index in pickups:
            routing.VehicleVar(index).SetValues(([-1] if is_free else []) + vehicles)
            self._bound(index, leg)
        may_miss = [-1] if is_free or len(dropoffs) > 1 else []
        for index, stop in zip(dropoffs, schedule.options[leg], strict=True):
            routing.VehicleVar(index).SetValues(may_miss + vehicles)
            self._bound(index, stop)
        for pickup in pickups:
            self._pair(pickup, dropoffs)

    def _pair(self, pickup: int, dropoffs: list[int]) -> None:
        routing, solver, time = self.routing, self.solver, self.time
        if len(dropoffs) == 1:
            routing.AddPickupAndDelivery(pickup, dropoffs[0])
            solver.Add(routing.VehicleVar(pickup) == routing.VehicleVar(dropoffs[0]))
            solver.Add(time.CumulVar(pickup) <= time.CumulVar(dropoffs[0]))
            return
        alone = routing.GetDisjunctionIndices(pickup) or [routing.AddDisjunction([pickup])]
        routing.AddPickupAndDeliverySets(alone[0], routing.GetDisjunctionIndices(dropoffs[0])[0])
        solver.Add(
            routing.ActiveVar(pickup)
            == solver.Sum([routing.ActiveVar(index) for index in dropoffs])
        )
        for index in dropoffs:
            together = routing.VehicleVar(pickup) - routing.VehicleVar(index)
            solver.Add(routing.ActiveVar(index) * together == 0)
            later = time.CumulVar(index) - time.CumulVar(pickup)
            solver.Add(routing.ActiveVar(index) * later >= 0)

    def _bound(self, index: int, stop: int) -> None:
        """Set a stop's window; no tour can visit one that closed before `base`."""
        schedule, base, latest = self.schedule, self.nodes.base, self.nodes.promised.latest[stop]
        opens, closes = schedule.opens[stop] - base, latest - base
        if closes < max(0, opens):
            self.routing.VehicleVar(index).SetValues([-1])
            return
        self.time.CumulVar(index).SetRange(max(0, opens), closes)
        if schedule.lateness_cost[stop] and schedule.due[stop] < latest:
            due = max(0, schedule.due[stop] - base)
            self.time.SetCumulVarSoftUpperBound(index, due, schedule.lateness_cost[stop])

    def _add_promises(self, number: int, vehicle: int) -> None:
        """Fix the beginning of a tour; keep commitments in their order where it excuses them."""
        courier, promised = self.nodes.couriers[number], self.nodes.promised
        indices = [self.index_of[stop] for stop in self.schedule.prefix[courier]]
        for tail, head in pairwise([self.routing.Start(number), *indices]):
            self.routing.NextVar(tail).SetValue(head)
        if courier in promised.widened:
            stops = [self.index_of[stop] for stop in promised.stops[vehicle]]
            for tail, head in pairwise(stops):
                self.solver.Add(self.time.CumulVar(tail) <= self.time.CumulVar(head))


def parameters(metaheuristic: str) -> pywrapcp.DefaultRoutingSearchParameters:
    """Choose a way of searching, "GREEDY_DESCENT" or "GUIDED_LOCAL_SEARCH", and its operators."""
    chosen = pywrapcp.DefaultRoutingSearchParameters()
    chosen.local_search_metaheuristic = routing_enums_pb2.LocalSearchMetaheuristic.Value.Value(
        metaheuristic
    )
    operators = chosen.local_search_operators
    for descriptor, _ in operators.ListFields():
        setattr(operators, descriptor.name, optional_boolean_pb2.BOOL_FALSE)
    for name in OPERATORS:
        setattr(operators, name, optional_boolean_pb2.BOOL_TRUE)
    # Without a limit of some days OR-Tools warns of endless searches; ours end by counts.
    chosen.time_limit.FromSeconds(_DAYS_S)
    # The linear programs would only confirm the times: our timing rules have the last word on them.
    chosen.disable_scheduling_beware_this_may_degrade_performance = True
    return chosen
