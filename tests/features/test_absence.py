from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.model import (
    ActionKind,
    Custodian,
    CustodianKind,
    FailureCode,
    LegKind,
    LegState,
    ParcelState,
)
from tests.core.town import HOUR, NOON, Story, names, window

STATION = Custodian(kind=CustodianKind.HUB, id="station")


def nobody_home(story: Story, courier: str) -> tuple[m.Event, ...]:
    """Carry p1 to its door, where nobody is."""
    story.carry(courier, "p1")
    return story.drop_off(courier, "p1", FailureCode.ABSENT)


def test_one_more_attempt_and_then_back_to_the_sender(story: Story) -> None:
    """Absent, brought back, tried again an hour later, absent again, returned for good."""
    story.hub()
    story.parcel("p1", origin_hub="station")
    events = nobody_home(story, "ann")
    assert names(events) == [
        "StopArrived",
        "AttemptFailed",
        "ReturnPlanned",
        "EntryPosted",
        "StopReported",
    ]
    assert story.parcel_state() is ParcelState.ATTEMPT_FAILED
    assert "TourCompleted" in names(story.drop_off("ann", "p1"))
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian) == (ParcelState.READY, STATION)
    assert story.plan() == ()
    story.now += HOUR
    assert names(story.plan()) == ["PlanMade", "OfferMade"]
    (second,) = story.state.open_offer
    story.accept(second)
    story.pick_up(second, "p1")
    story.drop_off(second, "p1", FailureCode.ABSENT)
    assert story.parcel_state() is ParcelState.RETURNING
    story.drop_off(second, "p1")
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.custodian) == (ParcelState.RETURNED, STATION)
    assert [attempt.failure for attempt in parcel.attempts] == [FailureCode.ABSENT] * 2
    kinds = [story.state.leg(f"m/p1/{number}").kind for number in range(1, 5)]
    assert kinds == [LegKind.FORWARD, LegKind.RETURN, LegKind.FORWARD, LegKind.RETURN]
    assert parcel.reason == "ABSENT"


def test_the_second_attempt_may_succeed(story: Story) -> None:
    """Delivered in the end, the parcel has no reason left and one failed attempt."""
    story.parcel("p1")
    nobody_home(story, "ann")
    story.drop_off("ann", "p1")
    story.now += HOUR
    story.carry("bob", "p1")
    story.drop_off("bob", "p1")
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.reason, len(parcel.attempts)) == (ParcelState.DELIVERED, "", 1)


def test_the_same_courier_may_try_again(story: Story) -> None:
    """An absent recipient is nobody's refusal."""
    story.parcel("p1")
    nobody_home(story, "ann")
    story.drop_off("ann", "p1")
    story.do(m.GoOffline(courier="bob"))
    story.now += HOUR
    story.plan()
    assert list(story.state.open_offer) == ["ann"]


def test_without_time_for_another_attempt_it_goes_back_for_good(story: Story) -> None:
    """The window would be over before the second attempt: returned after the first."""
    story.parcel("p1", window=window(0, HOUR))
    story.carry("ann", "p1")
    story.now = NOON + 1
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    assert story.parcel_state() is ParcelState.RETURNING
    story.drop_off("ann", "p1")
    assert story.parcel_state() is ParcelState.RETURNED


def test_time_may_run_out_on_the_way_back(story: Story) -> None:
    """Planned for another attempt, but back too late for it: returned."""
    story.parcel("p1", window=window(0, HOUR))
    nobody_home(story, "ann")
    assert story.parcel_state() is ParcelState.ATTEMPT_FAILED
    story.now += 10
    story.drop_off("ann", "p1")
    assert story.parcel_state() is ParcelState.RETURNED
    assert story.state.waiting_legs == type(story.state.waiting_legs)()


def test_one_attempt_only(story: Story) -> None:
    """A merchant who wants a single visit gets the parcel back after it."""
    story.parcel("p1", max_attempts=1)
    nobody_home(story, "ann")
    assert story.parcel_state() is ParcelState.RETURNING


def test_the_other_doors_come_first(story: Story) -> None:
    """The way back is the last stop; what else is in the bag is delivered before."""
    story.parcel("p1")
    story.parcel("p2")
    story.carry("ann", "p1", "p2")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    last = story.tour("ann").stops[-1]
    assert [(action.kind, action.leg) for action in last.actions] == [
        (ActionKind.DROPOFF, "m/p1/2")
    ]
    story.drop_off("ann", "p2")
    assert names(story.drop_off("ann", "p1"))[-2:] == ["TourCompleted", "EntryPosted"]


def test_bringing_back_cannot_fail(story: Story) -> None:
    """The courier keeps the parcel until the origin takes it."""
    story.parcel("p1")
    nobody_home(story, "ann")
    story.refused(
        InvalidTransition, story.report_of("ann", "p1", ActionKind.DROPOFF, FailureCode.REFUSED)
    )
    assert story.leg_state() is LegState.ACTIVE
    assert story.state.parcel("m/p1").custodian.id == "ann"
