"""A failed attempt counts only with evidence: at the door, somebody called, and waited.

The point has to lie within 50 m of the stop, or within what the phone itself is unsure of. A call
or a message has to have gone to the recipient, and two minutes have to have passed at the door.
A dispatcher may let one attempt count without all that, by name and with a reason.
"""

import pytest

from dispatch.core import messages as m
from dispatch.core.errors import InvalidTransition, InvalidValue, OutsideGeofence, ProofMissing
from dispatch.core.model import ActionKind, FailureCode, ParcelState
from dispatch.core.policy import Policy
from dispatch.core.state import replace
from tests.core.town import AT_ONCE, DAY, HOUR, SIGNED, Story, names, place
from tests.features.street import arrival, arrive, at_the_door

WITH_WAIT = Policy(version="with-wait", engine="insert", slack_s=DAY)
"""The wait at the door is the default one."""


def a_town(policy: Policy) -> Story:
    """Give a town with ann, who carries p1 to its door."""
    story = Story(policy)
    story.courier("ann")
    story.courier("bob")
    story.parcel("p1")
    story.carry("ann", "p1")
    return story


@pytest.fixture
def door() -> Story:
    """Give ann at the door of p1, where the wait is over at once."""
    return a_town(AT_ONCE)


@pytest.fixture
def bell() -> Story:
    """Give ann on the way to the door of p1, where two minutes have to pass."""
    return a_town(WITH_WAIT)


def absent(
    story: Story, evidence: m.Evidence, failure: FailureCode = FailureCode.ABSENT
) -> m.RecordStop:
    """Give ann's report that p1 could not be handed over."""
    return story.report_of("ann", "p1", ActionKind.DROPOFF, failure, evidence=evidence)


def failed(events: tuple[m.Event, ...]) -> m.AttemptFailed:
    """Return the one failed attempt among events."""
    (found,) = [event for event in events if isinstance(event, m.AttemptFailed)]
    return found


# --- where -----------------------------------------------------------------------------


def test_fifty_metres_are_at_the_door(door: Story) -> None:
    """At 49 m it counts, and the event says how far off the phone was."""
    event = failed(door.do(absent(door, at_the_door(49, contacted_at=door.now))))
    assert (event.distance_m, event.counts, event.override) == (49, True, "")


def test_beyond_fifty_metres_it_does_not_count(door: Story) -> None:
    """Refused with both figures; the parcel is still ann's to hand over."""
    command = absent(door, at_the_door(60, contacted_at=door.now))
    door.refused(OutsideGeofence, command, "60 m from the stop; 50 m are allowed")
    assert door.parcel_state() is ParcelState.COLLECTED
    assert door.state.parcel("m/p1").attempts == ()


def test_a_phone_that_is_unsure_has_a_wider_fence(door: Story) -> None:
    """The fence is the larger of 50 m and the fix's own accuracy."""
    for accuracy_m in (20, 79):
        unsure = at_the_door(80, accuracy_m=accuracy_m, contacted_at=door.now)
        door.refused(OutsideGeofence, absent(door, unsure))
    unsure = at_the_door(80, accuracy_m=80, contacted_at=door.now)
    assert failed(door.do(absent(door, unsure))).distance_m == 80


def test_without_a_point_nobody_was_there(door: Story) -> None:
    """A phone that does not say where it was has made no attempt."""
    command = absent(door, m.Evidence(contacted_at=door.now))
    door.refused(ProofMissing, command, "point: say where")


def test_a_delivery_from_two_kilometres_away_is_refused(door: Story) -> None:
    """A signature does not help: who was not at the door has not delivered."""
    there = at_the_door(2000, proofs=SIGNED.proofs)
    command = door.report_of("ann", "p1", ActionKind.DROPOFF, evidence=there)
    door.refused(OutsideGeofence, command, "2000 m from the stop")
    assert door.parcel_state() is ParcelState.COLLECTED
    door.drop_off("ann", "p1")
    assert door.parcel_state() is ParcelState.DELIVERED


# --- whom they called ------------------------------------------------------------------


def test_somebody_has_to_be_called(door: Story) -> None:
    """Without a call or a message nothing counts, however long ann waits."""
    arrive(door)
    door.now += HOUR
    door.refused(ProofMissing, absent(door, at_the_door()), "contact: call or write")


def test_the_phones_receipt_is_enough(door: Story) -> None:
    """Ann called by herself; the phone says when."""
    assert failed(door.do(absent(door, at_the_door(contacted_at=door.now)))).counts


def test_a_message_by_the_app_is_a_receipt_too(door: Story) -> None:
    """The app writes to the recipient; the report needs no receipt of its own."""
    tour = door.tour("ann").id
    told = door.do(m.ContactRecipient(courier="ann", tour=tour, leg="m/p1/1"))
    assert names(told) == ["RecipientContacted"]
    assert failed(door.do(absent(door, at_the_door()))).counts


def test_a_call_after_the_attempt_is_none(door: Story) -> None:
    """What is reported for noon cannot rest on a call from five past."""
    command = absent(door, at_the_door(contacted_at=door.now + 300))
    door.refused(ProofMissing, command, "contact")


def test_yesterdays_call_is_none(door: Story) -> None:
    """Who was called before ann had the parcel was not called from the door."""
    command = absent(door, at_the_door(contacted_at=door.now - HOUR))
    door.refused(ProofMissing, command, "contact")


def test_nobody_writes_for_a_parcel_that_is_not_on_its_way(door: Story) -> None:
    """Before pickup there is no door to write from."""
    door.parcel("p2")
    door.assign("bob", "p2")
    tour = door.tour("bob").id
    command = m.ContactRecipient(courier="bob", tour=tour, leg="m/p2/1")
    door.refused(InvalidTransition, command, "not on its way with bob")


def test_one_message_is_enough_for_one_wait(bell: Story) -> None:
    """Asked for again while ann waits, nothing is sent; after that it is."""
    command = m.ContactRecipient(courier="ann", tour=bell.tour("ann").id, leg="m/p1/1")
    assert names(bell.do(command)) == ["RecipientContacted"]
    bell.now += 119
    assert bell.do(command) == ()
    bell.now += 1
    assert names(bell.do(command)) == ["RecipientContacted"]


def test_another_door_is_another_message(bell: Story) -> None:
    """Sent to a new door, the parcel's recipient has not been called there yet."""
    command = m.ContactRecipient(courier="ann", tour=bell.tour("ann").id, leg="m/p1/1")
    bell.do(command)
    bell.do(m.RedirectParcel(parcel="m/p1", actor="m", reason="MOVED", dropoff=place(600, 0)))
    assert bell.state.parcel("m/p1").contacted_at == 0
    told = bell.do(replace(command, leg=bell.state.parcel("m/p1").leg))
    assert names(told) == ["RecipientContacted"]


def test_nobody_writes_for_a_parcel_that_goes_elsewhere(door: Story) -> None:
    """On its way back nobody has to come to the door for it."""
    tour = door.tour("ann").id
    door.drop_off("ann", "p1", FailureCode.REFUSED)
    leg = door.state.parcel("m/p1").leg
    command = m.ContactRecipient(courier="ann", tour=tour, leg=leg)
    door.refused(InvalidTransition, command, "not on its way with ann to a door")


# --- how long they waited --------------------------------------------------------------


def test_two_minutes_after_the_call(bell: Story) -> None:
    """Arrived, called a minute later: 119 s after the call is too soon, 120 s is enough."""
    arrive(bell)
    called_at = bell.now + 60
    bell.now = called_at + 119
    command = absent(bell, at_the_door(contacted_at=called_at))
    bell.refused(ProofMissing, command, "wait: 119 of 120 s at the door are over")
    bell.now += 1
    assert failed(bell.do(absent(bell, at_the_door(contacted_at=called_at)))).counts


def test_two_minutes_after_the_arrival(bell: Story) -> None:
    """A call from the street does not shorten the wait at the door."""
    called_at = bell.now
    bell.now += 600
    arrive(bell)
    bell.now += 60
    command = absent(bell, at_the_door(contacted_at=called_at))
    bell.refused(ProofMissing, command, "wait: 60 of")


def test_who_never_said_that_they_had_arrived_has_not_waited(bell: Story) -> None:
    """The first report from the stop is its arrival."""
    called_at = bell.now
    bell.now += 600
    bell.refused(ProofMissing, absent(bell, at_the_door(contacted_at=called_at)), "wait: 0 of")


def test_who_arrives_two_kilometres_away_has_not_arrived(bell: Story) -> None:
    """Waiting at home is not waiting at the door."""
    bell.refused(OutsideGeofence, arrival(bell, evidence=at_the_door(2000)), "2000 m from")
    called_at = bell.now
    bell.now += 600
    bell.refused(ProofMissing, absent(bell, at_the_door(contacted_at=called_at)), "wait: 0 of")


def test_a_late_report_counts_by_its_own_times(bell: Story) -> None:
    """Told after an hour without a network, an attempt is as good as it was."""
    arrived_at = bell.now
    arrive(bell)
    bell.now += HOUR
    command = bell.report_of(
        "ann",
        "p1",
        ActionKind.DROPOFF,
        FailureCode.ABSENT,
        at=arrived_at + 130,
        evidence=at_the_door(contacted_at=arrived_at + 5),
    )
    event = failed(bell.do(command))
    assert (event.happened_at, event.at) == (arrived_at + 130, bell.now)


# --- by a dispatcher's word ------------------------------------------------------------


def test_a_dispatcher_lets_one_attempt_count(bell: Story) -> None:
    """Once, without any evidence; the event names who and why."""
    why = "gate closed by the police"
    bell.do(m.OverrideAttempt(parcel="m/p1", actor="users/dora", reason=why))
    event = failed(bell.do(absent(bell, m.Evidence())))
    assert event.override == f"users/dora: {why}"
    assert event.distance_m == -1
    assert bell.state.parcel("m/p1").override == "", "it is used up"


def test_the_next_attempt_needs_evidence_again(bell: Story) -> None:
    """Brought back and tried again, the parcel is under the usual rule."""
    bell.do(m.OverrideAttempt(parcel="m/p1", actor="users/dora", reason="flood"))
    bell.do(absent(bell, m.Evidence()))
    bell.drop_off("ann", "p1")
    bell.now += HOUR
    bell.carry("bob", "p1")
    again = bell.report_of(
        "bob", "p1", ActionKind.DROPOFF, FailureCode.ABSENT, evidence=m.Evidence()
    )
    bell.refused(ProofMissing, again, "point")


def test_what_is_no_attempt_uses_no_override_up(bell: Story) -> None:
    """A thunderstorm needs no evidence; the word that was given is for an attempt."""
    bell.do(m.OverrideAttempt(parcel="m/p1", actor="users/dora", reason="flood"))
    bell.do(absent(bell, m.Evidence(), FailureCode.WEATHER))
    assert bell.state.parcel("m/p1").override == "users/dora: flood"


def test_an_override_says_why_and_of_what(bell: Story) -> None:
    """Without a reason, or for a parcel that nobody carries, there is none."""
    empty = m.OverrideAttempt(parcel="m/p1", actor="users/dora", reason=" ")
    bell.refused(InvalidValue, empty, "reason: is required")
    bell.parcel("p2")
    waiting = m.OverrideAttempt(parcel="m/p2", actor="users/dora", reason="flood")
    bell.refused(InvalidTransition, waiting, "not on its way")


def test_an_override_ends_with_the_carriage(bell: Story) -> None:
    """Delivered after all: what was allowed is not kept for another time."""
    bell.do(m.OverrideAttempt(parcel="m/p1", actor="users/dora", reason="flood"))
    bell.drop_off("ann", "p1")
    assert bell.state.parcel("m/p1").override == ""


# --- what needs less -------------------------------------------------------------------


@pytest.mark.parametrize("failure", [FailureCode.REFUSED, FailureCode.DAMAGED])
def test_refused_and_damaged_need_the_place_alone(bell: Story, failure: FailureCode) -> None:
    """Somebody was there to say no: no call, no wait, but at the door."""
    bell.refused(OutsideGeofence, absent(bell, at_the_door(200), failure))
    bell.refused(ProofMissing, absent(bell, m.Evidence(), failure), "point")
    assert failed(bell.do(absent(bell, at_the_door(), failure))).counts


@pytest.mark.parametrize(
    "failure", [FailureCode.NOT_ATTEMPTED, FailureCode.WEATHER, FailureCode.COURIER_INCIDENT]
)
def test_what_is_no_attempt_needs_nothing(bell: Story, failure: FailureCode) -> None:
    """The recipient had no part in it: it is told as such, and unpaid, and uses up no attempt."""
    events = bell.do(absent(bell, m.Evidence(), failure))
    assert not failed(events).counts
    assert "EntryPosted" not in names(events)
    (attempt,) = bell.state.parcel("m/p1").attempts
    assert (attempt.failure, attempt.counts) == (failure, False)


def test_no_attempt_leaves_all_attempts(bell: Story) -> None:
    """Of two attempts two are left after a storm, whatever the courier pressed."""
    bell.do(absent(bell, m.Evidence(), FailureCode.NOT_ATTEMPTED))
    for _ in range(2):
        assert bell.parcel_state() is ParcelState.ATTEMPT_FAILED
        bell.drop_off("ann", "p1")
        assert bell.parcel_state() is ParcelState.READY
        bell.now += HOUR
        bell.carry("ann", "p1")
        arrive(bell)
        called_at = bell.now
        bell.now += 120
        bell.do(absent(bell, at_the_door(contacted_at=called_at)))
    assert bell.parcel_state() is ParcelState.RETURNING, "now both are used up"


@pytest.mark.parametrize(
    "failure",
    [
        FailureCode.ABSENT,
        FailureCode.UNREACHABLE_CONTACT,
        FailureCode.NO_ACCESS,
        FailureCode.NO_SAFE_PLACE,
        FailureCode.ID_FAILED,
        FailureCode.PIN_FAILED,
        FailureCode.COD_UNPAID,
        FailureCode.BAD_ADDRESS,
    ],
)
def test_every_other_failure_is_an_attempt(bell: Story, failure: FailureCode) -> None:
    """Each needs place, call and wait."""
    bell.refused(ProofMissing, absent(bell, m.Evidence(), failure), "point")
    bell.refused(ProofMissing, absent(bell, at_the_door(), failure), "contact")
    arrive(bell)
    called_at = bell.now
    bell.refused(ProofMissing, absent(bell, at_the_door(contacted_at=called_at), failure), "wait")
    bell.now += 120
    assert failed(bell.do(absent(bell, at_the_door(contacted_at=called_at), failure))).counts


def test_an_arrival_far_away_begins_no_wait(story: Story) -> None:
    """Where the phone says that it is 2 km off, nobody has arrived."""
    story.parcel("p1")
    story.carry("ann", "p1")
    tour = story.tour("ann")
    away = m.Evidence(lat=tour.stops[1].place.lat + 0.02, lon=tour.stops[1].place.lon)
    report = m.StopReport(id="far", at=story.now, stop=1, evidence=away)
    story.refused(OutsideGeofence, m.RecordStop(courier="ann", tour=tour.id, report=report))
    assert not story.tour("ann").stops[1].arrived_at
