"""One step of a search: what it touches is remembered, priced, and kept or undone."""

from dispatch.solver.kernel.columns import (
    ABSENT,
    AFTER,
    BEST,
    COST,
    CURRENT,
    DEPARTS,
    DIRTIES,
    DIRTY,
    DROP,
    ENDS,
    FAILED,
    HAS_SLOTS,
    HOME,
    KEPT,
    LEFT,
    LEG,
    LENGTH,
    LINKS,
    LISTED,
    LOCKED,
    NEVER,
    NEXT,
    OPENS,
    POST,
    SLOT,
    STAMP,
    STAMPS,
    STOP,
    TOUCHED,
    UNASSIGNED,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.posts import post_allows
from dispatch.solver.kernel.tables import Data, Work
from dispatch.solver.kernel.timing import refresh


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
        work.row,
        k,
    )


@borrowing
def renew_all(data: Data, work: Work) -> None:
    """Time and price every tour."""
    for k in range(data.vehicles.shape[0]):
        renew(data, work, k)


@borrowing
def post_agrees(data: Data, work: Work, k: int) -> bool:
    """Say whether tour k, as it is, leaves its courier's post manned."""
    if data.vehicles[k, POST] < 0 or work.heads[k, LENGTH] == 0:
        return True
    departs = work.heads[k, DEPARTS] if data.vehicles[k, LEFT] > 0 else -NEVER
    return post_allows(
        data.posts, data.steps, data.vehicles, work.heads, k, departs, work.heads[k, ENDS]
    )


@borrowing
def begin_step(work: Work) -> None:
    """Forget the last step."""
    work.counters[STAMPS] += 1
    work.counters[TOUCHED] = 0
    work.counters[LISTED] = 0
    work.counters[FAILED] = 0


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
def shorten(data: Data, work: Work, k: int) -> None:
    """Take marked legs out of tour k; where it then breaks a limit, all its free legs as well.

    Where ways are shortest ways a shorter tour is never worse; matrices need not be like that, and
    a tour that shifts may meet another one's time away from their post.
    """
    drop_marked(data, work, k)
    if renew(data, work, k) and post_agrees(data, work, k):
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
    if not renew(data, work, k) or not post_agrees(data, work, k):
        work.counters[FAILED] = 1


@borrowing
def exists(data: Data, work: Work, leg: int) -> bool:
    """Say whether a leg exists: with a predecessor, only once that is dropped where it begins."""
    before = data.legs[leg, AFTER]
    if before < 0:
        return True
    return work.where[before] >= 0 and work.stops[work.choice[before], LINKS] == leg


@borrowing
def price_out(data: Data, work: Work, leg: int) -> int:
    """Give what a leg costs as it stands: 0 where it is served or does not exist."""
    if work.where[leg] >= 0:
        return 0
    if data.legs[leg, AFTER] >= 0 and not exists(data, work, leg):
        return 0
    return data.legs[leg, UNASSIGNED]


@borrowing
def price_all(data: Data, work: Work) -> int:
    """Note what every leg costs as it stands, and give the sum."""
    total = 0
    for leg in range(data.legs.shape[0]):
        work.priced[leg] = price_out(data, work, leg)
        total += work.priced[leg]
    return total


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
        if work.where[leg] < 0 and data.legs[leg, HOME] >= 0:
            # What is promised is never left out, at whatever price.
            work.counters[FAILED] = 1
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
