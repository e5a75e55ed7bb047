import json
from typing import get_args

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatch.core import codec
from dispatch.core import messages as m
from dispatch.core.errors import InvalidValue
from dispatch.core.policy import Policy
from dispatch.core.state import _TABLE
from tests.core.examples import COMMANDS, EVENTS, PARCEL
from tests.core.town import NOON, a_parcel


def name_of(message: m.Event | m.Command) -> str:
    """Return the message's type, to name a test case."""
    return type(message).__name__


def test_there_is_an_example_of_each_message() -> None:
    """A new command or event has to be added here, and an event to the transition table too."""
    assert {type(event) for event in EVENTS} == set(get_args(m.AnyEvent)) == set(_TABLE)
    assert {type(command) for command in COMMANDS} == set(get_args(m.AnyCommand))


@pytest.mark.parametrize("event", EVENTS, ids=name_of)
def test_every_event_comes_back(event: m.Event) -> None:
    """Each event with all of its fields survives the log, on one line under its name."""
    text = codec.encode(event)
    assert "\n" not in text
    assert json.loads(text)["type"] == name_of(event)
    assert codec.decode_event(text) == event
    assert codec.encode(codec.decode_event(text)) == text


@pytest.mark.parametrize("command", COMMANDS, ids=name_of)
def test_every_command_comes_back(command: m.Command) -> None:
    """Each command with all of its fields survives being written."""
    assert codec.decode_command(codec.encode(command)) == command


def test_fields_with_their_default_are_left_out() -> None:
    """Events stay small, and a later field with a default changes no old line."""
    assert codec.encode(m.PlanRequested(at=NOON)) == f'{{"type":"PlanRequested","at":{NOON}}}'
    adopted = json.loads(codec.encode(m.PolicyAdopted(at=NOON, policy=Policy(seed=3))))
    assert adopted["policy"] == {"seed": 3}
    created = json.loads(codec.encode(m.CreateParcels(parcels=(a_parcel(),))))["parcels"][0]
    assert set(created) == {
        "id", "merchant", "pickup", "dropoff", "created_at", "ready_at", "due_at",
    }  # fmt: skip


@pytest.mark.parametrize(
    ("text", "match"),
    [
        ('{"type":"PlanRequested","at":1,"colour":"red"}', "colour"),
        ('{"type":"ParcelCreated","at":1,"parcel":{"id":"m/p","size":3}}', "size"),
        ('{"type":"PlanRequested"}', "at"),
        ('{"type":"PlanRequested","at":"noon"}', r"\$\.at"),
        ('{"type":"PlanRequested","at":1.5}', r"\$\.at"),
        ('{"type":"OrderMade","at":1}', "OrderMade"),
        ('{"at":1}', "type"),
        ('{"type":"Tick"}', "Tick"),
    ],
)
def test_what_is_no_event_of_this_version_is_refused(text: str, match: str) -> None:
    """Unknown fields and types, missing and mistyped ones: refused, and the place is named."""
    with pytest.raises(msgspec.ValidationError, match=match):
        codec.decode_event(text)


def test_half_a_line_is_refused() -> None:
    """A line that was cut off is no event."""
    with pytest.raises(msgspec.DecodeError):
        codec.decode_event(codec.encode(EVENTS[1])[:-5])


def test_a_value_that_cannot_exist_is_refused_in_a_log_too() -> None:
    """Values check themselves whoever makes them."""
    new = msgspec.structs.replace(PARCEL, version=1)
    text = codec.encode(m.CreateParcels(parcels=(new,))).replace('"grams":1200', '"grams":-1')
    with pytest.raises(InvalidValue, match="grams: -1 is negative"):
        codec.decode_command(text)


@pytest.mark.parametrize("version", [0, codec.VERSION + 1])
def test_another_version_is_refused(version: int) -> None:
    """A line of a version that this build does not know is never guessed at."""
    with pytest.raises(msgspec.ValidationError, match=f"version {version}"):
        codec.decode_event(codec.encode(EVENTS[0]), version)


@settings(derandomize=True, deadline=None, max_examples=50)
@given(reason=st.text(st.characters(codec="utf-8")), at=st.integers(-(2**63), 2**63 - 1))
def test_any_text_and_any_integer_come_back(reason: str, at: int) -> None:
    """Quotes, line ends, Chinese and emoji survive, and so do all 64-bit integers."""
    event = m.DispatchPaused(at=at, reason=reason)
    text = codec.encode(event)
    assert "\n" not in text
    assert codec.decode_event(text) == event


def test_events_name_their_subject() -> None:
    """Every event about something says about what, by its name within the network."""
    subjects = {name_of(event): event.subject for event in EVENTS}
    assert subjects["ParcelCreated"] == subjects["ParcelDelivered"] == "merchants/m/parcels/p1"
    assert subjects["HubCreated"] == "hubs/station"
    assert subjects["CourierCreated"] == subjects["CourierWentOnline"] == "couriers/ann"
    assert subjects["OfferMade"] == subjects["OfferExpired"] == "couriers/ann/offers/o1"
    assert subjects["TourStarted"] == subjects["LegsHandedBack"] == "couriers/ann/tours/t1"
    assert subjects["EntryPosted"] == "entries/e1"
    of_the_zone = {name for name, subject in subjects.items() if not subject}
    assert of_the_zone == {
        "PolicyAdopted", "PlanMade", "PlanRequested", "DispatchPaused", "DispatchResumed",
    }  # fmt: skip
