"""The README's five lines: hand in a parcel to a service started with ``make serve``."""

import json
from pathlib import Path

import grpc

from dispatch.v1.parcels_pb2 import CreateParcelRequest, Parcel, Place
from dispatch.v1.parcels_pb2_grpc import ParcelServiceStub

tokens = json.loads(Path("out/serve/dev-tokens.json").read_text())
parcel = Parcel(
    pickup=Place(point={"latitude": 60.1699, "longitude": 24.9384}),
    dropoff=Place(point={"latitude": 60.1733, "longitude": 24.9410}),
)
request = CreateParcelRequest(parent="networks/local/merchants/default", parcel=parcel)
service = ParcelServiceStub(grpc.insecure_channel("localhost:50051"))
print(service.CreateParcel(request, metadata=[("authorization", f"Bearer {tokens['merchant']}")]))
