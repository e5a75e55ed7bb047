"""Take strings of legs out of neighbouring tours.

Slack induction by string removals (Christiaens and Vanden Berghe 2020,
doi 10.1287/trsc.2019.0914).
"""

from dispatch.solver.kernel.columns import (
    ABSENT,
    CLOSED,
    FAILED,
    HAS_LINKS,
    KIND,
    LEG,
    LENGTH,
    LINKS,
    LOCKED,
    PAIR,
    PARCELS,
    PINNED,
    STAMP,
    STAMPS,
    STOP,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.insertion import draw
from dispatch.solver.kernel.steps import enlist, shorten, take_out, touch
from dispatch.solver.kernel.tables import Data, Work

STRINGS = 10.0
"""Average number of legs taken out in a step."""
LONGEST = 10.0
"""Longest string taken from one tour, legs."""


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
    position = max(low, work.row[wanted])
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
            its = work.where[waiting]
            if data.legs[waiting, PINNED]:
                touch(work, its)
                work.counters[FAILED] = 1
                continue
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
def legs_in_a_tour(data: Data, work: Work) -> float:
    """Give the mean number of legs in the tours that have any."""
    used = 0
    for k in range(data.vehicles.shape[0]):
        if work.heads[k, LENGTH] > 0:
            used += 1
    return (data.legs.shape[0] - work.counters[ABSENT]) / max(used, 1)
