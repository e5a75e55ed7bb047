"""Who stands at a booth's shared device: a guard with a personal PIN.

The PIN is derived like a pickup code and stands nowhere; here only its serial is known.
"""

from dispatch.core import messages as m
from dispatch.core import posts, rosters
from dispatch.core.draft import Draft
from dispatch.core.errors import (
    CounterLocked,
    Fault,
    InvalidTransition,
    InvalidValue,
    KeeperMissing,
)
from dispatch.core.guarded import pin_session
from dispatch.core.keeping import Session
from dispatch.core.model import TourState


def issue(draft: Draft, command: m.IssuePin) -> None:
    """Give a guard a new PIN; whoever is signed in with the old one stays so."""
    courier = draft.state.courier(command.courier)
    serial = draft.state.pins.get(courier.id, 0) + 1
    draft.tell(m.PinIssued(at=draft.now, courier=courier.id, serial=serial, actor=command.actor))


def sign_in(draft: Draft, command: m.SignIn) -> None:
    """Let a guard stand at a device; a wrong PIN is told as an event, so that it counts."""
    state = draft.state
    hub = state.hub(command.hub)
    courier = state.courier(command.courier)
    if not command.device:
        raise InvalidValue([Fault("device", "is required: name the device")])
    session = _check_unlocked(draft, command)
    if not posts.keeps(state, hub.id, courier.id, draft.now):
        msg = f"courier {courier.id} does not keep hub {hub.id}: no roster of its posts says so"
        raise KeeperMissing(msg, subject=f"hubs/{hub.id}")
    if courier.id not in state.pins or command.pin_serial != state.pins[courier.id]:
        _refuse(draft, command, session)
        return
    tour = state.live_tour.get(courier.id)
    if tour is not None and state.tour(tour).state is TourState.ACTIVE:
        msg = f"courier {courier.id} is on tour {tour}: nobody is at two places at once"
        raise InvalidTransition(msg, subject=f"couriers/{courier.id}")
    if courier.id in state.away:
        rosters.back(draft, courier.id, draft.now)
    if courier.id not in state.online:
        draft.tell(m.CourierWentOnline(at=draft.now, courier=courier.id, place=courier.home))
    told = {"hub": hub.id, "device": command.device, "courier": courier.id}
    draft.tell(m.SignedIn(at=draft.now, **told))


def sign_out(draft: Draft, command: m.SignOut) -> None:
    """Let nobody stand there."""
    if f"{command.hub}~{command.device}" in draft.state.signed_in:
        draft.tell(m.SignedOut(at=draft.now, hub=command.hub, device=command.device))


def _check_unlocked(draft: Draft, command: m.SignIn) -> Session:
    key = pin_session(command.hub, command.device)
    session = draft.state.sessions.get(key, Session(failures=0))
    if session.locked_until > draft.now:
        wait_s = session.locked_until - draft.now
        msg = f"too many wrong PINs at this device; try again in {wait_s} s"
        raise CounterLocked(msg, subject=f"hubs/{command.hub}", wait_s=wait_s)
    return Session(failures=0) if session.locked_until else session


def _refuse(draft: Draft, command: m.SignIn, session: Session) -> None:
    policy = draft.state.policy
    failures = session.failures + 1
    locked = draft.now + policy.code_lock_s if failures >= policy.code_attempts else 0
    told = {"hub": command.hub, "device": command.device, "courier": command.courier}
    draft.tell(m.PinRefused(at=draft.now, failures=failures, locked_until=locked, **told))
