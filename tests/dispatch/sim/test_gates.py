"""Simulated people at gates: they spend the time that was planned, or are not sent at all."""

import dataclasses

import msgspec
import pytest

from dispatch.clock import SystemClock
from dispatch.core.messages import OfferMade, ParcelDelivered, TourStarted
from dispatch.core.policy import Policy
from dispatch.sim.day import Replay, Result
from dispatch.sim.folder import Day
from maps.compounds import GateRule
from maps.travel import StraightLine
from tests.dispatch.sim.small_day import HOUR, Walled, small_day


@pytest.fixture(scope="module")
def one_parcel_inside() -> Day:
    """Give the small day's first parcel, its door in compound G, and nothing left to chance."""
    day = small_day(no_show_share=0.0, away_share=0.0, travel_cv=0.0, service_cv=0.0)
    (parcel, *_) = day.parcels
    door = msgspec.structs.replace(parcel.dropoff, compound="G", door_key="d")
    return dataclasses.replace(day, parcels=(msgspec.structs.replace(parcel, dropoff=door),))


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


def test_nobody_is_sent_to_a_gate_that_is_shut_to_all(one_parcel_inside: Day) -> None:
    """The parcel expires, and the report says that it was for want of a permit."""
    kpis = play(one_parcel_inside, Walled(GateRule.PERMIT)).kpis
    assert kpis["delivered"] == 0
    assert kpis["offers"] == 0
    assert kpis["unserved_by_reason"] == {"PERMIT": 1}


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
