"""A compound as tests see it: a gate with a booth, two guards in one roster, a company."""

import uuid
from dataclasses import dataclass
from typing import Any

from dispatch.auth import Role
from dispatch.v1 import compounds_pb2 as pb
from dispatch.v1 import courier_app_pb2 as app
from dispatch.v1 import couriers_pb2, hubs_pb2, types_pb2
from tests.dispatch.service.house import NETWORK, NOON, House, place

Metadata = list[tuple[str, str]]
Duty = couriers_pb2.AvailabilityWindow.Duty

GARDEN = f"{NETWORK}/compounds/garden"
GATE = f"{GARDEN}/posts/gate"
BOOTH = f"{NETWORK}/hubs/booth"
ANN = f"{NETWORK}/couriers/ann"
BEN = f"{NETWORK}/couriers/ben"
OPENS_AT, CLOSES_AT = NOON - 600, NOON + 7200


def fresh() -> str:
    """Return a new request id."""
    return str(uuid.uuid4())


def window(courier: str, opens_at: int = OPENS_AT) -> str:
    """Return the name of a courier's slot."""
    return f"{courier}/availabilityWindows/w{opens_at}"


def row(courier: str, opens_at: int = OPENS_AT, **fields: Any) -> couriers_pb2.RosterRow:
    """Return a line of a roster: at the gate, by default."""
    closes_at = fields.pop("closes_at", CLOSES_AT)
    given = {
        "courier": courier,
        "interval": {"open_time": {"seconds": opens_at}, "close_time": {"seconds": closes_at}},
        "post": "gate",
        "duty": Duty.POST,
    }
    return couriers_pb2.RosterRow(**{**given, **fields})


@dataclass(frozen=True)
class Manor:
    """The compound, and whoever speaks."""

    house: House
    company: Metadata
    till: Metadata
    phones: dict[str, Metadata]

    async def guard(self, courier: str, **fields: Any) -> Metadata:
        """Create a guard of the gate without a roster; return the phone's token."""
        given = {
            "kind": couriers_pb2.Courier.Kind.GUARD,
            "modes": [types_pb2.TravelMode.FOOT],
            "home_anchor": place(),
        }
        await self.house.couriers.CreateCourier(
            couriers_pb2.CreateCourierRequest(
                parent=NETWORK,
                courier_id=courier,
                courier=couriers_pb2.Courier(**{**given, **fields}),
            ),
            metadata=self.house.dispatcher,
        )
        self.phones[courier] = self.house.token(Role.COURIER, courier)
        return self.phones[courier]

    async def permits(self, courier: str) -> pb.Permit:
        """Let a guard work, by the company's word."""
        answer: pb.Permit = await self.house.compounds.PermitCourier(
            pb.PermitCourierRequest(
                name=GARDEN, courier=f"{NETWORK}/couriers/{courier}", request_id=fresh()
            ),
            metadata=self.company,
        )
        return answer

    async def imports(
        self, *rows: couriers_pb2.RosterRow, **fields: Any
    ) -> couriers_pb2.ImportRosterResponse:
        """Import a roster, by the company's word."""
        answer: couriers_pb2.ImportRosterResponse = await self.house.couriers.ImportRoster(
            couriers_pb2.ImportRosterRequest(parent=NETWORK, rows=rows, **fields),
            metadata=self.company,
        )
        return answer

    async def online(self, *couriers: str) -> None:
        """Let guards come to work."""
        for courier in couriers:
            await self.house.phone.GoOnline(
                app.GoOnlineRequest(name=f"{NETWORK}/couriers/{courier}"),
                metadata=self.phones[courier],
            )

    async def post(self, name: str = GATE) -> pb.Post:
        """Return a post as its company sees it."""
        answer: pb.Post = await self.house.compounds.GetPost(
            pb.GetPostRequest(name=name), metadata=self.company
        )
        return answer

    async def accepts(self, courier: str) -> app.Tour:
        """Plan, and let a guard accept the offer that comes of it."""
        run = await self.house.plan()
        [offer] = [name for name in run.offers if f"couriers/{courier}/" in name]
        answer: app.Tour = await self.house.phone.AcceptOffer(
            app.AcceptOfferRequest(name=offer), metadata=self.phones[courier]
        )
        return answer

    async def report(self, tour: app.Tour, *events: app.StopEvent) -> list[app.StopEventResult]:
        """Tell what happened on a tour."""
        courier = tour.name.split("/")[3]
        answer = await self.house.phone.RecordStopEvents(
            app.RecordStopEventsRequest(name=tour.name, events=events),
            metadata=self.phones[courier],
        )
        return list(answer.results)

    async def pin(self, courier: str) -> str:
        """Let a guard ask for a PIN."""
        answer = await self.house.hubs.IssuePin(
            hubs_pb2.IssuePinRequest(name=f"{NETWORK}/couriers/{courier}", request_id=fresh()),
            metadata=self.phones[courier],
        )
        return str(answer.pin)

    def sign_in(self, courier: str, pin: str, **fields: Any) -> Any:
        """Sign a guard in at the booth's device; not awaited."""
        given = {
            "name": BOOTH,
            "courier": f"{NETWORK}/couriers/{courier}",
            "pin": pin,
            "request_id": fresh(),
        }
        return self.house.hubs.SignIn(
            hubs_pb2.SignInRequest(**{**given, **fields}), metadata=self.till
        )


async def manor(house: House, *, minimum: int = 1, **compound: Any) -> Manor:
    """Set up the compound ``garden`` of the company ``acme``: a gate, a booth, Ann and Ben."""
    till = await house.hub("booth", 0, kind=hubs_pb2.Hub.Kind.BOOTH)
    given = {"display_name": "Garden Court", "company": "acme"}
    await house.compounds.CreateCompound(
        pb.CreateCompoundRequest(
            parent=NETWORK, compound_id="garden", compound=pb.Compound(**{**given, **compound})
        ),
        metadata=house.dispatcher,
    )
    await house.compounds.CreatePost(
        pb.CreatePostRequest(
            parent=GARDEN, post_id="gate", post=pb.Post(hub=BOOTH, minimum=minimum)
        ),
        metadata=house.dispatcher,
    )
    made = await house.compounds.CreateCompanyToken(
        pb.CreateCompanyTokenRequest(parent=NETWORK, company="acme"), metadata=house.dispatcher
    )
    one = Manor(house, [("authorization", f"Bearer {made.token}")], till, {})
    for courier in ("ann", "ben"):
        await one.guard(courier)
        await one.permits(courier)
    await one.imports(row(ANN), row(BEN))
    return one
