"""Fewer tours: one is dissolved, and its legs are pressed into the others.

Absence counters say which legs are hard to place: a step is kept where the legs that it leaves out
are easier than those left out before (Christiaens and Vanden Berghe 2020, section 5.3,
doi 10.1287/trsc.2019.0914). When all are placed, that is a solution with one tour less.
"""

import math

from dispatch.solver.kernel.columns import (
    ABSENT,
    BEST,
    CLOSED,
    CURRENT,
    FAILED,
    HAS_LINKS,
    HOME,
    ITERATIONS,
    LEFT,
    LEG,
    LENGTH,
    LISTED,
    NEVER,
    STOP,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.insertion import draw
from dispatch.solver.kernel.recreate import ABSENTS, arrange, call_absents, recreate
from dispatch.solver.kernel.ruin import legs_in_a_tour, loosen, ruin
from dispatch.solver.kernel.steps import (
    begin_step,
    change,
    keep,
    remember,
    restore,
    shorten,
    take_out,
    touch,
)
from dispatch.solver.kernel.tables import Data, Work


@borrowing
def dissolve(data: Data, work: Work) -> bool:
    """Leave out the tour whose legs were easiest to place; False where there is none."""
    easiest = -1
    least = NEVER
    for k in range(data.vehicles.shape[0]):
        if work.heads[k, LENGTH] == 0 or data.vehicles[k, CLOSED] or data.vehicles[k, LEFT] <= 0:
            continue
        total = 0
        for i in range(1, work.heads[k, LENGTH] + 1):
            leg = work.stops[work.tours[k, i, STOP], LEG]
            if data.legs[leg, HOME] >= 0:
                total = NEVER
                break
            total += work.absences[leg]
        if total < least:
            least = total
            easiest = k
    if easiest < 0:
        return False
    begin_step(work)
    if data.switches[HAS_LINKS]:
        loosen(data, work, easiest)
    touch(work, easiest)
    for i in range(1, work.heads[easiest, LENGTH] + 1):
        leg = work.stops[work.tours[easiest, i, STOP], LEG]
        if work.where[leg] >= 0:
            take_out(data, work, leg, easiest)
    shorten(data, work, easiest)
    if work.counters[FAILED]:
        _count_absences(work)
        restore(data, work)
        return True
    keep(data, work, change(data, work))
    return True


@borrowing
def _absences(work: Work) -> tuple[int, int]:
    """Sum up the counters of the legs left out before this step, and of those left out now."""
    before = 0
    now = 0
    for q in range(work.counters[ABSENT]):
        leg = work.absent[0, q]
        before += work.absences[leg]
        if work.where[leg] < 0:
            now += work.absences[leg]
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        if work.where[leg] < 0 and work.absent[1, leg] < 0:
            now += work.absences[leg]
    return before, now


@borrowing
def _count_absences(work: Work) -> None:
    for q in range(work.counters[LISTED]):
        leg = work.listed[0, q]
        if work.where[leg] < 0:
            work.absences[leg] += 1


@borrowing
def reduce(
    data: Data, work: Work, steps: int, temperature: float, blink: float, allowed: int
) -> None:
    """Take so many steps towards fewer tours; `allowed` legs may be left out in the end."""
    average = 1.0
    taken = 0
    for step in range(steps):
        if work.counters[ABSENT] <= allowed and not dissolve(data, work):
            break
        taken += 1
        begin_step(work)
        if step % 64 == 0:
            average = legs_in_a_tour(data, work)
        ruin(data, work, average)
        call_absents(data, work, ABSENTS)
        arrange(data, work)
        recreate(data, work, blink, 1)
        before, now = _absences(work)
        _count_absences(work)
        extra = change(data, work)
        is_kept = now < before or (
            now == before
            and (extra <= 0 or extra < -temperature * math.log(draw(work.random) + 1e-300))
        )
        if is_kept and work.counters[FAILED] == 0:
            keep(data, work, extra)
            if work.counters[CURRENT] < work.counters[BEST]:
                remember(work)
        else:
            restore(data, work)
    work.counters[ITERATIONS] += taken
