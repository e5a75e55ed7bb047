"""What couriers report from their stops, and who holds a parcel after it.

A parcel has one custodian at every moment: sender or hub, then couriers and hubs, then the
recipient or the origin again. Each change is one event; how two scans make it stands in
`dispatch.core.handover`. Reports may come late, doubled or in another order.
"""

from typing import Any

from dispatch.core import absence, handover, hubs, ladder, lateness, offers, pay, posts, reports
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    DispatchError,
    InvalidTransition,
)
from dispatch.core.evidence import (
    check_attempt,
    check_code,
    check_fence,
    check_tag,
    distance_m,
    is_at,
    purpose_of,
)
from dispatch.core.keeping import HalfScan, Side
from dispatch.core.messages import (
    AttemptFailed,
    ContactRecipient,
    ParcelCancelled,
    ParcelDelivered,
    PickupFailed,
    RecipientContacted,
    RecordStop,
    ReportKept,
    StartTour,
    StopArrived,
    StopReport,
    StopReported,
    TourCompleted,
    TourStarted,
)
from dispatch.core.model import (
    ActionKind,
    FailureCode,
    Instant,
    Leg,
    LegKind,
    LegState,
    Parcel,
    ParcelState,
    Place,
    Purpose,
    Stop,
    StopAction,
    StopState,
    Tour,
    TourState,
    straight_line_m,
)

TO_A_DOOR = frozenset({Purpose.DOOR, Purpose.GATE, Purpose.PERSON, Purpose.SAFE_PLACE})
TO_THE_RECIPIENT = frozenset({Purpose.DOOR, Purpose.GATE})


def start(draft: Draft, command: StartTour) -> None:
    """Note that the courier has set out."""
    tour = offers.own_tour(draft.state, command.courier, command.tour, version=command.version)
    if tour.state is not TourState.COMMITTED:
        msg = f"tour {tour.id} is {tour.state}, not COMMITTED"
        raise InvalidTransition(msg, subject=tour.id)
    posts.check_may_leave(draft.state, tour.courier, draft.now)
    draft.tell(TourStarted(at=draft.now, courier=tour.courier, tour=tour.id, happened_at=draft.now))


def record(draft: Draft, command: RecordStop) -> None:
    """Take one report; a report that was taken before changes nothing."""
    tour = offers.own_tour(draft.state, command.courier, command.tour)
    reports.check_together(draft, tour, command.report)
    for report in reports.each(command.report):
        _record(draft, draft.state.tour(tour.id), report)


def _record(draft: Draft, tour: Tour, report: StopReport) -> None:
    kept = draft.state.kept_reports.get(tour.id, ())
    if f"{tour.id}/{report.id}" in draft.state.reports or report.id in {its.id for its in kept}:
        return
    report = reports.placed(draft, tour, report)
    action = reports.action_of(draft, tour, report)
    if action is not None and _is_early(draft, action):
        draft.tell(ReportKept(at=draft.now, courier=tour.courier, tour=tour.id, kept=report))
        return
    _take(draft, tour, report, action)
    if action is not None and action.kind is ActionKind.PICKUP:
        _take_kept(draft, tour.id, action.leg)
    lateness.foresee(draft, tour.id)
    complete_if_done(draft, tour.id, report.at)


def _is_early(draft: Draft, action: StopAction) -> bool:
    """Whether a drop-off was reported whose pickup has not been heard of yet."""
    return (
        action.kind is ActionKind.DROPOFF and draft.state.leg(action.leg).state is LegState.ASSIGNED
    )


def _take(draft: Draft, tour: Tour, report: StopReport, action: StopAction | None) -> None:
    if tour.state is TourState.COMMITTED:
        posts.check_may_leave(draft.state, tour.courier, draft.now)
        draft.tell(
            TourStarted(at=draft.now, courier=tour.courier, tour=tour.id, happened_at=report.at)
        )
    is_outside = report.failure is FailureCode.NO_ACCESS and report.action is not ActionKind.PICKUP
    comes = not report.departs and not is_outside
    if comes and not tour.stops[report.stop].arrived_at:
        stop = tour.stops[report.stop]
        if not is_at(draft, stop, report.evidence):
            check_fence(draft, stop.place, report.evidence)
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
        _act(draft, tour, draft.state.leg(action.leg), report, action)
    draft.tell(StopReported(at=draft.now, courier=tour.courier, tour=tour.id, report=report.id))


def _act(draft: Draft, tour: Tour, leg: Leg, report: StopReport, action: StopAction) -> None:
    if action.kind is ActionKind.PICKUP:
        _pick_up(draft, tour, leg, report)
        return
    if leg.state is not LegState.ACTIVE:
        msg = f"leg {leg.id} is {leg.state}: it has not been picked up"
        raise InvalidTransition(msg, subject=leg.id)
    parcel = draft.state.parcel(leg.parcel)
    handover.check_holds(parcel, handover.of_courier(tour.courier))
    handover.check_order(parcel, report.at)
    if leg.kind is LegKind.RETURN:
        _bring_back(draft, tour, leg, report)
    elif report.failure is not None:
        _fail(draft, tour, leg, report)
    elif leg.purpose in hubs.CONTRACT_FOR:
        _put_in(draft, tour, leg, report)
    else:
        _deliver(draft, tour, leg, report)


def _take_kept(draft: Draft, tour_id: str, leg: str) -> None:
    """Take what was reported about a leg before its pickup was."""
    for report in draft.state.kept_reports.get(tour_id, ()):
        tour = draft.state.tour(tour_id)
        if report.leg != leg or draft.state.leg(leg).state is not LegState.ACTIVE:
            continue
        later = Draft(draft.state, now=draft.now, command_id=draft.mint("k"))
        try:
            placed = reports.placed(draft, tour, report)
            _take(later, tour, placed, reports.action_of(later, tour, placed))
        except DispatchError:
            # What it told does not hold: the phone is asked again by the open action.
            told = {"courier": tour.courier, "tour": tour.id, "report": report.id}
            draft.tell(StopReported(at=draft.now, **told))
            continue
        for event in later.events:
            draft.tell(event)


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


def _half(tour: Tour, report: StopReport, **hands: Any) -> HalfScan:  # noqa: ANN401
    return HalfScan(actor=f"couriers/{tour.courier}", at=report.at, **hands)


def _pick_up(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    parcel = draft.state.parcel(leg.parcel)
    if report.failure is not None:
        hubs.let_go(draft, leg, report.failure.value)
        draft.tell(PickupFailed(**_scan(draft, tour, leg, report), failure=report.failure))
        if report.failure is FailureCode.DAMAGED:
            _keep_damaged(draft, parcel)
        return
    check_fence(draft, tour.stops[report.stop].place, report.evidence)
    taker = handover.of_courier(tour.courier)
    half = _half(tour, report, giver=parcel.custodian, taker=taker, side=Side.TAKER)
    handover.pick_up(draft, tour, leg, half)


def _keep_damaged(draft: Draft, parcel: Parcel) -> None:
    """Stop a parcel that is damaged before its courier takes it."""
    why = FailureCode.DAMAGED.value
    if absence.is_at_origin(parcel):
        draft.tell(ParcelCancelled(at=draft.now, parcel=parcel.id, reason=why))
    elif parcel.state is not ParcelState.RETURNING:
        absence.release_return(draft, draft.state.parcel(parcel.id), why)


def _deliver(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    evidence = report.evidence
    place = tour.stops[report.stop].place_of(leg.id)
    check_code(draft, leg, evidence)
    check_fence(draft, place, evidence)
    if leg.purpose is Purpose.DOOR:
        check_tag(draft, tour.courier, place, evidence)
    draft.tell(
        ParcelDelivered(
            **_scan(draft, tour, leg, report),
            purpose=purpose_of(draft, leg, evidence),
            proofs=evidence.proofs,
            receiver=evidence.receiver,
        )
    )
    _pay(draft, tour, leg)


def _put_in(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    check_fence(draft, tour.stops[report.stop].place, report.evidence)
    hub = draft.state.hub(leg.dropoff.hub)
    giver = handover.of_courier(tour.courier)
    half = _half(tour, report, giver=giver, taker=handover.of_hub(hub.id), side=Side.GIVER)
    if handover.put_in(draft, leg, hub, half):
        _pay(draft, tour, leg)


def _fail(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    failure = report.failure
    assert failure is not None  # noqa: S101 - the caller has looked
    override = check_attempt(draft, tour, leg, report)
    place = tour.stops[report.stop].place_of(leg.id)
    # One visit is one attempt: the rungs below the door belong to it.
    counts = failure not in ladder.NOT_AN_ATTEMPT and leg.purpose in TO_THE_RECIPIENT
    draft.tell(
        AttemptFailed(
            **_scan(draft, tour, leg, report),
            failure=failure,
            counts=counts,
            distance_m=distance_m(report.evidence, place),
            override=override,
        )
    )
    parcel = draft.state.parcel(leg.parcel)
    absence.plan_next(draft, parcel, tour, leg, failure, at_stop=report.stop)
    if failure not in ladder.NOT_AN_ATTEMPT:
        _pay(draft, tour, leg)


def _pay(draft: Draft, tour: Tour, leg: Leg) -> None:
    pay.post_parcel(draft, draft.state.courier(tour.courier), leg.parcel, tour)


def _bring_back(draft: Draft, tour: Tour, leg: Leg, report: StopReport) -> None:
    if report.failure is not None:
        msg = f"leg {leg.id} brings a parcel back; that cannot fail, only wait"
        raise InvalidTransition(msg, subject=leg.id)
    parcel = draft.state.parcel(leg.parcel)
    if parcel.origin_hub:
        _put_in(draft, tour, leg, report)
        return
    check_fence(draft, tour.stops[report.stop].place, report.evidence)
    told = _scan(draft, tour, leg, report)
    draft.tell(handover.brought_back(draft, parcel, told.pop("courier"), **told))
    _pay(draft, tour, leg)


def contact(draft: Draft, command: ContactRecipient) -> None:
    """Note that a courier lets a recipient know of being at the door."""
    tour = offers.own_tour(draft.state, command.courier, command.tour)
    leg = draft.state.leg(command.leg)
    is_on_the_way = leg.courier == tour.courier and leg.state is LegState.ACTIVE
    if not is_on_the_way or leg.purpose not in TO_A_DOOR:
        msg = f"leg {leg.id} is not on its way with {tour.courier} to a door"
        raise InvalidTransition(msg, subject=leg.id)
    since_s = draft.now - draft.state.parcel(leg.parcel).contacted_at
    if since_s < draft.state.policy.absent_wait_s:
        # Once is enough for this wait: nobody's phone rings without end.
        return
    told = {"courier": tour.courier, "tour": tour.id}
    draft.tell(RecipientContacted(at=draft.now, parcel=leg.parcel, **told))


def settle(draft: Draft, tour_id: str, leg: Leg, at: Instant) -> None:
    """Pay for a drop-off that the other side's scan has completed, and end the tour if done."""
    _pay(draft, draft.state.tour(tour_id), leg)
    complete_if_done(draft, tour_id, at)


def settle_pickup(draft: Draft, tour_id: str, leg: str, at: Instant) -> None:
    """Take what was reported before a pickup that the other side's scan has completed."""
    _take_kept(draft, tour_id, leg)
    complete_if_done(draft, tour_id, at)


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
    if earned and itinerary.detour_s > 0 and not tour.is_reopened:
        pay.post_detour(draft, courier, tour)


def _way_back(draft: Draft, tour: Tour, visited: list[Stop]) -> tuple[Place, int, int]:
    """Return where the courier ends, and the seconds and metres to get there."""
    itinerary = tour.itinerary
    if not visited:
        return itinerary.start, 0, 0
    last = visited[-1].place_of(visited[-1].actions[-1].leg)
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
    last = planned[-1]
    return last.place_of(last.actions[-1].leg)
