"""Streets, areas and gates that are closed for a while."""

from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from maps import graph
from maps.compounds import Compound, Gate, GateRule
from maps.doors import Door
from maps.earth import METRES_PER_DEGREE
from maps.land.gated_land import marked
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.profiles import MODES
from maps.straight import StraightLine
from maps.travel import CLOSED_VIEWS, TravelTimes
from tests.maps import land
from tests.maps.climbs import QUICK
from tests.maps.networks import Kind, Plan, Road

Draw = Callable[..., Any]

GRID = """
    A----B----C
    |    |    |
    D----E----F
    |    |    |
    G----H----J
"""
"""250 m across, 100 m down. Ways by their letters: AB is 100, AD 101, BC 102, BE 103, CF 104."""


@dataclass(frozen=True)
class Shut:
    """A closure, as whoever has one may write it."""

    kind: str
    ref: str = ""
    ring: tuple[tuple[float, float], ...] = ()
    until: int = 0


BC = Shut("STREET", "102")


def metres(travel: TravelTimes, mode: str, a: Any, b: Any) -> float:
    """Return the way from a to b."""
    return float(travel.matrix(mode, [a], [b])[1][0, 0])


# --- streets ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("small_work", [0, graph.SMALL_WORK])
def test_a_closed_street_is_gone_around(
    draw: Draw, mode: str, small_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By either engine, for every mode; the open times stay as they are."""
    monkeypatch.setattr(graph, "SMALL_WORK", small_work)
    grid = draw(GRID)
    travel = grid.travel()
    for ref in ("102", "w102", "way/102"):
        closed = travel.closed([Shut("STREET", ref)])
        assert metres(closed, mode, grid.at("A"), grid.at("C")) == pytest.approx(700, abs=2)
        assert metres(closed, mode, grid.at("C"), grid.at("B")) == pytest.approx(450, abs=2)
    assert metres(travel, mode, grid.at("A"), grid.at("C")) == pytest.approx(500, abs=2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("small_work", [0, graph.SMALL_WORK])
def test_nobody_gets_to_a_closed_street_or_away(
    draw: Draw, mode: str, small_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nor along it; a place is still where it is, and all others are reached."""
    monkeypatch.setattr(graph, "SMALL_WORK", small_work)
    grid = draw(GRID)
    on_it, farther = grid.along("B", "C", 0.4), grid.along("B", "C", 0.8)
    points = [grid.at("A"), on_it, farther, grid.at("C")]
    time_s, distance_m = grid.travel().closed([BC]).matrix(mode, points, points)
    expected = np.ones((4, 4), bool)
    expected[1:3] = expected[:, 1:3] = False
    np.fill_diagonal(expected, val=True)
    np.testing.assert_array_equal(np.isfinite(time_s), expected)
    np.testing.assert_array_equal(np.isfinite(distance_m), expected)


def test_several_streets_are_closed_together(draw: Draw) -> None:
    """With BC and CF closed nobody gets to the corner C; with one of them, everybody."""
    grid = draw(GRID)
    travel = grid.travel()
    both = travel.closed([BC, Shut("STREET", "104")])
    assert metres(both, "car", grid.at("A"), grid.at("C")) == np.inf
    assert metres(both, "car", grid.at("A"), grid.at("F")) == pytest.approx(600, abs=2)
    assert metres(both.closed([BC]), "car", grid.at("A"), grid.at("C")) < 800


def test_a_route_goes_around_or_is_none(draw: Draw) -> None:
    """Drawn along open streets; without a way both figures are inf."""
    grid = draw(GRID)
    travel = grid.travel()
    around = travel.closed([BC]).route("bicycle", grid.at("A"), grid.at("C"))
    assert (grid.at("F").lat, grid.at("F").lon) in [
        pytest.approx(point, abs=1e-6) for point in around.polyline
    ]
    assert around.distance_m == pytest.approx(700, abs=2)
    none = travel.closed([BC]).route("bicycle", grid.at("A"), grid.along("B", "C", 0.5))
    assert (none.time_s, none.distance_m, len(none.polyline)) == (np.inf, np.inf, 2)


# --- areas -----------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_an_area_closes_what_touches_it(draw: Draw, mode: str) -> None:
    """A junction with all its streets, and a street that only crosses it."""
    grid = draw(GRID)
    travel = grid.travel()
    round_e = travel.closed([Shut("AREA", ring=land.box(4, 1.5, 6, 2.5)[:-1])])
    assert metres(travel, mode, grid.at("D"), grid.at("F")) == pytest.approx(500, abs=2)
    assert metres(round_e, mode, grid.at("D"), grid.at("F")) == pytest.approx(700, abs=2)
    assert metres(round_e, mode, grid.at("D"), grid.at("E")) == np.inf
    across_ab = travel.closed([Shut("AREA", ring=land.box(2, -0.5, 3, 0.5)[:-1])])
    assert metres(across_ab, mode, grid.at("A"), grid.at("B")) == pytest.approx(450, abs=2)
    assert metres(across_ab, mode, grid.at("D"), grid.at("F")) == pytest.approx(500, abs=2)


def test_a_door_in_a_closed_area_is_not_reached(draw: Draw) -> None:
    """Even where its street lies outside; it comes back when the area is open again."""
    grid = draw(GRID)
    travel = grid.travel()
    spot = grid.along("A", "B", 0.5, north_m=30)
    inside, outside = (Door(lat=at.lat, lon=at.lon) for at in (spot, grid.at("E")))
    around = Shut("AREA", ring=land.box(2, -0.9, 3, -0.3)[:-1])
    closed = travel.closed([around])
    for mode in MODES:
        time_s, _ = closed.doors(mode, [inside, outside, outside], QUICK)
        assert np.isinf(time_s[0, 1:]).all()
        assert np.isinf(time_s[1:, 0]).all()
        assert np.isfinite(time_s[1:, 1:]).all()
        assert np.isfinite(travel.doors(mode, [inside, outside], QUICK)[0]).all()
        assert metres(closed, mode, inside, outside) == np.inf
        assert metres(closed, mode, inside, inside) == 0
    assert closed.route("foot", inside, outside).time_s == np.inf


def test_an_area_whose_line_crosses_itself_is_closed(draw: Draw) -> None:
    """A ring drawn by hand is not always simple; it is not refused in the middle of a plan."""
    grid = draw(GRID)
    corners = land.box(4, 1.5, 6, 2.5)
    bow = (corners[0], corners[2], corners[1], corners[3])
    closed = grid.travel().closed([Shut("AREA", ring=bow)])
    assert metres(closed, "foot", grid.at("D"), grid.at("F")) > 600


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("small_work", [0, graph.SMALL_WORK])
def test_everything_may_be_closed(
    draw: Draw, mode: str, small_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A storm over the whole town: nobody gets anywhere, and nothing breaks."""
    monkeypatch.setattr(graph, "SMALL_WORK", small_work)
    grid = draw(GRID)
    closed = grid.travel().closed([Shut("AREA", ring=land.box(-9, -9, 99, 99)[:-1])])
    doors = [Door(lat=grid.at(name).lat, lon=grid.at(name).lon) for name in "ACJ"]
    assert (np.isfinite(closed.matrix(mode, doors, doors)[0]) == np.eye(3, dtype=bool)).all()
    assert (np.isfinite(closed.doors(mode, doors, QUICK)[0]) == np.eye(3, dtype=bool)).all()
    closed.extend(mode, doors)
    assert closed.route(mode, doors[0], doors[1]).time_s == np.inf


# --- gates -----------------------------------------------------------------------------

YARD = """
    A----B----C----D
         |    |
         G    H
         |    |
         E----F
"""
"""A street, and behind the gates G and H a yard with the drive GEFH."""


@pytest.fixture
def yard(draw: Draw) -> Any:
    ways = {way: {"highway": "service"} for way in ("BG", "GE", "EF", "CH", "HF")}
    gates = {"G": {"barrier": "gate"}, "H": {"barrier": "gate"}}
    return draw(YARD, ways=ways, nodes=gates)


def gated(yard: Any, *, own_ids: bool = True) -> TravelTimes:
    """Return travel times with the yard as a compound; its gates bear ids of nodes, or names."""
    gates = tuple(
        Gate(
            id=f"n{sorted(yard.cells).index(name) + 1}" if own_ids else f"gate-{name}",
            lat=yard.at(name).lat + (0 if own_ids else 2e-5),
            lon=yard.at(name).lon,
            modes=MODES,
            rule=rule,
        )
        for name, rule in (("G", GateRule.OPEN), ("H", GateRule.SIGN_IN))
    )
    compound = Compound(id="w9", boundary=(land.box(4, 2, 11, 5),), gates=gates)
    return TravelTimes(marked(yard.network(), [compound]))


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("own_ids", [True, False])
@pytest.mark.parametrize("small_work", [0, graph.SMALL_WORK])
def test_a_closed_gate_sends_everybody_to_the_other(
    yard: Any, mode: str, *, own_ids: bool, small_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """In and out; the drive behind it is reached from within, the street before it as ever."""
    monkeypatch.setattr(graph, "SMALL_WORK", small_work)
    travel = gated(yard, own_ids=own_ids)
    name = f"n{sorted(yard.cells).index('G') + 1}" if own_ids else "gate-G"
    closed = travel.closed([Shut("GATE", name)])
    street, behind = yard.at("B"), yard.along("G", "E", 0.2)
    assert metres(travel, mode, street, behind) == pytest.approx(120, abs=3)
    assert metres(closed, mode, street, behind) == pytest.approx(780, abs=3)
    assert metres(closed, mode, behind, street) == pytest.approx(780, abs=3)
    assert metres(closed, mode, behind, yard.at("E")) == pytest.approx(80, abs=2)
    before = yard.along("B", "G", 0.8)
    assert metres(closed, mode, yard.at("A"), before) == pytest.approx(330, abs=3)
    assert metres(closed, mode, yard.at("A"), yard.at("D")) == pytest.approx(750, abs=2)


@pytest.mark.parametrize("mode", MODES)
@pytest.mark.parametrize("small_work", [0, graph.SMALL_WORK])
def test_a_closed_compound_is_closed_at_every_gate(
    yard: Any, mode: str, small_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Who is inside moves about, nobody comes or goes, and the street goes on."""
    monkeypatch.setattr(graph, "SMALL_WORK", small_work)
    closed = gated(yard).closed([Shut("GATE", "w9")])
    inside, also = yard.along("G", "E", 0.5), yard.along("F", "H", 0.5)
    assert metres(closed, mode, yard.at("A"), inside) == np.inf
    assert metres(closed, mode, inside, yard.at("A")) == np.inf
    assert metres(closed, mode, inside, also) == pytest.approx(350, abs=3)
    assert metres(closed, mode, yard.at("A"), yard.at("D")) == pytest.approx(750, abs=2)


def test_a_closed_gate_lets_nobody_in(yard: Any) -> None:
    """Then the next easiest counts; with all of them closed there is none."""
    travel = gated(yard)
    g, h = (f"n{sorted(yard.cells).index(name) + 1}" for name in "GH")
    easiest = travel.gate("w9", "car")
    assert easiest is not None
    assert easiest.id == g
    other = travel.closed([Shut("GATE", g)]).gate("w9", "car")
    assert other is not None
    assert (other.id, other.rule) == (h, GateRule.SIGN_IN)
    for closures in ([Shut("GATE", "w9")], [Shut("GATE", g), Shut("GATE", h)]):
        assert travel.closed(closures).gate("w9", "car") is None
    # A door behind it is behind it still: that is how the dispatcher knows.
    behind = Door(lat=yard.at("E").lat, lon=yard.at("E").lon)
    assert travel.closed([Shut("GATE", "w9")]).gates([behind]) == ("w9",)


def test_a_barrier_on_a_street_is_closed_like_a_gate(draw: Draw) -> None:
    """By the id of its node, where no compound has it."""
    grid = draw(GRID, nodes={"E": {"barrier": "lift_gate"}})
    closed = grid.travel().closed([Shut("GATE", "node/5")])
    assert metres(closed, "car", grid.at("D"), grid.at("F")) == pytest.approx(700, abs=2)


# --- views -----------------------------------------------------------------------------


def test_equal_closures_share_a_view(draw: Draw) -> None:
    """Whatever else they say; and nothing is computed twice for it."""
    travel = draw(GRID).travel()
    first = travel.closed([BC, Shut("STREET", "100")])
    assert travel.closed([Shut("STREET", "100", until=9), replace(BC, until=7)]) is first
    assert first.closed([BC]) is travel.closed([BC])
    assert first.closed([]) is travel
    assert travel.closed(()) is travel


def test_old_views_are_forgotten(draw: Draw) -> None:
    """The least recently used first: closures come and go all day."""
    travel = draw(GRID).travel()
    views = [travel.closed([Shut("STREET", str(way))]) for way in range(100, 100 + CLOSED_VIEWS)]
    assert travel.closed([Shut("STREET", "100")]) is views[0]
    travel.closed([Shut("STREET", "109")])
    assert travel.closed([Shut("STREET", "100")]) is views[0]
    assert travel.closed([Shut("STREET", "101")]) is not views[1]


def test_a_view_builds_no_graph_and_no_order(draw: Draw, monkeypatch: pytest.MonkeyPatch) -> None:
    """It shares states and order with the open times: a closure is new weights."""
    travel = draw(GRID).travel()
    travel.prepare("car")

    def built(*_: Any, **__: Any) -> Any:
        pytest.fail("it is built again")

    monkeypatch.setattr("maps.travel.ModeGraph", built)
    monkeypatch.setattr("maps.hierarchy.eliminated", built)
    closed = travel.closed([BC])
    closed.prepare("car")
    ours, theirs = closed._mode("car", None).graph, travel._mode("car", None).graph
    assert ours.hierarchy._topology is theirs.hierarchy._topology


def test_what_is_not_on_the_map_is_known_not_to_be(yard: Any) -> None:
    """So that whoever closes it hears of it; it closes nothing."""
    travel = gated(yard)
    street = str(travel.network.way_id[0])
    area = Shut("AREA", ring=land.box(0, 0, 1, 1)[:-1])
    for closure in (Shut("STREET", street), Shut("GATE", "w9"), Shut("GATE", "n1"), area):
        assert travel.knows(closure)
    far = Shut("AREA", ring=tuple((lat + 1, lon) for lat, lon in area.ring))
    nowhere = (Shut("STREET", "7"), Shut("STREET", "Main St"), Shut("GATE", "south"), far)
    for closure in nowhere:
        assert not travel.knows(closure)
        closed = travel.closed([closure])
        assert metres(closed, "car", yard.at("A"), yard.at("D")) == pytest.approx(750, abs=2)


def test_the_straight_line_has_no_streets() -> None:
    """The twin for tests has the same methods."""
    straight = StraightLine()
    assert straight.closed([BC]) is straight
    assert straight.knows(BC)


# --- against a map without them --------------------------------------------------------


def a_town(seed: int) -> RoadNetwork:
    """Return a grid of streets of random lengths, some of them one-way."""
    rng = np.random.default_rng(seed)
    size = 7
    nodes = [(100.0 * (n % size), 100.0 * (n // size)) for n in range(size * size)]
    pairs = [(n, n + 1) for n in range(size * size) if n % size < size - 1]
    pairs += [(n, n + size) for n in range(size * (size - 1))]
    kinds = [Kind(dict.fromkeys(MODES, (18.0, back))) for back in (18.0, 0.0)] + [Kind({})]
    roads = [
        Road(a, b, kind=int(rng.random() < 0.2), length_dm=int(rng.integers(1000, 3000)))
        for a, b in pairs
    ]
    return Plan(nodes=nodes, roads=roads, kinds=kinds).network()


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("mode", ["foot", "bicycle", "ebike"])
@pytest.mark.parametrize("small_work", [0, graph.SMALL_WORK])
def test_closed_times_are_those_of_a_map_without_the_streets(
    seed: int, mode: str, small_work: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    """To the last bit, between all corners that such a map still joins.

    For cars they may be longer by turns: a crossing with a closed street is still a crossing.
    """
    monkeypatch.setattr(graph, "SMALL_WORK", small_work)
    network = a_town(seed)
    shut = np.random.default_rng(seed).choice(network.edge_count, 8, replace=False)
    tag_set = network.tag_set.copy()
    tag_set[shut] = 2
    less = graph.ModeGraph(replace(network, tag_set=tag_set), mode)
    there = np.unique(np.concatenate((network.tail[less.edge], network.head[less.edge])))
    points = [Door(lat=network.node_lat[n], lon=network.node_lon[n]) for n in there.tolist()]
    closed = TravelTimes(network).closed([Shut("STREET", str(way)) for way in shut.tolist()])
    rebuilt = TravelTimes(replace(network, tag_set=tag_set))
    for ours, theirs in zip(
        closed.matrix(mode, points, points), rebuilt.matrix(mode, points, points), strict=True
    ):
        np.testing.assert_array_equal(ours, theirs)


@pytest.mark.parametrize("seed", range(4))
def test_both_engines_agree_about_cars(seed: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """From and to places on open and closed streets alike, no way among the answers."""
    network = a_town(seed)
    rng = np.random.default_rng(seed)
    ways = rng.choice(network.edge_count, 12, replace=False).tolist()
    spots = rng.uniform(0, 600 / METRES_PER_DEGREE, (40, 2)).tolist()
    points = [Door(lat=lat, lon=lon) for lat, lon in spots]
    answers = []
    for small_work in (0, graph.SMALL_WORK):
        monkeypatch.setattr(graph, "SMALL_WORK", small_work)
        closed = TravelTimes(network).closed([Shut("STREET", str(way)) for way in ways])
        answers.append(closed.matrix("car", points, points))
    for one, other in zip(*answers, strict=True):
        np.testing.assert_array_equal(one, other)
    assert 0.2 < np.isfinite(answers[0][0]).mean() < 1


@pytest.mark.slow
def test_a_real_town_is_closed_quickly_and_rightly(data_dir: Path, tmp_path: Path) -> None:
    """Krems with its busiest ways closed: no way there is faster, and no route drives them."""
    path = data_dir / "osm" / "krems.osm.gz"
    if not path.is_file():
        pytest.skip(f"published data: there is no {path}")
    travel = TravelTimes(load_map(path, cache_dir=tmp_path))
    network = travel.network
    ways, counts = np.unique(network.way_id, return_counts=True)
    busiest = ways[np.argsort(-counts)[:5]]
    closed = travel.closed([Shut("STREET", str(way)) for way in busiest.tolist()])
    rng = np.random.default_rng(3)
    nodes = rng.choice(network.node_count, 60, replace=False)
    points = [Door(lat=network.node_lat[n], lon=network.node_lon[n]) for n in nodes.tolist()]
    on_it = set(network.way_id.tolist()) & set(busiest.tolist())
    assert len(on_it) == 5
    for mode in ("foot", "car"):
        near = travel.snap_distance_m(mode, points) < 200
        known = [point for point, is_near in zip(points, near, strict=True) if is_near]
        before, after = (times.matrix(mode, known, known)[0] for times in (travel, closed))
        assert (after >= before).all()
        assert (after > before).any()
        assert np.isfinite(after).mean() > 0.5
        kept = closed._mode(mode, None)
        places = closed._all_located(mode, kept, known)
        for i in range(0, len(known) - 1, 2):
            way = kept.graph.way(places.take(np.array([i])), places.take(np.array([i + 1])))
            assert not {int(network.way_id[edge]) for edge, *_ in way.pieces} & on_it
