import numpy as np
import pytest

from maps.doors import Door
from maps.earth import METRES_PER_DEGREE, Bounds, LocalProjection, haversine_m, looks_swapped


def test_a_degree_of_latitude_has_its_length_everywhere() -> None:
    """Great circles: a degree north is 111.2 km, a degree east shrinks with the cosine."""
    assert haversine_m(36.0, 117.0, 37.0, 117.0) == pytest.approx(METRES_PER_DEGREE)
    assert haversine_m(60.0, 24.0, 60.0, 24.01) == pytest.approx(METRES_PER_DEGREE / 200, rel=1e-3)


def test_distances_broadcast_and_are_symmetric() -> None:
    """A column against a row gives a matrix with a zero diagonal."""
    lat, lon = np.array([0.0, 0.1, 0.2]), np.array([5.0, 5.1, 5.3])
    matrix = haversine_m(lat[:, None], lon[:, None], lat, lon)
    np.testing.assert_array_equal(matrix, matrix.T)
    assert not matrix.diagonal().any()


def test_the_projection_keeps_short_distances_and_comes_back() -> None:
    """Within a city metres on the plane are metres on the earth, to one percent."""
    projection = LocalProjection(Bounds(south=60.1, west=24.8, north=60.3, east=25.1))
    lat, lon = np.array([60.11, 60.12]), np.array([24.82, 24.83])
    xy = projection.xy(lat, lon)
    exact = haversine_m(lat[0], lon[0], lat[1], lon[1])
    assert np.hypot(*(xy[1] - xy[0])) == pytest.approx(exact, rel=0.01)
    back = projection.lat_lon(xy)
    np.testing.assert_allclose(back, (lat, lon))


def test_a_box_around_points_is_wider_by_the_margin() -> None:
    """The margin is in metres, also where a degree of longitude is short."""
    box = Bounds.around([Door(lat=60.0, lon=25.0), Door(lat=60.1, lon=25.0)], margin_m=500.0)
    assert haversine_m(60.0, 25.0, 60.0, box.east) == pytest.approx(500.0, rel=0.01)
    assert haversine_m(60.1, 25.0, box.north, 25.0) == pytest.approx(500.0, rel=0.01)
    assert box.contains(lat=59.999, lon=25.0)
    assert not box.contains(lat=60.2, lon=25.0)


def test_a_swapped_pair_is_known_by_its_being_good_the_other_way_round() -> None:
    """On earth only an impossible latitude tells; on a map also a pair that lies off it."""
    assert looks_swapped(lat=116.4, lon=39.9)
    assert not looks_swapped(lat=39.9, lon=116.4)
    assert not looks_swapped(lat=24.9, lon=60.2)
    assert not looks_swapped(lat=200.0, lon=39.9)
    helsinki = Bounds(south=60.1, west=24.8, north=60.3, east=25.1)
    assert looks_swapped(lat=24.9, lon=60.2, bounds=helsinki)
    assert not looks_swapped(lat=60.2, lon=24.9, bounds=helsinki)
    assert not looks_swapped(lat=48.9, lon=2.3, bounds=helsinki)
