"""Ask what can be promised before a parcel is handed in, and why one is left out afterwards.

Against a running ``antmile serve --dev``. A courier with time for half an hour comes online and
takes no more than 2 kg. The merchant asks for windows, hands in a light parcel and a heavy one; the
dispatcher has a plan made and reads why the heavy one waits.
"""

import argparse
import asyncio
import sys
import uuid
from datetime import datetime

import grpc
from google.longrunning import operations_pb2, operations_pb2_grpc

from dispatch.v1 import (
    courier_app_pb2,
    courier_app_pb2_grpc,
    couriers_pb2,
    couriers_pb2_grpc,
    decisions_pb2,
    dispatching_pb2,
    dispatching_pb2_grpc,
    feasibility_pb2,
    parcels_pb2,
    parcels_pb2_grpc,
    types_pb2,
)
from examples.session import MERCHANT, NETWORK, Metadata, arguments, channel, moved, tokens

GRAMS = 2000
HALF_HOUR_S = 1800


def place(options: argparse.Namespace, north_m: float) -> types_pb2.Place:
    """Return a place so many metres north of the centre."""
    return types_pb2.Place(point=moved(options.lat, options.lon, north_m=north_m, east_m=0))


def parcel(options: argparse.Namespace, grams: int) -> parcels_pb2.Parcel:
    """Return a parcel from the centre to a door north of it."""
    return parcels_pb2.Parcel(
        pickup=place(options, 0),
        dropoff=place(options, options.within / 2),
        load=types_pb2.Load(grams=grams),
    )


async def come_online(
    opened: grpc.aio.Channel, options: argparse.Namespace, dispatcher: Metadata
) -> str:
    """Set up a courier with half an hour of time; return the name."""
    service = couriers_pb2_grpc.CourierServiceStub(opened)
    own = f"c{uuid.uuid4().hex[:8]}"
    name = f"{NETWORK}/couriers/{own}"
    courier = couriers_pb2.Courier(
        kind=couriers_pb2.Courier.Kind.RIDER,
        modes=[types_pb2.TravelMode.BICYCLE],
        home_anchor=place(options, 0),
        capacity=types_pb2.Load(grams=GRAMS),
    )
    await service.CreateCourier(
        couriers_pb2.CreateCourierRequest(parent=NETWORK, courier_id=own, courier=courier),
        metadata=dispatcher,
    )
    window = couriers_pb2.AvailabilityWindow()
    window.interval.open_time.GetCurrentTime()
    window.interval.close_time.seconds = window.interval.open_time.seconds + HALF_HOUR_S
    await service.CreateAvailabilityWindow(
        couriers_pb2.CreateAvailabilityWindowRequest(parent=name, availability_window=window),
        metadata=dispatcher,
    )
    phone = courier_app_pb2_grpc.CourierAppServiceStub(opened)
    await phone.GoOnline(courier_app_pb2.GoOnlineRequest(name=name), metadata=dispatcher)
    return name


async def ask(
    opened: grpc.aio.Channel, options: argparse.Namespace, grams: int, merchant: Metadata
) -> None:
    """Print the best windows for a parcel, as its merchant sees them."""
    service = dispatching_pb2_grpc.DispatchServiceStub(opened)
    windows = [types_pb2.TimeWindow() for _ in range(3)]
    for number, window in enumerate(windows):
        window.open_time.GetCurrentTime()
        window.open_time.seconds += 1 + number * HALF_HOUR_S
        window.close_time.seconds = window.open_time.seconds + HALF_HOUR_S
    answer = await service.CheckFeasibility(
        feasibility_pb2.CheckFeasibilityRequest(
            parent=MERCHANT, parcel=parcel(options, grams), candidate_windows=windows
        ),
        metadata=merchant,
    )
    print(f"{grams} g:")
    for advice in answer.windows:
        opens, closes = (
            f"{datetime.fromtimestamp(at.seconds).astimezone():%H:%M}"
            for at in (advice.window.open_time, advice.window.close_time)
        )
        cost = advice.marginal_cost.units + advice.marginal_cost.nanos / 1e9
        told = (
            f"{cost:.2f} {advice.marginal_cost.currency_code},"
            f" {advice.on_time_permille / 10:.1f} % in time, {advice.courier_count} could"
            if advice.feasible
            else f"no: {advice.reason_code}"
        )
        print(f"  {opens} to {closes}  {told}")


async def plan(opened: grpc.aio.Channel, dispatcher: Metadata) -> None:
    """Have a plan made, and wait for it."""
    service = dispatching_pb2_grpc.DispatchServiceStub(opened)
    operation = await service.RunDispatch(
        dispatching_pb2.RunDispatchRequest(parent=NETWORK), metadata=dispatcher
    )
    await operations_pb2_grpc.OperationsStub(opened).WaitOperation(
        operations_pb2.WaitOperationRequest(name=operation.name), metadata=dispatcher
    )


async def explain(
    opened: grpc.aio.Channel, name: str, courier: str, who: dict[str, Metadata]
) -> None:
    """Print why a parcel's leg waits, as dispatcher and merchant read it, and why not this one."""
    service = dispatching_pb2_grpc.DispatchServiceStub(opened)
    asked = [("dispatcher", ""), ("merchant", ""), *((("dispatcher", courier),) if courier else ())]
    for reader, more in asked:
        answer = await service.ExplainDecision(
            decisions_pb2.ExplainDecisionRequest(leg=f"{name}/legs/1", courier=more),
            metadata=who[reader],
        )
        its = answer.explanation
        about = f" about {more.rpartition('/')[2]}" if more else ""
        print(f"  the {reader} reads{about}: {its.reason_code or '-'}: {its.text}")


async def tell(options: argparse.Namespace) -> None:
    """Play it through."""
    who = tokens(options.data)
    async with channel(options.address) as opened:
        courier = await come_online(opened, options, who["dispatcher"])
        for grams in (GRAMS // 2, 2 * GRAMS):
            await ask(opened, options, grams, who["merchant"])
        parcels = parcels_pb2_grpc.ParcelServiceStub(opened)
        made = []
        for grams in (GRAMS // 2, 2 * GRAMS):
            request = parcels_pb2.CreateParcelRequest(
                parent=MERCHANT, parcel=parcel(options, grams), request_id=str(uuid.uuid4())
            )
            created = await parcels.CreateParcel(request, metadata=who["merchant"])
            made.append((grams, created.name))
        await plan(opened, who["dispatcher"])
        for grams, name in made:
            print(f"{grams} g, handed in and planned:")
            await explain(opened, name, courier if grams > GRAMS else "", who)


def main() -> int:
    """Play it through."""
    asyncio.run(tell(arguments(__doc__ or "").parse_args()))
    return 0


if __name__ == "__main__":
    sys.exit(main())
