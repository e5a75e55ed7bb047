"""What the pieces of a line mean together: a building, an entrance, a floor and a room.

Each form that is read stands in one table, with what each of its pieces is and whether it means
nothing else. A form that is not there is not read.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace

from dispatch.addresses.tokens import Piece

NO_ROOM = "the line names no room"
NO_BUILDING = "the line names no building"
ODD_ROOM = "the room's number does not say its floor"
DISAGREE = "floor and room disagree"
TWO_PARTS = "two numbers may be building and room, or entrance and room"
UNUSUAL = "the form is unusual"
SHOP = "shops are numbered in many ways"
HIGH_UNIT = "no building has so many entrances"
ODD_FLOOR = "the floor has no number"

_MOST_ENTRANCES = 12
_HIGHEST_STOREY = 70
_HIGHEST_WITH_ENTRANCES = 40
_LONGEST_SIGN = 4
_MOST_FLATS = 30
_FIRST_ROOM = 100

# By form: the part that each piece is (b building, u entrance, f floor, r room, s shop, j two
# numbers that are one room, - nothing) and what speaks against certainty. 2, 3 and 4 are numbers
# with dashes between them.
_FORMS: Mapping[str, tuple[str, str]] = {
    **{f"BU{room}": ("bur", "") for room in "RnH"},
    **{f"BUF{room}": ("bufr", "") for room in "RnHT"},
    **{f"B{room}": ("br", "") for room in "Rn"},
    **{f"BF{room}": ("bfr", "") for room in "RnHT"},
    **{f"FU{room}": ("bur", "") for room in "RnH"},
    **{f"FUF{room}": ("bufr", "") for room in "RnHT"},
    **{f"HU{room}": ("bur", "") for room in "Rn"},
    **{f"HUF{room}": ("bufr", "") for room in "RnT"},
    **{f"HF{room}": ("bfr", "") for room in "RnT"},
    "3": ("bur", ""),
    "4": ("bufr", ""),
    "B2": ("bur", ""),
    "B3": ("bufr", UNUSUAL),
    "HR": ("br", ""),
    "Hn": ("br", ""),
    "H2": ("bur", UNUSUAL),
    "2": ("br", TWO_PARTS),
    "BU2": ("buj", UNUSUAL),
    "U2": ("uj", UNUSUAL),
    "BUT": ("bur", UNUSUAL),
    "BT": ("br", UNUSUAL),
    "BH": ("br", UNUSUAL),
    "BFUR": ("bfur", UNUSUAL),
    "BFUn": ("bfur", UNUSUAL),
    "BBR": ("bur", UNUSUAL),
    "BBn": ("bur", UNUSUAL),
    "HBR": ("bur", UNUSUAL),
    "HBn": ("bur", UNUSUAL),
    "BBUR": ("-bur", UNUSUAL),
    "BBUn": ("-bur", UNUSUAL),
    "RUB": ("rub", ""),
    "RB": ("rb", ""),
    "RFB": ("rfb", ""),
    "RFUB": ("rfub", ""),
    "RUFB": ("rufb", ""),
    "FUB": ("fub", ""),
    "FB": ("fb", ""),
    "UB": ("ub", ""),
    **{f"U{room}": ("ur", NO_BUILDING) for room in "RnH"},
    **{f"UF{room}": ("ufr", NO_BUILDING) for room in "RnHT"},
    **{f"F{room}": ("fr", NO_BUILDING) for room in "RnT"},
    "R": ("r", NO_BUILDING),
    "n": ("r", NO_BUILDING),
    "BUF": ("buf", ""),
    "BF": ("bf", ""),
    "BU": ("bu", ""),
    "B": ("b", ""),
    "HU": ("bu", NO_ROOM),
    "U": ("u", NO_ROOM),
    "F": ("f", NO_ROOM),
    **{
        f"{before}P{after}": (f"{parts}s{'r' * len(after)}", "" if parts else SHOP)
        for before, parts in (("", ""), ("B", "b"), ("BF", "bf"), ("BU", "bu"), ("F", "f"))
        for after in ("", "n", "R", "H")
    },
    "nP": ("rs", SHOP),
    "BnP": ("brs", SHOP),
    "BRP": ("brs", SHOP),
}
# In a lane of Shanghai the bare number is the building, and two numbers are building and room.
_LANE_FORMS: Mapping[str, tuple[str, str]] = {
    **{f"H{room}": ("br", "") for room in "Rn"},
    **{f"HF{room}": ("bfr", "") for room in "RnT"},
    "H": ("b", NO_ROOM),
    "2": ("br", ""),
    "nR": ("br", ""),
    "HH": ("br", UNUSUAL),
}
_FLOORS = {"底层": 0, "首层": 0, "G层": 0, "LG层": -1, "地下室": -1, "G": 0}
_NUMBERED = re.compile(r"([A-Z]?)(\d{1,2}?)(\d\d)([A-Z]?)")
_LETTERED = re.compile(r"(\d{1,2})[A-Z]")
_LETTER_AND_NUMBER = re.compile(r"[A-Z]\d{1,2}")
# XX for what is not said, and letters that are typed for 1 and 0.
_PLACEHOLDER = re.compile(r"[A-Z]{2}|[LIO]")
_SHORT = re.compile(r"\d{1,4}[A-Z]?|[A-Z]{1,2}\d{0,3}|[甲乙丙丁戊己庚辛]\d{0,3}|[东西南北中]")


@dataclass(frozen=True, slots=True, kw_only=True)
class Door:
    """The numbers of one door.

    Attributes
    ----------
    floor
        0 is the level of the entrance.
    why
        What speaks against certainty.
    """

    building: str = ""
    entrance: str = ""
    floor: int | None = None
    room: str = ""
    why: str = ""


def door_of(pieces: Sequence[Piece], *, in_lane: bool) -> Door | None:
    """Return the door that adjacent pieces name; None where their form is not known.

    Parameters
    ----------
    in_lane
        Whether a lane of Shanghai comes before them.
    """
    form = "".join(
        str(piece.value.count("-") + 1) if piece.kind == "D" else piece.kind for piece in pieces
    )
    known = (_LANE_FORMS.get(form) if in_lane else None) or _FORMS.get(form)
    if known is None:
        return None
    roles, why = known
    if form in {"FR", "Fn"} and pieces[0].name == "F6" and _is_building(pieces):
        roles, why = "br", UNUSUAL
    parts: dict[str, str] = {}
    for piece, role in zip(pieces, _spread(form, roles), strict=True):
        numbers = [part.strip() for part in piece.value.split("-")] if piece.kind == "D" else None
        if numbers and role != "j":
            parts |= dict(zip(role, numbers, strict=True))
        else:
            parts[role] = piece.value
    if form.startswith("FU") and pieces[0].name != "F6":
        return None
    if roles.endswith("f") and pieces[-1].name == "F2":
        # A座6F: the sixth floor, or flat F of it.
        why = UNUSUAL
    return _door(parts, why, form)


def _is_building(pieces: Sequence[Piece]) -> bool:
    """Whether 416楼501 names a building: the room is on another floor."""
    return storey_of(pieces[1].value)[0] != int(pieces[0].value)


def _spread(form: str, roles: str) -> list[str]:
    """Return the roles of each piece: dashed numbers have several."""
    spread, at = [], 0
    for kind in form:
        width = int(kind) if kind in "234" and "j" not in roles[at : at + 1] else 1
        spread.append(roles[at : at + width])
        at += width
    return spread


def _door(parts: dict[str, str], why: str, form: str) -> Door | None:
    for role in "bu":
        sign = parts[role] = _sign(parts.get(role, ""))
        if not sign or (sign.isdigit() and len(sign) <= _LONGEST_SIGN):
            continue
        if not _SHORT.fullmatch(sign):
            return None
        if _PLACEHOLDER.fullmatch(sign):
            why = why or UNUSUAL
    if form == "2" and _is_high(parts):
        why = ""
    if form in {"3", "4", "2"} and not _fits(parts["b"]):
        return None
    floor, doubt = _floor_of(parts.get("f"))
    why = why or doubt
    if "s" in parts:
        floor = 0 if floor is None else floor
    room = parts.get("r", "")
    if "j" in parts:
        room = "-".join(part.strip() for part in parts["j"].split("-"))
    why = why or _room_doubt(parts["u"], room, form)
    is_explicit = floor is not None
    if not is_explicit and room and "s" not in parts:
        storey, _ = storey_of(room)
        floor = storey - 1 if storey else None
    door = Door(building=parts["b"], entrance=parts["u"], floor=floor, room=room, why=why)
    if not room or "s" in parts:
        return _unit_as_room(door)
    return _with_floor(door, is_explicit=is_explicit)


def _room_doubt(entrance: str, room: str, form: str) -> str:
    """Return what speaks against a room: 5001 behind one of several entrances, or 2-3-4-1."""
    if form == "4" and len(room) == 1:
        return UNUSUAL
    is_high = entrance and room.isdigit() and storey_of(room)[0] > _HIGHEST_WITH_ENTRANCES
    return ODD_ROOM if is_high else ""


def _fits(building: str) -> bool:
    """Whether dashes can stand between a building of this number and what follows: no date."""
    return len(building.strip("ABCDEFGHIJKLMNOPQRSTUVWXYZ")) <= 3  # noqa: PLR2004 - digits


def _is_high(parts: Mapping[str, str]) -> bool:
    """Whether the first of two numbers is too large for an entrance, and is not the floor."""
    first, (storey, is_sure) = parts["b"], storey_of(parts["r"])
    if _LETTER_AND_NUMBER.fullmatch(first):
        return is_sure
    return first.isdigit() and int(first) > _MOST_ENTRANCES and is_sure and int(first) != storey


def _sign(value: str) -> str:
    """Return what is on a sign without zeros in front."""
    return value.lstrip("0") if value.strip("0") else value


def _floor_of(value: str | None) -> tuple[int | None, str]:
    """Return a floor by what the line calls it, and a doubt."""
    if value is None:
        return None, ""
    if value in _FLOORS:
        return _FLOORS[value], ""
    if value.startswith("B") and value[1:].isdigit():
        return -int(value[1:]), ""
    try:
        number = int(value)
    except ValueError:
        return None, ODD_FLOOR
    if number == 0 or number > _HIGHEST_STOREY:
        return None, ODD_FLOOR
    return (number - 1 if number > 0 else number), ""


def _unit_as_room(door: Door) -> Door:
    """Return the door of ``Tower A Unit 1802``, where the unit is a room."""
    if not door.room and door.entrance.isdigit() and int(door.entrance) >= _FIRST_ROOM:
        door = replace(door, room=door.entrance, entrance="", why=UNUSUAL)
        storey, _ = storey_of(door.room)
        return replace(door, floor=storey - 1 if storey else None)
    return door


def _with_floor(door: Door, *, is_explicit: bool) -> Door:
    """Return a door whose floor and room agree, or a doubt."""
    storey, is_sure = storey_of(door.room)
    if door.entrance.isdigit() and int(door.entrance) > _MOST_ENTRANCES:
        if not is_explicit and storey == int(door.entrance):
            # 3栋18-1802: the floor was said twice, and no entrance.
            return replace(door, entrance="", floor=storey - 1, why=door.why or UNUSUAL)
        door = replace(door, why=door.why or HIGH_UNIT)
    if is_explicit:
        if storey and door.floor is not None and door.floor >= 0 and storey != door.floor + 1:
            return replace(door, why=door.why or DISAGREE)
        return door
    if not storey or not is_sure:
        door = replace(door, why=door.why or ODD_ROOM)
    return door


def storey_of(room: str) -> tuple[int, bool]:
    """Return the storey that a room's number says, counted from 1, and whether it surely does.

    The last two digits are the flat. 0 where nothing is said.
    """
    found = _NUMBERED.fullmatch(room)
    if found:
        storey, flat = int(found[2]), int(found[3])
        if not 1 <= storey <= _HIGHEST_STOREY:
            return 0, False
        return storey, 1 <= flat <= _MOST_FLATS and not found[1] and not found[2].startswith("0")
    lettered = _LETTERED.fullmatch(room)
    if lettered and 1 <= int(lettered[1]) <= _HIGHEST_STOREY:
        return int(lettered[1]), True
    joined = re.fullmatch(r"(\d{1,2})-\d{1,2}", room)
    return (int(joined[1]), False) if joined else (0, False)
