"""Tours exchange their ends: the beginning of one goes on with the end of another.

Strings are short, so ruin and recreate alone hardly ever moves half a tour, opens a second one
for it, or joins two: on long tours that is what is missing (2-opt*, Potvin and Rousseau 1995,
doi 10.1057/jors.1995.204). An exchange is a step of its own under the same annealing.
"""

import math

from dispatch.solver.kernel.columns import (
    ACCESS,
    ARC,
    AT,
    BACK_L,
    BEST,
    CLASS,
    CLOSED,
    CURRENT,
    DROP,
    GATED,
    HAS_LINKS,
    HOME,
    KIND,
    LEAVE,
    LEG,
    LENGTH,
    LOADED,
    LOCKED,
    MODE,
    NEVER,
    PAIR,
    STOP,
    TAIL,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.insertion import draw
from dispatch.solver.kernel.steps import (
    begin_step,
    change,
    keep,
    post_agrees,
    remember,
    renew,
    restore,
    touch,
)
from dispatch.solver.kernel.tables import Data, Work
from dispatch.solver.kernel.timing import arc_of, way_of

SPLITS = 0.1
"""Share of exchanges that are with an empty tour."""


@borrowing
def exchange(data: Data, work: Work, temperature: float) -> None:
    """Try one exchange of ends, behind a leg drawn at random."""
    legs = data.legs.shape[0]
    if data.switches[HAS_LINKS]:
        return
    leg = int(draw(work.random) * legs)
    k = work.where[leg]
    if k < 0 or data.vehicles[k, CLOSED] or work.heads[k, TAIL] > 0:
        return
    i = work.row[work.choice[leg]]
    if draw(work.random) < SPLITS:
        other, j = _empty_like(data, work, k), 0
        if i >= work.heads[k, LENGTH]:
            return
    else:
        other, j = _partner(data, work, leg, k, i)
    if other < 0:
        return
    if not _may_cut(data, work, k, i, other) or not _may_cut(data, work, other, j, k):
        return
    begin_step(work)
    touch(work, k)
    touch(work, other)
    if not _swap_ends(data, work, k, i, other, j):
        restore(data, work)
        return
    extra = change(data, work)
    if extra <= 0 or extra < -temperature * math.log(draw(work.random) + 1e-300):
        keep(data, work, extra)
        if work.counters[CURRENT] < work.counters[BEST]:
            remember(work)
    else:
        restore(data, work)


@borrowing
def _empty_like(data: Data, work: Work, k: int) -> int:
    """Give an empty tour of the same class; -1: there is none."""
    c = data.vehicles[k, CLASS]
    for v in range(data.first_of[c], data.first_of[c + 1]):
        if work.heads[v, LENGTH] == 0:
            return int(v)
    return -1


@borrowing
def _partner(data: Data, work: Work, leg: int, k: int, i: int) -> tuple[int, int]:
    """Find the tour whose end would follow best behind row i of tour k, and the row before it.

    Ways alone are compared, and only for couriers who travel alike; one cost is as good as another
    that is within a tenth, so that not always the same partner comes.
    """
    best = float(NEVER)
    found = -1
    found_j = -1
    mode = data.vehicles[k, MODE]
    access = data.vehicles[k, ACCESS]
    tail = work.tours[k, i, AT]
    after = work.tours[k, i + 1, AT]
    for rank in range(data.near.shape[1]):
        near = data.near[leg, rank]
        other = work.where[near]
        if other < 0 or other == k or data.vehicles[other, CLOSED]:
            continue
        if data.vehicles[other, MODE] != mode or work.heads[other, TAIL] > 0:
            continue
        first = near if data.legs[near, KIND] == PAIR else work.choice[near]
        row = work.row[first]
        if row <= data.vehicles[other, LOCKED]:
            continue
        head = work.tours[other, row, AT]
        before = work.tours[other, row - 1, AT]
        way = way_of(
            data.travel, data.gates, data.entry, data.switches[GATED], mode, access, tail, head
        )
        if work.tours[k, i, LEAVE] + way > work.tours[other, row, BACK_L]:
            continue
        cost = arc_of(
            data.travel, data.metres, data.arcs, data.switches, data.vehicles, k, tail, head
        )
        cost += arc_of(
            data.travel, data.metres, data.arcs, data.switches, data.vehicles, other, before, after
        )
        cost -= work.tours[k, i, ARC] + work.tours[other, row - 1, ARC]
        noisy = cost + 0.1 * abs(cost) * draw(work.random)
        if noisy < best:
            best = noisy
            found = int(other)
            found_j = int(row - 1)
    return found, found_j


@borrowing
def _may_cut(data: Data, work: Work, k: int, i: int, other: int) -> bool:
    """Say whether tour k may be cut behind row i and the rest go to another courier."""
    if i < data.vehicles[k, LOCKED]:
        return False
    on_board = 0
    for row in range(1, i + 1):
        stop = work.tours[k, row, STOP]
        if not work.stops[stop, DROP]:
            on_board += 1
        elif data.legs[work.stops[stop, LEG], KIND] != LOADED:
            on_board -= 1
    if on_board != 0:
        return False
    c = data.vehicles[other, CLASS]
    for row in range(i + 1, work.heads[k, LENGTH] + 1):
        leg = work.stops[work.tours[k, row, STOP], LEG]
        if data.legs[leg, HOME] >= 0 or data.allowed[leg, c] == 0:
            return False
    return True


@borrowing
def _swap_ends(data: Data, work: Work, a: int, i: int, b: int, j: int) -> bool:
    """Exchange what follows row i of tour a and row j of tour b; False where a limit is broken."""
    n = work.heads[a, LENGTH]
    m = work.heads[b, LENGTH]
    room = work.tours.shape[1] - 2
    if i + m - j > room or j + n - i > room:
        return False
    # The touched tours' stops lie in `kept`: a in its row 0, b in row 1.
    for q in range(j + 1, m + 1):
        _set(work, a, i + q - j, work.kept[1, q])
    for q in range(i + 1, n + 1):
        _set(work, b, j + q - i, work.kept[0, q])
    work.heads[a, LENGTH] = i + m - j
    work.heads[b, LENGTH] = j + n - i
    return (
        renew(data, work, a)
        and renew(data, work, b)
        and post_agrees(data, work, a)
        and post_agrees(data, work, b)
    )


@borrowing
def _set(work: Work, k: int, row: int, stop: int) -> None:
    work.tours[k, row, STOP] = stop
    if work.stops[stop, DROP]:
        work.where[work.stops[stop, LEG]] = k
