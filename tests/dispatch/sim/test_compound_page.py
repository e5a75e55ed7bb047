"""What a report shows of compounds: ways in, entrances, and posts over the day."""

import dataclasses
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import pytest

from dispatch.core import messages as m
from dispatch.core.compound_metrics import WAYS_IN
from dispatch.core.compounds import GateRule as Ruling
from dispatch.core.compounds import GateRuling
from dispatch.core.model import Availability, Duty
from dispatch.sim import compound_page, custody_check, report, words
from dispatch.sim.compound_page import LABELS, way_in
from dispatch.sim.compound_picture import Entry, draw, entrance_name
from dispatch.sim.day import Result
from dispatch.sim.folder import Day
from dispatch.sim.post_lanes import Rosters, lanes_of
from dispatch.sim.story import Chronicle
from maps.compounds import Compound, Entrance, Gate, GateRule
from tests.core.town import NOON, a_hub, place
from tests.dispatch.sim.guarded_day import guarded_day, play
from tests.dispatch.sim.small_day import EVIL, HOUR, NINE, TIMES, small_day
from tests.dispatch.sim.small_day import play as play_small

CALENDAR = words.Calendar(NINE, "Europe/Helsinki")
GARDEN = Compound(
    id="G",
    name=EVIL,
    boundary=(((60.171, 24.94), (60.171, 24.945), (60.175, 24.945), (60.171, 24.94)),),
    gates=(
        Gate(id="main", lat=60.1711, lon=24.942, modes=("foot",), rule=GateRule.PERMIT),
        Gate(id="side", lat=60.172, lon=24.944, modes=("foot", "ebike"), rule=GateRule.OPEN),
    ),
    entrances=(
        Entrance(building="1", entrance="1", lat=60.1724, lon=24.9422, floors=9),
        Entrance(building="7", entrance="1", lat=60.174, lon=24.944, floors=9),
    ),
)


@pytest.fixture(scope="module")
def day() -> Day:
    """Give the guarded day in which every other household is out, with the garden's land."""
    its = guarded_day(rider=True, away_share=0.5, away_s=2 * HOUR, day_s=4 * HOUR)
    return dataclasses.replace(its, compounds=(GARDEN,))


@pytest.fixture(scope="module")
def result(day: Day) -> Result:
    checked, _ = report.with_custody(play(day))
    return report.with_presence(checked)[0]


def sections(day: Day, result: Result) -> list[dict[str, Any]]:
    """Give the sections as the page does."""
    chronicle = Chronicle(result.events)
    return compound_page.sections(
        chronicle, result.events, day, result.kpis, CALENDAR, network=None
    )


def test_the_page_and_the_key_figures_tell_the_same_ways_in(day: Day, result: Result) -> None:
    """Each parcel's way, told from its story, adds up to what the figures counted."""
    chronicle = Chronicle(result.events)
    told = [way_in(story, chronicle) for story in chronicle.parcels]
    figures = result.kpis["compounds"]["G"]
    assert {way: told.count(way) for way in WAYS_IN} == {way: figures[way] for way in WAYS_IN}
    (section,) = sections(day, result)
    assert sum(part["count"] for part in section["ways"]) == figures["parcels"] == len(day.parcels)


def test_the_checkers_know_guards_by_their_rosters(result: Result) -> None:
    """A guard on the rounds puts into the booth alone; without its post that would be a break."""
    assert (result.kpis["custody_gaps"], result.kpis["presence_gaps"]) == (0, 0)
    lines = [line.decode() for line in report.event_lines(result.rows)]
    alone = [line for line in lines if '"single_actor":true' in line]
    without = [line for line in lines if '"PostSet"' not in line]
    assert alone
    assert any("SINGLE_ACTOR" in gap for gap in custody_check.gaps(without))


def test_the_report_holds_the_compound_and_asks_nobody(
    day: Day, result: Result, tmp_path: Path
) -> None:
    """Pies, gates, the booth and the post's lanes are on the page; evil names stay text."""
    page = report.write(tmp_path, result, day, seed=1, times=TIMES).read_text()
    assert "Behind the gates" in page
    assert "Post q1" in page
    assert page.count('class="lane"') == 3
    assert page.count('<g class="entry">') == 2
    assert EVIL not in page
    assert "breaks in presence" in page
    assert '"presence_gaps": 0' in (tmp_path / "report.json").read_text()


def test_a_day_without_compounds_keeps_its_report(tmp_path: Path) -> None:
    """Neither the section nor its figures are on the page of a plain day."""
    plain = small_day(no_show_share=0.0)
    page = report.write(tmp_path, play_small(plain), plain, seed=1, times=TIMES).read_text()
    assert "Behind the gates" not in page
    assert "Compounds and posts" not in page


def test_bars_lie_inside_their_lane(day: Day, result: Result) -> None:
    """Every bar of a roster and every tour lies between the first hour and the last."""
    (section,) = sections(day, result)
    (post,) = section["posts"]
    bars = [bar for lane in post["lanes"] for bar in lane["bars"]]
    assert {bar["kind"] for bar in bars} >= {"POST", "PATROL", "TOUR"}
    assert all(0 <= bar["left"] <= bar["left"] + bar["width"] <= 100.01 for bar in bars)
    assert any("away on" in fact for fact in post["facts"])
    assert next(hour["left"] for hour in post["hours"]) == 0


def test_the_tooltip_of_a_tour_says_what_was_offered(
    day: Day, result: Result, tmp_path: Path
) -> None:
    """A tour of several doors says parcels, entrances and minutes, as its offer did."""
    page = report.write(tmp_path, result, day, seed=1, times=TIMES).read_text()
    assert re.search(r"\(offered: \d+ parcels?, \d (entrances?|stops?), \d+ min\)", page)


def test_summary_and_figures_of_the_day(result: Result) -> None:
    """The sentence above counts who got in; without a post there is no group of figures."""
    in_vain = {"returned", "not_in"}
    garden = result.kpis["compounds"]["G"]
    got_in = sum(garden[way] for way in WAYS_IN if way not in in_vain)
    assert compound_page.summary(result.kpis).startswith(f"{got_in} of 12 parcels")
    assert compound_page.figures({**result.kpis, "posts": {}}) == []
    group: dict[str, Any] = compound_page.figures(result.kpis)[0]
    assert dict(group["rows"])["posts below their minimum"] == "0 s"


# --- lanes -------------------------------------------------------------------------------


def a_post(**fields: Any) -> dict[str, Any]:
    """Give what the figures say of a post."""
    return {
        "hub": "",
        "minimum": 2,
        "tours": 0,
        "away_s": 0,
        "stayed_on_s": 0,
        "below_minimum_s": 0,
        "away_s_by_guard": {},
        **fields,
    }


def shift(opens: int, closes: int, duty: Duty = Duty.POST, post: str = "gate") -> Availability:
    return Availability(opens_at=NINE + opens, closes_at=NINE + closes, post=post, duty=duty)


def lanes(*events: m.Event, **fields: Any) -> dict[str, Any]:
    return lanes_of("gate", a_post(**fields), Rosters(events), CALENDAR)


def rostered(courier: str, *slots: Availability) -> m.Event:
    return m.AvailabilityAdded(at=NINE, courier=courier, slots=slots)


def test_a_lane_shows_duties_tours_and_other_posts() -> None:
    """Four quarters of two hours: at the post, a break, another post, and a tour over the first."""
    found = lanes(
        rostered(
            "gus",
            shift(0, HOUR),
            shift(HOUR, 3 * HOUR // 2, Duty.BREAK),
            shift(3 * HOUR // 2, 2 * HOUR, post="side"),
        ),
        rostered("hal", shift(HOUR, 2 * HOUR)),
        m.TourStarted(at=NINE, courier="gus", tour="t", happened_at=NINE + 900),
        m.CourierReturned(at=NINE + 1800, courier="gus", happened_at=NINE + 1800, away_s=900),
        away_s=900,
        tours=1,
        stayed_on_s=60,
        below_minimum_s=5,
        away_s_by_guard={"gus": 900},
    )
    gus, hal = found["lanes"]
    assert [(bar["kind"], bar["left"], bar["width"]) for bar in gus["bars"]] == [
        ("POST", 0, 50),
        ("BREAK", 50, 25),
        ("ELSEWHERE", 75, 25),
        ("TOUR", 12.5, 12.5),
    ]
    assert gus["bars"][-1]["title"] == "gus on a tour, 11:15 to 11:30"
    assert (gus["away"], hal["away"]) == ("15 min", words.NONE)
    assert found["is_short"]
    assert found["facts"][-1].startswith("relief came late")
    assert [hour["label"] for hour in found["hours"]] == ["11:00", "12:00"]


def test_names_are_cut_to_what_tells_them_apart() -> None:
    """What all guards' names begin with is left out, their last common word is not."""
    found = lanes(*(rostered(f"gen-lake-guard-{n}", shift(0, HOUR)) for n in (11, 12)))
    assert [lane["short"] for lane in found["lanes"]] == ["guard-11", "guard-12"]
    found = lanes(rostered("g1", shift(0, HOUR)), rostered("g2", shift(0, HOUR)))
    assert [lane["short"] for lane in found["lanes"]] == ["g1", "g2"]
    (lane,) = lanes(rostered("gen-guard-1", shift(0, HOUR)))["lanes"]
    assert lane["short"] == "gen-guard-1"


def test_lanes_follow_swaps_and_drops() -> None:
    """The roster as it stood at the end is drawn; a guard without a slot left has no lane."""
    swapped = m.SlotsSwapped(
        at=NINE,
        courier="gus",
        other="hal",
        slots=(),
        other_slots=(shift(0, HOUR), shift(HOUR, 2 * HOUR)),
        actor="a",
    )
    dropped = m.SlotsDropped(at=NINE, courier="hal", slots=(shift(0, HOUR),), actor="a")
    found = lanes(rostered("gus", shift(0, HOUR)), rostered("hal"), swapped, dropped)
    assert [(lane["name"], len(lane["bars"])) for lane in found["lanes"]] == [("hal", 1)]


def test_a_guard_who_is_out_when_the_log_ends_is_drawn_out() -> None:
    """A tour without a return goes on to the end; a rider's ends with the tour."""
    found = Rosters(
        [
            rostered("gus", shift(0, HOUR)),
            m.TourStarted(at=NINE, courier="gus", tour="t", happened_at=NINE),
            m.PlanRequested(at=NINE + 600),
        ]
    )
    assert found.away == {"gus": [(NINE, NINE + 600)]}


def test_the_hours_of_a_whole_day_are_few() -> None:
    """Twenty-four hours have at most eight labels."""
    found = lanes(rostered("gus", shift(0, 24 * HOUR)))
    assert [hour["label"] for hour in found["hours"]][:3] == ["11:00", "14:00", "17:00"]


# --- the picture -------------------------------------------------------------------------


def an_entry(name: str = "1", east_m: float = 0, **ways: int) -> Entry:
    where = place(east_m)
    entry = Entry(entrance_name(name, "1"), where.lat, where.lon, f"{name}-1")
    entry.ways.update(ways)
    return entry


def drawn(*entries: Entry, land: Compound | None = None, **rulings: str) -> str:
    hub = a_hub("booth", place=place(30))
    return draw(land or Compound(id="G"), entries, [hub], rulings, LABELS, None)


def test_slices_are_shares_and_one_way_is_a_whole_circle() -> None:
    """Three of four by a guard and one not at all: two slices; all by one way: a circle."""
    svg = drawn(an_entry(door_by_guard=3, not_in=1))
    assert svg.count('<path class="w-') == 2
    assert "to the door, by a guard: 3" in svg
    assert "A30.0 30.0 0 1 1" in svg
    whole = drawn(an_entry(door_by_guard=4))
    assert '<circle class="w-door_by_guard"' in whole


def test_areas_grow_with_parcels() -> None:
    """Four times the parcels have twice the radius; no pie is too small to be seen."""
    svg = drawn(an_entry(gate=16), an_entry("2", 90, gate=4), an_entry("3", 180, gate=0))
    radii = re.findall(r'<circle class="w-gate"[^>]* r="([0-9.]+)"', svg)
    assert radii == ["30.0", "15.0"]


def test_names_never_cover_each_other() -> None:
    """Of two entrances at one place only the busier one is named."""
    svg = drawn(an_entry(gate=9), an_entry("2", 1, gate=1), an_entry("3", 200, gate=1))
    assert re.findall(r'class="short-name"[^>]*>([^<]+)<', svg) == ["1-1", "3-1"]


def test_visits_in_vain_are_a_ring() -> None:
    """Where somebody came in vain a dashed ring says so."""
    entry = an_entry(not_in=1)
    assert "vain" not in drawn(entry)
    entry.vain = 2
    assert "visits in vain: 2" in drawn(entry)


@pytest.mark.parametrize(
    ("ruling", "shown"),
    [({}, ["PERMIT", "OPEN"]), ({"side": "SIGN_IN"}, ["PERMIT", "SIGN_IN"]), ({"": "OPEN"}, 2)],
)
def test_gates_show_the_rule_that_holds(ruling: dict[str, str], shown: Any) -> None:
    """The company's word stands in the place of the map's, for one gate or for all."""
    entry = Entry("here", 60.172, 24.942)
    svg = draw(GARDEN, [entry], [], ruling, LABELS, None)
    expected = ["OPEN"] * shown if isinstance(shown, int) else shown
    assert re.findall(r'<g class="gate (\w+)">', svg) == expected
    assert svg.count('class="empty"') == 2
    assert 'class="land"' in svg


def test_a_ruling_of_the_log_reaches_the_picture(
    day: Day, result: Result, a_ruling: Callable[[], m.Event]
) -> None:
    """Of a rule that changed during the day the last is drawn."""
    changed = msgspec.structs.replace(result, events=[*result.events, a_ruling()])
    (section,) = sections(day, changed)
    assert re.findall(r'<g class="gate (\w+)">', section["svg"]) == ["SIGN_IN", "OPEN"]


@pytest.fixture
def a_ruling() -> Callable[[], m.Event]:
    """Give the event of a main gate that asks for a name alone."""
    ruling = GateRuling(compound="G", gate="main", rule=Ruling.SIGN_IN)
    return lambda: m.GateRuled(at=NOON, ruling=ruling, actor="acme")
