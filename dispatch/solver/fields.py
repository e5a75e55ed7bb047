"""Shapes, types, neutral defaults and allowed values of the `Problem`'s fields.

`problem` says what each field means; this module makes sure that no `Problem` can exist whose
arrays contradict that. What one field must be to another stands in `dispatch.solver.rules`. It
imports numpy and nothing else.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from dispatch.solver.arrays import (
    FOREVER,
    NO_LIMIT,
    NOT_LEFT,
    UNREACHABLE,
    AnyArray,
    FrozenStops,
    Lists,
    PostSteps,
    ProblemError,
)
from dispatch.solver.rules import RULES, overflow

DEAREST = 10**15
"""No single price may be higher, so that sums stay well inside int64."""


@dataclass(frozen=True)
class _Spec:
    """One array field: its shape in letters, its default and the values allowed (inclusive)."""

    shape: str
    default: int | str | None = None
    lowest: int | str = 0
    highest: int | str = DEAREST
    dtype: type[np.integer] | type[np.bool_] = np.int64


_REQUIRED = None
_NOTHING = "none"
"""The default of an array that may be missing for good."""
_TIME: dict[str, Any] = {"lowest": -FOREVER, "highest": FOREVER}
_SPAN: dict[str, Any] = {"lowest": 0, "highest": FOREVER}


def _index(shape: str, of: str, default: int | str | None = -1) -> _Spec:
    return _Spec(shape, default, lowest=-1, highest=of)


SPECS: dict[str, _Spec] = {
    "travel": _Spec("M D D", _REQUIRED, highest=UNREACHABLE, dtype=np.int32),
    "pickup_place": _index("L", "D", _REQUIRED),
    "option_leg": _Spec("P", _REQUIRED, highest="L"),
    "option_place": _index("P", "D", _REQUIRED),
    "start_place": _index("C", "D", _REQUIRED),
    "end_place": _index("C", "D", _REQUIRED),
    "distance_m": _Spec("M D D", 0, highest=UNREACHABLE, dtype=np.int32),
    "arc_cost": _Spec("M D D", _NOTHING),
    "place_gate": _index("D", "G"),
    "access": _Spec("C", 0, highest="A"),
    "gate_entry": _Spec("A G", 0, lowest=-1, highest=FOREVER),
    "on_board": _index("L", "C"),
    "pickup_opens": _Spec("L", -FOREVER, **_TIME),
    "pickup_closes": _Spec("L", FOREVER, **_TIME),
    "pickup_service": _Spec("L", 0, **_SPAN),
    "must_courier": _index("L", "C"),
    "after_leg": _index("L", "L"),
    "after_gap": _Spec("L", 0, **_SPAN),
    "load": _Spec("L W", 0, highest=NO_LIMIT),
    "leg_size": _Spec("L", 0),
    "leg_skills": _Spec("L", 0, highest=2**64 - 1, dtype=np.uint64),
    "courier_skills": _Spec("C", 0, highest=2**64 - 1, dtype=np.uint64),
    "unassigned_cost": _Spec("L", 10**12),
    "lateness_cost": _Spec("L", 0),
    "seen_courier": _index("L", "C"),
    "move_cost": _Spec("L", 0),
    "option_opens": _Spec("P", -FOREVER, **_TIME),
    "option_closes": _Spec("P", FOREVER, **_TIME),
    "option_due": _Spec("P", "option_closes", **_TIME),
    "option_service": _Spec("P", 0, **_SPAN),
    "option_cost": _Spec("P", 0),
    "option_hub": _index("P", "H"),
    "option_effort": _Spec("P", 0),
    "on_duty": _Spec("C", 0, **_TIME),
    "off_duty": _Spec("C", FOREVER, **_TIME),
    "left": _Spec("C", NOT_LEFT, **_TIME),
    "leash": _Spec("C", FOREVER, **_SPAN),
    "allowance": _Spec("C", FOREVER, **_SPAN),
    "cost_over_allowance": _Spec("C", 0),
    "return_reserve_permille": _Spec("C", 0, highest=10**6),
    "capacity": _Spec("C W", NO_LIMIT, highest=NO_LIMIT),
    "most_parcels": _Spec("C", NO_LIMIT, highest=NO_LIMIT),
    "count": _Spec("C", 1, lowest=1, highest=10**6),
    "mode": _Spec("C", 0, highest="M"),
    "pickups_first": _Spec("C", 0, highest=1, dtype=np.bool_),
    "fixed_cost": _Spec("C", 0),
    "cost_per_travel": _Spec("C", 0),
    "cost_per_away": _Spec("C", 0),
    "cost_per_m": _Spec("C", 0),
    "cost_per_parcel": _Spec("C", 0),
    "cost_per_effort": _Spec("C", 0),
    "hub_slots_free": _Spec("H S", 0, highest=NO_LIMIT),
    "post": _index("C", "Q"),
}


class _Faults:
    """Bad fields and what is wrong with them."""

    def __init__(self) -> None:
        self.found: list[tuple[str, str]] = []
        self.fields: set[str] = set()

    def add(self, field: str, message: str) -> None:
        """Note a fault."""
        self.found.append((field, message))
        self.fields.add(field)

    def sorted(self) -> list[tuple[str, str]]:
        """Give all of them in the order of the fields."""
        order = [*SPECS, *_COLUMNS]
        return sorted(self.found, key=lambda fault: order.index(fault[0]))


def complete(given: Mapping[str, Any]) -> dict[str, Any]:
    """Fill in the neutral defaults, check everything and make the arrays read-only.

    Parameters
    ----------
    given : mapping of field name to value
        None stands for "not given".

    Returns
    -------
    dict
        Every field's final value.

    Raises
    ------
    ProblemError
        Listing every bad field.

    """
    faults = _Faults()
    arrays = _arrays_of(given, faults)
    sizes = _sizes(arrays, given)
    values = {**_shaped(arrays, sizes, faults), **_rows_of(given, sizes, faults)}
    for name, value in values.items():
        if name in SPECS:
            _check_range(name, value, sizes, faults)
        else:
            _check_row_values(name, value, sizes, faults)
    good = {name: value for name, value in values.items() if name not in faults.fields}
    for field, rule, message in RULES:
        try:
            bad = np.flatnonzero(rule(good))
        except KeyError:
            # What the rule reads is bad by itself, and that has been said.
            continue
        if len(bad):
            faults.add(field, f"{message} (at {_some(bad)})")
    excess = None if faults.found else overflow(good)
    if excess is not None:
        faults.add(*excess)
    if faults.found:
        raise ProblemError(faults.sorted())
    return good


def _arrays_of(given: Mapping[str, Any], faults: _Faults) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name, spec in SPECS.items():
        value = given[name]
        if value is None:
            if spec.default is None:
                faults.add(name, "is needed")
            continue
        try:
            arrays[name] = _read_only(value, spec.dtype)
        except (TypeError, ValueError, OverflowError) as error:
            faults.add(name, str(error))
            continue
        wanted = len(spec.shape.split())
        if arrays[name].ndim != wanted:
            faults.add(name, f"{arrays.pop(name).ndim} dimensions, wanted {wanted}")
    return arrays


def _read_only(value: object, dtype: type[np.integer] | type[np.bool_]) -> AnyArray:
    """Copy what somebody else could still write to, refuse what is not integer."""
    array = np.asarray(value)
    if array.size == 0:
        array = array.astype(dtype)
    wholly = array.dtype.kind == "O" and all(type(entry) is int for entry in array.flat)
    if array.dtype.kind not in "iub" and not wholly:
        raise TypeError(f"{array.dtype}, wanted {np.dtype(dtype)}")
    if array.dtype != dtype and array.size:
        limits = np.iinfo(dtype) if issubclass(dtype, np.integer) else None
        lowest, highest = (limits.min, limits.max) if limits else (0, 1)
        if int(array.min()) < lowest or int(array.max()) > highest:
            raise OverflowError(f"does not fit into {np.dtype(dtype)}")
    if array.dtype == np.dtype(dtype) and not array.flags.writeable:
        return array
    array = np.array(array, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


def _sizes(arrays: Mapping[str, AnyArray], given: Mapping[str, Any]) -> dict[str, int]:
    """Read each letter's size from the field that defines it; none where that field is bad."""
    sizes: dict[str, int] = {}
    for letter, name, axis, otherwise in (
        ("M", "travel", 0, None),
        ("D", "travel", 1, None),
        ("L", "pickup_place", 0, None),
        ("P", "option_leg", 0, None),
        ("C", "start_place", 0, None),
        ("W", "capacity", 1, 0),
        ("W", "load", 1, 0),
        ("A", "gate_entry", 0, 1),
        ("G", "gate_entry", 1, 0),
        ("H", "hub_slots_free", 0, 0),
        ("S", "hub_slots_free", 1, 0),
    ):
        if name in arrays:
            sizes[letter] = int(arrays[name].shape[axis])
        elif given[name] is None and otherwise is not None:
            sizes.setdefault(letter, otherwise)
    indptr = getattr(given["post_steps"], "indptr", ())
    if given["post_steps"] is None or len(np.shape(indptr)) == 1:
        sizes["Q"] = max(0, len(indptr) - 1)
    return sizes


def _shaped(
    arrays: Mapping[str, AnyArray], sizes: Mapping[str, int], faults: _Faults
) -> dict[str, AnyArray | None]:
    """Fill in the defaults, and leave out what has another shape than its letters say."""
    shaped: dict[str, AnyArray | None] = {}
    for name, spec in SPECS.items():
        letters = spec.shape.split()
        if name in faults.fields or not sizes.keys() >= set(letters):
            continue
        shape = tuple(sizes[letter] for letter in letters)
        if name not in arrays:
            default = spec.default
            if default == _NOTHING:
                shaped[name] = None
            elif isinstance(default, str):
                shaped.update({name: shaped[default]} if default in shaped else {})
            else:
                # One value seen from everywhere: no memory, and read-only by nature.
                shaped[name] = np.broadcast_to(np.array(default, dtype=spec.dtype), shape)
        elif arrays[name].shape == shape:
            shaped[name] = arrays[name]
        else:
            faults.add(name, f"shape {arrays[name].shape}, wanted ({spec.shape}) = {shape}")
    return shaped


def _rows_of(given: Mapping[str, Any], sizes: Mapping[str, int], faults: _Faults) -> dict[str, Any]:
    """Complete the three fields that hold a list for each row."""
    rows: dict[str, Any] = {}
    for name, kind, letter in _ROWS:
        if letter not in sizes:
            continue
        columns = ["indptr", *(column for column, *_ in _COLUMNS[name])]
        value = given[name]
        if value is None:
            parts: dict[str, AnyArray] = dict.fromkeys(columns, _NO_ROWS)
            parts["indptr"] = np.broadcast_to(np.int64(0), sizes[letter] + 1)
            rows[name] = kind(**parts)
            continue
        try:
            parts = {column: _read_only(getattr(value, column), np.int64) for column in columns}
        except (AttributeError, TypeError, ValueError, OverflowError) as error:
            faults.add(name, str(error))
            continue
        fault = _row_fault(parts, sizes[letter])
        if fault:
            faults.add(name, fault)
        else:
            rows[name] = kind(**parts)
    return rows


def _row_fault(parts: Mapping[str, AnyArray], rows: int) -> str:
    """Say what is wrong with the lengths of a list for each row; empty where nothing is."""
    if any(part.ndim != 1 for part in parts.values()):
        return "every part wants one dimension"
    indptr = parts["indptr"]
    lengths = {len(part) for column, part in parts.items() if column != "indptr"}
    if (
        len(indptr) != rows + 1
        or indptr[0] != 0
        or (np.diff(indptr) < 0).any()
        or lengths != {int(indptr[-1])}
    ):
        return f"indptr wants {rows + 1} ascending values from 0 to the row count"
    return ""


_ROWS: tuple[tuple[str, Callable[..., Any], str], ...] = (
    ("barred", Lists, "L"),
    ("frozen", FrozenStops, "C"),
    ("post_steps", PostSteps, "Q"),
)
_NO_ROWS = np.broadcast_to(np.int64(0), 0)


def _check_range(
    name: str, array: AnyArray | None, sizes: Mapping[str, int], faults: _Faults
) -> None:
    spec = SPECS[name]
    if array is None or array.size == 0 or spec.dtype is np.bool_:
        return
    lowest, highest = _bound(spec.lowest, sizes), _bound(spec.highest, sizes)
    # The extremes first: on the large matrices they are all that is looked at.
    if lowest <= int(array.min()) and int(array.max()) <= highest:
        return
    bad = np.argwhere((array < lowest) | (array > highest)).tolist()
    where = [at[0] if len(at) == 1 else at for at in bad]
    faults.add(name, f"must be from {lowest} to {highest} (at {_some(where)})")


def _bound(bound: int | str, sizes: Mapping[str, int]) -> int:
    """Give the value of a bound; as good as none where the size that it names is not known."""
    return sizes.get(bound, NO_LIMIT) - 1 if isinstance(bound, str) else bound


def _check_row_values(
    name: str, rows: Lists | FrozenStops | PostSteps, sizes: Mapping[str, int], faults: _Faults
) -> None:
    for column, lowest, highest in _COLUMNS[name]:
        most = _bound(highest, sizes)
        values = getattr(rows, column)
        bad = np.flatnonzero((values < lowest) | (values > most))
        if len(bad):
            faults.add(name, f"{column} must be from {lowest} to {most} (at {_some(bad)})")


_COLUMNS: dict[str, tuple[tuple[str, int, int | str], ...]] = {
    "barred": (("values", 0, "C"),),
    "frozen": (
        ("leg", 0, "L"),
        ("action", 0, 1),
        ("option", -1, "P"),
        ("not_before", -FOREVER, FOREVER),
    ),
    "post_steps": (("starts_at", -FOREVER, FOREVER), ("most_away", 0, NO_LIMIT)),
}
"""Lowest and highest value of each part of a list for each row, besides `indptr`."""


def _some(positions: Sequence[Any] | AnyArray, most: int = 5) -> str:
    shown = ", ".join(str(position) for position in list(positions)[:most])
    return shown if len(positions) <= most else f"{shown} and {len(positions) - most} more"
