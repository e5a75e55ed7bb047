"""Small files of each format, written out, that tests take apart."""

import json
from collections.abc import Callable
from typing import Any

import pytest

VRPTW = """\
TINY

VEHICLE
NUMBER     CAPACITY
   3          10

CUSTOMER
CUST NO.  XCOORD.   YCOORD.    DEMAND   READY TIME  DUE DATE   SERVICE TIME

    0      0          0          0          0        100          0
    1      3          4          4          0         60         10
    2      6          8          4          0         60         10
    3      0          7          4         20         60         10
"""

LILIM = """\
2\t10\t1
0\t0\t0\t0\t0\t100\t0\t0\t0
1\t3\t4\t6\t0\t50\t2\t0\t2
2\t6\t8\t-6\t0\t60\t2\t1\t0
3\t0\t1\t5\t0\t90\t2\t0\t4
4\t0\t2\t-5\t0\t90\t2\t3\t0
"""

SARTORI = """\
NAME: tiny-n4
LOCATION: Nowhere
COMMENT:  by hand
TYPE: PDPTW
SIZE: 5
DISTRIBUTION: none
DEPOT: random
ROUTE-TIME: 100
TIME-WINDOW: 60
CAPACITY: 10
NODES
0 41.1 2.1 0 0 240 0 0 0
1 41.2 2.2 6 0 50 2 0 3
2 41.3 2.3 5 0 60 2 0 4
3 41.4 2.4 -6 0 90 2 1 0
4 41.5 2.5 -5 0 90 2 2 0
EDGES
0 5 6 7 8
5 0 1 4 9
6 1 0 3 9
7 4 3 0 9
3 9 9 9 0
EOF
"""


Change = Callable[[str, int, str | None], str]


@pytest.fixture(scope="session")
def change() -> Change:
    """Give a function that puts another line (None: no line) in the place of line `number`."""

    def changed(text: str, number: int, line: str | None) -> str:
        lines = text.splitlines(keepends=True)
        lines[number - 1] = "" if line is None else line + "\n"
        return "".join(lines)

    return changed


@pytest.fixture
def vrptw_text() -> str:
    """Three customers, 5, 10 and 7 from the depot; two of them fit into a vehicle."""
    return VRPTW


@pytest.fixture
def lilim_text() -> str:
    """Two pairs, of which only one at a time fits into a vehicle."""
    return LILIM


@pytest.fixture
def sartori_text() -> str:
    """Two pairs and a matrix that is not the same both ways."""
    return SARTORI


@pytest.fixture
def ogc_value() -> dict[str, Any]:
    """Two orders, one rider on a bike and one on foot."""
    return {
        "name": "tiny",
        "K": 2,
        "RIDERS": [["BIKE", 5.0, 10, 60, 5000, 60, 1], ["WALK", 1.25, 6, 30, 4000, 30, 1]],
        "ORDERS": [
            [0, 10, 36.0, 126.0, 36.1, 126.1, 100, 4, 1500],
            [1, 20, 36.0, 126.0, 36.1, 126.1, 120, 5, 2000],
        ],
        "DIST": [
            [0, 250, 1000, 1250],
            [250, 0, 750, 1010],
            [1000, 750, 0, 500],
            [1250, 1010, 500, 0],
        ],
    }


@pytest.fixture
def ogc_text(ogc_value: dict[str, Any]) -> str:
    return json.dumps(ogc_value)
