"""Rosters: whole ones that come in at once, slots that are swapped, guards who are sent home."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
from collections.abc import Iterable, Sequence

import grpc

from dispatch.auth import Principal, Role
from dispatch.core.engine import decide
from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import DropSlots, Event, ImportRoster, RosterRow, SwapSlots
from dispatch.core.model import Instant
from dispatch.core.zone import State
from dispatch.service.access import COMPANIES, COURIERS, allowed, denied
from dispatch.service.grounds import employs, runs_post
from dispatch.service.reasons import said
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.times import faults_named
from dispatch.service.writing import kept, rehearse, submit
from dispatch.v1 import couriers_pb2 as pb
from dispatch.wire import names
from dispatch.wire.rosters import rows_in, slot_named, windows_out

Context = grpc.aio.ServicerContext[object, object]

_SWAP = {"opens_at": "name", "other": "taker", "other_opens_at": "taker_window"}


class Swaps:
    """Slots that go from one guard to another, by whoever may say so."""

    _site: Site

    async def SwapSlots(
        self, request: pb.SwapSlotsRequest, context: Context
    ) -> pb.SwapSlotsResponse:
        """Let a guard take another one's slot."""
        caller, (_, courier, _) = allowed(request.name, names.WINDOW, "name", COMPANIES | COURIERS)
        network = self._site.network(caller)
        # The slot is somebody else's since: only the first time could it be looked up.
        earlier = await kept(self._site, caller, request, pb.SwapSlotsResponse)
        if earlier is not None:
            return earlier
        _, opens_at = slot_named(network.id, request.name, "name")
        other = names.own_id(network.id, request.taker, names.COURIER, "taker")
        other_opens_at: Instant = 0
        if request.taker_window:
            whose, other_opens_at = slot_named(network.id, request.taker_window, "taker_window")
            if whose != other:
                raise InvalidValue([Fault("taker_window", "is not the taker's")])
        zone = _zone_of(caller, network, courier)
        _check_runs(caller, zone.state, courier, [opens_at])
        if other_opens_at:
            _check_runs(caller, zone.state, other, [other_opens_at])
        command = SwapSlots(
            courier=courier,
            opens_at=opens_at,
            other=other,
            other_opens_at=other_opens_at,
            actor=caller.name,
        )

        def build(state: State, _events: tuple[Event, ...]) -> pb.SwapSlotsResponse:
            slots = state.availability
            return pb.SwapSlotsResponse(
                giver_windows=windows_out(slots.get(courier, ()), courier, network.id),
                taker_windows=windows_out(slots.get(other, ()), other, network.id),
            )

        with faults_named(_SWAP):
            answer, _ = await submit(
                self._site, zone, caller, request, command, build, pb.SwapSlotsResponse
            )
        return answer


class Rosters(Swaps):
    """What companies and dispatchers say of guards' days."""

    async def ImportRoster(
        self, request: pb.ImportRosterRequest, context: Context
    ) -> pb.ImportRosterResponse:
        """Add a whole roster, or nothing of it."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", COMPANIES)
        network = self._site.network(caller)
        rows = rows_in(request.rows, network.id)
        zone = _zone_of_rows(network, rows)
        command = ImportRoster(rows=rows)
        _check_own_rows(caller, zone, command)
        before = zone.state.availability
        known = sum(row.slot in before.get(row.courier, ()) for row in rows)

        def build(_state: State, _events: tuple[Event, ...]) -> pb.ImportRosterResponse:
            return pb.ImportRosterResponse(
                added_count=len(rows) - known,
                known_count=known,
                courier_count=len({row.courier for row in rows}),
            )

        if request.validate_only:
            return rehearse(zone, command, build)
        answer, _ = await submit(
            self._site, zone, caller, request, command, build, pb.ImportRosterResponse
        )
        return answer

    async def DropSlots(
        self, request: pb.DropSlotsRequest, context: Context
    ) -> pb.DropSlotsResponse:
        """Take slots out of a courier's days."""
        caller, (_, courier) = allowed(request.name, names.COURIER, "name", COMPANIES)
        network = self._site.network(caller)
        earlier = await kept(self._site, caller, request, pb.DropSlotsResponse)
        if earlier is not None:
            return earlier
        zone = _zone_of(caller, network, courier)
        opens_at = _own_windows(network.id, request, courier)
        _check_runs(caller, zone.state, courier, opens_at)
        command = DropSlots(
            courier=courier,
            opens_at=opens_at,
            actor=caller.name,
            reason=said(request.reason, is_required=False),
        )

        def build(state: State, _events: tuple[Event, ...]) -> pb.DropSlotsResponse:
            slots = state.availability.get(courier, ())
            return pb.DropSlotsResponse(
                availability_windows=windows_out(slots, courier, network.id)
            )

        with faults_named({"opens_at": "availability_windows"}):
            answer, _ = await submit(
                self._site, zone, caller, request, command, build, pb.DropSlotsResponse
            )
        return answer


def _own_windows(network: str, request: pb.DropSlotsRequest, courier: str) -> tuple[Instant, ...]:
    """Return when the slots open that a request names, each once."""
    found: dict[Instant, None] = {}
    faults: list[Fault] = []
    for index, name in enumerate(request.availability_windows):
        field = f"availability_windows[{index}]"
        whose, opens_at = slot_named(network, name, field)
        if whose != courier:
            faults.append(Fault(field, "is another courier's"))
        found[opens_at] = None
    if not found:
        faults.append(Fault("availability_windows", "is required"))
    if faults:
        raise InvalidValue(faults, subject=request.name)
    return tuple(found)


def _zone_of(caller: Principal, network: HostedNetwork, courier: str) -> HostedZone:
    """Return a courier's zone; a company does not learn whether a stranger exists."""
    if caller.role is Role.PROPERTY_COMPANY and not any(
        employs(caller, zone.state, courier) for zone in network.zones.values()
    ):
        raise denied(caller)
    return network.zone_of_courier(courier)


def _check_runs(caller: Principal, state: State, courier: str, opens_at: Iterable[Instant]) -> None:
    """Raise `AccessDenied` where a company moves a slot that is not at a post of its own.

    A slot that does not exist is nobody's.
    """
    if caller.role is not Role.PROPERTY_COMPANY:
        return
    posts = {slot.opens_at: slot.post for slot in state.availability.get(courier, ())}
    if not all(runs_post(caller, state, posts.get(at, "")) for at in opens_at):
        raise denied(caller)


def _zone_of_rows(network: HostedNetwork, rows: Sequence[RosterRow]) -> HostedZone:
    """Return the zone of a roster: that of its first courier who is known.

    Raises
    ------
    InvalidValue
        If couriers of another one are in it, too.
    """
    zones = {
        courier: zone
        for zone in network.zones.values()
        for courier in {row.courier for row in rows}
        if courier in zone.state.couriers
    }
    first = next((zones[row.courier] for row in rows if row.courier in zones), None)
    if first is None:
        return network.any_zone()
    faults = [
        Fault(f"rows[{index}].courier", "works in another zone: import each zone by itself")
        for index, row in enumerate(rows)
        if zones.get(row.courier, first) is not first
    ]
    if faults:
        raise InvalidValue(faults)
    return first


def _check_own_rows(caller: Principal, zone: HostedZone, command: ImportRoster) -> None:
    """Refuse a roster by which a company would move others' people, or fill others' posts.

    Raises
    ------
    InvalidValue
        With every such row, and all else that the rules find.
    """
    if caller.role is not Role.PROPERTY_COMPANY:
        return
    state, rows = zone.state, command.rows
    own = {courier: employs(caller, state, courier) for courier in {row.courier for row in rows}}
    faults = {}
    for index, row in enumerate(rows):
        if not own[row.courier]:
            faults[index, "courier"] = "is not permitted in your compounds: permit them first"
        if not runs_post(caller, state, row.slot.post):
            faults[index, "post"] = f"{row.slot.post!r} is no post of your compounds"
    if not faults:
        return
    found = {f"rows[{at}].{field}": (at, why) for (at, field), why in faults.items()}
    try:
        decide(state, command, now=zone.loop.runtime.now(), command_id="rehearsal")
    except InvalidValue as error:
        for fault in error.faults:
            number = fault.field.removeprefix("rows[").partition("]")[0]
            found.setdefault(fault.field, (int(number) if number.isdigit() else 0, fault.problem))
    in_order = sorted(found.items(), key=lambda item: (item[1][0], item[0]))
    raise InvalidValue([Fault(field, why) for field, (_, why) in in_order])
