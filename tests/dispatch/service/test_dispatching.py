import logging
import uuid

import grpc
import pytest
from google.longrunning import operations_pb2
from grpc_health.v1 import health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection_pb2, reflection_pb2_grpc

from dispatch.auth import Role
from dispatch.runtime import LiveLoop
from dispatch.v1 import courier_app_pb2, dispatching_pb2, parcels_pb2
from tests.dispatch.service.house import NETWORK, House, refusal

ZONE = f"{NETWORK}/zones/all"
Code = grpc.StatusCode


async def test_with_nobody_on_duty_nothing_is_computed(house: House) -> None:
    """A run without couriers ends at once and makes no plan."""
    await house.create(1)
    run = await house.plan()
    assert not run.offers
    assert not run.unassigned
    assert run.leg_count == 0
    assert all(row.type != "PlanMade" for row in house.log.read(ZONE))


async def test_a_run_tells_what_it_did(house: House) -> None:
    """A run names its offers, and each leg that is left out with a coded reason."""
    for number in range(2):
        await house.create(number)
    cai = await house.courier()
    name = f"{NETWORK}/couriers/cai"
    await house.phone.GoOnline(courier_app_pb2.GoOnlineRequest(name=name), metadata=cai)
    run = await house.plan()
    assert run.zone == ZONE
    assert run.leg_count == 2
    assert len(run.offers) == 1
    assert len(run.unassigned) == 1
    assert run.unassigned[0].reasons[0].code
    parcel = parcels_pb2.GetParcelRequest(name=run.unassigned[0].leg.rpartition("/legs/")[0])
    waiting = await house.parcels.GetParcel(parcel, metadata=house.shop)
    assert waiting.reason_code == run.unassigned[0].reasons[0].code


async def test_a_retried_run_is_the_same_operation(house: House) -> None:
    """The same request id starts one run; unknown operations are NOT_FOUND."""
    ask = dispatching_pb2.RunDispatchRequest(parent=NETWORK, request_id=str(uuid.uuid4()))
    first = await house.dispatch.RunDispatch(ask, metadata=house.dispatcher)
    second = await house.dispatch.RunDispatch(ask, metadata=house.dispatcher)
    assert first.name == second.name
    done = await house.operations.WaitOperation(
        operations_pb2.WaitOperationRequest(name=first.name, timeout={"seconds": 9}),
        metadata=house.dispatcher,
    )
    assert done.done
    got = await house.operations.GetOperation(
        operations_pb2.GetOperationRequest(name=first.name), metadata=house.dispatcher
    )
    assert got == done
    none = operations_pb2.GetOperationRequest(name=f"{NETWORK}/operations/none")
    code, _, _ = await refusal(house.operations.GetOperation(none, metadata=house.dispatcher))
    assert code is Code.NOT_FOUND
    code, _, _ = await refusal(house.operations.GetOperation(none, metadata=house.shop))
    assert code is Code.PERMISSION_DENIED


async def test_a_paused_zone_does_not_plan(house: House) -> None:
    """Pausing refuses runs by FAILED_PRECONDITION until the zone is resumed."""
    zone = await house.dispatch.PauseDispatch(
        dispatching_pb2.PauseDispatchRequest(name=ZONE, reason="storm"), metadata=house.dispatcher
    )
    assert zone.state == dispatching_pb2.Zone.State.PAUSED
    ask = dispatching_pb2.RunDispatchRequest(parent=NETWORK, zone=ZONE)
    code, reason, _ = await refusal(house.dispatch.RunDispatch(ask, metadata=house.dispatcher))
    assert (code, reason) == (Code.FAILED_PRECONDITION, "INVALID_TRANSITION")
    zone = await house.dispatch.ResumeDispatch(
        dispatching_pb2.ResumeDispatchRequest(name=ZONE), metadata=house.dispatcher
    )
    assert zone.state == dispatching_pb2.Zone.State.ACTIVE
    await house.plan()


async def test_zones_are_named(house: House) -> None:
    """A network with many zones has to be told which; unknown ones are NOT_FOUND."""
    twin = house.token(Role.DISPATCHER, "dora", "twin")
    ask = dispatching_pb2.RunDispatchRequest(parent="networks/twin")
    _, _, fields = await refusal(house.dispatch.RunDispatch(ask, metadata=twin))
    assert fields == ["zone"]
    ask.zone = "networks/twin/zones/none"
    code, _, _ = await refusal(house.dispatch.RunDispatch(ask, metadata=twin))
    assert code is Code.NOT_FOUND


async def test_a_request_id_belongs_to_one_zone(house: House) -> None:
    """The same id for another zone is refused, not answered with the first zone's run."""
    twin = house.token(Role.DISPATCHER, "dora", "twin")
    ask = dispatching_pb2.RunDispatchRequest(
        parent="networks/twin", zone="networks/twin/zones/east", request_id=str(uuid.uuid4())
    )
    await house.dispatch.RunDispatch(ask, metadata=twin)
    ask.zone = "networks/twin/zones/west"
    code, reason, _ = await refusal(house.dispatch.RunDispatch(ask, metadata=twin))
    assert (code, reason) == (Code.INVALID_ARGUMENT, "REQUEST_ID_REUSED")


async def test_a_run_that_breaks_ends_with_an_error(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever waits for a run hears of an error nobody thought of, and nothing of the inside."""

    async def broken(_loop: LiveLoop) -> None:
        raise ValueError("Rita Recipient")

    monkeypatch.setattr(LiveLoop, "run_epoch", broken)
    operation = await house.dispatch.RunDispatch(
        dispatching_pb2.RunDispatchRequest(parent=NETWORK), metadata=house.dispatcher
    )
    done = await house.operations.WaitOperation(
        operations_pb2.WaitOperationRequest(name=operation.name), metadata=house.dispatcher
    )
    assert done.done
    assert done.error.code == Code.INTERNAL.value[0]
    assert "Rita" not in done.error.message


async def test_health_needs_no_token_and_reflection_does(house: House) -> None:
    """A prober may ask whether the service serves; who asks what it offers, says who it is."""
    health = health_pb2_grpc.HealthStub(house.channel)
    answer = await health.Check(health_pb2.HealthCheckRequest())
    assert answer.status == health_pb2.HealthCheckResponse.SERVING
    stub = reflection_pb2_grpc.ServerReflectionStub(house.channel)
    ask = reflection_pb2.ServerReflectionRequest(list_services="")
    code, _, _ = await refusal(stub.ServerReflectionInfo(iter([ask])))
    assert code is Code.UNAUTHENTICATED
    answers = stub.ServerReflectionInfo(iter([ask]), metadata=house.dispatcher)
    listed = (await answers.read()).list_services_response.service
    assert "dispatch.v1.ParcelService" in {service.name for service in listed}
    answers.cancel()


async def test_what_no_operation_can_do_is_unimplemented(
    house: House, caplog: pytest.LogCaptureFixture
) -> None:
    """Methods that nobody has written are UNIMPLEMENTED and leave no traceback."""
    caplog.set_level(logging.DEBUG)
    name = f"{NETWORK}/operations/none"
    for call in (
        house.operations.ListOperations(
            operations_pb2.ListOperationsRequest(name=NETWORK), metadata=house.dispatcher
        ),
        house.operations.CancelOperation(
            operations_pb2.CancelOperationRequest(name=name), metadata=house.dispatcher
        ),
    ):
        code, reason, _ = await refusal(call)
        assert (code, reason) == (grpc.StatusCode.UNIMPLEMENTED, "UNIMPLEMENTED")
    assert "failed" not in caplog.text
    assert "Traceback" not in caplog.text


async def test_a_reason_of_a_pause_is_short_and_plain(house: House) -> None:
    """It goes into the log as it is: control characters and whole letters are refused."""
    for reason in ("x" * 501, "bell\x07", "nul\x00"):
        ask = dispatching_pb2.PauseDispatchRequest(name=f"{NETWORK}/zones/all", reason=reason)
        _, _, fields = await refusal(house.dispatch.PauseDispatch(ask, metadata=house.dispatcher))
        assert fields == ["reason"]
