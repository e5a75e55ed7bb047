"""All services on one port."""

import socket
from collections.abc import Sequence
from typing import Any

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc
from grpc_health.v1 import health, health_pb2, health_pb2_grpc
from grpc_reflection.v1alpha import reflection

from dispatch.auth import verify
from dispatch.service.addresses import AddressService
from dispatch.service.compounds import CompoundService
from dispatch.service.courier_app import CourierAppService
from dispatch.service.couriers import CourierService
from dispatch.service.dispatching import DispatchService, Operations
from dispatch.service.events import EventService
from dispatch.service.guard import Guard
from dispatch.service.hubs import HubService
from dispatch.service.parcels import ParcelService
from dispatch.service.site import Site
from dispatch.v1 import (
    addresses_pb2,
    addresses_pb2_grpc,
    compounds_pb2,
    compounds_pb2_grpc,
    courier_app_pb2,
    courier_app_pb2_grpc,
    couriers_pb2,
    couriers_pb2_grpc,
    dispatching_pb2,
    dispatching_pb2_grpc,
    events_pb2,
    events_pb2_grpc,
    hubs_pb2,
    hubs_pb2_grpc,
    parcels_pb2,
    parcels_pb2_grpc,
)

LARGEST_MESSAGE = 16 * 1024 * 1024
OPTIONS = (
    # Without this a second service would share the port, and each get half of the calls.
    ("grpc.so_reuseport", 0),
    ("grpc.max_receive_message_length", LARGEST_MESSAGE),
)


class Server:
    """The gRPC server of a site."""

    def __init__(self, site: Site) -> None:
        guard = Guard(lambda token, now: verify(token, site.secret, now), site.clock.now)
        self._site = site
        self._server = grpc.aio.server(interceptors=[guard], options=OPTIONS)
        self._health = health.aio.HealthServicer()  # type: ignore[attr-defined]
        operations = Operations(site)
        add: Sequence[tuple[Any, Any]] = (
            (parcels_pb2_grpc.add_ParcelServiceServicer_to_server, ParcelService(site)),
            (addresses_pb2_grpc.add_AddressServiceServicer_to_server, AddressService(site)),
            (compounds_pb2_grpc.add_CompoundServiceServicer_to_server, CompoundService(site)),
            (couriers_pb2_grpc.add_CourierServiceServicer_to_server, CourierService(site)),
            (courier_app_pb2_grpc.add_CourierAppServiceServicer_to_server, CourierAppService(site)),
            (hubs_pb2_grpc.add_HubServiceServicer_to_server, HubService(site)),
            (
                dispatching_pb2_grpc.add_DispatchServiceServicer_to_server,
                DispatchService(site, operations),
            ),
            (events_pb2_grpc.add_EventServiceServicer_to_server, EventService(site)),
            (operations_pb2_grpc.add_OperationsServicer_to_server, operations),
            (health_pb2_grpc.add_HealthServicer_to_server, self._health),
        )
        for register, servicer in add:
            register(servicer, self._server)
        self._names = [
            service.full_name
            for module in (
                parcels_pb2,
                couriers_pb2,
                courier_app_pb2,
                compounds_pb2,
                addresses_pb2,
                hubs_pb2,
                dispatching_pb2,
                events_pb2,
                operations_pb2,
            )
            for service in module.DESCRIPTOR.services_by_name.values()
        ]
        reflection.enable_server_reflection(
            [*self._names, health.SERVICE_NAME, reflection.SERVICE_NAME], self._server
        )

    async def start(self, host: str, port: int) -> int:
        """Listen; return the port.

        Parameters
        ----------
        port
            0 lets the machine choose.

        Raises
        ------
        OSError
            If the address cannot be had; with ``EADDRINUSE`` where somebody else has it.
        """
        _check_address(host, port)
        try:
            chosen = self._server.add_insecure_port(f"{host}:{port}")
        except RuntimeError as error:
            raise OSError(f"cannot listen on {host}:{port}: is the port taken?") from error
        await self._server.start()
        for service in ("", *self._names):
            await self._health.set(service, health_pb2.HealthCheckResponse.SERVING)
        return int(chosen)

    async def stop(self, grace_s: float) -> None:
        """Say so, end the streams, let calls finish."""
        await self._health.enter_graceful_shutdown()
        for network in self._site.networks.values():
            network.news.close()
        await self._server.stop(grace_s)


def _check_address(host: str, port: int) -> None:
    """Raise the system's `OSError` where an address cannot be had.

    Asked first, because gRPC does not say why, and writes lines of its own about it.
    """
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        socket.create_server((host, port), family=family).close()
    except OSError as error:
        raise OSError(error.errno, f"cannot listen on {host}:{port}: {error.strerror}") from error
