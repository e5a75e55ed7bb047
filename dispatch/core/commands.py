"""Commands: what somebody asks for. Events, what has happened, stand in `dispatch.core.events`."""

from dispatch.core.judging import Explained
from dispatch.core.keeping import Closure, ManifestRow
from dispatch.core.model import (
    ActionKind,
    Availability,
    Courier,
    DeclineReason,
    DeliveryOption,
    FailureCode,
    Hub,
    Instant,
    Itinerary,
    OptionKind,
    Parcel,
    ParcelState,
    Place,
    ProofKind,
    Purpose,
    TimeWindow,
    Value,
)
from dispatch.core.policy import Policy


class Command(Value, tag=True):
    """Something that somebody asks for."""


class AdoptPolicy(Command):
    """Use these values from now on."""

    policy: Policy


class CreateParcels(Command):
    """Take in parcels: all of them, or none and every error."""

    parcels: tuple[Parcel, ...]


class CancelParcel(Command):
    """Stop a parcel. One that is under way comes back."""

    parcel: str
    reason: str = ""
    version: int = 0


class CreateHub(Command):
    """Take in a hub."""

    hub: Hub


class CreateCourier(Command):
    """Take in a courier."""

    courier: Courier


class AddAvailability(Command):
    """Add slots to a courier's days."""

    courier: str
    slots: tuple[Availability, ...]


class GoOnline(Command):
    """A courier is there; ``place`` is where, None for home."""

    courier: str
    place: Place | None = None


class GoOffline(Command):
    """A courier takes no more offers. Tours under way go on."""

    courier: str


class Tick(Command):
    """Time has passed."""


class CommitPlan(Command):
    """A plan has been made from the state with ``changes`` changes; see `epoch`.

    Attributes
    ----------
    reasons
        (leg, code) of every leg that the plan looked at and left out.
    replan_at
        When to plan again even if nothing happens; 0 for never.
    engine, seed, digest, warm, iterations, threads, solution_limit, progress, chunks
        How the plan was made, as in `PlanMade`.
    explained
        What was found out about legs that it leaves out for a new reason.
    """

    changes: int
    itineraries: tuple[Itinerary, ...]
    reasons: tuple[tuple[str, str], ...]
    replan_at: Instant
    engine: str
    seed: int
    digest: str
    cost: int
    stopped_by: str
    notes: tuple[str, ...] = ()
    warm: str = ""
    iterations: int = 0
    threads: int = 1
    solution_limit: int = 0
    progress: tuple[float, ...] = ()
    chunks: tuple[int, ...] = ()
    explained: tuple[Explained, ...] = ()


class PauseDispatch(Command):
    """Make no plans and no offers until resumed."""

    reason: str = ""


class ResumeDispatch(Command):
    """Go on planning."""


class RequestPlan(Command):
    """Plan in the next epoch even if nothing has changed."""


class AcceptOffer(Command):
    """The courier takes the offer, whole. ``version`` 0 means whichever is current."""

    courier: str
    offer: str
    version: int = 0


class DeclineOffer(Command):
    """The courier does not take the offer."""

    courier: str
    offer: str
    reason: DeclineReason = DeclineReason.OTHER


class HandBackLegs(Command):
    """Give legs back that have not been picked up; none named means all such.

    ``version`` is that of the tour that the courier saw, 0 for whichever is current.
    """

    courier: str
    tour: str
    legs: tuple[str, ...] = ()
    reason: str = ""
    version: int = 0


class StartTour(Command):
    """The courier sets out. ``version`` 0 means whichever is current."""

    courier: str
    tour: str
    version: int = 0


class Evidence(Value):
    """What a phone can show for a hand-over or a failed attempt.

    Attributes
    ----------
    lat, lon, accuracy_m
        Where the phone was, WGS84 degrees, and how sure; None where it does not know.
    contacted_at, contact
        When the recipient was called or written to, and the receipt of it.
    proofs, receiver
        What stands for the recipient; a pointer to the name of who took it.
    code_serial
        Serial of the door code that was told; 0 for none, -1 for a wrong one.
    entrance
        What the scanned tag of an entrance stands for, as `compounds.entrance_key` gives it; empty
        for none, ``?`` for a tag that is none of ours.
    """

    lat: float | None = None
    lon: float | None = None
    accuracy_m: int = 0
    contacted_at: Instant = 0
    contact: str = ""
    proofs: tuple[ProofKind, ...] = ()
    receiver: str = ""
    code_serial: int = 0
    entrance: str = ""


class StopReport(Value):
    """What a courier's phone tells of one thing at one stop.

    Attributes
    ----------
    id
        Made by the phone; the same id is taken once.
    at
        When it happened, by the phone.
    leg
        Empty for an arrival or a departure alone.
    failure
        Given where the action failed.
    departs
        Whether the courier has only left for the stop.
    legs
        Others that were scanned with ``leg`` and are confirmed with it: all picked up at one
        counter, or all handed over at one door.
    """

    id: str
    at: Instant
    stop: int
    leg: str = ""
    action: ActionKind | None = None
    failure: FailureCode | None = None
    departs: bool = False
    sequence: int = 0
    evidence: Evidence = Evidence()
    legs: tuple[str, ...] = ()


class RecordStop(Command):
    """One report from a tour. A batch of a phone's reports is a group of these."""

    courier: str
    tour: str
    report: StopReport


class CorrectStop(Command):
    """Say what really became of a drop-off that was reported wrongly; ``failure`` None: given."""

    courier: str
    tour: str
    leg: str
    reason: str
    actor: str
    failure: FailureCode | None = None
    evidence: Evidence = Evidence()


class ContactRecipient(Command):
    """The courier lets the recipient know of being at the door."""

    courier: str
    tour: str
    leg: str


class GiveParcel(Command):
    """A courier's scan of a parcel that another courier takes over."""

    courier: str
    parcel: str
    taker: str
    at: Instant


class RecordPosition(Command):
    """Where a courier on a tour is now. It is not kept; only lateness to come is told."""

    courier: str
    lat: float
    lon: float


# --- at hubs ---


class ReceiveParcel(Command):
    """The counter's scan of a parcel that a courier hands in.

    ``courier`` is who stands there. ``at`` is the scanner's time, 0 for now.
    """

    hub: str
    parcel: str
    courier: str
    actor: str
    shelf: str = ""
    at: Instant = 0


class ReleaseParcel(Command):
    """The counter's scan of a parcel that leaves: to a courier, or to whoever has the code.

    Attributes
    ----------
    courier
        Who takes it on; empty where a recipient or a proxy does.
    code_serial
        Serial of the pickup code that was told; 0 for none, -1 for a wrong one.
    proxy
        Id of the proxy whose code was told; empty for none.
    """

    hub: str
    parcel: str
    actor: str
    courier: str = ""
    code_serial: int = 0
    proxy: str = ""
    at: Instant = 0


class ReceiveManifest(Command):
    """The scans of a carrier's delivery to a hub, all at once."""

    hub: str
    carrier: str
    rows: tuple[ManifestRow, ...]
    actor: str


class ReconcileInventory(Command):
    """What was counted on the shelves; nothing moves by it."""

    hub: str
    parcels: tuple[str, ...]
    actor: str


class ReserveSlot(Command):
    """Keep a slot of a hub for a parcel until an instant."""

    hub: str
    parcel: str
    purpose: Purpose
    until: Instant


class ReleaseSlot(Command):
    """Give up a slot that is held and not occupied."""

    hub: str
    parcel: str


class ReissueCode(Command):
    """Make the recipient's code at a hub worthless and send a new one."""

    hub: str
    parcel: str


class GrantProxy(Command):
    """Let somebody else collect a parcel, until an instant."""

    parcel: str
    proxy: str
    until: Instant
    contact: str = ""


class RevokeProxy(Command):
    """Take that back."""

    parcel: str
    proxy: str


class PauseHub(Command):
    """Let a hub take and give nothing until an instant; 0 until it is resumed."""

    hub: str
    actor: str
    reason: str
    until: Instant = 0


class ResumeHub(Command):
    """Let it work again."""

    hub: str
    actor: str
    reason: str = ""


# --- for the recipient and the merchant ---


class GiveConsent(Command):
    """Put a rung with consent into the recipient's ladder, or consent to one that is there.

    ``position`` counts from 0; -1 is after the last delivery, before REATTEMPT and RETURN.
    """

    parcel: str
    option: DeliveryOption
    position: int = -1
    version: int = 0


class WithdrawConsent(Command):
    """Take consent back, on the way too."""

    parcel: str
    kind: OptionKind
    actor: str
    target: str = ""
    evidence: str = ""
    version: int = 0


class RedirectParcel(Command):
    """Send a parcel to another door, or give it another ladder; None leaves it as it is."""

    parcel: str
    actor: str
    reason: str = ""
    dropoff: Place | None = None
    options: tuple[DeliveryOption, ...] | None = None
    version: int = 0


class RescheduleParcel(Command):
    """Promise another time, with a window or without."""

    parcel: str
    due_at: Instant
    actor: str
    window: TimeWindow | None = None
    reason: str = ""
    version: int = 0


class WriteOffParcel(Command):
    """Declare a parcel LOST or DISPOSED while somebody has it in custody."""

    parcel: str
    to: ParcelState
    actor: str
    reason: str


# --- levers ---


class PinLeg(Command):
    """Let nobody but one courier have a leg."""

    leg: str
    courier: str
    actor: str
    reason: str


class UnpinLeg(Command):
    """Let anybody have it again."""

    leg: str
    actor: str
    reason: str


class ReassignLeg(Command):
    """Take a leg that is not picked up from its courier, for another one or for anybody."""

    leg: str
    actor: str
    reason: str
    courier: str = ""


class RescueTour(Command):
    """Give up on a courier who has vanished; what the courier holds waits to be fetched."""

    courier: str
    tour: str
    actor: str
    reason: str


class AttestHandover(Command):
    """A dispatcher's word in the place of a scan that the giver cannot make."""

    parcel: str
    taker: str
    actor: str
    reason: str


class OverrideAttempt(Command):
    """Let the next failed attempt count without evidence."""

    parcel: str
    actor: str
    reason: str


class CloseWay(Command):
    """Close a street, an area or a gate."""

    closure: Closure


class OpenWay(Command):
    """Open it before its time."""

    closure: str
    actor: str
    reason: str = ""


AnyCommand = (
    AdoptPolicy
    | CreateParcels
    | CancelParcel
    | CreateHub
    | CreateCourier
    | AddAvailability
    | GoOnline
    | GoOffline
    | Tick
    | CommitPlan
    | PauseDispatch
    | ResumeDispatch
    | RequestPlan
    | AcceptOffer
    | DeclineOffer
    | HandBackLegs
    | StartTour
    | RecordStop
    | CorrectStop
    | ContactRecipient
    | GiveParcel
    | RecordPosition
    | ReceiveParcel
    | ReleaseParcel
    | ReceiveManifest
    | ReconcileInventory
    | ReserveSlot
    | ReleaseSlot
    | ReissueCode
    | GrantProxy
    | RevokeProxy
    | PauseHub
    | ResumeHub
    | GiveConsent
    | WithdrawConsent
    | RedirectParcel
    | RescheduleParcel
    | WriteOffParcel
    | PinLeg
    | UnpinLeg
    | ReassignLeg
    | RescueTour
    | AttestHandover
    | OverrideAttempt
    | CloseWay
    | OpenWay
)
