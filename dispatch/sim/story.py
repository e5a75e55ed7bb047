"""What happened to each parcel and courier: a replay's log as stories for people to read.

The key figures come from `dispatch.core.metrics`, which counts; this module tells, from the
same events, and adds no figure of its own to ``report.json``.
"""

from collections import Counter
from collections.abc import Iterable, Sequence

import msgspec

from dispatch.core import messages as m
from dispatch.core.metrics import NOT_COLLECTED, RESCUED
from dispatch.core.model import (
    ActionKind,
    Courier,
    CourierKind,
    FailureCode,
    Instant,
    LegKind,
    Parcel,
    ParcelState,
    Purpose,
    Seconds,
    Tour,
)
from dispatch.sim.ways import Hop, Span, Ways


class Step(msgspec.Struct, frozen=True):
    """One line of a story. ``code`` says more: a courier, a reason."""

    at: Instant
    what: str
    code: str = ""


class Story(msgspec.Struct):
    """One parcel's day.

    Attributes
    ----------
    way
        Where it has been, in order.
    brought_at
        When it was at its door, or in the hub that its recipient agreed to.
    promised_at
        When the accepted plan foresaw the drop-off; 0 where nobody accepted.
    offers
        Times that it was offered.
    no_shows
        Couriers who accepted it and never set out.
    reason
        Code of why it was not delivered, or of the last failure.
    """

    parcel: Parcel
    steps: list[Step]
    offers: int = 0
    no_shows: int = 0
    failures: list[FailureCode] = []
    accepted_at: Instant = 0
    promised_at: Instant = 0
    picked_up_at: Instant = 0
    brought_at: Instant = 0
    delivered_at: Instant = 0
    ended: str = ""
    reason: str = ""
    way: list[Hop] = []

    @property
    def late_s(self) -> Seconds:
        """Seconds after the promise; 0 where it was kept or the parcel never came."""
        return max(0, self.brought_at - self.parcel.due_at) if self.delivered_at else 0

    @property
    def hub_count(self) -> int:
        """Hubs that it came through on its way."""
        return sum(hop.what == "hub" and bool(hop.by) for hop in self.way)

    @property
    def status(self) -> str:
        """``on-time``, ``late`` or ``undelivered``."""
        if not self.delivered_at:
            return "undelivered"
        return "late" if self.late_s else "on-time"


class NoShow(msgspec.Struct, frozen=True):
    """A courier accepted a tour and never set out."""

    at: Instant
    courier: str
    legs: tuple[str, ...]


class Chronicle:
    """All stories of a day, folded from its events in order.

    Attributes
    ----------
    stories
        By parcel.
    couriers
        By id.
    online, away
        By kind of courier: spans of being there, and of being on a tour.
    declined
        How many offers were declined, by reason.
    no_shows
        In order of time.
    ways
        Of all parcels, and how full hubs were.
    """

    def __init__(self, events: Iterable[m.Event]) -> None:
        self.stories: dict[str, Story] = {}
        self.couriers: dict[str, Courier] = {}
        self.online: dict[CourierKind, list[Span]] = {}
        self.away: dict[CourierKind, list[Span]] = {}
        self.declined: Counter[str] = Counter()
        self.expired_offers = 0
        self.no_shows: list[NoShow] = []
        self.ways = Ways()
        self.ends_at: Instant = 0
        self._leg_parcel: dict[str, str] = {}
        self._leg_reason: dict[str, str] = {}
        self._came: dict[str, Instant] = {}
        self._left: dict[str, Instant] = {}
        self._tours: dict[str, Tour] = {}
        for event in events:
            self.ways.take(event)
            self._of_parcel(event)
            self._of_courier(event)
            self.ends_at = max(self.ends_at, event.at)
        for courier, at in sorted(self._came.items()):
            self._span(self.online, courier, (at, self.ends_at))
        self.ways.end(self.ends_at)
        self._end()

    @property
    def parcels(self) -> Sequence[Story]:
        """Stories by creation and id."""
        return sorted(
            self.stories.values(), key=lambda story: (story.parcel.created_at, story.parcel.id)
        )

    def _of_parcel(self, event: m.Event) -> None:  # noqa: C901, PLR0912, PLR0915 - one case an event
        match event:
            case m.ParcelCreated(parcel=parcel, leg=leg):
                self._leg_parcel[leg.id] = parcel.id
                self.stories[parcel.id] = Story(
                    parcel, [Step(event.at, "created")], failures=[], way=self.ways.of[parcel.id]
                )
            case m.ParcelReady(parcel=parcel_id):
                self._tell(parcel_id, Step(event.at, "ready"))
            case m.PlanMade(reasons=reasons):
                self._leg_reason.update(dict(reasons))
            case m.OfferMade(offer=offer):
                for leg_id in offer.itinerary.legs:
                    story = self.stories[self._leg_parcel[leg_id]]
                    story.offers += 1
                    story.steps.append(Step(event.at, "offered", offer.courier))
            case m.OfferAccepted(tour=tour):
                self._accept(event.at, tour)
            case m.ParcelPickedUp(parcel=parcel_id, happened_at=at, courier=courier):
                story = self.stories[parcel_id]
                story.picked_up_at = story.picked_up_at or at
                self._tell(parcel_id, Step(at, "picked up", courier))
            case m.PickupFailed(parcel=parcel_id, happened_at=at, failure=failure):
                self.stories[parcel_id].failures.append(failure)
                self._tell(parcel_id, Step(at, "pickup failed", failure.value))
            case m.AttemptFailed(parcel=parcel_id, happened_at=at, failure=failure):
                self.stories[parcel_id].failures.append(failure)
                self.stories[parcel_id].reason = failure.value
                self._tell(parcel_id, Step(at, "attempt failed", failure.value))
            case m.ParcelBroughtBack(parcel=parcel_id, happened_at=at, next_leg=leg):
                self._tell(parcel_id, Step(at, "brought back"))
                if leg is not None:
                    self._leg_parcel[leg.id] = parcel_id
                else:
                    self.stories[parcel_id].ended = ParcelState.RETURNED
            case m.ParcelDelivered(parcel=parcel_id, happened_at=at):
                self._deliver(parcel_id, at, "delivered")
            case m.ParcelReceivedAtHub(parcel=parcel_id, happened_at=at, hub=hub):
                self._receive(event, self.stories[parcel_id])
                self._tell(parcel_id, Step(at, event.purpose.value.lower(), self.ways.hub(hub)))
            case m.ParcelCollected(parcel=parcel_id, happened_at=at):
                self._deliver(parcel_id, at, "collected")
            case m.SlotOverdue(parcel=parcel_id) if (
                self.stories[parcel_id].steps[-1].what != "overdue"
            ):
                self._tell(parcel_id, Step(event.at, "overdue"))
            case m.LegReleased(parcel=parcel_id, leg=leg):
                self._leg_parcel[leg.id] = parcel_id
                is_back = leg.kind is LegKind.RETURN
                self._tell(parcel_id, Step(event.at, "sent back" if is_back else "released"))
            case m.ParcelDiverted(parcel=parcel_id, leg=leg, purpose=purpose):
                self._leg_parcel[leg.id] = parcel_id
                to = self.ways.hub(leg.dropoff.hub) if leg.dropoff.hub else purpose.value.lower()
                self._tell(parcel_id, Step(event.at, "diverted", to.replace("_", " ")))
            case m.OutcomeCorrected(parcel=parcel_id, now=now):
                self._correct(self.stories[parcel_id], event.at, now)
            case m.ParcelWrittenOff(parcel=parcel_id, to=to, reason=code):
                self._stop(parcel_id, to, Step(event.at, "written off", code))
            case m.ParcelCancelled(parcel=parcel_id, reason=code):
                self._stop(parcel_id, ParcelState.CANCELLED, Step(event.at, "cancelled", code))
            case m.ParcelExpired(parcel=parcel_id, reason=code):
                self._stop(parcel_id, ParcelState.EXPIRED, Step(event.at, "given up", code))
            case m.ReturnPlanned(leg=leg, parcel=parcel_id):
                self._leg_parcel[leg.id] = parcel_id
            case _:
                pass

    def _receive(self, event: m.ParcelReceivedAtHub, story: Story) -> None:
        if event.next_leg is not None:
            self._leg_parcel[event.next_leg.id] = event.parcel
        if event.purpose is Purpose.COLLECTION:
            story.brought_at, story.reason = event.happened_at, NOT_COLLECTED

    def _deliver(self, parcel: str, at: Instant, what: str) -> None:
        story = self.stories[parcel]
        story.delivered_at, story.ended = at, ParcelState.DELIVERED
        story.brought_at = story.brought_at or at
        self._tell(parcel, Step(at, what))

    def _correct(self, story: Story, at: Instant, now: str) -> None:
        is_delivered = now == ParcelState.DELIVERED
        story.delivered_at = story.brought_at = at if is_delivered else 0
        story.ended = ParcelState.DELIVERED if is_delivered else ""
        story.reason = "" if is_delivered else now
        story.steps.append(Step(at, "corrected", now))

    def _of_courier(self, event: m.Event) -> None:
        match event:
            case m.CourierCreated(courier=courier):
                self.couriers[courier.id] = courier
            case m.CourierWentOnline(courier=courier_id):
                self._came.setdefault(courier_id, event.at)
            case m.CourierWentOffline(courier=courier_id) if courier_id in self._came:
                self._span(self.online, courier_id, (self._came.pop(courier_id), event.at))
            case m.OfferDeclined(reason=reason):
                self.declined[reason.value] += 1
            case m.OfferExpired():
                self.expired_offers += 1
            case m.TourStarted(tour=tour_id, happened_at=at):
                self._left[tour_id] = at
            case m.TourCompleted(tour=tour_id, courier=courier_id) if tour_id in self._left:
                self._span(self.away, courier_id, (self._left.pop(tour_id), event.free_at))
            case m.TourAborted(reason=reason) if reason.startswith(RESCUED):
                pass
            case m.TourAborted(tour=tour_id, courier=courier_id):
                self._miss(event.at, courier_id, self._tours[tour_id])
            case _:
                pass

    def _accept(self, at: Instant, tour: Tour) -> None:
        self._tours[tour.id] = tour
        for stop in tour.stops:
            for action in stop.actions:
                if action.kind is ActionKind.DROPOFF:
                    story = self.stories[self._leg_parcel[action.leg]]
                    story.accepted_at, story.promised_at = at, stop.arrives_at
                    story.steps.append(Step(at, "accepted", tour.courier))

    def _miss(self, at: Instant, courier: str, tour: Tour) -> None:
        self.no_shows.append(NoShow(at, courier, tour.itinerary.legs))
        for leg_id in tour.itinerary.legs:
            story = self.stories[self._leg_parcel[leg_id]]
            story.no_shows += 1
            story.steps.append(Step(at, "no-show", courier))

    def _stop(self, parcel: str, ended: ParcelState, step: Step) -> None:
        story = self.stories[parcel]
        story.ended, story.reason = ended, step.code or story.reason
        story.steps.append(step)

    def _tell(self, parcel: str, step: Step) -> None:
        self.stories[parcel].steps.append(step)

    def _span(self, spans: dict[CourierKind, list[Span]], courier: str, span: Span) -> None:
        spans.setdefault(self.couriers[courier].kind, []).append(span)

    def _end(self) -> None:
        """Give those that were left open the reason of the last plan that looked at them."""
        for leg, parcel in self._leg_parcel.items():
            story = self.stories[parcel]
            if not story.delivered_at and not story.reason:
                story.reason = self._leg_reason.get(leg, "")


class Trouble(msgspec.Struct, frozen=True):
    """Something that went wrong, with the code or the sentence of why.

    Attributes
    ----------
    kind
        ``undelivered``, ``late``, ``attempt`` or ``no-show``.
    story
        The parcel's; None for a courier's.
    """

    kind: str
    subject: str
    why: str
    story: Story | None = None
    no_show: NoShow | None = None


def late_cause(story: Story) -> str:
    """Return a code of what made a delivered parcel late."""
    if story.failures:
        return "ATTEMPT_FAILED"
    if story.no_shows:
        return "NO_SHOW"
    if story.promised_at > story.parcel.due_at:
        return "ACCEPTED_TOO_LATE" if story.offers > 1 else "PLANNED_LATE"
    return "TOUR_TOOK_LONGER"


def troubles(chronicle: Chronicle) -> list[Trouble]:
    """Return all that went wrong: undelivered, late (worst first), failed visits, no-shows.

    A parcel stands in the list once, under the worst of what happened to it.
    """
    stories = chronicle.parcels
    undelivered = [story for story in stories if not story.delivered_at]
    late = sorted(
        (story for story in stories if story.late_s),
        key=lambda story: (-story.late_s, story.parcel.id),
    )
    failed = [story for story in stories if story.status == "on-time" and story.failures]
    return [
        *(Trouble("undelivered", s.parcel.id, s.reason or "OPEN", s) for s in undelivered),
        *(Trouble("late", s.parcel.id, late_cause(s), s) for s in late),
        *(Trouble("attempt", s.parcel.id, s.failures[0].value, s) for s in failed),
        *(
            Trouble("no-show", absent.courier, "NO_SHOW", None, absent)
            for absent in chronicle.no_shows
        ),
    ]
