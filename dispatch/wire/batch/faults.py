"""What a `Problem` refuses, by the fields of the request that said so.

A fault of a `Problem` names the field and, by their numbers, its first few bad rows: ``closes
before it opens (at 3, 8 and 2 more)``.
"""

import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from itertools import accumulate

from dispatch.core.errors import Fault
from dispatch.solver.arrays import ProblemError
from dispatch.v1 import batch_pb2 as pb

_WHERE = re.compile(r" \(at (?P<rows>[\d, ]+?)(?: and (?P<more>\d+) more)?\)$")

LEGS = {
    "pickup_place": "pickup_place",
    "on_board": "on_board_courier",
    "pickup_opens": "pickup_open_time",
    "pickup_closes": "pickup_close_time",
    "pickup_service": "pickup_duration",
    "must_courier": "required_courier",
    "barred": "barred_couriers",
    "after_leg": "after_leg",
    "after_gap": "after_duration",
    "load": "loads",
    "leg_size": "size_class",
    "leg_skills": "skills",
    "unassigned_cost": "unassigned_cost",
    "lateness_cost": "lateness_minute_cost",
    "seen_courier": "seen_courier",
    "move_cost": "move_cost",
}
OPTIONS = {
    "option_place": "place",
    "option_opens": "open_time",
    "option_due": "due_time",
    "option_closes": "close_time",
    "option_service": "service_duration",
    "option_cost": "cost",
    "option_hub": "hub",
    "option_effort": "effort_gram_floors",
}
COURIERS = {
    "start_place": "start_place",
    "end_place": "end_place",
    "access": "access_class",
    "courier_skills": "skills",
    "on_duty": "duty_start_time",
    "off_duty": "duty_end_time",
    "left": "left_time",
    "leash": "leash_duration",
    "allowance": "allowance_duration",
    "return_reserve_permille": "return_reserve_permille",
    "capacity": "capacities",
    "most_parcels": "most_parcels",
    "count": "count",
    "mode": "mode",
    "pickups_first": "pickups_first",
    "fixed_cost": "pay.fixed_cost",
    "cost_per_travel": "pay.travel_minute_cost",
    "cost_per_away": "pay.away_minute_cost",
    "cost_over_allowance": "pay.over_allowance_minute_cost",
    "cost_per_m": "pay.kilometer_cost",
    "cost_per_parcel": "pay.parcel_cost",
    "cost_per_effort": "pay.kilogram_floor_cost",
    "post": "post",
}
REST = {
    "travel": "matrices.travel_seconds",
    "distance_m": "matrices.distance_meters",
    "arc_cost": "matrices.arc_costs",
    "place_gate": "places.gate",
    "gate_entry": "gates.entry_seconds",
    "hub_slots_free": "hubs.free_slots",
    "option_leg": "legs.options",
}
"""Fields whose every value has been looked at before: nothing is left to say of a single one."""


def problem_faults(error: ProblemError, message: pb.SolveBatchRequest) -> list[Fault]:
    """Return the faults by the fields of the request."""
    found: list[Fault] = []
    for field, problem in error.faults:
        where = _WHERE.search(problem)
        if where is None:
            found.append(Fault(_whole(field), problem))
            continue
        text = problem[: where.start()]
        rows = [int(row) for row in where["rows"].split(",")]
        paths = [_path(field, row, message) for row in rows]
        more = f" (and {where['more']} more)" if where["more"] else ""
        found += [Fault(path, text) for path in paths[:-1]]
        found.append(Fault(paths[-1], f"{text}{more}"))
    return found


def _whole(field: str) -> str:
    """Name a field of the problem as a whole."""
    for collection, names in (("legs", LEGS), ("legs.options", OPTIONS), ("couriers", COURIERS)):
        if field in names:
            return f"{collection}.{names[field]}"
    return REST.get(field, {"frozen": "couriers.frozen_stops"}.get(field, "posts.steps"))


def _path(field: str, row: int, message: pb.SolveBatchRequest) -> str:
    """Name a row of a field of the problem."""
    if field in LEGS:
        return f"legs[{row}].{LEGS[field]}"
    if field in COURIERS:
        return f"couriers[{row}].{COURIERS[field]}"
    if field == "frozen":
        return _nested(
            "couriers", "frozen_stops", [len(c.frozen_stops) for c in message.couriers], row
        )
    if field == "post_steps":
        return _nested("posts", "steps", [len(post.steps) for post in message.posts], row)
    if field in OPTIONS:
        counts = [len(leg.options) for leg in message.legs]
        return f"{_nested('legs', 'options', counts, row)}.{OPTIONS[field]}"
    return _whole(field)


def _nested(outer: str, inner: str, counts: Sequence[int], row: int) -> str:
    """Name the thing that has a number among all that lie within others."""
    ends = list(accumulate(counts))
    at = bisect_right(ends, row)
    return f"{outer}[{at}].{inner}[{row - (ends[at - 1] if at else 0)}]"


def all_names() -> Iterator[str]:
    """Yield every field of a problem that has a field of a message here."""
    yield from (*LEGS, *OPTIONS, *COURIERS, *REST, "frozen", "post_steps")
