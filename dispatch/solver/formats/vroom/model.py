"""A `Problem` of VROOM's JSON, and what its legs, options and couriers are in the file.

Ticks are seconds, moved to where the windows are. Vehicles that are alike become one class. A job
is a leg that is loaded at the start, with an option for each of its windows; a job that picks up is
a leg that is carried to the tour's end. VROOM puts the sum of the priorities of all tasks that are
served first, then their number, then cost: the prices of legs left out are so far apart that a sum
of costs says the same. Where any job or shipment has an `unassigned_cost`, those are the prices,
and what has none is dearer than all of them together.
"""

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np

from dispatch.solver import check
from dispatch.solver.arrays import FOREVER, NO_LIMIT, UNREACHABLE, IntArray, UIntArray
from dispatch.solver.fields import DEAREST
from dispatch.solver.formats.faults import FormatError
from dispatch.solver.formats.vroom.file import Input, Kind, Task, Vehicle, Window, Work
from dispatch.solver.plan import Action, Plan, Reason, Unassigned
from dispatch.solver.problem import Problem

UNIT = 18_000
"""Costs are counted in parts of VROOM's: 1/3600 of a second's and 1/1000 of a metre's are whole."""

_FAR = 2**29
"""Windows farther than this from the first that ends are as good as endless, ticks."""

_BITS = 64

Visit = tuple[int, Action, int]


@dataclass(frozen=True, slots=True)
class Option:
    """A drop-off option: its leg, and the window that it stands for; None is carried to the end."""

    leg: int
    task: Task | None
    window: Window | None


class Model:
    """A file as a `Problem`.

    Parameters
    ----------
    file : Input
        What was read.

    Attributes
    ----------
    problem : Problem
        Leg i is `file.works[i]`.
    origin : int
        VROOM's time of tick 0.
    unit : int
        So many of the problem's costs are one of VROOM's.
    classes : list of list of Vehicle
        The vehicles of each courier class.
    options : list of Option
        What each drop-off option is.

    Raises
    ------
    FormatError
        Where the file says what cannot be told in ticks, bits and prices.

    """

    def __init__(self, file: Input) -> None:
        self.file = file
        self.origin = _origin(file)
        self.classes = _classes(file.vehicles)
        self.options = [
            option for leg, work in enumerate(file.works) for option in _options(leg, work)
        ]
        self._modes = self._find_modes()
        self.unit = UNIT // self._common()
        self.problem = self._make()

    @cached_property
    def leg_of(self) -> dict[tuple[Kind, int], int]:
        """Leg of each task, by its kind and id."""
        return {
            (task.kind, task.id): leg
            for leg, work in enumerate(self.file.works)
            for task in work.tasks
        }

    @property
    def has_prices(self) -> bool:
        """Whether the file says what it costs to leave something out."""
        return any(work.unassigned_cost is not None for work in self.file.works)

    def ticks(self, window: Window | None) -> Window:
        """Give a window in ticks; without one anything between the file's 0 and for ever."""
        opens, closes = window or (0, self.origin + _FAR)
        return max(opens - self.origin, -_FAR), min(closes - self.origin, _FAR)

    def name(self, leg: int) -> str:
        """Say what a leg is in the file."""
        return " and ".join(f"{task.kind} {task.id}" for task in self.file.works[leg].tasks)

    def tours(
        self, routes: Sequence[tuple[int, Sequence[tuple[Kind, int]]]]
    ) -> list[tuple[int, list[Visit]]]:
        """Read routes of tasks as tours: for each a courier class and stops.

        Where a job has several windows, it is served in the first that is still open; what is
        carried to the end is dropped there.

        Parameters
        ----------
        routes : sequence of (courier class, tasks)
            Tasks by kind and id, each in the file.

        """
        found = []
        for courier, tasks in routes:
            visits: list[Visit] = []
            for kind, number in tasks:
                leg = self.leg_of[kind, number]
                is_pickup = kind == "pickup" or self.file.works[leg].is_collected
                if is_pickup:
                    visits.append((leg, Action.PICKUP, -1))
                else:
                    visits.append(self._open(courier, visits, leg))
            carried = [leg for leg, _, _ in visits if self.file.works[leg].is_collected]
            visits += [(leg, Action.DROPOFF, self.problem.options_of(leg).start) for leg in carried]
            found.append((courier, visits))
        return found

    def warm(self) -> Plan | None:
        """Give the plan that the vehicles' steps describe, None where there are none.

        Raises
        ------
        FormatError
            Where it breaks anything.

        """
        class_of = {vehicle.id: c for c, its in enumerate(self.classes) for vehicle in its}
        routes = [
            (class_of[vehicle.id], vehicle.steps) for vehicle in self.file.vehicles if vehicle.steps
        ]
        if not routes:
            return None
        plan = self.plan(routes)
        broken = check.violations(self.problem, plan)
        if broken:
            raise FormatError(
                [f"vehicles.steps: {its.subject}: {its.constraint}: {its.detail}" for its in broken]
            )
        return plan

    def plan(self, routes: Sequence[tuple[int, Sequence[tuple[Kind, int]]]]) -> Plan:
        """Time and price routes; what stands in none is left out."""
        tours = check.timed(self.problem, sorted(self.tours(routes), key=lambda tour: tour[0]))
        served = {stop.leg for tour in tours for stop in tour.stops}
        plan = Plan(
            tours=tours,
            unassigned=tuple(
                Unassigned(leg, Reason.SEARCH_LIMIT)
                for leg in range(self.problem.leg_count)
                if leg not in served
            ),
            cost=0,
            engine="file",
        )
        return replace(plan, cost=check.cost(self.problem, plan))

    def _open(self, courier: int, visits: list[Visit], leg: int) -> Visit:
        """Choose the window of a leg's drop-off after other stops."""
        *earlier, last = [(leg, Action.DROPOFF, option) for option in self.problem.options_of(leg)]
        for visit in earlier:
            (tour,) = check.timed(self.problem, [(courier, [*visits, visit])])
            if tour.stops[-1].starts_at <= self.problem.option_closes[visit[2]]:
                return visit
        return last

    def _find_modes(self) -> dict[tuple[str, int, int], int]:
        """Give each matrix a number; where any has costs of its own, rates are part of them."""
        keys = [self._mode_key(its[0]) for its in self.classes]
        return {key: mode for mode, key in enumerate(dict.fromkeys(keys))}

    @cached_property
    def _has_arcs(self) -> bool:
        its = self.file.matrices
        return any(its[vehicle.profile].costs is not None for vehicle in self.file.vehicles)

    def _mode_key(self, vehicle: Vehicle) -> tuple[str, int, int]:
        costs = vehicle.costs
        rates = (costs["per_hour"], costs["per_km"]) if self._has_arcs else (0, 0)
        return vehicle.profile, *rates

    def _common(self) -> int:
        """Give what all costs have in common, in parts of `UNIT`."""
        found = [UNIT] if self._has_arcs else []
        for vehicle in self.file.vehicles:
            costs = vehicle.costs
            found += [5 * costs["per_hour"], 18 * costs["per_km"], 5 * costs["per_task_hour"]]
            found.append(UNIT * costs["fixed"])
        found += [UNIT * work.unassigned_cost for work in self.file.works if work.unassigned_cost]
        return math.gcd(UNIT, *found)

    def _rate(self, vehicle: Vehicle, key: str) -> int:
        """Give a vehicle's cost of a second, a metre or a tour, in the problem's costs."""
        parts = {"per_hour": 5, "per_task_hour": 5, "per_km": 18, "fixed": UNIT}
        return vehicle.costs[key] * parts[key] // (UNIT // self.unit)

    def _make(self) -> Problem:
        heads = [its[0] for its in self.classes]
        return Problem(
            **self._ways(), **self._legs(heads), **self._dropoffs(heads), **self._couriers(heads)
        )

    def _ways(self) -> dict[str, Any]:
        """Stack the matrices of all modes; arcs where any of them has costs of its own."""
        size = max((len(its.durations) for its in self.file.matrices.values()), default=0)
        travel, metres, arcs = (
            np.zeros((len(self._modes), size, size), np.int64) for _ in range(3)
        )
        for (profile, per_hour, per_km), mode in self._modes.items():
            its = self.file.matrices[profile]
            travel[mode] = its.durations
            if its.distances is not None:
                metres[mode] = its.distances
            if its.costs is not None:
                arcs[mode] = self.unit * its.costs
            else:
                parts = 5 * per_hour * its.durations + 18 * per_km * metres[mode]
                arcs[mode] = parts // (UNIT // self.unit)
        arcs[travel >= UNREACHABLE] = 0
        ways = {"travel": travel.astype(np.int32), "distance_m": metres.astype(np.int32)}
        return ways | ({"arc_cost": arcs} if self._has_arcs else {})

    def _legs(self, heads: Sequence[Vehicle]) -> dict[str, Any]:
        works = self.file.works
        tasks = [work.tasks[0] if _has_pickup(work) else None for work in works]
        windows = [
            self.ticks(task.windows[0] if task.windows else None) if task else _ALWAYS
            for task in tasks
        ]
        return {
            "pickup_place": _ints([task.spot.index if task else -1 for task in tasks]),
            "pickup_opens": _ints([opens for opens, _ in windows]),
            "pickup_closes": _ints([closes for _, closes in windows]),
            "pickup_service": _ints([task.service if task else 0 for task in tasks]),
            "load": self._amounts([work.amount for work in works]),
            "leg_skills": self._bits([work.skills for work in works]),
            "unassigned_cost": _ints(self._prices(heads)),
        }

    def _dropoffs(self, heads: Sequence[Vehicle]) -> dict[str, Any]:
        options, works = self.options, self.file.works
        windows = [self.ticks(its.window) if its.task else _ALWAYS for its in options]
        rate = self._rate(heads[0], "per_task_hour") if heads else 0
        spent = [sum(task.service for task in work.tasks) for work in works]
        return {
            "option_leg": _ints([its.leg for its in options]),
            "option_place": _ints([its.task.spot.index if its.task else -1 for its in options]),
            "option_opens": _ints([opens for opens, _ in windows]),
            "option_closes": _ints([closes for _, closes in windows]),
            "option_service": _ints([its.task.service if its.task else 0 for its in options]),
            "option_cost": _ints([rate * spent[its.leg] for its in options]),
        }

    def _couriers(self, heads: Sequence[Vehicle]) -> dict[str, Any]:
        duty = [self.ticks(its.window) for its in heads]
        couriers = {
            "start_place": _ints([its.start.index if its.start else -1 for its in heads]),
            "end_place": _ints([its.end.index if its.end else -1 for its in heads]),
            "on_duty": _ints([start for start, _ in duty]),
            "off_duty": _ints([end for _, end in duty]),
            "capacity": self._amounts([its.capacity for its in heads]),
            "courier_skills": self._bits([its.skills for its in heads]),
            "most_parcels": _ints([self._most_parcels(its) for its in heads]),
            "count": _ints([len(its) for its in self.classes]),
            "mode": _ints([self._modes[self._mode_key(its)] for its in heads]),
            "fixed_cost": _ints([self._rate(its, "fixed") for its in heads]),
        }
        if not self._has_arcs:
            couriers["cost_per_travel"] = _ints([self._rate(its, "per_hour") for its in heads])
            couriers["cost_per_m"] = _ints([self._rate(its, "per_km") for its in heads])
        return couriers

    def _amounts(self, rows: Sequence[Sequence[int]]) -> IntArray:
        nothing = [0] * self.file.dimensions
        return _ints([row or nothing for row in rows]).reshape(len(rows), self.file.dimensions)

    def _bits(self, rows: Sequence[Sequence[int]]) -> UIntArray:
        """Give each skill that any task needs a bit; vehicles' other skills have none."""
        needed = sorted({skill for work in self.file.works for skill in work.skills})
        if len(needed) > _BITS:
            raise FormatError([f"skills: {len(needed)} different ones, at most {_BITS}"])
        bit = {skill: 1 << number for number, skill in enumerate(needed)}
        return np.array(
            [sum(bit[skill] for skill in set(row) if skill in bit) for row in rows], np.uint64
        )

    def _most_parcels(self, vehicle: Vehicle) -> int:
        """Count drop-offs where VROOM counts tasks: one a job, two a shipment."""
        most = vehicle.most_tasks
        counts = {len(work.tasks) for work in self.file.works}
        if most is None or most >= sum(len(work.tasks) for work in self.file.works):
            return NO_LIMIT
        if len(counts) > 1:
            where = f"{vehicle.path}.max_tasks"
            raise FormatError([f"{where}: is not supported where jobs and shipments mix"])
        return most // counts.pop()

    def _prices(self, heads: Sequence[Vehicle]) -> list[int]:
        """Price each leg left out."""
        works = self.file.works
        step = self._dearest(heads) + 1
        if self.has_prices:
            given = [work.unassigned_cost for work in works]
            dear = step + self.unit * sum(price or 0 for price in given)
            return [dear if price is None else self.unit * price for price in given]
        tasks = sum(len(work.tasks) for work in works)
        prices = [len(work.tasks) * step * (1 + work.priority * (tasks + 1)) for work in works]
        if prices and max(prices) > DEAREST:
            what = "so many tasks, priorities and costs cannot be told apart in 64 bits"
            raise FormatError([f"priority: {what}; use smaller ones, or unassigned_cost"])
        return prices

    def _dearest(self, heads: Sequence[Vehicle]) -> int:
        """Bound the cost of all routes of any plan: each place left by the dearest way."""
        ways = self._ways()
        exists = ways["travel"] < UNREACHABLE
        total = 0
        by_place = np.zeros(ways["travel"].shape[1], np.int64)
        for its, alike in zip(heads, self.classes, strict=True):
            mode = self._modes[self._mode_key(its)]
            if self._has_arcs:
                arcs = ways["arc_cost"][mode]
            else:
                arcs = self._rate(its, "per_hour") * ways["travel"][mode].astype(np.int64)
                arcs += self._rate(its, "per_km") * ways["distance_m"][mode].astype(np.int64)
            longest = np.where(exists[mode], arcs, 0).max(axis=1, initial=0)
            by_place = np.maximum(by_place, longest)
            first = int(longest[its.start.index]) if its.start else 0
            total += len(alike) * (self._rate(its, "fixed") + first)
        rate = self._rate(heads[0], "per_task_hour") if heads else 0
        for work in self.file.works:
            for task in work.tasks:
                total += int(by_place[task.spot.index]) + rate * task.service
        return total


_ALWAYS = (-FOREVER, FOREVER)


def _has_pickup(work: Work) -> bool:
    return work.is_collected or len(work.tasks) > 1


def _options(leg: int, work: Work) -> list[Option]:
    if work.is_collected:
        return [Option(leg, None, None)]
    task = work.tasks[-1]
    return [Option(leg, task, window) for window in task.windows or (None,)]


def _classes(vehicles: Sequence[Vehicle]) -> list[list[Vehicle]]:
    """Put vehicles together that only their names tell apart, in the order of the file."""
    found: dict[Any, list[Vehicle]] = {}
    for its in vehicles:
        places = tuple(spot.index if spot else -1 for spot in (its.start, its.end))
        costs = tuple(its.costs.items())
        skills = frozenset(its.skills)
        key = (its.profile, places, tuple(its.capacity), skills, its.window, its.most_tasks, costs)
        found.setdefault(key, []).append(its)
    return list(found.values())


def _origin(file: Input) -> int:
    """Choose VROOM's time of tick 0: 0 itself, unless windows are timestamps."""
    tasks = [task for work in file.works for task in work.tasks]
    windows = [(task.path, window) for task in tasks for window in task.windows]
    windows += [(its.path, its.window) for its in file.vehicles if its.window]
    if all(end <= _FAR for _, (_, end) in windows):
        return 0
    origin = min(end for _, (_, end) in windows)
    for path, (start, _) in windows:
        if start > origin + _FAR:
            raise FormatError([f"{path}: a window begins at {start}, another ends at {origin}"])
    return origin


def _ints(values: Sequence[Any]) -> IntArray:
    return np.array(values, dtype=np.int64)
