"""A gate with two guards: one walks, one stays, and the property company has the last word.

Starts the real service in its own process and plays an hour at a compound's gate over gRPC. Two
guards' phones and the device that both share at the booth run in processes of their own; the
property company speaks through the command line (``antmile company``, ``antmile roster``) with its
own token.

1. The company rosters its guards. Nobody scans at the booth before a guard has signed in there.
2. Ann carries two parcels to two doors behind one entrance. The booth is 30 m away, so that her
   position alone shows nothing: she scans the entrance's tag.
3. The company wants one guard at the gate at any moment. Ben may not set out until Ann is back.
4. The company sees the minutes away, and stops it all.
"""

import argparse
import os
import shlex
import signal
import subprocess
import sys
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

import grpc

from dispatch.auth import Principal, Role, issue
from dispatch.v1 import (
    compounds_pb2,
    compounds_pb2_grpc,
    couriers_pb2,
    couriers_pb2_grpc,
    hubs_pb2,
    hubs_pb2_grpc,
    parcels_pb2,
    parcels_pb2_grpc,
    types_pb2,
)
from examples.counter import CARRIER
from examples.processes import ROOT, Hand, Service
from examples.session import MERCHANT, NETWORK, Metadata, bearer, moved

POLICY = "slack_s = 100_000  # nothing waits for company"
GARDEN = f"{NETWORK}/compounds/garden"
BOOTH = f"{NETWORK}/hubs/east-gate"
BOOTH_M, ENTRANCE_M, FAR_M = (150, 0), (180, 0), (330, 100)
"""Metres to the north and east of the centre."""
WALK_S = 3


@dataclass(frozen=True)
class Gate:
    """Everybody who has a part in the story."""

    service: Service
    options: argparse.Namespace
    merchant: Metadata
    dispatcher: Metadata
    channel: grpc.Channel

    def place(self, metres: tuple[int, int], **fields: object) -> types_pb2.Place:
        """Return a place of the story."""
        north_m, east_m = metres
        point = moved(self.options.lat, self.options.lon, north_m=north_m, east_m=east_m)
        return types_pb2.Place(point=point, **fields)  # type: ignore[arg-type]

    def booth(self) -> str:
        """Create the booth; return the token of the device that stands there."""
        service = hubs_pb2_grpc.HubServiceStub(self.channel)
        made = hubs_pb2.Hub(kind=hubs_pb2.Hub.Kind.BOOTH, place=self.place(BOOTH_M))
        service.CreateHub(
            hubs_pb2.CreateHubRequest(parent=NETWORK, hub_id="east-gate", hub=made),
            metadata=self.dispatcher,
        )
        token = service.CreateHubToken(
            hubs_pb2.CreateHubTokenRequest(parent=BOOTH, device="tablet"), metadata=self.dispatcher
        )
        return str(token.token)

    def company(self) -> str:
        """Take in the compound and its post, where nobody has to stay yet; return the token."""
        service = compounds_pb2_grpc.CompoundServiceStub(self.channel)
        service.CreateCompound(
            compounds_pb2.CreateCompoundRequest(
                parent=NETWORK,
                compound_id="garden",
                compound=compounds_pb2.Compound(company="green-homes"),
            ),
            metadata=self.dispatcher,
        )
        service.CreatePost(
            compounds_pb2.CreatePostRequest(
                parent=GARDEN, post_id="east", post=compounds_pb2.Post(hub=BOOTH, minimum=0)
            ),
            metadata=self.dispatcher,
        )
        token = service.CreateCompanyToken(
            compounds_pb2.CreateCompanyTokenRequest(parent=NETWORK, company="green-homes"),
            metadata=self.dispatcher,
        )
        return str(token.token)

    def guard(self, courier: str, units: int) -> str:
        """Create a guard who is paid so much a minute; return the phone's token."""
        service = couriers_pb2_grpc.CourierServiceStub(self.channel)
        service.CreateCourier(
            couriers_pb2.CreateCourierRequest(
                parent=NETWORK,
                courier_id=courier,
                courier=couriers_pb2.Courier(
                    kind=couriers_pb2.Courier.Kind.GUARD,
                    modes=[types_pb2.TravelMode.FOOT],
                    home_anchor=self.place(BOOTH_M),
                    pay_rule=couriers_pb2.PayRule(
                        minute_amount={"currency_code": "EUR", "units": units}
                    ),
                ),
            ),
            metadata=self.dispatcher,
        )
        token = service.CreateCourierToken(
            couriers_pb2.CreateCourierTokenRequest(parent=f"{NETWORK}/couriers/{courier}"),
            metadata=self.dispatcher,
        )
        return str(token.token)

    def hands_in(self, parcels: dict[str, types_pb2.Place]) -> None:
        """Hand parcels in at the booth, all at once."""
        requests = [
            parcels_pb2.CreateParcelRequest(
                parent=MERCHANT,
                parcel_id=parcel,
                parcel=parcels_pb2.Parcel(
                    carrier=CARRIER,
                    waybill=parcel,
                    pickup=types_pb2.Place(hub=BOOTH),
                    dropoff=door,
                ),
            )
            for parcel, door in parcels.items()
        ]
        parcels_pb2_grpc.ParcelServiceStub(self.channel).BatchCreateParcels(
            parcels_pb2.BatchCreateParcelsRequest(parent=MERCHANT, requests=requests),
            metadata=self.merchant,
        )
        print(f"  {'merchant':<14} hands in {' and '.join(parcels)} at the booth", flush=True)

    def tag(self, company: str) -> str:
        """Let the company print the tag of the entrance; return what it says."""
        page = compounds_pb2_grpc.CompoundServiceStub(self.channel).ListEntranceTags(
            compounds_pb2.ListEntranceTagsRequest(
                parent=GARDEN, entrances=[compounds_pb2.Entrance(building="3", entrance="2")]
            ),
            metadata=bearer(company),
        )
        [tag] = page.entrance_tags
        print(f"  {'company':<14} prints tag {tag.tag_id}: {tag.text}", flush=True)
        return str(tag.text)

    def pin(self, courier: str, company: str) -> str:
        """Let the company issue a guard's PIN; return it."""
        answer = hubs_pb2_grpc.HubServiceStub(self.channel).IssuePin(
            hubs_pb2.IssuePinRequest(name=f"{NETWORK}/couriers/{courier}"),
            metadata=bearer(company),
        )
        return str(answer.pin)


def company_says(gate: Gate, token: str, *arguments: str) -> None:
    """Run ``antmile`` as the company, and show what it says."""
    print(f"  {'company':<14} $ antmile {shlex.join(arguments)}", flush=True)
    done = subprocess.run(
        [sys.executable, "-c", "from cli.main import app; app()", *arguments],
        capture_output=True,
        text=True,
        cwd=ROOT,
        env={**os.environ, "ANTMILE_TOKEN": token, "ANTMILE_ADDRESS": gate.service.address},
        check=False,
    )
    for line in (done.stdout + done.stderr).splitlines():
        print(f"  {'':<14} {line}", flush=True)


def roster(gate: Gate, token: str) -> None:
    """Let the company permit its guards and import their day."""
    now = datetime.now(UTC).replace(microsecond=0)  # noqa: TID251 - a clock on somebody's wall
    times = f"{(now - timedelta(hours=1)).isoformat()},{(now + timedelta(hours=7)).isoformat()}"
    file = gate.options.data / "roster.csv"
    rows = [f"{guard},{times},east,POST" for guard in ("ann", "ben")]
    text = "\n".join(["courier_id,opens_at,closes_at,post,duty", *rows])
    file.write_text(f"{text}\n", encoding="utf-8")
    for guard in ("ann", "ben"):
        company_says(gate, token, "company", "permit", "garden", guard)
    company_says(gate, token, "roster", "import", str(file))


def play(gate: Gate) -> None:
    """Play the hour."""
    tablet, company = gate.booth(), gate.company()
    address = ("--address", gate.service.address)
    phones = {
        guard: Hand(
            f"{guard}'s phone", "phone", gate.guard(guard, pay), *address, "--courier", guard
        )
        for guard, pay in (("ann", 1), ("ben", 2))
    }
    booth = Hand("booth's tablet", "counter", tablet, *address, "--hub", "east-gate")
    try:
        _sign_in(gate, company, phones, booth)
        _walk(gate, company, phones)
        _stop(gate, company, phones)
    finally:
        for hand in (*phones.values(), booth):
            hand.lets_go()


def _sign_in(gate: Gate, company: str, phones: dict[str, Hand], booth: Hand) -> None:
    print("1. A roster and a PIN", flush=True)
    roster(gate, company)
    booth.does("count")
    for phone in phones.values():
        phone.does("online")
    booth.does("count")
    pin = gate.pin("ben", company)
    booth.does(f"sign-in ben {(int(pin) + 1) % 1_000_000:06d}")
    booth.does(f"sign-in ben {pin}")
    booth.does("count")


def _walk(gate: Gate, company: str, phones: dict[str, Hand]) -> None:
    print("2. One entrance, two doors, a tag", flush=True)
    stairs = {"compound": "garden", "building": "3", "entrance": "2"}
    gate.hands_in(
        {
            parcel: gate.place(ENTRANCE_M, **stairs, room=room, floor=floor)
            for parcel, room, floor in (("p1", "101", 0), ("p2", "501", 4))
        }
    )
    phones["ann"].does("take")
    gate.hands_in({"p3": gate.place(FAR_M, room="7")})
    phones["ben"].does("take")
    company_says(gate, company, "company", "minimum", "garden", "east", "1")
    phones["ann"].does("start")
    phones["ann"].does("next")
    phones["ann"].does("next")
    phones["ann"].does(f"next {gate.tag(company)}")
    print("3. Somebody has to be at the gate", flush=True)
    company_says(gate, company, "company", "posts", "garden")
    phones["ben"].does("start")
    time.sleep(WALK_S)
    phones["ann"].does("back")
    phones["ben"].does("start")
    phones["ben"].does("next")
    phones["ben"].does("next")
    time.sleep(WALK_S)
    phones["ben"].does("back")


def _stop(gate: Gate, company: str, phones: dict[str, Hand]) -> None:
    print("4. The company's word", flush=True)
    company_says(gate, company, "company", "absences", "garden")
    gate.hands_in({"p4": gate.place(FAR_M, room="8")})
    phones["ann"].does("take")
    company_says(gate, company, "company", "stop", "garden", "--why", "a burst pipe")
    phones["ann"].does("start")
    company_says(gate, company, "company", "resume", "garden", "--why", "it is mended")


def main() -> int:
    """Start the service and play."""
    parser = argparse.ArgumentParser(description=__doc__.partition("\n")[0] if __doc__ else "")
    parser.add_argument("--map", type=Path, required=True, help="OpenStreetMap file")
    parser.add_argument("--data", type=Path, default=Path("out/booth"), help="a new folder")
    parser.add_argument("--lat", type=float, default=60.1712, help="centre, degrees")
    parser.add_argument("--lon", type=float, default=24.9440, help="centre, degrees")
    options = parser.parse_args()
    if (options.data / "log.sqlite3").exists():
        print(f"{options.data}: has a log already; name a new folder with --data", file=sys.stderr)
        return 2
    service = Service(options.map, options.data, POLICY)
    service.start()
    merchant, dispatcher = (
        bearer(issue(Principal("local", role, who), service.secret, None))
        for role, who in ((Role.MERCHANT, "default"), (Role.DISPATCHER, "dora"))
    )
    try:
        with grpc.insecure_channel(service.address) as channel:
            play(Gate(service, options, merchant, dispatcher, channel))
    finally:
        service.end(signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main())
