"""The real service in its own process, with the clients of ``examples/`` in theirs."""

import contextlib
import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import grpc
import pytest

from dispatch.v1 import parcels_pb2, parcels_pb2_grpc
from examples.session import MERCHANT, tokens

ROOT = Path(__file__).parents[2]
CENTRE = ("--lat", "48.0077", "--lon", "15.0115", "--within", "600")
PARCELS = 200
SECRETS = ("Recipient ", "+358400", '"room"')
"""What every parcel of `examples.hand_in_parcels` carries of its recipient."""

pytestmark = [pytest.mark.slow, pytest.mark.timeout(90)]


@dataclass(frozen=True)
class Running:
    """A service that runs."""

    process: subprocess.Popen[str]
    address: str
    data: Path


@contextlib.contextmanager
def _serving(grid_map: Path, data: Path) -> Iterator[Running]:
    """Run ``antmile serve --dev`` until the block ends, by SIGTERM if it still runs."""
    command = [
        sys.executable, "-c", "from cli.main import app; app()", "serve", "--dev",
        "--port", "0", "--data", str(data), "--map", str(grid_map), "--epoch-s", "1",
    ]  # fmt: skip
    with (data.parent / "output.txt").open("a", encoding="utf-8") as output:
        process = subprocess.Popen(
            command, cwd=ROOT, stdout=subprocess.PIPE, stderr=output, text=True
        )
        try:
            assert process.stdout is not None
            line = process.stdout.readline().split()
            assert line[:1] == ["ready"]
            yield Running(process, line[1], data)
        finally:
            process.send_signal(signal.SIGTERM)
            left, _ = process.communicate(timeout=30)
            output.write(left)


def _example(name: str, service: Running, *options: str) -> subprocess.Popen[str]:
    """Start an example against a service."""
    command = [sys.executable, "-m", f"examples.{name}", *CENTRE, *options]
    command += ["--address", service.address, "--data", str(service.data)]
    return subprocess.Popen(
        command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _listed(service: Running) -> list[parcels_pb2.Parcel]:
    """Return all parcels, page by page."""
    merchant = tokens(service.data)["merchant"]
    found: list[parcels_pb2.Parcel] = []
    with grpc.insecure_channel(service.address) as channel:
        stub = parcels_pb2_grpc.ParcelServiceStub(channel)
        page = parcels_pb2.ListParcelsResponse(next_page_token="")
        while True:
            ask = parcels_pb2.ListParcelsRequest(
                parent=MERCHANT, page_size=64, page_token=page.next_page_token
            )
            page = stub.ListParcels(ask, metadata=merchant)
            found += page.parcels
            if not page.next_page_token:
                return found


def _rows(data: Path, query: str) -> list[tuple[object, ...]]:
    with contextlib.closing(sqlite3.connect(data / "log.sqlite3")) as connection:
        return connection.execute(query).fetchall()


def test_a_service_killed_in_the_middle_loses_and_repeats_nothing(
    grid_map: Path, tmp_path: Path
) -> None:
    """Killed while parcels come in, restarted and asked all again: each parcel exists once.

    Then a courier's client watches, accepts, picks up and delivers, and the data folder and the
    output are searched for personal data.
    """
    data = tmp_path / "data"
    many = ("--parcels", str(PARCELS), "--report", "20")
    with _serving(grid_map, data) as service:
        before = (data / "dev-tokens.json").read_text()
        client = _example("hand_in_parcels", service, *many)
        assert client.stdout is not None
        assert "60 answered" in "".join(next(client.stdout) for _ in range(3))
        os.kill(service.process.pid, signal.SIGKILL)
        assert service.process.wait(10) == -signal.SIGKILL
        client.communicate(timeout=30)
        assert client.returncode == 1
    with _serving(grid_map, data) as service:
        assert (data / "dev-tokens.json").read_text() == before
        survivors = {parcel.name for parcel in _listed(service)}
        assert 60 <= len(survivors) < PARCELS
        client = _example("hand_in_parcels", service, *many)
        said, _ = client.communicate(timeout=30)
        assert client.returncode == 0, said
        names = [parcel.name for parcel in _listed(service)]
        assert len(names) == len(set(names)) == PARCELS
        assert survivors <= set(names)
        client = _example("courier", service, "--parcels", "2", "--carries", "2")
        said, _ = client.communicate(timeout=60)
        assert client.returncode == 0, said
        states = [parcel.state for parcel in _listed(service)]
        assert states.count(parcels_pb2.Parcel.State.DELIVERED) == 2
    assert service.process.returncode == 0
    created = _rows(data, "SELECT subject FROM events WHERE type = 'ParcelCreated'")
    assert len(created) == len(set(created)) == PARCELS
    _assert_no_personal_data(data, tmp_path / "output.txt")


def _assert_no_personal_data(data: Path, output: Path) -> None:
    """Search the tables of events, requests and messages, and what the service printed."""
    events = _rows(data, "SELECT * FROM events")
    outbox = _rows(data, "SELECT * FROM outbox")
    requests = _rows(data, "SELECT * FROM requests")
    assert len(requests) >= PARCELS
    personal = _rows(data, "SELECT payload FROM personal")
    assert all(secret in str(personal) for secret in SECRETS)
    for text in (str(events), str(requests), str(outbox), output.read_text()):
        assert not [secret for secret in SECRETS if secret in text]


def test_what_a_service_cannot_start_with_is_said_in_a_line(tmp_path: Path) -> None:
    """A missing map ends with exit status 2 and one line, not a traceback."""
    command = [
        sys.executable, "-c", "from cli.main import app; app()", "serve", "--dev",
        "--port", "0", "--data", str(tmp_path), "--map", str(tmp_path / "none.osm"),
    ]  # fmt: skip
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=False)
    assert done.returncode == 2
    assert done.stderr.count("\n") == 1
    assert "none.osm" in done.stderr
