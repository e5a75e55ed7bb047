from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition
from dispatch.core.model import ParcelState, TourState
from tests.core.town import HOUR, Story, names


def test_who_does_not_set_out_loses_the_tour(story: Story) -> None:
    """Ten minutes after departure the work goes back to the pool and Ann goes offline."""
    story.parcel("p1")
    story.parcel("p2")
    tour = story.assign("ann", "p1", "p2")
    assert story.wait(600) == ()
    assert names(story.wait(1)) == ["TourAborted", "CourierWentOffline"]
    assert story.state.tour(tour.id).state is TourState.ABORTED
    assert story.parcel_state("p1") is story.parcel_state("p2") is ParcelState.READY
    story.plan()
    assert list(story.state.open_offer) == ["bob"]


def test_who_comes_late_finds_nothing(story: Story) -> None:
    """After that the tour is over; back online Ann is asked about other parcels only."""
    story.parcel("p1")
    tour = story.assign("ann", "p1")
    story.wait(601)
    story.refused(InvalidTransition, m.StartTour(courier="ann", tour=tour.id), "is ABORTED")
    story.do(m.GoOffline(courier="bob"))
    story.do(m.GoOnline(courier="ann"))
    story.plan()
    assert "ann" not in story.state.open_offer
    story.parcel("p2")
    story.plan()
    assert list(story.state.open_offer) == ["ann"]


def test_who_has_set_out_is_trusted(story: Story) -> None:
    """A tour that has begun is not taken back, however slow it is."""
    story.parcel("p1")
    tour = story.assign("ann", "p1")
    story.do(m.StartTour(courier="ann", tour=tour.id))
    story.wait(3 * HOUR)
    assert story.tour("ann").state is TourState.ACTIVE
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED
