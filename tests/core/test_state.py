from typing import Any

import msgspec
import pytest

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition, NotFound
from dispatch.core.model import (
    TRANSITIONS,
    Attempt,
    Custodian,
    CustodianKind,
    DeclineReason,
    FailureCode,
    LegKind,
    LegState,
    OfferState,
    ParcelState,
    Stop,
    StopState,
    TourState,
)
from dispatch.core.policy import Policy
from dispatch.core.state import State, evolve, fold
from tests.core.examples import LEG, PARCEL, STOP
from tests.core.town import NOON, ZONE, Story, a_courier, a_hub, a_parcel, place, slot

replace = msgspec.structs.replace


@pytest.fixture
def story() -> Story:
    """Give a town with Ann and two parcels, none of them offered yet."""
    story = Story()
    story.courier("ann")
    story.parcel("p1")
    story.parcel("p2")
    return story


def tasks_of(state: State, tour: str) -> list[str]:
    """Return what is to be done on a tour, and how far it is, in order."""
    return [
        f"{action.kind} {action.leg} {action.state}"
        for stop in state.tour(tour).stops
        for action in stop.actions
    ]


def test_names_that_nothing_bears() -> None:
    """Each kind of thing says what is missing, under its name."""
    state = State(zone=ZONE)
    for noun in ("parcel", "leg", "courier", "hub", "offer", "tour"):
        with pytest.raises(NotFound, match=f"no {noun} 'x'") as caught:
            getattr(state, noun)("x")
        assert caught.value.subject == "x"


def test_the_state_before_stays_as_it_was(story: Story) -> None:
    """Evolve returns a new state; the old one still holds what it held."""
    before = story.state
    after = evolve(before, m.CourierWentOffline(at=NOON, courier="ann"))
    assert "ann" in before.online
    assert "ann" not in after.online
    assert before == story.state != after


def test_fold_is_evolve_in_order(story: Story) -> None:
    """All events of the story, applied to an empty zone, give its state."""
    assert fold(State(zone=ZONE), story.events) == story.state


# --- events of the zone ----------------------------------------------------------------


def test_policies_pauses_and_wishes_for_a_plan() -> None:
    """Each of them counts as a change, a pause alone does not."""
    state = State(zone=ZONE)
    policy = Policy(version="x")
    state = evolve(state, m.PolicyAdopted(at=NOON, policy=policy))
    assert (state.policy, state.changes) == (policy, 1)
    state = evolve(state, m.PlanRequested(at=NOON))
    assert state.changes == 2
    state = evolve(state, m.DispatchPaused(at=NOON))
    assert (state.paused, state.changes) == (True, 2)
    state = evolve(state, m.DispatchResumed(at=NOON))
    assert (state.paused, state.changes) == (False, 3)


def test_hubs_couriers_and_their_days() -> None:
    """What is taken in is there under its id."""
    state = fold(
        State(zone=ZONE),
        [
            m.HubCreated(at=NOON, hub=a_hub()),
            m.CourierCreated(at=NOON, courier=a_courier()),
            m.AvailabilityAdded(at=NOON, courier="ann", slots=(slot(),)),
            m.CourierWentOnline(at=NOON, courier="ann", place=place(7)),
        ],
    )
    assert state.hub("station") == a_hub()
    assert state.courier("ann") == a_courier()
    assert state.availability["ann"] == (slot(),)
    assert state.online["ann"] == place(7)
    assert state.changes == 2


def test_a_plan_leaves_reasons_and_what_it_has_seen(story: Story) -> None:
    """Reasons are noted at their legs, one unknown by now is passed over."""
    plan = m.PlanMade(
        at=NOON,
        epoch=8,
        changes=3,
        tour_count=0,
        leg_count=0,
        held_count=0,
        reasons=(("m/p1/1", "LEASH"), ("gone", "HOURS")),
        replan_at=NOON + 60,
        engine="insert",
        seed=0,
        digest="",
        cost=0,
        stopped_by="DONE",
        policy="at-once",
    )
    state = evolve(story.state, plan)
    assert state.leg("m/p1/1").reason == "LEASH"
    assert state.leg("m/p2/1").reason == ""
    assert (state.epoch, state.planned_changes, state.replan_at) == (8, 3, NOON + 60)
    assert "gone" not in state.legs


def test_an_entry_moves_money() -> None:
    """Balances follow the lines of every entry."""
    lines = (m.EntryLine(account="a", cents=5), m.EntryLine(account="b", cents=-5))
    entry = m.EntryPosted(at=NOON, entry="e", lines=lines, label="parcel", cause="m/p1")
    assert dict(fold(State(zone=ZONE), [entry, entry]).balances) == {"a": 10, "b": -10}


# --- parcels and offers ----------------------------------------------------------------


def test_a_parcel_comes_in_with_its_leg() -> None:
    """Its leg waits; only one that is ready is news for a plan."""
    parcel = a_parcel(state=ParcelState.PENDING)
    leg = replace(LEG, state=LegState.PLANNED)
    state = evolve(State(zone=ZONE), m.ParcelCreated(at=NOON, parcel=parcel, leg=leg))
    assert (state.parcel("m/p1").leg, state.parcel("m/p1").leg_count) == ("m/p1/1", 1)
    assert (list(state.open_parcels), list(state.waiting_legs)) == (["m/p1"], ["m/p1/1"])
    assert state.changes == 0
    state = evolve(state, m.ParcelReady(at=NOON, parcel="m/p1"))
    assert (state.parcel("m/p1").state, state.changes) == (ParcelState.READY, 1)
    assert state.parcel("m/p1").version == parcel.version + 1


@pytest.mark.parametrize(
    ("event", "expected"),
    [
        (m.ParcelCancelled(at=NOON, parcel="m/p1", reason="regret"), ParcelState.CANCELLED),
        (m.ParcelExpired(at=NOON, parcel="m/p1", reason="LEASH"), ParcelState.EXPIRED),
    ],
)
def test_a_parcel_ends_early(story: Story, event: m.Event, expected: ParcelState) -> None:
    """It is closed with its reason and its leg waits no longer."""
    state = evolve(story.state, event)
    assert state.parcel("m/p1").state is expected
    assert state.parcel("m/p1").reason
    assert state.leg("m/p1/1").state is LegState.CANCELLED
    assert "m/p1" not in state.open_parcels
    assert "m/p1/1" not in state.waiting_legs


def test_an_offer_takes_its_legs_out_of_the_queue(story: Story) -> None:
    """Offered legs wait no longer, count the offer and know whom it went to."""
    offer = story.offer("ann", "p1")
    leg = story.state.leg("m/p1/1")
    assert (leg.state, leg.courier, leg.offer_count) == (LegState.OFFERED, "ann", 1)
    assert dict(story.state.open_offer) == {"ann": offer.id}
    assert list(story.state.waiting_legs) == ["m/p2/1"]


def test_a_second_offer_for_courier_or_leg_cannot_be(story: Story) -> None:
    """Somebody with an open offer, and a leg under offer, are refused."""
    story.courier("bob")
    offer = story.offer("ann", "p1")
    again = replace(offer, id="o9")
    with pytest.raises(InvalidTransition, match="already has an offer"):
        evolve(story.state, m.OfferMade(at=NOON, offer=again))
    with pytest.raises(InvalidTransition, match="leg m/p1/1 is OFFERED"):
        evolve(story.state, m.OfferMade(at=NOON, offer=replace(again, courier="bob")))


def test_an_acceptance_is_the_assignment(story: Story) -> None:
    """Offer, legs, parcels and the courier's tour change together."""
    tour = story.assign("ann", "p1", "p2")
    offer = story.state.offer(tour.offer)
    assert (offer.state, offer.tour, offer.version) == (OfferState.ACCEPTED, tour.id, 2)
    assert dict(story.state.open_offer) == {}
    assert dict(story.state.live_tour) == {"ann": tour.id}
    assert story.leg_state("p1") is story.leg_state("p2") is LegState.ASSIGNED
    assert story.parcel_state("p1") is story.parcel_state("p2") is ParcelState.ASSIGNED


@pytest.mark.parametrize(
    ("event", "expected", "barred"),
    [
        (m.OfferDeclined, OfferState.DECLINED, ("ann",)),
        (m.OfferExpired, OfferState.EXPIRED, ()),
        (m.OfferWithdrawn, OfferState.WITHDRAWN, ()),
    ],
)
def test_an_offer_that_ends_gives_its_legs_back(
    story: Story, event: type[m.OfferEvent], expected: OfferState, barred: tuple[str, ...]
) -> None:
    """Legs wait again; only a refusal bars the courier, only silence costs a pause."""
    offer = story.offer("ann", "p1")
    fields: dict[type[m.OfferEvent], dict[str, Any]] = {
        m.OfferDeclined: {"reason": DeclineReason.BUSY},
        m.OfferExpired: {"cooldown_until": NOON + 600},
        m.OfferWithdrawn: {"reason": "COURIER_OFFLINE"},
    }
    ended = event(at=NOON, courier="ann", offer=offer.id, **fields[event])
    before = story.state.changes
    state = evolve(story.state, ended)
    leg = state.leg("m/p1/1")
    assert state.offer(offer.id).state is expected
    assert (leg.state, leg.courier, leg.declined_by) == (LegState.PLANNED, "", barred)
    assert "m/p1/1" in state.waiting_legs
    assert dict(state.open_offer) == {}
    assert dict(state.cooldown) == ({"ann": NOON + 600} if expected is OfferState.EXPIRED else {})
    assert state.changes == before + 1
    with pytest.raises(InvalidTransition, match=f"is {expected}, not OPEN"):
        evolve(state, ended)


def test_who_declined_is_barred_once_and_in_order(story: Story) -> None:
    """The list of those who said no is sorted and has nobody twice."""
    for name in ("cai", "bob"):
        story.courier(name)
    for name in ("cai", "ann", "bob"):
        story.offer(name, "p1")
        story.decline(name)
    assert story.state.leg("m/p1/1").declined_by == ("ann", "bob", "cai")


# --- on tour ---------------------------------------------------------------------------


def test_a_tour_goes_from_stop_to_stop(story: Story) -> None:
    """Start, arrival, pickup and delivery each leave their mark on the tour."""
    tour = story.assign("ann", "p1").id
    at: dict[str, Any] = {"at": NOON + 9, "courier": "ann", "tour": tour}
    about: dict[str, Any] = {"parcel": "m/p1", "leg": "m/p1/1", **at}
    state = evolve(story.state, m.TourStarted(happened_at=NOON + 5, **at))
    assert (state.tour(tour).state, state.tour(tour).started_at) == (TourState.ACTIVE, NOON + 5)
    state = evolve(state, m.StopArrived(stop=0, happened_at=NOON + 6, **at))
    assert [stop.arrived_at for stop in state.tour(tour).stops] == [NOON + 6, 0]
    state = evolve(state, m.ParcelPickedUp(happened_at=NOON + 7, **about))
    assert state.parcel("m/p1").custodian == Custodian(kind=CustodianKind.COURIER, id="ann")
    assert state.leg("m/p1/1").state is LegState.ACTIVE
    assert tasks_of(state, tour) == ["PICKUP m/p1/1 COMPLETED", "DROPOFF m/p1/1 PENDING"]
    state = evolve(state, m.ParcelDelivered(happened_at=NOON + 8, **about))
    assert state.parcel("m/p1").custodian == Custodian(kind=CustodianKind.RECIPIENT)
    assert state.leg("m/p1/1").state is LegState.COMPLETED
    assert [stop.state for stop in state.tour(tour).stops] == [StopState.COMPLETED] * 2
    assert state.tour(tour).stops[1].actions[0].done_at == NOON + 8
    assert state.tour(tour).version == 5
    state = evolve(state, m.StopReported(report="r1", **at))
    assert list(state.reports) == [f"{tour}/r1"]


def test_the_end_of_a_tour_frees_the_courier(story: Story) -> None:
    """Where and when the courier is back stands in the state; offline stays offline."""
    tour = story.assign("ann", "p1").id
    done = m.TourCompleted(
        at=NOON,
        courier="ann",
        tour=tour,
        kind=a_courier().kind,
        happened_at=NOON + 8,
        place=place(400),
        free_at=NOON + 20,
        away_s=20,
        distance_m=500,
    )
    state = evolve(story.state, done)
    assert (state.tour(tour).state, state.tour(tour).ended_at) == (TourState.COMPLETED, NOON + 8)
    assert dict(state.live_tour) == {}
    assert (state.free_at["ann"], state.online["ann"]) == (NOON + 20, place(400))
    story.do(m.GoOffline(courier="ann"))
    assert dict(evolve(story.state, done).online) == {}


def test_a_failed_visit_is_counted(story: Story) -> None:
    """The courier keeps the parcel, the attempt says who, when and why."""
    tour = story.carry("ann", "p1")
    failed = m.AttemptFailed(
        at=NOON,
        parcel="m/p1",
        leg="m/p1/1",
        courier="ann",
        tour=tour.id,
        happened_at=NOON + 8,
        failure=FailureCode.NO_ACCESS,
    )
    state = evolve(story.state, failed)
    parcel = state.parcel("m/p1")
    assert (parcel.state, parcel.reason) == (ParcelState.ATTEMPT_FAILED, "NO_ACCESS")
    assert parcel.attempts == (
        Attempt(at=NOON + 8, courier="ann", failure=FailureCode.NO_ACCESS, noted_at=NOON),
    )
    assert parcel.custodian == Custodian(kind=CustodianKind.COURIER, id="ann")
    assert state.leg("m/p1/1").state is LegState.FAILED
    assert tasks_of(state, tour.id)[-1] == "DROPOFF m/p1/1 FAILED"


def test_a_failed_pickup_lets_the_leg_wait_again(story: Story) -> None:
    """The drop-off is skipped with it, and the parcel stays where it was."""
    tour = story.assign("ann", "p1")
    failed = m.PickupFailed(
        at=NOON,
        parcel="m/p1",
        leg="m/p1/1",
        courier="ann",
        tour=tour.id,
        happened_at=NOON,
        failure=FailureCode.HUB_CLOSED,
    )
    state = evolve(story.state, failed)
    assert tasks_of(state, tour.id) == ["PICKUP m/p1/1 FAILED", "DROPOFF m/p1/1 SKIPPED"]
    assert state.parcel("m/p1").state is ParcelState.READY
    assert state.parcel("m/p1").custodian.kind is CustodianKind.SENDER
    assert (state.leg("m/p1/1").state, state.leg("m/p1/1").courier) == (LegState.PLANNED, "")


def returning(story: Story, parcel: str, stop: Stop, *, final: bool) -> m.ReturnPlanned:
    """Give the event that brings a parcel of Ann's back."""
    leg = replace(
        LEG, id=f"m/{parcel}/2", parcel=f"m/{parcel}", state=LegState.ACTIVE, courier="ann"
    )
    action = replace(STOP.actions[0], leg=leg.id, state=StopState.PENDING)
    return m.ReturnPlanned(
        at=NOON,
        parcel=f"m/{parcel}",
        leg=leg,
        tour=story.tour("ann").id,
        stop=replace(stop, actions=(action,), arrived_at=0),
        final=final,
        reason="regret",
    )


def test_a_return_becomes_a_stop_of_the_same_tour(story: Story) -> None:
    """A cancelled parcel under way turns round; a second one for the same place joins it."""
    tour = story.carry("ann", "p1", "p2").id
    state = fold(
        story.state,
        [returning(story, name, STOP, final=True) for name in ("p1", "p2")],
    )
    assert state.parcel("m/p1").state is ParcelState.RETURNING
    assert (state.parcel("m/p1").leg, state.parcel("m/p1").leg_count) == ("m/p1/2", 2)
    assert state.leg("m/p1/1").state is LegState.CANCELLED
    assert state.leg("m/p1/2").kind is LegKind.RETURN
    assert tasks_of(state, tour)[2:] == [
        "DROPOFF m/p1/1 SKIPPED",
        "DROPOFF m/p2/1 SKIPPED",
        "DROPOFF m/p1/2 PENDING",
        "DROPOFF m/p2/2 PENDING",
    ]
    assert len(state.tour(tour).stops[-1].actions) == 2


def test_a_return_to_a_place_that_was_passed_is_a_stop_of_its_own(story: Story) -> None:
    """Where the courier has already been to the last stop, a new one is added behind it."""
    tour = story.carry("ann", "p1", "p2").id
    state = evolve(story.state, returning(story, "p1", STOP, final=True))
    last = len(state.tour(tour).stops) - 1
    arrived = m.StopArrived(at=NOON, courier="ann", tour=tour, stop=last, happened_at=NOON)
    state = fold(state, [arrived, returning(story, "p2", STOP, final=True)])
    assert [len(stop.actions) for stop in state.tour(tour).stops][last:] == [1, 1]


def brought_back(story: Story, *, again: bool) -> m.ParcelBroughtBack:
    """Give the event that ends the way back of p1."""
    leg = replace(LEG, id="m/p1/3", kind=LegKind.FORWARD, state=LegState.PLANNED, courier="")
    return m.ParcelBroughtBack(
        at=NOON,
        parcel="m/p1",
        leg="m/p1/2",
        courier="ann",
        tour=story.tour("ann").id,
        happened_at=NOON,
        custodian=Custodian(kind=CustodianKind.SENDER, id="m"),
        next_leg=leg if again else None,
    )


def test_what_is_back_starts_again_or_is_returned(story: Story) -> None:
    """With a next leg it is ready once more, without one it has ended, final or not."""
    story.carry("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    state = evolve(story.state, brought_back(story, again=True))
    assert state.parcel("m/p1").state is ParcelState.READY
    assert state.parcel("m/p1").custodian.kind is CustodianKind.SENDER
    assert state.parcel("m/p1").leg == "m/p1/3"
    assert "m/p1/3" in state.waiting_legs
    state = evolve(story.state, brought_back(story, again=False))
    assert state.parcel("m/p1").state is ParcelState.RETURNED
    assert "m/p1" not in state.open_parcels


def test_legs_handed_back_and_tours_taken_back(story: Story) -> None:
    """Both free the legs and bar the courier; an aborted tour is over."""
    tour = story.assign("ann", "p1", "p2").id
    state = evolve(
        story.state, m.LegsHandedBack(at=NOON, courier="ann", tour=tour, legs=("m/p1/1",))
    )
    assert state.leg("m/p1/1").declined_by == ("ann",)
    assert state.parcel("m/p1").state is ParcelState.READY
    assert state.leg("m/p2/1").state is LegState.ASSIGNED
    state = evolve(state, m.TourAborted(at=NOON + 9, courier="ann", tour=tour, reason="NO_SHOW"))
    assert state.leg("m/p2/1").declined_by == ("ann",)
    assert state.parcel("m/p2").state is ParcelState.READY
    assert (state.tour(tour).state, state.tour(tour).ended_at) == (TourState.ABORTED, NOON + 9)
    assert {text.split()[-1] for text in tasks_of(state, tour)} == {"SKIPPED"}
    assert dict(state.live_tour) == {}


# --- what the table refuses ------------------------------------------------------------


STEPS: dict[type[m.ParcelEvent], ParcelState] = {
    m.ParcelReady: ParcelState.READY,
    m.ParcelCancelled: ParcelState.CANCELLED,
    m.ParcelExpired: ParcelState.EXPIRED,
    m.ParcelPickedUp: ParcelState.COLLECTED,
    m.ParcelDelivered: ParcelState.DELIVERED,
    m.AttemptFailed: ParcelState.ATTEMPT_FAILED,
}


@pytest.mark.parametrize("old", ParcelState)
@pytest.mark.parametrize("event", STEPS, ids=lambda event: event.__name__)
def test_a_parcel_takes_only_legal_steps(
    story: Story, old: ParcelState, event: type[m.ParcelEvent]
) -> None:
    """From every state each event either leads where the design says, or is refused."""
    tour = story.carry("ann", "p1").id
    parcel = replace(story.state.parcel("m/p1"), state=old)
    state = replace(
        story.state,
        parcels=story.state.parcels.set("m/p1", parcel),
        open_parcels=story.state.open_parcels.set("m/p1", None),
    )
    on_tour: dict[str, Any] = {"leg": "m/p1/1", "courier": "ann", "tour": tour, "happened_at": NOON}
    fields = on_tour if "tour" in event.__struct_fields__ else {}
    if event is m.AttemptFailed:
        fields = {**fields, "failure": FailureCode.ABSENT}
    step = event(at=NOON, parcel="m/p1", **fields)
    stays = {m.ParcelPickedUp: {"COLLECTED", "RETURNING"}, m.AttemptFailed: {"ATTEMPT_FAILED"}}
    if old in stays.get(event, ()):
        # On its way back, fetched from a courier who is gone, or tried once more elsewhere.
        assert evolve(state, step).parcel("m/p1").state is old
    elif STEPS[event] in TRANSITIONS.get(old, ()):
        assert evolve(state, step).parcel("m/p1").state is STEPS[event]
    else:
        with pytest.raises(InvalidTransition, match=f"from {old} to {STEPS[event]}"):
            evolve(state, step)


def test_needs_plan_asks_for_people_and_news(story: Story) -> None:
    """No plan without couriers, without waiting legs, while paused, or without news."""
    state = story.state
    assert state.needs_plan(NOON)
    assert not replace(state, paused=True).needs_plan(NOON)
    assert not replace(state, online=state.online.delete("ann")).needs_plan(NOON)
    assert not replace(state, waiting_legs=type(state.waiting_legs)()).needs_plan(NOON)
    planned = replace(state, planned_changes=state.changes)
    assert not planned.needs_plan(NOON)
    later = replace(planned, replan_at=NOON + 60)
    assert (later.needs_plan(NOON + 59), later.needs_plan(NOON + 60)) == (False, True)


def test_an_unknown_parcel_cannot_move() -> None:
    """An event about nothing means a damaged log."""
    with pytest.raises(NotFound):
        evolve(State(zone=ZONE), m.ParcelReady(at=NOON, parcel=PARCEL.id))
