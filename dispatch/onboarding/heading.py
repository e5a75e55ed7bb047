"""``compound.toml``: where on earth the folder's coordinates and clocks are meant; all optional.

A roster says ``08:00`` of any day. To be compared at all it is put on one: the caller's day, or
a stand-in.
"""

import tomllib
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from zoneinfo import ZoneInfo

from dispatch.sim.table import Calendar, Problems
from maps.datum import Datum

HEADING = "compound.toml"
STAND_IN = date(2026, 3, 2)
"""A Monday, on which rosters stand where nobody names a day."""
TIMEZONE = "Asia/Shanghai"

_KEYS = ("date", "datum", "timezone")


@dataclass(frozen=True, slots=True, kw_only=True)
class Heading:
    """What ``compound.toml`` says.

    Attributes
    ----------
    datum
        The system that the folder's coordinates are in; read, they are in WGS84.
    calendar
        The day on which clock times stand.
    """

    datum: Datum
    calendar: Calendar


def read_heading(folder: Path, problems: Problems, calendar: Calendar | None) -> Heading:
    """Read ``compound.toml`` where there is one, noting what is wrong with it.

    Parameters
    ----------
    folder, problems
    calendar
        The caller's day, which the file's own does not change; None for the file's.
    """
    raw = _load(folder / HEADING, problems)
    for key in sorted(raw.keys() - set(_KEYS)):
        problems.add(HEADING, f"is not a known key: use {', '.join(_KEYS)}", column=key)
    datum = str(raw.get("datum", Datum.WGS84.value))
    if datum not in tuple(Datum):
        problems.add(HEADING, f"{datum!r} is none of {', '.join(Datum)}", column="datum")
        datum = Datum.WGS84
    day = raw.get("date", STAND_IN)
    if type(day) is not date:
        problems.add(HEADING, f"{day!r} is not a date: write 2026-03-02", column="date")
        day = STAND_IN
    own = Calendar(day, _zone(raw.get("timezone", TIMEZONE), problems))
    return Heading(datum=Datum(datum), calendar=calendar or own)


def _zone(name: object, problems: Problems) -> ZoneInfo:
    try:
        return ZoneInfo(str(name))
    except (KeyError, ValueError, OSError):
        # Not every bad name is merely unknown: some are paths or folders.
        problems.add(HEADING, f"{name!r} is not a known time zone", column="timezone")
        return ZoneInfo(TIMEZONE)


def _load(path: Path, problems: Problems) -> dict[str, object]:
    try:
        return tomllib.loads(path.read_bytes().decode("utf-8-sig"))
    except FileNotFoundError:
        return {}
    except UnicodeDecodeError as error:
        problems.add(HEADING, f"is not UTF-8 (byte {error.start + 1}): save it as UTF-8")
    except tomllib.TOMLDecodeError as error:
        problems.add(HEADING, f"is not TOML: {error}")
    except OSError as error:
        problems.add(HEADING, f"cannot be read: {error.strerror}")
    return {}
