"""``antmile map matrix`` and ``antmile map route``, by their files and their words."""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner, Result

from cli.main import app
from maps.osm import load_map
from maps.travel import TravelTimes

ROWS = (("a", 48.0, 15.0), ("b", 48.0011, 15.0033), ("c", 48.0066, 15.0165))
"""Corners of the grid's streets, where the way to the road is 0."""

SEA = "sea,10.0,20.0\n"


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def points(tmp_path: Path) -> Path:
    file = tmp_path / "points.csv"
    file.write_text("id,lat,lon\n" + "".join(f"{i},{lat},{lon}\n" for i, lat, lon in ROWS))
    return file


@pytest.fixture
def south_map(tmp_path: Path) -> Path:
    """Give one street of 1,112 m in Porto Alegre, where both coordinates are negative."""
    file = tmp_path / "south.osm"
    file.write_text(
        '<osm version="0.6"><node id="1" lat="-30.03" lon="-51.22"/>'
        '<node id="2" lat="-30.04" lon="-51.22"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="residential"/></way></osm>'
    )
    return file


def _matrix(file: Path, points: Path, out: Path, *more: str) -> Result:
    arguments = ["map", "matrix", str(file), str(points), "--mode", "foot", "-o", str(out), *more]
    return CliRunner().invoke(app, arguments)


def test_matrix_is_that_of_travel_times(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """The file holds what `TravelTimes` says, with ids; a point to itself is 0."""
    out = tmp_path / "m.npz"
    result = _matrix(grid_map, points, out)
    assert result.exit_code == 0, result.output
    assert "3 x 3 times and distances for foot" in result.stdout
    assert result.stdout.endswith(f", {out.stat().st_size // 1000} kB\n")
    with np.load(out, allow_pickle=False) as found:
        assert set(found) == {"ids", "time_s", "distance_m", "snap_m"}
        assert found["ids"].tolist() == ["a", "b", "c"]
        assert found["snap_m"].max() < 1.0
        assert (found["time_s"].diagonal() == 0).all()
        times = TravelTimes(load_map(grid_map))
        spots = [_Spot(lat, lon) for _, lat, lon in ROWS]
        time_s, distance_m = times.matrix("foot", spots, spots)
        np.testing.assert_array_equal(found["time_s"], time_s)
        np.testing.assert_array_equal(found["distance_m"], distance_m)
    assert [file.name for file in tmp_path.glob(".*part")] == []


def test_matrix_as_csv_in_long_form(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """Every pair has its line, with the figures of the .npz."""
    _matrix(grid_map, points, tmp_path / "m.npz")
    assert _matrix(grid_map, points, tmp_path / "m.csv").exit_code == 0
    with (tmp_path / "m.csv").open(newline="") as file:
        lines = list(csv.reader(file))
    assert lines[0] == ["from", "to", "time_s", "distance_m"]
    assert [line[:2] for line in lines[1:5]] == [["a", "a"], ["a", "b"], ["a", "c"], ["b", "a"]]
    with np.load(tmp_path / "m.npz") as found:
        assert [float(line[3]) for line in lines[1:]] == pytest.approx(
            found["distance_m"].ravel(), abs=0.06
        )
        assert [float(line[2]) for line in lines[1:]] == pytest.approx(
            found["time_s"].ravel(), abs=0.001
        )


def test_other_targets_have_the_columns(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """Rows are the first file's points, columns the second's; further columns are let through."""
    targets = tmp_path / "targets.csv"
    targets.write_text("name,lon,lat,id\nHome,15.0,48.0,h\n")
    out = tmp_path / "m.npz"
    result = _matrix(grid_map, points, out, "--targets", str(targets))
    assert result.exit_code == 0, result.output
    with np.load(out) as found:
        assert found["time_s"].shape == (3, 1)
        assert found["target_ids"].tolist() == ["h"]
        assert found["target_snap_m"].shape == (1,)
        assert found["time_s"][0, 0] == 0


def test_points_off_the_network_get_inf(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """Row and column are inf, all else is as before; stderr counts and names them; status 0."""
    _matrix(grid_map, points, tmp_path / "before.npz")
    points.write_text(points.read_text() + SEA)
    result = _matrix(grid_map, points, tmp_path / "m.npz")
    assert result.exit_code == 0, result.output
    assert "1 point lies too far from every road for foot and got inf: sea\n" in result.stderr
    with np.load(tmp_path / "m.npz") as found, np.load(tmp_path / "before.npz") as before:
        assert np.isinf(found["snap_m"]).tolist() == [False, False, False, True]
        for name in ("time_s", "distance_m"):
            assert np.isinf(found[name][3]).all()
            assert np.isinf(found[name][:, 3]).all()
            np.testing.assert_array_equal(found[name][:3, :3], before[name])


def test_nothing_on_the_network_is_all_inf(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """A file of points elsewhere still gives its matrix."""
    points.write_text("id,lat,lon\n" + SEA)
    result = _matrix(grid_map, points, tmp_path / "m.npz")
    assert result.exit_code == 0, result.output
    with np.load(tmp_path / "m.npz") as found:
        assert np.isinf(found["time_s"]).tolist() == [[True]]


def test_strict_refuses_points_off_the_network(
    grid_map: Path, points: Path, tmp_path: Path
) -> None:
    """All of them are listed, the status is 2, and what stood at the path stays."""
    points.write_text(points.read_text() + SEA + "lake,-1,-2\n")
    out = tmp_path / "m.npz"
    out.write_text("mine")
    result = _matrix(grid_map, points, out, "--strict")
    assert result.exit_code == 2
    assert "sea: lat 10.000000, lon 20.000000\nlake: lat -1.0" in result.stderr
    assert "error: 2 points lie too far from every road for foot" in result.stderr
    assert out.read_text() == "mine"


def test_exchanged_coordinates_are_pointed_out(
    grid_map: Path, points: Path, tmp_path: Path
) -> None:
    """Longitudes in the column of latitudes: the figures look right, so it is said."""
    points.write_text("id,lat,lon\na,15.0,48.0\nb,15.0033,48.0011\n")
    advice = "with lat and lon exchanged 2 of 2 lie on the map: write the latitude first"
    assert advice in _matrix(grid_map, points, tmp_path / "m.npz").stderr
    assert advice in _matrix(grid_map, points, tmp_path / "m.npz", "--strict").stderr


def test_bad_rows_are_all_listed(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """Each fault with its line and column, then their count; nothing is written."""
    points.write_text(
        "id,lat,lon\na,ninety,15\n,48,15\nc,48\nd,nan,15\ne,121.5,31.2\nf,48,200\ng,48,15\ng,48,15\n"
    )
    result = _matrix(grid_map, points, tmp_path / "m.npz")
    assert result.exit_code == 2
    assert result.stderr.splitlines() == [
        "points.csv:2: lat: 'ninety' is not a number",
        "points.csv:3: id: is missing",
        "points.csv:4: 2 cells where the header has 3",
        "points.csv:5: lat: 'nan' is not a number",
        "points.csv:6: lat: 121.5 is not between -90 and 90: are lat and lon exchanged?",
        "points.csv:7: lon: 200 is not between -180 and 180",
        "points.csv:9: id: 'g' stands in line 8 as well",
        f"error: 7 problems in {points}: nothing was computed",
    ]
    assert not (tmp_path / "m.npz").exists()


def test_swapped_columns_are_one_problem(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """A file from China with the longitude first has one fault, not one in each row."""
    rows = "".join(f"p{i},117.{i},36.6\n" for i in range(87))
    points.write_text(f"id,lat,lon\n{rows}home,48.0,15.0\n")
    result = _matrix(grid_map, points, tmp_path / "m.npz")
    assert result.exit_code == 2
    assert result.stderr == (
        "points.csv: 87 of 88 points lie off the earth, and on it with lat and lon exchanged: "
        "write the latitude first\n"
        f"error: 1 problem in {points}: nothing was computed\n"
    )


@pytest.mark.slow
def test_the_first_large_matrix_says_that_it_compiles(grid_map: Path, tmp_path: Path) -> None:
    """A cache that is empty is told of while one waits; the next run finds it filled."""
    points, out = tmp_path / "many.csv", tmp_path / "m.npz"
    rows = "".join(f"p{i},{48 + i * 1e-6:.6f},15.0\n" for i in range(1500))
    points.write_text(f"id,lat,lon\n{rows}")
    command = [sys.executable, "-c", "from cli.main import app; app()", "map", "matrix"]
    command += [str(grid_map), str(points), "-m", "car", "-o", str(out)]
    places = {**os.environ, "NUMBA_CACHE_DIR": str(tmp_path / "numba")}
    said = [
        subprocess.run(command, env=places, check=True, capture_output=True, text=True).stderr
        for _ in range(2)
    ]
    line = "compiling the search, once; antmile warmup does it beforehand\n"
    assert [text.count(line) for text in said] == [1, 0]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "no such file: give a CSV file with the columns id,lat,lon"),
        (b"", "points.csv: has no header: its first line must be id,lat,lon"),
        (b"id,lat,lon\n", "points.csv: holds no point"),
        (b"id,lat,lng\na,1,2\n", "points.csv:1: lon: the column is missing"),
        (b"id,lat,lon\n\xff,1,2\n", "points.csv: is not UTF-8"),
    ],
)
def test_bad_points_files(grid_map: Path, tmp_path: Path, content: bytes | None, said: str) -> None:
    """What is no table of points says how one looks."""
    file = tmp_path / "points.csv"
    if content is not None:
        file.write_bytes(content)
    result = _matrix(grid_map, file, tmp_path / "m.npz")
    assert result.exit_code == 2
    assert said in result.stderr


def test_output_is_refused_before_the_work(grid_map: Path, points: Path, tmp_path: Path) -> None:
    """A name of another kind and a folder that is none are told, each in a line."""
    result = _matrix(grid_map, points, tmp_path / "m.txt")
    assert (result.exit_code, result.stderr) == (
        2,
        f"error: {tmp_path / 'm.txt'}: end the name with .npz or .csv\n",
    )
    out = tmp_path / "no" / "m.npz"
    result = _matrix(grid_map, points, out)
    assert result.exit_code == 2
    assert result.stderr == (
        f"error: {out}: No such file or directory: choose another path or make this one usable\n"
    )


@pytest.mark.parametrize("moment", ["soon", "2026-03-02", "2026-03-02T08:00"])
def test_a_moment_needs_its_offset(
    grid_map: Path, points: Path, tmp_path: Path, moment: str
) -> None:
    """What is no moment, and local time of nowhere, are refused."""
    result = _matrix(grid_map, points, tmp_path / "m.npz", "--at", moment)
    assert result.exit_code == 2
    assert "with an offset from UTC" in result.stderr


def test_roads_keep_the_hours_of_the_offset(tmp_path: Path) -> None:
    """A street closed from 7 to 9 is avoided at 8 o'clock there, not at 8 o'clock elsewhere."""
    file = tmp_path / "hours.osm"
    closed = '<tag k="motor_vehicle:conditional" v="no @ (07:00-09:00)"/>'
    street = '<tag k="highway" v="residential"/>'
    file.write_text(
        '<osm version="0.6"><node id="1" lat="0" lon="0"/><node id="2" lat="0" lon="0.01"/>'
        '<node id="3" lat="0.01" lon="0"/>'
        f'<way id="1"><nd ref="1"/><nd ref="2"/>{street}{closed}</way>'
        f'<way id="2"><nd ref="1"/><nd ref="3"/><nd ref="2"/>{street}</way></osm>'
    )
    points = tmp_path / "points.csv"
    points.write_text("id,lat,lon\na,0,0\nb,0,0.01\n")
    metres = {}
    for at in ("", "2026-03-02T08:00+01:00", "2026-03-02T08:00+03:00", "2026-03-02T05:00Z"):
        out = tmp_path / "m.npz"
        arguments = ["map", "matrix", str(file), str(points), "-m", "car", "-o", str(out)]
        result = CliRunner().invoke(app, [*arguments, "--at", at])
        assert result.exit_code == 0, result.output
        with np.load(out) as found:
            metres[at] = round(float(found["distance_m"][0, 1]))
        route = ["map", "route", str(file), "0,0", "0,0.01", "-m", "car", "--at", at]
        assert f"{metres[at] / 1000:.2f}" in CliRunner().invoke(app, route).stdout
    assert list(metres.values()) == [1112, 2684, 2684, 1112]


def test_route_takes_negative_coordinates(south_map: Path, tmp_path: Path) -> None:
    """South and west begin with a dash; the way is the street, and the GeoJSON runs along it."""
    line = tmp_path / "way.geojson"
    ends = ["-30.03,-51.22", "-30.04,-51.22"]
    arguments = ["map", "route", str(south_map), "--mode", "foot", *ends, "--geojson", str(line)]
    result = CliRunner().invoke(app, arguments)
    assert result.exit_code == 0, result.output
    assert "distance  1.112 km\n" in result.stdout
    assert "time      13 min 21 s (800." in result.stdout
    assert "points    2\n" in result.stdout
    feature = json.loads(line.read_text())
    assert feature["geometry"]["coordinates"] == [[-51.22, -30.03], [-51.22, -30.04]]
    assert feature["properties"]["mode"] == "foot"
    assert feature["properties"]["distance_m"] == pytest.approx(1112, abs=1)


@pytest.mark.parametrize(
    ("ends", "said"),
    [
        (["-30.03", "-51.22"], "is not LAT,LON in degrees"),
        (["-30.03,-51.22", "-91,0"], "-91 is not between -90 and 90"),
        (["-30.03,-51.22", "--geojsn"], "is not LAT,LON in degrees"),
        (["-30.03,-51.22", "0,0"], "correct it or use a map that covers it"),
        (["-30.03,-51.22", "-51.22,-30.03"], "with lat and lon exchanged it lies on the map"),
    ],
)
def test_bad_ends_of_a_route(south_map: Path, ends: list[str], said: str) -> None:
    """What is no coordinate, lies off the map or is the wrong way round is told."""
    result = CliRunner().invoke(app, ["map", "route", str(south_map), "--mode", "car", *ends])
    assert result.exit_code == 2
    assert said in result.stderr


class _Spot:
    def __init__(self, lat: float, lon: float) -> None:
        self.lat = lat
        self.lon = lon
