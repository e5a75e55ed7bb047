"""Address lines: read on request, listed where nobody could, corrected by somebody who can."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import asyncio

import grpc

from dispatch.addresses import Lesson, lesson_of
from dispatch.addresses.templates import SURE_LEAD
from dispatch.addresses.text import name_key
from dispatch.auth import Principal, Role
from dispatch.core.errors import Fault, InvalidValue, NotFound
from dispatch.log import LessonRow
from dispatch.service import cursors
from dispatch.service.access import MERCHANTS, allowed
from dispatch.service.lines import Addresses, lessons_of
from dispatch.service.paging import page_size
from dispatch.service.site import HostedNetwork, Site
from dispatch.service.writing import keep_answer, kept
from dispatch.v1 import addresses_pb2 as pb
from dispatch.v1 import addresses_pb2_grpc
from dispatch.wire import names
from dispatch.wire.addresses import UNREAD, line_out, meant_in, reading_out

Context = grpc.aio.ServicerContext[object, object]
MOST_LINES = 1000


class AddressService(addresses_pb2_grpc.AddressServiceServicer):
    """Address lines of a merchant, or of a network."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._addresses = Addresses(site)

    async def ParseAddresses(
        self, request: pb.ParseAddressesRequest, context: Context
    ) -> pb.ParseAddressesResponse:
        """Read lines, and keep none of them."""
        _, network, merchant = self._merchant(request.parent)
        if len(request.lines) > MOST_LINES:
            problem = f"{len(request.lines)} lines; at most {MOST_LINES} are read at once"
            raise InvalidValue([Fault("lines", problem)])
        reader = await self._addresses.reader(network, merchant)
        readings = await asyncio.to_thread(
            lambda: [reader.read(line, request.compound) for line in request.lines]
        )
        return pb.ParseAddressesResponse(readings=map(reading_out, readings))

    async def ListUnreadAddresses(
        self, request: pb.ListUnreadAddressesRequest, context: Context
    ) -> pb.ListUnreadAddressesResponse:
        """List lines that wait, by name, each with the best guess as of now."""
        _, network, merchant = self._merchant(request.parent)
        question = ("unreadAddresses", request.parent, request.compound)
        after = ""
        if request.page_token:
            after = cursors.unseal(request.page_token, "page_token", str, *question)
        size = page_size(request.page_size)
        rows = await self._site.read(
            lambda: self._site.log.lines(network.id, merchant, after, size + 1)
        )
        reader = await self._addresses.reader(network, merchant)
        answer = pb.ListUnreadAddressesResponse()
        for row in rows[:size]:
            guess = reader.read(row.line, row.compound)
            wanted = {name_key(guess.compound), name_key(row.compound)}
            if not request.compound or name_key(request.compound) in wanted:
                answer.unread_addresses.append(line_out(row, guess))
        if len(rows) > size:
            answer.next_page_token = cursors.seal(rows[size - 1].key, *question)
        return answer

    async def CorrectAddress(
        self, request: pb.CorrectAddressRequest, context: Context
    ) -> pb.CorrectAddressResponse:
        """Settle a line, and learn its form where the line holds what was said."""
        caller, (_, merchant, key) = allowed(request.name, UNREAD, "name", MERCHANTS)
        network = self._site.network(caller)
        earlier = await kept(self._site, caller, request, pb.CorrectAddressResponse)
        if earlier is not None:
            return earlier
        meant = meant_in(request)
        log = self._site.log
        row = await self._site.read(lambda: log.line(network.id, merchant, key))
        if row is None:
            raise NotFound("there is no such line: somebody may have read it", subject=request.name)
        lesson = lesson_of(row.line, meant, self._addresses.book(network))
        # A dispatcher speaks for the network; a merchant cannot change how others' lines are read.
        learner = "" if caller.role is Role.DISPATCHER else merchant
        kept_lesson = None if lesson is None else _row(lesson, network.id, learner)
        if not await self._site.read(lambda: log.settle_line(row, kept_lesson)):
            raise NotFound("there is no such line: somebody has read it", subject=request.name)
        answer = pb.CorrectAddressResponse(lesson=await self._outcome(network, learner, lesson))
        await keep_answer(self._site, network.any_zone(), caller, request, answer)
        return answer

    async def _outcome(
        self, network: HostedNetwork, learner: str, lesson: Lesson | None
    ) -> pb.CorrectAddressResponse.Lesson:
        if lesson is None:
            return pb.CorrectAddressResponse.Lesson.NOT_LEARNED
        rows = await self._site.read(lambda: self._site.log.lessons(network.id, learner))
        rule, lead = lessons_of(rows).best(lesson.compound, lesson.form)
        if lead < 1 or rule != lesson.rule:
            return pb.CorrectAddressResponse.Lesson.CONTRADICTED
        if lead < SURE_LEAD:
            return pb.CorrectAddressResponse.Lesson.LEARNED
        return pb.CorrectAddressResponse.Lesson.CONFIRMED

    def _merchant(self, parent: str) -> tuple[Principal, HostedNetwork, str]:
        """Return who asks, where, and for which merchant's lines; empty for everybody's."""
        caller, (_, merchant) = allowed(parent, names.MERCHANT, "parent", MERCHANTS, wildcard=True)
        network = self._site.network(caller)
        if merchant == names.ANY:
            return caller, network, ""
        network.check_merchant(merchant)
        return caller, network, merchant


def _row(lesson: Lesson, network: str, merchant: str) -> LessonRow:
    return LessonRow(
        network=network,
        merchant=merchant,
        compound=lesson.compound,
        form=lesson.form,
        rule=lesson.rule,
    )
