"""A day twice, in two processes that hash differently, gives the same log."""

import os
import subprocess
import sys

DAY = """
import dataclasses
import hashlib
import msgspec
from dispatch.clock import SystemClock
from dispatch.core.policy import Policy
from dispatch.sim.day import Replay
from maps.compounds import GateRule
from tests.dispatch.sim.small_day import AGREED, DOOR, Walled, a_day, a_shop

small = a_day(a_shop(), options=(DOOR, AGREED), absence=((0, 1440, 0.6),), hand_back_share=0.1)
parcels = tuple(
    msgspec.structs.replace(
        parcel,
        id=f"m/p{row}-{index}",
        dropoff=msgspec.structs.replace(
            parcel.dropoff,
            lon=24.943 + (7 * row % 10) / 1000,
            compound="G" if row % 2 else "",
            door_key=f"{row} {index}",
        ),
    )
    for row in range(10)
    for index, parcel in enumerate(small.parcels)
)
day = dataclasses.replace(
    small, parcels=tuple(sorted(parcels, key=lambda parcel: (parcel.created_at, parcel.id)))
)
policy = Policy(engine="routing", iterations_per_leg=20, threads=2)
times = Walled(GateRule.SIGN_IN, 90)
result = Replay(day, times, seed=7, policy=policy, clock=SystemClock()).run()
text = "".join(row.payload for row in result.rows)
kept = result.kpis["hubs"]["received"]["COLLECTION"]
print(len(result.rows), kept, hashlib.sha256(text.encode()).hexdigest(), result.kpis)
"""


def played(hash_seed: str) -> str:
    """Replay in a process of its own and return what came of it."""
    environment = {**os.environ, "PYTHONHASHSEED": hash_seed}
    return subprocess.run(
        [sys.executable, "-c", DAY], env=environment, check=True, capture_output=True, text=True
    ).stdout


def test_the_same_day_gives_the_same_log() -> None:
    """With warm starts, two threads, gates and a shop, whatever the order of sets in a process."""
    first, second = played("1"), played("2")
    assert first == second
    events, kept, *_ = first.split()
    assert int(events) > 100
    assert int(kept) > 0
