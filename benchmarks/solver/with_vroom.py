"""VROOM as a process of the benchmark; runs in the peers' venv.

It takes its own time. It knows priorities instead of prices, so it serves legs at any price:
afterwards, what costs more than it saves is taken out again, which it gets for nothing. A leash
inside longer hours is beyond it: the hours are cut to the leash, from their beginning.
Option: ``level`` of exploration, 0 to 5.

Run: python -m benchmarks.solver.with_vroom C:200:40:1 --option level=5
"""

from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.solver.answer import Answer, Order, Stopwatch, serve
from benchmarks.solver.instance import DROPOFF, PICKUP, Instance, Ints
from benchmarks.solver.score import is_allowed, tour_cost
from benchmarks.solver.works import instance, routes_for

PRIORITIES = (10, 30, 90)
"""Of ranks 0 to 2."""

vroom: Any = import_module("vroom")


def model_of(given: Instance) -> Any:  # noqa: ANN401 - untyped
    """Return VROOM's input of the same work."""
    model = vroom.Input()
    profiles = _add_matrices(model, given)
    needed = _skills(given)
    held: list[set[int]] = [set() for _ in range(given.courier_count)]
    for allowed, skill in needed.items():
        for who in np.flatnonzero(np.frombuffer(allowed, np.bool_)).tolist():
            held[who].add(skill)
    for who in range(given.courier_count):
        off_duty = min(int(given.off_duty[who]), int(given.on_duty[who] + given.leash[who]))
        limit = {}
        if given.most_parcels[who] < min(given.leg_count, 1000):
            limit["max_tasks"] = 2 * int(given.most_parcels[who])
        model.add_vehicle(
            vroom.Vehicle(
                who,
                start=int(given.start_place[who]),
                end=int(given.end_place[who]),
                profile=profiles[who],
                capacity=given.capacity[who].tolist(),
                skills=held[who],
                time_window=vroom.TimeWindow(int(given.on_duty[who]), off_duty),
                costs=vroom.VehicleCosts(fixed=int(given.fixed_cost[who])),
                **limit,
            )
        )
    for leg in range(given.leg_count):
        _add_leg(model, given, leg, needed)
    return model


def _add_matrices(model: Any, given: Instance) -> list[str]:  # noqa: ANN401 - untyped
    """Give each mode at each price a profile; return the profile of each courier."""
    is_door = np.zeros(given.travel.shape[1], np.int64)
    is_door[given.drop_place] = 1
    profiles: list[str] = []
    for who in range(given.courier_count):
        per_tick, per_parcel = int(given.cost_per_travel[who]), int(given.cost_per_parcel[who])
        profile = f"{given.mode[who]} {per_tick} {per_parcel}"
        if profile not in profiles:
            travel: Ints = given.travel[given.mode[who]].astype(np.int64)
            cost = given.priced_ways(who).astype(np.int64) * per_tick + is_door * per_parcel
            np.fill_diagonal(cost, 0)
            model.set_durations_matrix(profile, travel.astype(np.uint32))
            model.set_costs_matrix(profile, cost.astype(np.uint32))
        profiles.append(profile)
    return profiles


def _skills(given: Instance) -> dict[bytes, int]:
    """Return a skill for each set of couriers that a leg is limited to."""
    skills: dict[bytes, int] = {}
    for allowed in given.may:
        if not allowed.all():
            skills.setdefault(allowed.tobytes(), len(skills) + 1)
    return skills


def _add_leg(
    model: Any,  # noqa: ANN401 - untyped
    given: Instance,
    leg: int,
    needed: dict[bytes, int],
) -> None:
    drop = (int(given.drop_opens[leg]), int(given.drop_closes[leg]))
    service = int(given.drop_service[leg])
    allowed = given.may[leg].tobytes()
    more = {
        "priority": PRIORITIES[given.priority[leg]],
        "skills": {needed[allowed]} if allowed in needed else set(),
    }
    if given.pickup_place[leg] < 0:
        job = vroom.Job(
            leg,
            int(given.drop_place[leg]),
            default_service=service,
            delivery=vroom.Amount(given.load[leg].tolist()),
            time_windows=[vroom.TimeWindow(*drop)],
            **more,
        )
        model.add_job(job)
        return
    pickup = (int(given.pickup_opens[leg]), int(given.pickup_closes[leg]))
    model.add_shipment(
        vroom.ShipmentStep(
            leg,
            int(given.pickup_place[leg]),
            default_service=int(given.pickup_service[leg]),
            time_windows=[vroom.TimeWindow(*pickup)],
        ),
        vroom.ShipmentStep(
            leg,
            int(given.drop_place[leg]),
            default_service=service,
            time_windows=[vroom.TimeWindow(*drop)],
        ),
        amount=vroom.Amount(given.load[leg].tolist()),
        **more,
    )


def tours_of(routes: Any) -> list[tuple[int, list[tuple[int, int]]]]:  # noqa: ANN401 - untyped
    """Return VROOM's table of steps as tours of legs."""
    tours: dict[int, list[tuple[int, int]]] = {}
    for who, kind, leg in zip(routes["vehicle_id"], routes["type"], routes["id"], strict=True):
        if kind in {"pickup", "delivery", "job"}:
            action = PICKUP if kind == "pickup" else DROPOFF
            tours.setdefault(int(who), []).append((int(leg), action))
    return sorted(tours.items())


def pruned(
    given: Instance, tours: list[tuple[int, list[tuple[int, int]]]]
) -> list[tuple[int, list[tuple[int, int]]]]:
    """Leave out whole tours and single legs that cost more than leaving them out."""
    better = []
    for who, given_stops in tours:
        stops = given_stops
        while stops:
            price = {leg: int(given.unassigned_cost[leg]) for leg, _ in stops}
            cost = tour_cost(given, who, stops)
            if cost > sum(price.values()):
                stops = []
                break
            saved = {}
            for leg, worth in price.items():
                rest = [stop for stop in stops if stop[0] != leg]
                if is_allowed(given, who, rest):
                    saved[leg] = cost - tour_cost(given, who, rest) - worth
            worst = max(saved, key=saved.__getitem__, default=None)
            if worst is None or saved[worst] <= 0:
                break
            stops = [stop for stop in stops if stop[0] != worst]
        if stops:
            better.append((who, stops))
    return better


def solve(order: Order) -> Answer:
    """Answer one order; the time limit is not for VROOM."""
    given = instance(order.work)
    answer, watch = Answer(), Stopwatch()
    model = model_of(given)
    level = int(order.options.get("level", "5"))
    solution = model.solve(exploration_level=level, nb_threads=order.threads)
    answer.cpu_s, answer.wall_s = watch.cpu_s(), watch.wall_s()
    answer.claimed = float(solution.summary.cost)
    tours = tours_of(solution.routes)
    if not given.is_required:
        tours = pruned(given, tours)
    if (given.leash < given.off_duty - given.on_duty).any():
        answer.notes.append("hours were cut to the leash")
    answer.routes = routes_for(order.work, given, tours)
    return answer


if __name__ == "__main__":
    serve(solve, __doc__)
