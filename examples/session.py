"""What all examples need: a channel, the tokens of ``antmile serve --dev``, points on the map."""

import argparse
import hashlib
import json
import math
import uuid
from pathlib import Path

import grpc
from google.type.latlng_pb2 import LatLng

NETWORK = "networks/local"
MERCHANT = f"{NETWORK}/merchants/default"
METRES_PER_DEGREE = 111_320

Metadata = tuple[tuple[str, str], ...]


def arguments(description: str) -> argparse.ArgumentParser:
    """Return a parser with the options that all examples share."""
    parser = argparse.ArgumentParser(description=description)
    parser.add_argument("--address", default="localhost:50051", help="HOST:PORT of the service")
    parser.add_argument(
        "--data", type=Path, default=Path("out/serve"), help="its folder with the tokens"
    )
    # The demo's map is a small piece of Helsinki: nothing may lie beyond its edges.
    parser.add_argument("--lat", type=float, default=60.1712, help="centre, degrees")
    parser.add_argument("--lon", type=float, default=24.9440, help="centre, degrees")
    parser.add_argument("--within", type=float, default=400.0, help="metres around the centre")
    return parser


def bearer(token: str) -> Metadata:
    """Return the metadata that carries a token."""
    return (("authorization", f"Bearer {token}"),)


def tokens(data: Path) -> dict[str, Metadata]:
    """Return the metadata of ``merchant`` and ``dispatcher``."""
    file = data / "dev-tokens.json"
    if not file.is_file():
        raise SystemExit(f"{file} is missing: --data is the folder of antmile serve --dev")
    texts = json.loads(file.read_text(encoding="utf-8"))
    return {who: bearer(token) for who, token in texts.items()}


def channel(address: str) -> grpc.aio.Channel:
    """Open a channel."""
    return grpc.aio.insecure_channel(address)


def drawn(*key: object) -> bytes:
    """Return 16 bytes that are the same for the same key: no state, so a retry repeats them."""
    return hashlib.sha256(repr(key).encode()).digest()[:16]


def request_id(*key: object) -> str:
    """Return a UUID4 that is the same for the same key."""
    return str(uuid.UUID(bytes=drawn(*key), version=4))


def point_near(*key: object, lat: float, lon: float, within_m: float) -> LatLng:
    """Return a point near another one, the same for the same key."""
    bits = drawn(*key)
    north_m, east_m = (
        (int.from_bytes(part, "big") / 2**64 - 0.5) * 2 * within_m for part in (bits[:8], bits[8:])
    )
    return moved(lat, lon, north_m=north_m, east_m=east_m)


def moved(lat: float, lon: float, *, north_m: float, east_m: float) -> LatLng:
    """Return a point so many metres to the north and east of another one."""
    return LatLng(
        latitude=lat + north_m / METRES_PER_DEGREE,
        longitude=lon + east_m / (METRES_PER_DEGREE * math.cos(math.radians(lat))),
    )
