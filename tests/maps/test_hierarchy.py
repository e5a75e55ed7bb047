import heapq
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from maps.hierarchy import Hierarchy
from maps.kernel.entries import Entries
from maps.kernel.weight import INF, packed, unpacked
from maps.network import MapError

Arc = tuple[int, int, tuple[int, int, int] | None]
"""Tail, head, and crossings, milliseconds and decimetres; None where it is closed."""
Location = list[tuple[int, tuple[int, int, int] | None]]

EVERYTHING = settings(deadline=None, max_examples=150)


def _weight(figures: tuple[int, int, int] | None) -> int:
    if figures is None:
        return INF
    crossings, time_ms, distance_dm = figures
    return int(packed(np.array([time_ms]), np.array([distance_dm]), crossings)[0])


@dataclass
class Graph:
    """A drawn graph with the slow answers to what a hierarchy is asked."""

    node_count: int
    arcs: list[Arc]

    def hierarchy(self) -> Hierarchy:
        """Build what is tested."""
        tail, head, _ = zip(*self.arcs, strict=True) if self.arcs else ((), (), ())
        return Hierarchy(self.node_count, tail, head, self.weights())

    def weights(self) -> list[int]:
        """Pack the figures of the arcs."""
        return [_weight(figures) for _, _, figures in self.arcs]

    def from_location(self, source: Location) -> dict[int, tuple[int, int, int]]:
        """Return the cheapest crossings, time and distance to every node, by plain Dijkstra."""
        done: dict[int, tuple[int, int, int]] = {}
        waiting = [(figures, node) for node, figures in source if figures is not None]
        heapq.heapify(waiting)
        while waiting:
            so_far, node = heapq.heappop(waiting)
            if node in done:
                continue
            done[node] = so_far
            for tail, head, figures in self.arcs:
                if tail == node and figures is not None:
                    heapq.heappush(waiting, (_sum(so_far, figures), head))
        return done

    def table(self, sources: list[Location], targets: list[Location]) -> NDArray[np.int64]:
        """Return packed weights of the cheapest ways."""
        result = np.full((len(sources), len(targets)), INF)
        for row, source in enumerate(sources):
            reached = self.from_location(source)
            for column, target in enumerate(targets):
                ways = [
                    _sum(reached[node], figures)
                    for node, figures in target
                    if node in reached and figures is not None
                ]
                result[row, column] = _weight(min(ways, default=None))
        return result


def _sum(a: tuple[int, int, int], b: tuple[int, int, int]) -> tuple[int, int, int]:
    return a[0] + b[0], a[1] + b[1], a[2] + b[2]


def _entries(locations: list[Location]) -> Entries:
    flat = [entry for location in locations for entry in location]
    return Entries(
        np.cumsum([0, *map(len, locations)]),
        np.array([node for node, _ in flat], dtype=np.int64),
        np.array([_weight(figures) for _, figures in flat], dtype=np.int64),
    )


# Few values, so that ties, zeros and closed arcs are common.
FIGURES = st.none() | st.tuples(st.integers(0, 1), st.integers(0, 3), st.integers(0, 3))


@st.composite
def graphs(draw: Any) -> Graph:
    count = draw(st.integers(1, 14))
    node = st.integers(0, count - 1)
    return Graph(count, draw(st.lists(st.tuples(node, node, FIGURES), max_size=3 * count)))


@st.composite
def questions(draw: Any) -> tuple[Graph, list[Location], list[Location]]:
    graph = draw(graphs())
    node = st.integers(0, graph.node_count - 1)
    locations = st.lists(st.lists(st.tuples(node, FIGURES), max_size=3), max_size=6)
    return graph, draw(locations), draw(locations)


@EVERYTHING
@given(questions())
def test_every_answer_is_the_cheapest_way(
    question: tuple[Graph, list[Location], list[Location]],
) -> None:
    """Crossings, then time, then distance: loops, ties, closed arcs and lone nodes included."""
    graph, sources, targets = question
    found = graph.hierarchy().packed(_entries(sources), _entries(targets))
    assert found.tolist() == graph.table(sources, targets).tolist()


@EVERYTHING
@given(questions())
def test_seconds_and_metres_are_those_of_the_weight(
    question: tuple[Graph, list[Location], list[Location]],
) -> None:
    """The kernel's own unpacking agrees with the package's to the last bit, inf included."""
    graph, sources, targets = question
    hierarchy = graph.hierarchy()
    found = hierarchy.matrix(_entries(sources), _entries(targets))
    expected = unpacked(graph.table(sources, targets))
    assert all(map(np.array_equal, found, expected))


@EVERYTHING
@given(questions(), st.data())
def test_new_weights_are_as_good_as_a_new_build(
    question: tuple[Graph, list[Location], list[Location]], data: st.DataObject
) -> None:
    """The order is shared, no weight of the old ones is; the old hierarchy stays as it was."""
    graph, sources, targets = question
    changed = Graph(
        graph.node_count, [(tail, head, data.draw(FIGURES)) for tail, head, _ in graph.arcs]
    )
    rows, columns = _entries(sources), _entries(targets)
    old = graph.hierarchy()
    before = old.packed(rows, columns)
    new = old.customized(changed.weights())
    assert new.packed(rows, columns).tolist() == changed.table(sources, targets).tolist()
    assert np.array_equal(old.packed(rows, columns), before)
    for source, target in zip(sources, targets, strict=False):
        weight, _ = new.path(_entries([source]), _entries([target]))
        assert weight == changed.table([source], [target])[0, 0]


@EVERYTHING
@given(questions())
def test_a_path_is_a_way_that_costs_what_the_matrix_says(
    question: tuple[Graph, list[Location], list[Location]],
) -> None:
    """Its arcs exist, its ends are entries, all adds up, and no node is passed twice."""
    graph, sources, targets = question
    hierarchy = graph.hierarchy()
    cheapest: dict[tuple[int, int], int] = {}
    for tail, head, figures in graph.arcs:
        weight = _weight(figures)
        cheapest[tail, head] = min(cheapest.get((tail, head), INF), weight)
    table = graph.table(sources, targets)
    for row, source in enumerate(sources):
        for column, target in enumerate(targets):
            weight, nodes = hierarchy.path(_entries([source]), _entries([target]))
            assert weight == table[row, column]
            if weight == INF:
                assert nodes.tolist() == []
                continue
            assert len(set(nodes.tolist())) == len(nodes)
            leave = min(_weight(figures) for node, figures in source if node == nodes[0])
            reach = min(_weight(figures) for node, figures in target if node == nodes[-1])
            assert weight == leave + reach + sum(cheapest[arc] for arc in pairwise(nodes.tolist()))


@dataclass
class City:
    """A grid of streets with some one-ways, and locations at two ends of random streets."""

    node_count: int
    tail: NDArray[np.int64]
    head: NDArray[np.int64]
    weight: NDArray[np.int64]

    def locations(self, count: int, seed: int) -> Entries:
        """Draw places with two entries each."""
        random = np.random.default_rng(seed)
        street = random.integers(len(self.tail), size=count)
        return Entries(
            np.arange(0, 2 * count + 1, 2),
            np.stack((self.tail[street], self.head[street]), axis=1).ravel(),
            packed(random.integers(20_000, size=2 * count), random.integers(500, size=2 * count)),
        )

    def table(self, sources: Entries, targets: Entries) -> NDArray[np.int64]:
        """Return packed weights by SciPy's Dijkstra, which is exact below 2**53."""
        shape = (self.node_count, self.node_count)
        graph = csr_array((self.weight.astype(np.float64), (self.tail, self.head)), shape=shape)
        result = np.full((len(sources), len(targets)), np.inf)
        for side in (0, 1):
            reached = dijkstra(graph, indices=sources.node[side::2])
            for end in (0, 1):
                way = reached[:, targets.node[end::2]] + targets.weight[end::2]
                result = np.minimum(result, way + sources.weight[side::2, None])
        result[np.isinf(result)] = INF
        return result.astype(np.int64)


@pytest.fixture(scope="module")
def city() -> City:
    size = 50
    random = np.random.default_rng(7)
    node = np.arange(size * size).reshape(size, size)
    ends = [(node[:, :-1], node[:, 1:]), (node[:-1], node[1:])]
    a = np.concatenate([low.ravel() for low, _ in ends])
    b = np.concatenate([high.ravel() for _, high in ends])
    against = random.random(len(a)) < 0.8
    tail, head = np.concatenate((a, b[against])), np.concatenate((b, a[against]))
    weight = packed(
        random.integers(1, 60_000, size=len(tail)),
        random.integers(1, 5_000, size=len(tail)),
        random.integers(50, size=len(tail)) // 49,
    )
    return City(size * size, tail, head, weight)


@pytest.fixture(scope="module")
def hierarchy(city: City) -> Hierarchy:
    return Hierarchy(city.node_count, city.tail, city.head, city.weight)


@pytest.mark.parametrize(("sources", "targets"), [(3, 200), (200, 150), (100, 1), (65, 64)])
def test_a_city_agrees_with_scipy(
    city: City, hierarchy: Hierarchy, sources: int, targets: int
) -> None:
    """Exactly, whichever side the sweep takes for its lanes, in full and partial passes."""
    rows, columns = city.locations(sources, 1), city.locations(targets, 2)
    expected = city.table(rows, columns)
    assert np.array_equal(hierarchy.packed(rows, columns), expected)
    found = hierarchy.matrix(rows, columns)
    assert all(map(np.array_equal, found, unpacked(expected)))


def test_known_sides_give_the_cells_of_the_full_matrix(city: City, hierarchy: Hierarchy) -> None:
    """Rows and columns of ten new places, from restrictions made once."""
    known, new = city.locations(90, 3), city.locations(10, 4)
    both = known.joined(new)
    full = hierarchy.matrix(both, both)
    to_new = hierarchy.restricted_to_sources(known).matrix(new)
    from_new = hierarchy.restricted_to_targets(known).matrix(new)
    for whole, columns, rows in zip(full, to_new, from_new, strict=True):
        assert np.array_equal(whole[:90, 90:], columns)
        assert np.array_equal(whole[90:, :90], rows)


@pytest.mark.parametrize("threads", [0, 2, 3, 16])
def test_threads_do_not_change_the_answer(city: City, hierarchy: Hierarchy, threads: int) -> None:
    """Nor does asking for none of them, or for more than there is work."""
    places = city.locations(150, 5)
    alone = hierarchy.matrix(places, places)
    assert all(map(np.array_equal, alone, hierarchy.matrix(places, places, threads=threads)))


def test_locations_are_taken_and_joined(city: City) -> None:
    """In the order asked for, twice if wanted, locations without an entry among them."""
    empty = _entries([[]])
    places = city.locations(3, 6).joined(empty)
    some = places.take(np.array([3, 1, 1]))
    assert len(places) == 4
    assert np.diff(some.first).tolist() == [0, 2, 2]
    assert some.node.tolist() == [*places.node[2:4], *places.node[2:4]]
    assert some.weight.tolist() == [*places.weight[2:4], *places.weight[2:4]]


def test_arrays_of_other_kinds_are_taken(city: City) -> None:
    """Read-only, narrower and strided ones give the same answers."""
    narrow = Hierarchy(
        city.node_count, city.tail.astype(np.int32), np.repeat(city.head, 2)[::2], city.weight
    )
    places = city.locations(5, 8)
    for array in (places.first, places.node, places.weight):
        array.flags.writeable = False
    assert np.array_equal(narrow.packed(places, places), city.table(places, places))


def test_a_city_is_small(city: City, hierarchy: Hierarchy) -> None:
    """The figures say what was built; a grid's chordal graph is a few times its streets."""
    assert (hierarchy.node_count, hierarchy.arc_count) == (2_500, len(city.tail))
    assert 1.0 < hierarchy.fill < 8.0


def test_what_is_no_road_network_is_refused() -> None:
    """Random arcs have no small hierarchy: better to say so than to fill the memory."""
    random = np.random.default_rng(9)
    tail, head = random.integers(3_000, size=(2, 6_000))
    with pytest.raises(MapError, match="no road network"):
        Hierarchy(3_000, tail, head, np.ones(6_000, np.int64))


def test_what_would_fill_the_memory_is_refused(city: City, monkeypatch: pytest.MonkeyPatch) -> None:
    """A chessboard the size of a metropolis is told to be cut before it is built."""
    monkeypatch.setattr("maps.kernel.elimination.MAX_TRIANGLES", 1_000)
    with pytest.raises(MapError, match="cut a smaller map"):
        Hierarchy(city.node_count, city.tail, city.head, city.weight)


@pytest.mark.parametrize(
    ("tail", "head", "weight", "why"),
    [
        ([0, 1], [1], [5, 5], "2 tails, but 1 heads"),
        ([0], [3], [5], "outside the 3 nodes"),
        ([-1], [0], [5], "outside the 3 nodes"),
        ([0], [1], [], "1 arcs, but 0 weights"),
        ([0], [1], [-5], "negative"),
    ],
)
def test_wrong_arcs_are_refused(
    tail: list[int], head: list[int], weight: list[int], why: str
) -> None:
    """Each with what is wrong, before anything is read out of bounds."""
    with pytest.raises(ValueError, match=why):
        Hierarchy(3, tail, head, weight)


def test_entries_outside_the_graph_are_refused(hierarchy: Hierarchy) -> None:
    """Compiled code would read past its arrays."""
    inside, outside = _entries([[(0, (0, 0, 0))]]), _entries([[(2_500, (0, 0, 0))]])
    with pytest.raises(ValueError, match="outside the 2500 nodes"):
        hierarchy.matrix(inside, outside)
