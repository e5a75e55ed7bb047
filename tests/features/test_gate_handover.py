"""A gate that asks for a permit: in person before it, or through the booth, or by who may enter."""

from typing import Any

import pytest

from dispatch.core import choices
from dispatch.core import messages as m
from dispatch.core.epoch import problem_of
from dispatch.core.errors import ConsentMissing, InvalidValue, OutsideGeofence, ProofMissing
from dispatch.core.model import (
    ActionKind,
    Contract,
    DeliveryOption,
    FailureCode,
    Mode,
    OptionKind,
    ParcelState,
    ProofKind,
    Purpose,
)
from tests.core.town import HOUR, AGate, Fenced, Story, consent, place, slot
from tests.features.compound import a_compound, at_post, door, guard

GATE_M = 300
"""Where the town's gates are, metres east of the square."""


def a_walled_compound(*contracts: Contract) -> Story:
    """Have a parcel for a door behind a gate that asks for a permit, and a rider without one."""
    times = Fenced(lake=AGate("PERMIT"))
    story = a_compound(times=times, contracts=contracts)
    story.parcel("p1", origin_hub="station", dropoff=door(700, "p1"))
    story.courier("ann", mode=Mode.EBIKE)
    return story


def at_the_gate(**fields: Any) -> m.Evidence:
    """Show a phone before the gate, and a signature."""
    here = place(GATE_M)
    given: dict[str, Any] = {"proofs": (ProofKind.SIGNATURE,), **fields}
    return m.Evidence(lat=here.lat, lon=here.lon, **given)


@pytest.fixture
def gate() -> Story:
    """Have the rider accept to hand it over at the gate, and fetch it."""
    story = a_walled_compound()
    story.plan()
    story.accept("ann")
    story.pick_up("ann", "p1")
    return story


def test_a_stranger_is_asked_to_the_gate(gate: Story) -> None:
    """The stop is the gate, for the recipient, with the time to come down."""
    stop = gate.tour("ann").stops[-1]
    assert stop.actions[0].purpose is Purpose.GATE
    assert (stop.place.lon, stop.place.is_door) == (place(GATE_M).lon, False)
    assert stop.leaves_at - stop.arrives_at >= gate.state.policy.gate_wait_s


def test_the_recipient_takes_it_there(gate: Story) -> None:
    """A delivery like one at the door, with the same proofs, at the gate's place."""
    far = place(700)
    at_the_door = m.Evidence(lat=far.lat, lon=far.lon, proofs=(ProofKind.SIGNATURE,))
    report = gate.report_of("ann", "p1", ActionKind.DROPOFF, evidence=at_the_door)
    gate.refused(OutsideGeofence, report, "400 m")
    events = gate.drop_off("ann", "p1", evidence=at_the_gate())
    [event] = [event for event in events if isinstance(event, m.ParcelDelivered)]
    assert event.purpose is Purpose.GATE
    assert gate.parcel_state() is ParcelState.DELIVERED
    assert gate.earned("ann") > 0


@pytest.mark.parametrize("proofs", [(), (ProofKind.PHOTO,)], ids=["nothing", "a photo"])
def test_nothing_is_left_before_a_gate(gate: Story, proofs: tuple[ProofKind, ...]) -> None:
    """In person, or not at all."""
    report = gate.report_of("ann", "p1", ActionKind.DROPOFF, evidence=at_the_gate(proofs=proofs))
    gate.refused(ProofMissing, report, "proofs")


def test_nobody_comes_down(gate: Story) -> None:
    """An attempt like one at the door: the place, a call and the wait; then the next rung."""
    early = gate.report_of(
        "ann", "p1", ActionKind.DROPOFF, FailureCode.ABSENT, evidence=at_the_gate()
    )
    gate.refused(ProofMissing, early, "contact")
    called_at = gate.now
    gate.now += gate.state.policy.absent_wait_s
    gate.do(m.RecordStop(courier="ann", tour=gate.tour("ann").id, report=_arrival(gate, called_at)))
    gate.drop_off("ann", "p1", FailureCode.ABSENT, evidence=at_the_gate(contacted_at=called_at))
    parcel = gate.state.parcel("m/p1")
    assert [attempt.counts for attempt in parcel.attempts] == [True]
    assert gate.state.leg(parcel.leg).purpose is Purpose.RETURN, "nothing to leave it in is near"


def _arrival(story: Story, at: int) -> m.StopReport:
    return m.StopReport(id="arrival", at=at, stop=1, evidence=at_the_gate(proofs=()))


def test_nobody_is_sent_to_a_neighbour_behind_the_gate() -> None:
    """The recipient agreed to one, who is at home: whoever stands outside does not get there."""
    story = a_walled_compound()
    story.courier("bob", home=place(890, compound="lake"))
    options = (DeliveryOption(kind=OptionKind.DOOR), consent(OptionKind.PERSON, "bob"))
    story.parcel("p2", origin_hub="station", dropoff=door(710, "p2"), options=options)
    story.do(m.PinLeg(leg="m/p2/1", courier="ann", actor="d", reason="hers"))
    story.do(m.PinLeg(leg="m/p1/1", courier="ann", actor="d", reason="hers"))
    story.plan()
    story.accept("ann")
    story.pick_up("ann", "p2")
    called_at = story.now
    story.now += story.state.policy.absent_wait_s
    story.do(
        m.RecordStop(courier="ann", tour=story.tour("ann").id, report=_arrival(story, called_at))
    )
    story.drop_off("ann", "p2", FailureCode.ABSENT, evidence=at_the_gate(contacted_at=called_at))
    parcel = story.state.parcel("m/p2")
    assert story.state.leg(parcel.leg).purpose is Purpose.RETURN


def test_a_relay_through_the_booth_is_weighed_against_it() -> None:
    """With a booth that passes parcels on, both are choices; neither is the door."""
    story = a_walled_compound(Contract.RELAY)
    guard(story, "gus", at_post(0, 8 * HOUR))
    story.do(m.GoOffline(courier="gus"))
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    assert {its.purpose for its in epoch.choices} == {Purpose.DOOR, Purpose.RELAY, Purpose.GATE}
    story.plan()
    story.accept("ann")
    purpose = story.tour("ann").stops[-1].actions[0].purpose
    assert purpose in {Purpose.RELAY, Purpose.GATE}


@pytest.mark.parametrize(("door_m", "is_choice"), [(750, True), (900, False)])
def test_no_relay_to_a_door_that_no_keeper_reaches(door_m: int, is_choice: bool) -> None:  # noqa: FBT001
    """The booth is at 350 m: 400 m farther a guard is there and back in time, 550 m not."""
    story = a_walled_compound(Contract.RELAY)
    guard(story, "gus", at_post(0, 8 * HOUR))
    story.parcel("p2", origin_hub="station", dropoff=door(door_m, "p2"))
    its = story.state.parcel("m/p2")
    assert ("booth" in choices.relay_hubs(story.state, its)) is is_choice


def test_who_may_enter_goes_to_the_door() -> None:
    """The gate is dearer for everybody: it is for those who have nothing better."""
    story = a_walled_compound()
    story.courier("bob", mode=Mode.EBIKE, home=place(700, is_door=False, compound="lake"))
    story.do(m.GoOffline(courier="ann"))
    story.plan()
    offer = story.state.offers[story.state.open_offer["bob"]]
    assert offer.itinerary.stops[-1].actions[0].purpose is Purpose.DOOR


def test_who_may_enter_never_waits_before_the_gate() -> None:
    """A resident whose time is too short for the door is not sent to the gate instead."""
    story = a_walled_compound()
    story.do(m.GoOffline(courier="ann"))
    home = place(320, is_door=False, compound="lake")
    story.courier("bob", (slot(0, 700),), mode=Mode.FOOT, home=home, end=home)
    epoch = problem_of(story.state, story.times, story.now)
    assert epoch is not None
    story.plan()
    assert not story.state.open_offer


def test_two_recipients_at_one_gate_are_confirmed_each(gate: Story) -> None:
    """They stand at one place and are two people."""
    story = a_walled_compound()
    story.parcel("p2", origin_hub="station", dropoff=door(710, "p2"))
    story.plan()
    story.accept("ann")
    for name in ("p1", "p2"):
        story.pick_up("ann", name)
    one = story.report_of("ann", "p1", ActionKind.DROPOFF, evidence=at_the_gate())
    both = m.RecordStop(
        courier="ann",
        tour=one.tour,
        report=m.StopReport(
            id="both",
            at=story.now,
            stop=one.report.stop,
            leg="m/p1/1",
            legs=("m/p2/1",),
            action=ActionKind.DROPOFF,
            evidence=at_the_gate(),
        ),
    )
    story.refused(InvalidValue, both, "confirm each door by itself")


def test_whoever_is_not_let_in_says_so_at_the_gate() -> None:
    """The guard changes his mind: NO_ACCESS, near the compound, after a call and a wait."""
    story = a_walled_compound()
    story.courier("bob", access=("lake",))
    story.do(m.PermitCourier(compound="lake", courier="bob", actor="companies/blue"))
    story.carry("bob", "p1")
    far = place(0)
    lie = m.Evidence(lat=far.lat, lon=far.lon, contacted_at=story.now)
    story.now += 120
    report = story.report_of("bob", "p1", ActionKind.DROPOFF, FailureCode.NO_ACCESS, evidence=lie)
    story.refused(OutsideGeofence, report, "700 m")
    near = place(440)
    there = m.Evidence(lat=near.lat, lon=near.lon, contacted_at=story.now - 120)
    story.drop_off("bob", "p1", FailureCode.NO_ACCESS, evidence=there)
    assert story.parcel_state() is ParcelState.ATTEMPT_FAILED


def test_a_neighbour_is_no_way_round_the_gate(gate: Story) -> None:
    """Left with somebody at the gate: only whom the recipient has agreed to."""
    report = gate.report_of(
        "ann", "p1", ActionKind.DROPOFF, evidence=at_the_gate(proofs=(ProofKind.PHOTO,))
    )
    with pytest.raises((ProofMissing, ConsentMissing)):
        gate.do(report)
