"""One more courier: who he would have to be like, for how long, and what else he would need.

Asked where no limit of those who are there does it alone. He begins with nothing to do and belongs
to no post; if nobody there could serve the leg even so, he gets what they lack.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from dispatch.solver.arrays import FOREVER
from dispatch.solver.explanations.attempts import Attempts, Conditions
from dispatch.solver.explanations.remedies import shut_gates
from dispatch.solver.explanations.trials import Miss, Trials
from dispatch.solver.fields import DEAREST
from dispatch.solver.fixes import Fix, FixKind
from dispatch.solver.tours import Tours

_HIS = Miss.SHUT | Miss.SKILL | Miss.BARRED | Miss.LOAD | Miss.PARCELS | Miss.LEASH
"""What one more courier can be given."""
_OTHERS = Miss.HUB | Miss.COST | Miss.PICKUP_LATE | Miss.DROPOFF_LATE
"""What would have to change beside him."""


@dataclass(frozen=True, slots=True)
class _Way:
    """One way of serving the leg, for somebody with nothing else to do."""

    trials: Trials
    at: int
    courier: int
    dropoff: int


class Hiring:
    """One more courier for legs that are left out.

    Parameters
    ----------
    tours : Tours
        As they stay.

    """

    def __init__(self, tours: Tours) -> None:
        self._attempts = Attempts(tours, spare=True)
        self._problem = tours.schedule.problem
        self._schedule = tours.schedule

    def one_more(self, leg: int, *, just_him: bool) -> Fix | None:
        """Say who would serve a leg, on duty as shortly as can be; None: nobody could.

        Parameters
        ----------
        leg : int
            Left out.
        just_him : bool
            Whether nothing else may have to change beside him.

        """
        trials = self._attempts.tried(leg)
        if just_him:
            trials = trials.only((trials.misses & int(_OTHERS)) == 0)
        for at in self._order(trials):
            way = _Way(trials, at, int(trials.places.vehicle[at]), int(trials.dropoff[at]))
            fix = self._hired(leg, way)
            if fix is not None:
                return fix
        return None

    def _order(self, trials: Trials) -> Iterator[int]:
        """Give the ways that are thinkable: the fewest needs first, his own before others."""
        if not len(trials.misses):
            return
        beyond = (trials.misses & ~int(_HIS | _OTHERS)) != 0
        counts = np.zeros(len(trials.misses), np.int64)
        for miss in (*_HIS, *_OTHERS):
            weight = 1 if miss in _HIS else 100
            counts += np.where((trials.misses & int(miss)) != 0, weight, 0)
        order = np.lexsort((trials.extra, counts))
        yield from order[~beyond[order]].tolist()[:2]

    def _hired(self, leg: int, way: _Way) -> Fix | None:
        trials, at = way.trials, way.at
        ends_at = -(-int(trials.hours[at]) // 1000)
        begins_at = int(trials.departs_at[at])
        if ends_at > FOREVER or begins_at < -FOREVER:
            return None
        needs = self._needs(leg, way)
        if needs is None:
            return None

        def does(begins: int) -> bool:
            return self._does(leg, way, begins, ends_at)

        latest, fails = begins_at, ends_at + 1
        if not does(begins_at + 1):
            fails = begins_at + 1
        while fails - latest > 1:
            middle = (latest + fails) // 2
            latest, fails = (middle, fails) if does(middle) else (latest, middle)
        option = way.dropoff - self._schedule.leg_count
        return Fix(
            FixKind.ANOTHER_COURIER,
            leg,
            way.courier,
            option,
            amount=ends_at - latest,
            until=ends_at,
            needs=needs,
        )

    def _does(self, leg: int, way: _Way, begins: int, ends: int) -> bool:
        """Say whether he could serve the leg anywhere if he were on duty just then."""
        trials, at = way.trials, way.at
        given = self._on_duty(begins, ends)
        allowed = trials.misses[at]
        for dropoff in self._schedule.options[leg]:
            is_other = dropoff != way.dropoff
            here = allowed & ~int(Miss.DROPOFF_LATE) if is_other else allowed
            if self._hub(dropoff) != self._hub(way.dropoff):
                here &= ~int(Miss.HUB)
            places = trials.places.only(np.array([at]))
            one = self._attempts.weighed(leg, dropoff, places, given)
            if (
                not one.misses[0] & ~here
                and one.late_pickup[0] <= trials.late_pickup[at]
                and (is_other or one.late_dropoff[0] <= trials.late_dropoff[at])
                and one.extra[0] <= max(-1, trials.extra[at])
                and (not allowed & int(Miss.LEASH) or one.away[0] <= trials.away[at])
                and self._shut(leg, one, 0) <= self._shut(leg, trials, at)
            ):
                return True
        return False

    def _hub(self, dropoff: int) -> int:
        return int(self._problem.option_hub[dropoff - self._schedule.leg_count])

    def _shut(self, leg: int, trials: Trials, at: int) -> set[int]:
        """Give the gates on a way that are shut to the one whom he is like."""
        if not trials.misses[at] & int(Miss.SHUT):
            return set()
        vehicle, stops = self._attempts.stops_at(leg, trials, at)
        return set(shut_gates(self._attempts, vehicle, stops))

    def _guarded(self, leg: int, way: _Way) -> set[int]:
        """Give the gates on a way that are shut to anybody."""
        problem, schedule = self._problem, self._schedule
        _, stops = self._attempts.stops_at(leg, way.trials, way.at)
        at, gates = schedule.start[way.courier], set()
        for place in (
            *(schedule.place_of(way.courier, stop) for stop in stops),
            schedule.end[way.courier],
        ):
            gate = int(problem.place_gate[place]) if place >= 0 else -1
            if min(at, gate) >= 0 and gate != int(problem.place_gate[at]):
                gates.add(gate)
            at = at if place < 0 else place
        return {gate for gate in gates if int(problem.gate_entry[:, gate].min()) < 0}

    def _on_duty(self, begins: int, ends: int) -> Conditions:
        given = self._attempts.conditions
        everybody = np.zeros_like(given.crew.hours)
        crew = replace(given.crew, on_duty=everybody + begins, hours=everybody + 1000 * ends)
        return replace(given, crew=crew)

    def _needs(self, leg: int, way: _Way) -> tuple[Fix, ...] | None:
        """Say what he needs, and what else is needed; None where it cannot be."""
        problem, trials, at = self._problem, way.trials, way.at
        option = way.dropoff - self._schedule.leg_count
        misses = Miss(int(trials.misses[at]))
        needs = [*self._of_his(leg, way)]
        if Miss.HUB in misses:
            hub = int(problem.option_hub[option])
            free = int(problem.hub_slots_free[hub, problem.leg_size[leg]])
            used = self._used(hub, int(problem.leg_size[leg]))
            short = used + 1 - free
            needs.append(Fix(FixKind.HUB_SLOT, leg, -1, option, hub, short, free + short))
        if Miss.PICKUP_LATE in misses:
            late = int(trials.late_pickup[at])
            until = int(problem.pickup_closes[leg]) + late
            needs.append(Fix(FixKind.PICKUP_LATER, leg, amount=late, until=until))
        if Miss.DROPOFF_LATE in misses:
            late = int(trials.late_dropoff[at])
            until = int(problem.option_closes[option]) + late
            needs.append(Fix(FixKind.OPTION_LATER, leg, option=option, amount=late, until=until))
        if Miss.COST in misses:
            amount = int(trials.extra[at]) + 1
            until = int(problem.unassigned_cost[leg]) + amount
            needs.append(Fix(FixKind.PRICE, leg, amount=amount, until=until))
        latest = {
            FixKind.PRICE: DEAREST,
            FixKind.PICKUP_LATER: FOREVER,
            FixKind.OPTION_LATER: FOREVER,
        }
        fits = all(need.until <= latest.get(need.kind, need.until) for need in needs)
        return tuple(needs) if fits else None

    def _used(self, hub: int, size: int) -> int:
        """Count the free legs that tours drop at a hub."""
        problem, served = self._problem, self._attempts.tours.served
        legs = self._schedule.leg_count
        return sum(
            stop >= 0
            and int(problem.option_hub[stop - legs]) == hub
            and int(problem.leg_size[leg]) == size
            and self._schedule.committed_to[leg] < 0
            for leg, stop in enumerate(served.dropped)
        )

    def _of_his(self, leg: int, way: _Way) -> Iterator[Fix]:
        """Say what he must have that not everybody has."""
        problem, trials, at, who = self._problem, way.trials, way.at, way.courier
        option = way.dropoff - self._schedule.leg_count
        misses = Miss(int(trials.misses[at]))
        for gate in sorted(self._guarded(leg, way)):
            takes = int(self._attempts.clocks.entry[problem.access[who], gate])
            yield Fix(FixKind.PERMIT, leg, who, option, gate, 1, takes)
        bits = int(problem.leg_skills[leg])
        if bits:
            yield Fix(FixKind.SKILL, leg, who, option, -1, bits.bit_count(), bits)
        if Miss.LOAD in misses:
            for dimension, load in enumerate(trials.load[:, at].tolist()):
                short = load - int(problem.capacity[who, dimension])
                if short > 0:
                    yield Fix(FixKind.CAPACITY, leg, who, option, dimension, short, load)
        if Miss.PARCELS in misses:
            yield Fix(FixKind.PARCELS, leg, who, option, -1, 1 - int(problem.most_parcels[who]), 1)
        if Miss.LEASH in misses:
            away = int(trials.away[at])
            short = away - int(problem.leash[who])
            yield Fix(FixKind.LEASH, leg, who, option, -1, short, away)
