"""A `Problem` as the kernel's tables, and the search's own memory beside them."""

from collections.abc import Sequence
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import FOREVER
from dispatch.solver.kernel import columns as at
from dispatch.solver.problem import Problem
from dispatch.solver.terms import Limits

Table = NDArray[np.int64]
Floats = NDArray[np.float64]
Random = NDArray[np.uint64]


POOL_COLUMNS = 7
"""Columns of `Work.pool_of`; `dispatch.solver.kernel.pool` names them."""


class Data(NamedTuple):
    """What a search never changes.

    Shapes: K vehicles (people), L legs, S stops (pickups, then drop-off options), C courier
    classes; M, D, W, A, G as in `Problem`. int64 where nothing is said.
    """

    travel: NDArray[np.int32]  # (M, D, D)
    back: NDArray[np.int32]  # (M, D, D), transposed
    metres: NDArray[np.int32]  # (M, D, D), or one cell
    arcs: Table  # (M, D, D), or one cell
    gates: Table  # (D,)
    entry: Table  # (A, G)
    switches: Table
    legs: Table  # (L, LEG_COLUMNS)
    load: Table  # (L, W)
    vehicles: Table  # (K, VEHICLE_COLUMNS)
    capacity: Table  # (K, W)
    allowed: NDArray[np.uint8]  # (L, C)
    near: NDArray[np.int32]  # (L, NEAR): legs close by, the closest first
    classes: NDArray[
        np.int32
    ]  # (L, CLASSES): who could serve it alone, cheapest first; -1: no more
    bounds: Table  # (L, CLASSES): what that costs at least
    first_of: Table  # (C + 1,): first vehicle of each class
    slots: Table  # (H * S,): free compartments
    posts: Table  # (K, 2)
    steps: Table  # (steps, 3)


class Work(NamedTuple):
    """What a search writes to. N is the most stops that a tour has room for."""

    stops: Table  # (S, STOP_COLUMNS)
    tours: Table  # (K, N + 2, TOUR_COLUMNS)
    loads: Table  # (K, N + 2, 2 W): on board behind each row, and the most so far
    heads: Table  # (K, HEAD_COLUMNS)
    where: Table  # (L,): vehicle, -1: left out
    choice: Table  # (L,): the drop-off chosen
    row: Table  # (S,): where a stop stands in its tour
    priced: Table  # (L,): what leaving it out costs in the solution kept; 0 where it is served
    absent: Table  # (2, L): legs left out, and each leg's place in that list (-1: not in it)
    absences: Table  # (L,): how often a fleet reduction saw it left out
    opened: Table  # (L,): a linked pickup's opening before this iteration
    kept: Table  # (K, N + 2): stops of touched tours before this iteration
    kept_of: Table  # (K, 2): their lengths and vehicles
    best: Table  # (K, N + 2): stops of the best solution
    best_length: Table  # (K,)
    dirty: Table  # (K,)
    tried: Table  # (C,): stamp of classes whose empty tour was looked at
    listed: Table  # (2, L): legs taken out or tried in this iteration, and their stamps
    string: Table  # (max(N, K) + 2,): scratch
    keys: NDArray[np.float64]  # (L,): scratch for sorting
    detours: Table  # (N + 4,): scratch
    used: Table  # (H * S,): compartments taken
    counters: Table
    random: NDArray[np.uint64]  # (1,)
    marks: Table  # (S,): random numbers, for hashing routes
    pool_of: Table  # (R, POOL_COLUMNS): routes met, see `pool`
    pool: NDArray[np.int32]  # (R, N): their stops


def data_of(problem: Problem, limits: Limits, closed: Sequence[int], pinned: Sequence[int]) -> Data:
    """Write a problem down as tables.

    Parameters
    ----------
    problem : Problem
        What to search.
    limits : Limits
        As `dispatch.solver.tours` widens them for commitments that break them.
    closed : sequence of courier
        Whose tours stay as they are.
    pinned : sequence of leg
        Commitments that keep their order.

    """
    people = np.minimum(problem.count, max(1, problem.leg_count))
    couriers = np.repeat(np.arange(problem.courier_count), people)
    first_of = np.concatenate([[0], np.cumsum(people)]).astype(np.int64)
    vehicles = _vehicles(problem, couriers, limits, closed)
    travel = problem.travel
    metres = problem.distance_m if problem.cost_per_m.any() else np.zeros((1, 1, 1), np.int32)
    arcs = problem.arc_cost if problem.arc_cost is not None else np.zeros((1, 1, 1), np.int64)
    legs = _legs(problem, first_of, pinned)
    data = Data(
        travel=own(travel, np.int32),
        back=_transposed(travel),
        metres=own(metres, np.int32),
        arcs=own(arcs, np.int64),
        gates=own(problem.place_gate, np.int64),
        entry=own(problem.gate_entry, np.int64),
        switches=np.array(
            [
                problem.is_gated,
                problem.cost_per_m.any() and problem.arc_cost is None,
                problem.arc_cost is not None,
                (problem.option_hub >= 0).any(),
                (problem.after_leg >= 0).any(),
            ],
            np.int64,
        ),
        legs=legs,
        load=own(problem.load, np.int64),
        vehicles=vehicles,
        capacity=own(_capacity(problem, couriers, limits), np.int64),
        allowed=_allowed(problem, closed),
        near=np.zeros((problem.leg_count, 0), np.int32),
        classes=np.zeros((problem.leg_count, 0), np.int32),
        bounds=np.zeros((problem.leg_count, 0), np.int64),
        first_of=first_of,
        slots=own(problem.hub_slots_free.reshape(-1), np.int64),
        posts=np.zeros((len(couriers), 2), np.int64),
        steps=_steps(problem),
    )
    return Data(*(own(table, table.dtype) for table in data))


def own(array: Any, dtype: Any) -> Any:
    """Give a read-only array with ordinary strides: one type is compiled, no memory copied."""
    result = np.ascontiguousarray(array, dtype=dtype).view()
    result.setflags(write=False)
    return result


def _transposed(travel: NDArray[np.int32]) -> NDArray[np.int32]:
    swapped = travel.transpose(0, 2, 1)
    if np.array_equal(travel, swapped):
        return own(travel, np.int32)
    return own(swapped, np.int32)


def _vehicles(problem: Problem, couriers: Table, limits: Limits, closed: Sequence[int]) -> Table:
    table = np.zeros((len(couriers), at.VEHICLE_COLUMNS), np.int64)
    hours = np.array(limits.hours, np.int64)
    leash = np.array(limits.leash, np.int64)
    locked = np.diff(problem.frozen.indptr)
    columns: dict[int, Any] = {
        at.MODE: problem.mode,
        at.ACCESS: problem.access,
        at.START: problem.start_place,
        at.END: problem.end_place,
        at.ON_DUTY: problem.on_duty,
        at.HOURS: hours,
        at.LEASH: leash,
        at.ALLOWANCE: problem.allowance,
        at.OVER: problem.cost_over_allowance,
        at.RESERVE: problem.return_reserve_permille,
        at.MOST: np.array(limits.parcels, np.int64),
        at.FIXED: problem.fixed_cost,
        at.PER_TRAVEL: problem.cost_per_travel,
        at.PER_AWAY: problem.cost_per_away,
        at.PER_M: problem.cost_per_m,
        at.PER_PARCEL: problem.cost_per_parcel,
        at.PER_EFFORT: problem.cost_per_effort,
        at.LEFT: problem.left,
        at.PICKUPS_FIRST: problem.pickups_first,
        at.POST: problem.post,
        at.LOCKED: locked,
        at.CLOSED: np.isin(np.arange(problem.courier_count), list(closed)),
        at.TIMED: (
            (problem.cost_per_away > 0)
            | (problem.cost_over_allowance > 0)
            | (leash < FOREVER)
            | (problem.return_reserve_permille > 0)
        ),
        at.END_BY: hours // 1000,
    }
    table[:, at.CLASS] = couriers
    for column, values in columns.items():
        table[:, column] = values[couriers]
    return table


def _legs(problem: Problem, first_of: Table, pinned: Sequence[int]) -> Table:
    legs = problem.leg_count
    table = np.full((legs, at.LEG_COLUMNS), -1, np.int64)
    bounds = np.searchsorted(problem.option_leg, np.arange(legs + 1))
    seen = problem.seen_courier
    committed = problem.committed_to
    table[:, at.KIND] = np.where(problem.pickup_place >= 0, at.PAIR, at.LOADED)
    table[:, at.FIRST] = legs + bounds[:-1]
    table[:, at.LAST] = legs + bounds[1:] - 1
    table[:, at.UNASSIGNED] = problem.unassigned_cost + np.where(seen >= 0, problem.move_cost, 0)
    table[:, at.SEEN] = seen
    table[:, at.MOVE] = problem.move_cost
    table[:, at.AFTER] = problem.after_leg
    table[:, at.GAP] = problem.after_gap
    table[:, at.HOME] = np.where(committed >= 0, first_of[committed], -1)
    table[:, at.PINNED] = 0
    table[list(pinned), at.PINNED] = 1
    table[:, at.FROM] = problem.pickup_opens
    followers = np.flatnonzero(problem.after_leg >= 0)
    table[problem.after_leg[followers], at.NEXT] = followers
    frozen = problem.frozen
    picked = frozen.leg[frozen.action == 0]
    table[picked, at.KIND] = at.DROP_ONLY
    # Frozen to the end: nothing of the leg can be moved.
    table[frozen.leg[frozen.action == 1], at.PINNED] = 1
    return table


def stops_of(problem: Problem, limits: Limits) -> Table:
    """Write the stops down: pickups, then drop-off options."""
    legs = problem.leg_count
    stops = legs + problem.option_count
    table = np.zeros((stops, at.STOP_COLUMNS), np.int64)

    def put(column: int, of_pickups: Any, of_options: Any) -> None:
        table[:legs, column] = of_pickups
        table[legs:, column] = of_options

    put(at.PLACE, problem.pickup_place, problem.option_place)
    put(at.OPENS, problem.pickup_opens, problem.option_opens)
    put(at.BOUND, problem.pickup_closes, np.minimum(problem.option_due, problem.option_closes))
    put(at.DUE, at.NEVER, problem.option_due)
    put(at.SERVICE, problem.pickup_service, problem.option_service)
    put(at.LEG, np.arange(legs), problem.option_leg)
    put(at.PRICE, 0, problem.option_cost)
    put(at.EFFORT, 0, problem.option_effort)
    put(at.LATENESS, 0, problem.lateness_cost[problem.option_leg])
    sizes = problem.hub_slots_free.shape[1]
    slot = problem.option_hub * sizes + problem.leg_size[problem.option_leg]
    free = problem.committed_to[problem.option_leg] < 0
    put(at.SLOT, -1, np.where((problem.option_hub >= 0) & free, slot, -1))
    put(at.DROP, 0, 1)
    table[:, at.LATEST] = np.array(limits.latest, np.int64)
    put(at.LINKS, -1, _links(problem))
    frozen = problem.frozen
    rows = np.where(frozen.action == 0, frozen.leg, legs + frozen.option)
    table[rows, at.OPENS] = np.maximum(table[rows, at.OPENS], frozen.not_before)
    return table


def _links(problem: Problem) -> Table:
    """(P,): the leg that exists once this drop-off is made; -1: none."""
    follower = np.full(problem.leg_count + 1, -1)
    followers = np.flatnonzero(problem.after_leg >= 0)
    follower[problem.after_leg[followers]] = followers
    next_leg = follower[problem.option_leg]
    same = problem.option_place == np.where(next_leg >= 0, problem.pickup_place[next_leg], -2)
    links: Table = np.where((problem.option_hub >= 0) & same, next_leg, -1)
    return links


def _capacity(problem: Problem, couriers: Table, limits: Limits) -> Table:
    """(K, W): what each vehicle carries at most."""
    most = np.array(limits.capacity, np.int64)
    table: Table = most.reshape(problem.courier_count, problem.load_dimension_count)[couriers]
    return table


def _steps(problem: Problem) -> Table:
    steps = problem.post_steps
    post = np.repeat(np.arange(len(steps.indptr) - 1), np.diff(steps.indptr))
    table: Table = np.stack([post, steps.starts_at, steps.most_away], axis=1).astype(np.int64)
    return table.reshape(-1, 3)


def _allowed(problem: Problem, closed: Sequence[int]) -> NDArray[np.uint8]:
    """(L, C): who may have a leg; a committed leg's own courier always."""
    missing = problem.leg_skills[:, None] & ~problem.courier_skills[None, :]
    allowed = (missing == 0).astype(np.uint8)
    rows = np.repeat(np.arange(problem.leg_count), np.diff(problem.barred.indptr))
    allowed[rows, problem.barred.values] = 0
    allowed[:, list(closed)] = 0
    committed = problem.committed_to
    mine = np.flatnonzero(committed >= 0)
    allowed[mine] = 0
    allowed[mine, committed[mine]] = 1
    return allowed


def work_of(data: Data, stops: Table, *, seed: int, room: int) -> Work:
    """Make an empty solution: every tour without stops, every leg left out.

    Parameters
    ----------
    data : Data
        The problem.
    stops : (S, STOP_COLUMNS)
        Copied: a search moves openings of linked pickups.
    seed : int
        Of its random numbers.
    room : int, stops
        Most stops in a tour.

    """
    vehicles, legs = len(data.vehicles), len(data.legs)
    classes = len(data.first_of) - 1
    dimensions = data.load.shape[1]

    def zeros(*shape: int) -> Table:
        return np.zeros(shape, np.int64)

    return Work(
        stops=stops.copy(),
        tours=zeros(vehicles, room + 2, at.TOUR_COLUMNS),
        loads=zeros(vehicles, room + 2, 2 * dimensions),
        heads=zeros(vehicles, at.HEAD_COLUMNS),
        where=np.full(legs, -1, np.int64),
        choice=np.full(legs, -1, np.int64),
        row=zeros(len(stops)),
        priced=zeros(legs),
        absent=np.full((2, legs), -1, np.int64),
        absences=np.ones(legs, np.int64),
        opened=zeros(legs),
        kept=zeros(vehicles, room + 2),
        kept_of=zeros(vehicles, 2),
        best=zeros(vehicles, room + 2),
        best_length=zeros(vehicles),
        dirty=zeros(vehicles),
        tried=zeros(classes),
        listed=zeros(2, legs),
        string=zeros(max(room, vehicles) + 2),
        keys=np.zeros(legs, np.float64),
        detours=zeros(room + 4),
        used=zeros(len(data.slots)),
        counters=zeros(at.COUNTERS),
        random=np.array([scrambled(seed)], np.uint64),
        marks=zeros(0),
        pool_of=zeros(0, POOL_COLUMNS),
        pool=np.zeros((0, 0), np.int32),
    )


def scrambled(seed: int) -> int:
    """Spread a seed over 64 bits, never 0 (splitmix64, Steele et al. 2014)."""
    z = (seed + 1) * 0x9E3779B97F4A7C15 % 2**64
    z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9 % 2**64
    z = (z ^ (z >> 27)) * 0x94D049BB133111EB % 2**64
    return (z ^ (z >> 31)) or 1
