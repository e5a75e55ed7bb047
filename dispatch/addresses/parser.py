"""An address line in, a `Reading` out: refuse, make plain, find pieces, read the form, name it."""

import re
from collections.abc import Sequence
from dataclasses import replace

from dispatch.addresses import grammar, naming
from dispatch.addresses.book import CompoundBook, KnownCompound
from dispatch.addresses.grammar import Door, door_of
from dispatch.addresses.reading import Certainty, Reading, unread
from dispatch.addresses.text import Plain, plain, refusal
from dispatch.addresses.tokens import Piece, is_gap, pieces_of

NO_NUMBERS = "the line holds no building, entrance or room"
NO_FORM = "no rule reads this form"
TWO_ADDRESSES = "the line holds two addresses"
MORE_NUMBERS = "numbers stand outside the door"
MORE_WORDS = "what follows the door may belong to it"
NO_COMPOUND = "the line names no compound"
OTHER_CITY = "the line names another city"
UNKNOWN_COMPOUND = "the compound is not among the known ones"
NOT_THE_COMPOUND = "the line names another compound"
NO_SUCH_BUILDING = "the compound has no such building"
NO_SUCH_ENTRANCE = "the building has no such entrance"
WHICH_ENTRANCE = "the building has several entrances, and the line names none"
TOO_HIGH = "the building has not so many floors"

_NOTE = re.compile(
    r"[放请送给勿别留打找]|麻烦|不要|务必|电话|联系|备注|敲门|代收|自提|谢谢|白天|晚上|密码|门禁|下班|到了|家里|家人|本人|快递|外卖|左手|右手"
    r"|CALL|LEAVE|PLEASE|CODE"
)
_ENGLISH = re.compile(
    r"\b(?:GARDENS?|COURT|PLAZA|MANSIONS?|VILLAS?|PARK|CENTRE|CENTER|HOUSE|COMPOUND|HUAYUAN|XIAOQU)$"
)
_SIGN_FIRST = frozenset({"B1", "B3", "U1", "R1"})
_NEXT_TO = ("对面", "隔壁", "旁", "楼下", "楼上", "后面", "附近")
_LONGEST_IN_NAME = 3
_HAN = re.compile(r"[\u4e00-\u9fff]")
NOTHING_KNOWN = CompoundBook()
"""What is known where nobody says."""
_AREA = re.compile(r"\d+\s*(?:元|米|分钟|公里|KG|㎡|平|点|个|件|人|箱|袋)")


def parse(line: str, book: CompoundBook = NOTHING_KNOWN, within: str = "") -> Reading:
    """Read one address line.

    Parameters
    ----------
    line : str
        Of anything that somebody typed.
    book : CompoundBook
        Known compounds; without any, the name of the line is taken as it is.
    within : str
        Id or name of the compound that is known to be meant, if it is.

    Returns
    -------
    Reading
        Nothing is raised: what cannot be read says why.
    """
    why = refusal(line)
    if why:
        return unread(why)
    text = plain(line)
    pieces = pieces_of(text.upper)
    if not pieces:
        return unread(NO_NUMBERS)
    street, pieces = _split_street(pieces)
    runs = _runs(text.upper, pieces)
    in_lane = street is not None and street.kind == "L"
    found = _main_door(runs, in_lane=in_lane, text=text)
    if isinstance(found, str):
        return unread(found)
    door, run = found
    named = _name(text, street, run)
    city = named.city
    why = text.doubt or door.why or named.why or _outside(text, runs, run)
    if run[0].kind == "H" and naming.is_village(named.compound):
        why = why or naming.WORDY
    is_land = named.compound.endswith(("弄", "号院"))
    why = why or _behind(text, run, door, has_name=bool(named.compound), is_land=is_land)
    reading = Reading(
        certainty=Certainty.LIKELY if why else Certainty.CERTAIN,
        why=why,
        compound=named.compound,
        building=door.building,
        entrance=door.entrance,
        floor=door.floor,
        room=door.room,
    )
    before = text.text[: run[0].start] if named.compound else ""
    return _checked(reading, book, within, before, city)


def _split_street(pieces: list[Piece]) -> tuple[Piece | None, list[Piece]]:
    """Return the last street or lane before the first door, and the pieces after it."""
    last = None
    for index, piece in enumerate(pieces):
        if piece.kind in {"S", "L"}:
            last = index
        elif piece.kind in {"B", "U", "D", "R"}:
            break
    if last is None:
        return None, [piece for piece in pieces if piece.kind not in {"S", "L"}]
    rest = [piece for piece in pieces[last + 1 :] if piece.kind not in {"S", "L"}]
    return pieces[last], rest


def _runs(upper: str, pieces: Sequence[Piece]) -> list[list[Piece]]:
    """Return pieces that stand side by side together."""
    runs: list[list[Piece]] = []
    for piece in pieces:
        if runs and not is_gap(upper, runs[-1][-1].end, piece.start):
            runs[-1].append(piece)
        else:
            runs.append([piece])
    return runs


def _main_door(
    runs: Sequence[list[Piece]], *, in_lane: bool, text: Plain
) -> tuple[Door, list[Piece]] | str:
    """Return the door that is meant and its pieces, or why there is none."""
    doors = []
    for run in runs:
        # 阳光100 3号楼: the number before the building belongs to the name.
        trimmed = list(run)
        doubt = ""
        while len(trimmed) > 1 and trimmed[0].kind in "nH" and trimmed[1].kind in "BD":
            # E3 1-1-1208 and 3-14号楼: the first may be the building as well.
            between = text.text[trimmed[0].end : trimmed[1].start]
            if "-" in between or not trimmed[0].value.isdigit():
                doubt = MORE_NUMBERS
            trimmed.pop(0)
        door = door_of(trimmed, in_lane=in_lane)
        if door is None and _room_count(trimmed) > 1 and _buildings(trimmed) > 1:
            return TWO_ADDRESSES
        while door is None and len(trimmed) > 2:  # noqa: PLR2004 - two pieces make a door
            trimmed.pop()
            door = door_of(trimmed, in_lane=in_lane)
            door = door if door is not None and door.room else None
        if door is not None:
            doors.append((replace(door, why=door.why or doubt) if doubt else door, trimmed))
    if not doors:
        return NO_FORM if runs else NO_NUMBERS
    full = [found for found in doors if found[0].room and (found[0].building or found[0].entrance)]
    if not full:
        named = [found for found in doors if found[0].building] or doors
        first = named[0][1]
        is_bare = len(first) == 1 and first[0].kind == "n"
        if is_bare and (len(runs) > 1 or not _has_name(text, first)):
            return NO_FORM
        return named[0]
    if len(full) > 1:
        if not _NOTE.search(text.upper, full[0][1][-1].end, full[1][1][0].start):
            return TWO_ADDRESSES
        return replace(full[0][0], why=full[0][0].why or MORE_NUMBERS), full[0][1]
    return full[0]


def _has_name(text: Plain, run: Sequence[Piece]) -> bool:
    return len(text.text[: run[0].start].strip()) > 1


def _room_count(run: Sequence[Piece]) -> int:
    return sum(piece.kind in "RDn" for piece in run)


def _buildings(run: Sequence[Piece]) -> int:
    return sum(piece.kind in "BD" for piece in run)


def _outside(text: Plain, runs: Sequence[list[Piece]], main: Sequence[Piece]) -> str:
    """Return a doubt where numbers stand outside the door and no note explains them."""
    start, end = main[0].start, main[-1].end
    for run in runs:
        first = run[0]
        if first.start < end < run[-1].end:
            return MORE_NUMBERS
        if first.start >= end:
            if _NOTE.search(text.upper, end, first.start):
                break
            if not _AREA.match(text.upper, first.start):
                return MORE_NUMBERS
        elif run[-1].end <= start and (first.kind != "n" or len(first.value) > _LONGEST_IN_NAME):
            return MORE_NUMBERS
    return ""


def _behind(text: Plain, run: Sequence[Piece], door: Door, *, has_name: bool, is_land: bool) -> str:
    """Return a doubt where what follows the door may say more of it, or its compound."""
    rest = text.upper[run[-1].end :].strip(" ,.-")
    if rest.startswith(_NEXT_TO):
        return MORE_WORDS
    if is_land and _HAN.search(rest) and not _NOTE.search(rest):
        return MORE_WORDS
    if not rest or _NOTE.search(rest) or (door.room and has_name):
        return ""
    if not has_name and run[0].kind in "RFU" and run[-1].kind == "B":
        return ""
    return "" if door.room and text.upper.isascii() else MORE_WORDS


def _name(text: Plain, street: Piece | None, run: Sequence[Piece]) -> naming.Named:
    """Return the compound's name: before the door, or after it as English has it."""
    begins = 0 if street is None else street.end
    before = text.text[begins : run[0].start] if begins <= run[0].start else ""
    road = "" if street is None else text.text[: street.end]
    is_reversed = run[0].kind in "RFU" and run[-1].kind == "B"
    if is_reversed:
        first = text.text[run[-1].end :].strip(" ,.-").split(",")[0].strip()
        return naming.name_in(first)
    is_english = text.text.isascii() or any(piece.name in _SIGN_FIRST for piece in run)
    if street is None and is_english and not before.strip(" ,.-#"):
        return _name_after(text, run[-1].end)
    named = naming.name_in(before, road)
    if street is not None and street.start > run[-1].end:
        return named._replace(why=named.why or naming.WORDY)
    return named


def _name_after(text: Plain, end: int) -> naming.Named:
    """Return the name that follows a door in English: ``Unit 2, Room 501, Sunshine Garden``."""
    rest = text.text[end:].strip()
    if not rest.startswith(",") or _NOTE.search(rest.split(",")[1].upper()):
        return naming.Named("", "", "")
    name = rest.strip(" ,.-").split(",")[0].strip()
    if _HAN.search(name):
        return naming.name_in(name)
    return naming.Named(name, "", "" if _ENGLISH.search(name.upper()) else naming.WORDY)


def _checked(reading: Reading, book: CompoundBook, within: str, before: str, city: str) -> Reading:
    """Return a reading as the known compounds confirm it or not."""
    meant = book.find(within) if within else None
    if not reading.compound:
        if within:
            reading = replace(reading, compound=meant.id if meant else within)
            return confirmed(reading, meant) if meant else reading
        return doubted(reading, NO_COMPOUND) if book else reading
    if not book:
        return replace(reading, compound=within) if within else reading
    named = book.find(reading.compound) or book.find_in(before)
    if within and (meant is None or named is None or named.id != meant.id):
        other = NOT_THE_COMPOUND if named is not None else ""
        reading = replace(reading, compound=meant.id if meant else within)
        reading = doubted(reading, other or UNKNOWN_COMPOUND)
        return confirmed(reading, meant) if meant else reading
    if named is None:
        if _elsewhere(book, city):
            return doubted(reading, OTHER_CITY)
        return doubted(reading, UNKNOWN_COMPOUND) if book.is_whole else reading
    if city and named.city and city != named.city.removesuffix("市"):
        return doubted(replace(reading, compound=named.id), OTHER_CITY)
    if reading.why in {naming.GUESSED, naming.NUMBERED, naming.WORDY, naming.TWO_NAMES}:
        # The name is known: where it begins is no guess any more.
        reading = replace(reading, compound=named.id, certainty=Certainty.CERTAIN, why="")
    elif reading.compound != named.id:
        reading = replace(reading, compound=named.id)
    return confirmed(reading, named)


def _elsewhere(book: CompoundBook, city: str) -> bool:
    cities = {compound.city.removesuffix("市") for compound in book.by_id.values()} - {""}
    return bool(city and cities and city not in cities)


def confirmed(reading: Reading, compound: KnownCompound) -> Reading:
    """Return a reading checked against a compound's own buildings."""
    if not compound.entrances or not reading.building:
        return reading
    entrances = compound.entrances.get(reading.building)
    if entrances is None:
        return doubted(reading, NO_SUCH_BUILDING)
    if not reading.entrance and len(entrances) == 1:
        reading = replace(reading, entrance=next(iter(entrances)))
        if reading.why == grammar.TWO_PARTS:
            reading = replace(reading, certainty=Certainty.CERTAIN, why="")
    if not reading.entrance and "" not in entrances:
        return doubted(reading, WHICH_ENTRANCE)
    if reading.entrance not in entrances:
        return doubted(reading, NO_SUCH_ENTRANCE)
    floors = entrances[reading.entrance]
    if floors is not None and reading.floor is not None and reading.floor > floors:
        return doubted(reading, TOO_HIGH)
    return reading


def doubted(reading: Reading, why: str) -> Reading:
    """Return a reading that is at most likely; the first doubt stands."""
    return replace(reading, certainty=Certainty.LIKELY, why=reading.why or why)
