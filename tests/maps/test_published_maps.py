"""Published extracts of real cities, where ANTMILE_DATA says they are."""

from pathlib import Path

import numpy as np
import pytest

from maps.doors import Door
from maps.osm import load_map
from maps.profiles import MODES
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
