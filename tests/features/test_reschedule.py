"""Another time: a new promise, with a window or without, for a parcel that nobody carries.

What was planned for the old time is planned again. A courier who has the parcel has it now: then it
is redirected or cancelled instead.
"""

from typing import Any

from dispatch.core import messages as m
from dispatch.core.errors import EtagMismatch, InvalidTransition, InvalidValue
from dispatch.core.model import LegState, ParcelState
from tests.core.town import DAY, HOUR, NOON, Story, a_relay_hub, names, slot, window
from tests.features.street import nobody_home, open_hub, to_the_shop

TOMORROW = NOON + DAY
EVENING = window(DAY - 2 * HOUR, DAY)


def reschedule(parcel: str = "p1", due_at: int = TOMORROW, **fields: Any) -> m.RescheduleParcel:
    """Give the recipient's wish to have it tomorrow."""
    given = {"actor": "recipient", "reason": "away today", **fields}
    return m.RescheduleParcel(parcel=f"m/{parcel}", due_at=due_at, **given)


# --- in time ---------------------------------------------------------------------------


def test_before_anybody_was_asked(story: Story) -> None:
    """The new promise stands with the parcel; who asked and why is in the event."""
    story.parcel("p1")
    (event,) = story.do(reschedule(window=EVENING))
    assert isinstance(event, m.ParcelRescheduled)
    assert (event.actor, event.reason) == ("recipient", "away today")
    parcel = story.state.parcel("m/p1")
    assert (parcel.due_at, parcel.window) == (TOMORROW, EVENING)


def test_it_does_not_expire_at_the_old_time(story: Story) -> None:
    """Nor before the new one; after that it does."""
    story.parcel("p1")
    story.do(reschedule(window=EVENING))
    assert story.wait(7 * HOUR) == ()
    assert story.parcel_state() is ParcelState.READY
    story.wait(17 * HOUR + 1)
    assert story.parcel_state() is ParcelState.EXPIRED


def test_a_window_can_be_given_up(story: Story) -> None:
    """Without one the promise alone counts."""
    story.parcel("p1", window=window(0, HOUR))
    story.do(reschedule())
    assert story.state.parcel("m/p1").window is None
    story.wait(2 * HOUR)
    assert story.parcel_state() is ParcelState.READY


def test_earlier_than_promised(story: Story) -> None:
    """Sooner is another time too."""
    story.parcel("p1", due_at=TOMORROW)
    story.do(reschedule(due_at=NOON + HOUR))
    assert story.state.parcel("m/p1").due_at == NOON + HOUR


def test_while_it_is_offered(story: Story) -> None:
    """The offer is taken back, without blame; in the evening it is offered again."""
    story.parcel("p1")
    story.offer("ann", "p1")
    events = story.do(reschedule(window=EVENING))
    assert names(events) == ["OfferWithdrawn", "ParcelRescheduled"]
    assert story.state.leg("m/p1/1").declined_by == ()


def test_while_it_is_assigned(story: Story) -> None:
    """The leg waits for a plan at the new time; whoever had it may have it again."""
    story.parcel("p1")
    story.assign("ann", "p1")
    events = story.do(reschedule())
    assert names(events) == ["LegReassigned", "TourCompleted", "ParcelRescheduled"]
    assert (story.leg_state(), story.state.leg("m/p1/1").declined_by) == (LegState.PLANNED, ())
    assert story.earned("ann") == 0


def test_the_rest_of_the_tour_goes_on(story: Story) -> None:
    """One of two parcels is left for tomorrow."""
    story.parcel("p1")
    story.parcel("p2")
    story.assign("ann", "p1", "p2")
    story.do(reschedule())
    story.pick_up("ann", "p2")
    assert "TourCompleted" in names(story.drop_off("ann", "p2"))
    assert story.parcel_state("p1") is ParcelState.READY


def test_a_slot_that_was_held_is_given_up(story: Story) -> None:
    """A relay for today needs no place in the booth tonight."""
    story.hub()
    open_hub(story, a_relay_hub())
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.do(reschedule())
    assert not story.state.reservations


def held(story: Story) -> None:
    """Have p1 wait in the booth for its second attempt."""
    story.hub()
    open_hub(story, a_relay_hub())
    story.parcel("p1", origin_hub="station")
    story.carry("ann", "p1")
    nobody_home(story)
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    assert story.parcel_state() is ParcelState.AT_HUB


def test_held_until_tomorrow(story: Story) -> None:
    """The booth keeps it past the old time, and it is delivered at the new one."""
    held(story)
    story.do(reschedule(window=EVENING))
    story.wait(9 * HOUR)
    assert story.parcel_state() is ParcelState.READY
    assert not [event for event in story.events if isinstance(event, m.SlotOverdue)]
    story.now = EVENING.opens_at
    story.do(m.AddAvailability(courier="bob", slots=(slot(DAY - 2 * HOUR, DAY),)))
    story.assign("bob", "p1")
    story.pick_up("bob", "p1")
    story.release("booth", "p1", courier="bob")
    story.drop_off("bob", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED


def test_held_and_not_fetched_tomorrow_either(story: Story) -> None:
    """After the new time it goes back, as it would have after the old one."""
    held(story)
    story.do(reschedule(window=EVENING))
    story.wait(DAY)
    assert story.parcel_state() is ParcelState.READY
    story.wait(HOUR)
    assert story.parcel_state() is ParcelState.RETURNING


# --- too late, or nonsense -------------------------------------------------------------


def test_what_a_courier_has(story: Story) -> None:
    """On the way, and on the way back from an empty door."""
    story.parcel("p1")
    story.carry("ann", "p1")
    story.refused(InvalidTransition, reschedule(), "redirect or cancel it instead")
    nobody_home(story)
    story.refused(InvalidTransition, reschedule(), "redirect or cancel it instead")
    story.drop_off("ann", "p1")
    assert names(story.do(reschedule())) == ["ParcelRescheduled"], "back at its origin it can be"


def test_what_waits_for_collection_goes_back_or_is_over(story: Story) -> None:
    """A shop keeps it for as long as it keeps all."""
    to_the_shop(story, "p1")
    story.refused(InvalidTransition, reschedule(), "redirect or cancel it instead")
    story.do(m.CancelParcel(parcel="m/p1"))
    story.refused(InvalidTransition, reschedule(), "RETURNING: too late")
    story.parcel("p2")
    story.do(m.CancelParcel(parcel="m/p2"))
    story.refused(InvalidTransition, reschedule("p2"), "CANCELLED: too late")


def test_nonsense(story: Story) -> None:
    """In the past, before it is ready, by an older state of the parcel."""
    parcel = story.parcel("p1", ready_at=NOON + 2 * HOUR, due_at=NOON + 4 * HOUR)
    story.now += HOUR
    story.refused(InvalidValue, reschedule(due_at=story.now), "due_at: lies in the past")
    past = reschedule(window=window(0, HOUR))
    story.refused(InvalidValue, past, "window.closes_at: lies in the past")
    story.refused(InvalidValue, reschedule(due_at=NOON + 2 * HOUR), "before the parcel is ready")
    early = reschedule(window=window(HOUR, 2 * HOUR))
    story.refused(InvalidValue, early, "window closes before the parcel is ready")
    story.do(reschedule(version=parcel.version))
    story.refused(EtagMismatch, reschedule(version=parcel.version), "has changed since")
