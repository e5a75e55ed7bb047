"""Times and prices of one tour, by the timing rules of `dispatch.solver.problem`.

`refresh` fills in a tour's table after a change, `walk` prices a tour with one more leg without
changing it. Both follow the earliest times; the departure is then delayed by the smallest slack of
all stops. The durations of two pieces of tour, and the windows of their starts, are joined in
constant time (Vidal et al. 2013, doi 10.1016/j.cor.2012.07.018): exact where windows are hard, else
a lower bound.
"""

from dispatch.solver.arrays import UNREACHABLE, Int32Array
from dispatch.solver.kernel.columns import (
    ACCESS,
    ALLOWANCE,
    ARC,
    AT,
    AWAY,
    BACK_D,
    BACK_E,
    BACK_L,
    BEGIN,
    BOUND,
    CLASS,
    COST,
    DEPARTS,
    DROP,
    DUE,
    EFFORT,
    END,
    END_BY,
    ENDS,
    EXACT,
    FIRST_DROP,
    FIXED,
    FORE_D,
    FORE_L,
    GATED,
    HAS_ARCS,
    HAS_METRES,
    HOURS,
    KIND,
    LAST_PICKUP,
    LATE,
    LATENESS,
    LATEST,
    LEASH,
    LEAVE,
    LEFT,
    LEG,
    LENGTH,
    LINKS,
    LOADED,
    MODE,
    MOST,
    MOVE,
    NEVER,
    ON_DUTY,
    OPENS,
    OVER,
    PARCELS,
    PATH,
    PER_AWAY,
    PER_EFFORT,
    PER_M,
    PER_PARCEL,
    PER_TRAVEL,
    PICKUPS_FIRST,
    PLACE,
    POST,
    PRICE,
    RESERVE,
    SEEN,
    SERVICE,
    SLACK,
    START,
    STEADY,
    STOP,
    TAIL,
    WAY,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.posts import post_allows
from dispatch.solver.kernel.tables import Table


@borrowing
def way_of(
    travel: Int32Array,
    gates: Table,
    entry: Table,
    gated: int,
    mode: int,
    access: int,
    tail: int,
    head: int,
) -> int:
    """Give the time from one place to another, gate included; 0 from or to nowhere."""
    if tail < 0 or head < 0:
        return 0
    way = int(travel[mode, tail, head])
    if gated:
        gate = gates[head]
        if gate >= 0 and gate != gates[tail]:
            extra = entry[access, gate]
            if extra < 0:
                return UNREACHABLE
            way = min(way + extra, UNREACHABLE)
    return way


@borrowing
def arc_of(
    travel: Int32Array,
    metres: Int32Array,
    arcs: Table,
    switches: Table,
    vehicles: Table,
    k: int,
    tail: int,
    head: int,
) -> int:
    """Give what the way from one place to another costs vehicle k."""
    if tail < 0 or head < 0:
        return 0
    mode = vehicles[k, MODE]
    if switches[HAS_ARCS]:
        return arcs[mode, tail, head]
    cost = vehicles[k, PER_TRAVEL] * int(travel[mode, tail, head])
    if switches[HAS_METRES]:
        cost += vehicles[k, PER_M] * int(metres[mode, tail, head])
    return cost


@borrowing
def stop_price(stops: Table, legs: Table, vehicles: Table, k: int, stop: int) -> int:
    """Give what a drop-off costs vehicle k wherever it stands in the tour."""
    leg = stops[stop, LEG]
    price = stops[stop, PRICE] + vehicles[k, PER_PARCEL]
    price += vehicles[k, PER_EFFORT] * stops[stop, EFFORT]
    if legs[leg, SEEN] >= 0 and legs[leg, SEEN] != vehicles[k, CLASS]:
        price += legs[leg, MOVE]
    return price


@borrowing
def refresh(
    travel: Int32Array,
    metres: Int32Array,
    arcs: Table,
    gates: Table,
    entry: Table,
    switches: Table,
    stops: Table,
    legs: Table,
    load: Table,
    vehicles: Table,
    capacity: Table,
    tours: Table,
    loads: Table,
    heads: Table,
    where: Table,
    rows: Table,
    k: int,
) -> bool:
    """Fill in the table of tour k from its stops; say whether it keeps to its own limits.

    Posts are not looked at.
    """
    n = heads[k, LENGTH]
    mode = vehicles[k, MODE]
    access = vehicles[k, ACCESS]
    end = vehicles[k, END]
    left = vehicles[k, LEFT]
    on_duty = vehicles[k, ON_DUTY]
    dimensions = load.shape[1]
    feasible = True

    tours[k, 0, AT] = vehicles[k, START]
    tours[k, n + 1, AT] = end
    for w in range(dimensions):
        loads[k, 0, w] = 0
    parcels = 0
    first_drop = n + 1
    last_pickup = 0
    tail = 0
    exact = 1 if vehicles[k, POST] >= 0 else 0
    steady = 0
    for i in range(1, n + 1):
        stop = tours[k, i, STOP]
        rows[stop] = i
        place = stops[stop, PLACE]
        if place < 0:
            place = end
            tail += 1
        elif tail > 0:
            feasible = False
        tours[k, i, AT] = place
        if stops[stop, DROP]:
            parcels += 1
            first_drop = min(first_drop, i)
            steady += stop_price(stops, legs, vehicles, k, stop)
            leg = stops[stop, LEG]
            if legs[leg, KIND] == LOADED:
                for w in range(dimensions):
                    loads[k, 0, w] += load[leg, w]
            if (stops[stop, LATENESS] > 0 and stops[stop, DUE] < stops[stop, LATEST]) or stops[
                stop, LINKS
            ] >= 0:
                exact = 1
        else:
            last_pickup = i
    heads[k, PARCELS] = parcels
    heads[k, FIRST_DROP] = first_drop
    heads[k, LAST_PICKUP] = last_pickup
    heads[k, TAIL] = tail
    heads[k, EXACT] = exact
    if parcels > vehicles[k, MOST]:
        feasible = False
    if vehicles[k, PICKUPS_FIRST] and last_pickup > first_drop:
        feasible = False

    for w in range(dimensions):
        loads[k, 0, dimensions + w] = loads[k, 0, w]
    latest_start = vehicles[k, END_BY] if left > 0 else on_duty
    tours[k, 0, BEGIN] = on_duty
    tours[k, 0, LEAVE] = on_duty
    tours[k, 0, LATE] = 0
    tours[k, 0, PATH] = 0
    tours[k, 0, SLACK] = NEVER
    tours[k, 0, FORE_D] = 0
    tours[k, 0, FORE_L] = latest_start
    clock = on_duty
    path = 0
    late = 0
    slack = NEVER
    d, latest = 0, latest_start
    here = vehicles[k, START]
    for i in range(1, n + 1):
        stop = tours[k, i, STOP]
        place = tours[k, i, AT]
        way = way_of(travel, gates, entry, switches[GATED], mode, access, here, place)
        arc = arc_of(travel, metres, arcs, switches, vehicles, k, here, place)
        if way >= UNREACHABLE:
            feasible = False
        tours[k, i - 1, WAY] = way
        tours[k, i - 1, ARC] = arc
        steady += arc
        opens = stops[stop, OPENS]
        service = stops[stop, SERVICE]
        begin = max(clock + way, opens)
        if begin > stops[stop, LATEST]:
            feasible = False
        wait = begin - on_duty - path - way
        held = stops[stop, LINKS] >= 0 and where[stops[stop, LINKS]] >= 0
        room = 0 if held else max(0, stops[stop, BOUND] - begin)
        slack = min(slack, wait + room)
        if stops[stop, DROP] and begin > stops[stop, DUE]:
            late += stops[stop, LATENESS] * (begin - stops[stop, DUE])
        clock = begin + service
        path += way + service
        tours[k, i, BEGIN] = begin
        tours[k, i, LEAVE] = clock
        tours[k, i, LATE] = late
        tours[k, i, PATH] = path
        tours[k, i, SLACK] = slack
        reach = d + way
        idle = max(opens - reach - latest, 0)
        latest = min(stops[stop, LATEST] - reach, latest)
        d = reach + service + idle
        tours[k, i, FORE_D] = d
        tours[k, i, FORE_L] = latest
        leg = stops[stop, LEG]
        sign = -1 if stops[stop, DROP] else 1
        for w in range(dimensions):
            loads[k, i, w] = loads[k, i - 1, w] + sign * load[leg, w]
            loads[k, i, dimensions + w] = max(loads[k, i - 1, dimensions + w], loads[k, i, w])
        if place >= 0:
            here = place
    for w in range(dimensions):
        if loads[k, n, dimensions + w] > capacity[k, w]:
            feasible = False
    way = way_of(travel, gates, entry, switches[GATED], mode, access, here, end)
    tours[k, n, WAY] = way
    if n == 0 and left > 0:
        tours[k, 0, ARC] = 0
        heads[k, STEADY] = 0
        heads[k, COST] = 0
        heads[k, AWAY] = 0
        heads[k, DEPARTS] = 0
        heads[k, ENDS] = 0
    else:
        if way >= UNREACHABLE:
            feasible = False
        arc = arc_of(travel, metres, arcs, switches, vehicles, k, here, end)
        tours[k, n, ARC] = arc
        steady += arc
        if left > 0:
            steady += vehicles[k, FIXED]
        ends = clock + way
        if left > 0:
            departs = on_duty + min(slack, ends - on_duty - path - way)
            away = ends - departs
        else:
            departs = on_duty
            away = ends - left
        if away > vehicles[k, LEASH]:
            feasible = False
        if 1000 * ends + vehicles[k, RESERVE] * away > vehicles[k, HOURS]:
            feasible = False
        heads[k, STEADY] = steady
        heads[k, AWAY] = away
        heads[k, DEPARTS] = departs
        heads[k, ENDS] = ends
        heads[k, COST] = steady + late + away_price(vehicles, k, away)

    d = 0
    e = -NEVER
    latest = vehicles[k, END_BY]
    tours[k, n + 1, BACK_D] = d
    tours[k, n + 1, BACK_E] = e
    tours[k, n + 1, BACK_L] = latest
    for i in range(n, 0, -1):
        stop = tours[k, i, STOP]
        reach = stops[stop, SERVICE] + tours[k, i, WAY]
        idle = max(e - reach - stops[stop, LATEST], 0)
        e = max(e - reach, stops[stop, OPENS]) - idle
        latest = min(latest - reach, stops[stop, LATEST])
        d += reach + idle
        tours[k, i, BACK_D] = d
        tours[k, i, BACK_E] = e
        tours[k, i, BACK_L] = latest
    return feasible


@borrowing
def away_price(vehicles: Table, k: int, away: int) -> int:
    """Give what time away costs, the part above the allowance included."""
    over = max(0, away - vehicles[k, ALLOWANCE])
    return vehicles[k, PER_AWAY] * away + vehicles[k, OVER] * over


@borrowing
def walk(
    travel: Int32Array,
    metres: Int32Array,
    arcs: Table,
    gates: Table,
    entry: Table,
    switches: Table,
    stops: Table,
    vehicles: Table,
    tours: Table,
    heads: Table,
    where: Table,
    posts: Table,
    steps: Table,
    k: int,
    i: int,
    pickup: int,
    j: int,
    dropoff: int,
    extra: int,
) -> int:
    """Give the cost of tour k with a leg put in, exactly; `NEVER` where it breaks a limit.

    The pickup (-1: none) goes behind row i, the drop-off behind row j >= i of the tour as it is.
    `extra` is what the leg costs wherever it stands, and the fixed cost of an empty tour. Loads are
    not looked at: whoever asks has done so.
    """
    n = heads[k, LENGTH]
    mode = vehicles[k, MODE]
    access = vehicles[k, ACCESS]
    end = vehicles[k, END]
    on_duty = vehicles[k, ON_DUTY]
    row = i if pickup >= 0 else j
    clock = tours[k, row, LEAVE]
    late = tours[k, row, LATE]
    path = tours[k, row, PATH]
    slack = tours[k, row, SLACK]
    here = tours[k, row, AT]
    steady = heads[k, STEADY] + extra
    waits_pickup = pickup >= 0
    waits_dropoff = True
    fresh = False
    while True:
        if waits_pickup and row == i:
            stop = pickup
            waits_pickup = False
            steady -= tours[k, row, ARC]
            place = stops[stop, PLACE]
            inserted = True
        elif waits_dropoff and not waits_pickup and row == j:
            stop = dropoff
            waits_dropoff = False
            if not fresh:
                steady -= tours[k, row, ARC]
            place = stops[stop, PLACE]
            if place < 0:
                place = end
            inserted = True
        else:
            row += 1
            if row > n:
                break
            stop = tours[k, row, STOP]
            place = tours[k, row, AT]
            inserted = False
        if inserted or fresh:
            way = way_of(travel, gates, entry, switches[GATED], mode, access, here, place)
            if way >= UNREACHABLE:
                return NEVER
            steady += arc_of(travel, metres, arcs, switches, vehicles, k, here, place)
        else:
            way = tours[k, row - 1, WAY]
        begin = max(clock + way, stops[stop, OPENS])
        if begin > stops[stop, LATEST]:
            return NEVER
        wait = begin - on_duty - path - way
        if stops[stop, LINKS] >= 0 and where[stops[stop, LINKS]] >= 0:
            slack = min(slack, wait)
            # Somebody waits for this drop-off: it stays when it is.
            if not inserted and begin != tours[k, row, BEGIN]:
                return NEVER
        else:
            slack = min(slack, wait + max(0, stops[stop, BOUND] - begin))
        if stops[stop, DROP] and begin > stops[stop, DUE]:
            late += stops[stop, LATENESS] * (begin - stops[stop, DUE])
        clock = begin + stops[stop, SERVICE]
        path += way + stops[stop, SERVICE]
        here = place
        fresh = inserted
    if fresh:
        way = way_of(travel, gates, entry, switches[GATED], mode, access, here, end)
        if way >= UNREACHABLE:
            return NEVER
        steady += arc_of(travel, metres, arcs, switches, vehicles, k, here, end)
    else:
        way = tours[k, n, WAY]
    ends = clock + way
    if vehicles[k, LEFT] > 0:
        departs = on_duty + min(slack, ends - on_duty - path - way)
        away = ends - departs
    else:
        departs = -NEVER
        away = ends - vehicles[k, LEFT]
    if away > vehicles[k, LEASH]:
        return NEVER
    if 1000 * ends + vehicles[k, RESERVE] * away > vehicles[k, HOURS]:
        return NEVER
    if vehicles[k, POST] >= 0 and not post_allows(posts, steps, vehicles, heads, k, departs, ends):
        return NEVER
    return steady + late + away_price(vehicles, k, away)
