"""Places, and the personal data that is split off from them.

Names, phones, rooms, notes and address lines never enter the core: they go into a table of
their own, and the place keeps a pointer and a keyed hash of its door. On the way out a place
carries its pointer in ``masked_phone`` until `reveal` has replaced it, so that what is
stored with a request, or forgotten, shows nobody's data.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TypeAlias

import msgspec
from msgspec.structs import replace

from dispatch.core.errors import Fault, InvalidValue
from dispatch.core.model import Check, Confidence, Instant, Place, TimeWindow
from dispatch.doorkey import door_key
from dispatch.log import PersonalRow
from dispatch.v1 import courier_app_pb2, couriers_pb2, hubs_pb2, parcels_pb2, types_pb2
from dispatch.wire import names, scalars
from maps.datum import Datum, point_to_wgs84
from maps.earth import SWAPPED, looks_swapped

WGS84 = types_pb2.Place.Datum.WGS84
KIND = "contact"
"""Kind of all rows of personal data that are written here."""

_LONGEST = {
    "address": 1000,
    "compound": 200,
    "building": 200,
    "entrance": 200,
    "room": 40,
    "osm_ref": 40,
    "note": 2000,
    "display_name": 200,
    "phone_number": 40,
}
"""Most characters of free text; anything longer is not what it says."""
_SHOWN_START, _SHOWN_END, _SHORTEST_MASKED = 3, 2, 8


@dataclass(frozen=True, slots=True)
class Terms:
    """What a network fixes for all its messages.

    Attributes
    ----------
    network
        Id of the network.
    currency
        ISO 4217.
    secret
        Key of the hash of doors.
    datum
        Number of the datum of places that do not say; of `types_pb2.Place.Datum`.
    """

    network: str
    currency: str
    secret: str
    datum: int = WGS84


class Personal(msgspec.Struct, frozen=True, omit_defaults=True):
    """Personal data of one place or person, as it stands in its table.

    ``label`` is what people call a hub; a shop is often called after its keeper.
    """

    name: str = ""
    phone: str = ""
    note: str = ""
    room: str = ""
    address: str = ""
    label: str = ""

    @property
    def has_contact(self) -> bool:
        """Whether somebody can be asked for."""
        return bool(self.name or self.phone or self.note)


_NOBODY = Personal()
_ENCODER = msgspec.json.Encoder()
_DECODER = msgspec.json.Decoder(Personal)


@dataclass(frozen=True, slots=True)
class Owner:
    """What a place belongs to: its zone, and its subject relative to the network."""

    zone: str
    subject: str

    def row(self, role: str, personal: Personal) -> PersonalRow | None:
        """Return the row of personal data for one role; None where there is none."""
        if personal == _NOBODY:
            return None
        return PersonalRow(
            id=f"{self.zone}/{self.subject}#{role}",
            zone=self.zone,
            subject=self.subject,
            kind=KIND,
            payload=_ENCODER.encode(personal).decode(),
        )


def place_in(
    message: types_pb2.Place,
    path: str,
    owner: Owner,
    role: str,
    terms: Terms,
    check: Check,
    *,
    label: str = "",
) -> tuple[Place, PersonalRow | None]:
    """Read a place; faults go into ``check`` under ``path``.

    Its point is converted to WGS84 here, and nowhere later.

    Returns
    -------
    (Place, PersonalRow or None)
        Where there are faults the place is only a stand-in.
    """
    if not message.HasField("point"):
        check.faults.append(Fault(f"{path}.point", "is required"))
    given_in = scalars.member_of(
        Datum, types_pb2.Place.Datum, message.datum or terms.datum, f"{path}.datum", check
    )
    personal = Personal(
        name=message.contact.display_name,
        phone=message.contact.phone_number,
        note=message.contact.note,
        room=message.room,
        address=message.address,
        label=label,
    )
    _check_texts(message, path, check)
    row = owner.row(role, personal)
    confidence = scalars.member_of(
        Confidence, types_pb2.Place.Confidence, message.confidence, f"{path}.confidence", check
    )
    floor = message.floor if message.HasField("floor") else None
    try:
        place = Place(
            lat=message.point.latitude,
            lon=message.point.longitude,
            compound=message.compound,
            building=message.building,
            entrance=message.entrance,
            floor=floor,
            has_lift=message.has_lift if message.HasField("has_lift") else None,
            door_key=door_key(
                terms.secret,
                compound=message.compound,
                building=message.building,
                entrance=message.entrance,
                floor=floor,
                room=message.room,
            ),
            contact=row.id if row is not None else "",
            osm_ref=message.osm_ref,
            confidence=confidence or Confidence.GEOCODED,
        )
    except InvalidValue as error:
        fields = {"lat": "point.latitude", "lon": "point.longitude"}
        check.faults += renamed(_with_order(error, message), fields, path)
        return Place(lat=0.0, lon=0.0), None
    return _in_wgs84(place, given_in or Datum.WGS84), row


def spot_of(message: types_pb2.Place, datum: int = WGS84) -> Place | None:
    """Return where a place lies; None where its point is missing or not on the earth.

    For looking at the map even if the rest of the message cannot be read.

    Parameters
    ----------
    datum
        What holds where the place does not say, as in `Terms`.
    """
    number = message.datum or datum
    given_in = scalars.member_of(Datum, types_pb2.Place.Datum, number, "datum", Check())
    if not message.HasField("point") or given_in is None:
        return None
    try:
        place = Place(lat=message.point.latitude, lon=message.point.longitude)
    except InvalidValue:
        return None
    return _in_wgs84(place, given_in)


def _in_wgs84(place: Place, given_in: Datum) -> Place:
    """Return a place, whose ranges are good as they were given, with WGS84 coordinates."""
    if given_in is Datum.WGS84:
        return place
    lat, lon = point_to_wgs84(given_in, lat=place.lat, lon=place.lon)
    return replace(place, lat=lat, lon=lon)


def _with_order(error: InvalidValue, message: types_pb2.Place) -> InvalidValue:
    """Return the error, saying so where latitude and longitude were mixed up."""
    point = message.point
    if not looks_swapped(lat=point.latitude, lon=point.longitude):
        return error
    return InvalidValue(
        [
            Fault(fault.field, f"{fault.problem}: {SWAPPED}") if fault.field == "lat" else fault
            for fault in error.faults
        ]
    )


def renamed(error: InvalidValue, fields: Mapping[str, str], path: str) -> list[Fault]:
    """Return an error's faults with the fields of a message in place of the core's."""
    return [
        Fault(f"{path}.{fields.get(fault.field, fault.field)}", fault.problem)
        for fault in error.faults
    ]


def _check_texts(message: types_pb2.Place, path: str, check: Check) -> None:
    for field in ("address", "compound", "building", "entrance", "room", "osm_ref"):
        scalars.plain_text(getattr(message, field), _LONGEST[field], f"{path}.{field}", check)
    check_contact(message.contact, f"{path}.contact", check)


def check_contact(contact: types_pb2.Contact, path: str, check: Check) -> None:
    """Note faults of what is said of a person."""
    for field in ("display_name", "phone_number", "note"):
        scalars.plain_text(
            getattr(contact, field),
            _LONGEST[field],
            f"{path}.{field}",
            check,
            has_lines=field == "note",
        )


def window_in(message: types_pb2.TimeWindow, path: str, check: Check) -> TimeWindow | None:
    """Read a window; both of its ends are needed."""
    for field in ("open_time", "close_time"):
        if not message.HasField(field):
            check.faults.append(Fault(f"{path}.{field}", "is required"))
            return None
    try:
        return TimeWindow(opens_at=message.open_time.seconds, closes_at=message.close_time.seconds)
    except InvalidValue as error:
        fields = {"opens_at": "open_time", "closes_at": "close_time"}
        check.faults += renamed(error, fields, path)
        return None


def window_out(opens_at: Instant, closes_at: Instant) -> types_pb2.TimeWindow:
    """Write a window."""
    return types_pb2.TimeWindow(
        open_time=scalars.timestamp(opens_at), close_time=scalars.timestamp(closes_at)
    )


def place_out(place: Place, network: str) -> types_pb2.Place:
    """Write a place; its personal data comes with `reveal`."""
    message = types_pb2.Place(
        point=scalars.latlng(lat=place.lat, lon=place.lon),
        datum=WGS84,
        compound=place.compound,
        building=place.building,
        entrance=place.entrance,
        floor=place.floor,
        has_lift=place.has_lift,
        osm_ref=place.osm_ref,
        confidence=place.confidence.name,
        masked_phone=place.contact,
    )
    if place.hub:
        message.hub = names.joined(names.HUB, network, place.hub)
    return message


# --- personal data on the way out --------------------------------------------------------

Shown: TypeAlias = (
    parcels_pb2.Parcel
    | parcels_pb2.Leg
    | courier_app_pb2.Tour
    | couriers_pb2.Courier
    | hubs_pb2.Hub
)
"""Messages that hold places."""


def places_of(message: Shown) -> Iterator[tuple[types_pb2.Place, bool]]:
    """Yield every place of a message, and whether it is no longer its reader's business.

    A stop that was left out, because its leg was handed back or cancelled, is somebody else's.
    """
    match message:
        case parcels_pb2.Parcel():
            yield message.pickup, False
            yield message.dropoff, False
            for leg in message.legs:
                yield leg.pickup, False
                yield leg.dropoff, False
        case parcels_pb2.Leg():
            yield message.pickup, False
            yield message.dropoff, False
        case courier_app_pb2.Tour():
            skipped = courier_app_pb2.Stop.State.SKIPPED
            for stop in message.stops:
                yield stop.place, stop.state == skipped
                for action in stop.actions:
                    if action.HasField("place"):
                        yield action.place, skipped in {stop.state, action.state}
        case couriers_pb2.Courier():
            yield message.home_anchor, False
            if message.HasField("end_anchor"):
                yield message.end_anchor, False
        case hubs_pb2.Hub():
            yield message.place, False


def pointers(messages: Iterable[Shown]) -> set[str]:
    """Return the ids of all personal data that messages point to."""
    found: set[str] = set()
    for message in messages:
        found.update(place.masked_phone for place, _ in places_of(message))
        if isinstance(message, couriers_pb2.Courier):
            found.add(message.contact.note)
    return found - {""}


def reveal(
    messages: Iterable[Shown],
    rows: Mapping[str, PersonalRow],
    may_see: Callable[[Shown], bool],
) -> None:
    """Replace pointers by what the caller may see.

    Parameters
    ----------
    messages
        Changed in place.
    rows
        By the ids that `pointers` returned. What was erased is missing, and stays empty.
    may_see
        Whether the caller may see a message's personal data; others learn that there is a
        contact, and the ends of its phone number.
    """
    known = {key: _DECODER.decode(row.payload) for key, row in rows.items()}
    for message in messages:
        allowed = may_see(message)
        if isinstance(message, hubs_pb2.Hub):
            message.display_name = known.get(message.place.masked_phone, _NOBODY).label
        for place, is_over in places_of(message):
            personal = known.get(place.masked_phone, _NOBODY)
            _reveal_place(place, personal, allowed=allowed and not is_over)
        if isinstance(message, couriers_pb2.Courier):
            _reveal_courier(message, known.get(message.contact.note, _NOBODY), allowed=allowed)


def _reveal_place(place: types_pb2.Place, personal: Personal, *, allowed: bool) -> None:
    place.masked_phone = "" if allowed else masked(personal.phone)
    place.contact_set = personal.has_contact
    if allowed:
        place.room = personal.room
        place.address = personal.address
        if personal.has_contact:
            place.contact.CopyFrom(_contact(personal))


def _reveal_courier(message: couriers_pb2.Courier, personal: Personal, *, allowed: bool) -> None:
    message.ClearField("contact")
    if allowed and personal.has_contact:
        message.contact.CopyFrom(_contact(personal))


def _contact(personal: Personal) -> types_pb2.Contact:
    return types_pb2.Contact(
        display_name=personal.name, phone_number=personal.phone, note=personal.note
    )


def masked(phone: str) -> str:
    """Return a phone number with its middle hidden; all of it where it is short."""
    if len(phone) < _SHORTEST_MASKED:
        return "*" * len(phone)
    hidden = "*" * (len(phone) - _SHOWN_START - _SHOWN_END)
    return f"{phone[:_SHOWN_START]}{hidden}{phone[-_SHOWN_END:]}"
