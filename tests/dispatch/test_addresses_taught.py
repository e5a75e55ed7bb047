"""Forms that no rule reads are learned from corrections, and nobody's room is kept."""

import pytest

from dispatch.addresses import (
    Certainty,
    CompoundBook,
    KnownCompound,
    Lesson,
    Lessons,
    Reading,
    lesson_of,
    parse,
    read,
)


def meant(
    building: str = "", entrance: str = "", floor: int | None = None, room: str = ""
) -> Reading:
    """Return what somebody says a line of 晨光里 means."""
    return Reading(
        certainty=Certainty.CERTAIN,
        compound="晨光里",
        building=building,
        entrance=entrance,
        floor=floor,
        room=room,
    )


def taught(line: str, reading: Reading) -> Lesson:
    """Return the lesson of a correction that teaches something."""
    lesson = lesson_of(line, reading)
    assert lesson is not None
    return lesson


ROW = taught("晨光里甲排3号", meant("甲", room="3", floor=0))


def test_one_correction_reads_the_same_form_and_two_make_it_certain() -> None:
    """A form that no rule reads is LIKELY after one correction and CERTAIN after two."""
    assert parse("晨光里丙排12号").certainty is Certainty.UNREAD
    once = read("晨光里丙排12号", lessons=Lessons([(ROW, 1)]))
    assert (once.building, once.room, once.floor) == ("丙", "12", 0)
    assert (once.certainty, once.is_learned) == (Certainty.LIKELY, True)
    assert read("晨光里丙排12号", lessons=Lessons([(ROW, 2)])).certainty is Certainty.CERTAIN


def test_the_second_correction_of_another_line_teaches_the_same() -> None:
    """Numbers do not matter: two lines of one form have one lesson."""
    assert taught("晨光里 丁排17号 李四收", meant("丁", room="17", floor=0)).rule == ROW.rule
    assert taught("晨光里丁排17号", meant("丁", room="17", floor=0)) == ROW


def test_a_lesson_keeps_no_number_and_no_name() -> None:
    """What is written down of a correction could be anybody's."""
    line = "晨光里李四家西排第47间 13812345678"
    lesson = taught(line, meant("西", room="47", floor=0))
    assert not set("李四家4738") & set(lesson.form + lesson.rule.replace("r=1", ""))
    again = read("晨光里王五家东排第6间", lessons=Lessons([(lesson, 2)]))
    assert (again.building, again.room) == ("东", "6")


def test_a_room_of_two_numbers_and_a_floor_of_its_own() -> None:
    """Numbers side by side can be one room, and a floor may stand apart."""
    lesson = taught("晨光里7区5排-02", meant("7", room="502", floor=4))
    assert read("晨光里8区6排-11", lessons=Lessons([(lesson, 2)])).room == "611"
    assert read("晨光里8区6排-11", lessons=Lessons([(lesson, 2)])).floor == 5
    lesson = taught("晨光里7区第3层间号9", meant("7", room="9", floor=2))
    assert read("晨光里1区第6层间号2", lessons=Lessons([(lesson, 2)])).floor == 5


def test_corrections_that_contradict_each_other_read_nothing() -> None:
    """One says row and house, the other house and row: nobody is right until one leads."""
    other = taught("晨光里甲排3号", meant("3", room="甲", floor=0))
    assert other.form == ROW.form
    split = read("晨光里丙排12号", lessons=Lessons([(ROW, 1), (other, 1)]))
    assert split.certainty is Certainty.UNREAD
    assert split.why == "corrections of this form contradict each other"
    leads = read("晨光里丙排12号", lessons=Lessons([(ROW, 2), (other, 1)]))
    assert (leads.certainty, leads.building) == (Certainty.LIKELY, "丙")
    again = read("晨光里丙排12号", lessons=Lessons([(ROW, 3), (other, 1)]))
    assert again.certainty is Certainty.CERTAIN


@pytest.mark.parametrize(
    "reading",
    [meant("9", room="3"), meant("甲", room="301"), meant(), meant("甲", room="3", floor=7)],
)
def test_what_the_line_does_not_hold_teaches_nothing(reading: Reading) -> None:
    """A correction from other knowledge is good for its line alone."""
    assert lesson_of("晨光里甲排3号", reading) is None


def test_a_lesson_counts_in_its_compound_alone() -> None:
    """Another compound may number its rows in another way."""
    lessons = Lessons([(ROW, 2)])
    assert read("幸福里丙排12号", lessons=lessons).certainty is Certainty.UNREAD
    assert read("丙排12号", within="幸福里", lessons=lessons).certainty is Certainty.UNREAD


def test_a_lesson_settles_no_doubt_about_the_line() -> None:
    """Two addresses, another city, a building that is not there: a known form changes nothing."""
    lessons = Lessons([(ROW, 5), (taught("晨光里3-501", meant("3", room="501", floor=4)), 5)])
    assert read("晨光里3-2-501,5-1-302", lessons=lessons).certainty is Certainty.UNREAD
    book = CompoundBook(
        [KnownCompound(id="晨光里", names=(), city="济南", entrances={"3": {"": 5}})]
    )
    assert read("晨光里3-501", book, lessons=lessons).certainty is Certainty.CERTAIN
    assert read("晨光里9-501", book, lessons=lessons).why == "the compound has no such building"
    assert read("南京市晨光里丙排12号", book, lessons=lessons).why == "the line names another city"


def test_two_numbers_are_certain_once_people_said_what_they_are() -> None:
    """What rules only guess, corrections settle for the compound."""
    lesson = taught("晨光里3-501", meant("", "3", room="501", floor=4))
    assert parse("晨光里7-1102").building == "7"
    settled = read("晨光里7-1102", lessons=Lessons([(lesson, 2)]))
    assert (settled.building, settled.entrance, settled.floor) == ("", "7", 10)
    assert settled.certainty is Certainty.CERTAIN
