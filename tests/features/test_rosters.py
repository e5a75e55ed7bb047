"""Rosters: one place at a time, swaps among colleagues, and guards who are sent home."""

import pytest

from dispatch.core import messages as m
from dispatch.core import posts
from dispatch.core.compounds import Compound, Post
from dispatch.core.errors import InvalidTransition, InvalidValue, NotFound, NotPermitted
from dispatch.core.model import CourierKind, Duty, ParcelState
from tests.core.town import HOUR, NOON, Story, slot
from tests.features.compound import (
    BOOTH,
    COMPOUND,
    OWNER,
    POST,
    a_compound,
    a_parcel_at_the_booth,
    at_post,
    guard,
    on_patrol,
    set_out,
)


@pytest.fixture
def roster() -> Story:
    """Have two guards who alternate hour by hour."""
    story = a_compound(minimum=0)
    guard(story, "gus", at_post(0, HOUR), on_patrol(HOUR, 2 * HOUR))
    guard(story, "guo", on_patrol(0, HOUR), at_post(HOUR, 2 * HOUR))
    return story


def swap(opens: int = 0, other: str = "guo", other_opens: int | None = 0) -> m.SwapSlots:
    """Give gus's slot to another one, for that one's slot."""
    return m.SwapSlots(
        courier="gus",
        opens_at=NOON + opens,
        other=other,
        other_opens_at=0 if other_opens is None else NOON + other_opens,
        actor="couriers/gus",
    )


def duties(story: Story, courier: str) -> list[Duty]:
    """Return the duties of a courier's day, in order."""
    return [its.duty for its in story.state.availability[courier]]


def test_nobody_is_at_two_places_at_once(roster: Story) -> None:
    """A slot that overlaps another one of the same guard is refused, whatever the post."""
    roster.do(m.CreateCompound(compound=Compound(id="hill")))
    roster.do(m.CreatePost(post=Post(id="hill-post", compound="hill")))
    there = slot(HOUR // 2, HOUR, post="hill-post", duty=Duty.POST)
    add = m.AddAvailability(courier="gus", slots=(there,))
    roster.refused(InvalidValue, add, "nobody is at two places at once")


def test_a_list_is_all_or_nothing(roster: Story) -> None:
    """Every bad row is told, and none of the good ones is taken."""
    rows = (
        m.RosterRow(courier="gus", slot=at_post(3 * HOUR, 4 * HOUR)),
        m.RosterRow(courier="nobody", slot=at_post(3 * HOUR, 4 * HOUR)),
        m.RosterRow(courier="guo", slot=at_post(HOUR, 3 * HOUR)),
    )
    with pytest.raises(InvalidValue) as caught:
        roster.do(m.ImportRoster(rows=rows))
    assert [fault.field.split("]")[0] for fault in caught.value.faults] == ["rows[1", "rows[2"]
    assert len(roster.state.availability["gus"]) == 2
    roster.do(m.ImportRoster(rows=rows[:1]))
    assert len(roster.state.availability["gus"]) == 3


def test_colleagues_swap(roster: Story) -> None:
    """Each has the other's hour; the posts know it at once."""
    roster.do(swap())
    assert duties(roster, "gus") == [Duty.PATROL, Duty.PATROL]
    assert duties(roster, "guo") == [Duty.POST, Duty.POST]


def test_a_colleague_takes_over(roster: Story) -> None:
    """Without a slot in return: one works more, the other less."""
    guard(roster, "gil", at_post(4 * HOUR, 5 * HOUR))
    roster.do(swap(HOUR, "gil", None))
    assert len(roster.state.availability["gus"]) == 1
    assert duties(roster, "gil") == [Duty.PATROL, Duty.POST]


def test_a_stranger_takes_no_slot(roster: Story) -> None:
    """Neither a guard of another compound, nor a rider, nor one without a permit."""
    roster.do(m.CreateCompound(compound=Compound(id="hill", company="red")))
    roster.do(m.CreatePost(post=Post(id="hill-post", compound="hill")))
    there = slot(4 * HOUR, 5 * HOUR, post="hill-post", duty=Duty.POST)
    roster.courier("hal", (there,), kind=CourierKind.GUARD, party="red")
    roster.refused(NotPermitted, swap(0, "hal", 4 * HOUR), "stranger")
    roster.courier("ann", (slot(4 * HOUR, 5 * HOUR),))
    roster.refused(NotPermitted, swap(0, "ann", None), "stranger")
    roster.do(m.PermitCourier(compound=COMPOUND, courier="ann", actor=OWNER))
    roster.do(swap(0, "ann", None))


def test_a_swap_that_doubles_somebody_is_refused(roster: Story) -> None:
    """She would be at the post and on patrol in the same hour."""
    roster.refused(InvalidValue, swap(HOUR, "guo", None), "two places")


@pytest.mark.parametrize(
    ("command", "error", "told"),
    [
        (swap(60), NotFound, "no slot that opens then"),
        (swap(0, "gus"), InvalidValue, "the same guard"),
        (swap(0, "nobody"), NotFound, "no courier"),
    ],
    ids=["no such slot", "with oneself", "nobody"],
)
def test_a_swap_of_nothing(
    roster: Story, command: m.SwapSlots, error: type[InvalidValue], told: str
) -> None:
    """What does not exist is named."""
    roster.refused(error, command, told)


def test_what_is_over_is_not_swapped(roster: Story) -> None:
    """Yesterday's hours cannot be given away."""
    roster.now += HOUR
    roster.refused(InvalidValue, swap(), "over")


def test_who_is_on_a_tour_keeps_the_hour(roster: Story) -> None:
    """The present slot of a guard on the way is nobody else's; a later one may be."""
    a_parcel_at_the_booth(roster)
    set_out(roster, "gus", "p1")
    roster.refused(InvalidTransition, swap(0), "on a tour")
    roster.do(swap(HOUR, "guo", HOUR))


def test_a_guard_sent_home_in_the_middle_of_a_tour_brings_it_to_its_end(roster: Story) -> None:
    """His hours are gone; what he holds is handed over, and nothing more is offered."""
    a_parcel_at_the_booth(roster)
    set_out(roster, "gus", "p1")
    roster.pick_up("gus", "p1")
    gone = m.DropSlots(courier="gus", opens_at=(NOON, NOON + HOUR), actor=OWNER, reason="SICK")
    roster.do(gone)
    assert "gus" in roster.state.live_tour
    roster.drop_off("gus", "p1")
    assert roster.parcel_state("p1") is ParcelState.DELIVERED
    roster.do(m.ReturnToPost(courier="gus"))
    assert "gus" not in roster.state.away
    a_parcel_at_the_booth(roster, "p2")
    roster.plan()
    assert list(roster.state.open_offer) == ["guo"]
    roster.refused(NotFound, gone, "no slot")


def test_who_loses_the_slot_loses_its_offer(roster: Story) -> None:
    """Sent home, or with the hour given to a colleague: the offer goes to others."""
    a_parcel_at_the_booth(roster)
    roster.offer("gus", "p1")
    events = roster.do(swap(0))
    assert [type(event) for event in events] == [m.OfferWithdrawn, m.SlotsSwapped]
    roster.offer("guo", "p1")
    later = m.DropSlots(courier="guo", opens_at=(NOON + HOUR,), actor=OWNER)
    assert [type(event) for event in roster.do(later)] == [m.SlotsDropped], "that was another hour"
    events = roster.do(m.DropSlots(courier="guo", opens_at=(NOON,), actor=OWNER))
    assert [type(event) for event in events] == [m.OfferWithdrawn, m.SlotsDropped]


def test_minutes_away_stay_with_the_slot_that_is_gone(roster: Story) -> None:
    """Sent home on the way: the company still sees from which hour he was missing."""
    a_parcel_at_the_booth(roster)
    set_out(roster, "gus", "p1")
    roster.pick_up("gus", "p1")
    roster.do(m.DropSlots(courier="gus", opens_at=(NOON,), actor=OWNER))
    roster.now += 300
    roster.drop_off("gus", "p1")
    roster.do(m.ReturnToPost(courier="gus"))
    [absence] = roster.state.absences.values()
    assert (absence.opens_at, absence.away_s) == (NOON, 300)


def test_nobody_is_back_before_the_last_door(roster: Story) -> None:
    """A phone's late word of an earlier return shortens no absence."""
    a_parcel_at_the_booth(roster)
    set_out(roster, "gus", "p1")
    roster.pick_up("gus", "p1")
    roster.now += 300
    roster.drop_off("gus", "p1")
    roster.now += 100
    [event] = roster.do(m.ReturnToPost(courier="gus", at=NOON + 1))
    assert isinstance(event, m.CourierReturned)
    assert event.away_s == 300


def test_who_goes_home_from_a_tour_is_back_with_the_next_duty(roster: Story) -> None:
    """The phone never told of a return: coming to work again is one."""
    a_parcel_at_the_booth(roster)
    set_out(roster, "gus", "p1")
    roster.pick_up("gus", "p1")
    roster.do(m.GoOffline(courier="gus"))
    assert [type(event) for event in roster.do(m.GoOnline(courier="gus"))] == [m.CourierWentOnline]
    roster.drop_off("gus", "p1")
    roster.do(m.GoOffline(courier="gus"))
    assert "gus" in roster.state.away
    events = roster.do(m.GoOnline(courier="gus"))
    assert [type(event) for event in events] == [m.CourierReturned, m.CourierWentOnline]


def test_who_is_sent_home_from_a_watch_is_not_kept_by_an_earlier_one() -> None:
    """He stood there this morning too; that is long over, and the booth is empty without him."""
    story = a_compound(minimum=1)
    guard(story, "gus", at_post(0, HOUR), at_post(2 * HOUR, 3 * HOUR))
    guard(story, "guo", at_post(2 * HOUR, 3 * HOUR))
    story.now += 2 * HOUR
    a_parcel_at_the_booth(story)
    set_out(story, "guo", "p1")
    assert posts.present(story.state, POST, story.now) == ["gus"]
    story.do(m.DropSlots(courier="gus", opens_at=(NOON + 2 * HOUR,), actor=OWNER))
    assert posts.present(story.state, POST, story.now) == []
    assert not posts.is_held(story.state, "gus", story.now)
    assert not posts.attending(story.state, BOOTH, story.now)
