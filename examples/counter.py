"""A hub's counter, told line by line what is scanned there.

It reads one line at a time from its standard input, calls the service with the hub's own token
(``ANTMILE_TOKEN``), and answers with one line. `relay_through_a_booth` holds two of them,
`a_booth_with_two_guards` one that its guards share.

=======================  ===============================================================
receive WAYBILL COURIER  scan a parcel that a courier hands in
release WAYBILL COURIER  scan a parcel that a courier takes away
collect WAYBILL CODE     hand a parcel to whoever tells its code
inventory                say what is there
count WAYBILL...         compare what was counted on the shelves with the books
sign-in COURIER PIN      say which guard stands at the device
=======================  ===============================================================
"""

import argparse
import os
import sys
import uuid
from collections.abc import Callable

import grpc

from dispatch.v1 import hubs_pb2, hubs_pb2_grpc, parcels_pb2
from examples.session import NETWORK, bearer

CARRIER = "acme"


class Counter:
    """What can be done at it."""

    def __init__(self, address: str, hub: str, token: str) -> None:
        self._service = hubs_pb2_grpc.HubServiceStub(grpc.insecure_channel(address))
        self._hub = f"{NETWORK}/hubs/{hub}"
        self._me = bearer(token)

    def receive(self, waybill: str, courier: str) -> str:
        """Scan a parcel that a courier hands in."""
        answer = self._service.ReceiveParcel(
            hubs_pb2.ReceiveParcelRequest(
                name=self._hub,
                scan=_scan(waybill),
                courier=f"{NETWORK}/couriers/{courier}",
                request_id=str(uuid.uuid4()),
            ),
            metadata=self._me,
        )
        return _told(waybill, answer)

    def release(self, waybill: str, courier: str) -> str:
        """Scan a parcel that a courier takes away."""
        return self._release(waybill, courier=f"{NETWORK}/couriers/{courier}")

    def collect(self, waybill: str, code: str) -> str:
        """Hand a parcel to whoever tells its code."""
        try:
            return self._release(waybill, code=code)
        except grpc.RpcError as error:
            return f"refuses {waybill}: {error.details()}"

    def _release(self, waybill: str, *, courier: str = "", code: str = "") -> str:
        request = hubs_pb2.ReleaseParcelRequest(
            name=self._hub, scan=_scan(waybill), request_id=str(uuid.uuid4())
        )
        if courier:
            request.courier = courier
        else:
            request.code = code
        return _told(waybill, self._service.ReleaseParcel(request, metadata=self._me))

    def count(self, *waybills: str) -> str:
        """Compare what was counted on the shelves with the books."""
        request = hubs_pb2.ReconcileInventoryRequest(
            name=self._hub,
            scans=[_scan(waybill) for waybill in waybills],
            request_id=str(uuid.uuid4()),
        )
        try:
            answer = self._service.ReconcileInventory(request, metadata=self._me)
        except grpc.RpcError as error:
            return f"counts nothing: {error.details()}"
        return f"counts {answer.counted_count}; {len(answer.missing)} missing"

    def sign_in(self, courier: str, pin: str) -> str:
        """Say which guard stands at the device."""
        request = hubs_pb2.SignInRequest(
            name=self._hub,
            courier=f"{NETWORK}/couriers/{courier}",
            pin=pin,
            request_id=str(uuid.uuid4()),
        )
        try:
            session = self._service.SignIn(request, metadata=self._me)
        except grpc.RpcError as error:
            return f"refuses {courier}: {error.details()}"
        return f"{session.courier.rpartition('/')[2]} stands at {session.device}"

    def inventory(self) -> str:
        """Say what is there."""
        page = self._service.ListInventory(
            hubs_pb2.ListInventoryRequest(parent=self._hub), metadata=self._me
        )
        items = [
            f"{item.shipment.waybill} {parcels_pb2.Parcel.State.Name(item.state)} {item.shelf}"
            for item in page.items
        ]
        return "; ".join(items) or "nothing here"


def _scan(waybill: str) -> hubs_pb2.Scan:
    return hubs_pb2.Scan(shipment=hubs_pb2.Shipment(carrier=CARRIER, waybill=waybill))


def _told(
    waybill: str, answer: hubs_pb2.ReceiveParcelResponse | hubs_pb2.ReleaseParcelResponse
) -> str:
    if not answer.transferred:
        return f"scans {waybill} and waits for the courier's scan"
    state = parcels_pb2.Parcel.State.Name(answer.item.state)
    return f"scans {waybill}: {state} {answer.item.shelf}".rstrip()


def main() -> int:
    """Scan what is told until nobody tells any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="HOST:PORT of the service")
    parser.add_argument("--hub", required=True, help="id of the hub")
    options = parser.parse_args()
    counter = Counter(options.address, options.hub, os.environ["ANTMILE_TOKEN"])
    verbs: dict[str, Callable[..., str]] = {
        "receive": counter.receive,
        "release": counter.release,
        "collect": counter.collect,
        "inventory": counter.inventory,
        "count": counter.count,
        "sign-in": counter.sign_in,
    }
    for line in sys.stdin:
        verb, *arguments = line.split()
        print(verbs[verb](*arguments), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
