"""What a courier's phone reports: stops, hand-overs, contacts, positions."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import asyncio
from collections.abc import Sequence

import grpc
from google.protobuf import duration_pb2
from msgspec.structs import replace

from dispatch.auth import Role
from dispatch.core.errors import DispatchError, Fault, InvalidValue, Unavailable
from dispatch.core.messages import (
    ContactRecipient,
    CorrectStop,
    Event,
    Evidence,
    GiveParcel,
    RecordPosition,
    RecordStop,
)
from dispatch.core.model import (
    Check,
    Custodian,
    CustodianKind,
    FailureCode,
    Instant,
    Place,
    Seconds,
    Tour,
)
from dispatch.core.zone import State
from dispatch.log import PersonalRow
from dispatch.runtime import Outcome, Submission
from dispatch.service.access import denied
from dispatch.service.codes import DoorTries, door_serial
from dispatch.service.desk import Desk, desk_of, submit_tour
from dispatch.service.reasons import coded
from dispatch.service.site import Site
from dispatch.service.status import status_of
from dispatch.service.tags import scanned_at
from dispatch.service.times import SCAN, faults_named, scan_time
from dispatch.service.writing import submit
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.evidence import Told, evidence_in, metres_in, point_in, told_in
from dispatch.wire.moment import Fix
from dispatch.wire.places import Owner, Personal
from dispatch.wire.work import stop_commands

MOST_STOP_EVENTS = 500
MOST_POINTS = 100
CLOCK_TOLERANCE_S: Seconds = 120
"""A phone's clock may differ by so much before its times are moved."""
USEFUL_ACCURACY_M = 200
"""A less exact position says little about the next stop."""
OLDEST_FIX_S: Seconds = 600
NEXT_POINTS_S: Seconds = 30

Context = grpc.aio.ServicerContext[object, object]


class StopReports:
    """What happens on a courier's tours, as the phone tells it."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._tries = DoorTries()

    async def RecordStopEvents(
        self, request: pb.RecordStopEventsRequest, context: Context
    ) -> pb.RecordStopEventsResponse:
        """Record what happened at stops; one answer for each event, in the request's order."""
        desk = desk_of(self._site, request.name, names.TOUR)
        tour = desk.tour(request.name)
        if not 0 < len(request.events) <= MOST_STOP_EVENTS:
            problem = f"needs 1 to {MOST_STOP_EVENTS} events"
            raise InvalidValue([Fault("events", problem)])
        shift_s = _shift_s(request, self._site.clock.now())
        order = sorted(
            range(len(request.events)),
            key=lambda index: (
                request.events[index].event_time.seconds,
                request.events[index].event_time.nanos,
                request.events[index].device_seq,
                index,
            ),
        )
        # Queued one after the other without waiting, so that they share a transaction and
        # are decided in the order in which they happened.
        waiting = {
            index: asyncio.ensure_future(self._record(desk, tour, request.events[index], shift_s))
            for index in order
        }
        await asyncio.gather(*waiting.values())
        return pb.RecordStopEventsResponse(
            results=[waiting[index].result() for index in range(len(request.events))],
            tour_version=desk.zone.state.tour(tour.id).version,
        )

    async def _record(
        self, desk: Desk, tour: Tour, message: pb.StopEvent, shift_s: Seconds
    ) -> pb.StopEventResult:
        """Record one event of a phone.

        Raises
        ------
        Unavailable
            If the log failed: the phone sends the whole batch again.
        """
        result = pb.StopEventResult(event_id=message.event_id)
        dispositions = pb.StopEventResult.Disposition
        try:
            known = _Taken(desk.zone.state, tour.id)
            commands = stop_commands(message, tour, desk.network.id, shift_s=shift_s, known=known)
            told = told_in(message)
            outcomes: list[Outcome] = await asyncio.gather(
                *(
                    desk.zone.loop.submit(self._submission(desk, command, told))
                    for command in commands
                )
            )
        except Unavailable:
            raise
        except DispatchError as error:
            result.disposition = dispositions.REJECTED
            result.status.CopyFrom(status_of(error))
            return result
        is_new = any(outcome.events for outcome in outcomes)
        result.disposition = dispositions.RECORDED if is_new else dispositions.DUPLICATE
        return result

    def _submission(self, desk: Desk, command: RecordStop, told: Told) -> Submission:
        """Put what was told aside: codes, names and tags become serials, pointers, entrances."""
        report = command.report
        rows: tuple[PersonalRow, ...] = ()
        if report.leg and f"{command.tour}/{report.id}" not in desk.zone.state.reports:
            evidence, rows = self._without_secrets(
                desk, command.tour, report.leg, report.evidence, told
            )
            command = replace(command, report=replace(report, evidence=evidence))
        return Submission(command=command, actor=desk.caller.name, personal=rows)

    def _without_secrets(
        self, desk: Desk, tour: str, leg: str, evidence: Evidence, told: Told
    ) -> tuple[Evidence, tuple[PersonalRow, ...]]:
        """Return evidence with a serial and a pointer, and what the pointer points to.

        Raises
        ------
        CounterLocked
            After too many wrong codes for the parcel.
        """
        parcel = desk.zone.state.leg(leg).parcel
        stops = desk.zone.state.tour(tour).stops
        if not any(action.leg == leg for stop in stops for action in stop.actions):
            # Somebody else's parcel: the rules will say so, and no code of it is compared.
            return evidence, ()
        if told.tag:
            place = _place_of(desk.zone.state.tour(tour), leg)
            secret, network = self._site.secret, desk.network.id
            entrance = scanned_at(desk.zone.state, place, told.tag, secret, network)
            evidence = replace(evidence, entrance=entrance)
        if told.pin:
            policy, now = desk.zone.state.policy, self._site.clock.now()
            zone = desk.zone.name
            self._tries.check(zone, parcel, now, policy.code_lock_s, policy.code_attempts)
            serial = door_serial(desk.zone, self._site.secret, parcel, told.pin)
            self._tries.note(zone, parcel, serial, now)
            evidence = replace(evidence, code_serial=serial)
        if not told.receiver:
            return evidence, ()
        merchant, _, own = parcel.partition("/")
        owner = Owner(desk.zone.name, f"merchants/{merchant}/parcels/{own}")
        row = owner.row(self._site.mint("receiver-"), Personal(name=told.receiver))
        if row is None:
            return evidence, ()
        return replace(evidence, receiver=row.id), (row,)

    async def CorrectStopEvent(
        self, request: pb.CorrectStopEventRequest, context: Context
    ) -> pb.Tour:
        """Say what really became of a drop-off."""
        desk = desk_of(self._site, request.name, names.TOUR)
        tour = desk.tour(request.name)
        leg = names.leg_id(desk.network.id, request.leg, "leg")
        check = Check()
        evidence = evidence_in(request, check)
        failure = _outcome(request, check)
        check.done(request.name)
        evidence, rows = self._without_secrets(desk, tour.id, leg, evidence, told_in(request))
        command = CorrectStop(
            courier=desk.courier,
            tour=tour.id,
            leg=leg,
            reason=coded(request.reason, is_required=True),
            actor=desk.caller.name,
            failure=failure,
            evidence=evidence,
        )

        def build(state: State, _events: tuple[Event, ...]) -> pb.Tour:
            return desk.tour_out(state, state.tour(tour.id))

        return await submit_tour(self._site, desk, request, command, build, personal=rows)

    async def ContactRecipient(
        self, request: pb.ContactRecipientRequest, context: Context
    ) -> pb.ContactRecipientResponse:
        """Let a recipient know that the courier is at the door."""
        desk = desk_of(self._site, request.name, names.TOUR)
        tour = desk.tour(request.name)
        leg = names.leg_id(desk.network.id, request.leg, "leg")
        parcel = leg.rpartition("/")[0]

        def build(state: State, _events: tuple[Event, ...]) -> pb.ContactRecipientResponse:
            at = state.parcel(parcel).contacted_at
            return pb.ContactRecipientResponse(contact_time=scalars.timestamp(at))

        answer, _ = await submit(
            self._site, desk.zone, desk.caller, request,
            ContactRecipient(courier=desk.courier, tour=tour.id, leg=leg),
            build, pb.ContactRecipientResponse,
        )  # fmt: skip
        return answer

    async def GiveParcel(
        self, request: pb.GiveParcelRequest, context: Context
    ) -> pb.GiveParcelResponse:
        """Scan a parcel that another courier takes over."""
        desk = desk_of(self._site, request.name, names.COURIER)
        parcel = names.parcel_id(desk.network.id, request.parcel, "parcel")
        taker = names.own_id(desk.network.id, request.taker, names.COURIER, "taker")
        at = scan_time(request, self._site.clock.now())
        if desk.caller.role is Role.COURIER and not _has_held(desk, parcel):
            # Not even whether it exists is the business of somebody who never had it.
            raise denied(desk.caller)

        def build(state: State, _events: tuple[Event, ...]) -> pb.GiveParcelResponse:
            holder = state.parcel(parcel).custodian
            is_there = (holder.kind, holder.id) == (CustodianKind.COURIER, taker)
            return pb.GiveParcelResponse(transferred=is_there)

        with faults_named(SCAN):
            answer, _ = await submit(
                self._site, desk.zone, desk.caller, request,
                GiveParcel(courier=desk.courier, parcel=parcel, taker=taker, at=at),
                build, pb.GiveParcelResponse,
            )  # fmt: skip
        return answer

    async def ReportLocations(
        self, request: pb.ReportLocationsRequest, context: Context
    ) -> pb.ReportLocationsResponse:
        """Take the last of a phone's positions; none of them is stored."""
        desk = desk_of(self._site, request.name, names.COURIER)
        if not 0 < len(request.points) <= MOST_POINTS:
            raise InvalidValue([Fault("points", f"needs 1 to {MOST_POINTS} points")])
        now = self._site.clock.now()
        useful = _useful(request.points, now)
        if useful:
            last = max(useful, key=lambda fix: fix.at)
            is_news = desk.network.note_fix(desk.courier, last)
            if is_news and desk.courier in desk.zone.state.live_tour:
                command = RecordPosition(
                    courier=desk.courier, lat=last.place.lat, lon=last.place.lon
                )
                await desk.zone.loop.submit(Submission(command=command, actor=desk.caller.name))
        return pb.ReportLocationsResponse(
            accepted_count=len(useful), next_duration=duration_pb2.Duration(seconds=NEXT_POINTS_S)
        )


class _Taken:
    """Ids of the reports of one tour that were taken."""

    def __init__(self, state: State, tour: str) -> None:
        self._reports = state.reports
        self._tour = tour

    def __contains__(self, report: object) -> bool:
        return f"{self._tour}/{report}" in self._reports


def _place_of(tour: Tour, leg: str) -> Place:
    """Return where a tour takes a leg."""
    return next(
        stop.place_of(leg)
        for stop in reversed(tour.stops)
        if any(action.leg == leg for action in stop.actions)
    )


def _has_held(desk: Desk, parcel: str) -> bool:
    """Whether the courier holds a parcel or held it before."""
    found = desk.zone.state.parcels.get(parcel)
    own = Custodian(kind=CustodianKind.COURIER, id=desk.courier)
    return found is not None and (
        found.custodian == own or any(line.custodian == own for line in found.custody)
    )


def _shift_s(request: pb.RecordStopEventsRequest, now: Instant) -> Seconds:
    """Return how much the phone's clock is behind, 0 where it is right or does not say."""
    if not request.HasField("sent_time"):
        return 0
    behind_s = now - request.sent_time.seconds
    return behind_s if abs(behind_s) > CLOCK_TOLERANCE_S else 0


def _outcome(request: pb.CorrectStopEventRequest, check: Check) -> FailureCode | None:
    """Read what became of a drop-off after all; None where it was given."""
    outcomes = pb.StopEvent.Outcome
    check.that(request.outcome != 0, "outcome", "is required")
    failure = scalars.member_of(
        FailureCode, types_pb2.FailureCode, request.failure_code, "failure_code", check
    )
    failed = request.outcome == outcomes.FAILED
    check.that(not failed or request.failure_code != 0, "failure_code", "is required")
    check.that(failed or request.failure_code == 0, "failure_code", "goes with FAILED only")
    return failure if failed else None


def _useful(points: Sequence[pb.LocationPoint], now: Instant) -> list[Fix]:
    """Return the points that say where a courier is now or was just before.

    Raises
    ------
    InvalidValue
        With every point that is none.
    """
    check = Check()
    found = []
    for index, point in enumerate(points):
        path = f"points[{index}]"
        for name in ("point", "fix_time"):
            check.that(point.HasField(name), f"{path}.{name}", "is required")
        lat, lon = point_in(point, f"{path}.point", check)
        accuracy_m = metres_in(point.accuracy_meters, f"{path}.accuracy_meters", check)
        at = point.fix_time.seconds
        in_time = now - OLDEST_FIX_S <= at <= now + CLOCK_TOLERANCE_S
        is_exact = accuracy_m <= USEFUL_ACCURACY_M and not point.mocked
        if lat is not None and lon is not None and in_time and is_exact:
            found.append(Fix(Place(lat=lat, lon=lon, is_door=False), min(at, now)))
    check.done()
    return found
