"""The problem as an OR-Tools routing model, searched from the tours that insertion found.

The model holds: travel and costs as matrices (no Python callback for an arc), pickup and drop-off
pairs with several drop-off options, windows hard and soft, service, gates, all load dimensions,
parcels per tour, duty, leash, allowance, return reserve, free starts and open ends, couriers away,
work on board, skills, bars and commitments.

It does not hold: the fields of `NOT_HONOURED` (refused); couriers whose commitments already break a
limit, or who could not even go straight home (their tours stay as insertion made them); where gates
make nearly everybody a class of his own, those of the rarest classes beyond `CELLS` (likewise, and
the plan's notes say so); and the last detail of the timing rules, by which a departure is never
delayed so far that a stop is late. So every answer is timed and priced once more by
`dispatch.solver.schedule`, and a tour that breaks a limit then loses its free legs, which are
inserted anew.

The search is limited by solutions, by steps and by `progress()`, never by a clock. Only this module
imports OR-Tools.
"""

from collections import Counter
from collections.abc import Callable
from dataclasses import replace

import numpy as np
from numpy.typing import NDArray
from ortools.constraint_solver import pywrapcp, routing_enums_pb2
from ortools.util import optional_boolean_pb2

from dispatch.solver import insert
from dispatch.solver.limiter import Limiter
from dispatch.solver.plan import Plan
from dispatch.solver.problem import FOREVER, UNREACHABLE, Problem, UnsupportedError
from dispatch.solver.schedule import Schedule
from dispatch.solver.tours import Tours

__all__ = ["ENGINE", "NOT_HONOURED", "solve"]

ENGINE = "routing"

NOT_HONOURED = (
    "after_leg",
    "move_cost",
    "option_place",
    "option_hub",
    "pickups_first",
    "frozen",
    "post",
)
"""Fields that this model refuses where they are not neutral."""

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

CELLS = 40_000_000
"""Most cells in the matrices of time together; OR-Tools keeps 8 bytes for each of them."""

_HORIZON = 2 * FOREVER
_DAYS_S = 3 * 86_400


def solve(
    problem: Problem,
    *,
    seed: int = 0,
    solution_limit: int = 100,
    progress: Callable[[], float] | None = None,
    warm: Plan | None = None,
) -> Plan:
    """Plan by OR-Tools routing from a warm start.

    Parameters
    ----------
    problem : Problem
        What to plan.
    seed : int
        Of OR-Tools' random numbers.
    solution_limit : int, solutions
        The search ends after so many, or after `limiter.STEPS_PER_SOLUTION` times as many steps.
    progress : callable, optional
        From 0 to 1; at 1 the search ends. Asked before the search, at every solution and every
        `limiter.CHUNK` steps.
    warm : Plan, optional
        A plan of the same problem to start from; otherwise cheapest insertion.

    Returns
    -------
    Plan
        Never dearer than its warm start, and the same for the same arguments, as long as `progress`
        gives the same.

    Raises
    ------
    UnsupportedError
        Where the problem uses a field of `NOT_HONOURED`.

    """
    for field in NOT_HONOURED:
        if field in problem.in_use:
            raise UnsupportedError(field, ENGINE)
    schedule = Schedule(problem)
    tours = insert.build(schedule) if warm is None else insert.resume(schedule, warm)
    before = tours.snapshot()
    limiter = Limiter(solution_limit, progress)
    if limiter.reached():
        return _plan(tours, limiter, seed)
    model = _Model(tours)
    found = model.search(seed, limiter)
    if found is None:
        note = "OR-Tools refused the warm start: this is insertion's plan"
        return replace(_plan(tours, limiter, seed), engine=insert.ENGINE, notes=(note,))
    if not tours.adopt(found) or tours.cost >= before.cost:
        tours.restore(before)
    return replace(_plan(tours, limiter, seed), notes=model.notes)


class _Model:
    """The routing model of one problem, and where its nodes come from.

    Nodes are, in this order: pickups, drop-offs, one start and one end for each vehicle. `stop_of`
    gives the stop (numbered as in `Schedule`) of a node.
    """

    def __init__(self, tours: Tours) -> None:
        self.tours = tours
        self.schedule = tours.schedule
        self.problem = tours.schedule.problem
        strict = self.schedule.limits
        able = [
            vehicle
            for vehicle, courier in enumerate(tours.couriers)
            if courier not in tours.widened
            and self.schedule.measure(courier, (), strict) is not None
        ]
        self.vehicles = self._affordable(able)
        self.notes: tuple[str, ...] = ()
        if len(self.vehicles) < len(able):
            alone = len(able) - len(self.vehicles)
            self.notes = (f"{alone} couriers with gates of their own keep insertion's tours",)
        self.couriers = [tours.couriers[vehicle] for vehicle in self.vehicles]
        self.base = min((self.schedule.on_duty[courier] for courier in self.couriers), default=0)
        self.legs = self._legs()
        self.stop_of = [leg for leg in self.legs if self.schedule.has_pickup[leg]]
        self.stop_of += [stop for leg in self.legs for stop in self.schedule.options[leg]]
        self.node_of = {stop: node for node, stop in enumerate(self.stop_of)}

    def search(self, seed: int, limiter: Limiter) -> dict[int, list[int]] | None:
        """Give each modelled vehicle its stops; None where OR-Tools refuses the warm start."""
        if not self.vehicles or not self.legs:
            return {}
        stops, people = len(self.stop_of), len(self.vehicles)
        starts = list(range(stops, stops + people))
        ends = list(range(stops + people, stops + 2 * people))
        self.manager = pywrapcp.RoutingIndexManager(stops + 2 * people, people, starts, ends)
        self.routing = pywrapcp.RoutingModel(self.manager)
        self.solver = self.routing.solver()
        self.solver.ReSeed(seed)
        self._add_costs()
        self._add_time()
        self._add_loads()
        for leg in self.legs:
            self._add_leg(leg)
        return self._run(limiter)

    def _class_of(self, courier: int) -> tuple[int, int]:
        """Mode and access class: couriers who share both take the same time everywhere."""
        access = int(self.problem.access[courier]) if self.problem.is_gated else 0
        return self.schedule.mode[courier], access

    def _affordable(self, vehicles: list[int]) -> list[int]:
        """Keep the vehicles of the commonest classes, as many as `CELLS` has room for."""
        class_of = {vehicle: self._class_of(self.tours.couriers[vehicle]) for vehicle in vehicles}
        schedule = self.schedule
        stops = sum(schedule.has_pickup) + sum(map(len, schedule.options))
        nodes = max(1, stops + 2 * len(vehicles))
        room = max(1, CELLS // nodes**2)
        kept = {kind for kind, _ in Counter(class_of.values()).most_common(room)}
        return [vehicle for vehicle in vehicles if class_of[vehicle] in kept]

    def _legs(self) -> list[int]:
        """Leave out what other tours keep, and what no modelled courier may take."""
        modelled = set(self.vehicles)
        elsewhere = {
            self.schedule.leg[stop]
            for vehicle, stops in enumerate(self.tours.stops)
            if vehicle not in modelled
            for stop in stops
        }
        return [
            leg
            for leg in range(self.schedule.leg_count)
            if leg not in elsewhere and self._vehicles_for(leg) and self._in_time(leg)
        ]

    def _in_time(self, leg: int) -> bool:
        """Say whether the leg's windows come after `base`, and in the right order."""
        schedule = self.schedule
        earliest = self.base
        if schedule.has_pickup[leg]:
            earliest = max(earliest, schedule.opens[leg])
            if schedule.closes[leg] < self.base:
                return False
        return any(schedule.closes[stop] >= earliest for stop in schedule.options[leg])

    def _vehicles_for(self, leg: int) -> list[int]:
        """Give the model's numbers of the vehicles that may take a leg."""
        committed = self.schedule.committed_to[leg]
        if committed >= 0:
            return [number for number, courier in enumerate(self.couriers) if courier == committed]
        return [
            number
            for number, courier in enumerate(self.couriers)
            if self.tours.allowed[leg][courier]
        ]

    def _places(self) -> NDArray[np.int64]:
        """(nodes,): each node's place; a last, unreal one for free starts and open ends."""
        schedule = self.schedule
        places = [schedule.place[stop] for stop in self.stop_of]
        places += [schedule.start[courier] for courier in self.couriers]
        places += [schedule.end[courier] for courier in self.couriers]
        return np.array(places) % (self.problem.place_count + 1)

    def _between(self, matrix: NDArray[np.int32] | NDArray[np.int64]) -> NDArray[np.int64]:
        """(nodes, nodes): a matrix of places as one of nodes; unreal places cost nothing."""
        places = self._places()
        padded = np.pad(matrix, ((0, 1), (0, 1))).astype(np.int64)
        return padded[np.ix_(places, places)]

    def _service(self) -> NDArray[np.int64]:
        """(nodes,): service at each node."""
        service = [self.schedule.service[stop] for stop in self.stop_of]
        return np.array(service + [0] * (2 * len(self.vehicles)), dtype=np.int64)

    def _add_costs(self) -> None:
        """Add a cost matrix for each rate of pay; a stop's price lies on the arcs leaving it."""
        problem, schedule = self.problem, self.schedule
        known: dict[tuple[int, ...], int] = {}
        for number, courier in enumerate(self.couriers):
            pay = (schedule.per_travel, schedule.per_m, schedule.per_parcel, schedule.per_effort)
            key = (schedule.mode[courier], *(rates[courier] for rates in pay))
            if key not in known:
                mode = key[0]
                travel = self._between(problem.travel[mode])
                if problem.arc_cost is not None:
                    cost = self._between(problem.arc_cost[mode])
                else:
                    cost = schedule.per_travel[courier] * travel
                    if schedule.per_m[courier]:
                        cost = cost + schedule.per_m[courier] * self._between(
                            problem.distance_m[mode]
                        )
                at_stop = [
                    schedule.stop_cost(courier, stop) + self._sure_lateness(stop)
                    for stop in self.stop_of
                ]
                cost[: len(at_stop)] += np.array(at_stop, dtype=np.int64)[:, None]
                known[key] = self.routing.RegisterTransitMatrix(
                    np.where(travel < UNREACHABLE, cost, 0).tolist()
                )
            self.routing.SetArcCostEvaluatorOfVehicle(known[key], number)
            if schedule.left[courier] > 0:
                self.routing.SetFixedCostOfVehicle(schedule.fixed_cost[courier], number)
            else:
                self.routing.SetVehicleUsedWhenEmpty(True, number)  # noqa: FBT003 (positional in OR-Tools)

    def _sure_lateness(self, stop: int) -> int:
        """Price the lateness before the model's time begins."""
        return self.schedule.lateness_cost[stop] * max(0, self.base - self.schedule.due[stop])

    def _add_time(self) -> None:
        """Count starts of service from `base`; unreachable arcs are longer than the horizon."""
        places, service = self._places(), self._service()[:, None]
        known: dict[tuple[int, int], int] = {}
        transits = []
        for alike in map(self._class_of, self.couriers):
            if alike not in known:
                times = self.schedule.ways.times(*alike, places[:, None], places)
                transit = np.where(times < UNREACHABLE, times + service, _HORIZON + 1)
                known[alike] = self.routing.RegisterTransitMatrix(transit.tolist())
            transits.append(known[alike])
        self.routing.AddDimensionWithVehicleTransits(transits, _HORIZON, _HORIZON, False, "time")  # noqa: FBT003
        self.time = self.routing.GetDimensionOrDie("time")
        for number, courier in enumerate(self.couriers):
            self._add_duty(number, courier)

    def _add_duty(self, number: int, courier: int) -> None:
        schedule, time = self.schedule, self.time
        on_duty, off_duty = schedule.on_duty[courier], int(self.problem.off_duty[courier])
        start = time.CumulVar(self.routing.Start(number))
        end = time.CumulVar(self.routing.End(number))
        away_already = 0
        if schedule.left[courier] <= 0:
            away_already = on_duty - schedule.left[courier]
            start.SetValue(on_duty - self.base)
        else:
            start.SetRange(on_duty - self.base, off_duty - self.base)
        end.SetRange(on_duty - self.base, off_duty - self.base)
        time.SetSpanUpperBoundForVehicle(int(self.problem.leash[courier]) - away_already, number)
        if schedule.per_away[courier]:
            time.SetSpanCostCoefficientForVehicle(schedule.per_away[courier], number)
        if schedule.over_allowance[courier]:
            bound = max(0, schedule.allowance[courier] - away_already)
            cost = pywrapcp.BoundCost(bound, schedule.over_allowance[courier])
            time.SetSoftSpanUpperBoundForVehicle(cost, number)
        reserve = schedule.reserve[courier]
        if reserve:
            most = 1000 * (off_duty - self.base) - reserve * away_already
            self.solver.Add((1000 + reserve) * end - reserve * start <= most)

    def _add_loads(self) -> None:
        """Let every tour end empty: what needs no pickup lies in its starting load."""
        schedule, problem = self.schedule, self.problem
        none_at_start = all(schedule.has_pickup[leg] for leg in self.legs)
        nothing = [0] * (2 * len(self.vehicles))
        for dimension in range(problem.load_dimension_count):
            change = [schedule.change[dimension][stop] for stop in self.stop_of]
            capacity = [int(problem.capacity[courier, dimension]) for courier in self.couriers]
            transit = self.routing.RegisterUnaryTransitVector(change + nothing)
            name = f"load {dimension}"
            self.routing.AddDimensionWithVehicleCapacity(transit, 0, capacity, none_at_start, name)
            load = self.routing.GetDimensionOrDie(name)
            for number in range(len(self.vehicles)):
                load.CumulVar(self.routing.End(number)).SetValue(0)
        dropoffs = [int(stop >= schedule.leg_count) for stop in self.stop_of]
        transit = self.routing.RegisterUnaryTransitVector(dropoffs + nothing)
        most = [min(int(problem.most_parcels[courier]), len(dropoffs)) for courier in self.couriers]
        self.routing.AddDimensionWithVehicleCapacity(transit, 0, most, True, "parcels")  # noqa: FBT003

    def _add_leg(self, leg: int) -> None:
        schedule, routing = self.schedule, self.routing
        dropoffs = [self._index(stop) for stop in schedule.options[leg]]
        pickups = [self._index(leg)] if schedule.has_pickup[leg] else []
        vehicles = self._vehicles_for(leg)
        if schedule.committed_to[leg] < 0:
            routing.AddDisjunction(dropoffs, schedule.unassigned_cost[leg])
            for pickup in pickups:
                routing.AddDisjunction([pickup], 0)
        elif len(dropoffs) > 1:
            routing.AddDisjunction(dropoffs)
        may_be_left_out = [-1] if schedule.committed_to[leg] < 0 else []
        for index in pickups:
            self._bound(index, leg)
            routing.VehicleVar(index).SetValues(may_be_left_out + vehicles)
        for index, stop in zip(dropoffs, schedule.options[leg], strict=True):
            self._bound(index, stop)
            routing.VehicleVar(index).SetValues(
                [-1, *vehicles] if len(dropoffs) > 1 else may_be_left_out + vehicles
            )
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
        schedule = self.schedule
        opens, closes = schedule.opens[stop] - self.base, schedule.closes[stop] - self.base
        if closes < 0:
            self.routing.VehicleVar(index).SetValues([-1])
            return
        self.time.CumulVar(index).SetRange(max(0, opens), closes)
        if schedule.lateness_cost[stop] and schedule.due[stop] < schedule.closes[stop]:
            due = max(0, schedule.due[stop] - self.base)
            self.time.SetCumulVarSoftUpperBound(index, due, schedule.lateness_cost[stop])

    def _index(self, stop: int) -> int:
        index: int = self.manager.NodeToIndex(self.node_of[stop])
        return index

    def _run(self, limiter: Limiter) -> dict[int, list[int]] | None:
        routing = self.routing

        def at_solution() -> None:
            if limiter.at_solution():
                self.solver.FinishCurrentSearch()

        routing.AddAtSolutionCallback(at_solution)
        parameters = _parameters()
        routing.CloseModelWithParameters(parameters)
        routing.AddSearchMonitor(self.solver.CustomLimit(limiter.steps()))
        routes = [
            [self._index(stop) for stop in self.tours.stops[vehicle]] for vehicle in self.vehicles
        ]
        warm = routing.ReadAssignmentFromRoutes(routes, True)  # noqa: FBT003 (positional in OR-Tools)
        if warm is None:
            return None
        found = routing.SolveFromAssignmentWithParameters(warm, parameters)
        if found is None:
            return None
        result = {}
        for number, vehicle in enumerate(self.vehicles):
            stops = []
            index = found.Value(routing.NextVar(routing.Start(number)))
            while not routing.IsEnd(index):
                stops.append(self.stop_of[self.manager.IndexToNode(index)])
                index = found.Value(routing.NextVar(index))
            result[vehicle] = stops
        return result


def _parameters() -> pywrapcp.DefaultRoutingSearchParameters:
    """Choose guided local search: it descends, then goes on from the local optimum."""
    parameters = pywrapcp.DefaultRoutingSearchParameters()
    parameters.local_search_metaheuristic = (
        routing_enums_pb2.LocalSearchMetaheuristic.GUIDED_LOCAL_SEARCH
    )
    operators = parameters.local_search_operators
    for descriptor, _ in operators.ListFields():
        setattr(operators, descriptor.name, optional_boolean_pb2.BOOL_FALSE)
    for name in OPERATORS:
        setattr(operators, name, optional_boolean_pb2.BOOL_TRUE)
    # Without a limit of some days OR-Tools warns of endless searches; ours end by solutions, steps
    # and progress.
    parameters.time_limit.FromSeconds(_DAYS_S)
    # The linear programs would only confirm the times: insertion's timing rules have the last word
    # on them.
    parameters.disable_scheduling_beware_this_may_degrade_performance = True
    return parameters


def _plan(tours: Tours, limiter: Limiter, seed: int) -> Plan:
    return Plan(
        tours=tours.planned(),
        unassigned=insert.unexplained(tours),
        cost=tours.cost,
        engine=ENGINE,
        stopped_by=limiter.stopped_by,
        seed=seed,
        solution_limit=limiter.solution_limit,
        progress=tuple(limiter.asked),
    )
