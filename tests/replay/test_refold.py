"""Logs that earlier builds wrote still mean what they meant.

``logs/v{n}.jsonl`` was written once by version n of the codec, in the format of
``events.jsonl``. Such a file is never changed: a new version of the codec adds a new one.
"""

import json
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pytest

from dispatch.clock import VirtualClock
from dispatch.core import codec
from dispatch.core.messages import Event
from dispatch.core.metrics import Metrics
from dispatch.core.model import Confidence, Duty, SizeClass
from dispatch.core.state import State, fold
from dispatch.log import InMemoryLog, NewRow
from dispatch.runtime import Runtime

LOGS = Path(__file__).parent / "logs"
ZONE = "networks/local/zones/all"

PARCELS = {
    "m/full": "RETURNED REGRET",
    "m/last": "READY",
    "m/p1": "DELIVERED",
    "m/p2": "EXPIRED NOT_WORTH_IT",
    "m/p3": "EXPIRED CAPACITY",
    "m/p4": "CANCELLED REGRET",
    "m/p5": "EXPIRED NOT_WORTH_IT",
}
BALANCES = {"couriers/ann": 300, "couriers/gus": 60, "couriers/sue": 105, "operator": -465}


def lines_of(name: str) -> list[dict[str, Any]]:
    """Read a log's lines; the event of each is kept as the text that stands there."""
    lines = []
    for text in (LOGS / name).read_text(encoding="utf-8").splitlines():
        line = json.loads(text)
        _, _, event = text.partition(',"event":')
        lines.append({**line, "event": event[:-1]})
    return lines


def events_of(lines: Sequence[dict[str, Any]]) -> list[Event]:
    """Decode the events by the version that stands beside each."""
    return [codec.decode_event(line["event"], line["version"]) for line in lines]


@pytest.fixture(scope="module")
def first() -> list[dict[str, Any]]:
    """Give the log of version 1: 97 events, every type that it knew."""
    return lines_of("v1.jsonl")


def test_the_first_log_is_whole(first: list[dict[str, Any]]) -> None:
    """Nobody has changed the file: 97 rows without a gap, 32 types of event."""
    assert [line["sequence"] for line in first] == list(range(1, 98))
    assert {line["version"] for line in first} == {1}
    assert len({line["type"] for line in first}) == 32


def test_it_refolds_to_what_it_was(first: list[dict[str, Any]]) -> None:
    """Parcels, money, offers and tours come out as the build that wrote it had them."""
    state = fold(State(zone=ZONE), events_of(first))
    found = {
        parcel.id: f"{parcel.state} {parcel.reason}".strip() for parcel in state.parcels.values()
    }
    assert found == PARCELS
    assert dict(state.balances) == BALANCES
    assert Counter(offer.state.value for offer in state.offers.values()) == {
        "ACCEPTED": 4,
        "DECLINED": 1,
        "EXPIRED": 3,
        "WITHDRAWN": 1,
    }
    assert Counter(tour.state.value for tour in state.tours.values()) == {
        "COMPLETED": 3,
        "ABORTED": 1,
    }
    assert (state.epoch, state.changes, state.paused) == (9, 36, False)
    assert sorted(state.online) == ["ann", "gus", "sue"]
    assert list(state.open_parcels) == ["m/last"]
    assert list(state.waiting_legs) == ["m/last/1"]
    assert state.leg("m/p4/1").declined_by == ("ann", "gus", "sue")


def test_its_values_are_read_whole(first: list[dict[str, Any]]) -> None:
    """Fields that later code may hardly use are still there."""
    state = fold(State(zone=ZONE), events_of(first))
    parcel = state.parcel("m/full")
    assert (parcel.size_class, parcel.handling) == (SizeClass.L, ("fragile", "cold"))
    assert parcel.labels == (("zone", "north"),)
    assert (parcel.waybill, parcel.piece, parcel.household) == ("W-1", "2", "h9")
    door = parcel.dropoff
    assert (door.compound, door.floor, door.has_lift) == ("Linnanmäki", -1, True)
    assert (door.door_key, door.contact) == ("0f3a", "m/p1/contact")
    assert door.confidence is Confidence.SURVEYED
    assert state.courier("sue").skills == ("cold",)
    assert state.hub("shop").slots == (4, 2, 1)
    assert [slot.duty for slot in state.availability["sue"]] == [Duty.PATROL, Duty.BREAK]
    assert (state.policy.version, state.policy.seed) == ("log-v1", 7)


def test_its_events_are_written_as_they_were(first: list[dict[str, Any]]) -> None:
    """Read and written again each event is the same text: no field has changed its meaning."""
    for line, event in zip(first, events_of(first), strict=True):
        assert codec.encode(event) == line["event"]
        assert (type(event).__name__, event.at) == (line["type"], line["at"])
        assert event.subject == line["subject"]


def test_its_figures_are_what_they_were(first: list[dict[str, Any]]) -> None:
    """A report over an old log says the same as it did."""
    kpis = Metrics().fold(events_of(first)).kpis()
    assert (kpis["created"], kpis["delivered"], kpis["cost_cents"]) == (7, 1, 465)
    assert kpis["ended"] == {"CANCELLED": 1, "DELIVERED": 1, "EXPIRED": 3, "OPEN": 1, "RETURNED": 1}
    assert (kpis["offers"], kpis["acceptance_rate"], kpis["hand_backs"]) == (9, 0.8, 1)


def test_a_service_goes_on_from_it(first: list[dict[str, Any]]) -> None:
    """A zone opened on the old rows has their state and appends behind them."""
    log = InMemoryLog()
    log.append(
        ZONE,
        [
            NewRow(
                event_id=line["event_id"],
                at=line["at"],
                type=line["type"],
                subject=line["subject"],
                actor=line["actor"],
                causation_id=line["causation_id"],
                version=line["version"],
                payload=line["event"],
            )
            for line in first
        ],
    )
    folded = fold(State(zone=ZONE), events_of(first))
    runtime = Runtime(
        zone=ZONE, log=log, clock=VirtualClock(), mint=lambda: "new", policy=folded.policy
    )
    assert runtime.state == folded
    assert runtime.now() == first[-1]["at"]
    assert runtime.position == 97
