"""What couriers report from their stops, and who holds a parcel after it.

A parcel has one custodian at every moment: sender or hub, then the courier, then the
recipient or the origin again. Each change is one event, caused by one report.
"""

from typing import Any

from dispatch.core import absence, hubs, offers, pay
from dispatch.core.draft import Draft
from dispatch.core.errors import Fault, HubClosed, InvalidTransition, InvalidValue
from dispatch.core.messages import (
    AttemptFailed,
    ParcelBroughtBack,
    ParcelDelivered,
    ParcelPickedUp,
    PickupFailed,
    RecordStop,
    StartTour,
    StopArrived,
    StopReport,
    StopReported,
    TourCompleted,
    TourStarted,
)
from dispatch.core.model import (
    ActionKind,
    Instant,
    Leg,
    LegKind,
    LegState,
    ParcelState,
    Place,
    Stop,
    StopAction,
    StopState,
    Tour,
    TourState,
    straight_line_m,
)

CLOCK_SKEW_S = 120
"""How far a phone's clock may run ahead or behind."""


def start(draft: Draft, command: StartTour) -> None:
    """Note that the courier has set out."""
    tour = offers.own_tour(draft.state, command.courier, command.tour, version=command.version)
    if tour.state is not TourState.COMMITTED:
        msg = f"tour {tour.id} is {tour.state}, not COMMITTED"
        raise InvalidTransition(msg, subject=tour.id)
    draft.tell(TourStarted(at=draft.now, courier=tour.courier, tour=tour.id, happened_at=draft.now))


def record(draft: Draft, command: RecordStop) -> None:
    """Take one report; a report that was taken before changes nothing."""
    tour = offers.own_tour(draft.state, command.courier, command.tour)
    report = command.report
    if f"{tour.id}/{report.id}" in draft.state.reports:
        return
    action = _check(draft, tour, report)
    if tour.state is TourState.COMMITTED:
        draft.tell(
            TourStarted(at=draft.now, courier=tour.courier, tour=tour.id, happened_at=report.at)
        )
    if not report.departs and not tour.stops[report.stop].arrived_at:
        draft.tell(
            StopArrived(
                at=draft.now,
                courier=tour.courier,
                tour=tour.id,
                stop=report.stop,
                happened_at=report.at,
            )
        )
    if action is not None:
        leg = draft.state.leg(action.leg)
        if action.kind is ActionKind.PICKUP:
            _pick_up(draft, tour, leg, report)
        elif leg.kind is LegKind.RETURN:
            _bring_back(draft, tour, leg, report)
        else:
            _drop_off(draft, tour, leg, report)
    draft.tell(StopReported(at=draft.now, courier=tour.courier, tour=tour.id, report=report.id))
    complete_if_done(draft, tour.id, report.at)


def _check(draft: Draft, tour: Tour, report: StopReport) -> StopAction | None:
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
    for action in tour.stops[report.stop].actions:
        if action.leg == report.leg and report.action in {None, action.kind}:
            if action.state is not StopState.PENDING:
                msg = f"{action.kind} of {action.leg} is {action.state} already"
                raise InvalidTransition(msg, subject=tour.id)
            return action
    problem = f"{report.leg!r} has no such action at stop {report.stop}"
    raise InvalidValue([Fault("leg", problem)], subject=tour.id)


def _scan(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> dict[str, Any]:
    """Return the fields that all events of one reported action share."""
    return {
        "at": draft.now,
        "parcel": leg.parcel,
        "leg": leg.id,
        "courier": tour.courier,
        "tour": tour.id,
        "happened_at": report.at,
    }


def _pick_up(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    if report.failure is not None:
        draft.tell(PickupFailed(**_scan(draft, tour, leg, report), failure=report.failure))
        return
    hub = draft.state.hubs.get(leg.pickup.hub)
    if not hubs.is_open(hub, report.at):
        msg = f"hub {leg.pickup.hub} is closed"
        raise HubClosed(msg, subject=f"hubs/{leg.pickup.hub}")
    draft.tell(ParcelPickedUp(**_scan(draft, tour, leg, report)))


def _drop_off(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    if leg.state is not LegState.ACTIVE:
        msg = f"leg {leg.id} is {leg.state}: it has not been picked up"
        raise InvalidTransition(msg, subject=leg.id)
    courier = draft.state.courier(tour.courier)
    if report.failure is None:
        draft.tell(ParcelDelivered(**_scan(draft, tour, leg, report)))
    else:
        draft.tell(AttemptFailed(**_scan(draft, tour, leg, report), failure=report.failure))
        parcel = draft.state.parcel(leg.parcel)
        again = absence.may_try_again(parcel, draft.state.policy, draft.now)
        absence.plan_return(draft, parcel, tour, final=not again, reason=report.failure.value)
    pay.post_parcel(draft, courier, leg.parcel)


def _bring_back(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    if report.failure is not None:
        msg = f"leg {leg.id} brings a parcel back; that cannot fail, only wait"
        raise InvalidTransition(msg, subject=leg.id)
    parcel = draft.state.parcel(leg.parcel)
    final = parcel.state is ParcelState.RETURNING
    next_leg = None if final else absence.next_attempt(parcel, draft.state.policy, draft.now)
    draft.tell(
        ParcelBroughtBack(
            **_scan(draft, tour, leg, report),
            custodian=absence.origin_of(parcel),
            next_leg=next_leg,
        )
    )


def complete_if_done(draft: Draft, tour_id: str, happened_at: Instant) -> None:
    """End a tour that has no action left, and pay for its detour."""
    tour = draft.state.tour(tour_id)
    if tour.state is TourState.COMPLETED or not offers.is_done(tour):
        return
    courier = draft.state.courier(tour.courier)
    visited = [stop for stop in tour.stops if stop.arrived_at]
    itinerary = tour.itinerary
    place, return_s, return_m = _way_back(draft, tour, visited)
    free_at = happened_at + return_s
    draft.tell(
        TourCompleted(
            at=draft.now,
            courier=courier.id,
            tour=tour.id,
            kind=courier.kind,
            happened_at=happened_at,
            place=place,
            free_at=free_at,
            away_s=max(0, free_at - (tour.started_at or happened_at)),
            distance_m=sum(stop.distance_m for stop in visited) + return_m,
        )
    )
    earned = any(
        action.state in {StopState.COMPLETED, StopState.FAILED}
        for stop in visited
        for action in stop.actions
    )
    if earned and itinerary.detour_s > 0:
        pay.post_detour(draft, courier, tour)


def _way_back(draft: Draft, tour: Tour, visited: list[Stop]) -> tuple[Place, int, int]:
    """Return where the courier ends, and the seconds and metres to get there."""
    itinerary = tour.itinerary
    if not visited:
        return itinerary.start, 0, 0
    last = visited[-1].place
    if itinerary.end is None:
        return last, 0, 0
    if last == _planned_last(itinerary.legs, tour):
        return itinerary.end, itinerary.return_s, itinerary.return_m
    courier = draft.state.courier(tour.courier)
    return_s, return_m = draft.state.policy.estimate(
        courier.mode, straight_line_m(last, itinerary.end)
    )
    return itinerary.end, return_s, return_m


def _planned_last(legs: tuple[str, ...], tour: Tour) -> Place:
    """Return the last stop that the plan had, returns that were added later left out."""
    planned = [stop for stop in tour.stops if any(action.leg in legs for action in stop.actions)]
    return planned[-1].place
