"""Commands that come in and events that go out.

A command asks; an event tells what has happened and is never undone. Field names of events
are part of the log's format: later versions only add fields with defaults (`codec`).
"""

from dispatch.core.keeping import Closure, HalfScan, ManifestRow, Reservation
from dispatch.core.model import (
    ActionKind,
    Availability,
    Cents,
    Courier,
    CourierKind,
    Custodian,
    DeclineReason,
    DeliveryOption,
    FailureCode,
    Hub,
    Instant,
    Itinerary,
    Leg,
    Offer,
    OptionKind,
    Parcel,
    ParcelState,
    Place,
    ProofKind,
    Purpose,
    Seconds,
    Stop,
    TimeWindow,
    Tour,
    Value,
)
from dispatch.core.policy import Policy

# --- commands ---------------------------------------------------------------------------


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
    """

    lat: float | None = None
    lon: float | None = None
    accuracy_m: int = 0
    contacted_at: Instant = 0
    contact: str = ""
    proofs: tuple[ProofKind, ...] = ()
    receiver: str = ""
    code_serial: int = 0


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


# --- events -----------------------------------------------------------------------------


class Event(Value, tag=True):
    """Something that has happened. ``at`` is when the engine took note of it."""

    at: Instant

    @property
    def subject(self) -> str:
        """Resource that it is about, relative to the network."""
        return ""


class ParcelEvent(Event):
    """Base of events about one parcel."""

    parcel: str

    @property
    def subject(self) -> str:
        """The parcel."""
        return parcel_name(self.parcel)


class CourierEvent(Event):
    """Base of events about one courier."""

    courier: str

    @property
    def subject(self) -> str:
        """The courier."""
        return f"couriers/{self.courier}"


class OfferEvent(CourierEvent):
    """Base of events about one offer."""

    offer: str

    @property
    def subject(self) -> str:
        """The offer."""
        return f"couriers/{self.courier}/offers/{self.offer}"


class TourEvent(CourierEvent):
    """Base of events about one tour."""

    tour: str

    @property
    def subject(self) -> str:
        """The tour."""
        return f"couriers/{self.courier}/tours/{self.tour}"


class PolicyAdopted(Event):
    """From now on decisions use these values."""

    policy: Policy


class ParcelCreated(Event):
    """A parcel was handed in; its first leg stands with it."""

    parcel: Parcel
    leg: Leg

    @property
    def subject(self) -> str:
        """The parcel."""
        return parcel_name(self.parcel.id)


class ParcelReady(ParcelEvent):
    """It can be picked up now."""


class ParcelCancelled(ParcelEvent):
    """Stopped before pickup."""

    reason: str = ""


class ParcelExpired(ParcelEvent):
    """Never picked up; ``reason`` is why the plans left it out."""

    reason: str = ""


class ScanEvent(ParcelEvent):
    """Base of events that a report from a stop causes. ``happened_at`` is the phone's time."""

    leg: str
    courier: str
    tour: str
    happened_at: Instant


class ParcelPickedUp(ScanEvent):
    """It changed into the courier's hands.

    Attributes
    ----------
    giver
        Who had it; None in logs that did not say: then its custodian.
    witness
        Who scanned for the giver; empty where the courier's scan stands alone.
    single_actor
        Whether the courier keeps the hub that it left.
    """

    giver: Custodian | None = None
    witness: str = ""
    single_actor: bool = False


class ParcelDelivered(ScanEvent):
    """It is with the recipient: at the door, with a neighbour, or in a safe place."""

    purpose: Purpose = Purpose.DOOR
    proofs: tuple[ProofKind, ...] = ()
    receiver: str = ""


class AttemptFailed(ScanEvent):
    """A visit failed; the courier still holds the parcel.

    Attributes
    ----------
    counts
        Whether it is an attempt: not where the recipient had no part in it.
    distance_m
        From the door, by the phone; -1 where it was not told.
    override
        Why no evidence was asked for, and by whom.
    """

    failure: FailureCode
    counts: bool = True
    distance_m: int = -1
    override: str = ""


class PickupFailed(ScanEvent):
    """It was not handed over; the leg waits for another courier."""

    failure: FailureCode


class ParcelDiverted(ParcelEvent):
    """Its courier takes it to the next place on the ladder, on the same tour.

    Attributes
    ----------
    leg
        The new leg, already with the courier.
    stop, position
        The stop that the tour gains, and before which of its stops; -1 after the last.
    purpose
        What it is for.
    """

    leg: Leg
    tour: str
    stop: Stop
    purpose: Purpose
    reason: str
    position: int = -1


class HandoverScanned(ParcelEvent):
    """One side of a hand-over; custody stays until the other has scanned too."""

    half: HalfScan


class ParcelReceivedAtHub(ParcelEvent):
    """It changed from a courier's hands into a hub's.

    Attributes
    ----------
    tour
        Whose stop it was; empty where no tour had it.
    keep_until
        When it is overdue.
    next_leg
        What takes it on; None where its recipient collects it.
    """

    leg: str
    hub: str
    giver: Custodian
    actor: str
    purpose: Purpose
    shelf: str
    keep_until: Instant
    happened_at: Instant
    tour: str = ""
    witness: str = ""
    single_actor: bool = False
    next_leg: Leg | None = None


class ParcelCheckedIn(ParcelEvent):
    """It came to its origin hub with a manifest."""

    hub: str
    shelf: str
    actor: str


class ParcelCollected(ParcelEvent):
    """Its recipient, or a proxy, took it from a hub. ``proof`` is CODE or PROXY."""

    hub: str
    actor: str
    proof: str
    happened_at: Instant
    proxy: str = ""


class LegReleased(ParcelEvent):
    """A new leg waits for a plan; the parcel is READY or RETURNING, or still with a courier.

    Attributes
    ----------
    state
        What the parcel becomes; None where it stays as it is (a rescue).
    """

    leg: Leg
    reason: str
    state: ParcelState | None = None


class RecipientContacted(ParcelEvent):
    """The courier at the door let the recipient know."""

    courier: str
    tour: str


class AttemptOverridden(ParcelEvent):
    """Its next failed attempt counts without evidence."""

    actor: str
    reason: str


class OutcomeCorrected(ParcelEvent):
    """What was reported at the door was wrong; this says what is so.

    Attributes
    ----------
    was, now
        DELIVERED or a failure's code.
    custodian
        Who has it, after all.
    """

    leg: str
    courier: str
    tour: str
    was: str
    now: str
    custodian: Custodian
    actor: str
    reason: str
    proofs: tuple[ProofKind, ...] = ()
    receiver: str = ""


class ConsentGiven(ParcelEvent):
    """The ladder after it; ``option`` is the rung that was consented to."""

    option: DeliveryOption
    options: tuple[DeliveryOption, ...]


class ConsentWithdrawn(ParcelEvent):
    """The ladder after it, the rung without consent."""

    kind: OptionKind
    target: str
    actor: str
    evidence: str
    options: tuple[DeliveryOption, ...]


class ParcelRedirected(ParcelEvent):
    """Its door and ladder from now on."""

    dropoff: Place
    options: tuple[DeliveryOption, ...]
    actor: str
    reason: str


class ParcelRescheduled(ParcelEvent):
    """Its promise and window from now on."""

    due_at: Instant
    window: TimeWindow | None
    actor: str
    reason: str


class ParcelWrittenOff(ParcelEvent):
    """LOST or DISPOSED; the custodian answers for it."""

    to: ParcelState
    actor: str
    reason: str


class LatenessForeseen(ParcelEvent):
    """By what its tour has done so far it will come after its promise."""

    courier: str
    tour: str
    leg: str
    eta_at: Instant
    due_at: Instant


class ReturnPlanned(ParcelEvent):
    """Its courier brings it back as the last stop of the same tour.

    Attributes
    ----------
    leg
        The new leg towards the sender, already assigned to the courier.
    stop
        The stop that the tour gains.
    final
        Whether it goes back for good; otherwise another attempt follows.
    """

    leg: Leg
    tour: str
    stop: Stop
    final: bool
    reason: str = ""


class ParcelBroughtBack(ScanEvent):
    """Back at its origin. With ``next_leg`` another attempt follows, else it is returned.

    ``actor`` is who scanned it in; empty for the courier alone. The rest as in `ParcelPickedUp`.
    """

    custodian: Custodian
    next_leg: Leg | None = None
    actor: str = ""
    witness: str = ""
    single_actor: bool = False


class HubEvent(Event):
    """Base of events about one hub."""

    hub: str

    @property
    def subject(self) -> str:
        """The hub."""
        return f"hubs/{self.hub}"


class SlotReserved(HubEvent):
    """A slot is held for a parcel from now on."""

    reservation: Reservation


class SlotReleased(HubEvent):
    """A slot that was held is free. ``reason`` is EXPIRED or RELEASED or why."""

    parcel: str
    reason: str


class SlotOverdue(HubEvent):
    """A parcel has stood there too long; at ``returns_at`` it goes back."""

    parcel: str
    returns_at: Instant


class ManifestReceived(HubEvent):
    """A carrier's delivery was scanned. Shipments are ``carrier waybill piece``.

    Attributes
    ----------
    received_count
        Announced parcels that came.
    unknown, missing, doubled
        Scanned and not announced; announced by this carrier and not scanned; scanned twice, or
        long since here.
    """

    carrier: str
    actor: str
    received_count: int
    unknown: tuple[str, ...]
    missing: tuple[str, ...]
    doubled: tuple[str, ...]


class InventoryReconciled(HubEvent):
    """The shelves were counted.

    Attributes
    ----------
    counted
        How many parcels.
    missing, surplus, unknown
        In the books and not on the shelves; on the shelves and in other hands by the books; no
        parcel of this zone.
    """

    actor: str
    counted: int
    missing: tuple[str, ...]
    surplus: tuple[str, ...]
    unknown: tuple[str, ...]


class CodeMinted(HubEvent):
    """A recipient has a new code at the hub; an empty hub stands for the parcel's door."""

    recipient: str
    parcel: str
    serial: int


class CodeRefused(HubEvent):
    """A wrong code was told at the counter; too many lock the counter's session."""

    actor: str
    parcel: str
    failures: int
    locked_until: Instant = 0


class ProxyGranted(ParcelEvent):
    """Somebody else may collect it, until an instant."""

    proxy: str
    until: Instant
    contact: str = ""


class ProxyRevoked(ParcelEvent):
    """No more."""

    proxy: str


class HubPaused(HubEvent):
    """It takes and gives nothing until an instant; 0 until it is resumed."""

    until: Instant
    actor: str
    reason: str


class HubResumed(HubEvent):
    """It works again."""

    actor: str
    reason: str


class WayClosed(Event):
    """Nobody passes there until ``closure.until``."""

    closure: Closure

    @property
    def subject(self) -> str:
        """The closure."""
        return f"closures/{self.closure.id}"


class WayOpened(Event):
    """It is open again, before its time or at it."""

    closure: str
    actor: str
    reason: str

    @property
    def subject(self) -> str:
        """The closure."""
        return f"closures/{self.closure}"


class LegEvent(ParcelEvent):
    """Base of what a dispatcher does to a leg."""

    leg: str
    actor: str
    reason: str


class LegPinned(LegEvent):
    """Nobody but ``courier`` may have it."""

    courier: str


class LegUnpinned(LegEvent):
    """Anybody may have it."""


class LegReassigned(LegEvent):
    """It was taken from ``courier``, who does not get it again, for ``to`` or for anybody."""

    courier: str
    tour: str
    to: str


class HubCreated(Event):
    """A hub was taken in."""

    hub: Hub

    @property
    def subject(self) -> str:
        """The hub."""
        return f"hubs/{self.hub.id}"


class CourierCreated(Event):
    """A courier was taken in."""

    courier: Courier

    @property
    def subject(self) -> str:
        """The courier."""
        return f"couriers/{self.courier.id}"


class AvailabilityAdded(CourierEvent):
    """The courier's slots, old and new together, in order."""

    slots: tuple[Availability, ...]


class CourierWentOnline(CourierEvent):
    """The courier is there and can be offered tours."""

    place: Place


class CourierWentOffline(CourierEvent):
    """The courier takes no more offers."""


class PlanMade(Event):
    """An epoch closed with a plan. ``reasons`` holds those that changed since the last.

    Attributes
    ----------
    epoch
        Its number, from 1.
    tour_count, leg_count, held_count
        What the plan contained, and how many of its tours wait for a better moment.
    engine, seed
        Who planned, by which random numbers.
    digest, warm
        Of the problem, and of the last problem if the search started from its plan.
    iterations, threads, solution_limit
        How many steps the search took, on how many threads, and what OR-Tools was allowed; 0
        where there was none.
    progress, chunks
        What the clock gave the search, and how many steps went between; empty where it gave
        nothing, because then all else that stands here repeats the plan.
    """

    epoch: int
    changes: int
    tour_count: int
    leg_count: int
    held_count: int
    reasons: tuple[tuple[str, str], ...]
    replan_at: Instant
    engine: str
    seed: int
    digest: str
    cost: int
    stopped_by: str
    policy: str
    notes: tuple[str, ...] = ()
    warm: str = ""
    iterations: int = 0
    threads: int = 1
    solution_limit: int = 0
    progress: tuple[float, ...] = ()
    chunks: tuple[int, ...] = ()


class PlanRequested(Event):
    """Somebody asked for a plan."""


class DispatchPaused(Event):
    """No plans and no offers from now on."""

    reason: str = ""


class DispatchResumed(Event):
    """Planning goes on."""


class OfferMade(Event):
    """An itinerary was offered."""

    offer: Offer

    @property
    def subject(self) -> str:
        """The offer."""
        return f"couriers/{self.offer.courier}/offers/{self.offer.id}"


class OfferAccepted(OfferEvent):
    """The courier took it. This event is the assignment."""

    tour: Tour


class OfferDeclined(OfferEvent):
    """The courier said no; its legs never come back to this courier today."""

    reason: DeclineReason


class OfferExpired(OfferEvent):
    """Nobody answered in time. Not a refusal; the courier rests until ``cooldown_until``."""

    cooldown_until: Instant


class OfferWithdrawn(OfferEvent):
    """Taken back by the engine."""

    reason: str


class LegsHandedBack(TourEvent):
    """The courier gave legs back before picking them up."""

    legs: tuple[str, ...]
    reason: str = ""


class TourStarted(TourEvent):
    """The courier set out."""

    happened_at: Instant


class StopArrived(TourEvent):
    """The courier reached a stop."""

    stop: int
    happened_at: Instant


class StopReported(TourEvent):
    """A phone's report was taken; the same ``report`` id is not taken twice."""

    report: str


class ReportKept(TourEvent):
    """A report came before what it follows on; it is taken when that has come."""

    kept: StopReport


class TourCompleted(TourEvent):
    """Nothing is left to do. The courier is at ``place`` from ``free_at`` on.

    Attributes
    ----------
    kind
        Kind of the courier, for figures by kind.
    away_s, distance_m
        Time from setting out until ``free_at``, and length of the stops that were visited.
    """

    kind: CourierKind
    happened_at: Instant
    place: Place
    free_at: Instant
    away_s: Seconds
    distance_m: int


class TourAborted(TourEvent):
    """Taken back before it began."""

    reason: str


class EntryLine(Value):
    """One side of an entry."""

    account: str
    cents: Cents


class EntryPosted(Event):
    """Money moved between accounts; its lines sum to zero."""

    entry: str
    lines: tuple[EntryLine, ...]
    label: str
    cause: str

    @property
    def subject(self) -> str:
        """The entry."""
        return f"entries/{self.entry}"


def parcel_name(parcel: str) -> str:
    """``m/p`` -> ``merchants/m/parcels/p``."""
    merchant, _, own = parcel.partition("/")
    return f"merchants/{merchant}/parcels/{own}"


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
AnyEvent = (
    PolicyAdopted
    | ParcelCreated
    | ParcelReady
    | ParcelCancelled
    | ParcelExpired
    | ParcelPickedUp
    | ParcelDelivered
    | AttemptFailed
    | PickupFailed
    | ParcelDiverted
    | HandoverScanned
    | ParcelReceivedAtHub
    | ParcelCheckedIn
    | ParcelCollected
    | LegReleased
    | RecipientContacted
    | AttemptOverridden
    | OutcomeCorrected
    | ConsentGiven
    | ConsentWithdrawn
    | ParcelRedirected
    | ParcelRescheduled
    | ParcelWrittenOff
    | LatenessForeseen
    | ReturnPlanned
    | ParcelBroughtBack
    | SlotReserved
    | SlotReleased
    | SlotOverdue
    | ManifestReceived
    | InventoryReconciled
    | CodeMinted
    | CodeRefused
    | ProxyGranted
    | ProxyRevoked
    | HubPaused
    | HubResumed
    | WayClosed
    | WayOpened
    | LegPinned
    | LegUnpinned
    | LegReassigned
    | ReportKept
    | HubCreated
    | CourierCreated
    | AvailabilityAdded
    | CourierWentOnline
    | CourierWentOffline
    | PlanMade
    | PlanRequested
    | DispatchPaused
    | DispatchResumed
    | OfferMade
    | OfferAccepted
    | OfferDeclined
    | OfferExpired
    | OfferWithdrawn
    | LegsHandedBack
    | TourStarted
    | StopArrived
    | StopReported
    | TourCompleted
    | TourAborted
    | EntryPosted
)
