import re
import xml.etree.ElementTree as ET
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.land.gated_land import marked
from maps.network import MapError, RoadNetwork
from maps.picture import LEAST_WIDTH_PX, map_svg
from maps.profiles import MODES
from tests.maps.land import box, degrees

SVG = "{http://www.w3.org/2000/svg}"

TOWN = """
    A----B----C
    |    |    |
    D----E----F
"""
WAYS = {
    "ABC": {"highway": "primary"},
    "BE": {"highway": "service"},
    "EF": {"highway": "footway", "bicycle": "no"},
    "CF": {"highway": "service", "access": "private"},
}


def gate(id_: str, column: float, rule: GateRule, modes: tuple[str, ...] = MODES) -> Gate:
    lat, lon = degrees(column, 1)
    return Gate(id=id_, lat=lat, lon=lon, modes=modes, rule=rule)


def town(draw: Callable[..., Any], *compounds: Compound) -> RoadNetwork:
    network: RoadNetwork = draw(TOWN, ways=WAYS).network()
    return marked(network, compounds)


def parsed(svg: str) -> ET.Element:
    return ET.fromstring(svg)  # noqa: S314


def drawn(svg: str, tag: str) -> list[ET.Element]:
    """Return what lies on the map itself, without the key below it."""
    return [e for e in parsed(svg) if e.tag == SVG + tag]


def words(svg: str) -> list[str]:
    """Return what the key says."""
    return [str(e.text) for e in parsed(svg).iter(SVG + "text") if e.get("class") == "key"]


ESTATE = Compound(
    id="w1",
    name="花园 & <Garden>",
    boundary=(box(-1, 0.9, 11, 3),),
    gates=(
        gate("n1", 0, GateRule.OPEN),
        replace(gate("n2", 5, GateRule.SIGN_IN), opens_s=6 * 3600, closes_s=79_200),
        gate("n2:car", 5, GateRule.PERMIT, ("car",)),
    ),
    entrances=(Entrance(building="7", entrance="2", lat=degrees(2, 2)[0], lon=degrees(2, 2)[1]),),
)


def test_a_picture_of_everything_has_a_key_to_everything(draw: Callable[..., Any]) -> None:
    """What is drawn is explained, in the order of its importance; nothing else is."""
    svg = map_svg(town(draw, ESTATE))
    assert words(svg) == [
        "main road",
        "private or behind a gate",
        "compound",
        "open gate",
        "gate: sign in",
        "gate: permit only",
        "entrance",
    ]
    plain = map_svg(town(draw))
    assert words(plain) == [
        "main road",
        "street",
        "service road",
        "path",
        "private or behind a gate",
    ]


def test_the_document_is_whole(draw: Callable[..., Any]) -> None:
    """One file for any browser: its own style, nothing fetched, names escaped."""
    svg = map_svg(town(draw, ESTATE), width_px=600)
    root = parsed(svg)
    assert root.tag == SVG + "svg"
    assert root.get("width") == "600"
    assert root.find(SVG + "style") is not None
    assert not re.search(r"https?://(?!www\.w3\.org/2000/svg)|url\(|@import", svg)
    names = [text.text for text in drawn(svg, "text")]
    assert names == ["花园 & <Garden>"]
    assert "m" in str(root.find(f"{SVG}g[@class='scale']/{SVG}text").text)  # type: ignore[union-attr]


def test_gates_lie_where_they_are_and_tell_their_rule(draw: Callable[..., Any]) -> None:
    """Of two rules at one point both are seen: the one for fewer lies within the other."""
    dots = [e for e in drawn(map_svg(town(draw, ESTATE)), "circle") if "gate" in e.get("class", "")]
    by_title = {str(e[0].text).split(":")[0]: e for e in dots if "car:" not in str(e[0].text)}
    assert [e.get("class") for e in dots] == ["gate OPEN", "gate SIGN_IN", "gate PERMIT"]
    assert dots[1][0].text == "n2: SIGN_IN\nfoot, bicycle, ebike, car\n06:00 to 22:00"
    assert dots[2].get("cx") == dots[1].get("cx")
    assert float(str(dots[2].get("r"))) < float(str(dots[1].get("r")))
    # Five cells of 50 m lie between the gates, of ten and the margins in 1200 pixels.
    apart = float(str(by_title["n2"].get("cx"))) - float(str(by_title["n1"].get("cx")))
    assert apart == pytest.approx(1200 / 1.04 / 2, abs=1.0)


def test_private_roads_have_their_own_colour(draw: Callable[..., Any]) -> None:
    """By their tags, or because they lie behind a gate."""

    def private(network: RoadNetwork) -> set[str]:
        classes = (e.get("class", "") for e in drawn(map_svg(network), "path"))
        return {c for c in classes if "private" in c and "case" not in c}

    assert private(town(draw)) == {"road service private"}
    assert private(town(draw, ESTATE)) == {
        "road service private",
        "road street private",
        "road path private",
    }


def test_one_mode_sees_its_own_map(draw: Callable[..., Any]) -> None:
    """Roads closed to it are pale, gates for others left out."""
    network = town(draw, ESTATE)
    assert "closed to car" in words(map_svg(network, mode="car"))
    assert "closed to foot" not in words(map_svg(network, mode="foot"))
    on_foot = map_svg(network, mode="foot")
    assert "PERMIT" not in {c for e in drawn(on_foot, "circle") for c in e.get("class", "").split()}


def test_names_do_not_cover_each_other(draw: Callable[..., Any]) -> None:
    """The larger of two compounds on one spot is named; nameless land needs no words."""
    names = [replace(ESTATE, name="Large"), replace(ESTATE, id="w2", name="Small")]
    names[1] = replace(names[1], boundary=(box(-0.5, 1.1, 10.5, 2.9),))
    texts = drawn(map_svg(town(draw, *names)), "text")
    assert [text.text for text in texts] == ["Large"]
    assert drawn(map_svg(town(draw, replace(ESTATE, name=""))), "text") == []


def test_a_name_too_wide_for_its_land_stands_below_it(draw: Callable[..., Any]) -> None:
    """So that it hides no gate of a small compound."""
    place = {}
    for name in ("Yard", "A yard with a name that is far too long for it" * 2):
        small = replace(ESTATE, name=name, boundary=(box(4, 0.8, 6, 1.2),))
        (text,) = drawn(map_svg(town(draw, small)), "text")
        place[len(name)] = float(str(text.get("y")))
    short, long = place.values()
    assert long > short + 20


def test_a_narrow_picture_has_its_key_in_rows(draw: Callable[..., Any]) -> None:
    """No word of the key is cut off at the right."""
    root = parsed(map_svg(town(draw, ESTATE), width_px=300))
    rows: dict[str, int] = {}
    for group in root.iter(SVG + "g"):
        place = re.fullmatch(r"translate\((\d+) (\d+)\)", group.get("transform", ""))
        if place:
            rows[place[2]] = rows.get(place[2], 0) + 1
            assert int(place[1]) < 300
            assert int(place[2]) < int(str(root.get("height")))
    assert len(rows) > 1


def test_a_compound_without_land_shows_its_gates(draw: Callable[..., Any]) -> None:
    """Where only gates are known there is nothing to tint."""
    svg = map_svg(town(draw, replace(ESTATE, boundary=())))
    assert "compound" not in words(svg)
    assert len(drawn(svg, "circle")) == 4


def test_a_picture_is_the_same_every_time(draw: Callable[..., Any]) -> None:
    """The file can be compared with the one of yesterday."""
    assert map_svg(town(draw, ESTATE)) == map_svg(town(draw, ESTATE))


def test_what_cannot_be_drawn_is_refused(draw: Callable[..., Any]) -> None:
    """An unknown mode and a width in which nothing can be read."""
    with pytest.raises(MapError, match="bus: no such mode: use one of foot"):
        map_svg(town(draw), mode="bus")
    with pytest.raises(MapError, match="too narrow"):
        map_svg(town(draw), width_px=LEAST_WIDTH_PX - 1)


@pytest.mark.parametrize("width_px", [LEAST_WIDTH_PX, 1200])
def test_a_picture_credits_its_data(draw: Callable[..., Any], width_px: int) -> None:
    """As the licence asks, in the lower right corner of the map."""
    root = parsed(map_svg(town(draw, ESTATE), width_px=width_px))
    (credit,) = (e for e in root if e.get("class") == "credit")
    assert credit[0].text == "\N{COPYRIGHT SIGN} OpenStreetMap contributors"
    assert float(str(credit[0].get("x"))) == width_px - 6


def test_a_map_of_one_road_is_a_picture_too(draw: Callable[..., Any]) -> None:
    """A line has no height of its own."""
    root = parsed(map_svg(draw("A----B").network()))
    assert int(str(root.get("height"))) > 0
    assert np.isfinite(float(str(root.get("width"))))
