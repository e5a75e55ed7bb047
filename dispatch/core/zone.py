"""State of one zone: all that decisions read, as persistent maps.

It shares all that does not change with the state before, so the last good state is still there
when a commit fails. Maps are iterated sorted by their keys wherever the order could show, because
their own order depends on the process. How events change it stands in `dispatch.core.state`.
"""

from typing import TypeVar

import msgspec
from immutables import Map

from dispatch.core.compounds import Absence, Away, Compound, GateRuling, Post, Stoppage
from dispatch.core.errors import NotFound
from dispatch.core.judging import Judgement
from dispatch.core.keeping import Closure, Code, HalfScan, Pause, Proxy, Reservation, Session
from dispatch.core.messages import StopReport
from dispatch.core.model import (
    Availability,
    Cents,
    Courier,
    Hub,
    Instant,
    Leg,
    Offer,
    Parcel,
    Place,
    Tour,
)
from dispatch.core.policy import Policy

replace = msgspec.structs.replace
Thing = TypeVar("Thing")


class State(msgspec.Struct, frozen=True, kw_only=True):
    """All that decisions read.

    Attributes
    ----------
    online
        Couriers who are there, and where.
    free_at
        When a courier is back from the last tour.
    cooldown
        Until when a courier is not offered anything.
    open_offer, live_tour
        By courier: at most one of each.
    shipments
        Id of the parcel by its `Parcel.shipment`.
    open_parcels, waiting_legs
        Parcels that have not ended, legs that wait for a plan: keys only.
    compounds, posts, gate_rulings, stopped
        Compounds that somebody runs, posts, gates by the company's word (by `GateRuling.id`), and
        compounds that were stopped; by id.
    permits
        By compound: couriers who may work there, keys only.
    guards, hub_posts
        By post: couriers whose roster names it, keys only. By hub: the posts that keep it.
    came_at, left_at, back_at
        By courier: since when online, or taken off a watch; when the last tour from a post began,
        and when one ended.
    away
        Guards on a tour, until they are back at their post.
    absences
        How long guards were away, by ``{post}~{courier}~{slot opens at}``.
    pins
        By courier: serial of the PIN.
    signed_in
        By ``{hub}~{device}``: the guard who stands there.
    reports
        Phone reports that were taken, ``{tour}/{report}``: keys only.
    balances
        By account; they sum to zero.
    reservations
        Slots held and occupied, by `keeping.reservation_id`.
    hub_use
        By hub: slots in use of each size class.
    stock, bound
        By hub: parcels in its custody, and parcels with a slot there, keys only. Empty ones are
        left out.
    announced
        By ``{hub}~{carrier}``: parcels that have still to come with a manifest, by shipment.
    shelves
        By hub: how many shelf codes were given.
    halves
        By parcel: the one side of a hand-over that waits for the other.
    codes, proxies, sessions
        By `keeping.code_key`; by the proxy's id; by ``{hub}~{actor}``.
    paused_hubs, closures
        By hub; by the closure's id.
    kept_reports
        By tour: reports that came before what they follow on.
    agenda, due
        What has to be looked at when time passes: keys by minute, and the instant of each key.
        A key is a letter for its kind, a colon and an id.
    agenda_from
        No minute before this one has anything.
    changes, planned_changes
        Counts what could change a plan; and its value when the last plan was begun.
    replan_at
        When to plan again even if nothing changes; 0 for never.
    explained
        By leg: what was last found out of why it is left out.
    """

    zone: str
    policy: Policy = Policy()
    parcels: Map[str, Parcel] = Map()
    shipments: Map[str, str] = Map()
    legs: Map[str, Leg] = Map()
    hubs: Map[str, Hub] = Map()
    couriers: Map[str, Courier] = Map()
    availability: Map[str, tuple[Availability, ...]] = Map()
    online: Map[str, Place] = Map()
    free_at: Map[str, Instant] = Map()
    cooldown: Map[str, Instant] = Map()
    offers: Map[str, Offer] = Map()
    tours: Map[str, Tour] = Map()
    open_offer: Map[str, str] = Map()
    live_tour: Map[str, str] = Map()
    open_parcels: Map[str, None] = Map()
    waiting_legs: Map[str, None] = Map()
    reports: Map[str, None] = Map()
    balances: Map[str, Cents] = Map()
    reservations: Map[str, Reservation] = Map()
    hub_use: Map[str, tuple[int, int, int]] = Map()
    stock: Map[str, Map[str, None]] = Map()
    bound: Map[str, Map[str, None]] = Map()
    announced: Map[str, Map[str, str]] = Map()
    shelves: Map[str, int] = Map()
    halves: Map[str, HalfScan] = Map()
    codes: Map[str, Code] = Map()
    proxies: Map[str, Proxy] = Map()
    sessions: Map[str, Session] = Map()
    paused_hubs: Map[str, Pause] = Map()
    closures: Map[str, Closure] = Map()
    kept_reports: Map[str, tuple[StopReport, ...]] = Map()
    agenda: Map[int, Map[str, None]] = Map()
    due: Map[str, Instant] = Map()
    agenda_from: int = 0
    epoch: int = 0
    compounds: Map[str, Compound] = Map()
    posts: Map[str, Post] = Map()
    gate_rulings: Map[str, GateRuling] = Map()
    stopped: Map[str, Stoppage] = Map()
    permits: Map[str, Map[str, None]] = Map()
    guards: Map[str, Map[str, None]] = Map()
    hub_posts: Map[str, tuple[str, ...]] = Map()
    came_at: Map[str, Instant] = Map()
    left_at: Map[str, Instant] = Map()
    back_at: Map[str, Instant] = Map()
    away: Map[str, Away] = Map()
    absences: Map[str, Absence] = Map()
    pins: Map[str, int] = Map()
    signed_in: Map[str, str] = Map()
    changes: int = 0
    planned_changes: int = 0
    replan_at: Instant = 0
    paused: bool = False
    explained: Map[str, Judgement] = Map()

    def parcel(self, parcel: str) -> Parcel:
        """Return a parcel or raise `NotFound`."""
        return _get(self.parcels, parcel, "parcel")

    def leg(self, leg: str) -> Leg:
        """Return a leg or raise `NotFound`."""
        return _get(self.legs, leg, "leg")

    def courier(self, courier: str) -> Courier:
        """Return a courier or raise `NotFound`."""
        return _get(self.couriers, courier, "courier")

    def hub(self, hub: str) -> Hub:
        """Return a hub or raise `NotFound`."""
        return _get(self.hubs, hub, "hub")

    def compound(self, compound: str) -> Compound:
        """Return a compound or raise `NotFound`."""
        return _get(self.compounds, compound, "compound")

    def post(self, post: str) -> Post:
        """Return a post or raise `NotFound`."""
        return _get(self.posts, post, "post")

    def offer(self, offer: str) -> Offer:
        """Return an offer or raise `NotFound`."""
        return _get(self.offers, offer, "offer")

    def tour(self, tour: str) -> Tour:
        """Return a tour or raise `NotFound`."""
        return _get(self.tours, tour, "tour")

    def needs_plan(self, now: Instant) -> bool:
        """Whether an epoch that closes now has anything to decide."""
        if self.paused or not self.online or not self.waiting_legs:
            return False
        return self.changes != self.planned_changes or 0 < self.replan_at <= now


def _get(things: "Map[str, Thing]", key: str, noun: str) -> Thing:
    found = things.get(key)
    if found is None:
        msg = f"there is no {noun} {key!r}"
        raise NotFound(msg, subject=key)
    return found
