"""Decisions over gRPC: what each plan decided, why a leg is left out, why not me."""

from typing import Any

import grpc
import pytest

from dispatch.auth import Role
from dispatch.executors import Planner
from dispatch.service.site import HostedZone
from dispatch.v1 import courier_app_pb2, decisions_pb2, dispatching_pb2
from tests.dispatch.service.house import NETWORK, SHOP, House, place, refusal

ZONE = f"{NETWORK}/zones/all"
CAI, BO = f"{NETWORK}/couriers/cai", f"{NETWORK}/couriers/bo"
Code = grpc.StatusCode
Token = list[tuple[str, str]]


def leg(number: int) -> str:
    """Return the name of a parcel's first leg."""
    return f"{SHOP}/parcels/p{number}/legs/1"


async def online(house: House, courier: str = "cai", **fields: Any) -> Token:
    """Let somebody be there with nothing to do."""
    token = await house.courier(courier, **fields)
    name = f"{NETWORK}/couriers/{courier}"
    await house.phone.GoOnline(courier_app_pb2.GoOnlineRequest(name=name), metadata=token)
    return token


async def told(house: House, token: Token, **fields: Any) -> decisions_pb2.ExplainDecisionResponse:
    """Ask why."""
    answer: decisions_pb2.ExplainDecisionResponse = await house.dispatch.ExplainDecision(
        decisions_pb2.ExplainDecisionRequest(**fields), metadata=token
    )
    return answer


async def two_for_one(house: House) -> Token:
    """Let Cai, whose hands are full with one, and two parcels wait; plan."""
    cai = await online(house)
    await house.create(0)
    await house.create(1)
    await house.plan()
    return cai


async def test_decisions_are_listed_newest_first(house: House) -> None:
    """Pages meet without a gap; each says by what and how it was made."""
    await two_for_one(house)
    for _ in range(2):
        await house.dispatch.RunDispatch(
            dispatching_pb2.RunDispatchRequest(parent=NETWORK), metadata=house.dispatcher
        )
        await online(house, f"c{house.clock.instant}")
        house.clock.instant += 60
        await house.plan()
    seen = []
    token = ""
    while True:
        page = await house.dispatch.ListDecisions(
            decisions_pb2.ListDecisionsRequest(parent=ZONE, page_size=1, page_token=token),
            metadata=house.dispatcher,
        )
        seen += list(page.decisions)
        token = page.next_page_token
        if not token:
            break
    numbers = [int(one.name.rpartition("/")[2]) for one in seen]
    assert numbers == sorted(numbers, reverse=True)
    assert numbers[-1] == 1
    assert len(numbers) == len(set(numbers)) >= 2
    first = seen[-1]
    assert first.name == f"{ZONE}/decisions/1"
    assert first.engine == "insert"
    assert len(first.input_digest) == 64
    assert (first.tour_count, first.leg_count, first.left_out_count) == (1, 1, 1)
    assert first.cost.currency_code == house.site.networks["local"].currency
    assert [its.leg for its in first.explanations] == [leg(1)]
    for one in seen:
        again = await told(house, house.dispatcher, name=one.name)
        assert again.decision == one


async def test_a_dispatcher_is_told_all_of_it(house: House) -> None:
    """The code, who is nearest, what is missing, and what would do, in numbers and in words."""
    await two_for_one(house)
    answer = await told(house, house.dispatcher, leg=leg(1))
    assert answer.decision.name == f"{ZONE}/decisions/1"
    its = answer.explanation
    assert its.reason_code == "CAPACITY"
    assert its.courier == CAI
    assert its.slack == 1
    assert its.fix.kind == "PARCELS"
    assert its.fix.courier == CAI
    assert its.fix.amount == 1
    assert "cai has no room" in its.text
    assert "served if cai takes one more parcel" in its.text
    same = await told(house, house.dispatcher, leg=leg(1), name=answer.decision.name)
    assert same.explanation == its


async def test_a_merchant_sees_no_courier(house: House) -> None:
    """Reason and fix are there, and nobody's name; another merchant's legs are none of its own."""
    await two_for_one(house)
    answer = await told(house, house.shop, leg=leg(1))
    assert answer.explanation.reason_code == "CAPACITY"
    assert "a courier takes one more parcel" in answer.explanation.text
    assert "cai" not in str(answer)
    call = house.dispatch.ExplainDecision(
        decisions_pb2.ExplainDecisionRequest(leg=leg(1)), metadata=house.rival
    )
    code, _, _ = await refusal(call)
    assert code is Code.PERMISSION_DENIED


async def test_what_is_not_left_out_says_where_it_stands(house: House) -> None:
    """A leg that is offered, and one that no plan has seen, have no reason."""
    await two_for_one(house)
    offered = (await told(house, house.dispatcher, leg=leg(0))).explanation
    assert offered.reason_code == ""
    assert "OFFERED" in offered.text
    await house.create(2)
    fresh = await told(house, house.shop, leg=leg(2))
    assert not fresh.HasField("decision")
    assert fresh.explanation.text == "no plan has looked at it yet"


async def test_why_not_me(house: House) -> None:
    """A courier learns the code and the own slack, nothing of others and not where it goes."""
    cai = await two_for_one(house)
    answer = await told(house, cai, leg=leg(1), courier=CAI)
    assert answer.explanation == decisions_pb2.LegExplanation(
        leg=leg(1), reason_code="CAPACITY", courier=CAI, slack=1
    )
    full = await told(house, house.dispatcher, leg=leg(1), courier=CAI)
    assert full.explanation.fix.kind == "PARCELS"
    bo = await online(house, "bo")
    for token, courier in ((bo, CAI), (house.shop, CAI)):
        ask = decisions_pb2.ExplainDecisionRequest(leg=leg(1), courier=courier)
        code, _, _ = await refusal(house.dispatch.ExplainDecision(ask, metadata=token))
        assert code is Code.PERMISSION_DENIED
    unknown = decisions_pb2.ExplainDecisionRequest(leg=leg(77), courier=CAI)
    code, _, _ = await refusal(house.dispatch.ExplainDecision(unknown, metadata=cai))
    assert code is Code.PERMISSION_DENIED


async def test_another_does_it_cheaper(house: House) -> None:
    """Whose leg another serves is told by how much, and by whom."""
    await online(house)
    await online(house, "bo", home_anchor=place(40))
    await house.create(0)
    await house.plan()
    its = (await told(house, house.dispatcher, leg=leg(0), courier=BO)).explanation
    assert its.reason_code == "NOT_WORTH_IT"
    assert its.served_by == CAI
    assert its.slack > 0
    assert "cai does it" in its.text
    ask = decisions_pb2.ExplainDecisionRequest(leg=leg(0), courier=CAI)
    code, _, fields = await refusal(house.dispatch.ExplainDecision(ask, metadata=house.dispatcher))
    assert (code, fields) == (Code.INVALID_ARGUMENT, ["courier"])


async def test_an_older_plan_is_forgotten(house: House) -> None:
    """Why not me is answered of the last plan alone, and not after a restart."""
    await two_for_one(house)
    await online(house, "bo")
    await house.plan()
    ask = decisions_pb2.ExplainDecisionRequest(leg=leg(1), courier=CAI, name=f"{ZONE}/decisions/1")
    call = house.dispatch.ExplainDecision(ask, metadata=house.dispatcher)
    code, reason, _ = await refusal(call)
    assert (code, reason) == (Code.FAILED_PRECONDITION, "PLAN_FORGOTTEN")
    zone: HostedZone = house.site.networks["local"].any_zone()
    planner: Planner = zone.loop.planner
    planner.made = None
    ask = decisions_pb2.ExplainDecisionRequest(leg=leg(1), courier=CAI)
    with pytest.raises(grpc.aio.AioRpcError, match="since the service was started"):
        await house.dispatch.ExplainDecision(ask, metadata=house.dispatcher)


async def test_the_last_plan_has_the_last_word(house: House) -> None:
    """A leg that is left out again is explained anew: by who is nearest now."""
    await online(house)
    for number in range(3):
        await house.create(number)
    await house.plan()
    await online(house, "bo")
    await house.plan()
    answers = [await told(house, house.dispatcher, leg=leg(number)) for number in range(3)]
    [left] = [its for its in answers if its.explanation.reason_code]
    assert left.decision.name == f"{ZONE}/decisions/2"
    assert left.explanation.courier == BO


async def test_the_log_still_knows_after_a_restart(house: House) -> None:
    """What was found out stands in the log: it needs no memory."""
    await two_for_one(house)
    zone = house.site.networks["local"].any_zone()
    zone.loop.planner.made = None
    answer = await told(house, house.dispatcher, leg=leg(1))
    assert answer.explanation.fix.kind == "PARCELS"


@pytest.mark.parametrize(
    ("fields", "code", "bad"),
    [
        ({}, Code.INVALID_ARGUMENT, ["leg"]),
        ({"courier": CAI}, Code.INVALID_ARGUMENT, ["leg"]),
        ({"leg": "x"}, Code.INVALID_ARGUMENT, ["leg"]),
        ({"name": f"{ZONE}/decisions/x"}, Code.INVALID_ARGUMENT, ["name"]),
        ({"name": f"{ZONE}/decisions/9"}, Code.NOT_FOUND, []),
        ({"name": f"{NETWORK}/zones/none/decisions/1"}, Code.NOT_FOUND, []),
        ({"leg": leg(9)}, Code.NOT_FOUND, []),
        ({"leg": leg(1), "courier": f"{NETWORK}/couriers/none"}, Code.NOT_FOUND, []),
        (
            {"leg": leg(1), "name": f"{NETWORK}/zones/none/decisions/1"},
            Code.INVALID_ARGUMENT,
            ["name"],
        ),
    ],
)
async def test_bad_questions_are_refused(
    house: House, fields: dict[str, Any], code: grpc.StatusCode, bad: list[str]
) -> None:
    """Each names what is wrong."""
    await two_for_one(house)
    call = house.dispatch.ExplainDecision(
        decisions_pb2.ExplainDecisionRequest(**fields), metadata=house.dispatcher
    )
    found, _, named = await refusal(call)
    assert (found, named) == (code, bad)


async def test_decisions_are_for_dispatchers(house: House) -> None:
    """Nobody else lists them or reads a whole one."""
    cai = await two_for_one(house)
    for token in (house.shop, cai, house.token(Role.AUDITOR, "ada")):
        listing = decisions_pb2.ListDecisionsRequest(parent=ZONE)
        code, _, _ = await refusal(house.dispatch.ListDecisions(listing, metadata=token))
        assert code is Code.PERMISSION_DENIED
        ask = decisions_pb2.ExplainDecisionRequest(name=f"{ZONE}/decisions/1")
        code, _, _ = await refusal(house.dispatch.ExplainDecision(ask, metadata=token))
        assert code is Code.PERMISSION_DENIED
