"""A parcel relayed through a guard's booth, twice: collected at a shop, and sent back.

Starts the real service in its own process, with a policy whose waits are seconds, and plays two
days over gRPC: two phones (a rider's and a guard's) and two counters (the booth's and a shop's)
run in processes of their own, each with its own token.

1. Station, rider, booth, guard, door: nobody there. The recipient has agreed to the shop, so the
   guard takes it there, and it is collected with the code that the outbox holds.
2. The same without consent. While the booth holds it the service is killed and started again;
   then it is held, tried again, and goes back to its sender.
"""

import argparse
import signal
import sys
import time
from dataclasses import dataclass
from pathlib import Path

import grpc
from google.protobuf.message import Message

from dispatch.auth import Principal, Role, issue
from dispatch.v1 import (
    couriers_pb2,
    couriers_pb2_grpc,
    hubs_pb2,
    hubs_pb2_grpc,
    parcels_pb2,
    parcels_pb2_grpc,
    types_pb2,
)
from examples.counter import CARRIER
from examples.processes import Hand, Service
from examples.session import MERCHANT, NETWORK, Metadata, bearer, moved

WAIT_S, REATTEMPT_S = 1, 4
POLICY = f"""
slack_s = 100_000  # nothing waits for company
absent_wait_s = {WAIT_S}
reattempt_s = {REATTEMPT_S}
"""
PLACES_M = {
    "station": (-350, 0),
    "east-gate": (150, 0),
    "door": (330, 100),
    "tea-shop": (250, -150),
}
"""Metres to the north and east of the centre."""
Kind = parcels_pb2.DeliveryOption.Kind


@dataclass(frozen=True)
class Town:
    """Everybody who has a part in the story."""

    service: Service
    options: argparse.Namespace
    merchant: Metadata
    dispatcher: Metadata
    channel: grpc.Channel

    def place(self, where: str, **fields: object) -> types_pb2.Place:
        """Return a place of the story."""
        north_m, east_m = PLACES_M[where]
        point = moved(self.options.lat, self.options.lon, north_m=north_m, east_m=east_m)
        return types_pb2.Place(point=point, **fields)  # type: ignore[arg-type]

    def hub(self, hub: str, kind: hubs_pb2.Hub.Kind, **fields: object) -> str:
        """Create a hub and return its counter's token."""
        service = hubs_pb2_grpc.HubServiceStub(self.channel)
        made = hubs_pb2.Hub(kind=kind, place=self.place(hub), **fields)  # type: ignore[arg-type]
        service.CreateHub(
            hubs_pb2.CreateHubRequest(parent=NETWORK, hub_id=hub, hub=made),
            metadata=self.dispatcher,
        )
        name = f"{NETWORK}/hubs/{hub}"
        token = service.CreateHubToken(
            hubs_pb2.CreateHubTokenRequest(parent=name, device="till-1"), metadata=self.dispatcher
        )
        return str(token.token)

    def courier(self, courier: str, **fields: object) -> str:
        """Create a courier with a quarter of an hour of time; return the phone's token."""
        service = couriers_pb2_grpc.CourierServiceStub(self.channel)
        made = couriers_pb2.Courier(**fields)  # type: ignore[arg-type]
        service.CreateCourier(
            couriers_pb2.CreateCourierRequest(parent=NETWORK, courier_id=courier, courier=made),
            metadata=self.dispatcher,
        )
        name = f"{NETWORK}/couriers/{courier}"
        window = couriers_pb2.AvailabilityWindow()
        window.interval.open_time.GetCurrentTime()
        window.interval.close_time.seconds = window.interval.open_time.seconds + 7200
        service.CreateAvailabilityWindow(
            couriers_pb2.CreateAvailabilityWindowRequest(parent=name, availability_window=window),
            metadata=self.dispatcher,
        )
        token = service.CreateCourierToken(
            couriers_pb2.CreateCourierTokenRequest(parent=name), metadata=self.dispatcher
        )
        return str(token.token)

    def parcel(self, parcel: str, *, consent: bool) -> None:
        """Hand a parcel in, with or without the recipient's consent to the shop."""
        options = [parcels_pb2.DeliveryOption(kind=Kind.DOOR)]
        if consent:
            options.append(
                parcels_pb2.DeliveryOption(
                    kind=Kind.HUB,
                    target=f"{NETWORK}/hubs/tea-shop",
                    consented_by="recipient",
                    consent_evidence="sms:4711",
                )
            )
        rita = types_pb2.Contact(display_name="Rita Recipient", phone_number="+358401234567")
        request = parcels_pb2.CreateParcelRequest(
            parent=MERCHANT,
            parcel_id=parcel,
            parcel=parcels_pb2.Parcel(
                carrier=CARRIER,
                waybill=parcel,
                pickup=types_pb2.Place(hub=f"{NETWORK}/hubs/station"),
                dropoff=self.place("door", room="12", contact=rita),
                delivery_options=options,
            ),
        )
        self._parcels.CreateParcel(request, metadata=self.merchant)
        how = "the recipient has agreed to the shop" if consent else "no consent on record"
        print(f"  {'merchant':<14} hands in {parcel}: {how}", flush=True)

    def state(self, parcel: str) -> str:
        """Return where a parcel stands in its life."""
        return parcels_pb2.Parcel.State.Name(self._read(parcel).state)

    def wait_for(self, parcel: str, *states: str) -> None:
        """Wait until a parcel is in one of these states."""
        for _ in range(300):
            if self.state(parcel) in states:
                return
            time.sleep(0.1)
        raise RuntimeError(f"{parcel} is {self.state(parcel)}, and not {' or '.join(states)}")

    def ledger(self, parcel: str) -> None:
        """Print who has held a parcel, in order."""
        for line in self._ledger(parcel).custody_events:
            holder = parcels_pb2.Custody.Holder.Name(line.to_custody.holder)
            who = line.to_custody.custodian.removeprefix(f"{NETWORK}/") or "-"
            actors = [name.removeprefix(f"{NETWORK}/") for name in (line.actor, line.witness)]
            scans = " and ".join(name for name in actors if name) or "-"
            alone = ", one person on both sides" if line.single_actor else ""
            print(f"    {holder:<10} {who:<16} scanned by {scans}{alone}", flush=True)

    def snapshot(self, parcel: str) -> list[Message]:
        """Return everything that the service knows of a parcel and the booth."""
        hubs = hubs_pb2_grpc.HubServiceStub(self.channel)
        booth = f"{NETWORK}/hubs/east-gate"
        found = self._read(parcel)
        found.ClearField("eta")  # moves with the clock
        return [
            found,
            self._ledger(parcel),
            hubs.ListInventory(
                hubs_pb2.ListInventoryRequest(parent=booth), metadata=self.dispatcher
            ),
            hubs.ListReservations(
                hubs_pb2.ListReservationsRequest(parent=booth), metadata=self.dispatcher
            ),
        ]

    @property
    def _parcels(self) -> parcels_pb2_grpc.ParcelServiceStub:
        return parcels_pb2_grpc.ParcelServiceStub(self.channel)

    def _read(self, parcel: str) -> parcels_pb2.Parcel:
        ask = parcels_pb2.GetParcelRequest(name=f"{MERCHANT}/parcels/{parcel}")
        found: parcels_pb2.Parcel = self._parcels.GetParcel(ask, metadata=self.merchant)
        return found

    def _ledger(self, parcel: str) -> parcels_pb2.ListCustodyEventsResponse:
        ask = parcels_pb2.ListCustodyEventsRequest(parent=f"{MERCHANT}/parcels/{parcel}")
        found: parcels_pb2.ListCustodyEventsResponse = self._parcels.ListCustodyEvents(
            ask, metadata=self.merchant
        )
        return found


@dataclass(frozen=True)
class Hands:
    """Who scans."""

    rider: Hand
    guard: Hand
    booth: Hand
    shop: Hand


def settle(town: Town) -> Hands:
    """Set up hubs and couriers, and give everybody a process of their own."""
    hubs, couriers = hubs_pb2.Hub, couriers_pb2.Courier
    address = ("--address", town.service.address)
    slots = hubs_pb2.SlotCounts(small_count=4)
    town.hub("station", hubs.Kind.STATION)
    booth = town.hub(
        "east-gate",
        hubs.Kind.BOOTH,
        contracts=[hubs.Contract.RELAY, hubs.Contract.HOLD],
        slot_counts=slots,
    )
    rider = town.courier(
        "rider",
        kind=couriers.Kind.RIDER,
        modes=[types_pb2.TravelMode.EBIKE],
        home_anchor=town.place("station"),
        pay_rule=couriers_pb2.PayRule(minute_amount={"currency_code": "EUR", "units": 2}),
    )
    guard = town.courier(
        "guard",
        kind=couriers.Kind.GUARD,
        modes=[types_pb2.TravelMode.FOOT],
        home_anchor=town.place("east-gate"),
        hosted_hub=f"{NETWORK}/hubs/east-gate",
        max_detour_duration={"seconds": 600},  # not as far as the station
        allowance_duration={"seconds": 600},
        pay_rule=couriers_pb2.PayRule(
            parcel_amount={"currency_code": "EUR", "nanos": 200_000_000},
            minute_amount={"currency_code": "EUR", "nanos": 50_000_000},
        ),
    )
    shop = town.hub(
        "tea-shop", hubs.Kind.SHOP, contracts=[hubs.Contract.COLLECTION], slot_counts=slots
    )
    wait = ("--wait-s", str(WAIT_S))
    hands = Hands(
        rider=Hand("rider's phone", "phone", rider, *address, "--courier", "rider", *wait),
        guard=Hand("guard's phone", "phone", guard, *address, "--courier", "guard", *wait),
        booth=Hand("booth's till", "counter", booth, *address, "--hub", "east-gate"),
        shop=Hand("shop's till", "counter", shop, *address, "--hub", "tea-shop"),
    )
    hands.rider.does("online")
    hands.guard.does("online")
    return hands


def to_the_booth(town: Town, hands: Hands, parcel: str) -> None:
    """Let the rider bring a parcel from the station to the booth, scanned on both sides."""
    hands.rider.does("take")
    hands.rider.does("next")
    hands.rider.does("next")
    hands.booth.does(f"receive {parcel} rider")
    town.wait_for(parcel, "READY", "ASSIGNED", "AT_HUB")


def with_consent(town: Town, hands: Hands) -> None:
    """Relay a parcel, find nobody, move it to the shop, and let it be collected."""
    print("1. With consent", flush=True)
    town.parcel("p1", consent=True)
    to_the_booth(town, hands, "p1")
    hands.guard.does("take")
    hands.guard.does("next")
    hands.guard.does("absent")
    hands.guard.does("next")
    hands.shop.does("receive p1 guard")
    code = town.service.code_for("p1")
    wrong = f"{(int(code) + 1) % 1_000_000:06d}"
    hands.shop.does(f"collect p1 {wrong}")
    hands.shop.does(f"collect p1 {code}")
    print(f"  p1 is {town.state('p1')}. Who had it:", flush=True)
    town.ledger("p1")


def without_consent(town: Town, hands: Hands) -> None:
    """Relay a parcel, kill the service, hold it, try again, and send it back."""
    print("2. Without consent", flush=True)
    town.parcel("p2", consent=False)
    to_the_booth(town, hands, "p2")
    hands.guard.does("take")
    before = town.snapshot("p2")
    town.service.end(signal.SIGKILL)
    town.service.start()
    same = town.snapshot("p2") == before
    print(f"  {'kill -9':<14} restarted; nothing has changed: {same}", flush=True)
    if not same:
        raise RuntimeError("the service has forgotten something")
    hands.booth.does("inventory")
    hands.guard.does("next")
    hands.guard.does("absent")
    hands.guard.does("next")
    hands.booth.does("inventory")
    hands.guard.does("take")
    hands.guard.does("next")
    hands.guard.does("absent")
    hands.guard.does("next")
    # The guard has a post to be back at: the way back to the station is the rider's.
    hands.rider.does("take")
    hands.rider.does("next")
    hands.booth.does("release p2 rider")
    hands.rider.does("next")
    town.wait_for("p2", "RETURNED")
    print(f"  p2 is {town.state('p2')}. Who had it:", flush=True)
    town.ledger("p2")


def parser_of_options() -> argparse.ArgumentParser:
    """Return the parser; its defaults suit the demo's map."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--map", type=Path, required=True, help="OpenStreetMap file")
    parser.add_argument("--data", type=Path, default=Path("out/relay"), help="a new folder")
    parser.add_argument("--lat", type=float, default=60.1712, help="centre, degrees")
    parser.add_argument("--lon", type=float, default=24.9440, help="centre, degrees")
    return parser


def main() -> int:
    """Play both days."""
    options = parser_of_options().parse_args()
    if (options.data / "log.sqlite3").exists():
        print(f"{options.data}: has a log already; name a new folder with --data", file=sys.stderr)
        return 2
    service = Service(options.map, options.data, POLICY)
    service.start()
    tokens = {
        role: bearer(issue(Principal("local", role, who), service.secret, None))
        for role, who in ((Role.MERCHANT, "default"), (Role.DISPATCHER, "dora"))
    }
    try:
        with grpc.insecure_channel(service.address) as channel:
            town = Town(service, options, tokens[Role.MERCHANT], tokens[Role.DISPATCHER], channel)
            hands = settle(town)
            try:
                with_consent(town, hands)
                without_consent(town, hands)
            finally:
                for hand in (hands.rider, hands.guard, hands.booth, hands.shop):
                    hand.lets_go()
    finally:
        service.end(signal.SIGTERM)
    return 0


if __name__ == "__main__":
    sys.exit(main())
