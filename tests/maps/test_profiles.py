import pytest

from maps.profiles import (
    MODES,
    NODE_KEYS,
    WAY_KEYS,
    Rank,
    blocked_modes,
    has_absurd_limit,
    is_road,
    private_modes,
    rank,
    speeds,
)

OPEN_BOTH = (True, True)
FORWARD = (True, False)
BACKWARD = (False, True)
CLOSED = (False, False)


def _open(mode: str, **tags: str) -> tuple[bool, bool]:
    return _open_tags(mode, {"highway": "residential", **tags})


def _open_tags(mode: str, tags: dict[str, str]) -> tuple[bool, bool]:
    forward, backward = speeds(tags)[MODES.index(mode)]
    return forward > 0, backward > 0


def _kmh(mode: str, tags: dict[str, str]) -> float:
    return speeds({"highway": "residential", **tags})[MODES.index(mode)][0]


@pytest.mark.parametrize(
    ("highway", "modes"),
    [
        ("motorway", {"car"}),
        ("primary", {"foot", "bicycle", "ebike", "car"}),
        ("residential", {"foot", "bicycle", "ebike", "car"}),
        ("cycleway", {"foot", "bicycle", "ebike"}),
        ("footway", {"foot", "bicycle", "ebike"}),
        ("steps", {"foot"}),
        ("track", {"foot", "bicycle", "ebike"}),
        ("busway", set()),
        ("proposed", set()),
    ],
)
def test_each_class_has_its_modes(highway: str, modes: set[str]) -> None:
    """Without other tags the class says who may be there."""
    assert {mode for mode in MODES if _open(mode, highway=highway) != CLOSED} == modes


def test_cars_and_ebikes_obey_one_way_streets_and_people_on_foot_do_not() -> None:
    """Oneway binds vehicles, in either direction of drawing."""
    assert [_open(mode, oneway="yes") for mode in MODES] == [OPEN_BOTH, FORWARD, FORWARD, FORWARD]
    assert [_open(mode, oneway="-1") for mode in MODES] == [OPEN_BOTH, BACKWARD, BACKWARD, BACKWARD]
    assert _open("car", oneway="reversible") == CLOSED
    assert _open("foot", **{"oneway:foot": "yes"}) == FORWARD


def test_roundabouts_and_motorways_are_one_way_unless_they_say_no() -> None:
    """The implied direction holds for bicycles too."""
    assert _open("car", junction="roundabout") == FORWARD
    assert _open("bicycle", junction="roundabout") == FORWARD
    assert _open("car", highway="motorway") == FORWARD
    assert _open("car", junction="roundabout", oneway="no") == OPEN_BOTH


@pytest.mark.parametrize(
    "tags",
    [
        {"oneway:bicycle": "no"},
        {"cycleway": "opposite"},
        {"cycleway": "opposite_lane"},
        {"cycleway:left": "opposite_track"},
    ],
)
def test_contraflow_opens_one_way_streets_to_bicycles_alone(tags: dict[str, str]) -> None:
    """Bicycles and e-bikes may go against the street, cars may not."""
    assert _open("bicycle", oneway="yes", **tags) == OPEN_BOTH
    assert _open("ebike", oneway="yes", **tags) == OPEN_BOTH
    assert _open("car", oneway="yes", **tags) == FORWARD


@pytest.mark.parametrize(
    ("tags", "modes"),
    [
        ({"access": "no"}, set()),
        ({"access": "private"}, {"foot", "bicycle", "ebike", "car"}),
        ({"access": "no", "foot": "yes"}, {"foot"}),
        ({"vehicle": "no"}, {"foot"}),
        ({"vehicle": "no", "bicycle": "yes"}, {"foot", "bicycle", "ebike"}),
        ({"motor_vehicle": "no"}, {"foot", "bicycle", "ebike"}),
        ({"motor_vehicle": "no", "motorcar": "destination"}, {"foot", "bicycle", "ebike", "car"}),
        ({"bicycle": "use_sidepath"}, {"foot", "car"}),
        ({"motorroad": "yes"}, {"car"}),
        ({"highway": "footway", "motor_vehicle": "delivery"}, {"foot", "bicycle", "ebike", "car"}),
        ({"highway": "bridleway", "bicycle": "designated"}, {"foot", "bicycle", "ebike"}),
        ({"highway": "footway", "access": "yes"}, {"foot", "bicycle", "ebike"}),
        ({"highway": "footway", "bicycle": "no"}, {"foot"}),
        ({"highway": "footway", "motor_vehicle": "customers"}, {"foot", "bicycle", "ebike", "car"}),
        ({"highway": "steps", "ramp:bicycle": "yes"}, {"foot", "bicycle", "ebike"}),
    ],
)
def test_the_most_specific_access_tag_decides(tags: dict[str, str], modes: set[str]) -> None:
    """Access is read from the mode's own key up to the general one."""
    assert {mode for mode in MODES if _open(mode, **tags) != CLOSED} == modes


def test_cyclists_push_where_they_may_not_ride() -> None:
    """A footway is walked beside the bicycle unless cycling is allowed on it."""
    assert _kmh("ebike", {"highway": "footway"}) == 4
    assert _kmh("ebike", {"bicycle": "dismount"}) == 4
    assert _kmh("ebike", {"highway": "footway", "bicycle": "yes"}) == 15


def test_no_ebike_is_faster_than_25() -> None:
    """China's new-standard electric bicycle stops helping at 25 km/h."""
    assert _kmh("ebike", {"highway": "primary", "maxspeed": "80"}) == 25
    assert _kmh("ebike", {"highway": "residential", "maxspeed": "20"}) == 20


@pytest.mark.parametrize(
    ("tags", "kmh"),
    [
        ({"maxspeed": "50"}, 40),
        ({"maxspeed": "30 mph"}, 30 * 1.609344 * 0.8),
        ({"maxspeed": "30mph"}, 30 * 1.609344 * 0.8),
        ({"maxspeed": "walk"}, 4),
        ({"maxspeed": "none"}, 25),
        ({"maxspeed": "RO:urban"}, 25),
        ({"maxspeed": "3"}, 4),
        ({"maxspeed": "50 km/h"}, 40),
        ({"maxspeed": "7.5"}, 6),
        ({"maxspeed": "0"}, 25),
        ({"maxspeed": "-50"}, 25),
        ({"maxspeed": "500"}, 25),
        ({"maxspeed": "200 mph"}, 25),
        ({"maxspeed": "50; 40"}, 25),
        ({"maxspeed": "50", "maxspeed:forward": "30"}, 24),
        ({"highway": "service", "maxspeed": "50"}, 15),
        ({"surface": "sand"}, 20),
        ({"surface": "asphalt"}, 25),
        ({"surface": "cobblestone:flattened"}, 25),
    ],
)
def test_signs_and_surfaces_change_a_cars_speed(tags: dict[str, str], kmh: float) -> None:
    """A sign is better evidence than the class; a surface caps both."""
    assert _kmh("car", tags) == pytest.approx(kmh)


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("50", False),
        ("30 mph", False),
        ("walk", False),
        ("none", False),
        ("signals", False),
        ("RO:urban", False),
        ("GB-ENG:nsl_single", False),
        ("0", True),
        ("-50", True),
        ("301", True),
        ("200 mph", True),
        ("50; 40", True),
        ("fast", True),
        ("", True),
    ],
)
def test_nonsense_limits_are_told(value: str, *, expected: bool) -> None:
    """What is passed over is counted; words that mean something are not nonsense."""
    assert has_absurd_limit({"highway": "residential", "maxspeed": value}) is expected
    assert has_absurd_limit({"maxspeed": "50", "maxspeed:forward": value}) is expected


@pytest.mark.parametrize(
    ("tags", "modes"),
    [
        ({}, set()),
        ({"service": "driveway"}, set()),
        ({"service": "parking_aisle"}, set()),
        ({"access": "yes"}, set()),
        ({"access": "no"}, set()),
        ({"access": "private"}, {"foot", "bicycle", "ebike", "car"}),
        ({"access": "customers"}, {"foot", "bicycle", "ebike", "car"}),
        ({"access": "permit"}, {"foot", "bicycle", "ebike", "car"}),
        ({"access": "residents"}, {"foot", "bicycle", "ebike", "car"}),
        ({"access": "private", "foot": "yes"}, {"bicycle", "ebike", "car"}),
        ({"access": "destination", "bicycle": "designated"}, {"foot", "car"}),
        ({"vehicle": "destination"}, {"bicycle", "ebike", "car"}),
        ({"motor_vehicle": "delivery"}, {"car"}),
        ({"motor_vehicle": "private", "motorcar": "yes"}, set()),
    ],
)
def test_private_roads_are_for_errands_only(tags: dict[str, str], modes: set[str]) -> None:
    """The deciding access value says so; a driveway without one is a road like any other."""
    flags = private_modes({"highway": "service", **tags})
    assert {mode for mode, is_private in zip(MODES, flags, strict=True) if is_private} == modes


def test_steps_are_slow_on_foot() -> None:
    """Stairs take twice the time of a street."""
    assert _kmh("foot", {"highway": "steps"}) == 2.5
    assert _kmh("foot", {}) == 5


def test_ferries_take_cars_only_where_they_say_so() -> None:
    """A ferry without access tags may be a passenger boat."""
    ferry = {"route": "ferry"}
    assert is_road(ferry)
    assert rank(ferry) is Rank.FERRY
    assert _open_tags("foot", ferry) == OPEN_BOTH
    assert _open_tags("car", ferry) == CLOSED
    assert _open_tags("car", {**ferry, "motor_vehicle": "yes"}) == OPEN_BOTH
    assert _open_tags("bicycle", {**ferry, "bicycle": "no"}) == CLOSED


@pytest.mark.parametrize(
    ("tags", "stopped"),
    [
        ({}, set()),
        ({"highway": "crossing"}, set()),
        ({"barrier": "gate"}, set()),
        ({"barrier": "gate", "access": "private"}, set()),
        ({"barrier": "gate", "access": "no"}, {"foot", "bicycle", "ebike", "car"}),
        ({"barrier": "gate", "access": "no", "foot": "yes"}, {"bicycle", "ebike", "car"}),
        ({"barrier": "bollard"}, {"car"}),
        ({"barrier": "bollard", "access": "yes"}, {"car"}),
        ({"barrier": "bollard", "motor_vehicle": "yes"}, set()),
        ({"barrier": "bollard", "bicycle": "no"}, {"bicycle", "ebike", "car"}),
        ({"barrier": "kissing_gate"}, {"bicycle", "ebike", "car"}),
        ({"barrier": "kissing_gate", "bicycle": "yes"}, {"car"}),
        ({"barrier": "kerb"}, set()),
        ({"barrier": "wicket_gate"}, {"car"}),
        ({"barrier": "lift_gate", "vehicle": "private"}, set()),
        ({"barrier": "gate", "vehicle": "agricultural"}, {"bicycle", "ebike", "car"}),
    ],
)
def test_barriers_stop_whom_they_are_made_for(tags: dict[str, str], stopped: set[str]) -> None:
    """Bollards stop cars, kissing gates all wheels, gates nobody."""
    blocked = blocked_modes(tags)
    assert {mode for mode, is_stopped in zip(MODES, blocked, strict=True) if is_stopped} == stopped


def test_the_lists_of_keys_are_sorted() -> None:
    """Combinations of tags are compared as tuples in this order."""
    assert list(WAY_KEYS) == sorted(set(WAY_KEYS))
    assert list(NODE_KEYS) == sorted(set(NODE_KEYS))
