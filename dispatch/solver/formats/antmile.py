"""Our own files: the fields of `Problem` by their names, as JSON or as .npz.

JSON is one object. Arrays are lists of (lists of) numbers; `barred`, `frozen` and `post_steps` have
a list for each row: of couriers, of [leg, action, option, not before], of [from, most away]. An
.npz holds the arrays themselves, those three as ``barred.indptr``, ``barred.values``,
``frozen.leg`` and so on, as `arrays` names the parts. What is missing is neutral, what is unknown
is refused. Whether the values may be so is for `Problem` to say.

One key is no field of `Problem`: ``places``, a [lat, lon] for each place (WGS84, degrees), to draw
plans with; to the solvers only `travel` says where anything lies.
"""

import io
import json
import zipfile
import zlib
from collections.abc import Sequence
from dataclasses import fields
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dispatch.solver.arrays import AnyArray, FrozenStops, Lists, PostSteps
from dispatch.solver.fields import SPECS
from dispatch.solver.formats.faults import Faults, FormatError
from dispatch.solver.formats.tree import Node, parsed
from dispatch.solver.problem import Problem

ROWS: dict[str, tuple[type[Lists] | type[FrozenStops] | type[PostSteps], tuple[str, ...]]] = {
    "barred": (Lists, ("values",)),
    "frozen": (FrozenStops, ("leg", "action", "option", "not_before")),
    "post_steps": (PostSteps, ("starts_at", "most_away")),
}
"""Fields with a list for each row, and what stands in an element of it."""

_NAMES = tuple(field.name for field in fields(Problem))
_SIZING = ("load", "capacity", "gate_entry", "hub_slots_free")
"""Fields that say how large others are, and so are written even where they are neutral."""

_LOWEST, _HIGHEST = -(2**63), 2**64 - 1

PLACES = "places"
_LARGEST = {"latitude": 90.0, "longitude": 180.0}

FloatArray = NDArray[np.float64]


def read(text: str | bytes) -> Problem:
    """Read JSON.

    Raises
    ------
    FormatError
        Naming every bad field.
    ProblemError
        Likewise, where the fields can be read but are no problem.

    """
    problem, _ = read_placed(text)
    return problem


def read_placed(text: str | bytes) -> tuple[Problem, FloatArray | None]:
    """Read JSON, and where its places lie.

    Returns
    -------
    (Problem, (D, 2) float64 or None)
        Latitude and longitude of each place, degrees; None where the file does not say.

    Raises
    ------
    FormatError, ProblemError
        As `read`.

    """
    faults = Faults()
    root = parsed(text, faults)
    root.keys((*_NAMES, PLACES))
    given: dict[str, Any] = {}
    for name, node in root.fields():
        if node.value is None or name not in _NAMES:
            continue
        given[name] = _rows(name, node) if name in ROWS else _array(name, node)
    _check_needed(given, faults)
    places = _places(root.at(PLACES)) if root.has(PLACES) else None
    faults.raise_any()
    problem = Problem(**given)
    _check_places(places, problem, faults)
    return problem, places


def read_npz(content: bytes) -> Problem:
    """Read an .npz.

    Raises
    ------
    FormatError, ProblemError
        As `read`.

    """
    problem, _ = read_npz_placed(content)
    return problem


def read_npz_placed(content: bytes) -> tuple[Problem, FloatArray | None]:
    """Read an .npz, and where its places lie; see `read_placed`.

    Raises
    ------
    FormatError, ProblemError
        As `read`.

    """
    faults = Faults()
    arrays = _arrays(content, faults)
    faults.raise_any()
    places = arrays.pop(PLACES, None)
    if places is not None:
        places = _as_degrees(places, faults)
    given: dict[str, Any] = {}
    for name, (kind, columns) in ROWS.items():
        parts = {part: arrays.pop(f"{name}.{part}", None) for part in ("indptr", *columns)}
        missing = [part for part, array in parts.items() if array is None]
        if not missing:
            given[name] = kind(**parts)
        elif len(missing) < len(parts):
            faults.add(name, f"{name}.{missing[0]} is missing")
    for name, array in arrays.items():
        if name not in _NAMES or name in ROWS:
            faults.add(name, "unknown key")
        elif array.dtype.kind not in "iub":
            faults.add(name, f"holds {array.dtype}, wanted whole numbers")
        else:
            given[name] = array
    _check_needed(given, faults)
    faults.raise_any()
    problem = Problem(**given)
    _check_places(places, problem, faults)
    return problem, places


def _arrays(content: bytes, faults: Faults) -> dict[str, Any]:
    """Unpack an .npz; numpy's own words are not passed on, they advise to unpickle."""
    arrays: dict[str, Any] = {}
    try:
        if not zipfile.is_zipfile(io.BytesIO(content)):
            raise FormatError(["the file: is not an .npz, or cut short"])
        with np.load(io.BytesIO(content), allow_pickle=False) as file:
            for name in file.files:
                array = _unpacked(file, name)
                if array is None:
                    faults.add(name, "is no array of numbers")
                else:
                    arrays[name] = array
    except (zipfile.BadZipFile, zlib.error, OSError, EOFError, KeyError, NotImplementedError):
        raise FormatError(["the file: is an .npz that is damaged or cut short"]) from None
    return arrays


def _unpacked(file: "np.lib.npyio.NpzFile", name: str) -> AnyArray | None:
    """Give an array of an .npz; None where it is none, or one of Python's objects."""
    try:
        array = file[name]
    except ValueError:
        return None
    return array if isinstance(array, np.ndarray) else None


def write(problem: Problem, places: FloatArray | None = None) -> str:
    """Write JSON that `read` makes the same problem of; neutral fields are left out.

    Parameters
    ----------
    problem : Problem
    places : (D, 2) float64, degrees, optional
        Latitude and longitude of each place.

    """
    given: dict[str, Any] = {} if places is None else {PLACES: places.tolist()}
    for name, value in _told(problem).items():
        if name not in ROWS:
            given[name] = value.tolist()
            continue
        columns = [getattr(value, column).tolist() for column in ROWS[name][1]]
        cells = (
            columns[0] if len(columns) == 1 else [list(row) for row in zip(*columns, strict=True)]
        )
        ends = value.indptr.tolist()
        given[name] = [cells[a:b] for a, b in pairwise(ends)]
    return json.dumps(given)


def write_npz(problem: Problem, places: FloatArray | None = None) -> bytes:
    """Write an .npz that `read_npz` makes the same problem of; parameters as of `write`."""
    arrays: dict[str, Any] = {} if places is None else {PLACES: places}
    for name, value in _told(problem).items():
        if name in ROWS:
            parts = ("indptr", *ROWS[name][1])
            arrays |= {f"{name}.{part}": getattr(value, part) for part in parts}
        else:
            arrays[name] = value
    sink = io.BytesIO()
    np.savez_compressed(sink, **arrays)
    return sink.getvalue()


def _told(problem: Problem) -> dict[str, Any]:
    """Give the fields that a file must hold."""
    told = {}
    for name in _NAMES:
        value = getattr(problem, name)
        if name in ROWS:
            # Posts are as many as their rows, so empty rows count as well.
            is_neutral = len(value.indptr) == 1 if name == "post_steps" else value.indptr[-1] == 0
        else:
            is_neutral = value is None or _is_neutral(name, value, problem)
        if not is_neutral:
            told[name] = value
    return told


def _is_neutral(name: str, value: AnyArray, problem: Problem) -> bool:
    default = SPECS[name].default
    if default is None or default == "none":
        return False
    if name in _SIZING:
        return value.size == 0 and value.shape[0] in (0, 1)
    return bool(
        (value == (getattr(problem, default) if isinstance(default, str) else default)).all()
    )


def _check_needed(given: dict[str, Any], faults: Faults) -> None:
    if faults:
        return
    for name, spec in SPECS.items():
        if spec.default is None and name not in given:
            faults.add(name, "is missing")


def _places(node: Node) -> FloatArray:
    """Read a latitude and a longitude for each place."""
    rows = []
    for item in node.items():
        parts = list(item.items())
        if len(parts) != len(_LARGEST):
            item.refuse(f"{len(parts)} numbers, expected latitude and longitude")
            continue
        pair = zip(parts, _LARGEST.values(), strict=True)
        rows.append([part.number(lowest=-largest, highest=largest) for part, largest in pair])
    return np.array(rows, np.float64).reshape(-1, len(_LARGEST))


def _as_degrees(array: AnyArray, faults: Faults) -> FloatArray:
    """Check the places of an .npz."""
    if array.dtype.kind not in "iuf" or array.ndim != len(_LARGEST) or array.shape[1] != 2:  # noqa: PLR2004
        faults.add(PLACES, f"{array.dtype} {array.shape}, wanted latitude and longitude by place")
        return np.zeros((0, len(_LARGEST)))
    degrees = array.astype(np.float64)
    bad = np.argwhere(~(np.abs(degrees) <= list(_LARGEST.values())))
    for row, column in bad[:1].tolist():
        name = list(_LARGEST)[column]
        faults.add(f"{PLACES}[{row}]", f"{degrees[row, column]:g} is no {name}")
    return degrees


def _check_places(places: FloatArray | None, problem: Problem, faults: Faults) -> None:
    if places is not None and len(places) != problem.place_count:
        faults.add(PLACES, f"{len(places)} rows, travel has {problem.place_count}")
    faults.raise_any()


def _array(name: str, node: Node) -> AnyArray | None:
    spec = SPECS[name]
    if spec.dtype is np.bool_:
        items = list(node.items())
        values = [
            item.value if isinstance(item.value, bool) else item.whole(highest=1) for item in items
        ]
        return np.array(values, dtype=np.bool_)
    return _nested(node, len(spec.shape.split()))


def _nested(node: Node, dimensions: int) -> AnyArray:
    """Read lists within lists as an array; zeros where a fault was noted."""
    if dimensions == 1:
        values = node.wholes(lowest=_LOWEST, highest=_HIGHEST)
        return _of_whole(values)
    items = list(node.items())
    rows = [_nested(item, dimensions - 1) for item in items]
    for item, row in zip(items, rows, strict=True):
        if len(row) != len(rows[0]):
            item.refuse(f"{len(row)} values, expected {len(rows[0])} as in the first row")
    if not rows or len({row.shape for row in rows}) > 1:
        return np.zeros((0,) * dimensions, np.int64)
    return np.stack(rows)


def _of_whole(values: Sequence[int]) -> AnyArray:
    is_large = len(values) > 0 and max(values) >= 2**63
    try:
        return np.array(values, dtype=np.uint64 if is_large else np.int64)
    except OverflowError:
        # Negative numbers beside ones of 64 bits: nothing holds both, and Problem will say so.
        return np.array(values, dtype=np.float64)


def _rows(name: str, node: Node) -> Lists | FrozenStops | PostSteps:
    kind, columns = ROWS[name]
    rows: list[list[tuple[int, ...]]] = []
    for row in node.items():
        if len(columns) == 1:
            rows.append([(value,) for value in _short(row)])
            continue
        cells: list[tuple[int, ...]] = []
        for cell in row.items():
            values = _short(cell)
            if len(values) == len(columns):
                cells.append(tuple(values))
            else:
                cell.refuse(f"{len(values)} numbers, expected {', '.join(columns)}")
        rows.append(cells)
    flat = [cell for row in rows for cell in row]
    parts = np.array(flat, np.int64).reshape(-1, len(columns)).T
    indptr = np.cumsum([0, *(len(row) for row in rows)], dtype=np.int64)
    return kind(indptr=indptr, **dict(zip(columns, parts, strict=True)))


def _short(node: Node) -> list[int]:
    return node.wholes(lowest=_LOWEST, highest=2**63 - 1)
