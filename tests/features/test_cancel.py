from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.model import ActionKind, CustodianKind, FailureCode, LegState, ParcelState
from tests.core.town import NOON, Story, names


def cancel(story: Story, name: str = "p1") -> tuple[m.Event, ...]:
    """Cancel a parcel."""
    return story.do(m.CancelParcel(parcel=f"m/{name}", reason="REGRET"))


def test_before_anybody_was_asked(story: Story) -> None:
    """A parcel that waits, or is not even ready, just ends where it is."""
    story.parcel("p1")
    story.parcel("p2", ready_at=NOON + 600)
    for name in ("p1", "p2"):
        assert names(cancel(story, name)) == ["ParcelCancelled"]
        parcel = story.state.parcel(f"m/{name}")
        assert (parcel.state, parcel.reason) == (ParcelState.CANCELLED, "REGRET")
        assert parcel.custodian.kind is CustodianKind.SENDER
    assert story.plan() == ()
    assert story.wait(600) == ()


def test_after_somebody_said_yes(story: Story) -> None:
    """The stops are skipped; a tour with nothing else to do is over, unpaid."""
    story.parcel("p1")
    story.assign("ann", "p1")
    assert names(cancel(story)) == ["ParcelCancelled", "TourCompleted"]
    assert story.leg_state() is LegState.CANCELLED
    assert story.earned("ann") == 0
    story.parcel("p2")
    story.offer("ann", "p2")


def test_one_of_several(story: Story) -> None:
    """The tour goes on without it; its pickup cannot be done any more."""
    story.parcel("p1")
    story.parcel("p2")
    story.assign("ann", "p1", "p2")
    pickup = story.report_of("ann", "p1", ActionKind.PICKUP)
    assert names(cancel(story)) == ["ParcelCancelled"]
    story.refused(InvalidTransition, pickup, "SKIPPED already")
    story.pick_up("ann", "p2")
    assert "TourCompleted" in names(story.drop_off("ann", "p2"))


def test_after_pickup_it_comes_back(story: Story) -> None:
    """Under way it turns round: the courier brings it back to where it came from."""
    story.parcel("p1")
    story.carry("ann", "p1")
    (planned,) = cancel(story)
    assert isinstance(planned, m.ReturnPlanned)
    assert planned.final
    assert story.parcel_state() is ParcelState.RETURNING
    assert story.state.parcel("m/p1").custodian.id == "ann"
    story.drop_off("ann", "p1")
    parcel = story.state.parcel("m/p1")
    assert (parcel.state, parcel.reason) == (ParcelState.RETURNED, "REGRET")
    assert parcel.custodian.kind is CustodianKind.SENDER


def test_the_door_is_not_visited_any_more(story: Story) -> None:
    """A delivery reported after the cancellation is refused: the parcel is on its way back."""
    story.parcel("p1")
    story.carry("ann", "p1")
    delivery = story.report_of("ann", "p1", ActionKind.DROPOFF)
    cancel(story)
    story.refused(InvalidTransition, delivery, "SKIPPED already")


def test_too_late(story: Story) -> None:
    """Delivered, on its way back for good, or over."""
    for name in ("p1", "p2", "p3", "p4"):
        story.parcel(name)
    story.carry("ann", "p1", "p2", "p3")
    story.drop_off("ann", "p1")
    cancel(story, "p2")
    story.drop_off("ann", "p3", FailureCode.REFUSED)
    cancel(story, "p4")
    for name in ("p1", "p2", "p3", "p4"):
        before = story.state
        command = m.CancelParcel(parcel=f"m/{name}")
        story.refused(InvalidTransition, command, "too late to cancel")
        assert story.state is before
