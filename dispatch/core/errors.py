"""What can go wrong, as one tree.

::

    DispatchError
    |-- InvalidValue           a value that cannot exist; names each field
    |-- NotFound               a name that nothing in this zone bears
    |-- AlreadyExists          an id that is taken by another thing
    |   `-- WaybillTaken       carrier, waybill and piece of another parcel
    |-- AccessDenied           the caller may not act on this
    |-- InvalidTransition      a verb that the present state does not allow
    |   |-- OfferExpired       the offer's time ran out
    |   |-- HubClosed          the hub neither gives nor takes now
    |   |-- HubFull            no slot of that size is free
    |   |-- ConsentMissing     the recipient has not agreed to it
    |   |-- NoContract         the hub's operator has not agreed to it
    |   |-- CustodyMismatch    the parcel is in other hands
    |   |-- OutsideGeofence    the phone was somewhere else
    |   |-- ProofMissing       what stands for the recipient, or for the attempt, is missing
    |   |-- WrongCode          the code is not the recipient's
    |   |-- PostMinimum        a post would have fewer than its minimum
    |   |-- NotPermitted       the property company has not permitted it, or has stopped it
    |   |-- KeeperMissing      a guard who keeps the booth has to sign in there first
    |   |-- WrongPin           the PIN is not the guard's
    |   |-- TooLate            the time to correct it is over
    |   `-- PlanForgotten      the plan is not in memory any more
    |-- CounterLocked          too many wrong codes at this counter
    |-- Conflict               somebody else was first, or the etag is old
    |   |-- OfferTaken
    |   `-- EtagMismatch
    |-- RequestIdReused        the same request id with another body
    |-- TokenInvalid           no token, or one that proves nothing
    `-- Unavailable            the store did not take it: nothing changed

Rules raise them, edges translate them. Nothing here knows gRPC.
"""

from collections.abc import Sequence

import msgspec


class Fault(msgspec.Struct, frozen=True):
    """One bad field.

    Attributes
    ----------
    field
        Path of the field, for example ``dropoff.lat``.
    problem
        What is wrong with it, to be read after the field's name.
    """

    field: str
    problem: str

    def __str__(self) -> str:
        """Field and problem on one line."""
        return f"{self.field}: {self.problem}"


class DispatchError(Exception):
    """Root of everything that the engine refuses."""

    def __init__(self, message: str, *, subject: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.subject = subject


class InvalidValue(DispatchError):
    """A value that cannot exist. Carries every bad field, not the first alone."""

    def __init__(self, faults: Sequence[Fault], *, subject: str = "") -> None:
        super().__init__("; ".join(str(fault) for fault in faults), subject=subject)
        self.faults = tuple(faults)

    def under(self, prefix: str) -> "InvalidValue":
        """Return the same error with ``prefix`` put before each field's path."""
        return InvalidValue(
            [Fault(f"{prefix}.{fault.field}", fault.problem) for fault in self.faults],
            subject=self.subject,
        )


class NotFound(DispatchError):
    """A name that nothing in this zone bears."""


class AlreadyExists(DispatchError):
    """An id that is taken."""


class WaybillTaken(AlreadyExists):
    """Carrier, waybill and piece are those of another parcel of the network."""


class AccessDenied(DispatchError):
    """The caller may not act on this, or may not know that it exists."""


class InvalidTransition(DispatchError):
    """A verb that the present state does not allow."""


class OfferExpired(InvalidTransition):
    """The offer's time ran out before the answer came."""


class HubClosed(InvalidTransition):
    """The hub neither gives nor takes parcels at this time."""


class HubFull(InvalidTransition):
    """No slot of that size is free at the hub."""


class ConsentMissing(InvalidTransition):
    """The recipient has not agreed to this kind of delivery."""


class NoContract(InvalidTransition):
    """The hub's operator has not agreed to keep parcels for this."""


class CustodyMismatch(InvalidTransition):
    """The parcel is not where the scan says: somebody else holds it."""


class OutsideGeofence(InvalidTransition):
    """The phone was too far from the place."""


class ProofMissing(InvalidTransition):
    """Without proof nothing counts: neither a delivery nor an attempt."""


class WrongCode(InvalidTransition):
    """The code that was told is not the recipient's."""


class PostMinimum(InvalidTransition):
    """A post would have fewer guards than its minimum."""


class NotPermitted(InvalidTransition):
    """The property company has not permitted it, or has stopped it."""


class KeeperMissing(InvalidTransition):
    """At a booth with a post, whoever scans is a guard who is there and has signed in."""


class WrongPin(InvalidTransition):
    """The PIN is not the guard's."""


class TooLate(InvalidTransition):
    """It can be corrected for a while only."""


class PlanForgotten(InvalidTransition):
    """The plan is not in memory any more."""


class CounterLocked(DispatchError):
    """Too many wrong codes at this counter; it is locked for a while, the recipient is not.

    Attributes
    ----------
    wait_s
        Seconds until it is open again.
    """

    def __init__(self, message: str, *, subject: str = "", wait_s: int = 0) -> None:
        super().__init__(message, subject=subject)
        self.wait_s = wait_s


class Conflict(DispatchError):
    """Somebody else was first."""


class OfferTaken(Conflict):
    """The legs of this offer went to somebody else."""


class EtagMismatch(Conflict):
    """The thing has changed since the caller read it."""


class RequestIdReused(DispatchError):
    """The same request id came with another body."""


class TokenInvalid(DispatchError):
    """No token, or one that proves nothing."""


class Unavailable(DispatchError):
    """The store did not take it. Nothing changed; the same call may be tried again."""
