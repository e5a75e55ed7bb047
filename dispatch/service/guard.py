"""In front of every call: who is it, and what does an error look like.

The only place that catches everything. What goes into the process's output names the method
and the kind of error, never a message that could quote a request.
"""

import asyncio
import logging
import traceback
from collections.abc import AsyncIterator, Awaitable, Callable
from typing import TYPE_CHECKING, Any, NoReturn, TypeAlias

import grpc
from google.rpc import status_pb2

from dispatch.auth import Principal
from dispatch.core.errors import DispatchError, TokenInvalid
from dispatch.log import LogUnavailable
from dispatch.service import status
from dispatch.service.access import CALLER

OPEN_PREFIX = "/grpc.health.v1.Health/"
"""Calls that need no token."""
DETAILS_KEY = "grpc-status-details-bin"

_CODES = {code.value[0]: code for code in grpc.StatusCode}
_Context = grpc.aio.ServicerContext[Any, Any]

if TYPE_CHECKING:
    # Generic in its stubs alone.
    Handler: TypeAlias = grpc.RpcMethodHandler[Any, Any]
else:
    Handler = grpc.RpcMethodHandler

logger = logging.getLogger(__name__)


class Guard(grpc.aio.ServerInterceptor):  # type: ignore[type-arg]
    """Authenticates every call once, and turns errors into statuses.

    Parameters
    ----------
    verify
        Returns whom a token speaks for at an instant, or raises `TokenInvalid`.
    now
        Returns the instant, whole seconds.
    """

    def __init__(self, verify: Callable[[str, int], Principal], now: Callable[[], int]) -> None:
        self._verify = verify
        self._now = now
        self._verified_at = 0
        self._verified: dict[str, Principal] = {}
        self._guarded: dict[str, Handler] = {}

    async def intercept_service(
        self,
        continuation: Callable[[grpc.HandlerCallDetails], Awaitable[Handler]],
        handler_call_details: grpc.HandlerCallDetails,
    ) -> Handler:
        """Put the check in front of a method's handler."""
        method = handler_call_details.method
        found = self._guarded.get(method)
        if found is None:
            found = await continuation(handler_call_details)
            if found is None or method.startswith(OPEN_PREFIX):
                return found
            found = self._guarded[method] = self._guard(found, method)
        return found

    def _guard(self, handler: Handler, method: str) -> Handler:
        codec = {
            "request_deserializer": handler.request_deserializer,
            "response_serializer": handler.response_serializer,
        }
        if handler.unary_unary is not None:
            return grpc.unary_unary_rpc_method_handler(
                self._unary(handler.unary_unary, method), **codec
            )
        if handler.unary_stream is not None:
            return grpc.unary_stream_rpc_method_handler(
                self._stream(handler.unary_stream, method), **codec
            )
        if handler.stream_stream is not None:
            return grpc.stream_stream_rpc_method_handler(
                self._stream(handler.stream_stream, method), **codec
            )
        raise TypeError(f"{method}: no guard for calls of this kind")

    def _unary(self, behaviour: Any, method: str) -> Any:  # noqa: ANN401 - gRPC's own type is Any
        async def guarded(request: object, context: _Context) -> object:
            try:
                CALLER.set(self._caller(context))
                return await behaviour(request, context)
            except (grpc.aio.AbortError, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001 - the outermost place
                await _abort(context, error, method)

        return guarded

    def _stream(self, behaviour: Any, method: str) -> Any:  # noqa: ANN401
        async def guarded(request: object, context: _Context) -> AsyncIterator[object]:
            try:
                CALLER.set(self._caller(context))
                async for message in behaviour(request, context):
                    yield message
            except (grpc.aio.AbortError, asyncio.CancelledError):
                raise
            except Exception as error:  # noqa: BLE001 - the outermost place
                await _abort(context, error, method)

        return guarded

    def _caller(self, context: _Context) -> Principal:
        for key, value in context.invocation_metadata() or ():
            if key == "authorization":
                scheme, _, token = str(value).partition(" ")
                if scheme.lower() == "bearer" and token:
                    return self._principal(token.strip())
        raise TokenInvalid("send a token: authorization: Bearer TOKEN")

    def _principal(self, token: str) -> Principal:
        """Verify a token, once in every second: nothing about it changes within one."""
        now = self._now()
        if now != self._verified_at:
            self._verified_at = now
            self._verified.clear()
        found = self._verified.get(token)
        if found is None:
            found = self._verified[token] = self._verify(token, now)
        return found


async def _abort(context: _Context, error: Exception, method: str) -> NoReturn:
    """End the call with the status of an error."""
    await abort(context, told(error, method))
    raise AssertionError("abort does not return")


def told(error: Exception, method: str) -> status_pb2.Status:
    """Return the status of any error; of one that should not be, log where it came from."""
    if isinstance(error, DispatchError | LogUnavailable):
        return status.status_of(error)
    if isinstance(error, NotImplementedError):
        # What generated servicers raise for the methods that nobody has written.
        return status.unimplemented(method)
    frames = "".join(traceback.format_tb(error.__traceback__))
    logger.error("%s failed with %s\n%s", method, type(error).__name__, frames)
    return status.internal()


async def abort(context: _Context, found: status_pb2.Status) -> None:
    """End a call with a status and its details."""
    await context.abort(
        _CODES[found.code],
        found.message,
        trailing_metadata=((DETAILS_KEY, found.SerializeToString()),),
    )
