"""OSRM as a peer: its contraction hierarchies of a map, and its table between points.

``osrm-bindings`` ships OSRM's own tools and profiles. Its data take a minute or two for a city,
so they are kept, one folder for each map, profile and version. Nothing else imports OSRM.
"""

import hashlib
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from contextlib import contextmanager
from functools import partial
from importlib import metadata, util
from multiprocessing import get_context
from pathlib import Path

from maps.earth import Point

BUILD_SECONDS = "build_seconds"
MOST_POINTS = 20_000

_shares: list[Callable[[], object]] = []
"""In a process of its own: the parts of the table, ready to be asked for."""


def prepare(osm_file: Path, mode: str, cache: Path) -> tuple[Path, float]:
    """Return the data of a map for a mode, built if need be, and the seconds that it took.

    Parameters
    ----------
    osm_file : Path
    mode : str
        ``foot`` or ``car``, for which OSRM ships a profile of the same name.
    cache : Path
        The folder that keeps the data; it need not exist.

    Raises
    ------
    subprocess.CalledProcessError
        OSRM refuses the file; it has printed why.
    """
    digest = hashlib.sha256(osm_file.read_bytes()).hexdigest()[:16]
    kept = cache / f"{digest}-{mode}-{metadata.version('osrm-bindings')}"
    if not kept.is_dir():
        cache.mkdir(parents=True, exist_ok=True)
        aside = Path(tempfile.mkdtemp(dir=cache))
        try:
            (aside / BUILD_SECONDS).write_text(f"{_build(osm_file, mode, aside):.1f}")
            aside.rename(kept)
        finally:
            shutil.rmtree(aside, ignore_errors=True)
    return kept / "map.osrm", float((kept / BUILD_SECONDS).read_text())


def _build(osm_file: Path, mode: str, folder: Path) -> float:
    """Run OSRM's extraction and contraction on all cores; return the seconds they took."""
    spec = util.find_spec("osrm")
    assert spec is not None
    assert spec.origin is not None
    profile = Path(spec.origin).parent / "share" / "profiles" / f"{mode}.lua"
    base = str(folder / "map.osrm")
    # The tool goes by the file's ending.
    link = folder / ("map.osm" + ("" if osm_file.suffix == ".osm" else osm_file.suffix))
    link.symlink_to(osm_file.resolve())
    began = time.perf_counter()
    for tool in (
        ["extract", str(link), "--profile", str(profile), "--output", base],
        ["contract", base],
    ):
        subprocess.run(
            [sys.executable, "-m", "osrm", *tool, "--verbosity", "WARNING"],
            check=True,
            stdout=subprocess.DEVNULL,
        )
    return time.perf_counter() - began


class Engine:
    """OSRM's contraction hierarchy of one mode, in this process.

    Parameters
    ----------
    data : Path
        What `prepare` returned.
    """

    def __init__(self, data: Path) -> None:
        import osrm  # noqa: PLC0415 - only this benchmark's own environment has it

        self._osrm = osrm
        self._engine = osrm.OSRM(
            storage_config=str(data),
            use_shared_memory=False,
            algorithm="CH",
            max_locations_distance_table=MOST_POINTS,
        )

    def table(
        self, points: Sequence[Point], *, sources: Sequence[int] = ()
    ) -> Callable[[], object]:
        """Return a call that makes the table from some points, or all, to all points.

        Times and distances; the answer is OSRM's own, not converted to Python's numbers.
        """
        asked = self._osrm.TableParameters(
            coordinates=[(point.lon, point.lat) for point in points],
            sources=list(sources),
            annotations=["duration", "distance"],
            generate_hints=False,
        )
        return partial(self._engine.Table, asked)


@contextmanager
def shared_table(
    data: Path, points: Sequence[Point], *, processes: int
) -> Iterator[Callable[[], object]]:
    """Yield a call that makes the table from all points to all points on several cores.

    A call of the bindings uses one core and holds Python's lock, so each core gets a process
    and an equal share of the sources. The answers stay in those processes.
    """
    with ProcessPoolExecutor(
        processes, get_context("spawn"), _load_shares, (data, list(points), processes)
    ) as pool:
        yield lambda: list(pool.map(_ask_share, range(processes)))


def _load_shares(data: Path, points: Sequence[Point], count: int) -> None:
    engine = Engine(data)
    indices = range(len(points))
    _shares.extend(engine.table(points, sources=indices[i::count]) for i in range(count))


def _ask_share(number: int) -> None:
    _shares[number]()
