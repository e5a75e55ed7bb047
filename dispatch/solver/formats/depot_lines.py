"""What the text files with one depot have in common: nodes on lines, and how they can be wrong."""

from collections.abc import Sequence

import numpy as np

from dispatch.solver.arrays import IntArray
from dispatch.solver.formats.depot import NODE_COLUMNS, Depot
from dispatch.solver.formats.faults import Faults
from dispatch.solver.formats.tables import Line, numbers_of

WHOLE = ("id", "demand", "pickup", "delivery", "vehicles", "capacity")
"""Columns that hold integers in every format."""

Row = tuple[Line, list[float]]


def fleet(
    line: Line, columns: Sequence[str], faults: Faults, *, lowest: int = 1
) -> dict[str, float]:
    """Read the line that says how many vehicles there are and what they carry.

    Parameters
    ----------
    line : Line
        Where it stands.
    columns : sequence of str
        "vehicles", "capacity" and what else the format has there.
    faults : Faults
        Takes what is wrong; the values are then neutral.
    lowest : int
        Fewest vehicles.

    """
    values = numbers_of(line, columns, WHOLE, faults)
    if values is None:
        return dict.fromkeys(columns, 1.0)
    read = dict(zip(columns, values, strict=True))
    if read["vehicles"] < lowest:
        faults.add(line.name, f"vehicles: {read['vehicles']:g}, expected at least {lowest}")
    if read["capacity"] < 0:
        faults.add(line.name, "capacity: is negative")
    return read


def node_rows(lines: Sequence[Line], columns: Sequence[str], faults: Faults) -> list[Row]:
    """Read the lines of nodes, the depot's first, and check each by itself."""
    rows = []
    for line in lines:
        values = numbers_of(line, columns, WHOLE, faults)
        if values is not None:
            rows.append((line, values))
    seen: dict[int, Line] = {}
    for position, (line, values) in enumerate(rows):
        _check_node(line, dict(zip(columns, values, strict=True)), faults, is_depot=position == 0)
        first = seen.setdefault(int(values[0]), line)
        if first is not line:
            faults.add(line.name, f"id: node {values[0]:g} stands on {first.name} already")
    return rows


def _check_node(line: Line, node: dict[str, float], faults: Faults, *, is_depot: bool) -> None:
    if node["id"] < 0:
        faults.add(line.name, "id: is negative")
    if node["service"] < 0:
        faults.add(line.name, "service: is negative")
    if node["closes"] < node["opens"]:
        faults.add(line.name, f"closes at {node['closes']:g} before it opens at {node['opens']:g}")
    if is_depot and (node["demand"] or node["service"]):
        faults.add(line.name, "the depot has a demand or a service time")


def paired(rows: Sequence[Row], faults: Faults) -> IntArray:
    """Read the pairs of files whose nodes name their pickup and their delivery.

    Parameters
    ----------
    rows : sequence of (Line, values)
        Columns as `NODE_COLUMNS`, then pickup and delivery: node numbers, 0 for none.
    faults : Faults
        Takes what is wrong.

    Returns
    -------
    (R, 2) int64
        Indices of pickup and delivery.

    """
    index = {int(values[0]): position for position, (_, values) in enumerate(rows)}
    pairs = []
    for position, (line, values) in enumerate(rows[1:], start=1):
        demand, pickup, delivery = values[3], int(values[-2]), int(values[-1])
        if (pickup == 0) == (delivery == 0):
            faults.add(line.name, "expected either a pickup or a delivery, the other 0")
            continue
        partner = index.get(pickup or delivery)
        if partner is None or partner == 0:
            faults.add(line.name, f"there is no node {pickup or delivery} to go with this one")
            continue
        line_of_partner, other = rows[partner]
        wanted = (values[0], 0.0) if delivery else (0.0, values[0])
        if (other[-2], other[-1]) != wanted:
            faults.add(line.name, f"{line_of_partner.name} does not name this node in turn")
        elif delivery:
            if demand < 0 or other[3] != -demand:
                faults.add(
                    line.name,
                    f"takes up {demand:g}, {line_of_partner.name} lets down {-other[3]:g}",
                )
            pairs.append((position, partner))
    return np.array(pairs, np.int64).reshape(-1, 2)


def depot_of(
    name: str,
    vehicles: float,
    capacity: float,
    rows: Sequence[Row],
    requests: IntArray,
    matrix: IntArray | None = None,
) -> Depot:
    """Put the parts together, once they are without faults."""
    columns = np.array([values[: len(NODE_COLUMNS)] for _, values in rows]).T
    nodes, x, y, demand, opens, closes, service = columns
    return Depot(
        name=name,
        vehicles=int(vehicles),
        capacity=int(capacity),
        nodes=nodes.astype(np.int64),
        x=x,
        y=y,
        demand=demand.astype(np.int64),
        opens=opens,
        closes=closes,
        service=service,
        requests=requests,
        matrix=matrix,
    )
