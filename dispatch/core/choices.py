"""Where a leg may end: the drop-offs that an epoch lets the solver choose from.

The door, a hub that the recipient has agreed to, a relay hub from which a keeper goes on. Consent
and contract decide what is a choice at all; prices decide among them.
"""

from collections.abc import Iterator

from dispatch.core import absence, hubs
from dispatch.core.deadlines import last_moment
from dispatch.core.model import (
    Cents,
    Contract,
    Custodian,
    CustodianKind,
    DeliveryOption,
    Hub,
    Instant,
    Leg,
    LegKind,
    Mode,
    OptionKind,
    Parcel,
    Place,
    Purpose,
    Seconds,
    Value,
    straight_line_m,
)
from dispatch.core.policy import Policy
from dispatch.core.zone import State, replace
from dispatch.solver.problem import FOREVER

RETURN_WITHIN_S = 4 * 3600
"""A return is late after this; it never ends (A)."""
FAR = FOREVER
"""Seconds that no plan looks ahead."""


class Choice(Value):
    """One drop-off of a leg.

    Attributes
    ----------
    opens_at, due_at, closes_at
        Bounds on the start of service there.
    service_s
        Its length.
    cost_cents
        Price of choosing it.
    hub
        Whose slot it takes; empty for none.
    """

    place: Place
    purpose: Purpose
    opens_at: Instant
    due_at: Instant
    closes_at: Instant
    service_s: Seconds
    cost_cents: Cents = 0
    hub: str = ""


def choices_of(state: State, leg: Leg, parcel: Parcel, now: Instant) -> tuple[Choice, ...]:
    """Return the drop-offs of a leg that may be chosen now, at least one."""
    if leg.kind is LegKind.RETURN:
        return (_origin(state, leg, now),)
    asked = [*_deliveries(state, parcel, now), *_relays(state, leg, parcel, now)]
    # A counter that opens after the parcel's last moment, or has closed for good, is no choice.
    found = [its for its in asked if not its.hub or max(its.opens_at, now) <= its.closes_at]
    return tuple(found) if found else (_door(state, parcel, now, 0),)


def waits_for_a_slot(leg: Leg, parcel: Parcel, its: tuple[Choice, ...]) -> bool:
    """Whether a recipient has agreed to hubs alone, and none of them can take the parcel now.

    Then it waits: nobody asked for it at the door.
    """
    named = {option.kind for option in parcel.options if option.is_open}
    return (
        leg.kind is not LegKind.RETURN
        and OptionKind.HUB in named
        and OptionKind.DOOR not in named
        and all(choice.purpose is Purpose.DOOR for choice in its)
    )


def _origin(state: State, leg: Leg, now: Instant) -> Choice:
    policy = state.policy
    hub = state.hubs.get(leg.dropoff.hub)
    hours = hubs.kept_hours(state, hub, now) if hub is not None and hub.attended else None
    return Choice(
        place=leg.dropoff,
        purpose=Purpose.RETURN,
        opens_at=hours.opens_at if hours else now,
        due_at=max(now, hours.opens_at if hours else now) + RETURN_WITHIN_S,
        closes_at=hours.closes_at if hours else now + FAR,
        service_s=policy.scan_s + policy.shelve_s,
    )


def _door(state: State, parcel: Parcel, now: Instant, cost: Cents) -> Choice:
    policy = state.policy
    closes_at = last_moment(parcel, policy)
    return Choice(
        place=parcel.dropoff,
        purpose=Purpose.DOOR,
        opens_at=parcel.window.opens_at if parcel.window else now - FAR,
        due_at=min(parcel.due_at, closes_at),
        closes_at=closes_at,
        # Some visits are in vain, and take the wait of an attempt.
        service_s=policy.scan_s
        + policy.hand_over_s
        + policy.absent_permille * policy.absent_wait_s // 1000,
        cost_cents=cost,
    )


def _deliveries(state: State, parcel: Parcel, now: Instant) -> Iterator[Choice]:
    """Yield the door and the consented hubs; what is at a hub for its recipient stays out."""
    policy = state.policy
    usable = [option for option in parcel.options if _is_planned(option)]
    risk_cents = policy.absent_permille * policy.failed_cents // 1000
    for rung, option in enumerate(usable):
        if option.kind is OptionKind.DOOR:
            cost = rung * policy.rung_cents + (risk_cents if len(usable) > 1 else 0)
            yield _door(state, parcel, now, cost)
            continue
        hub = _first_working(state, parcel, option.target)
        if hub is not None and hub.id != parcel.custodian.id:
            walk_m = straight_line_m(hub.place, parcel.dropoff)
            cost = policy.keeping_cents + rung * policy.rung_cents
            cost += round(2 * walk_m * policy.walk_cents_per_km / 1000)
            yield _at_hub(state, parcel, hub, Purpose.COLLECTION, now, cost)


def _is_planned(option: DeliveryOption) -> bool:
    return option.is_open and option.kind in {OptionKind.DOOR, OptionKind.HUB}


def _first_working(state: State, parcel: Parcel, target: str) -> Hub | None:
    """Return the nearest hub to collect a parcel from, whether it is open now or not."""
    near = hubs.near(state, parcel, Purpose.COLLECTION, target)
    return next((hub for hub in near if hub.id not in state.paused_hubs), None)


def _at_hub(
    state: State, parcel: Parcel, hub: Hub, purpose: Purpose, now: Instant, cost: Cents
) -> Choice:
    policy = state.policy
    hours = hubs.kept_hours(state, hub, now)
    onward_s = policy.onward_s if purpose is Purpose.RELAY else 0
    closes_at = last_moment(parcel, policy) - onward_s
    return Choice(
        place=hub.place,
        purpose=purpose,
        opens_at=hours.opens_at if hours else now - FAR,
        due_at=min(parcel.due_at - onward_s, closes_at),
        closes_at=min(closes_at, hours.closes_at) if hours else closes_at,
        service_s=policy.scan_s + policy.shelve_s,
        cost_cents=cost,
        hub=hub.id,
    )


def _relays(state: State, leg: Leg, parcel: Parcel, now: Instant) -> Iterator[Choice]:
    """Yield the relay hub nearest to the door, unless the parcel has been with one."""
    been = {holding.custodian for holding in parcel.custody}
    if all(option.kind is not OptionKind.DOOR for option in parcel.options):
        return
    for hub_id in relay_hubs(state, parcel):
        hub = state.hubs[hub_id]
        known = Custodian(kind=CustodianKind.HUB, id=hub_id) in been
        if known or hub_id == leg.pickup.hub:
            return
        if hubs.has_slot(state, hub, parcel):
            yield _at_hub(state, parcel, hub, Purpose.RELAY, now, state.policy.keeping_cents)
            return


def relay_hubs(state: State, parcel: Parcel) -> list[str]:
    """Return the hubs that relay to a door, the nearest first."""
    door = parcel.dropoff
    near = []
    radius_m = state.policy.relay_radius_m
    for hub in state.hubs.values():
        if Contract.RELAY not in hub.contracts or hub.id in state.paused_hubs:
            continue
        same = bool(door.compound) and hub.place.compound == door.compound
        if not same and not hubs.in_box(hub.place, door, radius_m):
            continue
        distance_m = straight_line_m(hub.place, door)
        if (same and _is_in_reach(state, hub, distance_m)) or distance_m <= radius_m:
            near.append((distance_m, hub.id))
    return [hub_id for _, hub_id in sorted(near)]


def _is_in_reach(state: State, hub: Hub, distance_m: float) -> bool:
    """Whether a keeper on foot gets from a hub to a door and back in two thirds of the leash.

    A parcel for a door farther than that would wait in the booth for nobody. A hub that nobody
    keeps is as near as anybody's next tour.
    """
    if not hub.host and hub.id not in state.hub_posts:
        return True
    way_s, _ = state.policy.estimate(Mode.FOOT, distance_m)
    return 2 * way_s <= state.policy.leash_guard_s * 2 // 3


def door_of(state: State, parcel: Parcel, now: Instant) -> Choice:
    """Return a parcel's door as the only choice of what follows on a relay."""
    return _door(state, parcel, now, 0)


def at_gate(door: Choice, *, lat: float, lon: float, policy: Policy) -> Choice:
    """Return the choice of giving a parcel to its recipient at a gate, instead of at the door."""
    return replace(
        door,
        # On the ground: unlike the post of a guard who stands at the same gate and may pass it.
        place=Place(lat=lat, lon=lon, floor=0, is_door=False),
        purpose=Purpose.GATE,
        service_s=door.service_s + policy.gate_wait_s,
        cost_cents=door.cost_cents + policy.gate_cents,
    )


def onward_leg(leg: Leg, parcel: Parcel, hub: Hub, now: Instant) -> Leg:
    """Return the leg that would follow on a relay, as the receiving scan would release it."""
    return absence.next_leg(
        parcel,
        LegKind.FORWARD,
        pickup=hub.place,
        dropoff=parcel.dropoff,
        not_before=now,
        depends_on=(leg.id,),
    )
