"""Errors of the engine as gRPC statuses with coded details: one table.

Each status carries an ``ErrorInfo`` with a stable reason, and at most one detail of each
further type, as `google.rpc.Status` wants it.
"""

from collections.abc import Iterator, Sequence

import grpc
from google.protobuf import any_pb2, duration_pb2
from google.protobuf.message import Message
from google.rpc import error_details_pb2, status_pb2

from dispatch.core.errors import (
    AccessDenied,
    AlreadyExists,
    Conflict,
    ConsentMissing,
    CounterLocked,
    CustodyMismatch,
    DispatchError,
    EtagMismatch,
    Fault,
    HubClosed,
    HubFull,
    InvalidTransition,
    InvalidValue,
    KeeperMissing,
    NoContract,
    NotFound,
    NotPermitted,
    OfferExpired,
    OfferTaken,
    OutsideGeofence,
    PlanForgotten,
    PostMinimum,
    ProofMissing,
    RequestIdReused,
    TokenInvalid,
    TooLate,
    Unavailable,
    WaybillTaken,
    WrongCode,
    WrongPin,
)
from dispatch.executors import PlanRejectedError
from dispatch.log import LogUnavailable

DOMAIN = "antmile.dev"
RETRY_S = 1
"""How long a client should wait before it tries an unavailable service again."""
MOST_FAULT_BYTES = 4_000
"""Faults beyond this are counted, not listed: gRPC clients refuse more than 8 KiB of metadata."""
LONGEST_MESSAGE = 400


class AddressUnroutable(InvalidValue):
    """A place that no road of the map leads to, and no other fault."""


class OffRoad(Fault, frozen=True):
    """A fault of a place that no road leads to; may stand among others."""


class Draining(Unavailable):
    """The service is about to stop. Another one, or the same a little later, will answer."""


class SolvesRunning(DispatchError):
    """As many batches as may be are being solved; one more has to wait."""


ERROR_CODES: dict[type[DispatchError], tuple[grpc.StatusCode, str]] = {
    TokenInvalid: (grpc.StatusCode.UNAUTHENTICATED, "TOKEN_INVALID"),
    AccessDenied: (grpc.StatusCode.PERMISSION_DENIED, "ACCESS_DENIED"),
    InvalidValue: (grpc.StatusCode.INVALID_ARGUMENT, "FIELD_INVALID"),
    AddressUnroutable: (grpc.StatusCode.INVALID_ARGUMENT, "ADDRESS_UNROUTABLE"),
    RequestIdReused: (grpc.StatusCode.INVALID_ARGUMENT, "REQUEST_ID_REUSED"),
    NotFound: (grpc.StatusCode.NOT_FOUND, "NAME_NOT_FOUND"),
    AlreadyExists: (grpc.StatusCode.ALREADY_EXISTS, "{NOUN}_ID_TAKEN"),
    WaybillTaken: (grpc.StatusCode.ALREADY_EXISTS, "WAYBILL_TAKEN"),
    InvalidTransition: (grpc.StatusCode.FAILED_PRECONDITION, "INVALID_TRANSITION"),
    OfferExpired: (grpc.StatusCode.FAILED_PRECONDITION, "OFFER_EXPIRED"),
    HubClosed: (grpc.StatusCode.FAILED_PRECONDITION, "HUB_CLOSED"),
    HubFull: (grpc.StatusCode.FAILED_PRECONDITION, "HUB_FULL"),
    ConsentMissing: (grpc.StatusCode.FAILED_PRECONDITION, "CONSENT_MISSING"),
    NoContract: (grpc.StatusCode.FAILED_PRECONDITION, "NO_CONTRACT"),
    CustodyMismatch: (grpc.StatusCode.FAILED_PRECONDITION, "CUSTODY_MISMATCH"),
    OutsideGeofence: (grpc.StatusCode.FAILED_PRECONDITION, "OUTSIDE_GEOFENCE"),
    ProofMissing: (grpc.StatusCode.FAILED_PRECONDITION, "PROOF_MISSING"),
    WrongCode: (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_CODE"),
    PostMinimum: (grpc.StatusCode.FAILED_PRECONDITION, "POST_MINIMUM"),
    NotPermitted: (grpc.StatusCode.FAILED_PRECONDITION, "NOT_PERMITTED"),
    KeeperMissing: (grpc.StatusCode.FAILED_PRECONDITION, "KEEPER_MISSING"),
    WrongPin: (grpc.StatusCode.FAILED_PRECONDITION, "WRONG_PIN"),
    PlanForgotten: (grpc.StatusCode.FAILED_PRECONDITION, "PLAN_FORGOTTEN"),
    TooLate: (grpc.StatusCode.FAILED_PRECONDITION, "TOO_LATE"),
    CounterLocked: (grpc.StatusCode.RESOURCE_EXHAUSTED, "PIN_ATTEMPTS"),
    SolvesRunning: (grpc.StatusCode.RESOURCE_EXHAUSTED, "SOLVES_RUNNING"),
    Conflict: (grpc.StatusCode.ABORTED, "CONFLICT"),
    OfferTaken: (grpc.StatusCode.ABORTED, "OFFER_TAKEN"),
    EtagMismatch: (grpc.StatusCode.ABORTED, "ETAG_MISMATCH"),
    Unavailable: (grpc.StatusCode.UNAVAILABLE, "STORE_DOWN"),
    Draining: (grpc.StatusCode.UNAVAILABLE, "DRAINING"),
    PlanRejectedError: (grpc.StatusCode.INTERNAL, "PLAN_REJECTED"),
}
"""Each leaf of the error tree: its gRPC code and its reason."""

_NOUNS = {
    "parcels": "PARCEL",
    "hubs": "HUB",
    "couriers": "COURIER",
    "compounds": "COMPOUND",
    "posts": "POST",
}


def status_of(error: DispatchError | LogUnavailable) -> status_pb2.Status:
    """Return the status that tells of an error."""
    if isinstance(error, LogUnavailable):
        error = Unavailable("the store is down; nothing changed")
    code, pattern = ERROR_CODES[type(error)]
    reason = pattern.format(NOUN=_noun(error.subject))
    metadata = {"subject": error.subject} if error.subject else {}
    details: list[Message] = list(_details(error, reason, metadata))
    info = error_details_pb2.ErrorInfo(reason=reason, domain=DOMAIN, metadata=metadata)
    return _status(code, error.message, [info, *details])


def unimplemented(method: str) -> status_pb2.Status:
    """Return the status of a method that the service has not."""
    info = error_details_pb2.ErrorInfo(reason="UNIMPLEMENTED", domain=DOMAIN)
    return _status(grpc.StatusCode.UNIMPLEMENTED, f"{method} does not exist yet", [info])


def internal() -> status_pb2.Status:
    """Return the status of what should not have happened; it says nothing of the inside."""
    info = error_details_pb2.ErrorInfo(reason="INTERNAL", domain=DOMAIN)
    return _status(grpc.StatusCode.INTERNAL, "an internal error; see the service's log", [info])


def _status(code: grpc.StatusCode, message: str, details: Sequence[Message]) -> status_pb2.Status:
    status = status_pb2.Status(code=code.value[0], message=_short(message))
    for detail in details:
        packed = any_pb2.Any()
        packed.Pack(detail)
        status.details.append(packed)
    return status


def _short(message: str) -> str:
    return message if len(message) <= LONGEST_MESSAGE else f"{message[:LONGEST_MESSAGE]}..."


def _noun(subject: str) -> str:
    collection = subject.split("/")[-2:][0]
    return _NOUNS.get(collection, "RESOURCE")


def _details(error: DispatchError, reason: str, metadata: dict[str, str]) -> Iterator[Message]:
    """Yield what else belongs to an error; may add to ``metadata``."""
    match error:
        case InvalidValue(faults=faults):
            yield _bad_request(faults, metadata, reason)
        case RequestIdReused():
            yield _bad_request([Fault("request_id", error.message)], metadata, reason)
        case NotFound() | AlreadyExists():
            yield error_details_pb2.ResourceInfo(
                resource_type=f"antmile/{_noun(error.subject).capitalize()}",
                resource_name=error.subject,
                description=_short(error.message),
            )
        case InvalidTransition():
            violation = error_details_pb2.PreconditionFailure.Violation(
                type=reason, subject=error.subject, description=_short(error.message)
            )
            yield error_details_pb2.PreconditionFailure(violations=[violation])
        case CounterLocked() | SolvesRunning():
            wait_s = error.wait_s if isinstance(error, CounterLocked) else RETRY_S
            spent = error_details_pb2.QuotaFailure.Violation(
                subject=error.subject, description=_short(error.message)
            )
            yield error_details_pb2.QuotaFailure(violations=[spent])
            yield error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=wait_s))
        case Unavailable():
            yield error_details_pb2.RetryInfo(retry_delay=duration_pb2.Duration(seconds=RETRY_S))
        case _:
            pass


def _bad_request(
    faults: Sequence[Fault], metadata: dict[str, str], reason: str
) -> error_details_pb2.BadRequest:
    """List faults as far as a status can hold them; say how many there are."""
    off_road = ERROR_CODES[AddressUnroutable][1]
    detail = error_details_pb2.BadRequest()
    for fault in faults:
        if detail.ByteSize() > MOST_FAULT_BYTES:
            break
        detail.field_violations.add(
            field=fault.field,
            description=_short(fault.problem),
            reason=off_road if isinstance(fault, OffRoad) else reason,
        )
    metadata["fault_count"] = str(len(faults))
    return detail
