"""Who could carry what: the couriers who are free, the legs that wait, and who may have which.

Bounds by straight lines and top speeds keep hopeless pairs out of an epoch's problem.
"""

from collections.abc import Iterable, Sequence

import msgspec
import numpy as np
from numpy.typing import NDArray

from dispatch.core import choices, holding, hubs, posts
from dispatch.core.choices import Choice
from dispatch.core.gates import Gates
from dispatch.core.model import (
    EARTH_RADIUS_M,
    Availability,
    Courier,
    Instant,
    Leg,
    Mode,
    Parcel,
    Place,
    Purpose,
)
from dispatch.core.offers import PLANNABLE
from dispatch.core.policy import Policy
from dispatch.core.state import State
from dispatch.solver.problem import FOREVER

TOP_SPEED_M_PER_S = {Mode.FOOT: 2.0, Mode.BICYCLE: 7.0, Mode.EBIKE: 9.0, Mode.CAR: 30.0}
"""Nobody is faster on a straight line: bounds that keep hopeless pairs out of the problem."""


OUTSIDE_M = 100_000.0
"""So much farther is, for the choice of candidates, who can only come to a parcel's gate."""
GATES_AGAIN_S = 900
"""A leg that a gate keeps everybody from is tried again after this: only the map knows hours."""


class Carrier(msgspec.Struct, frozen=True):
    """A courier who is free, with the slot and the place that the tour starts from."""

    courier: Courier
    slot: Availability
    start: Place
    free_at: Instant

    @property
    def end(self) -> Place | None:
        """Where a tour has to end."""
        return self.courier.home if self.courier.returns_home else self.courier.end


class Load(msgspec.Struct, frozen=True):
    """A leg that waits, with its parcel, the bounds on its pickup, and where it may end.

    ``after`` is the number of the load that it would follow on; -1 for one that waits now.
    ``is_shut_out`` says that it waits for a slot at a hub.
    """

    leg: Leg
    parcel: Parcel
    pickup_opens_at: Instant
    pickup_closes_at: Instant
    choices: tuple[Choice, ...]
    after: int = -1
    is_shut_out: bool = False


def carriers_of(state: State, now: Instant) -> list[Carrier]:
    """Return the couriers who may be offered a tour now, by id."""
    found = []
    for courier_id in sorted(state.online):
        slot = holding.idle_slot(state, courier_id, now)
        if slot is not None and holding.is_eligible(state, courier_id, now):
            found.append(
                Carrier(
                    state.couriers[courier_id],
                    slot,
                    state.online[courier_id],
                    max(now, state.free_at.get(courier_id, 0)),
                )
            )
    return found


def loads_of(state: State, now: Instant) -> list[Load]:
    """Return what waits, soonest due first."""
    found = []
    for leg_id in state.waiting_legs:
        leg = state.legs[leg_id]
        parcel = state.parcels[leg.parcel]
        if leg.not_before > now or parcel.state not in PLANNABLE:
            continue
        if leg.pickup.hub in state.paused_hubs:
            continue
        found.append(load_of(state, leg, parcel, now))
    return sorted(found, key=lambda load: (load.parcel.due_at, load.leg.id))


def load_of(state: State, leg: Leg, parcel: Parcel, now: Instant) -> Load:
    """Return a leg with the bounds on its pickup and where it may end, by the hours at ``now``."""
    hours = hubs.kept_hours(state, state.hubs.get(leg.pickup.hub), now)
    its = choices.choices_of(state, leg, parcel, now)
    return Load(
        leg,
        parcel,
        max(leg.not_before, hours.opens_at) if hours else leg.not_before,
        hours.closes_at if hours else now + FOREVER // 2,
        its,
        is_shut_out=choices.waits_for_a_slot(leg, parcel, its),
    )


def with_gates(
    loads: Sequence[Load], carriers: Sequence[Carrier], gates: Gates, policy: Policy
) -> list[Load]:
    """Add to what is bound for a door the gates before it at which the recipient can take it.

    Those of the modes of couriers whom a gate asks for a permit: they give it there in person.
    """
    doors = [_door_of(load) for load in loads]
    behind = gates.behind([choice.place for choice in doors if choice is not None])
    modes = sorted({carrier.courier.mode for carrier in carriers})
    by_compound = {
        compound: sorted(
            {
                (gate.id, gate.lat, gate.lon)
                for mode in modes
                if (gate := gates.gate(compound, mode)) is not None and gate.rule == "PERMIT"
            }
        )
        for compound in sorted({*behind} - {""})
    }
    compounds = iter(behind)
    found = []
    for load, door in zip(loads, doors, strict=True):
        if door is None:
            found.append(load)
            continue
        compound = next(compounds)
        its = by_compound.get(compound, ())
        added = [choices.at_gate(door, lat=lat, lon=lon, policy=policy) for _, lat, lon in its]
        for choice in added:
            gates.meets_at(choice.place, compound)
        found.append(msgspec.structs.replace(load, choices=(*load.choices, *added)))
    return found


def _door_of(load: Load) -> Choice | None:
    """Return the door that a load may go to, unless it stands in the door's own compound already.

    From there somebody who may enter takes it on; a recipient who comes down to the gate is no
    reason to carry it out again.
    """
    pickup = load.leg.pickup
    door = next((its for its in load.choices if its.purpose is Purpose.DOOR), None)
    if door is None or (pickup.hub and pickup.compound and pickup.compound == door.place.compound):
        return None
    return door


def onward(
    state: State, carriers: Sequence[Carrier], loads: Sequence[Load], now: Instant
) -> tuple[list[Load], set[int]]:
    """Return the legs that would follow on relays to hubs whose keeper is free, and the keepers.

    Without a keeper to be planned nothing follows in this problem: the relay's price says so.
    """
    row_of = {carrier.courier.id: row for row, carrier in enumerate(carriers)}
    keepers: dict[str, set[int]] = {}
    for row, carrier in enumerate(carriers):
        keepers.setdefault(carrier.courier.host_of, set()).add(row)
    for hub_id, hub in state.hubs.items():
        for keeper in {hub.host, *posts.keepers(state, hub_id)} & row_of.keys():
            keepers.setdefault(hub_id, set()).add(row_of[keeper])
    found: list[Load] = []
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
            hours = hubs.kept_hours(state, goal, now)
            found.append(
                Load(
                    leg,
                    load.parcel,
                    max(now, hours.opens_at) if hours else now,
                    hours.closes_at if hours else now + FOREVER // 2,
                    (choices.door_of(state, load.parcel, now),),
                    after=index,
                )
            )
    return found, planned


def any_choice(loads: Sequence[Load], by_choice: NDArray[np.bool_]) -> NDArray[np.bool_]:
    """Return (C, L) from (C, P): whether any of a leg's choices will do."""
    first = np.cumsum([0, *(len(load.choices) for load in loads[:-1])])
    any_choice: NDArray[np.bool_] = np.logical_or.reduceat(by_choice, first, axis=1)
    return any_choice


def reach_of(
    carriers: Sequence[Carrier], loads: Sequence[Load], policy: Policy, now: Instant
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


def barred_of(carriers: Sequence[Carrier], loads: Sequence[Load]) -> NDArray[np.bool_]:
    """Return (C, L): whether a courier may not have a leg.

    Because the courier declined it or gave it back, another has it, or its carrier is another one.
    """
    barred = np.zeros((len(carriers), len(loads)), np.bool_)
    index = {carrier.courier.id: row for row, carrier in enumerate(carriers)}
    for row, carrier in enumerate(carriers):
        its = carrier.courier.carriers
        if its:
            barred[row] = [load.parcel.carrier not in its for load in loads]
    for column, load in enumerate(loads):
        for courier in load.leg.declined_by:
            if courier in index:
                barred[index[courier], column] = True
        if load.leg.pinned_to:
            others = [row for name, row in index.items() if name != load.leg.pinned_to]
            barred[others, column] = True
    return barred


def enters_of(
    carriers: Sequence[Carrier], loads: Sequence[Load], gates: Gates
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


def chosen_of(
    carriers: Sequence[Carrier],
    loads: Sequence[Load],
    reach: NDArray[np.bool_],
    inside: NDArray[np.bool_],
    policy: Policy,
) -> list[int]:
    """Return which couriers enter the problem: the nearest around each pickup, rank by rank.

    ``reach`` and ``inside`` (C, L) say who could carry a leg, and who otherwise than to a gate:
    those who cannot come last.
    """
    distance_m = _straight_m(
        _points(carrier.start for carrier in carriers)[:, None],
        _points(load.leg.pickup for load in loads)[None],
    )
    distance_m = np.where(reach, distance_m + np.where(inside, 0.0, OUTSIDE_M), np.inf)
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


def _next_slot_at(state: State, courier: str, now: Instant) -> Instant:
    """Return when the next slot opens that may free somebody for a tour; 0 for none.

    A slot at a post may free the one who is to spare there.
    """
    return next(
        (
            slot.opens_at
            for slot in posts.slots_within(state, courier, now, now + FOREVER)
            if slot.opens_at > now
            and (slot.duty in holding.IDLE_DUTIES or slot.post in state.posts)
        ),
        0,
    )


def replan_at(state: State, now: Instant, *, is_shut_out: bool) -> Instant:
    """Return the next moment at which a leg, a slot, a courier or a gate becomes free by itself."""
    moments = [
        state.legs[leg].not_before
        for leg in state.waiting_legs
        if state.parcels[state.legs[leg].parcel].state in PLANNABLE
    ]
    for courier in state.online:
        moments.append(state.cooldown.get(courier, 0))
        moments.append(_next_slot_at(state, courier, now))
    for hub in state.hubs.values():
        # What no counter gave or took in these hours may be worth a way in the next ones.
        hours = hubs.kept_hours(state, hub, now)
        moments += [hours.opens_at, hours.closes_at + 1] if hours else []
    if is_shut_out:
        moments.append(now + GATES_AGAIN_S)
    return min((moment for moment in moments if moment > now), default=0)
