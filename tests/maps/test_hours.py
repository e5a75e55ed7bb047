from collections.abc import Mapping

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.network import ALWAYS, WEEK_MINUTES
from maps.reading.hours import DAY_MIN, Hours, changes, clauses, kind, parse

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")


def _at(day: str, clock: str) -> int:
    hour, minute = clock.split(":")
    return DAYS.index(day) * DAY_MIN + int(hour) * 60 + int(minute)


def _is_open(hours: Hours | None, day: str, clock: str) -> bool:
    assert hours is not None
    return any(since <= _at(day, clock) < until for since, until in hours.spans)


@pytest.mark.parametrize(
    ("text", "inside", "outside"),
    [
        ("07:00-09:00", ("Su", "08:59"), ("Su", "09:00")),
        ("Mo-Fr 07:00-09:00", ("Fr", "07:00"), ("Sa", "08:00")),
        ("Mo-Fr 07:00-09:00,17:00-19:00", ("Mo", "18:00"), ("Mo", "12:00")),
        ("Mo-Fr 07:00-09:00; Sa 10:00-12:00", ("Sa", "11:00"), ("Sa", "08:00")),
        ("Mo-Fr 07:00-09:00, Sa 10:00-12:00", ("Sa", "11:00"), ("Mo", "11:00")),
        ("Mo,We 07:00-09:00", ("We", "08:00"), ("Tu", "08:00")),
        ("Fr-Mo 07:00-09:00", ("Su", "08:00"), ("Th", "08:00")),
        ("Su", ("Su", "23:59"), ("Mo", "00:00")),
        ("Mo-Sa", ("Mo", "00:00"), ("Su", "12:00")),
        ("Mo-Fr 22:00-06:00", ("Sa", "05:59"), ("Mo", "05:00")),
        ("Su 22:00-06:00", ("Mo", "05:00"), ("Su", "05:00")),
        ("Fr 22:00-26:00", ("Sa", "01:59"), ("Sa", "02:00")),
        ("Mo 19:00-24:00", ("Mo", "23:59"), ("Tu", "00:00")),
        ("Mo 19:00-00:00", ("Mo", "23:59"), ("Tu", "00:00")),
        ("Mo-Fr 07:00-19:00; We off", ("Tu", "08:00"), ("We", "08:00")),
        ("Tu-Su 12:00-19:00; Th 12:00-21:00", ("Th", "20:00"), ("We", "20:00")),
        ("Mo - Fr 7:00 - 9:00", ("Mo", "07:00"), ("Mo", "06:59")),
    ],
)
def test_plain_hours_are_read(text: str, inside: tuple[str, str], outside: tuple[str, str]) -> None:
    """Days, lists, ranges over midnight and over Sunday, later rules for the same day."""
    assert _is_open(parse(text), *inside)
    assert not _is_open(parse(text), *outside)


def test_round_the_clock_is_one_span() -> None:
    """24/7 and every day's full hours are the whole week without a seam."""
    for text in ("24/7", "00:00-24:00", "Mo-Su", "Mo-Sa 00:00-24:00; Su"):
        assert parse(text) == Hours((ALWAYS,))


@pytest.mark.parametrize("text", ["Sa,Su,PH 07:00-20:00", "Sa-Su 07:00-20:00; PH off"])
def test_public_holidays_are_left_out_and_told(text: str) -> None:
    """A list with PH in it keeps its weekdays; whoever counts is told."""
    hours = parse(text)
    assert hours is not None
    assert hours.skips_holidays
    assert hours.spans == tuple((_at(day, "07:00"), _at(day, "20:00")) for day in ("Sa", "Su"))


@pytest.mark.parametrize(
    ("text", "name"),
    [
        ("Jan15-Aug15", "dates"),
        ("Mo-Fr 07:00-19:00 AND weight>3.5", "weight or size"),
        ("wet", "weather"),
        ("sunrise-sunset", "daylight"),
        ("PH", "holidays"),
        ("SH 07:00-09:00", "holidays"),
        ("delivery", "who or what for"),
        ("Mo-Fr 17:00,19:00", "unreadable hours"),
        ("07:00-09:60", "unreadable hours"),
        ("25:00-26:00", "unreadable hours"),
        ("07:00+", "unreadable hours"),
        ("", "no condition"),
    ],
)
def test_what_is_not_plain_has_a_name(text: str, name: str) -> None:
    """Nothing is guessed: other conditions are refused and named for the count."""
    assert parse(text) is None
    assert kind(text) == name


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("no @ (Mo-Fr 07:00-19:00)", [("no", "Mo-Fr 07:00-19:00")]),
        ("no@(Jan15-Aug15)", [("no", "Jan15-Aug15")]),
        ("no @ 07:00-19:00", [("no", "07:00-19:00")]),
        (
            "no @ (Mo 07:00-09:00; Sa); yes @ (Su)",
            [("no", "Mo 07:00-09:00; Sa"), ("yes", "Su")],
        ),
        ("no @ Mo 07:00-09:00; Sa", [("no", "Mo 07:00-09:00; Sa")]),
        ("60 @ (Su); 30 @ 22:00-06:00", [("60", "Su"), ("30", "22:00-06:00")]),
        ("no", [("no", "")]),
        ("", []),
    ],
)
def test_clauses_are_told_apart(text: str, found: list[tuple[str, str]]) -> None:
    """Semicolons separate clauses outside brackets and rules inside them."""
    assert clauses(text) == found


@st.composite
def _weeks(draw: st.DrawFn) -> tuple[str, set[int]]:
    """Hours as text, one rule per day, and the minutes that they hold."""
    rules, minutes = [], set()
    for day in draw(st.lists(st.sampled_from(range(7)), min_size=1, unique=True)):
        times = draw(
            st.lists(
                st.tuples(st.integers(0, DAY_MIN - 1), st.integers(0, DAY_MIN - 1)),
                min_size=1,
                max_size=3,
            )
        )
        texts = [f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in times]
        rules.append(f"{DAYS[day]} {','.join(texts)}")
        for a, b in times:
            end = b if b > a else b + DAY_MIN
            minutes |= {(day * DAY_MIN + minute) % WEEK_MINUTES for minute in range(a, end)}
    return "; ".join(rules), minutes


@given(_weeks())
def test_any_plain_hours_hold_exactly_their_minutes(week: tuple[str, set[int]]) -> None:
    """Spans are ascending, apart, within the week and hold what the text says, no more."""
    text, minutes = week
    hours = parse(text)
    assert hours is not None
    assert {minute for since, until in hours.spans for minute in range(since, until)} == minutes
    flat = [end for span in hours.spans for end in span]
    assert flat == sorted(set(flat))
    assert flat[0] >= 0
    assert flat[-1] <= WEEK_MINUTES


@given(st.text(alphabet="MoTuFrPH 0123456789:-,;()@off/", max_size=40))
def test_no_text_breaks_the_reader(text: str) -> None:
    """Whatever a mapper writes is read or named, never an exception."""
    for _, condition in clauses(text):
        hours = parse(condition)
        assert kind(condition) or hours is not None
        assert hours is None or all(0 <= a < b <= WEEK_MINUTES for a, b in hours.spans)


def _told(tags: Mapping[str, str]) -> list[tuple[tuple[int, int], dict[str, str]]]:
    found, _ = changes(tags)
    return [
        (change.span, {k: v for k, v in change.tags.items() if ":" not in k}) for change in found
    ]


def test_tags_change_within_their_hours() -> None:
    """Each span tells the tags that hold then; the rest of the week is the base."""
    tags = {"maxspeed": "50", "maxspeed:conditional": "30 @ (Mo 07:00-08:00)"}
    assert _told(tags) == [((420, 480), {"maxspeed": "30"})]


def test_the_last_clause_that_holds_counts() -> None:
    """Overlapping clauses of one tag are ordered by the text (Conditional_restrictions)."""
    tags = {"access:conditional": "no @ (Mo 06:00-10:00); yes @ (Mo 07:00-08:00)"}
    assert _told(tags) == [
        ((360, 420), {"access": "no"}),
        ((420, 480), {"access": "yes"}),
        ((480, 600), {"access": "no"}),
    ]


def test_a_change_to_the_same_is_none() -> None:
    """A clause that repeats the base changes nothing."""
    assert _told({"oneway": "yes", "oneway:conditional": "yes @ (Mo)"}) == []


def test_two_tags_may_change_at_once() -> None:
    """Where the hours of two tags cross, the span has both."""
    tags = {"access:conditional": "no @ (06:00-08:00)", "oneway:conditional": "yes @ (07:00-09:00)"}
    monday = [entry for entry in _told(tags) if entry[0][1] <= DAY_MIN]
    assert monday == [
        ((360, 420), {"access": "no"}),
        ((420, 480), {"access": "no", "oneway": "yes"}),
        ((480, 540), {"oneway": "yes"}),
    ]


def test_a_clause_that_is_not_plain_spoils_no_other() -> None:
    """The plain clause holds, the other one is named."""
    found, ignored = changes({"motorcar:conditional": "no @ (Mo); delivery @ (length<8)"})
    assert [change.span for change in found] == [(0, DAY_MIN)]
    assert ignored == ("weight or size",)
