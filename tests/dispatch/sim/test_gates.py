"""Simulated people at gates: let in, kept waiting, turned away, or met by the recipient."""

import dataclasses

import msgspec
import pytest

from dispatch.clock import SystemClock
from dispatch.core.messages import (
    AttemptFailed,
    OfferMade,
    ParcelDelivered,
    StopArrived,
    TourCompleted,
    TourStarted,
)
from dispatch.core.model import FailureCode, Purpose
from dispatch.core.policy import Policy
from dispatch.sim.day import Replay, Result
from dispatch.sim.folder import Day
from maps.compounds import Gate, GateRule
from maps.travel import StraightLine
from tests.dispatch.sim.small_day import HOUR, Walled, small_day


@pytest.fixture(scope="module")
def one_parcel_inside() -> Day:
    """Give the small day's first parcel, its door in compound G, and nothing left to chance."""
    day = small_day(no_show_share=0.0, away_share=0.0, travel_cv=0.0, service_cv=0.0)
    (parcel, *_) = day.parcels
    door = msgspec.structs.replace(parcel.dropoff, compound="G", door_key="d")
    return dataclasses.replace(day, parcels=(msgspec.structs.replace(parcel, dropoff=door),))


def with_behaviour(day: Day, **values: object) -> Day:
    """Return a day whose people have other values too."""
    behaviour = {**day.scenario["behaviour"], **values}
    return dataclasses.replace(day, scenario={**day.scenario, "behaviour": behaviour})


def play(day: Day, times: StraightLine) -> Result:
    """Replay with insertion alone."""
    policy = Policy(engine="insert", give_up_s=HOUR)
    return Replay(day, times, seed=1, policy=policy, clock=SystemClock()).run()


def test_the_gate_takes_the_simulated_courier_its_time(one_parcel_inside: Day) -> None:
    """The same trip through a gate at which one signs in ends so much later."""
    span_s = {}
    for sign_in_s in (0, 240):
        result = play(one_parcel_inside, Walled(GateRule.SIGN_IN, sign_in_s))
        delivered = [event for event in result.events if isinstance(event, ParcelDelivered)]
        started = [event for event in result.events if isinstance(event, TourStarted)]
        assert len(delivered) == len(started) == 1
        span_s[sign_in_s] = delivered[0].at - started[0].at
    assert span_s[240] == span_s[0] + 240


def test_who_is_kept_out_hands_over_at_the_gate(one_parcel_inside: Day) -> None:
    """Under PERMIT the recipient is called, comes down and takes it, at the gate and not before."""
    day = with_behaviour(one_parcel_inside, phone_share=1.0, come_down_median_s=300.0)
    result = play(day, Walled(GateRule.PERMIT))
    [delivered] = [event for event in result.events if isinstance(event, ParcelDelivered)]
    [arrived] = [
        event for event in result.events if isinstance(event, StopArrived) and event.stop == 1
    ]
    assert delivered.purpose is Purpose.GATE
    assert delivered.at - arrived.at > 60


def test_who_does_not_answer_the_phone_gets_nothing_at_the_gate(one_parcel_inside: Day) -> None:
    """A visit in vain, after the call and the wait, as at a door."""
    result = play(with_behaviour(one_parcel_inside, phone_share=0.0), Walled(GateRule.PERMIT))
    failed = [event for event in result.events if isinstance(event, AttemptFailed)]
    assert {event.failure for event in failed} == {FailureCode.ABSENT}
    assert all(event.counts for event in failed)
    assert result.kpis["delivered"] == 0
    assert result.stuck == ()


def test_some_strangers_wait_long_at_the_gate(one_parcel_inside: Day) -> None:
    """All of them here, and between five and fifteen minutes."""
    spans_s = {}
    for share in (0.0, 1.0):
        day = with_behaviour(one_parcel_inside, gate_slow_share=share, gate_known_s=(0, 10))
        result = play(day, Walled(GateRule.SIGN_IN, 45))
        [delivered] = [event for event in result.events if isinstance(event, ParcelDelivered)]
        [started] = [event for event in result.events if isinstance(event, TourStarted)]
        spans_s[share] = delivered.at - started.at
    assert 255 <= spans_s[1.0] - spans_s[0.0] <= 855


def test_who_is_turned_away_says_so(one_parcel_inside: Day) -> None:
    """Nobody gets in: NO_ACCESS, seen from the gate, with a call and the wait."""
    day = with_behaviour(one_parcel_inside, gate_refused_share=1.0)
    result = play(day, Walled(GateRule.SIGN_IN, 45))
    failed = [event for event in result.events if isinstance(event, AttemptFailed)]
    assert {event.failure for event in failed} == {FailureCode.NO_ACCESS}
    assert result.kpis["delivered"] == 0
    assert result.stuck == ()


def test_a_known_carrier_is_let_in_though_strangers_are_not(one_parcel_inside: Day) -> None:
    """A rider with a party waits ten seconds at most."""
    day = with_behaviour(one_parcel_inside, gate_refused_share=1.0, gate_known_s=(10, 10))
    rider = msgspec.structs.replace(day.couriers[1], party="carrier-a")
    day = dataclasses.replace(
        day, couriers=(rider,), availability=tuple(it for it in day.availability if it[0] == "r1")
    )
    assert play(day, Walled(GateRule.SIGN_IN, 45)).kpis["delivered"] == 1


def test_a_courier_inside_gets_out_when_the_gate_closes(one_parcel_inside: Day) -> None:
    """The gate shuts for the night while the tour is inside: it ends as any other."""
    day = with_behaviour(one_parcel_inside, gate_slow_share=0.1)
    before = play(day, Walled(GateRule.OPEN))
    closes_at = next(event.at for event in before.events if isinstance(event, ParcelDelivered)) - 1

    class Closing(Walled):
        """Open to the plan, shut just before the parcel is handed over."""

        def gate(self, compound: str, mode: str, *, at: int | None = None) -> Gate | None:
            found = super().gate(compound, mode, at=at)
            return found if at is None or at < closes_at else None

    result = play(day, Closing(GateRule.OPEN))
    assert result.kpis["delivered"] == 1
    assert any(isinstance(event, TourCompleted) for event in result.events)
    assert result.stuck == ()


def test_a_permit_gets_the_parcel_in(one_parcel_inside: Day) -> None:
    """Of two couriers only the one with access is asked."""
    rider = one_parcel_inside.couriers[1]
    permitted = msgspec.structs.replace(rider, access=("G",))
    day = dataclasses.replace(
        one_parcel_inside, couriers=(one_parcel_inside.couriers[0], permitted)
    )
    result = play(day, Walled(GateRule.PERMIT))
    assert result.kpis["delivered"] == 1
    offers = [event.offer for event in result.events if isinstance(event, OfferMade)]
    assert {offer.courier for offer in offers} == {rider.id}
