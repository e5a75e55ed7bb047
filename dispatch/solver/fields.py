"""Shapes, types, neutral defaults and allowed values of the `Problem`'s fields.

`problem` says what each field means; this module makes sure that no `Problem` can exist whose
arrays contradict that. It imports numpy and nothing else.
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
    BoolArray,
    FrozenStops,
    Lists,
    PostSteps,
    ProblemError,
)

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
    "arc_cost": _Spec("M D D", "none"),
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
    faults: list[tuple[str, str]] = []
    arrays = _arrays_of(given, faults)
    sizes = _sizes(arrays, given, faults)
    if faults:
        raise ProblemError(faults)
    for name, spec in SPECS.items():
        shape = tuple(sizes[letter] for letter in spec.shape.split())
        if name not in arrays:
            arrays[name] = _default(spec, shape, arrays)
        elif arrays[name] is not None and arrays[name].shape != shape:
            faults.append((name, f"shape {arrays[name].shape}, wanted ({spec.shape}) = {shape}"))
    rows = _rows_of(given, sizes, faults)
    if faults:
        raise ProblemError(faults)
    for name, spec in SPECS.items():
        _check_range(name, spec, arrays[name], sizes, faults)
    _check_row_values(rows, sizes, faults)
    if not faults:
        for field, rule, message in _RULES:
            bad = np.flatnonzero(rule({**arrays, **rows}))
            if len(bad):
                faults.append((field, f"{message} (at {_some(bad)})"))
    if faults:
        raise ProblemError(faults)
    return {**arrays, **rows}


def _arrays_of(given: Mapping[str, Any], faults: list[tuple[str, str]]) -> dict[str, Any]:
    arrays: dict[str, Any] = {}
    for name, spec in SPECS.items():
        value = given[name]
        if value is None:
            if spec.default is None:
                faults.append((name, "is needed"))
            continue
        try:
            arrays[name] = _read_only(value, spec.dtype)
        except (TypeError, ValueError, OverflowError) as error:
            faults.append((name, str(error)))
            continue
        wanted = len(spec.shape.split())
        if arrays[name].ndim != wanted:
            faults.append((name, f"{arrays[name].ndim} dimensions, wanted {wanted}"))
    return arrays


def _read_only(value: object, dtype: type[np.integer] | type[np.bool_]) -> AnyArray:
    """Copy what somebody else could still write to, refuse what is not integer."""
    array = np.asarray(value)
    if array.size == 0:
        array = array.astype(dtype)
    if array.dtype.kind not in "iub":
        message = f"{array.dtype}, wanted {np.dtype(dtype)}"
        raise TypeError(message)
    if array.dtype != dtype and array.size and issubclass(dtype, np.integer):
        limits = np.iinfo(dtype)
        if int(array.min()) < limits.min or int(array.max()) > limits.max:
            message = f"does not fit into {np.dtype(dtype)}"
            raise OverflowError(message)
    if array.dtype == np.dtype(dtype) and not array.flags.writeable:
        return array
    array = np.array(array, dtype=dtype, order="C")
    array.setflags(write=False)
    return array


def _sizes(
    arrays: Mapping[str, Any], given: Mapping[str, Any], faults: list[tuple[str, str]]
) -> dict[str, int]:
    """Read each letter's size from the field that defines it."""
    if faults:
        return {}

    def size(name: str, axis: int, otherwise: int = 0) -> int:
        return int(arrays[name].shape[axis]) if name in arrays else otherwise

    post_steps = given["post_steps"]
    return {
        "M": size("travel", 0),
        "D": size("travel", 1),
        "L": size("pickup_place", 0),
        "P": size("option_leg", 0),
        "C": size("start_place", 0),
        "W": size("load", 1, size("capacity", 1)),
        "A": size("gate_entry", 0, 1),
        "G": size("gate_entry", 1),
        "H": size("hub_slots_free", 0),
        "S": size("hub_slots_free", 1),
        "Q": 0 if post_steps is None else len(post_steps.indptr) - 1,
    }


def _default(spec: _Spec, shape: tuple[int, ...], arrays: Mapping[str, Any]) -> AnyArray | None:
    if spec.default == "none":
        return None
    if isinstance(spec.default, str):
        same: AnyArray = arrays[spec.default]
        return same
    # One value seen from everywhere: no memory, and read-only by nature.
    return np.broadcast_to(np.array(spec.default, dtype=spec.dtype), shape)


def _rows_of(
    given: Mapping[str, Any], sizes: Mapping[str, int], faults: list[tuple[str, str]]
) -> dict[str, Any]:
    """Complete the three fields that hold a list for each row."""
    rows: dict[str, Any] = {}
    for name, kind, columns, letter in _ROWS:
        value = given[name]
        parts: dict[str, AnyArray] = {}
        if value is None:
            parts = {column: np.zeros(0, np.int64) for column in columns}
            parts["indptr"] = np.zeros(sizes[letter] + 1, np.int64)
            for part in parts.values():
                part.setflags(write=False)
        else:
            try:
                parts = {
                    column: _read_only(getattr(value, column), np.int64)
                    for column in ("indptr", *columns)
                }
            except (AttributeError, TypeError, ValueError, OverflowError) as error:
                faults.append((name, str(error)))
                continue
        indptr = parts["indptr"]
        lengths = {len(parts[column]) for column in columns}
        good = (
            len(indptr) == sizes[letter] + 1
            and indptr[0] == 0
            and bool((np.diff(indptr) >= 0).all())
        )
        if not good or lengths != {int(indptr[-1])}:
            message = f"indptr wants {sizes[letter] + 1} ascending values from 0 to the row count"
            faults.append((name, message))
            continue
        rows[name] = kind(**parts)
    return rows


_ROWS: tuple[tuple[str, Callable[..., Any], tuple[str, ...], str], ...] = (
    ("barred", Lists, ("values",), "L"),
    ("frozen", FrozenStops, ("leg", "action", "option", "not_before"), "C"),
    ("post_steps", PostSteps, ("starts_at", "most_away"), "Q"),
)


def _check_range(
    name: str,
    spec: _Spec,
    array: AnyArray | None,
    sizes: Mapping[str, int],
    faults: list[tuple[str, str]],
) -> None:
    if array is None or array.size == 0 or spec.dtype is np.bool_:
        return
    lowest, highest = (
        sizes[bound] - 1 if isinstance(bound, str) else bound
        for bound in (spec.lowest, spec.highest)
    )
    # The extremes first: on the large matrices they are all that is looked at.
    if lowest <= int(array.min()) and int(array.max()) <= highest:
        return
    bad = np.argwhere((array < lowest) | (array > highest)).tolist()
    where = [at[0] if len(at) == 1 else at for at in bad]
    faults.append((name, f"must be from {lowest} to {highest} (at {_some(where)})"))


def _check_row_values(
    rows: Mapping[str, Any], sizes: Mapping[str, int], faults: list[tuple[str, str]]
) -> None:
    for name, values, lowest, highest in (
        ("barred", rows["barred"].values, 0, sizes["C"] - 1),
        ("frozen", rows["frozen"].leg, 0, sizes["L"] - 1),
        ("frozen", rows["frozen"].action, 0, 1),
        ("frozen", rows["frozen"].option, -1, sizes["P"] - 1),
        ("frozen", rows["frozen"].not_before, -FOREVER, FOREVER),
        ("post_steps", rows["post_steps"].starts_at, -FOREVER, FOREVER),
        ("post_steps", rows["post_steps"].most_away, 0, NO_LIMIT),
    ):
        bad = np.flatnonzero((values < lowest) | (values > highest))
        if len(bad):
            faults.append((name, f"must be from {lowest} to {highest} (at {_some(bad)})"))


def _some(positions: Sequence[Any] | AnyArray, most: int = 5) -> str:
    shown = ", ".join(str(position) for position in list(positions)[:most])
    return shown if len(positions) <= most else f"{shown} and {len(positions) - most} more"


def _committed_row(a: Mapping[str, Any]) -> AnyArray:
    committed: AnyArray = np.where(a["on_board"] >= 0, a["on_board"], a["must_courier"])
    return committed


def _counted_but_personal(a: Mapping[str, Any]) -> BoolArray:
    personal: BoolArray = (a["left"] <= 0) | (a["post"] >= 0) | (np.diff(a["frozen"].indptr) > 0)
    committed = _committed_row(a)
    personal[committed[committed >= 0]] = True
    personal &= a["count"] > 1
    return personal


def _missing_option(a: Mapping[str, Any]) -> BoolArray:
    missing: BoolArray = np.bincount(a["option_leg"], minlength=len(a["pickup_place"])) == 0
    return missing


def _frozen_mismatch(a: Mapping[str, Any]) -> BoolArray:
    frozen = a["frozen"]
    if not len(frozen.leg):
        return np.zeros(0, bool)
    pickup = frozen.action == 0
    wrong_option = ~pickup & ((frozen.option < 0) | (a["option_leg"][frozen.option] != frozen.leg))
    mismatch: BoolArray = (pickup & (frozen.option >= 0)) | wrong_option
    return mismatch


def _unsorted_posts(a: Mapping[str, Any]) -> BoolArray:
    steps = a["post_steps"]
    inside = np.ones(len(steps.starts_at), bool)
    inside[steps.indptr[:-1][steps.indptr[:-1] < len(inside)]] = False
    inside &= np.diff(steps.starts_at, prepend=-FOREVER - 1) <= 0
    return inside


_RULES: tuple[tuple[str, Callable[[Mapping[str, Any]], AnyArray], str], ...] = (
    ("option_leg", lambda a: np.diff(a["option_leg"]) < 0, "must ascend"),
    ("option_leg", _missing_option, "every leg needs an option"),
    ("pickup_closes", lambda a: a["pickup_closes"] < a["pickup_opens"], "closes before it opens"),
    ("option_closes", lambda a: a["option_closes"] < a["option_opens"], "closes before it opens"),
    (
        "off_duty",
        lambda a: (a["off_duty"] < a["on_duty"]) & (a["left"] > 0),
        "ends before it starts",
    ),
    (
        "on_board",
        lambda a: (a["on_board"] >= 0) & (a["pickup_place"] >= 0),
        "a leg on board has no pickup place",
    ),
    (
        "must_courier",
        lambda a: (
            (a["on_board"] >= 0) & (a["must_courier"] >= 0) & (a["on_board"] != a["must_courier"])
        ),
        "is on board of another courier",
    ),
    (
        "after_leg",
        lambda a: a["after_leg"] == np.arange(len(a["after_leg"])),
        "cannot come after itself",
    ),
    (
        "left",
        lambda a: (a["left"] <= 0) & (a["start_place"] < 0),
        "who has left needs a start place",
    ),
    ("count", _counted_but_personal, "must be 1 with work, a post or a departure of its own"),
    ("frozen", _frozen_mismatch, "the option is not one of the leg's"),
    ("post_steps", _unsorted_posts, "must ascend within a post"),
    (
        "leg_size",
        lambda a: a["leg_size"] >= max(a["hub_slots_free"].shape[1], 1),
        "no such size class",
    ),
)
