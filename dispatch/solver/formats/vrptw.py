"""Solomon's and Gehring and Homberger's files: customers with windows, served from one depot.

A name, then ``VEHICLE``, ``NUMBER CAPACITY`` and both numbers, then ``CUSTOMER``, a line of
headings and a line of seven numbers for each node, the depot first. The file does not say how many
customers there are: one that ends with a whole line looks complete.

Source: Solomon 1987 (doi 10.1287/opre.35.2.254); the files of SINTEF.
"""

import numpy as np

from dispatch.solver.formats.depot import NODE_COLUMNS, Depot
from dispatch.solver.formats.depot_lines import depot_of, fleet, node_rows
from dispatch.solver.formats.faults import Faults, FormatError
from dispatch.solver.formats.tables import Line, Table


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
    name = " ".join(table.take("the name of the instance").words)
    _expect(table, "VEHICLE")
    _expect(table, "NUMBER")
    vehicles = fleet(table.take("two numbers"), ("vehicles", "capacity"), faults)
    _expect(table, "CUSTOMER")
    _expect(table, "CUST")
    lines = table.rest()
    if not lines:
        raise FormatError(["the file ends before the depot: expected a line of 7 numbers"])
    rows = node_rows(lines, NODE_COLUMNS, faults)
    for line, values in rows[1:]:
        if values[3] < 0:
            faults.add(line.name, "demand: is negative")
    faults.raise_any()
    customers = np.arange(1, len(rows))
    requests = np.stack([np.zeros_like(customers), customers], axis=1)
    return depot_of(name, vehicles["vehicles"], vehicles["capacity"], rows, requests)


def _expect(table: Table, word: str) -> Line:
    line = table.take(word)
    if line.words[0].upper() != word:
        raise FormatError([f"{line.name}: expected {word}, found {' '.join(line.words)[:40]!r}"])
    return line
