"""Lifts of a simulated day: who rides, how long that takes at a peak, and what stays as planned."""

import dataclasses
import itertools
from typing import Any

import pytest
from msgspec.structs import replace

from dispatch.core.messages import OfferMade, ParcelDelivered, StopArrived, TourStarted
from dispatch.core.model import Seconds
from dispatch.sim.day import Result
from tests.dispatch.sim.guarded_day import guarded_day, play

STEADY: dict[str, Any] = {"travel_cv": 0.0, "service_cv": 0.0, "lift_sigma": 0.0}
ALL_DAY = ((0, 1440),)


def steps_s(result: Result) -> list[Seconds]:
    """Return the seconds between hand-overs at the doors of the first entrance, by their order."""
    arrived = [event.at for event in result.events if isinstance(event, StopArrived)]
    done = sorted({event.at for event in result.events if isinstance(event, ParcelDelivered)})
    first = [at for at in done if arrived[1] <= at < arrived[2]]
    return [after - before for before, after in itertools.pairwise(first)]


def span_s(result: Result) -> Seconds:
    """Return the seconds from setting out to the last hand-over."""
    started = next(event.at for event in result.events if isinstance(event, TourStarted))
    return max(e.at for e in result.events if isinstance(e, ParcelDelivered)) - started


def test_a_lift_that_waits_as_planned_changes_nothing() -> None:
    """A median of the plan's 30 s without spread is the planned day."""
    planned = play(guarded_day(**STEADY))
    same = play(guarded_day(**STEADY, lift_median_s=30.0, lift_peaks=()))
    assert [row.payload for row in planned.rows] == [row.payload for row in same.rows]


def test_a_lift_is_slower_at_its_peak() -> None:
    """Half a minute for each ride: up to the eighth floors, while the way down is on foot."""
    calm = play(guarded_day(**STEADY, lift_median_s=30.0, lift_peaks=()))
    peak = play(guarded_day(**STEADY, lift_median_s=30.0, lift_peaks=ALL_DAY))
    assert steps_s(calm) == steps_s(peak) != []
    assert span_s(peak) - span_s(calm) == 60


@pytest.mark.parametrize(("lift", "floor"), [(False, 8), (True, 0)])
def test_without_a_lift_or_floors_nobody_waits_for_one(*, lift: bool, floor: int) -> None:
    """The same day at a peak and without one."""
    logs = []
    for peaks in ((), ALL_DAY):
        day = guarded_day(parcels=1, **STEADY, lift_median_s=30.0, lift_peaks=peaks)
        [parcel] = day.parcels
        door = replace(parcel.dropoff, has_lift=lift, floor=floor)
        result = play(dataclasses.replace(day, parcels=(replace(parcel, dropoff=door),)))
        assert any(isinstance(event, OfferMade) for event in result.events)
        logs.append([row.payload for row in result.rows])
    assert logs[0] == logs[1]


def test_a_guard_rides_down_from_the_top_to_another_door() -> None:
    """From floor 25 to the next recipient on floor 2 of the same entrance."""
    day = guarded_day(parcels=4, **STEADY, lift_median_s=30.0, lift_peaks=ALL_DAY)
    parcels = tuple(
        replace(
            parcel,
            dropoff=replace(parcel.dropoff, floor=(25, 2)[index // 2], door_key=f"{index // 2}"),
        )
        for index, parcel in enumerate(day.parcels)
    )
    result = play(dataclasses.replace(day, parcels=parcels))
    assert result.kpis["delivered"] == 4
    assert result.stuck == ()
