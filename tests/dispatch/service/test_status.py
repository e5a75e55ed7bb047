import inspect
from collections.abc import AsyncIterator, Iterator

import grpc
import pytest

from dispatch.auth import Principal, Role
from dispatch.core import errors
from dispatch.core.errors import DispatchError, Fault, InvalidValue
from dispatch.log import LogUnavailable
from dispatch.service import status
from dispatch.service.guard import Guard
from dispatch.service.status import ERROR_CODES, MOST_FAULT_BYTES, status_of
from dispatch.v1 import parcels_pb2, parcels_pb2_grpc
from tests.dispatch.service.house import details


def _leaves(kind: type[DispatchError] = DispatchError) -> Iterator[type[DispatchError]]:
    """Yield every error of the engine, without those that other tests define."""
    for child in kind.__subclasses__():
        if child.__module__.startswith("dispatch."):
            yield child
            yield from _leaves(child)


LEAVES = sorted(set(_leaves()), key=lambda kind: kind.__name__)
DETAILS = {
    "INVALID_ARGUMENT": {"BadRequest"},
    "FAILED_PRECONDITION": {"PreconditionFailure"},
    "NOT_FOUND": {"ResourceInfo"},
    "ALREADY_EXISTS": {"ResourceInfo"},
    "RESOURCE_EXHAUSTED": {"QuotaFailure", "RetryInfo"},
    "UNAVAILABLE": {"RetryInfo"},
}


class _Thrower(parcels_pb2_grpc.ParcelServiceServicer):
    """Raises the error whose name is asked for."""

    async def GetParcel(self, request: parcels_pb2.GetParcelRequest, context: object) -> object:  # noqa: N802
        """Raise."""
        if request.name == "LogUnavailable":
            raise LogUnavailable("no disk")
        if request.name == "ZeroDivisionError":
            raise ZeroDivisionError(f"Secret Name lives in room {4000 + 711}")
        kind = next(kind for kind in LEAVES if kind.__name__ == request.name)
        if issubclass(kind, InvalidValue):
            raise kind([Fault("parcel.load.grams", "is negative")], subject="parcels/p1")
        raise kind("it went wrong", subject="merchants/m/parcels/p1")


@pytest.fixture
async def thrower() -> AsyncIterator[parcels_pb2_grpc.ParcelServiceStub]:
    """Serve one method on a real port, which throws what it is told to."""
    server = grpc.aio.server(
        interceptors=[Guard(lambda _token, _now: Principal("local", Role.MERCHANT, "m"), lambda: 0)]
    )
    parcels_pb2_grpc.add_ParcelServiceServicer_to_server(_Thrower(), server)
    port = server.add_insecure_port("127.0.0.1:0")
    await server.start()
    async with grpc.aio.insecure_channel(f"127.0.0.1:{port}") as channel:
        yield parcels_pb2_grpc.ParcelServiceStub(channel)
    await server.stop(0)


async def _caught(stub: parcels_pb2_grpc.ParcelServiceStub, name: str) -> grpc.aio.AioRpcError:
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await stub.GetParcel(
            parcels_pb2.GetParcelRequest(name=name), metadata=[("authorization", "Bearer t")]
        )
    return caught.value


def test_the_table_knows_every_error_of_the_engine() -> None:
    """No error reaches a client as an internal one because somebody forgot the table."""
    assert set(LEAVES) == set(ERROR_CODES)
    tree = {kind for _, kind in inspect.getmembers(errors, inspect.isclass)}
    assert set(LEAVES) >= {
        kind for kind in tree if issubclass(kind, DispatchError) and kind is not DispatchError
    }


@pytest.mark.parametrize("kind", LEAVES, ids=lambda kind: kind.__name__)
async def test_every_leaf_arrives_with_its_code_and_reason(
    thrower: parcels_pb2_grpc.ParcelServiceStub, kind: type[DispatchError]
) -> None:
    """Each error, raised over a real port, has the code, reason and details of the table."""
    error = await _caught(thrower, kind.__name__)
    code, reason = ERROR_CODES[kind]
    info, others = details(error)
    assert error.code() is code
    assert info.reason == reason.format(NOUN="PARCEL")
    assert info.domain == status.DOMAIN
    assert set(others) == DETAILS.get(code.name, set())


async def test_a_dead_log_is_unavailable(thrower: parcels_pb2_grpc.ParcelServiceStub) -> None:
    """A log that cannot be read answers UNAVAILABLE and says nothing of its inside."""
    error = await _caught(thrower, "LogUnavailable")
    assert error.code() is grpc.StatusCode.UNAVAILABLE
    assert "no disk" not in (error.details() or "")


async def test_a_bug_says_nothing_of_its_inside(
    thrower: parcels_pb2_grpc.ParcelServiceStub, caplog: pytest.LogCaptureFixture
) -> None:
    """Neither the client nor the output sees what an unexpected error quotes."""
    error = await _caught(thrower, "ZeroDivisionError")
    assert error.code() is grpc.StatusCode.INTERNAL
    assert "4711" not in (error.details() or "")
    assert "ZeroDivisionError" in caplog.text
    assert "4711" not in caplog.text


def test_many_faults_fit_into_a_status() -> None:
    """Five hundred faults do not make a status that clients refuse; their number is told."""
    faults = [Fault(f"requests[{n}].parcel.dropoff.point", "is required") for n in range(500)]
    found = status_of(InvalidValue(faults))
    assert found.ByteSize() < 2 * MOST_FAULT_BYTES
