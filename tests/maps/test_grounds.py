"""Compounds: who is inside, which gate is used, and how two towers are apart."""

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta, timezone
from typing import Any

import numpy as np
import pytest

from maps.compounds import Compound, Entrance, Gate, GateRule
from maps.doors import Door
from maps.grounds import Grounds
from maps.land.gated_land import marked
from maps.profiles import MODES
from maps.travel import TravelTimes
from tests.maps import land
from tests.maps.climbs import QUICK

Draw = Callable[..., Any]
CHINA = timezone(timedelta(hours=8))
KNOCK_S = 25.0

YARD = """
    A----B---------C
         |         |
         G         |
         |         |
    D----E----F    |
                   |
    H--------------J
"""
"""A street ABCJH; behind the gate G a drive and two yards, D and F."""

SERVICE = {"highway": "service"}
DRIVES = {"BG": SERVICE, "GEF": SERVICE, "DE": SERVICE}
WALL = land.box(-0.5, 2, 10.5, 5)
TOWERS = tuple(
    Entrance(building=name, entrance="", lat=land.degrees(x, 4.2)[0], lon=land.degrees(x, 4.2)[1])
    for name, x in (("1", 0), ("2", 10))
)


def gate(drawing: Any, name: str = "G", **about: Any) -> Gate:
    at = drawing.at(name)
    given: dict[str, Any] = {"id": name, "modes": MODES, "rule": GateRule.SIGN_IN, **about}
    return Gate(lat=at.lat, lon=at.lon, **given)


def garden(*gates: Gate, boundary: Any = (WALL,), **about: Any) -> Compound:
    return Compound(id="w9", name="Garden", boundary=boundary, gates=gates, **about)


def door(spot: Any, **about: Any) -> Door:
    return Door(lat=spot.lat, lon=spot.lon, **about)


def bare(column: float, row: float) -> Door:
    """Return a door at a place on the drawing."""
    lat, lon = land.degrees(column, row)
    return Door(lat=lat, lon=lon)


def apart(travel: TravelTimes, mode: str, a: Door, b: Door, **at: int) -> tuple[float, float]:
    """Return seconds and metres between two doors, a knock left out."""
    time_s, distance_m = travel.doors(mode, [a, b], QUICK, **at)
    return float(time_s[0, 1]) - KNOCK_S * b.is_door, float(distance_m[0, 1])


@pytest.fixture
def yard(draw: Draw) -> Any:
    return draw(YARD, ways=DRIVES)


@pytest.fixture
def travel(yard: Any) -> TravelTimes:
    return TravelTimes(marked(yard.network(), [garden(gate(yard))]))


# --- where a place is ---------------------------------------------------------------------------


def test_a_point_lies_in_the_smallest_compound_around_it(yard: Any) -> None:
    """One estate within another; outside of all; no coordinate at all; no compounds at all."""
    inner = Compound(id="w1", boundary=(land.box(7, 3, 10.4, 4.9),))
    other = Compound(id="w2", boundary=(land.box(20, 20, 30, 30), land.box(40, 40, 50, 50)))
    grounds = Grounds([inner, other, garden()])
    north = yard.at("A")
    far = bare(45, 45)
    nowhere = Door(lat=float("nan"), lon=0.0)
    points = [yard.at("F"), yard.at("D"), north, far, nowhere]
    assert grounds.of(points).tolist() == [0, 2, -1, 1, -1]
    assert grounds.of([]).tolist() == []
    assert Grounds([]).of([north]).tolist() == [-1]


def test_an_address_says_more_than_a_point(yard: Any) -> None:
    """A geocoder that puts a door of the Garden on the street does not move it out of it."""
    grounds = Grounds([garden()])
    street = yard.at("A")
    named = [door(street, compound="w9"), door(street, compound="w8"), door(yard.at("F"))]
    assert grounds.of_doors(named).tolist() == [0, -1, 0]


def test_an_address_far_from_the_land_it_names_is_not_believed(yard: Any) -> None:
    """Neither is one whose compound is but a name, where the land says another."""
    name = Compound(id="w1", name="another Garden")
    grounds = Grounds([name, garden(gate(yard))])
    far = door(bare(45, 45), compound="w9")
    inside = door(yard.at("F"), compound="w1")
    outside = door(yard.at("A"), compound="w1")
    assert grounds.of_doors([far, inside, outside]).tolist() == [-1, 1, 0]


# --- gates --------------------------------------------------------------------------------------


@pytest.mark.parametrize("rule", list(GateRule))
def test_each_rule_of_a_gate_is_told(yard: Any, rule: GateRule) -> None:
    """Whoever decides about delays and permits gets the gate itself, whatever its rule."""
    only = gate(yard, rule=rule, sign_in_s=12)
    travel = TravelTimes(marked(yard.network(), [garden(only)]))
    assert travel.gates([door(yard.at("F")), door(yard.at("A"))]) == ("w9", "")
    assert [travel.gate("w9", mode) for mode in MODES] == [only] * 4
    assert travel.gate("w8", "car") is None
    assert travel.gate("", "car") is None


def test_the_easiest_gate_for_the_mode_is_used(yard: Any) -> None:
    """OPEN before SIGN_IN before PERMIT, a short list before a long one, then by id."""
    permit = gate(yard, "B", rule=GateRule.PERMIT)
    long = gate(yard, "E", sign_in_s=60)
    usual = gate(yard, "F")
    foot = gate(yard, "G", rule=GateRule.OPEN, modes=("foot",))
    grounds = Grounds([garden(permit, long, usual, foot)])
    assert grounds.gate("w9", "car", None) is long
    assert grounds.gate("w9", "foot", None) is foot
    assert Grounds([garden(permit, usual)]).gate("w9", "car", None) is usual
    assert Grounds([garden(permit)]).gate("w9", "car", None) is permit
    twins = [gate(yard, "F", id=name) for name in ("b", "a")]
    assert Grounds([garden(*twins)]).gate("w9", "car", None) is twins[1]


def test_who_does_not_fit_through_gets_in_on_foot(yard: Any) -> None:
    """A car at a compound with a gate for people only is left outside; a garage has none."""
    foot = gate(yard, modes=("foot",), rule=GateRule.PERMIT)
    assert Grounds([garden(foot)]).gate("w9", "car", None) is foot
    cars = gate(yard, modes=("car",))
    assert Grounds([garden(cars)]).gate("w9", "foot", None) is None


@pytest.mark.parametrize(
    ("opens", "closes", "open_at", "shut_at"),
    [
        (6, 22, (6, 12, 21), (22, 0, 5)),
        (20, 6, (20, 23, 0, 5), (6, 12, 19)),
        (0, 24, (0, 12, 23), ()),
    ],
)
def test_a_gate_keeps_its_hours(
    yard: Any, opens: int, closes: int, open_at: Sequence[int], shut_at: Sequence[int]
) -> None:
    """By the local clock, over midnight too; without an hour it counts as open."""
    timed = gate(yard, opens_s=opens * 3600, closes_s=closes * 3600)
    network = marked(yard.network(), [garden(timed)])
    travel = TravelTimes(network, timezone=CHINA)

    def at(hour: int) -> int:
        return int(datetime(2026, 3, 4, hour, tzinfo=CHINA).timestamp())

    assert travel.gate("w9", "car") is timed
    assert all(travel.gate("w9", "car", at=at(hour)) is timed for hour in open_at)
    assert all(travel.gate("w9", "car", at=at(hour)) is None for hour in shut_at)


def test_at_night_another_gate_is_used(yard: Any) -> None:
    """The easier gate is shut; a motorist walks in where only people are let in by then."""
    day = gate(yard, "G", rule=GateRule.OPEN, opens_s=6 * 3600, closes_s=22 * 3600)
    night = gate(yard, "E", rule=GateRule.PERMIT)
    grounds = Grounds([garden(day, night)])
    assert grounds.gate("w9", "car", 12 * 3600) is day
    assert grounds.gate("w9", "car", 23 * 3600) is night


def test_a_booth_at_the_gate_needs_no_entry(yard: Any) -> None:
    """A shop deep inside does, and so does a door right behind the gate."""
    grounds = Grounds([garden(gate(yard))])
    at_gate, inside = yard.along("G", "E", 0.2), yard.at("F")
    assert grounds.is_behind(0, door(inside, is_door=False))
    assert grounds.is_behind(0, door(at_gate))
    assert not grounds.is_behind(0, door(at_gate, is_door=False))
    assert not Grounds([garden()]).is_behind(0, door(inside))


# --- roads and towers ---------------------------------------------------------------------------


@pytest.mark.parametrize("mode", MODES)
def test_two_towers_are_joined_by_the_compound_s_own_paths(
    travel: TravelTimes, yard: Any, mode: str
) -> None:
    """From yard to yard by the drive, 500 m; nobody leaves by the gate."""
    towers = door(yard.at("D")), door(yard.at("F"))
    time_s, distance_m = apart(travel, mode, *towers)
    assert distance_m == pytest.approx(500, abs=0.5)
    # The road alone answers the same.
    assert distance_m == pytest.approx(travel.matrix(mode, *([t] for t in towers))[1][0, 0])
    assert time_s == pytest.approx(travel.matrix(mode, *([t] for t in towers))[0][0, 0])


def test_without_paths_on_the_map_one_walks_straight(draw: Draw) -> None:
    """1.3 times the straight line at 5 km/h, whatever brought the courier to the gate."""
    drawing = draw("A---------B---------C")
    fence = land.box(2, 0.4, 18, 6)
    at = bare(10, 0.5)
    only = Gate(id="g", modes=MODES, rule=GateRule.OPEN, lat=at.lat, lon=at.lon)
    travel = TravelTimes(marked(drawing.network(), [garden(only, boundary=(fence,))]))
    towers = bare(6, 4), bare(14, 4)
    for mode in MODES:
        time_s, distance_m = apart(travel, mode, *towers)
        assert distance_m == pytest.approx(400 * 1.3, abs=0.5)
        assert time_s == pytest.approx(400 * 1.3 * 3.6 / 5, abs=0.5)


def test_a_car_stops_at_a_gate_for_people(yard: Any, draw: Draw) -> None:
    """It is left on the street before the gate, and the rest is walked, x 1.3."""
    paths = {name: {"highway": "footway"} for name in DRIVES}
    drawing = draw(YARD, ways=paths)
    only = gate(drawing, modes=("foot",))
    travel = TravelTimes(marked(drawing.network(), [garden(only)]))
    street, inside = door(drawing.at("A")), door(drawing.at("E"))
    # From A to B by road; from there to G and on to E across the land.
    time_s, distance_m = apart(travel, "car", street, inside)
    assert distance_m == pytest.approx(250 + 100 + 1.3 * 100, abs=0.5)
    assert time_s == pytest.approx(250 * 3.6 / 25 + 230 * 3.6 / 5, abs=1.0)
    assert apart(travel, "foot", street, inside)[1] == pytest.approx(450, abs=0.5)
    towers = door(drawing.at("D")), door(drawing.at("F"))
    assert apart(travel, "car", *towers)[1] == pytest.approx(500 * 1.3, abs=0.5)
    assert apart(travel, "foot", *towers)[1] == pytest.approx(500, abs=0.5)


@pytest.mark.parametrize("mode", MODES)
def test_nobody_climbs_over_the_wall(travel: TravelTimes, yard: Any, mode: str) -> None:
    """The street below passes close to the yards: they are reached from it by the gate only."""
    inside, outside = yard.along("D", "E", 0.5), yard.along("H", "J", 0.25)
    round_by_gate = (15 - 0.25 * 15) * 50 + 300 + 10 * 50 + 200 + 0.5 * 250
    expected = pytest.approx(round_by_gate, abs=0.5)
    assert travel.matrix(mode, [outside], [inside])[1][0, 0] == expected
    assert travel.matrix(mode, [inside], [outside])[1][0, 0] == expected


def test_a_point_before_the_wall_belongs_to_the_street(travel: TravelTimes, yard: Any) -> None:
    """5 m below the yard's wall and 45 m above the street: it snaps to the street."""
    outside, street = bare(3, 5.1), yard.along("H", "J", 0.2)
    assert travel.snap_distance_m("foot", [outside]) == pytest.approx([45], abs=0.2)
    assert travel.matrix("foot", [street], [outside])[1][0, 0] == pytest.approx(45, abs=0.3)


def test_the_map_knows_where_a_tower_is_entered(yard: Any) -> None:
    """Two doors of one building that were geocoded apart are behind one entrance."""
    network = marked(yard.network(), [garden(gate(yard), entrances=TOWERS)])
    travel = TravelTimes(network)
    address = {"compound": "w9", "building": "1"}
    here = door(yard.at("A"), **address, door_key="101")
    there = door(yard.at("F"), **address, door_key="301", floor=3)
    second = door(yard.at("A"), compound="w9", building="2", door_key="x")
    assert apart(travel, "foot", here, there) == (18, 0)
    # From tower to tower: 10 m to the drive, 500 m along it, 10 m to the door.
    assert apart(travel, "foot", here, second)[1] == pytest.approx(520, abs=0.5)


def test_the_compound_s_roads_are_no_shortcut(draw: Draw) -> None:
    """With a second gate at the back everybody else still goes round."""
    drawing = draw(
        """
        A----B---------C
             |         |
             G         |
             |         |
        D----E----F    |
             |         |
        H----J---------K
        """,
        ways={**DRIVES, "EJ": SERVICE},
    )
    both = garden(gate(drawing), gate(drawing, "E", id="back"))
    travel = TravelTimes(marked(drawing.network(), [both]))
    north, south = drawing.along("A", "B", 0.8), drawing.along("H", "J", 0.8)
    for mode in MODES:
        metres = travel.matrix(mode, [north], [south])[1][0, 0]
        assert metres == pytest.approx(50 + 500 + 300 + 500 + 50, abs=0.5)
        inside = travel.matrix(mode, [drawing.at("F")], [south])[1][0, 0]
        assert inside == pytest.approx(250 + 100 + 50, abs=0.5)


def test_which_ground_a_place_is_on_is_known(travel: TravelTimes, yard: Any) -> None:
    """Both yards are one ground, the street is none."""
    kept = travel._mode("car", None)
    spots = [yard.at("D"), yard.at("F"), yard.at("A")]
    number = Grounds(travel.network.compounds).of(spots)
    lat, lon = (np.array([getattr(spot, name) for spot in spots]) for name in ("lat", "lon"))
    reached = kept.snapper.reach(lat, lon, number, limit_m=100)
    located = kept.graph.locate(lat, lon, reached.edge, reached.fraction, reached.access)
    ground = kept.graph.ground[located.edge]
    assert ground[0] == ground[1] >= 0
    assert ground[2] == -1


def test_two_towers_behind_a_long_private_drive_stay_inside(draw: Draw) -> None:
    """Both are reached by the gate at the drive's end; the way between them passes no gate."""
    drawing = draw("A----B----G", ways={"BG": {**SERVICE, "access": "private"}})
    travel = TravelTimes(
        marked(drawing.network(), [garden(gate(drawing), boundary=(land.box(9.9, -2, 30, 2),))])
    )
    towers = [bare(16, 0.0), bare(16, 0.4)]
    for mode in MODES:
        assert apart(travel, mode, *towers)[1] == pytest.approx(20 * 1.3, abs=0.5)


def test_an_errand_in_one_compound_is_none_in_the_next(draw: Draw) -> None:
    """From A one leaves by A's own gate, although the way through B is shorter."""
    drawing = draw(
        """
        A----B----C----D
        |              |
        |    E----F    |
        |    |    |    |
        H----G    J----K
        """,
        ways={
            "AH": {"highway": "residential"},
            "GE": SERVICE,
            "EF": SERVICE,
            "FJ": SERVICE,
            "HG": {"highway": "residential", "surface": "mud"},
        },
    )
    west = Compound(id="w1", boundary=(land.box(3, 1, 7, 3.9),), gates=(gate(drawing),))
    east = Compound(id="w2", boundary=(land.box(7.1, 1, 12, 3.9),), gates=(gate(drawing, "J"),))
    travel = TravelTimes(marked(drawing.network(), [west, east]))
    here, street = drawing.along("E", "G", 0.5), drawing.along("J", "K", 0.9)
    way = travel.route("car", here, street)
    points = [(drawing.at(name).lat, drawing.at(name).lon) for name in "EF"]
    assert not set(points) & set(way.polyline)


def test_the_map_knows_which_tower_has_a_lift(yard: Any) -> None:
    """What a door does not say its entrance does; what it says counts."""
    tower = Entrance(building="1", entrance="", lat=TOWERS[0].lat, lon=TOWERS[0].lon, has_lift=True)
    travel = TravelTimes(marked(yard.network(), [garden(gate(yard), entrances=(tower,))]))
    about = {"compound": "w9", "building": "1", "door_key": "x", "floor": 30}
    here = yard.at("A")
    unsaid, without = door(here, **about), door(here, **about, has_lift=False)
    street = Door(lat=here.lat, lon=here.lon, is_door=False)
    up_s = [apart(travel, "foot", street, one)[0] for one in (unsaid, without)]
    assert up_s[0] < up_s[1]


def test_what_is_extended_is_what_doors_ask_for(yard: Any) -> None:
    """An address with an entrance of its own is kept where it is entered."""
    travel = TravelTimes(marked(yard.network(), [garden(gate(yard), entrances=TOWERS)]))
    asked = [door(yard.at("A"), compound="w9", building="1"), door(yard.at("C"))]
    travel.extend("foot", asked[:1])
    travel.doors("foot", asked, QUICK)
    assert len(travel._mode("foot", None).known) == 2
