"""A property company's word: who may work in its compound, how many at a post, whose gate, or stop.

A company stops its compound with one call: its hubs rest, its guards are asked for nothing more,
and tours that have not begun go to others. Nobody is called back from the way: what a guard holds
is brought to its end first.
"""

from collections.abc import Iterator

from dispatch.core import absence, custody, hubs, levers, posts
from dispatch.core import messages as m
from dispatch.core.compounds import Compound
from dispatch.core.draft import Draft
from dispatch.core.errors import AlreadyExists, Fault, InvalidTransition, InvalidValue
from dispatch.core.model import LegState, Tour
from dispatch.core.zone import State, replace


def create_compound(draft: Draft, command: m.CreateCompound) -> None:
    """Take in a compound."""
    compound = command.compound
    if compound.id in draft.state.compounds:
        msg = f"compound id {compound.id!r} is taken"
        raise AlreadyExists(msg, subject=f"compounds/{compound.id}")
    draft.tell(m.CompoundCreated(at=draft.now, compound=compound))


def create_post(draft: Draft, command: m.CreatePost) -> None:
    """Take in a post of a compound, and the hub that its guards keep."""
    post, state = command.post, draft.state
    if post.id in state.posts:
        msg = f"post id {post.id!r} is taken"
        raise AlreadyExists(msg, subject=f"posts/{post.id}")
    faults = []
    if post.compound not in state.compounds:
        faults.append(Fault("post.compound", f"there is no compound {post.compound!r}"))
    if post.hub and post.hub not in state.hubs:
        faults.append(Fault("post.hub", f"there is no hub {post.hub!r}"))
    if faults:
        raise InvalidValue(faults, subject=post.id)
    draft.tell(m.PostSet(at=draft.now, post=post))


def set_minimum(draft: Draft, command: m.SetMinimum) -> None:
    """Let a post have another minimum; offers that it would not allow any more are taken back."""
    post = replace(draft.state.post(command.post), minimum=command.minimum)
    if post == draft.state.posts[post.id]:
        return
    draft.tell(m.PostSet(at=draft.now, post=post, actor=command.actor))
    for courier in posts.on_duty(draft.state, post.id, draft.now):
        if posts.spare_count(draft.state, post.id, draft.now) >= 0:
            break
        _withdraw(draft, courier, "MINIMUM")


def permit(draft: Draft, command: m.PermitCourier) -> None:
    """Let a courier work in a compound."""
    compound = draft.state.compound(command.compound)
    courier = draft.state.courier(command.courier)
    if courier.id in draft.state.permits.get(compound.id, ()):
        return
    told = {"compound": compound.id, "courier": courier.id, "actor": command.actor}
    draft.tell(m.CourierPermitted(at=draft.now, **told))


def forbid(draft: Draft, command: m.ForbidCourier) -> None:
    """Take a permit back; what the courier has not picked up there goes to others."""
    compound = draft.state.compound(command.compound)
    courier = draft.state.courier(command.courier)
    if courier.id not in draft.state.permits.get(compound.id, ()):
        return
    draft.tell(
        m.CourierForbidden(
            at=draft.now,
            compound=compound.id,
            courier=courier.id,
            actor=command.actor,
            reason=command.reason,
        )
    )
    _withdraw(draft, courier.id, "NOT_PERMITTED")
    take_back(draft, courier.id, "not permitted")


def rule_gate(draft: Draft, command: m.RuleGate) -> None:
    """Give a gate another rule; plans from the next epoch on keep to it."""
    draft.state.compound(command.ruling.compound)
    if draft.state.gate_rulings.get(command.ruling.id) != command.ruling:
        draft.tell(m.GateRuled(at=draft.now, ruling=command.ruling, actor=command.actor))


def stop(draft: Draft, command: m.StopCompound) -> None:
    """Stop a compound's hubs and people at once."""
    state = draft.state
    compound = state.compound(command.compound)
    if not command.reason.strip():
        raise InvalidValue([Fault("reason", "is required: say why")])
    if compound.id in state.stopped:
        msg = f"compound {compound.id} is stopped already"
        raise InvalidTransition(msg, subject=f"compounds/{compound.id}")
    resting = [hub for hub in hubs_of(state, compound) if hub not in state.paused_hubs]
    told = {"compound": compound.id, "actor": command.actor, "reason": command.reason}
    draft.tell(m.CompoundStopped(at=draft.now, hubs=tuple(resting), **told))
    for courier in sorted(people_of(state, compound)):
        _withdraw(draft, courier, "COMPOUND_STOPPED")
        take_back(draft, courier, "compound stopped")
    for hub in resting:
        levers.pause_hub(draft, m.PauseHub(hub=hub, actor=command.actor, reason=command.reason))


def resume(draft: Draft, command: m.ResumeCompound) -> None:
    """Let a compound and the hubs that rested with it go on."""
    compound = draft.state.compound(command.compound)
    stoppage = draft.state.stopped.get(compound.id)
    if stoppage is None:
        return
    told = {"actor": command.actor, "reason": command.reason}
    draft.tell(m.CompoundResumed(at=draft.now, compound=compound.id, **told))
    for hub in stoppage.hubs:
        pause = draft.state.paused_hubs.get(hub)
        if pause is None or pause.since != stoppage.since:
            # Somebody has paused it again since, for a reason that lasts.
            continue
        levers.resume_hub(draft, m.ResumeHub(hub=hub, **told))


def hubs_of(state: State, compound: Compound) -> list[str]:
    """Return the hubs that stand in a compound or that its posts keep, by id."""
    kept = {post.hub for post in state.posts.values() if post.compound == compound.id}
    inside = {hub.id for hub in state.hubs.values() if hub.place.compound == compound.id}
    return sorted((kept | inside) - {""})


def people_of(state: State, compound: Compound) -> set[str]:
    """Return the couriers whose rosters name the compound's posts, and keepers of its hubs."""
    found = {
        courier
        for post in state.posts.values()
        if post.compound == compound.id
        for courier in state.guards.get(post.id, ())
    }
    kept = hubs_of(state, compound)
    found |= {courier.id for courier in state.couriers.values() if courier.host_of in kept}
    return found | ({state.hubs[hub].host for hub in kept} - {""})


def _withdraw(draft: Draft, courier: str, reason: str) -> None:
    """Take back the offer that a courier has, if there is one."""
    offer = draft.state.open_offer.get(courier)
    if offer is not None:
        leg = draft.state.leg(draft.state.offers[offer].itinerary.legs[0])
        absence.withdraw_offer_of(draft, leg, reason)


def take_back(draft: Draft, courier: str, reason: str) -> None:
    """Give what a courier has accepted and not picked up to others."""
    tour_id = draft.state.live_tour.get(courier)
    if tour_id is None:
        return
    for leg_id in _unstarted(draft.state, draft.state.tour(tour_id)):
        leg = draft.state.leg(leg_id)
        hubs.let_go(draft, leg, "TAKEN_BACK")
        # Without an actor nobody is barred from the leg: it was nobody's refusal.
        told = {"leg": leg.id, "courier": courier, "tour": tour_id, "to": "", "actor": ""}
        draft.tell(m.LegReassigned(at=draft.now, parcel=leg.parcel, reason=reason, **told))
    custody.complete_if_done(draft, tour_id, draft.now)


def _unstarted(state: State, tour: Tour) -> Iterator[str]:
    for leg_id in tour.itinerary.legs:
        leg = state.leg(leg_id)
        if leg.state is LegState.ASSIGNED and leg.courier == tour.courier:
            yield leg_id
