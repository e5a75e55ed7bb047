"""PyVRP as a process of the benchmark; runs in the peers' venv.

It gets one profile for each mode and set of permits: who may not have a leg finds its door too far
away. It has no trip limits, which are left out, and no work fixed to a courier: such works are
refused.

Run: python -m benchmarks.solver.with_pyvrp C:200:40:1 --seconds 2
"""

from importlib import import_module
from typing import Any

import numpy as np

from benchmarks.solver.answer import Answer, Order, Stopwatch, serve
from benchmarks.solver.instance import DROPOFF, NEVER, PICKUP, Instance, Ints
from benchmarks.solver.works import instance, routes_for

TOO_FAR, TOO_DEAR = 10**6, 10**7
"""Ticks and cost to doors that are barred."""

pyvrp: Any = import_module("pyvrp")


def model_of(given: Instance) -> Any:  # noqa: ANN401 - untyped
    """Return PyVRP's data of the same work."""
    if (given.on_board >= 0).any():
        raise SystemExit("PyVRP has no work fixed to a courier")
    places = given.travel.shape[1]
    depots: dict[int, int] = {}
    for place in (*given.start_place.tolist(), *given.end_place.tolist()):
        depots.setdefault(place, len(depots))
    distances, durations, vehicles = _vehicles(given, depots)
    clients, shipments = _legs(given)
    return pyvrp.ProblemData(
        [pyvrp.Location(0, 0) for _ in range(places)],
        clients,
        [pyvrp.Depot(place) for place in depots],
        vehicles,
        distances,
        durations,
        [],
        shipments,
    )


def _vehicles(given: Instance, depots: dict[int, int]) -> tuple[list[Ints], list[Ints], list[Any]]:
    distances: list[Ints] = []
    durations: list[Ints] = []
    profiles: dict[tuple[int, int, int, bytes], int] = {}
    vehicles = []
    # Couriers who are all alike are one type with a count.
    for who in range(1 if given.is_alike else given.courier_count):
        costs = int(given.cost_per_travel[who]), int(given.cost_per_parcel[who])
        key = (int(given.mode[who]), *costs, given.may[:, who].tobytes())
        if key not in profiles:
            profiles[key] = len(distances)
            duration, distance = _profile(given, who)
            durations.append(duration)
            distances.append(distance)
        leash = {} if given.leash[who] == NEVER else {"shift_duration": int(given.leash[who])}
        vehicles.append(
            pyvrp.VehicleType(
                given.courier_count if given.is_alike else 1,
                given.capacity[who].tolist(),
                depots[int(given.start_place[who])],
                depots[int(given.end_place[who])],
                int(given.fixed_cost[who]),
                int(given.on_duty[who]),
                int(given.off_duty[who]),
                unit_distance_cost=1,
                unit_duration_cost=0,
                profile=profiles[key],
                **leash,
            )
        )
    return distances, durations, vehicles


def _profile(given: Instance, who: int) -> tuple[Ints, Ints]:
    """Return ticks, and costs of travel with the price of each drop-off put on its ways in."""
    duration = given.travel[given.mode[who]].astype(np.int64)
    is_door = np.zeros(len(duration), np.int64)
    is_door[given.drop_place] = 1
    distance = given.priced_ways(who).astype(np.int64) * int(given.cost_per_travel[who])
    distance += is_door * int(given.cost_per_parcel[who])
    np.fill_diagonal(distance, 0)
    barred = given.drop_place[~given.may[:, who]]
    for matrix, far in ((duration, TOO_FAR), (distance, TOO_DEAR)):
        matrix[barred, :] = matrix[:, barred] = far
        np.fill_diagonal(matrix, 0)
    return duration, distance


def _legs(given: Instance) -> tuple[list[Any], list[Any]]:
    clients, shipments = [], []
    for leg in range(given.leg_count):
        drop = (int(given.drop_opens[leg]), int(given.drop_closes[leg]))
        place, service = int(given.drop_place[leg]), int(given.drop_service[leg])
        load, prize = given.load[leg].tolist(), int(given.unassigned_cost[leg])
        if given.pickup_place[leg] < 0:
            client = pyvrp.Client(
                place, load, [], service, *drop, prize=prize, required=given.is_required
            )
            clients.append(client)
        else:
            shipment = pyvrp.Shipment(
                int(given.pickup_place[leg]),
                place,
                int(given.pickup_opens[leg]),
                int(given.pickup_closes[leg]),
                int(given.pickup_service[leg]),
                *drop,
                service,
                load,
                prize,
                given.is_required,
            )
            shipments.append(shipment)
    return clients, shipments


def tours_of(given: Instance, best: Any) -> list[Any]:  # noqa: ANN401 - untyped
    """Return PyVRP's routes as tours of legs."""
    alone = np.flatnonzero(given.pickup_place < 0).tolist()
    pairs = np.flatnonzero(given.pickup_place >= 0).tolist()
    tours = []
    for number, route in enumerate(best.routes()):
        stops = []
        for activity in route:
            if activity.is_client():
                stops.append((alone[activity.idx], DROPOFF))
            elif activity.is_pickup():
                stops.append((pairs[activity.idx], PICKUP))
            elif activity.is_delivery():
                stops.append((pairs[activity.idx], DROPOFF))
        tours.append((number if given.is_alike else route.vehicle_type(), stops))
    return tours


def solve(order: Order) -> Answer:
    """Answer one order; its one thread gets the CPU seconds of all."""
    given = instance(order.work)
    limit = order.seconds * order.threads
    answer, watch = Answer(), Stopwatch()
    data = model_of(given)
    answer.notes.append(f"the model took {watch.cpu_s():.2f} s")

    def stop(best: float) -> bool:
        spent = watch.cpu_s()
        if not answer.trace or best < answer.trace[-1][1]:
            answer.trace.append((spent, best))
        return spent >= limit

    result = pyvrp.solve(data, stop, seed=order.seed, collect_stats=False, display=False)
    answer.cpu_s, answer.wall_s = watch.cpu_s(), watch.wall_s()
    answer.iterations = result.num_iterations
    if result.is_feasible():
        answer.claimed = float(result.cost())
    else:
        answer.notes.append("found no feasible answer")
    answer.routes = routes_for(order.work, given, tours_of(given, result.best))
    return answer


if __name__ == "__main__":
    serve(solve, __doc__)
