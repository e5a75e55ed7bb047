import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from typing import Any

import pytest

from maps.earth import Bounds
from maps.render import (
    Canvas,
    land_path,
    roads_geojson,
    roads_svg,
    route_geojson,
    route_svg,
    scale_bar_svg,
)

Draw = Callable[..., Any]

TOWN = """
    A----B----C
    |    |    |
    D----E----F
"""


def _corners(path_data: str) -> list[list[tuple[float, float]]]:
    """Read path data back into polylines."""
    lines = []
    for part in path_data.split("M")[1:]:
        start, steps = part.split("l")
        numbers = [float(n) for n in re.findall(r"-?(?:\d+\.\d|\.\d|\d+)", start + " " + steps)]
        x = y = 0.0
        line = []
        for dx, dy in zip(numbers[::2], numbers[1::2], strict=True):
            x, y = x + dx, y + dy
            line.append((x, y))
        lines.append(line)
    return lines


@pytest.fixture
def town(draw: Draw) -> Any:
    return draw(TOWN, ways={"ABC": {"highway": "primary"}, "EF": {"highway": "footway"}})


def test_the_canvas_maps_the_box_to_the_picture(town: Any) -> None:
    """North is up; the height follows from the box; pixels have one size both ways."""
    canvas = Canvas(town.network().bounds, width_px=500)
    assert (canvas.width_px, canvas.height_px) == (500, 100)
    corners = [town.at(name) for name in "AF"]
    xy = canvas.xy([c.lat for c in corners], [c.lon for c in corners])
    assert xy.ravel() == pytest.approx([0, 0, 500, 100], abs=0.1)
    assert canvas.metres_per_px == pytest.approx(1.0, rel=1e-3)


def test_a_tall_box_is_drawn_narrower() -> None:
    """A picture fits its page in both directions."""
    tall = Bounds(south=0.0, west=0.0, north=0.02, east=0.01)
    canvas = Canvas(tall, width_px=500, max_height_px=500)
    assert (canvas.width_px, canvas.height_px) == (250, 500)


def test_a_point_is_a_picture_too() -> None:
    """A box without extent does not divide by zero."""
    canvas = Canvas(Bounds(south=1.0, west=1.0, north=1.0, east=1.0), width_px=100)
    assert canvas.width_px == 100


def test_roads_are_one_path_for_each_rank(town: Any) -> None:
    """The important roads lie on top; joined edges are one line."""
    canvas = Canvas(town.network().bounds, width_px=500)
    group = ET.fromstring(roads_svg(town.network(), canvas))  # noqa: S314
    assert [path.get("class") for path in group] == ["road-path", "road-street", "road-major"]
    (major,) = _corners(str(group[2].get("d")))
    assert sorted(major) == [pytest.approx((0, 0), abs=0.1), pytest.approx((500, 0), abs=0.1)]


def test_roads_outside_the_canvas_are_cut_off(town: Any) -> None:
    """A picture of a part holds no lines of the rest."""
    box = town.network().bounds
    half = Bounds(
        south=box.south, north=box.north, west=box.west, east=(box.west + box.east) / 2 - 1e-4
    )
    group = ET.fromstring(roads_svg(town.network(), Canvas(half, width_px=500)))  # noqa: S314
    assert [path.get("class") for path in group] == ["road-street", "road-major"]
    for path in group:
        for line in _corners(str(path.get("d"))):
            assert max(x for x, _ in line) <= 501


def test_what_does_not_fit_is_left_out_from_the_least_important_on(town: Any) -> None:
    """The size is a promise; the main roads come first."""
    canvas = Canvas(town.network().bounds, width_px=500)
    whole = roads_svg(town.network(), canvas)
    less = roads_svg(town.network(), canvas, max_bytes=len(whole) - 1)
    assert "road-major" in less
    assert "road-path" not in less
    assert len(less) < len(whole)
    assert roads_svg(town.network(), canvas, max_bytes=10) == '<g class="roads"></g>'


def test_a_route_is_a_path_with_its_title(town: Any) -> None:
    """What comes from outside is escaped."""
    canvas = Canvas(town.network().bounds, width_px=500)
    line = [(spot.lat, spot.lon) for spot in (town.at("A"), town.at("D"), town.at("E"))]
    svg = route_svg(canvas, line, css_class="tour t1", title="N7 <rider>")
    path = ET.fromstring(svg)  # noqa: S314
    assert path.get("class") == "tour t1"
    assert path[0].text == "N7 <rider>"
    (corners,) = _corners(str(path.get("d")))
    assert corners == [
        pytest.approx((0, 0), abs=0.1),
        pytest.approx((0, 100), abs=0.1),
        pytest.approx((250, 100), abs=0.1),
    ]


def test_a_route_that_stays_where_it_is_can_be_drawn(town: Any) -> None:
    """Two equal points make a dot, not an error."""
    canvas = Canvas(town.network().bounds, width_px=500)
    here = (town.at("A").lat, town.at("A").lon)
    assert 'd="M0 0l0 0"' in route_svg(canvas, [here, here], css_class="tour")


def test_geojson_puts_the_longitude_first(town: Any) -> None:
    """Roads carry their way and rank, routes what the caller says."""
    network = town.network()
    roads = roads_geojson(network)
    assert len(roads["features"]) == network.edge_count
    assert {feature["properties"]["rank"] for feature in roads["features"]} == {
        "major",
        "street",
        "path",
    }
    route = route_geojson([(60.1, 24.9), (60.2, 24.95)], {"courier": "c1"})
    assert route["geometry"]["coordinates"] == [[24.9, 60.1], [24.95, 60.2]]
    assert route["properties"] == {"courier": "c1"}


@pytest.mark.parametrize(
    ("metres", "label", "share"),
    [(999, "200 m", 0.2), (4100, "1 km", 1 / 4.1), (90, "20 m", 2 / 9)],
)
def test_the_scale_bar_has_a_round_length(metres: float, label: str, share: float) -> None:
    """At most a quarter of the picture, in 1, 2 or 5 and zeros."""
    degree = 111_195.08
    canvas = Canvas(
        Bounds(south=0, west=0, north=metres / degree, east=metres / degree), width_px=1000
    )
    bar = ET.fromstring(scale_bar_svg(canvas))  # noqa: S314
    assert bar[1].text == label
    (length,) = re.findall(r"h([\d.]+)v", str(bar[0].get("d")))
    assert float(length) == pytest.approx(1000 * share, rel=0.01)


def test_land_is_a_path_of_its_rings() -> None:
    """Every ring starts anew, so that two parts of one compound are not joined."""
    canvas = Canvas(Bounds(south=0, west=0, north=0.01, east=0.01), width_px=100)
    ring = ((0.0, 0.0), (0.01, 0.0), (0.01, 0.01), (0.0, 0.0))
    first, second = _corners(land_path((ring, ring[:3]), canvas))
    assert first == [pytest.approx(xy, abs=0.1) for xy in ((0, 100), (0, 0), (100, 0), (0, 100))]
    assert len(second) == 3
