"""Put legs back, each where it costs least: greedy insertion with blinks.

Christiaens and Vanden Berghe 2020, doi 10.1287/trsc.2019.0914.
"""

from dispatch.solver.kernel.columns import (
    ABSENT,
    AFTER,
    CLASS,
    COST,
    CRAMPED,
    FIRST,
    FIXED,
    FROM,
    GAP,
    HAS_LINKS,
    HOME,
    KIND,
    LAST,
    LATEST,
    LEAVE,
    LEFT,
    LENGTH,
    LINKS,
    LISTED,
    LOOKED,
    LOOKS,
    MOST,
    NEVER,
    OPENS,
    PAIR,
    PARCELS,
    PLACE,
    SLOT,
    START,
    STOP,
    TOUCHED,
    UNASSIGNED,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.insertion import draw, insert_one, insert_pair
from dispatch.solver.kernel.steps import enlist, exists, post_agrees, renew, touch
from dispatch.solver.kernel.tables import Data, Floats, Table, Work
from dispatch.solver.kernel.timing import stop_price

ABSENTS = 12
"""At most so many of the legs left out are tried again in a step."""


@borrowing
def recreate(data: Data, work: Work, blink: float, closed_fleet: int) -> None:
    """Put this step's list back, each leg where it costs least, if that beats leaving it out."""
    hope = 0.0
    if data.switches[HAS_LINKS]:
        hope = draw(work.random)
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        if work.where[leg] >= 0:
            continue
        limit = NEVER if data.legs[leg, HOME] >= 0 else data.legs[leg, UNASSIGNED]
        before_in = -1
        if data.legs[leg, AFTER] >= 0:
            if not exists(data, work, leg):
                continue
            before_in = work.where[data.legs[leg, AFTER]]
            limit -= _hold(data, work, leg, before_in)
        k, i, j, stop = best_place(data, work, leg, limit, blink, hope, closed_fleet)
        if k >= 0:
            touch(work, k)
            put(data, work, leg, k, i, j, stop)
        elif before_in >= 0:
            work.where[leg] = -1
            renew(data, work, before_in)


@borrowing
def _hold(data: Data, work: Work, leg: int, k: int) -> int:
    """Let the drop-off in tour k that a leg waits for not be delayed; give what that costs."""
    touch(work, k)
    before = work.heads[k, COST]
    work.where[leg] = k
    if not renew(data, work, k) or not post_agrees(data, work, k):
        return NEVER
    return work.heads[k, COST] - before


@borrowing
def best_place(
    data: Data, work: Work, leg: int, limit: int, blink: float, hope: float, closed_fleet: int
) -> tuple[int, int, int, int]:
    """Find where a leg costs least.

    Parameters
    ----------
    limit : int
        Only what costs less counts.
    blink : float
        Share of positions passed over.
    hope : float
        Share of a successor's price charged for making it exist.
    closed_fleet : int
        1: no tour is opened that this step has not emptied.

    Returns
    -------
    (int, int, int, int)
        Vehicle (-1: nowhere), rows behind which pickup and drop-off go, and the drop-off.

    """
    work.counters[LOOKS] += 1
    look = work.counters[LOOKS]
    near = data.near.shape[1]
    touched = work.counters[TOUCHED]
    home = data.legs[leg, HOME]
    after = data.legs[leg, AFTER]
    before_in = -1
    before_row = 0
    if after >= 0:
        if not exists(data, work, leg):
            return -1, -1, -1, -1
        before_row = follow(data, work, leg)
        before_in = work.where[after]
    best = limit
    best_k = -1
    best_i = -1
    best_j = -1
    best_stop = -1
    kind = data.legs[leg, KIND]
    candidates = 1 if home >= 0 else near + touched + data.classes.shape[1]
    room = work.tours.shape[1] - 2
    for q in range(candidates):
        if home >= 0:
            k = home
        elif q < near:
            k = work.where[data.near[leg, q]]
        elif q < near + touched:
            k = work.kept_of[q - near, 1]
        else:
            c = data.classes[leg, q - near - touched]
            if c < 0 or data.bounds[leg, q - near - touched] >= best:
                break
            if closed_fleet or work.tried[c] == look:
                continue
            k = -1
            for v in range(data.first_of[c], data.first_of[c + 1]):
                if work.heads[v, LENGTH] == 0:
                    k = v
                    break
        if k < 0 or work.heads[k, LOOKED] == look:
            continue
        work.heads[k, LOOKED] = look
        c = data.vehicles[k, CLASS]
        if data.allowed[leg, c] == 0 or work.heads[k, PARCELS] >= data.vehicles[k, MOST]:
            continue
        n = work.heads[k, LENGTH]
        fixed = 0
        if n == 0:
            if work.tried[c] == look:
                continue
            work.tried[c] = look
            if data.vehicles[k, LEFT] > 0:
                fixed = data.vehicles[k, FIXED]
        if n + 2 > room:
            work.counters[CRAMPED] = 1
            continue
        lowest = before_row if k == before_in else 0
        for stop in range(data.legs[leg, FIRST], data.legs[leg, LAST] + 1):
            slot = work.stops[stop, SLOT]
            if slot >= 0 and work.used[slot] >= data.slots[slot]:
                continue
            base = fixed + stop_price(work.stops, data.legs, data.vehicles, k, stop)
            hoped = 0
            if work.stops[stop, LINKS] >= 0:
                follower = work.stops[stop, LINKS]
                hoped = int(hope * data.legs[follower, UNASSIGNED])
            if kind == PAIR:
                cost, i, j = insert_pair(
                    data.travel,
                    data.back,
                    data.metres,
                    data.arcs,
                    data.gates,
                    data.entry,
                    data.switches,
                    work.stops,
                    data.load,
                    data.vehicles,
                    data.capacity,
                    work.tours,
                    work.loads,
                    work.heads,
                    work.where,
                    data.posts,
                    data.steps,
                    work.random,
                    work.detours,
                    k,
                    leg,
                    stop,
                    base,
                    lowest,
                    best - hoped,
                    blink,
                )
            else:
                cost, j = insert_one(
                    data.travel,
                    data.back,
                    data.metres,
                    data.arcs,
                    data.gates,
                    data.entry,
                    data.switches,
                    work.stops,
                    data.legs,
                    data.load,
                    data.vehicles,
                    data.capacity,
                    work.tours,
                    work.loads,
                    work.heads,
                    work.where,
                    data.posts,
                    data.steps,
                    work.random,
                    k,
                    stop,
                    base,
                    lowest,
                    best - hoped,
                    blink,
                )
                i = -1
            if j >= 0:
                best = cost + hoped
                best_k = k
                best_i = i
                best_j = j
                best_stop = stop
    return best_k, best_i, best_j, best_stop


@borrowing
def follow(data: Data, work: Work, leg: int) -> int:
    """Open a linked leg's pickup after its predecessor's drop-off; give that drop-off's row."""
    before = data.legs[leg, AFTER]
    k = work.where[before]
    row = work.row[work.choice[before]]
    ready = work.tours[k, row, LEAVE] + data.legs[leg, GAP]
    work.stops[leg, OPENS] = max(data.legs[leg, FROM], ready)
    return row


@borrowing
def put(data: Data, work: Work, leg: int, k: int, i: int, j: int, stop: int) -> None:
    """Put a leg into tour k: its pickup behind row i (-1: none), its drop-off behind row j."""
    n = work.heads[k, LENGTH]
    if i < 0:
        for q in range(n, j, -1):
            work.tours[k, q + 1, STOP] = work.tours[k, q, STOP]
        work.tours[k, j + 1, STOP] = stop
        work.heads[k, LENGTH] = n + 1
    else:
        for q in range(n, j, -1):
            work.tours[k, q + 2, STOP] = work.tours[k, q, STOP]
        work.tours[k, j + 2, STOP] = stop
        for q in range(j, i, -1):
            work.tours[k, q + 1, STOP] = work.tours[k, q, STOP]
        work.tours[k, i + 1, STOP] = leg
        work.heads[k, LENGTH] = n + 2
    work.where[leg] = k
    work.choice[leg] = stop
    if work.stops[stop, SLOT] >= 0:
        work.used[work.stops[stop, SLOT]] += 1
    renew(data, work, k)


@borrowing
def call_absents(data: Data, work: Work, most: int) -> None:
    """Put some of the legs left out on this step's list."""
    absent = work.counters[ABSENT]
    if absent == 0:
        return
    start = int(draw(work.random) * absent)
    for q in range(min(absent, most)):
        enlist(data, work, work.absent[0, (start + q) % absent])


@borrowing
def arrange(data: Data, work: Work) -> None:
    """Order this step's list by one of several rules, drawn at random; promised legs first."""
    count = work.counters[LISTED]
    rule = int(draw(work.random) * 16.0)
    for q in range(count):
        leg = work.listed[0, q]
        drop = data.legs[leg, FIRST]
        if rule < 4:
            key = draw(work.random)
        elif rule < 7:
            key = 0.0
            for w in range(data.load.shape[1]):
                key = key * 1e-6 - float(data.load[leg, w])
            if data.load.shape[1] == 0:
                key = draw(work.random)
        elif rule < 10:
            start = data.vehicles[0, START]
            source = start if start >= 0 else work.stops[leg, PLACE]
            goal = work.stops[drop, PLACE]
            key = 0.0
            if source >= 0 and goal >= 0:
                key = float(data.travel[0, source, goal])
            if rule < 9:
                key = -key
        elif rule < 12:
            key = float(work.stops[drop, LATEST] - work.stops[drop, OPENS])
        elif rule < 13:
            key = float(work.stops[drop, OPENS])
        elif rule < 14:
            key = float(work.stops[drop, LATEST])
        else:
            key = draw(work.random) - float(data.legs[leg, UNASSIGNED])
        if data.legs[leg, HOME] >= 0:
            key -= 1e18
        work.keys[q] = key
    _sort(work.keys, work.listed, count)
    if data.switches[HAS_LINKS]:
        _successors_last(data, work)


@borrowing
def _sort(keys: Floats, listed: Table, count: int) -> None:
    """Sort the list by its keys, the smallest first (shell sort: short lists, no memory)."""
    gap = 1
    while gap < count:
        gap = 3 * gap + 1
    while gap > 0:
        for a in range(gap, count):
            key = keys[a]
            leg = listed[0, a]
            b = a - gap
            while b >= 0 and keys[b] > key:
                keys[b + gap] = keys[b]
                listed[0, b + gap] = listed[0, b]
                b -= gap
            keys[b + gap] = key
            listed[0, b + gap] = leg
        gap //= 3


@borrowing
def _successors_last(data: Data, work: Work) -> None:
    """Let no leg come before the one that it depends on."""
    count = work.counters[LISTED]
    for a in range(count):
        before = data.legs[work.listed[0, a], AFTER]
        if before < 0:
            continue
        for b in range(a + 1, count):
            if work.listed[0, b] == before:
                work.listed[0, b] = work.listed[0, a]
                work.listed[0, a] = before
                break
