"""OpenStreetMap files in, `RoadNetwork` out.

The only module that imports osmium. Reading a city takes seconds, so the
arrays are kept on disk, keyed by the file's content and by the version of the
rules that made them.
"""

import hashlib
import io
import os
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, fields
from pathlib import Path

import numpy as np
import osmium
from numpy.typing import NDArray

from maps import profiles
from maps.earth import haversine_m
from maps.network import MapError, OffMapError, RoadNetwork

__all__ = ["IMPORTER_VERSION", "MapError", "OffMapError", "RoadNetwork", "import_osm", "load_map"]

IMPORTER_VERSION = 1
"""Goes up with every change of `profiles` or of this module that changes an array."""

SUFFIXES = (".osm", ".osm.xml", ".osm.gz", ".osm.bz2", ".pbf")
"""Endings of file names that are read."""

_DIGEST_SIZE = hashlib.sha256().digest_size
"""A cache file is a numpy archive and behind it the SHA-256 of the archive, in bytes."""

_Tags = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class _Ways:
    """Ways in the order of their ids; W ways with R node references in all."""

    way_id: NDArray[np.int64]
    ref_count: NDArray[np.int64]
    refs: NDArray[np.int64]
    tag_set: NDArray[np.int32]
    tag_sets: list[_Tags]


@dataclass(frozen=True, slots=True)
class _Nodes:
    """The nodes that ways use, in the order of their ids."""

    node_id: NDArray[np.int64]
    lat: NDArray[np.float64]
    lon: NDArray[np.float64]
    blocked: NDArray[np.bool_]


@dataclass(frozen=True, slots=True)
class _Chain:
    """All ways one after the other, cut where a node is missing; P places in all.

    ``run`` numbers the unbroken stretches: two neighbours in the chain belong
    together only if they have the same run.
    """

    node: NDArray[np.int64]
    way: NDArray[np.int64]
    run: NDArray[np.int64]


def load_map(path: Path, *, cache_dir: Path | None = None) -> RoadNetwork:
    """Import a map, or read its arrays back if it was imported before.

    Several processes may do this at once: each writes a file of its own and
    moves it into place. A damaged cache file is built again. Where the cache
    directory cannot be written the map is imported every time.

    Parameters
    ----------
    path : Path
        An OSM file; see `import_osm`.
    cache_dir : Path, optional
        Where arrays are kept. By default ``ANTMILE_CACHE_DIR``, or
        ``antmile`` in ``XDG_CACHE_HOME``, or ``~/.cache/antmile``.

    Raises
    ------
    MapError
        As `import_osm`.
    """
    _check_path(path)
    directory = _default_cache_dir() if cache_dir is None else cache_dir
    cached = directory / f"{_sha256(path)}-v{IMPORTER_VERSION}.roads"
    network = _read_cache(cached)
    if network is None:
        network = import_osm(path)
        _write_cache(cached, network)
    return network


def import_osm(path: Path) -> RoadNetwork:
    """Read the roads of an OSM file.

    Nodes and edges come in the order of their OSM ids, so the same data give
    the same arrays from every format.

    Parameters
    ----------
    path : Path
        ``.osm``, ``.osm.xml``, ``.osm.gz``, ``.osm.bz2`` or ``.pbf``.

    Raises
    ------
    MapError
        The file is missing, empty, damaged, of another kind or has no roads.
    """
    _check_path(path)
    try:
        ways = _read_ways(path)
        nodes = _read_nodes(path, np.unique(ways.refs))
    except (RuntimeError, OSError, ValueError) as error:
        reason = " ".join(str(error).split())
        raise MapError(
            f"{path}: this OSM file is damaged ({reason}): download or export it again"
        ) from error
    chain = _chain(ways, nodes)
    if len(chain.node) == 0:
        raise MapError(f"{path}: the file has no roads: use an extract with highway ways")
    return _network(ways, nodes, chain)


def _check_path(path: Path) -> None:
    if not path.is_file():
        raise MapError(f"{path}: no such file: give the path of an OSM file")
    if not path.name.endswith(SUFFIXES):
        raise MapError(f"{path}: not an OSM file by its name: use one of {', '.join(SUFFIXES)}")
    try:
        with path.open("rb") as file:
            is_empty = not file.read(1)
    except OSError as error:
        raise MapError(f"{path}: cannot be read ({error.strerror}): check it") from error
    if is_empty:
        raise MapError(f"{path}: the file is empty: download or export it again")


def _read_ways(path: Path) -> _Ways:
    found: dict[int, tuple[list[int], int]] = {}
    tag_sets: dict[_Tags, int] = {}
    roads = osmium.FileProcessor(str(path), osmium.osm.WAY).with_filter(
        osmium.filter.KeyFilter("highway", "route")
    )
    for way in roads:
        if not isinstance(way, osmium.osm.Way):
            continue
        tags = _relevant(way, profiles.WAY_KEYS)
        if way.deleted or way.id in found or not _is_usable(tags):
            continue
        number = tag_sets.setdefault(tags, len(tag_sets))
        found[way.id] = ([node.ref for node in way.nodes], number)
    ordered = sorted(found)
    # Combinations are numbered by their content, not by who came first.
    sorted_sets = sorted(tag_sets)
    renumbered = {tag_sets[tags]: number for number, tags in enumerate(sorted_sets)}
    return _Ways(
        way_id=np.array(ordered, dtype=np.int64),
        ref_count=np.array([len(found[way][0]) for way in ordered], dtype=np.int64),
        refs=np.array([ref for way in ordered for ref in found[way][0]], dtype=np.int64),
        tag_set=np.array([renumbered[found[way][1]] for way in ordered], dtype=np.int32),
        tag_sets=sorted_sets,
    )


def _relevant(thing: osmium.osm.Way | osmium.osm.Node, keys: tuple[str, ...]) -> _Tags:
    tags = thing.tags
    return tuple((key, tags[key]) for key in keys if key in tags)


def _is_usable(tags: _Tags) -> bool:
    mapping = dict(tags)
    return profiles.is_road(mapping) and any(max(pair) > 0 for pair in profiles.speeds(mapping))


def _read_nodes(path: Path, wanted: NDArray[np.int64]) -> _Nodes:
    node_id = np.empty(len(wanted), dtype=np.int64)
    lat = np.empty(len(wanted))
    lon = np.empty(len(wanted))
    blocked = np.zeros((len(wanted), len(profiles.MODES)), dtype=np.bool_)
    count = 0
    for node in _wanted_nodes(path, wanted):
        location = node.location
        if node.deleted or not location.valid() or count == len(wanted):
            continue
        node_id[count] = node.id
        lat[count] = location.lat
        lon[count] = location.lon
        if "barrier" in node.tags:
            blocked[count] = profiles.blocked_modes(dict(_relevant(node, profiles.NODE_KEYS)))
        count += 1
    # A file may list a node twice: the first stays.
    ids, first = np.unique(node_id[:count], return_index=True)
    return _Nodes(ids, lat[first], lon[first], blocked[first])


def _wanted_nodes(path: Path, wanted: NDArray[np.int64]) -> Iterator[osmium.osm.Node]:
    nodes = osmium.FileProcessor(str(path), osmium.osm.NODE)
    wanted_ids: set[int] = set(wanted.tolist())
    # The filter in osmium knows no negative ids, which editors give to new nodes.
    if wanted_ids and min(wanted_ids) > 0:
        nodes = nodes.with_filter(osmium.filter.IdFilter(wanted_ids))
    for node in nodes:
        if isinstance(node, osmium.osm.Node) and node.id in wanted_ids:
            yield node


def _chain(ways: _Ways, nodes: _Nodes) -> _Chain:
    """Join all ways into one chain, without missing nodes, repeated nodes and lone places."""
    way = np.repeat(np.arange(len(ways.way_id)), ways.ref_count)
    empty = np.empty(0, dtype=np.int64)
    if len(nodes.node_id) == 0:
        return _Chain(empty, empty, empty)
    node = np.minimum(np.searchsorted(nodes.node_id, ways.refs), len(nodes.node_id) - 1)
    present = nodes.node_id[node] == ways.refs
    starts = np.ones(len(way), dtype=np.bool_)
    starts[1:] = (way[1:] != way[:-1]) | ~present[:-1]
    run = np.cumsum(starts)
    repeated = np.zeros(len(way), dtype=np.bool_)
    repeated[1:] = (node[1:] == node[:-1]) & ~starts[1:]
    keep = present & ~repeated
    long_enough = np.bincount(run[keep], minlength=len(way) + 1) > 1
    keep &= long_enough[run]
    return _Chain(node=node[keep], way=way[keep], run=run[keep])


def _network(ways: _Ways, nodes: _Nodes, chain: _Chain) -> RoadNetwork:
    """Cut the chain at junctions, ends and barriers into edges."""
    run_starts = np.ones(len(chain.run), dtype=np.bool_)
    run_starts[1:] = chain.run[1:] != chain.run[:-1]
    run_ends = np.roll(run_starts, -1)
    uses = np.bincount(chain.node, minlength=len(nodes.node_id))
    is_junction = (uses > 1) | (nodes.blocked.any(axis=1) & (uses > 0))
    is_junction[chain.node[run_starts | run_ends]] = True

    cuts = np.flatnonzero(is_junction[chain.node])
    whole = chain.run[cuts[:-1]] == chain.run[cuts[1:]]
    first, last = cuts[:-1][whole], cuts[1:][whole]

    lat, lon = nodes.lat[chain.node], nodes.lon[chain.node]
    steps = haversine_m(lat[:-1], lon[:-1], lat[1:], lon[1:])
    along = np.concatenate(([0.0], np.cumsum(np.where(run_starts[1:], 0.0, steps))))
    # Two nodes may share a coordinate; no edge is shorter than a decimetre.
    length_dm = np.maximum(np.rint((along[last] - along[first]) * 10.0), 1.0)

    sizes = last - first + 1
    shape_start = np.concatenate(([0], np.cumsum(sizes)))
    shape = np.arange(shape_start[-1]) + np.repeat(first - shape_start[:-1], sizes)
    junctions = np.flatnonzero(is_junction)
    number = np.cumsum(is_junction) - 1
    tags: list[Mapping[str, str]] = [dict(tag_set) for tag_set in ways.tag_sets]
    return RoadNetwork(
        node_id=nodes.node_id[junctions],
        node_lat=nodes.lat[junctions],
        node_lon=nodes.lon[junctions],
        node_blocked=np.ascontiguousarray(nodes.blocked[junctions].T),
        tail=number[chain.node[first]].astype(np.int32),
        head=number[chain.node[last]].astype(np.int32),
        way_id=ways.way_id[chain.way[first]],
        length_dm=length_dm.astype(np.int32),
        tag_set=ways.tag_set[chain.way[first]],
        shape_start=shape_start,
        shape_lat=lat[shape],
        shape_lon=lon[shape],
        speed_kmh=np.array([profiles.speeds(tag) for tag in tags], dtype=np.float32),
        rank=np.array([profiles.rank(tag) for tag in tags], dtype=np.uint8),
    )


def _default_cache_dir() -> Path:
    chosen = os.environ.get("ANTMILE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    platform = os.environ.get("XDG_CACHE_HOME")
    return (Path(platform) if platform else Path.home() / ".cache") / "antmile"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read_cache(path: Path) -> RoadNetwork | None:
    """Return the cached network, or None where there is none that can be trusted."""
    try:
        content = path.read_bytes()
    except OSError:
        return None
    archive, digest = content[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
    if hashlib.sha256(archive).digest() != digest:
        return None
    with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
        return RoadNetwork(**{field.name: arrays[field.name] for field in fields(RoadNetwork)})


def _write_cache(path: Path, network: RoadNetwork) -> None:
    arrays = {field.name: getattr(network, field.name) for field in fields(network)}
    archive = io.BytesIO()
    np.savez(archive, **arrays)
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        handle, temporary = tempfile.mkstemp(suffix=".tmp", dir=path.parent)
    except OSError:
        # A read-only home is no reason to refuse the map.
        return
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(archive.getvalue())
            file.write(hashlib.sha256(archive.getvalue()).digest())
        Path(temporary).replace(path)
    except OSError:
        Path(temporary).unlink(missing_ok=True)
