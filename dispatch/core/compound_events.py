"""Events of compounds, posts, rosters and gates. The others stand in `events`."""

from dispatch.core.compounds import Compound, GateRuling, Post
from dispatch.core.events import CourierEvent, Event
from dispatch.core.model import Availability, Instant, Seconds


class CompoundCreated(Event):
    """A compound that somebody runs was taken in."""

    compound: Compound

    @property
    def subject(self) -> str:
        """The compound."""
        return f"compounds/{self.compound.id}"


class PostSet(Event):
    """A post was taken in, or has another minimum. ``actor`` is empty where it was taken in."""

    post: Post
    actor: str = ""

    @property
    def subject(self) -> str:
        """The post."""
        return f"compounds/{self.post.compound}/posts/{self.post.id}"


class CompoundEvent(Event):
    """Base of events by a property company's word about one compound."""

    compound: str
    actor: str

    @property
    def subject(self) -> str:
        """The compound."""
        return f"compounds/{self.compound}"


class CourierPermitted(CompoundEvent):
    """A courier may work there."""

    courier: str


class CourierForbidden(CompoundEvent):
    """A courier may not any more."""

    courier: str
    reason: str = ""


class GateRuled(Event):
    """A gate has another rule, from the next epoch on."""

    ruling: GateRuling
    actor: str

    @property
    def subject(self) -> str:
        """The compound."""
        return f"compounds/{self.ruling.compound}"


class CompoundStopped(CompoundEvent):
    """Its people carry nothing more. ``hubs`` are those that were paused by it."""

    reason: str
    hubs: tuple[str, ...] = ()


class CompoundResumed(CompoundEvent):
    """It goes on."""

    reason: str = ""


class SlotsSwapped(CourierEvent):
    """Slots went from one guard to another; what each has now stands here, in order."""

    other: str
    slots: tuple[Availability, ...]
    other_slots: tuple[Availability, ...]
    actor: str


class SlotsDropped(CourierEvent):
    """Slots were taken out of a courier's days; what is left stands here, in order."""

    slots: tuple[Availability, ...]
    actor: str
    reason: str = ""


class CourierReturned(CourierEvent):
    """Back from a tour, where the roster wants the courier.

    Attributes
    ----------
    happened_at
        When, by the phone.
    away_s
        Since the tour began.
    post, slot_opens_at
        From which post, and in which slot of the roster it began; empty and 0 for none.
    """

    happened_at: Instant
    away_s: Seconds
    post: str = ""
    slot_opens_at: Instant = 0


class PinIssued(CourierEvent):
    """A guard has a new PIN; the old one is worthless. It stands nowhere: see `keeping.Code`."""

    serial: int
    actor: str


class CounterEvent(Event):
    """Base of events of one device of one hub's counter."""

    hub: str
    device: str

    @property
    def subject(self) -> str:
        """The hub."""
        return f"hubs/{self.hub}"


class SignedIn(CounterEvent):
    """A guard stands at the device."""

    courier: str


class SignedOut(CounterEvent):
    """Nobody stands there any more."""


class PinRefused(CounterEvent):
    """A wrong PIN was told; too many lock the device until an instant."""

    courier: str
    failures: int
    locked_until: Instant = 0


AnyCompoundEvent = (
    CompoundCreated
    | PostSet
    | CourierPermitted
    | CourierForbidden
    | GateRuled
    | CompoundStopped
    | CompoundResumed
    | SlotsSwapped
    | SlotsDropped
    | CourierReturned
    | PinIssued
    | SignedIn
    | SignedOut
    | PinRefused
)
