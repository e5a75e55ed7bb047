"""One stream for every watcher: from the log, then live."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import re
from collections.abc import AsyncIterator, Callable
from typing import get_args

import grpc
import msgspec

from dispatch.auth import Principal, Role, may_act_in
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.events import AnyEvent
from dispatch.core.model import Instant
from dispatch.log import Row
from dispatch.service import cursors
from dispatch.service.access import CALLER, MERCHANTS, denied
from dispatch.service.site import HostedNetwork, Site
from dispatch.v1 import events_pb2 as pb
from dispatch.v1 import events_pb2_grpc, types_pb2
from dispatch.wire import scalars
from dispatch.wire.events import event_out

PAGE = 500
"""Rows of the log that are read at once."""

Context = grpc.aio.ServicerContext[object, object]

_EVENTS = frozenset(event.__name__ for event in get_args(AnyEvent))
_TERM = re.compile(r'\s*type\s*=\s*"([A-Za-z]{1,60})"\s*')


class _Question(msgspec.Struct, frozen=True):
    """Which rows of the log a stream is about."""

    network: str
    below: str
    types: frozenset[str]
    start_at: Instant

    def wants(self, row: Row) -> bool:
        """Whether a row belongs on the stream."""
        if not row.zone.startswith(f"networks/{self.network}/"):
            return False
        if self.types and row.type not in self.types:
            return False
        subject = f"networks/{self.network}/{row.subject}" if row.subject else row.zone
        is_below = row.zone == self.below or f"{subject}/".startswith(f"{self.below}/")
        return is_below and row.at >= self.start_at


class EventService(events_pb2_grpc.EventServiceServicer):
    """Everything that happened in a network, in order."""

    def __init__(self, site: Site) -> None:
        self._site = site

    async def StreamEvents(
        self, request: pb.StreamEventsRequest, context: Context
    ) -> AsyncIterator[pb.StreamEventsResponse]:
        """Send what happened and go on with what happens.

        The stream keeps nothing but its place in the log and reads on when its client has
        taken what was sent: whoever is slow delays nobody, and misses nothing.
        """
        caller = CALLER.get()
        network = self._network(caller, request.parent)
        bound = ("events", request.parent, request.filter)
        start = request.WhichOneof("start")
        question = _Question(
            network.id,
            request.parent,
            _types(request.filter),
            request.start_time.seconds if start == "start_time" else 0,
        )
        position = 0
        if start == "resume_token":
            position = cursors.unseal(request.resume_token, "resume_token", int, *bound)
        elif start is None:
            zones = network.zones.values()
            position = max(zone.loop.runtime.position for zone in zones)
        is_first = True
        while True:
            version = network.news.version
            rows = await self._site.read(self._reading(network, position))
            for row in rows:
                position = row.position
                if question.wants(row):
                    yield pb.StreamEventsResponse(
                        resume_token=cursors.seal(position, *bound),
                        event=event_out(row, network.id),
                    )
            if len(rows) == PAGE:
                continue
            heard = not is_first and await network.news.later_than(version, self._site.heartbeat_s)
            if not heard:
                now = scalars.timestamp(self._site.clock.now())
                yield pb.StreamEventsResponse(
                    resume_token=cursors.seal(position, *bound),
                    bookmark=types_pb2.Bookmark(read_time=now),
                )
            is_first = False

    def _reading(self, network: HostedNetwork, position: int) -> Callable[[], list[Row]]:
        zone = network.any_zone().name if len(network.zones) == 1 else None
        return lambda: self._site.log.read(zone, position, PAGE)

    def _network(self, caller: Principal, parent: str) -> HostedNetwork:
        """Return the caller's network, if the caller may watch ``parent``.

        A merchant watches what is the merchant's own; all else is for dispatchers.
        """
        if not parent:
            raise InvalidValue([Fault("parent", "is required")])
        own = parent == caller.name or parent.startswith(f"{caller.name}/")
        if caller.role not in MERCHANTS or not may_act_in(caller, parent):
            raise denied(caller)
        if caller.role is Role.MERCHANT and not own:
            raise denied(caller)
        return self._site.network(caller)


def _types(text: str) -> frozenset[str]:
    """Return the types of a filter; none means all.

    Raises
    ------
    InvalidValue
        If it is anything but ``type = "A" OR type = "B"``, or names what never happens.
    """
    if not text.strip():
        return frozenset()
    terms = [_TERM.fullmatch(part) for part in re.split(r"\bOR\b", text)]
    found = frozenset(term.group(1) for term in terms if term is not None)
    if any(term is None for term in terms):
        problem = 'only filters like type = "ParcelCreated" OR type = "OfferMade" are understood'
        raise InvalidValue([Fault("filter", problem)])
    strange = sorted(found - _EVENTS)
    if strange:
        raise InvalidValue([Fault("filter", f"there is no event {name!r}") for name in strange])
    return found
