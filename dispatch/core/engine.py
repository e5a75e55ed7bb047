"""`decide`: the only place where rules meet. It reads the state and never writes it."""

from collections.abc import Callable, Sequence
from itertools import pairwise
from typing import cast

from dispatch.core import absence, custody, offers
from dispatch.core import messages as m
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    AlreadyExists,
    EtagMismatch,
    Fault,
    InvalidTransition,
    InvalidValue,
    WaybillTaken,
)
from dispatch.core.model import (
    TRANSITIONS,
    Availability,
    Custodian,
    CustodianKind,
    Instant,
    Leg,
    LegKind,
    LegState,
    Parcel,
    ParcelState,
)
from dispatch.core.state import State, replace
from dispatch.solver.plan import Reason

BATCH_LIMIT = 500
"""Most parcels in one batch."""
SHIPMENT_TAKEN = "carrier, waybill and piece together are those of another parcel"


def decide(
    state: State, command: m.Command, *, now: Instant, command_id: str
) -> tuple[m.Event, ...]:
    """Return what follows from ``command`` at ``now``.

    Parameters
    ----------
    state
        The zone as it is.
    now
        Time of the command; never earlier than that of the command before.
    command_id
        Unique; all ids that the events bring are made from it.

    Returns
    -------
    tuple of Event
        In order; empty where nothing changes.

    Raises
    ------
    DispatchError
        If the command cannot be carried out. Then nothing has happened.
    """
    draft = Draft(state, now=now, command_id=command_id)
    _RULES[type(command)](draft, command)
    return tuple(draft.events)


def _adopt_policy(draft: Draft, command: m.AdoptPolicy) -> None:
    if command.policy != draft.state.policy or draft.state.changes == 0:
        draft.tell(m.PolicyAdopted(at=draft.now, policy=command.policy))


def _create_parcels(draft: Draft, command: m.CreateParcels) -> None:
    if len(command.parcels) > BATCH_LIMIT:
        problem = f"{len(command.parcels)} parcels; a batch holds at most {BATCH_LIMIT}"
        raise InvalidValue([Fault("requests", problem)])
    found = creation_faults(draft.state, command.parcels)
    if len(command.parcels) == 1:
        _refuse_taken(draft.state, command.parcels[0])
    if found:
        is_batch = len(command.parcels) > 1
        raise InvalidValue(
            [
                Fault(
                    f"requests[{index}].{fault.field}" if is_batch else fault.field, fault.problem
                )
                for index, fault in found
            ]
        )
    for parcel in command.parcels:
        _create_parcel(draft, parcel)


def creation_faults(state: State, parcels: Sequence[Parcel]) -> list[tuple[int, Fault]]:
    """Return what keeps new parcels from being created together, each with its parcel's index."""
    faults: list[tuple[int, Fault]] = []
    ids: set[str] = set()
    shipments: set[str] = set()
    for index, parcel in enumerate(parcels):
        if parcel.id in ids or parcel.id in state.parcels:
            faults.append((index, Fault("parcel_id", f"{parcel.id!r} is taken")))
        if parcel.shipment in shipments or parcel.shipment in state.shipments:
            faults.append((index, Fault("parcel.waybill", SHIPMENT_TAKEN)))
        if parcel.origin_hub and parcel.origin_hub not in state.hubs:
            problem = f"there is no hub {parcel.origin_hub!r}"
            faults.append((index, Fault("parcel.origin_hub", problem)))
        ids.add(parcel.id)
        shipments |= {parcel.shipment} - {""}
    return faults


def _refuse_taken(state: State, parcel: Parcel) -> None:
    """Raise `AlreadyExists` where the one parcel of a command has another's id or waybill."""
    if parcel.id in state.parcels:
        msg = f"parcel id {parcel.id!r} is taken"
        raise AlreadyExists(msg, subject=m.parcel_name(parcel.id))
    if parcel.shipment in state.shipments:
        msg = f"parcel.waybill: {SHIPMENT_TAKEN}"
        raise WaybillTaken(msg, subject=m.parcel_name(parcel.id))


def _create_parcel(draft: Draft, parcel: Parcel) -> None:
    pickup = parcel.pickup
    holder = Custodian(kind=CustodianKind.SENDER, id=parcel.merchant)
    if parcel.origin_hub:
        pickup = draft.state.hub(parcel.origin_hub).place
        holder = Custodian(kind=CustodianKind.HUB, id=parcel.origin_hub)
    parcel = replace(
        parcel,
        pickup=pickup,
        custodian=holder,
        created_at=draft.now,
        state=ParcelState.READY if parcel.ready_at <= draft.now else ParcelState.PENDING,
    )
    leg = Leg(
        id=f"{parcel.id}/1",
        parcel=parcel.id,
        kind=LegKind.FORWARD,
        pickup=pickup,
        dropoff=parcel.dropoff,
        not_before=parcel.ready_at,
    )
    draft.tell(m.ParcelCreated(at=draft.now, parcel=parcel, leg=leg))


def _cancel_parcel(draft: Draft, command: m.CancelParcel) -> None:
    parcel = draft.state.parcel(command.parcel)
    if command.version and command.version != parcel.version:
        msg = f"parcel {parcel.id} has changed since it was read"
        raise EtagMismatch(msg, subject=m.parcel_name(parcel.id))
    leg = draft.state.leg(parcel.leg)
    if parcel.state is ParcelState.COLLECTED:
        tour = draft.state.tour(draft.state.live_tour[leg.courier])
        absence.plan_return(draft, parcel, tour, final=True, reason=command.reason or "CANCELLED")
        return
    if ParcelState.CANCELLED not in TRANSITIONS.get(parcel.state, ()):
        msg = f"parcel {parcel.id} is {parcel.state}: too late to cancel"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    _withdraw_offer_of(draft, leg, "CANCELLED")
    draft.tell(
        m.ParcelCancelled(at=draft.now, parcel=parcel.id, reason=command.reason or "CANCELLED")
    )
    if leg.state is LegState.ASSIGNED:
        custody.complete_if_done(draft, draft.state.live_tour[leg.courier], draft.now)


def _withdraw_offer_of(draft: Draft, leg: Leg, reason: str) -> None:
    if leg.state is LegState.OFFERED:
        offer = draft.state.offer(draft.state.open_offer[leg.courier])
        offers.withdraw(draft, offer, reason)


def _create_hub(draft: Draft, command: m.CreateHub) -> None:
    hub = command.hub
    if hub.id in draft.state.hubs:
        msg = f"hub id {hub.id!r} is taken"
        raise AlreadyExists(msg, subject=f"hubs/{hub.id}")
    draft.tell(m.HubCreated(at=draft.now, hub=hub))


def _create_courier(draft: Draft, command: m.CreateCourier) -> None:
    courier = command.courier
    if courier.id in draft.state.couriers:
        msg = f"courier id {courier.id!r} is taken"
        raise AlreadyExists(msg, subject=f"couriers/{courier.id}")
    if courier.host_of and courier.host_of not in draft.state.hubs:
        problem = f"there is no hub {courier.host_of!r}"
        raise InvalidValue([Fault("courier.hosted_hub", problem)])
    draft.tell(m.CourierCreated(at=draft.now, courier=courier))


def _add_availability(draft: Draft, command: m.AddAvailability) -> None:
    draft.state.courier(command.courier)
    slots: list[Availability] = sorted(
        (*draft.state.availability.get(command.courier, ()), *command.slots),
        key=lambda slot: (slot.opens_at, slot.closes_at),
    )
    for before, after in pairwise(slots):
        if after.opens_at < before.closes_at:
            problem = "overlaps another slot of the courier: nobody is at two places at once"
            raise InvalidValue([Fault("opens_at", problem)], subject=command.courier)
    draft.tell(m.AvailabilityAdded(at=draft.now, courier=command.courier, slots=tuple(slots)))


def _go_online(draft: Draft, command: m.GoOnline) -> None:
    courier = draft.state.courier(command.courier)
    place = command.place or courier.home
    if draft.state.online.get(courier.id) != place:
        draft.tell(m.CourierWentOnline(at=draft.now, courier=courier.id, place=place))


def _go_offline(draft: Draft, command: m.GoOffline) -> None:
    courier = draft.state.courier(command.courier)
    offer = draft.state.open_offer.get(courier.id)
    if offer is not None:
        offers.withdraw(draft, draft.state.offer(offer), "COURIER_OFFLINE")
    if courier.id in draft.state.online:
        draft.tell(m.CourierWentOffline(at=draft.now, courier=courier.id))


def _tick(draft: Draft, _command: m.Tick) -> None:
    offers.expire(draft)
    offers.abort_no_shows(draft)
    for parcel_id in sorted(draft.state.open_parcels):
        parcel = draft.state.parcel(parcel_id)
        if parcel.state not in {ParcelState.PENDING, ParcelState.READY}:
            continue
        if draft.now > absence.last_moment(parcel, draft.state.policy):
            leg = draft.state.leg(parcel.leg)
            _withdraw_offer_of(draft, leg, "EXPIRED")
            asked = Reason.OFFERS_EXHAUSTED if leg.offer_count else Reason.NO_COURIER_IN_RANGE
            reason = leg.reason or parcel.reason or asked.value
            draft.tell(m.ParcelExpired(at=draft.now, parcel=parcel_id, reason=reason))
        elif parcel.state is ParcelState.PENDING and parcel.ready_at <= draft.now:
            draft.tell(m.ParcelReady(at=draft.now, parcel=parcel_id))


def _pause(draft: Draft, command: m.PauseDispatch) -> None:
    if not draft.state.paused:
        draft.tell(m.DispatchPaused(at=draft.now, reason=command.reason))


def _resume(draft: Draft, _command: m.ResumeDispatch) -> None:
    if draft.state.paused:
        draft.tell(m.DispatchResumed(at=draft.now))


def _request_plan(draft: Draft, _command: m.RequestPlan) -> None:
    if draft.state.paused:
        msg = "dispatch is paused; resume it first"
        raise InvalidTransition(msg)
    draft.tell(m.PlanRequested(at=draft.now))


def _hand_back(draft: Draft, command: m.HandBackLegs) -> None:
    if offers.hand_back(draft, command):
        custody.complete_if_done(draft, command.tour, draft.now)


_RULES = cast(
    "dict[type[m.Command], Callable[[Draft, m.Command], None]]",
    {
        m.AdoptPolicy: _adopt_policy,
        m.CreateParcels: _create_parcels,
        m.CancelParcel: _cancel_parcel,
        m.CreateHub: _create_hub,
        m.CreateCourier: _create_courier,
        m.AddAvailability: _add_availability,
        m.GoOnline: _go_online,
        m.GoOffline: _go_offline,
        m.Tick: _tick,
        m.CommitPlan: offers.commit_plan,
        m.PauseDispatch: _pause,
        m.ResumeDispatch: _resume,
        m.RequestPlan: _request_plan,
        m.AcceptOffer: offers.accept,
        m.DeclineOffer: offers.decline,
        m.HandBackLegs: _hand_back,
        m.StartTour: custody.start,
        m.RecordStop: custody.record,
    },
)
