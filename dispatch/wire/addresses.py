"""Address lines: readings out, corrections in, and places that a certain reading fills."""

from dispatch.addresses import Certainty, Reading
from dispatch.core.model import Check
from dispatch.log import LineRow
from dispatch.v1 import addresses_pb2 as pb
from dispatch.v1 import types_pb2
from dispatch.wire import names, scalars

UNREAD: names.Shape = ("networks", "merchants", "unreadAddresses")
_LONGEST = {"compound": 200, "building": 40, "entrance": 40, "room": 40}
_FLOORS = (-10, 200)


def reading_out(reading: Reading) -> pb.AddressReading:
    """Write a reading."""
    return pb.AddressReading(
        certainty=reading.certainty.name,
        why=reading.why,
        compound=reading.compound,
        building=reading.building,
        entrance=reading.entrance,
        floor=reading.floor,
        room=reading.room,
        learned=reading.is_learned,
    )


def line_out(row: LineRow, guess: Reading) -> pb.UnreadAddress:
    """Write a line that waits."""
    return pb.UnreadAddress(
        name=names.joined(UNREAD, row.network, row.merchant, row.key),
        line=row.line,
        guess=reading_out(guess),
        create_time=scalars.timestamp(row.at),
    )


def meant_in(message: pb.CorrectAddressRequest) -> Reading:
    """Read what somebody says a line means.

    Raises
    ------
    InvalidValue
        With every fault.
    """
    check = Check()
    for field, longest in _LONGEST.items():
        scalars.plain_text(getattr(message, field), longest, field, check)
    check.that(bool(message.compound.strip()), "compound", "is required")
    is_door = bool(message.building or message.entrance or message.room)
    check.that(is_door, "building", "give a building, an entrance or a room")
    floor = message.floor if message.HasField("floor") else None
    lowest, highest = _FLOORS
    check.that(
        floor is None or lowest <= floor <= highest,
        "floor",
        f"{floor} is not between {lowest} and {highest}",
    )
    check.done(message.name)
    return Reading(
        certainty=Certainty.CERTAIN,
        compound=message.compound.strip(),
        building=message.building.strip(),
        entrance=message.entrance.strip(),
        floor=floor,
        room=message.room.strip(),
    )


def has_line_alone(place: types_pb2.Place) -> bool:
    """Whether a place gives its door as one line and in no other way."""
    return bool(place.address.strip()) and not (
        place.building or place.entrance or place.room or place.HasField("floor") or place.hub
    )


def fill(place: types_pb2.Place, reading: Reading) -> None:
    """Put a certain reading into a place."""
    place.compound = reading.compound
    place.building = reading.building
    place.entrance = reading.entrance
    place.room = reading.room
    if reading.floor is not None:
        place.floor = reading.floor
    if not place.confidence:
        place.confidence = types_pb2.Place.Confidence.PARSED
