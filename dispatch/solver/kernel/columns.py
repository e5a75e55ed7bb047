"""Names of the columns of the kernel's tables: one table for each kind of thing, int64 throughout.

Tables of numbers instead of forty arrays, because a compiled function takes every array that it
is given as seven values of its own.
"""

NEVER = 1 << 60
"""Later and dearer than anything."""

# --- stops: row s < L is the pickup of leg s, row L + p the drop-off at option p -----------------
PLACE = 0  # -1: nowhere, carried to the tour's end
OPENS = 1  # moved by a predecessor's drop-off, ticks
LATEST = 2  # latest start of service, ticks
BOUND = 3  # a start of service is not delayed past it, ticks
DUE = 4  # lateness is priced after it, ticks
SERVICE = 5  # ticks
LEG = 6
PRICE = 7  # of choosing the option
EFFORT = 8  # gram-floors
LATENESS = 9  # cost per tick
SLOT = 10  # hub * sizes + size of a compartment that it fills; -1: none
DROP = 11  # 1: drop-off
LINKS = 12  # the leg that exists once this drop-off is made; -1: none
STOP_COLUMNS = 13

# --- legs ---------------------------------------------------------------------------------------
KIND = 0
FIRST = 1  # first and last drop-off of the leg, as stops
LAST = 2
UNASSIGNED = 3  # price of leaving it out, the price of change included
SEEN = 4  # courier class who has seen it
MOVE = 5  # price of giving it to another one
AFTER = 6  # its predecessor; -1: none
GAP = 7  # ticks after the predecessor's drop-off
HOME = 8  # vehicle it is committed to; -1: free
PINNED = 9  # 1: stays where it is in its tour
NEXT = 10  # its successor; -1: none
FROM = 11  # when its pickup opens without regard to a predecessor, ticks
LEG_COLUMNS = 12

# kinds of legs: what has to be put into a tour
PAIR = 0  # a pickup and a drop-off
LOADED = 1  # a drop-off, on board from the start of the tour
DROP_ONLY = 2  # a drop-off, whose pickup is frozen

# --- vehicles: one person each -------------------------------------------------------------------
CLASS = 0
MODE = 1
ACCESS = 2
START = 3
END = 4
ON_DUTY = 5
HOURS = 6  # bound on 1000 x end + RESERVE x time away
LEASH = 7
ALLOWANCE = 8
OVER = 9  # cost per tick above the allowance
RESERVE = 10
MOST = 11  # drop-offs
FIXED = 12
PER_TRAVEL = 13
PER_AWAY = 14
PER_M = 15
PER_PARCEL = 16
PER_EFFORT = 17
LEFT = 18
PICKUPS_FIRST = 19
POST = 20
LOCKED = 21  # stops at the beginning that nothing may come between
CLOSED = 22  # 1: the tour stays as it is
TIMED = 23  # 1: time away is limited or priced
END_BY = 24  # latest end, ticks
VEHICLE_COLUMNS = 25

# --- tours: row 0 is the start, row i the i-th stop, row n + 1 the end ----------------------------
STOP = 0
AT = 1  # place
WAY = 2  # time to the next row, gate included
ARC = 3  # cost of the way to the next row
BEGIN = 4  # earliest start of service
LEAVE = 5  # its end
LATE = 6  # cost of lateness so far
PATH = 7  # ways and services so far, without waits
SLACK = 8  # how far the departure may be delayed for the stops so far
FORE_D = 9  # duration and latest start of the tour up to this row
FORE_L = 10
BACK_D = 11  # duration, earliest and latest start of the tour from this row on
BACK_E = 12
BACK_L = 13
TOUR_COLUMNS = 16  # two cache lines a row

# --- heads: one row for each tour ----------------------------------------------------------------
LENGTH = 0
PARCELS = 1
COST = 2
KEPT = 3  # its cost in the solution that the search stands on
AWAY = 4
DEPARTS = 5
ENDS = 6
EXACT = 7  # 1: soft windows, links or a post: only a walk through the tour tells its cost
TAIL = 8  # drop-offs carried to the tour's end
STAMP = 9  # touched in this iteration
DIRTY = 10  # 1: differs from the best solution
LOOKED = 11  # looked at for this leg
FIRST_DROP = 12  # row of the first drop-off, LENGTH + 1 where there is none
LAST_PICKUP = 13  # row of the last pickup, 0 where there is none
STEADY = 14  # its cost without lateness and time away
HEAD_COLUMNS = 16

# --- counters ------------------------------------------------------------------------------------
CURRENT = 0  # cost of the solution that the search stands on
BEST = 1
ABSENT = 2
ITERATIONS = 3
STAMPS = 4
LOOKS = 5
DIRTIES = 6
CRAMPED = 7  # 1: a tour needed more rows than there are
TOUCHED = 8
LISTED = 9  # legs taken out or tried in this iteration
FAILED = 10  # 1: this iteration cannot be kept
POOLED = 11  # routes put into the pool
IS_POOLING = 12  # 1: routes are put into it
COUNTERS = 13

# --- switches of a problem -----------------------------------------------------------------------
GATED = 0
HAS_METRES = 1
HAS_ARCS = 2
HAS_SLOTS = 3
HAS_LINKS = 4
