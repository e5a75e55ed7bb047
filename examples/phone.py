"""A courier's phone, told by its owner line by line what to do.

It reads a word or two a line from its standard input, does that over gRPC with the courier's own
token (``ANTMILE_TOKEN``), and answers with one line. `relay_through_a_booth` and
`a_booth_with_two_guards` hold two of them each.

==========  ============================================================================
online      say that the courier can be asked
take        wait for an offer and accept it
start       set out
next [TAG]  go to the next stop and do what is to be done there, with the entrance's tag
absent      go to the next stop, let the recipient know, wait in vain, say so
back        say that the courier is back at the post
==========  ============================================================================
"""

import argparse
import os
import sys
import time
import uuid
from collections.abc import Callable

import grpc

from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import courier_app_pb2_grpc, types_pb2
from examples.session import NETWORK, bearer

PATIENCE_S = 60
DONE = frozenset({app.Tour.State.COMPLETED, app.Tour.State.ABORTED})
VERBS = {
    app.StopAction.Kind.PICKUP: app.StopEvent.Action.PICK_UP,
    app.StopAction.Kind.DROPOFF: app.StopEvent.Action.DROP_OFF,
}


class Phone:
    """What the courier can do with it."""

    def __init__(self, address: str, courier: str, token: str, wait_s: int) -> None:
        self._service = courier_app_pb2_grpc.CourierAppServiceStub(grpc.insecure_channel(address))
        self._name = f"{NETWORK}/couriers/{courier}"
        self._me = bearer(token)
        self._wait_s = wait_s
        self._tour = app.Tour()

    def online(self) -> str:
        """Say that the courier can be asked."""
        self._service.GoOnline(app.GoOnlineRequest(name=self._name), metadata=self._me)
        return "is online"

    def take(self) -> str:
        """Wait for an offer and accept it."""
        news = self._service.WatchWork(
            app.WatchWorkRequest(name=self._name), metadata=self._me, timeout=PATIENCE_S
        )
        for message in news:
            if message.HasField("offer") and message.offer.state == app.Offer.State.OPEN:
                news.cancel()
                break
        accept = app.AcceptOfferRequest(name=message.offer.name, request_id=str(uuid.uuid4()))
        self._tour = self._service.AcceptOffer(accept, metadata=self._me)
        way = " -> ".join(_told(stop) for stop in self._tour.stops)
        return f"accepts a tour: {way}"

    def start(self) -> str:
        """Set out."""
        ask = app.StartTourRequest(name=self._tour.name, request_id=str(uuid.uuid4()))
        try:
            self._service.StartTour(ask, metadata=self._me)
        except grpc.RpcError as error:
            return f"may not set out: {error.details()}"
        return f"sets out: {self._tour.summary}"

    def back(self) -> str:
        """Say that the courier is back at the post."""
        ask = app.ReturnToPostRequest(name=self._name, request_id=str(uuid.uuid4()))
        self._service.ReturnToPost(ask, metadata=self._me)
        return "is back at the post"

    def next(self, tag: str = "") -> str:
        """Go to the next stop and do what is to be done there, door by door."""
        stop = self._next_stop()
        events = [self._event(stop, app.StopEvent.Action.ARRIVE)]
        for kind, legs in by_door(stop):
            event = self._event(stop, VERBS[kind])
            event.legs[:] = legs
            event.entrance_tag = tag
            if kind == app.StopAction.Kind.DROPOFF and not stop.place.hub:
                event.proofs.add(kind=types_pb2.ProofKind.SIGNATURE)
            events.append(event)
        try:
            self._report(events)
        except RuntimeError as error:
            return f"is refused: {error}"
        return f"reports: {_told(stop)}"

    def absent(self) -> str:
        """Go to the next stop, let the recipient know, wait in vain, say so."""
        stop = self._next_stop()
        [action] = pending(stop)
        self._report([self._event(stop, app.StopEvent.Action.ARRIVE)])
        ask = app.ContactRecipientRequest(
            name=self._tour.name, leg=action.leg, request_id=str(uuid.uuid4())
        )
        self._service.ContactRecipient(ask, metadata=self._me)
        time.sleep(self._wait_s + 1)
        failed = self._event(stop, app.StopEvent.Action.DROP_OFF)
        failed.outcome = app.StopEvent.Outcome.FAILED
        failed.failure_code = types_pb2.FailureCode.ABSENT
        self._report([failed])
        return f"rings, calls, waits: nobody there; next: {_told(self._next_stop())}"

    def _next_stop(self) -> app.Stop:
        """Return the first stop of the tour, as it now stands, where something is left to do."""
        news = self._service.WatchWork(
            app.WatchWorkRequest(name=self._name), metadata=self._me, timeout=PATIENCE_S
        )
        for message in news:
            if message.HasField("tour") and message.tour.state not in DONE:
                self._tour = message.tour
            if message.HasField("snapshot_end"):
                news.cancel()
                break
        return next(stop for stop in self._tour.stops if pending(stop))

    def _event(self, stop: app.Stop, action: app.StopEvent.Action) -> app.StopEvent:
        event = app.StopEvent(
            event_id=str(uuid.uuid4()),
            stop=stop.id,
            action=action,
            point=stop.place.point,
            accuracy_meters=10,
            legs=[one.leg for one in pending(stop) if VERBS[one.kind] == action],
        )
        event.event_time.GetCurrentTime()
        return event

    def _report(self, events: list[app.StopEvent]) -> None:
        request = app.RecordStopEventsRequest(name=self._tour.name, events=events)
        request.sent_time.GetCurrentTime()
        answer = self._service.RecordStopEvents(request, metadata=self._me)
        for result in answer.results:
            if result.disposition == app.StopEventResult.Disposition.REJECTED:
                raise RuntimeError(result.status.message)


def pending(stop: app.Stop) -> list[app.StopAction]:
    """Return what is left to do at a stop."""
    return [action for action in stop.actions if action.state == app.Stop.State.PENDING]


def by_door(stop: app.Stop) -> list[tuple[app.StopAction.Kind, list[str]]]:
    """Return what is to be done at a stop, all parcels of one door together."""
    doors: dict[bytes, tuple[app.StopAction.Kind, list[str]]] = {}
    for action in sorted(pending(stop), key=lambda action: action.kind):
        place = action.place.SerializeToString(deterministic=True)
        _, legs = doors.setdefault(bytes([action.kind]) + place, (action.kind, []))
        legs.append(action.leg)
    return list(doors.values())


def _told(stop: app.Stop) -> str:
    """Return what is done at a stop, in a few words."""
    where = stop.place.hub.rpartition("/")[2] or "door"
    done = []
    for action in stop.actions:
        what = action.parcel.rpartition("/")[2]
        where = (action.place.room and f"room {action.place.room}") or where
        if action.kind == app.StopAction.Kind.PICKUP:
            done.append(f"fetch {what} at {where}")
        else:
            done.append(f"bring {what} to {where} ({types_pb2.Purpose.Name(action.purpose)})")
    return ", ".join(done)


def main() -> int:
    """Do what is told until nobody tells any more."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--address", required=True, help="HOST:PORT of the service")
    parser.add_argument("--courier", required=True, help="id of the courier")
    parser.add_argument("--wait-s", type=int, default=120, help="wait at a door, by the policy")
    options = parser.parse_args()
    phone = Phone(options.address, options.courier, os.environ["ANTMILE_TOKEN"], options.wait_s)
    verbs: dict[str, Callable[..., str]] = {
        "online": phone.online,
        "take": phone.take,
        "start": phone.start,
        "next": phone.next,
        "absent": phone.absent,
        "back": phone.back,
    }
    for line in sys.stdin:
        verb, *arguments = line.split()
        print(verbs[verb](*arguments), flush=True)
    return 0


if __name__ == "__main__":
    sys.exit(main())
