"""Slot advice over gRPC: who may ask, what is answered, what is refused."""

from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.v1 import courier_app_pb2, feasibility_pb2, types_pb2
from tests.dispatch.service.house import NETWORK, NOON, SHOP, House, parcel, place, refusal

ZONE = f"{NETWORK}/zones/all"
Code = grpc.StatusCode
HOUR = 3600


def window(opens: int, closes: int) -> types_pb2.TimeWindow:
    """Return a window by seconds after noon."""
    return types_pb2.TimeWindow(
        open_time={"seconds": NOON + opens}, close_time={"seconds": NOON + closes}
    )


def question(**fields: Any) -> feasibility_pb2.CheckFeasibilityRequest:
    """Return a question about a parcel of the shop and the next hour."""
    given = {"parent": SHOP, "parcel": parcel(1), "candidate_windows": [window(0, HOUR)]}
    return feasibility_pb2.CheckFeasibilityRequest(**{**given, **fields})


async def online(house: House, courier: str = "cai", **fields: Any) -> None:
    """Let somebody be there with nothing to do."""
    token = await house.courier(courier, **fields)
    name = f"{NETWORK}/couriers/{courier}"
    await house.phone.GoOnline(courier_app_pb2.GoOnlineRequest(name=name), metadata=token)


async def test_a_merchant_learns_what_can_be_promised(house: House) -> None:
    """Cost, chance and number of couriers, the best first; names are the dispatcher's to know."""
    await online(house)
    late = window(5 * HOUR, 6 * HOUR)
    ask = question(candidate_windows=[late, window(0, HOUR)])
    before = house.types()
    answer = await house.dispatch.CheckFeasibility(ask, metadata=house.shop)
    assert house.types() == before
    assert answer.zone == ZONE
    assert not answer.HasField("plan_time")
    best, worst = answer.windows
    assert best.window == window(0, HOUR)
    assert best.feasible
    assert best.marginal_cost.currency_code == house.site.networks["local"].currency
    assert best.marginal_cost.units > 0
    assert best.on_time_permille == 1000
    assert NOON < best.arrival_time.seconds < NOON + HOUR
    assert best.courier_count == 1
    assert not best.nearest_couriers
    assert worst.window == late
    assert not worst.feasible
    assert worst.reason_code
    assert not worst.HasField("marginal_cost")
    seen = await house.dispatch.CheckFeasibility(ask, metadata=house.dispatcher)
    assert list(seen.windows[0].nearest_couriers) == [f"{NETWORK}/couriers/cai"]


async def test_what_is_promised_already_is_in_the_way(house: House) -> None:
    """Whose offer is open is asked from its end on; the answer says of when the plan is."""
    await online(house)
    await house.create(0)
    free = await house.dispatch.CheckFeasibility(question(), metadata=house.shop)
    await house.plan()
    assert house.site.networks["local"].any_zone().state.open_offer
    busy = await house.dispatch.CheckFeasibility(question(), metadata=house.shop)
    assert free.windows[0].arrival_time.seconds < busy.windows[0].arrival_time.seconds
    assert busy.plan_time.seconds == NOON


async def test_without_windows_the_next_hours_are_looked_at(house: House) -> None:
    """Six hours in half hours; without any courier all of them say that nobody is there."""
    ask = question(candidate_windows=[])
    answer = await house.dispatch.CheckFeasibility(ask, metadata=house.shop)
    assert len(answer.windows) == 12
    assert {one.reason_code for one in answer.windows} == {"NO_COURIER_IN_RANGE"}


async def test_a_parcel_may_start_in_a_hub(house: House) -> None:
    """Where it is picked up follows from the hub's name, as at creation."""
    await online(house)
    await house.hub("till")
    hub = types_pb2.Place(hub=f"{NETWORK}/hubs/till")
    ask = question(parcel=parcel(1, pickup=hub))
    answer = await house.dispatch.CheckFeasibility(ask, metadata=house.shop)
    assert answer.zone == ZONE
    assert answer.windows[0].feasible
    unknown = types_pb2.Place(hub=f"{NETWORK}/hubs/none")
    call = house.dispatch.CheckFeasibility(
        question(parcel=parcel(1, pickup=unknown)), metadata=house.shop
    )
    code, _, _ = await refusal(call)
    assert code is Code.NOT_FOUND


@pytest.mark.parametrize(
    ("fields", "bad"),
    [
        ({"candidate_windows": [window(HOUR, 0)]}, "candidate_windows[0].close_time"),
        ({"candidate_windows": [window(-2 * HOUR, -HOUR)]}, "candidate_windows[0].close_time"),
        ({"candidate_windows": [types_pb2.TimeWindow()]}, "candidate_windows[0].open_time"),
        ({"candidate_windows": [window(0, HOUR)] * 51}, "candidate_windows"),
        ({"parcel": parcel(1, windows=[window(0, HOUR)])}, "parcel.windows"),
        ({"parcel": parcel(1, dropoff=types_pb2.Place())}, "parcel.dropoff.point"),
        ({"parcel": parcel(1, dropoff=place(1000))}, "parcel.dropoff.point"),
        ({"parcel": None}, "parcel"),
        ({"zone": f"{NETWORK}/zones/other"}, "zone"),
        ({"zone": "other"}, "zone"),
    ],
)
async def test_bad_questions_are_refused_by_field(
    house: House, fields: dict[str, Any], bad: str
) -> None:
    """Each names what is wrong, and nothing is looked at."""
    call = house.dispatch.CheckFeasibility(question(**fields), metadata=house.shop)
    code, _, named = await refusal(call)
    assert code is Code.INVALID_ARGUMENT
    assert named == [bad]


async def test_it_is_for_merchants_and_dispatchers(house: House) -> None:
    """Another merchant, a courier and an unknown merchant are refused."""
    cai = await house.courier()
    for token in (house.rival, cai, house.token(Role.AUDITOR, "ada")):
        call = house.dispatch.CheckFeasibility(question(), metadata=token)
        code, reason, _ = await refusal(call)
        assert (code, reason) == (Code.PERMISSION_DENIED, "ACCESS_DENIED")
    ask = question(parent=f"{NETWORK}/merchants/none")
    code, _, _ = await refusal(house.dispatch.CheckFeasibility(ask, metadata=house.dispatcher))
    assert code is Code.NOT_FOUND


async def test_no_recipient_is_in_the_answer(house: House) -> None:
    """What is said of people in the question is not said back, and enters no log."""
    await online(house)
    secret = {"display_name": "Rita Recipient", "phone_number": "+358401112223"}
    ask = question(parcel=parcel(1, dropoff=place(2, contact=secret, room="12 B")))
    answer = await house.dispatch.CheckFeasibility(ask, metadata=house.dispatcher)
    assert "Rita" not in str(answer)
    assert "12 B" not in str(answer)
    assert all("Rita" not in row.payload for row in house.log.read(limit=1000))
