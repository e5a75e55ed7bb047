"""Li and Lim's files: pickups and deliveries in pairs, with windows, from one depot.

The first line holds the number of vehicles, their capacity and a speed; then a line of nine numbers
for each node, the depot first: number, x, y, demand, window, service time, and the node of the
pickup (of a delivery) and of the delivery (of a pickup), 0 for none. The published files say speed
0 or 1 and are always scored at one unit of distance for each unit of time.

Source: Li and Lim 2001 (doi 10.1109/ICTAI.2001.974461); the files of SINTEF.
"""

from dispatch.solver.formats.depot import NODE_COLUMNS, Depot
from dispatch.solver.formats.depot_lines import depot_of, fleet, node_rows, paired
from dispatch.solver.formats.faults import Faults, FormatError
from dispatch.solver.formats.tables import Table

_SPEEDS = (0, 1)


def read(text: str, *, name: str = "lilim") -> Depot:
    """Read a file.

    Parameters
    ----------
    text : str
        All of it.
    name : str
        What to call it; the file does not say.

    Raises
    ------
    FormatError
        Naming every bad line.

    """
    faults = Faults()
    table = Table(text)
    line = table.take("vehicles, capacity and speed")
    vehicles = fleet(line, ("vehicles", "capacity", "speed"), faults)
    if vehicles["speed"] not in _SPEEDS:
        faults.add(line.name, f"speed: {vehicles['speed']:g} is not supported, only 1")
    lines = table.rest()
    if not lines:
        raise FormatError([f"{line.name}: the file ends here, expected the depot's 9 numbers"])
    rows = node_rows(lines, (*NODE_COLUMNS, "pickup", "delivery"), faults)
    # Pairs are only to be had where every line could be read.
    faults.raise_any()
    requests = paired(rows, faults)
    faults.raise_any()
    return depot_of(name, vehicles["vehicles"], vehicles["capacity"], rows, requests)
