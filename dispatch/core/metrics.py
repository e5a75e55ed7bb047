"""Key figures as a fold over events: the ops page and the replay's report use the same one.

Undelivered first: click-to-door and cost both flatter a policy that drops parcels. Shares are
over *created* parcels, costs and kilometres over *delivered* ones. A parcel that its recipient
fetches from a hub has kept its promise when it stands there, and is delivered when it is fetched.
Nothing here was measured by a machine's clock, so that the same day has the same figures.
"""

from collections import Counter
from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from dispatch.core import messages as m
from dispatch.core.churn_metrics import ChurnMetrics
from dispatch.core.compound_metrics import CompoundMetrics
from dispatch.core.hub_metrics import HubMetrics
from dispatch.core.model import CourierKind, Instant, Leg, Parcel, Purpose
from dispatch.core.pay import OPERATOR
from dispatch.core.post_metrics import PostMetrics

Figures = dict[str, Any]
"""Names to numbers and further figures, ready to be written as JSON."""
RESCUED = "RESCUED"
"""Begins the reason of a tour that a dispatcher gave up on."""
NOT_COLLECTED = "NOT_COLLECTED"
"""Why a parcel that waits in the hub that its recipient agreed to is not delivered."""


class _Story(msgspec.Struct):
    """What has happened to one parcel.

    Attributes
    ----------
    brought_at
        When it was at its door, or in the hub that its recipient agreed to.
    visits_failed
        Failed drop-offs in which the recipient had a part.
    """

    parcel: Parcel
    leg: str
    picked_up_at: Instant = 0
    brought_at: Instant = 0
    delivered_at: Instant = 0
    visits_failed: int = 0
    offers: int = 0
    first_offer_at: Instant = 0
    accepted_at: Instant = 0
    ended: str = ""
    reason: str = ""


class Metrics:
    """Takes events in order and gives figures at any time."""

    def __init__(self) -> None:
        self._stories: dict[str, _Story] = {}
        self._leg_parcel: dict[str, str] = {}
        self._reasons: dict[str, str] = {}
        self._kinds: dict[str, CourierKind] = {}
        self._count: Counter[str] = Counter()
        self._cost_cents = 0
        self._earned: Counter[str] = Counter()
        self._away_s: Counter[str] = Counter()
        self._distance_m = 0
        self._bundles: list[int] = []
        self._answered: Counter[str] = Counter()
        self._hubs = HubMetrics()
        self._compounds = CompoundMetrics()
        self._posts = PostMetrics()
        self._churn = ChurnMetrics()

    def fold(self, events: Iterable[m.Event]) -> "Metrics":
        """Take events; return self."""
        for event in events:
            self._take(event)
        return self

    def _take(self, event: m.Event) -> None:  # noqa: C901, PLR0912, PLR0915 - one case an event
        self._count[type(event).__name__] += 1
        self._hubs.take(event)
        self._compounds.take(event)
        self._posts.take(event)
        self._churn.take(event)
        match event:
            case m.ParcelCreated(parcel=parcel, leg=leg):
                self._stories[parcel.id] = _Story(parcel, leg.id)
                self._leg_parcel[leg.id] = parcel.id
            case m.ParcelPickedUp(parcel=parcel_id, happened_at=at):
                story = self._stories[parcel_id]
                story.picked_up_at = story.picked_up_at or at
            case m.ParcelDelivered(parcel=parcel_id, happened_at=at):
                self._deliver(parcel_id, at, brought_at=at)
            case m.ParcelReceivedAtHub(parcel=parcel_id, happened_at=at):
                if event.purpose is Purpose.COLLECTION:
                    story = self._stories[parcel_id]
                    story.brought_at, story.reason = at, NOT_COLLECTED
                self._follow(event.next_leg)
            case m.ParcelCollected(parcel=parcel_id, happened_at=at):
                self._deliver(parcel_id, at, brought_at=self._stories[parcel_id].brought_at or at)
            case m.AttemptFailed(parcel=parcel_id, failure=failure, counts=counts):
                self._fail(parcel_id, failure.value, counts=counts)
            case m.OutcomeCorrected(parcel=parcel_id, now="DELIVERED"):
                self._deliver(parcel_id, event.at, brought_at=event.at)
            case m.OutcomeCorrected(parcel=parcel_id, now=now):
                story = self._stories[parcel_id]
                story.delivered_at, story.brought_at, story.ended = 0, 0, ""
                self._fail(parcel_id, now, counts=True)
            case m.ParcelDiverted(leg=leg) | m.LegReleased(leg=leg):
                self._follow(leg)
            case m.ReturnPlanned(parcel=parcel_id, final=final, reason=reason):
                self._follow(event.leg)
                if final:
                    self._stories[parcel_id].reason = reason
            case m.ParcelBroughtBack(parcel=parcel_id, next_leg=None):
                self._stories[parcel_id].ended = "RETURNED"
            case m.ParcelBroughtBack(next_leg=leg):
                self._follow(leg)
            case m.ParcelWrittenOff(parcel=parcel_id, to=to, reason=reason):
                self._stories[parcel_id].ended = to.value
                self._stories[parcel_id].reason = reason
            case m.ParcelCancelled(parcel=parcel_id, reason=reason):
                self._stories[parcel_id].ended = "CANCELLED"
                self._stories[parcel_id].reason = reason
            case m.ParcelExpired(parcel=parcel_id, reason=reason):
                self._stories[parcel_id].ended = "EXPIRED"
                self._stories[parcel_id].reason = reason
            case m.PlanMade(reasons=reasons):
                self._reasons.update(dict(reasons))
            case m.CourierCreated(courier=courier):
                self._kinds[courier.id] = courier.kind
            case m.OfferMade(offer=offer):
                for leg_id in offer.itinerary.legs:
                    story = self._stories[self._leg_parcel[leg_id]]
                    story.offers += 1
                    story.first_offer_at = story.first_offer_at or event.at
            case m.OfferAccepted(tour=tour):
                self._answered[f"{self._kinds[tour.courier]} yes"] += 1
                self._bundles.append(len(tour.itinerary.legs))
                for leg_id in tour.itinerary.legs:
                    self._stories[self._leg_parcel[leg_id]].accepted_at = event.at
            case m.OfferDeclined(courier=courier_id):
                self._answered[f"{self._kinds[courier_id]} no"] += 1
            case m.TourAborted(reason=reason) if reason.startswith(RESCUED):
                self._count[RESCUED] += 1
            case m.TourCompleted(courier=courier_id):
                self._away_s[courier_id] += event.away_s
                self._distance_m += event.distance_m
            case m.EntryPosted(lines=lines):
                for line in lines:
                    if line.account == OPERATOR:
                        self._cost_cents -= line.cents
                    else:
                        self._earned[line.account] += line.cents
            case _:
                pass

    def _deliver(self, parcel: str, at: Instant, *, brought_at: Instant) -> None:
        story = self._stories[parcel]
        story.delivered_at, story.brought_at, story.ended = at, brought_at, "DELIVERED"

    def _fail(self, parcel: str, reason: str, *, counts: bool) -> None:
        story = self._stories[parcel]
        story.visits_failed += counts
        story.reason = reason

    def _follow(self, leg: Leg | None) -> None:
        """Know whose leg it is, and that it is its parcel's last one."""
        if leg is not None:
            self._leg_parcel[leg.id] = leg.parcel
            self._stories[leg.parcel].leg = leg.id

    def kpis(self) -> Figures:
        """Return the figures; shares and ratios are None where nothing was counted."""
        stories = list(self._stories.values())
        delivered = [story for story in stories if story.delivered_at]
        created = len(stories)
        on_time = sum(story.brought_at <= story.parcel.due_at for story in delivered)
        first = sum(not story.visits_failed for story in delivered)
        assignments = self._count["OfferAccepted"]
        answers = assignments + self._count["OfferDeclined"]
        offers = self._count["OfferMade"]
        late = [max(0, story.brought_at - story.parcel.due_at) for story in delivered]
        return {
            "created": created,
            "delivered": len(delivered),
            "undelivered_share": _ratio(created - len(delivered), created),
            "on_time_share": _ratio(on_time, created),
            "on_time_share_of_delivered": _ratio(on_time, len(delivered)),
            "first_attempt_success": _ratio(first, created),
            "unserved_by_reason": self.unserved_by_reason(),
            "ended": dict(sorted(Counter(story.ended or "OPEN" for story in stories).items())),
            "lateness_s": _spread([value for value in late if value]),
            "click_to_door_s": _spread([s.brought_at - s.parcel.created_at for s in delivered]),
            "ready_to_door_s": _spread([s.brought_at - s.parcel.ready_at for s in delivered]),
            "ready_to_pickup_s": _spread(
                [s.picked_up_at - s.parcel.ready_at for s in stories if s.picked_up_at]
            ),
            "ready_to_assigned_s": _spread(
                [s.accepted_at - s.parcel.ready_at for s in stories if s.accepted_at]
            ),
            "cost_cents": self._cost_cents,
            "cost_per_delivered_cents": _ratio(self._cost_cents, len(delivered)),
            "offers": offers,
            "offers_per_assignment": _ratio(offers, assignments),
            "acceptance_rate": _ratio(assignments, answers),
            "expired_offer_share": _ratio(self._count["OfferExpired"], offers),
            "no_show_share": _ratio(self._count["TourAborted"] - self._count[RESCUED], assignments),
            "rescues": self._count[RESCUED],
            "hand_backs": self._count["LegsHandedBack"],
            "parcels_per_tour": _spread(self._bundles),
            "km_per_parcel": _ratio(self._distance_m / 1000, len(delivered)),
            "parcels_per_active_hour": _ratio(len(delivered) * 3600, sum(self._away_s.values())),
            "earnings_gini": _gini([self._earned[f"couriers/{c}"] for c in self._away_s]),
            "plans": self._count["PlanMade"],
            **self._churn.figures(created),
            "by_kind": self._by_kind(),
            "hubs": self._hubs.figures(_spread),
            **self._compounds.figures(),
            **self._posts.figures(),
        }

    def unserved_by_reason(self) -> dict[str, int]:
        """Count parcels that were not delivered, by the code of why."""
        reasons: Counter[str] = Counter()
        for story in self._stories.values():
            if not story.delivered_at:
                reasons[story.reason or self._reasons.get(story.leg, "") or "OPEN"] += 1
        return dict(sorted(reasons.items()))

    def _by_kind(self) -> Figures:
        figures: Figures = {}
        for kind in sorted(set(self._kinds.values())):
            couriers = [courier for courier, its in self._kinds.items() if its is kind]
            yes, no = self._answered[f"{kind} yes"], self._answered[f"{kind} no"]
            earned = sum(self._earned[f"couriers/{courier}"] for courier in couriers)
            away_s = sum(self._away_s[courier] for courier in couriers)
            figures[kind.value] = {
                "couriers": len(couriers),
                "tours": yes,
                "acceptance_rate": _ratio(yes, yes + no),
                "earned_cents": earned,
                "earned_cents_per_active_hour": _ratio(earned * 3600, away_s),
            }
        return figures


def _ratio(part: float, whole: float) -> float | None:
    return round(part / whole, 4) if whole else None


def _spread(values: Sequence[int]) -> Figures:
    """Return mean and nearest-rank percentiles; None for each where there are no values."""
    if not values:
        return dict.fromkeys(("mean", "p50", "p90", "p95"))
    ranked = sorted(values)

    def percentile(share: int) -> int:
        return ranked[max(0, -(-len(ranked) * share // 100) - 1)]

    return {
        "mean": round(sum(ranked) / len(ranked), 1),
        "p50": percentile(50),
        "p90": percentile(90),
        "p95": percentile(95),
    }


def _gini(values: Sequence[int]) -> float | None:
    """Return 0 where all earn the same, near 1 where one earns all."""
    total = sum(values)
    if not total:
        return None
    ranked = sorted(values)
    weighted = sum((index + 1) * value for index, value in enumerate(ranked))
    count = len(ranked)
    return round((2 * weighted) / (count * total) - (count + 1) / count, 4)
