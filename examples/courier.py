"""A courier's phone: watch for offers, accept, pick up, deliver.

The dispatcher's token sets the courier up; everything after that is done with the courier's
own. The courier's time is short and there is room for few parcels, so that the service sends
its offer at once instead of waiting for more that could join the tour.
"""

import argparse
import asyncio
import sys
import uuid

import grpc
from google.type.latlng_pb2 import LatLng

from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import courier_app_pb2_grpc, couriers_pb2, couriers_pb2_grpc, types_pb2
from examples.phone import VERBS, by_door, pending
from examples.session import NETWORK, Metadata, arguments, bearer, channel, tokens


async def set_up(
    opened: grpc.aio.Channel, options: argparse.Namespace, dispatcher: Metadata
) -> Metadata:
    """Create the courier with a free quarter of an hour; return what the phone needs."""
    service = couriers_pb2_grpc.CourierServiceStub(opened)
    name = f"{NETWORK}/couriers/{options.courier}"
    courier = couriers_pb2.Courier(
        kind=couriers_pb2.Courier.Kind.RIDER,
        modes=[types_pb2.TravelMode.EBIKE],
        max_parcels=options.carries,
        home_anchor=types_pb2.Place(point=LatLng(latitude=options.lat, longitude=options.lon)),
    )
    await service.CreateCourier(
        couriers_pb2.CreateCourierRequest(
            parent=NETWORK, courier_id=options.courier, courier=courier
        ),
        metadata=dispatcher,
    )
    window = couriers_pb2.AvailabilityWindow()
    window.interval.open_time.GetCurrentTime()
    window.interval.close_time.seconds = window.interval.open_time.seconds + 60 * options.minutes
    await service.CreateAvailabilityWindow(
        couriers_pb2.CreateAvailabilityWindowRequest(parent=name, availability_window=window),
        metadata=dispatcher,
    )
    made = await service.CreateCourierToken(
        couriers_pb2.CreateCourierTokenRequest(parent=name), metadata=dispatcher
    )
    return bearer(made.token)


def stop_event(stop: app.Stop, action: app.StopEvent.Action) -> app.StopEvent:
    """Return what the phone tells of a stop, now; whoever takes a parcel has signed."""
    event = app.StopEvent(event_id=str(uuid.uuid4()), stop=stop.id, action=action)
    if action == app.StopEvent.Action.DROP_OFF:
        event.proofs.add(kind=types_pb2.ProofKind.SIGNATURE)
    event.event_time.GetCurrentTime()
    return event


async def drive(
    phone: courier_app_pb2_grpc.CourierAppServiceStub, tour: app.Tour, me: Metadata
) -> int:
    """Visit the stops that are left in order; return how many parcels were handed over."""
    delivered = 0
    for stop in tour.stops:
        left = pending(stop)
        if not left:
            continue
        events = [stop_event(stop, app.StopEvent.Action.ARRIVE)]
        for kind, legs in by_door(stop):
            events.append(stop_event(stop, VERBS[kind]))
            events[-1].legs.extend(legs)
        answer = await phone.RecordStopEvents(
            app.RecordStopEventsRequest(name=tour.name, known_version=tour.version, events=events),
            metadata=me,
        )
        for result in answer.results:
            if result.disposition == app.StopEventResult.Disposition.REJECTED:
                raise RuntimeError(f"stop {stop.id}: {result.status.message}")
        delivered += sum(one.kind == app.StopAction.Kind.DROPOFF for one in left)
        done = ", ".join(f"{app.StopAction.Kind.Name(one.kind)} {one.parcel}" for one in left)
        print(f"stop {stop.id}: {done} {stop.place.contact.display_name}".rstrip(), flush=True)
    return delivered


async def work(options: argparse.Namespace) -> int:
    """Go online and deliver until there are enough; return how many."""
    name = f"{NETWORK}/couriers/{options.courier}"
    delivered = 0
    async with channel(options.address) as opened:
        me = await set_up(opened, options, tokens(options.data)["dispatcher"])
        phone = courier_app_pb2_grpc.CourierAppServiceStub(opened)
        await phone.GoOnline(app.GoOnlineRequest(name=name), metadata=me)
        news = phone.WatchWork(app.WatchWorkRequest(name=name), metadata=me)
        async for message in news:
            if message.HasField("offer") and message.offer.state == app.Offer.State.OPEN:
                offer = message.offer
                print(f"offer of {len(offer.legs)} parcels: accepted", flush=True)
                tour = await phone.AcceptOffer(
                    app.AcceptOfferRequest(
                        name=offer.name, etag=offer.etag, request_id=str(uuid.uuid4())
                    ),
                    metadata=me,
                )
                delivered += await drive(phone, tour, me)
                if delivered >= options.parcels:
                    break
        await phone.GoOffline(app.GoOfflineRequest(name=name), metadata=me)
    return delivered


def main() -> int:
    """Deliver, and say how many."""
    parser = arguments(__doc__ or "")
    parser.add_argument("--courier", default=f"c{uuid.uuid4().hex[:8]}", help="id of the courier")
    parser.add_argument("--parcels", type=int, default=1, help="go home after so many")
    parser.add_argument("--carries", type=int, default=4, help="most parcels on one tour")
    parser.add_argument("--minutes", type=int, default=15, help="time until the shift ends")
    options = parser.parse_args()
    delivered = asyncio.run(work(options))
    print(f"delivered {delivered}")
    return 0


if __name__ == "__main__":
    sys.exit(main())
