from dataclasses import replace

import pytest

from dispatch.core.errors import Fault
from dispatch.core.model import Check, Place
from dispatch.v1 import parcels_pb2, types_pb2
from dispatch.wire.places import (
    Owner,
    Terms,
    masked,
    place_in,
    place_out,
    pointers,
    reveal,
    spot_of,
)

TERMS = Terms("local", "EUR", "secret")
OWNER = Owner("networks/local/zones/all", "merchants/m/parcels/p")
FULL = types_pb2.Place(
    point={"latitude": 60.17, "longitude": 24.94},
    datum=types_pb2.Place.Datum.WGS84,
    address="Harbour Street 3 B 12",
    compound="Lakeside",
    building="3",
    entrance="B",
    floor=0,
    room="12",
    has_lift=False,
    osm_ref="way/4711",
    confidence=types_pb2.Place.Confidence.SURVEYED,
    contact=types_pb2.Contact(display_name="Ada", phone_number="+3581234567", note="dog"),
    contact_set=True,
)


def test_a_place_survives_the_core_and_its_person_does_not_enter_it() -> None:
    """In and out again everything is there; in between the core holds no personal data."""
    check = Check()
    place, row = place_in(FULL, "parcel.dropoff", OWNER, "dropoff", TERMS, check)
    assert not check.faults
    assert row is not None
    assert place.contact == row.id
    assert place.door_key
    assert place.floor == 0
    assert place.has_lift is False
    for secret in ("Ada", "+3581234567", "dog", "Harbour"):
        assert secret not in repr(place)
        assert secret in row.payload
    message = parcels_pb2.Parcel(dropoff=place_out(place, "local"))
    assert pointers([message]) == {row.id}
    reveal([message], {row.id: row}, lambda _: True)
    assert message.dropoff == FULL


def test_others_see_that_there_is_a_contact() -> None:
    """Who may not see it learns that there is one, and the ends of its number."""
    place, row = place_in(FULL, "p", OWNER, "dropoff", TERMS, Check())
    assert row is not None
    message = parcels_pb2.Parcel(dropoff=place_out(place, "local"))
    reveal([message], {row.id: row}, lambda _: False)
    assert message.dropoff.contact_set
    assert message.dropoff.masked_phone == "+35******67"
    assert not message.dropoff.HasField("contact")
    assert not message.dropoff.room
    assert not message.dropoff.address


def test_short_numbers_are_hidden_whole() -> None:
    """A number of which the ends would tell most of it shows only stars."""
    assert masked("112") == "***"
    assert masked("") == ""


def test_unknown_is_not_zero() -> None:
    """A floor or lift that is not given stays unknown; without anybody there is no row."""
    bare = types_pb2.Place(point={"latitude": 1, "longitude": 2})
    place, row = place_in(bare, "p", OWNER, "pickup", TERMS, Check())
    assert place == Place(lat=1, lon=2)
    assert row is None


def test_every_fault_of_a_place_is_named() -> None:
    """Datum, latitude and lengths are reported together, by the message's own paths."""
    bad = types_pb2.Place(
        point={"latitude": 91, "longitude": 2},
        datum=7,  # type: ignore[arg-type]
        room="r" * 41,
        contact=types_pb2.Contact(note="n" * 2001),
    )
    check = Check()
    place_in(bad, "parcel.pickup", OWNER, "pickup", TERMS, check)
    assert sorted(fault.field for fault in check.faults) == [
        "parcel.pickup.contact.note",
        "parcel.pickup.datum",
        "parcel.pickup.point.latitude",
        "parcel.pickup.room",
    ]


SHANGHAI = {"latitude": 31.1774276, "longitude": 121.5272106}
SHANGHAI_GCJ02 = {"latitude": 31.17530398364597, "longitude": 121.531541859215}
"""The same point by googollee/eviltransform, python/test.py."""


def _read(message: types_pb2.Place, terms: Terms = TERMS) -> tuple[Place, list[Fault]]:
    check = Check()
    place, _ = place_in(message, "p", OWNER, "dropoff", terms, check)
    return place, check.faults


def test_a_place_is_converted_once_where_it_comes_in() -> None:
    """By the place's own datum, else its merchant's; what goes out is WGS84 and stays so."""
    theirs = types_pb2.Place.Datum.GCJ02
    terms = replace(TERMS, datum=theirs)
    said = types_pb2.Place(point=SHANGHAI_GCJ02, datum=theirs)
    unsaid = types_pb2.Place(point=SHANGHAI_GCJ02)
    for message, used in ((said, TERMS), (unsaid, terms), (said, terms)):
        place, faults = _read(message, used)
        assert not faults
        assert (place.lat, place.lon) == pytest.approx(tuple(SHANGHAI.values()), abs=1e-7)
        assert spot_of(message, used.datum) == Place(lat=place.lat, lon=place.lon)
    out = place_out(place, "local")
    assert out.datum == types_pb2.Place.Datum.WGS84
    again, _ = _read(out, terms)
    assert (again.lat, again.lon) == (place.lat, place.lon)


def test_a_place_that_says_wgs84_is_not_moved() -> None:
    """Its own word is stronger than its merchant's, and its digits stay."""
    terms = replace(TERMS, datum=types_pb2.Place.Datum.BD09)
    message = types_pb2.Place(point=SHANGHAI, datum=types_pb2.Place.Datum.WGS84)
    place, _ = _read(message, terms)
    assert (place.lat, place.lon) == tuple(SHANGHAI.values())
    assert spot_of(message, terms.datum) == place


def test_a_datum_of_later_is_refused_by_number() -> None:
    """A number that this service does not know is not taken for WGS84."""
    message = types_pb2.Place(point=SHANGHAI, datum=7)  # type: ignore[arg-type]
    _, [fault] = _read(message)
    assert str(fault) == "p.datum: 7 is none of WGS84, GCJ02, BD09"
    assert spot_of(message) is None


def test_longitude_before_latitude_is_told() -> None:
    """What can only be a swapped pair is called that, as it was given and in any datum."""
    swapped = {"latitude": SHANGHAI["longitude"], "longitude": SHANGHAI["latitude"]}
    for datum in (types_pb2.Place.Datum.WGS84, types_pb2.Place.Datum.BD09):
        _, [fault] = _read(types_pb2.Place(point=swapped, datum=datum))
        assert fault.field == "p.point.latitude"
        assert fault.problem == (
            "121.5272106 is not between -90 and 90 degrees: "
            "it looks like lon, lat order: give the latitude first"
        )
    _, faults = _read(types_pb2.Place(point={"latitude": 91, "longitude": 181}))
    assert not any("order" in fault.problem for fault in faults)
