"""Forms that people taught: one correction becomes a form of its compound, without its numbers.

A line's form is what is left when numbers, letters and names are taken out: ``晨光里甲排3号`` in
the compound 晨光里 is ``@甲排0号``. A lesson says which of the places that were emptied are the
building, the entrance and the room, and how the floor follows. Of the line itself nothing is kept:
no number of a room, and no word but the few that say what a number is.

Every correction of a form is one vote for its lesson. A lesson counts by its lead: its votes less
those for any other lesson of the same form. With a lead of one the form is read, as LIKELY; with a
lead of two it is CERTAIN; without a lead, because people contradict each other, it is not read.
"""

import re
import unicodedata
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace

from dispatch.addresses import grammar, naming
from dispatch.addresses.book import CompoundBook
from dispatch.addresses.parser import (
    MORE_NUMBERS,
    MORE_WORDS,
    NO_FORM,
    NO_NUMBERS,
    NOTHING_KNOWN,
    OTHER_CITY,
    confirmed,
    doubted,
    parse,
)
from dispatch.addresses.reading import Certainty, Reading, unread
from dispatch.addresses.text import name_key, plain, refusal

CONTRADICTED = "corrections of this form contradict each other"
ONE_VOTE = "only one correction says so"
SURE_LEAD = 2
"""Votes by which a lesson has to lead to be certain."""

TEACHABLE = frozenset(
    {
        NO_FORM,
        NO_NUMBERS,
        MORE_NUMBERS,
        grammar.NO_ROOM,
        grammar.NO_BUILDING,
        grammar.ODD_ROOM,
        grammar.TWO_PARTS,
        grammar.UNUSUAL,
        grammar.SHOP,
        grammar.HIGH_UNIT,
        grammar.ODD_FLOOR,
        MORE_WORDS,
        naming.WORDY,
        naming.NUMBERED,
    }
)
"""Doubts about a form, which a lesson can settle; others are about the line or the compound."""

_WORDS = frozenset("号楼栋幢座单元门室户房层排院区期组队巷弄梯列行宅间第铺库#-/")
_STEMS = "甲乙丙丁戊己庚辛东西南北中"
_CHUNK = re.compile(rf"(?P<n>\d+)|(?P<a>[A-Z]+)|(?P<s>[{_STEMS}])|(?P<name>@)|(?P<w>.)", re.DOTALL)
_ANYTHING = "~"


@dataclass(frozen=True, slots=True, kw_only=True)
class Lesson:
    """How a form of a compound is read.

    Attributes
    ----------
    compound : str
        Id or name.
    form : str
        The line without its numbers, letters and names.
    rule : str
        Which emptied places are what: ``b=0;u=;r=1+2;f=room``.
    """

    compound: str
    form: str
    rule: str


class Lessons:
    """What was taught, counted.

    Parameters
    ----------
    votes : iterable of (Lesson, int)
    """

    def __init__(self, votes: Iterable[tuple[Lesson, int]] = ()) -> None:
        self._votes: dict[tuple[str, str], dict[str, int]] = {}
        self.compounds: dict[str, str] = {}
        for lesson, count in votes:
            key = name_key(lesson.compound)
            rules = self._votes.setdefault((key, lesson.form), {})
            rules[lesson.rule] = rules.get(lesson.rule, 0) + count
            self.compounds[key] = lesson.compound

    def best(self, compound: str, form: str) -> tuple[str, int]:
        """Return the leading rule of a form and its lead; no rule where the form is new."""
        rules = self._votes.get((name_key(compound), form), {})
        if not rules:
            return "", 0
        rule = max(sorted(rules), key=rules.__getitem__)
        return rule, 2 * rules[rule] - sum(rules.values())


def read(
    line: str,
    book: CompoundBook = NOTHING_KNOWN,
    within: str = "",
    lessons: Lessons | None = None,
) -> Reading:
    """Read one address line by rules and by what was taught; see `parse`."""
    reading = parse(line, book, within)
    if lessons is None or not lessons.compounds or refusal(line):
        return reading
    if reading.certainty is Certainty.CERTAIN or reading.why not in TEACHABLE:
        return reading
    compound = _compound_of(line, reading, book, within, lessons)
    form, numbers = form_of(line, _names_of(compound, book))
    rule, lead = lessons.best(compound, form)
    if not rule:
        # A region or a person in front does not change how the compound numbers its doors.
        rule, lead = lessons.best(compound, form[form.find("@") :] if "@" in form else "")
    if not rule:
        return reading
    if lead < 1:
        is_unread = reading.certainty is Certainty.UNREAD
        return unread(CONTRADICTED) if is_unread else replace(reading, why=CONTRADICTED)
    is_sure = lead >= SURE_LEAD
    learned = replace(
        _apply(rule, numbers),
        compound=compound,
        certainty=Certainty.CERTAIN if is_sure else Certainty.LIKELY,
        why="" if is_sure else ONE_VOTE,
    )
    known = book.find(compound)
    if known is None:
        return learned
    city = naming.city_in(plain(line).text)
    if city and known.city and city != known.city.removesuffix("市"):
        return doubted(replace(learned, compound=known.id), OTHER_CITY)
    return confirmed(replace(learned, compound=known.id), known)


def lesson_of(line: str, meant: Reading, book: CompoundBook = NOTHING_KNOWN) -> Lesson | None:
    """Return what a correction teaches; None where the line does not hold what was corrected.

    Parameters
    ----------
    line : str
    meant : Reading
        What the line means; its ``compound`` is required.
    """
    if refusal(line) or not meant.compound:
        return None
    form, numbers = form_of(line, _names_of(meant.compound, book))
    free = list(range(len(numbers)))
    parts = []
    for letter, value in (("b", meant.building), ("u", meant.entrance), ("r", meant.room)):
        places = _places_of(_canonical(value), numbers, free) if value else ()
        if places is None:
            return None
        free = [place for place in free if place not in places]
        parts.append(f"{letter}={'+'.join(map(str, places))}")
    floor = _floor_rule(meant, numbers, free)
    if floor is None or not (meant.room or meant.building):
        return None
    return Lesson(compound=meant.compound, form=form, rule=";".join([*parts, f"f={floor}"]))


def form_of(line: str, names: Iterable[str]) -> tuple[str, list[str]]:
    """Return a line's form and what was taken out of it, from left to right.

    Parameters
    ----------
    line : str
    names : iterable of str
        Of its compound.
    """
    text = plain(line).upper
    for name in sorted(map(_canonical, names), key=len, reverse=True):
        if name and name in text:
            text = text.replace(name, "@", 1)
            break
    form: list[str] = []
    numbers: list[str] = []
    for match in _CHUNK.finditer(text):
        kind, found = match.lastgroup, match.group()
        if kind in {"n", "a", "s"}:
            numbers.append(found)
            form.append({"n": "0", "a": "A", "s": "甲"}[kind])
        elif kind == "name" or found in _WORDS:
            form.append(found)
        elif not form or form[-1] != _ANYTHING:
            form.append(_ANYTHING)
    return "".join(form).strip(_ANYTHING), numbers


def _names_of(compound: str, book: CompoundBook) -> tuple[str, ...]:
    known = book.find(compound)
    return (compound,) if known is None else (known.id, *known.names)


def _compound_of(
    line: str, reading: Reading, book: CompoundBook, within: str, lessons: Lessons
) -> str:
    """Return the compound whose lessons count for a line; empty where it names none of them."""
    if within:
        return within
    text = plain(line).text
    known = book.find(reading.compound) or book.find_in(text)
    if known is not None:
        return known.id
    if name_key(reading.compound) in lessons.compounds:
        return reading.compound
    key = name_key(text)
    named = [name for name in lessons.compounds if name in key]
    return lessons.compounds[max(named, key=len)] if named else ""


def _canonical(value: str) -> str:
    return unicodedata.normalize("NFKC", value).upper().strip()


def _places_of(value: str, numbers: list[str], free: list[int]) -> tuple[int, ...] | None:
    """Return which numbers make up a value: one of them, or two or three side by side."""
    for place in free:
        if numbers[place] == value or numbers[place].lstrip("0") == value.lstrip("0") != "":
            return (place,)
    for width in (2, 3):
        for place in free:
            places = tuple(range(place, place + width))
            if set(places) <= set(free) and value.replace("-", "") == "".join(
                numbers[index] for index in places
            ):
                return places
    return None


def _floor_rule(meant: Reading, numbers: list[str], free: list[int]) -> str | None:
    """Return how the floor follows from the line; None where it does not."""
    if meant.floor is None:
        return ""
    storey, _ = grammar.storey_of(meant.room)
    if storey and storey - 1 == meant.floor:
        return "room"
    for place in free:
        if numbers[place].isdigit() and int(numbers[place]) == meant.floor + 1:
            return str(place)
    return "ground" if meant.floor == 0 else None


def _apply(rule: str, numbers: list[str]) -> Reading:
    """Return the reading that a rule makes of a line's numbers."""
    parts: Mapping[str, str] = dict(part.split("=") for part in rule.split(";"))

    def value(letter: str) -> str:
        return "".join(numbers[int(place)] for place in parts[letter].split("+") if place)

    room, how = value("r"), parts["f"]
    floor: int | None = None
    if how == "room":
        storey, _ = grammar.storey_of(room)
        floor = storey - 1 if storey else None
    elif how == "ground":
        floor = 0
    elif how:
        floor = int(numbers[int(how)]) - 1
    return Reading(
        certainty=Certainty.LIKELY,
        building=value("b").lstrip("0") or value("b"),
        entrance=value("u").lstrip("0") or value("u"),
        floor=floor,
        room=room,
        is_learned=True,
    )
