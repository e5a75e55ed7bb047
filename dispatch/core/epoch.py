"""From the state to a `Problem`, and from its `Plan` back to itineraries.

The only bridge between the rules and the solver. Only legs that somebody on duty could reach
before they close enter the problem, soonest due first; with nobody on duty nothing is
computed. Tick 0 of the problem is the moment of planning.
"""

from collections.abc import Iterable, Sequence
from typing import Any, Protocol

import msgspec
import numpy as np
from numpy.typing import NDArray

from dispatch.core import choices, holding, hubs
from dispatch.core.choices import Choice
from dispatch.core.gates import GateMap, Gates
from dispatch.core.keeping import SIZES, Closure, reservation_id
from dispatch.core.messages import CommitPlan
from dispatch.core.model import (
    EARTH_RADIUS_M,
    ActionKind,
    Availability,
    Cents,
    Courier,
    CourierKind,
    Instant,
    Itinerary,
    Leg,
    Mode,
    Parcel,
    Place,
    Purpose,
    Stop,
    StopAction,
)
from dispatch.core.offers import PLANNABLE
from dispatch.core.policy import CLIMBS, Climb, Policy
from dispatch.core.state import State
from dispatch.solver.check import timed
from dispatch.solver.plan import Action, Plan, PlannedTour, Reason
from dispatch.solver.problem import FOREVER, NO_LIMIT, UNREACHABLE, Lists, Problem
from dispatch.solver.ways import Ways

FLOAT32 = NDArray[np.float32]
MILLE = 1000
"""Costs of a `Problem` are minor units times this."""

TOP_SPEED_M_PER_S = {Mode.FOOT: 2.0, Mode.BICYCLE: 7.0, Mode.EBIKE: 9.0, Mode.CAR: 30.0}
"""Nobody is faster on a straight line: bounds that keep hopeless pairs out of the problem."""


GATES_AGAIN_S = 900
"""A leg that a gate keeps everybody from is tried again after this: only the map knows hours."""


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


class Epoch(msgspec.Struct, frozen=True, kw_only=True):
    """A problem with the names behind its numbers.

    Attributes
    ----------
    legs, couriers, places
        By index of the problem. Those from ``real_count`` on are not there yet: each would follow
        on a relay, and waits for the receiving scan.
    choices
        By option of the problem.
    left_out
        (leg, why) of those that nobody on duty could serve; not in the problem, which is
        empty where that holds for all.
    replan_at
        When the passing of time alone may change the answer; 0 for never.
    """

    now: Instant
    changes: int
    problem: Problem
    legs: tuple[Leg, ...]
    couriers: tuple[Courier, ...]
    places: tuple[Place, ...]
    left_out: tuple[tuple[str, Reason], ...]
    replan_at: Instant
    choices: tuple[Choice, ...] = ()
    real_count: int = 0


class _Carrier(msgspec.Struct, frozen=True):
    """A courier who is free, with the slot and the place that the tour starts from."""

    courier: Courier
    slot: Availability
    start: Place
    free_at: Instant

    @property
    def end(self) -> Place | None:
        """Where a tour has to end."""
        return self.courier.home if self.courier.returns_home else self.courier.end


class _Load(msgspec.Struct, frozen=True):
    """A leg that waits, with its parcel, the bounds on its pickup, and where it may end.

    ``after`` is the number of the load that it would follow on; -1 for one that waits now.
    """

    leg: Leg
    parcel: Parcel
    pickup_opens_at: Instant
    pickup_closes_at: Instant
    choices: tuple[Choice, ...]
    after: int = -1


def problem_of(state: State, times: TravelTimes, now: Instant) -> Epoch | None:
    """Return the problem of the epoch that closes now; None where there is nothing to decide.

    Parameters
    ----------
    times
        Asked once for each pair of mode and way of climbing among the couriers, for the
        streets and gates as they are now.
    """
    carriers = _carriers(state, now)
    loads = _loads(state, now) if carriers else []
    if not loads:
        return None
    if state.closures:
        times = times.closed([state.closures[key] for key in sorted(state.closures)])
    gates = Gates(times, state.hubs, state.policy, now)
    by_choice = _reach(carriers, loads, state.policy, now), _enters(carriers, loads, gates)
    reach, enters = (_any_choice(loads, its) for its in by_choice)
    may = _any_choice(loads, by_choice[0] & by_choice[1]) & ~_barred(carriers, loads)
    left_out = tuple(
        (load.leg.id, _why(load, near, let_in, now))
        for load, near, let_in, ok in zip(loads, reach.T, enters.T, may.T, strict=True)
        if not ok.any()
    )
    kept = np.flatnonzero(np.any(may, axis=0))[: state.policy.max_legs]
    loads = [loads[i] for i in kept]
    chosen = _chosen(carriers, loads, may[:, kept], state.policy)
    real_count = len(loads)
    onward, keepers = _onward(state, carriers, loads, now)
    loads += onward
    carriers = [carriers[i] for i in sorted({*chosen, *keepers})]
    places = _Places()
    return Epoch(
        now=now,
        changes=state.changes,
        problem=_problem(state, carriers, loads, places, times, gates, now),
        legs=tuple(load.leg for load in loads),
        couriers=tuple(carrier.courier for carrier in carriers),
        places=tuple(places.all),
        left_out=left_out,
        replan_at=_replan_at(
            state, now, is_shut_out=any(why is Reason.PERMIT for _, why in left_out)
        ),
        choices=tuple(choice for load in loads for choice in load.choices),
        real_count=real_count,
    )


def _why(load: "_Load", near: NDArray[np.bool_], let_in: NDArray[np.bool_], now: Instant) -> Reason:
    """Return why nobody can be asked to carry a leg.

    ``near`` and ``let_in`` (C,) say who could come in time, and whom the gates let in. Where
    nobody is near any more the gates still are the reason if they let nobody in at all.
    """
    is_near = bool(near.any())
    if not (let_in & near if is_near else let_in).any():
        return Reason.PERMIT
    if is_near:
        return Reason.OFFERS_EXHAUSTED
    return Reason.HOURS if load.pickup_closes_at < now else Reason.NO_COURIER_IN_RANGE


def commit_of(epoch: Epoch, plan: Plan, *, warm: str = "") -> CommitPlan:
    """Return the command that brings a plan into the state.

    Parameters
    ----------
    warm
        Digest of the problem whose plan the search started from; empty for none.
    """
    timed = any(plan.progress)
    reasons = [
        (epoch.legs[item.leg].id, item.reason)
        for item in plan.unassigned
        if item.leg < epoch.real_count
    ]
    ways = Ways(epoch.problem)
    return CommitPlan(
        changes=epoch.changes,
        itineraries=tuple(_itinerary(epoch, tour, ways) for tour in _offerable(epoch, plan)),
        reasons=tuple(sorted((leg, why.value) for leg, why in (*reasons, *epoch.left_out))),
        replan_at=epoch.replan_at,
        engine=plan.engine,
        seed=plan.seed,
        digest=epoch.problem.digest(),
        cost=plan.cost,
        stopped_by=plan.stopped_by.value,
        notes=plan.notes,
        warm=warm,
        iterations=plan.iterations,
        threads=plan.threads,
        solution_limit=plan.solution_limit,
        progress=plan.progress if timed else (),
        chunks=plan.chunks if timed else (),
    )


# --- who and what ----------------------------------------------------------------------


def _carriers(state: State, now: Instant) -> list[_Carrier]:
    found = []
    for courier_id in sorted(state.online):
        slot = holding.idle_slot(state, courier_id, now)
        if slot is not None and holding.is_eligible(state, courier_id, now):
            found.append(
                _Carrier(
                    state.couriers[courier_id],
                    slot,
                    state.online[courier_id],
                    max(now, state.free_at.get(courier_id, 0)),
                )
            )
    return found


def _loads(state: State, now: Instant) -> list[_Load]:
    """Return what waits, soonest due first."""
    found = []
    for leg_id in state.waiting_legs:
        leg = state.legs[leg_id]
        parcel = state.parcels[leg.parcel]
        if leg.not_before > now or parcel.state not in PLANNABLE:
            continue
        if leg.pickup.hub in state.paused_hubs:
            continue
        hours = hubs.hours_from(state.hubs.get(leg.pickup.hub), now)
        load = _Load(
            leg,
            parcel,
            max(leg.not_before, hours.opens_at) if hours else leg.not_before,
            hours.closes_at if hours else now + FOREVER // 2,
            choices.choices_of(state, leg, parcel, now),
        )
        found.append(load)
    return sorted(found, key=lambda load: (load.parcel.due_at, load.leg.id))


def _onward(
    state: State, carriers: Sequence[_Carrier], loads: Sequence[_Load], now: Instant
) -> tuple[list[_Load], set[int]]:
    """Return the legs that would follow on relays to hubs whose keeper is free, and the keepers.

    Without a keeper to be planned nothing follows in this problem: the relay's price says so.
    """
    row_of = {carrier.courier.id: row for row, carrier in enumerate(carriers)}
    keepers: dict[str, set[int]] = {}
    for row, carrier in enumerate(carriers):
        keepers.setdefault(carrier.courier.host_of, set()).add(row)
    for hub_id, hub in state.hubs.items():
        if hub.host in row_of:
            keepers.setdefault(hub_id, set()).add(row_of[hub.host])
    found: list[_Load] = []
    planned: set[int] = set()
    for index, load in enumerate(loads):
        for choice in load.choices:
            goal = state.hubs.get(choice.hub)
            if goal is None or choice.purpose is not Purpose.RELAY:
                continue
            if goal.id not in keepers:
                continue
            planned |= keepers[goal.id]
            leg = choices.onward_leg(load.leg, load.parcel, goal, now)
            hours = hubs.hours_from(goal, now)
            found.append(
                _Load(
                    leg,
                    load.parcel,
                    max(now, hours.opens_at) if hours else now,
                    hours.closes_at if hours else now + FOREVER // 2,
                    (choices.door_of(state, load.parcel, now),),
                    after=index,
                )
            )
    return found, planned


def _any_choice(loads: Sequence[_Load], by_choice: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (C, L) from (C, P): whether any of a leg's choices will do."""
    first = np.cumsum([0, *(len(load.choices) for load in loads[:-1])])
    any_choice: NDArray[np.bool_] = np.logical_or.reduceat(by_choice, first, axis=1)
    return any_choice


def _reach(
    carriers: Sequence[_Carrier], loads: Sequence[_Load], policy: Policy, now: Instant
) -> NDArray[np.bool_]:
    """Return (C, P): whether the courier could serve a choice at top speed, straight through."""
    pairs = [(load, choice) for load in loads for choice in load.choices]
    starts = _points(carrier.start for carrier in carriers)
    pickups = _points(load.leg.pickup for load, _ in pairs)
    drops = _points(choice.place for _, choice in pairs)
    pace = np.array([1 / TOP_SPEED_M_PER_S[c.courier.mode] for c in carriers])[:, None]
    to_pickup_s = _straight_m(starts[:, None], pickups[None]) * pace
    onward_s = _straight_m(pickups, drops)[None] * pace
    free_at = np.array([carrier.free_at for carrier in carriers])[:, None]
    opens_at = np.array([load.pickup_opens_at for load, _ in pairs])[None]
    picked_at = np.maximum(free_at + to_pickup_s, opens_at)
    dropped_at = picked_at + onward_s
    homes = _points(carrier.end or carrier.start for carrier in carriers)
    has_end = np.array([carrier.end is not None for carrier in carriers])[:, None]
    back_s = np.where(has_end, _straight_m(drops[None], homes[:, None]) * pace, 0.0)
    leash_s = np.array([holding.leash_s(carrier.courier, policy) for carrier in carriers])[:, None]
    closes_at = np.array([carrier.slot.closes_at for carrier in carriers])[:, None]
    reach: NDArray[np.bool_] = (
        (picked_at <= np.array([load.pickup_closes_at for load, _ in pairs])[None])
        & (dropped_at <= np.array([choice.closes_at for _, choice in pairs])[None])
        & (dropped_at + back_s <= closes_at)
        & (to_pickup_s + onward_s + back_s <= leash_s)
        & (picked_at - now < FOREVER // 2)
    )
    return reach


def _barred(carriers: Sequence[_Carrier], loads: Sequence[_Load]) -> NDArray[np.bool_]:
    """Return (C, L): whether the courier declined the leg, gave it back, or another has it."""
    barred = np.zeros((len(carriers), len(loads)), np.bool_)
    index = {carrier.courier.id: row for row, carrier in enumerate(carriers)}
    for column, load in enumerate(loads):
        for courier in load.leg.declined_by:
            if courier in index:
                barred[index[courier], column] = True
        if load.leg.pinned_to:
            others = [row for name, row in index.items() if name != load.leg.pinned_to]
            barred[others, column] = True
    return barred


def _enters(
    carriers: Sequence[_Carrier], loads: Sequence[_Load], gates: Gates
) -> NDArray[np.bool_]:
    """Return (C, P): whether gates let the courier get to where the leg begins and ends.

    Who may not enter would only take the place of somebody farther away who may.
    """
    return gates.may_carry(
        [carrier.courier for carrier in carriers],
        [carrier.start for carrier in carriers],
        [load.leg.pickup for load in loads for _ in load.choices],
        [choice.place for load in loads for choice in load.choices],
    )


def _chosen(
    carriers: Sequence[_Carrier],
    loads: Sequence[_Load],
    reach: NDArray[np.bool_],
    policy: Policy,
) -> list[int]:
    """Return which couriers enter the problem: the nearest around each pickup, rank by rank."""
    distance_m = _straight_m(
        _points(carrier.start for carrier in carriers)[:, None],
        _points(load.leg.pickup for load in loads)[None],
    )
    distance_m = np.where(reach, distance_m, np.inf)
    order = np.argsort(distance_m, axis=0, kind="stable")
    chosen: set[int] = set()
    for rank in range(min(policy.nearest_couriers, len(carriers))):
        for column in range(len(loads)):
            row = int(order[rank, column])
            if np.isfinite(distance_m[row, column]) and len(chosen) < policy.max_couriers:
                chosen.add(row)
    return sorted(chosen)


def _points(places: Iterable[Place]) -> NDArray[np.float64]:
    """Return (n, 2) radians."""
    return np.radians([(place.lat, place.lon) for place in places]).reshape(-1, 2)


def _straight_m(a: NDArray[np.float64], b: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return metres between broadcast points; flat earth, good to a permille in one city."""
    lat = (a[..., 0] + b[..., 0]) / 2
    east = (b[..., 1] - a[..., 1]) * np.cos(lat)
    distance: NDArray[np.float64] = EARTH_RADIUS_M * np.hypot(b[..., 0] - a[..., 0], east)
    return distance


def _replan_at(state: State, now: Instant, *, is_shut_out: bool) -> Instant:
    """Return the next moment at which a leg, a slot, a courier or a gate becomes free by itself."""
    moments = [
        state.legs[leg].not_before
        for leg in state.waiting_legs
        if state.parcels[state.legs[leg].parcel].state in PLANNABLE
    ]
    for courier in state.online:
        moments.append(state.cooldown.get(courier, 0))
        moments += [
            slot.opens_at
            for slot in state.availability.get(courier, ())
            if slot.duty in holding.IDLE_DUTIES
        ]
    if is_shut_out:
        moments.append(now + GATES_AGAIN_S)
    return min((moment for moment in moments if moment > now), default=0)


# --- arrays ----------------------------------------------------------------------------


class _Places:
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


def _problem(
    state: State,
    carriers: Sequence[_Carrier],
    loads: Sequence[_Load],
    places: _Places,
    times: TravelTimes,
    gates: Gates,
    now: Instant,
) -> Problem:
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
    barred = _barred(carriers, loads)
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
        **gates.fields(
            couriers,
            places.all,
            (*(leg.pickup for leg in legs), *(choice.place for choice in options)),
        ),
    )


def _prices(loads: Sequence[_Load], policy: Policy) -> list[Cents]:
    """Return (P,) what choosing each option costs; a relay with its way on, if nobody plans it."""
    followed = {load.after for load in loads}
    return [
        choice.cost_cents
        + (policy.onward_cents if choice.purpose is Purpose.RELAY and index not in followed else 0)
        for index, load in enumerate(loads)
        for choice in load.choices
    ]


def _slots(state: State, options: Sequence[Choice], loads: Sequence[_Load]) -> dict[str, Any]:
    """Return the fields that say which slots the options take, and how many are free."""
    names = sorted({choice.hub for choice in options} - {""})
    if not names:
        # Sizes are known even where no hub is in question.
        return {"hub_slots_free": np.zeros((0, len(SIZES)), np.int64)}
    number = {name: index for index, name in enumerate(names)}
    free = np.array([hubs.free_slots(state, state.hubs[name]) for name in names], np.int64)
    for load in loads:
        # What is held for a parcel in the problem is free for that parcel.
        for choice in load.choices:
            if choice.hub and reservation_id(choice.hub, load.parcel.id) in state.reservations:
                free[number[choice.hub], SIZES.index(load.parcel.size_class)] += 1
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


# --- and back --------------------------------------------------------------------------


def _offerable(epoch: Epoch, plan: Plan) -> list[PlannedTour]:
    """Return the tours without what waits for a receiving scan, timed anew where that was in."""
    tours: list[PlannedTour] = []
    for tour in plan.tours:
        stops = [stop for stop in tour.stops if stop.leg < epoch.real_count]
        if len(stops) == len(tour.stops):
            tours.append(tour)
        elif stops:
            visits = [(stop.leg, stop.action, stop.option) for stop in stops]
            tours.extend(timed(epoch.problem, [(tour.courier, visits)]))
    return tours


def _itinerary(epoch: Epoch, tour: PlannedTour, ways: Ways) -> Itinerary:
    """Name the stops of a tour; its times are the courier's, gates included."""
    problem, now = epoch.problem, epoch.now
    mode, access = int(problem.mode[tour.courier]), int(problem.access[tour.courier])
    start = int(problem.start_place[tour.courier])
    end = int(problem.end_place[tour.courier])
    stops: list[Stop] = []
    here = start
    for planned in tour.stops:
        pickup = planned.action is Action.PICKUP
        place = int(
            problem.pickup_place[planned.leg] if pickup else problem.option_place[planned.option]
        )
        action = StopAction(
            leg=epoch.legs[planned.leg].id,
            kind=ActionKind.PICKUP if pickup else ActionKind.DROPOFF,
            purpose=Purpose.DOOR if pickup else epoch.choices[planned.option].purpose,
        )
        if stops and place == here:
            before = stops.pop()
            stops.append(
                msgspec.structs.replace(
                    before, actions=(*before.actions, action), leaves_at=now + planned.leaves_at
                )
            )
            continue
        stops.append(
            Stop(
                place=epoch.places[place],
                actions=(action,),
                arrives_at=now + planned.arrives_at,
                leaves_at=now + planned.leaves_at,
                travel_s=int(ways.times(mode, access, here, place)),
                distance_m=int(problem.distance_m[mode, here, place]),
            )
        )
        here = place
    has_end = end >= 0
    direct_s = int(ways.times(mode, access, start, end)) if has_end else 0
    return Itinerary(
        courier=epoch.couriers[tour.courier].id,
        legs=tuple(epoch.legs[stop.leg].id for stop in tour.stops if stop.action is Action.PICKUP),
        stops=tuple(stops),
        start=epoch.places[start],
        end=epoch.places[end] if has_end else None,
        departs_at=now + tour.departs_at,
        ends_at=now + tour.ends_at,
        return_s=int(ways.times(mode, access, here, end)) if has_end else 0,
        return_m=int(problem.distance_m[mode, here, end]) if has_end else 0,
        detour_s=max(0, tour.ends_at - tour.departs_at - direct_s),
    )
