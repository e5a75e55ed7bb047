from collections.abc import Sequence
from itertools import product

import numpy as np
import pytest
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from maps.graph import ModeGraph
from maps.kernel.weight import Weights, unpacked
from maps.locations import Locations, direct
from maps.profiles import MODES
from tests.maps.networks import Kind, Plan, Road
from tests.maps.oracle import Oracle, Spot, Weight, with_walks
from tests.maps.places import one, placed, split, spots

SLOW_TO_COMPILE = [HealthCheck.too_slow, HealthCheck.filter_too_much]


def _all(forward: float, backward: float) -> dict[str, tuple[float, float]]:
    return dict.fromkeys(MODES, (forward, backward))


EXACT_CROSSINGS = 7

KINDS = (
    Kind(_all(25, 25)),
    Kind({"foot": (5, 5), "bicycle": (18, 14), "ebike": (25, 25), "car": (50, 30)}),
    Kind({"foot": (5, 5), "bicycle": (12, 0), "ebike": (20, 0), "car": (30, 0)}),
    Kind({"foot": (5, 5), "bicycle": (12, 8), "ebike": (20, 20), "car": (30, 0)}),
    Kind({"foot": (5, 5), "bicycle": (12, 12)}),
    Kind({"foot": (5, 5), "bicycle": (9, 9), "ebike": (9, 9), "car": (9, 9)}, private=MODES),
    Kind({"foot": (5, 5), "ebike": (60, 60), "car": (90, 0)}, private=("ebike", "car")),
)


@st.composite
def plans(draw: st.DrawFn) -> Plan:
    """Draw a small town: a jittered grid with everything that a map may hold."""
    columns, rows = draw(st.integers(2, 4)), draw(st.integers(2, 4))
    count = columns * rows
    shift = st.integers(-30, 30)
    nodes = [
        (100.0 * column + draw(shift), 100.0 * row + draw(shift))
        for row, column in product(range(rows), range(columns))
    ]
    grid = [
        (node, other)
        for node in range(count)
        for other in (node + 1, node + columns)
        if other < count and (other != node + 1 or other % columns)
    ]
    kind = st.sampled_from([0, 0, 0, 1, 1, 2, 2, 3, 4, 5, 5, 6])
    open_roads = draw(st.lists(st.booleans(), min_size=len(grid), max_size=len(grid)))
    # The first rows may be one compound, the last ones another that borders on it.
    north, south = draw(st.integers(0, count // 2)), draw(st.integers(count // 2, count))

    def land(pair: tuple[int, int]) -> int:
        return 0 if max(pair) < north else 1 if min(pair) >= south else -1

    roads = [
        Road(*(pair if draw(st.booleans()) else pair[::-1]), kind=draw(kind), compound=land(pair))
        for pair, is_closed in zip(grid, open_roads, strict=True)
        if not is_closed or draw(st.booleans())
    ]
    anywhere = st.integers(0, count - 1)
    extra = st.builds(Road, anywhere, anywhere, kind, st.one_of(st.just(1), st.integers(1, 3000)))
    # A loop needs a shape that is not a point.
    roads += [
        Road(road.tail, road.head, road.kind, road.length_dm, via=((7.0, 9.0),))
        for road in draw(st.lists(extra, max_size=4))
    ]
    assume(roads)
    bans = [(draw(walks(roads)), draw(_modes)) for _ in range(draw(st.integers(0, 6)))]
    bans = [(arcs, modes) for arcs, modes in bans if len(arcs) > 1]
    blocked = draw(st.lists(st.tuples(st.sampled_from(MODES), anywhere), max_size=2))
    return Plan(nodes, roads, KINDS, bans, blocked)


_modes = st.sampled_from([("car",), ("ebike", "car"), ("bicycle",), MODES])


@st.composite
def walks(draw: st.DrawFn, roads: Sequence[Road]) -> list[int]:
    """Draw two to four arcs in a row, whoever may drive them."""
    arcs = [draw(st.integers(0, 2 * len(roads) - 1))]
    for _ in range(draw(st.integers(1, 3))):
        road = roads[arcs[-1] >> 1]
        end = road.tail if arcs[-1] % 2 else road.head
        onward = [
            2 * number + against
            for number, other in enumerate(roads)
            for against, begin in enumerate((other.tail, other.head))
            if begin == end
        ]
        arcs.append(draw(st.sampled_from(onward)))
    return arcs


def _expected(oracle: Oracle, chosen: Sequence[Spot]) -> list[list[Weight | None]]:
    return [
        [(0, 0, 0) if a is b else to(b) for b in chosen]
        for a in chosen
        for to in [oracle.search(a)]
    ]


def _by_kernel(graph: ModeGraph, sources: Locations, targets: Locations) -> Weights:
    """Return the hierarchy's packed weights, ways along one edge included."""
    weights = graph.hierarchy.packed(sources.depart, targets.arrive)
    row, column, along = direct(graph, sources, targets)
    weights[row, column] = np.minimum(weights[row, column], along)
    return weights


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=SLOW_TO_COMPILE)
@given(plan=plans(), seed=st.integers(0, 99))
def test_searches_equal_an_independent_one(mode: str, plan: Plan, seed: int) -> None:
    """Crossings, time and distance agree exactly with Dijkstra over tuples, for every pair."""
    network = plan.network()
    oracle = Oracle(network, mode)
    assume(not oracle.is_unclear)
    graph = ModeGraph(network, mode)
    assert set(graph.edge.tolist()) == {arc >> 1 for arc in oracle.used}
    chosen = spots(graph, network, seed, 12)
    places = placed(graph, network, chosen)
    expected = _expected(oracle, chosen)
    few, many = np.arange(3), np.arange(12)
    for rows, columns in ((few, many), (many, few)):
        found = graph.packed(places.take(rows), places.take(columns))
        kernel = _by_kernel(graph, places.take(rows), places.take(columns))
        for i, j in product(rows.tolist(), columns.tolist()):
            wanted = expected[i][j]
            assert split(int(kernel[i, j])) == wanted, (chosen[i], chosen[j])
            # Past these SciPy's float64 rounds; no trip of a town gets near.
            if wanted is None or wanted[0] <= EXACT_CROSSINGS:
                assert split(int(found[i, j])) == wanted, (chosen[i], chosen[j])


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=SLOW_TO_COMPILE)
@given(plan=plans(), seed=st.integers(0, 99))
def test_drawn_ways_are_allowed_and_as_long_as_the_matrix_says(
    mode: str, plan: Plan, seed: int
) -> None:
    """A way's pieces follow each other, break no ban, and add up to the weight."""
    network = plan.network()
    oracle = Oracle(network, mode)
    assume(not oracle.is_unclear)
    graph = ModeGraph(network, mode)
    chosen = spots(graph, network, seed, 6)
    places = placed(graph, network, chosen)
    weights = graph.packed(places, places)
    for i, j in product(range(6), range(6)):
        if i != j:
            way = graph.way(one(places, i), one(places, j))
            assert way.weight == weights[i, j]
            whole = with_walks(oracle.driven(way.pieces), chosen[i], chosen[j])
            assert whole == split(way.weight), (chosen[i], chosen[j])


@pytest.mark.parametrize("mode", MODES)
@settings(max_examples=40, deadline=None, derandomize=True, suppress_health_check=SLOW_TO_COMPILE)
@given(plan=plans(), seed=st.integers(0, 99))
def test_the_hierarchy_answers_as_dijkstra_does(mode: str, plan: Plan, seed: int) -> None:
    """Time, distance and the ways themselves, to the last bit."""
    network = plan.network()
    assume(not Oracle(network, mode).is_unclear)
    slow, quick = ModeGraph(network, mode), ModeGraph(network, mode)
    places = placed(slow, network, spots(slow, network, seed, 20))
    expected = unpacked(slow.packed(places, places))
    assert quick.hierarchy.node_count == quick.state_count
    for part, figures in enumerate(quick.matrix(places, places)):
        np.testing.assert_array_equal(figures, expected[part])
    for i, j in ((0, 1), (2, 3), (4, 5)):
        a, b = one(places, i), one(places, j)
        assert quick.way(a, b).weight == slow.way(a, b).weight
