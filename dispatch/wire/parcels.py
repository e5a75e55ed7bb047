"""Parcels: what a merchant hands in, and what is shown of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from google.protobuf import timestamp_pb2

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import (
    ActionKind,
    Check,
    DeliveryOption,
    Instant,
    Leg,
    OptionKind,
    Parcel,
    Place,
    SizeClass,
    TimeWindow,
)
from dispatch.core.state import State
from dispatch.log import PersonalRow
from dispatch.v1 import parcels_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import defaults, names, scalars
from dispatch.wire.custody import custody_out
from dispatch.wire.evidence import kinds_in
from dispatch.wire.moment import PLANNED, Moment
from dispatch.wire.options import option_out, options_in
from dispatch.wire.places import Owner, Terms, place_in, place_out, renamed, window_in, window_out

SIZES = {
    SizeClass.S: types_pb2.SizeClass.SMALL,
    SizeClass.M: types_pb2.SizeClass.MEDIUM,
    SizeClass.L: types_pb2.SizeClass.LARGE,
}
_SIZE_OF = {number: size for size, number in SIZES.items()}
_CORE_FIELDS = {
    "due_at": "promise.deadline_time",
    "ready_at": "ready_time",
    "window.closes_at": "windows[0].close_time",
    "grams": "load.grams",
    "ml": "load.milliliters",
    "value_cents": "declared_value",
    "cod_cents": "cod_amount",
}
_HANDLING_KEPT = frozenset({pb.Parcel.Handling.FRAGILE, pb.Parcel.Handling.KEEP_UPRIGHT})
_LONGEST_TEXT = 200
_LONGEST = {"carrier": 200, "waybill": 64, "piece": 64, "household": 200, "return_to": 200}
"""Most characters of a parcel's own texts."""
_MOST_LABELS = 64


@dataclass(frozen=True, slots=True)
class Intake:
    """A parcel as it was read, with the personal data that was split off."""

    parcel: Parcel
    personal: tuple[PersonalRow, ...]


def origin_hub(message: pb.Parcel, path: str, network: str) -> str:
    """Return the id of the hub where a parcel starts, empty where it starts at a point.

    Raises
    ------
    InvalidValue
        If the name is none of this network's.
    """
    if not message.pickup.hub:
        return ""
    found, hub = names.required(message.pickup.hub, names.HUB, f"{path}.pickup.hub")
    if found != network:
        problem = f"{message.pickup.hub!r} lies in another network"
        raise InvalidValue([Fault(f"{path}.pickup.hub", problem)])
    return hub


def parcel_in(
    message: pb.Parcel,
    path: str,
    parcel: str,
    zone: str,
    terms: Terms,
    now: Instant,
) -> Intake:
    """Read a new parcel.

    Parameters
    ----------
    message
        As the merchant sent it.
    path
        Of the message in the request, for faults: ``parcel``.
    parcel
        Id of the core, ``m/p``.
    zone
        Full name of the zone of its pickup.

    Raises
    ------
    InvalidValue
        With every fault, by the message's fields.
    """
    check = Check()
    merchant = parcel.partition("/")[0]
    owner = Owner(zone, f"merchants/{merchant}/parcels/{parcel.partition('/')[2]}")
    hub = message.pickup.hub.rpartition("/")[2]
    if hub:
        pickup, sender = Place(lat=0.0, lon=0.0, hub=hub), None
    else:
        pickup, sender = place_in(message.pickup, f"{path}.pickup", owner, "pickup", terms, check)
    dropoff, recipient = place_in(
        message.dropoff, f"{path}.dropoff", owner, "dropoff", terms, check
    )
    _refuse_unsupported(message, path, check)
    ready_at = _ready_at(message, path, now, check)
    window = window_in(message.windows[0], f"{path}.windows[0]", check) if message.windows else None
    options = options_in(
        message.delivery_options, f"{path}.delivery_options", terms.network, now, check
    )
    proofs = kinds_in(message.dropoff_proofs, f"{path}.dropoff_proofs", check)
    ml = message.load.milliliters or defaults.PARCEL_ML
    size = _SIZE_OF.get(message.load.size_class, defaults.size_class(ml))
    try:
        read = Parcel(
            id=parcel,
            merchant=merchant,
            pickup=pickup,
            dropoff=dropoff,
            created_at=now,
            ready_at=ready_at,
            due_at=_due_at(message, ready_at, window),
            origin_hub=hub,
            window=window,
            grams=message.load.grams or defaults.PARCEL_GRAMS,
            ml=ml,
            size_class=size,
            carrier=message.carrier,
            waybill=message.waybill,
            piece=message.piece,
            household=message.household,
            return_to=message.return_to,
            handling=tuple(
                sorted(
                    pb.Parcel.Handling.Name(kind)
                    for kind in message.handling
                    if kind in _HANDLING_KEPT
                )
            ),
            labels=tuple(sorted(message.labels.items())),
            service_level=message.promise.service_level,
            value_cents=scalars.cents(
                message.declared_value, terms.currency, f"{path}.declared_value", check
            ),
            options=options or (DeliveryOption(kind=OptionKind.DOOR),),
            proofs=proofs,
            announced=message.announced,
            max_attempts=message.max_attempts or defaults.MAX_ATTEMPTS,
        )
    except InvalidValue as error:
        check.faults += [
            Fault(fault.field.replace(".options[", ".delivery_options["), fault.problem)
            for fault in renamed(error, _CORE_FIELDS, path)
        ]
        check.done(owner.subject)
        raise
    check.done(owner.subject)
    return Intake(read, tuple(row for row in (sender, recipient) if row is not None))


def _ready_at(message: pb.Parcel, path: str, now: Instant, check: Check) -> Instant:
    """Return when a parcel is ready; now where that is no time: no other field is to blame."""
    if not message.HasField("ready_time"):
        return now
    known = len(check.faults)
    check.instant(message.ready_time.seconds, f"{path}.ready_time")
    return message.ready_time.seconds if len(check.faults) == known else now


def _due_at(message: pb.Parcel, ready_at: Instant, window: TimeWindow | None) -> Instant:
    if message.promise.HasField("deadline_time"):
        return message.promise.deadline_time.seconds
    return window.closes_at if window is not None else ready_at + defaults.PROMISE_S


def _refuse_unsupported(message: pb.Parcel, path: str, check: Check) -> None:
    """Note a fault for everything that no rule honours yet."""
    if message.dropoff.hub:
        check.faults.append(
            Fault(f"{path}.dropoff.hub", "give a HUB among delivery_options instead")
        )
    if len(message.windows) > 1:
        check.faults.append(Fault(f"{path}.windows", "more than one window comes later"))
    if message.HasField("cod_amount") and scalars.cents(
        message.cod_amount, message.cod_amount.currency_code, f"{path}.cod_amount", check
    ):
        check.faults.append(Fault(f"{path}.cod_amount", "cash on delivery comes later"))
    if message.HasField("drop_penalty"):
        check.faults.append(Fault(f"{path}.drop_penalty", "a price of its own comes later"))
    for field, problem in (
        ("return_to", "parcels come back to where they were picked up: leave it empty"),
        ("pickup_proofs", "proofs of a pickup come later"),
    ):
        if getattr(message, field):
            check.faults.append(Fault(f"{path}.{field}", problem))
    if message.undeliverable_action not in {
        pb.Parcel.UndeliverableAction.UNDELIVERABLE_ACTION_UNSPECIFIED,
        pb.Parcel.UndeliverableAction.RETURN,
    }:
        check.faults.append(Fault(f"{path}.undeliverable_action", "only RETURN is supported yet"))
    for index, kind in enumerate(message.handling):
        if kind not in _HANDLING_KEPT:
            problem = "only FRAGILE and KEEP_UPRIGHT are supported yet"
            check.faults.append(Fault(f"{path}.handling[{index}]", problem))
    _refuse_texts(message, path, check)


def _refuse_texts(message: pb.Parcel, path: str, check: Check) -> None:
    for field, longest in _LONGEST.items():
        scalars.plain_text(getattr(message, field), longest, f"{path}.{field}", check)
    scalars.plain_text(
        message.promise.service_level, _LONGEST_TEXT, f"{path}.promise.service_level", check
    )
    labels = Check()
    labels.that(len(message.labels) <= _MOST_LABELS, "labels", f"more than {_MOST_LABELS}")
    for label in sorted(message.labels.items()):
        for text in label:
            scalars.plain_text(text, _LONGEST_TEXT, "labels", labels)
    # One fault for all of them: a key that is none cannot be quoted as a path.
    check.faults += [Fault(f"{path}.labels", fault.problem) for fault in labels.faults[:1]]


# --- out --------------------------------------------------------------------------------


def parcel_out(
    state: State, parcel: Parcel, network: str, currency: str, moment: Moment = PLANNED
) -> pb.Parcel:
    """Write a parcel with its legs, custody and attempts; personal data as pointers.

    Parameters
    ----------
    moment
        For when it is expected.
    """
    ends = {place: place_out(place, network) for place in (parcel.pickup, parcel.dropoff)}
    message = pb.Parcel(
        name=names.parcel_name(network, parcel.id),
        carrier=parcel.carrier,
        waybill=parcel.waybill,
        piece=parcel.piece,
        zone=state.zone,
        household=parcel.household,
        return_to=parcel.return_to,
        state=parcel.state.name,
        custody=custody_out(parcel, network),
        etag=scalars.etag(parcel.version),
        create_time=scalars.timestamp(parcel.created_at),
        pickup=ends[parcel.pickup],
        dropoff=ends[parcel.dropoff],
        ready_time=scalars.timestamp(parcel.ready_at),
        promise=pb.Promise(
            deadline_time=scalars.timestamp(parcel.due_at),
            service_level=parcel.service_level,
            policy_version=state.policy.version,
        ),
        load=types_pb2.Load(
            grams=parcel.grams, milliliters=parcel.ml, size_class=SIZES[parcel.size_class]
        ),
        handling=parcel.handling,
        delivery_options=[option_out(option, network) for option in parcel.options],
        dropoff_proofs=[proof.name for proof in parcel.proofs],
        announced=parcel.announced,
        undeliverable_action=parcel.undeliverable.name,
        max_attempts=parcel.max_attempts,
        attempts=[
            pb.Attempt(
                attempt_time=scalars.timestamp(attempt.at),
                courier=names.joined(names.COURIER, network, attempt.courier),
                failure_code=attempt.failure.name,
            )
            for attempt in parcel.attempts
        ],
        legs=[leg_out(leg, network, ends) for leg in legs_of(state, parcel)],
        labels=dict(parcel.labels),
        reason_code=parcel.reason or _waiting_reason(state, parcel),
    )
    if parcel.window is not None:
        message.windows.append(window_out(parcel.window.opens_at, parcel.window.closes_at))
    if parcel.value_cents:
        message.declared_value.CopyFrom(scalars.money(parcel.value_cents, currency))
    expected = _expected(state, parcel, moment)
    if expected is not None:
        message.eta.p50_time.CopyFrom(expected)
    return message


def legs_of(state: State, parcel: Parcel) -> Sequence[Leg]:
    """Return a parcel's legs, the first one first."""
    return [state.legs[f"{parcel.id}/{number}"] for number in range(1, parcel.leg_count + 1)]


def _waiting_reason(state: State, parcel: Parcel) -> str:
    return state.legs[parcel.leg].reason if parcel.is_open else ""


def leg_out(leg: Leg, network: str, ends: Mapping[Place, types_pb2.Place] | None = None) -> pb.Leg:
    """Write a leg.

    Parameters
    ----------
    ends
        Places that are written already: most legs run between the ends of their parcel.
    """
    ends = ends or {}
    return pb.Leg(
        name=names.leg_name(network, leg.id),
        kind=leg.kind.name,
        pickup=ends.get(leg.pickup) or place_out(leg.pickup, network),
        dropoff=ends.get(leg.dropoff) or place_out(leg.dropoff, network),
        depends_on=[names.leg_name(network, other) for other in leg.depends_on],
        state=leg.state.name,
        courier=names.joined(names.COURIER, network, leg.courier) if leg.courier else "",
        pinned=bool(leg.pinned_to),
        pinned_courier=(
            names.joined(names.COURIER, network, leg.pinned_to) if leg.pinned_to else ""
        ),
        purpose=leg.purpose.name,
    )


def _expected(state: State, parcel: Parcel, moment: Moment) -> timestamp_pb2.Timestamp | None:
    """Return when the parcel comes to where its leg goes, while a courier has it on a tour."""
    leg = state.legs[parcel.leg]
    tour = state.live_tour.get(leg.courier)
    if tour is None or not parcel.is_open:
        return None
    its = state.tours[tour]
    for stop, at in zip(its.stops, moment.etas(state, its), strict=True):
        for action in stop.actions:
            if action.leg == leg.id and action.kind is ActionKind.DROPOFF:
                return scalars.timestamp(at)
    return None
