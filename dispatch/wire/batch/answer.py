"""A plan as the answer to a request."""

from collections import Counter
from collections.abc import Sequence

from dispatch.solver.costs import CostKind, left_out_terms, places_of, tour_terms
from dispatch.solver.plan import Action, Plan, PlannedTour, StoppedBy
from dispatch.solver.problem import Problem
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire import scalars
from dispatch.wire.batch.reader import money
from dispatch.wire.batch.request import Batch

_STOPPED_BY = {
    StoppedBy.DONE: "DONE",
    StoppedBy.ITERATION_LIMIT: "ITERATION_LIMIT",
    StoppedBy.SOLUTION_LIMIT: "SOLUTION_LIMIT",
    StoppedBy.STEP_LIMIT: "STEP_LIMIT",
    StoppedBy.PROGRESS: "TIME_LIMIT",
}


def answer(
    batch: Batch, problem: Problem, plan: Plan, currency: str, notes: Sequence[str] = ()
) -> pb.SolveBatchResponse:
    """Write a plan.

    Parameters
    ----------
    problem
        What was solved, locks included.
    notes
        What is to be said before the plan's own notes.
    """
    message = pb.SolveBatchResponse(
        cost=money(plan.cost, currency),
        stopped_by=_STOPPED_BY[plan.stopped_by],
        notes=[*notes, *plan.notes],
        digest=problem.digest(),
        engine=plan.engine,
        iterations=plan.iterations,
        start_time=scalars.timestamp(batch.start),
        unassigned=[
            pb.BatchUnassigned(leg=batch.legs[entry.leg], reason_codes=[entry.reason.value])
            for entry in plan.unassigned
        ],
    )
    total = left_out_terms(problem, plan)
    for tour in plan.tours:
        terms = tour_terms(problem, tour)
        message.tours.append(_tour(batch, problem, tour, terms, currency))
        total.update(terms)
    message.cost_terms.extend(
        pb.BatchCostTerm(kind=kind.name, cost=money(total[kind], currency))
        for kind in CostKind
        if total[kind]
    )
    return message


def _tour(
    batch: Batch, problem: Problem, tour: PlannedTour, terms: Counter[CostKind], currency: str
) -> pb.BatchTour:
    message = pb.BatchTour(
        courier=batch.couriers[tour.courier],
        start_time=scalars.timestamp(batch.start + tour.departs_at),
        end_time=scalars.timestamp(batch.start + tour.ends_at),
        cost=money(terms.total(), currency),
    )
    for stop, place in zip(tour.stops, places_of(problem, tour), strict=True):
        is_pickup = stop.action is Action.PICKUP
        message.stops.append(
            pb.BatchStop(
                leg=batch.legs[stop.leg],
                action=stop.action.name,
                option=0 if is_pickup else stop.option - batch.firsts[stop.leg],
                place=place if place >= 0 else None,
                arrival_time=scalars.timestamp(batch.start + stop.arrives_at),
                start_time=scalars.timestamp(batch.start + stop.starts_at),
                end_time=scalars.timestamp(batch.start + stop.leaves_at),
            )
        )
    return message
