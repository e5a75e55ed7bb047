"""Ruin, recreate and exchange, under simulated annealing.

A step touches few tours: they are remembered, and restored where the step is not kept.
"""

import math

from dispatch.solver.kernel.columns import BEST, CURRENT, FAILED, IS_POOLING, ITERATIONS
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.exchange import exchange
from dispatch.solver.kernel.insertion import draw
from dispatch.solver.kernel.pool import collect
from dispatch.solver.kernel.recreate import ABSENTS, arrange, call_absents, recreate
from dispatch.solver.kernel.ruin import legs_in_a_tour, ruin
from dispatch.solver.kernel.steps import begin_step, change, keep, remember, restore
from dispatch.solver.kernel.tables import Data, Work


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
def anneal(
    data: Data, work: Work, steps: int, hot: float, cold: float, blink: float, exchanges: int
) -> None:
    """Take so many steps, cooling from `hot` to `cold` (both in units of cost)."""
    cooling = (cold / hot) ** (1.0 / max(steps, 1))
    temperature = hot
    average = 1.0
    for step in range(steps):
        temperature *= cooling
        for _ in range(exchanges):
            exchange(data, work, temperature)
        begin_step(work)
        if step % 64 == 0:
            average = legs_in_a_tour(data, work)
        ruin(data, work, average)
        call_absents(data, work, ABSENTS)
        arrange(data, work)
        recreate(data, work, blink, 0)
        extra = change(data, work)
        if work.counters[IS_POOLING] and work.counters[FAILED] == 0:
            # Also what is undone: each of its tours may be good beside others.
            collect(data, work)
        if work.counters[FAILED] == 0 and (
            extra <= 0 or extra < -temperature * math.log(draw(work.random) + 1e-300)
        ):
            keep(data, work, extra)
            if work.counters[CURRENT] < work.counters[BEST]:
                remember(work)
        else:
            restore(data, work)
    work.counters[ITERATIONS] += steps
