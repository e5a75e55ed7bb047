"""From the state to a `Problem`, and from its `Plan` back to itineraries.

The only bridge between the rules and the solver. Only legs that somebody on duty could reach
before they close enter the problem, soonest due first; with nobody on duty nothing is
computed. Tick 0 of the problem is the moment of planning.
"""

from collections.abc import Container, Sequence

import numpy as np
from numpy.typing import NDArray

from dispatch.core.arrays import Places, TravelTimes, arrays_of
from dispatch.core.candidates import (
    Load,
    any_choice,
    barred_of,
    carriers_of,
    chosen_of,
    enters_of,
    loads_of,
    onward,
    reach_of,
    replan_at,
    with_gates,
)
from dispatch.core.gates import CompanyWord, Gates
from dispatch.core.itineraries import Epoch, itinerary_of, offerable
from dispatch.core.judging import Explained
from dispatch.core.messages import CommitPlan
from dispatch.core.model import Instant, Purpose
from dispatch.core.state import State
from dispatch.solver.plan import Plan, Reason
from dispatch.solver.ways import Ways

__all__ = ["Epoch", "TravelTimes", "commit_of", "problem_of"]


def problem_of(
    state: State,
    times: TravelTimes,
    now: Instant,
    drafts: Sequence[Load] = (),
    also: Container[str] = (),
) -> Epoch | None:
    """Return the problem of the epoch that closes now; None where there is nothing to decide.

    Parameters
    ----------
    times
        Asked once for each pair of mode and way of climbing among the couriers, for the
        streets and gates as they are now.
    drafts
        What is not handed in yet and is to be looked at before all that waits.
    also
        Legs that are in the problem even where nobody could have them.
    """
    carriers = carriers_of(state, now)
    loads = [*drafts, *loads_of(state, now)] if carriers else []
    if not loads:
        return None
    if state.closures:
        times = times.closed([state.closures[key] for key in sorted(state.closures)])
    gates = Gates(times, state.hubs, state.policy, now, CompanyWord.of(state))
    loads = with_gates(loads, carriers, gates, state.policy)
    by_choice = reach_of(carriers, loads, state.policy, now), enters_of(carriers, loads, gates)
    reach, enters = (any_choice(loads, its) for its in by_choice)
    able = any_choice(loads, by_choice[0] & by_choice[1])
    may = able & ~barred_of(carriers, loads)
    to_gate = np.array([its.purpose is Purpose.GATE for load in loads for its in load.choices])
    inside = any_choice(loads, by_choice[0] & by_choice[1] & ~to_gate)
    may[:, [load.is_shut_out for load in loads]] = False
    left_out = tuple(
        (load.leg.id, _why(load, near, let_in, both, now))
        for load, near, let_in, both, ok in zip(
            loads, reach.T, enters.T, able.T, may.T, strict=True
        )
        if not ok.any()
    )
    may |= np.array([load.leg.id in also for load in loads])
    kept = np.flatnonzero(np.any(may, axis=0))[: state.policy.max_legs]
    loads = [loads[i] for i in kept]
    chosen = chosen_of(carriers, loads, may[:, kept], inside[:, kept], state.policy)
    real_count = len(loads)
    following, keepers = onward(state, carriers, loads, now)
    loads += following
    carriers = [carriers[i] for i in sorted({*chosen, *keepers})]
    places = Places()
    return Epoch(
        now=now,
        changes=state.changes,
        problem=arrays_of(state, carriers, loads, places, times, gates, now),
        legs=tuple(load.leg for load in loads),
        couriers=tuple(carrier.courier for carrier in carriers),
        places=tuple(places.all),
        left_out=left_out,
        replan_at=replan_at(
            state, now, is_shut_out=any(why is Reason.PERMIT for _, why in left_out)
        ),
        choices=tuple(choice for load in loads for choice in load.choices),
        real_count=real_count,
    )


def _why(
    load: "Load",
    near: NDArray[np.bool_],
    let_in: NDArray[np.bool_],
    able: NDArray[np.bool_],
    now: Instant,
) -> Reason:
    """Return why nobody can be asked to carry a leg.

    ``near``, ``let_in`` and ``able`` (C,) say who could come in time to one of its places, whom the
    gates let in to one, and who can do both with the same. Where nobody is near any more the gates
    still are the reason if they let nobody in at all.
    """
    if load.is_shut_out:
        return Reason.HUB_FULL
    is_near = bool(near.any())
    if not (able if is_near else let_in).any():
        return Reason.PERMIT
    if is_near:
        return Reason.OFFERS_EXHAUSTED
    return Reason.HOURS if load.pickup_closes_at < now else Reason.NO_COURIER_IN_RANGE


def commit_of(
    epoch: Epoch, plan: Plan, *, warm: str = "", explained: tuple[Explained, ...] = ()
) -> CommitPlan:
    """Return the command that brings a plan into the state.

    Parameters
    ----------
    warm
        Digest of the problem whose plan the search started from; empty for none.
    explained
        What was found out about legs that it leaves out.
    """
    timed = any(plan.progress)
    reasons = [
        (epoch.legs[item.leg].id, item.reason)
        for item in plan.unassigned
        if item.leg < epoch.real_count
    ]
    ways = Ways(epoch.problem)
    return CommitPlan(
        changes=epoch.changes,
        itineraries=tuple(itinerary_of(epoch, tour, ways) for tour in offerable(epoch, plan)),
        reasons=tuple(sorted((leg, why.value) for leg, why in (*reasons, *epoch.left_out))),
        replan_at=epoch.replan_at,
        engine=plan.engine,
        seed=plan.seed,
        digest=epoch.problem.digest(),
        cost=plan.cost,
        stopped_by=plan.stopped_by.value,
        notes=plan.notes,
        warm=warm,
        iterations=plan.iterations,
        threads=plan.threads,
        solution_limit=plan.solution_limit,
        progress=plan.progress if timed else (),
        chunks=plan.chunks if timed else (),
        explained=explained,
    )
