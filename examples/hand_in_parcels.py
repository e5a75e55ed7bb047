"""Hand in many parcels at once. Run it again with the same seed: each parcel exists once.

Every request carries an id made from the seed and its number, so a second run after a crash
repeats the first one word for word, and the service gives its first answers again.
"""

import argparse
import asyncio
import sys
import time
from collections import Counter

import grpc

from dispatch.v1 import parcels_pb2, parcels_pb2_grpc
from examples.session import MERCHANT, Metadata, arguments, channel, point_near, request_id, tokens


def parcel_request(options: argparse.Namespace, number: int) -> parcels_pb2.CreateParcelRequest:
    """Return the request of one parcel, the same on every run."""
    near = {"lat": options.lat, "lon": options.lon, "within_m": options.within}
    return parcels_pb2.CreateParcelRequest(
        parent=MERCHANT,
        parcel_id=f"s{options.seed}-{number}",
        request_id=request_id(options.seed, number),
        parcel=parcels_pb2.Parcel(
            pickup=parcels_pb2.Place(point=point_near(options.seed, "shop", number % 5, **near)),
            dropoff=parcels_pb2.Place(
                point=point_near(options.seed, "door", number, **near),
                room=str(100 + number),
                contact=parcels_pb2.Contact(
                    display_name=f"Recipient {number}", phone_number=f"+358400{number:06d}"
                ),
            ),
        ),
    )


async def hand_in(options: argparse.Namespace, merchant: Metadata) -> Counter[str]:
    """Create all parcels, so many at once; return how often each outcome came."""
    outcomes: Counter[str] = Counter()
    gate = asyncio.Semaphore(options.in_flight)
    async with channel(options.address) as opened:
        service = parcels_pb2_grpc.ParcelServiceStub(opened)

        async def one(number: int) -> None:
            async with gate:
                try:
                    request = parcel_request(options, number)
                    await service.CreateParcel(request, metadata=merchant, timeout=20)
                    outcomes["created"] += 1
                except grpc.aio.AioRpcError as error:
                    outcomes[error.code().name] += 1
                    if outcomes.total() - outcomes["created"] == 1:
                        print(f"first refusal: {error.details()}", file=sys.stderr)
            if outcomes.total() % options.report == 0:
                print(f"{outcomes.total()} answered", flush=True)

        await asyncio.gather(*(one(number) for number in range(options.parcels)))
    return outcomes


def parser_of_options() -> argparse.ArgumentParser:
    """Return the parser; its defaults suit the demo's map."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--parcels", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--in-flight", type=int, default=32)
    parser.add_argument("--report", type=int, default=100, help="say so after every so many")
    return parser


def main() -> int:
    """Hand in and count; exit status 1 unless every parcel was created."""
    options = parser_of_options().parse_args()
    began = time.perf_counter()
    outcomes = asyncio.run(hand_in(options, tokens(options.data)["merchant"]))
    took_s = time.perf_counter() - began
    print(f"{dict(outcomes)} in {took_s:.2f} s, {options.parcels / took_s:.0f} a second")
    return 0 if outcomes["created"] == options.parcels else 1


if __name__ == "__main__":
    sys.exit(main())
