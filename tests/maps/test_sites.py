from collections import Counter
from collections.abc import Callable
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps import osm
from maps.reading.sites import Sites, is_site, rings

Draw = Callable[..., Any]

BLOCK = """
    A--B--C
    |  |  |
    D--E--F
"""
TOWN = '<way id="900"><nd ref="1"/><nd ref="2"/><nd ref="5"/><nd ref="4"/><nd ref="1"/>{}</way>'
HALVES = (
    '<way id="901"><nd ref="1"/><nd ref="2"/><nd ref="5"/></way>'
    '<way id="902"><nd ref="1"/><nd ref="4"/><nd ref="5"/></way>'
    '<relation id="7"><member type="way" ref="901" role="outer"/>'
    '<member type="way" ref="902" role="outer"/><member type="way" ref="900" role="inner"/>'
    '<tag k="type" v="multipolygon"/><tag k="amenity" v="school"/><tag k="name" v="Elm"/>'
    "</relation>"
)
RESIDENTIAL = '<tag k="landuse" v="residential"/><tag k="name" v="Garden"/>'


def _sites(path: Path) -> tuple[Sites, Counter[str]]:
    repairs: Counter[str] = Counter()
    _, lands = osm._read_relations(path, repairs)
    _, _, outlines = osm._read_ways(path, lands, repairs)
    refs = [ref for line in outlines.way_refs.values() for ref in line]
    spots = osm._read_spots(path)
    nodes = osm._read_nodes(path, np.unique(np.array(refs, dtype=np.int64)), spots, repairs)
    return osm._sites(outlines, nodes, spots, repairs), +repairs


def _add(drawing: Any, text: str) -> Path:
    path: Path = drawing.path
    path.write_text(path.read_text().replace("</osm>", text + "</osm>"))
    return path


def test_a_closed_way_of_residential_land_is_an_area(draw: Draw) -> None:
    """It comes with its name, all its tags and one closed ring."""
    drawing = draw(BLOCK)
    sites, repairs = _sites(_add(drawing, TOWN.format(RESIDENTIAL)))
    (area,) = sites.areas
    assert (area.id, area.name) == ("w900", "Garden")
    assert area.tags == {"landuse": "residential", "name": "Garden"}
    (ring,) = area.rings
    corners = [drawing.at(name) for name in "ABEDA"]
    np.testing.assert_allclose(ring, [(spot.lat, spot.lon) for spot in corners], atol=1e-7)
    assert repairs == {}


def test_a_multipolygon_is_put_together(draw: Draw) -> None:
    """Outer lines without tags of their own join end to end, whichever way they run."""
    sites, repairs = _sites(_add(draw(BLOCK), HALVES))
    (area,) = sites.areas
    assert (area.id, area.name) == ("r7", "Elm")
    assert [len(ring) for ring in area.rings] == [5]
    np.testing.assert_array_equal(area.rings[0][0], area.rings[0][-1])
    assert repairs == {}


def test_an_outline_that_does_not_close_is_counted(draw: Draw) -> None:
    """Half a multipolygon is no land."""
    text = HALVES.replace('<member type="way" ref="902" role="outer"/>', "")
    sites, repairs = _sites(_add(draw(BLOCK), text))
    assert sites.areas == ()
    assert repairs == {"outlines of land that do not close, ignored": 1}


def test_an_outline_with_missing_nodes_is_counted(draw: Draw) -> None:
    """Land that the extract cut through has no reliable boundary."""
    text = TOWN.format(RESIDENTIAL).replace('<nd ref="4"/>', '<nd ref="99"/>')
    sites, repairs = _sites(_add(draw(BLOCK), text))
    assert sites.areas == ()
    assert repairs == {"outlines of land with missing nodes, ignored": 1}


def test_barriers_and_entrances_are_spots(draw: Draw) -> None:
    """On a road or off it, with all their tags; a node may be both."""
    gate = {"barrier": "gate", "opening_hours": "06:00-22:00"}
    both = {"barrier": "yes", "entrance": "main"}
    drawing = draw(BLOCK, nodes={"B": gate, "C": both, "D": {"highway": "crossing"}})
    spot = '<node id="50" lat="0.5" lon="0.25"><tag k="entrance" v="yes"/></node>'
    sites, _ = _sites(_add(drawing, spot))
    assert [spot.id for spot in sites.barriers] == [2, 3]
    assert sites.barriers[0].tags == gate
    assert [(spot.id, spot.lat, spot.lon) for spot in sites.entrances][1:] == [(50, 0.5, 0.25)]


@pytest.mark.parametrize(
    ("tags", "expected"),
    [
        ({"landuse": "residential"}, True),
        ({"residential": "gated"}, True),
        ({"amenity": "university"}, True),
        ({"amenity": "hospital"}, True),
        ({"amenity": "restaurant"}, False),
        ({"landuse": "forest"}, False),
        ({}, False),
    ],
)
def test_land_where_people_live_or_work_behind_gates(
    tags: dict[str, str], *, expected: bool
) -> None:
    """Residential land and campuses are looked at, nothing else."""
    assert is_site(tags) is expected


@given(
    size=st.integers(4, 30),
    cuts=st.sets(st.integers(0, 29), min_size=1),
    turns=st.lists(st.booleans(), min_size=30, max_size=30),
    order=st.randoms(use_true_random=False),
)
def test_any_ring_is_found_again(size: int, cuts: set[int], turns: list[bool], order: Any) -> None:
    """A ring cut into lines, turned and shuffled, closes again over the same neighbours."""
    places = sorted({cut % size for cut in cuts})
    lines = []
    for start, end in zip(places, [*places[1:], places[0] + size], strict=True):
        line = [place % size for place in range(start, end + 1)]
        lines.append(line[::-1] if turns[start] else line)
    order.shuffle(lines)
    closed, open_count = rings(lines)
    assert open_count == 0
    (ring,) = closed
    sides = {frozenset(side) for side in pairwise(ring)}
    assert sides == {frozenset((i, (i + 1) % size)) for i in range(size)}
    assert len(ring) == size + 1
