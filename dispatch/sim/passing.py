"""What the way to a door really takes: the street's pace, the guard at the gate, the lift.

A plan reckons with one figure each. Here a stranger may wait long at a gate or be turned away, a
known carrier passes sooner, and a lift keeps somebody waiting at peaks. Where a scenario gives no
values for gates and lifts, they take what was planned.
"""

from dispatch.core.compounds import entrance_key
from dispatch.core.gates import SHUT, CompanyWord, GateMap, Gates, is_known
from dispatch.core.model import (
    Courier,
    Instant,
    Place,
    Seconds,
    Stop,
    StopAction,
    Tour,
)
from dispatch.core.policy import CLIMBS, Policy
from dispatch.core.zone import State
from dispatch.sim.behaviour import QUARTER_S, Behaviour, People
from dispatch.sim.draws import Draws

MINUTE_S, DAY_S = 60, 86_400


class Passing:
    """Gates and lifts of a day.

    Parameters
    ----------
    midnight
        From which minutes of the day are counted.
    """

    def __init__(
        self,
        places: GateMap,
        people: People,
        draws: Draws,
        behaviour: Behaviour,
        policy: Policy,
        midnight: Instant,
    ) -> None:
        self._map = places
        self._people = people
        self._draws = draws
        self._values = behaviour
        self._policy = policy
        self._midnight = midnight
        self._behind: dict[Place, str] = {}
        self._refused: dict[tuple[str, str], Place] = {}
        values = behaviour
        self._gates_vary = bool(
            values.gate_slow_share or values.gate_refused_share or values.gate_known_s[1]
        )

    def way_s(self, state: State, tour: Tour, index: int, now: Instant) -> Seconds:
        """Return how long the way to a stop of a tour takes when it begins now."""
        stop = tour.stops[index]
        courier = state.couriers[tour.courier]
        before = _before(tour, index)
        planned_s = gate_s = 0
        if self._gates_vary:
            planned_s, gate_s = self._gate_s(state, tour, before, stop.place, now)
        walked_s = self._people.way_s(stop.travel_s - planned_s, stop.place, now)
        waited_s = self._lifts_s(courier, before, stop.place, now)
        return max(0, walked_s + gate_s + waited_s)

    def turned_away(self, tour: str, place: Place) -> Place | None:
        """Return the gate at which a courier was not let in on the way to a door; None for none."""
        if not self._refused or not place.is_door:
            return None
        return self._refused.get((tour, self._compound(place)))

    def step_s(self, state: State, tour: Tour, stop: Stop, action: StopAction, now: Instant) -> int:
        """Return how long it takes to get to a door from the one before at the same entrance."""
        if not action.travel_s:
            return 0
        place = action.place or stop.place
        number = stop.actions.index(action)
        before = stop.place_of(stop.actions[number - 1].leg) if number else stop.place
        walked_s = self._people.way_s(action.travel_s, place, now)
        courier = state.couriers[tour.courier]
        return max(0, walked_s + self._lifts_s(courier, before, place, now))

    # --- gates -------------------------------------------------------------------------

    def _gate_s(
        self, state: State, tour: Tour, before: Place, to: Place, now: Instant
    ) -> tuple[Seconds, Seconds]:
        """Return what a plan reckons for the gate on a way, and what it takes."""
        compound = self._compound(to)
        if not compound or (tour.id, compound) in self._refused or self._is_in(before, compound):
            return 0, 0
        courier = state.couriers[tour.courier]
        gates = Gates(self._map, state.hubs, self._policy, now, CompanyWord.of(state))
        entry_s = int(gates.entries([courier], [compound])[0, 0])
        if entry_s == 0:
            return 0, 0
        values, known = self._values, is_known(courier)
        key = (courier.id, compound, now // QUARTER_S)
        chance = self._draws.uniform("gate", *key)
        if entry_s == SHUT or (not known and chance < values.gate_refused_share):
            gate = gates.gate(compound, courier.mode.value)
            outside = before if gate is None else Place(lat=gate.lat, lon=gate.lon, is_door=False)
            self._refused[tour.id, compound] = outside
            # What the plan had for the gate goes into asking.
            return 0, 0
        if known:
            low, high = values.gate_known_s
            return entry_s, low + round((high - low) * chance) if high else entry_s
        if chance < values.gate_refused_share + values.gate_slow_share:
            low, high = values.gate_slow_s
            share = self._draws.uniform("slow gate", *key)
            return entry_s, low + round((high - low) * share)
        return entry_s, entry_s

    def _is_in(self, place: Place, compound: str) -> bool:
        return self._compound(place) == compound

    def _compound(self, place: Place) -> str:
        """Return the compound that a place lies behind the gates of."""
        found = self._behind.get(place)
        if found is None:
            found = self._behind[place] = self._map.gates([place])[0]
        return found

    # --- lifts -------------------------------------------------------------------------

    def _lifts_s(self, courier: Courier, before: Place, place: Place, now: Instant) -> Seconds:
        """Return how much longer or shorter one waits for lifts on a way than planned."""
        if not self._values.lift_median_s:
            return 0
        planned_s = CLIMBS[courier.kind].lift_wait_s
        return round(
            sum(self._lift_s(its, now) - planned_s for its in _rides(courier, before, place))
        )

    def _lift_s(self, place: Place, now: Instant) -> float:
        values = self._values
        minute = (now - self._midnight) % DAY_S // MINUTE_S
        is_peak = any(begin <= minute < end for begin, end in values.lift_peaks)
        median_s = values.lift_peak_s if is_peak else values.lift_median_s
        where = entrance_key(place) or f"{place.lat},{place.lon}"
        return self._draws.lognormal(median_s, values.lift_sigma, "lift", where, now // MINUTE_S)


def _before(tour: Tour, index: int) -> Place:
    """Return the door or counter that a courier comes from."""
    for stop in reversed(tour.stops[:index]):
        if stop.arrived_at:
            return stop.place_of(stop.actions[-1].leg) if stop.actions else stop.place
    return tour.itinerary.start


def _rides(courier: Courier, before: Place, place: Place) -> list[Place]:
    """Return the doors for whose floors one rides on a way: down from one, up to the other."""
    if entrance_key(place) and entrance_key(before) == entrance_key(place):
        up = (place.floor or 0) - (before.floor or 0)
        has_lift = bool(place.has_lift or before.has_lift)
        return [place] if _rides_lift(courier, up, has_lift=has_lift) else []
    found = []
    for its, sign in ((before, -1), (place, 1)):
        up = sign * (its.floor or 0)
        if its.is_door and _rides_lift(courier, up, has_lift=bool(its.has_lift)):
            found.append(its)
    return found


def _rides_lift(courier: Courier, up: int, *, has_lift: bool) -> bool:
    """Whether a lift is the faster way, as planned."""
    climb = CLIMBS[courier.kind]
    stairs_s = up * climb.up_s_per_floor if up > 0 else -up * climb.down_s_per_floor
    lift_s = climb.lift_wait_s + abs(up) * climb.lift_s_per_floor
    return has_lift and lift_s < stairs_s
