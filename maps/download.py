"""Maps from the network: a place, an address or a box becomes an OSM file.

The only module that imports osmnx, and only when something is downloaded (the extra
``download``). osmnx finds places (Nominatim), keeps to the servers' manners and asks Overpass;
its road graph is not used, because it knows no relations, and so no turn restrictions and no
multipolygons. What Overpass answered is written down as an OSM file instead, which
`maps.osm` reads like any other: there is one importer, and the file can be kept.

osmnx's settings are the whole process's. They are put back afterwards, but two downloads at
once in one process would mix them up.
"""

import json
import socket
import tempfile
import urllib.error
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeAlias
from urllib.parse import urlsplit
from xml.sax.saxutils import quoteattr

import numpy as np
import shapely

from maps.earth import EVERYWHERE, Bounds, LocalProjection
from maps.network import MapError

OVERPASS_URL = "https://overpass-api.de/api"
NOMINATIM_URL = "https://nominatim.openstreetmap.org/"
"""The public servers, as osmnx has them."""

SUFFIXES = (".osm", ".osm.xml")
"""Endings of the names of files that are written."""

LARGEST_KM2 = 2_500.0
"""The largest area that is asked for: a metropolis. osmnx would cut a larger one up."""

TAGS: Mapping[str, bool | str | list[str]] = {
    "highway": True,
    "route": "ferry",
    "type": "restriction",
    "barrier": True,
    "entrance": True,
    "landuse": "residential",
    "residential": "gated",
    "amenity": ["college", "hospital", "school", "university"],
}
"""What is asked for: roads and ferries, turn restrictions, and what compounds are made of, the
land that is a site to `maps.reading.sites`.

With each element come all its tags, its nodes, and the members of relations.
"""

_TIMEOUT_S = 180
_PROBE_S = 10
_AGENT = "antmile, with osmnx (https://github.com/gboeing/osmnx)"
_KINDS = ("node", "way", "relation")
_BUSY = frozenset({429, 503, 504})
_ANOTHER = "try again in some minutes, name another server, or use a local OSM file"

Progress: TypeAlias = Callable[[str], None]


@dataclass(frozen=True, slots=True, kw_only=True)
class Around:
    """A square around an address.

    Attributes
    ----------
    address : str
        Anything that Nominatim finds.
    distance_m : float
        Metres from the address to each side of the square.
    """

    address: str
    distance_m: float


Area: TypeAlias = str | Around | Bounds
"""The name of a place with a boundary, a square around an address, or a box."""


def download(
    area: Area,
    to: Path,
    *,
    overpass_url: str = OVERPASS_URL,
    nominatim_url: str = NOMINATIM_URL,
    progress: Progress = lambda _line: None,
) -> Path:
    """Download the roads of an area and what belongs to them into an OSM file.

    Ways that leave the area come whole.

    Parameters
    ----------
    area : str, Around or Bounds
    to : Path
        ``.osm`` or ``.osm.xml``; an older file is replaced, and only by a whole one.
    overpass_url, nominatim_url : str
        Base addresses of the servers.
    progress : callable
        Is told in one line what begins.

    Returns
    -------
    Path
        ``to``, ready for `maps.osm.import_osm`.

    Raises
    ------
    MapError
        With one line that says what to try: the area is not found, too large or without
        roads, a server cannot be reached, is busy or answers with something else, osmnx is
        not installed, or the file cannot be written.
    """
    if not to.name.endswith(SUFFIXES):
        raise MapError(f"{to}: downloads become OSM files: use a name with {SUFFIXES[0]}")
    try:
        import osmnx  # noqa: PLC0415 - it costs seconds, and is an extra
    except ImportError as error:
        raise MapError(
            "downloads need osmnx: pip install 'antmile[download]', or use a local OSM file"
        ) from error
    with tempfile.TemporaryDirectory(prefix="antmile-") as folder:
        answers = Path(folder)
        values = {
            "cache_folder": answers,
            "cache_only_mode": True,
            "doh_url_template": None,
            "http_referer": _AGENT,
            "http_user_agent": _AGENT,
            "nominatim_url": nominatim_url,
            "overpass_url": overpass_url,
            "requests_kwargs": {"hooks": {"response": _check_answer}},
            "requests_timeout": _TIMEOUT_S,
            "use_cache": True,
        }
        with _settings(osmnx.settings, values):
            shape = _shape(osmnx, area, nominatim_url, progress)
            _check_size(shape)
            progress(f"asking {overpass_url} for {_km2(shape):.1f} km2 of map")
            osmnx.settings.overpass_rate_limit = _has_slots(overpass_url)
            _ask(osmnx, shape, overpass_url)
        elements = _elements(answers, overpass_url)
    if not any("highway" in way.tags for way in elements["way"].values()):
        raise MapError(f"{_named(area)} has no roads in OpenStreetMap: check it, or make it larger")
    counts = ", ".join(f"{len(elements[kind])} {kind}s" for kind in _KINDS)
    progress(f"writing {counts} to {to}")
    _write(_lines(elements), to)
    return to


@contextmanager
def _settings(module: Any, values: Mapping[str, Any]) -> Iterator[None]:  # noqa: ANN401
    """Set osmnx's settings for a while; with them it pins names to addresses, also undone."""
    changed = [*values, "overpass_rate_limit"]
    before = {name: getattr(module, name) for name in changed}
    resolve = socket.getaddrinfo
    try:
        for name, value in values.items():
            setattr(module, name, value)
        yield
    finally:
        for name, value in before.items():
            setattr(module, name, value)
        socket.getaddrinfo = resolve


def _check_answer(response: Any, **_options: object) -> None:  # noqa: ANN401 - requests.Response
    """Refuse an answer before osmnx sees it, which would wait for ever or take half for all."""
    fault = _fault(response)
    if fault:
        response.close()
        raise MapError(fault)


def _fault(response: Any) -> str:  # noqa: ANN401
    """Say what is wrong with an answer; empty where nothing is."""
    server, path = urlsplit(response.url).hostname, urlsplit(response.url).path
    if response.status_code in _BUSY:
        return f"{server} is busy ({response.status_code}): {_ANOTHER}"
    if not response.ok:
        return f"{server} refused ({response.status_code} {response.reason}): {_ANOTHER}"
    if response.is_redirect or path.endswith("/status"):
        return ""
    try:
        answer = response.json()
    except ValueError:
        return f"{server} answered with something else than JSON: {_ANOTHER}"
    if path.endswith("/search"):
        return "" if isinstance(answer, list) else str(_not_a_map(server))
    if not isinstance(answer, dict):
        return str(_not_a_map(server))
    remark = " ".join(str(answer.get("remark", "")).split())
    if remark:
        return f"{server} did not finish ({remark}): ask for a smaller area, or {_ANOTHER}"
    return ""


def _shape(osmnx: Any, area: Area, server: str, progress: Progress) -> shapely.Geometry:  # noqa: ANN401
    """Return an area as degrees, (longitude, latitude)."""
    if isinstance(area, Bounds):
        corners = ((area.south, area.west), (area.north, area.east))
        are_on_earth = all(EVERYWHERE.contains(lat=lat, lon=lon) for lat, lon in corners)
        if not are_on_earth or area.south >= area.north or area.west >= area.east:
            raise MapError(f"{_named(area)} is none: give south, west, north and east in degrees")
        return shapely.box(area.west, area.south, area.east, area.north)
    if isinstance(area, Around) and not 0.0 < area.distance_m < np.inf:
        raise MapError(f"{_named(area)}: {area.distance_m} is no distance: give metres above 0")
    progress(f"asking {server} where {_named(area)} is")
    try:
        if isinstance(area, Around):
            point = osmnx.geocoder.geocode(area.address)
            return shapely.box(*osmnx.utils_geo.bbox_from_point(point, area.distance_m))
        return osmnx.geocoder.geocode_to_gdf(area).union_all()
    except TypeError as error:
        raise MapError(
            f"{_named(area)} is a point without an area: give an address and a distance, or a box"
        ) from error
    except (ValueError, KeyError) as error:
        raise MapError(
            f"{server} does not find {_named(area)}: write it differently, or give a box"
        ) from error
    except OSError as error:
        raise _unreachable(server) from error


def _ask(osmnx: Any, shape: shapely.Geometry, server: str) -> None:  # noqa: ANN401
    """Let osmnx ask Overpass; in its ``cache_only_mode`` it stops with the answers on disk."""
    try:
        osmnx.features.features_from_polygon(shape, dict(TAGS))
    except InterruptedError:
        return
    except OSError as error:
        raise _unreachable(server) from error
    except ValueError as error:
        raise _not_a_map(server) from error


def _has_slots(server: str) -> bool:
    """Whether a server says when it has time, as public ones do; osmnx then waits for it.

    Raises
    ------
    MapError
        If it cannot be reached at all: osmnx would wait for a minute before it said so.
    """
    address = f"{server.rstrip('/')}/status"
    request = urllib.request.Request(address, headers={"User-Agent": _AGENT})  # noqa: S310
    try:
        with urllib.request.urlopen(request, timeout=_PROBE_S) as answer:  # noqa: S310
            told = answer.read()
    except urllib.error.HTTPError as error:
        error.close()
        return False
    except OSError as error:
        raise _unreachable(server) from error
    return b"slots available" in told or b"Slot available" in told


def _not_a_map(server: str | None) -> MapError:
    return MapError(f"{server} answered with something else than a map: {_ANOTHER}")


def _unreachable(server: str) -> MapError:
    return MapError(
        f"{server} cannot be reached: check the network, name another server, "
        "or use a local OSM file"
    )


def _check_size(shape: shapely.Geometry) -> None:
    size_km2 = _km2(shape)
    if size_km2 > LARGEST_KM2:
        raise MapError(
            f"the area has {size_km2:.0f} km2, more than {LARGEST_KM2:.0f}: ask for a part of "
            "it, or get an extract of the region (.osm.pbf) and use that"
        )


def _km2(shape: shapely.Geometry) -> float:
    west, south, east, north = shape.bounds
    plane = LocalProjection(Bounds(south=south, west=west, north=north, east=east))
    flat = shapely.transform(shape, lambda xy: plane.xy(xy[:, 1], xy[:, 0]))
    return float(flat.area) / 1e6


def _named(area: Area) -> str:
    match area:
        case Bounds():
            return f"the box {area.south}, {area.west} to {area.north}, {area.east}"
        case Around():
            return f"the address {area.address!r}"
    return f"the place {area!r}"


# --- from Overpass's JSON to an OSM file -----------------------------------------------------


@dataclass(frozen=True, slots=True, kw_only=True)
class _Element:
    """A node, way or relation, without its id."""

    lat: float
    lon: float
    nodes: tuple[int, ...]
    members: tuple[tuple[str, int, str], ...]
    tags: Mapping[str, str]


_Elements: TypeAlias = dict[str, dict[int, _Element]]


def _elements(answers: Path, server: str) -> _Elements:
    """Return all elements that osmnx left on disk, by kind and id, each once."""
    found: _Elements = {kind: {} for kind in _KINDS}
    try:
        for path in sorted(answers.glob("*.json")):
            answer = json.loads(path.read_text(encoding="utf-8"))
            # Nominatim's answers, which lie there too, are lists.
            for element in answer["elements"] if isinstance(answer, dict) else ():
                found[element["type"]][int(element["id"])] = _Element(
                    lat=float(element.get("lat", 0.0)),
                    lon=float(element.get("lon", 0.0)),
                    nodes=tuple(int(ref) for ref in element.get("nodes", ())),
                    members=tuple(
                        (str(member["type"]), int(member["ref"]), str(member["role"]))
                        for member in element.get("members", ())
                    ),
                    tags={str(key): str(value) for key, value in element.get("tags", {}).items()},
                )
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise _not_a_map(server) from error
    return found


def _lines(elements: _Elements) -> Iterator[str]:
    """Yield the lines of an OSM file, in the order that OSM tools expect."""
    yield "<?xml version='1.0' encoding='UTF-8'?>\n"
    yield '<osm version="0.6" generator="antmile" copyright="OpenStreetMap contributors">\n'
    for kind in _KINDS:
        for number, element in sorted(elements[kind].items()):
            place = f' lat="{element.lat:.7f}" lon="{element.lon:.7f}"' if kind == "node" else ""
            yield f'<{kind} id="{number}"{place}>\n'
            for ref in element.nodes:
                yield f'<nd ref="{ref}"/>\n'
            for role_of, ref, role in element.members:
                yield f'<member type={quoteattr(role_of)} ref="{ref}" role={quoteattr(role)}/>\n'
            for key, value in element.tags.items():
                yield f"<tag k={quoteattr(key)} v={quoteattr(value)}/>\n"
            yield f"</{kind}>\n"
    yield "</osm>\n"


def _write(lines: Iterator[str], to: Path) -> None:
    """Write a file beside the old one, then put it in its place."""
    part = to.with_name(f"{to.name}.part")
    try:
        with part.open("w", encoding="utf-8") as file:
            file.writelines(lines)
        part.replace(to)
    except OSError as error:
        part.unlink(missing_ok=True)
        raise MapError(f"{to}: cannot be written ({error.strerror}): check it") from error
