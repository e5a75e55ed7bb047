"""State of one zone, and `evolve`: the only transition table.

State is persistent: `evolve` returns a new one that shares all that did not change, so the
last good state is still there when a commit fails. Maps are iterated sorted by their keys
wherever the order could show, because their own order depends on the process.
"""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar, cast

import msgspec
from immutables import Map

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition, NotFound
from dispatch.core.model import (
    TRANSITIONS,
    ActionKind,
    Attempt,
    Availability,
    Cents,
    Courier,
    Custodian,
    CustodianKind,
    Hub,
    Instant,
    Leg,
    LegState,
    Offer,
    OfferState,
    Parcel,
    ParcelState,
    Place,
    Stop,
    StopAction,
    StopState,
    Tour,
    TourState,
)
from dispatch.core.policy import Policy

replace = msgspec.structs.replace
Thing = TypeVar("Thing")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that decisions read.

    Attributes
    ----------
    online
        Couriers who are there, and where.
    free_at
        When a courier is back from the last tour.
    cooldown
        Until when a courier is not offered anything.
    open_offer, live_tour
        By courier: at most one of each.
    shipments
        Id of the parcel by its `Parcel.shipment`.
    open_parcels, waiting_legs
        Parcels that have not ended, legs that wait for a plan: keys only.
    reports
        Phone reports that were taken, ``{tour}/{report}``: keys only.
    balances
        By account; they sum to zero.
    changes, planned_changes
        Counts what could change a plan; and its value when the last plan was begun.
    replan_at
        When to plan again even if nothing changes; 0 for never.
    """

    zone: str
    policy: Policy = Policy()
    parcels: Map[str, Parcel] = Map()
    shipments: Map[str, str] = Map()
    legs: Map[str, Leg] = Map()
    hubs: Map[str, Hub] = Map()
    couriers: Map[str, Courier] = Map()
    availability: Map[str, tuple[Availability, ...]] = Map()
    online: Map[str, Place] = Map()
    free_at: Map[str, Instant] = Map()
    cooldown: Map[str, Instant] = Map()
    offers: Map[str, Offer] = Map()
    tours: Map[str, Tour] = Map()
    open_offer: Map[str, str] = Map()
    live_tour: Map[str, str] = Map()
    open_parcels: Map[str, None] = Map()
    waiting_legs: Map[str, None] = Map()
    reports: Map[str, None] = Map()
    balances: Map[str, Cents] = Map()
    epoch: int = 0
    changes: int = 0
    planned_changes: int = 0
    replan_at: Instant = 0
    paused: bool = False

    def parcel(self, parcel: str) -> Parcel:
        """Return a parcel or raise `NotFound`."""
        return _get(self.parcels, parcel, "parcel")

    def leg(self, leg: str) -> Leg:
        """Return a leg or raise `NotFound`."""
        return _get(self.legs, leg, "leg")

    def courier(self, courier: str) -> Courier:
        """Return a courier or raise `NotFound`."""
        return _get(self.couriers, courier, "courier")

    def hub(self, hub: str) -> Hub:
        """Return a hub or raise `NotFound`."""
        return _get(self.hubs, hub, "hub")

    def offer(self, offer: str) -> Offer:
        """Return an offer or raise `NotFound`."""
        return _get(self.offers, offer, "offer")

    def tour(self, tour: str) -> Tour:
        """Return a tour or raise `NotFound`."""
        return _get(self.tours, tour, "tour")

    def needs_plan(self, now: Instant) -> bool:
        """Whether an epoch that closes now has anything to decide."""
        if self.paused or not self.online or not self.waiting_legs:
            return False
        return self.changes != self.planned_changes or 0 < self.replan_at <= now


def _get(things: "Map[str, Thing]", key: str, noun: str) -> Thing:
    found = things.get(key)
    if found is None:
        msg = f"there is no {noun} {key!r}"
        raise NotFound(msg, subject=key)
    return found


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


# --- steps that several events share ---------------------------------------------------


def _moved(state: State, parcel: str, to: ParcelState, **changes: Any) -> State:  # noqa: ANN401
    """Bring a parcel into another state, if `TRANSITIONS` allows."""
    old = state.parcel(parcel)
    if to not in TRANSITIONS.get(old.state, ()):
        msg = f"parcel {parcel} cannot go from {old.state} to {to}"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel))
    new = replace(old, state=to, version=old.version + 1, **changes)
    open_parcels = state.open_parcels
    if not new.is_open:
        open_parcels = open_parcels.delete(parcel)
    return replace(state, parcels=state.parcels.set(parcel, new), open_parcels=open_parcels)


def _leg_set(state: State, leg: str, to: LegState, **changes: Any) -> State:  # noqa: ANN401
    """Bring a leg into another state, keeping `State.waiting_legs` true."""
    new = replace(state.leg(leg), state=to, **changes)
    waiting = state.waiting_legs
    if to is LegState.PLANNED:
        waiting = waiting.set(leg, None)
    elif leg in waiting:
        waiting = waiting.delete(leg)
    return replace(state, legs=state.legs.set(leg, new), waiting_legs=waiting)


def _leg_added(state: State, leg: Leg) -> State:
    parcel = state.parcel(leg.parcel)
    parcel = replace(parcel, leg=leg.id, leg_count=parcel.leg_count + 1)
    state = replace(
        state,
        legs=state.legs.set(leg.id, leg),
        parcels=state.parcels.set(parcel.id, parcel),
    )
    return _leg_set(state, leg.id, leg.state)


def _released(state: State, legs: Iterable[str], declined_by: str = "") -> State:
    """Let legs wait for the next plan; ``declined_by`` is not offered them again."""
    for leg in legs:
        old = state.leg(leg)
        barred = old.declined_by
        if declined_by and declined_by not in barred:
            barred = tuple(sorted((*barred, declined_by)))
        if state.parcel(old.parcel).state is ParcelState.ASSIGNED:
            state = _moved(state, old.parcel, ParcelState.READY)
        if state.parcel(old.parcel).is_open:
            state = _leg_set(state, leg, LegState.PLANNED, courier="", declined_by=barred)
    return state


def _offer_closed(state: State, offer: str, to: OfferState, **changes: Any) -> State:  # noqa: ANN401
    old = state.offer(offer)
    if old.state is not OfferState.OPEN:
        msg = f"offer {offer} is {old.state}, not OPEN"
        raise InvalidTransition(msg, subject=offer)
    new = replace(old, state=to, version=old.version + 1, **changes)
    return replace(
        state,
        offers=state.offers.set(offer, new),
        open_offer=state.open_offer.delete(old.courier),
    )


def _tour_set(zone: State, tour: Tour, **changes: Any) -> State:  # noqa: ANN401
    new = replace(tour, version=tour.version + 1, **changes)
    return replace(zone, tours=zone.tours.set(tour.id, new))


def _stops_set(state: State, tour: str, stops: tuple[Stop, ...]) -> State:
    old = state.tour(tour)
    return _tour_set(state, old, itinerary=replace(old.itinerary, stops=stops))


def _actions_marked(
    state: State,
    tour: str,
    leg: str,
    to: StopState,
    at: Instant,
    kind: ActionKind | None = None,
) -> State:
    """Mark a leg's pending actions on a tour, those of one ``kind`` or all."""

    def marked(action: StopAction) -> StopAction:
        hit = action.leg == leg and action.state is StopState.PENDING
        if hit and kind in {None, action.kind}:
            return replace(action, state=to, done_at=at)
        return action

    stops = tuple(
        replace(stop, actions=tuple(marked(action) for action in stop.actions))
        for stop in state.tour(tour).stops
    )
    return _stops_set(state, tour, stops)


def _changed(state: State) -> State:
    return replace(state, changes=state.changes + 1)


# --- one function for each event -------------------------------------------------------


def _policy_adopted(state: State, event: m.PolicyAdopted) -> State:
    return _changed(replace(state, policy=event.policy))


def _parcel_created(state: State, event: m.ParcelCreated) -> State:
    parcel = event.parcel
    state = replace(
        state,
        parcels=state.parcels.set(parcel.id, parcel),
        open_parcels=state.open_parcels.set(parcel.id, None),
    )
    if parcel.shipment:
        state = replace(state, shipments=state.shipments.set(parcel.shipment, parcel.id))
    state = _leg_added(state, event.leg)
    return _changed(state) if parcel.state is ParcelState.READY else state


def _parcel_ready(state: State, event: m.ParcelReady) -> State:
    return _changed(_moved(state, event.parcel, ParcelState.READY))


def _parcel_cancelled(state: State, event: m.ParcelCancelled) -> State:
    return _ended_early(state, event.parcel, ParcelState.CANCELLED, event.reason, event.at)


def _parcel_expired(state: State, event: m.ParcelExpired) -> State:
    return _ended_early(state, event.parcel, ParcelState.EXPIRED, event.reason, event.at)


def _ended_early(state: State, parcel: str, to: ParcelState, reason: str, at: Instant) -> State:
    leg = state.leg(state.parcel(parcel).leg)
    tour = state.live_tour.get(leg.courier) if leg.state is LegState.ASSIGNED else None
    if tour:
        state = _actions_marked(state, tour, leg.id, StopState.SKIPPED, at)
    state = _leg_set(state, leg.id, LegState.CANCELLED)
    return _changed(_moved(state, parcel, to, reason=reason))


def _parcel_picked_up(state: State, event: m.ParcelPickedUp) -> State:
    holder = Custodian(kind=CustodianKind.COURIER, id=event.courier)
    state = _moved(state, event.parcel, ParcelState.COLLECTED, custodian=holder)
    state = _leg_set(state, event.leg, LegState.ACTIVE)
    return _actions_marked(
        state, event.tour, event.leg, StopState.COMPLETED, event.happened_at, ActionKind.PICKUP
    )


def _parcel_delivered(state: State, event: m.ParcelDelivered) -> State:
    holder = Custodian(kind=CustodianKind.RECIPIENT)
    state = _moved(state, event.parcel, ParcelState.DELIVERED, custodian=holder, reason="")
    state = _leg_set(state, event.leg, LegState.COMPLETED)
    return _actions_marked(state, event.tour, event.leg, StopState.COMPLETED, event.happened_at)


def _attempt_failed(state: State, event: m.AttemptFailed) -> State:
    attempts = (
        *state.parcel(event.parcel).attempts,
        Attempt(at=event.happened_at, courier=event.courier, failure=event.failure),
    )
    state = _moved(
        state,
        event.parcel,
        ParcelState.ATTEMPT_FAILED,
        attempts=attempts,
        reason=event.failure.value,
    )
    state = _leg_set(state, event.leg, LegState.FAILED)
    return _actions_marked(state, event.tour, event.leg, StopState.FAILED, event.happened_at)


def _pickup_failed(state: State, event: m.PickupFailed) -> State:
    state = _actions_marked(
        state, event.tour, event.leg, StopState.FAILED, event.happened_at, ActionKind.PICKUP
    )
    state = _actions_marked(state, event.tour, event.leg, StopState.SKIPPED, event.happened_at)
    return _changed(_released(state, [event.leg], declined_by=event.courier))


def _return_planned(state: State, event: m.ReturnPlanned) -> State:
    forward = state.leg(state.parcel(event.parcel).leg)
    if forward.state is LegState.ACTIVE:
        state = _leg_set(state, forward.id, LegState.CANCELLED)
        state = _actions_marked(state, event.tour, forward.id, StopState.SKIPPED, event.at)
    if event.final:
        state = _moved(state, event.parcel, ParcelState.RETURNING, reason=event.reason)
    state = _leg_added(state, event.leg)
    stops = state.tour(event.tour).stops
    last = stops[-1]
    if last.place == event.stop.place and not last.arrived_at:
        stops = (*stops[:-1], replace(last, actions=(*last.actions, *event.stop.actions)))
    else:
        stops = (*stops, event.stop)
    return _stops_set(state, event.tour, stops)


def _parcel_brought_back(state: State, event: m.ParcelBroughtBack) -> State:
    state = _leg_set(state, event.leg, LegState.COMPLETED)
    state = _actions_marked(state, event.tour, event.leg, StopState.COMPLETED, event.happened_at)
    if event.next_leg is not None:
        state = _moved(state, event.parcel, ParcelState.READY, custodian=event.custodian)
        return _changed(_leg_added(state, event.next_leg))
    if state.parcel(event.parcel).state is ParcelState.ATTEMPT_FAILED:
        state = _moved(state, event.parcel, ParcelState.RETURNING)
    return _moved(state, event.parcel, ParcelState.RETURNED, custodian=event.custodian)


def _hub_created(state: State, event: m.HubCreated) -> State:
    return replace(state, hubs=state.hubs.set(event.hub.id, event.hub))


def _courier_created(state: State, event: m.CourierCreated) -> State:
    return replace(state, couriers=state.couriers.set(event.courier.id, event.courier))


def _availability_added(state: State, event: m.AvailabilityAdded) -> State:
    return _changed(replace(state, availability=state.availability.set(event.courier, event.slots)))


def _courier_went_online(state: State, event: m.CourierWentOnline) -> State:
    return _changed(replace(state, online=state.online.set(event.courier, event.place)))


def _courier_went_offline(state: State, event: m.CourierWentOffline) -> State:
    return _changed(replace(state, online=state.online.delete(event.courier)))


def _plan_made(state: State, event: m.PlanMade) -> State:
    for leg, reason in event.reasons:
        old = state.legs.get(leg)
        if old is not None:
            state = replace(state, legs=state.legs.set(leg, replace(old, reason=reason)))
    return replace(
        state,
        epoch=event.epoch,
        planned_changes=event.changes,
        replan_at=event.replan_at,
    )


def _plan_requested(state: State, _event: m.PlanRequested) -> State:
    return _changed(state)


def _dispatch_paused(state: State, _event: m.DispatchPaused) -> State:
    return replace(state, paused=True)


def _dispatch_resumed(state: State, _event: m.DispatchResumed) -> State:
    return _changed(replace(state, paused=False))


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
        state = _leg_set(
            state, leg, LegState.OFFERED, courier=offer.courier, offer_count=old.offer_count + 1
        )
    return replace(
        state,
        offers=state.offers.set(offer.id, offer),
        open_offer=state.open_offer.set(offer.courier, offer.id),
    )


def _offer_accepted(state: State, event: m.OfferAccepted) -> State:
    tour = event.tour
    state = _offer_closed(state, event.offer, OfferState.ACCEPTED, tour=tour.id)
    for leg in tour.itinerary.legs:
        state = _leg_set(state, leg, LegState.ASSIGNED)
        state = _moved(state, state.leg(leg).parcel, ParcelState.ASSIGNED)
    return replace(
        state,
        tours=state.tours.set(tour.id, tour),
        live_tour=state.live_tour.set(tour.courier, tour.id),
    )


def _offer_declined(state: State, event: m.OfferDeclined) -> State:
    legs = state.offer(event.offer).itinerary.legs
    state = _offer_closed(
        state, event.offer, OfferState.DECLINED, decline_reason=event.reason.value
    )
    return _changed(_released(state, legs, declined_by=event.courier))


def _offer_expired(state: State, event: m.OfferExpired) -> State:
    legs = state.offer(event.offer).itinerary.legs
    state = _offer_closed(state, event.offer, OfferState.EXPIRED)
    state = replace(state, cooldown=state.cooldown.set(event.courier, event.cooldown_until))
    return _changed(_released(state, legs))


def _offer_withdrawn(state: State, event: m.OfferWithdrawn) -> State:
    legs = state.offer(event.offer).itinerary.legs
    state = _offer_closed(state, event.offer, OfferState.WITHDRAWN)
    return _changed(_released(state, legs))


def _legs_handed_back(state: State, event: m.LegsHandedBack) -> State:
    for leg in event.legs:
        state = _actions_marked(state, event.tour, leg, StopState.SKIPPED, event.at)
    return _changed(_released(state, event.legs, declined_by=event.courier))


def _tour_started(state: State, event: m.TourStarted) -> State:
    tour = state.tour(event.tour)
    return _tour_set(state, tour, state=TourState.ACTIVE, started_at=event.happened_at)


def _stop_arrived(state: State, event: m.StopArrived) -> State:
    stops = tuple(
        replace(stop, arrived_at=event.happened_at) if index == event.stop else stop
        for index, stop in enumerate(state.tour(event.tour).stops)
    )
    return _stops_set(state, event.tour, stops)


def _stop_reported(state: State, event: m.StopReported) -> State:
    key = f"{event.tour}/{event.report}"
    return replace(state, reports=state.reports.set(key, None))


def _tour_completed(state: State, event: m.TourCompleted) -> State:
    tour = state.tour(event.tour)
    state = _tour_set(state, tour, state=TourState.COMPLETED, ended_at=event.happened_at)
    online = state.online
    if event.courier in online:
        online = online.set(event.courier, event.place)
    return _changed(
        replace(
            state,
            live_tour=state.live_tour.delete(event.courier),
            free_at=state.free_at.set(event.courier, event.free_at),
            online=online,
        )
    )


def _tour_aborted(state: State, event: m.TourAborted) -> State:
    tour = state.tour(event.tour)
    legs = [leg for leg in tour.itinerary.legs if state.leg(leg).state is LegState.ASSIGNED]
    for leg in legs:
        state = _actions_marked(state, event.tour, leg, StopState.SKIPPED, event.at)
    state = _tour_set(state, state.tour(event.tour), state=TourState.ABORTED, ended_at=event.at)
    state = replace(state, live_tour=state.live_tour.delete(event.courier))
    return _changed(_released(state, legs, declined_by=event.courier))


def _entry_posted(state: State, event: m.EntryPosted) -> State:
    balances = state.balances
    for line in event.lines:
        balances = balances.set(line.account, balances.get(line.account, 0) + line.cents)
    return replace(state, balances=balances)


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
        m.TourCompleted: _tour_completed,
        m.TourAborted: _tour_aborted,
        m.EntryPosted: _entry_posted,
    },
)
