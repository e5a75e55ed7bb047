"""``antmile plan draw``: what the picture of a plan holds, and what is refused."""

import copy
import json
import xml.etree.ElementTree as ET
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from dispatch.solver.formats import antmile
from tests.cli.test_plan import GOOD
from tests.solver.formats.texts import ANTMILE, OGC, TEXTS, VROOM

CORNER_MAP = (
    '<osm version="0.6">'
    + "".join(
        f'<node id="{k}" lat="{lat}" lon="{lon}"/>'
        for k, (lat, lon) in enumerate(((48.0, 15.0), (48.0, 15.01), (48.01, 15.01)), start=1)
    )
    + '<way id="1"><nd ref="1"/><nd ref="2"/><nd ref="3"/><tag k="highway" v="residential"/></way>'
    "</osm>"
)
"""A street east, then north: its ends are reached around the corner."""

TWO_LEGS: dict[str, Any] = {
    "travel": [[[0, 600, 900, 600], [600, 0, 600, 900], [900, 600, 0, 600], [600, 900, 600, 0]]],
    "pickup_place": [1, 1],
    "option_leg": [0, 1],
    "option_place": [2, 3],
    "option_opens": [3000, 0],
    "option_due": [3100, 0],
    "option_closes": [9000, 10],
    "option_service": [60, 60],
    "pickup_closes": [900, 900],
    "start_place": [0],
    "end_place": [0],
    "on_duty": [0],
    "off_duty": [7200],
    "unassigned_cost": [900, 900],
    "places": [[48.0, 15.0], [48.0, 15.005], [48.01, 15.01], [48.002, 15.01]],
}
"""The first leg waits for its door to open; the second cannot be in time."""

ONE_SERVED: dict[str, Any] = {
    "routes": [{"courier": 0, "stops": [[0, 0, -1], [0, 1, 0]]}],
    "cost": 900,
    "unassigned": [{"leg": 1, "reason": "WINDOW"}],
}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def corner_map(tmp_path: Path) -> Path:
    file = tmp_path / "corner.osm"
    file.write_text(CORNER_MAP)
    return file


def _draw(folder: Path, problem: str | bytes, plan: object, *more: str) -> Result:
    is_archive = isinstance(problem, bytes)
    file = folder / ("problem.npz" if is_archive else "problem.json")
    file.write_bytes(problem if isinstance(problem, bytes) else problem.encode())
    (folder / "plan.json").write_text(json.dumps(plan))
    arguments = ["plan", "draw", str(file), str(folder / "plan.json")]
    return CliRunner().invoke(app, [*arguments, "-o", str(folder / "plan.svg"), *more])


def _svg(folder: Path) -> ET.Element:
    """Return the picture; it must be good XML."""
    return ET.fromstring((folder / "plan.svg").read_text())  # noqa: S314 - we wrote it


def _classes(svg: ET.Element) -> Counter[str]:
    return Counter(word for its in svg.iter() for word in its.get("class", "").split())


def _words(svg: ET.Element) -> str:
    return "\n".join(its.text or "" for its in svg.iter() if its.tag.endswith(("text", "title")))


def test_a_plan_is_drawn_with_all_that_it_says(tmp_path: Path) -> None:
    """Stops in order, waiting, the leg left out with its reason, cost and counts."""
    result = _draw(tmp_path, json.dumps(TWO_LEGS), ONE_SERVED)
    assert result.exit_code == 0, result.output
    svg = _svg(tmp_path)
    classes, words = _classes(svg), _words(svg)
    # One of each mark stands in the key.
    assert classes["pickup"] == classes["dropoff"] == 2
    assert classes["home"] == 2
    assert classes["waiting"] == 2
    assert classes["late-line"] == 0
    assert classes["way"] == 1
    for told in (
        "problem.json",
        "1 tour, cost 900",
        "1 of 2 legs served",
        "courier 0",
        "1: pickup of leg 0, 0:15 to 0:15",
        "2: drop-off of leg 0, 0:50 to 0:51",
        "leg 1 is left out: window",
        "leg 1: no courier could come within its time window (WINDOW)",
    ):
        assert told in words, words


def test_lateness_is_marked(tmp_path: Path) -> None:
    """On the map, in the lane and in the counts."""
    late = TWO_LEGS | {"option_opens": [0, 0], "option_due": [900, 0]}
    result = _draw(tmp_path, json.dumps(late), ONE_SERVED)
    assert result.exit_code == 0, result.output
    svg = _svg(tmp_path)
    assert _classes(svg)["late-line"] == 2
    assert "1 late, by 5 min at the most" in _words(svg)
    assert [its for its in svg.iter() if its.get("class") == "stop dropoff late"]


def test_ways_follow_the_streets(tmp_path: Path, corner_map: Path) -> None:
    """With a map the way goes around the corner, and the streets are there."""
    without = _draw(tmp_path, json.dumps(TWO_LEGS), ONE_SERVED)
    straight = _way(tmp_path)
    result = _draw(
        tmp_path, json.dumps(TWO_LEGS), ONE_SERVED, "--map", str(corner_map), "--mode", "foot"
    )
    assert without.exit_code == result.exit_code == 0, result.output
    assert len(straight.split("L")) < len(_way(tmp_path).split("L"))
    svg = _svg(tmp_path)
    assert _classes(svg)["roads"] == 1
    assert "OpenStreetMap" in _words(svg)


def _way(folder: Path) -> str:
    way = next(its for its in _svg(folder).iter() if its.get("class") == "way")
    return next(its.get("d", "") for its in way if its.get("class") == "case")


def _with_coordinates(format_: str) -> str:
    """Return a small file of a format, every place of which has coordinates."""
    if format_ == "antmile":
        return json.dumps(ANTMILE | {"places": [[60.0 + k / 100, 24.9] for k in range(4)]})
    if format_ == "vroom":
        file = copy.deepcopy(VROOM)
        file["vehicles"][0] |= {"start": [24.9, 60.1], "end": [24.9, 60.1]}
        file["jobs"][0]["location"] = [24.91, 60.11]
        file["shipments"][0]["pickup"]["location"] = [24.92, 60.1]
        file["shipments"][0]["delivery"]["location"] = [24.91, 60.11]
        return json.dumps(file)
    return json.dumps(OGC) if format_ == "ogc" else TEXTS[format_]


@pytest.mark.parametrize("format_", TEXTS)
def test_every_format_is_drawn(tmp_path: Path, format_: str) -> None:
    """Planar coordinates and degrees alike; tours by the names of the format."""
    plan, worth = GOOD[format_]
    result = _draw(tmp_path, _with_coordinates(format_), plan, "--format", format_)
    assert result.exit_code == 0, result.output
    words = _words(_svg(tmp_path))
    assert worth in words
    name = {"vroom": "vehicle 7", "antmile": "courier 0", "ogc": "rider BIKE"}
    assert name.get(format_, "route 1") in words


def test_an_npz_has_places_too(tmp_path: Path) -> None:
    """An .npz is drawn as the JSON is."""
    problem, places = antmile.read_placed(json.dumps(TWO_LEGS))
    result = _draw(tmp_path, antmile.write_npz(problem, places), ONE_SERVED)
    assert result.exit_code == 0, result.output
    assert _classes(_svg(tmp_path))["way"] == 1


def test_chosen_couriers_alone_are_drawn(tmp_path: Path) -> None:
    """By number or by name; whoever has no tour is told."""
    plan = {"routes": [[1, 2], [3]]}
    for word, count in (("2", 1), ("route 1", 1)):
        result = _draw(tmp_path, TEXTS["vrptw"], plan, "--courier", word)
        assert result.exit_code == 0, result.output
        svg = _svg(tmp_path)
        assert _classes(svg)["way"] == count
        assert f"{count} of 2 tours drawn" in _words(svg).replace("\n", " ")
    result = _draw(tmp_path, TEXTS["vrptw"], plan, "--courier", "7")
    assert result.exit_code == 2
    assert "--courier: 7 has no tour in the plan; tours have 1, 2" in result.stderr


def test_what_a_plan_breaks_is_told_and_drawn(tmp_path: Path) -> None:
    """A plan that comes too late can be looked at."""
    text = TEXTS["vrptw"].replace(
        "8          4          0         60", "8          4          0         12"
    )
    result = _draw(tmp_path, text, {"routes": [[1, 2], [3]]})
    assert result.exit_code == 0, result.output
    assert "the plan breaks something: route 0: node 2 at 20" in result.stderr
    assert "1 fault: route 0: node 2 at 20" in _words(_svg(tmp_path))


@pytest.mark.parametrize(
    ("format_", "plan", "told"),
    [
        ("vrptw", {"routes": [[1, 2], [3, 9]]}, "route 1: node 9 is not in the file"),
        ("vrptw", {"routes": [[1, 2], [3]], "cost": 30}, "cost: says 30.00, is 34.00"),
        ("vrptw", {"routes": [[1, 2], [3, 1]]}, "leg 0: served_once"),
        ("ogc", {"routes": [["BUS", [0], [0]]]}, "route 0: no rider BUS"),
        ("vroom", {"routes": [{"vehicle": 9, "steps": []}]}, "vehicle 9: is not in the file"),
        ("antmile", {"routes": []}, "leg 0: served_once"),
        ("antmile", GOOD["antmile"][0] | {"cost": 5}, "cost: says 5, is 60"),
        ("antmile", {"routes": [{"courier": 4, "stops": []}]}, "routes[0].courier: 4 is more"),
    ],
)
def test_a_plan_of_another_problem_is_refused(
    tmp_path: Path, format_: str, plan: object, told: str
) -> None:
    """Status 2, nothing written."""
    result = _draw(tmp_path, _with_coordinates(format_), plan)
    assert result.exit_code == 2, result.output
    assert told in result.stderr
    assert "is it a plan of another problem?" in result.stderr
    assert result.stderr.endswith("nothing was drawn\n")
    assert not (tmp_path / "plan.svg").exists()


@pytest.mark.parametrize(("format_", "key"), [("antmile", "places"), ("vroom", "locations")])
def test_without_coordinates_nothing_is_drawn(tmp_path: Path, format_: str, key: str) -> None:
    """It says what to give."""
    result = _draw(tmp_path, TEXTS[format_], GOOD[format_][0])
    assert result.exit_code == 2
    assert f"has no coordinates: give {key}" in result.stderr


def test_a_place_without_coordinates_is_named(tmp_path: Path) -> None:
    """Others of the file have some."""
    file = json.loads(_with_coordinates("vroom"))
    del file["shipments"][0]["pickup"]["location"]
    result = _draw(tmp_path, json.dumps(file), GOOD["vroom"][0])
    assert result.exit_code == 2
    assert "place 3 (the pickup of leg pickup 1 and delivery 2) has no coordin" in result.stderr


def test_a_map_must_cover_the_places(tmp_path: Path, corner_map: Path) -> None:
    """The first place that it does not is named; planar places have no map."""
    far = TWO_LEGS | {"places": [*TWO_LEGS["places"][:2], [48.2, 15.0], [48.0, 15.0]]}
    result = _draw(tmp_path, json.dumps(far), ONE_SERVED, "--map", str(corner_map))
    assert result.exit_code == 2
    told = "the map does not cover place 2 (the drop-off of leg 0) at 48.20000, 15.00000"
    assert told in result.stderr
    result = _draw(tmp_path, TEXTS["vrptw"], GOOD["vrptw"][0], "--map", str(corner_map))
    assert result.exit_code == 2
    assert "lie on a plane, not on the earth: leave out --map" in result.stderr


def test_the_picture_is_an_svg_that_destroys_nothing(tmp_path: Path) -> None:
    """Another ending, a folder that is not there."""
    for out, told in (("plan.png", "end the name with .svg"), ("no/p.svg", "no such folder")):
        result = _draw(tmp_path, TEXTS["vrptw"], GOOD["vrptw"][0], "-o", str(tmp_path / out))
        assert result.exit_code == 2
        assert told in result.stderr


def test_a_plan_without_tours_is_a_picture(tmp_path: Path) -> None:
    """Everybody stayed at home: what is left out is still to be seen."""
    plan = {
        "routes": [],
        "cost": 1800,
        "unassigned": [{"leg": 0, "reason": "HOURS"}, {"leg": 1, "reason": "WINDOW"}],
    }
    result = _draw(tmp_path, json.dumps(TWO_LEGS), plan)
    assert result.exit_code == 0, result.output
    assert "0 of 2 legs served" in _words(_svg(tmp_path))


def test_many_tours_are_drawn_without_numbers(tmp_path: Path) -> None:
    """Above some hundred stops marks are dots, and only so many lanes are drawn."""
    count = 130
    rng = np.random.default_rng(1)
    places = np.column_stack((rng.uniform(48, 48.1, 2 * count), rng.uniform(15, 15.1, 2 * count)))
    problem = {
        "travel": np.ones((1, 2 * count, 2 * count), int).tolist(),
        "pickup_place": list(range(count)),
        "option_leg": list(range(count)),
        "option_place": list(range(count, 2 * count)),
        "start_place": [-1] * count,
        "end_place": [-1] * count,
        "places": places.tolist(),
    }
    routes = [{"courier": k, "stops": [[k, 0, -1], [k, 1, k]]} for k in range(count)]
    result = _draw(tmp_path, json.dumps(problem), {"routes": routes})
    assert result.exit_code == 0, result.output
    svg = _svg(tmp_path)
    assert "and 70 more tours" in _words(svg)
    # Those of the key.
    assert _classes(svg)["stop"] - _classes(svg)["small"] == 2
