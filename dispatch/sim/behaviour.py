"""Simulated couriers and recipients of a replay.

They see what a courier's phone sees: an offer with its pay and its way, a tour with its
stops. They answer, set out, arrive and report through the same commands as real couriers.
Every number is a value of `Behaviour`, most of them assumptions, all of them in the report.
"""

import math

import msgspec

from dispatch.core import hubs
from dispatch.core.messages import AcceptOffer, Command, DeclineOffer, RecordStop, StopReport
from dispatch.core.model import (
    ActionKind,
    Courier,
    CourierKind,
    DeclineReason,
    Instant,
    LegKind,
    Offer,
    Place,
    Seconds,
    Stop,
    StopAction,
    StopState,
    Tour,
    Value,
)
from dispatch.core.state import State
from dispatch.sim.draws import Draws

NOT_SIMULATED = (
    "cancellations by merchants and recipients, and consent that is asked for during the day",
    "parcels that become ready later than announced",
    "offline phones that report late, wrong scans and wrong codes",
    "guards who turn a permitted courier away",
    "slow gates and lifts, where the scenario gives no values for them",
    "counters without a post that are left alone while their keeper is on a tour",
    "guards who fall ill, swap their slots or are sent home, and wrong PINs at a booth's device",
    "wrong addresses, refused and damaged parcels, neighbours who are out after all",
)
"""What the report lists as missing from the simulated day."""

QUARTER_S = 900
CELL_DEG = 0.005
"""Street cells that share their traffic: about 500 m."""


class Behaviour(Value):
    """Values that every draw uses. A: assumption.

    Attributes
    ----------
    minute_cents, km_cents, kg_floor_cents
        What a minute, a kilometre and a kilogram carried up one floor cost a courier (A).
    hassle_cents
        No trip costs less than this (A).
    willingness
        Added to the log-odds by kind of courier (A).
    slope
        Weight of (pay - cost) / cost in the log-odds.
    courier_sd
        Spread of willingness among couriers of one kind (A).
    reply_median_s, reply_sigma
        Time to answer: lognormal.
    no_show_share
        Accepts and never sets out (A).
    edge_sd_s
        Spread of when couriers really come and go (A).
    travel_cv, service_cv
        Coefficients of variation of travel and service times (A).
    hand_back_share
        Accepts and gives all of it back before setting out (A).
    vanish_share, rescue_after_s
        Picks up and is never heard of again; after so long the day's dispatcher gives up on the
        courier and lets others fetch what is there (A).
    counter_median_s, counter_sigma
        Until a hub's counter has scanned too: lognormal (A).
    collect_median_s, collect_sigma, after_opening_s
        Until a recipient fetches a parcel from a hub: lognormal; where the hub is closed then,
        within so long after it opens (A).
    never_collects_share
        Recipients who never come (A).
    absence, weekend_absence
        (from, to, share): between these minutes after midnight so many households are out. Who is
        out while few are is also out while more are, so that people come home one after the other.
        Without any, ``away_share`` holds; without a weekend's, the working day's.
    absence_edge_min
        Each household's day is earlier or later than these by so many minutes at the most (A).
    away_share, away_s, day_s
        So many households are out for one stretch of this length in a day of that length: an
        absence of 3 % at any moment, recipients being called ahead.
    post_retry_s
        Who may not leave a post yet, or waits for the relief, looks again after so long (A).
    keeper_wait_s
        So long a courier waits at a booth for a guard who is on the rounds or on a tour (A).
    comes_again_s
        A recipient who found nobody at a booth comes again within so long (A).
    phone_share
        Recipients who answer when they are called, drawn by household and hour.
    says_when
        Whether a recipient who answers the call says from when on somebody is at home, so that
        what is held is tried again then (A).
    come_down_median_s, come_down_sigma
        Until a recipient who is at home stands at the gate (A).
    gate_known_s
        Between these bounds a guard at the gate takes to let in a carrier that is known; the
        planned time where both are 0.
    gate_slow_share, gate_slow_s
        So many strangers take between these bounds to sign in (A); the others the planned time.
    gate_refused_share
        So many are not let in, beside those (A). Both by courier, compound and quarter of an hour.
    lift_median_s, lift_peak_s, lift_sigma
        Waiting for a lift, at other times and at peaks; the planned time where the median is 0.
    lift_peaks
        Minutes after midnight between which a lift is at its peak (A).
    """

    minute_cents: tuple[tuple[CourierKind, float], ...] = (
        (CourierKind.GUARD, 17.0),
        (CourierKind.SHOPKEEPER, 20.0),
        (CourierKind.NEIGHBOUR, 24.0),
        (CourierKind.STUDENT, 20.0),
        (CourierKind.RIDER, 22.0),
    )
    km_cents: float = 20.0
    kg_floor_cents: float = 1.5
    hassle_cents: float = 120.0
    willingness: tuple[tuple[CourierKind, float], ...] = (
        (CourierKind.GUARD, 0.4),
        (CourierKind.SHOPKEEPER, 0.2),
        (CourierKind.NEIGHBOUR, 0.0),
        (CourierKind.STUDENT, 0.0),
        (CourierKind.RIDER, 1.0),
    )
    slope: float = 4.0
    courier_sd: float = 0.7
    reply_median_s: float = 20.0
    reply_sigma: float = 0.7
    no_show_share: float = 0.02
    edge_sd_s: float = 300.0
    travel_cv: float = 0.2
    service_cv: float = 0.3
    hand_back_share: float = 0.01
    vanish_share: float = 0.0
    rescue_after_s: Seconds = 1800
    counter_median_s: float = 12.0
    counter_sigma: float = 0.5
    collect_median_s: float = 18_000.0
    collect_sigma: float = 0.8
    after_opening_s: Seconds = 7200
    never_collects_share: float = 0.02
    absence: tuple[tuple[int, int, float], ...] = ()
    weekend_absence: tuple[tuple[int, int, float], ...] = ()
    absence_edge_min: float = 30.0
    away_share: float = 0.12
    away_s: Seconds = 10_800
    day_s: Seconds = 43_200
    post_retry_s: Seconds = 60
    keeper_wait_s: Seconds = 600
    comes_again_s: Seconds = 5400
    phone_share: float = 0.9
    says_when: bool = False
    come_down_median_s: float = 120.0
    come_down_sigma: float = 0.5
    gate_known_s: tuple[Seconds, Seconds] = (0, 0)
    gate_slow_share: float = 0.0
    gate_slow_s: tuple[Seconds, Seconds] = (300, 900)
    gate_refused_share: float = 0.0
    lift_median_s: float = 0.0
    lift_peak_s: float = 60.0
    lift_sigma: float = 0.5
    lift_peaks: tuple[tuple[int, int], ...] = ((420, 540), (1050, 1170))

    @classmethod
    def of(cls, scenario: dict[str, object]) -> "Behaviour":
        """Return the defaults with a scenario's ``behaviour`` values in their place.

        Raises
        ------
        msgspec.ValidationError
            If a value is unknown or of the wrong type; the message names it.
        """
        return msgspec.convert(scenario.get("behaviour", {}), cls)


class People:
    """Answers for all couriers of a day."""

    def __init__(self, behaviour: Behaviour, draws: Draws) -> None:
        self._values = behaviour
        self._draws = draws
        self._minute_cents = dict(behaviour.minute_cents)
        self._willingness = dict(behaviour.willingness)

    def edge_s(self, courier: str, slot: Instant, edge: str) -> Seconds:
        """Return how much earlier or later a courier comes or goes."""
        return round(self._draws.normal(self._values.edge_sd_s, "edge", courier, slot, edge))

    def cost_cents(self, state: State, courier: Courier, offer: Offer) -> float:
        """Return what the trip costs the courier: time, way and load up the stairs."""
        values, itinerary = self._values, offer.itinerary
        parcels = [state.parcels[state.legs[leg].parcel] for leg in itinerary.legs]
        lifted = sum(
            parcel.grams / 1000 * max(0, parcel.dropoff.floor or 0)
            for parcel in parcels
            if not parcel.dropoff.has_lift
        )
        return max(
            values.hassle_cents,
            self._minute_cents[courier.kind] * itinerary.detour_s / 60
            + values.km_cents * itinerary.distance_m / 1000
            + values.kg_floor_cents * lifted,
        )

    def answer(self, state: State, offer: Offer) -> tuple[Seconds, Command]:
        """Return how long the courier takes to answer an offer, and the answer."""
        courier = state.couriers[offer.courier]
        values = self._values
        key = (*sorted(offer.itinerary.legs), courier.id, offer.round)
        cost = self.cost_cents(state, courier, offer)
        odds = (
            self._willingness[courier.kind]
            + self._draws.normal(values.courier_sd, "courier", courier.id)
            + values.slope * (offer.pay_cents - cost) / cost
        )
        after_s = math.ceil(
            self._draws.lognormal(values.reply_median_s, values.reply_sigma, "reply", *key)
        )
        if self._draws.uniform("accept", *key) < 1 / (1 + math.exp(-odds)):
            return after_s, AcceptOffer(courier=courier.id, offer=offer.id)
        reason = DeclineReason.PAY_LOW if offer.pay_cents < cost else DeclineReason.BUSY
        return after_s, DeclineOffer(courier=courier.id, offer=offer.id, reason=reason)

    def shows_up(self, tour: Tour) -> bool:
        """Whether the courier sets out at all."""
        key = (*sorted(tour.itinerary.legs), tour.courier)
        return self._draws.uniform("no-show", *key) >= self._values.no_show_share

    def hands_back_after_s(self, tour: Tour, until_s: Seconds) -> Seconds | None:
        """Return after how long a courier gives a tour back before leaving; None for never."""
        key = (*sorted(tour.itinerary.legs), tour.courier)
        if self._draws.uniform("hand-back", *key) >= self._values.hand_back_share:
            return None
        return int(until_s * self._draws.uniform("hand-back after", *key))

    def vanishes(self, tour: Tour) -> bool:
        """Whether the courier is never heard of again after the first pickup."""
        key = (*sorted(tour.itinerary.legs), tour.courier)
        return self._draws.uniform("vanish", *key) < self._values.vanish_share

    def way_s(self, planned_s: Seconds, to: Place, now: Instant) -> Seconds:
        """Return how long a way to a place takes when it begins now."""
        factor = self._draws.factor(self._values.travel_cv, "travel", *_cell(to), now // QUARTER_S)
        return round(planned_s * factor)

    def service_s(self, planned_s: Seconds, leg: str, kind: ActionKind) -> Seconds:
        """Return how long one action takes."""
        return round(planned_s * self._draws.factor(self._values.service_cv, kind, leg))

    def counter_s(self, hub: str, leg: str) -> Seconds:
        """Return how long a hub's counter takes to scan after the courier has."""
        values = self._values
        return math.ceil(
            self._draws.lognormal(values.counter_median_s, values.counter_sigma, "scan", hub, leg)
        )


def arrival(tour: Tour, index: int, at: Instant) -> Command:
    """Return the report of an arrival."""
    report = StopReport(id=f"{index}-arrival", at=at, stop=index)
    return RecordStop(courier=tour.courier, tour=tour.id, report=report)


def next_action(tour: Tour) -> tuple[int, Stop, StopAction] | None:
    """Return the first stop with something left to do, and what; None when all is done."""
    for index, stop in enumerate(tour.stops):
        for action in stop.actions:
            if action.state is StopState.PENDING:
                return index, stop, action
    return None


def earliest(state: State, action: StopAction, at: Instant) -> Instant:
    """Return when an action may begin: hubs open, and recipients are in, in their windows."""
    leg = state.legs[action.leg]
    parcel = state.parcels[leg.parcel]
    if action.kind is ActionKind.PICKUP:
        hours = hubs.hours_from(state.hubs.get(leg.pickup.hub), at)
        return max(at, leg.not_before, hours.opens_at if hours else at)
    if leg.kind is LegKind.FORWARD and parcel.window is not None:
        return max(at, parcel.window.opens_at)
    return at


def _cell(place: Place) -> tuple[int, int]:
    return math.floor(place.lat / CELL_DEG), math.floor(place.lon / CELL_DEG)
