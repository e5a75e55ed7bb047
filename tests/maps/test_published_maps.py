"""Published extracts of real cities, where ANTMILE_DATA says they are."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from maps.doors import Door
from maps.network import RoadNetwork
from maps.osm import import_osm, load_map
from maps.profiles import MODES
from maps.reading.hours import DAY_MIN
from maps.travel import TravelTimes
from tests.maps.climbs import QUICK


@pytest.fixture(params=["monaco.osm.gz", "jinan.osm.pbf"])
def city(request: pytest.FixtureRequest, data_dir: Path, tmp_path: Path) -> TravelTimes:
    path = data_dir / "osm" / request.param
    if not path.is_file():
        pytest.skip(f"published data: there is no {path}")
    return TravelTimes(load_map(path, cache_dir=tmp_path))


def _doors(travel: TravelTimes, mode: str, count: int) -> list[Door]:
    rng = np.random.default_rng(5)
    network = travel.network
    nodes = rng.choice(network.node_count, size=4 * count, replace=False)
    lat = network.node_lat[nodes] + rng.normal(0, 2e-4, len(nodes))
    lon = network.node_lon[nodes] + rng.normal(0, 2e-4, len(nodes))
    doors = [Door(lat=a, lon=b) for a, b in zip(lat.tolist(), lon.tolist(), strict=True)]
    near = travel.snap_distance_m(mode, doors) < 200
    return [door for door, is_near in zip(doors, near, strict=True) if is_near][:count]


@pytest.mark.parametrize("mode", MODES)
def test_real_cities_are_connected_and_plausible(city: TravelTimes, mode: str) -> None:
    """No pair is unreachable, none is faster than its mode, and doors() agrees with matrix()."""
    doors = _doors(city, mode, 30)
    assert len(doors) == 30
    time_s, distance_m = city.matrix(mode, doors, doors)
    apart = ~np.eye(30, dtype=bool)
    kmh = distance_m[apart] / time_s[apart] * 3.6
    fastest = {"foot": 10.1, "bicycle": 18.1, "ebike": 25.1, "car": 90.1}[mode]
    assert np.isfinite(time_s).all()
    assert kmh.max() <= fastest
    np.testing.assert_array_equal(
        city.doors(mode, doors, QUICK)[0], np.where(apart, time_s + np.float32(25), 0)
    )


def test_a_real_route_is_as_long_as_the_matrix_says(city: TravelTimes) -> None:
    """The polyline's own length is the distance, but for what rounding leaves."""
    doors = _doors(city, "ebike", 6)
    _, distance_m = city.matrix("ebike", doors, doors)
    for i, j in ((0, 1), (2, 3), (5, 4)):
        route = city.route("ebike", doors[i], doors[j])
        lat, lon = np.array(route.polyline).T
        steps = np.hypot(np.diff(lat), np.diff(lon) * np.cos(np.radians(lat[0]))) * 111_195
        assert route.distance_m == pytest.approx(float(distance_m[i, j]))
        assert steps.sum() == pytest.approx(route.distance_m, rel=5e-3, abs=2.0)


@pytest.fixture
def published(data_dir: Path) -> Callable[[str], RoadNetwork]:
    """Return a function that imports a published extract."""

    def _published(name: str) -> RoadNetwork:
        path = data_dir / "osm" / name
        if not path.is_file():
            pytest.skip(f"published data: there is no {path}")
        return import_osm(path)

    return _published


def test_a_published_restriction_becomes_the_ban_that_it_says(
    published: Callable[[str], RoadNetwork],
) -> None:
    """No left turn from way 1 over node 2 into way 3."""
    network = published("test_simple_turncosts.osm.xml")
    before, after = network.ban_arc.tolist()
    assert network.way_id[[before >> 1, after >> 1]].tolist() == [1, 3]
    via = network.head[before >> 1] if before % 2 == 0 else network.tail[before >> 1]
    assert network.node_id[via] == 2


def test_the_restrictions_of_moscow_are_all_accounted_for(
    published: Callable[[str], RoadNetwork],
) -> None:
    """76 of 106 restrictions are bans; the others lost a way to the cut or forbid nothing."""
    network = published("moscow.osm.gz")
    lead = "turn restrictions ignored: "
    ignored = {why: n for why, n in network.repairs.items() if why.startswith(lead)}
    assert ignored == {
        f"{lead}a way is missing or no road": 26,
        f"{lead}nobody could drive that anyway": 4,
    }
    assert len(network.ban_start) - 1 == 66
    # Commands where nothing else could be done anyway ban nothing; others ban several turns.
    assert network.ban_mode.any(axis=0).tolist() == [False, True, True, True]
    arcs = network.ban_arc.reshape(-1, 2)
    ends = np.stack([network.tail, network.head], axis=1)
    np.testing.assert_array_equal(
        ends[arcs[:, 0] >> 1, 1 - arcs[:, 0] % 2], ends[arcs[:, 1] >> 1, arcs[:, 1] % 2]
    )


def test_dates_are_left_out_and_counted(published: Callable[[str], RoadNetwork]) -> None:
    """Two ways in the sandstone hills are closed from January to August."""
    network = published("conditional-restrictions.osm.xml")
    assert network.repairs["conditions ignored: dates"] == 2
    assert len(network.hours_tag_set) == 0


def test_the_hours_of_porto_alegre_are_kept(published: Callable[[str], RoadNetwork]) -> None:
    """A busway is open to cyclists on Sundays; the one list with a holiday is counted."""
    network = published("porto_alegre.osm.pbf")
    assert network.repairs["conditions ignored: holidays"] == 28
    bicycle = MODES.index("bicycle")
    base = network.speed_kmh[network.hours_tag_set, bicycle].max(axis=1)
    opened = (base == 0) & (network.hours_speed_kmh[:, bicycle].max(axis=1) > 0)
    sunday = [6 * DAY_MIN, 7 * DAY_MIN]
    assert sunday in network.hours_minute[opened].tolist()


def test_the_outlines_of_a_campus_are_read(published: Callable[[str], RoadNetwork]) -> None:
    """The areas of Shanghai University close; nothing of its gates is lost in reading."""
    network = published("shanghai_university.osm")
    assert not [why for why in network.repairs if why.startswith("outlines")]
