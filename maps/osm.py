"""OpenStreetMap files in, `RoadNetwork` out.

The only module that imports osmium. One pass over the file for each kind of thing, with as
little Python as can be for each node and each way.
"""

import hashlib
import tempfile
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, fields, replace
from pathlib import Path
from typing import TypeVar

import numpy as np
import osmium
from numpy.typing import NDArray

from maps import cache, profiles
from maps.cache import IMPORTER_VERSION, MAP_SUFFIX, save_map
from maps.land import gated_land
from maps.network import MapError, OffMapError, RoadNetwork
from maps.reading import edges, restrictions, tagsets
from maps.reading.drawn import Member, Nodes, Relation, Tags, Ways
from maps.reading.sites import AREA_KEYS, Area, Sites, Spot, is_site, rings
from maps.reading.tagsets import Row

__all__ = [
    "IMPORTER_VERSION",
    "MapError",
    "OffMapError",
    "RoadNetwork",
    "import_osm",
    "load_map",
    "save_map",
]

SUFFIXES = (".osm", ".osm.xml", ".osm.gz", ".osm.bz2", ".pbf")
"""Endings of the names of OSM files."""

Progress = Callable[[str], None]
"""Is told what begins, in two or three words."""

_UNITS_PER_DEGREE = 10_000_000

_STORED = np.dtype([("id", "<u8"), ("x", "<i4"), ("y", "<i4")])
"""An entry of osmium's sparse_file_array."""


_Thing = TypeVar("_Thing", osmium.osm.Node, osmium.osm.Way, osmium.osm.Relation)

_BITS = {
    osmium.osm.Node: osmium.osm.NODE,
    osmium.osm.Way: osmium.osm.WAY,
    osmium.osm.Relation: osmium.osm.RELATION,
}
"""What osmium calls each kind when it is asked for it."""


@dataclass(frozen=True, slots=True)
class _Outlines:
    """Land that may be a compound, before the coordinates of its nodes are known.

    ``way_refs`` has the nodes of every way that an outline is made of.
    """

    ways: dict[int, dict[str, str]]
    relations: list[Relation]
    way_refs: dict[int, list[int]]


def load_map(
    path: Path | str, *, cache_dir: Path | None = None, progress: Progress | None = None
) -> RoadNetwork:
    """Import a map, or read its arrays back if it was imported before.

    Several processes may do this at once: each writes a file of its own and
    moves it into place. A damaged cache file is built again. Where the cache
    directory cannot be written the map is imported every time.

    Parameters
    ----------
    path : Path or str
        An OSM file, see `import_osm`, or a ``.map`` that `save_map` wrote.
    cache_dir : Path, optional
        Where arrays are kept. By default ``ANTMILE_CACHE_DIR``, or
        ``antmile`` in ``XDG_CACHE_HOME``, or ``~/.cache/antmile``.
    progress : callable, optional
        See `import_osm`.

    Raises
    ------
    MapError
        As `import_osm`; a ``.map`` that is damaged or of another version.
    """
    path = Path(path)
    _check_path(path, (*SUFFIXES, MAP_SUFFIX))
    if path.suffix == MAP_SUFFIX:
        return cache.read_map(path)
    directory = cache.default_cache_dir() if cache_dir is None else cache_dir
    key = _sha256(path)
    network = cache.read_cached(key, directory)
    if network is None:
        network = import_osm(path, progress=progress)
        cache.write_cached(key, directory, network)
    return network


def import_osm(path: Path | str, *, progress: Progress | None = None) -> RoadNetwork:
    """Read the roads of an OSM file.

    Nodes and edges come in the order of their OSM ids, so the same data give
    the same arrays from every format.

    Parameters
    ----------
    path : Path or str
        ``.osm``, ``.osm.xml``, ``.osm.gz``, ``.osm.bz2`` or ``.pbf``.
    progress : callable, optional
        Called with the name of each stage as it begins.

    Raises
    ------
    MapError
        The file is missing, empty, damaged, of another kind or has no roads.
    """
    path = Path(path)
    _check_path(path, SUFFIXES)
    tell = progress or _say_nothing
    repairs: Counter[str] = Counter()
    try:
        tell("reading relations")
        turns, lands = _read_relations(path, repairs)
        tell("reading ways")
        ways, rows, outlines = _read_ways(path, lands, repairs)
        tell("reading nodes")
        outline_refs = [ref for refs in outlines.way_refs.values() for ref in refs]
        wanted = np.unique(np.concatenate([ways.refs, np.array(outline_refs, dtype=np.int64)]))
        spots = _read_spots(path)
        nodes = _read_nodes(path, wanted, spots, repairs)
    except (RuntimeError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise MapError(
            f"{path}: this OSM file is damaged ({reason}): download or export it again"
        ) from error
    except OSError as error:
        raise MapError(
            f"{path}: cannot be read ({error}): check the file and the temporary directory"
        ) from error
    tell("building the network")
    network = _network(ways, rows, nodes, repairs)
    if network.edge_count == 0:
        raise MapError(f"{path}: the file has no roads: use an extract with highway ways")
    network = restrictions.banned(network, turns, repairs)
    tell("finding compounds")
    sites = _sites(outlines, nodes, spots, repairs)
    network = gated_land.marked(network, gated_land.find(network, sites))
    return replace(network, repairs={why: repairs[why] for why in sorted(repairs) if repairs[why]})


def _say_nothing(stage: str) -> None:
    """Take the place of a progress that nobody wants."""


def _check_path(path: Path, suffixes: tuple[str, ...]) -> None:
    if path.is_dir():
        raise MapError(f"{path}: is a folder: give the path of an OSM file")
    if not path.is_file():
        raise MapError(f"{path}: no such file: give the path of an OSM file")
    if not path.name.endswith(suffixes):
        raise MapError(f"{path}: not an OSM file by its name: use one of {', '.join(suffixes)}")
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        raise MapError(f"{path}: cannot be read ({error.strerror}): check it") from error
    if is_empty:
        again = "build it" if path.suffix == MAP_SUFFIX else "download or export it"
        raise MapError(f"{path}: the file is empty: {again} again")


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _things(path: Path, kind: type[_Thing], *filters: osmium.BaseFilter) -> Iterator[_Thing]:
    """Read the things of one kind that pass the filters, but for deleted ones."""
    things = osmium.FileProcessor(str(path), _BITS[kind])
    for one in filters:
        things = things.with_filter(one)
    return (thing for thing in things if isinstance(thing, kind) and not thing.deleted)


def _by_ids(path: Path, kind: type[_Thing], ids: set[int]) -> Iterator[_Thing]:
    """Read the things of one kind that have one of the ids."""
    # The filter in osmium knows no negative ids, which editors give to new things.
    filters = [] if min(ids) <= 0 else [osmium.filter.IdFilter(ids)]
    return (thing for thing in _things(path, kind, *filters) if thing.id in ids)


def _read_relations(path: Path, repairs: Counter[str]) -> tuple[list[Relation], list[Relation]]:
    """Return turn restrictions and pieces of land, each by id."""
    turns: dict[int, Relation] = {}
    lands: dict[int, Relation] = {}
    wanted = osmium.filter.TagFilter(("type", "restriction"), ("type", "multipolygon"))
    for thing in _things(path, osmium.osm.Relation, wanted):
        tags = dict(thing.tags)
        is_turn = tags["type"] == "restriction"
        if not is_turn and not is_site(tags):
            continue
        members = tuple(Member(kind=m.type, ref=m.ref, role=m.role) for m in thing.members)
        target = turns if is_turn else lands
        repairs["relations listed twice"] += thing.id in target
        target.setdefault(thing.id, Relation(id=thing.id, tags=tags, members=members))
    return [turns[key] for key in sorted(turns)], [lands[key] for key in sorted(lands)]


def _read_ways(
    path: Path, lands: list[Relation], repairs: Counter[str]
) -> tuple[Ways, list[Row], _Outlines]:
    """Return the roads, what the rules say of each combination of tags, and outlines of land."""
    found: dict[int, tuple[list[int], Tags]] = {}
    rows: dict[Tags, Row | None] = {}
    outlines = _Outlines(ways={}, relations=lands, way_refs={})
    wanted = osmium.filter.KeyFilter("highway", "route", *AREA_KEYS)
    for way in _things(path, osmium.osm.Way, wanted):
        given = way.tags
        tags = tuple([(key, given[key]) for key in tagsets.KEYS if key in given])
        if tags not in rows:
            rows[tags] = tagsets.row(tags)
        row = rows[tags]
        if row is None:
            if is_site(every := dict(given)):
                outlines.ways[way.id] = every
                outlines.way_refs[way.id] = [node.ref for node in way.nodes]
        elif way.id in found:
            repairs["ways listed twice"] += 1
        elif row.is_usable:
            found[way.id] = ([node.ref for node in way.nodes], tags)
    borders = {m.ref for land in lands for m in land.members if m.kind == "w"}
    if borders:
        for way in _by_ids(path, osmium.osm.Way, borders):
            outlines.way_refs[way.id] = [node.ref for node in way.nodes]
    ways = _ordered(found)
    used = [row for tags in ways.tag_sets if (row := rows[tags]) is not None]
    repairs.update(tagsets.repairs(used, np.bincount(ways.tag_set, minlength=len(used))))
    return ways, used, outlines


def _ordered(found: Mapping[int, tuple[list[int], Tags]]) -> Ways:
    """Put ways into the order of their ids and combinations of tags into that of their content."""
    ordered = sorted(found)
    tag_sets = sorted({tags for _, tags in found.values()})
    number = {tags: place for place, tags in enumerate(tag_sets)}
    return Ways(
        way_id=np.array(ordered, dtype=np.int64),
        ref_count=np.array([len(found[way][0]) for way in ordered], dtype=np.int64),
        refs=np.array([ref for way in ordered for ref in found[way][0]], dtype=np.int64),
        tag_set=np.array([number[found[way][1]] for way in ordered], dtype=np.int32),
        tag_sets=tag_sets,
    )


def _read_spots(path: Path) -> list[Spot]:
    """Return the nodes that are barriers or entrances, by id."""
    found: dict[int, Spot] = {}
    wanted = osmium.filter.KeyFilter("barrier", "entrance")
    for node in _things(path, osmium.osm.Node, wanted):
        at = node.location
        if at.valid():
            spot = Spot(id=node.id, lat=at.lat, lon=at.lon, tags=dict(node.tags))
            found.setdefault(spot.id, spot)
    return [found[key] for key in sorted(found)]


def _read_nodes(
    path: Path, wanted: NDArray[np.int64], spots: list[Spot], repairs: Counter[str]
) -> Nodes:
    listed_id, x, y = _locations(path, wanted)
    # A file may list a node twice: the first stays.
    node_id, first = np.unique(listed_id, return_index=True)
    repairs["nodes listed twice"] += len(listed_id) - len(node_id)
    is_barrier = np.zeros(len(node_id), dtype=np.bool_)
    blocked = np.zeros((len(node_id), len(profiles.MODES)), dtype=np.bool_)
    barriers = [spot for spot in spots if "barrier" in spot.tags]
    places = np.searchsorted(node_id, np.array([spot.id for spot in barriers], dtype=np.int64))
    for spot, place in zip(barriers, places.tolist(), strict=True):
        if place < len(node_id) and node_id[place] == spot.id:
            is_barrier[place] = True
            blocked[place] = profiles.blocked_modes(spot.tags)
    return Nodes(
        node_id=node_id,
        lat=y[first] / _UNITS_PER_DEGREE,
        lon=x[first] / _UNITS_PER_DEGREE,
        is_barrier=is_barrier,
        blocked=blocked,
    )


def _locations(path: Path, wanted: NDArray[np.int64]) -> tuple[NDArray[np.int64], ...]:
    """Return ids and coordinates, in units of 1e-7 degrees, of the wanted nodes in the file.

    osmium writes those of all nodes to a file of its own, many times as fast as a loop in
    Python reads them, and takes far less memory than its filter by id, whose size goes with
    the highest id. It knows no negative ids, which editors give to new nodes: those are
    looped over.
    """
    with tempfile.TemporaryDirectory() as folder:
        stored = Path(folder) / "locations"
        keep = osmium.NodeLocationsForWays(osmium.index.create_map(f"sparse_file_array,{stored}"))
        with osmium.io.Reader(str(path), osmium.osm.NODE) as reader:
            osmium.apply(reader, keep)
        entries = np.fromfile(stored, dtype=_STORED)
    # The file is filled up with nodes of id 0, and a deleted node has no place on earth.
    entries = entries[(entries["id"] > 0) & (np.abs(entries["y"]) <= 90 * _UNITS_PER_DEGREE)]
    found = np.stack([entries[name].astype(np.int64) for name in ("id", "x", "y")], axis=1)
    new = {int(ref) for ref in wanted[wanted <= 0]}
    if new:
        near = [(node.id, node.location) for node in _by_ids(path, osmium.osm.Node, new)]
        rows = [(node, at.x, at.y) for node, at in near if at.valid()]
        found = np.concatenate([np.array(rows, dtype=np.int64).reshape(-1, 3), found])
    # Behind the last wanted id stands one that no node has.
    place = np.searchsorted(wanted, found[:, 0])
    return tuple(found[np.append(wanted, 0)[place] == found[:, 0]].T)


def _network(ways: Ways, rows: list[Row], nodes: Nodes, repairs: Counter[str]) -> RoadNetwork:
    """Put the pieces together; bans and compounds are still to come."""
    pieces = edges.cut(ways, nodes, repairs)
    table = tagsets.table(rows)
    mode_count = len(profiles.MODES)
    return RoadNetwork(
        **{field.name: getattr(pieces, field.name) for field in fields(pieces)},
        **{field.name: getattr(table, field.name) for field in fields(table)},
        ban_start=np.zeros(1, dtype=np.int64),
        ban_arc=np.empty(0, dtype=np.int32),
        ban_mode=np.empty((0, mode_count), dtype=np.bool_),
        ban_minute=np.empty((0, 2), dtype=np.int32),
        compound=np.full(len(pieces.tail), -1, dtype=np.int32),
        compounds=(),
        repairs={},
    )


def _sites(outlines: _Outlines, nodes: Nodes, spots: list[Spot], repairs: Counter[str]) -> Sites:
    """Give outlines their coordinates."""
    areas = [
        _area(f"w{way}", outlines.ways[way], [outlines.way_refs[way]], nodes, repairs)
        for way in sorted(outlines.ways)
    ]
    for land in outlines.relations:
        lines = [
            outlines.way_refs[member.ref]
            for member in land.members
            if member.role in ("", "outer") and member.ref in outlines.way_refs
        ]
        areas.append(_area(f"r{land.id}", land.tags, lines, nodes, repairs))
    return Sites(
        areas=tuple(area for area in areas if area.rings),
        barriers=tuple(spot for spot in spots if "barrier" in spot.tags),
        entrances=tuple(spot for spot in spots if "entrance" in spot.tags),
    )


def _area(
    name: str, tags: Mapping[str, str], lines: list[list[int]], nodes: Nodes, repairs: Counter[str]
) -> Area:
    closed, open_count = rings(lines)
    outer = []
    for ring in closed:
        refs = np.array(ring, dtype=np.int64)
        place = np.minimum(np.searchsorted(nodes.node_id, refs), len(nodes.node_id) - 1)
        if (nodes.node_id[place] == refs).all():
            outer.append(np.stack([nodes.lat[place], nodes.lon[place]], axis=1))
    repairs["outlines of land that do not close, ignored"] += open_count
    repairs["outlines of land with missing nodes, ignored"] += len(closed) - len(outer)
    return Area(id=name, name=tags.get("name", ""), tags=tags, rings=tuple(outer))
