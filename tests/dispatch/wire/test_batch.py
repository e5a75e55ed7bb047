"""A whole problem as a message: the same problem on both sides, and every fault by its path."""

import json
from collections.abc import Callable
from dataclasses import fields
from typing import Any

import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.money_pb2 import Money
from hypothesis import given, settings

from dispatch.core.errors import InvalidValue
from dispatch.solver.formats import antmile
from dispatch.solver.locks import Lock, LockedStop, LockLevel
from dispatch.solver.plan import Action
from dispatch.solver.problem import FOREVER, Problem
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire.batch import Batch, batch_in, check_size
from dispatch.wire.batch.faults import COURIERS, LEGS, OPTIONS, all_names
from dispatch.wire.batch.reader import money
from examples.batch_of_arrays import START, cost_of, request_of
from tests.solver.strategies import problems

MODES = ("foot", "bicycle")
NETWORK = "networks/local"


def read(message: pb.SolveBatchRequest) -> Batch:
    """Read a request."""
    return batch_in(message, now=START, currency="EUR", map_modes=MODES)


def refused(message: pb.SolveBatchRequest) -> dict[str, str]:
    """Return all faults of a request that must be refused, by field."""

    def tried() -> None:
        check_size(message)
        read(message).problem({})

    with pytest.raises(InvalidValue) as caught:
        tried()
    return {fault.field: fault.problem for fault in caught.value.faults}


def batch() -> pb.SolveBatchRequest:
    """Return two legs of two options, two couriers, three places, a hub, a gate and a post."""
    legs = [
        pb.BatchLeg(
            id=name,
            pickup_place=0,
            options=[pb.BatchOption(place=1), pb.BatchOption(place=2, hub="booth")],
            loads=[1, 10],
        )
        for name in ("a", "b")
    ]
    return pb.SolveBatchRequest(
        parent=NETWORK,
        start_time=Timestamp(seconds=START),
        places=[pb.BatchPlace(), pb.BatchPlace(gate="garden"), pb.BatchPlace()],
        matrices=[pb.BatchMatrix(mode="foot", travel_seconds=[0, 1, 2, 1, 0, 1, 2, 1, 0])],
        legs=legs,
        couriers=[
            pb.BatchCourier(id="ann", start_place=0, mode="foot", capacities=[4, 40]),
            pb.BatchCourier(id="ben", end_place=0, post="east"),
        ],
        hubs=[pb.BatchHub(id="booth", free_slots=[1, 1])],
        gates=[pb.BatchGate(id="garden", entry_seconds=[30])],
        posts=[pb.BatchPost(id="east", steps=[{"start_time": {"seconds": START}, "most_away": 1}])],
        skills=["cool", "heavy"],
    )


@settings(max_examples=60, deadline=None)
@given(problem=problems())
def test_a_problem_and_its_message_are_the_same_problem(problem: Problem) -> None:
    """Whatever stands in a problem arrives, field by field: the digests are equal."""
    message = request_of(json.loads(antmile.write(problem)), NETWORK)
    again = pb.SolveBatchRequest.FromString(message.SerializeToString())
    found = read(again)
    assert not found.faults
    assert found.problem({}).digest() == problem.digest()


def test_every_field_of_a_problem_has_a_field_of_a_message() -> None:
    """Nothing can be planned from a file that cannot be planned by a call."""
    assert sorted(all_names()) == sorted(field.name for field in fields(Problem))


def test_every_field_of_a_message_is_one_of_the_problem() -> None:
    """Nothing can be said of a leg, an option or a courier that the problem does not hear."""

    def said(kind: Any, *others: str) -> set[str]:
        return {field.name for field in kind.DESCRIPTOR.fields} - set(others)

    assert said(pb.BatchLeg, "id", "options") == set(LEGS.values())
    assert said(pb.BatchOption, "at_tour_end") == set(OPTIONS.values())
    of_couriers = said(pb.BatchCourier, "id", "pay", "frozen_stops")
    of_pay = {f"pay.{name}" for name in said(pb.BatchPay)}
    assert of_couriers | of_pay == set(COURIERS.values())


def test_what_is_silent_is_neutral() -> None:
    """A batch of bare legs and couriers is a problem with nothing but its defaults."""
    bare = batch()
    message = pb.SolveBatchRequest(
        parent=NETWORK,
        places=[pb.BatchPlace()] * 3,
        matrices=[pb.BatchMatrix(travel_seconds=bare.matrices[0].travel_seconds)],
        legs=[pb.BatchLeg(id="a", pickup_place=0, options=[pb.BatchOption(place=1)])],
        couriers=[pb.BatchCourier(id="ann")],
    )
    arrays = {
        "travel": [[[0, 1, 2], [1, 0, 1], [2, 1, 0]]],
        "pickup_place": [0],
        "option_leg": [0],
        "option_place": [1],
        "start_place": [-1],
        "end_place": [-1],
    }
    wanted = antmile.read(json.dumps(arrays))
    assert read(message).problem({}).digest() == wanted.digest()


def test_prices_are_exact_and_rounded_only_by_the_minute() -> None:
    """Money carries a thousandth of a cent; a price of a minute becomes one of a second."""
    for cost in (0, 1, 999, 123_456, 10**15):
        assert cost_of(money(cost, "EUR")) == cost
    message = batch()
    message.legs[0].lateness_minute_cost.CopyFrom(Money(nanos=250_000_000))
    message.couriers[0].pay.kilometer_cost.CopyFrom(Money(currency_code="EUR", units=1))
    problem = read(message).problem({})
    assert problem.lateness_cost.tolist() == [417, 0]
    assert problem.cost_per_m.tolist() == [100, 0]


def test_locks_are_read() -> None:
    """A lock names leg and courier, how much is kept, since when, and the leg's stops."""
    message = batch()
    message.locks.append(
        pb.BatchLock(
            leg="b",
            courier="ann",
            level="FULL",
            since_time=Timestamp(seconds=START - 60),
            stops=[
                {"action": "PICKUP", "position": 0, "start_time": {"seconds": START + 5}},
                {"action": "DROPOFF", "position": 1, "option": 1},
            ],
        )
    )
    message.lock_relax_duration.seconds = 600
    found = read(message)
    stops = (LockedStop(0, Action.PICKUP, -1, 5), LockedStop(1, Action.DROPOFF, 3, -FOREVER))
    assert found.locks == (Lock(1, 0, LockLevel.FULL, -60, stops),)
    assert found.relax_after == 600


def _is_long(message: pb.SolveBatchRequest) -> None:
    message.legs.extend([pb.BatchLeg()] * 100_000)


def _has_no_way_to_close(message: pb.SolveBatchRequest) -> None:
    option = message.legs[1].options[1]
    option.open_time.seconds, option.close_time.seconds = START + 60, START + 59


def _has_unsorted_posts(message: pb.SolveBatchRequest) -> None:
    message.posts.append(pb.BatchPost(id="west"))
    for tick in (5, 5):
        message.posts[1].steps.add(start_time={"seconds": START + tick}, most_away=1)


def _begins_with_a_dropoff(message: pb.SolveBatchRequest) -> None:
    message.couriers[1].frozen_stops.add(leg="b", action="DROPOFF", option=1)


def _set(path: str, value: Any) -> Callable[[pb.SolveBatchRequest], None]:
    """Return a function that sets a field, given as a path such as ``legs[0].pickup_place``."""

    def change(message: Any) -> None:
        *steps, last = path.replace("[", ".").replace("]", "").split(".")
        for step in steps:
            message = message[int(step)] if step.isdigit() else getattr(message, step)
        if isinstance(value, list):
            del getattr(message, last)[:]
            getattr(message, last).extend(value)
        elif hasattr(value, "DESCRIPTOR"):
            getattr(message, last).CopyFrom(value)
        else:
            setattr(message, last, value)

    return change


BAD = {
    "legs[0].id": (_set("legs[0].id", ""), "is required"),
    "legs[1].id": (_set("legs[1].id", "a"), "'a' is that of legs[0]"),
    "legs[0].pickup_place": (_set("legs[0].pickup_place", 3), "there is no place 3"),
    "legs[0].pickup_open_time": (
        _set("legs[0].pickup_open_time", Timestamp(seconds=1)),
        "more than 34 years",
    ),
    "legs[0].pickup_duration": (_set("legs[0].pickup_duration", Duration(seconds=-1)), "-1 is not"),
    "legs[0].options": (_set("legs[0].options", []), "is required"),
    "legs[1].options[0].place": (
        lambda message: message.legs[1].options[0].ClearField("place"),
        "is required without at_tour_end",
    ),
    "legs[0].options[1].place": (
        _set("legs[0].options[1].at_tour_end", value=True),
        "must not be set with at_tour_end",
    ),
    "legs[0].options[1].hub": (_set("legs[0].options[1].hub", "kiosk"), "is none of booth"),
    "legs[1].options[1].close_time": (_has_no_way_to_close, "closes before it opens"),
    "legs[1].loads": (_set("legs[1].loads", [1]), "1 numbers, wanted 2"),
    "legs[1].loads[1]": (_set("legs[1].loads", [1, -5]), "-5 is not from 0"),
    "legs[1].size_class": (_set("legs[1].size_class", 2), "2 is not from 0 to 1"),
    "legs[0].skills[0]": (_set("legs[0].skills", ["fast"]), "'fast' is none of cool, heavy"),
    "legs[0].unassigned_cost.currency_code": (
        _set("legs[0].unassigned_cost", Money(currency_code="USD", units=1)),
        "is not EUR",
    ),
    "legs[0].move_cost.nanos": (_set("legs[0].move_cost", Money(nanos=1)), "is finer than"),
    "legs[0].move_cost": (_set("legs[0].move_cost", Money(units=-1)), "is not from 0"),
    "legs[0].required_courier": (_set("legs[0].required_courier", "cid"), "is none of ann, ben"),
    "legs[0].barred_couriers[1]": (
        _set("legs[0].barred_couriers", ["ann", "cid"]),
        "is none of ann, ben",
    ),
    "legs[0].after_leg": (_set("legs[0].after_leg", "a"), "cannot come after itself"),
    "legs[0].on_board_courier": (_set("legs[0].on_board_courier", "ann"), "has no pickup place"),
    "couriers[1].id": (_set("couriers[1].id", "ann"), "is that of couriers[0]"),
    "couriers[1].mode": (_set("couriers[1].mode", "jet"), "'jet' is none of foot"),
    "couriers[0].capacities": (_set("couriers[0].capacities", [1, 2, 3]), "3 numbers, wanted 2"),
    "couriers[0].post": (_set("couriers[0].post", "west"), "is none of east"),
    "couriers[0].duty_end_time": (
        _set("couriers[0].duty_end_time", Timestamp(seconds=START - 1)),
        "ends before it starts",
    ),
    "couriers[0].left_time": (
        _set("couriers[0].left_time", Timestamp(seconds=START + 1)),
        "is after start_time",
    ),
    "couriers[1].count": (_set("couriers[1].count", 2), "must be 1 with"),
    "couriers[0].frozen_stops[0].action": (
        lambda message: message.couriers[0].frozen_stops.add(leg="a"),
        "is required",
    ),
    "couriers[1].frozen_stops[0]": (_begins_with_a_dropoff, "is dropped before its pickup"),
    "posts[1].steps[1]": (_has_unsorted_posts, "must ascend within a post"),
    "places[0].gate": (_set("places[0].gate", "park"), "'park' is none of garden"),
    "gates[0].entry_seconds": (_set("couriers[1].access_class", 1), "1 numbers, wanted 2"),
    "hubs[1].free_slots": (
        lambda message: message.hubs.add(id="till", free_slots=[1]),
        "1 numbers, wanted 2",
    ),
    "matrices[0].travel_seconds": (
        _set("matrices[0].travel_seconds", [0] * 8),
        "8 numbers, wanted 9",
    ),
    "matrices[0].travel_seconds[3]": (
        _set("matrices[0].travel_seconds", [0, 0, 0, -2, 0, 0, 0, 0, 0]),
        "-2 is not from -1",
    ),
    "matrices[1].mode": (
        lambda message: message.matrices.append(message.matrices[0]),
        "'foot' is that of matrices[0]",
    ),
    "skills[1]": (_set("skills", ["cool", "cool"]), "'cool' is that of skills[0]"),
    "size_class_count": (_set("size_class_count", -1), "-1 is not from 0"),
    "start_time": (_set("start_time", Timestamp(seconds=-5)), "is not a time between"),
    "locks[0].level": (lambda message: message.locks.add(leg="a", courier="ann"), "is required"),
    "locks[0].leg": (
        lambda message: message.locks.add(leg="c", courier="ann", level="COURIER"),
        "'c' is none of a, b",
    ),
    "lock_relax_duration": (_set("lock_relax_duration", Duration()), "0 is not from 1"),
    "limits.threads": (_set("limits.threads", 3), "3 is not from 0 to 2"),
    "limits.iterations": (_set("limits.iterations", -1), "-1 is not from 0"),
    "limits.seed": (_set("limits.seed", 2**31), "is not from 0"),
    "limits.time_limit_duration": (
        _set("limits.time_limit_duration", Duration(seconds=301)),
        "301 s is not more than 0 and at most 300 s",
    ),
    "legs": (_is_long, "100002 legs, at most 5000 (the limit of legs)"),
    "matrices": (
        lambda message: [
            message.ClearField("matrices"),
            message.couriers.add(id="cid", mode="car"),
            message.places.extend([pb.BatchPlace()] * 4000),
        ],
        "48072027 numbers, at most 25000000",
    ),
    "legs.loads": (_set("legs[0].loads", [1] * 17), "17 numbers, at most 16"),
    "hubs.free_slots": (_set("hubs[0].free_slots", [1] * 1001), "1001 numbers, at most 1000"),
    "legs.unassigned_cost": (
        lambda message: [
            message.legs.add(
                id=f"x{number}", options=[{"place": 1}], unassigned_cost={"units": 10**10}
            )
            for number in range(4_700)
        ],
        "a plan could cost",
    ),
}


@pytest.mark.parametrize("path", BAD)
def test_what_is_bad_is_named_by_its_path(path: str) -> None:
    """Each fault names the field of the request, and says what is wrong with it."""
    change, problem = BAD[path]
    message = batch()
    change(message)
    assert problem in refused(message)[path]


def test_all_faults_are_named_at_once() -> None:
    """Who sends three mistakes learns of three mistakes."""
    message = batch()
    for path in ("legs[0].skills[0]", "couriers[1].mode", "matrices[0].travel_seconds"):
        BAD[path][0](message)
    assert set(refused(message)) == {
        "legs[0].skills[0]",
        "couriers[1].mode",
        "matrices[0].travel_seconds",
    }


def test_a_good_batch_has_no_fault() -> None:
    """What all the mistakes are made in is a problem by itself."""
    check_size(batch())
    assert read(batch()).problem({}).leg_count == 2


def test_only_batches_without_matrices_want_points() -> None:
    """Without matrices each place has to say where it is, and couriers go by the map's modes."""
    message = batch()
    del message.matrices[:]
    message.places[1].point.latitude = 91
    message.couriers[0].mode = "bicycle"
    found = read(message)
    assert found.needs_map
    assert found.modes == ("foot", "bicycle")
    assert found.given["mode"].tolist() == [1, 0]
    assert [fault.field for fault in found.faults] == [
        "places[0].point",
        "places[1].point.latitude",
        "places[2].point",
    ]
