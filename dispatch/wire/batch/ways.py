"""Places, gates and the matrices between places, as fields of a `Problem`."""

from collections.abc import Sequence
from typing import Any

import numpy as np

from dispatch.core.errors import InvalidValue
from dispatch.core.model import Place
from dispatch.solver.arrays import FOREVER, UNREACHABLE, AnyArray
from dispatch.solver.fields import DEAREST
from dispatch.v1 import batch_pb2 as pb
from dispatch.wire.batch.reader import Names, Reader, column
from dispatch.wire.places import renamed

NO_WAY = -1
"""Stands for `UNREACHABLE` on the wire."""


def gates_in(
    places: Sequence[pb.BatchPlace],
    gates: Sequence[pb.BatchGate],
    names: Names,
    access: AnyArray,
    reader: Reader,
) -> dict[str, Any]:
    """Read the gates, and which one each place lies behind.

    Parameters
    ----------
    access
        (C,) the couriers' access classes: each gate has a number for all of them.
    """
    classes = max([1 + int(access.max(initial=0)), *(len(gate.entry_seconds) for gate in gates)])
    entry = np.zeros((classes, len(gates)), np.int64)
    for at, gate in enumerate(gates):
        path = f"gates[{at}].entry_seconds"
        if len(gate.entry_seconds) == classes:
            entry[:, at] = reader.all_within(gate.entry_seconds, path, NO_WAY, FOREVER)
        else:
            found = len(gate.entry_seconds)
            reader.fault(path, f"{found} numbers, wanted {classes}: one for each access class")
    return {
        "place_gate": np.array(
            column(
                places,
                lambda place, path: reader.reference(place.gate, names, f"{path}.gate"),
                "places",
            ),
            np.int64,
        ),
        "gate_entry": entry,
    }


def matrices_in(matrices: Sequence[pb.BatchMatrix], count: int, reader: Reader) -> dict[str, Any]:
    """Read the matrices.

    Parameters
    ----------
    count
        How many places there are.
    """
    fields: dict[str, Any] = {
        "travel": [_square(one, "travel_seconds", at, count, reader) for at, one in _all(matrices)]
    }
    if any(one.distance_meters for one in matrices):
        fields["distance_m"] = [
            _square(one, "distance_meters", at, count, reader)
            if one.distance_meters
            else np.zeros((count, count), np.int32)
            for at, one in _all(matrices)
        ]
    if any(one.arc_costs for one in matrices):
        fields["arc_cost"] = [
            _square(one, "arc_costs", at, count, reader) for at, one in _all(matrices)
        ]
    return {name: np.stack(rows) for name, rows in fields.items()}


def _all(matrices: Sequence[pb.BatchMatrix]) -> Sequence[tuple[int, pb.BatchMatrix]]:
    return list(enumerate(matrices))


def _square(one: pb.BatchMatrix, field: str, at: int, count: int, reader: Reader) -> AnyArray:
    """Read one list as a square; zeros, and a fault, where it is none or holds what cannot be."""
    values = getattr(one, field)
    path = f"matrices[{at}].{field}"
    is_price = field == "arc_costs"
    kind = np.int64 if is_price else np.int32
    if len(values) != count * count:
        wanted = f"{count * count}, the square of the number of places"
        reader.fault(path, f"{len(values)} numbers, wanted {wanted}")
        return np.zeros((count, count), kind)
    lowest, highest = (0, DEAREST) if is_price else (NO_WAY, UNREACHABLE)
    good = reader.all_within(values, path, lowest, highest)
    square = np.fromiter(good, kind, count * count).reshape(count, count)
    return square if is_price else np.where(square == NO_WAY, kind(UNREACHABLE), square)


def points_in(places: Sequence[pb.BatchPlace], reader: Reader) -> list[Place]:
    """Read where places are; a stand-in, and a fault, for those that do not say."""
    return [_point(place, f"places[{at}]", reader) for at, place in enumerate(places)]


def _point(place: pb.BatchPlace, path: str, reader: Reader) -> Place:
    if not place.HasField("point"):
        reader.fault(f"{path}.point", "is required where there are no matrices")
        return Place(lat=0.0, lon=0.0)
    try:
        return Place(lat=place.point.latitude, lon=place.point.longitude)
    except InvalidValue as error:
        fields = {"lat": "point.latitude", "lon": "point.longitude"}
        reader.check.faults += renamed(error, fields, path)
        return Place(lat=0.0, lon=0.0)
