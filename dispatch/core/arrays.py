"""The arrays of an epoch's problem, from those who could carry to what could be carried."""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dispatch.core import holding, hubs, manning, stability
from dispatch.core.candidates import Carrier, Load, barred_of
from dispatch.core.choices import Choice
from dispatch.core.gates import GateMap, Gates
from dispatch.core.keeping import SIZES, Closure, reservation_id
from dispatch.core.model import (
    Cents,
    CourierKind,
    Instant,
    Mode,
    Place,
    Purpose,
)
from dispatch.core.policy import CLIMBS, Climb, Policy
from dispatch.core.state import State
from dispatch.solver.problem import FOREVER, NO_LIMIT, UNREACHABLE, Lists, Problem

FLOAT32 = NDArray[np.float32]
MILLE = 1000
"""Costs of a `Problem` are minor units times this."""


class TravelTimes(GateMap, Protocol):
    """What the engine has to know about streets, stairs and gates."""

    def doors(
        self, mode: str, doors: Sequence[Place], climb: Climb, *, at: Instant
    ) -> tuple[FLOAT32, FLOAT32]:
        """Return (n, n) seconds and metres from door to door, inf where there is no way.

        As it is at ``at``. Gates are passed, but not in the times: see `GateMap`.
        """

    def closed(self, closures: Sequence[Closure]) -> "TravelTimes":
        """Return the same map with these streets, areas and gates closed."""


class Places:
    """Places of a problem, each once."""

    def __init__(self) -> None:
        self.all: list[Place] = []
        self._index: dict[Place, int] = {}

    def index(self, place: Place | None) -> int:
        """Return the place's number; -1 for none."""
        if place is None:
            return -1
        found = self._index.setdefault(place, len(self.all))
        if found == len(self.all):
            self.all.append(place)
        return found


def arrays_of(
    state: State,
    carriers: Sequence[Carrier],
    loads: Sequence[Load],
    places: Places,
    times: TravelTimes,
    gates: Gates,
    now: Instant,
) -> Problem:
    """Return the problem; places are numbered as they are met."""
    policy = state.policy
    legs = [load.leg for load in loads]
    parcels = [load.parcel for load in loads]
    options = [choice for load in loads for choice in load.choices]
    couriers = [carrier.courier for carrier in carriers]
    start_place = [places.index(carrier.start) for carrier in carriers]
    end_place = [places.index(carrier.end) for carrier in carriers]
    pickup_place = [places.index(leg.pickup) for leg in legs]
    option_place = [places.index(choice.place) for choice in options]
    ways = sorted({(courier.mode, courier.kind) for courier in couriers})
    modes = {way: index for index, way in enumerate(_distinct(ways))}
    travel, distance_m = _matrices(list(modes), places.all, times, now)
    barred = barred_of(carriers, loads)
    return Problem(
        travel=travel,
        distance_m=distance_m,
        pickup_place=_ints(pickup_place),
        pickup_opens=_ticks([load.pickup_opens_at for load in loads], now),
        pickup_closes=_ticks([load.pickup_closes_at for load in loads], now),
        pickup_service=_ints(
            [policy.scan_s + (policy.shelve_s if leg.pickup.hub else 0) for leg in legs]
        ),
        barred=Lists.of([np.flatnonzero(column).tolist() for column in barred.T]),
        load=_ints([(parcel.grams, parcel.ml) for parcel in parcels]).reshape(-1, 2),
        unassigned_cost=_ints(
            [
                (policy.unassigned_cents if load.after < 0 else policy.onward_cents) * MILLE
                for load in loads
            ]
        ),
        after_leg=_ints([load.after for load in loads]),
        leg_size=_ints([SIZES.index(parcel.size_class) for parcel in parcels]),
        lateness_cost=np.full(len(legs), policy.lateness_cents_per_min * MILLE // 60),
        option_leg=np.repeat(np.arange(len(legs)), [len(load.choices) for load in loads]),
        option_place=_ints(option_place),
        option_opens=_ticks([choice.opens_at for choice in options], now),
        option_due=_ticks([choice.due_at for choice in options], now),
        option_closes=_ticks([choice.closes_at for choice in options], now),
        option_service=_ints([choice.service_s for choice in options]),
        option_cost=_ints([cents * MILLE for cents in _prices(loads, policy)]),
        **stability.fields_of(legs, couriers, policy),
        **_slots(state, options, loads),
        start_place=_ints(start_place),
        end_place=_ints(end_place),
        on_duty=_ticks([carrier.free_at for carrier in carriers], now),
        off_duty=_ticks([carrier.slot.closes_at for carrier in carriers], now),
        leash=_ints([holding.leash_s(courier, policy) for courier in couriers]),
        allowance=_ints([c.allowance_s or policy.allowance_of(c.kind) for c in couriers]),
        cost_over_allowance=np.full(
            len(couriers), policy.over_allowance_cents_per_min * MILLE // 60
        ),
        capacity=_ints([(c.capacity_grams, c.capacity_ml) for c in couriers]).reshape(-1, 2),
        most_parcels=_ints([c.max_parcels or NO_LIMIT for c in couriers]),
        mode=_ints([modes[_way(c.mode, c.kind)] for c in couriers]),
        fixed_cost=np.full(len(couriers), policy.nuisance_cents * MILLE),
        cost_per_away=_ints([c.pay_per_min_cents * MILLE // 60 for c in couriers]),
        cost_per_parcel=_ints([c.pay_fixed_cents * MILLE for c in couriers]),
        **manning.fields_of(state, carriers, now),
        **gates.fields(
            couriers,
            places.all,
            (*(leg.pickup for leg in legs), *(choice.place for choice in options)),
        ),
    )


def _prices(loads: Sequence[Load], policy: Policy) -> list[Cents]:
    """Return (P,) what choosing each option costs; a relay with its way on, if nobody plans it."""
    followed = {load.after for load in loads}
    return [
        choice.cost_cents
        + (policy.onward_cents if choice.purpose is Purpose.RELAY and index not in followed else 0)
        for index, load in enumerate(loads)
        for choice in load.choices
    ]


def _slots(state: State, options: Sequence[Choice], loads: Sequence[Load]) -> dict[str, Any]:
    """Return the fields that say which slots the options take, and how many are free."""
    names = sorted({choice.hub for choice in options} - {""})
    if not names:
        # Sizes are known even where no hub is in question.
        return {"hub_slots_free": np.zeros((0, len(SIZES)), np.int64)}
    number = {name: index for index, name in enumerate(names)}
    free = np.array([hubs.free_slots(state, state.hubs[name]) for name in names], np.int64)
    for load in loads:
        # What is held for a parcel in the problem is free for that parcel, once: one hub may be
        # a choice for two purposes.
        for hub in sorted({choice.hub for choice in load.choices} - {""}):
            if reservation_id(hub, load.parcel.id) in state.reservations:
                free[number[hub], SIZES.index(load.parcel.size_class)] += 1
    return {
        "option_hub": _ints([number.get(choice.hub, -1) for choice in options]),
        "hub_slots_free": np.maximum(free, 0),
    }


def _ints(values: Sequence[int] | Sequence[tuple[int, int]]) -> NDArray[np.int64]:
    """Return an array of integers, where there is nothing to put into it too."""
    return np.array(values, dtype=np.int64)


def _ticks(instants: Sequence[Instant], now: Instant) -> NDArray[np.int64]:
    """Return ticks of the problem; a date decades away is as good as never."""
    ticks: NDArray[np.int64] = np.clip(_ints(instants) - now, -FOREVER, FOREVER)
    return ticks


_Way = tuple[str, Climb]


def _way(mode: Mode, kind: CourierKind) -> _Way:
    return mode.value, CLIMBS[kind]


def _distinct(ways: Iterable[tuple[Mode, CourierKind]]) -> list[_Way]:
    """Return pairs of mode and climb, each once: kinds that climb alike share a matrix."""
    return list(dict.fromkeys(_way(mode, kind) for mode, kind in ways))


def _matrices(
    ways: Sequence[_Way], places: Sequence[Place], times: TravelTimes, now: Instant
) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
    shape = (max(1, len(ways)), len(places), len(places))
    travel = np.empty(shape, np.int32)
    distance_m = np.empty(shape, np.int32)
    for row, (mode, climb) in enumerate(ways):
        for target, values in zip(
            (travel, distance_m), times.doors(mode, places, climb, at=now), strict=True
        ):
            target[row] = np.where(np.isfinite(values), np.rint(values), UNREACHABLE)
    return travel, distance_m
