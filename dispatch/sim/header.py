"""``day.toml``: which day it is, where, and in what money.

Apart from the tables because the tables need it: a bare ``09:30`` means nothing without the
day's date and zone. Where those are bad the rest is still read, with stand-ins, so that all
problems are told at once.
"""

import re
import tomllib
from dataclasses import dataclass, field
from datetime import date, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

from dispatch.core.model import Check
from dispatch.sim.columns import HEADER
from dispatch.sim.table import Calendar, Problems

DATUMS = ("WGS84", "GCJ02", "BD09")
USED_DATUM = "WGS84"
"""The others are refused by name until coordinates are converted."""

_STAND_IN = date(2000, 1, 3)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_YEARS = range(1971, 2100)
_NEEDED = ("date", "timezone", "network", "zone", "currency", "datum", "epoch_s")
_OPTIONAL = ("map", "scenario")


@dataclass(frozen=True, slots=True, kw_only=True)
class Header:
    """What ``day.toml`` says.

    Attributes
    ----------
    timezone
        IANA name; clock times of the day are meant in it.
    network, zone
        Ids of whose day it is.
    currency
        ISO 4217; amounts are in its minor unit.
    epoch_s
        Seconds between two plans.
    map
        Path of the map as written, relative to the folder; empty where none is named.
    scenario
        Values of every drawn distribution, where the day was drawn.
    """

    date: date = _STAND_IN
    timezone: str = "UTC"
    network: str = "local"
    zone: str = "local"
    currency: str = "CNY"
    datum: str = USED_DATUM
    epoch_s: int = 60
    map: str = ""
    scenario: dict[str, Any] = field(default_factory=dict)

    @property
    def calendar(self) -> Calendar:
        """The day's date in its zone."""
        return Calendar(self.date, ZoneInfo(self.timezone))


def read_header(folder: Path, problems: Problems) -> Header:
    """Read ``day.toml``, noting what is wrong with it."""
    raw = _load(folder, problems)
    if raw is None:
        return Header()
    for key in sorted(raw.keys() - {*_NEEDED, *_OPTIONAL}):
        problems.add(HEADER, "is not a known key", column=key)
    for key in _NEEDED:
        if key not in raw:
            problems.add(HEADER, "is missing", column=key)
    good: dict[str, Any] = {}
    for key in (*_NEEDED, *_OPTIONAL):
        value = _checked(key, raw[key], problems) if key in raw else None
        if value is not None:
            good[key] = value
    return Header(**good)


def map_path(folder: Path) -> Path | None:
    """Return the map that a day names, None where it names none or cannot be read.

    A relative path is meant from the day folder. What is wrong with the header is not told
    here, `dispatch.sim.folder.read_day` does.
    """
    named = read_header(folder, Problems()).map
    return folder / named if named else None


def _load(folder: Path, problems: Problems) -> dict[str, Any] | None:
    try:
        return tomllib.loads((folder / HEADER).read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        problems.add(HEADER, "the file is missing")
    except UnicodeDecodeError as error:
        problems.add(HEADER, f"is not UTF-8 (byte {error.start + 1}): save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.add(HEADER, f"is not TOML: {error}")
    except OSError as error:
        problems.add(HEADER, f"cannot be read: {error.strerror}")
    return None


def _checked(key: str, value: object, problems: Problems) -> object:
    """Return the value if it is good, else note why not and return None."""
    fault = ""
    match key:
        case "date":
            value, fault = _date(value)
        case "epoch_s":
            is_whole = isinstance(value, int) and not isinstance(value, bool)
            fault = "" if is_whole else f"{value!r} is not a whole number"
            if isinstance(value, int) and is_whole and value < 1:
                fault = f"{value} is not at least 1"
        case "scenario":
            fault = "" if isinstance(value, dict) else "is not a table"
        case _:
            fault = _text_fault(key, value) if isinstance(value, str) else f"{value!r} is not text"
    if fault:
        problems.add(HEADER, fault, column=key)
        return None
    return value


def _date(value: object) -> tuple[date, str]:
    """Return a date from TOML, and what is wrong with it."""
    day = value
    if isinstance(value, str):
        try:
            day = date.fromisoformat(value)
        except ValueError:
            return _STAND_IN, f"{value!r} is not a date: write 2026-03-02"
    if not isinstance(day, date) or isinstance(day, datetime):
        return _STAND_IN, f"{value!s} is not a date: write 2026-03-02"
    if day.year not in _YEARS:
        return _STAND_IN, f"{day} is not between {_YEARS[0]} and {_YEARS[-1]}"
    return day, ""


def _text_fault(key: str, value: str) -> str:
    """Say what is wrong with a text, or return an empty one."""
    match key:
        case "timezone":
            try:
                ZoneInfo(value)
            except (KeyError, ValueError, OSError):
                # Not every bad name is merely unknown: some are paths or folders.
                return f"{value!r} is not a known time zone"
        case "network" | "zone":
            check = Check()
            check.identifier(value, key)
            return check.faults[0].problem if check.faults else ""
        case "currency" if not _CURRENCY.fullmatch(value):
            return f"{value!r} is not a currency: write three capital letters"
        case "datum" if value not in DATUMS:
            return f"{value!r} is none of {', '.join(DATUMS)}"
        case "datum" if value != USED_DATUM:
            return f"{value} is not converted yet: give coordinates in {USED_DATUM}"
    return ""
