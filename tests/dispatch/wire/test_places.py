from dispatch.core.model import Check, Place
from dispatch.v1 import parcels_pb2, types_pb2
from dispatch.wire.places import Owner, Terms, masked, place_in, place_out, pointers, reveal

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
        datum=types_pb2.Place.Datum.BD09,
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
