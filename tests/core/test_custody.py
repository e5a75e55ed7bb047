import pytest

from dispatch.core import messages as m
from dispatch.core.errors import EtagMismatch, HubClosed, InvalidTransition, InvalidValue
from dispatch.core.model import (
    ActionKind,
    CourierKind,
    Custodian,
    CustodianKind,
    FailureCode,
    ParcelState,
    TourState,
)
from dispatch.core.policy import Policy
from tests.core.town import HOUR, NOON, Story, names, place, window

ANN = Custodian(kind=CustodianKind.COURIER, id="ann")


@pytest.fixture
def story() -> Story:
    """Give a town with Ann and the parcels p1 and p2 for two doors."""
    story = Story()
    story.courier()
    story.parcel("p1")
    story.parcel("p2", dropoff=place(400, 300, door_key="far"))
    return story


def arrival(story: Story, stop: int, name: str = "a", at: int | None = None) -> m.RecordStop:
    """Give a report of Ann's arrival alone."""
    report = m.StopReport(id=name, at=story.now if at is None else at, stop=stop)
    return m.RecordStop(courier="ann", tour=story.tour("ann").id, report=report)


def test_a_tour_is_started_once(story: Story) -> None:
    """Setting out is noted with its time, twice is refused."""
    tour = story.assign("ann", "p1").id
    story.now += 30
    assert names(story.do(m.StartTour(courier="ann", tour=tour))) == ["TourStarted"]
    assert story.tour("ann").started_at == NOON + 30
    story.refused(InvalidTransition, m.StartTour(courier="ann", tour=tour), "is ACTIVE")


def test_a_departure_starts_the_tour_and_no_more(story: Story) -> None:
    """It starts the tour at the phone's time, once; nobody has arrived by it."""
    tour = story.assign("ann", "p1").id
    story.now += 90
    left = m.StopReport(id="d", at=NOON + 20, stop=0, departs=True)
    depart = m.RecordStop(courier="ann", tour=tour, report=left)
    assert names(story.do(depart)) == ["TourStarted", "StopReported"]
    assert story.tour("ann").started_at == NOON + 20
    assert not story.tour("ann").stops[0].arrived_at
    assert not story.do(depart)
    again = m.StopReport(id="e", at=NOON + 50, stop=1, departs=True)
    assert names(story.do(m.RecordStop(courier="ann", tour=tour, report=again))) == ["StopReported"]


def test_a_tour_that_has_changed_is_not_started(story: Story) -> None:
    """Who has seen another version of the tour is told so."""
    tour = story.assign("ann", "p1")
    old = m.StartTour(courier="ann", tour=tour.id, version=tour.version + 1)
    story.refused(EtagMismatch, old, "has changed")
    story.do(m.StartTour(courier="ann", tour=tour.id, version=tour.version))


def test_the_first_report_starts_the_tour(story: Story) -> None:
    """A phone that forgot to say so is believed, with the time of its report."""
    story.assign("ann", "p1")
    story.now += 90
    events = story.do(story.report_of("ann", "p1", ActionKind.PICKUP, at=NOON + 80))
    assert names(events) == ["TourStarted", "StopArrived", "ParcelPickedUp", "StopReported"]
    assert story.tour("ann").started_at == NOON + 80
    assert story.tour("ann").stops[0].arrived_at == NOON + 80
    assert {event.at for event in events} == {NOON + 90}


def test_an_arrival_alone_is_a_report(story: Story) -> None:
    """It marks the stop once; a second one is taken and changes nothing of the stop."""
    story.assign("ann", "p1")
    assert names(story.do(arrival(story, 0))) == ["TourStarted", "StopArrived", "StopReported"]
    story.now += 9
    assert names(story.do(arrival(story, 0, "b"))) == ["StopReported"]
    assert story.tour("ann").stops[0].arrived_at == NOON


def test_the_same_report_is_taken_once(story: Story) -> None:
    """A phone that sends again is not an error, even after the tour has ended."""
    story.carry("ann", "p1")
    report = story.report_of("ann", "p1", ActionKind.DROPOFF)
    assert "ParcelDelivered" in names(story.do(report))
    before = story.state
    assert story.do(report) == ()
    assert story.state is before
    assert before.tour(report.tour).state is TourState.COMPLETED


def test_the_parcel_goes_from_hand_to_hand(story: Story) -> None:
    """Sender, courier, recipient: one after the other, each caused by one report."""
    story.assign("ann", "p1", "p2")
    assert story.state.parcel("m/p1").custodian.kind is CustodianKind.SENDER
    story.pick_up("ann", "p1")
    assert story.state.parcel("m/p1").custodian == ANN
    assert story.state.parcel("m/p2").custodian.kind is CustodianKind.SENDER
    story.pick_up("ann", "p2")
    story.drop_off("ann", "p1")
    assert story.state.parcel("m/p1").custodian.kind is CustodianKind.RECIPIENT
    assert story.state.parcel("m/p2").custodian == ANN


@pytest.mark.parametrize(
    ("change", "field"),
    [({"stop": 9}, "stop"), ({"stop": -1}, "stop"), ({"leg": "m/p9/1"}, "leg")],
)
def test_a_report_about_nothing_names_its_field(
    story: Story, change: dict[str, object], field: str
) -> None:
    """Stops and legs that are not on the tour are bad values."""
    tour = story.assign("ann", "p1").id
    given = {"id": "r", "at": NOON, "stop": 0, "leg": "m/p1/1", **change}
    command = m.RecordStop(courier="ann", tour=tour, report=m.StopReport(**given))  # type: ignore[arg-type]
    with pytest.raises(InvalidValue) as caught:
        story.do(command)
    assert [fault.field for fault in caught.value.faults] == [field]


def test_a_phone_may_be_two_minutes_wrong(story: Story) -> None:
    """A little skew is taken; a report from the future or from before the tour is not."""
    story.assign("ann", "p1")
    story.refused(InvalidValue, arrival(story, 0, at=NOON + 121), "event_time: .* the future")
    story.refused(InvalidValue, arrival(story, 0, at=NOON - 121), "event_time: .* was accepted")
    story.do(arrival(story, 0, at=NOON - 120))
    story.do(arrival(story, 1, "b", at=NOON + 120))


def test_reports_out_of_order_make_no_negative_time(story: Story) -> None:
    """The last report may tell of an earlier moment than the one that started the tour."""
    story.assign("ann", "p1")
    story.now += 60
    story.pick_up("ann", "p1")
    end = completed(story.do(story.report_of("ann", "p1", ActionKind.DROPOFF, at=NOON)))
    assert end.away_s == 0


def test_an_action_of_the_other_kind_is_not_at_this_stop(story: Story) -> None:
    """A drop-off reported at the pickup's stop is a bad value."""
    tour = story.assign("ann", "p1").id
    report = m.StopReport(id="r", at=NOON, stop=0, leg="m/p1/1", action=ActionKind.DROPOFF)
    story.refused(
        InvalidValue, m.RecordStop(courier="ann", tour=tour, report=report), "no such action"
    )


def test_an_action_may_be_left_to_the_stop(story: Story) -> None:
    """A report that names no action means the one that the leg has at the stop."""
    tour = story.assign("ann", "p1").id
    report = m.StopReport(id="r", at=NOON, stop=0, leg="m/p1/1")
    events = story.do(m.RecordStop(courier="ann", tour=tour, report=report))
    assert "ParcelPickedUp" in names(events)


def test_nothing_is_done_twice_or_out_of_order(story: Story) -> None:
    """No second pickup, nothing on a tour that has ended."""
    story.assign("ann", "p1", "p2")
    story.pick_up("ann", "p1")
    again = m.StopReport(id="again", at=NOON, stop=0, leg="m/p1/1", action=ActionKind.PICKUP)
    tour = story.tour("ann").id
    story.refused(
        InvalidTransition, m.RecordStop(courier="ann", tour=tour, report=again), "COMPLETED already"
    )
    story.pick_up("ann", "p2")
    late = arrival(story, 1, "late")
    for parcel in ("p2", "p1"):
        story.drop_off("ann", parcel)
    story.refused(InvalidTransition, late, "is COMPLETED")


def test_a_closed_hub_gives_nothing() -> None:
    """Whether the counter was open is judged by the time of the report, not of its arrival."""
    story = Story()
    story.courier()
    story.hub(hours=(window(0, HOUR),))
    story.parcel(origin_hub="station")
    story.assign("ann", "p1")
    story.now = NOON + HOUR + 60
    story.refused(HubClosed, story.report_of("ann", "p1", ActionKind.PICKUP), "station is closed")
    story.do(story.report_of("ann", "p1", ActionKind.PICKUP, at=NOON + HOUR))
    assert story.parcel_state() is ParcelState.COLLECTED


def test_a_pickup_that_failed_ends_the_errand(story: Story) -> None:
    """Nothing is paid where nothing but the counter was seen, save the detour."""
    story.assign("ann", "p1", detour_s=120)
    events = story.pick_up("ann", "p1", FailureCode.HUB_CLOSED)
    assert names(events) == [
        "TourStarted",
        "StopArrived",
        "PickupFailed",
        "StopReported",
        "TourCompleted",
        "EntryPosted",
    ]
    assert story.earned("ann") == 40
    assert story.parcel_state() is ParcelState.READY


def completed(events: tuple[m.Event, ...]) -> m.TourCompleted:
    """Return the one end of a tour among events."""
    (found,) = [event for event in events if isinstance(event, m.TourCompleted)]
    return found


def test_the_end_of_a_tour_is_where_the_plan_said(story: Story) -> None:
    """With an end, the courier is there after the planned way; time away counts until then."""
    story.assign("ann", "p1", end=place(0, 50), return_s=90, return_m=160)
    story.pick_up("ann", "p1")
    story.now += 200
    end = completed(story.drop_off("ann", "p1"))
    assert (end.place, end.free_at) == (place(0, 50), NOON + 290)
    assert (end.away_s, end.distance_m) == (290, 100 + 100 + 160)
    assert (end.kind, end.happened_at) == (CourierKind.RIDER, NOON + 200)


def test_without_an_end_the_courier_stays_at_the_last_door(story: Story) -> None:
    """Riders are free at once, where they are."""
    story.carry("ann", "p1")
    end = completed(story.drop_off("ann", "p1"))
    assert (end.place, end.free_at, end.distance_m) == (
        story.state.parcel("m/p1").dropoff,
        NOON,
        200,
    )


def test_the_way_home_after_a_return_is_estimated(story: Story) -> None:
    """Back at the sender the planned way home does not hold; the policy's estimate does."""
    home = place(0, 600)
    story.assign("ann", "p1", end=home, return_s=90, return_m=160)
    story.pick_up("ann", "p1")
    story.drop_off("ann", "p1", FailureCode.REFUSED)
    end = completed(story.drop_off("ann", "p1"))
    return_s, return_m = Policy().estimate(story.state.courier("ann").mode, 600)
    to_sender_m = story.state.tour(end.tour).stops[-1].distance_m
    assert (end.place, end.free_at) == (home, NOON + return_s)
    assert end.distance_m == 100 + 100 + to_sender_m + return_m


def test_stops_that_were_skipped_are_not_travelled(story: Story) -> None:
    """Distance counts where the courier has been, and the place is the last of these."""
    story.carry("ann", "p1")
    story.drop_off("ann", "p1")
    story.assign("ann", "p2", departs_at=NOON)
    story.pick_up("ann", "p2", FailureCode.NO_ACCESS)
    end = [event for event in story.events if isinstance(event, m.TourCompleted)][-1]
    assert (end.place, end.distance_m) == (story.state.parcel("m/p2").pickup, 100)
