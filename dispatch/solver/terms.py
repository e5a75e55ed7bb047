"""What a problem says of stops and couriers, unrolled into lists that Python reads quickly.

A stop is a number: stop s < L is the pickup of leg s, stop L + p the drop-off at option p. The
timing rules over these lists are in `dispatch.solver.schedule`.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

import numpy as np

from dispatch.solver.arrays import IntArray
from dispatch.solver.problem import UNREACHABLE, Problem
from dispatch.solver.ways import Ways

NEVER = 2**60
"""Later than any instant."""


@dataclass(frozen=True, slots=True)
class Limits:
    """What every tour must keep to, beside what must not be at all (ways that do not exist).

    Parameters
    ----------
    latest : list of int, by stop
        Latest start of service, ticks.
    hours : list of int, by courier
        Most of 1000 x end + `return_reserve_permille` x time away, ticks / 1000.
    leash : list of int, by courier
        Longest time away, ticks.
    capacity : list of list of int, by courier and load dimension
        Most carried at once.
    parcels : list of int, by courier
        Most drop-offs in a tour.

    """

    latest: list[int]
    hours: list[int]
    leash: list[int]
    capacity: list[list[int]]
    parcels: list[int]


class Terms:
    """The problem unrolled into lists.

    The matrices are read where they lie: the lists are by stop and by courier only.

    Parameters
    ----------
    problem : Problem
        What is to be planned.

    Attributes
    ----------
    calls : dict of drop-off to leg
        Drop-offs at the hub where another leg waits for the load, and that leg: it exists by them.
    predecessor, successor : dict of leg to leg
        Linked pairs, in either direction.
    gap : dict of leg to ticks
        `after_gap` of the legs that wait.
    prefix : list of list of int, by courier
        The frozen stops that the tour begins with.
    left_out_cost : list of int, by leg
        `unassigned_cost`, and `move_cost` where somebody has seen the leg; due where it exists.

    """

    def __init__(self, problem: Problem) -> None:
        self.problem = problem
        legs = problem.leg_count
        self.leg_count = legs
        self.leg: list[int] = [*range(legs), *problem.option_leg.tolist()]
        self.place = _joined(problem.pickup_place, problem.option_place)
        self.opens = _joined(problem.pickup_opens, problem.option_opens)
        self.closes = _joined(problem.pickup_closes, problem.option_closes)
        self.service = _joined(problem.pickup_service, problem.option_service)
        soft = np.minimum(problem.option_due, problem.option_closes)
        self.not_delayed_past = _joined(problem.pickup_closes, soft)
        nothing = np.zeros(legs, np.int64)
        self.due = _joined(nothing + NEVER, problem.option_due)
        self.price = _joined(nothing, problem.option_cost)
        self.effort = _joined(nothing, problem.option_effort)
        self.is_dropoff = _joined(nothing, np.ones_like(problem.option_leg))
        self.lateness_cost: list[int] = problem.lateness_cost[self.leg].tolist()
        self.has_pickup: list[bool] = (problem.pickup_place >= 0).tolist()
        self.options: list[list[int]] = [[] for _ in range(legs)]
        for option, leg in enumerate(problem.option_leg.tolist()):
            self.options[leg].append(legs + option)
        self.unassigned_cost: list[int] = problem.unassigned_cost.tolist()
        self.committed_to: list[int] = problem.committed_to.tolist()
        self._read_loads()
        self._read_matrices()
        self._read_couriers()
        self._read_links()
        self._read_frozen()
        self._read_moves()

    def _read_loads(self) -> None:
        """Keep, for each load dimension, how each stop changes what is on board or was at start."""
        problem = self.problem
        dropped = problem.load[problem.option_leg]
        at_start = np.where((problem.pickup_place >= 0)[problem.option_leg, None], 0, dropped)
        dimensions = range(problem.load_dimension_count)
        self.change = [_joined(problem.load[:, w], -dropped[:, w]) for w in dimensions]
        nothing = np.zeros(problem.leg_count, np.int64)
        self._at_start = [_joined(nothing, at_start[:, w]) for w in dimensions]

    def _read_matrices(self) -> None:
        problem = self.problem
        self.ways = Ways(problem)
        # Views, because lists of them would take gigabytes; read by element they are as quick.
        self._travel = [matrix.data for matrix in problem.travel]
        metres = problem.distance_m if problem.cost_per_m.any() else ()
        self._distance = [matrix.data for matrix in metres]
        self._arcs = [matrix.data for matrix in _rows(problem.arc_cost)]
        self._gate: list[int] = self.ways.gate.tolist()
        self._entry: list[list[int]] = self.ways.entry.tolist()
        self._access: list[int] = problem.access.tolist()
        self._is_gated = problem.is_gated

    def _read_couriers(self) -> None:
        problem = self.problem
        self.mode: list[int] = problem.mode.tolist()
        self.start: list[int] = problem.start_place.tolist()
        self.end: list[int] = problem.end_place.tolist()
        self.on_duty: list[int] = problem.on_duty.tolist()
        self.left: list[int] = problem.left.tolist()
        self.fixed_cost: list[int] = problem.fixed_cost.tolist()
        self.per_travel: list[int] = problem.cost_per_travel.tolist()
        self.per_away: list[int] = problem.cost_per_away.tolist()
        self.per_m: list[int] = problem.cost_per_m.tolist()
        self.allowance: list[int] = problem.allowance.tolist()
        self.over_allowance: list[int] = problem.cost_over_allowance.tolist()
        self.reserve: list[int] = problem.return_reserve_permille.tolist()
        self.per_parcel: list[int] = problem.cost_per_parcel.tolist()
        self.per_effort: list[int] = problem.cost_per_effort.tolist()
        self.pickups_first: list[bool] = problem.pickups_first.tolist()

    def _read_links(self) -> None:
        problem, legs = self.problem, self.leg_count
        after: list[int] = problem.after_leg.tolist()
        self.predecessor = {leg: before for leg, before in enumerate(after) if before >= 0}
        self.successor = {before: leg for leg, before in self.predecessor.items()}
        self.gap = {leg: int(problem.after_gap[leg]) for leg in self.predecessor}
        self.calls = {
            stop: leg
            for before, leg in self.successor.items()
            for stop in self.options[before]
            if problem.option_hub[stop - legs] >= 0 and self.place[stop] == self.place[leg]
        }

    def _read_frozen(self) -> None:
        """Make "not before" part of when the stop opens: frozen stops are known by their number."""
        frozen, legs = self.problem.frozen, self.leg_count
        stops = np.where(frozen.action == 0, frozen.leg, legs + frozen.option).tolist()
        for stop, not_before in zip(stops, frozen.not_before.tolist(), strict=True):
            self.opens[stop] = max(self.opens[stop], not_before)
        bounds: list[int] = frozen.indptr.tolist()
        self.prefix: list[list[int]] = [stops[first:last] for first, last in pairwise(bounds)]
        self.is_frozen = set(stops)
        self._has_carried = -1 in self.place[legs:]

    def _read_moves(self) -> None:
        problem = self.problem
        move = np.where(problem.seen_courier >= 0, problem.move_cost, 0)
        self.left_out_cost: list[int] = (problem.unassigned_cost + move).tolist()
        nothing = np.zeros(problem.leg_count, np.int64)
        self._move = _joined(nothing, move[problem.option_leg])
        self._seen: list[int] = problem.seen_courier[self.leg].tolist()
        self._has_moves = bool(move.any())

    @cached_property
    def limits(self) -> Limits:
        """The limits as the problem has them."""
        problem = self.problem
        return Limits(
            latest=self.closes,
            hours=(1000 * problem.off_duty).tolist(),
            leash=problem.leash.tolist(),
            capacity=problem.capacity.tolist(),
            parcels=problem.most_parcels.tolist(),
        )

    @cached_property
    def _no_limit(self) -> list[int]:
        """The latest start of each stop, were there no windows."""
        return [NEVER] * len(self.leg)

    def way(self, courier: int, tail: int, head: int) -> int:
        """Give the time from one place to another for a courier, gate included, ticks."""
        if tail < 0 or head < 0:
            return 0
        way: int = self._travel[self.mode[courier]][tail, head]
        gate = self._gate[head]
        if gate < 0 or gate == self._gate[tail]:
            return way
        return min(way + self._entry[self._access[courier]][gate], UNREACHABLE)

    def arrival(self, courier: int, at: int, clock: int, stop: int) -> tuple[int, int]:
        """Go on to a stop: give the place after it, and the earliest start of service, ticks."""
        place = self.place_of(courier, stop)
        begin = max(clock + self.way(courier, at, place), self.opens[stop])
        return (at if place < 0 else place), begin

    def place_of(self, courier: int, stop: int) -> int:
        """Give a stop's place; -1: carried to an open end, wherever the tour is by then."""
        place = self.place[stop]
        return self.end[courier] if place < 0 else place

    def is_shut(self, courier: int, tail: int, head: int) -> bool:
        """Say whether there is a way between two places, but through a gate shut to the courier."""
        problem = self.problem
        gate = int(problem.place_gate[head])
        return (
            min(tail, head, gate) >= 0
            and gate != int(problem.place_gate[tail])
            and int(problem.gate_entry[problem.access[courier], gate]) < 0
            and int(problem.travel[self.mode[courier], tail, head]) < UNREACHABLE
        )


def _joined(of_pickups: IntArray, of_options: IntArray) -> list[int]:
    """Put the values of the pickups before those of the drop-off options."""
    values: list[int] = np.concatenate([of_pickups, of_options]).tolist()
    return values


def _rows(matrices: IntArray | None) -> Iterable[IntArray]:
    return () if matrices is None else matrices
