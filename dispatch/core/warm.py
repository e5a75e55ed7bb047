"""The last plan as the start of the next: its tours by name, and by the next problem's numbers.

From one epoch to the next most legs and couriers stay, but their numbers do not. A search that
starts from the old tours has to place only what is new. Nothing is timed or checked here: what
does not hold any more (a courier who has moved on, a promise that has passed) the search notices
and plans anew.
"""

import msgspec
import numpy as np

from dispatch.core.epoch import Epoch
from dispatch.core.model import Instant
from dispatch.solver.plan import Action, Plan, PlannedStop, PlannedTour, Reason, Unassigned
from dispatch.solver.problem import Problem

ENGINE = "warm"


class KeptStop(msgspec.Struct, frozen=True):
    """A stop by name; ``option`` counts from the leg's first, -1 at a pickup."""

    leg: str
    action: Action
    option: int
    starts_at: Instant = 0


class KeptTour(msgspec.Struct, frozen=True):
    """A tour by name."""

    courier: str
    stops: tuple[KeptStop, ...]


class KeptPlan(msgspec.Struct, frozen=True):
    """A plan by name.

    Attributes
    ----------
    digest
        Of its problem: with this, the log says from what the next plan started.
    """

    digest: str
    tours: tuple[KeptTour, ...]


def kept(epoch: Epoch, plan: Plan) -> KeptPlan:
    """Return what the next epoch can use of a plan."""
    first = _first_options(epoch.problem)
    return KeptPlan(
        epoch.problem.digest(),
        tuple(
            KeptTour(
                epoch.couriers[tour.courier].id,
                tuple(
                    KeptStop(
                        epoch.legs[stop.leg].id,
                        stop.action,
                        stop.option - first[stop.leg] if stop.option >= 0 else -1,
                        epoch.now + stop.starts_at,
                    )
                    for stop in tour.stops
                ),
            )
            for tour in plan.tours
        ),
    )


def started_from(last: KeptPlan, epoch: Epoch) -> Plan | None:
    """Return those parts of the last plan that can be named in an epoch's problem.

    Legs that are gone, or that their courier has declined since, are taken out of their tours.

    Returns
    -------
    Plan or None
        A plan without times or cost, good for a warm start alone; None where nothing is left.
    """
    problem = epoch.problem
    couriers = {courier.id: index for index, courier in enumerate(epoch.couriers)}
    legs = {leg.id: index for index, leg in enumerate(epoch.legs)}
    tours: list[PlannedTour] = []
    for tour in last.tours:
        courier = couriers.get(tour.courier, -1)
        if courier < 0:
            continue
        stops = tuple(
            _stop(legs[stop.leg], stop, problem)
            for stop in tour.stops
            if stop.leg in legs and courier not in problem.barred.row(legs[stop.leg])
        )
        if stops:
            tours.append(PlannedTour(courier, 0, 0, stops))
    if not tours:
        return None
    tours.sort(key=lambda tour: tour.courier)
    served = {stop.leg for tour in tours for stop in tour.stops}
    return Plan(
        tours=tuple(tours),
        unassigned=tuple(
            Unassigned(leg, Reason.SEARCH_LIMIT)
            for leg in range(problem.leg_count)
            if leg not in served
        ),
        cost=0,
        engine=ENGINE,
    )


def _stop(leg: int, stop: KeptStop, problem: Problem) -> PlannedStop:
    """Return a kept stop by numbers; a choice that is gone is any other of the leg's."""
    options = problem.options_of(leg)
    option = options[min(stop.option, len(options) - 1)] if stop.option >= 0 else -1
    return PlannedStop(leg, stop.action, option, 0, 0, 0)


def _first_options(problem: Problem) -> list[int]:
    """Return (L,) the first option of each leg."""
    first: list[int] = np.searchsorted(problem.option_leg, np.arange(problem.leg_count)).tolist()
    return first
