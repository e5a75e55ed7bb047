import heapq
import threading
from collections.abc import Callable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
import pytest

from maps.doors import Door
from maps.earth import LocalProjection
from maps.network import MapError, OffMapError, RoadNetwork
from maps.profiles import MODES, WALK_KMH
from maps.travel import StraightLine, TravelTimes
from tests.maps.climbs import QUICK, SLOW

Draw = Callable[..., Any]
M_PER_S = {"foot": 5 / 3.6, "ebike": 25 / 3.6, "car": 25 / 3.6}

ONE_WAY_SQUARE = """
    A----B
    |    v
    |    v
    D----C
"""


def _apart(travel: TravelTimes, mode: str, a: Any, b: Any) -> tuple[float, float]:
    time_s, distance_m = travel.matrix(mode, [a], [b])
    route = travel.route(mode, a, b)
    assert route.time_s == pytest.approx(float(time_s[0, 0]))
    assert route.distance_m == pytest.approx(float(distance_m[0, 0]))
    return route.time_s, route.distance_m


def test_cars_go_round_a_one_way_street_and_people_on_foot_do_not(draw: Draw) -> None:
    """From C to B a car drives three sides; on foot it is one."""
    drawing = draw(ONE_WAY_SQUARE)
    travel = drawing.travel()
    b, c = drawing.at("B"), drawing.at("C")
    assert _apart(travel, "car", b, c)[1] == pytest.approx(150, abs=0.3)
    assert _apart(travel, "car", c, b)[1] == pytest.approx(250 + 150 + 250, abs=0.3)
    assert _apart(travel, "foot", c, b)[1] == pytest.approx(150, abs=0.3)


def test_contraflow_lets_bicycles_through(draw: Draw) -> None:
    """With oneway:bicycle=no the e-bike takes the short way, the car still goes round."""
    drawing = draw(ONE_WAY_SQUARE, ways={"BC": {"oneway:bicycle": "no"}})
    travel = drawing.travel()
    b, c = drawing.at("B"), drawing.at("C")
    assert _apart(travel, "ebike", c, b)[1] == pytest.approx(150, abs=0.3)
    assert _apart(travel, "car", c, b)[1] == pytest.approx(650, abs=0.3)


def test_access_closes_a_road_for_one_mode(draw: Draw) -> None:
    """A street without motor vehicles is walked, and driven round."""
    drawing = draw(
        """
        A----B
        |    |
        D----C
        """,
        ways={"AB": {"motor_vehicle": "no"}},
    )
    travel = drawing.travel()
    a, b = drawing.at("A"), drawing.at("B")
    assert _apart(travel, "foot", a, b)[1] == pytest.approx(250, abs=0.3)
    assert _apart(travel, "car", a, b)[1] == pytest.approx(100 + 250 + 100, abs=0.3)


def test_a_bollard_stops_cars_and_nobody_else(draw: Draw) -> None:
    """Both sides of the bollard are reached, but not through it."""
    drawing = draw(
        """
        A--B--C
        |     |
        D-----E
        """,
        nodes={"B": {"barrier": "bollard"}},
    )
    travel = drawing.travel()
    west, east = drawing.along("A", "B", 0.5), drawing.along("B", "C", 0.5)
    assert _apart(travel, "ebike", west, east)[1] == pytest.approx(150, abs=0.3)
    assert _apart(travel, "car", west, east)[1] == pytest.approx(75 + 100 + 300 + 100 + 75, abs=0.3)


def test_on_one_edge_the_way_is_along_it(draw: Draw) -> None:
    """Two points of a street are as far apart as they lie, in both directions."""
    drawing = draw(ONE_WAY_SQUARE)
    travel = drawing.travel()
    p, q = drawing.along("A", "B", 0.2), drawing.along("A", "B", 0.6)
    for a, b in ((p, q), (q, p)):
        time_s, distance_m = _apart(travel, "car", a, b)
        assert distance_m == pytest.approx(100, abs=0.3)
        assert time_s == pytest.approx(100 / M_PER_S["car"], abs=0.1)


def test_on_a_one_way_edge_the_way_back_is_all_round(draw: Draw) -> None:
    """Behind oneself in a one-way street means once round the block."""
    drawing = draw(ONE_WAY_SQUARE)
    travel = drawing.travel()
    upper, lower = drawing.along("B", "C", 0.2), drawing.along("B", "C", 0.8)
    assert _apart(travel, "car", upper, lower)[1] == pytest.approx(90, abs=0.3)
    assert _apart(travel, "car", lower, upper)[1] == pytest.approx(800 - 90, abs=0.3)
    assert _apart(travel, "foot", lower, upper)[1] == pytest.approx(90, abs=0.3)


def test_a_faster_way_may_leave_and_enter_the_same_edge(draw: Draw) -> None:
    """Between the ends of a slow street the fast one round it wins, and its length counts."""
    drawing = draw(
        """
        A----B
        |    |
        D----C
        """,
        ways={
            "AB": {"surface": "mud"},
            "AD": {"highway": "primary"},
            "DC": {"highway": "primary"},
            "BC": {"highway": "primary"},
        },
    )
    a, b = drawing.along("A", "B", 0.02), drawing.along("A", "B", 0.98)
    assert _apart(drawing.travel(), "car", a, b)[1] == pytest.approx(10 + 450, abs=0.4)


def test_of_two_roads_between_two_junctions_the_faster_is_taken(draw: Draw) -> None:
    """A long fast road and a short slow one join the same junctions; its drawing follows."""
    drawing = draw(
        """
        E--A----B--F
           |    |
           D----C
        """,
        ways={"AB": {"surface": "mud"}, "ADCB": {"highway": "primary"}},
    )
    travel = drawing.travel()
    e, f = drawing.at("E"), drawing.at("F")
    assert drawing.network().edge_count == 4
    assert _apart(travel, "car", e, f)[1] == pytest.approx(150 + 450 + 150, abs=0.5)
    assert _apart(travel, "foot", e, f)[1] == pytest.approx(150 + 250 + 150, abs=0.5)
    assert min(lat for lat, _ in travel.route("car", e, f).polyline) < -0.0008


def test_a_loop_is_left_by_its_nearer_end(draw: Draw) -> None:
    """A block with one junction is an edge from that junction to itself."""
    drawing = draw(
        """
        E--A----B
           |    |
           D----C
        """,
        ways={"ABCDA": {}},
    )
    travel = drawing.travel()
    e = drawing.at("E")
    for near in (drawing.along("A", "B", 0.4), drawing.along("A", "D", 1.0)):
        assert _apart(travel, "car", near, e)[1] == pytest.approx(250, abs=0.4)
        assert _apart(travel, "car", e, near)[1] == pytest.approx(250, abs=0.4)
        line = travel.route("car", near, e).polyline
        assert max(lon for _, lon in line) < near.lon + 1e-6
    across = (drawing.along("A", "B", 0.2), drawing.along("A", "D", 0.5))
    assert _apart(travel, "car", *across)[1] == pytest.approx(100, abs=0.4)


def test_from_a_junction_every_road_of_it_may_be_taken(draw: Draw) -> None:
    """A point on a junction snaps to one edge and still leaves by the other."""
    drawing = draw(ONE_WAY_SQUARE)
    travel = drawing.travel()
    assert _apart(travel, "car", drawing.at("C"), drawing.at("D"))[1] == pytest.approx(250, abs=0.3)


def test_points_beside_the_road_walk_to_it(draw: Draw) -> None:
    """The access legs are walked, whatever the mode, and belong to time and distance."""
    drawing = draw("A--------B")
    a = drawing.along("A", "B", 0.25, north_m=40.0)
    b = drawing.along("A", "B", 0.75, north_m=60.0)
    time_s, distance_m = _apart(drawing.travel(), "car", a, b)
    assert distance_m == pytest.approx(40 + 225 + 60, abs=0.3)
    assert time_s == pytest.approx(225 / M_PER_S["car"] + 100 / M_PER_S["foot"], abs=0.3)


def test_equal_coordinates_are_nothing_apart(draw: Draw) -> None:
    """Nobody walks to the road and back to stay where one is."""
    drawing = draw("A--------B")
    spot = drawing.along("A", "B", 0.5, north_m=100.0)
    travel = drawing.travel()
    assert _apart(travel, "foot", spot, spot) == (0, 0)
    assert len(travel.route("foot", spot, spot).polyline) == 2


def test_only_the_largest_connected_part_is_used(draw: Draw) -> None:
    """A point beside an island road snaps to the mainland."""
    drawing = draw(
        """
        A----B----C

        D----E
        """
    )
    distance_m = drawing.travel().snap_distance_m("car", [drawing.at("D"), drawing.at("A")])
    assert distance_m == pytest.approx([100, 0], abs=0.1)


def test_a_one_way_dead_end_is_left_out(draw: Draw) -> None:
    """Where no car comes back from, none is sent; on foot it is a road like others."""
    drawing = draw("A----B>>>>C")
    travel = drawing.travel()
    assert travel.snap_distance_m("car", [drawing.at("C")]) == pytest.approx([250], abs=0.3)
    assert travel.snap_distance_m("foot", [drawing.at("C")]) == pytest.approx([0], abs=0.1)


def test_a_coordinate_off_the_map_is_named(draw: Draw) -> None:
    """Matrix and route name the first coordinate that is too far from a road."""
    drawing = draw("A----B")
    travel = drawing.travel(snap_limit_m=100.0)
    good, bad = drawing.at("A"), drawing.along("A", "B", 0.5, north_m=120.0)
    message = r"lat 0\.001079, .* farther than 100 m .* for car"
    with pytest.raises(OffMapError, match=message):
        travel.matrix("car", [good], [bad])
    with pytest.raises(OffMapError, match=message):
        travel.route("car", bad, good)
    assert travel.snap_distance_m("car", [bad]).tolist() == [np.inf]


def test_a_map_without_a_road_for_a_mode_says_so(draw: Draw) -> None:
    """A park has no road for cars; on foot the same map serves."""
    drawing = draw("A----B", ways={"AB": {"highway": "bridleway"}})
    travel = drawing.travel()
    travel.matrix("foot", [drawing.at("A")], [drawing.at("B")])
    with pytest.raises(MapError, match="no connected road for car: use"):
        travel.matrix("car", [drawing.at("A")], [drawing.at("B")])


def test_a_map_of_a_country_is_refused(draw: Draw) -> None:
    """Weights are exact over a city and its surroundings; larger maps are refused in a line."""
    with pytest.raises(MapError, match="km across, more than 250: cut a city out of it"):
        draw("A" + "-" * 6000 + "B").travel()


def test_an_unknown_mode_is_refused(draw: Draw) -> None:
    """The message lists the modes there are."""
    drawing = draw("A----B")
    for travel in (drawing.travel(), StraightLine()):
        with pytest.raises(ValueError, match="'boat' is none of foot, bicycle, ebike, car"):
            travel.matrix("boat", [], [])


def test_a_route_follows_the_road(draw: Draw) -> None:
    """From the point, along parts of the first and last edge and whole ones between."""
    drawing = draw(ONE_WAY_SQUARE)
    a = drawing.along("B", "C", 0.5)
    b = drawing.along("A", "B", 0.6, north_m=30.0)
    on_road = drawing.along("A", "B", 0.6)
    line = drawing.travel().route("car", a, b).polyline
    # The point itself comes first, then its place on the road, here the same but for rounding.
    corners = [a, a, *(drawing.at(name) for name in "CDA"), on_road, b]
    expected = [(spot.lat, spot.lon) for spot in corners]
    np.testing.assert_allclose(line, expected, atol=2e-6)
    assert line[0] == (a.lat, a.lon)
    assert line[-1] == (b.lat, b.lon)


def test_a_route_on_one_edge_is_a_part_of_it(draw: Draw) -> None:
    """Backwards along a street with a bend: the bend is in it, the ends are cut."""
    drawing = draw(
        """
        A--B
           |
           C
        """,
        ways={"ABC": {}},
    )
    a, b = drawing.along("B", "C", 0.5), drawing.along("A", "B", 0.5)
    line = drawing.travel().route("car", a, b).polyline
    expected = [(spot.lat, spot.lon) for spot in (a, drawing.at("B"), b)]
    np.testing.assert_allclose([line[0], line[-1]], [expected[0], expected[-1]])
    assert any(np.allclose(point, expected[1], atol=1e-6) for point in line)


# --- against an independent search ------------------------------------------------------------

Weight = tuple[int, int]
Arcs = dict[Any, list[tuple[Any, Weight]]]


@dataclass(frozen=True)
class Place:
    """A bare coordinate."""

    lat: float
    lon: float


@pytest.fixture
def grid(draw: Draw) -> Callable[[int], Any]:
    """Return a function that draws a 5 x 5 grid with random tags."""

    def _grid(seed: int) -> Any:
        rng = np.random.default_rng(seed)
        names = [chr(ord("A") + i) for i in range(25)]
        rows = []
        for line in range(5):
            row = names[line * 5]
            for name in names[line * 5 + 1 : line * 5 + 5]:
                row += rng.choice(["--", "--", ">>", "<<", "  "]) + name
            rows.append(row)
            if line < 4:
                rows.append("  ".join(rng.choice(["|", "|", "v", "^", " "], size=5)))
        # Loose ends and islands are part of the test.
        barriers = {
            str(name): {"barrier": str(kind)}
            for name, kind in zip(
                rng.choice(names, size=2, replace=False), ("bollard", "stile"), strict=True
            )
        }
        return draw("\n".join(rows), nodes=barriers)

    return _grid


class Oracle:
    """Points become nodes of a plain graph, searched with a heap of (ms, dm) tuples."""

    def __init__(self, network: RoadNetwork, mode: str, places: list[Place]) -> None:
        self.network, self.mode = network, mode
        self.projection = LocalProjection(network.bounds)
        forward, backward = network.speeds(mode)
        self.speed = list(zip(forward.tolist(), backward.tolist(), strict=True))
        arcs = self._arcs([])
        inside = self._largest(arcs)
        edges = [
            e
            for e, speed in enumerate(self.speed)
            if max(speed) > 0 and self._ends(e)[0] in inside and self._ends(e)[1] in inside
        ]
        self.snapped = [self._snap(place, edges) for place in places]
        self.arcs = self._arcs(self.snapped)
        self.places = places

    def _ends(self, edge: int) -> tuple[Any, Any]:
        ends: list[Any] = [int(self.network.tail[edge]), int(self.network.head[edge])]
        for side, node in enumerate(ends):
            if self.network.node_blocked[MODES.index(self.mode), node]:
                ends[side] = (node, edge, side)
        return ends[0], ends[1]

    def _arcs(self, snapped: list[tuple[int, int, int]]) -> Arcs:
        arcs: Arcs = {}
        for edge, (forward, backward) in enumerate(self.speed):
            length = int(self.network.length_dm[edge])
            tail, head = self._ends(edge)
            stops = {0: [tail], length: [head]}
            for index, (on_edge, at_dm, _) in enumerate(snapped):
                if on_edge == edge:
                    stops.setdefault(at_dm, []).append(("point", index))
            for kmh, sign in ((forward, 1), (backward, -1)):
                if kmh == 0:
                    continue
                full = max(round(360 * length / kmh), 1)
                order = sorted(stops, reverse=sign < 0)
                for here, there in pairwise(order):
                    ms = abs(round(full * (there / length)) - round(full * (here / length)))
                    self._connect(arcs, stops[here][0], stops[there][0], (ms, abs(there - here)))
            for names in stops.values():
                for name in names[1:]:
                    self._connect(arcs, names[0], name, (0, 0))
                    self._connect(arcs, name, names[0], (0, 0))
        return arcs

    @staticmethod
    def _connect(arcs: Arcs, a: Any, b: Any, weight: Weight) -> None:
        arcs.setdefault(a, []).append((b, weight))
        arcs.setdefault(b, [])

    def _largest(self, arcs: Arcs) -> set[Any]:
        reach = {node: set(self.search(arcs, node)) for node in arcs}
        parts = [{other for other in reach[node] if node in reach[other]} for node in arcs]
        return max(parts, key=len)

    def _snap(self, place: Place, edges: list[int]) -> tuple[int, int, int]:
        (p,) = self.projection.xy([place.lat], [place.lon])
        best: tuple[float, int, float] = (np.inf, -1, 0.0)
        for edge in edges:
            shape = slice(self.network.shape_start[edge], self.network.shape_start[edge + 1])
            a, b = self.projection.xy(self.network.shape_lat[shape], self.network.shape_lon[shape])
            share = float(np.clip((p - a) @ (b - a) / ((b - a) @ (b - a)), 0, 1))
            best = min(best, (float(np.hypot(*(a + share * (b - a) - p))), edge, share))
        metres, edge, share = best
        return edge, round(share * int(self.network.length_dm[edge])), round(metres * 10)

    @staticmethod
    def search(arcs: Arcs, start: Any) -> dict[Any, Weight]:
        """Return the weight of every node that is reached."""
        done: dict[Any, Weight] = {}
        heap: list[tuple[Weight, str, Any]] = [((0, 0), repr(start), start)]
        while heap:
            (ms, dm), _, node = heapq.heappop(heap)
            if node in done:
                continue
            done[node] = (ms, dm)
            for other, (more_ms, more_dm) in arcs[node]:
                heapq.heappush(heap, ((ms + more_ms, dm + more_dm), repr(other), other))
        return done

    def matrix(self) -> tuple[Any, Any]:
        """Return seconds and metres between all places."""
        count = len(self.places)
        time_s, distance_m = np.zeros((2, count, count), dtype=np.float32)
        for a in range(count):
            reached = self.search(self.arcs, ("point", a))
            for b in range(count):
                if a == b:
                    continue
                ms, dm = reached["point", b]
                for _, _, walked_dm in (self.snapped[a], self.snapped[b]):
                    ms, dm = ms + round(360 * walked_dm / WALK_KMH), dm + walked_dm
                time_s[a, b] = np.float32(ms / 1000)
                distance_m[a, b] = np.float32(dm / 10)
        return time_s, distance_m


def _random_places(network: RoadNetwork, seed: int, count: int) -> list[Place]:
    rng = np.random.default_rng(seed)
    box = network.bounds
    lat = rng.uniform(box.south, box.north, count)
    lon = rng.uniform(box.west, box.east, count)
    return [Place(lat=a, lon=b) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)]


@pytest.mark.parametrize("mode", ["foot", "ebike", "car"])
@pytest.mark.parametrize("seed", range(4))
def test_the_matrix_equals_an_independent_search(
    grid: Callable[[int], Any], seed: int, mode: str
) -> None:
    """Time and distance agree exactly with plain Dijkstra over tuples, for every pair."""
    network = grid(seed).network()
    places = _random_places(network, seed, 25)
    expected = Oracle(network, mode, places).matrix()
    found = TravelTimes(network).matrix(mode, places, places)
    np.testing.assert_array_equal(found[0], expected[0])
    np.testing.assert_array_equal(found[1], expected[1])


def test_rows_and_columns_can_be_asked_for_alone(grid: Callable[[int], Any]) -> None:
    """Searching from the sources or from the targets gives the same figures."""
    network = grid(1).network()
    places = _random_places(network, 1, 12)
    travel = TravelTimes(network)
    whole = travel.matrix("car", places, places)
    for part in range(2):
        row = travel.matrix("car", places[:2], places)[part]
        column = travel.matrix("car", places, places[:2])[part]
        np.testing.assert_array_equal(row, whole[part][:2])
        np.testing.assert_array_equal(column, whole[part][:, :2])
    assert travel.matrix("car", [], places)[0].shape == (0, 12)
    assert travel.matrix("car", places, [])[0].shape == (12, 0)


# --- doors between calls ------------------------------------------------------------------------


def _doors(network: RoadNetwork, count: int) -> list[Door]:
    return [Door(lat=place.lat, lon=place.lon) for place in _random_places(network, 7, count)]


@pytest.mark.parametrize("known_points", [6000, 12, 5])
def test_adding_doors_bit_by_bit_equals_asking_once(
    grid: Callable[[int], Any], known_points: int
) -> None:
    """Kept rows and columns change nothing, whatever is kept and in which order one asks."""
    network = grid(2).network()
    doors = _doors(network, 20)
    growing = TravelTimes(network, known_points=known_points)
    chosen = [[0, 1, 2], [2, 1, 0, 3], list(range(10)), [19, 4, 18, 4], list(range(19, -1, -1))]
    for indices in chosen:
        asked = [doors[i] for i in indices]
        fresh = TravelTimes(network).doors("car", asked, QUICK)
        found = growing.doors("car", asked, QUICK)
        np.testing.assert_array_equal(found[0], fresh[0])
        np.testing.assert_array_equal(found[1], fresh[1])


def test_what_is_known_is_not_searched_again(
    grid: Callable[[int], Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A second call for the same doors starts no search; other couriers climb otherwise."""
    network = grid(2).network()
    doors = [Door(lat=door.lat, lon=door.lon, floor=4) for door in _doors(network, 6)]
    travel = TravelTimes(network)
    rider = travel.doors("car", doors, QUICK)
    monkeypatch.setattr("maps.graph.dijkstra", None)
    np.testing.assert_array_equal(travel.doors("car", doors[::-1], QUICK)[0], rider[0][::-1, ::-1])
    guard = travel.doors("car", doors, SLOW)
    off_diagonal = ~np.eye(6, dtype=bool)
    np.testing.assert_allclose((guard[0] - rider[0])[off_diagonal], 4 * (12 + 8 - 6 - 6), atol=0.01)


def test_the_number_of_known_points_is_bounded(grid: Callable[[int], Any]) -> None:
    """Past the limit only what is asked for stays."""
    network = grid(2).network()
    doors = _doors(network, 30)
    travel = TravelTimes(network, known_points=10)
    for start in range(0, 30, 4):
        travel.doors("car", doors[start : start + 4], QUICK)
        kept = travel._by_mode["car"]
        assert len(kept.known) <= 10
        assert len(kept.packed) <= 10
        assert len(kept.locations) == len(kept.known)


def test_a_door_off_the_map_does_not_harm_the_others(draw: Draw) -> None:
    """It is unreachable, alone or among others, and all else is as without it."""
    drawing = draw("A----B----C")
    travel = drawing.travel()
    doors = [Door(lat=drawing.at(name).lat, lon=drawing.at(name).lon) for name in "AB"]
    before = travel.doors("car", doors, QUICK)
    off = Door(lat=50.0, lon=8.0)
    with_off = travel.doors("car", [off, *doors], QUICK)
    for values, expected in zip(with_off, before, strict=True):
        np.testing.assert_array_equal(values[1:, 1:], expected)
        assert np.isinf(values[0, 1:]).all()
        assert np.isinf(values[1:, 0]).all()
    alone = drawing.travel().doors("car", [off], QUICK)
    assert [values.shape for values in alone] == [(1, 1), (1, 1)]
    np.testing.assert_array_equal(travel.doors("car", doors, QUICK), before)


def test_threads_may_ask_at_once(grid: Callable[[int], Any]) -> None:
    """Calls from several threads answer as one after the other."""
    network = grid(3).network()
    doors = _doors(network, 24)
    travel = TravelTimes(network)
    found: dict[int, Any] = {}

    def _ask(first: int) -> None:
        found[first] = travel.doors("car", doors[first : first + 12], QUICK)

    threads = [threading.Thread(target=_ask, args=(first,)) for first in (0, 4, 8, 12)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    for first, answer in found.items():
        fresh = TravelTimes(network).doors("car", doors[first : first + 12], QUICK)
        np.testing.assert_array_equal(answer, fresh)
    assert len(found) == 4


# --- without a map ------------------------------------------------------------------------------


def test_straight_lines_answer_as_a_map_does() -> None:
    """The twin: 1.3 x the great circle at the mode's speed, floors and knocks added."""
    straight = StraightLine()
    a, b = Door(lat=0.0, lon=0.0), Door(lat=0.01, lon=0.0, floor=3)
    metres = 1111.95 * 1.3
    time_s, distance_m = straight.matrix("ebike", [a], [a, b])
    assert distance_m[0] == pytest.approx([0, metres], rel=1e-4)
    assert time_s[0] == pytest.approx([0, metres * 3.6 / 20], rel=1e-4)
    with_doors = straight.doors("ebike", [a, b], QUICK)
    assert with_doors[0][0, 1] == pytest.approx(metres * 3.6 / 20 + 18 + 25, rel=1e-4)
    route = straight.route("ebike", a, b)
    assert route.polyline == ((0.0, 0.0), (0.01, 0.0))
    assert route.distance_m == pytest.approx(metres, rel=1e-4)
    assert straight.snap_distance_m("ebike", [a, b]).tolist() == [0, 0]
    assert straight.modes == MODES
