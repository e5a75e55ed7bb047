"""What a hub's counter scans, counts and keeps: parcels in and out, codes, slots, manifests."""

from collections import Counter

from dispatch.core import custody, handover, hubs, ladder, posts
from dispatch.core import messages as m
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    CounterLocked,
    CustodyMismatch,
    Fault,
    InvalidTransition,
    InvalidValue,
    NotFound,
    ProofMissing,
)
from dispatch.core.keeping import (
    HalfScan,
    ManifestRow,
    ReservationState,
    Session,
    Side,
    code_key,
    reservation_id,
)
from dispatch.core.minting import mint
from dispatch.core.model import (
    Custodian,
    Leg,
    LegKind,
    LegState,
    Parcel,
    ParcelState,
)
from dispatch.core.zone import State

MANIFEST_LIMIT = 5000
"""Most rows of one manifest, and most parcels of one count."""

LABEL_LIMIT = 100
"""Most characters of a waybill or a piece, and of what else a scanner may have read."""


# --- in and out ------------------------------------------------------------------------


def receive(draft: Draft, command: m.ReceiveParcel) -> None:
    """Take the counter's scan of a parcel that a courier hands in."""
    hub = draft.state.hub(command.hub)
    parcel = draft.state.parcel(command.parcel)
    giver = handover.of_courier(draft.state.courier(command.courier).id)
    if parcel.custodian == handover.of_hub(hub.id):
        return
    posts.check_keeper(draft.state, hub.id, command.actor, draft.now)
    leg = draft.state.leg(parcel.leg)
    if _is_expected(leg, giver.id, hub.id):
        # Its courier's phone is behind and has not told of the pickup: the scan waits for that.
        half = _taken(draft, command, giver)
        waiting = draft.state.halves.get(parcel.id)
        if waiting is not None and waiting.giver != giver:
            # Its pickup is being scanned right now: that comes first.
            handover.check_holds(parcel, giver)
        if waiting != half:
            draft.tell(m.HandoverScanned(at=draft.now, parcel=parcel.id, half=half))
        return
    handover.check_holds(parcel, giver)
    at_hub = leg.kind is LegKind.RETURN or leg.purpose in hubs.CONTRACT_FOR
    if leg.state is not LegState.ACTIVE or not at_hub:
        msg = f"parcel {parcel.id} is not bound for a hub: leg {leg.id} goes to {leg.purpose}"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    tour = draft.state.live_tour.get(giver.id, "")
    half = _taken(draft, command, giver)
    if handover.put_in(draft, leg, hub, half) and tour:
        custody.settle(draft, tour, leg, half.at)


def _is_expected(leg: Leg, courier: str, hub: str) -> bool:
    """Whether a courier has accepted to bring a parcel to a hub, and has not fetched it yet."""
    return (
        leg.state is LegState.ASSIGNED
        and leg.courier == courier
        and leg.dropoff.hub == hub
        and (leg.kind is LegKind.RETURN or leg.purpose in hubs.CONTRACT_FOR)
    )


def _taken(draft: Draft, command: m.ReceiveParcel, giver: Custodian) -> HalfScan:
    """Return the counter's side of a hand-over."""
    return HalfScan(
        giver=giver,
        taker=handover.of_hub(command.hub),
        side=Side.TAKER,
        actor=command.actor,
        at=handover.check_time(draft, command.at),
        shelf=command.shelf,
    )


def release(draft: Draft, command: m.ReleaseParcel) -> None:
    """Take the counter's scan of a parcel that leaves."""
    hub = draft.state.hub(command.hub)
    parcel = draft.state.parcel(command.parcel)
    posts.check_keeper(draft.state, hub.id, command.actor, draft.now)
    if command.courier:
        _release_to_courier(draft, command, parcel)
        return
    handover.check_holds(parcel, handover.of_hub(hub.id))
    at = handover.check_time(draft, command.at)
    handover.check_order(parcel, at)
    # By a clock that is a little behind it would leave before it came.
    at = max(at, parcel.custody[-1].since)
    if parcel.state is not ParcelState.AWAITING_COLLECTION:
        msg = f"parcel {parcel.id} is {parcel.state}: it is not here for its recipient"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    hubs.check_works(draft.state, hub.id, at)
    session = _check_unlocked(draft, command)
    proof = _proof(draft, command, parcel)
    if not proof:
        _refuse(draft, command, session)
        return
    draft.tell(
        m.ParcelCollected(
            at=draft.now,
            parcel=parcel.id,
            hub=hub.id,
            actor=command.actor,
            proof=proof,
            happened_at=at,
            proxy=command.proxy,
        )
    )


def _release_to_courier(draft: Draft, command: m.ReleaseParcel, parcel: Parcel) -> None:
    leg = draft.state.leg(parcel.leg)
    taker = handover.of_courier(draft.state.courier(command.courier).id)
    if parcel.custodian == taker:
        return
    giver = handover.of_hub(command.hub)
    handover.check_holds(parcel, giver)
    tour = draft.state.live_tour.get(command.courier, "")
    if leg.courier != command.courier or leg.state is not LegState.ASSIGNED or not tour:
        msg = f"parcel {parcel.id} is not for courier {command.courier}"
        raise CustodyMismatch(msg, subject=m.parcel_name(parcel.id))
    half = HalfScan(
        giver=giver,
        taker=taker,
        side=Side.GIVER,
        actor=command.actor,
        at=handover.check_time(draft, command.at),
    )
    if handover.pick_up(draft, draft.state.tour(tour), leg, half):
        custody.settle_pickup(draft, tour, leg.id, half.at)


def _check_unlocked(draft: Draft, command: m.ReleaseParcel) -> Session:
    """Return the counter's session; raise `CounterLocked` while it is locked."""
    session = draft.state.sessions.get(f"{command.hub}~{command.actor}", Session(failures=0))
    if session.locked_until > draft.now:
        wait_s = session.locked_until - draft.now
        msg = f"too many wrong codes at this counter; try again in {wait_s} s"
        raise CounterLocked(msg, subject=f"hubs/{command.hub}", wait_s=wait_s)
    return Session(failures=0) if session.locked_until else session


def _proof(draft: Draft, command: m.ReleaseParcel, parcel: Parcel) -> str:
    """Return CODE or PROXY where the right one was told; empty for a wrong one."""
    if command.proxy:
        proxy = draft.state.proxies.get(command.proxy)
        good = proxy is not None and proxy.parcel == parcel.id and draft.now < proxy.expires_at
        return "PROXY" if good else ""
    if command.code_serial == 0:
        raise ProofMissing("code: the recipient's or a proxy's code is required")
    code = draft.state.codes.get(code_key(command.hub, parcel.recipient))
    return "CODE" if code is not None and code.serial == command.code_serial else ""


def _refuse(draft: Draft, command: m.ReleaseParcel, session: Session) -> None:
    policy = draft.state.policy
    failures = session.failures + 1
    locked = draft.now + policy.code_lock_s if failures >= policy.code_attempts else 0
    draft.tell(
        m.CodeRefused(
            at=draft.now,
            hub=command.hub,
            actor=command.actor,
            parcel=command.parcel,
            failures=failures,
            locked_until=locked,
        )
    )


# --- codes and proxies -----------------------------------------------------------------


def _awaiting(draft: Draft, parcel_id: str) -> Parcel:
    parcel = draft.state.parcel(parcel_id)
    if parcel.state is not ParcelState.AWAITING_COLLECTION:
        msg = f"parcel {parcel.id} is {parcel.state}: nobody collects it"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    return parcel


def reissue(draft: Draft, command: m.ReissueCode) -> None:
    """Make the recipient's code worthless and send a new one."""
    parcel = _awaiting(draft, command.parcel)
    hub = draft.state.hub(command.hub)
    handover.check_holds(parcel, handover.of_hub(hub.id))
    mint(draft, parcel, hub.id, parcel.recipient)


def grant_proxy(draft: Draft, command: m.GrantProxy) -> None:
    """Let somebody else collect a parcel."""
    parcel = draft.state.parcel(command.parcel)
    if not parcel.is_open or parcel.state is ParcelState.RETURNING:
        msg = f"parcel {parcel.id} is {parcel.state}: nobody collects it"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    if not ladder.may_leave(parcel):
        msg = f"parcel {parcel.id} is for its recipient alone: the merchant asks for it"
        raise ProofMissing(msg, subject=m.parcel_name(parcel.id))
    if command.until <= draft.now:
        raise InvalidValue([Fault("until", "lies in the past")], subject=m.parcel_name(parcel.id))
    known = draft.state.proxies.get(command.proxy)
    if known is not None and known.parcel != parcel.id:
        raise InvalidValue(
            [Fault("proxy", f"{command.proxy!r} is taken")], subject=m.parcel_name(parcel.id)
        )
    draft.tell(
        m.ProxyGranted(
            at=draft.now,
            parcel=parcel.id,
            proxy=command.proxy,
            until=command.until,
            contact=command.contact,
        )
    )


def revoke_proxy(draft: Draft, command: m.RevokeProxy) -> None:
    """Take that back; a proxy that is gone already stays gone."""
    parcel = draft.state.parcel(command.parcel)
    proxy = draft.state.proxies.get(command.proxy)
    if proxy is None:
        return
    if proxy.parcel != parcel.id:
        msg = f"there is no proxy {command.proxy!r}"
        raise NotFound(msg, subject=m.parcel_name(parcel.id))
    draft.tell(m.ProxyRevoked(at=draft.now, parcel=parcel.id, proxy=proxy.id))


# --- slots -----------------------------------------------------------------------------


def reserve(draft: Draft, command: m.ReserveSlot) -> None:
    """Keep a slot for a parcel until an instant."""
    hub = draft.state.hub(command.hub)
    parcel = draft.state.parcel(command.parcel)
    if command.until <= draft.now:
        raise InvalidValue([Fault("until", "lies in the past")], subject=m.parcel_name(parcel.id))
    if command.purpose not in hubs.CONTRACT_FOR:
        problem = f"{command.purpose} needs no slot"
        raise InvalidValue([Fault("purpose", problem)], subject=m.parcel_name(parcel.id))
    if not parcel.is_open or parcel.state is ParcelState.RETURNING:
        msg = f"parcel {parcel.id} is {parcel.state}: it comes to no hub any more"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    if parcel.custodian == handover.of_hub(hub.id):
        msg = f"parcel {parcel.id} stands at hub {hub.id} already"
        raise InvalidTransition(msg, subject=m.parcel_name(parcel.id))
    handover.check_may_stay(draft, parcel, hub, command.purpose)
    hubs.reserve(draft, hub.id, parcel, command.purpose, command.until)


def release_slot(draft: Draft, command: m.ReleaseSlot) -> None:
    """Give up a slot that is held."""
    key = reservation_id(command.hub, command.parcel)
    kept = draft.state.reservations.get(key)
    if kept is None:
        msg = f"there is no reservation {key!r}"
        raise NotFound(msg, subject=f"hubs/{command.hub}")
    if kept.state is not ReservationState.HELD:
        msg = f"the slot is {kept.state}: the parcel stands in it"
        raise InvalidTransition(msg, subject=f"hubs/{command.hub}")
    draft.tell(m.SlotReleased(at=draft.now, hub=kept.hub, parcel=kept.parcel, reason="RELEASED"))


# --- lorries and shelves ---------------------------------------------------------------


def receive_manifest(draft: Draft, command: m.ReceiveManifest) -> None:
    """Check a carrier's delivery in: what came, what did not, what nobody knows."""
    hub = draft.state.hub(command.hub)
    _check_rows(command.rows, command.carrier)
    posts.check_keeper(draft.state, hub.id, command.actor, draft.now)
    hubs.check_works(draft.state, hub.id, draft.now)
    counted = Counter(row.shipment for row in command.rows)
    expected = announced(draft.state, hub.id, command.carrier)
    came = sorted(set(counted) & set(expected))
    known = {key for key in counted if _was_here(draft.state, key, hub.id)} - set(expected)
    doubled = {key for key, times in counted.items() if times > 1} | known
    for key in came:
        parcel = draft.state.parcel(expected[key])
        draft.tell(
            m.ParcelCheckedIn(
                at=draft.now,
                parcel=parcel.id,
                hub=hub.id,
                shelf=handover.next_shelf(draft, hub, parcel),
                actor=command.actor,
            )
        )
    draft.tell(
        m.ManifestReceived(
            at=draft.now,
            hub=hub.id,
            carrier=command.carrier,
            actor=command.actor,
            received_count=len(came),
            unknown=_named(set(counted) - set(expected) - known),
            missing=_named(set(expected) - set(counted)),
            doubled=_named(doubled),
        )
    )


def _check_rows(rows: tuple[ManifestRow, ...], carrier: str) -> None:
    if not 0 < len(rows) <= MANIFEST_LIMIT:
        raise InvalidValue([Fault("rows", f"needs 1 to {MANIFEST_LIMIT} rows")])
    faults = [
        Fault(f"rows[{index}].{field}", problem)
        for index, row in enumerate(rows)
        for field, problem in (
            ("waybill", _label_problem(row.waybill) if row.waybill.strip() else "is required"),
            ("piece", _label_problem(row.piece)),
            ("carrier", "" if row.carrier == carrier else f"is not {carrier[:80]!r}"),
        )
        if problem
    ]
    if faults:
        raise InvalidValue(faults)


def _label_problem(text: str) -> str:
    """Return why no label says this; empty where one might."""
    if len(text) > LABEL_LIMIT:
        return f"is longer than {LABEL_LIMIT} characters"
    return "" if text.isprintable() else f"{text!r} is no text of a label"


def announced(state: State, hub: str, carrier: str) -> dict[str, str]:
    """Return the parcels that a carrier has still to bring to a hub, by shipment."""
    return dict(state.announced.get(f"{hub}~{carrier}", {}))


def _was_here(state: State, shipment: str, hub: str) -> bool:
    """Whether a shipment stands at a hub, or has come there and left it again."""
    parcel = state.parcels.get(state.shipments.get(shipment, ""))
    return parcel is not None and any(
        holding.custodian == handover.of_hub(hub) for holding in parcel.custody
    )


def _named(shipments: set[str]) -> tuple[str, ...]:
    """Return shipments as people read them, in order."""
    return tuple(" ".join(key.split("\x1f")).strip() for key in sorted(shipments))


def reconcile(draft: Draft, command: m.ReconcileInventory) -> None:
    """Compare a count of the shelves with the books; nothing moves by it."""
    hub = draft.state.hub(command.hub)
    if len(command.parcels) > MANIFEST_LIMIT:
        raise InvalidValue([Fault("parcels", f"holds at most {MANIFEST_LIMIT}")])
    posts.check_keeper(draft.state, hub.id, command.actor, draft.now)
    counted = set(command.parcels)
    books = set(draft.state.stock.get(hub.id, ()))
    known = {parcel for parcel in counted if parcel in draft.state.parcels}
    draft.tell(
        m.InventoryReconciled(
            at=draft.now,
            hub=hub.id,
            actor=command.actor,
            counted=len(counted),
            missing=tuple(sorted(books - counted)),
            surplus=tuple(sorted(known - books)),
            unknown=tuple(sorted({text[:LABEL_LIMIT] for text in counted - known})),
        )
    )
