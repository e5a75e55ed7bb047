"""`decide`: the only place where rules meet. It reads the state and never writes it."""

from collections.abc import Callable, Sequence
from typing import cast

from dispatch.core import (
    company,
    corrections,
    counter,
    custody,
    hubs,
    lateness,
    levers,
    offers,
    pins,
    rosters,
    timers,
    wishes,
)
from dispatch.core import messages as m
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    AlreadyExists,
    Fault,
    InvalidTransition,
    InvalidValue,
    WaybillTaken,
)
from dispatch.core.model import (
    Custodian,
    CustodianKind,
    Instant,
    Leg,
    LegKind,
    Parcel,
    ParcelState,
)
from dispatch.core.state import State, replace

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
    for event in tuple(draft.events):
        if isinstance(event, m.ParcelEvent):
            hubs.let_go_at_the_end(draft, event.parcel)
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
        if not parcel.announced:
            holder = Custodian(kind=CustodianKind.HUB, id=parcel.origin_hub)
    is_ready = parcel.ready_at <= draft.now and not parcel.announced
    parcel = replace(
        parcel,
        pickup=pickup,
        custodian=holder,
        created_at=draft.now,
        state=ParcelState.READY if is_ready else ParcelState.PENDING,
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


def _go_online(draft: Draft, command: m.GoOnline) -> None:
    courier = draft.state.courier(command.courier)
    place = command.place or courier.home
    is_new = courier.id not in draft.state.online
    if is_new and courier.id in draft.state.away and courier.id not in draft.state.live_tour:
        # Whoever went home from a tour and comes to work again is not on that tour any more.
        rosters.back(draft, courier.id, draft.now)
    if draft.state.online.get(courier.id) != place:
        draft.tell(m.CourierWentOnline(at=draft.now, courier=courier.id, place=place))


def _go_offline(draft: Draft, command: m.GoOffline) -> None:
    courier = draft.state.courier(command.courier)
    offer = draft.state.open_offer.get(courier.id)
    if offer is not None:
        offers.withdraw(draft, draft.state.offer(offer), "COURIER_OFFLINE")
    if courier.id in draft.state.online:
        draft.tell(m.CourierWentOffline(at=draft.now, courier=courier.id))


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
        m.CancelParcel: wishes.cancel,
        m.CreateHub: _create_hub,
        m.CreateCourier: _create_courier,
        m.AddAvailability: rosters.add,
        m.ImportRoster: rosters.import_all,
        m.SwapSlots: rosters.swap,
        m.DropSlots: rosters.drop,
        m.ReturnToPost: rosters.returned,
        m.CreateCompound: company.create_compound,
        m.CreatePost: company.create_post,
        m.SetMinimum: company.set_minimum,
        m.PermitCourier: company.permit,
        m.ForbidCourier: company.forbid,
        m.RuleGate: company.rule_gate,
        m.StopCompound: company.stop,
        m.ResumeCompound: company.resume,
        m.IssuePin: pins.issue,
        m.SignIn: pins.sign_in,
        m.SignOut: pins.sign_out,
        m.GoOnline: _go_online,
        m.GoOffline: _go_offline,
        m.Tick: timers.tick,
        m.CommitPlan: offers.commit_plan,
        m.PauseDispatch: _pause,
        m.ResumeDispatch: _resume,
        m.RequestPlan: _request_plan,
        m.AcceptOffer: offers.accept,
        m.DeclineOffer: offers.decline,
        m.HandBackLegs: _hand_back,
        m.StartTour: custody.start,
        m.RecordStop: custody.record,
        m.CorrectStop: corrections.correct,
        m.ContactRecipient: custody.contact,
        m.RecordPosition: lateness.locate,
        m.ReceiveParcel: counter.receive,
        m.ReleaseParcel: counter.release,
        m.ReceiveManifest: counter.receive_manifest,
        m.ReconcileInventory: counter.reconcile,
        m.ReserveSlot: counter.reserve,
        m.ReleaseSlot: counter.release_slot,
        m.ReissueCode: counter.reissue,
        m.GrantProxy: counter.grant_proxy,
        m.RevokeProxy: counter.revoke_proxy,
        m.GiveConsent: wishes.give_consent,
        m.WithdrawConsent: wishes.withdraw_consent,
        m.RedirectParcel: wishes.redirect,
        m.RescheduleParcel: wishes.reschedule,
        m.WriteOffParcel: wishes.write_off,
        m.PinLeg: levers.pin,
        m.UnpinLeg: levers.unpin,
        m.ReassignLeg: levers.reassign,
        m.RescueTour: levers.rescue,
        m.GiveParcel: levers.give,
        m.AttestHandover: levers.attest,
        m.OverrideAttempt: levers.override,
        m.PauseHub: levers.pause_hub,
        m.ResumeHub: levers.resume_hub,
        m.CloseWay: levers.close_way,
        m.OpenWay: levers.open_way,
    },
)
