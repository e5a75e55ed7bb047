"""Planning on demand, and the operations that tell how far it is; levers stand in `levers`."""

# ruff: noqa: N802, ARG002 - gRPC names the methods and hands over a context
import asyncio
from collections import OrderedDict

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc

from dispatch.auth import Principal
from dispatch.core.errors import Fault, InvalidValue, NotFound, RequestIdReused
from dispatch.core.messages import PauseDispatch, RequestPlan, ResumeDispatch
from dispatch.runtime import Submission
from dispatch.service.access import DISPATCHERS, allowed
from dispatch.service.batch import BatchDesk
from dispatch.service.decisions import Decisions
from dispatch.service.feasibility import SlotAdvice
from dispatch.service.guard import told
from dispatch.service.levers import Levers
from dispatch.service.lines import Addresses
from dispatch.service.reasons import said
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.service.writing import checked_id, submit
from dispatch.v1 import batch_pb2, dispatching_pb2_grpc
from dispatch.v1 import dispatching_pb2 as pb
from dispatch.wire import names
from dispatch.wire.events import run_out, zone_out

KEPT = 1000
"""Most operations that are remembered; they do not outlive the process."""
LONGEST_WAIT_S = 300.0

Context = grpc.aio.ServicerContext[object, object]


class Operations(operations_pb2_grpc.OperationsServicer):  # type: ignore[misc]
    """Runs that were started here, and what became of them."""

    def __init__(self, site: Site) -> None:
        self._site = site
        self._kept: OrderedDict[str, operations_pb2.Operation] = OrderedDict()
        self._tasks: dict[str, asyncio.Task[None]] = {}
        self._asked: dict[tuple[str, str], tuple[str, str]] = {}

    async def GetOperation(
        self, request: operations_pb2.GetOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        """Return an operation."""
        return self._find(request.name)

    async def WaitOperation(
        self, request: operations_pb2.WaitOperationRequest, context: Context
    ) -> operations_pb2.Operation:
        """Return an operation when it is done, or when the time is up."""
        name = self._find(request.name).name
        wait_s = LONGEST_WAIT_S
        if request.HasField("timeout"):
            wait_s = min(wait_s, request.timeout.seconds + request.timeout.nanos / 1e9)
        task = self._tasks.get(name)
        if task is not None:
            await asyncio.wait([task], timeout=max(0.0, wait_s))
        return self._find(name)

    def _find(self, name: str) -> operations_pb2.Operation:
        caller, _ = allowed(name, names.OPERATION, "name", DISPATCHERS)
        self._site.network(caller)
        found = self._kept.get(name)
        if found is None:
            raise NotFound(f"there is no {name}", subject=name)
        return found

    def known(
        self, caller: Principal, zone: HostedZone, request_id: str
    ) -> operations_pb2.Operation | None:
        """Return the operation of an earlier, equal request.

        Raises
        ------
        RequestIdReused
            If that request was for another zone.
        """
        name, its_zone = self._asked.get((caller.name, request_id), ("", zone.name))
        if its_zone != zone.name:
            raise RequestIdReused("this request_id came before with another body")
        return self._kept.get(name)

    def run(
        self, caller: Principal, network: HostedNetwork, zone: HostedZone, request_id: str
    ) -> operations_pb2.Operation:
        """Begin to plan a zone; return the operation, the same one for the same request."""
        earlier = self.known(caller, zone, request_id)
        if earlier is not None:
            return earlier
        run = self._site.mint("r")
        name = names.joined(names.OPERATION, network.id, run)
        operation = operations_pb2.Operation(name=name)
        phases = pb.RunDispatchMetadata.Phase
        operation.metadata.Pack(pb.RunDispatchMetadata(phase=phases.SOLVING))
        self._kept[name] = operation
        if request_id:
            self._asked[caller.name, request_id] = (name, zone.name)
        self._forget_oldest()
        self._tasks[name] = asyncio.create_task(self._plan(network, zone, operation, run))
        self._tasks[name].add_done_callback(lambda _task: self._tasks.pop(name, None))
        return operation

    async def _plan(
        self,
        network: HostedNetwork,
        zone: HostedZone,
        operation: operations_pb2.Operation,
        run: str,
    ) -> None:
        try:
            plan = await zone.loop.run_epoch()
            result = run_out(
                zone.state, plan, run, network.id, network.currency, self._site.clock.now()
            )
            operation.response.Pack(result)
        except Exception as error:  # noqa: BLE001 - whoever waits must hear of every end
            operation.error.CopyFrom(told(error, "RunDispatch"))
        done = pb.RunDispatchMetadata(phase=pb.RunDispatchMetadata.Phase.DONE, work_done=1.0)
        operation.metadata.Pack(done)
        operation.done = True

    def _forget_oldest(self) -> None:
        while len(self._kept) > KEPT:
            old, _ = self._kept.popitem(last=False)
            self._asked = {asked: run for asked, run in self._asked.items() if run[0] != old}


class DispatchService(Levers, SlotAdvice, Decisions, dispatching_pb2_grpc.DispatchServiceServicer):
    """Planning in the zones of a network."""

    def __init__(self, site: Site, operations: Operations) -> None:
        self._site = site
        self._operations = operations
        self._batches = BatchDesk(site)
        self._addresses = Addresses(site)

    async def SolveBatch(
        self, request: batch_pb2.SolveBatchRequest, context: Context
    ) -> batch_pb2.SolveBatchResponse:
        """Plan a whole problem that the request brings along; nothing is kept of it."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        return await self._batches.solve(
            network,
            request,
            find_zone=lambda: zone_named(network, request.zone, "zone"),
            remaining_s=context.time_remaining(),
        )

    async def RunDispatch(
        self, request: pb.RunDispatchRequest, context: Context
    ) -> operations_pb2.Operation:
        """Plan now instead of at the end of the epoch."""
        caller, _ = allowed(request.parent, names.NETWORK, "parent", DISPATCHERS)
        network = self._site.network(caller)
        request_id = checked_id(request.request_id) if request.request_id else ""
        zone = zone_named(network, request.zone, "zone")
        if self._operations.known(caller, zone, request_id) is None:
            await zone.loop.submit(Submission(command=RequestPlan(), actor=caller.name))
        return self._operations.run(caller, network, zone, request_id)

    async def PauseDispatch(self, request: pb.PauseDispatchRequest, context: Context) -> pb.Zone:
        """Stop planning in a zone."""
        caller, _ = allowed(request.name, names.ZONE, "name", DISPATCHERS)
        zone = zone_named(self._site.network(caller), request.name, "name")
        command = PauseDispatch(reason=said(request.reason, is_required=False))
        answer, _ = await submit(
            self._site, zone, caller, request, command, lambda state, _: zone_out(state), pb.Zone
        )
        return answer

    async def ResumeDispatch(self, request: pb.ResumeDispatchRequest, context: Context) -> pb.Zone:
        """Let a paused zone plan again."""
        caller, _ = allowed(request.name, names.ZONE, "name", DISPATCHERS)
        zone = zone_named(self._site.network(caller), request.name, "name")
        answer, _ = await submit(
            self._site,
            zone,
            caller,
            request,
            ResumeDispatch(),
            lambda state, _: zone_out(state),
            pb.Zone,
        )
        return answer


def zone_named(network: HostedNetwork, name: str, field: str) -> HostedZone:
    """Return a zone by its name; the only one where none is named."""
    if not name and len(network.zones) == 1:
        return network.any_zone()
    _, own = names.required(name, names.ZONE, field)
    if name != names.joined(names.ZONE, network.id, own):
        raise InvalidValue([Fault(field, f"{name!r} lies in another network")])
    found = network.zones.get(own)
    if found is None:
        raise NotFound(f"there is no zone {own!r}", subject=name)
    return found
