"""What a phone's report is about: the stop and the action that it means, if it means one."""

from collections.abc import Iterator

from dispatch.core.draft import Draft
from dispatch.core.errors import Fault, InvalidTransition, InvalidValue
from dispatch.core.evidence import is_at
from dispatch.core.handover import CLOCK_SKEW_S
from dispatch.core.messages import StopReport
from dispatch.core.model import Place, Purpose, Stop, StopAction, StopState, Tour, TourState
from dispatch.core.zone import replace


def each(report: StopReport) -> Iterator[StopReport]:
    """Yield a report for each parcel that one confirmation is about."""
    yield replace(report, legs=())
    for leg in report.legs:
        yield replace(report, id=f"{report.id}+{leg}", leg=leg, legs=())


def check_together(draft: Draft, tour: Tour, report: StopReport) -> None:
    """Raise `InvalidValue` unless one confirmation may stand for all parcels of a report.

    They are done at one stop: picked up or put in at one counter, or handed over at one door. Two
    doors of one entrance have two recipients.
    """
    if not report.legs:
        return
    faults = []
    if not report.leg or report.action is None:
        faults.append(Fault("leg", "is required with further legs, and what was done with it"))
    legs = (report.leg, *report.legs)
    if len(set(legs)) < len(legs):
        faults.append(Fault("legs", "names a leg twice"))
    doors = {_door(draft, stop, leg) for leg in legs for stop in _stops_of(tour, report, leg)}
    if len(doors) > 1:
        faults.append(Fault("legs", "lie at other doors: confirm each door by itself"))
    faults += [
        Fault("legs", f"{leg!r} has no such action on this tour")
        for leg in legs
        if leg not in draft.state.legs or not _stops_of(tour, report, leg)
    ]
    if faults:
        raise InvalidValue(faults, subject=tour.id)


def _stops_of(tour: Tour, report: StopReport, leg: str) -> list[Stop]:
    return [
        stop
        for stop in tour.stops
        if any(action.leg == leg and action.kind is report.action for action in stop.actions)
    ]


def _door(draft: Draft, stop: Stop, leg: str) -> str | Place:
    """Return what two parcels for one door, or of one counter, have in common.

    Before a gate everybody's recipient stands at one place.
    """
    place = stop.place_of(leg)
    if any(its.leg == leg and its.purpose is Purpose.GATE for its in stop.actions):
        parcel = draft.state.parcel(draft.state.leg(leg).parcel)
        return parcel.dropoff.door_key or parcel.id
    return place.door_key or place.hub or place


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
