"""Hours of the week in OSM conditions, and what a way's tags are at each of them.

The plain part of the opening hours specification (OpenStreetMap wiki,
Key:opening_hours/specification): weekdays and times of day. Conditions of any other kind are
named, so that they can be counted, and left out. Syntax of the tags around them:
Conditional_restrictions. Of the package it imports the length of the week alone.
"""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from typing import TypeAlias

from maps.network import ALWAYS, WEEK_MINUTES

_HOUR_MIN = 60
DAY_MIN = 24 * _HOUR_MIN

Span: TypeAlias = tuple[int, int]
"""Minutes of the week, Monday 00:00 is 0; from and until, until exclusive."""

CONDITIONAL_KEYS = (
    "access",
    "bicycle",
    "foot",
    "maxspeed",
    "motor_vehicle",
    "motorcar",
    "oneway",
    "vehicle",
)
"""Keys of a way whose ``:conditional`` is read, sorted."""

_DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")
_DAY = f"(?:{'|'.join(_DAYS)})"
_PART = re.compile(
    rf"(?P<days>(?:PH|{_DAY}(?:-{_DAY})?))?\s*"
    r"(?P<time>\d{1,2}:\d{2}-\d{1,2}:\d{2})?\s*(?P<off>off|closed)?"
)

_KINDS = (
    ("weight or size", re.compile(r"weight|length|width|height|axle", re.IGNORECASE)),
    ("weather", re.compile(r"\b(wet|snow|ice|winter|summer|fog)\b", re.IGNORECASE)),
    ("daylight", re.compile(r"sunrise|sunset|dawn|dusk", re.IGNORECASE)),
    (
        "dates",
        re.compile(r"Jan|Feb|Mar|Apr|May|Jun|Jul|Aug|Sep|Oct|Nov|Dec|week|easter|\b\d{4}\b"),
    ),
    ("holidays", re.compile(r"\b(PH|SH)\b")),
    ("unreadable hours", re.compile(r"\d{1,2}:\d{2}")),
    ("who or what for", re.compile(r"[a-z_]+", re.IGNORECASE)),
)
"""Kinds of conditions that are not plain hours; the first that matches names it."""


@dataclass(frozen=True, slots=True)
class Hours:
    """Plain hours.

    Attributes
    ----------
    spans : tuple of Span, ascending and apart
    skips_holidays : bool
        The text said something of public holidays, which was left out.
    """

    spans: tuple[Span, ...]
    skips_holidays: bool = False


@dataclass(slots=True)
class _Group:
    """Days that share times; no days means every day, no times the whole day."""

    days: list[int] = field(default_factory=list)
    times: list[Span] = field(default_factory=list)
    is_off: bool = False
    has_holidays: bool = False


@dataclass(frozen=True, slots=True)
class Change:
    """What a way's tags are within a span of the week, where they differ from its base."""

    span: Span
    tags: Mapping[str, str]


def parse(text: str) -> Hours | None:
    """Read plain hours.

    Rules between semicolons replace those before them on their days; commas add. Times that
    close before they open end on the next day, so do those over 24:00.

    Parameters
    ----------
    text : str
        Such as ``Mo-Fr 07:00-09:00,17:00-19:00; Sa 10:00-12:00``.

    Returns
    -------
    Hours or None
        None where there is anything but weekdays, times, ``24/7``, ``off`` and ``PH``, and
        where nothing but ``PH`` is left.
    """
    table: dict[int, list[Span]] = {day: [] for day in range(7)}
    said_anything = skips_holidays = False
    for rule in re.sub(r"\s*([-,])\s*", r"\1", text).split(";"):
        groups = _groups(rule.strip().removesuffix(","))
        if groups is None:
            return None
        for number, group in enumerate(groups):
            skips_holidays |= group.has_holidays
            if group.has_holidays and not group.days:
                continue
            said_anything = True
            for day in group.days or range(7):
                if number == 0 or group.is_off:
                    table[day] = []
                if not group.is_off:
                    table[day] += group.times or [(0, DAY_MIN)]
    return Hours(_in_week(table), skips_holidays) if said_anything else None


def clauses(text: str) -> list[tuple[str, str]]:
    """Split the value of a conditional tag into values and their conditions.

    Parameters
    ----------
    text : str
        Such as ``no @ (Mo-Fr 07:00-19:00; Sa 08:00-12:00); delivery @ (length<8)``.

    Returns
    -------
    list of (value, condition)
        In the order of the text; a condition is empty where there is none.
    """
    found: list[tuple[str, str]] = []
    for piece in re.split(r";(?![^(]*\))", text):
        value, at, condition = piece.partition("@")
        if at:
            found.append((value.strip(), condition.strip()))
        elif found and not found[-1][1].startswith("("):
            # Hours with semicolons ought to stand in brackets; often they do not.
            found[-1] = (found[-1][0], f"{found[-1][1]};{piece}")
        elif piece.strip():
            found.append((piece.strip(), ""))
    return [(value, _unwrapped(condition)) for value, condition in found]


def kind(condition: str) -> str:
    """Name the kind of a condition that `parse` cannot read, in two or three plain words."""
    for name, pattern in _KINDS:
        if pattern.search(condition):
            return name
    return "no condition"


def changes(tags: Mapping[str, str]) -> tuple[tuple[Change, ...], tuple[str, ...]]:
    """Work out how the conditional tags of a way change its tags over the week.

    Of several clauses that hold at once the last one counts.

    Parameters
    ----------
    tags : mapping
        The way's tags with those that end in ``:conditional``.

    Returns
    -------
    changes : tuple of Change, ascending, neighbours differ
        Without the hours in which nothing differs from the base.
    ignored : tuple of str
        The kind of each condition that was not understood.
    """
    understood: list[tuple[str, str, tuple[Span, ...]]] = []
    ignored: list[str] = []
    for key in CONDITIONAL_KEYS:
        for value, condition in clauses(tags.get(f"{key}:conditional", "")):
            hours = parse(condition)
            if hours is None:
                ignored.append(kind(condition))
                continue
            if hours.skips_holidays:
                ignored.append("holidays")
            understood.append((key, value, hours.spans))
    ends = {end for _, _, spans in understood for span in spans for end in span} | set(ALWAYS)
    found: list[Change] = []
    for since, until in pairwise(sorted(ends)):
        told = {key: value for key, value, spans in understood if _holds(spans, since)}
        if all(tags.get(key) == value for key, value in told.items()):
            continue
        effective = {**tags, **told}
        if found and found[-1].span[1] == since and found[-1].tags == effective:
            found[-1] = Change((found[-1].span[0], until), effective)
        else:
            found.append(Change((since, until), effective))
    return tuple(found), tuple(ignored)


def _groups(rule: str) -> list[_Group] | None:
    """Read one rule: parts between commas, gathered into days that share times."""
    if rule == "24/7":
        return [_Group(times=[(0, DAY_MIN)])]
    groups = [_Group()]
    for part in rule.split(","):
        match = _PART.fullmatch(part.strip())
        if match is None or not part.strip():
            return None
        if match["days"] and (groups[-1].times or groups[-1].is_off):
            groups.append(_Group())
        group = groups[-1]
        if match["days"] == "PH":
            group.has_holidays = True
        elif match["days"]:
            group.days += _day_range(match["days"])
        if match["time"]:
            time = _time_range(match["time"])
            if time is None:
                return None
            group.times.append(time)
        group.is_off |= match["off"] is not None
    return groups


def _day_range(text: str) -> list[int]:
    first, _, last = text.partition("-")
    start = _DAYS.index(first)
    count = (_DAYS.index(last) - start) % 7 if last else 0
    return [(start + i) % 7 for i in range(count + 1)]


def _time_range(text: str) -> Span | None:
    """Minutes from the day's midnight, the end up to a day after the start."""
    (from_h, from_m), (until_h, until_m) = (
        (int(part) for part in half.split(":")) for half in text.split("-")
    )
    start, end = from_h * _HOUR_MIN + from_m, until_h * _HOUR_MIN + until_m
    if end <= start:
        end += DAY_MIN
    is_time = max(from_m, until_m) < _HOUR_MIN and start < DAY_MIN and end - start <= DAY_MIN
    return (start, end) if is_time else None


def _in_week(table: Mapping[int, Sequence[Span]]) -> tuple[Span, ...]:
    """Turn times of each day into ascending spans of the week; Sunday night runs into Monday."""
    pieces: list[Span] = []
    for day, times in table.items():
        for start, end in times:
            since, until = day * DAY_MIN + start, day * DAY_MIN + end
            pieces.append((since, min(until, WEEK_MINUTES)))
            if until > WEEK_MINUTES:
                pieces.append((0, until - WEEK_MINUTES))
    spans: list[Span] = []
    for since, until in sorted(pieces):
        if spans and since <= spans[-1][1]:
            spans[-1] = (spans[-1][0], max(spans[-1][1], until))
        else:
            spans.append((since, until))
    return tuple(spans)


def _holds(spans: Sequence[Span], minute: int) -> bool:
    return any(since <= minute < until for since, until in spans)


def _unwrapped(condition: str) -> str:
    if condition.startswith("(") and condition.endswith(")"):
        return condition[1:-1].strip()
    return condition
