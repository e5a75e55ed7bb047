"""The service as tests see it, and what they say to it."""

import uuid
from collections.abc import Sequence
from typing import Any

import grpc
import numpy as np
import pytest
from google.longrunning import operations_pb2, operations_pb2_grpc
from google.rpc import error_details_pb2, status_pb2
from google.type.latlng_pb2 import LatLng

from dispatch.auth import Principal, Role, issue
from dispatch.codes import code_of, proxy_key
from dispatch.log import InMemoryLog, LogUnavailable
from dispatch.service.site import Site
from dispatch.settings import Merchant, Network, Zone
from dispatch.v1 import (
    compounds_pb2_grpc,
    courier_app_pb2_grpc,
    couriers_pb2,
    couriers_pb2_grpc,
    dispatching_pb2,
    dispatching_pb2_grpc,
    events_pb2_grpc,
    hubs_pb2,
    hubs_pb2_grpc,
    parcels_pb2,
    parcels_pb2_grpc,
    types_pb2,
)
from maps.travel import StraightLine

SECRET = "a-secret-that-is-long-enough-for-tests"
NOON = 1_780_000_000
NETWORK = "networks/local"
SHOP = f"{NETWORK}/merchants/shop"
LAT, LON = 60.17, 24.94
OFF_MAP_LAT = 61.0
"""North of it there are no roads."""
SIGNED = [types_pb2.Proof(kind=types_pb2.ProofKind.SIGNATURE)]
"""What stands for a recipient at the door."""
WEST_OF_LON = 25.0
"""In the network ``twin`` the border between its zones."""


class StandingClock:
    """A clock that a test moves."""

    def __init__(self) -> None:
        self.instant = NOON

    def now(self) -> int:
        """Return the instant that the test set."""
        return self.instant

    def monotonic(self) -> float:
        """Return the same as seconds."""
        return float(self.instant)


class Plain(StraightLine):
    """Straight lines, with a sea in the north."""

    def snap_distance_m(self, mode: str, points: Sequence[Any], *, at: int | None = None) -> Any:
        """Return 0 on land and inf in the sea."""
        return np.array([np.inf if point.lat > OFF_MAP_LAT else 0.0 for point in points])

    def knows(self, closure: Any) -> bool:
        """Say whether a closure names anything: no way is called 404."""
        return bool(closure.ref != "404")


class BreakableLog(InMemoryLog):
    """A log whose disk can be pulled out."""

    is_broken = False

    def append(self, *arguments: Any, **options: Any) -> Any:
        """Append, unless broken."""
        if self.is_broken:
            raise LogUnavailable("the disk is gone")
        return super().append(*arguments, **options)


class House:
    """The service as its clients see it."""

    def __init__(self, site: Site, log: BreakableLog, clock: StandingClock, port: int) -> None:
        self.site = site
        self.log = log
        self.clock = clock
        self.channel = grpc.aio.insecure_channel(f"127.0.0.1:{port}")
        self.parcels = parcels_pb2_grpc.ParcelServiceStub(self.channel)
        self.couriers = couriers_pb2_grpc.CourierServiceStub(self.channel)
        self.phone = courier_app_pb2_grpc.CourierAppServiceStub(self.channel)
        self.compounds = compounds_pb2_grpc.CompoundServiceStub(self.channel)
        self.hubs = hubs_pb2_grpc.HubServiceStub(self.channel)
        self.dispatch = dispatching_pb2_grpc.DispatchServiceStub(self.channel)
        self.events = events_pb2_grpc.EventServiceStub(self.channel)
        self.operations = operations_pb2_grpc.OperationsStub(self.channel)
        self.shop = self.token(Role.MERCHANT, "shop")
        self.rival = self.token(Role.MERCHANT, "rival")
        self.dispatcher = self.token(Role.DISPATCHER, "dora")

    def token(
        self, role: Role, subject: str, network: str = "local", device: str = ""
    ) -> list[tuple[str, str]]:
        """Return the metadata of a caller."""
        text = issue(Principal(network, role, subject, device), SECRET, None)
        return [("authorization", f"Bearer {text}")]

    async def create(self, number: int = 0, **fields: Any) -> parcels_pb2.Parcel:
        """Create a parcel of the shop."""
        answer: parcels_pb2.Parcel = await self.parcels.CreateParcel(
            parcels_pb2.CreateParcelRequest(
                parent=SHOP,
                parcel_id=f"p{number}",
                request_id=str(uuid.uuid4()),
                parcel=parcel(number, **fields),
            ),
            metadata=self.shop,
        )
        return answer

    async def listed(self) -> list[parcels_pb2.Parcel]:
        """Return the shop's parcels."""
        page = await self.parcels.ListParcels(
            parcels_pb2.ListParcelsRequest(parent=SHOP), metadata=self.shop
        )
        return list(page.parcels)

    async def plan(self) -> dispatching_pb2.DispatchRun:
        """Close an epoch and wait until it is over."""
        operation = await self.dispatch.RunDispatch(
            dispatching_pb2.RunDispatchRequest(parent=NETWORK), metadata=self.dispatcher
        )
        operation = await self.operations.WaitOperation(
            operations_pb2.WaitOperationRequest(name=operation.name), metadata=self.dispatcher
        )
        assert operation.done
        run = dispatching_pb2.DispatchRun()
        assert operation.response.Unpack(run)
        return run

    async def courier(self, courier: str = "cai", **fields: Any) -> list[tuple[str, str]]:
        """Create a courier with an hour of time who takes what there is; return the token."""
        name = f"{NETWORK}/couriers/{courier}"
        await self.couriers.CreateCourier(
            couriers_pb2.CreateCourierRequest(
                parent=NETWORK, courier_id=courier, courier=person(**fields)
            ),
            metadata=self.dispatcher,
        )
        window = couriers_pb2.AvailabilityWindow(
            interval={"open_time": {"seconds": NOON - 60}, "close_time": {"seconds": NOON + 3600}}
        )
        await self.couriers.CreateAvailabilityWindow(
            couriers_pb2.CreateAvailabilityWindowRequest(parent=name, availability_window=window),
            metadata=self.dispatcher,
        )
        made = await self.couriers.CreateCourierToken(
            couriers_pb2.CreateCourierTokenRequest(parent=name), metadata=self.dispatcher
        )
        return [("authorization", f"Bearer {made.token}")]

    async def hub(self, hub: str, number: int = 3, **fields: Any) -> list[tuple[str, str]]:
        """Create a shop that does everything; return the token of its counter."""
        given = {
            "kind": hubs_pb2.Hub.Kind.SHOP,
            "place": place(number),
            "contracts": list(hubs_pb2.Hub.Contract.values())[1:],
            "slot_counts": {"small_count": 2, "medium_count": 1},
        }
        name = f"{NETWORK}/hubs/{hub}"
        await self.hubs.CreateHub(
            hubs_pb2.CreateHubRequest(
                parent=NETWORK, hub_id=hub, hub=hubs_pb2.Hub(**{**given, **fields})
            ),
            metadata=self.dispatcher,
        )
        made = await self.hubs.CreateHubToken(
            hubs_pb2.CreateHubTokenRequest(parent=name, device="till"), metadata=self.dispatcher
        )
        return [("authorization", f"Bearer {made.token}")]

    async def seen(self, name: str) -> parcels_pb2.Parcel:
        """Return a parcel as its merchant sees it."""
        found: parcels_pb2.Parcel = await self.parcels.GetParcel(
            parcels_pb2.GetParcelRequest(name=name), metadata=self.shop
        )
        return found

    def code(self, key: str) -> str:
        """Return a code as its recipient was sent it."""
        zone = self.site.networks["local"].any_zone()
        return code_of(SECRET, zone.name, key, zone.state.codes[key].serial)

    def proxy_code(self, proxy: str) -> str:
        """Return the code that a proxy was sent."""
        zone = self.site.networks["local"].any_zone()
        return code_of(SECRET, zone.name, proxy_key(proxy), 1)

    def types(self) -> list[str]:
        """Return the types of all events, in order."""
        return [row.type for row in self.log.read(limit=10_000)]


def place(number: int = 0, **fields: Any) -> types_pb2.Place:
    """Return the place of a number, some 100 m from its neighbours."""
    point = LatLng(latitude=LAT + number / 1000, longitude=LON)
    return types_pb2.Place(**{"point": point, **fields})


def parcel(number: int = 0, **fields: Any) -> parcels_pb2.Parcel:
    """Return a parcel as a merchant sends it."""
    return parcels_pb2.Parcel(**{"pickup": place(), "dropoff": place(number + 1), **fields})


def person(**fields: Any) -> couriers_pb2.Courier:
    """Return a courier whose hands are full with one parcel."""
    given = {
        "kind": couriers_pb2.Courier.Kind.RIDER,
        "modes": [types_pb2.TravelMode.EBIKE],
        "home_anchor": place(),
        "max_parcels": 1,
    }
    return couriers_pb2.Courier(**{**given, **fields})


def details(error: grpc.aio.AioRpcError) -> tuple[error_details_pb2.ErrorInfo, dict[str, Any]]:
    """Return an error's info, and its further details by the names of their messages."""
    status = status_pb2.Status()
    trailing: Any = error.trailing_metadata() or ()
    for key, value in trailing:
        if key == "grpc-status-details-bin":
            status.ParseFromString(value)
    found = {}
    for packed in status.details:
        kind = getattr(error_details_pb2, packed.TypeName().rpartition(".")[2])
        message = kind()
        packed.Unpack(message)
        found[kind.DESCRIPTOR.name] = message
    return found.pop("ErrorInfo"), found


async def refusal(call: Any) -> tuple[grpc.StatusCode, str, list[str]]:
    """Return code, reason and bad fields of a call that must be refused."""
    first = call.read() if hasattr(call, "read") else call
    with pytest.raises(grpc.aio.AioRpcError) as caught:
        await first
    info, others = details(caught.value)
    fields = (
        [one.field for one in others["BadRequest"].field_violations]
        if others.get("BadRequest")
        else []
    )
    return caught.value.code(), info.reason, fields


NETWORKS = {
    "local": Network(
        zones={"all": Zone()},
        merchants={"shop": Merchant(), "rival": Merchant(), "old": Merchant(datum="GCJ02")},
    ),
    "twin": Network(
        zones={
            "east": Zone(polygon=((25, 60), (26, 60), (26, 61), (25, 61))),
            "west": Zone(polygon=((24, 60), (25, 60), (25, 61), (24, 61))),
        },
        merchants={"shop": Merchant()},
    ),
}
