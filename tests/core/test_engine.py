from typing import get_args

import msgspec
import pytest

from dispatch.core import messages as m
from dispatch.core.engine import _RULES, BATCH_LIMIT, decide
from dispatch.core.errors import (
    AccessDenied,
    AlreadyExists,
    DispatchError,
    EtagMismatch,
    InvalidTransition,
    InvalidValue,
    NotFound,
)
from dispatch.core.model import (
    Custodian,
    CustodianKind,
    LegKind,
    LegState,
    ParcelState,
)
from dispatch.core.policy import Policy
from dispatch.core.state import State
from tests.core.town import (
    AT_ONCE,
    HOUR,
    NOON,
    ZONE,
    Story,
    a_courier,
    a_hub,
    a_parcel,
    names,
    place,
    slot,
    window,
)

replace = msgspec.structs.replace


@pytest.fixture
def story() -> Story:
    """Give an empty town."""
    return Story()


def test_every_command_has_its_rule() -> None:
    """No command can be written that nothing answers."""
    assert set(_RULES) == set(get_args(m.AnyCommand))


def test_decide_reads_and_does_not_write(story: Story) -> None:
    """The same question has the same answer, and asking leaves the state alone."""
    story.courier()
    story.parcel()
    before = story.state
    command = m.CancelParcel(parcel="m/p1")
    answers = [decide(before, command, now=NOON, command_id="c") for _ in range(2)]
    assert answers[0] == answers[1]
    assert story.state is before
    assert before.parcel("m/p1").state is ParcelState.READY


def test_ids_follow_from_the_command(story: Story) -> None:
    """Offers, tours and entries are named by the command that made them, numbered."""
    story.courier("ann")
    story.courier("bob")
    for name in ("p1", "p2"):
        story.parcel(name)
    plan = m.CommitPlan(
        changes=0,
        itineraries=(story.itinerary("ann", "p1"), story.itinerary("bob", "p2")),
        reasons=(),
        replan_at=0,
        engine="hand",
        seed=0,
        digest="",
        cost=0,
        stopped_by="DONE",
    )
    made = decide(story.state, plan, now=NOON, command_id="XYZ")
    assert [event.offer.id for event in made if isinstance(event, m.OfferMade)] == [
        "oXYZ-1",
        "oXYZ-2",
    ]


# --- policy, pause, wishes -------------------------------------------------------------


def test_a_policy_is_adopted_once(story: Story) -> None:
    """The first one always enters the log, the same again does not."""
    assert names(story.events) == ["PolicyAdopted"]
    assert story.do(m.AdoptPolicy(policy=AT_ONCE)) == ()
    default = decide(State(zone=ZONE), m.AdoptPolicy(policy=Policy()), now=NOON, command_id="c")
    assert names(default) == ["PolicyAdopted"]
    assert names(story.do(m.AdoptPolicy(policy=Policy(version="b")))) == ["PolicyAdopted"]
    assert story.state.policy.version == "b"


def test_pause_and_resume(story: Story) -> None:
    """Each works once; while paused nobody can ask for a plan."""
    assert story.do(m.ResumeDispatch()) == ()
    assert names(story.do(m.PauseDispatch(reason="storm"))) == ["DispatchPaused"]
    assert story.do(m.PauseDispatch()) == ()
    story.refused(InvalidTransition, m.RequestPlan(), "paused")
    assert names(story.do(m.ResumeDispatch())) == ["DispatchResumed"]
    assert names(story.do(m.RequestPlan())) == ["PlanRequested"]


# --- parcels ---------------------------------------------------------------------------


def test_a_new_parcel_is_what_the_engine_says_it_is(story: Story) -> None:
    """State, time and holder are the engine's; the first leg goes from pickup to door."""
    story.now += 7
    created = story.parcel(ready_at=NOON)
    assert created.state is ParcelState.READY
    assert created.created_at == NOON + 7
    assert created.custodian == Custodian(kind=CustodianKind.SENDER, id="m")
    leg = story.state.leg(created.leg)
    assert (leg.id, leg.kind, leg.state) == ("m/p1/1", LegKind.FORWARD, LegState.PLANNED)
    assert (leg.pickup, leg.dropoff, leg.not_before) == (created.pickup, created.dropoff, NOON)


def test_a_parcel_that_is_not_ready_is_pending(story: Story) -> None:
    """It waits for its own time, to the second."""
    assert story.parcel(ready_at=NOON + 10).state is ParcelState.PENDING
    assert story.wait(9) == ()
    assert names(story.wait(1)) == ["ParcelReady"]
    assert story.wait(1) == ()


def test_a_parcel_from_a_hub_starts_at_its_counter(story: Story) -> None:
    """Place and holder come from the hub, whatever the caller wrote as pickup."""
    hub = story.hub()
    parcel = story.parcel(origin_hub="station", pickup=place(9999))
    assert parcel.pickup == hub.place
    assert parcel.custodian == Custodian(kind=CustodianKind.HUB, id="station")
    assert story.state.leg("m/p1/1").pickup == hub.place


def test_a_single_bad_parcel_names_its_field(story: Story) -> None:
    """A taken id is ALREADY_EXISTS, an unknown hub a bad field."""
    story.parcel()
    story.refused(AlreadyExists, m.CreateParcels(parcels=(a_parcel(),)), "'m/p1' is taken")
    with pytest.raises(InvalidValue) as caught:
        story.parcel("p2", origin_hub="nowhere")
    assert [fault.field for fault in caught.value.faults] == ["parcel.origin_hub"]


def test_a_batch_is_all_or_nothing_with_every_error(story: Story) -> None:
    """Taken ids, doubles within the batch and unknown hubs are listed together."""
    story.parcel()
    batch = (
        a_parcel("p1"),
        a_parcel("p2"),
        a_parcel("p2"),
        a_parcel("p3", origin_hub="nowhere"),
    )
    before = story.state
    with pytest.raises(InvalidValue) as caught:
        story.do(m.CreateParcels(parcels=batch))
    assert [fault.field for fault in caught.value.faults] == [
        "requests[0].parcel_id",
        "requests[2].parcel_id",
        "requests[3].parcel.origin_hub",
    ]
    assert story.state is before
    made = story.do(m.CreateParcels(parcels=(a_parcel("p2"), a_parcel("p3"))))
    assert names(made) == ["ParcelCreated"] * 2


def test_a_batch_has_a_limit(story: Story) -> None:
    """One more than the limit is refused as a whole."""
    batch = tuple(a_parcel(f"p{number}") for number in range(BATCH_LIMIT + 1))
    story.refused(InvalidValue, m.CreateParcels(parcels=batch), "at most 500")
    assert len(story.do(m.CreateParcels(parcels=batch[1:]))) == BATCH_LIMIT


def test_cancelling_needs_the_etag_if_one_is_given(story: Story) -> None:
    """An old version is refused, the present one and none are taken."""
    story.parcel()
    story.refused(EtagMismatch, m.CancelParcel(parcel="m/p1", version=9), "has changed")
    story.refused(NotFound, m.CancelParcel(parcel="m/p9"))
    (cancelled,) = story.do(m.CancelParcel(parcel="m/p1", version=1))
    assert isinstance(cancelled, m.ParcelCancelled)
    assert cancelled.reason == "CANCELLED"
    story.refused(InvalidTransition, m.CancelParcel(parcel="m/p1"), "too late")


# --- people and hubs -------------------------------------------------------------------


def test_hubs_and_couriers_have_ids_of_their_own(story: Story) -> None:
    """A taken id is refused; a courier hosts only a hub that exists."""
    story.hub()
    story.refused(AlreadyExists, m.CreateHub(hub=a_hub()), "'station' is taken")
    story.do(m.CreateCourier(courier=a_courier(host_of="station")))
    story.refused(AlreadyExists, m.CreateCourier(courier=a_courier()), "'ann' is taken")
    with pytest.raises(InvalidValue) as caught:
        story.do(m.CreateCourier(courier=a_courier("bob", host_of="nowhere")))
    assert [fault.field for fault in caught.value.faults] == ["courier.hosted_hub"]


def test_slots_are_kept_in_order_and_never_overlap(story: Story) -> None:
    """Slots that touch are fine, slots that overlap old or new ones are not."""
    story.courier(slots=[slot(200, 300)])
    (added,) = story.do(m.AddAvailability(courier="ann", slots=(slot(300, 400), slot(0, 200))))
    assert isinstance(added, m.AvailabilityAdded)
    assert added.slots == (slot(0, 200), slot(200, 300), slot(300, 400))
    overlapping = m.AddAvailability(courier="ann", slots=(slot(399, 500),))
    story.refused(InvalidValue, overlapping, "overlaps another slot")
    doubled = m.AddAvailability(courier="ann", slots=(slot(600, 700), slot(650, 750)))
    story.refused(InvalidValue, doubled, "overlaps another slot")
    story.refused(NotFound, m.AddAvailability(courier="zoe", slots=(slot(),)))


def test_online_is_at_home_unless_said_otherwise(story: Story) -> None:
    """A courier may move while online; the same place again is no news."""
    ann = story.courier()
    assert story.state.online["ann"] == ann.home
    assert story.do(m.GoOnline(courier="ann")) == ()
    assert names(story.do(m.GoOnline(courier="ann", place=place(30)))) == ["CourierWentOnline"]
    assert story.state.online["ann"] == place(30)
    assert names(story.do(m.GoOffline(courier="ann"))) == ["CourierWentOffline"]
    assert story.do(m.GoOffline(courier="ann")) == ()


@pytest.mark.parametrize(
    "command",
    [
        m.GoOnline(courier="zoe"),
        m.GoOffline(courier="zoe"),
        m.AcceptOffer(courier="zoe", offer="o"),
        m.DeclineOffer(courier="zoe", offer="o"),
        m.HandBackLegs(courier="zoe", tour="t"),
        m.StartTour(courier="zoe", tour="t"),
        m.RecordStop(courier="zoe", tour="t", report=m.StopReport(id="r", at=NOON, stop=0)),
    ],
    ids=lambda command: type(command).__name__,
)
def test_unknown_names_are_not_found(story: Story, command: m.Command) -> None:
    """A verb about nothing says so."""
    story.refused(NotFound, command)


def test_nobody_acts_on_what_is_not_theirs(story: Story) -> None:
    """Bob can do nothing with Ann's offer or tour, and nothing changes when he tries."""
    story.courier("ann")
    story.courier("bob")
    story.parcel()
    offer = story.offer("ann", "p1").id
    story.refused(AccessDenied, m.AcceptOffer(courier="bob", offer=offer))
    story.refused(AccessDenied, m.DeclineOffer(courier="bob", offer=offer))
    tour = story.accept("ann").id
    report = m.StopReport(id="r", at=NOON, stop=0)
    for command in (
        m.HandBackLegs(courier="bob", tour=tour),
        m.StartTour(courier="bob", tour=tour),
        m.RecordStop(courier="bob", tour=tour, report=report),
    ):
        before = story.state
        story.refused(AccessDenied, command)
        assert story.state is before


# --- time ------------------------------------------------------------------------------


def test_a_tick_without_anything_due_is_silent(story: Story) -> None:
    """Most ticks change nothing and leave no trace in the log."""
    story.courier()
    story.parcel()
    assert story.wait(60) == ()


def test_a_tick_tells_what_is_due_in_a_fixed_order(story: Story) -> None:
    """Offers first, then tours that never began, then parcels by id."""
    for name in ("ann", "bob"):
        story.courier(name)
    for name in ("p3", "p2", "p1"):
        story.parcel(name)
    story.assign("ann", "p1")
    story.parcel("p4", ready_at=NOON + 30 * 60, due_at=NOON + HOUR)
    story.parcel("p5", window=window(0, 20 * 60))
    story.now += 15 * 60
    story.offer("bob", "p2")
    told = story.wait(15 * 60)
    assert names(told) == [
        "OfferExpired",
        "TourAborted",
        "CourierWentOffline",
        "ParcelReady",
        "ParcelExpired",
    ]
    assert {event.at for event in told} == {NOON + 30 * 60}


def test_all_refusals_belong_to_one_tree() -> None:
    """Whoever catches DispatchError catches every refusal."""
    for error in (AccessDenied, AlreadyExists, EtagMismatch, InvalidTransition, NotFound):
        assert issubclass(error, DispatchError)
        assert error("no", subject="x").subject == "x"
