import threading
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pytest

from maps.doors import Door
from maps.earth import coordinates, haversine_m
from maps.network import MapError, OffMapError, RoadNetwork
from maps.profiles import MODES
from maps.travel import PERIODS, StraightLine, TravelTimes
from tests.maps.climbs import QUICK, SLOW
from tests.maps.oracle import Oracle, Spot

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
    # The line is as long as the way, and begins and ends where it should.
    assert route.polyline[0] == (a.lat, a.lon)
    assert route.polyline[-1] == (b.lat, b.lon)
    lat, lon = np.array(route.polyline).T
    drawn_m = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:]).sum()
    assert drawn_m == pytest.approx(route.distance_m, abs=0.1 * len(route.polyline) + 0.2)
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
    corner = drawing.at("A")
    assert _apart(travel, "car", corner, e)[1] == pytest.approx(150, abs=0.4)
    for place, metres in ((drawing.along("A", "B", 0.4), 100), (drawing.at("D"), 100)):
        # The loop begins and ends on the corner: either end of it is the nearer one.
        assert _apart(travel, "car", corner, place)[1] == pytest.approx(metres, abs=0.4)
        assert _apart(travel, "car", place, corner)[1] == pytest.approx(metres, abs=0.4)
    for near in (drawing.along("A", "B", 0.4), drawing.at("D")):
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
        draw(("-" * 900).join("ABCDEFG")).travel()


def test_a_far_ferry_makes_no_country_of_a_city(draw: Draw) -> None:
    """Extracts hold whole ways; a line that leaves for another port is nobody's errand."""
    drawing = draw("A----B" + "-" * 6000 + "C", ways={"BC": {"highway": "", "route": "ferry"}})
    travel = drawing.travel()
    assert _apart(travel, "foot", drawing.at("A"), drawing.at("B"))[1] == pytest.approx(250, abs=1)
    with pytest.raises(OffMapError):
        travel.matrix("foot", [drawing.at("A")], [drawing.at("C")])


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


def _random_places(network: RoadNetwork, seed: int, count: int) -> list[Place]:
    rng = np.random.default_rng(seed)
    box = network.bounds
    lat = rng.uniform(box.south, box.north, count)
    lon = rng.uniform(box.west, box.east, count)
    return [Place(lat=a, lon=b) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)]


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("seed", range(4))
def test_the_matrix_equals_an_independent_search(
    grid: Callable[[int], Any], seed: int, mode: str
) -> None:
    """Time and distance agree exactly with plain Dijkstra over tuples, for every pair."""
    network = grid(seed).network()
    places = _random_places(network, seed, 25)
    travel, oracle = TravelTimes(network), Oracle(network, mode)
    spots = _spots(travel, mode, places)
    time_s, distance_m = travel.matrix(mode, places, places)
    for i, source in enumerate(spots):
        to = oracle.search(source)
        for j, target in enumerate(spots):
            found = to(target)
            assert found is not None
            ms, dm = found[1:] if i != j else (0, 0)
            assert time_s[i, j] == np.float32(ms) / np.float32(1000)
            assert distance_m[i, j] == np.float32(dm) / np.float32(10)


def _spots(travel: TravelTimes, mode: str, places: list[Place]) -> list[Spot]:
    """Return where places are snapped to, by the project's own snapping."""
    kept, network = travel._mode(mode, None), travel.network
    reached = kept.snapper.reach(*coordinates(places), np.full(len(places), -1), limit_m=500.0)
    edges = kept.graph.edge[reached.edge]
    at_dm = np.rint(reached.fraction * network.length_dm[edges]).astype(int)
    walk_dm = np.rint(reached.distance_m * 10).astype(int)
    return [Spot(*spot) for spot in np.column_stack((edges, at_dm, walk_dm)).tolist()]


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
    monkeypatch.setattr("maps.kernel.dijkstra.dijkstra", None)
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
        kept = travel._mode("car", None)
        assert len(kept.known) <= 10
        assert len(kept.time_s) == len(kept.distance_m) <= 10
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


@pytest.mark.parametrize("engine", ["scipy", "hierarchy"])
def test_extending_ahead_changes_no_answer(
    grid: Callable[[int], Any], engine: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was extended is not searched again, and is what asking at once would give."""
    if engine == "hierarchy":
        monkeypatch.setattr("maps.graph.SMALL_WORK", 0)
    network = grid(2).network()
    doors = _doors(network, 20)
    fresh = TravelTimes(network).doors("car", doors, QUICK)
    travel = TravelTimes(network)
    travel.extend("car", doors[:7])
    travel.extend("car", [*doors[5:], Door(lat=50.0, lon=8.0)])
    travel.extend("car", [])
    monkeypatch.setattr("maps.graph.ModeGraph.matrix", None)
    for part, values in enumerate(travel.doors("car", doors, QUICK)):
        np.testing.assert_array_equal(values, fresh[part])


# --- hours --------------------------------------------------------------------------------------

SHANGHAI = ZoneInfo("Asia/Shanghai")
CLOSED_AT_NIGHT = {"motor_vehicle:conditional": "no @ (22:00-06:00)"}


def _at(hour: int, minute: int = 0, *, day: int = 5) -> int:
    """Return epoch seconds in January 1970; the 5th was a Monday."""
    return int(datetime(1970, 1, day, hour, minute, tzinfo=SHANGHAI).timestamp())


def test_a_street_is_closed_at_night(draw: Draw) -> None:
    """Cars go round between its hours, by local time; on foot, and without an hour, nothing."""
    drawing = draw(ONE_WAY_SQUARE.replace("v", "|"), ways={"AB": CLOSED_AT_NIGHT})
    travel = TravelTimes(drawing.network(), timezone=SHANGHAI)
    a, b = drawing.at("A"), drawing.at("B")
    expected = {None: 250, _at(12): 250, _at(21, 59): 250, _at(22): 550, _at(5, 59, day=8): 550}
    for at, metres in {**expected, _at(6): 250}.items():
        assert travel.matrix("car", [a], [b], at=at)[1] == pytest.approx(metres, abs=0.3)
        assert travel.route("car", a, b, at=at).distance_m == pytest.approx(metres, abs=0.3)
        assert travel.matrix("foot", [a], [b], at=at)[1] == pytest.approx(250, abs=0.3)
        asked = [Door(lat=spot.lat, lon=spot.lon) for spot in (a, b)]
        assert travel.doors("car", asked, QUICK, at=at)[1][0, 1] == pytest.approx(metres, abs=0.3)


def test_hours_that_change_nothing_share_a_graph(draw: Draw) -> None:
    """Noon and nine o'clock are one graph of cars; on foot there is never more than one."""
    drawing = draw(ONE_WAY_SQUARE, ways={"AB": CLOSED_AT_NIGHT})
    travel = TravelTimes(drawing.network(), timezone=SHANGHAI)
    for at in (None, _at(9), _at(12)):
        assert travel._mode("car", at) is travel._mode("car", None)
        assert travel._mode("foot", _at(23)) is travel._mode("foot", at)
    assert travel._mode("car", _at(23)) is not travel._mode("car", None)
    assert travel._mode("car", _at(23)) is travel._mode("car", _at(2))


def test_the_last_periods_are_kept_and_no_more(draw: Draw) -> None:
    """A day that goes to and fro between its hours builds each graph once."""
    hours = "; ".join(f"{20 + n} @ (0{n}:00-0{n + 1}:00)" for n in range(PERIODS + 2))
    drawing = draw("A----B", ways={"AB": {"maxspeed:conditional": hours}})
    travel = TravelTimes(drawing.network(), timezone=SHANGHAI)
    kept = [travel._mode("car", _at(hour)) for hour in range(PERIODS)]
    assert [travel._mode("car", _at(hour)) for hour in range(PERIODS)] == kept
    for hour in range(PERIODS + 2):
        travel._mode("car", _at(hour))
        assert len(travel._kept) <= PERIODS


def test_times_are_longer_at_the_hours_that_the_factors_say(draw: Draw) -> None:
    """By local hour and mode; distances, and times without an hour, stay."""
    drawing = draw(ONE_WAY_SQUARE)
    factors = {"car": [1.0] * 8 + [1.5] + [1.0] * 15}
    travel = TravelTimes(drawing.network(), timezone=SHANGHAI, factors=factors)
    a, c = (Door(lat=spot.lat, lon=spot.lon) for spot in map(drawing.at, "AC"))
    free_s, distance_m = travel.matrix("car", [a], [c])
    for at, factor in ((None, 1.0), (_at(7, 59), 1.0), (_at(8), 1.5), (_at(8, 59), 1.5)):
        found = travel.matrix("car", [a], [c], at=at)
        np.testing.assert_array_equal(found[0], free_s * np.float32(factor))
        np.testing.assert_array_equal(found[1], distance_m)
        assert travel.route("car", a, c, at=at).time_s == pytest.approx(float(found[0][0, 0]))
        knocked_s = travel.doors("car", [a, c], QUICK, at=at)[0][0, 1]
        assert knocked_s == pytest.approx(float(found[0][0, 0]) + 25)
    foot_s = travel.matrix("foot", [a], [c])[0]
    np.testing.assert_array_equal(travel.matrix("foot", [a], [c], at=_at(8))[0], foot_s)


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
