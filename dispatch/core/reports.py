"""What a phone's report is about: the stop and the action that it means, if it means one."""

from dispatch.core.draft import Draft
from dispatch.core.errors import Fault, InvalidTransition, InvalidValue
from dispatch.core.evidence import is_at
from dispatch.core.handover import CLOCK_SKEW_S
from dispatch.core.messages import StopReport
from dispatch.core.model import Stop, StopAction, StopState, Tour, TourState
from dispatch.core.zone import replace


def placed(draft: Draft, tour: Tour, report: StopReport) -> StopReport:
    """Return a report with the stop where its action is now, or of an arrival where the phone is.

    A phone numbers the stops as it last saw them; rungs of a ladder may have come between since.
    """
    planned = set(tour.itinerary.legs)
    added_count = 0
    for index, stop in enumerate(tour.stops):
        is_known = index - added_count <= report.stop <= index
        if is_known and _is_about(draft, report, stop):
            return replace(report, stop=index)
        added_count += planned.isdisjoint(action.leg for action in stop.actions)
    return report


def _is_about(draft: Draft, report: StopReport, stop: Stop) -> bool:
    if not report.leg:
        return is_at(draft, stop, report.evidence)
    return any(
        action.leg == report.leg and report.action in {None, action.kind} for action in stop.actions
    )


def action_of(draft: Draft, tour: Tour, report: StopReport) -> StopAction | None:
    """Return the action that the report is about; None for an arrival or a departure alone."""
    if tour.state not in {TourState.COMMITTED, TourState.ACTIVE}:
        msg = f"tour {tour.id} is {tour.state}"
        raise InvalidTransition(msg, subject=tour.id)
    if report.at > draft.now + CLOCK_SKEW_S:
        raise InvalidValue([Fault("event_time", "lies in the future")], subject=tour.id)
    if report.at < tour.accepted_at - CLOCK_SKEW_S:
        problem = "lies before the tour was accepted"
        raise InvalidValue([Fault("event_time", problem)], subject=tour.id)
    if not 0 <= report.stop < len(tour.stops):
        problem = f"{report.stop} is no stop of this tour; it has {len(tour.stops)}"
        raise InvalidValue([Fault("stop", problem)], subject=tour.id)
    if not report.leg:
        return None
    taken: StopAction | None = None
    for action in tour.stops[report.stop].actions:
        if action.leg == report.leg and report.action in {None, action.kind}:
            if action.state is StopState.PENDING:
                return action
            taken = action
    if taken is not None:
        msg = f"{taken.kind} of {taken.leg} is {taken.state} already"
        raise InvalidTransition(msg, subject=tour.id)
    problem = f"{report.leg!r} has no such action at stop {report.stop}"
    raise InvalidValue([Fault("leg", problem)], subject=tour.id)
