"""Which legs are served, by whom and where: existence, hub slots, what leaving out costs.

The part of tours under construction that does not depend on their times.
"""

from collections.abc import Collection, Iterable, Sequence

from dispatch.solver.schedule import Schedule


class Served:
    """The legs that tours serve, kept up to date tour by tour.

    Parameters
    ----------
    schedule : Schedule
        The problem.
    tours : iterable of stops, by vehicle
        What is served.

    Attributes
    ----------
    dropped : list of int, by leg
        The drop-off, as a stop; -1 where the leg is left out.
    where : list of int, by leg
        The vehicle; -1 where the leg is left out.

    """

    def __init__(self, schedule: Schedule, tours: Iterable[Sequence[int]]) -> None:
        self._schedule = schedule
        problem = schedule.problem
        self.dropped = [-1] * schedule.leg_count
        self.where = [-1] * schedule.leg_count
        self._hub: list[int] = problem.option_hub.tolist()
        self._size: list[int] = problem.leg_size.tolist()
        self._free: list[list[int]] = problem.hub_slots_free.tolist()
        for vehicle, stops in enumerate(tours):
            self.add(vehicle, stops)

    def add(self, vehicle: int, stops: Iterable[int]) -> None:
        """Note what a tour serves."""
        for stop in stops:
            leg = self._schedule.leg[stop]
            self.where[leg] = vehicle
            if stop >= self._schedule.leg_count:
                self.dropped[leg] = stop
                self._take(stop, 1)

    def remove(self, stops: Iterable[int]) -> None:
        """Take back what a tour served."""
        for stop in stops:
            leg = self._schedule.leg[stop]
            self.where[leg] = -1
            if stop >= self._schedule.leg_count:
                self.dropped[leg] = -1
                self._take(stop, -1)

    def left_out(self) -> list[int]:
        """Give the legs that no tour has, ascending."""
        return [leg for leg, stop in enumerate(self.dropped) if stop < 0]

    def left_out_cost(self) -> int:
        """Price the legs that no tour has."""
        return self._absent_cost(range(len(self.dropped)))

    def exists(self, leg: int) -> bool:
        """Say whether a leg is there to be served: what it comes after is dropped at its hub."""
        before = self._schedule.predecessor.get(leg, -1)
        return before < 0 or self._schedule.calls.get(self.dropped[before]) == leg

    def is_full(self, stop: int) -> bool:
        """Say whether a drop-off's hub has no slot left for its leg."""
        slot = self._slot(stop)
        return slot is not None and self._free[slot[0]][slot[1]] < 1

    def is_overfull(self, stops: Iterable[int]) -> bool:
        """Say whether a tour drops something where more is dropped than there are slots."""
        slots = [self._slot(stop) for stop in stops if stop >= self._schedule.leg_count]
        return any(slot is not None and self._free[slot[0]][slot[1]] < 0 for slot in slots)

    def difference(self, gone: Collection[int], come: Collection[int]) -> int | None:
        """Weigh other drop-offs.

        Parameters
        ----------
        gone, come : collection of int
            Drop-offs that are not made any more, and those that are made instead.

        Returns
        -------
        int or None
            What the legs left out cost more than before; None where a leg that is served would not
            exist, or a hub would have too few slots.

        """
        if not gone and not come:
            return 0
        if not self._fits(gone, come):
            return None
        schedule = self._schedule
        changed = {schedule.leg[stop]: -1 for stop in gone}
        changed.update((schedule.leg[stop], stop) for stop in come)
        concerned = set(changed)
        concerned.update(schedule.successor[leg] for leg in changed if leg in schedule.successor)
        old = {leg: self.dropped[leg] for leg in changed}
        cost = -self._absent_cost(concerned)
        for leg, stop in changed.items():
            self.dropped[leg] = stop
        cost += self._absent_cost(concerned)
        exist = all(self.exists(leg) for leg in concerned if self.dropped[leg] >= 0)
        for leg, stop in old.items():
            self.dropped[leg] = stop
        return cost if exist else None

    def _absent_cost(self, legs: Iterable[int]) -> int:
        dropped = self.dropped
        return sum(self._schedule.absent_cost(leg, dropped) for leg in legs if dropped[leg] < 0)

    def _slot(self, stop: int) -> tuple[int, int] | None:
        """Give the hub and the size of the slot that a drop-off takes; None: it takes none."""
        leg = self._schedule.leg[stop]
        hub = self._hub[stop - self._schedule.leg_count]
        if hub < 0 or self._schedule.committed_to[leg] >= 0:
            return None
        return hub, self._size[leg]

    def _take(self, stop: int, slots: int) -> None:
        slot = self._slot(stop)
        if slot is not None:
            self._free[slot[0]][slot[1]] -= slots

    def _fits(self, gone: Iterable[int], come: Iterable[int]) -> bool:
        more: dict[tuple[int, int], int] = {}
        for stops, step in ((gone, -1), (come, 1)):
            for stop in stops:
                slot = self._slot(stop)
                if slot is not None:
                    more[slot] = more.get(slot, 0) + step
        return all(
            added <= 0 or self._free[hub][size] >= added for (hub, size), added in more.items()
        )
