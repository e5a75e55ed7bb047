"""The examples: what they send by default lies on the demo's map, and their stories come true."""

import contextlib
import json
import re
import sqlite3
import stat
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from dispatch.sim.custody_check import gaps
from dispatch.v1 import parcels_pb2
from examples.hand_in_parcels import parcel_request, parser_of_options

ROOT = Path(__file__).parents[2]
SOUTH, NORTH = 60.1642, 60.1791
WEST, EAST = 24.9352, 24.9534
"""Bounds of the demo's extract, degrees."""


def _requests() -> Iterator[parcels_pb2.CreateParcelRequest]:
    options = parser_of_options().parse_args([])
    for number in range(options.parcels):
        yield parcel_request(options, number)


def test_every_default_parcel_lies_on_the_demos_map() -> None:
    """Whoever starts both programs as they are sees a thousand successes."""
    points = [
        place.point for one in _requests() for place in (one.parcel.pickup, one.parcel.dropoff)
    ]
    assert len(points) == 2000
    assert all(SOUTH < point.latitude < NORTH for point in points)
    assert all(WEST < point.longitude < EAST for point in points)


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_parcel_goes_through_a_booth_collected_and_sent_back(
    grid_map: Path, tmp_path: Path
) -> None:
    """Relay, absence, consent, code; kill -9, hold, reattempt, return; custody without gaps."""
    data = tmp_path / "relay"
    done = subprocess.run(
        [
            sys.executable, "-m", "examples.relay_through_a_booth", "--map", str(grid_map),
            "--data", str(data), "--lat", "48.0077", "--lon", "15.0115",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "bring p1 to east-gate (RELAY)",
        "nobody there; next: bring p1 to tea-shop (COLLECTION)",
        "refuses p1: the code is not the one of this parcel",
        "p1 is DELIVERED",
        "restarted; nothing has changed: True",
        "nobody there; next: bring p2 to east-gate (HOLD)",
        "fetch p2 at east-gate -> bring p2 to station (RETURN)",
        "p2 is RETURNED",
    ):
        assert said in done.stdout
    with contextlib.closing(sqlite3.connect(data / "log.sqlite3")) as connection:
        rows = [row for (row,) in connection.execute("SELECT payload FROM events")]
        requests = str(connection.execute("SELECT * FROM requests").fetchall())
    assert gaps(rows) == []
    outbox = data / "outbox.jsonl"
    assert stat.S_IMODE(outbox.stat().st_mode) == 0o600
    sent = [json.loads(line) for line in outbox.read_text(encoding="utf-8").splitlines()]
    [code] = {one["code"] for one in sent if one.get("code")}
    alone = re.compile(rf"(?<!\d){code}(?!\d)")
    for text in (*rows, requests, (data / "service.log").read_text(encoding="utf-8")):
        assert not alone.search(text)
        assert "Rita" not in text


@pytest.mark.slow
@pytest.mark.timeout(180)
def test_a_booth_keeps_one_guard_and_its_company_has_the_last_word(
    grid_map: Path, tmp_path: Path
) -> None:
    """PIN right and wrong, an entrance's tag, a minimum that refuses, minutes away, a stop."""
    data = tmp_path / "booth"
    done = subprocess.run(
        [
            sys.executable, "-m", "examples.a_booth_with_two_guards", "--map", str(grid_map),
            "--data", str(data), "--lat", "48.0077", "--lon", "15.0115",
        ],
        cwd=ROOT, capture_output=True, text=True, check=False, timeout=170,
    )  # fmt: skip
    assert done.returncode == 0, done.stdout + done.stderr
    for said in (
        "counts nothing: nobody is at hub east-gate",
        "has to sign in there as a guard on duty",
        "refuses ben: the PIN is not this guard's",
        "ben stands at tablet",
        "sets out: 2 parcels, 1 entrance",
        "is refused: entrance: its tag is missing",
        "bring p1 to room 101 (DOOR)",
        "may not set out: post east needs 1, and 0 would be left",
        "min away, tours: 1",
        "stopped; networks/local/hubs/east-gate rests",
        "networks/local/compounds/garden: goes on",
    ):
        assert said in done.stdout
    with contextlib.closing(sqlite3.connect(data / "log.sqlite3")) as connection:
        rows = [row for (row,) in connection.execute("SELECT payload FROM events")]
    assert gaps(rows) == []
