"""``compound.geojson`` to the rows of its CSV files: one set of checks for both forms.

Kinds and properties are those of `maps.land.compound_files`, beside them ``post``, and for a hub
its kind (``booth``, ``shop`` and so on), with the columns of their files as properties. A line in
a message is the number of the feature.
"""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dispatch.core.model import HubKind
from dispatch.sim import columns
from dispatch.sim.columns import FILES
from dispatch.sim.table import Calendar, Problems, Row

GEOJSON = "compound.geojson"

_FILES = {
    "compound": columns.COMPOUNDS,
    "gate": columns.GATES,
    "entrance": columns.ENTRANCES,
    "post": columns.POSTS,
    **{kind.value: columns.HUBS for kind in HubKind},
}
_PLACED = ("gate", "entrance", *(kind.value for kind in HubKind))
_END_OF_DAY = ("24:00", "23:59:59")
_ALWAYS = {"opens_at": "00:00", "closes_at": "24:00"}


def add_features(
    path: Path, tables: Mapping[str, list[Row]], problems: Problems, calendar: Calendar
) -> None:
    """Add a row for each feature of a file, noting what is none."""
    try:
        document = json.loads(path.read_bytes().decode("utf-8-sig"))
    except UnicodeDecodeError as error:
        problems.add(GEOJSON, f"is not UTF-8 (byte {error.start + 1}): save it as UTF-8")
        return
    except (ValueError, RecursionError) as error:
        problems.add(GEOJSON, f"is not JSON: {error}")
        return
    except OSError as error:
        problems.add(GEOJSON, f"cannot be read: {error.strerror}")
        return
    features = document.get("features") if isinstance(document, dict) else None
    if not isinstance(features, list):
        problems.add(GEOJSON, "is no feature collection: save it as GeoJSON again")
        return
    for number, feature in enumerate(features, start=1):
        its = feature if isinstance(feature, dict) else {}
        properties, geometry = its.get("properties"), its.get("geometry")
        fields = properties if isinstance(properties, dict) else {}
        kind = fields.get("kind")
        if not isinstance(kind, str) or kind not in _FILES:
            problems.add(
                GEOJSON, f"is none of {', '.join(_FILES)}", line=number, column=f"kind {kind!r:.60}"
            )
            continue
        row = Row(GEOJSON, number, {}, problems, calendar)
        row.cells.update(_cells(row, kind, fields, geometry if isinstance(geometry, dict) else {}))
        tables[_FILES[kind]].append(row)


def _cells(
    row: Row, kind: str, fields: Mapping[str, Any], geometry: Mapping[str, Any]
) -> dict[str, str]:
    """Return a feature as cells of its file; what the file does not have is noted."""
    allowed = FILES[_FILES[kind]].all
    cells = {"kind": kind}
    for name, value in fields.items():
        if name == "kind":
            continue
        if name not in allowed or name in ("lat", "lon", "boundary"):
            row.note(name[:60], f"is not a known property of a {kind}")
            continue
        cells[name] = _text(value)
    if kind == "gate":
        if all(cells.get(name, always) == always for name, always in _ALWAYS.items()):
            cells.pop("opens_at", None)
            cells.pop("closes_at", None)
        elif cells.get("closes_at", "24:00") == _END_OF_DAY[0]:
            cells["closes_at"] = _END_OF_DAY[1]
    if kind in _PLACED:
        cells.update(_point(row, geometry))
    elif kind == "compound" and geometry:
        cells["boundary"] = _wkt(row, geometry)
    return cells


def _text(value: object) -> str:
    """Return a property as the cell that means the same."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "yes" if value else "no"
    if isinstance(value, list):
        return ";".join(map(str, value))
    if isinstance(value, float) and value.is_integer():
        return str(int(value))
    return str(value).strip()


def _point(row: Row, geometry: Mapping[str, Any]) -> dict[str, str]:
    position = geometry.get("coordinates")
    if geometry.get("type") != "Point" or not isinstance(position, list) or len(position) < 2:  # noqa: PLR2004
        row.note("geometry", "is no Point: write [lon, lat]")
        return {"lat": "0", "lon": "0"}
    return {"lat": str(position[1]), "lon": str(position[0])}


def _wkt(row: Row, geometry: Mapping[str, Any]) -> str:
    """Return a polygon as well-known text, whose own checks follow; empty with a problem."""
    kind, parts = geometry.get("type"), geometry.get("coordinates")
    if kind not in ("Polygon", "MultiPolygon"):
        row.note("geometry", f"{kind!r:.60} is neither Polygon nor MultiPolygon")
        return ""
    polygons: list[Any] = [parts] if kind == "Polygon" else list(parts or ())
    try:
        text = ", ".join(
            "("
            + ", ".join(
                "(" + ", ".join(f"{float(p[0])!r} {float(p[1])!r}" for p in ring) + ")"
                for ring in polygon
            )
            + ")"
            for polygon in polygons
        )
    except (TypeError, ValueError, IndexError, KeyError):
        row.note("geometry", "has a corner that is no [lon, lat]")
        return ""
    return f"MULTIPOLYGON ({text})"
