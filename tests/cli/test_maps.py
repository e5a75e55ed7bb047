"""``antmile map build``, ``info``, ``draw`` and ``compounds``, on a drawn quarter."""

import json
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import get_args

import numpy as np
import pytest
from typer.testing import CliRunner, Result

import cli.map_files
from cli.main import app
from maps.datum import Datum, fits, from_wgs84, is_clear
from maps.osm import load_map
from maps.profiles import MODES

RESIDENTIAL = {"highway": "residential"}
LAND = {"landuse": "residential", "barrier": "wall", "name": "Dingxin"}
COLUMNS = ["open km", "connected km", "private km", "nodes", "arcs", "turn bans"]

# A street from west (1) to east (3), and from its middle (2) a service road north through a gate
# (4) into walled land (10 to 13), where a house has its door (14). Turning left into it is banned.
NODES = {
    1: (31.230, 121.470, {}),
    2: (31.230, 121.472, {}),
    3: (31.230, 121.474, {}),
    4: (31.231, 121.472, {"barrier": "lift_gate"}),
    5: (31.232, 121.472, {}),
    6: (31.233, 121.472, {}),
    10: (31.2309, 121.471, {}),
    11: (31.2309, 121.473, {}),
    12: (31.234, 121.473, {}),
    13: (31.234, 121.471, {}),
    14: (31.2325, 121.4721, {"entrance": "main", "ref": "2"}),
}
WAYS = {
    100: ((1, 2), RESIDENTIAL),
    101: ((2, 3), RESIDENTIAL),
    102: ((2, 4, 5, 6), {"highway": "service"}),
    103: ((3, 77, 1), {**RESIDENTIAL, "motor_vehicle:conditional": "no @ (07:00-09:00)"}),
    104: ((3, 1), {**RESIDENTIAL, "motor_vehicle:conditional": "no @ (07:00-09:00)"}),
    200: ((10, 11, 12, 13, 10), LAND),
}


@pytest.fixture(autouse=True)
def _cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("ANTMILE_CACHE_DIR", str(tmp_path / "cache"))


@pytest.fixture
def quarter(tmp_path: Path) -> Path:
    """Give a quarter of Shanghai with a compound, a banned turn, hours and a missing node."""

    def tags(values: dict[str, str]) -> str:
        return "".join(f'<tag k="{key}" v="{value}"/>' for key, value in values.items())

    lines = [
        f'<node id="{i}" lat="{lat}" lon="{lon}">{tags(values)}</node>'
        for i, (lat, lon, values) in NODES.items()
    ]
    for i, (refs, values) in WAYS.items():
        nodes = "".join(f'<nd ref="{ref}"/>' for ref in refs)
        lines.append(f'<way id="{i}">{nodes}{tags(values)}</way>')
    lines.append(
        '<relation id="1"><member type="way" ref="100" role="from"/>'
        '<member type="node" ref="2" role="via"/><member type="way" ref="102" role="to"/>'
        + tags({"type": "restriction", "restriction": "no_left_turn"})
        + "</relation>"
    )
    file = tmp_path / "quarter.osm"
    file.write_text(f'<osm version="0.6">{"".join(lines)}</osm>')
    return file


@pytest.fixture
def built(quarter: Path, tmp_path: Path) -> Path:
    out = tmp_path / "quarter.map"
    assert _run("build", quarter, "-o", out).exit_code == 0
    return out


@pytest.fixture
def overpass() -> Iterator[str]:
    """Serve the quarter as Overpass does; give the address."""
    elements: list[dict[str, object]] = [
        {"type": "node", "id": i, "lat": lat, "lon": lon, "tags": tags}
        for i, (lat, lon, tags) in NODES.items()
    ]
    elements += [
        {"type": "way", "id": i, "nodes": list(refs), "tags": tags}
        for i, (refs, tags) in WAYS.items()
    ]

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            self._reply(b"Rate limit: 0")

        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self._reply(json.dumps({"version": 0.6, "elements": elements}).encode())

        def _reply(self, body: bytes) -> None:
            self.send_response(HTTPStatus.OK)
            self.end_headers()
            self.wfile.write(body)

        def log_message(self, *_args: object) -> None:
            """Keep the test's output clean."""

    with ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield f"http://127.0.0.1:{server.server_port}/api"
        server.shutdown()
        thread.join()


def _run(command: str, *arguments: object) -> Result:
    return CliRunner().invoke(app, ["map", command, *(str(word) for word in arguments)])


def test_modes_are_those_of_the_maps() -> None:
    """The help texts offer what the package knows."""
    assert get_args(cli.map_files.Mode) == MODES


def test_build_writes_a_map_and_says_what_is_next(quarter: Path, tmp_path: Path) -> None:
    """The map reads back as the file itself; the last line counts and names the next command."""
    out = tmp_path / "quarter.map"
    result = _run("build", quarter, "-o", out)
    assert result.exit_code == 0, result.output
    network = load_map(out)
    assert (network.way_id == load_map(quarter).way_id).all()
    said = result.stdout.splitlines()[-1]
    assert said.startswith(
        f"{out}: {network.edge_count} roads, {network.node_count} junctions, 1 compound in "
    )
    assert said.endswith(f"look at it with: antmile map info {out}")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        ([], "give one of SOURCE, --place, --address and --box"),
        (["x.osm", "--place", "Monaco"], "give one of SOURCE, --place, --address and --box"),
        (["x.osm"], "x.osm: no such file: give the path of an OSM file"),
        (["--box", "-30.02,-51.2,-30.05,-51.1"], "give south, west, north and east in degrees"),
        (["--box", "-30.02,-51.2,x,-51.1"], "is not south,west,north,east in degrees"),
        (["--box", "1,2,3"], "is not south,west,north,east in degrees"),
    ],
)
def test_build_needs_one_source(tmp_path: Path, arguments: list[str], said: str) -> None:
    """No source, two of them, none that is there, and boxes that are none are told."""
    result = _run("build", *arguments, "-o", tmp_path / "x.map")
    assert result.exit_code == 2
    assert said in result.stderr
    assert not (tmp_path / "x.map").exists()


def test_build_refuses_a_bad_name_before_the_work(quarter: Path, tmp_path: Path) -> None:
    """Another ending and a folder that is none: a line each."""
    result = _run("build", quarter, "-o", tmp_path / "x.zip")
    assert (result.exit_code, result.stderr) == (
        2,
        f"error: {tmp_path / 'x.zip'}: end the map's name with .map\n",
    )
    result = _run("build", quarter, "-o", tmp_path / "no" / "x.map")
    assert (result.exit_code, result.stderr) == (
        2,
        f"error: {tmp_path / 'no'}: no such folder: make it, or choose another\n",
    )


def test_build_names_bad_settings(tmp_path: Path) -> None:
    """Servers to download from stand in the settings; what is wrong there stops the download."""
    settings = tmp_path / "antmile.toml"
    settings.write_text("overpass_url = 7\n[networks.n.zones.z]\n")
    box = ["--box", "43.72,7.40,43.75,7.44", "--settings", settings]
    result = _run("build", *box, "-o", tmp_path / "x.map")
    assert result.exit_code == 2
    assert "overpass_url" in result.stderr


def test_build_says_what_to_try_where_a_server_is_silent(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A server from the environment that does not answer: one line with advice, status 2."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("ANTMILE_OVERPASS_URL", "http://127.0.0.1:9/api")
    monkeypatch.setenv("ANTMILE_NOMINATIM_URL", "http://127.0.0.1:9/")
    for area in (["--box", "-30.05,-51.24,-30.03,-51.22"], ["--place", "Monaco"]):
        result = _run("build", *area, "-o", tmp_path / "x.map")
        assert result.exit_code == 2
        assert result.stderr.startswith("error: ")
        assert "127.0.0.1:9" in result.stderr
        assert "use a local OSM file" in result.stderr
        assert result.stderr.count("\n") == 1


def test_build_downloads_and_keeps_the_download(
    quarter: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, overpass: str
) -> None:
    """The server of the settings file is asked; the kept file builds the same map."""
    settings = tmp_path / "antmile.toml"
    settings.write_text(f'overpass_url = "{overpass}"\n[networks.n.zones.z]\n')
    kept, out, again = tmp_path / "kept.osm", tmp_path / "x.map", tmp_path / "again.map"
    box = ["--box", "31.22,121.46,31.24,121.48", "--settings", settings]
    result = _run("build", *box, "--keep-osm", kept, "-o", out)
    assert result.exit_code == 0, result.output
    assert _run("build", kept, "-o", again).exit_code == 0
    own = load_map(quarter)
    for file in (out, again):
        network = load_map(file)
        assert network.way_id.tolist() == own.way_id.tolist()
        assert [compound.name for compound in network.compounds] == ["Dingxin"]


def test_info_tells_all_that_the_issue_asks_for(built: Path) -> None:
    """Extent, nodes and arcs by mode, bans, hours, compounds with gates, and what was mended."""
    result = _run("info", built)
    assert result.exit_code == 0, result.output
    assert "latitude 31.2300 to 31.2330, longitude 121.4700 to 121.4740: 0.4 km by 0.3 km" in (
        result.stdout
    )
    rows = {words[0]: words[1:] for words in _rows(result.stdout)}
    assert rows["mode"] == [
        "open km",
        "connected km",
        "private km",
        "nodes",
        "arcs",
        "turn bans",
    ]
    assert rows["foot"][-1] == "0"
    assert rows["car"][-1] == "1"
    assert rows["car"][3:5] != ["0", "0"]
    assert "1 road with hours of their own" in result.stdout
    assert "1 compound with 1 gate (SIGN_IN 1) and 1 entrance\n  Dingxin\n" in result.stdout
    assert "left out or mended" in result.stdout
    assert any("node" in name for name in rows)


def test_info_takes_osm_files_too(quarter: Path, built: Path) -> None:
    """The OSM file tells the same as the map that was built from it."""
    of_file, of_map = _run("info", quarter).stdout, _run("info", built).stdout
    assert of_file.replace(str(quarter), "") == of_map.replace(str(built), "")


def test_info_says_which_datum_fits(built: Path, tmp_path: Path) -> None:
    """Points on the roads, shifted as Chinese maps are: GCJ02 fits, the others are far off."""
    roads = load_map(built)
    # Along the street from west to east, and the few corners of all roads.
    along = np.linspace(121.470, 121.474, 12)
    lat, lon = from_wgs84(
        Datum.GCJ02,
        np.append(roads.shape_lat, np.full(12, 31.23)),
        np.append(roads.shape_lon, along),
    )
    points = tmp_path / "points.csv"
    lines = [f"p{i},{a:.7f},{o:.7f}" for i, (a, o) in enumerate(zip(lat, lon, strict=True))]
    points.write_text("\n".join(["id,lat,lon", *lines]))
    result = _run("info", built, "--points", points)
    assert result.exit_code == 0, result.output
    assert "GCJ02 fits best, half within 0.0 m of a road; " in result.stdout
    assert [words[0] for words in _rows(result.stdout)][-3] == "GCJ02"
    points.write_text("\n".join(["id,lat,lon", *lines[:9], *(f"x{line}" for line in lines[:9])]))
    said = _run("info", built, "--points", points).stdout
    assert "18 points, " in said
    assert "too few points to tell the datum" in said
    assert "fits best" not in said


def test_info_says_where_two_datums_are_too_close(built: Path, tmp_path: Path) -> None:
    """Points as near to a road in one datum as in another have none that fits best."""
    network, rng = load_map(built), np.random.default_rng(3)
    spots = rng.uniform((31.228, 121.47), (31.234, 121.476), (800, 2)).tolist()
    lat, lon = next(spot for spot in spots if not is_clear(fits(network, spot[:1], spot[1:])))
    points = tmp_path / "points.csv"
    lines = [f"p{i},{lat + 2e-6 * i:.7f},{lon:.7f}" for i in range(12)]
    points.write_text("\n".join(["id,lat,lon", *lines]))
    said = _run("info", built, "--points", points).stdout
    assert "12 points, 12 distinct, read as" in said
    assert "too close to tell the datum" in said


def test_info_says_that_the_datum_does_not_matter(grid_map: Path, tmp_path: Path) -> None:
    """Outside China all three are the same; points elsewhere are pointed out."""
    points = tmp_path / "points.csv"
    points.write_text("id,lat,lon\na,48.0,15.0\n")
    assert "outside China" in _run("info", grid_map, "--points", points).stdout
    points.write_text("id,lat,lon\na,15.0,48.0\n")
    assert "with lat and lon exchanged" in _run("info", grid_map, "--points", points).stdout


def test_draw_writes_a_picture(built: Path, tmp_path: Path) -> None:
    """An SVG as wide as asked for, with the compound's name in it."""
    out = tmp_path / "map.svg"
    result = _run("draw", built, "-o", out, "--width", 800)
    assert result.exit_code == 0, result.output
    picture = out.read_text()
    assert picture.startswith("<svg")
    assert "Dingxin" in picture


@pytest.mark.parametrize("name", ["roads.geojson", "roads.json"])
def test_draw_writes_roads_for_other_tools(built: Path, tmp_path: Path, name: str) -> None:
    """By the name's ending: every road as a line, longitude first."""
    out = tmp_path / name
    result = _run("draw", built, "-o", out)
    assert result.exit_code == 0, result.output
    network = load_map(built)
    assert result.stdout.splitlines()[-1] == f"{out}: {network.edge_count} roads"
    roads = json.loads(out.read_text())["features"]
    assert [road["properties"]["way"] for road in roads] == network.way_id.tolist()
    assert roads[0]["geometry"]["coordinates"][0] == [121.47, 31.23]


def test_roads_for_other_tools_are_those_of_all_modes(built: Path, tmp_path: Path) -> None:
    """A mode that would be passed over is refused, and nothing is written."""
    out = tmp_path / "roads.geojson"
    result = _run("draw", built, "-o", out, "--mode", "car")
    assert result.exit_code == 2
    assert "leave out --mode" in result.stderr
    assert not out.exists()


def test_draw_refuses_other_endings(built: Path, tmp_path: Path) -> None:
    """An SVG under the name of a PNG opens nowhere."""
    out = tmp_path / "x.png"
    result = _run("draw", built, "-o", out)
    assert (result.exit_code, result.stderr) == (
        2,
        f"error: {out}: end the name with .svg, or with .geojson or .json for the roads\n",
    )


def test_results_go_through_links(built: Path, tmp_path: Path) -> None:
    """A link to a device or to a file stays a link; what it points to is written."""
    device, link, file = tmp_path / "device.svg", tmp_path / "link.svg", tmp_path / "file.svg"
    device.symlink_to("/dev/null")
    link.symlink_to(file)
    for out in (device, link):
        assert _run("draw", built, "-o", out).exit_code == 0
        assert out.is_symlink()
    assert file.read_text().startswith("<svg")


def test_compounds_go_out_and_come_back(built: Path, tmp_path: Path) -> None:
    """What was found is written, corrected by hand and read back, by both commands."""
    found = tmp_path / "found.geojson"
    assert _run("compounds", built, "-o", found).exit_code == 0
    content = json.loads(found.read_text())
    gates = [f for f in content["features"] if f["properties"]["kind"] == "gate"]
    assert [gate["properties"]["rule"] for gate in gates] == ["SIGN_IN"]
    gates[0]["properties"] |= {"rule": "PERMIT", "sign_in_s": None}
    found.write_text(json.dumps(content))
    again, anew = tmp_path / "again.map", tmp_path / "anew.map"
    result = _run("compounds", built, "--read", found, "-o", again)
    assert result.exit_code == 0, result.output
    assert f"{found}: 0 compounds added, 1 changed, 0 removed; gates 1 -> 1\n" in result.stdout
    assert _run("build", tmp_path / "quarter.osm", "--compounds", found, "-o", anew).exit_code == 0
    for file in (again, anew):
        compound = load_map(file).compounds[0]
        assert (compound.name, compound.gates[0].rule) == ("Dingxin", "PERMIT")
        assert "PERMIT 1" in _run("info", file).stdout


def test_compounds_are_added_and_removed(built: Path, tmp_path: Path) -> None:
    """By the shortest file that can; the line says what was done."""
    (own,) = load_map(built).compounds
    file, out = tmp_path / "some.geojson", tmp_path / "out.map"
    gone = {"kind": "compound", "id": own.id, "removed": True}
    yard = {"kind": "compound", "id": "yard"}
    gate = {"kind": "gate", "compound": "yard", "id": "g", "rule": "OPEN"}
    features = [
        {"type": "Feature", "geometry": geometry, "properties": properties}
        for geometry, properties in (
            (None, gone),
            (None, yard),
            ({"type": "Point", "coordinates": [121.473, 31.23]}, gate),
            ({"type": "Point", "coordinates": [121.474, 31.23]}, {**gate, "id": "h"}),
        )
    ]
    file.write_text(json.dumps({"type": "FeatureCollection", "features": features}))
    result = _run("compounds", built, "--read", file, "-o", out)
    assert result.exit_code == 0, result.output
    assert f"{file}: 1 compound added, 0 changed, 1 removed; gates 1 -> 2\n" in result.stdout
    assert [compound.id for compound in load_map(out).compounds] == ["yard"]
    result = _run("compounds", out, "--read", file, "-o", out)
    assert result.exit_code == 2
    assert f"no compound '{own.id}' in the map to remove" in result.stderr


def test_a_corrected_gate_stops_whom_it_does_not_name(built: Path, tmp_path: Path) -> None:
    """A barrier that is for people on foot by the file stops the others on the road."""
    found, out = tmp_path / "found.geojson", tmp_path / "out.map"
    _run("compounds", built, "-o", found)
    content = json.loads(found.read_text())
    (gate,) = (f for f in content["features"] if f["properties"]["kind"] == "gate")
    gate["properties"]["modes"] = ["foot"]
    found.write_text(json.dumps(content))
    assert _run("compounds", built, "--read", found, "-o", out).exit_code == 0
    for file, stopped in ((built, [False] * 4), (out, [mode != "foot" for mode in MODES])):
        network = load_map(file)
        assert network.node_blocked[:, network.node_id == 4].ravel().tolist() == stopped


def test_bad_corrections_are_told_by_feature(built: Path, tmp_path: Path) -> None:
    """A rule that does not exist is named, and no map is written."""
    found = tmp_path / "found.geojson"
    _run("compounds", built, "-o", found)
    found.write_text(found.read_text().replace("SIGN_IN", "MAYBE"))
    result = _run("compounds", built, "--read", found, "-o", tmp_path / "x.map")
    assert result.exit_code == 2
    assert "rule" in result.stderr
    assert not (tmp_path / "x.map").exists()


@pytest.mark.parametrize("command", ["info", "draw", "compounds", "matrix", "route"])
@pytest.mark.parametrize(
    ("name", "content", "said"),
    [
        ("x.map", b"not a map at all", "this map is damaged: build it again"),
        ("x.osm", b"<osm version='0.6'><node id='1'", "this OSM file is damaged"),
        ("x.osm", b"<osm version='0.6'></osm>", "the file has no roads"),
        ("x.osm", b"", "the file is empty"),
        ("x.txt", b"hello", "by its name: use one of .osm"),
    ],
)
def test_bad_maps_are_one_line_everywhere(
    tmp_path: Path, command: str, name: str, content: bytes, said: str
) -> None:
    """No command shows a traceback for a file that is no map."""
    file = tmp_path / name
    file.write_bytes(content)
    (tmp_path / "points.csv").write_text("id,lat,lon\na,1,2\n")
    out: list[object] = ["-o", tmp_path / "out.npz"]
    picture = tmp_path / "out.svg"
    more: dict[str, list[object]] = {
        "info": [],
        "draw": ["-o", picture],
        "compounds": out,
        "matrix": [tmp_path / "points.csv", "-m", "car", *out],
        "route": ["1,2", "3,4", "-m", "car"],
    }
    result = _run(command, file, *more[command])
    assert result.exit_code == 2
    assert result.stderr.startswith(f"error: {file}: ")
    assert said in result.stderr
    assert result.stderr.count("\n") == 1
    assert not (tmp_path / "out.npz").exists()
    assert not picture.exists()


def test_a_mode_without_a_network_is_told(tmp_path: Path) -> None:
    """Steps are of no use to cars: `info` shows zeros, a route is refused, a picture says so."""
    steps = tmp_path / "steps.osm"
    steps.write_text(
        '<osm version="0.6"><node id="1" lat="1" lon="2"/><node id="2" lat="1.001" lon="2"/>'
        '<way id="1"><nd ref="1"/><nd ref="2"/><tag k="highway" v="steps"/></way></osm>'
    )
    result = _run("info", steps)
    assert result.exit_code == 0, result.output
    rows = {words[0]: words[1:] for words in _rows(result.stdout)}
    assert rows["car"][1:5] == ["0.0", "0.0", "0", "0"]
    assert rows["foot"][3:5] == ["2", "2"]
    result = _run("route", steps, "1,2", "1.001,2", "-m", "car")
    assert result.exit_code == 2
    assert "the map has no connected road for car" in result.stderr
    result = _run("draw", steps, "-m", "car", "-o", tmp_path / "steps.svg")
    assert result.exit_code == 0, result.output
    assert "no road in it is open to car" in result.stdout
    assert "1 road, 2 junctions" in _run("info", steps).stdout


@pytest.mark.parametrize("command", ["build", "info", "matrix", "route", "draw", "compounds"])
def test_help_has_an_example(command: str) -> None:
    """Every command shows how it is used."""
    result = _run(command, "--help")
    assert result.exit_code == 0
    assert f"Example: antmile map {command} " in result.stdout


def _rows(text: str) -> list[list[str]]:
    """Return the cells of all tables in a text, row by row."""
    lines = [line.replace("┃", "│") for line in text.splitlines()]
    return [
        [cell.strip() for cell in line.strip("│").split("│")]
        for line in lines
        if line.startswith("│")
    ]
