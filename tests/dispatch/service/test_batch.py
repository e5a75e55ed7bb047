"""Batches over a real port: a plan for whoever may ask, nothing kept, one at a time."""

import asyncio
import json
import threading
import time
from collections.abc import Callable, Iterable
from typing import Any

import grpc
import pytest
from google.protobuf.duration_pb2 import Duration
from google.protobuf.timestamp_pb2 import Timestamp
from google.type.latlng_pb2 import LatLng
from google.type.money_pb2 import Money

from dispatch.auth import Role
from dispatch.service import batch as desk
from dispatch.solver.formats import antmile
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve
from dispatch.v1 import batch_pb2 as pb
from dispatch.v1 import dispatching_pb2
from examples.batch_of_arrays import cost_of, request_of
from tests.dispatch.service.house import LAT, LON, NETWORK, NOON, House, details, refusal

Code = grpc.StatusCode


def asked(**fields: Any) -> pb.SolveBatchRequest:
    """Return three legs from one shop and a courier with room for two, by matrix."""
    travel = [abs(row - column) * 60 for row in range(4) for column in range(4)]
    given = {
        "parent": NETWORK,
        "places": [pb.BatchPlace()] * 4,
        "matrices": [pb.BatchMatrix(travel_seconds=travel)],
        "legs": [
            pb.BatchLeg(
                id=f"leg-{place}",
                pickup_place=0,
                options=[pb.BatchOption(place=place)],
                loads=[1],
                unassigned_cost=Money(units=5),
            )
            for place in (1, 2, 3)
        ],
        "couriers": [
            pb.BatchCourier(
                id="ann",
                start_place=0,
                end_place=0,
                most_parcels=2,
                pay={"travel_minute_cost": {"nanos": 100_000_000}},
            )
        ],
        "limits": pb.BatchLimits(iterations=200),
    }
    return pb.SolveBatchRequest(**{**given, **fields})


def on_the_map(**fields: Any) -> pb.SolveBatchRequest:
    """Return the same by coordinates."""
    message = asked(**fields)
    del message.matrices[:], message.places[:]
    message.places.extend(
        pb.BatchPlace(point=LatLng(latitude=LAT + number / 1000, longitude=LON))
        for number in range(4)
    )
    return message


async def solved(house: House, message: pb.SolveBatchRequest) -> pb.SolveBatchResponse:
    """Ask as a dispatcher."""
    answer: pb.SolveBatchResponse = await house.dispatch.SolveBatch(
        message, metadata=house.dispatcher
    )
    return answer


async def test_a_batch_gets_tours_and_reasons(house: House) -> None:
    """Tours name couriers, legs and times; a leg left out has a reason; the terms add up."""
    plan = await solved(house, asked(start_time=Timestamp(seconds=NOON + 600)))
    [tour] = plan.tours
    assert tour.courier == "ann"
    assert [stop.action for stop in tour.stops].count(pb.BatchStop.Action.DROPOFF) == 2
    assert {stop.leg for stop in tour.stops} == {"leg-1", "leg-2"}
    assert tour.start_time.seconds == NOON + 600
    assert tour.end_time.seconds == NOON + 600 + 240
    assert tour.stops[-1].place in {1, 2}
    [left_out] = plan.unassigned
    assert left_out.leg == "leg-3"
    assert left_out.reason_codes == ["CAPACITY"]
    assert {pb.BatchCostTerm.Kind.Name(term.kind) for term in plan.cost_terms} == {
        "TRAVEL",
        "UNASSIGNED",
    }
    assert sum(cost_of(term.cost) for term in plan.cost_terms) == cost_of(plan.cost)
    assert cost_of(plan.cost) == 500_000 + 240 * 167
    assert plan.stopped_by == pb.SolveBatchResponse.StoppedBy.ITERATION_LIMIT
    assert plan.engine == "routing"


async def test_a_plan_is_that_of_the_same_file(house: House) -> None:
    """The same arrays, seed and iterations give the same plan as from a file: digest and cost."""
    arrays: dict[str, Any] = {
        "travel": [[[0, 9, 7, 5], [9, 0, 4, 6], [7, 4, 0, 3], [5, 6, 3, 0]]],
        "pickup_place": [0, 1, 2, 3],
        "option_leg": [0, 0, 1, 2, 3],
        "option_place": [1, 2, 3, 0, 1],
        "option_cost": [5, 1, 0, 0, 2],
        "start_place": [0, 3],
        "end_place": [0, -1],
        "cost_per_travel": [11, 13],
        "fixed_cost": [100, 90],
        "most_parcels": [3, 3],
    }
    problem = Problem(**arrays)
    message = request_of(json.loads(antmile.write(problem)), NETWORK)
    message.limits.CopyFrom(pb.BatchLimits(iterations=500, seed=7))
    plan = await solved(house, message)
    wanted = solve(problem, iterations=500, seed=7)
    assert plan.digest == problem.digest()
    assert cost_of(plan.cost) == wanted.cost
    assert plan.iterations == wanted.iterations
    assert [tour.courier for tour in plan.tours] == [str(tour.courier) for tour in wanted.tours]


async def test_coordinates_are_routed_on_the_map(house: House) -> None:
    """Without matrices the ways are the map's, for each mode that couriers travel by."""
    message = on_the_map()
    slow = await solved(house, message)
    message.couriers[0].mode = "ebike"
    quick = await solved(house, message)
    took_s = [
        plan.tours[0].end_time.seconds - plan.tours[0].start_time.seconds for plan in (slow, quick)
    ]
    assert took_s[0] > 3 * took_s[1] > 0


async def test_closures_of_the_zone_hold(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    """Ways are those of now: what the zone's dispatchers have closed is closed here too."""
    seen: list[Any] = []
    ways: Any = house.site.ways

    def closed(closures: Iterable[Any]) -> Any:
        seen.extend(closures)
        return ways

    monkeypatch.setattr(ways, "closed", closed)
    closure = dispatching_pb2.Closure(
        kind="STREET", ref="1", end_time=Timestamp(seconds=NOON + 3600), reason="roadworks"
    )
    await house.dispatch.CreateClosure(
        dispatching_pb2.CreateClosureRequest(
            parent=f"{NETWORK}/zones/all", closure_id="w1", closure=closure
        ),
        metadata=house.dispatcher,
    )
    await solved(house, on_the_map())
    assert [found.id for found in seen] == ["w1"]


async def test_nothing_is_kept(house: House) -> None:
    """Neither a row of the log nor a change of the state: a batch leaves no trace."""
    await house.create(1)
    before = house.types()
    zone = house.site.networks["local"].any_zone()
    state = zone.state
    await solved(house, on_the_map())
    await refusal(house.dispatch.SolveBatch(asked(zone="x"), metadata=house.dispatcher))
    assert house.types() == before
    assert zone.state is state


@pytest.mark.parametrize(
    ("role", "network"),
    [
        (Role.MERCHANT, "local"),
        (Role.COURIER, "local"),
        (Role.HUB_OPERATOR, "local"),
        (Role.PROPERTY_COMPANY, "local"),
        (Role.AUDITOR, "local"),
        (Role.DISPATCHER, "twin"),
    ],
)
async def test_only_the_networks_dispatchers_may_ask(
    house: House, role: Role, network: str
) -> None:
    """Nobody else makes the service work, and nobody works in another network."""
    call = house.dispatch.SolveBatch(asked(), metadata=house.token(role, "x", network))
    code, reason, _ = await refusal(call)
    assert (code, reason) == (Code.PERMISSION_DENIED, "ACCESS_DENIED")


def _off_the_map(message: pb.SolveBatchRequest) -> None:
    message.places[2].point.latitude = 62


def _without_point(message: pb.SolveBatchRequest) -> None:
    message.places[2].ClearField("point")
    message.places[1].point.latitude = 62


@pytest.mark.parametrize(
    ("change", "reason", "fields"),
    [
        (_off_the_map, "ADDRESS_UNROUTABLE", ["places[2].point"]),
        (_without_point, "FIELD_INVALID", ["places[2].point", "places[1].point"]),
        (lambda m: m.ClearField("places"), "FIELD_INVALID", ["legs[0].pickup_place"]),
        (
            lambda m: m.couriers.add(id="bob", mode="jet"),
            "FIELD_INVALID",
            ["couriers[1].mode"],
        ),
        (lambda m: setattr(m, "zone", "zones/all"), "FIELD_INVALID", ["zone"]),
        (
            lambda m: m.locks.add(leg="leg-1", courier="ann", level="FULL"),
            "FIELD_INVALID",
            ["locks[0]"],
        ),
    ],
)
async def test_what_is_bad_is_refused(
    house: House, change: Callable[[pb.SolveBatchRequest], Any], reason: str, fields: list[str]
) -> None:
    """Every fault has the path of its field, those of the map and of locks too."""
    message = on_the_map()
    change(message)
    code, found, named = await refusal(
        house.dispatch.SolveBatch(message, metadata=house.dispatcher)
    )
    assert (code, found) == (Code.INVALID_ARGUMENT, reason)
    assert named[: len(fields)] == fields


async def test_an_unknown_zone_is_not_found(house: House) -> None:
    """A zone that is not there is no field's fault; neither matrix nor zone is."""
    call = house.dispatch.SolveBatch(
        on_the_map(zone=f"{NETWORK}/zones/none"), metadata=house.dispatcher
    )
    assert (await refusal(call))[0] is Code.NOT_FOUND
    twin = house.token(Role.DISPATCHER, "dora", "twin")
    call = house.dispatch.SolveBatch(on_the_map(parent="networks/twin"), metadata=twin)
    code, _, fields = await refusal(call)
    assert (code, fields) == (Code.INVALID_ARGUMENT, ["zone"])


async def test_too_many_legs_are_refused_by_the_limits_name(house: House) -> None:
    """A hundred thousand legs are refused with the limit's name; larger calls by their size."""
    message = asked()
    message.legs.extend(pb.BatchLeg(id=str(number)) for number in range(100_000))
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await solved(house, message)
    assert caught.value.code() is Code.INVALID_ARGUMENT
    assert "at most 5000 (the limit of legs)" in str(caught.value.details())
    message.legs.extend(pb.BatchLeg(id=str(number) * 20) for number in range(200_000))
    assert message.ByteSize() > 16 * 1024 * 1024
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await solved(house, message)
    assert caught.value.code() is Code.RESOURCE_EXHAUSTED


async def test_locks_hold_and_what_they_break_is_told(house: House) -> None:
    """A locked leg keeps its courier; a lock that breaks a limit by itself is a note."""
    message = asked()
    message.couriers[0].most_parcels = 0
    message.locks.add(leg="leg-3", courier="ann", level="COURIER")
    plan = await solved(house, message)
    [tour] = plan.tours
    assert {stop.leg for stop in tour.stops} == {"leg-3"}
    assert any("more than one tour may" in note for note in plan.notes)


async def test_locks_may_overfill_a_hub_and_say_so(house: House) -> None:
    """Three locked legs for the one compartment of a hub are promised all the same."""
    message = asked()
    message.couriers[0].most_parcels = 3
    message.hubs.add(id="booth", free_slots=[1])
    for leg in message.legs:
        leg.options[0].hub = "booth"
        message.locks.add(leg=leg.id, courier="ann", level="COURIER")
    plan = await solved(house, message)
    assert any("2 more of size class 0 than are free" in note for note in plan.notes)


@pytest.fixture
def gate(monkeypatch: pytest.MonkeyPatch) -> threading.Event:
    """Hold every solve until the event is set; it asks its `watch` all the time."""
    opened = threading.Event()

    def slow(problem: Problem, **options: Any) -> Any:
        while not opened.wait(0.01):
            options["watch"](0, 0)
        return solve(problem, **options)

    monkeypatch.setattr(desk, "solve", slow)
    return opened


async def test_a_network_has_one_batch_at_a_time(house: House, gate: threading.Event) -> None:
    """A second batch is told to wait; another network's is taken; later all are."""
    first = asyncio.ensure_future(solved(house, asked()))
    await asyncio.sleep(0.1)
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await solved(house, asked())
    assert caught.value.code() is Code.RESOURCE_EXHAUSTED
    info, others = details(caught.value)
    assert info.reason == "SOLVES_RUNNING"
    assert set(others) == {"QuotaFailure", "RetryInfo"}
    assert "one at a time" in str(caught.value.details())
    twin = house.token(Role.DISPATCHER, "dora", "twin")
    second = asyncio.ensure_future(
        house.dispatch.SolveBatch(asked(parent="networks/twin"), metadata=twin)
    )
    await asyncio.sleep(0.1)
    # The event loop is free all the while.
    assert await house.create(5)
    gate.set()
    assert (await first).tours
    assert (await second).tours
    assert (await solved(house, asked())).tours


async def test_a_deadline_ends_the_solve(house: House, gate: threading.Event) -> None:
    """Who waits no longer leaves no solve behind: the next one is taken soon after."""
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await house.dispatch.SolveBatch(asked(), metadata=house.dispatcher, timeout=0.2)
    assert caught.value.code() is Code.DEADLINE_EXCEEDED
    await asyncio.sleep(0.1)
    # The first one would still be held: that this one is taken says that it has been given up.
    second = asyncio.ensure_future(solved(house, asked()))
    await asyncio.sleep(0.1)
    assert not second.done()
    gate.set()
    assert (await second).tours


@pytest.mark.parametrize("columns", [None, False, True])
async def test_tours_may_be_put_together_anew(
    house: House, monkeypatch: pytest.MonkeyPatch, *, columns: bool | None
) -> None:
    """Whether they are is the caller's choice; the service knows where it helps."""
    given: list[bool | None] = []

    def noted(problem: Problem, **options: Any) -> Any:
        given.append(options["columns"])
        return solve(problem, **options)

    monkeypatch.setattr(desk, "solve", noted)
    limits = pb.BatchLimits(iterations=200, columns=columns)
    assert (await solved(house, asked(limits=limits))).tours
    assert given == [columns]


async def test_a_time_limit_yields_to_the_deadline(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that could go on for ten seconds answers before the caller hangs up."""
    monkeypatch.setattr(house.clock, "monotonic", time.monotonic)
    message = asked()
    message.limits.Clear()
    plan = await house.dispatch.SolveBatch(message, metadata=house.dispatcher, timeout=2)
    assert plan.stopped_by == pb.SolveBatchResponse.StoppedBy.TIME_LIMIT
    assert plan.tours
    message.limits.time_limit_duration.FromMilliseconds(100)
    began = time.monotonic()
    assert (await solved(house, message)).stopped_by == plan.stopped_by
    assert time.monotonic() - began < 2


async def test_a_search_by_steps_ends_some_time(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Steps alone may take too long on this machine; then the request is what is wrong."""
    ticking = iter(range(0, 10**9, 200))
    monkeypatch.setattr(house.clock, "monotonic", lambda: float(next(ticking)))
    call = house.dispatch.SolveBatch(asked(), metadata=house.dispatcher)
    code, _, fields = await refusal(call)
    assert (code, fields) == (Code.INVALID_ARGUMENT, ["limits.iterations"])


async def test_the_longest_time_limit_is_one_that_can_be_given(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A search that ends a little after its 300 seconds has a plan, and is not refused for it."""
    ticking = iter(range(0, 10**9, 40))
    monkeypatch.setattr(house.clock, "monotonic", lambda: float(next(ticking)))
    limits = pb.BatchLimits(time_limit_duration=Duration(seconds=300))
    plan = await solved(house, asked(limits=limits))
    assert plan.stopped_by == pb.SolveBatchResponse.StoppedBy.TIME_LIMIT
    assert plan.tours


async def test_without_a_map_matrices_are_required(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A service that has no map says so instead of looking for ways."""
    monkeypatch.setattr(house.site, "ways", None)
    call = house.dispatch.SolveBatch(on_the_map(), metadata=house.dispatcher)
    code, _, fields = await refusal(call)
    assert (code, fields) == (Code.INVALID_ARGUMENT, ["matrices"])
    assert (await solved(house, asked())).tours


async def test_times_of_places_and_hours_go_together(house: House) -> None:
    """Windows are instants: a drop-off waits for its opening, and lateness has its price."""
    message = asked(start_time=Timestamp(seconds=NOON))
    option = message.legs[0].options[0]
    option.open_time.seconds = NOON + 1000
    option.service_duration.CopyFrom(Duration(seconds=30))
    due = message.legs[1].options[0].due_time
    due.seconds = NOON + 1
    message.legs[1].lateness_minute_cost.CopyFrom(Money(nanos=10_000_000))
    plan = await solved(house, message)
    starts = {
        stop.leg: (stop.start_time.seconds - NOON, stop.end_time.seconds - NOON)
        for stop in plan.tours[0].stops
        if stop.action == pb.BatchStop.Action.DROPOFF
    }
    assert starts["leg-1"] == (1000, 1030)
    kinds = {term.kind for term in plan.cost_terms}
    assert (pb.BatchCostTerm.Kind.LATENESS in kinds) == (starts["leg-2"][0] > 1)
