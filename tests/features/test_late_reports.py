"""Reports that come late, doubled or in another order end where the right order ends.

A phone that was off for a day sends what it has; a drop-off that arrives before its pickup waits
for it. Only a report that contradicts custody, or that comes from the future, is refused.
"""

from itertools import permutations

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition, InvalidValue, ProofMissing
from dispatch.core.model import ActionKind, FailureCode, ParcelState
from tests.core.town import DAY, HOUR, Story, names


def reports_of(story: Story) -> list[m.RecordStop]:
    """Give what ann's phone tells of p1 and p2, in the order in which it happened."""
    story.assign("ann", "p1", "p2")
    told = [
        story.report_of("ann", name, kind, at=story.now + seconds)
        for seconds, name, kind in (
            (10, "p1", ActionKind.PICKUP),
            (20, "p2", ActionKind.PICKUP),
            (60, "p1", ActionKind.DROPOFF),
            (90, "p2", ActionKind.DROPOFF),
        )
    ]
    story.now += 120
    return told


@pytest.mark.parametrize("order", list(permutations(range(4))))
def test_any_order_ends_alike(story: Story, order: tuple[int, ...]) -> None:
    """All orders of four reports give the same custody at the same times, each paid once."""
    story.parcel("p1")
    story.parcel("p2")
    told = reports_of(story)
    for index in order:
        story.do(told[index])
    for name, since in (("p1", (10, 60)), ("p2", (20, 90))):
        parcel = story.state.parcel(f"m/{name}")
        assert parcel.state is ParcelState.DELIVERED
        start = story.now - 120
        assert [line.since - start for line in parcel.custody[1:]] == list(since)
    assert not story.state.kept_reports
    assert "ann" not in story.state.live_tour
    assert sum(isinstance(event, m.ParcelDelivered) for event in story.events) == 2


def test_an_early_report_is_kept(story: Story) -> None:
    """It is acknowledged, nothing moves, and twice is once."""
    story.parcel("p1")
    story.parcel("p2")
    told = reports_of(story)
    assert names(story.do(told[2])) == ["ReportKept"]
    assert story.do(told[2]) == ()
    assert story.parcel_state("p1") is ParcelState.ASSIGNED
    events = story.do(told[0])
    assert names(events).count("ParcelDelivered") == 1
    assert story.do(told[2]) == (), "taken once, it is not taken again"


def test_doubled_reports_change_nothing(story: Story) -> None:
    """The phone may send every report as often as it likes."""
    story.parcel("p1")
    story.parcel("p2")
    for command in reports_of(story):
        story.do(command)
        before = story.state
        assert story.do(command) == ()
        assert story.state is before


def test_a_day_offline(story: Story) -> None:
    """A tour that was under way when the phone fell silent is told of a day later, with its times.

    Nobody else was given the parcels meanwhile.
    """
    story.parcel("p1")
    story.assign("ann", "p1")
    tour = story.tour("ann").id
    story.do(m.StartTour(courier="ann", tour=tour))
    told = [
        story.report_of("ann", "p1", kind, at=story.now + seconds)
        for seconds, kind in ((30, ActionKind.PICKUP), (300, ActionKind.DROPOFF))
    ]
    start = story.now
    story.wait(DAY)
    assert story.parcel_state() is ParcelState.ASSIGNED
    for command in told:
        story.do(command)
    parcel = story.state.parcel("m/p1")
    assert parcel.state is ParcelState.DELIVERED
    last = parcel.custody[-1]
    assert (last.since, last.noted_at) == (start + 300, story.now)


def test_a_report_from_the_future(story: Story) -> None:
    """A clock that runs an hour ahead is told so; nothing has happened."""
    story.parcel("p1")
    story.assign("ann", "p1")
    command = story.report_of("ann", "p1", ActionKind.PICKUP, at=story.now + HOUR)
    story.refused(InvalidValue, command, "event_time: lies in the future")


def test_a_report_from_before_the_tour(story: Story) -> None:
    """A clock that runs an hour behind is told so."""
    story.parcel("p1")
    story.assign("ann", "p1")
    command = story.report_of("ann", "p1", ActionKind.PICKUP, at=story.now - HOUR)
    story.refused(InvalidValue, command, "lies before the tour was accepted")


def test_a_delivery_from_before_the_pickup(story: Story) -> None:
    """Whatever the order in which reports come, nobody gives what nobody had yet."""
    story.parcel("p1")
    story.assign("ann", "p1")
    story.now += HOUR
    story.pick_up("ann", "p1")
    early = story.report_of("ann", "p1", ActionKind.DROPOFF, at=story.now - HOUR + 60)
    story.refused(InvalidValue, early, "lies before the parcel came to who gives it")


def test_an_early_report_that_does_not_hold(story: Story) -> None:
    """A kept delivery without any proof is dropped when its turn comes; the action stays open."""
    story.parcel("p1")
    story.assign("ann", "p1")
    empty = story.report_of("ann", "p1", ActionKind.DROPOFF, evidence=m.Evidence())
    story.do(empty)
    story.pick_up("ann", "p1")
    assert story.parcel_state() is ParcelState.COLLECTED
    assert not story.state.kept_reports
    again = story.report_of("ann", "p1", ActionKind.DROPOFF, evidence=m.Evidence())
    story.refused(ProofMissing, again)
    story.drop_off("ann", "p1")
    assert story.parcel_state() is ParcelState.DELIVERED


def test_an_early_failure_is_kept_too(story: Story) -> None:
    """Absent, told before the pickup was: the next rung is planned when the pickup comes."""
    story.parcel("p1")
    story.assign("ann", "p1")
    story.do(story.report_of("ann", "p1", ActionKind.DROPOFF, FailureCode.ABSENT))
    events = story.pick_up("ann", "p1")
    assert [name for name in names(events) if name in {"AttemptFailed", "ReturnPlanned"}] == [
        "AttemptFailed",
        "ReturnPlanned",
    ]


def test_after_the_tour_was_taken_back(story: Story) -> None:
    """A courier who did not set out in time has no tour any more, and is told so."""
    story.parcel("p1")
    story.assign("ann", "p1")
    command = story.report_of("ann", "p1", ActionKind.PICKUP)
    story.wait(HOUR)
    story.refused(InvalidTransition, command, "is ABORTED")
