"""Networks on disk: a numpy archive with its own checksum.

Reading a city takes seconds and its arrays a fraction of one. The same file serves as cache,
which may vanish and be built again, and as a ``.map`` that somebody keeps.
"""

import hashlib
import io
import os
import threading
from dataclasses import fields
from pathlib import Path
from zipfile import BadZipFile

import msgspec
import numpy as np

from maps.compounds import Compound
from maps.network import MapError, RoadNetwork

IMPORTER_VERSION = 4
"""Goes up with every change of a module here that changes what is in the archive."""

MAP_SUFFIX = ".map"

_DIGEST_SIZE = hashlib.sha256().digest_size
"""An archive is followed by its SHA-256, in bytes."""

_VERSION = "importer_version"


def save_map(network: RoadNetwork, path: Path) -> None:
    """Write a network to a file that `read_map` and `maps.osm.load_map` read.

    The file appears whole or not at all.

    Parameters
    ----------
    network : RoadNetwork
    path : Path
        Ends in ``.map``.

    Raises
    ------
    MapError
        The name ends otherwise, or the file cannot be written.
    """
    if path.suffix != MAP_SUFFIX:
        raise MapError(f"{path}: not the name of a built map: let it end in {MAP_SUFFIX}")
    try:
        _write(network, path)
    except OSError as error:
        raise MapError(f"{path}: cannot be written ({error.strerror}): choose another") from error


def read_map(path: Path) -> RoadNetwork:
    """Read a file that `save_map` wrote.

    Parameters
    ----------
    path : Path

    Raises
    ------
    MapError
        The file cannot be read, is damaged or was written by another version.
    """
    try:
        content = path.read_bytes()
    except OSError as error:
        raise MapError(f"{path}: cannot be read ({error.strerror}): check it") from error
    network = _unpacked(content)
    if network is None:
        raise MapError(f"{path}: this map is damaged: build it again with antmile map build")
    if isinstance(network, int):
        raise MapError(
            f"{path}: this map is of version {network} and this program reads "
            f"{IMPORTER_VERSION}: build it again with antmile map build"
        )
    return network


def read_cached(key: str, directory: Path) -> RoadNetwork | None:
    """Return a cached network, or None where there is none that can be trusted.

    Parameters
    ----------
    key : str
        Says what it was made from.
    directory : Path
    """
    try:
        content = _cached(key, directory).read_bytes()
    except OSError:
        return None
    network = _unpacked(content)
    return None if isinstance(network, int) else network


def write_cached(key: str, directory: Path, network: RoadNetwork) -> None:
    """Keep a network for `read_cached`, if the directory can be written."""
    try:
        directory.mkdir(parents=True, exist_ok=True)
        _write(network, _cached(key, directory))
    except OSError:
        # A read-only home is no reason to refuse the map.
        return


def default_cache_dir() -> Path:
    """Return ``ANTMILE_CACHE_DIR``, ``antmile`` in ``XDG_CACHE_HOME`` or ``~/.cache/antmile``."""
    chosen = os.environ.get("ANTMILE_CACHE_DIR")
    if chosen:
        return Path(chosen)
    platform = os.environ.get("XDG_CACHE_HOME")
    return (Path(platform) if platform else Path.home() / ".cache") / "antmile"


def _cached(key: str, directory: Path) -> Path:
    return directory / f"{key}-v{IMPORTER_VERSION}.roads"


def _write(network: RoadNetwork, path: Path) -> None:
    """Write beside the target and move into place: several processes may do this at once."""
    content = _packed(network)
    temporary = path.with_name(f"{path.name}.{os.getpid()}-{threading.get_ident()}.tmp")
    try:
        with temporary.open("wb") as file:
            file.write(content)
            file.write(hashlib.sha256(content).digest())
        temporary.replace(path)
    except OSError:
        temporary.unlink(missing_ok=True)
        raise


def _packed(network: RoadNetwork) -> memoryview:
    values = {field.name: getattr(network, field.name) for field in fields(network)}
    arrays = {
        name: value
        if isinstance(value, np.ndarray)
        else np.frombuffer(msgspec.json.encode(value), dtype=np.uint8)
        for name, value in values.items()
    }
    archive = io.BytesIO()
    np.savez(archive, allow_pickle=False, **arrays, **{_VERSION: np.array(IMPORTER_VERSION)})
    return archive.getbuffer()


def _unpacked(content: bytes) -> RoadNetwork | int | None:
    """Return the network, the version where it is another, or None where it is damaged."""
    archive, digest = memoryview(content)[:-_DIGEST_SIZE], content[-_DIGEST_SIZE:]
    if hashlib.sha256(archive).digest() != digest:
        return None
    try:
        with np.load(io.BytesIO(archive), allow_pickle=False) as arrays:
            version = int(arrays[_VERSION])
            if version != IMPORTER_VERSION:
                return version
            values = {field.name: arrays[field.name] for field in fields(RoadNetwork)}
    except (BadZipFile, KeyError, ValueError):
        return None
    values["compounds"] = msgspec.json.decode(
        values["compounds"].tobytes(), type=tuple[Compound, ...]
    )
    values["repairs"] = msgspec.json.decode(values["repairs"].tobytes(), type=dict[str, int])
    return RoadNetwork(**values)
