from dispatch.core import messages as m
from dispatch.core.errors import OfferTaken
from dispatch.core.model import LegState, OfferState, ParcelState
from tests.core.town import HOUR, Story, a_commit, names, slot


def asked(story: Story) -> list[tuple[str, tuple[str, ...]]]:
    """Return who was offered what, in order."""
    return [
        (event.offer.courier, event.offer.itinerary.legs)
        for event in story.events
        if isinstance(event, m.OfferMade)
    ]


def test_a_parcel_is_offered_to_one_courier_at_a_time(story: Story) -> None:
    """While Ann thinks about it nobody else is asked, however often an epoch closes."""
    story.parcel("p1")
    story.offer("ann", "p1")
    for _ in range(3):
        story.now += 10
        story.do(m.RequestPlan())
        story.plan()
    assert asked(story) == [("ann", ("m/p1/1",))]


def test_a_courier_has_one_offer_at_a_time(story: Story) -> None:
    """What comes in while Ann has an offer open goes to Bob, and then to nobody."""
    story.parcel("p1")
    story.offer("ann", "p1")
    story.parcel("p2")
    story.plan()
    story.parcel("p3")
    assert story.plan() == ()
    assert asked(story) == [("ann", ("m/p1/1",)), ("bob", ("m/p2/1",))]


def test_yes_makes_it_the_couriers_own(story: Story) -> None:
    """Accepted work is frozen: a later plan never touches it."""
    story.parcel("p1")
    story.assign("ann", "p1")
    story.parcel("p2")
    story.plan()
    assert story.parcel_state("p1") is ParcelState.ASSIGNED
    assert asked(story)[1:] == [("bob", ("m/p2/1",))]


def test_who_said_no_is_never_asked_again(story: Story) -> None:
    """After Ann's no it goes to Bob; after Bob's too it waits for somebody new."""
    story.parcel("p1")
    story.plan()
    (first,) = story.state.open_offer
    story.decline(first)
    story.plan()
    (second,) = story.state.open_offer
    assert {first, second} == {"ann", "bob"}
    story.decline(second)
    for _ in range(5):
        story.wait(HOUR // 2)
        story.plan()
    assert len(asked(story)) == 2
    story.courier("cai")
    story.plan()
    assert [courier for courier, _ in asked(story)] == [first, second, "cai"]


def test_no_to_one_parcel_is_not_no_to_all(story: Story) -> None:
    """Ann is still asked about others, right away."""
    story.do(m.GoOffline(courier="bob"))
    story.parcel("p1")
    story.offer("ann", "p1")
    story.decline("ann")
    story.parcel("p2")
    story.plan()
    assert asked(story) == [("ann", ("m/p1/1",)), ("ann", ("m/p2/1",))]


def test_silence_costs_a_pause_and_nothing_else(story: Story) -> None:
    """An offer that ran out is no refusal: after the pause the same parcel may come again."""
    story.do(m.GoOffline(courier="bob"))
    story.parcel("p1")
    story.plan()
    assert names(story.wait(60)) == ["OfferExpired"]
    assert story.leg_state("p1") is LegState.PLANNED
    story.now += 599
    assert story.plan() == ()
    story.now += 1
    assert names(story.plan()) == ["PlanMade", "OfferMade"]
    assert asked(story) == [("ann", ("m/p1/1",))] * 2


def test_the_engine_wakes_up_when_the_pause_is_over(story: Story) -> None:
    """The plan made meanwhile for somebody else says when to look again."""
    story.do(m.GoOffline(courier="bob"))
    story.parcel("p1")
    story.plan()
    story.wait(60)
    paused_until = story.now + 600
    story.do(m.GoOnline(courier="bob"))
    story.parcel("p2")
    story.plan()
    story.assign("bob", "p1") if "bob" not in story.state.open_offer else story.accept("bob")
    assert story.state.replan_at == paused_until


def test_a_cancelled_parcel_takes_its_offer_along(story: Story) -> None:
    """The offer is withdrawn whole, and what else was in it is free again."""
    story.parcel("p1")
    story.parcel("p2")
    offer = story.offer("ann", "p1", "p2")
    events = story.do(m.CancelParcel(parcel="m/p1"))
    assert names(events) == ["OfferWithdrawn", "ParcelCancelled"]
    assert story.state.offer(offer.id).state is OfferState.WITHDRAWN
    assert story.leg_state("p2") is LegState.PLANNED
    story.refused(OfferTaken, m.AcceptOffer(courier="ann", offer=offer.id))
    story.offer("ann", "p2")
    assert story.state.leg("m/p2/1").declined_by == ()


def test_who_goes_home_leaves_the_offer(story: Story) -> None:
    """Going offline takes the offer back without blame; back online Ann may be asked again."""
    story.parcel("p1")
    story.offer("ann", "p1")
    assert names(story.do(m.GoOffline(courier="ann"))) == ["OfferWithdrawn", "CourierWentOffline"]
    story.do(m.GoOnline(courier="ann"))
    story.offer("ann", "p1")


def test_nothing_is_offered_while_paused(story: Story) -> None:
    """A pause stops planning, not what has been accepted; resuming looks at once."""
    story.parcel("p1")
    story.carry("ann", "p1")
    story.parcel("p2")
    story.do(m.PauseDispatch(reason="storm"))
    assert not story.state.needs_plan(story.now)
    assert names(story.do(a_commit(story.itinerary("bob", "p2")))) == ["PlanMade"]
    story.drop_off("ann", "p1")
    assert story.parcel_state("p1") is ParcelState.DELIVERED
    story.do(m.ResumeDispatch())
    assert story.state.needs_plan(story.now)
    story.plan()
    assert asked(story)[-1][1] == ("m/p2/1",)


def test_a_tour_is_offered_to_who_has_time_for_it(story: Story) -> None:
    """Ann's slot ends before the tour would; Bob's does not."""
    story.courier("eve", slots=[slot(0, 301)])
    story.do(m.GoOffline(courier="ann"))
    story.parcel("p1")
    story.plan()
    assert [courier for courier, _ in asked(story)] == ["bob"]
