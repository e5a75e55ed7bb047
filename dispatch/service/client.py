"""Calls to a running service, for programs that see no generated messages.

The command line speaks through this: it names a method and plain values, and gets plain values
back or an error in words.
"""

import uuid
from collections.abc import Mapping, Sequence
from types import TracebackType
from typing import Any, Self, cast

import grpc
from google.protobuf import json_format
from google.rpc import error_details_pb2
from grpc_status import rpc_status

from dispatch.v1 import (
    addresses_pb2,
    addresses_pb2_grpc,
    compounds_pb2,
    compounds_pb2_grpc,
    couriers_pb2,
    couriers_pb2_grpc,
    dispatching_pb2,
    dispatching_pb2_grpc,
)

TIMEOUT_S = 10.0
_SERVICES: tuple[tuple[Any, Any], ...] = (
    (dispatching_pb2, dispatching_pb2_grpc.DispatchServiceStub),
    (addresses_pb2, addresses_pb2_grpc.AddressServiceStub),
    (compounds_pb2, compounds_pb2_grpc.CompoundServiceStub),
    (couriers_pb2, couriers_pb2_grpc.CourierServiceStub),
)
"""The services that are called from here. No two have a method of the same name."""


class CallError(Exception):
    """What a service, or nobody, answered.

    Attributes
    ----------
    code : str
        Name of the gRPC status.
    reason : str
        Of the `ErrorInfo`; empty where the answer did not come from a service of ours.
    faults : sequence of str
        Bad fields, ``field: what is wrong``.
    """

    def __init__(self, message: str, *, code: str, reason: str, faults: Sequence[str]) -> None:
        super().__init__(message)
        self.code = code
        self.reason = reason
        self.faults = tuple(faults)


class Client:
    """A caller of the services for dispatchers and companies.

    Parameters
    ----------
    address : str
        HOST:PORT.
    token : str
        Who calls.
    timeout_s : float
        Longest that a call may take.
    """

    def __init__(self, address: str, token: str, *, timeout_s: float = TIMEOUT_S) -> None:
        self._channel = grpc.insecure_channel(address)
        self._metadata = (("authorization", f"Bearer {token}"),)
        self._timeout_s = timeout_s

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._channel.close()

    def call(self, method: str, **fields: Any) -> dict[str, Any]:  # noqa: ANN401 - JSON's values
        """Call a method.

        A method that changes something gets a request id of its own.

        Parameters
        ----------
        method : str
            For example ``PinLeg``.
        **fields
            Of its request, by the names of the proto; messages as JSON has them.

        Returns
        -------
        dict
            The answer as JSON has it, by the names of the proto.

        Raises
        ------
        CallError
            When it is refused, or when nobody answers.
        """
        module, stub = next(its for its in _SERVICES if hasattr(its[0], f"{method}Request"))
        request = getattr(module, f"{method}Request")()
        if "request_id" in request.DESCRIPTOR.fields_by_name:
            fields["request_id"] = str(uuid.uuid4())
        json_format.ParseDict(fields, request)
        try:
            answer = getattr(stub(self._channel), method)(
                request, metadata=self._metadata, timeout=self._timeout_s
            )
        except grpc.RpcError as error:
            raise _in_words(cast("grpc.Call", error)) from None
        found: dict[str, Any] = json_format.MessageToDict(answer, preserving_proto_field_name=True)
        return found

    def pages(self, method: str, item: str, **fields: Any) -> list[dict[str, Any]]:  # noqa: ANN401
        """Return all items of a list, page by page.

        Parameters
        ----------
        method : str
            For example ``ListClosures``.
        item : str
            The answer's field that holds them.
        **fields
            Of its request.

        Raises
        ------
        CallError
            As `call`.
        """
        found: list[Mapping[str, Any]] = []
        token = ""
        while True:
            page = self.call(method, page_token=token, **fields)
            found += page.get(item, [])
            token = page.get("next_page_token", "")
            if not token:
                return [dict(one) for one in found]


def _in_words(error: grpc.Call) -> CallError:
    """Return what a refused call says; errors of stubs are calls as well."""
    reason, faults = "", []
    status = rpc_status.from_call(error)
    for packed in status.details if status is not None else ():
        info, request = error_details_pb2.ErrorInfo(), error_details_pb2.BadRequest()
        if packed.Unpack(info):
            reason = info.reason
        elif packed.Unpack(request):
            faults = [f"{one.field}: {one.description}" for one in request.field_violations]
    return CallError(str(error.details()), code=error.code().name, reason=reason, faults=faults)
