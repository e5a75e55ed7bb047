import pytest

from dispatch.core import messages as m
from dispatch.core import pay
from dispatch.core.model import FailureCode
from tests.core.town import NOON, Story, a_courier, a_parcel, an_itinerary, names


@pytest.mark.parametrize(
    ("detour_s", "cents"), [(0, 0), (1, 20), (59, 20), (60, 20), (61, 40), (600, 200), (-5, 0)]
)
def test_begun_minutes_count(detour_s: int, cents: int) -> None:
    """A minute is paid as soon as it has begun; less than nothing is nothing."""
    assert pay.detour_cents(a_courier(), detour_s) == cents


def test_the_offer_shows_every_line() -> None:
    """So much a parcel and so much a minute, before anybody says yes."""
    parcels = [a_parcel("p1"), a_parcel("p2"), a_parcel("p3")]
    courier = a_courier(pay_fixed_cents=70, pay_per_min_cents=11)
    lines = pay.lines_of(courier, an_itinerary(courier, parcels, NOON, detour_s=61))
    assert [(line.label, line.cents) for line in lines] == [
        ("3 parcels", 210),
        ("2 min of detour", 22),
    ]


@pytest.fixture
def story() -> Story:
    """Give a town with Ann on a tour of two parcels and 100 seconds of detour."""
    story = Story()
    story.courier()
    story.parcel("p1")
    story.parcel("p2")
    story.assign("ann", "p1", "p2", detour_s=100)
    return story


def test_what_was_offered_is_what_is_paid(story: Story) -> None:
    """A tour that goes as planned earns the sum of the offer's lines."""
    offer = story.state.offer(story.tour("ann").offer)
    for parcel in ("p1", "p2"):
        story.pick_up("ann", parcel)
    for parcel in ("p1", "p2"):
        story.drop_off("ann", parcel)
    assert story.earned("ann") == offer.pay_cents == 240
    assert story.state.balances[pay.OPERATOR] == -240


def test_every_entry_sums_to_zero_and_names_its_cause(story: Story) -> None:
    """Nothing is earned that nobody pays, and each line can be traced."""
    for parcel in ("p1", "p2"):
        story.pick_up("ann", parcel)
    story.drop_off("ann", "p1")
    story.drop_off("ann", "p2", FailureCode.ABSENT)
    tour = story.tour("ann").id
    story.drop_off("ann", "p2")
    entries = [event for event in story.events if isinstance(event, m.EntryPosted)]
    assert [(entry.label, entry.cause) for entry in entries] == [
        ("parcel", "m/p1"),
        ("parcel", "m/p2"),
        ("detour", tour),
    ]
    assert {sum(line.cents for line in entry.lines) for entry in entries} == {0}
    assert len({entry.entry for entry in entries}) == 3
    assert sum(story.state.balances.values()) == 0


def test_nothing_is_written_where_nothing_is_paid() -> None:
    """Unpaid neighbours leave no empty entries in the ledger."""
    story = Story()
    story.courier(pay_fixed_cents=0, pay_per_min_cents=0)
    story.parcel()
    story.carry("ann", "p1")
    assert "EntryPosted" not in names(story.drop_off("ann", "p1"))
    assert dict(story.state.balances) == {}
