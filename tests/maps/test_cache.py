import multiprocessing
from collections.abc import Callable
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maps import cache, osm
from maps.cache import save_map
from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.network import MapError, RoadNetwork
from maps.osm import load_map

Draw = Callable[..., Any]

SQUARE = """
    A--B--C
    |  |
    D>>E
"""

GARDEN = Compound(
    id="w7",
    name="Garden",
    boundary=(((0.0, 0.0), (0.0, 0.001), (0.001, 0.0), (0.0, 0.0)),),
    gates=(Gate(id="n8", lat=0.0, lon=0.0005, modes=("foot", "car"), rule=GateRule.SIGN_IN),),
    entrances=(Entrance(building="3", entrance="", lat=0.0003, lon=0.0003, floors=6),),
)


def _assert_equal(a: RoadNetwork, b: RoadNetwork) -> None:
    for field in fields(RoadNetwork):
        ours, theirs = getattr(a, field.name), getattr(b, field.name)
        if isinstance(ours, np.ndarray):
            np.testing.assert_array_equal(ours, theirs, field.name)
            assert ours.dtype == theirs.dtype
        else:
            assert ours == theirs


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


def _must_not_import(path: Path, **options: object) -> RoadNetwork:
    raise AssertionError(f"{path} was imported again")


@pytest.fixture
def saved(draw: Draw, tmp_path: Path) -> tuple[RoadNetwork, Path]:
    """Return a network with everything that one may hold, and the file it was saved to."""
    ways = {"AB": {"maxspeed:conditional": "10 @ (Mo)", "maxspeed": "0"}}
    network = draw(SQUARE, ways=ways, turns=[("AB", "B", "BE", "no_right_turn")]).network()
    assert len(network.hours_tag_set)
    assert len(network.ban_arc)
    assert network.repairs
    network = replace(network, compounds=(GARDEN,))
    path = tmp_path / "town.map"
    save_map(network, path)
    return network, path


def test_a_built_map_is_read_back_as_it_was(saved: tuple[RoadNetwork, Path]) -> None:
    """Every array, compound, gate, entrance and repair survives the file."""
    network, path = saved
    _assert_equal(load_map(path), network)


def test_a_built_map_is_not_cached(saved: tuple[RoadNetwork, Path], tmp_path: Path) -> None:
    """It needs no second copy on disk."""
    load_map(saved[1], cache_dir=tmp_path / "cache")
    assert not (tmp_path / "cache").exists()


@pytest.mark.parametrize("damage", ["short", "flipped", "other"])
def test_a_damaged_built_map_is_an_error(saved: tuple[RoadNetwork, Path], damage: str) -> None:
    """There is nothing to build it from, so the message says how."""
    _, path = saved
    good = path.read_bytes()
    middle = len(good) // 3
    path.write_bytes(
        {
            "short": good[:middle],
            "flipped": good[:middle] + bytes([good[middle] ^ 255]) + good[middle + 1 :],
            "other": b"something else",
        }[damage]
    )
    with pytest.raises(MapError, match="is damaged: build it again with antmile map build"):
        load_map(path)


def test_a_built_map_of_another_version_is_an_error(
    saved: tuple[RoadNetwork, Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Its arrays may mean something else by now."""
    monkeypatch.setattr(cache, "IMPORTER_VERSION", cache.IMPORTER_VERSION + 1)
    with pytest.raises(MapError, match=r"version .* build it again with antmile map build"):
        load_map(saved[1])


def test_a_built_map_has_a_name_and_a_place(
    saved: tuple[RoadNetwork, Path], tmp_path: Path
) -> None:
    """A wrong ending and a missing directory are refused before anything is written."""
    network, _ = saved
    with pytest.raises(MapError, match=r"let it end in \.map"):
        save_map(network, tmp_path / "town.osm")
    with pytest.raises(MapError, match="cannot be written"):
        save_map(network, tmp_path / "gone" / "town.map")
    assert [file.name for file in tmp_path.glob("*.map*")] == ["town.map"]


def test_an_empty_built_map_is_an_error(tmp_path: Path) -> None:
    """Like an empty file of any kind."""
    path = tmp_path / "town.map"
    path.touch()
    with pytest.raises(MapError, match="the file is empty"):
        load_map(path)
