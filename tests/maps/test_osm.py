import bz2
import gzip
import re
import tempfile
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest

from maps.network import MapError, RoadNetwork
from maps.osm import import_osm, load_map
from maps.profiles import MODES

Draw = Callable[..., Any]

SQUARE = """
    A--B--C
    |  |
    D>>E
"""


def _assert_equal(a: RoadNetwork, b: RoadNetwork) -> None:
    for field in fields(RoadNetwork):
        ours, theirs = getattr(a, field.name), getattr(b, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs, field.name)
        else:
            assert ours == theirs


def _as_pbf(source: Path, target: Path) -> None:
    with osmium.SimpleWriter(str(target)) as writer:
        for thing in osmium.FileProcessor(str(source)):
            writer.add(thing)


def test_ways_become_edges_between_junctions(draw: Draw) -> None:
    """A node inside a way stays a shape point; one that two ways share cuts both."""
    drawing = draw(
        """
        A--B--C--D
              |
              E
        """,
        ways={"ABCD": {}},
    )
    network = drawing.network()
    ends = sorted(
        tuple(sorted(pair))
        for pair in zip(network.tail.tolist(), network.head.tolist(), strict=True)
    )
    assert network.node_id.tolist() == [1, 3, 4, 5]
    assert ends == [(0, 1), (1, 2), (1, 3)]
    assert np.diff(network.shape_start).tolist() == [3, 2, 2]
    assert network.length_dm.tolist() == [3000, 1500, 1000]


@pytest.mark.parametrize("suffix", [".osm.xml", ".osm.gz", ".osm.bz2", ".osm.pbf", ".pbf"])
def test_every_format_gives_the_same_network(draw: Draw, tmp_path: Path, suffix: str) -> None:
    """XML, packed XML and PBF of the same data give equal arrays."""
    turns = [("AB", "B", "BE", "no_right_turn")]
    drawing = draw(SQUARE, nodes={"B": {"barrier": "bollard"}}, turns=turns)
    text = drawing.path.read_bytes()
    other = tmp_path / f"other{suffix}"
    if suffix.endswith("pbf"):
        _as_pbf(drawing.path, other)
    else:
        packed_text = {".osm.gz": gzip.compress(text), ".osm.bz2": bz2.compress(text)}
        other.write_bytes(packed_text.get(suffix, text))
    exact = drawing.network()
    packed = import_osm(other)
    # OSM keeps seven decimals of a degree; XML may carry more.
    np.testing.assert_allclose(packed.shape_lat, exact.shape_lat, atol=1e-7)
    _assert_equal(packed, exact)


def test_order_in_the_file_does_not_matter(draw: Draw) -> None:
    """Ways before nodes and everything backwards give equal arrays."""
    drawing = draw(
        SQUARE,
        ways={"BE": {"highway": "primary"}},
        turns=[("AB", "B", "BE", "no_right_turn"), ("EB", "B", "BC", "only_right_turn")],
    )
    before = drawing.network()
    first, *things, last = drawing.path.read_text().split("\n")
    drawing.path.write_text("\n".join([first, *reversed(things), last]))
    _assert_equal(drawing.network(), before)


def test_negative_ids_of_editors_are_read(draw: Draw) -> None:
    """A file that an editor has not uploaded yet has negative ids."""
    drawing = draw(SQUARE, turns=[("AB", "B", "BE", "no_right_turn")])
    text = re.sub(r'(id|ref)="(\d+)"', r'\1="-\2"', drawing.path.read_text())
    drawing.path.write_text(text)
    network = drawing.network()
    assert network.edge_count == 5
    assert len(network.ban_start) == 2


def test_a_way_breaks_where_a_node_is_missing(draw: Draw) -> None:
    """An extract that was cut through a way keeps the parts on both sides, unconnected."""
    drawing = draw("A--B--C--D--E", ways={"ABCDE": {}})
    text = drawing.path.read_text()
    drawing.path.write_text("\n".join(row for row in text.split("\n") if '<node id="3"' not in row))
    network = drawing.network()
    assert network.node_id.tolist() == [1, 2, 4, 5]
    assert network.edge_count == 2


def test_a_road_back_to_its_start_is_cut_half_way(draw: Draw) -> None:
    """A loop at the end of a road becomes two edges, so that no edge is a loop."""
    drawing = draw(
        """
        A--B--C
           |  |
           E--D
        """,
        ways={"BCDEB": {}},
    )
    network = drawing.network()
    assert (network.tail != network.head).all()
    assert network.length_dm.tolist() == [1500, 2500, 2500]
    assert network.repairs == {"roads back to their own start, cut in two": 1}


def test_what_was_mended_is_counted(draw: Draw) -> None:
    """Missing, repeated and coinciding nodes, and things listed twice, each with its number."""
    drawing = draw("A--B--C--D--E", ways={"ABC": {}})
    rows = drawing.path.read_text().split("\n")
    way = next(row for row in rows if '<way id="100"' in row)
    assert import_osm(drawing.path).repairs == {}
    node = rows[1]
    mended = [row for row in rows if '<node id="5"' not in row]
    mended[mended.index(way)] = way.replace('<nd ref="2"/>', '<nd ref="2"/><nd ref="2"/>')
    mended[-1:] = [
        node,
        way,
        '<node id="6" lat="1" lon="1"/><node id="7" lat="1" lon="1"/>',
        '<way id="7"><nd ref="6"/><nd ref="7"/><tag k="highway" v="path"/></way>',
        "</osm>",
    ]
    drawing.path.write_text("\n".join(mended))
    assert import_osm(drawing.path).repairs == {
        "nodes listed twice": 1,
        "nodes repeated in a way": 1,
        "roads of no length, made a decimetre long": 1,
        "ways listed twice": 1,
        "ways with fewer than two nodes, ignored": 1,
        "ways with missing nodes, cut there": 1,
    }


def test_limits_and_conditions_are_counted_by_way(draw: Draw) -> None:
    """Two roads with the same nonsense count twice."""
    odd = {"maxspeed": "0", "access:conditional": "no @ (wet)"}
    assert draw("A--B--C", ways={"AB": odd, "BC": odd}).network().repairs == {
        "conditions ignored: weather": 2,
        "speed limits that make no sense": 2,
    }


def test_a_private_road_is_marked_for_its_modes(draw: Draw) -> None:
    """One flag for each combination of tags and mode."""
    network = draw("A--B--C", ways={"BC": {"vehicle": "destination"}}).network()
    assert network.is_private[network.tag_set].tolist() == [
        [False, False, False, False],
        [False, True, True, True],
    ]


def test_hours_change_speeds(draw: Draw) -> None:
    """Closing hours are kept with the combination of tags; other hours are the base."""
    tags = {"motor_vehicle:conditional": "no @ (Mo 07:00-09:00)"}
    network = draw("A--B--C", ways={"BC": tags}).network()
    (tag_set,) = network.hours_tag_set
    assert tag_set == network.tag_set[1]
    assert network.hours_minute.tolist() == [[420, 540]]
    base = network.speed_kmh[tag_set].copy()
    assert base[MODES.index("car")].min() > 0
    base[MODES.index("car")] = 0
    np.testing.assert_array_equal(network.hours_speed_kmh[0], base)


def test_a_road_that_opens_by_the_hour_is_kept(draw: Draw) -> None:
    """Closed by its base tags it is in the network; for errands only if the hours say so."""
    tags = {"access": "no", "motor_vehicle:conditional": "delivery @ (06:00-11:00)"}
    network = draw("A--B--C", ways={"BC": tags}).network()
    closed = network.tag_set[1]
    assert network.speed_kmh[closed].max() == 0
    assert len(network.hours_tag_set) == 7
    assert (network.hours_speed_kmh[:, MODES.index("car")] > 0).all()
    assert network.is_private[closed].tolist() == [False, False, False, True]


def test_hours_that_change_no_speed_are_left_out(draw: Draw) -> None:
    """A limit above what anybody drives there is no change."""
    tags = {"highway": "footway", "maxspeed:conditional": "30 @ (Mo)"}
    assert len(draw("A--B", ways={"AB": tags}).network().hours_tag_set) == 0


def test_each_stage_is_told(draw: Draw) -> None:
    """Whoever waits hears what is being done."""
    told: list[str] = []
    import_osm(draw(SQUARE).path, progress=told.append)
    assert told[:3] == ["reading relations", "reading ways", "reading nodes"]
    assert len(told) == len(set(told))


def test_a_lone_node_of_a_way_is_no_junction(draw: Draw) -> None:
    """What is left of a way beyond the extract's border leaves nothing behind."""
    drawing = draw("A--B--C--D--E", ways={"ABCDE": {}})
    text = drawing.path.read_text()
    drawing.path.write_text("\n".join(row for row in text.split("\n") if '<node id="4"' not in row))
    assert drawing.network().node_id.tolist() == [1, 3]


def test_only_roads_that_somebody_may_use_are_kept(draw: Draw) -> None:
    """Closed ways, ways under construction and other things leave no edges."""
    drawing = draw(
        "A--B--C--D--E",
        ways={"BC": {"access": "no"}, "CD": {"highway": "construction"}},
    )
    assert drawing.network().way_id.tolist() == [100, 103]


def test_barriers_are_kept_as_nodes_that_some_modes_cannot_pass(draw: Draw) -> None:
    """Every barrier inside a way cuts it; a bollard stops cars, a gate nobody."""
    drawing = draw(
        "A--B--C--D",
        ways={"ABCD": {}},
        nodes={"B": {"barrier": "bollard"}, "C": {"barrier": "gate"}},
    )
    network = drawing.network()
    assert network.node_id.tolist() == [1, 2, 3, 4]
    assert network.node_blocked[:, 1].tolist() == [mode == "car" for mode in MODES]
    assert not network.node_blocked[:, 2].any()


def test_the_network_cannot_be_changed(draw: Draw) -> None:
    """Threads share the network, so its arrays are read-only."""
    network = draw(SQUARE).network()
    with pytest.raises(ValueError, match="read-only"):
        network.length_dm[0] = 1


def test_bounds_hold_every_road(draw: Draw) -> None:
    """The box is that of the roads: three cells wide, two down."""
    drawing = draw(SQUARE)
    bounds = drawing.network().bounds
    assert bounds.contains(lat=drawing.at("A").lat, lon=drawing.at("A").lon)
    assert bounds.west == pytest.approx(drawing.at("A").lon, abs=1e-7)
    assert bounds.south == pytest.approx(drawing.at("D").lat, abs=1e-7)
    assert bounds.east == pytest.approx(drawing.at("C").lon, abs=1e-7)


@pytest.mark.parametrize(
    ("name", "content", "advice"),
    [
        ("gone.osm", None, "no such file: give the path"),
        ("map.txt", b"<osm/>", "not an OSM file by its name: use one of .osm,"),
        ("empty.osm.pbf", b"", "the file is empty: download or export it again"),
        ("bad.osm", b"<osm version='0.6'><node", "is damaged (XML parsing error"),
        ("bad.osm.gz", b"no gzip at all", "is damaged ("),
        ("bad.osm.bz2", b"no bzip at all", "is damaged ("),
        ("bad.pbf", b"no blob at all", "is damaged (PBF error"),
        ("page.osm", b"<!doctype html><html><body>404</body></html>", "is damaged ("),
        ("points.osm", b'{"type": "FeatureCollection", "features": []}', "is damaged ("),
        ("picture.osm.pbf", b"\x89PNG\r\n\x1a\n" + bytes(64), "is damaged (PBF error"),
        ("noroads.osm", b"<osm version='0.6'/>", "has no roads: use an extract"),
    ],
)
def test_what_cannot_be_read_is_one_line_that_says_what_to_do(
    tmp_path: Path, name: str, content: bytes | None, advice: str
) -> None:
    """Every unusable file is a MapError of one line with its path and advice."""
    path = tmp_path / name
    if content is not None:
        path.write_bytes(content)
    for read in (import_osm, load_map):
        with pytest.raises(MapError) as caught:
            read(path)
        message = str(caught.value)
        assert message.startswith(f"{path}: ")
        assert advice in message
        assert "\n" not in message


def test_a_directory_is_no_map(tmp_path: Path) -> None:
    """A directory with the name of a map is told from a missing file."""
    folder = tmp_path / "map.osm"
    folder.mkdir()
    with pytest.raises(MapError, match="is a folder: give the path of an OSM file"):
        import_osm(folder)


def test_an_empty_map_is_to_be_built_again(tmp_path: Path) -> None:
    """Nobody downloads or exports a built map; a path may be a text."""
    path = tmp_path / "empty.map"
    path.touch()
    with pytest.raises(MapError, match="the file is empty: build it again"):
        load_map(str(path))


def test_half_a_pbf_is_damaged(draw: Draw, tmp_path: Path) -> None:
    """A download that broke off is named as damaged."""
    whole, half = tmp_path / "whole.pbf", tmp_path / "half.pbf"
    _as_pbf(draw(SQUARE).path, whole)
    half.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(MapError, match="is damaged"):
        import_osm(half)


@pytest.mark.parametrize("suffix", [".osm", ".osm.gz", ".osm.bz2"])
def test_half_an_xml_file_is_damaged(draw: Draw, tmp_path: Path, suffix: str) -> None:
    """So is text that ends in the middle, packed or not."""
    text = draw(SQUARE).path.read_bytes()
    whole = {".osm": text, ".osm.gz": gzip.compress(text), ".osm.bz2": bz2.compress(text)}[suffix]
    half = tmp_path / f"half{suffix}"
    half.write_bytes(whole[: len(whole) // 2])
    with pytest.raises(MapError, match=r"is damaged .*: download or export it again"):
        import_osm(half)


def test_no_room_for_scratch_files_is_not_the_files_fault(
    draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without a temporary directory the message says so and does not call the file damaged."""
    drawing = draw(SQUARE)
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "gone"))
    with pytest.raises(MapError, match=r"cannot be read .* check the file and the temporary"):
        import_osm(drawing.path)
