"""What an answer costs and what it breaks, computed from the instance alone.

No solver shares code with it: not ours (it imports nothing of `dispatch`), not the peers. It is
written to be read, not to be quick. Answers to published files are scored in
`benchmarks.solver.published`.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from benchmarks.solver.instance import DROPOFF, PICKUP, Instance, Routes, Stop


@dataclass(frozen=True, slots=True)
class Score:
    """What came of an answer.

    Parameters
    ----------
    cost : float
        In the unit of the work; what is left out included, where it has a price.
    unassigned, vehicles : int
        Legs left out; tours with at least one stop.
    faults : tuple of str
        What it breaks; empty for a valid answer.
    """

    cost: float
    unassigned: int
    vehicles: int
    faults: tuple[str, ...] = ()


def score(instance: Instance, routes: Routes) -> Score:
    """Score tours of a generated work."""
    faults: list[str] = []
    served: list[int] = []
    cost, vehicles = 0, 0
    seen_couriers: set[int] = set()
    for courier, stops in routes:
        if courier in seen_couriers:
            faults.append(f"courier {courier} has two tours")
        seen_couriers.add(courier)
        if not stops:
            continue
        vehicles += 1
        faults.extend(f"courier {courier}: {fault}" for fault in _broken(instance, courier, stops))
        cost += tour_cost(instance, courier, stops)
        served.extend(leg for leg, action in stops if action == DROPOFF)
    left_out = set(range(instance.leg_count)).difference(served)
    if len(served) != len(set(served)):
        faults.append("a leg is served twice")
    faults.extend(
        f"leg {leg} is on board and left out" for leg in left_out if instance.on_board[leg] >= 0
    )
    cost += sum(int(instance.unassigned_cost[leg]) for leg in left_out)
    return Score(cost, len(left_out), vehicles, tuple(faults))


def tour_cost(instance: Instance, courier: int, stops: Sequence[Stop]) -> int:
    """Return what a tour costs: its start, its ticks of travel, its parcels."""
    if not stops:
        return 0
    ways = instance.priced_ways(courier)
    places = [_place(instance, stop) for stop in stops]
    legs_of_way = zip(
        [instance.start_place[courier], *places],
        [*places, instance.end_place[courier]],
        strict=True,
    )
    ticks = sum(int(ways[tail, head]) for tail, head in legs_of_way)
    parcels = sum(action == DROPOFF for _, action in stops)
    return (
        int(instance.fixed_cost[courier])
        + int(instance.cost_per_travel[courier]) * ticks
        + int(instance.cost_per_parcel[courier]) * parcels
    )


def is_allowed(instance: Instance, courier: int, stops: Sequence[Stop]) -> bool:
    """Return whether a courier can drive a tour."""
    return next(_broken(instance, courier, stops), None) is None


def _place(instance: Instance, stop: Stop) -> int:
    leg, action = stop
    return int((instance.drop_place if action == DROPOFF else instance.pickup_place)[leg])


def _broken(instance: Instance, courier: int, stops: Sequence[Stop]) -> Iterator[str]:
    yield from _broken_order(instance, courier, stops)
    yield from _broken_loads(instance, courier, stops)
    yield from _broken_times(instance, courier, stops)


def _broken_order(instance: Instance, courier: int, stops: Sequence[Stop]) -> Iterator[str]:
    """Who may carry what; pickups before drop-offs, and both in one tour."""
    carried = {leg for leg, action in stops if action == DROPOFF and _has_no_pickup(instance, leg)}
    parcels = 0
    for leg, action in stops:
        if not instance.may[leg, courier]:
            yield f"leg {leg} is not for this courier"
        if instance.on_board[leg] not in {-1, courier}:
            yield f"leg {leg} is with another courier"
        if action == PICKUP:
            if _has_no_pickup(instance, leg) or leg in carried:
                yield f"leg {leg} cannot be picked up"
            carried.add(leg)
        else:
            parcels += 1
            if leg not in carried:
                yield f"leg {leg} is dropped before its pickup"
            carried.discard(leg)
    if carried:
        yield f"legs {sorted(carried)} are not dropped"
    if parcels > instance.most_parcels[courier]:
        yield f"{parcels} parcels"


def _has_no_pickup(instance: Instance, leg: int) -> bool:
    return bool(instance.pickup_place[leg] < 0)


def _broken_loads(instance: Instance, courier: int, stops: Sequence[Stop]) -> Iterator[str]:
    for dimension, capacity in enumerate(instance.capacity[courier].tolist()):
        loads = instance.load[:, dimension]
        load = sum(
            int(loads[leg])
            for leg, action in stops
            if action == DROPOFF and _has_no_pickup(instance, leg)
        )
        most = load
        for leg, action in stops:
            load += int(loads[leg]) if action == PICKUP else -int(loads[leg])
            most = max(most, load)
        if most > capacity:
            yield f"load {most} over {capacity}"


def _broken_times(instance: Instance, courier: int, stops: Sequence[Stop]) -> Iterator[str]:
    """Windows by starting early; the shortest span by starting as late as the same end allows."""
    ways = instance.travel[instance.mode[courier]]
    place, now = int(instance.start_place[courier]), int(instance.on_duty[courier])
    slack = None
    waited = 0
    for stop in stops:
        leg, action = stop
        if action == DROPOFF:
            opens, closes = instance.drop_opens[leg], instance.drop_closes[leg]
            service = instance.drop_service[leg]
        else:
            opens, closes = instance.pickup_opens[leg], instance.pickup_closes[leg]
            service = instance.pickup_service[leg]
        now += int(ways[place, _place(instance, stop)])
        waited += max(int(opens) - now, 0)
        now = max(now, int(opens))
        if now > closes:
            yield f"leg {leg} is served at {now}, after {closes}"
        # A departure that is later by no more than this still meets all windows so far:
        # later by what is waited, and by what is left until the window closes.
        room = waited + int(closes) - now
        slack = room if slack is None else min(slack, room)
        now += int(service)
        place = _place(instance, stop)
    now += int(ways[place, instance.end_place[courier]])
    if now > instance.off_duty[courier]:
        yield f"ends at {now}, after {instance.off_duty[courier]}"
    # Only what is waited can be saved: a later departure moves the end by the rest.
    saved = min(waited, max(slack or 0, 0))
    span = now - int(instance.on_duty[courier]) - saved
    if span > instance.leash[courier]:
        yield f"away for {span}, longer than {instance.leash[courier]}"
