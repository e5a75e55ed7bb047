"""Offers, tours and what happened at their stops: the language of a courier's phone."""

import math
from collections.abc import Container, Iterator, Sequence

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.messages import RecordStop, StopReport
from dispatch.core.model import (
    ActionKind,
    Check,
    CustodianKind,
    DeclineReason,
    FailureCode,
    Instant,
    Itinerary,
    Offer,
    Parcel,
    Place,
    Purpose,
    Seconds,
    Stop,
    StopAction,
    StopState,
    Tour,
    straight_line_m,
)
from dispatch.core.state import State, replace
from dispatch.v1 import courier_app_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import names, scalars
from dispatch.wire.evidence import evidence_in
from dispatch.wire.moment import PLANNED, Moment
from dispatch.wire.places import place_out

GRID_DEGREES = 0.005
"""Raster on which places are hidden before acceptance: some 550 m by 300 m to 550 m."""
RADIUS_STEP_M = 100
LEAST_RADIUS_M = 500

_ASKS_FOR_PROOFS = frozenset({Purpose.DOOR, Purpose.GATE})
LIVE_STATES = frozenset({pb.Tour.State.COMMITTED, pb.Tour.State.ACTIVE})
"""A tour that is still to be done: only then its courier sees whom to call."""


def offer_out(state: State, offer: Offer, network: str, currency: str) -> pb.Offer:
    """Write an offer: what it asks and pays, and only roughly where."""
    itinerary = offer.itinerary
    parcels = [state.parcels[state.legs[leg].parcel] for leg in itinerary.legs]
    return pb.Offer(
        name=names.joined(names.OFFER, network, offer.courier, offer.id),
        legs=[names.leg_name(network, leg) for leg in itinerary.legs],
        round=offer.round,
        mode=pb.Offer.Mode.SEQUENTIAL,
        travel_mode=state.couriers[offer.courier].mode.name,
        pay_lines=[
            pb.PayLine(label=line.label, amount=scalars.money(line.cents, currency))
            for line in offer.pay
        ],
        distance_meters=itinerary.distance_m,
        tour_duration=scalars.duration(itinerary.ends_at - itinerary.departs_at),
        pickup_area=hiding_area([state.legs[leg].pickup for leg in itinerary.legs]),
        coarse_area=hiding_area([state.legs[leg].dropoff for leg in itinerary.legs]),
        load=types_pb2.Load(
            grams=sum(parcel.grams for parcel in parcels),
            milliliters=sum(parcel.ml for parcel in parcels),
        ),
        create_time=scalars.timestamp(offer.made_at),
        expire_time=scalars.timestamp(offer.expires_at),
        state=offer.state.name,
        plan_version=str(offer.epoch),
        etag=scalars.etag(offer.version),
        decline_reason=offer.decline_reason or None,
        summary=itinerary.summary,
    )


def hiding_area(places: Sequence[Place]) -> pb.CoarseArea:
    """Return a circle that holds all places and tells none of them."""
    lat = _on_grid(sum(place.lat for place in places) / len(places))
    lon = _on_grid(sum(place.lon for place in places) / len(places))
    center = Place(lat=lat, lon=lon)
    reach_m = max(straight_line_m(center, place) for place in places)
    steps = math.ceil(max(reach_m, LEAST_RADIUS_M) / RADIUS_STEP_M)
    return pb.CoarseArea(
        center=scalars.latlng(lat=lat, lon=lon), radius_meters=steps * RADIUS_STEP_M
    )


def _on_grid(degrees: float) -> float:
    return round(round(degrees / GRID_DEGREES) * GRID_DEGREES, 4)


def tour_out(state: State, tour: Tour, network: str, moment: Moment = PLANNED) -> pb.Tour:
    """Write a tour with its exact places; personal data as pointers.

    Parameters
    ----------
    moment
        For when its stops are reached.
    """
    itinerary = tour.itinerary
    stops = [
        _stop_out(state, stop, index, network, at)
        for index, (stop, at) in enumerate(zip(tour.stops, moment.etas(state, tour), strict=True))
    ]
    return pb.Tour(
        name=names.joined(names.TOUR, network, tour.courier, tour.id),
        version=tour.version,
        stops=stops,
        state=tour.state.name,
        metrics=_metrics(itinerary),
        travel_mode=state.couriers[tour.courier].mode.name,
        planned_start_time=scalars.timestamp(itinerary.departs_at),
        planned_end_time=scalars.timestamp(itinerary.ends_at),
        etag=scalars.etag(tour.version),
        summary=itinerary.summary,
    )


def _metrics(itinerary: Itinerary) -> pb.TourMetrics:
    inside_s = sum(action.travel_s for stop in itinerary.stops for action in stop.actions)
    travel_s = sum(stop.travel_s for stop in itinerary.stops) + itinerary.return_s + inside_s
    at_stops_s = sum(stop.leaves_at - stop.arrives_at for stop in itinerary.stops)
    service_s = at_stops_s - inside_s
    return pb.TourMetrics(
        distance_meters=itinerary.distance_m,
        travel_duration=scalars.duration(travel_s),
        service_duration=scalars.duration(service_s),
        detour_duration=scalars.duration(itinerary.detour_s),
    )


def _action_out(state: State, stop: Stop, action: StopAction, network: str) -> pb.StopAction:
    parcel = state.parcels[state.legs[action.leg].parcel]
    is_dropoff = action.kind is ActionKind.DROPOFF
    asked = parcel.proofs if is_dropoff and action.purpose in _ASKS_FOR_PROOFS else ()
    message = pb.StopAction(
        kind=action.kind.name,
        leg=names.leg_name(network, action.leg),
        parcel=names.parcel_name(network, parcel.id),
        proofs=[proof.name for proof in asked],
        state=action.state.name,
        purpose=action.purpose.name if is_dropoff else None,
        giver="" if is_dropoff else _giver(parcel, action, network),
    )
    if is_dropoff and action.purpose is Purpose.GATE:
        # Whoever waits at a gate has to be able to call somebody down.
        gate = replace(stop.place_of(action.leg), contact=parcel.dropoff.contact)
        message.place.CopyFrom(place_out(gate, network))
    elif has_doors(stop):
        message.place.CopyFrom(place_out(stop.place_of(action.leg), network))
    if action.travel_s:
        message.travel_duration.CopyFrom(scalars.duration(action.travel_s))
    return message


def has_doors(stop: Stop) -> bool:
    """Whether a stop is an entrance with several doors."""
    return any(action.place is not None for action in stop.actions)


def _giver(parcel: Parcel, action: StopAction, network: str) -> str:
    """Name who has a parcel that is to be picked up; empty for its sender."""
    holder = parcel.custodian
    shapes = {CustodianKind.HUB: names.HUB, CustodianKind.COURIER: names.COURIER}
    if action.state is not StopState.PENDING or holder.kind not in shapes:
        return ""
    return names.joined(shapes[holder.kind], network, holder.id)


def _stop_out(state: State, stop: Stop, index: int, network: str, at: Instant) -> pb.Stop:
    place = stop.place
    if has_doors(stop):
        # The first door's floor and contact are the first recipient's alone.
        place = replace(place, contact="", door_key="", floor=None)
    message = pb.Stop(
        id=str(index),
        place=place_out(place, network),
        actions=[_action_out(state, stop, action, network) for action in stop.actions],
        planned_arrival_time=scalars.timestamp(stop.arrives_at),
        planned_departure_time=scalars.timestamp(stop.leaves_at),
        state=stop.state.name,
    )
    if stop.arrived_at:
        message.arrival_time.CopyFrom(scalars.timestamp(stop.arrived_at))
    done = [action.done_at for action in stop.actions]
    if stop.state in {StopState.PENDING, StopState.EN_ROUTE}:
        message.expected_arrival_time.CopyFrom(scalars.timestamp(at))
    if all(action.state is not StopState.PENDING for action in stop.actions):
        message.completion_time.CopyFrom(scalars.timestamp(max(done)))
    return message


# --- in ---------------------------------------------------------------------------------


def decline_reason(number: int) -> DeclineReason:
    """Read why a courier says no; OTHER where it is not said.

    Raises
    ------
    InvalidValue
        If there is no such reason.
    """
    check = Check()
    found = scalars.member_of(DeclineReason, pb.Offer.DeclineReason, number, "reason", check)
    check.done()
    return found or DeclineReason.OTHER


_ACTIONS = {
    pb.StopEvent.Action.PICK_UP: ActionKind.PICKUP,
    pb.StopEvent.Action.DROP_OFF: ActionKind.DROPOFF,
}
_LONGEST_ID = 64


def stop_commands(
    message: pb.StopEvent,
    tour: Tour,
    network: str,
    *,
    shift_s: Seconds = 0,
    known: Container[str] = (),
) -> list[RecordStop]:
    """Read what a phone tells of one stop, as one command for what it confirms together.

    A failure is told of each leg by itself, and so is what a code stands for: each parcel has its
    own. Codes and names among its proofs are left out: see `dispatch.wire.evidence`.

    Parameters
    ----------
    shift_s
        Added to the phone's times: how much its clock is behind.
    known
        Ids of the tour's reports that were taken.

    Raises
    ------
    InvalidValue
        With every fault, by the fields of the event.
    """
    check = Check()
    check.that(message.event_id != "", "event_id", "is required")
    scalars.plain_text(message.event_id, _LONGEST_ID, "event_id", check)
    check.that(message.HasField("event_time"), "event_time", "is required")
    evidence = evidence_in(message, check, shift_s=shift_s)
    index = _stop_index(message.stop, tour, check)
    failure = _failure(message, check)
    action = message.action
    if action == pb.StopEvent.Action.SKIP:
        check.faults.append(Fault("action", "SKIP comes later: report a failure instead"))
    elif action == 0 or action not in pb.StopEvent.Action.values():
        check.faults.append(Fault("action", "is required"))
    check.done(tour.id)
    kind = _ACTIONS.get(action)
    together: list[tuple[str, ...]] = [("",)]
    if kind:
        legs = _legs(message, tour.stops[index], kind, network, known)
        is_alone = failure is not None or _is_told_alone(message, tour, legs)
        together = [(leg,) for leg in legs] if is_alone else [tuple(legs)]
    return [
        RecordStop(
            courier=tour.courier,
            tour=tour.id,
            report=StopReport(
                id=report_id(message, legs[0]),
                at=message.event_time.seconds + shift_s,
                stop=index,
                leg=legs[0],
                legs=tuple(legs[1:]),
                action=kind,
                failure=failure,
                departs=action == pb.StopEvent.Action.DEPART,
                sequence=message.device_seq,
                evidence=evidence,
            ),
        )
        for legs in together
    ]


def _is_told_alone(message: pb.StopEvent, tour: Tour, legs: Sequence[str]) -> bool:
    """Whether each leg needs a word of its own: by a code, or to its recipient at a gate."""
    named = set(legs)
    return any(proof.kind == types_pb2.ProofKind.PIN for proof in message.proofs) or any(
        action.leg in named and action.purpose is Purpose.GATE
        for stop in tour.stops
        for action in stop.actions
    )


def _stop_index(stop: str, tour: Tour, check: Check) -> int:
    known = stop.isascii() and stop.isdigit() and int(stop) < len(tour.stops)
    check.that(known, "stop", f"{stop[:40]!r} is no stop of this tour")
    return int(stop) if known else 0


def _failure(message: pb.StopEvent, check: Check) -> FailureCode | None:
    failed = message.outcome == pb.StopEvent.Outcome.FAILED
    found = scalars.member_of(
        FailureCode, types_pb2.FailureCode, message.failure_code, "failure_code", check
    )
    check.that(not failed or message.failure_code != 0, "failure_code", "is required")
    check.that(failed or message.failure_code == 0, "failure_code", "goes with FAILED only")
    return found if failed else None


def _legs(
    message: pb.StopEvent, stop: Stop, action: ActionKind, network: str, known: Container[str]
) -> list[str]:
    """Return which legs an event is about: those that it names, else those that it fits.

    Where it was taken before, it is about the same legs again, whatever the stop has gained since.
    """
    if message.legs:
        return list(_given_legs(message, network))
    fitting = [its for its in stop.actions if its.kind is action]
    if not fitting:
        raise InvalidValue([Fault("action", f"there is no {action} at this stop")])
    taken = [its for its in fitting if report_id(message, its.leg) in known]
    pending = [its for its in fitting if its.state is StopState.PENDING]
    if not taken and len({_door_of(stop, its) for its in pending}) > 1:
        problem = "is required: the stop has several doors, and each is confirmed by itself"
        raise InvalidValue([Fault("legs", problem)])
    return [its.leg for its in taken or pending or fitting]


def _door_of(stop: Stop, action: StopAction) -> str | Place:
    place = stop.place_of(action.leg)
    return place.door_key or place


def report_id(message: pb.StopEvent, leg: str) -> str:
    """Return under which id the core knows what an event says of one leg."""
    return f"{message.event_id}/{leg}" if leg else message.event_id


def _given_legs(message: pb.StopEvent, network: str) -> Iterator[str]:
    for index, leg in enumerate(message.legs):
        yield names.leg_id(network, leg, f"legs[{index}]")
