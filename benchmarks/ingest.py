"""How many parcels a second become durable: one by one, in batches, and what SQLite could do.

The service runs in a process of its own on a drawn map, the client in this one: 32 requests in
flight, each with a request id, contact and room; then a stream of batches of 100. Beside it
stands the rate at which bare SQLite takes the same rows, so many parcels to a transaction.

Run: python -m benchmarks.ingest [--parcels 5000]
"""

import argparse
import asyncio
import os
import platform
import signal
import sqlite3
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

import grpc
from rich.console import Console
from rich.table import Table

from dispatch.v1 import parcels_pb2, parcels_pb2_grpc
from examples.hand_in_parcels import parcel_request
from examples.session import MERCHANT, Metadata, request_id, tokens

IN_FLIGHT = 32
BATCH = 100
BATCHES_IN_FLIGHT = 2
SIZE, STEP = 15, 0.0011
SOUTH, WEST = 48.0, 15.0
POLICY_EPOCH_S = "3600"


def draw_map(path: Path) -> None:
    """Write a square of residential streets."""
    numbers = [[row * SIZE + column + 1 for column in range(SIZE)] for row in range(SIZE)]
    nodes = (
        f'<node id="{number}" lat="{SOUTH + row * STEP:.6f}" lon="{WEST + column * STEP:.6f}"/>'
        for row, line in enumerate(numbers)
        for column, number in enumerate(line)
    )
    lines = [*numbers, *(list(column) for column in zip(*numbers, strict=True))]
    ways = (
        f'<way id="{way}">'
        + "".join(f'<nd ref="{number}"/>' for number in line)
        + '<tag k="highway" v="residential"/></way>'
        for way, line in enumerate(lines, start=1)
    )
    path.write_text(f'<osm version="0.6">{"".join(nodes)}{"".join(ways)}</osm>')


@contextmanager
def serving(folder: Path) -> Iterator[tuple[str, Path]]:
    """Run the service; yield its address and its folder."""
    draw_map(folder / "map.osm")
    data = folder / "data"
    command = [
        sys.executable, "-c", "from cli.main import app; app()", "serve", "--dev", "--port", "0",
        "--data", str(data), "--map", str(folder / "map.osm"), "--epoch-s", POLICY_EPOCH_S,
    ]  # fmt: skip
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        yield process.stdout.readline().split()[1], data
        process.send_signal(signal.SIGTERM)


def requests_of(seed: int, count: int) -> list[parcels_pb2.CreateParcelRequest]:
    """Return requests, made before the clock runs."""
    middle = SIZE * STEP / 2
    options = argparse.Namespace(seed=seed, lat=SOUTH + middle, lon=WEST + middle, within=500.0)
    return [parcel_request(options, number) for number in range(count)]


async def one_by_one(address: str, merchant: Metadata, count: int, seed: int) -> float:
    """Return parcels a second with `IN_FLIGHT` single requests under way."""
    waiting = iter(requests_of(seed, count))
    async with grpc.aio.insecure_channel(address) as channel:
        service = parcels_pb2_grpc.ParcelServiceStub(channel)

        async def client() -> None:
            for request in waiting:
                await service.CreateParcel(request, metadata=merchant)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(IN_FLIGHT)))
        return count / (time.perf_counter() - began)


async def in_batches(address: str, merchant: Metadata, count: int, seed: int) -> float:
    """Return parcels a second in batches, the next one being made while one is written."""
    singles = requests_of(seed, count)
    for single in singles:
        single.ClearField("request_id")
    waiting = iter(
        parcels_pb2.BatchCreateParcelsRequest(
            parent=MERCHANT,
            requests=singles[start : start + BATCH],
            request_id=request_id(seed, "batch", start),
        )
        for start in range(0, count, BATCH)
    )
    async with grpc.aio.insecure_channel(address) as channel:
        service = parcels_pb2_grpc.ParcelServiceStub(channel)

        async def client() -> None:
            for request in waiting:
                await service.BatchCreateParcels(request, metadata=merchant)

        began = time.perf_counter()
        await asyncio.gather(*(client() for _ in range(BATCHES_IN_FLIGHT)))
        return count / (time.perf_counter() - began)


def raw_rate(data: Path, folder: Path, parcels_a_commit: int, count: int) -> float:
    """Return parcels a second that bare SQLite takes: the service's own rows once more."""
    tables = ("events", "requests", "personal")
    with closing(sqlite3.connect(data / "log.sqlite3")) as source:
        schemas = [
            row[0]
            for row in source.execute(
                "SELECT sql FROM sqlite_master WHERE sql IS NOT NULL AND name NOT LIKE 'sqlite_%'"
            )
        ]
        rows = {
            "events": source.execute(
                "SELECT * FROM events WHERE type = 'ParcelCreated' LIMIT ?", (count,)
            ).fetchall(),
            "requests": source.execute(
                "SELECT * FROM requests WHERE method = 'CreateParcelRequest' LIMIT ?", (count,)
            ).fetchall(),
            "personal": source.execute("SELECT * FROM personal LIMIT ?", (count,)).fetchall(),
        }
    count = min(len(found) for found in rows.values())
    path = folder / f"raw-{parcels_a_commit}.sqlite3"
    with closing(sqlite3.connect(path, isolation_level=None)) as target:
        for pragma in ("journal_mode=WAL", "synchronous=FULL", "secure_delete=ON"):
            target.execute(f"PRAGMA {pragma}")
        for schema in schemas:
            target.execute(schema)
        began = time.perf_counter()
        for start in range(0, count, parcels_a_commit):
            target.execute("BEGIN IMMEDIATE")
            for table in tables:
                part = rows[table][start : start + parcels_a_commit]
                marks = ",".join("?" * len(part[0]))
                target.executemany(f"INSERT INTO {table} VALUES ({marks})", part)  # noqa: S608
            target.execute("COMMIT")
        return count / (time.perf_counter() - began)


def main() -> None:
    """Measure, and print a table."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--parcels", type=int, default=5000, help="for each figure")
    count = parser.parse_args().parcels
    table = Table("durable parcels", "a second")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with serving(folder) as (address, data):
            merchant = tokens(data)["merchant"]
            asyncio.run(one_by_one(address, merchant, 500, seed=1))
            single = asyncio.run(one_by_one(address, merchant, count, seed=2))
            batches = asyncio.run(in_batches(address, merchant, count, seed=3))
        table.add_row(f"CreateParcel, {IN_FLIGHT} in flight", f"{single:.0f}")
        table.add_row(f"BatchCreateParcels, {BATCH} each", f"{batches:.0f}")
        for parcels_a_commit in (1, IN_FLIGHT // 2, IN_FLIGHT, BATCH):
            rate = raw_rate(data, folder, parcels_a_commit, min(count, 2000))
            table.add_row(f"raw SQLite, {parcels_a_commit} to a commit", f"{rate:.0f}")
    console = Console()
    console.print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} processors")
    console.print(table)


if __name__ == "__main__":
    main()
