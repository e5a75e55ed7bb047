"""Legs that an answer leaves out though one insertion would serve them at a profit.

Tries each leg left out in every tour and with every courier who has none, at every pair of
positions, cheapest first, by the evaluator's own rules.
"""

from collections.abc import Iterator, Sequence

import numpy as np

from benchmarks.solver.instance import DROPOFF, PICKUP, Instance, Ints, Routes, Stop
from benchmarks.solver.score import is_allowed, tour_cost

ROUNDING = 5
"""Ticks by which a detour over one more stop may be shorter, because ways are rounded."""


def profitable_legs(instance: Instance, routes: Routes) -> list[int]:
    """Return the legs left out that some courier could serve for less than leaving them out."""
    tours: list[Sequence[Stop]] = [()] * instance.courier_count
    for courier, stops in routes:
        tours[courier] = [(leg, action) for leg, action in stops]
    served = {leg for stops in tours for leg, action in stops if action == DROPOFF}
    left_out = sorted(set(range(instance.leg_count)) - served)
    return [leg for leg in left_out if any(_insertions(instance, tours, leg))]


def _insertions(instance: Instance, tours: Sequence[Sequence[Stop]], leg: int) -> Iterator[bool]:
    price = int(instance.unassigned_cost[leg])
    for courier in np.flatnonzero(instance.may[leg]).tolist():
        stops = tours[courier]
        before = tour_cost(instance, courier, stops)
        pairs = _cheap_enough(instance, courier, stops, leg, price)
        for first, second in pairs:
            longer = [*stops[:first], (leg, PICKUP), *stops[first:second], (leg, DROPOFF)]
            longer += stops[second:]
            if tour_cost(instance, courier, longer) - before < price and is_allowed(
                instance, courier, longer
            ):
                yield True


def _cheap_enough(
    instance: Instance, courier: int, stops: Sequence[Stop], leg: int, price: int
) -> list[tuple[int, int]]:
    """Return positions of pickup and drop-off that are early and cheap enough by themselves."""
    ways: Ints = instance.travel[instance.mode[courier]]
    places = np.array(
        [
            instance.start_place[courier],
            *(
                (instance.drop_place if action == DROPOFF else instance.pickup_place)[stop]
                for stop, action in stops
            ),
            instance.end_place[courier],
        ]
    )
    tails, heads = places[:-1], places[1:]
    direct = ways[tails, heads].astype(np.int64)
    pickup, drop = instance.pickup_place[leg], instance.drop_place[leg]
    by_pickup = ways[tails, pickup] + ways[pickup, heads].astype(np.int64) - direct
    by_drop = ways[tails, drop] + ways[drop, heads].astype(np.int64) - direct
    both = by_pickup[:, None] + by_drop[None]
    together = ways[tails, pickup] + int(ways[pickup, drop]) + ways[drop, heads] - direct
    np.fill_diagonal(both, together)
    per_tick = int(instance.cost_per_travel[courier])
    fixed = int(instance.cost_per_parcel[courier])
    fixed += 0 if stops else int(instance.fixed_cost[courier])
    possible = np.triu(both * per_tick + fixed < price)
    free_at = _free_at(instance, courier, stops)
    at_pickup = np.maximum(free_at + ways[tails, pickup], instance.pickup_opens[leg])
    possible &= (at_pickup <= instance.pickup_closes[leg])[:, None]
    possible &= (free_at + ways[tails, drop] <= instance.drop_closes[leg] + ROUNDING)[None]
    cheap = np.argwhere(possible)
    order = np.argsort(both[cheap[:, 0], cheap[:, 1]], kind="stable")
    return [(int(first), int(second)) for first, second in cheap[order]]


def _free_at(instance: Instance, courier: int, stops: Sequence[Stop]) -> Ints:
    """Return when the courier can leave the start and each stop of a tour as it is."""
    ways = instance.travel[instance.mode[courier]]
    place, now = int(instance.start_place[courier]), int(instance.on_duty[courier])
    times = [now]
    for leg, action in stops:
        is_drop = action == DROPOFF
        head = int((instance.drop_place if is_drop else instance.pickup_place)[leg])
        opens = (instance.drop_opens if is_drop else instance.pickup_opens)[leg]
        service = (instance.drop_service if is_drop else instance.pickup_service)[leg]
        now = max(now + int(ways[place, head]), int(opens)) + int(service)
        times.append(now)
        place = head
    return np.array(times, np.int64)
