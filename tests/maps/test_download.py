"""Downloads from a server on this machine that speaks as Overpass and Nominatim do."""

import json
import socket
import threading
from collections.abc import Iterator
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest

from maps.download import NOMINATIM_URL, OVERPASS_URL, TAGS, Around, download
from maps.earth import Bounds
from maps.network import MapError
from maps.osm import import_osm
from maps.reading.sites import is_site

waits = pytest.mark.slow
"""Osmnx waits for a second before each question to Nominatim, as its public server wishes."""

CENTRE = (60.170, 24.940)
BOX = Bounds(south=60.16, west=24.93, north=60.18, east=24.95)
PLACES: dict[str, list[dict[str, Any]]] = {
    "Smallville": [
        {
            "lat": "60.17",
            "lon": "24.94",
            "importance": 0.5,
            "boundingbox": ["60.16", "60.18", "24.93", "24.95"],
            "geojson": {
                "type": "Polygon",
                "coordinates": [[[24.93, 60.16], [24.95, 60.16], [24.94, 60.18], [24.93, 60.16]]],
            },
        }
    ],
    "Harbour Street 3": [
        {
            "lat": "60.17",
            "lon": "24.94",
            "importance": 0.1,
            "boundingbox": ["60.17", "60.17", "24.94", "24.94"],
            "geojson": {"type": "Point", "coordinates": [24.94, 60.17]},
        }
    ],
    "Continent": [
        {
            "lat": "60.0",
            "lon": "24.0",
            "importance": 0.9,
            "boundingbox": ["50.0", "60.0", "20.0", "30.0"],
            "geojson": {
                "type": "Polygon",
                "coordinates": [[[20.0, 50.0], [30.0, 50.0], [30.0, 60.0], [20.0, 50.0]]],
            },
        }
    ],
}

STATUS = """Connected as: 1
Current time: 2026-03-02T08:00:00Z
Announced endpoint: none
Rate limit: 2
2 slots available now.
Currently running queries (pid, space limit, time limit, start time):
"""


def _node(number: int, east: int, north: float, **tags: str) -> dict[str, Any]:
    lat, lon = CENTRE[0] + north * 0.001, CENTRE[1] + east * 0.002
    return {"type": "node", "id": number, "lat": lat, "lon": lon, "tags": tags}


def _way(number: int, nodes: list[int], **tags: str) -> dict[str, Any]:
    return {"type": "way", "id": number, "nodes": nodes, "tags": tags}


#      4
#      |
#  1---2---3
#      |
#  7---5---8   5 is the gate of the compound 7-8-9-10, ten metres behind its outline
#  |   |   |
#  |   6   |
# 10-------9
TOWN: list[dict[str, Any]] = [
    _way(11, [1, 2], highway="residential", name='"Fish & Chips" Lane'),
    _way(12, [2, 3], highway="residential"),
    _way(13, [2, 4], highway="residential"),
    _way(14, [2, 5, 6], highway="service", access="private"),
    _way(15, [7, 8, 9, 10, 7], landuse="residential", name="Lakeside", barrier="fence"),
    _node(1, -1, 0),
    _node(2, 0, 0),
    _node(3, 1, 0),
    _node(4, 0, 1),
    _node(5, 0, -1, barrier="gate", access="private"),
    _node(6, 0, -2),
    _node(7, -1, -0.9),
    _node(8, 1, -0.9),
    _node(9, 1, -3),
    _node(10, -1, -3),
    {
        "type": "relation",
        "id": 21,
        "members": [
            {"type": "way", "ref": 11, "role": "from"},
            {"type": "node", "ref": 2, "role": "via"},
            {"type": "way", "ref": 13, "role": "to"},
        ],
        "tags": {"type": "restriction", "restriction": "no_left_turn"},
    },
]


class Server:
    """A Nominatim and an Overpass; tests change what they answer.

    Attributes
    ----------
    answers : dict
        By the last part of the path: (status, body).
    asked : list of (last part of the path, parameters, user agent)
    """

    def __init__(self) -> None:
        town = {"version": 0.6, "elements": TOWN}
        self.answers: dict[str, tuple[int, str]] = {
            "interpreter": (HTTPStatus.OK, json.dumps(town)),
            "status": (HTTPStatus.OK, STATUS),
        }
        self.asked: list[tuple[str, dict[str, list[str]], str]] = []
        server = self

        class Handler(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                parts = urlsplit(self.path)
                self._reply(parts.path, parse_qs(parts.query))

            def do_POST(self) -> None:
                length = int(self.headers["Content-Length"])
                self._reply(self.path, parse_qs(self.rfile.read(length).decode()))

            def _reply(self, path: str, fields: dict[str, list[str]]) -> None:
                name = path.rpartition("/")[2]
                server.asked.append((name, fields, self.headers["User-Agent"]))
                status, body = server.answers.get(name) or (
                    HTTPStatus.OK,
                    json.dumps(PLACES.get(fields["q"][0], [])),
                )
                self.send_response(status)
                self.end_headers()
                self.wfile.write(body.encode())

            def log_message(self, *_args: object) -> None:
                """Keep the test's output clean."""

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.http.server_port}"

    def query(self) -> str:
        """Return what Overpass was asked."""
        [data] = [fields["data"][0] for name, fields, _ in self.asked if name == "interpreter"]
        return data


@pytest.fixture
def server() -> Iterator[Server]:
    server = Server()
    thread = threading.Thread(target=server.http.serve_forever, kwargs={"poll_interval": 0.01})
    thread.start()
    yield server
    server.http.shutdown()
    thread.join()
    server.http.server_close()


def _get(server: Server, area: str | Around | Bounds, to: Path) -> Path:
    return download(area, to, overpass_url=f"{server.url}/api", nominatim_url=server.url)


def _refusal(server: Server, area: str | Around | Bounds, to: Path) -> str:
    """Return the message of a download that must fail and leave no file."""
    with pytest.raises(MapError) as caught:
        _get(server, area, to)
    message = str(caught.value)
    assert "\n" not in message
    assert list(to.parent.iterdir()) == []
    return message


def test_a_box_becomes_a_file_with_everything_the_importer_needs(
    server: Server, tmp_path: Path
) -> None:
    """Roads, the turn restriction and the gate of a small town arrive in the network."""
    path = _get(server, BOX, tmp_path / "town.osm")
    network = import_osm(path)
    assert set(network.way_id.tolist()) == {11, 12, 13, 14}
    assert len(network.ban_start) == 2
    assert (network.node_id == 5).sum() == 1
    [compound] = network.compounds
    assert (compound.name, [gate.id for gate in compound.gates]) == ("Lakeside", ["n5"])
    assert "Fish &amp; Chips" in path.read_text(encoding="utf-8")


def test_overpass_is_asked_for_every_tag_within_the_area(server: Server, tmp_path: Path) -> None:
    """All three kinds with all tags, with their nodes and members, in the box's corners."""
    _get(server, BOX, tmp_path / "town.osm")
    query = server.query()
    for key, value in TAGS.items():
        wanted = [f"['{key}']"]
        if not isinstance(value, bool):
            values = [value] if isinstance(value, str) else value
            wanted = [f"['{key}'='{one}']" for one in values]
        for kind in ("node", "way", "relation"):
            assert all(f"{kind}{tag}(poly:" in query for tag in wanted)
    assert "60.160000 24.930000" in query
    assert query.count("(._;>;)") == query.count("(poly:")
    assert {agent.split(",")[0] for _, _, agent in server.asked} == {"antmile"}


def test_all_land_that_is_asked_for_is_land_to_the_importer() -> None:
    """No kind of area is downloaded in vain."""
    for key in ("landuse", "residential", "amenity"):
        value = TAGS[key]
        assert not isinstance(value, bool)
        assert all(is_site({key: one}) for one in ([value] if isinstance(value, str) else value))


def test_a_place_is_asked_for_within_its_boundary(server: Server, tmp_path: Path) -> None:
    """The place's own outline, not the box around it, goes to Overpass."""
    lines: list[str] = []
    download(
        "Smallville",
        tmp_path / "town.osm",
        overpass_url=f"{server.url}/api",
        nominatim_url=server.url,
        progress=lines.append,
    )
    assert "60.180000 24.940000" in server.query()
    assert "60.180000 24.950000" not in server.query()
    assert lines == [
        f"asking {server.url} where the place 'Smallville' is",
        f"asking {server.url}/api for 1.2 km2 of map",
        f"writing 10 nodes, 5 ways, 1 relations to {tmp_path / 'town.osm'}",
    ]


def test_an_address_gets_a_square_around_it(server: Server, tmp_path: Path) -> None:
    """Half a kilometre each way is 0.0045 degrees of latitude."""
    _get(server, Around(address="Harbour Street 3", distance_m=500.0), tmp_path / "town.osm")
    assert "60.165503" in server.query()
    assert "60.174497" in server.query()


def test_the_same_area_gives_the_same_bytes_and_is_asked_for_anew(
    server: Server, tmp_path: Path
) -> None:
    """The order of the answer does not matter, and no old answer is served again."""
    first = _get(server, BOX, tmp_path / "a.osm").read_bytes()
    body = json.dumps({"elements": TOWN[::-1] + TOWN[:3]})
    server.answers["interpreter"] = (HTTPStatus.OK, body)
    assert _get(server, BOX, tmp_path / "b.osm").read_bytes() == first
    assert [name for name, _, _ in server.asked].count("interpreter") == 2


def test_the_process_is_left_as_it_was(server: Server, tmp_path: Path) -> None:
    """The settings of osmnx and the resolver of names are put back, also after a failure."""
    import osmnx  # noqa: PLC0415

    before, resolve = dict(vars(osmnx.settings)), socket.getaddrinfo
    _get(server, BOX, tmp_path / "town.osm")
    with pytest.raises(MapError):
        _get(server, "Nowhere", tmp_path / "none.osm")
    assert vars(osmnx.settings) == before
    assert socket.getaddrinfo is resolve


def test_the_public_servers_are_those_of_osmnx() -> None:
    """The defaults in the settings are documented as osmnx's own."""
    import osmnx  # noqa: PLC0415

    assert (osmnx.settings.overpass_url, osmnx.settings.nominatim_url) == (
        OVERPASS_URL,
        NOMINATIM_URL,
    )


# --- failures --------------------------------------------------------------------------------


@waits
@pytest.mark.parametrize(
    ("area", "said"),
    [
        ("Nowhere", "does not find the place 'Nowhere': write it differently, or give a box"),
        ("Harbour Street 3", "is a point without an area: give an address and a distance"),
        ("Continent", "km2, more than 2500: ask for a part of it, or get an extract"),
        (Around(address="Nowhere", distance_m=500.0), "does not find the address 'Nowhere'"),
        (Around(address="Harbour Street 3", distance_m=0.0), "0.0 is no distance"),
        (Around(address="Harbour Street 3", distance_m=1e6), "km2, more than 2500"),
        (Bounds(south=60.0, west=20.0, north=62.0, east=26.0), "km2, more than 2500"),
        (Bounds(south=60.2, west=24.9, north=60.1, east=25.0), "is none: give south, west"),
        (Bounds(south=60.0, west=179.0, north=60.1, east=181.0), "is none: give south, west"),
    ],
)
def test_an_area_that_cannot_be_had_is_explained(
    server: Server, tmp_path: Path, area: str | Around | Bounds, said: str
) -> None:
    """Unknown, a point, too large or no box at all: one line with what to try."""
    assert said in _refusal(server, area, tmp_path / "town.osm")
    assert not [name for name, _, _ in server.asked if name == "interpreter"]


@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (429, "", "127.0.0.1 is busy (429): try again in some minutes, name another server"),
        (504, "<html/>", "127.0.0.1 is busy (504): try again in some minutes"),
        (500, "", "127.0.0.1 refused (500 Internal Server Error): try again in some minutes"),
        (200, "<html/>", "answered with something else than JSON: try again"),
        (200, "[]", "answered with something else than a map: try again"),
        (200, '{"elements": [7]}', "answered with something else than a map"),
        (200, '{"elements": [{"type": "way"}]}', "answered with something else than a map"),
        (200, '{"elements": []}', "has no roads in OpenStreetMap: check it, or make it larger"),
        (
            200,
            '{"elements": [], "remark": "runtime error:\\n out of memory"}',
            "did not finish (runtime error: out of memory): ask for a smaller area",
        ),
    ],
)
def test_what_overpass_cannot_do_is_explained(
    server: Server, tmp_path: Path, status: int, body: str, said: str
) -> None:
    """At once, without waiting and retrying for ever, and never half a map for a whole one."""
    server.answers["interpreter"] = (status, body)
    assert said in _refusal(server, BOX, tmp_path / "town.osm")


@waits
@pytest.mark.parametrize(
    ("status", "body", "said"),
    [
        (429, "", "127.0.0.1 is busy (429): try again in some minutes"),
        (403, "", "127.0.0.1 refused (403 Forbidden)"),
        (200, "<html/>", "answered with something else than JSON"),
        (200, "{}", "answered with something else than a map"),
    ],
)
def test_what_nominatim_cannot_do_is_explained(
    server: Server, tmp_path: Path, status: int, body: str, said: str
) -> None:
    """Like Overpass."""
    server.answers["search"] = (status, body)
    assert said in _refusal(server, "Smallville", tmp_path / "town.osm")


def test_a_server_without_slots_is_asked_all_the_same(server: Server, tmp_path: Path) -> None:
    """An Overpass of one's own need not say when it has time; nobody waits a minute for that."""
    server.answers["status"] = (HTTPStatus.NOT_FOUND, "")
    _get(server, BOX, tmp_path / "town.osm")
    assert [name for name, _, _ in server.asked] == ["status", "interpreter"]


@pytest.mark.parametrize("area", [BOX, "Smallville"])
def test_no_network_is_explained_at_once(tmp_path: Path, area: str | Bounds) -> None:
    """Where nothing listens, one line says so and what to try instead."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        url = f"http://127.0.0.1:{free.getsockname()[1]}"
    with pytest.raises(MapError) as caught:
        download(area, tmp_path / "town.osm", overpass_url=url, nominatim_url=url)
    assert str(caught.value) == (
        f"{url} cannot be reached: check the network, name another server, or use a local OSM file"
    )


def test_a_file_of_another_kind_is_refused_before_anybody_is_asked(
    server: Server, tmp_path: Path
) -> None:
    """A download is an OSM file and should be called one."""
    assert "use a name with .osm" in _refusal(server, BOX, tmp_path / "town.pbf")
    assert server.asked == []


def test_a_folder_that_cannot_be_written_is_told(server: Server, tmp_path: Path) -> None:
    """The file's own name and the system's reason."""
    with pytest.raises(MapError, match=r"town\.osm: cannot be written \(No such file"):
        _get(server, BOX, tmp_path / "gone" / "town.osm")
