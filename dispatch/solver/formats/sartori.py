"""Sartori and Buriol's files: pickups and deliveries in pairs, on real streets.

Lines ``KEY: value`` (of which SIZE, CAPACITY and ROUTE-TIME count), then ``NODES`` with nine
numbers for each node, the depot first, then ``EDGES`` with the whole matrix of times in minutes,
then ``EOF``. The number of vehicles is not limited. Everything but the coordinates is whole.

Source: Sartori and Buriol 2020 (doi 10.1016/j.cor.2020.105065); the readme of their data.
"""

from collections.abc import Sequence

import numpy as np

from dispatch.solver.arrays import IntArray
from dispatch.solver.formats.depot import NODE_COLUMNS, Depot
from dispatch.solver.formats.depot_lines import Row, depot_of, node_rows, paired
from dispatch.solver.formats.faults import Faults, FormatError
from dispatch.solver.formats.tables import LARGEST, Line, Table

_LEFT_ALONE = ("NAME", "LOCATION", "COMMENT", "TYPE", "DISTRIBUTION", "DEPOT", "TIME-WINDOW")
"""Keys that say how the file was made."""

_NEEDED = ("SIZE", "ROUTE-TIME", "CAPACITY")


def read(text: str) -> Depot:
    """Read a file.

    Parameters
    ----------
    text : str
        All of it.

    Raises
    ------
    FormatError
        Naming every bad line.

    """
    faults = Faults()
    table = Table(text)
    name, values = _head(table, faults)
    faults.raise_any()
    size = values["SIZE"]
    rows = node_rows(
        _section(table, size, "a node's 9 numbers"), (*NODE_COLUMNS, "pickup", "delivery"), faults
    )
    _check_whole(rows, faults)
    line = table.take("EDGES")
    if line.words != ("EDGES",):
        raise FormatError(
            [f"{line.name}: expected EDGES after {size} nodes, found {line.words[0]!r}"]
        )
    matrix = _matrix(_section(table, size, f"{size} times"), size, faults)
    line = table.take("EOF")
    if line.words != ("EOF",):
        faults.add(line.name, f"expected EOF after {size} lines of times")
    # Pairs are only to be had where every line could be read.
    faults.raise_any()
    requests = paired(rows, faults)
    faults.raise_any()
    rows[0][1][5] = min(rows[0][1][5], values["ROUTE-TIME"])
    return depot_of(name, max(1, len(requests)), values["CAPACITY"], rows, requests, matrix)


def _head(table: Table, faults: Faults) -> tuple[str, dict[str, int]]:
    name = ""
    values: dict[str, int] = {}
    while (line := table.take("NODES")).words != ("NODES",):
        key, _, value = " ".join(line.words).partition(":")
        value = value.strip()
        if key == "NAME":
            name = value
        if key in _LEFT_ALONE:
            continue
        if key not in _NEEDED:
            faults.add(line.name, f"unknown key {key[:40]!r}")
        elif not value.isdecimal() or int(value) > LARGEST:
            faults.add(line.name, f"{key}: {value[:40]!r} is not a whole number of 32 bits")
        else:
            values[key] = int(value)
    for key in _NEEDED:
        if key not in values and not faults:
            faults.add(line.name, f"{key} is missing above")
    if values.get("SIZE") == 0:
        faults.add("SIZE", "not even a depot")
    return name, values


def _section(table: Table, size: int, wanted: str) -> list[Line]:
    """Take as many lines as there are nodes; a heading before them means that some are missing."""
    lines: list[Line] = []
    for count in range(size):
        line = table.take(wanted)
        if line.words[0] in ("EDGES", "EOF"):
            raise FormatError(
                [f"{line.name}: expected {wanted}, found {line.words[0]}: {count} of {size} lines"]
            )
        lines.append(line)
    return lines


def _check_whole(rows: Sequence[Row], faults: Faults) -> None:
    for line, values in rows:
        for column, value in zip(NODE_COLUMNS[4:], values[4:7], strict=True):
            if value != int(value):
                faults.add(line.name, f"{column}: {value:g} is not a whole number")


def _matrix(lines: Sequence[Line], size: int, faults: Faults) -> IntArray:
    matrix = np.zeros((size, size), np.int64)
    for row, line in enumerate(lines):
        if len(line.words) != size:
            faults.add(line.name, f"expected {size} numbers, found {len(line.words)}")
            continue
        try:
            matrix[row] = np.array(line.words, dtype=np.int64)
        except (ValueError, OverflowError):
            column = next(i for i, word in enumerate(line.words) if not _is_time(word))
            what = "is not a whole number of 32 bits"
            faults.add(line.name, f"column {column + 1}: {line.words[column][:40]!r} {what}")
            continue
        bad = np.flatnonzero((matrix[row] < 0) | (matrix[row] > LARGEST))
        if len(bad):
            what = "is negative" if matrix[row, bad[0]] < 0 else "does not fit into 32 bits"
            faults.add(line.name, f"column {bad[0] + 1}: {matrix[row, bad[0]]} {what}")
    return matrix


def _is_time(word: str) -> bool:
    return word.removeprefix("-").isdecimal() and abs(int(word)) <= LARGEST
