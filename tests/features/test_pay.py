from dispatch.core import messages as m
from dispatch.core.model import FailureCode
from tests.core.town import HOUR, Story


def test_so_much_a_parcel_and_so_much_a_minute(story: Story) -> None:
    """One euro a parcel and twenty cents a begun minute, as the offer said."""
    for name in ("p1", "p2"):
        story.parcel(name)
    offer = story.offer("ann", "p1", "p2", detour_s=601)
    assert offer.pay_cents == 2 * 100 + 11 * 20
    story.accept("ann")
    for name in ("p1", "p2"):
        story.pick_up("ann", name)
    assert story.earned("ann") == 0
    story.drop_off("ann", "p1")
    assert story.earned("ann") == 100
    story.now += HOUR
    story.drop_off("ann", "p2")
    assert story.earned("ann") == 420


def test_an_empty_door_is_paid_like_a_full_one(story: Story) -> None:
    """Who went there has earned the parcel, once; the way back is not another one."""
    story.parcel("p1")
    story.assign("ann", "p1", detour_s=0)
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    assert story.earned("ann") == 100
    story.drop_off("ann", "p1")
    assert story.earned("ann") == 100


def test_each_attempt_is_paid_to_who_made_it(story: Story) -> None:
    """Ann for the first visit, Bob for the second."""
    story.parcel("p1")
    story.assign("ann", "p1", detour_s=0)
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.ABSENT)
    story.drop_off("ann", "p1")
    story.now += HOUR
    story.assign("bob", "p1", detour_s=0)
    story.pick_up("bob", "p1")
    story.drop_off("bob", "p1")
    assert (story.earned("ann"), story.earned("bob")) == (100, 100)


def test_the_way_was_made_all_the_same(story: Story) -> None:
    """A tour whose only pickup failed pays its detour, not the parcel."""
    story.parcel("p1")
    story.assign("ann", "p1", detour_s=120)
    story.pick_up("ann", "p1", FailureCode.HUB_CLOSED)
    assert story.earned("ann") == 40


def test_who_never_left_earns_nothing(story: Story) -> None:
    """Handed back, cancelled or not turned up for: no entry at all."""
    for name in ("p1", "p2", "p3"):
        story.parcel(name)
    tour = story.assign("ann", "p1").id
    story.do(m.HandBackLegs(courier="ann", tour=tour))
    story.assign("ann", "p2")
    story.do(m.CancelParcel(parcel="m/p2"))
    story.assign("bob", "p3")
    story.wait(HOUR)
    assert dict(story.state.balances) == {}


def test_the_operator_pays_what_couriers_earn(story: Story) -> None:
    """Accounts sum to zero after every event of a busy day."""
    for name in ("p1", "p2", "p3"):
        story.parcel(name)
    story.carry("ann", "p1", "p2")
    story.carry("bob", "p3")
    story.drop_off("ann", "p1")
    story.drop_off("bob", "p3", FailureCode.REFUSED)
    story.do(m.CancelParcel(parcel="m/p2"))
    story.drop_off("ann", "p2")
    story.drop_off("bob", "p3")
    earned = story.earned("ann") + story.earned("bob")
    assert story.state.balances["operator"] == -earned < 0
