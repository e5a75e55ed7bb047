"""Work that tests do again and again: a tour taken, a door in vain, a parcel at the shop."""

import uuid
from dataclasses import dataclass
from typing import Any

from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import hubs_pb2, parcels_pb2, types_pb2
from tests.dispatch.service.house import NETWORK, NOON, House, place

Action = app.StopEvent.Action
Disposition = app.StopEventResult.Disposition
Metadata = list[tuple[str, str]]

CAI = f"{NETWORK}/couriers/cai"
MART = f"{NETWORK}/hubs/mart"
AGREED: dict[str, Any] = {"consented_by": "recipient", "consent_evidence": "sms:4711"}
TO_MART = parcels_pb2.DeliveryOption(kind=parcels_pb2.DeliveryOption.Kind.HUB, **AGREED)
AT_DOOR = parcels_pb2.DeliveryOption(kind=parcels_pb2.DeliveryOption.Kind.DOOR)


@dataclass(frozen=True)
class Errand:
    """A courier on a tour with one parcel, and the counter of the shop."""

    house: House
    parcel: str
    phone: Metadata
    till: Metadata
    tour: app.Tour

    async def report(self, *events: app.StopEvent, **fields: Any) -> list[app.StopEventResult]:
        """Send what happened; return what became of each event."""
        answer = await self.house.phone.RecordStopEvents(
            app.RecordStopEventsRequest(name=self.tour.name, events=events, **fields),
            metadata=self.phone,
        )
        return list(answer.results)

    async def recorded(self, *events: app.StopEvent) -> None:
        """Send what happened, and see it taken."""
        for one in await self.report(*events):
            assert one.disposition == Disposition.RECORDED, one

    async def receive(self, **fields: Any) -> hubs_pb2.ReceiveParcelResponse:
        """Scan the parcel as it comes in at the counter."""
        given = {
            "name": MART,
            "scan": {"parcel": self.parcel},
            "courier": CAI,
            "request_id": str(uuid.uuid4()),
        }
        answer: hubs_pb2.ReceiveParcelResponse = await self.house.hubs.ReceiveParcel(
            hubs_pb2.ReceiveParcelRequest(**{**given, **fields}), metadata=self.till
        )
        return answer

    def release(self, **fields: Any) -> Any:
        """Scan the parcel as it leaves; not awaited."""
        given = {"name": MART, "scan": {"parcel": self.parcel}, "request_id": str(uuid.uuid4())}
        return self.house.hubs.ReleaseParcel(
            hubs_pb2.ReleaseParcelRequest(**{**given, **fields}), metadata=self.till
        )


def event(stop: int, action: Action, at: int = NOON, **fields: Any) -> app.StopEvent:
    """Return what a phone tells of a stop."""
    return app.StopEvent(
        event_id=str(uuid.uuid4()),
        stop=str(stop),
        action=action,
        event_time={"seconds": at},
        **fields,
    )


async def errand(house: House, number: int = 1, **fields: Any) -> Errand:
    """Let a courier accept a parcel; there is a shop near its door."""
    till = await house.hub("mart", number + 2)
    got = await house.create(number, **fields)
    phone = await house.courier()
    await house.phone.GoOnline(app.GoOnlineRequest(name=CAI), metadata=phone)
    run = await house.plan()
    tour = await house.phone.AcceptOffer(app.AcceptOfferRequest(name=run.offers[0]), metadata=phone)
    return Errand(house, got.name, phone, till, tour)


async def absent(one: Errand, number: int = 1) -> None:
    """Pick up, and report nobody at the door with all that this takes."""
    one.house.clock.instant = NOON + 200
    await one.recorded(
        event(0, Action.PICK_UP, NOON),
        event(1, Action.ARRIVE, NOON + 60),
        event(
            1,
            Action.DROP_OFF,
            NOON + 190,
            outcome=app.StopEvent.Outcome.FAILED,
            failure_code=types_pb2.FailureCode.ABSENT,
            point=place(number + 1).point,
            contact_time={"seconds": NOON + 65},
            contact_receipt="call:17",
        ),
    )


async def at_mart(house: House, **fields: Any) -> Errand:
    """Bring a parcel to the shop by consent, after a door in vain; it waits for its recipient."""
    one = await errand(house, delivery_options=[AT_DOOR, TO_MART], **fields)
    await absent(one)
    await one.recorded(event(2, Action.DROP_OFF, NOON + 200))
    answer = await one.receive()
    assert answer.transferred
    return one
