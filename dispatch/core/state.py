"""`evolve`: the only transition table.

What happened to hubs, custody and levers stands in `dispatch.core.kept`, to compounds, posts and
rosters in `dispatch.core.guarded`; all three are the table. `State` itself stands in `zone`.
"""

from collections.abc import Callable, Iterable
from typing import cast

from dispatch.core import guarded, kept, steps
from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.judging import Judgement
from dispatch.core.model import (
    ActionKind,
    Attempt,
    Custodian,
    CustodianKind,
    Holding,
    Instant,
    LegKind,
    LegState,
    OfferState,
    ParcelState,
    Place,
    Purpose,
    StopAction,
    StopState,
    TourState,
)
from dispatch.core.zone import State, replace

__all__ = ["State", "evolve", "fold", "replace"]


def evolve(state: State, event: m.Event) -> State:
    """Return the state after ``event``.

    Raises
    ------
    InvalidTransition
        If the event cannot follow on this state: the log is damaged or a rule is wrong.
    """
    return _TABLE[type(event)](state, event)


def fold(state: State, events: Iterable[m.Event]) -> State:
    """Apply events in order."""
    for event in events:
        state = evolve(state, event)
    return state


# --- one function for each event -------------------------------------------------------


def _policy_adopted(state: State, event: m.PolicyAdopted) -> State:
    state = steps.changed(replace(state, policy=event.policy))
    for parcel in sorted(state.open_parcels):
        state = steps.parcel_timed(state, state.parcels[parcel])
    return state


def _parcel_created(state: State, event: m.ParcelCreated) -> State:
    parcel = event.parcel
    holding = Holding(custodian=parcel.custodian, since=event.at, noted_at=event.at)
    unheld = replace(parcel, custodian=Custodian(kind=CustodianKind.SENDER))
    state = replace(
        state,
        parcels=state.parcels.set(parcel.id, unheld),
        open_parcels=state.open_parcels.set(parcel.id, None),
    )
    state = steps.custody_moved(state, parcel.id, holding)
    if parcel.shipment:
        state = replace(state, shipments=state.shipments.set(parcel.shipment, parcel.id))
    if parcel.announced:
        state = steps.announced_set(state, parcel, is_awaited=True)
    state = steps.leg_added(state, event.leg)
    state = steps.parcel_timed(state, state.parcels[parcel.id])
    return steps.changed(state) if parcel.state is ParcelState.READY else state


def _parcel_ready(state: State, event: m.ParcelReady) -> State:
    return steps.changed(steps.moved(state, event.parcel, ParcelState.READY))


def _parcel_cancelled(state: State, event: m.ParcelCancelled) -> State:
    return _ended_early(state, event.parcel, ParcelState.CANCELLED, event.reason, event.at)


def _parcel_expired(state: State, event: m.ParcelExpired) -> State:
    return _ended_early(state, event.parcel, ParcelState.EXPIRED, event.reason, event.at)


def _ended_early(state: State, parcel: str, to: ParcelState, reason: str, at: Instant) -> State:
    state = steps.leg_dropped(state, state.parcel(parcel).leg, at)
    return steps.changed(steps.moved(state, parcel, to, reason=reason))


def _parcel_picked_up(state: State, event: m.ParcelPickedUp) -> State:
    parcel = state.parcel(event.parcel)
    if parcel.state not in {ParcelState.RETURNING, ParcelState.COLLECTED}:
        state = steps.moved(state, event.parcel, ParcelState.COLLECTED)
    holding = Holding(
        custodian=Custodian(kind=CustodianKind.COURIER, id=event.courier),
        since=event.happened_at,
        noted_at=event.at,
        actor=f"couriers/{event.courier}",
        witness=event.witness,
        single_actor=event.single_actor,
        leg=event.leg,
    )
    state = steps.custody_moved(state, event.parcel, holding)
    state = steps.leg_set(state, event.leg, LegState.ACTIVE, courier=event.courier)
    return steps.actions_marked(
        state, event.tour, event.leg, StopState.COMPLETED, event.happened_at, ActionKind.PICKUP
    )


def _parcel_delivered(state: State, event: m.ParcelDelivered) -> State:
    state = steps.moved(state, event.parcel, ParcelState.DELIVERED, reason="")
    holding = Holding(
        custodian=Custodian(kind=CustodianKind.RECIPIENT),
        since=event.happened_at,
        noted_at=event.at,
        actor=f"couriers/{event.courier}",
        proofs=event.proofs,
        leg=event.leg,
    )
    state = steps.custody_moved(state, event.parcel, holding)
    state = steps.leg_set(state, event.leg, LegState.COMPLETED)
    return steps.actions_marked(
        state, event.tour, event.leg, StopState.COMPLETED, event.happened_at
    )


def _attempt_failed(state: State, event: m.AttemptFailed) -> State:
    attempts = (
        *state.parcel(event.parcel).attempts,
        Attempt(
            at=event.happened_at,
            courier=event.courier,
            failure=event.failure,
            counts=event.counts,
            noted_at=event.at,
        ),
    )
    parcel = state.parcel(event.parcel)
    told = {
        "attempts": attempts,
        "reason": event.failure.value,
        # What needed no evidence anyway has not used it up.
        "override": "" if event.override else parcel.override,
    }
    if parcel.state is ParcelState.ATTEMPT_FAILED:
        state = steps.parcel_set(state, parcel, **told)
    else:
        state = steps.moved(state, event.parcel, ParcelState.ATTEMPT_FAILED, **told)
    state = steps.leg_set(state, event.leg, LegState.FAILED)
    return steps.actions_marked(state, event.tour, event.leg, StopState.FAILED, event.happened_at)


def _pickup_failed(state: State, event: m.PickupFailed) -> State:
    state = steps.actions_marked(
        state, event.tour, event.leg, StopState.FAILED, event.happened_at, ActionKind.PICKUP
    )
    state = steps.actions_marked(state, event.tour, event.leg, StopState.SKIPPED, event.happened_at)
    return steps.changed(steps.released(state, [event.leg], event.at, declined_by=event.courier))


def _return_planned(state: State, event: m.ReturnPlanned) -> State:
    state = steps.half_dropped(state, event.parcel)
    forward = state.leg(state.parcel(event.parcel).leg)
    if forward.state is LegState.ACTIVE:
        state = steps.leg_set(state, forward.id, LegState.CANCELLED)
        state = steps.actions_marked(state, event.tour, forward.id, StopState.SKIPPED, event.at)
    if event.final:
        state = steps.moved(state, event.parcel, ParcelState.RETURNING, reason=event.reason)
    state = steps.leg_added(state, event.leg)
    return steps.stop_added(state, event.tour, event.stop)


def _parcel_brought_back(state: State, event: m.ParcelBroughtBack) -> State:
    state = steps.leg_set(state, event.leg, LegState.COMPLETED)
    state = steps.actions_marked(
        state, event.tour, event.leg, StopState.COMPLETED, event.happened_at
    )
    holding = Holding(
        custodian=event.custodian,
        since=event.happened_at,
        noted_at=event.at,
        actor=event.actor or f"couriers/{event.courier}",
        witness=event.witness,
        single_actor=event.single_actor,
        leg=event.leg,
    )
    state = steps.custody_moved(state, event.parcel, holding)
    if event.next_leg is not None:
        state = steps.leg_added(state, event.next_leg)
        return steps.changed(steps.moved(state, event.parcel, ParcelState.READY))
    if state.parcel(event.parcel).state in steps.WITH_COURIER:
        state = steps.moved(state, event.parcel, ParcelState.RETURNING)
    return steps.moved(state, event.parcel, ParcelState.RETURNED)


def _hub_created(state: State, event: m.HubCreated) -> State:
    return replace(state, hubs=state.hubs.set(event.hub.id, event.hub))


def _courier_created(state: State, event: m.CourierCreated) -> State:
    return replace(state, couriers=state.couriers.set(event.courier.id, event.courier))


def _availability_added(state: State, event: m.AvailabilityAdded) -> State:
    return steps.changed(guarded.rostered(state, event.courier, event.slots))


def _courier_went_online(state: State, event: m.CourierWentOnline) -> State:
    state = guarded.came_online(state, event.courier, event.at)
    return steps.changed(replace(state, online=state.online.set(event.courier, event.place)))


def _courier_went_offline(state: State, event: m.CourierWentOffline) -> State:
    state = guarded.signed_out(state, event.courier)
    return steps.changed(replace(state, online=state.online.delete(event.courier)))


def _plan_made(state: State, event: m.PlanMade) -> State:
    explained = state.explained
    for leg, _ in event.reasons:
        # What was found out was about another reason.
        if leg in explained:
            explained = explained.delete(leg)
    for its in event.explained:
        explained = explained.set(its.leg, Judgement(epoch=event.epoch, at=event.at, explained=its))
    for leg, reason in event.reasons:
        old = state.legs.get(leg)
        if old is not None:
            state = replace(state, legs=state.legs.set(leg, replace(old, reason=reason)))
    for leg, courier in event.planned:
        old = state.legs.get(leg)
        if old is not None:
            since = event.at if courier else 0
            new = replace(old, planned_to=courier, planned_at=since)
            state = replace(state, legs=state.legs.set(leg, new))
    return replace(
        state,
        epoch=event.epoch,
        planned_changes=event.changes,
        replan_at=event.replan_at,
        explained=explained,
    )


def _plan_requested(state: State, _event: m.PlanRequested) -> State:
    return steps.changed(state)


def _dispatch_paused(state: State, _event: m.DispatchPaused) -> State:
    return replace(state, paused=True)


def _dispatch_resumed(state: State, _event: m.DispatchResumed) -> State:
    return steps.changed(replace(state, paused=False))


def _offer_made(state: State, event: m.OfferMade) -> State:
    offer = event.offer
    if offer.courier in state.open_offer or offer.courier in state.live_tour:
        msg = f"courier {offer.courier} already has an offer or a tour"
        raise InvalidTransition(msg, subject=event.subject)
    for leg in offer.itinerary.legs:
        old = state.leg(leg)
        if old.state is not LegState.PLANNED:
            msg = f"leg {leg} is {old.state}, not PLANNED"
            raise InvalidTransition(msg, subject=event.subject)
        state = steps.leg_set(
            state, leg, LegState.OFFERED, courier=offer.courier, offer_count=old.offer_count + 1
        )
    for stop in offer.itinerary.stops:
        for action in stop.actions:
            if action.kind is ActionKind.DROPOFF:
                state = _bound_for(state, action, action.place or stop.place)
    state = replace(
        state,
        offers=state.offers.set(offer.id, offer),
        open_offer=state.open_offer.set(offer.courier, offer.id),
    )
    return steps.scheduled(state, f"o:{offer.id}", offer.expires_at)


def _bound_for(state: State, action: StopAction, place: Place) -> State:
    """Note where a plan takes a leg, and what for."""
    leg = state.legs[action.leg]
    kind = leg.kind
    if kind is not LegKind.RETURN:
        kind = LegKind.RELAY if action.purpose is Purpose.RELAY else LegKind.FORWARD
    bound = replace(leg, kind=kind, dropoff=place, purpose=action.purpose)
    return replace(state, legs=state.legs.set(leg.id, bound))


def _offer_accepted(state: State, event: m.OfferAccepted) -> State:
    tour = event.tour
    state = steps.offer_closed(state, event.offer, OfferState.ACCEPTED, tour=tour.id)
    for leg in tour.itinerary.legs:
        state = steps.leg_set(state, leg, LegState.ASSIGNED)
        parcel = state.parcel(state.leg(leg).parcel)
        if parcel.state is ParcelState.READY:
            state = steps.moved(state, parcel.id, ParcelState.ASSIGNED)
    state = replace(
        state,
        tours=state.tours.set(tour.id, tour),
        live_tour=state.live_tour.set(tour.courier, tour.id),
    )
    return steps.tour_timed(state, tour)


def _offer_declined(state: State, event: m.OfferDeclined) -> State:
    legs = state.offer(event.offer).itinerary.legs
    state = steps.offer_closed(
        state, event.offer, OfferState.DECLINED, decline_reason=event.reason.value
    )
    return steps.changed(steps.released(state, legs, event.at, declined_by=event.courier))


def _offer_expired(state: State, event: m.OfferExpired) -> State:
    legs = state.offer(event.offer).itinerary.legs
    state = steps.offer_closed(state, event.offer, OfferState.EXPIRED)
    state = replace(state, cooldown=state.cooldown.set(event.courier, event.cooldown_until))
    return steps.changed(steps.released(state, legs, event.at))


def _offer_withdrawn(state: State, event: m.OfferWithdrawn) -> State:
    legs = state.offer(event.offer).itinerary.legs
    state = steps.offer_closed(state, event.offer, OfferState.WITHDRAWN)
    return steps.changed(steps.released(state, legs, event.at))


def _legs_handed_back(state: State, event: m.LegsHandedBack) -> State:
    for leg in event.legs:
        state = steps.actions_marked(state, event.tour, leg, StopState.SKIPPED, event.at)
    return steps.changed(steps.released(state, event.legs, event.at, declined_by=event.courier))


def _tour_started(state: State, event: m.TourStarted) -> State:
    tour = state.tour(event.tour)
    state = guarded.left(state, event.courier, event.happened_at)
    return steps.tour_set(state, tour, state=TourState.ACTIVE, started_at=event.happened_at)


def _stop_arrived(state: State, event: m.StopArrived) -> State:
    stops = tuple(
        replace(stop, arrived_at=event.happened_at) if index == event.stop else stop
        for index, stop in enumerate(state.tour(event.tour).stops)
    )
    return steps.stops_set(state, event.tour, stops)


def _stop_reported(state: State, event: m.StopReported) -> State:
    key = f"{event.tour}/{event.report}"
    waiting = state.kept_reports
    others = tuple(its for its in waiting.get(event.tour, ()) if its.id != event.report)
    if others:
        waiting = waiting.set(event.tour, others)
    elif event.tour in waiting:
        waiting = waiting.delete(event.tour)
    return replace(state, reports=state.reports.set(key, None), kept_reports=waiting)


def _report_kept(state: State, event: m.ReportKept) -> State:
    its = (*state.kept_reports.get(event.tour, ()), event.kept)
    return replace(state, kept_reports=state.kept_reports.set(event.tour, its))


def _tour_completed(state: State, event: m.TourCompleted) -> State:
    tour = state.tour(event.tour)
    state = guarded.done(state, event.courier, event.happened_at)
    state = steps.tour_set(state, tour, state=TourState.COMPLETED, ended_at=event.happened_at)
    online = state.online
    if event.courier in online:
        online = online.set(event.courier, event.place)
    return steps.changed(
        replace(
            state,
            live_tour=state.live_tour.delete(event.courier),
            free_at=state.free_at.set(event.courier, event.free_at),
            online=online,
        )
    )


def _tour_aborted(state: State, event: m.TourAborted) -> State:
    tour = state.tour(event.tour)
    legs = [
        leg
        for leg in tour.itinerary.legs
        if state.leg(leg).state is LegState.ASSIGNED and state.leg(leg).courier == tour.courier
    ]
    for leg in legs:
        state = steps.actions_marked(state, event.tour, leg, StopState.SKIPPED, event.at)
    state = steps.tour_set(
        state, state.tour(event.tour), state=TourState.ABORTED, ended_at=event.at
    )
    state = replace(state, live_tour=state.live_tour.delete(event.courier))
    return steps.changed(steps.released(state, legs, event.at, declined_by=event.courier))


def _entry_posted(state: State, event: m.EntryPosted) -> State:
    balances = state.balances
    for line in event.lines:
        balances = balances.set(line.account, balances.get(line.account, 0) + line.cents)
    state = replace(state, balances=balances)
    if event.tour and event.label == m.PARCEL_PAY:
        tour = state.tour(event.tour)
        state = steps.tour_set(state, tour, paid=(*tour.paid, event.cause))
    return state


_TABLE = cast(
    "dict[type[m.Event], Callable[[State, m.Event], State]]",
    {
        m.PolicyAdopted: _policy_adopted,
        m.ParcelCreated: _parcel_created,
        m.ParcelReady: _parcel_ready,
        m.ParcelCancelled: _parcel_cancelled,
        m.ParcelExpired: _parcel_expired,
        m.ParcelPickedUp: _parcel_picked_up,
        m.ParcelDelivered: _parcel_delivered,
        m.AttemptFailed: _attempt_failed,
        m.PickupFailed: _pickup_failed,
        m.ReturnPlanned: _return_planned,
        m.ParcelBroughtBack: _parcel_brought_back,
        m.HubCreated: _hub_created,
        m.CourierCreated: _courier_created,
        m.AvailabilityAdded: _availability_added,
        m.CourierWentOnline: _courier_went_online,
        m.CourierWentOffline: _courier_went_offline,
        m.PlanMade: _plan_made,
        m.PlanRequested: _plan_requested,
        m.DispatchPaused: _dispatch_paused,
        m.DispatchResumed: _dispatch_resumed,
        m.OfferMade: _offer_made,
        m.OfferAccepted: _offer_accepted,
        m.OfferDeclined: _offer_declined,
        m.OfferExpired: _offer_expired,
        m.OfferWithdrawn: _offer_withdrawn,
        m.LegsHandedBack: _legs_handed_back,
        m.TourStarted: _tour_started,
        m.StopArrived: _stop_arrived,
        m.StopReported: _stop_reported,
        m.ReportKept: _report_kept,
        m.TourCompleted: _tour_completed,
        m.TourAborted: _tour_aborted,
        m.EntryPosted: _entry_posted,
        **kept.TABLE,
        **guarded.TABLE,
    },
)
