"""What cars and wheels may do, on drawn roads."""

from collections.abc import Callable
from typing import Any

import pytest

from maps.travel import TravelTimes

Draw = Callable[..., Any]
CAR_M_PER_S = 25 / 3.6
RIGHT_ANGLE_S, TURN_ROUND_S = 3.0, 20.0

CROSS = """
       N
       |
       |
    W--X----E
       |
       S
"""


def _way(travel: TravelTimes, mode: str, a: Any, b: Any) -> tuple[float, float]:
    """Return metres, and seconds beyond driving them at 25 km/h."""
    time_s, distance_m = (float(part[0, 0]) for part in travel.matrix(mode, [a], [b]))
    route = travel.route(mode, a, b)
    assert (route.time_s, route.distance_m) == (time_s, distance_m)
    return distance_m, time_s - distance_m / CAR_M_PER_S


def _is(metres: float, seconds: float = 0.0) -> Any:
    return pytest.approx((metres, seconds), abs=0.5)


def test_a_turn_costs_by_its_angle(draw: Draw) -> None:
    """Straight on nothing, a right angle three seconds; on a bicycle and on foot nothing."""
    drawing = draw(CROSS)
    travel = drawing.travel()
    south, north, east = (drawing.along("X", name, 0.5) for name in "SNE")
    assert _way(travel, "car", south, north) == _is(50 + 75)
    assert _way(travel, "car", south, east) == _is(50 + 125, RIGHT_ANGLE_S)
    assert _way(travel, "car", north, east) == _is(75 + 125, RIGHT_ANGLE_S)
    assert _way(travel, "ebike", south, east) == _is(50 + 125)


def test_a_bend_is_no_turn(draw: Draw) -> None:
    """Where two ways meet, one road goes on."""
    drawing = draw(
        """
        A--B
           |
           C
        """
    )
    travel = drawing.travel()
    assert _way(travel, "car", drawing.at("A"), drawing.at("C")) == _is(250)


def test_from_a_corner_no_turn_is_paid(draw: Draw) -> None:
    """Whoever stands on a junction may leave it, and stop on it, in any direction."""
    drawing = draw(CROSS)
    travel = drawing.travel()
    assert _way(travel, "car", drawing.at("X"), drawing.at("E")) == _is(250)
    assert _way(travel, "car", drawing.at("E"), drawing.at("X")) == _is(250)


def test_a_forbidden_left_turn_is_made_by_a_dead_end(draw: Draw) -> None:
    """The car goes straight on to the end of the road, turns round and comes back."""
    drawing = draw(CROSS, turns=[("SX", "X", "WX", "no_left_turn")])
    travel = drawing.travel()
    south, west, east = (drawing.along("X", name, 0.5) for name in "SWE")
    there_and_back = 2 * 150
    assert _way(travel, "car", south, west) == _is(
        50 + there_and_back + 75, RIGHT_ANGLE_S + TURN_ROUND_S
    )
    assert _way(travel, "car", west, south) == _is(125, RIGHT_ANGLE_S)
    assert _way(travel, "car", south, east) == _is(175, RIGHT_ANGLE_S)
    assert _way(travel, "foot", south, west)[0] == pytest.approx(125, abs=0.5)


def test_a_restriction_may_leave_bicycles_out(draw: Draw) -> None:
    """The e-bike, which rides by the bicycle's rules, turns where the car may not."""
    tags = {"restriction": "no_left_turn", "except": "bicycle"}
    drawing = draw(CROSS, turns=[("SX", "X", "WX", tags)])
    travel = drawing.travel()
    south, west = drawing.along("X", "S", 0.5), drawing.along("X", "W", 0.5)
    assert _way(travel, "ebike", south, west) == _is(125)
    assert _way(travel, "car", south, west)[0] > 200


def test_only_straight_on_forbids_both_turns(draw: Draw) -> None:
    """Left and right are reached by the dead end behind the junction."""
    drawing = draw(CROSS, turns=[("SX", "X", "NX", "only_straight_on")])
    travel = drawing.travel()
    south, west, east, north = (drawing.along("X", name, 0.5) for name in "SWEN")
    around = 50 + 2 * 150
    assert _way(travel, "car", south, north) == _is(50 + 75)
    assert _way(travel, "car", south, west) == _is(around + 75, RIGHT_ANGLE_S + TURN_ROUND_S)
    assert _way(travel, "car", south, east) == _is(around + 125, RIGHT_ANGLE_S + TURN_ROUND_S)


DUAL = """
    A>>>>B>>>>D
    ^    %    v
    ^    %    v
    E<<<<F<<<<H
    ^    v
    T<<<<S
"""


@pytest.mark.parametrize("middle", ["|", "v"])
def test_a_u_turn_over_the_middle_road_is_forbidden_as_a_whole(draw: Draw, middle: str) -> None:
    """The restriction's via is a way: into it and out of it one may turn, but not in a row.

    So it stays where the middle road is one-way and nobody else can drive into it.
    """
    ban = ("AB", "BF", "FE", "no_u_turn")
    free = draw(DUAL.replace("%", middle)).travel()
    drawing = draw(DUAL.replace("%", middle), turns=[ban])
    travel = drawing.travel()
    here, there = drawing.along("A", "B", 0.5), drawing.along("F", "E", 0.5)
    on_middle = drawing.along("B", "F", 0.5)
    assert _way(free, "car", here, there)[0] == pytest.approx(125 + 150 + 125, abs=0.5)
    assert _way(travel, "car", here, there)[0] == pytest.approx(900, abs=0.5)
    assert _way(travel, "car", here, on_middle)[0] == pytest.approx(200, abs=0.5)
    assert _way(travel, "car", on_middle, there)[0] == pytest.approx(200, abs=0.5)


def test_a_roundabout_is_driven_one_way_round(draw: Draw) -> None:
    """From the east to the west by the south, from the west to the east by the north."""
    drawing = draw(
        """
        A--B--C--D
           |  |
           F--E
        """,
        ways={"BCEFB": {"junction": "roundabout"}},
    )
    travel = drawing.travel()
    west, east = drawing.along("A", "B", 0.5), drawing.along("C", "D", 0.5)
    assert _way(travel, "car", west, east)[0] == pytest.approx(75 + 150 + 75, abs=0.5)
    assert _way(travel, "car", east, west)[0] == pytest.approx(75 + 100 + 150 + 100 + 75, abs=0.5)
    assert _way(travel, "foot", east, west)[0] == pytest.approx(300, abs=0.5)


def test_cars_do_not_turn_round_in_the_middle_of_a_street(draw: Draw) -> None:
    """No left turn at X: round the block it takes longer than to the bend at E and back."""
    drawing = draw(
        """
        W--X--E
        |  ^  |
        |  ^  |
        L--Z--R--Q
        """,
        turns=[("ZX", "X", "XW", "no_left_turn")],
    )
    here, there = drawing.along("Z", "X", 0.5), drawing.along("X", "W", 0.5)
    metres, _ = _way(drawing.travel(), "car", here, there)
    assert metres == pytest.approx(75 + 150 + 150 + 150 + 150 + 150 + 75, abs=0.5)


def test_who_could_not_get_out_of_a_road_otherwise_turns_round(draw: Draw) -> None:
    """Behind C a road leads to nowhere and back no road comes: C is as good as a dead end."""
    drawing = draw("A----B----C>>>>D")
    travel = drawing.travel()
    near_c, b = drawing.along("B", "C", 0.9), drawing.along("A", "B", 0.5)
    assert travel.snap_distance_m("car", [near_c]) == pytest.approx([0], abs=0.1)
    assert _way(travel, "car", near_c, b) == _is(225 + 125)


# --- private ground -----------------------------------------------------------------------------

SHORTCUT = """
    A----B----C
    |         |
    D---------E
"""
PRIVATE = {"access": "private"}


@pytest.mark.parametrize("mode", ["foot", "bicycle", "ebike", "car"])
@pytest.mark.parametrize("tags", [PRIVATE, {"access": "destination"}])
def test_private_ground_is_no_way_through(draw: Draw, mode: str, tags: Any) -> None:
    """From one end to the other everybody goes round, even from its very corners."""
    drawing = draw(SHORTCUT, ways={"ABC": tags})
    travel = drawing.travel()
    for a, b in (("A", "C"), ("C", "A")):
        metres, _ = _way(travel, mode, drawing.at(a), drawing.at(b))
        assert metres == pytest.approx(100 + 500 + 100, abs=0.5)


def test_private_ground_is_the_first_leg_or_the_last(draw: Draw) -> None:
    """One drives in by the nearer end and out by the nearer end, and stays inside within."""
    drawing = draw(SHORTCUT, ways={"ABC": PRIVATE})
    travel = drawing.travel()
    inside, beside_c = drawing.along("A", "B", 0.4), drawing.along("C", "E", 0.5)
    deeper = drawing.along("B", "C", 0.8)
    assert _way(travel, "ebike", inside, deeper) == _is(350)
    assert _way(travel, "ebike", inside, beside_c)[0] == pytest.approx(400 + 50, abs=0.5)
    assert _way(travel, "ebike", beside_c, inside)[0] == pytest.approx(450, abs=0.5)
    assert _way(travel, "ebike", drawing.at("C"), inside) == _is(400)


def test_a_way_between_two_private_grounds_uses_the_street(draw: Draw) -> None:
    """The third ground between them is quicker, and none of their business."""
    drawing = draw(
        """
        A----B----C----D
        |    |    |    |
        E----F----G----H
        """,
        ways={"AB": PRIVATE, "BC": PRIVATE, "CD": PRIVATE},
    )
    travel = drawing.travel()
    here, there = drawing.along("A", "B", 0.8), drawing.along("C", "D", 0.2)
    assert _way(travel, "ebike", here, there) == _is(50 + 100 + 250 + 100 + 50)


def test_inside_one_ground_the_quicker_street_around_is_not_taken(draw: Draw) -> None:
    """Whoever is in stays in: the gates cost time that the map does not know."""
    drawing = draw(
        SHORTCUT,
        ways={"ABC": {**PRIVATE, "surface": "mud"}, "ADEC": {"highway": "primary"}},
    )
    travel = drawing.travel()
    a, b = drawing.along("A", "B", 0.1), drawing.along("B", "C", 0.9)
    assert _way(travel, "car", a, b)[0] == pytest.approx(450, abs=0.5)


def test_where_all_is_private_one_drives_as_usual(draw: Draw) -> None:
    """An extract of a campus has no street; nobody can be kept out of all of it."""
    drawing = draw(SHORTCUT, ways={"ABC": PRIVATE, "ADEC": PRIVATE})
    travel = drawing.travel()
    assert _way(travel, "ebike", drawing.at("A"), drawing.at("C")) == _is(500)


def test_a_ferry_is_a_road_with_a_speed_of_its_own(draw: Draw) -> None:
    """All modes cross together, slower than they would drive."""
    drawing = draw(
        "A----B----C----D", ways={"BC": {"highway": "", "route": "ferry", "motor_vehicle": "yes"}}
    )
    travel = drawing.travel()
    across = [drawing.at("B")], [drawing.at("C")]
    assert travel.matrix("car", *across)[1][0, 0] == pytest.approx(250, abs=0.5)
    car_s, bicycle_s = (float(travel.matrix(mode, *across)[0][0, 0]) for mode in ("car", "bicycle"))
    assert car_s == bicycle_s > 250 / CAR_M_PER_S
