"""What a replay leaves in its folder: the log, the figures, and a page that people look at.

``events.jsonl`` and ``kpis`` depend on the day, the policy and the seed alone, byte for byte.
What a machine's clock measured stands under ``system``. All files are written aside first and
then moved into place, so that a full disk leaves no half a report.
"""

import hashlib
import json
import os
import platform
import tempfile
from collections.abc import Iterable, Sequence
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from typing import Any

import msgspec

from dispatch.core import codec
from dispatch.log import Row
from dispatch.sim import custody_check, page, presence_check
from dispatch.sim.behaviour import NOT_SIMULATED
from dispatch.sim.day import Result
from dispatch.sim.folder import Day
from dispatch.sim.picture import Routes
from maps.network import RoadNetwork

EVENTS, FIGURES, PAGE = "events.jsonl", "report.json", "report.html"

GENERATED = (
    "Parcels, couriers and addresses were drawn by a generator and everybody in it is simulated. "
    "Nothing here was measured on real people."
)
"""Stands on the page and in ``report.json`` of every day that was drawn."""


class ReportError(Exception):
    """The folder cannot take a report; the message is one line that says what to do."""


class Line(msgspec.Struct, frozen=True, kw_only=True):
    """One line of ``events.jsonl``: a row of the log, its payload as it stands there.

    Attributes
    ----------
    version
        Of the payload's format; `codec.decode_event` reads ``event`` by it.
    """

    position: int
    zone: str
    sequence: int
    event_id: str
    at: int
    type: str
    subject: str
    actor: str
    causation_id: str
    version: int
    event: msgspec.Raw


def with_custody(result: Result) -> tuple[Result, list[str]]:
    """Let the independent checker read the log; return the result with its count, and the gaps."""
    lines = (line.decode() for line in event_lines(result.rows))
    found = custody_check.gaps(lines)
    kpis = {**result.kpis, "custody_gaps": len(found)}
    return msgspec.structs.replace(result, kpis=kpis), found


def with_presence(result: Result) -> tuple[Result, list[str]]:
    """As `with_custody`, of who stood at each post."""
    lines = (line.decode() for line in event_lines(result.rows))
    found = presence_check.gaps(lines)
    kpis = {**result.kpis, "presence_gaps": len(found)}
    return msgspec.structs.replace(result, kpis=kpis), found


def check_writable(out: Path) -> None:
    """Refuse a folder that could not take the report, before any work; leaves no trace.

    Raises
    ------
    ReportError
        If ``out`` is a file, or nothing can be written to it or where it would be made.
    """
    existing = out
    while not existing.exists() and existing != existing.parent:
        existing = existing.parent
    if not existing.is_dir():
        raise ReportError(
            f"{existing}: is a file, not a folder: give another folder for the report"
        )
    try:
        with tempfile.TemporaryFile(dir=existing):
            pass
    except OSError as error:
        raise _unwritable(existing, error) from error


def write(
    out: Path,
    result: Result,
    day: Day,
    *,
    seed: int,
    times: Routes,
    network: RoadNetwork | None = None,
    map_file: Path | None = None,
) -> Path:
    """Write the report of a replay and return the path of its page.

    Parameters
    ----------
    out
        The folder; made where it is missing. An older report in it is replaced.
    times, network
        The map that the day was replayed on; without roads lines are drawn straight.
    map_file
        Where the map came from: its name and hash go into the settings.

    Raises
    ------
    ReportError
        If the folder cannot be written.
    """
    system = {
        **result.system,
        "python": platform.python_version(),
        "processors": os.cpu_count() or 1,
    }
    settings = _settings(result, day, seed, map_file)
    label = GENERATED if day.is_generated else ""
    figures = {
        "generated": day.is_generated,
        "label": label,
        "kpis": result.kpis,
        "system": system,
        "settings": settings,
        "not_simulated": NOT_SIMULATED,
        "not_used": day.unused,
    }
    html = page.render(result, day, settings, system, label, times, network)
    _write_all(
        out,
        (
            (EVENTS, event_lines(result.rows)),
            (FIGURES, [json.dumps(figures, indent=2, sort_keys=True).encode(), b"\n"]),
            (PAGE, [html.encode()]),
        ),
    )
    return out / PAGE


def event_lines(rows: Sequence[Row]) -> Iterable[bytes]:
    """Yield the lines of ``events.jsonl``, each with its line feed."""
    encoder = msgspec.json.Encoder()
    for row in rows:
        line = Line(
            position=row.position,
            zone=row.zone,
            sequence=row.sequence,
            event_id=row.event_id,
            at=row.at,
            type=row.type,
            subject=row.subject,
            actor=row.actor,
            causation_id=row.causation_id,
            version=row.version,
            event=msgspec.Raw(row.payload.encode()),
        )
        yield encoder.encode(line) + b"\n"


def _settings(result: Result, day: Day, seed: int, map_file: Path | None) -> dict[str, Any]:
    return {
        "day": {
            "date": day.date.isoformat(),
            "timezone": day.timezone,
            "network": day.network,
            "zone": day.zone,
            "currency": day.currency,
            "datum": day.datum,
        },
        "seed": seed,
        "engine": result.policy.engine,
        "map": map_file and {"name": map_file.name, "sha256": _sha256(map_file)},
        "policy": _plain(result.policy),
        "behaviour": _plain(result.behaviour),
        "scenario": {key: value for key, value in day.scenario.items() if key != "behaviour"},
        "versions": {
            "antmile": version("antmile"),
            "ortools": version("ortools"),
            "log_format": codec.VERSION,
        },
    }


def _plain(value: msgspec.Struct) -> dict[str, Any]:
    """Return every field of a value, defaults included; pairs become tables."""
    fields = {name: getattr(value, name) for name in value.__struct_fields__}
    return {name: dict(its) if _are_pairs(its) else its for name, its in fields.items()}


def _are_pairs(value: object) -> bool:
    return isinstance(value, tuple) and all(
        isinstance(item, tuple) and len(item) == len(("name", "value")) for item in value
    )


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _write_all(out: Path, files: Sequence[tuple[str, Iterable[bytes]]]) -> None:
    """Write all files aside, then move all of them into place."""
    try:
        out.mkdir(parents=True, exist_ok=True)
        with ExitStack() as undo:
            ready: list[tuple[Path, Path]] = []
            for name, chunks in files:
                aside = out / f".{name}.{os.getpid()}"
                undo.callback(aside.unlink, missing_ok=True)
                with aside.open("wb") as file:
                    file.writelines(chunks)
                ready.append((aside, out / name))
            for aside, final in ready:
                aside.replace(final)
    except OSError as error:
        raise _unwritable(out, error) from error


def _unwritable(folder: Path, error: OSError) -> ReportError:
    return ReportError(
        f"{folder}: cannot be written ({error.strerror}): give another folder for the report"
    )
