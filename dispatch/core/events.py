"""Events: what has happened and is never undone.

Field names are part of the log's format: later versions only add fields with defaults (`codec`).
"""

from dispatch.core.commands import StopReport
from dispatch.core.judging import Explained
from dispatch.core.keeping import Closure, HalfScan, Reservation
from dispatch.core.model import (
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
    counts
        Whether a visit in vain is an attempt: only with all the evidence of one.
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
    counts: bool = False


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


class RefusalsForgotten(ParcelEvent):
    """Whoever declined a leg or gave it back may be asked again: it is another day."""

    leg: str


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
    planned
        (leg, courier) of each leg that goes to another courier than by the last plan, or to one
        for the first time; an empty courier where the last plan gave it to somebody and this one
        leaves it out.
    again_count, moved_count
        How many of its legs the last plan gave to somebody too, and how many of these it gives to
        another courier.
    left_out_count
        How many legs it looked at and left out.
    explained
        What was found out about legs that it leaves out for a new reason; not about all of them.
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
    planned: tuple[tuple[str, str], ...] = ()
    again_count: int = 0
    moved_count: int = 0
    left_out_count: int = 0
    explained: tuple[Explained, ...] = ()


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


PARCEL_PAY = "parcel"
"""Label of the entry for a parcel's fixed pay."""


class EntryLine(Value):
    """One side of an entry."""

    account: str
    cents: Cents


class EntryPosted(Event):
    """Money moved between accounts; its lines sum to zero. ``tour`` is where it was earned."""

    entry: str
    lines: tuple[EntryLine, ...]
    label: str
    cause: str
    tour: str = ""

    @property
    def subject(self) -> str:
        """The entry."""
        return f"entries/{self.entry}"


def parcel_name(parcel: str) -> str:
    """``m/p`` -> ``merchants/m/parcels/p``."""
    merchant, _, own = parcel.partition("/")
    return f"merchants/{merchant}/parcels/{own}"


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
    | RefusalsForgotten
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
