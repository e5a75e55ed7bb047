"""The smallest change of each kind by which one insertion would serve a leg.

Where a limit has nothing to do with times, what it lacks in the best of all ways is the amount.
Where a tour would be timed anew, the amount is tried, and one unit less of it: were that enough,
half of it is tried, and so on.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import numpy as np

from dispatch.solver.arrays import FOREVER, BoolArray, IntArray
from dispatch.solver.explanations.attempts import Attempts, Conditions
from dispatch.solver.explanations.trials import NOTHING, Miss, Trials
from dispatch.solver.fields import DEAREST
from dispatch.solver.fixes import Fix, FixKind, least
from dispatch.solver.terms import NEVER

ASKED = 2
"""So many couriers are asked whether beginning earlier would do."""

SHUT_ASKED = 200
"""So many ways through shut gates are looked at, the cheapest first."""

_TIMES = Miss.PICKUP_LATE | Miss.DROPOFF_LATE | Miss.OTHERS_LATE | Miss.HOURS
_FOLLOWS = Miss.LEASH | Miss.COST | Miss.POST | Miss.HOURS
"""What can change where a tour is timed anew."""


class Remedies:
    """Looks for fixes for one leg.

    Parameters
    ----------
    attempts : Attempts
        Into the tours as they are.
    leg : int
        Left out, and no way of serving it works.
    trials : Trials
        All ways of serving it that count.

    """

    def __init__(self, attempts: Attempts, leg: int, trials: Trials) -> None:
        self._attempts, self._leg, self._trials = attempts, leg, trials
        self._schedule = attempts.schedule
        self._problem = attempts.schedule.problem
        self._courier = attempts.conditions.crew.courier

    def found(self) -> list[Fix]:
        """Give at most one fix of each kind, in no order."""
        makers: tuple[Callable[[], Fix | None], ...] = (
            self._later_off,
            self._longer_leash,
            self._more_parcels,
            self._more_capacity,
            self._skill,
            self._permit,
            self._unbarred,
            self._slot,
            self._post,
            self._price,
            self._pickup_later,
            self._option_later,
            self._earlier_on,
        )
        fixes = (make() for make in makers)
        return [fix for fix in fixes if fix is not None]

    def serve_with(self, needs: Sequence[Fix]) -> bool:
        """Say whether a way works once the leg's own limits are others.

        Parameters
        ----------
        needs : sequence of Fix
            Of the leg or of hubs, not of couriers.

        """
        trials, given = self._trials, self._attempts.conditions
        excused = np.zeros(len(trials.misses), np.int64)
        price = 0
        hubs = self._problem.option_hub[trials.dropoff - self._schedule.leg_count]
        for need in needs:
            if need.kind is FixKind.PICKUP_LATER:
                given = self._closing_later(need.amount, given)
            elif need.kind is FixKind.OPTION_LATER:
                dropoff = self._schedule.leg_count + need.option
                given = self._dropping_later(dropoff, need.amount, given)
            elif need.kind is FixKind.HUB_SLOT:
                excused |= np.where(hubs == need.index, int(Miss.HUB), 0)
            elif need.kind is FixKind.PRICE:
                price = need.amount
        late = Miss.PICKUP_LATE | Miss.DROPOFF_LATE
        rest = trials.misses & ~(excused | int(late | _FOLLOWS))
        return self._works(np.flatnonzero(rest == 0), given, Miss.HUB, price)

    def _best(self, miss: Miss, amounts: IntArray, but: Miss = NOTHING) -> int:
        """Give the way that lacks least of one thing, then the cheapest; -1: none."""
        ways = self._trials.just(miss, but)
        ways = ways[amounts[ways] > 0]
        if not len(ways):
            return -1
        order = np.lexsort((self._trials.extra[ways], amounts[ways]))
        return int(ways[order[0]])

    def _fix(self, kind: FixKind, way: int, amount: int, until: int = 0, index: int = -1) -> Fix:
        """Make a fix for whoever would do it in one of the ways."""
        courier = int(self._courier[self._trials.places.vehicle[way]])
        option = int(self._trials.dropoff[way]) - self._schedule.leg_count
        return Fix(kind, self._leg, courier, option, index, amount, until)

    def _of_courier(
        self, kind: FixKind, miss: Miss, wanted: IntArray, limits: IntArray, most: int
    ) -> Fix | None:
        """Raise a limit of a courier to what is wanted."""
        limit = limits[self._courier[self._trials.places.vehicle]]
        way = self._best(miss, wanted - limit)
        if way < 0 or int(wanted[way]) > most:
            return None
        return self._fix(kind, way, int(wanted[way] - limit[way]), int(wanted[way]))

    def _later_off(self) -> Fix | None:
        wanted = -(-self._trials.hours // 1000)
        limits = self._problem.off_duty
        return self._of_courier(FixKind.COURIER_LATER_OFF, Miss.HOURS, wanted, limits, FOREVER)

    def _longer_leash(self) -> Fix | None:
        wanted, limits = self._trials.away, self._problem.leash
        return self._of_courier(FixKind.LEASH, Miss.LEASH, wanted, limits, FOREVER)

    def _more_parcels(self) -> Fix | None:
        wanted, limits = self._trials.parcels, self._problem.most_parcels
        return self._of_courier(FixKind.PARCELS, Miss.PARCELS, wanted, limits, NEVER)

    def _more_capacity(self) -> Fix | None:
        courier = self._courier[self._trials.places.vehicle]
        over = np.maximum(self._trials.load - self._problem.capacity[courier].T, 0)
        beyond = (
            self._trials.load
            > self._attempts.conditions.crew.capacity[self._trials.places.vehicle].T
        )
        single = beyond.sum(axis=0) == 1
        amounts = np.where(single, np.where(beyond, over, 0).sum(axis=0), 0)
        way = self._best(Miss.LOAD, amounts)
        if way < 0:
            return None
        dimension = int(np.argmax(beyond[:, way]))
        until = int(self._trials.load[dimension, way])
        return self._fix(FixKind.CAPACITY, way, int(amounts[way]), until, dimension)

    def _skill(self) -> Fix | None:
        way = self._best(Miss.SKILL, self._one())
        if way < 0:
            return None
        courier = int(self._courier[self._trials.places.vehicle[way]])
        bits = int(self._problem.leg_skills[self._leg]) & ~int(
            self._problem.courier_skills[courier]
        )
        return self._fix(FixKind.SKILL, way, bits.bit_count(), bits)

    def _unbarred(self) -> Fix | None:
        way = self._best(Miss.BARRED, self._one())
        return None if way < 0 else self._fix(FixKind.UNBAR, way, 1)

    def _slot(self) -> Fix | None:
        way = self._best(Miss.HUB, self._one())
        if way < 0:
            return None
        option = int(self._trials.dropoff[way]) - self._schedule.leg_count
        hub = int(self._problem.option_hub[option])
        free = int(self._problem.hub_slots_free[hub, self._problem.leg_size[self._leg]])
        return replace(self._fix(FixKind.HUB_SLOT, way, 1, free + 1, hub), courier=-1)

    def _post(self) -> Fix | None:
        way = self._best(Miss.POST, self._trials.needed)
        if way < 0:
            return None
        fix = self._fix(FixKind.POST, way, int(self._trials.needed[way]))
        return replace(fix, index=int(self._problem.post[fix.courier]))

    def _price(self) -> Fix | None:
        way = self._best(Miss.COST, self._trials.extra + 1)
        if way < 0:
            return None
        amount = int(self._trials.extra[way]) + 1
        until = int(self._problem.unassigned_cost[self._leg]) + amount
        return self._fix(FixKind.PRICE, way, amount, until) if until <= DEAREST else None

    def _permit(self) -> Fix | None:
        trials, attempts = self._trials, self._attempts
        ways = trials.just(Miss.SHUT)
        ways = ways[np.argsort(trials.extra[ways], kind="stable")][:SHUT_ASKED]
        gates: dict[int, tuple[int, ...]] = {}
        for way in ways.tolist():
            vehicle, stops = attempts.stops_at(self._leg, trials, way)
            shut = shut_gates(attempts, int(self._courier[vehicle]), stops)
            gates[way] = tuple(sorted(set(shut)))
        if not gates:
            return None
        way = min(gates, key=lambda way: len(gates[way]))
        courier = int(self._courier[trials.places.vehicle[way]])
        entry = attempts.clocks.entry[self._problem.access[courier]]
        fixes = [self._fix(FixKind.PERMIT, way, 1, int(entry[gate]), gate) for gate in gates[way]]
        return replace(fixes[0], needs=tuple(fixes[1:]))

    def _one(self) -> IntArray:
        return np.ones(len(self._trials.misses), np.int64)

    def _pickup_later(self) -> Fix | None:
        late = self._trials.late_pickup
        way = self._best(Miss.PICKUP_LATE, late)
        if way < 0:
            return None
        amount = self._tight(
            int(late[way]), Miss.PICKUP_LATE, late, self._one() > 0, self._closing_later
        )
        until = int(self._problem.pickup_closes[self._leg]) + amount
        fix = self._fix(FixKind.PICKUP_LATER, way, amount, until)
        return replace(fix, courier=-1) if until <= FOREVER else None

    def _closing_later(self, amount: int, given: Conditions | None = None) -> Conditions:
        given = given or self._attempts.conditions
        latest, bound = given.stops.latest.copy(), given.stops.bound.copy()
        latest[self._leg] += amount
        bound[self._leg] = latest[self._leg]
        return replace(given, stops=replace(given.stops, latest=latest, bound=bound))

    def _option_later(self) -> Fix | None:
        late = self._trials.late_dropoff
        way = self._best(Miss.DROPOFF_LATE, late)
        if way < 0:
            return None
        dropoff = int(self._trials.dropoff[way])
        there = self._trials.dropoff == dropoff

        def later(amount: int) -> Conditions:
            return self._dropping_later(dropoff, amount)

        amount = self._tight(int(late[way]), Miss.DROPOFF_LATE, late, there, later)
        until = int(self._attempts.schedule.closes[dropoff]) + amount
        fix = self._fix(FixKind.OPTION_LATER, way, amount, until)
        return replace(fix, courier=-1) if until <= FOREVER else None

    def _dropping_later(
        self, dropoff: int, amount: int, given: Conditions | None = None
    ) -> Conditions:
        given = given or self._attempts.conditions
        latest, bound = given.stops.latest.copy(), given.stops.bound.copy()
        due = given.stops.due.copy()
        if due[dropoff] == latest[dropoff]:
            due[dropoff] += amount
        latest[dropoff] += amount
        if bound[dropoff] > -NEVER:
            bound[dropoff] = min(due[dropoff], latest[dropoff])
        return replace(given, stops=replace(given.stops, latest=latest, bound=bound, due=due))

    def _tight(
        self,
        amount: int,
        miss: Miss,
        lacking: IntArray,
        here: BoolArray,
        later: Callable[[int], Conditions],
    ) -> int:
        """Give the amount, or a smaller one where other ways work with less.

        Parameters
        ----------
        amount : int
            Does.
        miss, lacking : Miss, (K,)
            What is missed, and how much of it.
        here : (K,) bool
            Ways that the change concerns.
        later : callable
            Gives the conditions under an amount.

        """
        known = ~int(miss | _FOLLOWS)
        others = here & ((self._trials.misses & known) == 0) & (lacking < amount)
        ways = np.flatnonzero(others)

        def does(tried: int) -> bool:
            return self._works(ways, later(tried))

        if not len(ways) or not does(amount - 1):
            return amount
        return least(0, amount - 1, does)

    def _works(
        self, ways: IntArray, given: Conditions, excused: Miss = NOTHING, price: int = 0
    ) -> bool:
        """Say whether one of some ways works under other conditions, and worth that much more."""
        trials, dropoffs = self._trials, self._trials.dropoff[ways]
        for dropoff in np.unique(dropoffs).tolist():
            places = trials.places.only(ways[dropoffs == dropoff])
            tried = self._attempts.weighed(self._leg, dropoff, places, given)
            misses = tried.misses & ~int(excused | (Miss.COST if price else NOTHING))
            if ((misses == 0) & (tried.extra < price)).any():
                return True
        return False

    def _earlier_on(self) -> Fix | None:
        """Let somebody begin earlier, those first who would have to least."""
        ways = self._trials.just(_TIMES, Miss.LEASH | Miss.COST | Miss.POST)
        for courier, amount, way in self._beginners(ways):
            fix = self._begun_earlier(courier, amount, way)
            if fix is not None:
                return fix
        return None

    def _beginners(self, ways: IntArray) -> Iterator[tuple[int, int, int]]:
        """Give couriers who could begin earlier, how much at least, and for which way."""
        trials, attempts = self._trials, self._attempts
        widened = attempts.tours.widened
        best: dict[int, tuple[int, int]] = {}
        for dropoff in np.unique(trials.dropoff[ways]).tolist():
            some = ways[trials.dropoff[ways] == dropoff]
            begins = attempts.latest_begin(self._leg, dropoff, trials.places.only(some))
            crew = attempts.conditions.crew
            vehicle = trials.places.vehicle[some]
            amount = crew.on_duty[vehicle] - begins
            able = (amount > 0) & (begins >= attempts.since) & (crew.left[vehicle] > 0)
            for n in np.flatnonzero(able).tolist():
                courier = int(crew.courier[vehicle[n]])
                found = (int(amount[n]), int(some[n]))
                if courier not in widened and found < best.get(courier, (NEVER, 0)):
                    best[courier] = found
        order = sorted((amount, courier, way) for courier, (amount, way) in best.items())
        for amount, courier, way in order[:ASKED]:
            yield courier, amount, way

    def _begun_earlier(self, courier: int, amount: int, way: int) -> Fix | None:
        trials = self._trials
        known = ~int(_TIMES | Miss.LEASH | Miss.COST | Miss.POST)
        mine = self._courier[trials.places.vehicle] == courier
        ways = np.flatnonzero(mine & ((trials.misses & known) == 0))

        def does(tried: int) -> bool:
            given = self._attempts.beginning(courier, tried)
            return given is not None and self._works(ways, given)

        if not does(amount):
            return None
        if does(amount - 1):
            amount = least(0, amount - 1, does)
        until = int(self._problem.on_duty[courier]) - amount
        return self._fix(FixKind.COURIER_EARLIER_ON, way, amount, until)


def shut_gates(attempts: Attempts, courier: int, stops: list[int]) -> Iterator[int]:
    """Give the gates on a tour that are shut to its courier."""
    schedule, problem = attempts.schedule, attempts.schedule.problem
    at = schedule.start[courier]
    for place in (*(schedule.place_of(courier, stop) for stop in stops), schedule.end[courier]):
        if schedule.is_shut(courier, at, place):
            yield int(problem.place_gate[place])
        at = at if place < 0 else place
