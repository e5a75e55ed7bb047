"""From a request to its durable answer: retries, rehearsals, and personal data put back."""

import hashlib
import hmac
import re
from collections.abc import Callable, Iterable, Sequence
from typing import Protocol, TypeVar

from google.protobuf.message import Message

from dispatch.auth import Principal, Role
from dispatch.core.custody import TO_A_DOOR
from dispatch.core.engine import decide
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import Command, Event
from dispatch.core.model import LegState, StopState
from dispatch.core.state import State, fold
from dispatch.log import PersonalRow, RequestKey, RequestRow
from dispatch.runtime import Submission
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.v1 import courier_app_pb2, couriers_pb2, parcels_pb2
from dispatch.wire import names
from dispatch.wire.places import Shown, pointers, reveal
from dispatch.wire.work import LIVE_STATES

UUID4 = re.compile(
    r"[0-9a-f]{8}-[0-9a-f]{4}-4[0-9a-f]{3}-[89ab][0-9a-f]{3}-[0-9a-f]{12}", re.IGNORECASE
)

_UNDER_WAY = frozenset({LegState.ASSIGNED, LegState.ACTIVE})

Answer = TypeVar("Answer", bound=Message)


class Request(Protocol):
    """A request that may be repeated."""

    request_id: str

    def SerializeToString(self, *, deterministic: bool = ...) -> bytes:  # noqa: N802
        """Return the message as bytes."""


class _Reply:
    """Makes the answer inside the commit, keeps the message and returns its bytes."""

    def __init__(self, build: Callable[[State, tuple[Event, ...]], Message]) -> None:
        self._build = build
        self.message: Message | None = None

    def __call__(self, state: State, events: tuple[Event, ...]) -> bytes:
        self.message = self._build(state, events)
        return self.message.SerializeToString()


async def submit(
    site: Site,
    zone: HostedZone,
    caller: Principal,
    request: Request,
    command: Command,
    build: Callable[[State, tuple[Event, ...]], Answer],
    kind: type[Answer],
    *,
    personal: Sequence[PersonalRow] = (),
) -> tuple[Answer, tuple[PersonalRow, ...]]:
    """Carry out a command once, however often it is asked.

    Parameters
    ----------
    request
        As it came; its ``request_id`` makes a retry find the first answer.
    build
        Makes the answer from the state right after the command. It holds no personal data,
        only pointers, because it is kept with the request.

    Returns
    -------
    (answer, rows)
        The answer, and the personal data that was written for it: none for a kept answer,
        whose rows may have been erased since.

    Raises
    ------
    DispatchError
        If the command is refused, or the log failed.
    """
    key, digest = _identity(site, caller, request)
    reply = _Reply(build)
    outcome = await zone.loop.submit(
        Submission(
            command=command,
            actor=caller.name,
            request=key,
            payload_hash=digest,
            personal=tuple(personal),
            respond=reply,
        )
    )
    if isinstance(reply.message, kind):
        return reply.message, tuple(personal)
    answer = kind()
    answer.ParseFromString(outcome.response)
    return answer, ()


async def kept(
    site: Site, caller: Principal, request: Request, kind: type[Answer]
) -> Answer | None:
    """Return the answer that an equal request got before, None where there was none.

    For a request that can no longer be read: what it says by default, such as a parcel that
    is ready now, may have come true at its first time and be impossible at its second.
    """
    key, digest = _identity(site, caller, request)
    if key is None:
        return None
    found = (await site.read(lambda: site.log.find_requests([key]))).get(key)
    if found is None or found.payload_hash != digest:
        return None
    answer = kind()
    answer.ParseFromString(found.response)
    return answer


async def keep_answer(
    site: Site, zone: HostedZone, caller: Principal, request: Request, answer: Message
) -> None:
    """Keep an answer that no command gave, for `kept`; nothing where the request has no id."""
    key, digest = _identity(site, caller, request)
    if key is None:
        return
    row = RequestRow(
        key=key,
        zone=zone.name,
        payload_hash=digest,
        response=answer.SerializeToString(),
        at=site.clock.now(),
    )
    await site.read(lambda: site.log.append(zone.name, (), [row]))


def _identity(site: Site, caller: Principal, request: Request) -> tuple[RequestKey | None, str]:
    """Return the key of a request and the keyed hash of its body; None where it has no id."""
    if not request.request_id:
        return None, ""
    key = RequestKey(caller.name, type(request).__name__, checked_id(request.request_id))
    body = request.SerializeToString(deterministic=True)
    return key, hmac.new(site.secret.encode(), body, hashlib.sha256).hexdigest()


def rehearse(
    zone: HostedZone, command: Command, build: Callable[[State, tuple[Event, ...]], Answer]
) -> Answer:
    """Return what `submit` would answer now, and change nothing."""
    events = decide(zone.state, command, now=zone.loop.runtime.now(), command_id="rehearsal")
    return build(fold(zone.state, events), events)


def checked_id(request_id: str) -> str:
    """Return a request id in small letters.

    Raises
    ------
    InvalidValue
        If it is no random UUID.
    """
    if not UUID4.fullmatch(request_id):
        raise InvalidValue([Fault("request_id", f"{request_id[:40]!r} is not a UUID4")])
    return request_id.lower()


async def show(
    site: Site,
    network: HostedNetwork,
    caller: Principal,
    messages: Iterable[Shown],
    known: Iterable[PersonalRow] = (),
) -> None:
    """Put personal data into messages as far as the caller may see it.

    Parameters
    ----------
    known
        Rows that have just been written and need not be read again.
    """
    shown = list(messages)
    for message in shown:
        if isinstance(message, courier_app_pb2.Tour):
            _leave_out(network, message)
    wanted = pointers(shown)
    rows = {row.id: row for row in known}
    missing = wanted - rows.keys()
    if missing:
        rows |= await site.read(lambda: site.log.personal(missing))
    reveal(shown, rows, lambda message: _may_see(network, caller, message))


def _may_see(network: HostedNetwork, caller: Principal, message: Shown) -> bool:
    """Whether a caller, who may see the message, may see its personal data as well.

    A recipient's shows only to the parcel's merchant and to the courier who accepted, while
    that courier's tour is live and the leg leads to the recipient; a courier's own and a hub's
    to those who run the network; a leg alone shows nobody.
    """
    match message:
        case parcels_pb2.Parcel():
            parcel = "/".join(names.required(message.name, names.PARCEL, "name")[1:])
            return caller.role is Role.MERCHANT or carries(
                network, caller, parcel, to_recipient=True
            )
        case courier_app_pb2.Tour():
            return caller.role is Role.COURIER and _is_live(network, message)
        case couriers_pb2.Courier():
            return caller.role in {Role.DISPATCHER, Role.COURIER}
        case parcels_pb2.Leg():
            return False
        case _:
            return caller.role is Role.DISPATCHER


def _leave_out(network: HostedNetwork, message: courier_app_pb2.Tour) -> None:
    """Mark stops and actions that were left out since: the message may be an old answer.

    What they are marked with decides whether their places show anybody.
    """
    own = message.name.rpartition("/")[2]
    for zone in network.zones.values():
        tour = zone.state.tours.get(own)
        for stop, now in zip(message.stops, tour.stops if tour else (), strict=False):
            left_out = courier_app_pb2.Stop.State.SKIPPED
            if now.state is StopState.SKIPPED:
                stop.state = left_out
            for action, its in zip(stop.actions, now.actions, strict=False):
                if its.state is StopState.SKIPPED:
                    action.state = left_out


def _is_live(network: HostedNetwork, message: courier_app_pb2.Tour) -> bool:
    """Whether the tour is live in the message and still is: it may be an old answer."""
    _, courier, tour = names.required(message.name, names.TOUR, "name")
    return message.state in LIVE_STATES and any(
        zone.state.live_tour.get(courier) == tour for zone in network.zones.values()
    )


def carries(
    network: HostedNetwork, caller: Principal, parcel: str, *, to_recipient: bool = False
) -> bool:
    """Whether the caller is a courier whose live tour has a parcel, ``m/p``.

    Not any more once the leg was cancelled, handed back or ended.

    Parameters
    ----------
    to_recipient
        Whether it counts only where the leg leads to the recipient: whoever brings a parcel to a
        hub on its way has nobody to call.
    """
    if caller.role is not Role.COURIER:
        return False
    for zone in network.zones.values():
        state = zone.state
        if caller.subject in state.live_tour and parcel in state.parcels:
            leg = state.legs[state.parcels[parcel].leg]
            is_near = leg.purpose in TO_A_DOOR or not to_recipient
            return leg.courier == caller.subject and leg.state in _UNDER_WAY and is_near
    return False
