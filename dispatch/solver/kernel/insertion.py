"""Where one more leg costs least in one tour.

Every position is judged in constant time: exactly where windows are hard, else by a bound, after
which a walk through the tour tells the true cost. A position that could only be dearer than the
best so far is passed over early; what prunes most is the cost of the ways alone.
"""

import numpy as np

from dispatch.solver.arrays import UNREACHABLE, Int32Array
from dispatch.solver.kernel.columns import (
    ACCESS,
    ARC,
    AT,
    AWAY,
    BACK_D,
    BACK_E,
    BACK_L,
    COST,
    DUE,
    END,
    EXACT,
    FIRST_DROP,
    FORE_D,
    FORE_L,
    GATED,
    HAS_ARCS,
    HAS_METRES,
    HOURS,
    KIND,
    LAST_PICKUP,
    LATENESS,
    LATEST,
    LEASH,
    LEAVE,
    LEFT,
    LEG,
    LENGTH,
    LINKS,
    LOADED,
    LOCKED,
    MODE,
    NEVER,
    ON_DUTY,
    OPENS,
    PER_M,
    PER_TRAVEL,
    PICKUPS_FIRST,
    PLACE,
    RESERVE,
    SERVICE,
    STOP,
    TAIL,
    TIMED,
    WAY,
)
from dispatch.solver.kernel.compiled import borrowing
from dispatch.solver.kernel.tables import Random, Table
from dispatch.solver.kernel.timing import away_price, walk


@borrowing
def draw(random: Random) -> float:
    """Give a number from 0 to below 1 (xorshift, Marsaglia 2003, doi 10.18637/jss.v008.i14)."""
    x = random[0]
    x ^= x << np.uint64(13)
    x ^= x >> np.uint64(7)
    x ^= x << np.uint64(17)
    random[0] = x
    return (x >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@borrowing
def _gate_time(gates: Table, entry: Table, access: int, tail: int, head: int) -> int:
    gate = gates[head]
    if gate < 0 or gate == gates[tail]:
        return 0
    extra = entry[access, gate]
    return UNREACHABLE if extra < 0 else extra


@borrowing
def _joined(d: int, latest: int, tours: Table, k: int, row: int) -> int:
    """Give the duration of a piece of tour that goes on with the tour's rows from `row`."""
    return d + tours[k, row, BACK_D] + max(tours[k, row, BACK_E] - d - latest, 0)


@borrowing
def insert_one(
    travel: Int32Array,
    back: Int32Array,
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
    posts: Table,
    steps: Table,
    random: Random,
    k: int,
    dropoff: int,
    base: int,
    lowest: int,
    best: int,
    blink: float,
) -> tuple[int, int]:
    """Find the cheapest row of tour k behind which a drop-off without a pickup fits.

    Parameters
    ----------
    dropoff : int
        The stop.
    base : int
        What it costs wherever it stands, and the fixed cost of an empty tour.
    lowest : int
        First row allowed.
    best : int
        Only what is cheaper counts.
    blink : float
        Share of positions passed over.

    Returns
    -------
    (int, int)
        Extra cost and row; (`best`, -1) where nothing is cheaper.

    """
    n = heads[k, LENGTH]
    mode = vehicles[k, MODE]
    access = vehicles[k, ACCESS]
    place = stops[dropoff, PLACE]
    leg = stops[dropoff, LEG]
    found = -1
    first = max(lowest, vehicles[k, LOCKED])
    last = n - heads[k, TAIL]
    if place < 0:
        first = max(first, last)
        last = n
        place = vehicles[k, END]
    if vehicles[k, PICKUPS_FIRST]:
        first = max(first, heads[k, LAST_PICKUP])
    opens = stops[dropoff, OPENS]
    latest = stops[dropoff, LATEST]
    service = stops[dropoff, SERVICE]
    timed = vehicles[k, TIMED]
    exact = (
        heads[k, EXACT]
        or (stops[dropoff, LATENESS] > 0 and stops[dropoff, DUE] < latest)
        or stops[dropoff, LINKS] >= 0
    )
    weighs = legs[leg, KIND] == LOADED
    dimensions = load.shape[1]
    gated = switches[GATED]
    has_metres = switches[HAS_METRES]
    has_arcs = switches[HAS_ARCS]
    per_travel = vehicles[k, PER_TRAVEL]
    per_m = vehicles[k, PER_M]
    left = vehicles[k, LEFT]
    old_away = away_price(vehicles, k, heads[k, AWAY])
    for i in range(first, last + 1):
        if weighs:
            heavy = False
            for w in range(dimensions):
                if loads[k, i, dimensions + w] + load[leg, w] > capacity[k, w]:
                    heavy = True
            if heavy:
                break
        if tours[k, i, LEAVE] > latest:
            break
        tail = tours[k, i, AT]
        head = tours[k, i + 1, AT]
        extra = base - tours[k, i, ARC]
        way_in = 0
        if tail >= 0 and place >= 0:
            way_in = int(back[mode, place, tail])
            if has_arcs:
                extra += arcs[mode, tail, place]
            else:
                extra += per_travel * way_in
                if has_metres:
                    extra += per_m * metres[mode, tail, place]
            if gated:
                way_in += _gate_time(gates, entry, access, tail, place)
        arrival = tours[k, i, LEAVE] + way_in
        if arrival > latest or way_in >= UNREACHABLE:
            continue
        way_out = 0
        if head >= 0 and place >= 0:
            way_out = int(travel[mode, place, head])
            if has_arcs:
                extra += arcs[mode, place, head]
            else:
                extra += per_travel * way_out
                if has_metres:
                    extra += per_m * metres[mode, place, head]
            if gated:
                way_out += _gate_time(gates, entry, access, place, head)
        if extra >= best or way_out >= UNREACHABLE:
            continue
        leave = max(arrival, opens) + service
        if leave + way_out > tours[k, i + 1, BACK_L]:
            continue
        if timed:
            d = tours[k, i, FORE_D] + way_in
            until = tours[k, i, FORE_L]
            idle = max(opens - d - until, 0)
            until = min(latest - d, until)
            d = _joined(d + service + idle + way_out, until, tours, k, i + 1)
            away = d if left > 0 else d + vehicles[k, ON_DUTY] - left
            if away > vehicles[k, LEASH]:
                continue
            ends = max(leave + way_out, tours[k, i + 1, BACK_E]) + tours[k, i + 1, BACK_D]
            if 1000 * ends + vehicles[k, RESERVE] * away > vehicles[k, HOURS]:
                continue
            extra += away_price(vehicles, k, away) - old_away
            if extra >= best:
                continue
        if blink > 0.0 and draw(random) < blink:
            continue
        if exact:
            whole = walk(
                travel,
                metres,
                arcs,
                gates,
                entry,
                switches,
                stops,
                vehicles,
                tours,
                heads,
                where,
                posts,
                steps,
                k,
                i,
                -1,
                i,
                dropoff,
                base,
            )
            if whole >= NEVER:
                continue
            extra = whole - heads[k, COST]
            if extra >= best:
                continue
        best = extra
        found = i
    return best, found


@borrowing
def insert_pair(
    travel: Int32Array,
    back: Int32Array,
    metres: Int32Array,
    arcs: Table,
    gates: Table,
    entry: Table,
    switches: Table,
    stops: Table,
    load: Table,
    vehicles: Table,
    capacity: Table,
    tours: Table,
    loads: Table,
    heads: Table,
    where: Table,
    posts: Table,
    steps: Table,
    random: Random,
    detours: Table,
    k: int,
    pickup: int,
    dropoff: int,
    base: int,
    lowest: int,
    best: int,
    blink: float,
) -> tuple[int, int, int]:
    """Find the cheapest rows of tour k behind which a pickup and its drop-off fit.

    As `insert_one`; `detours` is scratch, one number a row.

    Returns
    -------
    (int, int, int)
        Extra cost, row of the pickup and row of the drop-off, both in the tour as it is.

    """
    n = heads[k, LENGTH]
    mode = vehicles[k, MODE]
    access = vehicles[k, ACCESS]
    source = stops[pickup, PLACE]
    place = stops[dropoff, PLACE]
    leg = stops[dropoff, LEG]
    carried = place < 0
    if carried:
        place = vehicles[k, END]
    found_i = -1
    found_j = -1
    first = max(lowest, vehicles[k, LOCKED])
    body = n - heads[k, TAIL]
    final_i = body
    first_j = first
    final_j = body
    if carried:
        first_j = max(first, body)
        final_j = n
    if vehicles[k, PICKUPS_FIRST]:
        final_i = min(final_i, heads[k, FIRST_DROP] - 1)
        first_j = max(first_j, heads[k, LAST_PICKUP])
    opens_p = stops[pickup, OPENS]
    latest_p = stops[pickup, LATEST]
    service_p = stops[pickup, SERVICE]
    opens_d = stops[dropoff, OPENS]
    latest_d = stops[dropoff, LATEST]
    service_d = stops[dropoff, SERVICE]
    timed = vehicles[k, TIMED]
    exact = (
        heads[k, EXACT]
        or (stops[dropoff, LATENESS] > 0 and stops[dropoff, DUE] < latest_d)
        or stops[dropoff, LINKS] >= 0
    )
    dimensions = load.shape[1]
    gated = switches[GATED]
    has_metres = switches[HAS_METRES]
    has_arcs = switches[HAS_ARCS]
    per_travel = vehicles[k, PER_TRAVEL]
    per_m = vehicles[k, PER_M]
    left = vehicles[k, LEFT]
    old_away = away_price(vehicles, k, heads[k, AWAY])

    # The last row from which the drop-off is in time, and from each row on the smallest detour to
    # it: most pairs of rows are passed over for it.
    while final_j >= first_j and tours[k, final_j, LEAVE] > latest_d:
        final_j -= 1
    if final_j < first_j:
        return best, found_i, found_j
    smallest = NEVER
    detours[final_j + 1] = NEVER
    for j in range(final_j, first_j - 1, -1):
        tail = tours[k, j, AT]
        head = tours[k, j + 1, AT]
        detour = -tours[k, j, ARC]
        if tail >= 0 and place >= 0:
            if has_arcs:
                detour += arcs[mode, tail, place]
            else:
                detour += per_travel * int(back[mode, place, tail])
                if has_metres:
                    detour += per_m * metres[mode, tail, place]
        if head >= 0 and place >= 0:
            if has_arcs:
                detour += arcs[mode, place, head]
            else:
                detour += per_travel * int(travel[mode, place, head])
                if has_metres:
                    detour += per_m * metres[mode, place, head]
        smallest = min(smallest, detour)
        detours[j] = smallest
    # Where ways are shortest ways, a pickup only makes the tour longer.
    if base + smallest >= best:
        return best, found_i, found_j
    for j in range(first_j - 1, first - 1, -1):
        detours[j] = smallest

    between = 0
    between_cost = 0
    if place >= 0:
        between = int(travel[mode, source, place])
        if has_arcs:
            between_cost = arcs[mode, source, place]
        else:
            between_cost = per_travel * between
            if has_metres:
                between_cost += per_m * metres[mode, source, place]
        if gated:
            between += _gate_time(gates, entry, access, source, place)
    for i in range(first, min(final_i, final_j) + 1):
        if tours[k, i, LEAVE] > latest_p:
            break
        heavy = False
        for w in range(dimensions):
            if loads[k, i, w] + load[leg, w] > capacity[k, w]:
                heavy = True
        if heavy:
            continue
        tail = tours[k, i, AT]
        head = tours[k, i + 1, AT]
        way_in = 0
        cost_in = -tours[k, i, ARC]
        if tail >= 0:
            way_in = int(back[mode, source, tail])
            if has_arcs:
                cost_in += arcs[mode, tail, source]
            else:
                cost_in += per_travel * way_in
                if has_metres:
                    cost_in += per_m * metres[mode, tail, source]
            if gated:
                way_in += _gate_time(gates, entry, access, tail, source)
        arrival = tours[k, i, LEAVE] + way_in
        if arrival > latest_p or way_in >= UNREACHABLE:
            continue
        onward = 0
        cost_out = 0
        if head >= 0:
            onward = int(travel[mode, source, head])
            if has_arcs:
                cost_out = arcs[mode, source, head]
            else:
                cost_out = per_travel * onward
                if has_metres:
                    cost_out += per_m * metres[mode, source, head]
            if gated:
                onward += _gate_time(gates, entry, access, source, head)
        apart = cost_in + cost_out + base
        is_far_worth_it = i < final_j and apart + detours[i + 1] < best and onward < UNREACHABLE
        is_together = i >= first_j
        together = cost_in + between_cost + base
        way_out = 0
        if is_together:
            if head >= 0 and place >= 0:
                way_out = int(travel[mode, place, head])
                if has_arcs:
                    together += arcs[mode, place, head]
                else:
                    together += per_travel * way_out
                    if has_metres:
                        together += per_m * metres[mode, place, head]
                if gated:
                    way_out += _gate_time(gates, entry, access, place, head)
            is_together = together < best and between < UNREACHABLE and way_out < UNREACHABLE
        if not is_together and not is_far_worth_it:
            continue
        if blink > 0.0 and draw(random) < blink:
            continue
        clock = max(arrival, opens_p) + service_p
        d = tours[k, i, FORE_D] + way_in
        until = tours[k, i, FORE_L]
        idle = max(opens_p - d - until, 0)
        until = min(latest_p - d, until)
        d += service_p + idle

        if is_together and clock + between <= latest_d:
            leave = max(clock + between, opens_d) + service_d
            extra = together
            fits = leave + way_out <= tours[k, i + 1, BACK_L]
            if fits and timed:
                reach = d + between
                idle = max(opens_d - reach - until, 0)
                until_there = min(latest_d - reach, until)
                whole_d = _joined(reach + service_d + idle + way_out, until_there, tours, k, i + 1)
                away = whole_d if left > 0 else whole_d + vehicles[k, ON_DUTY] - left
                ends = max(leave + way_out, tours[k, i + 1, BACK_E]) + tours[k, i + 1, BACK_D]
                fits = (
                    away <= vehicles[k, LEASH]
                    and 1000 * ends + vehicles[k, RESERVE] * away <= vehicles[k, HOURS]
                )
                extra += away_price(vehicles, k, away) - old_away
            if fits and exact and extra < best:
                whole = walk(
                    travel,
                    metres,
                    arcs,
                    gates,
                    entry,
                    switches,
                    stops,
                    vehicles,
                    tours,
                    heads,
                    where,
                    posts,
                    steps,
                    k,
                    i,
                    pickup,
                    i,
                    dropoff,
                    base,
                )
                fits = whole < NEVER
                extra = whole - heads[k, COST]
            if fits and extra < best:
                best = extra
                found_i = i
                found_j = i
        if not is_far_worth_it or apart + detours[i + 1] >= best:
            continue

        for j in range(i + 1, final_j + 1):
            # Row j joins the piece with the load on board; then the drop-off comes behind it.
            heavy = False
            for w in range(dimensions):
                if loads[k, j, w] + load[leg, w] > capacity[k, w]:
                    heavy = True
            if heavy:
                break
            row_stop = tours[k, j, STOP]
            way = onward if j == i + 1 else tours[k, j - 1, WAY]
            arrival = clock + way
            latest = stops[row_stop, LATEST]
            if arrival > latest:
                break
            opens = stops[row_stop, OPENS]
            service = stops[row_stop, SERVICE]
            clock = max(arrival, opens) + service
            if timed:
                d += way
                idle = max(opens - d - until, 0)
                until = min(latest - d, until)
                d += service + idle
            if clock > latest_d:
                break
            if j >= first_j:
                tail = tours[k, j, AT]
                head = tours[k, j + 1, AT]
                extra = apart - tours[k, j, ARC]
                way_to = 0
                if tail >= 0 and place >= 0:
                    way_to = int(back[mode, place, tail])
                    if has_arcs:
                        extra += arcs[mode, tail, place]
                    else:
                        extra += per_travel * way_to
                        if has_metres:
                            extra += per_m * metres[mode, tail, place]
                    if gated:
                        way_to += _gate_time(gates, entry, access, tail, place)
                way_out = 0
                if head >= 0 and place >= 0:
                    way_out = int(travel[mode, place, head])
                    if has_arcs:
                        extra += arcs[mode, place, head]
                    else:
                        extra += per_travel * way_out
                        if has_metres:
                            extra += per_m * metres[mode, place, head]
                    if gated:
                        way_out += _gate_time(gates, entry, access, place, head)
                if (
                    extra < best
                    and clock + way_to <= latest_d
                    and way_to < UNREACHABLE
                    and way_out < UNREACHABLE
                ):
                    leave = max(clock + way_to, opens_d) + service_d
                    fits = leave + way_out <= tours[k, j + 1, BACK_L]
                    if fits and timed:
                        reach = d + way_to
                        idle = max(opens_d - reach - until, 0)
                        until_there = min(latest_d - reach, until)
                        whole_d = _joined(
                            reach + service_d + idle + way_out, until_there, tours, k, j + 1
                        )
                        away = whole_d if left > 0 else whole_d + vehicles[k, ON_DUTY] - left
                        ends = (
                            max(leave + way_out, tours[k, j + 1, BACK_E]) + tours[k, j + 1, BACK_D]
                        )
                        fits = (
                            away <= vehicles[k, LEASH]
                            and 1000 * ends + vehicles[k, RESERVE] * away <= vehicles[k, HOURS]
                        )
                        extra += away_price(vehicles, k, away) - old_away
                    if fits and extra < best:
                        if exact:
                            whole = walk(
                                travel,
                                metres,
                                arcs,
                                gates,
                                entry,
                                switches,
                                stops,
                                vehicles,
                                tours,
                                heads,
                                where,
                                posts,
                                steps,
                                k,
                                i,
                                pickup,
                                j,
                                dropoff,
                                base,
                            )
                            fits = whole < NEVER
                            extra = whole - heads[k, COST]
                        if fits and extra < best and (blink <= 0.0 or draw(random) >= blink):
                            best = extra
                            found_i = i
                            found_j = j
            if apart + detours[j + 1] >= best:
                break
    return best, found_i, found_j
