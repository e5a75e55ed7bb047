from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.model import LegState, ParcelState, TourState
from tests.core.town import Story, a_relay_hub, names


def test_what_is_handed_back_goes_to_somebody_else(story: Story) -> None:
    """The parcel is ready again at once, and Ann is not asked a second time."""
    story.parcel("p1")
    tour = story.assign("ann", "p1")
    events = story.do(m.HandBackLegs(courier="ann", tour=tour.id, reason="flat tyre"))
    assert names(events) == ["LegsHandedBack", "TourCompleted"]
    assert story.parcel_state("p1") is ParcelState.READY
    story.plan()
    assert list(story.state.open_offer) == ["bob"]


def test_the_rest_of_the_tour_goes_on(story: Story) -> None:
    """Ann keeps p1 and delivers it; the stops of p2 are skipped."""
    story.parcel("p1")
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2")
    story.do(m.HandBackLegs(courier="ann", tour=tour.id, legs=("m/p2/1",)))
    story.pick_up("ann", "p1")
    assert "TourCompleted" in names(story.drop_off("ann", "p1"))
    assert story.state.tour(tour.id).state is TourState.COMPLETED
    assert story.leg_state("p2") is LegState.PLANNED


def test_in_the_middle_of_a_tour_too(story: Story) -> None:
    """With p1 in the bag Ann still may give back p2, but never p1."""
    story.parcel("p1")
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2")
    story.pick_up("ann", "p1")
    assert names(story.do(m.HandBackLegs(courier="ann", tour=tour.id))) == ["LegsHandedBack"]
    assert story.parcel_state("p2") is ParcelState.READY
    held = m.HandBackLegs(courier="ann", tour=tour.id, legs=("m/p1/1",))
    story.refused(InvalidTransition, held)
    assert story.parcel_state("p1") is ParcelState.COLLECTED


def test_a_parcel_handed_back_can_be_carried_by_the_next(story: Story) -> None:
    """Bob delivers what Ann gave back; the same leg, one acceptance at a time."""
    story.parcel("p1")
    first = story.assign("ann", "p1")
    story.do(m.HandBackLegs(courier="ann", tour=first.id))
    story.carry("bob", "p1")
    assert story.state.leg("m/p1/1").courier == "bob"
    story.drop_off("bob", "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED
    assert (story.earned("ann"), story.earned("bob") > 0) == (0, True)


def test_a_refusal_is_forgotten_after_half_a_day(story: Story) -> None:
    """A way back that everybody has declined is asked of them again, or it would wait for ever."""
    story.hub()
    story.do(m.CreateHub(hub=a_relay_hub()))
    story.parcel("p1", origin_hub="station")
    story.assign("ann", "p1", hub="booth")
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    story.receive("booth", "p1", "ann")
    story.do(m.CancelParcel(parcel="m/p1"))
    leg = story.state.parcel("m/p1").leg
    for _ in ("ann", "bob"):
        story.plan()
        (courier,) = story.state.open_offer
        story.decline(courier)
    assert story.state.leg(leg).declined_by == ("ann", "bob")
    events = story.wait(story.state.policy.forget_s)
    assert "RefusalsForgotten" in names(events)
    assert story.state.leg(leg).declined_by == ()
