"""Commands that come in and events that go out.

A command asks; an event tells what has happened and is never undone. Field names of events
are part of the log's format: later versions only add fields with defaults (`codec`).
"""

from dispatch.core.model import (
    ActionKind,
    Availability,
    Cents,
    Courier,
    CourierKind,
    Custodian,
    DeclineReason,
    FailureCode,
    Hub,
    Instant,
    Itinerary,
    Leg,
    Offer,
    Parcel,
    Place,
    Seconds,
    Stop,
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


class RecordStop(Command):
    """One report from a tour. A batch of a phone's reports is a group of these."""

    courier: str
    tour: str
    report: StopReport


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
    """It changed from the origin's hands into the courier's."""


class ParcelDelivered(ScanEvent):
    """It is with the recipient."""


class AttemptFailed(ScanEvent):
    """A visit at the door failed; the courier still holds the parcel."""

    failure: FailureCode


class PickupFailed(ScanEvent):
    """The origin did not hand it over; the leg waits for another courier."""

    failure: FailureCode


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
    """Back at its origin. With ``next_leg`` another attempt follows, else it is returned."""

    custodian: Custodian
    next_leg: Leg | None = None


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
    | ReturnPlanned
    | ParcelBroughtBack
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
