import msgspec
import pytest

from dispatch.core import holding
from dispatch.core import messages as m
from dispatch.core.errors import (
    DispatchError,
    EtagMismatch,
    InvalidTransition,
    NotFound,
    OfferExpired,
    OfferTaken,
)
from dispatch.core.model import CourierKind, Duty, OfferState, TourState
from dispatch.core.policy import Policy
from tests.core.town import AT_ONCE, DAY, HOUR, NOON, Story, a_commit, names, place, slot, window

replace = msgspec.structs.replace
PATIENT = Policy(version="patient", engine="insert", slack_s=1800, most_held_s=DAY)
"""Holds tours back until half an hour of slack is left, however long that takes."""


@pytest.fixture
def story() -> Story:
    """Give a town that offers everything at once, with Ann and a parcel."""
    story = Story()
    story.courier()
    story.parcel()
    return story


@pytest.fixture
def patient() -> Story:
    """Give a town that holds tours back; p1 is due in two hours, Ann is there for eight."""
    story = Story(PATIENT)
    story.courier(capacity_grams=10_000, capacity_ml=10_000, max_parcels=5)
    story.parcel(grams=100, ml=100)
    return story


# --- when a tour is offered ------------------------------------------------------------


def test_a_tour_waits_for_company(patient: Story) -> None:
    """With time in hand it goes out when only the policy's slack is left at the door."""
    planned = patient.itinerary("ann", "p1", departs_at=NOON, ends_at=NOON + 130)
    arrives_at = planned.stops[-1].arrives_at
    slack_s = NOON + 2 * HOUR - arrives_at
    assert holding.offer_at(patient.state, planned, NOON) == NOON + slack_s - 1800


def test_the_tightest_promise_decides(patient: Story) -> None:
    """Of several parcels the one with the least slack sets the time; a window counts too."""
    patient.parcel("p2", due_at=NOON + HOUR)
    both = patient.itinerary("ann", "p1", "p2")
    last = both.stops[-1].arrives_at
    assert holding.offer_at(patient.state, both, NOON) == NOON + (NOON + HOUR - last) - 1800
    patient.parcel("p3", window=window(0, 2400))
    all_three = patient.itinerary("ann", "p1", "p2", "p3")
    last = all_three.stops[-1].arrives_at
    assert holding.offer_at(patient.state, all_three, NOON) == NOON + (NOON + 2400 - last) - 1800


def test_nothing_is_held_for_too_long(patient: Story) -> None:
    """However much slack is left, the leg that has waited longest sets a limit."""
    patient.do(m.AdoptPolicy(policy=replace(PATIENT, most_held_s=900)))
    patient.now += 300
    patient.parcel("p2", ready_at=NOON + 300)
    second = patient.itinerary("ann", "p2")
    assert holding.offer_at(patient.state, second, patient.now) == NOON + 300 + 900
    both = patient.itinerary("ann", "p1", "p2")
    assert holding.offer_at(patient.state, both, patient.now) == NOON + 900


@pytest.mark.parametrize(
    ("kind", "answer_s"), [(CourierKind.RIDER, 60), (CourierKind.STUDENT, 180)]
)
def test_it_goes_out_in_time_to_be_answered(
    patient: Story, kind: CourierKind, answer_s: int
) -> None:
    """A late departure is offered an answer's time and an epoch before it, never sooner."""
    patient.courier("bob", kind=kind)
    far = patient.itinerary("bob", "p1", departs_at=NOON + 6900, ends_at=NOON + 7000)
    stops = (far.stops[0], replace(far.stops[1], arrives_at=NOON + 7000))
    far = replace(far, stops=stops)
    assert holding.offer_at(patient.state, far, NOON) == NOON + 6900 - answer_s - 60


def test_who_leaves_soon_waits_only_if_others_come(patient: Story) -> None:
    """A tour outlives its courier's slot only where two others are on the roster for then."""
    patient.courier("bob", slots=[slot(0, HOUR)])
    planned = patient.itinerary("bob", "p1")
    assert holding.offer_at(patient.state, planned, NOON) <= NOON
    patient.courier("cai", slots=[slot(0, HOUR), slot(HOUR, 8 * HOUR, duty=Duty.POST)])
    assert holding.offer_at(patient.state, planned, NOON) <= NOON
    patient.courier("dee", slots=[slot(HOUR, 8 * HOUR)])
    assert holding.offer_at(patient.state, planned, NOON) > NOON


@pytest.mark.parametrize(
    ("fields", "full"),
    [
        ({"grams": 8000}, True),
        ({"grams": 7999}, False),
        ({"ml": 8000}, True),
        ({"ml": 7999}, False),
    ],
)
def test_full_hands_do_not_wait(patient: Story, fields: dict[str, int], *, full: bool) -> None:
    """Four fifths of the weight or of the volume are enough to go."""
    patient.parcel("p2", **fields)
    due_at = holding.offer_at(patient.state, patient.itinerary("ann", "p2"), NOON)
    assert (due_at <= NOON) is full


def test_a_full_count_or_a_full_leash_does_not_wait(patient: Story) -> None:
    """Four of five parcels, and four fifths of the leash, are enough too."""
    for name in ("p2", "p3", "p4"):
        patient.parcel(name)
    assert holding.offer_at(patient.state, patient.itinerary("ann", "p1", "p2", "p3"), NOON) > NOON
    four = patient.itinerary("ann", "p1", "p2", "p3", "p4")
    assert holding.offer_at(patient.state, four, NOON) <= NOON
    leash_s = PATIENT.leash_of(CourierKind.RIDER)
    long = patient.itinerary("ann", "p1", ends_at=NOON + leash_s * 8 // 10)
    assert holding.offer_at(patient.state, long, NOON) <= NOON
    patient.courier("bob", leash_s=200)
    short = patient.itinerary("bob", "p1", ends_at=NOON + 160)
    assert holding.offer_at(patient.state, short, NOON) <= NOON


def test_a_held_tour_is_planned_again_when_it_is_due(patient: Story) -> None:
    """The plan says how many tours it holds and when the first of them is due."""
    planned = patient.itinerary("ann", "p1")
    (made,) = patient.do(a_commit(planned))
    assert isinstance(made, m.PlanMade)
    assert (made.tour_count, made.leg_count, made.held_count) == (1, 1, 1)
    assert made.replan_at == holding.offer_at(patient.state, planned, NOON)
    assert patient.state.replan_at == made.replan_at


# --- who may be offered a tour ---------------------------------------------------------


@pytest.mark.parametrize(
    ("duty", "idle"),
    [(Duty.IDLE, True), (Duty.PATROL, True), (Duty.POST, False), (Duty.BREAK, False)],
)
def test_only_idle_time_is_offered(duty: Duty, *, idle: bool) -> None:
    """At a post and on a break nobody is asked."""
    story = Story()
    story.courier(slots=[slot(duty=duty)])
    assert (holding.idle_slot(story.state, "ann", NOON) is not None) is idle
    assert holding.is_eligible(story.state, "ann", NOON) is idle


def test_a_slot_holds_from_its_first_to_before_its_last_second(story: Story) -> None:
    """The slot's end itself is the courier's own time."""
    story.courier("bob", slots=[slot(100, 200, duty=Duty.POST), slot(200, 1000)])
    inside = [holding.idle_slot(story.state, "bob", NOON + at) for at in (150, 199, 200, 999, 1000)]
    assert [found is not None for found in inside] == [False, False, True, True, False]


def test_the_rest_of_the_slot_must_be_worth_it(story: Story) -> None:
    """Five minutes before the end, or with a tour that ends later, nobody is asked."""
    end = NOON + 8 * HOUR
    assert holding.is_eligible(story.state, "ann", end - 300)
    assert not holding.is_eligible(story.state, "ann", end - 299)
    busy = replace(story.state, free_at=story.state.free_at.set("ann", end - 200))
    assert not holding.is_eligible(busy, "ann", NOON)


def test_one_thing_at_a_time(story: Story) -> None:
    """Not while offline, with an open offer, with a tour, or within the pause after silence."""
    story.parcel("p2")
    assert holding.is_eligible(story.state, "ann", story.now)
    story.offer("ann", "p1")
    assert not holding.is_eligible(story.state, "ann", story.now)
    story.accept("ann")
    assert not holding.is_eligible(story.state, "ann", story.now)
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    assert holding.is_eligible(story.state, "ann", story.now)
    story.offer("ann", "p2")
    story.wait(60)
    paused_until = story.now + AT_ONCE.cooldown_s
    assert not holding.is_eligible(story.state, "ann", paused_until - 1)
    assert holding.is_eligible(story.state, "ann", paused_until)
    story.do(m.GoOffline(courier="ann"))
    assert not holding.is_eligible(story.state, "ann", paused_until)


# --- a plan meets the state as it is now -----------------------------------------------


def test_an_offer_says_all(story: Story) -> None:
    """Pay, time limit, round and epoch stand in the offer."""
    offer = story.offer("ann", "p1", detour_s=121)
    assert (offer.courier, offer.epoch, offer.round, offer.state) == ("ann", 1, 1, OfferState.OPEN)
    assert (offer.made_at, offer.expires_at) == (NOON, NOON + 60)
    assert [(line.label, line.cents) for line in offer.pay] == [
        ("1 parcel", 100),
        ("3 min of detour", 60),
    ]
    assert offer.pay_cents == 160
    story.courier("bob")
    story.decline("ann")
    assert story.offer("bob", "p1").round == 2


def why_not(story: Story, *, departs_late_s: int = 0) -> m.PlanMade:
    """Commit Ann's tour of p1, which must not be offered, and return the plan."""
    planned = story.itinerary("ann", "p1")
    planned = replace(planned, ends_at=planned.ends_at + departs_late_s)
    events = story.do(a_commit(planned))
    assert names(events) == ["PlanMade"]
    (plan,) = events
    assert isinstance(plan, m.PlanMade)
    assert plan.held_count == 1
    assert plan.replan_at == story.now + story.state.policy.epoch_s
    return plan


def test_a_plan_comes_too_late_for_a_courier(story: Story) -> None:
    """Offline, busy, or at the end of the slot: no offer, and the next epoch looks again."""
    why_not(story, departs_late_s=8 * HOUR)
    story.do(m.GoOffline(courier="ann"))
    why_not(story)
    story.now = NOON + 8 * HOUR
    why_not(story)


def test_a_plan_comes_too_late_for_a_leg(story: Story) -> None:
    """Cancelled, under offer elsewhere, or declined meanwhile: no offer."""
    story.offer("ann", "p1")
    story.decline("ann")
    why_not(story)
    story.courier("bob")
    story.offer("bob", "p1")
    why_not(story)
    story.do(m.CancelParcel(parcel="m/p1"))
    why_not(story)


def test_a_plan_comes_while_paused(story: Story) -> None:
    """A pause holds back what was being computed when it came."""
    story.do(m.PauseDispatch())
    why_not(story)


def test_a_plan_that_gives_one_leg_twice_is_refused_whole(story: Story) -> None:
    """Two tours with one leg, or two for one courier, are no plan."""
    story.courier("bob")
    story.parcel("p2")
    twice = a_commit(story.itinerary("ann", "p1"), story.itinerary("bob", "p1"))
    same = a_commit(story.itinerary("ann", "p1"), story.itinerary("ann", "p2"))
    before = story.state
    for command in (twice, same):
        with pytest.raises(DispatchError):
            story.do(command)
    assert story.state is before
    unknown = replace(story.itinerary("ann", "p1"), legs=("m/p9/1",))
    story.refused(NotFound, a_commit(unknown))


def test_reasons_are_told_when_they_change(story: Story) -> None:
    """A plan's event holds new reasons, and clears that of a leg which is planned now."""

    def reasons_of(command: m.CommitPlan) -> tuple[tuple[str, str], ...]:
        plan = story.do(command)[0]
        assert isinstance(plan, m.PlanMade)
        return plan.reasons

    left_out = (("gone", "HOURS"), ("m/p1/1", "LEASH"))
    assert reasons_of(a_commit(reasons=left_out)) == (("m/p1/1", "LEASH"),)
    assert reasons_of(a_commit(reasons=left_out)) == ()
    assert reasons_of(a_commit(story.itinerary("ann", "p1"))) == (("m/p1/1", ""),)


def test_the_soonest_reason_to_plan_again_counts(story: Story) -> None:
    """Of a held tour and the epoch's own next moment the earlier is kept; 0 is never."""
    story.do(m.GoOffline(courier="ann"))
    story.do(a_commit(story.itinerary("ann", "p1"), replan_at=NOON + 30))
    assert story.state.replan_at == NOON + 30
    story.do(a_commit(story.itinerary("ann", "p1"), replan_at=NOON + DAY))
    assert story.state.replan_at == NOON + 60
    story.do(a_commit())
    assert story.state.replan_at == 0


# --- answers ---------------------------------------------------------------------------


def test_an_answer_in_the_last_second_counts(story: Story) -> None:
    """One second before the limit is in time, the limit itself is not, ticked or not."""
    offer = story.offer("ann", "p1").id
    story.now += 60
    for command in (
        m.AcceptOffer(courier="ann", offer=offer),
        m.DeclineOffer(courier="ann", offer=offer),
    ):
        story.refused(OfferExpired, command, "expired")
    story.now -= 1
    assert names(story.do(m.AcceptOffer(courier="ann", offer=offer))) == ["OfferAccepted"]


def test_an_offer_is_answered_once(story: Story) -> None:
    """A second answer is refused with what became of the first."""
    offer = story.offer("ann", "p1").id
    story.do(m.DeclineOffer(courier="ann", offer=offer))
    for command in (
        m.AcceptOffer(courier="ann", offer=offer),
        m.DeclineOffer(courier="ann", offer=offer),
    ):
        story.refused(InvalidTransition, command, "is DECLINED")


def test_an_offer_that_was_taken_back_is_gone(story: Story) -> None:
    """Withdrawn is a conflict, expired a time limit."""
    offer = story.offer("ann", "p1").id
    story.do(m.GoOffline(courier="ann"))
    story.refused(OfferTaken, m.AcceptOffer(courier="ann", offer=offer), "withdrawn")
    story.do(m.GoOnline(courier="ann"))
    offer = story.offer("ann", "p1").id
    story.wait(60)
    story.refused(OfferExpired, m.AcceptOffer(courier="ann", offer=offer), "expired")


def test_an_old_etag_is_refused(story: Story) -> None:
    """Who read another version of the offer does not accept this one."""
    offer = story.offer("ann", "p1").id
    story.refused(EtagMismatch, m.AcceptOffer(courier="ann", offer=offer, version=2))
    story.do(m.AcceptOffer(courier="ann", offer=offer, version=1))


# --- handing back, not turning up ------------------------------------------------------


def test_part_of_a_tour_is_handed_back(story: Story) -> None:
    """Named legs go, the others stay; a leg named twice is one leg."""
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2").id
    (back,) = story.do(m.HandBackLegs(courier="ann", tour=tour, legs=("m/p2/1", "m/p2/1")))
    assert isinstance(back, m.LegsHandedBack)
    assert back.legs == ("m/p2/1",)
    assert story.tour("ann").state is TourState.COMMITTED


def test_only_what_waits_can_be_handed_back(story: Story) -> None:
    """Picked up, strange or already given back: refused, and nothing changes."""
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2").id
    story.pick_up("ann", "p1")
    for legs in (("m/p1/1",), ("m/p9/1",), ("m/p2/1", "m/p1/1")):
        command = m.HandBackLegs(courier="ann", tour=tour, legs=legs)
        story.refused(InvalidTransition, command, "picked up or is not on tour")
    story.do(m.HandBackLegs(courier="ann", tour=tour))
    story.refused(
        InvalidTransition,
        m.HandBackLegs(courier="ann", tour=tour),
        "no leg that can be handed back",
    )
    story.drop_off("ann", "p1")
    story.refused(InvalidTransition, m.HandBackLegs(courier="ann", tour=tour), "is COMPLETED")


def test_a_tour_without_legs_is_over(story: Story) -> None:
    """Handing everything back before setting out ends the tour where it would have begun."""
    tour = story.assign("ann", "p1").id
    events = story.do(m.HandBackLegs(courier="ann", tour=tour))
    assert names(events) == ["LegsHandedBack", "TourCompleted"]
    assert story.state.tour(tour).state is TourState.COMPLETED
    assert story.earned("ann") == 0
    assert story.state.online["ann"] == place(0, 50, is_door=False)


def test_a_tour_that_does_not_begin_is_taken_back(story: Story) -> None:
    """Ten minutes after departure are still fine, a second more is not."""
    tour = story.assign("ann", "p1", departs_at=NOON + 100).id
    assert story.wait(700) == ()
    assert names(story.wait(1)) == ["TourAborted", "CourierWentOffline"]
    assert story.state.tour(tour).state is TourState.ABORTED
    assert story.state.leg("m/p1/1").declined_by == ("ann",)


def test_the_patience_begins_with_a_late_yes(story: Story) -> None:
    """Who says yes after the planned departure has the ten minutes from then on."""
    story.offer("ann", "p1")
    story.now += 59
    story.accept("ann")
    assert story.wait(600) == ()
    assert names(story.wait(1))[0] == "TourAborted"


def test_a_tour_under_way_is_never_taken_back(story: Story) -> None:
    """However long it takes, who has set out keeps the tour."""
    tour = story.assign("ann", "p1").id
    story.do(m.StartTour(courier="ann", tour=tour))
    assert "TourAborted" not in names(story.wait(2 * HOUR))
