"""A part of a problem as the nodes of a routing model: who, what, and the matrices between them.

Some vehicles, the legs that they may serve, and the limits that their commitments raise. Nothing
here imports OR-Tools.
"""

from collections.abc import Callable, Collection, Iterable, Sequence
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.problem import FOREVER, UNREACHABLE
from dispatch.solver.schedule import Measures, Schedule
from dispatch.solver.tours import Tours

HORIZON = 2 * FOREVER
"""No instant of a model is later than this after its base."""

Cells = NDArray[np.int64]


class Promised:
    """The problem with commitments alone: where every model begins, and what raises its limits.

    Parameters
    ----------
    schedule : Schedule
        Of the problem.

    Attributes
    ----------
    couriers : list of int, by vehicle
        The class of each person.
    stops : list of list of int, by vehicle
        Tours of the commitments.
    measures : list of Measures, by vehicle
        Of those tours: a tour may break each limit by as much as its commitments do.
    latest : list of int, by stop
        Latest start of service, raised likewise.
    closed : set of int
        Vehicles that take nothing: their commitments go where there is no way, or stand in an order
        that is forbidden, or they have no time at all.
    """

    def __init__(self, schedule: Schedule) -> None:
        tours = Tours(schedule)
        self.schedule = schedule
        self.couriers = tours.couriers
        self.allowed = tours.allowed
        self.stops: list[list[int]] = [list(stops) for stops in tours.stops]
        self.measures: list[Measures] = list(tours.measures)
        self.widened = tours.widened
        self.latest = list(schedule.closes)
        for stops, measures in zip(self.stops, self.measures, strict=True):
            for stop, begin in zip(stops, measures.starts, strict=True):
                self.latest[stop] = max(self.latest[stop], begin)
        self.closed = {v for v in range(len(self.couriers)) if self._is_closed(v)}

    def has_tour(self, vehicle: int) -> bool:
        """Say whether a vehicle has a tour in every plan."""
        return bool(self.stops[vehicle]) or self.schedule.left[self.couriers[vehicle]] <= 0

    def open_vehicles(self) -> list[int]:
        """Give the vehicles that are not closed, ascending."""
        return [v for v in range(len(self.couriers)) if v not in self.closed]

    def _is_closed(self, vehicle: int) -> bool:
        if not self.has_tour(vehicle):
            courier = self.couriers[vehicle]
            return self.schedule.on_duty[courier] > int(self.schedule.problem.off_duty[courier])
        measures = self.measures[vehicle]
        return bool(measures.blocked or measures.shut or any(measures.disorder))


class Nodes:
    """The nodes of one model.

    In this order: pickups, drop-offs, one start and one end for each vehicle.

    Parameters
    ----------
    promised : Promised
        Where the model begins.
    vehicles : sequence of int
        Not closed, ascending.
    legs : collection of int, optional
        What they may serve; None: whatever nobody else must.

    Attributes
    ----------
    vehicles, couriers : list of int
        The model's vehicles (by the model's number), and their classes.
    legs : list of int
        Those that some of the vehicles may serve in time.
    stop_of : list of int, by node
        The stop, numbered as in `Schedule`.
    node_of : dict of int to int
        The other way round.
    base : int, ticks
        The model's time 0.
    """

    def __init__(
        self, promised: Promised, vehicles: Sequence[int], legs: Collection[int] | None = None
    ) -> None:
        self.promised = promised
        self.schedule = promised.schedule
        self.problem = promised.schedule.problem
        self.vehicles = list(vehicles)
        self.couriers = [promised.couriers[vehicle] for vehicle in self.vehicles]
        self.base = min((self.schedule.on_duty[courier] for courier in self.couriers), default=0)
        given = range(self.schedule.leg_count) if legs is None else sorted(legs)
        self._allowed = promised.allowed[:, self.couriers]
        self.legs = [leg for leg in given if self._in_time(leg) and self.takers(leg)]
        self.stop_of = [leg for leg in self.legs if self.schedule.has_pickup[leg]]
        self.stop_of += [stop for leg in self.legs for stop in self.schedule.options[leg]]
        self.node_of = {stop: node for node, stop in enumerate(self.stop_of)}
        self.has_carried = any(self.schedule.place[stop] < 0 for stop in self.stop_of)

    @property
    def count(self) -> int:
        """Nodes."""
        return len(self.stop_of) + 2 * len(self.vehicles)

    def cells(self) -> int:
        """Give the size of all matrices together."""
        kinds = kinds_of(self.schedule, set(self.couriers), by_end=self.has_carried)
        return len(kinds) * self.count**2

    def takers(self, leg: int) -> list[int]:
        """Give the model's numbers of the vehicles that may take a leg."""
        committed = self.schedule.committed_to[leg]
        if committed >= 0:
            return [number for number, courier in enumerate(self.couriers) if courier == committed]
        numbers: list[int] = np.flatnonzero(self._allowed[leg]).tolist()
        return numbers

    def _in_time(self, leg: int) -> bool:
        """Say whether the leg's windows come after `base`, and in the right order."""
        schedule, latest = self.schedule, self.promised.latest
        earliest = self.base
        if schedule.has_pickup[leg]:
            earliest = max(earliest, schedule.opens[leg])
            if latest[leg] < earliest:
                return False
        return any(latest[stop] >= earliest for stop in schedule.options[leg])

    def time_key(self, courier: int) -> tuple[int, ...]:
        """Give what couriers share who take the same time everywhere."""
        return time_key(self.schedule, courier, by_end=self.has_carried)

    def cost_key(self, courier: int) -> tuple[int, ...]:
        """Give what couriers share who cost the same on every way."""
        return cost_key(self.schedule, courier, by_end=self.has_carried)

    def times(self, number: int) -> Cells:
        """(nodes, nodes): service and the way; longer than any horizon where there is none."""
        mode, access, *_ = self.time_key(self.couriers[number])
        places = self._places(number)
        times = self.schedule.ways.times(mode, access, places[:, None], places)
        service = [self.schedule.service[stop] for stop in self.stop_of]
        around = np.array(service + [0] * (2 * len(self.vehicles)), np.int64)[:, None]
        missing = times >= UNREACHABLE
        missing[np.ix_(self._is_carried, self._is_ordinary)] = True
        result: Cells = np.where(missing, HORIZON + 1, times + around)
        # Who stays at home makes no way.
        result[self._idle_starts, self._idle_starts + len(self.vehicles)] = 0
        return result

    def costs(self, number: int) -> Cells:
        """(nodes, nodes): the way's price, and that of the stop it leaves."""
        problem, schedule, courier = self.problem, self.schedule, self.couriers[number]
        places, mode = self._places(number), schedule.mode[courier]
        tails = places[:, None]
        between: Callable[..., Cells] = schedule.ways.between
        if problem.arc_cost is not None:
            cost = between(problem.arc_cost, mode, tails, places)
        else:
            cost = schedule.per_travel[courier] * between(problem.travel, mode, tails, places)
            if schedule.per_m[courier]:
                metres = between(problem.distance_m, mode, tails, places)
                cost = cost + schedule.per_m[courier] * metres
        missing = between(problem.travel, mode, tails, places) >= UNREACHABLE
        at_stop = [self._price(courier, stop) for stop in self.stop_of]
        cost = np.where(missing, 0, cost)
        cost[: len(at_stop)] += np.array(at_stop, np.int64)[:, None]
        result: Cells = cost
        return result

    def moves(self, number: int) -> list[int]:
        """(nodes,): what a drop-off costs more for not being made by who has seen the leg."""
        problem, courier = self.problem, self.couriers[number]
        result = [0] * self.count
        for node, stop in enumerate(self.stop_of):
            leg = self.schedule.leg[stop]
            if self.schedule.is_dropoff[stop] and problem.seen_courier[leg] not in {-1, courier}:
                result[node] = int(problem.move_cost[leg])
        return result

    def _price(self, courier: int, stop: int) -> int:
        """Price a stop wherever it stands, with the lateness before the model's time begins."""
        schedule = self.schedule
        paid = schedule.per_parcel[courier] * schedule.is_dropoff[stop]
        lateness = schedule.lateness_cost[stop] * max(0, self.base - schedule.due[stop])
        return (
            schedule.price[stop]
            + paid
            + schedule.per_effort[courier] * schedule.effort[stop]
            + lateness
        )

    def _places(self, number: int) -> NDArray[np.int64]:
        """(nodes,): each node's place; what is carried to the end is at this vehicle's."""
        end = self.schedule.end[self.couriers[number]]
        places = self._fixed_places.copy()
        places[self._is_carried] = end
        return places % (self.problem.place_count + 1)

    @cached_property
    def _fixed_places(self) -> NDArray[np.int64]:
        schedule = self.schedule
        places = [schedule.place[stop] for stop in self.stop_of]
        places += [schedule.start[courier] for courier in self.couriers]
        places += [schedule.end[courier] for courier in self.couriers]
        return np.array(places, np.int64)

    @cached_property
    def _is_carried(self) -> NDArray[np.bool_]:
        is_carried = np.zeros(self.count, bool)
        is_carried[: len(self.stop_of)] = self._fixed_places[: len(self.stop_of)] < 0
        return is_carried

    @cached_property
    def _is_ordinary(self) -> NDArray[np.bool_]:
        """(nodes,): whether nothing carried to the end may come before it."""
        is_ordinary = ~self._is_carried
        is_ordinary[self.count - len(self.vehicles) :] = False
        return is_ordinary

    @cached_property
    def _idle_starts(self) -> NDArray[np.int64]:
        """(vehicles without promises,): the nodes of their starts."""
        idle = [n for n, v in enumerate(self.vehicles) if not self.promised.has_tour(v)]
        return len(self.stop_of) + np.array(idle, np.int64)


def time_key(schedule: Schedule, courier: int, *, by_end: bool) -> tuple[int, ...]:
    """Give what couriers share who take the same time everywhere.

    Parameters
    ----------
    schedule : Schedule
        Of the problem.
    courier : int
        The courier.
    by_end : bool
        Whether something is carried to the tour's end.
    """
    problem = schedule.problem
    access = int(problem.access[courier]) if problem.is_gated else 0
    return (schedule.mode[courier], access, schedule.end[courier] if by_end else 0)


def cost_key(schedule: Schedule, courier: int, *, by_end: bool) -> tuple[int, ...]:
    """Give what couriers share who cost the same on every way; arguments as in `time_key`."""
    pay = (schedule.per_travel, schedule.per_m, schedule.per_parcel, schedule.per_effort)
    end = schedule.end[courier] if by_end else 0
    return (schedule.mode[courier], end, *(rates[courier] for rates in pay))


def kinds_of(schedule: Schedule, couriers: Iterable[int], *, by_end: bool) -> set[tuple[int, ...]]:
    """Give one key for each matrix that couriers need; arguments as in `time_key`."""
    keys = set()
    for courier in couriers:
        keys.add(time_key(schedule, courier, by_end=by_end))
        keys.add(cost_key(schedule, courier, by_end=by_end))
    return keys
