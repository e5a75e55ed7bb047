"""Files of the map commands: a map opened with its progress shown, a result put in place whole."""

import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, Literal, TypeAlias

import typer

from cli.errors import fail
from cli.progress import working

if TYPE_CHECKING:
    from maps.network import RoadNetwork

Mode: TypeAlias = Literal["foot", "bicycle", "ebike", "car"]
"""`maps.profiles.MODES`, spelt out for the help texts."""


MEGABYTE = 1_000_000

MapFile = Annotated[Path, typer.Argument(metavar="X.map", help="A map, or an OSM file.")]


def open_map(path: Path) -> "RoadNetwork":
    """Read a built map or an OSM file.

    Raises
    ------
    maps.network.MapError
        As `maps.osm.load_map`.
    """
    from maps.osm import load_map

    with working(f"reading {path.name}") as work:
        return load_map(path, progress=work.tell)


def check_map_name(path: Path) -> None:
    """End the program, before any work, where a path cannot become a map."""
    from maps.cache import MAP_SUFFIX

    if path.suffix != MAP_SUFFIX:
        fail(f"{path}: end the map's name with {MAP_SUFFIX}")
    if not path.parent.is_dir():
        fail(f"{path.parent}: no such folder: make it, or choose another")


def save(network: "RoadNetwork", path: Path) -> None:
    """Write a map.

    Raises
    ------
    maps.network.MapError
        As `maps.osm.save_map`.
    """
    from maps.osm import save_map

    with working(f"writing {path.name}"):
        save_map(network, path)


def with_corrections(network: "RoadNetwork", path: Path) -> "tuple[RoadNetwork, str]":
    """Return a map whose compounds a GeoJSON file has corrected, and a line that says what it did.

    Raises
    ------
    maps.network.MapError
        As `maps.land.compound_files.read_corrections` and `without`.
    """
    from maps.land.compound_files import corrected, read_corrections, without
    from maps.land.gated_land import marked

    its = read_corrections(path)
    found = network.compounds
    with working(f"putting {counted(len(its.compounds), 'compound')} into the map"):
        left = without(found, its.removed)
        after = corrected(left, its.compounds)
        network = marked(network, after)
    # Each given compound has come on top, has taken the place of a found one, or is as found.
    added = len(after) - len(left)
    same = len({c.id for c in its.compounds} & {c.id for c in after if c in found})
    gates = " -> ".join(f"{sum(len(c.gates) for c in some)}" for some in (found, after))
    return network, (
        f"{path}: {counted(added, 'compound')} added, {len(its.compounds) - added - same} changed, "
        f"{len(its.removed)} removed; gates {gates}"
    )


def counted(count: int, noun: str) -> str:
    """Return ``1 gate``, ``2 gates``."""
    return f"{count} {noun}" if count == 1 else f"{count} {noun}s"


def sized(path: Path) -> str:
    """Return ``, 12 kB`` or ``, 2.0 MB``; nothing of what is no file."""
    if not path.is_file():
        return ""
    size = path.stat().st_size
    return f", {size / MEGABYTE:.1f} MB" if size >= MEGABYTE else f", {max(1, size // 1000)} kB"


@contextmanager
def replacing(path: Path) -> Iterator[IO[bytes]]:
    """Give a file to write into that takes the place of ``path`` once all went well.

    Opened before the work begins, so that a folder that cannot be written is told at once,
    and a failed run leaves what stood there before.

    Raises
    ------
    OSError
        The place cannot be written to.
    """
    if path.exists() and not path.is_file():
        # A pipe or a device is written to as it is.
        with path.open("wb") as sink:
            yield sink
        return
    target = path.resolve()
    part = target.with_name(f".{target.name}.{os.getpid()}.part")
    try:
        with part.open("wb") as sink:
            yield sink
        part.replace(target)
    except BaseException as error:
        part.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename == str(part):
            # Nobody asked for that name.
            error.filename = str(path)
        raise
