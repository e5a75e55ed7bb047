"""Levers pulled from the command line, in a service that runs in the same process."""

import asyncio
import itertools
import json
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import grpc
import pytest
from google.type.latlng_pb2 import LatLng
from typer.testing import CliRunner, Result

from cli.main import app
from dispatch.auth import Principal, Role, issue
from dispatch.clock import SystemClock
from dispatch.core.model import ID, LegState
from dispatch.core.policy import Policy
from dispatch.core.state import State
from dispatch.executors import Planner, ThreadedPlanner
from dispatch.log import InMemoryLog
from dispatch.runtime import LiveLoop, Runtime
from dispatch.service.server import Server
from dispatch.service.site import HostedNetwork, HostedZone, Site
from dispatch.settings import Merchant, Network, Zone
from dispatch.v1 import (
    couriers_pb2,
    couriers_pb2_grpc,
    hubs_pb2,
    hubs_pb2_grpc,
    parcels_pb2,
    parcels_pb2_grpc,
    types_pb2,
)
from maps.travel import StraightLine

SECRET = "a-secret-that-is-long-enough-for-tests"
NETWORK = "networks/local"
ZONE = f"{NETWORK}/zones/all"
LEG = "merchants/shop/parcels/p1/legs/1"


def token(role: Role = Role.DISPATCHER, subject: str = "dora") -> str:
    """Return a token of the network."""
    return issue(Principal("local", role, subject), SECRET, None)


class Service:
    """A service on a port of its own, in a thread of its own."""

    def __init__(self) -> None:
        self.log, clock = InMemoryLog(), SystemClock()
        count = itertools.count()
        self.runtime = Runtime(
            zone=ZONE,
            log=self.log,
            clock=clock,
            mint=lambda: f"x{next(count)}",
            policy=Policy(epoch_s=10_000_000, engine="insert"),
        )
        self.address = ""
        self._clock = clock
        self._loop = asyncio.new_event_loop()
        self._up, self._down = threading.Event(), asyncio.Event()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()
        assert self._up.wait(30)

    def _run(self) -> None:
        self._loop.run_until_complete(self._serve())
        self._loop.close()

    async def _serve(self) -> None:
        times = StraightLine()
        planner = ThreadedPlanner(Planner(times, self._clock))
        zone = HostedZone(ZONE, LiveLoop(self.runtime, planner))
        network = Network(zones={"all": Zone()}, merchants={"shop": Merchant()})
        hosted = HostedNetwork("local", network, {"all": zone}, SECRET)
        site = Site(
            networks={"local": hosted},
            log=self.log,
            clock=self._clock,
            roads=times,
            secret=SECRET,
            courier_token_s=3600,
        )
        zone.loop.start()
        server = Server(site)
        self.address = f"127.0.0.1:{await server.start('127.0.0.1', 0)}"
        self._up.set()
        await self._down.wait()
        await server.stop(0)
        await zone.loop.stop()

    def stop(self) -> None:
        """Stop, and wait until it has."""
        self._loop.call_soon_threadsafe(self._down.set)
        self._thread.join()

    @property
    def state(self) -> State:
        """The zone as it is."""
        return self.runtime.state

    def fill(self) -> None:
        """Hand in a parcel, and take in a courier and a hub."""
        metadata = [("authorization", f"Bearer {token()}")]
        merchant = [("authorization", f"Bearer {token(Role.MERCHANT, 'shop')}")]
        here = types_pb2.Place(point=LatLng(latitude=60.17, longitude=24.94))
        with grpc.insecure_channel(self.address) as channel:
            parcels_pb2_grpc.ParcelServiceStub(channel).CreateParcel(
                parcels_pb2.CreateParcelRequest(
                    parent=f"{NETWORK}/merchants/shop",
                    parcel_id="p1",
                    parcel=parcels_pb2.Parcel(pickup=here, dropoff=here),
                ),
                metadata=merchant,
            )
            couriers_pb2_grpc.CourierServiceStub(channel).CreateCourier(
                couriers_pb2.CreateCourierRequest(
                    parent=NETWORK,
                    courier_id="cai",
                    courier=couriers_pb2.Courier(
                        kind=couriers_pb2.Courier.Kind.RIDER,
                        modes=[types_pb2.TravelMode.EBIKE],
                        home_anchor=here,
                    ),
                ),
                metadata=metadata,
            )
            hubs_pb2_grpc.HubServiceStub(channel).CreateHub(
                hubs_pb2.CreateHubRequest(
                    parent=NETWORK,
                    hub_id="booth",
                    hub=hubs_pb2.Hub(kind=hubs_pb2.Hub.Kind.BOOTH, place=here),
                ),
                metadata=metadata,
            )


Pull = Callable[..., Result]


@pytest.fixture(scope="module")
def service() -> Iterator[Service]:
    """Serve a parcel, a courier and a hub."""
    made = Service()
    made.fill()
    yield made
    made.stop()


@pytest.fixture
def pull(service: Service, monkeypatch: pytest.MonkeyPatch) -> Pull:
    """Return a function that runs ``antmile lever`` against the service, as a dispatcher."""
    monkeypatch.setenv("ANTMILE_TOKEN", token())
    monkeypatch.setenv("ANTMILE_ADDRESS", service.address)

    def pulled(*arguments: str) -> Result:
        return CliRunner().invoke(app, ["lever", *arguments])

    return pulled


def test_a_leg_is_pinned_and_unpinned(service: Service, pull: Pull) -> None:
    """By short names; who, when and why are events."""
    result = pull("pin", LEG, "--courier", "cai", "--why", "she knows the house")
    assert (result.exit_code, result.output) == (
        0,
        f"{NETWORK}/{LEG}: for {NETWORK}/couriers/cai alone\n",
    )
    leg = service.state.leg("shop/p1/1")
    assert (leg.pinned_to, leg.state) == ("cai", LegState.PLANNED)
    row = service.log.read(limit=1000)[-1]
    assert row.type == "LegPinned"
    assert "she knows the house" in row.payload
    assert "dispatchers/dora" in row.payload
    result = pull("unpin", f"{NETWORK}/{LEG}", "--why", "she is ill")
    assert (result.exit_code, result.output) == (0, f"{NETWORK}/{LEG}: for anybody\n")
    assert service.state.leg("shop/p1/1").pinned_to == ""


def test_a_hub_is_paused_and_resumed(service: Service, pull: Pull) -> None:
    """Until an instant, for some minutes, or until somebody resumes it."""
    result = pull("pause-hub", "booth", "--why", "stocktaking", "--until", "2090-05-01T18:00+08:00")
    assert result.output == f"{NETWORK}/hubs/booth: paused until 2090-05-01T10:00:00Z\n"
    assert service.state.paused_hubs["booth"].reason == "stocktaking"
    result = pull("resume-hub", "hubs/booth", "--why", "done")
    assert result.output == f"{NETWORK}/hubs/booth: works again\n"
    assert "booth" not in service.state.paused_hubs
    result = pull("pause-hub", "booth", "--why", "ill")
    assert result.output == f"{NETWORK}/hubs/booth: paused until it is resumed\n"
    assert pull("resume-hub", "booth", "--why", "well").exit_code == 0


def test_ways_are_closed_listed_and_opened(service: Service, pull: Pull) -> None:
    """A street, a gate and an area; the list says by whom and why."""
    assert pull("closures").output == f"{ZONE}: nothing is closed\n"
    until = ("--until", "2090-05-01T00:00Z", "--why", "flooded")
    result = pull("close", "street", "42", *until, "--name", "a1")
    assert result.output == f"{ZONE}/closures/a1: closed until 2090-05-01T00:00:00Z\n"
    corners = [f"--corner={corner}" for corner in ("-33.8,151.2", "-33.8,151.3", "-33.9,151.3")]
    assert pull("close", "area", *corners, *until, "--name", "a2").exit_code == 0
    made = pull("close", "gate", "w9", "--minutes", "5", "--why", "a fire")
    assert made.exit_code == 0, made.output
    name = made.output.split(":")[0]
    assert service.state.closures["a2"].ring == ((-33.8, 151.2), (-33.8, 151.3), (-33.9, 151.3))
    lines = pull("closures", "--zone", "all").output.splitlines()
    assert len(lines) == 3
    assert re.fullmatch(rf"{ZONE}/closures/a1  STREET 42  until 2090-.*dora: flooded", lines[0])
    assert re.search("  AREA 3 corners  ", lines[1])
    for closure in ("a1", "a2", name):
        result = pull("open", closure, "--why", "dry again")
        assert result.exit_code == 0, result.output
        assert result.output.endswith(": open\n")
    assert not service.state.closures
    assert ID.fullmatch(name.rpartition("/")[2])


@pytest.mark.parametrize(
    ("arguments", "reason"),
    [
        (("reassign", LEG, "--courier", "cai"), "INVALID_TRANSITION"),
        (("rescue", "couriers/cai/tours/t1"), "NAME_NOT_FOUND"),
        (("attest", "merchants/shop/parcels/p1", "--taker", "cai"), "CUSTODY_MISMATCH"),
        (("override", "merchants/shop/parcels/p9"), "NAME_NOT_FOUND"),
        (("open", "nothing"), "NAME_NOT_FOUND"),
    ],
)
def test_what_cannot_be_done_is_said_in_a_line(
    pull: Pull, arguments: tuple[str, ...], reason: str
) -> None:
    """With the service's words and its reason; exit status 2."""
    result = pull(*arguments, "--why", "to see")
    assert result.exit_code == 2
    assert result.output.startswith("error: ")
    assert reason in result.output
    assert result.output.count("\n") == 1


@pytest.mark.parametrize(
    ("holder", "said"),
    [
        ("bo", "p1: networks/local/couriers/bo has it"),
        ("cai", "p1: networks/local/couriers/cai has it until networks/local/couriers/bo scans it"),
    ],
)
def test_a_word_for_a_scan_says_who_has_the_parcel(
    pull: Pull, monkeypatch: pytest.MonkeyPatch, holder: str, said: str
) -> None:
    """It is one of two scans: without the taker's own nothing has moved."""
    parcel = {
        "name": f"{NETWORK}/merchants/shop/parcels/p1",
        "custody": {"custodian": f"{NETWORK}/couriers/{holder}"},
    }
    monkeypatch.setattr("cli.levers._pull", lambda *_, **__: parcel)
    result = pull("attest", "merchants/shop/parcels/p1", "--taker", "bo", "--why", "to see")
    assert said in result.output


def test_bad_fields_are_named(pull: Pull) -> None:
    """Once each."""
    result = pull("pin", "merchants/shop/p1", "--courier", "cai", "--why", "x")
    assert result.exit_code == 2
    assert result.output.startswith("error: name: ")
    assert result.output.count("is not of the form networks/*/merchants/*/parcels/*/legs/*") == 1


def test_a_zone_that_is_not_there_is_told_how_to_name(pull: Pull) -> None:
    """Only a service for trying out has a zone with the default's name."""
    result = pull("closures", "--zone", "harbour")
    assert result.exit_code == 2
    assert "there is no zone 'harbour'" in result.output
    assert "--zone or ANTMILE_ZONE" in result.output


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (("street", "42"), "--until or --minutes is required"),
        (("street", "--minutes", "5"), "a street or a gate needs its id"),
        (("area", "42", "--minutes", "5"), "an area needs three --corner"),
        (("area", "--corner", "31.2", "--minutes", "5"), "is not a corner LAT,LON"),
        (("street", "42", "--until", "2090-05-01T18:00"), "add an offset"),
        (("street", "42", "--until", "tonight"), "is not an instant"),
        (("street", "42", "--until", "2090-05-01T18:00Z", "--minutes", "5"), "give one of them"),
        (("street", "42", "--until", "2001-05-01T18:00Z"), "lies in the past"),
    ],
)
def test_a_closure_that_is_none_is_refused(
    pull: Pull, arguments: tuple[str, ...], said: str
) -> None:
    """Before anything is closed."""
    result = pull("close", *arguments, "--why", "x")
    assert result.exit_code == 2
    assert said in result.output


def test_why_is_asked_for(pull: Pull) -> None:
    """No lever without a reason."""
    result = pull("pin", LEG, "--courier", "cai")
    assert result.exit_code == 2
    assert "--why" in result.output


def test_who_may_not_is_told_whose_token_it_takes(
    pull: Pull, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """No token, a bad one, a merchant's; a file of development tokens is enough."""
    unpin = ("unpin", LEG, "--why", "x")
    monkeypatch.delenv("ANTMILE_TOKEN")
    assert "there is no token: set ANTMILE_TOKEN" in pull(*unpin).output
    monkeypatch.setenv("ANTMILE_TOKEN", "abc")
    assert "TOKEN_INVALID" in pull(*unpin).output
    monkeypatch.setenv("ANTMILE_TOKEN", token(Role.MERCHANT, "shop"))
    assert "need a dispatcher's token" in pull(*unpin).output
    file = tmp_path / "dev-tokens.json"
    file.write_text(json.dumps({"dispatcher": token(), "merchant": "x"}))
    assert pull("--token-file", str(file), "closures").exit_code == 0
    file.write_text("{}")
    assert "holds no dispatcher's token" in pull("--token-file", str(file), "closures").output
    missing = pull("--token-file", str(tmp_path / "none"), "closures")
    assert (missing.exit_code, "none" in missing.output) == (2, True)


def test_where_nobody_answers_the_way_is_named(pull: Pull) -> None:
    """A wrong address, or a service that does not run."""
    result = pull("--address", "127.0.0.1:1", "closures")
    assert result.exit_code == 2
    assert "nobody answers at 127.0.0.1:1: start antmile serve" in result.output
