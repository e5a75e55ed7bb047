import json
import re
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import msgspec
import numpy as np
import pytest

from dispatch.core import codec
from dispatch.core.model import (
    CourierKind,
    DeclineReason,
    FailureCode,
    ParcelState,
)
from dispatch.core.policy import Policy
from dispatch.sim import page, picture, report, words
from dispatch.sim.behaviour import Behaviour
from dispatch.sim.folder import Day
from dispatch.sim.story import Chronicle, Story, late_cause, troubles
from dispatch.solver.plan import Reason
from maps.network import RoadNetwork
from maps.profiles import Rank
from tests.dispatch.sim.small_day import EVIL, HOUR, NINE, TIMES, play, small_day

MakeDay = Callable[..., Day]


@pytest.fixture
def make_day() -> MakeDay:
    """Give the day of four parcels, for any behaviour."""
    return small_day


@pytest.fixture
def plain_day(make_day: MakeDay) -> Day:
    return make_day(away_share=0.0, no_show_share=0.0, hassle_cents=1.0)


@pytest.fixture
def nobody_home(make_day: MakeDay) -> Day:
    return make_day(away_share=1.0, away_s=86_400, day_s=86_400, no_show_share=0.0)


@pytest.fixture
def one_road() -> RoadNetwork:
    """One street from the station to past the last door."""
    lat, lon = np.array([60.170, 60.175]), np.array([24.940, 24.944])
    return RoadNetwork(
        node_id=np.array([1, 2]),
        node_lat=lat,
        node_lon=lon,
        node_blocked=np.zeros((4, 2), dtype=np.bool_),
        tail=np.array([0], dtype=np.int32),
        head=np.array([1], dtype=np.int32),
        way_id=np.array([7]),
        length_dm=np.array([6000], dtype=np.int32),
        tag_set=np.array([0], dtype=np.int32),
        shape_start=np.array([0, 2]),
        shape_lat=lat.copy(),
        shape_lon=lon.copy(),
        speed_kmh=np.full((1, 4, 2), 5, dtype=np.float32),
        rank=np.array([Rank.STREET], dtype=np.uint8),
        is_private=np.zeros((1, 4), dtype=np.bool_),
        hours_tag_set=np.empty(0, dtype=np.int32),
        hours_minute=np.empty((0, 2), dtype=np.int32),
        hours_speed_kmh=np.empty((0, 4, 2), dtype=np.float32),
        ban_start=np.zeros(1, dtype=np.int64),
        ban_arc=np.empty(0, dtype=np.int32),
        ban_mode=np.empty((0, 4), dtype=np.bool_),
        ban_minute=np.empty((0, 2), dtype=np.int32),
        compound=np.full(1, -1, dtype=np.int32),
        compounds=(),
        repairs={},
    )


class Links(HTMLParser):
    """Collects what a browser would fetch, and the tags that it would run."""

    def __init__(self) -> None:
        super().__init__()
        self.targets: list[str] = []
        self.tags: set[str] = set()

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Take note of a tag."""
        self.tags.add(tag)
        for name, value in attrs:
            if name.rpartition(":")[2] in {"href", "src", "srcset", "action", "data", "poster"}:
                self.targets.append(value or "")


def test_report_json_has_the_agreed_keys(plain_day: Day, tmp_path: Path) -> None:
    """Every figure that others read by name is there, and the day is called generated."""
    report.write(tmp_path, play(plain_day), plain_day, seed=1, times=TIMES)
    figures = json.loads((tmp_path / "report.json").read_text())
    assert figures["generated"] is True
    assert "generator" in figures["label"]
    assert figures["kpis"].keys() >= {
        "created", "delivered", "undelivered_share", "on_time_share", "click_to_door_s",
        "cost_per_delivered_cents", "offers_per_assignment", "acceptance_rate", "km_per_parcel",
        "unserved_by_reason",
    }  # fmt: skip
    assert figures["kpis"]["click_to_door_s"].keys() == {"mean", "p50", "p90", "p95"}
    assert "p95" in figures["system"]["epoch_latency_s"]
    assert figures["settings"]["seed"] == 1
    assert figures["settings"]["policy"]["engine"] == "insert"
    assert figures["settings"]["behaviour"]["hassle_cents"] == 1.0
    assert figures["settings"]["map"] is None
    assert figures["not_used"] == ["gates.csv: 3 gates"]
    assert figures["not_simulated"]


def test_map_is_named_by_hash_and_not_by_path(plain_day: Day, tmp_path: Path) -> None:
    """Where a map lies on this machine is nobody's business; which one it is, everybody's."""
    source = tmp_path / "town.osm"
    source.write_bytes(b"roads")
    report.write(tmp_path, play(plain_day), plain_day, seed=1, times=TIMES, map_file=source)
    text = (tmp_path / "report.json").read_text()
    assert json.loads(text)["settings"]["map"]["name"] == "town.osm"
    assert len(json.loads(text)["settings"]["map"]["sha256"]) == 64
    assert str(tmp_path) not in text + (tmp_path / "report.html").read_text()


def test_events_go_through_the_codec_and_back(plain_day: Day, tmp_path: Path) -> None:
    """Each line of the file is a row of the log, and its event decodes to the one that was."""
    result = play(plain_day)
    report.write(tmp_path, result, plain_day, seed=1, times=TIMES)
    lines = (tmp_path / "events.jsonl").read_bytes().splitlines()
    read = [msgspec.json.decode(line, type=report.Line) for line in lines]
    events = [codec.decode_event(bytes(line.event).decode(), line.version) for line in read]
    assert [codec.encode(event) for event in events] == [row.payload for row in result.rows]
    assert events[-len(result.events) :] == list(result.events)
    assert [line.position for line in read] == [row.position for row in result.rows]
    assert {line.zone for line in read} == {"networks/n/zones/z"}


def test_same_day_and_seed_give_the_same_bytes(plain_day: Day, tmp_path: Path) -> None:
    """Events and key figures of two replays do not differ; another seed's do."""
    for name, seed in (("a", 1), ("b", 1), ("c", 2)):
        report.write(tmp_path / name, play(plain_day, seed), plain_day, seed=seed, times=TIMES)
    events = [(tmp_path / name / "events.jsonl").read_bytes() for name in "abc"]
    kpis = [
        json.dumps(json.loads((tmp_path / name / "report.json").read_text())["kpis"])
        for name in "ab"
    ]
    assert events[0] == events[1] != events[2]
    assert kpis[0] == kpis[1]


def test_page_needs_nothing_from_elsewhere(plain_day: Day, tmp_path: Path) -> None:
    """No script, no style sheet, no font, no image and no link leads out of the file."""
    html = report.write(tmp_path, play(plain_day), plain_day, seed=1, times=TIMES).read_text()
    links = Links()
    links.feed(html)
    assert [target for target in links.targets if not target.startswith("#")] == []
    assert links.tags.isdisjoint({"script", "link", "iframe", "img", "object", "embed", "base"})
    assert re.findall(r"url\((?!['\"]?#)", html) == []
    assert "@import" not in html
    addresses = set(re.findall(r"https?://[^\"' <)]+", html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}


def test_page_is_whole_and_accessible(plain_day: Day, tmp_path: Path) -> None:
    """It has a language, a title, labelled pictures, each kind's tours and the label."""
    html = report.write(tmp_path, play(plain_day), plain_day, seed=1, times=TIMES).read_text()
    assert '<html lang="en">' in html
    assert "<title>Monday, 2 March 2026" in html
    assert "Generated day" in html
    assert html.count('role="img"') >= 4
    assert html.count("aria-label=") >= 4
    assert re.search(r'<path class="tour (neighbour|rider)"', html)
    assert "Not simulated" in html
    assert "gates.csv: 3 gates" in html
    assert 'class="a">assumed' in html


def test_text_of_a_day_cannot_become_markup(plain_day: Day, tmp_path: Path) -> None:
    """Operators and scenario values are shown as text, on the map and in the tables."""
    html = report.write(tmp_path, play(plain_day), plain_day, seed=1, times=TIMES).read_text()
    assert EVIL not in html
    assert html.count("&lt;script&gt;") >= 2


def test_undelivered_parcels_are_told_with_their_reason(nobody_home: Day, tmp_path: Path) -> None:
    """A day on which nobody opens: every parcel stands in the list with its way back."""
    result = play(nobody_home)
    html = report.write(tmp_path, result, nobody_home, seed=1, times=TIMES).read_text()
    assert result.kpis["delivered"] == 0
    assert {trouble.subject for trouble in troubles(Chronicle(result.events))} >= {
        parcel.id for parcel in nobody_home.parcels
    }
    assert "m/p0" in html
    assert "Returned to its origin: nobody was at home" in html
    assert "brought back" in html


def test_no_shows_are_told(make_day: MakeDay, tmp_path: Path) -> None:
    """Couriers who accept and never set out are listed by name."""
    result = play(day := make_day(no_show_share=1.0, hassle_cents=1.0))
    html = report.write(tmp_path, result, day, seed=1, times=TIMES).read_text()
    absent = [t for t in troubles(Chronicle(result.events)) if t.kind == "no-show"]
    assert absent
    assert "accepted a tour and never set out" in html
    assert f"<b>{absent[0].subject}</b>" in html


def test_a_long_list_is_cut_and_says_so(
    nobody_home: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The page shows the worst and counts the rest."""
    monkeypatch.setattr(page, "MOST_TROUBLES", 1)
    html = report.write(tmp_path, play(nobody_home), nobody_home, seed=1, times=TIMES).read_text()
    assert html.count('<span class="tag') == 1
    assert "and 3 more" in html


def test_tours_past_the_cap_are_not_drawn_in_silence(
    nobody_home: Day, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """With more tours than a map can show, the page says how many it shows."""
    monkeypatch.setattr(picture, "MAX_TOURS", 1)
    html = report.write(tmp_path, play(nobody_home), nobody_home, seed=1, times=TIMES).read_text()
    assert len(re.findall(r'<path class="tour (?:neighbour|rider)"', html)) == 1
    assert re.search(r"The first 1 of \d+ tours", html)


def test_roads_bring_their_licence(plain_day: Day, one_road: RoadNetwork, tmp_path: Path) -> None:
    """A day with a map shows its roads and names those who drew them."""
    html = report.write(
        tmp_path, play(plain_day), plain_day, seed=1, times=TIMES, network=one_road
    ).read_text()
    assert '<path class="road-street"' in html
    assert "OpenStreetMap contributors, ODbL" in html


def test_an_older_report_is_replaced_whole(plain_day: Day, tmp_path: Path) -> None:
    """Nothing but the three files is left, in a folder that was made for them."""
    out = tmp_path / "deep" / "out"
    for _ in range(2):
        report.write(out, play(plain_day), plain_day, seed=1, times=TIMES)
    names = {path.name for path in out.iterdir()}
    assert names == {"events.jsonl", "report.json", "report.html"}


def test_a_folder_that_cannot_be_written_is_refused_first(tmp_path: Path) -> None:
    """A file in the way is named; a folder that can be made is not made yet."""
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    with pytest.raises(report.ReportError, match="file: is a file, not a folder"):
        report.check_writable(in_the_way / "out")
    report.check_writable(tmp_path / "a" / "b")
    assert list(tmp_path.iterdir()) == [in_the_way]


def test_a_failed_write_leaves_nothing_aside(plain_day: Day, tmp_path: Path) -> None:
    """Where the last file cannot be put in place, no half-written one stays."""
    (tmp_path / "report.html").mkdir()
    with pytest.raises(report.ReportError, match="cannot be written"):
        report.write(tmp_path, play(plain_day), plain_day, seed=1, times=TIMES)
    assert not list(tmp_path.glob(".*"))


@pytest.mark.parametrize(
    ("facts", "cause"),
    [
        ({"failures": [FailureCode.ABSENT]}, "ATTEMPT_FAILED"),
        ({"no_shows": 1}, "NO_SHOW"),
        ({"promised_at": NINE + 3 * HOUR, "offers": 3}, "ACCEPTED_TOO_LATE"),
        ({"promised_at": NINE + 3 * HOUR, "offers": 1}, "PLANNED_LATE"),
        ({"promised_at": NINE + HOUR, "offers": 2}, "TOUR_TOOK_LONGER"),
    ],
)
def test_lateness_has_a_cause(plain_day: Day, facts: dict[str, object], cause: str) -> None:
    """What made a parcel late is read off its own story."""
    at = NINE + 2 * HOUR
    story = Story(plain_day.parcels[0], [], brought_at=at, delivered_at=at)
    for name, value in facts.items():
        setattr(story, name, value)
    assert story.status == "late"
    assert late_cause(story) == cause


def test_every_code_has_words() -> None:
    """No report shows a bare code: reasons, failures, refusals, endings and kinds."""
    codes = {*Reason, *FailureCode, *DeclineReason, "OPEN", "NO_SHOW"}
    assert codes <= words.REASONS.keys()
    assert words.KINDS.keys() == set(CourierKind)
    assert words.ENDINGS.keys() <= set(ParcelState)


def test_values_called_sourced_exist() -> None:
    """What is not labelled as an assumption names fields that policy and behaviour have."""
    fields = {*Policy.__struct_fields__, *Behaviour.__struct_fields__}
    assert fields >= page.CHOSEN | page.SOURCED


def test_amounts_and_times_as_people_read_them() -> None:
    """Money knows currencies without a minor unit; clocks know the zone and the next day."""
    assert words.money(123_456, "EUR") == "1,234.56 EUR"
    assert words.money(500, "JPY") == "500 JPY"
    assert words.share(0.9733) == "97.3 %"
    assert words.share(1.0) == "100 %"
    durations = [words.duration(value) for value in (9, 95, 1800, 3599, 5400)]
    assert durations == ["9 s", "1.6 min", "30 min", "1 h", "1 h 30 min"]
    calendar = words.Calendar(NINE, "Europe/Helsinki")
    assert calendar.clock(NINE) == "11:00"
    assert calendar.clock(NINE + 14 * HOUR) == "01:00 +1"
