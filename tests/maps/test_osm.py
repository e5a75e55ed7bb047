import bz2
import gzip
import multiprocessing
import re
from collections.abc import Callable
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import osmium
import pytest

from maps import osm
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
        np.testing.assert_array_equal(getattr(a, field.name), getattr(b, field.name), field.name)


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
    drawing = draw(SQUARE, nodes={"B": {"barrier": "bollard"}})
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
    drawing = draw(SQUARE, ways={"BE": {"highway": "primary"}})
    before = drawing.network()
    first, *things, last = drawing.path.read_text().split("\n")
    drawing.path.write_text("\n".join([first, *reversed(things), last]))
    _assert_equal(drawing.network(), before)


def test_negative_ids_of_editors_are_read(draw: Draw) -> None:
    """A file that an editor has not uploaded yet has negative ids."""
    drawing = draw(SQUARE)
    text = re.sub(r'(id|ref)="(\d+)"', r'\1="-\2"', drawing.path.read_text())
    drawing.path.write_text(text)
    assert drawing.network().edge_count == 5


def test_a_way_breaks_where_a_node_is_missing(draw: Draw) -> None:
    """An extract that was cut through a way keeps the parts on both sides, unconnected."""
    drawing = draw("A--B--C--D--E", ways={"ABCDE": {}})
    text = drawing.path.read_text()
    drawing.path.write_text("\n".join(row for row in text.split("\n") if '<node id="3"' not in row))
    network = drawing.network()
    assert network.node_id.tolist() == [1, 2, 4, 5]
    assert network.edge_count == 2


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
    """A bollard inside a way cuts it and stops cars; a gate there does not."""
    drawing = draw(
        "A--B--C--D",
        ways={"ABCD": {}},
        nodes={"B": {"barrier": "bollard"}, "C": {"barrier": "gate"}},
    )
    network = drawing.network()
    assert network.node_id.tolist() == [1, 2, 4]
    assert network.node_blocked[:, 1].tolist() == [mode == "car" for mode in MODES]


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
    """A directory with the name of a map is refused like a missing file."""
    folder = tmp_path / "map.osm"
    folder.mkdir()
    with pytest.raises(MapError, match="no such file"):
        import_osm(folder)


def test_half_a_pbf_is_damaged(draw: Draw, tmp_path: Path) -> None:
    """A download that broke off is named as damaged."""
    whole, half = tmp_path / "whole.pbf", tmp_path / "half.pbf"
    _as_pbf(draw(SQUARE).path, whole)
    half.write_bytes(whole.read_bytes()[:-20])
    with pytest.raises(MapError, match="is damaged"):
        import_osm(half)


def test_a_map_is_imported_once(
    draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The second load reads the arrays and not the OSM file."""
    drawing = draw(SQUARE)
    first = load_map(drawing.path, cache_dir=tmp_path / "cache")
    monkeypatch.setattr(osm, "import_osm", _must_not_import)
    _assert_equal(load_map(drawing.path, cache_dir=tmp_path / "cache"), first)


def test_the_cache_knows_the_content_and_not_the_name(draw: Draw, tmp_path: Path) -> None:
    """A changed file of the same name is imported again; a copy is not."""
    drawing = draw(SQUARE)
    cache = tmp_path / "cache"
    load_map(drawing.path, cache_dir=cache)
    copy = tmp_path / "copy.osm"
    copy.write_bytes(drawing.path.read_bytes())
    load_map(copy, cache_dir=cache)
    assert len(list(cache.iterdir())) == 1
    changed = draw("A--B")
    assert load_map(changed.path, cache_dir=cache).edge_count == 1
    assert len(list(cache.iterdir())) == 2


@pytest.mark.parametrize("damage", ["empty", "short", "flipped", "other"])
def test_a_damaged_cache_is_built_again(draw: Draw, tmp_path: Path, damage: str) -> None:
    """No damage to a cache file reaches the arrays; the file is whole again afterwards."""
    drawing = draw(SQUARE)
    cache = tmp_path / "cache"
    first = load_map(drawing.path, cache_dir=cache)
    (file,) = cache.iterdir()
    good = file.read_bytes()
    middle = len(good) // 3
    file.write_bytes(
        {
            "empty": b"",
            "short": good[:middle],
            "flipped": good[:middle] + bytes([good[middle] ^ 255]) + good[middle + 1 :],
            "other": b"something else",
        }[damage]
    )
    _assert_equal(load_map(drawing.path, cache_dir=cache), first)
    _assert_equal(load_map(drawing.path, cache_dir=cache), first)
    assert len(file.read_bytes()) == len(good)


def test_the_environment_names_the_cache(
    draw: Draw, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """ANTMILE_CACHE_DIR comes first, then XDG_CACHE_HOME, then the home directory."""
    path = draw(SQUARE).path
    monkeypatch.setenv("HOME", str(tmp_path / "home"))
    monkeypatch.delenv("ANTMILE_CACHE_DIR", raising=False)
    monkeypatch.delenv("XDG_CACHE_HOME", raising=False)
    load_map(path)
    assert len(list((tmp_path / "home/.cache/antmile").iterdir())) == 1
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "xdg"))
    load_map(path)
    assert len(list((tmp_path / "xdg/antmile").iterdir())) == 1
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "own"))
    load_map(path)
    assert len(list((tmp_path / "own").iterdir())) == 1


def test_a_cache_that_cannot_be_written_is_no_error(draw: Draw, tmp_path: Path) -> None:
    """A read-only home costs time, not the map."""
    drawing = draw(SQUARE)
    blocked = tmp_path / "file"
    blocked.write_text("not a directory")
    _assert_equal(load_map(drawing.path, cache_dir=blocked / "cache"), drawing.network())


def test_two_processes_may_build_the_cache_at_once(draw: Draw, tmp_path: Path) -> None:
    """Both get the map, and what they leave is one whole file."""
    drawing = draw(SQUARE)
    cache = tmp_path / "cache"
    context = multiprocessing.get_context("spawn")
    workers = [
        context.Process(target=load_map, args=(drawing.path,), kwargs={"cache_dir": cache})
        for _ in range(2)
    ]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join()
    assert [worker.exitcode for worker in workers] == [0, 0]
    assert [file.suffix for file in cache.iterdir()] == [".roads"]
    _assert_equal(load_map(drawing.path, cache_dir=cache), drawing.network())


def _must_not_import(path: Path) -> RoadNetwork:
    raise AssertionError(f"{path} was imported again")
