"""The problem of one epoch as frozen integer arrays: what every solver and checker speaks.

It stands here, apart from the state of the service, so that a solver can be tested, replayed and
replaced without knowing what a parcel's life looks like. Nothing here may import from
`dispatch.core`, read a file, a clock or a random number. Which values are allowed is decided in
`dispatch.solver.fields` and `dispatch.solver.rules`.
"""

import hashlib
from collections.abc import Iterator
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Any

import numpy as np

from dispatch.solver.arrays import (
    FOREVER,
    NO_LIMIT,
    NOT_LEFT,
    UNREACHABLE,
    BoolArray,
    FrozenStops,
    Int32Array,
    IntArray,
    Lists,
    PostSteps,
    ProblemError,
    UIntArray,
)
from dispatch.solver.fields import complete

__all__ = [
    "FOREVER",
    "NOT_LEFT",
    "NO_LIMIT",
    "UNREACHABLE",
    "FrozenStops",
    "Lists",
    "PostSteps",
    "Problem",
    "ProblemError",
]

_NEUTRAL: Any = None
"""Stands for "not given": the neutral default is filled in at construction."""


@dataclass(frozen=True, eq=False, kw_only=True)
class Problem:
    """Legs to carry and couriers who could carry them.

    Times are ticks (seconds in production) on one axis; in production tick 0 is the moment of
    planning. Costs are minor currency units times 1000. Letters of the shapes: D places, M modes, L
    legs, P drop-off options, C courier classes, W load dimensions, G gates, A access classes, H
    hubs, S size classes, Q posts. Everything is int64 unless it says otherwise. Only `travel`,
    `pickup_place`, `option_leg`, `option_place`, `start_place` and `end_place` must be given; every
    other field has a neutral default that changes nothing.

    Parameters
    ----------
    travel : (M, D, D) int32, ticks
        Door to door, from row to column; `UNREACHABLE` (2**29) where there is no way.
    distance_m : (M, D, D) int32, metres
        Length of the same ways. Neutral: 0.
    arc_cost : (M, D, D), cost, or None
        Replaces the costs of travel and of metres. Neutral: None.
    place_gate : (D,), gate
        The gate a place lies behind; -1: open. Neutral: -1.
    access : (C,), access class
        Row of `gate_entry` that holds for the courier. Neutral: 0.
    gate_entry : (A, G), ticks
        Time to get in, added to `travel` where the gate of the two places differs; -1: forbidden,
        as if there were no way. Getting out is free, and who begins a tour at its first stop (a
        free start) has passed its gate already. Neutral: no gates.
    pickup_place : (L,), place
        -1: no pickup, the load is with courier `on_board`, or loaded at the start of whoever takes
        the leg.
    on_board : (L,), courier
        Who carries it already; -1: nobody. Neutral: -1.
    pickup_opens, pickup_closes : (L,), ticks, inclusive
        Bounds on the start of service at the pickup. Neutral: `-FOREVER`, `FOREVER`.
    pickup_service : (L,), ticks
        Duration of service at the pickup. Neutral: 0.
    must_courier : (L,), courier
        Has accepted: only this courier, in any order, never unassigned; -1: free. Neutral: -1.
    barred : Lists L -> couriers
        Couriers who may not have the leg (declines, areas). Neutral: empty.
    after_leg, after_gap : (L,), leg and ticks
        The leg exists only where `after_leg` is dropped at an option with an `option_hub` whose
        place is the leg's `pickup_place`; its pickup then starts no earlier than that service ends
        plus the gap. A leg that does not exist is left out and costs nothing. -1: free. Neutral: -1
        and 0.
    load : (L, W), grams, millilitres, pieces
        What the leg takes up between pickup and drop-off. Neutral: W = 0.
    leg_size : (L,), size class
        The compartment it needs at a hub. Neutral: 0.
    leg_skills : (L,) uint64, bits
        Bits that the courier needs. Neutral: 0.
    courier_skills : (C,) uint64, bits
        Bits that the courier has. Neutral: 0.
    unassigned_cost : (L,), cost
        Price of leaving the leg out. Neutral: 10**12, dearer than any way.
    lateness_cost : (L,), cost per tick
        Price of each tick after `option_due`. Neutral: 0.
    seen_courier, move_cost : (L,), courier and cost
        Price of giving the leg to another courier than the one who has seen it, or to none; -1:
        nobody has seen it. Neutral: -1 and 0.
    option_leg : (P,), leg
        Whose drop-off this is; ascending, at least one for each leg.
    option_place : (P,), place
        -1: carried to the tour's end: dropped at the courier's end place after all other stops;
        where the end is open, at the last real stop, which takes no way.
    option_opens, option_due, option_closes : (P,), ticks, inclusive
        Bounds on the start of service: early waits, after due is priced, after closes is forbidden.
        Neutral: `-FOREVER`, the same as closes, `FOREVER`.
    option_service : (P,), ticks
        Duration of service. Neutral: 0.
    option_cost : (P,), cost
        Price of choosing this option. Neutral: 0.
    option_hub : (P,), hub
        The hub that it fills; -1: none. Neutral: -1.
    option_effort : (P,), gram-floors
        What is carried up by hand, for `cost_per_effort`. Neutral: 0.
    start_place, end_place : (C,), place
        -1: free start at the first stop, open end after the last.
    on_duty, off_duty : (C,), ticks, inclusive
        A tour starts and ends between them. Neutral: 0, `FOREVER`.
    left : (C,), ticks
        At most 0: away since then, so leash and away cost run from it, the fixed cost is sunk,
        departure cannot wait, and the way home belongs to every plan. Neutral: `NOT_LEFT` (1).
    leash : (C,), ticks
        Longest time away. Neutral: `FOREVER`.
    allowance, cost_over_allowance : (C,), ticks and cost per tick
        Time away beyond the allowance is priced. Neutral: `FOREVER`, 0.
    return_reserve_permille : (C,), 1/1000 of the time away
        The end plus this share of the time away must not pass `off_duty`. Neutral: 0.
    capacity : (C, W), as `load`
        Most that is carried at once. Neutral: `NO_LIMIT`.
    most_parcels : (C,), drop-offs
        Most drop-offs in one tour, committed ones included. Neutral: `NO_LIMIT`.
    count : (C,), couriers
        Interchangeable couriers in this class; each may make one tour. Neutral: 1.
    mode : (C,), mode
        Row of `travel`. Neutral: 0.
    pickups_first : (C,) bool
        All pickups before the first drop-off. Neutral: False.
    fixed_cost : (C,), cost
        Paid once for each tour. Neutral: 0.
    cost_per_travel, cost_per_away : (C,), cost per tick
        Per tick of `travel` (`gate_entry` left out); per tick from departure to end, waits and
        service included. Neutral: 0.
    cost_per_m, cost_per_parcel, cost_per_effort : (C,), cost per metre, per drop-off, per
    gram-floor
        Neutral: 0.
    frozen : FrozenStops C -> (leg, action, option, not before)
        The tour's beginning, in order, nothing before or between; service starts no earlier than
        the stop opens and "not before". Whose row is not empty has a tour in every plan. A frozen
        pickup's drop-off may be frozen later in the row, or is free. Neutral: empty.
    hub_slots_free : (H, S), compartments
        Free at each hub for each size; committed legs take none. Neutral: no hubs.
    post : (C,), post
        The post that the courier leaves unmanned while away; -1: none. Neutral: -1.
    post_steps : PostSteps Q -> (from, most away)
        How many may be away from a post, from each tick on; no limit before the first. Who has
        left (`left` <= 0) has been away forever. Neutral: no posts.

    Notes
    -----
    *Committed* is a leg that is on board, accepted (`must_courier`) or in a frozen row
    (`committed_to`): it is never left out, takes no hub slot, and neither `barred` nor skills are
    looked at. **Commitments are never refused**: whatever limit a tour's committed stops break by
    themselves, in the same order, the tour may break by as much.

    *Timing*: every stop starts as early as it can; then the departure is delayed as long as the
    tour's end stays the same and no stop starts after its bound: the later of its earliest start
    and, for a pickup, its closes, for a drop-off, its due. The bound of a drop-off that a served
    leg comes after is its earliest start. A free start departs when its first service starts; who
    has left departs `on_duty`. A leg's opening by `after_leg` uses those times, so tours may wait
    for each other; one that would wait for itself is no plan.

    Raises
    ------
    ProblemError
        Where a field has the wrong shape, type or values; every bad field is listed.

    """

    travel: Int32Array
    pickup_place: IntArray
    option_leg: IntArray
    option_place: IntArray
    start_place: IntArray
    end_place: IntArray

    distance_m: Int32Array = _NEUTRAL
    arc_cost: IntArray | None = None
    place_gate: IntArray = _NEUTRAL
    access: IntArray = _NEUTRAL
    gate_entry: IntArray = _NEUTRAL

    on_board: IntArray = _NEUTRAL
    pickup_opens: IntArray = _NEUTRAL
    pickup_closes: IntArray = _NEUTRAL
    pickup_service: IntArray = _NEUTRAL
    must_courier: IntArray = _NEUTRAL
    barred: Lists = _NEUTRAL
    after_leg: IntArray = _NEUTRAL
    after_gap: IntArray = _NEUTRAL
    load: IntArray = _NEUTRAL
    leg_size: IntArray = _NEUTRAL
    leg_skills: UIntArray = _NEUTRAL
    courier_skills: UIntArray = _NEUTRAL
    unassigned_cost: IntArray = _NEUTRAL
    lateness_cost: IntArray = _NEUTRAL
    seen_courier: IntArray = _NEUTRAL
    move_cost: IntArray = _NEUTRAL

    option_opens: IntArray = _NEUTRAL
    option_due: IntArray = _NEUTRAL
    option_closes: IntArray = _NEUTRAL
    option_service: IntArray = _NEUTRAL
    option_cost: IntArray = _NEUTRAL
    option_hub: IntArray = _NEUTRAL
    option_effort: IntArray = _NEUTRAL

    on_duty: IntArray = _NEUTRAL
    off_duty: IntArray = _NEUTRAL
    left: IntArray = _NEUTRAL
    leash: IntArray = _NEUTRAL
    allowance: IntArray = _NEUTRAL
    cost_over_allowance: IntArray = _NEUTRAL
    return_reserve_permille: IntArray = _NEUTRAL
    capacity: IntArray = _NEUTRAL
    most_parcels: IntArray = _NEUTRAL
    count: IntArray = _NEUTRAL
    mode: IntArray = _NEUTRAL
    pickups_first: BoolArray = _NEUTRAL
    fixed_cost: IntArray = _NEUTRAL
    cost_per_travel: IntArray = _NEUTRAL
    cost_per_away: IntArray = _NEUTRAL
    cost_per_m: IntArray = _NEUTRAL
    cost_per_parcel: IntArray = _NEUTRAL
    cost_per_effort: IntArray = _NEUTRAL
    frozen: FrozenStops = _NEUTRAL

    hub_slots_free: IntArray = _NEUTRAL
    post: IntArray = _NEUTRAL
    post_steps: PostSteps = _NEUTRAL

    def __post_init__(self) -> None:
        given = {field.name: getattr(self, field.name) for field in fields(self)}
        for name, value in complete(given).items():
            object.__setattr__(self, name, value)

    @property
    def mode_count(self) -> int:
        """M: rows of `travel`."""
        return int(self.travel.shape[0])

    @property
    def place_count(self) -> int:
        """D: places."""
        return int(self.travel.shape[1])

    @property
    def leg_count(self) -> int:
        """L: legs."""
        return len(self.pickup_place)

    @property
    def option_count(self) -> int:
        """P: drop-off options of all legs together."""
        return len(self.option_leg)

    @property
    def courier_count(self) -> int:
        """C: courier classes; `count` says how many people each stands for."""
        return len(self.start_place)

    @property
    def load_dimension_count(self) -> int:
        """W: load dimensions."""
        return int(self.load.shape[1])

    def options_of(self, leg: int) -> range:
        """Give the options of a leg, as a range of indices into the option arrays."""
        first, last = np.searchsorted(self.option_leg, [leg, leg + 1])
        return range(int(first), int(last))

    @cached_property
    def committed_to(self) -> IntArray:
        """(L,): who carries the leg, has accepted it or begins with it (`frozen`); -1: free."""
        result = np.where(self.on_board >= 0, self.on_board, self.must_courier)
        rows = np.repeat(np.arange(self.courier_count), np.diff(self.frozen.indptr))
        result[self.frozen.leg] = rows
        result.setflags(write=False)
        return result

    @cached_property
    def is_gated(self) -> bool:
        """Whether any place lies behind a gate."""
        return bool((self.place_gate >= 0).any())

    @cached_property
    def in_use(self) -> frozenset[str]:
        """Names of the fields beyond plain tours and their limits that are not neutral here."""
        uses = {
            "after_leg": bool((self.after_leg >= 0).any()),
            "move_cost": bool(((self.seen_courier >= 0) & (self.move_cost > 0)).any()),
            "option_place": bool((self.option_place < 0).any()),
            "option_hub": bool((self.option_hub >= 0).any()),
            "pickups_first": bool(self.pickups_first.any()),
            "frozen": len(self.frozen.leg) > 0,
            "post": bool((self.post >= 0).any()),
        }
        return frozenset(name for name, used in uses.items() if used)

    def digest(self) -> str:
        """Give the sha256 of all arrays, in hexadecimal: equal problems have equal digests."""
        return self._digest

    @cached_property
    def _digest(self) -> str:
        sha = hashlib.sha256()
        for name, array in self._arrays():
            sha.update(f"{name} {array.dtype.str} {array.shape}\n".encode())
            sha.update(np.ascontiguousarray(array).tobytes())
        return sha.hexdigest()

    def _arrays(self) -> Iterator[tuple[str, np.ndarray[Any, Any]]]:
        for field in fields(self):
            value = getattr(self, field.name)
            if value is None:
                continue
            if isinstance(value, np.ndarray):
                yield field.name, value
            else:
                for part in fields(value):
                    yield f"{field.name}.{part.name}", getattr(value, part.name)
