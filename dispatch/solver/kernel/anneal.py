"""Ruin and recreate: strings of legs leave neighbouring tours and return where they cost least.

Slack induction by string removals with greedy insertion with blinks, under simulated annealing
(Christiaens and Vanden Berghe 2020, doi 10.1287/trsc.2019.0914), over everything that the tables
hold. A step touches few tours: they are remembered, and restored where the step is not kept.
"""

import math

from dispatch.solver.kernel.columns import (
    ABSENT,
    AFTER,
    BEST,
    CLASS,
    CLOSED,
    COST,
    CRAMPED,
    CURRENT,
    DEPARTS,
    DIRTIES,
    DIRTY,
    DROP,
    ENDS,
    FAILED,
    FIRST,
    FIXED,
    FROM,
    GAP,
    HAS_LINKS,
    HAS_SLOTS,
    HOME,
    ITERATIONS,
    KEPT,
    KIND,
    LAST,
    LATEST,
    LEAVE,
    LEFT,
    LEG,
    LENGTH,
    LINKS,
    LISTED,
    LOCKED,
    LOOKED,
    LOOKS,
    MOST,
    NEVER,
    NEXT,
    OPENS,
    PAIR,
    PARCELS,
    PINNED,
    PLACE,
    POST,
    PROMISED,
    SLOT,
    STAMP,
    STAMPS,
    START,
    STOP,
    TOUCHED,
    UNASSIGNED,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.insertion import draw, insert_one, insert_pair
from dispatch.solver.kernel.posts import post_allows
from dispatch.solver.kernel.tables import Data, Floats, Table, Work
from dispatch.solver.kernel.timing import refresh, stop_price

STRINGS = 10.0
"""Average number of legs taken out in a step."""
LONGEST = 10.0
"""Longest string taken from one tour, legs."""
ABSENTS = 12
"""At most so many of the legs left out are tried again in a step."""


@borrowing
def renew(data: Data, work: Work, k: int) -> bool:
    """Do `refresh` for tour k."""
    return refresh(
        data.travel,
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
        k,
    )


@borrowing
def touch(work: Work, k: int) -> None:
    """Remember tour k as it is before this step."""
    if work.heads[k, STAMP] == work.counters[STAMPS]:
        return
    work.heads[k, STAMP] = work.counters[STAMPS]
    row = work.counters[TOUCHED]
    n = work.heads[k, LENGTH]
    for i in range(1, n + 1):
        work.kept[row, i] = work.tours[k, i, STOP]
    work.kept_of[row, 0] = n
    work.kept_of[row, 1] = k
    work.counters[TOUCHED] = row + 1


@borrowing
def enlist(data: Data, work: Work, leg: int) -> None:
    """Put a leg on this step's list, and behind it the leg that depends on it."""
    while leg >= 0:
        if work.listed[1, leg] != work.counters[STAMPS]:
            work.listed[1, leg] = work.counters[STAMPS]
            work.listed[0, work.counters[LISTED]] = leg
            work.counters[LISTED] += 1
            work.opened[leg] = work.stops[leg, OPENS]
        leg = data.legs[leg, NEXT]


@borrowing
def take_out(data: Data, work: Work, leg: int, k: int) -> None:
    """Mark a leg of tour k as left out; `shorten` then removes its stops."""
    enlist(data, work, leg)
    work.where[leg] = -1
    before = data.legs[leg, AFTER]
    if before < 0 or work.where[before] < 0 or work.where[before] == k:
        return
    # Nobody waits for its predecessor's drop-off any more: that tour may leave later.
    touch(work, work.where[before])
    renew(data, work, work.where[before])


@borrowing
def drop_marked(data: Data, work: Work, k: int) -> None:
    """Take the stops of legs without a tour out of tour k."""
    m = work.heads[k, LENGTH]
    keep = 0
    for i in range(1, m + 1):
        stop = work.tours[k, i, STOP]
        leg = work.stops[stop, LEG]
        if work.where[leg] >= 0 or i <= data.vehicles[k, LOCKED]:
            keep += 1
            work.tours[k, keep, STOP] = stop
        elif work.stops[stop, SLOT] >= 0:
            work.used[work.stops[stop, SLOT]] -= 1
    work.heads[k, LENGTH] = keep


@borrowing
def loosen(data: Data, work: Work, k: int) -> None:
    """Take out every leg whose pickup waits for a drop-off of tour k, and so on from its tour."""
    work.string[0] = k
    count = 1
    at = 0
    while at < count:
        tour = work.string[at]
        touch(work, tour)
        for i in range(1, work.heads[tour, LENGTH] + 1):
            waiting = work.stops[work.tours[tour, i, STOP], LINKS]
            if waiting < 0 or work.where[waiting] < 0:
                continue
            if data.legs[waiting, PINNED]:
                work.counters[FAILED] = 1
                continue
            its = work.where[waiting]
            enlist(data, work, waiting)
            work.where[waiting] = -1
            known = False
            for q in range(count):
                if work.string[q] == its:
                    known = True
            if not known:
                work.string[count] = its
                count += 1
        at += 1
    for at in range(1, count):
        shorten(data, work, work.string[at])


@borrowing
def _post_allows(data: Data, work: Work, k: int) -> bool:
    """Say whether tour k, as it is, leaves its courier's post manned."""
    if data.vehicles[k, POST] < 0 or work.heads[k, LENGTH] == 0:
        return True
    departs = work.heads[k, DEPARTS] if data.vehicles[k, LEFT] > 0 else -NEVER
    return post_allows(
        data.posts, data.steps, data.vehicles, work.heads, k, departs, work.heads[k, ENDS]
    )


@borrowing
def shorten(data: Data, work: Work, k: int) -> None:
    """Take marked legs out of tour k; where it then breaks a limit, all its free legs as well.

    Where ways are shortest ways a shorter tour is never worse; matrices need not be like that, and
    a tour that shifts may meet another one's time away from their post.
    """
    drop_marked(data, work, k)
    if renew(data, work, k) and _post_allows(data, work, k):
        return
    for i in range(1, work.heads[k, LENGTH] + 1):
        leg = work.stops[work.tours[k, i, STOP], LEG]
        if data.legs[leg, HOME] < 0 and work.where[leg] >= 0:
            take_out(data, work, leg, k)
            after = data.legs[leg, NEXT]
            if after >= 0 and work.where[after] >= 0 and work.where[after] != k:
                # Rare enough: give the step up instead of following the chain.
                touch(work, work.where[after])
                work.counters[FAILED] = 1
    drop_marked(data, work, k)
    if not renew(data, work, k):
        work.counters[FAILED] = 1


@borrowing
def ruin(data: Data, work: Work, average: float) -> None:
    """Take strings of legs out of neighbouring tours, around a leg drawn at random."""
    legs = data.legs.shape[0]
    longest = min(LONGEST, max(average, 1.0))
    most = 4.0 * STRINGS / (1.0 + longest) - 1.0
    strings = max(1, int(draw(work.random) * most + 1.0))
    seed = int(draw(work.random) * legs)
    if work.where[seed] < 0:
        enlist(data, work, seed)
    done = 0
    for rank in range(-1, data.near.shape[1]):
        if done >= strings:
            break
        centre = seed if rank < 0 else int(data.near[seed, rank])
        k = work.where[centre]
        if k < 0 or work.heads[k, STAMP] == work.counters[STAMPS] or data.vehicles[k, CLOSED]:
            continue
        if data.legs[centre, PINNED]:
            continue
        if data.switches[HAS_LINKS]:
            loosen(data, work, k)
            if work.where[centre] < 0:
                shorten(data, work, k)
                done += 1
                continue
        touch(work, k)
        _take_string(data, work, k, centre, longest)
        shorten(data, work, k)
        done += 1


@borrowing
def _take_string(data: Data, work: Work, k: int, centre: int, longest: float) -> None:
    """Mark a string of legs around `centre` in tour k; sometimes leave some of them standing."""
    n = work.heads[k, LENGTH]
    parcels = work.heads[k, PARCELS]
    length = min(parcels, int(draw(work.random) * min(float(parcels), longest) + 1.0))
    wanted = work.choice[centre]
    if data.legs[centre, KIND] == PAIR and draw(work.random) < 0.5:
        wanted = centre
    low = data.vehicles[k, LOCKED] + 1
    position = low
    for i in range(low, n + 1):
        if work.tours[k, i, STOP] == wanted:
            position = i
            break
    spared = 0
    if 1 < length < parcels and draw(work.random) < 0.5:
        spared = 1
        while length + spared < parcels and draw(work.random) > 0.5:
            spared += 1
    total = length + spared
    left = position
    right = position
    work.string[0] = centre
    count = 1
    while count < total and (left > low or right < n):
        if left > low and (right >= n or draw(work.random) < 0.5):
            left -= 1
            leg = work.stops[work.tours[k, left, STOP], LEG]
        else:
            right += 1
            leg = work.stops[work.tours[k, right, STOP], LEG]
        if data.legs[leg, PINNED]:
            continue
        known = False
        for q in range(count):
            if work.string[q] == leg:
                known = True
                break
        if not known:
            work.string[count] = leg
            count += 1
    start = count
    if spared > 0:
        start = 1 + int(draw(work.random) * max(count - spared, 1))
    for q in range(count):
        if spared > 0 and start <= q < start + spared:
            continue
        take_out(data, work, work.string[q], k)


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


@borrowing
def exists(data: Data, work: Work, leg: int) -> bool:
    """Say whether a leg exists: with a predecessor, only once that is dropped where it begins."""
    before = data.legs[leg, AFTER]
    if before < 0:
        return True
    return work.where[before] >= 0 and work.stops[work.choice[before], LINKS] == leg


@borrowing
def follow(data: Data, work: Work, leg: int) -> int:
    """Open a linked leg's pickup after its predecessor's drop-off; give that drop-off's row."""
    before = data.legs[leg, AFTER]
    k = work.where[before]
    row = 0
    for i in range(1, work.heads[k, LENGTH] + 1):
        if work.tours[k, i, STOP] == work.choice[before]:
            row = i
    ready = work.tours[k, row, LEAVE] + data.legs[leg, GAP]
    work.stops[leg, OPENS] = max(data.legs[leg, FROM], ready)
    return row


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
            if c < 0:
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
                hoped = int(hope * min(data.legs[follower, UNASSIGNED], PROMISED))
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
def recreate(data: Data, work: Work, blink: float, closed_fleet: int) -> None:
    """Put this step's list back, each leg where it costs least, if that beats leaving it out."""
    hope = 0.0
    if data.switches[HAS_LINKS]:
        hope = draw(work.random)
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        if work.where[leg] >= 0:
            continue
        limit = PROMISED if data.legs[leg, HOME] >= 0 else data.legs[leg, UNASSIGNED]
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
    if not renew(data, work, k) or not _post_allows(data, work, k):
        return NEVER
    return work.heads[k, COST] - before


@borrowing
def price_out(data: Data, work: Work, leg: int) -> int:
    """Give what a leg costs as it stands: 0 where it is served or does not exist."""
    if work.where[leg] >= 0:
        return 0
    if data.legs[leg, HOME] >= 0:
        return PROMISED
    if data.legs[leg, AFTER] >= 0 and not exists(data, work, leg):
        return 0
    return data.legs[leg, UNASSIGNED]


@borrowing
def change(data: Data, work: Work) -> int:
    """Give by how much this step changes the cost."""
    extra = 0
    for q in range(work.counters[TOUCHED]):
        k = work.kept_of[q, 1]
        extra += work.heads[k, COST] - work.heads[k, KEPT]
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        extra += price_out(data, work, leg) - work.priced[leg]
    return extra


@borrowing
def keep(data: Data, work: Work, extra: int) -> None:
    """Stand on what this step made."""
    work.counters[CURRENT] += extra
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        work.priced[leg] = price_out(data, work, leg)
        out = work.where[leg] < 0
        place = work.absent[1, leg]
        if out and place < 0:
            work.absent[1, leg] = work.counters[ABSENT]
            work.absent[0, work.counters[ABSENT]] = leg
            work.counters[ABSENT] += 1
        elif not out and place >= 0:
            work.counters[ABSENT] -= 1
            last = work.absent[0, work.counters[ABSENT]]
            work.absent[0, place] = last
            work.absent[1, last] = place
            work.absent[1, leg] = -1
    for q in range(work.counters[TOUCHED]):
        k = work.kept_of[q, 1]
        work.heads[k, KEPT] = work.heads[k, COST]
        if work.heads[k, DIRTY] == 0:
            work.heads[k, DIRTY] = 1
            work.dirty[work.counters[DIRTIES]] = k
            work.counters[DIRTIES] += 1


@borrowing
def remember(work: Work) -> None:
    """Take the solution for the best one."""
    work.counters[BEST] = work.counters[CURRENT]
    for q in range(work.counters[DIRTIES]):
        k = work.dirty[q]
        work.heads[k, DIRTY] = 0
        work.best_length[k] = work.heads[k, LENGTH]
        for i in range(1, work.heads[k, LENGTH] + 1):
            work.best[k, i] = work.tours[k, i, STOP]
    work.counters[DIRTIES] = 0


@borrowing
def restore(data: Data, work: Work) -> None:
    """Undo this step."""
    slots = data.switches[HAS_SLOTS]
    if slots:
        for q in range(work.counters[TOUCHED]):
            k = work.kept_of[q, 1]
            for i in range(1, work.heads[k, LENGTH] + 1):
                slot = work.stops[work.tours[k, i, STOP], SLOT]
                if slot >= 0:
                    work.used[slot] -= 1
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        work.where[leg] = -1
        work.stops[leg, OPENS] = work.opened[leg]
    for q in range(work.counters[TOUCHED]):
        n = work.kept_of[q, 0]
        k = work.kept_of[q, 1]
        work.heads[k, LENGTH] = n
        for i in range(1, n + 1):
            stop = work.kept[q, i]
            work.tours[k, i, STOP] = stop
            leg = work.stops[stop, LEG]
            if work.stops[stop, DROP]:
                work.where[leg] = k
                work.choice[leg] = stop
                if work.stops[stop, SLOT] >= 0:
                    work.used[work.stops[stop, SLOT]] += 1
    for q in range(work.counters[TOUCHED]):
        renew(data, work, work.kept_of[q, 1])


@borrowing
def begin_step(work: Work) -> None:
    """Forget the last step."""
    work.counters[STAMPS] += 1
    work.counters[TOUCHED] = 0
    work.counters[LISTED] = 0
    work.counters[FAILED] = 0


@borrowing
def construct(data: Data, work: Work) -> None:
    """Put in every leg that is left out, each where it costs least."""
    begin_step(work)
    call_absents(data, work, data.legs.shape[0])
    arrange(data, work)
    recreate(data, work, 0.0, 0)
    keep(data, work, change(data, work))
    if work.counters[CURRENT] < work.counters[BEST]:
        remember(work)


@borrowing
def anneal(data: Data, work: Work, steps: int, hot: float, cold: float, blink: float) -> None:
    """Take so many steps, cooling from `hot` to `cold` (both in units of cost)."""
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    temperature = hot
    average = 1.0
    for step in range(steps):
        temperature *= cooling
        begin_step(work)
        if step % 64 == 0:
            average = legs_in_a_tour(data, work)
        ruin(data, work, average)
        call_absents(data, work, ABSENTS)
        arrange(data, work)
        recreate(data, work, blink, 0)
        extra = change(data, work)
        if work.counters[FAILED] == 0 and (
            extra <= 0 or extra < -temperature * math.log(draw(work.random) + 1e-300)
        ):
            keep(data, work, extra)
            if work.counters[CURRENT] < work.counters[BEST]:
                remember(work)
        else:
            restore(data, work)
    work.counters[ITERATIONS] += steps


@borrowing
def legs_in_a_tour(data: Data, work: Work) -> float:
    """Give the mean number of legs in the tours that have any."""
    used = 0
    for k in range(data.vehicles.shape[0]):
        if work.heads[k, LENGTH] > 0:
            used += 1
    return (data.legs.shape[0] - work.counters[ABSENT]) / max(used, 1)
