from collections.abc import Iterable
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from maps.datum import (
    BOX_LAT,
    BOX_LON,
    Datum,
    Fit,
    distinct,
    fits,
    from_wgs84,
    is_clear,
    point_to_wgs84,
    to_wgs84,
)
from maps.earth import METRES_PER_DEGREE, haversine_m
from maps.network import RoadNetwork
from maps.osm import import_osm

SHIFTED = (Datum.GCJ02, Datum.BD09)
MARGIN = 0.02
"""Degrees; farther than any shift, so that a shifted point is still inside the box."""

GRID_SOUTH, GRID_WEST = 31.23, 121.47
"""A corner in the middle of Shanghai."""


def _flat(points: Iterable[tuple[float, float]]) -> tuple[list[float], list[float]]:
    pairs = list(points)
    return [lat for lat, _ in pairs], [lon for _, lon in pairs]


@pytest.mark.parametrize(
    ("wgs84", "gcj02"),
    [
        # googollee/eviltransform, python/test.py: Shanghai, Shenzhen, Beijing.
        ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),
        ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),
        ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),
        # wandergis/coordtransform, test/app.js.
        ((39.915, 116.404), (39.91640428150164, 116.41024449916938)),
    ],
)
def test_published_pairs_of_gcj02(wgs84: tuple[float, float], gcj02: tuple[float, float]) -> None:
    """Forward to the last digits that two packages publish, and back to a centimetre."""
    lat, lon = from_wgs84(Datum.GCJ02, [wgs84[0]], [wgs84[1]])
    assert (lat[0], lon[0]) == pytest.approx(gcj02, abs=1e-11, rel=0.0)
    lat, lon = to_wgs84(Datum.GCJ02, [gcj02[0]], [gcj02[1]])
    assert haversine_m(lat, lon, *wgs84)[0] < 0.01


def test_published_pairs_of_bd09() -> None:
    """wandergis/coordtransform, test/app.js, gives GCJ02 to BD09 and back, less exactly."""
    through = to_wgs84(Datum.GCJ02, [39.915], [116.404])
    assert np.ravel(from_wgs84(Datum.BD09, *through)) == pytest.approx(
        (39.92133699351021, 116.41036949371029), abs=1.5e-7, rel=0.0
    )
    through = to_wgs84(Datum.BD09, [39.915], [116.404])
    lat, lon = from_wgs84(Datum.GCJ02, *through)
    # Its way back is an approximation, good to a metre.
    assert haversine_m(lat, lon, 39.90865673957631, 116.39762729119315)[0] < 1.0


@given(
    datum=st.sampled_from(SHIFTED),
    points=st.lists(
        st.tuples(
            st.floats(BOX_LAT[0] + MARGIN, BOX_LAT[1] - MARGIN),
            st.floats(BOX_LON[0] + MARGIN, BOX_LON[1] - MARGIN),
        ),
        min_size=1,
        max_size=20,
    ),
)
def test_there_and_back_is_within_a_centimetre(
    datum: Datum, points: list[tuple[float, float]]
) -> None:
    """Everywhere in the box, both ways; and each shift is of the size that is published."""
    lat, lon = _flat(points)
    shifted = from_wgs84(datum, lat, lon)
    assert haversine_m(lat, lon, *to_wgs84(datum, *shifted)).max() < 0.01
    again = from_wgs84(datum, *to_wgs84(datum, lat, lon))
    assert haversine_m(lat, lon, *again).max() < 0.01
    assert haversine_m(lat, lon, *shifted).max() < 1_600.0


@given(datum=st.sampled_from(Datum), lat=st.floats(-90.0, 90.0), lon=st.floats(-180.0, 180.0))
def test_outside_the_box_nothing_moves(datum: Datum, lat: float, lon: float) -> None:
    """Not by a bit, in neither direction; the border itself is outside."""
    if BOX_LAT[0] < lat < BOX_LAT[1]:
        lon = BOX_LON[0] if lon > 0.0 else min(lon, BOX_LON[0])
    for convert in (to_wgs84, from_wgs84):
        found = convert(datum, [lat], [lon])
        assert (found[0].tolist(), found[1].tolist()) == ([lat], [lon])


def test_points_in_and_out_of_china_mix() -> None:
    """Each point of an array is treated for itself; what is no number stays none."""
    lat, lon = [60.17, 31.2, np.nan], [24.94, 121.5, 121.5]
    found_lat, found_lon = to_wgs84(Datum.GCJ02, lat, lon)
    assert (found_lat[0], found_lon[0]) == (60.17, 24.94)
    assert 100.0 < haversine_m(31.2, 121.5, found_lat[1], found_lon[1]) < 1_000.0
    assert np.isnan(found_lat[2])
    empty_lat, empty_lon = to_wgs84(Datum.BD09, [], [])
    assert len(empty_lat) == len(empty_lon) == 0


@pytest.mark.parametrize("datum", Datum)
def test_one_point_is_converted_like_many(datum: Datum) -> None:
    """The short way for one coordinate gives what the array gives."""
    lat, lon = to_wgs84(datum, [31.2, 60.0], [121.5, 24.0])
    assert point_to_wgs84(datum, lat=31.2, lon=121.5) == (lat[0], lon[0])
    assert point_to_wgs84(datum, lat=60.0, lon=24.0) == (60.0, 24.0)


# --- which datum fits ------------------------------------------------------------------------


def _grid(path: Path, south: float, west: float) -> RoadNetwork:
    """Write and read streets 150 m apart, 11 each way."""
    at = np.arange(11)
    lats = south + at * 150.0 / METRES_PER_DEGREE
    lons = west + at * 150.0 / METRES_PER_DEGREE / np.cos(np.radians(south))
    nodes = [
        f'<node id="{1 + 11 * row + column}" lat="{lat:.7f}" lon="{lon:.7f}"/>'
        for row, lat in enumerate(lats)
        for column, lon in enumerate(lons)
    ]
    lines = [[1 + 11 * row + column for column in at] for row in at]
    lines += [[1 + 11 * row + column for row in at] for column in at]
    ways = [
        f'<way id="{number}">'
        + "".join(f'<nd ref="{ref}"/>' for ref in refs)
        + '<tag k="highway" v="residential"/></way>'
        for number, refs in enumerate(lines, start=1)
    ]
    path.write_text(f'<osm version="0.6">{"".join(nodes + ways)}</osm>', encoding="utf-8")
    return import_osm(path)


def _doors(south: float, west: float) -> tuple[np.ndarray, np.ndarray]:
    """Return points 10 m north of streets, 300 of them, well inside the grid."""
    rng = np.random.default_rng(7)
    rows, along = rng.integers(2, 9, 300), rng.uniform(300.0, 1_200.0, 300)
    lat = south + (rows * 150.0 + 10.0) / METRES_PER_DEGREE
    return lat, west + along / METRES_PER_DEGREE / np.cos(np.radians(south))


@pytest.fixture
def shanghai(tmp_path: Path) -> SimpleNamespace:
    lat, lon = _doors(GRID_SOUTH, GRID_WEST)
    network = _grid(tmp_path / "grid.osm", GRID_SOUTH, GRID_WEST)
    return SimpleNamespace(network=network, lat=lat, lon=lon)


@pytest.mark.parametrize("datum", Datum)
def test_the_datum_of_the_points_fits_best(shanghai: SimpleNamespace, datum: Datum) -> None:
    """Whatever the points were converted to is found, and only then are all near a road."""
    first, *others = fits(shanghai.network, *from_wgs84(datum, shanghai.lat, shanghai.lon))
    assert first.datum is datum
    assert first.near == 1.0
    assert first.median_m == pytest.approx(10.0, abs=0.1)
    assert first.p90_m == pytest.approx(10.0, abs=0.1)
    assert {other.datum for other in others} == set(Datum) - {datum}
    assert max(other.near for other in others) < 0.9


def test_the_shift_says_what_a_wrong_datum_costs(shanghai: SimpleNamespace) -> None:
    """In Shanghai GCJ02 lies some 500 m away from WGS84 and BD09 more than a kilometre."""
    shift_m = {fit.datum: fit.shift_m for fit in fits(shanghai.network, shanghai.lat, shanghai.lon)}
    assert shift_m[Datum.WGS84] == 0.0
    assert 400.0 < shift_m[Datum.GCJ02] < 600.0
    assert 800.0 < shift_m[Datum.BD09] < 1_400.0


def test_outside_china_all_fit_alike_and_wgs84_comes_first(tmp_path: Path) -> None:
    """Where conversion moves nothing there is nothing to choose."""
    network = _grid(tmp_path / "grid.osm", 60.0, 24.0)
    found = fits(network, *_doors(60.0, 24.0))
    assert [fit.datum for fit in found] == list(Datum)
    assert {(fit.near, fit.median_m, fit.shift_m) for fit in found} == {
        (1.0, found[0].median_m, 0.0)
    }


def test_points_far_from_every_road_fit_nothing(shanghai: SimpleNamespace) -> None:
    """A kilometre off the map is inf, not a number that invites comparison."""
    for fit in fits(shanghai.network, shanghai.lat + 1.0, shanghai.lon):
        assert (fit.median_m, fit.p90_m, fit.near) == (np.inf, np.inf, 0.0)


def test_repeated_points_are_one() -> None:
    """To a millionth of a degree, both coordinates counting."""
    lat, lon = distinct([31.0, 31.000_000_1, 31.0, 31.1], [121.0, 121.0, 121.1, 121.0])
    assert sorted(zip(lat.tolist(), lon.tolist(), strict=True)) == [
        (31.0, 121.0),
        (31.0, 121.1),
        (31.1, 121.0),
    ]


@pytest.mark.parametrize(
    ("others", "clear"), [((20.1, np.inf), True), ((19.9, np.inf), False), ((30.0, 5.0), False)]
)
def test_a_datum_is_clear_where_all_others_are_farther(
    others: tuple[float, float],
    clear: bool,  # noqa: FBT001
) -> None:
    """By ten metres, whichever of the others comes next."""
    medians = zip(Datum, (10.0, *others), strict=True)
    ranked = [Fit(datum=d, median_m=m, p90_m=m, near=1.0, shift_m=0.0) for d, m in medians]
    assert is_clear(ranked) is clear


def test_no_points_are_refused(shanghai: SimpleNamespace) -> None:
    """There is no median of nothing."""
    with pytest.raises(ValueError, match="at least one point"):
        fits(shanghai.network, [], [])
