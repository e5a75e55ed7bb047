from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from maps.doors import Climb, Door, DoorLike, Whereabouts, door_to_door
from tests.maps.climbs import Figures

# Round figures, all different, so that a sum tells its parts.
CLIMB = Figures(
    up_s_per_floor=7.0, down_s_per_floor=5.0, lift_wait_s=30.0, lift_s_per_floor=2.0, knock_s=100.0
)
ROAD_S = 1000.0
ROAD_M = 4000.0

HOME = Door(
    lat=0.0, lon=0.0, compound="Garden", building="3", entrance="2", floor=5, door_key="501"
)
FAR = Door(lat=0.1, lon=0.0)


def _between(a: DoorLike, b: DoorLike, climb: Climb = CLIMB) -> tuple[float, float]:
    """Return seconds and metres from a to b where every road is ROAD_S and ROAD_M."""
    time_s, distance_m = door_to_door(
        (a, b),
        climb,
        np.array([[0, ROAD_S], [ROAD_S, 0]], dtype=np.float32),
        np.array([[0, ROAD_M], [ROAD_M, 0]], dtype=np.float32),
    )
    assert time_s.dtype == distance_m.dtype == np.float32
    assert not time_s.diagonal().any()
    return float(time_s[0, 1]), float(distance_m[0, 1])


def test_a_trip_is_down_the_road_up_and_a_knock() -> None:
    """Five floors down at 5 s, the road, two up at 7 s, the knock; a distance has no floors."""
    there = replace(FAR, floor=2)
    assert _between(HOME, there) == (5 * 5 + ROAD_S + 2 * 7 + 100, ROAD_M)
    assert _between(there, HOME) == (2 * 5 + ROAD_S + 5 * 7 + 100, ROAD_M)


@pytest.mark.parametrize(
    ("floor", "seconds"), [(None, 0), (0, 0), (1, 7), (6, 42), (-1, 5), (-2, 10)]
)
def test_floor_zero_is_the_ground(floor: int | None, seconds: float) -> None:
    """An unknown floor is the ground; a basement is reached downwards."""
    assert _between(FAR, replace(HOME, floor=floor))[0] == ROAD_S + seconds + 100


@pytest.mark.parametrize(
    ("floor", "has_lift", "seconds"),
    [(2, True, 14), (20, True, 30 + 20 * 2), (20, False, 20 * 7), (20, None, 20 * 7)],
)
def test_a_lift_is_taken_where_it_is_faster(floor: int, has_lift: Any, seconds: float) -> None:
    """Waiting for the lift is not worth it for two floors; an unknown lift is none."""
    door = replace(HOME, floor=floor, has_lift=has_lift)
    assert _between(FAR, door)[0] == ROAD_S + seconds + 100


def test_behind_one_entrance_only_the_floors_between_count() -> None:
    """From the fifth floor to the third and back; another coordinate changes nothing."""
    below = replace(HOME, floor=3, door_key="302", lat=0.0001)
    assert _between(HOME, below) == (2 * 5 + 100, 0)
    assert _between(below, HOME) == (2 * 7 + 100, 0)


def test_on_one_floor_the_next_door_costs_a_knock() -> None:
    """Two rooms of a floor are a knock apart; the lift is not waited for."""
    assert _between(HOME, replace(HOME, door_key="502", has_lift=True)) == (100, 0)


def test_the_lift_of_an_entrance_serves_who_does_not_know_of_it() -> None:
    """One of two doors behind an entrance knows the lift: both use it."""
    top = replace(HOME, floor=25, door_key="2501", has_lift=True)
    assert _between(HOME, top)[0] == 30 + 20 * 2 + 100


def test_the_same_door_costs_nothing() -> None:
    """Two parcels for one room need one visit, wherever they were geocoded."""
    assert _between(HOME, replace(HOME, lat=0.0001)) == (0, 0)


def test_unknown_rooms_of_one_floor_are_different_doors() -> None:
    """An address without a room may be anybody's on that floor: one knocks again."""
    unknown = replace(HOME, door_key="")
    assert _between(unknown, replace(unknown)) == (100, 0)


def test_inside_a_compound_one_walks() -> None:
    """Another building of the compound: no road, 1.3 x the straight line at 5 km/h."""
    other = replace(HOME, building="4", floor=2, door_key="201", lat=0.001)
    metres = 111.195 * 1.3
    time_s, distance_m = _between(HOME, other)
    assert distance_m == pytest.approx(metres, rel=1e-4)
    assert time_s == pytest.approx(5 * 5 + metres * 3.6 / 5 + 2 * 7 + 100, rel=1e-4)


def test_another_compound_with_the_same_building_is_reached_by_road() -> None:
    """Building 3 of one compound is not building 3 of the next."""
    other = replace(HOME, compound="Court", door_key="301")
    assert _between(HOME, other)[1] == ROAD_M


def test_without_a_compound_a_building_number_says_nothing() -> None:
    """Only equal coordinates make one entrance of two equal numbers without a compound."""
    here = Door(lat=0.0, lon=0.0, building="12", floor=2, door_key="a")
    assert _between(here, replace(here, lat=0.1, door_key="b"))[1] == ROAD_M
    assert _between(here, replace(here, lat=0.1))[1] == ROAD_M
    assert _between(here, replace(here, floor=3, door_key="b")) == (7 + 100, 0)


def test_a_compound_alone_does_not_make_an_entrance() -> None:
    """Two doors that only know their compound are apart unless their coordinates are equal."""
    here = Door(lat=0.0, lon=0.0, compound="Garden")
    assert _between(here, replace(here, lat=0.001))[1] == pytest.approx(111.195 * 1.3, rel=1e-4)


def test_a_bare_coordinate_is_a_door_on_the_ground() -> None:
    """A door of which only the point is known is its road point and a knock."""
    assert _between(replace(FAR, lat=0.0), FAR) == (ROAD_S + 100, ROAD_M)
    assert _between(FAR, replace(FAR)) == (0, 0)


def test_nobody_is_knocked_for_at_a_hub() -> None:
    """Stations, shops and posts have neither knock nor floors; a hub twice is one place."""
    hub = Door(lat=0.2, lon=0.0, floor=3, is_door=False)
    assert _between(HOME, hub) == (5 * 5 + ROAD_S, ROAD_M)
    assert _between(hub, HOME) == (ROAD_S + 5 * 7 + 100, ROAD_M)
    assert _between(hub, replace(hub)) == (0, 0)


def test_a_post_in_the_compound_is_walked_from() -> None:
    """A guard's booth belongs to its compound: no road to the doors there."""
    booth = Door(lat=0.0, lon=0.0, compound="Garden", is_door=False)
    assert _between(booth, HOME) == (5 * 7 + 100, 0)


def test_no_doors_give_an_empty_matrix() -> None:
    """An epoch without legs asks for nothing and gets it."""
    empty = np.empty((0, 0), dtype=np.float32)
    time_s, distance_m = door_to_door((), CLIMB, empty, empty)
    assert time_s.shape == distance_m.shape == (0, 0)


def test_many_doors_are_as_few(monkeypatch: pytest.MonkeyPatch) -> None:
    """The compiled spread over many doors gives, bit for bit, what the plain one gives."""
    rng = np.random.default_rng(3)
    doors = [
        Door(
            lat=float(at // 3),
            lon=float(at % 3),
            compound=("", "lake", "garden")[at % 3],
            building=str(at // 2),
            entrance=str(at % 2),
            floor=int(rng.integers(-1, 9)),
            door_key=str(rng.integers(40)),
            has_lift=bool(at % 2),
        )
        for at in rng.integers(0, 30, size=80).tolist()
    ]
    road_s = rng.random((80, 80), dtype=np.float32) * 1000
    road_m = rng.random((80, 80), dtype=np.float32) * 5000
    plain = door_to_door(doors, CLIMB, road_s, road_m)
    monkeypatch.setattr("maps.doors.FEW_DOORS", 0)
    for few, many in zip(plain, door_to_door(doors, CLIMB, road_s, road_m), strict=True):
        assert np.array_equal(few, many)


def test_doors_of_one_spot_share_its_roads() -> None:
    """Two doors at one spot have its times, each with its own floors; between them no road."""
    where = Whereabouts(
        spot=np.array([0, 1, 1]),
        lat=np.array([0.0, 1.0]),
        lon=np.array([0.0, 0.0]),
        compound=("", ""),
        ground=np.array([-1, -1]),
        has_lift=np.array([False, False, False]),
    )
    doors = [
        Door(lat=0.0, lon=0.0, is_door=False),
        Door(lat=1.0, lon=0.0, building="3", compound="c", floor=1, door_key="1"),
        Door(lat=1.0, lon=0.0, building="3", compound="c", floor=2, door_key="2"),
    ]
    road_s = np.array([[0, 50], [60, 0]], dtype=np.float32)
    time_s, _ = door_to_door(doors, CLIMB, road_s, road_s * 10, where)
    assert time_s.tolist() == [[0, 157, 164], [65, 0, 107], [70, 105, 0]]
