"""Real cities, where ANTMILE_DATA says they are: both engines and the rules, to the last bit."""

from pathlib import Path

import numpy as np
import pytest

from maps.graph import ModeGraph
from maps.kernel.weight import unpacked
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.profiles import MODES
from tests.maps.networks import cut_out
from tests.maps.oracle import Oracle, with_walks
from tests.maps.places import one, placed, split, spots

SMALL = ("monaco.osm.gz", "krems.osm.gz", "moscow.osm.gz", "shanghai_university.osm")
POINTS = 300
SEARCHES = 15
ROUTES = 50


def _load(name: str, data_dir: Path, cache_dir: Path) -> RoadNetwork:
    path = data_dir / "osm" / name
    if not path.is_file():
        pytest.skip(f"published data: there is no {path}")
    return load_map(path, cache_dir=cache_dir)


@pytest.fixture(scope="module", params=SMALL)
def town(
    request: pytest.FixtureRequest, data_dir: Path, tmp_path_factory: pytest.TempPathFactory
) -> RoadNetwork:
    return _load(request.param, data_dir, tmp_path_factory.mktemp("maps"))


@pytest.fixture(scope="module")
def porto(data_dir: Path, tmp_path_factory: pytest.TempPathFactory) -> RoadNetwork:
    return _load("porto.osm.pbf", data_dir, tmp_path_factory.mktemp("maps"))


def _check_engines(graph: ModeGraph, network: RoadNetwork) -> None:
    """Check that the hierarchy answers as SciPy does, whichever side is smaller."""
    places = placed(graph, network, spots(graph, network, 1, POINTS))
    few = places.take(np.arange(SEARCHES))
    for sources, targets in ((few, places), (places, few)):
        expected = unpacked(graph.packed(sources, targets))
        graph.hierarchy  # noqa: B018 - from here on no call is small
        for part, figures in enumerate(graph.matrix(sources, targets)):
            np.testing.assert_array_equal(figures, expected[part])
            assert np.isfinite(figures).all()


def _check_routes(graph: ModeGraph, network: RoadNetwork, oracle: Oracle) -> None:
    """Check that ways add up, break no ban and cross private ground at their ends only."""
    chosen = spots(graph, network, 2, 2 * ROUTES)
    places = placed(graph, network, chosen)
    even, odd = np.arange(0, 2 * ROUTES, 2), np.arange(1, 2 * ROUTES, 2)
    weights = graph.hierarchy.packed(places.depart.take(even), places.arrive.take(odd))
    for i in range(ROUTES):
        way = graph.way(one(places, 2 * i), one(places, 2 * i + 1))
        a, b = chosen[2 * i], chosen[2 * i + 1]
        assert way.weight <= weights[i, i]
        assert with_walks(oracle.driven(way.pieces), a, b) == split(way.weight)
        behind = [oracle.is_behind(2 * edge) for edge, _, _ in way.pieces]
        changes = [i for i in range(1, len(behind)) if behind[i] != behind[i - 1]]
        # At most from private ground to the street and from the street to private ground.
        assert len(changes) <= behind[0] + behind[-1], (a, b)
        assert not (all(behind) and oracle.on_street(a) and oracle.on_street(b) and a != b)


def _check_rules(network: RoadNetwork, mode: str) -> None:
    """Check both engines, ten rows of the independent search and fifty ways."""
    graph, oracle = ModeGraph(network, mode), Oracle(network, mode)
    assert set(graph.edge.tolist()) == {arc >> 1 for arc in oracle.used}
    chosen = spots(graph, network, 3, 30)
    places = placed(graph, network, chosen)
    found = graph.packed(places.take(np.arange(10)), places)
    for i in range(10):
        to = oracle.search(chosen[i])
        for j in set(range(30)) - {i}:
            assert split(int(found[i, j])) == to(chosen[j]), (chosen[i], chosen[j])
    _check_engines(graph, network)
    _check_routes(graph, network, oracle)


@pytest.mark.parametrize("mode", MODES)
def test_a_town_is_searched_exactly(town: RoadNetwork, mode: str) -> None:
    """Both engines, ten rows of the independent search, and fifty ways by the rules."""
    _check_rules(town, mode)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_a_metropolis_is_searched_alike_by_both_engines(porto: RoadNetwork, mode: str) -> None:
    """SciPy and the hierarchy on 75,000 junctions."""
    _check_engines(ModeGraph(porto, mode), porto)


@pytest.mark.slow
@pytest.mark.parametrize("mode", MODES)
def test_the_middle_of_a_metropolis_is_searched_exactly(porto: RoadNetwork, mode: str) -> None:
    """As a town, on five thousand roads in the middle of the map."""
    _check_rules(cut_out(porto, share=0.22), mode)
