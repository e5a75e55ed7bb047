"""Small files of every format, written out, for tests of readers and commands."""

import json
from typing import Any

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

STREET = [[abs(a - b) for b in (0, 10, 20, 30)] for a in (0, 10, 20, 30)]

OGC: dict[str, Any] = {
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

VROOM: dict[str, Any] = {
    "vehicles": [{"id": 7, "start_index": 0, "end_index": 0, "capacity": [4]}],
    "jobs": [{"id": 1, "location_index": 1, "service": 5, "delivery": [2]}],
    "shipments": [
        {
            "amount": [2],
            "pickup": {"id": 1, "location_index": 3},
            "delivery": {"id": 2, "location_index": 1},
        }
    ],
    "matrices": {"car": {"durations": STREET}},
}

ANTMILE: dict[str, Any] = {
    "travel": [STREET],
    "pickup_place": [1],
    "option_leg": [0],
    "option_place": [2],
    "start_place": [0],
    "end_place": [3],
    "cost_per_travel": [2],
}

TEXTS = {
    "vrptw": VRPTW,
    "lilim": LILIM,
    "sartori": SARTORI,
    "ogc": json.dumps(OGC),
    "vroom": json.dumps(VROOM),
    "antmile": json.dumps(ANTMILE),
}
