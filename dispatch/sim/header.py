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
from dispatch.settings import SettingsError, TimeFactors, checked_time_factors
from dispatch.sim.columns import HEADER
from dispatch.sim.table import Calendar, Problems
from maps.datum import Datum

_STAND_IN = date(2000, 1, 3)
_CURRENCY = re.compile(r"[A-Z]{3}", re.ASCII)
_YEARS = range(1971, 2100)
_NEEDED = ("date", "timezone", "network", "zone", "currency", "datum", "epoch_s")
_OPTIONAL = ("map", "scenario", "time_factors")


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
    datum
        The system that the folder's coordinates are in; read, they are in WGS84.
    epoch_s
        Seconds between two plans.
    map
        Path of the map as written, relative to the folder; empty where none is named.
    scenario
        Values of every drawn distribution, where the day was drawn.
    time_factors
        How much slower or faster each local hour is, by mode.
    """

    date: date = _STAND_IN
    timezone: str = "UTC"
    network: str = "local"
    zone: str = "local"
    currency: str = "CNY"
    datum: Datum = Datum.WGS84
    epoch_s: int = 60
    map: str = ""
    scenario: dict[str, Any] = field(default_factory=dict)
    time_factors: TimeFactors = field(default_factory=dict)

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


def local_hours(folder: Path) -> tuple[str, TimeFactors]:
    """Return the time zone of a day and the factors of its hours, for its travel times.

    As with `map_path`, what is wrong is told by `dispatch.sim.folder.read_day`.
    """
    header = read_header(folder, Problems())
    return header.timezone, header.time_factors


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
        case "time_factors":
            return _time_factors(value, problems)
        case _:
            fault = _text_fault(key, value) if isinstance(value, str) else f"{value!r} is not text"
    if fault:
        problems.add(HEADER, fault, column=key)
        return None
    return Datum(str(value)) if key == "datum" else value


def _time_factors(value: object, problems: Problems) -> TimeFactors | None:
    try:
        return checked_time_factors(value)
    except SettingsError as error:
        for line in str(error).splitlines():
            problems.add(HEADER, line.removeprefix(": "), column="time_factors")
    return None


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
        case "datum" if value not in Datum.__members__:
            return f"{value!r} is none of {', '.join(Datum)}"
    return ""
