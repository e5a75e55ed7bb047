"""CSV files in, typed cells out, every problem noted with its line.

A person who hands us a day wants all that is wrong with it at once, in the words of the
file: its name, the line, the column. So nothing here raises at the first bad cell. A cell
that cannot be read yields a neutral value, reading goes on, and the `Problems` say the rest.
Must not know what a parcel is, nor import the engine.
"""

import csv
import io
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta
from enum import StrEnum
from pathlib import Path
from typing import TypeVar
from zoneinfo import ZoneInfo

Choice = TypeVar("Choice", bound=StrEnum)

LARGEST = 10**12
"""Larger whole numbers are typing errors, and would not fit the engine's arrays."""
FARTHEST_DAYS = 7
"""Instants farther than this from the day's date are typing errors."""

_NUMBER = re.compile(r"[+-]?(\d+(\.\d*)?|\.\d+)([eE][+-]?\d+)?", re.ASCII)
_WHOLE = re.compile(r"[+-]?\d{1,100}", re.ASCII)
_CLOCK = re.compile(r"(\d{1,2}):(\d{2})(?::(\d{2}))?", re.ASCII)
_FLAGS = {"yes": True, "true": True, "1": True, "no": False, "false": False, "0": False}


@dataclass(frozen=True, slots=True)
class Problem:
    """One thing that is wrong.

    Attributes
    ----------
    line
        Of the file, its header being line 1; 0 where the whole file is meant.
    column
        Column or key; empty where the whole line is meant.
    """

    file: str
    line: int
    column: str
    text: str

    def __str__(self) -> str:
        """``parcels.csv:5: lat: 'ninety' is not a number``."""
        place = f"{self.file}:{self.line}" if self.line else self.file
        return f"{place}: {self.column}: {self.text}" if self.column else f"{place}: {self.text}"


class Problems:
    """All that is wrong with a folder, in the order in which it was found."""

    def __init__(self) -> None:
        self._found: list[Problem] = []
        self._cells: set[tuple[str, int, str]] = set()
        self._files: set[str] = set()

    def add(self, file: str, text: str, *, line: int = 0, column: str = "") -> None:
        """Note a problem."""
        self._found.append(Problem(file, line, column, text))
        self._cells.add((file, line, column))
        self._files.add(file)

    def touches(self, file: str, line: int, column: str) -> bool:
        """Whether a problem of this cell is known."""
        return (file, line, column) in self._cells

    def touches_file(self, file: str) -> bool:
        """Whether anything in this file is known to be wrong."""
        return file in self._files

    def lines(self) -> list[str]:
        """Return all problems as text, sorted by file and line."""
        return [str(found) for found in sorted(self._found, key=lambda p: (p.file, p.line))]

    def __len__(self) -> int:
        """How many there are."""
        return len(self._found)


@dataclass(frozen=True, slots=True)
class Calendar:
    """The day and the zone that bare clock times belong to."""

    day: date
    zone: ZoneInfo

    def instant(self, text: str) -> int:
        """Return epoch seconds of ``HH:MM[:SS]``, or of ISO 8601 with an offset.

        Raises
        ------
        ValueError
            If the text is neither; the message says what to write.
        """
        clock = _CLOCK.fullmatch(text)
        try:
            if clock:
                hour, minute, second = (int(part or 0) for part in clock.groups())
                moment = datetime.combine(self.day, time(hour, minute, second), self.zone)
            else:
                moment = datetime.fromisoformat(text)
        except ValueError:
            raise ValueError(
                f"{text!r} is not a time: write HH:MM, or ISO 8601 with an offset"
            ) from None
        if moment.tzinfo is None:
            raise ValueError(
                f"{text!r} has no offset from UTC: add one, or write HH:MM for the day's own zone"
            )
        at = math.floor(moment.timestamp())
        noon = datetime.combine(self.day, time(12), self.zone).timestamp()
        if abs(at - noon) > timedelta(days=FARTHEST_DAYS).total_seconds():
            raise ValueError(f"{text!r} is more than {FARTHEST_DAYS} days away from {self.day}")
        return at


@dataclass(frozen=True, slots=True)
class Row:
    """One line of a table. Reading a bad cell notes a problem and yields a neutral value."""

    file: str
    line: int
    cells: dict[str, str]
    problems: Problems
    calendar: Calendar

    def note(self, column: str, text: str) -> None:
        """Note a problem of one cell."""
        self.problems.add(self.file, text, line=self.line, column=column)

    def is_bad(self, column: str) -> bool:
        """Whether this cell's problem is known already."""
        return self.problems.touches(self.file, self.line, column)

    def has(self, column: str) -> bool:
        """Whether the cell holds anything."""
        return bool(self.cells.get(column))

    def text(self, column: str, default: str = "") -> str:
        """Return the cell's text, without blanks around it."""
        return self.cells.get(column) or default

    def needed(self, column: str) -> str:
        """Return the cell's text; note a problem where there is none."""
        found = self.text(column)
        if not found:
            self.note(column, "is missing")
        return found

    def whole(self, column: str, default: int | None = None) -> int:
        """Return a whole number; without ``default`` the cell is needed."""
        found = self.text(column) if default is not None else self.needed(column)
        if found and _WHOLE.fullmatch(found):
            if abs(int(found)) <= LARGEST:
                return int(found)
            self.note(column, f"{found[:40]!r} is too large")
        elif found:
            is_number = _NUMBER.fullmatch(found) is not None
            noun = "a whole number" if is_number else "a number"
            self.note(column, f"{found[:80]!r} is not {noun}")
        return default or 0

    def minutes_s(self, column: str) -> int:
        """Return minutes as seconds, 0 where the cell is empty."""
        found = self.whole(column, 0)
        if found < 0:
            self.note(column, f"{found} is negative")
        return max(found, 0) * 60

    def degrees(self, column: str) -> float:
        """Return a coordinate; whether it lies on the earth is for the model to say."""
        found = self.needed(column)
        if found and not _NUMBER.fullmatch(found):
            self.note(column, f"{found[:80]!r} is not a number")
            return 0.0
        return float(found or 0)

    def instant(self, column: str, default: int) -> int:
        """Return an instant; the cell is needed, ``default`` stands in for a bad one."""
        found = self.needed(column)
        if not found:
            return default
        try:
            return self.calendar.instant(found)
        except ValueError as error:
            self.note(column, str(error))
            return default

    def choice(self, column: str, choices: Sequence[Choice], default: Choice) -> Choice:
        """Return one of ``choices``; the cell is needed."""
        found = self.needed(column)
        for choice in choices:
            if choice.value == found:
                return choice
        if found:
            self.note(column, f"{found[:80]!r} is none of {', '.join(choices)}")
        return default

    def flag(self, column: str) -> bool | None:
        """Return yes or no, None where the cell is empty."""
        found = self.text(column)
        if found and found.lower() not in _FLAGS:
            self.note(column, f"{found[:80]!r} is neither yes nor no")
        return _FLAGS.get(found.lower())

    def items(self, column: str) -> tuple[str, ...]:
        """Return the parts of a list written as ``a;b``."""
        return tuple(part.strip() for part in self.text(column).split(";") if part.strip())


@dataclass(frozen=True, slots=True)
class Columns:
    """What the header of a file may hold.

    Attributes
    ----------
    optional_file
        Whether the whole file may be missing.
    """

    needed: tuple[str, ...]
    optional: tuple[str, ...] = ()
    optional_file: bool = False

    @property
    def all(self) -> tuple[str, ...]:
        """Every column, in the order in which it is written."""
        return self.needed + self.optional


def read_rows(path: Path, columns: Columns, problems: Problems, calendar: Calendar) -> list[Row]:
    """Read a CSV file whose header line must fit ``columns``.

    Where columns are missing or stand there twice, no row is returned, because each would
    only repeat that. A column that is not known is a problem, and the rest is read all the
    same, so that nobody mends a file twice.
    """
    text = _text_of(path, columns, problems)
    if text is None:
        return []
    records = _records(text, path.name, problems)
    line, header = next(records, (1, []))
    if not _header_fits(header, path.name, line, columns, problems):
        return []
    rows = []
    for line, cells in records:
        if len(cells) != len(header):
            problems.add(
                path.name, f"{len(cells)} cells where the header has {len(header)}", line=line
            )
            continue
        named = {name: cell.strip() for name, cell in zip(header, cells, strict=True)}
        rows.append(Row(path.name, line, named, problems, calendar))
    return rows


def _text_of(path: Path, columns: Columns, problems: Problems) -> str | None:
    try:
        # Spreadsheets put a byte order mark in front; it belongs to no column.
        return path.read_bytes().decode("utf-8-sig")
    except FileNotFoundError:
        if not columns.optional_file:
            problems.add(path.name, "the file is missing")
    except UnicodeDecodeError as error:
        problems.add(path.name, f"is not UTF-8 (byte {error.start + 1}): save it as UTF-8")
    except OSError as error:
        problems.add(path.name, f"cannot be read: {error.strerror}")
    return None


def _records(text: str, file: str, problems: Problems) -> Iterator[tuple[int, list[str]]]:
    """Yield each record that is not empty with the line on which it begins."""
    reader = csv.reader(io.StringIO(text, newline=""), strict=True)
    while True:
        line = reader.line_num + 1
        try:
            cells = next(reader)
        except StopIteration:
            return
        except csv.Error as error:
            problems.add(file, f"is not CSV: {error}", line=line)
            return
        if any(cell.strip() for cell in cells):
            yield line, cells


def _header_fits(
    header: list[str], file: str, line: int, columns: Columns, problems: Problems
) -> bool:
    if not header:
        problems.add(file, f"has no header: its first line must be {','.join(columns.needed)}")
        return False
    header[:] = [name.strip() for name in header]
    for name in header:
        if name not in columns.all:
            problems.add(file, "is not a known column", line=line, column=name or repr(name))
    before = len(problems)
    for index, name in enumerate(header):
        if name in columns.all and name in header[:index]:
            problems.add(file, "the column stands there twice", line=line, column=name)
    for name in columns.needed:
        if name not in header:
            problems.add(file, "the column is missing", line=line, column=name)
    return len(problems) == before
