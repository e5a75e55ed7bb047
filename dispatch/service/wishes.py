"""What recipients and merchants change about a parcel: consent, door, time, proxies; its custody.

Consent comes through the merchant or a dispatcher, with the reference of the message that shows
it: recipients have no tokens.
"""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
from collections.abc import Sequence
from dataclasses import dataclass

import grpc

from dispatch.auth import Principal
from dispatch.core.errors import Fault
from dispatch.core.messages import (
    Command,
    Event,
    GiveConsent,
    GrantProxy,
    RedirectParcel,
    RescheduleParcel,
    RevokeProxy,
    WithdrawConsent,
    WriteOffParcel,
)
from dispatch.core.model import CONSENTED, Check, OptionKind, ParcelState
from dispatch.core.zone import State
from dispatch.log import PersonalRow
from dispatch.service import cursors
from dispatch.service.access import AUDITORS, DISPATCHERS, MERCHANTS, allowed
from dispatch.service.couriers import roads_checked
from dispatch.service.paging import page_size
from dispatch.service.reasons import coded, said
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.times import faults_named
from dispatch.service.writing import Request, show, submit
from dispatch.v1 import parcels_pb2 as pb
from dispatch.wire import names, scalars
from dispatch.wire.custody import ledger_out, line_at
from dispatch.wire.options import option_in, options_in, reference, target_faults, target_in
from dispatch.wire.parcels import parcel_out
from dispatch.wire.places import Owner, Personal, check_contact, place_in, window_in

_FIELDS = {
    "option": "delivery_option",
    "options": "delivery_options",
    "due_at": "deadline_time",
    "window.closes_at": "window.close_time",
    "until": "expire_time",
}
"""What the rules call these fields, and what requests do."""
_ENDS = frozenset({ParcelState.LOST, ParcelState.DISPOSED})

Context = grpc.aio.ServicerContext[object, object]


@dataclass(frozen=True, slots=True)
class _File:
    """Who asks about which parcel, and where it is."""

    caller: Principal
    network: HostedNetwork
    zone: HostedZone
    parcel: str

    @property
    def owner(self) -> Owner:
        """To whom personal data of this parcel belongs."""
        merchant, _, own = self.parcel.partition("/")
        return Owner(self.zone.name, f"merchants/{merchant}/parcels/{own}")


class Wishes:
    """Changes of a parcel that is known already."""

    _site: Site

    async def GiveConsent(self, request: pb.GiveConsentRequest, context: Context) -> pb.Parcel:
        """Put an agreement on record."""
        file = self._file(request.name)
        check = Check()
        path, now = "delivery_option", self._site.clock.now()
        option = option_in(request.delivery_option, path, file.network.id, now, check)
        by = request.delivery_option.consented_by
        check.that(bool(by), f"{path}.consented_by", "is required: who agreed?")
        if option is not None:
            check.faults += [
                Fault(f"{path}.target", fault.problem)
                for fault in target_faults(file.zone.state, [option], path)
            ]
            check.that(option.kind in CONSENTED, f"{path}.kind", f"{option.kind} needs no consent")
            is_past = option.consented_at <= now
            check.that(is_past, f"{path}.consent_time", "lies in the future")
        position = request.position if request.HasField("position") else -1
        is_place = not request.HasField("position") or position >= 0
        check.that(is_place, "position", "is negative")
        check.done(request.name)
        if option is None:
            raise AssertionError("an option that cannot be read is a fault")
        command = GiveConsent(
            parcel=file.parcel,
            option=option,
            position=position,
            version=scalars.version_of(request.etag, request.name),
        )
        return await self._changed(file, request, command)

    async def WithdrawConsent(
        self, request: pb.WithdrawConsentRequest, context: Context
    ) -> pb.Parcel:
        """Take an agreement back."""
        file = self._file(request.name)
        check = Check()
        kind = scalars.member_of(OptionKind, pb.DeliveryOption.Kind, request.kind, "kind", check)
        check.that(kind in CONSENTED, "kind", "is required: PERSON, HUB or SAFE_PLACE")
        command = WithdrawConsent(
            parcel=file.parcel,
            kind=kind or OptionKind.HUB,
            actor=file.caller.name,
            target=target_in(request.target, kind, "target", file.network.id, check),
            evidence=reference(request.evidence, "evidence", check),
            version=scalars.version_of(request.etag, request.name),
        )
        check.done(request.name)
        return await self._changed(file, request, command)

    async def RedirectParcel(
        self, request: pb.RedirectParcelRequest, context: Context
    ) -> pb.Parcel:
        """Send a parcel to another door, or give it other ways of delivery."""
        file = self._file(request.name)
        check = Check()
        terms = file.network.terms(file.parcel.partition("/")[0])
        options = options_in(
            request.delivery_options,
            "delivery_options",
            file.network.id,
            self._site.clock.now(),
            check,
        )
        check.faults += target_faults(file.zone.state, options, "delivery_options")
        dropoff, row = None, None
        if request.HasField("dropoff"):
            with roads_checked(self._site, {"dropoff": request.dropoff}, terms.datum):
                # Under a pointer of its own: what stood before may be needed by whoever is there.
                role = self._site.mint("dropoff-")
                dropoff, row = place_in(request.dropoff, "dropoff", file.owner, role, terms, check)
                check.that(not request.dropoff.hub, "dropoff.hub", "give a HUB option instead")
                check.done(request.name)
        is_said = dropoff is not None or bool(request.delivery_options)
        check.that(is_said, "dropoff", "is required, or delivery_options")
        check.done(request.name)
        command = RedirectParcel(
            parcel=file.parcel,
            actor=file.caller.name,
            reason=coded(request.reason),
            dropoff=dropoff,
            options=options or None,
            version=scalars.version_of(request.etag, request.name),
        )
        return await self._changed(file, request, command, [row] if row is not None else [])

    async def RescheduleParcel(
        self, request: pb.RescheduleParcelRequest, context: Context
    ) -> pb.Parcel:
        """Promise another time."""
        file = self._file(request.name)
        check = Check()
        window = window_in(request.window, "window", check) if request.HasField("window") else None
        due_at = window.closes_at if window is not None else 0
        if request.HasField("deadline_time"):
            due_at = request.deadline_time.seconds
            check.instant(due_at, "deadline_time")
        is_said = request.HasField("deadline_time") or request.HasField("window")
        check.that(is_said, "deadline_time", "is required, or a window")
        check.done(request.name)
        command = RescheduleParcel(
            parcel=file.parcel,
            due_at=due_at,
            actor=file.caller.name,
            window=window,
            reason=coded(request.reason),
            version=scalars.version_of(request.etag, request.name),
        )
        return await self._changed(file, request, command)

    async def GrantProxy(self, request: pb.GrantProxyRequest, context: Context) -> pb.Proxy:
        """Let somebody else collect a parcel."""
        file = self._file(request.name)
        check = Check()
        phone = request.contact.phone_number
        check.that(bool(phone.strip()), "contact.phone_number", "is required: the code goes there")
        check_contact(request.contact, "contact", check)
        check.that(request.HasField("expire_time"), "expire_time", "is required")
        check.instant(request.expire_time.seconds, "expire_time")
        check.done(request.name)
        proxy = self._site.mint("x")
        person = Personal(name=request.contact.display_name, phone=phone, note=request.contact.note)
        row = file.owner.row(f"proxy-{proxy}", person)
        command = GrantProxy(
            parcel=file.parcel,
            proxy=proxy,
            until=request.expire_time.seconds,
            contact=row.id if row is not None else "",
        )
        merchant, _, own = file.parcel.partition("/")

        def build(state: State, _events: tuple[Event, ...]) -> pb.Proxy:
            return pb.Proxy(
                name=names.joined(names.PROXY, file.network.id, merchant, own, proxy),
                expire_time=scalars.timestamp(state.proxies[proxy].expires_at),
            )

        with faults_named(_FIELDS):
            answer, _ = await submit(
                self._site, file.zone, file.caller, request, command, build, pb.Proxy,
                personal=[row] if row is not None else [],
            )  # fmt: skip
        return answer

    async def RevokeProxy(self, request: pb.RevokeProxyRequest, context: Context) -> pb.Parcel:
        """Make a proxy's code worthless."""
        caller, (_, *ids) = allowed(request.name, names.PROXY, "name", MERCHANTS)
        network, parcel = self._site.network(caller), "/".join(ids[:-1])
        file = _File(caller, network, network.zone_of_parcel(parcel), parcel)
        command = RevokeProxy(parcel=parcel, proxy=ids[-1])
        return await self._changed(file, request, command)

    async def WriteOffParcel(
        self, request: pb.WriteOffParcelRequest, context: Context
    ) -> pb.Parcel:
        """Give a parcel up."""
        caller, (_, *ids) = allowed(request.name, names.PARCEL, "name", DISPATCHERS)
        network, parcel = self._site.network(caller), "/".join(ids)
        file = _File(caller, network, network.zone_of_parcel(parcel), parcel)
        check = Check()
        state = scalars.member_of(ParcelState, pb.Parcel.State, request.state, "state", check)
        check.that(state in _ENDS, "state", "is required: LOST or DISPOSED")
        check.done(request.name)
        command = WriteOffParcel(
            parcel=parcel,
            to=state or ParcelState.LOST,
            actor=caller.name,
            reason=said(request.reason),
        )
        return await self._changed(file, request, command)

    async def ListCustodyEvents(
        self, request: pb.ListCustodyEventsRequest, context: Context
    ) -> pb.ListCustodyEventsResponse:
        """List who has held a parcel, or say who held it at an instant."""
        caller, (_, *ids) = allowed(request.parent, names.PARCEL, "parent", MERCHANTS | AUDITORS)
        network, own = self._site.network(caller), "/".join(ids)
        parcel = network.zone_of_parcel(own).state.parcel(own)
        lines = ledger_out(parcel, network.id)
        if request.HasField("read_time"):
            held = line_at(parcel, request.read_time.seconds)
            return pb.ListCustodyEventsResponse(
                custody_events=[] if held is None else [lines[held]]
            )
        question = ("custody", request.parent)
        after = 0
        if request.page_token:
            after = cursors.unseal(request.page_token, "page_token", int, *question)
        until = after + page_size(request.page_size)
        token = cursors.seal(until, *question) if len(lines) > until else ""
        return pb.ListCustodyEventsResponse(
            custody_events=lines[after:until], next_page_token=token
        )

    def _file(self, name: str) -> _File:
        caller, (_, *ids) = allowed(name, names.PARCEL, "name", MERCHANTS)
        network, parcel = self._site.network(caller), "/".join(ids)
        return _File(caller, network, network.zone_of_parcel(parcel), parcel)

    async def _changed(
        self,
        file: _File,
        request: Request,
        command: Command,
        personal: Sequence[PersonalRow] = (),
    ) -> pb.Parcel:
        """Carry out a command whose answer is the parcel."""
        network = file.network

        def build(state: State, _events: tuple[Event, ...]) -> pb.Parcel:
            moment = network.moment(self._site.clock.now())
            parcel = state.parcel(file.parcel)
            return parcel_out(state, parcel, network.id, network.currency, moment)

        with faults_named(_FIELDS):
            answer, known = await submit(
                self._site, file.zone, file.caller, request, command, build, pb.Parcel,
                personal=personal,
            )  # fmt: skip
        await show(self._site, network, file.caller, [answer], known)
        return answer
