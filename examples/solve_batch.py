"""Have a problem of your own planned: one call, nothing of which is kept.

Nothing of the engine is imported but the stubs that are made from its protos. By default it asks
for a small batch on the service's map: parcels from two shops to doors around the centre, two
couriers. ``--problem FILE.json`` sends the arrays of a problem file instead, as ``antmile solve``
reads them with ``--format antmile``: the same ``--iterations`` and ``--seed`` give the same plan.
"""

import argparse
import asyncio
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import grpc
from google.protobuf.duration_pb2 import Duration
from google.type.money_pb2 import Money

from dispatch.v1 import batch_pb2 as pb
from dispatch.v1 import dispatching_pb2_grpc
from examples.batch_of_arrays import cost_of, request_of
from examples.session import NETWORK, arguments, channel, point_near, tokens

WORDS = {pb.BatchStop.Action.PICKUP: "fetch", pb.BatchStop.Action.DROPOFF: "bring"}


def small_batch(options: argparse.Namespace) -> pb.SolveBatchRequest:
    """Return a batch around the centre: two shops, a door for each parcel, two couriers."""
    near = {"lat": options.lat, "lon": options.lon, "within_m": options.within}
    doors = range(2, 2 + options.parcels)
    return pb.SolveBatchRequest(
        parent=NETWORK,
        places=[
            pb.BatchPlace(point=point_near("batch", number, **near))
            for number in range(2 + options.parcels)
        ],
        legs=[
            pb.BatchLeg(
                id=f"parcel-{door - 1}",
                pickup_place=door % 2,
                pickup_duration=Duration(seconds=60),
                options=[pb.BatchOption(place=door, service_duration=Duration(seconds=120))],
                loads=[1],
                unassigned_cost=Money(units=20),
            )
            for door in doors
        ],
        couriers=[
            pb.BatchCourier(
                id=name,
                start_place=start,
                end_place=start,
                mode=mode,
                capacities=[4],
                leash_duration=Duration(seconds=5400),
                pay=pb.BatchPay(
                    fixed_cost=Money(units=1), away_minute_cost=Money(nanos=250_000_000)
                ),
            )
            for name, start, mode in (("guard", 0, "foot"), ("rider", 1, "bicycle"))
        ],
    )


async def solved(
    options: argparse.Namespace, request: pb.SolveBatchRequest
) -> pb.SolveBatchResponse:
    """Ask for the plan; the limits are those of the command line."""
    request.limits.CopyFrom(
        pb.BatchLimits(
            iterations=options.iterations,
            seed=options.seed,
            threads=options.threads,
            columns=options.columns,
        )
    )
    if options.time_limit:
        request.limits.time_limit_duration.FromMilliseconds(round(1000 * options.time_limit))
    async with channel(options.address) as opened:
        service = dispatching_pb2_grpc.DispatchServiceStub(opened)
        answer: pb.SolveBatchResponse = await service.SolveBatch(
            request, metadata=tokens(options.data)["dispatcher"], timeout=options.timeout
        )
        return answer


def show(plan: pb.SolveBatchResponse) -> None:
    """Print tours, what is left out, and what the price is made of."""

    def clock(seconds: int) -> str:
        return datetime.fromtimestamp(seconds, UTC).strftime("%H:%M:%S")

    for tour in plan.tours:
        begins, ends = clock(tour.start_time.seconds), clock(tour.end_time.seconds)
        print(f"courier {tour.courier}: {begins} to {ends}, costs {cost_of(tour.cost)}")
        for stop in tour.stops:
            where = f"place {stop.place}" if stop.HasField("place") else "the tour's end"
            print(f"  {clock(stop.start_time.seconds)}  {WORDS[stop.action]} {stop.leg} at {where}")
    for entry in plan.unassigned:
        print(f"left out: {entry.leg}: {', '.join(entry.reason_codes)}")
    for term in plan.cost_terms:
        kind = pb.BatchCostTerm.Kind.Name(term.kind)
        print(f"  {kind.lower().replace('_', ' ')}: {cost_of(term.cost)}")
    for note in plan.notes:
        print(f"note: {note}")
    ended = pb.SolveBatchResponse.StoppedBy.Name(plan.stopped_by)
    print(f"cost {cost_of(plan.cost)} by {plan.engine}, {plan.iterations} iterations, {ended}")
    print(f"problem {plan.digest}")


def parser_of_options() -> argparse.ArgumentParser:
    """Return the parser; its defaults suit the demo's map."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--problem", type=Path, help="a problem file of --format antmile, JSON")
    parser.add_argument("--parcels", type=int, default=6, help="of the small batch")
    parser.add_argument("--iterations", type=int, default=0, help="of each thread; 0: by time")
    parser.add_argument("--time-limit", type=float, default=0.0, help="seconds; 0: the service's")
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--columns",
        action=argparse.BooleanOptionalAction,
        help="put the tours that are met together anew, or not; by default where it helps",
    )
    parser.add_argument("--timeout", type=float, default=60.0, help="seconds; of the call")
    return parser


def main() -> int:
    """Ask and print; exit status 1 where the service refuses."""
    options = parser_of_options().parse_args()
    if options.problem is None:
        request = small_batch(options)
    else:
        try:
            request = request_of(json.loads(options.problem.read_text(encoding="utf-8")), NETWORK)
        except (OSError, ValueError, LookupError, TypeError) as error:
            print(f"{options.problem}: {error!r}: does antmile solve take it?", file=sys.stderr)
            return 2
    try:
        show(asyncio.run(solved(options, request)))
    except grpc.aio.AioRpcError as error:
        print(f"{error.code().name}: {error.details()}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
